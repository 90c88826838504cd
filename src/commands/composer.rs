//! Composer: <https://getcomposer.org/doc/03-cli.md>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static COMPOSER: Grammar = Grammar {
    valued: &[
        "-d",
        "--working-dir",
        "--prefer-install",
        "--repository",
        "--repository-url",
        "-s",
        "--stability",
        "--ignore-platform-req",
        "--apcu-autoloader-prefix",
        "--timeout",
        "-f",
        "--format",
    ],
    plain: &[
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "-n",
        "--no-interaction",
        "--no-plugins",
        "--no-scripts",
        "--no-cache",
        "--ansi",
        "--no-ansi",
        "--profile",
        "--no-dev",
        "--dev",
        "-o",
        "--optimize-autoloader",
        "--optimize",
        "-a",
        "--classmap-authoritative",
        "--apcu-autoloader",
        "--no-autoloader",
        "--no-progress",
        "--no-suggest",
        "--prefer-dist",
        "--prefer-source",
        "--ignore-platform-reqs",
        "--no-install",
        "--no-audit",
        "--no-update",
        "--with-dependencies",
        "-w",
        "-W",
        "--with-all-dependencies",
        "--update-no-dev",
        "--sort-packages",
        "--keep-vcs",
        "--no-secure-http",
        "--secure-http",
        "--dry-run",
        "--download-only",
        "--audit",
        "--apcu",
        "--no-security-blocking",
        "-V",
        "--version",
        "-h",
        "--help",
        "--global",
        "-g",
        "--unset",
        "--json",
        "--prefer-stable",
        "--prefer-lowest",
        "--remove-vcs",
        "--strict-psr",
        "--1",
        "--2",
        "--stable",
        "--no-custom-installers",
    ],
    clusters: true,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &COMPOSER);
    let mut word = arguments.verb()?;
    if word.as_deref() == Some("global") {
        word = arguments.verb()?;
    }
    let verb = match word.as_deref() {
        Some("install" | "i" | "require" | "r" | "req" | "create-project" | "reinstall") => Verb::Install,
        Some("update" | "u" | "upgrade") => Verb::Upgrade,
        Some("remove" | "rm" | "uninstall") => Verb::Remove,
        Some("clear-cache" | "clearcache" | "cc") => Verb::Clean,
        Some("dump-autoload" | "dumpautoload" | "archive") => Verb::Build,
        Some("run-script" | "run" | "exec") => {
            arguments.rest(true);
            Verb::Run
        }
        Some("config" | "self-update" | "selfupdate" | "init" | "repository") => Verb::Configure,
        Some("show" | "info" | "validate" | "diagnose" | "check-platform-reqs" | "about" | "audit" | "outdated")
        | None => Verb::Query,
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Composer, verb))
}

/// Without a variable it depends on whether `/etc/xdg` is there.
/// <https://github.com/composer/composer/blob/main/src/Composer/Factory.php> (`getCacheDir`)
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    if look.skips(&[Verb::Install, Verb::Upgrade]) {
        return None;
    }
    Some((|| {
        let off = look.off(&["--no-cache"], "COMPOSER_NO_CACHE")?;
        let cache = match (look.path("COMPOSER_CACHE_DIR")?, look.path("COMPOSER_HOME")?) {
            (Some(directory), _) => Cache::copies(directory),
            (None, Some(home)) => Cache::copies(format!("{home}/cache")),
            // Where the official image has it.
            (None, None) => Cache { setting: Some("COMPOSER_CACHE_DIR"), ..Cache::copies("/tmp/cache") },
        };
        Ok(Caching { caches: vec![cache], off })
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("composer install --no-dev -o", "Composer Install install --no-dev -o"),
            ("php composer.phar install --no-interaction", "Composer Install install --no-interaction"),
            ("php /usr/local/bin/composer global require x/y:1", "Composer Install global require | x/y:1"),
            ("composer dump-autoload -o", "Composer Build dump-autoload -o"),
            ("composer clear-cache", "Composer Clean clear-cache"),
            ("composer install -d /app --no-cache", "Composer Install install -d=/app --no-cache"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM php:8.3-cli",
            Yarn::Unknown,
            &[
                ("RUN composer install", "/tmp/cache COMPOSER_CACHE_DIR"),
                ("ENV COMPOSER_CACHE_DIR=/c\nRUN composer install --no-cache", "/c, off: --no-cache"),
                ("ENV COMPOSER_HOME=/h\nRUN composer install", "/h/cache"),
            ],
        );
        table(
            "FROM composer:2",
            Yarn::Unknown,
            &[("RUN composer install", "/tmp/cache"), ("RUN composer dump-autoload", "nothing")],
        );
    }
}
