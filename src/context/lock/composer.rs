//! Whether `composer.lock` has all that `composer.json` asks for.
//!
//! <https://getcomposer.org/doc/01-basic-usage.md#commit-your-composer-lock-file-to-version-control>

use serde_json::Value;

use crate::context::tree::{Reason, Tree, join};

/// In what `composer.lock` in `folder` differs from `composer.json`, in words; `None` if it has all that this asks for.
///
/// # Errors
/// If one cannot be read.
pub fn difference(tree: &Tree<'_>, folder: &str) -> Result<Option<String>, Reason> {
    let read = |name: &str| -> Result<Value, Reason> {
        let path = join(folder, name).unwrap_or_default();
        tree.json(&path)?.ok_or_else(|| format!("there is no {path} in the context").into())
    };
    let (manifest, lock) = (read("composer.json")?, read("composer.lock")?);
    let mut there: Vec<String> = Vec::new();
    for (table, list) in [("require", "packages"), ("require-dev", "packages-dev")] {
        for package in lock.get(list).and_then(Value::as_array).into_iter().flatten() {
            there.extend(package.get("name").and_then(Value::as_str).map(str::to_lowercase));
            // A package may stand for others.
            for field in ["provide", "replace"] {
                let others = package.get(field).and_then(Value::as_object).into_iter().flatten();
                there.extend(others.map(|(name, _)| name.to_lowercase()));
            }
        }
        let asked = manifest.get(table).and_then(Value::as_object).into_iter().flatten();
        // Without a vendor it is of the platform: php, ext-gd.
        let missing =
            asked.filter(|(name, _)| name.contains('/')).find(|(name, _)| !there.contains(&name.to_lowercase()));
        if let Some((name, range)) = missing {
            let range = range.as_str().unwrap_or_default();
            return Ok(Some(format!("it has no `{name}` {range}, which composer.json asks for")));
        }
    }
    Ok(None)
}
