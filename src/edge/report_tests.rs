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
        for (at, (transform, applied)) in report::applied(outcome).enumerate() {
            let made = hunks.iter().any(|hunk| hunk.findings.contains(&at));
            assert!(made || applied.change.edits.is_empty(), "{name}: {transform} made nothing: {hunks:?}");
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

/// The offset of a line and a column, both from 1, as SARIF counts them: in UTF-16 code units.
fn offset(text: &str, line: &serde_json::Value, column: &serde_json::Value) -> usize {
    let number = |value: &serde_json::Value| usize::try_from(value.as_u64().expect("a number")).expect("a small one");
    let start: usize = text.split_inclusive('\n').take(number(line) - 1).map(str::len).sum();
    let mut units = number(column) - 1;
    let inside = text[start..].char_indices().find(|(_, c)| {
        let done = units == 0;
        units = units.saturating_sub(c.len_utf16());
        done
    });
    inside.map_or(text.len(), |(at, _)| start + at)
}

#[test]
fn sarif_is_as_its_types_say_and_its_fixes_make_the_result() {
    let pages: Vec<Page> = ALL.iter().map(|transform| Page::of(transform).expect("a page")).collect();
    for (name, outcome) in &*OUTCOMES {
        let text = report::sarif(&[File { path: "a b/Dockerfile", note: None, result: Ok(outcome) }], &pages);
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        // Keys that the types do not know are lost on the way.
        let typed: serde_sarif::sarif::Sarif = serde_json::from_value(value.clone()).expect("SARIF");
        assert_eq!(serde_json::to_value(&typed).expect("JSON"), value, "{name}");

        let results = value["runs"][0]["results"].as_array().expect("results");
        let mut edits: Vec<(usize, usize, &str)> = Vec::new();
        for change in
            results.iter().filter_map(|result| result.get("fixes")).map(|fixes| &fixes[0]["artifactChanges"][0])
        {
            assert_eq!(change["artifactLocation"]["uri"], "a%20b/Dockerfile");
            for replacement in change["replacements"].as_array().expect("replacements") {
                let region = &replacement["deletedRegion"];
                let start = offset(&outcome.before, &region["startLine"], &region["startColumn"]);
                let end = offset(&outcome.before, &region["endLine"], &region["endColumn"]);
                edits.push((start, end, replacement["insertedContent"]["text"].as_str().expect("text")));
            }
        }
        edits.sort_unstable();
        edits.dedup();
        let mut text = outcome.before.to_string();
        for (start, end, inserted) in edits.into_iter().rev() {
            text.replace_range(start..end, inserted);
        }
        assert_eq!(text, *outcome.after, "{name}");
    }
}

#[test]
fn each_part_alone_is_on_the_way_to_the_whole() {
    let choice = Choice { review: Review::All, ..Choice::default() };
    let (mut count, mut astray) = (0, Vec::new());
    for (name, outcome) in OUTCOMES.iter().skip(1).step_by(2) {
        for part in report::parts(outcome) {
            let alone = part.alone(outcome);
            let then = pipeline::run(alone, ALL, &Nothing, &Settings::default(), &choice).expect("it settles");
            count += 1;
            if then.after != outcome.after {
                astray.push(format!("{name}: {:?}", part.transforms(outcome)));
            }
        }
    }
    // A change that leans on another one elsewhere in the file would be an exception. Most do not.
    assert!(count > 100 && astray.len() * 50 < count, "{} of {count}: {astray:#?}", astray.len());
}

/// A path and a Dockerfile that try to be more than text wherever they are shown.
#[test]
fn nothing_is_injected() {
    use pulldown_cmark::{Event, Tag, TagEnd};

    let path = "a`b\r\n::error file=x::<b>@owner, [x](http://x) #1\n# x/Dockerfile";
    let text = "FROM debian:12\n# ```\n# </details> @owner ![x](http://x)\nRUN apt-get update && apt-get install -y '@owner' '<b>#1</b>'\n# ::warning::x\n";
    let choice = Choice { review: Review::None, ..Choice::default() };
    let outcome = pipeline::run(text, ALL, &Nothing, &Settings::default(), &choice).expect("it settles");
    assert!(outcome.changes() && !outcome.left.is_empty(), "{:?}", outcome.left);
    let failed = Err(("a`b: `\n\n# x\n::error::@owner <b> https://x", Some("[x](y)\r::set-output::")));
    let files = [File { path, note: Some(path), result: Ok(&outcome) }, File { path, note: None, result: failed }];

    let markdown = report::markdown(&files);
    let (mut html, mut code, mut shown) = (Vec::new(), false, String::new());
    for event in pulldown_cmark::Parser::new(&markdown) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => html.push(text.trim().to_owned()),
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(text) if !code => shown += &text,
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("a link: {markdown}"),
            _ => {}
        }
    }
    html.retain(|html| !html.is_empty());
    assert_eq!(html, ["<!-- dockwright -->", "<details><summary>Difference</summary>", "</details>"], "{markdown}");
    for mark in ["@owner", "#1", "://"] {
        assert!(!shown.contains(mark), "{mark}: {shown}");
    }
    assert_eq!(markdown.matches("\n### ").count(), 2, "{markdown}");

    let commands = report::github(&files);
    for line in commands.lines() {
        let (_, rest) = line.split_once(" file=").expect("a file");
        let (properties, message) = rest.split_once("::").expect("a message");
        assert!(properties.starts_with("a`b%0D%0A%3A%3Aerror file=x%3A%3A<b>@owner%2C"), "{line}");
        assert!(!message.is_empty() && !line.contains('\r'), "{line}");
    }
    let notices = outcome.left.iter().filter(|left| matches!(left.why, pipeline::Why::NotReviewed(_))).count();
    assert_eq!(commands.lines().count(), report::applied(&outcome).count() + notices + 1, "{commands}");

    let sarif: serde_json::Value = serde_json::from_str(&report::sarif(&files, &[])).expect("JSON");
    let uri = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert!(
        uri.as_str().expect("a path").bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%/._-~".contains(&byte))
    );
}

#[test]
fn one_report_of_each_kind() {
    let text = std::fs::read_to_string("snapshots/report/Dockerfile").expect("a Dockerfile");
    // What these do is known; others may come.
    let some = ["join-runs", "cache-mounts", "apt-lists", "no-recommends", "legacy-syntax", "exec-form"];
    let run = |text: &str, review| {
        let choice = Choice { review, only: Some(some.map(str::to_owned).to_vec()), ..Choice::default() };
        pipeline::run(text, ALL, &Nothing, &Settings::default(), &choice).expect("it settles")
    };
    let review = Review::Only(vec!["exec-form".into()]);
    let (outcome, template) = (run(&text, review), run("FROM {{ base }}\n", Review::None));
    let files = [
        File { path: "app/Dockerfile", note: Some("built with kaniko"), result: Ok(&outcome) },
        File { path: "template/Dockerfile", note: None, result: Ok(&template) },
        File { path: "bad/Dockerfile", note: None, result: Err(("bad/Dockerfile:1: no", Some("correct it"))) },
    ];
    let pages: Vec<Page> = ALL.iter().map(|transform| Page::of(transform).expect("a page")).collect();
    // The rules are the pages, and change with them.
    let mut sarif: serde_json::Value = serde_json::from_str(&report::sarif(&files, &pages)).expect("JSON");
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array_mut().expect("rules");
    rules.retain(|rule| rule["id"] == "legacy-syntax");
    rules[0]["help"] = "the page".into();
    for result in sarif["runs"][0]["results"].as_array_mut().expect("results") {
        assert_eq!(pages[result["ruleIndex"].as_u64().expect("an index") as usize].name, result["ruleId"]);
        result["ruleIndex"] = 0.into();
    }
    let sarif = serde_json::to_string_pretty(&sarif).expect("JSON") + "\n";
    for (name, text) in [
        ("report.json", report::json(&files)),
        ("report.sarif", sarif),
        ("report.github", report::github(&files)),
        ("report.md", report::markdown(&files)),
    ] {
        snapshot(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"), &format!("snapshots/report/{name}"));
    }
}

fn snapshot(text: String, path: &str) {
    let expected = snapbox::Data::read_from(Path::new(path), Some(snapbox::data::DataFormat::Text)).raw();
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(snapbox::Data::text(text).raw(), expected);
}
