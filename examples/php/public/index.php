<?php

declare(strict_types=1);

// Composer's autoloader where `composer install` was run; a project without packages does well without it.
$composer = __DIR__ . '/../vendor/autoload.php';
if (is_file($composer)) {
    require $composer;
} else {
    require __DIR__ . '/../src/Rates.php';
}

$amounts = Exchange\Rates::of(100);
require __DIR__ . '/../templates/rates.php';
