//! An outcome in the forms in which it leaves the tool.

mod diff;

pub use diff::{created, unified};
