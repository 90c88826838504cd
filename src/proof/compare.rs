//! Where two images differ, in configuration and files.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::transform::Field;

use super::archive::Image;
use super::config::word;
use super::layer::{Entry, Kind};
use super::tree::{Node, Tree};

/// One place where two images differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A field of the configuration.
    Config {
        /// The field.
        field: Field,
        /// Which of several: a variable, a label, a port, a volume.
        name: String,
        /// What it was.
        before: Option<String>,
        /// What it is.
        after: Option<String>,
    },
    /// A file.
    File {
        /// Its path, without a slash in front.
        path: Arc<[u8]>,
        /// What it was.
        before: Option<Node>,
        /// What it is.
        after: Option<Node>,
    },
}

/// What about a file differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aspects {
    /// It is in one of the images only.
    pub presence: bool,
    /// The type, or where a link leads.
    pub kind: bool,
    /// The content.
    pub content: bool,
    /// The permission bits.
    pub mode: bool,
    /// User and group.
    pub owner: bool,
    /// Capabilities and other extended attributes.
    pub xattrs: bool,
}

impl Aspects {
    /// What differs between two files.
    #[must_use]
    pub fn of(before: Option<&Entry>, after: Option<&Entry>) -> Self {
        let (before, after) = match (before, after) {
            (Some(before), Some(after)) => (before, after),
            (None, None) => return Self::default(),
            _ => return Self { presence: true, ..Self::default() },
        };
        let (kind, content) = match (&before.kind, &after.kind) {
            (Kind::File(..), Kind::File(..)) => (false, before.kind != after.kind),
            (before, after) => (before != after, false),
        };
        // The mode of a symbolic link means nothing.
        let links = matches!((&before.kind, &after.kind), (Kind::Symlink(_), Kind::Symlink(_)));
        Self {
            presence: false,
            kind,
            content,
            mode: !links && before.mode != after.mode,
            owner: before.owner != after.owner,
            xattrs: before.xattrs != after.xattrs,
        }
    }

    /// Whether anything does.
    #[must_use]
    pub fn any(self) -> bool {
        self != Self::default()
    }

    /// Whether everything that differs here does so in `other`, too.
    #[must_use]
    pub const fn within(self, other: Self) -> bool {
        (!self.presence || other.presence)
            && (!self.kind || other.kind)
            && (!self.content || other.content)
            && (!self.mode || other.mode)
            && (!self.owner || other.owner)
            && (!self.xattrs || other.xattrs)
    }
}

impl Difference {
    /// What about the file differs; nothing for a field of the configuration.
    #[must_use]
    pub fn aspects(&self) -> Aspects {
        match self {
            Self::Config { .. } => Aspects::default(),
            Self::File { before, after, .. } => {
                Aspects::of(before.as_ref().map(|node| &*node.entry), after.as_ref().map(|node| &*node.entry))
            }
        }
    }
}

/// All differences between two images, those of the configuration first.
#[must_use]
pub fn differences(before: &Image, after: &Image) -> Vec<Difference> {
    let mut found = Vec::new();
    let (old, new) = (&before.config.values, &after.config.values);
    let mut fields: Vec<&(Field, String)> = old.keys().chain(new.keys()).collect();
    fields.sort_unstable();
    fields.dedup();
    for key in fields {
        let (before, after) = (old.get(key), new.get(key));
        if before != after {
            let (field, name) = key.clone();
            found.push(Difference::Config { field, name, before: before.cloned(), after: after.cloned() });
        }
    }
    files(&before.tree, &after.tree, &mut found);
    found
}

fn files(before: &Tree, after: &Tree, found: &mut Vec<Difference>) {
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let (one, other) = match (old.peek(), new.peek()) {
            (None, None) => return,
            (Some(_), None) => (old.next(), None),
            (None, Some(_)) => (None, new.next()),
            (Some((left, _)), Some((right, _))) => match left.cmp(right) {
                std::cmp::Ordering::Less => (old.next(), None),
                std::cmp::Ordering::Greater => (None, new.next()),
                std::cmp::Ordering::Equal => (old.next(), new.next()),
            },
        };
        let same = matches!((one, other), (Some((_, a)), Some((_, b))) if Arc::ptr_eq(&a.entry, &b.entry));
        let Some((path, _)) = one.or(other) else { return };
        let (one, other) = (one.map(|(_, node)| node), other.map(|(_, node)| node));
        if !same && Aspects::of(one.map(|node| &*node.entry), other.map(|node| &*node.entry)).any() {
            found.push(Difference::File { path: Arc::clone(path), before: one.cloned(), after: other.cloned() });
        }
    }
}

/// A path as a person reads it.
#[must_use]
pub fn shown(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len() + 1);
    text.push('/');
    for character in String::from_utf8_lossy(path).chars() {
        if character.is_control() {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config { field, name, before, after } => {
                let value = |value: &'_ Option<String>| match value.as_deref() {
                    Some("") if !name.is_empty() => "set".to_owned(),
                    None | Some("") => "unset".to_owned(),
                    Some(value) => value.to_owned(),
                };
                let (before, after) = (value(before), value(after));
                let name = if name.is_empty() { String::new() } else { format!(" {name}") };
                write!(f, "{}{name}: {before} → {after}", word(*field))
            }
            Self::File { path, before, after } => {
                let path = shown(path);
                match (before, after) {
                    (Some(_), None) => write!(f, "{path}: is missing afterwards"),
                    (None, _) => write!(f, "{path}: is new"),
                    (Some(old), Some(new)) => {
                        let (old, new, aspects) = (&old.entry, &new.entry, self.aspects());
                        let mut text = String::new();
                        let mut add =
                            |what: String| _ = write!(text, "{}{what}", if text.is_empty() { "" } else { ", " });
                        if aspects.kind {
                            add(format!("{} → {}", kind(&old.kind), kind(&new.kind)));
                        }
                        if aspects.content {
                            add("other content".to_owned());
                        }
                        if aspects.mode {
                            add(format!("mode {:o} → {:o}", old.mode, new.mode));
                        }
                        if aspects.owner {
                            let ((a, b), (c, d)) = (old.owner, new.owner);
                            add(format!("owner {a}:{b} → {c}:{d}"));
                        }
                        if aspects.xattrs {
                            add("other capabilities or attributes".to_owned());
                        }
                        write!(f, "{path}: {text}")
                    }
                }
            }
        }
    }
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::File(..) => "file".to_owned(),
        Kind::Directory => "directory".to_owned(),
        Kind::Symlink(target) => format!("link to {}", String::from_utf8_lossy(target)),
        Kind::Hardlink(target) => format!("hard link to {}", shown(target)),
        Kind::Special(..) => "device or pipe".to_owned(),
    }
}
