//! Which yarn a project uses: `package.json` (`packageManager`) and `.yarnrc.yml`.
//!
//! <https://nodejs.org/api/corepack.html>, <https://yarnpkg.com/configuration/yarnrc>

use super::{Look, World};

/// A release of yarn, as far as its cache goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// 1.x
    Classic,
    /// 2 or later; whether `node_modules` is filled from a cache in the home.
    Berry {
        /// `enableGlobalCache` holds, and `nodeLinker` is `node-modules`.
        global: bool,
    },
}

/// What the project in `folder` (empty: the context itself) uses; `None` if it cannot be told.
#[must_use]
pub fn release(world: &dyn World, folder: &str) -> Option<Release> {
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let package = world.read(&path("package.json"))?;
    let package: serde_json::Value = serde_json::from_slice(&package).ok()?;
    let manager = package.get("packageManager").and_then(serde_json::Value::as_str);
    let version = match manager {
        Some(manager) => {
            let version = manager.strip_prefix("yarn@")?;
            version.split('.').next()?.parse::<u32>().ok()?
        }
        None => 0,
    };
    let settings = match world.look(&path(".yarnrc.yml"))? {
        Look::Missing => None,
        _ => Some(world.read(&path(".yarnrc.yml"))?),
    };
    match (version, settings) {
        (0 | 1, None) => {
            // `.yarnrc` can name another release to run.
            let old = match world.look(&path(".yarnrc"))? {
                Look::Missing => None,
                _ => Some(world.read(&path(".yarnrc"))?),
            };
            let moved = old.is_some_and(|old| {
                let old = String::from_utf8_lossy(&old);
                old.contains("yarn-path") || old.contains("cache-folder")
            });
            (!moved).then_some(Release::Classic)
        }
        (version, settings) => {
            let settings = settings.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
            let value = |key: &str| {
                let mut values =
                    settings.lines().filter_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix(':'));
                values.next().map(|value| value.trim().trim_matches(['"', '\'']))
            };
            let of_path =
                value("yarnPath").and_then(|path| path.rsplit_once("yarn-")?.1.split('.').next()?.parse().ok());
            let version = of_path.unwrap_or(version);
            let enabled = match value("enableGlobalCache") {
                Some(value) => value == "true",
                None => version >= 4,
            };
            let moved = value("cacheFolder").is_some() || value("globalFolder").is_some();
            Some(Release::Berry { global: enabled && !moved && value("nodeLinker") == Some("node-modules") })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn releases() {
        let berry = |global| Some(Release::Berry { global });
        for (files, expected) in [
            (&[("package.json", "{}")][..], Some(Release::Classic)),
            (&[("package.json", r#"{"packageManager":"yarn@1.22.22+sha"}"#)], Some(Release::Classic)),
            (&[("package.json", r#"{"packageManager":"pnpm@9.0.0"}"#)], None),
            (&[("package.json", r#"{"packageManager":"yarn@4.5.0"}"#)], berry(false)),
            (&[("package.json", "{}"), (".yarnrc", "yarn-path \".yarn/releases/yarn-3.cjs\"")], None),
            (
                &[
                    ("package.json", r#"{"packageManager":"yarn@4.5.0"}"#),
                    (".yarnrc.yml", "nodeLinker: node-modules\n"),
                ],
                berry(true),
            ),
            (
                &[
                    ("package.json", r#"{"packageManager":"yarn@3.5.0"}"#),
                    (".yarnrc.yml", "nodeLinker: node-modules\n"),
                ],
                berry(false),
            ),
            (
                &[
                    ("package.json", "{}"),
                    (".yarnrc.yml", "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.1.0.cjs\n"),
                ],
                berry(true),
            ),
            (
                &[
                    ("package.json", "{}"),
                    (".yarnrc.yml", "enableGlobalCache: false\nnodeLinker: node-modules\nyarnPath: yarn-4.1.0.cjs\n"),
                ],
                berry(false),
            ),
            (&[("package.json", "{")], None),
            (&[("other", "")], None),
        ] {
            let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
            let world = Files { files, ..Files::default() };
            assert_eq!(release(&world, ""), expected, "{:?}", world.files.keys());
        }
    }
}
