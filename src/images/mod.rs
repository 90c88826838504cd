//! What well-known base images are: family, release, libc, users, package manager, shell, environment, siblings.
//!
//! The facts are a table (`table.rs`); what a tag says of them is read here. *Sound or silent*: what neither the table
//! nor the tag tells for certain is `None`, and an image that the table does not know is not identified.

pub mod libraries;
pub mod life;
mod reference;
pub mod slim;
mod table;
mod tag;

pub use reference::{Reference, ReferenceError};

use std::collections::BTreeMap;

use crate::dockerfile::Lookup;
use table::{Row, Slim, System};

/// The `PATH` of an image that sets none: BuildKit's default for Linux.
/// <https://github.com/moby/buildkit/blob/master/util/system/path.go>
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The shortest name of its repository: `python`, `gcr.io/distroless/static-debian12`.
    pub repository: Box<str>,
    /// Its tag; `None` is `latest`, unless there is a digest.
    pub tag: Option<Box<str>>,
    /// What it is for.
    pub kind: Kind,
    /// What it is built on.
    pub family: Family,
    /// Which release of the family: the codename of Debian and Ubuntu (`bookworm`), otherwise the version (`3.20`, `9`).
    pub release: Option<Box<str>>,
    /// The version of what it is for, as the tag spells it: `3.12`, `17`.
    pub version: Option<Box<str>>,
    /// Its C library.
    pub libc: Option<Libc>,
    /// The user that it runs as.
    pub user: User,
    /// The home of that user.
    pub home: Option<&'static str>,
    /// Its package manager.
    pub package_manager: Option<PackageManager>,
    /// What its `/bin/sh` is.
    pub sh: Option<Sh>,
    /// What its configuration has for SHELL, that of Docker included: `["/bin/sh", "-c"]`.
    pub shell: Option<&'static [&'static str]>,
    /// Its working directory.
    pub workdir: Option<&'static str>,
    /// Its entrypoint; empty if it has none.
    pub entrypoint: Option<&'static [&'static str]>,
    /// Its command; empty if it has none.
    pub cmd: Option<&'static [&'static str]>,
    /// It is the slim variant.
    pub slim: bool,
    /// The tag of the slim variant of the same image, if this is not it and there is one.
    pub slim_sibling: Option<Box<str>>,
    /// Whether `/etc/apt/apt.conf.d/docker-clean` is there: it deletes packages after each apt run.
    /// <https://github.com/debuerreotype/debuerreotype/blob/master/scripts/debuerreotype-minimizing-config>
    pub docker_clean: Option<bool>,
    env: &'static [(&'static str, Option<&'static str>)],
    env_is_closed: bool,
    accounts: &'static [Account],
}

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A distribution alone.
    System,
    /// Debian with compilers and headers.
    BuildpackDeps,
    /// Python.
    Python,
    /// uv, with or without a Python.
    Uv,
    /// Conda or mamba.
    Conda,
    /// Node.js.
    Node,
    /// Bun.
    Bun,
    /// Deno.
    Deno,
    /// Go.
    Golang,
    /// Rust.
    Rust,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
    /// Composer, with its PHP.
    Composer,
    /// A Java compiler and runtime.
    Jdk,
    /// A Java runtime.
    Jre,
    /// Maven, with its JDK.
    Maven,
    /// Gradle, with its JDK.
    Gradle,
    /// The .NET SDK.
    DotnetSdk,
    /// The ASP.NET runtime.
    DotnetAspnet,
    /// The .NET runtime.
    DotnetRuntime,
    /// What a self-contained .NET program needs.
    DotnetRuntimeDeps,
    /// nginx.
    Nginx,
    /// The Apache web server.
    Httpd,
    /// A database or cache.
    Database,
    /// CUDA, or a framework on top of it.
    Cuda,
    /// Jupyter.
    Jupyter,
    /// Anything else.
    Other,
}

/// What an image is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Debian.
    Debian,
    /// Ubuntu.
    Ubuntu,
    /// Alpine.
    Alpine,
    /// Fedora, CentOS, Rocky, Alma, UBI, Amazon and Oracle Linux.
    RedHat,
    /// openSUSE and SUSE's BCI.
    Suse,
    /// Arch.
    Arch,
    /// Wolfi: Chainguard's.
    Wolfi,
    /// Azure Linux, once CBL-Mariner.
    AzureLinux,
    /// BusyBox alone.
    Busybox,
    /// Google's distroless: parts of Debian without a shell.
    Distroless,
    /// Nothing at all, or a single binary on top of nothing.
    Scratch,
    /// Windows.
    Windows,
    /// It cannot be told.
    Unknown,
}

impl Family {
    /// Whether packages are Debian's: Debian and Ubuntu.
    #[must_use]
    pub const fn is_debian_like(self) -> bool {
        matches!(self, Self::Debian | Self::Ubuntu)
    }
}

/// A C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Libc {
    /// GNU's.
    Glibc,
    /// Alpine's.
    Musl,
    /// A small one.
    Uclibc,
}

/// The user that an image runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum User {
    /// root.
    Root,
    /// Somebody else.
    Named {
        /// As in the configuration of the image, or in its passwd.
        name: &'static str,
        /// The number, if it is known.
        uid: Option<u32>,
    },
    /// It cannot be told.
    Unknown,
}

/// A package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PackageManager {
    /// apt-get
    Apt,
    /// apk
    Apk,
    /// dnf
    Dnf,
    /// yum
    Yum,
    /// microdnf
    Microdnf,
    /// tdnf
    Tdnf,
    /// zypper
    Zypper,
    /// pacman
    Pacman,
    /// There is none.
    Absent,
}

/// A program that serves as `/bin/sh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sh {
    /// dash
    Dash,
    /// bash
    Bash,
    /// BusyBox's ash
    Ash,
    /// There is none.
    Absent,
}

/// An entry of an image's passwd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: &'static str,
    /// The number.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
    /// The home.
    pub home: &'static str,
    /// The family in whose variants it is like this; `None`: in all.
    pub only: Option<Family>,
}

/// What a company's own images are like: `registry.corp/base/python` → `python:3.12-slim`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageMap(BTreeMap<String, String>);

impl ImageMap {
    /// No images.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// `name` is like the image `like`. A name without a tag stands for all tags; if `like` has no tag either, the tag
    /// of the image in question holds, so that a mirror is one entry.
    pub fn insert(&mut self, name: impl Into<String>, like: impl Into<String>) {
        self.0.insert(name.into(), like.into());
    }

    /// What `reference` is like, and whether its own tag holds.
    fn get(&self, reference: &Reference<'_>) -> Option<&str> {
        let tagged = reference.text().split('@').next().unwrap_or_default();
        let names = [reference.text(), tagged, reference.name()];
        names.into_iter().find_map(|name| self.0.get(name)).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for ImageMap {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(images: I) -> Self {
        Self(images.into_iter().collect())
    }
}

/// What the image of `reference` is, if it is well known or `like` one that is. No variables are expanded.
///
/// ```
/// use dockwright::images::{Family, ImageMap, identify};
///
/// let image = identify("docker.io/library/python:3.12-slim-bookworm", &ImageMap::new()).unwrap();
/// assert_eq!((image.family, image.release.as_deref()), (Family::Debian, Some("bookworm")));
/// ```
#[must_use]
pub fn identify(reference: &str, like: &ImageMap) -> Option<Image> {
    if reference == "scratch" {
        return Some(Image::scratch());
    }
    let reference = Reference::parse(reference).ok()?;
    let Some(known) = like.get(&reference) else {
        return Image::of(&reference, reference.tag());
    };
    if known == "scratch" {
        return Some(Image::scratch());
    }
    let known = Reference::parse(known).ok()?;
    Image::of(&known, known.tag().or_else(|| known.digest().is_none().then(|| reference.tag())?))
}

impl Image {
    /// Whether all that is known of `other`, but for the version of what it is for, is known of it, too.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let rest = |image: &Self| Self { tag: None, version: None, slim: false, slim_sibling: None, ..image.clone() };
        rest(self) == rest(other)
    }

    fn of(reference: &Reference<'_>, tag: Option<&str>) -> Option<Self> {
        let name = table::canonical(&reference.familiar());
        let row = table::find(&name, tag.unwrap_or(if reference.digest().is_none() { "latest" } else { "" }))?;
        // What a digest without a tag names can be any variant.
        let variant_known = tag.is_some() || reference.digest().is_none() || row.kind == Kind::System;
        if tag.is_some_and(|tag| tag.split('-').any(|part| part == "onbuild")) {
            // Its triggers would run first.
            return None;
        }
        let said = tag::system(tag.unwrap_or_default());
        let family = match said {
            Some((family, _)) => family,
            None if variant_known => row.family,
            None => Family::Unknown,
        };
        let system = match row.system {
            System::Bare => System::Bare,
            // A variant on another system than the row's: what the row says of the system is not about it.
            _ if family != row.family => System::OfFamily,
            system => system,
        };
        let of_tag = tag.filter(|_| row.kind == Kind::System).and_then(|tag| tag::release(family, tag));
        let of_name = if family == Family::Distroless { tag::distroless_release(&name) } else { row.release };
        let release = said.and_then(|(_, release)| release).or(of_tag).or(of_name.map(Into::into));
        let jre = tag.is_some_and(|tag| tag.split('-').any(|part| part.starts_with("jre")));
        let mut image = Self {
            repository: name.into(),
            tag: tag.map(Into::into),
            kind: if row.kind == Kind::Jdk && jre { Kind::Jre } else { row.kind },
            family,
            version: tag.filter(|_| row.kind != Kind::System).and_then(tag::version).map(Into::into),
            libc: libc(family, tag.unwrap_or_default()),
            user: row.user,
            home: row.home,
            package_manager: package_manager(family, system, tag.unwrap_or_default(), release.as_deref()),
            sh: sh(family, system),
            shell: row.shell,
            workdir: row.workdir,
            entrypoint: row.entrypoint,
            cmd: row.cmd,
            slim: tag.is_some_and(|tag| tag.split('-').any(|part| part == "slim")),
            slim_sibling: if variant_known { slim_sibling(row, family, tag, release.as_deref()) } else { None },
            docker_clean: docker_clean(family, system),
            env: row.env,
            env_is_closed: row.closed,
            accounts: row.accounts,
            release,
        };
        if family == Family::Windows {
            image.forget_linux();
        }
        Some(image)
    }

    /// `FROM scratch`. What is copied into it can bring a shell and packages, so neither is said to be absent.
    fn scratch() -> Self {
        Self {
            repository: "scratch".into(),
            tag: None,
            kind: Kind::System,
            family: Family::Scratch,
            release: None,
            version: None,
            libc: None,
            user: User::Root,
            home: None,
            package_manager: None,
            sh: None,
            shell: Some(table::SHELL),
            workdir: Some("/"),
            entrypoint: Some(&[]),
            cmd: Some(&[]),
            slim: false,
            slim_sibling: None,
            docker_clean: Some(false),
            env: &[],
            env_is_closed: true,
            accounts: &[],
        }
    }

    /// The table is about the Linux variants.
    fn forget_linux(&mut self) {
        (self.user, self.home, self.shell, self.workdir) = (User::Unknown, None, None, None);
        (self.entrypoint, self.cmd) = (None, None);
        (self.env, self.env_is_closed, self.accounts) = (&[], false, &[]);
    }

    /// What the image sets `name` to. HOME and the like, which the runtime sets, are not in an image.
    #[must_use]
    pub fn env(&self, name: &str) -> Lookup {
        let is = |key: &str| key == name || key.strip_suffix('*').is_some_and(|start| name.starts_with(start));
        match self.env.iter().find(|(key, _)| is(key)) {
            Some((_, Some(value))) => Lookup::Value((*value).to_owned()),
            Some((_, None)) => Lookup::Unknown,
            None if !self.env_is_closed => Lookup::Unknown,
            None if name == "PATH" => Lookup::Value(DEFAULT_PATH.to_owned()),
            None => Lookup::Unset,
        }
    }

    /// The names that the image sets, or sets in some versions; a `*` at the end stands for any rest.
    pub fn env_names(&self) -> impl Iterator<Item = &'static str> {
        self.env.iter().map(|(name, _)| *name)
    }

    /// Whether the image sets no other variable than these (and PATH).
    #[must_use]
    pub const fn env_is_closed(&self) -> bool {
        self.env_is_closed
    }

    /// The account with this name, if it is known to be in the image. That of root is not listed.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&'static Account> {
        self.accounts().find(|account| account.name == name)
    }

    /// The account with this number, if it is known to be in the image. That of root is not listed.
    #[must_use]
    pub fn account_of(&self, uid: u32) -> Option<&'static Account> {
        self.accounts().find(|account| account.uid == uid)
    }

    fn accounts(&self) -> impl Iterator<Item = &'static Account> {
        let of_family: &'static [Account] = match self.family {
            Family::Debian | Family::Ubuntu => table::DEBIAN_ACCOUNTS,
            Family::Alpine => table::ALPINE_ACCOUNTS,
            _ => &[],
        };
        let family = self.family;
        let own = self.accounts.iter().filter(move |account| account.only.is_none_or(|only| only == family));
        own.chain(of_family)
    }
}

fn libc(family: Family, tag: &str) -> Option<Libc> {
    match family {
        Family::Alpine => Some(Libc::Musl),
        Family::Busybox => tag.split('-').find_map(|part| match part {
            "musl" => Some(Libc::Musl),
            "glibc" => Some(Libc::Glibc),
            "uclibc" => Some(Libc::Uclibc),
            _ => None,
        }),
        Family::Scratch | Family::Windows | Family::Distroless | Family::Unknown => None,
        _ => Some(Libc::Glibc),
    }
}

fn sh(family: Family, system: System) -> Option<Sh> {
    match (system, family) {
        (System::Bare, _) => Some(Sh::Absent),
        (System::Unknown, _) => None,
        (_, Family::Debian | Family::Ubuntu) => Some(Sh::Dash),
        (_, Family::Alpine | Family::Busybox) => Some(Sh::Ash),
        (_, Family::RedHat | Family::Suse | Family::Arch | Family::AzureLinux) => Some(Sh::Bash),
        _ => None,
    }
}

fn package_manager(family: Family, system: System, tag: &str, release: Option<&str>) -> Option<PackageManager> {
    match system {
        System::Tool(tool) => return Some(tool),
        System::Bare => return Some(PackageManager::Absent),
        System::Unknown => return None,
        System::OfFamily => {}
    }
    match family {
        Family::Debian | Family::Ubuntu => Some(PackageManager::Apt),
        Family::Alpine => Some(PackageManager::Apk),
        Family::Arch => Some(PackageManager::Pacman),
        Family::Busybox => Some(PackageManager::Absent),
        Family::RedHat if tag.split('-').any(|part| part == "minimal") => Some(PackageManager::Microdnf),
        Family::RedHat => match release {
            Some("al2") => Some(PackageManager::Yum),
            Some("al2023") => Some(PackageManager::Dnf),
            _ => None,
        },
        _ => None,
    }
}

/// Images of Debian and Ubuntu on Docker Hub have it, so what is built from them does.
const fn docker_clean(family: Family, system: System) -> Option<bool> {
    match (system, family) {
        (System::OfFamily, Family::Debian | Family::Ubuntu) => Some(true),
        (System::Bare | System::OfFamily, _) if !matches!(family, Family::Unknown) => Some(false),
        _ => None,
    }
}

fn slim_sibling(row: &Row, family: Family, tag: Option<&str>, release: Option<&str>) -> Option<Box<str>> {
    if family != Family::Debian || matches!(release, Some("wheezy" | "squeeze")) {
        return None;
    }
    let parts: Vec<&str> = tag.unwrap_or("latest").split('-').collect();
    if parts.iter().any(|part| matches!(*part, "slim" | "backports")) {
        return None;
    }
    let codename = parts.iter().position(|part| tag::is_debian(part));
    let sibling = match (row.slim, codename) {
        (Slim::None, _) => return None,
        // `debian:latest` has none of that name.
        (Slim::Last, _) if parts == ["latest"] && row.kind == Kind::System => return None,
        _ if parts == ["latest"] => "slim".to_owned(),
        (Slim::First, Some(at)) => {
            let mut with = parts.clone();
            with.insert(at, "slim");
            with.join("-")
        }
        _ => format!("{}-slim", parts.join("-")),
    };
    Some(sibling.into())
}

#[cfg(test)]
mod tests;
