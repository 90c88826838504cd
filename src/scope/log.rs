//! The facts that scopes are made of, as one log for a document: a scope is a place in it, so that a file of ten
//! thousand ENVs costs ten thousand entries and not as many maps.

use std::collections::HashSet;

use crate::dockerfile::Lookup;
use crate::images::Image;

/// What set a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// ENV: it is in the image.
    Env,
    /// ARG: it is there while building.
    Arg {
        /// It has a default, or a global ARG of the same name has.
        default: bool,
    },
    /// The base image.
    Image,
}

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    /// Its value, if it is known.
    pub value: Option<String>,
    /// No build argument changes it.
    pub fixed: bool,
    /// What set it.
    pub source: Source,
}

/// What may be set where the name of what is set is not known.
static ANY: Variable = Variable { value: None, fixed: true, source: Source::Env };

/// An entry of passwd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub home: Option<Box<str>>,
}

#[derive(Clone, Debug)]
pub(super) enum Fact {
    Variable(Box<str>, Variable),
    /// A variable whose name is not known was set.
    AnyVariable,
    Account(Box<str>, Account),
    /// passwd can be another from here on.
    AccountsUnknown,
}

/// Facts, each with the place of the one before it in its stage. A place is an index plus one; 0 is the bottom.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Vec<(Fact, usize)>);

impl Log {
    /// Adds `fact` to what holds at `head`; gives the new head.
    pub fn push(&mut self, head: usize, fact: Fact) -> usize {
        self.0.push((fact, head));
        self.0.len()
    }

    /// The facts at `head`, the latest first.
    fn facts(&self, head: usize) -> impl Iterator<Item = &Fact> {
        let entry = |place: usize| place.checked_sub(1).map(|at| &self.0[at]);
        std::iter::successors(entry(head), move |(_, before)| entry(*before)).map(|(fact, _)| fact)
    }

    /// The variable `name`, if this file sets it, or may set it.
    pub fn variable(&self, head: usize, name: &str) -> Option<&Variable> {
        self.facts(head).find_map(|fact| match fact {
            Fact::Variable(own, variable) if **own == *name => Some(variable),
            Fact::AnyVariable => Some(&ANY),
            _ => None,
        })
    }

    /// The value of `name`, and whether no build argument changes it. `global`: before FROM.
    pub fn lookup(&self, head: usize, global: bool, image: Option<&Image>, name: &str) -> (Lookup, bool) {
        if let Some(variable) = self.variable(head, name) {
            return (variable.value.clone().map_or(Lookup::Unknown, Lookup::Value), variable.fixed);
        }
        match image {
            _ if is_predefined(name, global) => (Lookup::Unknown, false),
            _ if global => (Lookup::Unset, true),
            Some(image) => (image.env(name), true),
            None => (Lookup::Unknown, true),
        }
    }

    /// What the base image sets `name` to, if it may set it.
    pub fn of_image(&self, image: Option<&Image>, name: &str) -> Option<Variable> {
        let value = match image.map_or(Lookup::Unknown, |image| image.env(name)) {
            Lookup::Unset => return None,
            Lookup::Value(value) => Some(value),
            Lookup::Unknown => None,
        };
        Some(Variable { value, fixed: true, source: Source::Image })
    }

    /// The names that are set at `head`, in no order.
    pub fn names(&self, head: usize) -> Vec<&str> {
        let mut seen = HashSet::new();
        self.variables(head).map(|(name, _)| name).filter(|name| seen.insert(*name)).collect()
    }

    /// The variables that an ARG set last, and what ENV had set them to before.
    pub fn args_over_env(&self, head: usize) -> Vec<(Box<str>, Option<Variable>)> {
        let mut seen = HashSet::new();
        let mut found: Vec<(Box<str>, Option<Variable>)> = Vec::new();
        for (name, variable) in self.variables(head) {
            let first = seen.insert(name);
            match variable.source {
                Source::Arg { .. } if first => found.push((name.into(), None)),
                Source::Arg { .. } => {}
                Source::Env | Source::Image => {
                    if let Some((_, env @ None)) = found.iter_mut().find(|(own, _)| **own == *name) {
                        *env = Some(variable.clone());
                    }
                }
            }
        }
        found
    }

    fn variables(&self, head: usize) -> impl Iterator<Item = (&str, &Variable)> {
        self.facts(head).filter_map(|fact| match fact {
            Fact::Variable(name, variable) => Some((&**name, variable)),
            _ => None,
        })
    }

    /// The account `name`, which can be a number, in passwd.
    pub fn account(&self, head: usize, image: Option<&Image>, name: &str) -> Option<Account> {
        let uid: Option<u32> = name.parse().ok();
        for fact in self.facts(head) {
            match fact {
                Fact::Account(own, account) if **own == *name || (uid.is_some() && account.uid == uid) => {
                    return Some(account.clone());
                }
                Fact::AccountsUnknown => return None,
                _ => {}
            }
        }
        let image = image?;
        let account = uid.map_or_else(|| image.account(name), |uid| image.account_of(uid))?;
        Some(Account { uid: Some(account.uid), gid: Some(account.gid), home: Some(account.home.into()) })
    }
}

/// Whether the builder sets `name` by itself, or may.
/// <https://docs.docker.com/reference/dockerfile/#predefined-args>
fn is_predefined(name: &str, global: bool) -> bool {
    let platform = name.strip_prefix("TARGET").or_else(|| name.strip_prefix("BUILD"));
    let proxy = name.strip_suffix("_PROXY").or_else(|| name.strip_suffix("_proxy"));
    // Those of the platform are there behind FROM only where ARG declares them.
    (global && matches!(platform, Some("PLATFORM" | "OS" | "OSVERSION" | "ARCH" | "VARIANT" | "STAGE")))
        || proxy.is_some_and(|of| ["http", "https", "ftp", "no", "all"].iter().any(|it| of.eq_ignore_ascii_case(it)))
}
