//! Whole instructions: a flag more, taken away, moved, with the comments that belong to them.

use std::ops::Range;

use crate::dockerfile::{Document, Instruction};
use crate::pragma::is_pragma;
use crate::shell::{Script, Simple};
use crate::source::{Edit, Span};

/// Adds a flag to an instruction, in front of those that are there.
#[must_use]
pub fn add_flag(instruction: &Instruction, flag: &str) -> Edit {
    Edit::insert(instruction.keyword.end, format!(" {flag}"))
}

/// Inserts whole lines above instruction `index` and its comments, or behind the last instruction.
///
/// # Errors
/// Why not, in words.
pub fn insert_before(doc: &Document, index: usize, insert: &[String]) -> Result<Edit, &'static str> {
    let Some(instruction) = doc.instructions().get(index) else {
        return insert_behind(doc, doc.instructions().len().checked_sub(1).ok_or("there is no instruction")?, insert);
    };
    let above = doc.comments_above(index).first().map_or(instruction.span.start, |comment| comment.start);
    let at = doc.text()[..above].rfind('\n').map_or(0, |at| at + 1);
    let line_break = super::line_break(doc, at);
    Ok(Edit::insert(at, insert.iter().map(|line| format!("{line}{line_break}")).collect::<String>()))
}

/// Inserts whole lines right below instruction `index`.
///
/// # Errors
/// Why not, in words.
pub fn insert_behind(doc: &Document, index: usize, insert: &[String]) -> Result<Edit, &'static str> {
    let end = lines(doc, index, None)?.end;
    let line_break = super::line_break(doc, doc.instructions()[index].span.start);
    let (before, after) = if doc.text()[..end].ends_with('\n') { ("", line_break) } else { (line_break, "") };
    Ok(Edit::insert(end, insert.iter().map(|line| format!("{before}{line}{after}")).collect::<String>()))
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
    let span = lines(doc, index, comments.map(|comments| comments.start))?;
    let own = lines(doc, index, None)?;
    let mut edits = Vec::new();
    if comments.is_some() {
        let to = lines(doc, target, None)?.start;
        edits.push(Edit::insert(to, &text[span.start..own.start]));
    }
    edits.push(Edit::delete(text, without_blanks(text, span)));
    Ok(edits)
}

/// Takes instruction `index` out of the file, with the comments directly above it: their lines, and the edit.
///
/// # Errors
/// Why not, in words.
pub fn cut(doc: &Document, index: usize) -> Result<(String, Edit), &'static str> {
    let text = doc.text();
    let span = lines(doc, index, comments(doc, index)?.map(|comments| comments.start))?;
    let mut cut = text[Range::from(span)].to_owned();
    if !cut.ends_with('\n') {
        cut += super::line_break(doc, span.start);
    }
    Ok((cut, Edit::delete(text, without_blanks(text, span))))
}

/// Moves instructions, with the comments directly above them, in front of instruction `target` and its comments.
///
/// # Errors
/// Why not, in words.
pub fn move_before(doc: &Document, indices: &[usize], target: usize) -> Result<Vec<Edit>, &'static str> {
    let text = doc.text();
    let mut blocks: Vec<Span> = Vec::new();
    let mut inserted = String::new();
    for index in indices {
        let comments = comments(doc, *index)?;
        let block = lines(doc, *index, comments.map(|comments| comments.start))?;
        inserted += &text[Range::from(block)];
        if !inserted.ends_with('\n') {
            inserted += super::line_break(doc, block.start);
        }
        match blocks.last_mut() {
            Some(last) if last.end == block.start => last.end = block.end,
            _ => blocks.push(block),
        }
    }
    let first = comments(doc, target)?.map(|comments| comments.start);
    let to = lines(doc, target, first)?.start;
    if blocks.iter().any(|block| block.start <= to && to <= block.end) {
        return Err("it stands there already");
    }
    // A paragraph that moves up stays one.
    let behind_blank = |block: &&Span| {
        let before = text[..block.start].strip_suffix('\n').and_then(|text| text.rsplit('\n').next());
        to < block.start && before.is_some_and(|line| line.trim().is_empty())
    };
    if let Some(block) = blocks.first().filter(behind_blank) {
        inserted += super::line_break(doc, block.start);
    }
    let mut edits: Vec<Edit> =
        blocks.into_iter().map(|block| Edit::delete(text, without_blanks(text, block))).collect();
    edits.push(Edit::insert(to, inserted));
    Ok(edits)
}

/// Lines that go, with the blank lines before them where blank lines follow, too.
fn without_blanks(text: &str, lines: Span) -> Span {
    let mut start = lines.start;
    if text[lines.end..].lines().next().is_none_or(|line| line.trim().is_empty()) {
        let before =
            |start: usize| text[..start].strip_suffix('\n').map(|text| text.rfind('\n').map_or(0, |at| at + 1));
        while let Some(line) = before(start).filter(|line| text[*line..start].trim().is_empty()) {
            start = line;
        }
    }
    if lines.end == text.len() && !text.ends_with('\n') {
        let before = &text[..start];
        start = before.strip_suffix('\n').map_or(start, |text| text.strip_suffix('\r').unwrap_or(text).len());
    }
    Span::new(start, lines.end)
}
