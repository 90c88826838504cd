//! The table of well-known images. Data only; how it is read is in `super`.
//!
//! A row holds what is the same in every version of an image that its `when` selects; what differs between versions is
//! `None`. An environment variable with the value `None` is set in some version, or to something that changes with it.
//! Rows are tried in order: the special ones of an image stand before its general one.
//!
//! Sources are the Dockerfiles of the images, linked above their rows; those of official images are found from
//! <https://github.com/docker-library/official-images/tree/master/library>.

use std::borrow::Cow;

use super::{Account, Family, Kind, PackageManager, User};

/// One image, or some of its tags.
pub(super) struct Row {
    /// Its repositories, in their shortest form; a `*` at the end stands for any rest.
    pub names: &'static [&'static str],
    /// It is about tags that have one of these parts (between dashes; a `*` at the end stands for any rest). Empty: any.
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
    /// What it sets.
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

const SYSTEM: Row = Row { kind: Kind::System, ..PLAIN };
const DEBIAN: Row = Row { family: Family::Debian, ..PLAIN };
const REDHAT: Row = Row { kind: Kind::System, family: Family::RedHat, system: System::Unknown, cmd: None, ..ROOT };
const DISTROLESS: Row = Row {
    family: Family::Distroless,
    system: System::Bare,
    user: User::Root,
    home: Some("/root"),
    accounts: &[account("nonroot", 65532, "/home/nonroot"), account("nobody", 65534, "/nonexistent")],
    shell: Some(SHELL),
    ..UNKNOWN
};
const NONROOT: Row = Row { user: named("nonroot", 65532), home: Some("/home/nonroot"), ..DISTROLESS };

const APT: System = System::Tool(PackageManager::Apt);
const DNF: System = System::Tool(PackageManager::Dnf);
const YUM: System = System::Tool(PackageManager::Yum);
const MICRODNF: System = System::Tool(PackageManager::Microdnf);

const PYTHON_ENV: &[(&str, Option<&str>)] = &[
    ("PATH", Some("/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
    ("LANG", None),
    ("GPG_KEY", None),
    ("PYTHONIOENCODING", None),
    ("PYTHON_VERSION", None),
    ("PYTHON_SHA256", None),
    ("PYTHON_PIP_VERSION", None),
    ("PYTHON_SETUPTOOLS_VERSION", None),
    ("PYTHON_GET_PIP_URL", None),
    ("PYTHON_GET_PIP_SHA256", None),
];
const PHP_ENV: &[(&str, Option<&str>)] = &[
    ("PHPIZE_DEPS", None),
    ("PHP_INI_DIR", Some("/usr/local/etc/php")),
    ("APACHE_CONFDIR", None),
    ("APACHE_ENVVARS", None),
    ("PHP_EXTRA_BUILD_DEPS", None),
    ("PHP_EXTRA_CONFIGURE_ARGS", None),
    ("PHP_CFLAGS", None),
    ("PHP_CPPFLAGS", None),
    ("PHP_LDFLAGS", None),
    ("GPG_KEYS", None),
    ("PHP_VERSION", None),
    ("PHP_FILENAME", None),
    ("PHP_URL", None),
    ("PHP_ASC_URL", None),
    ("PHP_SHA256", None),
    ("PHP_MD5", None),
];
const COMPOSER_ENV: &[(&str, Option<&str>)] = &[
    ("COMPOSER_HOME", Some("/tmp")),
    ("COMPOSER_ALLOW_SUPERUSER", Some("1")),
    ("COMPOSER_VERSION", None),
    ("COMPOSER_MAX_PARALLEL_HTTP", None),
    ("PATH", None),
    ("PHPIZE_DEPS", None),
    ("PHP_INI_DIR", Some("/usr/local/etc/php")),
    ("PHP_CFLAGS", None),
    ("PHP_CPPFLAGS", None),
    ("PHP_LDFLAGS", None),
    ("GPG_KEYS", None),
    ("PHP_VERSION", None),
    ("PHP_URL", None),
    ("PHP_ASC_URL", None),
    ("PHP_SHA256", None),
    ("PHP_MD5", None),
];
const JAVA_ENV: &[(&str, Option<&str>)] = &[
    ("PATH", None),
    ("JAVA_HOME", None),
    ("JAVA_VERSION", None),
    ("JAVA_URL", None),
    ("JAVA_BASE_URL", None),
    ("JAVA_URL_VERSION", None),
    ("JAVA_DEBIAN_VERSION", None),
    ("JAVA_ALPINE_VERSION", None),
    ("CA_CERTIFICATES_JAVA_VERSION", None),
    ("LANG", None),
    ("LANGUAGE", None),
    ("LC_ALL", None),
];
const MAVEN_ENV: &[(&str, Option<&str>)] = &[
    ("MAVEN_HOME", Some("/usr/share/maven")),
    ("MAVEN_CONFIG", Some("/root/.m2")),
    ("MAVEN_VERSION", None),
    ("PATH", None),
    ("JAVA_HOME", None),
    ("JAVA_VERSION", None),
    ("JAVA_URL", None),
    ("JAVA_BASE_URL", None),
    ("JAVA_URL_VERSION", None),
    ("JAVA_DEBIAN_VERSION", None),
    ("JAVA_ALPINE_VERSION", None),
    ("CA_CERTIFICATES_JAVA_VERSION", None),
    ("LANG", None),
    ("LANGUAGE", None),
    ("LC_ALL", None),
];
const GRADLE_ENV: &[(&str, Option<&str>)] = &[
    ("GRADLE_HOME", Some("/opt/gradle")),
    ("GRADLE_VERSION", None),
    ("PATH", None),
    ("JAVA_HOME", None),
    ("JAVA_VERSION", None),
    ("JAVA17_HOME", None),
    ("JAVA21_HOME", None),
    ("JAVA24_HOME", None),
    ("JAVA25_HOME", None),
    ("LANG", None),
    ("LANGUAGE", None),
    ("LC_ALL", None),
];
const DOTNET_ENV: &[(&str, Option<&str>)] = &[
    ("PATH", None),
    ("APP_UID", None),
    ("ASPNETCORE_HTTP_PORTS", None),
    ("ASPNETCORE_URLS", None),
    ("ASPNET_VERSION", None),
    ("DOTNET_VERSION", None),
    ("DOTNET_SDK_VERSION", None),
    ("DOTNET_RUNNING_IN_CONTAINER", Some("true")),
    ("DOTNET_GENERATE_ASPNET_CERTIFICATE", None),
    ("DOTNET_NOLOGO", None),
    ("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", None),
    ("DOTNET_USE_POLLING_FILE_WATCHER", None),
    ("DOTNET_TieredPGO", None),
    ("Logging__Console__FormatterName", None),
    ("LC_ALL", None),
    ("LANG", None),
    ("NUGET_XMLDOC_MODE", None),
    ("POWERSHELL_DISTRIBUTION_CHANNEL", None),
];
const DOTNET: Row = Row { env: DOTNET_ENV, cmd: None, ..PLAIN };
/// Up to 9 on Debian, from 10 on Ubuntu.
/// <https://github.com/dotnet/dotnet-docker/blob/main/documentation/supported-tags.md>
const DOTNET_ON_DEBIAN: &[&str] = &["1.*", "2.*", "3.*", "5.*", "6.*", "7.*", "8.*", "9.*", "6", "7", "8", "9"];
/// Chiseled and distroless variants: no shell, no packages, user 1654.
const DOTNET_BARE_TAGS: &[&str] = &["chiseled", "distroless"];
const DOTNET_BARE: Row =
    Row { family: Family::Ubuntu, system: System::Bare, user: named("app", 1654), home: Some("/home/app"), ..DOTNET };

/// Every row.
pub(super) static TABLE: &[Row] = &[
    // Distributions.
    // https://github.com/debuerreotype/docker-debian-artifacts
    Row {
        names: &["debian", "stackbrew/debian", "public.ecr.aws/debian/debian"],
        family: Family::Debian,
        cmd: None,
        slim: Slim::Last,
        ..SYSTEM
    },
    Row {
        names: &["ubuntu", "stackbrew/ubuntu", "public.ecr.aws/ubuntu/ubuntu", "public.ecr.aws/lts/ubuntu"],
        family: Family::Ubuntu,
        cmd: None,
        ..SYSTEM
    },
    // https://github.com/alpinelinux/docker-alpine
    Row { names: &["alpine"], family: Family::Alpine, cmd: None, ..SYSTEM },
    // https://github.com/docker-library/buildpack-deps
    Row { names: &["buildpack-deps"], kind: Kind::BuildpackDeps, cmd: None, ..DEBIAN },
    // https://github.com/docker-library/busybox
    Row { names: &["busybox", "quay.io/prometheus/busybox"], family: Family::Busybox, cmd: None, ..SYSTEM },
    // https://pagure.io/fedora-kickstarts; Fedora had yum alone up to 21.
    Row { names: &["fedora"], when: &["20", "21"], system: YUM, ..REDHAT },
    Row { names: &["fedora", "registry.fedoraproject.org/fedora", "quay.io/fedora/fedora"], system: DNF, ..REDHAT },
    Row { names: &["registry.fedoraproject.org/fedora-minimal", "quay.io/fedora/fedora-minimal"], ..REDHAT },
    // https://github.com/CentOS/sig-cloud-instance-images
    Row {
        names: &["centos", "centos/centos", "quay.io/centos/centos"],
        when: &["5", "5.*", "6", "6.*", "7", "7.*", "centos5*", "centos6*", "centos7*"],
        system: YUM,
        ..REDHAT
    },
    Row {
        names: &["centos", "centos/centos", "quay.io/centos/centos"],
        when: &["8", "8.*", "centos8*", "stream8", "stream9", "stream10"],
        system: DNF,
        ..REDHAT
    },
    Row { names: &["centos", "centos/centos", "quay.io/centos/centos"], ..REDHAT },
    // https://github.com/rocky-linux/sig-cloud-instance-images, https://github.com/AlmaLinux/container-images
    Row {
        names: &["rockylinux", "rockylinux/rockylinux", "quay.io/rockylinux/rockylinux", "almalinux"],
        when: &["minimal"],
        system: MICRODNF,
        ..REDHAT
    },
    Row {
        names: &["rockylinux", "rockylinux/rockylinux", "quay.io/rockylinux/rockylinux", "almalinux"],
        when: &["micro", "ubi"],
        ..REDHAT
    },
    Row {
        names: &["rockylinux", "rockylinux/rockylinux", "quay.io/rockylinux/rockylinux", "almalinux"],
        system: DNF,
        ..REDHAT
    },
    Row { names: &["almalinux/*-minimal"], system: MICRODNF, ..REDHAT },
    Row { names: &["almalinux/*-base", "quay.io/almalinuxorg/*-base"], system: DNF, ..REDHAT },
    // https://catalog.redhat.com/software/base-images
    Row {
        names: &["registry.access.redhat.com/ubi8/ubi-minimal", "registry.access.redhat.com/ubi8-minimal"],
        system: MICRODNF,
        release: Some("8"),
        ..REDHAT
    },
    Row {
        names: &["registry.access.redhat.com/ubi9/ubi-minimal", "registry.access.redhat.com/ubi9-minimal"],
        system: MICRODNF,
        release: Some("9"),
        ..REDHAT
    },
    Row {
        names: &["registry.access.redhat.com/ubi10/ubi-minimal", "registry.access.redhat.com/ubi10-minimal"],
        system: MICRODNF,
        release: Some("10"),
        ..REDHAT
    },
    Row {
        names: &["registry.access.redhat.com/ubi7/ubi", "registry.access.redhat.com/ubi7"],
        system: YUM,
        release: Some("7"),
        ..REDHAT
    },
    Row {
        names: &["registry.access.redhat.com/ubi8/ubi", "registry.access.redhat.com/ubi8"],
        system: DNF,
        release: Some("8"),
        ..REDHAT
    },
    Row {
        names: &["registry.access.redhat.com/ubi9/ubi", "registry.access.redhat.com/ubi9"],
        system: DNF,
        release: Some("9"),
        ..REDHAT
    },
    Row {
        names: &["registry.access.redhat.com/ubi10/ubi", "registry.access.redhat.com/ubi10"],
        system: DNF,
        release: Some("10"),
        ..REDHAT
    },
    // https://github.com/sclorg: run as 1001, set BASH_ENV and the like.
    Row {
        names: &["registry.access.redhat.com/*/python-*"],
        kind: Kind::Python,
        family: Family::RedHat,
        system: System::Unknown,
        ..UNKNOWN
    },
    Row {
        names: &["registry.access.redhat.com/*/nodejs-*"],
        kind: Kind::Node,
        family: Family::RedHat,
        system: System::Unknown,
        ..UNKNOWN
    },
    Row { names: &["registry.access.redhat.com/ubi*"], family: Family::RedHat, system: System::Unknown, ..UNKNOWN },
    // https://github.com/amazonlinux/container-images
    Row {
        names: &["amazonlinux", "public.ecr.aws/amazonlinux/amazonlinux"],
        when: &["1", "2", "2.*", "2017.*", "2018.*"],
        system: YUM,
        ..REDHAT
    },
    Row {
        names: &["amazonlinux", "public.ecr.aws/amazonlinux/amazonlinux"],
        when: &["2023", "2023.*"],
        system: DNF,
        ..REDHAT
    },
    Row { names: &["amazonlinux", "public.ecr.aws/amazonlinux/amazonlinux"], ..REDHAT },
    // https://github.com/oracle/container-images
    Row {
        names: &["oraclelinux", "ghcr.io/oracle/oraclelinux", "container-registry.oracle.com/os/oraclelinux"],
        when: &["slim"],
        system: System::Unknown,
        ..REDHAT
    },
    Row {
        names: &["oraclelinux", "ghcr.io/oracle/oraclelinux", "container-registry.oracle.com/os/oraclelinux"],
        when: &["6", "6.*", "7", "7.*"],
        system: YUM,
        ..REDHAT
    },
    Row {
        names: &["oraclelinux", "ghcr.io/oracle/oraclelinux", "container-registry.oracle.com/os/oraclelinux"],
        when: &["8", "8.*", "9", "9.*", "10", "10.*"],
        system: DNF,
        ..REDHAT
    },
    Row {
        names: &["oraclelinux", "ghcr.io/oracle/oraclelinux", "container-registry.oracle.com/os/oraclelinux"],
        ..REDHAT
    },
    // https://build.opensuse.org/project/show/openSUSE:Containers
    Row {
        names: &["opensuse/leap", "opensuse/tumbleweed", "opensuse", "registry.opensuse.org/opensuse/*"],
        kind: Kind::System,
        family: Family::Suse,
        system: System::Tool(PackageManager::Zypper),
        ..ROOT
    },
    Row {
        names: &["registry.suse.com/bci/bci-base", "registry.suse.com/suse/sle15"],
        kind: Kind::System,
        family: Family::Suse,
        system: System::Tool(PackageManager::Zypper),
        ..ROOT
    },
    Row { names: &["registry.suse.com/bci/*"], family: Family::Suse, system: System::Unknown, ..UNKNOWN },
    // https://gitlab.archlinux.org/archlinux/archlinux-docker
    Row {
        names: &["archlinux", "archlinux/archlinux", "archlinux/base", "base/archlinux", "quay.io/archlinux/archlinux"],
        kind: Kind::System,
        family: Family::Arch,
        ..ROOT
    },
    Row {
        names: &["mcr.microsoft.com/azurelinux/base/core", "mcr.microsoft.com/cbl-mariner/base/core"],
        kind: Kind::System,
        family: Family::AzureLinux,
        system: System::Tool(PackageManager::Tdnf),
        ..ROOT
    },
    Row {
        names: &[
            "mcr.microsoft.com/windows*",
            "mcr.microsoft.com/nanoserver*",
            "microsoft/windowsservercore",
            "microsoft/nanoserver",
        ],
        kind: Kind::System,
        family: Family::Windows,
        system: System::Unknown,
        ..UNKNOWN
    },
    Row { names: &["bitnami/minideb"], kind: Kind::System, family: Family::Debian, system: APT, ..ROOT },
    Row { names: &["phusion/baseimage"], family: Family::Ubuntu, system: APT, ..ROOT },
    // Chainguard's: those that build run as root, the others as 65532; which is which changes.
    // https://edu.chainguard.dev/chainguard/chainguard-images/reference/
    Row {
        names: &["cgr.dev/chainguard/wolfi-base", "chainguard/wolfi-base", "cgr.dev/chainguard/chainguard-base"],
        kind: Kind::System,
        family: Family::Wolfi,
        system: System::Tool(PackageManager::Apk),
        ..UNKNOWN
    },
    Row {
        names: &["cgr.dev/*", "chainguard/*"],
        when: &["dev"],
        family: Family::Wolfi,
        system: System::Tool(PackageManager::Apk),
        ..UNKNOWN
    },
    Row { names: &["cgr.dev/*", "chainguard/*"], family: Family::Wolfi, system: System::Unknown, ..UNKNOWN },
    // https://github.com/GoogleContainerTools/distroless: debug variants have BusyBox in /busybox, not /bin/sh.
    Row {
        names: &["gcr.io/distroless/nodejs*"],
        when: &["nonroot"],
        kind: Kind::Node,
        entrypoint: Some(&["/nodejs/bin/node"]),
        ..NONROOT
    },
    Row {
        names: &["gcr.io/distroless/nodejs*"],
        kind: Kind::Node,
        entrypoint: Some(&["/nodejs/bin/node"]),
        ..DISTROLESS
    },
    Row { names: &["gcr.io/distroless/python3*"], when: &["nonroot"], kind: Kind::Python, ..NONROOT },
    Row { names: &["gcr.io/distroless/python3*"], kind: Kind::Python, ..DISTROLESS },
    Row { names: &["gcr.io/distroless/java*"], when: &["nonroot"], kind: Kind::Jre, ..NONROOT },
    Row { names: &["gcr.io/distroless/java*"], kind: Kind::Jre, ..DISTROLESS },
    Row { names: &["gcr.io/distroless/*"], when: &["nonroot"], kind: Kind::System, ..NONROOT },
    Row { names: &["gcr.io/distroless/*"], kind: Kind::System, ..DISTROLESS },
    // Languages.
    // https://github.com/docker-library/python/blob/master/Dockerfile-linux.template
    Row {
        names: &["python"],
        kind: Kind::Python,
        env: PYTHON_ENV,
        cmd: Some(&["python3"]),
        slim: Slim::First,
        ..DEBIAN
    },
    // https://github.com/nodejs/docker-node: the entrypoint came with 10.16 and 12.
    Row {
        names: &["node"],
        when: &["0.*", "4*", "5*", "6*", "7*", "8*", "9*", "10*", "11*", "argon", "boron", "carbon"],
        entrypoint: None,
        ..NODE
    },
    NODE,
    // https://github.com/docker-library/golang/blob/master/Dockerfile-linux.template
    Row {
        names: &["golang"],
        kind: Kind::Golang,
        env: &[
            ("PATH", Some("/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
            ("GOPATH", Some("/go")),
            ("GOLANG_VERSION", None),
            ("GOLANG_DOWNLOAD_URL", None),
            ("GOLANG_DOWNLOAD_SHA1", None),
            ("GOLANG_DOWNLOAD_SHA256", None),
            ("GOLANG_SRC_URL", None),
            ("GOLANG_SRC_SHA256", None),
            ("GOTOOLCHAIN", None),
        ],
        workdir: Some("/go"),
        cmd: None,
        ..DEBIAN
    },
    // https://github.com/rust-lang/docker-rust/blob/master/Dockerfile-debian.template
    Row {
        names: &["rust"],
        kind: Kind::Rust,
        env: &[
            ("PATH", Some("/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
            ("CARGO_HOME", Some("/usr/local/cargo")),
            ("RUSTUP_HOME", Some("/usr/local/rustup")),
            ("RUST_VERSION", None),
        ],
        cmd: None,
        slim: Slim::First,
        ..DEBIAN
    },
    // https://github.com/docker-library/ruby/blob/master/Dockerfile.template
    Row {
        names: &["ruby"],
        kind: Kind::Ruby,
        env: &[
            ("PATH", None),
            ("LANG", Some("C.UTF-8")),
            ("RUBY_MAJOR", None),
            ("RUBY_VERSION", None),
            ("RUBY_DOWNLOAD_URL", None),
            ("RUBY_DOWNLOAD_SHA256", None),
            ("RUBYGEMS_VERSION", None),
            ("BUNDLER_VERSION", None),
            ("GEM_HOME", Some("/usr/local/bundle")),
            ("BUNDLE_PATH", None),
            ("BUNDLE_BIN", None),
            ("BUNDLE_SILENCE_ROOT_WARNING", None),
            ("BUNDLE_APP_CONFIG", Some("/usr/local/bundle")),
        ],
        cmd: Some(&["irb"]),
        slim: Slim::First,
        ..DEBIAN
    },
    // https://github.com/docker-library/php/blob/master/Dockerfile-linux.template
    Row {
        names: &["php"],
        when: &["apache"],
        workdir: Some("/var/www/html"),
        cmd: Some(&["apache2-foreground"]),
        ..PHP
    },
    Row { names: &["php"], when: &["fpm"], workdir: Some("/var/www/html"), cmd: Some(&["php-fpm"]), ..PHP },
    Row { names: &["php"], when: &["zts"], cmd: Some(&["php", "-a"]), ..PHP },
    PHP,
    // https://github.com/composer/docker
    Row {
        names: &["composer", "composer/composer"],
        kind: Kind::Composer,
        family: Family::Alpine,
        env: COMPOSER_ENV,
        workdir: Some("/app"),
        entrypoint: None,
        cmd: None,
        ..PLAIN
    },
    // https://github.com/docker-library/openjdk: on Debian up to 11 and where slim, later on Oracle Linux.
    Row { names: &["openjdk", "java"], when: &["slim"], family: Family::Debian, ..OPENJDK },
    Row {
        names: &["openjdk", "java"],
        when: &["6*", "7*", "8*", "9*", "10*", "11*"],
        family: Family::Debian,
        slim: Slim::First,
        ..OPENJDK
    },
    OPENJDK,
    // https://github.com/adoptium/containers
    TEMURIN,
    // https://github.com/corretto/corretto-docker
    Row {
        names: &["amazoncorretto", "public.ecr.aws/amazoncorretto/amazoncorretto"],
        kind: Kind::Jdk,
        family: Family::RedHat,
        env: JAVA_ENV,
        cmd: None,
        ..PLAIN
    },
    // https://github.com/carlossg/docker-maven
    Row { names: &["maven"], when: &["eclipse"], family: Family::Ubuntu, ..MAVEN },
    Row { names: &["maven"], when: &["slim"], family: Family::Debian, ..MAVEN },
    Row { names: &["maven"], when: &["amazoncorretto"], family: Family::RedHat, ..MAVEN },
    MAVEN,
    // https://github.com/gradle/docker-gradle
    Row { names: &["gradle"], when: &["corretto", "ubi", "graal"], family: Family::RedHat, ..GRADLE },
    Row { names: &["gradle"], when: &["8", "8.*", "9", "9.*"], family: Family::Ubuntu, ..GRADLE },
    GRADLE,
    // https://github.com/dotnet/dotnet-docker
    Row { names: &["mcr.microsoft.com/dotnet/sdk"], when: DOTNET_BARE_TAGS, kind: Kind::DotnetSdk, ..DOTNET_BARE },
    Row {
        names: &["mcr.microsoft.com/dotnet/sdk", "mcr.microsoft.com/dotnet/core/sdk"],
        when: DOTNET_ON_DEBIAN,
        kind: Kind::DotnetSdk,
        family: Family::Debian,
        ..DOTNET
    },
    Row {
        names: &[
            "mcr.microsoft.com/dotnet/sdk",
            "mcr.microsoft.com/dotnet/core/sdk",
            "mcr.microsoft.com/dotnet/nightly/sdk",
        ],
        kind: Kind::DotnetSdk,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/aspnet"],
        when: DOTNET_BARE_TAGS,
        kind: Kind::DotnetAspnet,
        ..DOTNET_BARE
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/aspnet", "mcr.microsoft.com/dotnet/core/aspnet"],
        when: DOTNET_ON_DEBIAN,
        kind: Kind::DotnetAspnet,
        family: Family::Debian,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/aspnet", "mcr.microsoft.com/dotnet/core/aspnet"],
        kind: Kind::DotnetAspnet,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime"],
        when: DOTNET_BARE_TAGS,
        kind: Kind::DotnetRuntime,
        ..DOTNET_BARE
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime", "mcr.microsoft.com/dotnet/core/runtime"],
        when: DOTNET_ON_DEBIAN,
        kind: Kind::DotnetRuntime,
        family: Family::Debian,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime", "mcr.microsoft.com/dotnet/core/runtime"],
        kind: Kind::DotnetRuntime,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime-deps"],
        when: DOTNET_BARE_TAGS,
        kind: Kind::DotnetRuntimeDeps,
        ..DOTNET_BARE
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime-deps", "mcr.microsoft.com/dotnet/core/runtime-deps"],
        when: DOTNET_ON_DEBIAN,
        kind: Kind::DotnetRuntimeDeps,
        family: Family::Debian,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime-deps", "mcr.microsoft.com/dotnet/core/runtime-deps"],
        kind: Kind::DotnetRuntimeDeps,
        ..DOTNET
    },
    Row { names: &["gcc"], family: Family::Debian, ..ROOT },
    Row { names: &["perl"], family: Family::Debian, slim: Slim::First, ..ROOT },
    Row { names: &["elixir", "erlang", "haskell", "julia"], family: Family::Debian, ..ROOT },
    Row { names: &["r-base"], family: Family::Debian, ..ROOT },
    Row { names: &["rocker/r-ver", "rocker/rstudio", "rocker/tidyverse"], family: Family::Ubuntu, ..ROOT },
    Row { names: &["swift"], when: &["slim"], family: Family::Ubuntu, ..ROOT },
    // https://github.com/oven-sh/bun/tree/main/dockerhub
    Row { names: &["oven/bun"], when: &["distroless"], kind: Kind::Bun, ..DISTROLESS },
    Row {
        names: &["oven/bun"],
        kind: Kind::Bun,
        family: Family::Debian,
        accounts: &[account("bun", 1000, "/home/bun")],
        workdir: Some("/home/bun/app"),
        ..ROOT
    },
    // https://github.com/denoland/deno_docker
    Row { names: &["denoland/deno"], when: &["distroless"], kind: Kind::Deno, ..DISTROLESS },
    Row { names: &["denoland/deno"], when: &["bin"], kind: Kind::Deno, family: Family::Scratch, ..UNKNOWN },
    Row {
        names: &["denoland/deno"],
        kind: Kind::Deno,
        family: Family::Debian,
        accounts: &[account("deno", 1993, "/home/deno")],
        env: &[("DENO_DIR", Some("/deno-dir/"))],
        ..ROOT
    },
    // https://github.com/ContinuumIO/docker-images, https://github.com/conda-forge/miniforge-images
    Row {
        names: &["continuumio/miniconda3", "continuumio/anaconda3", "continuumio/miniconda"],
        kind: Kind::Conda,
        family: Family::Debian,
        ..ROOT
    },
    Row {
        names: &["condaforge/miniforge3", "condaforge/mambaforge", "quay.io/condaforge/miniforge3"],
        kind: Kind::Conda,
        family: Family::Ubuntu,
        env: &[("CONDA_DIR", Some("/opt/conda"))],
        ..ROOT
    },
    // https://github.com/mamba-org/micromamba-docker: runs as mambauser, and has its own SHELL.
    Row { names: &["mambaorg/micromamba"], kind: Kind::Conda, family: Family::Debian, ..UNKNOWN },
    // https://docs.astral.sh/uv/guides/integration/docker/#available-images: without a system, the binaries alone.
    Row {
        names: &["ghcr.io/astral-sh/uv", "astral/uv"],
        when: &["python3.*", "debian", "alpine*", "bookworm", "trixie", "bullseye"],
        kind: Kind::Uv,
        family: Family::Debian,
        ..ROOT
    },
    Row { names: &["ghcr.io/astral-sh/uv", "astral/uv"], kind: Kind::Uv, family: Family::Scratch, ..UNKNOWN },
    // Servers.
    // https://github.com/nginx/docker-nginx: the entrypoint came with 1.19.
    Row {
        names: &["nginx"],
        when: &[
            "0.*", "1.7*", "1.8*", "1.9*", "1.10*", "1.11*", "1.12*", "1.13*", "1.14*", "1.15*", "1.16*", "1.17*",
            "1.18*",
        ],
        entrypoint: None,
        ..NGINX
    },
    NGINX,
    // https://github.com/nginx/docker-nginx-unprivileged
    Row {
        names: &["nginxinc/nginx-unprivileged", "ghcr.io/nginx/nginx-unprivileged"],
        user: named("nginx", 101),
        home: None,
        ..NGINX
    },
    // https://github.com/docker-library/httpd
    Row {
        names: &["httpd"],
        kind: Kind::Httpd,
        family: Family::Debian,
        env: &[("HTTPD_PREFIX", Some("/usr/local/apache2"))],
        workdir: Some("/usr/local/apache2"),
        entrypoint: Some(&[]),
        cmd: Some(&["httpd-foreground"]),
        ..ROOT
    },
    // https://github.com/docker-library/redis, /postgres, /mysql; https://github.com/MariaDB/mariadb-docker
    Row { names: &["redis"], kind: Kind::Database, family: Family::Debian, workdir: Some("/data"), ..ROOT },
    Row {
        names: &["postgres"],
        kind: Kind::Database,
        family: Family::Debian,
        accounts: &[
            account_on(Family::Debian, "postgres", 999, "/var/lib/postgresql"),
            account_on(Family::Alpine, "postgres", 70, "/var/lib/postgresql"),
        ],
        workdir: Some("/"),
        entrypoint: Some(&["docker-entrypoint.sh"]),
        cmd: Some(&["postgres"]),
        ..ROOT
    },
    Row {
        names: &["mysql"],
        when: &["oracle", "oraclelinux*"],
        kind: Kind::Database,
        family: Family::RedHat,
        entrypoint: Some(&["docker-entrypoint.sh"]),
        cmd: Some(&["mysqld"]),
        ..ROOT
    },
    Row {
        names: &["mysql"],
        kind: Kind::Database,
        entrypoint: Some(&["docker-entrypoint.sh"]),
        cmd: Some(&["mysqld"]),
        ..ROOT
    },
    Row { names: &["mariadb"], when: &["5*", "10.0*", "10.1*"], kind: Kind::Database, ..ROOT },
    Row { names: &["mariadb"], kind: Kind::Database, family: Family::Ubuntu, ..ROOT },
    Row { names: &["mongo", "rabbitmq"], kind: Kind::Database, ..ROOT },
    Row { names: &["memcached"], kind: Kind::Database, family: Family::Debian, ..UNKNOWN },
    Row { names: &["wordpress", "drupal"], kind: Kind::Php, family: Family::Debian, ..ROOT },
    Row { names: &["tomcat"], kind: Kind::Jdk, ..ROOT },
    Row { names: &["caddy", "docker", "traefik"], family: Family::Alpine, ..ROOT },
    // https://github.com/jenkinsci/docker
    Row {
        names: &["jenkins/jenkins", "jenkins"],
        family: Family::Debian,
        user: named("jenkins", 1000),
        home: Some("/var/jenkins_home"),
        accounts: &[account("jenkins", 1000, "/var/jenkins_home")],
        ..UNKNOWN
    },
    Row { names: &["bitnami/*", "bitnamilegacy/*"], system: System::Unknown, ..UNKNOWN },
    // Science.
    // https://gitlab.com/nvidia/container-images/cuda
    Row { names: &["nvidia/cuda", "nvcr.io/nvidia/cuda"], kind: Kind::Cuda, ..ROOT },
    Row { names: &["tensorflow/tensorflow"], kind: Kind::Cuda, family: Family::Ubuntu, ..ROOT },
    Row { names: &["pytorch/pytorch"], kind: Kind::Cuda, family: Family::Ubuntu, ..ROOT },
    // https://github.com/jupyter/docker-stacks
    Row {
        names: &["jupyter/*", "quay.io/jupyter/*"],
        kind: Kind::Jupyter,
        family: Family::Ubuntu,
        user: named("jovyan", 1000),
        home: Some("/home/jovyan"),
        accounts: &[Account { name: "jovyan", uid: 1000, gid: 100, home: "/home/jovyan", only: None }],
        workdir: Some("/home/jovyan"),
        shell: Some(&["/bin/bash", "-o", "pipefail", "-c"]),
        env: &[("CONDA_DIR", Some("/opt/conda")), ("HOME", Some("/home/jovyan")), ("NB_USER", Some("jovyan"))],
        ..UNKNOWN
    },
    // https://github.com/devcontainers/images, https://playwright.dev/docs/docker
    Row { names: &["mcr.microsoft.com/devcontainers/*", "mcr.microsoft.com/vscode/devcontainers/*"], ..ROOT },
    Row { names: &["mcr.microsoft.com/playwright"], kind: Kind::Node, family: Family::Ubuntu, ..ROOT },
    Row { names: &["mcr.microsoft.com/playwright/python"], kind: Kind::Python, family: Family::Ubuntu, ..ROOT },
];

const NODE: Row = Row {
    names: &["node"],
    kind: Kind::Node,
    accounts: &[account("node", 1000, "/home/node")],
    env: &[("NODE_VERSION", None), ("YARN_VERSION", None), ("NPM_CONFIG_LOGLEVEL", None), ("IOJS_VERSION", None)],
    entrypoint: Some(&["docker-entrypoint.sh"]),
    cmd: Some(&["node"]),
    slim: Slim::Last,
    ..DEBIAN
};
const PHP: Row = Row {
    names: &["php"],
    kind: Kind::Php,
    accounts: &[account_on(Family::Alpine, "www-data", 82, "/home/www-data")],
    env: PHP_ENV,
    entrypoint: Some(&["docker-php-entrypoint"]),
    cmd: Some(&["php", "-a"]),
    ..DEBIAN
};
const OPENJDK: Row = Row { names: &["openjdk", "java"], kind: Kind::Jdk, env: JAVA_ENV, cmd: None, ..PLAIN };
const TEMURIN: Row = Row {
    names: &["eclipse-temurin"],
    kind: Kind::Jdk,
    family: Family::Ubuntu,
    env: &[
        ("PATH", Some("/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
        ("JAVA_HOME", Some("/opt/java/openjdk")),
        ("JAVA_VERSION", None),
        ("LANG", None),
        ("LANGUAGE", None),
        ("LC_ALL", None),
    ],
    entrypoint: None,
    cmd: None,
    ..PLAIN
};
const MAVEN: Row = Row {
    names: &["maven"],
    kind: Kind::Maven,
    env: MAVEN_ENV,
    entrypoint: Some(&["/usr/local/bin/mvn-entrypoint.sh"]),
    cmd: Some(&["mvn"]),
    ..PLAIN
};
const GRADLE: Row = Row {
    names: &["gradle"],
    kind: Kind::Gradle,
    accounts: &[account("gradle", 1000, "/home/gradle")],
    env: GRADLE_ENV,
    workdir: Some("/home/gradle"),
    entrypoint: None,
    cmd: None,
    ..PLAIN
};
const NGINX: Row = Row {
    names: &["nginx"],
    kind: Kind::Nginx,
    accounts: &[
        account_on(Family::Debian, "nginx", 101, "/nonexistent"),
        account_on(Family::Alpine, "nginx", 101, "/var/cache/nginx"),
    ],
    env: &[
        ("NGINX_VERSION", None),
        ("NJS_VERSION", None),
        ("NJS_RELEASE", None),
        ("PKG_RELEASE", None),
        ("DYNPKG_RELEASE", None),
        ("ACME_VERSION", None),
    ],
    entrypoint: Some(&["/docker-entrypoint.sh"]),
    cmd: Some(&["nginx", "-g", "daemon off;"]),
    ..DEBIAN
};

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
    TABLE.iter().find(|row| {
        row.names.iter().any(|pattern| matches(pattern, name))
            && (row.when.is_empty() || tag.split('-').any(|part| row.when.iter().any(|when| matches(when, part))))
    })
}

/// Whether `text` is `pattern`, in which a `*` stands for anything, or for nothing.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    match rest.rsplit_once('*') {
        None => text.ends_with(rest),
        Some((middle, end)) => text.strip_suffix(end).is_some_and(|text| middle.split('*').all(|it| text.contains(it))),
    }
}
