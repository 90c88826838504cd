//! apt-get, apt, aptitude, apt-cache, add-apt-repository, dpkg.
//!
//! <https://manpages.debian.org/bookworm/apt/apt-get.8.en.html>,
//! <https://manpages.debian.org/bookworm/aptitude/aptitude-curses.8.en.html>,
//! <https://manpages.ubuntu.com/manpages/noble/man1/add-apt-repository.1.html>

use super::arguments::{Arguments, Grammar};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

/// apt-get, apt and apt-cache share their options.
static APT: Grammar = Grammar {
    valued: &[
        "-o",
        "--option",
        "-t",
        "--target-release",
        "--default-release",
        "-c",
        "--config-file",
        "-a",
        "--host-architecture",
        "-P",
        "--build-profiles",
        "--with-source",
        "-S",
        "--snapshot",
        "--solver",
        "--planner",
    ],
    plain: &[
        "-q",
        "--quiet",
        "-y",
        "--yes",
        "--assume-yes",
        "--assume-no",
        "-f",
        "--fix-broken",
        "-m",
        "--ignore-missing",
        "--fix-missing",
        "-d",
        "--download-only",
        "-s",
        "--simulate",
        "--just-print",
        "--dry-run",
        "--recon",
        "--no-act",
        "-u",
        "--show-upgraded",
        "-V",
        "--verbose-versions",
        "-b",
        "--compile",
        "--build",
        "-U",
        "--update",
        "--install-recommends",
        "--no-install-recommends",
        "--install-suggests",
        "--no-install-suggests",
        "--ignore-hold",
        "--with-new-pkgs",
        "--without-new-pkgs",
        "--no-upgrade",
        "--only-upgrade",
        "--allow-downgrades",
        "--allow-remove-essential",
        "--allow-change-held-packages",
        "--force-yes",
        "--print-uris",
        "--purge",
        "--no-purge",
        "--reinstall",
        "--list-cleanup",
        "--no-list-cleanup",
        "--trivial-only",
        "--no-remove",
        "--auto-remove",
        "--autoremove",
        "--no-auto-remove",
        "--no-autoremove",
        "--only-source",
        "--diff-only",
        "--dsc-only",
        "--tar-only",
        "--arch-only",
        "--indep-only",
        "--allow-unauthenticated",
        "--no-allow-insecure-repositories",
        "--allow-insecure-repositories",
        "--allow-releaseinfo-change",
        "--show-progress",
        "--no-download",
        "-e",
        "--error-on",
        "--force-confnew",
        "--no-install-scripts",
        "--names-only",
        "-n",
        "--full",
        "-i",
        "--important",
        "--installed",
        "--upgradable",
        "--all-versions",
        "-h",
        "--help",
        "-v",
        "--version",
        "--no-show-upgraded",
        "--no-fix-broken",
        "--no-show-progress",
        "--no-generate",
        "-g",
        "--generate",
        "--recurse",
        "--all-names",
        "--no-pre-depends",
        "--no-depends",
        "--no-recommends",
        "--no-suggests",
        "--no-conflicts",
        "--no-breaks",
        "--no-replaces",
        "--no-enhances",
    ],
    clusters: true,
};

static APTITUDE: Grammar = Grammar {
    valued: &["-o", "-t", "--target-release", "-F", "--display-format", "-O", "--sort", "-w", "--width"],
    plain: &[
        "-y",
        "--assume-yes",
        "-q",
        "--quiet",
        "-R",
        "--without-recommends",
        "-r",
        "--with-recommends",
        "-d",
        "--download-only",
        "-f",
        "-s",
        "--simulate",
        "-P",
        "--prompt",
        "-V",
        "--show-versions",
        "-v",
        "--verbose",
        "--purge-unused",
        "--allow-untrusted",
    ],
    clusters: true,
};

static REPOSITORY: Grammar = Grammar {
    valued: &[
        "-k",
        "--keyserver",
        "-S",
        "--sourceslist",
        "-P",
        "--ppa",
        "-C",
        "--cloud",
        "-U",
        "--uri",
        "-c",
        "--component",
        "-p",
        "--pocket",
    ],
    plain: &[
        "-y",
        "--yes",
        "-r",
        "--remove",
        "-u",
        "--update",
        "-n",
        "--no-update",
        "-s",
        "--enable-source",
        "-m",
        "--massive-debug",
        "-d",
        "--debug",
        "-l",
        "--login",
        "-L",
        "--list",
        "--dry-run",
        "-h",
        "--help",
    ],
    clusters: true,
};

static DPKG: Grammar = Grammar {
    valued: &["--root", "--admindir", "--instdir"],
    plain: &[
        "-i",
        "--install",
        "--unpack",
        "--configure",
        "-a",
        "--pending",
        "-r",
        "--remove",
        "-P",
        "--purge",
        "-R",
        "--recursive",
        "-E",
        "--skip-same-version",
        "-G",
        "--refuse-downgrade",
        "-s",
        "--status",
        "-l",
        "--list",
        "-L",
        "--listfiles",
        "-S",
        "--search",
        "-x",
        "--extract",
        "-X",
        "-b",
        "--build",
        "-I",
        "--info",
        "-c",
        "--contents",
        "-e",
        "--control",
        "--print-architecture",
        "--print-foreign-architectures",
        "--add-architecture",
        "--remove-architecture",
        "--get-selections",
        "--set-selections",
        "--clear-selections",
        "--compare-versions",
        "--verify",
        "-V",
        "--force-all",
        "--version",
        "-B",
        "--auto-deconfigure",
        "--no-debsig",
        "-p",
        "-C",
        "--audit",
    ],
    clusters: true,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let (tool, grammar) = match &*call.program {
        "apt-get" => (Tool::AptGet, &APT),
        "apt" => (Tool::Apt, &APT),
        "apt-cache" => (Tool::AptCache, &APT),
        "aptitude" => (Tool::Aptitude, &APTITUDE),
        "dpkg" => (Tool::Dpkg, &DPKG),
        _ => (Tool::AddAptRepository, &REPOSITORY),
    };
    let mut arguments = Arguments::new(call, grammar);
    match tool {
        Tool::AddAptRepository => return Some(arguments.finish(tool, Verb::Configure)),
        Tool::Dpkg => {
            let mut invocation = arguments.finish(tool, Verb::Other);
            invocation.verb = dpkg(&invocation);
            return Some(invocation);
        }
        _ => {}
    }
    let verb = match arguments.verb()?.as_deref() {
        _ if tool == Tool::AptCache => Verb::Query,
        Some("update") => Verb::Update,
        Some("install" | "reinstall" | "build-dep" | "satisfy") => Verb::Install,
        Some("upgrade" | "dist-upgrade" | "full-upgrade" | "safe-upgrade" | "dselect-upgrade") => Verb::Upgrade,
        Some("remove" | "purge" | "autoremove" | "auto-remove" | "autopurge") => Verb::Remove,
        Some("clean" | "autoclean" | "auto-clean" | "distclean" | "dist-clean") => Verb::Clean,
        Some("source" | "download" | "changelog") => Verb::Download,
        Some("list" | "search" | "show" | "policy" | "depends" | "rdepends" | "check" | "indextargets") | None => {
            Verb::Query
        }
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(tool, verb))
}

fn dpkg(invocation: &Invocation) -> Verb {
    if invocation.has(&["-i", "--install", "--unpack"]) {
        Verb::Install
    } else if invocation.has(&["-r", "--remove", "-P", "--purge"]) {
        Verb::Remove
    } else if invocation.has(&["--add-architecture", "--remove-architecture", "--set-selections", "--configure"]) {
        Verb::Configure
    } else if invocation.has(&["-s", "-l", "-L", "-S", "--print-architecture", "--get-selections", "-I", "-c"]) {
        Verb::Query
    } else {
        Verb::Other
    }
}

impl Invocation {
    /// It is apt-get, apt or aptitude.
    #[must_use]
    pub const fn is_apt(&self) -> bool {
        matches!(self.tool, Tool::AptGet | Tool::Apt | Tool::Aptitude)
    }
}

/// Whether an apt command needs the package lists in `/var/lib/apt/lists`, as far as the command line tells: everything
/// that looks a package up does. A command that is not known does, too.
#[must_use]
pub fn reads_lists(invocation: &Invocation) -> bool {
    match invocation.tool {
        Tool::AptGet | Tool::Apt | Tool::Aptitude => {
            !matches!(invocation.verb, Verb::Update | Verb::Remove | Verb::Clean)
        }
        Tool::AptCache | Tool::AddAptRepository => true,
        _ => false,
    }
}

/// Whether it asks no question: `-y` and its kin, `-qq`, or the option by name.
/// <https://salsa.debian.org/apt-team/apt/-/blob/main/apt-private/private-install.cc>
#[must_use]
pub fn assumes_yes(invocation: &Invocation) -> bool {
    let mut quiet = 0_u32;
    let mut yes = false;
    for flag in &invocation.flags {
        let value = flag.value.as_ref().map(|value| value.literal.as_deref());
        match (&*flag.name, value) {
            ("-y" | "--yes" | "--assume-yes", None) => yes = true,
            ("-y" | "--yes" | "--assume-yes", Some(value)) => yes = value.is_some_and(truth),
            ("--force-yes", None) => yes = true,
            ("-q" | "--quiet", None) => quiet += 1,
            ("-q" | "--quiet", Some(value)) => quiet = value.and_then(|value| value.parse().ok()).unwrap_or(0),
            ("-o" | "--option", Some(Some(option))) => {
                let (name, value) = option.split_once('=').unwrap_or((option, ""));
                if name.eq_ignore_ascii_case("APT::Get::Assume-Yes") {
                    yes = truth(value);
                }
            }
            _ => {}
        }
    }
    yes || quiet >= 2
}

/// What apt takes for true.
/// <https://salsa.debian.org/apt-team/apt/-/blob/main/apt-pkg/contrib/strutl.cc> (`StringToBool`)
fn truth(value: &str) -> bool {
    ["1", "yes", "true", "with", "on", "enable"].iter().any(|truth| value.eq_ignore_ascii_case(truth))
}

/// Whether it says of recommended packages whether to install them.
#[must_use]
pub fn sets_recommends(invocation: &Invocation) -> bool {
    const NAMES: &[&str] =
        &["--no-install-recommends", "--install-recommends", "-R", "-r", "--without-recommends", "--with-recommends"];
    invocation.flags.iter().any(|flag| {
        let value = flag.value.as_ref().and_then(|value| value.literal.as_deref()).unwrap_or_default();
        NAMES.contains(&&*flag.name) || value.to_ascii_lowercase().starts_with("apt::install-recommends")
    })
}

/// What an operand of `apt-get install` or `remove` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package<'a> {
    /// Without architecture, version, release and suffix; of a file: its path.
    pub name: &'a str,
    /// `:arm64`, without the colon.
    pub architecture: Option<&'a str>,
    /// `=1.2`, without the equals sign.
    pub version: Option<&'a str>,
    /// `/bookworm-backports`, without the slash.
    pub release: Option<&'a str>,
    /// The suffix `-` or `+`, which turns an installation into a removal and the other way round. A package's own name
    /// may end so (`g++`), which wins if there is such a package.
    pub suffix: Option<char>,
    /// It is a file: a path with `./`, `../` or `/` at its start.
    pub file: bool,
}

impl<'a> Package<'a> {
    /// Reads an operand.
    #[must_use]
    pub fn parse(operand: &'a str) -> Self {
        let mut package =
            Package { name: operand, architecture: None, version: None, release: None, suffix: None, file: false };
        if operand.starts_with(['/', '.']) {
            package.file = true;
            return package;
        }
        if let Some((name, version)) = package.name.split_once('=') {
            (package.name, package.version) = (name, Some(version));
        } else if let Some((name, release)) = package.name.split_once('/') {
            (package.name, package.release) = (name, Some(release));
        } else if let Some(name) = package.name.strip_suffix(['-', '+']).filter(|name| !name.ends_with('+')) {
            package.suffix = package.name[name.len()..].chars().next();
            package.name = name;
        }
        if let Some((name, architecture)) = package.name.split_once(':') {
            (package.name, package.architecture) = (name, Some(architecture));
        }
        package
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{one, show};
    use super::*;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("apt-get update", "AptGet Update update"),
            ("apt-get -qq -y install curl", "AptGet Install install -qq:-q -qq:-q -y | curl"),
            ("apt-get install -qqy curl", "AptGet Install install -qqy:-q -qqy:-q -qqy:-y | curl"),
            ("apt install --yes -t bookworm a b=1", "Apt Install install --yes -t=bookworm | a b=1"),
            ("apt-get install -tstable a", "AptGet Install install -t=stable | a"),
            ("apt-get install -o Dpkg::Use-Pty=0 a", "AptGet Install install -o=Dpkg::Use-Pty=0 | a"),
            ("apt-get -o=A::B=c install a", "AptGet Install install -o=A::B=c | a"),
            ("apt-get install --option=A::B=c $PKGS", "AptGet Install install --option=A::B=c | ?$PKGS"),
            ("apt-get install --wat x a", "AptGet Install install --wat | x a uncertain"),
            ("apt-get install -y -- a", "AptGet Install install -y | a"),
            ("apt-get install -yZ a", "AptGet Install install -yZ:-y -yZ:-Z | a uncertain"),
            ("apt-get purge -y --auto-remove gcc", "AptGet Remove purge -y --auto-remove | gcc"),
            ("apt-get dist-clean", "AptGet Clean dist-clean"),
            ("aptitude -y -R install vim", "Aptitude Install install -y -R | vim"),
            ("apt-cache policy curl", "AptCache Query policy | curl"),
            ("add-apt-repository -y ppa:a/b", "AddAptRepository Configure  -y | ppa:a/b"),
            ("dpkg -i ./x.deb", "Dpkg Install  -i | ./x.deb"),
            ("dpkg --print-architecture", "Dpkg Query  --print-architecture"),
            ("dpkg --add-architecture i386", "Dpkg Configure  --add-architecture | i386"),
            ("sudo -E apt-get install -y a", "AptGet Install install -y | a runner=root cleared"),
            ("sudo A=1 apt-get update", "AptGet Update update A=1 runner=root cleared"),
            ("DEBIAN_FRONTEND=noninteractive apt-get update", "AptGet Update update DEBIAN_FRONTEND=noninteractive"),
            ("env A=$X B=2 /usr/bin/apt-get update", "AptGet Update update A=? B=2"),
            ("exec nice -n 5 apt-get update", "AptGet Update update"),
            ("timeout -k 1 30 apt-get update", "AptGet Update update"),
            ("apt-get install --no-install-recommends=$X a", "AptGet Install install --no-install-recommends=?$X | a"),
            ("apt-get install a -y", "AptGet Install install -y | a"),
            ("apt-get install -y a > /dev/null", "AptGet Install install -y | a"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn not_recognised() {
        for text in
            ["$APT install x", "apt-get $VERB x", "./apt-get update", "sudo -Z apt-get update", "apt-getx", "A=1"]
        {
            assert_eq!(show(text), None, "{text}");
        }
    }

    #[test]
    fn questions() {
        for (text, yes) in [
            ("apt-get install a", false),
            ("apt-get install -q a", false),
            ("apt-get install -q -q a", true),
            ("apt-get install -qq a", true),
            ("apt-get install -q=2 a", true),
            ("apt-get install -yq a", true),
            ("apt-get install --assume-yes a", true),
            ("apt-get install -y=false a", false),
            ("apt-get install -o apt::get::assume-yes=true a", true),
            ("apt-get install -oAPT::Get::Assume-Yes=0 a", false),
        ] {
            assert_eq!(assumes_yes(&one(text)), yes, "{text}");
        }
    }

    #[test]
    fn lists_are_read() {
        for (text, reads) in [
            ("apt-get update", false),
            ("apt-get install a", true),
            ("apt-get remove a", false),
            ("apt-get download a", true),
            ("apt-get wat", true),
            ("apt-cache show a", true),
            ("apt-get clean", false),
            ("dpkg -i a.deb", false),
        ] {
            assert_eq!(reads_lists(&one(text)), reads, "{text}");
        }
    }

    #[test]
    fn packages() {
        for (text, name, rest) in [
            ("curl", "curl", (None, None, None, None, false)),
            ("curl=7.*", "curl", (None, Some("7.*"), None, None, false)),
            ("libc6:i386/sid", "libc6", (Some("i386"), None, Some("sid"), None, false)),
            ("exim4-", "exim4", (None, None, None, Some('-'), false)),
            ("g++", "g++", (None, None, None, None, false)),
            ("./a.deb", "./a.deb", (None, None, None, None, true)),
        ] {
            let package = Package::parse(text);
            let got = (package.architecture, package.version, package.release, package.suffix, package.file);
            assert_eq!((package.name, got), (name, rest), "{text}");
        }
    }
}
