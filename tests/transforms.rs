//! Every case of every transform's page, as a test.
//!
//! A case runs its transform alone, twice (the second application must find nothing to do), and then the whole
//! pipeline, which must pass its gate, settle, and give the same whether review comes at once or after safe.
#![allow(clippy::disallowed_methods, reason = "a test reads the pages")]

use std::fmt::Write as _;

use dockwright::context::Overlay;
use dockwright::explain::{Case, Claim, Page, table};
use dockwright::pipeline::{self, Choice, Outcome, Review, Why};
use dockwright::transform::Transform;
use dockwright::transforms::ALL;

mod surroundings;

use surroundings::Context;

/// What a person is told of the findings of one transform, a line or two each.
fn told(outcome: &Outcome, name: &str) -> String {
    let mut lines = Vec::new();
    for applied in outcome.steps.iter().filter(|step| step.transform == name).flat_map(|step| &step.applied) {
        let check = applied.check.as_ref().map(|check| format!("   check: {check}\n")).unwrap_or_default();
        let ignored: String =
            applied.change.ignore_lines.iter().map(|line| format!("   .dockerignore: {line}\n")).collect();
        lines.push((applied.lines.0, format!("{}: {}\n{check}{ignored}", applied.lines.0, applied.message)));
    }
    for left in outcome.left.iter().filter(|left| left.transform == name) {
        let why = match &left.why {
            Why::Precondition(reason) => format!("   held: {reason}\n"),
            Why::NotReviewed(check) => format!("   review: {check}\n"),
            Why::Suppressed => "   kept\n".into(),
            Why::Advice => "   advice\n".into(),
            Why::Denied => "   denied\n".into(),
            Why::Dropped(reason) => format!("   DROPPED BY THE GATE: {reason}\n"),
        };
        lines.push((left.lines.0, format!("{}: {}\n{why}", left.lines.0, left.message)));
    }
    lines.sort();
    lines.into_iter().map(|(_, text)| text).collect()
}

fn check(transform: &Transform, case: &Case) -> Result<(), String> {
    let context: Context =
        case.context.map_or_else(|| Ok(Context::default()), toml::from_str).map_err(|error| error.to_string())?;
    let (world, settings) = (context.world(), context.settings());
    let (before, after) = (context.dress(&case.before), context.dress(&case.after));
    // `ignored` is what was added to the ignore file before.
    let run = |text: &str, transforms: &[Transform], review: Review, name: Option<&str>, ignored: &[String]| {
        let choice = Choice { review, only: name.map(|name| vec![name.to_owned()]), ..Choice::default() };
        let world = Overlay { world: &*world, lines: ignored.to_vec() };
        pipeline::run(text, transforms, &world, &settings, &choice).map_err(|error| error.to_string())
    };
    let all = |first: &Outcome, second: &Outcome| [&first.ignore_lines[..], &second.ignore_lines].concat();
    let name = transform.name();
    let review = if case.claim == Claim::Review { Review::All } else { Review::None };

    // Alone.
    let outcome = run(&before, &[*transform], review.clone(), Some(name), &[])?;
    if *outcome.after != *after {
        return Err(format!("gives\n{}\ninstead of\n{}\nand tells\n{}", outcome.after, after, told(&outcome, name)));
    }
    if outcome.steps.len() > 1 {
        return Err("does not settle alone: a second application still changes something".into());
    }
    let levels = outcome.left.iter().filter(|left| left.transform == name);
    let claimed = match case.claim {
        Claim::Safe | Claim::Nothing => true,
        Claim::Review => outcome.steps.iter().flat_map(|step| &step.applied).any(|applied| applied.check.is_some()),
        Claim::Held => levels.into_iter().any(|left| matches!(left.why, Why::Precondition(_) | Why::Suppressed)),
        Claim::Advice => levels.into_iter().any(|left| left.why == Why::Advice),
    };
    if !claimed {
        return Err(format!("is not at the level that the fence claims; it tells\n{}", told(&outcome, name)));
    }
    let tells = told(&outcome, name);
    if case.told.is_some_and(|expected| expected != tells) {
        return Err(format!("tells\n{tells}\ninstead of\n{}", case.told.unwrap_or_default()));
    }
    if case.claim == Claim::Review
        && *run(&before, &[*transform], Review::None, Some(name), &[])?.after == *after
        && before != after
    {
        return Err("is applied without review".into());
    }
    if !outcome.ignore_lines.is_empty() && case.told.is_none() {
        return Err("adds to the ignore file, which no `text` fence shows".into());
    }
    let again = run(&after, &[*transform], review, Some(name), &outcome.ignore_lines)?;
    if *again.after != *after || !again.ignore_lines.is_empty() {
        return Err(format!("changes its own result to\n{}\n{:?}", again.after, again.ignore_lines));
    }

    // In the whole pipeline.
    let safe = run(&before, ALL, Review::None, None, &[])?;
    let reviewed = run(&before, ALL, Review::All, None, &[])?;
    let later = run(&safe.after, ALL, Review::All, None, &safe.ignore_lines)?;
    if later.after != reviewed.after {
        return Err(format!("review after safe gives\n{}\ninstead of\n{}", later.after, reviewed.after));
    }
    let (mut once, mut twice) = (reviewed.ignore_lines.clone(), all(&safe, &later));
    once.sort();
    twice.sort();
    if once != twice {
        return Err(format!("review after safe adds {twice:?} to the ignore file, instead of {once:?}"));
    }
    for (outcome, ignored) in
        [(&safe, safe.ignore_lines.clone()), (&reviewed, reviewed.ignore_lines.clone()), (&later, twice)]
    {
        if let Some(left) = outcome.left.iter().find(|left| matches!(left.why, Why::Dropped(_))) {
            return Err(format!("the gate drops {}: {:?}", left.transform, left.why));
        }
        let level = if std::ptr::eq(outcome, &raw const safe) { Review::None } else { Review::All };
        let again = run(&outcome.after, ALL, level, None, &ignored)?;
        if again.after != outcome.after || !again.ignore_lines.is_empty() {
            return Err(format!("a second run of the pipeline changes\n{}\nto\n{}", outcome.after, again.after));
        }
    }
    Ok(())
}

#[test]
#[expect(clippy::print_stdout, reason = "the count of cases tells whether they were found")]
fn every_case_of_every_page() {
    let (mut failures, mut count) = (String::new(), 0);
    for transform in ALL {
        let page = Page::of(transform).unwrap_or_else(|error| panic!("{}: {error}", transform.name()));
        for case in &page.cases {
            count += 1;
            if let Err(error) = check(transform, case) {
                let folder = page.name.replace('-', "_");
                let _ = writeln!(failures, "transforms/{folder}/README.md:{}: `{}` {error}\n", case.line, case.heading);
            }
        }
    }
    println!("{count} cases of {} transforms", ALL.len());
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_folder_is_in_the_pipeline() {
    let mut folders: Vec<String> = std::fs::read_dir("transforms")
        .expect("the folder of transforms")
        .filter_map(|entry| {
            let entry = entry.expect("an entry");
            entry.path().is_dir().then(|| entry.file_name().into_string().expect("UTF-8").replace('_', "-"))
        })
        .collect();
    folders.sort();
    let mut names: Vec<&str> = ALL.iter().map(Transform::name).collect();
    names.sort_unstable();
    assert_eq!(folders, names);
}

#[test]
fn the_readme_has_the_table() {
    let readme = std::fs::read_to_string("README.md").expect("README.md");
    let table = table(ALL).expect("pages that can be read");
    assert!(readme.contains(&table), "README.md lacks this table:\n{table}");
}
