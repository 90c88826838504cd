//! The transforms in order, to a fixpoint; suppression; the gate.
//!
//! Each sweep runs the transforms in list order: find, apply, read again. It ends with the sweep that changes nothing.
//! What a transform would do beyond what was asked for, and what it declines to do, is taken from that last sweep and
//! stated in the lines of the original.

mod gate;

use std::borrow::Cow;
use std::sync::Arc;

use crate::context::{Overlay, World};
use crate::dockerfile::Document;
use crate::source::{Edits, Lines, Span};
use crate::transform::{Change, Finding, Fix, On, Settings, Transform, View};

/// A pipeline that has not settled by then never does.
const MAX_SWEEPS: usize = 8;

/// Which transforms run, and at which level.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Which review-level changes are applied.
    pub review: Review,
    /// If set, only these run.
    pub only: Option<Vec<String>>,
    /// These do not run.
    pub skip: Vec<String>,
    /// These run although they only run when asked.
    pub enable: Vec<String>,
    /// Findings that are not applied, by key.
    pub deny: Vec<Key>,
}

/// Which review-level changes are applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Review {
    /// None.
    #[default]
    None,
    /// Those of all transforms that run.
    All,
    /// Those of these transforms.
    Only(Vec<String>),
}

impl Choice {
    /// Whether `transform` runs.
    #[must_use]
    pub fn runs(&self, transform: &Transform) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name == transform.name());
        !named(&self.skip)
            && self.only.as_ref().map_or(transform.on == On::Default || named(&self.enable), |only| named(only))
    }

    /// Whether review-level changes of the transform `name` are applied.
    #[must_use]
    pub fn reviews(&self, name: &str) -> bool {
        match &self.review {
            Review::None => false,
            Review::All => true,
            Review::Only(names) => names.iter().any(|other| other == name),
        }
    }
}

impl Outcome {
    /// Whether anything is to be written: the Dockerfile, or lines of the ignore file.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.before != self.after || !self.ignore_lines.is_empty()
    }
}

/// Names a finding, the same from run to run: transform, stage, a hash of the instructions that it is about, and which of
/// several with the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub Box<str>);

/// What came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The text as it was.
    pub before: Arc<str>,
    /// The text as it is now.
    pub after: Arc<str>,
    /// The lines that the ignore file of the context needs besides, in order.
    pub ignore_lines: Vec<String>,
    /// What was applied, one step per transform and sweep that changed something.
    pub steps: Vec<Step>,
    /// What was not.
    pub left: Vec<Left>,
    /// Why the whole file was held, with the line and what to do about it.
    pub held: Option<Hold>,
}

/// Why a whole file is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Where.
    pub span: Span,
    /// The line, from 1.
    pub line: usize,
    /// Why.
    pub reason: Box<str>,
    /// What to do about it.
    pub help: Option<Box<str>>,
    /// Whether BuildKit would refuse the file.
    pub invalid: bool,
}

/// The findings of one transform, applied together.
#[derive(Clone, Debug)]
pub struct Step {
    /// The transform.
    pub transform: &'static str,
    /// The text before this step.
    pub before: Arc<str>,
    /// The text after it.
    pub after: Arc<str>,
    /// What was applied.
    pub applied: Vec<Applied>,
}

/// A finding that was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Its key.
    pub key: Key,
    /// The lines of the original that it is about, from 1, both included.
    pub lines: (usize, usize),
    /// What is gained.
    pub message: Cow<'static, str>,
    /// What has to be checked; `None` at level safe.
    pub check: Option<Cow<'static, str>>,
    /// The change, in offsets of the step's `before`.
    pub change: Change,
}

/// A finding that was not applied.
#[derive(Clone, Debug)]
pub struct Left {
    /// The transform.
    pub transform: &'static str,
    /// Its key.
    pub key: Key,
    /// The lines of the original that it is about, from 1, both included.
    pub lines: (usize, usize),
    /// What would be gained.
    pub message: Cow<'static, str>,
    /// Why not.
    pub why: Why,
}

/// Why a finding was not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A precondition does not hold.
    Precondition(Cow<'static, str>),
    /// It is at level review, which was not asked for. What has to be checked.
    NotReviewed(Cow<'static, str>),
    /// A `# dockwright: keep` comment.
    Suppressed,
    /// Its key was denied.
    Denied,
    /// It is advice.
    Advice,
    /// The gate refused it: a bug of ours.
    Dropped(Cow<'static, str>),
}

/// The transforms never came to rest: a bug of ours. Nothing is changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these transforms undo each other's work: {}", .0.join(", "))]
pub struct Unsettled(pub Vec<&'static str>);

/// Runs `transforms` over a Dockerfile.
///
/// # Errors
/// [`Unsettled`] if they undo each other's work.
pub fn run(
    file: impl Into<Document>,
    transforms: &[Transform],
    world: &dyn World,
    settings: &Settings,
    choice: &Choice,
) -> Result<Outcome, Unsettled> {
    let mut doc: Document = file.into();
    let before = doc.shared_text();
    let mut outcome = Outcome {
        before: Arc::clone(&before),
        after: before,
        ignore_lines: Vec::new(),
        steps: Vec::new(),
        left: Vec::new(),
        held: None,
    };
    let mut world = Overlay::new(world);
    if let Some(problem) = doc.problems().first() {
        outcome.held = Some(Hold {
            span: problem.span,
            line: doc.line(problem.span.start),
            reason: problem.message.clone(),
            help: problem.help.clone(),
            invalid: problem.invalid,
        });
        return Ok(outcome);
    }
    let keep_file = Pragmas::of_file(&doc);
    let mut history: Vec<Edits> = Vec::new();
    let original = Lines::of(&outcome.before);
    let mut dropped: Vec<Left> = Vec::new();
    // What each transform found, and in which state of the text: in the same one, it finds the same again.
    let mut known: Vec<Option<(usize, Vec<Finding>)>> = vec![None; transforms.len()];
    for sweep in 0.. {
        let mut changed = Vec::new();
        let mut left = Vec::new();
        let mut at = 0;
        while at < transforms.len() {
            let view = View::new(&doc, &world, settings);
            let mut step = None;
            // One view serves all transforms up to the next one that changes the text.
            while step.is_none() && at < transforms.len() {
                let transform = &transforms[at];
                at += 1;
                if !choice.runs(transform) {
                    continue;
                }
                let state = history.len();
                let findings = match known[at - 1].take() {
                    Some((then, findings)) if then == state => findings,
                    _ => (transform.find)(&view),
                };
                known[at - 1] = Some((state, findings.clone()));
                if findings.is_empty() {
                    continue;
                }
                let mut sorter = Sorter {
                    view: &view,
                    transform: transform.name(),
                    history: &history,
                    original: &original,
                    choice,
                    keep_file: &keep_file,
                    dropped: &mut dropped,
                    left: &mut left,
                };
                let applied = sorter.sort(findings);
                step = apply(&view, applied, &mut sorter);
            }
            let Some((edits, after, applied)) = step else { break };
            let transform = transforms[at - 1].name();
            changed.push(transform);
            for applied in &applied {
                world.add(&applied.change.ignore_lines);
            }
            let (before, text) = (doc.shared_text(), after.shared_text());
            outcome.steps.push(Step { transform, before, after: text, applied });
            history.push(edits);
            doc = after;
        }
        if changed.is_empty() {
            outcome.left = left;
            break;
        }
        if sweep + 1 == MAX_SWEEPS {
            return Err(Unsettled(changed));
        }
    }
    outcome.left.append(&mut dropped);
    outcome.after = doc.shared_text();
    outcome.ignore_lines = world.lines;
    Ok(outcome)
}

/// Holds `change` of the Dockerfile `text` to the gate, whatever made it: only the instructions that it edits may differ.
///
/// # Errors
/// What is wrong, in words.
pub fn passes(text: &str, change: &Change, world: &dyn World, settings: &Settings) -> Result<(), String> {
    let doc = Document::parse(text);
    let view = View::new(&doc, world, settings);
    let edited = |span: Span| change.edits.iter().any(|edit| edit.span.overlaps(span));
    let all = doc.instructions().iter().enumerate();
    let instructions = all.filter(|(_, it)| edited(it.span)).map(|(index, _)| index).collect();
    gate::pass(&view, &[&Finding::safe(instructions, "", change.clone())]).map(drop)
}

/// Splits findings into those to apply and those that are left.
struct Sorter<'a, 'v> {
    view: &'a View<'v>,
    transform: &'static str,
    history: &'a [Edits],
    original: &'a Lines,
    choice: &'a Choice,
    keep_file: &'a Pragmas,
    dropped: &'a mut Vec<Left>,
    left: &'a mut Vec<Left>,
}

impl Sorter<'_, '_> {
    fn sort(&mut self, findings: Vec<Finding>) -> Vec<(Finding, Applied)> {
        let mut apply = Vec::new();
        let mut keys: Vec<Key> = Vec::new();
        for finding in findings {
            let key = self.key(&finding, &mut keys);
            if self.dropped.iter().any(|left| left.key == key) {
                continue;
            }
            let lines = self.lines(&finding);
            let suppressed = self.suppressed(&finding);
            let why = match &finding.fix {
                _ if suppressed => Why::Suppressed,
                _ if self.choice.deny.contains(&key) => Why::Denied,
                Fix::Held(reason) => Why::Precondition(reason.clone()),
                Fix::Advice => Why::Advice,
                Fix::Review { check, .. } if !self.choice.reviews(self.transform) => Why::NotReviewed(check.clone()),
                Fix::Safe(change) | Fix::Review { change, .. } => {
                    let check = if let Fix::Review { check, .. } = &finding.fix { Some(check.clone()) } else { None };
                    let applied =
                        Applied { key, lines, message: finding.message.clone(), check, change: change.clone() };
                    apply.push((finding, applied));
                    continue;
                }
            };
            self.left.push(Left { transform: self.transform, key, lines, message: finding.message, why });
        }
        apply
    }

    fn key(&self, finding: &Finding, keys: &mut Vec<Key>) -> Key {
        let doc = self.view.doc;
        let stage = finding.instructions.first().and_then(|index| doc.stage_of(*index));
        let stage = stage.map_or_else(|| "-".to_owned(), |stage| stage.to_string());
        let texts = finding.instructions.iter().filter_map(|index| doc.instructions().get(*index));
        let hash = texts.flat_map(|instruction| doc.slice(instruction.span).bytes()).fold(
            0xcbf2_9ce4_8422_2325_u64,
            |hash, byte| {
                // FNV-1a: the same in every release, unlike the standard library's hasher.
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            },
        );
        let base = format!("{}/{stage}/{:08x}", self.transform, hash >> 32);
        let nth = keys.iter().filter(|key| key.0.rsplit_once('/').is_some_and(|(start, _)| start == base)).count();
        let key = Key(format!("{base}/{nth}").into());
        keys.push(key.clone());
        key
    }

    fn lines(&self, finding: &Finding) -> (usize, usize) {
        let span = finding.span(self.view.doc);
        let number =
            |offset| self.original.number(self.history.iter().rev().fold(offset, |at, edits| edits.origin(at)));
        (number(span.start), number(span.end))
    }

    fn suppressed(&self, finding: &Finding) -> bool {
        self.keep_file.keeps(self.transform)
            || finding.instructions.iter().any(|index| Pragmas::of(self.view.doc, *index).keeps(self.transform))
    }

    fn drop(&mut self, applied: Applied, reason: String) {
        let Applied { key, lines, message, .. } = applied;
        self.dropped.push(Left { transform: self.transform, key, lines, message, why: Why::Dropped(reason.into()) });
    }
}

/// Applies what passes the gate: all at once, or, where that fails, one after the other.
fn apply(
    view: &View<'_>,
    findings: Vec<(Finding, Applied)>,
    sorter: &mut Sorter<'_, '_>,
) -> Option<(Edits, Document, Vec<Applied>)> {
    if findings.is_empty() {
        return None;
    }
    let (all, applied): (Vec<Finding>, Vec<Applied>) = findings.into_iter().unzip();
    if let Ok((edits, after)) = gate::pass(view, &all.iter().collect::<Vec<_>>()) {
        return Some((edits, after, applied));
    }
    let mut passed: Vec<(&Finding, Applied)> = Vec::new();
    for (finding, applied) in all.iter().zip(applied) {
        let trial: Vec<&Finding> = passed.iter().map(|(finding, _)| *finding).chain([finding]).collect();
        match gate::pass(view, &trial) {
            Ok(_) => passed.push((finding, applied)),
            Err(reason) => sorter.drop(applied, reason),
        }
    }
    let (all, applied): (Vec<&Finding>, Vec<Applied>) = passed.into_iter().unzip();
    if all.is_empty() {
        return None;
    }
    let (edits, after) = gate::pass(view, &all).ok()?;
    Some((edits, after, applied))
}

/// What `# dockwright: keep` comments say.
#[derive(Debug, Default)]
struct Pragmas {
    all: bool,
    names: Vec<Box<str>>,
}

impl Pragmas {
    fn of_file(doc: &Document) -> Self {
        let comments = doc.tokens().iter().filter(|token| token.kind == crate::dockerfile::TokenKind::Comment);
        Self::read(comments.map(|token| doc.slice(token.span)), "keep-file")
    }

    fn of(doc: &Document, index: usize) -> Self {
        let above = doc.comments_above(index);
        let inside = doc.instructions().get(index).map_or(&[][..], |instruction| &instruction.comments);
        Self::read(above.iter().chain(inside).map(|span| doc.slice(*span)), "keep")
    }

    fn read<'t>(comments: impl Iterator<Item = &'t str>, word: &str) -> Self {
        let mut pragmas = Self::default();
        for comment in comments {
            let Some(rest) = comment.trim_start_matches('#').trim_start().strip_prefix("dockwright:") else { continue };
            let mut words = rest.split([' ', '\t', ',']).filter(|word| !word.is_empty());
            if words.next() != Some(word) {
                continue;
            }
            let names: Vec<Box<str>> = words.take_while(|word| !word.starts_with("reason=")).map(Box::from).collect();
            pragmas.all |= names.is_empty();
            pragmas.names.extend(names);
        }
        pragmas
    }

    fn keeps(&self, transform: &str) -> bool {
        self.all || self.names.iter().any(|name| **name == *transform)
    }
}
