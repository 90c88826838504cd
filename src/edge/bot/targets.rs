//! Which repositories a run is about.

use ignore::gitignore::GitignoreBuilder;

use crate::edge::Failure;
use crate::edge::arguments::Bot;
use crate::edge::forge::{Repositories as _, split};

use super::access::Access;

/// The repositories, each once, in the order in which they are named.
pub fn find(arguments: &Bot, access: &mut Access) -> Result<Vec<String>, Failure> {
    let mut named: Vec<String> = arguments.repositories.clone();
    if let Some(path) = &arguments.from {
        let text = if path.as_os_str() == "-" {
            std::io::read_to_string(std::io::stdin().lock())
        } else {
            std::fs::read_to_string(path)
        };
        let text = text.map_err(|error| Failure::new(format!("{}: {error}", path.display()), "name a list"))?;
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        named.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
    }
    for name in &named {
        split(name)?;
    }
    for owner in &arguments.org {
        for listed in access.at(owner)?.of(owner)? {
            let topic = |topic: &String| listed.topics.contains(topic);
            if !listed.archived && !listed.fork && arguments.topic.iter().all(topic) {
                named.push(listed.name);
            }
        }
    }
    let mut exclude = GitignoreBuilder::new("");
    let bad = |error: ignore::Error| Failure::new(format!("--exclude: {error}"), "it is written as in .gitignore");
    for glob in &arguments.exclude {
        exclude.add_line(None, glob).map_err(bad)?;
    }
    let exclude = exclude.build().map_err(bad)?;
    let mut seen = std::collections::HashSet::new();
    named.retain(|name| seen.insert(name.to_ascii_lowercase()) && !exclude.matched(name, false).is_ignore());
    if named.is_empty() {
        return Err(Failure::new("no repository is named", "name some: dockwright bot OWNER/NAME, or --org ORG"));
    }
    Ok(named)
}
