//! See README.md: which COPY moves behind which installation, and what is copied before it.

mod edit;
mod place;
mod projects;
mod reads;
mod tools;

use std::borrow::Cow;

use crate::context::{Needs, Tree, bundler, composer, dotnet, go, gradle, maven, node, python};
use crate::dockerfile::{Command, Kind};
use crate::transform::brought::{Copied, copied};
use crate::transform::ignoring::{Maker, spared};
use crate::transform::paths;
use crate::transform::{Finding, On, Transform, View};
use edit::Rewrite;
use reads::{Install, Reads, What, reads};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "each change of any file installs the dependencies again";

/// Why not, in words.
type Reason = Cow<'static, str>;

/// What stands between the first COPY and the last installation that may change places.
#[derive(Default)]
struct Region {
    /// COPYs of the context, in order.
    copies: Vec<Copied>,
    /// Installations, with their RUNs.
    installs: Vec<(usize, Install)>,
    /// Instructions that a COPY would move past.
    between: Vec<usize>,
    /// Paths that their commands make or remove, with the RUN.
    touches: Vec<(usize, String)>,
    /// The last RUN that installs.
    last: usize,
    /// Where that RUN is split, and before which command.
    split: Option<(usize, usize, String)>,
    /// The command that installs before that RUN, which reads more.
    prepared: Option<String>,
}

fn find(view: &View<'_>) -> Vec<Finding> {
    let tree = Tree::of(view.world);
    let mut findings = Vec::new();
    for stage in view.doc.stages() {
        let mut region = Region::default();
        // Where something was installed already: what is installed there again is meant to be.
        let mut done: Vec<String> = Vec::new();
        for index in stage.instructions.clone() {
            let instruction = view.instruction(index);
            match &instruction.kind {
                Kind::Copy(_) | Kind::Add(_) => {
                    if !region.installs.is_empty() {
                        findings.extend(region.finding(view, tree.as_ref(), &mut done));
                        region = Region::default();
                    }
                    match (copied(view, tree.as_ref(), index), from_elsewhere(view, index)) {
                        (Some(copy), _) => region.copies.push(copy),
                        (None, Some(place)) => {
                            region.touches.push((index, place));
                            region.between.push(index);
                        }
                        (None, None) => region = Region::default(),
                    }
                }
                Kind::Run(_) if region.copies.is_empty() => {}
                Kind::Run(command) => {
                    let run =
                        matches!(command, Command::Shell(_)).then(|| reads(view, tree.as_ref(), &region.copies, index));
                    let (read, touches) = run.map_or((None, Vec::new()), |run| (Some(run.reads), run.touches));
                    region.touches.extend(touches.into_iter().map(|path| (index, path)));
                    match read {
                        Some(Reads::Nothing) => region.between.push(index),
                        Some(Reads::Manifests(installs)) => region.add(index, installs),
                        Some(Reads::ManifestsThen { installs, before, at, command }) => {
                            region.add(index, installs);
                            region.split = Some((before, at, command));
                            findings.extend(region.finding(view, tree.as_ref(), &mut done));
                            region = Region::default();
                        }
                        Some(Reads::Prepared { install, command }) => {
                            region.add(index, vec![install]);
                            region.prepared = Some(command);
                            findings.extend(region.finding(view, tree.as_ref(), &mut done));
                            region = Region::default();
                        }
                        other => {
                            if region.installs.is_empty() {
                                let text = match other {
                                    Some(Reads::Anything(text)) => text,
                                    _ => "a command in exec form".to_owned(),
                                };
                                findings.extend(region.blocked(view, index, &text, stage.instructions.end));
                            } else {
                                findings.extend(region.finding(view, tree.as_ref(), &mut done));
                            }
                            region = Region::default();
                        }
                    }
                }
                Kind::From(_) => {}
                Kind::Onbuild(_) | Kind::Unknown => region = Region::default(),
                _ => region.between.push(index),
            }
        }
        findings.extend(region.finding(view, tree.as_ref(), &mut done));
    }
    findings
}

/// Where instruction `index` copies to, if it copies from another stage or image.
fn from_elsewhere(view: &View<'_>, index: usize) -> Option<String> {
    let (doc, instruction) = (view.doc, view.instruction(index));
    let Kind::Copy(transfer) = &instruction.kind else { return None };
    if !doc.has_flag(instruction, "from") {
        return None;
    }
    paths::absolute(view, index, &doc.word(instruction, transfer.destination))
}

fn held(instructions: Vec<usize>, reason: impl Into<Reason>) -> Finding {
    Finding::held(instructions, MESSAGE, reason)
}

impl Region {
    fn add(&mut self, index: usize, installs: Vec<Install>) {
        self.installs.extend(installs.into_iter().map(|install| (index, install)));
        self.last = index;
        self.between.push(index);
    }

    /// The first COPY that brings a whole folder.
    fn whole(&self) -> Option<usize> {
        self.copies.iter().position(|copy| copy.folder.is_some())
    }

    /// RUN `index` may read anything: whether an installation follows it for nothing.
    fn blocked(&self, view: &View<'_>, index: usize, text: &str, end: usize) -> Option<Finding> {
        let first = &self.copies[self.whole()?];
        let behind = index..end;
        let next = behind
            .filter(|at| matches!(view.instruction(*at).kind, Kind::Run(_)))
            .find(|at| tools::installs(view, *at))?;
        if next == index {
            return Some(held(vec![first.index, next], format!("`{text}` may read any file that was copied")));
        }
        let line = view.doc.line(view.instruction(index).span.start);
        let reason = format!("before it, `{text}` on line {line} may read any file that was copied");
        Some(held(vec![first.index, next], reason))
    }

    fn finding(self, view: &View<'_>, tree: Option<&Tree<'_>>, done: &mut Vec<String>) -> Option<Finding> {
        let again = self.installs.iter().any(|(_, install)| done.contains(&install.key()));
        done.extend(self.installs.iter().map(|(_, install)| install.key()));
        if self.installs.is_empty() || again {
            return None;
        }
        let Some(whole) = self.whole() else { return self.complete(view, tree?) };
        let claimed = vec![self.copies[whole].index, self.last];
        let Some(tree) = tree else { return Some(held(claimed, "the build context is not known")) };
        match self.rewrite(view, tree, whole) {
            Ok(finding) => finding,
            Err(reason) => Some(held(claimed, reason)),
        }
    }

    /// What the installations need, with where each thing has to stand.
    fn needs(&self, tree: &Tree<'_>) -> Result<Option<Wanted>, Reason> {
        let mut wanted = Wanted::default();
        let mut any = false;
        for (_, install) in &self.installs {
            any |= wanted.add(tree, &self.copies, install)?;
        }
        Ok(any.then_some(wanted))
    }

    fn rewrite(&self, view: &View<'_>, tree: &Tree<'_>, whole: usize) -> Result<Option<Finding>, Reason> {
        // An installation that is held may have nothing to do with what is copied; the reason is told all the same.
        let Some(mut wanted) = self.needs(tree)? else { return Ok(None) };
        let first = self.copies[whole..].iter().position(|copy| copy.folder.is_some() && !wanted.holds_all(copy));
        let Some(first) = first else { return Ok(self.complete(view, tree)) };
        let moved: Vec<&Copied> = self.copies[whole + first..].iter().filter(|copy| !wanted.holds_all(copy)).collect();
        let kept: Vec<&Copied> =
            self.copies.iter().filter(|copy| !moved.iter().any(|it| it.index == copy.index)).collect();
        self.passes(view, &moved)?;
        for copy in &moved {
            let over = |(path, place): &(String, String)| {
                wanted.files.iter().any(|(own, other)| other == place && own != path)
            };
            let beside = wanted.anchors.iter().any(|(folder, place)| {
                copy.source_of(place).is_some_and(|other| other != *folder && place::has_manifests(tree, &other))
            });
            if copy.files.iter().any(over) || beside {
                let line = view.doc.line(view.instruction(copy.index).span.start);
                return Err(format!("line {line} puts another file in the place of a manifest").into());
            }
        }
        let mut lines = Vec::new();
        for group in wanted.groups(&kept) {
            lines.push(edit::manifests(view, &moved, &group)?);
        }
        let mut ignore_lines: Vec<String> = Vec::new();
        for output in &wanted.outputs {
            for copy in &moved {
                let Some(path) = copy.source_of(output) else { continue };
                if tree.patterns().excludes_all(&path) {
                    continue;
                }
                spared(view, tree, &path, Maker::of(&path)).map_err(|reason| {
                    format!("{path} would be copied over what is installed, and cannot be ignored: {reason}")
                })?;
                if tree.world().look(&path) != Some(crate::context::Look::Missing) && !wanted.clean {
                    wanted.needs.check(format!("nothing of the {path} that is in the context now is needed"));
                }
                ignore_lines.push(path);
            }
        }
        if let Some((.., command)) = &self.split {
            wanted.needs.check(format!("`{command}` moves no folder of what was installed before it"));
        }
        let split = self.split.as_ref();
        let prepared = self.prepared.as_deref();
        if prepared.is_some() {
            wanted.needs.check(if self.installs.iter().any(|(_, it)| matches!(it.what, What::Maven { .. })) {
                "the step that fetches succeeds for this project, and the build may fetch what only plugins ask for"
            } else {
                "what runs behind finds the packages installed already"
            });
        }
        let rewrite = Rewrite { moved: &moved, lines, last: self.last, split, prepared };
        let (claimed, mut change) = rewrite.change(view)?;
        change.ignore_lines = ignore_lines;
        Ok(Some(match join_checks(&wanted.needs.checks) {
            None => Finding::safe(claimed, MESSAGE, change),
            Some(check) => Finding::review(claimed, MESSAGE, check, change),
        }))
    }

    /// Whether the COPYs can stand behind the last installation, as far as what is between is concerned.
    fn passes(&self, view: &View<'_>, moved: &[&Copied]) -> Result<(), Reason> {
        let home = view.scope(self.last).home.clone();
        let above = |path: &str, other: &str| {
            path == other || path == "/" || other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
        };
        for copy in moved {
            let places = copy.folder.iter().chain(&copy.files).map(|(_, place)| place);
            let mut pairs = places.flat_map(|place| self.touches.iter().map(move |touch| (place, touch)));
            let meets = |place: &str, path: &str| above(place, path) || above(path, place);
            if let Some((_, (at, path))) = pairs.find(|(place, (at, path))| *at > copy.index && meets(place, path)) {
                let line = view.doc.line(view.instruction(*at).span.start);
                return Err(format!("line {line} makes or removes {path}, which is in what is copied before").into());
            }
        }
        for copy in moved {
            let line = view.doc.line(view.instruction(copy.index).span.start);
            let Some((_, place)) = &copy.folder else { continue };
            let taken = [
                "/usr/local/lib/x",
                "/usr/lib/x",
                "/usr/bin/x",
                "/etc/x",
                "/go/pkg",
                "/var/lib/x",
                "/opt/x",
                "/home/x",
            ];
            let holds = |path: &str| {
                place == "/" || path == place || path.strip_prefix(&**place).is_some_and(|it| it.starts_with('/'))
            };
            if taken.iter().any(|path| holds(path)) || home.as_deref().is_none_or(holds) && home.is_some() {
                return Err(format!("line {line} copies into {place}, where the installation may write, too").into());
            }
            let text = view.doc.joined(view.instruction(copy.index), view.instruction(copy.index).span);
            let relative = !view.doc.word(view.instruction(copy.index), copy.destination).starts_with('/');
            for at in self.between.iter().filter(|at| (copy.index..=self.last).contains(*at)) {
                match view.instruction(*at).kind {
                    Kind::Workdir(_) if relative => {
                        return Err(format!(
                            "line {line} copies into a path that WORKDIR changes before the installation"
                        )
                        .into());
                    }
                    Kind::Env(_) | Kind::Arg(_) if text.contains('$') => {
                        return Err(
                            format!("line {line} uses a variable, and others are set before the installation").into()
                        );
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Manifests are copied first, but not all: what is missing.
    fn complete(&self, view: &View<'_>, tree: &Tree<'_>) -> Option<Finding> {
        let wanted = self.needs(tree).ok()??;
        let all: Vec<&Copied> = self.copies.iter().collect();
        let groups = wanted.groups(&all);
        let [group] = &groups[..] else { return None };
        if group.files.is_empty() || !group.folders.is_empty() {
            return None;
        }
        edit::complete(view, &all, group)
    }
}

fn join_checks(checks: &[Reason]) -> Option<String> {
    (!checks.is_empty()).then(|| checks.join("; "))
}

/// What installations need, and where.
#[derive(Default)]
struct Wanted {
    needs: Needs,
    /// Each file and folder with its place.
    files: Vec<(String, String)>,
    folders: Vec<(String, String)>,
    /// Paths that are made, absolute.
    outputs: Vec<String>,
    /// The folders of the context that the installations run in, each with its place.
    anchors: Vec<(String, String)>,
    /// Every installation starts from nothing.
    clean: bool,
}

/// Files of one folder of the context that go into one folder of the image.
struct Group {
    /// The folder of the image.
    place: String,
    files: Vec<String>,
    folders: Vec<String>,
}

impl Wanted {
    /// Adds what `install` needs of what is copied; whether it needs anything of it.
    fn add(&mut self, tree: &Tree<'_>, copies: &[Copied], install: &Install) -> Result<bool, Reason> {
        let anchor = place::context_of(tree, copies, &install.cwd);
        let folder = || -> Result<&str, Reason> {
            anchor.as_deref().ok_or_else(|| format!("what is in {} is not known", install.cwd).into())
        };
        let mut clean = false;
        let (needs, from, to) = match &install.what {
            What::Held(reason) => return Err(reason.clone()),
            What::Requirements(files, uv) => {
                let mut any = false;
                for file in files {
                    let place = paths::join(Some(&install.cwd), file).ok_or("a requirements file is not known")?;
                    let Some(path) = place::file_of(tree, copies, &place) else { continue };
                    any = true;
                    let needs = python::requirements(tree, &path)?;
                    self.put(needs, parent(&path), parent(&place))?;
                }
                if any && *uv {
                    let folder = folder()?;
                    self.put(python::uv_settings(tree, folder)?, folder, &install.cwd)?;
                }
                self.outputs.extend(install.outputs.iter().cloned());
                return Ok(any);
            }
            What::Node(manager, how) => {
                clean = how.clean;
                let Some(folder) = anchor.as_deref() else { return Ok(false) };
                (node::install(tree, folder, *manager, *how)?, folder, &install.cwd)
            }
            What::Pipenv => (python::pipenv(tree, folder()?)?, folder()?, &install.cwd),
            What::Poetry(alone) | What::Uv(alone) => {
                let uv = matches!(install.what, What::Uv(_));
                let project = if uv { python::uv(tree, folder()?)? } else { python::poetry(tree, folder()?)? };
                if project.installs_itself && !alone {
                    return Err(format!(
                        "it installs the project itself, too, which reads its sources: install with `{}` first",
                        if uv { "--no-install-project" } else { "--no-root" }
                    )
                    .into());
                }
                let mut needs = project.needs;
                needs.check(format!("{} reads nothing else of the project", if uv { "uv" } else { "poetry" }));
                (needs, folder()?, &install.cwd)
            }
            What::Go => (go::download(tree, folder()?)?, folder()?, &install.cwd),
            What::Bundle(how) => (bundler::install(tree, folder()?, how)?, folder()?, &install.cwd),
            What::Composer(how) => (composer::install(tree, folder()?, *how)?.needs, folder()?, &install.cwd),
            What::Dotnet(target) => {
                let folder = folder()?;
                let target = target.as_deref().map(|place| {
                    let path = place::file_of(tree, copies, place).or_else(|| place::context_of(tree, copies, place));
                    path.ok_or_else(|| Reason::from(format!("what is at {place} is not known")))
                });
                let mut needs = dotnet::restore(tree, folder, target.transpose()?.as_deref())?;
                place::retain_brought(&mut needs.files, dotnet::ABOVE, copies, (folder, &install.cwd));
                (needs, folder, &install.cwd)
            }
            What::Maven { pom, wrapper } => {
                let folder = folder()?;
                let maven::Fetch { mut needs, parents, .. } = maven::fetch(tree, folder, pom.as_deref(), *wrapper)?;
                // A parent above what is copied is not found in the image, either, and nor are its settings.
                let mut above = parents.clone();
                place::retain_brought(&mut above, &["pom.xml"], copies, (folder, &install.cwd));
                needs.files.retain(|file| !parents.contains(file) || above.contains(file));
                place::retain_brought(&mut needs.folders, &[".mvn"], copies, (folder, &install.cwd));
                (needs, folder, &install.cwd)
            }
            What::Gradle { wrapper } => (gradle::resolve(tree, folder()?, *wrapper)?, folder()?, &install.cwd),
            What::DotnetTools => {
                let mut needs = dotnet::tools(tree, folder()?)?;
                place::retain_brought(&mut needs.files, dotnet::ABOVE, copies, (folder()?, &install.cwd));
                (needs, folder()?, &install.cwd)
            }
        };
        self.clean = clean && (self.clean || self.files.is_empty());
        self.put(needs, from, to)?;
        self.outputs.extend(install.outputs.iter().cloned());
        Ok(true)
    }

    /// Adds `needs` of the context's folder `from`, which has to stand at `to`.
    fn put(&mut self, needs: Needs, from: &str, to: &str) -> Result<(), Reason> {
        self.anchors.push((from.to_owned(), to.to_owned()));
        let place = |path: &str| -> Result<String, Reason> {
            let relative = relative(from, path);
            paths::join(Some(to), &relative).ok_or_else(|| format!("where {path} goes is not known").into())
        };
        for (list, paths) in [(&mut self.files, &needs.files), (&mut self.folders, &needs.folders)] {
            for path in paths {
                let entry = (path.clone(), place(path)?);
                if !list.contains(&entry) {
                    list.push(entry);
                }
            }
        }
        for path in &needs.outputs {
            self.outputs.push(place(path)?);
        }
        self.needs.extend(needs);
        Ok(())
    }

    /// Whether all that `copy` brings is needed.
    fn holds_all(&self, copy: &Copied) -> bool {
        match &copy.folder {
            Some(folder) => self.folders.contains(folder),
            None => copy.files.iter().all(|file| self.files.contains(file)),
        }
    }

    /// What `kept` does not bring, by folders, in order.
    fn groups(&self, kept: &[&Copied]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let brought = |entry: &(String, String)| kept.iter().any(|copy| copy.files.contains(entry));
        for (path, place) in self.files.iter().filter(|entry| !brought(entry)) {
            let folder = parent(place);
            match groups.iter_mut().find(|group| {
                group.place == folder && group.files.first().is_some_and(|file| parent(file) == parent(path))
            }) {
                Some(group) => group.files.push(path.clone()),
                None => groups.push(Group { place: folder.to_owned(), files: vec![path.clone()], folders: Vec::new() }),
            }
        }
        let whole = |entry: &(String, String)| kept.iter().any(|copy| copy.folder.as_ref() == Some(entry));
        for (path, place) in self.folders.iter().filter(|entry| !whole(entry)) {
            groups.push(Group { place: place.clone(), files: Vec::new(), folders: vec![path.clone()] });
        }
        groups
    }
}

/// The folder that a path is in.
fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => "",
    }
}

/// `path` as seen from `folder`, both of the context.
fn relative(folder: &str, path: &str) -> String {
    let mut up = String::new();
    let mut at = folder;
    loop {
        if at.is_empty() {
            return up + path;
        }
        if let Some(rest) = path.strip_prefix(at).and_then(|rest| rest.strip_prefix('/')) {
            return up + rest;
        }
        up += "../";
        at = parent(at);
    }
}
