//! Whether `Pipfile.lock` is that of `Pipfile`: it says so itself, by a digest of what Pipfile asks for.
//!
//! <https://github.com/sarugaku/plette/blob/master/src/plette/pipfiles.py> (`get_hash`)

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use toml::{Table, Value};

use crate::context::tree::{Reason, Tree, join};

/// In what `Pipfile.lock` in `folder` differs from `Pipfile`, in words; `None` if it is that of it.
///
/// # Errors
/// If one cannot be read.
pub fn difference(tree: &Tree<'_>, folder: &str) -> Result<Option<String>, Reason> {
    let path = |name: &str| join(folder, name).unwrap_or_default();
    let pipfile = tree.toml(&path("Pipfile"))?.unwrap_or_default();
    let lock = tree.json(&path("Pipfile.lock"))?.unwrap_or_default();
    let said = lock.pointer("/_meta/hash/sha256").and_then(serde_json::Value::as_str).unwrap_or_default();
    Ok((digest(&pipfile).as_deref() != Some(said)).then(|| "its digest is not that of Pipfile".to_owned()))
}

/// The version of Python that `Pipfile` in `folder` asks for, if it does.
///
/// # Errors
/// If it cannot be read.
pub fn python(tree: &Tree<'_>, folder: &str) -> Result<Option<String>, Reason> {
    let pipfile = tree.toml(&join(folder, "Pipfile").unwrap_or_default())?.unwrap_or_default();
    let requires = pipfile.get("requires");
    let of = |key: &str| requires.and_then(|requires| requires.get(key)).and_then(Value::as_str).map(str::to_owned);
    Ok(of("python_full_version").or_else(|| of("python_version")))
}

/// The digest of what a Pipfile asks for; `None` if Python would write it otherwise.
fn digest(pipfile: &Table) -> Option<String> {
    // Sections of pipenv's own; others are groups of packages.
    const OWN: &[&str] = &["source", "requires", "packages", "dev-packages", "scripts", "pipenv", "pipfile"];
    let empty = || Value::Table(Table::new());
    let of = |key: &str| pipfile.get(key).cloned().unwrap_or_else(empty);
    let mut meta = Table::new();
    let usual = || {
        let mut source = Table::new();
        source.insert("name".to_owned(), Value::String("pypi".to_owned()));
        source.insert("url".to_owned(), Value::String("https://pypi.org/simple".to_owned()));
        source.insert("verify_ssl".to_owned(), Value::Boolean(true));
        Value::Array(vec![Value::Table(source)])
    };
    meta.insert("sources".to_owned(), pipfile.get("source").cloned().unwrap_or_else(usual));
    meta.insert("requires".to_owned(), of("requires"));
    let mut all = Table::new();
    all.insert("_meta".to_owned(), Value::Table(meta));
    all.insert("default".to_owned(), of("packages"));
    all.insert("develop".to_owned(), of("dev-packages"));
    for (key, value) in pipfile.iter().filter(|(key, _)| !OWN.contains(&&***key)) {
        all.insert(key.clone(), value.clone());
    }
    let mut text = String::new();
    json(&Value::Table(all), &mut text)?;
    let digest = Sha256::digest(text.as_bytes());
    Some(digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// As `json.dumps(…, sort_keys=True, separators=(",", ":"))` writes it.
fn json(value: &Value, out: &mut String) -> Option<()> {
    match value {
        Value::String(text) if text.is_ascii() => out.push_str(&serde_json::to_string(text).ok()?),
        Value::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Integer(value) => out.push_str(&value.to_string()),
        Value::Array(items) => {
            out.push('[');
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                json(item, out)?;
            }
            out.push(']');
        }
        Value::Table(table) => {
            let mut keys: Vec<&String> = table.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (nth, key) in keys.into_iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                json(&Value::String(key.clone()), out)?;
                out.push(':');
                json(table.get(key)?, out)?;
            }
            out.push('}');
        }
        Value::String(_) | Value::Float(_) | Value::Datetime(_) => return None,
    }
    Some(())
}
