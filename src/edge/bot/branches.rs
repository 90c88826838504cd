//! The names of our branches: two for a whole repository, or two for each Dockerfile.
//!
//! A name for a Dockerfile is made of a few letters of its path, for people, and of a hash of it, which tells it from
//! others: no path, whatever is in it, makes a name that git or a forge would read as anything else. None lies below
//! another, which git could not have at the same time.

use sha2::{Digest as _, Sha256};

/// Of the safe changes of a repository, and of those that a person has to check.
pub const WHOLE: [&str; 2] = ["dockwright/optimize", "dockwright/review"];
/// How many letters of a path are in a name.
const MAX_LEN: usize = 40;
/// How many digits of its hash.
const DIGITS: usize = 16;

/// What the names for the Dockerfile at `path` end with.
pub fn suffix(path: &str) -> String {
    let mut readable = String::new();
    for c in path.chars().take(4 * MAX_LEN) {
        if c.is_ascii_alphanumeric() {
            readable.push(c.to_ascii_lowercase());
        } else if !readable.is_empty() && !readable.ends_with('-') {
            readable.push('-');
        }
    }
    // Its end says more than its start.
    let readable = &readable[readable.len().saturating_sub(MAX_LEN)..];
    let digest = Sha256::digest(path.as_bytes());
    let hash: String = digest.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    format!("{readable}-{hash}").trim_start_matches('-').replace("--", "-")
}

/// The two names that end with `suffix`.
pub fn pair(suffix: &str) -> [String; 2] {
    WHOLE.map(|whole| format!("{whole}-{suffix}"))
}

/// What a branch's name ends with, if it is one that is made here for a Dockerfile.
pub fn suffix_of(name: &str) -> Option<&str> {
    let suffix = WHOLE.iter().find_map(|whole| name.strip_prefix(whole)?.strip_prefix('-'))?;
    let hash = suffix.rsplit('-').next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is = suffix.bytes().all(plain) && suffix.len() <= MAX_LEN + 1 + DIGITS && hash.len() == DIGITS;
    (is && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_stable_and_harmless_for_any_path() {
        // Another name would leave pull requests behind.
        assert_eq!(suffix("services/api/Dockerfile"), "services-api-dockerfile-472e9435ffcd0467");
        let long = "a/".repeat(500) + "Dockerfile";
        let paths = [
            "Dockerfile",
            "dockerfile",
            "a/Dockerfile",
            "a-Dockerfile",
            "a b/Dockerfile",
            "..",
            "",
            "/",
            "-",
            "~^:?*[\\@{",
            "a.lock",
            "a\n::error::x/Dockerfile",
            "\u{202e}/é/Dockerfile",
            "refs/heads/main",
            "$(id)/`id`/Dockerfile",
            &long,
        ];
        let mut all: Vec<String> = Vec::new();
        for path in paths {
            for (name, whole) in pair(&suffix(path)).into_iter().zip(WHOLE) {
                let rest = name.strip_prefix(whole).and_then(|rest| rest.strip_prefix('-')).expect("below");
                assert!(rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'));
                assert!(name.len() <= 80 && !name.contains("--") && !name.ends_with('-'), "{name}");
                assert_eq!(suffix_of(&name), Some(&*suffix(path)), "{path}");
                assert!(!all.contains(&name), "{path}: {name}");
                all.push(name);
            }
        }
    }

    #[test]
    fn other_branches_are_not_ours() {
        for name in [
            "main",
            "dockwright/optimize",
            "dockwright/optimize-",
            "dockwright/optimize-mine",
            "dockwright/optimize-472e9435ffcd046",
            "dockwright/optimize-x-472E9435FFCD0467",
            "dockwright/optimize-x/472e9435ffcd0467",
            "dockwright/optimize-\n-472e9435ffcd0467",
            "dockwright/other-x-472e9435ffcd0467",
            "x/dockwright/optimize-x-472e9435ffcd0467",
        ] {
            assert_eq!(suffix_of(name), None, "{name}");
        }
    }
}
