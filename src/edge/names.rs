//! Names that a person types: whether a transform is called so, and what was probably meant.

use crate::transforms::ALL;

use super::Failure;

/// Whether a transform is called so.
pub fn exists(name: &str) -> bool {
    ALL.iter().any(|transform| transform.name() == name)
}

/// That no transform is called so; behind the semicolon, what to do about it.
pub fn unknown(name: &str) -> String {
    let near = nearest(name, ALL.iter().map(crate::transform::Transform::name));
    let hint = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    format!("no transform is called `{name}`; {hint}`dockwright explain` lists them all")
}

/// Refuses names that no transform has.
pub fn check<'n>(names: impl IntoIterator<Item = &'n String>) -> Result<(), Failure> {
    match names.into_iter().find(|name| !exists(name)) {
        Some(name) => {
            let unknown = unknown(name);
            let (message, help) = unknown.split_once("; ").unwrap_or((&unknown, ""));
            Err(Failure::new(message, help))
        }
        None => Ok(()),
    }
}

/// The candidate that `name` is probably a misspelling of.
pub fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let far = name.chars().count().max(3) / 3;
    let distances = candidates.map(|candidate| (strsim::osa_distance(name, candidate), candidate));
    distances.filter(|(distance, _)| *distance <= far).min_by_key(|(distance, _)| *distance).map(|(_, it)| it)
}
