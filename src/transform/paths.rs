//! Paths: how one stands to another, and who else in the file uses one.

use std::borrow::Cow;

use super::View;
use crate::commands::Program;
use crate::commands::cache::{Cache, CacheKind, variable};
use crate::dockerfile::{Instruction, Kind, Lookup, Transfer, expand};
use crate::scope::Scope;
use crate::shell::{Command, Item, Script, Simple, Word};

/// How a path stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is the same.
    Same,
    /// It holds the other.
    Above,
    /// It is in the other.
    Inside,
    /// Neither.
    Apart,
}

/// How `path` stands to `other`; a pattern in its last part counts as what it may match.
pub fn relation(path: &str, other: &str) -> Relation {
    let other = other.trim_end_matches('/');
    let glob = path.find(['*', '?', '[']);
    if let Some(at) = glob {
        let folder = path[..at].rfind('/').map_or("", |slash| &path[..slash]);
        let prefix = &path[folder.len()..at];
        if folder == other || below(folder, other) {
            return Relation::Inside;
        }
        let Some(rest) = other.strip_prefix(folder) else { return Relation::Apart };
        // Names with a dot at the start are matched only where the pattern has it.
        let hidden = rest.starts_with("/.") && prefix == "/";
        return if rest.starts_with(prefix) && !hidden { Relation::Above } else { Relation::Apart };
    }
    let path = path.trim_end_matches('/');
    if path == other {
        Relation::Same
    } else if path.is_empty() || below(other, path) {
        Relation::Above
    } else if below(path, other) {
        Relation::Inside
    } else {
        Relation::Apart
    }
}

fn below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// A path of an instruction, made absolute; `None` if it is not known.
pub fn absolute(view: &View<'_>, index: usize, raw: &str) -> Option<String> {
    let scope = view.scope(index);
    let path = scope.expand(raw, view.doc.escape())?;
    join(scope.workdir.as_deref(), &path)
}

/// `path`, seen from `workdir`, without `.`, `..` and doubled slashes; `None` if it is relative and `workdir` not known.
#[must_use]
pub fn join(workdir: Option<&str>, path: &str) -> Option<String> {
    let full = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", workdir?) };
    let mut names: Vec<&str> = Vec::new();
    for name in full.split('/') {
        match name {
            "" | "." => {}
            ".." => _ = names.pop(),
            _ => names.push(name),
        }
    }
    Some(format!("/{}", names.join("/")))
}

/// Whether no build argument can change who runs RUN `index`.
pub fn user_is_fixed(view: &View<'_>, index: usize) -> bool {
    let Some(stage) = view.doc.stage_of(index) else { return false };
    let stages = view.graph().chain(stage).map(|stage| view.doc.stages()[stage].instructions.clone());
    for at in stages.flat_map(std::iter::Iterator::rev).filter(|at| *at < index) {
        let instruction = view.instruction(at);
        if let Kind::User(word) = &instruction.kind {
            let scope = view.scope(at);
            let word = view.doc.word(instruction, *word);
            return expand(&word, view.doc.escape(), &mut |name| scope.fixed(name)).is_some();
        }
    }
    true
}

/// A path of a mount, made absolute; `None` if it is not known, or a build argument can change it.
pub fn of_mount(view: &View<'_>, index: usize, raw: &str) -> Option<String> {
    let scope = view.scope(index);
    join(scope.workdir.as_deref(), &expand(raw, view.doc.escape(), &mut |name| scope.fixed(name))?)
}

/// What a word of a script may name as a path: one, or, where the script changes its folder, several; patterns are left
/// as they are. `None` if it is not known.
pub fn places(scope: &Scope, script: &Script, word: &Word) -> Option<Vec<String>> {
    let path = expanded(scope, script, word)?;
    if path.starts_with('/') {
        return Some(vec![join(None, &path)?]);
    }
    folders(scope, script)?.iter().map(|folder| join(Some(folder), &path)).collect()
}

/// What a word of a script names as a path; patterns are left as they are. `None` if it is not known.
pub fn of_word(scope: &Scope, script: &Script, word: &Word) -> Option<String> {
    let mut places = places(scope, script, word)?;
    if places.len() == 1 { places.pop() } else { None }
}

/// The folders that a script may be in.
fn folders(scope: &Scope, script: &Script) -> Option<Vec<String>> {
    let mut folders = vec![scope.workdir.as_deref()?.to_owned()];
    for program in script.commands().into_iter().filter_map(Program::of) {
        let folder = match program.name {
            "cd" => program
                .arguments
                .last()
                .map_or_else(|| scope.home.as_deref().map(str::to_owned), |word| expanded(scope, script, word))?,
            "pushd" => expanded(scope, script, program.arguments.last()?)?,
            _ => continue,
        };
        let more: Option<Vec<String>> = folders.iter().map(|start| join(Some(start), &folder)).collect();
        folders.extend(more?);
        folders.sort_unstable();
        folders.dedup();
        if folders.len() > 64 {
            return None;
        }
    }
    Some(folders)
}

/// The folder that a command of a script runs in; `None` if it is not known.
#[must_use]
pub fn folder_of(scope: &Scope, script: &Script, simple: &Simple) -> Option<String> {
    let list = script.body().ok()?;
    let in_the_list = |other: &Simple| {
        let is = |command: &Command| matches!(command, Command::Simple(it) if it.span == other.span);
        list.items.iter().flat_map(Item::pipelines).any(|it| matches!(&it.commands[..], [one] if is(one)))
    };
    let mut folder = scope.workdir.as_deref()?.to_owned();
    for other in script.commands().into_iter().filter(|other| other.span.start < simple.span.start) {
        match Program::of(other) {
            Some(it) if it.name == "cd" && in_the_list(other) => {
                folder = join(Some(&folder), &expanded(scope, script, it.arguments.last()?)?)?;
            }
            Some(it) if matches!(it.name, "cd" | "pushd" | "popd") => return None,
            _ => {}
        }
    }
    Some(folder)
}

/// A word with its variables replaced.
fn expanded(scope: &Scope, script: &Script, word: &Word) -> Option<String> {
    let raw = script.slice(word.span);
    if raw.contains("$(") || raw.contains('`') {
        return None;
    }
    let home = || scope.home.as_deref();
    match raw.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Some(format!("{}{rest}", home()?)),
        Some(_) => None,
        None => expand(raw, '\\', &mut |name| match name {
            "HOME" => home().map_or(Lookup::Unknown, |home| Lookup::Value(home.into())),
            "PWD" => Lookup::Unknown,
            _ => variable(scope, script, word.span.start, name),
        }),
    }
}

/// Who else uses the directory of `cache`: instructions that copy into it or out of it, commands that name it.
pub fn used(view: &View<'_>, index: usize, cache: &Cache) -> Option<Cow<'static, str>> {
    let stage = view.doc.stage_of(index)?;
    let line = |at: usize| view.doc.line(view.instruction(at).span.start);
    for (at, instruction) in view.doc.instructions().iter().enumerate() {
        match &instruction.kind {
            Kind::Copy(it) | Kind::Add(it) => {
                if related(view, at, stage) && fills(view, at, it, cache) {
                    return Some(format!("line {} copies into {}", line(at), cache.directory).into());
                }
                let sources = it.sources.iter().map(|source| view.doc.word(instruction, *source).into_owned());
                if takes(view, at, sources, stage, cache) {
                    return Some(format!("line {} copies out of {}", line(at), cache.directory).into());
                }
            }
            Kind::Run(_) if takes(view, at, mounted(view, instruction), stage, cache) => {
                return Some(format!("line {} mounts it from here", line(at)).into());
            }
            Kind::Run(_) if at != index && related(view, at, stage) => {
                if let Some(name) = named(view, at, cache) {
                    return Some(format!("line {}: `{name}` uses {}", line(at), cache.directory).into());
                }
            }
            Kind::Volume(words) if related(view, at, stage) => {
                let inside = |word: &&crate::dockerfile::Word| {
                    absolute(view, at, &view.doc.word(instruction, **word)).is_some_and(|path| {
                        matches!(relation(&path, &cache.directory), Relation::Same | Relation::Inside)
                    })
                };
                if words.iter().any(|word| inside(&word)) {
                    return Some(format!("line {} makes it a volume", line(at)).into());
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether instruction `at` is of `stage`, of one that it is built on, or of one that is built on it.
pub fn related(view: &View<'_>, at: usize, stage: usize) -> bool {
    let Some(other) = view.doc.stage_of(at) else { return false };
    view.graph().chain(stage).any(|it| it == other) || view.graph().chain(other).any(|it| it == stage)
}

/// Whether a COPY brings files into the directory.
fn fills(view: &View<'_>, at: usize, transfer: &Transfer, cache: &Cache) -> bool {
    let instruction = view.instruction(at);
    let Some(path) = absolute(view, at, &view.doc.word(instruction, transfer.destination)) else {
        // A variable: what matters is a store, and what is not known of it.
        return cache.kind == CacheKind::Store;
    };
    match relation(&path, &cache.directory) {
        Relation::Same | Relation::Inside => true,
        Relation::Apart => false,
        // Copies that are hidden are fetched again; a store that is hidden may be missed.
        Relation::Above if cache.kind == CacheKind::Copies => false,
        Relation::Above => {
            let below = cache.directory[path.trim_end_matches('/').len()..].trim_start_matches('/');
            let file = |source: &str| {
                let name = source.rsplit('/').next().unwrap_or_default();
                let usual = matches!(name, "mvnw" | "gradlew" | "Makefile" | "Gemfile" | "Rakefile" | "Dockerfile");
                usual || (name.contains('.') && !name.starts_with('.') && !name.contains('*'))
            };
            let here = instruction.flags.is_empty() && view.world.look(below) == Some(crate::context::Look::Missing);
            let files = transfer.sources.iter().all(|source| file(&view.doc.word(instruction, *source)));
            !here && !files
        }
    }
}

/// What the mounts of a RUN take from other stages.
fn mounted(view: &View<'_>, instruction: &Instruction) -> impl Iterator<Item = String> {
    let mounts = view.doc.mounts(instruction).into_iter().filter(|mount| mount.get("from").is_some());
    mounts.map(|mount| mount.get("source").or_else(|| mount.get("src")).unwrap_or("/").to_owned())
}

/// Whether instruction `at` takes files, of which it names the `sources`, out of the directory of `stage`.
fn takes(view: &View<'_>, at: usize, sources: impl Iterator<Item = String>, stage: usize, cache: &Cache) -> bool {
    let graph = view.graph();
    let mut uses = graph.uses().iter().filter(|it| it.instruction == at && it.via != crate::dockerfile::Via::From);
    if !uses.any(|it| graph.chain(it.of).any(|it| it == stage)) {
        return false;
    }
    let mut sources = sources;
    sources.any(|source| {
        let path = view.scope(at).expand(&source, view.doc.escape());
        // Sources are of the root of that stage.
        let Some(path) = path.and_then(|path| join(Some("/"), &path)) else { return true };
        match relation(&path, &cache.directory) {
            Relation::Same | Relation::Inside => true,
            Relation::Above => cache.kind == CacheKind::Store,
            Relation::Apart => false,
        }
    })
}

/// The command of another RUN that names the directory, where it would not be afterwards.
fn named(view: &View<'_>, at: usize, cache: &Cache) -> Option<String> {
    let Some(script) = view.runs(at) else {
        let text = view.doc.joined(view.instruction(at), view.instruction(at).arguments);
        return text.contains(&*cache.directory).then(|| "RUN".into());
    };
    let scope = view.scope(at);
    let inside = |word: &Word| {
        let paths = places(scope, script, word).unwrap_or_default();
        let mut relations = paths.iter().map(|path| relation(path, &cache.directory));
        relations.any(|it| matches!(it, Relation::Same | Relation::Inside))
    };
    for simple in script.commands() {
        let Some(program) = Program::of(simple) else { continue };
        if simple.redirections.iter().any(|it| inside(&it.target)) {
            return Some(program.name.into());
        }
        let forgives = match program.name {
            "rm" => program.literals().any(|word| word.starts_with('-') && word.contains('f')),
            "mkdir" => program.has("-p"),
            "export" | "echo" | "cd" => true,
            _ => crate::commands::recognise(script, simple).is_some(),
        };
        if forgives {
            continue;
        }
        for word in program.arguments {
            let folder = places(scope, script, word).unwrap_or_default().iter().any(|path| {
                relation(path, &cache.directory) == Relation::Above
                    && scope.home.as_deref().is_some_and(|home| relation(home, path) == Relation::Above)
            });
            if folder || inside(word) {
                return Some(program.name.into());
            }
        }
    }
    None
}
