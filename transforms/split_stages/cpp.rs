//! C and C++: the program alone, and what it reads, on the base without compilers and with the libraries that it is linked
//! with.

use super::edit::{Copy, Plan};
use super::original::{Original, holds, placed};
use super::steps::{Effect, Ran};
use super::{Reason, config, data};
use crate::commands::Program;
use crate::context::cmake::{self, Project};
use crate::context::compiler::{compilation, is_compiler};
use crate::context::make::{self, pkg_config};
use crate::context::sources::CPP;
use crate::dockerfile::{Command, Kind};
use crate::images::libraries::{linked, of_headers};
use crate::shell::{Script, Word};
use crate::transform::View;
use crate::transform::paths::join;

/// Whether a RUN behind a COPY or ADD compiles: what is downloaded is not the project's own program.
pub fn compiles(view: &View<'_>) -> bool {
    let indices = view.doc.stages()[0].instructions.clone();
    let brings = |index: &usize| matches!(view.instruction(*index).kind, Kind::Copy(_) | Kind::Add(_));
    let Some(first) = indices.clone().find(brings) else { return false };
    let scripts = indices.filter(|index| *index > first).filter_map(|index| view.script(index));
    scripts.flat_map(Script::commands).filter_map(Program::of).any(|program| {
        is_compiler(program.name)
            || matches!(program.name, "cmake" | "make" | "gmake" | "ninja" | "meson")
            || matches!(program.path, "./configure" | "./autogen.sh")
    })
}

/// The plan.
pub fn plan(it: &Original<'_>) -> Result<Plan, Reason> {
    let mut plan = Plan::default();
    if !matches!(&*it.image.repository, "debian" | "ubuntu") {
        return Err(format!("what the program needs of the libraries of {} is not known", it.image.repository).into());
    }
    for name in VARIABLES {
        if it.view.scopes().after(0).source(name).is_some() {
            return Err(format!("{name} says how it is built or started").into());
        }
    }
    let (path, libraries) = built(it, &mut plan)?;
    let contents = data::contents(it, &CPP)?;
    let is_cpp = |path: &str| [".cpp", ".cc", ".cxx", ".hpp", ".hh", ".C"].iter().any(|ending| path.ends_with(ending));
    let (mut said, mut cpp) = (Vec::new(), false);
    for (source, text) in contents.iter().flat_map(|(_, _, contents)| &contents.sources) {
        if let Some(call) = CALLS.iter().find(|call| calls(text, call)) {
            return Err(format!("{source} loads libraries or starts programs when it runs ({call})").into());
        }
        said.extend(CPP.strings(text).0);
        cpp |= is_cpp(source);
    }
    let others = contents.iter().flat_map(|(_, _, contents)| &contents.others);
    let files = it.brought.iter().flat_map(|copy| copy.files.iter().map(|(path, _)| path));
    if let Some(library) = others.chain(files).find(|path| path.ends_with(".so") || path.contains(".so.")) {
        return Err(format!("{library} is a library that may be loaded when it runs").into());
    }
    let places = it.brought.iter().flat_map(|copy| copy.folder.iter().chain(&copy.files)).map(|(_, place)| place);
    const SYSTEM: &[&str] =
        &["/etc/apt", "/etc/ld.so.conf.d", "/lib", "/usr/lib", "/usr/local/lib", "/usr/local/include"];
    if let Some(place) = places.into_iter().find(|place| SYSTEM.iter().any(|system| holds(system, place))) {
        return Err(format!("{place} may say how packages are installed, or programs linked").into());
    }
    said.extend(it.program.words.iter().map(String::as_str));
    data::keep(it, &mut plan, &contents, &CPP, &|_| false, &said)?;
    let wanted = packages(it, &mut plan, &libraries, cpp)?;
    if !wanted.is_empty() {
        let mut run = config::installation(it, &wanted)?;
        if it.view.doc.text().contains("DEBIAN_FRONTEND") {
            run[1].insert_str(0, "DEBIAN_FRONTEND=noninteractive ");
        }
        plan.runs.push(run);
    }
    accounts(it, &mut plan)?;
    healthcheck(it, &path, &wanted)?;
    match config::slim(it) {
        Ok(base) => plan.base = base,
        Err(why) => plan.why_same = Some(why),
    }
    let than = if wanted.is_empty() { "the C library and that of C++".to_owned() } else { wanted.join(" ") };
    plan.check(format!("the program needs nothing else of the system than {than}"));
    if !plan.copies.iter().any(|copy| copy.is_folder && copy.path == copy.place && holds(&copy.path, &path)) {
        plan.copies.insert(0, Copy::same(path, false));
    }
    Ok(plan)
}

/// Variables by which compilers, make, CMake or the loader do something else.
const VARIABLES: &[&str] = &[
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "LDLIBS",
    "LIBS",
    "MAKEFLAGS",
    "DESTDIR",
    "PREFIX",
    "CMAKE_GENERATOR",
    "CMAKE_TOOLCHAIN_FILE",
    "CMAKE_PREFIX_PATH",
    "LD_LIBRARY_PATH",
    "LD_RUN_PATH",
    "LD_PRELOAD",
    "LIBRARY_PATH",
    "PKG_CONFIG_PATH",
    "VCPKG_ROOT",
];

/// Calls by which a program loads libraries, or starts other programs.
const CALLS: &[&str] = &[
    "dlopen",
    "dlmopen",
    "lt_dlopen",
    "g_module_open",
    "system",
    "popen",
    "execl",
    "execlp",
    "execle",
    "execv",
    "execvp",
    "execvpe",
    "execve",
    "fexecve",
    "posix_spawn",
    "posix_spawnp",
    "g_spawn_async",
    "g_spawn_sync",
    "QProcess",
    "QPluginLoader",
    "boost::process",
    "boost::dll",
    "Py_Initialize",
    "shared_library",
];

/// Whether `text` has `name` as a word of its own.
fn calls(text: &str, name: &str) -> bool {
    let of_word = |char: char| char.is_alphanumeric() || char == '_';
    text.match_indices(name).any(|(at, _)| {
        let behind = text[at + name.len()..].trim_start();
        let call = name.contains(|char: char| char.is_uppercase() || char == ':') || name == "shared_library";
        !text[..at].ends_with(of_word)
            && !text[at + name.len()..].starts_with(of_word)
            && (call || behind.starts_with('('))
    })
}

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
fn built(it: &Original<'_>, plan: &mut Plan) -> Result<(String, Vec<String>), Reason> {
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

/// Packages that only compile, beside those that every language knows.
const FOR_BUILDS: &[&str] = &[
    "meson",
    "ccache",
    "gdb",
    "valgrind",
    "cppcheck",
    "clang-format",
    "clang-tidy",
    "clang-tools",
    "lld",
    "mold",
    "doxygen",
    "automake",
    "autoconf",
    "libtool",
    "m4",
    "gettext",
    "nasm",
    "yasm",
    "pkgconf",
    "binutils",
    "dpkg-dev",
    "file",
    "gcovr",
    "lcov",
    "ninja",
    "extra-cmake-modules",
    "cmake-data",
    "xz-utils",
    "unzip",
    "zip",
    "vim",
    "nano",
    "less",
    "tar",
    "software-properties-common",
    "apt-utils",
];

fn is_for_builds(name: &str) -> bool {
    let versioned = name.rsplit_once('-').filter(|(_, version)| version.bytes().all(|byte| byte.is_ascii_digit()));
    FOR_BUILDS.contains(&name)
        || !name.starts_with("lib") && !name.ends_with("-dev") && config::is_for_builds(name)
        || versioned.is_some_and(|(name, _)| matches!(name, "gcc" | "g++" | "clang" | "cpp" | "llvm" | "lld"))
}

/// The packages that the program needs when it runs.
fn packages(it: &Original<'_>, plan: &mut Plan, libraries: &[String], cpp: bool) -> Result<Vec<&'static str>, Reason> {
    let fixed = it.view.scopes().after(0).image_is_fixed;
    let release = it.image.release.as_deref().filter(|_| fixed);
    let of = release.map_or("; the release may be any".to_owned(), |release| format!(" in {release}"));
    let mut wanted: Vec<&'static str> = Vec::new();
    let mut left = Vec::new();
    let mut add = |packages: &[&'static str]| {
        for package in packages {
            if !wanted.contains(package) {
                wanted.push(package);
            }
        }
    };
    let mut tls = false;
    for name in config::packages(it) {
        if name.contains(['=', '/', '*']) || name.ends_with('-') || name.ends_with('+') && !name.ends_with("++") {
            return Err(format!("{name} is a package in a way of its own").into());
        }
        if let Some(library) = of_headers(name) {
            let packages =
                library.packages(release).ok_or_else(|| format!("what a program needs of {name} is not known{of}"))?;
            tls |= library.is_of_tls();
            add(packages);
        } else if is_for_builds(name) {
            left.push(name);
        } else if let Some(kept) = KEPT.iter().find(|kept| **kept == name) {
            add(&[*kept]);
        } else {
            return Err(format!("what a program needs of {name} is not known").into());
        }
    }
    for name in libraries {
        let library =
            linked(name).ok_or_else(|| format!("which package has {name}, with which it is linked, is not known"))?;
        let packages = library.packages(release).ok_or_else(|| format!("which package has {name} is not known{of}"))?;
        tls |= library.is_of_tls();
        add(packages);
    }
    if tls {
        // Other packages recommend it.
        add(&["ca-certificates"]);
    }
    left.retain(|name| {
        !matches!(*name, "make" | "gcc" | "g++" | "build-essential" | "cmake" | "ninja-build" | "pkg-config")
    });
    left.dedup();
    if !left.is_empty() {
        plan.check(format!("nothing at run time needs {}", left.join(" ")));
    }
    if cpp && !wanted.is_empty() {
        wanted.push("libstdc++6");
    }
    Ok(wanted)
}

/// Packages that are the same in every release, and are installed again.
const KEPT: &[&str] = &[
    "ca-certificates",
    "tzdata",
    "curl",
    "wget",
    "netbase",
    "iproute2",
    "iputils-ping",
    "dnsutils",
    "procps",
    "tini",
    "dumb-init",
    "gosu",
    "openssl",
    "libsqlite3-0",
    "libpq5",
    "zlib1g",
    "libstdc++6",
    "libgomp1",
    "libgcc-s1",
    "locales",
    "sqlite3",
];

/// The accounts that RUNs make, in the last stage, too.
fn accounts(it: &Original<'_>, plan: &mut Plan) -> Result<(), Reason> {
    for ran in it.ran.iter().filter(|ran| matches!(ran.effect, Effect::Accounts)) {
        let mut same = it.ran.iter().filter(|other| other.index == ran.index);
        let other = same.find(|other| !matches!(other.effect, Effect::Accounts | Effect::Nothing | Effect::Makes(_)));
        if let Some(other) = other {
            return Err(
                format!("line {} prepares the image, and runs `{}`, too", it.line(ran.index), other.text).into()
            );
        }
        if !plan.repeats.contains(&ran.index) {
            plan.repeats.push(ran.index);
        }
    }
    Ok(())
}

/// A health check runs the program, or what is installed again.
fn healthcheck(it: &Original<'_>, path: &str, wanted: &[&str]) -> Result<(), Reason> {
    let doc = it.view.doc;
    for index in it.from + 1..it.end {
        let instruction = it.view.instruction(index);
        let Kind::Healthcheck(Some(command)) = &instruction.kind else { continue };
        let first = match command {
            Command::Exec(words) => words.first().map(|word| doc.word(instruction, *word).into_owned()),
            Command::Shell(span) => doc.joined(instruction, *span).split_whitespace().next().map(str::to_owned),
        };
        let first = first.unwrap_or_default();
        let own = first.contains('/') && join(Some(&it.workdir), &first).as_deref() == Some(path);
        if !own && !wanted.contains(&&*first) && !matches!(&*first, "test" | "true" | "exit" | "[") {
            return Err(format!("line {} runs `{first}`, which the last stage may lack", it.line(index)).into());
        }
    }
    Ok(())
}
