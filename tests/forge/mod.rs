//! A forge that is played: it listens on a port of this machine, answers, and remembers what it was asked.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod hub;
#[path = "../play/mod.rs"]
mod play;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use play::{Answer, Request};

pub const TOKEN: &str = "ghp_planted0123456789";

/// What a forge knows.
pub trait Knows: Send + 'static {
    /// The answer to a request: status, further headers, body.
    fn answer(&mut self, method: &str, path: &str, body: &str, address: &str) -> Option<(u16, String, String)>;
}

/// What a forge knows, and what it was asked.
pub struct Played<K> {
    pub knows: K,
    /// Method and path of each request.
    pub requests: Vec<String>,
    /// The body of each request.
    pub bodies: Vec<String>,
    /// All bytes that were sent here, but for the header that holds the token.
    pub seen: String,
    /// Answers that come before the true ones: status, headers, body.
    pub first: Vec<(u16, String, String)>,
    /// The answers from this request on are others than the true ones.
    pub from: Option<(usize, (u16, String, String))>,
    /// One answer, to the request with this number from 0, is another than the true one.
    pub once: Option<(usize, (u16, String, String))>,
    /// How many writes were made.
    pub writes: usize,
    /// How many answers were that nothing is new.
    pub unchanged: usize,
    /// The program that is killed after this many writes, before it hears of the last one.
    pub kill: Option<(usize, Arc<Mutex<Option<Child>>>)>,
    /// The program that is killed at this request, from 1.
    pub kill_at_read: Option<(usize, Arc<Mutex<Option<Child>>>)>,
}

impl<K> Deref for Played<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.knows
    }
}

impl<K> DerefMut for Played<K> {
    fn deref_mut(&mut self) -> &mut K {
        &mut self.knows
    }
}

pub struct Forge<K> {
    state: Arc<Mutex<Played<K>>>,
    pub address: String,
}

impl<K: Knows> Forge<K> {
    pub fn start(knows: K) -> Self {
        let state = Arc::new(Mutex::new(Played {
            knows,
            requests: Vec::new(),
            bodies: Vec::new(),
            seen: String::new(),
            first: Vec::new(),
            from: None,
            once: None,
            writes: 0,
            unchanged: 0,
            kill: None,
            kill_at_read: None,
        }));
        let (shared, own) = (Arc::clone(&state), Arc::new(Mutex::new(String::new())));
        let known = Arc::clone(&own);
        let address = play::serve(move |request| {
            let address = known.lock().expect("no panic").clone();
            serve(&request, &mut shared.lock().expect("no panic in the forge"), &address)
        });
        let address = format!("http://{address}");
        own.lock().expect("no panic").clone_from(&address);
        Self { state, address }
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Played<K>) -> T) -> T {
        look(&mut self.state.lock().expect("no panic in the forge"))
    }
}

/// Whether a request changes something.
pub fn writes(method: &str, path: &str, body: &str) -> bool {
    method != "GET" && (path != "/graphql" || body.contains("\"mutation"))
}

fn serve<K: Knows>(request: &Request, state: &mut Played<K>, address: &str) -> Answer {
    let Request { method, path, headers, body } = request;
    // An App shows what it signed, and gets a token for it.
    let app = path.ends_with("/installation") || path.ends_with("/access_tokens");
    let shown = request.header("authorization").and_then(|it| it.strip_prefix("Bearer ")).unwrap_or_default();
    let authorized = if app { shown.starts_with("ey") && shown.split('.').count() == 3 } else { shown == TOKEN };
    let shown = headers.iter().filter(|(name, _)| name != "authorization");
    let shown: String = shown.map(|(name, value)| format!("{name}: {value}\n")).collect();
    state.seen += &format!("{method} {path}\n{shown}{body}");
    state.requests.push(format!("{method} {path}"));
    state.bodies.push(body.clone());
    let count = state.requests.len();
    if let Some((_, child)) = state.kill_at_read.take_if(|(at, _)| *at == count) {
        child.lock().expect("no panic").as_mut().expect("it runs").kill().expect("it is killed");
    }
    let known = request.header("if-none-match").map(str::to_owned);
    let (status, headers, body) = if let Some((_, answer)) = state.from.clone().filter(|(at, _)| count > *at) {
        answer
    } else if let Some((_, answer)) = state.once.take_if(|(at, _)| count == *at + 1) {
        answer
    } else if !state.first.is_empty() {
        state.first.remove(0)
    } else if !authorized {
        (401, String::new(), "{\"message\":\"Bad credentials\"}".into())
    } else {
        let answer = state.knows.answer(method, path, body, address);
        if writes(method, path, body) {
            state.writes += 1;
            if let Some((at, child)) = &state.kill
                && *at == state.writes
            {
                child.lock().expect("no panic").as_mut().expect("it runs").kill().expect("it is killed");
            }
        }
        let answer = answer.unwrap_or_else(|| (404, String::new(), "{\"message\":\"Not Found\"}".into()));
        // As GitHub does: each answer to a GET has a version, and one that is known is not sent again.
        if method == "GET" && answer.0 == 200 {
            let etag = format!("W/\"{}\"", hub::sha("etag", answer.2.as_bytes()));
            if known.as_ref() == Some(&etag) {
                state.unchanged += 1;
                (304, format!("etag: {etag}\r\n"), String::new())
            } else {
                (200, format!("{}etag: {etag}\r\n", answer.1), answer.2)
            }
        } else {
            answer
        }
    };
    Answer { status, headers, body }
}

/// Holds the requests of a test against what GitHub says of its API; see `described.mjs`.
pub struct Described {
    child: Child,
    pub address: String,
}

impl Described {
    /// Stands before the forge at `forge`. The folder that DOCKWRIGHT_PRISM names has the modules.
    pub fn before(forge: &str) -> Self {
        let modules = std::env::var("DOCKWRIGHT_PRISM").expect("DOCKWRIGHT_PRISM names a folder with node_modules");
        let mut child = Command::new("node")
            .args(["tests/forge/described.mjs", &modules, forge])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let mut address = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut address).expect("an address");
        assert!(address.starts_with("http://"), "it listens");
        Self { child, address: address.trim().to_owned() }
    }

    /// Makes a request of its own.
    pub fn send(&self, method: &str, path: &str, body: &str) -> String {
        let host = self.address.strip_prefix("http://").expect("an address");
        let mut stream = std::net::TcpStream::connect(host).expect("it listens");
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }

    /// What is wrong with the requests, and how many there were: REST, GraphQL.
    pub fn violations(&self) -> (Vec<String>, u64, u64) {
        let answer = self.send("GET", "/violations", "");
        let (start, end) = (answer.find('{').expect("JSON"), answer.rfind('}').expect("JSON"));
        let answer: serde_json::Value = serde_json::from_str(&answer[start..=end]).expect("JSON");
        let violations = answer["violations"].as_array().expect("a list");
        let violations = violations.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect();
        let count = |name: &str| answer["counted"][name].as_u64().expect("a number");
        (violations, count("rest"), count("graphql"))
    }
}

impl Drop for Described {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
