//! The reports, held to their promises on every case of every page: all that the tool is known to do.

use std::path::Path;
use std::sync::LazyLock;

use crate::context::Nothing;
use crate::explain::Page;
use crate::pipeline::{self, Choice, Outcome, Review};
use crate::report::{self, File, hunks, json};
use crate::transform::Settings;
use crate::transforms::ALL;

/// The outcome of every case, at both levels; and of the corpus, where several transforms work on one file.
static OUTCOMES: LazyLock<Vec<(String, Outcome)>> = LazyLock::new(outcomes);

fn outcomes() -> Vec<(String, Outcome)> {
    let cases = ALL.iter().flat_map(|transform| Page::of(transform).expect("a page").cases);
    let mut texts: Vec<(String, String)> = cases.map(|case| (case.heading.to_owned(), case.before)).collect();
    for of in ["snapshots/corpus", "examples"] {
        for folder in std::fs::read_dir(of).expect("a folder") {
            let path = folder.expect("a folder").path().join("Dockerfile");
            if let Ok(text) = std::fs::read_to_string(&path) {
                texts.push((path.display().to_string(), text));
            }
        }
    }
    let run = |text: &str, review| {
        let choice = Choice { review, ..Choice::default() };
        pipeline::run(text, ALL, &Nothing, &Settings::default(), &choice).expect("it settles")
    };
    let mut all = Vec::new();
    for (name, text) in texts {
        all.push((name.clone(), run(&text, Review::None)));
        all.push((name, run(&text, Review::All)));
    }
    all
}

#[test]
fn hunks_make_the_result_and_each_has_its_findings() {
    let mut several = 0;
    for (name, outcome) in &*OUTCOMES {
        let (mut text, mut done) = (String::new(), 0);
        let hunks = hunks(outcome);
        for hunk in &hunks {
            text += &outcome.before[done..hunk.old.start];
            text += hunk.new.of(&outcome.after);
            done = hunk.old.end;
            assert!(!hunk.findings.is_empty(), "{name}: nobody made {hunk:?}");
            let lines = outcome.before.split_inclusive('\n').skip(hunk.lines.start - 1).take(hunk.lines.len());
            assert_eq!(lines.collect::<String>(), hunk.old.of(&outcome.before), "{name}");
        }
        text += &outcome.before[done..];
        assert_eq!(text, *outcome.after, "{name}");
        // Each finding made a hunk that is among its own lines, or next to them.
        for (at, (transform, applied)) in report::applied(outcome).enumerate() {
            if applied.change.edits.is_empty() {
                continue;
            }
            let mut own = hunks.iter().filter(|hunk| hunk.findings.contains(&at));
            let near =
                |hunk: &report::Hunk| hunk.lines.start <= applied.lines.1 + 1 && applied.lines.0 <= hunk.lines.end;
            assert!(own.any(near), "{name}: {transform} made nothing at {:?}: {hunks:?}", applied.lines);
        }
        several += usize::from(hunks.iter().any(|hunk| hunk.findings.len() > 1));
    }
    assert!(several > 20, "{several}: transforms that meet at one place are among the cases");
}

#[test]
fn keys_name_one_finding_each_and_are_stable() {
    for ((name, outcome), (_, again)) in OUTCOMES.iter().zip(outcomes()) {
        let keys = |outcome: &Outcome| {
            let applied = report::applied(outcome).map(|(_, applied)| applied.key.clone());
            let mut keys: Vec<_> = applied.chain(outcome.left.iter().map(|left| left.key.clone())).collect();
            keys.sort();
            keys
        };
        let once = keys(outcome);
        assert_eq!(once, keys(&again), "{name}");
        assert!(once.windows(2).all(|pair| pair[0] != pair[1]), "{name}: {once:?}");
    }
}

#[test]
fn the_json_schema_is_that_of_the_types() {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(json::Document<'_>)).expect("a schema") + "\n";
    snapshot(schema, "schemas/report.schema.json");
}

#[test]
fn json_is_as_its_types_say() {
    for (name, outcome) in &*OUTCOMES {
        let file = File { path: "a/Dockerfile", note: Some("a note"), result: Ok(outcome) };
        let failed = File { path: "b\u{1}\"/Dockerfile", note: None, result: Err(("no", Some("yes"))) };
        let text = report::json(&[file, failed]);
        // Unknown and missing keys are errors.
        let read: json::Document<'_> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::to_string_pretty(&read).expect("JSON") + "\n", text, "{name}");
        let entry = &read.files[0];
        assert_eq!(entry.state == json::State::Changed, outcome.changes(), "{name}");
        for finding in &entry.findings {
            assert_eq!(finding.level == Some(json::Level::Review), finding.check.is_some(), "{name}: {finding:?}");
        }
    }
}

#[test]
fn one_report_of_each_kind() {
    let text = std::fs::read_to_string("snapshots/report/Dockerfile").expect("a Dockerfile");
    let run = |text: &str, review| {
        let choice = Choice { review, ..Choice::default() };
        pipeline::run(text, ALL, &Nothing, &Settings::default(), &choice).expect("it settles")
    };
    let review = Review::Only(vec!["exec-form".into()]);
    let (outcome, template) = (run(&text, review), run("FROM {{ base }}\n", Review::None));
    let files = [
        File { path: "app/Dockerfile", note: Some("built with kaniko"), result: Ok(&outcome) },
        File { path: "template/Dockerfile", note: None, result: Ok(&template) },
        File { path: "bad/Dockerfile", note: None, result: Err(("bad/Dockerfile:1: no", Some("correct it"))) },
    ];
    snapshot(report::json(&files).replace(env!("CARGO_PKG_VERSION"), "VERSION"), "snapshots/report/report.json");
}

fn snapshot(text: String, path: &str) {
    let expected = snapbox::Data::read_from(Path::new(path), Some(snapbox::data::DataFormat::Text)).raw();
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(snapbox::Data::text(text).raw(), expected);
}
