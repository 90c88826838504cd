//! Compound commands and functions.

use shuck_ast as ast;

use super::{Reader, span};
use crate::shell::{Compound, CompoundKind, Function, List, Word};
use crate::source::Span;

impl Reader<'_> {
    pub(super) fn compound(&mut self, stmt: &ast::Stmt) -> Option<Compound> {
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
    pub(super) fn repeated(
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

    pub(super) fn case(
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
    pub(super) fn test(
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
    pub(super) fn other(&mut self, place: ast::Span) -> Option<CompoundKind> {
        let place = span(place)?;
        let raw = self.text.get(place.start..place.end)?;
        if place.start != self.at || place.end > self.end || raw.contains('#') || raw.contains("<<") {
            return None;
        }
        self.at = place.start + raw.trim_end_matches([' ', '\t', '\n', ';']).len();
        Some(CompoundKind::Other)
    }

    pub(super) fn function(&mut self, function: &ast::FunctionDef) -> Option<Function> {
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
