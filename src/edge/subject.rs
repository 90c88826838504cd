//! A Dockerfile with all that decides what is done to it: flags, configuration, context.

use std::path::{Path, PathBuf};

use crate::context::World as _;
use crate::dockerfile::Document;
use crate::pipeline::{self, Choice, Key, Outcome, Review};
use crate::report::{self, Part};
use crate::scope::Scopes;
use crate::source::Edit;
use crate::transform::{Change, Settings};
use crate::transforms::ALL;

use super::arguments::{Choose, Which};
use super::config::Rules;
use super::excerpt::excerpt;
use super::project::Project;
use super::world::{Disk, Shared};
use super::{Failure, files, locate, shown};

/// A Dockerfile that was read.
pub struct Subject<'s> {
    pub path: PathBuf,
    pub doc: Document,
    /// The build context, if it is known.
    pub context: Option<PathBuf>,
    /// What a person should know of how it is handled.
    pub note: Option<String>,
    /// Which review-level changes the configuration asks for; `None` if it does not say.
    pub configured: Option<Review>,
    settings: Settings,
    choice: Choice,
    world: Disk<'s>,
}

impl<'s> Subject<'s> {
    /// Reads the Dockerfile at `path`, which is `real` when links are followed.
    pub fn read(
        path: &Path,
        real: &Path,
        project: Project,
        flags: &Choose,
        shared: &'s Shared,
    ) -> Result<Self, Failure> {
        let stdin = path.as_os_str() == "-";
        let rules = project.config.as_ref().map(|config| config.rules((!stdin).then_some(real)));
        let rules = rules.unwrap_or_default();
        let dialect = flags.which.dialect.or(rules.dialect);
        let configured = rules.review.clone();
        let sign = project.sign.filter(|_| dialect.is_none());
        let note = sign.as_ref().map(|sign| sign.note.clone());
        let settings = Settings {
            images: project.config.map(|config| config.image_map()).unwrap_or_default(),
            dialect: dialect.or(sign.map(|sign| sign.dialect)).unwrap_or_default(),
        };
        let text = if stdin {
            files::read_stdin()?
        } else {
            files::read(path).map_err(|failure| Failure { skippable: true, ..failure })?
        };
        let doc = Document::parse(text);
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let context = match &flags.context {
            Some(context) => Some(context.clone()),
            None if stdin => None,
            None => locate::context(&doc, &folder, || shared.contexts(path)),
        };
        let world = Disk::new(shared, context.clone(), (!stdin).then(|| path.to_path_buf()));
        let choice = choice(flags, rules);
        Ok(Self { path: path.to_path_buf(), doc, context, note, configured, settings, choice, world })
    }

    /// Applies these review-level changes, whatever flags and configuration say.
    pub fn ask(&mut self, review: Review) {
        self.choice.review = review;
    }

    /// What comes out without the findings of these keys.
    pub fn outcome(&self, denied: &[Key]) -> Result<Outcome, Failure> {
        let choice = Choice { deny: denied.to_vec(), ..self.choice.clone() };
        let outcome =
            pipeline::run(self.doc.clone(), ALL, &self.world, &self.settings, &choice).map_err(|unsettled| {
                Failure::new(
                    format!("{}: {unsettled}", shown(&self.path)),
                    "this is a bug of dockwright: please report it with the file",
                )
            })?;
        match &outcome.held {
            Some(hold) if hold.invalid => Err(Failure {
                message: format!("{}:{}: {}", shown(&self.path), hold.line, hold.reason),
                excerpt: Some(excerpt(&outcome.before, hold.span)),
                help: Some(format!("{}; the file was left as it is", hold.help.as_deref().unwrap_or("correct it"))),
                skippable: false,
            }),
            _ => Ok(outcome),
        }
    }

    /// What holds at each instruction of `doc`, this Dockerfile or what became of it.
    pub fn scopes_of(&self, doc: &Document) -> Scopes {
        Scopes::of(doc, &self.settings.images)
    }

    /// What the ignore file says; `None` if there is none, or that is not known.
    pub fn ignore_text(&self) -> Option<String> {
        self.world.ignore_file()?.text.map(|text| text.to_string())
    }

    /// Whether there is an ignore file; `None` if that is not known.
    pub fn has_ignore_file(&self) -> Option<bool> {
        Some(self.world.ignore_file()?.text.is_some())
    }

    /// Whether a part of `outcome` can be taken without the others: it passes the gate, and leads to the same result.
    pub fn stands_alone(&self, outcome: &Outcome, part: &Part) -> bool {
        let hunks = part.hunks.iter();
        let edits = hunks.map(|hunk| Edit::replace(&outcome.before, hunk.old, hunk.new.of(&outcome.after)));
        let promises = report::applied(outcome).enumerate().filter(|(index, _)| part.findings.contains(index));
        let promises = promises.flat_map(|(_, (_, applied))| applied.change.promises.iter().cloned());
        let Ok(change) = Change::new(edits, promises) else { return false };
        pipeline::passes(&outcome.before, &change, &self.world, &self.settings).is_ok()
            && pipeline::run(part.alone(outcome), ALL, &self.world, &self.settings, &self.choice)
                .is_ok_and(|then| then.held.is_none() && then.after == outcome.after)
    }

    /// The ignore file that `outcome` adds lines to, and what it says; `None` if it adds none.
    pub fn ignore(&self, outcome: &Outcome) -> Option<(PathBuf, Option<String>)> {
        if outcome.ignore_lines.is_empty() {
            return None;
        }
        let text = self.world.ignore_file().and_then(|file| file.text);
        self.world.ignore_path().map(|path| (path, text.map(|text| text.to_string())))
    }
}

/// What runs: what the flags say, and, where they do not, the configuration.
fn choice(flags: &Choose, rules: Rules) -> Choice {
    let Which { only, skip, enable, .. } = &flags.which;
    let asked = |name: &String| enable.contains(name) || only.iter().flatten().any(|only| only == name);
    let review = match &flags.review {
        None => rules.review.unwrap_or_default(),
        Some(names) if names.is_empty() => Review::All,
        Some(names) => Review::Only(names.clone()),
    };
    let only = only.clone().or_else(|| rules.only.map(|only| [&only[..], &enable[..]].concat()));
    let skip = skip.iter().cloned().chain(rules.skip.into_iter().filter(|name| !asked(name))).collect();
    let enable = [&rules.enable[..], &enable[..]].concat();
    Choice { review, only, skip, enable, ..Choice::default() }
}
