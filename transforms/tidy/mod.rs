//! See README.md: letter case, and lines that the parser skips.

use crate::dockerfile::{Instruction, Kind};
use crate::source::{Edit, Span};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Asked };

fn find(view: &View<'_>) -> Vec<Finding> {
    (0..view.doc.instructions().len()).filter_map(|index| finding(view, index)).collect()
}

fn finding(view: &View<'_>, index: usize) -> Option<Finding> {
    let instruction = view.instruction(index);
    let mut edits = Vec::new();
    let mut messages = Vec::new();
    let mut add = |edit: Option<Edit>, message: &'static str| {
        let Some(edit) = edit else { return };
        edits.push(edit);
        if !messages.contains(&message) {
            messages.push(message);
        }
    };
    const CASE: &str = "keywords are in capitals";
    add(capitals(view, instruction.keyword), CASE);
    if let Kind::Onbuild(trigger) = &instruction.kind {
        add(capitals(view, trigger.keyword), CASE);
    }
    if let Kind::From(from) = &instruction.kind
        && let Some(name) = from.name
    {
        add(between(view, instruction, from.image.span.end, name.span.start), CASE);
        let text = view.doc.slice(name.span);
        let lower = text.to_lowercase();
        let edit = (lower != text).then(|| Edit::replace(view.doc.text(), name.span, lower));
        add(edit, "the name of a stage is in small letters, as it is looked up");
    }
    if let Kind::Expose(ports) = &instruction.kind {
        for port in ports {
            let text = view.doc.slice(port.span);
            let Some((_, protocol)) = text.rsplit_once('/').filter(|_| !text.contains(['$', '\n'])) else { continue };
            let lower = protocol.to_ascii_lowercase();
            let span = Span::new(port.span.end - protocol.len(), port.span.end);
            let edit = (lower != protocol).then(|| Edit::replace(view.doc.text(), span, lower));
            add(edit, "the protocol of a port is in small letters");
        }
    }
    for line in blank_lines(view, instruction) {
        add(Some(Edit::delete(view.doc.text(), line)), "an empty line in a continuation will be an error");
    }
    let change = Change::new(edits, [] as [Promise; 0]).ok().filter(|change| !change.edits.is_empty())?;
    Some(Finding::safe(vec![index], messages.join("; "), change))
}

fn capitals(view: &View<'_>, span: Span) -> Option<Edit> {
    let text = view.doc.slice(span);
    let upper = text.to_ascii_uppercase();
    (upper != text && !text.contains('\n')).then(|| Edit::replace(view.doc.text(), span, upper))
}

/// The AS of a FROM, between the image and the name.
fn between(view: &View<'_>, from: &Instruction, start: usize, end: usize) -> Option<Edit> {
    let span = Span::new(start, end);
    if view.doc.joined(from, span).trim() == "AS" {
        return None;
    }
    let text = view.doc.slice(span);
    let at = text.to_ascii_lowercase().find("as").filter(|_| !text.contains('#'))?;
    capitals(view, Span::new(start + at, start + at + 2))
}

/// Lines of an instruction that hold nothing, outside of here-documents.
fn blank_lines(view: &View<'_>, instruction: &Instruction) -> Vec<Span> {
    let end = instruction.heredocs.first().map_or(instruction.span.end, |heredoc| heredoc.body.start);
    let mut lines = Vec::new();
    let mut start = instruction.span.start;
    let text = Span::new(start, end.max(start)).of(view.doc.text());
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() && line.ends_with('\n') && start > instruction.span.start {
            lines.push(Span::new(start, start + line.len()));
        }
        start += line.len();
    }
    // Neighbours are one edit.
    lines.into_iter().fold(Vec::new(), |mut all: Vec<Span>, line| {
        match all.last_mut() {
            Some(last) if last.end == line.start => last.end = line.end,
            _ => all.push(line),
        }
        all
    })
}
