//! Poetry: <https://python-poetry.org/docs/cli/>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static POETRY: Grammar = Grammar {
    valued: &[
        "-P",
        "--project",
        "-C",
        "--directory",
        "--only",
        "--with",
        "--without",
        "-E",
        "--extras",
        "-f",
        "--format",
        "-o",
        "--output",
        "-G",
        "--group",
        "--source",
        "--python",
        "--optional",
    ],
    plain: &[
        "-n",
        "--no-interaction",
        "-q",
        "--quiet",
        "-v",
        "-vv",
        "-vvv",
        "--verbose",
        "--ansi",
        "--no-ansi",
        "--no-plugins",
        "--no-cache",
        "--no-root",
        "--no-dev",
        "--sync",
        "--no-directory",
        "--dry-run",
        "--remove-untracked",
        "--all-extras",
        "--all-groups",
        "--compile",
        "--without-hashes",
        "--without-urls",
        "--with-credentials",
        "--dev",
        "-D",
        "--no-update",
        "--lock",
        "--all",
        "--local",
        "--unset",
        "--list",
        "-V",
        "--version",
        "-h",
        "--help",
        "--only-root",
        "--regenerate",
        "--check",
        "--migrate",
        "--tree",
        "-e",
        "--editable",
    ],
    clusters: true,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &POETRY);
    let verb = match arguments.verb()?.as_deref() {
        Some("install" | "add" | "sync") => Verb::Install,
        Some("update") => Verb::Upgrade,
        Some("remove") => Verb::Remove,
        Some("lock" | "export") => Verb::Download,
        Some("build") => Verb::Build,
        Some("run" | "shell") => {
            arguments.rest(true);
            Verb::Run
        }
        Some("config" | "source" | "init" | "new") => Verb::Configure,
        Some("env") => match arguments.verb()?.as_deref() {
            Some("use") => Verb::Configure,
            Some("remove") => Verb::Remove,
            _ => Verb::Query,
        },
        Some("cache") => match arguments.verb()?.as_deref() {
            Some("clear") => Verb::Clean,
            _ => Verb::Query,
        },
        Some("self") => match arguments.verb()?.as_deref() {
            Some("add" | "install" | "update") => Verb::Install,
            _ => Verb::Other,
        },
        Some("show" | "check" | "version" | "about" | "list" | "help") | None => Verb::Query,
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Poetry, verb))
}

/// Environments stand below the same directory, so only these two of it are caches.
/// <https://python-poetry.org/docs/configuration/#cache-dir>
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    if look.skips(&[Verb::Install, Verb::Upgrade, Verb::Download]) {
        return None;
    }
    Some((|| {
        let off = look.off(&["--no-cache"], "POETRY_NO_CACHE")?;
        let directory = look.directory(&[], "POETRY_CACHE_DIR", "pypoetry")?;
        let below = |name: &str, id| Cache { native: Some(id), ..Cache::copies(format!("{directory}/{name}")) };
        Ok(Caching { caches: vec![below("cache", "poetry"), below("artifacts", "poetry-artifacts")], off })
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("poetry install --no-root --only main", "Poetry Install install --no-root --only=main"),
            ("poetry config virtualenvs.create false", "Poetry Configure config | virtualenvs.create false"),
            (
                "poetry export -f requirements.txt --output r.txt",
                "Poetry Download export -f=requirements.txt --output=r.txt",
            ),
            ("poetry run pytest -x", "Poetry Run run | pytest -x"),
            ("poetry cache clear --all pypi", "Poetry Clean cache clear --all | pypi"),
            ("poetry install -vvv", "Poetry Install install -vvv:-v -vvv:-v -vvv:-v"),
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
                ("RUN poetry install", "/root/.cache/pypoetry/cache, /root/.cache/pypoetry/artifacts"),
                ("ENV POETRY_CACHE_DIR=/c\nRUN poetry install --no-cache", "/c/cache, /c/artifacts, off: --no-cache"),
                ("RUN poetry run x", "nothing"),
            ],
        );
    }
}
