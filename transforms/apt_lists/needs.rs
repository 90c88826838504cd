//! Who may miss the package lists that a RUN leaves.
//!
//! Whatever is not known to get along without them needs them.

use crate::commands::apt::reads_lists;
use crate::commands::files::deletes;
use crate::commands::{Invocation, Program, Verb, invocations, recognise};
use crate::dockerfile::{Command as Form, Instruction, Kind};
use crate::rewrite;
use crate::shell::{Command, Item, Operator, Script, Separator, Simple};
use crate::transform::View;

/// Why the lists that the RUN at `index` leaves may be needed: by a later RUN of its stage, by one of a stage that is
/// built on it, or by a stage that takes them from it.
pub fn needed(view: &View<'_>, index: usize, stage: usize) -> Option<String> {
    for (at, instruction) in view.doc.instructions().iter().enumerate().filter(|(at, _)| *at != index) {
        if takes_lists(view, instruction) {
            return Some(format!("line {} takes them from another stage", line(view, at)));
        }
    }
    for (other, built) in view.doc.stages().iter().enumerate().skip(stage) {
        if !view.graph().chain(other).any(|base| base == stage) {
            continue;
        }
        for later in built.instructions.clone().filter(|later| *later > index) {
            if let Some(what) = needs(view, later) {
                return Some(format!("line {} {what}", line(view, later)));
            }
            if other == stage && view.script(later).is_some_and(removes) {
                // Whoever comes after has none in any case.
                return None;
            }
        }
    }
    None
}

fn line(view: &View<'_>, index: usize) -> usize {
    view.doc.line(view.instruction(index).span.start)
}

/// Whether an instruction names the lists of another stage.
fn takes_lists(view: &View<'_>, instruction: &Instruction) -> bool {
    let from = |flag: &crate::dockerfile::Flag| view.doc.joined(instruction, flag.span).contains("from=");
    matches!(instruction.kind, Kind::Copy(_) | Kind::Run(_))
        && instruction.flags.iter().any(from)
        && view.doc.slice(instruction.span).contains("/var/lib")
}

/// Whether a script removes all lists, if it succeeds.
fn removes(script: &Script) -> bool {
    let Ok(list) = script.body() else { return false };
    let [item] = &list.items[..] else { return false };
    let gone = |path: &str| matches!(path.trim_end_matches('/'), "/var/lib/apt/lists" | "/var/lib/apt/lists/*");
    item.separator != Separator::Background
        && chain(item).is_some_and(|commands| {
            let programs = commands.into_iter().filter_map(Program::of);
            programs.flat_map(|program| deletes(script, &program)).any(gone)
        })
}

/// The simple commands of an item that all run if it succeeds; `None` if it holds anything else.
fn chain(item: &Item) -> Option<Vec<&Simple>> {
    if item.and_or.rest.iter().any(|(operator, ..)| *operator == Operator::Or) {
        return None;
    }
    let commands = rewrite::pipelines(item).into_iter().map(|pipeline| match &pipeline.commands[..] {
        [Command::Simple(simple)] if !pipeline.negated => Some(simple),
        _ => None,
    });
    commands.collect()
}

/// What a later instruction needs them for.
fn needs(view: &View<'_>, later: usize) -> Option<&'static str> {
    let instruction = view.instruction(later);
    let text = view.doc.joined(instruction, instruction.arguments);
    match &instruction.kind {
        // A trigger runs in a build on this image, a start command in a container: neither updates for sure.
        Kind::Onbuild(_) => (installs(&text) || runs_a_script(&text)).then_some("installs packages later"),
        Kind::Cmd(_) | Kind::Entrypoint(_) => installs(&text).then_some("installs packages later"),
        Kind::Run(Form::Exec(words)) => {
            let program = words.first().map(|word| view.doc.word(instruction, *word));
            let foreign = program.is_none_or(|program| program.contains('/') && !in_system(&program));
            (foreign || installs(&text) || runs_a_script(&text)).then_some("runs a command that may need them")
        }
        Kind::Run(Form::Shell(_)) => match view.script(later) {
            None => Some("is not for a shell that is understood, and may need them"),
            Some(script) if script.body().is_err() => Some("is not understood, and may need them"),
            Some(script) => script_needs(script),
        },
        _ => None,
    }
}

fn script_needs(script: &Script) -> Option<&'static str> {
    let known = invocations(script);
    // What speaks of apt without being understood (behind xargs, in a string, in a word of another tool) may install.
    let spoken = script.text().match_indices("apt-get").count();
    if spoken > known.iter().filter(|apt| script.slice(apt.span).contains("apt-get")).count() {
        return Some("speaks of apt-get in a way that is not understood, and may need them");
    }
    let mut updated = false;
    for simple in script.commands() {
        if let Some(apt) = recognise(script, simple) {
            updated |= apt.is_apt() && apt.verb == Verb::Update && updates(script, &apt);
            if reads_lists(&apt) && !updated {
                return Some("installs from them without an update of its own");
            }
            continue;
        }
        let Some(program) = Program::of(simple) else {
            // An assignment alone, or a command in a variable.
            if simple.words.is_empty() {
                continue;
            }
            return Some("runs a command that is not known before the build, and may need them");
        };
        let browsers = program.has("install-deps") || program.has("--with-deps");
        if !updated
            && (INSTALLERS.contains(&program.name)
                || program.name.starts_with("apt-") && program.name != "apt-mark" && program.name != "apt-key"
                || browsers)
        {
            return Some("installs from them without an update of its own");
        }
        if opaque(script, &program) {
            return Some("runs a script that may need them");
        }
    }
    None
}

/// Programs that install packages of the distribution.
const INSTALLERS: &[&str] = &[
    "tasksel",
    "mk-build-deps",
    "apt-file",
    "nala",
    "rosdep",
    "ansible-playbook",
    "dselect",
    "gdebi",
    "apt-fast",
    "chef-client",
    "puppet",
    "snap",
];

/// Whether an update fetches all lists in every successful run of the script, before what follows it: nothing points it
/// elsewhere, and no condition stands before it.
pub fn updates(script: &Script, apt: &Invocation) -> bool {
    let elsewhere = apt.flags.iter().any(|flag| {
        let value = flag.value.as_ref().and_then(|value| value.literal.as_deref()).unwrap_or_default();
        matches!(&*flag.name, "-c" | "--config-file") || value.to_ascii_lowercase().starts_with("dir::")
    });
    if elsewhere || !apt.literal() {
        return false;
    }
    let Ok(list) = script.body() else { return false };
    let item = list.items.iter().find(|item| item.and_or.span.contains(apt.span));
    item.is_some_and(|item| {
        item.separator != Separator::Background
            && chain(item).is_some_and(|commands| commands.iter().any(|command| command.span == apt.span))
    })
}

fn installs(text: &str) -> bool {
    text.contains("apt") && text.contains("install")
}

fn runs_a_script(text: &str) -> bool {
    text.contains(".sh") || text.contains("\"sh\"") || text.contains("bash")
}

/// Scripts that tools make, and which never install packages.
const HARMLESS: &[&str] = &["configure", "Configure", "gradlew", "mvnw", "manage.py", "b2", "buildconf"];

/// Programs that run others. Where they could not be taken off, what they run is looked for in their words.
const WRAPPERS: &[&str] = &[
    "sudo", "env", "nice", "ionice", "timeout", "xargs", "su", "chroot", "parallel", "flock", "retry", "gosu",
    "su-exec", "find", "time", "exec", "command", "setarch", "runuser",
];

/// Whether a command runs something that could install packages.
fn opaque(script: &Script, program: &Program<'_>) -> bool {
    let path = program.path;
    let text = script.slice(program.simple.span);
    if WRAPPERS.contains(&program.name) {
        return ["apt", ".sh", "sh ", "bash", "./"].iter().any(|word| text.contains(word)) || text.ends_with("sh");
    }
    let runs = match program.name {
        "sh" | "bash" | "dash" | "ash" | "source" | "." | "eval" => {
            let plain = |word: &&crate::shell::Word| word.literal.as_deref().is_none_or(|text| !text.starts_with('-'));
            // `curl … | sh`
            let Some(argument) = program.arguments.iter().find(plain) else { return true };
            let Some(argument) = argument.literal.as_deref() else { return true };
            let command =
                program.literals().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('c'));
            if command {
                return installs(argument)
                    || runs_a_script(argument)
                    || argument.contains("./")
                    || argument.contains('$');
            }
            argument
        }
        _ if path.ends_with(".sh") || path.ends_with(".bash") => path,
        _ if path.contains('/') && !in_system(path) => path,
        _ => return false,
    };
    let name = runs.rsplit('/').next().unwrap_or(runs);
    !HARMLESS.contains(&name)
        && !matches!(runs, "/etc/os-release" | "/etc/profile" | "/etc/lsb-release" | "/etc/apache2/envvars")
        && !runs.ends_with("/bin/activate")
}

/// Programs that are there by installation.
fn in_system(path: &str) -> bool {
    ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/local/bin/", "/opt/", "/root/.", "/usr/lib", "/usr/local/"]
        .iter()
        .any(|folder| path.starts_with(folder))
}
