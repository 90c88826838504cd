//! Two images compared, from the archives in which an engine exports them; and the search for the finding that is to
//! blame for a difference.
//!
//! Nothing is started and nothing is written: an archive is a stream that is read once, file by file, and what is kept
//! of a file is its name, its metadata and the hash of its content.

pub mod archive;
pub mod compare;
pub mod config;
pub mod evidence;
pub mod explain;
pub mod layer;
pub mod search;
pub mod tree;

#[cfg(test)]
mod tests;
