//! An outcome in the forms in which it leaves the tool.

mod diff;
mod github;
mod hunks;
pub mod json;
mod markdown;
mod parts;
pub mod proof;
pub mod pull;
mod sarif;
mod suggest;

use crate::pipeline::Outcome;

pub use diff::{created, unified};
pub use github::github;
pub use hunks::{Hunk, applied, hunks};
pub use json::json;
pub use markdown::{Item, MARK, Section, comment, markdown, turns};
pub use parts::{Part, parts};
pub use sarif::sarif;
pub use suggest::{Suggestion, is_suggestion, shown_lines, suggestion};

/// One Dockerfile, as a report tells of it.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// From the root of the repository, with `/` between names.
    pub path: &'a str,
    /// What a person should know of how it was handled.
    pub note: Option<&'a str>,
    /// What came out, or what failed and what to do about it.
    pub result: Result<&'a Outcome, (&'a str, Option<&'a str>)>,
}
