//! Distributions, and images of little else.

use super::*;

const SYSTEM: Row = Row { kind: Kind::System, ..PLAIN };
/// A root file system, and next to nothing of a configuration:
/// <https://github.com/CentOS/sig-cloud-instance-images>, <https://pagure.io/fedora-kiwi-descriptions>,
/// <https://github.com/rocky-linux/sig-cloud-instance-images>, <https://github.com/AlmaLinux/container-images>,
/// <https://github.com/amazonlinux/container-images>, <https://catalog.redhat.com/software/base-images>
const REDHAT: Row = Row {
    kind: Kind::System,
    family: Family::RedHat,
    system: System::Unknown,
    workdir: Some("/"),
    env: &[("DISTTAG", None), ("FBR", None), ("FGC", None), ("LANG", None), ("container", None)],
    closed: true,
    ..ROOT
};
/// Distroless without a language: no command of its own, but for the debug variants.
const BARE: &[&str] = &["gcr.io/distroless/static*", "gcr.io/distroless/base*", "gcr.io/distroless/cc*"];
const NONROOT: Row = Row { user: named("nonroot", 65532), home: Some("/home/nonroot"), ..DISTROLESS };

const DNF: System = System::Tool(PackageManager::Dnf);
const YUM: System = System::Tool(PackageManager::Yum);

pub(super) static ROWS: &[Row] = &[
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
        when: &["8", "8.*", "centos8*", "stream8", "stream9", "stream10", "latest"],
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
        when: &["6", "6.*", "7", "7.*"],
        system: YUM,
        ..REDHAT
    },
    Row {
        names: &["oraclelinux", "ghcr.io/oracle/oraclelinux", "container-registry.oracle.com/os/oraclelinux"],
        when: &["slim"],
        system: MICRODNF,
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
    Row { names: BARE, when: &["debug"], kind: Kind::System, user: User::Unknown, home: None, ..DISTROLESS },
    Row { names: BARE, when: &["nonroot"], kind: Kind::System, entrypoint: Some(&[]), cmd: Some(&[]), ..NONROOT },
    Row { names: BARE, kind: Kind::System, entrypoint: Some(&[]), cmd: Some(&[]), ..DISTROLESS },
    Row { names: &["gcr.io/distroless/*"], when: &["nonroot"], kind: Kind::System, ..NONROOT },
    Row { names: &["gcr.io/distroless/*"], kind: Kind::System, ..DISTROLESS },
];
