//! From `shuck-parser`'s tree to ours.
//!
//! The tree says what stands where; it is not believed. A cursor runs over the text, and every byte has to be accounted
//! for: a word starts where the tree says and ends at a boundary; between nodes there is nothing but the operators,
//! keywords, blanks, comments and here-documents that the tree implies. Where that fails, the script is opaque. So a
//! span is exact, or there is none.

use std::borrow::Cow;

use shuck_ast as ast;
use shuck_parser::parser::Parser;
use shuck_parser::{ShellDialect, ShellProfile};

use super::{
    AndOr, Assignment, Command, Compound, CompoundKind, Function, Item, List, MAX_LEN, Opaque, Operator, Pipeline,
    Redirection, Separator, Simple, Word, words,
};
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
                    let mut words: Vec<&Word> = (simple.assignments.iter().map(|assignment| &assignment.value))
                        .chain(&simple.words)
                        .chain(simple.redirections.iter().map(|redirection| &redirection.target))
                        .collect();
                    words.sort_by_key(|word| word.span);
                    collect_words(&words, all);
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

fn collect_words<'a>(words: &[&'a Word], all: &mut Vec<&'a Simple>) {
    for list in words.iter().flat_map(|word| &word.substitutions) {
        collect(list, all);
    }
}

/// One child of a simple command, as the parser has it.
enum Part<'a> {
    Assignment(&'a ast::Assignment),
    Word(&'a ast::Word),
    /// A word that the parser took apart: its span, and the pieces to look for substitutions in.
    Operand(Span, Vec<&'a ast::Word>),
    Redirection(&'a ast::Redirect),
}

impl Part<'_> {
    fn start(&self) -> usize {
        match self {
            Self::Assignment(assignment) => assignment.span.start.offset(),
            Self::Word(word) => word.span.start.offset(),
            Self::Operand(span, _) => span.start,
            Self::Redirection(redirection) => redirection.span.start.offset(),
        }
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

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..self.end).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.rest().bytes().next()
    }

    /// Steps over `token` if it stands here.
    fn eat(&mut self, token: &str) -> bool {
        let stands = self.rest().starts_with(token);
        if stands {
            self.at += token.len();
        }
        stands
    }

    /// Steps over `token`, which has to stand here or behind blanks, line breaks and comments.
    fn expect(&mut self, token: &str) -> Option<()> {
        self.skip();
        self.eat(token).then_some(())
    }

    /// As [`Self::expect`], for a reserved word.
    fn keyword(&mut self, word: &str) -> Option<()> {
        self.expect(word)?;
        self.at_boundary().then_some(())
    }

    /// Whether a word can end here. What a continuation joins to it would belong to it.
    fn at_boundary(&self) -> bool {
        let mut rest = self.rest();
        while let Some(next) = rest.strip_prefix("\\\n") {
            rest = next;
        }
        rest.bytes().next().is_none_or(|byte| b" \t\n;&|<>()".contains(&byte))
    }

    /// Steps over blanks and continuations.
    fn skip_blanks(&mut self) {
        while self.eat(" ") || self.eat("\t") || self.eat("\\\n") {}
    }

    /// Steps over a comment, if one starts here.
    fn skip_comment(&mut self) {
        if self.peek() == Some(b'#') {
            let len = self.rest().find('\n').unwrap_or(self.rest().len());
            self.comments.push(Span::new(self.at, self.at + len));
            self.at += len;
        }
    }

    /// Steps over a line break and the here-documents behind it.
    fn skip_newline(&mut self) -> bool {
        if !self.eat("\n") {
            return false;
        }
        while let Some(next) = self.heredocs.iter().position(|(body, _)| body.start == self.at) {
            self.at = self.heredocs.swap_remove(next).1;
        }
        true
    }

    /// Steps over blanks, line breaks, comments and here-documents.
    fn skip(&mut self) {
        loop {
            self.skip_blanks();
            self.skip_comment();
            if !self.skip_newline() {
                return;
            }
        }
    }

    /// Runs `read` one level deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// A here-document that no line break led to was not accounted for.
    fn hides_comments(&self) -> bool {
        !self.heredocs.is_empty()
    }

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

    fn simple(
        &mut self,
        assignments: &[ast::Assignment],
        words: Vec<Part>,
        redirects: &[ast::Redirect],
    ) -> Option<Command> {
        let start = self.at;
        let mut parts = words;
        parts.extend(assignments.iter().map(Part::Assignment));
        parts.extend(redirects.iter().map(Part::Redirection));
        // Stable: of `&>>` the parser makes two that start together.
        parts.sort_by_key(Part::start);
        let mut simple =
            Simple { span: Span::at(start), assignments: Vec::new(), words: Vec::new(), redirections: Vec::new() };
        let mut posix = true;
        let mut end = start;
        let mut parts = parts.into_iter();
        while let Some(part) = parts.next() {
            self.skip_blanks();
            match part {
                Part::Assignment(assignment) => match self.assignment(assignment)? {
                    Some(assignment) => simple.assignments.push(assignment),
                    None => posix = false,
                },
                Part::Word(word) => simple.words.push(self.word(span(word.span)?, &[word])?),
                Part::Operand(span, pieces) => simple.words.push(self.word(span, &pieces)?),
                Part::Redirection(redirect) => {
                    let redirection = self.redirection(redirect)?;
                    if &*redirection.operator == "&>>" {
                        parts.next();
                    }
                    simple.redirections.push(redirection);
                }
            }
            end = self.at;
        }
        simple.span = Span::new(start, end);
        // Nothing at all is not a command.
        (start < end).then_some(if posix { Command::Simple(simple) } else { Command::Opaque(simple.span) })
    }

    /// An assignment; `Some(None)` if it is one in bash alone (`a+=b`, `a[1]=b`, `a=(b)`).
    #[allow(clippy::option_option)]
    fn assignment(&mut self, assignment: &ast::Assignment) -> Option<Option<Assignment>> {
        let (whole, name) = (span(assignment.span)?, span(assignment.target.name_span)?);
        if whole.start != self.at || name.start != self.at || name.is_empty() || whole.end > self.end {
            return None;
        }
        let plain = !assignment.append && assignment.target.subscript.is_none();
        if let (true, ast::AssignmentValue::Scalar(value)) = (plain, &assignment.value) {
            self.at = name.end;
            if !self.eat("=") {
                return None;
            }
            let value = self.word(Span::new(self.at, whole.end.max(self.at)), &[value])?;
            return Some(Some(Assignment { span: whole, name, value }));
        }
        self.at = whole.end;
        let comment = self.text.get(whole.start..whole.end)?.contains('#');
        (self.at_boundary() && !comment).then_some(None)
    }

    fn redirection(&mut self, redirect: &ast::Redirect) -> Option<Redirection> {
        let start = self.at;
        if redirect.fd_var.is_some() {
            return None;
        }
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += digits;
        const OPERATORS: [&str; 12] = ["<<<", "<<-", "&>>", "<<", ">>", ">&", "<&", "&>", ">|", "<>", "<", ">"];
        let operator = OPERATORS.into_iter().find(|operator| self.rest().starts_with(operator))?;
        use ast::RedirectKind as Kind;
        let kind = match operator {
            "<<<" => Kind::HereString,
            "<<-" => Kind::HereDocStrip,
            "<<" => Kind::HereDoc,
            ">>" | "&>>" => Kind::Append,
            ">&" => Kind::DupOutput,
            "<&" => Kind::DupInput,
            "&>" => Kind::OutputBoth,
            ">|" => Kind::Clobber,
            "<>" => Kind::ReadWrite,
            "<" => Kind::Input,
            _ => Kind::Output,
        };
        // `>&file` is `&>file` to bash.
        if redirect.kind != kind && !(operator == ">&" && redirect.kind == Kind::OutputBoth) {
            return None;
        }
        self.at += operator.len();
        self.skip_blanks();
        let (target, heredoc) = match &redirect.target {
            ast::RedirectTarget::Word(word) => {
                let written = span(word.span)?;
                // Of `2>&1` the parser keeps no target.
                let written = if written.start == self.at && !written.is_empty() {
                    written
                } else {
                    let len = self.rest().bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'-').count();
                    Span::new(self.at, self.at + len)
                };
                if written.is_empty() {
                    return None;
                }
                (self.word(written, &[word])?, None)
            }
            ast::RedirectTarget::Heredoc(heredoc) => {
                let target = self.word(span(heredoc.delimiter.raw.span)?, &[])?;
                (target, Some(self.heredoc(heredoc)?))
            }
        };
        Some(Redirection { span: Span::new(start, self.at), operator: operator.into(), target, heredoc })
    }

    /// Checks the body of a here-document, and remembers it for the line break that leads to it.
    fn heredoc(&mut self, heredoc: &ast::Heredoc) -> Option<Span> {
        let body = span(heredoc.body.span)?;
        if body.start <= self.at || self.text.as_bytes().get(body.start - 1) != Some(&b'\n') {
            return None;
        }
        let rest = self.text.get(body.end..self.end)?;
        let line = rest.split('\n').next()?;
        let delimiter = if heredoc.delimiter.strip_tabs { line.trim_start_matches('\t') } else { line };
        if delimiter != heredoc.delimiter.cooked.as_str() || !(body.is_empty() || self.text[..body.end].ends_with('\n'))
        {
            return None;
        }
        let end = body.end + line.len();
        self.heredocs.push((body, (end + 1).min(self.end)));
        Some(body)
    }

    /// The word at `written`, which the parser has as `pieces`.
    fn word(&mut self, mut written: Span, pieces: &[&ast::Word]) -> Option<Word> {
        if written.start != self.at || written.end > self.end {
            return None;
        }
        let mut raw = self.text.get(written.start..written.end)?;
        // The parser may take a continuation behind a word for part of it.
        while let Some(shorter) = raw.strip_suffix("\\\n") {
            raw = shorter;
        }
        written.end = written.start + raw.len();
        let literal = words::literal(raw);
        let substitutions = if literal.is_some() { Vec::new() } else { self.substitutions(written, pieces)? };
        self.at = written.end;
        self.at_boundary().then_some(Word { span: written, literal, substitutions })
    }

    /// The lists inside the substitutions of a word. What the parser did not find, but may be one, is opaque.
    fn substitutions(&mut self, written: Span, pieces: &[&ast::Word]) -> Option<Vec<List>> {
        let mut found = Vec::new();
        for piece in pieces {
            word_bodies(piece, &mut found);
        }
        let mut lists = Vec::new();
        let mut found: Vec<(Span, &ast::StmtSeq)> =
            found.into_iter().map(|(place, seq)| Some((span(place)?, seq))).collect::<Option<_>>()?;
        found.sort_by_key(|(place, _)| *place);
        let mut plain = Vec::new();
        let mut at = written.start;
        for (place, seq) in found {
            if place.start < at || place.end > written.end {
                return None;
            }
            plain.push(Span::new(at, place.start));
            at = place.end;
            lists.push(self.substitution(place, seq)?);
        }
        plain.push(Span::new(at, written.end));
        if plain.into_iter().any(|span| self.text.get(span.start..span.end).is_none_or(may_substitute)) {
            lists.push(opaque_list(written));
        }
        Some(lists)
    }

    /// The list inside `$(…)`, `` `…` ``, `<(…)` or `>(…)`.
    fn substitution(&mut self, place: Span, seq: &ast::StmtSeq) -> Option<List> {
        let raw = self.text.get(place.start..place.end)?;
        let inside =
            if raw.len() >= 3 && ["$(", "<(", ">("].iter().any(|open| raw.starts_with(open)) && raw.ends_with(')') {
                Span::new(place.start + 2, place.end - 1)
            } else if raw.len() >= 2 && raw.starts_with('`') && raw.ends_with('`') {
                // A backslash in backquotes is taken away before the commands are read.
                if raw.contains('\\') {
                    return Some(opaque_list(place));
                }
                Span::new(place.start + 1, place.end - 1)
            } else {
                return None;
            };
        let outside = (self.at, self.end, std::mem::take(&mut self.heredocs));
        (self.at, self.end) = (inside.start, inside.end);
        let list = self.list(seq)?;
        if self.at != inside.end || !self.heredocs.is_empty() {
            return None;
        }
        (self.at, self.end, self.heredocs) = outside;
        Some(list)
    }

    fn redirections(&mut self, redirects: &[ast::Redirect]) -> Option<Vec<Redirection>> {
        let mut redirections = Vec::with_capacity(redirects.len());
        let mut redirects = redirects.iter();
        while let Some(redirect) = redirects.next() {
            self.skip_blanks();
            let redirection = self.redirection(redirect)?;
            if &*redirection.operator == "&>>" {
                redirects.next();
            }
            redirections.push(redirection);
        }
        Some(redirections)
    }

    fn compound(&mut self, stmt: &ast::Stmt) -> Option<Compound> {
        let ast::Command::Compound(command) = &stmt.command else { return None };
        let start = self.at;
        let mut words = Vec::new();
        let mut lists = Vec::new();
        let kind = match command {
            ast::CompoundCommand::BraceGroup(body) => {
                self.keyword("{")?;
                lists.push(self.list(body)?);
                self.keyword("}")?;
                CompoundKind::Brace
            }
            ast::CompoundCommand::Subshell(body) => {
                self.expect("(")?;
                lists.push(self.list(body)?);
                self.expect(")")?;
                CompoundKind::Subshell
            }
            ast::CompoundCommand::If(command) if matches!(command.syntax, ast::IfSyntax::ThenFi { .. }) => {
                let first = std::iter::once((&command.condition, &command.then_branch));
                let more = command.elif_branches.iter().map(|(condition, body)| (condition, body));
                for (nth, (condition, body)) in first.chain(more).enumerate() {
                    self.keyword(if nth == 0 { "if" } else { "elif" })?;
                    lists.push(self.list(condition)?);
                    self.keyword("then")?;
                    lists.push(self.list(body)?);
                }
                if let Some(body) = &command.else_branch {
                    self.keyword("else")?;
                    lists.push(self.list(body)?);
                }
                self.keyword("fi")?;
                CompoundKind::If
            }
            ast::CompoundCommand::While(command) => {
                self.repeated("while", &command.condition, &command.body, &mut lists)?;
                CompoundKind::While
            }
            ast::CompoundCommand::Until(command) => {
                self.repeated("until", &command.condition, &command.body, &mut lists)?;
                CompoundKind::Until
            }
            ast::CompoundCommand::For(command) if matches!(command.syntax, ast::ForSyntax::InDoDone { .. }) => {
                self.keyword("for")?;
                self.skip_blanks();
                let [target] = &*command.targets else { return None };
                let name = self.word(span(target.span)?, &[])?;
                name.literal?;
                self.skip();
                if let Some(values) = &command.words {
                    self.keyword("in")?;
                    for value in values {
                        self.skip_blanks();
                        words.push(self.word(span(value.span)?, &[value])?);
                    }
                    self.skip_blanks();
                }
                self.eat(";");
                self.keyword("do")?;
                lists.push(self.list(&command.body)?);
                self.keyword("done")?;
                // Without `in` it runs over the parameters of the script.
                if command.words.is_some() { CompoundKind::For } else { CompoundKind::Other }
            }
            ast::CompoundCommand::Case(command) => self.case(command, &mut words, &mut lists)?,
            ast::CompoundCommand::Conditional(command) => {
                let mut found = Vec::new();
                conditional_words(&command.expression, &mut found);
                let inside = Span::new(span(command.left_bracket_span)?.end, span(command.right_bracket_span)?.start);
                self.test("[[", inside, "]]", &found, &mut words)?;
                CompoundKind::Test
            }
            ast::CompoundCommand::Arithmetic(command) => {
                let inside = Span::new(span(command.left_paren_span)?.end, span(command.right_paren_span)?.start);
                self.test("((", inside, "))", &[], &mut words)?;
                CompoundKind::Test
            }
            ast::CompoundCommand::Time(command) => self.other(command.span)?,
            ast::CompoundCommand::Coproc(command) => self.other(command.span)?,
            ast::CompoundCommand::Select(command) => self.other(command.span)?,
            ast::CompoundCommand::ArithmeticFor(command) => self.other(command.span)?,
            _ => return None,
        };
        let redirections = self.redirections(&stmt.redirects)?;
        Some(Compound { span: Span::new(start, self.at), kind, lists, words, redirections })
    }

    /// `while` and `until`.
    fn repeated(
        &mut self,
        word: &str,
        condition: &ast::StmtSeq,
        body: &ast::StmtSeq,
        lists: &mut Vec<List>,
    ) -> Option<()> {
        self.keyword(word)?;
        lists.push(self.list(condition)?);
        self.keyword("do")?;
        lists.push(self.list(body)?);
        self.keyword("done")
    }

    fn case(
        &mut self,
        command: &ast::CaseCommand,
        words: &mut Vec<Word>,
        lists: &mut Vec<List>,
    ) -> Option<CompoundKind> {
        let mut kind = CompoundKind::Case;
        self.keyword("case")?;
        self.skip_blanks();
        words.push(self.word(span(command.word.span)?, &[&command.word])?);
        self.keyword("in")?;
        self.skip();
        for (nth, arm) in command.cases.iter().enumerate() {
            self.skip();
            self.eat("(");
            for (nth, pattern) in arm.patterns.iter().enumerate() {
                self.skip_blanks();
                if nth > 0 && !self.eat("|") {
                    return None;
                }
                self.skip_blanks();
                let mut pieces = Vec::new();
                pattern_words(pattern, &mut pieces);
                words.push(self.word(span(pattern.span)?, &pieces)?);
            }
            self.skip_blanks();
            if !self.eat(")") {
                return None;
            }
            lists.push(self.list(&arm.body)?);
            let last = nth + 1 == command.cases.len();
            if !self.eat(";;&") && !self.eat(";&") {
                if !self.eat(";;") && !last {
                    return None;
                }
            } else {
                // Only bash and newer standards go on to the next arm.
                kind = CompoundKind::Other;
            }
        }
        self.keyword("esac")?;
        Some(kind)
    }

    /// `[[ … ]]` and `(( … ))`.
    fn test(
        &mut self,
        open: &str,
        inside: Span,
        close: &str,
        pieces: &[&ast::Word],
        words: &mut Vec<Word>,
    ) -> Option<()> {
        if !self.eat(open) || inside.start != self.at || inside.end + close.len() > self.end {
            return None;
        }
        let raw = self.text.get(inside.start..inside.end)?;
        let blank = |byte: char| matches!(byte, ' ' | '\t' | '\n');
        let start = inside.end - raw.trim_start_matches(blank).len();
        let expression =
            Span::new(start.min(inside.end), (inside.start + raw.trim_end_matches(blank).len()).max(start));
        let substitutions = self.substitutions(expression, pieces)?;
        words.push(Word { span: expression, literal: None, substitutions });
        self.at = inside.end;
        // A comment in a test is bash's, and none is worth the trouble.
        let comment = raw.contains(" #") || raw.contains("\n#");
        (self.eat(close) && self.at_boundary() && !comment).then_some(())
    }

    /// A compound command that is stepped over.
    fn other(&mut self, place: ast::Span) -> Option<CompoundKind> {
        let place = span(place)?;
        let raw = self.text.get(place.start..place.end)?;
        if place.start != self.at || place.end > self.end || raw.contains('#') || raw.contains("<<") {
            return None;
        }
        self.at = place.start + raw.trim_end_matches([' ', '\t', '\n', ';']).len();
        Some(CompoundKind::Other)
    }

    fn function(&mut self, function: &ast::FunctionDef) -> Option<Function> {
        let start = self.at;
        let keyword = function.header.function_keyword_span.is_some();
        if keyword {
            self.keyword("function")?;
            self.skip_blanks();
        }
        let [entry] = &*function.header.entries else { return None };
        let name = self.word(span(entry.word.span)?, &[])?;
        name.literal?;
        if function.header.trailing_parens_span.is_some() {
            self.skip_blanks();
            let parens = self.eat("(") && {
                self.skip_blanks();
                self.eat(")")
            };
            parens.then_some(())?;
        }
        self.skip();
        let body = self.compound(&function.body)?;
        Some(Function { span: Span::new(start, self.at), name: name.span, body: Box::new(body) })
    }
}

/// A list of one command that is not known.
fn opaque_list(span: Span) -> List {
    let first = Pipeline { span, negated: false, commands: vec![Command::Opaque(span)] };
    let and_or = AndOr { span, first, rest: Vec::new() };
    List { span, items: vec![Item { and_or, separator: Separator::End, separator_span: Span::at(span.end) }] }
}

/// Whether text of a word outside the substitutions that were found may hold another one.
fn may_substitute(raw: &str) -> bool {
    raw.contains('`')
        || raw.contains("<(")
        || raw.contains(">(")
        || raw.match_indices("$(").any(|(at, _)| !raw[at + 2..].starts_with('('))
}

/// Ours from theirs; `None` if it runs backwards.
fn span(theirs: ast::Span) -> Option<Span> {
    let (start, end) = (theirs.start.offset(), theirs.end.offset());
    (start <= end).then(|| Span::new(start, end))
}

type Bodies<'a> = Vec<(ast::Span, &'a ast::StmtSeq)>;

/// The substitutions of a word, outermost only.
fn word_bodies<'a>(word: &'a ast::Word, found: &mut Bodies<'a>) {
    for part in &word.parts {
        part_bodies(part, found);
    }
}

fn part_bodies<'a>(part: &'a ast::WordPartNode, found: &mut Bodies<'a>) {
    use ast::WordPart as Part;
    match &part.kind {
        Part::DoubleQuoted { parts, .. } => parts.iter().for_each(|part| part_bodies(part, found)),
        Part::CommandSubstitution { body, .. } | Part::ProcessSubstitution { body, .. } => {
            found.push((part.span, body))
        }
        Part::ArithmeticExpansion { expression_word_ast, .. } => word_bodies(expression_word_ast, found),
        Part::Parameter(parameter) => {
            if let Some(word) = parameter.bourne().and_then(ast::BourneParameterExpansion::operand_word_ast) {
                word_bodies(word, found);
            }
        }
        Part::ParameterExpansion { operand_word_ast: Some(word), .. }
        | Part::IndirectExpansion { operand_word_ast: Some(word), .. } => word_bodies(word, found),
        _ => {}
    }
}

fn conditional_words<'a>(expression: &'a ast::ConditionalExpr, found: &mut Vec<&'a ast::Word>) {
    use ast::ConditionalExpr as Expr;
    match expression {
        Expr::Binary(binary) => {
            conditional_words(&binary.left, found);
            conditional_words(&binary.right, found);
        }
        Expr::Unary(unary) => conditional_words(&unary.expr, found),
        Expr::Parenthesized(inner) => conditional_words(&inner.expr, found),
        Expr::Word(word) | Expr::Regex(word) => found.push(word),
        Expr::Pattern(pattern) => pattern_words(pattern, found),
        Expr::VarRef(_) => {}
    }
}

fn pattern_words<'a>(pattern: &'a ast::Pattern, found: &mut Vec<&'a ast::Word>) {
    for part in &pattern.parts {
        match &part.kind {
            ast::PatternPart::Word(word) => found.push(word),
            ast::PatternPart::Group { patterns, .. } => {
                patterns.iter().for_each(|pattern| pattern_words(pattern, found));
            }
            _ => {}
        }
    }
}
