//! What Gradle reads of a build when it resolves what its projects depend on: scripts, of which only those are understood
//! that name no other file.
//!
//! <https://docs.gradle.org/current/userguide/directory_layout.html>,
//! <https://docs.gradle.org/current/userguide/multi_project_builds.html>

use super::tree::{Needs, Reason, Tree, join};

/// What `gradle dependencies` reads in `folder`, and of the wrapper.
///
/// # Errors
/// Why more than that may be read.
pub fn resolve(tree: &Tree<'_>, folder: &str, wrapper: bool) -> Result<Needs, Reason> {
    let mut needs = Needs::default();
    let path = |name: &str| join(folder, name).unwrap_or_default();
    let mut projects = Vec::new();
    let mut settled = false;
    let mut scripts = 0;
    for name in ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"] {
        let file = path(name);
        if !tree.take(&mut needs, &file)? {
            continue;
        }
        let text = tree.text(&file)?.unwrap_or_default();
        if name.starts_with("build") {
            scripts += 1;
            script(&file, &text)?;
        } else {
            settled = true;
            projects.extend(settings(&file, &text)?);
        }
    }
    if scripts > 1 || scripts == 0 && projects.is_empty() {
        return Err(format!("{} is not in the context", path("build.gradle")).into());
    }
    if !settled && tree.above(folder, &["settings.gradle", "settings.gradle.kts"]).is_some() {
        return Err("the settings of a folder above count, too".into());
    }
    if projects.len() > MOST {
        return Err(format!("it has more than {MOST} projects, each of which would be a COPY").into());
    }
    for project in &projects {
        // Those that it is in are projects, too.
        let ends = project.match_indices('/').map(|(at, _)| at).chain([project.len()]);
        for end in ends {
            let below = path(&project[..end]);
            let mut any = false;
            for name in ["build.gradle", "build.gradle.kts"] {
                let file = join(&below, name).unwrap_or_default();
                if tree.take(&mut needs, &file)? {
                    any = true;
                    script(&file, &tree.text(&file)?.unwrap_or_default())?;
                }
            }
            // Without its folder, Gradle 9 stops.
            if !any && end == project.len() {
                return Err(format!("the project {project} has no build script of the usual name").into());
            }
            for name in ["gradle.properties", "gradle.lockfile"] {
                tree.take(&mut needs, &join(&below, name).unwrap_or_default())?;
            }
        }
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
    needs.check(if projects.is_empty() {
        "Gradle reads nothing else of the project when it resolves dependencies"
    } else {
        "Gradle reads nothing else of the project when it resolves dependencies, and a new project is added to what is copied here"
    });
    Ok(needs)
}

/// More projects than these are not copied one by one: each is a layer, of which an image can have 127.
const MOST: usize = 24;

/// The folders of the projects that the settings at `path` include.
fn settings(path: &str, text: &str) -> Result<Vec<String>, Reason> {
    let (mut all, mut rest) = (Vec::new(), String::new());
    let mut lines = text.lines().map(|line| line.split("//").next().unwrap_or(line));
    while let Some(line) = lines.next() {
        let named = line.trim_start().strip_prefix("include");
        if !named.is_some_and(|named| named.starts_with([' ', '(', '\'', '"'])) {
            rest += line;
            rest.push('\n');
            continue;
        }
        let mut statement = line.to_owned();
        let open =
            |text: &str| text.trim_end().ends_with([',', '(']) || text.matches('(').count() > text.matches(')').count();
        while open(&statement) {
            let Some(more) = lines.next() else { break };
            statement += more;
        }
        // Every second piece is between quotes.
        let statement = statement.replace('"', "'");
        let pieces: Vec<&str> = statement.trim_start().trim_start_matches("include").split('\'').collect();
        let plain = |text: &&str| text.chars().all(|it| it.is_whitespace() || matches!(it, ',' | '(' | ')' | ';'));
        if pieces.len().is_multiple_of(2) || pieces.len() < 3 || !pieces.iter().step_by(2).all(plain) {
            return Err(format!("{path} includes projects that a program names").into());
        }
        for name in pieces.iter().skip(1).step_by(2) {
            if name.contains(['$', '/', '\\', '.']) {
                return Err(format!("{path} includes projects that a program names").into());
            }
            let folder = name.trim_matches(':').replace(':', "/");
            if !folder.is_empty() && !all.contains(&folder) {
                all.push(folder);
            }
        }
    }
    script(path, &rest)?;
    Ok(all)
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
            return Err(format!("{path} may read more (`{word}`)").into());
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
                Err("the project app has no build script of the usual name"),
            ),
            (
                &[
                    (
                        "settings.gradle.kts",
                        "rootProject.name = \"a\"\ninclude(\n  \":app\", // first\n  \":libs:core\",\n)\n",
                    ),
                    ("app/build.gradle.kts", "dependencies { implementation(project(\":libs:core\")) }"),
                    ("libs/core/build.gradle", ""),
                    ("libs/core/gradle.properties", ""),
                ],
                false,
                Ok("settings.gradle.kts app/build.gradle.kts libs/core/build.gradle libs/core/gradle.properties | "),
            ),
            (
                &[("build.gradle", ""), ("settings.gradle", "include 'a'\nincludeBuild 'b'"), ("a/build.gradle", "")],
                false,
                Err("settings.gradle may read more (`include`)"),
            ),
            (
                &[("build.gradle", ""), ("settings.gradle", "include names as String[]")],
                false,
                Err("settings.gradle includes projects that a program names"),
            ),
            (
                &[
                    ("build.gradle", ""),
                    ("settings.gradle", "include 'a'"),
                    ("a/build.gradle", "apply from: '../x.gradle'"),
                ],
                false,
                Err("a/build.gradle may read more (`apply from`)"),
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
