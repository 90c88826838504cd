//! What a word means, read off its own text: quotes removed, and only where no shell could see anything else in it.

use std::borrow::Cow;

/// The meaning of `raw`, a whole word as written, if it is certain: no expansion, glob, brace expansion or tilde, in
/// dash, BusyBox and bash alike. A `!` is kept: history is for interactive shells.
/// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02>
pub(super) fn literal(raw: &str) -> Option<Box<str>> {
    let mut value = Cow::Borrowed("");
    let mut rest = raw;
    let mut unquoted = Unquoted::default();
    while let Some(at) = rest.find(['\\', '\'', '"', '$', '`']) {
        let (plain, special) = rest.split_at(at);
        unquoted.see(plain)?;
        push(&mut value, plain);
        rest = match special.as_bytes()[0] {
            b'\\' => {
                let escaped = special[1..].chars().next()?;
                if escaped != '\n' {
                    unquoted.quote();
                    value.to_mut().push(escaped);
                }
                &special[1 + escaped.len_utf8()..]
            }
            b'\'' => {
                let (inside, behind) = special[1..].split_once('\'')?;
                unquoted.quote();
                push(&mut value, inside);
                behind
            }
            b'"' => {
                unquoted.quote();
                double_quoted(&special[1..], &mut value)?
            }
            _ => return None,
        };
    }
    unquoted.see(rest)?;
    push(&mut value, rest);
    (!unquoted.expands()).then(|| value.into())
}

/// Appends the text up to the closing quote, and returns what follows it.
fn double_quoted<'a>(mut rest: &'a str, value: &mut Cow<'a, str>) -> Option<&'a str> {
    loop {
        let at = rest.find(['\\', '"', '$', '`'])?;
        push(value, &rest[..at]);
        let special = &rest[at..];
        rest = match special.as_bytes()[0] {
            b'"' => return Some(&special[1..]),
            b'\\' => {
                let escaped = special[1..].chars().next()?;
                match escaped {
                    '\n' => {}
                    '$' | '`' | '"' | '\\' => value.to_mut().push(escaped),
                    _ => value.to_mut().extend(['\\', escaped]),
                }
                &special[1 + escaped.len_utf8()..]
            }
            _ => return None,
        };
    }
}

/// Appends, and allocates only for the second piece.
fn push<'a>(value: &mut Cow<'a, str>, piece: &'a str) {
    if value.is_empty() {
        *value = Cow::Borrowed(piece);
    } else if !piece.is_empty() {
        value.to_mut().push_str(piece);
    }
}

/// What was seen outside quotes: a glob or a brace expansion may reach across quoted pieces.
#[derive(Default)]
struct Unquoted {
    /// Something of the word was read.
    started: bool,
    /// The last unquoted byte.
    last: u8,
    bracket: bool,
    brace: bool,
    glob: bool,
    list: bool,
}

impl Unquoted {
    /// A quoted piece follows.
    fn quote(&mut self) {
        self.started = true;
        self.last = 0;
    }

    /// An unquoted piece. `None` if it holds what cannot be in a word, or expands for sure.
    fn see(&mut self, piece: &str) -> Option<()> {
        for byte in piece.bytes() {
            match byte {
                b'*' | b'?' | b'(' | b')' | b'<' | b'>' | b'|' | b'&' | b';' | b' ' | b'\t' | b'\n' => return None,
                b'~' if !self.started || matches!(self.last, b'=' | b':') => return None,
                b'[' => self.bracket = true,
                b']' => self.glob |= self.bracket,
                b'{' => self.brace = true,
                b',' => self.list |= self.brace,
                b'.' => self.list |= self.brace && self.last == b'.',
                _ => {}
            }
            self.started = true;
            self.last = byte;
        }
        Some(())
    }

    /// It is a bracket expression or a brace expansion.
    const fn expands(&self) -> bool {
        self.glob || self.list
    }
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn literals() {
        for (raw, value) in [
            ("curl", "curl"),
            ("", ""),
            ("''", ""),
            ("\"\"", ""),
            ("a'b c'd", "ab cd"),
            ("'$x'", "$x"),
            ("\"a b\"", "a b"),
            (r#""a\$b\`c\"d\\e\n""#, r#"a$b`c"d\e\n"#),
            (r"a\ b\;", "a b;"),
            (r"\$HOME", "$HOME"),
            ("a\\\nb", "ab"),
            ("\"a\\\nb\"", "ab"),
            (r"\{}", "{}"),
            ("{}", "{}"),
            ("{a}", "{a}"),
            ("[", "["),
            ("]", "]"),
            ("!", "!"),
            ("\"!x\"", "!x"),
            ("'*'", "*"),
            (r"\*", "*"),
            ("'~'/x", "~/x"),
            ("a~", "a~"),
            ("x=a~b", "x=a~b"),
            ("[\"a\"", "[a"),
            ("--opt=1,2", "--opt=1,2"),
            ("a..b", "a..b"),
            ("é\\é'é'", "ééé"),
            ("a#b", "a#b"),
            ("a\r", "a\r"),
        ] {
            assert_eq!(literal(raw).as_deref(), Some(value), "{raw:?}");
        }
    }

    #[test]
    fn not_certain() {
        for raw in [
            "$x", "\"$x\"", "a$", "`a`", "\"`a`\"", "*", "a?", "[a]", "[a'b']", "{a,b}", "{1..3}", "{'a',b}", "~",
            "~/x", "PATH=~", "a:~b", "$'a'", "$\"a\"", "+(a)", "a b", "'a", "\"a", "a\\", "\"a\\", "<(a)", "a;b",
            "a\nb",
        ] {
            assert_eq!(literal(raw), None, "{raw:?}");
        }
    }
}
