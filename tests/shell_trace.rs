//! The evaluator of scripts against the shells themselves: scripts over recorder commands, run under every shell at hand,
//! must run the commands and end with the status that the evaluator says.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "a test runs the shells")]

use std::borrow::Cow;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use dockwright::shell::trace::{Rules, ShellOptions, Trace, trace};
use dockwright::shell::{Script, SourceMap};

/// A command that notes how it was called, and fails if the environment says so of this call.
const RECORDER: &str = r#"#!/bin/sh
text="${0##*/}${*:+ $*}"
nth=0
[ -e "$DIR/$text" ] && read -r nth < "$DIR/$text"
echo "$((nth + 1))" > "$DIR/$text"
echo "$text" >> "$DIR/log"
case "$FAIL" in *"|$text#$nth|"*) exit 1 ;; esac
"#;

/// Scripts over the commands a, b, c …
const SCRIPTS: &[&str] = &[
    "a",
    "a; b",
    "a\nb\nc",
    "a && b",
    "a || b",
    "a && b || c",
    "a || b && c",
    "a && b; c",
    "a || true && c",
    "c && a || b",
    "false && true; a",
    "set -e; false && true; a",
    "set -e; a && b; c",
    "set -e; a || b; c",
    "set -e; a && b || c; d",
    "set -e; a; b; c",
    "set -e; a; set +e; b; c",
    "set -ex; a; b",
    "set -o errexit; a; b",
    "set -euxo noglob; a; b",
    "! a",
    "a; ! b",
    "! a; b",
    "set -e; ! a; b",
    "set -e; a && ! b; c",
    "! a && b",
    "! { a; b; }; c",
    "set -e; ! { a; b; }; c",
    "(a; b)",
    "(a; b) && c",
    "(set -e; a; b) && c",
    "(set -e; a; b); c",
    "(set -e; a; b) || c",
    "set -e; (a; b); c",
    "set -e; (a && b); c",
    "set -e; (a; b) || c; d",
    "set -e; (false && a); b",
    "{ a; b; }",
    "{ a; b; } && c",
    "set -e; { a; b; } && c; d",
    "set -e; { a && b; }; c",
    "set -e; { a && b; } || c; d",
    "if a; then b; fi",
    "if a; then b; fi; c",
    "if a; then b; else c; fi; d",
    "if a; then b && c; fi",
    "if a; then b; elif c; then d; else e; fi",
    "set -e; if a; then b && c; fi; d",
    "set -e; if a; b; then c; d; fi; e",
    "if ! a; then b; fi",
    "if a && b || c; then d; fi",
    "set -e; if { a; b; }; then c; fi; d",
    "set -e; if (a; b); then c; fi; d",
    "if a; then exit 3; fi; b",
    "a | b",
    "a | b; c",
    "a && b | c",
    "set -e; a | b; c",
    "! a | b",
    "{ a; b; } | c",
    "set -e; { a; b; } | c; d",
    "set -e; a | { b; c; }; d",
    "a | b | c || d",
    "exit",
    "exit 0",
    "a; exit",
    "a; exit 0",
    "a || exit 0; b",
    "a || exit 2; b",
    "(exit 3); a",
    "(a; exit 0); b",
    "set -e; (exit 3); a",
    "a; exit $?",
    "a && exit 0; b",
    "f() { a; b; }; f; c",
    "f() { a; b; }; f && c",
    "set -e; f() { a; b; }; f; c",
    "set -e; f() { a; b; }; f || c; d",
    "set -e; f() { a && b; }; f; c",
    "f() { exit 4; }; f; a",
    "f() (a; exit 4); f; b",
    "f() { a; }; if f; then b; fi",
    "f() { set -e; a; b; }; f; c",
    "for x in 1 2; do a; b; done",
    "for x in 1 2; do a && b; done; c",
    "set -e; for x in 1 2; do a; b; done; c",
    "for x in 1 2 3; do a || break; done; b",
    "for x in 1 2; do a || continue; b; done; c",
    "for x in 1 2; do for y in 1 2; do a || break; b; done; c; done",
    "for x in 1 2; do (a || exit 1) || b; done",
    "set -e; for x in 1 2; do a && b; done; c",
    "while a; do b; done; c",
    "until a; do b; done; c",
    "set -e; while a; do b; done; c",
    "while a; do b || break; done; c",
    "while a && b; do c; done",
    "case $X in a) a;; b) b;; esac",
    "case $X in a) a;; b) b; c;; *) d;; esac; e",
    "set -e; case $X in a) a && b;; *) c; d;; esac; e",
    "a & b",
    "a &",
    "a & b && c",
    "a && b & c",
    "set -e; a & b",
    "set -e; { a; b; } & c",
    "true",
    "false",
    ":",
    "true && a",
    "false || a",
    "a || :",
    "set -e; a || :; b",
    "set -e; false; a",
    "a > out; b",
    "{ a; b; } > out; c",
    "a 2>&1 | b",
    "x=1; a",
    "x=1 a && b",
    "export x=1 && a",
    "cd . && a",
    "set -e; export x=1; a; b",
    "a && (b || c) && d",
    "a && { b || c; } && d",
    "set -e; a && { b; c; }; d",
    "set -e; { a; b; }; c",
    "set -e; a || { b; c; }; d",
    "set -e\nif a\nthen\n  b\nfi\nc # d\n",
    "a && \\\n b; c",
    "set -e; x=1; ! true; a",
    "set -e; true && ! true; a",
    "set -e; (! true); a",
    "set -e; (a; ! b); c",
    "set -e; (a && ! b) ; c",
    "set -e; f() { ! a; }; f; b",
    "set -e; f() { ! a; }; f && b; c",
    "set -e; if a; then ! b; fi; c",
    "set -e; { ! a; }; c",
    "set -e; (if a; then b && c; fi); d",
    "set -e; while ! a; do b; break; done; c",
    "set -e; (a || b; c) && d; e",
    "(a; set -e; b; c); d",
    "set -e; (set +e; a; b); c",
    "set +e; a; b",
];

/// Scripts that only shells with `pipefail` know.
const PIPEFAIL: &[&str] = &[
    "set -o pipefail; a | b",
    "set -o pipefail; a | b | c; d",
    "set -eo pipefail; a | b; c",
    "set -euxo pipefail; a | b && c; d",
    "set -eo pipefail; ! a | b; c",
    "set -eo pipefail; { a; b; } | c; d",
    "set -o pipefail; set +o pipefail; a | b",
    "set -eo pipefail; if a | b; then c; fi; d",
];

const SEEDS: u64 = 6;

/// Whether a command succeeds in a case.
fn succeeds(seed: u64, text: &str, nth: usize) -> bool {
    if let Some(arms) = text.strip_prefix("case $X ") {
        let (patterns, arm) = arms.split_once(" arm ").unwrap();
        let pattern = patterns.split(' ').nth(arm.parse().unwrap()).unwrap();
        return pattern == "*" || pattern == x(seed);
    }
    let mut hash = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in text.bytes().chain([nth as u8]) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    seed == 0 || (hash >> 32) & 3 > u64::from(seed > 4)
}

fn x(seed: u64) -> &'static str {
    ["a", "b", "c"][(seed % 3) as usize]
}

fn run(shell: &[String], dir: &Path, script: &str, errexit: bool, fail: &str, x: &str) -> Trace {
    let state = dir.join("state");
    let _ = fs::remove_dir_all(&state);
    fs::create_dir(&state).unwrap();
    let output = Command::new(&shell[0])
        .args(&shell[1..])
        .args(errexit.then_some("-e"))
        .args(["-c", script])
        .current_dir(dir)
        .env_clear()
        .envs([("PATH", dir.join("bin").as_os_str()), ("DIR", state.as_os_str())])
        .envs([("FAIL", fail), ("X", x)])
        .stdin(Stdio::null())
        // The end of the output is the end of what runs in the background, too.
        .output()
        .unwrap();
    let log = fs::read_to_string(state.join("log")).unwrap_or_default();
    let events = log.lines().map(|text| dockwright::shell::trace::Event { text: text.into(), around: String::new() });
    Trace { events: events.collect(), status: u8::try_from(output.status.code().unwrap()).unwrap() }
}

/// The shells that are here, by their full paths.
#[allow(clippy::print_stdout)] // Whoever reads the log should see what was not compared.
fn at_hand(shells: &[&[&str]]) -> Vec<Vec<String>> {
    let path = std::env::var_os("PATH").unwrap();
    let mut found = Vec::new();
    for shell in shells {
        match std::env::split_paths(&path).map(|dir| dir.join(shell[0])).find(|file| file.is_file()) {
            Some(file) => {
                let file = file.to_str().unwrap().to_owned();
                found.push([file].into_iter().chain(shell[1..].iter().map(|&arg| arg.to_owned())).collect());
            }
            None => println!("{} is not at hand: not compared with it", shell[0]),
        }
    }
    assert!(!found.is_empty());
    found
}

fn compare(shells: &[&[&str]], scripts: &[&str]) {
    let shells = at_hand(shells);
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("bin")).unwrap();
    for name in ["a", "b", "c", "d", "e"] {
        let path = dir.path().join("bin").join(name);
        fs::write(&path, RECORDER).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut compared = 0;
    let mut wrong = Vec::new();
    for text in scripts {
        let script = Script::parse(*text, SourceMap::default());
        for seed in 0..SEEDS {
            let errexit = seed % 2 == 1;
            let options = ShellOptions { errexit, ..ShellOptions::default() };
            let rules = Rules { normal: &|text| Cow::Borrowed(text), in_environment: &|_| true };
            let mut fail = "|".to_owned();
            let said = trace(&script, options, rules, &mut |text, nth| {
                // No loop goes on for ever.
                let succeeds = if nth < 2 { succeeds(seed, text, nth) } else { !script.text().contains("while") };
                // What the recorders know is their name, not what is redirected or assigned.
                let name = text.split(' ').find(|word| word.len() == 1).unwrap_or_default();
                if !succeeds {
                    fail.push_str(&format!("{name}#{nth}|"));
                }
                succeeds || text == "cd ."
            });
            let mut said = said.unwrap_or_else(|why| panic!("{text:?}: {}", why.0));
            // Recorders do not record what is built in, nor their surroundings.
            for event in &mut said.events {
                event.around.clear();
                event.text = event.text.split(' ').find(|word| word.len() == 1).unwrap_or_default().into();
            }
            said.events.retain(|event| ["a", "b", "c", "d", "e"].contains(&&*event.text));
            for shell in &shells {
                let mut did = run(shell, dir.path(), text, errexit, &fail, x(seed));
                let mut expected = said.clone();
                if text.contains("& ") && !text.contains("&& ")
                    || text.ends_with('&')
                    || text.contains(" | ")
                    || text.contains("& c")
                {
                    // Nothing orders these.
                    did.events.sort_by(|one, other| one.text.cmp(&other.text));
                    expected.events.sort_by(|one, other| one.text.cmp(&other.text));
                }
                compared += 1;
                if did != expected {
                    wrong.push(format!(
                        "{shell:?} -e={errexit} {text:?} failing {fail}: said {expected:?}, did {did:?}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn as_shells_do() {
    compare(&[&["dash"], &["bash"], &["busybox", "sh"]], SCRIPTS);
}

#[test]
fn as_shells_with_pipefail_do() {
    compare(&[&["bash"], &["busybox", "sh"]], PIPEFAIL);
}
