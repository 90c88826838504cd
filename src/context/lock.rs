//! Lock files: which there are, and whether one is that of its manifest, so that an installation leaves it as it is.
//!
//! <https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json>, <https://classic.yarnpkg.com/lang/en/docs/yarn-lock/>,
//! <https://github.com/pnpm/spec/tree/master/lockfile>, <https://bun.com/docs/pm/lockfile>

pub mod bundler;
pub mod cargo;
pub mod composer;
pub mod pipenv;
pub mod uv;

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::node::Manager;

/// The fields of package.json that name dependencies.
pub const DEPENDENCIES: &[&str] = &["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/// The lock files of a manager; the first that is there counts.
#[must_use]
pub const fn names(manager: Manager) -> &'static [&'static str] {
    match manager {
        Manager::Npm => &["npm-shrinkwrap.json", "package-lock.json"],
        Manager::Yarn => &["yarn.lock"],
        Manager::Pnpm => &["pnpm-lock.yaml"],
        Manager::Bun => &["bun.lock", "bun.lockb"],
    }
}

/// In what the lock file of `manager` differs from `package`, in words; `None` if it is that of it. Of workspaces, only the
/// root is looked at.
#[must_use]
pub fn difference(manager: Manager, lock: &str, package: &Value) -> Option<Cow<'static, str>> {
    match manager {
        Manager::Npm => npm(lock, package),
        Manager::Yarn => yarn(lock, package),
        Manager::Pnpm => pnpm(lock, package),
        Manager::Bun => bun(lock, package),
    }
}

/// The dependencies of `package` in the first `count` fields, with what is asked for.
fn wanted(package: &Value, count: usize) -> impl Iterator<Item = (&str, &str)> {
    let fields = DEPENDENCIES[..count].iter().filter_map(|field| package.get(field)?.as_object());
    fields.flatten().map(|(name, range)| (name.as_str(), range.as_str().unwrap_or_default()))
}

fn missing(name: &str, range: &str) -> Cow<'static, str> {
    format!("it has no `{name}` {range}, which package.json asks for").into()
}

fn npm(lock: &str, package: &Value) -> Option<Cow<'static, str>> {
    let Ok(lock) = serde_json::from_str::<Value>(lock.trim_start_matches('\u{feff}')) else {
        return Some("it is not JSON".into());
    };
    let version = lock.get("lockfileVersion").and_then(Value::as_u64);
    if version.is_none_or(|version| version < 2) {
        return Some("its lockfileVersion is 1, which does not say for which dependencies it was made".into());
    }
    match lock.get("packages").and_then(|packages| packages.get("")) {
        Some(root) => tables(package, root, DEPENDENCIES),
        None => Some("it does not say for which dependencies it was made".into()),
    }
}

/// A package that a lock file of npm lacks, though another one in it depends on it, and which that is: `npm ci` refuses such a
/// file. That comes of other options (`--legacy-peer-deps`, then `peers` are not looked at), or of another system.
/// <https://github.com/npm/cli/issues/4828>
#[must_use]
pub fn lacks(lock: &str, peers: bool) -> Option<(String, String)> {
    let lock = serde_json::from_str::<Value>(lock.trim_start_matches('\u{feff}')).ok()?;
    let packages = lock.get("packages")?.as_object()?;
    let there = |path: &str, name: &str| {
        let mut path = path;
        loop {
            let below = if path.is_empty() { String::new() } else { format!("{path}/") };
            if packages.contains_key(&format!("{below}node_modules/{name}")) {
                return true;
            }
            let Some((above, _)) = path.rsplit_once("node_modules/") else {
                return !path.is_empty() && packages.contains_key(&format!("node_modules/{name}"));
            };
            path = above.trim_end_matches('/');
        }
    };
    for (path, entry) in packages {
        let optional = |name: &str| {
            let meta = entry.get("peerDependenciesMeta").and_then(|meta| meta.get(name)?.get("optional")?.as_bool());
            meta == Some(true)
        };
        let fields: &[&str] = match (path.is_empty(), peers) {
            (true, true) => DEPENDENCIES,
            (true, false) => &DEPENDENCIES[..3],
            (false, true) => &["dependencies", "optionalDependencies", "peerDependencies"],
            (false, false) => &["dependencies", "optionalDependencies"],
        };
        for field in fields {
            let names = entry.get(*field).and_then(Value::as_object).into_iter().flat_map(Map::keys);
            let mut missing =
                names.filter(|name| (*field != "peerDependencies" || !optional(name)) && !there(path, name));
            if let Some(name) = missing.next() {
                let by = path.rsplit("node_modules/").next().filter(|by| !by.is_empty()).unwrap_or("package.json");
                return Some((name.clone(), by.to_owned()));
            }
        }
    }
    None
}

/// How the tables of `package` differ from those that a lock file has of it.
fn tables(package: &Value, root: &Value, fields: &[&str]) -> Option<Cow<'static, str>> {
    let none = Map::new();
    let table = |of: &Value, field: &str| of.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
    for field in fields {
        let (own, locked) = (table(package, field), root.get(field).and_then(Value::as_object).unwrap_or(&none));
        for (name, range) in &own {
            let range = range.as_str().unwrap_or_default();
            match locked.get(name).map(|it| it.as_str().unwrap_or_default()) {
                Some(other) if other == range => {}
                Some(other) => {
                    return Some(format!("it is for `{name}` {other}, and package.json asks for {range}").into());
                }
                None => return Some(missing(name, range)),
            }
        }
        if let Some(name) = locked.keys().find(|name| !own.contains_key(*name)) {
            return Some(format!("it has `{name}` in {field}, and package.json has not").into());
        }
    }
    None
}

fn yarn(lock: &str, package: &Value) -> Option<Cow<'static, str>> {
    let keys: Vec<&str> = lock
        .lines()
        .filter(|line| !line.starts_with([' ', '#']))
        .flat_map(|line| line.trim_end().trim_end_matches(':').trim_matches('"').split(", "))
        .map(|key| key.trim_matches('"'))
        .collect();
    let berry = lock.contains("\n__metadata:");
    let found = |name: &str, range: &str| {
        let plain = format!("{name}@{range}");
        keys.iter().any(|key| *key == plain || berry && *key == format!("{name}@npm:{range}"))
    };
    wanted(package, 3).find(|(name, range)| !found(name, range)).map(|(name, range)| missing(name, range))
}

fn pnpm(lock: &str, package: &Value) -> Option<Cow<'static, str>> {
    let lines: Vec<&str> = lock.lines().map(str::trim).collect();
    let bare = |text: &str| text.trim_matches(['"', '\'']).to_owned();
    // Up to version 5.4, one list has them all.
    let old = lines.iter().position(|line| *line == "specifiers:");
    let found = |name: &str, range: &str| match old {
        Some(start) => lines[start + 1..]
            .iter()
            .take_while(|line| !line.is_empty())
            .any(|line| line.split_once(": ").is_some_and(|(key, value)| bare(key) == name && bare(value) == range)),
        None => lines.windows(2).any(|pair| {
            let specifier = pair[1].strip_prefix("specifier: ").map(bare);
            pair[0].strip_suffix(':').map(bare).as_deref() == Some(name) && specifier.as_deref() == Some(range)
        }),
    };
    wanted(package, 3).find(|(name, range)| !found(name, range)).map(|(name, range)| missing(name, range))
}

fn bun(lock: &str, package: &Value) -> Option<Cow<'static, str>> {
    // JSON with commas behind the last item.
    let mut text = String::with_capacity(lock.len());
    let mut quoted = false;
    let mut escaped = false;
    for char in lock.chars() {
        if !quoted && matches!(char, '}' | ']') {
            let end = text.trim_end().strip_suffix(',').map(str::len);
            text.truncate(end.unwrap_or(text.len()));
        }
        quoted ^= char == '"' && !escaped;
        escaped = quoted && char == '\\' && !escaped;
        text.push(char);
    }
    let Ok(lock) = serde_json::from_str::<Value>(&text) else {
        return Some("it is not a text that can be read".into());
    };
    let root = lock.get("workspaces").and_then(|workspaces| workspaces.get("")).unwrap_or(&Value::Null);
    tables(package, root, DEPENDENCIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences() {
        use Manager::{Bun, Npm, Pnpm, Yarn};
        let package = serde_json::json!({"dependencies": {"a": "^1", "@b/c": "2"}, "devDependencies": {"d": "~3"}});
        let npm = |version: u8, root: &str| format!(r#"{{"lockfileVersion":{version},"packages":{{"":{root}}}}}"#);
        let whole = r#"{"dependencies":{"a":"^1","@b/c":"2"},"devDependencies":{"d":"~3"}}"#;
        let bun = "{\"lockfileVersion\": 1,\n\"workspaces\": {\"\": {\"name\": \"x,}\", \"dependencies\": {\"a\": \"^1\", \
                   \"@b/c\": \"2\",\n},\n\"devDependencies\": {\"d\": \"~3\", }, }, }, \"packages\": {}, }";
        for (manager, lock, expected) in [
            (Npm, npm(3, whole), None),
            (Npm, npm(2, whole), None),
            (
                Npm,
                npm(1, whole),
                Some("its lockfileVersion is 1, which does not say for which dependencies it was made"),
            ),
            (
                Npm,
                npm(3, r#"{"dependencies":{"a":"^0","@b/c":"2"}}"#),
                Some("it is for `a` ^0, and package.json asks for ^1"),
            ),
            (Npm, npm(3, r#"{"dependencies":{"a":"^1"}}"#), Some("it has no `@b/c` 2, which package.json asks for")),
            (
                Npm,
                npm(3, &whole.replace("\"a\":\"^1\"", "\"a\":\"^1\",\"e\":\"5\"")),
                Some("it has `e` in dependencies, and package.json has not"),
            ),
            (Npm, "x".into(), Some("it is not JSON")),
            (
                Npm,
                r#"{"lockfileVersion":3,"packages":{}}"#.into(),
                Some("it does not say for which dependencies it was made"),
            ),
            (Yarn, "a@^0, a@^1:\n  version 1\n\n\"@b/c@2\":\n  x\nd@~3:\n".into(), None),
            (
                Yarn,
                "a@^1:\n  version 1\n\n\"@b/c@2\":\n  x\n".into(),
                Some("it has no `d` ~3, which package.json asks for"),
            ),
            (
                Yarn,
                "#\n__metadata:\n  version: 8\n\n\"a@npm:^0, a@npm:^1\":\n  x\n\"@b/c@npm:2\":\n\"d@npm:~3\":\n".into(),
                None,
            ),
            (
                Pnpm,
                "importers:\n  .:\n    dependencies:\n      a:\n        specifier: ^1\n      '@b/c':\n        specifier: '2'\n    \
                 devDependencies:\n      d:\n        specifier: ~3\n"
                    .into(),
                None,
            ),
            (Pnpm, "specifiers:\n  a: ^1\n  '@b/c': '2'\n  d: ~3\n\ndependencies:\n  a: 1.2.3\n".into(), None),
            (
                Pnpm,
                "specifiers:\n  a: ^1\n\ndependencies:\n  d: ~3\n".into(),
                Some("it has no `@b/c` 2, which package.json asks for"),
            ),
            (Bun, bun.into(), None),
            (Bun, bun.replace("\"~3\"", "\"~4\""), Some("it is for `d` ~4, and package.json asks for ~3")),
            (Bun, "\u{1}binary".into(), Some("it is not a text that can be read")),
        ] {
            assert_eq!(difference(manager, &lock, &package).as_deref(), expected, "{lock}");
        }
    }

    #[test]
    fn packages_that_are_missing() {
        let lock = |more: &str| {
            format!(
                r#"{{"packages":{{"":{{"dependencies":{{"a":"1"}}}},"node_modules/a":{{"dependencies":{{"b":"1"}},
                "peerDependencies":{{"p":"1","o":"1"}},"peerDependenciesMeta":{{"o":{{"optional":true}}}}}},
                "node_modules/a/node_modules/b":{{"optionalDependencies":{{"@c/c":"1"}}}}{more}}}}}"#
            )
        };
        let entry = |name: &str| format!(r#","node_modules/{name}":{{}}"#);
        let (c, p) = (entry("@c/c"), entry("p"));
        for (text, peers, expected) in [
            (lock(&format!("{c}{p}")), true, None),
            (lock(&c), false, None),
            (lock(&c), true, Some(("p", "a"))),
            (lock(&p), true, Some(("@c/c", "b"))),
            (lock(r#","x":{"dependencies":{"a":"1","z":"1"}}"#), false, Some(("@c/c", "b"))),
            (r#"{"packages":{"":{"devDependencies":{"a":"1"}}}}"#.into(), true, Some(("a", "package.json"))),
        ] {
            let found = lacks(&text, peers);
            assert_eq!(found.as_ref().map(|(name, by)| (&**name, &**by)), expected, "{text}");
        }
    }
}
