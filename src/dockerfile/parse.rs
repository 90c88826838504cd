//! Reads the lines of a Dockerfile: directives, comments, instructions, here-documents, and the tokens that tile it.
//!
//! The grammar of lines is that of BuildKit's `parser.go`, to the byte: which line continues which, what a continuation
//! drops, where a here-document ends. What an instruction means is read in [`super::instructions`].

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::instructions::{self, Syntax};
use super::{Directive, Document, Heredoc, Instruction, Kind, Problem, Stage, Token, TokenKind, heredocs, template};
use crate::source::{Lines, Span};

/// BuildKit refuses a physical line that is longer, its line feed not counted.
const MAX_LINE: usize = 65_535;

/// Reads a whole file.
pub(super) fn parse(text: Arc<str>) -> Document {
    let mut reader = Reader::new(&text);
    reader.file();
    let Reader { tokens, directives, instructions, mut problems, escape, .. } = reader;
    let stages = stages(&text, &instructions, &mut problems);
    problems.sort_by_key(|problem| problem.span.start);
    let lines = Lines::of(&text);
    let escape = char::from(escape);
    let scripts = instructions.iter().map(|_| OnceLock::new()).collect();
    let document = Document { lines, escape, directives, instructions, stages, tokens, problems, scripts, text };
    debug_assert!(tiles(&document), "the tokens tile the text");
    document
}

/// Whether each byte is in exactly one token.
fn tiles(document: &Document) -> bool {
    let mut end = 0;
    let gapless = document.tokens.iter().all(|token| {
        let fits = token.span.start == end && !token.span.is_empty();
        end = token.span.end;
        fits && document.text.is_char_boundary(end)
    });
    gapless && end == document.text.len()
}

/// The comment lines directly above instruction `index`.
pub(super) fn comments_above(document: &Document, index: usize) -> Vec<Span> {
    let start = document.instructions[index].span.start;
    let end = document.tokens.partition_point(|token| token.span.start < start);
    let mut comments = Vec::new();
    let mut breaks = 0;
    for token in document.tokens[..end].iter().rev() {
        match token.kind {
            TokenKind::Space => {}
            TokenKind::Break if breaks == 0 => breaks = 1,
            TokenKind::Comment if breaks == 1 => {
                // One that stands inside the instruction before, or inside this one before its keyword, belongs to it.
                comments.push(token.span);
                breaks = 0;
            }
            _ => break,
        }
    }
    if let Some(before) = index.checked_sub(1).map(|before| &document.instructions[before]) {
        comments.retain(|comment| !before.comments.contains(comment));
    }
    comments.reverse();
    comments
}

/// A physical line.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    /// Behind the text: before the line break and the CRs in front of it.
    text_end: usize,
    /// Where the line break starts: LF or CRLF.
    break_start: usize,
    end: usize,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    escape: u8,
    tokens: Vec<Token>,
    directives: Vec<Directive>,
    instructions: Vec<Instruction>,
    problems: Vec<Problem>,
    /// The logical line, where it is not one piece of the source; kept for its memory.
    joined: String,
    starts: Vec<usize>,
    regions: Vec<(TokenKind, Span)>,
    pieces: Vec<Token>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            escape: b'\\',
            tokens: Vec::with_capacity(text.len() / 16),
            directives: Vec::new(),
            instructions: Vec::with_capacity(text.len() / 256),
            problems: Vec::new(),
            joined: String::new(),
            starts: Vec::new(),
            regions: Vec::new(),
            pieces: Vec::new(),
        }
    }

    fn token(&mut self, kind: TokenKind, span: Range<usize>) {
        if !span.is_empty() {
            self.tokens.push(Token { kind, span: span.into() });
        }
    }

    fn problem(&mut self, span: Span, message: impl Into<Box<str>>, help: &str) {
        self.problems.push(Problem { span, message: message.into(), help: Some(help.into()), invalid: true });
    }

    fn next_line(&mut self) -> Option<Line> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        if start == bytes.len() {
            return None;
        }
        let feed = memchr::memchr(b'\n', &bytes[start..]).map(|len| start + len);
        let end = feed.map_or(bytes.len(), |feed| feed + 1);
        let mut text_end = feed.unwrap_or(end);
        if text_end - start > MAX_LINE {
            self.problem(
                Span::new(start, text_end),
                format!("a line is longer than {MAX_LINE} bytes"),
                "break the line with continuations, or move it to a file",
            );
        }
        let mut break_start = text_end;
        if feed.is_some() && text_end > start && bytes[text_end - 1] == b'\r' {
            break_start -= 1;
        }
        while text_end > start && bytes[text_end - 1] == b'\r' {
            text_end -= 1;
        }
        self.at = end;
        Some(Line { start, text_end, break_start, end })
    }

    /// Where the text of a line starts, behind blanks; its end if there is none.
    fn text_start(&self, line: Line) -> usize {
        let mut at = line.start;
        let bytes = self.text.as_bytes();
        while at < line.text_end && matches!(bytes[at], b' ' | b'\t') {
            at += 1;
        }
        // Other blanks are rare.
        if at < line.text_end && (bytes[at] < b'!' || bytes[at] >= 0x80) {
            at = line.text_end - self.text[at..line.text_end].trim_start().len();
        }
        at
    }

    /// Takes the tokens of a line that is a comment or blank; the span of the comment.
    fn dropped(&mut self, line: Line, text_start: usize, kind: TokenKind) -> Option<Span> {
        let text_end = text_start + self.text[text_start..line.text_end].trim_end().len();
        self.token(TokenKind::Space, line.start..text_start);
        self.token(kind, text_start..text_end);
        self.token(TokenKind::Space, text_end..line.break_start);
        self.token(TokenKind::Break, line.break_start..line.end);
        (text_start < text_end).then(|| Span::new(text_start, text_end))
    }

    fn file(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
            self.token(TokenKind::Bom, 0..self.at);
        }
        self.shebang();
        let mut head = true;
        while let Some(line) = self.next_line() {
            let text_start = self.text_start(line);
            if text_start == line.text_end {
                head = false;
                self.dropped(line, text_start, TokenKind::Space);
            } else if self.text.as_bytes()[text_start] == b'#' {
                head = head && self.directive(Span::new(text_start, line.text_end));
                let kind = if head { TokenKind::Directive } else { TokenKind::Comment };
                if let Some(comment) = self.dropped(line, text_start, kind) {
                    self.comment(comment);
                }
            } else {
                head = false;
                self.instruction(line, text_start);
            }
        }
        if self.instructions.is_empty() {
            self.problem(Span::at(self.text.len()), "the file has no instructions", "start with FROM");
        }
    }

    fn comment(&mut self, span: Span) {
        if let Some(mark) = template::comment_marker(span.of(self.text)) {
            self.problems.push(templated(span, mark));
        }
    }

    /// Behind a `#!` line, BuildKit still finds the syntax directive, and no other.
    fn shebang(&mut self) {
        let rest = &self.text[self.at..];
        if !rest.starts_with("#!") {
            return;
        }
        let mut at = self.at;
        for line in rest.split_inclusive('\n') {
            let start = at;
            at += line.len();
            if line.starts_with("#!") && start == self.at {
                continue;
            }
            let Some(found) = directive(self.text, start, line.trim_end_matches(['\n', '\r'])) else { break };
            self.check_syntax(&found);
        }
    }

    /// Reads a parser directive; whether it is one.
    fn directive(&mut self, line: Span) -> bool {
        let Some(found) = directive(self.text, line.start, line.of(self.text)) else { return false };
        let name = found.name.of(self.text);
        if self.directives.iter().any(|other| other.name.of(self.text).eq_ignore_ascii_case(name)) {
            let message = format!("the {} directive stands here for the second time", name.to_ascii_lowercase());
            self.problem(found.span, message, "keep one of them");
        } else if name.eq_ignore_ascii_case("escape") {
            match found.value.of(self.text) {
                "`" => self.escape = b'`',
                "\\" => self.escape = b'\\',
                _ => self.problem(found.value, "the escape character must be ` or \\", "write `# escape=\\``"),
            }
        }
        self.check_syntax(&found);
        self.directives.push(found);
        true
    }

    fn check_syntax(&mut self, found: &Directive) {
        if !found.name.of(self.text).eq_ignore_ascii_case("syntax") {
            return;
        }
        let value = found.value.of(self.text);
        let image = value.split(' ').next().unwrap_or(value);
        let image =
            ["docker.io/", "index.docker.io/"].into_iter().find_map(|host| image.strip_prefix(host)).unwrap_or(image);
        let name = image.split(['@', ':']).next().unwrap_or(image);
        if !matches!(name, "docker/dockerfile" | "docker/dockerfile-upstream") {
            self.problems.push(Problem {
                span: found.span,
                message: format!("{name} is another frontend than docker/dockerfile").into(),
                help: Some("its language is not known here".into()),
                invalid: false,
            });
        }
    }

    /// Where a line's own text ends, and whether the next line continues it.
    fn continuation(&self, start: usize, line: Line) -> (usize, bool) {
        let bytes = self.text.as_bytes();
        let mut end = line.text_end;
        while end > start && matches!(bytes[end - 1], b' ' | b'\t') {
            end -= 1;
        }
        let escapes = end > start && bytes[end - 1] == self.escape;
        if escapes && !(end - 1 > start && bytes[end - 2] == self.escape) {
            (end - 1, true)
        } else {
            (line.text_end, false)
        }
    }

    /// Reads an instruction whose first line is `line`.
    fn instruction(&mut self, line: Line, text_start: usize) {
        self.token(TokenKind::Space, line.start..text_start);
        let first_token = self.tokens.len();
        let mut segments = Vec::new();
        let mut comments = Vec::new();
        let (mut line, mut start) = (line, text_start);
        loop {
            let (end, continues) = self.continuation(start, line);
            if start < end {
                segments.push(Span::new(start, end));
                self.token(TokenKind::Text, start..end);
            }
            if !continues {
                self.token(TokenKind::Space, end..line.break_start);
                self.token(TokenKind::Break, line.break_start..line.end);
                break;
            }
            self.token(TokenKind::Continuation, end..line.end);
            let Some(next) = self.continuing_line(&mut comments) else { break };
            (line, start) = (next, next.start);
        }
        let mut instruction = self.logical_line(text_start, segments, first_token);
        instruction.comments = comments;
        if let Kind::Onbuild(inner) = &mut instruction.kind {
            inner.comments.clone_from(&instruction.comments);
            inner.comments.retain(|comment| inner.span.contains(*comment));
        }
        self.instructions.push(instruction);
    }

    /// The next line that is neither a comment nor blank; those are dropped.
    fn continuing_line(&mut self, comments: &mut Vec<Span>) -> Option<Line> {
        loop {
            let line = self.next_line()?;
            let text_start = self.text_start(line);
            if text_start < line.text_end && self.text.as_bytes()[text_start] != b'#' {
                return Some(line);
            }
            if let Some(comment) = self.dropped(line, text_start, TokenKind::Comment) {
                self.comment(comment);
                comments.push(comment);
            }
        }
    }

    /// Reads the logical line that `segments` make up, and the here-documents behind it.
    fn logical_line(&mut self, start: usize, segments: Vec<Span>, first_token: usize) -> Instruction {
        let mut joined = std::mem::take(&mut self.joined);
        let mut starts = std::mem::take(&mut self.starts);
        joined.clear();
        starts.clear();
        if segments.len() > 1 {
            for segment in &segments {
                starts.push(joined.len());
                joined.push_str(segment.of(self.text));
            }
        } else {
            starts.push(0);
        }
        let text = match segments[..] {
            [] => "",
            [only] => only.of(self.text),
            _ => &joined,
        };
        let line = Logical { text, segments: &segments, starts: &starts, start };
        let mut syntax = Syntax {
            line: &line,
            escape: self.escape,
            regions: &mut self.regions,
            problems: &mut self.problems,
            is_trigger: false,
        };
        let (mut instruction, takes_heredocs) = instructions::read(&mut syntax);
        self.split_tokens(first_token);
        if takes_heredocs {
            self.heredocs(&line, &mut instruction);
        }
        instruction.segments = segments;
        if let Kind::Onbuild(inner) = &mut instruction.kind {
            let all = Span::new(inner.span.start, usize::MAX);
            inner.segments = instruction.segments.iter().filter_map(|segment| segment.intersection(all)).collect();
        }
        self.joined = joined;
        self.starts = starts;
        instruction
    }

    /// Splits the text tokens from `first` on by what the instruction found in them.
    fn split_tokens(&mut self, first: usize) {
        self.pieces.clear();
        self.pieces.extend(self.tokens.drain(first..));
        let mut regions = self.regions.iter().copied().peekable();
        for piece in &self.pieces {
            if piece.kind != TokenKind::Text {
                self.tokens.push(*piece);
                continue;
            }
            let Span { start: mut at, end } = piece.span;
            while at < end {
                while regions.next_if(|(_, region)| region.end <= at).is_some() {}
                let (kind, until) = match regions.peek() {
                    Some((kind, region)) if region.start <= at => (*kind, region.end.min(end)),
                    Some((_, region)) => (TokenKind::Space, region.start.min(end)),
                    None => (TokenKind::Space, end),
                };
                self.tokens.push(Token { kind, span: Span::new(at, until) });
                at = until;
            }
        }
    }

    fn heredocs(&mut self, line: &Logical, instruction: &mut Instruction) {
        let operators = match heredocs::operators(line.text) {
            Ok(operators) => operators,
            Err(heredocs::Error { message, invalid }) => {
                let help = Some("quote or rename what stands behind `<<`".into());
                self.problems.push(Problem { span: instruction.span, message, help, invalid });
                return;
            }
        };
        for (operator, range) in operators {
            let mut heredoc = Heredoc {
                operator: line.span(range),
                name: operator.name.into(),
                strips_tabs: operator.strips_tabs,
                quoted: operator.quoted,
                fd: operator.fd,
                body: Span::at(self.at),
                terminator: Span::at(self.text.len()),
            };
            self.heredoc(&mut heredoc);
            if !heredoc.terminator.is_empty() {
                instruction.span.end = heredoc.terminator.end;
            } else if !heredoc.body.is_empty() {
                instruction.span.end = heredoc.body.end;
            }
            instruction.heredocs.push(heredoc);
        }
        if let Kind::Onbuild(inner) = &mut instruction.kind {
            inner.heredocs.clone_from(&instruction.heredocs);
            inner.span.end = instruction.span.end;
        }
    }

    /// Reads body and terminator.
    fn heredoc(&mut self, heredoc: &mut Heredoc) {
        let start = self.at;
        let name = heredoc.name.as_bytes();
        while let Some(line) = self.next_line() {
            let mut text = &self.text.as_bytes()[line.start..line.text_end];
            while heredoc.strips_tabs && text.first() == Some(&b'\t') {
                text = &text[1..];
            }
            if text == name {
                heredoc.body = Span::new(start, line.start);
                heredoc.terminator = Span::new(line.start, line.text_end);
                self.token(TokenKind::HeredocBody, start..line.start);
                self.token(TokenKind::HeredocEnd, line.start..line.text_end);
                self.token(TokenKind::Space, line.text_end..line.break_start);
                self.token(TokenKind::Break, line.break_start..line.end);
                return;
            }
        }
        heredoc.body = Span::new(start, self.text.len());
        self.token(TokenKind::HeredocBody, start..self.text.len());
        let message = format!("here-document {} never ends", heredoc.name);
        let help = format!("add a line that is exactly {}", heredoc.name);
        self.problem(heredoc.operator, message, &help);
    }
}

/// The problem of a file that is a template.
pub(super) fn templated(span: Span, mark: &str) -> Problem {
    Problem {
        span,
        message: format!("a template marker, {mark}").into(),
        help: Some("this is the source of a Dockerfile: work on what the template makes of it".into()),
        invalid: false,
    }
}

/// A parser directive in `line`, which stands at `start` and begins with its `#`.
fn directive(text: &str, start: usize, line: &str) -> Option<Directive> {
    let rest = line.strip_prefix('#')?.trim_start();
    let name_len = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    if !["syntax", "escape", "check"].iter().any(|known| known.eq_ignore_ascii_case(&rest[..name_len])) {
        return None;
    }
    // The blanks of Go's `\s`.
    let blank = |char: char| matches!(char, '\t' | '\n' | '\u{c}' | '\r' | ' ');
    let behind = rest[name_len..].trim_start_matches(blank).strip_prefix('=')?;
    let mut value = behind.trim_matches(blank);
    if value.is_empty() {
        // The value has a character at least: the last blank.
        value = &behind[behind.len().checked_sub(1)?..];
    }
    let offset = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    let (name, value_start) = (offset(rest), offset(value));
    Some(Directive {
        span: Span::new(start, value_start + value.len()),
        name: Span::new(name, name + name_len),
        value: Span::new(value_start, value_start + value.len()),
    })
}

/// The stages, and the problems of their order.
fn stages(text: &str, instructions: &[Instruction], problems: &mut Vec<Problem>) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for (index, instruction) in instructions.iter().enumerate() {
        if let Some(name) = instructions::from_name(instruction, text) {
            stages.push(Stage { name, instructions: index..index });
        }
        if let Some(stage) = stages.last_mut() {
            stage.instructions.end = index + 1;
        } else if !matches!(instruction.kind, Kind::Arg(_) | Kind::Unknown) {
            problems.push(Problem {
                span: instruction.span,
                message: "an instruction before the first FROM that is not ARG".into(),
                help: Some("move it behind a FROM".into()),
                invalid: true,
            });
        }
    }
    if stages.is_empty() && !instructions.is_empty() {
        problems.push(Problem {
            span: Span::at(text.len()),
            message: "the file has no FROM".into(),
            help: Some("add one, if only `FROM scratch`".into()),
            invalid: true,
        });
    }
    stages
}

/// A logical line: its text, and where the pieces of it stand in the file.
pub(super) struct Logical<'a> {
    pub text: &'a str,
    segments: &'a [Span],
    /// Where each segment starts in `text`.
    starts: &'a [usize],
    /// Where it starts in the file; for a line without text.
    start: usize,
}

impl Logical<'_> {
    /// Where a piece of the text stands, from its first byte to its last. An empty piece stands behind what precedes it.
    pub fn span(&self, range: Range<usize>) -> Span {
        let end = self.behind(range.end);
        if range.is_empty() { Span::at(end) } else { Span::new(self.before(range.start), end) }
    }

    fn before(&self, offset: usize) -> usize {
        if let [only] = self.segments {
            return only.start + offset;
        }
        let index = self.starts.partition_point(|start| *start <= offset);
        index.checked_sub(1).map_or(self.start, |index| self.segments[index].start + (offset - self.starts[index]))
    }

    fn behind(&self, offset: usize) -> usize {
        if let [only] = self.segments {
            return only.start + offset;
        }
        let index = self.starts.partition_point(|start| *start < offset);
        match index.checked_sub(1) {
            Some(index) => self.segments[index].start + (offset - self.starts[index]),
            None => self.segments.first().map_or(self.start, |first| first.start),
        }
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
