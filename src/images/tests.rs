use super::*;

fn image(reference: &str) -> Option<Image> {
    identify(reference, &ImageMap::new())
}

#[test]
fn systems_are_told_from_tags() {
    use Family::{
        Alpine, Arch, AzureLinux, Busybox, Debian, Distroless, RedHat, Scratch, Suse, Ubuntu, Unknown, Windows, Wolfi,
    };
    use PackageManager::{Absent, Apk, Apt, Dnf, Microdnf, Pacman, Tdnf, Yum, Zypper};
    type Case = (&'static str, Family, Option<&'static str>, Option<PackageManager>);
    let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let cases: &[Case] = &[
        ("debian", Debian, None, Some(Apt)),
        ("debian:stable-slim", Debian, None, Some(Apt)),
        ("debian:12", Debian, Some("bookworm"), Some(Apt)),
        ("debian:12.5-slim", Debian, Some("bookworm"), Some(Apt)),
        ("debian:bookworm-20240101-slim", Debian, Some("bookworm"), Some(Apt)),
        ("debian:sid", Debian, Some("sid"), Some(Apt)),
        ("ubuntu:22.04", Ubuntu, Some("jammy"), Some(Apt)),
        ("ubuntu:14.04.5", Ubuntu, Some("trusty"), Some(Apt)),
        ("ubuntu:xenial-20170915", Ubuntu, Some("xenial"), Some(Apt)),
        ("ubuntu:rolling", Ubuntu, None, Some(Apt)),
        ("arm64v8/ubuntu:24.04", Ubuntu, Some("noble"), Some(Apt)),
        ("alpine", Alpine, None, Some(Apk)),
        ("alpine:3", Alpine, None, Some(Apk)),
        ("alpine:3.20.1", Alpine, Some("3.20"), Some(Apk)),
        ("alpine:edge", Alpine, Some("edge"), Some(Apk)),
        ("alpine:20240923", Alpine, None, Some(Apk)),
        ("python:3.12", Debian, None, Some(Apt)),
        ("python:3.12-slim-bookworm", Debian, Some("bookworm"), Some(Apt)),
        ("python:3.12-alpine3.20", Alpine, Some("3.20"), Some(Apk)),
        ("python:alpine", Alpine, None, Some(Apk)),
        ("python:3.12-windowsservercore-ltsc2022", Windows, None, None),
        ("node:22-bookworm-slim", Debian, Some("bookworm"), Some(Apt)),
        ("golang:1.22-alpine", Alpine, None, Some(Apk)),
        ("openjdk:8-jre", Debian, None, Some(Apt)),
        ("openjdk:17", Unknown, None, None),
        ("openjdk:17-slim", Debian, None, Some(Apt)),
        ("openjdk:17-oracle", RedHat, None, None),
        ("eclipse-temurin:17-jre", Ubuntu, None, Some(Apt)),
        ("eclipse-temurin:17-jre-alpine", Alpine, None, Some(Apk)),
        ("eclipse-temurin:21-ubi9-minimal", RedHat, Some("9"), Some(Microdnf)),
        ("amazoncorretto:17", RedHat, None, None),
        ("amazoncorretto:17-al2023", RedHat, Some("al2023"), Some(Dnf)),
        ("maven:3.9-eclipse-temurin-17", Ubuntu, None, Some(Apt)),
        ("maven:3.8-openjdk-17", Unknown, None, None),
        ("gradle:8.5-jdk17", Ubuntu, None, Some(Apt)),
        ("gradle", Ubuntu, None, Some(Apt)),
        ("gradle:3.5-jdk8", Unknown, None, None),
        ("gradle:8-jdk17-corretto", RedHat, None, None),
        ("mcr.microsoft.com/dotnet/sdk:8.0", Debian, None, Some(Apt)),
        ("mcr.microsoft.com/dotnet/sdk:8.0-jammy", Ubuntu, Some("jammy"), Some(Apt)),
        ("mcr.microsoft.com/dotnet/sdk:10.0", Ubuntu, None, Some(Apt)),
        ("mcr.microsoft.com/dotnet/aspnet:8.0-jammy-chiseled", Ubuntu, Some("jammy"), Some(Absent)),
        ("mcr.microsoft.com/dotnet/aspnet:9.0-azurelinux3.0-distroless", AzureLinux, Some("3.0"), Some(Absent)),
        ("fedora:40", RedHat, Some("40"), Some(Dnf)),
        ("fedora:21", RedHat, Some("21"), Some(Yum)),
        ("centos:7", RedHat, Some("7"), Some(Yum)),
        ("centos:centos6", RedHat, Some("6"), Some(Yum)),
        ("centos:7.9.2009", RedHat, Some("7"), Some(Yum)),
        ("quay.io/centos/centos:stream9", RedHat, Some("9"), Some(Dnf)),
        ("rockylinux:9", RedHat, Some("9"), Some(Dnf)),
        ("rockylinux:9-minimal", RedHat, Some("9"), Some(Microdnf)),
        ("redhat/ubi9", RedHat, Some("9"), Some(Dnf)),
        ("registry.access.redhat.com/ubi8/ubi-minimal:8.9", RedHat, Some("8"), Some(Microdnf)),
        ("registry.redhat.io/ubi9/python-311", RedHat, None, None),
        ("amazonlinux:2", RedHat, Some("2"), Some(Yum)),
        ("amazonlinux", RedHat, None, None),
        ("ghcr.io/oracle/oraclelinux:9", RedHat, Some("9"), Some(Dnf)),
        ("oraclelinux:7-slim", RedHat, Some("7"), Some(Yum)),
        ("oraclelinux:8-slim", RedHat, Some("8"), Some(Microdnf)),
        ("centos", RedHat, None, Some(Dnf)),
        ("opensuse/leap:15.6", Suse, Some("15.6"), Some(Zypper)),
        ("archlinux:base-devel", Arch, None, Some(Pacman)),
        ("mcr.microsoft.com/azurelinux/base/core:3.0", AzureLinux, Some("3.0"), Some(Tdnf)),
        ("cgr.dev/chainguard/python:latest-dev", Wolfi, None, Some(Apk)),
        ("cgr.dev/chainguard/python:latest", Wolfi, None, None),
        ("busybox:1.36-musl", Busybox, None, Some(Absent)),
        ("gcr.io/distroless/static-debian12:nonroot", Distroless, Some("bookworm"), Some(Absent)),
        ("scratch", Scratch, None, None),
        ("mcr.microsoft.com/windows/servercore:ltsc2022", Windows, None, None),
        ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", Ubuntu, Some("jammy"), Some(Apt)),
        ("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", Debian, Some("bookworm"), Some(Apt)),
        ("ghcr.io/astral-sh/uv:0.5", Scratch, None, None),
        ("mysql:8.0", Unknown, None, None),
        ("mysql:8.0-debian", Debian, None, Some(Apt)),
    ];
    for (reference, family, release, manager) in cases {
        let Some(image) = image(reference) else { panic!("{reference} is not identified") };
        let found = (image.family, image.release.as_deref(), image.package_manager);
        assert_eq!(found, (*family, *release, *manager), "{reference}");
    }
    // A digest alone names any variant of a language, but only one distribution.
    assert_eq!(image(&format!("python@{digest}")).map(|it| (it.family, it.release)), Some((Unknown, None)));
    assert_eq!(image(&format!("debian@{digest}")).map(|it| it.family), Some(Debian));
    assert_eq!(image(&format!("python:3.12-alpine@{digest}")).map(|it| it.family), Some(Alpine));
}

#[test]
fn unknown_images_are_not_identified() {
    for reference in ["", "Python", "me/python", "ghcr.io/me/python:3", "python:3-onbuild", "base", "quay.io/x/debian"]
    {
        assert_eq!(image(reference), None, "{reference}");
    }
}

#[test]
fn kinds_and_versions_are_told() {
    let cases: &[(&str, Kind, Option<&str>)] = &[
        ("python:3.12-slim", Kind::Python, Some("3.12")),
        ("python:slim", Kind::Python, None),
        ("node:lts-alpine", Kind::Node, None),
        ("eclipse-temurin:17-jdk", Kind::Jdk, Some("17")),
        ("eclipse-temurin:17-jre", Kind::Jre, Some("17")),
        ("gradle:jdk17", Kind::Gradle, Some("17")),
        ("maven", Kind::Maven, None),
        ("debian:12", Kind::System, None),
        ("gcr.io/distroless/java17-debian12", Kind::Jre, None),
        ("mcr.microsoft.com/dotnet/aspnet:8.0-alpine", Kind::DotnetAspnet, Some("8.0")),
        ("oven/bun:1.1-slim", Kind::Bun, Some("1.1")),
    ];
    for (reference, kind, version) in cases {
        let image = image(reference).unwrap();
        assert_eq!((image.kind, image.version.as_deref()), (*kind, *version), "{reference}");
    }
}

#[test]
fn configurations_are_told() {
    let node = image("node:22").unwrap();
    assert_eq!((node.user, node.home, node.workdir), (User::Root, Some("/root"), Some("/")));
    assert_eq!(node.entrypoint, Some(&["docker-entrypoint.sh"][..]));
    assert_eq!(node.account("node").map(|it| (it.uid, it.home)), Some((1000, "/home/node")));
    assert_eq!(image("node:8").unwrap().entrypoint, None);
    assert_eq!(image("gradle:3.5-jdk8").unwrap().user, User::Unknown);
    assert_eq!(node.docker_clean, Some(true));
    assert_eq!((node.sh, node.libc), (Some(Sh::Dash), Some(Libc::Glibc)));

    let alpine = image("node:22-alpine").unwrap();
    assert_eq!((alpine.sh, alpine.libc, alpine.docker_clean), (Some(Sh::Ash), Some(Libc::Musl), Some(false)));
    assert_eq!(image("php:8-fpm-alpine").unwrap().account("www-data").map(|it| it.uid), Some(82));
    assert_eq!(image("php:8-fpm").unwrap().account("www-data").map(|it| it.uid), Some(33));
    assert_eq!(image("php:8-fpm").unwrap().workdir, Some("/var/www/html"));
    assert_eq!(image("node:22-alpine").unwrap().account("www-data"), None);

    let nonroot = image("gcr.io/distroless/nodejs22-debian12:debug-nonroot").unwrap();
    assert_eq!(nonroot.user, User::Named { name: "nonroot", uid: Some(65532) });
    assert_eq!(nonroot.sh, Some(Sh::Absent));
    assert_eq!(image("grafana/grafana"), None);

    let windows = image("golang:1.22-nanoserver").unwrap();
    assert_eq!((windows.user, windows.shell, windows.env("GOPATH")), (User::Unknown, None, Lookup::Unknown));
}

#[test]
fn environments_are_told() {
    let value = |value: &str| Lookup::Value(value.into());
    let cases = [
        ("golang:1.22", "GOPATH", value("/go")),
        ("golang:1.22", "GOMODCACHE", Lookup::Unset),
        ("golang:1.22", "GOLANG_VERSION", Lookup::Unknown),
        ("rust:1-slim", "CARGO_HOME", value("/usr/local/cargo")),
        ("composer:2", "COMPOSER_HOME", value("/tmp")),
        ("ruby:3", "GEM_HOME", value("/usr/local/bundle")),
        ("ruby:3", "BUNDLE_PATH", Lookup::Unknown),
        ("debian", "PATH", value(DEFAULT_PATH)),
        ("debian", "PIP_CACHE_DIR", Lookup::Unset),
        ("scratch", "X", Lookup::Unset),
        ("nvidia/cuda:12.4.1-base-ubuntu22.04", "PATH", Lookup::Unknown),
        ("nvidia/cuda:12.4.1-base-ubuntu22.04", "NV_NVTX_VERSION", Lookup::Unknown),
        ("nvidia/cuda:12.4.1-base-ubuntu22.04", "PIP_CACHE_DIR", Lookup::Unset),
        ("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", "UV_CACHE_DIR", Lookup::Unset),
        ("public.ecr.aws/lambda/python:3.12", "LAMBDA_TASK_ROOT", value("/var/task")),
        ("tensorflow/tensorflow", "X", Lookup::Unknown),
    ];
    for (reference, name, expected) in cases {
        assert_eq!(image(reference).unwrap().env(name), expected, "{reference} {name}");
    }
}

#[test]
fn slim_siblings_are_named() {
    let cases: &[(&str, Option<&str>)] = &[
        ("python", Some("slim")),
        ("python:3.12", Some("3.12-slim")),
        ("python:3.12-bookworm", Some("3.12-slim-bookworm")),
        ("python:3.12-slim", None),
        ("python:3.12-alpine", None),
        ("python:2.7-wheezy", None),
        ("node:22", Some("22-slim")),
        ("node:22-bookworm", Some("22-bookworm-slim")),
        ("node:lts", Some("lts-slim")),
        ("rust:1-bookworm", Some("1-slim-bookworm")),
        ("golang:1.22", None),
        ("debian:bookworm", Some("bookworm-slim")),
        ("debian:bookworm-backports", None),
        ("debian", None),
        ("debian:12-slim", None),
        ("openjdk:8-jdk", Some("8-jdk-slim")),
        ("openjdk:17", None),
        ("ubuntu:22.04", None),
    ];
    for (reference, sibling) in cases {
        assert_eq!(image(reference).unwrap().slim_sibling.as_deref(), *sibling, "{reference}");
    }
}

#[test]
fn a_company_says_what_its_images_are_like() {
    let map: ImageMap = [
        ("registry.corp/base/python", "python:3.12-slim"),
        ("registry.corp/hub/node", "node"),
        ("registry.corp/base/go:1", "golang:1.22-alpine"),
        ("registry.corp/odd", "Not An Image"),
        ("registry.corp/nothing", "scratch"),
        ("python", "debian:12"),
    ]
    .into_iter()
    .map(|(name, like)| (name.to_owned(), like.to_owned()))
    .collect();
    let cases: &[(&str, Option<(Kind, Family)>)] = &[
        ("registry.corp/base/python", Some((Kind::Python, Family::Debian))),
        ("registry.corp/base/python:2024.1-alpine", Some((Kind::Python, Family::Debian))),
        ("registry.corp/hub/node:22-alpine", Some((Kind::Node, Family::Alpine))),
        ("registry.corp/base/go:1", Some((Kind::Golang, Family::Alpine))),
        ("registry.corp/base/go:2", None),
        ("registry.corp/odd", None),
        ("registry.corp/nothing:1", Some((Kind::System, Family::Scratch))),
        ("python:3", Some((Kind::System, Family::Debian))),
        ("node", Some((Kind::Node, Family::Debian))),
    ];
    for (reference, expected) in cases {
        let image = identify(reference, &map);
        assert_eq!(image.map(|image| (image.kind, image.family)), *expected, "{reference}");
    }
}

/// Each row can be reached: none stands behind a more general one of the same images.
#[test]
fn no_row_is_hidden() {
    for (at, row) in table::rows().enumerate() {
        assert!(!row.names.is_empty(), "row {at}");
        for name in row.names {
            let name = name.replace('*', "x");
            let tag = row.when.first().map_or(String::new(), |when| when.replace('*', "x"));
            let found = table::find(&name, &tag).unwrap();
            assert!(std::ptr::eq(found, row), "row {at}, {name}:{tag}");
            let canonical = table::canonical(&name.clone().into()).into_owned();
            assert_eq!(canonical, name, "its own name leads elsewhere");
        }
    }
}
