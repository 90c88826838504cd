//! What a last stage that serves files is held to, where nginx serves them from now on.
//!
//! Nothing before it is another. It runs nothing, has the configuration that it had but for promised fields, and copies
//! what it copied, to the folder of nginx, or leaves it out; one file more says how it is served.

use super::{Gate, field_of};
use crate::dockerfile::{Document, Instruction, Kind, Stage};
use crate::transform::{Field, Promise};

/// Where nginx looks for what it serves, and how.
const ROOT: &str = "/usr/share/nginx/html";
const CONFIGURATION: &str = "/etc/nginx/conf.d/default.conf";

impl Gate<'_> {
    /// Where it is promised, the last stage serves what it served.
    pub(super) fn serves(&self) -> Result<(), String> {
        if !self.promises.contains(&Promise::Serves) {
            return Ok(());
        }
        let (before, after) = (self.before.stages(), self.after.stages());
        let (Some(old), Some(new)) = (before.last(), after.last()) else { return Err("there is no stage".into()) };
        let above = |doc: &Document, stage: &Stage| -> Vec<String> {
            doc.instructions()[..stage.instructions.start].iter().map(|it| doc.slice(it.span).to_owned()).collect()
        };
        if before.len() != after.len() || above(self.before, old) != above(self.after, new) {
            return Err("what stands before the last stage is changed".into());
        }
        let from = |doc: &Document, stage: &Stage| {
            let from = &doc.instructions()[stage.instructions.start];
            from.flags.iter().map(|flag| doc.joined(from, flag.span).into_owned()).collect::<Vec<_>>()
        };
        if old.name != new.name || from(self.before, old) != from(self.after, new) {
            return Err("the last stage has another name or platform".into());
        }
        let inside = |doc: &Document, stage: &Stage| -> Vec<Instruction> {
            doc.instructions()[stage.instructions.start + 1..stage.instructions.end].to_vec()
        };
        let (old, new) = (inside(self.before, old), inside(self.after, new));
        self.keeps_settings(&old, &new)?;
        self.keeps_copies(&old, &new)
    }

    /// What makes the configuration stays, in its order; only what is promised may go.
    fn keeps_settings(&self, old: &[Instruction], new: &[Instruction]) -> Result<(), String> {
        let settings = |doc: &Document, all: &[Instruction]| -> Vec<(Option<Field>, String)> {
            let all = all.iter().filter(|it| field_of(&it.kind).is_some() || matches!(it.kind, Kind::Arg(_)));
            all.map(|it| (field_of(&it.kind), self.setting(doc, it))).collect()
        };
        let mut new = settings(self.after, new).into_iter().peekable();
        for (field, text) in settings(self.before, old) {
            if new.next_if(|(other, found)| *other == field && *found == text).is_none()
                && !field.is_some_and(|field| self.sets(field))
            {
                return Err(format!("`{text}` is not in the last stage as it was"));
            }
        }
        new.next().map_or(Ok(()), |(_, text)| Err(format!("`{text}` is new in the last stage")))
    }

    /// Each COPY is one that was there, to the folder of nginx; but for that of the configuration.
    fn keeps_copies(&self, old: &[Instruction], new: &[Instruction]) -> Result<(), String> {
        let parts = |doc: &Document, it: &Instruction| -> Option<(Vec<String>, String)> {
            let Kind::Copy(words) = &it.kind else { return None };
            let flags = it.flags.iter().map(|flag| doc.joined(it, flag.span).into_owned());
            let sources = words.sources.iter().map(|source| doc.word(it, *source).into_owned());
            let transfer = self.promises.contains(&Promise::Transfer);
            let all = flags.filter(|flag| !(transfer && flag.starts_with("--chown"))).chain(sources).collect();
            Some((all, doc.word(it, words.destination).into_owned()))
        };
        let mut olds = old.iter().filter_map(|it| parts(self.before, it));
        let mut configurations = 0;
        for instruction in new {
            match &instruction.kind {
                Kind::Copy(_) => {}
                Kind::Run(_) | Kind::Add(_) | Kind::Onbuild(_) | Kind::Unknown | Kind::From(_) => {
                    return Err(format!("`{}` is not what the last stage may do", self.after.slice(instruction.span)));
                }
                _ => continue,
            }
            let Some((what, to)) = parts(self.after, instruction) else { continue };
            if !instruction.heredocs.is_empty() && to == CONFIGURATION {
                configurations += 1;
                continue;
            }
            let served = to.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            if !served || !olds.any(|(other, _)| other == what) {
                return Err(format!("`{}` is not what the last stage copied", self.after.slice(instruction.span)));
            }
        }
        if configurations == 1 { Ok(()) } else { Err("how it is served is not said once".into()) }
    }
}
