//! See README.md: what the slim variant of a base image lacks, and who may need it.

use crate::commands::{Invocation, Tool, Verb, invocations};
use crate::context::package::Package;
use crate::context::uses::programs;
use crate::context::{Tree, heavy, join, python};
use crate::dockerfile::{Base, Command, Kind};
use crate::images::{self, Image, slim};
use crate::source::Edit;
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "the base image brings compilers and headers that nothing here uses";

/// Debian's own slim image has the same programs.
/// <https://github.com/debuerreotype/debuerreotype/blob/master/scripts/.slimify-excludes>
const MANUALS: &str = "the base image brings manuals and translations that nothing here reads";

fn find(view: &View<'_>) -> Vec<Finding> {
    finding(view).into_iter().collect()
}

fn finding(view: &View<'_>) -> Option<Finding> {
    let last = view.doc.stages().len().checked_sub(1)?;
    let stage = view.doc.stages()[last].instructions.clone();
    let Base::Image(name) = &view.graph().bases()[last] else { return None };
    let image = view.scopes().image(last)?;
    // A mirror need not have every tag.
    let tag = image.slim_sibling.as_deref().filter(|_| !image.repository.contains('/'))?;
    // What only builds for others ships nothing.
    if !matches!(image.kind, images::Kind::Python | images::Kind::Node | images::Kind::Ruby | images::Kind::System) {
        return None;
    }
    let from = view.instruction(stage.start);
    let Kind::From(parts) = &from.kind else { return None };
    let manuals = image.kind == images::Kind::System;
    let message = if manuals { MANUALS } else { MESSAGE };
    let held = |reason: String| Some(Finding::held(vec![stage.start], message, reason));
    if view.doc.slice(parts.image.span) != name || name.contains('@') {
        return held("the image is not written plainly".into());
    }
    let ship = Ship { view, image, stage: stage.clone() };
    if let Err(reason) = ship.stays_whole() {
        return held(reason);
    }
    let repository = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(&**name, |(it, _)| it);
    let edit = Edit::replace(view.doc.text(), parts.image.span, format!("{repository}:{tag}"));
    let change = Change::new([edit], [Promise::Base]).ok()?;
    let mut check = if manuals {
        "nothing reads manuals or translations, and no locale is made".to_owned()
    } else {
        "nothing that it runs needs a program or library of the full image (git, curl, wget, make, gcc, ImageMagick, \
         headers of databases)"
            .to_owned()
    };
    if !manuals && ship.installs() {
        check += ", and every package that it installs comes compiled";
    }
    Some(Finding::review(vec![stage.start], message, check, change))
}

/// The last stage.
struct Ship<'v> {
    view: &'v View<'v>,
    image: &'v Image,
    stage: std::ops::Range<usize>,
}

impl Ship<'_> {
    /// Whether nothing in the file is known to need more than the slim variant has.
    fn stays_whole(&self) -> Result<(), String> {
        let doc = self.view.doc;
        self.manifests()?;
        let mut installed: Vec<Box<str>> = Vec::new();
        let mut runs = false;
        for index in self.stage.clone() {
            let instruction = self.view.instruction(index);
            let line = doc.line(instruction.span.start);
            match &instruction.kind {
                Kind::Run(_) => {
                    let unknown = || format!("what line {line} runs is not known");
                    let script = self.view.script(index).ok_or_else(unknown)?;
                    script.body().map_err(|_| unknown())?;
                    let found = invocations(script);
                    let apt = found
                        .iter()
                        .filter(|it| matches!(it.tool, Tool::AptGet | Tool::Apt) && it.verb == Verb::Install);
                    let before = installed.len();
                    installed.extend(apt.flat_map(|it| &it.operands).filter_map(|it| it.literal.clone()));
                    if let Some(name) = installed[before..].iter().find(|name| heavy::fails_without_manuals(name)) {
                        return Err(format!("line {line} installs {name}, which needs folders that slim lacks"));
                    }
                    if self.image.kind == images::Kind::System {
                        if script.text().contains("locale") {
                            return Err(format!("line {line} makes locales, of which slim lacks the sources"));
                        }
                        continue;
                    }
                    for simple in script.commands() {
                        let Some(word) = simple.words.first() else { continue };
                        let Some(name) = word.literal.as_deref() else { return Err(unknown()) };
                        self.has(name, &installed)
                            .map_err(|name| format!("line {line} runs {name}, which slim lacks"))?;
                    }
                    found.iter().try_for_each(|it| self.compiles_nothing(it, &installed, line))?;
                }
                Kind::Cmd(command) | Kind::Entrypoint(command) | Kind::Healthcheck(Some(command)) => {
                    runs = true;
                    let words: Vec<String> = match command {
                        Command::Exec(words) => {
                            words.iter().map(|it| doc.word(instruction, *it).into_owned()).collect()
                        }
                        Command::Shell(span) => vec![doc.joined(instruction, *span).into_owned()],
                    };
                    if self.image.kind == images::Kind::System {
                        continue;
                    }
                    let apart = |c: char| c.is_whitespace() || ";&|()'\"`".contains(c);
                    let mut parts = words.iter().flat_map(|word| word.split(apart));
                    if let Some(lacks) =
                        parts.find(|part| slim::LACKS.contains(part) && !installed.iter().any(|it| &**it == *part))
                    {
                        return Err(format!("line {line} runs {lacks}, which slim lacks"));
                    }
                }
                Kind::Onbuild(_) => return Err(format!("ONBUILD in line {line} may need the full image")),
                _ => {}
            }
        }
        if !runs {
            return Err("it has no command: other images may be built on it".into());
        }
        if self.image.kind == images::Kind::System { Ok(()) } else { self.used(&installed) }
    }

    /// Whether no file of the repository runs it with what the slim variant lacks.
    fn used(&self, installed: &[Box<str>]) -> Result<(), String> {
        let Some(uses) = self.view.world.uses() else { return Ok(()) };
        if let Some(unread) = uses.unread() {
            return Err(unread);
        }
        let last = self.view.doc.stages().len() - 1;
        for run in uses.runs(self.view.doc.stages()[last].name.as_deref(), last, true) {
            if let Some(at) = &run.develops {
                return Err(format!("{at} makes it a place to develop in"));
            }
            let asked = run.healthchecks.iter().map(|test| (test, "asks for its health with"));
            for (said, does) in run.started().map(|command| (command, "starts it with")).chain(asked) {
                let names = programs(&said.what).filter_map(|program| program.rsplit('/').next());
                let mut lacking = names.filter(|name| slim::LACKS.contains(name));
                if let Some(name) = lacking.find(|name| !installed.iter().any(|it| **it == **name)) {
                    return Err(format!("{} {does} {name}, which slim lacks", said.at));
                }
            }
        }
        Ok(())
    }

    /// Whether no manifest of the project, where it is at hand, names a package that needs more of the system.
    fn manifests(&self) -> Result<(), String> {
        let Some(tree) = Tree::of(self.view.world) else { return Ok(()) };
        let mut folders = vec![String::new()];
        for instruction in self.view.doc.instructions() {
            let (Kind::Copy(it) | Kind::Add(it)) = &instruction.kind else { continue };
            if !self.view.doc.has_flag(instruction, "from") {
                let sources = it.sources.iter().map(|source| self.view.doc.word(instruction, *source).into_owned());
                folders.extend(sources.filter_map(|source| join("", source.trim_start_matches('/'))));
            }
        }
        folders.retain(|folder| tree.has_folder(folder));
        let lacks = |name: &str| Err(format!("{name} may need what slim lacks"));
        for folder in &folders {
            for name in tree.names(folder).unwrap_or_default() {
                let Some(path) = join(folder, &name) else { continue };
                match (self.image.kind, &*name) {
                    (images::Kind::Node, "package.json") => {
                        let package = Package::of(&tree, folder)?.ok_or("package.json cannot be read")?;
                        if let Some(name) = heavy::NODE.iter().find(|name| package.has("dependencies", name)) {
                            return lacks(name);
                        }
                    }
                    (images::Kind::Node, "binding.gyp") => return lacks(&path),
                    (images::Kind::Python, name)
                        if name.starts_with("requirements") && name.ends_with(".txt") || name == "pyproject.toml" =>
                    {
                        let text = tree.text(&path)?.unwrap_or_default();
                        // In pyproject.toml each stands in quotes, on a line or in a list.
                        let lines = text.split(['\n', '"', '\'']).flat_map(python::names);
                        let mut names = lines.filter(|name| needs_more(name));
                        if let Some(name) = names.next() {
                            return lacks(&name);
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Whether the slim variant has the command `name`, or an installed package brings it.
    fn has<'n>(&self, name: &'n str, installed: &[Box<str>]) -> Result<(), &'n str> {
        let base = name.rsplit('/').next().unwrap_or(name);
        let language: &[&str] = match self.image.kind {
            images::Kind::Python => &["python", "python3", "pip", "pip3"],
            images::Kind::Node => &["node", "npm", "npx", "yarn", "corepack", "pnpm"],
            images::Kind::Ruby => &["ruby", "gem", "bundle", "bundler", "rake"],
            _ => &[],
        };
        let brought = || installed.iter().any(|package| &**package == base);
        if slim::HAS.contains(&base) || language.contains(&base) || brought() { Ok(()) } else { Err(base) }
    }

    /// Whether an installation compiles nothing, or has what it compiles with.
    fn compiles_nothing(&self, it: &Invocation, installed: &[Box<str>], line: usize) -> Result<(), String> {
        let compiler = installed.iter().any(|package| matches!(&**package, "build-essential" | "gcc" | "g++"));
        let git = installed.iter().any(|package| &**package == "git");
        let said = |what: &str| Err(format!("line {line}: {what}"));
        match it.tool {
            Tool::Pip | Tool::Npm | Tool::Yarn | Tool::Pnpm if it.verb == Verb::Install => {
                let from_git = |text: &str| text.contains("git+") || text.starts_with("github:");
                let mut names =
                    it.operands.iter().filter_map(|operand| operand.literal.as_deref()).flat_map(python::names);
                if let Some(name) =
                    names.find(|name| needs_more(name)).filter(|_| self.image.kind == images::Kind::Python)
                {
                    return said(&format!("{name} may need what slim lacks"));
                }
                if !git && it.operands.iter().any(|operand| operand.literal.as_deref().is_none_or(from_git)) {
                    return said("what it installs may come by git");
                }
                Ok(())
            }
            // Gems that are written in C are compiled where they are installed.
            Tool::Bundle | Tool::Gem if it.verb != Verb::Configure && !compiler => said("gems may be compiled"),
            _ => Ok(()),
        }
    }

    /// Whether packages of a language are installed here.
    fn installs(&self) -> bool {
        let languages = [Tool::Pip, Tool::Npm, Tool::Yarn, Tool::Pnpm, Tool::Bundle, Tool::Gem];
        let mut found = self.stage.clone().filter_map(|index| self.view.script(index)).flat_map(invocations);
        found.any(|it| languages.contains(&it.tool) && it.verb == Verb::Install)
    }
}

/// Whether a package of PyPI needs more of the system.
fn needs_more(name: &str) -> bool {
    heavy::PYTHON.contains(&name) || !heavy::libraries(name).is_empty()
}
