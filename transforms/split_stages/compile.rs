//! What the commands of a file compile: calls of CMake, make and compilers.

use super::edit::Plan;
use super::original::{Original, holds, placed};
use super::steps::{Effect, Ran};
use super::{Reason, config};
use crate::commands::Program;
use crate::context::cmake::{self, Project};
use crate::context::compiler::{compilation, is_compiler};
use crate::context::make::{self, pkg_config};
use crate::dockerfile::Kind;
use crate::shell::{Script, Word};
use crate::transform::paths::join;

/// A folder in which CMake builds, and what it builds there.
struct Build {
    folder: String,
    project: Project,
    prefix: String,
}

/// What the commands of the file make.
#[derive(Default)]
struct Made {
    builds: Vec<Build>,
    /// Programs: where they are, and where each was first.
    programs: Vec<(String, String)>,
    /// What they are linked with, as it is written.
    libraries: Vec<String>,
}

impl Made {
    fn add(&mut self, path: String) {
        if !self.programs.iter().any(|(other, _)| *other == path) {
            self.programs.push((path.clone(), path));
        }
    }
}

/// The program that the image runs, and what it is linked with.
pub fn built(it: &Original<'_>, plan: &mut Plan) -> Result<(String, Vec<String>), Reason> {
    let mut made = Made::default();
    for (at, ran) in it.ran.iter().enumerate() {
        let line = it.line(ran.index);
        let unknown = |what: String| -> Reason { format!("line {line}: {what}").into() };
        match &ran.effect {
            Effect::Tool(_) => return Err(it.may_make(ran)),
            Effect::Copies(from, to) => {
                let Some((_, first)) = made.programs.iter().find(|(path, _)| path == from).cloned() else { continue };
                let name = from.rsplit('/').next().unwrap_or_default();
                let into = to.ends_with('/') || it.is_folder(ran.index, to);
                let to = if into { format!("{}/{name}", to.trim_end_matches('/')) } else { to.clone() };
                made.programs.push((to, first));
                plan.handled.push(at);
            }
            // What an earlier build left, if anything.
            Effect::Removes(paths)
                if made.programs.is_empty()
                    && made.builds.is_empty()
                    && paths.iter().all(|path| is_of_builds(it, path)) =>
            {
                plan.handled.push(at);
            }
            // The folder in which it is built.
            Effect::Makes(paths) if paths.iter().all(|path| builds_in(it, path)) => plan.handled.push(at),
            Effect::Other => {
                let Some((script, simple)) = ran.simple else { continue };
                let Some(program) = Program::of(simple) else { continue };
                if simple.assignments.iter().any(|set| !matches!(script.slice(set.name), "CC" | "CXX")) {
                    continue;
                }
                let words = || words(script, program.arguments);
                match program.name {
                    "cmake" => cmake(it, ran, &words()?, &mut made).map_err(|what| unknown(what.into()))?,
                    "make" | "gmake" | "ninja" => {
                        make(it, ran, &words()?, &mut made).map_err(|what| unknown(what.into()))?
                    }
                    "strip" => {}
                    name if is_compiler(name) => {
                        let words = words()?;
                        let found = compilation(words.iter().map(String::as_str)).map_err(unknown)?;
                        if found.links {
                            let output = found.output.unwrap_or_else(|| "a.out".into());
                            made.add(join(Some(&ran.cwd), &output).ok_or_else(|| it.may_make(ran))?);
                            made.libraries.extend(found.libraries);
                        }
                    }
                    _ => return Err(it.may_make(ran)),
                }
                plan.handled.push(at);
            }
            _ => {}
        }
    }
    let wanted = it.program_path();
    let runs = |path: &str| match &wanted {
        Some(wanted) => wanted == path,
        None => {
            let (folder, name) = path.rsplit_once('/').unwrap_or_default();
            name == it.program.words[0] && config::PATH.contains(&folder)
        }
    };
    let found = made.programs.iter().rev().find(|(path, _)| runs(path)).cloned();
    let (path, first) = found.ok_or_else(|| {
        let line = it.line(it.program.index);
        format!("line {line} runs `{}`, which no command is known to build", it.program.words[0])
    })?;
    let of_tests = |path: &str| ["test", "bench", "example"].iter().any(|word| path.contains(word));
    let other = made.programs.iter().map(|(_, first)| first).find(|other| **other != first && !of_tests(other));
    if let Some(other) = other {
        return Err(format!("{other} is built, too, and something may start it").into());
    }
    Ok((path, made.libraries))
}

/// Whether a folder is made to build in: a command runs in it, or names it.
fn builds_in(it: &Original<'_>, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let builds = |ran: &Ran<'_>| {
        ran.simple.and_then(|(_, simple)| Program::of(simple)).is_some_and(|program| {
            matches!(program.name, "cmake" | "make" | "ninja")
                && (ran.cwd == path
                    || program.literals().any(|word| word.trim_start_matches("-B") == name || word == path))
        })
    };
    it.ran.iter().any(builds)
}

/// Whether a folder is only there to build in: the context has none of that name.
fn is_of_builds(it: &Original<'_>, path: &str) -> bool {
    builds_in(it, path) && it.source_of(path).is_none_or(|path| !it.tree.has_folder(&path))
}

/// Arguments as they are; how many jobs run is left out, and of `$(pkg-config …)` what it means.
fn words(script: &Script, arguments: &[Word]) -> Result<Vec<String>, Reason> {
    let mut all = Vec::new();
    for word in arguments {
        let raw = script.slice(word.span);
        match word.literal.as_deref() {
            Some(literal) => all.push(literal.to_owned()),
            None if raw.starts_with("-j") || raw.contains("$(nproc)") || raw.contains("`nproc`") => {}
            None if raw.starts_with("-D") => all.push(raw.replace('"', "")),
            None => {
                let inner = raw.strip_prefix("$(").and_then(|raw| raw.strip_suffix(')'));
                let inner = inner.or_else(|| raw.strip_prefix('`').and_then(|raw| raw.strip_suffix('`')));
                let options = inner.and_then(|inner| inner.strip_prefix("pkg-config "));
                let plain = options.filter(|options| !options.contains(['$', '|', ';', '&', '`', '>']));
                let source = [".c", ".cpp", ".cc", ".cxx", ".o"].iter().any(|ending| raw.ends_with(ending));
                match plain {
                    Some(options) => {
                        let options: Vec<&str> = options.split_whitespace().collect();
                        all.extend(pkg_config(&options).split_whitespace().map(str::to_owned));
                    }
                    // A pattern.
                    None if source && !raw.contains('$') => all.push(raw.to_owned()),
                    None => return Err(format!("what `{raw}` is, is not known").into()),
                }
            }
        }
    }
    Ok(all)
}

/// The folder of the context that is at `place`, and all of whose copies are where they are in it.
fn folder_of(it: &Original<'_>, place: &str, manifest: &str) -> Result<String, Reason> {
    let folder = it.source_of(place).or_else(|| {
        let path = it.source_of(&join(Some(place), manifest)?)?;
        Some(path.strip_suffix(manifest)?.trim_end_matches('/').to_owned())
    });
    let folder = folder.ok_or_else(|| format!("what is in {place} is not known"))?;
    let copies = it.brought.iter().flat_map(|copy| copy.folder.iter().chain(&copy.files));
    let moved = copies.filter(|(_, to)| holds(place, to) && *to != place);
    for (path, to) in moved {
        if placed(&folder, place, path).as_deref() != Some(to) {
            return Err(format!("{path} is elsewhere in the image").into());
        }
    }
    Ok(folder)
}

/// Reads a call of CMake.
fn cmake(it: &Original<'_>, ran: &Ran<'_>, words: &[String], made: &mut Made) -> Result<(), Reason> {
    let unknown = || -> Reason { format!("what `{}` does is not known", ran.text).into() };
    let place = |path: &str| join(Some(&ran.cwd), path).ok_or_else(unknown);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.split_first() {
        Some((&"--build", [folder, rest @ ..])) => {
            let mut targets = Vec::new();
            let mut rest = rest.iter();
            while let Some(word) = rest.next() {
                match *word {
                    "--target" | "-t" => targets.push(*rest.next().ok_or_else(unknown)?),
                    "--config" => _ = rest.next(),
                    "-j" | "--parallel" | "--verbose" | "-v" | "--clean-first" | "--" => {}
                    word if word.starts_with("-j") || word.bytes().all(|byte| byte.is_ascii_digit()) => {}
                    _ => return Err(unknown()),
                }
            }
            of_build(&place(folder)?, &targets, made).ok_or_else(unknown)?
        }
        Some((&"--install", [folder, rest @ ..])) => {
            let mut prefix = None;
            let mut rest = rest.iter();
            while let Some(word) = rest.next() {
                match *word {
                    "--prefix" => prefix = Some(place(rest.next().ok_or_else(unknown)?)?),
                    "--config" => _ = rest.next(),
                    "--strip" | "-v" | "--verbose" => {}
                    _ => return Err(unknown()),
                }
            }
            install(&place(folder)?, prefix, made).ok_or_else(unknown)?
        }
        _ => {
            let (mut source, mut folder, mut defines) = (None, None, Vec::new());
            let mut rest = words.iter();
            while let Some(word) = rest.next() {
                let value = |start: &str, rest: &mut std::slice::Iter<'_, &str>| -> Result<String, Reason> {
                    let own = word.strip_prefix(start).unwrap_or_default();
                    Ok(if own.is_empty() { (*rest.next().ok_or_else(unknown)?).to_owned() } else { own.to_owned() })
                };
                match &word[..word.len().min(2)] {
                    "-S" | "-H" => source = Some(place(&value(&word[..2], &mut rest)?)?),
                    "-B" => folder = Some(place(&value("-B", &mut rest)?)?),
                    "-G" if !value("-G", &mut rest)?.contains("Multi") => {}
                    "-D" => {
                        let define = value("-D", &mut rest)?;
                        let (name, value) = define.split_once('=').ok_or_else(unknown)?;
                        defines.push((name.split(':').next().unwrap_or(name).to_owned(), value.to_owned()));
                    }
                    "-W" => {}
                    start if start.starts_with('-') => return Err(unknown()),
                    _ if source.is_none() => source = Some(place(word)?),
                    _ => return Err(unknown()),
                }
            }
            let here = ran.cwd.clone();
            let source = source.unwrap_or_else(|| here.clone());
            let folder = folder.unwrap_or(here);
            if made.builds.iter().any(|build| build.folder == folder || build.folder == source) {
                return Err(unknown());
            }
            let context = folder_of(it, &source, "CMakeLists.txt")?;
            let project = cmake::project(&it.tree, &context, &source, &folder, &defines)?;
            let prefix =
                defines.iter().find(|(name, _)| name == "CMAKE_INSTALL_PREFIX").map(|(_, value)| value.clone());
            let prefix = join(Some("/"), prefix.as_deref().unwrap_or("/usr/local")).ok_or_else(unknown)?;
            made.libraries.extend(project.libraries.iter().cloned());
            made.builds.push(Build { folder, project, prefix });
        }
    }
    Ok(())
}

/// Builds these targets, or all.
fn of_build(folder: &str, targets: &[&str], made: &mut Made) -> Option<()> {
    let build = made.builds.iter().find(|build| build.folder == folder)?;
    let programs = build.project.programs.iter();
    let all = targets.iter().all(|name| matches!(*name, "all" | "install"));
    let known = |name: &&&str| programs.clone().any(|program| program.is(name)) || matches!(**name, "all" | "install");
    if targets.iter().filter(|name| !known(name)).count() > 0 {
        return None;
    }
    let paths = programs.clone().filter(|it| all || targets.iter().any(|name| it.is(name)));
    for path in paths.map(|program| program.path.clone()).collect::<Vec<_>>() {
        made.add(path);
    }
    if targets.contains(&"install") { install(folder, None, made) } else { Some(()) }
}

/// Installs the programs of a build, and nothing else.
fn install(folder: &str, prefix: Option<String>, made: &mut Made) -> Option<()> {
    let build = made.builds.iter().find(|build| build.folder == folder)?;
    if build.project.installs_more {
        return None;
    }
    let prefix = prefix.unwrap_or_else(|| build.prefix.clone());
    let mut installed = Vec::new();
    for program in &build.project.programs {
        let Some(into) = &program.installed else { continue };
        let name = program.path.rsplit('/').next()?;
        installed.push((join(Some(&prefix), &format!("{into}/{name}"))?, program.path.clone()));
    }
    for (path, first) in installed {
        made.add(first.clone());
        made.programs.push((path, first));
    }
    Some(())
}

/// Reads a call of make or ninja.
fn make(it: &Original<'_>, ran: &Ran<'_>, words: &[String], made: &mut Made) -> Result<(), Reason> {
    let unknown = || -> Reason { format!("what `{}` does is not known", ran.text).into() };
    let (mut folder, mut targets, mut variables) = (ran.cwd.clone(), Vec::new(), Vec::new());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match &**word {
            "-C" => folder = join(Some(&folder), rest.next().ok_or_else(unknown)?).ok_or_else(unknown)?,
            "-s" | "--silent" | "--quiet" | "-B" | "-j" | "-v" => {}
            word if word.starts_with("-j") || word.bytes().all(|byte| byte.is_ascii_digit()) => {}
            word if word.starts_with('-') => return Err(unknown()),
            word => match word.split_once('=') {
                Some(pair) => variables.push(pair),
                None => targets.push(word),
            },
        }
    }
    if !targets.is_empty() && targets.iter().all(|name| matches!(*name, "clean" | "distclean")) {
        return Ok(());
    }
    targets.retain(|name| *name != "clean");
    if made.builds.iter().any(|build| build.folder == folder) {
        return of_build(&folder, &targets, made).ok_or_else(unknown);
    }
    if ran.text.starts_with("ninja") {
        return Err(unknown());
    }
    let names = ["GNUmakefile", "makefile", "Makefile"];
    let context = names.iter().find_map(|name| folder_of(it, &folder, name).ok());
    let context = context.ok_or_else(|| format!("what is in {folder} is not known"))?;
    let found = make::made(&it.tree, &context, &targets, &variables)?;
    if let Some(name) = set(it).into_iter().find(|name| found.names.contains(name)) {
        return Err(format!("{name} is set, which the Makefile uses").into());
    }
    for program in found.programs {
        made.add(join(Some(&folder), &program).ok_or_else(unknown)?);
    }
    made.libraries.extend(found.libraries);
    Ok(())
}

/// The variables that the file sets: make reads those of the environment, too.
fn set(it: &Original<'_>) -> Vec<String> {
    let instructions = (it.from + 1..it.end).map(|index| it.view.instruction(index));
    let names = instructions.flat_map(|instruction| {
        let spans = match &instruction.kind {
            Kind::Env(pairs) => pairs.iter().map(|pair| pair.key).collect(),
            Kind::Arg(declarations) => declarations.iter().map(|declaration| declaration.name).collect(),
            _ => Vec::new(),
        };
        spans.into_iter().map(move |span| it.view.doc.joined(instruction, span).into_owned())
    });
    names.collect()
}
