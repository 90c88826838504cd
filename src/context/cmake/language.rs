//! The language of CMake: commands and their arguments.

/// An argument as it is written, without its quotes.
pub(super) struct Argument {
    pub text: String,
    pub quoted: bool,
}

/// The commands of `text`, each with its arguments; `None` where it is not understood.
pub(super) fn commands(text: &str) -> Option<Vec<(String, Vec<Argument>)>> {
    let mut all = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(first) = rest.chars().next() {
        if first == '#' {
            rest = behind_comment(rest)?;
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))?;
            let name = rest[..end].to_owned();
            let (arguments, behind) = arguments(rest[end..].trim_start_matches([' ', '\t']).strip_prefix('(')?)?;
            all.push((name, arguments));
            rest = behind;
        } else {
            return None;
        }
    }
    Some(all)
}

fn behind_comment(text: &str) -> Option<&str> {
    if text.starts_with("#[[") {
        return text.find("]]").map(|end| &text[end + 2..]);
    }
    if text.starts_with("#[=") {
        return None;
    }
    Some(&text[text.find('\n').unwrap_or(text.len())..])
}

/// The arguments behind a parenthesis, and what follows it.
fn arguments(text: &str) -> Option<(Vec<Argument>, &str)> {
    let mut all = Vec::new();
    let mut rest = text;
    let mut depth = 0_usize;
    loop {
        let first = rest.chars().next()?;
        match first {
            ')' if depth == 0 => return Some((all, &rest[1..])),
            '(' | ')' => {
                // Of a condition.
                depth = if first == '(' { depth + 1 } else { depth - 1 };
                rest = &rest[1..];
            }
            '#' => rest = behind_comment(rest)?,
            '"' => {
                let mut text = String::new();
                let mut chars = rest[1..].char_indices();
                let end = loop {
                    match chars.next()? {
                        (at, '"') => break at,
                        (_, '\\') => match chars.next()?.1 {
                            '\n' => {}
                            char @ ('"' | '\\' | '$' | ';' | ' ' | '(' | ')' | '#') => text.push(char),
                            _ => return None,
                        },
                        (_, char) => text.push(char),
                    }
                };
                all.push(Argument { text, quoted: true });
                rest = &rest[end + 2..];
            }
            '[' if rest.starts_with("[[") || rest.starts_with("[=") => return None,
            _ if first.is_whitespace() => rest = &rest[first.len_utf8()..],
            _ => {
                let end = rest.find(|char: char| char.is_whitespace() || matches!(char, '(' | ')' | '#' | '"'))?;
                let text = &rest[..end];
                if text.is_empty() || text.contains('\\') || rest[end..].starts_with('"') {
                    return None;
                }
                all.push(Argument { text: text.to_owned(), quoted: false });
                rest = &rest[end..];
            }
        }
    }
}
