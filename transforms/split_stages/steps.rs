//! What the commands of a RUN do to the image.

use crate::commands::{Invocation, Program, Runner, Tool, Verb, recognise};
use crate::dockerfile::Kind;
use crate::rewrite::pipelines;
use crate::shell::{Command, Script, Simple};
use crate::transform::View;
use crate::transform::paths::join;

/// A command of a RUN.
pub struct Ran<'v> {
    /// The RUN.
    pub index: usize,
    /// The command, and its script; `None` where the RUN is not understood.
    pub simple: Option<(&'v Script, &'v Simple)>,
    /// Where it runs.
    pub cwd: String,
    /// It on one line, cut where it is long.
    pub text: String,
    pub effect: Effect,
}

/// What a command does to the image.
pub enum Effect {
    /// Nothing that a program could need.
    Nothing,
    /// It installs or removes packages of the system.
    Packages(Vec<Box<str>>),
    /// It makes users and groups.
    Accounts,
    /// It makes folders.
    Makes(Vec<String>),
    /// It removes paths.
    Removes(Vec<String>),
    /// It changes the mode of paths.
    Modes(Vec<String>),
    /// It changes the owner of paths.
    Owns(Vec<String>),
    /// It copies or moves a file.
    Copies(String, String),
    /// A tool of a language.
    Tool(Box<Invocation>),
    /// Anything.
    Other,
}

impl Ran<'_> {
    /// The folders that it makes.
    pub fn made(&self) -> &[String] {
        if let Effect::Makes(paths) = &self.effect { paths } else { &[] }
    }

    /// The call of a language's tool that it is.
    pub fn tool(&self) -> Option<&Invocation> {
        if let Effect::Tool(invocation) = &self.effect { Some(invocation) } else { None }
    }
}

/// The commands of instruction `index`, if it is a RUN.
pub fn ran<'v>(view: &'v View<'v>, index: usize) -> Vec<Ran<'v>> {
    let instruction = view.instruction(index);
    if !matches!(instruction.kind, Kind::Run(_)) {
        return Vec::new();
    }
    let text = || short(&view.doc.joined(instruction, instruction.arguments));
    let whole = || vec![Ran { index, simple: None, cwd: String::new(), text: text(), effect: Effect::Other }];
    let Some(script) = view.script(index) else { return whole() };
    let Ok(list) = script.body() else { return whole() };
    let Some(mut cwd) = view.scope(index).workdir.as_deref().map(str::to_owned) else { return whole() };
    let mounts = view.doc.mounts(instruction);
    if mounts.iter().any(|mount| matches!(&*mount.kind, "bind")) {
        return whole();
    }
    let mut all = Vec::new();
    for pipeline in list.items.iter().flat_map(pipelines) {
        for command in &pipeline.commands {
            let Command::Simple(simple) = command else { return whole() };
            let words = simple.words.iter().map(|word| word.literal.as_deref());
            if let Some([Some("cd"), Some(path)]) =
                words.collect::<Vec<_>>().get(..).map(|words| words.to_vec()).as_deref()
            {
                match join(Some(&cwd), path) {
                    Some(path) => cwd = path,
                    None => return whole(),
                }
                continue;
            }
            let effect = effect(script, simple, &cwd);
            let text = short(script.slice(simple.span));
            all.push(Ran { index, simple: Some((script, simple)), cwd: cwd.clone(), text, effect });
        }
    }
    all
}

fn effect(script: &Script, simple: &Simple, cwd: &str) -> Effect {
    let words = simple.words.iter().chain(simple.assignments.iter().map(|assignment| &assignment.value));
    if words.into_iter().any(|word| !word.substitutions.is_empty()) {
        return Effect::Other;
    }
    let harmless = |redirection: &crate::shell::Redirection| {
        redirection.heredoc.is_none() && matches!(redirection.target.literal.as_deref(), Some("/dev/null" | "1" | "2"))
    };
    if !simple.redirections.iter().all(harmless) {
        return Effect::Other;
    }
    if simple.words.is_empty() {
        return Effect::Nothing;
    }
    if let Some(invocation) = recognise(script, simple) {
        return of_tool(invocation);
    }
    let Some(program) = Program::of(simple) else { return Effect::Other };
    of_program(script, &program, cwd)
}

fn of_tool(invocation: Invocation) -> Effect {
    use Tool::{Apk, Apt, AptGet, Aptitude, Dnf, Microdnf, Yum, Zypper};
    if invocation.runner != Runner::Same {
        return Effect::Other;
    }
    match (invocation.tool, invocation.verb) {
        (_, Verb::Query) => Effect::Nothing,
        (AptGet | Apt | Aptitude | Apk | Dnf | Microdnf | Yum | Zypper, Verb::Update | Verb::Clean | Verb::Upgrade) => {
            Effect::Packages(Vec::new())
        }
        (AptGet | Apt | Aptitude | Apk | Dnf | Microdnf | Yum | Zypper, Verb::Install | Verb::Remove)
            if invocation.literal() =>
        {
            Effect::Packages(invocation.literals().map(Box::from).collect())
        }
        (AptGet | Apt | Aptitude | Apk | Dnf | Microdnf | Yum | Zypper, _) => Effect::Other,
        _ => Effect::Tool(Box::new(invocation)),
    }
}

fn of_program(script: &Script, program: &Program<'_>, cwd: &str) -> Effect {
    let literal = program.arguments.iter().all(|word| word.literal.is_some());
    let operands = || program.literals().filter(|word| !word.starts_with('-'));
    let places = |skip: usize| operands().skip(skip).map(|path| join(Some(cwd), path)).collect::<Option<Vec<_>>>();
    match program.name {
        "echo" | "true" | ":" | "ls" | "pwd" | "env" | "printenv" | "cat" | "which" | "whoami" | "id" | "uname"
        | "date" | "set" | "test" | "sleep" | "sync" | "file" | "tree" | "find"
            if !program.literals().any(|word| matches!(word, "-delete" | "-exec" | "-execdir" | "-fprint")) =>
        {
            Effect::Nothing
        }
        // Where a COPY brought certificates, that is held.
        "update-ca-certificates" => Effect::Nothing,
        "useradd" | "adduser" | "groupadd" | "addgroup" | "usermod" => Effect::Accounts,
        "mkdir" if literal && !program.literals().any(|word| word.starts_with("-m") || word.starts_with("--mode")) => {
            places(0).map_or(Effect::Other, Effect::Makes)
        }
        "rm" | "rmdir" => {
            // Patterns as they are written.
            let words = program.arguments.iter().map(|word| word.literal.as_deref().unwrap_or(script.slice(word.span)));
            let paths = words
                .filter(|word| !word.starts_with('-'))
                .map(|path| if path.contains(['$', '`', '~']) { None } else { join(Some(cwd), path) });
            paths.collect::<Option<_>>().map_or(Effect::Other, Effect::Removes)
        }
        "chmod" if literal => places(1).map_or(Effect::Other, Effect::Modes),
        "chown" if literal => places(1).map_or(Effect::Other, Effect::Owns),
        "cp" | "mv" if literal && operands().count() == 2 && program.literals().all(|word| !word.starts_with("--")) => {
            let mut words = operands();
            let from = words.next().and_then(|path| join(Some(cwd), path));
            let slash = |path: &str| if path.ends_with('/') { "/" } else { "" };
            let to = words.next().and_then(|path| Some(join(Some(cwd), path)? + slash(path)));
            from.zip(to).map_or(Effect::Other, |(from, to)| Effect::Copies(from, to))
        }
        _ => Effect::Other,
    }
}

/// A command on one line, cut where it is long.
fn short(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= 60 { text } else { text.chars().take(57).collect::<String>() + "…" }
}
