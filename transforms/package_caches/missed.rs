//! Who else in the file uses a cache, so that it would be missed.

use super::{Reason, Run, later};
use crate::commands::cache::{Cache, CacheKind};
use crate::commands::{Program, recognise};
use crate::dockerfile::{Kind, Transfer, Via};
use crate::shell::Script;
use crate::transform::View;
use crate::transform::paths::{self, Relation, relation};

/// What a cache is known by.
pub struct Traces<'t> {
    /// Where it is, as far as it is known.
    pub directories: &'t [String],
    /// Parts of paths that name it.
    pub hints: &'t [&'static str],
    /// Words of commands that fetch nothing.
    pub offline: &'t [&'static str],
}

/// Why the cache that a RUN leaves may be missed: by a COPY, by a command that names it, by one that may not fetch.
pub fn missed(run: &Run<'_>, traces: &Traces<'_>) -> Option<Reason> {
    let view = run.view;
    for directory in traces.directories {
        let cache = Cache {
            directory: directory.as_str().into(),
            kind: CacheKind::Copies,
            locked: false,
            native: None,
            setting: None,
        };
        if let Some(reason) = paths::used(view, run.index, &cache) {
            return Some(reason);
        }
    }
    let stage = view.doc.stage_of(run.index)?;
    for (at, instruction) in view.doc.instructions().iter().enumerate() {
        let line = || view.doc.line(instruction.span.start);
        let related = paths::related(view, at, stage);
        match &instruction.kind {
            Kind::Copy(it) | Kind::Add(it) => {
                let from = view.graph().uses().iter().any(|it| {
                    it.instruction == at && {
                        let mut chain = view.graph().chain(it.of);
                        chain.any(|it| it == stage)
                    }
                });
                if (related || from) && copies(run, at, it, traces) {
                    return Some(format!("line {} copies a cache", line()).into());
                }
            }
            Kind::Run(_) if related => {
                let text = view.doc.joined(instruction, instruction.arguments);
                let Some(script) = view.script(at).filter(|script| script.body().is_ok()) else {
                    if mentions(&text, traces) {
                        return Some(format!("line {} is not understood, and may need it", line()).into());
                    }
                    continue;
                };
                if let Some(name) = names(script, traces) {
                    return Some(format!("line {}: `{name}` uses a cache", line()).into());
                }
                if fetches_nothing(script.text(), traces) {
                    return Some(format!("line {} may fetch nothing, and would miss it", line()).into());
                }
            }
            kind if related && later(kind) => {
                let text = view.doc.joined(instruction, instruction.arguments);
                if mentions(&text, traces) {
                    return Some(format!("line {} may need it when the image runs", line()).into());
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a stage that ships copies out of `stage` what one of `directories` is in, or something of this name.
pub fn carried(view: &View<'_>, stage: usize, directories: &[String], name: Option<&str>) -> bool {
    view.graph().uses().iter().filter(|it| it.via == Via::Copy && view.graph().ships(it.by)).any(|it| {
        let instruction = view.instruction(it.instruction);
        let Kind::Copy(transfer) = &instruction.kind else { return false };
        view.graph().chain(it.of).any(|at| at == stage)
            && transfer.sources.iter().any(|source| {
                let source = view.doc.word(instruction, *source);
                let holds = |directory: &String| relation(&source, directory) == Relation::Above;
                name.is_some_and(|name| source.contains(name)) || directories.iter().any(holds)
            })
    })
}

/// Whether a COPY names the cache.
fn copies(run: &Run<'_>, at: usize, transfer: &Transfer, traces: &Traces<'_>) -> bool {
    let instruction = run.view.instruction(at);
    let words = transfer.sources.iter().chain([&transfer.destination]);
    words.map(|word| run.view.doc.word(instruction, *word)).any(|word| {
        let word = word.trim_end_matches('/');
        traces.hints.iter().any(|hint| word.contains(hint)) || word.ends_with(".cache")
    })
}

fn mentions(text: &str, traces: &Traces<'_>) -> bool {
    traces.hints.iter().any(|hint| text.contains(hint)) || fetches_nothing(text, traces)
}

fn fetches_nothing(text: &str, traces: &Traces<'_>) -> bool {
    traces.offline.iter().any(|word| text.contains(word))
}

/// The command of a script that names the cache, where it would not be.
fn names(script: &Script, traces: &Traces<'_>) -> Option<String> {
    script.commands().into_iter().find_map(|simple| {
        let program = Program::of(simple)?;
        let forgives = match program.name {
            "rm" => program.literals().any(|word| word.starts_with('-') && word.contains('f')),
            "mkdir" => program.has("-p"),
            "export" | "echo" | "cd" | "find" => true,
            _ => recognise(script, simple).is_some(),
        };
        let named = |word: &crate::shell::Word| {
            let text = script.slice(word.span);
            traces.hints.iter().any(|hint| text.contains(hint))
        };
        (!forgives && program.arguments.iter().any(named)).then(|| program.name.to_owned())
    })
}
