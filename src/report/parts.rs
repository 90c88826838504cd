//! An outcome in parts that can be taken one by one: hunks that share a finding belong together.

use crate::pipeline::Outcome;

use super::hunks::{Hunk, applied, hunks};

/// Hunks and the findings that made them, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// In order of the text.
    pub hunks: Vec<Hunk>,
    /// Indices into [`applied`], in order.
    pub findings: Vec<usize>,
}

/// The parts of an outcome, in order of the text. A finding that left no trace in the result is in none.
#[must_use]
pub fn parts(outcome: &Outcome) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for hunk in hunks(outcome) {
        let (mut joined, others): (Vec<Part>, Vec<Part>) =
            parts.into_iter().partition(|part| part.findings.iter().any(|index| hunk.findings.contains(index)));
        let mut part = Part { findings: hunk.findings.clone(), hunks: vec![hunk] };
        for other in joined.drain(..) {
            part.findings.extend(other.findings);
            part.hunks.extend(other.hunks);
        }
        part.findings.sort_unstable();
        part.findings.dedup();
        part.hunks.sort_by_key(|hunk| (hunk.old.start, hunk.new.start));
        parts = others;
        parts.push(part);
    }
    parts.sort_by_key(|part| part.hunks.first().map(|hunk| (hunk.old.start, hunk.new.start)));
    parts
}

impl Part {
    /// The original with this part alone.
    #[must_use]
    pub fn alone(&self, outcome: &Outcome) -> String {
        let (mut text, mut done) = (String::with_capacity(outcome.after.len()), 0);
        for hunk in &self.hunks {
            text += &outcome.before[done..hunk.old.start];
            text += hunk.new.of(&outcome.after);
            done = hunk.old.end;
        }
        text + &outcome.before[done..]
    }

    /// The names of its transforms, each once.
    #[must_use]
    pub fn transforms(&self, outcome: &Outcome) -> Vec<&'static str> {
        let all: Vec<&str> = applied(outcome).map(|(transform, _)| transform).collect();
        let mut names: Vec<&'static str> = Vec::new();
        for index in &self.findings {
            if let Some(name) = all.get(*index)
                && !names.contains(name)
            {
                names.push(name);
            }
        }
        names
    }
}
