//! Composer: `install` for `update`.

use super::{Call, Locked, Reason, beside};
use crate::commands::Verb;
use crate::context::{Tree, lock};

/// Flags of `composer update` that mean the same for `composer install`.
/// <https://getcomposer.org/doc/03-cli.md#install-i>
#[rustfmt::skip]
const FLAGS: &[&str] = &[
    "-d", "--working-dir", "--no-dev", "--no-scripts", "--no-plugins", "--no-autoloader", "--no-progress", "--prefer-dist",
    "--prefer-source", "--prefer-install", "--ignore-platform-reqs", "--ignore-platform-req", "-o",
    "--optimize-autoloader", "-a", "--classmap-authoritative", "--apcu-autoloader", "-n", "--no-interaction", "-q",
    "--quiet", "-v", "--verbose", "--ansi", "--no-ansi", "--profile", "--no-cache", "--no-suggest", "--dev",
];

/// `composer update` as `composer install`; `None` if it is no case.
pub fn locked(call: &Call<'_>, tree: Option<&Tree<'_>>) -> Option<Result<Locked, Reason>> {
    let it = call.it;
    // What is named is to be brought up to date.
    if !matches!(&*it.subcommand, "update" | "u" | "upgrade") || !it.operands.is_empty() {
        return None;
    }
    locked_by(call, tree).transpose()
}

fn locked_by(call: &Call<'_>, tree: Option<&Tree<'_>>) -> Result<Option<Locked>, Reason> {
    let it = call.it;
    let tree = tree.ok_or("the build context is not known")?;
    let folder = call.folder(&["-d", "--working-dir"])?;
    let Some((manifest, lock)) = call.files(tree, &folder, "composer.json", &["composer.lock"])? else {
        return Ok(None);
    };
    if let Some(flag) = it.flags.iter().find(|flag| !FLAGS.contains(&&*flag.name)) {
        return Err(format!("what {} means where the lock file counts is not known", flag.name).into());
    }
    if call.is_set("COMPOSER") {
        return Err("COMPOSER names another file".into());
    }
    if !call.decides() {
        return Err("what happens when it fails is up to a list or loop that it stands in".into());
    }
    if let Some(difference) = lock::composer::difference(tree, beside(&manifest))? {
        return Err(format!("{lock} is not that of composer.json: {difference}").into());
    }
    call.alone(&folder, |it| {
        let names = it.verb == Verb::Install && !it.operands.is_empty();
        names || matches!(it.verb, Verb::Remove | Verb::Configure)
    })?;
    let (edit, promise) = call.renamed("install").ok_or("its words are not in the file as they are run")?;
    let check = format!(
        "the versions of {lock} are those that are wanted, and they are for the PHP of the image: `composer install` fails \
         where they are not"
    );
    Ok(Some(Locked { edit, promise, check }))
}
