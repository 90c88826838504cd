//! What the script of a RUN itself does to a cache: turns it off, empties it, uses it.

use super::{Plan, Reason};
use crate::commands::cache::{Cache, Off};
use crate::commands::{Invocation, Program, Tool, Verb, recognise};
use crate::dockerfile::Kind;
use crate::rewrite;
use crate::shell::{Script, Simple, Word};
use crate::source::{Edit, Span};
use crate::transform::paths::{Relation, of_word, places, relation};
use crate::transform::{Promise, View};

/// Why the script stands in the way of a mount at `directory`: what is mounted cannot be removed or moved, and what is in
/// it is not in the image.
pub fn obstacle(view: &View<'_>, index: usize, script: &Script, directory: &str) -> Option<Reason> {
    let scope = view.scope(index);
    // What these fetch to run it stands in the cache, and they look there again.
    for runner in ["npx", "uvx", "bunx", "pnpx", "dlx"].into_iter().filter(|it| script.text().contains(it)) {
        let runs = view.doc.instructions().iter().find(|it| {
            matches!(it.kind, Kind::Cmd(_) | Kind::Entrypoint(_)) && view.doc.slice(it.span).contains(runner)
        });
        if let Some(at) = runs {
            let line = view.doc.line(at.span.start);
            return Some(format!("line {line} may run with `{runner}` what is in the cache").into());
        }
    }
    let relations = |word: &Word| -> Option<Vec<Relation>> {
        Some(places(scope, script, word)?.iter().map(|path| relation(path, directory)).collect())
    };
    for simple in script.commands() {
        let Some(program) = Program::of(simple) else { continue };
        let uses = |word: &Word| {
            relations(word).is_some_and(|all| all.iter().any(|it| matches!(it, Relation::Same | Relation::Inside)))
        };
        let names = |word: &Word| relations(word).is_some_and(|all| all.iter().any(|it| *it != Relation::Apart));
        if simple.redirections.iter().any(|it| uses(&it.target)) {
            return Some(format!("`{}` writes into the cache itself", program.name).into());
        }
        let stands_in_the_way = match program.name {
            "rm" => {
                let operands = program.arguments.iter().filter(|word| !script.slice(word.span).starts_with('-'));
                let mut raw = operands.filter(|word| match relations(word).as_deref() {
                    Some([one]) => *one == Relation::Above,
                    Some(several) => several.iter().any(|it| matches!(it, Relation::Above | Relation::Same)),
                    None => suspicious(script.slice(word.span)) || suspicious(&rest(script)),
                });
                if let Some(word) = raw.next() {
                    return Some(format!("`rm {}` may fail on the mount", script.slice(word.span)).into());
                }
                false
            }
            "find" => {
                program.arguments.iter().take_while(|word| !script.slice(word.span).starts_with('-')).any(names)
                    && removes_folders(&program, directory)
            }
            "mv" | "cp" | "tar" | "rsync" | "zip" | "ln" | "shred" | "unlink" => program.arguments.iter().any(names),
            "chown" | "chgrp" | "chmod" | "setfacl" => {
                let all = program.literals().any(|it| it == "--recursive" || it.starts_with('-') && it.contains('R'));
                program.arguments.iter().any(|word| if all { names(word) } else { uses(word) })
            }
            "mkdir" | "export" | "echo" | "cd" | "ls" | "du" | "printf" | "test" | "[" => false,
            "sh" | "bash" | "ash" | "dash" | "zsh" | "su" | "runuser" | "eval" => {
                let text = script.slice(simple.span);
                let file = program.literals().any(|it| it.ends_with(".sh"));
                file || text.contains("rm ") && suspicious(text)
            }
            name if name.ends_with(".sh") => true,
            _ => recognise(script, simple).is_none() && program.arguments.iter().any(uses),
        };
        if stands_in_the_way {
            return Some(format!("`{}` may use the cache itself, or remove it", program.path).into());
        }
    }
    None
}

/// Whether `find` removes folders that may be `directory` or stand above it.
fn removes_folders(program: &Program<'_>, directory: &str) -> bool {
    let words: Vec<&str> = program.literals().collect();
    let behind = |name: &'static str| words.windows(2).filter(move |pair| pair[0] == name).map(|pair| pair[1]);
    let acts = words.iter().any(|it| matches!(*it, "-delete" | "-exec" | "-execdir" | "-ok" | "-okdir"));
    let files = behind("-type").any(|kind| kind == "f") && !behind("-type").any(|kind| kind != "f");
    let mut patterns = behind("-name").chain(behind("-iname")).peekable();
    let named = patterns.peek().is_some() && !words.iter().any(|it| matches!(*it, "-o" | "-or" | "!" | "-not"));
    acts && !files && (!named || patterns.any(|pattern| directory.split('/').any(|name| matches(pattern, name))))
}

/// Whether a name is as a pattern says; a bracket may be anything.
fn matches(pattern: &str, name: &str) -> bool {
    let Some(at) = pattern.find(['*', '?', '[']) else { return pattern == name };
    name.starts_with(&pattern[..at]) && {
        let end = pattern.rfind(['*', '?', ']']).map_or("", |at| &pattern[at + 1..]);
        name.ends_with(end)
    }
}

/// The text of a script without the commands of known tools.
fn rest(script: &Script) -> String {
    let (mut rest, mut at) = (String::new(), 0);
    for simple in script.commands().into_iter().filter(|simple| recognise(script, simple).is_some()) {
        rest.push_str(script.text().get(at..simple.span.start).unwrap_or_default());
        at = at.max(simple.span.end);
    }
    rest.push_str(script.text().get(at..).unwrap_or_default());
    rest
}

/// Whether text that is not understood may name a cache, or what it stands in.
fn suspicious(raw: &str) -> bool {
    let raw = raw.to_ascii_lowercase().replace("gnupghome", "").replace("/var/cache/", "").replace("__pycache__", "");
    ["cache", "home", "~", "/root", ".npm", ".m2", ".cargo", ".gradle", "nuget", "gopath", "store"]
        .iter()
        .any(|it| raw.contains(it))
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
    edits.extend(cleanups(view, index, plan, promises)?);
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
        let within = |word: &&&Word| {
            of_word(scope, script, word).is_some_and(|path| {
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
