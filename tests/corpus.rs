//! What the tool does to Dockerfiles written for it, and to the examples, held against snapshots: `SNAPSHOTS=overwrite`
//! writes them anew, to be read line by line.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::path::{Path, PathBuf};

use dockwright::context::Nothing;
use dockwright::pipeline::{self, Choice, Review, Why};
use dockwright::report::unified;
use dockwright::transform::Settings;
use dockwright::transforms::ALL;

fn folders(of: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("Dockerfile").is_file()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "{of} has no Dockerfile");
    folders
}

fn check(dockerfile: &Path, snapshots: &Path) {
    let text = std::fs::read_to_string(dockerfile).expect("a Dockerfile");
    let run = |text: &str, review: Review| {
        let choice = Choice { review, ..Choice::default() };
        pipeline::run(text, ALL, &Nothing, &Settings::default(), &choice).expect("it settles")
    };
    let (safe, review) = (run(&text, Review::None), run(&text, Review::All));
    for (level, outcome) in [("safe", &safe), ("review", &review)] {
        assert_eq!(outcome.held, None, "{}", dockerfile.display());
        assert!(
            !outcome.left.iter().any(|left| matches!(left.why, Why::Dropped(_))),
            "{}: {:?}",
            dockerfile.display(),
            outcome.left
        );
        let told = outcome.left.iter().filter_map(|left| match &left.why {
            Why::Precondition(reason) => Some(format!("# held, line {}: {}: {reason}\n", left.lines.0, left.transform)),
            _ => None,
        });
        let shown = unified("Dockerfile", &text, &outcome.after) + &told.collect::<String>();
        let expected =
            snapbox::Data::read_from(&snapshots.join(format!("{level}.diff")), Some(snapbox::data::DataFormat::Text));
        snapbox::Assert::new().action_env("SNAPSHOTS").eq(snapbox::Data::text(shown).raw(), expected.raw());
    }
    assert_eq!(run(&safe.after, Review::All).after, review.after, "{}", dockerfile.display());
}

#[test]
fn dockerfiles_written_for_it() {
    for folder in folders("snapshots/corpus") {
        check(&folder.join("Dockerfile"), &folder);
    }
}

#[test]
fn examples() {
    for folder in folders("examples") {
        let name = folder.file_name().expect("a name");
        check(&folder.join("Dockerfile"), &Path::new("snapshots/examples").join(name));
    }
}

#[test]
fn what_an_expert_wrote_is_left_alone() {
    for folder in folders("examples") {
        let text = std::fs::read_to_string(folder.join("expert.Dockerfile")).expect("expert.Dockerfile");
        let choice = Choice { review: Review::All, ..Choice::default() };
        let outcome = pipeline::run(text, ALL, &Nothing, &Settings::default(), &choice).expect("it settles");
        assert_eq!(outcome.after, outcome.before, "{}", folder.display());
    }
}
