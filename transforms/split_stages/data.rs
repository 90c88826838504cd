//! What of the context the program may read when it runs.

use super::Reason;
use super::edit::{Copy, Plan};
use super::original::{Original, holds, placed};
use crate::context::sources::{self, Contents, Language};
use crate::transform::copied::is_of_the_system;

/// The folders that are copied, with where to and what is in them; the files that are copied alone come last, without.
pub fn contents(it: &Original<'_>, language: &Language) -> Result<Vec<(String, String, Contents)>, Reason> {
    let mut all = Vec::new();
    let mut alone = Contents::default();
    for copy in &it.brought {
        if let Some((folder, to)) = &copy.folder {
            all.push((folder.clone(), to.clone(), sources::contents(&it.tree, folder, language)?));
        }
        for (path, _) in copy.files.iter().filter(|(path, _)| language.is_source(path)) {
            alone.sources.push((path.clone(), it.tree.text(path)?.unwrap_or_default()));
        }
    }
    all.push((String::new(), String::new(), alone));
    Ok(all)
}

/// Has the plan copy what the program may read: `embedded` is in it already, `said` are strings that may name files.
pub fn keep(
    it: &Original<'_>,
    plan: &mut Plan,
    contents: &[(String, String, Contents)],
    language: &Language,
    embedded: &dyn Fn(&str) -> bool,
    said: &[&str],
) -> Result<(), Reason> {
    let mut left: Vec<String> = Vec::new();
    let of_tools = |path: &str| path.split('/').any(|name| language.manifests.contains(&name));
    for (folder, to, contents) in contents.iter().filter(|(folder, to, _)| !to.is_empty() && !of_tools(folder)) {
        let others = it.brought.iter().flat_map(|copy| copy.folder.iter().chain(&copy.files));
        let alone = !folder.is_empty()
            && others.into_iter().filter(|(_, other)| holds(to, other)).count() == 1
            && !holds(to, &it.workdir)
            && !is_of_the_system(to);
        let data = sources::data(&it.tree, contents, folder, embedded, said, alone)?;
        for (paths, is_folder) in [(&data.files, false), (&data.folders, true)] {
            for path in paths {
                plan.copy(Copy::same(placed(folder, to, path).ok_or("where a file goes is not known")?, is_folder));
            }
        }
        for path in data.left {
            if !left.contains(&path) {
                left.push(path);
            }
        }
    }
    for (path, place) in it.brought.iter().flat_map(|copy| &copy.files) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let tool = language.manifests.contains(&name) || language.is_source(path) || embedded(path);
        let inside = contents.iter().any(|(folder, to, _)| {
            !to.is_empty() && holds(to, place) && placed(folder, to, path).as_deref() == Some(place)
        });
        if !tool && !inside {
            plan.copy(Copy::same(place.clone(), false));
        }
    }
    if !left.is_empty() {
        plan.check(format!("nothing of {} is read at run time", left.join(", ")));
    }
    Ok(())
}
