//! What a person sees: a line while it runs, and a table at the end.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::edge::{Failure, printable};

/// What became of a repository.
pub enum Result {
    Looked { dockerfiles: usize, lines: Vec<Line>, notes: Vec<String> },
    Skipped(&'static str),
    Failed(Failure),
}

/// What was done about two branches.
pub struct Line {
    /// What they are for, if not for all Dockerfiles of the repository.
    pub label: Option<String>,
    pub safe: Done,
    pub review: Done,
}

impl Line {
    fn nothing(&self) -> bool {
        (self.safe, self.review) == (Done::Nothing, Done::Nothing)
    }
}

/// What was done about a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    Nothing,
    /// There is a pull request, and it is as it should be.
    Current,
    Opened(Option<u64>),
    Updated(Option<u64>),
    Closed(Option<u64>),
    Away(&'static str),
}

impl Done {
    fn says(self, dry: bool) -> String {
        let number = |number: Option<u64>| number.map(|number| format!(" #{number}")).unwrap_or_default();
        let would = if dry { "would be " } else { "" };
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Current => "as it was".to_owned(),
            Self::Opened(at) => format!("{would}opened{}", number(at)),
            Self::Updated(at) => format!("{would}updated{}", number(at)),
            Self::Closed(at) => format!("{would}closed{}", number(at)),
            Self::Away(why) => why.to_owned(),
        }
    }
}

/// A path in a line of the table: it cannot make it look like another.
fn shown(label: &str) -> String {
    label.chars().map(|c| if c.is_control() || crate::report::turns(c) { '\u{fffd}' } else { c }).collect()
}

/// What became of all.
pub struct Report {
    pub progress: ProgressBar,
    rows: Vec<(String, Result)>,
}

impl Report {
    pub fn new() -> Self {
        let progress = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        let style = ProgressStyle::with_template("{pos}/{len} {wide_msg} {elapsed}");
        progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { progress, rows: Vec::new() }
    }

    pub fn of(self, count: usize) -> Self {
        self.progress.set_length(count as u64);
        self
    }

    pub fn begin(&self, name: &str) {
        self.progress.set_message(printable(name).into_owned());
    }

    pub fn add(&mut self, name: &str, result: Result) {
        if let Result::Failed(failure) = &result {
            self.progress.suspend(|| failure.print());
        }
        self.progress.inc(1);
        self.rows.push((name.to_owned(), result));
    }

    /// Whether none failed.
    pub fn well(&self) -> bool {
        !self.rows.iter().any(|(_, result)| matches!(result, Result::Failed(_)))
    }

    /// The table: a line for each repository in which there is something to be seen, and how many there were.
    pub fn finish(self, requests: usize, dry: bool) -> String {
        self.progress.finish_and_clear();
        let mut lines: Vec<[String; 3]> = Vec::new();
        let mut text = String::new();
        let (mut opened, mut updated, mut closed, mut current, mut away) = (0, 0, 0, 0, 0);
        let (mut nothing, mut without, mut failed) = (0, 0, 0);
        let mut skipped: Vec<(&str, usize)> = Vec::new();
        for (name, result) in &self.rows {
            let name = printable(name).into_owned();
            match result {
                Result::Failed(_) => {
                    failed += 1;
                    lines.push([name, "failed".to_owned(), String::new()]);
                }
                Result::Skipped(why) => match skipped.iter_mut().find(|(other, _)| other == why) {
                    Some((_, count)) => *count += 1,
                    None => skipped.push((why, 1)),
                },
                Result::Looked { dockerfiles: 0, lines, notes }
                    if notes.is_empty() && lines.iter().all(Line::nothing) =>
                {
                    without += 1;
                }
                Result::Looked { lines: done, notes, .. } => {
                    for done in done.iter().flat_map(|line| [line.safe, line.review]) {
                        match done {
                            Done::Nothing => {}
                            Done::Current => current += 1,
                            Done::Opened(_) => opened += 1,
                            Done::Updated(_) => updated += 1,
                            Done::Closed(_) => closed += 1,
                            Done::Away(_) => away += 1,
                        }
                    }
                    if done.iter().all(Line::nothing) {
                        nothing += 1;
                    }
                    for line in done.iter().filter(|line| !line.nothing()) {
                        let label = line.label.as_ref().map(|label| format!(" {}", shown(label)));
                        lines.push([
                            name.clone() + &label.unwrap_or_default(),
                            line.safe.says(dry),
                            line.review.says(dry),
                        ]);
                    }
                    for note in notes {
                        text += &format!("note: {name}: {}\n", printable(note));
                    }
                }
            }
        }
        if !lines.is_empty() {
            lines.insert(0, ["repository", "safe", "to be checked"].map(str::to_owned));
        }
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let (first, second) = (width(0), width(1));
        for [name, safe, review] in &lines {
            let line = format!("{name:first$}  {safe:second$}  {review}");
            text += line.trim_end();
            text.push('\n');
        }
        let would = if dry { "would be " } else { "" };
        let counted = [
            (opened, format!("{would}opened")),
            (updated, format!("{would}updated")),
            (closed, format!("{would}closed")),
            (current, "as they were".to_owned()),
            (away, "left alone".to_owned()),
        ];
        let pulls: Vec<String> =
            counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let mut about = Vec::new();
        if nothing > 0 {
            about.push(format!("{nothing} with nothing to improve"));
        }
        if without > 0 {
            about.push(format!("{without} without a Dockerfile"));
        }
        about.extend(skipped.iter().map(|(why, count)| format!("{count} {why}")));
        if failed > 0 {
            about.push(format!("{failed} failed"));
        }
        let plural = |count: usize, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
        let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
        text += &plural(self.rows.len(), "repository", "repositories");
        text += &about;
        if !pulls.is_empty() {
            text += &format!("; pull requests: {}", pulls.join(", "));
        }
        text + &format!("; {}\n", plural(requests, "request", "requests"))
    }
}
