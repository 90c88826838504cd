//! Here-document operators: where BuildKit sees one, and what it reads from it.

use std::ops::Range;

use super::words::{self, Stop};

/// A word such as `3<<-"EOF"`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub name: String,
    pub strips_tabs: bool,
    pub quoted: bool,
    pub fd: u32,
}

/// Why a line's here-documents cannot be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Error {
    pub message: Box<str>,
    pub invalid: bool,
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused => Self { message: "the name of a here-document is malformed".into(), invalid: true },
            Stop::TooDeep => Self { message: "substitutions nest too deep".into(), invalid: false },
        }
    }
}

/// The operators in a logical line, and where they stand. The escape character is always a backslash here.
pub(super) fn operators(line: &str) -> Result<Vec<(Operator, Range<usize>)>, Error> {
    let words = match words::split(line, true, true) {
        Ok(words) => words,
        // A line that BuildKit cannot lex has no here-documents.
        Err(Stop::Refused) => return Ok(Vec::new()),
        Err(stop) => return Err(stop.into()),
    };
    let mut operators = Vec::new();
    for word in words {
        if let Some(operator) = operator(&word.text)? {
            operators.push((operator, word.range));
        }
    }
    Ok(operators)
}

/// Reads one word, `^(\d*)<<(-?)\s*([^<]*)$`, as an operator.
pub(super) fn operator(word: &str) -> Result<Option<Operator>, Stop> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let Some(rest) = word[digits..].strip_prefix("<<") else { return Ok(None) };
    let (strips_tabs, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    let rest = rest.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let plain = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let fd =
        word[..digits].bytes().fold(0u32, |fd, digit| fd.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
    if plain {
        return Ok(Some(Operator { name: rest.to_owned(), strips_tabs, quoted: false, fd }));
    }
    let mut words = words::split(rest, false, false)?;
    if words.len() != 1 {
        return Ok(None);
    }
    let raw = words::split(rest, true, false)?;
    if raw.len() != 1 {
        return Err(Stop::Refused);
    }
    let quotes = |text: &str| text.bytes().filter(|byte| matches!(byte, b'\'' | b'"')).count();
    let name = words.swap_remove(0).text;
    let quoted = quotes(&name) != quotes(&raw[0].text);
    Ok(Some(Operator { name, strips_tabs, quoted, fd }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_buildkits() {
        /// Name, strips tabs, quoted, file descriptor.
        type Found<'a> = (&'a str, bool, bool, u32);
        let cases: &[(&str, &[Found])] = &[
            ("RUN <<EOF", &[("EOF", false, false, 0)]),
            ("RUN <<-EOF", &[("EOF", true, false, 0)]),
            ("RUN 3<<EOF cat", &[("EOF", false, false, 3)]),
            ("RUN <<'EOF'", &[("EOF", false, true, 0)]),
            ("RUN <<\"E F\"", &[("E F", false, true, 0)]),
            ("RUN << EOF", &[("EOF", false, false, 0)]),
            ("RUN <<E\\OF", &[("EOF", false, false, 0)]),
            ("RUN cat <<A <<B", &[("A", false, false, 0), ("B", false, false, 0)]),
            ("RUN <<EOF;", &[("EOF;", false, false, 0)]),
            ("RUN a<<EOF", &[]),
            ("RUN cat <<<x", &[]),
            ("RUN '<<EOF'", &[]),
            ("RUN \\<<EOF", &[]),
            ("RUN echo 'x <<EOF", &[]),
            ("RUN <<\"\"", &[]),
            ("RUN <<", &[]),
            ("RUN echo $((1<<2))", &[]),
            ("RUN echo $((1 << 2))", &[("2))", false, false, 0)]),
            ("RUN <<EOF${A:-\"x\"}", &[]),
            ("RUN 99999999999<<E", &[("E", false, false, u32::MAX)]),
        ];
        for (line, expected) in cases {
            let found = operators(line).unwrap();
            let found: Vec<_> =
                found.iter().map(|(it, _)| (it.name.as_str(), it.strips_tabs, it.quoted, it.fd)).collect();
            assert_eq!(found, *expected, "{line}");
        }
    }
}
