//! What the commands of a RUN read: nothing that was copied, the manifests of a project, or anything.

use super::Reason;
use super::tools::step;
use crate::commands::files::leaks_state;
use crate::commands::{Program, of_the_shell};
use crate::context::node::{How, Manager};
use crate::context::{Tree, bundler, composer};
use crate::rewrite::pipelines;
use crate::shell::{Command, Operator, Separator};
use crate::transform::View;
use crate::transform::brought::Copied;
use crate::transform::paths::join;

/// What a RUN reads.
pub enum Reads {
    /// Nothing that was copied.
    Nothing,
    /// What these installations read.
    Manifests(Vec<Install>),
    /// First what these installations read, and from offset `at` of the script on anything: the command that stands there.
    ManifestsThen { installs: Vec<Install>, before: usize, at: usize, command: String },
    /// Anything, but this installation, by a command of its own, can come first.
    Prepared { install: Install, command: String },
    /// Anything: which command.
    Anything(String),
}

/// An installation of what a project depends on.
pub struct Install {
    /// Where it runs: an absolute path.
    pub cwd: String,
    /// Which.
    pub what: What,
    /// Paths that are made beside it, absolute.
    pub outputs: Vec<String>,
}

/// What a RUN reads, and the paths that it makes or removes, absolute.
pub struct Run {
    pub reads: Reads,
    pub touches: Vec<String>,
}

impl Install {
    /// The same for what is installed by the same tool in the same place.
    pub fn key(&self) -> String {
        let tool = match &self.what {
            What::Node(..) => "node",
            What::Requirements(..) | What::Pipenv | What::Poetry(_) | What::Uv(_) => "python",
            What::Go => "go",
            What::Bundle(_) => "ruby",
            What::Composer(_) => "php",
            What::Dotnet(_) => "dotnet",
            What::DotnetTools => "dotnet tool",
            What::Maven { .. } => "maven",
            What::Gradle { .. } => "gradle",
            What::Held(_) => "other",
        };
        format!("{tool} {}", self.cwd)
    }
}

/// Which installation.
pub enum What {
    /// By npm and its kin.
    Node(Manager, How),
    /// From requirements files, as they are named; by uv or not.
    Requirements(Vec<String>, bool),
    /// By pipenv.
    Pipenv,
    /// By poetry, or by uv: whether the project itself is left out.
    Poetry(bool),
    Uv(bool),
    /// `go mod download`
    Go,
    /// `bundle install`
    Bundle(bundler::How),
    /// `composer install`
    Composer(composer::How),
    /// `dotnet restore`, of the project, solution or folder at this place, if one is named.
    Dotnet(Option<String>),
    /// `dotnet tool restore`
    DotnetTools,
    /// Maven fetches, by the file that is named, if one is, and by the wrapper or not.
    Maven {
        pom: Option<String>,
        wrapper: bool,
    },
    /// `gradle dependencies`, by the wrapper or not.
    Gradle {
        wrapper: bool,
    },
    /// One that reads more than manifests.
    Held(Reason),
}

/// What one command reads.
pub enum Step {
    Nothing,
    Makes(String),
    /// It makes or removes these.
    Touches(Vec<String>),
    Goes(String),
    Installs(What),
    /// Anything, but this command installs before.
    Prepares(What, String),
    Anything,
}

/// What RUN `index` reads of what `copies` brought.
pub fn reads(view: &View<'_>, tree: Option<&Tree<'_>>, copies: &[Copied], index: usize) -> Run {
    let mut touches = Vec::new();
    let reads = reads_and_touches(view, (tree, copies), index, &mut touches);
    Run { reads, touches }
}

fn reads_and_touches(
    view: &View<'_>,
    project: (Option<&Tree<'_>>, &[Copied]),
    index: usize,
    touches: &mut Vec<String>,
) -> Reads {
    let doc = view.doc;
    let instruction = view.instruction(index);
    let whole = || Reads::Anything(short(&doc.joined(instruction, instruction.arguments)));
    let Some(script) = view.script(index) else { return whole() };
    let Ok(list) = script.body() else { return whole() };
    let binds = |mount: &crate::dockerfile::Mount| &*mount.kind == "bind" && mount.get("from").is_none();
    if doc.mounts(instruction).iter().any(binds) || !instruction.heredocs.is_empty() {
        return whole();
    }
    let Some(mut cwd) = view.scope(index).workdir.as_deref().map(str::to_owned) else { return whole() };
    let joined = matches!(&list.items[..], [item] if item.separator == Separator::End
        && item.and_or.rest.iter().all(|(operator, ..)| *operator == Operator::And));
    let mut installs: Vec<Install> = Vec::new();
    let mut made: Vec<String> = Vec::new();
    let mut leaks = false;
    // Commands before that do more than the shell does by itself.
    let mut busy = false;
    let mut last_end = 0;
    for pipeline in list.items.iter().flat_map(pipelines) {
        for command in &pipeline.commands {
            let Command::Simple(simple) = command else { return whole() };
            let step = step(view, project, (index, &cwd), script, simple);
            let own = Program::of(simple).is_some_and(|it| of_the_shell(it.name) && it.name != "cd");
            let busy_before = busy;
            busy |= !own;
            let alone = pipeline.commands.len() == 1 && !pipeline.negated;
            match step {
                Step::Nothing => {}
                Step::Makes(path) => made.extend(join(Some(&cwd), &path)),
                Step::Touches(paths) => {
                    for path in paths {
                        match join(Some(&cwd), &path) {
                            Some(path) => touches.push(path),
                            None => return whole(),
                        }
                    }
                }
                Step::Goes(path) if alone => match join(Some(&cwd), &path) {
                    Some(path) => cwd = path,
                    None => return whole(),
                },
                Step::Installs(what) if alone => {
                    installs.push(Install { cwd: cwd.clone(), what, outputs: std::mem::take(&mut made) });
                }
                Step::Prepares(what, command) if alone && !busy_before => {
                    let install = Install { cwd, what, outputs: made };
                    return Reads::Prepared { install, command };
                }
                _ => {
                    let text = short(script.slice(simple.span));
                    let held = installs.iter().any(|install| matches!(install.what, What::Held(_)));
                    if installs.is_empty() || !joined || leaks || pipeline.span.start != simple.span.start {
                        if held {
                            return Reads::Manifests(installs);
                        }
                        return Reads::Anything(text);
                    }
                    return Reads::ManifestsThen { installs, before: last_end, at: pipeline.span.start, command: text };
                }
            }
            leaks |= leaks_state(script, simple).is_some();
        }
        last_end = pipeline.span.end;
    }
    if installs.is_empty() { Reads::Nothing } else { Reads::Manifests(installs) }
}

/// A command on one line, cut where it is long.
fn short(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= 60 { text } else { text.chars().take(57).collect::<String>() + "…" }
}
