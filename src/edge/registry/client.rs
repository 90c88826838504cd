//! The requests: what is asked, again where that may help, and how long it may take.
//!
//! A credential goes to the registry that it is for, or to the realm that this registry names. It stands in one header or in
//! one form, and in no message.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, Request, Response, StatusCode, Uri};
use ureq::{Agent, Body};

use super::super::http;
use super::Trouble;
use super::address::Address;
use super::challenge::Challenge;
use super::credentials::{Credential, Credentials};
use super::{manifest, token};

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);
/// How long the digest of one image may take, with all its requests.
const IMAGE: Duration = Duration::from_secs(30);
/// How long all digests of a run may take.
const RUN: Duration = Duration::from_secs(120);
/// How often a request is made before it has failed.
const TRIES: u32 = 4;
/// How long is waited before the second try; twice as long before each further one.
const WAIT: Duration = Duration::from_millis(250);
/// The longest that a registry may ask us to wait.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// Registries take no longer manifests: the specification of the API asks for 4 MiB at least.
const MAX_MANIFEST: u64 = 4 * 1024 * 1024;
const MAX_TOKEN: u64 = 256 * 1024;
const MAX_REDIRECTS: u32 = 5;

/// What speaks to registries.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    credentials: Credentials,
    started: OnceLock<Instant>,
}

impl Default for Client {
    fn default() -> Self {
        Self { agent: http::agent(REQUEST), credentials: Credentials::default(), started: OnceLock::new() }
    }
}

/// A request.
struct Ask<'a> {
    method: &'a str,
    url: &'a str,
    authorization: Option<&'a str>,
    /// A form to be sent.
    form: Option<&'a str>,
}

impl Client {
    /// The digest of the manifest at `address`.
    pub fn digest(&self, address: &Address) -> Result<String, Trouble> {
        let until = (Instant::now() + IMAGE).min(*self.started.get_or_init(Instant::now) + RUN);
        let mut authorization = None;
        let mut head = self.manifest(address, "HEAD", authorization.as_deref(), until)?;
        if head.status() == StatusCode::UNAUTHORIZED {
            authorization = Some(self.authorize(address, head.headers(), until)?);
            head = self.manifest(address, "HEAD", authorization.as_deref(), until)?;
        }
        let whole = matches!(head.status(), StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED);
        if !whole {
            self.accepted(address, head.status())?;
            let kind = text(head.headers(), "content-type").unwrap_or_default();
            match text(head.headers(), "docker-content-digest") {
                Some(digest) if manifest::is_known(kind) => return checked(digest),
                _ => {}
            }
        }
        let mut answer = self.manifest(address, "GET", authorization.as_deref(), until)?;
        self.accepted(address, answer.status())?;
        let body = answer.body_mut().with_config().limit(MAX_MANIFEST).read_to_vec();
        let body = body.map_err(|_| Trouble::Image("the manifest is too long, or ends too early".into()))?;
        if !manifest::says_so(&body) {
            return Err(Trouble::Image("the answer is no manifest of an image".into()));
        }
        let digest = manifest::digest(&body);
        match text(answer.headers(), "docker-content-digest") {
            Some(told) if told != digest => Err(Trouble::Image("the manifest does not have the digest told".into())),
            _ => Ok(digest),
        }
    }

    /// Asks for the manifest, wherever the registry says that it is. What lets us in at the registry stays there.
    fn manifest(
        &self,
        address: &Address,
        method: &str,
        authorization: Option<&str>,
        until: Instant,
    ) -> Result<Response<Body>, Trouble> {
        let mut url = address.manifest();
        for _ in 0..=MAX_REDIRECTS {
            let at_home = origin(&url).is_some_and(|at| at == address.origin);
            let ask = Ask { method, url: &url, authorization: authorization.filter(|_| at_home), form: None };
            let answer = self.send(&ask, until)?;
            if !answer.status().is_redirection() {
                // Another host may not ask for what is for this one.
                return match answer.status() {
                    StatusCode::UNAUTHORIZED if !at_home => Err(Trouble::Image(REFUSED.into())),
                    _ => Ok(answer),
                };
            }
            url = text(answer.headers(), "location")
                .and_then(|to| redirected(&url, to))
                .ok_or_else(|| Trouble::Image("the registry leads to where it may not".into()))?;
        }
        Err(Trouble::Image("the registry leads on and on".into()))
    }

    /// What answers the registry's challenge: the value of an `Authorization` header.
    fn authorize(&self, address: &Address, headers: &HeaderMap, until: Instant) -> Result<String, Trouble> {
        let offered = headers.get_all("www-authenticate").iter().filter_map(|value| value.to_str().ok());
        let challenge = Challenge::choose(offered);
        let credential = self.credentials.of(address.server());
        let unknown = || Trouble::Image(format!("{REFUSED}, and no credential is known: docker login"));
        let (realm, service, scope) = match challenge {
            None => return Err(Trouble::Registry("it asks for a way of authentication that is not known".into())),
            Some(Challenge::Basic) => return credential.and_then(|it| it.basic()).ok_or_else(unknown),
            Some(Challenge::Bearer { realm, service, scope }) => (realm, service, scope),
        };
        if !http::is_safe_from(&address.origin, &realm) {
            return Err(Trouble::Registry("it asks for a token of an unsafe address".into()));
        }
        let scope = scope.unwrap_or_else(|| format!("repository:{}:pull", address.repository));
        let (url, basic, form) = match &credential {
            Some(Credential::Identity(identity)) => {
                (realm, None, Some(token::form(identity, service.as_deref(), &scope)))
            }
            other => {
                let basic = other.as_ref().and_then(Credential::basic);
                (token::url(&realm, service.as_deref(), &scope), basic, None)
            }
        };
        let ask = Ask {
            method: if form.is_some() { "POST" } else { "GET" },
            url: &url,
            authorization: basic.as_deref(),
            form: form.as_deref(),
        };
        let mut answer = self.send(&ask, until)?;
        let refused = || Trouble::Image(format!("{REFUSED} with the credential of docker login"));
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if credential.is_some() => return Err(refused()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(unknown()),
            status => return Err(Trouble::Image(format!("no token is given (status {})", status.as_u16()))),
        }
        let body = answer.body_mut().with_config().limit(MAX_TOKEN).read_to_vec().unwrap_or_default();
        let token = token::read(&body).ok_or_else(|| Trouble::Image("the token that is given is none".into()))?;
        Ok(format!("Bearer {token}"))
    }

    /// Whether the registry gives the manifest.
    fn accepted(&self, address: &Address, status: StatusCode) -> Result<(), Trouble> {
        let known = || self.credentials.of(address.server()).is_some();
        match status {
            StatusCode::OK => Ok(()),
            StatusCode::NOT_FOUND => Err(Trouble::Image("the registry does not have it".into())),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if known() => {
                Err(Trouble::Image(format!("{REFUSED} with the credential of docker login")))
            }
            // Whoever may not read a repository is not told whether it is there.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(Trouble::Image(format!("it is not there, or {REFUSED}: docker login")))
            }
            status => Err(Trouble::Image(format!("the registry answers with status {}", status.as_u16()))),
        }
    }

    /// Makes a request, again where that may help.
    fn send(&self, ask: &Ask<'_>, until: Instant) -> Result<Response<Body>, Trouble> {
        let mut wait = WAIT;
        for tries in 1.. {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Trouble::Registry("cannot be reached (no answer in time)".into()));
            }
            let (pause, failed) = match self.once(ask, left.min(REQUEST)) {
                Ok(answer) if !is_passing(answer.status()) => return Ok(answer),
                Ok(answer) => {
                    let after = text(answer.headers(), "retry-after").and_then(|seconds| seconds.parse().ok());
                    let pause = after.map_or(wait, Duration::from_secs);
                    (pause, Trouble::Registry(format!("answers with status {}", answer.status().as_u16())))
                }
                // It had its time.
                Err(error @ ureq::Error::Timeout(_)) => return Err(unreachable(&error)),
                Err(error) => (wait, unreachable(&error)),
            };
            if tries >= TRIES || pause > MAX_WAIT || Instant::now() + pause >= until {
                return Err(failed);
            }
            std::thread::sleep(pause);
            wait *= 2;
        }
        Err(Trouble::Registry("cannot be reached".into()))
    }

    fn once(&self, ask: &Ask<'_>, timeout: Duration) -> Result<Response<Body>, ureq::Error> {
        let mut request = Request::builder().method(ask.method).uri(ask.url);
        if let Some(authorization) = ask.authorization {
            request = request.header("authorization", authorization);
        }
        // What is on this machine stays on it: no proxy is told of it.
        let local = ask.url.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(http::is_local));
        let proxy = self.agent.config().proxy().filter(|_| !local);
        if let Some(form) = ask.form {
            let request = request.header("content-type", "application/x-www-form-urlencoded").body(form)?;
            let request = self.agent.configure_request(request).timeout_global(Some(timeout)).proxy(proxy.cloned());
            return self.agent.run(request.build());
        }
        let request = request.header("accept", manifest::TYPES.join(", ")).body(())?;
        let request = self.agent.configure_request(request).timeout_global(Some(timeout)).proxy(proxy.cloned());
        self.agent.run(request.build())
    }
}

/// What is said of an image that is not shown to us.
const REFUSED: &str = "access is refused";

/// Whether the answer may be another one in a moment.
fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

/// What went wrong, in words that hold nothing of the request.
fn unreachable(error: &ureq::Error) -> Trouble {
    let why = match error {
        ureq::Error::Timeout(_) => "no answer in time".into(),
        ureq::Error::HostNotFound => "there is no such host".into(),
        ureq::Error::Io(error) => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_owned()
        }
        ureq::Error::Rustls(error) => error.to_string(),
        ureq::Error::Protocol(_) => "it does not speak HTTP".into(),
        _ => "the connection failed".into(),
    };
    Trouble::Registry(format!("cannot be reached ({why})"))
}

/// A header of an answer, if it is text.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The digest that a registry tells, if it is one.
fn checked(digest: &str) -> Result<String, Trouble> {
    let odd = || Trouble::Image("the registry tells no SHA-256 digest".into());
    manifest::is_digest(digest).then(|| digest.to_owned()).ok_or_else(odd)
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> Option<String> {
    let uri = url.parse::<Uri>().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// Where `url` leads with the header `Location: to`; `None` where it may not lead: anywhere with less encryption.
fn redirected(url: &str, to: &str) -> Option<String> {
    let here = origin(url)?;
    let to = if to.starts_with('/') && !to.starts_with("//") { format!("{here}{to}") } else { to.to_owned() };
    http::is_safe_from(&here, &to).then_some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_never_leads_to_less_encryption() {
        for (url, to, expected) in [
            ("https://a/v2/x", "/y", Some("https://a/y")),
            ("https://a/v2/x", "https://b/y", Some("https://b/y")),
            ("https://a/v2/x", "http://a/y", None),
            ("https://a/v2/x", "http://localhost/y", None),
            ("https://a/v2/x", "//b/y", None),
            ("https://a/v2/x", "y", None),
            ("https://a/v2/x", "https://n@b/y", None),
            ("http://localhost:1/x", "http://127.0.0.1:2/y", Some("http://127.0.0.1:2/y")),
            ("http://localhost:1/x", "http://b/y", None),
        ] {
            assert_eq!(redirected(url, to).as_deref(), expected, "{url} to {to}");
        }
    }
}
