//! What a split of the last stage is held to.
//!
//! The first of the two stages is the old one, but for promised commands and words, and for what only makes the
//! configuration of an image. The second has all of that configuration, in the same order, copies from the first, and
//! runs nothing but what the old one ran and what is promised. Between them may be one that does what the old one did first,
//! with `--omit=dev`.

use super::{Gate, field_of, normal, plain};
use crate::dockerfile::{Document, Instruction, Kind, Stage};
use crate::transform::{Field, Promise};

impl Gate<'_> {
    /// Where a split is promised, the last stage became two, and nothing else is another.
    pub(super) fn splits(&self) -> Result<(), String> {
        if !self.promises.contains(&Promise::Splits) {
            return Ok(());
        }
        let [others @ .., old] = self.before.stages() else { return Err("there is no stage".into()) };
        let (builder, apart, runtime) = match self.after.stages().get(others.len()..) {
            Some([builder, runtime]) => (builder, None, runtime),
            Some([builder, apart, runtime]) if self.promises.contains(&Promise::Flag("--omit=dev".into())) => {
                (builder, Some(apart), runtime)
            }
            None | Some([] | [_]) => return Err("there are no two stages where one was".into()),
            Some(_) => return Err("another stage is added or removed".into()),
        };
        let whole = |doc: &Document, start: usize, end: usize| -> Vec<String> {
            doc.instructions()[start..end].iter().map(|it| doc.joined(it, it.span).into_owned()).collect()
        };
        if whole(self.before, 0, old.instructions.start) != whole(self.after, 0, builder.instructions.start) {
            return Err("what stands before the last stage is changed".into());
        }
        self.names(others, old, builder, runtime)?;
        self.builds(old, builder, runtime)?;
        if let Some(apart) = apart {
            self.names(others, old, apart, runtime)?;
            self.repeats(old, builder, apart)?;
        }
        self.keeps(old, &[Some(builder), apart], runtime)
    }

    /// A stage between the two does what the old one did, in its order, up to some step, with promised words.
    fn repeats(&self, old: &Stage, builder: &Stage, apart: &Stage) -> Result<(), String> {
        if builder.name == apart.name {
            return Err("the new stages have the same name".into());
        }
        let mut old = self.steps(self.before, old).into_iter();
        match self.steps(self.after, apart).into_iter().find(|step| !old.any(|other| other == *step)) {
            Some(step) => Err(format!("`{step}` is not what the old stage did")),
            None => Ok(()),
        }
    }

    /// The name of the stage stays the last one's, and nothing else has that of the new one.
    fn names(&self, others: &[Stage], old: &Stage, builder: &Stage, runtime: &Stage) -> Result<(), String> {
        if old.name != runtime.name {
            return Err("the last stage has another name".into());
        }
        let taken = |name: &str| others.iter().chain([old]).any(|stage| stage.name.as_deref() == Some(name));
        match builder.name.as_deref() {
            Some(name) if !taken(name) && !matches!(name, "scratch" | "context") => {}
            _ => return Err("the new stage has no name of its own".into()),
        }
        let image = |doc: &Document, stage: &Stage| -> Option<(String, Vec<String>)> {
            let from = &doc.instructions()[stage.instructions.start];
            let Kind::From(parts) = from.kind else { return None };
            let flags = from.flags.iter().map(|flag| doc.joined(from, flag.span).into_owned()).collect();
            Some((doc.word(from, parts.image).into_owned(), flags))
        };
        let (old, builder, runtime) = (image(self.before, old), image(self.after, builder), image(self.after, runtime));
        if old.is_none() || old != builder {
            return Err("the stage that builds has another base".into());
        }
        if old != runtime && !self.promises.contains(&Promise::Base) {
            return Err("the last stage has another base".into());
        }
        Ok(())
    }

    /// The first stage does what the old one did; what it did last may be done in the second instead.
    fn builds(&self, old: &Stage, builder: &Stage, runtime: &Stage) -> Result<(), String> {
        let builds = |index: &usize| {
            matches!(self.before.instructions()[*index].kind, Kind::Run(_) | Kind::Copy(_) | Kind::Add(_))
        };
        // What stands behind the last of them is for the image alone.
        let end = old.instructions.clone().rev().find(builds).map_or(old.instructions.start, |last| last);
        let old = Stage { name: None, instructions: old.instructions.start..end + 1 };
        let old = self.steps(self.before, &old);
        let mut new = self.steps(self.after, builder).into_iter().peekable();
        let instead = self.steps(self.after, runtime);
        // What both stages set, where that is promised.
        let adds = |step: &str| {
            step.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("ENV "))
                && self.sets(Field::Env)
                && instead.iter().any(|other| other == step)
        };
        for step in old {
            while new.peek().is_some_and(|next| *next != step && (self.is_promised(next) || adds(next))) {
                new.next();
            }
            if new.peek().is_none() && is_build(&step) && instead.contains(&step) {
                continue;
            }
            if new.next().as_ref() != Some(&step) {
                return Err(format!("`{step}` is not what the new stage does"));
            }
        }
        match new.find(|step| !self.is_promised(step) && !adds(step)) {
            Some(step) => Err(format!("`{step}` is new")),
            None => Ok(()),
        }
    }

    /// What a stage does but for what only makes the configuration of its image.
    fn steps(&self, doc: &Document, stage: &Stage) -> Vec<String> {
        let all = &doc.instructions()[stage.instructions.start + 1..stage.instructions.end];
        let steps = all.iter().filter(|it| match field_of(&it.kind) {
            Some(field) => matches!(field, Field::Env | Field::User | Field::Workdir | Field::Shell),
            None => true,
        });
        steps.map(|it| self.step(doc, it)).collect()
    }

    /// The text of an instruction with its here-documents, without promised words.
    fn step(&self, doc: &Document, instruction: &Instruction) -> String {
        let mut text = plain(&normal(self.promises, &doc.joined(instruction, instruction.span)));
        instruction.heredocs.iter().for_each(|heredoc| text += &normal(self.promises, doc.slice(heredoc.body)));
        text
    }

    fn is_promised(&self, step: &str) -> bool {
        if !is_run(step) {
            return false;
        }
        let command = step[4..].trim_start();
        self.promises.iter().any(|it| matches!(it, Promise::AddsCommand(added) if plain(added) == command))
    }

    /// The second stage has the configuration of the old one.
    fn keeps(&self, old: &Stage, builders: &[Option<&Stage>], runtime: &Stage) -> Result<(), String> {
        let settings = |doc: &Document, stage: &Stage| -> Vec<(Field, String)> {
            let all = doc.instructions()[stage.instructions.clone()].iter();
            all.filter_map(|it| Some((field_of(&it.kind)?, self.setting(doc, it)))).collect()
        };
        let mut new = settings(self.after, runtime).into_iter();
        for (field, text) in settings(self.before, old) {
            // A promised field may have more, and its command another form.
            let found = loop {
                match new.next() {
                    Some((other, _))
                        if other == field && matches!(field, Field::Cmd | Field::Entrypoint) && self.sets(field) =>
                    {
                        break true;
                    }
                    Some((other, found)) if (other, &found) == (field, &text) => break true,
                    Some((other, _)) if self.sets(other) => {}
                    _ => break false,
                }
            };
            if !found {
                return Err(format!("`{text}` is not in the last stage as it was"));
            }
        }
        if let Some((_, text)) = new.find(|(field, _)| !self.sets(*field)) {
            return Err(format!("`{text}` is new in the last stage"));
        }
        let builds = |from: &str| {
            let mut names = builders.iter().flatten().filter_map(|stage| stage.name.as_deref());
            names.any(|name| from.eq_ignore_ascii_case(name))
        };
        let ran = self.steps(self.before, old);
        for instruction in &self.after.instructions()[runtime.instructions.start + 1..runtime.instructions.end] {
            let step = self.step(self.after, instruction);
            let fine = match &instruction.kind {
                Kind::Run(_) | Kind::Arg(_) => ran.contains(&step) || self.is_promised(&step),
                Kind::Copy(_) | Kind::Add(_) if ran.contains(&step) => true,
                Kind::Copy(_) => instruction.flags.iter().any(|flag| {
                    self.after.joined(instruction, flag.name) == "from"
                        && self.after.flag_value(instruction, *flag).is_some_and(|it| builds(&it))
                }),
                Kind::Add(_) | Kind::Onbuild(_) | Kind::Unknown | Kind::From(_) => false,
                _ => true,
            };
            if !fine {
                return Err(format!("`{step}` is not what the last stage may do"));
            }
        }
        Ok(())
    }
}

fn is_run(step: &str) -> bool {
    step.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("RUN "))
}

/// Whether a step changes files.
fn is_build(step: &str) -> bool {
    is_run(step)
        || ["COPY ", "ADD "].iter().any(|it| step.get(..it.len()).is_some_and(|at| at.eq_ignore_ascii_case(it)))
}
