<?php

$image = new Imagick();
$image->newImage(200, 100, (new NumberFormatter('en', NumberFormatter::DECIMAL))->format(1) ? 'teal' : 'gray');
$image->setImageFormat('svg');
header('Content-Type: image/svg+xml');
echo $image;
