//! A proof on the terminal: what was built, started and measured, in a table, and the verdict.

mod html;
mod json;

use std::fmt::Write as _;
use std::time::Duration;

use crate::pipeline::Outcome;
use crate::proof::compare::Difference;
use crate::proof::config::word;
use crate::proof::evidence::{Check, Evidence, Times, Verdict};
use crate::proof::explain::Cause;

pub use html::html;
pub use json::json;

/// So many unexplained differences are listed.
const LISTED: usize = 20;
/// A wider cell is cut.
const WIDEST: usize = 36;

/// The table, and what nobody can explain. With `why`, also what explains the rest.
#[must_use]
pub fn table(proof: &Proof<'_>, why: bool) -> String {
    let evidence = proof.evidence;
    let mut rows = vec![["".to_owned(), "before".to_owned(), "after".to_owned(), String::new()]];
    rows.extend(self::rows(proof));
    let unexplained = evidence.comparison.findings.len();
    let mut text = laid_out(&rows);
    if unexplained > 0 {
        text += "\nNobody promised:\n";
        for difference in evidence.comparison.findings.iter().take(LISTED) {
            let _ = writeln!(text, "  {difference}");
        }
        if unexplained > LISTED {
            let _ = writeln!(text, "  and {} more (--format json lists them all)", grouped(unexplained - LISTED));
        }
    }
    if why {
        text += "\nExplained:\n";
        for (cause, count) in evidence.comparison.causes() {
            let cause = match cause {
                Cause::Promised(transform) => format!("promised by {transform}"),
                Cause::Noise => "differs between two builds of the same, too".to_owned(),
                Cause::Volatile(why) => why.to_owned(),
            };
            let _ = writeln!(text, "  {count:>7}  {cause}");
        }
        for (difference, cause) in &evidence.comparison.explained {
            if matches!(cause, Cause::Noise | Cause::Volatile(_)) {
                let _ = writeln!(text, "           {difference}");
            }
        }
    }
    let _ = writeln!(text, "\n{}", verdict(proof));
    text
}

/// Whether it is proved, in a line.
fn verdict(proof: &Proof<'_>) -> String {
    let evidence = proof.evidence;
    let noise = match evidence.comparison.noise {
        Some(0) => " Two builds of the original do not differ.".to_owned(),
        Some(1) => " Two builds of the original differ in one place, which is not counted.".to_owned(),
        Some(count) => {
            format!(" Two builds of the original differ in {} places, which are not counted.", grouped(count))
        }
        None => String::new(),
    };
    let changes = super::hunks::applied(proof.outcome).count();
    let changes = if changes == 1 { "1 change".to_owned() } else { format!("{changes} changes") };
    match evidence.objection() {
        None => format!("proved: {changes}.{noise}"),
        Some(why) => format!("not proved: {why}.{noise}"),
    }
}

/// What was proved of one Dockerfile.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// The Dockerfile, as it is shown.
    pub path: &'a str,
    /// What is on trial.
    pub outcome: &'a Outcome,
    /// What real builds showed.
    pub evidence: &'a Evidence,
    /// The source file that was edited for a rebuild.
    pub edited: Option<&'a str>,
}

/// What was found, in rows: what, before, after, a note.
fn rows(proof: &Proof<'_>) -> Vec<[String; 4]> {
    let Proof { evidence, edited, .. } = proof;
    let mut rows = Vec::new();
    rows.push(row("builds", "yes", "yes", ""));
    match &evidence.checks {
        Ok(checks) => rows.extend(checks.iter().map(check)),
        Err(reason) => rows.push(row("containers", "not started", reason, "")),
    }
    rows.extend(measures(evidence, *edited));
    for (difference, cause) in &evidence.comparison.explained {
        if let (Difference::Config { field, name, before, after }, Cause::Promised(transform)) = (difference, cause) {
            let name = format!("{} {name}", word(*field));
            let value =
                |value: &Option<String>| value.clone().filter(|it| !it.is_empty()).unwrap_or("unset".to_owned());
            rows.push(row(name.trim_end(), &value(before), &value(after), &format!("promised by {transform}")));
        }
    }
    let tally = evidence.comparison.tally();
    let counted = format!("−{} +{} ~{}", grouped(tally.gone), grouped(tally.new), grouped(tally.changed));
    let unexplained = evidence.comparison.findings.len();
    let explained = match unexplained {
        0 if tally.gone + tally.new + tally.changed == 0 => "the same".to_owned(),
        0 => "all promised, 0 unexplained".to_owned(),
        count => format!("{} unexplained", grouped(count)),
    };
    let (counted, explained) =
        if explained == "the same" { ("the same".to_owned(), String::new()) } else { (counted, explained) };
    rows.push(row("files", &grouped(evidence.comparison.files), &counted, &explained));
    rows
}

/// Sizes and times.
fn measures(evidence: &Evidence, edited: Option<&str>) -> Vec<[String; 4]> {
    let mut rows = Vec::new();
    let (before, after) = (&evidence.before, &evidence.after);
    rows.push(row("image", &bytes(before.size), &bytes(after.size), &percent(before.size, after.size)));
    let about = |measures: &crate::proof::evidence::Measures| {
        format!("{}{}", if measures.estimated { "~" } else { "" }, bytes(measures.compressed))
    };
    let stored = percent(before.compressed, after.compressed);
    rows.push(row("  as stored in a registry", &about(before), &about(after), &stored));
    let layers = [before.layers.len().to_string(), after.layers.len().to_string()];
    rows.push(row("layers", &layers[0], &layers[1], ""));
    if let (Some(old), Some(new)) = (before.context, after.context) {
        rows.push(row("context", &bytes(old), &bytes(new), &percent(old, new)));
    }
    let edited = edited.map_or_else(|| "rebuild, source edit".to_owned(), |file| format!("rebuild, {file} edited"));
    for (what, old, new) in [
        ("cold build", &before.cold, &after.cold),
        (edited.as_str(), &before.edited, &after.edited),
        ("rebuild, nothing changed", &before.unchanged, &after.unchanged),
    ] {
        if let (Some(one), Some(other)) = (old.median(), new.median()) {
            rows.push(row(what, &time(one, old), &time(other, new), &speed(one, other)));
        }
    }
    rows
}

/// Sizes and times as a table for a pull request.
#[must_use]
pub fn markdown(proof: &Proof<'_>) -> String {
    let mut text = "| | before | after | |\n| --- | --- | --- | --- |\n".to_owned();
    for row in measures(proof.evidence, proof.edited) {
        let [what, before, after, note] = row.map(|cell| super::markdown::escape(cell.trim()));
        let _ = writeln!(text, "| {what} | {before} | {after} | {note} |");
    }
    text
}

fn row(what: &str, before: &str, after: &str, note: &str) -> [String; 4] {
    [what.to_owned(), before.to_owned(), after.to_owned(), note.to_owned()]
}

fn check(check: &Check) -> [String; 4] {
    let note = match check.verdict {
        Verdict::Same => String::new(),
        Verdict::Better => "better".to_owned(),
        Verdict::Promised(transform) => format!("promised by {transform}"),
        Verdict::Noise => "so do two starts of the same".to_owned(),
        Verdict::Differs => "DIFFERS".to_owned(),
    };
    row(&check.what, &first_line(&check.before), &first_line(&check.after), &note)
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if text.lines().nth(1).is_some() { format!("{line} …") } else { line.to_owned() }
}

/// Columns as wide as what is in them, within reason.
fn laid_out(rows: &[[String; 4]]) -> String {
    let shown = |cell: &str| -> String {
        let short: String = cell.chars().take(WIDEST - 1).collect();
        if cell.chars().count() > WIDEST { short + "…" } else { cell.to_owned() }
    };
    let rows: Vec<[String; 4]> = rows.iter().map(|row| [0, 1, 2, 3].map(|index| shown(&row[index]))).collect();
    let width = |index: usize| rows.iter().map(|row| row[index].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line += cell;
            line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// A size as registries and engines write it: a megabyte is 1,000,000 bytes.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..10_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        _ => {
            format!("{} MB", grouped(usize::try_from(bytes.saturating_add(500_000) / 1_000_000).unwrap_or(usize::MAX)))
        }
    }
}

/// A number with its thousands apart.
#[must_use]
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn percent(before: u64, after: u64) -> String {
    if before == 0 || before == after {
        return String::new();
    }
    let (low, high) = (before.min(after), before.max(after));
    let change = (u128::from(high - low) * 100 + u128::from(before) / 2) / u128::from(before);
    match (change, after < before) {
        (0, _) => String::new(),
        (change, true) => format!("−{change} %"),
        (change, false) => format!("+{change} %"),
    }
}

/// The median, and the spread where it is wide enough to matter.
fn time(median: Duration, all: &Times) -> String {
    let seconds = median.as_secs_f64();
    match all.spread() {
        Some((low, high)) if high - low > median / 10 => {
            format!("{seconds:.1} s ({:.1}–{:.1})", low.as_secs_f64(), high.as_secs_f64())
        }
        _ => format!("{seconds:.1} s"),
    }
}

fn speed(before: Duration, after: Duration) -> String {
    let ratio = before.as_secs_f64() / after.as_secs_f64().max(0.001);
    if ratio >= 2.0 {
        format!("{ratio:.0}× faster")
    } else if ratio >= 1.1 {
        format!("{:.0} % faster", (1.0 - 1.0 / ratio) * 100.0)
    } else if ratio <= 0.9 {
        format!("{:.0} % slower", (1.0 / ratio - 1.0) * 100.0)
    } else {
        String::new()
    }
}

// Beside the edge, which alone may use all that a whole run needs.
#[cfg(test)]
#[path = "../../edge/proof_tests.rs"]
mod tests;
