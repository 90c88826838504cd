//! What Composer reads of a project when it installs its packages: `composer.json` and `composer.lock`.
//!
//! <https://getcomposer.org/doc/04-schema.md>, <https://getcomposer.org/doc/articles/scripts.md>,
//! <https://getcomposer.org/doc/articles/plugins.md>

use serde_json::Value;

use super::Look;
use super::tree::{Needs, Reason, Tree, join};

/// How it is told to install.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// `--no-dev`
    pub no_dev: bool,
    /// `--no-scripts`
    pub no_scripts: bool,
    /// `--no-autoloader`
    pub no_autoloader: bool,
    /// `--no-plugins`
    pub no_plugins: bool,
    /// The autoloader knows the classes of all files: `-o`, `-a`.
    pub optimized: bool,
}

/// What an installation reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// What it reads for the packages.
    pub needs: Needs,
    /// What it reads more of the project for, besides: scripts, or the autoloader.
    pub more: Option<&'static str>,
}

/// Plugins that write into `vendor` alone, and read what the manifests say.
const PLUGINS: &[&str] = &[
    "symfony/flex",
    "symfony/runtime",
    "dealerdirect/phpcodesniffer-composer-installer",
    "phpstan/extension-installer",
    "pestphp/pest-plugin",
    "php-http/discovery",
    "composer/package-versions-deprecated",
    "ergebnis/composer-normalize",
    "infection/extension-installer",
];

/// Events of an installation whose scripts run before there is an autoloader, or for each package.
const EARLY: &[&str] = &[
    "pre-install-cmd",
    "pre-operations-exec",
    "pre-package-install",
    "post-package-install",
    "pre-file-download",
    "post-file-download",
    "pre-dependencies-solving",
    "post-dependencies-solving",
    "pre-pool-create",
    "pre-command-run",
    "init",
    "command",
];

/// Events whose scripts run when all is there.
const LATE: &[&str] = &["post-install-cmd", "pre-autoload-dump", "post-autoload-dump"];

/// What `composer install` reads in `folder`.
///
/// # Errors
/// Why more than that is read for the packages themselves.
pub fn install(tree: &Tree<'_>, folder: &str, how: How) -> Result<Project, Reason> {
    let mut needs = Needs::default();
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let manifest = path("composer.json");
    if !tree.take(&mut needs, &manifest)? {
        return Err(format!("{manifest} is not in the context").into());
    }
    let json = tree.json(&manifest)?.unwrap_or_default();
    let lock = tree.json(&path("composer.lock"))?;
    for name in ["composer.lock", "symfony.lock", "auth.json"] {
        tree.take(&mut needs, &path(name))?;
    }
    repositories(&json)?;
    match &lock {
        Some(lock) => {
            packages(lock, how)?;
            let flex = lock.to_string().contains("\"symfony/flex\"");
            if flex && !how.no_plugins && !tree.has(&path("symfony.lock"))? {
                return Err("without symfony.lock, symfony/flex writes files of the project".into());
            }
        }
        None if how.no_plugins => {
            needs.check("without composer.lock, versions stay as they are until composer.json changes");
        }
        None => return Err("without composer.lock it is not known which plugins of composer run".into()),
    }
    let config = |name: &str| json.get("config").and_then(|config| config.get(name));
    let vendor = match config("vendor-dir").map(Value::as_str) {
        None => "vendor",
        Some(Some(folder)) if !folder.contains('$') => folder,
        Some(_) => return Err("where it installs is not known".into()),
    };
    needs.outputs.push(join(folder, vendor).ok_or("it installs outside of the context")?);
    if config("bin-dir").is_some() {
        return Err("composer.json has programs put into another folder (bin-dir)".into());
    }
    let scripts = |names: &'static [&'static str]| names.iter().copied().find(|name| has_script(&json, name));
    if let Some(event) = scripts(EARLY).filter(|_| !how.no_scripts) {
        return Err(format!("composer.json runs scripts before or while packages are installed ({event})").into());
    }
    let classes = ["autoload", "autoload-dev"].iter().any(|part| {
        let list = json.get(part).and_then(|part| part.get("classmap")).and_then(Value::as_array);
        list.is_some_and(|list| !list.is_empty())
    });
    let set = |name: &str| config(name).and_then(Value::as_bool) == Some(true);
    let optimized = how.optimized || set("optimize-autoloader") || set("classmap-authoritative");
    let more = if !how.no_scripts && scripts(LATE).is_some() {
        Some("runs scripts of composer.json")
    } else if !how.no_autoloader && (classes || optimized) {
        Some("looks for classes in the sources")
    } else {
        None
    };
    let git = tree.world().look(&path(".git")) != Some(Look::Missing) && !tree.patterns().excludes_all(&path(".git"));
    if more.is_none() && !how.no_autoloader && git {
        needs.check("nothing asks for the version of the project, which composer takes from .git");
    }
    needs.check("composer reads nothing else of the project");
    Ok(Project { needs, more })
}

fn has_script(json: &Value, name: &str) -> bool {
    match json.get("scripts").and_then(|scripts| scripts.get(name)) {
        None | Some(Value::Null) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

/// Whether packages come from folders of the project.
fn repositories(json: &Value) -> Result<(), Reason> {
    let all: Vec<&Value> = match json.get("repositories") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(Value::Object(table)) => table.values().collect(),
        _ => Vec::new(),
    };
    for one in all {
        let kind = one.get("type").and_then(Value::as_str).unwrap_or_default();
        let url = one.get("url").and_then(Value::as_str).unwrap_or_default();
        let local = matches!(kind, "path" | "artifact") || url.starts_with(['.', '/']) || url.starts_with("file:");
        if local {
            return Err(format!("composer.json takes packages from a folder ({url})").into());
        }
    }
    Ok(())
}

/// Whether the packages of the lock file come from elsewhere, and run nothing that is not known.
fn packages(lock: &Value, how: How) -> Result<(), Reason> {
    let lists = if how.no_dev { &["packages"][..] } else { &["packages", "packages-dev"] };
    for package in lists.iter().filter_map(|list| lock.get(list)?.as_array()).flatten() {
        let name = package.get("name").and_then(Value::as_str).unwrap_or_default();
        let of = |part: &str, field: &str| package.get(part).and_then(|part| part.get(field)).and_then(Value::as_str);
        if of("dist", "type") == Some("path") || of("source", "type") == Some("path") {
            return Err(format!("the package {name} is a folder of the project").into());
        }
        let kind = package.get("type").and_then(Value::as_str).unwrap_or_default();
        let plugin = matches!(kind, "composer-plugin" | "composer-installer");
        if plugin && !how.no_plugins && !PLUGINS.contains(&name) {
            return Err(format!("{name}, a plugin of composer, may read or write files of the project").into());
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
        let plain = How::default();
        let bare = How { no_scripts: true, no_autoloader: true, ..plain };
        let no_dev = How { no_dev: true, ..plain };
        let plugin = r#"{"packages":[{"name":"a/b","type":"composer-plugin"}]}"#;
        let plugin_of_dev = r#"{"packages-dev":[{"name":"a/b","type":"composer-plugin"}]}"#;
        let unknown = "a/b, a plugin of composer, may read or write files of the project";
        for (json, lock, how, expected) in [
            ("{}", Some("{}"), plain, Ok(None)),
            (r#"{"autoload":{"psr-4":{"A\\":"src/"}}}"#, Some("{}"), plain, Ok(None)),
            (r#"{"scripts":{"test":"x","post-autoload-dump":["x"]}}"#, Some("{}"), plain, Ok(Some("runs"))),
            (r#"{"scripts":{"post-autoload-dump":["x"]}}"#, Some("{}"), bare, Ok(None)),
            (r#"{"autoload":{"classmap":["database"]}}"#, Some("{}"), plain, Ok(Some("looks"))),
            (r#"{"config":{"optimize-autoloader":true}}"#, Some("{}"), plain, Ok(Some("looks"))),
            (r#"{"config":{"optimize-autoloader":true}}"#, Some("{}"), bare, Ok(None)),
            (
                r#"{"scripts":{"pre-install-cmd":"x"}}"#,
                Some("{}"),
                plain,
                Err("composer.json runs scripts before or while packages are installed (pre-install-cmd)"),
            ),
            (
                r#"{"repositories":[{"type":"path","url":"packages/*"}]}"#,
                Some("{}"),
                bare,
                Err("composer.json takes packages from a folder (packages/*)"),
            ),
            (
                "{}",
                Some(r#"{"packages":[{"name":"a/b","dist":{"type":"path"}}]}"#),
                plain,
                Err("the package a/b is a folder of the project"),
            ),
            ("{}", Some(plugin), plain, Err(unknown)),
            ("{}", Some(plugin_of_dev), plain, Err(unknown)),
            ("{}", Some(plugin_of_dev), no_dev, Ok(None)),
            ("{}", Some(plugin), How { no_plugins: true, ..plain }, Ok(None)),
            ("{}", None, plain, Err("without composer.lock it is not known which plugins of composer run")),
            (
                r#"{"config":{"bin-dir":"bin"}}"#,
                Some("{}"),
                plain,
                Err("composer.json has programs put into another folder (bin-dir)"),
            ),
        ] {
            let mut files = vec![("composer.json", json)];
            files.extend(lock.map(|lock| ("composer.lock", lock)));
            let world = Files::of(&files);
            let found = install(&Tree::of(&world).expect("a context"), "", how);
            let found = found.map(|it| it.more.map(|more| more.split(' ').next().unwrap_or_default()));
            assert_eq!(found, expected.map_err(Reason::from), "{json} {lock:?}");
        }
    }
}
