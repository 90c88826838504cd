//! What a review needs of the place that keeps a repository and its pull requests.

mod github;

use super::Failure;

pub use github::GitHub;

/// A forge, as a review sees one pull request there.
pub trait Forge {
    /// The pull request.
    fn pull(&self) -> Result<Pull, Failure>;
    /// The text of a file at a commit; `None` if it is no text.
    fn text(&self, path: &str, commit: &str) -> Result<Option<String>, Failure>;
    /// The threads that we started.
    fn threads(&self) -> Result<Vec<Thread>, Failure>;
    /// The reviews that we wrote.
    fn reviews(&self) -> Result<Vec<Posted>, Failure>;
    /// Posts one review.
    fn post(&self, commit: &str, body: &str, comments: &[Comment]) -> Result<(), Failure>;
    /// Gives a review another text.
    fn update(&self, review: u64, body: &str) -> Result<(), Failure>;
    /// Marks a thread as resolved.
    fn resolve(&self, thread: &str) -> Result<(), Failure>;
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// The commit at its tip.
    pub head: String,
    /// The files that it changes, but for those that it removes.
    pub files: Vec<Changed>,
}

/// A file that a pull request changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// From the root of the repository.
    pub path: String,
    /// Its hunks, as a unified diff; `None` if the forge does not show it.
    pub patch: Option<String>,
}

/// A comment on lines of a file, with what was said below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    pub id: String,
    pub path: String,
    pub body: String,
    pub resolved: bool,
}

/// A review that was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub id: u64,
    pub body: String,
}

/// A comment to post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub path: String,
    /// From 1, both included, in the new state of the file.
    pub lines: (usize, usize),
    pub body: String,
}
