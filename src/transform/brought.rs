//! What a COPY brings from where to where.

use super::paths::Relation;
use super::{View, paths};
use crate::context::ignore::matches;
use crate::context::{Look, Reason, Tree, join};
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

/// The file of the context that stands at `place` when RUN `index` runs, by a COPY or a mount; `None` if none does.
///
/// # Errors
/// If something else may stand there.
pub fn standing(view: &View<'_>, tree: &Tree<'_>, index: usize, place: &str) -> Result<Option<String>, Reason> {
    for mount in view.doc.mounts(view.instruction(index)).iter().filter(|mount| &*mount.kind == "bind") {
        let target = mount.target().and_then(|target| paths::of_mount(view, index, target));
        let source = mount.get("source").or_else(|| mount.get("src")).unwrap_or_default();
        match target {
            Some(target) if matches!(paths::relation(&target, place), Relation::Same | Relation::Above) => {
                let below = place[target.trim_end_matches('/').len()..].trim_start_matches('/');
                let path = join("", source.trim_start_matches('/')).and_then(|source| join(&source, below));
                let path = path.filter(|_| mount.get("from").is_none() && !source.contains('$'));
                let path = path.ok_or_else(|| format!("what is mounted at {target} is not known"))?;
                return Ok(tree.has(&path)?.then_some(path));
            }
            Some(_) => {}
            None => return Err("where something is mounted is not known".into()),
        }
    }
    let line = |at: usize| view.doc.line(view.instruction(at).span.start);
    for at in before(view, index) {
        match copied(view, Some(tree), at) {
            Some(copied) => {
                let file = copied.files.iter().find(|(_, to)| to == place).map(|(path, _)| path.clone());
                let file = file.or_else(|| copied.source_of(place).filter(|path| tree.has(path) == Ok(true)));
                if file.is_some() {
                    return Ok(file);
                }
            }
            None if may_bring(view, at, place) => {
                return Err(format!("what line {} brings is not known", line(at)).into());
            }
            None => {}
        }
    }
    Ok(None)
}

/// The instructions before `index` in its stage and in those that it is built on, the last first.
pub fn before<'v>(view: &'v View<'_>, index: usize) -> impl Iterator<Item = usize> + 'v {
    let stages = view.graph().chain(view.doc.stage_of(index).unwrap_or_default());
    let indices = stages.flat_map(|stage| view.doc.stages()[stage].instructions.clone().rev());
    indices.filter(move |at| *at < index)
}

/// Whether instruction `at`, of which it is not known what it brings, may bring `place` or something in it.
#[must_use]
pub fn may_bring(view: &View<'_>, at: usize, place: &str) -> bool {
    let instruction = view.instruction(at);
    let (Kind::Copy(transfer) | Kind::Add(transfer)) = &instruction.kind else { return false };
    let Some(to) = paths::absolute(view, at, &view.doc.word(instruction, transfer.destination)) else { return true };
    match paths::relation(&to, place) {
        Relation::Apart => false,
        Relation::Same | Relation::Inside => true,
        // What is named like a file keeps its name.
        Relation::Above => transfer.sources.iter().any(|source| {
            let source = view.doc.word(instruction, *source);
            let name = source.rsplit('/').next().unwrap_or_default();
            let file = super::copied::named_like_a_file(&source) && !name.contains(['*', '?', '[', '$', '<']);
            !file || paths::join(Some(&to), name).is_none_or(|it| it == place)
        }),
    }
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
