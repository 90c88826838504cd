//! `dockwright optimize`: the main job, from paths to diffs.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::context::World as _;
use crate::pipeline::{self, Choice, Outcome, Review};
use crate::transform::Settings;
use crate::transforms::ALL;

use super::arguments::Optimize;
use super::config::Rules;
use super::excerpt::excerpt;
use super::files::{self, Found};
use super::ignores::Ignore;
use super::locate;
use super::project::{self, Project, Projects};
use super::summary::Summary;
use super::world::{Disk, Shared};
use super::{DONE, FAILED, Failure, WOULD_CHANGE, names, output, shown};

/// What became of one file.
pub struct Job {
    /// As it is shown.
    pub path: String,
    /// Where it is.
    pub file: PathBuf,
    /// From the root of the repository, with `/` between names; as it is shown where there is none.
    pub inside: String,
    /// The user named it.
    pub named: bool,
    /// What a person should know of how it was handled.
    pub note: Option<String>,
    /// What came out, or why nothing did.
    pub result: Result<Outcome, Failure>,
    /// The ignore file of its context, and what it says; `None` if it is not known.
    pub ignore: Option<(PathBuf, Option<String>)>,
    /// Whether it could be written; `None` if it was not to be.
    pub written: Option<Result<(), Failure>>,
}

pub fn run(arguments: Optimize) -> u8 {
    arguments.color.choose();
    let review = arguments.review.iter().flatten();
    let named = review.chain(arguments.only.iter().flatten()).chain(&arguments.skip).chain(&arguments.enable);
    if let Err(failure) = names::check(named) {
        failure.print();
        return FAILED;
    }
    let projects = Projects::default();
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
    let shared = Shared::default();
    let mut jobs: Vec<Job> =
        found.into_par_iter().filter_map(|found| job(found, &arguments, &projects, &shared)).collect();
    let ignores = Ignore::of(&jobs);
    if arguments.write {
        failed |= !write(&mut jobs, &ignores);
    }
    let mut summary = Summary::new(&arguments);
    for job in &jobs {
        failed |= summary.add(job);
    }
    output::print(&jobs, &ignores, &arguments);
    summary.finish();
    let changes = jobs.iter().filter_map(|job| job.result.as_ref().ok()).any(Outcome::changes);
    if failed {
        FAILED
    } else if arguments.check && changes {
        WOULD_CHANGE
    } else {
        DONE
    }
}

/// What runs: what the flags say, and, where they do not, the configuration.
fn choice(flags: &Optimize, rules: Rules) -> Choice {
    let asked = |name: &String| flags.enable.contains(name) || flags.only.iter().flatten().any(|only| only == name);
    let review = match &flags.review {
        None => rules.review.unwrap_or_default(),
        Some(names) if names.is_empty() => Review::All,
        Some(names) => Review::Only(names.clone()),
    };
    let only = flags.only.clone().or_else(|| rules.only.map(|only| [&only[..], &flags.enable[..]].concat()));
    let skip = flags.skip.iter().cloned().chain(rules.skip.into_iter().filter(|name| !asked(name))).collect();
    let enable = [&rules.enable[..], &flags.enable[..]].concat();
    Choice { review, only, skip, enable, ..Choice::default() }
}

/// Writes the ignore files first, as what is written to the Dockerfiles may rely on them. Answers whether all went well.
fn write(jobs: &mut [Job], ignores: &[Ignore]) -> bool {
    let mut failed: Vec<&Path> = Vec::new();
    for ignore in ignores {
        if let Err(failure) = ignore.write() {
            failure.print();
            failed.push(&ignore.path);
        }
    }
    for job in jobs {
        let Ok(outcome) = &job.result else { continue };
        let relies = !outcome.ignore_lines.is_empty();
        let lost = relies && job.ignore.as_ref().is_some_and(|(path, _)| failed.contains(&path.as_path()));
        if outcome.before != outcome.after && job.path != "-" && !lost {
            job.written = Some(files::write(&job.file, &outcome.after));
        }
    }
    failed.is_empty()
}

/// Handles one file; `None` if the configuration excludes it.
fn job(found: Found, arguments: &Optimize, projects: &Projects, shared: &Shared) -> Option<Job> {
    let stdin = found.path.as_os_str() == "-";
    let real = project::real(if stdin { Path::new(".") } else { &found.path });
    let project = projects.of(if stdin { &real } else { real.parent().unwrap_or(&real) });
    if let Ok(Project { config: Some(config), .. }) = &project
        && !found.named
        && config.excludes(&real)
    {
        return None;
    }
    let (mut note, mut ignore) = (None, None);
    let path = found.path.display().to_string();
    let root = project.as_ref().ok().and_then(|project| project.root.clone());
    let inside = match root.as_deref().and_then(|root| real.strip_prefix(root).ok()) {
        _ if stdin => "Dockerfile".to_owned(),
        Some(inside) => inside.iter().map(|name| name.to_string_lossy()).collect::<Vec<_>>().join("/"),
        None => path.clone(),
    };
    let result = project.and_then(|project| {
        let rules = project.config.as_ref().map(|config| config.rules((!stdin).then_some(&real)));
        let rules = rules.unwrap_or_default();
        let dialect = arguments.dialect.or(rules.dialect);
        let sign = project.sign.filter(|_| dialect.is_none());
        note = sign.as_ref().map(|sign| sign.note.clone());
        let settings = Settings {
            images: project.config.map(|config| config.image_map()).unwrap_or_default(),
            dialect: dialect.or(sign.map(|sign| sign.dialect)).unwrap_or_default(),
        };
        outcome(&found.path, arguments, &settings, &choice(arguments, rules), shared, &mut ignore)
    });
    Some(Job { path, file: found.path, inside, named: found.named, note, result, ignore, written: None })
}

fn outcome(
    path: &Path,
    arguments: &Optimize,
    settings: &Settings,
    choice: &Choice,
    shared: &Shared,
    ignore: &mut Option<(PathBuf, Option<String>)>,
) -> Result<Outcome, Failure> {
    let stdin = path.as_os_str() == "-";
    let text = if stdin {
        files::read_stdin()?
    } else {
        files::read(path).map_err(|failure| Failure { skippable: true, ..failure })?
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let context = match &arguments.context {
        Some(context) => Some(context.clone()),
        None if stdin => None,
        None => locate::context(&text, &folder),
    };
    let world = Disk::new(shared, context, (!stdin).then(|| path.to_path_buf()));
    let outcome = pipeline::run(text, ALL, &world, settings, choice).map_err(|unsettled| {
        Failure::new(
            format!("{}: {unsettled}", shown(path)),
            "this is a bug of dockwright: please report it with the file",
        )
    })?;
    if !outcome.ignore_lines.is_empty() {
        let text = world.ignore_file().and_then(|file| file.text);
        *ignore = world.ignore_path().map(|path| (path, text.map(|text| text.to_string())));
    }
    match &outcome.held {
        Some(hold) if hold.invalid => Err(Failure {
            message: format!("{}:{}: {}", shown(path), hold.line, hold.reason),
            excerpt: Some(excerpt(&outcome.before, hold.span)),
            help: Some(format!("{}; the file was left as it is", hold.help.as_deref().unwrap_or("correct it"))),
            skippable: false,
        }),
        _ => Ok(outcome),
    }
}
