//! What the files of a repository say of its Dockerfiles: found once for each repository, when it is asked for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use crate::context::uses::{Builds, MAX_LEN, Uses, is_candidate};

use super::git;
use super::project::real;

/// What stands in a folder that no repository has is looked at no deeper than this.
const MAX_DEPTH: usize = 3;

/// More files are not looked at.
const MAX_FILES: usize = 100_000;

/// More files are not read.
const MAX_READ: usize = 5_000;

/// Folders of what others have written.
const OTHERS: &[&str] = &[".git", "node_modules", "vendor", "third_party", "site-packages", "target"];

/// What is known of a repository, once it is.
type Known = Arc<OnceLock<Builds>>;

/// The repositories that were looked at, by their root.
#[derive(Debug, Default)]
pub struct Repositories(Mutex<HashMap<PathBuf, Known>>);

impl Repositories {
    /// What the repository says of a Dockerfile; where there is none, what its context does, or its folder.
    pub fn uses(&self, dockerfile: &Path, context: Option<&Path>) -> Option<Uses> {
        let dockerfile = real(dockerfile);
        let folder = dockerfile.parent()?;
        let context = || std::fs::canonicalize(context?).ok().filter(|context| dockerfile.starts_with(context));
        let repository = git::root(folder);
        let depth = repository.is_none().then_some(MAX_DEPTH);
        let root = repository.or_else(context).unwrap_or_else(|| folder.to_path_buf());
        self.of(&root, depth, &dockerfile)
    }

    /// The folders in which the repository builds a Dockerfile.
    pub fn contexts(&self, dockerfile: &Path) -> Vec<PathBuf> {
        let dockerfile = real(dockerfile);
        let Some(root) = dockerfile.parent().and_then(git::root) else { return Vec::new() };
        let uses = self.of(&root, None, &dockerfile).unwrap_or_default();
        let folders = uses.contexts().into_iter().map(|context| root.join(context).components().collect());
        folders.filter(|folder: &PathBuf| folder.is_dir()).collect()
    }

    fn of(&self, root: &Path, depth: Option<usize>, dockerfile: &Path) -> Option<Uses> {
        let known = self.0.lock().ok()?.entry(root.to_path_buf()).or_default().clone();
        let path = slashed(dockerfile.strip_prefix(root).ok()?)?;
        Some(known.get_or_init(|| read(root, depth, MAX_FILES)).of_dockerfile(&path))
    }
}

/// A path with `/` between names.
fn slashed(path: &Path) -> Option<String> {
    Some(path.iter().map(|name| name.to_str()).collect::<Option<Vec<_>>>()?.join("/"))
}

/// What the files below `root` say. Those that git ignores are not asked, and links are not followed.
fn read(root: &Path, depth: Option<usize>, max_files: usize) -> Builds {
    let walk = ignore::WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        // What the user alone has git ignore: to read that setting takes longer than the walk.
        .git_global(false)
        .max_depth(depth)
        .filter_entry(|entry| !entry.file_name().to_str().is_some_and(|name| OTHERS.contains(&name)))
        .build();
    let mut seen = 0;
    let entries = walk.take(max_files + 1).inspect(|_| seen += 1).filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
    let candidates = files.filter_map(|entry| {
        let path = slashed(entry.path().strip_prefix(root).ok()?)?;
        is_candidate(&path).then(|| (path, entry.into_path()))
    });
    let read = candidates.take(MAX_READ + 1).map(|(path, place)| {
        let small = std::fs::metadata(&place).is_ok_and(|meta| meta.len() <= MAX_LEN);
        (path, small.then(|| std::fs::read(place).ok()).flatten())
    });
    let mut contents: Vec<(String, Option<Vec<u8>>)> = read.collect();
    contents.sort_unstable();
    let contents_of = |path: &str| {
        let place = std::fs::canonicalize(root.join(path)).ok()?;
        let meta = std::fs::metadata(&place).ok().filter(|meta| meta.is_file() && place.starts_with(root))?;
        Some((meta.len() <= MAX_LEN).then(|| std::fs::read(place).ok()).flatten())
    };
    let mut builds = Builds::of(contents.iter().map(|(path, content)| (&**path, content.as_deref())), contents_of);
    if seen > max_files || contents.len() > MAX_READ {
        builds.add_unread("the rest of the repository");
    }
    builds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_is_looked() {
        let root = tempfile::tempdir().expect("a folder");
        let root = std::fs::canonicalize(root.path()).expect("a folder");
        let large = "# x\n".repeat(3 * 1024 * 1024);
        for (path, text) in [
            ("with/.git/HEAD", ""),
            ("with/.gitignore", "ignored/\n"),
            ("with/compose.yml", "services: {a: {build: {context: api, target: one}}}"),
            ("with/ignored/compose.yml", "services: {a: {build: {context: ../api, target: two}}}"),
            ("with/node_modules/x/compose.yml", "services: {a: {build: {context: ../../api, target: three}}}"),
            ("with/a/b/c/d/e/compose.yml", "services: {a: {build: {context: ../../../../../api, target: deep}}}"),
            ("with/api/Dockerfile", ""),
            ("with/large/Dockerfile", ""),
            ("with/large/compose.yml", &large),
            ("named/.git/HEAD", ""),
            ("named/api/Dockerfile", ""),
            ("named/compose.yml", "include: [x/a.yaml, x/link.yaml, x/folder.yaml, ../without/compose.yml]"),
            ("named/x/a.yaml", "services: {a: {build: {context: ../api, target: one}}}"),
            ("named/x/folder.yaml/y", ""),
            ("without/x.yml", "services: {a: {build: {context: ../api, target: two}}}"),
            ("without/compose.yml", "services: {a: {build: {context: api, target: one}}}"),
            ("without/api/Dockerfile", ""),
            ("without/api/deploy/compose.yml", "services: {a: {build: {context: .., target: two}}}"),
            ("without/api/a/b/c/compose.yml", "services: {a: {build: {context: ../../.., target: deep}}}"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("../../without/x.yml", root.join("named/x/link.yaml")).expect("a link");
        let all = ["one", "two", "three", "deep"];
        for (dockerfile, context, expected) in [
            ("with/api/Dockerfile", None, &["one", "deep"][..]),
            ("without/api/Dockerfile", None, &["two"]),
            ("without/api/Dockerfile", Some("without"), &["one", "two"]),
            ("without/api/Dockerfile", Some("with"), &["two"]),
        ] {
            let context = context.map(|context| root.join(context));
            // Once it was looked at, all is remembered.
            let repositories = Repositories::default();
            for _ in 0..2 {
                let uses = repositories.uses(&root.join(dockerfile), context.as_deref()).expect("an answer");
                let found: Vec<&str> = all.into_iter().filter(|name| uses.target(Some(name), 9).is_some()).collect();
                assert_eq!(found, expected, "{dockerfile} {context:?}");
            }
        }
        // What others name, but for what is not in the repository.
        let named = Repositories::default().uses(&root.join("named/api/Dockerfile"), None).expect("an answer");
        let found: Vec<&str> = all.into_iter().filter(|name| named.target(Some(name), 9).is_some()).collect();
        assert_eq!(found, ["one"]);
        for max in [2, 100] {
            let said = read(&root.join("with"), None, max).of_dockerfile("api/Dockerfile").unread_target(None);
            assert_eq!(
                said.as_ref().is_some_and(|said| said.contains("the rest of the repository")),
                max == 2,
                "{max}: {said:?}"
            );
        }
        let large = Repositories::default().uses(&root.join("with/large/Dockerfile"), None).expect("an answer");
        assert_eq!(large.unread().as_deref(), Some("what large/compose.yml says of it is not known"));
    }
}
