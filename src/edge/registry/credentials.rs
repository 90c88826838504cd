//! What `docker login` left: `$DOCKER_CONFIG/config.json`, and the helpers that it names.
//!
//! <https://docs.docker.com/reference/cli/docker/login/#credential-stores>

use std::collections::HashMap;
use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::helper;
use super::memo::Memo;

/// A longer configuration is not read.
const MAX_LEN: u64 = 4 * 1024 * 1024;

/// What lets its owner in at one registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// To be sent as they are.
    Password { name: String, password: String },
    /// To be changed into a token.
    Identity(String),
}

// Nothing prints what is secret.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

impl Credential {
    /// The value of an `Authorization` header; `None` for what is only good for a token.
    pub fn basic(&self) -> Option<String> {
        let Self::Password { name, password } = self else { return None };
        Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}"))))
    }
}

/// The credentials at hand, read when first asked for.
#[derive(Debug, Default)]
pub struct Credentials {
    config: OnceLock<Config>,
    known: Memo<Option<Credential>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: HashMap<String, Auth>,
    cred_helpers: HashMap<String, String>,
    creds_store: Option<String>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Config")
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: String,
    identitytoken: String,
}

impl Credentials {
    /// The credential for `server`, which is a host, or `https://index.docker.io/v1/`.
    pub fn of(&self, server: &str) -> Option<Credential> {
        let config = self.config.get_or_init(|| read().unwrap_or_default());
        self.known.get(server, || config.credential(server))
    }
}

fn read() -> Option<Config> {
    let folder = match std::env::var_os("DOCKER_CONFIG").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir()?.join(".docker"),
    };
    let mut text = Vec::new();
    std::fs::File::open(folder.join("config.json")).ok()?.take(MAX_LEN).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

impl Config {
    fn credential(&self, server: &str) -> Option<Credential> {
        let helper = self.cred_helpers.get(server).or(self.creds_store.as_ref());
        helper.and_then(|name| helper::get(name, server)).or_else(|| self.written(server))
    }

    /// What the file itself holds.
    fn written(&self, server: &str) -> Option<Credential> {
        let found = self.auths.get(server).or_else(|| {
            // `docker login` once wrote a URL for every registry.
            let mut same: Vec<_> = self.auths.iter().filter(|(key, _)| host(key) == host(server)).collect();
            same.sort_by_key(|(key, _)| *key);
            same.first().map(|(_, auth)| *auth)
        })?;
        if !found.identitytoken.is_empty() {
            return Some(Credential::Identity(found.identitytoken.clone()));
        }
        let decoded = BASE64_STANDARD.decode(&found.auth).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (name, password) = decoded.trim_end_matches('\0').split_once(':')?;
        Some(Credential::Password { name: name.to_owned(), password: password.to_owned() })
    }
}

/// The host, with its port, of a key.
fn host(key: &str) -> &str {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    bare.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_for_one_host() {
        let text = r#"{"auths": {
            "a.example": {"auth": "bjpwOnc="},
            "https://b.example:5000/v1/": {"auth": "bjpwAAA="},
            "c.example": {"auth": "bjpw", "identitytoken": "t"},
            "https://index.docker.io/v1/": {"auth": "aHViOnA="},
            "d.example": {},
            "e.example": {"auth": "*"}
        }, "credHelpers": {"f.example": "../../bin/sh"}, "credsStore": null, "other": [1]}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let password = |name: &str, password: &str| {
            Some(Credential::Password { name: name.to_owned(), password: password.to_owned() })
        };
        for (server, expected) in [
            ("a.example", password("n", "p:w")),
            ("b.example:5000", password("n", "p")),
            ("c.example", Some(Credential::Identity("t".into()))),
            ("https://index.docker.io/v1/", password("hub", "p")),
            ("a.example:5000", None),
            ("b.example", None),
            ("d.example", None),
            ("e.example", None),
            ("f.example", None),
            ("x.a.example", None),
        ] {
            assert!(config.credential(server) == expected, "{server}");
        }
        let shown = format!("{:?}{config:?}", config.credential("a.example"));
        assert!(!shown.contains("p:w") && !shown.contains("bjpw"), "{shown}");
    }
}
