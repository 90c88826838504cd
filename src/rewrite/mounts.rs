//! Where the mounts of a RUN stand in its text.

use std::collections::BTreeMap;

use super::line_break;
use crate::dockerfile::Document;
use crate::source::{Edit, Span};

/// The edits that give RUN `index` a cache mount for each of `wants`, a target and the fields behind it (`,id=x`), in
/// order of the targets, whichever come first.
#[must_use]
pub fn insert<'w>(doc: &Document, index: usize, wants: impl Iterator<Item = (&'w str, String)>) -> Vec<Edit> {
    insert_all(
        doc,
        index,
        wants.map(|(target, fields)| (target, format!("--mount=type=cache,target={target}{fields}"))),
    )
}

/// The edits that give RUN `index` the mount `flag` of `target`.
#[must_use]
pub fn insert_one(doc: &Document, index: usize, target: &str, flag: String) -> Vec<Edit> {
    insert_all(doc, index, std::iter::once((target, flag)))
}

fn insert_all<'w>(doc: &Document, index: usize, wants: impl Iterator<Item = (&'w str, String)>) -> Vec<Edit> {
    let instruction = &doc.instructions()[index];
    let mut places: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let all = doc.mounts(instruction);
    let keyword = instruction.keyword.end;
    let end = instruction.flags.last().map_or(keyword, |flag| flag.span.end);
    for (target, mount) in wants {
        // One mount a line: then there is a place for it.
        let behind = all.iter().find(|mount| {
            let line = doc.text()[mount.span.end..].split('\n').next().unwrap_or_default().trim_end();
            let alone = line.trim_start().chars().eq([doc.escape()]);
            alone && &*mount.kind == "cache" && mount.target().is_some_and(|other| other > target)
        });
        places.entry(behind.map_or(end, |mount| mount.span.start)).or_default().push(mount);
    }
    let next = format!(" {}{}{}", doc.escape(), line_break(doc, end), indent(doc.slice(instruction.span)));
    let gap = Span::new(end, instruction.arguments.start);
    let blank = !gap.is_empty() && doc.slice(gap).bytes().all(|byte| matches!(byte, b' ' | b'\t'));
    let own_line = end > keyword && doc.slice(Span::new(keyword, instruction.arguments.start)).contains('\n');
    let first = if own_line { &*next } else { " " };
    let insert = |(at, mounts): (usize, Vec<String>)| {
        if at < end {
            Edit::insert(at, format!("{}{next}", mounts.join(&next)))
        } else if doc.slice(instruction.arguments).starts_with("<<") {
            // Its operator stays on the line of the keyword, where it is looked for.
            Edit::insert(end, format!(" {}", mounts.join(" ")))
        } else if blank {
            Edit::replace(doc.text(), gap, format!("{first}{}{next}", mounts.join(&next)))
        } else {
            Edit::insert(end, format!("{first}{}", mounts.join(&next)))
        }
    };
    places.into_iter().map(insert).collect()
}

/// The least indentation of the lines of an instruction behind its first, if it is of a usual size.
fn indent(text: &str) -> &str {
    let lines = text.lines().skip(1).filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty());
    let indents = lines.map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]);
    indents.min_by_key(|indent| indent.len()).filter(|indent| (1..=8).contains(&indent.len())).unwrap_or("    ")
}
