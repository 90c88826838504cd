//! See README.md: which installation is held to its lock file, and how.

mod cargo;
mod node;
mod php;
mod python;
mod ruby;

use std::borrow::Cow;

use crate::commands::{Invocation, Runner, Tool, recognise};
use crate::context::{Tree, join};
use crate::dockerfile::Kind;
use crate::rewrite;
use crate::shell::{Script, Simple};
use crate::source::{Edit, Span};
use crate::transform::brought::{before, standing};
use crate::transform::paths::{self, folder_of};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "where the lock file is out of date, the build takes other versions, and nobody is told";

/// What is told of a command that takes no notice of the lock file at all.
const UNLOCKED: &str = "the build takes the newest versions that there are, and not those of the lock file";

/// Why not, in words.
type Reason = Cow<'static, str>;

/// What is written instead of a command.
struct Locked {
    edit: Edit,
    promise: Promise,
    check: String,
}

fn find(view: &View<'_>) -> Vec<Finding> {
    let tree = Tree::of(view.world);
    let mut findings = Vec::new();
    for (index, script) in view.scripts() {
        let (mut locked, mut reason, mut message) = (Vec::new(), None, MESSAGE);
        for simple in script.commands() {
            let Some(it) = recognise(script, simple).filter(|it| it.certain && it.runner == Runner::Same) else {
                continue;
            };
            let call = Call { view, index, script, simple, it: &it };
            let answer = match it.tool {
                Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun => node::locked(&call, tree.as_ref()),
                Tool::Cargo => cargo::locked(&call, tree.as_ref()),
                Tool::Uv => python::uv(&call, tree.as_ref()),
                Tool::Pipenv => python::pipenv(&call, tree.as_ref()),
                Tool::Composer => php::locked(&call, tree.as_ref()),
                Tool::Bundle => ruby::locked(&call, tree.as_ref()),
                _ => None,
            };
            if answer.is_some() && (it.tool == Tool::Composer || call.installs_a_path()) {
                message = UNLOCKED;
            }
            match answer {
                Some(Ok(one)) => locked.push(one),
                Some(Err(why)) => reason = reason.or(Some(why)),
                None => {}
            }
        }
        if locked.is_empty() {
            findings.extend(reason.map(|reason| Finding::held(vec![index], message, reason)));
            continue;
        }
        let mut checks: Vec<String> = Vec::new();
        let (mut edits, mut promises) = (Vec::new(), Vec::new());
        for one in locked {
            edits.push(one.edit);
            if !promises.contains(&one.promise) {
                promises.push(one.promise);
            }
            if !checks.contains(&one.check) {
                checks.push(one.check);
            }
        }
        let Ok(change) = Change::new(edits, promises) else { continue };
        findings.push(Finding::review(vec![index], message, checks.join("; "), change));
    }
    findings
}

/// The folder that a manifest is in.
fn beside(manifest: &str) -> &str {
    manifest.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A command, and where it stands.
struct Call<'c> {
    view: &'c View<'c>,
    index: usize,
    script: &'c Script,
    simple: &'c Simple,
    it: &'c Invocation,
}

impl Call<'_> {
    /// Writes `verb` instead of the verb.
    fn renamed(&self, verb: &str) -> Option<(Edit, Promise)> {
        let (start, end) = (self.it.verb_end.checked_sub(self.it.subcommand.len())?, self.it.verb_end);
        let word = Span::new(start, end);
        if self.script.slice(word) != &*self.it.subcommand {
            return None;
        }
        let edit = Edit::replace(self.view.doc.text(), self.script.source(word)?, verb);
        // On one line, as the gate compares commands.
        let before = self.script.slice(Span::new(self.it.name.start, start)).split_whitespace().collect::<Vec<_>>();
        let before = before.join(" ");
        let old = format!("{before} {}", self.it.subcommand);
        Some((edit, Promise::Renames(old.into(), format!("{before} {verb}").into())))
    }

    /// Adds a flag behind the verb.
    fn flagged(&self, flag: &'static str) -> Option<(Edit, Promise)> {
        Some((rewrite::insert_word(self.script, self.it.verb_end, flag)?, Promise::Flag(flag.into())))
    }

    /// Whether the command is `cargo install --path …`, which takes no notice of a lock file by itself.
    fn installs_a_path(&self) -> bool {
        self.it.tool == Tool::Cargo && &*self.it.subcommand == "install" && self.it.has(&["--path"])
    }

    /// Whether the RUN fails where the command does.
    fn decides(&self) -> bool {
        let Ok(list) = self.script.body() else { return false };
        let last = list.items.last().is_some_and(|item| {
            item.pipelines().any(|pipeline| {
                pipeline.span.start <= self.simple.span.start && self.simple.span.end <= pipeline.span.end
            })
        });
        rewrite::stands_alone(self.script, self.simple) && (last || rewrite::sets_errexit(self.script))
    }

    /// Whether the variable is set for the command.
    fn is_set(&self, name: &str) -> bool {
        self.it.setting(name).is_some() || self.view.scope(self.index).source(name).is_some()
    }

    /// Whether no command of the same tool before this one, in the same folder as far as that is known, is one that
    /// `writes` a manifest or a lock file.
    fn alone(&self, folder: &str, writes: impl Fn(&Invocation) -> bool) -> Result<(), Reason> {
        for (at, it, other) in self.earlier() {
            if it.tool == self.it.tool && other.is_none_or(|other| other == folder) && writes(&it) {
                let line = self.view.doc.line(self.view.instruction(at).span.start);
                return Err(format!("`{}` on line {line} works on the same folder before", it.subcommand).into());
            }
        }
        Ok(())
    }

    /// The folder that the command is about: where it runs, or what one of `flags` names.
    fn folder(&self, flags: &[&str]) -> Result<String, Reason> {
        let scope = self.view.scope(self.index);
        let folder = folder_of(scope, self.script, self.simple).ok_or("in which folder it runs is not known")?;
        match self.it.value(flags) {
            None => Ok(folder),
            Some(value) => value
                .literal
                .as_deref()
                .and_then(|path| paths::join(Some(&folder), path))
                .ok_or_else(|| "in which folder it runs is not known".into()),
        }
    }

    /// The paths in the context of `manifest` and the first of `locks`, if both stand in `folder`; `None` if there is no
    /// such manifest.
    fn files(
        &self,
        tree: &Tree<'_>,
        folder: &str,
        manifest: &str,
        locks: &[&str],
    ) -> Result<Option<(String, String)>, Reason> {
        let place = |name: &str| paths::join(Some(folder), name).unwrap_or_default();
        let Some(path) = standing(self.view, tree, self.index, &place(manifest))? else { return Ok(None) };
        let beside = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for name in locks {
            let Some(lock) = standing(self.view, tree, self.index, &place(name))? else { continue };
            if tree.world().tracked(&lock) == Some(false) {
                return Err(format!("{lock} is not tracked by git, and a build elsewhere may lack it").into());
            }
            self.untouched(&[manifest, name])?;
            return Ok(Some((path, lock)));
        }
        for lock in locks.iter().filter_map(|name| join(beside, name)) {
            match tree.world().look(&lock) {
                Some(crate::context::Look::File) if tree.patterns().excludes(&lock) => {
                    return Err(format!("the ignore file leaves {lock} out").into());
                }
                Some(crate::context::Look::File) => {
                    return Err(format!("{lock} is not copied before it").into());
                }
                _ => {}
            }
        }
        Err("there is no lock file in the context".into())
    }

    /// Whether no command before this one names one of the files, which it may change or remove.
    fn untouched(&self, names: &[&str]) -> Result<(), Reason> {
        let line = |at: usize| self.view.doc.line(self.view.instruction(at).span.start);
        let own = &self.script.text()[..self.simple.span.start];
        let named = |text: &str| names.iter().find(|name| text.contains(**name)).map(|name| (*name).to_owned());
        if let Some(name) = named(own) {
            return Err(format!("line {} may change {name} before", line(self.index)).into());
        }
        for at in before(self.view, self.index) {
            let instruction = self.view.instruction(at);
            if matches!(instruction.kind, Kind::Run(_))
                && let Some(name) = named(&self.view.doc.joined(instruction, instruction.arguments))
            {
                return Err(format!("line {} may change {name} before", line(at)).into());
            }
        }
        Ok(())
    }

    /// The commands before this one, those of earlier RUNs included, each with its RUN and folder.
    fn earlier(&self) -> Vec<(usize, Invocation, Option<String>)> {
        let mut all = Vec::new();
        for at in before(self.view, self.index).chain([self.index]) {
            let Some(script) = self.view.script(at) else { continue };
            for simple in script.commands() {
                if at == self.index && simple.span.start >= self.simple.span.start {
                    break;
                }
                let folder = || folder_of(self.view.scope(at), script, simple);
                all.extend(recognise(script, simple).map(|it| (at, it, folder())));
            }
        }
        all
    }
}
