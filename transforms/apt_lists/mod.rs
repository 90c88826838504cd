//! See README.md: where the lists can be removed, and where nobody may miss them.

use crate::commands::apt::{assumes_yes, reads_lists};
use crate::commands::files::deletes;
use crate::commands::{Invocation, Program, Runner, Verb, invocations, recognise};
use crate::dockerfile::{Base, Kind};
use crate::rewrite;
use crate::shell::{Command, Operator, Script, Separator};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const LISTS: &str = "/var/lib/apt/lists/*";

fn find(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, script) in view.scripts() {
        if !script.text().contains("apt") {
            continue;
        }
        let apts: Vec<Invocation> = invocations(script).into_iter().filter(Invocation::is_apt).collect();
        findings.extend(lists(view, index, script, &apts));
        findings.extend(yes(index, script, &apts));
    }
    findings
}

/// The lists that a RUN leaves.
fn lists(view: &View<'_>, index: usize, script: &Script, apts: &[Invocation]) -> Option<Finding> {
    let update = apts.iter().find(|apt| apt.verb == Verb::Update)?;
    // An update in a RUN of its own is what joins are for; what it leaves is meant to be there.
    apts.iter().find(|apt| matches!(apt.verb, Verb::Install | Verb::Upgrade))?;
    let programs: Vec<Program<'_>> = script.commands().into_iter().filter_map(Program::of).collect();
    let removed =
        programs.iter().flat_map(|program| deletes(script, program)).any(|path| path.starts_with("/var/lib/apt"));
    if removed
        || script.text().contains("/var/lib/apt")
        || apts.iter().any(|apt| matches!(&*apt.subcommand, "dist-clean" | "distclean"))
        || mounted(view, index)
    {
        return None;
    }
    let message = "the layer keeps the package lists";
    let held = |reason: String| Some(Finding::held(vec![index], message, reason));
    let instruction = view.instruction(index);
    let rm = if update.runner == Runner::Other(Some("root".into())) && update.cleared {
        format!("sudo rm -rf {LISTS}")
    } else {
        format!("rm -rf {LISTS}")
    };
    let stage = view.doc.stage_of(index)?;
    if !view.graph().ships(stage) {
        return held("the stage is not shipped: what it keeps costs nothing".into());
    }
    if let Some(reason) = needed(view, index, stage) {
        return held(reason);
    }
    if let Some(word) =
        programs.iter().map(|program| program.name).find(|name| matches!(*name, "exit" | "exec" | "trap"))
    {
        return held(format!("`{word}` may end the script before its end"));
    }
    match rewrite::append(view.doc, instruction, script, &rm) {
        Err(reason) => held(reason.into()),
        Ok(edit) => {
            let promises = [Promise::RemovesPath("/var/lib/apt/lists".into()), Promise::AddsCommand(rm.into())];
            Change::new([edit], promises).ok().map(|change| Finding::safe(vec![index], message, change))
        }
    }
}

/// Whether a mount covers the lists.
fn mounted(view: &View<'_>, index: usize) -> bool {
    let instruction = view.instruction(index);
    instruction.flags.iter().any(|flag| {
        let text = view.doc.joined(instruction, flag.span);
        text.starts_with("--mount")
            && (text.contains("/var/lib") || text.contains("$") || text.contains("=/var,") || text.ends_with("=/var"))
    })
}

/// Who may miss the lists that the RUN at `index` leaves: a later RUN of its stage, or of one that is built on it.
fn needed(view: &View<'_>, index: usize, stage: usize) -> Option<String> {
    for (other, built) in view.doc.stages().iter().enumerate().skip(stage) {
        if !view.graph().chain(other).any(|base| base == stage) {
            continue;
        }
        debug_assert!(other == stage || matches!(view.graph().bases()[other], Base::Stage(_)));
        for later in built.instructions.clone().filter(|later| *later > index) {
            if let Some(reason) = needs(view, later) {
                return Some(reason);
            }
            if other == stage && view.script(later).is_some_and(removes) {
                // Whoever comes after has none in any case.
                return None;
            }
        }
    }
    None
}

/// Whether a script removes all lists, if it succeeds.
fn removes(script: &Script) -> bool {
    let Ok(list) = script.body() else { return false };
    let [item] = &list.items[..] else { return false };
    let and = item.and_or.rest.iter().all(|(operator, ..)| *operator == Operator::And);
    let simple = rewrite::pipelines(item).into_iter().filter_map(|pipeline| match &pipeline.commands[..] {
        [Command::Simple(simple)] if !pipeline.negated => Program::of(simple),
        _ => None,
    });
    let gone = |path: &str| matches!(path.trim_end_matches('/'), "/var/lib/apt/lists" | "/var/lib/apt/lists/*");
    and && item.separator != Separator::Background
        && simple.into_iter().any(|program| deletes(script, &program).into_iter().any(gone))
}

fn needs(view: &View<'_>, later: usize) -> Option<String> {
    let instruction = view.instruction(later);
    let line = view.doc.line(instruction.span.start);
    if let Kind::Onbuild(_) | Kind::Cmd(_) | Kind::Entrypoint(_) = instruction.kind {
        // A trigger runs in a build on this image, a start command in a container: neither updates for sure.
        let text = view.doc.joined(instruction, instruction.arguments);
        let installs = text.contains("apt") && text.contains("install");
        return installs.then(|| format!("line {line} installs packages later"));
    }
    if !matches!(instruction.kind, Kind::Run(_)) {
        return None;
    }
    let Some(script) = view.script(later) else {
        let text = view.doc.joined(instruction, instruction.arguments);
        let harmless = !text.contains("apt") && !runs_a_script(&text);
        return (!harmless).then(|| format!("line {line} runs a command that may need them"));
    };
    if script.body().is_err() {
        return Some(format!("line {line} is not understood, and may need them"));
    }
    for simple in script.commands() {
        let Some(program) = Program::of(simple) else {
            let text = script.slice(simple.span);
            // An assignment alone, or a command in a variable.
            if simple.words.is_empty() && !text.contains("apt") {
                continue;
            }
            return Some(format!("line {line} runs a command that is not known before the build, and may need them"));
        };
        let known = recognise(script, simple);
        if known.as_ref().is_some_and(|apt| apt.is_apt() && apt.verb == Verb::Update) {
            // From here on it has its own.
            return None;
        }
        // What apt's own words leave unclear may read them, too.
        let apt = known.is_none() && program.name.starts_with("apt")
            || matches!(program.name, "tasksel" | "mk-build-deps" | "apt-file");
        let browsers =
            matches!(program.name, "npx" | "playwright") && (program.has("install-deps") || program.has("--with-deps"));
        if apt || browsers || known.as_ref().is_some_and(reads_lists) {
            return Some(format!("line {line} installs from them without an update of its own"));
        }
        if opaque(view, script, &program) {
            return Some(format!("line {line} runs a script that may need them"));
        }
    }
    None
}

fn runs_a_script(text: &str) -> bool {
    text.contains(".sh") || text.contains("\"sh\"") || text.contains("bash")
}

/// Scripts that are made by tools which never install packages.
const HARMLESS: &[&str] = &[
    "configure",
    "config",
    "Configure",
    "gradlew",
    "mvnw",
    "manage.py",
    "autogen.sh",
    "b2",
    "bootstrap.sh",
    "buildconf",
];

/// Whether a command runs something that could install packages, which is not known to be without `apt`.
fn opaque(view: &View<'_>, script: &Script, program: &Program<'_>) -> bool {
    let path = program.path;
    let runs = match program.name {
        "sh" | "bash" | "dash" | "ash" | "source" | "." | "eval" => {
            let Some(argument) =
                program.arguments.iter().find(|word| word.literal.as_deref().is_none_or(|text| !text.starts_with('-')))
            else {
                // `curl … | sh`
                return true;
            };
            if program.has("-c")
                || program
                    .arguments
                    .iter()
                    .any(|word| word.literal.as_deref().is_some_and(|text| text.starts_with('-') && text.contains('c')))
            {
                // The rest is text of the script that is searched for apt as a whole.
                return script.text().contains("apt");
            }
            match argument.literal.as_deref() {
                Some(path) => path,
                None => return true,
            }
        }
        _ if path.ends_with(".sh") || path.ends_with(".bash") => path,
        _ if path.contains('/') && !in_system(path) => path,
        _ => return false,
    };
    let name = runs.rsplit('/').next().unwrap_or(runs);
    if HARMLESS.contains(&name)
        || matches!(runs, "/etc/os-release" | "/etc/profile" | "/etc/lsb-release")
        || name == "activate"
    {
        return false;
    }
    // A script of the context that speaks neither of apt nor of another script cannot need the lists.
    let local = runs.trim_start_matches("./").trim_start_matches('/');
    let Some(content) = view.world.read(local) else { return true };
    let Ok(content) = std::str::from_utf8(&content) else { return true };
    let (_, body) = content.split_once('\n').unwrap_or(("", content));
    ["apt", ".sh", "bash", "sh "].iter().any(|word| body.contains(word))
}

/// Programs that are there by installation.
fn in_system(path: &str) -> bool {
    ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/local/bin/", "/opt/", "/root/.", "/usr/lib", "/usr/local/"]
        .iter()
        .any(|folder| path.starts_with(folder))
}

/// Installations that ask a question.
fn yes(index: usize, script: &Script, apts: &[Invocation]) -> Option<Finding> {
    let asks = |apt: &&Invocation| {
        apt.literal()
            && !assumes_yes(apt)
            && &*apt.subcommand == "install"
            && !apt.operands.is_empty()
            && !apt.has(QUIET)
    };
    // `yes |` answers already; a configuration may.
    let text = script.text();
    if text.contains('|') && text.contains("yes") || text.contains("apt.conf") || text.contains("Assume-Yes") {
        return None;
    }
    let edits: Option<Vec<_>> =
        apts.iter().filter(asks).map(|apt| rewrite::insert_word(script, apt.verb_end, "-y")).collect();
    let edits = edits.filter(|edits| !edits.is_empty())?;
    let change = Change::new(edits, [Promise::Flag("-y".into())]).ok()?;
    Some(Finding::safe(vec![index], "apt-get install asks a question that nobody answers", change))
}

/// With one of these nothing is asked, or the answer is to be no.
const QUIET: &[&str] = &[
    "-s",
    "--simulate",
    "--just-print",
    "--dry-run",
    "--recon",
    "--no-act",
    "--print-uris",
    "-d",
    "--download-only",
    "--assume-no",
    "--trivial-only",
];
