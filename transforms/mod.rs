//! The pipeline in order. The only file that names a transform.
//!
//! Joins come first, then moves and splits, then mounts, then cleanup, so that each sees what the one before wrote.

mod apt_lists;
mod cache_mounts;
mod copy_not_add;
mod exec_form;
mod join_runs;
mod legacy_syntax;
mod no_recommends;

use crate::transform::Transform;

/// All transforms, in the order in which they run.
pub const ALL: &[Transform] = &[
    copy_not_add::TRANSFORM,
    join_runs::TRANSFORM,
    cache_mounts::TRANSFORM,
    apt_lists::TRANSFORM,
    no_recommends::TRANSFORM,
    legacy_syntax::TRANSFORM,
    exec_form::TRANSFORM,
];
