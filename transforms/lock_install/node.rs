//! npm, yarn, pnpm and bun.

use super::{Call, Locked, Reason};
use crate::commands::cache::Yarn;
use crate::commands::{Invocation, Tool, Verb};
use crate::context::node::Manager;
use crate::context::{Look, Tree, lock};
use crate::images;
use crate::rewrite::stands_alone;
use crate::transform::brought::{before, copied, may_bring, standing};
use crate::transform::paths::{Relation, join, of_mount, relation};

/// Flags of `npm install` that mean the same for `npm ci`, or nothing to either.
/// <https://docs.npmjs.com/cli/v11/commands/npm-ci>
#[rustfmt::skip]
const NPM: &[&str] = &[
    "--omit", "--include", "--only", "--production", "--prod", "--no-optional", "--dev", "--no-audit", "--audit",
    "--no-fund", "--fund", "--silent", "-s", "-q", "--quiet", "-d", "-dd", "-ddd", "--verbose", "--loglevel",
    "--no-progress", "--progress", "--legacy-peer-deps", "--no-legacy-peer-deps", "--strict-peer-deps", "--force", "-f",
    "--ignore-scripts", "--unsafe-perm", "--unsafe", "--allow-root", "--prefer-offline", "--prefer-online", "--offline",
    "--registry", "--cache", "--prefix", "-C", "--install-links", "--no-bin-links", "--foreground-scripts", "--no-color",
    "--color", "--fetch-timeout", "--fetch-retries", "--fetch-retry-mintimeout", "--fetch-retry-maxtimeout",
    "--fetch-retry-factor", "--maxsockets", "--network-timeout", "--no-update-notifier", "--strict-ssl",
    "--no-strict-ssl", "--engine-strict", "--no-engine-strict", "--build-from-source", "--userconfig", "--cpu", "--os",
    "--libc", "--python", "--proxy", "--https-proxy", "--save", "-S", "--no-save", "--timeout", "--yes", "-y",
];

/// Flags of the others with which the lock file is not what counts, or that mean something else beside it.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "--force", "-f", "--flat", "--update-checksums", "--refresh-lockfile", "--check-resolutions", "--mode", "--focus",
    "--filter", "-F", "--filter-prod", "--lockfile-dir", "--recursive", "-r", "--workspace-root", "-w",
    "--ignore-workspace", "--merge-git-branch-lockfiles", "--modules-folder", "--resolution-only", "--latest",
];

/// The command as it is held to its lock file; `None` if it is no case.
pub fn locked(call: &Call<'_>, tree: Option<&Tree<'_>>) -> Option<Result<Locked, Reason>> {
    let it = call.it;
    let manager = match it.tool {
        Tool::Npm => Manager::Npm,
        Tool::Yarn => Manager::Yarn,
        Tool::Pnpm => Manager::Pnpm,
        _ => Manager::Bun,
    };
    let installs = match (manager, &*it.subcommand) {
        (Manager::Npm, verb) => is_install(verb),
        (Manager::Yarn, verb) => matches!(verb, "" | "install"),
        (Manager::Pnpm | Manager::Bun, verb) => matches!(verb, "install" | "i"),
    };
    // What says how it is to be with the lock file is meant.
    let said = it.flags.iter().any(|flag| {
        ["lockfile", "immutable", "package-lock", "shrinkwrap"].iter().any(|part| flag.name.contains(part))
    });
    let elsewhere = it.has(&["-g", "--global", "--version", "-v", "-h", "--help", "--location", "--dry-run"]);
    if it.verb != Verb::Install || !installs || said || elsewhere || !it.operands.is_empty() {
        return None;
    }
    match locked_by(call, manager, tree) {
        Ok(None) => None,
        Ok(Some(locked)) => Some(Ok(locked)),
        Err(reason) => Some(Err(reason)),
    }
}

/// The spellings of `npm install` that npm knows.
fn is_install(verb: &str) -> bool {
    matches!(
        verb,
        "install" | "i" | "in" | "ins" | "inst" | "insta" | "instal" | "isnt" | "isnta" | "isntal" | "isntall" | "add"
    )
}

fn locked_by(call: &Call<'_>, manager: Manager, tree: Option<&Tree<'_>>) -> Result<Option<Locked>, Reason> {
    let it = call.it;
    let tree = tree.ok_or("the build context is not known")?;
    let folder = call.folder(&["--prefix", "-C", "--dir", "--cwd"])?;
    let Some((manifest, lock)) = call.files(tree, &folder, "package.json", lock::names(manager))? else {
        return Ok(None);
    };
    let unknown = it.flags.iter().find(|flag| match manager {
        Manager::Npm => !NPM.contains(&&*flag.name),
        _ => OTHERS.contains(&&*flag.name),
    });
    if let Some(flag) = unknown {
        return Err(format!("what {} means where the lock file counts is not known", flag.name).into());
    }
    if !stands_alone(call.script, call.simple) {
        return Err("what happens when it fails is up to a list or loop that it stands in".into());
    }
    workspaces(tree, manager, &manifest)?;
    let package = tree.json(&manifest)?.ok_or("package.json cannot be read")?;
    let text = if lock.ends_with(".lockb") { String::new() } else { tree.text(&lock)?.unwrap_or_default() };
    if let Some(difference) = lock::difference(manager, &text, &package) {
        return Err(format!("{lock} is not that of package.json: {difference}").into());
    }
    alone(call, manager, &folder)?;
    let (change, how) = match manager {
        Manager::Npm => {
            npm(call, tree, &folder, &text)?;
            (call.renamed("ci"), "npm ci".to_owned())
        }
        Manager::Yarn => {
            let berry = text.contains("\n__metadata:");
            let flag = match call.view.surroundings(call.index).map(|around| around.yarn) {
                Some(Yarn::Classic) if !berry => "--frozen-lockfile",
                Some(Yarn::Global | Yarn::Local) if berry => "--immutable",
                Some(Yarn::Classic | Yarn::Global | Yarn::Local) => {
                    return Err(format!("{lock} is of another yarn than the one that installs").into());
                }
                _ => return Err("which yarn it is, is not known".into()),
            };
            (call.flagged(flag), format!("yarn install {flag}"))
        }
        Manager::Pnpm => (call.flagged("--frozen-lockfile"), "pnpm install --frozen-lockfile".to_owned()),
        Manager::Bun => (call.flagged("--frozen-lockfile"), "bun install --frozen-lockfile".to_owned()),
    };
    let (edit, promise) = change.ok_or("its words are not in the file as they are run")?;
    let besides = match manager {
        Manager::Npm => ", and removes node_modules first",
        Manager::Pnpm => ", or where the pnpm of the image reads no such lock file",
        _ => "",
    };
    let check = format!("{lock} is kept up to date with package.json: `{how}` fails where it is not{besides}");
    Ok(Some(Locked { edit, promise, check }))
}

/// Workspaces have manifests of their own, with which the lock file has to agree, too.
fn workspaces(tree: &Tree<'_>, manager: Manager, manifest: &str) -> Result<(), Reason> {
    let folder = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut folders = vec![folder.to_owned()];
    folders.extend(tree.above(folder, &["package.json", "pnpm-workspace.yaml"]));
    for folder in folders {
        let path = |name: &str| crate::context::join(&folder, name).unwrap_or_default();
        let package = tree.json(&path("package.json"))?;
        if package.is_some_and(|package| package.get("workspaces").is_some()) {
            return Err(format!("{} has workspaces, each with a manifest of its own", path("package.json")).into());
        }
        if manager == Manager::Pnpm {
            let text = tree.text(&path("pnpm-workspace.yaml"))?.unwrap_or_default();
            if text.lines().any(|line| line.starts_with("packages:")) {
                let path = path("pnpm-workspace.yaml");
                return Err(format!("{path} has workspaces, each with a manifest of its own").into());
            }
        }
    }
    Ok(())
}

/// Whether no command before this one installs into the same folder, or changes its manifest.
fn alone(call: &Call<'_>, manager: Manager, folder: &str) -> Result<(), Reason> {
    for (at, it, other) in call.earlier() {
        let line = call.view.doc.line(call.view.instruction(at).span.start);
        let global = it.has(&["-g", "--global"]) || it.subcommand.starts_with("global");
        let of_node = matches!(it.tool, Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun);
        if !of_node || global || other.as_deref().is_some_and(|other| other != folder && !it.has(&["--prefix", "-C"])) {
            continue;
        }
        let writes = match it.verb {
            Verb::Install | Verb::Upgrade | Verb::Remove => !it.operands.is_empty() || manager == Manager::Npm,
            Verb::Configure => matches!(&*it.subcommand, "pkg" | "version" | "init" | "policies"),
            Verb::Run => &*it.subcommand == "init",
            _ => false,
        };
        if writes {
            let name = if it.subcommand.is_empty() { "install" } else { &it.subcommand };
            return Err(format!("`{name}` on line {line} works on the same folder before").into());
        }
    }
    Ok(())
}

/// What speaks against `npm ci`.
fn npm(call: &Call<'_>, tree: &Tree<'_>, folder: &str, lock: &str) -> Result<(), Reason> {
    let (view, index) = (call.view, call.index);
    let line = |at: usize| view.doc.line(view.instruction(at).span.start);
    let modules = join(Some(folder), "node_modules").ok_or("where it installs is not known")?;
    // It removes the folder, which a mount does not let it.
    for mount in view.doc.mounts(view.instruction(index)) {
        let target = mount.target().map(|target| of_mount(view, index, target));
        let meets = |target: String| {
            relation(&target, &modules) != Relation::Apart && relation(&target, &modules) != Relation::Above
        };
        if target.is_some_and(|target| target.is_none_or(meets)) {
            return Err(format!("a mount is at {modules}, which `npm ci` removes").into());
        }
    }
    for at in before(view, index) {
        match copied(view, Some(tree), at) {
            None if may_bring(view, at, &modules) => {
                return Err(format!("line {} may bring {modules}, which `npm ci` removes", line(at)).into());
            }
            Some(copied) => {
                let kept = copied.source_of(&modules).filter(|path| {
                    let there = tree.world().look(path) == Some(Look::Directory) && !tree.patterns().excludes_all(path);
                    there && tree.world().tracked(path) != Some(false)
                });
                if let Some(path) = kept {
                    return Err(format!("line {} brings {path}, which `npm ci` removes", line(at)).into());
                }
            }
            None => {}
        }
    }
    let settings = standing(view, tree, index, &join(Some(folder), ".npmrc").unwrap_or_default())?;
    let text = settings.as_deref().map(|settings| tree.text(settings)).transpose()?.flatten().unwrap_or_default();
    let off = |line: &str| {
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        matches!(key.trim(), "package-lock" | "shrinkwrap" | "lockfile-version") && value.trim() != "true"
    };
    if let Some(line) = text.lines().find(|line| off(line)) {
        return Err(format!(".npmrc says {}", line.trim()).into());
    }
    let lenient = ["--legacy-peer-deps", "--force", "-f"];
    let lenient = call.it.has(&lenient) || text.contains("legacy-peer-deps") || text.contains("force");
    let lenient = lenient || view.doc.text().contains("legacy") || view.doc.text().contains("LEGACY");
    if let Some((name, by)) = lock::lacks(lock, !lenient) {
        return Err(format!("its lock file has no {name}, on which {by} depends").into());
    }
    for name in ["package_lock", "shrinkwrap", "global", "package_lock_only", "location"] {
        for name in [format!("npm_config_{name}"), format!("NPM_CONFIG_{}", name.to_ascii_uppercase())] {
            if view.scope(index).source(&name).is_some() || call.it.setting(&name).is_some() {
                return Err(format!("{name} is set").into());
            }
        }
    }
    version(call, lock)
}

/// Whether the npm that runs knows `ci` and reads the lock file, as far as its version, or that of Node, tells.
fn version(call: &Call<'_>, lock: &str) -> Result<(), Reason> {
    let written =
        serde_json::from_str::<serde_json::Value>(lock).ok().and_then(|lock| lock.get("lockfileVersion")?.as_u64());
    let global = |it: &Invocation| {
        it.tool == Tool::Npm && it.verb == Verb::Install && it.has(&["-g", "--global"]) && !it.operands.is_empty()
    };
    let earlier = call.earlier();
    for (_, it, _) in earlier.iter().rev().filter(|(_, it, _)| global(it)) {
        if it.operands.iter().any(|operand| operand.literal.is_none()) {
            return Err("which npm is installed before is not known".into());
        }
        let Some(own) = it.literals().find(|name| *name == "npm" || name.starts_with("npm@")) else { continue };
        let wanted = own.strip_prefix("npm@").unwrap_or("latest").trim_start_matches(['^', '~', 'v', '=']);
        return match wanted.split('.').next().unwrap_or_default().parse::<u32>() {
            Ok(major) if major < 6 => Err(format!("npm {major} may not know `npm ci`").into()),
            Ok(major) if major < 7 && written.is_some_and(|written| written > 2) => {
                Err(format!("npm {major} does not read a lock file of version 3").into())
            }
            Ok(_) => Ok(()),
            Err(_) if matches!(wanted, "latest" | "lts") => Ok(()),
            Err(_) => Err(format!("which npm {own} is is not known").into()),
        };
    }
    let image = call.view.scope(call.index).image.as_ref().filter(|image| image.kind == images::Kind::Node);
    let version = image.and_then(|image| image.version.as_deref());
    let major = version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    match major {
        Some(major) if major < 10 => Err(format!("the npm of Node {major} may not know `npm ci`").into()),
        // npm 7 came with Node 15, and wrote a lock file that npm 6 can read; npm 9 does not any more.
        Some(major) if major < 15 && written.is_some_and(|written| written > 2) => {
            Err(format!("the npm of Node {major} does not read a lock file of version 3").into())
        }
        _ => Ok(()),
    }
}
