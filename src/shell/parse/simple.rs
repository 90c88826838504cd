//! Simple commands: assignments, words and what they substitute, redirections.

use shuck_ast as ast;

use super::{Reader, span};
use crate::shell::{AndOr, Assignment, Command, Item, List, Pipeline, Redirection, Separator, Simple, Word, words};
use crate::source::Span;

/// One child of a simple command, as the parser has it.
pub(super) enum Part<'a> {
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

impl Reader<'_> {
    pub(super) fn simple(
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
    pub(super) fn assignment(&mut self, assignment: &ast::Assignment) -> Option<Option<Assignment>> {
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

    pub(super) fn redirection(&mut self, redirect: &ast::Redirect) -> Option<Redirection> {
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
    pub(super) fn heredoc(&mut self, heredoc: &ast::Heredoc) -> Option<Span> {
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
    pub(super) fn word(&mut self, mut written: Span, pieces: &[&ast::Word]) -> Option<Word> {
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
    pub(super) fn substitutions(&mut self, written: Span, pieces: &[&ast::Word]) -> Option<Vec<List>> {
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
    pub(super) fn substitution(&mut self, place: Span, seq: &ast::StmtSeq) -> Option<List> {
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

    pub(super) fn redirections(&mut self, redirects: &[ast::Redirect]) -> Option<Vec<Redirection>> {
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
