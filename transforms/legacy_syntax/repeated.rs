//! CMD, ENTRYPOINT and HEALTHCHECK of which a later one in the same stage takes the place.
//!
//! An ENTRYPOINT resets a CMD of the base image, unless the stage has set one before (`dispatchEntrypoint` in BuildKit's
//! `dockerfile2llb/convert.go`): with the last of each kept in its place, the outcome is the same.

use crate::dockerfile::Kind;
use crate::rewrite;
use crate::transform::{Change, Field, Finding, Promise, View};

/// What a later one of the same kind replaces as a whole.
const fn field(kind: &Kind) -> Option<(Field, &'static str)> {
    match kind {
        Kind::Cmd(_) => Some((Field::Cmd, "CMD")),
        Kind::Entrypoint(_) => Some((Field::Entrypoint, "ENTRYPOINT")),
        Kind::Healthcheck(_) => Some((Field::Healthcheck, "HEALTHCHECK")),
        _ => None,
    }
}

pub(super) fn find(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stage in view.doc.stages() {
        for index in stage.instructions.clone() {
            let Some((field, name)) = field(&view.instruction(index).kind) else { continue };
            let mut later = index + 1..stage.instructions.end;
            if !later.any(|later| self::field(&view.instruction(later).kind).is_some_and(|(other, _)| other == field)) {
                continue;
            }
            let message = format!("only the last {name} of a stage counts");
            findings.push(match rewrite::remove_instruction(view.doc, index) {
                Err(reason) => Finding::held(vec![index], message, reason),
                Ok(edit) => match Change::new([edit], [Promise::Config(field)]) {
                    Ok(change) => Finding::safe(vec![index], message, change),
                    Err(_) => continue,
                },
            });
        }
    }
    findings
}
