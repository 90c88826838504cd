//! With `--verify`: what is to be opened is built first, from what the default branch holds. What does not survive is left
//! out, and what was measured is said.

use crate::context::ignore::Patterns;
use crate::edge::engine::BuildFlags;
use crate::edge::project::Projects;
use crate::edge::prove::{Bench, TestFlags};
use crate::edge::{Failure, printable, verify};

use super::checkout::Checkout;
use super::plan::{Ask, Looked, Looks, look, subject};

/// What the build has no use for.
const TOKENS: &[&str] = &["GITHUB_TOKEN", "GH_TOKEN", "DOCKWRIGHT_APP_ID", "DOCKWRIGHT_APP_KEY"];

/// Proves what was found out of the Dockerfiles that are `wanted`.
pub fn all(
    checkout: &mut Checkout<'_>,
    looks: &mut Looks,
    wanted: &dyn Fn(&str) -> bool,
    ask: &Ask<'_>,
    reviews: bool,
) -> Result<(), Failure> {
    for it in std::mem::take(&mut looks.looked) {
        if !it.outcome.changes() || !wanted(&it.path) {
            looks.looked.push(it);
            continue;
        }
        match one(checkout, &it.path, ask, reviews) {
            Ok((proven, rejected)) => {
                let first = |text: &String| format!("{}: {}", it.path, text.lines().next().unwrap_or_default().trim());
                looks.notes.extend(rejected.iter().map(|text| printable(&first(text)).into_owned()));
                looks.looked.push(proven);
            }
            Err(failure) => {
                let root = format!("{}/", checkout.root().display());
                let message = failure.message.lines().next().unwrap_or_default().replace(&root, "");
                let name = format!("{}: ", it.path);
                let message = message.strip_prefix(&name).unwrap_or(&message);
                looks.notes.push(format!("not handled: {name}{}", printable(message)));
                looks.failed.push(it.path);
            }
        }
    }
    Ok(())
}

/// What survives of the changes to the Dockerfile at `path`, and what was taken back.
fn one(checkout: &Checkout<'_>, path: &str, ask: &Ask<'_>, reviews: bool) -> Result<(Looked, Vec<String>), Failure> {
    let (projects, shared) = (Projects::default(), ask.registries.afresh().below(checkout.root()));
    let unknown =
        || Failure::new(format!("{path}: its build context is not known"), "build it by hand: dockwright verify");
    let subject = subject(checkout, path, ask.flags, reviews, &projects, &shared)?.ok_or_else(unknown)?;
    let context = subject.context.as_ref().ok_or_else(unknown)?;
    let context = std::fs::canonicalize(context).map_err(|_| unknown())?;
    let inside = checkout.inside(&context).ok_or_else(unknown)?;
    let ignore = subject.ignore_text().unwrap_or_default();
    let ignored = Patterns::parse(&ignore).unwrap_or_default();
    let folder = checkout.context(&inside, &ignored)?;
    let build = BuildFlags { without: TOKENS.to_vec(), ..BuildFlags::default() };
    let bench = Bench::new(&subject.path, subject.doc.text(), folder.path(), build, TestFlags::default())?;
    let (survivors, measured) = verify::measured(&subject, &bench, path)?;
    bench.engine.finish();
    let mut looked = look(checkout, path, &subject, survivors.outcome)?;
    looked.measured = measured;
    Ok((looked, survivors.rejected))
}
