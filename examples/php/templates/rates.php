<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Exchange</title>
  </head>
  <body>
    <h1>100 euros</h1>
    <ul>
<?php foreach ($amounts as $locale => $amount): ?>
      <li><?= htmlspecialchars("$locale: $amount") ?></li>
<?php endforeach ?>
    </ul>
  </body>
</html>
