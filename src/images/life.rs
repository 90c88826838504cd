//! What gets no fixes any more: releases whose support is over, and images that nobody builds.
//!
//! Only what is over is listed, with the month in which it ended: nothing here depends on today's date.

use super::{Family, Image, Kind};

/// Debian, with the long-term support by volunteers. <https://wiki.debian.org/LTS>
const DEBIAN: &[(&str, &str)] = &[
    ("squeeze", "2016-02"),
    ("wheezy", "2018-05"),
    ("jessie", "2020-06"),
    ("stretch", "2022-06"),
    ("buster", "2024-06"),
    ("bullseye", "2026-08"),
];

/// Ubuntu, standard support. <https://ubuntu.com/about/release-cycle>
const UBUNTU: &[(&str, &str)] = &[
    ("precise", "2017-04"),
    ("trusty", "2019-04"),
    ("xenial", "2021-04"),
    ("yakkety", "2017-07"),
    ("zesty", "2018-01"),
    ("artful", "2018-07"),
    ("bionic", "2023-05"),
    ("cosmic", "2019-07"),
    ("disco", "2020-01"),
    ("eoan", "2020-07"),
    ("focal", "2025-05"),
    ("groovy", "2021-07"),
    ("hirsute", "2022-01"),
    ("impish", "2022-07"),
    ("kinetic", "2023-07"),
    ("lunar", "2024-01"),
    ("mantic", "2024-07"),
    ("oracular", "2025-07"),
    ("plucky", "2026-01"),
];

/// <https://alpinelinux.org/releases/>
const ALPINE: &[(&str, &str)] = &[
    ("3.1", "2016-11"),
    ("3.2", "2017-05"),
    ("3.3", "2017-11"),
    ("3.4", "2018-05"),
    ("3.5", "2018-11"),
    ("3.6", "2019-05"),
    ("3.7", "2019-11"),
    ("3.8", "2020-05"),
    ("3.9", "2020-11"),
    ("3.10", "2021-05"),
    ("3.11", "2021-11"),
    ("3.12", "2022-05"),
    ("3.13", "2022-11"),
    ("3.14", "2023-05"),
    ("3.15", "2023-11"),
    ("3.16", "2024-05"),
    ("3.17", "2024-11"),
    ("3.18", "2025-05"),
    ("3.19", "2025-11"),
    ("3.20", "2026-04"),
    ("3.21", "2026-11"),
];

/// <https://www.centos.org/centos-linux-eol/>
const CENTOS: &[(&str, &str)] = &[("5", "2017-03"), ("6", "2020-11"), ("7", "2024-06"), ("8", "2021-12")];

/// <https://github.com/nodejs/release#end-of-life-releases>
const NODE: &[(&str, &str)] = &[
    ("4", "2018-04"),
    ("5", "2016-06"),
    ("6", "2019-04"),
    ("7", "2017-06"),
    ("8", "2019-12"),
    ("9", "2018-06"),
    ("10", "2021-04"),
    ("11", "2019-06"),
    ("12", "2022-04"),
    ("13", "2020-06"),
    ("14", "2023-04"),
    ("15", "2021-06"),
    ("16", "2023-09"),
    ("17", "2022-06"),
    ("18", "2025-04"),
    ("19", "2023-06"),
    ("20", "2026-04"),
    ("21", "2024-06"),
    ("23", "2025-06"),
];

/// <https://devguide.python.org/versions/>
const PYTHON: &[(&str, &str)] = &[
    ("2", "2020-01"),
    ("3.2", "2016-02"),
    ("3.3", "2017-09"),
    ("3.4", "2019-03"),
    ("3.5", "2020-09"),
    ("3.6", "2021-12"),
    ("3.7", "2023-06"),
    ("3.8", "2024-10"),
    ("3.9", "2025-10"),
    ("3.10", "2026-10"),
];

/// <https://www.ruby-lang.org/en/downloads/branches/>
const RUBY: &[(&str, &str)] = &[
    ("1", "2015-02"),
    ("2.0", "2016-02"),
    ("2.1", "2017-03"),
    ("2.2", "2018-03"),
    ("2.3", "2019-03"),
    ("2.4", "2020-03"),
    ("2.5", "2021-03"),
    ("2.6", "2022-04"),
    ("2.7", "2023-03"),
    ("3.0", "2024-04"),
    ("3.1", "2025-03"),
    ("3.2", "2026-03"),
];

/// <https://www.php.net/eol.php>
const PHP: &[(&str, &str)] = &[
    ("5", "2018-12"),
    ("7.0", "2019-01"),
    ("7.1", "2019-12"),
    ("7.2", "2020-11"),
    ("7.3", "2021-12"),
    ("7.4", "2022-11"),
    ("7", "2022-11"),
    ("8.0", "2023-11"),
    ("8.1", "2025-12"),
];

/// A release is supported until there are two newer ones. <https://go.dev/doc/devel/release>
const GO: &[(&str, &str)] = &[
    ("1.5", "2016-08"),
    ("1.6", "2017-02"),
    ("1.7", "2017-08"),
    ("1.8", "2018-02"),
    ("1.9", "2018-08"),
    ("1.10", "2019-02"),
    ("1.11", "2019-09"),
    ("1.12", "2020-02"),
    ("1.13", "2020-08"),
    ("1.14", "2021-02"),
    ("1.15", "2021-08"),
    ("1.16", "2022-03"),
    ("1.17", "2022-08"),
    ("1.18", "2023-02"),
    ("1.19", "2023-08"),
    ("1.20", "2024-02"),
    ("1.21", "2024-08"),
    ("1.22", "2025-02"),
    ("1.23", "2025-08"),
    ("1.24", "2026-02"),
];

/// <https://dotnet.microsoft.com/en-us/platform/support/policy/dotnet-core>
const DOTNET: &[(&str, &str)] = &[
    ("1.0", "2019-06"),
    ("1.1", "2019-06"),
    ("2.0", "2018-10"),
    ("2.1", "2021-08"),
    ("2.2", "2019-12"),
    ("3.0", "2020-03"),
    ("3.1", "2022-12"),
    ("5.0", "2022-05"),
    ("6.0", "2024-11"),
    ("7.0", "2024-05"),
];

/// <https://www.postgresql.org/support/versioning/>
const POSTGRES: &[(&str, &str)] =
    &[("9", "2021-11"), ("10", "2022-11"), ("11", "2023-11"), ("12", "2024-11"), ("13", "2025-11")];

/// <https://endoflife.date/mysql>, after Oracle's support policy.
const MYSQL: &[(&str, &str)] = &[("5.5", "2018-12"), ("5.6", "2021-02"), ("5.7", "2023-10"), ("8.0", "2026-04")];

/// <https://www.mongodb.com/legal/support-policy/lifecycles>
const MONGO: &[(&str, &str)] = &[
    ("3", "2021-04"),
    ("4.0", "2022-04"),
    ("4.2", "2023-04"),
    ("4.4", "2024-02"),
    ("5.0", "2024-10"),
    ("6.0", "2025-07"),
];

/// Images that get no updates, and what takes their place. Those without a namespace are marked as deprecated on Docker
/// Hub: <https://github.com/docker-library/docs> (`deprecated.md` of each).
const DEPRECATED: &[(&str, &str)] = &[
    ("adoptopenjdk", "eclipse-temurin"),
    ("centos", "a distribution that gets fixes, such as almalinux or rockylinux/rockylinux"),
    ("circleci/*", "cimg/*"),
    ("consul", "hashicorp/consul"),
    ("django", "python"),
    ("fsharp", "mcr.microsoft.com/dotnet/sdk"),
    ("iojs", "node"),
    ("java", "eclipse-temurin"),
    ("jenkins", "jenkins/jenkins"),
    ("jenkinsci/*", "jenkins/*"),
    ("microsoft/aspnetcore", "mcr.microsoft.com/dotnet/aspnet"),
    ("microsoft/aspnetcore-build", "mcr.microsoft.com/dotnet/sdk"),
    ("microsoft/dotnet", "mcr.microsoft.com/dotnet/sdk, aspnet or runtime"),
    ("nats-streaming", "nats"),
    ("openjdk", "eclipse-temurin"),
    ("opensuse", "opensuse/leap"),
    ("owncloud", "owncloud/server"),
    ("piwik", "matomo"),
    ("plone", "plone/plone-backend"),
    ("rails", "ruby"),
    ("swarm", "Docker's own swarm mode"),
    ("ubuntu-debootstrap", "ubuntu"),
    ("ubuntu-upstart", "ubuntu"),
    ("vault", "hashicorp/vault"),
];

/// A release that gets no fixes any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its name: `Node.js 14`, `Debian buster`.
    pub name: String,
    /// The month in which support ended: `2023-04`.
    pub month: &'static str,
}

/// What of `image` gets no fixes any more: what it is for, or else what it is built on.
#[must_use]
pub fn ended(image: &Image) -> Option<Ended> {
    let version = image.version.as_deref();
    let repository = image.repository.rsplit('/').next().unwrap_or(&image.repository);
    let product = match image.kind {
        Kind::Node => Some(("Node.js", NODE)),
        Kind::Python => Some(("Python", PYTHON)),
        Kind::Ruby => Some(("Ruby", RUBY)),
        Kind::Php => Some(("PHP", PHP)),
        Kind::Golang => Some(("Go", GO)),
        Kind::DotnetSdk | Kind::DotnetAspnet | Kind::DotnetRuntime | Kind::DotnetRuntimeDeps => Some((".NET", DOTNET)),
        Kind::Database => match repository {
            "postgres" => Some(("PostgreSQL", POSTGRES)),
            "mysql" => Some(("MySQL", MYSQL)),
            "mongo" => Some(("MongoDB", MONGO)),
            _ => None,
        },
        _ => None,
    };
    let of_product = product.zip(version).and_then(|((name, table), version)| find(name, table, version));
    of_product.or_else(|| {
        let release = image.release.as_deref()?;
        match image.family {
            Family::Debian => find("Debian", DEBIAN, release),
            Family::Ubuntu => find("Ubuntu", UBUNTU, release),
            Family::Alpine => find("Alpine", ALPINE, release),
            Family::RedHat if repository == "centos" => find("CentOS", CENTOS, release),
            _ => None,
        }
    })
}

/// The entry of `table` that `version` is of: the longest one.
fn find(name: &str, table: &'static [(&'static str, &'static str)], version: &str) -> Option<Ended> {
    let of = |cycle: &str| version.strip_prefix(cycle).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let (cycle, month) = table.iter().filter(|(cycle, _)| of(cycle)).max_by_key(|(cycle, _)| cycle.len())?;
    Some(Ended { name: format!("{name} {cycle}"), month })
}

/// What takes the place of an image that nobody builds any more, by the shortest name of its repository.
#[must_use]
pub fn replacement(familiar: &str) -> Option<&'static str> {
    let is = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => familiar.starts_with(start),
        None => familiar == pattern,
    };
    DEPRECATED.iter().find(|(pattern, _)| is(pattern)).map(|(_, place)| *place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::{ImageMap, identify};

    #[test]
    fn what_is_over_is_found() {
        let told = |reference: &str| {
            identify(reference, &ImageMap::new())
                .and_then(|image| ended(&image))
                .map(|it| format!("{} {}", it.name, it.month))
        };
        for (reference, expected) in [
            ("node:14", Some("Node.js 14 2023-04")),
            ("node:14.17.0-alpine3.12", Some("Node.js 14 2023-04")),
            ("node:140", None),
            ("node:22", None),
            ("node:lts", None),
            ("node:22-buster-slim", Some("Debian buster 2024-06")),
            ("node:lts-alpine3.14", Some("Alpine 3.14 2023-05")),
            ("python:3", None),
            ("python:2.7", Some("Python 2 2020-01")),
            ("python:3.1", None),
            ("python:3.10-slim", Some("Python 3.10 2026-10")),
            ("php:7.4.33-fpm", Some("PHP 7.4 2022-11")),
            ("php:8", None),
            ("golang:1.17-alpine", Some("Go 1.17 2022-08")),
            ("debian:buster-slim", Some("Debian buster 2024-06")),
            ("debian:10.3", Some("Debian buster 2024-06")),
            ("debian", None),
            ("ubuntu:18.04", Some("Ubuntu bionic 2023-05")),
            ("ubuntu:latest", None),
            ("alpine:3.9", Some("Alpine 3.9 2020-11")),
            ("alpine:3", None),
            ("centos:7.9.2009", Some("CentOS 7 2024-06")),
            ("mcr.microsoft.com/dotnet/aspnet:6.0-alpine", Some(".NET 6.0 2024-11")),
            ("postgres:9.6", Some("PostgreSQL 9 2021-11")),
            ("postgres:16", None),
            ("example.org/node:14", None),
        ] {
            assert_eq!(told(reference).as_deref(), expected, "{reference}");
        }
        assert_eq!(replacement("openjdk"), Some("eclipse-temurin"));
        assert_eq!(replacement("circleci/node"), Some("cimg/*"));
        assert_eq!(replacement("eclipse-temurin"), None);
    }
}
