//! The name of an image, as one file gives it to what it builds and another runs it.
//!
//! <https://github.com/distribution/reference/blob/main/normalize.go>

use super::template::{self, is_certain, may_be};

/// The repository of a reference, without tag and digest; `None` if a variable is all that is known of its last name.
pub fn repository(reference: &str) -> Option<String> {
    let known = template::of(reference.trim());
    let name = known.split('@').next().unwrap_or_default();
    let (registry, last) = name.rsplit_once('/').map_or((None, name), |(registry, last)| (Some(registry), last));
    let last = last.split(':').next().filter(|last| !last.is_empty() && is_certain(last))?;
    let Some(registry) = registry else { return Some(last.to_owned()) };
    let registry = ["docker.io", "index.docker.io", "registry-1.docker.io"]
        .iter()
        .find_map(|hub| registry.strip_prefix(hub))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .map_or(registry, |rest| rest.trim_start_matches('/'));
    let registry = if registry == "library" { "" } else { registry };
    Some(if registry.is_empty() { last.to_owned() } else { format!("{registry}/{last}") })
}

/// Its last name.
pub fn last(repository: &str) -> &str {
    repository.rsplit('/').next().unwrap_or_default()
}

/// Whether two repositories are one, as far as they are known.
pub fn is_same(one: &str, other: &str) -> bool {
    one == other
        || last(one) == last(other)
            && (may_be(one, other) || may_be(other, one) || !is_certain(one) && !is_certain(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (reference, expected) in [
            ("api", Some("api")),
            ("api:1.2", Some("api")),
            ("docker.io/library/api@sha256:00", Some("api")),
            ("docker.io/org/api:$TAG", Some("org/api")),
            ("localhost:5000/api", Some("localhost:5000/api")),
            ("ghcr.io/org/api:${TAG:-latest}", Some("ghcr.io/org/api")),
            ("${{ env.REGISTRY }}/api:{{.X}}", Some("\0/api")),
            ("$IMAGE", None),
            ("ghcr.io/${{ github.repository }}:1", None),
            ("api$SUFFIX", None),
            ("", None),
            (":1", None),
            ("a/", None),
        ] {
            assert_eq!(repository(reference).as_deref(), expected, "{reference}");
        }
        for (one, other, expected) in [
            ("a/b", "a/b", true),
            ("a/b", "c/b", false),
            ("b", "c/b", false),
            ("\0/b", "c/d/b", true),
            ("\0/b", "b", true),
            ("c/b", "x/\0/b", false),
            ("x/\0/b", "\0/b", true),
            ("\0/b", "\0/c", false),
        ] {
            assert_eq!(is_same(one, other), expected, "{one:?} {other:?}");
        }
    }
}
