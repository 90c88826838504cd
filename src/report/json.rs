//! The JSON document: one for all files, versioned, stated in the lines of the original.
//!
//! Its schema, schemas/report.schema.json, is made from these types: a test holds them together. Within a version, keys
//! may be added; none is removed or changes its meaning.

use std::borrow::Cow;

use serde::Serialize;

use crate::pipeline::{Key, Left, Outcome, Why};

use super::File;
use super::hunks::{applied, hunks};

/// What dockwright found in a set of Dockerfiles.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize, schemars::JsonSchema))]
#[cfg_attr(test, serde(deny_unknown_fields))]
#[cfg_attr(test, schemars(title = "dockwright report", extend("$id" = "report.schema.json")))]
pub struct Document<'a> {
    /// The version of this format: 1.
    pub version: u32,
    /// What wrote it.
    pub tool: Tool<'a>,
    /// In the order of their paths as they were named or found.
    pub files: Vec<Entry<'a>>,
}

/// What wrote the document.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize, schemars::JsonSchema))]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub struct Tool<'a> {
    /// `dockwright`.
    pub name: Cow<'a, str>,
    /// Its version.
    pub version: Cow<'a, str>,
}

/// One Dockerfile.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize, schemars::JsonSchema))]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub struct Entry<'a> {
    /// From the root of the repository, if there is one; `/` between names.
    pub path: Cow<'a, str>,
    /// What became of it.
    pub state: State,
    /// Why the whole file was held, or what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem<'a>>,
    /// What a person should know of how it was handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Cow<'a, str>>,
    /// What was found: first what was applied, in order, then what was not.
    pub findings: Vec<Finding<'a>>,
    /// The difference of original and result, in order. Each replaces whole lines of the original; all together make the
    /// result, to the byte.
    pub hunks: Vec<Hunk<'a>>,
    /// The lines that the result needs in the ignore file of its build context, besides those that are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore_lines: Vec<Cow<'a, str>>,
}

/// What became of a Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The result differs, or needs lines in the ignore file.
    Changed,
    /// The result does not differ.
    Unchanged,
    /// The whole file is left alone: it is a template, for instance, or for another frontend.
    Held,
    /// It could not be handled.
    Failed,
}

/// Why a whole file was held, or what failed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize, schemars::JsonSchema))]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub struct Problem<'a> {
    /// The line of the original, from 1, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// In words.
    pub message: Cow<'a, str>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Cow<'a, str>>,
}

/// A place where a transform did something, would, or declined to.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize, schemars::JsonSchema))]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub struct Finding<'a> {
    /// Names it, the same from run to run: transform, stage, a hash of the instructions that it is about, and which of
    /// several with the same.
    pub key: Cow<'a, str>,
    /// The transform: `dockwright explain` tells of it.
    pub transform: Cow<'a, str>,
    /// What became of it.
    pub state: Applicability,
    /// The level of its change; none where there is no change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The first line of the original that it is about, from 1.
    pub first_line: usize,
    /// The last one, included.
    pub last_line: usize,
    /// What is gained.
    pub message: Cow<'a, str>,
    /// What a person has to look at, as a statement that must be true; always there at level review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Cow<'a, str>>,
    /// Why it was not applied, where a precondition does not hold or our gate refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// Its change is in the result.
    Applied,
    /// Its change is at level review, which was not asked for.
    Review,
    /// A precondition does not hold.
    Held,
    /// A `# dockwright: keep` comment says so.
    Kept,
    /// It was asked not to be applied.
    Denied,
    /// It is worth doing, but by hand.
    Advice,
    /// Our gate refused the change: a bug of dockwright.
    Dropped,
}

/// The level of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The image differs only in what the change promises.
    Safe,
    /// Right unless the check fails.
    Review,
}

/// Whole lines of the original, and what stands in their place.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize, schemars::JsonSchema))]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub struct Hunk<'a> {
    /// The first line that is replaced, from 1; where none is, the line before which the new ones are inserted.
    pub line: usize,
    /// How many lines are replaced.
    pub removed: usize,
    /// These lines, with their line breaks.
    pub old: Cow<'a, str>,
    /// What stands in their place.
    pub new: Cow<'a, str>,
    /// The keys of the findings that made it.
    pub findings: Vec<Cow<'a, str>>,
}

/// The document, as text.
#[must_use]
pub fn json(files: &[File<'_>]) -> String {
    let document = document(files);
    // Only a map with keys that are not text, or a failing writer, could fail here.
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

/// The document.
#[must_use]
pub fn document<'a>(files: &[File<'a>]) -> Document<'a> {
    Document {
        version: 1,
        tool: Tool { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() },
        files: files.iter().map(entry).collect(),
    }
}

fn entry<'a>(file: &File<'a>) -> Entry<'a> {
    let mut entry = Entry {
        path: file.path.into(),
        state: State::Failed,
        problem: None,
        note: file.note.map(Cow::from),
        findings: Vec::new(),
        hunks: Vec::new(),
        ignore_lines: Vec::new(),
    };
    match file.result {
        Err((message, help)) => {
            entry.problem = Some(Problem { line: None, message: message.into(), help: help.map(Cow::from) });
        }
        Ok(outcome) => {
            entry.state = match &outcome.held {
                Some(_) => State::Held,
                None if outcome.changes() => State::Changed,
                None => State::Unchanged,
            };
            entry.problem = outcome.held.as_ref().map(|hold| Problem {
                line: Some(hold.line),
                message: (&*hold.reason).into(),
                help: hold.help.as_deref().map(Cow::from),
            });
            entry.findings = findings(outcome);
            entry.ignore_lines = outcome.ignore_lines.iter().map(|line| line.into()).collect();
            entry.hunks = hunks(outcome)
                .into_iter()
                .map(|hunk| Hunk {
                    line: hunk.lines.start,
                    removed: hunk.lines.len(),
                    old: hunk.old.of(&outcome.before).into(),
                    new: hunk.new.of(&outcome.after).into(),
                    findings: hunk.findings.iter().map(|index| entry.findings[*index].key.clone()).collect(),
                })
                .collect();
        }
    }
    entry
}

fn findings(outcome: &Outcome) -> Vec<Finding<'_>> {
    let applied = applied(outcome).map(|(transform, applied)| Finding {
        key: key(&applied.key),
        transform: transform.into(),
        state: Applicability::Applied,
        level: Some(if applied.check.is_some() { Level::Review } else { Level::Safe }),
        first_line: applied.lines.0,
        last_line: applied.lines.1,
        message: (&*applied.message).into(),
        check: applied.check.as_deref().map(Cow::from),
        reason: None,
    });
    applied.chain(outcome.left.iter().map(left)).collect()
}

fn left(left: &Left) -> Finding<'_> {
    let (state, level, check, reason) = match &left.why {
        Why::Precondition(reason) => (Applicability::Held, None, None, Some(reason)),
        Why::NotReviewed(check) => (Applicability::Review, Some(Level::Review), Some(check), None),
        Why::Suppressed => (Applicability::Kept, None, None, None),
        Why::Denied => (Applicability::Denied, None, None, None),
        Why::Advice => (Applicability::Advice, None, None, None),
        Why::Dropped(reason) => (Applicability::Dropped, None, None, Some(reason)),
    };
    Finding {
        key: key(&left.key),
        transform: left.transform.into(),
        state,
        level,
        first_line: left.lines.0,
        last_line: left.lines.1,
        message: (&*left.message).into(),
        check: check.map(|check| (&**check).into()),
        reason: reason.map(|reason| (&**reason).into()),
    }
}

fn key(key: &Key) -> Cow<'_, str> {
    (&*key.0).into()
}
