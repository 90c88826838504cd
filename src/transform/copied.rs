//! What the COPYs right above a RUN put where, for a RUN that does something to it.

use super::View;
use super::paths::{absolute, of_word};
use crate::context::Look;
use crate::dockerfile::{Instruction, Kind, Lookup, Transfer, Word, expand};
use crate::shell::{Script, Simple};

/// A COPY with nothing between it and the RUN but what neither reads nor changes files.
#[derive(Clone, Debug)]
pub struct Copied<'v> {
    /// Its index.
    pub index: usize,
    /// Its words.
    pub transfer: &'v Transfer,
    /// Where it copies to: an absolute path.
    pub destination: String,
    /// The destination is a directory for sure.
    pub into: bool,
}

/// What a COPY puts at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    /// The source as written.
    pub source: String,
    /// Where it lies if the destination is a directory, and it is a file itself.
    pub below: String,
    /// Where it lies otherwise; `None` where the destination is a directory for sure.
    pub at: Option<String>,
    /// It is known to be a regular file.
    pub file: bool,
    /// It is known to be a directory.
    pub directory: bool,
}

/// The COPYs above the RUN at `run`, the nearest first.
#[must_use]
pub fn above<'v>(view: &'v View<'_>, run: usize) -> Vec<Copied<'v>> {
    let mut found = Vec::new();
    let Some(stage) = view.doc.stage_of(run) else { return found };
    for index in (view.doc.stages()[stage].instructions.start..run).rev() {
        let instruction = view.instruction(index);
        match &instruction.kind {
            Kind::Copy(transfer) => {
                let raw = view.doc.word(instruction, transfer.destination);
                let Some(destination) = absolute(view, index, &raw) else { break };
                let raw = raw.trim_end_matches(['"', '\'']);
                let into = transfer.sources.len() > 1
                    || raw.ends_with('/')
                    || matches!(raw, "." | "..")
                    || raw.ends_with("/.")
                    || raw.ends_with("/..")
                    || made_before(view, index, &destination);
                found.push(Copied { index, transfer, destination, into });
            }
            Kind::Env(_)
            | Kind::Arg(_)
            | Kind::User(_)
            | Kind::Workdir(_)
            | Kind::Cmd(_)
            | Kind::Entrypoint(_)
            | Kind::Expose(_)
            | Kind::Label(_)
            | Kind::Maintainer(_)
            | Kind::Healthcheck(_)
            | Kind::Stopsignal(_)
            | Kind::Shell(_) => {}
            _ => break,
        }
    }
    found
}

/// Whether a WORKDIR of the stage, or of one that it is built on, made `path` before instruction `before`.
#[must_use]
pub fn made_before(view: &View<'_>, before: usize, path: &str) -> bool {
    let Some(stage) = view.doc.stage_of(before) else { return false };
    let inside =
        |made: &str| made == path || path == "/" || made.strip_prefix(path).is_some_and(|it| it.starts_with('/'));
    view.graph().chain(stage).flat_map(|stage| view.doc.stages()[stage].instructions.clone()).any(|index| {
        let instruction = view.instruction(index);
        match &instruction.kind {
            Kind::Workdir(word) if index < before => {
                absolute(view, index, &view.doc.word(instruction, *word)).is_some_and(|made| inside(&made))
            }
            _ => false,
        }
    })
}

/// Directories that every Linux image with a shell has.
const THERE: &[&str] = &[
    "/",
    "/bin",
    "/etc",
    "/home",
    "/lib",
    "/mnt",
    "/opt",
    "/root",
    "/sbin",
    "/srv",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
];

/// Whether a directory is there before instruction `index`, so that its COPY does not make it.
#[must_use]
pub fn is_there(view: &View<'_>, index: usize, directory: &str) -> bool {
    THERE.contains(&directory) || made_before(view, index, directory)
}

/// Whether every image has this directory, with files of its own in it or below it.
#[must_use]
pub fn is_of_the_system(path: &str) -> bool {
    THERE.contains(&path) || ["/dev", "/proc", "/run", "/sys", "/boot", "/media"].contains(&path)
}

impl Copied<'_> {
    /// Where the sources lie; `None` if one is a pattern, has a variable, or is the context itself.
    #[must_use]
    pub fn landings(&self, view: &View<'_>) -> Option<Vec<Landing>> {
        let instruction = view.instruction(self.index);
        self.transfer.sources.iter().map(|source| self.landing(view, instruction, *source)).collect()
    }

    fn landing(&self, view: &View<'_>, instruction: &Instruction, word: Word) -> Option<Landing> {
        let heredoc = instruction.heredocs.iter().find(|heredoc| heredoc.operator == word.span);
        let source = match heredoc {
            Some(heredoc) => heredoc.name.to_string(),
            None => expand(&view.doc.word(instruction, word), view.doc.escape(), &mut |_| Lookup::Unknown)?,
        };
        if source.contains(['*', '?', '[', '\\']) {
            return None;
        }
        let clean = source.trim_end_matches('/');
        let name = clean.rsplit('/').next().unwrap_or_default();
        if matches!(name, "" | "." | "..") {
            return None;
        }
        let folder = self.destination.trim_end_matches('/');
        let own = !view.doc.has_flag(instruction, "from");
        let path = clean.trim_start_matches("./").trim_start_matches('/');
        let look = if own { view.world.look(path) } else { None };
        let file = heredoc.is_some() || look == Some(Look::File);
        Some(Landing {
            below: format!("{folder}/{name}"),
            at: (!self.into).then(|| self.destination.clone()),
            source,
            file,
            directory: heredoc.is_none() && look == Some(Look::Directory),
        })
    }

    /// Whether it may write the file at `path`.
    #[must_use]
    pub fn may_write(&self, view: &View<'_>, path: &str) -> bool {
        let folder = self.destination.trim_end_matches('/');
        if self.destination == path {
            return true;
        }
        if !path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) {
            return false;
        }
        // What is known to be a file, or is named like one, lies where it lies.
        let file = |landing: &Landing| landing.file || named_like_a_file(&landing.below);
        self.landings(view)
            .is_none_or(|landings| landings.iter().any(|landing| !file(landing) || landing.below == path))
    }
}

/// Whether the last part of a path has an extension.
#[must_use]
pub fn named_like_a_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.trim_start_matches('.').contains('.'))
}

/// The first command of a RUN.
pub struct Leading<'v> {
    /// The script.
    pub script: &'v Script,
    /// The command.
    pub simple: &'v Simple,
    /// Nothing follows it.
    pub alone: bool,
}

/// The first command of the RUN at `index`, if its program is `name`, and nothing keeps it from being taken out.
#[must_use]
pub fn leading<'v>(view: &'v View<'_>, index: usize, name: &str) -> Option<Leading<'v>> {
    let script = view.script(index)?;
    let list = script.body().ok()?;
    let item = list.items.first()?;
    let [crate::shell::Command::Simple(simple)] = &item.and_or.first.commands[..] else { return None };
    let plain = !item.and_or.first.negated && simple.assignments.is_empty() && simple.redirections.is_empty();
    let first = simple.words.first()?.literal.as_deref()?;
    let alone = list.items.len() == 1 && item.and_or.rest.is_empty();
    (plain && first.rsplit('/').next() == Some(name)).then_some(Leading { script, simple, alone })
}

/// The absolute path that an argument names, if it is certain and no pattern.
#[must_use]
pub fn path_of(view: &View<'_>, run: usize, script: &Script, word: &crate::shell::Word) -> Option<String> {
    of_word(view.scope(run), script, word).filter(|path| !path.contains(['*', '?', '[']))
}
