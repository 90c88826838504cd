//! What `package.json` says of how a project is built and started.
//!
//! <https://docs.npmjs.com/cli/v11/configuring-npm/package-json>

use serde_json::{Map, Value};

use super::tree::{Reason, Tree, join};

/// A `package.json`.
#[derive(Clone, Debug)]
pub struct Package(Value);

impl Package {
    /// That of `folder`; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(tree: &Tree<'_>, folder: &str) -> Result<Option<Self>, Reason> {
        Ok(tree.json(&join(folder, "package.json").unwrap_or_default())?.map(Self))
    }

    /// The script called `name`.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&str> {
        self.0.get("scripts")?.get(name)?.as_str()
    }

    /// The file that `node .` runs.
    #[must_use]
    pub fn main(&self) -> Option<&str> {
        self.0.get("main")?.as_str()
    }

    /// Whether `field` (`dependencies`, `devDependencies` …) has the package `name`.
    #[must_use]
    pub fn has(&self, field: &str, name: &str) -> bool {
        self.table(field).is_some_and(|table| table.contains_key(name))
    }

    /// The names of the packages in `field`.
    pub fn names(&self, field: &str) -> impl Iterator<Item = &str> {
        self.table(field).into_iter().flat_map(Map::keys).map(String::as_str)
    }

    /// The dependency that is a part of the project, if there is one; or `workspaces`.
    #[must_use]
    pub fn local(&self) -> Option<&str> {
        if self.0.get("workspaces").is_some() {
            return Some("workspaces");
        }
        let schemes = ["file:", "link:", "portal:", "workspace:", "./", "../", "/"];
        ["dependencies", "devDependencies", "optionalDependencies"].into_iter().find_map(|field| {
            let table = self.table(field)?;
            let own =
                |value: &Value| value.as_str().is_some_and(|it| schemes.iter().any(|scheme| it.starts_with(scheme)));
            table.iter().find(|(_, value)| own(value)).map(|(name, _)| name.as_str())
        })
    }

    fn table(&self, field: &str) -> Option<&Map<String, Value>> {
        self.0.get(field)?.as_object()
    }
}

/// The packages that the lock file of npm in `folder` has with a script that runs when they are installed, but for those of
/// development: they may be compiled, or fetch something. `None` if there is no such lock file.
#[must_use]
pub fn compiled(tree: &Tree<'_>, folder: &str) -> Option<Vec<String>> {
    let lock = tree.json(&join(folder, "package-lock.json")?).ok()??;
    let mut names = Vec::new();
    for (path, entry) in lock.get("packages")?.as_object()? {
        let set = |field: &str| entry.get(field).and_then(Value::as_bool) == Some(true);
        if !path.is_empty() && set("hasInstallScript") && !set("dev") {
            names.push(path.rsplit("node_modules/").next().unwrap_or(path).to_owned());
        }
    }
    names.sort();
    names.dedup();
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn what_a_manifest_says() {
        let lock = r#"{"packages":{"":{"hasInstallScript":true},"node_modules/a/node_modules/b":{"hasInstallScript":true},
            "node_modules/c":{"hasInstallScript":true,"dev":true},"node_modules/d":{}}}"#;
        let manifest = r#"{"main":"x.js","scripts":{"start":"node ."},"dependencies":{"a":"^1"},"devDependencies":{"c":"file:c"}}"#;
        let files = [("package.json", manifest), ("package-lock.json", lock)];
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let world = Files { files, ..Files::default() };
        let tree = Tree::of(&world).expect("a context");
        let package = Package::of(&tree, "").expect("JSON").expect("a manifest");
        assert_eq!(
            (package.script("start"), package.main(), package.local()),
            (Some("node ."), Some("x.js"), Some("c"))
        );
        assert!(package.has("dependencies", "a") && !package.has("devDependencies", "a"));
        assert_eq!(compiled(&tree, "").expect("a lock file"), ["b"]);
        assert!(Package::of(&tree, "x").expect("nothing").is_none() && compiled(&tree, "x").is_none());
    }
}
