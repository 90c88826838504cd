//! What npm, yarn, pnpm and bun read of a project when they install it.
//!
//! <https://docs.npmjs.com/cli/v11/using-npm/scripts>, <https://docs.npmjs.com/cli/v11/configuring-npm/package-json>,
//! <https://classic.yarnpkg.com/lang/en/docs/>, <https://yarnpkg.com/configuration/yarnrc>,
//! <https://pnpm.io/settings>, <https://bun.sh/docs/cli/install>

use serde_json::{Map, Value};

use super::Look;
use super::ignore::matches;
use super::lock::{self, DEPENDENCIES};
use super::tree::{Needs, Reason, Tree, join};
use super::yarn::{self, Release};

/// A package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// npm
    Npm,
    /// yarn, of either kind
    Yarn,
    /// pnpm
    Pnpm,
    /// bun
    Bun,
}

/// How it is called.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// It fails rather than write the lock file: `npm ci`, `--frozen-lockfile`, `--immutable`.
    pub frozen: bool,
    /// It removes what is in `node_modules` first: `npm ci`.
    pub clean: bool,
    /// No scripts run: `--ignore-scripts`.
    pub no_scripts: bool,
}

/// What a manager runs of a project when it installs it.
pub const LIFECYCLE: &[&str] = &[
    "pnpm:devPreinstall",
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
    "dependencies",
];

/// What an installation in `folder` reads and writes.
///
/// # Errors
/// Why that cannot be told, or is more than manifests.
pub fn install(tree: &Tree<'_>, folder: &str, manager: Manager, how: How) -> Result<Needs, Reason> {
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let mut needs = Needs::default();
    let package = tree.json(&path("package.json"))?;
    let package = package.ok_or_else(|| format!("there is no {} in the context", path("package.json")))?;
    tree.take(&mut needs, &path("package.json"))?;
    if let Some(above) = tree.above(folder, &["package.json", "pnpm-workspace.yaml", "yarn.lock"]) {
        let above = if above.is_empty() { "the context".to_owned() } else { above };
        return Err(format!("{folder} may be a workspace of {above}").into());
    }
    let lock = lock_file(tree, &mut needs, &path, manager, how)?;
    settings(tree, &mut needs, &path, folder, manager)?;
    let members = members(tree, folder, manager, &package)?;
    let names: Vec<&str> = members.iter().filter_map(|(_, member)| member.get("name")?.as_str()).collect();
    own_scripts(tree, &mut needs, &path("package.json"), folder, &package, how)?;
    local(tree, &mut needs, folder, &package, &names)?;
    readers(tree, &mut needs, &package, folder, lock.as_ref().map(|(_, text)| &**text))?;
    patches(tree, &mut needs, folder, &package)?;
    needs.outputs.push(path("node_modules"));
    for (member, manifest) in &members {
        let at = format!("{member}/package.json");
        own_scripts(tree, &mut needs, &at, member, manifest, how)?;
        local(tree, &mut needs, member, manifest, &names)?;
        readers(tree, &mut needs, manifest, member, None)?;
        if manifest.get("bin").is_some() {
            return Err(format!(
                "the workspace {member} has a program (`bin`), to which a link is made only if it is there"
            )
            .into());
        }
        tree.take(&mut needs, &at)?;
        needs.outputs.push(format!("{member}/node_modules"));
    }
    if !members.is_empty() {
        needs.check("each workspace's package.json is copied here: a new workspace has to be added");
    }
    match lock {
        None if how.clean => return Err("`npm ci` needs a lock file, and none is in the context".into()),
        None => needs.check("without a lock file, versions stay as they are until package.json changes"),
        Some((_, text)) => {
            if members.is_empty() && names_folders(&text) {
                return Err("the lock file names a folder or file of the project".into());
            }
            if !how.frozen && lock::difference(manager, &text, &package).is_some() {
                needs.check(
                    "the lock file agrees with package.json, or nothing reads the one that the installation writes",
                );
            }
        }
    }
    Ok(needs)
}

/// The lock file that the manager reads, with its text.
fn lock_file(
    tree: &Tree<'_>,
    needs: &mut Needs,
    path: &dyn Fn(&str) -> String,
    manager: Manager,
    how: How,
) -> Result<Option<(String, String)>, Reason> {
    let mut found = None;
    for name in lock::names(manager) {
        let at = path(name);
        if tree.take(needs, &at)? {
            // The binary one of bun tells nothing.
            let text = if *name == "bun.lockb" { String::new() } else { tree.text(&at)?.unwrap_or_default() };
            found = Some((at, text));
            break;
        }
    }
    // npm takes the versions of yarn's where it has none of its own, and keeps it up to date.
    if manager == Manager::Npm && !how.clean && tree.take(needs, &path("yarn.lock"))? {
        needs.check("nothing reads the yarn.lock that npm brings up to date");
    }
    Ok(found)
}

/// Files that say how to install.
fn settings(
    tree: &Tree<'_>,
    needs: &mut Needs,
    path: &dyn Fn(&str) -> String,
    folder: &str,
    manager: Manager,
) -> Result<(), Reason> {
    let mut files = vec![".npmrc"];
    match manager {
        Manager::Npm => {}
        Manager::Yarn => match yarn::release(tree.world(), folder) {
            Some(Release::Classic) => files.push(".yarnrc"),
            Some(Release::Berry { .. }) => {
                files.push(".yarnrc.yml");
                let text = tree.text(&path(".yarnrc.yml"))?.unwrap_or_default();
                let linker = |line: &str| {
                    line.strip_prefix("nodeLinker:")
                        .is_some_and(|it| it.trim().trim_matches(['"', '\'']) == "node-modules")
                };
                if !text.lines().any(linker) {
                    return Err(
                        "yarn's Plug'n'Play writes among the files of the project, which the copy brings again".into(),
                    );
                }
                for name in [".yarn/releases", ".yarn/plugins", ".yarn/patches", ".yarn/cache"] {
                    tree.take_folder(needs, &path(name))?;
                }
                needs.outputs.push(path(".yarn/install-state.gz"));
                needs.check("yarn reads nothing else of the project when it installs");
            }
            None => return Err("which yarn it is, is not known".into()),
        },
        Manager::Pnpm => files.extend(["pnpm-workspace.yaml", ".pnpmfile.cjs", ".pnpmfile.mjs"]),
        Manager::Bun => {
            files.push("bunfig.toml");
            needs.check("bun reads nothing else of the project when it installs");
        }
    }
    for name in files {
        let at = path(name);
        if !tree.take(needs, &at)? {
            continue;
        }
        if name.starts_with(".pnpmfile") {
            needs.check(format!("{at} reads nothing else of the project"));
        }
        let text = tree.text(&at)?.unwrap_or_default();
        for line in text.lines().filter(|line| matches!(name, ".npmrc" | ".yarnrc") && !line.starts_with(['#', ';'])) {
            let (key, value) = line.split_once(['=', ' ']).unwrap_or((line, ""));
            let value = value.trim().trim_matches(['"', '\'']);
            if value.starts_with(['.', '~'])
                || ["cafile", "userconfig", "globalconfig", "yarn-path"].contains(&key.trim())
            {
                return Err(format!("{at} names another file ({})", line.trim()).into());
            }
        }
    }
    Ok(())
}

/// The workspaces below `folder`: their folders and manifests.
fn members(tree: &Tree<'_>, folder: &str, manager: Manager, package: &Value) -> Result<Vec<(String, Value)>, Reason> {
    let listed = match package.get("workspaces") {
        Some(Value::Array(list)) => Some(list),
        Some(Value::Object(map)) => map.get("packages").and_then(Value::as_array),
        _ => None,
    };
    let mut patterns: Vec<String> =
        listed.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect();
    if manager == Manager::Pnpm {
        let at = join(folder, "pnpm-workspace.yaml").unwrap_or_default();
        let text = tree.text(&at)?.unwrap_or_default();
        patterns = yaml_list(&text, "packages");
    }
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut left = 2_000;
    walk(tree, folder, folder, &patterns, &mut found, &mut left)?;
    let mut members = Vec::new();
    for member in found {
        let at = format!("{member}/package.json");
        if let Some(manifest) = tree.json(&at)? {
            members.push((member, manifest));
        }
    }
    Ok(members)
}

/// The folders below `at` that `patterns`, from `root`, name.
fn walk(
    tree: &Tree<'_>,
    root: &str,
    at: &str,
    patterns: &[String],
    found: &mut Vec<String>,
    left: &mut usize,
) -> Result<(), Reason> {
    for name in tree.names(at)? {
        if matches!(&*name, "node_modules" | ".git") {
            continue;
        }
        *left = left.checked_sub(1).ok_or("the project has too many folders to look for workspaces in")?;
        let Some(path) = join(at, &name) else { continue };
        match tree.world().look(&path) {
            Some(Look::Directory) => {}
            Some(Look::Other) => return Err(format!("{path} is a link, which may lead to a workspace").into()),
            _ => continue,
        }
        let inside = path.strip_prefix(root).unwrap_or(&path).trim_start_matches('/');
        let mut is_member = false;
        for pattern in patterns {
            let (negated, pattern) = pattern.strip_prefix('!').map_or((false, &**pattern), |rest| (true, rest));
            if matches(pattern, inside) {
                is_member = !negated;
            }
        }
        if is_member {
            found.push(path.clone());
        }
        if at.matches('/').count() < 8 {
            walk(tree, root, &path, patterns, found, left)?;
        }
    }
    Ok(())
}

/// The strings of a list at the top of a YAML file.
fn yaml_list(text: &str, key: &str) -> Vec<String> {
    let mut inside = false;
    let mut items = Vec::new();
    for line in text.lines() {
        if !line.starts_with([' ', '-', '#']) && !line.trim().is_empty() {
            inside = line.trim_end().strip_suffix(':') == Some(key);
        } else if inside && let Some(item) = line.trim().strip_prefix("- ") {
            let item = item.split(" #").next().unwrap_or(item);
            items.push(item.trim().trim_matches(['"', '\'']).to_owned());
        }
    }
    items
}

/// Scripts of the project itself that run when it is installed.
fn own_scripts(
    tree: &Tree<'_>,
    needs: &mut Needs,
    at: &str,
    folder: &str,
    package: &Value,
    how: How,
) -> Result<(), Reason> {
    if how.no_scripts {
        return Ok(());
    }
    let scripts = package.get("scripts").and_then(Value::as_object);
    let script = |name: &str| scripts.and_then(|scripts| scripts.get(name)?.as_str());
    for name in LIFECYCLE {
        let Some(text) = script(name).map(str::trim).filter(|text| !text.is_empty()) else { continue };
        let words: Vec<&str> = text.split_whitespace().filter(|word| !word.starts_with('-')).collect();
        match &words[..] {
            ["npx", "only-allow", _] | ["only-allow", _] => {}
            ["husky"] | ["husky", "install"] | ["husky", "||", "true"] | ["husky", "install", "||", "true"] => {
                needs.check("the image needs no git hooks of husky");
            }
            _ => return Err(format!("{at} runs `{text}` when it is installed ({name})").into()),
        }
    }
    let gyp = join(folder, "binding.gyp").unwrap_or_default();
    if tree.has(&gyp)? && script("install").is_none() && script("preinstall").is_none() {
        return Err(format!("{gyp} is built when the project is installed").into());
    }
    Ok(())
}

/// Dependencies that are folders or files of the project.
fn local(tree: &Tree<'_>, needs: &mut Needs, folder: &str, package: &Value, members: &[&str]) -> Result<(), Reason> {
    for (name, value) in DEPENDENCIES.iter().filter_map(|field| package.get(field)?.as_object()).flatten() {
        let Some(value) = value.as_str() else { continue };
        let file = value.strip_prefix("file:").unwrap_or(value);
        if members.contains(&&**name) && (value.starts_with("workspace:") || !value.contains(':')) {
            continue;
        }
        if value.ends_with(".tgz") && !value.contains("://") {
            let file =
                join(folder, file).ok_or_else(|| format!("the dependency `{name}` is outside of the context"))?;
            if tree.take(needs, &file)? {
                needs.check(format!("{file} is all that `{name}` is installed from"));
                continue;
            }
        }
        let schemes = ["file:", "link:", "portal:", "workspace:", "patch:", "exec:", "./", "../", "/", "~/"];
        if schemes.iter().any(|scheme| value.starts_with(scheme)) {
            return Err(format!("the dependency `{name}` is part of the project ({value})").into());
        }
    }
    for field in ["overrides", "resolutions"] {
        let text = package.get(field).map(Value::to_string).unwrap_or_default();
        if ["\"file:", "\"link:", "\"portal:", "patch:", "\"./", "\"../"].iter().any(|it| text.contains(it)) {
            return Err(format!("`{field}` of package.json names part of the project").into());
        }
    }
    Ok(())
}

/// Dependencies that look at the project when they are installed.
fn readers(
    tree: &Tree<'_>,
    needs: &mut Needs,
    package: &Value,
    folder: &str,
    lock: Option<&str>,
) -> Result<(), Reason> {
    let named = |name: &str| {
        DEPENDENCIES
            .iter()
            .any(|field| package.get(field).and_then(Value::as_object).is_some_and(|it| it.contains_key(name)))
            || lock.is_some_and(|lock| lock.contains(&format!("{name}@")) || lock.contains(&format!("{name}\"")))
    };
    if named("@prisma/client") {
        return Err("@prisma/client generates its code from the schema when it is installed".into());
    }
    if package.get("msw").is_some() {
        return Err("msw writes into the project when it is installed".into());
    }
    if named("puppeteer") {
        for name in tree.names(folder)? {
            if name.starts_with(".puppeteerrc") || name.starts_with("puppeteer.config") {
                tree.take(needs, &join(folder, &name).unwrap_or_default())?;
            }
        }
    }
    Ok(())
}

/// Patches that pnpm or bun apply.
fn patches(tree: &Tree<'_>, needs: &mut Needs, folder: &str, package: &Value) -> Result<(), Reason> {
    let of_pnpm = package.get("pnpm").and_then(|pnpm| pnpm.get("patchedDependencies"));
    let listed = of_pnpm.or_else(|| package.get("patchedDependencies")).and_then(Value::as_object);
    let mut files: Vec<String> =
        listed.into_iter().flat_map(Map::values).filter_map(|it| it.as_str().map(str::to_owned)).collect();
    let at = join(folder, "pnpm-workspace.yaml").unwrap_or_default();
    let text = tree.text(&at)?.unwrap_or_default();
    files.extend(
        text.lines()
            .skip_while(|line| !line.starts_with("patchedDependencies:"))
            .skip(1)
            .take_while(|line| line.starts_with(' '))
            .filter_map(|line| Some(line.rsplit_once(": ")?.1.trim().trim_matches(['"', '\'']).to_owned())),
    );
    for file in files {
        let file = join(folder, &file).ok_or("a patch is outside of the context")?;
        if !tree.take(needs, &file)? {
            return Err(format!("the patch {file} is not in the context").into());
        }
        needs.check("the patches that are copied are all that are applied");
    }
    Ok(())
}

/// Whether a lock file names folders or files of the project.
fn names_folders(lock: &str) -> bool {
    let word = |at: usize| lock[..at].chars().next_back().is_some_and(|char| char.is_alphanumeric() || char == '-');
    ["file:", "link:", "portal:"].iter().any(|scheme| {
        lock.match_indices(scheme).any(|(at, _)| {
            // `link: true` of npm too; not `profile:` and the like, nor the setting `excludeLinksFromLockfile`.
            !word(at)
        })
    }) || lock.contains("\"link\": true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    fn of(files: &[(&str, &str)], folder: &str, manager: Manager, how: How) -> Result<Needs, Reason> {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let world = Files { files, ..Files::default() };
        install(&Tree::of(&world).expect("a context"), folder, manager, how)
    }

    const CI: How = How { frozen: true, clean: true, no_scripts: false };

    #[test]
    fn what_is_read() {
        use Manager::{Bun, Npm, Pnpm, Yarn};
        let lax = How::default();
        let lock = r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"^1"}}}}"#;
        let one = r#"{"dependencies":{"a":"^1"}}"#;
        type Files<'f> = &'f [(&'f str, &'f str)];
        let cases: &[(Files<'_>, &str, Manager, How, &str)] = &[
            (
                &[("package.json", one), ("package-lock.json", lock), ("src/x.js", "")],
                "",
                Npm,
                CI,
                "package.json package-lock.json",
            ),
            (
                &[("package.json", one), ("package-lock.json", lock), (".npmrc", "a=b")],
                "",
                Npm,
                lax,
                "package.json package-lock.json .npmrc",
            ),
            (
                &[("a/package.json", one), ("a/package-lock.json", lock)],
                "a",
                Npm,
                CI,
                "a/package.json a/package-lock.json",
            ),
            (
                &[("package.json", one)],
                "",
                Npm,
                lax,
                "package.json | without a lock file, versions stay as they are until package.json changes",
            ),
            (
                &[("package.json", one), ("package-lock.json", r#"{"lockfileVersion":1}"#)],
                "",
                Npm,
                lax,
                "package.json package-lock.json | the lock file agrees with package.json, or nothing reads the one that the installation writes",
            ),
            (&[("package.json", one), ("yarn.lock", "a@^1:\n  version 1\n")], "", Yarn, lax, "package.json yarn.lock"),
            (
                &[("package.json", one), ("yarn.lock", "a@^2, a@^1:\n  version 1\n")],
                "",
                Yarn,
                lax,
                "package.json yarn.lock",
            ),
            (
                &[("package.json", one), ("pnpm-lock.yaml", "dependencies:\n  a:\n    specifier: ^1\n")],
                "",
                Pnpm,
                lax,
                "package.json pnpm-lock.yaml",
            ),
            (
                &[("package.json", "{}"), ("bun.lockb", "")],
                "",
                Bun,
                CI,
                "package.json bun.lockb | bun reads nothing else of the project when it installs",
            ),
            (
                &[
                    ("package.json", r#"{"workspaces":["p/*","!p/c"]}"#),
                    ("package-lock.json", "{}"),
                    ("p/a/package.json", r#"{"name":"a","dependencies":{"b":"*"}}"#),
                    ("p/b/package.json", r#"{"name":"b"}"#),
                    ("p/c/package.json", "{}"),
                    ("p/a/x/package.json", "{}"),
                ],
                "",
                Npm,
                CI,
                "package.json package-lock.json p/a/package.json p/b/package.json | each workspace's package.json is copied here: a new workspace has to be added",
            ),
            (
                &[
                    ("package.json", "{}"),
                    ("pnpm-lock.yaml", ""),
                    ("pnpm-workspace.yaml", "packages:\n  - 'a'\nx: y\n"),
                    ("a/package.json", "{}"),
                ],
                "",
                Pnpm,
                CI,
                "package.json pnpm-lock.yaml pnpm-workspace.yaml a/package.json | each workspace's package.json is copied here: a new workspace has to be added",
            ),
            (
                &[("package.json", r#"{"scripts":{"prepare":"husky install"}}"#), ("package-lock.json", "{}")],
                "",
                Npm,
                CI,
                "package.json package-lock.json | the image needs no git hooks of husky",
            ),
            (
                &[
                    ("package.json", r#"{"dependencies":{"a":"file:v/a.tgz"}}"#),
                    ("v/a.tgz", ""),
                    ("package-lock.json", "{}"),
                ],
                "",
                Npm,
                CI,
                "package.json package-lock.json v/a.tgz | v/a.tgz is all that `a` is installed from",
            ),
        ];
        for (files, folder, manager, how, expected) in cases {
            let needs = of(files, folder, *manager, *how).expect(expected);
            let checks =
                if needs.checks.is_empty() { String::new() } else { format!(" | {}", needs.checks.join("; ")) };
            assert_eq!(needs.files.join(" ") + &checks, *expected);
        }
    }

    #[test]
    fn what_is_more_than_manifests() {
        for (files, reason) in [
            (&[("x", "")][..], "there is no package.json in the context"),
            (&[("package.json", "[")], "package.json is not JSON"),
            (&[("package.json", "{}")], "`npm ci` needs a lock file, and none is in the context"),
            (
                &[("package.json", r#"{"scripts":{"postinstall":"patch-package"}}"#)],
                "package.json runs `patch-package` when it is installed (postinstall)",
            ),
            (&[("package.json", "{}"), ("binding.gyp", "")], "binding.gyp is built when the project is installed"),
            (
                &[("package.json", r#"{"dependencies":{"a":"file:lib/a"}}"#)],
                "the dependency `a` is part of the project (file:lib/a)",
            ),
            (
                &[("package.json", r#"{"devDependencies":{"a":"link:../a"}}"#)],
                "the dependency `a` is part of the project (link:../a)",
            ),
            (
                &[("package.json", r#"{"overrides":{"a":"file:./a"}}"#)],
                "`overrides` of package.json names part of the project",
            ),
            (
                &[("package.json", r#"{"dependencies":{"@prisma/client":"^5"}}"#)],
                "@prisma/client generates its code from the schema when it is installed",
            ),
            (&[("package.json", r#"{"msw":{}}"#)], "msw writes into the project when it is installed"),
            (&[("package.json", "{}"), (".npmrc", "cafile=ca.pem")], ".npmrc names another file (cafile=ca.pem)"),
            (
                &[("package.json", r#"{"workspaces":["a"]}"#), ("a/package.json", r#"{"bin":"x"}"#)],
                "the workspace a has a program (`bin`), to which a link is made only if it is there",
            ),
            (
                &[("package.json", r#"{"workspaces":["a"]}"#), ("a/package.json", r#"{"scripts":{"prepare":"tsc"}}"#)],
                "a/package.json runs `tsc` when it is installed (prepare)",
            ),
            (
                &[("package.json", "{}"), ("package-lock.json", r#"{"x":"file:a"}"#)],
                "the lock file names a folder or file of the project",
            ),
        ] {
            assert_eq!(of(files, "", Manager::Npm, CI), Err(reason.into()));
        }
        let above = &[("package.json", "{}"), ("a/package.json", "{}")];
        assert_eq!(of(above, "a", Manager::Npm, CI), Err("a may be a workspace of the context".into()));
    }
}
