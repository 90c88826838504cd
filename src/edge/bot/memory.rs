//! What a run saw, kept in a file that the user names, so that the next one asks for what is new only.
//!
//! A tree of git is named by what it holds: what was planned for it holds as long as program and flags are the same, and is
//! not asked for again. Of lists, the version is kept that the forge gave them. There is no text of any file in it, and no
//! token; only its owner may read it, as the names of private repositories are.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::edge::Failure;
use crate::edge::arguments::{Bot, Per};
use crate::edge::forge::Pages;

use super::plan::{Branch, Pair, Plan};

/// A longer file is none of ours.
const MAX_LEN: u64 = 256 * 1024 * 1024;

/// What is remembered.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Program, flags and API that `repositories` is about.
    run: String,
    repositories: BTreeMap<String, Seen>,
    /// Pages of lists.
    pub pages: Pages,
    /// Where it is kept.
    #[serde(skip)]
    path: Option<PathBuf>,
    /// Plans may be remembered: nothing but the tree decides what they are.
    #[serde(skip)]
    plans: bool,
}

/// A repository.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    tree: String,
    per: Per,
    dockerfiles: usize,
    pairs: Vec<Names>,
    failed: Vec<String>,
    notes: Vec<String>,
}

/// What two branches are to carry out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    path: Option<String>,
    safe: Option<String>,
    review: Option<String>,
}

impl Memory {
    /// What the file holds that the user named, if there is one.
    pub fn read(arguments: &Bot) -> Result<Self, Failure> {
        let Some(path) = &arguments.cache else { return Ok(Self::default()) };
        let fail = |why: &dyn std::fmt::Display| {
            let help = "name another file for the cache, or remove this one";
            Failure::new(format!("{}: {why}", path.display()), help)
        };
        let text = match std::fs::metadata(path) {
            Ok(meta) if meta.len() > MAX_LEN || !meta.is_file() => return Err(fail(&"this is no cache of dockwright")),
            Ok(_) => std::fs::read_to_string(path).map_err(|error| fail(&error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(fail(&error)),
        };
        let mut memory: Self = match text.trim() {
            "" => Self::default(),
            text => serde_json::from_str(text).map_err(|_| fail(&"this is no cache of dockwright"))?,
        };
        let run = run(arguments);
        if memory.run != run {
            memory.repositories.clear();
        }
        Ok(Self { run, path: Some(path.clone()), plans: !arguments.which.registry, ..memory })
    }

    /// What was planned for this tree.
    pub fn plan(&self, name: &str, tree: &str) -> Option<Plan> {
        let seen = self.repositories.get(name).filter(|seen| self.plans && seen.tree == tree)?;
        let branch = |id: &Option<String>| id.clone().map(|id| Branch { id, ..Branch::default() });
        let pair = |it: &Names| Pair { path: it.path.clone(), safe: branch(&it.safe), review: branch(&it.review) };
        Some(Plan {
            per: seen.per,
            pairs: seen.pairs.iter().map(pair).collect(),
            failed: seen.failed.clone(),
            notes: seen.notes.clone(),
            dockerfiles: seen.dockerfiles,
            remembered: true,
            ..Plan::default()
        })
    }

    /// Keeps in mind what is planned for this tree.
    pub fn remember(&mut self, name: &str, tree: &str, plan: &Plan) {
        if self.path.is_none() || !self.plans || plan.remembered {
            return;
        }
        let id = |branch: &Option<Branch>| branch.as_ref().map(|branch| branch.id.clone());
        let names = |it: &Pair| Names { path: it.path.clone(), safe: id(&it.safe), review: id(&it.review) };
        let seen = Seen {
            tree: tree.to_owned(),
            per: plan.per,
            dockerfiles: plan.dockerfiles,
            pairs: plan.pairs.iter().map(names).collect(),
            failed: plan.failed.clone(),
            notes: plan.notes.clone(),
        };
        self.repositories.insert(name.to_owned(), seen);
    }

    /// Writes the file, which is another one as a whole or not at all.
    pub fn write(&mut self, pages: Pages) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        self.pages = pages;
        let write = || -> std::io::Result<()> {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // Only its owner may read it.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut file, self)?;
            file.write_all(b"\n")?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| Failure::new(format!("{}: {error}", path.display()), "name another file for the cache"))
    }
}

/// The program, and all that decides what it plans.
fn run(arguments: &Bot) -> String {
    let program = std::env::current_exe().and_then(std::fs::metadata).ok();
    let program = program.map(|meta| (meta.len(), meta.modified().ok()));
    let Bot { which, safe_only, per, verify, api, .. } = arguments;
    let api = api.clone().or_else(|| std::env::var("GITHUB_API_URL").ok());
    let text = format!("{} {program:?} {which:?} {safe_only} {per:?} {verify} {api:?}", env!("CARGO_PKG_VERSION"));
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
