//! The edits: a name for the stage that builds, and a last stage behind it.

use super::Reason;
use super::original::{Form, Original, holds};
use crate::dockerfile::{Command, Kind};
use crate::rewrite::line_break;
use crate::rewrite::lines::cut;
use crate::source::{Edit, Span};
use crate::transform::{Change, Field, Promise};

/// What the two stages are to be.
#[derive(Default)]
pub struct Plan {
    /// What the last stage is built on; `None`: what the first one is.
    pub base: Option<String>,
    /// Paths that it needs of the first stage, each with its place.
    pub copies: Vec<Copy>,
    /// Commands, by their place among all, of which nothing is needed although they may do anything.
    pub handled: Vec<usize>,
    /// RUNs that run in both, and COPYs and ADDs that copy in both.
    pub repeats: Vec<usize>,
    /// RUNs, COPYs and ADDs that stand in the last stage instead: behind them, the first one has nothing to do.
    pub moves: Vec<usize>,
    /// Edits of the first stage, with the instructions that they are of.
    pub edits: Vec<(usize, Edit)>,
    /// What it runs last, besides.
    pub appended: Vec<String>,
    /// A folder that a stage of its own makes.
    pub apart: Option<Apart>,
    /// What the last stage runs first: commands that are joined.
    pub runs: Vec<Vec<String>>,
    /// Commands behind what is copied, which fail where it does not do.
    pub proofs: Vec<String>,
    /// What the last stage sets first: `A=b`.
    pub env: Vec<String>,
    /// What these edits and commands promise.
    pub promises: Vec<Promise>,
    /// The CMD or ENTRYPOINT needs no shell, or is this.
    pub command: Option<Vec<String>>,
    /// What has to be true.
    pub checks: Vec<Reason>,
    /// What is copied into the image is copied into the last stage as before.
    pub keeps_sources: bool,
    /// Why the base stays.
    pub why_same: Option<Reason>,
}

/// A stage between the two, on the base of the first: it makes a folder of the last without what only the first needs.
pub struct Apart {
    /// The folder.
    pub path: String,
    /// The instructions of the first stage that it has, too, in order.
    pub instructions: Vec<usize>,
    /// The RUN among them that is given one more flag: where it goes, and the flag.
    pub flag: (usize, &'static str),
}

/// A path to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub path: String,
    pub place: String,
    pub is_folder: bool,
}

impl Copy {
    /// A file or folder that stays where it is.
    pub fn same(path: impl Into<String>, is_folder: bool) -> Self {
        let path = path.into();
        Self { place: path.clone(), path, is_folder }
    }
}

impl Plan {
    /// Adds what has to be true.
    pub fn check(&mut self, check: impl Into<Reason>) {
        let check = check.into();
        if !self.checks.contains(&check) {
            self.checks.push(check);
        }
    }

    /// Adds a path, unless a folder that holds it is there already.
    pub fn copy(&mut self, copy: Copy) {
        let brings = |one: &Copy, other: &Copy| {
            one == other
                || one.is_folder
                    && holds(&one.path, &other.path)
                    && holds(&one.place, &other.place)
                    && one.path[..] == one.place[..]
                    && other.path == other.place
        };
        if self.copies.iter().any(|other| brings(other, &copy)) {
            return;
        }
        self.copies.retain(|other| !brings(&copy, other));
        self.copies.push(copy);
    }
}

/// The change and the instructions that it claims.
pub fn split(it: &Original<'_>, plan: &Plan) -> Result<(Vec<usize>, Change), Reason> {
    let doc = it.view.doc;
    let from = it.view.instruction(it.from);
    let Kind::From(parts) = from.kind else { return Err("it has no FROM".into()) };
    let lower = doc.slice(from.keyword).chars().all(|char| char.is_ascii_lowercase());
    let keyword = |word: &str| if lower { word.to_lowercase() } else { word.to_owned() };
    let end_of_line = line_break(doc, from.span.end);
    let name = name(it);
    let mut claimed = vec![it.from];
    let mut edits = vec![match parts.name {
        Some(old) => Edit::replace(doc.text(), old.span, name),
        None => Edit::insert(from.span.end, format!(" {} {name}", keyword("AS"))),
    }];
    let mut promises = vec![Promise::Splits];
    let mut lines: Vec<String> = Vec::new();

    let own_base = doc.word(from, parts.image).into_owned();
    let mut first = keyword("FROM");
    for flag in &from.flags {
        first += &format!(" {}", doc.slice(flag.span));
    }
    let mut sources = Sources { name, apart: None };
    if let Some(apart) = &plan.apart {
        let other = free(it, &["deps", "dependencies", "modules", "packages"]).ok_or("there is no name for a stage")?;
        lines.push(format!("{first} {own_base} {} {other}", keyword("AS")));
        lines.extend(apart.instructions.iter().map(|index| {
            let span = it.view.instruction(*index).span;
            let (at, flag) = apart.flag;
            let mut text = doc.slice(span).to_owned();
            if span.start < at && at <= span.end {
                text.insert_str(at - span.start, &format!(" {flag}"));
            }
            text
        }));
        lines.push(String::new());
        promises.push(Promise::Flag(apart.flag.1.into()));
        sources.apart = Some((&apart.path, other));
    }
    let base = plan.base.clone().unwrap_or(own_base);
    first += &format!(" {base}");
    if let Some(old) = parts.name {
        first += &format!(" {} {}", keyword("AS"), doc.word(from, old));
    }
    lines.push(first);
    if plan.base.is_some() {
        promises.push(Promise::Base);
    }
    for run in &plan.runs {
        lines.push(format!("{} {}", keyword("RUN"), run.join(&format!(" \\{end_of_line}    && "))));
        promises.push(Promise::AddsCommand(run.join(" && ").into()));
    }
    if !plan.env.is_empty() {
        lines.push(format!("{} {}", keyword("ENV"), plan.env.join(" ")));
        promises.push(Promise::Config(Field::Env));
    }

    let repeats: Vec<usize> = plan.repeats.iter().chain(&plan.moves).copied().collect();
    let wanted = arguments(it, &repeats);
    let mut copied = false;
    for index in it.from + 1..it.tail {
        let instruction = it.view.instruction(index);
        let again = repeats.contains(&index);
        if again && !copied && matches!(instruction.kind, Kind::Copy(_) | Kind::Add(_)) {
            // What changes with each edit stands behind what does not.
            copied = true;
            for line in copies(&plan.copies, &sources, it.view.scope(index).workdir.as_deref())? {
                lines.push(format!("{} {line}", keyword("COPY")));
            }
            lines.extend(plan.proofs.iter().map(|proof| format!("{} {proof}", keyword("RUN"))));
        }
        match instruction.kind {
            Kind::Env(_) | Kind::Workdir(_) | Kind::User(_) | Kind::Shell(_) => {
                lines.push(doc.slice(instruction.span).to_owned());
            }
            Kind::Arg(_) if wanted.contains(&index) => lines.push(doc.slice(instruction.span).to_owned()),
            Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) if plan.repeats.contains(&index) => {
                lines.push(doc.slice(instruction.span).to_owned());
            }
            Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) if plan.moves.contains(&index) => {
                let (text, edit) = cut(doc, index).map_err(|reason| unmovable(it, index, reason))?;
                lines.push(text.trim_end_matches(['\r', '\n']).to_owned());
                claimed.push(index);
                edits.push(edit);
            }
            Kind::Arg(_) | Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) => {}
            _ => {
                let (mut text, edit) = cut(doc, index).map_err(|reason| unmovable(it, index, reason))?;
                if let Some((span, json)) = command(it, plan, index)? {
                    text = text.replacen(doc.slice(span), &json, 1);
                    promises.push(field(it, index));
                }
                lines.push(text.trim_end_matches(['\r', '\n']).to_owned());
                claimed.push(index);
                edits.push(edit);
            }
        }
    }
    let scope = if it.tail < it.end { it.view.scope(it.tail) } else { it.view.scopes().after(0) };
    for line in copies(&plan.copies, &sources, scope.workdir.as_deref())?.into_iter().filter(|_| !copied) {
        lines.push(format!("{} {line}", keyword("COPY")));
    }
    if !copied {
        lines.extend(plan.proofs.iter().map(|proof| format!("{} {proof}", keyword("RUN"))));
    }
    promises.extend(plan.proofs.iter().map(|proof| Promise::AddsCommand(proof.clone().into())));
    for index in it.tail..it.end {
        if let Some((span, json)) = command(it, plan, index)? {
            edits.push(Edit::replace(doc.text(), span, json));
            promises.push(field(it, index));
            claimed.push(index);
        }
    }
    for (index, edit) in &plan.edits {
        edits.push(edit.clone());
        claimed.push(*index);
    }
    promises.extend(plan.promises.iter().cloned());

    let mut before = String::new();
    for run in &plan.appended {
        before += &format!("{} {run}{end_of_line}", keyword("RUN"));
        promises.push(Promise::AddsCommand(run.clone().into()));
    }
    let stage = lines.join(end_of_line);
    edits.extend(insert(it, &before, &stage, end_of_line));
    claimed.sort_unstable();
    claimed.dedup();
    let change = Change::new(edits, promises).map_err(|error| error.to_string())?;
    Ok((claimed, change))
}

/// Puts what the first stage runs last, and the last stage, in front of the tail.
fn insert(it: &Original<'_>, before: &str, stage: &str, end_of_line: &str) -> Vec<Edit> {
    let doc = it.view.doc;
    let text = doc.text();
    if it.tail == it.end {
        let last = it.view.instruction(it.end - 1).span.end;
        let at = text[last..].find('\n').map_or(text.len(), |at| last + at + 1);
        let open = if text[..at].ends_with('\n') { "" } else { end_of_line };
        let close = if open.is_empty() { end_of_line } else { "" };
        return vec![Edit::insert(at, format!("{open}{before}{end_of_line}{stage}{close}"))];
    }
    let first = doc.comments_above(it.tail).first().map_or(it.view.instruction(it.tail).span.start, |it| it.start);
    let at = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let behind_blank = text[..at]
        .strip_suffix('\n')
        .and_then(|text| text.rsplit('\n').next())
        .is_some_and(|line| line.trim().is_empty());
    if before.is_empty() {
        let inserted = if behind_blank {
            format!("{stage}{end_of_line}{end_of_line}")
        } else {
            format!("{end_of_line}{stage}{end_of_line}")
        };
        return vec![Edit::insert(at, inserted)];
    }
    let last = it.view.instruction(it.tail - 1).span.end;
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at + 1);
    let separator = if behind_blank { end_of_line } else { "" };
    if end == at {
        return vec![Edit::insert(at, format!("{before}{end_of_line}{stage}{end_of_line}"))];
    }
    vec![Edit::insert(end, before.to_owned()), Edit::insert(at, format!("{stage}{end_of_line}{separator}"))]
}

fn unmovable(it: &Original<'_>, index: usize, reason: &str) -> Reason {
    format!("line {} cannot move into the last stage: {reason}", it.line(index)).into()
}

fn field(it: &Original<'_>, index: usize) -> Promise {
    let entrypoint = matches!(it.view.instruction(index).kind, Kind::Entrypoint(_));
    Promise::Config(if entrypoint { Field::Entrypoint } else { Field::Cmd })
}

/// The command of instruction `index` in exec form, and what it replaces, if that is asked for.
fn command(it: &Original<'_>, plan: &Plan, index: usize) -> Result<Option<(Span, String)>, Reason> {
    let Some(words) = plan.command.as_ref().filter(|_| index == it.program.index) else { return Ok(None) };
    let instruction = it.view.instruction(index);
    let (Kind::Cmd(command) | Kind::Entrypoint(command)) = &instruction.kind else { return Ok(None) };
    let span = match command {
        Command::Shell(span) if it.program.form == Form::Plain => *span,
        Command::Exec(_) => instruction.arguments,
        Command::Shell(_) => return Err(format!("line {} needs a shell", it.line(index)).into()),
    };
    if !instruction.comments.is_empty() {
        return Err(format!("a comment stands inside of the command of line {}", it.line(index)).into());
    }
    let strings: Result<Vec<String>, _> = words.iter().map(serde_json::to_string).collect();
    let strings = strings.map_err(|_| "the command is no text")?;
    Ok(Some((span, format!("[{}]", strings.join(", ")))))
}

/// The ARGs that what the last stage repeats uses.
fn arguments(it: &Original<'_>, repeats: &[usize]) -> Vec<usize> {
    let doc = it.view.doc;
    let text = |index: usize| doc.joined(it.view.instruction(index), it.view.instruction(index).span).into_owned();
    let mut texts: Vec<String> = (it.from + 1..it.end)
        .filter(|index| match it.view.instruction(*index).kind {
            Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) => repeats.contains(index),
            Kind::Arg(_) => *index >= it.tail,
            _ => true,
        })
        .map(text)
        .collect();
    let mut wanted = Vec::new();
    for index in (it.from + 1..it.tail).rev() {
        let instruction = it.view.instruction(index);
        let Kind::Arg(declarations) = &instruction.kind else { continue };
        let used = declarations.iter().any(|declaration| {
            let name = doc.joined(instruction, declaration.name);
            texts.iter().any(|text| uses(text, &name))
        });
        // What a repeated RUN sees is anything.
        let runs = |at: &usize| *at > index && matches!(it.view.instruction(*at).kind, Kind::Run(_));
        if used || repeats.iter().any(runs) {
            wanted.push(index);
            texts.push(text(index));
        }
    }
    wanted
}

/// Whether a text has the variable `name`.
pub fn uses(text: &str, name: &str) -> bool {
    text.match_indices('$').any(|(at, _)| {
        let rest = &text[at + 1..];
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.strip_prefix(name).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

/// The first of these names that no stage has.
fn free(it: &Original<'_>, names: &[&'static str]) -> Option<&'static str> {
    let taken = |name: &str| {
        let own = it.view.doc.stages().iter().any(|stage| stage.name.as_deref() == Some(name));
        own || &*it.image.repository == name
    };
    names.iter().copied().find(|name| !taken(name))
}

/// A name that no stage has.
fn name(it: &Original<'_>) -> &'static str {
    free(it, &["build", "builder", "compile", "build-stage"]).unwrap_or("first-stage")
}

/// The stages that the last one copies from.
struct Sources<'p> {
    /// The one that builds.
    name: &'static str,
    /// A folder that another makes.
    apart: Option<(&'p str, &'static str)>,
}

impl Sources<'_> {
    /// The one that has `path`.
    fn of(&self, path: &str) -> &'static str {
        self.apart.filter(|(own, _)| *own == path).map_or(self.name, |(_, name)| name)
    }
}

/// The arguments of COPYs, those of files for one folder together.
fn copies(copies: &[Copy], from: &Sources<'_>, workdir: Option<&str>) -> Result<Vec<String>, Reason> {
    let plain = |path: &str| {
        path.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._/@+-~=,%".contains(&byte))
            .then_some(())
            .ok_or_else(|| -> Reason { format!("the path {path} needs quotes").into() })
    };
    let seen = |place: &str| {
        let rest = workdir.and_then(|workdir| if workdir == "/" { None } else { place.strip_prefix(workdir) });
        match rest {
            Some("") => "./".to_owned(),
            Some(rest) if rest.starts_with('/') => format!(".{rest}"),
            _ => place.to_owned(),
        }
    };
    let mut lines = Vec::new();
    let mut groups: Vec<(String, Vec<&Copy>)> = Vec::new();
    for copy in copies {
        plain(&copy.path)?;
        plain(&copy.place)?;
        if copy.is_folder {
            continue;
        }
        let (folder, own) = copy.place.rsplit_once('/').unwrap_or_default();
        let same_name = copy.path.rsplit('/').next() == Some(own);
        match groups.iter_mut().find(|(other, files)| {
            other == folder
                && same_name
                && files.iter().all(|it| it.path.rsplit('/').next() == it.place.rsplit('/').next())
        }) {
            Some((_, files)) => files.push(copy),
            None => groups.push((folder.to_owned(), vec![copy])),
        }
    }
    for (folder, files) in groups {
        let sources: Vec<&str> = files.iter().map(|it| &*it.path).collect();
        let place = match &files[..] {
            [file] => seen(&file.place),
            _ => {
                let place = seen(if folder.is_empty() { "/" } else { &folder });
                if place.ends_with('/') { place } else { place + "/" }
            }
        };
        lines.push(format!("--from={} {} {place}", from.name, sources.join(" ")));
    }
    for copy in copies.iter().filter(|copy| copy.is_folder) {
        lines.push(format!("--from={} {} {}", from.of(&copy.path), copy.path, seen(&copy.place)));
    }
    Ok(lines)
}
