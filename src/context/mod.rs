//! The build context: what is known of the files around a Dockerfile.
//!
//! Nothing here touches the world: [`World`] is implemented by the command line's edge, and by [`Files`] for tests.

pub mod bundler;
pub mod cmake;
pub mod compiler;
pub mod composer;
pub mod csproj;
pub mod development;
pub mod dotnet;
pub mod go;
pub mod gradle;
pub mod heavy;
pub mod ignore;
pub mod imports;
pub mod java;
pub mod lock;
pub mod make;
pub mod maven;
pub mod node;
mod overlay;
pub mod package;
pub mod python;
pub mod rust;
pub mod sources;
mod tree;
pub mod uses;
pub mod yarn;

pub use overlay::Overlay;
pub use tree::{Needs, Reason, Tree, join};
pub use uses::Uses;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dockerfile::Document;

/// What can be asked of the world. Answers are memoised by the implementation; what is not known is `None`.
///
/// Paths are relative, with `/` between names, without `.` or `..` names.
pub trait World: Sync {
    /// What stands at `path` in the build context, `.dockerignore` not applied; `None` if there is no context or it
    /// cannot be read.
    fn look(&self, path: &str) -> Option<Look>;
    /// The content of a file in the build context; `None` if it is not known, too large, or not a file.
    fn read(&self, path: &str) -> Option<Arc<[u8]>>;
    /// The names in a directory of the build context, sorted; the empty path is the context itself.
    fn list(&self, path: &str) -> Option<Arc<[Box<str>]>>;
    /// Whether git tracks this file of the build context, or something in this folder.
    fn tracked(&self, path: &str) -> Option<bool>;
    /// What the files of the repository say of the Dockerfile: who builds and runs it; `None` if they are not known.
    fn uses(&self) -> Option<Arc<Uses>>;
    /// The digest of the index that an image reference names, as its registry says: `sha256:…`.
    fn digest(&self, reference: &str) -> Option<Arc<str>>;
    /// The ignore file that applies to the Dockerfile: `Dockerfile.dockerignore` next to it, or else the context's
    /// `.dockerignore`, which need not be there.
    fn ignore_file(&self) -> Option<IgnoreFile>;
    /// All other Dockerfiles to which that ignore file may apply.
    fn siblings(&self) -> Option<Arc<[Arc<Document>]>>;
}

/// An ignore file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreFile {
    /// Its path, as it is shown.
    pub path: Arc<str>,
    /// What it says; `None` if there is none yet.
    pub text: Option<Arc<str>>,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing.
    Missing,
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link or a special file.
    Other,
}

/// A world of which nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl World for Nothing {
    fn look(&self, _: &str) -> Option<Look> {
        None
    }
    fn read(&self, _: &str) -> Option<Arc<[u8]>> {
        None
    }
    fn list(&self, _: &str) -> Option<Arc<[Box<str>]>> {
        None
    }
    fn tracked(&self, _: &str) -> Option<bool> {
        None
    }
    fn uses(&self) -> Option<Arc<Uses>> {
        None
    }
    fn digest(&self, _: &str) -> Option<Arc<str>> {
        None
    }
    fn ignore_file(&self) -> Option<IgnoreFile> {
        None
    }
    fn siblings(&self) -> Option<Arc<[Arc<Document>]>> {
        None
    }
}

/// A world held in memory: all files of the context are named, the repository is the context, and the Dockerfile that is
/// looked at would be called `Dockerfile`.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Content by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Paths that git does not track; all others are tracked.
    pub untracked: Vec<String>,
    /// Digests by image reference.
    pub digests: BTreeMap<String, String>,
}

impl Files {
    /// A world of these files, by path, all of which git tracks.
    #[must_use]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        Self { files, ..Self::default() }
    }
}

impl World for Files {
    fn look(&self, path: &str) -> Option<Look> {
        if self.files.contains_key(path) {
            return Some(Look::File);
        }
        let inside =
            |file: &String| path.is_empty() || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        Some(if self.files.keys().any(inside) { Look::Directory } else { Look::Missing })
    }

    fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        self.files.get(path).map(|content| content.as_slice().into())
    }

    fn list(&self, path: &str) -> Option<Arc<[Box<str>]>> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let names = self.files.keys().filter_map(|file| file.strip_prefix(&prefix)?.split('/').next());
        let mut names: Vec<Box<str>> = names.map(Box::from).collect();
        names.dedup();
        Some(names.into())
    }

    fn tracked(&self, path: &str) -> Option<bool> {
        let inside =
            |file: &String| file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // Git never tracks its own folder.
        Some(path != ".git" && self.files.keys().any(inside) && !self.untracked.iter().any(|other| other == path))
    }

    fn uses(&self) -> Option<Arc<Uses>> {
        let small = |content: &Vec<u8>| content.len() as u64 <= uses::MAX_LEN;
        let files = self.files.iter().map(|(path, content)| (&**path, small(content).then_some(&**content)));
        let also = |path: &str| self.files.get(path).map(|content| small(content).then(|| content.clone()));
        Some(Arc::new(uses::Builds::of(files, also).of_dockerfile("Dockerfile")))
    }

    fn digest(&self, reference: &str) -> Option<Arc<str>> {
        self.digests.get(reference).map(|digest| digest.as_str().into())
    }

    fn ignore_file(&self) -> Option<IgnoreFile> {
        let text = |path: &str| self.files.get(path).map(|text| String::from_utf8_lossy(text).into());
        let own = "Dockerfile.dockerignore";
        let path = if self.files.contains_key(own) { own } else { ".dockerignore" };
        Some(IgnoreFile { path: path.into(), text: text(path) })
    }

    fn siblings(&self) -> Option<Arc<[Arc<Document>]>> {
        let other = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            path != "Dockerfile"
                && name.contains("Dockerfile")
                && !name.ends_with(".dockerignore")
                && !self.files.contains_key(&format!("{path}.dockerignore"))
        };
        let others = self.files.iter().filter(|(path, _)| other(path));
        Some(others.map(|(_, text)| Arc::new(Document::parse(String::from_utf8_lossy(text)))).collect())
    }
}
