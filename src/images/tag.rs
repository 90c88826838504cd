//! What the tag of an image says: the system that it is built on, its release, the version of what it is for.

use super::Family;

/// Debian's releases: codename and number. <https://www.debian.org/releases/>
const DEBIAN: &[(&str, &str)] = &[
    ("forky", "14"),
    ("trixie", "13"),
    ("bookworm", "12"),
    ("bullseye", "11"),
    ("buster", "10"),
    ("stretch", "9"),
    ("jessie", "8"),
    ("wheezy", "7"),
    ("squeeze", "6"),
];

/// Ubuntu's releases: codename and number. <https://wiki.ubuntu.com/Releases>
const UBUNTU: &[(&str, &str)] = &[
    ("resolute", "26.04"),
    ("questing", "25.10"),
    ("plucky", "25.04"),
    ("oracular", "24.10"),
    ("noble", "24.04"),
    ("mantic", "23.10"),
    ("lunar", "23.04"),
    ("kinetic", "22.10"),
    ("jammy", "22.04"),
    ("impish", "21.10"),
    ("hirsute", "21.04"),
    ("groovy", "20.10"),
    ("focal", "20.04"),
    ("eoan", "19.10"),
    ("disco", "19.04"),
    ("cosmic", "18.10"),
    ("bionic", "18.04"),
    ("artful", "17.10"),
    ("zesty", "17.04"),
    ("yakkety", "16.10"),
    ("xenial", "16.04"),
    ("trusty", "14.04"),
    ("precise", "12.04"),
];

/// Whether `part` of a tag is a codename of Debian.
pub(super) fn is_debian(part: &str) -> bool {
    part == "sid" || DEBIAN.iter().any(|(codename, _)| *codename == part)
}

/// The system that `tag` names, and its release.
pub(super) fn system(tag: &str) -> Option<(Family, Option<Box<str>>)> {
    tag.split('-').find_map(of_part)
}

fn of_part(part: &str) -> Option<(Family, Option<Box<str>>)> {
    if is_debian(part) {
        return Some((Family::Debian, Some(part.into())));
    }
    if UBUNTU.iter().any(|(codename, _)| *codename == part) {
        return Some((Family::Ubuntu, Some(part.into())));
    }
    let end = part.find(|byte: char| byte.is_ascii_digit()).unwrap_or(part.len());
    let (name, number) = part.split_at(end);
    let family = match name {
        "alpine" => Family::Alpine,
        "debian" => Family::Debian,
        "ubuntu" => Family::Ubuntu,
        "ubi" | "rockylinux" | "rocky" | "centos" | "fedora" | "oraclelinux" | "oracle" | "ol" | "almalinux"
        | "rhel" | "amazonlinux" | "al" => Family::RedHat,
        "azurelinux" | "mariner" | "cbl" => Family::AzureLinux,
        "leap" | "opensuse" | "bci" => Family::Suse,
        "busybox" => Family::Busybox,
        "windowsservercore" | "nanoserver" | "servercore" | "windows" => Family::Windows,
        _ => return None,
    };
    let release = match family {
        // Which Amazon Linux decides about its package manager.
        Family::RedHat if matches!(name, "al" | "amazonlinux") && !number.is_empty() => {
            Some(format!("al{number}").into())
        }
        Family::Windows => None,
        _ => release(family, number),
    };
    Some((family, release))
}

/// The release of `family` that `tag`, the tag of the distribution's own image, names. `latest`, `stable`, `rolling`
/// and the like move, and name none.
pub(super) fn release(family: Family, tag: &str) -> Option<Box<str>> {
    let part = tag.split('-').next()?;
    let number = part.trim_start_matches(|byte: char| !byte.is_ascii_digit());
    let mut numbers = number.split('.');
    let major = numbers.next().filter(|major| !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit()));
    let minor = numbers.next().filter(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()));
    let codename = |table: &[(&str, &str)], number: &str| {
        table.iter().find(|(_, of)| *of == number).map(|(codename, _)| (*codename).into())
    };
    match family {
        Family::Debian if is_debian(part) => Some(part.into()),
        Family::Debian => codename(DEBIAN, major?),
        Family::Ubuntu if UBUNTU.iter().any(|(codename, _)| *codename == part) => Some(part.into()),
        Family::Ubuntu => codename(UBUNTU, &format!("{}.{}", major?, minor?)),
        Family::Alpine if part == "edge" => Some("edge".into()),
        // `alpine:3` moves; `alpine:20240923` is a snapshot of edge.
        Family::Alpine | Family::Suse | Family::AzureLinux => Some(format!("{}.{}", major?, minor?).into()),
        Family::RedHat => major.map(Into::into),
        _ => None,
    }
}

/// The release of Debian in the name of a distroless image: `bookworm` for `gcr.io/distroless/static-debian12`.
pub(super) fn distroless_release(name: &str) -> Option<&'static str> {
    let (_, number) = name.rsplit_once("-debian")?;
    DEBIAN.iter().find(|(_, of)| *of == number).map(|(codename, _)| *codename)
}

/// The version of what the image is for: the first part of `tag` that is one, before what the system is.
pub(super) fn version(tag: &str) -> Option<&str> {
    let first = tag.split('-').next()?;
    if of_part(first).is_some() {
        return None;
    }
    // uv's `python3.12`, gradle's `jdk17`, Go's and distroless' plain numbers.
    let version = first.trim_start_matches(|byte: char| byte.is_ascii_alphabetic());
    version.starts_with(|byte: char| byte.is_ascii_digit()).then_some(version)
}
