//! See README.md: deletions that come a layer too late.

mod bind;

use crate::commands::Program;
use crate::commands::files::{deletes, writes};
use crate::dockerfile::Kind;
use crate::transform::paths::absolute;
use crate::transform::{Finding, On, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

fn find(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (run, script) in view.scripts() {
        let Some(stage) = view.doc.stage_of(run).filter(|stage| view.graph().ships(*stage)) else { continue };
        if !script.text().contains("rm ") {
            continue;
        }
        let programs: Vec<Program<'_>> = script.commands().into_iter().filter_map(Program::of).collect();
        let own: Vec<String> = programs.iter().flat_map(|program| writes(script, program)).collect();
        let gone = programs.iter().flat_map(|program| deletes(script, program));
        // A directory that a `cd` changes to is not known.
        let moved = programs.iter().any(|program| matches!(program.name, "cd" | "pushd"));
        let Some((path, at)) = gone
            .filter(|path| !path.contains(['*', '?', '[', '$', '`', '~']) && !own.iter().any(|own| own == path))
            .filter(|path| path.starts_with('/') || !moved)
            .find_map(|path| {
                let full = absolute(view, run, path)?;
                let at = view.doc.stages()[stage]
                    .instructions
                    .clone()
                    .filter(|at| *at < run)
                    .rfind(|at| writes_it(view, *at, &full))?;
                Some((full, at))
            })
        else {
            continue;
        };
        let line = view.doc.line(view.instruction(at).span.start);
        let how = if matches!(view.instruction(at).kind, Kind::Run(_)) {
            "delete it in the RUN that writes it"
        } else {
            "RUN --mount=type=bind shows it to one RUN without a copy"
        };
        let message = format!("{path} is deleted here, but stays in the layer of line {line}: {how}");
        findings.push(match bind::change(view, at, run, &path) {
            Some(change) => Finding::review(vec![at, run], message, bind::CHECK, change),
            None => Finding::advice(vec![run], message),
        });
    }
    findings
}

/// Whether an instruction writes the file at `path`, for certain.
fn writes_it(view: &View<'_>, at: usize, path: &str) -> bool {
    let instruction = view.instruction(at);
    match &instruction.kind {
        Kind::Copy(transfer) | Kind::Add(transfer) => {
            let raw = view.doc.word(instruction, transfer.destination);
            let Some(place) = absolute(view, at, &raw) else { return false };
            if place == path {
                return !matches!(&*raw, "." | "./");
            }
            transfer.sources.iter().any(|source| {
                let source = view.doc.word(instruction, *source);
                let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                let whole = matches!(name, "" | "." | "..") || name.contains(['*', '?', '[', '$']);
                !whole
                    && path
                        .strip_prefix(place.trim_end_matches('/'))
                        .is_some_and(|rest| rest.strip_prefix('/') == Some(name))
            })
        }
        Kind::Run(_) => {
            let Some(script) = view.script(at) else { return false };
            let programs: Vec<Program<'_>> = script.commands().into_iter().filter_map(Program::of).collect();
            if programs.iter().any(|program| matches!(program.name, "cd" | "pushd")) {
                return false;
            }
            let is = |other: &str| !other.contains('$') && absolute(view, at, other).as_deref() == Some(path);
            programs.iter().any(|program| writes(script, program).iter().any(|other| is(other)))
                && !programs.iter().any(|program| deletes(script, program).into_iter().any(is))
        }
        _ => false,
    }
}
