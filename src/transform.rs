//! The contract of a transform: what it is shown, and what it may answer.
//!
//! A transform is a page and a function. The page (its README.md) is its documentation, its `explain` text and its
//! tests; the function looks at a [`View`] and answers with [`Finding`]s. It never changes text: it returns edits and
//! what they promise, and the pipeline applies, re-reads and holds them to the promise.

pub mod brought;
pub mod copied;
pub mod ignoring;
pub mod mounts;
pub mod paths;
pub mod scripts;

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::commands::cache::{Surroundings, Yarn};
use crate::context::{World, yarn};
use crate::dockerfile::{Base, Document, Graph, Instruction, Kind};
use crate::images::{self, ImageMap};
use crate::scope::{Scope, Scopes};
use crate::shell::Script;
use crate::source::{Edit, EditError, Edits, Span};

/// A rewrite, by its page and its code.
#[derive(Clone, Copy)]
pub struct Transform {
    /// Its README.md. The title is its name.
    pub doc: &'static str,
    /// Finds what it would change, and what it declines to.
    pub find: fn(&View<'_>) -> Vec<Finding>,
    /// Whether it runs without being asked for.
    pub on: On,
}

/// When a transform runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Always.
    Default,
    /// Only when it is named by `--only` or enabled in the configuration.
    Asked,
}

impl Transform {
    /// Its name: the title of its page.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.doc.strip_prefix("# ").and_then(|rest| rest.lines().next()).unwrap_or_default().trim_end()
    }
}

/// What is known besides the file and its surroundings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What a company's own base images are like.
    pub images: ImageMap,
    /// What the builder can do.
    pub dialect: Dialect,
}

/// The builder that must be able to build the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// BuildKit with this version of the Dockerfile frontend, `(1, 4)` for instance; `None` is a current one.
    #[default]
    BuildKit,
    /// BuildKit, with an older frontend.
    BuildKitFrontend(u16, u16),
    /// Buildah or podman, in this version.
    Buildah(u16, u16),
    /// Kaniko: it ignores mounts.
    Kaniko,
    /// The builder of Docker before BuildKit.
    Classic,
}

impl Dialect {
    /// Whether RUN takes `--mount=type=cache`, and means it: the classic builder refuses or ignores it, kaniko ignores
    /// it. <https://github.com/containers/buildah/blob/main/CHANGELOG.md>
    #[must_use]
    pub fn has_cache_mounts(self) -> bool {
        match self {
            Self::BuildKit => true,
            Self::BuildKitFrontend(major, minor) => (major, minor) >= (1, 2),
            Self::Buildah(major, minor) => (major, minor) >= (1, 25),
            Self::Kaniko | Self::Classic => false,
        }
    }

    /// Whether COPY takes here-documents. <https://docs.docker.com/reference/dockerfile/#here-documents>
    #[must_use]
    pub fn has_heredocs(self) -> bool {
        match self {
            Self::BuildKit => true,
            Self::BuildKitFrontend(major, minor) => (major, minor) >= (1, 4),
            Self::Buildah(major, minor) => (major, minor) >= (1, 33),
            Self::Kaniko | Self::Classic => false,
        }
    }
}

impl std::str::FromStr for Dialect {
    type Err = String;

    /// Reads `buildkit`, `buildkit:1.4`, `buildah`, `buildah:1.33`, `kaniko` or `classic`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = text.split_once(':').map_or((text, None), |(name, version)| (name, Some(version)));
        let version = version.map(|version| {
            let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
            Some((major.parse().ok()?, minor.parse().ok()?))
        });
        match (name, version) {
            ("buildkit", None) => Ok(Self::BuildKit),
            ("buildkit", Some(Some((major, minor)))) => Ok(Self::BuildKitFrontend(major, minor)),
            ("buildah" | "podman", None) => Ok(Self::Buildah(1, 41)),
            ("buildah" | "podman", Some(Some((major, minor)))) => Ok(Self::Buildah(major, minor)),
            ("kaniko", None) => Ok(Self::Kaniko),
            ("classic", None) => Ok(Self::Classic),
            _ => Err(format!("no dialect is called `{text}`: buildkit[:1.4], buildah[:1.33], kaniko or classic")),
        }
    }
}

/// What a transform is shown: the document, and, worked out lazily and once, what follows from it.
pub struct View<'a> {
    /// The Dockerfile.
    pub doc: &'a Document,
    /// The files around it.
    pub world: &'a dyn World,
    /// What the user said of images and builder.
    pub settings: &'a Settings,
    scopes: OnceCell<Scopes>,
    graph: OnceCell<Graph>,
}

impl<'a> View<'a> {
    /// A view of `doc`.
    #[must_use]
    pub fn new(doc: &'a Document, world: &'a dyn World, settings: &'a Settings) -> Self {
        Self { doc, world, settings, scopes: OnceCell::new(), graph: OnceCell::new() }
    }

    /// What holds right before instruction `index` runs.
    #[must_use]
    pub fn scope(&self, index: usize) -> &Scope {
        self.scopes().at(index)
    }

    /// The scopes of all instructions.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        self.scopes.get_or_init(|| Scopes::on(self.doc, self.graph(), &self.settings.images))
    }

    /// Which stage builds on which. Where a file of the repository gives another build argument than the default, and
    /// with it an image that is not alike, it is not known.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        self.graph.get_or_init(|| {
            let mut graph = Graph::of(self.doc);
            let stages: Vec<usize> = (0..self.doc.stages().len()).filter(|stage| graph.is_variable(*stage)).collect();
            let uses = if stages.is_empty() { None } else { self.world.uses() };
            for given in uses.iter().flat_map(|uses| uses.given()) {
                let other = Graph::given(self.doc, &given);
                for stage in &stages {
                    if !self.is_alike(&graph.bases()[*stage], &other.bases()[*stage]) {
                        graph.forget(*stage);
                    }
                }
            }
            graph
        })
    }

    /// Whether what is known of a base goes for another.
    fn is_alike(&self, base: &Base, other: &Base) -> bool {
        let image = |base: &Base| match base {
            Base::Image(name) => images::identify(name, &self.settings.images),
            _ => None,
        };
        match (base, other) {
            _ if base == other => true,
            (Base::Image(_), Base::Image(_)) => match (image(base), image(other)) {
                (Some(base), Some(other)) => base.is_like(&other),
                (None, None) => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// The script of instruction `index`, if it is a RUN in shell form (not inside ONBUILD) for a POSIX shell, whatever
    /// it holds.
    #[must_use]
    pub fn script(&self, index: usize) -> Option<&Script> {
        let instruction = &self.doc.instructions()[index];
        if !matches!(instruction.kind, Kind::Run(_)) {
            return None;
        }
        let script = self.doc.script(index)?;
        self.scope(index).shell.posix.then_some(script)
    }

    /// What RUN `index` runs, for reading: its script, or its exec form ([`Document::exec`]).
    #[must_use]
    pub fn runs(&self, index: usize) -> Option<&Script> {
        self.script(index).or_else(|| self.doc.exec(index).filter(|_| self.scope(index).shell.posix))
    }

    /// The indices of all RUN instructions with a script, in order.
    pub fn scripts(&self) -> impl Iterator<Item = (usize, &Script)> {
        (0..self.doc.instructions().len()).filter_map(|index| Some((index, self.script(index)?)))
    }

    /// What the builder can do, if the frontend that the file asks for is no older.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        let syntax = self.doc.directives().iter().find(|directive| self.doc.slice(directive.name) == "syntax");
        let version = syntax.and_then(|directive| {
            let image = self.doc.slice(directive.value).split('@').next()?;
            let (_, tag) = image.rsplit_once("docker/dockerfile:")?;
            let (major, minor) = tag.split_once('.')?;
            let minor = minor.split('.').next()?;
            Some((major.parse::<u16>().ok()?, minor.parse::<u16>().ok()?))
        });
        match (self.settings.dialect, version) {
            (Dialect::BuildKit, Some((major, minor))) => Dialect::BuildKitFrontend(major, minor),
            (Dialect::BuildKitFrontend(own, least), Some(pinned)) if pinned < (own, least) => {
                Dialect::BuildKitFrontend(pinned.0, pinned.1)
            }
            (dialect, _) => dialect,
        }
    }

    /// What the commands of RUN `index` see around them, if they are known.
    #[must_use]
    pub fn surroundings(&self, index: usize) -> Option<Surroundings<'_>> {
        Some(Surroundings { scope: self.scope(index), script: self.runs(index)?, yarn: self.yarn(index) })
    }

    /// Which yarn `yarn` is in RUN `index`: what the project says, or, where it is not at hand, what can have reached the
    /// image.
    fn yarn(&self, index: usize) -> Yarn {
        if !self.runs(index).is_some_and(|script| script.text().contains("yarn")) {
            return Yarn::Unknown;
        }
        let text = self.doc.text();
        if text.contains("yarn set") || text.contains("yarn policies") || text.contains("@berry") {
            return Yarn::Unknown;
        }
        let mut folders: Vec<String> = Vec::new();
        let mut named = true;
        let stage = self.doc.stage_of(index).unwrap_or_default();
        for at in self.graph().chain(stage).flat_map(|stage| self.doc.stages()[stage].instructions.clone()) {
            if at > index {
                continue;
            }
            if let Some(script) = self.script(at) {
                named &= !["git ", "curl", "wget", "tar ", "unzip", "svn"].iter().any(|it| script.text().contains(it));
            }
            let (Kind::Copy(it) | Kind::Add(it)) = &self.doc.instructions()[at].kind else { continue };
            let instruction = &self.doc.instructions()[at];
            for source in &it.sources {
                let source = self.doc.joined(instruction, source.span);
                let name = source.rsplit('/').next().unwrap_or_default();
                named &= matches!(
                    name,
                    "package.json" | "package*.json" | "package-lock.json" | "yarn.lock" | ".npmrc" | "tsconfig.json"
                );
                if matches!(name, "package.json" | "package*.json") {
                    folders.push(source[..source.len() - name.len()].trim_start_matches("./").trim_matches('/').into());
                }
            }
        }
        folders.dedup();
        if folders.is_empty() {
            folders.push(String::new());
        }
        let mut found = folders.iter().map(|folder| yarn::release(self.world, folder));
        let first = found.next().flatten();
        if found.any(|other| other != first) {
            return Yarn::Unknown;
        }
        match first {
            Some(yarn::Release::Classic) => Yarn::Classic,
            Some(yarn::Release::Berry { global: true }) => Yarn::Global,
            Some(yarn::Release::Berry { global: false }) => Yarn::Local,
            // Yarn 1 of the image runs another one only if a file of the project says so, or corepack stands before it.
            None if named
                && self.world.look("").is_none()
                && !text.contains("corepack")
                && self.scope(index).image.as_ref().is_some_and(|image| image.kind == images::Kind::Node) =>
            {
                Yarn::Classic
            }
            None => Yarn::Unknown,
        }
    }

    /// The instruction at `index`.
    #[must_use]
    pub fn instruction(&self, index: usize) -> &Instruction {
        &self.doc.instructions()[index]
    }
}

/// One place where a transform would do something, or declines to.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The instructions that it is about, in order; the first is the one that is shown. Only these, and the comments
    /// and blanks directly above them, may change; whole instructions may also be inserted between others.
    pub instructions: Vec<usize>,
    /// What is gained, as a sentence without a full stop: `the layer kept the package lists`.
    pub message: Cow<'static, str>,
    /// What is to be done.
    pub fix: Fix,
}

/// The answer to a [`Finding`].
#[derive(Clone, Debug)]
pub enum Fix {
    /// The image differs only in what the change promises.
    Safe(Change),
    /// Right unless the check fails; what is at hand cannot prove it.
    Review {
        /// The change.
        change: Change,
        /// What a person has to look at, as a statement that must be true: `nothing at run time calls git`.
        check: Cow<'static, str>,
    },
    /// A case of the transform, but a precondition does not hold: which.
    Held(Cow<'static, str>),
    /// Worth doing, but by hand.
    Advice,
}

/// Edits and what they promise.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The edits to the Dockerfile.
    pub edits: Edits,
    /// Lines to add to the `.dockerignore` of the context.
    pub ignore_lines: Vec<String>,
    /// What differs afterwards.
    pub promises: Vec<Promise>,
}

impl Change {
    /// A change that promises `promises`.
    ///
    /// # Errors
    /// [`EditError::Overlap`] if the edits do.
    pub fn new(
        edits: impl IntoIterator<Item = Edit>,
        promises: impl IntoIterator<Item = Promise>,
    ) -> Result<Self, EditError> {
        let mut all = Edits::new();
        for edit in edits {
            all.add(edit)?;
        }
        Ok(Self { edits: all, ignore_lines: Vec::new(), promises: promises.into_iter().collect() })
    }
}

/// What may differ after a change: a closed list. The gate, `verify` and the trace tests hold the change to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Consecutive RUNs became one: the same commands in the same order, in fewer layers.
    Joins,
    /// A file or directory (or what a pattern names) is not in the image any more.
    RemovesPath(Cow<'static, str>),
    /// A cache mount at this target.
    Mounts(Cow<'static, str>),
    /// A COPY of this file of the context became a bind mount of the RUN that it was for.
    Binds(Cow<'static, str>),
    /// A command is added to a RUN: its text.
    AddsCommand(Cow<'static, str>),
    /// A command is removed from a RUN: its text.
    RemovesCommand(Cow<'static, str>),
    /// This word is added to or removed from commands: `-y`, `--no-cache-dir`.
    Flag(Cow<'static, str>),
    /// This command word is replaced by another: `apt` by `apt-get`.
    Renames(Cow<'static, str>, Cow<'static, str>),
    /// The words of commands with this word are in another order.
    Sorts(Cow<'static, str>),
    /// A pipeline fails if any of its commands does.
    Pipefail,
    /// A RUN starts in this directory by WORKDIR, and not by a `cd` of its own.
    StartsIn(Cow<'static, str>),
    /// The configuration of the image, in this field.
    Config(Field),
    /// The base image.
    Base,
    /// The user that the image runs as, and who owns its files.
    User,
    /// Stages are added or removed.
    Stage,
    /// The last stage becomes two: one runs what it ran, the other has its configuration and copies from the first.
    /// What the first one has and the other does not is not in the image any more.
    Splits,
    /// The last stage, which only serves files, serves the same with nginx: they stand in its folder, and one file says how
    /// it serves them. What ran before is not in the image any more.
    Serves,
    /// Instructions are in another order, or inserted.
    Moves,
    /// This comment is dropped: its text from `#` on.
    DropsComment(Cow<'static, str>),
    /// How a COPY or ADD names owner, mode or kind of transfer.
    Transfer,
}

/// A field of an image's configuration, by the instruction that sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// `ENV`
    Env,
    /// `USER`
    User,
    /// `WORKDIR`
    Workdir,
    /// `CMD`
    Cmd,
    /// `ENTRYPOINT`
    Entrypoint,
    /// `EXPOSE`
    Expose,
    /// `VOLUME`
    Volume,
    /// `LABEL` and `MAINTAINER`
    Label,
    /// `HEALTHCHECK`
    Healthcheck,
    /// `STOPSIGNAL`
    Stopsignal,
    /// `SHELL`
    Shell,
    /// `ONBUILD`
    Onbuild,
}

impl Finding {
    /// A change that differs only in what it promises.
    #[must_use]
    pub fn safe(instructions: Vec<usize>, message: impl Into<Cow<'static, str>>, change: Change) -> Self {
        Self { instructions, message: message.into(), fix: Fix::Safe(change) }
    }

    /// A change that needs `check` to hold.
    #[must_use]
    pub fn review(
        instructions: Vec<usize>,
        message: impl Into<Cow<'static, str>>,
        check: impl Into<Cow<'static, str>>,
        change: Change,
    ) -> Self {
        Self { instructions, message: message.into(), fix: Fix::Review { change, check: check.into() } }
    }

    /// A case whose precondition `reason` does not hold.
    #[must_use]
    pub fn held(
        instructions: Vec<usize>,
        message: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { instructions, message: message.into(), fix: Fix::Held(reason.into()) }
    }

    /// Worth doing by hand.
    #[must_use]
    pub fn advice(instructions: Vec<usize>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { instructions, message: message.into(), fix: Fix::Advice }
    }

    /// The change, if there is one.
    #[must_use]
    pub const fn change(&self) -> Option<&Change> {
        match &self.fix {
            Fix::Safe(change) | Fix::Review { change, .. } => Some(change),
            Fix::Held(_) | Fix::Advice => None,
        }
    }

    /// The source from the first of its instructions to the last.
    #[must_use]
    pub fn span(&self, doc: &Document) -> Span {
        let mut spans = self.instructions.iter().filter_map(|index| doc.instructions().get(*index)).map(|i| i.span);
        let first = spans.next().unwrap_or_default();
        spans.fold(first, Span::cover)
    }
}
