//! See README.md: which lines the ignore file needs, and at which level.

use crate::context::{Look, Reason, Tree, join};
use crate::dockerfile::{Document, Graph, Kind};
use crate::transform::ignoring::{Maker, spared};
use crate::transform::{Change, Finding, On, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "what the image does not need is copied into it, and a change of it builds anew";

/// What tools and editors leave behind, which nothing reads: the line, and the path that it stands for.
const LEFTOVERS: &[(&str, &str)] = &[
    (".DS_Store", ".DS_Store"),
    (".idea", ".idea"),
    (".vscode", ".vscode"),
    ("**/__pycache__", "__pycache__"),
    (".pytest_cache", ".pytest_cache"),
    (".mypy_cache", ".mypy_cache"),
    (".ruff_cache", ".ruff_cache"),
    (".nyc_output", ".nyc_output"),
    ("npm-debug.log", "npm-debug.log"),
    ("yarn-error.log", "yarn-error.log"),
];

/// What an installation or a build makes anew, with the manifest by which it is known.
const MADE: &[(&str, &[&str])] = &[
    ("node_modules", &["package.json"]),
    (".venv", &["requirements.txt", "pyproject.toml", "Pipfile"]),
    ("venv", &["requirements.txt", "pyproject.toml", "Pipfile"]),
    ("target", &["Cargo.toml"]),
];

/// What is about the project, not of it.
const ABOUT: &[&str] = &[
    ".git",
    ".github",
    ".gitlab-ci.yml",
    ".circleci",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yml",
    "compose.yaml",
    "coverage",
    "logs",
];

fn find(view: &View<'_>) -> Vec<Finding> {
    let Some(tree) = Tree::of(view.world) else { return Vec::new() };
    let whole = |index: &usize| copies_all(view.doc, *index);
    let Some(index) = (0..view.doc.instructions().len()).find(whole) else { return Vec::new() };
    let (mut safe, mut review, mut why): (Vec<String>, Vec<String>, Option<Reason>) = (Vec::new(), Vec::new(), None);
    let mut add = |line: &str, path: &str, maker: Maker, list: &mut Vec<String>| {
        if tree.patterns().excludes_all(path) {
            return;
        }
        match spared(view, &tree, path, maker) {
            Ok(()) => list.push(line.to_owned()),
            Err(reason) => _ = why.get_or_insert(reason),
        }
    };
    for (path, manifests) in MADE {
        let known = manifests.iter().any(|name| tree.has(name) == Ok(true));
        let named = path.ends_with("venv") && view.doc.text().contains("venv");
        if known && !named && (there(&tree, path) || matches!(*path, "node_modules" | "target")) {
            let maker = if path.ends_with("venv") { Maker::PythonPackages } else { Maker::of(path) };
            if !(tree.world().look(path) == Some(Look::Missing) && makes_nothing(view, maker)) {
                add(path, path, maker, &mut safe);
            }
        }
    }
    for (line, path) in LEFTOVERS {
        if there(&tree, path) || *path == "__pycache__" && below(&tree, path) {
            add(line, path, Maker::None, &mut safe);
        }
    }
    let quiet =
        quiet(view.doc) && tree.world().siblings().is_some_and(|others| others.iter().all(|other| quiet(other)));
    // What git tracks may be what the program writes its logs into.
    let written = |path: &str| path == "logs" && tree.world().tracked(path) == Some(true);
    for path in ABOUT.iter().filter(|path| there(&tree, path) && !written(path)) {
        // Git never tracks its own folder; whether it tracks the others says nothing here.
        if *path == ".git" && quiet {
            add(path, path, Maker::None, &mut safe);
        } else if !tree.patterns().excludes_all(path) && about(view, &tree, path) {
            review.push((*path).to_owned());
        }
    }
    let mut findings = Vec::new();
    let change = |lines: Vec<String>| Change { ignore_lines: lines, ..Change::default() };
    if !safe.is_empty() {
        findings.push(Finding::safe(vec![index], MESSAGE, change(safe)));
    }
    if !review.is_empty() {
        let check = format!("no build step and no program reads {}", review.join(", "));
        findings.push(Finding::review(vec![index], MESSAGE, check, change(review)));
    }
    if let Some(reason) = why.filter(|_| findings.is_empty()) {
        findings.push(Finding::held(vec![index], MESSAGE, reason));
    }
    findings
}

/// Whether instruction `index` copies the whole context.
fn copies_all(doc: &Document, index: usize) -> bool {
    let instruction = &doc.instructions()[index];
    let (Kind::Copy(it) | Kind::Add(it)) = &instruction.kind else { return false };
    let root = |source: &str| join("", source.trim_start_matches('/')).is_some_and(|path| path.is_empty());
    !doc.has_flag(instruction, "from") && it.sources.iter().any(|source| root(&doc.word(instruction, *source)))
}

/// Whether something is at `path`, and is sent.
fn there(tree: &Tree<'_>, path: &str) -> bool {
    matches!(tree.world().look(path), Some(Look::File | Look::Directory))
}

/// Whether one of the folders at the top holds a folder `name`.
fn below(tree: &Tree<'_>, name: &str) -> bool {
    tree.names("").is_ok_and(|names| {
        names
            .iter()
            .any(|folder| join(folder, name).is_some_and(|path| tree.world().look(&path) == Some(Look::Directory)))
    })
}

/// Whether no instruction, here or in a Dockerfile that shares the ignore file, names `path`.
fn about(view: &View<'_>, tree: &Tree<'_>, path: &str) -> bool {
    let named = |text: &str| {
        text.lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .any(|line| line.split(|c: char| c.is_whitespace() || "/\"',=".contains(c)).any(|word| word == path))
    };
    !named(view.doc.text())
        && !tree.patterns().has_exceptions_in(path)
        && tree.world().siblings().is_some_and(|others| !others.iter().any(|other| named(other.text())))
}

/// Whether no stage of the Dockerfile makes what is made by `maker`.
fn makes_nothing(view: &View<'_>, maker: Maker) -> bool {
    !view.scripts().any(|(_, script)| maker.runs_in(script))
}

/// Whether no step runs behind a COPY of the whole context that could read it.
fn quiet(doc: &Document) -> bool {
    let graph = Graph::of(doc);
    doc.problems().is_empty()
        && doc.instructions().iter().enumerate().all(|(index, instruction)| {
            let binds =
                doc.mounts(instruction).iter().any(|mount| &*mount.kind == "bind" && mount.get("from").is_none());
            if binds || matches!(instruction.kind, Kind::Onbuild(_)) {
                return false;
            }
            let (Kind::Copy(_) | Kind::Add(_)) = instruction.kind else { return true };
            let Some(stage) = doc.stage_of(index) else { return false };
            let mut behind = doc.stages()[stage].instructions.clone().filter(|at| *at > index);
            !copies_all(doc, index)
                || graph.users(stage).next().is_none()
                    && !behind.any(|at| matches!(doc.instructions()[at].kind, Kind::Run(_)))
        })
}
