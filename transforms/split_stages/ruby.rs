//! Ruby: the sources and the gems, on the slim image of the same tag.

use super::edit::{Copy, Plan};
use super::original::{Original, holds};
use super::steps::{Effect, Ran};
use super::{Reason, config, data, scripts};
use crate::commands::{Invocation, Tool, Verb};
use crate::context::bundler::{self, How};
use crate::context::heavy;
use crate::context::sources::RUBY;
use crate::scope::User;
use crate::transform::brought::Copied;
use crate::transform::paths::join;

/// Where the official image has gems, and what bundler is set to.
const PLACE: &str = "/usr/local/bundle";

/// Whether a command installs what a project depends on.
pub fn builds(it: &Invocation) -> bool {
    it.tool == Tool::Bundle && it.verb == Verb::Install
}

/// The plan.
pub fn plan(it: &Original<'_>) -> Result<Plan, Reason> {
    let mut plan = Plan::default();
    if &*it.image.repository != "ruby" || !it.image.family.is_debian_like() {
        return Err("gems may need what the compilers bring".into());
    }
    if crate::transform::copied::is_of_the_system(&it.workdir) || holds(&it.workdir, PLACE) || holds(PLACE, &it.workdir)
    {
        return Err(format!("the project is in {}", it.workdir).into());
    }
    starts(it)?;
    let installs = installs(it)?;
    let install = installs.first().ok_or("no command is known to install its gems")?;
    let gems = gems(it, install)?;
    sources(it)?;
    plan.base = config::slim(it).map_err(|reason| format!("nothing would be saved: {reason}"))?;
    config::packages_again(it, &mut plan, false)?;
    let installed = config::packages(it);
    if plan.base.is_none() && !config::leaves_something(it) {
        return Err("nothing would be saved: the sources are what runs, and the base is as small as it gets".into());
    }
    let mut lacking: Vec<&str> = gems.iter().flat_map(|name| heavy::of_gem(name)).copied().collect();
    // Up to bookworm it is in every image of Debian.
    let has_zones = matches!(it.image.release.as_deref(), Some("buster" | "bullseye" | "bookworm"));
    if gems.iter().any(|name| name == "tzinfo") && !has_zones {
        lacking.push("tzdata");
    }
    lacking.retain(|name| !installed.contains(name) || plan.repeats.is_empty());
    config::also(it, &mut plan, &lacking)?;
    plan.check("no gem needs another library or program of the system");
    plan.copy(Copy::same(PLACE, true));
    let last = installs.last().map_or(0, |ran| ran.index);
    let makes = makes(it, &mut plan)? || !it.ran.iter().all(is_harmless);
    // Of a folder that is copied whole, what is left is copied.
    let whole =
        |path: &String| holds(PLACE, path) && path != PLACE || makes && holds(&it.workdir, path) && *path != it.workdir;
    for (at, ran) in it.ran.iter().enumerate() {
        if matches!(&ran.effect, Effect::Removes(paths) if paths.iter().all(whole)) {
            plan.handled.push(at);
        }
    }
    if !makes && lock_comes_again(it, last) {
        // As it was copied: then an edit of the sources changes nothing of the first stage.
        for copy in &it.brought {
            if it.brought.iter().any(|later| covers(it, later, copy)) {
                continue;
            }
            if copy.index > last { plan.moves.push(copy.index) } else { plan.repeats.push(copy.index) }
        }
        return Ok(plan);
    }
    plan.copy(Copy::same(it.workdir.clone(), true));
    // Also what stands elsewhere.
    let none = crate::context::sources::NONE;
    let all = data::contents(it, &none)?;
    data::keep(it, &mut plan, &all, &none, &|_| false, &[])?;
    let inside = |copy: &Copy| copy.place != it.workdir && holds(&it.workdir, &copy.place);
    plan.copies.retain(|copy| !inside(copy));
    Ok(plan)
}

/// Whether a later COPY brings again all that one brings, in the same way.
fn covers(it: &Original<'_>, later: &Copied, copy: &Copied) -> bool {
    let flags = |copy: &Copied| {
        let instruction = it.view.instruction(copy.index);
        instruction.flags.iter().map(|flag| it.view.doc.slice(flag.span)).collect::<Vec<_>>()
    };
    let same = |(path, place): &(String, String)| later.source_of(place).as_ref() == Some(path);
    later.index > copy.index && flags(later) == flags(copy) && copy.folder.is_none() && copy.files.iter().all(same)
}

/// Whether the lock file that bundler may write is overwritten by what is copied behind the installation, or not written.
fn lock_comes_again(it: &Original<'_>, last: usize) -> bool {
    let place = join(Some(&it.workdir), "Gemfile.lock").unwrap_or_default();
    let brings = |copy: &Copied| {
        copy.files.iter().any(|(_, to)| *to == place)
            || copy.source_of(&place).is_some_and(|path| it.tree.has(&path) == Ok(true))
    };
    it.brought.iter().any(|copy| copy.index > last && brings(copy))
}

/// Whether a command changes nothing of what is copied from the context.
fn is_harmless(ran: &Ran<'_>) -> bool {
    match &ran.effect {
        Effect::Nothing | Effect::Packages(_) | Effect::Accounts | Effect::Tool(_) => true,
        Effect::Removes(paths) => {
            paths.iter().all(|path| ["/var/", "/root/", PLACE].iter().any(|start| path.starts_with(start)))
        }
        _ => false,
    }
}

/// Programs that a start may name: they are gems, or Ruby itself.
fn starts(it: &Original<'_>) -> Result<(), Reason> {
    let words: Vec<&str> = it.program.words.iter().map(String::as_str).collect();
    let line = it.line(it.program.index);
    let words = match words[..] {
        ["bundle" | "bundler", "exec", ref rest @ ..] if !rest.is_empty() => rest.to_vec(),
        _ => words,
    };
    if let Some(word) = words.iter().find(|word| matches!(**word, "guard" | "rerun" | "shotgun" | "spring" | "foreman"))
    {
        return Err(format!("line {line} starts it for development (`{word}`)").into());
    }
    if words.iter().any(|word| matches!(*word, "assets:precompile" | "db:migrate" | "test" | "spec" | "console" | "c"))
    {
        return Err(format!("line {line} runs `{}`, of which it is not known what it needs", words.join(" ")).into());
    }
    if words[0] == "rake"
        && !words.iter().skip(1).all(|word| matches!(*word, "jobs:work" | "resque:work" | "environment"))
    {
        return Err(format!("line {line} runs `{}`, of which it is not known what it needs", words.join(" ")).into());
    }
    let script = match words[..] {
        ["sh" | "bash" | "/bin/sh" | "/bin/bash", script, ..] => script,
        [first, ..] => first,
        [] => return Err("it has no command".into()),
    };
    if scripts::is_of_ruby(words[0]) && !words[0].contains('/') {
        return Ok(());
    }
    let place = join(Some(&it.workdir), script).unwrap_or_default();
    let path = it.source_of(&place).filter(|path| it.tree.has(path) == Ok(true));
    let text = match &path {
        Some(path) => it.tree.text(path)?,
        None => None,
    };
    let (Some(path), Some(text)) = (path, text) else {
        return Err(format!("line {line} runs `{script}`, of which it is not known what it needs").into());
    };
    if text.starts_with("#!/usr/bin/env ruby") {
        return Ok(());
    }
    scripts::harmless(&text, scripts::is_of_ruby)
        .map_err(|what| format!("{path} runs `{what}`, which the last stage may lack").into())
}

/// The commands that install gems where they are known to be.
fn installs<'o, 'v>(it: &'o Original<'v>) -> Result<Vec<&'o Ran<'v>>, Reason> {
    const VARIABLES: &[&str] =
        &["GEM_HOME", "GEM_PATH", "BUNDLE_APP_CONFIG", "BUNDLE_GEMFILE", "BUNDLE_BIN", "BUNDLE_USER_HOME"];
    let scope = it.view.scopes().after(0);
    if let Some(name) = VARIABLES.iter().find(|name| scope.source(name).is_some()) {
        return Err(format!("{name} says where gems are").into());
    }
    let path = match scope.source("BUNDLE_PATH") {
        Some(_) => match scope.get("BUNDLE_PATH") {
            crate::dockerfile::Lookup::Value(path) if path == PLACE => true,
            _ => return Err("BUNDLE_PATH says where gems are".into()),
        },
        None => false,
    };
    if scope.source("BUNDLE_DEPLOYMENT").is_some() && !path {
        return Err("BUNDLE_DEPLOYMENT has gems installed in the project".into());
    }
    let mut installs = Vec::new();
    for ran in &it.ran {
        let Effect::Tool(tool) = &ran.effect else { continue };
        let line = it.line(ran.index);
        if it.view.scope(ran.index).user != User::Root {
            return Err(format!("line {line} does not install as root").into());
        }
        match (tool.tool, tool.verb) {
            (Tool::Bundle, Verb::Install) => {
                const ELSEWHERE: &[&str] = &[
                    "--path",
                    "--deployment",
                    "--system",
                    "--gemfile",
                    "--standalone",
                    "--binstubs",
                    "--shebang",
                    "--global",
                ];
                if let Some(flag) = tool.flags.iter().find(|flag| ELSEWHERE.contains(&&*flag.name)) {
                    return Err(format!("line {line} installs with {}", flag.name).into());
                }
                // Frozen, it installs the same, in the same place.
                let sets =
                    |name: &str| name != "BUNDLE_FROZEN" && (name.starts_with("BUNDLE_") || name.starts_with("GEM_"));
                if let Some(set) = tool.environment.iter().find(|set| sets(&set.name)) {
                    return Err(format!("line {line} sets {} for the installation alone", set.name).into());
                }
                if !tool.certain || &*tool.subcommand == "add" {
                    return Err(it.may_make(ran));
                }
                installs.push(ran);
            }
            (Tool::Bundle, Verb::Configure) if &*tool.subcommand == "config" => setting(it, ran, tool)?,
            (Tool::Bundle, Verb::Clean | Verb::Remove) if &*tool.subcommand == "clean" => {}
            (Tool::Gem, Verb::Install)
                if tool.literal() && !tool.has(&["-i", "--install-dir", "-n", "--bindir", "--user-install"]) =>
            {
                let mut names = tool.literals();
                if let Some(name) = names.find(|name| !matches!(*name, "bundler" | "rake" | "foreman" | "rails")) {
                    return Err(format!("what the gem {name} needs is not known").into());
                }
            }
            // Below.
            (Tool::Bundle, Verb::Run) => {}
            _ => return Err(it.may_make(ran)),
        }
    }
    Ok(installs)
}

/// A setting of bundler is in the folder that is copied, or is not needed when the program runs.
fn setting(it: &Original<'_>, ran: &Ran<'_>, tool: &Invocation) -> Result<(), Reason> {
    let line = it.line(ran.index);
    let names: Vec<&str> = tool.literals().filter(|name| *name != "set").collect();
    let name = names.first().copied().unwrap_or_default();
    if matches!(
        name,
        "path" | "deployment" | "bin" | "system" | "gemfile" | "app_config" | "disable_shared_gems" | "path.system"
    ) {
        return Err(format!("line {line} sets where gems are (`{name}`)").into());
    }
    const HARMLESS: &[&str] =
        &["frozen", "jobs", "retry", "timeout", "silence_root_warning", "without", "with", "clean"];
    let local = tool.has(&["--local"]) && !tool.has(&["--global"]);
    let only_installs = matches!(name, "frozen" | "jobs" | "retry" | "timeout" | "silence_root_warning" | "clean");
    if !tool.certain || !HARMLESS.contains(&name) || !local && !only_installs {
        return Err(format!("line {line}: where `{}` is kept, and what for, is not known", ran.text).into());
    }
    Ok(())
}

/// The names of the gems that are installed.
fn gems(it: &Original<'_>, install: &Ran<'_>) -> Result<Vec<String>, Reason> {
    let place = join(Some(&install.cwd), "Gemfile").unwrap_or_default();
    let path = it.source_of(&place).ok_or_else(|| format!("which gems `{}` installs is not known", install.text))?;
    let folder = path.strip_suffix("Gemfile").unwrap_or_default().trim_end_matches('/').to_owned();
    if install.cwd != it.workdir {
        return Err(format!("gems are installed in {}, and the program starts in {}", install.cwd, it.workdir).into());
    }
    if it.view.doc.text().contains("use-system-libraries") {
        return Err("gems are linked with libraries of the system, which are not known".into());
    }
    let how = How { frozen: false, keeps_settings: false, settings_elsewhere: true, path: None };
    bundler::install(&it.tree, &folder, &how)?;
    let gems = bundler::gems(&it.tree, &folder)?;
    if let Some(name) = gems.iter().find(|name| heavy::RUBY.contains(&name.as_str())) {
        return Err(format!("nothing would be saved: {name} may need what the slim image lacks").into());
    }
    Ok(gems)
}

/// Sources that start other programs.
fn sources(it: &Original<'_>) -> Result<(), Reason> {
    const CALLS: &[&str] = &[
        "system(",
        "system \"",
        "system '",
        "exec(",
        "exec \"",
        "spawn(",
        "spawn ",
        "%x",
        "Open3",
        "popen",
        "PTY.",
        "posix_spawn",
        "TTY::Command",
        "Kernel.",
        "Process.spawn",
    ];
    const APART: &[&str] = &["spec", "test", "features", "tasks", "db"];
    let all = data::contents(it, &RUBY)?;
    for (path, text) in all.iter().flat_map(|(_, _, contents)| &contents.sources) {
        if path.split('/').any(|name| APART.contains(&name)) {
            continue;
        }
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let before =
                |at: usize| line[..at].ends_with(|char: char| char.is_alphanumeric() || matches!(char, '_' | '.'));
            let found =
                CALLS.iter().find(|call| line.match_indices(**call).any(|(at, _)| !before(at) || **call == "popen"));
            let quoted = line.contains('`').then_some(&"`");
            if let Some(call) = found.or(quoted) {
                return Err(format!("nothing would be saved: {path} may start other programs ({})", call.trim()).into());
            }
        }
    }
    Ok(())
}

/// Whether a command makes files in the project, as those of Rails do before it starts.
fn makes(it: &Original<'_>, plan: &mut Plan) -> Result<bool, Reason> {
    let mut makes = false;
    for (at, ran) in it.ran.iter().enumerate() {
        let text = match &ran.effect {
            Effect::Tool(tool) if tool.tool == Tool::Bundle && tool.verb == Verb::Run => &ran.text,
            Effect::Other => &ran.text,
            _ => continue,
        };
        let known = ["assets:precompile", "bootsnap precompile", "assets:clean", "tmp:clear"]
            .iter()
            .any(|task| text.contains(task));
        let words = text.split_whitespace().find(|word| !word.contains('='));
        let of_ruby = words.is_some_and(scripts::is_of_ruby);
        if !known || !of_ruby || text.contains(['>', '|', '&']) || ran.cwd != it.workdir {
            return Err(it.may_make(ran));
        }
        plan.check(format!("`{text}` writes nothing outside of {}", it.workdir));
        plan.handled.push(at);
        makes = true;
    }
    Ok(makes)
}
