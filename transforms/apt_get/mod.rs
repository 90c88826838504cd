//! See README.md: which commands of apt are the same as those of apt-get.

use crate::commands::files::deletes;
use crate::commands::{Invocation, Program, Tool, invocations};
use crate::rewrite::pipelines;
use crate::shell::{Command, List, Redirection, Script, Simple};
use crate::source::{Edit, Span};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "apt is for people: its command line may change, and it warns of that in every build";

/// What apt-get does the same way.
const SAME: &[&str] = &[
    "update",
    "install",
    "reinstall",
    "remove",
    "purge",
    "autoremove",
    "auto-remove",
    "clean",
    "autoclean",
    "build-dep",
];

fn find(view: &View<'_>) -> Vec<Finding> {
    view.scripts().filter_map(|(index, script)| finding(view, index, script)).collect()
}

fn finding(view: &View<'_>, index: usize, script: &Script) -> Option<Finding> {
    if !script.text().contains("apt ") {
        return None;
    }
    let apts: Vec<Invocation> = invocations(script).into_iter().filter(|it| it.tool == Tool::Apt).collect();
    let (known, others): (Vec<&Invocation>, Vec<&Invocation>) =
        apts.iter().partition(|apt| SAME.contains(&&*apt.subcommand));
    let held = |reason: &str| Some(Finding::held(vec![index], MESSAGE, reason.to_owned()));
    if known.is_empty() {
        let upgrade = others.iter().find(|apt| matches!(&*apt.subcommand, "upgrade" | "full-upgrade"))?;
        return held(&format!("apt-get {} does not install and remove the same packages", upgrade.subcommand));
    }
    // Options under this name are for apt alone.
    if view.doc.text().to_ascii_lowercase().contains("binary::apt") {
        return held("the file sets options for apt alone");
    }
    let read = known.iter().find(|apt| is_read(script, apt));
    if read.is_some() {
        return held("something reads what it prints");
    }
    let mut edits = Vec::new();
    let mut promises = Vec::new();
    for apt in &known {
        let Some(name) = script.slice(apt.name).strip_suffix("apt") else { return held("its name is quoted") };
        promises.push(Promise::Renames(format!("{name}apt").into(), format!("{name}apt-get").into()));
        let at = script.map().behind(apt.name.end)?;
        edits.push(Edit::insert(at, "-get"));
    }
    promises.dedup();
    let change = Change::new(edits, promises).ok()?;
    let any = |verbs: &[&str]| known.iter().any(|apt| verbs.contains(&&*apt.subcommand));
    let installs = any(&["install", "reinstall", "build-dep"]);
    let resolves = installs || any(&["remove", "purge", "autoremove", "auto-remove"]);
    let mut checks = Vec::new();
    if resolves && !same_solver(view, index) {
        checks.push("apt-get chooses the same dependencies: apt of Debian 13 (APT 3.0) may have a solver of its own");
    }
    if installs && !cleans(view, index, script) {
        checks.push("what apt-get fetches is not kept: /etc/apt/apt.conf.d/docker-clean is in the base image");
    }
    if checks.is_empty() {
        return Some(Finding::safe(vec![index], MESSAGE, change));
    }
    Some(Finding::review(vec![index], MESSAGE, checks.join("; "), change))
}

/// Whether both resolve dependencies the same way: before APT 3.0 there was one solver, and after it both have the new
/// one. <https://discourse.ubuntu.com/t/announcement-3-0-solver-now-default-in-questing-for-apt-get-and-apt-commands/60618>
fn same_solver(view: &View<'_>, index: usize) -> bool {
    let scope = view.scope(index);
    let release = scope.image.as_ref().filter(|_| scope.image_is_fixed).and_then(|image| image.release.as_deref());
    release.is_some_and(|release| !matches!(release, "trixie" | "forky" | "sid" | "plucky"))
}

/// Whether the packages that apt-get keeps, unlike apt, do not stay in the layer.
fn cleans(view: &View<'_>, index: usize, script: &Script) -> bool {
    let text = view.doc.text();
    let kept = text.contains("docker-clean") || text.contains("Keep-Downloaded-Packages");
    let image = view.scope(index).image.as_ref();
    if !kept && image.is_some_and(|image| image.docker_clean == Some(true)) {
        return true;
    }
    let instruction = view.instruction(index);
    if view.doc.mounts(instruction).iter().any(|it| it.target().is_some_and(|it| it.starts_with("/var/cache/apt"))) {
        return true;
    }
    let Ok(list) = script.body() else { return false };
    // Only what certainly runs behind them counts: the commands of the last list.
    let Some(last) = list.items.last() else { return false };
    let last: Vec<&Simple> = script.commands().into_iter().filter(|it| last.and_or.span.contains(it.span)).collect();
    let cleans = |simple: &&Simple| {
        let Some(program) = Program::of(simple) else { return false };
        matches!(program.name, "apt" | "apt-get") && program.has("clean")
            || deletes(script, &program)
                .iter()
                .any(|path| path.starts_with("/var/cache/apt") || *path == "/var/cache/*")
    };
    last.iter().any(cleans)
}

/// Whether what a command prints goes anywhere but to the log of the build.
fn is_read(script: &Script, apt: &Invocation) -> bool {
    let Ok(list) = script.body() else { return true };
    let commands = script.commands();
    let Some(simple) = commands.iter().find(|simple| simple.span == apt.span) else { return true };
    let kept =
        |it: &Redirection| !matches!(&*it.operator, ">&" | "<") && it.target.literal.as_deref() != Some("/dev/null");
    simple.redirections.iter().any(kept) || !logs(list, apt.span)
}

/// Whether the command at `span` stands in `list`, in no substitution, and last in its pipeline.
fn logs(list: &List, span: Span) -> bool {
    list.items.iter().flat_map(pipelines).any(|pipeline| {
        let Some((last, first)) = pipeline.commands.split_last() else { return false };
        let silent = |command: &Command| match command {
            Command::Simple(simple) => simple.span == span,
            Command::Compound(compound) => {
                compound.redirections.is_empty() && compound.lists.iter().any(|list| logs(list, span))
            }
            Command::Function(_) | Command::Opaque(_) => false,
        };
        first.iter().all(|command| !silent(command)) && silent(last)
    })
}
