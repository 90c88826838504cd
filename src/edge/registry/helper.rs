//! Credential helpers: `docker-credential-NAME get`.
//!
//! <https://github.com/docker/docker-credential-helpers#development>

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::credentials::Credential;

/// Longer answers are none.
const MAX_ANSWER: u64 = 256 * 1024;
/// A helper that asks a person gets no answer here.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// What the helper `name` keeps for `server`; `None` if that is nothing, or there is no such helper.
pub fn get(name: &str, server: &str) -> Option<Credential> {
    // A program of the search path, and no other.
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return None;
    }
    let mut child = Command::new(format!("docker-credential-{name}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let (mut stdin, stdout) = (child.stdin.take()?, child.stdout.take()?);
    let reader = std::thread::spawn(move || {
        let mut answer = Vec::new();
        stdout.take(MAX_ANSWER).read_to_end(&mut answer).map(|_| answer)
    });
    let _ = stdin.write_all(server.as_bytes());
    drop(stdin);
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < TIMEOUT => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    };
    // A child of its own may hold the pipe open for longer: what it wrote so far is not waited for.
    while !reader.is_finished() {
        if started.elapsed() >= TIMEOUT {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let answer: Answer = serde_json::from_slice(&reader.join().ok()?.ok()?).ok()?;
    if !status.success() || answer.secret.is_empty() {
        return None;
    }
    Some(match answer.username.as_str() {
        "<token>" => Credential::Identity(answer.secret),
        _ => Credential::Password { name: answer.username, password: answer.secret },
    })
}
