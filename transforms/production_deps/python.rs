//! uv and poetry.

use super::{Install, Reason, needs, shown, together, with_word};
use crate::commands::{Invocation, Program, Runner, Tool, Verb, recognise};
use crate::context::Tree;
use crate::context::development::{self, Development};
use crate::dockerfile::Lookup;
use crate::shell::{Script, Simple};
use crate::transform::brought::standing;
use crate::transform::{Finding, paths, scripts};

/// Whether `uv sync` installs the group `dev`, too, as far as its words tell.
pub(super) fn uv_installs_all(it: &Invocation) -> bool {
    const SAID: &[&str] = &[
        "--no-dev",
        "--dev",
        "--only-dev",
        "--group",
        "--only-group",
        "--no-group",
        "--all-groups",
        "--no-default-groups",
        "--script",
        "--help",
        "-h",
        "--dry-run",
        "--project",
        "--directory",
        "--package",
        "--all-packages",
    ];
    it.tool == Tool::Uv && &*it.subcommand == "sync" && plain(it) && !it.has(SAID)
}

/// Whether `poetry install` installs all groups, as far as its words tell.
pub(super) fn poetry_installs_all(it: &Invocation) -> bool {
    const SAID: &[&str] = &[
        "--no-dev",
        "--only",
        "--with",
        "--without",
        "--only-root",
        "--all-groups",
        "--dry-run",
        "--help",
        "-h",
        "--project",
        "--directory",
        "-P",
        "-C",
    ];
    it.tool == Tool::Poetry && matches!(&*it.subcommand, "install" | "sync") && plain(it) && !it.has(SAID)
}

fn plain(it: &Invocation) -> bool {
    it.verb == Verb::Install && it.certain && it.operands.is_empty() && it.runner == Runner::Same
}

/// `uv sync --no-dev`
pub(super) fn uv(installs: &[Install<'_>]) -> Result<Option<Finding>, Reason> {
    if ["UV_NO_DEV", "UV_DEV", "UV_NO_DEFAULT_GROUPS", "UV_NO_GROUP"].iter().any(|name| installs[0].is_set(name)) {
        return Ok(None);
    }
    let check = match without(installs, development::uv)? {
        Some((without, started)) => check(&without, &started),
        None => return Ok(None),
    };
    with_word(installs, "--no-dev", check)
}

/// `poetry install --only main`, which poetry 1.2 is the first to know.
pub(super) fn poetry(installs: &[Install<'_>]) -> Result<Option<Finding>, Reason> {
    let Some((without, started)) = without(installs, development::poetry)? else { return Ok(None) };
    let version = version(&installs[0])?;
    if version < (1, 2) {
        return Err(format!("poetry {}.{} does not know `--only`", version.0, version.1).into());
    }
    with_word(installs, "--only=main", check(&without, &started))
}

fn check(without: &Development, started: &str) -> String {
    format!(
        "nothing at run time needs a package for development ({}): no source names one, and `{started}` is no test or tool \
         of them",
        shown(&without.asked)
    )
}

/// What is left out, and what the image starts; `None` if there is nothing.
#[allow(clippy::type_complexity, reason = "the function is one of two")]
fn without(
    installs: &[Install<'_>],
    of: fn(&Tree<'_>, &str) -> Result<Option<Development>, Reason>,
) -> Result<Option<(Development, String)>, Reason> {
    let first = &installs[0];
    let tree = Tree::of(first.view.world).ok_or("the build context is not known")?;
    let Some((manifest, _)) = first.manifest(&tree, "pyproject.toml")? else { return Ok(None) };
    let project = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Some(without) = of(&tree, project)? else { return Ok(None) };
    together(installs, &is_of_the_project)?;
    let started = started(first, &tree, &without)?;
    match development::python(&tree, project, &without)? {
        Some(reason) => Err(reason.into()),
        None => Ok(Some((without, started))),
    }
}

/// A program of the project that a build runs: it imports what the sources do.
fn is_of_the_project(script: &Script, simple: &Simple) -> bool {
    if recognise(script, simple).is_some() {
        return false;
    }
    let Some(program) = Program::of(simple) else { return false };
    let words: Option<Vec<&str>> = program.arguments.iter().map(|word| word.literal.as_deref()).collect();
    match (program.name, words.as_deref()) {
        ("python" | "python3", Some([file, rest @ ..])) => {
            file.ends_with(".py") && !rest.contains(&"test") || matches!((*file, rest), ("-m", ["compileall", ..]))
        }
        _ => false,
    }
}

/// What the image starts, if that is known to need none of the packages by its name.
fn started(install: &Install<'_>, tree: &Tree<'_>, without: &Development) -> Result<String, Reason> {
    let view = install.view;
    let last = view.doc.stages().len() - 1;
    let mut words = needs::words(view, last)?;
    let whole = words.join(" ");
    let unknown = || -> Reason { format!("what `{whole}` needs is not known").into() };
    let mut names: Vec<String> = Vec::new();
    match words.iter().take(2).map(String::as_str).collect::<Vec<_>>()[..] {
        ["uv", "run"] => {
            let on =
                |name: &str| matches!(install.at_start(name), Lookup::Value(value) if matches!(&*value, "1" | "true"));
            let option = words.iter().any(|word| word == "--no-sync" || word == "--no-dev");
            if !option && !on("UV_NO_SYNC") && !on("UV_NO_DEV") {
                return Err(format!("`{whole}` would install them when it starts").into());
            }
            words.drain(..2);
            words.retain(|word| !matches!(&**word, "--no-sync" | "--no-dev" | "--frozen" | "--locked"));
        }
        ["poetry", "run"] => {
            words.drain(..2);
        }
        _ => {}
    }
    let Some(program) = words.first() else { return Err(unknown()) };
    let name = program.rsplit('/').next().unwrap_or(program).to_owned();
    if name.ends_with(".sh") {
        let scope = view.scopes().after(last);
        let place = paths::join(scope.workdir.as_deref(), program).ok_or_else(unknown)?;
        let end = view.doc.stages()[last].instructions.end;
        let path = standing(view, tree, end - 1, &place)?.ok_or_else(unknown)?;
        let text = tree.text(&path)?.unwrap_or_default();
        scripts::harmless(&text, scripts::is_of_python)
            .map_err(|what| format!("{path} runs `{what}`, which may need one"))?;
        names.extend(text.split(|it: char| !(it.is_alphanumeric() || "-_.".contains(it))).map(str::to_owned));
    } else if !scripts::is_of_python(&name) {
        return Err(unknown());
    }
    names.extend(words.iter().map(|word| word.rsplit('/').next().unwrap_or(word).to_owned()));
    let ran = |name: &&String| names.iter().any(|word| word == *name || *word == name.replace('-', "_"));
    if let Some(name) = without.all.iter().find(ran) {
        return Err(format!("`{whole}` runs {name}, which would be left out").into());
    }
    // A server for development may look for more than is imported.
    if let Some(word) = names.iter().find(|word| matches!(&***word, "--reload" | "--debug" | "runserver" | "test")) {
        return Err(format!("`{whole}` is for development ({word})").into());
    }
    Ok(whole)
}

/// The version of poetry that is installed before: major and minor.
fn version(install: &Install<'_>) -> Result<(u32, u32), Reason> {
    let view = install.view;
    for (index, script) in view.scripts().filter(|(index, _)| *index <= install.index) {
        for simple in script.commands() {
            let Some(it) = recognise(script, simple) else { continue };
            let pip = it.tool == Tool::Pip && it.verb == Verb::Install
                || it.tool == Tool::Uv && &*it.subcommand == "tool install";
            for operand in it.operands.iter().filter(|_| pip) {
                let text = script.slice(operand.span).trim_matches(['"', '\'']);
                let Some(rest) = text
                    .strip_prefix("poetry")
                    .filter(|rest| rest.is_empty() || rest.starts_with(['=', '<', '>', '~', '!']))
                else {
                    continue;
                };
                if rest.is_empty() {
                    return Ok((2, 0));
                }
                let rest =
                    rest.strip_prefix("==").or_else(|| rest.strip_prefix("~=")).or_else(|| rest.strip_prefix(">="));
                let named = rest.and_then(|rest| rest.strip_prefix('$'));
                let value = match named.map(|name| name.trim_start_matches('{').trim_end_matches('}')) {
                    Some(name) => match view.scope(index).get(name) {
                        Lookup::Value(value) => Some(value),
                        _ => None,
                    },
                    None => rest.map(str::to_owned),
                };
                let mut numbers = value
                    .as_deref()
                    .unwrap_or_default()
                    .split('.')
                    .map(|it| it.trim_end_matches('*').parse::<u32>().ok());
                return match (numbers.next().flatten(), numbers.next()) {
                    (Some(major), Some(Some(minor))) => Ok((major, minor)),
                    (Some(major), None) if major > 1 => Ok((major, 0)),
                    _ => Err("which poetry it is, is not known".into()),
                };
            }
        }
    }
    Err("which poetry it is, is not known".into())
}
