//! Words of which a part is only known when something runs.

/// Stands for a part that is not known.
pub const ANY: char = '\0';

/// Stands for the root of the repository, at the start of a path.
const ROOT: char = '\u{1}';

/// Variables that name the root of the repository.
const ROOTS: &[&str] =
    &["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "github.workspace", "localWorkspaceFolder", "BITBUCKET_CLONE_DIR"];

/// Variables that name the folder that a command runs in.
const HERE: &[&str] = &["PWD", "pwd", "CURDIR"];

/// A word as it is written, with [`ANY`] for each variable, each substitution of a command, and the like.
pub fn of(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '{', '`', '\0', '\u{1}']) {
        word.push_str(&rest[..at]);
        rest = &rest[at..];
        let (name, len) = variable(rest);
        match name {
            Some(name) if ROOTS.contains(&name) && word.is_empty() => word.push(ROOT),
            Some(name) if HERE.contains(&name) && word.is_empty() => word.push('.'),
            Some(_) => word.push(ANY),
            None => word.push_str(&rest[..len]),
        }
        rest = &rest[len..];
    }
    word + rest
}

/// What the variable at the start of `text` is called, and how long it is; if there is none, how much else stands there.
fn variable(text: &str) -> (Option<&str>, usize) {
    for (open, close) in [("${{", "}}"), ("{{", "}}"), ("${", "}"), ("$(", ")"), ("`", "`")] {
        let Some(inside) = text.strip_prefix(open) else { continue };
        let end = if matches!(close, "}" | ")") { balanced(inside, open, close) } else { inside.find(close) };
        return match end {
            Some(end) => (Some(inside[..end].trim()), open.len() + end + close.len()),
            // Without an end, all of it is.
            None => (Some(""), text.len()),
        };
    }
    let Some(name) = text.strip_prefix('$') else {
        // A mark of ours is nothing that a person writes.
        return if text.starts_with('{') { (None, 1) } else { (Some(""), 1) };
    };
    if let Some(escaped) = name.strip_prefix('$') {
        let (found, len) = variable(&text[1..]);
        return if escaped.is_empty() { (None, 2) } else { (found, 1 + len) };
    }
    let len = name.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(name.len());
    match len {
        0 if name.starts_with(['@', '*', '#', '?', '!', '<', '^']) => (Some(""), 2),
        0 => (None, 1),
        len => (Some(&name[..len]), 1 + len),
    }
}

/// The first variable of a word that has a name and nothing else: where it starts, how long it is, and its name.
pub fn first(word: &str) -> Option<(usize, usize, &str)> {
    let start = word.find('$')?;
    let (name, len) = variable(&word[start..]);
    let plain = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    Some((start, len, name.filter(plain)?))
}

/// Where `close` stands that ends what `open` began.
fn balanced(inside: &str, open: &str, close: &str) -> Option<usize> {
    let (open, close) = (*open.as_bytes().last()?, *close.as_bytes().first()?);
    let mut depth = 1_usize;
    for (at, byte) in inside.bytes().enumerate() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// Whether all of it is known.
pub fn is_certain(word: &str) -> bool {
    !word.contains(ANY)
}

/// Whether `word` can be `text`.
pub fn may_be(word: &str, text: &str) -> bool {
    if is_certain(word) {
        return word == text;
    }
    // A folder that is not known can be the root.
    word.strip_prefix("\0/").is_some_and(|rest| may_be(rest, text)) || fits(word, text)
}

/// Whether `text` is the known parts of `word`, in order, with anything for the others.
fn fits(word: &str, text: &str) -> bool {
    let mut parts = word.split(ANY);
    let (first, last) = (parts.next().unwrap_or_default(), parts.next_back().unwrap_or_default());
    let Some(rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    parts.try_fold(rest, |rest, part| rest.find(part).map(|at| &rest[at + part.len()..])).is_some()
}

/// The path of the repository that `path` names in `folder`; `None` if it leads out of it, or to another machine.
pub fn resolve(folder: &str, path: &str) -> Option<String> {
    let (folder, path) = match path.strip_prefix(ROOT) {
        Some(path) => ("", path.trim_start_matches('/')),
        None => (folder, path),
    };
    if path.starts_with(['/', '~']) || path.contains("://") || path.starts_with("git@") || path.contains('\\') {
        return None;
    }
    let mut names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    // A variable may be a path from another root.
    if path.starts_with(ANY) {
        names.clear();
    }
    for name in path.split('/') {
        match name {
            "" | "." => {}
            // Whatever that names, it is above.
            ".." if names.last().is_some_and(|name| name.contains(ANY)) => {
                names.pop();
                if names.is_empty() {
                    names.push("\0");
                }
            }
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables() {
        for (text, expected) in [
            ("a", "a"),
            ("a$B/c", "a\0/c"),
            ("${A:-${B}}/x", "\0/x"),
            ("${{ matrix.x }}-y", "\0-y"),
            ("{{.A}}", "\0"),
            ("$(A B)/$@", "\0/\0"),
            ("$$X", "\0"),
            ("a{b}", "a{b}"),
            ("$", "$"),
            ("$$", "$$"),
            ("${A", "\0"),
            ("`pwd`/x", "./x"),
            ("$(CURDIR)/x", "./x"),
            ("${{ github.workspace }}/x", "\u{1}/x"),
            ("a\u{1}b\0", "a\0b\0"),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn paths() {
        for (folder, path, expected) in [
            ("a", "b", Some("a/b")),
            ("a", "../b/./c/", Some("b/c")),
            ("", "../b", None),
            ("", ".", Some("")),
            ("a", "\u{1}/b", Some("b")),
            ("a", "\u{1}", Some("")),
            ("a", "\0/b", Some("\0/b")),
            ("a", "\0/../b", Some("\0/b")),
            ("", "/b", None),
            ("", "https://x/y.git", None),
        ] {
            assert_eq!(resolve(folder, path).as_deref(), expected, "{folder} {path}");
        }
    }

    #[test]
    fn guesses() {
        for (word, text, expected) in [
            ("a", "a", true),
            ("a", "b", false),
            ("\0", "anything/at/all", true),
            ("\0/Dockerfile", "Dockerfile", true),
            ("\0/Dockerfile", "a/b/Dockerfile", true),
            ("\0/Dockerfile", "Dockerfile.dev", false),
            ("a/\0/Dockerfile.\0", "a/b/Dockerfile.c", true),
            ("a\0a", "a", false),
            ("a\0b\0c", "a-b-c", true),
            ("a\0b\0c", "a-c", false),
        ] {
            assert_eq!(may_be(word, text), expected, "{word:?} {text}");
        }
    }
}
