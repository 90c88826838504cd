//! Bundler (<https://bundler.io/man/bundle-install.1.html>) and RubyGems
//! (<https://guides.rubygems.org/command-reference/>).

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};
use crate::dockerfile::Lookup;

static BUNDLE: Grammar = Grammar {
    valued: &[
        "-j",
        "--jobs",
        "--retry",
        "--path",
        "--without",
        "--with",
        "--gemfile",
        "--cache-path",
        "--shebang",
        "--trust-policy",
        "--version",
        "--platform",
        "--add-platform",
        "--only-group",
    ],
    plain: &[
        "--version",
        "--deployment",
        "--no-deployment",
        "--frozen",
        "--no-frozen",
        "--quiet",
        "--local",
        "--full-index",
        "--no-cache",
        "--no-prune",
        "--clean",
        "--system",
        "--redownload",
        "--force",
        "--verbose",
        "-V",
        "--prefer-local",
        "--all",
        "--no-install",
        "--all-platforms",
        "--global",
        "--parseable",
        "-v",
        "--standalone",
        "--binstubs",
        "--dry-run",
        "--gemfile-only",
        "--normalize-platforms",
        "--no-color",
        "--conservative",
    ],
    clusters: true,
};

static GEM: Grammar = Grammar {
    valued: &[
        "-v",
        "--version",
        "-i",
        "--install-dir",
        "-n",
        "--bindir",
        "-s",
        "--source",
        "-p",
        "--http-proxy",
        "--platform",
        "-P",
        "--trust-policy",
        "--build-root",
        "--config-file",
        "-a",
        "--add",
        "-r",
        "--target-rbconfig",
    ],
    plain: &[
        "--version",
        "--no-document",
        "--no-doc",
        "-N",
        "--no-ri",
        "--no-rdoc",
        "--document",
        "--ri",
        "--rdoc",
        "-l",
        "--local",
        "--remote",
        "--conservative",
        "--minimal-deps",
        "--force",
        "-f",
        "--user-install",
        "--no-user-install",
        "--pre",
        "--prerelease",
        "-q",
        "--quiet",
        "--silent",
        "-V",
        "--verbose",
        "--default",
        "-b",
        "--both",
        "-E",
        "--env-shebang",
        "--wrappers",
        "-w",
        "--no-wrappers",
        "--ignore-dependencies",
        "--development",
        "--suggestions",
        "--no-suggestions",
        "--explain",
        "--lock",
        "--no-lock",
        "--format-executable",
        "--system",
        "--all",
        "-x",
        "--executables",
        "-I",
        "--clear-sources",
        "--vendor",
        "--no-post-install-message",
        "--norc",
        "--remove",
        "-u",
        "--update",
        "-c",
        "--clear-all",
        "--no-update-sources",
    ],
    clusters: true,
};

pub(super) fn bundle(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &BUNDLE);
    let verb = match arguments.verb()?.as_deref() {
        None | Some("install" | "i" | "add") => Verb::Install,
        Some("update") => Verb::Upgrade,
        Some("exec" | "e") => {
            arguments.rest(true);
            Verb::Run
        }
        Some("config") => {
            arguments.rest(false);
            Verb::Configure
        }
        Some("package" | "cache" | "pack" | "lock") => Verb::Download,
        Some("clean" | "remove") => Verb::Remove,
        Some("binstubs" | "init" | "plugin") => Verb::Configure,
        Some("check" | "list" | "show" | "info" | "env" | "platform" | "version" | "help" | "doctor" | "outdated") => {
            Verb::Query
        }
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Bundle, verb))
}

pub(super) fn gem(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &GEM);
    let verb = match arguments.verb()?.as_deref() {
        Some("install" | "i") => Verb::Install,
        Some("update") => Verb::Upgrade,
        Some("uninstall" | "cleanup") => Verb::Remove,
        Some("fetch") => Verb::Download,
        Some("build") => Verb::Build,
        Some("sources" | "source") => Verb::Configure,
        Some("env" | "environment" | "list" | "query" | "search" | "specification" | "which" | "contents") | None => {
            Verb::Query
        }
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Gem, verb))
}

/// Where gems are installed there is a `cache` with their archives, which installations look into first. It is known
/// for the official image, as long as nothing moves the installation.
/// <https://github.com/docker-library/ruby>, <https://github.com/rubygems/rubygems/blob/master/bundler/lib/bundler/source/rubygems.rb>
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    let it = look.invocation;
    if look.skips(&[Verb::Install, Verb::Upgrade]) {
        return None;
    }
    Some((|| {
        if it.has(&["--path", "--deployment", "--system", "-i", "--install-dir", "--user-install", "--standalone"]) {
            return Err("its flags move the installation".into());
        }
        if it.tool == Tool::Bundle {
            for name in ["BUNDLE_PATH", "BUNDLE_DEPLOYMENT", "BUNDLE_CACHE_PATH"] {
                let moved = match look.variable(name) {
                    Lookup::Unset => false,
                    // The images of Ruby 2 set it; those that came later do not.
                    Lookup::Unknown => !(name == "BUNDLE_PATH" && image_of_ruby_3(look)),
                    Lookup::Value(_) => true,
                };
                if moved {
                    return Err(format!("{name} moves the installation").into());
                }
            }
            if !matches!(look.variable("BUNDLE_APP_CONFIG"), Lookup::Value(_)) {
                return Err("the settings of the project may move the installation".into());
            }
        }
        let home = look.path("GEM_HOME")?.ok_or("where gems are installed is not known")?;
        Ok(Caching::on([Cache::copies(format!("{home}/cache"))]))
    })())
}

/// The official image, in version 3 or later, and nothing of the file touches the variable.
fn image_of_ruby_3(look: Look<'_>) -> bool {
    let scope = look.around.scope;
    let version =
        scope.image.as_deref().filter(|image| &*image.repository == "ruby").and_then(|image| image.version.as_deref());
    let major = version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    scope.source("BUNDLE_PATH").is_none()
        && look.invocation.setting("BUNDLE_PATH").is_none()
        && !look.around.script.text().contains("BUNDLE_PATH")
        && major.is_some_and(|major| major >= 3)
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("bundle install --jobs 4 --retry=3", "Bundle Install install --jobs=4 --retry=3"),
            ("bundle", "Bundle Install "),
            ("bundle install -j4 --without development", "Bundle Install install -j=4 --without=development"),
            ("bundle install -j $(nproc)", "Bundle Install install -j=?$(nproc)"),
            ("bundle exec rails assets:precompile", "Bundle Run exec | rails assets:precompile"),
            ("bundle config set --local without test", "Bundle Configure config --local | set without test"),
            ("gem install bundler -v 2.4 --no-document", "Gem Install install -v=2.4 --no-document | bundler"),
            ("gem update --system 3.5", "Gem Upgrade update --system | 3.5"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM ruby:3.3",
            Yarn::Unknown,
            &[
                ("RUN bundle install", "/usr/local/bundle/cache"),
                ("RUN gem install rails", "/usr/local/bundle/cache"),
                ("RUN bundle install --deployment", "unknown: its flags move the installation"),
                ("ENV BUNDLE_PATH=/b\nRUN bundle install", "unknown: BUNDLE_PATH moves the installation"),
                ("RUN bundle exec x", "nothing"),
            ],
        );
        table(
            "FROM debian:12",
            Yarn::Unknown,
            &[("RUN gem install x", "unknown: where gems are installed is not known")],
        );
    }
}
