//! `.dockerignore`: which paths of the context the builder is not sent.
//!
//! What `github.com/moby/patternmatcher` does (`ignorefile.ReadAll`, `PatternMatcher.MatchesUsingParentResults`), with
//! which the docker command, buildx and BuildKit walk a context: a pattern matches a path or a folder above it, and the
//! last one that matches decides. <https://docs.docker.com/build/concepts/context/#dockerignore-files>

/// The patterns of a file.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<Pattern>);

#[derive(Clone, Debug)]
struct Pattern {
    /// Written with `!`: what it matches is sent after all.
    exception: bool,
    text: Box<str>,
    form: Form,
}

/// How a pattern is matched: three short cuts, of which the first differs from what the pattern would mean without it.
#[derive(Clone, Debug)]
enum Form {
    /// The path itself.
    Exact,
    /// `a**`: what starts so.
    Prefix,
    /// `**a`: what ends so.
    Suffix,
    /// Anything else.
    Glob(Vec<Token>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Star,
    /// `**` before something: nothing, or anything that ends with a slash.
    Folders,
    /// `**` at the end.
    Rest,
    /// `[…]`
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Patterns {
    /// Reads an ignore file. `None` if the builder refuses it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut patterns = Vec::new();
        for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
            // Only a `#` at the very start makes a comment.
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let line = line.trim();
            let (exception, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
            let mut clean = clean(line);
            if exception && line.is_empty() {
                return None;
            }
            if clean.len() > 1 && clean.starts_with('/') {
                clean.remove(0);
            }
            patterns.push(Pattern { exception, form: compile(&clean)?, text: clean.into() });
        }
        Some(Self(patterns))
    }

    /// Whether the builder is not sent the file or folder at `path`.
    #[must_use]
    pub fn excludes(&self, path: &str) -> bool {
        if !self.has_exceptions() {
            return self.0.iter().any(|pattern| pattern.matches_or_above(path));
        }
        // From the top down, with what matched the folder above. A pattern that would not change what the ones before it
        // decided about a folder is not looked at there, and does not hold for what lies below: of `**/x`, `!a`, the
        // second says nothing about `a/x`.
        let mut above = vec![false; self.0.len()];
        let mut excluded = false;
        for end in path.match_indices('/').map(|(at, _)| at).chain([path.len()]) {
            excluded = false;
            for (pattern, matched) in self.0.iter().zip(&mut above) {
                *matched = *matched || (pattern.exception == excluded && pattern.matches(&path[..end]));
                if *matched {
                    excluded = !pattern.exception;
                }
            }
        }
        excluded
    }

    /// Whether the builder is sent nothing of the folder at `path`.
    #[must_use]
    pub fn excludes_all(&self, path: &str) -> bool {
        self.excludes(path) && !self.has_exceptions_in(path)
    }

    /// Whether an exception may name something at or below `path`.
    #[must_use]
    pub fn has_exceptions_in(&self, path: &str) -> bool {
        self.0.iter().filter(|pattern| pattern.exception).any(|pattern| pattern.may_match_in(path))
    }

    /// Whether a line starts with `!`.
    #[must_use]
    pub fn has_exceptions(&self) -> bool {
        self.0.iter().any(|pattern| pattern.exception)
    }
}

/// Whether `pattern`, of the kind that ignore files have, matches just `path`.
#[must_use]
pub fn matches(pattern: &str, path: &str) -> bool {
    let Some(Patterns(patterns)) = Patterns::parse(pattern) else { return false };
    patterns.iter().any(|pattern| !pattern.exception && pattern.matches(path))
}

impl Pattern {
    fn matches(&self, path: &str) -> bool {
        match &self.form {
            Form::Exact => path == &*self.text,
            Form::Prefix => path.starts_with(&self.text[..self.text.len() - 2]),
            Form::Suffix => {
                let suffix = &self.text[2..];
                path.ends_with(suffix) || suffix.strip_prefix('/') == Some(path)
            }
            Form::Glob(tokens) => glob(tokens, path),
        }
    }

    /// Whether it matches the path or a folder above it.
    fn matches_or_above(&self, path: &str) -> bool {
        self.matches(path) || path.match_indices('/').any(|(at, _)| self.matches(&path[..at]))
    }

    /// Whether it may match the folder at `path`, or something below it.
    fn may_match_in(&self, path: &str) -> bool {
        let literal = self.text.find(['*', '?', '[', '\\']).map_or(&*self.text, |at| &self.text[..at]);
        if literal.len() == self.text.len() {
            return literal == path || literal.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        }
        let folder = format!("{path}/");
        literal.starts_with(&folder) || folder.starts_with(literal)
    }
}

/// Go's `filepath.Clean`.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => _ = names.pop(),
            ".." if rooted => {}
            _ => names.push(name),
        }
    }
    match (rooted, names.join("/")) {
        (true, rest) => format!("/{rest}"),
        (false, rest) if rest.is_empty() => ".".into(),
        (false, rest) => rest,
    }
}

/// `None` for a pattern that Go's `filepath.Match` refuses.
fn compile(text: &str) -> Option<Form> {
    let mut tokens = Vec::new();
    let mut form = Form::Exact;
    let mut chars = text.chars().peekable();
    let mut first = true;
    while let Some(char) = chars.next() {
        let at_start = std::mem::take(&mut first);
        match char {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                if chars.peek() == Some(&'/') {
                    chars.next();
                }
                if chars.peek().is_some() {
                    tokens.push(Token::Folders);
                    form = Form::Glob(Vec::new());
                } else if matches!(form, Form::Exact) {
                    tokens.push(Token::Rest);
                    form = Form::Prefix;
                } else {
                    tokens.push(Token::Rest);
                    form = Form::Glob(Vec::new());
                }
                if at_start {
                    form = Form::Suffix;
                }
                continue;
            }
            '*' => tokens.push(Token::Star),
            '?' => tokens.push(Token::One),
            '[' => tokens.push(class(&mut chars)?),
            '\\' => tokens.push(Token::Char(chars.next()?)),
            ']' => tokens.push(Token::Char(char)),
            _ => {
                tokens.push(Token::Char(char));
                continue;
            }
        }
        form = Form::Glob(Vec::new());
    }
    Some(if matches!(form, Form::Glob(_)) { Form::Glob(tokens) } else { form })
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let mut next = || match chars.next()? {
            '\\' => chars.next(),
            char => Some(char),
        };
        let low = next()?;
        if low == ']' && !ranges.is_empty() {
            return Some(Token::Class { negated, ranges });
        }
        if matches!(low, ']' | '-') {
            return None;
        }
        let high = if chars.next_if_eq(&'-').is_some() {
            match chars.next()? {
                '\\' => chars.next()?,
                ']' | '-' => return None,
                char => char,
            }
        } else {
            low
        };
        ranges.push((low, high));
    }
}

/// Whether `tokens` match the whole of `path`; the places that can be reached are followed side by side.
fn glob(tokens: &[Token], path: &str) -> bool {
    let chars: Vec<char> = path.chars().collect();
    let mut reached = vec![false; chars.len() + 1];
    reached[0] = true;
    for token in tokens {
        let mut next = vec![false; chars.len() + 1];
        for at in (0..=chars.len()).filter(|at| reached[*at]) {
            match token {
                Token::Star => {
                    let end = chars[at..].iter().position(|char| *char == '/').map_or(chars.len(), |len| at + len);
                    next[at..=end].fill(true);
                }
                Token::Rest => next[at..].fill(true),
                Token::Folders => {
                    next[at] = true;
                    (at..chars.len()).filter(|place| chars[*place] == '/').for_each(|place| next[place + 1] = true);
                }
                Token::Char(_) | Token::One | Token::Class { .. } => {
                    let Some(char) = chars.get(at) else { continue };
                    next[at + 1] |= match token {
                        Token::Char(own) => own == char,
                        Token::Class { negated, ranges } => {
                            ranges.iter().any(|(low, high)| (low..=high).contains(&char)) != *negated
                        }
                        _ => *char != '/',
                    };
                }
            }
        }
        reached = next;
    }
    reached[chars.len()]
}

/// The text of an ignore file with `lines` behind its last line, in its style of line breaks.
#[must_use]
pub fn append(text: &str, lines: &[String]) -> String {
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = text.to_owned();
    if !out.is_empty() && !out.ends_with('\n') {
        out += line_break;
    }
    for line in lines {
        out += line;
        out += line_break;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_matched_as_the_builder_does() {
        // The file, what is left out, and what is sent.
        for (text, out, sent) in [
            ("node_modules", "node_modules node_modules/a/b", "a/node_modules node_modules2 n"),
            ("/node_modules/", "node_modules node_modules/a", "a/node_modules"),
            ("**/node_modules", "node_modules a/node_modules a/b/node_modules/c", "node_modulesx xnode_modules/a"),
            ("*", "a a/b .git", ""),
            ("*\n!src", "a Dockerfile", "src src/a src/a/b"),
            ("*\n!src\nsrc/*.log", "src/a.log", "src/b"),
            ("*\n!**/package.json", "a/b package.jsonx", "package.json a/package.json a/b/package.json"),
            ("*.md\n!README.md", "a.md", "README.md a/b.md"),
            ("!README.md\n*.md", "README.md", "a/README.md"),
            ("**/*.pyc", "a.pyc a/b.pyc", "a.py"),
            ("a/**", "a/b a/b/c", "a ab"),
            ("a/**/b", "a/b a/x/b a/x/y/b/c", "a/xb"),
            ("**", "a a/b", ""),
            ("**/", "a a/b", ""),
            ("a**", "a ab a/b", "ba"),
            ("**foo", "foo xfoo a/xfoo", "fo"),
            ("?.txt", "a.txt", "ab.txt a/b.txt"),
            ("[a-c]x", "ax bx cx/y", "dx"),
            ("[^a-c]x", "dx", "ax"),
            (r"a\*", "a*", "ab"),
            ("# a\n #b\n", "#b", "a b"),
            ("\u{feff}a\r\n  b  \r\n", "a b", "c"),
            ("./a\nb/../c\n../d", "a c", "b d"),
            ("! a", "", "a"),
            ("a\n! a/b", "a a/c", "a/b"),
            ("/", "", "a"),
            ("", "", "a"),
            ("a.b", "a.b", "axb"),
            (".env*", ".env .env.local", "a/.env"),
            ("**/x\n!a", "x a/x b/x", "a a/y"),
            ("**/x\na\n!a", "x b/x", "a a/x a/y"),
        ] {
            let patterns = Patterns::parse(text).expect(text);
            for path in out.split_whitespace() {
                assert!(patterns.excludes(path), "{text:?} excludes {path}");
            }
            for path in sent.split_whitespace() {
                assert!(!patterns.excludes(path), "{text:?} sends {path}");
            }
        }
    }

    #[test]
    fn refused_files() {
        for text in ["!", "[", "[]", "[a", "a[-b]", "a\\", "[a-]"] {
            assert!(Patterns::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn folders_without_exceptions() {
        for (text, all) in [
            ("a", true),
            ("a\n!b", true),
            ("a\n!a/b", false),
            ("a\n!a", false),
            ("a\n!**/x", false),
            ("a\n!ab", true),
            ("a\n!*.md", false),
            ("b", false),
        ] {
            assert_eq!(Patterns::parse(text).unwrap().excludes_all("a"), all, "{text:?}");
        }
    }

    #[test]
    fn lines_are_appended() {
        let lines = ["a".to_owned(), "b".to_owned()];
        for (text, expected) in [("", "a\nb\n"), ("x", "x\na\nb\n"), ("x\r\n", "x\r\na\r\nb\r\n")] {
            assert_eq!(append(text, &lines), expected);
        }
    }
}
