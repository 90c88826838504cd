//! The program of the image that asks.

use super::{Reason, Ship};
use crate::commands::{Tool as Manager, Verb, recognise};
use crate::images::{Family, Kind, Sh};

/// Package managers of systems.
const SYSTEM: &[Manager] =
    &[Manager::AptGet, Manager::Apt, Manager::Apk, Manager::Dnf, Manager::Microdnf, Manager::Yum, Manager::Zypper];

/// A program that asks over HTTP, and fails if the answer is an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Node, from 18 on.
    Fetch,
    /// Node before 18.
    Node,
    /// Python 3.
    Python,
    Curl,
    /// GNU's or BusyBox's: what they have in common.
    Wget,
}

impl Tool {
    /// The words of the command, without a double quote or backslash in them.
    pub(super) fn command(self, url: &str) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::Fetch => vec!["node", "-e"],
            Self::Node => vec!["node", "-e"],
            Self::Python => vec!["python", "-c"],
            Self::Curl => vec!["curl", "-fsS", "-o", "/dev/null"],
            Self::Wget => vec!["wget", "-q", "-O", "/dev/null"],
        };
        let last = match self {
            Self::Fetch => format!("fetch('{url}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"),
            Self::Node => format!(
                "require('http').get('{url}', r => process.exit(r.statusCode < 400 ? 0 : 1)).on('error', () => \
                 process.exit(1))"
            ),
            // It raises an error for an answer that is one.
            Self::Python => format!("import urllib.request; urllib.request.urlopen('{url}', timeout=3)"),
            Self::Curl | Self::Wget => url.to_owned(),
        };
        words.into_iter().map(str::to_owned).chain([last]).collect()
    }
}

/// One that the image has for certain.
pub(super) fn of(ship: &Ship<'_>) -> Result<Tool, Reason> {
    let image = ship.image;
    let major = image.version.as_deref().and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    match image.kind {
        Kind::Node => {
            return Ok(if major.is_some_and(|major| major < 18) { Tool::Node } else { Tool::Fetch });
        }
        Kind::Python if major.is_none_or(|major| major >= 3) => return Ok(Tool::Python),
        _ => {}
    }
    if let Some(tool) = installed(ship) {
        return Ok(tool);
    }
    // https://github.com/docker-library/buildpack-deps: curl is in the smallest of them.
    let buildpack = matches!(image.kind, Kind::BuildpackDeps | Kind::Golang | Kind::Rust | Kind::Ruby)
        && image.family == Family::Debian
        && !image.slim;
    match image.family {
        Family::Alpine | Family::Busybox if image.sh == Some(Sh::Ash) => Ok(Tool::Wget),
        _ if buildpack => Ok(Tool::Curl),
        Family::Distroless | Family::Scratch => Err("the image has no program that asks over HTTP".into()),
        _ => Err("the image is not known to have curl or wget, which a RUN could install".into()),
    }
}

/// curl or wget, where a RUN installs one, and none removes it.
fn installed(ship: &Ship<'_>) -> Option<Tool> {
    let mut found = None;
    for index in &ship.instructions {
        let Some(script) = ship.view.script(*index) else { continue };
        for it in script.commands().into_iter().filter_map(|simple| recognise(script, simple)) {
            let names = || it.literals().map(|name| name.split('=').next().unwrap_or(name));
            if !SYSTEM.contains(&it.tool) {
                continue;
            }
            match it.verb {
                Verb::Install if names().any(|name| name == "curl") => found = Some(Tool::Curl),
                Verb::Install if names().any(|name| name == "wget") => found = found.or(Some(Tool::Wget)),
                Verb::Remove if names().any(|name| matches!(name, "curl" | "wget") || name.starts_with('.')) => {
                    return None;
                }
                _ => {}
            }
        }
    }
    found
}
