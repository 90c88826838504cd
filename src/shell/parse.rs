//! From `shuck-parser`'s tree to ours.
//!
//! The tree says what stands where; it is not believed. A cursor runs over the text, and every byte has to be accounted
//! for: a word starts where the tree says and ends at a boundary; between nodes there is nothing but the operators,
//! keywords, blanks, comments and here-documents that the tree implies. Where that fails, the script is opaque. So a
//! span is exact, or there is none.

mod compound;
mod cursor;
mod simple;

use std::borrow::Cow;

use shuck_ast as ast;
use shuck_parser::parser::Parser;
use shuck_parser::{ShellDialect, ShellProfile};

use self::simple::Part;
use super::{AndOr, Command, Compound, Item, List, MAX_LEN, Opaque, Operator, Pipeline, Separator, Simple};
use crate::source::Span;

/// Deepest nesting that is looked into; bounds the stack, here and in the parser.
const MAX_DEPTH: usize = 50;

/// Work that the parser may do; it needs less than one operation per byte for real scripts.
const FUEL: usize = 4 * MAX_LEN;

/// Most openings of expansions, groups and here-documents: the parser takes time in their square.
const MAX_OPENINGS: usize = 2_000;

/// Most words `time` and `coproc`: the parser takes them one inside the other, and counts no depth.
const MAX_PREFIXES: usize = 50;

/// Reads a script: its commands, or why they are not known, and its comments.
pub(super) fn parse(text: &str) -> (Result<List, Opaque>, Vec<Span>) {
    let opaque = |why: &'static str| (Err(Opaque(why.into())), Vec::new());
    if text.len() > MAX_LEN {
        return opaque("it is too long");
    }
    // Shells differ in what they make of a NUL byte.
    if text.contains('\0') {
        return opaque("it holds a NUL byte");
    }
    let openings = text.bytes().filter(|byte| matches!(byte, b'{' | b'(' | b'`' | b'[')).count();
    if openings + text.matches("<<").count() > MAX_OPENINGS || prefixes(text) > MAX_PREFIXES {
        return opaque("it is nested too deeply");
    }
    let profile = ShellProfile::native(ShellDialect::Bash);
    let parsed = Parser::with_limits_and_profile(text, MAX_DEPTH, FUEL, profile).parse();
    if !parsed.is_ok() {
        return opaque("it does not parse as shell");
    }
    let mut reader = Reader { text, at: 0, end: text.len(), depth: 0, heredocs: Vec::new(), comments: Vec::new() };
    let body = reader.list(&parsed.file.body).filter(|_| reader.at == text.len() && !reader.hides_comments());
    let Some(body) = body else { return opaque("it is not understood to the last byte") };
    reader.comments.sort_unstable();
    reader.comments.dedup();
    let mut commands = Vec::new();
    collect(&body, &mut commands);
    if commands.iter().any(|command| sets_alias(command)) {
        return opaque("it defines an alias");
    }
    (Ok(body), reader.comments)
}

/// How often a word `time` or `coproc` stands in the text, one that continuations cut up included.
fn prefixes(text: &str) -> usize {
    let joined = if text.contains("\\\n") { Cow::Owned(text.replace("\\\n", "")) } else { Cow::Borrowed(text) };
    if !joined.contains("time") && !joined.contains("coproc") {
        return 0;
    }
    joined.split(|char: char| !char.is_alphanumeric()).filter(|word| matches!(*word, "time" | "coproc")).count()
}

/// An alias changes how what follows is read.
fn sets_alias(command: &Simple) -> bool {
    let mut words = command.words.iter().map(|word| word.literal.as_deref());
    match words.next() {
        Some(Some("alias")) => true,
        Some(Some("shopt")) => words.any(|word| word.is_none_or(|word| word == "expand_aliases")),
        _ => false,
    }
}

/// Appends every simple command below `list`, in order of writing.
pub(super) fn collect<'a>(list: &'a List, all: &mut Vec<&'a Simple>) {
    for item in &list.items {
        let pipelines = std::iter::once(&item.and_or.first).chain(item.and_or.rest.iter().map(|(_, _, next)| next));
        for command in pipelines.flat_map(|pipeline| &pipeline.commands) {
            match command {
                Command::Simple(simple) => {
                    all.push(simple);
                    // What is nested starts behind the command, but in which order it was written is the span's say.
                    let words = (simple.assignments.iter().map(|assignment| &assignment.value))
                        .chain(&simple.words)
                        .chain(simple.redirections.iter().map(|redirection| &redirection.target));
                    let mut lists: Vec<&List> = words.flat_map(|word| &word.substitutions).collect();
                    lists.sort_by_key(|list| list.span);
                    lists.into_iter().for_each(|list| collect(list, all));
                }
                Command::Compound(compound) => collect_compound(compound, all),
                Command::Function(function) => collect_compound(&function.body, all),
                Command::Opaque(_) => {}
            }
        }
    }
}

fn collect_compound<'a>(compound: &'a Compound, all: &mut Vec<&'a Simple>) {
    let words = compound.words.iter().chain(compound.redirections.iter().map(|redirection| &redirection.target));
    let mut lists: Vec<&List> = compound.lists.iter().chain(words.flat_map(|word| &word.substitutions)).collect();
    lists.sort_by_key(|list| list.span);
    for list in lists {
        collect(list, all);
    }
}

/// The cursor.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// Where the region that is read ends: the text's end, or the closing delimiter of a substitution.
    end: usize,
    depth: usize,
    /// Bodies of here-documents that the cursor has not passed, and where the line of their delimiter ends.
    heredocs: Vec<(Span, usize)>,
    comments: Vec<Span>,
}

impl Reader<'_> {
    /// A list, and what follows its last separator up to the next token.
    fn list(&mut self, seq: &ast::StmtSeq) -> Option<List> {
        self.deeper(|reader| {
            reader.skip();
            let mut items: Vec<Item> = Vec::with_capacity(seq.stmts.len());
            for stmt in &seq.stmts {
                // The next command needs something before it.
                if items.last().is_some_and(|item| item.separator == Separator::End) {
                    return None;
                }
                let and_or = reader.and_or(stmt)?;
                let (separator, separator_span) = reader.separator();
                items.push(Item { and_or, separator, separator_span });
                reader.skip();
            }
            let span = match (items.first(), items.last()) {
                (Some(first), Some(last)) => first.and_or.span.cover(last.and_or.span).cover(last.separator_span),
                _ => Span::at(reader.at),
            };
            Some(List { span, items })
        })
    }

    fn separator(&mut self) -> (Separator, Span) {
        let behind = self.at;
        self.skip_blanks();
        let start = self.at;
        let rest = self.rest();
        let separator = match rest.as_bytes() {
            [b';', b';' | b'&', ..] | [b'&', b'&' | b'>', ..] => Separator::End,
            [b';', ..] => Separator::Semicolon,
            [b'&', ..] => Separator::Background,
            [b'\n', ..] => Separator::Newline,
            [b'#', ..] => {
                self.skip_comment();
                let start = self.at;
                if self.skip_newline() {
                    return (Separator::Newline, Span::new(start, start + 1));
                }
                Separator::End
            }
            _ => Separator::End,
        };
        match separator {
            Separator::End => return (separator, Span::at(behind)),
            Separator::Newline => _ = self.skip_newline(),
            Separator::Semicolon | Separator::Background => self.at += 1,
        }
        (separator, Span::new(start, start + 1))
    }

    /// An AND-OR list. The parser's tree leans to the left.
    fn and_or(&mut self, stmt: &ast::Stmt) -> Option<AndOr> {
        let mut stmt = stmt;
        let mut links = Vec::new();
        while let ast::Command::Binary(binary) = &stmt.command {
            let operator = match binary.op {
                ast::BinaryOp::And => Operator::And,
                ast::BinaryOp::Or => Operator::Or,
                ast::BinaryOp::Pipe | ast::BinaryOp::PipeAll => break,
            };
            if stmt.negated || !stmt.redirects.is_empty() {
                return None;
            }
            links.push((operator, &*binary.right));
            stmt = &binary.left;
        }
        let first = self.pipeline(stmt)?;
        let mut span = first.span;
        let mut rest = Vec::with_capacity(links.len());
        for (operator, right) in links.into_iter().rev() {
            let token = match operator {
                Operator::And => "&&",
                Operator::Or => "||",
            };
            self.skip_blanks();
            let operator_span = Span::new(self.at, self.at + token.len());
            self.expect(token)?;
            self.skip();
            let pipeline = self.pipeline(right)?;
            span = span.cover(pipeline.span);
            rest.push((operator, operator_span, pipeline));
        }
        Some(AndOr { span, first, rest })
    }

    fn pipeline(&mut self, stmt: &ast::Stmt) -> Option<Pipeline> {
        let start = self.at;
        if stmt.negated {
            self.keyword("!")?;
            self.skip_blanks();
        }
        let mut first = stmt;
        let mut links = Vec::new();
        let mut both = false;
        while let ast::Command::Binary(binary) = &first.command {
            let token = match binary.op {
                ast::BinaryOp::Pipe => "|",
                ast::BinaryOp::PipeAll => "|&",
                ast::BinaryOp::And | ast::BinaryOp::Or => return None,
            };
            if !first.redirects.is_empty() {
                return None;
            }
            both |= token == "|&";
            links.push((token, &*binary.right));
            first = &binary.left;
        }
        let mut commands = vec![self.command(first)?];
        for (token, right) in links.into_iter().rev() {
            if right.negated {
                return None;
            }
            self.skip_blanks();
            if !self.eat(token) {
                return None;
            }
            self.skip();
            commands.push(self.command(right)?);
        }
        let span = Span::new(start, self.at);
        // Only bash has `|&`, and it moves stderr too.
        let commands = if both { vec![Command::Opaque(span)] } else { commands };
        Some(Pipeline { span, negated: stmt.negated, commands })
    }

    fn command(&mut self, stmt: &ast::Stmt) -> Option<Command> {
        match &stmt.command {
            ast::Command::Simple(command) => {
                let named = command.name.span.start.offset() < command.name.span.end.offset();
                let words = named.then_some(&command.name).into_iter().chain(&command.args).map(Part::Word);
                self.simple(&command.assignments, words.collect(), &stmt.redirects)
            }
            ast::Command::Builtin(command) => {
                let (name, first, more, assignments) = match command {
                    ast::BuiltinCommand::Break(it) => ("break", &it.depth, &it.extra_args, &it.assignments),
                    ast::BuiltinCommand::Continue(it) => ("continue", &it.depth, &it.extra_args, &it.assignments),
                    ast::BuiltinCommand::Return(it) => ("return", &it.code, &it.extra_args, &it.assignments),
                    ast::BuiltinCommand::Exit(it) => ("exit", &it.code, &it.extra_args, &it.assignments),
                };
                // The parser does not tell where the name stands: only the plain case is read.
                if !assignments.is_empty() || !self.rest().starts_with(name) {
                    return None;
                }
                let mut words = vec![Part::Operand(Span::new(self.at, self.at + name.len()), Vec::new())];
                words.extend(first.iter().chain(more).map(Part::Word));
                self.simple(assignments, words, &stmt.redirects)
            }
            ast::Command::Decl(command) => {
                let mut words = vec![Part::Operand(span(command.variant_span)?, Vec::new())];
                for operand in &command.operands {
                    words.push(match operand {
                        ast::DeclOperand::Flag(word) | ast::DeclOperand::Dynamic(word) => Part::Word(word),
                        ast::DeclOperand::Name(name) => Part::Operand(span(name.span)?, Vec::new()),
                        ast::DeclOperand::Assignment(assignment) => {
                            let ast::AssignmentValue::Scalar(value) = &assignment.value else { return None };
                            Part::Operand(span(assignment.span)?, vec![value])
                        }
                    });
                }
                self.simple(&command.assignments, words, &stmt.redirects)
            }
            ast::Command::Compound(_) => self.deeper(|reader| reader.compound(stmt)).map(Command::Compound),
            ast::Command::Function(function) => self.deeper(|reader| reader.function(function)).map(Command::Function),
            ast::Command::Binary(_) | ast::Command::AnonymousFunction(_) => None,
        }
    }
}

/// Ours from theirs; `None` if it runs backwards.
fn span(theirs: ast::Span) -> Option<Span> {
    let (start, end) = (theirs.start.offset(), theirs.end.offset());
    (start <= end).then(|| Span::new(start, end))
}
