//! Reports of a proof, on a whole run: they need what `report` itself must not use.

use super::*;

/// A proof of `text`, in which a variable differs that nobody promised.
fn with_proof<T>(good: bool, look: impl FnOnce(&Proof<'_>) -> T) -> T {
    use crate::context::Nothing;
    use crate::pipeline::{self, Choice};
    use crate::transform::{Field, Settings};
    let text = "FROM debian:12\nRUN apt-get update && apt-get install -y 'a<b>' curl\nCMD x\n";
    let outcome = pipeline::run(text, crate::transforms::ALL, &Nothing, &Settings::default(), &Choice::default());
    let outcome = outcome.expect("it settles");
    let measures = |size: u64| crate::proof::evidence::Measures {
        size,
        compressed: size / 3,
        estimated: true,
        layers: vec![size / 2, size / 2],
        cold: Times(vec![Duration::from_secs(size / 10_000_000)]),
        ..Default::default()
    };
    let difference = Difference::Config {
        field: Field::Env,
        name: "A".to_owned(),
        before: Some("<script>alert(1)</script>".to_owned()),
        after: None,
    };
    let comparison = crate::proof::explain::Comparison {
        findings: if good { Vec::new() } else { vec![difference] },
        explained: vec![(
            Difference::Config {
                field: Field::Cmd,
                name: String::new(),
                before: None,
                after: Some("[\"x\"]".to_owned()),
            },
            crate::proof::explain::Cause::Promised("exec-form"),
        )],
        noise: Some(3),
        files: 1234,
    };
    let check = Check {
        what: "stops on SIGTERM".to_owned(),
        before: "no, it has to be killed".to_owned(),
        after: "yes, exit code 0".to_owned(),
        verdict: Verdict::Better,
    };
    let evidence = Evidence {
        before: measures(1_018_000_000),
        after: measures(176_000_000),
        comparison,
        checks: Ok(vec![check]),
        log: String::new(),
    };
    look(&Proof { path: "Dockerfile", outcome: &outcome, evidence: &evidence, edited: Some("app.py") })
}

#[test]
fn the_table_says_what_was_found() {
    let table = with_proof(true, |proof| table(proof, true));
    assert_eq!(
        table,
        "                           before                   after\n\
         builds                     yes                      yes\n\
         stops on SIGTERM           no, it has to be killed  yes, exit code 0  better\n\
         image                      1,018 MB                 176 MB            −83 %\n  \
         as stored in a registry  ~339 MB                  ~59 MB            −83 %\n\
         layers                     2                        2\n\
         cold build                 101.0 s                  17.0 s            6× faster\n\
         CMD                        unset                    [\"x\"]             promised by exec-form\n\
         files                      1,234                    the same\n\n\
         Explained:\n        1  promised by exec-form\n\n\
         proved: 1 change. Two builds of the original differ in 3 places, which are not counted.\n"
    );
    let table = with_proof(false, |proof| super::table(proof, false));
    assert!(table.contains("Nobody promised:\n  ENV A: <script>"), "{table}");
    assert!(
        table.ends_with("unset. Two builds of the original differ in 3 places, which are not counted.\n"),
        "{table}"
    );
}

#[test]
fn json_is_json() {
    let value: serde_json::Value = serde_json::from_str(&with_proof(false, json)).expect("JSON");
    assert_eq!((value["version"].as_u64(), value["proved"].as_bool()), (Some(1), Some(false)));
    assert_eq!(value["before"]["image_bytes"], 1_018_000_000_u64);
    assert_eq!(value["changes"][0]["transform"], "apt-lists");
    assert_eq!(value["unexplained"][0], "ENV A: <script>alert(1)</script> → unset");
}

/// The page that `tests/browser` opens. `SNAPSHOTS=overwrite` writes it anew.
#[test]
fn the_page_is_as_it_was_read() {
    let page = with_proof(false, html);
    let path = std::path::Path::new("snapshots/report/proof.html");
    let expected = snapbox::Data::read_from(path, Some(snapbox::data::DataFormat::Text));
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(snapbox::Data::text(page).raw(), expected.raw());
}

/// The page names no other, holds no script, and closes what it opens.
#[test]
fn the_page_stands_alone() {
    let page = with_proof(false, html);
    for part in ["http", "<script", "src=", "url(", "@import", "a<b>"] {
        assert!(!page.contains(part), "{part}: {page}");
    }
    for part in [
        "not proved: ENV A",
        "the layer keeps the package lists",
        "prefers-color-scheme:dark",
        "a&lt;b&gt;",
        "lang=\"en\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let name = tag.split(' ').next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if matches!(name, "!DOCTYPE" | "meta") => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn sizes_and_numbers() {
    for (size, text) in [
        (0, "0 B"),
        (999, "999 B"),
        (1_500, "2 kB"),
        (1_890_000, "1.8 MB"),
        (61_400_000, "61 MB"),
        (1_017_600_000, "1,018 MB"),
    ] {
        assert_eq!(bytes(size), text);
    }
    assert_eq!((grouped(12), grouped(1_234_567)), ("12".to_owned(), "1,234,567".to_owned()));
    assert_eq!(
        [(1018, 176), (100, 100), (100, 150), (0, 5)].map(|(before, after)| percent(before, after)),
        ["−83 %", "", "+50 %", ""]
    );
}

#[test]
fn times_are_told_plainly() {
    let seconds = |it: f64| Duration::from_secs_f64(it);
    assert_eq!(speed(seconds(15.9), seconds(0.4)), "40× faster");
    assert_eq!(speed(seconds(10.0), seconds(8.0)), "20 % faster");
    assert_eq!(speed(seconds(10.0), seconds(15.0)), "50 % slower");
    assert_eq!(speed(seconds(10.0), seconds(10.2)), "");
    let times = Times(vec![seconds(18.8), seconds(19.2), seconds(25.0)]);
    assert_eq!(time(seconds(19.2), &times), "19.2 s (18.8–25.0)");
    assert_eq!(time(seconds(19.2), &Times(vec![seconds(19.2)])), "19.2 s");
}
