//! Registries, asked for the digest that a tag names today.
//!
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>

mod address;
mod challenge;
mod client;
mod credentials;
mod helper;
mod manifest;
mod memo;
mod token;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::images::Reference;

use address::Address;
use client::Client;
use memo::Memo;

/// The registries of a run. Each reference is looked up once.
#[derive(Debug, Default)]
pub struct Registries {
    client: Client,
    /// By the address of the manifest.
    digests: Memo<Option<Arc<str>>>,
    /// What could not be had, by registry.
    missed: Mutex<BTreeMap<String, Missed>>,
}

/// What could not be had from one registry.
#[derive(Debug, Default)]
struct Missed {
    /// Why it is not asked any more.
    down: Option<String>,
    /// By reason, the images.
    images: BTreeMap<String, Vec<String>>,
}

/// Why there is no digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The registry cannot be asked, for this image or any other.
    Registry(String),
    /// It says nothing of this image.
    Image(String),
}

impl Registries {
    /// The digest that `reference` names; `None` if it cannot be had, and then the run has a note of it.
    pub fn digest(&self, reference: &str) -> Option<Arc<str>> {
        let address = Address::of(&Reference::parse(reference).ok()?);
        self.digests.get(&address.manifest(), || match self.ask(&address)? {
            Ok(digest) => Some(digest.into()),
            Err(trouble) => {
                self.miss(&address, trouble);
                None
            }
        })
    }

    /// Asks, unless the registry could not be asked before.
    fn ask(&self, address: &Address) -> Option<Result<String, Trouble>> {
        let down = self.missed.lock().ok()?.get(&address.registry).is_some_and(|missed| missed.down.is_some());
        (!down).then(|| self.client.digest(address))
    }

    fn miss(&self, address: &Address, trouble: Trouble) {
        let Ok(mut all) = self.missed.lock() else { return };
        let missed = all.entry(address.registry.clone()).or_default();
        match trouble {
            Trouble::Registry(reason) => missed.down = Some(reason),
            Trouble::Image(reason) => missed.images.entry(reason).or_default().push(address.image()),
        }
    }

    /// What could not be had, one note for each registry and reason.
    pub fn notes(&self) -> Vec<String> {
        let Ok(all) = self.missed.lock() else { return Vec::new() };
        let mut notes = Vec::new();
        for (registry, missed) in all.iter() {
            for (reason, images) in &missed.images {
                let mut images = images.clone();
                images.sort();
                let more = images.len().saturating_sub(3);
                images.truncate(3);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                notes.push(format!("{registry}: {}{more} not pinned: {reason}", images.join(", ")));
            }
            if let Some(reason) = &missed.down {
                notes.push(format!("{registry}: {reason}: its images are not pinned"));
            }
        }
        notes
    }
}
