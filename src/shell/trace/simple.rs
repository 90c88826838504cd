//! Simple commands: built-in ones that matter, functions, and all others, which only succeed or fail.

use std::rc::Rc;

use super::{Change, ChangeKind, Event, Flow, MAX_TRACE, Shell, Stop, unknown};
use crate::shell::{Assignment, Redirection, Simple, Word};
use crate::source::Span;

impl<'s> Shell<'s, '_> {
    pub(super) fn simple(&mut self, simple: &'s Simple) -> Flow {
        let text = match self.texts.get(&std::ptr::from_ref(simple)) {
            Some(known) => known.clone(),
            None => {
                let text = self.plain_expansions(simple.span).and_then(|()| self.text(simple));
                self.texts.insert(simple, text.clone());
                text
            }
        };
        let text = text.map_err(Stop::Unknown)?;
        let Some(name) = simple.words.first() else {
            return self.assignments(simple, &text);
        };
        let name = match &name.literal {
            Some(name) => &**name,
            // What holds a slash is no built-in command and no function.
            None if name.substitutions.is_empty() && self.script.slice(name.span).contains('/') => "/",
            None => return unknown("a command whose name is not known"),
        };
        let bare = simple.assignments.is_empty() && simple.redirections.is_empty();
        let literal = simple.words.iter().all(|word| word.literal.is_some());
        match name {
            "exit" if bare => return self.exit(&simple.words[1..]),
            "set" if bare => return self.set(&simple.words[1..]),
            "break" | "continue" if bare && simple.words.len() == 1 && self.loops > 0 => {
                self.status = 0;
                return Err(if name == "break" { Stop::Break } else { Stop::Continue });
            }
            "export" | "readonly" | "unset" if simple.assignments.is_empty() => {
                self.push(&text)?;
                self.changed(text, ChangeKind::Other);
                self.status = 0;
                return Ok(());
            }
            ":" if simple.assignments.is_empty() => {
                if !bare || !literal {
                    self.push(&text)?;
                }
                self.status = 0;
                return Ok(());
            }
            name if SPECIAL.contains(&name) => return unknown("a built-in command that is not modelled"),
            _ => {}
        }
        if let Some(body) = self.env.functions.get(name).copied() {
            if !bare {
                return unknown("a function that is called with assignments or redirections");
            }
            let arguments = simple.words.len() > 1;
            if arguments {
                self.within.push(text);
            }
            let loops = std::mem::take(&mut self.loops);
            let flow = self.deeper(|shell| shell.compound(body));
            self.loops = loops;
            if arguments {
                self.within.pop();
            }
            flow?;
            return self.check();
        }
        match name {
            "true" | "false" if bare => {
                if !literal {
                    self.push(&text)?;
                }
                self.status = u8::from(name == "false");
                return self.check();
            }
            "command" if !matches!(simple.words.get(1).and_then(|word| word.literal.as_deref()), Some("-v" | "-V")) => {
                return unknown("a built-in command that is not modelled");
            }
            name if UNMODELLED.contains(&name) => return unknown("a built-in command that is not modelled"),
            _ => {}
        }
        let first = simple.words.get(1).map(|word| word.literal.as_deref());
        // Bash's `printf -v` sets a variable.
        let changes = CHANGES_SHELL.contains(&name) || name == "printf" && first.is_none_or(|it| it == Some("-v"));
        let kind = change_kind(&simple.words);
        self.push_in(&text, changes && kind == ChangeKind::ToDirectory)?;
        self.status = u8::from(!self.decide(&text));
        if self.status == 0 && changes {
            self.changed(text, kind);
        }
        self.check()
    }

    /// A command without words.
    pub(super) fn assignments(&mut self, simple: &'s Simple, text: &Rc<str>) -> Flow {
        let substitutes = |word: &Word| !word.substitutions.is_empty();
        let values = simple.assignments.iter().map(|assignment| &assignment.value);
        let opened = simple.redirections.iter().map(|redirection| &redirection.target);
        // The status is that of the last substitution, or of the redirections.
        if values.chain(opened).any(substitutes) || !simple.redirections.is_empty() {
            self.event(text)?;
        } else {
            self.push(text)?;
            self.status = 0;
        }
        for assignment in &simple.assignments {
            let text = (self.rules.normal)(self.script.slice(assignment.span)).into();
            self.changed(text, ChangeKind::Variable);
        }
        self.check()
    }

    pub(super) fn exit(&mut self, arguments: &[Word]) -> Flow {
        match arguments {
            [] => {}
            [status] if matches!(self.script.slice(status.span), "$?" | "\"$?\"") => {}
            [status] => match status.literal.as_deref().map(str::parse) {
                Some(Ok(status)) => self.status = status,
                _ => return unknown("an `exit` with a status that is not known"),
            },
            _ => return unknown("an `exit` with more than a status"),
        }
        Err(Stop::Exit)
    }

    pub(super) fn set(&mut self, arguments: &[Word]) -> Flow {
        const WHY: &str = "a `set` that is not modelled";
        let mut words = arguments.iter().map(|word| word.literal.as_deref());
        while let Some(word) = words.next() {
            let Some(word) = word else { return unknown(WHY) };
            let on = match word.as_bytes() {
                [b'-', _, ..] if word != "--" => true,
                [b'+', _, ..] => false,
                _ => return unknown(WHY),
            };
            for letter in word[1..].chars() {
                match letter {
                    'e' => self.env.errexit = on,
                    // What it prints goes to the build's output.
                    'x' | 'v' => {}
                    'u' | 'f' | 'a' | 'C' | 'b' | 'h' | 'm' => self.flag(letter, on),
                    'o' => match words.next().flatten() {
                        Some("errexit") => self.env.errexit = on,
                        Some("pipefail") => self.env.pipefail = on,
                        Some("xtrace" | "verbose") => {}
                        Some("nounset") => self.flag('u', on),
                        Some("noglob") => self.flag('f', on),
                        Some("allexport") => self.flag('a', on),
                        Some("noclobber") => self.flag('C', on),
                        _ => return unknown(WHY),
                    },
                    _ => return unknown(WHY),
                }
            }
        }
        self.status = 0;
        Ok(())
    }

    pub(super) fn flag(&mut self, letter: char, on: bool) {
        self.env.flags.retain(|flag| *flag != letter);
        if on {
            self.env.flags.push(letter);
            self.env.flags.sort_unstable();
        }
    }

    /// What a command expands must not depend on the commands before it, nor end the shell.
    pub(super) fn plain_expansions(&self, span: Span) -> Result<(), &'static str> {
        let raw = self.script.slice(span);
        let own = matches!(raw, "exit $?" | "exit \"$?\"");
        if !own && ["$?", "${?", "$!", "${!", "$_", ":?"].iter().any(|it| raw.contains(it)) {
            return Err("an expansion that depends on the command before, or ends the shell");
        }
        Ok(())
    }

    /// A command's text: its parts, joined by one blank.
    pub(super) fn text(&self, simple: &Simple) -> Result<Rc<str>, &'static str> {
        enum Part<'p> {
            Raw(Span),
            Redirection(&'p Redirection),
        }
        let mut parts: Vec<(usize, Part)> = Vec::new();
        parts.extend(simple.assignments.iter().map(|Assignment { span, .. }| (span.start, Part::Raw(*span))));
        parts.extend(simple.words.iter().map(|Word { span, .. }| (span.start, Part::Raw(*span))));
        parts.extend(simple.redirections.iter().map(|it| (it.span.start, Part::Redirection(it))));
        parts.sort_by_key(|(start, _)| *start);
        let mut text = String::new();
        for (_, part) in parts {
            match part {
                Part::Raw(span) => {
                    if !text.is_empty() {
                        text.push(' ');
                    }
                    text.push_str(self.script.slice(span));
                }
                Part::Redirection(redirection) => self.redirection(redirection, &mut text)?,
            }
        }
        Ok((self.rules.normal)(&text).into())
    }

    pub(super) fn redirection(&self, redirection: &Redirection, text: &mut String) -> Result<(), &'static str> {
        if !self.bash && matches!(&*redirection.operator, "&>" | "&>>" | "<<<") {
            return Err("a redirection of bash in a shell that may not be bash");
        }
        if !text.is_empty() {
            text.push(' ');
        }
        let target = redirection.target.span;
        let before = self.script.slice(Span::new(redirection.span.start, target.start));
        text.push_str(before.trim_end());
        text.push_str(self.script.slice(target));
        if let Some(body) = redirection.heredoc {
            text.push('\n');
            text.push_str(self.script.slice(body));
        }
        Ok(())
    }

    /// Asks whether the next run of `text` succeeds.
    pub(super) fn decide(&mut self, text: &str) -> bool {
        (self.decide)(text)
    }

    /// As [`Self::decide`], of what is no command: a pattern that matches, another round. It turns on the variables.
    pub(super) fn turn(&mut self, text: &str) -> bool {
        let around = self.around(text, false);
        if around.is_empty() { self.decide(text) } else { self.decide(&format!("{text} {{{around}}}")) }
    }

    /// A command runs, and succeeds or not.
    pub(super) fn event(&mut self, text: &Rc<str>) -> Flow {
        self.push(text)?;
        self.status = u8::from(!self.decide(text));
        Ok(())
    }

    pub(super) fn changed(&mut self, text: Rc<str>, kind: ChangeKind) {
        self.env.changes.push(Change { text, kind });
    }

    /// A command runs.
    pub(super) fn push(&mut self, text: &Rc<str>) -> Flow {
        self.push_in(text, false)
    }

    /// A command runs, for which it may not matter in which directory.
    pub(super) fn push_in(&mut self, text: &Rc<str>, anywhere: bool) -> Flow {
        let event = Event { text: Rc::clone(text), around: self.around(text, anywhere) };
        self.size += event.text.len() + event.around.len();
        if self.size > MAX_TRACE {
            return unknown("it runs too many commands");
        }
        self.events.push(event);
        Ok(())
    }

    /// What surrounds a command, as far as it matters to it.
    fn around(&self, text: &str, anywhere: bool) -> String {
        use ChangeKind::{Back, Directory, Other, ToDirectory, Variable};
        let changes = &self.env.changes;
        // More than one command inside a substitution: `set -e` may matter there.
        let errexit = self.env.errexit && (text.contains("$(") || text.contains('`'));
        if changes.is_empty() && self.within.is_empty() && self.env.flags.is_empty() {
            return if errexit { "-e".to_owned() } else { String::new() };
        }
        // Directories before the last one that was named in full are forgotten, unless the shell is sent back.
        let named = changes.iter().rposition(|change| change.kind == ToDirectory).unwrap_or(0);
        let moved = changes.iter().any(|change| matches!(change.kind, ToDirectory | Directory | Back));
        let back = moved
            && (text.contains("cd -") || text.contains("OLDPWD") || changes.iter().any(|change| change.kind == Back));
        // `set -a` puts all into the environment.
        let all = self.env.flags.contains(&'a');
        let counts = |&(nth, change): &(usize, &Change)| match change.kind {
            Other => true,
            Variable => change.text.split_once('=').is_none_or(|(name, _)| {
                let named = || names(text, name) || self.within.iter().any(|text| names(text, name));
                all || ["IFS", "PATH"].contains(&name) || (self.rules.in_environment)(name) || named()
            }),
            ToDirectory | Directory | Back => back || !anywhere && nth >= named,
        };
        let mut surroundings: Vec<&str> =
            changes.iter().enumerate().filter(counts).map(|(_, change)| &*change.text).collect();
        surroundings.extend(self.within.iter().map(|text| &**text));
        // These change what an expansion does, and nothing else.
        let expands = text.contains(['$', '`', '*', '?', '[']);
        let flags: String = self.env.flags.iter().filter(|flag| expands || !matches!(flag, 'u' | 'f')).collect();
        if !flags.is_empty() {
            surroundings.push(&flags);
        }
        if errexit {
            surroundings.push("-e");
        }
        surroundings.join("; ")
    }
}

/// Whether `text` holds `name` as a word of its own.
fn names(text: &str, name: &str) -> bool {
    let inside = |char: char| char == '_' || char.is_ascii_alphanumeric();
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(inside) && !text[at + name.len()..].starts_with(inside))
}

/// Special built-in commands: no function hides them, and their failure ends the shell.
pub(super) const SPECIAL: &[&str] = &[
    "break", ":", "continue", ".", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift", "times",
    "trap", "unset", "source",
];

/// Other built-in commands that change the course of things.
const UNMODELLED: &[&str] = &[
    "builtin", "wait", "fg", "bg", "enable", "alias", "unalias", "logout", "suspend", "coproc", "time", "let", "caller",
];

/// Built-in commands that change the shell, and may fail.
const CHANGES_SHELL: &[&str] = &[
    "cd",
    "umask",
    "ulimit",
    "read",
    "getopts",
    "local",
    "declare",
    "typeset",
    "shopt",
    "hash",
    "pushd",
    "popd",
    "mapfile",
    "readarray",
    "chdir",
    "newgrp",
];

/// What kind of change `words` are, of a command that changes the shell.
fn change_kind(words: &[Word]) -> ChangeKind {
    match words {
        [name, ..] if name.literal.as_deref() != Some("cd") => ChangeKind::Other,
        [_, to] => match to.literal.as_deref() {
            Some(to) if to.starts_with('/') => ChangeKind::ToDirectory,
            Some(to) if !to.starts_with('-') => ChangeKind::Directory,
            _ => ChangeKind::Back,
        },
        _ => ChangeKind::Back,
    }
}
