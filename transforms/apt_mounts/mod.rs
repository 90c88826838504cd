//! See README.md: which RUN of apt gets mounts for lists and packages, and what has to go with them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::commands::cache::{Cache, CacheKind};
use crate::commands::{Invocation, Runner, Tool, Verb, recognise};
use crate::dockerfile::Kind;
use crate::images::Family;
use crate::rewrite;
use crate::scope::User;
use crate::shell::{Script, Simple};
use crate::source::Edit;
use crate::transform::paths::{self, Relation, relation};
use crate::transform::{Change, Finding, On, Promise, Transform, View, mounts};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Asked };

const MESSAGE: &str = "each rebuild fetches all packages again";
const CHECK: &str =
    "nothing installs later, here or in an image built on this one, without `apt-get update` and a cleanup of its own";

/// Packages, and lists of them. Not all of `/var/lib/apt`: what was installed by hand is noted there.
const CACHE: &str = "/var/cache/apt";
const LISTS: &str = "/var/lib/apt/lists";
/// What makes apt forget in images: <https://github.com/debuerreotype/debuerreotype/blob/master/scripts/debuerreotype-minimizing-config>
const CLEAN: &str = "/etc/apt/apt.conf.d/docker-clean";

type Reason = Cow<'static, str>;

fn find(view: &View<'_>) -> Vec<Finding> {
    if !view.dialect().has_cache_mounts() {
        return Vec::new();
    }
    // By the stage that all are built on: what keeps packages in one RUN keeps them in the next.
    let mut families: BTreeMap<usize, Vec<(usize, &Script, Fetch<'_>)>> = BTreeMap::new();
    for (index, script) in view.scripts() {
        let Some(root) = view.doc.stage_of(index).and_then(|stage| view.graph().chain(stage).last()) else { continue };
        if let Some(fetch) = fetch(script) {
            families.entry(root).or_default().push((index, script, fetch));
        }
    }
    let mut findings = Vec::new();
    for runs in families.into_values() {
        let (mut edits, mut promises, mut touched, mut failed) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (index, script, fetch) in &runs {
            match change(view, *index, script, fetch, keeps(view, *index, &touched), &mut promises) {
                Ok(more) if more.is_empty() => {}
                Ok(more) => {
                    edits.extend(more);
                    touched.push(*index);
                }
                Err(reason) => {
                    failed = failed.or(Some(*index));
                    findings.push(Finding::held(vec![*index], MESSAGE, reason));
                }
            }
        }
        if let Some(failed) = failed {
            let line = view.doc.line(view.instruction(failed).span.start);
            let others = |index: usize| Finding::held(vec![index], MESSAGE, format!("line {line} would keep packages"));
            findings.extend(touched.into_iter().map(others));
        } else if let Ok(change) = Change::new(edits, promises)
            && !touched.is_empty()
        {
            findings.push(Finding::review(touched, MESSAGE, CHECK, change));
        }
    }
    findings.sort_by_key(|finding| finding.instructions.first().copied());
    findings
}

/// Whether an invocation is of apt.
fn of_apt(invocation: &Invocation) -> bool {
    matches!(invocation.tool, Tool::AptGet | Tool::Apt | Tool::Aptitude)
}

/// The first command of apt that reads or writes lists, if the script installs something.
type Fetch<'s> = (&'s Simple, Invocation);

fn fetch(script: &Script) -> Option<Fetch<'_>> {
    let mut first = None;
    let mut installs = false;
    for simple in script.commands() {
        let Some(invocation) = recognise(script, simple).filter(of_apt) else { continue };
        installs |= matches!(invocation.verb, Verb::Install | Verb::Upgrade);
        if first.is_none() && matches!(invocation.verb, Verb::Update | Verb::Install | Verb::Upgrade | Verb::Download) {
            first = Some((simple, invocation));
        }
    }
    first.filter(|_| installs)
}

/// What RUN `index` needs: nothing if it has its mounts. `kept`: packages are kept already.
fn change(
    view: &View<'_>,
    index: usize,
    script: &Script,
    (first, invocation): &Fetch<'_>,
    kept: bool,
    promises: &mut Vec<Promise>,
) -> Result<Vec<Edit>, Reason> {
    let (doc, scope) = (view.doc, view.scope(index));
    let mut wants = Vec::new();
    for directory in [CACHE, LISTS] {
        let mut has = false;
        for mount in doc.mounts(view.instruction(index)) {
            let Some(target) = mount.target() else { continue };
            let target = paths::of_mount(view, index, target).ok_or("where another mount of it stands is not known")?;
            match (relation(&target, directory), &*mount.kind) {
                (Relation::Apart, _) => {}
                (Relation::Same | Relation::Above, "cache") => has = true,
                _ => return Err(format!("it has another mount at {target}").into()),
            }
        }
        if !has {
            wants.push(directory);
        }
    }
    if wants.is_empty() {
        return Ok(Vec::new());
    }
    let image = scope.image.as_deref().filter(|image| matches!(image.family, Family::Debian | Family::Ubuntu));
    let image = image.ok_or("what the base image is, is not known")?;
    if scope.user != User::Root || invocation.runner != Runner::Same {
        return Err("it may run as another user than root".into());
    }
    if invocation.verb != Verb::Update {
        return Err("it installs from lists that another line fetched, and a mount may hold older ones, or none".into());
    }
    let forgets = |it: &Invocation| it.tool == Tool::Apt && matches!(it.verb, Verb::Install | Verb::Upgrade);
    let mut all = script.commands().into_iter().filter_map(|simple| recognise(script, simple));
    if all.any(|it| forgets(&it)) && !doc.text().contains("Keep-Downloaded-Packages") {
        return Err("`apt`, unlike `apt-get`, keeps no packages".into());
    }
    if !rewrite::stands_alone(script, first) {
        return Err("`apt-get update` stands inside of another command".into());
    }
    if script.text().contains("Dir::") || doc.text().contains("APT_CONFIG") {
        return Err("a setting may move the lists or the packages".into());
    }
    for directory in &wants {
        let cache = Cache {
            directory: (*directory).into(),
            kind: CacheKind::Copies,
            locked: true,
            native: None,
            setting: None,
        };
        if let Some(reason) = paths::used(view, index, &cache) {
            return Err(reason);
        }
        if let Some(reason) = mounts::obstacle(view, index, script, directory) {
            return Err(reason);
        }
        promises.push(Promise::Mounts((*directory).into()));
        promises.push(Promise::RemovesPath((*directory).into()));
    }
    let system = mounts::system(image, scope);
    // Lists and packages of several processors may stand side by side; locked, they only wait for one another.
    let processor = if scope.source("TARGETARCH").is_some() { "-$TARGETARCH" } else { "" };
    let fields = |directory: &&'static str| {
        let name = if *directory == CACHE { "apt-cache" } else { "apt-lists" };
        (*directory, format!(",id={name}-{system}{processor},sharing=locked"))
    };
    let mut edits = rewrite::mounts::insert(doc, index, wants.iter().map(fields));
    let errexit = scope.shell.errexit || rewrite::sets_errexit(script);
    if !kept {
        let start = script.map().before(first.span.start).ok_or("`apt-get update` is not in the file as it is run")?;
        let separator = rewrite::before(doc, view.instruction(index), script, first, errexit)
            .ok_or("a comment stands before `apt-get update`")?;
        edits.push(Edit::insert(start, format!("rm -f {CLEAN}{separator}")));
        promises.push(Promise::RemovesPath(CLEAN.into()));
        promises.push(Promise::AddsCommand(format!("rm -f {CLEAN}").into()));
    }
    let empties = |it: &Invocation| of_apt(it) && matches!(&*it.subcommand, "clean" | "distclean" | "dist-clean");
    for (simple, word) in mounts::emptying(view, index, script, &[CACHE, LISTS], &empties) {
        let text = script.slice(word.unwrap_or(simple.span)).to_owned();
        if let Some(word) = word {
            edits.push(rewrite::remove_word(doc, script, simple, word)?);
            promises.push(Promise::Flag(text.into()));
        } else {
            let edit = rewrite::remove_command(doc, script, simple, errexit);
            edits.push(edit.map_err(|why| format!("`{text}` empties the mount: {why}"))?);
            promises.push(Promise::RemovesCommand(text.into()));
        }
    }
    Ok(edits)
}

/// Whether the RUN, or one before it in its image, sees to it that packages are kept; those of `touched` will.
fn keeps(view: &View<'_>, index: usize, touched: &[usize]) -> bool {
    let Some(stage) = view.doc.stage_of(index) else { return false };
    let mut runs = view.graph().chain(stage).flat_map(|stage| view.doc.stages()[stage].instructions.clone());
    runs.any(|at| {
        let instruction = view.instruction(at);
        let text = || view.doc.slice(instruction.span);
        let says = || ["docker-clean", "Keep-Downloaded-Packages"].iter().any(|it| text().contains(it));
        at <= index && (touched.contains(&at) || (matches!(instruction.kind, Kind::Run(_)) && says()))
    })
}
