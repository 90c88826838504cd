//! Who reads what Cargo built, and which of its files.

use std::collections::BTreeSet;

use super::{Build, Reason};
use crate::commands::{Program, Tool, recognise};
use crate::dockerfile::{Command, Instruction, Kind, Via, expand};
use crate::scope::Scope;
use crate::shell::{Script, Simple, Word};
use crate::transform::View;
use crate::transform::paths::{self, Relation, relation};

/// What is read of a target folder.
#[derive(Debug)]
pub struct Artefacts {
    /// The folder: an absolute path.
    pub target: String,
    /// Files in it, as paths below it.
    pub files: BTreeSet<String>,
    /// What the profile of the build is called, if it is one of the project's own.
    profile: Option<String>,
}

impl Artefacts {
    /// Commands that copy the files out of `mount` to where they were, seen from the project at `here`.
    pub fn copies(&self, here: &str, mount: &str) -> Vec<String> {
        let start = if here == "." { "target".to_owned() } else { self.target.clone() };
        let folders: BTreeSet<&str> = self.files.iter().filter_map(|file| Some(file.rsplit_once('/')?.0)).collect();
        let mut commands = Vec::new();
        for folder in folders {
            let own = self.files.iter().filter(|file| file.rsplit_once('/').is_some_and(|(own, _)| own == folder));
            let sources: String = own.map(|file| format!("{mount}/{file} ")).collect();
            commands.push(format!("mkdir -p {start}/{folder}"));
            commands.push(format!("cp {sources}{start}/{folder}/"));
        }
        commands
    }

    /// Notes that `path` is read; whether it is apart from the folder, or a file of it.
    fn note(&mut self, path: &str) -> Result<(), Reason> {
        let Some(file) = path.strip_prefix(&*self.target).and_then(|rest| rest.strip_prefix('/')) else {
            return Ok(());
        };
        let mut parts = file.rsplit('/');
        let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let of_cargo = matches!(name, "build" | "deps" | "examples" | "incremental" | "release" | "debug" | "");
        let plain = file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
        let profile = matches!(folder, "release" | "debug") || self.profile.as_deref() == Some(folder);
        // `release/x`, `x86_64-unknown-linux-musl/release/x`
        let deep = parts.count() > 1;
        if !profile || of_cargo || !plain || deep {
            return Err(format!("{path} may be more than one file").into());
        }
        self.files.insert(file.to_owned());
        Ok(())
    }
}

/// What later commands and instructions read of the folder `target` that `build` writes to, or of one further up, where
/// its workspace may be.
pub fn of(view: &View<'_>, build: &Build<'_>, target: &str) -> Result<Artefacts, Reason> {
    let mut own = read(view, build, target)?;
    // The manifest of a workspace further up has its files there.
    let mut folder = target.strip_suffix("/target").unwrap_or(target);
    while own.files.is_empty()
        && let Some((up, _)) = folder.rsplit_once('/')
    {
        let other = read(view, build, &format!("{up}/target"))?;
        if !other.files.is_empty() {
            own = other;
        }
        folder = up;
    }
    Ok(own)
}

fn read(view: &View<'_>, build: &Build<'_>, target: &str) -> Result<Artefacts, Reason> {
    let profile = build.invocation.value(&["--profile"]).and_then(|it| it.literal.as_deref()).map(str::to_owned);
    let mut found = Artefacts { target: target.to_owned(), files: BTreeSet::new(), profile };
    let Some(stage) = view.doc.stage_of(build.run) else { return Ok(found) };
    let graph = view.graph();
    for (at, instruction) in view.doc.instructions().iter().enumerate() {
        let line = view.doc.line(instruction.span.start);
        let Some(own) = view.doc.stage_of(at) else { continue };
        let built_on = graph.chain(own).any(|it| it == stage);
        let takes = graph
            .uses()
            .iter()
            .any(|it| it.instruction == at && it.via != Via::From && graph.chain(it.of).any(|of| of == stage));
        let with_line = |why: Reason| Reason::from(format!("line {line}: {why}"));
        if let Kind::Workdir(word) = &instruction.kind
            && built_on
            && paths::absolute(view, at, &view.doc.word(instruction, *word))
                .is_none_or(|path| matches!(relation(&path, target), Relation::Same | Relation::Inside))
        {
            return Err(format!("line {line} may enter {target}").into());
        }
        match &instruction.kind {
            Kind::Copy(it) if takes => {
                for source in &it.sources {
                    let word = view.doc.word(instruction, *source);
                    copied(view, at, &word, &mut found).map_err(with_line)?;
                }
            }
            Kind::Run(_) if takes => return Err(format!("line {line} mounts files of it").into()),
            Kind::Copy(it) | Kind::Add(it) if built_on && at > build.run => {
                let to = paths::absolute(view, at, &view.doc.word(instruction, it.destination));
                let apart = |to: String| !matches!(relation(&to, target), Relation::Same | Relation::Inside);
                if !to.is_some_and(apart) {
                    return Err(format!("line {line} may copy into {target}").into());
                }
            }
            Kind::Run(_) if at == build.run => {
                let behind = |simple: &&Simple| simple.span.start > build.simple.span.start;
                let commands = build.script.commands().into_iter().filter(behind);
                commands_of(view, at, build.script, commands, &mut found)?;
            }
            Kind::Run(_) if built_on && at > build.run => {
                let Some(script) = view.runs(at).filter(|script| script.body().is_ok()) else {
                    return Err(format!("what line {line} runs is not known, and may read it").into());
                };
                commands_of(view, at, script, script.commands().into_iter(), &mut found).map_err(with_line)?;
            }
            Kind::Cmd(command) | Kind::Entrypoint(command) | Kind::Healthcheck(Some(command)) if built_on => {
                started(view, at, instruction, command, &mut found).map_err(with_line)?;
            }
            Kind::Env(_) | Kind::Onbuild(_) | Kind::Volume(_) if built_on => {
                let text = view.doc.joined(instruction, instruction.arguments);
                if text.contains("target/") || text.contains("/target") {
                    return Err(format!("line {line} may name {target}").into());
                }
            }
            _ => {}
        }
    }
    let last = view.doc.stages().len() - 1;
    let starts = |at: usize| matches!(view.instruction(at).kind, Kind::Cmd(_) | Kind::Entrypoint(_));
    let mut all = graph.chain(last).flat_map(|stage| view.doc.stages()[stage].instructions.clone());
    if graph.ships(stage) && !all.any(starts) {
        return Err("the image ships it, and nothing says what it runs".into());
    }
    Ok(found)
}

/// What a COPY takes from the stage.
fn copied(view: &View<'_>, at: usize, source: &str, found: &mut Artefacts) -> Result<(), Reason> {
    let scope = view.scope(at);
    let raw = source.trim_matches('"');
    let path = expand(raw, view.doc.escape(), &mut |name| scope.fixed(name));
    let path = path.and_then(|path| paths::join(Some("/"), &path)).ok_or("what it copies is not known")?;
    match relation(&path, &found.target) {
        Relation::Apart => Ok(()),
        Relation::Same | Relation::Above => Err(format!("all of {path} is copied").into()),
        Relation::Inside if path.contains(['*', '?', '[']) || raw.ends_with('/') => {
            Err(format!("{raw} may be more than one file").into())
        }
        Relation::Inside => found.note(&path),
    }
}

/// Programs that may have the folder, or one above it, among their arguments, and read no file of it.
const FORGIVING: &[&str] = &[
    "[", "addgroup", "adduser", "cd", "chgrp", "chmod", "chown", "du", "echo", "export", "git", "groupadd", "ls",
    "mkdir", "printf", "pwd", "rm", "set", "test", "touch", "useradd", "usermod",
];

/// What commands of RUN `at` read.
fn commands_of<'s>(
    view: &View<'_>,
    at: usize,
    script: &Script,
    commands: impl Iterator<Item = &'s Simple>,
    found: &mut Artefacts,
) -> Result<(), Reason> {
    let scope = view.scope(at);
    for simple in commands {
        if simple.words.is_empty() {
            continue;
        }
        let text = script.slice(simple.span);
        let program = Program::of(simple).ok_or_else(|| Reason::from(format!("`{text}` may read it")))?;
        let tool = recognise(script, simple).map(|it| it.tool);
        let path = program.path;
        let own = path.contains('/').then(|| paths::join(scope.workdir.as_deref(), path)).flatten();
        let of_target = own.as_deref().is_some_and(|own| relation(own, &found.target) == Relation::Inside);
        let runs_others = matches!(
            program.name,
            "make"
                | "just"
                | "task"
                | "sh"
                | "bash"
                | "ash"
                | "dash"
                | "eval"
                | "."
                | "source"
                | "python"
                | "python3"
                | "cross"
                | "trunk"
        ) || program.name.ends_with(".sh")
            || program.name.ends_with(".py")
            || (path.starts_with('.') && !of_target);
        if runs_others && tool.is_none() {
            return Err(format!("`{text}` may read it").into());
        }
        if of_target {
            note_at(scope, script, simple.words.iter().find(|word| word.literal.as_deref() == Some(path)), found)?;
        }
        let forgiving = FORGIVING.contains(&program.name) || tool.is_some_and(|tool| tool != Tool::Cargo);
        let writes = |nth: usize| {
            let last = nth + 1 == program.arguments.len();
            let into = matches!(program.name, "cp" | "mv" | "install" | "ln" | "objcopy" | "mkdir" | "touch");
            let flag = nth.checked_sub(1).and_then(|before| program.arguments[before].literal.as_deref());
            (last && into) || matches!(flag, Some("-o" | "-O" | "--output" | "--out" | "--out-dir"))
        };
        let operands = program.arguments.iter().enumerate().map(|(nth, word)| (word, writes(nth)));
        let files = simple.redirections.iter().map(|it| (&it.target, !it.operator.starts_with('<')));
        for (word, writes) in operands.chain(files) {
            argument(scope, script, word, program.name, (forgiving, writes), found)
                .map_err(|()| Reason::from(format!("`{text}` may read it, or write to it")))??;
        }
    }
    Ok(())
}

/// Notes one argument: the outer error says that it is not known what it names.
fn argument(
    scope: &Scope,
    script: &Script,
    word: &Word,
    program: &str,
    (forgiving, writes): (bool, bool),
    found: &mut Artefacts,
) -> Result<Result<(), Reason>, ()> {
    let raw = script.slice(word.span);
    let Some(places) = paths::places(scope, script, word) else {
        let copies = matches!(program, "cp" | "mv" | "install" | "ln" | "tar" | "find" | "rsync" | "strip" | "upx");
        return if raw.contains("target") || (copies && !raw.starts_with('-')) { Err(()) } else { Ok(Ok(())) };
    };
    let relations: Vec<Relation> = places.iter().map(|place| relation(place, &found.target)).collect();
    if relations.iter().all(|it| *it == Relation::Apart) {
        // `--bin=target/release/x`
        let hidden = raw.contains("target/") && raw.contains(['=', ':', '\'', '"', '$']);
        return if hidden { Err(()) } else { Ok(Ok(())) };
    }
    let [place] = &places[..] else { return Err(()) };
    match relations[0] {
        Relation::Inside if matches!(program, "rm" | "echo" | "printf" | "export") && !writes => Ok(Ok(())),
        Relation::Inside if place.contains(['*', '?', '[']) || writes => Err(()),
        Relation::Inside if matches!(program, "cd" | "test" | "[") => Err(()),
        Relation::Inside => Ok(found.note(place)),
        _ if forgiving => Ok(Ok(())),
        _ => Err(()),
    }
}

fn note_at(scope: &Scope, script: &Script, word: Option<&Word>, found: &mut Artefacts) -> Result<(), Reason> {
    let place = word.and_then(|word| paths::of_word(scope, script, word));
    let place = place.ok_or("a program of the folder is run from elsewhere")?;
    found.note(&place)
}

/// What the image reads when it runs `command`.
fn started(
    view: &View<'_>,
    at: usize,
    instruction: &Instruction,
    command: &Command,
    found: &mut Artefacts,
) -> Result<(), Reason> {
    let text: String = match command {
        Command::Exec(words) => words.iter().map(|word| view.doc.word(instruction, *word).into_owned() + " ").collect(),
        Command::Shell(span) => view.doc.joined(instruction, *span).into_owned(),
    };
    let workdir = view.scopes().after(view.doc.stage_of(at).unwrap_or_default()).workdir.clone();
    for (nth, word) in text.split([' ', '\t', ';', '&', '|']).filter(|word| !word.is_empty()).enumerate() {
        let word = word.trim_matches(['"', '\'']);
        let name = word.rsplit('/').next().unwrap_or_default();
        if name.starts_with("cargo") || matches!(name, "make" | "just" | "cd" | "eval") {
            return Err(format!("`{name}` may read it when the image runs").into());
        }
        if name.ends_with(".sh") || name.contains("entrypoint") || (nth == 0 && name.starts_with("start")) {
            return Err(format!("`{word}` may read it when the image runs").into());
        }
        if word.contains("target") && word.contains(['$', '*', '?', '[', '=', '`', '(']) {
            return Err(format!("`{word}` may name it").into());
        }
        let Some(path) = paths::join(workdir.as_deref(), word) else {
            if word.contains("target") {
                return Err(format!("`{word}` may name it").into());
            }
            continue;
        };
        match relation(&path, &found.target) {
            Relation::Inside => found.note(&path)?,
            Relation::Same => return Err(format!("`{word}` names all of it").into()),
            Relation::Above | Relation::Apart => {}
        }
    }
    Ok(())
}
