//! The pipeline in order. The only file that names a transform.
//!
//! Joins come first, then moves and splits, then mounts, then cleanup, so that each sees what the one before wrote.

mod apt_get;
mod apt_lists;
mod apt_mounts;
mod cache_mounts;
mod cargo_target;
mod chmod_in_copy;
mod chown_in_copy;
mod copy_manifests_first;
mod copy_not_add;
mod curl_fails;
mod dockerignore;
mod drop_sudo;
mod exec_form;
mod healthcheck;
mod join_runs;
mod late_delete;
mod legacy_syntax;
mod lock_install;
mod nginx_static;
mod no_recommends;
mod non_root_user;
mod package_caches;
mod pin_base;
mod pipefail;
mod production_deps;
mod secrets;
mod sink_args;
mod slim_base;
mod sort_packages;
mod split_stages;
mod system_packages_first;
mod tidy;
mod unused_stage;
mod workdir;

use crate::transform::Transform;

/// The rules of other tools that no transform answers, and why.
pub const RULES: &str = include_str!("rules.md");

/// All transforms, in the order in which they run.
pub const ALL: &[Transform] = &[
    copy_not_add::TRANSFORM,
    chown_in_copy::TRANSFORM,
    chmod_in_copy::TRANSFORM,
    unused_stage::TRANSFORM,
    apt_get::TRANSFORM,
    workdir::TRANSFORM,
    join_runs::TRANSFORM,
    copy_manifests_first::TRANSFORM,
    // Behind it, which brings lock files that were not copied; before all that reads the installation.
    lock_install::TRANSFORM,
    production_deps::TRANSFORM,
    dockerignore::TRANSFORM,
    sink_args::TRANSFORM,
    system_packages_first::TRANSFORM,
    late_delete::TRANSFORM,
    cache_mounts::TRANSFORM,
    cargo_target::TRANSFORM,
    package_caches::TRANSFORM,
    apt_lists::TRANSFORM,
    // Takes the cleanup that apt-lists adds: so it is the same whether review comes at once or later.
    apt_mounts::TRANSFORM,
    no_recommends::TRANSFORM,
    drop_sudo::TRANSFORM,
    curl_fails::TRANSFORM,
    legacy_syntax::TRANSFORM,
    exec_form::TRANSFORM,
    pipefail::TRANSFORM,
    pin_base::TRANSFORM,
    secrets::TRANSFORM,
    // Behind all cleanup, which is for stages that ship: so it is the same whether review comes at once or later.
    split_stages::TRANSFORM,
    // Takes what the split leaves of a page with its server.
    nginx_static::TRANSFORM,
    slim_base::TRANSFORM,
    // Behind the split: its account is one of the image that ships.
    non_root_user::TRANSFORM,
    // Behind all that changes the base image, which has to have the program that asks.
    healthcheck::TRANSFORM,
    sort_packages::TRANSFORM,
    tidy::TRANSFORM,
];
