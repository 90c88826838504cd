//! Marks of a template engine: a file that holds them is not yet a Dockerfile.

/// The mark of a template engine in `text`, if there is one: `{{`, `{%`, `<%`, `@NAME@`, `%%NAME%%`.
pub(super) fn marker(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    for at in memchr::memchr3_iter(b'{', b'@', b'%', bytes) {
        let rest = &bytes[at + 1..];
        match (bytes[at], rest.first()) {
            (b'{', Some(b'{')) => return Some("{{"),
            (b'{', Some(b'%')) => return Some("{%"),
            (b'%', _) if at > 0 && bytes[at - 1] == b'<' => return Some("<%"),
            (b'%', Some(b'%')) if name_then(&rest[1..], b"%%") => return Some("%%NAME%%"),
            (b'@', _) if name_then(rest, b"@") => return Some("@NAME@"),
            _ => {}
        }
    }
    None
}

/// The mark of a template engine in a comment line, `#` included: `# {% if x %}`, `#include "x"`. Other marks in a
/// comment are talk about templates.
pub(super) fn comment_marker(comment: &str) -> Option<&'static str> {
    let text = comment.strip_prefix('#')?;
    let preprocessor = ["ifdef ", "ifndef "].iter().any(|word| text.starts_with(word))
        || text.trim_end() == "endif"
        || text.strip_prefix("include").is_some_and(|rest| rest.trim_start().starts_with(['"', '<']));
    if preprocessor {
        return Some("#include");
    }
    let text = text.trim_start();
    ["{{", "{%", "<%"].into_iter().find(|mark| text.starts_with(mark))
}

/// A name in capitals, and then `end`.
fn name_then(text: &[u8], end: &[u8]) -> bool {
    let len =
        text.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_').count();
    len > 0 && text[len..].starts_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_from_ordinary_text() {
        let marks = ["a:{{ v }}", "{%- if x -%}", "<%= x %>", "@BASE_IMAGE@", "x@A@y", "%%TAG%%"];
        let plain = [
            "node@sha256:abc",
            "${A%%x}",
            "a{b",
            "%{http_code}",
            "%%",
            "@@",
            "a@b.c",
            "%",
            "{",
            "@",
            "@A",
            "date +%Y%%M",
        ];
        for text in marks {
            assert!(marker(text).is_some(), "{text}");
        }
        for text in plain {
            assert_eq!(marker(text), None, "{text}");
        }
        for text in ["# {% if x %}", "#{{ x }}", "#include \"a\"", "#include <a>", "#endif", "#ifdef A"] {
            assert!(comment_marker(text).is_some(), "{text}");
        }
        for text in ["# include <a>", "#include everything", "# see {{ x }}", "#", "# a"] {
            assert_eq!(comment_marker(text), None, "{text}");
        }
    }
}
