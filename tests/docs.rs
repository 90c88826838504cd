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
