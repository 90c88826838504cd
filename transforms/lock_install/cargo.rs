//! Cargo: `--locked`.

use super::{Call, Locked, Reason, beside};
use crate::context::{Tree, lock};
use crate::transform::paths;

/// Flags with which the lock file is spoken of, or nothing is built.
const SAID: &[&str] =
    &["--locked", "--frozen", "--git", "--help", "-h", "--version", "-V", "--list", "--dry-run", "-Z"];

/// The command as it is held to `Cargo.lock`; `None` if it is no case.
pub fn locked(call: &Call<'_>, tree: Option<&Tree<'_>>) -> Option<Result<Locked, Reason>> {
    let it = call.it;
    let builds = matches!(&*it.subcommand, "build" | "b" | "check" | "c" | "test" | "t" | "fetch");
    let installs = call.installs_a_path();
    if !(builds || installs) || it.has(SAID) || !it.operands.is_empty() {
        return None;
    }
    locked_by(call, tree, installs).transpose()
}

fn locked_by(call: &Call<'_>, tree: Option<&Tree<'_>>, installs: bool) -> Result<Option<Locked>, Reason> {
    let it = call.it;
    let tree = tree.ok_or("the build context is not known")?;
    if it.has(&["-C", "--lockfile-path", "--config"]) {
        return Err("what its options make of it is not known".into());
    }
    let mut folder = call.folder(if installs { &["--path"] } else { &[] })?;
    if let Some(manifest) = it.value(&["--manifest-path"]) {
        let place = manifest.literal.as_deref().and_then(|path| path.strip_suffix("Cargo.toml"));
        let place = place.and_then(|place| paths::join(Some(&folder), place));
        folder = place.ok_or("which package it builds is not known")?;
    }
    let Some((manifest, lock)) = call.files(tree, &folder, "Cargo.toml", &["Cargo.lock"])? else { return Ok(None) };
    if !call.decides() {
        return Err("what happens when it fails is up to a list or loop that it stands in".into());
    }
    if let Some(difference) = lock::cargo::difference(tree, beside(&manifest))? {
        return Err(format!("{lock} is not that of Cargo.toml: {difference}").into());
    }
    call.alone(&folder, |it| matches!(&*it.subcommand, "add" | "remove" | "update" | "generate-lockfile"))?;
    let (edit, promise) = call.flagged("--locked").ok_or("its words are not in the file as they are run")?;
    let how = format!("cargo {} --locked", it.subcommand);
    let check = if installs {
        format!(
            "the versions of {lock} are those that are wanted, and it is kept up to date with Cargo.toml: `{how}` fails where it is not"
        )
    } else {
        format!("{lock} is kept up to date with Cargo.toml: `{how}` fails where it is not")
    };
    Ok(Some(Locked { edit, promise, check }))
}
