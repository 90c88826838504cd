//! See README.md: what a RUN that installs packages cannot depend on.

use crate::commands::packages::{Action, action};
use crate::commands::{Program, recognise};
use crate::dockerfile::{Kind, Transfer};
use crate::pragma::is_pragma;
use crate::rewrite::{comments_between, lines};
use crate::shell::{Script, Simple};
use crate::transform::copied::named_like_a_file;
use crate::transform::paths::{Relation, absolute, relation};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "each change of what is copied installs the packages of the system again: they can come first";

/// RUNs that go in front of the same COPY.
#[derive(Default)]
struct Group {
    copies: Vec<usize>,
    runs: Vec<usize>,
}

fn find(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stage in view.doc.stages() {
        let mut group = Group::default();
        for index in stage.instructions.clone() {
            match &view.instruction(index).kind {
                Kind::Copy(_) | Kind::Add(_) => {
                    group.copies.push(index);
                    continue;
                }
                Kind::Run(_) if !group.copies.is_empty() => match movable(view, index, &group) {
                    Some(Ok(())) => {
                        group.runs.push(index);
                        continue;
                    }
                    Some(Err(reason)) => findings.push(Finding::held(vec![index], MESSAGE, reason)),
                    None => {}
                },
                _ => {}
            }
            findings.extend(finish(view, std::mem::take(&mut group)));
        }
        findings.extend(finish(view, group));
    }
    findings.sort_by_key(|finding| finding.instructions[0]);
    findings
}

fn finish(view: &View<'_>, group: Group) -> Option<Finding> {
    let target = *group.copies.first()?;
    if group.runs.is_empty() {
        return None;
    }
    let edits = lines::move_before(view.doc, &group.runs, target);
    let change = edits.and_then(|edits| Change::new(edits, [Promise::Moves]).map_err(|_| "two changes overlap"));
    Some(match change {
        Ok(change) => Finding::safe(group.runs, MESSAGE, change),
        Err(reason) => Finding::held(group.runs, MESSAGE, reason),
    })
}

/// Whether the RUN can go in front of the COPYs of the group; `None` if it does not only install packages.
fn movable(view: &View<'_>, run: usize, group: &Group) -> Option<Result<(), String>> {
    let script = view.script(run)?;
    script.body().ok()?;
    let commands = script.commands();
    let installs = |simple: &&Simple| matches!(action(script, simple), Some((Action::Install | Action::Update, _)));
    if !commands.iter().any(installs) || !commands.iter().all(|simple| is_about_packages(script, simple)) {
        return None;
    }
    Some(crosses(view, run, script, group))
}

fn crosses(view: &View<'_>, run: usize, script: &Script, group: &Group) -> Result<(), String> {
    let instruction = view.instruction(run);
    for flag in &instruction.flags {
        let text = view.doc.joined(instruction, flag.span);
        if !text.starts_with("--mount=type=cache,") || text.contains("from=") {
            return Err(format!("{text} may show it what is copied"));
        }
    }
    if let Some(word) = script.commands().iter().find_map(|simple| reads_a_path(script, simple)) {
        return Err(format!("`{word}` may be a file that is copied"));
    }
    for index in &group.copies {
        let copy = view.instruction(*index);
        let line = view.doc.line(copy.span.start);
        let (Kind::Copy(transfer) | Kind::Add(transfer)) = &copy.kind else { continue };
        if !is_apart(view, *index, transfer) {
            return Err(format!("line {line} may copy what packages or their manager use"));
        }
    }
    let first = view.instruction(group.copies[0]);
    let mut on_the_way = comments_between(view.doc, first, run);
    on_the_way.extend(view.doc.comments_above(group.copies[0]));
    if on_the_way.iter().any(|comment| is_pragma(view.doc.slice(*comment))) {
        return Err("a comment on the way speaks to a tool".into());
    }
    Ok(())
}

/// Whether a command installs packages, or cleans up behind that.
fn is_about_packages(script: &Script, simple: &Simple) -> bool {
    if action(script, simple).is_some() {
        return true;
    }
    let Some(program) = Program::of(simple) else { return false };
    let cache = |word: &&str| {
        word.starts_with('-')
            || ["/var/lib/apt", "/var/cache/", "/tmp/*", "/var/tmp/*", "/var/log/"]
                .iter()
                .any(|own| word.starts_with(own))
    };
    match program.name {
        "set" | "true" | ":" => simple.redirections.is_empty(),
        "apt-get" | "apt" => recognise(script, simple).is_some(),
        "rm" => program.arguments.iter().all(|word| cache(&script.slice(word.span))),
        _ => false,
    }
}

/// A word that may name a file which is copied: a path, a local package, a list of packages.
fn reads_a_path<'s>(script: &'s Script, simple: &'s Simple) -> Option<&'s str> {
    if let Some(input) = simple.redirections.iter().find(|it| it.operator.starts_with('<')) {
        return Some(script.slice(input.span));
    }
    if !simple.assignments.iter().all(|it| it.value.literal.is_some()) {
        return Some(script.slice(simple.span));
    }
    let program = Program::of(simple)?;
    if matches!(program.name, "rm" | "set" | "true" | ":") {
        // `/tmp/*` may be what is copied there: the destination decides.
        return None;
    }
    let local = |text: &str| {
        let path = text.contains('/') && !text.contains("://");
        path || [".deb", ".rpm", ".apk"].iter().any(|end| text.ends_with(end)) || text.contains(['*', '$', '`', '@'])
    };
    program.arguments.iter().map(|word| script.slice(word.span)).find(|text| local(text))
}

/// Directories that packages write to, or that their managers read.
const OF_PACKAGES: &[&str] = &[
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys",
    "/tmp", "/usr", "/var",
];

/// Whether a COPY brings nothing that packages could meet.
fn is_apart(view: &View<'_>, index: usize, transfer: &Transfer) -> bool {
    let instruction = view.instruction(index);
    let raw = view.doc.word(instruction, transfer.destination);
    let Some(place) = absolute(view, index, &raw).filter(|_| !raw.contains('$')) else { return false };
    // Sources of the project are copied there, and packages of the kernel only go below.
    if matches!(relation(&place, "/usr/src/app"), Relation::Same | Relation::Inside) {
        return true;
    }
    // One file at the top, or several.
    let files = || {
        matches!(instruction.kind, Kind::Copy(_))
            && !view.doc.has_flag(instruction, "parents")
            && transfer.sources.iter().all(|source| {
                let source = view.doc.word(instruction, *source);
                named_like_a_file(&source) && !source.contains('*') && !source.ends_with('/')
            })
    };
    OF_PACKAGES.iter().all(|folder| match relation(&place, folder) {
        Relation::Apart => true,
        Relation::Above => files(),
        Relation::Same | Relation::Inside => false,
    })
}
