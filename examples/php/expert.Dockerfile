FROM php:8.2-apache
# ICU's headers are needed to compile the extension, ICU itself to run it: the headers go in the layer that brought them.
RUN apt-get update \
 && apt-get install -y --no-install-recommends '^libicu[0-9]+$' libicu-dev \
 && docker-php-ext-install intl \
 && apt-get purge -y --auto-remove libicu-dev \
 && rm -rf /var/lib/apt/lists/* \
 && php -r 'exit(extension_loaded("intl") ? 0 : 1);'
# A port that needs no privilege.
RUN sed -i 's/^Listen 80$/Listen 8080/' /etc/apache2/ports.conf \
 && sed -i -e 's/:80>/:8080>/' -e 's#/var/www/html#/var/www/html/public#' /etc/apache2/sites-available/000-default.conf
COPY composer.json /var/www/html/
COPY public /var/www/html/public
COPY src /var/www/html/src
COPY templates /var/www/html/templates
# www-data
USER 33:33
EXPOSE 8080
