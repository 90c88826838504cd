//! Whether scripts mean the same before and after a rewrite: the same commands run, in the same surroundings and order,
//! and the build fails in the same cases, whichever commands fail.

use std::collections::HashMap;

use super::Script;
use super::trace::{Rules, ShellOptions, Texts, Trace, Unknown, run};

/// A script and how its shell is started.
#[derive(Clone, Copy, Debug)]
pub struct Run<'s> {
    /// The script.
    pub script: &'s Script,
    /// The shell.
    pub options: ShellOptions,
}

/// What a rewrite said of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing: it runs as before.
    Kept,
    /// It is added or removed as promised: left out of the comparison. Where it fails, what follows it need not run.
    Promised,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// In every case that was tried, which are all if there are few, the same happens.
    Same,
    /// Not so here.
    Differs(Box<Example>),
    /// One of the scripts does what is not modelled.
    CannotTell(Unknown),
}

/// A case in which scripts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The commands that ran and whether they succeeded, as assumed.
    pub assumed: Vec<(String, bool)>,
    /// What happens before the rewrite.
    pub before: Trace,
    /// And after it.
    pub after: Trace,
}

/// Cases that are tried; with no more than six commands, or any number that are joined by `&&` alone, that is all.
const MAX_CASES: usize = 64;

/// Whether `before` and `after` mean the same. Each is a sequence of scripts, as of RUN instructions: each runs in a
/// shell of its own, and the first to fail ends it.
///
/// `rules.normal` brings the text of commands into the form in which they are compared, for instance without an option
/// that the rewrite promises to add; `role` is asked for that form.
#[must_use]
pub fn same_meaning(before: &[Run], after: &[Run], rules: Rules, role: &dyn Fn(&str) -> Role) -> Meaning {
    // What is the same at both ends does the same, whatever it does: each script has a shell of its own.
    let equal = |(one, other): &(&Run, &Run)| one.options == other.options && one.script.text() == other.script.text();
    let head = before.iter().zip(after).take_while(equal).count();
    let (before, after) = (&before[head..], &after[head..]);
    let tail = before.iter().rev().zip(after.iter().rev()).take_while(equal).count();
    let (before, after) = (&before[..before.len() - tail], &after[..after.len() - tail]);
    if before.is_empty() && after.is_empty() {
        return Meaning::Same;
    }
    let compare = |oracle: &mut Oracle| oracle.compare(before, after, rules, role);
    // All cases, last command first; each run finds out which commands there are.
    let mut oracle = Oracle::default();
    for _ in 0..MAX_CASES {
        oracle.restart();
        match compare(&mut oracle) {
            Ok(None) => {}
            Ok(Some(example)) => return Meaning::Differs(Box::new(example)),
            Err(unknown) => return Meaning::CannotTell(unknown),
        }
        if !oracle.next_case() {
            return Meaning::Same;
        }
    }
    // Too many: each command failing alone, then a sample.
    oracle.script.clear();
    oracle.restart();
    let all = match compare(&mut oracle) {
        Ok(_) => oracle.known.len(),
        Err(unknown) => return Meaning::CannotTell(unknown),
    };
    let alone = (0..all).map(|nth| (Some(nth), None));
    let sample = (1..=MAX_CASES as u64).map(|seed| (None, Some(seed)));
    for (alone, seed) in alone.chain(sample) {
        oracle.restart();
        (oracle.alone, oracle.seed) = (alone, seed);
        match compare(&mut oracle) {
            Ok(None) => {}
            Ok(Some(example)) => return Meaning::Differs(Box::new(example)),
            Err(unknown) => return Meaning::CannotTell(unknown),
        }
    }
    Meaning::Same
}

/// Decides which commands succeed, the same way before and after.
#[derive(Default)]
struct Oracle {
    texts: Texts,
    /// The commands that were met, in any case.
    commands: HashMap<Box<str>, Decided>,
    /// The number of the sequence that runs.
    sequence: usize,
    /// What was decided in this case, in order.
    known: Vec<(String, bool)>,
    /// What to decide first, from the case before.
    script: Vec<bool>,
    /// The only one that fails.
    alone: Option<usize>,
    /// Of the sample.
    seed: Option<u64>,
}

/// What was decided of a command, by how often it ran before.
#[derive(Default)]
struct Decided {
    /// As indices of what is known.
    outcomes: Vec<usize>,
    /// The sequence that ran it last, and how often.
    runs: (usize, usize),
}

impl Oracle {
    fn decide(&mut self, text: &str) -> bool {
        if !self.commands.contains_key(text) {
            self.commands.insert(text.into(), Decided::default());
        }
        let Some(decided) = self.commands.get_mut(text) else { return true };
        if decided.runs.0 != self.sequence {
            decided.runs = (self.sequence, 0);
        }
        decided.runs.1 += 1;
        if let Some(known) = decided.outcomes.get(decided.runs.1 - 1) {
            return self.known[*known].1;
        }
        let index = self.known.len();
        decided.outcomes.push(index);
        let succeeds = match (self.alone, self.seed) {
            (Some(alone), _) => index != alone,
            // In odd cases half of the commands fail, in even ones an eighth.
            (None, Some(seed)) => {
                let mask = if seed % 2 == 0 { 7 } else { 1 };
                mix(seed ^ ((index as u64) << 32)) & mask != 0
            }
            (None, None) => self.script.get(index).copied().unwrap_or(true),
        };
        self.known.push((text.to_owned(), succeeds));
        succeeds
    }

    fn restart(&mut self) {
        self.commands.values_mut().for_each(|decided| decided.outcomes.clear());
        self.known.clear();
    }

    /// Moves on to the case in which the last command that succeeded fails; whether there is one.
    fn next_case(&mut self) -> bool {
        let decisions = self.known.iter().map(|(_, succeeds)| *succeeds);
        self.script = decisions.collect();
        while let Some(succeeds) = self.script.pop() {
            if succeeds {
                self.script.push(false);
                return true;
            }
        }
        false
    }

    /// Runs both in this case.
    fn compare(
        &mut self,
        before: &[Run],
        after: &[Run],
        rules: Rules,
        role: &dyn Fn(&str) -> Role,
    ) -> Result<Option<Example>, Unknown> {
        let old = self.sequence(before, rules, role)?;
        let new = self.sequence(after, rules, role)?;
        let succeed = |sequence: &Sequence| sequence.trace.status == 0;
        let agree =
            |count: usize| old.trace.events.iter().take(count).zip(&new.trace.events).all(|(old, new)| old == new);
        let prefix = agree(usize::MAX);
        let same = if let Some(before) = [old.promise_failed, new.promise_failed].into_iter().flatten().min() {
            // What follows need not run, in one of them; until then they agree.
            old.trace.events.len() >= before && new.trace.events.len() >= before && agree(before)
        } else if old.endless || new.endless {
            prefix && old.endless == new.endless
        } else {
            old.trace.events == new.trace.events && succeed(&old) == succeed(&new)
        };
        Ok((!same).then(|| Example { assumed: self.known.clone(), before: old.trace, after: new.trace }))
    }

    fn sequence(&mut self, runs: &[Run], rules: Rules, role: &dyn Fn(&str) -> Role) -> Result<Sequence, Unknown> {
        let mut sequence = Sequence::default();
        // How many promised commands ran until one failed, that one included.
        let (mut promised, mut failed) = (0, None);
        self.sequence += 1;
        let mut texts = std::mem::take(&mut self.texts);
        for Run { script, options } in runs {
            let mut decide = |text: &str| {
                let succeeds = self.decide(text);
                if role(text) == Role::Promised {
                    promised += 1;
                    if !succeeds {
                        failed.get_or_insert(promised);
                    }
                }
                succeeds
            };
            let events = &mut sequence.trace.events;
            let (status, endless) = run(script, *options, rules, &mut texts, &mut decide, events)?;
            sequence.trace.status = status;
            sequence.endless = endless;
            if status != 0 || endless {
                break;
            }
        }
        self.texts = texts;
        let mut left = failed;
        sequence.trace.events.retain(|event| {
            let kept = role(&event.text) == Role::Kept;
            match &mut left {
                Some(0) | None => {}
                Some(_) if kept => sequence.promise_failed = Some(sequence.promise_failed.unwrap_or(0) + 1),
                Some(left) => *left -= 1,
            }
            kept
        });
        if failed.is_some() {
            sequence.promise_failed.get_or_insert(0);
        }
        Ok(sequence)
    }
}

/// A sequence that was run.
#[derive(Default)]
struct Sequence {
    trace: Trace,
    endless: bool,
    /// A promised command failed: how many others had run then.
    promise_failed: Option<usize>,
}

/// A well-mixed number (splitmix64).
const fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
