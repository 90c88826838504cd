//! What `dockwright checklist` says of the examples, held against snapshots: `SNAPSHOTS=overwrite` writes them anew.
#![allow(clippy::disallowed_methods, reason = "tests run the program and read the repository")]

use std::path::Path;
use std::process::Command;

#[test]
fn checklists_of_the_examples() {
    let mut names: Vec<_> =
        std::fs::read_dir("examples").expect("examples").map(|it| it.expect("a name").path()).collect();
    names.retain(|path| path.join("expert.Dockerfile").is_file());
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    for example in names {
        let example = example.to_str().expect("UTF-8");
        let arguments = [
            "checklist",
            "--color",
            "never",
            &format!("{example}/Dockerfile"),
            &format!("{example}/expert.Dockerfile"),
        ];
        let output = Command::new(env!("CARGO_BIN_EXE_dockwright")).args(arguments).output().expect("it runs");
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let shown = String::from_utf8(output.stdout).expect("UTF-8");
        let path = Path::new("snapshots").join(example).join("checklist.txt");
        let expected = snapbox::Data::read_from(&path, Some(snapbox::data::DataFormat::Text));
        snapbox::Assert::new().action_env("SNAPSHOTS").eq(snapbox::Data::text(shown).raw(), expected.raw());
    }
}
