//! See README.md: stages that the last one does not need.

use std::collections::BTreeSet;

use crate::dockerfile::{Base, Kind};
use crate::source::{Edit, Span};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "the image does not need this stage";

/// Files beside the Dockerfile, or at the top of its repository, that may build a stage by its name.
const BUILDS: &[&str] = &[
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
    "docker-compose.override.yml",
    "docker-compose.dev.yml",
    "docker-bake.hcl",
    "docker-bake.json",
    "skaffold.yaml",
    "Makefile",
    "Taskfile.yml",
    "justfile",
    ".devcontainer/devcontainer.json",
    ".gitlab-ci.yml",
    "package.json",
];

fn find(view: &View<'_>) -> Vec<Finding> {
    let doc = view.doc;
    let unused = unused(view);
    let held =
        |stage: usize, reason: String| Finding::held(vec![doc.stages()[stage].instructions.start], MESSAGE, reason);
    let variable = (0..doc.stages().len()).find(|stage| view.graph().is_variable(*stage) && names_stage(view, *stage));
    let number = view.graph().uses().iter().find(|it| it.by_index && !unused.contains(&it.by));
    let finding = |stage: usize| {
        let instructions: Vec<usize> = doc.stages()[stage].instructions.clone().collect();
        if let Some(other) = variable.filter(|other| *other > stage) {
            let line = doc.line(view.instruction(doc.stages()[other].instructions.start).span.start);
            return Some(held(stage, format!("a build argument can make line {line} build on it")));
        }
        if let Some(number) = number.filter(|number| number.of > stage) {
            let line = doc.line(view.instruction(number.instruction).span.start);
            return Some(held(stage, format!("line {line} names a stage by its number, which would be another")));
        }
        if let Some(file) = doc.stages()[stage].name.as_deref().and_then(|name| built_by(view, name)) {
            return Some(held(stage, format!("{file} builds it")));
        }
        let (first, last) = (*instructions.first()?, *instructions.last()?);
        let start = doc.comments_above(first).first().map_or(view.instruction(first).span.start, |it| it.start);
        // The next stage starts with its comments; the blank lines before them go with this one.
        let next = last + 1;
        let end = doc.comments_above(next).first().map_or(view.instruction(next).span.start, |it| it.start);
        let text = doc.text();
        let line = |at: usize| text[..at].rfind('\n').map_or(0, |at| at + 1);
        // A byte order mark is the file's.
        let bom = if line(start) == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut span = Span::new(line(start) + bom, line(end));
        // Comments between the two that belong to neither stay.
        let after = view.instruction(last).span.end;
        let mut loose = doc.tokens().iter().filter(|token| {
            token.kind == crate::dockerfile::TokenKind::Comment
                && after <= token.span.start
                && token.span.end <= span.end
        });
        if let Some(comment) = loose.next() {
            span = Span::new(span.start, line(comment.span.start));
        }
        let mut promises = vec![Promise::Stage];
        let comments = doc.tokens().iter().filter(|token| token.kind == crate::dockerfile::TokenKind::Comment);
        for comment in comments.filter(|token| span.contains(token.span)) {
            let text = doc.slice(comment.span);
            if crate::pragma::is_pragma(text) {
                return Some(held(stage, format!("it holds a comment for a tool: {text}")));
            }
            promises.push(Promise::DropsComment(text.to_owned().into()));
        }
        let check = match doc.stages()[stage].name.as_deref() {
            Some(name) => format!("nobody builds it with `--target {name}`"),
            None => format!("nobody builds it with `--target {stage}`"),
        };
        let change = Change::new([Edit::delete(text, span)], promises).ok()?;
        Some(Finding::review(instructions, MESSAGE, check, change))
    };
    unused.iter().filter_map(|stage| finding(*stage)).collect()
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

/// The file that builds the stage called `name`, if one is at hand that may.
fn built_by(view: &View<'_>, name: &str) -> Option<&'static str> {
    BUILDS.iter().copied().find(|file| {
        let content = view.world.read(file).or_else(|| view.world.repository(file));
        let Some(content) = content else { return false };
        let Ok(text) = std::str::from_utf8(&content) else { return true };
        text.lines().any(|line| {
            let Some((_, rest)) = line.split_once("target") else { return false };
            let word = |char: char| !char.is_alphanumeric() && !matches!(char, '-' | '_' | '.');
            rest.split(word).any(|it| it.eq_ignore_ascii_case(name))
        })
    })
}
