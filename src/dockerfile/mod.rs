//! The typed, lossless tree of a Dockerfile.
//!
//! Reading never fails and never stops at what it does not know: what BuildKit would refuse is a
//! [`Problem`], what it does not know is [`Kind::Unknown`]. Nodes hold spans of the source only;
//! the text of a node that a line continuation breaks is had through [`Document::joined`].
//!
//! Facts are from BuildKit's `frontend/dockerfile/parser` and `instructions` packages, and from the
//! [reference](https://docs.docker.com/reference/dockerfile/).

mod flags;
mod heredocs;
mod instructions;
mod json;
mod mounts;
mod parse;
mod script;
mod stages;
mod template;
mod words;

pub use mounts::Mount;
pub use stages::{Base, Graph, Use, Via};
pub use words::{Lookup, expand};

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crate::shell::Script;
use crate::source::{Lines, Span};

/// A Dockerfile: its text and what was read from it.
#[derive(Clone, Debug)]
pub struct Document {
    text: Arc<str>,
    lines: Lines,
    escape: char,
    directives: Vec<Directive>,
    instructions: Vec<Instruction>,
    stages: Vec<Stage>,
    tokens: Vec<Token>,
    problems: Vec<Problem>,
    /// Read when they are asked for: one for each instruction.
    scripts: Vec<OnceLock<Option<Script>>>,
}

/// A piece of the source. The tokens of a document tile its text: each byte is in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands; never empty.
    pub span: Span,
}

/// What a [`Token`] is.
///
/// ```text
/// # syntax=docker/dockerfile:1⏎           Directive Break
/// ⏎                                        Break
/// # why⏎                                  Comment Break
/// RUN --network=none a \⏎                  Keyword Space Flag Space Text Continuation
///     # inner⏎                             Space Comment Break
///     && cat <<EOF > f⏎                    Text Break
/// body⏎                                   HeredocBody
/// EOF⏎                                    HeredocEnd Break
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// The byte order mark.
    Bom,
    /// A parser directive, from its `#` to the end of the line's text.
    Directive,
    /// A whole-line comment, from its `#` to the end of the line's text; also one inside a continuation.
    Comment,
    /// The keyword of an instruction, or a part of it where a continuation breaks it.
    Keyword,
    /// A flag such as `--mount=…`, or a part of it.
    Flag,
    /// Blanks that the line grammar drops: indentation of a keyword or comment, blanks between keyword and arguments,
    /// trailing blanks, and a line of blanks only.
    Space,
    /// The escape character at a line's end, blanks behind it, and the line break.
    Continuation,
    /// Arguments: what reaches the instruction.
    Text,
    /// The lines of a here-document, line breaks included.
    HeredocBody,
    /// The line that ends a here-document, its line break excluded.
    HeredocEnd,
    /// A line break that ends an instruction, comment or blank line: LF or CRLF.
    Break,
}

/// A parser directive.
///
/// ```text
/// # syntax=docker/dockerfile:1
/// ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ span
///   ^^^^^^ name
///          ^^^^^^^^^^^^^^^^^^^ value
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The whole, without the line break.
    pub span: Span,
    /// `syntax`, `escape` or `check`, in the author's letter case.
    pub name: Span,
    /// What it is set to.
    pub value: Span,
}

/// One instruction.
///
/// ```text
/// RUN --network=none a \⏎
/// ^^^ keyword        ^^^^
///     ^^^^^^^^^^^^^^ flags
///                    ^^^^ arguments, to `f`
///   # inner⏎
///   && cat <<EOF > f⏎
///   ^^^^^^^^^^^^^^^^
/// body⏎
/// EOF⏎
/// ^^^ the span of the instruction ends here
/// ```
#[derive(Clone, Debug)]
pub struct Instruction {
    /// From the keyword to the end of the last line's text: here-documents with their terminators
    /// included, trailing blanks and the last line break excluded.
    pub span: Span,
    /// The keyword as written; it holds a continuation where one breaks it.
    pub keyword: Span,
    /// In order of writing.
    pub flags: Vec<Flag>,
    /// What follows keyword and flags, without blanks around it and without here-document bodies; empty at the place
    /// where arguments would stand if there are none. For ONBUILD: the inner instruction.
    pub arguments: Span,
    /// The pieces of source whose concatenation is the logical line, keyword included: what is left after
    /// continuations and the comments between them are dropped.
    pub segments: Vec<Span>,
    /// Whole-line comments inside the instruction, from `#` to the end of the line's text.
    pub comments: Vec<Span>,
    /// In order of their operators.
    pub heredocs: Vec<Heredoc>,
    /// What it is, and its parts.
    pub kind: Kind,
}

/// A flag of an instruction.
///
/// ```text
/// --mount=type=cache,target=/x
/// ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ span
///   ^^^^^ name
///         ^^^^^^^^^^^^^^^^^^^^ value
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The whole.
    pub span: Span,
    /// Without dashes.
    pub name: Span,
    /// Behind the equals sign; `None` where there is no equals sign.
    pub value: Option<Span>,
}

/// A here-document.
///
/// ```text
/// RUN cat 3<<-"EOF" > f⏎
///         ^^^^^^^^^ operator (and name EOF, strips_tabs, quoted, fd 3)
/// →body⏎
/// ^^^^^^ body
/// →EOF⏎
/// ^^^^ terminator
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that opens it.
    pub operator: Span,
    /// The terminator, without quotes.
    pub name: Box<str>,
    /// Written `<<-`: leading tabs are removed from body and terminator.
    pub strips_tabs: bool,
    /// The name is quoted, so that nothing in the body is expanded.
    pub quoted: bool,
    /// The number before `<<`, 0 if none.
    pub fd: u32,
    /// The lines between, with their line breaks.
    pub body: Span,
    /// The last line, without its line break; empty at the end of the text if it is missing (a [`Problem`]).
    pub terminator: Span,
}

/// What an instruction is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `FROM image [AS name]`
    From(From),
    /// `RUN`
    Run(Command),
    /// `CMD`
    Cmd(Command),
    /// `ENTRYPOINT`
    Entrypoint(Command),
    /// `SHELL ["executable", "parameter"]`; `None` if it is not a JSON array of strings (a [`Problem`]).
    Shell(Option<Vec<Word>>),
    /// `ENV`
    Env(Vec<Pair>),
    /// `LABEL`
    Label(Vec<Pair>),
    /// `ARG name[=default]…`
    Arg(Vec<ArgDeclaration>),
    /// `COPY`
    Copy(Transfer),
    /// `ADD`
    Add(Transfer),
    /// `WORKDIR path`
    Workdir(Word),
    /// `USER user[:group]`
    User(Word),
    /// `EXPOSE port…`
    Expose(Vec<Word>),
    /// `VOLUME`, in either form
    Volume(Vec<Word>),
    /// `STOPSIGNAL signal`
    Stopsignal(Word),
    /// `HEALTHCHECK`; `None` for `HEALTHCHECK NONE`.
    Healthcheck(Option<Command>),
    /// `ONBUILD instruction`
    Onbuild(Box<Instruction>),
    /// `MAINTAINER name`: deprecated. The word is the rest of the line.
    Maintainer(Word),
    /// A keyword that the reference does not know, or arguments that its instruction cannot have. Always with a
    /// [`Problem`].
    Unknown,
}

/// The parts of a FROM.
#[derive(Clone, Copy, Debug)]
pub struct From {
    /// The image, the name of an earlier stage, or `scratch`.
    pub image: Word,
    /// The name behind AS. BuildKit lower-cases it; see [`Stage::name`].
    pub name: Option<Word>,
}

/// The command of RUN, CMD, ENTRYPOINT or HEALTHCHECK CMD.
#[derive(Clone, Debug)]
pub enum Command {
    /// Given to the shell. The span is that of the text; see [`Document::script`].
    Shell(Span),
    /// A JSON array of strings, run without a shell.
    Exec(Vec<Word>),
}

/// One word of arguments.
///
/// ```text
/// COPY "a b" c        in JSON form: COPY ["a b", "c"]
///      ^^^^^ ^                            ^^^^^  ^^^
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// As written, quotes included.
    pub span: Span,
    /// It is a string of a JSON array: escapes are JSON's.
    pub json: bool,
}

/// A `key=value` of ENV or LABEL.
///
/// ```text
/// ENV A=1 B="x y"     ENV A 1 2
///     ^   ^ key           ^ key
///       ^   ^^^^^ value     ^^^ value (legacy)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// As written, quotes included.
    pub key: Span,
    /// As written, quotes included; may be empty.
    pub value: Span,
    /// Written with a blank instead of the equals sign: the value is the rest of the line.
    pub legacy: bool,
}

/// One name that an ARG declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgDeclaration {
    /// The name.
    pub name: Span,
    /// Behind the equals sign, quotes included; `None` where there is no equals sign.
    pub default: Option<Span>,
}

/// The words of COPY or ADD.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// All but the last; one that opens a here-document is that operator.
    pub sources: Vec<Word>,
    /// The last.
    pub destination: Word,
}

/// A build stage: a FROM and what follows it.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The name behind AS, lower-cased as BuildKit does; `--from` and `--target` find it in any letter case, FROM only
    /// as it stands here.
    pub name: Option<Box<str>>,
    /// The indices of its instructions, its FROM first.
    pub instructions: std::ops::Range<usize>,
}

/// What is wrong with a document, or not to be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// In words, lower case, without a full stop: `here-document EOF never ends`.
    pub message: Box<str>,
    /// What to do about it: `add a line that is exactly EOF`.
    pub help: Option<Box<str>>,
    /// Whether BuildKit refuses the file for it. Otherwise it is only more than is understood here (another
    /// frontend, a template).
    pub invalid: bool,
}

impl<T: Into<Arc<str>>> std::convert::From<T> for Document {
    fn from(text: T) -> Self {
        Self::parse(text)
    }
}

impl Document {
    /// Reads a Dockerfile. Never fails: see [`Document::problems`].
    #[must_use]
    pub fn parse(text: impl Into<Arc<str>>) -> Self {
        parse::parse(text.into())
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole text, shared.
    #[must_use]
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The source at `span`, continuations and all.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        span.of(&self.text)
    }

    /// The line of `offset`, from 1.
    #[must_use]
    pub fn line(&self, offset: usize) -> usize {
        self.lines.number(offset)
    }

    /// The escape character: a backslash, or a backtick after `# escape=`.
    #[must_use]
    pub const fn escape(&self) -> char {
        self.escape
    }

    /// Parser directives.
    #[must_use]
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// All instructions, global ARGs included.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// The stages; together they hold all instructions but global ARGs and what stands before the first FROM.
    #[must_use]
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The stage that instruction `index` belongs to; `None` before the first FROM.
    #[must_use]
    pub fn stage_of(&self, index: usize) -> Option<usize> {
        self.stages.partition_point(|stage| stage.instructions.start <= index).checked_sub(1)
    }

    /// The pieces of the text, without gaps.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// What is wrong, in order of the text.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The logical text of `span` inside `instruction`: continuations and the comments between them dropped.
    #[must_use]
    pub fn joined(&self, instruction: &Instruction, span: Span) -> Cow<'_, str> {
        let first = instruction.segments.partition_point(|segment| segment.end <= span.start);
        let mut pieces = instruction.segments[first..].iter().map_while(|segment| segment.intersection(span));
        let Some(first) = pieces.next() else { return Cow::Borrowed("") };
        let Some(second) = pieces.next() else { return Cow::Borrowed(self.slice(first)) };
        let mut text = String::from(self.slice(first));
        text.push_str(self.slice(second));
        pieces.for_each(|piece| text.push_str(self.slice(piece)));
        Cow::Owned(text)
    }

    /// The keyword in capitals, continuations dropped: `RUN`.
    #[must_use]
    pub fn keyword(&self, instruction: &Instruction) -> String {
        self.joined(instruction, instruction.keyword).to_ascii_uppercase()
    }

    /// The mounts of a RUN, in order.
    #[must_use]
    pub fn mounts(&self, instruction: &Instruction) -> Vec<Mount> {
        mounts::of(self, instruction)
    }

    /// The words' own text: a JSON string decoded, any other as written (quotes and variables untouched) but for
    /// continuations.
    #[must_use]
    pub fn word(&self, instruction: &Instruction, word: Word) -> Cow<'_, str> {
        let text = self.joined(instruction, word.span);
        if word.json {
            return json::decode(&text).map_or(text, Cow::Owned);
        }
        text
    }

    /// The value of a flag, quotes and escapes removed: what BuildKit takes it for. Variables are untouched.
    #[must_use]
    pub fn flag_value(&self, instruction: &Instruction, flag: Flag) -> Option<String> {
        let raw = self.joined(instruction, flag.value?);
        Some(flags::unquote(&raw, self.escape).into_owned())
    }

    /// The comments that belong to instruction `index`: whole lines directly above it, without a blank line between,
    /// parser directives excluded. Spans run from `#` to the end of the line's text.
    #[must_use]
    pub fn comments_above(&self, index: usize) -> Vec<Span> {
        parse::comments_above(self, index)
    }

    /// Whether an instruction has the flag `--name`.
    #[must_use]
    pub fn has_flag(&self, instruction: &Instruction, name: &str) -> bool {
        instruction.flags.iter().any(|flag| self.joined(instruction, flag.name) == name)
    }

    /// The shell script of instruction `index`, if it is a RUN in shell form (also inside ONBUILD): the logical line,
    /// followed by the bodies of its here-documents; or the body alone where the whole command is one here-document.
    ///
    /// The script is opaque where what runs is not the shell: a here-document that starts with `#!`.
    #[must_use]
    pub fn script(&self, index: usize) -> Option<&Script> {
        if matches!(self.instructions[index].kind, Kind::Run(Command::Exec(_))) {
            return None;
        }
        self.scripts[index].get_or_init(|| script::script(self, &self.instructions[index])).as_ref()
    }

    /// The command of instruction `index`, if it is a RUN in exec form: as a script of one command, each of its words
    /// quoted. No shell runs it, and no place of it is in the file.
    #[must_use]
    pub fn exec(&self, index: usize) -> Option<&Script> {
        let Kind::Run(Command::Exec(words)) = &self.instructions[index].kind else { return None };
        let script = || Some(script::exec(self, &self.instructions[index], words));
        self.scripts[index].get_or_init(script).as_ref()
    }

    /// Takes over what was read of the scripts of `other`, where instruction `old` of it is the same text as instruction
    /// `new` here, for each pair of indices.
    pub(crate) fn take_scripts(&mut self, other: &Self, pairs: impl Iterator<Item = (usize, usize)>) {
        if self.escape != other.escape {
            return;
        }
        for (old, new) in pairs {
            let Some(script) = other.scripts[old].get() else { continue };
            let by = self.instructions[new].span.start.wrapping_sub(other.instructions[old].span.start).cast_signed();
            _ = self.scripts[new].set(script.as_ref().map(|script| script.moved(by)));
        }
    }

    /// The shell script of instruction `index`, if it is a HEALTHCHECK in shell form.
    #[must_use]
    pub fn healthcheck(&self, index: usize) -> Option<Script> {
        script::healthcheck(self, &self.instructions[index])
    }
}
