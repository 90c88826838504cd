//! Where a tool keeps what it fetches: [`caching`].
//!
//! A directory is told only where everything that may move it is known: the flags, the variables of the command, those
//! that the script exports before, ENV and ARG in force, and the home of the user.

use std::borrow::Cow;

use super::{Invocation, Runner, Tool, Verb, bun, cargo, composer, dotnet, go, gradle, maven, npm, pip, pnpm, poetry};
use super::{ruby, uv, yarn};
use crate::dockerfile::Lookup;
use crate::scope::{Scope, User};
use crate::shell::{Command, Operator, Script};
use crate::source::Span;

/// A directory that a tool fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// An absolute path.
    pub directory: Box<str>,
    /// Whether later steps read it.
    pub kind: CacheKind,
    /// Two processes at a time would damage it.
    pub locked: bool,
    /// It holds what was compiled for the C library of the image, under names that do not tell which: what to call it.
    pub native: Option<&'static str>,
    /// The variable that has to be set for the command, because it would not be this directory for certain without.
    pub setting: Option<&'static str>,
}

/// What is lost with a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheKind {
    /// Nothing: what is installed is a copy.
    Copies,
    /// Later steps read what was fetched from it, and fetch it again if it is not there and they may.
    Store,
}

/// What turns a cache off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Off {
    /// These flags and assignments of the command.
    Here(Vec<Span>),
    /// This variable, which ENV, ARG, the script or the image sets.
    Environment(&'static str),
}

/// The caches of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caching {
    /// Each once.
    pub caches: Vec<Cache>,
    /// Whether it is turned off.
    pub off: Option<Off>,
}

/// Why something is not known, in words.
pub type Unknown = Cow<'static, str>;

/// Which yarn a project uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Yarn {
    /// 1.x
    Classic,
    /// 2 or later, with `node_modules` and the cache of the home.
    Global,
    /// 2 or later, with a cache that the program is run from, or that is part of the project.
    Local,
    /// It is not known.
    #[default]
    Unknown,
}

/// What an invocation sees around it.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// What holds at the RUN.
    pub scope: &'a Scope,
    /// The script that it stands in.
    pub script: &'a Script,
    /// Which yarn `yarn` is.
    pub yarn: Yarn,
}

/// Where `invocation` keeps what it fetches; `None` if it fetches nothing that is kept, or nothing is known of that.
///
/// # Errors
/// What is not known, in words: `the home of the user is not known`.
pub fn caching(around: &Surroundings<'_>, invocation: &Invocation) -> Option<Result<Caching, Unknown>> {
    let look = Look { around, invocation };
    let read = match invocation.tool {
        Tool::Pip => pip::caching,
        Tool::Pipenv => pip::pipenv_caching,
        Tool::Uv => uv::caching,
        Tool::Poetry => poetry::caching,
        Tool::Npm => npm::caching,
        Tool::Yarn => yarn::caching,
        Tool::Pnpm => pnpm::caching,
        Tool::Bun => bun::caching,
        Tool::Go => go::caching,
        Tool::Cargo => cargo::caching,
        Tool::Maven => maven::caching,
        Tool::Gradle => gradle::caching,
        Tool::Bundle | Tool::Gem => ruby::caching,
        Tool::Composer => composer::caching,
        Tool::Dotnet => dotnet::caching,
        _ => return None,
    };
    let result = read(look)?;
    Some(match (&invocation.runner, invocation.cleared) {
        (Runner::Same, false) => result,
        _ => Err("it runs as another user, or in an environment of its own".into()),
    })
}

/// An invocation and what is around it.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub around: &'a Surroundings<'a>,
    pub invocation: &'a Invocation,
}

impl Look<'_> {
    /// A variable in the environment of the command.
    pub fn variable(self, name: &str) -> Lookup {
        if let Some(value) = self.invocation.setting(name) {
            return value.map_or(Lookup::Unknown, |value| Lookup::Value(value.into()));
        }
        variable(self.around.scope, self.around.script, self.invocation.span.start, name)
    }

    /// Why a variable is not known.
    pub fn unknown(self, name: &str) -> Unknown {
        let scope = self.around.scope;
        let local = self.invocation.setting(name).is_some()
            || local(self.around.script, self.invocation.span.start, name, false).is_some();
        if !local && scope.source(name).is_none() {
            return format!("the base image may set {name}").into();
        }
        format!("{name} is not known here").into()
    }

    /// A variable that holds a path, or `None` where it is not set.
    pub fn path(self, name: &'static str) -> Result<Option<String>, Unknown> {
        match self.variable(name) {
            Lookup::Unset => Ok(None),
            Lookup::Value(path) if path.starts_with('/') => Ok(Some(path)),
            Lookup::Value(path) => Err(format!("{name} is `{path}`").into()),
            Lookup::Unknown => Err(self.unknown(name)),
        }
    }

    /// The value of a flag that holds a path.
    pub fn flag_path(self, names: &[&str]) -> Result<Option<String>, Unknown> {
        match self.invocation.value(names) {
            None => Ok(None),
            Some(value) => match value.literal.as_deref() {
                Some(path) if path.starts_with('/') => Ok(Some(path.into())),
                _ => Err(format!("{} is not an absolute path", names[0]).into()),
            },
        }
    }

    /// The home, as HOME says.
    pub fn home(self) -> Result<String, Unknown> {
        let local = local(self.around.script, self.invocation.span.start, "HOME", false);
        let home = match (self.invocation.setting("HOME"), local) {
            (Some(home), _) => home.map(str::to_owned),
            (None, Some(Lookup::Value(home))) => Some(home),
            (None, Some(_)) => None,
            (None, None) => self.around.scope.home.as_deref().map(str::to_owned),
        };
        home.filter(|home| home.starts_with('/')).ok_or_else(|| "the home of the user is not known".into())
    }

    /// The home as passwd says, whatever HOME is: what Java believes.
    /// <https://github.com/openjdk/jdk/blob/master/src/java.base/unix/native/libjava/java_props_md.c>
    pub fn account_home(self) -> Result<String, Unknown> {
        let home = self.home()?;
        match self.around.scope.user {
            User::Root if home == "/root" => Ok(home),
            User::Root => Err("Java may take another directory for the home than HOME".into()),
            _ if self.around.scope.source("HOME").is_none() && self.invocation.setting("HOME").is_none() => Ok(home),
            _ => Err("Java may take another directory for the home than HOME".into()),
        }
    }

    /// The first of: a flag, a variable, `$XDG_CACHE_HOME/below` (`~/.cache/below`).
    pub fn directory(self, flags: &[&str], variable: &'static str, below: &str) -> Result<String, Unknown> {
        if let Some(path) = self.flag_path(flags)? {
            return Ok(path);
        }
        match self.path(variable)? {
            Some(path) => Ok(path),
            None => self.cache_home(below),
        }
    }

    /// `$XDG_CACHE_HOME/below`, or `~/.cache/below`.
    pub fn cache_home(self, below: &str) -> Result<String, Unknown> {
        match self.path("XDG_CACHE_HOME")? {
            Some(path) => Ok(format!("{}/{below}", path.trim_end_matches('/'))),
            None => Ok(format!("{}/.cache/{below}", self.home()?.trim_end_matches('/'))),
        }
    }

    /// What turns the cache off: flags with one of `names`, or `variable` with a value that says yes.
    pub fn off(self, names: &[&str], variable: &'static str) -> Result<Option<Off>, Unknown> {
        let flags = self.invocation.flags.iter().filter(|flag| names.contains(&&*flag.name));
        if let Some(flag) = flags.clone().find(|flag| flag.clustered || flag.value.is_some()) {
            return Err(format!("{} is part of a longer word", flag.name).into());
        }
        let mut here: Vec<Span> = flags.map(|flag| flag.span).collect();
        let yes = |value: &str| ["1", "true", "on", "yes"].iter().any(|yes| value.eq_ignore_ascii_case(yes));
        match self.variable(variable) {
            Lookup::Unset => {}
            Lookup::Value(value) if yes(&value) => {
                let settings = self.invocation.environment.iter().filter(|setting| &*setting.name == variable);
                let settings: Vec<Span> = settings.map(|setting| setting.span).collect();
                if settings.is_empty() {
                    return Ok(Some(Off::Environment(variable)));
                }
                here.extend(settings);
            }
            // `0` and its kin mean one thing to some versions and another to others.
            Lookup::Value(value) => return Err(format!("{variable} is `{value}`").into()),
            Lookup::Unknown => return Err(self.unknown(variable)),
        }
        Ok((!here.is_empty()).then_some(Off::Here(here)))
    }

    /// Whether the invocation only tells something, or its words are not certain.
    pub fn skips(self, verbs: &[Verb]) -> bool {
        !verbs.contains(&self.invocation.verb) || self.invocation.has(&["--help", "-h", "--version", "--dry-run"])
    }
}

impl Cache {
    /// A cache of copies, which many may use at a time.
    pub(super) fn copies(directory: impl Into<Box<str>>) -> Self {
        Self { directory: directory.into(), kind: CacheKind::Copies, locked: false, native: None, setting: None }
    }

    /// A store, which many may use at a time.
    pub(super) fn store(directory: impl Into<Box<str>>) -> Self {
        Self { kind: CacheKind::Store, ..Self::copies(directory) }
    }
}

impl Caching {
    /// Caches that nothing turns off.
    pub(super) fn on(caches: impl IntoIterator<Item = Cache>) -> Self {
        Self { caches: caches.into_iter().collect(), off: None }
    }
}

/// What variable `name` is for a command that starts at `offset` of `script`, its own assignments aside.
#[must_use]
pub fn variable(scope: &Scope, script: &Script, offset: usize, name: &str) -> Lookup {
    let outside = scope.fixed(name);
    let exported = !matches!(outside, Lookup::Unset);
    local(script, offset, name, exported).unwrap_or(outside)
}

/// What a script does to variable `name` before `offset`; `None` if it leaves it alone. `exported`: a plain assignment
/// reaches the environment.
fn local(script: &Script, offset: usize, name: &str, exported: bool) -> Option<Lookup> {
    let Ok(body) = script.body() else { return Some(Lookup::Unknown) };
    let text = script.text();
    let commands = script.commands();
    for simple in &commands {
        match simple.words.first().map(|word| word.literal.as_deref()) {
            Some(Some("." | "source")) => {
                let file = simple.words.get(1).map_or("", |word| script.slice(word.span).trim_matches('"'));
                if !harmless(file) && simple.span.start < offset {
                    return Some(Lookup::Unknown);
                }
            }
            Some(Some("eval")) if simple.span.start < offset => return Some(Lookup::Unknown),
            _ => {}
        }
    }
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let own = |at: &usize| {
        let (before, behind) = (&text.as_bytes()[..*at], &text.as_bytes()[at + name.len()..]);
        !before.last().copied().is_some_and(word) && !behind.first().copied().is_some_and(word)
    };
    // Each occurrence of the name has to be understood.
    let mut places: Vec<usize> = text.match_indices(name).map(|(at, _)| at).filter(own).collect();
    places.retain(|at| {
        let before = &text[..*at];
        let rest = &text[at + name.len()..];
        // It is used, not set.
        let used = before.ends_with('$') || (before.ends_with("${") && rest.starts_with('}'));
        !used
    });
    if places.is_empty() {
        return None;
    }
    let mut state = None;
    for item in &body.items {
        if item.and_or.rest.iter().any(|(operator, ..)| *operator == Operator::Or) {
            continue;
        }
        for pipeline in std::iter::once(&item.and_or.first).chain(item.and_or.rest.iter().map(|(.., it)| it)) {
            let [Command::Simple(simple)] = &pipeline.commands[..] else { continue };
            let export = match simple.words.first().map(|word| word.literal.as_deref()) {
                None => false,
                Some(Some("export")) => true,
                Some(_) => {
                    // `A=b command`: that command's own affair.
                    let set = simple.assignments.iter().filter(|it| script.slice(it.name) == name);
                    set.for_each(|it| places.retain(|at| *at != it.name.start));
                    continue;
                }
            };
            let words = simple.words.iter().skip(1).filter_map(|word| {
                let (own, value) = word.literal.as_deref()?.split_once('=')?;
                (own == name).then(|| (word.span.start, Some(value.to_owned())))
            });
            let plain = simple.assignments.iter().filter(|it| script.slice(it.name) == name);
            let plain = plain.map(|it| (it.name.start, it.value.literal.as_deref().map(str::to_owned)));
            let set: Vec<_> = words.chain(plain).collect();
            for (at, value) in set {
                places.retain(|place| *place != at);
                if at < offset && (export || exported) {
                    state = Some(value.map_or(Lookup::Unknown, Lookup::Value));
                }
            }
        }
    }
    if places.is_empty() { state } else { Some(Lookup::Unknown) }
}

/// Scripts that are known to set nothing that moves a cache.
fn harmless(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    matches!(name, "activate" | "os-release" | "lsb-release" | "nvm.sh" | ".bashrc") || file.ends_with("cargo/env")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::commands::invocations;
    use crate::dockerfile::Document;
    use crate::scope::Scopes;

    /// The caches of the last invocation in the last RUN of `text`, in one line: paths, `!` for a store, what turns it
    /// off, or why it is not known.
    pub fn caches(text: &str, yarn: Yarn) -> String {
        let doc = Document::parse(text);
        let scopes = Scopes::of(&doc, &Default::default());
        let index = doc.instructions().len() - 1;
        let script = doc.script(index).expect("a RUN");
        let all = invocations(script);
        let around = Surroundings { scope: scopes.at(index), script, yarn };
        match caching(&around, all.last().expect("an invocation")) {
            None => "nothing".into(),
            Some(Err(why)) => format!("unknown: {why}"),
            Some(Ok(it)) => {
                let mut out: Vec<String> = (it.caches.iter())
                    .map(|cache| {
                        let store = if cache.kind == CacheKind::Store { "!" } else { "" };
                        let locked = if cache.locked { " locked" } else { "" };
                        let setting = cache.setting.map_or(String::new(), |name| format!(" {name}"));
                        format!("{}{store}{locked}{setting}", cache.directory)
                    })
                    .collect();
                match it.off {
                    Some(Off::Here(spans)) => {
                        out.extend(spans.iter().map(|span| format!("off: {}", script.slice(*span))));
                    }
                    Some(Off::Environment(name)) => out.push(format!("off by {name}")),
                    None => {}
                }
                out.join(", ")
            }
        }
    }

    /// Holds a table of last lines against [`caches`], on top of `start`.
    pub fn table(start: &str, yarn: Yarn, rows: &[(&str, &str)]) {
        for (text, expected) in rows {
            assert_eq!(caches(&format!("{start}\n{text}"), yarn), *expected, "{start}\n{text}");
        }
    }

    #[test]
    fn variables_of_the_script() {
        table(
            "FROM python:3.12",
            Yarn::Unknown,
            &[
                ("RUN export PIP_CACHE_DIR=/c && pip install x", "/c"),
                ("RUN pip install x && export PIP_CACHE_DIR=/c", "/root/.cache/pip"),
                ("RUN PIP_CACHE_DIR=/c && pip install x", "/root/.cache/pip"),
                ("ENV PIP_CACHE_DIR=/a\nRUN PIP_CACHE_DIR=/c && pip install x", "/c"),
                ("RUN PIP_CACHE_DIR=/c pip install y && pip install x", "/root/.cache/pip"),
                (
                    "RUN if x; then export PIP_CACHE_DIR=/c; fi; pip install x",
                    "unknown: PIP_CACHE_DIR is not known here",
                ),
                ("RUN export PIP_CACHE_DIR=$X && pip install x", "unknown: PIP_CACHE_DIR is not known here"),
                ("RUN unset PIP_CACHE_DIR; pip install x", "unknown: PIP_CACHE_DIR is not known here"),
                ("RUN echo $PIP_CACHE_DIR && pip install x", "/root/.cache/pip"),
                ("RUN echo ${PIP_CACHE_DIR:=/c} && pip install x", "unknown: PIP_CACHE_DIR is not known here"),
                ("RUN . ./env.sh && pip install x", "unknown: PIP_NO_CACHE_DIR is not known here"),
                ("RUN . /venv/bin/activate && pip install x", "/root/.cache/pip"),
                ("RUN HOME=/h pip install x", "/h/.cache/pip"),
                ("RUN export HOME=/h && pip install x", "/h/.cache/pip"),
                ("RUN sudo pip install x", "unknown: it runs as another user, or in an environment of its own"),
                ("RUN env -i pip install x", "unknown: it runs as another user, or in an environment of its own"),
            ],
        );
    }
}
