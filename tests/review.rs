//! `dockwright review`, against a forge that is played here: what is asked of it, what is posted, and what is never said.
#![allow(clippy::disallowed_methods, reason = "a test runs the program, makes its files, and listens for it")]

mod forge;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use forge::{Knows, TOKEN};

const BEFORE: &str =
    "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nENV MODE production\nCMD exec curl\n";

/// What the forge knows of one pull request.
#[derive(Default)]
struct State {
    files: Vec<Value>,
    texts: Vec<(String, String)>,
    threads: Vec<Value>,
    reviews: Vec<Value>,
    may_not_resolve: bool,
}

type Forge = forge::Forge<State>;

impl Knows for State {
    fn answer(&mut self, method: &str, path: &str, body: &str, address: &str) -> Option<(u16, String, String)> {
        let text = answer(self, method, path, body)?;
        let page: usize = path.split_once("files?per_page=100&page=").map_or(1, |(_, page)| page.parse().unwrap_or(1));
        let more = path.contains("/files?") && self.files.len() > page * 100;
        let next =
            format!("link: <{address}/repos/o/n/pulls/7/files?per_page=100&page={}>; rel=\"next\"\r\n", page + 1);
        Some((200, if more { next } else { String::new() }, text))
    }
}

fn answer(state: &mut State, method: &str, path: &str, body: &str) -> Option<String> {
    const REPO: &str = "/repos/o/n/";
    if path == "/graphql" {
        let asked: Value = serde_json::from_str(body).ok()?;
        let query = asked["query"].as_str()?;
        if query.starts_with("mutation") && state.may_not_resolve {
            return Some(json!({ "errors": [{ "message": "Resource not accessible by integration" }] }).to_string());
        }
        if query.starts_with("mutation") {
            let thread = state.threads.iter_mut().find(|thread| thread["id"] == asked["variables"]["id"])?;
            thread["isResolved"] = true.into();
            return Some(
                json!({ "data": { "resolveReviewThread": { "thread": { "id": thread["id"] } } } }).to_string(),
            );
        }
        let (list, nodes) = if query.contains("reviewThreads") {
            ("reviewThreads", &state.threads)
        } else {
            ("reviews", &state.reviews)
        };
        // One node a page, so that pages are turned.
        let at = asked["variables"]["after"].as_str().map_or(0, |after| after.parse().expect("our cursor"));
        let page = nodes.get(at..(at + 1).min(nodes.len())).unwrap_or_default();
        let more = at + 1 < nodes.len();
        let page = json!({ "nodes": page, "pageInfo": { "hasNextPage": more, "endCursor": (at + 1).to_string() } });
        return Some(json!({ "data": { "repository": { "pullRequest": { list: page } } } }).to_string());
    }
    let path = path.strip_prefix(REPO)?;
    if let Some(file) = path.strip_prefix("contents/") {
        let (file, _) = file.split_once("?ref=abc123")?;
        return state.texts.iter().find(|(path, _)| path.replace(' ', "%20") == file).map(|(_, text)| text.clone());
    }
    if path == "pulls/7" {
        return Some(json!({ "head": { "sha": "abc123" } }).to_string());
    }
    if let Some(page) = path.strip_prefix("pulls/7/files?per_page=100") {
        let at: usize = page.strip_prefix("&page=").map_or(Some(1), |page| page.parse().ok())?;
        let page: Vec<&Value> = state.files.iter().skip((at - 1) * 100).take(100).collect();
        return Some(json!(page).to_string());
    }
    let posted: Value = serde_json::from_str(body).ok()?;
    if method == "POST" && path == "pulls/7/reviews" {
        assert_eq!((&posted["event"], &posted["commit_id"]), (&json!("COMMENT"), &json!("abc123")));
        let id = state.reviews.len() + 1;
        state.reviews.push(json!({ "databaseId": id, "body": posted["body"], "viewerDidAuthor": true }));
        for comment in posted["comments"].as_array()? {
            let id = format!("T{}", state.threads.len());
            // As GitHub keeps it: without white space at its end.
            let body = comment["body"].as_str()?.trim_end();
            let nodes = json!([{ "body": body, "viewerDidAuthor": true }]);
            state.threads.push(json!({
                "id": id, "isResolved": false, "path": comment["path"], "line": comment["line"],
                "start": comment["start_line"], "comments": { "nodes": nodes },
            }));
        }
        return Some("{}".into());
    }
    if let Some(id) = path.strip_prefix("pulls/7/reviews/")
        && method == "PUT"
    {
        let review = state.reviews.get_mut(id.parse::<usize>().ok()? - 1)?;
        review["body"] = posted["body"].clone();
        return Some("{}".into());
    }
    None
}

/// A repository with one Dockerfile, as the pull request has it.
fn repository(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join(".git")).expect("a folder");
    fs::create_dir_all(folder.path().join("a b")).expect("a folder");
    fs::write(folder.path().join("a b/Dockerfile"), text).expect("a file");
    folder
}

fn state(text: &str, patch: &str) -> State {
    let other = |name: &str| json!({ "filename": name, "status": "modified", "patch": "@@ -1 +1 @@\n-a\n+b" });
    let mut files: Vec<Value> = (0..150).map(|at| other(&format!("src/{at}.rs"))).collect();
    files.push(json!({ "filename": "old/Dockerfile", "status": "removed", "patch": "@@ -1 +0,0 @@\n-FROM a" }));
    files.push(other("../Dockerfile"));
    files.push(json!({ "filename": "a b/Dockerfile", "status": "added", "patch": patch }));
    State { files, texts: vec![("a b/Dockerfile".into(), text.into())], ..State::default() }
}

fn whole(text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("\n+{line}")).collect();
    format!("@@ -0,0 +1,{} @@{lines}", text.lines().count())
}

fn review(folder: &Path, forge: &Forge, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dockwright"))
        .args(["review", "7", "--repo", "o/n", "--api", &forge.address])
        .args(arguments)
        .current_dir(folder)
        .env("GITHUB_TOKEN", TOKEN)
        .output()
        .expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!out.contains(TOKEN) && !err.contains(TOKEN), "the token is told: {out}{err}");
    (output.status.code().expect("it exits"), out, err)
}

/// What stands in a suggestion.
fn suggested(thread: &Value) -> String {
    let body = thread["comments"]["nodes"][0]["body"].as_str().expect("a body");
    body.split("```suggestion\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a suggestion").to_owned()
}

#[test]
fn suggestions_are_posted_once_and_resolved_when_done() {
    let folder = repository(BEFORE);
    let forge = Forge::start(state(BEFORE, &whole(BEFORE)));
    let (code, out, err) = review(folder.path(), &forge, &[]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("posted 2 suggestions, resolved 0 threads; the summary is new"), "{err}");
    forge.with(|state| {
        let found: Vec<_> = state.threads.iter().map(|it| (it["line"].as_u64(), suggested(it))).collect();
        let lists = "RUN apt-get update && apt-get install -y curl \\\n    && rm -rf /var/lib/apt/lists/*\n";
        assert_eq!(found, [(Some(2), lists.to_owned()), (Some(3), "ENV MODE=production\n".to_owned())]);
        let summary = state.reviews[0]["body"].as_str().expect("a body");
        assert!(summary.starts_with("<!-- dockwright -->\n") && summary.contains("### `a b/Dockerfile`"), "{summary}");
        assert!(!summary.contains("```diff"), "all is suggested: {summary}");
    });

    // Again, and nothing is new.
    let (_, _, err) = review(folder.path(), &forge, &[]);
    assert!(err.contains("posted 0 suggestions, resolved 0 threads; the summary is as it was"), "{err}");
    forge.with(|state| assert_eq!((state.threads.len(), state.reviews.len()), (2, 1)));

    // One of them is taken, another thing comes with the next push.
    let text = BEFORE.replace("ENV MODE production", "ENV MODE=production") + "LABEL a b\n";
    fs::write(folder.path().join("a b/Dockerfile"), &text).expect("a file");
    forge.with(|it| {
        let State { files, texts, .. } = state(&text, &whole(&text));
        (it.files, it.texts) = (files, texts);
    });
    let (_, _, err) = review(folder.path(), &forge, &[]);
    assert!(err.contains("posted 1 suggestion, resolved 1 thread; the summary is updated"), "{err}");
    forge.with(|state| {
        let resolved: Vec<_> = state.threads.iter().map(|thread| thread["isResolved"] == true).collect();
        assert_eq!((resolved, state.reviews.len()), (vec![false, true, false], 2));
        assert_eq!(suggested(&state.threads[2]), "LABEL a=b\n");
        assert!(!state.seen.contains(TOKEN), "the token stands in its header only");
    });
}

#[test]
fn all_suggestions_together_are_what_write_gives() {
    let folder = repository(BEFORE);
    let forge = Forge::start(state(BEFORE, &whole(BEFORE)));
    assert_eq!(review(folder.path(), &forge, &["--review=exec-form"]).0, 0);
    let mut lines: Vec<String> = BEFORE.split_inclusive('\n').map(str::to_owned).collect();
    forge.with(|state| {
        assert!(state.threads.len() >= 2);
        // What two findings made together would be in the summary; here each line is made by one.
        for thread in state.threads.iter().rev() {
            let last = usize::try_from(thread["line"].as_u64().expect("a line")).expect("a small one");
            let first = thread["start"].as_u64().map_or(last, |start| usize::try_from(start).expect("a small one"));
            lines.splice(first - 1..last, [suggested(thread)]);
        }
        let reviewed =
            |thread: &Value| thread["comments"]["nodes"][0]["body"].as_str().unwrap().contains("**Check:** ");
        assert!(state.threads.iter().any(reviewed), "a change at level review names its check");
    });
    let written = Command::new(env!("CARGO_BIN_EXE_dockwright"))
        .args(["optimize", "-q", "-w", "--review=exec-form", "a b/Dockerfile"])
        .current_dir(folder.path())
        .status();
    assert!(written.expect("the program runs").success());
    assert_eq!(lines.concat(), fs::read_to_string(folder.path().join("a b/Dockerfile")).expect("a file"));
}

#[test]
fn a_token_that_may_not_resolve_threads_posts_all_the_same() {
    let folder = repository(BEFORE);
    let forge = Forge::start(State { may_not_resolve: true, ..state(BEFORE, &whole(BEFORE)) });
    assert_eq!(review(folder.path(), &forge, &[]).0, 0);
    let text = BEFORE.replace("ENV MODE production", "ENV MODE=production");
    fs::write(folder.path().join("a b/Dockerfile"), &text).expect("a file");
    forge.with(|state| state.texts = vec![("a b/Dockerfile".into(), text)]);
    let (code, _, err) = review(folder.path(), &forge, &[]);
    assert!(code == 0 && err.contains("1 thread could not be resolved: "), "{err}");
    assert!(err.contains("posted 0 suggestions, resolved 0 threads; the summary is updated"), "{err}");
}

#[test]
fn what_is_not_in_the_difference_goes_into_the_summary() {
    let folder = repository(BEFORE);
    let forge = Forge::start(state(BEFORE, "@@ -3 +3 @@\n-ENV MODE dev\n+ENV MODE production"));
    let (code, _, err) = review(folder.path(), &forge, &[]);
    assert!(code == 0 && err.contains("posted 1 suggestion"), "{err}");
    forge.with(|state| {
        let summary = state.reviews[0]["body"].as_str().expect("a body");
        let diff = summary.split("```diff\n").nth(1).expect("a difference");
        assert!(diff.contains("+    && rm -rf /var/lib/apt/lists/*") && !diff.contains("+ENV"), "{summary}");
    });
}

#[test]
fn a_checkout_of_something_else_is_left_alone() {
    let folder = repository(&format!("# merged\n{BEFORE}"));
    let forge = Forge::start(state(BEFORE, &whole(BEFORE)));
    let (code, _, err) = review(folder.path(), &forge, &[]);
    assert!(code == 0 && err.contains("a b/Dockerfile: not as it is at the tip of the pull request"), "{err}");
    forge.with(|state| assert!(state.reviews.is_empty() && state.requests.iter().all(|it| !it.starts_with("PUT"))));
}

#[test]
fn a_dry_run_posts_nothing() {
    let folder = repository(BEFORE);
    let forge = Forge::start(state(BEFORE, &whole(BEFORE)));
    let (code, out, _) = review(folder.path(), &forge, &["--dry-run"]);
    assert!(code == 0 && out.contains("a b/Dockerfile:2-2\n") && out.contains("```suggestion\n"), "{out}");
    forge.with(|state| {
        assert!(state.requests.iter().all(|request| request.starts_with("GET ")), "{:?}", state.requests)
    });
}

#[test]
fn a_forge_that_does_not_answer_well() {
    let folder = repository(BEFORE);
    let run = |first: &[(u16, &'static str, &'static str)]| {
        let forge = Forge::start(state(BEFORE, &whole(BEFORE)));
        let own = |(status, headers, body): &(u16, &str, &str)| (*status, (*headers).into(), (*body).into());
        forge.with(|state| state.first = first.iter().map(own).collect());
        let (code, _, err) = review(folder.path(), &forge, &[]);
        let reviews = forge.with(|state| state.reviews.len());
        (code, reviews, err)
    };
    let limit = "retry-after: 0\r\n";
    // It answers well after a while.
    for first in [
        &[(500, "", ""), (502, "", "<html>")][..],
        &[(429, limit, "{}"), (403, limit, "{}")],
        &[(403, "x-ratelimit-remaining: 0\r\nretry-after: 0\r\n", "{}")],
    ] {
        let (code, reviews, err) = run(first);
        assert_eq!((code, reviews), (0, 1), "{first:?}: {err}");
    }
    // It never does.
    for (first, help) in [
        (&[(401, "", "{\"message\":\"Bad credentials ghp_planted0123456789\"}")][..], "has expired"),
        (&[(403, "", "{\"message\":\"Resource not accessible by integration\"}")], "pull-requests: write"),
        (&[(404, "", "{}")], "check the repository"),
        (&[(301, "location: http://127.0.0.1:1/\r\n", "")], "another name"),
        (&[(200, "", "{\"head\":{\"sha\":\"../../x\"}}")], "check the network"),
        (&[(200, "", "nonsense")], "check the network"),
        (&[(429, "retry-after: 999\r\n", "{}")], "try again later"),
    ] {
        let (code, reviews, err) = run(first);
        assert_eq!((code, reviews), (2, 0), "{first:?}: {err}");
        assert!(err.starts_with("error: ") && err.contains("help: ") && err.contains(help), "{first:?}: {err}");
    }
}

#[test]
fn what_is_asked_for_wrongly_is_refused_before_a_request() {
    let folder = repository(BEFORE);
    for (arguments, message) in [
        (&["review", "7", "--repo", "o/n/../../x"][..], "is no repository"),
        (&["review", "7", "--repo", ".."], "is no repository"),
        (&["review", "7", "--repo", "o/n", "--api", "http://example.com"], "unencrypted"),
        (&["review", "--repo", "o/n"], "the pull request is not known"),
        (&["review", "7"], "the repository is not known"),
        (&["review", "x"], "invalid value"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockwright"));
        for name in ["GITHUB_REPOSITORY", "GITHUB_REF", "GITHUB_API_URL", "GH_TOKEN"] {
            command.env_remove(name);
        }
        let output =
            command.args(arguments).current_dir(folder.path()).env("GITHUB_TOKEN", TOKEN).output().expect("it runs");
        let err = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.code() == Some(2) && err.contains(message), "{arguments:?}: {err}");
    }
}

#[test]
fn a_review_is_carried_to_where_it_may_be_posted() {
    let folder = repository(BEFORE);
    let direct = Forge::start(state(BEFORE, &whole(BEFORE)));
    assert_eq!(review(folder.path(), &direct, &[]).0, 0);
    let carried = Forge::start(state(BEFORE, &whole(BEFORE)));
    let file = folder.path().join("review.json");
    let name = file.to_str().expect("UTF-8");
    let (code, out, err) = review(folder.path(), &carried, &["--output", name]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
    carried.with(|it| assert!(it.requests.iter().all(|it| it.starts_with("GET ")), "a token that may read is enough"));
    assert!(!fs::read_to_string(&file).expect("a file").contains(TOKEN));

    // The other workflow has no checkout.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let post = |forge: &Forge, arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dockwright"))
            .args(["review", "--repo", "o/n", "--api", &forge.address, "--post", name])
            .args(arguments)
            .current_dir(elsewhere.path())
            .env("GITHUB_TOKEN", TOKEN)
            .output()
            .expect("it runs");
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8"))
    };
    let head = &["--head", "abc123"];
    let (code, text) = post(&carried, head);
    assert_eq!(code, Some(0), "{text}");
    let posted = |it: &mut forge::Played<State>| (it.threads.clone(), it.reviews.clone());
    assert_eq!(carried.with(posted), direct.with(posted));

    // What is not of this run, of this pull request, or not of dockwright at all, is not posted.
    let right: Value = serde_json::from_str(&fs::read_to_string(&file).expect("a file")).expect("JSON");
    let refused = |change: &dyn Fn(&mut Value), head: &[&str]| {
        let mut wrong = right.clone();
        change(&mut wrong);
        fs::write(&file, wrong.to_string()).expect("a file");
        let forge = Forge::start(state(BEFORE, &whole(BEFORE)));
        let (code, text) = post(&forge, head);
        assert_eq!(code, Some(2), "{wrong}: {text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
        forge.with(|it| assert!(it.reviews.is_empty() && it.threads.is_empty(), "{wrong}"));
    };
    refused(&|_| {}, &["--head", "def456"]);
    refused(&|_| {}, &["--head", "../../x"]);
    refused(&|_| {}, &[]);
    refused(&|it| it["head"] = "def456".into(), head);
    refused(&|it| it["head"] = "def456".into(), &["--head", "def456"]);
    refused(&|it| it["number"] = 8.into(), head);
    refused(&|it| it["number"] = "../8".into(), head);
    refused(&|it| it["body"] = "@all".into(), head);
    refused(&|it| *it = Value::Null, head);
    refused(&|it| it["sections"][0]["path"] = "../Dockerfile".into(), head);
    refused(&|it| it["sections"][0]["path"] = "README.md".into(), head);
    refused(&|it| it["sections"][0]["applied"][0]["transform"] = "@all".into(), head);
    refused(&|it| it["sections"][0]["applied"][0]["message"] = "x".repeat(5000).into(), head);
    refused(&|it| it["suggestions"][0][0] = "/etc/Dockerfile".into(), head);
    refused(&|it| it["suggestions"][0][1]["key"] = "apt-lists/0/--><script>".into(), head);
    refused(&|it| it["suggestions"][0][1]["lines"] = json!([0, 2]), head);
    refused(&|it| it["suggestions"][0][1]["text"] = "no line".into(), head);
    let many: Vec<Value> = (0..400).map(|_| right["suggestions"][0].clone()).collect();
    refused(&|it| it["suggestions"] = many.clone().into(), head);

    // What can be said is only said: not one word is markup, and no suggestion is for lines that are not shown.
    let mut evil = right.clone();
    let words = "@all <img src=x> [a](https://evil.example) fixes #1\n\n# x ```\n::error::x";
    evil["sections"][0]["applied"][0]["message"] = words.into();
    evil["sections"][0]["applied"][0]["check"] = words.into();
    evil["sections"][0]["diff"] = format!("```\n</details>\n{words}").into();
    evil["suggestions"][0][1]["message"] = words.into();
    evil["suggestions"][0][1]["text"] = "```\n@all <b>\n````\n".into();
    evil["suggestions"][1][1]["lines"] = json!([500, 501]);
    fs::write(&file, evil.to_string()).expect("a file");
    let forge = Forge::start(state(BEFORE, &whole(BEFORE)));
    let (code, text) = post(&forge, head);
    assert!(code == Some(0) && text.contains("posted 1 suggestion"), "{text}");
    forge.with(|it| {
        for body in [&it.reviews[0]["body"], &it.threads[0]["comments"]["nodes"][0]["body"]] {
            use pulldown_cmark::{Event, Parser, Tag};
            let body = body.as_str().expect("a body");
            let mut block = false;
            for event in Parser::new(body) {
                match event {
                    Event::Start(Tag::CodeBlock(_)) => block = true,
                    Event::End(pulldown_cmark::TagEnd::CodeBlock) => block = false,
                    Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("a link: {body}"),
                    Event::Html(html) | Event::InlineHtml(html) => {
                        let html = html.trim();
                        let ours = html.starts_with("<!-- dockwright")
                            || matches!(html, "<details><summary>Difference</summary>" | "</details>");
                        assert!(ours, "{html}: {body}");
                    }
                    Event::Text(text) if !block => assert!(!text.contains("@a") && !text.contains("#1"), "{text}"),
                    _ => {}
                }
            }
        }
    });
}

#[test]
#[ignore = "needs node, with the modules that .ci/run installs"]
fn the_requests_are_what_github_describes() {
    // Prism knows no path with a slash in it.
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join(".git")).expect("a folder");
    let forge = Forge::start(State::default());
    let github = forge::Described::before(&forge.address);
    for text in [BEFORE.to_owned(), BEFORE.replace("ENV MODE production", "ENV MODE=production") + "LABEL a b\n"] {
        fs::write(folder.path().join("Dockerfile"), &text).expect("a file");
        forge.with(|it| {
            it.files = vec![json!({ "filename": "Dockerfile", "status": "added", "patch": whole(&text) })];
            it.texts = vec![("Dockerfile".into(), text)];
        });
        let output = Command::new(env!("CARGO_BIN_EXE_dockwright"))
            .args(["review", "7", "--repo", "o/n", "--api", &github.address])
            .current_dir(folder.path())
            .env("GITHUB_TOKEN", TOKEN)
            .output()
            .expect("it runs");
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(0), "{text}: {:?}", github.violations());
    }
    forge.with(|it| assert!(it.reviews.len() == 2 && it.threads.iter().any(|it| it["isResolved"] == true)));
    let (violations, rest, graphql) = github.violations();
    assert_eq!(violations, Vec::<String>::new());
    assert!(rest > 7 && graphql > 4, "{rest} {graphql}");
}
