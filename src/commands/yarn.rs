//! Yarn, classic (<https://classic.yarnpkg.com/en/docs/cli/>) and berry (<https://yarnpkg.com/cli>). Which of them a
//! command line runs is for the project to say (`packageManager`, `yarnPath`), so their options are one table.

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown, Yarn};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};
use crate::scope::User;

static YARN: Grammar = Grammar {
    valued: &[
        "--cwd",
        "--modules-folder",
        "--cache-folder",
        "--registry",
        "--network-timeout",
        "--network-concurrency",
        "--mutex",
        "--preferred-cache-folder",
        "--prefix",
        "--global-folder",
        "--link-folder",
        "--proxy",
        "--https-proxy",
        "--use-yarnrc",
        "--otp",
        "--child-concurrency",
        "--mode",
        "--include",
        "--exclude",
        "--pattern",
        "--tag",
    ],
    plain: &[
        "--frozen-lockfile",
        "--no-frozen-lockfile",
        "--pure-lockfile",
        "--no-lockfile",
        "--production",
        "--prod",
        "--non-interactive",
        "--no-interactive",
        "--ignore-engines",
        "--ignore-optional",
        "--ignore-scripts",
        "--ignore-platform",
        "--silent",
        "-s",
        "--verbose",
        "--no-progress",
        "--offline",
        "--prefer-offline",
        "--force",
        "--flat",
        "--har",
        "--check-files",
        "--no-bin-links",
        "--skip-integrity-check",
        "--immutable",
        "--no-immutable",
        "--immutable-cache",
        "--check-cache",
        "--inline-builds",
        "--json",
        "--no-default-rc",
        "--update-checksums",
        "--focus",
        "--audit",
        "--no-audit",
        "--no-optional",
        "--no-save",
        "--dev",
        "-D",
        "--exact",
        "-E",
        "--tilde",
        "-T",
        "--peer",
        "-P",
        "--optional",
        "-O",
        "--ignore-workspace-root-check",
        "-W",
        "--all",
        "-A",
        "--latest",
        "--mirror",
        "--refresh-lockfile",
        "--check-resolutions",
        "--version",
        "-v",
        "--no-node-version-check",
        "--no-cache",
        "--no-emoji",
        "--emoji",
        "--network",
        "-q",
        "--quiet",
        "--no-fund",
        "--ignore-certificate-errors",
        "-h",
        "--help",
        "--strict-ssl",
        "--no-dev",
        "-g",
        "--global",
        "-f",
        "-i",
        "-y",
        "--yes",
        "--link-duplicates",
        "--disable-pnp",
        "--pnp",
        "--legacy-peer-deps",
        "--unsafe-perm",
        "--allow-root",
    ],
    clusters: false,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &YARN);
    let verb = match arguments.verb()?.as_deref() {
        None if arguments.has(&["--version", "-v", "--help", "-h"]) => Verb::Query,
        None | Some("install" | "add" | "import" | "dedupe") => Verb::Install,
        Some("global") => match arguments.verb()?.as_deref() {
            Some("add") => Verb::Install,
            Some("remove") => Verb::Remove,
            _ => Verb::Other,
        },
        Some("workspaces") => match arguments.verb()?.as_deref() {
            Some("focus") => Verb::Install,
            Some("info" | "list") => Verb::Query,
            _ => {
                arguments.rest(true);
                Verb::Run
            }
        },
        Some("workspace") => {
            arguments.rest(true);
            Verb::Run
        }
        Some("upgrade" | "up") => Verb::Upgrade,
        Some("remove" | "autoclean" | "prune") => Verb::Remove,
        Some("cache") => match arguments.verb()?.as_deref() {
            Some("clean" | "clear") => Verb::Clean,
            _ => Verb::Query,
        },
        Some("config" | "set" | "plugin" | "policies" | "link" | "unlink" | "login" | "init") => Verb::Configure,
        Some("pack" | "rebuild") => Verb::Build,
        Some("list" | "info" | "why" | "bin" | "check" | "audit" | "outdated" | "versions" | "help" | "licenses") => {
            Verb::Query
        }
        Some("run" | "exec" | "dlx" | "node" | "create") => {
            arguments.rest(true);
            Verb::Run
        }
        // A script of package.json, or a program of a dependency.
        Some(_) => {
            arguments.end();
            Verb::Run
        }
    };
    Some(arguments.finish(Tool::Yarn, verb))
}

/// Classic: <https://classic.yarnpkg.com/lang/en/docs/cli/cache/>, and for root
/// <https://github.com/yarnpkg/yarn/blob/master/src/util/user-home-dir.js>. Berry:
/// <https://yarnpkg.com/configuration/yarnrc#enableGlobalCache>.
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    if look.skips(&[Verb::Install, Verb::Upgrade]) {
        return None;
    }
    Some((|| match look.around.yarn {
        Yarn::Unknown => Err("yarn 1 and later ones differ, and nothing here tells which it is".into()),
        Yarn::Local => Err("yarn's cache is what the program is run from".into()),
        Yarn::Global => {
            if !matches!(look.variable("YARN_ENABLE_GLOBAL_CACHE"), crate::dockerfile::Lookup::Unset) {
                return Err("YARN_ENABLE_GLOBAL_CACHE is set".into());
            }
            let folder = look.path("YARN_GLOBAL_FOLDER")?;
            let folder = folder.map_or_else(|| Ok(format!("{}/.yarn/berry", look.home()?)), Ok::<_, Unknown>)?;
            Ok(Caching::on([Cache::copies(format!("{folder}/cache"))]))
        }
        Yarn::Classic => {
            let mut directory = look.flag_path(&["--cache-folder"])?;
            if directory.is_none() {
                directory = look.path("YARN_CACHE_FOLDER")?;
            }
            let directory = match directory {
                Some(directory) => directory,
                None if look.around.scope.user == User::Root => "/usr/local/share/.cache/yarn".into(),
                None => look.cache_home("yarn")?,
            };
            Ok(Caching::on([Cache::copies(directory)]))
        }
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("yarn", "Yarn Install "),
            ("yarn --frozen-lockfile", "Yarn Install  --frozen-lockfile"),
            (
                "yarn install --production=true --network-timeout 100000",
                "Yarn Install install --production=true --network-timeout=100000",
            ),
            ("yarn --version", "Yarn Query  --version"),
            ("yarn build --prod", "Yarn Run build | --prod"),
            ("yarn global add pm2", "Yarn Install global add | pm2"),
            ("yarn cache clean", "Yarn Clean cache clean"),
            ("yarn workspaces focus --production @a/b", "Yarn Install workspaces focus --production | @a/b"),
            ("corepack yarn install --immutable", "Yarn Install install --immutable"),
            ("yarn --cwd web add x", "Yarn Install add --cwd=web | x"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM node:22",
            Yarn::Classic,
            &[
                ("RUN yarn install", "/usr/local/share/.cache/yarn"),
                ("USER node\nRUN yarn", "/home/node/.cache/yarn"),
                ("ENV YARN_CACHE_FOLDER=/c\nRUN yarn", "/c"),
                ("RUN yarn --cache-folder /c", "/c"),
                ("RUN yarn build", "nothing"),
            ],
        );
        table(
            "FROM node:22",
            Yarn::Global,
            &[
                ("RUN yarn install --immutable", "/root/.yarn/berry/cache"),
                ("RUN YARN_GLOBAL_FOLDER=/g yarn install", "/g/cache"),
            ],
        );
        table("FROM node:22", Yarn::Local, &[("RUN yarn", "unknown: yarn's cache is what the program is run from")]);
        table(
            "FROM node:22",
            Yarn::Unknown,
            &[("RUN yarn", "unknown: yarn 1 and later ones differ, and nothing here tells which it is")],
        );
    }
}
