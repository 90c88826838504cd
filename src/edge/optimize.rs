//! `dockwright optimize`: the main job, from paths to diffs.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::pipeline::Outcome;

use super::arguments::Optimize;
use super::files::{self, Found};
use super::ignores::Ignore;
use super::project::{self, Project, Projects};
use super::subject::Subject;
use super::summary::Summary;
use super::world::Shared;
use super::{DONE, FAILED, Failure, WOULD_CHANGE, names, output, verify};

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
    /// With `--verify`: what real builds took back, as a person reads it.
    pub rejected: Option<Vec<String>>,
}

pub fn run(arguments: Optimize) -> u8 {
    arguments.color.choose();
    if let Err(failure) = names::check(arguments.choose.names()) {
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
    let shared = Shared::new(arguments.choose.which.registry);
    let mut jobs: Vec<Job> =
        found.into_par_iter().filter_map(|found| job(found, &arguments, &projects, &shared)).collect();
    if arguments.verify {
        jobs = jobs.into_iter().map(|job| verify::proven(job, &arguments, &projects, &shared)).collect();
    }
    let _ = anstream::stderr().write_all(shared.notes().as_bytes());
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
        let subject = Subject::read(&found.path, &real, project, &arguments.choose, shared)?;
        note.clone_from(&subject.note);
        let outcome = subject.outcome(&[])?;
        ignore = subject.ignore(&outcome);
        Ok(outcome)
    });
    Some(Job {
        path,
        file: found.path,
        inside,
        named: found.named,
        note,
        result,
        ignore,
        written: None,
        rejected: None,
    })
}
