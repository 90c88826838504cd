//! Bundler (<https://bundler.io/man/bundle-install.1.html>) and RubyGems
//! (<https://guides.rubygems.org/command-reference/>).

use super::arguments::{Arguments, Grammar};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

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
}
