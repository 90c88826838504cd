//! Cache mounts: what keeps those of one system apart from those of another, and what the script of a RUN does to a
//! directory that is mounted.

use std::borrow::Cow;

use super::View;
use super::paths::{Relation, of_word, places, relation};
use crate::commands::{Invocation, Program, recognise};
use crate::dockerfile::Kind;
use crate::images::{Family, Image, Kind as ImageKind};
use crate::scope::Scope;
use crate::shell::{Script, Simple, Word};
use crate::source::Span;

/// What a compiled file depends on: the release of the system, or, where the tag does not tell or more matters, the tag.
#[must_use]
pub fn system(image: &Image, scope: &Scope) -> String {
    let family = match image.family {
        Family::Debian | Family::Ubuntu => "",
        Family::Alpine => "alpine",
        Family::RedHat => "el",
        Family::Suse => "suse",
        Family::Arch => "arch",
        Family::Wolfi => "wolfi",
        Family::AzureLinux => "azurelinux",
        _ => "linux",
    };
    let repository = image.repository.replace('/', "-");
    match &image.release {
        // What is compiled there depends on that of CUDA, too.
        Some(release) if image.family != Family::Unknown && image.kind != ImageKind::Cuda => {
            format!("{family}{release}")
        }
        // A build argument is part of the tag.
        _ if !scope.image_is_fixed && family.is_empty() => repository,
        _ if !scope.image_is_fixed => format!("{repository}-{family}"),
        _ => format!("{repository}-{}", image.tag.as_deref().unwrap_or("latest")),
    }
}

/// Why the script stands in the way of a mount at `directory`: what is mounted cannot be removed or moved, and what is in
/// it is not in the image.
#[must_use]
pub fn obstacle(view: &View<'_>, index: usize, script: &Script, directory: &str) -> Option<Cow<'static, str>> {
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

/// What of RUN `index` would empty the directories that are `mounted`: commands of which `empties` says so, and `rm` of
/// what is in them, as a whole or, where it removes other things too, word by word.
#[must_use]
pub fn emptying<'s>(
    view: &View<'_>,
    index: usize,
    script: &'s Script,
    mounted: &[&str],
    empties: &dyn Fn(&Invocation) -> bool,
) -> Vec<(&'s Simple, Option<Span>)> {
    let scope = view.scope(index);
    let mut found = Vec::new();
    for simple in script.commands() {
        if let Some(invocation) = recognise(script, simple) {
            found.extend(empties(&invocation).then_some((simple, None)));
            continue;
        }
        let Some(program) = Program::of(simple).filter(|program| program.name == "rm") else { continue };
        let operands = program.arguments.iter().filter(|word| !script.slice(word.span).starts_with('-'));
        let all = operands.clone().count();
        let within = operands.filter(|word| {
            of_word(scope, script, word).is_some_and(|path| {
                let of = |directory: &&str| matches!(relation(&path, directory), Relation::Same | Relation::Inside);
                mounted.iter().any(of)
            })
        });
        let gone: Vec<Span> = within.map(|word| word.span).collect();
        if gone.len() == all && all > 0 {
            found.push((simple, None));
        } else {
            found.extend(gone.into_iter().map(|span| (simple, Some(span))));
        }
    }
    found
}
