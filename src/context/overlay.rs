//! A world in which the ignore file has some more lines: what is there once a change is applied.

use std::sync::Arc;

use crate::dockerfile::Document;

use super::ignore::append;
use super::{IgnoreFile, Look, Uses, World};

/// `world` with `lines` at the end of its ignore file.
pub struct Overlay<'w> {
    /// The world.
    pub world: &'w dyn World,
    /// The lines.
    pub lines: Vec<String>,
}

impl<'w> Overlay<'w> {
    /// `world` as it is.
    #[must_use]
    pub fn new(world: &'w dyn World) -> Self {
        Self { world, lines: Vec::new() }
    }

    /// Adds `lines` that are not there yet.
    pub fn add(&mut self, lines: &[String]) {
        for line in lines {
            if !self.lines.contains(line) {
                self.lines.push(line.clone());
            }
        }
    }
}

impl World for Overlay<'_> {
    fn look(&self, path: &str) -> Option<Look> {
        self.world.look(path)
    }
    fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        self.world.read(path)
    }
    fn list(&self, path: &str) -> Option<Arc<[Box<str>]>> {
        self.world.list(path)
    }
    fn tracked(&self, path: &str) -> Option<bool> {
        self.world.tracked(path)
    }
    fn uses(&self) -> Option<Arc<Uses>> {
        self.world.uses()
    }
    fn digest(&self, reference: &str) -> Option<Arc<str>> {
        self.world.digest(reference)
    }
    fn ignore_file(&self) -> Option<IgnoreFile> {
        let mut file = self.world.ignore_file()?;
        if !self.lines.is_empty() {
            file.text = Some(append(file.text.as_deref().unwrap_or_default(), &self.lines).into());
        }
        Some(file)
    }
    fn siblings(&self) -> Option<Arc<[Arc<Document>]>> {
        self.world.siblings()
    }
}
