//! See README.md: which commands need no shell, and whose arguments they would become.

use std::borrow::Cow;

use crate::commands::exec_words;
use crate::dockerfile::{Command, Instruction, Kind};
use crate::images;
use crate::source::Edit;
use crate::transform::{Change, Field, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

fn find(view: &View<'_>) -> Vec<Finding> {
    let Some(last) = view.doc.stages().len().checked_sub(1) else { return Vec::new() };
    // The instructions that make the image, the last one first.
    let stages: Vec<usize> = view.graph().chain(last).collect();
    let all: Vec<usize> =
        stages.iter().flat_map(|stage| view.doc.stages()[*stage].instructions.clone().rev()).collect();
    let shell_is_set = |index: &usize| matches!(in_effect(view.instruction(*index)), Kind::Shell(_));
    if all.iter().any(shell_is_set) {
        return Vec::new();
    }
    let first =
        |wanted: fn(&Kind) -> bool| all.iter().copied().find(|index| wanted(in_effect(view.instruction(*index))));
    let cmd = first(|kind| matches!(kind, Kind::Cmd(_)));
    let entrypoint = first(|kind| matches!(kind, Kind::Entrypoint(_)));
    let chain = Chain { view, stages: &stages };
    let of_cmd = cmd.and_then(|index| chain.finding(index, Field::Cmd, entrypoint));
    let of_entrypoint = entrypoint.and_then(|index| chain.finding(index, Field::Entrypoint, cmd));
    let mut findings: Vec<Finding> = of_cmd.into_iter().chain(of_entrypoint).collect();
    findings.sort_by_key(|finding| finding.instructions[0]);
    findings
}

/// What an instruction is, or what its trigger is in the stages that are built on it.
fn in_effect(instruction: &Instruction) -> &Kind {
    match &instruction.kind {
        Kind::Onbuild(trigger) => &trigger.kind,
        kind => kind,
    }
}

/// The stages that ship.
struct Chain<'a> {
    view: &'a View<'a>,
    stages: &'a [usize],
}

impl Chain<'_> {
    /// What is to be said of the command at `index`; `other` is the ENTRYPOINT beside a CMD, or the CMD beside an
    /// ENTRYPOINT.
    fn finding(&self, index: usize, field: Field, other: Option<usize>) -> Option<Finding> {
        let instruction = self.view.instruction(index);
        let (Kind::Cmd(Command::Shell(span)) | Kind::Entrypoint(Command::Shell(span))) = instruction.kind else {
            return None;
        };
        let shell = &self.view.scope(index).shell;
        if !shell.posix || shell.argv != ["/bin/sh", "-c"] {
            return None;
        }
        let words = exec_words(&self.view.doc.joined(instruction, span))?;
        let program = words.first()?;
        let message = format!("{program} becomes process 1, which gets the signal to stop");
        let reason: Option<Cow<'static, str>> = match (field, other) {
            (_, Some(other)) => Some(self.beside(field, other).into()),
            (Field::Cmd, None) => self.entrypoint_of_image().map(Into::into),
            (_, None) => self.cmd_of_image().map(Into::into),
        };
        if let Some(reason) = reason {
            return Some(Finding::held(vec![index], message, reason));
        }
        if !instruction.comments.is_empty() {
            return Some(Finding::held(vec![index], message, "a comment stands inside of the command"));
        }
        if !program.contains('/') && self.path_is_relative() {
            return Some(Finding::held(
                vec![index],
                message,
                "PATH has a relative directory, where only a shell looks",
            ));
        }
        let strings: Option<Vec<String>> = words.iter().map(|word| serde_json::to_string(word).ok()).collect();
        let edit = Edit::replace(self.view.doc.text(), span, format!("[{}]", strings?.join(", ")));
        let change = Change::new([edit], [Promise::Config(field)]).ok()?;
        Some(Finding::review(vec![index], message, check(program, field), change))
    }

    /// Why what the file has at `other` keeps the command as it is.
    fn beside(&self, field: Field, other: usize) -> String {
        let instruction = self.view.instruction(other);
        let line = self.view.doc.line(instruction.span.start);
        match (field, in_effect(instruction)) {
            (Field::Cmd, Kind::Entrypoint(Command::Shell(_))) => {
                format!("the ENTRYPOINT of line {line} is in shell form, and ignores it")
            }
            (Field::Cmd, _) => format!("the ENTRYPOINT of line {line} would get other arguments"),
            _ => format!("the CMD of line {line} would become its arguments"),
        }
    }

    /// Why an entrypoint of the base image may not run a CMD the same way in either form.
    fn entrypoint_of_image(&self) -> Option<&'static str> {
        match self.image().and_then(|image| Some((image, image.entrypoint?))) {
            None => Some("the base image may have an ENTRYPOINT, which would get other arguments"),
            Some((_, [])) => self.shell_of_image(),
            // It puts `node` before what is no command, and runs anything else as it is.
            // https://github.com/nodejs/docker-node/blob/main/docker-entrypoint.sh
            Some((image, ["docker-entrypoint.sh"])) if image.kind == images::Kind::Node => self.shell_of_image(),
            Some(_) => Some("the base image has an ENTRYPOINT, which would get other arguments"),
        }
    }

    /// Why the base image may have a CMD.
    fn cmd_of_image(&self) -> Option<&'static str> {
        match self.image().and_then(|image| image.cmd) {
            Some([]) => self.shell_of_image(),
            Some(_) => Some("the base image has a CMD, which the shell form ignores"),
            None => Some("the base image may have a CMD, which the shell form ignores"),
        }
    }

    /// Why `/bin/sh` may not be what runs the shell form.
    fn shell_of_image(&self) -> Option<&'static str> {
        match self.image().and_then(|image| image.shell) {
            Some(_) => None,
            None => Some("the base image may have a SHELL of its own"),
        }
    }

    /// The base image, if no build argument changes more of it than the tag.
    fn image(&self) -> Option<&images::Image> {
        let only_tags = || {
            self.stages.iter().all(|stage| {
                let from = self.view.instruction(self.view.doc.stages()[*stage].instructions.start);
                let Kind::From(parts) = &from.kind else { return false };
                let image = self.view.doc.word(from, parts.image);
                let Some((name, rest)) = image.split_once('$') else { return true };
                !rest.contains('/') && name.rfind(':') > name.rfind('/')
            })
        };
        let scope = self.view.scopes().after(*self.stages.first()?);
        scope.image.as_deref().filter(|_| scope.image_is_fixed || only_tags())
    }

    /// Whether ENV puts a directory into PATH that is not absolute: the runtime refuses what it finds there.
    /// <https://pkg.go.dev/os/exec#hdr-Executables_in_the_current_directory>
    fn path_is_relative(&self) -> bool {
        let ranges = self.stages.iter().map(|stage| self.view.doc.stages()[*stage].instructions.clone());
        ranges.flatten().map(|index| self.view.instruction(index)).any(|instruction| {
            let Kind::Env(pairs) = in_effect(instruction) else { return false };
            pairs.iter().any(|pair| {
                let value = self.view.doc.joined(instruction, pair.value);
                let mut parts = value.trim_matches(['"', '\'']).split(':');
                self.view.doc.joined(instruction, pair.key) == "PATH" && parts.any(|part| !part.starts_with(['/', '$']))
            })
        })
    }
}

/// What a person has to look at.
fn check(program: &str, field: Field) -> String {
    let mut check =
        String::from("the command needs no shell (no variable is expanded in it), and stops on SIGTERM as process 1");
    if program.contains('/') || program.contains(".sh") {
        check += "; if it is a script, it starts with `#!`";
    }
    if field == Field::Entrypoint {
        check += "; nobody runs the image with arguments, which the shell form ignores";
    }
    check
}
