//! The total difference of an outcome in hunks, in the lines of the original, each with the findings that made it.

use similar::{DiffOp, TextDiff};

use crate::pipeline::{Applied, Outcome};
use crate::source::{Edits, Lines, Span};

/// A place where the result differs from the original: whole lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// The lines of the original that are replaced, from 1, the end excluded: for an insertion none, before the line
    /// `lines.start`.
    pub lines: std::ops::Range<usize>,
    /// These lines, in the original.
    pub old: Span,
    /// What stands in their place, in the result.
    pub new: Span,
    /// The findings that made it: indices into [`applied`].
    pub findings: Vec<usize>,
}

/// What was applied, with the transform, in order.
pub fn applied(outcome: &Outcome) -> impl Iterator<Item = (&'static str, &Applied)> {
    outcome.steps.iter().flat_map(|step| step.applied.iter().map(|applied| (step.transform, applied)))
}

/// The hunks of an outcome, in order. Put in the place of the lines that they name, they make the result of the original,
/// to the byte. Hunks that stand side by side are those of different findings.
#[must_use]
pub fn hunks(outcome: &Outcome) -> Vec<Hunk> {
    let traces = traces(outcome);
    let mut hunks = Vec::new();
    for mut rest in difference(&outcome.before, &outcome.after) {
        while let Some((old, new)) = cut(&rest, &traces) {
            hunks.push(Hunk {
                old: Span::new(rest.old.start, old),
                new: Span::new(rest.new.start, new),
                ..rest.clone()
            });
            (rest.old.start, rest.new.start) = (old, new);
        }
        hunks.push(rest);
    }
    let lines = Lines::of(&outcome.before);
    for hunk in &mut hunks {
        let breaks = hunk.old.of(&outcome.before).split_inclusive('\n').count();
        let first = lines.number(hunk.old.start);
        hunk.lines = first..first + breaks;
        let touched = traces.iter().filter(|trace| trace.touches(hunk)).map(|trace| trace.finding);
        hunk.findings = touched.collect();
        if hunk.findings.is_empty() {
            // The difference may be drawn a few lines from where the edit was made, where lines repeat.
            let far = |at: usize| hunk.old.start.abs_diff(at);
            let nearest = traces.iter().min_by_key(|trace| trace.old.map_or(usize::MAX, |old| far(old.start)));
            hunk.findings.extend(nearest.map(|trace| trace.finding));
        }
        hunk.findings.sort_unstable();
        hunk.findings.dedup();
    }
    hunks
}

/// Where a hunk can be cut in two, in the original and in the result, so that each edit lies on one side.
fn cut(hunk: &Hunk, traces: &[Trace]) -> Option<(usize, usize)> {
    let inside: Vec<&Trace> = traces.iter().filter(|trace| trace.touches(hunk)).collect();
    let starts = |whole: Span, spans: &dyn Fn(&Trace) -> Option<Span>| {
        let starts = inside.iter().filter_map(|trace| spans(trace)).map(|span| span.start);
        let mut all: Vec<usize> = starts.filter(|at| whole.contains(Span::at(*at))).chain([whole.end]).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let news = starts(hunk.new, &|trace| trace.new);
    for old in starts(hunk.old, &|trace| trace.old) {
        for new in news.iter().copied() {
            let before = |trace: &&&Trace| {
                trace.old.is_none_or(|span| span.end <= old) && trace.new.is_none_or(|span| span.end <= new)
            };
            let after = |trace: &&&Trace| {
                trace.old.is_none_or(|span| span.start >= old) && trace.new.is_none_or(|span| span.start >= new)
            };
            let (first, second) = (inside.iter().filter(before).count(), inside.iter().filter(after).count());
            if first > 0 && second > 0 && first + second == inside.len() {
                return Some((old, new));
            }
        }
    }
    None
}

/// The lines that differ; findings and line numbers are not known yet.
fn difference(before: &str, after: &str) -> Vec<Hunk> {
    if before == after {
        return Vec::new();
    }
    // Lines end at LF only, as in the unified diff.
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let starts = |lines: &[&str]| -> Vec<usize> {
        let ends = lines.iter().scan(0, |at, line| {
            *at += line.len();
            Some(*at)
        });
        std::iter::once(0).chain(ends).collect()
    };
    let (old, new) = (starts(&old), starts(&new));
    let mut hunks: Vec<Hunk> = Vec::new();
    for op in diff.ops().iter().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
        let (from, to) = (op.old_range(), op.new_range());
        let (from_span, to_span) = (Span::new(old[from.start], old[from.end]), Span::new(new[to.start], new[to.end]));
        match hunks.last_mut() {
            // A deletion and an insertion at the same place are one replacement.
            Some(last) if last.old.end == from_span.start && last.new.end == to_span.start => {
                (last.old.end, last.new.end) = (from_span.end, to_span.end);
            }
            _ => hunks.push(Hunk { lines: 0..0, old: from_span, new: to_span, findings: Vec::new() }),
        }
    }
    hunks
}

/// What one edit of a finding touched.
struct Trace {
    finding: usize,
    /// The whole lines of the original that it changed or removed, if any.
    old: Option<Span>,
    /// The whole lines of the result that hold what it wrote, if it wrote anything.
    new: Option<Span>,
}

impl Trace {
    fn touches(&self, hunk: &Hunk) -> bool {
        self.old.is_some_and(|span| span.overlaps(hunk.old)) || self.new.is_some_and(|span| span.overlaps(hunk.new))
    }
}

fn traces(outcome: &Outcome) -> Vec<Trace> {
    let history: Vec<Edits> = outcome
        .steps
        .iter()
        .map(|step| {
            let mut all = Edits::new();
            for applied in &step.applied {
                // They were applied together, so they do not overlap.
                let _ = all.extend(&applied.change.edits);
            }
            all
        })
        .collect();
    let (before, after) = (Lines::of(&outcome.before), Lines::of(&outcome.after));
    let mut traces = Vec::new();
    let mut finding = 0;
    for (at, step) in outcome.steps.iter().enumerate() {
        let (earlier, later) = (&history[..at], &history[at + 1..]);
        let origin = |offset| earlier.iter().rev().fold(offset, |offset, edits| edits.origin(offset));
        let destination = |offset| later.iter().fold(offset, |offset, edits| edits.destination(offset));
        for applied in &step.applied {
            for edit in applied.change.edits.iter() {
                let start = history[at].destination(edit.span.start);
                // An insertion is passed by its own place.
                let start = if edit.span.is_empty() { start.saturating_sub(edit.replacement.len()) } else { start };
                let new = Span::new(start, start + edit.replacement.len());
                let line_start = |text: &str, at: usize| at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n');
                // Whole lines between others leave no line on the other side; anything else stays in a line there.
                let whole = |text: &str, at: usize, of: &str| line_start(text, at) && of.ends_with('\n');
                let inserts = whole(&step.before, edit.span.start, &edit.replacement);
                let deletes = whole(&step.after, start, &edit.expected);
                let old = if inserts { edit.span } else { in_line(edit.span, &step.before) };
                let new = if deletes { new } else { in_line(new, &step.after) };
                traces.push(Trace {
                    finding,
                    old: lines(&before, &outcome.before, old, origin),
                    new: lines(&after, &outcome.after, new, destination),
                });
            }
            finding += 1;
        }
    }
    traces
}

/// A span that is empty, as a character of the line that it is in.
fn in_line(span: Span, text: &str) -> Span {
    match span.start {
        _ if !span.is_empty() => span,
        at if at < text.len() => Span::new(at, at + 1),
        at => Span::new(at.saturating_sub(1), at),
    }
}

/// The whole lines of `text` that hold what `span` is mapped to.
fn lines(lines: &Lines, text: &str, span: Span, map: impl Fn(usize) -> usize) -> Option<Span> {
    if span.is_empty() {
        return None;
    }
    let (first, last) = (map(span.start), map(span.end - 1));
    let start = lines.start(lines.number(first.min(last)))?;
    let end = lines.start(lines.number(first.max(last)) + 1).unwrap_or(text.len());
    (start < end).then(|| Span::new(start, end))
}
