//! Bun: <https://bun.com/docs/pm/cli/install>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static BUN: Grammar = Grammar {
    valued: &[
        "--cwd",
        "-c",
        "--config",
        "--cache-dir",
        "--registry",
        "--backend",
        "--filter",
        "--network-concurrency",
        "--concurrent-scripts",
        "--omit",
        "--target",
        "--outdir",
        "--outfile",
        "--linker",
        "--cpu",
        "--os",
        "--env-file",
        "--format",
        "--external",
        "-e",
        "--define",
        "--loader",
        "--minimum-release-age",
    ],
    plain: &[
        "--frozen-lockfile",
        "--production",
        "-p",
        "--no-save",
        "--save",
        "--dry-run",
        "-f",
        "--force",
        "--no-cache",
        "--silent",
        "--verbose",
        "--no-progress",
        "--no-summary",
        "--no-verify",
        "--ignore-scripts",
        "-g",
        "--global",
        "-d",
        "--dev",
        "-D",
        "--development",
        "--optional",
        "--peer",
        "-E",
        "--exact",
        "--trust",
        "--save-text-lockfile",
        "--lockfile-only",
        "-y",
        "--yarn",
        "--minify",
        "--splitting",
        "--smol",
        "--compile",
        "--sourcemap",
        "--bun",
        "-b",
        "--no-frozen-lockfile",
        "--version",
        "-v",
        "-h",
        "--help",
        "--hot",
        "--watch",
        "--bytecode",
        "--latest",
    ],
    clusters: false,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let x = &*call.program == "bunx";
    let mut arguments = Arguments::new(call, &BUN);
    if x {
        arguments.rest(true);
        return Some(arguments.finish(Tool::Bun, Verb::Run));
    }
    let verb = match arguments.verb()?.as_deref() {
        Some("install" | "i" | "add" | "a" | "ci") => Verb::Install,
        Some("update") => Verb::Upgrade,
        Some("remove" | "rm") => Verb::Remove,
        Some("build") => Verb::Build,
        Some("pm") => match arguments.verb()?.as_deref() {
            Some("cache") if arguments.peek() == Some("rm") => Verb::Clean,
            _ => Verb::Query,
        },
        Some("upgrade" | "link" | "unlink" | "init" | "patch") => Verb::Configure,
        Some("outdated" | "why" | "audit" | "help") | None => Verb::Query,
        Some("run" | "x" | "exec" | "create") => {
            arguments.rest(true);
            Verb::Run
        }
        // A script of package.json, or a program of a dependency.
        Some(_) => {
            arguments.end();
            Verb::Run
        }
    };
    Some(arguments.finish(Tool::Bun, verb))
}

/// <https://bun.com/docs/pm/global-cache>
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    if look.skips(&[Verb::Install, Verb::Upgrade]) {
        return None;
    }
    Some((|| {
        let backend = look.invocation.value(&["--backend"]).map(|value| value.literal.as_deref());
        if backend.is_some_and(|backend| backend.is_none_or(|backend| backend == "symlink")) {
            return Err("--backend=symlink makes the cache part of the installation".into());
        }
        let mut directory = look.flag_path(&["--cache-dir"])?;
        if directory.is_none() {
            directory = look.path("BUN_INSTALL_CACHE_DIR")?;
        }
        let directory = match directory {
            Some(directory) => directory,
            None => match (look.path("BUN_INSTALL")?, look.path("XDG_CACHE_HOME")?) {
                (Some(install), _) => format!("{}/install/cache", install.trim_end_matches('/')),
                (None, Some(cache)) => format!("{}/.bun/install/cache", cache.trim_end_matches('/')),
                (None, None) => format!("{}/.bun/install/cache", look.home()?),
            },
        };
        Ok(Caching::on([Cache::copies(directory)]))
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("bun install --frozen-lockfile --production", "Bun Install install --frozen-lockfile --production"),
            ("bun i --backend=symlink", "Bun Install i --backend=symlink"),
            ("bun run build --x", "Bun Run run | build --x"),
            ("bun pm cache rm", "Bun Clean pm cache | rm"),
            ("bunx prisma generate", "Bun Run  | prisma generate"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM oven/bun:1",
            Yarn::Unknown,
            &[
                ("RUN bun install --frozen-lockfile", "/root/.bun/install/cache"),
                ("USER bun\nRUN bun install", "/home/bun/.bun/install/cache"),
                ("ENV BUN_INSTALL_CACHE_DIR=/c\nRUN bun i", "/c"),
                ("RUN bun i --backend=symlink", "unknown: --backend=symlink makes the cache part of the installation"),
                ("RUN bun run x", "nothing"),
            ],
        );
    }
}
