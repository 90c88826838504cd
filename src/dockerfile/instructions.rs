//! Reads a logical line as an instruction: keyword, flags, arguments, and what they mean.
//!
//! What BuildKit's `parser/split_command.go`, `parser/line_parsers.go` and `instructions/parse.go` do, and where they
//! refuse.

use std::borrow::Cow;
use std::ops::Range;

use super::flags::{self, RawFlag};
use super::json::{self, Json};
use super::parse::{Logical, templated};
use super::{
    ArgDeclaration, Command, Flag, From, Instruction, Kind, Pair, Problem, TokenKind, Transfer, Word, heredocs,
    template,
};
use crate::source::Span;

/// What reading one line takes and gives.
pub(super) struct Syntax<'a> {
    pub line: &'a Logical<'a>,
    pub escape: u8,
    /// What the pieces of the line are, in order.
    pub regions: &'a mut Vec<(TokenKind, Span)>,
    pub problems: &'a mut Vec<Problem>,
    /// The instruction stands behind ONBUILD: what is refused there only fails where the trigger runs.
    pub is_trigger: bool,
}

/// Where the parts of an instruction stand in the logical line.
struct Parts {
    keyword: Range<usize>,
    flags: Vec<RawFlag>,
    arguments: Range<usize>,
}

/// Reads the line; whether here-documents are looked for in it.
pub(super) fn read(syntax: &mut Syntax) -> (Instruction, bool) {
    syntax.regions.clear();
    let all = 0..syntax.line.text.len();
    let parts = syntax.parts(all);
    let keyword = upper(&syntax.line.text[parts.keyword.clone()]);
    let mut instruction = syntax.instruction(&parts);
    let takes_heredocs;
    if keyword == "ONBUILD" {
        syntax.check_flags(&parts, flags::NONE);
        (instruction.kind, takes_heredocs) = syntax.onbuild(&parts);
    } else {
        syntax.regions.push((TokenKind::Text, instruction.arguments));
        instruction.kind = syntax.kind(&keyword, &parts);
        takes_heredocs = syntax.takes_heredocs(&keyword, &parts);
    }
    (instruction, takes_heredocs)
}

/// The name of the stage that it starts, if it is a FROM.
#[expect(clippy::option_option, reason = "a stage may have no name")]
pub(super) fn from_name(instruction: &Instruction, text: &str) -> Option<Option<Box<str>>> {
    match &instruction.kind {
        Kind::From(from) => Some(from.name.map(|name| {
            let pieces = instruction.segments.iter().filter_map(|segment| segment.intersection(name.span));
            pieces.map(|piece| piece.of(text)).collect::<String>().to_lowercase().into()
        })),
        Kind::Unknown if instruction.keyword.of(text).eq_ignore_ascii_case("FROM") => Some(None),
        _ => None,
    }
}

fn upper(keyword: &str) -> Cow<'_, str> {
    if keyword.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(keyword.to_ascii_uppercase())
    } else {
        Cow::Borrowed(keyword)
    }
}

/// The blanks of BuildKit's `reWhitespace`.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x0b | 0x0c | b'\r' | b' ')
}

impl Syntax<'_> {
    fn text(&self, range: &Range<usize>) -> &str {
        &self.line.text[range.clone()]
    }

    /// Without the blanks around it.
    fn trim(&self, range: Range<usize>) -> Range<usize> {
        let text = self.text(&range);
        let end = range.start + text.trim_end().len();
        let start = end - self.line.text[range.start..end].trim_start().len();
        start..end
    }

    fn word(&self, range: Range<usize>) -> Word {
        Word { span: self.line.span(range), json: false }
    }

    /// What BuildKit refuses once it knows the instruction.
    fn refuse(&mut self, range: Range<usize>, message: impl Into<Box<str>>, help: &str) {
        let (span, invalid) = (self.line.span(range), !self.is_trigger);
        self.problems.push(Problem { span, message: message.into(), help: Some(help.into()), invalid });
    }

    /// What BuildKit refuses when it splits the line; a trigger's too.
    fn refuse_line(&mut self, range: Range<usize>, message: impl Into<Box<str>>, help: &str) {
        let span = self.line.span(range);
        self.problems.push(Problem { span, message: message.into(), help: Some(help.into()), invalid: true });
    }

    fn parts(&mut self, range: Range<usize>) -> Parts {
        let range = self.trim(range);
        let bytes = self.line.text.as_bytes();
        let mut end = range.start;
        while end < range.end && !is_blank(bytes[end]) {
            end += 1;
        }
        let keyword = range.start..end;
        while end < range.end && is_blank(bytes[end]) {
            end += 1;
        }
        let (flags, rest) = flags::split(self.line.text, end..range.end, self.escape);
        let arguments = self.trim(rest..range.end);
        self.regions.push((TokenKind::Keyword, self.line.span(keyword.clone())));
        for flag in &flags {
            self.regions.push((TokenKind::Flag, self.line.span(flag.range.clone())));
        }
        let parts = Parts { keyword, flags, arguments };
        for flag in &parts.flags {
            // BuildKit takes the bytes of a character for characters.
            if !self.text(&flag.range).is_ascii() {
                let span = self.line.span(flag.range.clone());
                let help = Some("BuildKit reads it byte by byte".into());
                self.problems.push(Problem { span, message: "a flag that is not ASCII".into(), help, invalid: false });
            }
        }
        parts
    }

    /// The instruction without its kind.
    fn instruction(&self, parts: &Parts) -> Instruction {
        let keyword = self.line.span(parts.keyword.clone());
        let arguments = self.line.span(parts.arguments.clone());
        let flags = parts.flags.iter().filter(|flag| !flag.is_end).map(|flag| Flag {
            span: self.line.span(flag.range.clone()),
            name: self.line.span(flag.name()),
            value: flag.value().map(|value| self.line.span(value)),
        });
        Instruction {
            span: Span::new(keyword.start, arguments.end),
            keyword,
            flags: flags.collect(),
            arguments,
            segments: Vec::new(),
            comments: Vec::new(),
            heredocs: Vec::new(),
            kind: Kind::Unknown,
        }
    }

    fn takes_heredocs(&self, keyword: &str, parts: &Parts) -> bool {
        matches!(keyword, "RUN" | "COPY" | "ADD")
            && memchr::memmem::find(self.line.text.as_bytes(), b"<<").is_some()
            && !matches!(json::array(self.text(&parts.arguments)), Json::Strings(_))
    }

    fn onbuild(&mut self, parts: &Parts) -> (Kind, bool) {
        if parts.arguments.is_empty() {
            self.refuse(parts.keyword.clone(), "ONBUILD needs an instruction", "name one, or remove the line");
            return (Kind::Unknown, false);
        }
        let inner_parts = self.parts(parts.arguments.clone());
        let keyword = upper(&self.line.text[inner_parts.keyword.clone()]);
        let mut inner = self.instruction(&inner_parts);
        self.regions.push((TokenKind::Text, inner.arguments));
        if matches!(&*keyword, "ONBUILD" | "FROM" | "MAINTAINER") {
            let message = format!("ONBUILD cannot have {keyword} as its instruction");
            self.refuse(inner_parts.keyword.clone(), message, "remove the line");
        } else {
            self.is_trigger = true;
            inner.kind = self.kind(&keyword, &inner_parts);
        }
        let takes_heredocs = self.takes_heredocs(&keyword, &inner_parts);
        (Kind::Onbuild(Box::new(inner)), takes_heredocs)
    }

    fn kind(&mut self, keyword: &str, parts: &Parts) -> Kind {
        let problems = self.problems.len();
        let kind = self.kind_of(keyword, parts);
        // In the arguments of RUN, `{{` is as likely an argument.
        let end = if keyword == "RUN" { parts.arguments.start } else { parts.arguments.end };
        if let Some(mark) = template::marker(&self.line.text[parts.keyword.start..end]) {
            self.problems.truncate(problems);
            let span = self.line.span(parts.keyword.start..parts.arguments.end);
            self.problems.push(templated(span, mark));
        }
        kind
    }

    fn kind_of(&mut self, keyword: &str, parts: &Parts) -> Kind {
        let arguments = parts.arguments.clone();
        let known = flags::of(keyword);
        let words = match keyword {
            "FROM" | "EXPOSE" => self.blank_words(arguments.clone()),
            _ => Vec::new(),
        };
        if let Some(known) = known {
            let none = keyword == "HEALTHCHECK" && self.first_word(&arguments).eq_ignore_ascii_case("NONE");
            if !none {
                self.check_flags(parts, known);
            }
        }
        match keyword {
            "FROM" => self.from(parts, &words),
            "RUN" => self.command(arguments).map_or(Kind::Unknown, Kind::Run),
            "CMD" => self.command(arguments).map_or(Kind::Unknown, Kind::Cmd),
            "ENTRYPOINT" => self.command(arguments).map_or(Kind::Unknown, Kind::Entrypoint),
            "SHELL" => self.shell(arguments, &parts.keyword),
            "ENV" => self.pairs("ENV", parts).map_or(Kind::Unknown, Kind::Env),
            "LABEL" => self.pairs("LABEL", parts).map_or(Kind::Unknown, Kind::Label),
            "ARG" => self.arg(parts),
            "COPY" => self.transfer("COPY", parts).map_or(Kind::Unknown, Kind::Copy),
            "ADD" => self.transfer("ADD", parts).map_or(Kind::Unknown, Kind::Add),
            "WORKDIR" => self.rest(parts, keyword).map_or(Kind::Unknown, Kind::Workdir),
            "USER" => self.rest(parts, keyword).map_or(Kind::Unknown, Kind::User),
            "STOPSIGNAL" => self.rest(parts, keyword).map_or(Kind::Unknown, Kind::Stopsignal),
            "MAINTAINER" => self.rest(parts, keyword).map_or(Kind::Unknown, Kind::Maintainer),
            "EXPOSE" if words.is_empty() => {
                self.refuse(parts.keyword.clone(), "EXPOSE needs a port", "name one, or remove the line");
                Kind::Unknown
            }
            "EXPOSE" => Kind::Expose(words),
            "VOLUME" => self.volume(parts),
            "HEALTHCHECK" => self.healthcheck(parts),
            _ => self.unknown(parts),
        }
    }

    fn unknown(&mut self, parts: &Parts) -> Kind {
        let text = &self.line.text[parts.keyword.clone()];
        let message = if text.is_empty() {
            "a continuation of nothing".to_owned()
        } else {
            let name: String = text.chars().take(40).collect();
            format!("unknown instruction {name}")
        };
        self.refuse(
            parts.keyword.clone(),
            message,
            "a line that goes on needs a continuation at the end of the one before",
        );
        Kind::Unknown
    }

    fn first_word(&self, range: &Range<usize>) -> &str {
        let text = self.text(range);
        text.split(|char: char| char.is_ascii_whitespace() || char == '\u{b}').next().unwrap_or(text)
    }

    /// Words between blanks, whatever stands in them.
    fn blank_words(&self, range: Range<usize>) -> Vec<Word> {
        let bytes = self.line.text.as_bytes();
        let mut words = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let start = at;
            while at < range.end && !is_blank(bytes[at]) {
                at += 1;
            }
            words.push(self.word(start..at));
            while at < range.end && is_blank(bytes[at]) {
                at += 1;
            }
        }
        words
    }

    /// Words between blanks; quotes and escapes keep one together. (`parseWords`)
    fn quoted_words(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut words = Vec::new();
        let escape = char::from(self.escape);
        let mut word: Option<usize> = None;
        let mut quote = None;
        let mut end = range.end;
        let mut chars = self.text(&range).char_indices();
        while let Some((at, char)) = chars.next() {
            let at = range.start + at;
            if quote.is_none() && char.is_whitespace() {
                words.extend(word.take().map(|start| start..at));
                continue;
            }
            // The escape character escapes anything but in single quotes; at the very end it is dropped.
            if char == escape && quote != Some('\'') {
                if chars.next().is_none() {
                    end = at;
                    break;
                }
                word.get_or_insert(at);
                continue;
            }
            word.get_or_insert(at);
            match quote {
                Some(open) if open == char => quote = None,
                None if matches!(char, '\'' | '"') => quote = Some(char),
                _ => {}
            }
        }
        words.extend(word.map(|start| start..end));
        words
    }

    fn json(&mut self, range: &Range<usize>) -> Option<Vec<Word>> {
        let text = self.text(range);
        let found = json::array(text);
        match found {
            Json::Strings(strings) => {
                let at = |string: Range<usize>| range.start + string.start..range.start + string.end;
                let words = strings.into_iter().map(|string| Word { span: self.line.span(at(string)), json: true });
                Some(words.collect())
            }
            Json::No => None,
            Json::Mixed => {
                self.refuse_line(
                    range.clone(),
                    "an array that holds something else than strings",
                    "put each element in double quotes",
                );
                None
            }
        }
    }

    /// `None` if it is an array that BuildKit refuses.
    fn command(&mut self, range: Range<usize>) -> Option<Command> {
        let problems = self.problems.len();
        match self.json(&range) {
            Some(words) => Some(Command::Exec(words)),
            None => (self.problems.len() == problems).then(|| Command::Shell(self.line.span(range))),
        }
    }

    fn from(&mut self, parts: &Parts, words: &[Word]) -> Kind {
        let Some(image) = words.first().copied() else {
            self.refuse(parts.keyword.clone(), "FROM needs an image", "name one, or `scratch`");
            return Kind::Unknown;
        };
        let texts: Vec<&str> = self
            .text(&parts.arguments)
            .split(|char: char| char.is_ascii() && is_blank(char as u8))
            .filter(|text| !text.is_empty())
            .collect();
        let is_as = texts.get(1).is_some_and(|word| word.eq_ignore_ascii_case("as"));
        let name = if is_as { words.get(2).copied() } else { None };
        let valid_name = texts.get(2).is_none_or(|name| valid_stage_name(&name.to_lowercase()));
        let bad_name = texts.get(2).map(|name| format!("{name} cannot be the name of a stage"));
        if !(words.len() == 1 || words.len() == 3 && is_as) {
            self.refuse(
                parts.arguments.clone(),
                "FROM takes an image, or an image, AS and a name",
                "quote nothing, and put comments on a line of their own",
            );
        } else if let (false, Some(message)) = (valid_name, bad_name) {
            self.refuse(
                parts.arguments.clone(),
                message,
                "start it with a letter, and use letters, digits, `-`, `_` and `.` only",
            );
        }
        Kind::From(From { image, name })
    }

    fn shell(&mut self, range: Range<usize>, keyword: &Range<usize>) -> Kind {
        let problems = self.problems.len();
        match self.json(&range) {
            Some(words) if !words.is_empty() => return Kind::Shell(Some(words)),
            _ if self.problems.len() > problems => {}
            _ => self.refuse(
                keyword.start..range.end,
                "SHELL takes a JSON array of strings",
                "write it as `SHELL [\"/bin/bash\", \"-c\"]`",
            ),
        }
        Kind::Shell(None)
    }

    fn pairs(&mut self, keyword: &str, parts: &Parts) -> Option<Vec<Pair>> {
        let words = self.quoted_words(parts.arguments.clone());
        let text = self.line.text;
        let Some(first) = words.first() else {
            self.refuse(
                parts.keyword.clone(),
                format!("{keyword} needs a name and a value"),
                "write name=value, or remove the line",
            );
            return None;
        };
        if !text[first.clone()].contains('=') {
            let rest = &text[parts.arguments.clone()];
            let Some(key) = rest.bytes().position(is_blank) else {
                let message = format!("{keyword} needs a value behind the name");
                self.refuse_line(parts.arguments.clone(), message, "write name=value");
                return None;
            };
            let start = parts.arguments.start;
            let blanks = rest[key..].bytes().take_while(|byte| is_blank(*byte)).count();
            return Some(vec![Pair {
                key: self.line.span(start..start + key),
                value: self.line.span(start + key + blanks..parts.arguments.end),
                legacy: true,
            }]);
        }
        let mut pairs = Vec::with_capacity(words.len());
        for word in words {
            let Some(equals) = text[word.clone()].find('=') else {
                self.refuse_line(
                    word,
                    format!("{keyword} has a word without an equals sign"),
                    "write name=value, and quote a value that has blanks",
                );
                return None;
            };
            if equals == 0 {
                self.refuse(word, format!("{keyword} has a pair without a name"), "write name=value");
                return None;
            }
            let (key, value) = (word.start..word.start + equals, word.start + equals + 1..word.end);
            pairs.push(Pair { key: self.line.span(key), value: self.line.span(value), legacy: false });
        }
        Some(pairs)
    }

    fn arg(&mut self, parts: &Parts) -> Kind {
        let words = self.quoted_words(parts.arguments.clone());
        if words.is_empty() {
            self.refuse(parts.keyword.clone(), "ARG needs a name", "name one, or remove the line");
            return Kind::Unknown;
        }
        let mut declarations = Vec::with_capacity(words.len());
        for word in words {
            let equals = self.line.text[word.clone()].find('=');
            if equals == Some(0) {
                self.refuse(word, "ARG has a default without a name", "write name=default");
                return Kind::Unknown;
            }
            let name_end = equals.map_or(word.end, |equals| word.start + equals);
            declarations.push(ArgDeclaration {
                name: self.line.span(word.start..name_end),
                default: equals.map(|_| self.line.span(name_end + 1..word.end)),
            });
        }
        Kind::Arg(declarations)
    }

    /// The words of COPY, ADD and VOLUME; `None` if BuildKit refuses the array.
    fn list(&mut self, range: Range<usize>) -> Option<Vec<Word>> {
        let problems = self.problems.len();
        match self.json(&range) {
            Some(words) => Some(words),
            None => (self.problems.len() == problems).then(|| self.blank_words(range)),
        }
    }

    fn transfer(&mut self, keyword: &str, parts: &Parts) -> Option<Transfer> {
        let mut sources = self.list(parts.arguments.clone())?;
        let Some(destination) = sources.pop().filter(|_| !sources.is_empty()) else {
            let range = parts.keyword.start..parts.arguments.end;
            self.refuse(range, format!("{keyword} needs a source and a destination"), "name both");
            return None;
        };
        if !destination.json {
            let text = self.text(&parts.arguments);
            let last = text.rsplit(|char: char| char.is_ascii() && is_blank(char as u8)).next().unwrap_or(text);
            if last.contains("<<") && matches!(heredocs::operator(last), Ok(Some(_))) {
                let message = format!("{keyword} cannot have a here-document as its destination");
                self.refuse(parts.arguments.clone(), message, "name a destination");
            }
        }
        Some(Transfer { sources, destination })
    }

    fn volume(&mut self, parts: &Parts) -> Kind {
        let Some(words) = self.list(parts.arguments.clone()) else { return Kind::Unknown };
        let text = self.text(&parts.arguments);
        let blank = words.iter().any(|word| word.json) && has_blank_string(text);
        if words.is_empty() || blank {
            let range = parts.keyword.start..parts.arguments.end;
            self.refuse(range, "VOLUME needs a path", "name one, or remove the line");
            return Kind::Unknown;
        }
        Kind::Volume(words)
    }

    /// The rest of the line as one word.
    fn rest(&mut self, parts: &Parts, keyword: &str) -> Option<Word> {
        if parts.arguments.is_empty() {
            self.refuse(
                parts.keyword.clone(),
                format!("{keyword} needs an argument"),
                "give it one, or remove the line",
            );
            return None;
        }
        Some(self.word(parts.arguments.clone()))
    }

    fn healthcheck(&mut self, parts: &Parts) -> Kind {
        let arguments = parts.arguments.clone();
        let word = self.first_word(&arguments);
        let (none, cmd, len) = (word.eq_ignore_ascii_case("NONE"), word.eq_ignore_ascii_case("CMD"), word.len());
        let rest = self.trim(arguments.start + len..arguments.end);
        let Some(command) = self.command(rest.clone()) else { return Kind::Unknown };
        if none && rest.is_empty() {
            return Kind::Healthcheck(None);
        }
        if cmd && !matches!(&command, Command::Exec(words) if words.is_empty()) && !rest.is_empty() {
            return Kind::Healthcheck(Some(command));
        }
        let range = parts.keyword.start..arguments.end;
        self.refuse(range, "HEALTHCHECK takes CMD and a command, or NONE alone", "write `HEALTHCHECK CMD …`");
        Kind::Unknown
    }

    fn check_flags(&mut self, parts: &Parts, known: &[flags::Known]) {
        for (range, message) in flags::check(self.line.text, &parts.flags, self.escape, known) {
            self.refuse(range, message, "see the flags of this instruction in the reference");
        }
        for (range, message, help) in flags::check_values(self.line.text, &parts.flags, self.escape, known) {
            self.refuse(range, message, help);
        }
    }
}

fn has_blank_string(array: &str) -> bool {
    let Json::Strings(strings) = json::array(array) else { return false };
    strings.into_iter().any(|string| json::decode(&array[string]).is_none_or(|value| value.trim().is_empty()))
}

fn valid_stage_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
}
