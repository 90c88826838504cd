//! Whether `Cargo.lock` is that of the manifests of a package, or of a workspace: for `--locked` to succeed, nothing in it
//! may have to change.
//!
//! <https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html>,
//! <https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html>

use toml::{Table, Value};

use crate::context::rust::members;
use crate::context::tree::{Reason, Tree, join};

/// In what `Cargo.lock` in `folder` differs from the manifests, in words; `None` if it is that of them.
///
/// # Errors
/// If that is not known.
pub fn difference(tree: &Tree<'_>, folder: &str) -> Result<Option<String>, Reason> {
    let path = |folder: &str, name: &str| join(folder, name).unwrap_or_default();
    let read = |folder: &str| -> Result<Table, Reason> {
        let path = path(folder, "Cargo.toml");
        tree.toml(&path)?.ok_or_else(|| format!("there is no {path} in the context").into())
    };
    let root = read(folder)?;
    if !root.contains_key("workspace")
        && let Some(above) = tree.above(folder, &["Cargo.toml"])
    {
        let above = if above.is_empty() { "the context" } else { &above };
        return Err(format!("{folder} may be a member of the workspace of {above}").into());
    }
    if root.contains_key("replace") {
        return Err("Cargo.toml replaces packages".into());
    }
    let lock = tree.toml(&path(folder, "Cargo.lock"))?.unwrap_or_default();
    if lock.get("version").and_then(Value::as_integer).is_none_or(|version| version < 3) {
        return Ok(Some("it is of an old form, which Cargo may write anew".to_owned()));
    }
    let locked = Locked(lock.get("package").and_then(Value::as_array).into_iter().flatten().collect());
    let workspace = root.get("workspace").and_then(Value::as_table).cloned().unwrap_or_default();
    let mut manifests = vec![root.clone()];
    for member in members(tree, folder, &root)? {
        manifests.push(read(&member)?);
    }
    Ok(manifests.iter().find_map(|manifest| locked.differs(manifest, &workspace)))
}

/// The packages of a lock file.
struct Locked<'l>(Vec<&'l Value>);

impl Locked<'_> {
    /// The versions of the package `name`; of those of the project alone, if they are `own`.
    fn versions(&self, name: &str, own: bool) -> Vec<&str> {
        let text = |value: &'_ Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let all = self
            .0
            .iter()
            .filter(|it| text(it, "name").as_deref() == Some(name) && !(own && it.get("source").is_some()));
        all.filter_map(|it| it.get("version")?.as_str()).collect()
    }

    fn differs(&self, manifest: &Table, workspace: &Table) -> Option<String> {
        let package = manifest.get("package")?.as_table()?;
        let name = package.get("name")?.as_str()?;
        let inherited =
            |key: &str| workspace.get("package").and_then(|package| package.get(key)).and_then(Value::as_str);
        let version = match package.get("version") {
            Some(Value::String(version)) => version,
            Some(_) => inherited("version")?,
            None => "0.0.0",
        };
        let own = self.versions(name, true);
        match own[..] {
            [] => return Some(format!("it has no `{name}`, the package itself")),
            [other] if other != version => {
                return Some(format!("it is for `{name}` {other}, and Cargo.toml is of {version}"));
            }
            _ => {}
        }
        let entry = self
            .0
            .iter()
            .find(|it| it.get("name").and_then(Value::as_str) == Some(name) && it.get("source").is_none())?;
        let listed: Vec<(&str, Option<&str>)> = entry
            .get("dependencies")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|text| {
                let mut words = text.split(' ');
                (words.next().unwrap_or_default(), words.next())
            })
            .collect();
        let asked = asked(manifest, workspace);
        for (name, requirement) in &asked {
            let mut of_name = listed.iter().filter(|(other, _)| other == name).peekable();
            if of_name.peek().is_none() {
                return Some(format!("it has no `{name}` {requirement}, which Cargo.toml asks for"));
            }
            let mut versions = of_name.flat_map(|(_, version)| match version {
                Some(version) => vec![*version],
                None => self.versions(name, false),
            });
            if versions.all(|version| admits(requirement, version) == Some(false)) {
                return Some(format!("no `{name}` in it is {requirement}, which Cargo.toml asks for"));
            }
        }
        let left = listed.iter().find(|(name, _)| !asked.iter().any(|(other, _)| other == name));
        left.map(|(name, _)| format!("it has `{name}`, and Cargo.toml has not"))
    }
}

/// The packages that a manifest asks for, each with its requirement.
fn asked(manifest: &Table, workspace: &Table) -> Vec<(String, String)> {
    const TABLES: &[&str] =
        &["dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"];
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let places = targets.filter_map(Value::as_table).chain([manifest]);
    let tables = places.flat_map(|place| TABLES.iter().filter_map(|name| place.get(*name)?.as_table()));
    let shared = workspace.get("dependencies").and_then(Value::as_table);
    let one = |(key, value): (&String, &Value)| {
        let inherits = value.get("workspace").and_then(Value::as_bool) == Some(true);
        let value = shared.and_then(|shared| shared.get(key)).filter(|_| inherits).unwrap_or(value);
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        let requirement = value.as_str().or_else(|| text("version")).unwrap_or("*");
        (text("package").unwrap_or(key).to_owned(), requirement.to_owned())
    };
    tables.flatten().map(one).collect()
}

/// Whether `requirement` admits `version`; `None` if that is not understood.
fn admits(requirement: &str, version: &str) -> Option<bool> {
    let numbers = |text: &str| -> Option<Vec<u64>> { text.split('.').map(|it| it.parse().ok()).collect() };
    let version = numbers(version.split('+').next()?)?;
    for one in requirement.split(',').map(str::trim) {
        let digits = one.trim_start_matches(['^', '~', '=', '<', '>', ' ']);
        let operator = one[..one.len() - digits.len()].trim();
        let wild = digits.ends_with('*');
        let parts = match digits.trim_end_matches('*').trim_end_matches('.') {
            "" => Vec::new(),
            digits => numbers(digits)?,
        };
        let start = version.get(..parts.len())?;
        let same = |count: usize| start.get(..count) == parts.get(..count);
        let holds = match operator {
            _ if parts.is_empty() => true,
            "" if wild => start == parts,
            "" | "^" => {
                let first = parts.iter().position(|part| *part > 0).unwrap_or(parts.len() - 1);
                start >= &parts[..] && same(first + 1)
            }
            "~" => start >= &parts[..] && same(parts.len().min(2)),
            "=" => start == parts,
            ">=" => start >= &parts[..],
            ">" => start > &parts[..],
            "<" => start < &parts[..],
            "<=" => start <= &parts[..],
            _ => return None,
        };
        if !holds {
            return Some(false);
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn requirements() {
        for (requirement, admitted, refused) in [
            ("1", "1.9.3", "2.0.0"),
            ("1.2", "1.2.0", "1.1.9"),
            ("^0.3.1", "0.3.9", "0.4.0"),
            ("0.0.3", "0.0.3", "0.0.4"),
            ("~1.2.3", "1.2.9", "1.3.0"),
            ("=1.2", "1.2.7", "1.3.0"),
            (">=1, <3", "2.9.0", "3.0.0"),
            ("1.*", "1.5.0", "2.0.0"),
            ("<= 1.2", "1.2.9", "1.3.0"),
            ("0", "0.9.0", "1.0.0"),
        ] {
            assert_eq!(
                (admits(requirement, admitted), admits(requirement, refused)),
                (Some(true), Some(false)),
                "{requirement}"
            );
        }
        assert_eq!(admits("*", "7.0.0"), Some(true));
        assert_eq!(admits("1", "1.0.0+build"), Some(true));
        assert_eq!(
            (admits("1.0.0-rc.1", "1.0.0"), admits("1", "1.0.0-rc.1"), admits("!=1", "1.0.0")),
            (None, None, None)
        );
    }

    #[test]
    fn differences() {
        let manifest = "[package]\nname = 'a'\nversion = '1.0.0'\n[dependencies]\nb = '1'\nc = {package = 'd', version = '^2.1'}\n[target.'cfg(windows)'.dependencies]\ne = '*'\n[dev-dependencies]\nf = {git = 'https://x/f'}\n";
        let lock = |packages: &str| format!("version = 4\n{packages}");
        let of = |name: &str, version: &str| {
            format!("[[package]]\nname = '{name}'\nversion = '{version}'\nsource = 'registry+x'\n")
        };
        let own = |version: &str, dependencies: &str| {
            format!("[[package]]\nname = 'a'\nversion = '{version}'\ndependencies = [{dependencies}]\n")
        };
        let all = format!("{}{}{}{}", of("b", "1.4.0"), of("d", "2.3.0"), of("e", "0.1.0"), of("f", "0.1.0"));
        let listed = "'b', 'd', 'e', 'f'";
        for (text, expected) in [
            (lock(&(own("1.0.0", listed) + &all)), None),
            (lock(&(own("1.0.0", "'b 1.4.0', 'd', 'e', 'f'") + &of("b", "2.0.0") + &all)), None),
            (own("1.0.0", listed), Some("it is of an old form, which Cargo may write anew")),
            (lock(&all), Some("it has no `a`, the package itself")),
            (lock(&(own("0.9.0", listed) + &all)), Some("it is for `a` 0.9.0, and Cargo.toml is of 1.0.0")),
            (lock(&(own("1.0.0", "'b', 'e', 'f'") + &all)), Some("it has no `d` ^2.1, which Cargo.toml asks for")),
            (lock(&(own("1.0.0", "'b', 'd', 'e', 'f', 'g'") + &all)), Some("it has `g`, and Cargo.toml has not")),
            (
                lock(&(own("1.0.0", "'b 0.9.0', 'd', 'e', 'f'") + &all)),
                Some("no `b` in it is 1, which Cargo.toml asks for"),
            ),
        ] {
            let world = Files::of(&[("Cargo.toml", manifest), ("Cargo.lock", &text)]);
            let found = difference(&Tree::of(&world).expect("a context"), "");
            assert_eq!(found, Ok(expected.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn workspaces() {
        let root = "[workspace]\nmembers = ['x/*']\n[workspace.package]\nversion = '0.2.0'\n[workspace.dependencies]\nb = '1'\n";
        let member = "[package]\nname = 'm'\nversion.workspace = true\n[dependencies]\nb.workspace = true\n";
        let lock = "version = 3\n[[package]]\nname = 'm'\nversion = '0.2.0'\ndependencies = ['b']\n[[package]]\nname = 'b'\nversion = '0.9.0'\n";
        let files = [("Cargo.toml", root), ("x/m/Cargo.toml", member), ("Cargo.lock", lock)];
        let world = Files::of(&files);
        let tree = Tree::of(&world).expect("a context");
        assert_eq!(difference(&tree, ""), Ok(Some("no `b` in it is 1, which Cargo.toml asks for".to_owned())));
        assert_eq!(difference(&tree, "x/m"), Err("x/m may be a member of the workspace of the context".into()));
    }
}
