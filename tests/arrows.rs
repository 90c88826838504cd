//! Who may use whom: the table of the design, held against the code.
//!
//! A module that is not in the table fails the test: whoever adds one says here what it may use.

#![allow(clippy::disallowed_methods, reason = "a test reads the sources")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a module may use, besides itself.
const TABLE: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("pragma", &[]),
    ("shell", &["source"]),
    ("dockerfile", &["shell", "source"]),
    ("images", &["dockerfile", "source"]),
    ("scope", &["images", "dockerfile", "shell", "source"]),
    ("commands", &["scope", "dockerfile", "shell", "source"]),
    ("context", &["dockerfile", "source"]),
    ("rewrite", &["pragma", "scope", "dockerfile", "shell", "source"]),
    ("transform", FACTS),
    (
        "transforms",
        &["transform", "rewrite", "pragma", "context", "commands", "scope", "images", "dockerfile", "shell", "source"],
    ),
    ("pipeline", &["transform", "pragma", "context", "commands", "scope", "images", "dockerfile", "shell", "source"]),
    ("explain", &["transform"]),
    ("proof", &["pipeline", "transform", "source"]),
    ("report", &["pipeline", "proof", "explain", "transform", "source"]),
    (
        "edge",
        &[
            "report",
            "proof",
            "explain",
            "pipeline",
            "transforms",
            "transform",
            "rewrite",
            "pragma",
            "context",
            "commands",
            "scope",
            "images",
            "dockerfile",
            "shell",
            "source",
        ],
    ),
    ("main", &["edge"]),
];

/// Facts: what a transform is shown.
const FACTS: &[&str] = &["context", "commands", "scope", "images", "dockerfile", "shell", "source"];

/// The Rust files below `folder`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every file of the package with its module and its text, comments left out.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(&root.join("src"), &mut found);
    files(&root.join("transforms"), &mut found);
    found.sort();
    let module = |path: &Path| {
        let mut parts = path.strip_prefix(root).unwrap().iter().map(|part| part.to_str().unwrap());
        match (parts.next(), parts.next()) {
            (Some("src"), Some(name)) => name.trim_end_matches(".rs").to_owned(),
            (Some(folder), _) => folder.to_owned(),
            _ => unreachable!("a file lies in a folder"),
        }
    };
    let code = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    found.into_iter().map(|path| (module(&path), path.clone(), code(&path))).collect()
}

fn identifier(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len());
    &text[..end]
}

/// The names that follow `prefix` in `code`, those in braces included: `a` and `b` in `crate::{a::X, b::{Y, Z}}`.
fn names<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let part_of_another = code[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '_');
        let rest = &code[at + prefix.len()..];
        if part_of_another {
            continue;
        }
        let Some(group) = rest.strip_prefix('{') else {
            names.push(identifier(rest));
            continue;
        };
        let (mut depth, mut start) = (0, true);
        for (at, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                _ if start && !letter.is_whitespace() => {
                    names.push(identifier(&group[at..]));
                    start = false;
                }
                _ => {}
            }
        }
    }
    names
}

#[test]
fn names_are_found() {
    let code = "use crate::a::X;\nuse crate::{b, c::{d, e}, f::g};\nmycrate::h; crate::i()";
    assert_eq!(names(code, "crate::"), ["a", "b", "c", "f", "i"]);
}

#[test]
fn modules_use_what_they_may() {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let mut uses = 0;
    for (module, path, code) in sources() {
        if module == "lib" {
            continue;
        }
        let Some(allowed) = table.get(&*module) else { panic!("{module} is not in the table: what may it use?") };
        // The library, from within and, for the program, from outside.
        let mut used = names(&code, if module == "main" { "dockwright::" } else { "crate::" });
        // The same by another way, out of a module's own file.
        let is_top = path.file_name().is_some_and(|name| name == "mod.rs" || *name == *format!("{module}.rs"));
        if module != "transforms" && module != "main" {
            let out = if is_top { "super::" } else { "super::super::" };
            let out = names(&code, out)
                .into_iter()
                .filter(|name| table.contains_key(name) && !code.contains(&format!("mod {name}")));
            used.extend(out);
        }
        for name in used {
            uses += 1;
            // `crate::` also starts a visibility and macros.
            assert!(
                name == module || allowed.contains(&name) || !table.contains_key(name),
                "{} uses {name}, and may use {allowed:?} only",
                path.display()
            );
        }
    }
    assert!(uses > 50, "the sources were not found");
}

#[test]
fn no_transform_uses_another() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("transforms");
    let folders: Vec<String> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(!folders.is_empty());
    for (module, path, code) in sources() {
        let Ok(inside) = path.strip_prefix(&root) else { continue };
        assert_eq!(module, "transforms");
        let own = inside.iter().next().unwrap().to_str().unwrap();
        if !folders.iter().any(|folder| folder == own) {
            continue;
        }
        for other in folders.iter().filter(|folder| *folder != own) {
            let ways = [format!("super::{other}"), format!("transforms::{other}")];
            assert!(!ways.iter().any(|way| code.contains(way)), "{} uses {other}", path.display());
        }
    }
}

/// A lint that guards the edge is switched off in `src/edge` and `main.rs`, and inside unit tests, only.
#[test]
fn the_world_is_touched_at_the_edge_only() {
    for (module, path, code) in sources() {
        let in_test = path.to_str().unwrap().ends_with("tests.rs");
        if module == "edge" || module == "main" || in_test {
            continue;
        }
        for lint in ["disallowed_methods", "print_stdout", "print_stderr"] {
            assert!(!code.contains(&format!("clippy::{lint}")), "{} switches {lint} off", path.display());
        }
    }
}

/// A cycle in the table would let two modules grow into one.
#[test]
fn the_table_has_no_cycle() {
    let mut left: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    while !left.is_empty() {
        let free: Vec<&str> = left
            .iter()
            .filter(|(_, uses)| uses.iter().all(|name| !left.contains_key(name)))
            .map(|(name, _)| *name)
            .collect();
        assert!(!free.is_empty(), "a cycle among {:?}", left.keys());
        free.iter().for_each(|name| _ = left.remove(name));
    }
}
