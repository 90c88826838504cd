//! npm and npx: <https://docs.npmjs.com/cli/v11/using-npm/config>, <https://docs.npmjs.com/cli/v11/commands>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static NPM: Grammar = Grammar {
    valued: &[
        "--prefix",
        "-C",
        "--cache",
        "--registry",
        "--reg",
        "--loglevel",
        "--userconfig",
        "--globalconfig",
        "--omit",
        "--include",
        "--workspace",
        "-w",
        "--tag",
        "--otp",
        "--fetch-timeout",
        "--fetch-retries",
        "--fetch-retry-mintimeout",
        "--fetch-retry-maxtimeout",
        "--fetch-retry-factor",
        "--maxsockets",
        "--network-timeout",
        "--only",
        "--also",
        "--install-strategy",
        "--script-shell",
        "--cafile",
        "--ca",
        "--proxy",
        "--https-proxy",
        "--noproxy",
        "--before",
        "--depth",
        "--scope",
        "--cpu",
        "--os",
        "--libc",
        "--target",
        "--arch",
        "--target_arch",
        "--platform",
        "--python",
        "--logs-dir",
        "--location",
        "-L",
        "--package",
        "-p",
        "--call",
        "-c",
        "--pack-destination",
        "--audit-level",
        "--jobs",
        "--access",
        "--cache-min",
        "--cache-max",
        "--message",
        "-m",
        "--timeout",
        "--node-options",
        "--disturl",
        "--runtime",
        "--sqlite",
        "--min-release-age",
        "--target_platform",
    ],
    plain: &[
        "-g",
        "--global",
        "--production",
        "--prod",
        "--no-optional",
        "--no-audit",
        "--audit",
        "--no-fund",
        "--fund",
        "--silent",
        "-s",
        "-q",
        "--quiet",
        "-d",
        "-dd",
        "-ddd",
        "--verbose",
        "--unsafe-perm",
        "--unsafe",
        "--no-unsafe-perm",
        "--allow-root",
        "--legacy-peer-deps",
        "--no-legacy-peer-deps",
        "--force",
        "-f",
        "--ignore-scripts",
        "--no-ignore-scripts",
        "--no-package-lock",
        "--package-lock-only",
        "--no-save",
        "-S",
        "--save",
        "-D",
        "--save-dev",
        "-E",
        "--save-exact",
        "-O",
        "--save-optional",
        "-P",
        "--save-prod",
        "-B",
        "--save-bundle",
        "--prefer-offline",
        "--prefer-online",
        "--offline",
        "--no-progress",
        "--progress",
        "--no-bin-links",
        "--strict-peer-deps",
        "--no-strict-ssl",
        "--strict-ssl",
        "--workspaces",
        "-ws",
        "--ws",
        "--include-workspace-root",
        "-iwr",
        "--install-links",
        "--dev",
        "--no-update-notifier",
        "--update-notifier",
        "--foreground-scripts",
        "--if-present",
        "--no-shrinkwrap",
        "--no-color",
        "--color",
        "--dry-run",
        "--json",
        "-y",
        "--yes",
        "-n",
        "--no",
        "--no-install",
        "--legacy-bundling",
        "--global-style",
        "--no-dev",
        "--no-interactive",
        "--engine-strict",
        "--no-engine-strict",
        "--no-package-lock-only",
        "--ci",
        "-h",
        "--help",
        "-v",
        "--version",
        "-l",
        "--long",
        "--parseable",
        "-a",
        "--all",
        "--no-cache",
        "--build-from-source",
        "--no-rebuild",
        "--no-peer",
        "--no-warnings",
        "--no-git-tag-version",
        "--allow-same-version",
        "--prune",
        "--no-prune",
        "--optional",
        "--no-lockfile",
        "--ignore-engines",
        "--frozen-lockfile",
        "--no-workspaces",
        "--legacy-peer-dep",
        "--no-deprecated",
        "--no-spin",
        "--no-ci",
        "--no-verify",
        "--no-update",
        "--latest",
    ],
    clusters: false,
};

pub(super) fn npm(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &NPM);
    let verb = match arguments.verb()?.as_deref() {
        Some(
            "install" | "i" | "in" | "ins" | "inst" | "insta" | "instal" | "isnt" | "isnta" | "isntal" | "isntall"
            | "add" | "ci" | "clean-install" | "ic" | "install-clean" | "isntall-clean" | "install-test" | "it"
            | "install-ci-test" | "cit" | "clean-install-test" | "dedupe" | "ddp",
        ) => Verb::Install,
        Some("update" | "up" | "upgrade" | "udpate") => Verb::Upgrade,
        Some("uninstall" | "un" | "unlink" | "remove" | "rm" | "r" | "prune") => Verb::Remove,
        Some(
            "run" | "run-script" | "rum" | "urn" | "test" | "t" | "tst" | "start" | "stop" | "restart" | "exec" | "x"
            | "create" | "init",
        ) => {
            arguments.rest(false);
            Verb::Run
        }
        Some("rebuild" | "rb" | "pack" | "link" | "ln") => Verb::Build,
        Some("cache") => match arguments.verb()?.as_deref() {
            Some("clean" | "clear" | "rm") => Verb::Clean,
            Some("verify" | "ls") => Verb::Query,
            _ => Verb::Other,
        },
        Some("config" | "c" | "set" | "login" | "adduser" | "pkg" | "version" | "logout") => Verb::Configure,
        Some(
            "view" | "ls" | "list" | "ll" | "audit" | "root" | "prefix" | "bin" | "help" | "get" | "outdated" | "ping",
        )
        | None => Verb::Query,
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Npm, verb))
}

pub(super) fn npx(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &NPM);
    arguments.rest(true);
    Some(arguments.finish(Tool::Npx, Verb::Run))
}

/// <https://docs.npmjs.com/cli/v11/using-npm/config#cache>
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    if look.skips(&[Verb::Install, Verb::Upgrade]) {
        return None;
    }
    Some((|| {
        if look.invocation.has(&["--no-cache"]) {
            return Err("--no-cache makes npm's cache a directory called `false`".into());
        }
        let mut directory = look.flag_path(&["--cache"])?;
        for name in ["npm_config_cache", "NPM_CONFIG_CACHE"] {
            directory = directory.map_or_else(|| look.path(name), |path| Ok(Some(path)))?;
        }
        let directory = directory.map_or_else(|| Ok(format!("{}/.npm", look.home()?)), Ok::<_, Unknown>)?;
        Ok(Caching::on([Cache::copies(directory)]))
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("npm ci", "Npm Install ci"),
            ("npm install --omit=dev", "Npm Install install --omit=dev"),
            ("npm --prefix client i --only production", "Npm Install i --prefix=client --only=production"),
            ("npm i -g pnpm@8 yarn", "Npm Install i -g | pnpm@8 yarn"),
            (
                "npm install --loglevel error --unsafe-perm=true x",
                "Npm Install install --loglevel=error --unsafe-perm=true | x",
            ),
            ("npm run build -- --prod", "Npm Run run | build --prod"),
            ("npm cache clean --force", "Npm Clean cache clean --force"),
            ("npm config set registry $X", "Npm Configure config | set registry ?$X"),
            ("npm ci --wat x", "Npm Install ci --wat | x uncertain"),
            ("npm_config_cache=/c npm ci", "Npm Install ci npm_config_cache=/c"),
            ("npx -y playwright install --with-deps", "Npx Run  -y | playwright install --with-deps"),
            ("corepack npm ci", "Npm Install ci"),
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
                ("RUN npm ci", "/root/.npm"),
                ("USER node\nRUN npm install", "/home/node/.npm"),
                ("ENV npm_config_cache=/c\nRUN npm ci", "/c"),
                ("RUN npm ci --cache /c", "/c"),
                ("RUN npm ci --cache .c", "unknown: --cache is not an absolute path"),
                ("RUN npm run build", "nothing"),
                ("RUN npx x", "nothing"),
            ],
        );
    }
}
