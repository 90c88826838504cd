//! See README.md: which RUN gets which mount, and what goes with it.

mod script;
mod settings;
mod stores;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::commands::cache::{Cache, CacheKind, Off, caching};
use crate::commands::{Invocation, Tool, recognise};
use crate::dockerfile::Mount;
use crate::images::Kind;
use crate::rewrite;
use crate::scope::User;
use crate::shell::{Script, Simple, SourceMap};
use crate::source::Edit;
use crate::transform::mounts::{self, system};
use crate::transform::paths::{self, Relation, relation};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "each rebuild fetches again what the last one had";

/// Why not, in words.
type Reason = Cow<'static, str>;

/// A command that fetches.
struct Fetch<'v> {
    simple: &'v Simple,
    invocation: Invocation,
    caches: Vec<Cache>,
    off: Option<Off>,
}

/// What a RUN fetches, and what is to be done about it.
struct Plan<'v> {
    script: &'v Script,
    fetches: Vec<Fetch<'v>>,
    /// Mounts that are there, and where.
    mounts: Vec<(Mount, Option<String>)>,
    /// The caches that want a mount, by directory, and those that cannot have one.
    wants: BTreeMap<String, Result<Cache, Reason>>,
    /// Directories that have one.
    has: BTreeSet<String>,
    /// What nothing is known of.
    unknown: Option<Reason>,
    /// It has no network.
    no_network: bool,
}

fn find(view: &View<'_>) -> Vec<Finding> {
    let mut plans: BTreeMap<usize, Plan<'_>> = BTreeMap::new();
    let all = (0..view.doc.instructions().len()).filter_map(|index| Some((index, view.runs(index)?)));
    for (index, script) in all {
        plans.extend(plan(view, index, script).map(|plan| (index, plan)));
    }
    if plans.is_empty() {
        return Vec::new();
    }
    if !view.dialect().has_cache_mounts() {
        let lacks = plans.iter().filter(|(_, plan)| plan.has.is_empty());
        return lacks.map(|(index, _)| held(*index, "the builder has no cache mounts")).collect();
    }
    let offline = offline(view, &plans);
    for (index, plan) in &mut plans {
        check(view, *index, plan, &offline);
    }
    let groups = stores::groups(view, &mut plans);
    let mut findings = Vec::new();
    for group in groups {
        findings.extend(finding(view, &plans, group));
    }
    findings
}

fn held(index: usize, reason: impl Into<Reason>) -> Finding {
    Finding::held(vec![index], MESSAGE, reason)
}

/// What a RUN fetches; `None` if it fetches nothing.
fn plan<'v>(view: &'v View<'_>, index: usize, script: &'v Script) -> Option<Plan<'v>> {
    let around = view.surroundings(index)?;
    let mut fetches = Vec::new();
    let mut unknown: Option<Reason> = None;
    for simple in script.commands() {
        let Some(invocation) = recognise(script, simple) else { continue };
        match caching(&around, &invocation) {
            None => {}
            Some(_) if !invocation.certain => unknown = Some("a command has an option that is not known".into()),
            Some(Err(why)) => unknown = Some(why),
            Some(Ok(_)) if let Some(why) = settings::moved(view, index, invocation.tool) => unknown = Some(why),
            Some(Ok(it)) => fetches.push(Fetch { simple, invocation, caches: it.caches, off: it.off }),
        }
    }
    if let Err(why) = script.body()
        && script.is_unread()
    {
        // What another program is given to read may be shell, and fetch.
        let text = Script::parse(script.text(), SourceMap::default());
        let fetches = |simple: &&Simple| recognise(&text, simple).is_some_and(|it| caching(&around, &it).is_some());
        unknown = text.commands().iter().any(fetches).then(|| why.0.clone());
    }
    if fetches.is_empty() && unknown.is_none() {
        return None;
    }
    let instruction = view.instruction(index);
    let mounts = view.doc.mounts(instruction).into_iter().map(|mount| {
        let target = mount.target().and_then(|target| paths::of_mount(view, index, target));
        (mount, target)
    });
    let no_network = instruction.flags.iter().any(|flag| {
        let text = view.doc.joined(instruction, flag.span);
        text.starts_with("--network") && text.ends_with("=none")
    });
    let (mounts, wants, has) = (mounts.collect(), BTreeMap::new(), BTreeSet::new());
    let mut plan = Plan { script, fetches, mounts, wants, has, unknown, no_network };
    for cache in plan.fetches.iter().flat_map(|fetch| &fetch.caches) {
        match covered(&plan.mounts, &cache.directory) {
            Ok(true) => _ = plan.has.insert(cache.directory.to_string()),
            // Who mounted the registry alone fetches nothing from git.
            Ok(false) if beside_registry(&plan.mounts, &cache.directory) => {}
            Ok(false) => {
                plan.wants.entry(cache.directory.to_string()).or_insert_with(|| Ok(cache.clone()));
            }
            Err(reason) => {
                plan.wants.insert(cache.directory.to_string(), Err(reason));
            }
        }
    }
    Some(plan)
}

/// Whether `directory` is cargo's for git, and its registry has a mount already.
fn beside_registry(mounts: &[(Mount, Option<String>)], directory: &str) -> bool {
    let home = directory.strip_suffix("/git/db").or_else(|| directory.strip_suffix("/git"));
    home.is_some_and(|home| {
        let registry = format!("{home}/registry");
        mounts.iter().any(|(mount, target)| &*mount.kind == "cache" && target.as_deref() == Some(&*registry))
    })
}

/// Whether a cache mount that is there covers `directory`.
fn covered(mounts: &[(Mount, Option<String>)], directory: &str) -> Result<bool, Reason> {
    for (mount, target) in mounts {
        let Some(target) = target else {
            if matches!(&*mount.kind, "secret" | "ssh") && mount.target().is_none() {
                continue;
            }
            return Err("where another mount of it stands is not known".into());
        };
        match (relation(target, directory), &*mount.kind) {
            (Relation::Apart, _) | (Relation::Inside, "secret" | "ssh") => {}
            (Relation::Same | Relation::Above, "cache") => return Ok(true),
            _ => return Err(format!("it has another mount at {target}").into()),
        }
    }
    Ok(false)
}

/// Holds each want of a RUN against what is around it.
fn check(view: &View<'_>, index: usize, plan: &mut Plan<'_>, offline: &BTreeMap<String, usize>) {
    let all: Vec<String> = plan.wants.keys().chain(&plan.has).cloned().collect();
    let owner = owner(view, index);
    let mut wants = std::mem::take(&mut plan.wants);
    for (directory, want) in &mut wants {
        let Ok(cache) = want else { continue };
        let failed = if plan.no_network {
            Some("it has no network to fetch from".into())
        } else if let Err(reason) = &owner {
            Some(reason.clone())
        } else if cache.native.is_some() && any_base(view, index) {
            Some("a build argument may change the base, and what is compiled for it is kept".into())
        } else if all.iter().any(|other| matches!(relation(other, directory), Relation::Above | Relation::Inside)) {
            Some("one cache stands inside of another".into())
        } else if let Some(reason) = off(plan, directory) {
            Some(reason)
        } else if let Some(at) = offline.get(directory) {
            let line = view.doc.line(view.instruction(*at).span.start);
            Some(format!("line {line} may fetch nothing, and would miss it").into())
        } else {
            parent(view, index, plan, cache)
                .or_else(|| paths::used(view, index, cache))
                .or_else(|| mounts::obstacle(view, index, plan.script, directory))
        };
        if let Some(reason) = failed {
            *want = Err(reason);
        }
    }
    plan.wants = wants;
}

/// Caches of copies that a RUN only reads, and may not fill: by directory, with the first such RUN.
fn offline(view: &View<'_>, plans: &BTreeMap<usize, Plan<'_>>) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (index, plan) in plans {
        let directories: BTreeSet<&str> = plan
            .fetches
            .iter()
            .flat_map(|fetch| &fetch.caches)
            .filter(|it| it.kind == CacheKind::Copies)
            .map(|it| &*it.directory)
            .collect();
        for directory in directories {
            let mut fetches =
                plan.fetches.iter().filter(|it| it.caches.iter().any(|cache| *cache.directory == *directory));
            if fetches.all(|fetch| stores::offline(view, *index, plan, &fetch.invocation)) {
                found.entry(directory.to_owned()).or_insert(*index);
            }
        }
    }
    found
}

/// The owner that a mount needs in RUN `index`, as fields; none for root.
fn owner(view: &View<'_>, index: usize) -> Result<String, Reason> {
    match &view.scope(index).user {
        User::Root => Ok(String::new()),
        User::Other { .. } if !paths::user_is_fixed(view, index) => {
            Err("a build argument may change the user, whose number a mount needs".into())
        }
        User::Other { uid: Some(uid), gid, .. } => {
            let gid = gid.map_or(String::new(), |gid| format!(",gid={gid}"));
            Ok(format!(",uid={uid}{gid}"))
        }
        User::Other { name, .. } => Err(format!("the number of user {name}, which a mount needs, is not known").into()),
        User::Unknown => Err("the user that it runs as is not known".into()),
    }
}

/// Whether a build argument can make any image the base of RUN `index`.
fn any_base(view: &View<'_>, index: usize) -> bool {
    let stage = view.doc.stage_of(index).and_then(|stage| view.graph().chain(stage).last());
    let from = stage.map(|stage| view.instruction(view.doc.stages()[stage].instructions.start));
    from.is_some_and(|from| match &from.kind {
        crate::dockerfile::Kind::From(it) => view.doc.word(from, it.image).trim_matches('"').starts_with('$'),
        _ => false,
    })
}

/// Why the cache cannot be turned on again, if it is off.
fn off(plan: &Plan<'_>, directory: &str) -> Option<Reason> {
    let fetches = plan.fetches.iter().filter(|fetch| fetch.caches.iter().any(|cache| *cache.directory == *directory));
    let mut names = fetches.filter_map(|fetch| match &fetch.off {
        Some(Off::Environment(name)) => Some(*name),
        _ => None,
    });
    names.next().map(|name| format!("{name} turns the cache off").into())
}

/// The folders above a mount are made for it, as root: another user cannot write beside it, where these tools do.
fn parent(view: &View<'_>, index: usize, plan: &Plan<'_>, cache: &Cache) -> Option<Reason> {
    let scope = view.scope(index);
    if scope.user == User::Root {
        return None;
    }
    let home = scope.home.as_deref().unwrap_or("/");
    let (folder, _) = cache.directory.rsplit_once('/')?;
    if folder == "/tmp" {
        return None;
    }
    let homely = relation(home, folder) == Relation::Above;
    let beside = plan.fetches.iter().filter(|fetch| fetch.caches.contains(cache)).any(|fetch| {
        match fetch.invocation.tool {
            // ~/.nuget/NuGet, the environments of poetry
            Tool::Dotnet | Tool::Poetry => true,
            // ~/.cache/node-gyp, ~/.local/state, ~/.m2/wrapper
            Tool::Yarn | Tool::Pnpm | Tool::Maven | Tool::Gradle | Tool::Composer => homely,
            // /go/pkg/sumdb
            Tool::Go => cache.directory.ends_with("/pkg/mod"),
            // $CARGO_HOME/.package-cache
            Tool::Cargo => !scope.image.as_deref().is_some_and(|image| image.kind == Kind::Rust),
            // ~/.bun/install/global
            Tool::Bun => fetch.invocation.has(&["-g", "--global"]),
            // ~/.cache: what other programs use, too
            Tool::Pip | Tool::Pipenv | Tool::Uv => homely && !stores::alone(plan),
            _ => false,
        }
    });
    beside.then(|| format!("{folder} would be root's while it runs, and the user may write there").into())
}

/// The finding for RUNs that get their mounts together.
fn finding(view: &View<'_>, plans: &BTreeMap<usize, Plan<'_>>, group: stores::Group) -> Option<Finding> {
    let mut edits = Vec::new();
    let mut promises: Vec<Promise> = Vec::new();
    let mut touched = Vec::new();
    for index in &group.runs {
        let before = edits.len();
        let mut wants: Vec<&Cache> = group.extra.get(index).into_iter().flatten().collect();
        if let Some(plan) = plans.get(index) {
            wants.extend(plan.wants.values().flatten());
            match script::edits(view, *index, plan, &mut promises) {
                Ok(more) => edits.extend(more),
                Err(reason) => return Some(held(*index, reason)),
            }
        }
        wants.sort_by_key(|cache| &cache.directory);
        if !wants.is_empty() {
            edits.extend(insertions(view, *index, &wants)?);
            for cache in &wants {
                promises.push(Promise::Mounts(cache.directory.to_string().into()));
                promises.push(Promise::RemovesPath(cache.directory.to_string().into()));
                if let (Some(_), Some(home)) = (cache.setting, &view.scope(*index).home) {
                    // Where composer has it otherwise.
                    promises.push(Promise::RemovesPath(format!("{home}/.composer/cache").into()));
                    promises.push(Promise::RemovesPath(format!("{home}/.cache/composer").into()));
                }
            }
        }
        if edits.len() > before {
            touched.push(*index);
        }
    }
    if edits.is_empty() {
        let index = *group.runs.first()?;
        let plan = plans.get(&index)?;
        let reason = plan.wants.values().find_map(|want| want.as_ref().err()).or(plan.unknown.as_ref())?;
        return Some(held(index, reason.clone()));
    }
    promises.sort_by_key(|promise| format!("{promise:?}"));
    promises.dedup();
    let change = Change::new(edits, promises).ok()?;
    Some(match group.check {
        None => Finding::safe(touched, MESSAGE, change),
        Some(check) => Finding::review(touched, MESSAGE, check, change),
    })
}

/// The mounts of `wants`.
fn insertions(view: &View<'_>, index: usize, wants: &[&Cache]) -> Option<Vec<Edit>> {
    let owner = owner(view, index).ok()?;
    let wants = wants.iter().map(|cache| {
        let other = alike(view, index, cache);
        let (id, sharing) = match &other {
            Some(mount) => (mount.get("id").map(str::to_owned), mount.get("sharing")),
            None => (id(view, index, cache), cache.locked.then_some("locked")),
        };
        let id = id.map_or(String::new(), |id| format!(",id={id}"));
        let sharing = sharing.map_or(String::new(), |sharing| format!(",sharing={sharing}"));
        (&*cache.directory, format!("{id}{sharing}{owner}"))
    });
    Some(rewrite::mounts::insert(view.doc, index, wants))
}

/// A mount of the file at the same place, which keeps what was compiled for one base apart from what was compiled for
/// another.
fn alike(view: &View<'_>, index: usize, cache: &Cache) -> Option<Mount> {
    let system = |at: usize| view.scope(at).image.as_deref().map(|image| system(image, view.scope(at)));
    let same = |at: &usize| cache.native.is_none() || system(*at) == system(index);
    (0..view.doc.instructions().len()).filter(same).find_map(|at| {
        view.doc.mounts(view.instruction(at)).into_iter().find(|mount| {
            let target = mount.target().and_then(|target| paths::of_mount(view, at, target));
            &*mount.kind == "cache" && target.as_deref() == Some(&*cache.directory)
        })
    })
}

/// The id that a mount needs: one that keeps what was compiled for one base apart from what was compiled for another.
fn id(view: &View<'_>, index: usize, cache: &Cache) -> Option<String> {
    let (name, scope) = (cache.native?, view.scope(index));
    Some(format!("{name}-{}", scope.image.as_deref().map_or_else(|| "unknown".into(), |image| system(image, scope))))
}

/// Which kind of group a plan's wants make: the directories of its stores.
fn stores_of<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = &'p Cache> {
    plan.fetches.iter().flat_map(|fetch| &fetch.caches).filter(|cache| cache.kind == CacheKind::Store)
}
