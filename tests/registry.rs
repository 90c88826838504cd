//! `--registry`, against registries that are played here, and against a real one: what is asked, what is pinned, and what is
//! never sent.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test runs the program, makes its files, listens for it, and tells what it leaves out"
)]

mod play;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use play::{Answer, Request};
use serde_json::json;
use sha2::{Digest as _, Sha256};

const SECRET: &str = "planted-secret-9";
const INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
const INDEX_TYPE: &str = "content-type: application/vnd.oci.image.index.v1+json\r\n";

fn digest(body: &str) -> String {
    let hex: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn answer(status: u16, headers: &str, body: &str) -> Answer {
    Answer { status, headers: headers.to_owned(), body: body.to_owned() }
}

/// The index, with its digest told.
fn index() -> Answer {
    answer(200, &format!("{INDEX_TYPE}docker-content-digest: {}\r\n", digest(INDEX)), INDEX)
}

fn challenge(value: &str) -> Answer {
    answer(401, &format!("www-authenticate: {value}\r\n"), "{}")
}

/// A registry that is played, and all that it was asked.
struct Registry {
    address: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Registry {
    /// `answer` is given each request with how many came before it.
    fn start(answer: impl Fn(&Request, usize) -> Answer + Send + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let address = play::serve(move |request| {
            let mut log = log.lock().expect("no panic in the registry");
            let answer = answer(&request, log.len());
            log.push(request);
            answer
        });
        Self { address, asked }
    }

    /// Method and path of each request, and its `Authorization`.
    fn asked(&self) -> Vec<(String, Option<String>)> {
        let asked = self.asked.lock().expect("no panic in the registry");
        let line = |it: &Request| (format!("{} {}", it.method, it.path), it.header("authorization").map(str::to_owned));
        asked.iter().map(line).collect()
    }

    /// What is asked for, with nothing but the lines.
    fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|(line, _)| line).collect()
    }
}

/// A folder with one Dockerfile from `image`, and a folder `docker` with Docker's configuration.
fn folder(image: &str, config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("docker")).expect("a folder");
    fs::write(folder.path().join("docker/config.json"), config).expect("a file");
    fs::write(folder.path().join("Dockerfile"), format!("FROM {image}\nENV A=b\n")).expect("a file");
    folder
}

/// Runs the program there. Whatever happens, no secret is told.
fn run(folder: &Path, flags: &[&str]) -> (i32, String, String) {
    run_with(folder, flags, &[])
}

fn run_with(folder: &Path, flags: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockwright"));
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", folder.join("docker").display()));
    command.env("DOCKER_CONFIG", folder.join("docker")).envs(variables.iter().copied());
    let output = command.arg("optimize").args(flags).current_dir(folder).output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    for secret in [SECRET.to_owned(), BASE64_STANDARD.encode(format!("someone:{SECRET}"))] {
        assert!(!out.contains(&secret) && !err.contains(&secret), "a secret is told: {out}{err}");
    }
    (output.status.code().expect("it exits"), out, err)
}

/// What the program makes of `base:1` at a registry.
fn pin(registry: &Registry, config: &str) -> (i32, String, String) {
    let folder = folder(&format!("{}/base:1", registry.address), config);
    run(folder.path(), &["--registry", "--review=pin-base"])
}

/// The line that the program writes.
fn pinned(registry: &Registry, digest: &str) -> String {
    format!("+FROM {}/base:1@{digest}\n", registry.address)
}

/// A configuration with what `docker login` left for `registry`.
fn logged_in(registry: &str) -> String {
    let auth = BASE64_STANDARD.encode(format!("someone:{SECRET}"));
    json!({ "auths": { registry: { "auth": auth }, "other.example": { "auth": "eDp5" } } }).to_string()
}

const MANIFEST: &str = "/v2/base/manifests/1";

#[test]
fn the_digest_of_an_index_is_pinned_by_one_request() {
    let registry = Registry::start(|_, _| index());
    let (code, out, err) = pin(&registry, "");
    assert!(code == 0 && out.contains(&pinned(&registry, &digest(INDEX))) && !err.contains("note"), "{out}{err}");
    assert_eq!(registry.asked(), [(format!("HEAD {MANIFEST}"), None)]);
    let asked = registry.asked.lock().expect("no panic in the registry");
    let accept = asked[0].header("accept").expect("a header");
    for kind in ["vnd.oci.image.index.v1+json", "vnd.docker.distribution.manifest.list.v2+json"] {
        assert!(accept.contains(kind), "{accept}");
    }
}

#[test]
fn nothing_is_asked_without_the_flag() {
    let registry = Registry::start(|_, _| index());
    let folder = folder(&format!("{}/base:1", registry.address), "");
    for flags in [&["--review"][..], &["--registry", "--skip", "pin-base", "--review"]] {
        let (code, out, err) = run(folder.path(), flags);
        assert!(code == 0 && !out.contains("sha256"), "{out}{err}");
    }
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn a_digest_that_is_not_told_is_computed() {
    let single =
        r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","layers":[]}"#;
    let single_type = "content-type: application/vnd.docker.distribution.manifest.v2+json\r\n";
    let cases = [
        ("not told", answer(200, INDEX_TYPE, INDEX), answer(200, INDEX_TYPE, INDEX)),
        ("no HEAD", answer(405, "", ""), answer(200, INDEX_TYPE, INDEX)),
        ("no type", answer(200, "", ""), answer(200, "", INDEX)),
        ("one image", answer(200, single_type, single), answer(200, single_type, single)),
    ];
    for (name, head, get) in cases {
        let expected = digest(&get.body);
        let registry =
            Registry::start(move |request, _| if request.method == "HEAD" { head.clone() } else { get.clone() });
        let (code, out, err) = pin(&registry, "");
        assert!(code == 0 && out.contains(&pinned(&registry, &expected)), "{name}: {out}{err}");
        assert_eq!(registry.lines(), [format!("HEAD {MANIFEST}"), format!("GET {MANIFEST}")], "{name}");
    }
}

#[test]
fn one_image_without_an_index_is_pinned() {
    let headers = "content-type: application/vnd.oci.image.manifest.v1+json\r\n";
    let headers = format!("{headers}docker-content-digest: {}\r\n", digest("x"));
    let registry = Registry::start(move |_, _| answer(200, &headers, "x"));
    let (_, out, err) = pin(&registry, "");
    assert!(out.contains(&pinned(&registry, &digest("x"))), "{out}{err}");
}

#[test]
fn what_cannot_be_had_is_a_note() {
    let told = |digest: &str| answer(200, &format!("{INDEX_TYPE}docker-content-digest: {digest}\r\n"), INDEX);
    let hex = "0123456789abcdef".repeat(4);
    let cases: &[(&str, Answer, usize, &str)] = &[
        ("missing", answer(404, "", "{}"), 1, "base:1 not pinned: the registry does not have it"),
        (
            "forbidden",
            answer(403, "", "{}"),
            1,
            "base:1 not pinned: it is not there, or access is refused: docker login",
        ),
        ("teapot", answer(418, "", "{}"), 1, "base:1 not pinned: the registry answers with status 418"),
        ("short", told("sha256:0123"), 1, "base:1 not pinned: the registry tells no SHA-256 digest"),
        ("capitals", told(&format!("sha256:{}", hex.to_uppercase())), 1, "tells no SHA-256 digest"),
        ("longer", told(&format!("sha256:{hex} AS x")), 1, "tells no SHA-256 digest"),
        ("sha512", told(&format!("sha512:{hex}{hex}")), 1, "tells no SHA-256 digest"),
        ("a page", answer(200, "content-type: text/html\r\n", "<html>"), 2, "the answer is no manifest of an image"),
        ("old", answer(200, "", r#"{"schemaVersion":1}"#), 2, "the answer is no manifest of an image"),
        (
            "false",
            answer(200, &format!("docker-content-digest: sha256:{hex}\r\n"), INDEX),
            2,
            "not have the digest told",
        ),
        ("long", answer(200, INDEX_TYPE, &" ".repeat(5 << 20)), 2, "the manifest is too long"),
        (
            "two lengths",
            answer(200, "content-length: 9999\r\n", INDEX),
            4,
            "cannot be reached (it does not speak HTTP)",
        ),
        ("no way", challenge("Negotiate"), 1, "it asks for a way of authentication that is not known"),
        ("no credential", challenge("Basic realm=x"), 1, "access is refused, and no credential is known: docker login"),
        ("unsafe", challenge("Bearer realm=\"http://auth.example/t\""), 1, "it asks for a token of an unsafe address"),
        ("elsewhere", answer(307, "location: http://auth.example/x\r\n", ""), 1, "leads to where it may not"),
        ("nowhere", answer(302, "", ""), 1, "leads to where it may not"),
        ("in a circle", answer(302, &format!("location: {MANIFEST}\r\n"), ""), 6, "the registry leads on and on"),
        ("never", answer(500, "", ""), 4, "answers with status 500: its images are not pinned"),
        (
            "much later",
            answer(429, "retry-after: 999\r\n", ""),
            1,
            "answers with status 429: its images are not pinned",
        ),
    ];
    for (name, given, requests, note) in cases.iter().cloned() {
        let registry = Registry::start(move |_, _| given.clone());
        let (code, out, err) = pin(&registry, "");
        let host = format!("note: {}: ", registry.address);
        assert!(code == 0 && out.is_empty() && err.contains(&host) && err.contains(note), "{name}: {out}{err}");
        assert_eq!(err.matches("note: ").count(), 1, "{name}: {err}");
        assert_eq!(registry.lines().len(), requests, "{name}: {:?}", registry.lines());
    }
}

#[test]
fn a_registry_that_is_not_there_is_a_note() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let folder = folder(&format!("{gone}/base:1"), "");
    fs::write(folder.path().join("Dockerfile.other"), format!("FROM {gone}/other:1\nENV A b\n")).expect("a file");
    let (code, out, err) = run(folder.path(), &["--registry", "--review"]);
    let note = format!("note: {gone}: cannot be reached (Connection refused): its images are not pinned\n");
    assert!(code == 0 && err.contains(&note), "{err}");
    assert_eq!(err.matches("note: ").count(), 1, "{err}");
    assert!(out.contains("Dockerfile.other"), "the rest is done: {out}");
}

#[test]
fn a_registry_that_never_answers_is_a_note() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let folder = folder(&format!("{address}/base:1"), "");
    let started = Instant::now();
    let (code, out, err) = run(folder.path(), &["--registry"]);
    assert!(code == 0 && out.is_empty() && err.contains("cannot be reached (no answer in time)"), "{out}{err}");
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn what_fails_for_a_moment_is_asked_again() {
    for first in [answer(429, "retry-after: 0\r\n", ""), answer(503, "", ""), answer(502, "retry-after: x\r\n", "")] {
        let registry = Registry::start(move |_, before| if before < 2 { first.clone() } else { index() });
        let (_, out, err) = pin(&registry, "");
        assert!(out.contains(&pinned(&registry, &digest(INDEX))), "{out}{err}");
        assert_eq!(registry.lines().len(), 3);
    }
}

#[test]
fn ten_files_make_one_request() {
    let registry = Registry::start(|_, _| {
        std::thread::sleep(Duration::from_millis(100));
        index()
    });
    let folder = folder(&format!("{}/base:1", registry.address), "");
    for at in 0..9 {
        let text = fs::read(folder.path().join("Dockerfile")).expect("a file");
        fs::write(folder.path().join(format!("Dockerfile.{at}")), text).expect("a file");
    }
    let (_, out, err) = run(folder.path(), &["--registry", "--review"]);
    assert_eq!((out.matches(&pinned(&registry, &digest(INDEX))).count(), registry.lines().len()), (10, 1), "{err}");
}

/// A registry that asks for a token, which its own realm gives for `authorization` and to no one else.
fn with_token(authorization: Option<String>) -> Registry {
    Registry::start(move |request, _| {
        if request.path.starts_with("/token") {
            return match request.header("authorization") == authorization.as_deref() {
                true => answer(200, "", r#"{"token":"a.token"}"#),
                false => answer(401, "", "{}"),
            };
        }
        if request.header("authorization") == Some("Bearer a.token") {
            return index();
        }
        let host = request.header("host").unwrap_or_default();
        challenge(&format!("Bearer realm=\"http://{host}/token\",service=\"a b\",scope=\"repository:base:pull\""))
    })
}

fn basic() -> Option<String> {
    Some(format!("Basic {}", BASE64_STANDARD.encode(format!("someone:{SECRET}"))))
}

/// What is asked of a registry that asks for a token.
fn with_token_asked(authorization: Option<String>) -> Vec<(String, Option<String>)> {
    vec![
        (format!("HEAD {MANIFEST}"), None),
        ("GET /token?service=a%20b&scope=repository%3Abase%3Apull".to_owned(), authorization),
        (format!("HEAD {MANIFEST}"), Some("Bearer a.token".to_owned())),
    ]
}

#[test]
fn a_token_is_had_without_a_credential() {
    let registry = with_token(None);
    let (_, out, err) = pin(&registry, "no JSON");
    assert!(out.contains(&pinned(&registry, &digest(INDEX))), "{out}{err}");
    assert_eq!(registry.asked(), with_token_asked(None));
}

#[test]
fn a_token_is_had_for_what_docker_login_left() {
    let registry = with_token(basic());
    for key in [registry.address.clone(), format!("http://{}/v1/", registry.address)] {
        registry.asked.lock().expect("no panic in the registry").clear();
        let (_, out, err) = pin(&registry, &logged_in(&key));
        assert!(out.contains(&pinned(&registry, &digest(INDEX))), "{out}{err}");
        assert_eq!(registry.asked(), with_token_asked(basic()));
    }
}

#[test]
fn a_credential_that_is_refused_is_a_note() {
    let registry = with_token(Some("another".into()));
    let (code, out, err) = pin(&registry, &logged_in(&registry.address));
    assert!(code == 0 && out.is_empty(), "{out}{err}");
    assert!(err.contains("base:1 not pinned: access is refused with the credential of docker login"), "{err}");
}

#[test]
fn a_credential_for_another_registry_is_not_sent() {
    let registry = with_token(None);
    let port = registry.address.split(':').nth(1).expect("a port");
    // The same host under another name, and the host without its port.
    for other in [format!("localhost:{port}"), "127.0.0.1".to_owned(), format!("x{}", registry.address)] {
        registry.asked.lock().expect("no panic in the registry").clear();
        pin(&registry, &logged_in(&other));
        assert_eq!(registry.asked(), with_token_asked(None), "{other}");
    }
}

#[test]
fn name_and_password_are_sent_when_asked_for() {
    let registry = Registry::start(|request, _| match request.header("authorization") == basic().as_deref() {
        true => index(),
        false => challenge("Basic realm=\"x\""),
    });
    let (_, out, err) = pin(&registry, &logged_in(&registry.address));
    assert!(out.contains(&pinned(&registry, &digest(INDEX))), "{out}{err}");
    assert_eq!(registry.asked(), [(format!("HEAD {MANIFEST}"), None), (format!("HEAD {MANIFEST}"), basic())]);
}

#[test]
fn an_identity_token_is_changed_into_another() {
    let registry = Registry::start(|request, _| match (request.method.as_str(), request.header("authorization")) {
        ("POST", None) => answer(200, "", r#"{"access_token":"b.token"}"#),
        (_, Some("Bearer b.token")) => index(),
        _ => challenge(&format!("Bearer realm=\"http://{}/oauth\"", request.header("host").unwrap_or_default())),
    });
    let config = json!({ "auths": { &registry.address: { "identitytoken": SECRET } } }).to_string();
    let (_, out, err) = pin(&registry, &config);
    assert!(out.contains(&pinned(&registry, &digest(INDEX))), "{out}{err}");
    let asked = registry.asked.lock().expect("no panic in the registry");
    let form = format!(
        "grant_type=refresh_token&client_id=dockwright&service=&scope=repository%3Abase%3Apull&refresh_token={SECRET}"
    );
    assert_eq!((asked[1].path.as_str(), asked[1].body.as_str()), ("/oauth", form.as_str()));
}

#[test]
#[cfg(unix)]
fn a_credential_helper_is_asked() {
    use std::os::unix::fs::PermissionsExt as _;
    let helper = |text: &str| {
        let registry = with_token(basic());
        let image = format!("{}/base:1", registry.address);
        let kind = json!({ "credHelpers": { &registry.address: "played" }, "credsStore": "other" });
        let folder = folder(&image, &kind.to_string());
        let path = folder.path().join("docker/docker-credential-played");
        fs::write(&path, format!("#!/bin/sh\necho \"$@\" >asked; cat >>asked\n{text}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a file");
        let (code, out, err) = run(folder.path(), &["--registry", "--review"]);
        assert_eq!(code, 0, "{err}");
        let asked = fs::read_to_string(folder.path().join("asked")).expect("it is asked");
        assert_eq!(asked, format!("get\n{}", registry.address));
        (out.contains(&pinned(&registry, &digest(INDEX))), err)
    };
    let found = format!("echo '{{\"ServerURL\":\"x\",\"Username\":\"someone\",\"Secret\":\"{SECRET}\"}}'");
    assert!(helper(&found).0);
    for text in [
        "echo 'credentials not found in native keychain'; exit 1",
        &format!("{found}; exit 1"),
        "echo nonsense",
        "head -c 1000000 /dev/zero",
    ] {
        let (pinned, err) = helper(text);
        assert!(!pinned && err.contains("access is refused, and no credential is known"), "{text}: {err}");
    }
}

#[test]
fn a_redirect_takes_no_credential_along() {
    for status in [200, 401] {
        let other = Registry::start(move |_, _| match status {
            200 => index(),
            _ => challenge("Basic realm=\"x\""),
        });
        let to = format!("location: http://{}/blob?x=1\r\n", other.address);
        let registry = Registry::start(move |request, _| match request.header("authorization") {
            None => challenge("Basic realm=\"x\""),
            Some(_) => answer(307, &to, ""),
        });
        let (code, out, err) = pin(&registry, &logged_in(&registry.address));
        assert_eq!(other.asked(), [("HEAD /blob?x=1".to_owned(), None)]);
        assert!(code == 0 && out.contains(&pinned(&registry, &digest(INDEX))) == (status == 200), "{out}{err}");
    }
}

#[test]
fn no_proxy_sees_what_is_on_this_machine() {
    let proxy = Registry::start(|_, _| answer(502, "", ""));
    let registry = with_token(basic());
    let folder = folder(&format!("{}/base:1", registry.address), &logged_in(&registry.address));
    let address = format!("http://{}", proxy.address);
    let variables = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, &*address));
    let (_, out, err) = run_with(folder.path(), &["--registry", "--review"], &variables);
    assert!(out.contains(&pinned(&registry, &digest(INDEX))), "{out}{err}");
    assert_eq!(proxy.lines(), [""; 0]);
}

#[test]
fn a_redirect_of_a_realm_is_not_followed() {
    let other = Registry::start(|_, _| answer(200, "", r#"{"token":"t"}"#));
    let to = format!("location: http://{}/\r\n", other.address);
    let registry = Registry::start(move |request, _| match request.path.as_str() {
        MANIFEST => challenge(&format!("Bearer realm=\"http://{}/t\"", request.header("host").unwrap_or_default())),
        _ => answer(307, &to, ""),
    });
    let (_, out, err) = pin(&registry, &logged_in(&registry.address));
    assert!(out.is_empty() && err.contains("no token is given (status 307)"), "{out}{err}");
    assert_eq!(other.lines(), [""; 0]);
}

/// Debian's docker-registry, started for one test; `None` where it is not installed.
struct Real {
    child: std::process::Child,
    address: String,
    /// Its configuration and what it keeps.
    _folder: tempfile::TempDir,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Real {
    /// With `auth`, lines of its configuration that say who may read.
    fn start(auth: &str) -> Option<Self> {
        if Command::new("docker-registry").arg("--version").output().is_err() {
            eprintln!("not run: a real registry (docker-registry is not installed)");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        // Free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
        let root = folder.path().display();
        let config = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {root}/data\nhttp:\n  addr: 127.0.0.1:{port}\n{}",
            auth.replace("FOLDER", &root.to_string())
        );
        fs::write(folder.path().join("config.yml"), config).expect("a file");
        // The hash of the secret, by `htpasswd -B`.
        let users = "someone:$2y$04$PetPfLSbeb/z6gnHxxIUx.VPyfZ08XnvktlmJv0jdtR.VgXvrZnqa\n";
        fs::write(folder.path().join("htpasswd"), users).expect("a file");
        let child = Command::new("docker-registry")
            .args(["serve", "config.yml"])
            .current_dir(folder.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        let address = format!("localhost:{port}");
        let real = Self { child, address, _folder: folder };
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(30), "docker-registry does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(real)
    }

    /// Pushes something; answers with where the registry says that it is.
    fn push(&self, method: &str, path: &str, kind: &str, body: &str) -> String {
        let url = if path.starts_with('/') { format!("http://{}{path}", self.address) } else { path.to_owned() };
        let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", kind)
            .header("authorization", basic().expect("a credential"))
            .body(body)
            .expect("a request");
        let answer = agent.run(request).expect("it is taken");
        answer.headers()["location"].to_str().expect("text").to_owned()
    }

    fn blob(&self, body: &str) -> serde_json::Value {
        let to = self.push("POST", "/v2/team/base/blobs/uploads/", "application/octet-stream", "");
        let join = if to.contains('?') { '&' } else { '?' };
        self.push("PUT", &format!("{to}{join}digest={}", digest(body)), "application/octet-stream", body);
        json!({ "digest": digest(body), "size": body.len() })
    }

    /// Pushes an image for two platforms, `team/base:1`, and one without an index, `team/base:single`. Answers with their
    /// digests.
    fn fill(&self) -> [String; 2] {
        let (index_type, type_) =
            ("application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json");
        let images: Vec<serde_json::Value> = ["amd64", "arm64"]
            .iter()
            .map(|architecture| {
                let config = json!({ "architecture": architecture, "os": "linux", "rootfs": { "type": "layers", "diff_ids": [] } });
                let mut config = self.blob(&config.to_string());
                config["mediaType"] = "application/vnd.oci.image.config.v1+json".into();
                let image = json!({ "schemaVersion": 2, "mediaType": type_, "config": config, "layers": [] }).to_string();
                let tag = if *architecture == "amd64" { "single".to_owned() } else { digest(&image) };
                self.push("PUT", &format!("/v2/team/base/manifests/{tag}"), type_, &image);
                json!({ "mediaType": type_, "digest": digest(&image), "size": image.len(),
                        "platform": { "architecture": architecture, "os": "linux" } })
            })
            .collect();
        let index = json!({ "schemaVersion": 2, "mediaType": index_type, "manifests": images }).to_string();
        self.push("PUT", "/v2/team/base/manifests/1", index_type, &index);
        [digest(&index), images[0]["digest"].as_str().expect("a digest").to_owned()]
    }
}

#[test]
fn a_real_registry_is_asked() {
    let Some(real) = Real::start("") else { return };
    let [index, single] = real.fill();
    for (tag, digest) in [("1", index), ("single", single)] {
        let image = format!("{}/team/base:{tag}", real.address);
        let folder = folder(&image, "");
        let (code, out, err) = run(folder.path(), &["--registry", "--review"]);
        assert!(code == 0 && out.contains(&format!("+FROM {image}@{digest}\n")), "{out}{err}");
    }
    let folder = folder(&format!("{}/team/base:2", real.address), "");
    let (code, out, err) = run(folder.path(), &["--registry", "--review"]);
    let note = format!("note: {}: team/base:2 not pinned: the registry does not have it\n", real.address);
    assert!(code == 0 && out.is_empty() && err.contains(&note), "{out}{err}");
}

#[test]
fn a_real_registry_with_passwords_is_asked() {
    let auth = "auth:\n  htpasswd:\n    realm: here\n    path: FOLDER/htpasswd\n";
    let Some(real) = Real::start(auth) else { return };
    let [index, _] = real.fill();
    let image = format!("{}/team/base:1", real.address);
    let folder = folder(&image, &logged_in(&real.address));
    let (code, out, err) = run(folder.path(), &["--registry", "--review"]);
    assert!(code == 0 && out.contains(&format!("+FROM {image}@{index}\n")), "{out}{err}");
    fs::write(folder.path().join("docker/config.json"), "{}").expect("a file");
    let (code, out, err) = run(folder.path(), &["--registry", "--review"]);
    assert!(code == 0 && out.is_empty() && err.contains("access is refused, and no credential is known"), "{out}{err}");
}
