//! apk: `--no-cache` fetches the index anew and does not keep it.

use std::collections::BTreeMap;

use super::missed::{Traces, missed};
use super::{Call, Reason, Run};
use crate::commands::{Invocation, Program, Tool, Verb, apk::REFRESHES};
use crate::images::Family;
use crate::rewrite;
use crate::source::Edit;
use crate::transform::{Change, Finding, Promise, paths};

const MESSAGE: &str = "the layer keeps the package index";

const DIRECTORIES: &[&str] = &["/var/cache/apk", "/etc/apk/cache"];

/// What is to be done in each RUN; where one leaves an index, those behind it may install from that.
pub fn find(runs: &[Run<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    // RUNs whose index stays.
    let mut left: Vec<usize> = Vec::new();
    let mut wants: BTreeMap<usize, (&Run<'_>, Want<'_>)> = BTreeMap::new();
    for run in runs {
        let Some(want) = want(run) else { continue };
        if want.adds.is_empty() {
            left.push(run.index);
            continue;
        }
        wants.insert(run.index, (run, want));
    }
    // What cannot be done to one RUN may stand in the way of another: later ones, and so on.
    loop {
        let mut stays = Vec::new();
        for (index, (run, want)) in &wants {
            if !left.contains(index) && change(run, want, &left, &wants).is_err() {
                stays.push(*index);
            }
        }
        if stays.is_empty() {
            break;
        }
        left.extend(stays);
    }
    for (run, want) in wants.values() {
        findings.extend(match change(run, want, &left, &wants) {
            Ok(change) => Some(Finding::safe(vec![run.index], MESSAGE, change)),
            Err(reason) => Some(run.held(MESSAGE, reason)),
        });
    }
    findings
}

/// What a RUN does with the index.
struct Want<'r> {
    /// Commands that install.
    adds: Vec<&'r Call<'r>>,
    /// Commands that only fetch the index.
    updates: Vec<&'r Call<'r>>,
}

/// What a RUN does with the index, if that stays.
fn want<'r>(run: &'r Run<'r>) -> Option<Want<'r>> {
    let calls: Vec<&Call<'_>> = run.calls.iter().filter(|call| call.invocation.tool == Tool::Apk).collect();
    let installs = |it: &Invocation| matches!(it.verb, Verb::Install | Verb::Upgrade);
    let adds: Vec<&Call<'_>> = calls.iter().copied().filter(|call| installs(&call.invocation)).collect();
    let updates: Vec<&Call<'_>> =
        calls.iter().copied().filter(|call| call.invocation.verb == Verb::Update && !bare(call)).collect();
    let last = adds.iter().filter(|call| !bare(call)).chain(&updates).map(|call| call.simple.span.end).max()?;
    let directories: Vec<String> = DIRECTORIES.iter().map(|&path| path.to_owned()).collect();
    if run.mounted(&directories) || run.removes(last, &directories[..1], &["/var/cache/apk"]) {
        return None;
    }
    Some(Want { adds, updates })
}

/// Whether a command keeps no index, or fetches none.
fn bare(call: &Call<'_>) -> bool {
    call.invocation.has(&["--no-cache", "--no-network"])
}

/// The change to a RUN, or why not. `left`: RUNs whose index stays.
fn change(
    run: &Run<'_>,
    want: &Want<'_>,
    left: &[usize],
    wants: &BTreeMap<usize, (&Run<'_>, Want<'_>)>,
) -> Result<Change, Reason> {
    if let Some(reason) = run.unshipped(&[DIRECTORIES[0].to_owned()], None) {
        return Err(reason);
    }
    let text = run.view.doc.text();
    if ["/etc/apk/cache", "setup-apkcache", "--cache-dir", "--cache-max-age", "cache-packages"]
        .iter()
        .any(|it| text.contains(it))
    {
        return Err("the file sets up a cache of packages".into());
    }
    let line = |at: usize| run.view.doc.line(run.view.instruction(at).span.start);
    let stage = run.view.doc.stage_of(run.index).unwrap_or_default();
    for call in &run.calls {
        let it = &call.invocation;
        if it.tool != Tool::Apk {
            continue;
        }
        if it.has(&["-p", "--root", "--no-network", "--initdb", "--repositories-file"]) {
            return Err("its flags make it work in another root, or without network".into());
        }
        let name = it.subcommand.split(' ').next().unwrap_or_default();
        if matches!(name, "search" | "list" | "policy" | "version" | "dot" | "fetch" | "cache" | "index") {
            return Err(format!("`apk {name}` reads the index").into());
        }
    }
    let mut edits: Vec<Edit> = Vec::new();
    let mut promises = vec![Promise::RemovesPath("/var/cache/apk".into())];
    let mut fresh = !want.updates.is_empty();
    for call in want.adds.iter().filter(|call| !bare(call)) {
        fresh |= call.invocation.has(REFRESHES);
        edits.push(told(run, &call.invocation, &mut promises)?);
    }
    // Someone before has fetched an index: what is installed may be of that one.
    let earlier = left.iter().find(|at| **at < run.index && paths::related(run.view, **at, stage));
    if let Some(at) = earlier.filter(|_| !fresh && !edits.is_empty()) {
        return Err(format!("it may install from the index of line {}, and would have a newer one", line(*at)).into());
    }
    if !want.updates.is_empty() {
        edits.extend(updates(run, want, &mut promises)?);
    }
    needed(run, stage, left, wants)?;
    let directories = [DIRECTORIES[0].to_owned()];
    let traces = Traces { directories: &directories, hints: &["/var/cache/apk"], offline: &["--no-network"] };
    if let Some(reason) = missed(run, &traces) {
        return Err(reason);
    }
    Change::new(edits, promises).map_err(|_| "its words overlap".into())
}

/// The edit that gives a command `--no-cache`, in the place of `--update` where it has that.
fn told(run: &Run<'_>, invocation: &Invocation, promises: &mut Vec<Promise>) -> Result<Edit, Reason> {
    promises.push(Promise::Flag("--no-cache".into()));
    let alone = |name: &str| !name.is_empty() && REFRESHES.contains(&name);
    let update = invocation.flags.iter().find(|flag| alone(&flag.name) && !flag.clustered && flag.value.is_none());
    if let Some(flag) = update
        && let Some(span) = run.script.source(flag.span)
        && span.len() == flag.span.len()
    {
        promises.push(Promise::Flag(flag.name.to_string().into()));
        return Ok(Edit::replace(run.view.doc.text(), span, "--no-cache"));
    }
    rewrite::insert_word(run.script, invocation.verb_end, "--no-cache").ok_or_else(|| "it is not in the file".into())
}

/// The edits that take `apk update` away.
fn updates(run: &Run<'_>, want: &Want<'_>, promises: &mut Vec<Promise>) -> Result<Vec<Edit>, Reason> {
    let script = run.script;
    let last = want.adds.iter().map(|call| call.simple.span.start).max().unwrap_or_default();
    let errexit = run.around.scope.shell.errexit || rewrite::sets_errexit(script);
    let mut edits = Vec::new();
    for call in &want.updates {
        let text = script.slice(call.simple.span);
        if call.simple.span.start > last {
            return Err("an update comes behind what it installs".into());
        }
        if !call.simple.redirections.is_empty() || !call.invocation.operands.is_empty() {
            return Err(format!("`{text}` does more than to update").into());
        }
        // What is installed behind a change of the sources may differ.
        if script.text()[call.simple.span.end..last].contains("/etc/apk") {
            return Err("its sources change between the update and what it installs".into());
        }
        edits.push(
            rewrite::remove_command(run.view.doc, script, call.simple, errexit)
                .map_err(|reason| Reason::from(format!("`{text}` cannot go: {reason}")))?,
        );
        promises.push(Promise::RemovesCommand(text.to_owned().into()));
    }
    Ok(edits)
}

/// Who may need the index of a RUN that leaves none any more.
fn needed(
    run: &Run<'_>,
    stage: usize,
    left: &[usize],
    wants: &BTreeMap<usize, (&Run<'_>, Want<'_>)>,
) -> Result<(), Reason> {
    let view = run.view;
    let line = |at: usize| view.doc.line(view.instruction(at).span.start);
    // Since 2.8, in Alpine 3.7, apk fetches an index that it needs and does not have.
    let old = view.scope(run.index).image.as_deref().is_some_and(|image| {
        let release = image.release.as_deref().filter(|_| image.family == Family::Alpine).unwrap_or_default();
        let mut numbers = release.split('.').map(str::parse::<u32>);
        matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) < (3, 7))
    });
    for (at, instruction) in view.doc.instructions().iter().enumerate().skip(run.index + 1) {
        if !paths::related(view, at, stage) || !matches!(instruction.kind, crate::dockerfile::Kind::Run(_)) {
            continue;
        }
        let text = view.doc.joined(instruction, instruction.arguments);
        let Some(script) = view.script(at).filter(|script| script.body().is_ok()) else {
            if old || text.contains("apk") {
                return Err(format!("line {} is not understood, and may need it", line(at)).into());
            }
            continue;
        };
        let calls = crate::commands::invocations(script);
        let mut own = calls.iter().filter(|call| call.tool == Tool::Apk);
        let reads = |call: &Invocation| {
            let name = call.subcommand.split(' ').next().unwrap_or_default();
            matches!(name, "search" | "list" | "policy" | "version" | "dot" | "fetch" | "cache")
                || (matches!(call.verb, Verb::Install | Verb::Upgrade) && !call.has(REFRESHES))
        };
        let fixed = wants.contains_key(&at) && !left.contains(&at);
        if own.any(reads) && !fixed && !calls.iter().any(|call| call.tool == Tool::Apk && call.verb == Verb::Update) {
            return Err(format!("line {} installs from it", line(at)).into());
        }
        let opaque = |program: &Program<'_>| program.path.contains('/') || program.name.ends_with("sh");
        if old && script.commands().into_iter().filter_map(Program::of).any(|program| opaque(&program)) {
            return Err(format!("line {} runs a script that may need it", line(at)).into());
        }
    }
    Ok(())
}
