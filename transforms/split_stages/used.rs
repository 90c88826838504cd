//! What the files of the repository say of how the image is run, and what of that the last stage lacks.

use super::Reason;
use super::config::{is_for_builds, packages};
use super::edit::Plan;
use super::original::{Original, holds};
use crate::context::uses::{programs, shell};
use crate::dockerfile::Kind;
use crate::images::slim;
use crate::transform::paths::join;

/// Commands that need what only the first stage has.
const TOOLS: &[&str] = &[
    "run dev",
    "nodemon",
    "ts-node",
    "yarn dev",
    "pnpm dev",
    "go run",
    "go test",
    "cargo",
    "air ",
    "pytest",
    "--reload",
    "--debug",
    "npm test",
    "npm install",
    "mvn",
    "gradle",
    "npx ",
    "prisma",
    "pip ",
    "dotnet run",
    "dotnet watch",
    "dotnet test",
    "dotnet ef",
    "bash",
    "sleep infinity",
    "make ",
    "ctest",
    "gdb",
    "valgrind",
];

/// Programs of the images in which a language's programs run.
const LANGUAGES: &[&str] = &["node", "python", "python3", "ruby", "java", "dotnet"];

/// Whether no file of the repository needs what the last stage has not.
///
/// # Errors
/// What does.
pub fn against(it: &Original<'_>, plan: &Plan) -> Result<(), Reason> {
    let Some(uses) = it.view.world.uses() else { return Ok(()) };
    if let Some(unread) = uses.unread() {
        return Err(unread.into());
    }
    if let Some(at) = uses.number() {
        return Err(format!("{at} builds a stage by its number, which would be another").into());
    }
    let last = Last { it, plan };
    // What is given to an ENTRYPOINT starts nothing.
    let arguments = matches!(it.view.instruction(it.program.index).kind, Kind::Entrypoint(_));
    for run in uses.runs(it.view.doc.stages()[0].name.as_deref(), 0, true) {
        if let Some(at) = &run.develops {
            return Err(format!("{at} makes it a place to develop in").into());
        }
        if let Some(mount) = run.mounts.iter().find(|mount| mount.what.covers(&it.workdir)) {
            return Err(format!("{} mounts over {}", mount.at, it.workdir).into());
        }
        let tool = |command: &str| TOOLS.iter().find(|tool| command.contains(*tool));
        if let Some((command, tool)) = run.started().find_map(|command| Some((command, tool(&command.what)?))) {
            return Err(format!("{} starts it with `{}`", command.at, tool.trim()).into());
        }
        let started = run.entrypoints.iter().chain(run.commands.iter().filter(|_| !arguments));
        let asked = run.healthchecks.iter().map(|test| (test, "asks for its health with", true));
        for (said, does, asks) in started.map(|command| (command, "starts it with", false)).chain(asked) {
            if let Some(program) = last.lacks(&said.what, asks) {
                let lacks = match plan.base.as_deref() {
                    Some(base) if is_bare(base) => format!("{base} lacks"),
                    Some(_) => "another base may lack".into(),
                    None => "the last stage lacks".into(),
                };
                return Err(format!("{} {does} `{program}`, which {lacks}", said.at).into());
            }
        }
    }
    Ok(())
}

/// Whether an image has nothing but libraries.
fn is_bare(base: &str) -> bool {
    base == "scratch" || base.starts_with("gcr.io/distroless/")
}

/// The last stage.
struct Last<'l> {
    it: &'l Original<'l>,
    plan: &'l Plan,
}

impl Last<'_> {
    /// The program of a command line that it lacks; if it `asks` for the image's health, also what it may lack.
    fn lacks<'c>(&self, line: &'c str, asks: bool) -> Option<&'c str> {
        let installed = packages(self.it);
        let is_installed = |name: &str| installed.contains(&name);
        let mut all = programs(line);
        match self.plan.base.as_deref() {
            Some(base) if is_bare(base) => shell(line).or_else(|| all.find(|program| !self.brings(program))),
            Some(_) => all.find(|program| {
                let name = name(program);
                let kept = is_installed(name) && !is_for_builds(name);
                let known = slim::LACKS.contains(&name) || asks && !slim::HAS.contains(&name);
                known && !kept && !LANGUAGES.contains(&name) && !self.brings(program)
            }),
            None => all.find(|program| is_installed(name(program)) && is_for_builds(name(program))),
        }
    }

    /// Whether a program is the image's own, or one that is copied.
    fn brings(&self, program: &str) -> bool {
        let path = if program.contains('/') { join(Some(&self.it.workdir), program) } else { None };
        if self.it.program.words.first().is_some_and(|own| own == program)
            || path.is_some() && path == self.it.program_path()
        {
            return true;
        }
        self.plan.copies.iter().any(|copy| match &path {
            Some(path) if copy.is_folder => holds(&copy.place, path),
            Some(path) => copy.place == *path,
            None => !copy.is_folder && name(&copy.place) == program,
        })
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
