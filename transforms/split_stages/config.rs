//! What the last stage needs of its base: accounts, packages, a shell, and what RUNs made besides the program.

use super::Reason;
use super::edit::{Copy, Plan, uses};
use super::original::{Form, Original, holds};
use super::steps::Effect;
use super::used;
use crate::commands::{Verb, recognise};
use crate::context::heavy;
use crate::dockerfile::{Command, Kind};
use crate::images::libraries::of_headers;
use crate::transform::paths::join;

/// Where a runtime looks for a program, in every image.
pub const PATH: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Packages that are installed.
pub fn packages<'o>(it: &'o Original<'_>) -> Vec<&'o str> {
    let names =
        it.ran.iter().filter_map(|ran| if let Effect::Packages(names) = &ran.effect { Some(names) } else { None });
    names.flatten().map(|name| &**name).collect()
}

/// Why the folder that it starts in is that of the base image, and would be another.
pub fn no_folder(it: &Original<'_>) -> Option<Reason> {
    let workdirs = (it.from + 1..it.end).map(|index| it.view.instruction(index));
    let mut words = workdirs.filter_map(|it| if let Kind::Workdir(word) = it.kind { Some((it, word)) } else { None });
    let absolute = words.next().is_some_and(|(instruction, word)| it.view.doc.word(instruction, word).starts_with('/'));
    (!absolute && it.image.workdir != Some("/")).then(|| "it starts in the folder of the base image".into())
}

/// Why the program needs a base with a shell, and with what the old one has: `path` is the program's.
pub fn needs_base(it: &Original<'_>, path: &str) -> Option<Reason> {
    let doc = it.view.doc;
    if !it.image_is_fixed {
        return Some("a build argument names the base image".into());
    }
    if !it.is_of_the_hub() {
        return Some("the base image is not pulled from Docker Hub, and another may not be at hand".into());
    }
    if let Some(reason) = no_folder(it) {
        return Some(reason);
    }
    if it.program.form == Form::Shell {
        return Some(format!("line {} needs a shell", it.line(it.program.index)).into());
    }
    for index in it.from + 1..it.end {
        let instruction = it.view.instruction(index);
        let line = it.line(index);
        match &instruction.kind {
            Kind::Healthcheck(Some(command)) => {
                let own = matches!(command, Command::Exec(words) if words.first().is_some_and(|word| {
                    let word = doc.word(instruction, *word);
                    join(Some(&it.workdir), &word).as_deref() == Some(path) && word.contains('/')
                }));
                if !own {
                    return Some(format!("the HEALTHCHECK of line {line} runs another program").into());
                }
            }
            Kind::User(word) => {
                let user = doc.word(instruction, *word);
                let known = |name: &str| {
                    name.bytes().all(|byte| byte.is_ascii_digit()) || matches!(name, "root" | "nobody" | "nonroot")
                };
                if !user.split(':').all(known) {
                    return Some(format!("the account {user} of line {line} is not in a smaller base").into());
                }
            }
            Kind::Shell(_) => return Some(format!("line {line} sets a shell").into()),
            Kind::Env(pairs) => {
                let inherited = |name: &str| uses(&doc.joined(instruction, instruction.arguments), name);
                let own = pairs.iter().map(|pair| doc.joined(instruction, pair.key)).collect::<Vec<_>>();
                let mut names = it.image.env_names().filter(|name| *name != "PATH");
                if let Some(name) = names.find(|name| inherited(name) && it.view.scope(index).source(name).is_none()) {
                    return Some(format!("line {line} uses {name} of the base image").into());
                }
                if own.iter().any(|name| name.starts_with("LD_")) {
                    return Some(format!("line {line} has other libraries loaded").into());
                }
            }
            _ => {}
        }
    }
    None
}

/// The slim image of the same tag, if there is one and no instruction needs what it lacks; `None` if the base is as small.
///
/// # Errors
/// Why the base has to stay.
pub fn slim(it: &Original<'_>) -> Result<Option<String>, Reason> {
    let Some(tag) = it.image.slim_sibling.as_deref() else { return Ok(None) };
    let doc = it.view.doc;
    if !it.view.scopes().after(0).image_is_fixed {
        return Err("a build argument names the base image".into());
    }
    let Kind::From(from) = it.view.instruction(it.from).kind else { return Ok(None) };
    let name = doc.word(it.view.instruction(it.from), from.image);
    if !it.is_of_the_hub() || name.contains('@') {
        return Err("the base image is not a tag of Docker Hub".into());
    }
    for index in it.from + 1..it.end {
        let instruction = it.view.instruction(index);
        if let Kind::Healthcheck(Some(command)) = &instruction.kind {
            let text = match command {
                Command::Exec(words) => words.first().map(|word| doc.word(instruction, *word).into_owned()),
                Command::Shell(span) => doc.joined(instruction, *span).split_whitespace().next().map(str::to_owned),
            };
            if !text.is_some_and(|text| matches!(&*text, "node" | "python" | "python3" | "ruby" | "true" | "test")) {
                return Err(
                    format!("the HEALTHCHECK of line {} runs what the slim image may lack", it.line(index)).into()
                );
            }
        }
    }
    if let Some(name) = packages(it).into_iter().find(|name| heavy::fails_without_manuals(name)) {
        return Err(format!("{name} may not install on the slim image").into());
    }
    let adds = |text: &str| text.split_whitespace().any(|word| matches!(word, "adduser" | "addgroup"));
    if let Some(ran) = it.ran.iter().find(|ran| matches!(ran.effect, Effect::Accounts) && adds(&ran.text)) {
        return Err(format!(
            "line {} makes an account with a program that the slim image may lack",
            it.line(ran.index)
        )
        .into());
    }
    let name = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(&*name, |(name, _)| name);
    Ok(Some(format!("{name}:{tag}")))
}

/// Packages that only a build needs.
const FOR_BUILDS: &[&str] = &[
    "git",
    "python3",
    "python",
    "python2",
    "make",
    "gcc",
    "g++",
    "cmake",
    "build-essential",
    "build-base",
    "musl-dev",
    "libc6-dev",
    "libc-dev",
    "linux-headers",
    "pkg-config",
    "pkgconf",
    "autoconf",
    "automake",
    "libtool",
    "ninja-build",
    "python3-dev",
    "python-dev",
    "gfortran",
    "cargo",
    "rustc",
    "patch",
    "clang",
    "llvm",
    "bison",
    "flex",
    "protobuf-compiler",
];

/// What a program needs when it runs of the library of whose headers a package is; `None` if it is of no library, or that
/// cannot be told.
pub fn libraries(it: &Original<'_>, name: &str) -> Option<&'static [&'static str]> {
    let release = it.image.release.as_deref().filter(|_| it.view.scopes().after(0).image_is_fixed);
    of_headers(name)?.packages(it.image.family, release)
}

/// What the system has installed that a program may need, and the accounts that RUNs make, in the last stage, too. `all`:
/// also what only builds are known to need.
pub fn packages_again(it: &Original<'_>, plan: &mut Plan, all: bool) -> Result<(), Reason> {
    plan.repeats
        .retain(|index| !it.ran.iter().any(|ran| ran.index == *index && matches!(ran.effect, Effect::Packages(_))));
    plan.runs.clear();
    let names = packages(it);
    let mut wanted: Vec<&str> = Vec::new();
    let mut left: Vec<&str> = Vec::new();
    let mut whole = all
        || !it.image.family.is_debian_like()
        || names.iter().any(|name| {
            name.contains(['=', '/', '*']) || name.ends_with('-') || name.ends_with('+') && !name.ends_with("++")
        });
    for name in &names {
        match libraries(it, name) {
            _ if FOR_BUILDS.contains(name) => left.push(name),
            Some(libraries) => {
                let new: Vec<&str> = libraries.iter().filter(|name| !wanted.contains(*name)).copied().collect();
                wanted.extend(new);
            }
            None if name.ends_with("-dev") => whole = true,
            None => wanted.push(name),
        }
    }
    let builds_only = !all && left.len() == names.len();
    for ran in &it.ran {
        let again = match &ran.effect {
            Effect::Packages(_) => {
                whole && !builds_only && !names.is_empty()
                    || wanted.len() == names.len() && !names.is_empty() && wanted == names
            }
            Effect::Accounts => true,
            _ => false,
        };
        if again && !plan.repeats.contains(&ran.index) {
            plan.repeats.push(ran.index);
        }
    }
    if (!whole || builds_only) && !names.is_empty() {
        left.retain(|name| !matches!(*name, "make" | "gcc" | "g++" | "build-essential" | "build-base"));
        if !left.is_empty() {
            plan.check(format!("nothing at run time needs {}", left.join(" ")));
        }
        if !wanted.is_empty() && wanted != names {
            plan.runs.push(installation(it, &wanted)?);
        }
    }
    let both = it.ran.iter().find(|ran| {
        plan.repeats.contains(&ran.index)
            && (matches!(ran.effect, Effect::Other)
                || ran.tool().is_some_and(|tool| match tool.verb {
                    Verb::Build | Verb::Run | Verb::Download => true,
                    Verb::Install => !tool.has(&["-g", "--global"]) && !tool.subcommand.starts_with("global"),
                    _ => false,
                }))
    });
    match both {
        Some(ran) => {
            Err(format!("line {} prepares the image, and runs `{}`, too", it.line(ran.index), ran.text).into())
        }
        None => Ok(()),
    }
}

/// Whether only a build needs a package.
pub fn is_for_builds(name: &str) -> bool {
    FOR_BUILDS.contains(&name)
}

/// Whether something that is installed stays behind: what only a build needs, and headers.
pub fn leaves_something(it: &Original<'_>) -> bool {
    packages(it).into_iter().any(|name| is_for_builds(name) || libraries(it, name).is_some())
}

/// Has the last stage install `libraries`, too.
pub fn also(it: &Original<'_>, plan: &mut Plan, libraries: &[&str]) -> Result<(), Reason> {
    if libraries.is_empty() {
        return Ok(());
    }
    let old: Vec<String> = match plan.runs.pop() {
        Some(run) => {
            let names = run[1].split(' ').skip(2).filter(|word| !word.starts_with('-'));
            names.map(str::to_owned).collect()
        }
        None => Vec::new(),
    };
    let mut names: Vec<&str> = old.iter().map(String::as_str).collect();
    for library in libraries {
        if !names.contains(library) {
            names.push(library);
        }
    }
    plan.runs.push(installation(it, &names)?);
    Ok(())
}

/// The commands that install packages of Debian as the file does.
pub fn installation(it: &Original<'_>, names: &[&str]) -> Result<Vec<String>, Reason> {
    let scripts = it.ran.iter().filter(|ran| matches!(ran.effect, Effect::Packages(_))).filter_map(|ran| ran.simple);
    let calls: Vec<_> = scripts.filter_map(|(script, simple)| recognise(script, simple)).collect();
    let installs = calls.iter().find(|call| call.verb == Verb::Install);
    if calls.iter().any(|call| call.has(&["-t", "--target-release", "-c", "-o"])) {
        return Err("packages are installed in a way of their own".into());
    }
    let bare = if installs.is_none_or(|call| call.has(&["--no-install-recommends"])) {
        " --no-install-recommends"
    } else {
        ""
    };
    Ok(vec![
        "apt-get update".into(),
        format!("apt-get install -y{bare} {}", names.join(" ")),
        "rm -rf /var/lib/apt/lists/*".into(),
    ])
}

/// The same base twice: what RUNs install and which accounts they make, they do in both stages.
pub fn same_base(it: &Original<'_>, plan: &mut Plan) -> Result<(), Reason> {
    for ran in &it.ran {
        let repeats = match &ran.effect {
            Effect::Packages(names) => !names.is_empty(),
            Effect::Accounts => true,
            _ => false,
        };
        if repeats && !plan.repeats.contains(&ran.index) {
            plan.repeats.push(ran.index);
        }
    }
    let both = it.ran.iter().find(|ran| plan.repeats.contains(&ran.index) && ran.tool().is_some());
    if let Some(ran) = both {
        return Err(format!("line {} prepares the image, and runs `{}`, too", it.line(ran.index), ran.text).into());
    }
    Ok(())
}

/// What RUNs did to files that the plan copies, or make for the program.
pub fn files(it: &Original<'_>, plan: &mut Plan) -> Result<(), Reason> {
    let certificates = "/usr/local/share/ca-certificates";
    let copies = it.brought.iter().flat_map(|copy| copy.folder.iter().chain(&copy.files));
    if copies.into_iter().any(|(_, place)| holds(certificates, place)) {
        return Err("it brings certificates of its own".into());
    }
    for index in it.from + 1..it.tail {
        for mount in it.view.doc.mounts(it.view.instruction(index)) {
            let Some(target) = mount.get("target").or_else(|| mount.get("dst")) else { continue };
            let target = join(Some(it.view.scope(index).workdir.as_deref().unwrap_or("/")), target);
            let made = plan.copies.iter().find(|copy| target.as_deref().is_none_or(|target| holds(target, &copy.path)));
            if let Some(copy) = made {
                return Err(format!("line {} makes {} in a mount", it.line(index), copy.path).into());
            }
        }
    }
    let all = it.ran.iter().enumerate().filter(|(at, _)| !plan.handled.contains(at)).map(|(_, ran)| ran);
    for ran in all.filter(|ran| !plan.repeats.contains(&ran.index) && !plan.moves.contains(&ran.index)) {
        let line = it.line(ran.index);
        match &ran.effect {
            // In a folder that is copied whole.
            Effect::Copies(_, to)
                if plan.copies.iter().any(|copy| copy.is_folder && holds(&copy.path, to.trim_end_matches('/'))) => {}
            Effect::Other | Effect::Copies(..) => {
                return Err(it.may_make(ran));
            }
            Effect::Owns(paths) => {
                return Err(format!("line {line} changes the owner of {}", paths.join(" ")).into());
            }
            Effect::Modes(paths) => {
                let made = |path: &String| it.ran.iter().any(|ran| ran.made().contains(path));
                if let Some(path) = paths.iter().find(|path| made(path) || **path == it.workdir) {
                    return Err(format!("line {line} changes the mode of {path}").into());
                }
            }
            Effect::Removes(paths) => {
                let meets = |path: &&String| {
                    let glob = path.contains(['*', '?', '[']);
                    let path = if glob { path.rsplit_once('/').map_or("/", |(folder, _)| folder) } else { path };
                    plan.copies.iter().any(|copy| holds(path, &copy.path) || holds(&copy.path, path))
                };
                if let Some(path) = paths.iter().find(meets) {
                    return Err(format!("line {line} removes {path}, of which the program may need something").into());
                }
            }
            _ => {}
        }
    }
    let handled = plan.handled.clone();
    for (at, ran) in it.ran.iter().enumerate() {
        for path in ran.made().iter().filter(|_| !handled.contains(&at)) {
            let removed = it
                .ran
                .iter()
                .any(|other| matches!(&other.effect, Effect::Removes(paths) if paths.iter().any(|it| holds(it, path))));
            let filled = plan.copies.iter().any(|copy| holds(path, &copy.place));
            let there = path == &it.workdir || crate::transform::copied::is_of_the_system(path);
            if !removed && !filled && !there && !plan.repeats.contains(&ran.index) && !plan.moves.contains(&ran.index) {
                plan.copy(Copy::same(path.clone(), true));
            }
        }
    }
    Ok(())
}

/// What has to be true of the surroundings.
///
/// # Errors
/// If a file of the repository says that it is not.
pub fn surroundings(it: &Original<'_>, plan: &mut Plan) -> Result<(), Reason> {
    used::against(it, plan)?;
    if plan.keeps_sources {
        return Ok(());
    }
    let Kind::From(parts) = it.view.instruction(it.from).kind else { return Ok(()) };
    let name = parts.name.map(|name| it.view.doc.word(it.view.instruction(it.from), name).into_owned());
    let over = if it.workdir == "/" { "the sources" } else { &it.workdir };
    plan.check(match name {
        Some(name) => format!("nothing that builds {name} needs its sources or tools, or mounts over {over}"),
        None => format!("nothing needs the sources or tools that were in the image, or mounts over {over}"),
    });
    Ok(())
}
