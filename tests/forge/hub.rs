//! A forge with repositories: objects, branches, pull requests. Trees are kept flat, under names of their own.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::{Value, json};

use super::Knows;

/// So many branches are in a page: fewer than GitHub has, so that tests have several.
const PAGE: usize = 3;

const NONE: &str = "0000000000000000000000000000000000000000";

/// Mode and blob by path.
pub type Tree = BTreeMap<String, (String, String)>;

#[derive(Clone, Debug)]
pub struct Commit {
    pub message: String,
    pub tree: String,
    pub parents: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Pull {
    pub title: String,
    pub body: String,
    pub head: String,
    pub base: String,
    pub state: &'static str,
    pub draft: bool,
    pub fork: bool,
    /// Of a pull request that is not open: the commit that it ended with.
    pub sha: String,
    pub labels: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Repository {
    pub archived: bool,
    pub permission: Option<&'static str>,
    pub topics: Vec<&'static str>,
    pub fork: bool,
    pub refuses_drafts: bool,
    pub refuses_writes: bool,
    /// So many files of a tree are listed at once; 0 if all are.
    pub lists: usize,
    /// What a person does when a commit is made.
    pub meanwhile: Option<fn(&mut Repository)>,
    pub default: String,
    pub blobs: BTreeMap<String, Vec<u8>>,
    pub trees: BTreeMap<String, Tree>,
    pub commits: BTreeMap<String, Commit>,
    pub branches: BTreeMap<String, String>,
    pub pulls: Vec<Pull>,
}

/// The name that git has for a blob.
pub fn sha(kind: &str, content: &[u8]) -> String {
    let head = format!("{kind} {}\0", content.len());
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &[head.as_bytes(), content].concat());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Repository {
    /// One with a commit that has these files.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut repository = Self { default: "main".into(), permission: Some("ADMIN"), ..Self::default() };
        repository.push("main", "first", files);
        repository
    }

    pub fn blob(&mut self, content: &[u8]) -> String {
        let name = sha("blob", content);
        self.blobs.insert(name.clone(), content.to_vec());
        name
    }

    fn tree(&mut self, tree: Tree) -> String {
        let name = sha("tree", format!("{tree:?}").as_bytes());
        self.trees.insert(name.clone(), tree);
        name
    }

    fn commit(&mut self, commit: Commit) -> String {
        let name = sha("commit", format!("{commit:?}{}", self.commits.len()).as_bytes());
        self.commits.insert(name.clone(), commit);
        name
    }

    /// What is at a branch.
    pub fn files(&self, branch: &str) -> BTreeMap<String, String> {
        let tree = &self.trees[&self.commits[&self.branches[branch]].tree];
        let text = |blob: &String| String::from_utf8_lossy(&self.blobs[blob]).into_owned();
        tree.iter().map(|(path, (_, blob))| (path.clone(), text(blob))).collect()
    }

    /// The messages of the commits of a branch that the default branch does not have, the first one first.
    pub fn messages(&self, branch: &str) -> Vec<String> {
        let mut base = Vec::new();
        let mut at = self.branches.get(&self.default).cloned();
        while let Some(commit) = at {
            at = self.commits[&commit].parents.first().cloned();
            base.push(commit);
        }
        let (mut messages, mut at) = (Vec::new(), self.branches[branch].clone());
        while !base.contains(&at) {
            messages.insert(0, self.commits[&at].message.clone());
            at = self.commits[&at].parents[0].clone();
        }
        messages
    }

    /// A person commits to a branch: files that are empty are removed.
    pub fn push(&mut self, branch: &str, message: &str, files: &[(&str, &str)]) {
        let parent = self.branches.get(branch).cloned();
        let mut tree = parent.as_ref().map(|it| self.trees[&self.commits[it].tree].clone()).unwrap_or_default();
        for (path, text) in files {
            if text.is_empty() {
                tree.remove(*path);
                continue;
            }
            let blob = self.blob(text.as_bytes());
            tree.insert((*path).into(), ("100644".into(), blob));
        }
        let tree = self.tree(tree);
        let commit = Commit { message: message.into(), tree, parents: parent.into_iter().collect() };
        let commit = self.commit(commit);
        self.branches.insert(branch.into(), commit);
    }

    /// A person merges a pull request: what it has is at its base, in one commit; the branch may be left.
    pub fn merge(&mut self, number: usize, delete: bool) {
        let pull = self.pulls[number - 1].clone();
        let (head, base) = (self.branches[&pull.head].clone(), self.branches[&pull.base].clone());
        let tree = self.commits[&head].tree.clone();
        let commit = self.commit(Commit { message: "merged".into(), tree, parents: vec![base] });
        self.branches.insert(pull.base.clone(), commit);
        self.pulls[number - 1].state = "MERGED";
        self.pulls[number - 1].sha = head;
        if delete {
            self.branches.remove(&pull.head);
            for other in &mut self.pulls {
                if other.base == pull.head && other.state == "OPEN" {
                    other.base.clone_from(&pull.base);
                }
            }
        }
    }

    fn reference(&self, name: &str) -> Value {
        self.branches.get(name).map_or(Value::Null, |commit| {
            let it = &self.commits[commit];
            json!({ "name": name, "target": { "oid": commit, "message": it.message, "tree": { "oid": it.tree } } })
        })
    }

    fn pull_list(&self, head: &str) -> Value {
        let pulls = self.pulls.iter().enumerate().rev().filter(|(_, pull)| pull.head == head);
        let node = |(at, pull): (usize, &Pull)| {
            let labels: Vec<Value> = pull.labels.iter().map(|name| json!({ "name": name })).collect();
            let sha = if pull.state == "OPEN" { self.branches.get(head).cloned() } else { Some(pull.sha.clone()) };
            json!({
                "number": at + 1, "state": pull.state, "isCrossRepository": pull.fork, "body": pull.body,
                "baseRefName": pull.base, "headRefOid": sha, "labels": { "nodes": labels },
            })
        };
        json!({ "nodes": pulls.map(node).collect::<Vec<_>>() })
    }

    fn state(&self, id: &str, variables: &Value) -> Value {
        let [one, two] = ["b0", "b1"].map(|name| variables[name].as_str().expect("a branch"));
        assert_eq!(variables["q0"], format!("refs/heads/{one}"));
        json!({
            "id": id, "isArchived": self.archived, "isDisabled": false, "viewerPermission": self.permission,
            "defaultBranchRef": self.reference(&self.default),
            "t0": self.reference(one), "t1": self.reference(two),
            "p0": self.pull_list(one), "p1": self.pull_list(two), "ours": self.ours(""),
        })
    }

    /// A page of the branches below `dockwright/`, behind the one that is called `after`.
    fn ours(&self, after: &str) -> Value {
        let names = self.branches.keys().filter_map(|name| name.strip_prefix("dockwright/"));
        let rest: Vec<&str> = names.filter(|name| *name > after).collect();
        let here: Vec<Value> = rest.iter().take(PAGE).map(|name| json!({ "name": name })).collect();
        json!({ "nodes": here, "pageInfo": { "hasNextPage": rest.len() > PAGE, "endCursor": rest.iter().take(PAGE).next_back() } })
    }

    /// A branch is gone: what comes from it or goes into it is closed, as GitHub does.
    fn delete(&mut self, name: &str) {
        let sha = self.branches.remove(name).unwrap_or_default();
        for pull in self.pulls.iter_mut().filter(|it| it.state == "OPEN" && !it.fork) {
            if pull.head == name || pull.base == name {
                pull.state = "CLOSED";
                pull.sha = if pull.head == name {
                    sha.clone()
                } else {
                    self.branches.get(&pull.head).cloned().unwrap_or_default()
                };
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Hub {
    pub repositories: BTreeMap<String, Repository>,
}

fn ok(status: u16, value: &Value) -> Option<(u16, String, String)> {
    Some((status, String::new(), value.to_string()))
}

fn bad(message: &str) -> Option<(u16, String, String)> {
    ok(422, &json!({ "message": "Validation Failed", "errors": [{ "message": message }] }))
}

fn errors(message: &str) -> Option<(u16, String, String)> {
    ok(200, &json!({ "data": null, "errors": [{ "type": "UNPROCESSABLE", "message": message }] }))
}

impl Hub {
    pub fn of(name: &str, repository: Repository) -> Self {
        Self { repositories: [(name.to_owned(), repository)].into() }
    }

    fn graphql(&mut self, body: &str) -> Option<(u16, String, String)> {
        let asked: Value = serde_json::from_str(body).ok()?;
        let (query, variables) = (asked["query"].as_str()?, &asked["variables"]);
        if query.starts_with("mutation") {
            let repository = self.repositories.get_mut(variables["r"].as_str()?)?;
            let name = variables["n"].as_str()?.strip_prefix("refs/heads/")?.to_owned();
            if repository.refuses_writes {
                return ok(
                    200,
                    &json!({ "data": null, "errors": [{ "type": "FORBIDDEN", "message": "Resource not accessible" }] }),
                );
            }
            assert!(name.starts_with("dockwright/"), "only our branches are moved: {name}");
            let there = repository.branches.get(&name).map_or(NONE, String::as_str);
            if variables["b"] != there {
                return errors("the branch is elsewhere");
            }
            match variables["a"].as_str()? {
                NONE => repository.delete(&name),
                after => {
                    repository.branches.insert(name, after.to_owned());
                }
            }
            return ok(200, &json!({ "data": { "updateRefs": { "clientMutationId": null } } }));
        }
        if query.contains("fragment R on Repository") {
            let mut data = json!({});
            for at in 0.. {
                let Some(owner) = variables[format!("o{at}")].as_str() else { break };
                let name = format!("{owner}/{}", variables[format!("n{at}")].as_str()?);
                data[format!("r{at}")] =
                    self.repositories.get(&name).map_or(Value::Null, |repository| repository.state(&name, variables));
            }
            return ok(200, &json!({ "data": data }));
        }
        let name = format!("{}/{}", variables["o"].as_str()?, variables["n"].as_str()?);
        let repository = self.repositories.get(&name)?;
        let mut answer = json!({});
        if query.contains("ours:refs(") {
            let ours = repository.ours(variables["after"].as_str().unwrap_or_default());
            return ok(200, &json!({ "data": { "repository": { "ours": ours } } }));
        }
        for at in 0.. {
            let Some(name) = variables[format!("b{at}")].as_str() else { break };
            assert_eq!(variables[format!("q{at}")], format!("refs/heads/{name}"));
            answer[format!("t{at}")] = repository.reference(name);
            answer[format!("p{at}")] = repository.pull_list(name);
        }
        for field in query.split("object(oid:\"").skip(1).enumerate() {
            let (at, rest) = field;
            let blob = &repository.blobs[rest.split('"').next()?];
            // As GitHub does: what is not text is null.
            answer[format!("f{at}")] = json!({ "text": std::str::from_utf8(blob).ok() });
        }
        ok(200, &json!({ "data": { "repository": answer } }))
    }
}

impl Knows for Hub {
    fn answer(&mut self, method: &str, path: &str, body: &str, address: &str) -> Option<(u16, String, String)> {
        if path == "/graphql" {
            return self.graphql(body);
        }
        if path == "/users/acme/installation" {
            return ok(200, &json!({ "id": 7 }));
        }
        if path == "/app/installations/7/access_tokens" {
            let posted: Value = serde_json::from_str(body).ok()?;
            assert_eq!(posted["permissions"]["contents"], "write");
            return ok(201, &json!({ "token": super::TOKEN, "expires_at": "2026-01-01T00:00:00Z" }));
        }
        if let Some(rest) = path.strip_prefix("/orgs/") {
            let (owner, query) = rest.split_once("/repos?per_page=100")?;
            let page: usize = query.strip_prefix("&page=").map_or(Some(1), |page| page.parse().ok())?;
            let all: Vec<Value> = self
                .repositories
                .iter()
                .filter(|(name, _)| name.starts_with(&format!("{owner}/")))
                .map(|(name, it)| {
                    json!({ "full_name": name, "archived": it.archived, "disabled": false, "fork": it.fork, "topics": it.topics })
                })
                .collect();
            if all.is_empty() {
                return None;
            }
            let here: Vec<&Value> = all.iter().skip((page - 1) * 100).take(100).collect();
            let more = all.len() > page * 100;
            let next = format!("link: <{address}/orgs/{owner}/repos?per_page=100&page={}>; rel=\"next\"\r\n", page + 1);
            return Some((200, if more { next } else { String::new() }, json!(here).to_string()));
        }
        let mut names = path.strip_prefix("/repos/")?.splitn(3, '/');
        let name = format!("{}/{}", names.next()?, names.next()?);
        let rest = names.next()?;
        let repository = self.repositories.get_mut(&name)?;
        let posted: Value = serde_json::from_str(body).unwrap_or_default();
        if method != "GET" && repository.refuses_writes {
            return ok(403, &json!({ "message": "Resource not accessible by integration" }));
        }
        match (method, rest) {
            ("GET", rest) if rest.starts_with("git/trees/") => {
                let rest = rest.strip_prefix("git/trees/")?;
                let (name, recursive) = rest.strip_suffix("?recursive=1").map_or((rest, false), |name| (name, true));
                let mut tree = repository.trees.get(name)?.clone();
                let mut folders = Vec::new();
                if !recursive {
                    let mut below: BTreeMap<String, Tree> = BTreeMap::new();
                    for (path, it) in std::mem::take(&mut tree) {
                        match path.split_once('/') {
                            Some((folder, rest)) => {
                                drop(below.entry(folder.into()).or_default().insert(rest.into(), it))
                            }
                            None => drop(tree.insert(path, it)),
                        }
                    }
                    for (path, tree) in below {
                        let sha = repository.tree(tree);
                        folders.push(json!({ "path": path, "mode": "040000", "type": "tree", "sha": sha }));
                    }
                }
                let truncated = repository.lists > 0 && tree.len() > repository.lists;
                let entry = |(path, (mode, blob)): (&String, &(String, String))| {
                    let size = repository.blobs.get(blob).map_or(0, Vec::len);
                    let kind = if mode == "160000" { "commit" } else { "blob" };
                    json!({ "path": path, "mode": mode, "type": kind, "sha": blob, "size": size })
                };
                let count = if truncated { repository.lists } else { tree.len() };
                let entries: Vec<Value> = tree.iter().take(count).map(entry).chain(folders).collect();
                ok(200, &json!({ "sha": name, "tree": entries, "truncated": truncated }))
            }
            ("GET", rest) if rest.starts_with("git/blobs/") => {
                let blob = repository.blobs.get(rest.strip_prefix("git/blobs/")?)?;
                let content = base64::engine::general_purpose::STANDARD.encode(blob);
                ok(200, &json!({ "content": content, "encoding": "base64" }))
            }
            ("POST", "git/trees") => {
                let mut tree = repository.trees.get(posted["base_tree"].as_str()?)?.clone();
                for file in posted["tree"].as_array()? {
                    let blob = repository.blob(file["content"].as_str()?.as_bytes());
                    tree.insert(file["path"].as_str()?.into(), (file["mode"].as_str()?.into(), blob));
                }
                let name = repository.tree(tree);
                ok(201, &json!({ "sha": name }))
            }
            ("POST", "git/commits") => {
                let parent = posted["parents"][0].as_str()?.to_owned();
                let tree = posted["tree"].as_str()?.to_owned();
                if !repository.commits.contains_key(&parent) || !repository.trees.contains_key(&tree) {
                    return bad("no such object");
                }
                let message = posted["message"].as_str()?.to_owned();
                let name = repository.commit(Commit { message, tree, parents: vec![parent] });
                if let Some(meanwhile) = repository.meanwhile.take() {
                    meanwhile(repository);
                }
                ok(201, &json!({ "sha": name }))
            }
            ("POST", "pulls") => {
                let (head, base) = (posted["head"].as_str()?.to_owned(), posted["base"].as_str()?.to_owned());
                if posted["draft"] == true && repository.refuses_drafts {
                    return bad("Draft pull requests are not supported in this repository.");
                }
                if !repository.branches.contains_key(&head) || !repository.branches.contains_key(&base) {
                    return bad("head is invalid");
                }
                if repository.branches[&head] == repository.branches[&base] {
                    return bad("No commits between them");
                }
                if repository.pulls.iter().any(|it| it.state == "OPEN" && it.head == head && !it.fork) {
                    return bad("A pull request already exists");
                }
                repository.pulls.push(Pull {
                    title: posted["title"].as_str()?.into(),
                    // As GitHub keeps it.
                    body: posted["body"].as_str()?.replace('\n', "\r\n"),
                    head,
                    base,
                    state: "OPEN",
                    draft: posted["draft"] == true,
                    fork: false,
                    sha: String::new(),
                    labels: Vec::new(),
                });
                ok(201, &json!({ "number": repository.pulls.len() }))
            }
            ("PATCH", rest) => {
                let number: usize = rest.strip_prefix("pulls/")?.parse().ok()?;
                let pull = repository.pulls.get_mut(number - 1)?;
                for (key, field) in [("title", &mut pull.title), ("body", &mut pull.body), ("base", &mut pull.base)] {
                    if let Some(value) = posted[key].as_str() {
                        *field = value.to_owned();
                    }
                }
                if posted["state"] == "closed" {
                    pull.state = "CLOSED";
                    pull.sha = repository.branches.get(&pull.head).cloned().unwrap_or_default();
                }
                ok(200, &json!({ "number": number }))
            }
            _ => None,
        }
    }
}
