//! The stage as it is: what is copied, what its commands do, and what runs.

use super::Reason;
use super::steps::{Ran, ran};
use crate::commands::exec_words;
use crate::context::{Tree, join as within};
use crate::dockerfile::{Command, Instruction, Kind};
use crate::images::Image;
use crate::shell::{Command as ShellCommand, Script, SourceMap};
use crate::transform::View;
use crate::transform::brought::{Copied, copied};
use crate::transform::paths::join;

/// A stage that builds and runs.
pub struct Original<'v> {
    pub view: &'v View<'v>,
    /// What it is built on.
    pub image: &'v Image,
    /// No build argument changes more of that than the tag.
    pub image_is_fixed: bool,
    /// Its FROM, and the index behind its last instruction.
    pub from: usize,
    pub end: usize,
    /// The first instruction behind the last RUN, COPY and ADD.
    pub tail: usize,
    pub tree: Tree<'v>,
    /// Its COPYs and ADDs.
    pub brought: Vec<Copied>,
    /// The commands of its RUNs, in order.
    pub ran: Vec<Ran<'v>>,
    pub program: Program,
    /// Where the program starts.
    pub workdir: String,
}

/// What the image runs.
pub struct Program {
    /// The CMD or ENTRYPOINT.
    pub index: usize,
    /// The command and its arguments; those of CMD behind those of ENTRYPOINT.
    pub words: Vec<String>,
    pub form: Form,
}

/// How a command is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Without a shell.
    Exec,
    /// For a shell, but it means the same without one.
    Plain,
    /// It needs a shell.
    Shell,
}

impl<'v> Original<'v> {
    /// The only stage of the file.
    pub fn of(view: &'v View<'v>, image: &'v Image) -> Result<Self, Reason> {
        let stage = &view.doc.stages()[0];
        let (from, end) = (stage.instructions.start, stage.instructions.end);
        let line = |index: usize| view.doc.line(view.instruction(index).span.start);
        let scope = view.scopes().after(0);
        if view.doc.escape() != '\\' || !view.scope(end - 1).shell.posix {
            return Err("it is not for a POSIX shell".into());
        }
        let mut last = from;
        for index in from + 1..end {
            match &view.instruction(index).kind {
                Kind::Onbuild(_) => {
                    return Err(format!("line {} is for images that are built on it", line(index)).into());
                }
                Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) => last = index,
                _ => {}
            }
        }
        let flag = view.instruction(from).flags.iter().find(|flag| view.doc.slice(flag.span).contains('$'));
        if let Some(flag) = flag {
            return Err(format!("which platform it is for is a variable ({})", view.doc.slice(flag.span)).into());
        }
        let workdir = scope.workdir.as_deref().ok_or("its working directory is not known")?.to_owned();
        let program = Program::of(view, from, end, image)?;
        let tree = Tree::of(view.world).ok_or("the build context is not known")?;
        let mut brought = Vec::new();
        for index in from + 1..end {
            if matches!(view.instruction(index).kind, Kind::Copy(_) | Kind::Add(_)) {
                let copied = copied(view, Some(&tree), index)
                    .ok_or_else(|| format!("what line {} brings is not known", line(index)))?;
                if matches!(view.instruction(index).kind, Kind::Add(_)) && copied.files.iter().any(|it| archive(&it.0))
                {
                    return Err(format!("line {} may unpack what it adds", line(index)).into());
                }
                brought.push(copied);
            }
        }
        let ran = (from + 1..end).flat_map(|index| ran(view, index)).collect();
        let image_is_fixed = scope.image_is_fixed || only_the_tag(view, view.instruction(from));
        Ok(Self { view, image, image_is_fixed, from, end, tail: last + 1, tree, brought, ran, program, workdir })
    }

    /// A command of which it is not known what it leaves.
    pub fn may_make(&self, ran: &Ran<'_>) -> Reason {
        format!("line {}: `{}` may make something that the program needs", self.line(ran.index), ran.text).into()
    }

    /// The line of an instruction.
    pub fn line(&self, index: usize) -> usize {
        self.view.doc.line(self.view.instruction(index).span.start)
    }

    /// The path of the context that stands at `place`, if something of it may.
    pub fn source_of(&self, place: &str) -> Option<String> {
        self.brought.iter().rev().find_map(|copy| {
            let file = copy.files.iter().find(|(_, to)| to == place).map(|(path, _)| path.clone());
            file.or_else(|| copy.source_of(place))
        })
    }

    /// Whether `place` is a directory before instruction `index` for all that is known.
    pub fn is_folder(&self, index: usize, place: &str) -> bool {
        let copies = self.brought.iter().filter(|copy| copy.index < index);
        let mut copied = copies.filter_map(|copy| copy.source_of(place));
        crate::transform::copied::is_there(self.view, index, place)
            || copied.any(|path| self.tree.has_folder(&path))
            || self.ran.iter().any(|ran| ran.index <= index && ran.made().iter().any(|made| holds(place, made)))
    }

    /// The first word of the command as an absolute path; `None` if it is looked up in PATH.
    pub fn program_path(&self) -> Option<String> {
        let word = self.program.words.first()?;
        if word.contains('/') { join(Some(&self.workdir), word) } else { None }
    }

    /// Whether the base image is pulled from Docker Hub by its own name, so that another can be, too.
    pub fn is_of_the_hub(&self) -> bool {
        let Kind::From(from) = self.view.instruction(self.from).kind else { return false };
        let name = self.view.doc.word(self.view.instruction(self.from), from.image);
        let name = name.split([':', '@', '$']).next().unwrap_or_default();
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        name.strip_prefix("library/").unwrap_or(name) == &*self.image.repository
    }
}

impl Program {
    fn of(view: &View<'_>, from: usize, end: usize, image: &Image) -> Result<Self, Reason> {
        let last = |wanted: fn(&Kind) -> bool| (from..end).rev().find(|index| wanted(&view.instruction(*index).kind));
        let cmd = last(|kind| matches!(kind, Kind::Cmd(_)));
        let entrypoint = last(|kind| matches!(kind, Kind::Entrypoint(_)));
        let read = |index: usize| -> Result<(Vec<String>, Form), Reason> {
            let instruction = view.instruction(index);
            let (Kind::Cmd(command) | Kind::Entrypoint(command)) = &instruction.kind else {
                return Err("it has no command".into());
            };
            match command {
                Command::Exec(words) => {
                    Ok((words.iter().map(|it| view.doc.word(instruction, *it).into_owned()).collect(), Form::Exec))
                }
                Command::Shell(span) => {
                    let text = view.doc.joined(instruction, *span);
                    let plain = view.scope(index).shell.argv == ["/bin/sh", "-c"] && instruction.comments.is_empty();
                    if let Some(words) = exec_words(&text).filter(|_| plain) {
                        return Ok((words, Form::Plain));
                    }
                    let line = view.doc.line(instruction.span.start);
                    let words = only_command(&text).ok_or_else(|| format!("what line {line} runs is not known"))?;
                    Ok((words, Form::Shell))
                }
            }
        };
        let arguments = |cmd: Option<usize>| cmd.and_then(|cmd| read(cmd).ok()).map(|it| it.0).unwrap_or_default();
        if let Some(index) = entrypoint {
            let (mut words, form) = read(index)?;
            // The shell form takes no arguments; to give it some would be another image.
            let form = if form == Form::Exec { Form::Exec } else { Form::Shell };
            if form == Form::Exec {
                words.extend(arguments(cmd));
            }
            return if words.is_empty() { Err("it has no command".into()) } else { Ok(Self { index, words, form }) };
        }
        match image.entrypoint {
            Some([]) => {}
            // What they are given is a command, which they run.
            Some(["docker-entrypoint.sh"]) if image.kind == crate::images::Kind::Node => {}
            Some(["/usr/local/bin/mvn-entrypoint.sh"]) => {}
            Some(["docker-php-entrypoint"]) => {}
            None if matches!(image.kind, crate::images::Kind::Jdk | crate::images::Kind::Gradle) => {}
            _ => return Err("the base image may have an ENTRYPOINT".into()),
        }
        if let (None, crate::images::Kind::Php, Some(words)) = (cmd, image.kind, image.cmd) {
            // The base stays, and with it what it runs.
            let words = words.iter().map(|&word| word.to_owned()).collect();
            return Ok(Self { index: from, words, form: Form::Exec });
        }
        let index = cmd.ok_or("it has no CMD: what it runs is said somewhere else")?;
        let (words, form) = read(index)?;
        if words.is_empty() { Err("it has no command".into()) } else { Ok(Self { index, words, form }) }
    }
}

/// The words of the only command of a script; those that are not certain are left out, but for the first.
fn only_command(text: &str) -> Option<Vec<String>> {
    if text.starts_with('[') {
        return None;
    }
    let script = Script::parse(text, SourceMap::default());
    let [item] = &script.body().ok()?.items[..] else { return None };
    let [ShellCommand::Simple(simple)] = &item.and_or.first.commands[..] else { return None };
    if !item.and_or.rest.is_empty() || !simple.redirections.is_empty() {
        return None;
    }
    let mut words = simple.words.iter();
    let mut first = words.next()?.literal.as_deref()?;
    if first == "exec" {
        first = words.next()?.literal.as_deref()?;
    }
    let mut all = vec![first.to_owned()];
    all.extend(words.filter_map(|word| word.literal.as_deref().map(str::to_owned)));
    Some(all)
}

/// Whether only the tag of the image is a variable.
fn only_the_tag(view: &View<'_>, from: &Instruction) -> bool {
    let Kind::From(parts) = &from.kind else { return false };
    let image = view.doc.word(from, parts.image);
    let Some((name, rest)) = image.split_once('$') else { return true };
    !rest.contains('/') && name.rfind(':').is_some_and(|colon| name.rfind('/').is_none_or(|slash| slash < colon))
}

fn archive(path: &str) -> bool {
    [".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".tbz2", ".txz"].iter().any(|ending| path.ends_with(ending))
}

/// Whether `path` is `other`, or holds it.
pub fn holds(path: &str, other: &str) -> bool {
    path == other || path == "/" || other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

/// Where a path of the context stands, that a COPY brings in `folder` to `to`.
pub fn placed(folder: &str, to: &str, path: &str) -> Option<String> {
    let rest = if folder.is_empty() { path } else { path.strip_prefix(folder)?.trim_start_matches('/') };
    if rest.is_empty() { Some(to.to_owned()) } else { join(Some(to), &within("", rest)?) }
}
