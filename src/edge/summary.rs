//! What standard error says: each change with its reason, what is held back, what to type next.

use std::collections::HashSet;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};

use crate::pipeline::{Left, Outcome, Why};

use super::arguments::{Format, Optimize};
use super::optimize::Job;
use super::printable;

const NAME_WIDTH: usize = 22;

pub struct Summary<'a> {
    arguments: &'a Optimize,
    text: String,
    files: usize,
    changed: usize,
    changes: usize,
    /// A change that was applied needs a check.
    checks: bool,
    reviews: usize,
    held: usize,
    said: HashSet<String>,
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

impl<'a> Summary<'a> {
    pub fn new(arguments: &'a Optimize) -> Self {
        Self {
            arguments,
            text: String::new(),
            files: 0,
            changed: 0,
            changes: 0,
            checks: false,
            reviews: 0,
            held: 0,
            said: HashSet::new(),
        }
    }

    /// Adds one file. Answers whether it failed.
    pub fn add(&mut self, job: &Job) -> bool {
        if let Some(note) = &job.note
            && self.said.insert(note.clone())
        {
            self.text += &format!("{BOLD}note{BOLD:#}: {}\n", printable(note));
        }
        let outcome = match &job.result {
            Ok(outcome) => outcome,
            Err(failure) if job.named || !failure.skippable => {
                // A fault of the configuration is the same for every file below it.
                if self.said.insert(failure.message.clone()) {
                    failure.print();
                }
                return true;
            }
            Err(failure) => {
                // Found by searching, not named: not worth failing for.
                self.text += &format!("{DIM}skipped {}{DIM:#}\n", printable(&failure.message));
                return false;
            }
        };
        self.files += 1;
        self.file(job, outcome);
        if let Some(Err(failure)) = &job.written {
            failure.print();
            return true;
        }
        false
    }

    fn file(&mut self, job: &Job, outcome: &Outcome) {
        let path = if job.path == "-" { "standard input".into() } else { printable(&job.path) };
        if let Some(hold) = &outcome.held {
            self.held += 1;
            if job.named || self.arguments.why {
                self.text += &format!("{BOLD}{path}{BOLD:#}: left alone: line {}: {}\n", hold.line, hold.reason);
            }
            return;
        }
        let reviews: Vec<(&Left, &str)> = outcome
            .left
            .iter()
            .filter_map(|left| match &left.why {
                Why::NotReviewed(check) => Some((left, check.as_ref())),
                _ => None,
            })
            .collect();
        let held = outcome.left.iter().filter(|left| matches!(left.why, Why::Precondition(_))).count();
        let applied: Vec<_> = outcome
            .steps
            .iter()
            .flat_map(|step| step.applied.iter().map(move |applied| (step.transform, applied)))
            .collect();
        self.changes += applied.len();
        self.checks |= applied.iter().any(|(_, applied)| applied.check.is_some());
        self.reviews += reviews.len();
        self.held += held;
        if !applied.is_empty() {
            self.changed += 1;
        }
        if applied.is_empty() && reviews.is_empty() {
            if job.named || self.arguments.why {
                let held = match held {
                    0 => String::new(),
                    _ if self.arguments.why => format!(" ({held} held)"),
                    _ => format!(" ({held} held: dockwright optimize --why)"),
                };
                self.text += &format!("{path}: nothing to improve{held}\n");
            }
        } else {
            let gap = if self.text.is_empty() { "" } else { "\n" };
            self.text += &format!("{gap}{BOLD}{path}{BOLD:#}\n");
            // The same reason at several places is said once.
            let mut said: Vec<(&str, &str, usize)> = Vec::new();
            for (name, applied) in &applied {
                match said.iter_mut().find(|(other, message, _)| other == name && *message == applied.message) {
                    Some((_, _, count)) => *count += 1,
                    None => said.push((name, &applied.message, 1)),
                }
            }
            for (name, message, count) in said {
                let verified = if job.rejected.is_some() { " (verified)" } else { "" };
                let times = if count > 1 { format!(" ({count} places)") } else { String::new() };
                self.text += &format!(
                    "  {}{name}{:#}{:width$}{message}{times}{verified}\n",
                    green(),
                    green(),
                    "",
                    width = pad(name)
                );
            }
            let checks = applied.iter().filter_map(|(name, applied)| Some((name, applied.check.as_ref()?)));
            let mut seen = Vec::new();
            for (name, check) in checks {
                if !seen.contains(&(name, check)) {
                    self.text += &format!("  {:NAME_WIDTH$}{BOLD}check{BOLD:#}: {check} ({name})\n", "");
                    seen.push((name, check));
                }
            }
            if !reviews.is_empty() {
                self.text += &format!("\n  With your review, {} more:\n", reviews.len());
                for (left, check) in &reviews {
                    self.text += &format!(
                        "  {}{:width$}{} {DIM}(line {}){DIM:#}\n",
                        left.transform,
                        "",
                        left.message,
                        left.lines.0,
                        width = pad(left.transform)
                    );
                    self.text += &format!("  {:NAME_WIDTH$}{DIM}check:{DIM:#} {check}\n", "");
                }
            }
        }
        for rejected in job.rejected.iter().flatten() {
            self.text += rejected;
        }
        for left in &outcome.left {
            if let Why::Dropped(reason) = &left.why {
                self.text += &format!(
                    "  {}{:width$}not applied, a bug of dockwright (please report it): {reason}\n",
                    left.transform,
                    "",
                    width = pad(left.transform)
                );
            }
        }
        if self.arguments.why {
            self.why(&path, outcome);
        }
    }

    fn why(&mut self, path: &str, outcome: &Outcome) {
        for left in &outcome.left {
            let (word, reason) = match &left.why {
                Why::Precondition(reason) => ("held", reason.as_ref()),
                Why::Suppressed => ("kept", "a `# dockwright: keep` comment says so"),
                Why::Denied => ("denied", "real builds took it back"),
                Why::Advice => ("advice", "by hand"),
                Why::NotReviewed(_) | Why::Dropped(_) => continue,
            };
            let line = outcome.before.lines().nth(left.lines.0.saturating_sub(1)).unwrap_or_default().trim();
            let line: String = printable(line).chars().take(90).collect();
            self.text += &format!(
                "{BOLD}{path}:{}{BOLD:#}  {}  {word}\n  {DIM}{line}{DIM:#}\n  {}: {reason}\n",
                left.lines.0, left.transform, left.message
            );
        }
    }

    /// Prints it, with what to type next.
    pub fn finish(mut self) {
        // In a workflow's log, a line may be a command: annotations say it all.
        if self.arguments.quiet || self.arguments.format == Format::Github {
            return;
        }
        let (changes, changed) = (count(self.changes, "change"), count(self.changed, "file"));
        let level = if self.checks { "" } else { "safe " };
        if self.changes > 0 {
            let written = if self.arguments.write {
                format!("Wrote {changes} in {changed}.")
            } else {
                format!(
                    "{} {level}{} in {changed}. Write them: {}",
                    self.changes,
                    plural(self.changes, "change"),
                    again("-w")
                )
            };
            self.text += &format!("\n{written}\n");
        } else if self.files > 1 {
            self.text += &format!("{} looked at, nothing to improve\n", count(self.files, "file"));
        }
        if self.reviews > 0 {
            self.text += &format!("See what needs your check: {}\n", again("--review"));
        }
        if self.held > 0 && !self.arguments.why && self.changes + self.reviews > 0 {
            self.text += &format!("{} held back: {}\n", self.held, again("--why"));
        }
        let _ = anstream::stderr().write_all(self.text.as_bytes());
    }
}

/// The command that was given, with `flag`.
fn again(flag: &str) -> String {
    /// Longer ones nobody copies.
    const SHORT: usize = 200;
    // All of them, where the command named some.
    let instead = |it: &str| flag == "--review" && (it == flag || it.starts_with("--review="));
    let arguments = std::env::args().skip(1).filter(|it| it != "optimize" && !instead(it));
    let plain = |it: &str| it.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=./,:@+".contains(&byte));
    let quoted = arguments.map(|it| if plain(&it) { it } else { shell_words::quote(&it).into_owned() });
    let arguments = quoted.collect::<Vec<_>>().join(" ");
    let blank = if arguments.is_empty() { "" } else { " " };
    if arguments.len() > SHORT {
        return format!("the same command with {flag}");
    }
    format!("dockwright optimize {flag}{blank}{arguments}")
}

const fn green() -> Style {
    AnsiColor::Green.on_default()
}

/// Blanks that bring what follows a name to the second column.
const fn pad(name: &str) -> usize {
    if name.len() + 1 < NAME_WIDTH { NAME_WIDTH - name.len() } else { 1 }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn count(count: usize, word: &str) -> String {
    format!("{count} {}", plural(count, word))
}
