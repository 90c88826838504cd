//! BuildKit's word lexer: quotes, escapes and variables.
//!
//! A port of the behaviour of `frontend/dockerfile/shell/lex.go`, with its oddities: the file is read as BuildKit reads
//! it, not as a shell would. Two uses: [`expand`] gives a word its value, and [`split`] finds the words of a line in
//! which BuildKit looks for here-documents.

use std::ops::Range;

/// Substitutions that nest deeper are not followed: nobody writes them.
const MAX_DEPTH: usize = 64;

/// What is known of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It is not set.
    Unset,
    /// It is set to this.
    Value(String),
    /// It cannot be told.
    Unknown,
}

/// The value of `raw`, a word of an instruction that BuildKit expands: quotes and escapes removed, variables replaced.
///
/// `None` where it cannot be told: a variable is [`Lookup::Unknown`], BuildKit refuses the word (a quote that never
/// ends, `${X:?}` of an unset variable), or it uses a pattern (`${X#…}`, `${X%…}`, `${X/…/…}`).
///
/// ```
/// use dockwright::dockerfile::{Lookup, expand};
///
/// let mut lookup = |name: &str| if name == "A" { Lookup::Value("1".into()) } else { Lookup::Unset };
/// assert_eq!(expand(r#""x $A"-${B:-2}\$"#, '\\', &mut lookup).as_deref(), Some("x 1-2$"));
/// assert_eq!(expand("${B:?}", '\\', &mut lookup), None);
/// ```
#[must_use]
pub fn expand(raw: &str, escape: char, lookup: &mut dyn FnMut(&str) -> Lookup) -> Option<String> {
    if !raw.bytes().any(|byte| matches!(byte, b'$' | b'"' | b'\'') || char::from(byte) == escape) {
        return Some(raw.to_owned());
    }
    let mut lexer = Lexer::new(raw, escape, Mode::Expand(lookup));
    lexer.stop_on(None, false).ok().map(|(value, _)| value)
}

/// A word of a line, as BuildKit rewrites it, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineWord {
    pub text: String,
    pub range: Range<usize>,
}

/// The words of `line` with no variable set, quotes and escapes kept or not. Fails where BuildKit does.
pub(super) fn split(line: &str, raw_quotes: bool, raw_escapes: bool) -> Result<Vec<LineWord>, Stop> {
    let mut lexer = Lexer::new(line, '\\', Mode::Split { raw_quotes });
    lexer.raw_escapes = raw_escapes;
    lexer.stop_on(None, raw_escapes).map(|(_, words)| words)
}

/// Why lexing ends without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// BuildKit refuses the text, or a value is not known.
    Refused,
    /// Substitutions nest deeper than is followed here.
    TooDeep,
}

enum Mode<'a> {
    Expand(&'a mut dyn FnMut(&str) -> Lookup),
    /// Variables stay as they are written.
    Split {
        raw_quotes: bool,
    },
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    escape: char,
    raw_escapes: bool,
    depth: usize,
    mode: Mode<'a>,
    /// The word being read. BuildKit has one for all depths: a nested substitution throws the outer word away.
    word: String,
    word_range: Range<usize>,
}

/// The words read at one depth.
#[derive(Default)]
struct Words {
    done: Vec<LineWord>,
    in_word: bool,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, escape: char, mode: Mode<'a>) -> Self {
        // Go's scanner drops a byte order mark.
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, at, escape, raw_escapes: false, depth: 0, mode, word: String::new(), word_range: 0..0 }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn raw_quotes(&self) -> bool {
        matches!(self.mode, Mode::Split { raw_quotes: true })
    }

    /// Reads up to `stop`, or to the end.
    fn stop_on(&mut self, stop: Option<char>, raw_escapes: bool) -> Result<(String, Vec<LineWord>), Stop> {
        if self.depth >= MAX_DEPTH {
            return Err(Stop::TooDeep);
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.raw_escapes, raw_escapes);
        let result = self.read(stop);
        self.raw_escapes = outer;
        self.depth -= 1;
        result
    }

    fn read(&mut self, stop: Option<char>) -> Result<(String, Vec<LineWord>), Stop> {
        let mut result = String::new();
        let mut words = Words::default();
        self.word.clear();
        while let Some(next) = self.peek() {
            let start = self.at;
            if stop == Some(next) {
                self.next();
                self.end_word(&mut words);
                return Ok((result, words.done));
            }
            match next {
                '$' => {
                    let value = self.dollar()?;
                    value.chars().for_each(|value| self.add(&mut words, value, start));
                    result.push_str(&value);
                }
                '\'' | '"' | '<' => {
                    let from = result.len();
                    match next {
                        '\'' => self.single_quote(&mut result)?,
                        '"' => self.double_quote(&mut result)?,
                        _ => self.maybe_heredoc(&mut result),
                    }
                    self.begin_word(start);
                    self.word.push_str(&result[from..]);
                    words.in_word = true;
                    self.word_range.end = self.at;
                }
                _ => {
                    self.next();
                    let mut char = next;
                    if next == self.escape {
                        if self.raw_escapes {
                            self.add_raw(&mut words, next, start);
                            result.push(next);
                        }
                        let Some(escaped) = self.next() else { break };
                        char = escaped;
                        self.add_raw(&mut words, char, start);
                    } else {
                        self.add(&mut words, char, start);
                    }
                    result.push(char);
                }
            }
        }
        if stop.is_some() {
            return Err(Stop::Refused);
        }
        self.end_word(&mut words);
        Ok((result, words.done))
    }

    fn begin_word(&mut self, start: usize) {
        if self.word.is_empty() {
            self.word_range = start..start;
        }
    }

    fn add(&mut self, words: &mut Words, char: char, start: usize) {
        if !char.is_whitespace() {
            self.add_raw(words, char, start);
        } else if words.in_word && !self.word.is_empty() {
            self.end_word(words);
        }
    }

    fn add_raw(&mut self, words: &mut Words, char: char, start: usize) {
        self.begin_word(start);
        self.word.push(char);
        self.word_range.end = self.at;
        words.in_word = true;
    }

    fn end_word(&mut self, words: &mut Words) {
        if self.word.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.word);
        // An expansion keeps no words.
        if matches!(self.mode, Mode::Split { .. }) {
            words.done.push(LineWord { text, range: self.word_range.clone() });
        }
        words.in_word = false;
    }

    fn single_quote(&mut self, result: &mut String) -> Result<(), Stop> {
        let rest = &self.text[self.at + 1..];
        let len = rest.find('\'').ok_or(Stop::Refused)?;
        if self.raw_quotes() {
            result.push_str(&self.text[self.at..self.at + len + 2]);
        } else {
            result.push_str(&rest[..len]);
        }
        self.at += len + 2;
        Ok(())
    }

    fn double_quote(&mut self, result: &mut String) -> Result<(), Stop> {
        let raw = self.raw_quotes();
        self.next();
        if raw {
            result.push('"');
        }
        loop {
            match self.peek().ok_or(Stop::Refused)? {
                '"' => {
                    self.next();
                    if raw {
                        result.push('"');
                    }
                    return Ok(());
                }
                '$' => {
                    let value = self.dollar()?;
                    result.push_str(&value);
                }
                mut char => {
                    self.next();
                    if char == self.escape {
                        if self.raw_escapes {
                            result.push(char);
                        }
                        let escaped = self.peek().ok_or(Stop::Refused)?;
                        if matches!(escaped, '"' | '$') || escaped == self.escape {
                            self.next();
                            char = escaped;
                        }
                    }
                    result.push(char);
                }
            }
        }
    }

    /// `<<` takes the blanks behind it into its word.
    fn maybe_heredoc(&mut self, result: &mut String) {
        self.next();
        result.push('<');
        if self.peek() != Some('<') {
            return;
        }
        self.next();
        result.push('<');
        while let Some(blank @ ('\t' | '\r' | ' ')) = self.peek() {
            self.next();
            result.push(blank);
        }
    }

    fn dollar(&mut self) -> Result<String, Stop> {
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            return match self.lookup(name)? {
                Some(value) => Ok(value.unwrap_or_default()),
                None => Ok(format!("${name}")),
            };
        }
        self.next();
        if matches!(self.peek(), None | Some('{' | '}' | ':')) {
            return Err(Stop::Refused);
        }
        let name = self.name();
        let mut operator = self.next().ok_or(Stop::Refused)?;
        let mut colon = "";
        match operator {
            '}' => {
                return match self.lookup(name)? {
                    Some(value) => Ok(value.unwrap_or_default()),
                    None => Ok(format!("${{{name}}}")),
                };
            }
            ':' => {
                operator = self.next().ok_or(Stop::Refused)?;
                colon = ":";
                if matches!(operator, '#' | '%') {
                    return Err(Stop::Refused);
                }
            }
            '+' | '-' | '?' | '#' | '%' => {}
            '/' => return self.replacement(name),
            _ => return Err(Stop::Refused),
        }
        let (word, _) = self.stop_on(Some('}'), matches!(operator, '#' | '%'))?;
        let Some(value) = self.lookup(name)? else { return Ok(format!("${{{name}{colon}{operator}{word}}}")) };
        let present = value.is_some() && !(colon == ":" && value.as_deref() == Some(""));
        match operator {
            '-' if present => Ok(value.unwrap_or_default()),
            '-' => Ok(word),
            '+' if present => Ok(word),
            '+' => Ok(String::new()),
            '?' if present => Ok(value.unwrap_or_default()),
            _ => Err(Stop::Refused),
        }
    }

    /// `${name/pattern/replacement}` and `${name//pattern/replacement}`.
    fn replacement(&mut self, name: &str) -> Result<String, Stop> {
        if self.peek() == Some('/') {
            self.next();
        }
        let (pattern, _) = self.stop_on(Some('/'), true)?;
        let (replacement, _) = self.stop_on(Some('}'), true)?;
        match self.mode {
            Mode::Expand(_) => Err(Stop::Refused),
            Mode::Split { .. } => Ok(format!("${{{name}/{pattern}/{replacement}}}")),
        }
    }

    /// The value, `Some(None)` if it is not set; `None` if variables stay as they are.
    fn lookup(&mut self, name: &str) -> Result<Option<Option<String>>, Stop> {
        let Mode::Expand(lookup) = &mut self.mode else { return Ok(None) };
        match lookup(name) {
            Lookup::Unset => Ok(Some(None)),
            Lookup::Value(value) => Ok(Some(Some(value))),
            Lookup::Unknown => Err(Stop::Refused),
        }
    }

    /// A name, a number, or one of the special parameters; empty if there is none.
    fn name(&mut self) -> &'a str {
        let start = self.at;
        let text = self.text;
        let rest = &text[start..];
        let len = match rest.chars().next() {
            Some(first) if first.is_ascii_digit() => {
                rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len())
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
            _ => rest.find(|char: char| !(char.is_alphanumeric() || char == '_')).unwrap_or(rest.len()),
        };
        self.at += len;
        &rest[..len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_buildkits_value() {
        // A is `1`, E is empty, U is not known, nothing else is set. Values are from BuildKit's lexer.
        let cases: &[(&str, Option<&str>)] = &[
            ("", Some("")),
            ("plain", Some("plain")),
            ("$A", Some("1")),
            ("${A}", Some("1")),
            ("$AB", Some("")),
            ("${A}B", Some("1B")),
            ("'$A'", Some("$A")),
            ("\"$A\"", Some("1")),
            ("a b", Some("a b")),
            (r"\$A", Some("$A")),
            (r"a\b", Some("ab")),
            (r#""a\b""#, Some(r"a\b")),
            (r#""a\"b""#, Some("a\"b")),
            (r"'a\b'", Some(r"a\b")),
            (r"a\", Some("a")),
            ("${X:-d}", Some("d")),
            ("${E:-d}", Some("d")),
            ("${E-d}", Some("")),
            ("${X-d}", Some("d")),
            ("${X:-${A}}", Some("1")),
            ("${X:-$A-'q'}", Some("1-q")),
            ("${A:+a}", Some("a")),
            ("${E:+a}", Some("")),
            ("${E+a}", Some("a")),
            ("${X+a}", Some("")),
            ("${A:?e}", Some("1")),
            ("${X:?e}", None),
            ("${E:?e}", None),
            ("${E?e}", Some("")),
            ("${A#x}", None),
            ("${A%%x}", None),
            ("${A//x/y}", None),
            ("${A", None),
            ("${}", None),
            ("${A:#x}", None),
            ("${A^}", None),
            ("'a", None),
            ("\"a", None),
            ("$", Some("$")),
            ("a$", Some("a$")),
            ("$U", None),
            ("${U:-x}", None),
            ("$1x", Some("x")),
            ("a<<b", Some("a<<b")),
            ("ä$Aö", Some("ä")),
        ];
        let mut lookup = |name: &str| match name {
            "A" => Lookup::Value("1".into()),
            "E" => Lookup::Value(String::new()),
            "U" => Lookup::Unknown,
            _ => Lookup::Unset,
        };
        for (raw, value) in cases {
            assert_eq!(expand(raw, '\\', &mut lookup).as_deref(), *value, "{raw}");
        }
        assert_eq!(expand(r"a`$A\n", '`', &mut lookup).as_deref(), Some(r"a$A\n"));
    }

    #[test]
    fn lines_split_as_buildkit_does() {
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("RUN cat <<EOF > f", Some(&["RUN", "cat", "<<EOF", ">", "f"])),
            ("RUN cat << EOF", Some(&["RUN", "cat", "<< EOF"])),
            ("a 3<<-'E F'", Some(&["a", "3<<-'E F'"])),
            (r"a \<<E", Some(&["a", r"\<<E"])),
            ("a 'b", None),
            // A nested substitution throws the start of its word away.
            (r#"a <<EOF${A:-"x"}"#, Some(&["a", r#"${A:-"x"}"#])),
            ("a ${X:-b c}", Some(&["a", "${X:-b", "c}"])),
            ("a $X${Y}$", Some(&["a", "$X${Y}$"])),
            ("a $((1<<2))", Some(&["a", "$((1<<2))"])),
        ];
        for (line, words) in cases {
            let split =
                split(line, true, true).ok().map(|words| words.into_iter().map(|word| word.text).collect::<Vec<_>>());
            assert_eq!(
                split.as_deref(),
                words.map(|words| words.iter().map(ToString::to_string).collect::<Vec<_>>()).as_deref(),
                "{line}"
            );
        }
        let words = split("RUN cat <<EOF > f", true, true).unwrap();
        assert_eq!(words[2].range, 8..13);
    }

    #[test]
    fn deep_nesting_is_given_up() {
        let deep = "${a:-".repeat(100_000);
        assert_eq!(expand(&deep, '\\', &mut |_| Lookup::Unset), None);
        assert_eq!(split(&deep, true, true), Err(Stop::TooDeep));
    }
}
