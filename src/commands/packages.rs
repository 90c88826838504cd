//! Package managers of distributions, as far as index and installation go.

use crate::shell::{Script, Simple};

use super::{Program, Verb, recognise};

/// What a command does to packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Fetches the index that installations read.
    Update,
    /// Installs from the index.
    Install,
    /// Removes what the manager keeps: index, fetched packages.
    Clean,
}

/// What a command of a distribution's package manager does, and the manager's family.
#[must_use]
pub fn action(script: &Script, simple: &Simple) -> Option<(Action, &'static str)> {
    let program = Program::of(simple)?;
    if matches!(program.name, "apt-get" | "apt" | "aptitude") {
        let action = match recognise(script, simple)?.verb {
            Verb::Update => Action::Update,
            Verb::Install | Verb::Upgrade => Action::Install,
            Verb::Clean => Action::Clean,
            _ => return None,
        };
        return Some((action, "apt"));
    }
    let verb = program.literals().find(|word| !word.starts_with('-'))?;
    Some(match (program.name, verb) {
        ("apk", "update") => (Action::Update, "apk"),
        ("apk", "add") => (Action::Install, "apk"),
        ("dnf" | "yum" | "microdnf", "makecache") => (Action::Update, "dnf"),
        ("dnf" | "yum" | "microdnf", "install" | "update" | "upgrade" | "groupinstall") => (Action::Install, "dnf"),
        ("dnf" | "yum" | "microdnf", "clean") => (Action::Clean, "dnf"),
        ("zypper", "refresh" | "ref") => (Action::Update, "zypper"),
        ("zypper", "install" | "in") => (Action::Install, "zypper"),
        ("zypper", "clean" | "cc") => (Action::Clean, "zypper"),
        _ => return None,
    })
}
