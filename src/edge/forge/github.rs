//! GitHub, and GitHub Enterprise: <https://docs.github.com/rest>, <https://docs.github.com/graphql>.
//!
//! The token stands in one header of requests to one host, and nowhere else.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::{Request, StatusCode};

use super::super::{Failure, http};
use super::{Changed, Comment, Forge, Posted, Pull, Thread};

/// A longer answer is none that we asked for.
const MAX_ANSWER: u64 = 16 * 1024 * 1024;
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often a request is made before it has failed.
const TRIES: u32 = 4;
/// The longest that we wait for a limit to pass.
const MAX_WAIT: u64 = 60;
const PER_PAGE: usize = 100;

/// One pull request at GitHub.
pub struct GitHub {
    agent: ureq::Agent,
    /// Without a slash at its end.
    api: String,
    owner: String,
    name: String,
    number: u64,
    token: String,
}

impl GitHub {
    /// Pull request `number` of `repository`, which is `owner/name`, at the API `api`.
    pub fn new(api: &str, repository: &str, number: u64, token: &str) -> Result<Self, Failure> {
        let plain = |name: &str| {
            !name.is_empty()
                && !matches!(name, "." | "..")
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let Some((owner, name)) = repository.split_once('/').filter(|(owner, name)| plain(owner) && plain(name)) else {
            return Err(Failure::new(
                format!("`{repository}` is no repository"),
                "--repo takes OWNER/NAME; in a workflow, GITHUB_REPOSITORY says it",
            ));
        };
        let local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|start| api.starts_with(start));
        if !api.starts_with("https://") && !local {
            return Err(Failure::new(
                format!("{api}: the token would be sent unencrypted"),
                "name the API by an https:// address",
            ));
        }
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::new(
                "the token is not one",
                "set GITHUB_TOKEN to a token, without blanks or line breaks",
            ));
        }
        Ok(Self {
            agent: http::agent(TIMEOUT),
            api: api.trim_end_matches('/').to_owned(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            number,
            token: token.to_owned(),
        })
    }

    fn repository(&self, rest: &str) -> String {
        format!("{}/repos/{}/{}/{rest}", self.api, self.owner, self.name)
    }

    /// Makes a request, again where that may help and does no harm.
    fn send(&self, method: &str, url: &str, accept: &str, body: Option<&Value>) -> Result<String, Failure> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let mut wait = 1;
        for tries in 1.. {
            let request = Request::builder()
                .method(method)
                .uri(url)
                .header("authorization", format!("Bearer {}", self.token))
                .header("accept", accept)
                .header("content-type", "application/json")
                .header("x-github-api-version", "2022-11-28")
                .body(text.clone())
                .map_err(|error| self.failed(method, url, &error.to_string()))?;
            let mut response = match self.agent.run(request) {
                Ok(response) => response,
                // What a write did before the line broke is not known.
                Err(_) if method == "GET" && tries < TRIES => {
                    std::thread::sleep(Duration::from_secs(wait));
                    wait *= 2;
                    continue;
                }
                Err(error) => return Err(self.failed(method, url, &error.to_string())),
            };
            let status = response.status();
            let header = |name: &str| response.headers().get(name)?.to_str().ok()?.parse::<u64>().ok();
            let limited = status == StatusCode::TOO_MANY_REQUESTS
                || (status == StatusCode::FORBIDDEN
                    && (header("retry-after").is_some() || header("x-ratelimit-remaining") == Some(0)));
            let after = header("retry-after").unwrap_or(if limited { MAX_WAIT } else { wait });
            if tries < TRIES && ((limited && after <= MAX_WAIT) || (status.is_server_error() && method == "GET")) {
                std::thread::sleep(Duration::from_secs(after));
                wait *= 2;
                continue;
            }
            let answer = response.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
            let answer = answer.map_err(|error| self.failed(method, url, &error.to_string()))?;
            if status.is_success() {
                return Ok(answer);
            }
            let said = serde_json::from_str::<Value>(&answer).ok();
            let said = said.as_ref().and_then(|value| value["message"].as_str()).unwrap_or_default();
            return Err(self.refused(method, url, status, said, limited));
        }
        Err(self.failed(method, url, "no answer"))
    }

    fn failed(&self, method: &str, url: &str, why: &str) -> Failure {
        let why = why.replace(&self.token, "…");
        Failure::new(format!("{method} {url}: {why}"), "check the network and the address of the API")
    }

    fn refused(&self, method: &str, url: &str, status: StatusCode, said: &str, limited: bool) -> Failure {
        let help = match status.as_u16() {
            _ if limited => "the limit of requests is reached: try again later",
            300..=399 => "the repository has another name now: use that",
            401 => "the token is not valid, or has expired",
            403 => "the token may not do this: it needs `pull-requests: write` and `contents: read`",
            404 => "check the repository and the number, and that the token may read it",
            422 => "the pull request may have changed meanwhile: run this again",
            _ => "try again later",
        };
        let said: String = said.replace(&self.token, "…").chars().take(200).collect();
        Failure::new(format!("{method} {url}: {status}: {said}"), help)
    }

    fn get(&self, url: &str) -> Result<Value, Failure> {
        let text = self.send("GET", url, "application/vnd.github+json", None)?;
        serde_json::from_str(&text).map_err(|_| self.failed("GET", url, "the answer is no JSON"))
    }

    fn graphql(&self, query: &str, variables: &Value) -> Result<Value, Failure> {
        // GitHub Enterprise has its REST API at /api/v3, and this beside it.
        let base = self.api.strip_suffix("/v3").filter(|base| base.ends_with("/api")).unwrap_or(&self.api);
        let url = format!("{base}/graphql");
        let body = json!({ "query": query, "variables": variables });
        let text = self.send("POST", &url, "application/json", Some(&body))?;
        let mut answer: Value =
            serde_json::from_str(&text).map_err(|_| self.failed("POST", &url, "the answer is no JSON"))?;
        if let Some(message) = answer["errors"][0]["message"].as_str() {
            return Err(self.failed("POST", &url, message));
        }
        Ok(answer["data"].take())
    }

    /// All nodes of a list of the pull request.
    fn nodes(&self, list: &str, fields: &str) -> Result<Vec<Value>, Failure> {
        let query = format!(
            "query($owner:String!,$name:String!,$number:Int!,$after:String){{repository(owner:$owner,name:$name){{\
             pullRequest(number:$number){{{list}(first:100,after:$after){{pageInfo{{hasNextPage endCursor}}\
             nodes{{{fields}}}}}}}}}}}"
        );
        let mut all = Vec::new();
        let mut after = Value::Null;
        loop {
            let variables = json!({ "owner": self.owner, "name": self.name, "number": self.number, "after": after });
            let mut data = self.graphql(&query, &variables)?;
            let mut page = data["repository"]["pullRequest"][list].take();
            if let Value::Array(nodes) = page["nodes"].take() {
                all.extend(nodes);
            }
            let next = page["pageInfo"]["endCursor"].take();
            if page["pageInfo"]["hasNextPage"] != true || next == after {
                return Ok(all);
            }
            after = next;
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Forge for GitHub {
    fn pull(&self) -> Result<Pull, Failure> {
        let url = self.repository(&format!("pulls/{}", self.number));
        let head = text(&self.get(&url)?["head"]["sha"]);
        if head.is_empty() || !head.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.failed("GET", &url, "the answer names no commit"));
        }
        let mut files = Vec::new();
        for page in 1.. {
            let url = format!("{url}/files?per_page={PER_PAGE}&page={page}");
            let answer = self.get(&url)?;
            let Some(list) = answer.as_array() else { return Err(self.failed("GET", &url, "the answer is no list")) };
            let kept = list.iter().filter(|file| file["status"] != "removed");
            files.extend(kept.map(|file| Changed {
                path: text(&file["filename"]),
                patch: file["patch"].as_str().map(str::to_owned),
            }));
            if list.len() < PER_PAGE {
                break;
            }
        }
        Ok(Pull { head, files })
    }

    fn text(&self, path: &str, commit: &str) -> Result<Option<String>, Failure> {
        let mut escaped = String::with_capacity(path.len());
        for byte in path.bytes() {
            match byte {
                b'/' | b'-' | b'.' | b'_' | b'~' => escaped.push(byte.into()),
                byte if byte.is_ascii_alphanumeric() => escaped.push(byte.into()),
                byte => escaped += &format!("%{byte:02X}"),
            }
        }
        let url = self.repository(&format!("contents/{escaped}?ref={commit}"));
        self.send("GET", &url, "application/vnd.github.raw+json", None).map(Some)
    }

    fn threads(&self) -> Result<Vec<Thread>, Failure> {
        let nodes = self.nodes("reviewThreads", "id isResolved path comments(first:1){nodes{body viewerDidAuthor}}")?;
        let own = nodes.iter().filter(|node| node["comments"]["nodes"][0]["viewerDidAuthor"] == true);
        let thread = own.map(|node| Thread {
            id: text(&node["id"]),
            path: text(&node["path"]),
            body: text(&node["comments"]["nodes"][0]["body"]),
            resolved: node["isResolved"] == true,
        });
        Ok(thread.collect())
    }

    fn reviews(&self) -> Result<Vec<Posted>, Failure> {
        let nodes = self.nodes("reviews", "databaseId body viewerDidAuthor")?;
        let own = nodes.iter().filter(|node| node["viewerDidAuthor"] == true);
        Ok(own
            .filter_map(|node| Some(Posted { id: node["databaseId"].as_u64()?, body: text(&node["body"]) }))
            .collect())
    }

    fn post(&self, commit: &str, body: &str, comments: &[Comment]) -> Result<(), Failure> {
        let comments: Vec<Value> = comments
            .iter()
            .map(|comment| {
                let (first, last) = comment.lines;
                let mut value = json!({ "path": comment.path, "line": last, "side": "RIGHT", "body": comment.body });
                if first < last {
                    value["start_line"] = first.into();
                    value["start_side"] = "RIGHT".into();
                }
                value
            })
            .collect();
        let review = json!({ "commit_id": commit, "event": "COMMENT", "body": body, "comments": comments });
        let url = self.repository(&format!("pulls/{}/reviews", self.number));
        self.send("POST", &url, "application/vnd.github+json", Some(&review)).map(drop)
    }

    fn update(&self, review: u64, body: &str) -> Result<(), Failure> {
        let url = self.repository(&format!("pulls/{}/reviews/{review}", self.number));
        self.send("PUT", &url, "application/vnd.github+json", Some(&json!({ "body": body }))).map(drop)
    }

    fn resolve(&self, thread: &str) -> Result<(), Failure> {
        let mutation = "mutation($id:ID!){resolveReviewThread(input:{threadId:$id}){thread{id}}}";
        self.graphql(mutation, &json!({ "id": thread })).map(drop)
    }
}
