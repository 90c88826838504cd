//! The cursor: what it steps over, and what it will not.

use super::{MAX_DEPTH, Reader};
use crate::source::Span;

impl<'t> Reader<'t> {
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..self.end).unwrap_or("")
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest().bytes().next()
    }

    /// Steps over `token` if it stands here.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let stands = self.rest().starts_with(token);
        if stands {
            self.at += token.len();
        }
        stands
    }

    /// Steps over `token`, which has to stand here or behind blanks, line breaks and comments.
    pub(super) fn expect(&mut self, token: &str) -> Option<()> {
        self.skip();
        self.eat(token).then_some(())
    }

    /// As [`Self::expect`], for a reserved word.
    pub(super) fn keyword(&mut self, word: &str) -> Option<()> {
        self.expect(word)?;
        self.at_boundary().then_some(())
    }

    /// Whether a word can end here. What a continuation joins to it would belong to it.
    pub(super) fn at_boundary(&self) -> bool {
        let mut rest = self.rest();
        while let Some(next) = rest.strip_prefix("\\\n") {
            rest = next;
        }
        rest.bytes().next().is_none_or(|byte| b" \t\n;&|<>()".contains(&byte))
    }

    /// Steps over blanks and continuations.
    pub(super) fn skip_blanks(&mut self) {
        while self.eat(" ") || self.eat("\t") || self.eat("\\\n") {}
    }

    /// Steps over a comment, if one starts here.
    pub(super) fn skip_comment(&mut self) {
        if self.peek() == Some(b'#') {
            let len = self.rest().find('\n').unwrap_or(self.rest().len());
            self.comments.push(Span::new(self.at, self.at + len));
            self.at += len;
        }
    }

    /// Steps over a line break and the here-documents behind it.
    pub(super) fn skip_newline(&mut self) -> bool {
        if !self.eat("\n") {
            return false;
        }
        while let Some(next) = self.heredocs.iter().position(|(body, _)| body.start == self.at) {
            self.at = self.heredocs.swap_remove(next).1;
        }
        true
    }

    /// Steps over blanks, line breaks, comments and here-documents.
    pub(super) fn skip(&mut self) {
        loop {
            self.skip_blanks();
            self.skip_comment();
            if !self.skip_newline() {
                return;
            }
        }
    }

    /// Runs `read` one level deeper.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// A here-document that no line break led to was not accounted for.
    pub(super) fn hides_comments(&self) -> bool {
        !self.heredocs.is_empty()
    }
}
