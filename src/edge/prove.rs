//! The proof of one Dockerfile: original and rewrite are built, compared and started.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::context::ignore::{Patterns, append};
use crate::dockerfile::{Document, Graph};
use crate::pipeline::{Key, Outcome};
use crate::proof::archive::Image;
use crate::proof::evidence::{Behaviour, Evidence, Measures, checks};
use crate::proof::explain::{compare, promised};

use super::engine::containers::Ask;
use super::engine::{Broken, Build, BuildFlags, Built, Engine};
use super::{Failure, copy, shown};

/// What to ask of the containers.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TestFlags {
    /// Run both images with these words, and compare exit code and output [default: start both as they are]
    #[arg(long, value_name = "WORDS", conflicts_with = "http", help_heading = "Test")]
    pub run: Option<String>,
    /// With --run: what both have to exit with
    #[arg(long, value_name = "CODE", requires = "run", help_heading = "Test")]
    pub expect_exit: Option<i64>,
    /// With --run: what both have to print somewhere
    #[arg(long, value_name = "TEXT", requires = "run", help_heading = "Test")]
    pub expect: Option<String>,
    /// Ask this port over HTTP [default: what EXPOSE names]
    #[arg(long, value_name = "PORT[/PATH]", help_heading = "Test")]
    pub http: Vec<String>,
}

impl TestFlags {
    /// What was asked for, or an error.
    fn ask(&self) -> Result<Ask, Failure> {
        let run =
            self.run.as_deref().map(shell_words::split).transpose().map_err(|error| {
                Failure::new(format!("--run: {error}"), "quote the words as a shell would have them")
            })?;
        let http = self.http.iter().map(|text| {
            let (port, path) = text.split_once('/').unwrap_or((text, ""));
            let port = port.parse().map_err(|_| {
                Failure::new(
                    format!("--http: `{text}` names no port"),
                    "write a port, or a port and a path: 8000/health",
                )
            });
            Ok((port?, format!("/{path}")))
        });
        Ok(Ask { run, http: http.collect::<Result<_, Failure>>()? })
    }
}

/// A Dockerfile with its context, copied so that it can be edited.
pub struct Bench {
    pub engine: Engine,
    text: String,
    tests: TestFlags,
    ask: Ask,
    target: Option<String>,
    /// What the ignore file says.
    ignore: RefCell<String>,
    baseline: RefCell<Option<Baseline>>,
}

/// The original, built twice, and started.
struct Baseline {
    images: Vec<Image>,
    ask: Ask,
    behaviours: Option<[Behaviour; 2]>,
}

/// Why a rewrite is no good.
#[derive(Clone, Debug)]
pub struct Reason {
    /// In a line.
    pub what: String,
    /// The end of the log of the step that failed, or of the container.
    pub log: String,
    /// Where the whole log is kept.
    pub file: Option<PathBuf>,
}

impl From<Box<Broken>> for Reason {
    fn from(broken: Box<Broken>) -> Self {
        let step = broken.step.as_deref().unwrap_or("the build cannot start");
        Self { what: format!("does not build: {step}"), log: broken.log, file: Some(broken.file) }
    }
}

/// What came out of the rewrites that were built, by their text.
#[derive(Debug, Default)]
pub struct Trials(HashMap<String, Option<Reason>>);

/// The original, or the rewrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

impl Side {
    const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }

    /// As it is shown while it is built.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Before => "original",
            Self::After => "rewritten",
        }
    }
}

impl Bench {
    /// Copies the context of the Dockerfile at `file`, once for each side.
    pub fn new(file: &Path, text: &str, context: &Path, build: BuildFlags, tests: TestFlags) -> Result<Self, Failure> {
        let ask = tests.ask()?;
        let target = build.target.clone();
        let engine = Engine::find(build)?;
        let bench = Self {
            engine,
            text: text.to_owned(),
            tests,
            ask,
            target,
            ignore: RefCell::default(),
            baseline: RefCell::default(),
        };
        let ignore = beside(file).and_then(|own| std::fs::read_to_string(own).ok());
        let ignore = ignore.or_else(|| std::fs::read_to_string(context.join(".dockerignore")).ok()).unwrap_or_default();
        let patterns = Patterns::parse(&ignore).unwrap_or_default();
        bench.ignore.replace(ignore);
        for side in [Side::Before, Side::After] {
            copy::tree(context, &bench.context(side), &patterns).map_err(|error| {
                Failure::new(
                    format!("{}: cannot be copied: {error}", shown(context)),
                    "TMPDIR names another place for the copy",
                )
            })?;
            bench.write(side, text, &[])?;
        }
        Ok(bench)
    }

    /// The copy of the context for a side.
    pub fn context(&self, side: Side) -> PathBuf {
        self.engine.folder.join(side.name()).join("context")
    }

    /// The Dockerfile of a side lies beside its context: what is built is this text, whatever the context holds.
    fn dockerfile(&self, side: Side) -> PathBuf {
        self.engine.folder.join(side.name()).join("Dockerfile")
    }

    /// Writes the Dockerfile of a side, with the ignore file that goes with it.
    fn write(&self, side: Side, text: &str, ignore_lines: &[String]) -> Result<(), Failure> {
        let fail = |error: std::io::Error| {
            Failure::new(format!("{}: {error}", self.engine.folder.display()), "TMPDIR names another place")
        };
        let file = self.dockerfile(side);
        std::fs::write(&file, text).map_err(fail)?;
        let ignore = append(&self.ignore.borrow(), ignore_lines);
        // Beside the Dockerfile, it wins over that of the context, which may have ignored itself.
        std::fs::write(file.with_extension("dockerignore"), ignore).map_err(fail)?;
        Ok(())
    }

    /// Builds a side.
    pub fn build(&self, side: Side, what: &str, name: &str, cold: bool, caches: &str) -> Result<Built, Box<Broken>> {
        let (file, context) = (self.dockerfile(side), self.context(side));
        let label = format!("{}, {what}", side.word());
        self.engine.build(&Build { label: &label, name, file: &file, context: &context, cold, caches })
    }

    /// Bytes of context that the ignore file lets through.
    pub fn sent(&self, side: Side, ignore_lines: &[String]) -> Option<u64> {
        let patterns = Patterns::parse(&append(&self.ignore.borrow(), ignore_lines))?;
        copy::size(&self.context(side), &patterns).ok()
    }

    /// Puts the result of `outcome` on the bench.
    pub fn rewrite(&self, outcome: &Outcome) -> Result<(), Failure> {
        self.write(Side::After, &outcome.after, &outcome.ignore_lines)
    }

    /// Reads and starts the original, which was built as `names`.
    pub fn baseline(&self, names: [&str; 2]) -> Result<(), Failure> {
        let engine = &self.engine;
        let ask = self.ask_of(names[0]);
        // One waits for the engine's disk, the other for what was started.
        let (images, behaviours) = engine.showing("reading and starting the original", || {
            rayon::join(
                || engine.export(&names),
                || engine.daemon.then(|| names.map(|name| engine.observe(name, &ask))),
            )
        });
        *self.baseline.borrow_mut() = Some(Baseline { images: images?, ask, behaviours });
        Ok(())
    }

    /// What to ask of the containers of an image: if nothing was said, the ports that it exposes.
    fn ask_of(&self, name: &str) -> Ask {
        let mut ask = self.ask.clone();
        if self.engine.daemon && ask.run.is_none() && ask.http.is_empty() {
            ask.http = self.engine.exposed(name).into_iter().map(|port| (port, "/".to_owned())).collect();
        }
        ask
    }

    /// Compares the rewrite, which was built as `name`, with the original. What speaks against it has to do so in another
    /// build, too: what a compiler's threads write down, or which port is open by then, can be chance.
    pub fn evidence(&self, name: &str, outcome: &Outcome) -> Result<Evidence, Failure> {
        let mut evidence = self.compared(name, outcome)?;
        if evidence.objection().is_some() {
            let again = format!("{name}-anew");
            if self.build(Side::After, "built anew, as it differs", &again, true, &again).is_ok() {
                evidence.confirm(&self.compared(&again, outcome)?);
            }
        }
        Ok(evidence)
    }

    fn compared(&self, name: &str, outcome: &Outcome) -> Result<Evidence, Failure> {
        let baseline = self.baseline.borrow();
        let Some(Baseline { images, ask, behaviours }) = baseline.as_ref() else {
            return Err(Failure::new("nothing to compare with", "this is a bug of dockwright"));
        };
        let engine = &self.engine;
        let (after, behaviour) = engine.showing("reading and starting the rewrite", || {
            rayon::join(|| engine.export(&[name]), || engine.daemon.then(|| engine.observe(name, ask)))
        });
        let after = after?;
        let (before, again, after) = (&images[0], images.get(1), &after[0]);
        let promised = promised(outcome);
        let own = (own_steps(&self.text, self.target.as_deref()), own_steps(&outcome.after, self.target.as_deref()));
        let comparison = compare(before, again, after, &promised, own);
        let found = match (behaviours, behaviour) {
            (Some([first, second]), Some(behaviour)) => {
                let mut found = checks(first, Some(second), &behaviour, &promised);
                found.extend(self.expected(first, &behaviour));
                Ok((found, behaviour.log))
            }
            _ => Err("no Docker daemon to start them with".to_owned()),
        };
        let measures = |image: &Image| {
            let (compressed, estimated) = image.compressed();
            let layers = image.layers.iter().map(|layer| layer.size).collect();
            Measures { size: image.size(), compressed, estimated, layers, ..Measures::default() }
        };
        let (checks, log) = match found {
            Ok((checks, log)) => (Ok(checks), log),
            Err(why) => (Err(why), String::new()),
        };
        Ok(Evidence { before: measures(before), after: measures(after), comparison, checks, log })
    }

    /// What the user expects of both.
    fn expected(&self, before: &Behaviour, after: &Behaviour) -> Option<crate::proof::evidence::Check> {
        use crate::proof::evidence::{Check, Verdict};
        let (exit, text) = (self.tests.expect_exit, self.tests.expect.as_deref());
        if exit.is_none() && text.is_none() {
            return None;
        }
        let ok = |it: &Behaviour| {
            it.ran.as_ref().is_some_and(|(code, output)| {
                exit.is_none_or(|exit| exit == *code) && text.is_none_or(|text| output.contains(text))
            })
        };
        let word = |ok: bool| if ok { "yes" } else { "no" }.to_owned();
        let verdict = if ok(after) { Verdict::Same } else { Verdict::Differs };
        Some(Check { what: "as expected".to_owned(), before: word(ok(before)), after: word(ok(after)), verdict })
    }

    /// Builds the rewrite that comes out with `outcome`, and says what is wrong with it.
    pub fn trial(&self, outcome: &Outcome, trials: &mut Trials) -> Result<Option<Reason>, Failure> {
        if !outcome.changes() {
            return Ok(None);
        }
        let id = format!("{}\0{}", outcome.after, outcome.ignore_lines.join("\n"));
        if let Some(reason) = trials.0.get(&id) {
            return Ok(reason.clone());
        }
        self.rewrite(outcome)?;
        let number = trials.0.len();
        let name = format!("trial{number}");
        let applied: usize = outcome.steps.iter().map(|step| step.applied.len()).sum();
        let what = format!("{applied} changes");
        // What a step did in an earlier trial is what it does in this one.
        let reason = match self.build(Side::After, &what, &name, number == 0, "after") {
            Err(broken) => Some(Reason::from(broken)),
            Ok(_) => {
                let evidence = self.evidence(&name, outcome)?;
                evidence.objection().map(|what| Reason { what, log: evidence.log, file: None })
            }
        };
        trials.0.insert(id, reason.clone());
        Ok(reason)
    }
}

/// The ignore file that stands beside a Dockerfile and wins over that of the context.
fn beside(dockerfile: &Path) -> Option<PathBuf> {
    Some(dockerfile.with_file_name(format!("{}.dockerignore", dockerfile.file_name()?.to_str()?)))
}

/// Keys of what was applied, in order.
pub fn keys(outcome: &Outcome) -> Vec<Key> {
    outcome.steps.iter().flat_map(|step| step.applied.iter().map(|applied| applied.key.clone())).collect()
}

/// How many instructions of the Dockerfile write to the history of its image.
fn own_steps(text: &str, target: Option<&str>) -> usize {
    let doc = Document::parse(text);
    let graph = Graph::of(&doc);
    let names = |stage: &crate::dockerfile::Stage| {
        target.is_some_and(|target| stage.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(target)))
    };
    let last = doc.stages().len().saturating_sub(1);
    let stage = doc.stages().iter().position(names).unwrap_or(last);
    if doc.stages().is_empty() {
        return 0;
    }
    // The first instruction of a stage is its FROM.
    graph.chain(stage).map(|stage| doc.stages()[stage].instructions.len().saturating_sub(1)).sum()
}
