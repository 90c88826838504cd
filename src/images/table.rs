//! The table of well-known images. Data only; how it is read is in `super`.
//!
//! A row holds what is the same in every version of an image that its `when` selects; what differs between versions is
//! `None`. An environment variable with the value `None` is set in some version, or to something that changes with it.
//! Rows are tried in order: the special ones of an image stand before its general one.
//!
//! Sources are the Dockerfiles of the images, linked above their rows; those of official images are found from
//! <https://github.com/docker-library/official-images/tree/master/library>.

mod languages;
mod servers;
mod systems;

use std::borrow::Cow;

use super::{Account, Family, Kind, PackageManager, User};

/// One image, or some of its tags.
pub(super) struct Row {
    /// Its repositories, in their shortest form; a `*` at the end stands for any rest.
    pub names: &'static [&'static str],
    /// It is about tags that have one of these parts (between dashes; a `*` at the end stands for any rest); no tag is
    /// `latest`. Empty: any.
    pub when: &'static [&'static str],
    /// What it is for. A JDK whose tag has `jre` is a JRE.
    pub kind: Kind,
    /// What it is built on where the tag does not say.
    pub family: Family,
    /// Which release of it, where it is always the same.
    pub release: Option<&'static str>,
    /// What is there of the family; holds as long as the tag names no other family.
    pub system: System,
    /// The user of its configuration.
    pub user: User,
    /// The home of that user.
    pub home: Option<&'static str>,
    /// Accounts in its passwd, besides those of the family.
    pub accounts: &'static [Account],
    /// What it sets; a `*` at the end of a name stands for any rest.
    pub env: &'static [(&'static str, Option<&'static str>)],
    /// It sets nothing else, but for PATH.
    pub closed: bool,
    /// Its working directory.
    pub workdir: Option<&'static str>,
    /// Its entrypoint; empty: none.
    pub entrypoint: Option<&'static [&'static str]>,
    /// Its command; empty: none.
    pub cmd: Option<&'static [&'static str]>,
    /// Its SHELL, Docker's default included.
    pub shell: Option<&'static [&'static str]>,
    /// How its slim variants are tagged.
    pub slim: Slim,
}

/// What of its family an image has.
#[derive(Clone, Copy)]
pub(super) enum System {
    /// Package manager and shell of the family.
    OfFamily,
    /// This package manager, and the shell of the family.
    Tool(PackageManager),
    /// Neither.
    Bare,
    /// It cannot be told.
    Unknown,
}

/// How slim variants are tagged.
#[derive(Clone, Copy)]
pub(super) enum Slim {
    /// There are none.
    None,
    /// `3.12-slim-bookworm`
    First,
    /// `22-bookworm-slim`
    Last,
}

/// The default of Docker.
pub(super) const SHELL: &[&str] = &["/bin/sh", "-c"];

/// `base-passwd` of Debian, in every image of Debian and Ubuntu.
pub(super) const DEBIAN_ACCOUNTS: &[Account] =
    &[account("www-data", 33, "/var/www"), account("nobody", 65534, "/nonexistent")];

/// <https://gitlab.alpinelinux.org/alpine/aports/-/blob/master/main/alpine-baselayout/passwd>
pub(super) const ALPINE_ACCOUNTS: &[Account] = &[account("nobody", 65534, "/")];

const fn account(name: &'static str, uid: u32, home: &'static str) -> Account {
    Account { name, uid, gid: uid, home, only: None }
}

const fn account_on(only: Family, name: &'static str, uid: u32, home: &'static str) -> Account {
    Account { name, uid, gid: uid, home, only: Some(only) }
}

const fn named(name: &'static str, uid: u32) -> User {
    User::Named { name, uid: Some(uid) }
}

/// Nothing is known.
const UNKNOWN: Row = Row {
    names: &[],
    when: &[],
    kind: Kind::Other,
    family: Family::Unknown,
    release: None,
    system: System::OfFamily,
    user: User::Unknown,
    home: None,
    accounts: &[],
    env: &[],
    closed: false,
    workdir: None,
    entrypoint: None,
    cmd: None,
    shell: None,
    slim: Slim::None,
};

/// root, and a configuration that the table has in full.
const PLAIN: Row = Row {
    user: User::Root,
    home: Some("/root"),
    closed: true,
    workdir: Some("/"),
    entrypoint: Some(&[]),
    cmd: Some(&[]),
    shell: Some(SHELL),
    ..UNKNOWN
};

/// root, and a configuration that the table does not have in full.
const ROOT: Row = Row { user: User::Root, home: Some("/root"), shell: Some(SHELL), ..UNKNOWN };

const DEBIAN: Row = Row { family: Family::Debian, ..PLAIN };
const DISTROLESS: Row = Row {
    family: Family::Distroless,
    system: System::Bare,
    user: User::Root,
    home: Some("/root"),
    accounts: &[account("nonroot", 65532, "/home/nonroot"), account("nobody", 65534, "/nonexistent")],
    shell: Some(SHELL),
    ..UNKNOWN
};
const APT: System = System::Tool(PackageManager::Apt);
const MICRODNF: System = System::Tool(PackageManager::Microdnf);

/// Up to 9 on Debian, from 10 on Ubuntu.
/// <https://github.com/dotnet/dotnet-docker/blob/main/documentation/supported-tags.md>
/// Chiseled and distroless variants: no shell, no packages, user 1654.
/// Every row, in order.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    [systems::ROWS, languages::ROWS, servers::ROWS].into_iter().flatten()
}

/// The name under which the table knows `familiar`.
pub(super) fn canonical<'a>(familiar: &Cow<'a, str>) -> Cow<'a, str> {
    // Official images of one architecture: https://github.com/docker-library/official-images#architectures-other-than-amd64
    const ARCHITECTURES: &[&str] =
        &["amd64/", "arm32v5/", "arm32v6/", "arm32v7/", "arm64v8/", "i386/", "ppc64le/", "riscv64/", "s390x/"];
    // The same images under other names of the registry.
    const ALIASES: &[(&str, &str)] = &[
        ("registry.redhat.io/ubi", "registry.access.redhat.com/ubi"),
        ("redhat/ubi", "registry.access.redhat.com/ubi"),
    ];
    for architecture in ARCHITECTURES {
        if let Some(rest) = familiar.strip_prefix(architecture) {
            return Cow::Owned(rest.to_owned());
        }
    }
    for (alias, name) in ALIASES {
        if let Some(rest) = familiar.strip_prefix(alias) {
            return Cow::Owned(format!("{name}{rest}"));
        }
    }
    familiar.clone()
}

/// The first row about `name` with `tag`.
pub(super) fn find(name: &str, tag: &str) -> Option<&'static Row> {
    rows().find(|row| {
        row.names.iter().any(|pattern| matches(pattern, name))
            && (row.when.is_empty() || tag.split('-').any(|part| row.when.iter().any(|when| matches(when, part))))
    })
}

/// Whether `text` is `pattern`, in which a `*` stands for anything, or for nothing.
fn matches(pattern: &str, text: &str) -> bool {
    if pattern.as_bytes().first().is_some_and(|first| *first != b'*' && text.as_bytes().first() != Some(first)) {
        return false;
    }
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    match rest.rsplit_once('*') {
        None => text.ends_with(rest),
        Some((middle, end)) => text.strip_suffix(end).is_some_and(|text| middle.split('*').all(|it| text.contains(it))),
    }
}
