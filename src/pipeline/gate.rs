//! The gate: what every step is held to, in release builds too.
//!
//! A change that fails is dropped and reported as our bug. The gate knows no transform: it compares the text before and
//! after with what the change promised.

mod serve;
mod split;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::mem::discriminant;

use crate::dockerfile::{Command, Document, Instruction, Kind, Stage, TokenKind};
use crate::scope::Scopes;
use crate::shell::meaning::{Meaning, Role, Run, same_meaning};
use crate::shell::trace::{Normal, Rules, ShellOptions};
use crate::shell::{Script, SourceMap};
use crate::source::{Edits, Span};
use crate::transform::paths::join;
use crate::transform::{Field, Finding, Promise, View};

/// Applies the changes of `findings`, and answers with the text read again if it is what they promised.
///
/// # Errors
/// What is wrong, in words.
pub fn pass(view: &View<'_>, findings: &[&Finding]) -> Result<(Edits, Document), String> {
    let before = view.doc;
    let mut edits = Edits::new();
    let mut promises = Vec::new();
    let mut claimed = vec![false; before.instructions().len()];
    for finding in findings {
        let Some(change) = finding.change() else { return Err("nothing to apply".into()) };
        if change.edits.is_empty() && change.ignore_lines.is_empty() {
            return Err("a change without edits".into());
        }
        edits.extend(&change.edits).map_err(|error| error.to_string())?;
        promises.extend(change.promises.iter().cloned());
        for index in &finding.instructions {
            *claimed.get_mut(*index).ok_or("a finding names an instruction that is not there")? = true;
        }
    }
    let text = edits.apply(before.text()).map_err(|error| error.to_string())?;
    let mut after = Document::parse(text);
    if let Some(problem) = after.problems().first() {
        return Err(format!("line {} of the result: {}", after.line(problem.span.start), problem.message));
    }
    let untouched = Gate { before, after: &after, edits: &edits, promises: &promises }.untouched(&claimed)?;
    let kept = (0..claimed.len()).filter(|index| !claimed[*index]);
    after.take_scripts(before, kept.zip(untouched.iter().copied()));
    let gate = Gate { before, after: &after, edits: &edits, promises: &promises };
    gate.order()?;
    gate.comments()?;
    gate.configuration()?;
    gate.moved()?;
    gate.splits()?;
    gate.serves()?;
    gate.scripts(&untouched)?;
    gate.meaning(view, &claimed, &untouched)?;
    Ok((edits, after))
}

struct Gate<'a> {
    before: &'a Document,
    after: &'a Document,
    edits: &'a Edits,
    promises: &'a [Promise],
}

impl Gate<'_> {
    /// Instructions that no finding claims stand in the result as they were. Answers with their indices there.
    fn untouched(&self, claimed: &[bool]) -> Result<Vec<usize>, String> {
        let mut kept = Vec::new();
        for (instruction, claimed) in self.before.instructions().iter().zip(claimed) {
            if *claimed {
                continue;
            }
            let start = self.edits.destination(instruction.span.start);
            let index = self.after.instructions().partition_point(|other| other.span.start < start);
            let same = self.after.instructions().get(index).is_some_and(|other| {
                other.span.start == start
                    && self.after.slice(other.span) == self.before.slice(instruction.span)
                    && discriminant(&other.kind) == discriminant(&instruction.kind)
            });
            if !same {
                let line = self.before.line(instruction.span.start);
                return Err(format!("line {line} is changed, which no finding claims"));
            }
            kept.push(index);
        }
        Ok(kept)
    }

    /// The instructions are in the same order, unless something moves.
    fn order(&self) -> Result<(), String> {
        if self.promises.iter().any(|promise| matches!(promise, Promise::Stage | Promise::Splits | Promise::Serves)) {
            return Ok(());
        }
        if self.promises.contains(&Promise::Moves) {
            return self.moves();
        }
        let joins = self.promises.contains(&Promise::Joins);
        // A RUN goes with its last command.
        let removed = |text: &str| {
            let same = |promise: &Promise| matches!(promise, Promise::RemovesCommand(command) if command == text);
            self.promises.iter().any(same)
        };
        let gone = |doc: &Document, index: usize| {
            matches!(doc.instructions()[index].kind, Kind::Run(_))
                && doc.script(index).is_some_and(|script| removed(script.text().trim()))
        };
        let keywords = |doc: &Document| {
            // What sets a promised field may be added or taken away.
            let kept = doc
                .instructions()
                .iter()
                .enumerate()
                .filter(|(index, it)| !field_of(&it.kind).is_some_and(|it| self.sets(it)) && !gone(doc, *index));
            let mut keywords: Vec<String> = kept.map(|(_, instruction)| doc.keyword(instruction)).collect();
            if joins {
                keywords.dedup_by(|a, b| a == "RUN" && b == "RUN");
            }
            keywords
        };
        let renamed = |keyword: String| {
            // ADD may become COPY, where that is promised.
            match keyword.as_str() {
                "ADD" if self.promises.contains(&Promise::Transfer) => "COPY".into(),
                _ => keyword,
            }
        };
        let (before, after) = (keywords(self.before), keywords(self.after));
        if before.into_iter().map(renamed).eq(after.into_iter().map(renamed)) {
            return Ok(());
        }
        Err("instructions are added, removed or in another order".into())
    }

    /// What moves stays in its stage: no ARG is lost there, and RUNs that are not changed run in the same order, with the
    /// same ENV, USER, WORKDIR and SHELL before them.
    fn moves(&self) -> Result<(), String> {
        if self.before.stages().len() != self.after.stages().len() {
            return Err("a stage is added or removed".into());
        }
        for (old, new) in self.before.stages().iter().zip(self.after.stages()) {
            let args = |doc: &Document, stage: &Stage| -> Vec<String> {
                let all = doc.instructions()[stage.instructions.clone()].iter();
                let mut args: Vec<String> = all
                    .filter(|it| matches!(it.kind, Kind::Arg(_)))
                    .map(|it| doc.joined(it, it.span).into_owned())
                    .collect();
                args.sort_unstable();
                args
            };
            if args(self.before, old) != args(self.after, new) {
                return Err("an ARG is lost, changed or added".into());
            }
            let (old, new) = (runs(self.before, old), runs(self.after, new));
            let kept: Vec<_> = old.iter().filter(|(text, _)| new.iter().any(|(other, _)| other == text)).collect();
            let mut new = new.iter();
            if !kept.into_iter().all(|run| new.any(|other| other == run)) {
                return Err("RUNs are in another order, or see something else before them".into());
            }
        }
        Ok(())
    }

    fn sets(&self, field: Field) -> bool {
        self.promises.contains(&Promise::Config(field))
    }

    /// Every comment is still there.
    fn comments(&self) -> Result<(), String> {
        let comments = |doc: &Document| {
            let mut count: HashMap<String, usize> = HashMap::new();
            for token in
                doc.tokens().iter().filter(|token| matches!(token.kind, TokenKind::Comment | TokenKind::Directive))
            {
                *count.entry(doc.slice(token.span).trim().to_owned()).or_default() += 1;
            }
            count
        };
        let after = comments(self.after);
        for (comment, count) in comments(self.before) {
            let promised = |promise: &Promise| matches!(promise, Promise::DropsComment(text) if text.trim() == comment);
            if after.get(&comment).copied().unwrap_or(0) < count && !self.promises.iter().any(promised) {
                return Err(format!("a comment is lost: {comment}"));
            }
        }
        Ok(())
    }

    /// Where instructions move, each COPY and ADD still brings what it brought, in its stage and at least that.
    fn moved(&self) -> Result<(), String> {
        if !self.promises.contains(&Promise::Moves) || self.promises.contains(&Promise::Stage) {
            return Ok(());
        }
        let transfers = |doc: &Document, stage: usize| -> Vec<Transferred> {
            let indices = doc.stages().get(stage).map(|stage| stage.instructions.clone()).unwrap_or_default();
            indices.filter_map(|index| Transferred::of(self, doc, &doc.instructions()[index])).collect()
        };
        for stage in 0..self.before.stages().len() {
            let mut after = transfers(self.after, stage);
            for one in transfers(self.before, stage) {
                let found = after.iter().position(|other| other == &one).or_else(|| {
                    after.iter().position(|other| {
                        let more = one.sources.iter().all(|source| other.sources.contains(source));
                        (&other.flags, &other.destination) == (&one.flags, &one.destination) && more
                    })
                });
                let Some(found) = found else {
                    if self.is_bound(stage, &one.sources) {
                        continue;
                    }
                    return Err(format!("a COPY of {} is lost", one.sources.join(" ")));
                };
                after.remove(found);
            }
            self.commands(stage)?;
        }
        Ok(())
    }

    /// Whether it is promised that what a COPY brought is a mount now, and a RUN of the stage has that mount.
    fn is_bound(&self, stage: usize, sources: &[String]) -> bool {
        let [source] = sources else { return false };
        let promised = |promise: &Promise| matches!(promise, Promise::Binds(path) if path == source);
        let has = |index: usize| {
            let mounts = self.after.mounts(&self.after.instructions()[index]);
            mounts.iter().any(|mount| {
                &*mount.kind == "bind"
                    && mount.get("from").is_none()
                    && mount
                        .get("source")
                        .is_some_and(|it| it == source.trim_start_matches("./").trim_start_matches('/'))
            })
        };
        self.promises.iter().any(promised) && self.after.stages()[stage].instructions.clone().any(has)
    }

    /// A stage runs the same commands, in whatever order, but for promised ones.
    fn commands(&self, stage: usize) -> Result<(), String> {
        let commands = |doc: &Document| -> Vec<String> {
            let indices = doc.stages().get(stage).map(|stage| stage.instructions.clone()).unwrap_or_default();
            let scripts = indices.filter_map(|index| doc.script(index));
            let texts = scripts.flat_map(|script| {
                let normal = |span| normal(self.promises, script.slice(span)).into_owned();
                script.commands().into_iter().map(|simple| normal(simple.span)).collect::<Vec<_>>()
            });
            texts.collect()
        };
        let promised = |text: &str| {
            self.promises.iter().any(|promise| match promise {
                Promise::AddsCommand(command) | Promise::RemovesCommand(command) => {
                    normal(self.promises, command) == text
                }
                _ => false,
            })
        };
        let (before, mut after) = (commands(self.before), commands(self.after));
        for command in before {
            match after.iter().position(|other| *other == command) {
                Some(at) => _ = after.swap_remove(at),
                None if promised(&command) => {}
                None => return Err(format!("`{command}` is not run any more")),
            }
        }
        match after.iter().find(|command| !promised(command)) {
            Some(command) => Err(format!("`{command}` is run, which is not promised")),
            None => Ok(()),
        }
    }

    /// What the text says of each stage's configuration is unchanged.
    fn configuration(&self) -> Result<(), String> {
        if self.promises.contains(&Promise::Splits) || self.promises.contains(&Promise::Serves) {
            // Compared stage by stage there.
            return Ok(());
        }
        let stages = |doc: &Document| -> Vec<Vec<(Option<Field>, String)>> {
            let global = &doc.instructions()[..doc.stages().first().map_or(0, |stage| stage.instructions.start)];
            let stages = doc.stages().iter().map(|stage| &doc.instructions()[stage.instructions.clone()]);
            std::iter::once(global).chain(stages).map(|stage| self.fields(doc, stage)).collect()
        };
        let (before, after) = (stages(self.before), stages(self.after));
        let same = if self.promises.contains(&Promise::Stage) {
            let settings = |stages: &[Vec<(Option<Field>, String)>]| {
                stages.last().map(|last| last.iter().filter(|(field, _)| field.is_some()).cloned().collect::<Vec<_>>())
            };
            settings(&before) == settings(&after)
        } else {
            before == after
        };
        if same { Ok(()) } else { Err("the configuration of a stage is changed".into()) }
    }

    /// The instructions that make the configuration, with their logical text, but for promised fields.
    fn fields(&self, doc: &Document, instructions: &[Instruction]) -> Vec<(Option<Field>, String)> {
        let mut fields = Vec::new();
        for instruction in instructions {
            let field = match instruction.kind {
                Kind::From(_) if self.promises.contains(&Promise::Base) => continue,
                Kind::From(_) => None,
                Kind::Arg(_) if self.promises.contains(&Promise::Moves) => continue,
                Kind::Arg(_) => None,
                Kind::Copy(_) | Kind::Add(_) if self.promises.contains(&Promise::Moves) => continue,
                Kind::Copy(_) | Kind::Add(_) => {
                    fields.push((None, self.transfer(doc, instruction)));
                    continue;
                }
                // Its flags are compared with those of the others.
                Kind::Run(Command::Exec(_)) => {
                    fields.push((None, format!("RUN {}", text_of(doc, instruction))));
                    continue;
                }
                _ => match field_of(&instruction.kind) {
                    Some(field) if self.sets(field) => continue,
                    Some(Field::User) if self.promises.contains(&Promise::User) => continue,
                    Some(field) => Some(field),
                    None => continue,
                },
            };
            fields.push((field, self.setting(doc, instruction)));
        }
        fields
    }

    /// A COPY or ADD with its here-documents; without owner, mode and kind, where these may differ.
    fn transfer(&self, doc: &Document, instruction: &Instruction) -> String {
        let mut text = if self.promises.contains(&Promise::Transfer) {
            let flags = instruction.flags.iter().filter(|flag| {
                !["chown", "chmod"].iter().any(|own| doc.joined(instruction, flag.name).eq_ignore_ascii_case(own))
            });
            let flags: String = flags.map(|flag| doc.joined(instruction, flag.span).into_owned() + " ").collect();
            flags + &doc.joined(instruction, instruction.arguments)
        } else {
            self.setting(doc, instruction)
        };
        instruction.heredocs.iter().for_each(|heredoc| text += doc.slice(heredoc.body));
        text
    }

    /// What an instruction says, whatever the letter case of its keyword, of the name of a stage, and of protocols.
    fn setting(&self, doc: &Document, instruction: &Instruction) -> String {
        let rest = doc.joined(instruction, Span::new(instruction.keyword.end, instruction.span.end));
        match &instruction.kind {
            Kind::From(from) => {
                let flags = instruction.flags.iter().map(|flag| doc.joined(instruction, flag.span));
                let promised =
                    |text: &str| self.promises.iter().any(|it| matches!(it, Promise::Flag(flag) if flag == text));
                let flags: Vec<_> = flags.filter(|flag| !promised(flag)).collect();
                let name = from.name.map(|name| doc.word(instruction, name).to_lowercase()).unwrap_or_default();
                format!("FROM {} {} AS {name}", flags.join(" "), doc.word(instruction, from.image))
            }
            Kind::Onbuild(trigger) => format!("ONBUILD {}", self.setting(doc, trigger)),
            Kind::Expose(_) => format!("EXPOSE {}", rest.trim().to_lowercase()),
            _ => format!("{} {}", doc.keyword(instruction), rest.trim()),
        }
    }

    /// Each changed RUN is still shell.
    fn scripts(&self, untouched: &[usize]) -> Result<(), String> {
        for (index, instruction) in self.after.instructions().iter().enumerate() {
            if untouched.binary_search(&index).is_ok() || !matches!(instruction.kind, Kind::Run(_)) {
                continue;
            }
            let Some(script) = self.after.script(index) else { continue };
            if let Err(why) = script.body() {
                let known = self.before.instructions().iter().any(|other| {
                    discriminant(&other.kind) == discriminant(&instruction.kind)
                        && text_of(self.before, other) == text_of(self.after, instruction)
                });
                if !known {
                    return Err(format!("line {} of the result: {}", self.after.line(instruction.span.start), why.0));
                }
            }
        }
        Ok(())
    }

    /// Between two instructions that nobody claims, the RUNs run the same commands as before, and fail in the same cases,
    /// whichever commands fail. What the shell does there may be more than is modelled: then the transform's own
    /// preconditions have to do.
    fn meaning(&self, view: &View<'_>, claimed: &[bool], untouched: &[usize]) -> Result<(), String> {
        let elsewhere =
            |it: &Promise| matches!(it, Promise::Moves | Promise::Stage | Promise::Splits | Promise::Serves);
        if self.promises.iter().any(elsewhere) {
            return Ok(());
        }
        // A function, so that the compiler sees that the answer lives as long as the text.
        let promises = self.promises;
        let normal: Box<Normal<'_>> = Box::new(move |text| normal(promises, text));
        // Any variable may be in the environment: what is set matters to every command.
        let rules = Rules { normal: &*normal, in_environment: &|_| true };
        let promised = |promise: &Promise| match promise {
            Promise::AddsCommand(command) | Promise::RemovesCommand(command) => Some(plain(&normal(command))),
            _ => None,
        };
        let promised: Vec<String> = self.promises.iter().filter_map(promised).collect();
        let role = |text: &str| {
            if promised.is_empty() || !promised.contains(&plain(text)) { Role::Kept } else { Role::Promised }
        };
        let kept: Vec<usize> = (0..claimed.len()).filter(|index| !claimed[*index]).collect();
        // Gaps between instructions that stand on both sides, as ranges of indices.
        let ends = |kept: &[usize], count: usize| -> Vec<std::ops::Range<usize>> {
            let starts = std::iter::once(0).chain(kept.iter().map(|index| index + 1));
            starts.zip(kept.iter().copied().chain([count])).map(|(start, end)| start..end).collect()
        };
        let before = ends(&kept, claimed.len());
        let after = ends(untouched, self.after.instructions().len());
        for (old, new) in before.into_iter().zip(after) {
            let Some(first) = old.clone().next() else { continue };
            if flags(self.before, old.clone()) != flags(self.after, new.clone())
                && !self.promises.iter().any(|promise| matches!(promise, Promise::Mounts(_)))
            {
                let line = self.before.line(self.before.instructions()[first].span.start);
                return Err(format!("the flags of line {line} are changed"));
            }
            let shell = &view.scope(first).shell;
            let options = ShellOptions {
                errexit: shell.errexit,
                pipefail: shell.pipefail || self.promises.contains(&Promise::Pipefail),
                bash: shell.argv.first().is_some_and(|path| path.ends_with("bash")),
            };
            let old: Vec<(usize, &Script)> = old.filter_map(|index| Some((index, view.script(index)?))).collect();
            let new: Vec<(usize, &Script)> = new.filter_map(|index| Some((index, self.after.script(index)?))).collect();
            let entered: Vec<Option<Script>> = if old.len() == new.len() {
                old.iter().zip(&new).map(|(old, new)| self.entered(view, *old, *new)).collect::<Result<_, _>>()?
            } else {
                Vec::new()
            };
            let old = old.into_iter().map(|(_, script)| script);
            let new = new.iter().enumerate();
            let new = new.map(|(nth, (_, script))| entered.get(nth).and_then(Option::as_ref).unwrap_or(script));
            let old: Vec<Run<'_>> = old.map(|script| Run { script, options }).collect();
            let new: Vec<Run<'_>> = new.map(|script| Run { script, options }).collect();
            if let Meaning::Differs(example) = same_meaning(&old, &new, rules, &role) {
                let line = self.before.line(self.before.instructions()[first].span.start);
                let assumed = example
                    .assumed
                    .iter()
                    .map(|(command, ok)| format!("`{command}` {}", if *ok { "succeeds" } else { "fails" }));
                return Err(format!("line {line} does something else if {}", assumed.collect::<Vec<_>>().join(", ")));
            }
        }
        Ok(())
    }
}

impl Gate<'_> {
    /// The script of a RUN of the result with the `cd` that WORKDIR has made superfluous, if there was one.
    fn entered(
        &self,
        view: &View<'_>,
        (before, old): (usize, &Script),
        (after, new): (usize, &Script),
    ) -> Result<Option<Script>, String> {
        let promised = |it: &Promise| if let Promise::StartsIn(folder) = it { Some(folder.clone()) } else { None };
        let commands = old.commands();
        let first = commands.first().filter(|_| old.text() != new.text()).map(|simple| old.slice(simple.span));
        let Some(path) = first.and_then(|first| first.strip_prefix("cd ")) else { return Ok(None) };
        let target = join(view.scope(before).workdir.as_deref(), path.trim());
        let Some(target) = self.promises.iter().filter_map(promised).find(|it| target.as_deref() == Some(it)) else {
            return Ok(None);
        };
        if Scopes::of(self.after, &view.settings.images).at(after).workdir.as_deref() != Some(&*target) {
            let line = self.after.line(self.after.instructions()[after].span.start);
            return Err(format!("line {line} of the result does not run in {target}"));
        }
        Ok(Some(Script::parse(format!("cd {path} && {}", new.text()), SourceMap::default())))
    }
}

/// The RUNs of a stage, each with the instructions before it that decide how it runs.
fn runs(doc: &Document, stage: &Stage) -> Vec<(String, String)> {
    let (mut runs, mut state) = (Vec::new(), String::new());
    for instruction in &doc.instructions()[stage.instructions.clone()] {
        match instruction.kind {
            Kind::Run(_) => runs.push((doc.slice(instruction.span).to_owned(), state.clone())),
            Kind::Env(_) | Kind::User(_) | Kind::Workdir(_) | Kind::Shell(_) => {
                state += doc.slice(instruction.span);
                state.push('\n');
            }
            _ => {}
        }
    }
    runs
}

/// What a COPY or ADD brings.
#[derive(PartialEq, Eq)]
struct Transferred {
    flags: String,
    sources: Vec<String>,
    destination: String,
    heredocs: String,
}

impl Transferred {
    fn of(gate: &Gate<'_>, doc: &Document, instruction: &Instruction) -> Option<Self> {
        let (Kind::Copy(it) | Kind::Add(it)) = &instruction.kind else { return None };
        let whole = gate.transfer(doc, instruction);
        let flags = instruction.flags.iter().map(|flag| doc.joined(instruction, flag.span).into_owned());
        let owner = |flag: &String| flag.starts_with("--chown") || flag.starts_with("--chmod");
        let transfer = gate.promises.contains(&Promise::Transfer);
        let flags: Vec<String> = flags.filter(|flag| !(transfer && owner(flag))).collect();
        let keyword = if transfer { "COPY".into() } else { doc.keyword(instruction) };
        let word = |word: crate::dockerfile::Word| doc.word(instruction, word).into_owned();
        Some(Self {
            flags: format!("{keyword} {}", flags.join(" ")),
            sources: it.sources.iter().map(|source| word(*source)).collect(),
            destination: word(it.destination).trim_end_matches('/').to_owned(),
            heredocs: if instruction.heredocs.is_empty() { String::new() } else { whole },
        })
    }
}

/// The flags of RUN instructions, each once.
fn flags(doc: &Document, indices: std::ops::Range<usize>) -> BTreeSet<Cow<'_, str>> {
    let runs = doc.instructions()[indices].iter().filter(|instruction| matches!(instruction.kind, Kind::Run(_)));
    runs.flat_map(|run| run.flags.iter().map(|flag| doc.joined(run, flag.span))).collect()
}

/// The text of a command without the words that were promised to be added, removed or replaced.
fn normal<'t>(promises: &[Promise], text: &'t str) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for promise in promises {
        if let Promise::Sorts(of) = promise {
            let mut words: Vec<&str> = text.split(' ').collect();
            if words.contains(&&**of) {
                words.sort_unstable();
                text = Cow::Owned(words.join(" "));
            }
            continue;
        }
        let (from, to) = match promise {
            Promise::Flag(flag) => (&**flag, None),
            Promise::Renames(from, to) => (&**from, Some(&**to)),
            _ => continue,
        };
        if let Some(changed) = replace_words(&text, from, to) {
            text = Cow::Owned(changed);
        }
    }
    text
}

/// `text` with the word `to`, or nothing, for each word `from`, also in a substitution; `None` if there is none.
fn replace_words(text: &str, from: &str, to: Option<&str>) -> Option<String> {
    let (mut out, mut done) = (String::new(), 0);
    for (at, _) in text.match_indices(from) {
        let end = at + from.len();
        let starts = at == 0 || text[..at].ends_with([' ', '(', '`', '\n']);
        let ends = end == text.len() || text[end..].starts_with([' ', ')', '`', ';', '\n']);
        if from.is_empty() || !starts || !ends || at < done {
            continue;
        }
        out.push_str(&text[done..at]);
        done = end;
        match to {
            Some(to) => out.push_str(to),
            // With the blank that kept it apart.
            None if text[end..].starts_with(' ') => done += 1,
            None if out.ends_with(' ') => out.truncate(out.len() - 1),
            None => {}
        }
    }
    (done > 0).then(|| out + &text[done..])
}

/// The text of a command with no more blanks than it takes.
fn plain(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace("> ", ">").replace("< ", "<")
}

fn text_of<'d>(doc: &'d Document, instruction: &Instruction) -> Cow<'d, str> {
    doc.joined(instruction, instruction.arguments)
}

/// The field of the image's configuration that an instruction sets.
const fn field_of(kind: &Kind) -> Option<Field> {
    Some(match kind {
        Kind::Env(_) => Field::Env,
        Kind::User(_) => Field::User,
        Kind::Workdir(_) => Field::Workdir,
        Kind::Cmd(_) => Field::Cmd,
        Kind::Entrypoint(_) => Field::Entrypoint,
        Kind::Expose(_) => Field::Expose,
        Kind::Volume(_) => Field::Volume,
        Kind::Label(_) | Kind::Maintainer(_) => Field::Label,
        Kind::Healthcheck(_) => Field::Healthcheck,
        Kind::Stopsignal(_) => Field::Stopsignal,
        Kind::Shell(_) => Field::Shell,
        Kind::Onbuild(_) => Field::Onbuild,
        Kind::From(_) | Kind::Run(_) | Kind::Arg(_) | Kind::Copy(_) | Kind::Add(_) | Kind::Unknown => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::replace_words;

    #[test]
    fn words_are_replaced() {
        for (text, from, to, expected) in [
            ("pip install --x a", "--x", None, "pip install a"),
            ("pip --x --x a --x", "--x", None, "pip a"),
            ("--x", "--x", None, ""),
            ("X=$(A=1 b --x)", "A=1", None, "X=$(b --x)"),
            ("X=$(A=1 b --x)", "--x", None, "X=$(A=1 b)"),
            ("apt apt-get `apt x` apt", "apt", Some("apt-get"), "apt-get apt-get `apt-get x` apt-get"),
        ] {
            assert_eq!(replace_words(text, from, to).as_deref(), Some(expected), "{text}");
        }
        for (text, from) in [("pip --xy", "--x"), ("a--x", "--x"), ("a 'b' c", "b"), ("a", "")] {
            assert_eq!(replace_words(text, from, None), None, "{text}");
        }
    }
}
