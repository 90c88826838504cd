//! Tokens: what a registry's realm gives for a credential, or for none.
//!
//! <https://distribution.github.io/distribution/spec/auth/token/>,
//! <https://distribution.github.io/distribution/spec/auth/oauth/>

use serde::Deserialize;

/// The answer of a realm.
#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

/// The token in an answer, if it can stand in a header.
pub fn read(body: &[u8]) -> Option<String> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let token = answer.token.filter(|token| !token.is_empty()).or(answer.access_token)?;
    (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())).then_some(token)
}

/// The URL that a token is asked for at, with what it is for.
pub fn url(realm: &str, service: Option<&str>, scope: &str) -> String {
    let join = if realm.contains('?') { '&' } else { '?' };
    let service = service.map(|service| format!("service={}&", escaped(service))).unwrap_or_default();
    format!("{realm}{join}{service}scope={}", escaped(scope))
}

/// The form that changes an identity token into one for `scope`.
pub fn form(identity: &str, service: Option<&str>, scope: &str) -> String {
    format!(
        "grant_type=refresh_token&client_id=dockwright&service={}&scope={}&refresh_token={}",
        escaped(service.unwrap_or_default()),
        escaped(scope),
        escaped(identity)
    )
}

/// The text as it stands in a query or a form.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => escaped.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => escaped.push(byte.into()),
            byte => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_is_one() {
        for (body, token) in [
            (&br#"{"token":"a.b","access_token":"c"}"#[..], Some("a.b")),
            (br#"{"token":"","access_token":"c"}"#, Some("c")),
            (br#"{"token":"a\r\nx-y: z"}"#, None),
            (br#"{"token":"a b"}"#, None),
            (br#"{"token":""}"#, None),
            (br#"{"token":1}"#, None),
            (b"{}", None),
            (b"", None),
        ] {
            assert_eq!(read(body).as_deref(), token, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn what_is_sent_is_escaped() {
        assert_eq!(
            url("https://a/t", Some("a b"), "repository:x/y:pull"),
            "https://a/t?service=a%20b&scope=repository%3Ax%2Fy%3Apull"
        );
        assert_eq!(url("https://a/t?x=1", None, "s"), "https://a/t?x=1&scope=s");
        assert_eq!(
            form("a&b=c", None, "s"),
            "grant_type=refresh_token&client_id=dockwright&service=&scope=s&refresh_token=a%26b%3Dc"
        );
    }
}
