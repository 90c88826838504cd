//! What Gradle reads of a build of one project when it resolves what the project depends on: scripts, of which only those
//! are understood that name no other file.
//!
//! <https://docs.gradle.org/current/userguide/directory_layout.html>

use super::tree::{Needs, Reason, Tree, join};

/// What `gradle dependencies` reads in `folder`, and of the wrapper.
///
/// # Errors
/// Why more than that may be read.
pub fn resolve(tree: &Tree<'_>, folder: &str, wrapper: bool) -> Result<Needs, Reason> {
    let mut needs = Needs::default();
    let path = |name: &str| join(folder, name).unwrap_or_default();
    let mut scripts = 0;
    for name in ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"] {
        let file = path(name);
        if !tree.take(&mut needs, &file)? {
            continue;
        }
        scripts += usize::from(name.starts_with("build"));
        script(&file, &tree.text(&file)?.unwrap_or_default())?;
    }
    if scripts != 1 {
        return Err(format!("{} is not in the context", path("build.gradle")).into());
    }
    for name in ["gradle.properties", "gradle.lockfile", "buildscript-gradle.lockfile", "settings-gradle.lockfile"] {
        tree.take(&mut needs, &path(name))?;
    }
    if wrapper && !tree.take(&mut needs, &path("gradlew"))? {
        return Err("gradlew is not in the context".into());
    }
    tree.take_folder(&mut needs, &path("gradle"))?;
    if tree.has_folder(&path("buildSrc")) {
        return Err("buildSrc is compiled before anything else".into());
    }
    needs.outputs.push(path(".gradle"));
    needs.check("Gradle reads nothing else of the project when it resolves dependencies");
    Ok(needs)
}

/// Words with which a script reads another file, or has other projects.
const READS: &[&str] = &[
    "include",
    "apply from",
    "apply(from",
    "file(",
    "files(",
    "fileTree",
    "File(",
    "File.",
    "flatDir",
    "project(\":",
    "project(':",
    "rootDir",
    "projectDir",
    "rootProject.file",
    "exec",
    "Exec",
    "Properties()",
    "readText",
    "readLines",
    "getText",
    "git",
    "mavenLocal",
    "load(",
    "from(",
    "uri(",
];

fn script(path: &str, text: &str) -> Result<(), Reason> {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or(line));
    for line in lines {
        if let Some(word) = READS.iter().find(|word| line.contains(**word)) {
            return Err(format!("{path} may read more, or has other projects (`{word}`)").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn what_is_read() {
        for (files, wrapper, expected) in [
            (&[("build.gradle", "plugins { id 'java' }")][..], false, Ok("build.gradle | ")),
            (
                &[
                    ("build.gradle.kts", "plugins { java }"),
                    ("settings.gradle.kts", "rootProject.name = \"a\""),
                    ("gradlew", ""),
                    ("gradle/wrapper/gradle-wrapper.properties", ""),
                ],
                true,
                Ok("build.gradle.kts settings.gradle.kts gradlew | gradle"),
            ),
            (
                &[("build.gradle", ""), ("settings.gradle", "include 'app'")],
                false,
                Err("settings.gradle may read more, or has other projects (`include`)"),
            ),
            (
                &[("build.gradle", ""), ("buildSrc/build.gradle", "")],
                false,
                Err("buildSrc is compiled before anything else"),
            ),
            (&[("x", "")], false, Err("build.gradle is not in the context")),
            (&[("build.gradle", "")], true, Err("gradlew is not in the context")),
        ] {
            let world = Files::of(files);
            let found = resolve(&Tree::of(&world).expect("a context"), "", wrapper);
            let found = found.map(|it| format!("{} | {}", it.files.join(" "), it.folders.join(" ")));
            assert_eq!(found, expected.map(str::to_owned).map_err(Reason::from), "{files:?}");
        }
    }
}
