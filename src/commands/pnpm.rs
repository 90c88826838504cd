//! pnpm: <https://pnpm.io/cli/install>, <https://pnpm.io/pnpm-cli>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static PNPM: Grammar = Grammar {
    valued: &[
        "--filter",
        "-F",
        "--filter-prod",
        "-C",
        "--dir",
        "--store-dir",
        "--reporter",
        "--loglevel",
        "--network-concurrency",
        "--child-concurrency",
        "--registry",
        "--modules-dir",
        "--virtual-store-dir",
        "--node-linker",
        "--package-import-method",
        "--workspace-concurrency",
        "--prefix",
        "--lockfile-dir",
        "--fetch-timeout",
        "--fetch-retries",
        "--package",
        "--cpu",
        "--os",
        "--libc",
        "--public-hoist-pattern",
        "--hoist-pattern",
        "--test-pattern",
        "--resume-from",
        "--cache-dir",
        "--omit",
        "--allow-build",
    ],
    plain: &[
        "-P",
        "--prod",
        "--production",
        "-D",
        "--dev",
        "--save-dev",
        "--frozen-lockfile",
        "--no-frozen-lockfile",
        "--offline",
        "--prefer-offline",
        "--ignore-scripts",
        "--shamefully-hoist",
        "--strict-peer-dependencies",
        "--no-strict-peer-dependencies",
        "--no-optional",
        "--lockfile-only",
        "-g",
        "--global",
        "-w",
        "--workspace-root",
        "--legacy",
        "--no-verify-store-integrity",
        "--unsafe-perm",
        "--silent",
        "-s",
        "--no-lockfile",
        "--fix-lockfile",
        "--force",
        "-r",
        "--recursive",
        "--parallel",
        "--stream",
        "--if-present",
        "--aggregate-output",
        "-E",
        "--save-exact",
        "-O",
        "--save-optional",
        "--save-prod",
        "--save-peer",
        "--no-save",
        "--ignore-workspace",
        "--ignore-pnpmfile",
        "--no-color",
        "--color",
        "--ignore-workspace-root-check",
        "-W",
        "--prefer-frozen-lockfile",
        "--resolution-only",
        "--no-hoist",
        "--use-stderr",
        "--yes",
        "-y",
        "--no-fund",
        "--no-audit",
        "--version",
        "-v",
        "-h",
        "--help",
        "--no-dev",
        "--side-effects-cache",
        "--merge-git-branch-lockfiles",
        "--no-bail",
        "--sort",
        "--no-sort",
        "-c",
        "--shell-mode",
        "--no-prefer-frozen-lockfile",
        "-i",
        "--trust-lockfile",
        "--no-runtime",
        "--latest",
        "-L",
    ],
    clusters: false,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let x = matches!(&*call.program, "pnpx" | "pnx");
    let mut arguments = Arguments::new(call, &PNPM);
    if x {
        arguments.rest(true);
        return Some(arguments.finish(Tool::Pnpm, Verb::Run));
    }
    let verb = match arguments.verb()?.as_deref() {
        Some(
            "install" | "i" | "add" | "ci" | "clean-install" | "import" | "dedupe" | "deploy" | "install-test" | "it",
        ) => Verb::Install,
        Some("fetch") => Verb::Download,
        Some("update" | "up" | "upgrade") => Verb::Upgrade,
        Some("remove" | "rm" | "uninstall" | "un" | "prune") => Verb::Remove,
        Some("rebuild" | "rb" | "pack" | "link" | "ln") => Verb::Build,
        Some("store") => match arguments.verb()?.as_deref() {
            Some("prune") => Verb::Clean,
            Some("add") => Verb::Download,
            _ => Verb::Query,
        },
        Some("config" | "c" | "setup" | "set" | "env" | "init" | "approve-builds" | "self-update") => Verb::Configure,
        Some("list" | "ls" | "why" | "audit" | "root" | "bin" | "outdated" | "licenses" | "get" | "help") | None => {
            Verb::Query
        }
        Some("run" | "run-script" | "exec" | "dlx" | "create") => {
            arguments.rest(true);
            Verb::Run
        }
        // A script of package.json, or a program of a dependency.
        Some(_) => {
            arguments.end();
            Verb::Run
        }
    };
    Some(arguments.finish(Tool::Pnpm, verb))
}

/// <https://pnpm.io/settings#storedir>
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    if look.skips(&[Verb::Install, Verb::Upgrade, Verb::Download]) {
        return None;
    }
    Some((|| {
        if look.invocation.has(&["-g", "--global"]) {
            // Since version 11. https://pnpm.io/global-packages
            return Err("what pnpm installs globally is links into its store".into());
        }
        let method = look.invocation.value(&["--package-import-method"]).map(|value| value.literal.as_deref());
        if method.is_some_and(|method| !matches!(method, Some("auto" | "copy" | "clone-or-copy"))) {
            return Err("--package-import-method may not be possible across a mount".into());
        }
        let mut directory = look.flag_path(&["--store-dir"])?;
        for name in ["npm_config_store_dir", "NPM_CONFIG_STORE_DIR", "pnpm_config_store_dir", "PNPM_CONFIG_STORE_DIR"] {
            directory = directory.map_or_else(|| look.path(name), |path| Ok(Some(path)))?;
        }
        let directory = match directory {
            Some(directory) => directory,
            None => match (look.path("PNPM_HOME")?, look.path("XDG_DATA_HOME")?) {
                (Some(home), _) => format!("{}/store", home.trim_end_matches('/')),
                (None, Some(data)) => format!("{}/pnpm/store", data.trim_end_matches('/')),
                (None, None) => format!("{}/.local/share/pnpm/store", look.home()?),
            },
        };
        // What packages compile is kept too, by system and processor, but not by C library.
        // https://pnpm.io/settings#sideeffectscache
        Ok(Caching::on([Cache { native: Some("pnpm"), ..Cache::copies(directory) }]))
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("pnpm install --frozen-lockfile --prod", "Pnpm Install install --frozen-lockfile --prod"),
            ("pnpm i -r --offline", "Pnpm Install i -r --offline"),
            ("pnpm fetch --prod", "Pnpm Download fetch --prod"),
            ("pnpm --filter web build --x", "Pnpm Run build --filter=web | --x"),
            ("pnpm --filter=web --prod deploy /out", "Pnpm Install deploy --filter=web --prod | /out"),
            ("pnpm install --store-dir /s", "Pnpm Install install --store-dir=/s"),
            ("pnpm store prune", "Pnpm Clean store prune"),
            ("corepack pnpm@9 run build", "Pnpm Run run | build"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM node:22",
            Yarn::Unknown,
            &[
                ("RUN pnpm install --frozen-lockfile", "/root/.local/share/pnpm/store"),
                ("ENV PNPM_HOME=/pnpm\nRUN pnpm i", "/pnpm/store"),
                ("RUN pnpm fetch", "/root/.local/share/pnpm/store"),
                ("RUN npm_config_store_dir=/s pnpm i", "/s"),
                (
                    "RUN pnpm i --package-import-method hardlink",
                    "unknown: --package-import-method may not be possible across a mount",
                ),
                ("RUN pnpm add -g x", "unknown: what pnpm installs globally is links into its store"),
                ("RUN pnpm build", "nothing"),
            ],
        );
    }
}
