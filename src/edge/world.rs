//! The files around a Dockerfile, read when asked for and remembered.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::context::{Look, World};

/// Files larger than this are not read.
const MAX_LEN: u64 = 4 * 1024 * 1024;

/// The world on disk.
#[derive(Debug, Default)]
pub struct Disk {
    /// The build context, if it is known.
    context: Option<PathBuf>,
    read: Mutex<HashMap<String, Option<Arc<[u8]>>>>,
}

impl Disk {
    pub fn new(context: Option<PathBuf>) -> Self {
        Self { context, read: Mutex::default() }
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
}

impl World for Disk {
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
        let small = std::fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_LEN);
        let content = small.then(|| std::fs::read(&place).ok()).flatten().map(Arc::from);
        read.insert(path.to_owned(), content.clone());
        content
    }

    fn list(&self, path: &str) -> Option<Arc<[Box<str>]>> {
        let entries = std::fs::read_dir(self.place(path)?).ok()?;
        let mut names: Vec<Box<str>> = entries
            .map(|entry| entry.ok()?.file_name().into_string().ok().map(String::into_boxed_str))
            .collect::<Option<_>>()?;
        names.sort_unstable();
        Some(names.into())
    }

    fn tracked(&self, _: &str) -> Option<bool> {
        None
    }

    fn repository(&self, _: &str) -> Option<Arc<[u8]>> {
        None
    }

    fn digest(&self, _: &str) -> Option<Arc<str>> {
        None
    }
}
