//! What well-known command lines mean.
//!
//! [`recognise`] reads a simple command as an [`Invocation`] of a known [`Tool`]: its verb, its flags with their values,
//! its operands, and where a flag can be inserted. It depends on the command's words alone. What follows from an
//! invocation is told by methods and by the file of its family.
//!
//! Sound or silent: an option that a tool's table does not know may take the next word as its value, so the operands of
//! such an invocation are not [certain](Invocation::certain).

pub mod apk;
pub mod apt;
mod arguments;
mod builtins;
mod bun;
pub mod cache;
mod cargo;
mod composer;
mod conda;
mod dnf;
mod dotnet;
mod exec;
pub mod files;
mod go;
mod gradle;
mod maven;
mod npm;
pub mod packages;
mod pacman;
pub mod pip;
mod pnpm;
mod poetry;
mod program;
mod ruby;
pub mod uv;
mod wrappers;
mod yarn;
mod zypper;

pub use builtins::of_the_shell;
pub use exec::exec_words;
pub use program::Program;

use crate::shell::{Script, Simple};
use crate::source::Span;

/// A program whose command lines are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// `apt-get`
    AptGet,
    /// `apt`
    Apt,
    /// `aptitude`
    Aptitude,
    /// `apt-cache`
    AptCache,
    /// `add-apt-repository`, `apt-add-repository`
    AddAptRepository,
    /// `dpkg`
    Dpkg,
    /// `apk`
    Apk,
    /// `dnf`
    Dnf,
    /// `yum`
    Yum,
    /// `microdnf`
    Microdnf,
    /// `zypper`
    Zypper,
    /// `pacman`
    Pacman,
    /// `pip`, `pip3`, `python -m pip`
    Pip,
    /// `uv`, also as `uv pip`; `uvx`
    Uv,
    /// `poetry`
    Poetry,
    /// `pipenv`
    Pipenv,
    /// `conda`, `mamba`
    Conda,
    /// `micromamba`
    Micromamba,
    /// `npm`
    Npm,
    /// `npx`
    Npx,
    /// `yarn`: classic or berry, which the command line alone does not tell.
    Yarn,
    /// `pnpm`, `pnpx`
    Pnpm,
    /// `bun`, `bunx`
    Bun,
    /// `go`
    Go,
    /// `cargo`
    Cargo,
    /// `mvn`, `mvnw`
    Maven,
    /// `gradle`, `gradlew`
    Gradle,
    /// `bundle`, `bundler`
    Bundle,
    /// `gem`
    Gem,
    /// `composer`
    Composer,
    /// `dotnet`
    Dotnet,
    /// `nuget`
    Nuget,
}

/// What an invocation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Fetches lists of what can be installed, and nothing else.
    Update,
    /// Installs packages or dependencies.
    Install,
    /// Brings what is installed to newer versions.
    Upgrade,
    /// Removes packages, also those that nothing needs any more.
    Remove,
    /// Empties a cache.
    Clean,
    /// Fetches, and installs nothing.
    Download,
    /// Builds a project, fetching its dependencies where they are missing.
    Build,
    /// Runs something, possibly after fetching or building it.
    Run,
    /// Tells something; changes nothing.
    Query,
    /// Changes settings, sources or environments.
    Configure,
    /// Anything else.
    Other,
}

/// A flag with its value.
///
/// ```text
/// -t bookworm    --target-release=bookworm    -qqy
/// ^^^^^^^^^^^    ^^^^^^^^^^^^^^^^^^^^^^^^^    ^^^^ span, of each of the three flags
///    ^^^^^^^^                     ^^^^^^^^ value
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// As written, dashes included, without the value: `-t`. Of a cluster: one letter, `-q`.
    pub name: Box<str>,
    /// The whole word, and its value's where that is another one.
    pub span: Span,
    /// What it is set to.
    pub value: Option<Operand>,
    /// Other flags stand in the same word.
    pub clustered: bool,
}

/// An operand, or the value of a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// As written.
    pub span: Span,
    /// What it means where that is certain. What is not may also be several words, or none.
    pub literal: Option<Box<str>>,
}

/// A variable that is set for one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// As written: `A=b`.
    pub span: Span,
    /// The variable.
    pub name: Box<str>,
    /// What it is set to, where that is certain.
    pub value: Option<Box<str>>,
}

/// Who runs a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runner {
    /// The user in force.
    Same,
    /// The user that `sudo` or its kin changes to, as written; `None` if it is not certain.
    Other(Option<Box<str>>),
}

/// A command line of a known tool.
///
/// ```text
/// DEBIAN_FRONTEND=x sudo /usr/bin/apt-get -qq install -y curl
/// ^^^^^^^^^^^^^^^^^ environment
///                        ^^^^^^^^^^^^^^^^ name
///                                             install: verb, subcommand; verb_end is behind it
///                                         ^^^         ^^ flags     ^^^^ operands
/// ```
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The whole command: wrappers, assignments and redirections included.
    pub span: Span,
    /// Which program.
    pub tool: Tool,
    /// What it is for.
    pub verb: Verb,
    /// The words that make the verb: `install`, `mod download`; empty if there is none.
    pub subcommand: Box<str>,
    /// The words that name the program: `apt-get`, `/usr/bin/apt-get`, `python3 -m pip`, `uv pip` is `uv`.
    pub name: Span,
    /// Where a flag for the verb can be inserted, with a blank before it: behind the verb, or behind the name if
    /// there is none.
    pub verb_end: usize,
    /// In order of writing.
    pub flags: Vec<Flag>,
    /// In order of writing, the verb excluded.
    pub operands: Vec<Operand>,
    /// Variables set for this command alone, in order of writing.
    pub environment: Vec<Setting>,
    /// Who runs it.
    pub runner: Runner,
    /// It sees only the variables in [`Self::environment`] and what its runner's configuration says (`sudo`, `env -i`).
    pub cleared: bool,
    /// Flags and operands are all that and nothing else. Otherwise an option was met that the tool's table does not
    /// know, and the word behind it may be its value.
    pub certain: bool,
}

impl Invocation {
    /// Whether one of `names` stands among the flags.
    #[must_use]
    pub fn has(&self, names: &[&str]) -> bool {
        self.flag(names).is_some()
    }

    /// The last flag with one of `names`.
    #[must_use]
    pub fn flag(&self, names: &[&str]) -> Option<&Flag> {
        self.flags.iter().rev().find(|flag| names.contains(&&*flag.name))
    }

    /// The value of the last flag with one of `names`, if it has one.
    #[must_use]
    pub fn value(&self, names: &[&str]) -> Option<&Operand> {
        self.flag(names)?.value.as_ref()
    }

    /// What `name` is set to for this command alone, the last assignment counting; the inner `None` if that is not
    /// certain.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<Option<&str>> {
        self.environment.iter().rev().find(|setting| &*setting.name == name).map(|setting| setting.value.as_deref())
    }

    /// Whether every operand's meaning is certain, and none is the value of an unknown option.
    #[must_use]
    pub fn literal(&self) -> bool {
        self.certain && self.operands.iter().all(|operand| operand.literal.is_some())
    }

    /// Operands whose meaning is certain.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.operands.iter().filter_map(|operand| operand.literal.as_deref())
    }
}

/// Reads `simple`, a command of `script`; `None` if it is no command of a known tool, or not certain to be one.
#[must_use]
pub fn recognise(script: &Script, simple: &Simple) -> Option<Invocation> {
    let call = wrappers::unwrap(script, simple)?;
    let read = match &*call.program {
        "apt-get" | "apt" | "aptitude" | "apt-cache" | "dpkg" => apt::read,
        "add-apt-repository" | "apt-add-repository" => apt::read,
        "apk" => apk::read,
        "dnf" | "dnf5" | "dnf-3" | "yum" | "microdnf" => dnf::read,
        "zypper" => zypper::read,
        "pacman" => pacman::read,
        "pip" => pip::pip,
        "pipenv" => pip::pipenv,
        "uv" | "uvx" => uv::read,
        "poetry" => poetry::read,
        "conda" | "mamba" | "micromamba" => conda::read,
        "npm" => npm::npm,
        "npx" => npm::npx,
        "yarn" | "yarnpkg" => yarn::read,
        "pnpm" | "pnpx" | "pnx" => pnpm::read,
        "bun" | "bunx" => bun::read,
        "go" => go::read,
        "cargo" => cargo::read,
        "mvn" | "mvnw" => maven::read,
        "gradle" | "gradlew" => gradle::read,
        "bundle" | "bundler" => ruby::bundle,
        "gem" => ruby::gem,
        "composer" => composer::read,
        "dotnet" => dotnet::dotnet,
        "nuget" => dotnet::nuget,
        _ => return None,
    };
    read(call)
}

/// All invocations of known tools in `script`, in order of writing.
#[must_use]
pub fn invocations(script: &Script) -> Vec<Invocation> {
    script.commands().into_iter().filter_map(|simple| recognise(script, simple)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::SourceMap;

    /// What the only command of `text` is recognised as.
    pub(super) fn one(text: &str) -> Invocation {
        let script = Script::parse(text, SourceMap::default());
        invocations(&script).into_iter().next().expect(text)
    }

    /// An invocation in one line: tool, verb, subcommand, flags, `|` and operands; what is not literal has a `?`.
    pub(super) fn show(text: &str) -> Option<String> {
        let script = Script::parse(text, SourceMap::default());
        let commands = script.commands();
        let it = recognise(&script, commands.first()?)?;
        let operand = |operand: &Operand| match &operand.literal {
            Some(literal) => literal.to_string(),
            None => format!("?{}", script.slice(operand.span)),
        };
        let mut out = format!("{:?} {:?} {}", it.tool, it.verb, it.subcommand);
        for flag in &it.flags {
            let word = if flag.clustered { format!("{}:", script.slice(flag.span)) } else { String::new() };
            let value = flag.value.as_ref().map_or(String::new(), |value| format!("={}", operand(value)));
            out += &format!(" {word}{}{value}", flag.name);
        }
        if !it.operands.is_empty() {
            let operands: Vec<String> = it.operands.iter().map(operand).collect();
            out += &format!(" | {}", operands.join(" "));
        }
        for setting in &it.environment {
            out += &format!(" {}={}", setting.name, setting.value.as_deref().unwrap_or("?"));
        }
        if let Runner::Other(user) = &it.runner {
            out += &format!(" runner={}", user.as_deref().unwrap_or("?"));
        }
        out += if it.cleared { " cleared" } else { "" };
        out += if it.certain { "" } else { " uncertain" };
        Some(out)
    }
}
