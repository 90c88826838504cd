//! One pull request at GitHub, or GitHub Enterprise: <https://docs.github.com/rest>, <https://docs.github.com/graphql>.
//!
use std::time::Duration;

use serde_json::{Value, json};

use super::super::Failure;
use super::client::{Client, JSON, is_object, split};
use super::{Changed, Comment, Forge, Posted, Pull, Thread};

/// The longest that we wait for a limit to pass: a person or a workflow waits, too.
const PATIENCE: Duration = Duration::from_secs(60);

/// One pull request at GitHub.
pub struct GitHub {
    client: Client,
    owner: String,
    name: String,
    number: u64,
}

impl GitHub {
    /// Pull request `number` of `repository`, which is `owner/name`, at the API `api`.
    pub fn new(api: &str, repository: &str, number: u64, token: &str) -> Result<Self, Failure> {
        let (owner, name) = split(repository)?;
        let client = Client::new(api, token, PATIENCE, Duration::ZERO)?;
        Ok(Self { client, owner: owner.to_owned(), name: name.to_owned(), number })
    }

    fn repository(&self, rest: &str) -> String {
        self.client.url(&format!("repos/{}/{}/{rest}", self.owner, self.name))
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
            let mut data = self.client.query(&query, &variables)?;
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
        let head = text(&self.client.get(&url)?["head"]["sha"]);
        if !is_object(&head) {
            return Err(self.client.failed("GET", &url, "the answer names no commit").into());
        }
        let list = self.client.list(format!("{url}/files?per_page=100"))?;
        let kept = list.iter().filter(|file| file["status"] != "removed");
        let changed =
            |file: &Value| Changed { path: text(&file["filename"]), patch: file["patch"].as_str().map(str::to_owned) };
        let files = kept.map(changed).collect();
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
        Ok(Some(self.client.send("GET", &url, "application/vnd.github.raw+json", None, true)?.text))
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
        self.client.send("POST", &url, JSON, Some(&review), false)?;
        Ok(())
    }

    fn update(&self, review: u64, body: &str) -> Result<(), Failure> {
        let url = self.repository(&format!("pulls/{}/reviews/{review}", self.number));
        self.client.send("PUT", &url, JSON, Some(&json!({ "body": body })), true)?;
        Ok(())
    }

    fn resolve(&self, thread: &str) -> Result<(), Failure> {
        let mutation = "mutation($id:ID!){resolveReviewThread(input:{threadId:$id}){thread{id}}}";
        self.client.mutate(mutation, &json!({ "id": thread }))?;
        Ok(())
    }
}
