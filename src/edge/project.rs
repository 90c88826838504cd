//! What holds for the Dockerfiles of a folder: the configuration above it, the repository that it lies in, and signs of
//! the builder. Each folder is looked at once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::Failure;
use super::config::Config;
use super::signs::{self, Sign};

/// What holds in one folder.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The nearest `dockwright.toml`, if there is one.
    pub config: Option<Arc<Config>>,
    /// The root of the git repository.
    pub root: Option<Arc<Path>>,
    /// The builder that the repository seems to be built with.
    pub sign: Option<Arc<Sign>>,
}

/// The folders that were looked at, by their real path.
#[derive(Debug, Default)]
pub struct Projects(Mutex<HashMap<PathBuf, Result<Project, Failure>>>);

impl Projects {
    /// What holds in `folder`, a real path.
    pub fn of(&self, folder: &Path) -> Result<Project, Failure> {
        if let Some(known) = self.0.lock().ok().and_then(|known| known.get(folder).cloned()) {
            return known;
        }
        // The configuration that is found first counts, and what is wrong with another one above it does not.
        let project = Config::in_folder(folder).and_then(|config| {
            let above = folder.parent().map_or_else(|| Ok(Project::default()), |parent| self.of(parent));
            let mut project = match (config, above) {
                (None, above) => above?,
                (Some(config), above) => Project { config: Some(Arc::new(config)), ..above.unwrap_or_default() },
            };
            if folder.join(".git").exists() {
                project.root = Some(folder.into());
                project.sign = signs::read(folder).map(Arc::new);
            }
            Ok(project)
        });
        if let Ok(mut known) = self.0.lock() {
            known.insert(folder.to_path_buf(), project.clone());
        }
        project
    }
}

/// Where `path` really is: its folder with links followed, and its own name.
pub fn real(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = std::fs::canonicalize(folder).or_else(|_| std::path::absolute(folder)).unwrap_or_default();
    match path.file_name() {
        Some(name) => folder.join(name),
        None => folder,
    }
}
