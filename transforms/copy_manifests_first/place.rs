//! Where the manifests of what is copied are.

use super::{parent, relative};
use crate::context::{Look, Tree, dotnet, join};
use crate::transform::brought::Copied;
use crate::transform::paths;

/// Files by which a project is known.
const MANIFESTS: &[&str] = &[
    "package.json",
    "pyproject.toml",
    "Pipfile",
    "go.mod",
    "Gemfile",
    "composer.json",
    "Cargo.toml",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
];

/// Files that say how to install, besides.
const SETTINGS: &[&str] = &[
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pnpmfile.cjs",
    ".pnpmfile.mjs",
    "pnpm-workspace.yaml",
    "bunfig.toml",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "binding.gyp",
    "requirements.txt",
    "constraints.txt",
    "uv.toml",
    "uv.lock",
    ".python-version",
    "poetry.lock",
    "poetry.toml",
    "go.sum",
    "go.work",
    "Gemfile.lock",
    ".ruby-version",
    "composer.lock",
    "symfony.lock",
    "auth.json",
    "mvnw",
    "settings.gradle",
    "settings.gradle.kts",
    "gradle.properties",
];

/// Whether `folder` has a file by which a project is known.
fn is_project(tree: &Tree<'_>, folder: &str) -> bool {
    has(tree, folder, MANIFESTS)
        || tree.world().look(folder) == Some(Look::Directory)
            && tree.names(folder).is_ok_and(|names| names.iter().any(|name| dotnet::is_project(name)))
}

fn has(tree: &Tree<'_>, folder: &str, names: &[&str]) -> bool {
    names.iter().any(|name| join(folder, name).is_some_and(|path| tree.has(&path) != Ok(false)))
}

/// Whether a folder of the context holds what an installation may read.
pub fn has_manifests(tree: &Tree<'_>, folder: &str) -> bool {
    is_project(tree, folder) || has(tree, folder, SETTINGS) || has(tree, folder, dotnet::ABOVE)
}

/// The folder of the context whose files stand in `place`: the last that was copied there with a manifest, or else the
/// last.
pub fn context_of(tree: &Tree<'_>, copies: &[Copied], place: &str) -> Option<String> {
    let known = |copy: &Copied| {
        let mut files = copy.files.iter().filter(|(_, to)| parent(to) == place);
        let is_manifest = |name: &str| MANIFESTS.contains(&name) || dotnet::is_project(name);
        let file = files.find(|(path, _)| path.rsplit('/').next().is_some_and(is_manifest));
        let folder = copy.source_of(place).filter(|folder| is_project(tree, folder));
        folder.or_else(|| file.map(|(path, _)| parent(path).to_owned()))
    };
    copies.iter().rev().find_map(known).or_else(|| copies.iter().rev().find_map(|copy| copy.source_of(place)))
}

/// The file of the context that stands at `place`.
pub fn file_of(tree: &Tree<'_>, copies: &[Copied], place: &str) -> Option<String> {
    copies.iter().rev().find_map(|copy| {
        let file = copy.files.iter().find(|(_, to)| to == place).map(|(path, _)| path.clone());
        file.or_else(|| copy.source_of(place).filter(|path| tree.has(path) != Ok(false)))
    })
}

/// Drops those of `files` with one of `names` that no COPY brings: what is looked for in each folder above, and only in the
/// image. `folder` of the context stands at `place`.
pub fn retain_brought(files: &mut Vec<String>, names: &[&str], copies: &[Copied], (folder, place): (&str, &str)) {
    files.retain(|path| {
        if !path.rsplit('/').next().is_some_and(|name| names.contains(&name)) {
            return true;
        }
        let Some(to) = paths::join(Some(place), &relative(folder, path)) else { return false };
        let brings = |copy: &Copied| {
            copy.source_of(&to).as_deref() == Some(path)
                || copy.files.iter().any(|(from, at)| from == path && *at == to)
        };
        copies.iter().any(brings)
    });
}
