//! See README.md: which installation of the image that ships leaves the packages for development out.

mod needs;
mod node;
mod php;
mod python;

use std::borrow::Cow;

use crate::commands::{Invocation, Program, Tool, Verb, recognise};
use crate::context::Tree;
use crate::dockerfile::{Kind, Lookup, Via};
use crate::rewrite::{insert_word, stands_alone};
use crate::shell::{Script, Simple};
use crate::transform::brought::standing;
use crate::transform::paths::{self, folder_of};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "the image ships packages that only development needs";

/// Why not, in words.
type Reason = Cow<'static, str>;

/// A family of managers.
struct Family {
    /// Whether a command installs a whole project, those packages included, as far as its words tell.
    installs: fn(&Invocation) -> bool,
    /// All such commands of the image that ships without those packages; `None` if it is no case.
    rewrite: fn(&[Install<'_>]) -> Result<Option<Finding>, Reason>,
}

const FAMILIES: &[Family] = &[
    Family { installs: node::installs_all, rewrite: node::rewrite },
    Family { installs: python::uv_installs_all, rewrite: python::uv },
    Family { installs: python::poetry_installs_all, rewrite: python::poetry },
    Family { installs: php::installs_all, rewrite: php::rewrite },
];

fn find(view: &View<'_>) -> Vec<Finding> {
    let ships = |index: &usize| view.doc.stage_of(*index).is_some_and(|it| view.graph().ships(it));
    let mut findings = Vec::new();
    for family in FAMILIES {
        let mut installs = Vec::new();
        for (index, script) in view.scripts().filter(|(index, _)| ships(index)) {
            for simple in script.commands() {
                if let Some(it) = recognise(script, simple).filter(family.installs) {
                    installs.push(Install { view, index, script, simple, it });
                }
            }
        }
        let Some(first) = installs.first() else { continue };
        match (family.rewrite)(&installs) {
            Ok(Some(_)) if installs.iter().any(|install| is_meant(view, install.index)) => {
                let reason = "a comment above it speaks of development: they may be wanted";
                findings.push(Finding::held(vec![first.index], MESSAGE, reason));
            }
            Ok(finding) => findings.extend(finding),
            Err(reason) => findings.push(Finding::held(vec![first.index], MESSAGE, reason)),
        }
    }
    findings
}

/// Whether the author says something of development right above.
fn is_meant(view: &View<'_>, index: usize) -> bool {
    let comments = view.doc.comments_above(index);
    comments.iter().any(|comment| view.doc.slice(*comment).to_ascii_lowercase().contains("dev"))
}

/// Whether all of them are for one project, stand by themselves, and nothing takes from the stage or follows that may need
/// one of those packages, but for what is `known`.
fn together(installs: &[Install<'_>], known: &dyn Fn(&Script, &Simple) -> bool) -> Result<(), Reason> {
    let place = |install: &Install<'_>| folder_of(install.view.scope(install.index), install.script, install.simple);
    let first = &installs[0];
    for install in installs {
        if place(install) != place(first) {
            return Err("there are several projects".into());
        }
        if !stands_alone(install.script, install.simple) {
            return Err("it stands in a list or loop that decides what happens when it fails".into());
        }
    }
    first.follows(known)?;
    first.shared()
}

/// Where several installations of one project are, all of them with a word more.
fn with_word(installs: &[Install<'_>], word: &'static str, check: String) -> Result<Option<Finding>, Reason> {
    let mut edits = Vec::new();
    let mut lines: Vec<usize> = Vec::new();
    for install in installs {
        edits.push(
            insert_word(install.script, install.it.verb_end, word)
                .ok_or("its words are not in the file as they are run")?,
        );
        if !lines.contains(&install.index) {
            lines.push(install.index);
        }
    }
    let promises = word.split(' ').map(|word| Promise::Flag(word.into()));
    let change = Change::new(edits, promises).map_err(|error| error.to_string())?;
    Ok(Some(Finding::review(lines, MESSAGE, check, change)))
}

/// Names for a message, the first of them.
fn shown(names: &[String]) -> String {
    let more = if names.len() > 4 { format!(" and {} more", names.len() - 4) } else { String::new() };
    let first: Vec<&str> = names.iter().take(4).map(String::as_str).collect();
    format!("{}{more}", first.join(", "))
}

/// An installation of the image that ships.
struct Install<'v> {
    view: &'v View<'v>,
    index: usize,
    script: &'v Script,
    simple: &'v Simple,
    it: Invocation,
}

impl Install<'_> {
    /// Whether the variable is set for the command.
    fn is_set(&self, name: &str) -> bool {
        self.it.setting(name).is_some() || self.view.scope(self.index).source(name).is_some()
    }

    /// The path in the context of the manifest that it installs for, and the folder where that stands; `None` if there is none.
    fn manifest(&self, tree: &Tree<'_>, name: &str) -> Result<Option<(String, String)>, Reason> {
        let scope = self.view.scope(self.index);
        let folder = folder_of(scope, self.script, self.simple).ok_or("in which folder it runs is not known")?;
        let place = paths::join(Some(&folder), name).unwrap_or_default();
        Ok(standing(self.view, tree, self.index, &place)?.map(|path| (path, folder)))
    }

    /// The value of a variable when the image starts.
    fn at_start(&self, name: &str) -> Lookup {
        self.view.scopes().after(self.view.doc.stages().len() - 1).get(name)
    }

    fn line(&self, index: usize) -> usize {
        self.view.doc.line(self.view.instruction(index).span.start)
    }

    /// Whether nothing that runs behind it in the image may need one of those packages, but for what is `known`.
    fn follows(&self, known: &dyn Fn(&Script, &Simple) -> bool) -> Result<(), Reason> {
        let view = self.view;
        for (index, script) in view.scripts().filter(|(index, _)| *index >= self.index) {
            if !view.doc.stage_of(index).is_some_and(|stage| view.graph().ships(stage)) {
                continue;
            }
            if script.body().is_err() {
                return Err(format!("what line {} runs is not understood", self.line(index)).into());
            }
            for simple in script.commands() {
                if index == self.index && simple.span.start <= self.simple.span.start {
                    continue;
                }
                if !is_harmless(script, simple) && !known(script, simple) {
                    let text: String = script
                        .slice(simple.span)
                        .split_whitespace()
                        .collect::<Vec<_>>()
                        .join(" ")
                        .chars()
                        .take(60)
                        .collect();
                    return Err(format!("line {}: `{text}` may need one", self.line(index)).into());
                }
            }
        }
        for index in self.index..view.doc.instructions().len() {
            let shipped = view.doc.stage_of(index).is_some_and(|stage| view.graph().ships(stage));
            if shipped && matches!(view.instruction(index).kind, Kind::Run(_)) && view.script(index).is_none() {
                return Err(format!("what line {} runs is not understood", self.line(index)).into());
            }
            if shipped && matches!(view.instruction(index).kind, Kind::Onbuild(_)) {
                return Err(format!("line {} is for images that are built on it", self.line(index)).into());
            }
        }
        Ok(())
    }

    /// Whether no other stage takes from the one that it stands in.
    fn shared(&self) -> Result<(), Reason> {
        let graph = self.view.graph();
        let stage = self.view.doc.stage_of(self.index).unwrap_or_default();
        match graph.users(stage).find(|it| it.via != Via::From || !graph.ships(it.by)) {
            Some(other) => {
                Err(format!("line {} takes from the stage that it stands in", self.line(other.instruction)).into())
            }
            None => Ok(()),
        }
    }
}

/// Whether a command needs no package of a project.
fn is_harmless(script: &Script, simple: &Simple) -> bool {
    if simple.words.iter().any(|word| !word.substitutions.is_empty()) {
        return false;
    }
    if simple.words.is_empty() {
        return true;
    }
    if let Some(it) = recognise(script, simple) {
        let global = it.has(&["-g", "--global"]) || it.subcommand.starts_with("global");
        return match it.tool {
            Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun => {
                matches!(it.verb, Verb::Clean | Verb::Query | Verb::Configure) || it.verb == Verb::Install && global
            }
            Tool::Npx => false,
            _ => !matches!(it.verb, Verb::Run | Verb::Other | Verb::Build),
        };
    }
    let Some(program) = Program::of(simple) else { return false };
    matches!(
        program.name,
        "echo"
            | "true"
            | ":"
            | "set"
            | "cd"
            | "mkdir"
            | "rm"
            | "cp"
            | "mv"
            | "ln"
            | "chown"
            | "chmod"
            | "touch"
            | "ls"
            | "cat"
            | "test"
            | "["
            | "adduser"
            | "addgroup"
            | "useradd"
            | "groupadd"
            | "usermod"
            | "export"
            | "find"
            | "sed"
            | "update-ca-certificates"
            | "corepack"
            | "printf"
            | "pwd"
            | "whoami"
            | "id"
    ) && !program.literals().any(|word| word.starts_with("-exec"))
}
