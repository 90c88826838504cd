//! See README.md: which build of Cargo keeps what it compiled in a mount, and what is copied out of it.

mod readers;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::commands::cache::variable;
use crate::commands::{Invocation, Program, Runner, Tool, Verb, recognise};
use crate::dockerfile::{Kind, Lookup};
use crate::rewrite;
use crate::scope::User;
use crate::shell::{Script, Simple};
use crate::source::Edit;
use crate::transform::paths::{self, Relation, relation};
use crate::transform::{Change, Finding, On, Promise, Transform, View, mounts};
use readers::Artefacts;

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "each change of the sources compiles all dependencies again";

/// Where the mount stands: nobody else's place, so that the folder that the project knows can have what is copied out.
const MOUNT: &str = "/var/cache/cargo-target";

/// The end of the check: what a build script keeps is in the mount, too.
const AGES: &str = ", and no build script of the project goes by the age of its files (as CMake does)";

/// Why not, in words.
type Reason = Cow<'static, str>;

/// A build, and where its files go.
struct Build<'v> {
    /// The RUN.
    run: usize,
    script: &'v Script,
    simple: &'v Simple,
    invocation: Invocation,
}

/// What an invocation of Cargo does to its target folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    /// It builds the project, and only that.
    Build,
    /// It builds the project, and puts what it built elsewhere.
    Install,
    /// Something else.
    Else,
    Nothing,
}

fn find(view: &View<'_>) -> Vec<Finding> {
    if !view.dialect().has_cache_mounts() {
        return Vec::new();
    }
    // By the stage that all are built on.
    let mut families: BTreeMap<usize, Vec<(Build<'_>, Does)>> = BTreeMap::new();
    let all = (0..view.doc.instructions().len()).filter_map(|run| Some((run, view.runs(run)?)));
    for (run, script) in all {
        let Some(root) = view.doc.stage_of(run).and_then(|stage| view.graph().chain(stage).last()) else { continue };
        for simple in script.commands() {
            let Some(invocation) = recognise(script, simple).filter(|it| it.tool == Tool::Cargo) else { continue };
            let does = does(&invocation);
            if does != Does::Nothing {
                families.entry(root).or_default().push((Build { run, script, simple, invocation }, does));
            }
        }
    }
    families.into_values().filter_map(|builds| finding(view, &builds)).collect()
}

fn does(invocation: &Invocation) -> Does {
    if invocation.has(&["--help", "-h", "--version", "-V"]) {
        return Does::Nothing;
    }
    match (&*invocation.subcommand, invocation.verb) {
        ("build" | "b", _) => Does::Build,
        (_, Verb::Install) if invocation.has(&["--path"]) => Does::Install,
        // In a folder of its own.
        (_, Verb::Install | Verb::Download | Verb::Configure | Verb::Query | Verb::Remove) => Does::Nothing,
        ("chef prepare", _) => Does::Nothing,
        _ => Does::Else,
    }
}

fn finding(view: &View<'_>, builds: &[(Build<'_>, Does)]) -> Option<Finding> {
    let (build, does) = builds.iter().find(|(_, does)| matches!(does, Does::Build | Does::Install))?;
    let held = |reason: Reason| Some(Finding::held(vec![build.run], MESSAGE, reason));
    let target = match target(view, build) {
        Ok(target) => target,
        Err(reason) => return held(reason),
    };
    match has_mount(view, build, &target) {
        Ok(true) => return None,
        Ok(false) => {}
        Err(reason) => return held(reason),
    }
    if let Some((other, _)) = builds.iter().find(|(other, _)| !std::ptr::eq(other.simple, build.simple)) {
        let line = view.doc.line(view.instruction(other.run).span.start);
        return held(if other.run == build.run {
            "another command of it builds into the same folder".into()
        } else {
            format!("line {line} builds into the same folder").into()
        });
    }
    match change(view, build, *does, &target) {
        Ok((change, check)) => Some(Finding::review(vec![build.run], MESSAGE, check, change)),
        Err(reason) => held(reason),
    }
}

/// The folder that the build writes to.
fn target(view: &View<'_>, build: &Build<'_>) -> Result<String, Reason> {
    let scope = view.scope(build.run);
    if let Some(value) = build.invocation.value(&["--target-dir"]) {
        let path = value.literal.as_deref().and_then(|path| paths::join(scope.workdir.as_deref(), path));
        return path.ok_or_else(|| "where `--target-dir` is, is not known".into());
    }
    let elsewhere = ["--manifest-path", "--config", "-C", "-Z", "--artifact-dir", "--out-dir"];
    if let Some(flag) = elsewhere.into_iter().find(|flag| build.invocation.has(&[flag])) {
        return Err(format!("`{flag}` may have it build elsewhere").into());
    }
    if !build.invocation.certain {
        return Err("it has an option that is not known".into());
    }
    let moves = |simple: &&Simple| {
        Program::of(simple).is_some_and(|program| matches!(program.name, "cd" | "pushd" | "popd"))
            && simple.span.start < build.simple.span.start
    };
    if build.script.commands().iter().any(moves) {
        return Err("`cd` changes the folder that it builds in".into());
    }
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"] {
        let value = match build.invocation.setting(name) {
            Some(value) => value.map_or(Lookup::Unknown, |value| Lookup::Value(value.into())),
            None => variable(scope, build.script, build.invocation.span.start, name),
        };
        match value {
            Lookup::Unset => {}
            Lookup::Unknown if scope.image.is_none() => return Err("what the base image is, is not known".into()),
            Lookup::Unknown | Lookup::Value(_) => return Err(format!("{name} may have it build elsewhere").into()),
        }
    }
    let folder = scope.workdir.as_deref().ok_or("the folder that it builds in is not known")?;
    paths::join(Some(folder), "target").ok_or_else(|| "the folder that it builds in is not known".into())
}

/// Whether the build has a cache mount already.
fn has_mount(view: &View<'_>, build: &Build<'_>, target: &str) -> Result<bool, Reason> {
    for mount in view.doc.mounts(view.instruction(build.run)) {
        match (&*mount.kind, mount.target()) {
            ("secret" | "ssh", _) => {}
            ("cache", Some(path)) => {
                let path = paths::of_mount(view, build.run, path).ok_or("where a mount of it stands is not known")?;
                // A workspace may have its folder further up.
                let up = path.strip_suffix("/target").is_some_and(|root| {
                    root.is_empty() || matches!(relation(root, target), Relation::Same | Relation::Above)
                });
                match relation(&path, target) {
                    Relation::Same | Relation::Above => return Ok(true),
                    _ if up => return Ok(true),
                    Relation::Inside => return Err(format!("it has another mount at {path}").into()),
                    Relation::Apart => {}
                }
            }
            _ => return Err("it reads its sources from a mount".into()),
        }
    }
    Ok(false)
}

/// The change, and what is to be looked at.
fn change(view: &View<'_>, build: &Build<'_>, does: Does, target: &str) -> Result<(Change, String), Reason> {
    let (doc, run, script) = (view.doc, build.run, build.script);
    let (scope, instruction) = (view.scope(run), view.instruction(run));
    let image = scope.image.as_deref().ok_or("what the base image is, is not known")?;
    if build.invocation.has(&["--target-dir"]) {
        return Err("`--target-dir` says where it builds".into());
    }
    if scope.user != User::Root || build.invocation.runner != Runner::Same || build.invocation.cleared {
        return Err("it does not run as root, and its sources may be another's".into());
    }
    if doc.exec(run).is_some() {
        return Err("in exec form, nothing can be done behind it".into());
    }
    if !rewrite::stands_alone(script, build.simple) {
        return Err("it stands inside of another command".into());
    }
    if doc.text().contains(MOUNT) {
        return Err(format!("{MOUNT} is in use").into());
    }
    let folder = scope.workdir.as_deref().ok_or("the folder that it builds in is not known")?;
    let artefacts = readers::of(view, build, target)?;
    let root = artefacts.target.rsplit_once('/').map_or("", |(root, _)| root);
    if root.is_empty() {
        return Err("it builds in the root folder".into());
    }
    sources(view, run, root)?;
    if does == Does::Build && artefacts.files.is_empty() {
        return Err(format!("nothing says which of the files in {} are needed later", artefacts.target).into());
    }
    if does == Does::Install && !artefacts.files.is_empty() {
        return Err(format!("{} is read, too", artefacts.target).into());
    }

    let mut promises = vec![
        Promise::Mounts(MOUNT.into()),
        Promise::RemovesPath(artefacts.target.clone().into()),
        Promise::Flag(format!("--target-dir={MOUNT}").into()),
    ];
    let id = format!(
        ",id={}-target-{}{},sharing=locked",
        project(&artefacts, folder),
        mounts::system(image, scope),
        // Cargo keeps what it made for one platform apart by itself; apart, they need not wait for one another.
        if scope.source("TARGETARCH").is_some() { "-$TARGETARCH" } else { "" }
    );
    let mut edits = rewrite::mounts::insert(doc, run, std::iter::once((MOUNT, id)));
    let not_in_file = "the command is not in the file as it is run";
    let flag = rewrite::insert_word(script, build.invocation.verb_end, &format!("--target-dir={MOUNT}"));
    edits.push(flag.ok_or(not_in_file)?);

    let errexit = scope.shell.errexit || rewrite::sets_errexit(script);
    let here = if root == folder { "." } else { root };
    let touch = format!("find {here} -name '*.rs' -exec touch {{}} +");
    let separator = rewrite::before(doc, instruction, script, build.simple, errexit);
    let separator = separator.ok_or("a comment stands before it")?;
    let start = script.map().before(build.simple.span.start).ok_or(not_in_file)?;
    edits.push(Edit::insert(start, format!("{touch}{separator}")));
    promises.push(Promise::AddsCommand(touch.into()));
    if errexit && !ends(script, build.simple) && separator.contains("&&") {
        return Err("`set -e` would not see all failures of it".into());
    }

    if does == Does::Build {
        let commands = artefacts.copies(here, MOUNT);
        // Nothing may run where one before it failed: under `set -e`, each is a command of its own.
        let joint = if errexit && !ends(script, build.simple) { separator } else { joint(view, build) };
        let edit = rewrite::follow(doc, instruction, script, build.simple, &commands.join(&joint), errexit)?;
        edits.push(edit);
        promises.extend(commands.into_iter().map(|command| Promise::AddsCommand(command.into())));
    }
    let check = if does == Does::Build {
        let files: Vec<&str> = artefacts.files.iter().map(|file| &**file).collect();
        format!("of all that is built in {}, nothing is used later but {}{AGES}", artefacts.target, files.join(", "))
    } else {
        format!("nothing of what is built in {} is used later{AGES}", artefacts.target)
    };
    let change = Change::new(edits, promises).map_err(|_| "its edits overlap")?;
    Ok((change, check))
}

/// Whether the list that `simple` stands in is the last of the script.
fn ends(script: &Script, simple: &Simple) -> bool {
    let last = script.body().ok().and_then(|list| list.items.last());
    last.is_some_and(|item| item.and_or.span.contains(simple.span))
}

/// What stands between two commands that are put behind the build.
fn joint(view: &View<'_>, build: &Build<'_>) -> String {
    let (doc, instruction, script) = (view.doc, view.instruction(build.run), build.script);
    let at = script.map().before(build.simple.span.start);
    let inside = at.is_some_and(|at| instruction.arguments.start <= at && at <= instruction.arguments.end);
    if inside { rewrite::and(doc, instruction, script) } else { " && ".into() }
}

/// What a mount is called after: the first program, or the folder.
fn project(artefacts: &Artefacts, folder: &str) -> String {
    let file = artefacts.files.iter().next().map(|file| &**file).unwrap_or(folder);
    let name = file.rsplit('/').next().unwrap_or_default();
    name.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' })
        .collect()
}

/// Whether all sources that may be the project's own stand below `root`, so that they can be touched: what is compiled
/// from them is as old as the mount is.
fn sources(view: &View<'_>, run: usize, root: &str) -> Result<(), Reason> {
    let Some(stage) = view.doc.stage_of(run) else { return Ok(()) };
    let indices = view.graph().chain(stage).flat_map(|stage| view.doc.stages()[stage].instructions.clone());
    for at in indices.filter(|at| *at <= run) {
        let instruction = view.instruction(at);
        let line = || view.doc.line(instruction.span.start);
        match &instruction.kind {
            Kind::Copy(it) | Kind::Add(it) => {
                let to = paths::absolute(view, at, &view.doc.word(instruction, it.destination));
                let below = |to: &str| matches!(relation(to, root), Relation::Same | Relation::Inside);
                let file = |word: &crate::dockerfile::Word| {
                    let name = view.doc.word(instruction, *word);
                    let (_, extension) =
                        name.rsplit('/').next().unwrap_or_default().rsplit_once('.').unwrap_or_default();
                    !matches!(extension, "" | "rs" | "gz" | "tgz" | "zip") && !extension.contains(['*', '?', '['])
                };
                let known =
                    |to: &str| ["/etc/", "/usr/", "/root/", "/var/", "/tmp/"].iter().any(|it| to.starts_with(it));
                let fine = to.is_some_and(|to| below(&to) || known(&to) || it.sources.iter().all(file));
                if !fine {
                    return Err(format!("line {} may bring sources from outside of {root}", line()).into());
                }
            }
            Kind::Run(_) => {
                let Some(script) = view.script(at) else { continue };
                for simple in script.commands() {
                    let Some(program) = Program::of(simple).filter(|it| it.name == "git" && it.has("clone")) else {
                        continue;
                    };
                    let to = program.arguments.last().and_then(|word| paths::of_word(view.scope(at), script, word));
                    let below = |to: String| matches!(relation(&to, root), Relation::Same | Relation::Inside);
                    if !to.is_some_and(below) {
                        return Err(format!("line {} may bring sources from outside of {root}", line()).into());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}
