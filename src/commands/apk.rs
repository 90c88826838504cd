//! apk: <https://man.archlinux.org/man/apk.8.en>, <https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper>

use super::arguments::{Arguments, Grammar};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static APK: Grammar = Grammar {
    valued: &[
        "-p",
        "--root",
        "-X",
        "--repository",
        "--arch",
        "--cache-dir",
        "--cache-max-age",
        "--keys-dir",
        "--repositories-file",
        "--wait",
        "--timeout",
        "--progress-fd",
        "-t",
        "--virtual",
    ],
    plain: &[
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "-i",
        "--interactive",
        "-V",
        "--version",
        "-f",
        "--force",
        "--force-binary-stdout",
        "--force-broken-world",
        "--force-missing-repositories",
        "--force-non-repository",
        "--force-old-apk",
        "--force-overwrite",
        "--force-refresh",
        "--allow-untrusted",
        "--no-cache",
        "--no-network",
        "--no-progress",
        "--purge",
        "-U",
        "--update-cache",
        "--update",
        "--print-arch",
        "--initdb",
        "-u",
        "--upgrade",
        "-l",
        "--latest",
        "--no-chown",
        "--usermode",
        "-r",
        "--rdepends",
        "-s",
        "--simulate",
        "--clean-protected",
        "--no-scripts",
        "--no-interactive",
        "--cache-packages",
        "--no-check-certificate",
        "-a",
        "--available",
        "--no-commit-hooks",
        "-L",
        "-h",
        "--help",
        "-e",
        "--installed",
        "-d",
        "-x",
        "-R",
        "--recursive",
        "-o",
    ],
    clusters: true,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &APK);
    let verb = match arguments.verb()?.as_deref() {
        Some("update") => Verb::Update,
        Some("add" | "fix") => Verb::Install,
        Some("upgrade") => Verb::Upgrade,
        Some("del") => Verb::Remove,
        Some("cache") => match arguments.verb()?.as_deref() {
            Some("clean" | "purge") => Verb::Clean,
            _ => Verb::Other,
        },
        Some("fetch") => Verb::Download,
        Some("info" | "list" | "search" | "policy" | "stats" | "version" | "audit" | "dot") | None => Verb::Query,
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Apk, verb))
}

/// Options with which apk refreshes its index first.
pub const REFRESHES: &[&str] = &["-U", "--update-cache", "--update", "--no-cache"];

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("apk add --no-cache curl", "Apk Install add --no-cache | curl"),
            ("apk --no-cache add curl", "Apk Install add --no-cache | curl"),
            ("apk add -t .deps --repository http://x zlib", "Apk Install add -t=.deps --repository=http://x | zlib"),
            ("apk add --virtual=.deps a~=1 !b", "Apk Install add --virtual=.deps | a~=1 !b"),
            ("apk add -U --update a", "Apk Install add -U --update | a"),
            ("apk -Uuv add a", "Apk Install add -Uuv:-U -Uuv:-u -Uuv:-v | a"),
            ("apk update", "Apk Update update"),
            ("apk del --purge .deps", "Apk Remove del --purge | .deps"),
            ("apk cache clean", "Apk Clean cache clean"),
            ("apk add ${X}", "Apk Install add | ?${X}"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }
}
