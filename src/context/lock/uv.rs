//! Whether `uv.lock` is that of `pyproject.toml`: it names what the project asks for.
//!
//! <https://docs.astral.sh/uv/concepts/projects/sync/#checking-the-lockfile>

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::context::development::normal;
use crate::context::tree::{Reason, Tree, join};

/// In what `uv.lock` in `folder` differs from `pyproject.toml`, in words; `None` if it is that of it.
///
/// # Errors
/// If that is not known.
pub fn difference(tree: &Tree<'_>, folder: &str) -> Result<Option<String>, Reason> {
    let read = |name: &str| -> Result<Table, Reason> {
        let path = join(folder, name).unwrap_or_default();
        tree.toml(&path)?.ok_or_else(|| format!("there is no {path} in the context").into())
    };
    let (manifest, lock) = (read("pyproject.toml")?, read("uv.lock")?);
    let project = manifest.get("project").and_then(Value::as_table).ok_or("pyproject.toml has no project")?;
    let uv =
        manifest.get("tool").and_then(|tool| tool.get("uv")).and_then(Value::as_table).cloned().unwrap_or_default();
    if uv.contains_key("workspace") || tree.above(folder, &["pyproject.toml"]).is_some() {
        return Err("pyproject.toml is one of a workspace, each with a manifest of its own".into());
    }
    let computed = project.get("dynamic").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    if let Some(field) = computed.into_iter().find(|field| field.ends_with("dependencies")) {
        return Err(format!("a program computes the {field} of pyproject.toml").into());
    }
    let name = normal(project.get("name").and_then(Value::as_str).unwrap_or_default());
    let packages = lock.get("package").and_then(Value::as_array).into_iter().flatten();
    let own = packages.filter(|it| it.get("name").and_then(Value::as_str).map(normal).as_ref() == Some(&name));
    let own = own.into_iter().find(|it| {
        it.get("source")
            .is_some_and(|source| ["editable", "virtual", "directory"].iter().any(|key| source.get(*key).is_some()))
    });
    let Some(own) = own else { return Ok(Some(format!("it has no `{name}`, the project itself"))) };
    let version = |of: &Value| of.get("version").and_then(Value::as_str).map(str::to_owned);
    if let (Some(locked), Some(asked)) = (version(own), project.get("version").and_then(Value::as_str))
        && locked != asked
    {
        return Ok(Some(format!("it is for version {locked}, and pyproject.toml is of {asked}")));
    }
    let texts = |list: Option<&Value>| -> Vec<String> {
        let list = list.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut asked = texts(project.get("dependencies"));
    let extras = project.get("optional-dependencies").and_then(Value::as_table).into_iter().flat_map(Table::values);
    asked.extend(extras.flat_map(|list| texts(Some(list))));
    let metadata = own.get("metadata");
    let locked = |value: Option<&Value>| -> Vec<Requirement> {
        value.and_then(Value::as_array).into_iter().flatten().filter_map(Requirement::locked).collect()
    };
    let has = |field: &str| metadata.and_then(|metadata| metadata.get(field));
    if let Some(difference) = differs(&asked, &locked(has("requires-dist"))) {
        return Ok(Some(difference));
    }
    let groups = manifest.get("dependency-groups").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let mut development: Vec<String> = groups.flat_map(|list| texts(Some(list))).collect();
    development.extend(texts(uv.get("dev-dependencies")));
    let groups = has("requires-dev").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let groups: Vec<Requirement> = groups.flat_map(|list| locked(Some(list))).collect();
    Ok(differs(&development, &groups))
}

/// A package that is asked for, with the clauses of its version; `None` for those where it is taken from elsewhere.
struct Requirement {
    name: String,
    clauses: Option<BTreeSet<String>>,
}

impl Requirement {
    /// `name[extra]>=1,<2 ; marker`, `name @ address`
    /// <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>
    fn of(text: &str) -> Self {
        let text = text.split(';').next().unwrap_or_default();
        let end = text.find(|it: char| "[<>=!~@( ".contains(it)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let rest = rest.trim_start();
        let rest = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(rest, |(_, rest)| rest);
        let rest = rest.trim().trim_start_matches('(').trim_end_matches(')');
        Self { name: normal(name), clauses: (!rest.starts_with('@')).then(|| clauses(rest)) }
    }

    /// `{ name = "x", specifier = ">=1" }`
    fn locked(value: &Value) -> Option<Self> {
        let elsewhere = ["git", "url", "path", "directory", "editable", "virtual"];
        let specifier = value.get("specifier").and_then(Value::as_str).unwrap_or_default();
        let clauses = elsewhere.iter().all(|key| value.get(*key).is_none()).then(|| clauses(specifier));
        Some(Self { name: normal(value.get("name")?.as_str()?), clauses })
    }
}

fn clauses(text: &str) -> BTreeSet<String> {
    let clauses = text.split(',').map(|clause| clause.chars().filter(|it| !it.is_whitespace()).collect::<String>());
    clauses.filter(|clause| !clause.is_empty()).collect()
}

fn differs(asked: &[String], locked: &[Requirement]) -> Option<String> {
    let parsed: Vec<Requirement> = asked.iter().map(|text| Requirement::of(text)).collect();
    for (one, text) in parsed.iter().zip(asked) {
        let mut of_name = locked.iter().filter(|other| other.name == one.name).peekable();
        if of_name.peek().is_none() {
            return Some(format!("it has no `{}`, which pyproject.toml asks for", text.trim()));
        }
        let fits = |other: &Requirement| match (&one.clauses, &other.clauses) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        if !of_name.any(fits) {
            return Some(format!("it is for another version than `{}` of pyproject.toml", text.trim()));
        }
    }
    let left = locked.iter().find(|other| !parsed.iter().any(|one| one.name == other.name));
    left.map(|other| format!("it has `{}`, and pyproject.toml has not", other.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn differences() {
        let manifest = "[project]\nname = 'My_App'\nversion = '1.0'\ndependencies = ['Flask[async]>=3, <4', \"x ; python_version > '3'\", 'g @ git+https://x/g']\n[project.optional-dependencies]\nmore = ['m~=1.2']\n[dependency-groups]\ndev = ['pytest>=8', {include-group = 'lint'}]\nlint = ['ruff']\n";
        let own = |version: &str, dist: &str, dev: &str| {
            format!(
                "version = 1\n[[package]]\nname = 'my-app'\nversion = '{version}'\nsource = {{ virtual = '.' }}\n[package.metadata]\nrequires-dist = [{dist}]\n[package.metadata.requires-dev]\ndev = [{dev}, {{ name = 'ruff' }}]\nlint = [{{ name = 'ruff' }}]\n"
            )
        };
        let dist = "{ name = 'flask', extras = ['async'], specifier = '<4,>=3' }, { name = 'x', marker = 'y' }, { name = 'g', git = 'https://x/g' }, { name = 'm', specifier = '~=1.2' }";
        let dev = "{ name = 'pytest', specifier = '>=8' }";
        for (lock, expected) in [
            (own("1.0", dist, dev), None),
            (own("0.9", dist, dev), Some("it is for version 0.9, and pyproject.toml is of 1.0")),
            (
                own("1.0", &dist.replace("<4,>=3", ">=2"), dev),
                Some("it is for another version than `Flask[async]>=3, <4` of pyproject.toml"),
            ),
            (own("1.0", &dist.replace("'m'", "'n'"), dev), Some("it has no `m~=1.2`, which pyproject.toml asks for")),
            (own("1.0", &format!("{dist}, {{ name = 'old' }}"), dev), Some("it has `old`, and pyproject.toml has not")),
            (
                own("1.0", dist, &dev.replace(">=8", ">=7")),
                Some("it is for another version than `pytest>=8` of pyproject.toml"),
            ),
            ("version = 1\n".to_owned(), Some("it has no `my-app`, the project itself")),
        ] {
            let world = Files::of(&[("pyproject.toml", manifest), ("uv.lock", &lock)]);
            let found = difference(&Tree::of(&world).expect("a context"), "");
            assert_eq!(found, Ok(expected.map(str::to_owned)), "{lock}");
        }
        for (manifest, reason) in [
            (
                "[project]\nname = 'a'\ndynamic = ['dependencies']\n",
                "a program computes the dependencies of pyproject.toml",
            ),
            (
                "[project]\nname = 'a'\n[tool.uv.workspace]\nmembers = []\n",
                "pyproject.toml is one of a workspace, each with a manifest of its own",
            ),
            ("[tool.poetry]\nname = 'a'\n", "pyproject.toml has no project"),
        ] {
            let world = Files::of(&[("pyproject.toml", manifest), ("uv.lock", "version = 1\n")]);
            assert_eq!(difference(&Tree::of(&world).expect("a context"), ""), Err(reason.into()));
        }
    }
}
