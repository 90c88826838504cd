//! The file system of an image: its layers, one over the other.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::layer::{Entry, Kind, Layer};

/// The files of an image by path, without a slash in front.
#[derive(Clone, Debug, Default)]
pub struct Tree(BTreeMap<Arc<[u8]>, Node>);

/// A file, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is. Hard links are resolved.
    pub entry: Arc<Entry>,
    /// The index of the layer that put it there.
    pub layer: usize,
}

impl Tree {
    /// What is there after all `layers`, the lowest first.
    #[must_use]
    pub fn of<'l>(layers: impl IntoIterator<Item = &'l Layer>) -> Self {
        let mut tree = Self::default();
        for (index, layer) in layers.into_iter().enumerate() {
            tree.apply(layer, index);
        }
        tree
    }

    fn apply(&mut self, layer: &Layer, index: usize) {
        // A whiteout is about the layers below only, wherever it stands in the archive.
        for path in &layer.opaque {
            self.empty(path);
        }
        for path in &layer.whiteouts {
            self.empty(path);
            self.0.remove(path);
        }
        for (path, entry) in &layer.entries {
            let below = self.0.get(path);
            if below.is_some_and(|node| node.entry.kind == Kind::Directory) && entry.kind != Kind::Directory {
                self.empty(path);
            }
            let entry = match &entry.kind {
                Kind::Hardlink(target) => match self.0.get(target) {
                    // Owner, mode and attributes are those of the file, whatever the header of the link says.
                    Some(node) => Arc::clone(&node.entry),
                    None => Arc::clone(entry),
                },
                _ => Arc::clone(entry),
            };
            self.0.insert(Arc::clone(path), Node { entry, layer: index });
        }
    }

    /// Removes what lies below `path`.
    fn empty(&mut self, path: &[u8]) {
        if path.is_empty() {
            self.0.clear();
            return;
        }
        // A slash sorts right before the digit zero: between the two lies what is below.
        let (start, end) = ([path, b"/"].concat(), [path, b"0"].concat());
        let range = (Bound::Included(start.as_slice()), Bound::Excluded(end.as_slice()));
        let below: Vec<Arc<[u8]>> = self.0.range::<[u8], _>(range).map(|(path, _)| Arc::clone(path)).collect();
        for path in below {
            self.0.remove(&path);
        }
    }

    /// What stands at `path`.
    #[must_use]
    pub fn get(&self, path: &[u8]) -> Option<&Node> {
        self.0.get(path)
    }

    /// All files in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<[u8]>, &Node)> {
        self.0.iter()
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anything lies below `path`.
    #[must_use]
    pub fn holds_anything(&self, path: &[u8]) -> bool {
        let start = [path, b"/"].concat();
        let first = self.0.range::<[u8], _>((Bound::Included(start.as_slice()), Bound::Unbounded)).next();
        first.is_some_and(|(found, _)| found.starts_with(&start))
    }
}
