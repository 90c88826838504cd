//! Text and changes to it. Knows nothing of Dockerfiles.
//!
//! Offsets are bytes into UTF-8 text. An [`Edit`] names the text that it expects, so that one made
//! for another revision fails loudly; [`Edits`] are sorted, disjoint and applied all or not at all.

use std::fmt;
use std::ops::Range;

/// A half-open range of bytes in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` to `end`.
    ///
    /// # Panics
    /// If `end < start`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        assert!(start <= end, "a span does not run backwards");
        Self { start, end }
    }

    /// The empty span at `offset`.
    #[must_use]
    pub const fn at(offset: usize) -> Self {
        Self { start: offset, end: offset }
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it holds no byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies within it; an empty span at either end does.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether a byte is in both.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The bytes that are in both, if any.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let (start, end) = (self.start.max(other.start), self.end.min(other.end));
        (start < end).then_some(Self { start, end })
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The text that it names.
    ///
    /// # Panics
    /// If it does not lie on character boundaries of `text`.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        &text[Range::from(self)]
    }
}

impl From<Span> for Range<usize> {
    fn from(span: Span) -> Self {
        span.start..span.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// Offsets of line starts, for turning an offset into a line number.
#[derive(Clone, Debug)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// The lines of `text`, ended by LF (a lone CR ends no line, as in BuildKit's scanner).
    #[must_use]
    pub fn of(text: &str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        Self(std::iter::once(0).chain(ends.map(|at| at + 1)).collect())
    }

    /// The line that holds `offset`, from 1.
    #[must_use]
    pub fn number(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }

    /// Where line `number` (from 1) starts, if there is such a line.
    #[must_use]
    pub fn start(&self, number: usize) -> Option<usize> {
        self.0.get(number.checked_sub(1)?).copied()
    }
}

/// A replacement of one span.
///
/// ```
/// use dockwright::source::{Edit, Edits, Span};
///
/// let text = "RUN apt install curl";
/// let mut edits = Edits::new();
/// edits.add(Edit::replace(text, Span::new(4, 7), "apt-get")).unwrap();
/// edits.add(Edit::insert(15, " -y")).unwrap();
/// assert_eq!(edits.apply(text).unwrap(), "RUN apt-get install -y curl");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// The text that must stand at `span`.
    pub expected: Box<str>,
    /// What stands there afterwards.
    pub replacement: Box<str>,
}

impl Edit {
    /// Replaces `span` of `text`.
    #[must_use]
    pub fn replace(text: &str, span: Span, replacement: impl Into<Box<str>>) -> Self {
        Self { span, expected: span.of(text).into(), replacement: replacement.into() }
    }

    /// Inserts at `offset`.
    #[must_use]
    pub fn insert(offset: usize, inserted: impl Into<Box<str>>) -> Self {
        Self { span: Span::at(offset), expected: "".into(), replacement: inserted.into() }
    }

    /// Removes `span` of `text`.
    #[must_use]
    pub fn delete(text: &str, span: Span) -> Self {
        Self::replace(text, span, "")
    }

    /// Whether the order in which both are applied matters, or they touch the same bytes.
    fn conflicts(&self, other: &Self) -> bool {
        if self.span.is_empty() && other.span.is_empty() {
            return self.span == other.span;
        }
        // An insertion at the edge of a replaced span is unambiguous only outside of it.
        self.span.overlaps(other.span)
            || (self.span.is_empty() && other.span.start < self.span.start && self.span.start < other.span.end)
            || (other.span.is_empty() && self.span.start < other.span.start && other.span.start < self.span.end)
    }
}

/// Edits of one text: sorted and disjoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits(Vec<Edit>);

/// Why edits were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Two edits touch the same bytes, or insert at the same offset.
    #[error("two edits touch the bytes {}..{}", .0.start, .0.end)]
    Overlap(Span),
    /// The text is not the one that the edit was made for.
    #[error("the text at {}..{} is not what the edit expects", .0.start, .0.end)]
    Moved(Span),
}

impl Edits {
    /// No edits.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one.
    ///
    /// # Errors
    /// [`EditError::Overlap`] if it conflicts with one that is there; nothing is added then.
    pub fn add(&mut self, edit: Edit) -> Result<(), EditError> {
        let at = self.0.partition_point(|other| (other.span.start, other.span.end) <= (edit.span.start, edit.span.end));
        let near = self.0[..at].last().into_iter().chain(self.0.get(at));
        if near.clone().any(|other| other.conflicts(&edit)) {
            return Err(EditError::Overlap(edit.span));
        }
        self.0.insert(at, edit);
        Ok(())
    }

    /// Adds all of `others`.
    ///
    /// # Errors
    /// [`EditError::Overlap`] if one conflicts; none is added then.
    pub fn extend(&mut self, others: &Self) -> Result<(), EditError> {
        let mut all = self.clone();
        for edit in &others.0 {
            all.add(edit.clone())?;
        }
        *self = all;
        Ok(())
    }

    /// In the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Edit> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a byte of the edited text came from: inside a replacement, the start of what it replaced.
    #[must_use]
    pub fn origin(&self, offset: usize) -> usize {
        let mut shift = 0_isize;
        for edit in &self.0 {
            let start = edit.span.start.strict_add_signed(shift);
            if offset < start {
                break;
            }
            if offset < start + edit.replacement.len() {
                return edit.span.start;
            }
            shift += edit.replacement.len().cast_signed() - edit.span.len().cast_signed();
        }
        offset.strict_add_signed(-shift)
    }

    /// Where a byte of the text stands after the edits; inside a replaced span, the start of the replacement.
    #[must_use]
    pub fn destination(&self, offset: usize) -> usize {
        let mut shift = 0_isize;
        for edit in &self.0 {
            if edit.span.end <= offset {
                shift += edit.replacement.len().cast_signed() - edit.span.len().cast_signed();
            } else if edit.span.start <= offset {
                return edit.span.start.strict_add_signed(shift);
            }
        }
        offset.strict_add_signed(shift)
    }

    /// The text after all of them.
    ///
    /// # Errors
    /// [`EditError::Moved`] if `text` is not the one that they were made for.
    pub fn apply(&self, text: &str) -> Result<String, EditError> {
        let mut out = String::with_capacity(text.len() + 256);
        let mut done = 0;
        for edit in &self.0 {
            if text.get(Range::from(edit.span)) != Some(&edit.expected) {
                return Err(EditError::Moved(edit.span));
            }
            out.push_str(&text[done..edit.span.start]);
            out.push_str(&edit.replacement);
            done = edit.span.end;
        }
        out.push_str(&text[done..]);
        Ok(out)
    }
}

impl FromIterator<Edit> for Edits {
    /// Collects edits that are known to be disjoint.
    ///
    /// # Panics
    /// If they are not: that is a bug of the caller. Use [`Edits::add`] where they may overlap.
    fn from_iter<I: IntoIterator<Item = Edit>>(edits: I) -> Self {
        let mut all = Self::new();
        for edit in edits {
            all.add(edit).expect("disjoint edits");
        }
        all
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_disjoint_and_sorted() {
        let text = "0123456789";
        let mut edits = Edits::new();
        edits.add(Edit::replace(text, Span::new(5, 7), "x")).unwrap();
        edits.add(Edit::delete(text, Span::new(1, 2))).unwrap();
        assert_eq!(edits.add(Edit::delete(text, Span::new(6, 8))), Err(EditError::Overlap(Span::new(6, 8))));
        assert_eq!(edits.add(Edit::insert(6, "!")), Err(EditError::Overlap(Span::at(6))));
        edits.add(Edit::insert(5, "<")).unwrap();
        edits.add(Edit::insert(7, ">")).unwrap();
        assert_eq!(edits.add(Edit::insert(7, "?")), Err(EditError::Overlap(Span::at(7))));
        assert_eq!(edits.apply(text).unwrap(), "0234<x>789");
        assert_eq!([0, 1, 2, 4, 5, 7, 9].map(|at| edits.destination(at)), [0, 1, 1, 3, 5, 7, 9]);
        assert_eq!([0, 1, 3, 4, 5, 6, 7, 9].map(|at| edits.origin(at)), [0, 2, 4, 5, 5, 7, 7, 9]);
    }

    #[test]
    fn a_moved_text_is_refused() {
        let edits: Edits = [Edit::delete("abc", Span::new(1, 2))].into_iter().collect();
        assert_eq!(edits.apply("aXc"), Err(EditError::Moved(Span::new(1, 2))));
        assert_eq!(edits.apply("é"), Err(EditError::Moved(Span::new(1, 2))));
    }

    #[test]
    fn lines_are_numbered_from_one() {
        let lines = Lines::of("a\nb\r\n\nc");
        assert_eq!([0, 1, 2, 5, 6].map(|at| lines.number(at)), [1, 1, 2, 3, 4]);
        assert_eq!(lines.start(3), Some(5));
        assert_eq!(lines.start(9), None);
    }
}
