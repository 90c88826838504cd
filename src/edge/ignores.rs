//! Ignore files that get more lines: each once, whichever Dockerfiles asked for them.

use std::path::PathBuf;

use crate::context::ignore::append;
use crate::report;

use super::optimize::Job;
use super::{Failure, files};

/// An ignore file before and after.
pub struct Ignore {
    pub path: PathBuf,
    /// What it says; `None` if it is not there yet.
    pub before: Option<String>,
    lines: Vec<String>,
}

impl Ignore {
    /// The ignore files that `jobs` add lines to, in the order in which they come up.
    pub fn of(jobs: &[Job]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for job in jobs {
            let (Ok(outcome), Some((path, before))) = (&job.result, &job.ignore) else { continue };
            if outcome.ignore_lines.is_empty() {
                continue;
            }
            let at = all.iter().position(|ignore| ignore.path == *path).unwrap_or_else(|| {
                all.push(Self { path: path.clone(), before: before.clone(), lines: Vec::new() });
                all.len() - 1
            });
            for line in &outcome.ignore_lines {
                if !all[at].lines.contains(line) {
                    all[at].lines.push(line.clone());
                }
            }
        }
        all
    }

    /// What it says afterwards.
    pub fn after(&self) -> String {
        append(self.before.as_deref().unwrap_or_default(), &self.lines)
    }

    /// The unified diff.
    pub fn diff(&self) -> String {
        let path = self.path.strip_prefix(".").unwrap_or(&self.path).to_string_lossy();
        match &self.before {
            Some(before) => report::unified(&path, before, &self.after()),
            None => report::created(&path, &self.after()),
        }
    }

    /// Writes it.
    pub fn write(&self) -> Result<(), Failure> {
        match self.before {
            Some(_) => files::write(&self.path, &self.after()),
            None => files::create(&self.path, &self.after()),
        }
    }
}
