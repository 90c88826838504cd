//! `dockwright verify`: both are built, compared, started and timed.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::pipeline::{Key, Outcome};
use crate::proof::evidence::{Measures, Times};
use crate::proof::search::{Found, search};
use crate::report;
use crate::report::proof::Proof;

use super::arguments::{Choose, Optimize, ProofFormat, Verify};
use super::engine::{Broken, BuildFlags, Built};
use super::optimize::Job;
use super::project::{self, Projects};
use super::prove::{Bench, Reason, Side, TestFlags, Trials, keys};
use super::subject::Subject;
use super::world::Shared;
use super::{DONE, FAILED, Failure, WOULD_CHANGE, copy, names, printable, shown};

/// The file that `path` names: itself, or the Dockerfile in that folder.
fn dockerfile(path: &Path) -> Result<PathBuf, Failure> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let names = ["Dockerfile", "Containerfile"].map(|name| path.join(name));
    names.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        Failure::new(format!("{}: no Dockerfile is in it", path.display()), "name the file, if it is called otherwise")
    })
}

fn read<'s>(file: &Path, choose: &Choose, projects: &Projects, shared: &'s Shared) -> Result<Subject<'s>, Failure> {
    let real = project::real(file);
    let project = projects.of(real.parent().unwrap_or(&real))?;
    Subject::read(file, &real, project, choose, shared)
}

fn bench(subject: &Subject<'_>, build: &BuildFlags, tests: &TestFlags) -> Result<Bench, Failure> {
    let context = subject.context.as_deref().ok_or_else(|| {
        Failure::new(format!("{}: its build context is not known", shown(&subject.path)), "--context DIR names it")
    })?;
    let build = build.with_service(&subject.path, context)?;
    Bench::new(&subject.path, subject.doc.text(), context, build, tests.clone())
}

pub fn run(arguments: &Verify) -> u8 {
    arguments.color.choose();
    match verify(arguments) {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            FAILED
        }
    }
}

fn verify(arguments: &Verify) -> Result<u8, Failure> {
    names::check(arguments.choose.names())?;
    let shared = Shared::new(arguments.choose.which.registry);
    let subject = read(&dockerfile(&arguments.path)?, &arguments.choose, &Projects::default(), &shared)?;
    let path = shown(&subject.path);
    let outcome = subject.outcome(&[])?;
    say(&shared.notes());
    if !outcome.changes() {
        say(&format!("{path}: nothing to improve, so there is nothing to prove\n"));
        return Ok(DONE);
    }
    let bench = bench(&subject, &arguments.build, &arguments.tests)?;
    bench.rewrite(&outcome)?;
    let repeat = usize::from(arguments.repeat);
    let edited = match (&arguments.touch, arguments.quick) {
        (_, true) => None,
        (Some(file), false) if bench.context(Side::Before).join(file).is_file() => Some(file.clone()),
        (Some(file), false) => {
            return Err(Failure::new(
                format!("{}: is no file of the context", file.display()),
                "name one relative to it",
            ));
        }
        (None, false) => copy::likely_edit(&bench.context(Side::Before)),
    };
    let mut measured = [Measures::default(), Measures::default()];
    measured[0].context = bench.sent(Side::Before, &[]);
    measured[1].context = bench.sent(Side::After, &outcome.ignore_lines);
    // The original is built twice at least: what those two differ in says nothing about the rewrite.
    for round in 1..=repeat.max(2) {
        for (side, measures) in [Side::Before, Side::After].into_iter().zip(&mut measured) {
            if side == Side::After && round > repeat {
                continue;
            }
            let caches = format!("{}{round}", side.word());
            let name = format!("{}{round}", side.word());
            match bench.build(side, &format!("cold build {round}"), &name, true, &caches) {
                Ok(built) => {
                    measures.cold.0.push(built.time);
                }
                Err(broken) if side == Side::Before => return Err(already_broken(&path, &broken)),
                Err(broken) => {
                    say(&broken_rewrite(&path, &(broken).into()));
                    return Ok(WOULD_CHANGE);
                }
            }
        }
    }
    if !arguments.quick {
        again(&bench, &mut measured, repeat, edited.as_deref())?;
    }
    bench.baseline(["original1", "original2"])?;
    let mut evidence = bench.evidence("rewritten1", &outcome)?;
    evidence.take_times(measured);
    let edited = edited.as_ref().map(|file| file.display().to_string());
    let proof = Proof { path: &path, outcome: &outcome, evidence: &evidence, edited: edited.as_deref() };
    let text = match arguments.format {
        ProofFormat::Text => report::proof::table(&proof, arguments.why),
        ProofFormat::Json => report::proof::json(&proof),
        ProofFormat::Html => report::proof::html(&proof),
    };
    let _ = anstream::stdout().write_all(text.as_bytes());
    bench.engine.finish();
    if evidence.objection().is_none() {
        return Ok(DONE);
    }
    if !evidence.log.is_empty() {
        say(&format!("The rewritten container said last:\n{}\n", indented(&evidence.log)));
    }
    say(&format!("What is to blame is found and taken back by: dockwright optimize --verify {path}\n"));
    Ok(WOULD_CHANGE)
}

/// Builds again, with nothing changed and after edits.
fn again(bench: &Bench, measured: &mut [Measures; 2], repeat: usize, edited: Option<&Path>) -> Result<(), Failure> {
    let sides = [Side::Before, Side::After];
    let last = |side: Side| format!("{}{}", side.word(), if side == Side::Before { repeat.max(2) } else { repeat });
    let build = |side: Side, what: &str| -> Result<Built, Failure> {
        bench.build(side, what, &format!("{}-again", side.word()), false, &last(side)).map_err(|broken| {
            let step = broken.step.as_deref().unwrap_or("the build cannot start");
            let help = "it was built before: is the build at fault, or the machine? All output: ";
            let failure = Failure::new(
                format!("{}, {what}: fails at {step}", side.word()),
                format!("{help}{}", broken.file.display()),
            );
            Failure { excerpt: Some(indented(&broken.log) + "\n"), ..failure }
        })
    };
    for round in 1..=repeat {
        for (side, measures) in sides.into_iter().zip(measured.iter_mut()) {
            let built = build(side, &format!("nothing changed {round}"))?;
            measures.unchanged.0.push(built.time);
        }
    }
    let Some(edited) = edited else { return Ok(()) };
    for round in 1..=repeat {
        for (side, measures) in sides.into_iter().zip(measured.iter_mut()) {
            let file = bench.context(side).join(edited);
            copy::edit(&file, &format!("{}-{round}", bench.engine.run)).map_err(|error| {
                Failure::new(
                    format!("{}: cannot be edited: {error}", edited.display()),
                    "--touch FILE names another source file",
                )
            })?;
            let built = build(side, &format!("{} edited {round}", edited.display()))?;
            measures.edited.0.push(built.time);
        }
    }
    Ok(())
}

fn already_broken(path: &str, broken: &Broken) -> Failure {
    let step = broken.step.as_deref().unwrap_or("the build cannot start");
    let failure = Failure::new(
        format!("{path}: already broken: as it stands, it does not build: {step}"),
        format!(
            "make it build first; build arguments and secrets are passed on (--build-arg, --secret). All output: {}",
            broken.file.display()
        ),
    );
    Failure { excerpt: Some(indented(&broken.log) + "\n"), ..failure }
}

fn broken_rewrite(path: &str, reason: &Reason) -> String {
    let kept = reason.file.as_ref().map(|file| format!("\nall output: {}", file.display())).unwrap_or_default();
    format!(
        "{path}: not proved: the rewrite {}\n{}{kept}\nWhat is to blame is found and taken back by: dockwright optimize --verify {path}\n",
        printable(&reason.what),
        indented(&reason.log)
    )
}

/// The last lines of a log, set apart. Nothing in them is obeyed by a terminal.
pub fn indented(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let lines = &lines[lines.len().saturating_sub(25)..];
    lines.iter().map(|line| format!("   | {}", printable(line))).collect::<Vec<_>>().join("\n")
}

fn say(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// With `--verify`: what survives of the changes to a Dockerfile, and what was taken back.
pub fn proven(job: Job, arguments: &Optimize, projects: &Projects, shared: &Shared) -> Job {
    match &job.result {
        Ok(outcome) if outcome.changes() && job.path != "-" => {}
        _ => return job,
    }
    let prove = || {
        let subject = read(&job.file, &arguments.choose, projects, shared)?;
        let bench = bench(&subject, &arguments.build, &arguments.tests)?;
        let Survivors { outcome, rejected, .. } = survivors(&subject, &bench)?;
        bench.engine.finish();
        Ok((subject.ignore(&outcome), outcome, rejected))
    };
    match prove() {
        Ok((ignore, outcome, rejected)) => Job { result: Ok(outcome), ignore, rejected: Some(rejected), ..job },
        Err(failure) => Job { result: Err(failure), named: true, ..job },
    }
}

/// What is left of the changes to a Dockerfile when both were built.
pub struct Survivors {
    pub outcome: Outcome,
    /// What was taken back, as a person reads it.
    pub rejected: Vec<String>,
    /// Builds of the original without any cache.
    cold: Times,
}

/// The same, and what was measured of both, as a table in Markdown; `None` if nothing is left. `name` is what a person
/// calls the Dockerfile.
pub fn measured(subject: &Subject<'_>, bench: &Bench, name: &str) -> Result<(Survivors, Option<String>), Failure> {
    let survivors = survivors(subject, bench)?;
    let outcome = &survivors.outcome;
    if !outcome.changes() {
        return Ok((survivors, None));
    }
    bench.rewrite(outcome)?;
    let built = bench.build(Side::After, "cold build", "rewritten1", true, "rewritten1");
    let built = built.map_err(|broken| Failure::new(broken_rewrite(name, &broken.into()), "run it again"))?;
    let mut measured = [Measures::default(), Measures::default()];
    (measured[0].cold, measured[1].cold) = (survivors.cold.clone(), Times(vec![built.time]));
    measured[0].context = bench.sent(Side::Before, &[]);
    measured[1].context = bench.sent(Side::After, &outcome.ignore_lines);
    let edited = copy::likely_edit(&bench.context(Side::Before));
    again(bench, &mut measured, 1, edited.as_deref())?;
    let mut evidence = bench.evidence("rewritten1", outcome)?;
    if let Some(why) = evidence.objection() {
        return Err(Failure::new(format!("{name}: not proved: {why}"), "run it again"));
    }
    evidence.take_times(measured);
    let edited = edited.as_ref().map(|file| file.display().to_string());
    let proof = Proof { path: name, outcome, evidence: &evidence, edited: edited.as_deref() };
    let table = report::proof::markdown(&proof);
    Ok((survivors, Some(table)))
}

/// Builds original and rewrite, and takes back what is to blame until nothing is.
fn survivors(subject: &Subject<'_>, bench: &Bench) -> Result<Survivors, Failure> {
    let path = shown(&subject.path);
    let all = subject.outcome(&[])?;
    let mut cold = Times::default();
    for name in ["original1", "original2"] {
        let built = bench.build(Side::Before, "cold build", name, true, name);
        cold.0.push(built.map_err(|broken| already_broken(&path, &broken))?.time);
    }
    bench.baseline(["original1", "original2"])?;
    let mut trials = Trials::default();
    let plan = |denied: &[Key]| subject.outcome(denied).map(|outcome| keys(&outcome)).unwrap_or_default();
    let found: Found<Reason> = search(plan, |denied| bench.trial(&subject.outcome(denied)?, &mut trials))?;
    let outcome = subject.outcome(&found.denied)?;
    let place = |key: &Key| {
        let left = outcome.left.iter().map(|left| (&left.key, left.transform, left.lines.0));
        let first =
            all.steps.iter().flat_map(|step| step.applied.iter().map(|it| (&it.key, step.transform, it.lines.0)));
        let found = left.chain(first).find(|(other, ..)| *other == key);
        found.map_or_else(|| key.0.to_string(), |(_, transform, line)| format!("{transform} (line {line})"))
    };
    let rejected = found.rejected.iter().map(|rejected| {
        let reason = &rejected.reason;
        let log = if reason.log.is_empty() { String::new() } else { indented(&reason.log) + "\n" };
        let kept = reason.file.as_ref().map(|file| format!("   all output: {}\n", file.display())).unwrap_or_default();
        format!("  taken back: {}: {}\n{log}{kept}", place(&rejected.key), reason.what)
    });
    let rejected = rejected.collect();
    Ok(Survivors { outcome, rejected, cold })
}
