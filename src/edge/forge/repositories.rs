//! Repositories at GitHub, or GitHub Enterprise, for the bot.
//!
//! What is there is asked for 20 repositories at once by GraphQL, the files of a tree in one request, and what they hold
//! in one for many. Commits are made by the API for git's data: GitHub signs those of an App, they keep the modes of
//! files, and nobody sees them before the branch is moved, which happens at once or not at all. A branch is moved by
//! `updateRefs`, which does so only if it still is where it was: a commit that a person pushed meanwhile is never lost.

use std::collections::HashMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Client, Kind, Trouble, is_object, plain, split};
use super::{BranchState, EditPull, Entry, Listed, NewPull, PullState, Repositories, Stands, State, Tip, Written};

/// GitHub cuts the text of longer blobs in GraphQL.
const MAX_TEXT: u64 = 256 * 1024;
/// How much is asked for at once.
const MAX_TOGETHER: u64 = 1024 * 1024;
const MAX_BLOBS: usize = 50;
/// How many requests the names of the files of one repository are worth, and how many there may be.
const MAX_LISTS: usize = 300;
const MAX_FILES: usize = 500_000;
/// The name of no object.
const NONE: &str = "0000000000000000000000000000000000000000";

/// How many branches are asked about at once.
const MAX_BRANCHES: usize = 40;

/// What is asked of a pull request and of a branch.
const PARTS: &str = "fragment P on PullRequestConnection{nodes{number state isCrossRepository body baseRefName headRefOid \
labels(first:50){nodes{name}}}}fragment T on Ref{name target{oid ... on Commit{message tree{oid}}}}";
/// What is asked of each repository.
const FIELDS: &str = "fragment R on Repository{id isArchived isDisabled viewerPermission defaultBranchRef{...T}\
ours:refs(refPrefix:\"refs/heads/dockwright/\",first:100){nodes{name}pageInfo{hasNextPage endCursor}}";

/// How a branch stands.
fn branch_fields(at: usize) -> String {
    format!(
        "t{at}:ref(qualifiedName:$q{at}){{...T}}p{at}:pullRequests(headRefName:$b{at},first:20,\
         orderBy:{{field:CREATED_AT,direction:DESC}}){{...P}}"
    )
}

/// GitHub's repositories.
pub struct GitHubRepositories {
    pub client: Client,
}

impl GitHubRepositories {
    fn url(&self, repository: &str, rest: &str) -> Result<String, Trouble> {
        let (owner, name) = split(repository).map_err(|failure| Trouble { kind: Kind::Refused, failure })?;
        Ok(self.client.url(&format!("repos/{owner}/{name}/{rest}")))
    }

    /// The name of what was made.
    fn made(&self, url: &str, answer: &Value) -> Result<String, Trouble> {
        object(&answer["sha"]).ok_or_else(|| self.client.failed("POST", url, "the answer names no object"))
    }

    /// What a tree holds: files, folders, and whether there is more.
    fn list(&self, repository: &str, tree: &str, how: &str) -> Result<(Vec<Entry>, Vec<Entry>, bool), Trouble> {
        let url = self.url(repository, &format!("git/trees/{tree}{how}"))?;
        let answer = self.client.get(&url)?;
        let entry = |it: &Value| {
            let (path, mode) = (text(&it["path"]), text(&it["mode"]));
            let size = it["size"].as_u64().unwrap_or_default();
            Some((it["type"] == "tree", Entry { path, mode, object: object(&it["sha"])?, size }))
        };
        let entries: Option<Vec<(bool, Entry)>> =
            answer["tree"].as_array().and_then(|list| list.iter().map(entry).collect());
        let entries = entries.ok_or_else(|| self.client.failed("GET", &url, "the answer is no tree"))?;
        let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(folder, _)| *folder);
        let plain = |list: Vec<(bool, Entry)>| list.into_iter().map(|(_, entry)| entry).collect();
        Ok((plain(files), plain(folders), answer["truncated"] == true))
    }

    /// The names of the branches below `dockwright/`, of which `first` is the first page.
    fn ours(&self, repository: &str, first: &Value) -> Result<Vec<String>, Trouble> {
        let (owner, name) = split(repository).map_err(|failure| Trouble { kind: Kind::Refused, failure })?;
        let query = "query($o:String!,$n:String!,$after:String){repository(owner:$o,name:$n){\
                     ours:refs(refPrefix:\"refs/heads/dockwright/\",first:100,after:$after){nodes{name}\
                     pageInfo{hasNextPage endCursor}}}}";
        let (mut all, mut page) = (Vec::new(), first.clone());
        loop {
            let names = page["nodes"].as_array().into_iter().flatten().filter_map(|node| node["name"].as_str());
            // Below the prefix that was asked for.
            all.extend(names.map(|name| format!("dockwright/{}", name.strip_prefix("dockwright/").unwrap_or(name))));
            let after = page["pageInfo"]["endCursor"].take();
            if page["pageInfo"]["hasNextPage"] != true || !after.is_string() {
                return Ok(all);
            }
            let mut data = self.client.query(query, &json!({ "o": owner, "n": name, "after": after }))?;
            let next = data["repository"]["ours"].take();
            if next["pageInfo"]["endCursor"] == after {
                return Ok(all);
            }
            page = next;
        }
    }

    /// The content of one file by itself.
    fn blob(&self, repository: &str, entry: &Entry) -> Result<Vec<u8>, Trouble> {
        let url = self.url(repository, &format!("git/blobs/{}", entry.object))?;
        let answer = self.client.get(&url)?;
        let content: String = text(&answer["content"]).split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(content).ok().filter(|bytes| is(bytes, &entry.object));
        bytes.ok_or_else(|| self.client.failed("GET", &url, "the answer is not the file that was asked for"))
    }
}

impl Repositories for GitHubRepositories {
    fn of(&self, owner: &str) -> Result<Vec<Listed>, Trouble> {
        if !plain(owner) {
            return Err(self.client.failed("GET", "orgs", "this is no organisation"));
        }
        let list = |whose: &str| {
            let url = self.client.url(&format!("{whose}/{owner}/repos?per_page=100"));
            self.client.known_list(url, |it| {
                let of = |name: &str| (name.to_owned(), it[name].clone());
                Value::Object(["full_name", "topics", "archived", "disabled", "fork"].map(of).into_iter().collect())
            })
        };
        let list = match list("orgs") {
            Err(trouble) if trouble.kind == Kind::Missing => list("users")?,
            list => list?,
        };
        let listed = |it: &Value| {
            let name = text(&it["full_name"]);
            split(&name).is_ok().then(|| Listed {
                name,
                topics: it["topics"].as_array().into_iter().flatten().map(text).collect(),
                archived: it["archived"] == true || it["disabled"] == true,
                fork: it["fork"] == true,
            })
        };
        Ok(list.iter().filter_map(listed).collect())
    }

    fn states(&self, names: &[&str], branches: [&str; 2]) -> Result<Vec<Option<State>>, Trouble> {
        let (mut heads, mut fields) =
            (String::from("query($b0:String!,$b1:String!,$q0:String!,$q1:String!"), String::new());
        let mut variables = json!({
            "b0": branches[0], "b1": branches[1],
            "q0": format!("refs/heads/{}", branches[0]), "q1": format!("refs/heads/{}", branches[1]),
        });
        for (at, name) in names.iter().enumerate() {
            let (owner, name) = split(name).map_err(|failure| Trouble { kind: Kind::Refused, failure })?;
            let _ = write!(heads, ",$o{at}:String!,$n{at}:String!");
            let _ = write!(fields, "r{at}:repository(owner:$o{at},name:$n{at}){{...R}}");
            variables[format!("o{at}")] = owner.into();
            variables[format!("n{at}")] = name.into();
        }
        let (one, two) = (branch_fields(0), branch_fields(1));
        let data = self.client.query(&format!("{heads}){{{fields}}}{FIELDS}{one}{two}}}{PARTS}"), &variables)?;
        let state = |(at, name): (usize, &&str)| {
            let value = &data[format!("r{at}")];
            let Some(mut state) = state(name, value) else { return Ok(None) };
            state.ours = self.ours(name, &value["ours"])?;
            Ok(Some(state))
        };
        names.iter().enumerate().map(state).collect()
    }

    fn branches(&self, repository: &str, names: &[&str]) -> Result<Vec<BranchState>, Trouble> {
        let (owner, name) = split(repository).map_err(|failure| Trouble { kind: Kind::Refused, failure })?;
        let mut all = Vec::new();
        for names in names.chunks(MAX_BRANCHES) {
            let (mut heads, mut fields) = (String::from("query($o:String!,$n:String!"), String::new());
            let mut variables = json!({ "o": owner, "n": name });
            for (at, branch) in names.iter().enumerate() {
                let _ = write!(heads, ",$b{at}:String!,$q{at}:String!");
                fields += &branch_fields(at);
                variables[format!("b{at}")] = (*branch).into();
                variables[format!("q{at}")] = format!("refs/heads/{branch}").into();
            }
            let query = format!("{heads}){{repository(owner:$o,name:$n){{{fields}}}}}{PARTS}");
            let data = self.client.query(&query, &variables)?;
            all.extend((0..names.len()).map(|at| branch(&data["repository"], at)));
        }
        Ok(all)
    }

    fn tree(&self, repository: &str, tree: &str) -> Result<Vec<Entry>, Trouble> {
        let mut all = Vec::new();
        // A tree with more than the forge lists at once is gone through folder by folder.
        let mut left = vec![(String::new(), tree.to_owned())];
        let mut lists = 0;
        while let Some((folder, tree)) = left.pop() {
            let inside = |it: Entry| Entry { path: format!("{folder}{}", it.path), ..it };
            let (mut files, _, mut truncated) = self.list(repository, &tree, "?recursive=1")?;
            lists += 1;
            if truncated {
                let folders;
                (files, folders, truncated) = self.list(repository, &tree, "")?;
                lists += 1;
                left.extend(folders.into_iter().map(|it| (format!("{folder}{}/", it.path), it.object)));
            }
            all.extend(files.into_iter().map(inside));
            if truncated || lists + left.len() > MAX_LISTS || all.len() > MAX_FILES {
                let trouble = self.client.failed("GET", &self.url(repository, "git/trees")?, "too many files");
                return Err(Trouble { kind: Kind::Refused, ..trouble });
            }
        }
        Ok(all)
    }

    fn contents(&self, repository: &str, files: &[&Entry]) -> Result<Vec<Vec<u8>>, Trouble> {
        let (owner, name) = split(repository).map_err(|failure| Trouble { kind: Kind::Refused, failure })?;
        let mut known: HashMap<&str, Vec<u8>> = HashMap::new();
        let mut small: Vec<&Entry> = files.iter().filter(|file| file.size <= MAX_TEXT).copied().collect();
        small.sort_by(|one, other| one.object.cmp(&other.object));
        small.dedup_by(|one, other| one.object == other.object);
        let mut rest = &small[..];
        while !rest.is_empty() {
            let mut sum = 0;
            let fits = |file: &&&Entry| {
                sum += file.size;
                sum <= MAX_TOGETHER
            };
            let count = rest.iter().take(MAX_BLOBS).take_while(fits).count().max(1);
            let (now, later) = rest.split_at(count);
            rest = later;
            let fields: String = now
                .iter()
                .enumerate()
                .map(|(at, file)| format!("f{at}:object(oid:\"{}\"){{... on Blob{{text}}}}", file.object))
                .collect();
            let query = format!("query($o:String!,$n:String!){{repository(owner:$o,name:$n){{{fields}}}}}");
            let data = self.client.query(&query, &json!({ "o": owner, "n": name }))?;
            for (at, file) in now.iter().enumerate() {
                let content = data["repository"][format!("f{at}")]["text"].as_str();
                // What is not text, or was put into another encoding, is asked for as it is.
                if let Some(content) = content.filter(|content| is(content.as_bytes(), &file.object)) {
                    known.insert(&file.object, content.as_bytes().to_vec());
                }
            }
        }
        let content = |file: &&Entry| match known.get(&*file.object) {
            Some(content) => Ok(content.clone()),
            None => self.blob(repository, file),
        };
        files.iter().map(content).collect()
    }

    fn make_tree(&self, repository: &str, base: &str, files: &[Written]) -> Result<String, Trouble> {
        let url = self.url(repository, "git/trees")?;
        let file = |it: &Written| json!({ "path": it.path, "mode": it.mode, "type": "blob", "content": it.text });
        let body = json!({ "base_tree": base, "tree": files.iter().map(file).collect::<Vec<_>>() });
        let answer = self.client.write("POST", &url, &body, true)?;
        self.made(&url, &answer)
    }

    fn make_commit(&self, repository: &str, parent: &str, tree: &str, message: &str) -> Result<String, Trouble> {
        let url = self.url(repository, "git/commits")?;
        // Without an author: then it is whoever the token belongs to, and GitHub signs it for an App.
        let body = json!({ "message": message, "tree": tree, "parents": [parent] });
        let answer = self.client.write("POST", &url, &body, true)?;
        self.made(&url, &answer)
    }

    fn move_branch(&self, state: &State, name: &str, before: Option<&str>, after: Option<&str>) -> Result<(), Trouble> {
        let mutation = "mutation($r:ID!,$n:GitRefname!,$b:GitObjectID!,$a:GitObjectID!){updateRefs(input:{\
                        repositoryId:$r,refUpdates:[{name:$n,beforeOid:$b,afterOid:$a,force:true}]}){clientMutationId}}";
        let (before, after) = (before.unwrap_or(NONE), after.unwrap_or(NONE));
        let name = format!("refs/heads/{name}");
        self.client.mutate(mutation, &json!({ "r": state.id, "n": name, "b": before, "a": after })).map(drop)
    }

    fn open(&self, repository: &str, new: &NewPull) -> Result<u64, Trouble> {
        let url = self.url(repository, "pulls")?;
        let mut body = json!({
            "title": new.title, "body": new.body, "head": new.head, "base": new.base, "draft": new.draft,
        });
        let answer = match self.client.write("POST", &url, &body, false) {
            // Not every plan has drafts in private repositories.
            Err(trouble) if new.draft && trouble.failure.message.to_ascii_lowercase().contains("draft") => {
                body["draft"] = false.into();
                self.client.write("POST", &url, &body, false)?
            }
            answer => answer?,
        };
        answer["number"].as_u64().ok_or_else(|| self.client.failed("POST", &url, "the answer has no number"))
    }

    fn edit(&self, repository: &str, number: u64, edit: &EditPull) -> Result<(), Trouble> {
        let url = self.url(repository, &format!("pulls/{number}"))?;
        let mut body = json!({});
        for (key, value) in [("title", edit.title), ("body", edit.body), ("base", edit.base)] {
            if let Some(value) = value {
                body[key] = value.into();
            }
        }
        if edit.close {
            body["state"] = "closed".into();
        }
        self.client.write("PATCH", &url, &body, true).map(drop)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn object(value: &Value) -> Option<String> {
    value.as_str().filter(|name| is_object(name)).map(str::to_owned)
}

fn tip(value: &Value) -> Option<Tip> {
    let target = &value["target"];
    Some(Tip {
        commit: object(&target["oid"])?,
        tree: object(&target["tree"]["oid"])?,
        message: text(&target["message"]),
    })
}

fn state(name: &str, value: &Value) -> Option<State> {
    let id = value["id"].as_str()?.to_owned();
    let base = &value["defaultBranchRef"];
    Some(State {
        name: name.to_owned(),
        id,
        archived: value["isArchived"] == true || value["isDisabled"] == true,
        may_write: value["viewerPermission"].as_str().map(|it| matches!(it, "WRITE" | "MAINTAIN" | "ADMIN")),
        base: tip(base).map(|tip| (text(&base["name"]), tip)),
        branches: [branch(value, 0), branch(value, 1)],
        ours: Vec::new(),
    })
}

fn branch(value: &Value, at: usize) -> BranchState {
    let pulls = value[format!("p{at}")]["nodes"].as_array();
    // One from a fork may have a branch of the same name.
    let pull = pulls.into_iter().flatten().find(|pull| pull["isCrossRepository"] == false);
    BranchState { tip: tip(&value[format!("t{at}")]), pull: pull.and_then(pull_state) }
}

fn pull_state(value: &Value) -> Option<PullState> {
    let labels = value["labels"]["nodes"].as_array();
    Some(PullState {
        number: value["number"].as_u64()?,
        stands: match value["state"].as_str()? {
            "OPEN" => Stands::Open,
            "MERGED" => Stands::Merged,
            _ => Stands::Closed,
        },
        body: text(&value["body"]),
        base: text(&value["baseRefName"]),
        head: text(&value["headRefOid"]),
        labels: labels.into_iter().flatten().map(|label| text(&label["name"])).collect(),
    })
}

/// Whether `bytes` are the blob that git calls `object`.
fn is(bytes: &[u8], object: &str) -> bool {
    let head = format!("blob {}\0", bytes.len());
    let algorithm = if object.len() == 64 { &ring::digest::SHA256 } else { &ring::digest::SHA1_FOR_LEGACY_USE_ONLY };
    let mut context = ring::digest::Context::new(algorithm);
    context.update(head.as_bytes());
    context.update(bytes);
    let digest = context.finish();
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    hex == object
}
