//! What a COPY brings from where to where.

use super::{View, paths};
use crate::context::ignore::matches;
use crate::context::{Look, Tree, join};
use crate::dockerfile::{Flag, Kind, Word};

/// A COPY or ADD of the context.
pub struct Copied {
    /// The instruction.
    pub index: usize,
    /// The word that it ends with.
    pub destination: Word,
    /// The folder that it brings whole, and where to.
    pub folder: Option<(String, String)>,
    /// Files that it brings, each with its place.
    pub files: Vec<(String, String)>,
}

impl Copied {
    /// The path of the context that would stand at `place`, if the folder had it.
    #[must_use]
    pub fn source_of(&self, place: &str) -> Option<String> {
        let (source, to) = self.folder.as_ref()?;
        let rest = if to == "/" { place.strip_prefix('/')? } else { place.strip_prefix(&**to)? };
        if rest.is_empty() {
            return Some(source.clone());
        }
        let rest = if to == "/" { rest } else { rest.strip_prefix('/')? };
        join(source, rest)
    }
}

/// What instruction `index` brings; `None` if that is not known, or not of the context.
#[must_use]
pub fn copied(view: &View<'_>, tree: Option<&Tree<'_>>, index: usize) -> Option<Copied> {
    let (doc, instruction) = (view.doc, view.instruction(index));
    let (Kind::Copy(transfer) | Kind::Add(transfer)) = &instruction.kind else { return None };
    let known = |flag: &Flag| matches!(&*doc.joined(instruction, flag.name), "chown" | "chmod" | "link");
    if !instruction.flags.iter().all(known) || !instruction.heredocs.is_empty() {
        return None;
    }
    let raw = doc.word(instruction, transfer.destination);
    let to = paths::absolute(view, index, &raw)?;
    let is_folder = matches!(raw.rsplit('/').next(), Some("" | "." | "..")) || transfer.sources.len() > 1;
    let mut copied = Copied { index, destination: transfer.destination, folder: None, files: Vec::new() };
    for source in &transfer.sources {
        let source = doc.word(instruction, *source);
        if source.contains(['$', '\\', '"', '\'']) || source.contains("://") || source.starts_with("git@") {
            return None;
        }
        let source = join("", source.trim_start_matches('/'))?;
        if source.contains(['*', '?', '[']) {
            for path in glob(tree?, &source)? {
                let name = path.rsplit('/').next()?;
                copied.files.push((path.clone(), paths::join(Some(&to), name)?));
            }
            continue;
        }
        let look = match tree {
            Some(tree) => tree.world().look(&source)?,
            // Without a context, only the whole of it is certain to be a folder.
            None if source.is_empty() => Look::Directory,
            None => return None,
        };
        match look {
            Look::Directory if transfer.sources.len() == 1 => copied.folder = Some((source, to.clone())),
            Look::File => {
                let name = source.rsplit('/').next()?;
                let folder = is_folder || view.scope(index).workdir.as_deref() == Some(&*to);
                let place = if folder { paths::join(Some(&to), name)? } else { to.clone() };
                copied.files.push((source, place));
            }
            _ => return None,
        }
    }
    Some(copied)
}

/// The files that a pattern names; `None` if it names folders, or patterns stand in its folders.
fn glob(tree: &Tree<'_>, pattern: &str) -> Option<Vec<String>> {
    let folder = pattern.rsplit_once('/').map_or("", |(folder, _)| folder);
    if folder.contains(['*', '?', '[']) {
        return None;
    }
    let mut paths = Vec::new();
    for name in tree.names(folder).ok()? {
        let path = join(folder, &name)?;
        if !matches(pattern, &path) {
            continue;
        }
        match tree.has(&path) {
            Ok(true) => paths.push(path),
            Ok(false) => {}
            Err(_) => return None,
        }
    }
    Some(paths)
}
