//! See README.md: a server of files for Node gives way to nginx.

mod around;
mod server;
mod stage;

use std::borrow::Cow;

use crate::dockerfile::{Command, Kind};
use crate::images;
use crate::transform::{Finding, On, Transform, View};
use stage::Stage;

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "Node.js and its packages ship only to serve files";

/// Why not, in words.
type Reason = Cow<'static, str>;

fn find(view: &View<'_>) -> Vec<Finding> {
    let Some(last) = view.doc.stages().len().checked_sub(1) else { return Vec::new() };
    let Some(image) = view.scopes().image(last).filter(|image| image.kind == images::Kind::Node) else {
        return Vec::new();
    };
    let range = view.doc.stages()[last].instructions.clone();
    let at = |is: fn(&Kind) -> bool| range.clone().rev().find(|index| is(&view.instruction(*index).kind));
    let cmd = at(|kind| matches!(kind, Kind::Cmd(_)));
    let entrypoint = at(|kind| matches!(kind, Kind::Entrypoint(_)));
    let starts = |index: usize| server::is_one(&words(view, index));
    let Some(command) = cmd.filter(|index| starts(*index)).or(entrypoint.filter(|index| starts(*index))) else {
        return Vec::new();
    };
    let stage = Stage { view, image, last, range };
    // A stage that builds what it serves is first split.
    if last == 0 && stage.builds() {
        return Vec::new();
    }
    vec![stage.change(command, entrypoint).map_or_else(
        |reason| Finding::held(vec![stage.range.start], MESSAGE, reason),
        |(instructions, check, change)| Finding::review(instructions, MESSAGE, check, change),
    )]
}

/// The words of a CMD or ENTRYPOINT; its text, where that is for a shell.
fn words(view: &View<'_>, index: usize) -> Vec<String> {
    let instruction = view.instruction(index);
    match &instruction.kind {
        Kind::Cmd(Command::Exec(words)) | Kind::Entrypoint(Command::Exec(words)) => {
            words.iter().map(|word| view.doc.word(instruction, *word).into_owned()).collect()
        }
        Kind::Cmd(Command::Shell(span)) | Kind::Entrypoint(Command::Shell(span)) => {
            let text = view.doc.joined(instruction, *span);
            crate::commands::exec_words(&text).unwrap_or_else(|| vec![text.into_owned()])
        }
        _ => Vec::new(),
    }
}
