//! See README.md: which RUN keeps a cache, and what takes it away in the same RUN.

mod apk;
mod clean;
mod flags;
mod missed;

use std::borrow::Cow;

use crate::commands::cache::{Cache, CacheKind, Surroundings, caching};
use crate::commands::files::deletes;
use crate::commands::{Invocation, Program, Runner, recognise};
use crate::dockerfile::Kind;
use crate::shell::{Script, Simple};
use crate::transform::paths::{self, Relation, relation};
use crate::transform::{Finding, On, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

/// Why not, in words.
type Reason = Cow<'static, str>;

/// A command of a known tool.
struct Call<'v> {
    simple: &'v Simple,
    invocation: Invocation,
}

/// A RUN, and what its commands see.
struct Run<'v> {
    view: &'v View<'v>,
    index: usize,
    script: &'v Script,
    around: Surroundings<'v>,
    calls: Vec<Call<'v>>,
}

fn find(view: &View<'_>) -> Vec<Finding> {
    let runs: Vec<Run<'_>> = view.scripts().filter_map(|(index, script)| Run::of(view, index, script)).collect();
    let mut findings = apk::find(&runs);
    for run in &runs {
        findings.extend(flags::find(run));
        findings.extend(clean::find(run));
    }
    findings
}

impl<'v> Run<'v> {
    fn of(view: &'v View<'v>, index: usize, script: &'v Script) -> Option<Self> {
        let call = |simple| recognise(script, simple).map(|invocation| Call { simple, invocation });
        let calls: Vec<Call<'v>> = script.commands().into_iter().filter_map(call).collect();
        if calls.is_empty() || offline(view, index) {
            return None;
        }
        Some(Self { view, index, script, around: view.surroundings(index)?, calls })
    }

    fn held(&self, message: impl Into<Reason>, reason: impl Into<Reason>) -> Finding {
        Finding::held(vec![self.index], message, reason)
    }

    /// Why nobody pays for the layer: its stage is not shipped, and what is copied out of it does not hold one of
    /// `directories`, or something of this name.
    fn unshipped(&self, directories: &[String], name: Option<&str>) -> Option<Reason> {
        let (doc, graph) = (self.view.doc, self.view.graph());
        let stage = doc.stage_of(self.index)?;
        if graph.ships(stage) || missed::carried(self.view, stage, directories, name) {
            return None;
        }
        Some("the stage is not shipped: what it keeps costs nothing".into())
    }

    /// The directories that a command fills; none where they are not known. `variables` may move them.
    fn directories(&self, invocation: &Invocation, variables: &[&str]) -> Result<Vec<String>, Reason> {
        match caching(&self.around, invocation) {
            Some(Ok(it)) => {
                let copies = it.caches.iter().filter(|cache| cache.kind == CacheKind::Copies);
                Ok(copies.flat_map(|cache| self.places(cache)).collect())
            }
            Some(Err(reason)) if variables.iter().any(|name| self.sets(invocation, name)) => Err(reason),
            Some(Err(_)) | None => Ok(Vec::new()),
        }
    }

    /// Where a cache is; where that is not certain, all places where it may be.
    fn places(&self, cache: &Cache) -> Vec<String> {
        match (cache.setting, self.around.scope.home.as_deref()) {
            (None, _) => vec![cache.directory.to_string()],
            // composer's
            (Some(_), Some(home)) => vec![format!("{home}/.composer/cache"), format!("{home}/.cache/composer")],
            (Some(_), None) => Vec::new(),
        }
    }

    /// Whether the file itself, and not only the base image, may set a variable.
    fn sets(&self, invocation: &Invocation, name: &str) -> bool {
        self.around.scope.source(name).is_some()
            || invocation.setting(name).is_some()
            || self.script.text().contains(name)
    }

    /// Whether a mount of the RUN has to do with one of `directories`, or with what is not known.
    fn mounted(&self, directories: &[String]) -> bool {
        let mounts = self.view.doc.mounts(self.view.instruction(self.index));
        mounts.iter().any(|mount| {
            let Some(target) = mount.target() else { return !matches!(&*mount.kind, "secret" | "ssh") };
            let Some(target) = paths::absolute(self.view, self.index, target) else { return true };
            let near = |directory: &String| relation(&target, directory) != Relation::Apart;
            (directories.is_empty() && &*mount.kind == "cache") || directories.iter().any(near)
        })
    }

    /// Whether the script itself removes one of `directories`, or a path with one of `hints` in it, behind `offset`.
    fn removes(&self, offset: usize, directories: &[String], hints: &[&str]) -> bool {
        self.script.commands().into_iter().filter(|simple| simple.span.start > offset).any(|simple| {
            let Some(program) = Program::of(simple) else { return false };
            let hinted = |text: &str| hints.iter().any(|hint| text.contains(hint));
            if program.name == "find" {
                return hinted(self.script.slice(simple.span)) || self.script.slice(simple.span).contains("/var/cache");
            }
            let covers = |word| {
                paths::of_word(self.around.scope, self.script, word).is_some_and(|path| {
                    directories.iter().any(|directory| relation(&path, directory) != Relation::Apart)
                })
            };
            program.name == "rm" && program.arguments.iter().any(covers)
                || deletes(self.script, &program).into_iter().any(hinted)
        })
    }
}

/// Whether a RUN has no network, so that it fetches nothing.
fn offline(view: &View<'_>, index: usize) -> bool {
    let instruction = view.instruction(index);
    instruction.flags.iter().any(|flag| {
        view.doc.joined(instruction, flag.name) == "network"
            && view.doc.flag_value(instruction, *flag).as_deref() == Some("none")
    })
}

/// How a command has to be called again: its name, and `sudo` with its options before it.
fn caller(run: &Run<'_>, invocation: &Invocation) -> Result<String, Reason> {
    let name = run.script.slice(invocation.name);
    match &invocation.runner {
        Runner::Same if !invocation.cleared => Ok(name.to_owned()),
        Runner::Other(Some(user)) if invocation.cleared && &**user == "root" && invocation.environment.is_empty() => {
            let before = run.script.text()[invocation.span.start..invocation.name.start].trim();
            Ok(format!("{before} {name}"))
        }
        _ => Err("it runs as another user, or in an environment of its own".into()),
    }
}

/// Whether an instruction is run in a later build or a container.
const fn later(kind: &Kind) -> bool {
    matches!(kind, Kind::Cmd(_) | Kind::Entrypoint(_) | Kind::Healthcheck(_) | Kind::Onbuild(_))
}
