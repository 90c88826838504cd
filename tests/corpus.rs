//! What the tool does to Dockerfiles written for it, and to the examples, held against snapshots: `SNAPSHOTS=overwrite`
//! writes them anew, to be read line by line.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::path::{Path, PathBuf};

use dockwright::context::{Files, Nothing, Overlay, World, ignore};
use dockwright::pipeline::{self, Choice, Review, Why};
use dockwright::report::{created, unified};
use dockwright::transform::Settings;
use dockwright::transforms::ALL;

fn folders(of: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("Dockerfile").is_file()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "{of} has no Dockerfile");
    folders
}

/// The files of an example.
fn context(folder: &Path) -> Files {
    fn add(folder: &Path, prefix: &str, files: &mut Files) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = format!("{prefix}{}", entry.file_name().into_string().expect("UTF-8"));
            if entry.path().is_dir() {
                // What was installed or built here is no part of the example.
                if !["node_modules", "target", "dist"].contains(&&*path) {
                    add(&entry.path(), &format!("{path}/"), files);
                }
            } else {
                files.files.insert(path, std::fs::read(entry.path()).expect("a file"));
            }
        }
    }
    let mut files = Files::default();
    add(folder, "", &mut files);
    files
}

fn check(dockerfile: &Path, world: &dyn World, snapshots: &Path) {
    let text = std::fs::read_to_string(dockerfile).expect("a Dockerfile");
    let run = |text: &str, review: Review, ignored: &[String]| {
        let choice = Choice { review, ..Choice::default() };
        let world = Overlay { world, lines: ignored.to_vec() };
        pipeline::run(text, ALL, &world, &Settings::default(), &choice).expect("it settles")
    };
    let (safe, review) = (run(&text, Review::None, &[]), run(&text, Review::All, &[]));
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
        let mut shown = unified("Dockerfile", &text, &outcome.after);
        if let Some(file) = world.ignore_file().filter(|_| !outcome.ignore_lines.is_empty()) {
            let after = ignore::append(file.text.as_deref().unwrap_or_default(), &outcome.ignore_lines);
            shown += &file.text.map_or_else(|| created(&file.path, &after), |text| unified(&file.path, &text, &after));
        }
        let shown = shown + &told.collect::<String>();
        let expected =
            snapbox::Data::read_from(&snapshots.join(format!("{level}.diff")), Some(snapbox::data::DataFormat::Text));
        snapbox::Assert::new().action_env("SNAPSHOTS").eq(snapbox::Data::text(shown).raw(), expected.raw());
    }
    assert_eq!(run(&safe.after, Review::All, &safe.ignore_lines).after, review.after, "{}", dockerfile.display());
}

#[test]
fn dockerfiles_written_for_it() {
    for folder in folders("snapshots/corpus") {
        check(&folder.join("Dockerfile"), &Nothing, &folder);
    }
}

#[test]
fn examples() {
    for folder in folders("examples") {
        let name = folder.file_name().expect("a name");
        check(&folder.join("Dockerfile"), &context(&folder), &Path::new("snapshots/examples").join(name));
    }
}

#[test]
fn poisoned_examples() {
    for folder in folders("examples/poisoned") {
        let name = folder.file_name().expect("a name");
        check(&folder.join("Dockerfile"), &context(&folder), &Path::new("snapshots/poisoned").join(name));
    }
}

/// What a split of a poisoned example has to have, and must not have, whatever the snapshots say.
#[test]
fn splits_of_poisoned_examples() {
    for (name, has, lacks) in [
        ("dotnet-run-at-start", &["\"dotnet\", \"run\""][..], &[" AS build"][..]),
        (
            "dotnet-settings-among-sources",
            &["aspnet:8.0-alpine", "/app/appsettings.json ./", "/app/themes ./themes", "icu-libs", "INVARIANT=false"],
            &["obj"],
        ),
        ("cpp-dlopen-plugin", &[], &[" AS build"]),
        (
            "go-cgo-sqlite",
            &["FROM golang:1.24 AS build", "COPY --from=build /data /data"],
            &["distroless", "CGO_ENABLED"],
        ),
        ("go-templates-at-run-time", &["/app/pages", "/app/themes ./themes"], &[]),
        ("java-multi-module", &[], &[" AS build"]),
        ("node-dev-server", &[], &[" AS build", "prune"]),
        ("node-file-dependency", &[], &[" AS build"]),
        ("node-prisma-postinstall", &[], &[" AS build"]),
        ("node-workspace", &[], &[" AS build"]),
        ("php-imagick", &["libmagickwand-dev"], &[" AS build"]),
        ("python-editable-requirement", &["/opt/venv /opt/venv", "--from=build /app ./"], &["site-packages"]),
        ("ruby-path-gem", &[], &[" AS build", "--from"]),
        ("rust-build-rs-reads-sources", &["/app/target/release/pages"], &["fn main"]),
    ] {
        let folder = Path::new("examples/poisoned").join(name);
        let text = std::fs::read_to_string(folder.join("Dockerfile")).expect("a Dockerfile");
        let choice = Choice { review: Review::All, ..Choice::default() };
        let outcome = pipeline::run(text, ALL, &context(&folder), &Settings::default(), &choice).expect("it settles");
        has.iter().for_each(|part| assert!(outcome.after.contains(part), "{name} lacks {part}:\n{}", outcome.after));
        lacks.iter().for_each(|part| assert!(!outcome.after.contains(part), "{name} has {part}:\n{}", outcome.after));
    }
}

#[test]
fn what_an_expert_wrote_is_left_alone() {
    for folder in folders("examples") {
        let text = std::fs::read_to_string(folder.join("expert.Dockerfile")).expect("expert.Dockerfile");
        let choice = Choice { review: Review::All, ..Choice::default() };
        let mut world = context(&folder);
        let ignored = world.files.get("expert.Dockerfile.dockerignore").cloned();
        world.files.insert(".dockerignore".into(), ignored.expect("expert.Dockerfile.dockerignore"));
        let outcome = pipeline::run(text, ALL, &world, &Settings::default(), &choice).expect("it settles");
        assert_eq!(outcome.after, outcome.before, "{}", folder.display());
        assert!(outcome.ignore_lines.is_empty(), "{}: {:?}", folder.display(), outcome.ignore_lines);
    }
}
