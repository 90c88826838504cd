//! The flags of an instruction: how BuildKit splits them off (`split_command.go`), and which it takes (`bflag.go`).

use std::borrow::Cow;
use std::ops::Range;

use Takes::{Bool, Often, Once};

use super::words::{Lookup, expand};

/// A flag in the logical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawFlag {
    pub range: Range<usize>,
    /// Where its first equals sign stands, if it has one.
    equals: Option<usize>,
    /// It is the `--` that ends the flags.
    pub is_end: bool,
}

impl RawFlag {
    pub fn name(&self) -> Range<usize> {
        self.range.start + 2..self.equals.unwrap_or(self.range.end)
    }

    pub fn value(&self) -> Option<Range<usize>> {
        self.equals.map(|equals| equals + 1..self.range.end)
    }
}

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// `true`, `false` or nothing.
    Bool,
    /// One value.
    Once,
    /// A value each time.
    Often,
}

/// A flag that an instruction knows.
pub(super) type Known = (&'static str, Takes);

/// No flags.
pub(super) const NONE: &[Known] = &[];

/// The flags of an instruction; `None` where BuildKit does not look at them.
pub(super) fn of(keyword: &str) -> Option<&'static [Known]> {
    Some(match keyword {
        "FROM" => &[("platform", Once)],
        "RUN" => &[("mount", Often), ("network", Once), ("security", Once), ("device", Often)],
        "COPY" => {
            &[("from", Once), ("chown", Once), ("chmod", Once), ("link", Bool), ("exclude", Often), ("parents", Bool)]
        }
        "ADD" => &[
            ("chown", Once),
            ("chmod", Once),
            ("link", Bool),
            ("keep-git-dir", Bool),
            ("checksum", Once),
            ("unpack", Bool),
            ("exclude", Often),
        ],
        "HEALTHCHECK" => &[
            ("interval", Once),
            ("timeout", Once),
            ("start-period", Once),
            ("start-interval", Once),
            ("retries", Once),
        ],
        "ENV" | "LABEL" | "CMD" | "ENTRYPOINT" | "EXPOSE" | "USER" | "VOLUME" | "WORKDIR" | "SHELL" | "MAINTAINER" => {
            NONE
        }
        _ => return None,
    })
}

/// Splits the flags off the arguments in `range` of `text`; the offset where the rest starts.
pub(super) fn split(text: &str, range: Range<usize>, escape: u8) -> (Vec<RawFlag>, usize) {
    let bytes = text.as_bytes();
    let blank = |at: usize| bytes[at].is_ascii_whitespace() || bytes[at] == 0x0b;
    let mut flags = Vec::new();
    let mut at = range.start;
    loop {
        while at < range.end && blank(at) {
            at += 1;
        }
        if !text[at..range.end].starts_with("--") {
            return (flags, at);
        }
        let mut flag = RawFlag { range: at..range.end, equals: None, is_end: false };
        let mut quote = None;
        while at < range.end && (quote.is_some() || !blank(at)) {
            let byte = bytes[at];
            at += 1;
            if byte == escape {
                if bytes.get(at) == Some(&b'=') && at < range.end {
                    flag.equals.get_or_insert(at);
                }
                // The escaped character, whole.
                at += text[at..range.end].chars().next().map_or(0, char::len_utf8);
            } else if quote == Some(byte) {
                quote = None;
            } else if quote.is_none() && matches!(byte, b'"' | b'\'') {
                quote = Some(byte);
            } else if byte == b'=' && flag.equals.is_none() {
                flag.equals = Some(at - 1);
            }
        }
        flag.range.end = at;
        flag.is_end = unquote(&text[flag.range.clone()], char::from(escape)) == "--";
        let is_end = flag.is_end;
        flags.push(flag);
        if is_end {
            return (flags, at);
        }
    }
}

/// The text of a piece of a flag, quotes and escapes removed.
pub(super) fn unquote(raw: &str, escape: char) -> Cow<'_, str> {
    if !raw.bytes().any(|byte| matches!(byte, b'"' | b'\'') || char::from(byte) == escape) {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut quote = None;
    let mut chars = raw.chars();
    while let Some(char) = chars.next() {
        if char == escape {
            text.extend(chars.next());
        } else if quote == Some(char) {
            quote = None;
        } else if quote.is_none() && matches!(char, '"' | '\'') {
            quote = Some(char);
        } else {
            text.push(char);
        }
    }
    Cow::Owned(text)
}

/// What BuildKit refuses in `flags`: where, and why.
pub(super) fn check(text: &str, flags: &[RawFlag], escape: u8, known: &[Known]) -> Vec<(Range<usize>, Box<str>)> {
    let mut refused = Vec::new();
    for (index, flag) in flags.iter().enumerate().filter(|(_, flag)| !flag.is_end) {
        let name = unquote(&text[flag.name()], char::from(escape));
        let value = flag.value().map(|value| unquote(&text[value], char::from(escape)));
        let mut refuse = |message: String| refused.push((flag.range.clone(), message.into()));
        let Some((_, takes)) = known.iter().find(|(known, _)| *known == name) else {
            refuse(format!("unknown flag --{name}"));
            continue;
        };
        let twice = || flags[..index].iter().any(|other| unquote(&text[other.name()], char::from(escape)) == name);
        if *takes != Often && twice() {
            refuse(format!("flag --{name} stands here for the second time"));
        }
        match (takes, value.as_deref()) {
            (Bool, None) => {}
            (Bool, Some(value)) if ["true", "false"].iter().any(|it| value.eq_ignore_ascii_case(it)) => {}
            (Bool, Some(_)) => refuse(format!("flag --{name} takes true or false")),
            (_, None) => refuse(format!("flag --{name} needs a value")),
            (_, Some(_)) => {}
        }
    }
    refused
}

/// What BuildKit refuses in the values of flags: where, why, and what helps.
pub(super) fn check_values(
    text: &str,
    flags: &[RawFlag],
    escape: u8,
    known: &[Known],
) -> Vec<(Range<usize>, Box<str>, &'static str)> {
    let mut refused = Vec::new();
    for flag in flags {
        let Some(value) = flag.value() else { continue };
        let value = unquote(&text[value], char::from(escape));
        let mut refuse = |message: String, help| refused.push((flag.range.clone(), message.into(), help));
        let name = unquote(&text[flag.name()], char::from(escape));
        if !known.iter().any(|(known, _)| *known == name) {
            continue;
        }
        match &*name {
            "from" if expand(&value, char::from(escape), &mut |_| Lookup::Unset).as_deref() != Some(&*value) => {
                refuse("--from takes no variables".to_owned(), "name a stage of its own that is FROM the variable");
            }
            "network" if !matches!(&*value, "default" | "none" | "host") => {
                refuse(format!("no network mode {value}"), "use default, none or host");
            }
            "security" if !matches!(&*value, "insecure" | "sandbox") => {
                refuse(format!("no security mode {value}"), "use sandbox or insecure");
            }
            "mount" => {
                let from = mount_option(&value, "from");
                if from.is_some_and(|from| from.find('$').is_some_and(|at| at + 1 != from.len())) {
                    refuse(
                        "a mount's `from` takes no variables".to_owned(),
                        "name a stage of its own that is FROM the variable",
                    );
                }
            }
            _ => {}
        }
    }
    refused
}

/// The last value of an option in the comma-separated value of `--mount`.
pub(super) fn mount_option(mount: &str, name: &str) -> Option<String> {
    let mut found = None;
    for field in fields(mount) {
        let Some((key, value)) = field.split_once('=') else { continue };
        if key.eq_ignore_ascii_case(name) {
            found = Some(value.to_owned());
        }
    }
    found
}

/// The fields of a line of CSV.
fn fields(line: &str) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(',').map(Cow::Borrowed).collect();
    }
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for char in line.chars() {
        match char {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().expect("there is one").push(char),
        }
    }
    fields.into_iter().map(Cow::Owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_split_off() {
        // The text, the flags unquoted, and the rest.
        let cases: &[(&str, &[&str], &str)] = &[
            ("", &[], ""),
            ("a --b", &[], "a --b"),
            ("--a b", &["--a"], "b"),
            ("--a=1  --b c", &["--a=1", "--b"], "c"),
            ("--a='x y' c", &["--a=x y"], "c"),
            (r"--a=x\ y c", &["--a=x y"], "c"),
            (r#"--a="x\"y" c"#, &[r#"--a=x"y"#], "c"),
            ("--a -- --b", &["--a", "--"], " --b"),
            ("-a", &[], "-a"),
            ("--a=\"x", &["--a=x"], ""),
        ];
        for (text, expected, rest) in cases {
            let (flags, at) = split(text, 0..text.len(), b'\\');
            let found: Vec<_> = flags.iter().map(|flag| unquote(&text[flag.range.clone()], '\\')).collect();
            assert_eq!(found, *expected, "{text}");
            assert_eq!(&text[at..], *rest, "{text}");
        }
    }

    #[test]
    fn an_escaped_equals_sign_counts() {
        let text = r"--a\=b c";
        let (flags, _) = split(text, 0..text.len(), b'\\');
        assert_eq!((unquote(&text[flags[0].name()], '\\'), flags[0].value()), ("a".into(), Some(5..6)));
    }

    #[test]
    fn mounts_are_lists() {
        assert_eq!(mount_option("type=bind,from=a,FROM=b", "from").as_deref(), Some("b"));
        assert_eq!(mount_option("\"from=a,b\",target=/x", "from").as_deref(), Some("a,b"));
        assert_eq!(mount_option("type=cache,ro", "ro"), None);
    }
}
