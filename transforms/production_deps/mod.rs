//! See README.md: which installation of the image that ships leaves the packages for development out.

mod needs;

use std::borrow::Cow;

use crate::commands::cache::Yarn;
use crate::commands::{Invocation, Program, Runner, Tool, Verb, recognise};
use crate::context::node::LIFECYCLE;
use crate::context::package::Package;
use crate::context::{Tree, join};
use crate::dockerfile::{Kind, Lookup, Via};
use crate::images;
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

fn find(view: &View<'_>) -> Vec<Finding> {
    let mut installs = Vec::new();
    for (index, script) in
        view.scripts().filter(|(index, _)| view.doc.stage_of(*index).is_some_and(|it| view.graph().ships(it)))
    {
        for simple in script.commands() {
            if let Some(it) = recognise(script, simple).filter(installs_all) {
                installs.push(Install { view, index, script, simple, it });
            }
        }
    }
    let [install] = &installs[..] else { return Vec::new() };
    match install.rewrite() {
        Ok(finding) => finding.into_iter().collect(),
        Err(reason) => vec![Finding::held(vec![install.index], MESSAGE, reason)],
    }
}

/// Whether a command installs a whole project, those packages included, as far as its words tell.
fn installs_all(it: &Invocation) -> bool {
    let project = match it.tool {
        Tool::Npm => matches!(&*it.subcommand, "install" | "i" | "ci" | "clean-install" | "ic"),
        Tool::Yarn => matches!(&*it.subcommand, "" | "install"),
        Tool::Pnpm => matches!(&*it.subcommand, "install" | "i"),
        _ => false,
    };
    const SAID: &[&str] = &[
        "--production",
        "--prod",
        "-P",
        "--omit",
        "--only",
        "--include",
        "--dev",
        "-D",
        "--also",
        "-g",
        "--global",
        "--package-lock-only",
        "--lockfile-only",
        "--version",
        "-v",
        "--help",
        "-h",
    ];
    project
        && it.verb == Verb::Install
        && it.certain
        && it.operands.is_empty()
        && it.runner == Runner::Same
        && !it.has(SAID)
}

/// The only installation of the image that ships.
struct Install<'v> {
    view: &'v View<'v>,
    index: usize,
    script: &'v Script,
    simple: &'v Simple,
    it: Invocation,
}

impl Install<'_> {
    fn line(&self, index: usize) -> usize {
        self.view.doc.line(self.view.instruction(index).span.start)
    }

    fn rewrite(&self) -> Result<Option<Finding>, Reason> {
        let (view, it) = (self.view, &self.it);
        let environment = match (it.setting("NODE_ENV"), view.scope(self.index).get("NODE_ENV")) {
            (Some(value), _) => value.map(str::to_owned),
            (None, Lookup::Value(value)) => Some(value),
            (None, Lookup::Unset) => Some(String::new()),
            (None, Lookup::Unknown) => None,
        };
        match environment.as_deref() {
            // It leaves them out by itself.
            Some("production") => return Ok(None),
            Some(_) => {}
            None => return Err("NODE_ENV, which decides what is installed, is not known".into()),
        }
        let tree = Tree::of(view.world).ok_or("the build context is not known")?;
        if it.has(&["--prefix", "-C", "--dir", "--cwd", "--filter", "-F", "-w", "--workspace"]) {
            return Err("it is about another folder".into());
        }
        let folder = folder_of(view.scope(self.index), self.script, self.simple)
            .ok_or("in which folder it runs is not known")?;
        let place = paths::join(Some(&folder), "package.json").unwrap_or_default();
        let Some(manifest) = standing(view, &tree, self.index, &place)? else { return Ok(None) };
        let project = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
        let package = Package::of(&tree, project)?.ok_or("package.json cannot be read")?;
        let development: Vec<&str> = package.names("devDependencies").collect();
        if development.is_empty() {
            return Ok(None);
        }
        if let Some(name) = package.local() {
            return Err(format!("package.json has {name} of the project itself").into());
        }
        if !stands_alone(self.script, self.simple) {
            return Err("it stands in a list or loop that decides what happens when it fails".into());
        }
        self.follows()?;
        self.shared()?;
        if let Some(name) =
            LIFECYCLE.iter().find(|name| package.script(name).is_some() && !it.has(&["--ignore-scripts"]))
        {
            return Err(format!(
                "package.json runs `{}` when it is installed ({name})",
                package.script(name).unwrap_or_default()
            )
            .into());
        }
        let entry = needs::entry(view, &tree, &package, project, &folder)?;
        needs::imports(&tree, &package, &entry)?;
        let flag = self.flag(&tree, project)?;
        let edit =
            insert_word(self.script, it.verb_end, flag).ok_or("its words are not in the file as they are run")?;
        let change = Change::new([edit], [Promise::Flag(flag.into())]).map_err(|error| error.to_string())?;
        let shown = development.iter().take(4).copied().collect::<Vec<_>>().join(", ");
        let more = if development.len() > 4 { format!(" and {} more", development.len() - 4) } else { String::new() };
        let check = format!(
            "nothing at run time needs a package of devDependencies ({shown}{more}): what {} imports does not; no test or tool of \
             them is run in this image",
            entry.file
        );
        Ok(Some(Finding::review(vec![self.index], MESSAGE, check, change)))
    }

    /// Whether nothing that runs behind it in the image may need one of those packages.
    fn follows(&self) -> Result<(), Reason> {
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
                if !is_harmless(script, simple) {
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

    /// The option that leaves them out.
    fn flag(&self, tree: &Tree<'_>, project: &str) -> Result<&'static str, Reason> {
        match self.it.tool {
            Tool::Npm => {
                let image = self.view.scope(self.index).image.as_ref().filter(|image| image.kind == images::Kind::Node);
                let image = image.ok_or("which npm it is, is not known")?;
                let major = image.version.as_deref().and_then(|version| version.split('.').next()?.parse::<u32>().ok());
                // npm 7 came with Node 15. https://docs.npmjs.com/cli/v6/commands/npm-install
                Ok(if major.is_some_and(|major| major < 16) { "--production" } else { "--omit=dev" })
            }
            Tool::Yarn => match self.view.surroundings(self.index).map(|around| around.yarn) {
                Some(Yarn::Classic) => Ok("--production"),
                _ => Err("only yarn 1 installs without them".into()),
            },
            _ => {
                let workspace = join(project, "pnpm-workspace.yaml").unwrap_or_default();
                match tree.has(&workspace)? {
                    true => Err("pnpm-workspace.yaml may have workspaces".into()),
                    false => Ok("--prod"),
                }
            }
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
