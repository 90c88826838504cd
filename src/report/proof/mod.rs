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
                Cause::Noise => "differs between two builds of the original, too".to_owned(),
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

fn row(what: &str, before: &str, after: &str, note: &str) -> [String; 4] {
    [what.to_owned(), before.to_owned(), after.to_owned(), note.to_owned()]
}

fn check(check: &Check) -> [String; 4] {
    let note = match check.verdict {
        Verdict::Same => String::new(),
        Verdict::Better => "better".to_owned(),
        Verdict::Promised(transform) => format!("promised by {transform}"),
        Verdict::Noise => "so do two starts of the original".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A proof of `text`, in which a variable differs that nobody promised.
    fn with_proof<T>(good: bool, look: impl FnOnce(&Proof<'_>) -> T) -> T {
        use crate::context::Nothing;
        use crate::pipeline::{self, Choice};
        use crate::transform::{Field, Settings};
        let text = "FROM debian:12\nRUN apt-get update && apt-get install -y 'a<b>' curl\nCMD x\n";
        let outcome = pipeline::run(text, crate::transforms::ALL, &Nothing, &Settings::default(), &Choice::default());
        let outcome = outcome.expect("it settles");
        let measures = |size: u64| crate::proof::evidence::Measures {
            size,
            compressed: size / 3,
            estimated: true,
            layers: vec![size / 2, size / 2],
            cold: Times(vec![Duration::from_secs(size / 10_000_000)]),
            ..Default::default()
        };
        let difference = Difference::Config {
            field: Field::Env,
            name: "A".to_owned(),
            before: Some("<script>alert(1)</script>".to_owned()),
            after: None,
        };
        let comparison = crate::proof::explain::Comparison {
            findings: if good { Vec::new() } else { vec![difference] },
            noise: Some(3),
            files: 1234,
            ..Default::default()
        };
        let check = Check {
            what: "stops on SIGTERM".to_owned(),
            before: "no, it has to be killed".to_owned(),
            after: "yes, exit code 0".to_owned(),
            verdict: Verdict::Better,
        };
        let evidence = Evidence {
            before: measures(1_018_000_000),
            after: measures(176_000_000),
            comparison,
            checks: Ok(vec![check]),
            log: String::new(),
        };
        look(&Proof { path: "Dockerfile", outcome: &outcome, evidence: &evidence, edited: Some("app.py") })
    }

    #[test]
    fn the_table_says_what_was_found() {
        let table = with_proof(true, |proof| table(proof, true));
        assert_eq!(
            table,
            "                           before                   after\n\
             builds                     yes                      yes\n\
             stops on SIGTERM           no, it has to be killed  yes, exit code 0  better\n\
             image                      1,018 MB                 176 MB            −83 %\n  \
             as stored in a registry  ~339 MB                  ~59 MB            −83 %\n\
             layers                     2                        2\n\
             cold build                 101.0 s                  17.0 s            6× faster\n\
             files                      1,234                    the same\n\n\
             Explained:\n\n\
             proved: 1 change. Two builds of the original differ in 3 places, which are not counted.\n"
        );
        let table = with_proof(false, |proof| super::table(proof, false));
        assert!(table.contains("Nobody promised:\n  ENV A: <script>"), "{table}");
        assert!(
            table.ends_with("unset. Two builds of the original differ in 3 places, which are not counted.\n"),
            "{table}"
        );
    }

    #[test]
    fn json_is_json() {
        let value: serde_json::Value = serde_json::from_str(&with_proof(false, json)).expect("JSON");
        assert_eq!((value["version"].as_u64(), value["proved"].as_bool()), (Some(1), Some(false)));
        assert_eq!(value["before"]["image_bytes"], 1_018_000_000_u64);
        assert_eq!(value["changes"][0]["transform"], "apt-lists");
        assert_eq!(value["unexplained"][0], "ENV A: <script>alert(1)</script> → unset");
    }

    /// The page names no other, holds no script, and closes what it opens.
    #[test]
    fn the_page_stands_alone() {
        let page = with_proof(false, html);
        for part in ["http", "<script", "src=", "url(", "@import", "a<b>"] {
            assert!(!page.contains(part), "{part}: {page}");
        }
        for part in [
            "not proved: ENV A",
            "the layer keeps the package lists",
            "prefers-color-scheme:dark",
            "a&lt;b&gt;",
            "lang=\"en\"",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let mut open: Vec<&str> = Vec::new();
        for tag in page.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            let name = tag.split(' ').next().unwrap_or_default();
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None if matches!(name, "!DOCTYPE" | "meta") => {}
                None => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn sizes_and_numbers() {
        for (size, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "2 kB"),
            (1_890_000, "1.8 MB"),
            (61_400_000, "61 MB"),
            (1_017_600_000, "1,018 MB"),
        ] {
            assert_eq!(bytes(size), text);
        }
        assert_eq!((grouped(12), grouped(1_234_567)), ("12".to_owned(), "1,234,567".to_owned()));
        assert_eq!(
            [(1018, 176), (100, 100), (100, 150), (0, 5)].map(|(before, after)| percent(before, after)),
            ["−83 %", "", "+50 %", ""]
        );
    }

    #[test]
    fn times_are_told_plainly() {
        let seconds = |it: f64| Duration::from_secs_f64(it);
        assert_eq!(speed(seconds(15.9), seconds(0.4)), "40× faster");
        assert_eq!(speed(seconds(10.0), seconds(8.0)), "20 % faster");
        assert_eq!(speed(seconds(10.0), seconds(15.0)), "50 % slower");
        assert_eq!(speed(seconds(10.0), seconds(10.2)), "");
        let times = Times(vec![seconds(18.8), seconds(19.2), seconds(25.0)]);
        assert_eq!(time(seconds(19.2), &times), "19.2 s (18.8–25.0)");
        assert_eq!(time(seconds(19.2), &Times(vec![seconds(19.2)])), "19.2 s");
    }
}
