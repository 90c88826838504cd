//! See README.md: which port and route are asked, with which program of the image.

mod port;
mod route;
mod tool;

use std::borrow::Cow;

use crate::context::Tree;
use crate::dockerfile::{Command, Document, Kind};
use crate::images::{Image, Kind as ImageKind};
use crate::rewrite::{self, lines};
use crate::transform::{Change, Field, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Asked };

const MESSAGE: &str = "nothing tells the engine whether the program still answers";

/// Why not, in words.
type Reason = Cow<'static, str>;

/// The image that ships.
struct Ship<'v> {
    view: &'v View<'v>,
    image: &'v Image,
    /// The instructions that make it, those of stages that it is built on included, in order.
    instructions: Vec<usize>,
    /// What it runs: the words of ENTRYPOINT and CMD.
    words: Vec<String>,
}

fn find(view: &View<'_>) -> Vec<Finding> {
    let Some(last) = view.doc.stages().len().checked_sub(1) else { return Vec::new() };
    let mut stages: Vec<usize> = view.graph().chain(last).collect();
    stages.reverse();
    let instructions: Vec<usize> =
        stages.into_iter().flat_map(|stage| view.doc.stages()[stage].instructions.clone()).collect();
    let kind = |index: &usize| &view.instruction(*index).kind;
    let own = instructions.iter().any(|index| match kind(index) {
        Kind::Healthcheck(_) => true,
        Kind::Onbuild(trigger) => matches!(trigger.kind, Kind::Healthcheck(_)),
        _ => false,
    });
    let is_last = |is: fn(&Kind) -> bool| instructions.iter().rev().find(|index| is(kind(index))).copied();
    let entrypoint = is_last(|kind| matches!(kind, Kind::Entrypoint(_)));
    let cmd = is_last(|kind| matches!(kind, Kind::Cmd(_)));
    // What has no command of its own is a base for other images, or a server of which the sources tell nothing.
    let (false, Some(at)) = (own, entrypoint.or(cmd)) else { return Vec::new() };
    let Some(image) = view.scopes().image(last).filter(|image| is_known(image)) else { return Vec::new() };
    let words = entrypoint.into_iter().chain(cmd).flat_map(|index| words(view.doc, index)).collect();
    let ship = Ship { view, image, instructions, words };
    let port = match port::of(&ship) {
        Ok(Some(port)) => port,
        // A job, a tool, or a server of which nothing says where.
        Ok(None) => return Vec::new(),
        Err(reason) => return vec![Finding::held(vec![at], MESSAGE, reason)],
    };
    let found = tool::of(&ship).and_then(|tool| {
        let tree = Tree::of(view.world).ok_or("the build context is not known")?;
        let route = route::of(&ship, &tree)?;
        Ok((tool, route))
    });
    let stage = view.doc.stages()[last].instructions.clone();
    vec![match found {
        Ok((tool, route)) => {
            let url = format!("http://127.0.0.1:{port}{}", route.path);
            let place = stage.clone().find(|index| matches!(kind(index), Kind::Cmd(_) | Kind::Entrypoint(_)));
            let place = place.unwrap_or(stage.end);
            let line_break = rewrite::line_break(view.doc, view.instruction(stage.start).span.start);
            let command = tool.command(&url).into_iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>();
            let line = format!(
                "HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \\{line_break}    CMD [{}]",
                command.join(", ")
            );
            let line = line.replace('\\', &view.doc.escape().to_string());
            let edit = lines::insert_before(view.doc, place, &[line]);
            let change = edit.map_err(str::to_owned).and_then(|edit| {
                Change::new([edit], [Promise::Config(Field::Healthcheck)]).map_err(|error| error.to_string())
            });
            match change {
                Ok(change) => Finding::review(vec![at], MESSAGE, check(&url, &route.file), change),
                Err(reason) => Finding::held(vec![at], MESSAGE, reason),
            }
        }
        Err(reason) => Finding::held(vec![at], MESSAGE, reason),
    }]
}

fn check(url: &str, file: &str) -> String {
    format!(
        "from 30 s after its start, {url} answers without an error and without login ({file}), whatever is set at run time; what \
         goes by it is meant: Compose (`depends_on: service_healthy`) waits, Swarm replaces the container; Kubernetes and \
         images in OCI format do not look at it"
    )
}

/// Whether an image is known not to bring a HEALTHCHECK of its own.
fn is_known(image: &Image) -> bool {
    !matches!(image.kind, ImageKind::Jupyter | ImageKind::Other | ImageKind::Database | ImageKind::Cuda)
}

/// The words of CMD or ENTRYPOINT `index`, as far as blanks part them.
fn words(doc: &Document, index: usize) -> Vec<String> {
    let instruction = &doc.instructions()[index];
    match &instruction.kind {
        Kind::Cmd(Command::Exec(words)) | Kind::Entrypoint(Command::Exec(words)) => {
            let words = words.iter().map(|word| doc.word(instruction, *word).into_owned());
            // `sh -c '…'`
            words.flat_map(|word| split(&word)).collect()
        }
        Kind::Cmd(Command::Shell(span)) | Kind::Entrypoint(Command::Shell(span)) => {
            split(&doc.joined(instruction, *span))
        }
        _ => Vec::new(),
    }
}

fn split(text: &str) -> Vec<String> {
    let words = text.split(|char: char| char.is_whitespace() || "\"';&|".contains(char));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
