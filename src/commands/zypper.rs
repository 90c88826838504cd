//! zypper: <https://manpages.opensuse.org/Tumbleweed/zypper/zypper.8.en.html>

use super::arguments::{Arguments, Grammar};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

/// `-C` and `-p` mean different things before and behind the verb: they are left out.
static ZYPPER: Grammar = Grammar {
    valued: &[
        "-R",
        "--root",
        "--installroot",
        "-c",
        "--config",
        "--reposd-dir",
        "--cache-dir",
        "-r",
        "--repo",
        "--from",
        "-t",
        "--type",
        "--download",
        "--plus-repo",
        "--plus-content",
        "--solv-cache-dir",
        "--pkg-cache-dir",
        "--releasever",
        "--priority",
    ],
    plain: &[
        "-n",
        "--non-interactive",
        "--no-gpg-checks",
        "--gpg-auto-import-keys",
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "-x",
        "--xmlout",
        "--no-refresh",
        "-f",
        "--force",
        "--refresh",
        "-y",
        "--no-confirm",
        "-l",
        "--auto-agree-with-licenses",
        "--no-recommends",
        "--recommends",
        "--replacefiles",
        "--force-resolution",
        "--no-force-resolution",
        "--allow-vendor-change",
        "--oldpackage",
        "-d",
        "--download-only",
        "--clean-deps",
        "-u",
        "-a",
        "--all",
        "-m",
        "--metadata",
        "-M",
        "--raw-metadata",
        "--allow-unsigned-rpm",
        "--no-cd",
        "--no-remote",
        "-k",
        "--keep-packages",
        "-G",
        "--no-gpgcheck",
        "--gpgcheck-allow-unsigned",
        "-D",
        "--dry-run",
        "--non-interactive-include-reboot-patches",
        "--allow-downgrade",
        "--no-allow-vendor-change",
        "--details",
    ],
    clusters: true,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &ZYPPER);
    let verb = match arguments.verb()?.as_deref() {
        Some("refresh" | "ref") => Verb::Update,
        Some("install" | "in" | "source-install" | "si" | "verify" | "ve" | "install-new-recommends" | "inr") => {
            Verb::Install
        }
        Some("update" | "up" | "dist-upgrade" | "dup" | "patch") => Verb::Upgrade,
        Some("remove" | "rm") => Verb::Remove,
        Some("clean" | "cc") => Verb::Clean,
        Some("download") => Verb::Download,
        Some(
            "addrepo" | "ar" | "removerepo" | "rr" | "modifyrepo" | "mr" | "renamerepo" | "nr" | "addlock" | "al"
            | "addservice" | "as",
        ) => Verb::Configure,
        Some("search" | "se" | "info" | "if" | "repos" | "lr" | "list-updates" | "lu") | None => Verb::Query,
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Zypper, verb))
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("zypper -n in --no-recommends gcc", "Zypper Install in -n --no-recommends | gcc"),
            ("zypper --non-interactive ref", "Zypper Update ref --non-interactive"),
            ("zypper clean -a", "Zypper Clean clean -a"),
            ("zypper -n install -C x", "Zypper Install install -n -C | x uncertain"),
            ("zypper ar -f http://x x", "Zypper Configure ar -f | http://x x"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }
}
