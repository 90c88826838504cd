//! Which directory is the build context of a Dockerfile that is not told: where everything is that it copies.

use std::path::{Path, PathBuf};

use crate::commands::{Invocation, Tool, Verb, invocations};
use crate::context::ignore::Patterns;
use crate::dockerfile::{Document, Kind};

use super::git;

/// The folder that the repository builds it in, as `said` tells; if it does not say so, the Dockerfile's folder if all
/// that the file copies, and the manifests that it installs from, are there; else the one folder above it, inside of the
/// repository, where they are.
///
/// One at the top of a repository is built there, so that nothing else has to be read.
pub fn context(doc: &Document, folder: &Path, said: impl FnOnce() -> Vec<PathBuf>) -> Option<PathBuf> {
    let needs = Needs::of(doc);
    let top = git::root(folder);
    let full = std::path::absolute(folder).ok()?;
    if !needs.is_nothing() && top.as_ref().is_some_and(|top| *top != full) {
        let said = said();
        let mut met = said.iter().filter(|said| needs.met(said));
        match (&said[..], met.next()) {
            ([], _) => {}
            // What is not there yet is made before it is built.
            ([one], _) => return Some(same(one, folder)),
            (_, found) => return found.filter(|_| met.next().is_none()).map(|found| same(found, folder)),
        }
    }
    if needs.met(folder) {
        return Some(folder.to_path_buf());
    }
    let root = top?;
    let mut above = full.ancestors().skip(1).take_while(|folder| folder.starts_with(&root)).filter(|it| needs.met(it));
    let found = above.next()?.to_path_buf();
    above.next().is_none().then_some(found)
}

/// `found`, as `folder` is written if it is that.
fn same(found: &Path, folder: &Path) -> PathBuf {
    let is = std::fs::canonicalize(folder).is_ok_and(|real| real == found);
    if is { folder.to_path_buf() } else { found.to_path_buf() }
}

/// What a Dockerfile needs of its context.
#[derive(Debug, Default, PartialEq, Eq)]
struct Needs {
    /// Paths, as patterns.
    paths: Vec<String>,
    /// Names of manifests, one of each of which is in one of the folders that are copied.
    manifests: Vec<&'static [&'static str]>,
    /// Files that commands name.
    files: Vec<String>,
    /// Folders that are copied whole.
    folders: Vec<String>,
}

impl Needs {
    fn of(doc: &Document) -> Self {
        let mut needs = Self::default();
        let mut moves = false;
        for (index, instruction) in doc.instructions().iter().enumerate() {
            match &instruction.kind {
                Kind::Copy(it) | Kind::Add(it) if !doc.has_flag(instruction, "from") => {
                    let sources = it.sources.iter().map(|source| doc.word(instruction, *source).into_owned());
                    needs.paths.extend(sources.filter_map(|source| local(&source)));
                }
                Kind::Run(_) => {
                    let Some(script) = doc.script(index) else { continue };
                    moves |= script.text().contains("cd ");
                    for invocation in invocations(script) {
                        needs.command(&invocation);
                    }
                    let mounts = doc.mounts(instruction);
                    let binds = mounts.iter().filter(|mount| &*mount.kind == "bind" && mount.get("from").is_none());
                    let sources = binds.filter_map(|mount| mount.get("source").or_else(|| mount.get("src")));
                    needs.paths.extend(sources.filter_map(local));
                }
                _ => {}
            }
        }
        let (folders, paths) = needs.paths.drain(..).partition(|path| path.is_empty());
        (needs.folders, needs.paths) = (folders, paths);
        if moves {
            // Where its commands run is not followed here.
            needs.manifests.clear();
            needs.files.clear();
        }
        needs
    }

    fn command(&mut self, invocation: &Invocation) {
        if !invocation.literal() || invocation.has(&["-g", "--global", "--prefix", "-C", "--cwd", "-f", "--file"]) {
            return;
        }
        let alone = invocation.operands.is_empty();
        let installs = invocation.verb == Verb::Install;
        let manifests: &'static [&'static str] = match invocation.tool {
            Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun if installs && alone => &["package.json"],
            Tool::Go if matches!(&*invocation.subcommand, "mod download" | "build") => &["go.mod"],
            Tool::Cargo if invocation.verb == Verb::Build => &["Cargo.toml"],
            Tool::Maven => &["pom.xml"],
            Tool::Gradle => &["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"],
            Tool::Bundle if installs => &["Gemfile"],
            Tool::Composer if installs && alone => &["composer.json"],
            Tool::Poetry if installs && alone => &["pyproject.toml"],
            Tool::Pip if installs => {
                let files = invocation.flags.iter().filter(|flag| matches!(&*flag.name, "-r" | "--requirement"));
                let names = files.filter_map(|flag| flag.value.as_ref()?.literal.as_deref());
                self.files.extend(names.filter(|name| !name.starts_with('/')).filter_map(local));
                return;
            }
            _ => return,
        };
        self.manifests.push(manifests);
    }

    /// Whether it would be built in any folder alike.
    fn is_nothing(&self) -> bool {
        self.paths.is_empty() && self.folders.is_empty()
    }

    fn met(&self, folder: &Path) -> bool {
        if !self.paths.iter().all(|path| matches(folder, path)) {
            return false;
        }
        if self.folders.is_empty() {
            return true;
        }
        let mut within: Vec<&str> = vec![""];
        within.extend(self.paths.iter().map(String::as_str));
        let anywhere = |name: &str| {
            let copied = |path: &&str| path.rsplit('/').next() == Some(name.rsplit('/').next().unwrap_or(name));
            within.iter().any(|inside| folder.join(inside).join(name).exists()) || within.iter().any(copied)
        };
        self.files.iter().all(|file| anywhere(file))
            && self.manifests.iter().all(|names| names.iter().any(|name| anywhere(name)))
    }
}

/// A source of the context, without `./` and slashes around it; `None` for one that is not, or not to be told.
fn local(source: &str) -> Option<String> {
    if source.contains(['$', '"', '\'', '\\']) || source.starts_with("<<") || source.contains("://") {
        return None;
    }
    if source.starts_with("git@") {
        return None;
    }
    let names: Vec<&str> = source.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    (!names.contains(&"..")).then(|| names.join("/"))
}

/// Whether something in `folder` has the path `pattern`.
fn matches(folder: &Path, pattern: &str) -> bool {
    let Some(glob) = pattern.find(['*', '?', '[']) else { return folder.join(pattern).symlink_metadata().is_ok() };
    let (inside, rest) =
        pattern[..glob].rsplit_once('/').map_or(("", pattern), |(inside, _)| (inside, &pattern[inside.len() + 1..]));
    let (name, rest) = rest.split_once('/').map_or((rest, None), |(name, rest)| (name, Some(rest)));
    let Some(patterns) = Patterns::parse(name) else { return false };
    let Ok(entries) = std::fs::read_dir(folder.join(inside)) else { return false };
    let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .any(|name| patterns.excludes(&name) && rest.is_none_or(|rest| matches(&folder.join(inside).join(&name), rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path();
        for path in [
            ".git/HEAD",
            "package.json",
            "api/src/main.c",
            "api/docker/Dockerfile",
            "api/requirements.txt",
            "api/a.jar",
            "web/package.json",
            "web/Dockerfile",
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, "").expect("a file");
        }
        for (text, folder, expected) in [
            ("COPY . .", "api/docker", Some("api/docker")),
            ("COPY src/ /src", "api/docker", Some("api")),
            ("COPY api/src /src", "api/docker", Some("")),
            ("COPY *.jar /app.jar", "api/docker", Some("api")),
            ("COPY ap?/src/*.c /", "api/docker", Some("")),
            ("COPY nothing /", "api/docker", None),
            ("COPY --from=x nothing /\nADD https://x/y /\nCOPY $A /", "api/docker", Some("api/docker")),
            ("COPY . .\nRUN pip install -r requirements.txt", "api/docker", Some("api")),
            ("COPY . .\nRUN npm ci", "api/docker", Some("")),
            ("COPY . .\nRUN npm ci", "web", Some("web")),
            ("COPY . .\nRUN npm i -g x", "api/docker", Some("api/docker")),
            ("COPY package.json .\nRUN npm ci", "web", Some("web")),
            ("COPY api .\nRUN pip install -r requirements.txt", "api", Some("")),
            ("COPY . .\nRUN cd x && npm ci", "api", Some("api")),
            ("RUN --mount=type=bind,source=package.json,target=p npm ci", "api", Some("")),
            ("COPY ../x /\nCOPY <<A /b\nx\nA", "api", Some("api")),
        ] {
            let text = format!("FROM a\n{text}\n");
            let found = context(&Document::parse(text.as_str()), &root.join(folder), Vec::new);
            assert_eq!(found, expected.map(|path| root.join(path)), "{text}");
        }
    }

    #[test]
    fn what_is_said_counts() {
        let root = tempfile::tempdir().expect("a folder");
        let root = std::fs::canonicalize(root.path()).expect("a folder");
        for path in [".git/HEAD", "a.py", "api/a.py", "api/Dockerfile", "Dockerfile", "web/b.py"] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, "").expect("a file");
        }
        for (text, folder, said, expected) in [
            ("COPY a.py /", "api", &[][..], Some("api")),
            ("COPY a.py /", "api", &[""], Some("")),
            // Something makes it first.
            ("COPY x.jar /", "api", &[""], Some("")),
            ("COPY b.py /", "api", &["", "web"], Some("web")),
            ("COPY a.py /", "api", &["", "api"], None),
            ("COPY c.py /", "api", &["", "api"], None),
            ("COPY --from=x a /", "api", &[""], Some("api")),
            ("COPY a.py /", "", &["api"], Some("")),
        ] {
            let doc = Document::parse(format!("FROM a\n{text}\n"));
            let said = || said.iter().map(|said| root.join(said).components().collect()).collect();
            let found = context(&doc, &root.join(folder).components().collect::<PathBuf>(), said);
            assert_eq!(found, expected.map(|path| root.join(path).components().collect()), "{text} {folder}");
        }
    }
}
