//! See README.md: stages that the last one does not need.

use std::collections::BTreeSet;

use crate::dockerfile::{Base, Document, Kind, TokenKind};
use crate::pragma::is_pragma;
use crate::source::{Edit, Span};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "the image does not need this stage";

/// Words in the name of a stage that is there to be built by itself.
const TARGETS: &[&str] = &[
    "base",
    "binaries",
    "binary",
    "build",
    "check",
    "ci",
    "coverage",
    "cross",
    "debug",
    "default",
    "dev",
    "devcontainer",
    "develop",
    "development",
    "docs",
    "e2e",
    "export",
    "format",
    "image",
    "integration",
    "lint",
    "local",
    "prod",
    "production",
    "release",
    "run",
    "shell",
    "slim",
    "test",
    "testing",
    "tests",
    "update",
    "validate",
    "vendor",
    "watch",
];

fn find(view: &View<'_>) -> Vec<Finding> {
    let unused = unused(view);
    // Without `--target`, there is one stage that nothing is made of; with more than two, the file is made for it.
    let ends = unused.iter().filter(|stage| view.graph().users(**stage).next().is_none()).count();
    groups(view, &unused)
        .into_iter()
        .filter_map(|group| {
            let first = view.doc.stages()[*group.first()?].instructions.start;
            let reason = if ends > 2 {
                Some("the file has several stages to build by themselves".into())
            } else {
                group.iter().find_map(|stage| wanted(view, *stage, &unused))
            };
            match reason.map_or_else(|| remove(view, &group), Err) {
                Ok(finding) => Some(finding),
                Err(reason) => Some(Finding::held(vec![first], MESSAGE, reason)),
            }
        })
        .collect()
}

/// Unused stages that take from one another, together: all of a group go, or none.
fn groups(view: &View<'_>, unused: &BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
    let mut groups: Vec<BTreeSet<usize>> = Vec::new();
    for stage in unused {
        let mut group = BTreeSet::from([*stage]);
        group
            .extend(view.graph().uses().iter().filter(|it| it.by == *stage && unused.contains(&it.of)).map(|it| it.of));
        let (joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(|other| !other.is_disjoint(&group));
        joined.into_iter().for_each(|other| group.extend(other));
        groups = apart;
        groups.push(group);
    }
    groups
}

/// Why a stage may be wanted, or has to stay.
fn wanted(view: &View<'_>, stage: usize, unused: &BTreeSet<usize>) -> Option<String> {
    let (doc, graph) = (view.doc, view.graph());
    let line = |index: usize| doc.line(view.instruction(index).span.start);
    let instructions = doc.stages()[stage].instructions.clone();
    let variable = (stage + 1..doc.stages().len()).find(|it| graph.is_variable(*it) && names_stage(view, *it));
    if let Some(other) = variable {
        return Some(format!(
            "a build argument can make line {} build on it",
            line(doc.stages()[other].instructions.start)
        ));
    }
    if let Some(number) = graph.uses().iter().find(|it| it.by_index && !unused.contains(&it.by) && it.of > stage) {
        return Some(format!("line {} names a stage by its number, which would be another", line(number.instruction)));
    }
    let name = doc.stages()[stage].name.as_deref();
    if let Some(uses) = view.world.uses() {
        if let Some(reason) = uses.target(name, stage).or_else(|| uses.unread_target(name)) {
            return Some(reason);
        }
        // All that follow would have another.
        if let Some(at) = uses.number() {
            return Some(format!("{at} builds a stage by its number, which would be another"));
        }
    }
    let by_itself = |name: &&str| name.split(['-', '_', '.']).any(|word| TARGETS.contains(&word));
    if let Some(name) = name.filter(by_itself) {
        return Some(format!("`{name}` is what stages are called that are built by themselves"));
    }
    let runs = |index: &usize| matches!(view.instruction(*index).kind, Kind::Cmd(_) | Kind::Entrypoint(_));
    if let Some(index) = instructions.clone().find(runs) {
        return Some(format!("line {} makes it an image to run", line(index)));
    }
    None
}

/// Takes the stages of a group out.
fn remove(view: &View<'_>, group: &BTreeSet<usize>) -> Result<Finding, String> {
    let doc = view.doc;
    let text = doc.text();
    let (mut edits, mut promises, mut instructions) = (Vec::new(), vec![Promise::Stage], Vec::new());
    for stage in group {
        let span = span(view, *stage);
        for comment in comments(doc).filter(|comment| span.contains(*comment)) {
            let text = doc.slice(comment);
            if is_pragma(text) {
                return Err(format!("it holds a comment for a tool: {text}"));
            }
            promises.push(Promise::DropsComment(text.to_owned().into()));
        }
        edits.push(Edit::delete(text, span));
        instructions.extend(doc.stages()[*stage].instructions.clone());
    }
    let targets: Vec<String> = group
        .iter()
        .map(|stage| doc.stages()[*stage].name.as_deref().map_or_else(|| stage.to_string(), ToOwned::to_owned))
        .map(|name| format!("`--target {name}`"))
        .collect();
    let change = Change::new(edits, promises).map_err(|error| error.to_string())?;
    Ok(Finding::review(instructions, MESSAGE, format!("nobody builds it with {}", targets.join(" or ")), change))
}

/// The lines of a stage, the comments above it included; what follows it, up to the comments of the next, too.
fn span(view: &View<'_>, stage: usize) -> Span {
    let doc = view.doc;
    let range = doc.stages()[stage].instructions.clone();
    let top = |index: usize| {
        doc.comments_above(index).first().map_or(view.instruction(index).span.start, |comment| comment.start)
    };
    let line = |at: usize| doc.text()[..at].rfind('\n').map_or(0, |at| at + 1);
    let (start, mut end) = (line(top(range.start)), line(top(range.end)));
    // Comments between the two that belong to neither stay.
    let behind = view.instruction(range.end - 1).span.end;
    if let Some(comment) = comments(doc).find(|comment| behind <= comment.start && comment.end <= end) {
        end = line(comment.start);
    }
    // A byte order mark is the file's.
    let bom = if start == 0 && doc.text().starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Span::new(start + bom, end)
}

fn comments(doc: &Document) -> impl Iterator<Item = Span> {
    doc.tokens().iter().filter(|token| token.kind == TokenKind::Comment).map(|token| token.span)
}

/// The stages that the last one is not made of.
fn unused(view: &View<'_>) -> BTreeSet<usize> {
    let count = view.doc.stages().len();
    let mut unused: BTreeSet<usize> = (0..count).collect();
    let mut needed: Vec<usize> = count.checked_sub(1).into_iter().collect();
    while let Some(stage) = needed.pop() {
        if unused.remove(&stage) {
            needed.extend(view.graph().uses().iter().filter(|it| it.by == stage).map(|it| it.of));
        }
    }
    unused
}

/// Whether a build argument can make what `stage` is built on the name of a stage: then all of it is a variable.
fn names_stage(view: &View<'_>, stage: usize) -> bool {
    if matches!(view.graph().bases()[stage], Base::Stage(_) | Base::Unknown) {
        return true;
    }
    let instruction = view.instruction(view.doc.stages()[stage].instructions.start);
    let Kind::From(from) = &instruction.kind else { return true };
    // A name with a slash, a colon or a dot outside of variables is no stage.
    let image = view.doc.word(instruction, from.image);
    let fixed = image
        .split("${")
        .enumerate()
        .map(|(nth, part)| if nth == 0 { part } else { part.split_once('}').map_or("", |(_, rest)| rest) });
    !fixed.into_iter().any(|part| part.contains(['/', ':', '@']))
}
