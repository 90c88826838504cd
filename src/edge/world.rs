//! The files around a Dockerfile, read when asked for and remembered.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use crate::context::{IgnoreFile, Look, Uses, World};
use crate::dockerfile::Document;

use super::registry::Registries;
use super::uses::Repositories;
use super::{files, git, locate, printable};

/// Files larger than this are not read.
const MAX_LEN: u64 = 4 * 1024 * 1024;

const BOLD: anstyle::Style = anstyle::Style::new().bold();

/// The paths that a repository tracks.
type Tracked = Arc<BTreeSet<Box<str>>>;

/// A Dockerfile of a build context.
#[derive(Debug)]
struct Sibling {
    path: PathBuf,
    doc: Arc<Document>,
    /// It has a build context or an ignore file of its own.
    apart: bool,
}

/// The Dockerfiles of a build context, once they were looked for: meanwhile, other contexts can be looked at.
type Siblings = Arc<OnceLock<Vec<Sibling>>>;

/// What several Dockerfiles of a run ask for.
#[derive(Debug, Default)]
pub struct Shared {
    /// By the root of a repository.
    tracked: Mutex<HashMap<PathBuf, Option<Tracked>>>,
    /// The Dockerfiles below a build context.
    dockerfiles: Mutex<HashMap<PathBuf, Siblings>>,
    /// What the files of repositories say of Dockerfiles.
    builds: Repositories,
    /// Only where the user lets them be asked.
    registries: Option<Arc<Registries>>,
    /// The folder that paths are shown from; if there is none, it is the one that the program runs in.
    root: Option<PathBuf>,
    /// The files that were asked for and are too large to be read.
    missed: Mutex<BTreeSet<PathBuf>>,
}

impl Shared {
    /// With `registry`, registries are asked.
    pub fn new(registry: bool) -> Self {
        Self { registries: registry.then(Arc::default), ..Self::default() }
    }

    /// One that knows nothing of files yet, and asks the same registries.
    pub fn afresh(&self) -> Self {
        Self { registries: self.registries.clone(), ..Self::default() }
    }

    /// What could not be had for a run.
    pub fn told(&self) -> impl Iterator<Item = String> {
        self.registries.iter().flat_map(|registries| registries.notes())
    }

    /// The same, as lines for standard error.
    pub fn notes(&self) -> String {
        self.told().map(|note| format!("{BOLD}note{BOLD:#}: {}\n", printable(&note))).collect()
    }

    /// The folders in which its repository builds a Dockerfile.
    pub fn contexts(&self, dockerfile: &Path) -> Vec<PathBuf> {
        self.builds.contexts(dockerfile)
    }

    /// For files below `root`, which paths are shown from.
    pub fn below(self, root: &Path) -> Self {
        Self { root: Some(root.to_path_buf()), ..self }
    }

    /// The files that were asked for and are too large to be read.
    pub fn missed(&self) -> BTreeSet<PathBuf> {
        self.missed.lock().map(|missed| missed.clone()).unwrap_or_default()
    }
}

/// The world on disk.
#[derive(Debug)]
pub struct Disk<'s> {
    shared: &'s Shared,
    /// The build context, if it is known.
    context: Option<PathBuf>,
    /// The Dockerfile, unless it is standard input.
    dockerfile: Option<PathBuf>,
    read: Mutex<HashMap<String, Option<Arc<[u8]>>>>,
    uses: OnceLock<Option<Arc<Uses>>>,
}

impl<'s> Disk<'s> {
    pub fn new(shared: &'s Shared, context: Option<PathBuf>, dockerfile: Option<PathBuf>) -> Self {
        Self { shared, context, dockerfile, read: Mutex::default(), uses: OnceLock::new() }
    }

    /// Where `path` stands, if nothing on the way to it is a link or leads out of the context.
    fn place(&self, path: &str) -> Option<PathBuf> {
        let mut place = self.context.clone()?;
        let mut names = Path::new(path).components().peekable();
        while let Some(name) = names.next() {
            let std::path::Component::Normal(name) = name else { return None };
            place.push(name);
            if names.peek().is_some() && place.is_symlink() {
                return None;
            }
        }
        Some(place)
    }

    /// The path of the ignore file that applies, whether it is there or not.
    pub fn ignore_path(&self) -> Option<PathBuf> {
        if let Some(dockerfile) = &self.dockerfile {
            let mut own = dockerfile.clone().into_os_string();
            own.push(".dockerignore");
            let own = PathBuf::from(own);
            if own.symlink_metadata().is_ok() {
                return Some(own);
            }
        }
        Some(self.context.as_ref()?.join(".dockerignore"))
    }
}

impl World for Disk<'_> {
    fn look(&self, path: &str) -> Option<Look> {
        match std::fs::symlink_metadata(self.place(path)?) {
            Ok(meta) if meta.is_file() => Some(Look::File),
            Ok(meta) if meta.is_dir() => Some(Look::Directory),
            Ok(_) => Some(Look::Other),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                Some(Look::Missing)
            }
            Err(_) => None,
        }
    }

    fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        let mut read = self.read.lock().ok()?;
        if let Some(known) = read.get(path) {
            return known.clone();
        }
        let place = self.place(path)?;
        let meta = std::fs::symlink_metadata(&place).ok().filter(std::fs::Metadata::is_file);
        let small = meta.as_ref().is_some_and(|meta| meta.len() <= MAX_LEN);
        let content = small.then(|| std::fs::read(&place).ok()).flatten().map(Arc::from);
        if meta.is_some() && !small {
            self.shared.missed.lock().ok()?.insert(place);
        }
        read.insert(path.to_owned(), content.clone());
        content
    }

    fn list(&self, path: &str) -> Option<Arc<[Box<str>]>> {
        let place = self.place(path)?;
        if !path.is_empty() && place.is_symlink() {
            return None;
        }
        let entries = std::fs::read_dir(place).ok()?;
        let mut names: Vec<Box<str>> = entries
            .map(|entry| entry.ok()?.file_name().into_string().ok().map(String::into_boxed_str))
            .collect::<Option<_>>()?;
        names.sort_unstable();
        Some(names.into())
    }

    fn tracked(&self, path: &str) -> Option<bool> {
        let place = std::path::absolute(self.place(path)?).ok()?;
        let root = git::root(place.parent()?)?;
        let mut known = self.shared.tracked.lock().ok()?;
        let tracked = known.entry(root.clone()).or_insert_with(|| git::tracked(&root).map(Arc::new)).clone()?;
        let path = place.strip_prefix(&root).ok()?.to_str()?;
        let folder = format!("{path}/");
        let next = tracked.range(Box::from(&*folder)..).next();
        Some(tracked.contains(path) || next.is_some_and(|next| next.starts_with(&folder)))
    }

    fn uses(&self) -> Option<Arc<Uses>> {
        let found = || self.shared.builds.uses(self.dockerfile.as_deref()?, self.context.as_deref()).map(Arc::new);
        self.uses.get_or_init(found).clone()
    }

    fn digest(&self, reference: &str) -> Option<Arc<str>> {
        self.shared.registries.as_ref()?.digest(reference)
    }

    fn ignore_file(&self) -> Option<IgnoreFile> {
        let path = self.ignore_path()?;
        let text = match std::fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_file() && meta.len() <= MAX_LEN => Some(std::fs::read_to_string(&path).ok()?.into()),
            Ok(_) => return None,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(_) => return None,
        };
        let root = self.shared.root.as_deref().unwrap_or(Path::new("."));
        let shown = path.strip_prefix(root).unwrap_or(&path);
        Some(IgnoreFile { path: shown.to_str()?.into(), text })
    }

    fn siblings(&self) -> Option<Arc<[Arc<Document>]>> {
        let context = self.context.clone()?;
        if self.ignore_path()? != context.join(".dockerignore") {
            return Some(Arc::from([]));
        }
        let same = |one: &Path, other: &Path| std::path::absolute(one).ok() == std::path::absolute(other).ok();
        let known = Siblings::clone(self.shared.dockerfiles.lock().ok()?.entry(context.clone()).or_default());
        let all = known.get_or_init(|| {
            let read = |path: PathBuf| {
                // One that cannot be read, nobody can build.
                let doc = Document::parse(files::read(&path).ok()?);
                let mut own = path.clone().into_os_string();
                own.push(".dockerignore");
                let folder = path.parent().unwrap_or(Path::new("."));
                // One in a folder of its own has that for its context, if all is there.
                let said = || self.shared.builds.contexts(&path);
                let located = || locate::context(&doc, folder, said);
                let elsewhere = !same(folder, &context) && located().is_some_and(|it: PathBuf| same(&it, folder));
                let apart = elsewhere || Path::new(&own).exists();
                Some(Sibling { path, doc: Arc::new(doc), apart })
            };
            files::around(&context).into_iter().filter_map(read).collect()
        });
        let this = |path: &Path| self.dockerfile.as_ref().is_some_and(|dockerfile| same(dockerfile, path));
        let others = all.iter().filter(|found| !found.apart && !this(&found.path));
        Some(others.map(|found| Arc::clone(&found.doc)).collect())
    }
}
