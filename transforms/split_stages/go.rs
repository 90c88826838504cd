//! Go: the program alone, and what it reads, on distroless where it is static.

use super::edit::{Copy, Plan};
use super::original::{Form, Original};
use super::steps::{Effect, Ran};
use super::{Reason, config, data};
use crate::commands::{Invocation, Tool};
use crate::context::go::{Sources, needs_cgo, needs_others, program};
use crate::context::sources::GO;
use crate::dockerfile::Lookup;
use crate::source::Edit;
use crate::transform::Promise;
use crate::transform::paths::join;

/// Whether a command builds a program of the project.
pub fn builds(it: &Invocation) -> bool {
    it.tool == Tool::Go
        && match &*it.subcommand {
            "build" => true,
            "install" => it.literals().all(|name| !name.contains('@')),
            _ => false,
        }
}

/// The plan.
pub fn plan(it: &Original<'_>) -> Result<Plan, Reason> {
    let mut plan = Plan::default();
    let (ran, path) = built(it, &mut plan)?;
    for other in &it.ran {
        let fine = match &other.effect {
            Effect::Tool(tool) => {
                tool.tool == Tool::Go
                    && matches!(
                        &*tool.subcommand,
                        "build"
                            | "install"
                            | "test"
                            | "vet"
                            | "get"
                            | "clean"
                            | "env"
                            | "list"
                            | "mod download"
                            | "mod tidy"
                            | "mod verify"
                            | "mod vendor"
                            | "mod graph"
                            | "version"
                    )
            }
            _ => true,
        };
        if !fine {
            return Err(it.may_make(other));
        }
    }
    let contents = data::contents(it, &GO)?;
    let sources: Vec<_> = contents.iter().flat_map(|(_, _, contents)| contents.sources.iter().cloned()).collect();
    let sources = Sources::of(&sources);
    let starts = sources.imports.iter().find(|name| STARTS.contains(name));
    let (cgo, others) = cgo(it, ran, &sources)?;
    let mut said = sources.strings.clone();
    said.extend(it.program.words.iter().map(String::as_str));
    data::keep(it, &mut plan, &contents, &GO, &|path| sources.embeds(path), &said)?;

    let (base, why) = match &cgo {
        None => (Some("gcr.io/distroless/static-debian12"), None),
        Some(_) if !config::packages(it).is_empty() => (None, Some("the program may need what is installed".into())),
        Some(why) => match it.image.release.as_deref() {
            Some("bookworm") => (Some("gcr.io/distroless/cc-debian12"), None),
            Some("trixie") => (Some("gcr.io/distroless/cc-debian13"), None),
            _ => (None, Some(why.clone())),
        },
    };
    let why = why
        .or_else(|| config::needs_base(it, &path))
        .or_else(|| starts.map(|name| format!("the sources import {name}").into()));
    let mut place = path.clone();
    if let (None, Some(base)) = (&why, base) {
        let mut packages = config::packages(it);
        packages.retain(|name| !matches!(*name, "ca-certificates" | "tzdata"));
        if !packages.is_empty() {
            plan.check(format!("nothing at run time needs the packages {}", packages.join(" ")));
        }
        plan.base = Some(base.into());
        if cgo.is_some() {
            plan.check("the program links no library but those of C and C++");
        } else {
            static_build(it, ran, &mut plan)?;
        }
        if others {
            plan.check(if cgo.is_some() {
                "no module starts another program"
            } else {
                "no module needs cgo, or starts another program"
            });
        }
        if it.program.form == Form::Plain {
            plan.command = Some(it.program.words.clone());
        }
        if it.program_path().is_none() && !config::PATH.contains(&parent(&path)) {
            place = format!("/usr/local/bin/{}", it.program.words[0]);
        }
    } else {
        config::same_base(it, &mut plan)?;
        plan.why_same = why;
    }
    plan.copies.insert(0, Copy { path: path.clone(), place, is_folder: false });
    Ok(plan)
}

/// Packages by which a program starts others, or reads what the tools of Go bring.
const STARTS: &[&str] = &["os/exec", "plugin", "go/build", "go/importer", "golang.org/x/tools/go/packages"];

/// The command that builds what the image runs, and where it is.
fn built<'o, 'v>(it: &'o Original<'v>, plan: &mut Plan) -> Result<(&'o Ran<'v>, String), Reason> {
    if it.program.words.starts_with(&["go".into()]) {
        return Err("the program is compiled when it starts".into());
    }
    let wanted = it.program_path();
    let mut made = Vec::new();
    for ran in &it.ran {
        let Some(tool) = ran.tool().filter(|tool| builds(tool)) else { continue };
        match outputs(it, ran, tool) {
            Ok(paths) => made.extend(paths.into_iter().map(|path| (ran, path))),
            Err(reason) => return Err(format!("line {}: {reason}", it.line(ran.index)).into()),
        }
    }
    // What is copied or moved elsewhere afterwards.
    for (at, ran) in it.ran.iter().enumerate() {
        let Effect::Copies(from, to) = &ran.effect else { continue };
        if let Some((build, path)) = made.iter().find(|(_, path)| path == from).cloned() {
            let name = path.rsplit('/').next().unwrap_or_default();
            let into = to.ends_with('/') || it.is_folder(ran.index, to);
            made.push((build, if into { format!("{}/{name}", to.trim_end_matches('/')) } else { to.clone() }));
            plan.handled.push(at);
        }
    }
    let runs = |path: &str| match &wanted {
        Some(wanted) => wanted == path,
        None => {
            let (folder, name) = path.rsplit_once('/').unwrap_or_default();
            name == it.program.words[0]
                && (config::PATH.contains(&folder) || folder == "/go/bin" || folder == "/usr/local/go/bin")
        }
    };
    let found = made.into_iter().rev().find(|(_, path)| runs(path));
    found.ok_or_else(|| {
        format!(
            "line {} runs `{}`, which no `go build` is known to make",
            it.line(it.program.index),
            it.program.words[0]
        )
        .into()
    })
}

/// Where `go build` or `go install` puts the programs.
fn outputs(it: &Original<'_>, ran: &Ran<'_>, tool: &Invocation) -> Result<Vec<String>, Reason> {
    if !tool.certain || tool.has(&["-C", "-n"]) {
        return Err(format!("what `{}` makes is not known", ran.text).into());
    }
    let names = || -> Result<Vec<String>, Reason> {
        let operands: Vec<&str> = tool.operands.iter().map(|it| it.literal.as_deref().unwrap_or("$")).collect();
        let operands = if operands.is_empty() { vec!["."] } else { operands };
        if let Some(file) = operands.iter().find(|name| name.ends_with(".go")) {
            let name = file.rsplit('/').next().unwrap_or(file);
            return Ok(vec![name.trim_end_matches(".go").to_owned()]);
        }
        operands.into_iter().map(|name| package(it, ran, name)).collect()
    };
    let folder = |path: &str| it.is_folder(ran.index, path);
    if &*tool.subcommand == "install" {
        let scope = it.view.scope(ran.index);
        let known = |name: &str| match tool.setting(name) {
            Some(value) => value.map_or(Lookup::Unknown, |value| Lookup::Value(value.to_owned())),
            None => scope.get(name),
        };
        let bin = match (known("GOBIN"), known("GOPATH"), known("GOARCH")) {
            (Lookup::Value(bin), _, Lookup::Unset) => bin,
            (Lookup::Unset, Lookup::Value(path), Lookup::Unset) => format!("{path}/bin"),
            (Lookup::Unset, Lookup::Unset, Lookup::Unset) => "/go/bin".to_owned(),
            _ => return Err("where `go install` writes is not known".into()),
        };
        return Ok(names()?.into_iter().map(|name| format!("{bin}/{name}")).collect());
    }
    let Some(output) = tool.value(&["-o", "--o"]) else {
        return names()?
            .into_iter()
            .map(|name| join(Some(&ran.cwd), &name).ok_or_else(|| "where it is is not known".into()))
            .collect();
    };
    let raw = match (&output.literal, ran.simple) {
        (Some(literal), _) => literal.to_string(),
        (None, Some((script, _))) => {
            let raw = script.slice(output.span);
            let sets = script.commands().iter().any(|it| {
                !it.assignments.is_empty() && it.words.is_empty()
                    || it.words.first().is_some_and(|word| word.literal.as_deref() == Some("export"))
            });
            let value = if raw.contains("$(") || raw.contains('`') || sets {
                None
            } else {
                it.view.scope(ran.index).expand(raw, '\\')
            };
            value.ok_or("where `go build` writes is not known")?
        }
        (None, None) => return Err("where `go build` writes is not known".into()),
    };
    let path = join(Some(&ran.cwd), &raw).ok_or("where `go build` writes is not known")?;
    if raw.ends_with('/') || folder(&path) {
        return Ok(names()?.into_iter().map(|name| format!("{}/{name}", path.trim_end_matches('/'))).collect());
    }
    Ok(vec![path])
}

/// The name of the program of a package.
fn package(it: &Original<'_>, ran: &Ran<'_>, name: &str) -> Result<String, Reason> {
    if name.contains("...") {
        return Err(format!("which programs `{}` makes is not known", ran.text).into());
    }
    if name.starts_with('.') || name.starts_with('/') {
        let place = join(Some(&ran.cwd), name).ok_or("the package is not known")?;
        let folder = it.source_of(&place).ok_or_else(|| format!("what is in {place} is not known"))?;
        return program(&it.tree, &folder);
    }
    if name.contains('$') || !name.contains('/') && name != "main" {
        return Err(format!("which package `{name}` is, is not known").into());
    }
    Ok(name.rsplit('/').next().unwrap_or(name).to_owned())
}

/// Why the program is linked with C, if it is, and whether it has modules of others.
fn cgo(it: &Original<'_>, ran: &Ran<'_>, sources: &Sources<'_>) -> Result<(Option<Reason>, bool), Reason> {
    let tool = ran.tool().ok_or("what builds is not known")?;
    let manifest = |path: &str| path.strip_suffix("go.mod").map(|folder| folder.trim_end_matches('/').to_owned());
    let mut modules: Vec<String> = Vec::new();
    for copy in &it.brought {
        modules.extend(copy.folder.iter().map(|(folder, _)| folder.clone()));
        modules.extend(copy.files.iter().filter_map(|(path, _)| manifest(path)));
    }
    let (mut why, mut others) = (None, false);
    for folder in modules {
        if !matches!(
            it.tree.has(&if folder.is_empty() { "go.mod".into() } else { format!("{folder}/go.mod") }),
            Ok(true)
        ) {
            continue;
        }
        others |= needs_others(&it.tree, &folder)?;
        if let Some(module) = needs_cgo(&it.tree, &folder)? {
            why = Some(format!("{module} is written in C").into());
        }
    }
    if sources.imports.contains(&"C") {
        why = Some("the sources import C".into());
    }
    if tool.has(&["-race", "--race", "-msan", "-asan", "-linkshared", "-buildmode", "--buildmode"]) {
        why = Some("a flag of the build needs C".into());
    }
    let value = match tool.setting("CGO_ENABLED") {
        Some(value) => value.map_or(Lookup::Unknown, |value| Lookup::Value(value.to_owned())),
        None => it.view.scope(ran.index).get("CGO_ENABLED"),
    };
    let linked = tool.flags.iter().filter(|flag| matches!(&*flag.name, "-ldflags" | "--ldflags")).any(|flag| {
        let raw = ran.simple.map_or("", |(script, _)| script.slice(flag.span));
        raw.contains("-linkmode")
            || raw.trim_start_matches(['-', 'l', 'd', 'f', 'a', 'g', 's', '=', ' ', '"']).starts_with('$')
    });
    match value {
        Lookup::Value(value) if value == "0" => why = None,
        Lookup::Unset if tool.cleared => return Err("what the build sees of the environment is not known".into()),
        Lookup::Unset if !linked => {}
        Lookup::Unset => {
            why.get_or_insert("how the build links is not known".into());
        }
        Lookup::Value(_) | Lookup::Unknown => {
            why.get_or_insert("CGO_ENABLED is set".into());
        }
    }
    Ok((why, others))
}

/// Has the build make a static program, if nothing says so yet.
fn static_build(it: &Original<'_>, ran: &Ran<'_>, plan: &mut Plan) -> Result<(), Reason> {
    const FLAG: &str = "CGO_ENABLED=0";
    let (Some(tool), Some((script, _))) = (ran.tool(), ran.simple) else {
        return Err("what builds is not known".into());
    };
    let set = tool.setting("CGO_ENABLED").is_some() || it.view.scope(ran.index).get("CGO_ENABLED") != Lookup::Unset;
    let exported = script.commands().iter().any(|it| script.slice(it.span).contains("CGO_ENABLED"));
    if set {
        return Ok(());
    }
    if exported {
        return Err("CGO_ENABLED is set in a script".into());
    }
    let at = tool.environment.first().map_or(tool.name.start, |setting| setting.span.start);
    let at = script.map().before(at).ok_or("the build is not in the file as it runs")?;
    plan.edits.push((ran.index, Edit::insert(at, format!("{FLAG} "))));
    plan.promises.push(Promise::Flag(FLAG.into()));
    Ok(())
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
