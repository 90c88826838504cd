//! A file that is copied for one RUN, as a mount of that RUN.

use crate::commands::Program;
use crate::commands::files::deletes;
use crate::context::{Look, join};
use crate::dockerfile::Kind;
use crate::rewrite::{self, mounts};
use crate::scope::User;
use crate::transform::copied::is_there;
use crate::transform::paths::{Relation, absolute, relation};
use crate::transform::{Change, Promise, View};

pub(super) const CHECK: &str =
    "nothing writes to the file or changes its mode: a mount is read-only, and there for this RUN alone";

/// Programs that only read the files that they are given.
const READERS: &[&str] = &[
    "tar", "bsdtar", "unzip", "dpkg", "apt-get", "apt", "rpm", "dnf", "yum", "pip", "pip3", "sh", "bash", "cat", "cp",
    "install",
];

/// RUN `run` with a mount of what COPY `copy` puts at `path`, without the COPY and the `rm`. `None` where that is not
/// certain to be the same.
pub(super) fn change(view: &View<'_>, copy: usize, run: usize, path: &str) -> Option<Change> {
    let doc = view.doc;
    let instruction = view.instruction(copy);
    let Kind::Copy(transfer) = &instruction.kind else { return None };
    let [source] = &transfer.sources[..] else { return None };
    let source = doc.word(instruction, *source);
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
    if !instruction.flags.is_empty() || !instruction.heredocs.is_empty() || !plain(&source) || !plain(path) {
        return None;
    }
    let source = join("", source.trim_start_matches('/'))?;
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
    // The COPY makes its folder, the mount does not leave one.
    if !is_file(view, &source)
        || may_be_there(view, copy, folder, path)
        || !is_there(view, copy, folder)
        || !view.dialect().has_cache_mounts()
        || view.scope(run).user != User::Root
    {
        return None;
    }
    // A build argument may change where either looks.
    let raw = doc.word(instruction, transfer.destination);
    if view.scope(copy).expand(&raw, doc.escape()).is_none() || raw.contains('$') {
        return None;
    }
    let name = path.rsplit('/').next()?;
    let between = (copy + 1..run).any(|at| match &view.instruction(at).kind {
        Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) => doc.slice(view.instruction(at).span).contains(name),
        Kind::Env(_) | Kind::Arg(_) | Kind::Label(_) | Kind::Workdir(_) | Kind::Expose(_) => false,
        _ => true,
    });
    let script = view.script(run).filter(|_| !between)?;
    let errexit = view.scope(run).shell.errexit || rewrite::sets_errexit(script);
    let mut remove = None;
    for simple in script.commands() {
        let text = script.slice(simple.span);
        let program = Program::of(simple);
        if !text.contains(name) {
            // What names no file may name it by a pattern.
            if text.contains(['*', '?', '[']) && program.as_ref().is_none_or(|it| !matches!(it.name, "rm" | "echo")) {
                return None;
            }
            continue;
        }
        let program = program?;
        if let [one] = &deletes(script, &program)[..] {
            if absolute(view, run, one).as_deref() != Some(path) || remove.is_some() {
                return None;
            }
            remove = Some(simple);
            continue;
        }
        let written = simple.redirections.iter().any(|it| script.slice(it.target.span).contains(name));
        if !READERS.contains(&program.name) || remove.is_some() || written {
            return None;
        }
    }
    let simple = remove?;
    let text = script.slice(simple.span).to_owned();
    let mut edits =
        vec![rewrite::remove_instruction(doc, copy).ok()?, rewrite::remove_command(doc, script, simple, errexit).ok()?];
    edits.extend(mounts::insert_one(doc, run, path, format!("--mount=type=bind,source={source},target={path}")));
    let named = doc.word(instruction, transfer.sources[0]).into_owned();
    let promises = [
        Promise::Moves,
        Promise::Binds(named.into()),
        Promise::Mounts(path.to_owned().into()),
        Promise::RemovesPath(path.to_owned().into()),
        Promise::RemovesCommand(text.into()),
    ];
    Change::new(edits, promises).ok()
}

/// Whether a source of the context is a file; what is not at hand, is one by its name.
fn is_file(view: &View<'_>, source: &str) -> bool {
    match view.world.look(source) {
        Some(look) => look == Look::File,
        None => FILES.iter().any(|end| source.ends_with(end)),
    }
}

/// Whether something before COPY `copy` may have put a file at `path`, in `folder`: a mount only hides it, where the `rm`
/// took it away.
fn may_be_there(view: &View<'_>, copy: usize, folder: &str, path: &str) -> bool {
    const BRING: &[&str] = &["curl", "wget", "git ", "tar ", "unzip", "cp ", "mv "];
    let Some(stage) = view.doc.stage_of(copy) else { return true };
    let name = path.rsplit('/').next().unwrap_or(path);
    let stages: Vec<usize> = view.graph().chain(stage).collect();
    let mut before =
        stages.iter().flat_map(|stage| view.doc.stages()[*stage].instructions.clone()).filter(|at| *at < copy);
    before.any(|at| {
        let instruction = view.instruction(at);
        let text = view.doc.slice(instruction.span);
        match &instruction.kind {
            Kind::Run(_) => {
                let inside = view.scope(at).workdir.as_deref().is_none_or(|it| it == folder) || text.contains(folder);
                text.contains(name) || inside && BRING.iter().any(|word| text.contains(word))
            }
            Kind::Copy(it) | Kind::Add(it) => {
                let to = absolute(view, at, &view.doc.word(instruction, it.destination));
                let apart = to.is_some_and(|to| !matches!(relation(&to, path), Relation::Same | Relation::Above));
                let other = |source: &str| is_file(view, source) && source.rsplit('/').next() != Some(name);
                text.contains(name)
                    || !apart && !it.sources.iter().all(|source| other(&view.doc.word(instruction, *source)))
            }
            _ => false,
        }
    })
}

/// Names of files that are no folders.
const FILES: &[&str] = &[
    ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip", ".deb", ".rpm", ".whl", ".jar", ".sh", ".txt", ".patch",
];
