//! What pip, uv, poetry and pipenv read of a project when they install what it depends on.
//!
//! <https://pip.pypa.io/en/stable/reference/requirements-file-format/>,
//! <https://python-poetry.org/docs/configuration/>, <https://docs.astral.sh/uv/concepts/projects/>,
//! <https://pipenv.pypa.io/en/latest/pipfile.html>

use toml::{Table, Value};

use super::tree::{Needs, Reason, Tree, join};

/// The requirements file at `path`, and all that it names in turn.
///
/// # Errors
/// Why it is more than a list of packages.
pub fn requirements(tree: &Tree<'_>, path: &str) -> Result<Needs, Reason> {
    let mut needs = Needs::default();
    closure(tree, path, &mut needs)?;
    Ok(needs)
}

fn inside(folder: &str, file: &str) -> Result<String, Reason> {
    join(folder, file).ok_or_else(|| format!("{file} is outside of the context").into())
}

fn closure(tree: &Tree<'_>, path: &str, needs: &mut Needs) -> Result<(), Reason> {
    if needs.files.iter().any(|file| file == path) {
        return Ok(());
    }
    if !tree.take(needs, path)? {
        return Err(format!("{path} is not in the context").into());
    }
    let text = tree.text(path)?.unwrap_or_default();
    let here = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for line in lines(&text) {
        let line = line.trim();
        let (option, value) = option(line);
        match option {
            Some("-r" | "--requirement" | "-c" | "--constraint") if value.contains("://") => {}
            Some("-r" | "--requirement" | "-c" | "--constraint") => {
                if value.contains("${") {
                    return Err(format!("{path} names a file by a variable ({line})").into());
                }
                closure(tree, &inside(here, value)?, needs)?;
            }
            Some("-e" | "--editable") if !remote(value) => {
                return Err(format!("{path} installs part of the project (`{line}`)").into());
            }
            Some("-f" | "--find-links") if !value.contains("://") => {
                return Err(format!("{path} looks for packages in a folder (`{line}`)").into());
            }
            Some(_) => {}
            None if is_package(line) => {}
            None => return Err(format!("{path} installs part of the project (`{line}`)").into()),
        }
    }
    Ok(())
}

/// Logical lines: continued ones joined, comments and empty ones dropped.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        if let Some(start) = line.strip_suffix('\\') {
            open += start;
            continue;
        }
        let line = open + line;
        open = String::new();
        let bare = line.find(" #").map_or(&*line, |at| &line[..at]);
        if !bare.trim().is_empty() {
            lines.push(bare.trim().to_owned());
        }
    }
    if !open.trim().is_empty() {
        lines.push(open);
    }
    lines
}

/// An option of a line, and its value.
fn option(line: &str) -> (Option<&str>, &str) {
    if !line.starts_with('-') {
        return (None, line);
    }
    if !line.starts_with("--") && line.len() > 2 && !line[2..].starts_with([' ', '=']) && line.is_char_boundary(2) {
        return (Some(&line[..2]), line[2..].trim());
    }
    let (name, value) = line.split_once([' ', '=']).unwrap_or((line, ""));
    (Some(name), value.trim().trim_matches(['"', '\'']))
}

/// Whether what is installed comes from somewhere else.
fn remote(value: &str) -> bool {
    ["git+", "hg+", "svn+", "bzr+", "http://", "https://"].iter().any(|scheme| value.starts_with(scheme))
        && !value.contains("+file:")
}

/// Whether a requirement is a name with versions, or an address: nothing of the project.
#[must_use]
pub fn is_package(text: &str) -> bool {
    let text = text.split(" --").next().unwrap_or(text);
    let text = text.split(';').next().unwrap_or(text).trim().trim_matches(['"', '\'']);
    let source = text.split_once('@').map_or(text, |(name, source)| {
        let name = name.trim();
        // `name @ https://…`, not `git+ssh://git@…`.
        if name.contains([':', '/']) { text } else { source.trim() }
    });
    if remote(source) {
        return true;
    }
    let archive = [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2"].iter().any(|ending| text.ends_with(ending));
    if source.contains("://") || source.starts_with("file:") || text.contains(['/', '\\', '$']) || archive {
        return false;
    }
    !text.starts_with('.')
}

/// The names of the packages in the text of a requirements file, or in a requirement: in small letters, with dashes.
#[must_use]
pub fn names(text: &str) -> Vec<String> {
    let name = |line: &String| {
        let line = line.trim();
        if line.starts_with('-') || !is_package(line) || remote(line) {
            return None;
        }
        let end = line.find(|char: char| !(char.is_ascii_alphanumeric() || "-_.".contains(char))).unwrap_or(line.len());
        let name = line[..end].to_ascii_lowercase().replace(['_', '.'], "-");
        (!name.is_empty()).then_some(name)
    };
    lines(text).iter().filter_map(name).collect()
}

/// What `uv pip install` reads of `folder` besides.
///
/// # Errors
/// If a folder above may say more.
pub fn uv_settings(tree: &Tree<'_>, folder: &str) -> Result<Needs, Reason> {
    let mut needs = Needs::default();
    let names = ["uv.toml", "pyproject.toml", ".python-version"];
    for name in names {
        tree.take(&mut needs, &inside(folder, name)?)?;
    }
    if let Some(above) = tree.above(folder, &names) {
        return Err(format!("uv may read settings of {}", if above.is_empty() { "the context" } else { &above }).into());
    }
    Ok(needs)
}

/// What a tool that installs a project reads of it for its dependencies alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// What it reads.
    pub needs: Needs,
    /// The project itself is installed, too, which reads its sources.
    pub installs_itself: bool,
}

/// The project of poetry in `folder`.
///
/// # Errors
/// Why more than its manifests is read.
pub fn poetry(tree: &Tree<'_>, folder: &str) -> Result<Project, Reason> {
    let mut needs = Needs::default();
    let manifest = manifest(tree, &mut needs, folder)?;
    for name in ["poetry.lock", "poetry.toml"] {
        tree.take(&mut needs, &inside(folder, name)?)?;
    }
    let poetry = manifest.get("tool").and_then(|tool| tool.get("poetry"));
    let local = poetry.is_some_and(|it| names_path(it, &["path", "file"]))
        || manifest.get("project").is_some_and(|it| it.to_string().contains("file:"));
    if local {
        return Err("pyproject.toml names a folder or file of the project".into());
    }
    if !tree.has(&inside(folder, "poetry.lock")?)? {
        needs.check("without poetry.lock, versions stay as they are until pyproject.toml changes");
    }
    needs.outputs.push(inside(folder, ".venv")?);
    let package_mode = poetry.and_then(|it| it.get("package-mode")).and_then(Value::as_bool).unwrap_or(true);
    Ok(Project { needs, installs_itself: package_mode })
}

/// The project of uv in `folder`.
///
/// # Errors
/// Why more than its manifests is read.
pub fn uv(tree: &Tree<'_>, folder: &str) -> Result<Project, Reason> {
    let mut needs = Needs::default();
    let manifest = manifest(tree, &mut needs, folder)?;
    for name in ["uv.lock", "uv.toml", ".python-version"] {
        tree.take(&mut needs, &inside(folder, name)?)?;
    }
    if let Some(above) = tree.above(folder, &["pyproject.toml", "uv.toml"]) {
        let above = if above.is_empty() { "the context" } else { &above };
        return Err(format!("{folder} may be a member of the workspace {above}").into());
    }
    let uv = manifest.get("tool").and_then(|tool| tool.get("uv"));
    let sources = uv.and_then(|uv| uv.get("sources"));
    if sources.is_some_and(|it| names_path(it, &["path", "workspace"]))
        || uv.is_some_and(|uv| uv.get("workspace").is_some())
    {
        return Err("pyproject.toml names other projects of the context".into());
    }
    if manifest.get("project").is_some_and(|it| it.to_string().contains("file:")) {
        return Err("pyproject.toml names a folder or file of the project".into());
    }
    needs.outputs.push(inside(folder, ".venv")?);
    let package = uv.and_then(|uv| uv.get("package")).and_then(Value::as_bool);
    let installs_itself = package.unwrap_or_else(|| manifest.contains_key("build-system"));
    Ok(Project { needs, installs_itself })
}

/// What pipenv reads in `folder`.
///
/// # Errors
/// Why more than its manifests is read.
pub fn pipenv(tree: &Tree<'_>, folder: &str) -> Result<Needs, Reason> {
    let mut needs = Needs::default();
    let path = inside(folder, "Pipfile")?;
    if !tree.take(&mut needs, &path)? {
        return Err(format!("{path} is not in the context").into());
    }
    if !tree.take(&mut needs, &inside(folder, "Pipfile.lock")?)? {
        needs.check("without Pipfile.lock, versions stay as they are until Pipfile changes");
    }
    let pipfile = tree.toml(&path)?.unwrap_or_default();
    if names_path(&Value::Table(pipfile), &["path", "file"]) {
        return Err("Pipfile names a folder or file of the project".into());
    }
    needs.check("pipenv reads nothing of the project but Pipfile and Pipfile.lock");
    needs.outputs.push(inside(folder, ".venv")?);
    Ok(needs)
}

fn manifest(tree: &Tree<'_>, needs: &mut Needs, folder: &str) -> Result<Table, Reason> {
    let path = inside(folder, "pyproject.toml")?;
    if !tree.take(needs, &path)? {
        return Err(format!("{path} is not in the context").into());
    }
    Ok(tree.toml(&path)?.unwrap_or_default())
}

/// Whether a table somewhere below has one of `keys`, not as an address.
fn names_path(value: &Value, keys: &[&str]) -> bool {
    match value {
        Value::Table(table) => table.iter().any(|(key, value)| {
            let here = keys.contains(&&**key) && !matches!(value, Value::Table(_) | Value::Boolean(false));
            here || names_path(value, keys)
        }),
        Value::Array(items) => items.iter().any(|item| names_path(item, keys)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn closures_of_requirements() {
        for (files, folder, file, expected) in [
            (&[("r.txt", "a==1 # x\n# -e .\nb[x]>=1; python_version>'3'\n")][..], "", "r.txt", "r.txt"),
            (
                &[
                    ("r/prod.txt", "-r base.txt\n--constraint=../c.txt\n"),
                    ("r/base.txt", "a\n-rmore.txt"),
                    ("r/more.txt", "-r base.txt"),
                    ("c.txt", ""),
                ],
                "",
                "r/prod.txt",
                "r/prod.txt r/base.txt r/more.txt c.txt",
            ),
            (
                &[("x/r.txt", "-e git+https://x/y#egg=z\na @ https://x/a.whl\ngit+ssh://git@x/y\nhttps://x/z.zip\n")],
                "x",
                "./r.txt",
                "x/r.txt",
            ),
            (
                &[("r.txt", "--index-url https://x\n--no-binary :all:\n-i https://x\na \\\n  --hash=sha256:ab/c\n")],
                "",
                "r.txt",
                "r.txt",
            ),
        ] {
            let world = Files::of(files);
            let needs =
                requirements(&Tree::of(&world).expect("a context"), &join(folder, file).expect(file)).expect(expected);
            assert_eq!(needs.files.join(" "), expected);
        }
        for (text, reason) in [
            ("-e .", "r.txt installs part of the project (`-e .`)"),
            ("--editable=./x", "r.txt installs part of the project (`--editable=./x`)"),
            (".", "r.txt installs part of the project (`.`)"),
            ("./lib/a", "r.txt installs part of the project (`./lib/a`)"),
            ("lib/a.whl", "r.txt installs part of the project (`lib/a.whl`)"),
            ("a.whl", "r.txt installs part of the project (`a.whl`)"),
            ("a @ file:///app/a", "r.txt installs part of the project (`a @ file:///app/a`)"),
            ("-f wheels", "r.txt looks for packages in a folder (`-f wheels`)"),
            ("-r ../x", "../x is outside of the context"),
            ("-r x", "x is not in the context"),
            ("-r ${X}", "r.txt names a file by a variable (-r ${X})"),
            ("-e git+file:///x", "r.txt installs part of the project (`-e git+file:///x`)"),
        ] {
            let world = Files::of(&[("r.txt", text)]);
            let needs = requirements(&Tree::of(&world).expect("a context"), "r.txt");
            assert_eq!(needs, Err(reason.into()), "{text}");
        }
    }

    #[test]
    fn packages_are_named() {
        let text = "Flask[async]==3 # x\n-r y\nzope.interface>=1\npsycopg2_binary\n./x\na @ https://x/a.whl\ngit+https://x/y\n";
        assert_eq!(names(text), ["flask", "zope-interface", "psycopg2-binary", "a"]);
    }

    #[test]
    fn projects() {
        let of = |files: &[(&str, &str)], tool: fn(&Tree<'_>, &str) -> Result<Project, Reason>| {
            let world = Files::of(files);
            let project = tool(&Tree::of(&world).expect("a context"), "");
            project.map(|it| (it.needs.files.join(" "), it.installs_itself)).map_err(|reason| reason.into_owned())
        };
        let plain = "[project]\nname = 'a'\n";
        let cases = [
            (of(&[("pyproject.toml", plain), ("poetry.lock", "")], poetry), Ok(("pyproject.toml poetry.lock", true))),
            (
                of(&[("pyproject.toml", "[tool.poetry]\npackage-mode = false\n"), ("poetry.lock", "")], poetry),
                Ok(("pyproject.toml poetry.lock", false)),
            ),
            (
                of(&[("pyproject.toml", "[tool.poetry.dependencies]\na = {path = 'a'}\n")], poetry),
                Err("pyproject.toml names a folder or file of the project"),
            ),
            (of(&[("pyproject.toml", plain), ("uv.lock", "")], uv), Ok(("pyproject.toml uv.lock", false))),
            (of(&[("pyproject.toml", "[build-system]\n")], uv), Ok(("pyproject.toml", true))),
            (
                of(&[("pyproject.toml", "[tool.uv.sources]\na = {workspace = true}\n")], uv),
                Err("pyproject.toml names other projects of the context"),
            ),
            (of(&[("x", "")], uv), Err("pyproject.toml is not in the context")),
        ];
        for (found, expected) in cases {
            let expected = expected.map(|(files, own): (&str, bool)| (files.to_owned(), own)).map_err(str::to_owned);
            assert_eq!(found, expected);
        }
    }
}
