//! What real builds showed: sizes, times, what the containers did, and the verdict.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::transform::{Field, Promise};

use super::explain::{Comparison, Promised};

/// What was measured of one of the two.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    /// Bytes in the files of all layers.
    pub size: u64,
    /// Bytes as a registry stores them.
    pub compressed: u64,
    /// Whether that is an estimate from a sample.
    pub estimated: bool,
    /// Bytes of each layer, the lowest first.
    pub layers: Vec<u64>,
    /// Bytes of build context that were sent.
    pub context: Option<u64>,
    /// Builds without any cache.
    pub cold: Times,
    /// Builds again, with nothing changed.
    pub unchanged: Times,
    /// Builds again, after an edit of a source file.
    pub edited: Times,
}

/// Several measurements of the same.
#[derive(Clone, Debug, Default)]
pub struct Times(pub Vec<Duration>);

impl Times {
    /// The one in the middle; of an even number, the mean of the two.
    #[must_use]
    pub fn median(&self) -> Option<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let middle = sorted.len() / 2;
        let upper = sorted.get(middle)?;
        Some(if sorted.len() % 2 == 1 { *upper } else { (sorted[middle - 1] + *upper) / 2 })
    }

    /// The shortest and the longest.
    #[must_use]
    pub fn spread(&self) -> Option<(Duration, Duration)> {
        Some((*self.0.iter().min()?, *self.0.iter().max()?))
    }
}

/// What a container did when it was started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// It could not be started: why.
    pub refused: Option<String>,
    /// The exit code of the command that was asked for, and what it printed.
    pub ran: Option<(i64, String)>,
    /// The exit code, if it ended on its own.
    pub ended: Option<i64>,
    /// Ports that it listens on; `None` if that cannot be seen.
    pub ports: Option<BTreeSet<u16>>,
    /// What it answers over HTTP.
    pub answers: Vec<Answer>,
    /// How long it took to stop after SIGTERM, and its exit code then.
    pub stopped: Option<(Duration, i64)>,
    /// The last it printed.
    pub log: String,
}

/// What a port answers to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The port.
    pub port: u16,
    /// The path that was asked for.
    pub path: String,
    /// The status; `None` if there was no answer in HTTP.
    pub status: Option<u16>,
    /// The start of the body.
    pub body: Box<[u8]>,
}

/// One thing that was compared between the containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub what: String,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
    /// Whether that is right.
    pub verdict: Verdict,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both do the same.
    Same,
    /// They differ for the better.
    Better,
    /// They differ as this transform promised.
    Promised(&'static str),
    /// Two starts of the same differ as well.
    Noise,
    /// They differ.
    Differs,
}

/// SIGKILL after the grace period.
const KILLED: i64 = 137;

/// Compares what the containers did; `again` is another start of the original.
#[must_use]
pub fn checks(before: &Behaviour, again: Option<&Behaviour>, after: &Behaviour, promised: &[Promised]) -> Vec<Check> {
    let mut checks = Vec::new();
    let again = again.unwrap_or(before);
    let mut add = |what: String, values: [String; 3], better: bool, promise: Option<&'static str>| {
        let [before, again, after] = values;
        let verdict = if before == after {
            Verdict::Same
        } else if before != again {
            Verdict::Noise
        } else if better {
            Verdict::Better
        } else {
            promise.map_or(Verdict::Differs, Verdict::Promised)
        };
        checks.push(Check { what, before, after, verdict });
    };
    let three = |text: &dyn Fn(&Behaviour) -> String| [text(before), text(again), text(after)];
    let by = |wanted: &dyn Fn(&Promise) -> bool| promised.iter().find(|it| wanted(&it.promise)).map(|it| it.transform);
    let starts = |it: &Behaviour| it.refused.clone().map_or_else(|| "yes".to_owned(), |why| format!("no: {why}"));
    add("starts".to_owned(), three(&starts), before.refused.is_some() && after.refused.is_none(), None);
    if before.refused.is_some() || after.refused.is_some() {
        return checks;
    }
    if before.ran.is_some() || after.ran.is_some() {
        let exit = |it: &Behaviour| it.ran.as_ref().map_or_else(String::new, |(code, _)| format!("exit code {code}"));
        add("runs the command".to_owned(), three(&exit), false, None);
        let output = |it: &Behaviour| it.ran.as_ref().map_or_else(String::new, |(_, output)| output.clone());
        add("prints".to_owned(), three(&output), false, None);
        return checks;
    }
    let lives = |it: &Behaviour| it.ended.map_or_else(|| "yes".to_owned(), |code| format!("no, exit code {code}"));
    add("keeps running".to_owned(), three(&lives), false, None);
    if before.ports.is_some() && after.ports.is_some() {
        let ports = |it: &Behaviour| match &it.ports {
            Some(ports) if !ports.is_empty() => ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" "),
            _ => "none".to_owned(),
        };
        add("listens on".to_owned(), three(&ports), false, None);
    }
    for answer in &before.answers {
        let find =
            |it: &Behaviour| it.answers.iter().find(|it| it.port == answer.port && it.path == answer.path).cloned();
        let status = |it: &Behaviour| {
            find(it).and_then(|it| it.status).map_or_else(|| "no answer".to_owned(), |status| status.to_string())
        };
        let better = answer.status.is_none() && find(after).is_some_and(|it| it.status.is_some());
        add(format!("answers GET {} on {}", answer.path, answer.port), three(&status), better, None);
        let body = |it: &Behaviour| match find(it) {
            Some(it) if it.status.is_some() => format!("{} bytes, {:08x}", it.body.len(), fingerprint(&it.body)),
            _ => String::new(),
        };
        if answer.status.is_some() && find(after).is_some_and(|it| it.status == answer.status) {
            add("  body".to_owned(), three(&body), false, None);
        }
    }
    if let (Some(old), Some(new)) = (before.stopped, after.stopped) {
        let way = |it: &Behaviour| match it.stopped {
            Some((_, KILLED)) => "no, it has to be killed".to_owned(),
            Some((_, code)) => format!("yes, exit code {code}"),
            None => String::new(),
        };
        let start =
            |promise: &Promise| matches!(promise, Promise::Config(Field::Cmd | Field::Entrypoint) | Promise::Base);
        let better = old.1 == KILLED && new.1 != KILLED;
        // With another process as the first, the exit code is that one's.
        let promise = if new.1 == KILLED { None } else { by(&start) };
        add("stops on SIGTERM".to_owned(), three(&way), better, promise);
    }
    checks
}

/// A short name for some bytes: FNV-1a.
fn fingerprint(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// All that was shown of one Dockerfile and its rewrite.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Of the original.
    pub before: Measures,
    /// Of the rewrite.
    pub after: Measures,
    /// How the images compare.
    pub comparison: Comparison,
    /// How the containers compare; why they were not started.
    pub checks: Result<Vec<Check>, String>,
    /// The last that the rewritten container printed.
    pub log: String,
}

impl Evidence {
    /// Takes over the times, and the sizes of the contexts, that were measured of the two.
    pub fn take_times(&mut self, measured: [Measures; 2]) {
        for (into, from) in [&mut self.before, &mut self.after].into_iter().zip(measured) {
            let Measures { cold, unchanged, edited, context, .. } = from;
            (into.cold, into.unchanged, into.edited, into.context) = (cold, unchanged, edited, context);
        }
    }

    /// Takes for chance what `again`, the evidence of another build of the same rewrite, does not show.
    pub fn confirm(&mut self, again: &Self) {
        self.comparison.confirm(&again.comparison);
        let differs = |check: &Check| check.verdict == Verdict::Differs;
        for check in self.checks.iter_mut().flatten().filter(|check| differs(check)) {
            let confirmed = again.checks.iter().flatten().any(|other| other.what == check.what && differs(other));
            if !confirmed {
                check.verdict = Verdict::Noise;
            }
        }
    }

    /// Why this is no proof, if it is none.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        if let Some(check) = self.checks.iter().flatten().find(|check| check.verdict == Verdict::Differs) {
            return Some(format!("{}: {} → {}", check.what.trim(), check.before, check.after));
        }
        let first = self.comparison.findings.first()?;
        let others = match self.comparison.findings.len() - 1 {
            0 => String::new(),
            1 => ", and one other difference".to_owned(),
            count => format!(", and {count} other differences"),
        };
        Some(format!("{first}{others}"))
    }
}
