//! JSON arrays of strings: the exec form, with the place of each string.
//!
//! BuildKit decodes with Go's `encoding/json`; what that refuses is shell form, and not an error.

use std::ops::Range;

/// What arguments are, read as JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Json {
    /// An array of strings: where each stands, quotes included.
    Strings(Vec<Range<usize>>),
    /// An array that holds something else: BuildKit refuses it.
    Mixed,
    /// Not an array, or not JSON.
    No,
}

/// Reads `text`, which has no blanks around it.
pub(super) fn array(text: &str) -> Json {
    if !text.starts_with('[') {
        return Json::No;
    }
    let bytes = text.as_bytes();
    let mut strings = Vec::new();
    let mut at = blanks(bytes, 1);
    if bytes.get(at) == Some(&b']') {
        return if blanks(bytes, at + 1) == bytes.len() { Json::Strings(strings) } else { Json::No };
    }
    loop {
        if bytes.get(at) != Some(&b'"') {
            return mixed(text);
        }
        let Some(end) = string(bytes, at) else { return Json::No };
        strings.push(at..end);
        at = blanks(bytes, end);
        match bytes.get(at) {
            Some(b',') => at = blanks(bytes, at + 1),
            Some(b']') if blanks(bytes, at + 1) == bytes.len() => return Json::Strings(strings),
            _ => return Json::No,
        }
    }
}

/// The value of a JSON string, quotes included; as Go, a lone surrogate is U+FFFD.
pub(super) fn decode(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        let code = *rest.as_bytes().get(at + 1)?;
        let mut behind = at + 2;
        match code {
            b'"' | b'\\' | b'/' => value.push(char::from(code)),
            b'b' => value.push('\u{8}'),
            b'f' => value.push('\u{c}'),
            b'n' => value.push('\n'),
            b'r' => value.push('\r'),
            b't' => value.push('\t'),
            b'u' => {
                let unit = hex(rest, behind)?;
                behind += 4;
                let low = if rest[behind..].starts_with("\\u") { hex(rest, behind + 2) } else { None };
                match (char::from_u32(unit), low) {
                    (Some(char), _) => value.push(char),
                    (None, Some(low)) if unit < 0xdc00 && (0xdc00..0xe000).contains(&low) => {
                        let point = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                        value.push(char::from_u32(point).unwrap_or('\u{fffd}'));
                        behind += 6;
                    }
                    (None, _) => value.push('\u{fffd}'),
                }
            }
            _ => return None,
        }
        rest = &rest[behind..];
    }
    value.push_str(rest);
    Some(value)
}

fn hex(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
}

fn mixed(text: &str) -> Json {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Json::Mixed,
        Err(_) => Json::No,
    }
}

fn blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// The offset behind the string that starts at `start`.
fn string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match *bytes.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' if bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => at += 6,
                _ => return None,
            },
            0..0x20 => return None,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_told_from_shell_form() {
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("[]", Some(&[])),
            ("[ ]", Some(&[])),
            (r#"["a"]"#, Some(&["a"])),
            (r#"[ "a" , "b c" ] "#, Some(&["a", "b c"])),
            (r#"["\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00\ud800"]"#, Some(&["\"\\/\u{8}\u{c}\n\r\tä😀\u{fffd}"])),
            ("['a']", None),
            ("[a]", None),
            (r#"["a",]"#, None),
            (r#"["a"] b"#, None),
            (r#"["a" "b"]"#, None),
            (r#"["a\x"]"#, None),
            (r#"["a\u12"]"#, None),
            ("[\"a\tb\"]", None),
            (r#"["a"#, None),
            (r#"["a""#, None),
            ("[", None),
            ("[ -f x ]", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let found = match array(text) {
                Json::Strings(strings) => {
                    Some(strings.into_iter().map(|range| decode(&text[range]).unwrap()).collect::<Vec<_>>())
                }
                Json::No => None,
                Json::Mixed => panic!("{text}"),
            };
            assert_eq!(found, expected.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>()), "{text}");
        }
        for text in ["[1]", r#"["a", null]"#, r#"["a", ["b"]]"#, "[{}]", "[true , 1.5e3]"] {
            assert_eq!(array(text), Json::Mixed, "{text}");
        }
        assert_eq!(array(&"[".repeat(100_000)), Json::No);
    }
}
