//! pacman: <https://man.archlinux.org/man/pacman.8>

use super::arguments::{Arguments, Grammar};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static PACMAN: Grammar = Grammar {
    valued: &[
        "-b",
        "--dbpath",
        "-r",
        "--root",
        "--cachedir",
        "--config",
        "--arch",
        "--gpgdir",
        "--logfile",
        "--ignore",
        "--ignoregroup",
        "--overwrite",
        "--color",
        "--print-format",
        "--assume-installed",
        "--hookdir",
        "--sysroot",
    ],
    plain: &[
        "-S",
        "--sync",
        "-R",
        "--remove",
        "-U",
        "--upgrade",
        "-Q",
        "--query",
        "-F",
        "--files",
        "-D",
        "--database",
        "-T",
        "--deptest",
        "-y",
        "--refresh",
        "-u",
        "--sysupgrade",
        "-c",
        "--clean",
        "-q",
        "-w",
        "--downloadonly",
        "-g",
        "-i",
        "-l",
        "-s",
        "-n",
        "-t",
        "-d",
        "-e",
        "-k",
        "-m",
        "-o",
        "-p",
        "-v",
        "-h",
        "-V",
        "--noconfirm",
        "--confirm",
        "--needed",
        "--noprogressbar",
        "--asdeps",
        "--asexplicit",
        "--quiet",
        "--nodeps",
        "--noscriptlet",
        "--dbonly",
        "--recursive",
        "--nosave",
        "--cascade",
        "--unneeded",
        "--disable-download-timeout",
        "--disable-sandbox",
        "--search",
        "--info",
        "--list",
        "--verbose",
        "--version",
    ],
    clusters: true,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let mut it = Arguments::new(call, &PACMAN).finish(Tool::Pacman, Verb::Other);
    it.verb = if it.has(&["-S", "--sync"]) {
        if it.has(&["-c", "--clean"]) {
            Verb::Clean
        } else if it.has(&["-s", "--search", "-i", "--info", "-l", "--list", "-g"]) {
            Verb::Query
        } else if !it.operands.is_empty() {
            Verb::Install
        } else if it.has(&["-u", "--sysupgrade"]) {
            Verb::Upgrade
        } else {
            Verb::Update
        }
    } else if it.has(&["-U", "--upgrade"]) {
        Verb::Install
    } else if it.has(&["-R", "--remove"]) {
        Verb::Remove
    } else if it.has(&["-Q", "--query", "-V", "-h"]) {
        Verb::Query
    } else {
        Verb::Other
    };
    Some(it)
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("pacman -Syu --noconfirm git", "Pacman Install  -Syu:-S -Syu:-y -Syu:-u --noconfirm | git"),
            ("pacman -Sy", "Pacman Update  -Sy:-S -Sy:-y"),
            ("pacman --noconfirm -Scc", "Pacman Clean  --noconfirm -Scc:-S -Scc:-c -Scc:-c"),
            ("pacman -U --noconfirm ./x.pkg.tar.zst", "Pacman Install  -U --noconfirm | ./x.pkg.tar.zst"),
            ("pacman -Rns a", "Pacman Remove  -Rns:-R -Rns:-n -Rns:-s | a"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }
}
