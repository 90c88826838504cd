//! `dockwright checklist`: what a production image should have, and who sees to it: a transform, a person, another tool.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::dockerfile::{Command, Document, Kind};
use crate::images::{self, Family, Image};
use crate::pipeline::{Outcome, Why};
use crate::scope::{Scopes, User};

use super::arguments::Checklist;
use super::files::{self, Found};
use super::project::{self, Projects};
use super::subject::Subject;
use super::world::Shared;
use super::{DONE, FAILED, Failure, printable};

/// A row: what is looked at.
struct Row {
    /// The list that it is in.
    list: &'static str,
    item: &'static str,
    /// The transforms that see to it.
    transforms: &'static [&'static str],
    /// What is to be said where none of them has anything to say.
    otherwise: fn(&Facts<'_>) -> State,
}

/// How a row stands.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Done,
    /// By these transforms; whether one of them needs a check.
    Fixed(Vec<&'static str>, bool),
    /// The transform, and the reason.
    Held(&'static str, String),
    Advice(String),
}

/// What is known of a Dockerfile.
struct Facts<'a> {
    subject: &'a Subject<'a>,
    scopes: Scopes,
    /// The base image of the last stage, if it is known.
    image: Option<Image>,
    /// That of the result.
    after: Option<Image>,
}

const ROWS: &[Row] = &[
    Row { list: "Image", item: "multi-stage build", transforms: &["split-stages", "unused-stage"], otherwise: stages },
    Row { list: "Image", item: "fitting base image", transforms: &["slim-base", "nginx-static"], otherwise: base },
    Row { list: "Image", item: "few layers", transforms: &["join-runs"], otherwise: done },
    Row { list: "Image", item: ".dockerignore", transforms: &["dockerignore"], otherwise: ignore_file },
    Row {
        list: "Image",
        item: "no unnecessary files",
        transforms: &["apt-lists", "package-caches", "no-recommends", "late-delete", "chown-in-copy", "chmod-in-copy"],
        otherwise: done,
    },
    Row { list: "Security", item: "non-root user", transforms: &["non-root-user", "nginx-static"], otherwise: user },
    Row { list: "Security", item: "minimal or distroless base", transforms: &[], otherwise: base },
    Row { list: "Security", item: "no secrets inside", transforms: &["secrets"], otherwise: done },
    Row {
        list: "Security",
        item: "vulnerability scan",
        transforms: &[],
        otherwise: |_| State::Advice("trivy image IMAGE, or grype IMAGE, in CI and each night".into()),
    },
    Row { list: "Security", item: "current base image", transforms: &["pin-base"], otherwise: done },
    Row { list: "Security", item: "health check", transforms: &["healthcheck"], otherwise: health },
    Row {
        list: "Performance",
        item: "layer order",
        transforms: &["copy-manifests-first", "system-packages-first", "sink-args"],
        otherwise: done,
    },
    Row { list: "Performance", item: "cache mounts", transforms: &["cache-mounts"], otherwise: done },
    Row { list: "Performance", item: "quick start-up", transforms: &["exec-form"], otherwise: start },
    Row {
        list: "Performance",
        item: "resource limits",
        transforms: &[],
        otherwise: |_| {
            State::Advice("docker run --memory 512m --cpus 1, deploy.resources in Compose, limits in Kubernetes".into())
        },
    },
    Row {
        list: "Performance",
        item: "monitoring",
        transforms: &[],
        otherwise: |_| State::Advice("docker stats for what runs, dive IMAGE for what each layer weighs".into()),
    },
];

const fn done(_: &Facts<'_>) -> State {
    State::Done
}

fn stages(facts: &Facts<'_>) -> State {
    if facts.subject.doc.stages().len() > 1 {
        return State::Done;
    }
    State::Advice("one stage: right where nothing is compiled".into())
}

fn base(facts: &Facts<'_>) -> State {
    let small = |image: &Image| {
        image.slim || matches!(image.family, Family::Alpine | Family::Distroless | Family::Scratch | Family::Busybox)
    };
    let Some(image) = &facts.image else { return State::Advice("what is in the base image is not known".into()) };
    match &image.slim_sibling {
        _ if small(image) => State::Done,
        _ if facts.after.as_ref().is_some_and(|it| it.kind == images::Kind::Nginx) => {
            State::Fixed(vec!["nginx-static"], true)
        }
        _ if facts.after.as_ref().is_some_and(small) => State::Fixed(vec!["split-stages"], true),
        Some(tag) => State::Advice(format!("{}:{tag} lacks compilers and headers, and is smaller", image.repository)),
        None => State::Advice("no smaller variant of the base image is known".into()),
    }
}

fn ignore_file(facts: &Facts<'_>) -> State {
    match facts.subject.has_ignore_file() {
        Some(true) => State::Done,
        Some(false) => State::Advice("there is none: .git, logs and what is built here are sent to the builder".into()),
        None => State::Advice("which directory is the build context is not known: name it with --context".into()),
    }
}

fn user(facts: &Facts<'_>) -> State {
    let last = facts.subject.doc.stages().len().checked_sub(1);
    match last.map(|last| &facts.scopes.after(last).user) {
        Some(User::Other { .. }) => State::Done,
        Some(User::Root) => State::Advice("it runs as root, and has no command of its own".into()),
        _ => State::Advice("who the base image runs as is not known".into()),
    }
}

fn health(facts: &Facts<'_>) -> State {
    let is = |kind: &Kind| matches!(kind, Kind::Healthcheck(_));
    match facts.subject.doc.instructions().iter().any(|instruction| is(&instruction.kind)) {
        true => State::Done,
        false => State::Advice(
            "HEALTHCHECK for Docker and Compose (optimize --enable healthcheck), a probe in Kubernetes".into(),
        ),
    }
}

fn start(facts: &Facts<'_>) -> State {
    let shell = facts.subject.doc.instructions().iter().rev().find_map(|instruction| match &instruction.kind {
        Kind::Cmd(command) | Kind::Entrypoint(command) => Some(matches!(command, Command::Shell(_))),
        _ => None,
    });
    match shell {
        Some(true) => State::Advice("a shell stands before the program: exec hands over to it".into()),
        _ => State::Done,
    }
}

pub fn run(arguments: &Checklist) -> u8 {
    arguments.color.choose();
    let (projects, shared) = (Projects::default(), Shared::default());
    let (mut text, mut failed) = (String::new(), false);
    for found in arguments.paths.iter().flat_map(|path| if path.is_dir() { files::search(path) } else { named(path) }) {
        match list(&found.path, arguments, &projects, &shared) {
            Ok(list) => text += &list,
            Err(failure) => {
                failure.print();
                failed = true;
            }
        }
    }
    let _ = anstream::stdout().write_all(text.trim_start_matches('\n').as_bytes());
    if failed { FAILED } else { DONE }
}

fn named(path: &Path) -> Vec<Found> {
    vec![Found { path: path.to_path_buf(), named: true }]
}

/// The lists of one Dockerfile.
fn list(path: &Path, arguments: &Checklist, projects: &Projects, shared: &Shared) -> Result<String, Failure> {
    let real = project::real(path);
    let project = projects.of(real.parent().unwrap_or(&real))?;
    let subject = Subject::read(path, &real, project, &arguments.choose(), shared)?;
    let outcome = subject.outcome(&[])?;
    let scopes = subject.scopes_of(&subject.doc);
    let last = |doc: &Document| doc.stages().len().checked_sub(1);
    let image = last(&subject.doc).and_then(|last| scopes.image(last).cloned());
    let result = Document::parse(std::sync::Arc::clone(&outcome.after));
    let after = last(&result).and_then(|last| subject.scopes_of(&result).image(last).cloned());
    let facts = Facts { subject: &subject, scopes, image, after };
    let bold = Style::new().bold();
    let mut text = format!("\n{bold}{}{bold:#}\n", printable(&path.display().to_string()));
    if let Some(hold) = &outcome.held {
        return Ok(text + &format!("left alone: line {}: {}\n", hold.line, hold.reason));
    }
    let mut list = "";
    for row in ROWS {
        if row.list != list {
            list = row.list;
            let _ = writeln!(text, "  {list}");
        }
        let state = state(row, &outcome).unwrap_or_else(|| (row.otherwise)(&facts));
        let _ = writeln!(text, "    {:<27} {}", row.item, told(&state));
    }
    Ok(text)
}

/// What the transforms say of a row; `None` if nothing.
fn state(row: &Row, outcome: &Outcome) -> Option<State> {
    let ours = |name: &str| row.transforms.contains(&name);
    let steps: Vec<_> = outcome.steps.iter().filter(|step| ours(step.transform)).collect();
    if !steps.is_empty() {
        let checks = steps.iter().any(|step| step.applied.iter().any(|applied| applied.check.is_some()));
        let mut names: Vec<&'static str> = Vec::new();
        for step in steps {
            if !names.contains(&step.transform) {
                names.push(step.transform);
            }
        }
        return Some(State::Fixed(names, checks));
    }
    let left = || outcome.left.iter().filter(|left| ours(left.transform));
    let held = left().find_map(|left| match &left.why {
        Why::Precondition(reason) => Some(State::Held(left.transform, reason.to_string())),
        Why::Suppressed => Some(State::Held(left.transform, "a comment keeps it as it is".into())),
        _ => None,
    });
    held.or_else(|| left().find(|left| left.why == Why::Advice).map(|left| State::Advice(left.message.to_string())))
}

/// A state, as a person reads it.
fn told(state: &State) -> String {
    let coloured = |colour: AnsiColor, word: &str, rest: &str| {
        let style = colour.on_default();
        format!("{style}{word}{style:#}{rest}")
    };
    match state {
        State::Done => coloured(AnsiColor::Green, "done", ""),
        State::Fixed(names, checks) => {
            let how = if *checks { " (optimize --review)" } else { " (optimize)" };
            coloured(AnsiColor::Cyan, "fixed", &format!("  by {}{how}", names.join(", ")))
        }
        State::Held(name, reason) => coloured(AnsiColor::Yellow, "held", &format!("   {name}: {}", printable(reason))),
        State::Advice(text) => coloured(AnsiColor::Blue, "you", &format!("    {}", printable(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::Transform;
    use crate::transforms::ALL;

    #[test]
    fn rows_name_transforms_that_exist() {
        let names: Vec<&str> = ALL.iter().map(Transform::name).collect();
        for row in ROWS {
            for name in row.transforms {
                assert!(names.contains(name), "{}: {name}", row.item);
            }
        }
    }
}
