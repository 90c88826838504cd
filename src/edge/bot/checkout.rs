//! A tree of the forge, laid out in a folder of our own, so that it is read as a checkout would be.
//!
//! Only what is asked for is fetched. Every other file stands there as one that is too large to read: it is known to be
//! there, and not what it holds. Links, and folders that are other repositories, stand there as links to nowhere: nothing
//! is read through them. No path leads out of the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::context::ignore::Patterns;
use crate::edge::forge::{Entry, Repositories, Trouble};
use crate::edge::{Failure, config, files, printable, signs};

/// A file that is longer than anything that is read.
const UNREAD: u64 = 64 * 1024 * 1024;
/// A longer file is not fetched.
const MAX_LEN: u64 = 4 * 1024 * 1024;
/// A build context with more files, or more bytes, is not fetched.
const MAX_CONTEXT: usize = 5_000;
const MAX_CONTEXT_LEN: u64 = 200 * 1024 * 1024;

/// A folder with the files of a repository.
pub struct Checkout<'f> {
    forge: &'f dyn Repositories,
    repository: String,
    root: PathBuf,
    entries: BTreeMap<String, Entry>,
    fetched: BTreeSet<String>,
    _folder: tempfile::TempDir,
}

impl<'f> Checkout<'f> {
    /// Lays out `entries`, and fetches what is read of every repository.
    pub fn new(forge: &'f dyn Repositories, repository: &str, entries: Vec<Entry>) -> Result<Self, Failure> {
        let io = |error: std::io::Error| {
            Failure::new(format!("{repository}: cannot be laid out: {error}"), "check the folder for temporary files")
        };
        let folder = tempfile::Builder::new().prefix("dockwright-").tempdir().map_err(io)?;
        // So that nothing above it counts.
        fs::write(folder.path().join(config::NAME), "").map_err(io)?;
        let root = folder.path().join("repository");
        fs::create_dir_all(root.join(".git")).map_err(io)?;
        let root = fs::canonicalize(root).map_err(io)?;
        for entry in &entries {
            let path = Path::new(&entry.path);
            if !is_inside(&entry.path) {
                return Err(Failure::new(
                    format!("{repository}: {} is no path of a file", printable(&entry.path)),
                    "the answer of the forge is left alone",
                ));
            }
            let place = root.join(path);
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder).map_err(io)?;
            }
            let file = entry.mode.starts_with("100");
            let hides = matches!(path.file_name().and_then(|it| it.to_str()), Some(".gitignore" | ".ignore"));
            if file && !hides {
                fs::File::create_new(place).and_then(|file| file.set_len(UNREAD)).map_err(io)?;
            } else {
                nowhere(&place).map_err(io)?;
            }
        }
        fs::write(root.join(".git/index"), index(&entries)).map_err(io)?;
        let entries = entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
        let repository = repository.to_owned();
        let mut checkout = Self { forge, repository, root, entries, fetched: BTreeSet::new(), _folder: folder };
        let first: Vec<String> =
            checkout.entries.values().filter(|it| is_always_read(it)).map(|it| it.path.clone()).collect();
        checkout.fetch(&first)?;
        Ok(checkout)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The Dockerfiles, from the root.
    pub fn dockerfiles(&self) -> Vec<String> {
        let files = self.entries.values().filter(|it| it.mode.starts_with("100") && is_dockerfile(&it.path));
        files.map(|it| it.path.clone()).collect()
    }

    /// The entry at `path`.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// A path below the root, as the forge writes it.
    pub fn inside(&self, path: &Path) -> Option<String> {
        path.strip_prefix(&self.root).ok()?.to_str().map(str::to_owned)
    }

    /// Fetches those of `paths` that can be and were not. Answers whether there were any.
    pub fn fetch(&mut self, paths: &[String]) -> Result<bool, Trouble> {
        let wanted = paths.iter().filter(|path| !self.fetched.contains(*path));
        let wanted: Vec<&Entry> = wanted
            .filter_map(|path| self.entries.get(path))
            .filter(|it| it.mode.starts_with("100") && it.size <= MAX_LEN)
            .collect();
        if wanted.is_empty() {
            return Ok(false);
        }
        let contents = self.forge.contents(&self.repository, &wanted)?;
        for (entry, content) in wanted.iter().zip(contents) {
            let written = self.write(&entry.path, &content);
            written.map_err(|failure| Trouble { kind: crate::edge::forge::Kind::Refused, failure })?;
        }
        let paths: Vec<String> = wanted.iter().map(|it| it.path.clone()).collect();
        self.fetched.extend(paths);
        Ok(true)
    }

    /// The build context in the folder `inside`, as a checkout has it, without what the builder is not sent; `""` is the root.
    pub fn context(&self, inside: &str, ignored: &Patterns) -> Result<tempfile::TempDir, Failure> {
        let failed =
            |why: &str| Failure::new(format!("its build context {why}"), "build it by hand: dockwright verify");
        let io = |error: std::io::Error| failed(&format!("cannot be laid out: {error}"));
        let prefix = if inside.is_empty() { String::new() } else { format!("{inside}/") };
        let below = self.entries.values().filter_map(|entry| Some((entry.path.strip_prefix(&prefix)?, entry)));
        let own: Vec<(&str, &Entry)> =
            below.filter(|(path, _)| *path == ".dockerignore" || !ignored.excludes(path)).collect();
        let sum: u64 = own.iter().map(|(_, entry)| entry.size).sum();
        if own.len() > MAX_CONTEXT || sum > MAX_CONTEXT_LEN || own.iter().any(|(_, entry)| entry.size > 2 * MAX_LEN) {
            return Err(failed("is too large to be fetched file by file"));
        }
        let folder = tempfile::Builder::new().prefix("dockwright-").tempdir().map_err(io)?;
        let make = |path: &str| {
            let place = folder.path().join(path);
            place.parent().map_or(Ok(()), fs::create_dir_all).map(|()| place)
        };
        let mut links = Vec::new();
        for some in own.chunks(100) {
            // What was fetched may have been changed by us since.
            let (here, there): (Vec<_>, Vec<_>) = some
                .iter()
                .filter(|(_, entry)| entry.mode != "160000")
                .partition(|(_, entry)| self.fetched.contains(&entry.path));
            for (path, entry) in here {
                fs::copy(self.root.join(&entry.path), make(path).map_err(io)?).map_err(io)?;
            }
            let entries: Vec<&Entry> = there.iter().map(|(_, entry)| *entry).collect();
            for ((path, entry), content) in there.iter().zip(self.forge.contents(&self.repository, &entries)?) {
                match &*entry.mode {
                    "120000" => links.push((*path, content)),
                    _ => fs::write(make(path).map_err(io)?, content).map_err(io)?,
                }
            }
            for (path, entry) in some {
                match &*entry.mode {
                    // A checkout has an empty folder where another repository belongs.
                    "160000" => make(path).and_then(fs::create_dir_all).map_err(io)?,
                    "100755" => executable(&folder.path().join(path)).map_err(io)?,
                    _ => {}
                }
            }
        }
        // Last, so that nothing is written through them.
        for (path, target) in links {
            let target = String::from_utf8(target).ok().filter(|target| stays(path, target));
            let target = target.ok_or_else(|| failed("has a link that leads out of it"))?;
            link(&target, &make(path).map_err(io)?).map_err(io)?;
        }
        let added = self.root.join(inside).join(".dockerignore");
        if added.is_file() && !folder.path().join(".dockerignore").exists() {
            fs::copy(added, folder.path().join(".dockerignore")).map_err(io)?;
        }
        Ok(folder)
    }

    /// Gives a file another content.
    pub fn write(&self, path: &str, content: &[u8]) -> Result<(), Failure> {
        let write = || {
            let mut file = fs::File::create(self.root.join(path))?;
            file.write_all(content)
        };
        write().map_err(|error: std::io::Error| {
            Failure::new(format!("{path}: cannot be written: {error}"), "check the folder for temporary files")
        })
    }

    /// Takes a file away that was written here and is not in the tree.
    pub fn remove(&self, path: &str) -> Result<(), Failure> {
        match fs::remove_file(self.root.join(path)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::new(format!("{path}: cannot be removed: {error}"), "check the folder for temporary files"))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a link at `path` leads to something below the folder that `path` is relative to.
fn stays(path: &str, target: &str) -> bool {
    let mut depth = path.matches('/').count();
    !target.starts_with('/')
        && !target.contains(['\0', '\\'])
        && target.split('/').all(|name| match name {
            ".." => depth.checked_sub(1).is_some_and(|above| {
                depth = above;
                true
            }),
            "" | "." => true,
            _ => {
                depth += 1;
                true
            }
        })
}

#[cfg(unix)]
fn executable(place: &Path) -> std::io::Result<()> {
    fs::set_permissions(place, std::os::unix::fs::PermissionsExt::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(target: &str, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(not(unix))]
fn link(_: &str, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Whether a path is one that git has, and leads nowhere else.
fn is_inside(path: &str) -> bool {
    let plain = |name: &str| !matches!(name, "" | "." | "..") && !name.eq_ignore_ascii_case(".git");
    path.split('/').all(plain) && !path.contains('\0') && !(cfg!(windows) && path.contains(['\\', ':']))
}

/// Whether a file is read in every repository that has a Dockerfile.
fn is_always_read(entry: &Entry) -> bool {
    let name = entry.path.rsplit('/').next().unwrap_or_default();
    is_dockerfile(&entry.path)
        || name == config::NAME
        || name.ends_with(".dockerignore")
        || signs::looks_at(&entry.path)
}

/// Whether the file at `path` is a Dockerfile.
pub fn is_dockerfile(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(files::is_dockerfile)
}

#[cfg(unix)]
fn nowhere(place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink("/dev/null/nowhere", place)
}

#[cfg(not(unix))]
fn nowhere(place: &Path) -> std::io::Result<()> {
    // A file that cannot be read says less, and nothing wrong.
    fs::File::create_new(place).and_then(|file| file.set_len(UNREAD))
}

/// An index of git, version 2, that names the files and says nothing else of them.
fn index(entries: &[Entry]) -> Vec<u8> {
    let mut index = b"DIRC\0\0\0\x02".to_vec();
    index.extend(u32::try_from(entries.len()).unwrap_or_default().to_be_bytes());
    for entry in entries {
        let start = index.len();
        index.extend([0; 60]);
        index.extend(u16::try_from(entry.path.len().min(0xfff)).unwrap_or_default().to_be_bytes());
        index.extend(entry.path.as_bytes());
        let len = index.len() + 1 - start;
        index.resize(start + len.next_multiple_of(8), 0);
    }
    index
}

#[cfg(test)]
mod tests {
    use super::stays;

    #[test]
    fn links_lead_nowhere_else() {
        for (path, target, is) in [
            ("link", "file", true),
            ("a/link", "../file", true),
            ("a/b/link", "./../../c//d/../e", true),
            ("a/link", "b/../../c", true),
            ("link", "../file", false),
            ("a/link", "../../file", false),
            ("a/link", "b/../../../c", false),
            ("link", "/etc/passwd", false),
            ("link", "a\0b", false),
            ("link", "..\\file", false),
        ] {
            assert_eq!(stays(path, target), is, "{path} → {target}");
        }
    }
}
