//! A GitHub App: its key is exchanged for tokens that hold for an hour, for one installation, and may do no more than is
//! needed. <https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app>

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

use super::super::Failure;
use super::client::{Client, Kind, Trouble, plain};

/// A token holds for an hour: one that is older than this is not used any more.
const HOLDS: Duration = Duration::from_secs(50 * 60);

/// An App, and the tokens that it has.
pub struct App {
    client: Client,
    id: String,
    key: RsaKeyPair,
    /// By owner.
    tokens: HashMap<String, (Instant, Client)>,
}

impl App {
    /// The App `id` with the key `pem`, for what `client` speaks to.
    pub fn new(client: Client, id: &str, pem: &str) -> Result<Self, Failure> {
        let wrong = || {
            let help = "DOCKWRIGHT_APP_KEY takes the text of the .pem file that GitHub gave, BEGIN and END included";
            Failure::new("the key of the App is not one", help)
        };
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') {
            return Err(Failure::new("the App is not known", "set DOCKWRIGHT_APP_ID to its client ID, or its number"));
        }
        Ok(Self { client, id: id.to_owned(), key: key(pem).ok_or_else(wrong)?, tokens: HashMap::new() })
    }

    /// A client that speaks for the installation of the App at `owner`.
    pub fn at(&mut self, owner: &str) -> Result<Client, Trouble> {
        if let Some((since, client)) = self.tokens.get(owner)
            && since.elapsed() < HOLDS
        {
            return Ok(client.clone());
        }
        let refused = |failure| Trouble { kind: Kind::Refused, failure };
        if !plain(owner) {
            return Err(refused(Failure::new("this is no owner of repositories", "name them OWNER/NAME")));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let token =
            self.token(now).ok_or_else(|| refused(Failure::new("the App's key cannot sign", "make another")))?;
        let app = self.client.with_token(&token).map_err(refused)?;
        let installation = match app.get(&app.url(&format!("orgs/{owner}/installation"))) {
            Err(trouble) if trouble.kind == Kind::Missing => {
                app.get(&app.url(&format!("users/{owner}/installation")))?
            }
            installation => installation?,
        };
        let Some(id) = installation["id"].as_u64() else {
            return Err(app.failed("GET", &app.url("installation"), "the answer names no installation"));
        };
        let url = app.url(&format!("app/installations/{id}/access_tokens"));
        let body = json!({ "permissions": { "contents": "write", "pull_requests": "write", "metadata": "read" } });
        let answer = app.write("POST", &url, &body, true)?;
        let token = answer["token"].as_str().unwrap_or_default();
        let client = self.client.with_token(token).map_err(refused)?;
        self.tokens.insert(owner.to_owned(), (Instant::now(), client.clone()));
        Ok(client)
    }

    /// What says for ten minutes that we are the App: RFC 7519, signed by RS256.
    fn token(&self, now: u64) -> Option<String> {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        // Clocks differ.
        let claims = json!({ "iat": now.saturating_sub(60), "exp": now + 540, "iss": self.id });
        let text = format!("{}.{}", part(json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
        Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The key in a text: PKCS #1, as GitHub gives it, or PKCS #8.
fn key(pem: &str) -> Option<RsaKeyPair> {
    // A variable often has `\n` for the line breaks.
    let pem = pem.replace("\\n", "\n");
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (kind, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let der = STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()?;
    match kind {
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der).ok(),
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    /// Made for this test.
    const KEY: &str = include_str!("../../../tests/forge/key.base64");

    fn app(pem: &str) -> Result<App, Failure> {
        let client = Client::new("https://api.example", "x", Duration::ZERO, Duration::ZERO).expect("a client");
        App::new(client, "Iv1.abc", pem)
    }

    #[test]
    fn a_token_is_signed() {
        for line_break in ["\n", "\\n", "\r\n"] {
            let pem = ["-----BEGIN RSA PRIVATE KEY-----", KEY, "-----END RSA PRIVATE KEY-----", ""].join(line_break);
            let app = app(&pem).expect("a key");
            let token = app.token(1_000).expect("a token");
            let [head, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three: {token}") };
            let read = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("UTF-8");
            assert_eq!(read(head), r#"{"alg":"RS256","typ":"JWT"}"#);
            assert_eq!(read(claims), r#"{"exp":1540,"iat":940,"iss":"Iv1.abc"}"#);
            let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
            let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, app.key.public());
            key.verify(format!("{head}.{claims}").as_bytes(), &signature).expect("it is signed");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_told() {
        let half = &KEY[..100];
        for pem in [
            "",
            "ghp_secret",
            KEY,
            &format!("-----BEGIN RSA PRIVATE KEY-----\n{half}\n-----END RSA PRIVATE KEY-----\n"),
            &format!("-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n"),
            "-----BEGIN RSA PRIVATE KEY-----\n!\n-----END RSA PRIVATE KEY-----\n",
        ] {
            let Err(failure) = app(pem) else { panic!("{pem}") };
            let said = failure.message + &failure.help.unwrap_or_default();
            assert!(!said.contains(half) && !said.contains("ghp_secret"), "{said}");
        }
    }
}
