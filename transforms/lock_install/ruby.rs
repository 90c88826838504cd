//! Bundler: a variable of the command alone, which leaves no setting in the image.

use super::{Call, Locked, Reason, beside};
use crate::commands::Verb;
use crate::context::{Tree, lock};
use crate::source::Edit;
use crate::transform::Promise;
use crate::transform::brought::standing;
use crate::transform::paths;

/// <https://bundler.io/man/bundle-config.1.html>: `frozen`
const FROZEN: &str = "BUNDLE_FROZEN=true";

/// `bundle install` as it is held to `Gemfile.lock`; `None` if it is no case.
pub fn locked(call: &Call<'_>, tree: Option<&Tree<'_>>) -> Option<Result<Locked, Reason>> {
    const SAID: &[&str] = &["--frozen", "--no-frozen", "--deployment", "--no-deployment", "--help", "-h", "--version"];
    let it = call.it;
    let word = |word: &str| ["frozen", "deployment"].contains(&word);
    let configured = call.earlier().iter().any(|(_, it, _)| it.verb == Verb::Configure && it.literals().any(word));
    let said =
        it.has(SAID) || ["BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"].iter().any(|name| call.is_set(name)) || configured;
    if !matches!(&*it.subcommand, "" | "install" | "i") || !it.operands.is_empty() || said {
        return None;
    }
    locked_by(call, tree).transpose()
}

fn locked_by(call: &Call<'_>, tree: Option<&Tree<'_>>) -> Result<Option<Locked>, Reason> {
    let it = call.it;
    let tree = tree.ok_or("the build context is not known")?;
    let folder = call.folder(&[])?;
    let Some((manifest, lock)) = call.files(tree, &folder, "Gemfile", &["Gemfile.lock"])? else { return Ok(None) };
    let settings = paths::join(Some(&folder), ".bundle/config").unwrap_or_default();
    if let Some(settings) = standing(call.view, tree, call.index, &settings)? {
        let text = tree.text(&settings)?.unwrap_or_default();
        if text.contains("BUNDLE_FROZEN") || text.contains("BUNDLE_DEPLOYMENT") {
            return Ok(None);
        }
    }
    if call.is_set("BUNDLE_GEMFILE") || it.has(&["--gemfile", "--local", "--system", "--standalone"]) {
        return Err("what its options make of it is not known".into());
    }
    if !call.decides() {
        return Err("what happens when it fails is up to a list or loop that it stands in".into());
    }
    if let Some(difference) = lock::bundler::difference(tree, beside(&manifest))? {
        return Err(format!("{lock} is not that of Gemfile: {difference}").into());
    }
    call.alone(&folder, |it| matches!(&*it.subcommand, "lock" | "update" | "add" | "remove" | "init"))?;
    let at = call.script.map().before(call.simple.span.start).ok_or("its words are not in the file as they are run")?;
    let edit = Edit::insert(at, format!("{FROZEN} "));
    let check = format!("{lock} is kept up to date with Gemfile: a frozen `bundle install` fails where it is not");
    Ok(Some(Locked { edit, promise: Promise::Flag(FROZEN.into()), check }))
}
