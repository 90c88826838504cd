//! See README.md: where the lists can be removed, and where nobody may miss them.

mod needs;

use crate::commands::apt::assumes_yes;
use crate::commands::files::deletes;
use crate::commands::{Invocation, Program, Runner, Verb, invocations};
use crate::rewrite;
use crate::shell::{Command, Operator, Pipeline, Script, Separator};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

use needs::{needed, updates};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const LISTS: &str = "/var/lib/apt/lists/*";

fn find(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, script) in view.scripts() {
        if !script.text().contains("apt") {
            continue;
        }
        let apts: Vec<Invocation> = invocations(script).into_iter().filter(Invocation::is_apt).collect();
        findings.extend(lists(view, index, script, &apts));
        findings.extend(yes(view, index, script, &apts));
    }
    findings
}

/// The lists that a RUN leaves.
fn lists(view: &View<'_>, index: usize, script: &Script, apts: &[Invocation]) -> Option<Finding> {
    let update = apts.iter().find(|apt| apt.verb == Verb::Update)?;
    // An update in a RUN of its own is what joins are for; what it leaves is meant to be there.
    apts.iter().find(|apt| matches!(apt.verb, Verb::Install | Verb::Upgrade))?;
    let programs: Vec<Program<'_>> = script.commands().into_iter().filter_map(Program::of).collect();
    let removed =
        programs.iter().flat_map(|program| deletes(script, program)).any(|path| path.starts_with("/var/lib/apt"));
    if removed
        || ["/var/lib/apt", "apt/lists", "/var/lib/{", "Dir::State"].iter().any(|text| script.text().contains(text))
        || apts.iter().any(|apt| matches!(&*apt.subcommand, "dist-clean" | "distclean"))
        || mounted(view, index)
    {
        return None;
    }
    let message = "the layer keeps the package lists";
    let held = |reason: String| Some(Finding::held(vec![index], message, reason));
    if !updates(script, update) {
        // It may not have run: there may be nothing to remove.
        return rewrite::appendable(script).err().and_then(|reason| held(reason.into()));
    }
    let instruction = view.instruction(index);
    if update.runner != Runner::Same && !update.cleared {
        return held("the update runs as another user, by a tool that is not sudo".into());
    }
    let rm = if update.runner == Runner::Other(Some("root".into())) && update.cleared {
        format!("sudo rm -rf {LISTS}")
    } else {
        format!("rm -rf {LISTS}")
    };
    let stage = view.doc.stage_of(index)?;
    if !view.graph().ships(stage) {
        return held("the stage is not shipped: what it keeps costs nothing".into());
    }
    if let Some(reason) = needed(view, index, stage) {
        return held(reason);
    }
    if let Some(word) =
        programs.iter().map(|program| program.name).find(|name| matches!(*name, "exit" | "exec" | "trap"))
    {
        return held(format!("`{word}` may end the script before its end"));
    }
    match rewrite::append(view.doc, instruction, script, &rm) {
        Err(reason) => held(reason.into()),
        Ok(edit) => {
            let promises = [Promise::RemovesPath("/var/lib/apt/lists".into()), Promise::AddsCommand(rm.into())];
            Change::new([edit], promises).ok().map(|change| Finding::safe(vec![index], message, change))
        }
    }
}

/// Whether a mount covers the lists.
fn mounted(view: &View<'_>, index: usize) -> bool {
    let instruction = view.instruction(index);
    instruction.flags.iter().any(|flag| {
        let text = view.doc.joined(instruction, flag.span);
        text.starts_with("--mount")
            && (text.contains("/var/lib") || text.contains("$") || text.contains("=/var,") || text.ends_with("=/var"))
    })
}

/// Installations that ask a question.
fn yes(view: &View<'_>, index: usize, script: &Script, apts: &[Invocation]) -> Option<Finding> {
    let errexit = view.scope(index).shell.errexit;
    let asks = |apt: &&Invocation| {
        fails_the_build(script, apt, errexit)
            && apt.literal()
            && !assumes_yes(apt)
            && &*apt.subcommand == "install"
            && !apt.operands.is_empty()
            && !apt.has(QUIET)
    };
    // `yes |` answers already; a configuration may.
    let text = script.text();
    if text.contains('|') && text.contains("yes") || text.contains("apt.conf") || text.contains("Assume-Yes") {
        return None;
    }
    let edits: Option<Vec<_>> =
        apts.iter().filter(asks).map(|apt| rewrite::insert_word(script, apt.verb_end, "-y")).collect();
    let edits = edits.filter(|edits| !edits.is_empty())?;
    let change = Change::new(edits, [Promise::Flag("-y".into())]).ok()?;
    Some(Finding::safe(vec![index], "apt-get install asks a question that nobody answers", change))
}

/// With one of these nothing is asked, or the answer is to be no.
const QUIET: &[&str] = &[
    "-s",
    "--simulate",
    "--just-print",
    "--dry-run",
    "--recon",
    "--no-act",
    "--print-uris",
    "-d",
    "--download-only",
    "--assume-no",
    "--trivial-only",
];

/// Whether a failure of the command fails the build, so that a build that works answers with yes already: it stands in a
/// list of commands joined by `&&`, which is the last one or under `set -e`, and reads nothing.
fn fails_the_build(script: &Script, apt: &Invocation, errexit: bool) -> bool {
    let Ok(list) = script.body() else { return false };
    let Some(at) = list.items.iter().position(|item| item.and_or.span.contains(apt.span)) else { return false };
    let item = &list.items[at];
    let pipelines = rewrite::pipelines(item);
    let plain = |pipeline: &&&Pipeline| matches!(&pipeline.commands[..], [Command::Simple(simple)] if simple.span == apt.span && simple.redirections.is_empty());
    let Some(place) = pipelines.iter().position(|pipeline| plain(&pipeline) && !pipeline.negated) else { return false };
    let last = at + 1 == list.items.len();
    // Under `set -e` only the last command of a list ends the script.
    let errexit = (errexit || script.text().starts_with("set -e")) && place + 1 == pipelines.len();
    item.and_or.rest.iter().all(|(operator, ..)| *operator == Operator::And)
        && item.separator != Separator::Background
        && (last || errexit)
}
