//! C and C++: the program alone, and what it reads, on the base without compilers and with the libraries that it is linked
//! with.

use super::edit::{Copy, Plan};
use super::original::{Original, holds};
use super::steps::Effect;
use super::{Reason, compile, config, data};
use crate::commands::Program;
use crate::context::compiler::is_compiler;
use crate::context::sources::CPP;
use crate::dockerfile::{Command, Kind};
use crate::images::libraries::{linked, of_headers};
use crate::shell::Script;
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
    let (path, libraries) = compile::built(it, &mut plan)?;
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
            let packages = library
                .packages(it.image.family, release)
                .ok_or_else(|| format!("what a program needs of {name} is not known{of}"))?;
            tls |= library.is_of_tls();
            add(packages);
        } else if is_for_builds(name) || name.ends_with("-dev") {
            // Headers: all that is linked is known.
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
        let packages = library
            .packages(it.image.family, release)
            .ok_or_else(|| format!("which package has {name} is not known{of}"))?;
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
