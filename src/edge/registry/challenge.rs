//! What a registry asks for before it answers: the header `WWW-Authenticate`.
//!
//! <https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1>,
//! <https://distribution.github.io/distribution/spec/auth/token/>

/// A way to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A token, which `realm` gives.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
    /// Name and password.
    Basic,
}

impl Challenge {
    /// The way that is taken, of those that the headers offer: a token, if that is one.
    pub fn choose<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut all: Vec<Self> = headers.flat_map(read).collect();
        let bearer = all.iter().position(|it| matches!(it, Self::Bearer { .. }));
        (!all.is_empty()).then(|| all.swap_remove(bearer.unwrap_or(0)))
    }
}

/// The challenges of one header.
fn read(header: &str) -> Vec<Challenge> {
    let mut found: Vec<(&str, Vec<(&str, String)>)> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=', '"']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            break;
        }
        rest = after.trim_start_matches([' ', '\t']);
        let Some(value) = rest.strip_prefix('=') else {
            found.push((word, Vec::new()));
            continue;
        };
        let Some((value, after)) = value_of(value.trim_start_matches([' ', '\t'])) else { break };
        rest = after;
        if let Some((_, parameters)) = found.last_mut() {
            parameters.push((word, value));
        }
    }
    let known = found.into_iter().filter_map(|(scheme, parameters)| {
        let get = |name: &str| parameters.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|it| it.1.clone());
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Challenge::Bearer { realm: get("realm")?, service: get("service"), scope: get("scope") });
        }
        scheme.eq_ignore_ascii_case("basic").then_some(Challenge::Basic)
    });
    known.collect()
}

/// The value at the start of `text`, which may be quoted, and what follows it; `None` if its quote is not closed.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find([' ', '\t', ',']).unwrap_or(text.len()));
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            char => value.push(char),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            Some(Challenge::Bearer { realm: realm.into(), service: owned(service), scope: owned(scope) })
        };
        for (headers, expected) in [
            (&[r#"Basic realm="x""#][..], Some(Challenge::Basic)),
            (&["basic"], Some(Challenge::Basic)),
            (
                &[r#"Bearer realm="https://a/b",service="s",scope="repository:x/y:pull,push""#],
                bearer("https://a/b", Some("s"), Some("repository:x/y:pull,push")),
            ),
            (&[r#"BEARER Realm = "https://a" , x=1"#], bearer("https://a", None, None)),
            (&[r#"Basic realm="a, Bearer", Bearer realm=https://a"#], bearer("https://a", None, None)),
            (&["Basic realm=x", r#"Bearer realm="a\"b""#], bearer("a\"b", None, None)),
            (&[r#"Bearer service="s""#, "Basic"], Some(Challenge::Basic)),
            (&[r#"Bearer realm="https://a"#], None),
            (&["Negotiate"], None),
            (&["= x"], None),
            (&["\"\" =,"], None),
            (&[""], None),
            (&[], None),
        ] {
            assert_eq!(Challenge::choose(headers.iter().copied()), expected, "{headers:?}");
        }
    }
}
