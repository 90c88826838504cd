//! Composer.

use super::{Install, Reason, needs, shown, together, with_word};
use crate::commands::{Invocation, Program, Runner, Tool, Verb, recognise};
use crate::context::Tree;
use crate::context::development;
use crate::dockerfile::Lookup;
use crate::shell::{Script, Simple};
use crate::transform::Finding;
use crate::transform::brought::standing;
use crate::transform::paths;

/// Scripts of composer.json that run well without those packages: those of the frameworks themselves.
const SCRIPTS: &[&str] = &[
    "Illuminate\\Foundation\\ComposerScripts::postAutoloadDump",
    "@php artisan package:discover --ansi",
    "@php artisan package:discover",
];

/// Events of an installation.
/// <https://getcomposer.org/doc/articles/scripts.md#event-names>
const EVENTS: &[&str] = &[
    "pre-install-cmd",
    "post-install-cmd",
    "pre-autoload-dump",
    "post-autoload-dump",
    "pre-package-install",
    "post-package-install",
    "pre-operations-exec",
    "pre-pool-create",
    "pre-file-download",
    "post-file-download",
    "pre-command-run",
    "init",
    "command",
];

/// Whether `composer install` installs those packages, too, as far as its words tell.
pub(super) fn installs_all(it: &Invocation) -> bool {
    const SAID: &[&str] = &["--no-dev", "--dev", "--dry-run", "--download-only", "-d", "--working-dir", "--help", "-h"];
    it.tool == Tool::Composer
        && it.verb == Verb::Install
        && matches!(&*it.subcommand, "install" | "i")
        && it.certain
        && it.operands.is_empty()
        && it.runner == Runner::Same
        && !it.has(SAID)
}

/// `composer install --no-dev`
pub(super) fn rewrite(installs: &[Install<'_>]) -> Result<Option<Finding>, Reason> {
    let first = &installs[0];
    if first.is_set("COMPOSER_NO_DEV") {
        return Ok(None);
    }
    let tree = Tree::of(first.view.world).ok_or("the build context is not known")?;
    let Some((manifest, folder)) = first.manifest(&tree, "composer.json")? else { return Ok(None) };
    let project = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Some(without) = development::composer(&tree, project)? else { return Ok(None) };
    // Without it, what is installed is not what the lock file says.
    let lock =
        standing(first.view, &tree, first.index, &paths::join(Some(&folder), "composer.lock").unwrap_or_default())?;
    if lock.is_none() {
        return Err("composer.lock is not copied before it".into());
    }
    together(installs, &dumps)?;
    let json = tree.json(&manifest)?.unwrap_or_default();
    for event in EVENTS {
        let texts: Vec<&str> = match json.get("scripts").and_then(|scripts| scripts.get(*event)) {
            Some(serde_json::Value::Array(list)) => list.iter().filter_map(serde_json::Value::as_str).collect(),
            Some(serde_json::Value::String(text)) => vec![text],
            _ => continue,
        };
        let runs = installs.iter().any(|install| !install.it.has(&["--no-scripts"]));
        if let Some(text) = texts.iter().find(|text| runs && !SCRIPTS.contains(text)) {
            return Err(format!("composer.json runs `{text}` when it is installed ({event})").into());
        }
    }
    let last = first.view.doc.stages().len() - 1;
    // The base starts a server, if nothing else does.
    let words = needs::words(first.view, last).unwrap_or_default();
    let whole = words.join(" ");
    let unknown = |what: &str| -> Reason { format!("what `{what}` needs is not known").into() };
    let program = words.first().map(|word| word.rsplit('/').next().unwrap_or(word));
    match program {
        None if needs::starts(first.view, last) => return Err("what the image starts is not known".into()),
        None
        | Some("php-fpm" | "apache2-foreground" | "frankenphp" | "supervisord" | "docker-php-entrypoint" | "rr") => {}
        Some("php") if !whole.contains("vendor/") && !whole.contains(" test") && !whole.contains("seed") => {}
        Some(name) if name.ends_with(".sh") => {
            let scope = first.view.scopes().after(last);
            let place = paths::join(scope.workdir.as_deref(), &words[0]).ok_or_else(|| unknown(&whole))?;
            let end = first.view.doc.stages()[last].instructions.end - 1;
            let path = standing(first.view, &tree, end, &place)?.ok_or_else(|| unknown(&whole))?;
            let text = tree.text(&path)?.unwrap_or_default();
            if let Some(word) =
                ["vendor/bin", "seed", "composer ", "artisan test", "phpunit"].iter().find(|it| text.contains(**it))
            {
                return Err(format!("{path} runs `{}`, which may need one", word.trim()).into());
            }
        }
        Some(_) => return Err(unknown(&whole)),
    }
    // Symfony loads bundles by the environment that it runs in.
    let bundles = paths::join(Some(&folder), "config/bundles.php").unwrap_or_default();
    let end = first.view.doc.stages()[last].instructions.end - 1;
    let production = matches!(first.at_start("APP_ENV"), Lookup::Value(value) if &*value == "prod");
    if let Some(path) = standing(first.view, &tree, end, &bundles)?.filter(|_| !production) {
        return Err(format!("{path} has bundles for development, and APP_ENV is not prod").into());
    }
    if let Some(reason) = development::php(&tree, project, production)? {
        return Err(reason.into());
    }
    let check = format!(
        "nothing at run time needs a package of require-dev ({}): no source names a class of them",
        shown(&without.asked)
    );
    with_word(installs, "--no-dev", check)
}

/// `composer dump-autoload`, which keeps to what was installed.
fn dumps(script: &Script, simple: &Simple) -> bool {
    match recognise(script, simple) {
        Some(it) => {
            it.tool == Tool::Composer
                && matches!(&*it.subcommand, "dump-autoload" | "dumpautoload")
                && !it.has(&["--dev"])
        }
        None => Program::of(simple).is_some_and(|it| it.name.starts_with("docker-php-ext-") || it.name == "a2enmod"),
    }
}
