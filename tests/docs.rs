//! The documentation is true: the front-page diff is what the tool does, and names in the text exist.
#![allow(clippy::disallowed_methods, reason = "a test reads the pages")]

use dockwright::context::Nothing;
use dockwright::pipeline::{self, Choice};
use dockwright::transform::{Settings, Transform};
use dockwright::transforms::ALL;

#[test]
fn the_front_page_diff_is_what_the_tool_does() {
    let readme = std::fs::read_to_string("README.md").expect("README.md");
    let diff = readme.split("```diff\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a diff");
    let side = |drop: char| -> String {
        diff.split_inclusive('\n').filter(|line| !line.starts_with(drop)).map(|line| &line[1..]).collect()
    };
    let (before, after) = (side('+'), side('-'));
    assert_ne!(before, after);
    let outcome = pipeline::run(before, ALL, &Nothing, &Settings::default(), &Choice::default()).expect("it settles");
    assert_eq!(*outcome.after, *after);
}

#[test]
fn pages_name_only_transforms_that_exist() {
    let names: Vec<&str> = ALL.iter().map(Transform::name).collect();
    for transform in ALL {
        for line in transform.doc.lines().filter(|line| line.contains("# dockwright: keep ")) {
            let named = line.split("keep ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a name");
            assert!(names.contains(&named), "{}: {named}", transform.name());
        }
    }
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dockwright")).args(arguments).output();
    let output = output.expect("the program runs");
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8"))
}

#[test]
fn nothing_is_to_be_improved_in_our_own_dockerfile() {
    let (code, text) = run(&["optimize", "--check", "--review", "--why", "Dockerfile"]);
    assert_eq!((code, text.as_str()), (Some(0), "Dockerfile: nothing to improve\n"));
}

#[test]
fn flags_that_are_named_for_a_forge_exist() {
    let help: String = ["optimize", "review", "bot"].map(|command| run(&[command, "--help"]).1).concat();
    for file in ["action.yml", "docs/github.md"] {
        let text = std::fs::read_to_string(file).expect(file);
        let ours = text.lines().filter(|line| line.contains("dockwright") || line.contains("set --"));
        // Behind `cargo install` and `multi-gitter run '…'` stand flags of others.
        let ours = ours.filter(|line| !line.contains("cargo") && !line.contains("multi-gitter"));
        let words = ours.flat_map(|line| line.split([' ', '`', '"', '\'', '}', '+', '$', '{', ':', ','].as_slice()));
        let flags: Vec<&str> = words.filter(|word| word.len() > 2 && word.starts_with("--")).collect();
        assert!(flags.len() > 3, "{file}: {flags:?}");
        for flag in flags {
            assert!(help.contains(flag), "{file}: {flag}");
        }
    }
}
