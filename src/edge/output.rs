//! What standard output gets: a diff, or a report for a program.

use std::io::Write as _;

use crate::explain::Page;
use crate::report;
use crate::transforms::ALL;

use super::arguments::{Format, Optimize};
use super::ignores::Ignore;
use super::optimize::Job;

/// Prints what came out.
pub fn print(jobs: &[Job], ignores: &[Ignore], arguments: &Optimize) {
    let mut out = anstream::stdout().lock();
    if arguments.format == Format::Diff {
        let ignores = ignores.iter().filter(|_| !arguments.write).map(|ignore| colour(&ignore.diff()));
        for text in jobs.iter().map(|job| diff(job, arguments.write)).chain(ignores) {
            if out.write_all(text.as_bytes()).is_err() {
                // The reader is gone, as `head` is after ten lines.
                break;
            }
        }
    } else {
        let files: Vec<report::File> = jobs.iter().map(file).collect();
        let text = match arguments.format {
            Format::Diff => String::new(),
            Format::Json => report::json(&files),
            Format::Sarif => {
                let pages: Vec<Page> = ALL.iter().filter_map(|transform| Page::of(transform).ok()).collect();
                report::sarif(&files, &pages)
            }
            Format::Github => report::github(&files),
            Format::Markdown => report::markdown(&files),
        };
        let _ = out.write_all(text.as_bytes());
    }
    let _ = out.flush();
}

fn diff(job: &Job, write: bool) -> String {
    let Ok(outcome) = &job.result else { return String::new() };
    match (write, job.path.as_str()) {
        (true, "-") => outcome.after.to_string(),
        (true, _) => String::new(),
        (false, "-") => colour(&report::unified("Dockerfile", &outcome.before, &outcome.after)),
        (false, path) => colour(&report::unified(path, &outcome.before, &outcome.after)),
    }
}

fn file(job: &Job) -> report::File<'_> {
    report::File {
        path: &job.inside,
        note: job.note.as_deref(),
        result: job.result.as_ref().map_err(|failure| (failure.message.as_str(), failure.help.as_deref())),
    }
}

/// A diff in colour; the stream drops the colour where it is not a terminal.
fn colour(diff: &str) -> String {
    use anstyle::AnsiColor::{Cyan, Green, Red};
    let mut text = String::with_capacity(diff.len() + 256);
    for line in diff.split_inclusive('\n') {
        let style = match line.as_bytes()[0] {
            b'-' => Red.on_default(),
            b'+' => Green.on_default(),
            b'@' => Cyan.on_default(),
            _ => {
                text += line;
                continue;
            }
        };
        // The line break stays outside, so that a carriage return does too.
        let bare = line.trim_end_matches(['\n', '\r']);
        text += &format!("{style}{bare}{style:#}{}", &line[bare.len()..]);
    }
    text
}
