//! What Maven and Gradle say of the jar that they make.
//!
//! <https://maven.apache.org/shared/maven-archiver/examples/classpath.html>,
//! <https://docs.gradle.org/current/dsl/org.gradle.api.tasks.bundling.Jar.html>

use super::Look;
use super::tree::{Reason, Tree, join};

/// The files by which Maven and Gradle know a project.
const MANIFESTS: &[&str] = &["pom.xml", "build.gradle", "build.gradle.kts"];

/// The manifest in or below `folder`, not deeper than two folders, that has a jar name others that lie beside it, if one does.
///
/// # Errors
/// If that is not known, or there is no manifest.
pub fn names_others(tree: &Tree<'_>, folder: &str) -> Result<Option<String>, Reason> {
    let mut folders = vec![(folder.to_owned(), 0)];
    let mut any = false;
    while let Some((folder, depth)) = folders.pop() {
        for name in tree.names(&folder)? {
            let Some(path) = join(&folder, &name) else { continue };
            if MANIFESTS.contains(&&*name) {
                any = true;
                let text = tree.text(&path)?.unwrap_or_default();
                if ["addClasspath", "Class-Path", "classpathPrefix", "copy-dependencies"]
                    .iter()
                    .any(|it| text.contains(it))
                {
                    return Ok(Some(path));
                }
            } else if depth < 2 && tree.world().look(&path) == Some(Look::Directory) && !name.starts_with('.') {
                folders.push((path, depth + 1));
            }
        }
    }
    if any { Ok(None) } else { Err("no pom.xml or build.gradle is in the context".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn jars_that_name_others() {
        for (files, expected) in [
            (&[("pom.xml", "<project/>")][..], Ok(None)),
            (&[("pom.xml", ""), ("app/build.gradle", "'Class-Path': 'lib'")], Ok(Some("app/build.gradle"))),
            (&[("x", "")], Err("no pom.xml or build.gradle is in the context")),
        ] {
            let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
            let world = Files { files, ..Files::default() };
            let found = names_others(&Tree::of(&world).expect("a context"), "");
            assert_eq!(found, expected.map(|it: Option<&str>| it.map(str::to_owned)).map_err(Reason::from));
        }
    }
}
