//! From a simple command to the program that it runs: `sudo`, `env`, `exec`, `python -m`, paths and versions in names.

use super::{Runner, Setting};
use crate::shell::{Script, Simple, Word};
use crate::source::Span;

/// A program and its arguments, wrappers taken off.
pub(super) struct Call<'a> {
    pub script: &'a Script,
    /// Of the whole command.
    pub span: Span,
    /// The words that name the program.
    pub name: Span,
    /// Its bare name: without folders; `pip` for `pip3.11` and `python3 -m pip`.
    pub program: Box<str>,
    pub arguments: &'a [Word],
    pub environment: Vec<Setting>,
    pub runner: Runner,
    pub cleared: bool,
}

/// Takes wrappers off; `None` if the program is not certain.
pub(super) fn unwrap<'a>(script: &'a Script, simple: &'a Simple) -> Option<Call<'a>> {
    let mut environment: Vec<Setting> = (simple.assignments.iter())
        .map(|assignment| Setting {
            span: assignment.span,
            name: script.slice(assignment.name).into(),
            value: assignment.value.literal.clone(),
        })
        .collect();
    let (mut runner, mut cleared) = (Runner::Same, false);
    let mut words = &*simple.words;
    loop {
        let (first, rest) = words.split_first()?;
        let path = first.literal.as_deref()?;
        words = rest;
        match bare(path)? {
            "sudo" => {
                let user = options(&mut words, SUDO)?;
                // What sudo keeps is for its configuration to say; what it is given is kept only where allowed.
                (cleared, runner) =
                    (true, Runner::Other(user.map_or(Some("root".into()), |user| user.literal.clone())));
                environment.clear();
                assignments(script, &mut words, &mut environment);
            }
            "gosu" | "su-exec" => {
                let (user, rest) = words.split_first()?;
                words = rest;
                runner = Runner::Other(user.literal.clone());
            }
            "env" => {
                while let Some(word) = words.first().and_then(|word| word.literal.as_deref()) {
                    match word {
                        "-" | "-i" | "--ignore-environment" => {
                            cleared = true;
                            environment.clear();
                        }
                        _ if word.starts_with('-') => return None,
                        _ => break,
                    }
                    words = &words[1..];
                }
                assignments(script, &mut words, &mut environment);
            }
            "exec" | "command" | "nohup" | "eatmydata" => _ = options(&mut words, &[])?,
            "time" => _ = options(&mut words, &[("-p", false), ("-v", false)])?,
            "nice" => _ = options(&mut words, &[("-n", true)])?,
            "ionice" => _ = options(&mut words, &[("-c", true), ("-n", true)])?,
            "timeout" => {
                let known = [("-k", true), ("-s", true), ("--foreground", false), ("--preserve-status", false)];
                options(&mut words, &known)?;
                words = words.split_first()?.1;
            }
            name => {
                let (program, arguments, last) = program(name, words, first)?;
                return Some(Call {
                    script,
                    span: simple.span,
                    name: first.span.cover(last),
                    program: program.into(),
                    arguments,
                    environment,
                    runner,
                    cleared,
                });
            }
        }
    }
}

/// Options of sudo, and whether they take a value; the first is asked for.
const SUDO: &[(&str, bool)] = &[
    ("-u", true),
    ("--user", true),
    ("-E", false),
    ("--preserve-env", false),
    ("-H", false),
    ("-n", false),
    ("-S", false),
    ("-g", true),
];

/// Steps over `known` options; the value of the last one that is a user. `None` if another is met.
fn options<'a>(words: &mut &'a [Word], known: &[(&str, bool)]) -> Option<Option<&'a Word>> {
    let mut user = None;
    while let Some((word, rest)) = words.split_first() {
        let literal = word.literal.as_deref()?;
        if !literal.starts_with('-') {
            break;
        }
        *words = rest;
        if literal == "--" {
            break;
        }
        let (_, valued) = known.iter().find(|(name, _)| *name == literal)?;
        if *valued {
            let (value, rest) = words.split_first()?;
            *words = rest;
            if matches!(literal, "-u" | "--user") {
                user = Some(value);
            }
        }
    }
    Some(user)
}

/// Steps over `NAME=value` words.
fn assignments(script: &Script, words: &mut &[Word], environment: &mut Vec<Setting>) {
    while let Some((word, rest)) = words.split_first() {
        let text = word.literal.as_deref().unwrap_or_else(|| script.slice(word.span));
        let Some((name, value)) = text.split_once('=') else { return };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return;
        }
        let value = word.literal.is_some().then(|| value.into());
        environment.push(Setting { span: word.span, name: name.into(), value });
        *words = rest;
    }
}

/// The name of a program without its folder. A relative path is only believed where folders of programs are.
fn bare(path: &str) -> Option<&str> {
    let Some((folder, name)) = path.rsplit_once('/') else { return Some(path) };
    let believed = path.starts_with('/')
        || folder == "bin"
        || folder.ends_with("/bin")
        || matches!(name, "mvnw" | "gradlew" | "composer.phar");
    believed.then_some(name)
}

/// The program that `name` and the first of `words` run, its arguments, and where its name ends.
fn program<'n, 'a>(name: &'n str, words: &'a [Word], first: &'a Word) -> Option<(&'n str, &'a [Word], Span)>
where
    'a: 'n,
{
    let versioned = |stem: &str| {
        let version = name.strip_prefix(stem);
        version.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    };
    if versioned("python") || versioned("pypy") {
        return module(words);
    }
    if versioned("pip") {
        return Some(("pip", words, first.span));
    }
    match name {
        // `sh ./gradlew build`, where execute permission is missing.
        "sh" | "bash" | "ash" | "dash" => {
            let (script, rest) = words.split_first()?;
            let name = bare(script.literal.as_deref()?)?;
            matches!(name, "mvnw" | "gradlew").then_some((name, rest, script.span))
        }
        "php" => {
            let (script, rest) = words.split_first()?;
            let name = script.literal.as_deref()?.rsplit('/').next()?;
            matches!(name, "composer" | "composer.phar").then_some(("composer", rest, script.span))
        }
        "composer.phar" => Some(("composer", words, first.span)),
        "corepack" => {
            let managed = words.split_first().and_then(|(tool, rest)| {
                let name = tool.literal.as_deref()?.split('@').next()?;
                matches!(name, "npm" | "pnpm" | "yarn").then_some((name, rest, tool.span))
            });
            Some(managed.unwrap_or((name, words, first.span)))
        }
        _ => Some((name, words, first.span)),
    }
}

/// `python -m pip`.
fn module(words: &[Word]) -> Option<(&str, &[Word], Span)> {
    let mut words = words;
    loop {
        let (option, rest) = words.split_first()?;
        words = rest;
        match option.literal.as_deref()? {
            "-m" => {
                let (module, rest) = words.split_first()?;
                let name = module.literal.as_deref()?;
                return matches!(name, "pip" | "uv" | "poetry" | "pipenv").then_some((name, rest, module.span));
            }
            "-mpip" => return Some(("pip", words, option.span)),
            "-u" | "-I" | "-s" | "-E" | "-B" | "-O" | "-OO" => {}
            "-W" | "-X" => words = words.split_first()?.1,
            _ => return None,
        }
    }
}
