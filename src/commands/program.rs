//! The program that a command runs, whatever it is: for programs that have no table of their own.

use crate::shell::{Simple, Word};

/// A program and its arguments, with `sudo`, `env` and their kin taken off.
#[derive(Clone, Copy, Debug)]
pub struct Program<'s> {
    /// The whole command.
    pub simple: &'s Simple,
    /// The path by which it is called.
    pub path: &'s str,
    /// The last part of that path.
    pub name: &'s str,
    /// What follows the name.
    pub arguments: &'s [Word],
}

impl<'s> Program<'s> {
    /// The program of a command; `None` if its name is not certain.
    #[must_use]
    pub fn of(simple: &'s Simple) -> Option<Self> {
        let mut words = &simple.words[..];
        loop {
            let (first, rest) = words.split_first()?;
            let path = first.literal.as_deref()?;
            let name = path.rsplit('/').next().unwrap_or(path);
            // A wrapper with options of its own is not taken off: their values would be mistaken for the program.
            let wraps =
                rest.first().is_some_and(|word| word.literal.as_deref().is_some_and(|text| !text.starts_with('-')));
            words = match name {
                "sudo" | "command" | "time" | "nice" | "ionice" | "eatmydata" | "exec" if wraps => rest,
                "sudo" if rest.first().is_some_and(|word| word.literal.as_deref() == Some("-E")) => &rest[1..],
                "env" if wraps => {
                    let set =
                        rest.iter().take_while(|word| word.literal.as_deref().is_some_and(|text| text.contains('=')));
                    &rest[set.count()..]
                }
                _ => return Some(Self { simple, path, name, arguments: rest }),
            };
        }
    }

    /// The arguments whose text is certain.
    pub fn literals(&self) -> impl Iterator<Item = &'s str> {
        self.arguments.iter().filter_map(|word| word.literal.as_deref())
    }

    /// Whether one of the arguments is this word.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.literals().any(|literal| literal == word)
    }
}
