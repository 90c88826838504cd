//! Caches that later steps read: all of them get the mount, or none.

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, Reason, owner, stores_of};
use crate::commands::cache::{Cache, CacheKind, variable};
use crate::commands::{Invocation, Program, Tool, recognise};
use crate::dockerfile::{Command, Kind, Lookup};
use crate::shell::{Script, Simple};
use crate::transform::{View, mounts, paths};

/// RUNs that get their mounts together.
#[derive(Default)]
pub struct Group {
    /// In order.
    pub runs: BTreeSet<usize>,
    /// Mounts for RUNs that may fetch through another program.
    pub extra: BTreeMap<usize, Vec<Cache>>,
    /// What has to be looked at.
    pub check: Option<Reason>,
}

/// The stores of one directory in stages that are built on each other.
struct Store {
    cache: Cache,
    tool: Tool,
    /// The RUNs that read it.
    runs: BTreeSet<usize>,
}

/// Holds the stores against all who may read them, and says which RUNs go together.
pub fn groups(view: &View<'_>, plans: &mut BTreeMap<usize, Plan<'_>>) -> Vec<Group> {
    let mut stores: BTreeMap<(usize, String), Store> = BTreeMap::new();
    for (index, plan) in &*plans {
        let stage = view.doc.stage_of(*index).unwrap_or_default();
        let root = view.graph().chain(stage).last().unwrap_or(stage);
        for fetch in &plan.fetches {
            for cache in fetch.caches.iter().filter(|cache| cache.kind == CacheKind::Store) {
                let store = stores.entry((root, cache.directory.to_string())).or_insert_with(|| Store {
                    cache: cache.clone(),
                    tool: fetch.invocation.tool,
                    runs: BTreeSet::new(),
                });
                store.runs.insert(*index);
            }
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for ((root, directory), store) in stores {
        match judge(view, plans, root, &store) {
            Ok((extra, check)) => {
                let mut group = Group { check, ..Group::default() };
                group.runs.clone_from(&store.runs);
                for run in extra {
                    group.runs.insert(run);
                    group.extra.insert(run, vec![store.cache.clone()]);
                }
                groups.push(group);
            }
            Err(reason) => {
                for run in &store.runs {
                    if let Some(want) = plans.get_mut(run).and_then(|plan| plan.wants.get_mut(&directory)) {
                        *want = Err(reason.clone());
                    }
                }
            }
        }
    }
    for index in plans.keys() {
        groups.push(Group { runs: [*index].into(), ..Group::default() });
    }
    merge(groups)
}

/// Groups that share a RUN are one.
fn merge(groups: Vec<Group>) -> Vec<Group> {
    let mut merged: Vec<Group> = Vec::new();
    for mut group in groups {
        let mut at = 0;
        while at < merged.len() {
            if merged[at].runs.is_disjoint(&group.runs) {
                at += 1;
                continue;
            }
            let other = merged.remove(at);
            group.runs.extend(other.runs);
            for (run, caches) in other.extra {
                group.extra.entry(run).or_default().extend(caches);
            }
            group.check = group.check.or(other.check);
            at = 0;
        }
        merged.push(group);
    }
    merged.sort_by_key(|group| group.runs.first().copied());
    merged
}

/// Whether the store can be a mount: RUNs that need it too without reading it by themselves, and what has to be looked
/// at.
fn judge(
    view: &View<'_>,
    plans: &BTreeMap<usize, Plan<'_>>,
    root: usize,
    store: &Store,
) -> Result<(Vec<usize>, Option<Reason>), Reason> {
    let directory = &*store.cache.directory;
    let line = |at: usize| view.doc.line(view.instruction(at).span.start);
    let mut check = None;
    let mut missing = false;
    for run in &store.runs {
        let plan = &plans[run];
        match plan.wants.get(directory) {
            Some(Err(reason)) if store.runs.len() == 1 => return Err(reason.clone()),
            Some(Err(reason)) => return Err(format!("line {}: {reason}", line(*run)).into()),
            Some(Ok(_)) => missing = true,
            None => {}
        }
        for fetch in &plan.fetches {
            if stores_of(plan).any(|cache| *cache == store.cache) && offline(view, *run, plan, &fetch.invocation) {
                check = Some(format!(
                    "no builder takes the layers above line {} from elsewhere while its cache is empty: there it would fail",
                    line(*run)
                ));
            }
            let own = fetch.invocation.tool == Tool::Maven
                && fetch.invocation.literals().any(|goal| goal == "install" || goal.starts_with("install:"));
            if own && store.runs.iter().any(|other| other > run) {
                return Err(format!("line {} installs artefacts of its own that a later line reads", line(*run)).into());
            }
        }
    }
    if !missing {
        return Ok((Vec::new(), None));
    }
    if view.scopes().image(root).is_none() {
        return Err(format!("what the base image has in {directory} is not known").into());
    }
    if store.tool == Tool::Go && view.doc.text().contains("go env -w") {
        return Err("`go env -w` may move it".into());
    }
    let extra = others(view, plans, root, store)?;
    run_time(view, root, store)?;
    Ok((extra, check.map(Into::into)))
}

/// Whether an invocation in RUN `index` fails where what it needs is not there yet.
pub fn offline(view: &View<'_>, index: usize, plan: &Plan<'_>, invocation: &Invocation) -> bool {
    let (flags, setting): (&[&str], _) = match invocation.tool {
        Tool::Maven => (&["-o", "--offline"], None),
        Tool::Cargo => (&["--offline", "--frozen"], Some("CARGO_NET_OFFLINE")),
        Tool::Dotnet => (&["--no-restore", "--no-build"], None),
        Tool::Bundle => (&["--local"], None),
        Tool::Go => (&[], Some("GOPROXY")),
        Tool::Npm | Tool::Pnpm => (&["--offline"], Some("npm_config_offline")),
        Tool::Uv => (&["--offline"], Some("UV_OFFLINE")),
        _ => (&["--offline"], None),
    };
    let set = setting.is_some_and(|name| {
        let value = match invocation.setting(name) {
            Some(value) => value.map(str::to_owned),
            None => match variable(view.scope(index), plan.script, invocation.span.start, name) {
                Lookup::Value(value) => Some(value),
                Lookup::Unset | Lookup::Unknown => None,
            },
        };
        value.is_some_and(|value| matches!(&*value, "1" | "true" | "off"))
    });
    invocation.has(flags) || set || plan.no_network
}

/// RUNs behind the first that fetches, which may fetch too.
fn others(
    view: &View<'_>,
    plans: &BTreeMap<usize, Plan<'_>>,
    root: usize,
    store: &Store,
) -> Result<Vec<usize>, Reason> {
    let first = store.runs.first().copied().unwrap_or_default();
    let mut extra = Vec::new();
    for (at, instruction) in view.doc.instructions().iter().enumerate() {
        let family = view.doc.stage_of(at).and_then(|stage| view.graph().chain(stage).last()) == Some(root);
        if store.runs.contains(&at) || !family || !matches!(instruction.kind, Kind::Run(_)) {
            continue;
        }
        let line = view.doc.line(instruction.span.start);
        let unknown = plans.get(&at).is_some_and(|plan| plan.unknown.is_some());
        let script = view.runs(at);
        if at < first {
            // What stands before may have filled it.
            if unknown || script.is_some_and(builds) {
                return Err(format!("line {line} may fill it, too").into());
            }
            continue;
        }
        let Some(script) = script else {
            return Err(format!("what line {line} runs is not known, and may read it").into());
        };
        if script.body().is_err() {
            return Err(format!("line {line} is not understood, and may read it").into());
        }
        if unknown || drives(script, store.tool) {
            let covered = view.doc.mounts(instruction).iter().any(|mount| {
                mount
                    .target()
                    .and_then(|target| paths::of_mount(view, at, target))
                    .is_none_or(|target| paths::relation(&target, &store.cache.directory) != paths::Relation::Apart)
            });
            if covered {
                continue;
            }
            owner(view, at).map_err(|reason| Reason::from(format!("line {line}: {reason}")))?;
            let obstacle = mounts::obstacle(view, at, script, &store.cache.directory);
            obstacle.map_or(Ok(()), |reason| Err(Reason::from(format!("line {line}: {reason}"))))?;
            extra.push(at);
        }
    }
    Ok(extra)
}

/// Programs that build nothing and fetch nothing.
const HARMLESS: &[&str] = &[
    "[",
    "addgroup",
    "adduser",
    "apt-mark",
    "awk",
    "basename",
    "cat",
    "cd",
    "chgrp",
    "chmod",
    "chown",
    "cp",
    "curl",
    "cut",
    "date",
    "dirname",
    "echo",
    "egrep",
    "env",
    "exit",
    "export",
    "false",
    "fc-cache",
    "file",
    "find",
    "git",
    "gpg",
    "grep",
    "groupadd",
    "gunzip",
    "gzip",
    "head",
    "install",
    "ldconfig",
    "ldd",
    "ln",
    "locale-gen",
    "ls",
    "md5sum",
    "mkdir",
    "mktemp",
    "mv",
    "openssl",
    "patch",
    "printf",
    "pwd",
    "rm",
    "rmdir",
    "sed",
    "set",
    "setcap",
    "sha256sum",
    "sha512sum",
    "sleep",
    "sort",
    "strip",
    "stat",
    "tail",
    "tar",
    "tee",
    "test",
    "touch",
    "tr",
    "true",
    "tzdata",
    "uname",
    "uniq",
    "unset",
    "unzip",
    "update-ca-certificates",
    "upx",
    "useradd",
    "usermod",
    "wc",
    "wget",
    "which",
    "whoami",
    "xz",
    "yq",
    "jq",
    "zip",
    "rustup",
    "rustc",
    "protoc",
    "java",
    "javac",
    "jar",
    "jlink",
    "jdeps",
    "keytool",
    "dos2unix",
    "umask",
    ":",
];

/// Whether a script runs a program whose purpose is to run others.
fn builds(script: &Script) -> bool {
    let mut programs = script.commands().into_iter().filter_map(Program::of);
    programs.any(|it| matches!(it.name, "make" | "task" | "just" | "mage" | "bazel"))
}

/// Whether a RUN runs nothing but what it fetches with, and what builds nothing.
pub fn alone(plan: &Plan<'_>) -> bool {
    plan.script.commands().into_iter().all(|simple| {
        let fetches = plan.fetches.iter().any(|fetch| std::ptr::eq(fetch.simple, simple));
        fetches || simple.words.is_empty() || Program::of(simple).is_some_and(|it| HARMLESS.contains(&it.name))
    })
}

/// Whether a script may run `tool` by way of another program.
fn drives(script: &Script, tool: Tool) -> bool {
    script.commands().into_iter().any(|simple| may_drive(script, simple, tool))
}

fn may_drive(script: &Script, simple: &Simple, tool: Tool) -> bool {
    if simple.words.is_empty() {
        return false;
    }
    if let Some(invocation) = recognise(script, simple) {
        // Packages with parts in Rust are built by cargo.
        let builds = matches!(
            invocation.tool,
            Tool::Pip
                | Tool::Uv
                | Tool::Poetry
                | Tool::Npm
                | Tool::Npx
                | Tool::Yarn
                | Tool::Pnpm
                | Tool::Bun
                | Tool::Gem
        );
        return invocation.tool == tool || (tool == Tool::Cargo && builds);
    }
    Program::of(simple).is_none_or(|program| !HARMLESS.contains(&program.name))
}

/// Why an image may need the store when it runs: that of the last stage, or of another that may be asked for.
fn run_time(view: &View<'_>, root: usize, store: &Store) -> Result<(), Reason> {
    let (graph, stages) = (view.graph(), view.doc.stages());
    for stage in (0..stages.len()).filter(|stage| graph.chain(*stage).last() == Some(root)) {
        let last = stage + 1 == stages.len();
        let own = stages[stage].instructions.clone();
        let is_run = |at: usize| matches!(view.instruction(at).kind, Kind::Cmd(_) | Kind::Entrypoint(_));
        let commands: Vec<usize> = if last {
            graph.chain(stage).flat_map(|stage| stages[stage].instructions.clone()).filter(|at| is_run(*at)).collect()
        } else {
            own.clone().filter(|at| is_run(*at)).collect()
        };
        if last && commands.is_empty() {
            return Err("the image ships it, and nothing says what it runs".into());
        }
        if let Some(at) = commands.into_iter().find(|at| needs(view, *at, store.tool)) {
            let line = view.doc.line(view.instruction(at).span.start);
            return Err(format!("line {line} may need it when the image runs").into());
        }
        // A stage for developers: what runs in it is said elsewhere.
        let name = stages[stage].name.as_deref().unwrap_or_default();
        let aside = !last && graph.users(stage).next().is_none() && !own.clone().any(is_run);
        if aside
            && (name.starts_with("dev") || !own.clone().any(|at| matches!(view.instruction(at).kind, Kind::Run(_))))
        {
            return Err(format!("nothing says what the image of stage {name} runs").into());
        }
    }
    Ok(())
}

/// Whether a CMD or ENTRYPOINT may use `tool`.
fn needs(view: &View<'_>, at: usize, tool: Tool) -> bool {
    let instruction = view.instruction(at);
    let (Kind::Cmd(command) | Kind::Entrypoint(command)) = &instruction.kind else { return false };
    let words: Vec<String> = match command {
        Command::Exec(words) => words.iter().map(|word| view.doc.word(instruction, *word).into_owned()).collect(),
        Command::Shell(span) => view.doc.joined(instruction, *span).split_whitespace().map(str::to_owned).collect(),
    };
    words.iter().any(|word| {
        let name = word.rsplit('/').next().unwrap_or_default().trim_matches(['"', '\'', ';']);
        let runs = match tool {
            Tool::Go => matches!(name, "go" | "air" | "dlv" | "gow" | "reflex" | "CompileDaemon" | "realize"),
            Tool::Cargo => name.starts_with("cargo") || matches!(name, "bacon" | "trunk"),
            Tool::Maven | Tool::Gradle => matches!(name, "mvn" | "mvnw" | "gradle" | "gradlew"),
            // What `dotnet build` made before .NET 3 finds its libraries in the store.
            Tool::Dotnet => {
                let built = name.ends_with(".dll") && word.contains("bin/") && !word.contains("publish");
                built || matches!(name, "run" | "watch" | "test" | "build" | "ef")
            }
            _ => true,
        };
        let script = name.ends_with(".sh") || name.contains("entrypoint") || name.starts_with("start");
        let shell = matches!(name, "sh" | "bash" | "ash" | "make" | "task" | "just" | "run");
        runs || script || shell || word.starts_with('$')
    })
}
