//! How the words of a command line fall into flags, their values, and operands.

use super::{Flag, Invocation, Operand, Tool, Verb, wrappers::Call};
use crate::shell::Word;
use crate::source::Span;

/// The options of a tool.
pub(super) struct Grammar {
    /// Options that take a value: the rest of the word (short ones), behind `=`, or the next word.
    pub valued: &'static [&'static str],
    /// Options that take none, or one behind `=` only.
    pub plain: &'static [&'static str],
    /// `-abc` is `-a -b -c`.
    pub clusters: bool,
}

/// Reads the arguments of a command from left to right.
pub(super) struct Arguments<'a> {
    call: Call<'a>,
    grammar: &'static Grammar,
    next: usize,
    ended: bool,
    subcommand: String,
    verb_end: usize,
    flags: Vec<Flag>,
    operands: Vec<Operand>,
    certain: bool,
}

impl<'a> Arguments<'a> {
    pub fn new(call: Call<'a>, grammar: &'static Grammar) -> Self {
        let verb_end = call.name.end;
        Self {
            call,
            grammar,
            next: 0,
            ended: false,
            subcommand: String::new(),
            verb_end,
            flags: Vec::new(),
            operands: Vec::new(),
            certain: true,
        }
    }

    /// Reads on with another grammar.
    pub const fn switch(&mut self, grammar: &'static Grammar) {
        self.grammar = grammar;
    }

    /// Whether one of `names` is among the flags read so far.
    pub fn has(&self, names: &[&str]) -> bool {
        self.flags.iter().any(|flag| names.contains(&&*flag.name))
    }

    /// Reads flags, and the operand behind them as a word of the verb. `None` if there is no operand; the whole is
    /// `None` if it is not certain which it is.
    pub fn verb(&mut self) -> Option<Option<Box<str>>> {
        let Some(word) = self.operand() else { return Some(None) };
        if !self.certain {
            return None;
        }
        let literal = word.literal.clone()?;
        if !self.subcommand.is_empty() {
            self.subcommand.push(' ');
        }
        self.subcommand.push_str(&literal);
        self.verb_end = word.span.end;
        Some(Some(literal))
    }

    /// The next word, if it is literal, without stepping over it.
    #[allow(dead_code, reason = "for the families of tools that follow")]
    pub fn peek(&self) -> Option<&str> {
        self.call.arguments.get(self.next)?.literal.as_deref()
    }

    /// What follows is handed to another program: there are no more flags.
    pub const fn end(&mut self) {
        self.ended = true;
    }

    /// Steps over a word.
    pub const fn step(&mut self) {
        self.next += 1;
    }

    /// Reads the rest. If `first_operand_ends`, options end at the first operand.
    pub fn rest(&mut self, first_operand_ends: bool) {
        while let Some(word) = self.operand() {
            self.operands.push(Operand { span: word.span, literal: word.literal.clone() });
            self.ended |= first_operand_ends;
        }
    }

    /// The invocation.
    pub fn finish(mut self, tool: Tool, verb: Verb) -> Invocation {
        self.rest(false);
        Invocation {
            span: self.call.span,
            tool,
            verb,
            subcommand: self.subcommand.into(),
            name: self.call.name,
            verb_end: self.verb_end,
            flags: self.flags,
            operands: self.operands,
            environment: self.call.environment,
            runner: self.call.runner,
            cleared: self.call.cleared,
            certain: self.certain,
        }
    }

    /// Steps over flags to the next operand, and over that.
    fn operand(&mut self) -> Option<&'a Word> {
        loop {
            let arguments = self.call.arguments;
            let word = arguments.get(self.next)?;
            self.next += 1;
            // What is written is looked at where the meaning is not certain: `--prefix=$HOME` is still that option.
            let text = word.literal.as_deref().unwrap_or_else(|| self.call.script.slice(word.span));
            if self.ended || text == "-" || !text.starts_with('-') {
                return Some(word);
            }
            if text == "--" {
                self.ended = true;
                continue;
            }
            if text.starts_with("--") || !self.grammar.clusters {
                self.long(word, text);
            } else {
                self.cluster(word, text);
            }
        }
    }

    /// One option in one word: `--name`, `--name=value`, `-name`.
    fn long(&mut self, word: &Word, text: &str) {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        if word.literal.is_none() && !plain(name) {
            self.certain = false;
        }
        let valued = self.grammar.valued.contains(&name);
        let known = valued || self.grammar.plain.contains(&name);
        if let Some(value) = value {
            let value = attached(word, value, text.len());
            self.flags.push(Flag { name: name.into(), span: word.span, value: Some(value), clustered: false });
        } else if valued {
            self.valued(word, name, false);
        } else if let Some((short, value)) = self.short(text).filter(|_| !known) {
            let value = attached(word, value, text.len());
            self.flags.push(Flag { name: short.into(), span: word.span, value: Some(value), clustered: false });
        } else {
            self.certain &= known;
            self.flags.push(Flag { name: name.into(), span: word.span, value: None, clustered: false });
        }
    }

    /// A short option with its value attached, where options are not clustered: `-DskipTests`, `-Pprod`.
    fn short<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        let (short, value) = text.split_at_checked(2)?;
        (short != "--" && !value.is_empty() && self.grammar.valued.contains(&short)).then_some((short, value))
    }

    /// Short options in one word: `-qqy`, `-tstable`, `-q=2`.
    fn cluster(&mut self, word: &Word, text: &str) {
        let letters = &text[1..];
        let first = self.flags.len();
        for (at, letter) in letters.char_indices() {
            let behind = &letters[at + letter.len_utf8()..];
            let name = format!("-{letter}");
            if !letter.is_ascii_alphanumeric() || (word.literal.is_none() && !plain(&name)) {
                self.certain = false;
                return;
            }
            if self.grammar.valued.contains(&&*name) {
                if behind.is_empty() {
                    self.valued(word, &name, at > 0);
                } else {
                    let value = attached(word, behind.strip_prefix('=').unwrap_or(behind), text.len());
                    self.flags.push(Flag { name: name.into(), span: word.span, value: Some(value), clustered: at > 0 });
                }
                break;
            }
            if let Some(value) = behind.strip_prefix('=') {
                let value = attached(word, value, text.len());
                self.flags.push(Flag { name: name.into(), span: word.span, value: Some(value), clustered: at > 0 });
                break;
            }
            self.certain &= self.grammar.plain.contains(&&*name);
            self.flags.push(Flag { name: name.into(), span: word.span, value: None, clustered: letters.len() > 1 });
        }
        let many = self.flags.len() - first > 1;
        self.flags[first..].iter_mut().for_each(|flag| flag.clustered = many);
    }

    /// An option whose value is the next word.
    fn valued(&mut self, word: &Word, name: &str, clustered: bool) {
        let arguments = self.call.arguments;
        let Some(value) = arguments.get(self.next) else {
            // `cargo --version`, where `cargo install --version 1` takes a value.
            self.certain &= self.grammar.plain.contains(&name);
            self.flags.push(Flag { name: name.into(), span: word.span, value: None, clustered });
            return;
        };
        self.next += 1;
        let span = word.span.cover(value.span);
        let value = Some(Operand { span: value.span, literal: value.literal.clone() });
        self.flags.push(Flag { name: name.into(), span, value, clustered });
    }
}

/// A value in the same word as its option, which is `len` bytes long in all.
fn attached(word: &Word, value: &str, len: usize) -> Operand {
    // Quotes make the written word longer than its meaning: then the value is only known to be in it.
    let exact = word.span.len() == len;
    let span = if exact { Span::new(word.span.end - value.len(), word.span.end) } else { word.span };
    Operand { span, literal: word.literal.is_some().then(|| value.into()) }
}

/// Whether text of a word that is not literal stands for itself.
fn plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
}
