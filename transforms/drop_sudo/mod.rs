//! See README.md: where sudo changes nothing but the environment.

use crate::commands::of_the_shell;
use crate::dockerfile::Kind;
use crate::rewrite;
use crate::scope::User;
use crate::shell::{Command, CompoundKind, List, Script, Simple};
use crate::source::Span;
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "root needs no sudo";

fn find(view: &View<'_>) -> Vec<Finding> {
    view.scripts().filter_map(|(index, script)| finding(view, index, script)).collect()
}

fn finding(view: &View<'_>, index: usize, script: &Script) -> Option<Finding> {
    if !script.text().contains("sudo ") {
        return None;
    }
    let commands = script.commands();
    let is_sudo = |simple: &&Simple| simple.words.first().is_some_and(|word| word.literal.as_deref() == Some("sudo"));
    let sudos: Vec<&Simple> = commands.into_iter().filter(is_sudo).collect();
    if sudos.is_empty() {
        return None;
    }
    let held = |reason: &'static str| Some(Finding::held(vec![index], MESSAGE, reason));
    let scope = view.scope(index);
    match scope.user {
        User::Root if scope.image_is_fixed || user_is_set(view, index) => {}
        User::Other { .. } => return held("the user is not root"),
        User::Root | User::Unknown => return held("the base image may have a user that is not root"),
    }
    let (mut edits, mut programs, mut reason) = (Vec::new(), Vec::new(), None);
    for simple in sudos {
        let plain = plain(script, simple);
        let edit = plain
            .and_then(|program| Ok((program, rewrite::remove_word(view.doc, script, simple, simple.words[0].span)?)));
        match edit {
            Ok((program, edit)) => {
                edits.push(edit);
                programs.push(program);
            }
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    if edits.is_empty() {
        return held(reason?);
    }
    programs.sort_unstable();
    programs.dedup();
    let check = format!(
        "{} {} the same with the variables of ENV and ARG, which sudo hides",
        programs.join(", "),
        if programs.len() == 1 { "does" } else { "do" }
    );
    let change = Change::new(edits, [Promise::Flag("sudo".into())]).ok()?;
    Some(Finding::review(vec![index], MESSAGE, check, change))
}

/// Whether the file says who runs RUN `index`.
fn user_is_set(view: &View<'_>, index: usize) -> bool {
    let Some(stage) = view.doc.stage_of(index) else { return false };
    let before = view.graph().chain(stage).flat_map(|stage| view.doc.stages()[stage].instructions.clone());
    before.filter(|at| *at < index).any(|at| matches!(view.instruction(at).kind, Kind::User(_)))
}

/// The program that sudo runs, if it would run the same without it but for its environment.
fn plain<'s>(script: &'s Script, simple: &'s Simple) -> Result<&'s str, &'static str> {
    if !simple.assignments.is_empty() {
        return Err("a variable is set for sudo itself");
    }
    let program = simple.words.get(1).ok_or("sudo runs nothing")?;
    let program = program.literal.as_deref().ok_or("what sudo runs is not certain")?;
    if program.starts_with('-') {
        return Err("sudo has an option");
    }
    if program.contains('=') {
        return Err("sudo sets a variable");
    }
    if matches!(program, "sh" | "bash" | "dash" | "ash" | "su" | "sudo" | "env") {
        return Err("sudo starts a shell");
    }
    let functions =
        |name: &str| script.text().contains(&format!("{name}()")) || script.text().contains(&format!("{name} ()"));
    if of_the_shell(program) || functions(program) {
        return Err("the shell would run a command of its own in its place");
    }
    let Ok(list) = script.body() else { return Err("the script is not understood") };
    if in_pipe(list, simple.span) {
        return Err("sudo stands in a pipe");
    }
    Ok(program)
}

/// Whether the command at `span` stands in a pipe, or in a place that is not looked into.
fn in_pipe(list: &List, span: Span) -> bool {
    let pipelines = list.items.iter().flat_map(rewrite::pipelines);
    !pipelines.into_iter().any(|pipeline| match &pipeline.commands[..] {
        [Command::Simple(simple)] => simple.span == span,
        [Command::Compound(it)] if it.kind != CompoundKind::Other => it.lists.iter().any(|list| !in_pipe(list, span)),
        _ => false,
    })
}
