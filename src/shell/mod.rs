//! The tree of a RUN body: a facade over `shuck-parser`, for POSIX shells and bash.
//!
//! Spans are offsets into the script's own text ([`Script::text`]); [`Script::source`] maps them back to the file.
//! What does not parse cleanly, is larger than 64 KiB, or is not modelled is opaque: never edited, never reasoned
//! across.

pub mod meaning;
mod parse;
pub mod trace;
mod words;

use std::borrow::Cow;
use std::sync::Arc;

use crate::source::Span;

/// Larger scripts are opaque: BuildKit's own limit for a line.
/// <https://github.com/moby/buildkit/blob/master/frontend/dockerfile/parser/parser.go>
pub const MAX_LEN: usize = 64 * 1024;

/// Where the pieces of a script's text stand in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMap(Vec<(usize, Span)>);

impl SourceMap {
    /// Appends a piece: `span` of the file follows at offset `at` of the script. Pieces come in order and without gaps
    /// in the script, unless text was made up (such as a line break between two here-documents).
    pub fn push(&mut self, at: usize, span: Span) {
        self.0.push((at, span));
    }

    /// Where `offset` stands in the file, as the *end* of what precedes it: the place to insert behind a word that ends
    /// there, so that a continuation that follows stays where it is. `None` for offset 0 or made-up text.
    #[must_use]
    pub fn behind(&self, offset: usize) -> Option<usize> {
        let (at, span) = self.0[..self.0.partition_point(|(at, _)| *at < offset)].last()?;
        (offset - at <= span.len()).then(|| span.start + (offset - at))
    }

    /// The map to a file in which all of it stands `by` bytes later.
    fn moved(&self, by: isize) -> Self {
        let moved = |offset: usize| offset.saturating_add_signed(by);
        Self(self.0.iter().map(|(at, span)| (*at, Span::new(moved(span.start), moved(span.end)))).collect())
    }

    /// Where the byte at `offset` stands in the file; `None` behind the end or for made-up text.
    #[must_use]
    pub fn before(&self, offset: usize) -> Option<usize> {
        let (at, span) = self.0[..self.0.partition_point(|(at, _)| *at <= offset)].last()?;
        (offset - at < span.len()).then(|| span.start + (offset - at))
    }
}

/// A RUN body.
#[derive(Clone, Debug)]
pub struct Script {
    map: SourceMap,
    /// The same wherever the text stands.
    tree: Arc<Tree>,
}

#[derive(Debug)]
struct Tree {
    text: Box<str>,
    body: Result<List, Opaque>,
    comments: Vec<Span>,
    /// Nobody tried to read it as shell.
    unread: bool,
}

/// Why a script is not understood, in words: `it does not parse as shell`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque(pub Cow<'static, str>);

/// Commands that run one after another.
#[derive(Clone, Debug)]
pub struct List {
    /// From the first command to the last separator.
    pub span: Span,
    /// In order.
    pub items: Vec<Item>,
}

/// One AND-OR list and what ends it.
///
/// ```text
/// a && b || c ; d
/// ^^^^^^^^^^^ and_or
///             ^ separator
/// ```
#[derive(Clone, Debug)]
pub struct Item {
    /// The commands.
    pub and_or: AndOr,
    /// What follows.
    pub separator: Separator,
    /// Where the separator stands; empty behind the last command where there is none.
    pub separator_span: Span,
}

impl Item {
    /// Its pipelines, in order.
    pub fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        std::iter::once(&self.and_or.first).chain(self.and_or.rest.iter().map(|(.., pipeline)| pipeline))
    }
}

/// What ends an [`Item`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `;`
    Semicolon,
    /// A line break.
    Newline,
    /// `&`: it runs in the background.
    Background,
    /// Nothing: it is the last.
    End,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug)]
pub struct AndOr {
    /// The whole.
    pub span: Span,
    /// The first pipeline.
    pub first: Pipeline,
    /// The operators, where they stand, and the pipelines behind them.
    pub rest: Vec<(Operator, Span, Pipeline)>,
}

/// What joins two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands joined by `|`.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The whole, a leading `!` included.
    pub span: Span,
    /// It starts with `!`.
    pub negated: bool,
    /// At least one.
    pub commands: Vec<Command>,
}

/// One command of a pipeline.
#[derive(Clone, Debug)]
pub enum Command {
    /// Assignments, words, redirections.
    Simple(Simple),
    /// Something with lists inside.
    Compound(Compound),
    /// A function definition.
    Function(Function),
    /// Not modelled.
    Opaque(Span),
}

/// A function definition: `name() { …; }`.
#[derive(Clone, Debug)]
pub struct Function {
    /// The whole.
    pub span: Span,
    /// Its name, as written.
    pub name: Span,
    /// What it runs.
    pub body: Box<Compound>,
}

/// A simple command.
///
/// ```text
/// A=1 curl -o "$f" https://x > log
/// ^^^ assignments            ^^^^^ redirections
///     ^^^^ ^^ ^^^^ ^^^^^^^^^ words
/// ```
#[derive(Clone, Debug)]
pub struct Simple {
    /// The whole.
    pub span: Span,
    /// `name=value` before the first word.
    pub assignments: Vec<Assignment>,
    /// The command's name and its arguments.
    pub words: Vec<Word>,
    /// In order.
    pub redirections: Vec<Redirection>,
}

/// An assignment before a command, or alone.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The whole.
    pub span: Span,
    /// The name.
    pub name: Span,
    /// The value; empty behind the equals sign if there is none.
    pub value: Word,
}

/// A redirection.
///
/// ```text
/// 2>> log
/// ^^^^^^^ span
///     ^^^ target
/// ```
#[derive(Clone, Debug)]
pub struct Redirection {
    /// The whole, a file descriptor included.
    pub span: Span,
    /// Its kind as written: `>`, `>>`, `<`, `<<`, `<<<`, `>&`, `&>` …
    pub operator: Box<str>,
    /// File, descriptor, or the delimiter of a here-document.
    pub target: Word,
    /// The body, if it is a here-document that the shell reads.
    pub heredoc: Option<Span>,
}

/// A word.
#[derive(Clone, Debug)]
pub struct Word {
    /// As written, quotes included.
    pub span: Span,
    /// What it means where that is certain: no expansion, glob, brace or tilde; quotes removed.
    pub literal: Option<Box<str>>,
    /// The lists inside its command substitutions (`$(…)` and backquotes), process substitutions included.
    pub substitutions: Vec<List>,
}

/// A command with lists inside.
#[derive(Clone, Debug)]
pub struct Compound {
    /// The whole, redirections included.
    pub span: Span,
    /// Which.
    pub kind: CompoundKind,
    /// The lists inside, in order of writing: conditions and bodies. For `If`: condition, body, (condition, body)…, and
    /// the `else` body if their number is odd. For `While` and `Until`: condition, body. For `Case`: one per arm.
    pub lists: Vec<List>,
    /// Words that it evaluates: the list of `for`, the subject and patterns of `case`, the expression of `[[`.
    pub words: Vec<Word>,
    /// Behind it.
    pub redirections: Vec<Redirection>,
}

/// Which [`Compound`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompoundKind {
    /// `{ …; }`
    Brace,
    /// `( … )`
    Subshell,
    /// `if`
    If,
    /// `for … in`
    For,
    /// `while`
    While,
    /// `until`
    Until,
    /// `case`
    Case,
    /// `[[ … ]]` or `(( … ))`: a test without lists.
    Test,
    /// Anything else (`select`, `for ((`, `coproc`, `time`): not to be reasoned about.
    Other,
}

impl Script {
    /// Reads a script. `map` tells where the pieces of `text` stand in the file.
    #[must_use]
    pub fn parse(text: impl Into<Box<str>>, map: SourceMap) -> Self {
        let text = text.into();
        let (body, comments) = parse::parse(&text);
        Self { map, tree: Arc::new(Tree { text, body, comments, unread: false }) }
    }

    /// The same script, where it stands in another file: `by` says how far from there.
    #[must_use]
    pub fn moved(&self, by: isize) -> Self {
        Self { map: self.map.moved(by), tree: Arc::clone(&self.tree) }
    }

    /// A script that must not be looked into.
    #[must_use]
    pub fn opaque(text: impl Into<Box<str>>, map: SourceMap, why: impl Into<Cow<'static, str>>) -> Self {
        let tree = Tree { text: text.into(), body: Err(Opaque(why.into())), comments: Vec::new(), unread: true };
        Self { map, tree: Arc::new(tree) }
    }

    /// What the shell gets.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.tree.text
    }

    /// The text of a node.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        span.of(&self.tree.text)
    }

    /// The map back to the file.
    #[must_use]
    pub const fn map(&self) -> &SourceMap {
        &self.map
    }

    /// The source of a non-empty node, from its first byte to its last; a continuation may stand between. `None` if it
    /// holds made-up text at an end.
    #[must_use]
    pub fn source(&self, span: Span) -> Option<Span> {
        let (start, end) = (self.map.before(span.start)?, self.map.behind(span.end)?);
        (start <= end).then(|| Span::new(start, end))
    }

    /// The commands, or why they are not known.
    ///
    /// # Errors
    /// If the script is opaque.
    pub fn body(&self) -> Result<&List, &Opaque> {
        self.tree.body.as_ref()
    }

    /// Whether it must not be looked into, rather than cannot be.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.tree.unread
    }

    /// Shell comments (`#` to the end of the line), in order. A comment on the last logical line hides what a careless
    /// edit appends.
    #[must_use]
    pub fn comments(&self) -> &[Span] {
        &self.tree.comments
    }

    /// Every simple command, in order of writing, those inside compound commands, functions and substitutions included.
    /// Empty if the script is opaque.
    #[must_use]
    pub fn commands(&self) -> Vec<&Simple> {
        let mut all = Vec::new();
        if let Ok(list) = self.body() {
            parse::collect(list, &mut all);
        }
        all
    }
}

#[cfg(test)]
mod parse_tests;

#[cfg(test)]
mod meaning_tests;
