//! Tools whose cache a command empties, behind the last command that fills it.

use super::missed::{Traces, missed};
use super::{Call, Reason, Run, caller, later};
use crate::commands::cache::{Yarn, caching, variable};
use crate::commands::{Invocation, Program, Runner, Tool, Verb};
use crate::dockerfile::{Kind as Instruction, Lookup};
use crate::images::Kind;
use crate::images::User::Named;
use crate::rewrite;
use crate::scope::User;
use crate::shell::{Command, List, Separator, Simple};
use crate::source::Edit;
use crate::transform::paths::{self, Relation, relation};
use crate::transform::{Change, Finding, Promise};

/// Tools that share a cache.
struct Family {
    tools: &'static [Tool],
    name: &'static str,
    /// Where the cache is, where that is always the same.
    directories: &'static [&'static str],
    /// Parts of paths that name it, or what it is in.
    around: &'static [&'static str],
    /// Parts of paths that name it.
    hints: &'static [&'static str],
    /// Words of commands that fetch nothing.
    offline: &'static [&'static str],
    /// Variables that move it.
    moves: &'static [&'static str],
    /// The command that empties it, for one that filled it.
    empty: fn(&Run<'_>, &Invocation) -> Result<String, Reason>,
}

const FAMILIES: &[Family] = &[
    Family {
        tools: &[Tool::Dnf, Tool::Yum, Tool::Microdnf],
        name: "dnf",
        around: &["/var/cache"],
        directories: &["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"],
        hints: &["/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5"],
        offline: &["--cacheonly", "dnf -C", "yum -C", " -C install"],
        moves: &[],
        empty: dnf,
    },
    Family {
        tools: &[Tool::Zypper],
        name: "zypper",
        around: &["/var/cache"],
        directories: &["/var/cache/zypp"],
        hints: &["/var/cache/zypp"],
        offline: &["--no-refresh"],
        moves: &[],
        empty: zypper,
    },
    Family {
        tools: &[Tool::Npm],
        name: "npm",
        around: &["/.npm", "_cacache"],
        directories: &[],
        hints: &["/.npm/", "/.npm ", "_cacache"],
        offline: &["--offline", "npm_config_offline", "NPM_CONFIG_OFFLINE"],
        moves: &["npm_config_cache", "NPM_CONFIG_CACHE"],
        empty: npm,
    },
    Family {
        tools: &[Tool::Yarn],
        name: "yarn",
        around: &[".cache"],
        directories: &[],
        hints: &[".cache/yarn"],
        offline: &["--offline"],
        moves: &["YARN_CACHE_FOLDER"],
        empty: yarn,
    },
    Family {
        tools: &[Tool::Conda, Tool::Micromamba],
        name: "conda",
        around: &["pkgs"],
        directories: &[],
        hints: &["conda/pkgs", "conda3/pkgs", "mamba/pkgs", "conda-pack", "conda pack"],
        offline: &["--offline", "CONDA_OFFLINE"],
        moves: &["CONDA_PKGS_DIRS"],
        empty: conda,
    },
    Family {
        tools: &[Tool::Composer],
        name: "composer",
        around: &[".composer", ".cache"],
        directories: &[],
        hints: &["composer/cache", ".cache/composer"],
        offline: &["COMPOSER_DISABLE_NETWORK"],
        moves: &["COMPOSER_CACHE_DIR", "COMPOSER_HOME"],
        empty: composer,
    },
    Family {
        tools: &[Tool::Bundle, Tool::Gem],
        name: "gem",
        around: &["bundle/cache", "/cache/*.gem", "/cache"],
        directories: &[],
        hints: &["bundle/cache"],
        offline: &[],
        moves: &["GEM_HOME"],
        empty: gems,
    },
    Family {
        tools: &[Tool::Go],
        name: "go",
        directories: &[],
        around: &[".cache"],
        hints: &["go-build"],
        offline: &[],
        moves: &["GOCACHE", "XDG_CACHE_HOME"],
        empty: golang,
    },
    Family {
        tools: &[Tool::Poetry, Tool::Pipenv],
        name: "poetry",
        around: &[".cache"],
        directories: &[],
        hints: &[".cache/pypoetry", ".cache/pipenv"],
        offline: &[],
        moves: &["POETRY_CACHE_DIR", "PIPENV_CACHE_DIR", "XDG_CACHE_HOME"],
        empty: pypi,
    },
];

/// A command that empties a cache, where it goes, and who filled the cache.
struct Cleanup {
    edit: Edit,
    command: String,
    name: String,
    directories: Vec<String>,
}

/// What is to be emptied at the end of a RUN: all in one finding, since they may go to the same place.
pub fn find(run: &Run<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut cleanups: Vec<Cleanup> = Vec::new();
    for family in FAMILIES {
        match one(run, family) {
            None => {}
            Some((_, Ok(cleanup))) => cleanups.push(cleanup),
            Some((name, Err(reason))) => findings.push(run.held(message(&name), reason)),
        }
    }
    let names: Vec<&str> = cleanups.iter().map(|cleanup| &*cleanup.name).collect();
    let message = message(&names.join(" and "));
    let mut edits: Vec<Edit> = Vec::new();
    let mut promises: Vec<Promise> = Vec::new();
    for cleanup in cleanups {
        promises.push(Promise::AddsCommand(cleanup.command.into()));
        promises.extend(cleanup.directories.into_iter().map(|directory| Promise::RemovesPath(directory.into())));
        match edits.iter_mut().find(|edit| edit.span == cleanup.edit.span) {
            Some(edit) => {
                edit.replacement = format!("{}{}", edit.replacement, cleanup.edit.replacement).into();
            }
            None => edits.push(cleanup.edit),
        }
    }
    if !edits.is_empty() {
        let change = Change::new(edits, promises).map(|change| Finding::safe(vec![run.index], message, change));
        findings.extend(change.ok());
    }
    findings
}

fn message(name: &str) -> String {
    format!("the layer keeps what {name} fetched")
}

/// What is to be done about one cache, and the name of the tool.
fn one(run: &Run<'_>, family: &Family) -> Option<(String, Result<Cleanup, Reason>)> {
    let calls: Vec<&Call<'_>> = run.calls.iter().filter(|call| family.tools.contains(&call.invocation.tool)).collect();
    let at = calls.iter().rposition(|call| fills(run, &call.invocation))?;
    let fill = calls[at];
    let end = fill.simple.span.end;
    let directories = match run.directories(&fill.invocation, family.moves) {
        Ok(directories) if directories.is_empty() => family.directories.iter().map(|&it| it.to_owned()).collect(),
        Ok(directories) => directories,
        Err(reason) => return Some((name(run, fill), Err(reason))),
    };
    let cleaned = calls[at + 1..].iter().any(|call| call.invocation.verb == Verb::Clean);
    let unshipped = family.tools.contains(&Tool::Go) && run.unshipped(&directories, None).is_some();
    if cleaned || unshipped || run.mounted(&directories) || run.removes(end, &directories, family.around) {
        return None;
    }
    Some((name(run, fill), cleanup(run, family, &calls[at..], directories)))
}

/// What a tool is called in the file.
fn name(run: &Run<'_>, call: &Call<'_>) -> String {
    let name = run.script.slice(call.invocation.name);
    name.rsplit(['/', ' ']).next().unwrap_or(name).trim_end_matches(".phar").to_owned()
}

/// Whether an invocation fills a cache that stays.
fn fills(run: &Run<'_>, invocation: &Invocation) -> bool {
    let image = run.around.scope.image.as_deref();
    let go = image.is_some_and(|image| image.kind == Kind::Golang);
    if invocation.tool == Tool::Go && !go {
        return false;
    }
    let compiles = invocation.tool == Tool::Go && invocation.verb == Verb::Build;
    if !(compiles || matches!(invocation.verb, Verb::Install | Verb::Upgrade))
        || invocation.has(&["-h", "--help", "--version", "--dry-run", "--offline", "--no-cache"])
        || (invocation.tool == Tool::Zypper && invocation.has(&["-D"]))
    {
        return false;
    }
    match caching(&run.around, invocation) {
        Some(Ok(it)) => it.off.is_none() && it.caches.iter().all(|cache| &*cache.directory != "/dev/null"),
        _ => true,
    }
}

/// The command that empties the cache which the first of `calls` filled, and where it goes.
fn cleanup(run: &Run<'_>, family: &Family, calls: &[&Call<'_>], directories: Vec<String>) -> Result<Cleanup, Reason> {
    let fill = calls[0];
    let name_in_paths = family.tools.contains(&Tool::Conda).then_some("conda");
    if let Some(reason) = run.unshipped(&directories, name_in_paths) {
        return Err(reason);
    }
    // What others have put there, another user than root may not remove.
    let home = run.around.scope.home.as_deref().filter(|home| *home != "/");
    // Where it is not known which folder that is, the image's own user may do there what it did.
    let own = match (&run.around.scope.user, run.around.scope.image.as_deref().map(|image| image.user)) {
        (User::Other { name, .. }, Some(Named { name: own, .. })) => **name == *own,
        _ => false,
    };
    let foreign = |path: &String| home.is_none_or(|home| relation(home, path) != Relation::Above);
    if matches!(run.around.scope.user, User::Other { .. })
        && fill.invocation.runner == Runner::Same
        && (directories.iter().any(foreign) || directories.is_empty() && !own)
    {
        return Err("the user that it runs as may not empty it".into());
    }
    if run.script.body().is_ok_and(background) {
        return Err("something runs in the background beside it".into());
    }
    let command = (family.empty)(run, &fill.invocation)?;
    let traces = Traces { directories: &directories, hints: family.hints, offline: family.offline };
    if let Some(reason) = missed(run, &traces) {
        return Err(reason);
    }
    let (doc, instruction) = (run.view.doc, run.view.instruction(run.index));
    let errexit = run.around.scope.shell.errexit;
    // Behind the last command of the tool, which may fetch too; where it stands it is still there.
    let last = calls.iter().rfind(|call| !matches!(call.invocation.verb, Verb::Clean | Verb::Remove)).unwrap_or(&fill);
    let follow = |simple: &Simple| rewrite::follow(doc, instruction, run.script, simple, &command, errexit);
    let edit = match follow(last.simple).or_else(|reason| follow(fill.simple).map_err(|_| reason)) {
        Ok(edit) => edit,
        // At the end, if it is still there.
        Err(reason) => {
            if let Some(word) = loses(run, last.simple.span.end, family) {
                return Err(format!("`{word}` comes between it and the end of the script").into());
            }
            rewrite::append(doc, instruction, run.script, &command).map_err(|_| reason)?
        }
    };
    Ok(Cleanup { edit, command, name: name(run, fill), directories })
}

/// Whether something of a list runs in the background.
fn background(list: &List) -> bool {
    list.items.iter().any(|item| {
        let mut commands = rewrite::pipelines(item).into_iter().flat_map(|pipeline| &pipeline.commands);
        item.separator == Separator::Background
            || commands.any(|command| match command {
                Command::Compound(compound) => compound.lists.iter().any(background),
                Command::Function(function) => function.body.lists.iter().any(background),
                Command::Simple(_) | Command::Opaque(_) => false,
            })
    })
}

/// The command behind `offset` after which a tool may be gone, or another, or the script at its end.
fn loses(run: &Run<'_>, offset: usize, family: &Family) -> Option<String> {
    for simple in run.script.commands().into_iter().filter(|simple| simple.span.start > offset) {
        let text = || run.script.slice(simple.span).to_owned();
        if let Some(call) = run.calls.iter().find(|call| call.simple.span == simple.span) {
            if call.invocation.verb == Verb::Remove {
                return Some(text());
            }
            continue;
        }
        let Some(program) = Program::of(simple) else {
            if simple.words.is_empty() {
                continue;
            }
            return Some(text());
        };
        let lost = match program.name {
            "exit" | "exec" | "trap" | "return" | "cd" | "pushd" | "export" | "." | "source" | "eval" | "rpm"
            | "dpkg" | "mv" | "unset" | "set" => true,
            "rm" => program.arguments.iter().any(|word| {
                let word = run.script.slice(word.span);
                let harmless =
                    word.starts_with('-') || ["/tmp/", "/var/", "/root/.", "~/."].iter().any(|it| word.starts_with(it));
                !harmless || word.contains("bin") || word.contains(family.name)
            }),
            _ => false,
        };
        if lost {
            return Some(text());
        }
    }
    None
}

/// <https://dnf.readthedocs.io/en/latest/command_ref.html#clean-command>,
/// <https://github.com/rpm-software-management/microdnf>
fn dnf(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    if invocation.has(&["--installroot", "--use-host-config"]) {
        return Err("it installs into another root".into());
    }
    let moved = |text: &str| text.contains("keepcache") || text.contains("cachedir");
    if moved(run.view.doc.text()) || invocation.has(&["-c", "--config"]) {
        return Err("its settings may keep or move the cache".into());
    }
    if invocation.has(&["--downloadonly"]) && !invocation.has(&["--downloaddir", "--destdir"]) {
        return Err("--downloadonly leaves packages in the cache".into());
    }
    if run.script.text().contains("/etc/yum.repos.d") && invocation.tool == Tool::Yum {
        // `yum clean all` of yum 3 fails where no repository is left.
        let after = &run.script.text()[invocation.span.end..];
        if after.contains("/etc/yum.repos.d") {
            return Err("a later command changes the repositories".into());
        }
    }
    Ok(format!("{} clean all", caller(run, invocation)?))
}

/// <https://manpages.opensuse.org/Tumbleweed/zypper/zypper.8.en.html>
fn zypper(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    let elsewhere =
        ["-R", "--root", "--installroot", "--cache-dir", "--pkg-cache-dir", "--solv-cache-dir", "--reposd-dir"];
    if invocation.has(&elsewhere) {
        return Err("it has its cache in another root or folder".into());
    }
    if invocation.has(&["-d", "--download-only", "-k", "--keep-packages"])
        || run.view.doc.text().contains("keeppackages")
    {
        return Err("packages are kept in the cache on purpose".into());
    }
    // Lists are fetched again by the next one, which may not trust what this one was told to trust.
    let trusting = run.view.doc.text().contains("--no-gpg-checks");
    let later = run.view.scripts().any(|(at, script)| at > run.index && script.text().contains("zypper"));
    if trusting && later {
        return Err("a later zypper would check what --no-gpg-checks let pass".into());
    }
    Ok(format!("{} clean -a", caller(run, invocation)?))
}

/// Variables of the command itself that a second command would need, too.
fn plain(invocation: &Invocation) -> Result<(), Reason> {
    let moving = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["cache", "config", "home", "root", "folder"].iter().any(|it| name.contains(it))
    };
    match invocation.environment.iter().find(|setting| moving(&setting.name)) {
        Some(setting) => Err(format!("{} is set for it alone", setting.name).into()),
        None => Ok(()),
    }
}

/// <https://docs.npmjs.com/cli/v11/commands/npm-cache>: it removes `_cacache` alone, not what `npx` runs from.
fn npm(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    plain(invocation)?;
    if invocation.has(&["--cache", "--userconfig", "--globalconfig"]) {
        return Err("its flags say where the cache is".into());
    }
    let global = invocation.has(&["-g", "--global", "--location"]);
    if global && invocation.literals().any(|package| package == "npm" || package.starts_with("npm@")) {
        return Err("it replaces npm itself, which may not run here".into());
    }
    Ok(format!("{} cache clean --force", caller(run, invocation)?))
}

/// <https://classic.yarnpkg.com/lang/en/docs/cli/cache/>. What later yarns have in it, the program may be run from.
fn yarn(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    plain(invocation)?;
    // Only yarn 1 has `global`.
    let classic = run.around.yarn == Yarn::Classic || &*invocation.subcommand == "global add";
    if !classic {
        return Err(match run.around.yarn {
            Yarn::Unknown => "yarn 1 and later ones differ, and nothing here tells which it is",
            _ => "yarn's cache may be what the program is run from",
        }
        .into());
    }
    if invocation.has(&["--cache-folder"]) {
        return Err("its flags say where the cache is".into());
    }
    Ok(format!("{} cache clean", caller(run, invocation)?))
}

/// Not with `-f`, which removes what environments link to.
/// <https://docs.conda.io/projects/conda/en/latest/commands/clean.html>
fn conda(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    plain(invocation)?;
    if run.view.doc.text().to_ascii_lowercase().contains("softlink") {
        return Err("what is installed may be links into the cache".into());
    }
    if invocation.has(&["--download-only", "-r", "--root-prefix"]) {
        return Err("its flags make the cache something else".into());
    }
    Ok(format!("{} clean --all --yes", caller(run, invocation)?))
}

/// <https://getcomposer.org/doc/03-cli.md#clear-cache-clearcache-cc>
fn composer(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    plain(invocation)?;
    Ok(format!("{} clear-cache", caller(run, invocation)?))
}

/// The archives, and not the gems. Nothing in `vendor/cache` either, which is what `--local` installs from.
fn gems(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    let reason = match known(run, invocation) {
        Ok(directory) => return Ok(format!("rm -rf {directory}/*.gem")),
        Err(reason) => reason,
    };
    let flag = invocation.value(&["--path"]).map(|value| value.literal.as_deref().map(str::to_owned));
    let variable = || match variable(run.around.scope, run.script, invocation.span.start, "BUNDLE_PATH") {
        Lookup::Value(path) => Some(path),
        _ => None,
    };
    let path = flag.unwrap_or_else(variable).filter(|path| is_plain(path));
    let moved = invocation.environment.is_empty() && invocation.runner == Runner::Same && !invocation.cleared;
    match path {
        Some(path) if invocation.tool == Tool::Bundle && moved && !invocation.has(&["--gemfile"]) => {
            let path = path.trim_end_matches('/');
            // Where a setting of the project and where one of the environment has it.
            if path.starts_with('/') && !path.ends_with("/vendor") {
                return Ok(format!("rm -rf {path}/cache/*.gem {path}/ruby/*/cache/*.gem"));
            }
            Ok(format!("rm -rf {path}/ruby/*/cache/*.gem"))
        }
        _ => Err(reason),
    }
}

/// What was compiled, and not the modules. Since 1.10: <https://go.dev/doc/go1.10#build>
fn golang(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    plain(invocation)?;
    if let Some(version) = run.around.scope.image.as_deref().and_then(|image| image.version.as_deref()) {
        let mut numbers = version.split('.').map(str::parse::<u32>);
        if let (Some(Ok(1)), Some(Ok(..10))) = (numbers.next(), numbers.next()) {
            return Err("go of this release keeps no cache".into());
        }
    }
    let stage = run.view.doc.stage_of(run.index).unwrap_or_default();
    for (at, instruction) in run.view.doc.instructions().iter().enumerate().skip(run.index + 1) {
        let runs = matches!(instruction.kind, Instruction::Run(_)) || later(&instruction.kind);
        let text = run.view.doc.joined(instruction, instruction.arguments);
        let mut words = text.split(|letter: char| letter.is_whitespace() || "\"'[],;&|()".contains(letter));
        let compiles = |word: &str| {
            let name = word.rsplit('/').next().unwrap_or(word);
            matches!(
                name,
                "go" | "make" | "task" | "just" | "mage" | "air" | "dlv" | "gow" | "realize" | "CompileDaemon"
            ) || name.ends_with(".sh")
        };
        if runs && paths::related(run.view, at, stage) && words.any(compiles) {
            return Err(format!("line {} may compile with it", run.view.doc.line(instruction.span.start)).into());
        }
    }
    Ok(format!("{} clean -cache", caller(run, invocation)?))
}

/// Not what else is below the cache: environments.
fn pypi(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    Ok(format!("rm -rf {}", known(run, invocation)?))
}

/// The directories of a cache, which have to be known.
fn known(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    let it = caching(&run.around, invocation).ok_or("where the cache is, is not known")??;
    let directories: Vec<&str> = it.caches.iter().map(|cache| &*cache.directory).collect();
    if directories.iter().all(|path| is_plain(path)) {
        return Ok(directories.join(" "));
    }
    Err("where the cache is, has to be quoted".into())
}

/// Whether a path means itself where it is not quoted.
fn is_plain(path: &str) -> bool {
    !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
}
