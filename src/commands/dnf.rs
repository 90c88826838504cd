//! dnf, yum, microdnf: <https://dnf.readthedocs.io/en/latest/command_ref.html>,
//! <https://dnf5.readthedocs.io/en/latest/dnf5.8.html>, <https://man7.org/linux/man-pages/man8/yum.8.html>

use super::arguments::{Arguments, Grammar};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static DNF: Grammar = Grammar {
    valued: &[
        "-c",
        "--config",
        "-x",
        "--exclude",
        "--excludepkgs",
        "--setopt",
        "--enablerepo",
        "--disablerepo",
        "--repo",
        "--repoid",
        "--installroot",
        "--releasever",
        "--forcearch",
        "--disableexcludes",
        "-d",
        "--debuglevel",
        "-e",
        "--errorlevel",
        "--rpmverbosity",
        "--color",
        "--comment",
        "--downloaddir",
        "--destdir",
        "--repofrompath",
        "--setvar",
        "--from-repo",
        "--enableplugin",
        "--disableplugin",
        "-R",
        "--randomwait",
        "--advisory",
        "--enable-repo",
        "--disable-repo",
        "--archlist",
        "--arch",
        "--noplugin",
        "--queryformat",
        "--qf",
        "--add-repo",
        "--save-filename",
    ],
    plain: &[
        "-y",
        "--assumeyes",
        "--assumeno",
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "-b",
        "--best",
        "--nobest",
        "--no-best",
        "--allowerasing",
        "--skip-broken",
        "--skip-unavailable",
        "--refresh",
        "-C",
        "--cacheonly",
        "--nodocs",
        "--noplugins",
        "--nogpgcheck",
        "--no-gpgchecks",
        "--no-gpg-checks",
        "--downloadonly",
        "--noautoremove",
        "--obsoletes",
        "-4",
        "-6",
        "--security",
        "--bugfix",
        "--no-allow-downgrade",
        "--allow-downgrade",
        "--use-host-config",
        "--resolve",
        "--alldeps",
        "--with-optional",
        "--installed",
        "-h",
        "--help",
        "--version",
        "-t",
        "--tolerant",
        "--noscripts",
        "--enable",
        "--disable",
        "--set-enabled",
        "--set-disabled",
        "--save",
        "-l",
        "--latest-limit",
        "--url",
        "--urls",
        "--source",
        "--all",
        "--no-docs",
        "--no-refresh",
        "--sec-severity",
    ],
    clusters: true,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let tool = match &*call.program {
        "dnf" | "dnf5" | "dnf-3" => Tool::Dnf,
        "yum" => Tool::Yum,
        _ => Tool::Microdnf,
    };
    let mut arguments = Arguments::new(call, &DNF);
    let verb = match arguments.verb()?.as_deref() {
        Some("makecache" | "check-update" | "check-upgrade") => Verb::Update,
        Some(
            "install" | "localinstall" | "groupinstall" | "reinstall" | "builddep" | "build-dep" | "downgrade" | "swap"
            | "install-n" | "install-na" | "install-nevra",
        ) => Verb::Install,
        Some("group" | "groups" | "module") => match arguments.verb()?.as_deref() {
            Some("install" | "switch-to") => Verb::Install,
            Some("remove") => Verb::Remove,
            Some("list" | "info") => Verb::Query,
            _ => Verb::Configure,
        },
        Some("upgrade" | "update" | "distro-sync" | "upgrade-minimal" | "update-minimal" | "system-upgrade") => {
            Verb::Upgrade
        }
        Some("remove" | "erase" | "autoremove" | "groupremove") => Verb::Remove,
        Some("clean") => Verb::Clean,
        Some("download") => Verb::Download,
        Some("config-manager" | "copr" | "versionlock" | "mark") => Verb::Configure,
        Some("list" | "info" | "search" | "repolist" | "repoquery" | "provides" | "history" | "check") | None => {
            Verb::Query
        }
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(tool, verb))
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("dnf -y install gcc make", "Dnf Install install -y | gcc make"),
            (
                "dnf install -y --setopt=install_weak_deps=False a",
                "Dnf Install install -y --setopt=install_weak_deps=False | a",
            ),
            ("dnf install --setopt tsflags=nodocs a", "Dnf Install install --setopt=tsflags=nodocs | a"),
            ("dnf --enablerepo crb install a", "Dnf Install install --enablerepo=crb | a"),
            ("yum clean all", "Yum Clean clean | all"),
            ("yum -y update", "Yum Upgrade update -y"),
            ("yum makecache", "Yum Update makecache"),
            ("microdnf install --nodocs a", "Microdnf Install install --nodocs | a"),
            ("dnf module install nodejs:18", "Dnf Install module install | nodejs:18"),
            ("dnf -y groupinstall 'Development Tools'", "Dnf Install groupinstall -y | Development Tools"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }
}
