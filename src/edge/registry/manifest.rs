//! What an answer says of the manifest that a tag names.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// What is asked for: an index first, and a single image where there is no index.
pub const TYPES: &[&str] = &[
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// Whether `content_type`, as a header has it, is one of an index or an image.
pub fn is_known(content_type: &str) -> bool {
    let bare = content_type.split(';').next().unwrap_or_default().trim();
    TYPES.iter().any(|known| known.eq_ignore_ascii_case(bare))
}

/// Whether the text is a digest that can be written: `sha256:` and 64 hexadecimal digits in small letters.
pub fn is_digest(text: &str) -> bool {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.strip_prefix("sha256:").is_some_and(|rest| rest.len() == 64 && rest.bytes().all(hex))
}

/// The digest of a manifest: that of its bytes.
pub fn digest(body: &[u8]) -> String {
    let hex = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("sha256:{hex}")
}

/// Whether `body` is an index or an image, by what it says itself.
pub fn says_so(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest {
        schema_version: u8,
        media_type: Option<String>,
    }
    serde_json::from_slice::<Manifest>(body)
        .is_ok_and(|it| it.schema_version == 2 && it.media_type.as_deref().is_none_or(is_known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_digest_is_one() {
        let hex = "0123456789abcdef".repeat(4);
        for (text, is) in [
            (format!("sha256:{hex}"), true),
            (digest(b""), true),
            (format!("sha256:{}", hex.to_uppercase()), false),
            (format!("sha256:{hex}0"), false),
            (format!("sha256:{}", &hex[1..]), false),
            (format!("sha512:{hex}{hex}"), false),
            (format!("sha256:{}\n", &hex[1..]), false),
            (hex, false),
        ] {
            assert_eq!(is_digest(&text), is, "{text}");
        }
        assert_eq!(digest(b""), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn an_old_manifest_is_none() {
        for (body, says) in [
            (&br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"}"#[..], true),
            (br#"{"schemaVersion":2,"manifests":[]}"#, true),
            // Its digest is not that of its bytes.
            (br#"{"schemaVersion":1,"signatures":[]}"#, false),
            (br#"{"schemaVersion":2,"mediaType":"application/json"}"#, false),
            (b"<html>", false),
        ] {
            assert_eq!(says_so(body), says, "{}", String::from_utf8_lossy(body));
        }
        assert!(is_known("application/vnd.oci.image.index.v1+json; charset=utf-8") && !is_known("text/html"));
    }
}
