//! Python: the sources and a virtual environment, on the slim image of the same tag.

use super::edit::{Copy, Plan};
use super::original::{Original, holds};
use super::steps::{Effect, Ran};
use super::{Reason, config, data, scripts};
use crate::commands::{Invocation, Tool, Verb};
use crate::context::heavy;
use crate::context::python::{is_package, names, requirements};
use crate::context::sources::{NONE, PYTHON};
use crate::dockerfile::Kind;
use crate::rewrite::line_break;
use crate::scope::User;
use crate::source::Edit;
use crate::transform::brought::Copied;
use crate::transform::paths::join;
use crate::transform::{Field, Promise};

/// Where the packages are installed.
const PLACE: &str = "/opt/venv";

/// Whether a command installs what a project depends on.
pub fn builds(it: &Invocation) -> bool {
    matches!(it.tool, Tool::Pip | Tool::Uv | Tool::Poetry | Tool::Pipenv) && it.verb == Verb::Install
}

/// The plan.
pub fn plan(it: &Original<'_>) -> Result<Plan, Reason> {
    let mut plan = Plan::default();
    if crate::transform::copied::is_of_the_system(&it.workdir) || holds(&it.workdir, PLACE) || holds(PLACE, &it.workdir)
    {
        return Err(format!("the project is in {}", it.workdir).into());
    }
    starts(it)?;
    let installs = installs(it, &mut plan)?;
    let first = installs.first().map(|ran| ran.index).ok_or("no command is known to install its packages")?;
    let wanted = packages(it, &installs)?;
    let contents = data::contents(it, &PYTHON)?;
    let mut sources = contents.iter().flat_map(|(_, _, contents)| &contents.sources);
    let calls = ["subprocess", "os.system", "os.popen", "os.exec", "pexpect", "sh.Command"];
    let found =
        sources.find_map(|(path, text)| calls.iter().find(|call| text.contains(*call)).map(|call| (path, call)));
    if let Some((path, call)) = found {
        return Err(format!("nothing would be saved: {path} may start other programs ({call})").into());
    }
    plan.base = config::slim(it).map_err(|reason| format!("nothing would be saved: {reason}"))?;
    config::packages_again(it, &mut plan, false)?;
    if plan.base.is_none() && !config::leaves_something(it) {
        return Err("nothing would be saved: the sources are what runs, and the base is as small as it gets".into());
    }
    if plan.base.is_none() && !it.image.family.is_debian_like() {
        return Err("packages may need what the compilers bring".into());
    }
    if plan.base.is_some() || !plan.runs.is_empty() {
        let lacking: Vec<&str> = wanted.iter().flat_map(|name| heavy::libraries(name)).copied().collect();
        config::also(it, &mut plan, &lacking)?;
    }
    plan.check("no package needs another library or program of the system");
    environment(it, &mut plan, first)?;
    plan.copy(Copy::same(PLACE, true));
    let last = it.ran.last().map_or(first, |ran| ran.index);
    if from_the_context(it, &installs) {
        // As it was copied: then an edit of the sources changes nothing of the first stage.
        let flags = |copy: &Copied| {
            let instruction = it.view.instruction(copy.index);
            instruction.flags.iter().map(|flag| it.view.doc.slice(flag.span)).collect::<Vec<_>>()
        };
        for copy in &it.brought {
            // What a later one brings again need not be brought before.
            let covers = |later: &&Copied| {
                let same = |(path, place): &(String, String)| later.source_of(place).as_ref() == Some(path);
                later.index > copy.index
                    && flags(later) == flags(copy)
                    && copy.folder.is_none()
                    && copy.files.iter().all(same)
            };
            if it.brought.iter().any(|later| covers(&later)) {
                continue;
            }
            if copy.index > last { plan.moves.push(copy.index) } else { plan.repeats.push(copy.index) }
        }
        return Ok(plan);
    }
    plan.copy(Copy::same(it.workdir.clone(), true));
    // Also sources, where they stand elsewhere.
    let all = data::contents(it, &NONE)?;
    data::keep(it, &mut plan, &all, &NONE, &|_| false, &[])?;
    let inside = |copy: &Copy| copy.place != it.workdir && holds(&it.workdir, &copy.place);
    plan.copies.retain(|copy| !inside(copy));
    Ok(plan)
}

/// Whether nothing but COPY makes what is not installed.
fn from_the_context(it: &Original<'_>, installs: &[&Ran<'_>]) -> bool {
    let installs_own = installs.iter().any(|ran| {
        let Some(tool) = ran.tool() else { return true };
        let files = tool.flags.iter().filter(|flag| matches!(&*flag.name, "-r" | "--requirement")).any(|flag| {
            let file = flag.value.as_ref().and_then(|value| value.literal.as_deref());
            let path = file.and_then(|file| it.source_of(&join(Some(&ran.cwd), file)?));
            path.is_none_or(|path| requirements(&it.tree, &path).is_err())
        });
        files || tool.has(&["-e", "--editable"]) || !tool.literal() || !tool.literals().all(is_package)
    });
    let harmless = |ran: &Ran<'_>| match &ran.effect {
        Effect::Nothing | Effect::Packages(_) | Effect::Accounts => true,
        Effect::Tool(tool) => tool.tool == Tool::Pip,
        Effect::Removes(paths) => {
            paths.iter().all(|path| path.starts_with("/var/") || path.starts_with("/root/.cache"))
        }
        _ => false,
    };
    !installs_own && it.ran.iter().all(harmless)
}

/// Programs that a start may name: they are packages, or Python itself.
fn starts(it: &Original<'_>) -> Result<(), Reason> {
    let words = &it.program.words;
    let line = it.line(it.program.index);
    if let Some(word) = words.iter().find(|word| matches!(&***word, "--reload" | "--debug" | "--debugger")) {
        return Err(format!("line {line} starts it for development (`{word}`)").into());
    }
    if let Some(path) = it.program_path() {
        let known = it.source_of(&path).filter(|path| it.tree.has(path) == Ok(true));
        let Some(script) = known.filter(|_| holds(&it.workdir, &path)) else {
            return Err(format!("line {line} runs `{}`, which may be elsewhere afterwards", words[0]).into());
        };
        let text = it.tree.text(&script)?.unwrap_or_default();
        if script.ends_with(".py") {
            // By PATH, so that it is that of the environment.
            return if text.starts_with("#!/usr/bin/env python") {
                Ok(())
            } else {
                Err(format!("which Python runs {script} is not known").into())
            };
        }
        return scripts::harmless(&text, scripts::is_of_python)
            .map_err(|what| format!("{script} runs `{what}`, which the last stage may lack").into());
    }
    if matches!(&*words[0], "sh" | "bash" | "/bin/sh" | "/bin/bash") {
        let script = words.get(1).and_then(|word| join(Some(&it.workdir), word)).and_then(|place| it.source_of(&place));
        let text = match &script {
            Some(script) if it.tree.has(script) == Ok(true) => it.tree.text(script)?,
            _ => None,
        };
        let (Some(script), Some(text)) = (script, text) else {
            return Err(
                format!("line {line} runs `{}`, of which it is not known what it needs", words.join(" ")).into()
            );
        };
        return scripts::harmless(&text, scripts::is_of_python)
            .map_err(|what| format!("{script} runs `{what}`, which the last stage may lack").into());
    }
    if scripts::is_of_python(&words[0]) {
        return Ok(());
    }
    Err(format!("line {line} runs `{}`, of which it is not known what it needs", words[0]).into())
}

/// The commands that install packages. Everything else that is run has to be harmless.
fn installs<'o, 'v>(it: &'o Original<'v>, plan: &mut Plan) -> Result<Vec<&'o Ran<'v>>, Reason> {
    let mut installs = Vec::new();
    for (at, ran) in it.ran.iter().enumerate() {
        let line = it.line(ran.index);
        let may = || it.may_make(ran);
        match &ran.effect {
            Effect::Tool(tool) => match (tool.tool, tool.verb) {
                (Tool::Pip, Verb::Clean | Verb::Configure) => {}
                (Tool::Pip, Verb::Install | Verb::Upgrade) => {
                    const ELSEWHERE: &[&str] = &[
                        "--user",
                        "-t",
                        "--target",
                        "--prefix",
                        "--root",
                        "--python",
                        "--src",
                        "--break-system-packages",
                    ];
                    if let Some(flag) = tool.flags.iter().find(|flag| ELSEWHERE.contains(&&*flag.name)) {
                        return Err(format!("line {line} installs with {}", flag.name).into());
                    }
                    if it.view.scope(ran.index).user != User::Root {
                        return Err(format!("line {line} does not install as root").into());
                    }
                    installs.push(ran);
                }
                (Tool::Poetry | Tool::Uv | Tool::Pipenv, _) => {
                    return Err(format!("line {line}: where `{}` installs is not known", ran.text).into());
                }
                _ => return Err(may()),
            },
            Effect::Other if is_of_django(&ran.text) => {
                plan.check(format!("`{}` writes nothing outside of {}", ran.text, it.workdir));
                plan.handled.push(at);
            }
            _ => {}
        }
    }
    for name in ["PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PYTHONUSERBASE", "PYTHONHOME", "VIRTUAL_ENV"] {
        if it.view.scopes().after(0).source(name).is_some() {
            return Err(format!("{name} says where packages are").into());
        }
    }
    Ok(installs)
}

fn is_of_django(text: &str) -> bool {
    let mut words = text.split_whitespace().skip_while(|word| word.contains('='));
    matches!(words.next(), Some("python" | "python3"))
        && words.next().is_some_and(|word| word.ends_with("manage.py"))
        && matches!(words.next(), Some("collectstatic" | "compilemessages"))
}

/// The names of the packages that are installed.
fn packages(it: &Original<'_>, installs: &[&Ran<'_>]) -> Result<Vec<String>, Reason> {
    let mut all = Vec::new();
    for ran in installs {
        let Some(tool) = ran.tool() else { continue };
        for flag in tool.flags.iter().filter(|flag| matches!(&*flag.name, "-r" | "--requirement")) {
            let file = flag.value.as_ref().and_then(|value| value.literal.as_deref());
            let place = file.and_then(|file| join(Some(&ran.cwd), file));
            let path = place.and_then(|place| it.source_of(&place));
            let path = path.ok_or_else(|| format!("which packages `{}` installs is not known", ran.text))?;
            let needs = requirements(&it.tree, &path);
            // A part of the project is where it was.
            let files = needs.map_or_else(|_| vec![path.clone()], |needs| needs.files);
            for file in files {
                all.extend(names(&it.tree.text(&file)?.unwrap_or_default()));
            }
        }
        for name in tool.literals().filter(|name| is_package(name)) {
            all.extend(names(name));
        }
    }
    if let Some((name, _)) =
        all.iter().find_map(|name| heavy::PYTHON.iter().find(|known| *known == name).map(|known| (known, name)))
    {
        return Err(format!("nothing would be saved: {name} may need what the slim image lacks").into());
    }
    Ok(all)
}

/// Has the first stage install into a virtual environment, which both use.
fn environment(it: &Original<'_>, plan: &mut Plan, install: usize) -> Result<(), Reason> {
    let doc = it.view.doc;
    for index in it.from + 1..it.end {
        let Kind::Env(pairs) = &it.view.instruction(index).kind else { continue };
        let instruction = it.view.instruction(index);
        let replaces = |pair: &crate::dockerfile::Pair| {
            doc.joined(instruction, pair.key) == "PATH"
                && !super::edit::uses(&doc.joined(instruction, pair.value), "PATH")
        };
        if pairs.iter().any(replaces) {
            return Err(format!("line {} sets another PATH", it.line(index)).into());
        }
    }
    if it.ran.iter().any(|ran| ran.text.contains("venv")) {
        return Err("it makes a virtual environment of its own".into());
    }
    let target = it.brought.iter().map(|copy| copy.index).min().map_or(install, |first| first.min(install));
    if it.view.scope(target).user != User::Root {
        return Err("its packages are not installed as root".into());
    }
    let from = it.view.instruction(it.from);
    let lower = doc.slice(from.keyword).chars().all(|char| char.is_ascii_lowercase());
    let (run, env) = if lower { ("run", "env") } else { ("RUN", "ENV") };
    let command = format!("python -m venv {PLACE}");
    let setting = format!("PATH={PLACE}/bin:$PATH");
    let end = line_break(doc, from.span.end);
    let first = doc.comments_above(target).first().map_or(it.view.instruction(target).span.start, |it| it.start);
    let at = doc.text()[..first].rfind('\n').map_or(0, |at| at + 1);
    let before = doc.text()[..at].strip_suffix('\n').and_then(|text| text.rsplit('\n').next());
    let blank = if before.is_some_and(|line| line.trim().is_empty()) { end } else { "" };
    plan.edits.push((it.from, Edit::insert(at, format!("{run} {command}{end}{env} {setting}{end}{blank}"))));
    plan.env.push(setting);
    plan.promises.push(Promise::AddsCommand(command.into()));
    plan.promises.push(Promise::Config(Field::Env));
    Ok(())
}
