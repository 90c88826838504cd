//! The files that the builder is sent, and what an installation reads of them.

use std::borrow::Cow;

use super::ignore::Patterns;
use super::{Look, World};

/// Why it cannot be said what an installation reads, in words.
pub type Reason = Cow<'static, str>;

/// What an installation reads and writes. Paths are those of the context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Files that it reads, in the order in which a person writes them.
    pub files: Vec<String>,
    /// Folders that it reads, whole.
    pub folders: Vec<String>,
    /// Folders and files that it makes beside them, which a later copy must not bring.
    pub outputs: Vec<String>,
    /// What has to be true besides.
    pub checks: Vec<Reason>,
}

impl Needs {
    /// Adds what `other` needs.
    pub fn extend(&mut self, other: Self) {
        for (own, others) in
            [(&mut self.files, other.files), (&mut self.folders, other.folders), (&mut self.outputs, other.outputs)]
        {
            for path in others {
                if !own.contains(&path) {
                    own.push(path);
                }
            }
        }
        for check in other.checks {
            self.check(check);
        }
    }

    /// Adds something to be checked.
    pub fn check(&mut self, check: impl Into<Reason>) {
        let check = check.into();
        if !self.checks.contains(&check) {
            self.checks.push(check);
        }
    }
}

/// The context as the builder sees it: without what the ignore file leaves out.
pub struct Tree<'w> {
    world: &'w dyn World,
    patterns: Patterns,
}

impl<'w> Tree<'w> {
    /// The context of `world`; `None` if it, or its ignore file, is not known.
    #[must_use]
    pub fn of(world: &'w dyn World) -> Option<Self> {
        world.look("")?;
        let patterns = Patterns::parse(world.ignore_file()?.text.as_deref().unwrap_or_default())?;
        Some(Self { world, patterns })
    }

    /// The world that it is part of.
    #[must_use]
    pub const fn world(&self) -> &'w dyn World {
        self.world
    }

    /// What the ignore file says.
    #[must_use]
    pub const fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    /// Whether there is a file at `path`.
    ///
    /// # Errors
    /// If that is not known, or a link or something else is there.
    pub fn has(&self, path: &str) -> Result<bool, Reason> {
        if self.patterns.excludes(path) {
            return Ok(false);
        }
        match self.world.look(path) {
            Some(Look::File) => Ok(true),
            Some(Look::Missing) => Ok(false),
            Some(Look::Directory | Look::Other) => Err(format!("{path} is not a plain file").into()),
            None => Err(format!("whether {path} is there is not known").into()),
        }
    }

    /// Whether there is a folder at `path` of which the builder may be sent something.
    #[must_use]
    pub fn has_folder(&self, path: &str) -> bool {
        self.world.look(path) == Some(Look::Directory) && (path.is_empty() || !self.patterns.excludes_all(path))
    }

    /// The text of the file at `path`; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn text(&self, path: &str) -> Result<Option<String>, Reason> {
        if !self.has(path)? {
            return Ok(None);
        }
        let bytes = self.world.read(path).ok_or_else(|| format!("{path} cannot be read"))?;
        String::from_utf8(bytes.to_vec()).map(Some).map_err(|_| format!("{path} is not UTF-8").into())
    }

    /// The JSON in the file at `path`; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is not an object.
    pub fn json(&self, path: &str) -> Result<Option<serde_json::Value>, Reason> {
        let Some(text) = self.text(path)? else { return Ok(None) };
        let value: serde_json::Value =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|_| format!("{path} is not JSON"))?;
        if value.is_object() { Ok(Some(value)) } else { Err(format!("{path} is not an object").into()) }
    }

    /// The TOML in the file at `path`; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn toml(&self, path: &str) -> Result<Option<toml::Table>, Reason> {
        let Some(text) = self.text(path)? else { return Ok(None) };
        toml::from_str(&text).map(Some).map_err(|_| format!("{path} is not TOML").into())
    }

    /// Adds the file at `path` to what is needed, if it is there; whether it is.
    ///
    /// # Errors
    /// If that is not known, or git does not track it, so that others lack it.
    pub fn take(&self, needs: &mut Needs, path: &str) -> Result<bool, Reason> {
        if !self.has(path)? {
            return Ok(false);
        }
        if self.world.tracked(path) == Some(false) {
            return Err(format!("{path} is not tracked by git, and a build elsewhere may lack it").into());
        }
        if !needs.files.iter().any(|file| file == path) {
            needs.files.push(path.to_owned());
        }
        Ok(true)
    }

    /// Adds the folder at `path`, if it is there and holds a file that git may track.
    ///
    /// # Errors
    /// If its content is not known, or there are links in it.
    pub fn take_folder(&self, needs: &mut Needs, path: &str) -> Result<bool, Reason> {
        if !self.has_folder(path) {
            return Ok(false);
        }
        let names = self.world.list(path).ok_or_else(|| format!("what is in {path} is not known"))?;
        let mut files = names.iter().filter_map(|name| join(path, name));
        let any = files.any(|file| !self.patterns.excludes(&file) && self.world.tracked(&file) != Some(false));
        let deeper = |name: &str| join(path, name).is_some_and(|path| self.world.look(&path) == Some(Look::Directory));
        if !any && !names.iter().any(|name| deeper(name)) {
            return Ok(false);
        }
        if !needs.folders.iter().any(|folder| folder == path) {
            needs.folders.push(path.to_owned());
        }
        Ok(true)
    }

    /// The names in the folder at `path` that the builder may be sent.
    ///
    /// # Errors
    /// If they are not known.
    pub fn names(&self, path: &str) -> Result<Vec<Box<str>>, Reason> {
        let names = self.world.list(path).ok_or_else(|| format!("what is in {path} is not known"))?;
        let sent = |name: &str| join(path, name).is_some_and(|path| !self.patterns.excludes_all(&path));
        Ok(names.iter().filter(|name| sent(name)).cloned().collect())
    }

    /// The nearest folder above `path` that holds one of the files `names`.
    #[must_use]
    pub fn above(&self, path: &str, names: &[&str]) -> Option<String> {
        let mut folder = path;
        while !folder.is_empty() {
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
            if names.iter().any(|name| join(folder, name).is_some_and(|path| self.has(&path) != Ok(false))) {
                return Some(folder.to_owned());
            }
        }
        None
    }
}

/// `path` as seen from `folder`, both of the context; `None` if it leads out of it.
#[must_use]
pub fn join(folder: &str, path: &str) -> Option<String> {
    let mut names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    if path.starts_with('/') {
        return None;
    }
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => _ = names.pop()?,
            _ => names.push(name),
        }
    }
    Some(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn paths_stay_inside() {
        for (folder, path, expected) in [
            ("", "a", Some("a")),
            ("a/b", "../c/./d//", Some("a/c/d")),
            ("a", "..", Some("")),
            ("a", "../../b", None),
            ("a", "/b", None),
        ] {
            assert_eq!(join(folder, path).as_deref(), expected);
        }
    }

    #[test]
    fn what_the_builder_sees() {
        let files = [("a/x.json", "{}"), ("a/y.json", "1"), ("b", "\u{feff}{}"), (".dockerignore", "a/y*\nc")];
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let world = Files { files, untracked: vec!["b".into()], ..Files::default() };
        let tree = Tree::of(&world).expect("a context");
        assert_eq!(tree.has("a/x.json"), Ok(true));
        assert_eq!(tree.has("a/y.json"), Ok(false));
        assert!(tree.has("a").is_err());
        assert!(tree.json("b").expect("JSON").is_some());
        assert_eq!(tree.names("a").map(|names| names.len()), Ok(1));
        assert_eq!(tree.above("a/c", &["x.json"]).as_deref(), Some("a"));
        assert_eq!(tree.above("a", &["b"]).as_deref(), Some(""));
        let mut needs = Needs::default();
        assert_eq!(tree.take(&mut needs, "a/x.json"), Ok(true));
        assert!(tree.take(&mut needs, "b").is_err(), "git does not track it");
        assert_eq!(needs.files, ["a/x.json"]);
    }
}
