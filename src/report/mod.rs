//! An outcome in the forms in which it leaves the tool.

mod diff;
mod github;
mod hunks;
pub mod json;
pub mod proof;
