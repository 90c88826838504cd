//! pip and pipenv: <https://pip.pypa.io/en/stable/cli/pip_install/>, <https://pipenv.pypa.io/en/latest/commands.html>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

/// `--no-cache` is pip's abbreviation of `--no-cache-dir`: its option parser takes unambiguous prefixes.
static PIP: Grammar = Grammar {
    valued: &[
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-e",
        "--editable",
        "-t",
        "--target",
        "--platform",
        "--python-version",
        "--implementation",
        "--abi",
        "--root",
        "--prefix",
        "--src",
        "-b",
        "--build",
        "--upgrade-strategy",
        "-C",
        "--config-settings",
        "--config-setting",
        "--global-option",
        "--install-option",
        "--build-option",
        "--no-binary",
        "--only-binary",
        "--progress-bar",
        "--report",
        "--root-user-action",
        "-i",
        "--index-url",
        "--pypi-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "--proxy",
        "--retries",
        "--resume-retries",
        "--timeout",
        "--default-timeout",
        "--exists-action",
        "--trusted-host",
        "--cert",
        "--client-cert",
        "--cache-dir",
        "--log",
        "--log-file",
        "--python",
        "--use-feature",
        "--use-deprecated",
        "--keyring-provider",
        "-d",
        "--dest",
        "-w",
        "--wheel-dir",
        "--group",
        "--format",
        "--path",
        "--extra-index",
        "--index",
        "--build-constraint",
        "--uploaded-prior-to",
    ],
    plain: &[
        "-U",
        "--upgrade",
        "--user",
        "--no-user",
        "--no-deps",
        "--no-dependencies",
        "--force-reinstall",
        "-I",
        "--ignore-installed",
        "--no-index",
        "--no-cache-dir",
        "--no-cache",
        "--no-input",
        "--no-compile",
        "--compile",
        "--no-warn-script-location",
        "--no-warn-conflicts",
        "--no-build-isolation",
        "--use-pep517",
        "--no-use-pep517",
        "--check-build-dependencies",
        "--break-system-packages",
        "--pre",
        "--prefer-binary",
        "--require-hashes",
        "--no-clean",
        "--disable-pip-version-check",
        "--no-python-version-warning",
        "--isolated",
        "--require-virtualenv",
        "-v",
        "--verbose",
        "-q",
        "--quiet",
        "-h",
        "--help",
        "-V",
        "--version",
        "--debug",
        "--dry-run",
        "--process-dependency-links",
        "-y",
        "--yes",
        "--no-color",
        "--ignore-requires-python",
        "--egg",
        "--use-wheel",
        "--no-use-wheel",
        "--no-download",
        "--all",
        "-l",
        "--local",
        "--no-verify",
        "--no-require-hashes",
        "--use-mirrors",
        "--allow-all-external",
        "--no-python-version-check",
        "--exclude-editable",
        "-o",
        "--outdated",
    ],
    clusters: true,
};

static PIPENV: Grammar = Grammar {
    valued: &[
        "--python",
        "-r",
        "--requirements",
        "-e",
        "--editable",
        "--extra-pip-args",
        "-i",
        "--index",
        "--pypi-mirror",
        "--categories",
        "--extra-index-url",
    ],
    plain: &[
        "--system",
        "--deploy",
        "--ignore-pipfile",
        "--skip-lock",
        "-d",
        "--dev",
        "--clear",
        "--pre",
        "--keep-outdated",
        "--selective-upgrade",
        "--sequential",
        "-v",
        "--verbose",
        "-q",
        "--quiet",
        "--three",
        "--two",
        "--site-packages",
        "--no-site-packages",
        "--dev-only",
        "--bare",
        "--version",
        "--venv",
        "--py",
        "--rm",
        "--where",
        "-h",
        "--help",
        "--hash",
        "--all",
    ],
    clusters: true,
};

/// Options of pip that turn its cache off.
pub const NO_CACHE: &[&str] = &["--no-cache-dir", "--no-cache"];

pub(super) fn pip(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &PIP);
    let verb = match arguments.verb()?.as_deref() {
        Some("install") => Verb::Install,
        Some("uninstall") => Verb::Remove,
        Some("download") => Verb::Download,
        Some("wheel") => Verb::Build,
        Some("cache") => match arguments.verb()?.as_deref() {
            Some("purge" | "remove") => Verb::Clean,
            _ => Verb::Query,
        },
        Some("config") => Verb::Configure,
        Some("list" | "freeze" | "show" | "check" | "search" | "index" | "debug" | "hash" | "inspect") | None => {
            Verb::Query
        }
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Pip, verb))
}

pub(super) fn pipenv(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &PIPENV);
    let verb = match arguments.verb()?.as_deref() {
        Some("install" | "sync" | "update" | "upgrade") => Verb::Install,
        Some("lock") => Verb::Download,
        Some("uninstall" | "clean") => Verb::Remove,
        Some("run" | "shell") => {
            arguments.rest(true);
            Verb::Run
        }
        Some("requirements" | "graph" | "check" | "verify" | "scripts") | None => Verb::Query,
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Pipenv, verb))
}

/// <https://pip.pypa.io/en/stable/topics/caching/>
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    if look.skips(&[Verb::Install, Verb::Download, Verb::Build]) || look.invocation.has(&["--no-index"]) {
        return None;
    }
    Some((|| {
        let off = look.off(NO_CACHE, "PIP_NO_CACHE_DIR")?;
        let directory = look.directory(&["--cache-dir"], "PIP_CACHE_DIR", "pip")?;
        Ok(Caching { caches: vec![Cache { native: Some("pip"), ..Cache::copies(directory) }], off })
    })())
}

/// pipenv has a cache of its own and gives pip the same directory.
/// <https://pipenv.pypa.io/en/latest/configuration.html>
pub(super) fn pipenv_caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    if look.skips(&[Verb::Install, Verb::Download]) {
        return None;
    }
    Some((|| {
        let off = look.off(&[], "PIP_NO_CACHE_DIR")?;
        let directory = look.directory(&[], "PIPENV_CACHE_DIR", "pipenv")?;
        Ok(Caching { caches: vec![Cache { native: Some("pipenv"), ..Cache::copies(directory) }], off })
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("pip install -r requirements.txt", "Pip Install install -r=requirements.txt"),
            (
                "pip3.11 install --no-cache-dir -Ur r.txt",
                "Pip Install install --no-cache-dir -Ur:-U -Ur r.txt:-r=r.txt",
            ),
            ("python -m pip install -e .[dev]", "Pip Install install -e=?.[dev]"),
            ("python3.11 -u -m pip install '.[dev]'", "Pip Install install | .[dev]"),
            ("/opt/venv/bin/python -m pip --no-cache install x", "Pip Install install --no-cache | x"),
            (".venv/bin/pip install x --index-url $URL", "Pip Install install --index-url=?$URL | x"),
            ("pip install --extra-index-url=$URL x==1", "Pip Install install --extra-index-url=?$URL | x==1"),
            ("pip install $FLAGS x", "Pip Install install | ?$FLAGS x"),
            ("pip install \"x>=1\" --wat y", "Pip Install install --wat | x>=1 y uncertain"),
            ("pip cache purge", "Pip Clean cache purge"),
            ("pip --version", "Pip Query  --version"),
            ("pip freeze", "Pip Query freeze"),
            ("python -m pipenv install --system --deploy", "Pipenv Install install --system --deploy"),
            ("pipenv run pip install -x y", "Pipenv Run run | pip install -x y"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
        for text in
            ["python setup.py install", "python -m venv x", "python -c 'x'", "python3-config -m pip", "pip-compile x"]
        {
            assert_eq!(show(text), None, "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM python:3.12",
            Yarn::Unknown,
            &[
                ("RUN pip install x", "/root/.cache/pip"),
                ("RUN pip install --no-cache-dir x", "/root/.cache/pip, off: --no-cache-dir"),
                (
                    "RUN pip --no-cache install x --no-cache-dir",
                    "/root/.cache/pip, off: --no-cache, off: --no-cache-dir",
                ),
                ("RUN PIP_NO_CACHE_DIR=1 pip install x", "/root/.cache/pip, off: PIP_NO_CACHE_DIR=1"),
                ("ENV PIP_NO_CACHE_DIR=on\nRUN pip install x", "/root/.cache/pip, off by PIP_NO_CACHE_DIR"),
                ("ENV PIP_NO_CACHE_DIR=off\nRUN pip install x", "unknown: PIP_NO_CACHE_DIR is `off`"),
                ("ARG PIP_NO_CACHE_DIR\nRUN pip install x", "unknown: PIP_NO_CACHE_DIR is not known here"),
                ("ENV PIP_CACHE_DIR=/c\nRUN pip install x", "/c"),
                ("ENV XDG_CACHE_HOME=/x\nRUN pip install x", "/x/pip"),
                ("RUN pip install --cache-dir /c x", "/c"),
                ("RUN pip install --cache-dir=$C x", "unknown: --cache-dir is not an absolute path"),
                ("RUN useradd -u 7 app\nUSER app\nRUN pip install x", "/home/app/.cache/pip"),
                ("USER app\nRUN pip install x", "unknown: the home of the user is not known"),
                ("RUN pip list", "nothing"),
                ("RUN pip wheel -r r.txt", "/root/.cache/pip"),
                ("RUN pipenv install --system", "/root/.cache/pipenv"),
                ("RUN pipenv run x", "nothing"),
            ],
        );
    }
}
