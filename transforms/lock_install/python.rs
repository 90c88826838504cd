//! uv: `--locked`; pipenv: `--deploy`.

use super::{Call, Locked, Reason, beside};
use crate::context::{Tree, lock};
use crate::images;

/// Flags of `uv sync` that mean the same whether the lock file is brought up to date or not.
/// <https://docs.astral.sh/uv/reference/cli/#uv-sync>
#[rustfmt::skip]
const UV: &[&str] = &[
    "--no-dev", "--dev", "--only-dev", "--group", "--no-group", "--only-group", "--all-groups", "--no-default-groups",
    "--extra", "--no-extra", "--all-extras", "--no-install-project", "--no-install-workspace", "--no-install-local",
    "--no-install-package", "--no-editable", "--compile-bytecode", "--compile", "--no-compile-bytecode", "--no-cache",
    "-n", "--no-cache-dir", "--cache-dir", "--python", "-p", "--link-mode", "--inexact", "--exact", "--no-progress",
    "-q", "--quiet", "-v", "--verbose", "--native-tls", "--active", "--no-python-downloads", "--managed-python",
    "--no-managed-python", "--python-preference", "--reinstall", "--refresh", "--offline", "--project", "--directory",
    "--no-build-isolation", "--no-build-isolation-package", "--color", "--reinstall-package", "--refresh-package",
];

/// Variables with which uv would make another lock file than the one that is there.
/// <https://docs.astral.sh/uv/reference/environment/>
#[rustfmt::skip]
const UV_VARIABLES: &[&str] = &[
    "UV_INDEX", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX_STRATEGY",
    "UV_EXCLUDE_NEWER", "UV_RESOLUTION", "UV_PRERELEASE", "UV_FORK_STRATEGY", "UV_NO_SOURCES", "UV_CONSTRAINT",
    "UV_OVERRIDE", "UV_PROJECT", "UV_CONFIG_FILE", "UV_WORKING_DIRECTORY", "UV_NO_INDEX",
];

/// `uv sync` as it is held to `uv.lock`; `None` if it is no case.
pub fn uv(call: &Call<'_>, tree: Option<&Tree<'_>>) -> Option<Result<Locked, Reason>> {
    const SAID: &[&str] = &[
        "--locked",
        "--frozen",
        "--check",
        "-U",
        "--upgrade",
        "-P",
        "--upgrade-package",
        "--upgrade-group",
        "--dry-run",
        "--script",
        "-h",
        "--help",
        "-V",
        "--version",
    ];
    let it = call.it;
    let said = it.has(SAID) || ["UV_LOCKED", "UV_FROZEN"].iter().any(|name| call.is_set(name));
    if &*it.subcommand != "sync" || !it.operands.is_empty() || said {
        return None;
    }
    uv_by(call, tree).transpose()
}

fn uv_by(call: &Call<'_>, tree: Option<&Tree<'_>>) -> Result<Option<Locked>, Reason> {
    let it = call.it;
    let tree = tree.ok_or("the build context is not known")?;
    let folder = call.folder(&["--project", "--directory"])?;
    let Some((manifest, lock)) = call.files(tree, &folder, "pyproject.toml", &["uv.lock"])? else { return Ok(None) };
    if let Some(flag) = it.flags.iter().find(|flag| !UV.contains(&&*flag.name)) {
        return Err(format!("what {} means where the lock file counts is not known", flag.name).into());
    }
    // With other registries, the lock file would be another one.
    if let Some(name) = UV_VARIABLES.iter().find(|name| call.is_set(name)) {
        return Err(format!("{name} is set").into());
    }
    if !call.decides() {
        return Err("what happens when it fails is up to a list or loop that it stands in".into());
    }
    if let Some(difference) = lock::uv::difference(tree, beside(&manifest))? {
        return Err(format!("{lock} is not that of pyproject.toml: {difference}").into());
    }
    call.alone(&folder, |it| matches!(&*it.subcommand, "add" | "remove" | "lock" | "init" | "version"))?;
    let (edit, promise) = call.flagged("--locked").ok_or("its words are not in the file as they are run")?;
    let check = format!("{lock} is kept up to date with pyproject.toml: `uv sync --locked` fails where it is not");
    Ok(Some(Locked { edit, promise, check }))
}

/// `pipenv install` as it is held to `Pipfile.lock`; `None` if it is no case.
pub fn pipenv(call: &Call<'_>, tree: Option<&Tree<'_>>) -> Option<Result<Locked, Reason>> {
    const SAID: &[&str] = &[
        "--deploy",
        "--ignore-pipfile",
        "--skip-lock",
        "-r",
        "--requirements",
        "-e",
        "--editable",
        "--pre",
        "--selective-upgrade",
        "--keep-outdated",
        "-h",
        "--help",
    ];
    let it = call.it;
    let said = it.has(SAID) || call.is_set("PIPENV_SKIP_LOCK") || call.is_set("PIPENV_IGNORE_PIPFILE");
    if &*it.subcommand != "install" || !it.operands.is_empty() || said {
        return None;
    }
    pipenv_by(call, tree).transpose()
}

fn pipenv_by(call: &Call<'_>, tree: Option<&Tree<'_>>) -> Result<Option<Locked>, Reason> {
    let it = call.it;
    let tree = tree.ok_or("the build context is not known")?;
    let folder = call.folder(&[])?;
    let Some((manifest, lock)) = call.files(tree, &folder, "Pipfile", &["Pipfile.lock"])? else { return Ok(None) };
    if call.is_set("PIPENV_PIPFILE") || it.has(&["--python", "--categories"]) {
        return Err("which project it installs, and for which Python, is not known".into());
    }
    if !call.decides() {
        return Err("what happens when it fails is up to a list or loop that it stands in".into());
    }
    if let Some(difference) = lock::pipenv::difference(tree, beside(&manifest))? {
        return Err(format!("{lock} is not that of Pipfile: {difference}").into());
    }
    // It stops where another Python is there, too; without the option it only warns.
    if let Some(wanted) = lock::pipenv::python(tree, beside(&manifest))? {
        let image = call.view.scope(call.index).image.as_ref().filter(|image| image.kind == images::Kind::Python);
        let version = image.and_then(|image| image.version.as_deref()).unwrap_or_default();
        if version != wanted && !version.starts_with(&format!("{wanted}.")) {
            return Err(
                format!("it stops where Python is not {wanted}, and that of the image is not known to be it").into()
            );
        }
    }
    call.alone(&folder, |it| {
        !it.operands.is_empty() || matches!(&*it.subcommand, "lock" | "update" | "upgrade" | "uninstall" | "clean")
    })?;
    let (edit, promise) = call.flagged("--deploy").ok_or("its words are not in the file as they are run")?;
    let check = format!("{lock} is kept up to date with Pipfile: `pipenv install --deploy` fails where it is not");
    Ok(Some(Locked { edit, promise, check }))
}
