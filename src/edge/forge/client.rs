//! Requests to one API, made again where that helps and does no harm.
//!
//! The token stands in one header of requests to one host, and nowhere else: a redirect is not followed, and the address
//! of a next page counts only if it is at the same API. Limits are waited for, as
//! <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api> asks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ureq::http::{HeaderMap, Request, StatusCode};

use super::super::{Failure, http};

/// A longer answer is none that we asked for.
const MAX_ANSWER: u64 = 16 * 1024 * 1024;
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often a request is made before it has failed.
const TRIES: u32 = 4;
/// How long a limit is waited for that does not say when it ends.
const UNTOLD: u64 = 60;

pub const JSON: &str = "application/vnd.github+json";

/// What went wrong with a request.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub kind: Kind,
    pub failure: Failure,
}

/// What may be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The token is not valid any more: no request helps.
    Expired,
    /// A limit that we do not wait for.
    Limited,
    /// It is not there, or cannot be seen.
    Missing,
    /// Looking again at what is there may help.
    Passing,
    /// Nothing.
    Refused,
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        trouble.failure
    }
}

/// What was asked for, and where the list goes on.
pub struct Answer {
    pub text: String,
    pub next: Option<String>,
    /// The version of what was asked for.
    etag: Option<String>,
    /// It still has the version that was known: `text` is empty.
    same: bool,
}

/// A page of a list that was read before: asked for again, it costs nothing while it is the same.
/// <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    etag: String,
    next: Option<String>,
    /// What is needed of its entries.
    entries: Vec<Value>,
}

/// Pages by their address.
pub type Pages = BTreeMap<String, Page>;

/// An API and a token for it. Clones share what they count.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    /// Without a slash at its end.
    api: String,
    token: String,
    /// The longest that is waited for a limit to pass.
    patience: Duration,
    /// The time between two writes.
    pause: Duration,
    counts: Arc<Counts>,
    waits: Option<Arc<dyn Fn(u64) + Send + Sync>>,
    pages: Arc<Mutex<Pages>>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    last_write: Mutex<Option<Instant>>,
}

impl Client {
    /// The API at `api`, which is an https:// address, or one of this machine.
    pub fn new(api: &str, token: &str, patience: Duration, pause: Duration) -> Result<Self, Failure> {
        if !http::is_safe_from("http://", api) {
            return Err(Failure::new(
                format!("{api}: the token would be sent unencrypted"),
                "name the API by an https:// address",
            ));
        }
        let client = Self {
            agent: http::agent(TIMEOUT),
            api: api.trim_end_matches('/').to_owned(),
            token: String::new(),
            patience,
            pause,
            counts: Arc::default(),
            waits: None,
            pages: Arc::default(),
        };
        client.with_token(token)
    }

    /// The same with another token.
    pub fn with_token(&self, token: &str) -> Result<Self, Failure> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::new(
                "the token is not one",
                "set GITHUB_TOKEN to a token, without blanks or line breaks",
            ));
        }
        Ok(Self { token: token.to_owned(), ..self.clone() })
    }

    /// The same, telling for how many seconds it waits.
    pub fn telling(self, waits: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self { waits: Some(Arc::new(waits)), ..self }
    }

    /// The same, knowing these pages.
    pub fn knowing(self, pages: Pages) -> Self {
        Self { pages: Arc::new(Mutex::new(pages)), ..self }
    }

    /// The pages that are known.
    pub fn pages(&self) -> Pages {
        self.pages.lock().map(|pages| pages.clone()).unwrap_or_default()
    }

    /// How many requests were made.
    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// The address of `path` at this API.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.api)
    }

    fn wait(&self, seconds: u64) {
        if let Some(waits) = &self.waits
            && seconds > 2
        {
            waits(seconds);
        }
        std::thread::sleep(Duration::from_secs(seconds));
    }

    /// Waits until a write is due.
    fn hold_back(&self) {
        let Ok(mut last) = self.counts.last_write.lock() else { return };
        if let Some(last) = *last {
            std::thread::sleep(self.pause.saturating_sub(last.elapsed()));
        }
        *last = Some(Instant::now());
    }

    /// Makes a request. One that does the same when it is made twice (`again`) is made again when it is not known what
    /// became of it; any is when it was refused for a limit.
    pub fn send(
        &self,
        method: &str,
        url: &str,
        accept: &str,
        body: Option<&Value>,
        again: bool,
    ) -> Result<Answer, Trouble> {
        self.exchange(method, url, accept, body, again, None)
    }

    /// The same; what still has the version `known` is not sent again.
    fn exchange(
        &self,
        method: &str,
        url: &str,
        accept: &str,
        body: Option<&Value>,
        again: bool,
        known: Option<&str>,
    ) -> Result<Answer, Trouble> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let mut wait = 1;
        for tries in 1.. {
            let request = known.into_iter().fold(Request::builder(), |it, etag| it.header("if-none-match", etag));
            let request = request
                .method(method)
                .uri(url)
                .header("authorization", format!("Bearer {}", self.token))
                .header("accept", accept)
                .header("content-type", "application/json")
                .header("x-github-api-version", "2022-11-28")
                .body(text.clone())
                .map_err(|error| self.failed(method, url, &error.to_string()))?;
            self.counts.requests.fetch_add(1, Ordering::Relaxed);
            let mut response = match self.agent.run(request) {
                Ok(response) => response,
                Err(_) if again && tries < TRIES => {
                    self.wait(wait);
                    wait *= 2;
                    continue;
                }
                Err(error) => return Err(self.failed(method, url, &error.to_string())),
            };
            let status = response.status();
            let limit = limit(status, response.headers());
            let same = known.is_some() && status == StatusCode::NOT_MODIFIED;
            let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
            let next = next_page(response.headers()).filter(|next| next.starts_with(&format!("{}/", self.api)));
            let answer = response.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
            // A GraphQL query over the limit is answered with 200.
            let limit = limit.or_else(|| {
                let over = answer.as_ref().is_ok_and(|text| text.contains("\"RATE_LIMITED\""));
                (over && url.ends_with("/graphql")).then(|| until_reset(response.headers()).unwrap_or(UNTOLD))
            });
            if let Some(seconds) = limit
                && tries < TRIES
                && Duration::from_secs(seconds) <= self.patience
            {
                self.wait(seconds);
                continue;
            }
            if limit.is_none() && status.is_server_error() && again && tries < TRIES {
                self.wait(wait);
                wait *= 2;
                continue;
            }
            let text = match answer {
                Ok(text) => text,
                Err(error) => {
                    let large = matches!(error, ureq::Error::BodyExceedsLimit(_));
                    if again && tries < TRIES && !large {
                        self.wait(wait);
                        wait *= 2;
                        continue;
                    }
                    let trouble = self.failed(method, url, &error.to_string());
                    return Err(if large { Trouble { kind: Kind::Refused, ..trouble } } else { trouble });
                }
            };
            if (status.is_success() || same) && limit.is_none() {
                return Ok(Answer { text, next, etag, same });
            }
            let said = serde_json::from_str::<Value>(&text).ok();
            let said = said.as_ref().map(said_by).unwrap_or_default();
            return Err(self.refused(method, url, status, &said, limit.is_some()));
        }
        Err(self.failed(method, url, "no answer"))
    }

    /// What went wrong, without the token.
    pub fn failed(&self, method: &str, url: &str, why: &str) -> Trouble {
        let why = why.replace(&self.token, "…");
        let failure = Failure::new(format!("{method} {url}: {why}"), "check the network and the address of the API");
        Trouble { kind: Kind::Passing, failure }
    }

    fn refused(&self, method: &str, url: &str, status: StatusCode, said: &str, limited: bool) -> Trouble {
        let (kind, help) = match status.as_u16() {
            _ if limited => (Kind::Limited, "the limit of requests is reached: try again later"),
            300..=399 => (Kind::Refused, "the repository has another name now: use that"),
            401 => (Kind::Expired, "the token is not valid, or has expired"),
            403 => (
                Kind::Refused,
                "the token may not do this: `review` needs `pull-requests: write` and `contents: read`, `bot` needs \
                 `contents: write` besides",
            ),
            404 => (Kind::Missing, "check the repository and the number, and that the token may read it"),
            409 | 422 => (Kind::Passing, "something may have changed meanwhile: run this again"),
            _ => (Kind::Passing, "try again later"),
        };
        let said: String = said.replace(&self.token, "…").chars().take(200).collect();
        Trouble { kind, failure: Failure::new(format!("{method} {url}: {status}: {said}"), help) }
    }

    /// The JSON at `url`.
    pub fn get(&self, url: &str) -> Result<Value, Trouble> {
        let answer = self.send("GET", url, JSON, None, true)?;
        serde_json::from_str(&answer.text).map_err(|_| self.failed("GET", url, "the answer is no JSON"))
    }

    /// All entries of a list that comes in pages.
    pub fn list(&self, first: String) -> Result<Vec<Value>, Trouble> {
        self.read_list(first, None)
    }

    /// What `needed` takes of all entries of a list; pages that are the same as they were are not sent again.
    pub fn known_list(&self, first: String, needed: fn(&Value) -> Value) -> Result<Vec<Value>, Trouble> {
        self.read_list(first, Some(needed))
    }

    fn read_list(&self, first: String, needed: Option<fn(&Value) -> Value>) -> Result<Vec<Value>, Trouble> {
        let (mut all, mut seen) = (Vec::new(), vec![first]);
        while let Some(url) = seen.last() {
            let known = needed.and_then(|_| self.pages.lock().ok()?.get(url).cloned());
            let etag = known.as_ref().map(|page| page.etag.as_str());
            let answer = self.exchange("GET", url, JSON, None, true, etag)?;
            let next = match (known, needed) {
                (Some(page), _) if answer.same => {
                    all.extend(page.entries);
                    page.next.filter(|next| next.starts_with(&format!("{}/", self.api)))
                }
                (_, needed) => {
                    let Ok(Value::Array(mut page)) = serde_json::from_str(&answer.text) else {
                        return Err(self.failed("GET", url, "the answer is no list"));
                    };
                    if let Some(needed) = needed {
                        page = page.iter().map(needed).collect();
                        let new =
                            answer.etag.map(|etag| Page { etag, next: answer.next.clone(), entries: page.clone() });
                        if let (Ok(mut pages), Some(new)) = (self.pages.lock(), new) {
                            pages.insert(url.clone(), new);
                        }
                    }
                    all.extend(page);
                    answer.next
                }
            };
            match next {
                Some(next) if !seen.contains(&next) => seen.push(next),
                _ => break,
            }
        }
        Ok(all)
    }

    /// Writes, and answers with what came back.
    pub fn write(&self, method: &str, url: &str, body: &Value, again: bool) -> Result<Value, Trouble> {
        self.hold_back();
        let answer = self.send(method, url, JSON, Some(body), again)?;
        serde_json::from_str(&answer.text).map_err(|_| self.failed(method, url, "the answer is no JSON"))
    }

    /// Asks a GraphQL query; what of it could not be answered is null.
    pub fn query(&self, query: &str, variables: &Value) -> Result<Value, Trouble> {
        let answer = self.graphql(query, variables, true)?;
        match &answer["data"] {
            Value::Object(_) => Ok(answer["data"].clone()),
            _ => Err(self.failed("POST", &self.graphql_url(), &said_by(&answer["errors"][0]))),
        }
    }

    /// Makes a GraphQL mutation.
    pub fn mutate(&self, mutation: &str, variables: &Value) -> Result<Value, Trouble> {
        self.hold_back();
        let answer = self.graphql(mutation, variables, false)?;
        let error = &answer["errors"][0];
        if error["type"] == "FORBIDDEN" {
            return Err(self.refused("POST", &self.graphql_url(), StatusCode::FORBIDDEN, &said_by(error), false));
        }
        if !error.is_null() {
            return Err(self.failed("POST", &self.graphql_url(), &said_by(error)));
        }
        Ok(answer["data"].clone())
    }

    fn graphql_url(&self) -> String {
        // GitHub Enterprise has its REST API at /api/v3, and this beside it.
        let base = self.api.strip_suffix("/v3").filter(|base| base.ends_with("/api")).unwrap_or(&self.api);
        format!("{base}/graphql")
    }

    fn graphql(&self, query: &str, variables: &Value, again: bool) -> Result<Value, Trouble> {
        let url = self.graphql_url();
        let body = json!({ "query": query, "variables": variables });
        let answer = self.send("POST", &url, "application/json", Some(&body), again)?;
        serde_json::from_str(&answer.text).map_err(|_| self.failed("POST", &url, "the answer is no JSON"))
    }
}

/// The message in an answer, and what it says of fields.
fn said_by(answer: &Value) -> String {
    let first = answer["errors"][0]["message"].as_str();
    [answer["message"].as_str(), first].into_iter().flatten().collect::<Vec<_>>().join(": ")
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// For how many seconds nothing is to be sent; `None` if no limit is reached.
fn limit(status: StatusCode, headers: &HeaderMap) -> Option<u64> {
    let after = number(headers, "retry-after");
    let spent = number(headers, "x-ratelimit-remaining") == Some(0);
    let limited =
        status == StatusCode::TOO_MANY_REQUESTS || (status == StatusCode::FORBIDDEN && (after.is_some() || spent));
    let seconds = || after.or_else(|| until_reset(headers).filter(|_| spent)).unwrap_or(UNTOLD);
    limited.then(seconds)
}

/// The seconds until the primary limit is lifted.
fn until_reset(headers: &HeaderMap) -> Option<u64> {
    let reset = number(headers, "x-ratelimit-reset")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    // Clocks differ.
    Some(reset.saturating_sub(now) + 1)
}

/// The address of the next page: `Link: <…>; rel="next"`. RFC 8288
fn next_page(headers: &HeaderMap) -> Option<String> {
    let links = headers.get("link")?.to_str().ok()?;
    let mut links = links.split(',').filter_map(|link| link.trim().strip_prefix('<')?.split_once('>'));
    let (url, _) = links.find(|(_, rest)| rest.contains("rel=\"next\""))?;
    Some(url.to_owned())
}

/// Whether a name is one that an owner or a repository can have: nothing in it means something in an address.
pub fn plain(name: &str) -> bool {
    !name.is_empty()
        && !matches!(name, "." | "..")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Owner and name of `owner/name`.
pub fn split(repository: &str) -> Result<(&str, &str), Failure> {
    repository.split_once('/').filter(|(owner, name)| plain(owner) && plain(name)).ok_or_else(|| {
        Failure::new(
            format!("`{repository}` is no repository"),
            "a repository is OWNER/NAME; in a workflow, GITHUB_REPOSITORY says it",
        )
    })
}

/// Whether `text` is the name of an object of git.
pub fn is_object(text: &str) -> bool {
    text.len() >= 6 && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
