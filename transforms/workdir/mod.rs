//! See README.md: where a directory can be told by WORKDIR, or is in force already.

use crate::dockerfile::{Base, Kind};
use crate::images::Family;
use crate::pragma::is_pragma;
use crate::rewrite::{self, line_break};
use crate::shell::{Command, Operator, Script, Separator, Simple};
use crate::source::Edit;
use crate::transform::paths::join;
use crate::transform::{Change, Field, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const RELATIVE: &str = "an absolute WORKDIR says where it is, whatever stands before it";
const THERE: &str = "RUN starts in this directory already";
const CD: &str = "WORKDIR tells the directory of the commands, and is where a reader looks for it";

/// Links in the file systems of distributions: behind a `cd`, the shell tells the path by the link, and without it the
/// other. <https://wiki.debian.org/UsrMerge>
const LINKS: &[&str] =
    &["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/var/run", "/var/lock", "/usr/tmp", "/usr/lib64"];

fn find(view: &View<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        (0..view.doc.instructions().len()).filter_map(|index| relative(view, index)).collect();
    let mut taken = None;
    for (index, script) in view.scripts() {
        if !script.text().trim_start().starts_with("cd ") {
            continue;
        }
        let Some(finding) = cd(view, index, script) else { continue };
        if finding.change().is_some() && taken.is_some_and(|taken| taken >= index) {
            continue;
        }
        taken = finding.instructions.last().copied();
        // A relative WORKDIR that a finding claims is looked at in the next sweep.
        findings.retain(|it| !it.instructions.iter().any(|index| finding.instructions.contains(index)));
        findings.push(finding);
    }
    findings.sort_by_key(|finding| finding.instructions[0]);
    findings
}

/// A relative WORKDIR.
fn relative(view: &View<'_>, index: usize) -> Option<Finding> {
    let instruction = view.instruction(index);
    let Kind::Workdir(word) = instruction.kind else { return None };
    let path = view.doc.joined(instruction, word.span);
    let windows = view.scope(index).image.as_ref().is_some_and(|image| image.family == Family::Windows);
    if path.starts_with(['/', '$', '\\', '"', '\'', '~'])
        || path.contains([':', '\\'])
        || windows
        || view.doc.escape() != '\\'
    {
        return None;
    }
    let held = |reason: &'static str| Some(Finding::held(vec![index], RELATIVE, reason));
    if path.contains(['$', '"', '\'']) || view.doc.slice(word.span) != path {
        return held("it is not a plain path");
    }
    let absolute = match directory(view, index) {
        Ok(workdir) => seen_from(&workdir, &[path.into_owned()]),
        Err(reason) => return held(reason),
    };
    let edit = Edit::replace(view.doc.text(), word.span, absolute);
    Some(Finding::safe(vec![index], RELATIVE, Change::new([edit], [Promise::Config(Field::Workdir)]).ok()?))
}

/// The working directory right before instruction `index`, where no variable and no build argument changes it.
fn directory(view: &View<'_>, index: usize) -> Result<String, &'static str> {
    let stage = view.doc.stage_of(index).ok_or("it stands before the first FROM")?;
    let mut tail: Vec<String> = Vec::new();
    let mut root = stage;
    for stage in view.graph().chain(stage) {
        root = stage;
        for at in view.doc.stages()[stage].instructions.clone().rev().filter(|at| *at < index) {
            let instruction = view.instruction(at);
            if matches!(&instruction.kind, Kind::Onbuild(trigger) if matches!(trigger.kind, Kind::Workdir(_))) {
                return Err("a trigger may change the directory");
            }
            let Kind::Workdir(word) = instruction.kind else { continue };
            let path = view.doc.word(instruction, word);
            if path.contains(['$', '"', '\'', '\\']) {
                return Err("the directory before it depends on a variable");
            }
            let absolute = path.starts_with('/');
            tail.push(path.into_owned());
            if absolute {
                return Ok(seen_from("/", &tail));
            }
        }
    }
    let graph = view.graph();
    let known = match graph.bases()[root] {
        Base::Scratch => Some("/"),
        Base::Image(_) if !graph.is_variable(root) => view.scopes().image(root).and_then(|image| image.workdir),
        _ => None,
    };
    let known = known.ok_or("the working directory of the base image is not known")?;
    Ok(seen_from(known, &tail))
}

/// A RUN that starts with a `cd`.
fn cd(view: &View<'_>, index: usize, script: &Script) -> Option<Finding> {
    let (simple, path) = leading_cd(script)?;
    let held = |reason: String| Some(Finding::held(vec![index], CD, reason));
    let here = directory(view, index);
    let target = if path.starts_with('/') {
        seen_from("/", &[path.into()])
    } else if path.split('/').any(|name| name == "..") || view.doc.text().contains("CDPATH") {
        return None;
    } else {
        match &here {
            Ok(here) => seen_from(here, &[path.into()]),
            Err(reason) => return held((*reason).into()),
        }
    };
    if ["OLDPWD", "cd -", "popd", "~-"].iter().any(|text| script.text().contains(text)) {
        return held("it goes back later".into());
    }
    let below = |link: &str| target.strip_prefix(link).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if LINKS.iter().any(|link| below(link)) {
        return held("a link stands on the way, and the shell would tell another path".into());
    }
    let errexit = view.scope(index).shell.errexit;
    let edit = match rewrite::remove_command(view.doc, script, simple, errexit) {
        Ok(edit) => edit,
        Err(reason) => return held(reason.into()),
    };
    let starts = Promise::StartsIn(target.clone().into());
    if here.as_deref() == Ok(&target) {
        return Some(Finding::safe(vec![index], THERE, Change::new([edit], [starts]).ok()?));
    }
    let instruction = view.instruction(index);
    if !view.doc.mounts(instruction).is_empty() {
        return held("a mount may make the directory".into());
    }
    let next = match next_workdir(view, index) {
        Ok(next) => next,
        Err(reason) => return held(reason),
    };
    // A comment for a tool is about the RUN, and stays right above it.
    let above = view.doc.comments_above(index);
    let pragma = above.iter().find(|comment| is_pragma(view.doc.slice(**comment)));
    let start = pragma.map_or(instruction.span.start, |comment| comment.start);
    let text = view.doc.text();
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let workdir = format!("WORKDIR {target}{}", line_break(view.doc, start));
    let mut edits = vec![Edit::insert(line, workdir), edit];
    let mut instructions = vec![index];
    // The same directory, told again right behind.
    let same = |word| seen_from("/", &[view.doc.word(view.instruction(next), word).into_owned()]) == target;
    if next == index + 1
        && matches!(view.instruction(next).kind, Kind::Workdir(word) if same(word))
        && let Ok(edit) = rewrite::remove_instruction(view.doc, next)
    {
        edits.push(edit);
        instructions.push(next);
    }
    let change = Change::new(edits, [Promise::Config(Field::Workdir), starts]).ok()?;
    Some(Finding::safe(instructions, CD, change))
}

/// `cd path` at the start of a list, joined to the rest by `&&`.
fn leading_cd(script: &Script) -> Option<(&Simple, &str)> {
    let item = script.body().ok()?.items.first()?;
    let [Command::Simple(simple)] = &item.and_or.first.commands[..] else { return None };
    let [name, argument] = &simple.words[..] else { return None };
    let plain = simple.assignments.is_empty() && simple.redirections.is_empty() && !item.and_or.first.negated;
    let joined = item.and_or.rest.first().is_some_and(|(operator, ..)| *operator == Operator::And);
    let path = argument.literal.as_deref().filter(|path| !path.is_empty() && !path.starts_with('-'))?;
    let bare = script.slice(argument.span) == path;
    let safe = path.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'/' | b'.' | b'-' | b'_' | b'+'));
    // Alone, it might be read as a JSON array.
    let rest = item.and_or.rest.first().map(|(.., pipeline)| script.slice(pipeline.span));
    if rest.is_some_and(|rest| rest.starts_with('[')) {
        return None;
    }
    (plain
        && bare
        && joined
        && safe
        && name.literal.as_deref() == Some("cd")
        && item.separator != Separator::Background)
        .then_some((simple, path))
}

/// The next WORKDIR with an absolute path, if nothing before it depends on the directory.
fn next_workdir(view: &View<'_>, index: usize) -> Result<usize, String> {
    let stage = view.doc.stage_of(index).ok_or("it stands before the first FROM")?;
    for at in index + 1..view.doc.stages()[stage].instructions.end {
        let instruction = view.instruction(at);
        let line = view.doc.line(instruction.span.start);
        let absolute = |word| {
            let path = view.doc.word(instruction, word);
            path.starts_with('/') && !path.contains('$')
        };
        match &instruction.kind {
            Kind::Workdir(word) if absolute(*word) => return Ok(at),
            Kind::Copy(transfer) | Kind::Add(transfer) if absolute(transfer.destination) => {}
            Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) | Kind::Workdir(_) | Kind::Onbuild(_) | Kind::Unknown => {
                return Err(format!("WORKDIR would stay in force for line {line}"));
            }
            _ => {}
        }
    }
    Err("WORKDIR would stay in force for the image".into())
}

/// `paths`, the last one first, each seen from the one before it, and the first from `directory`.
fn seen_from(directory: &str, paths: &[String]) -> String {
    paths.iter().rev().fold(directory.to_owned(), |from, path| join(Some(&from), path).unwrap_or(from))
}
