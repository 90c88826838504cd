//! Whole instructions: a flag more, taken away, moved, with the comments that belong to them.

use crate::dockerfile::{Document, Instruction};
use crate::pragma::is_pragma;
use crate::shell::{Script, Simple};
use crate::source::{Edit, Span};

/// Adds a flag to an instruction, in front of those that are there.
#[must_use]
pub fn add_flag(instruction: &Instruction, flag: &str) -> Edit {
    Edit::insert(instruction.keyword.end, format!(" {flag}"))
}

/// The lines of instruction `index`, from the start of its line (or of `from`) to the end of its last line, the line
/// break included.
///
/// # Errors
/// Why they cannot be named, in words.
fn lines(doc: &Document, index: usize, from: Option<usize>) -> Result<Span, &'static str> {
    let (text, span) = (doc.text(), doc.instructions()[index].span);
    let line = |offset: usize| text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at + 1);
    // A continuation into nothing would take what follows with it.
    if !text[span.end..end].trim().is_empty() {
        return Err("the instruction goes on behind its end");
    }
    Ok(Span::new(line(from.unwrap_or(span.start)), end))
}

/// The comments directly above instruction `index`, as whole lines; none may speak to a tool.
fn comments(doc: &Document, index: usize) -> Result<Option<Span>, &'static str> {
    let above = doc.comments_above(index);
    if above.iter().any(|comment| is_pragma(doc.slice(*comment))) {
        return Err("a comment above it speaks to a tool");
    }
    Ok(above.first().map(|first| Span::new(first.start, doc.instructions()[index].span.start)))
}

/// Takes the first command out of the RUN `index`, or the RUN away where nothing else is in it (`alone`): then its comments
/// go above instruction `target`, which stands before it.
///
/// # Errors
/// Why not, in words.
pub fn take_out(
    doc: &Document,
    index: usize,
    (script, simple): (&Script, &Simple),
    alone: bool,
    target: usize,
) -> Result<Vec<Edit>, &'static str> {
    if alone {
        return remove(doc, index, target);
    }
    Ok(vec![super::remove_command(doc, script, simple, false)?])
}

/// Removes instruction `index`. Comments directly above it go above instruction `target`, which stands before it.
///
/// # Errors
/// Why not, in words.
pub fn remove(doc: &Document, index: usize, target: usize) -> Result<Vec<Edit>, &'static str> {
    if !doc.instructions()[index].comments.is_empty() {
        return Err("a comment stands inside of it");
    }
    let text = doc.text();
    let comments = comments(doc, index)?;
    let mut span = lines(doc, index, comments.map(|comments| comments.start))?;
    let own = lines(doc, index, None)?;
    let mut edits = Vec::new();
    if comments.is_some() {
        let to = lines(doc, target, None)?.start;
        edits.push(Edit::insert(to, &text[span.start..own.start]));
    }
    // Of the blank lines around it, those behind it are left.
    let mut start = span.start;
    if text[span.end..].lines().next().is_none_or(|line| line.trim().is_empty()) {
        let line_before =
            |start: usize| text[..start].strip_suffix('\n').map(|text| text.rfind('\n').map_or(0, |at| at + 1));
        while let Some(line) = line_before(start).filter(|line| text[*line..start].trim().is_empty()) {
            start = line;
        }
    }
    if span.end == text.len() && !text.ends_with('\n') {
        let before = &text[..start];
        start = before.strip_suffix('\n').map_or(start, |text| text.strip_suffix('\r').unwrap_or(text).len());
    }
    span = Span::new(start, span.end);
    edits.push(Edit::delete(text, span));
    Ok(edits)
}
