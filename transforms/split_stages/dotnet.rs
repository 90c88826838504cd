//! .NET: what `dotnet publish` made, and what the program reads, on the runtime of the same version and system.

use super::edit::{Copy, Plan};
use super::original::{Original, holds};
use super::steps::{Effect, Ran};
use super::{Reason, config, data};
use crate::commands::{Invocation, Operand, Tool, Verb};
use crate::context::csproj::{self, Project};
use crate::context::dotnet::{is_project, only_project};
use crate::context::sources::{Contents, DOTNET, is_about};
use crate::dockerfile::{Command, Kind};
use crate::images::Family;
use crate::scope::User;
use crate::transform::paths::join;

/// Whether a command builds a project.
pub fn builds(it: &Invocation) -> bool {
    it.tool == Tool::Dotnet && matches!(&*it.subcommand, "publish" | "build")
}

/// The plan.
pub fn plan(it: &Original<'_>) -> Result<Plan, Reason> {
    let mut plan = Plan::default();
    let (program, by_dotnet) = started(it)?;
    let (ran, published) = published(it)?;
    let Published { folder, project, path } = &published;
    let line = it.line(it.program.index);
    let expected = format!("{folder}/{}{}", project.assembly, if by_dotnet { ".dll" } else { "" });
    if program != expected {
        return Err(format!("line {line} runs {program}, and line {} makes {expected}", it.line(ran.index)).into());
    }
    if !project.is_program {
        return Err(format!("{path} makes a library").into());
    }
    if by_dotnet && (project.single_file || project.native) {
        return Err(format!("{path} makes one file, and line {line} runs a library").into());
    }
    if by_dotnet && project.self_contained == Some(true) {
        return Err(format!("line {line} runs with the runtime of the image what brings its own").into());
    }
    if !by_dotnet && !project.host {
        return Err(format!("{path} makes no program but for `dotnet`").into());
    }
    commands(it, &mut plan)?;

    let contents = data::contents(it, &DOTNET)?;
    let sources: Vec<&(String, String)> = contents.iter().flat_map(|(_, _, contents)| &contents.sources).collect();
    let strings: Vec<&str> = sources.iter().flat_map(|(_, text)| DOTNET.strings(text).0).collect();
    if let Some(text) =
        strings.iter().find(|text| ["bin/", "obj/"].iter().any(|it| text.trim_start_matches("./").starts_with(it)))
    {
        return Err(format!("the sources name {text}, which may be read at run time").into());
    }
    read(it, &mut plan, &published, &contents, &strings)?;
    if sources.iter().any(|(_, text)| text.contains("CallerFilePath")) {
        plan.check("nothing is read beside a source that CallerFilePath names");
    }
    let native = sources.iter().any(|(_, text)| text.contains("DllImport") || text.contains("LibraryImport"));
    if native || !project.packages.is_empty() {
        plan.check("no package needs another library or program of the system");
    }
    let starts = sources.iter().find(|(_, text)| STARTS.iter().any(|it| text.contains(it)));
    let needs = |name: &&String| NEED_MORE.iter().any(|start| name.starts_with(start));
    let why =
        needs_base(it).or_else(|| starts.map(|(path, _)| format!("{path} starts other programs").into())).or_else(
            || project.packages.iter().find(needs).map(|name| format!("{name} may need more of the image").into()),
        );
    let base = if why.is_none() { runtime(it, project, &mut plan) } else { Err(why.unwrap_or_default()) };
    match base {
        Ok(base) => {
            plan.base = Some(base);
            config::packages_again(it, &mut plan, false)?;
            if it.image.family == Family::Alpine {
                globalization(it, project, &mut plan);
            }
            environment(it, project, &mut plan);
            plan.check("nothing at run time needs the SDK, git, curl or wget");
        }
        Err(why) => {
            let installs = |ran: &&Ran<'_>| ran.tool().is_some_and(|tool| tool.subcommand.starts_with("tool "));
            if let Some(ran) = it.ran.iter().find(installs) {
                return Err(format!("line {} installs a tool that the program may start", it.line(ran.index)).into());
            }
            config::same_base(it, &mut plan)?;
            plan.why_same = Some(why);
        }
    }
    let at = plan.copies.iter().position(|copy| holds(&copy.path, folder));
    if at.is_none() {
        plan.copies.retain(|copy| !holds(folder, &copy.path));
        plan.copies.insert(0, Copy::same(folder.clone(), true));
    }
    Ok(plan)
}

/// What sources start other programs with.
const STARTS: &[&str] = &["Process.Start", "ProcessStartInfo", "new Process"];

/// What packages are called that need the SDK, or other programs.
const NEED_MORE: &[&str] = &[
    "Microsoft.Build",
    "Microsoft.CodeAnalysis.Workspaces.MSBuild",
    "Microsoft.NET.Sdk",
    "Microsoft.PowerShell.SDK",
    "Microsoft.Playwright",
    "Buildalyzer",
    "CliWrap",
    "FFMpegCore",
    "MedallionShell",
    "NReco.",
    "PuppeteerSharp",
    "Rotativa",
    "Selenium.WebDriver",
    "SimpleExec",
    "Wkhtmltopdf",
    "Xabe.FFmpeg",
];

/// The path of what is started, and whether `dotnet` starts it.
fn started(it: &Original<'_>) -> Result<(String, bool), Reason> {
    let line = it.line(it.program.index);
    let words = &it.program.words;
    if words[0].rsplit('/').next() != Some("dotnet") {
        let path = it.program_path();
        return path.map(|path| (path, false)).ok_or_else(|| {
            format!("line {line} runs `{}`, which no `dotnet publish` is known to make", words[0]).into()
        });
    }
    let rest = if words.get(1).is_some_and(|word| word == "exec") { &words[2..] } else { &words[1..] };
    match rest.first() {
        Some(library) if library.ends_with(".dll") => {
            let path = join(Some(&it.workdir), library).ok_or("where the program is is not known")?;
            Ok((path, true))
        }
        Some(verb) if !verb.starts_with('-') => {
            Err(format!("line {line} runs `dotnet {verb}`, which needs the SDK").into())
        }
        _ => Err(format!("which program line {line} runs is not known").into()),
    }
}

/// What a `dotnet publish` makes.
struct Published {
    /// Where.
    folder: String,
    project: Project,
    /// The file of the project.
    path: String,
}

/// The only command that publishes, and what it makes.
fn published<'o, 'v>(it: &'o Original<'v>) -> Result<(&'o Ran<'v>, Published), Reason> {
    let publishes = |ran: &&Ran<'_>| ran.tool().is_some_and(|tool| builds(tool) && &*tool.subcommand == "publish");
    let mut all = it.ran.iter().filter(publishes);
    let Some(ran) = all.next() else {
        let line = it.line(it.program.index);
        return Err(format!("line {line} runs what no `dotnet publish` is known to make").into());
    };
    if let Some(other) = all.next() {
        return Err(format!("line {} publishes once more, which the program may need", it.line(other.index)).into());
    }
    if it.view.scope(ran.index).user != User::Root {
        return Err(format!("line {} does not publish as root", it.line(ran.index)).into());
    }
    let tool = ran.tool().ok_or("what publishes is not known")?;
    output(it, ran, tool).map(|it| (ran, it)).map_err(|reason| format!("line {}: {reason}", it.line(ran.index)).into())
}

fn output(it: &Original<'_>, ran: &Ran<'_>, tool: &Invocation) -> Result<Published, Reason> {
    let unknown = || -> Reason { format!("what `{}` makes is not known", ran.text).into() };
    if !tool.certain || tool.has(&["--artifacts-path"]) {
        return Err(unknown());
    }
    let value = |names: &[&str]| -> Result<Option<&str>, Reason> {
        tool.value(names).map(|it| it.literal.as_deref().ok_or_else(unknown)).transpose()
    };
    let (mut given, rest) = properties(tool).ok_or_else(unknown)?;
    if let Some(framework) = value(&["-f", "--framework"])? {
        given.push(("TargetFramework".into(), framework.to_owned()));
    }
    let mut contained = None;
    let mut operands = rest;
    if let Some(flag) = tool.flag(&["--self-contained", "--sc"]) {
        // Its value may be a word of its own.
        let at = operands.iter().position(|it| matches!(it.literal.as_deref(), Some("true" | "false")));
        let own = at.map(|at| operands.remove(at)).or(flag.value.as_ref());
        contained = Some(own.is_none_or(|it| it.literal.as_deref() != Some("false")));
    }
    if tool.has(&["--no-self-contained"]) {
        contained = Some(false);
    }
    let target = match &operands[..] {
        [] => ran.cwd.clone(),
        [one] => one.literal.as_deref().and_then(|one| join(Some(&ran.cwd), one)).ok_or_else(unknown)?,
        _ => return Err(unknown()),
    };
    let nowhere = || format!("what is in {target} is not known");
    let mut path = it.source_of(&target).ok_or_else(nowhere)?;
    let mut place = target.clone();
    if !is_project(&path) {
        path = only_project(&it.tree, &path)?;
        place = format!("{}/{}", target.trim_end_matches('/'), path.rsplit('/').next().unwrap_or(&path));
    }
    if path.ends_with(".sln") || path.ends_with(".slnx") {
        return Err(format!("`{}` publishes all projects of {path} into one folder", ran.text).into());
    }
    if !it.tree.has(&path)? {
        return Err(format!("{path} is not in the context").into());
    }
    let seen = |file: &str| beside(&path, &place, file).is_some_and(|at| it.source_of(&at).as_deref() == Some(file));
    let named = tool.flag(&["-o", "--output"]).is_some();
    let mut project = csproj::project(&it.tree, &path, &given, &seen, named)?;
    project.self_contained = contained.or(project.self_contained);
    let runtime = ["-r", "--runtime", "-a", "--arch", "--os", "--ucr", "--use-current-runtime"];
    let folder = match tool.value(&["-o", "--output"]) {
        Some(value) => {
            let raw = match (&value.literal, ran.simple) {
                (Some(literal), _) => Some(literal.to_string()),
                (None, Some((script, _))) => {
                    let raw = script.slice(value.span);
                    let sets = script.commands().iter().any(|it| !it.assignments.is_empty() && it.words.is_empty());
                    if raw.contains(['(', '`']) || sets { None } else { it.view.scope(ran.index).expand(raw, '\\') }
                }
                (None, None) => None,
            };
            raw.and_then(|raw| join(Some(&ran.cwd), &raw)).ok_or("where `dotnet publish` writes is not known")?
        }
        None if named || project.runtime || tool.has(&runtime) => {
            return Err("where `dotnet publish` writes is not known".into());
        }
        None => {
            let configuration =
                value(&["-c", "--configuration"])?.ok_or("where `dotnet publish` writes is not known")?;
            let (home, _) = place.rsplit_once('/').unwrap_or_default();
            format!("{home}/bin/{configuration}/{}/publish", project.framework)
        }
    };
    if crate::transform::copied::is_of_the_system(&folder) || folder == "/" {
        return Err(format!("it publishes into {folder}").into());
    }
    Ok(Published { folder, project, path })
}

/// Where `file` of the context stands if `path` stands at `place`.
fn beside(path: &str, place: &str, file: &str) -> Option<String> {
    let depth = path.matches('/').count();
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let up = depth.checked_sub(if folder.is_empty() { 0 } else { folder.matches('/').count() + 1 })?;
    let mut at = place.rsplit_once('/')?.0;
    for _ in 0..up {
        at = at.rsplit_once('/')?.0;
    }
    Some(format!("{at}/{}", file.rsplit('/').next().unwrap_or(file)))
}

/// Properties by their names.
type Properties = Vec<(String, String)>;

/// The properties that a command line gives, and what else it names.
fn properties(tool: &Invocation) -> Option<(Properties, Vec<&Operand>)> {
    let (mut texts, mut rest) = (Vec::new(), Vec::new());
    for flag in &tool.flags {
        // What a variable holds equals nothing that is compared with.
        let value = flag.value.as_ref().map(|value| value.literal.as_deref().unwrap_or("$()"));
        let name = ["-p:", "--property:", "-property:"].iter().find_map(|start| flag.name.strip_prefix(start));
        match (name, &*flag.name) {
            (Some(name), _) => texts.push(format!("{name}={}", value?)),
            (None, "-p" | "--property") => texts.push(value?.to_owned()),
            _ => {}
        }
    }
    for operand in &tool.operands {
        let text = operand.literal.as_deref().unwrap_or_default();
        let switch = text.strip_prefix('/').filter(|text| !text.split(':').next().unwrap_or_default().contains('/'));
        match switch.map(|switch| switch.split_once(':').unwrap_or((switch, ""))) {
            Some(("p" | "property", pairs)) => texts.push(pairs.to_owned()),
            Some(("nologo" | "m" | "maxcpucount" | "restore" | "r" | "v" | "verbosity" | "clp", _)) => {}
            Some((_, value)) if !value.is_empty() => return None,
            _ => rest.push(operand),
        }
    }
    let pairs = texts.iter().flat_map(|text| text.split(';')).map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    });
    Some((pairs.collect::<Option<_>>()?, rest))
}

/// Commands that leave nothing that the program could need.
fn commands(it: &Original<'_>, plan: &mut Plan) -> Result<(), Reason> {
    for ran in &it.ran {
        let Effect::Tool(tool) = &ran.effect else { continue };
        let line = it.line(ran.index);
        if tool.tool != Tool::Dotnet {
            return Err(it.may_make(ran));
        }
        match (&*tool.subcommand, tool.verb) {
            ("publish" | "build" | "restore" | "clean" | "tool restore", _) | (_, Verb::Query) => {}
            (name, _) if name == "workload" || name.starts_with("nuget ") => {}
            ("tool install" | "tool update", _) => {
                plan.check(format!("nothing at run time needs the tool of line {line}"))
            }
            ("test", _) => return Err(format!("line {line} runs tests, which may leave what the program reads").into()),
            _ => return Err(it.may_make(ran)),
        }
    }
    Ok(())
}

/// Has the plan copy what the program may read besides what is published: all that is no source, or nothing where it starts
/// among what is published.
fn read(
    it: &Original<'_>,
    plan: &mut Plan,
    published: &Published,
    contents: &[(String, String, Contents)],
    strings: &[&str],
) -> Result<(), Reason> {
    let Published { folder, project, path } = published;
    let compiles = project.packages.iter().any(|name| name.ends_with("Razor.RuntimeCompilation"));
    let embedded = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.ends_with("proj")
            || is_project(name)
            || crate::context::dotnet::ABOVE.contains(&name)
            || matches!(name, "launchSettings.json" | "packages.lock.json" | "libman.json" | "dotnet-tools.json")
            || [".resx", ".user", ".http", ".DotSettings"].iter().any(|end| name.ends_with(end))
            || !compiles && [".razor", ".cshtml", ".razor.css", ".cshtml.css"].iter().any(|end| name.ends_with(end))
    };
    // Content is published, and what is named is looked for where the program starts.
    let inside = holds(folder, &it.workdir);
    let elsewhere = |text: &str| {
        text.split(['/', '\\']).any(|name| name == "..")
            || contents.iter().any(|(_, to, _)| {
                let rest = text.strip_prefix(to.as_str());
                !to.is_empty() && (to == "/" || rest.is_some_and(|rest| rest.starts_with('/') || rest.is_empty()))
            })
    };
    let settings: Vec<String> = (it.from + 1..it.end)
        .map(|index| it.view.instruction(index))
        .filter(|instruction| matches!(instruction.kind, Kind::Env(_) | Kind::Cmd(_) | Kind::Entrypoint(_)))
        .map(|instruction| it.view.doc.joined(instruction, instruction.arguments).into_owned())
        .collect();
    let mut words = settings.iter().flat_map(|text| text.split(['=', ' ', '"', ',', ':', '[', ']', ';']));
    let data = |path: &String| !embedded(path) && !is_about(path) && !DOTNET.is_source(path);
    let others = contents.iter().any(|(_, _, it)| it.others.iter().any(data));
    let files = it.brought.iter().flat_map(|copy| &copy.files).any(|(path, _)| data(path));
    if inside && !compiles && !strings.iter().any(|text| elsewhere(text)) && !words.any(elsewhere) {
        if others || files {
            plan.check(format!("nothing outside of {folder} is read at run time"));
        }
        return Ok(());
    }
    let mut said: Vec<&str> = strings.to_vec();
    let program = |word: &&String| join(Some(&it.workdir), word).is_some_and(|path| holds(folder, &path));
    said.extend(it.program.words.iter().filter(|word| !program(word)).map(String::as_str));
    data::keep(it, plan, contents, &DOTNET, &embedded, &said)?;
    if project.targets || !project.packages.is_empty() {
        plan.check(format!("nothing is read at run time that the build of {path} makes outside of {folder}"));
    }
    Ok(())
}

/// The runtime's image of the same version and system, for which the program is built.
fn runtime(it: &Original<'_>, project: &Project, plan: &mut Plan) -> Result<String, Reason> {
    const SYSTEMS: &[&str] = &[
        "bookworm-slim",
        "bullseye-slim",
        "focal",
        "jammy",
        "noble",
        "resolute",
        "alpine",
        "azurelinux3.0",
        "cbl-mariner2.0",
    ];
    if !it.view.scopes().after(0).image_is_fixed {
        return Err("a build argument names the base image".into());
    }
    let Kind::From(from) = it.view.instruction(it.from).kind else { return Err("it has no FROM".into()) };
    let name = it.view.doc.word(it.view.instruction(it.from), from.image);
    let tag = name.strip_prefix("mcr.microsoft.com/dotnet/sdk:").filter(|tag| !tag.contains(['@', '$']));
    let tag = tag.ok_or("the base image is not a tag of mcr.microsoft.com/dotnet/sdk")?;
    let (version, system) = tag.split_once('-').map_or((tag, None), |(version, system)| (version, Some(system)));
    let system = system.map(|system| system.strip_suffix("-aot").unwrap_or(system));
    let numbered = |system: &str| {
        system
            .strip_prefix("alpine3.")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let unknown = || -> Reason { format!("which runtime goes with the SDK {tag} is not known").into() };
    if system.is_some_and(|system| !SYSTEMS.contains(&system) && !numbered(system)) {
        return Err(unknown());
    }
    let parts: Vec<&str> = version.split('.').collect();
    let plain = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let release = match parts[..] {
        [major @ ("6" | "7" | "8" | "9" | "10"), "0"] if plain => major,
        [major @ ("6" | "7" | "8" | "9" | "10"), "0", _] if plain => {
            plan.check(format!("any patch of .NET {major}.0 will do, not only that of the SDK {version}"));
            major
        }
        _ => return Err(unknown()),
    };
    if project.framework != format!("net{release}.0") {
        return Err(format!("the program is for {}, and the SDK is {version}", project.framework).into());
    }
    let known = |name: &String| {
        KNOWN.iter().any(|known| {
            let rest = name.strip_prefix(known);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) && !name.contains("AspNetCore")
        })
    };
    let image = if project.self_contained == Some(true) {
        "runtime-deps"
    } else if !project.web && project.packages.iter().all(known) {
        "runtime"
    } else {
        "aspnet"
    };
    let system = system.map_or(String::new(), |system| format!("-{system}"));
    Ok(format!("mcr.microsoft.com/dotnet/{image}:{release}.0{system}"))
}

/// Packages that do not bring ASP.NET Core; what is not known may.
const KNOWN: &[&str] = &[
    "AutoMapper",
    "CommandLineParser",
    "Confluent.Kafka",
    "CsvHelper",
    "Dapper",
    "FluentValidation",
    "MediatR",
    "Microsoft.Data.SqlClient",
    "Microsoft.Data.Sqlite",
    "Microsoft.EntityFrameworkCore",
    "Microsoft.Extensions.Caching",
    "Microsoft.Extensions.Configuration",
    "Microsoft.Extensions.DependencyInjection",
    "Microsoft.Extensions.Hosting",
    "Microsoft.Extensions.Http",
    "Microsoft.Extensions.Logging",
    "Microsoft.Extensions.Options",
    "MongoDB.Driver",
    "MySqlConnector",
    "Newtonsoft.Json",
    "Npgsql",
    "Polly",
    "RabbitMQ.Client",
    "Serilog",
    "Spectre.Console",
    "StackExchange.Redis",
    "System",
];

/// What the SDK's image has on Alpine, and the runtime's lacks.
/// <https://github.com/dotnet/dotnet-docker/blob/main/documentation/enable-globalization.md>
fn globalization(it: &Original<'_>, project: &Project, plan: &mut Plan) {
    let names = if project.invariant { "tzdata" } else { "icu-data-full icu-libs tzdata" };
    plan.runs.push(vec![format!("apk add --no-cache {names}")]);
    let name = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT";
    if !project.invariant && it.view.scopes().after(0).source(name).is_none() {
        plan.env.push(format!("{name}=false"));
    }
}

/// What the SDK's image sets, the runtime's does not, and a program reads.
/// <https://github.com/dotnet/dotnet-docker/tree/main/src/sdk>
fn environment(it: &Original<'_>, project: &Project, plan: &mut Plan) {
    let is_set = |name: &str| it.view.scopes().after(0).source(name).is_some();
    let is_told = it.program.words.iter().any(|word| word.starts_with("--urls"));
    // That of the runtime is unset in the SDK: a server would listen on another port.
    if matches!(&*project.framework, "net6.0" | "net7.0") && !is_set("ASPNETCORE_URLS") && project.web && !is_told {
        plan.env.push("ASPNETCORE_URLS=".into());
    }
    if project.hosted && !is_set("DOTNET_USE_POLLING_FILE_WATCHER") {
        plan.env.push("DOTNET_USE_POLLING_FILE_WATCHER=true".into());
    }
}

/// Variables that the SDK's image sets alone.
const SET_BY_THE_SDK: &[&str] = &[
    "ASPNET_VERSION",
    "DOTNET_SDK_VERSION",
    "DOTNET_GENERATE_ASPNET_CERTIFICATE",
    "DOTNET_NOLOGO",
    "NUGET_XMLDOC_MODE",
    "POWERSHELL_DISTRIBUTION_CHANNEL",
];

/// Why the runtime's image lacks what the file asks for.
fn needs_base(it: &Original<'_>) -> Option<Reason> {
    let doc = it.view.doc;
    if let Some(reason) = config::no_folder(it) {
        return Some(reason);
    }
    for index in it.from + 1..it.end {
        let instruction = it.view.instruction(index);
        let line = it.line(index);
        if let Kind::Healthcheck(Some(command)) = &instruction.kind {
            let word = match command {
                Command::Exec(words) => words.first().map(|word| doc.word(instruction, *word).into_owned()),
                Command::Shell(span) => doc.joined(instruction, *span).split_whitespace().next().map(str::to_owned),
            };
            let alone = !doc.joined(instruction, instruction.arguments).contains(['&', '|', ';', '`']);
            let word = word.filter(|_| alone).unwrap_or_default();
            if !matches!(&*word, "dotnet" | "test" | "true") && (word != "wget" || it.image.family != Family::Alpine) {
                return Some(format!("the HEALTHCHECK of line {line} runs another program").into());
            }
        }
        let own = !matches!(instruction.kind, Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) | Kind::Arg(_));
        let text = || doc.joined(instruction, instruction.arguments);
        if let Some(name) = SET_BY_THE_SDK.iter().find(|name| own && super::edit::uses(&text(), name)) {
            return Some(format!("line {line} uses {name} of the base image").into());
        }
    }
    None
}
