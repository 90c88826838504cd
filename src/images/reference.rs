//! References to images: `docker.io/library/python:3.12-slim@sha256:…`, and the names that mean the same.
//!
//! The grammar is that of the [distribution project](https://github.com/distribution/reference/blob/main/reference.go);
//! how a registry is told from a repository, and what is left out, is in its `normalize.go`.

use std::borrow::Cow;

use crate::source::Span;

/// A valid reference to an image, and where its parts stand in its text.
///
/// ```text
/// registry.example:5000/team/app:1.2@sha256:0123…
/// ^^^^^^^^^^^^^^^^^^^^^ registry
///                       ^^^^^^^^ repository
///                                ^^^ tag
///                                    ^^^^^^^^^^^ digest
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    text: &'a str,
    /// The registry, with its port.
    pub registry: Option<Span>,
    /// The path in the registry.
    pub repository: Span,
    /// Behind the colon.
    pub tag: Option<Span>,
    /// Behind the `@`, with its algorithm.
    pub digest: Option<Span>,
}

/// Why a text is not a reference to an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// A component of the path holds a character that it cannot, is empty, or is too long.
    #[error("the name of an image is lower-case letters and digits, with dots, dashes and underscores between them")]
    Name,
    /// The registry is not a host with an optional port.
    #[error("the registry is not a host name with an optional port")]
    Registry,
    /// The tag holds a character that it cannot, is empty, or is too long.
    #[error("a tag is at most 128 letters, digits, underscores, dots and dashes")]
    Tag,
    /// The digest is not `algorithm:hexadecimal`.
    #[error("a digest is an algorithm, a colon and at least 32 hexadecimal digits")]
    Digest,
}

impl<'a> Reference<'a> {
    /// Reads `text`.
    ///
    /// # Errors
    /// If Docker would not take it for a reference to an image.
    pub fn parse(text: &'a str) -> Result<Self, ReferenceError> {
        let (name, digest) = match text.split_once('@') {
            Some((_, digest)) if !is_digest(digest) => return Err(ReferenceError::Digest),
            Some((name, _)) => (name, Some(Span::new(name.len() + 1, text.len()))),
            None => (text, None),
        };
        // A colon before the last slash is that of a port.
        let path = name.rfind('/').map_or(0, |slash| slash + 1);
        let (end, tag) = match name[path..].find(':').map(|colon| path + colon) {
            Some(colon) if !is_tag(&name[colon + 1..]) => return Err(ReferenceError::Tag),
            Some(colon) => (colon, Some(Span::new(colon + 1, name.len()))),
            None => (name.len(), None),
        };
        let (registry, start) = match name[..end].find('/') {
            Some(slash) if is_host(&name[..slash]) => (Some(Span::new(0, slash)), slash + 1),
            _ => (None, 0),
        };
        if registry.is_some_and(|registry| !is_registry(registry.of(text))) {
            return Err(ReferenceError::Registry);
        }
        let repository = Span::new(start, end);
        // Docker's own limit for the whole name.
        if end > 255 || !repository.of(text).split('/').all(is_component) {
            return Err(ReferenceError::Name);
        }
        Ok(Self { text, registry, repository, tag, digest })
    }

    /// The whole, as written.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// The registry, if it is named.
    #[must_use]
    pub fn registry(&self) -> Option<&'a str> {
        self.registry.map(|span| span.of(self.text))
    }

    /// The path in the registry, as written.
    #[must_use]
    pub fn repository(&self) -> &'a str {
        self.repository.of(self.text)
    }

    /// The tag, if there is one. Where there is also a digest, no builder looks at the tag.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.tag.map(|span| span.of(self.text))
    }

    /// The digest, if there is one.
    #[must_use]
    pub fn digest(&self) -> Option<&'a str> {
        self.digest.map(|span| span.of(self.text))
    }

    /// Registry and repository as written, without tag and digest.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.text[..self.repository.end]
    }

    /// The shortest name of the same repository: `python` for `docker.io/library/python`. Known mirrors of Docker Hub
    /// are taken for it.
    #[must_use]
    pub fn familiar(&self) -> Cow<'a, str> {
        let repository = self.repository();
        let hub = match self.registry() {
            None | Some("docker.io" | "index.docker.io" | "registry-1.docker.io" | "mirror.gcr.io") => Some(repository),
            // https://docs.aws.amazon.com/AmazonECR/latest/public/docker-hub-mirror.html is for official images only.
            Some("public.ecr.aws") => repository.strip_prefix("docker/").filter(|rest| rest.starts_with("library/")),
            Some(_) => None,
        };
        match hub {
            Some(hub) => Cow::Borrowed(hub.strip_prefix("library/").unwrap_or(hub)),
            None => Cow::Borrowed(self.name()),
        }
    }
}

/// Whether the first component of a path is a registry (`splitDockerDomain`).
fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_registry(registry: &str) -> bool {
    let (host, port) = match registry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            if address.is_empty() || !address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') {
                return false;
            }
            match rest.strip_prefix(':') {
                None if rest.is_empty() => return true,
                None => return false,
                Some(port) => ("host", Some(port)),
            }
        }
        None => registry.split_once(':').map_or((registry, None), |(host, port)| (host, Some(port))),
    };
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    host.split('.').all(label) && port.is_none_or(is_port)
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(component: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| plain(*byte));
    let separators = bytes.chunk_by(|a, b| plain(*a) == plain(*b)).filter(|chunk| !plain(chunk[0]));
    ends(bytes.first())
        && ends(bytes.last())
        && separators.into_iter().all(|it| matches!(it, b"." | b"_" | b"__") || it.iter().all(|byte| *byte == b'-'))
}

/// `\w[\w.-]{0,127}`
fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let rest = |byte: u8| word(byte) || matches!(byte, b'.' | b'-');
    tag.len() <= 128 && tag.bytes().next().is_some_and(word) && tag.bytes().all(rest)
}

/// `[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}`
fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic()) && part.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(part)
        && hex.len() >= 32
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn parts_are_found() {
        // text, registry, repository, tag, familiar
        type Case = (&'static str, Option<&'static str>, &'static str, Option<&'static str>, &'static str);
        let cases: &[Case] = &[
            ("python", None, "python", None, "python"),
            ("python:3.12-slim", None, "python", Some("3.12-slim"), "python"),
            ("library/python", None, "library/python", None, "python"),
            ("docker.io/library/python:3", Some("docker.io"), "library/python", Some("3"), "python"),
            ("docker.io/python", Some("docker.io"), "python", None, "python"),
            ("docker.io/oven/bun:1", Some("docker.io"), "oven/bun", Some("1"), "oven/bun"),
            (
                "public.ecr.aws/docker/library/node:22",
                Some("public.ecr.aws"),
                "docker/library/node",
                Some("22"),
                "node",
            ),
            ("public.ecr.aws/docker/x", Some("public.ecr.aws"), "docker/x", None, "public.ecr.aws/docker/x"),
            ("mirror.gcr.io/library/node", Some("mirror.gcr.io"), "library/node", None, "node"),
            ("localhost/app", Some("localhost"), "app", None, "localhost/app"),
            ("localhost:5000/app:x", Some("localhost:5000"), "app", Some("x"), "localhost:5000/app"),
            ("[::1]:5000/app", Some("[::1]:5000"), "app", None, "[::1]:5000/app"),
            ("Registry/app", Some("Registry"), "app", None, "Registry/app"),
            ("a__b/c-_d", None, "", None, ""),
            ("a__b/c--d.e", None, "a__b/c--d.e", None, "a__b/c--d.e"),
        ];
        for (text, registry, repository, tag, familiar) in cases {
            let Ok(reference) = Reference::parse(text) else {
                assert!(repository.is_empty(), "{text}");
                continue;
            };
            assert_eq!(
                (reference.registry(), reference.repository(), reference.tag(), &*reference.familiar()),
                (*registry, *repository, *tag, *familiar),
                "{text}"
            );
        }
    }

    #[test]
    fn a_digest_is_read_with_and_without_a_tag() {
        let text = format!("node:22@{DIGEST}");
        let reference = Reference::parse(&text).unwrap();
        assert_eq!((reference.tag(), reference.digest()), (Some("22"), Some(DIGEST)));
        assert_eq!(reference.tag.unwrap(), Span::new(5, 7));
        let text = format!("node@{DIGEST}");
        assert_eq!(Reference::parse(&text).unwrap().tag(), None);
    }

    #[test]
    fn what_docker_refuses_is_refused() {
        use ReferenceError::{Digest, Name, Registry, Tag};
        let long = "a".repeat(256);
        let cases: &[(&str, ReferenceError)] = &[
            ("", Name),
            ("Python", Name),
            ("a/", Name),
            ("/a", Name),
            ("a//b", Name),
            ("-a", Name),
            ("a..b", Name),
            ("a___b", Name),
            ("é", Name),
            (&long, Name),
            ("a:", Tag),
            ("a:-x", Tag),
            ("a:x y", Tag),
            ("a:b:c", Tag),
            ("-x.y/a", Registry),
            ("x.y:p/a", Registry),
            ("a@sha256:12", Digest),
            ("a@", Digest),
            ("a:1@x", Digest),
        ];
        for (text, error) in cases {
            assert_eq!(Reference::parse(text), Err(*error), "{text}");
        }
    }
}
