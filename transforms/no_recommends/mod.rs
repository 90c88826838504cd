//! See README.md: the check names the recommended packages that are known to matter.

use crate::commands::apt::{Package, sets_recommends};
use crate::commands::{Invocation, Tool, Verb, invocations};
use crate::rewrite;
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

/// Recommended packages that matter, from the package index of Debian 12.
const RECOMMENDS: &[(&str, &str)] = &[
    ("apache2", "ssl-cert"),
    ("cmake", "gcc, make"),
    ("cpanminus", "make"),
    ("cron", "a mail transfer agent"),
    ("curl", "ca-certificates"),
    ("docker.io", "ca-certificates, git, xz-utils"),
    ("dpkg-dev", "build-essential, fakeroot, gnupg"),
    ("g++", "libc6-dev"),
    ("gcc", "libc6-dev"),
    ("git", "ca-certificates, less, openssh-client, patch"),
    ("graphviz", "fonts"),
    ("imagemagick", "fonts, ghostscript"),
    ("libcurl4", "ca-certificates"),
    ("mercurial", "openssh-client"),
    ("npm", "build-essential, git"),
    ("openssh-client", "xauth"),
    ("perl", "netbase"),
    ("python3-pip", "build-essential, python3-dev"),
    ("r-base-core", "r-recommended"),
    ("wget", "ca-certificates"),
    ("xvfb", "xauth"),
];

fn find(view: &View<'_>) -> Vec<Finding> {
    // A configuration that switches them off would be written before the install.
    if view.doc.text().contains("Install-Recommends \"")
        || view.doc.text().contains("Install-Recommends=") && view.doc.text().contains("apt.conf")
    {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, script) in view.scripts() {
        if !script.text().contains("apt-get") {
            continue;
        }
        let wanted = |apt: &Invocation| {
            apt.tool == Tool::AptGet
                && apt.verb == Verb::Install
                && &*apt.subcommand == "install"
                && !sets_recommends(apt)
                && !apt.operands.is_empty()
                && apt.certain
        };
        let apts: Vec<Invocation> = invocations(script).into_iter().filter(wanted).collect();
        let edits: Option<Vec<_>> =
            apts.iter().map(|apt| rewrite::insert_word(script, options_end(apt), "--no-install-recommends")).collect();
        let Some(edits) = edits.filter(|edits| !edits.is_empty()) else { continue };
        let Ok(change) = Change::new(edits, [Promise::Flag("--no-install-recommends".into())]) else { continue };
        findings.push(Finding::review(vec![index], "apt-get installs recommended packages, too", check(&apts), change));
    }
    findings
}

/// Behind the verb and the flags right after it.
fn options_end(apt: &Invocation) -> usize {
    let first = apt.operands.iter().map(|operand| operand.span.start).min().unwrap_or(apt.verb_end);
    let ends = apt.flags.iter().filter(|flag| flag.span.start >= apt.verb_end && flag.span.end <= first);
    let ends = ends.map(|flag| flag.value.as_ref().map_or(flag.span.end, |value| value.span.end.max(flag.span.end)));
    ends.max().unwrap_or(apt.verb_end).max(apt.verb_end)
}

/// What a person has to look at.
fn check(apts: &[Invocation]) -> String {
    let operands = apts.iter().flat_map(|apt| &apt.operands);
    let mut names: Vec<&str> = operands
        .map(|operand| operand.literal.as_deref().map_or("a variable", |text| Package::parse(text).name))
        .collect();
    names.sort_unstable();
    names.dedup();
    let known: Vec<String> = names
        .iter()
        .filter_map(|name| {
            let (_, recommended) = RECOMMENDS.iter().find(|(package, _)| package == name)?;
            Some(format!("{name} ({recommended})"))
        })
        .collect();
    if !known.is_empty() {
        return format!("nothing needs what {} recommend", known.join(", "));
    }
    let shown = names.iter().take(6).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > 6 { format!(" and {} more", names.len() - 6) } else { String::new() };
    format!("nothing needs a package that is only recommended by {shown}{more}")
}
