//! What the script of a RUN itself does to a cache: turns it off, empties it, uses it.

use super::{Plan, Reason};
use crate::commands::cache::{Cache, Off};
use crate::commands::{Invocation, Tool, Verb};
use crate::rewrite;
use crate::shell::{Redirection, Simple};
use crate::source::Edit;
use crate::transform::paths::{Relation, relation};
use crate::transform::{Promise, View, mounts};

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
            if view.doc.exec(index).is_some() {
                return Err(format!(
                    "`{}`, in exec form, turns the cache off",
                    script.slice(spans[0]).trim_matches('\'')
                )
                .into());
            }
            let assigned = |it: &Simple| it.assignments.iter().any(|it| it.span.contains(fetch.simple.span));
            if script.commands().into_iter().any(assigned) {
                return Err("what turns the cache off stands in an assignment".into());
            }
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
    let mounted: Vec<&str> = plan.wants.iter().filter(|(_, want)| want.is_ok()).map(|(path, _)| &**path).collect();
    let own = |invocation: &Invocation| {
        empties(invocation)
            && plan.fetches.iter().any(|fetch| {
                fetch.invocation.tool == invocation.tool
                    && fetch.caches.iter().any(|it| mounted.contains(&&*it.directory))
            })
    };
    let errexit = view.scope(index).shell.errexit || rewrite::sets_errexit(script);
    let writes = |it: &Redirection| !it.operator.ends_with('&') && it.target.literal.as_deref() != Some("/dev/null");
    for (simple, word) in mounts::emptying(view, index, script, &mounted, &own) {
        let text = script.slice(word.unwrap_or(simple.span));
        if let Some(word) = word {
            promises.push(Promise::Flag(text.to_owned().into()));
            edits.push(rewrite::remove_word(doc, script, simple, word)?);
        } else {
            if simple.redirections.iter().any(writes) {
                return Err(format!("`{text}` empties the mount: a file is redirected").into());
            }
            promises.push(Promise::RemovesCommand(text.to_owned().into()));
            let edit = rewrite::remove_command(doc, script, simple, errexit);
            edits.push(edit.map_err(|why| format!("`{text}` empties the mount: {why}"))?);
        }
    }
    Ok(edits)
}

/// Whether the mount that is there is one that the user can write to: root's, or one with the user's number.
fn writable(view: &View<'_>, index: usize, plan: &Plan<'_>, cache: &Cache) -> bool {
    let Ok(owner) = super::owner(view, index) else { return false };
    let mut mounts = plan.mounts.iter().filter(|(mount, target)| {
        &*mount.kind == "cache"
            && target
                .as_deref()
                .is_some_and(|target| matches!(relation(target, &cache.directory), Relation::Same | Relation::Above))
    });
    mounts.any(|(mount, _)| {
        if ["readonly", "ro"].iter().any(|key| mount.get(key).is_some_and(|value| value != "false")) {
            return false;
        }
        let uid = mount.get("uid").map_or(String::new(), |uid| format!(",uid={uid}"));
        owner.is_empty() && (uid.is_empty() || uid == ",uid=0")
            || (!owner.is_empty() && owner.starts_with(&uid) && !uid.is_empty())
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
