//! What the script of a RUN itself does to a cache: turns it off, empties it, uses it.

use super::{Plan, Reason};
use crate::commands::cache::{Cache, Off};
use crate::commands::{Invocation, Program, Tool, Verb, recognise};
use crate::rewrite;
use crate::shell::{Script, Simple};
use crate::source::{Edit, Span};
use crate::transform::paths::{Relation, of_word, relation};
use crate::transform::{Promise, View};

/// Why the script stands in the way of a mount at `directory`.
pub fn obstacle(view: &View<'_>, index: usize, script: &Script, directory: &str) -> Option<Reason> {
    let scope = view.scope(index);
    let moves = script.commands().into_iter().filter_map(Program::of).any(|it| matches!(it.name, "cd" | "pushd"));
    for simple in script.commands() {
        let Some(program) = Program::of(simple) else { continue };
        if program.name == "rm" {
            for word in program.arguments.iter().filter(|word| !script.slice(word.span).starts_with('-')) {
                let raw = script.slice(word.span);
                if moves && !raw.starts_with(['/', '~', '$', '"']) {
                    if suspicious(raw) {
                        return Some(format!("`rm {raw}` may fail on the mount").into());
                    }
                    continue;
                }
                match of_word(scope, script, word).map(|path| relation(&path, directory)) {
                    Some(Relation::Above) => {
                        return Some(format!("`rm {raw}` would fail on the mount").into());
                    }
                    Some(_) => {}
                    None if suspicious(raw) => return Some(format!("`rm {raw}` may fail on the mount").into()),
                    None => {}
                }
            }
            continue;
        }
        if matches!(program.name, "mkdir" | "export" | "echo" | "cd" | "ls" | "du" | "chown" | "chmod")
            || recognise(script, simple).is_some()
        {
            continue;
        }
        for word in program.arguments {
            let inside = of_word(scope, script, word).map(|path| relation(&path, directory));
            if matches!(inside, Some(Relation::Same | Relation::Inside)) {
                return Some(format!("`{}` uses the cache itself", program.name).into());
            }
        }
    }
    None
}

/// Whether a word that is not known may name a cache, or what it stands in.
fn suspicious(raw: &str) -> bool {
    let raw = raw.to_ascii_lowercase();
    ["cache", "home", "~", ".npm", ".m2", "cargo", ".gradle", "nuget", "gopath", "store"]
        .iter()
        .any(|it| raw.contains(it))
        && !raw.contains("gnupghome")
}

/// What goes with the mounts of a RUN: flags that turn a cache off, commands that empty it, variables that say where it
/// is.
pub fn edits(view: &View<'_>, index: usize, plan: &Plan<'_>, promises: &mut Vec<Promise>) -> Result<Vec<Edit>, Reason> {
    let (doc, script) = (view.doc, plan.script);
    let mut edits = Vec::new();
    let mounted = |cache: &Cache| {
        plan.has.contains(&*cache.directory) && writable(view, index, plan, cache)
            || matches!(plan.wants.get(&*cache.directory), Some(Ok(_)))
    };
    for fetch in plan.fetches.iter().filter(|fetch| !fetch.caches.is_empty() && fetch.caches.iter().all(mounted)) {
        if let Some(Off::Here(spans)) = &fetch.off {
            for span in spans {
                edits.push(rewrite::remove_word(doc, script, fetch.simple, *span)?);
                promises.push(Promise::Flag(script.slice(*span).to_owned().into()));
            }
        }
        for cache in fetch.caches.iter().filter(|cache| matches!(plan.wants.get(&*cache.directory), Some(Ok(_)))) {
            if let Some(name) = cache.setting {
                let setting = format!("{name}={}", cache.directory);
                let start = script.map().before(fetch.simple.span.start).ok_or("a command is not in the file")?;
                edits.push(Edit::insert(start, format!("{setting} ")));
                promises.push(Promise::Flag(setting.into()));
            }
        }
    }
    edits.extend(cleanups(view, index, plan, promises)?);
    Ok(edits)
}

/// Whether the mount that is there is one that the user can write to: root's, or one with the user's number.
fn writable(view: &View<'_>, index: usize, plan: &Plan<'_>, cache: &Cache) -> bool {
    let Ok(owner) = super::owner(view.scope(index)) else { return false };
    let mut mounts = plan.mounts.iter().filter(|(mount, target)| {
        &*mount.kind == "cache"
            && target
                .as_deref()
                .is_some_and(|target| matches!(relation(target, &cache.directory), Relation::Same | Relation::Above))
    });
    mounts.any(|(mount, _)| {
        let uid = mount.get("uid").map_or(String::new(), |uid| format!(",uid={uid}"));
        owner.is_empty() && (uid.is_empty() || uid == ",uid=0")
            || (!owner.is_empty() && owner.starts_with(&uid) && !uid.is_empty())
    })
}

/// Commands that would empty a cache that is mounted.
fn cleanups(view: &View<'_>, index: usize, plan: &Plan<'_>, promises: &mut Vec<Promise>) -> Result<Vec<Edit>, Reason> {
    let (doc, script, scope) = (view.doc, plan.script, view.scope(index));
    let errexit = scope.shell.errexit || sets_errexit(script);
    let mounted: Vec<&str> = plan.wants.iter().filter(|(_, want)| want.is_ok()).map(|(path, _)| &**path).collect();
    let mut edits = Vec::new();
    let remove = |simple: &Simple, promises: &mut Vec<Promise>| -> Result<Edit, Reason> {
        promises.push(Promise::RemovesCommand(script.slice(simple.span).to_owned().into()));
        rewrite::remove_command(doc, script, simple, errexit)
            .map_err(|why| format!("`{}` empties the mount: {why}", script.slice(simple.span)).into())
    };
    for simple in script.commands() {
        if let Some(invocation) = recognise(script, simple) {
            let own = |fetch: &super::Fetch<'_>| {
                fetch.invocation.tool == invocation.tool
                    && fetch.caches.iter().any(|it| mounted.contains(&&*it.directory))
            };
            if empties(&invocation) && plan.fetches.iter().any(own) {
                edits.push(remove(simple, promises)?);
            }
            continue;
        }
        let Some(program) = Program::of(simple).filter(|program| program.name == "rm") else { continue };
        let operands: Vec<_> =
            program.arguments.iter().filter(|word| !script.slice(word.span).starts_with('-')).collect();
        let within = |word: &&&crate::shell::Word| {
            let path = of_word(scope, script, word);
            path.is_some_and(|path| {
                mounted.iter().any(|directory| matches!(relation(&path, directory), Relation::Same | Relation::Inside))
            })
        };
        let gone: Vec<Span> = operands.iter().filter(within).map(|word| word.span).collect();
        if gone.is_empty() {
            continue;
        }
        if gone.len() == operands.len() {
            edits.push(remove(simple, promises)?);
        } else {
            for span in gone {
                edits.push(rewrite::remove_word(doc, script, simple, span)?);
                promises.push(Promise::Flag(script.slice(span).to_owned().into()));
            }
        }
    }
    Ok(edits)
}

/// `set -e` comes first.
fn sets_errexit(script: &Script) -> bool {
    let first = script.commands().into_iter().next();
    first.and_then(Program::of).is_some_and(|program| {
        program.name == "set" && program.literals().any(|word| word.starts_with('-') && word.contains('e'))
    })
}

/// Whether a command empties the cache of its tool.
fn empties(invocation: &Invocation) -> bool {
    let verb = invocation.verb == Verb::Clean;
    match invocation.tool {
        Tool::Pip | Tool::Npm | Tool::Yarn | Tool::Uv | Tool::Pnpm | Tool::Poetry | Tool::Composer | Tool::Bun => verb,
        Tool::Dotnet => &*invocation.subcommand == "nuget locals",
        Tool::Go => verb && invocation.has(&["-cache", "-modcache", "-testcache"]),
        _ => false,
    }
}
