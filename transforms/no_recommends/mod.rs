//! See README.md: the check names the recommended packages that are known to matter.

mod kept;

use crate::commands::apt::sets_recommends;
use crate::commands::{Invocation, Tool, Verb, invocations};
use crate::rewrite;
use crate::transform::{Change, Finding, On, Promise, Transform, View};
use kept::Kept;

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

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
        let Some(mut edits) = edits.filter(|edits| !edits.is_empty()) else { continue };
        let kept = Kept::of(view, index, &apts);
        let Some(named) = kept.edits(view, script, &apts) else { continue };
        edits.extend(named);
        let words = std::iter::once("--no-install-recommends").chain(kept.named());
        let Ok(change) = Change::new(edits, words.map(|word| Promise::Flag(word.into()))) else { continue };
        findings.push(Finding::review(vec![index], "apt-get installs recommended packages, too", check(&kept), change));
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
fn check(kept: &Kept<'_>) -> String {
    if !kept.others.is_empty() {
        let known: Vec<String> = kept.others.iter().map(|(name, others)| format!("{name} ({others})")).collect();
        return format!("nothing needs what {} recommend", known.join(", "));
    }
    let names = &kept.names;
    let shown = names.iter().take(6).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > 6 { format!(" and {} more", names.len() - 6) } else { String::new() };
    format!("nothing needs a package that is only recommended by {shown}{more}")
}
