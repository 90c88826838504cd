//! See README.md: which pipes hide a failure, and where the shell can be told to see it.

use std::collections::BTreeSet;

use crate::commands::Program;
use crate::dockerfile::{Command as Form, Kind};
use crate::images::Sh;
use crate::rewrite::lines::insert_before;
use crate::rewrite::{insert_word, pipelines};
use crate::shell::{Command, CompoundKind, List, Operator, Pipeline, Script, Separator};
use crate::source::Edit;
use crate::transform::{Change, Field, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "a command before a pipe fails, and the build goes on";

/// Commands that stop reading when they have seen enough: what writes to them is then killed by SIGPIPE.
const STOPS_READING: &[&str] = &["head", "read", "less", "more", "true", ":"];
/// Commands that only print.
const PRINTS: &[&str] = &["echo", "printf"];
/// Commands whose status says what they found.
const SAYS_BY_STATUS: &[&str] = &["grep", "egrep", "fgrep", "diff", "cmp", "expr", "test", "[", "yes", "which"];

fn find(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Stages in which SHELL was offered already.
    let mut offered = BTreeSet::new();
    for (index, script) in view.scripts() {
        if !script.text().contains('|') || view.scope(index).shell.pipefail || script.text().contains("pipefail") {
            continue;
        }
        let Ok(body) = script.body() else { continue };
        let pipes = pipes(body);
        if !pipes.iter().any(|pipeline| may_fail(pipeline)) {
            continue;
        }
        let Some(stage) = view.doc.stage_of(index) else { continue };
        if offered.contains(&stage) {
            continue;
        }
        match shell(view, index) {
            Has::Pipefail => findings.push(match hazard(script, &pipes).map_or_else(|| in_script(script), Err) {
                Ok(edit) => {
                    let change = Change::new([edit], [Promise::Pipefail]);
                    let Ok(change) = change else { continue };
                    Finding::review(vec![index], MESSAGE, check(hidden(&pipes)), change)
                }
                Err(reason) => Finding::held(vec![index], MESSAGE, reason),
            }),
            Has::Bash => {
                offered.insert(stage);
                findings.push(
                    with_bash(view, index, stage).unwrap_or_else(|reason| Finding::held(vec![index], MESSAGE, reason)),
                );
            }
            Has::Neither(reason) => findings.push(Finding::held(vec![index], MESSAGE, reason)),
        }
    }
    findings
}

/// What can be done about the shell of an instruction.
enum Has {
    /// It knows `set -o pipefail`.
    Pipefail,
    /// It does not, but the image has bash.
    Bash,
    /// Neither is certain.
    Neither(&'static str),
}

fn shell(view: &View<'_>, index: usize) -> Has {
    let scope = view.scope(index);
    match scope.shell.program() {
        "bash" | "ash" => return Has::Pipefail,
        "dash" => return Has::Neither("dash has no pipefail"),
        _ => {}
    }
    if !scope.image_is_fixed {
        return Has::Neither("a build argument changes the base image, and with it the shell");
    }
    match scope.image.as_ref().and_then(|image| image.sh) {
        Some(Sh::Bash | Sh::Ash) => Has::Pipefail,
        Some(Sh::Dash) if scope.shell.known && scope.shell.argv == ["/bin/sh", "-c"] => Has::Bash,
        Some(Sh::Dash) => Has::Neither("dash has no pipefail"),
        _ => Has::Neither("it is not known whether the shell has pipefail"),
    }
}

/// The pipelines whose status counts, with more than one command.
fn pipes(list: &List) -> Vec<&Pipeline> {
    let mut found = Vec::new();
    for pipeline in list.items.iter().flat_map(pipelines) {
        if pipeline.commands.len() > 1 {
            found.push(pipeline);
        }
        for command in &pipeline.commands {
            if let Command::Compound(compound) = command {
                compound.lists.iter().for_each(|list| found.extend(pipes(list)));
            }
        }
    }
    found
}

/// The program of each command of a pipe, where it is certain.
fn programs<'s>(pipeline: &'s Pipeline) -> Vec<Option<Program<'s>>> {
    let program = |command: &'s Command| match command {
        Command::Simple(simple) => Program::of(simple),
        _ => None,
    };
    pipeline.commands.iter().map(program).collect()
}

/// Whether a pipe stands where its status does not end the script, but decides what runs next.
fn asked_for(list: &List) -> bool {
    let piped = |list: &List| !pipes(list).is_empty();
    list.items.iter().any(|item| {
        let pipelines = pipelines(item);
        let or = item.and_or.rest.iter().any(|(operator, ..)| *operator == Operator::Or);
        pipelines.iter().any(|pipeline| {
            let inner = |command: &Command| match command {
                Command::Compound(compound) => {
                    let conditions = match compound.kind {
                        CompoundKind::If => compound.lists.len() - usize::from(compound.lists.len() % 2 == 1),
                        CompoundKind::While | CompoundKind::Until => compound.lists.len(),
                        _ => 0,
                    };
                    let conditions = compound.lists.iter().take(conditions).step_by(2);
                    conditions.into_iter().any(piped) || compound.lists.iter().any(asked_for)
                }
                Command::Function(_) | Command::Opaque(_) => true,
                Command::Simple(_) => false,
            };
            pipeline.commands.len() > 1 && (or || pipeline.negated) || pipeline.commands.iter().any(inner)
        })
    })
}

/// Whether a command before the last one does more than print.
fn may_fail(pipeline: &Pipeline) -> bool {
    let programs = programs(pipeline);
    let prints = |program: &Program<'_>| PRINTS.contains(&program.name);
    programs.iter().rev().skip(1).any(|program| program.as_ref().is_none_or(|program| !prints(program)))
}

/// The names of the programs whose failure a pipe hides.
fn hidden<'s>(pipes: &[&'s Pipeline]) -> Vec<&'s str> {
    let before = pipes.iter().flat_map(|pipeline| programs(pipeline).into_iter().rev().skip(1).flatten());
    before.map(|program| program.name).filter(|name| !PRINTS.contains(name)).collect()
}

/// Why a pipe may fail in a build that works.
fn hazard(script: &Script, pipes: &[&Pipeline]) -> Option<&'static str> {
    if script.body().is_ok_and(asked_for) {
        return Some("the status of a pipe decides what runs next: in a condition, before `||` or behind `!`");
    }
    for pipeline in pipes {
        let programs = programs(pipeline);
        let Some((_, before)) = programs.split_last() else { continue };
        for program in before {
            let Some(program) = program else { return Some("what stands before a pipe is not a plain command") };
            if SAYS_BY_STATUS.contains(&program.name) {
                return Some(
                    "a command before a pipe fails in a build that works: `yes` when nobody reads on, `grep` when it finds nothing",
                );
            }
        }
        for program in &programs[1..] {
            let Some(program) = program else { return Some("what stands behind a pipe may stop reading") };
            let words: Vec<&str> = program.arguments.iter().map(|word| script.slice(word.span)).collect();
            let quits = match program.name {
                "grep" | "egrep" | "fgrep" => words.iter().any(|word| {
                    matches!(*word, "--quiet" | "--silent")
                        || word.starts_with("--max-count")
                        || word.starts_with('-') && !word.starts_with("--") && word.contains(['q', 'm', 'l'])
                }),
                "sed" => words.iter().any(|word| !word.starts_with('-') && word.contains(['q', 'Q'])),
                "awk" | "gawk" | "mawk" => words.iter().any(|word| word.contains("exit")),
                "dd" => true,
                name => STOPS_READING.contains(&name),
            };
            if quits {
                return Some("a command behind a pipe stops reading early, which kills what writes to it");
            }
        }
    }
    None
}

/// What a person has to look at: of the programs `names`.
fn check(mut names: Vec<&str>) -> String {
    names.sort_unstable();
    names.dedup();
    let verb = if names.len() == 1 { "fails" } else { "fail" };
    format!("before a pipe, {} {verb} only where the build should", names.join(", "))
}

/// `set -o pipefail` before the first command.
fn in_script(script: &Script) -> Result<Edit, &'static str> {
    let body = script.body().map_err(|_| "the script is not understood")?;
    let first = body.items.first().ok_or("the script is empty")?;
    if first.separator == Separator::Background {
        return Err("the first command runs in the background");
    }
    let lone = |it: &Command| match it {
        Command::Simple(_) => true,
        Command::Compound(it) => !matches!(it.kind, CompoundKind::Other),
        Command::Function(_) | Command::Opaque(_) => false,
    };
    if !first.and_or.first.commands.iter().all(lone) || first.and_or.first.negated {
        return Err("the script starts with something else than a command");
    }
    let outside = "the script is not in the file as it is run";
    if let [Command::Simple(simple)] = &first.and_or.first.commands[..]
        && let [name, options @ .., last] = &simple.words[..]
        && name.literal.as_deref() == Some("set")
        && simple.assignments.is_empty()
        && options.iter().chain([last]).all(|word| word.literal.as_deref().is_some_and(is_short))
    {
        return insert_word(script, last.span.end, "-o pipefail").ok_or(outside);
    }
    let at = script.map().before(first.and_or.span.start).ok_or(outside)?;
    Ok(Edit::insert(at, "set -o pipefail && "))
}

/// SHELL with bash before RUN `index`, for all that follows.
fn with_bash(view: &View<'_>, index: usize, stage: usize) -> Result<Finding, String> {
    let mut names = Vec::new();
    let stages = (0..view.doc.stages().len()).filter(|it| view.graph().chain(*it).any(|at| at == stage));
    for at in stages.flat_map(|stage| view.doc.stages()[stage].instructions.clone()) {
        let instruction = view.instruction(at);
        let line = view.doc.line(instruction.span.start);
        if at < index || view.scope(at).shell.argv != ["/bin/sh", "-c"] {
            continue;
        }
        match &instruction.kind {
            Kind::Cmd(Form::Shell(_)) | Kind::Entrypoint(Form::Shell(_)) | Kind::Healthcheck(Some(Form::Shell(_))) => {
                let keyword = view.doc.keyword(instruction);
                return Err(format!(
                    "its shell is dash; with bash, the {keyword} of line {line} would run in bash, too"
                ));
            }
            Kind::Onbuild(_) => {
                return Err(format!("its shell is dash; with bash, the trigger of line {line} would run in bash, too"));
            }
            Kind::Run(Form::Shell(_)) => {
                let script = view.script(at).ok_or_else(|| format!("line {line} is not understood"))?;
                let body = script
                    .body()
                    .map_err(|_| format!("its shell is dash; in bash, line {line} may do something else"))?;
                if script.commands().iter().any(|simple| {
                    simple.words.first().is_some_and(|word| word.literal.as_deref() == Some("echo"))
                        && script.slice(simple.span).contains('\\')
                }) {
                    return Err(format!("its shell is dash; in bash, the `echo` of line {line} keeps its backslashes"));
                }
                let pipes = pipes(body);
                if let Some(reason) = hazard(script, &pipes) {
                    return Err(if at == index { reason.into() } else { format!("line {line}: {reason}") });
                }
                names.extend(hidden(&pipes));
            }
            _ => {}
        }
    }
    let line = "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]".to_owned();
    let change =
        Change::new([insert_before(view.doc, index, &[line])?], [Promise::Config(Field::Shell), Promise::Pipefail])
            .map_err(|it| it.to_string())?;
    let check = format!("{}; what follows, also in images built on this one, may run in bash", check(names));
    Ok(Finding::review(vec![index], MESSAGE, check, change))
}

/// Short options of `set` without `o`, which takes a name.
fn is_short(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    !letters.is_empty() && letters.bytes().all(|letter| letter.is_ascii_alphabetic() && letter != b'o')
}
