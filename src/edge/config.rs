//! `dockwright.toml`: found upwards from the Dockerfile; unknown keys are errors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::images::ImageMap;

use super::Failure;

/// The name of the file.
pub const NAME: &str = "dockwright.toml";

/// What it may say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// What a company's own base images are like.
    #[serde(default)]
    pub images: BTreeMap<String, Like>,
    #[serde(skip)]
    pub path: Option<PathBuf>,
}

/// What an image is like.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Like {
    /// A well-known image.
    pub like: String,
}

impl Config {
    /// The configuration for a Dockerfile in `folder`.
    pub fn find(folder: &Path) -> Result<Self, Failure> {
        let Ok(folder) = std::path::absolute(folder) else { return Ok(Self::default()) };
        for folder in folder.ancestors() {
            let path = folder.join(NAME);
            match std::fs::read_to_string(&path) {
                Ok(text) => return Self::read(&text, path),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(Failure::new(format!("{}: {error}", path.display()), "make it readable, or remove it"));
                }
            }
        }
        Ok(Self::default())
    }

    fn read(text: &str, path: PathBuf) -> Result<Self, Failure> {
        let mut config: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let message = error.message().lines().next().unwrap_or_default();
            Failure::new(format!("{}:{line}: {message}", path.display()), "correct the key, or remove it")
        })?;
        config.path = Some(path);
        Ok(config)
    }

    /// Its images, for the core.
    pub fn image_map(&self) -> ImageMap {
        self.images.iter().map(|(name, like)| (name.clone(), like.like.clone())).collect()
    }
}
