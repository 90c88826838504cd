//! What a review and the bot need of the place that keeps repositories and their pull requests.

mod app;
mod client;
mod github;
mod repositories;

use super::Failure;

pub use app::App;
pub use client::{Client, Kind, Pages, Trouble, is_object, split};
pub use github::GitHub;
pub use repositories::GitHubRepositories;

/// A forge, as the bot sees the repositories there.
pub trait Repositories {
    /// The repositories of an organisation, or of a person.
    fn of(&self, owner: &str) -> Result<Vec<Listed>, Trouble>;
    /// What is there, for each of these names; `None` where nothing can be seen.
    fn states(&self, names: &[&str], branches: [&str; 2]) -> Result<Vec<Option<State>>, Trouble>;
    /// How these branches of a repository stand.
    fn branches(&self, repository: &str, names: &[&str]) -> Result<Vec<BranchState>, Trouble>;
    /// All files of a tree.
    fn tree(&self, repository: &str, tree: &str) -> Result<Vec<Entry>, Trouble>;
    /// What these files hold, in their order.
    fn contents(&self, repository: &str, files: &[&Entry]) -> Result<Vec<Vec<u8>>, Trouble>;
    /// Makes the tree `base` with other files in it, and answers with its name.
    fn make_tree(&self, repository: &str, base: &str, files: &[Written]) -> Result<String, Trouble>;
    /// Makes a commit, and answers with its name.
    fn make_commit(&self, repository: &str, parent: &str, tree: &str, message: &str) -> Result<String, Trouble>;
    /// Makes, moves or deletes a branch, if it still is where it was.
    fn move_branch(&self, state: &State, name: &str, before: Option<&str>, after: Option<&str>) -> Result<(), Trouble>;
    /// Opens a pull request, and answers with its number.
    fn open(&self, repository: &str, new: &NewPull) -> Result<u64, Trouble>;
    /// Changes a pull request: the fields that are set.
    fn edit(&self, repository: &str, number: u64, edit: &EditPull) -> Result<(), Trouble>;
}

/// A repository in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// `owner/name`.
    pub name: String,
    pub topics: Vec<String>,
    pub archived: bool,
    pub fork: bool,
}

/// A repository, and what the bot left there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// `owner/name`.
    pub name: String,
    /// As GraphQL names it.
    pub id: String,
    pub archived: bool,
    /// The token may push; `None` if the forge does not say.
    pub may_write: Option<bool>,
    /// The name of the default branch, and its tip; `None` if there is no commit yet.
    pub base: Option<(String, Tip)>,
    /// Our two branches for the whole repository.
    pub branches: [BranchState; 2],
    /// The names of all branches below `dockwright/`.
    pub ours: Vec<String>,
}

/// A branch of ours, as it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BranchState {
    pub tip: Option<Tip>,
    /// The last pull request from it, of this repository.
    pub pull: Option<PullState>,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    pub commit: String,
    pub tree: String,
    pub message: String,
}

/// A pull request of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullState {
    pub number: u64,
    pub stands: Stands,
    pub body: String,
    pub base: String,
    /// The commit that it ends, or ended, with.
    pub head: String,
    pub labels: Vec<String>,
}

/// What became of a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    Open,
    Closed,
    Merged,
}

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From the root.
    pub path: String,
    /// As git writes it: `100644`.
    pub mode: String,
    /// Its blob.
    pub object: String,
    pub size: u64,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub path: String,
    pub mode: String,
    pub text: String,
}

/// A pull request to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPull<'p> {
    pub title: &'p str,
    pub body: &'p str,
    pub head: &'p str,
    pub base: &'p str,
    pub draft: bool,
}

/// What is to be different about a pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditPull<'p> {
    pub title: Option<&'p str>,
    pub body: Option<&'p str>,
    pub base: Option<&'p str>,
    pub close: bool,
}

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
