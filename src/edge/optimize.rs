//! `dockwright optimize`: the main job, from paths to diffs.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::pipeline::{self, Choice, Outcome, Review};
use crate::report;
use crate::transform::Settings;
use crate::transforms::ALL;

use super::arguments::Optimize;
use super::config::Config;
use super::files::{self, Found};
use super::summary::Summary;
use super::world::Disk;
use super::{DONE, FAILED, Failure, WOULD_CHANGE};

/// What became of one file.
pub struct Job {
    /// As it is shown.
    pub path: String,
    /// The user named it.
    pub named: bool,
    /// What came out, or why nothing did.
    pub result: Result<Outcome, Failure>,
    /// Whether it could be written; `None` if it was not to be.
    pub written: Option<Result<(), Failure>>,
}

pub fn run(arguments: Optimize) -> u8 {
    arguments.color.choose();
    let choice = match choice(&arguments) {
        Ok(choice) => choice,
        Err(failure) => {
            failure.print();
            return FAILED;
        }
    };
    let mut failed = false;
    let mut found = Vec::new();
    for path in &arguments.paths {
        if path.as_os_str() == "-" {
            found.push(Found { path: path.clone(), named: true });
        } else if path.is_dir() {
            let inside = files::search(path);
            if inside.is_empty() {
                Failure::new(
                    format!("{}: no Dockerfile is in it", path.display()),
                    "name the file, if it is called otherwise",
                )
                .print();
                failed = true;
            }
            found.extend(inside);
        } else {
            found.push(Found { path: path.clone(), named: true });
        }
    }
    let jobs: Vec<Job> = found.into_par_iter().map(|found| job(found, &arguments, &choice)).collect();
    let mut out = anstream::stdout().lock();
    let mut summary = Summary::new(&arguments);
    for job in &jobs {
        failed |= summary.add(job);
        let Ok(outcome) = &job.result else { continue };
        let shown = match (arguments.write, job.path.as_str()) {
            (true, "-") => outcome.after.to_string(),
            (true, _) => continue,
            (false, "-") => colour(&report::unified("Dockerfile", &outcome.before, &outcome.after)),
            (false, path) => colour(&report::unified(path, &outcome.before, &outcome.after)),
        };
        if out.write_all(shown.as_bytes()).is_err() {
            // The reader is gone, as `head` is after ten lines.
            break;
        }
    }
    let _ = out.flush();
    summary.finish();
    let changes = jobs.iter().filter_map(|job| job.result.as_ref().ok()).any(|outcome| outcome.before != outcome.after);
    if failed {
        FAILED
    } else if arguments.check && changes {
        WOULD_CHANGE
    } else {
        DONE
    }
}

fn choice(arguments: &Optimize) -> Result<Choice, Failure> {
    let reviewed = arguments.review.iter().flatten();
    let names = reviewed.chain(arguments.only.iter().flatten()).chain(&arguments.skip);
    for name in names {
        if !ALL.iter().any(|transform| transform.name() == name) {
            return Err(Failure::new(
                format!("no transform is called `{name}`"),
                "`dockwright explain` lists them all",
            ));
        }
    }
    let review = match &arguments.review {
        None => Review::None,
        Some(names) if names.is_empty() => Review::All,
        Some(names) => Review::Only(names.clone()),
    };
    Ok(Choice { review, only: arguments.only.clone(), skip: arguments.skip.clone(), ..Choice::default() })
}

fn job(found: Found, arguments: &Optimize, choice: &Choice) -> Job {
    let result = outcome(&found.path, arguments, choice);
    let written = match &result {
        Ok(outcome) if arguments.write && outcome.before != outcome.after && found.path.as_os_str() != "-" => {
            Some(files::write(&found.path, &outcome.after))
        }
        _ => None,
    };
    Job { path: found.path.display().to_string(), named: found.named, result, written }
}

fn outcome(path: &Path, arguments: &Optimize, choice: &Choice) -> Result<Outcome, Failure> {
    let stdin = path.as_os_str() == "-";
    let text = if stdin {
        files::read_stdin()?
    } else {
        files::read(path).map_err(|failure| Failure { skippable: true, ..failure })?
    };
    let folder = match path.parent() {
        Some(parent) if !stdin && !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let config = Config::find(&folder)?;
    let settings = Settings { images: config.image_map(), ..Settings::default() };
    let context = arguments.context.clone().or_else(|| (!stdin).then(|| folder.clone()));
    let outcome = pipeline::run(text, ALL, &Disk::new(context), &settings, choice).map_err(|unsettled| {
        Failure::new(
            format!("{}: {unsettled}", shown(path)),
            "this is a bug of dockwright: please report it with the file",
        )
    })?;
    match &outcome.held {
        Some(hold) if hold.invalid => Err(Failure {
            message: format!("{}:{}: {}", shown(path), hold.line, hold.reason),
            excerpt: excerpt(&outcome.before, hold.line),
            help: Some(format!("{}; the file was left as it is", hold.help.as_deref().unwrap_or("correct it"))),
            skippable: false,
        }),
        _ => Ok(outcome),
    }
}

/// A path as messages name it.
pub fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".into() } else { path.display().to_string() }
}

/// The line of source, as a person finds it.
fn excerpt(text: &str, line: usize) -> Option<String> {
    let source: String = text.lines().nth(line - 1)?.chars().take(100).collect();
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    Some(format!("{margin} |\n{number} | {source}\n{margin} |\n"))
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
