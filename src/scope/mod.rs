//! What holds at an instruction: image, shell, user, working directory, home, environment.
//!
//! A [`Scope`] is the state right before an instruction executes, as BuildKit has it (`dispatch` in
//! `frontend/dockerfile/dockerfile2llb/convert.go`): that of the base, changed by every instruction before it in the
//! stage. What a variable or an unknown image decides is not known, and said to be.

mod accounts;
mod log;
mod shell;

use std::sync::Arc;

use crate::dockerfile::{Base, Document, Graph, Instruction, Kind, Lookup, expand};
use crate::images::{self, Family, Image, ImageMap, identify};
pub use log::Source;
use log::{Fact, Log, Variable};
pub use shell::Shell;

/// The scopes of all instructions of a document.
#[derive(Clone, Debug)]
pub struct Scopes {
    /// Distinct scopes; most instructions change nothing.
    scopes: Vec<Scope>,
    /// The scope before each instruction.
    before: Vec<usize>,
    /// The scope after the last instruction of each stage.
    after: Vec<usize>,
}

/// What holds right before an instruction executes.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The stage; 0 before the first FROM. FROM is of the stage that it opens, but its variables are the global ones.
    pub stage: usize,
    /// The image that the stage is built on in the end, through earlier stages, if it is known.
    pub image: Option<Arc<Image>>,
    /// No build argument changes which image that is.
    pub image_is_fixed: bool,
    /// What runs RUN, CMD, ENTRYPOINT and HEALTHCHECK in shell form.
    pub shell: Arc<Shell>,
    /// Who runs RUN.
    pub user: User,
    /// Where RUN runs: an absolute path.
    pub workdir: Option<Arc<str>>,
    /// What HOME is in a RUN: that of ENV, or the home of the user.
    pub home: Option<Arc<str>>,
    /// Before FROM, or that of a FROM.
    global: bool,
    log: Arc<Log>,
    head: usize,
}

/// Who runs a RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// root, in any group.
    Root,
    /// Somebody else.
    Other {
        /// As USER has it, without the group: a name or a number.
        name: Box<str>,
        /// The number, if it is known.
        uid: Option<u32>,
        /// The number of the group, if it is known.
        gid: Option<u32>,
    },
    /// It cannot be told.
    Unknown,
}

impl Scopes {
    /// The scopes of `document`; `images` says what a company's own bases are like.
    #[must_use]
    pub fn of(document: &Document, images: &ImageMap) -> Self {
        Self::on(document, &Graph::of(document), images)
    }

    /// The scopes of `document`, whose stages are built on what `graph` says.
    #[must_use]
    pub fn on(document: &Document, graph: &Graph, images: &ImageMap) -> Self {
        let mut builder = Builder { document, log: Log::default(), scopes: Vec::new(), before: Vec::new() };
        let mut scope = builder.global();
        let first = document.stages().first().map_or(document.instructions().len(), |stage| stage.instructions.start);
        for index in 0..first {
            builder.step(&mut scope, index);
        }
        let global = scope;
        let mut after: Vec<usize> = Vec::new();
        for (stage, range) in document.stages().iter().map(|stage| stage.instructions.clone()).enumerate() {
            builder.snapshot(&Scope { stage, ..global.clone() });
            let mut scope = match &graph.bases()[stage] {
                Base::Stage(base) => builder.child(stage, *base, after[*base]),
                Base::Image(name) => builder.root(range.start, identify(name, images)),
                Base::Scratch => builder.root(range.start, identify("scratch", &ImageMap::new())),
                Base::Unknown => builder.root(range.start, None),
            };
            (scope.stage, scope.global) = (stage, false);
            scope.image_is_fixed &= !graph.is_variable(stage);
            for index in range.skip(1) {
                builder.step(&mut scope, index);
            }
            after.push(builder.push(&scope));
        }
        let Builder { log, mut scopes, before, .. } = builder;
        let log = Arc::new(log);
        for scope in &mut scopes {
            scope.log = Arc::clone(&log);
        }
        Self { scopes, before, after }
    }

    /// What holds right before instruction `index`.
    ///
    /// # Panics
    /// If there is no such instruction.
    #[must_use]
    pub fn at(&self, index: usize) -> &Scope {
        &self.scopes[self.before[index]]
    }

    /// What holds after the last instruction of `stage`: what its image has.
    ///
    /// # Panics
    /// If there is no such stage.
    #[must_use]
    pub fn after(&self, stage: usize) -> &Scope {
        &self.scopes[self.after[stage]]
    }

    /// The image that `stage` is built on in the end, if it is known.
    ///
    /// # Panics
    /// If there is no such stage.
    #[must_use]
    pub fn image(&self, stage: usize) -> Option<&Image> {
        self.after(stage).image.as_deref()
    }
}

impl Scope {
    /// What variable `name` is, in words that BuildKit expands and in the environment of RUN, if no `--build-arg` is
    /// given. An ARG without a default is unknown, and so is each name that an unknown image may set.
    ///
    /// HOME, PWD and the like, which the runtime and the shell set, are not looked at: see [`Scope::home`].
    #[must_use]
    pub fn get(&self, name: &str) -> Lookup {
        self.log.lookup(self.head, self.global, self.image.as_deref(), name).0
    }

    /// Like [`Scope::get`], but unknown where a `--build-arg` can change it.
    #[must_use]
    pub fn fixed(&self, name: &str) -> Lookup {
        match self.log.lookup(self.head, self.global, self.image.as_deref(), name) {
            (value, true) => value,
            _ => Lookup::Unknown,
        }
    }

    /// What set variable `name` last, in this file. `None`: nothing, or only the image.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<Source> {
        self.log.variable(self.head, name).map(|variable| variable.source)
    }

    /// The names that ENV and ARG set, and those that the image sets or may set; each once.
    #[must_use]
    pub fn env_names(&self) -> Vec<&str> {
        let mut names = self.log.names(self.head);
        if let Some(image) = &self.image {
            names.extend(image.env_names().map(|name| -> &str { name }));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The ARGs in force that have no default: what must be given by `--build-arg`, or comes from the builder.
    #[must_use]
    pub fn args_without_default(&self) -> Vec<&str> {
        let bare = |name: &&str| self.source(name) == Some(Source::Arg { default: false });
        self.log.names(self.head).into_iter().filter(bare).collect()
    }

    /// The value of `raw`, a word of an instruction that BuildKit expands, if no `--build-arg` is given.
    #[must_use]
    pub fn expand(&self, raw: &str, escape: char) -> Option<String> {
        expand(raw, escape, &mut |name| self.get(name))
    }
}

/// Walks the instructions.
struct Builder<'a> {
    document: &'a Document,
    log: Log,
    scopes: Vec<Scope>,
    before: Vec<usize>,
}

impl Builder<'_> {
    /// Before the first FROM.
    fn global(&self) -> Scope {
        Scope {
            stage: 0,
            image: None,
            image_is_fixed: true,
            shell: Arc::new(Shell::unknown(true)),
            user: User::Unknown,
            workdir: None,
            home: None,
            global: true,
            log: Arc::default(),
            head: 0,
        }
    }

    /// The scope after FROM of an image.
    fn root(&self, from: usize, image: Option<Image>) -> Scope {
        let instruction = &self.document.instructions()[from];
        let on_windows = self.is_for_windows(instruction);
        // A table of Linux images says nothing of one that is asked for on Windows.
        let image = image.filter(|image| !on_windows || image.family == Family::Windows).map(Arc::new);
        let shell = match image.as_deref() {
            _ if on_windows => Shell::windows(),
            Some(image) if image.family == Family::Windows => Shell::windows(),
            Some(Image { shell: Some(argv), .. }) => Shell::new(argv.iter().map(ToString::to_string).collect(), true),
            // Only Windows has a use for another escape character.
            _ => Shell::unknown(self.document.escape() == '\\'),
        };
        let user = match image.as_deref().map(|image| image.user) {
            Some(images::User::Root) => User::Root,
            Some(images::User::Named { name, uid }) => {
                let gid = image.as_deref().and_then(|image| image.account(name)).map(|account| account.gid);
                User::Other { name: name.into(), uid, gid }
            }
            None | Some(images::User::Unknown) => User::Unknown,
        };
        let workdir = image.as_deref().and_then(|image| image.workdir).map(Into::into);
        let mut scope = Scope { image, shell: Arc::new(shell), user, workdir, ..self.global() };
        scope.home = self.home(&scope);
        scope
    }

    /// The scope after FROM of an earlier stage.
    fn child(&mut self, stage: usize, base: usize, end: usize) -> Scope {
        let mut scope = self.scopes[end].clone();
        scope.stage = stage;
        // What ENV has, also of the image, is set anew, over an ARG of the same name.
        let hidden: Vec<(Box<str>, Option<Variable>)> = self.log.args_over_env(scope.head);
        for (name, env) in hidden {
            let variable = env.or_else(|| self.log.of_image(scope.image.as_deref(), &name));
            if let Some(variable) = variable {
                scope.head = self.log.push(scope.head, Fact::Variable(name, variable));
            }
        }
        for index in self.document.stages()[base].instructions.clone() {
            if let Kind::Onbuild(trigger) = &self.document.instructions()[index].kind {
                self.apply(&mut scope, index, trigger);
            }
        }
        scope.home = self.home(&scope);
        scope
    }

    /// Whether FROM asks for a platform that is Windows.
    fn is_for_windows(&self, from: &Instruction) -> bool {
        from.flags.iter().any(|flag| {
            self.document.joined(from, flag.name) == "platform"
                && self.document.flag_value(from, *flag).is_some_and(|value| value.starts_with("windows"))
        })
    }

    /// Keeps `scope` as that of the next instruction.
    fn snapshot(&mut self, scope: &Scope) {
        let at = self.push(scope);
        self.before.push(at);
    }

    fn push(&mut self, scope: &Scope) -> usize {
        let unchanged = self.scopes.last().is_some_and(|last| {
            (last.stage, last.global) == (scope.stage, scope.global)
                && last.head == scope.head
                && Arc::ptr_eq(&last.shell, &scope.shell)
                && last.user == scope.user
                && last.workdir == scope.workdir
        });
        if !unchanged {
            self.scopes.push(scope.clone());
        }
        self.scopes.len() - 1
    }

    fn step(&mut self, scope: &mut Scope, index: usize) {
        self.snapshot(scope);
        self.apply(scope, index, &self.document.instructions()[index]);
    }

    /// Executes `instruction`, which stands at `index` (or is its trigger).
    fn apply(&mut self, scope: &mut Scope, index: usize, instruction: &Instruction) {
        let document = self.document;
        let before = scope.head;
        match &instruction.kind {
            Kind::Env(pairs) => {
                for pair in pairs {
                    // Every word sees what was set before the instruction.
                    let (name, _) = self.expand(scope, before, &document.joined(instruction, pair.key));
                    let (value, fixed) = self.expand(scope, before, &document.joined(instruction, pair.value));
                    self.set(scope, name, Variable { value, fixed, source: Source::Env });
                }
            }
            Kind::Arg(declarations) => {
                for (at, declaration) in declarations.iter().enumerate() {
                    let name = document.joined(instruction, declaration.name);
                    let default = declaration.default.map(|default| document.joined(instruction, default));
                    let (value, default) = match default {
                        Some(raw) => {
                            // Whether a default sees what the same instruction sets differs between frontends: not
                            // before FROM, where it does.
                            let earlier = &declarations[..at];
                            let value = self.expand_arg(scope, before, &raw, |used| {
                                earlier.iter().any(|it| document.joined(instruction, it.name) == used)
                            });
                            (value, true)
                        }
                        None => match self.global_value(&name).filter(|_| !scope.global) {
                            Some(value) => (Some(value), true),
                            None => (None, false),
                        },
                    };
                    let variable = Variable { value, fixed: false, source: Source::Arg { default } };
                    self.set(scope, Some(name.into_owned()), variable);
                }
            }
            Kind::Workdir(path) => {
                let (path, _) = self.expand(scope, before, &document.word(instruction, *path));
                scope.workdir = path.and_then(|path| join(scope.workdir.as_deref(), &path)).map(Into::into);
                if scope.image.as_deref().is_some_and(|image| image.family == Family::Windows) {
                    scope.workdir = None;
                }
            }
            Kind::User(user) => {
                let (user, _) = self.expand(scope, before, &document.word(instruction, *user));
                scope.user = user.map_or(User::Unknown, |user| self.user(scope, &user));
            }
            Kind::Shell(Some(words)) => {
                let argv = words.iter().map(|word| document.word(instruction, *word).into_owned()).collect();
                scope.shell = Arc::new(Shell::new(argv, true));
            }
            Kind::Shell(None) | Kind::Unknown => scope.shell = Arc::new(Shell::unknown(false)),
            Kind::Run(_) => {
                let raw = document.slice(instruction.span);
                if accounts::may_change(raw) {
                    scope.head = self.log.push(scope.head, Fact::AccountsUnknown);
                } else if accounts::may_create(raw)
                    && let Some(script) = document.script(index)
                {
                    let family = scope.image.as_deref().map(|image| image.family);
                    for (name, account) in accounts::created(script, family) {
                        scope.head = self.log.push(scope.head, Fact::Account(name, account));
                    }
                }
            }
            Kind::Copy(transfer) | Kind::Add(transfer) => {
                // A tree over the root, or something in /etc, can be another passwd.
                let (to, _) = self.expand(scope, before, &document.word(instruction, transfer.destination));
                let to = to.and_then(|to| join(scope.workdir.as_deref(), &to));
                if to.is_none_or(|to| to == "/" || to == "/etc" || to.starts_with("/etc/passwd")) {
                    scope.head = self.log.push(scope.head, Fact::AccountsUnknown);
                }
            }
            _ => return,
        }
        scope.home = self.home(scope);
    }

    /// Sets a variable; one whose name is not known can be any.
    fn set(&mut self, scope: &mut Scope, name: Option<String>, variable: Variable) {
        let fact = name.map_or(Fact::AnyVariable, |name| Fact::Variable(name.into(), variable));
        scope.head = self.log.push(scope.head, fact);
    }

    /// The value of `raw` with what is set at `head`, and whether no build argument changes it.
    fn expand(&self, scope: &Scope, head: usize, raw: &str) -> (Option<String>, bool) {
        let mut all_fixed = true;
        let value = expand(raw, self.document.escape(), &mut |name| {
            let (value, fixed) = self.log.lookup(head, scope.global, scope.image.as_deref(), name);
            all_fixed &= fixed;
            value
        });
        (value, all_fixed)
    }

    /// The default of an ARG. `same` tells whether the instruction itself sets a name.
    fn expand_arg(&self, scope: &Scope, head: usize, raw: &str, same: impl Fn(&str) -> bool) -> Option<String> {
        let global = scope.global;
        expand(raw, self.document.escape(), &mut |name| match same(name) {
            true if !global => Lookup::Unknown,
            true => self.log.lookup(scope.head, true, None, name).0,
            false => self.log.lookup(head, global, scope.image.as_deref(), name).0,
        })
    }

    /// The default of a global ARG.
    fn global_value(&self, name: &str) -> Option<String> {
        let first = self.document.stages().first()?.instructions.start;
        // The scope of the first FROM has all of them.
        let head = self.scopes[*self.before.get(first)?].head;
        self.log.variable(head, name)?.value.clone()
    }

    fn user(&self, scope: &Scope, text: &str) -> User {
        let (name, group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
        if matches!(name, "root" | "0") {
            return User::Root;
        }
        if name.is_empty() {
            return User::Unknown;
        }
        let account = self.log.account(scope.head, scope.image.as_deref(), name);
        let uid = name.parse().ok().or(account.as_ref().and_then(|account| account.uid));
        let gid = match group {
            Some("root") => Some(0),
            Some(group) => group.parse().ok(),
            None => account.and_then(|account| account.gid),
        };
        if uid == Some(0) { User::Root } else { User::Other { name: name.into(), uid, gid } }
    }

    /// HOME: the runtime takes it from passwd where the configuration does not set it.
    fn home(&self, scope: &Scope) -> Option<Arc<str>> {
        if let Some(variable) = self.log.variable(scope.head, "HOME") {
            return variable.value.as_deref().map(Into::into);
        }
        let image = scope.image.as_deref()?;
        if image.env_names().any(|name| name == "HOME") {
            return match image.env("HOME") {
                Lookup::Value(home) => Some(home.into()),
                _ => None,
            };
        }
        match &scope.user {
            // Nothing copied into `scratch` need have a passwd.
            User::Root => (!matches!(image.family, Family::Scratch | Family::Windows)).then(|| "/root".into()),
            User::Other { name, .. } => self.log.account(scope.head, Some(image), name)?.home.map(Into::into),
            User::Unknown => None,
        }
    }
}

/// `path`, seen from `workdir`; without `.`, `..` and doubled slashes.
fn join(workdir: Option<&str>, path: &str) -> Option<String> {
    let start = if path.starts_with('/') { "" } else { workdir? };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests;
