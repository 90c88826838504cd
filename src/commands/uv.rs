//! uv: <https://docs.astral.sh/uv/reference/cli/>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};
use crate::dockerfile::Lookup;

static UV: Grammar = Grammar {
    valued: &[
        "--cache-dir",
        "-p",
        "--python",
        "--project",
        "--directory",
        "--config-file",
        "--color",
        "--extra",
        "--group",
        "--no-group",
        "--only-group",
        "--package",
        "--no-extra",
        "--index",
        "--default-index",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "--index-strategy",
        "--keyring-provider",
        "--resolution",
        "--prerelease",
        "--exclude-newer",
        "--exclude-newer-package",
        "--link-mode",
        "--refresh-package",
        "-P",
        "--upgrade-package",
        "--upgrade-group",
        "--reinstall-package",
        "--no-install-package",
        "--no-binary-package",
        "--no-build-package",
        "--no-build-isolation-package",
        "--no-binary",
        "--only-binary",
        "-r",
        "--requirement",
        "--requirements",
        "-c",
        "--constraint",
        "--constraints",
        "--override",
        "--overrides",
        "-b",
        "--build-constraint",
        "--build-constraints",
        "-e",
        "--editable",
        "-t",
        "--target",
        "--prefix",
        "--python-version",
        "--python-platform",
        "--torch-backend",
        "-C",
        "--config-setting",
        "--config-settings",
        "--allow-insecure-host",
        "--trusted-host",
        "--with",
        "--with-requirements",
        "--with-editable",
        "--from",
        "-o",
        "--output-file",
        "--out-dir",
        "--format",
        "--script",
        "--env-file",
        "--prompt",
        "--fork-strategy",
        "--bounds",
        "--branch",
        "--tag",
        "--rev",
        "--python-preference",
        "--prune",
        "--no-emit-package",
        "--install-dir",
        "-w",
        "--python-fetch",
        "--optional",
        "--marker",
        "--excludes",
    ],
    plain: &[
        "--system",
        "--frozen",
        "--locked",
        "--no-dev",
        "--dev",
        "--only-dev",
        "--no-editable",
        "--no-install-project",
        "--no-install-workspace",
        "--no-install-local",
        "--inexact",
        "--exact",
        "--all-extras",
        "--all-groups",
        "--all-packages",
        "--no-default-groups",
        "--compile-bytecode",
        "--no-compile-bytecode",
        "--compile",
        "--no-compile",
        "-n",
        "--no-cache",
        "--no-cache-dir",
        "--break-system-packages",
        "-U",
        "--upgrade",
        "--refresh",
        "--reinstall",
        "--force-reinstall",
        "--no-deps",
        "--no-build",
        "--no-build-isolation",
        "--no-index",
        "--no-sources",
        "--offline",
        "--native-tls",
        "--system-certs",
        "--no-config",
        "--no-progress",
        "--no-managed-python",
        "--managed-python",
        "--no-python-downloads",
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "--strict",
        "--require-hashes",
        "--no-verify-hashes",
        "--verify-hashes",
        "--pre",
        "--force",
        "--active",
        "--isolated",
        "--no-project",
        "--no-sync",
        "--dry-run",
        "--clear",
        "--allow-existing",
        "--relocatable",
        "--seed",
        "--system-site-packages",
        "--no-env-file",
        "--default",
        "--no-emit-project",
        "--no-emit-workspace",
        "--no-hashes",
        "--no-header",
        "--no-annotate",
        "--universal",
        "--emit-index-url",
        "--generate-hashes",
        "--bare",
        "--app",
        "--lib",
        "--no-python-install",
        "--user",
        "--all",
        "-V",
        "--version",
        "-h",
        "--help",
        "--wheel",
        "--sdist",
        "-y",
        "--no-workspace",
        "--raw",
        "--preview",
        "--no-preview",
        "--no-strip-extras",
        "--strip-extras",
        "--no-strip-markers",
        "--workspace",
        "--no-upgrade",
        "--ci",
        "--no-reinstall",
        "--no-default-extras",
    ],
    clusters: true,
};

/// Options of uv that turn its cache off.
pub const NO_CACHE: &[&str] = &["-n", "--no-cache", "--no-cache-dir"];

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let x = &*call.program == "uvx";
    let mut arguments = Arguments::new(call, &UV);
    if x {
        arguments.rest(true);
        return Some(arguments.finish(Tool::Uv, Verb::Run));
    }
    let verb = match arguments.verb()?.as_deref() {
        Some("pip") => match arguments.verb()?.as_deref() {
            Some("install" | "sync") => Verb::Install,
            Some("uninstall") => Verb::Remove,
            Some("compile") => Verb::Download,
            _ => Verb::Query,
        },
        Some("sync" | "add") => Verb::Install,
        Some("remove") => Verb::Remove,
        Some("lock" | "export") => Verb::Download,
        Some("build") => Verb::Build,
        Some("run") => {
            arguments.rest(true);
            Verb::Run
        }
        Some("venv") => Verb::Configure,
        Some("tool") => match arguments.verb()?.as_deref() {
            Some("install" | "upgrade") => Verb::Install,
            Some("run") => {
                arguments.rest(true);
                Verb::Run
            }
            _ => Verb::Other,
        },
        Some("python") => match arguments.verb()?.as_deref() {
            Some("install" | "upgrade") => Verb::Install,
            Some("list" | "find" | "dir") => Verb::Query,
            _ => Verb::Other,
        },
        Some("cache") => match arguments.verb()?.as_deref() {
            Some("clean" | "prune") => Verb::Clean,
            _ => Verb::Query,
        },
        Some("tree" | "version" | "help") | None => Verb::Query,
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Uv, verb))
}

/// <https://docs.astral.sh/uv/concepts/cache/>
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    let python = look.invocation.subcommand.starts_with("python ");
    if look.skips(&[Verb::Install, Verb::Download, Verb::Build]) || python {
        return None;
    }
    Some((|| {
        // What is installed would be links into the cache.
        let links = look.invocation.value(&["--link-mode"]).map(|value| value.literal.as_deref());
        if links.is_some_and(|mode| mode.is_none_or(|mode| mode == "symlink")) {
            return Err("--link-mode=symlink makes the cache part of the installation".into());
        }
        match look.variable("UV_LINK_MODE") {
            Lookup::Value(mode) if mode == "symlink" => {
                return Err("UV_LINK_MODE=symlink makes the cache part of the installation".into());
            }
            Lookup::Unknown => return Err(look.unknown("UV_LINK_MODE")),
            Lookup::Unset | Lookup::Value(_) => {}
        }
        let off = look.off(NO_CACHE, "UV_NO_CACHE")?;
        let directory = look.directory(&["--cache-dir"], "UV_CACHE_DIR", "uv")?;
        Ok(Caching { caches: vec![Cache { native: Some("uv"), ..Cache::copies(directory) }], off })
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("uv sync --frozen --no-dev", "Uv Install sync --frozen --no-dev"),
            ("uv pip install --system -r r.txt", "Uv Install pip install --system -r=r.txt"),
            ("python -m uv pip install x", "Uv Install pip install | x"),
            ("uv run --no-sync python -m x", "Uv Run run --no-sync | python -m x"),
            ("uv venv /opt/venv", "Uv Configure venv | /opt/venv"),
            ("uvx ruff check --fix", "Uv Run  | ruff check --fix"),
            ("uv cache clean", "Uv Clean cache clean"),
            ("uv --no-cache sync", "Uv Install sync --no-cache"),
            ("UV_LINK_MODE=copy uv sync", "Uv Install sync UV_LINK_MODE=copy"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM python:3.12",
            Yarn::Unknown,
            &[
                ("RUN uv sync --frozen", "/root/.cache/uv"),
                ("RUN uv pip install --system --no-cache -r r.txt", "/root/.cache/uv, off: --no-cache"),
                ("ENV UV_NO_CACHE=1\nRUN uv sync", "/root/.cache/uv, off by UV_NO_CACHE"),
                ("ENV UV_CACHE_DIR=/c UV_LINK_MODE=copy\nRUN uv sync", "/c"),
                (
                    "RUN UV_LINK_MODE=symlink uv sync",
                    "unknown: UV_LINK_MODE=symlink makes the cache part of the installation",
                ),
                (
                    "RUN uv sync --link-mode symlink",
                    "unknown: --link-mode=symlink makes the cache part of the installation",
                ),
                ("RUN uv run x", "nothing"),
                ("RUN uv python install 3.12", "nothing"),
            ],
        );
    }
}
