//! See README.md: what a reference to a base image leaves open, and what the registry knows.

use crate::dockerfile::{Base, Kind};
use crate::images::{Reference, identify, life};
use crate::source::Edit;
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const PIN: &str = "a tag names another image tomorrow; with its digest, today's build can be had again";
const CHECK: &str =
    "something keeps the digest up to date (Renovate, Dependabot): a pinned base gets no fixes by itself";

fn find(view: &View<'_>) -> Vec<Finding> {
    (0..view.doc.stages().len()).filter_map(|stage| finding(view, stage)).collect()
}

fn finding(view: &View<'_>, stage: usize) -> Option<Finding> {
    let index = view.doc.stages()[stage].instructions.start;
    let Base::Image(name) = &view.graph().bases()[stage] else { return None };
    let reference = Reference::parse(name).ok()?;
    let instruction = view.instruction(index);
    let Kind::From(from) = &instruction.kind else { return None };
    let written = view.doc.word(instruction, from.image);
    let open = reference.tag().is_none() && reference.digest().is_none();
    let tagged = if open { format!("{name}:latest") } else { name.clone() };
    if reference.digest().is_none()
        && let Some(digest) = view.world.digest(&tagged)
    {
        let held = |reason: &'static str| Some(Finding::held(vec![index], PIN, reason));
        if *written != **name {
            return held("a build argument chooses the image");
        }
        if *view.doc.slice(from.image.span) != *written {
            return held("the image is not written plainly");
        }
        let pinned = format!("{tagged}@{digest}");
        if Reference::parse(&pinned).ok()?.digest().is_none_or(|digest| !digest.starts_with("sha256:")) {
            return held("the registry told no SHA-256 digest");
        }
        let edit = Edit::replace(view.doc.text(), from.image.span, pinned);
        let change = Change::new([edit], [Promise::Base]).ok()?;
        return Some(Finding::review(vec![index], advice(view, name).unwrap_or_else(|| PIN.into()), CHECK, change));
    }
    Some(Finding::advice(vec![index], advice(view, name)?))
}

/// What is to be said of a base image, whatever the registry knows.
fn advice(view: &View<'_>, name: &str) -> Option<String> {
    let reference = Reference::parse(name).ok()?;
    let familiar = reference.familiar();
    if let Some(replacement) = life::replacement(&familiar) {
        return Some(format!("nobody updates {familiar} any more: {replacement} takes its place"));
    }
    if let Some(ended) = identify(name, &view.settings.images).and_then(|image| life::ended(&image)) {
        return Some(format!("{} has had no fixes since {}: take a release that gets them", ended.name, ended.month));
    }
    if reference.digest().is_some() {
        return None;
    }
    // Its tags are `latest` and `nonroot`: the version is in the name.
    if familiar.starts_with("gcr.io/distroless/") && familiar.contains("-debian") {
        return None;
    }
    let moving = match reference.tag() {
        None => format!("{name} without a tag is the latest there is"),
        Some("latest") => format!("{name} is the latest there is"),
        Some(_) => return None,
    };
    Some(format!("{moving}, and another one tomorrow: name a version"))
}
