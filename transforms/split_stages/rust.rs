//! Rust: the program alone, and what it reads, on distroless where the release of Debian is known.

use super::edit::{Copy, Plan};
use super::original::{Form, Original};
use super::steps::{Effect, Ran};
use super::{Reason, config, data};
use crate::commands::{Invocation, Tool};
use crate::context::rust::{linked, programs};
use crate::context::sources::RUST;
use crate::dockerfile::Lookup;
use crate::images::{Family, Libc};
use crate::transform::paths::join;

/// Whether a command builds a program of the project.
pub fn builds(it: &Invocation) -> bool {
    it.tool == Tool::Cargo && matches!(&*it.subcommand, "build" | "b") || installs(it)
}

fn installs(it: &Invocation) -> bool {
    it.tool == Tool::Cargo && &*it.subcommand == "install" && it.has(&["--path"])
}

/// Packages that a program does not need when it runs, or that distroless has.
const HARMLESS: &[&str] = &[
    "libssl-dev",
    "ca-certificates",
    "musl-tools",
    "lld",
    "mold",
    "libclang-dev",
    "openssl-dev",
    "curl",
    "wget",
    // Which crates are linked with them is known.
    "libpq-dev",
    "default-libmysqlclient-dev",
    "libmariadb-dev",
    "libsqlite3-dev",
    "zlib1g-dev",
];

/// The plan.
pub fn plan(it: &Original<'_>) -> Result<Plan, Reason> {
    let mut plan = Plan::default();
    if it.program.words.first().is_some_and(|word| word == "cargo") {
        return Err("the program is compiled when it starts".into());
    }
    for (at, ran) in it.ran.iter().enumerate() {
        match &ran.effect {
            Effect::Tool(tool) if tool.tool == Tool::Cargo && &*tool.subcommand != "run" => {}
            Effect::Tool(_) => {
                return Err(it.may_make(ran));
            }
            // The sources of nothing, with which the dependencies are built first.
            Effect::Other
                if ran.text.starts_with("rustup ")
                    || ran.text == "find . -name '*.rs' -exec touch {} +"
                    || (ran.text.starts_with("echo ") || ran.text.starts_with("touch "))
                        && ran.text.ends_with(".rs") =>
            {
                plan.handled.push(at);
            }
            _ => {}
        }
    }
    let (ran, path, folder) = built(it, &mut plan)?;
    let contents = data::contents(it, &RUST)?;
    let sources: Vec<&(String, String)> = contents.iter().flat_map(|(_, _, contents)| &contents.sources).collect();
    let own = |path: &str| {
        !path.ends_with("build.rs")
            && !path.contains("tests/")
            && !path.contains("benches/")
            && !path.contains("examples/")
    };
    let starts = sources
        .iter()
        .find(|(path, text)| own(path) && (text.contains("process::Command") || text.contains("Command::new")));
    let mut said: Vec<&str> = sources.iter().flat_map(|(_, text)| RUST.strings(text).0).collect();
    said.extend(it.program.words.iter().map(String::as_str));
    data::keep(it, &mut plan, &contents, &RUST, &|_| false, &said)?;

    let (crate_of, known) = linked(&it.tree, &folder)?;
    let packages = config::packages(it);
    let needed: Vec<&str> =
        packages.into_iter().filter(|name| !HARMLESS.contains(name) && !config::is_for_builds(name)).collect();
    let base = base(it, ran);
    let why = config::needs_base(it, &path)
        .or_else(|| starts.map(|(path, _)| format!("{path} starts other programs").into()))
        .or_else(|| crate_of.map(|name| format!("{name} is linked with a library of the system").into()))
        .or_else(|| (!needed.is_empty()).then(|| format!("the program may need {}", needed.join(" ")).into()))
        .or_else(|| base.is_none().then(|| "which release of Debian the program is linked with is not known".into()));
    let mut place = path.clone();
    if why.is_some() {
        config::same_base(it, &mut plan)?;
        plan.why_same = why;
    } else {
        plan.base = base.map(str::to_owned);
        let libraries = match base {
            Some(base) if base.contains("static") => "another file or program of the system than certificates",
            _ => "another library or program of the system than libc, libgcc, libstdc++ and OpenSSL",
        };
        let unknown = if known { "" } else { "there is no lock file to tell: " };
        plan.check(format!("{unknown}no crate needs {libraries}"));
        if it.program.form == Form::Plain {
            plan.command = Some(it.program.words.clone());
        }
        let (parent, _) = path.rsplit_once('/').unwrap_or_default();
        if it.program_path().is_none() && !config::PATH.contains(&parent) {
            place = format!("/usr/local/bin/{}", it.program.words[0]);
        }
    }
    plan.copies.insert(0, Copy { path, place, is_folder: false });
    Ok(plan)
}

/// The smaller base that has all that a program is linked with.
fn base(it: &Original<'_>, ran: &Ran<'_>) -> Option<&'static str> {
    let scope = it.view.scope(ran.index);
    let tool = ran.tool()?;
    let flags = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"];
    if flags.iter().any(|name| tool.setting(name).is_some() || scope.get(name) != Lookup::Unset) {
        return None;
    }
    let target = tool.value(&["--target"]).map(|value| value.literal.as_deref().unwrap_or("?"));
    let musl = match target {
        Some(target) => target.ends_with("-musl"),
        None => it.image.libc == Some(Libc::Musl),
    };
    if musl {
        return Some("gcr.io/distroless/static-debian12");
    }
    if target.is_some() && !target.is_some_and(|it| it.ends_with("-linux-gnu")) || it.image.family != Family::Debian {
        return None;
    }
    match it.image.release.as_deref() {
        Some("bookworm") => Some("gcr.io/distroless/cc-debian12"),
        Some("trixie") => Some("gcr.io/distroless/cc-debian13"),
        _ => None,
    }
}

/// The command that builds what the image runs, where that is, and the folder of its project in the context.
fn built<'o, 'v>(it: &'o Original<'v>, plan: &mut Plan) -> Result<(&'o Ran<'v>, String, String), Reason> {
    let mut made: Vec<(&Ran<'_>, String, String)> = Vec::new();
    for ran in &it.ran {
        let Some(tool) = ran.tool().filter(|tool| builds(tool)) else { continue };
        let line = it.line(ran.index);
        let unknown = || -> Reason { format!("line {line}: where `{}` writes is not known", ran.text).into() };
        if !tool.certain || tool.has(&["--manifest-path", "-C", "--config", "--artifact-dir", "--out-dir", "-Z"]) {
            return Err(unknown());
        }
        let scope = it.view.scope(ran.index);
        let value = |name: &str| -> Result<Option<String>, Reason> {
            match tool.setting(name) {
                Some(value) => value.map(|value| Some(value.to_owned())).ok_or_else(unknown),
                None => match scope.get(name) {
                    Lookup::Value(value) => Ok(Some(value)),
                    Lookup::Unset => Ok(None),
                    Lookup::Unknown => Err(unknown()),
                },
            }
        };
        let literal = |names: &[&str]| -> Result<Option<String>, Reason> {
            match tool.value(names) {
                Some(value) => value.literal.as_deref().map(|it| Some(it.to_owned())).ok_or_else(unknown),
                None => Ok(None),
            }
        };
        let cwd = match literal(&["--path"])? {
            Some(path) => join(Some(&ran.cwd), &path).ok_or_else(unknown)?,
            None => ran.cwd.clone(),
        };
        let folder = it.source_of(&cwd).or_else(|| {
            let manifest = it.source_of(&join(Some(&cwd), "Cargo.toml")?)?;
            Some(manifest.strip_suffix("Cargo.toml")?.trim_end_matches('/').to_owned())
        });
        let folder = folder.ok_or_else(|| format!("what is in {cwd} is not known"))?;
        for name in [".cargo/config.toml", ".cargo/config"] {
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            if it.tree.text(&path)?.is_some_and(|text| text.contains("target") || text.contains("rustflags")) {
                return Err(format!("{path} says what is built, and where").into());
            }
        }
        let names = programs(&it.tree, &folder)?;
        let into = if installs(tool) {
            match literal(&["--root"])? {
                Some(root) => format!("{}/bin", join(Some(&ran.cwd), &root).ok_or_else(unknown)?),
                None => "/usr/local/cargo/bin".to_owned(),
            }
        } else {
            let target = match literal(&["--target-dir"])?.or(value("CARGO_TARGET_DIR")?) {
                Some(target) => join(Some(&ran.cwd), &target).ok_or_else(unknown)?,
                None => join(Some(&ran.cwd), "target").ok_or_else(unknown)?,
            };
            let profile = match literal(&["--profile"])?.as_deref() {
                Some("dev" | "test") => "debug".to_owned(),
                Some("bench") => "release".to_owned(),
                Some(profile) => profile.to_owned(),
                None if tool.has(&["--release", "-r"]) => "release".to_owned(),
                None => "debug".to_owned(),
            };
            match literal(&["--target"])?.or(value("CARGO_BUILD_TARGET")?) {
                Some(triple) => format!("{target}/{triple}/{profile}"),
                None => format!("{target}/{profile}"),
            }
        };
        made.extend(names.into_iter().map(|name| (ran, format!("{into}/{name}"), folder.clone())));
    }
    // What is copied or moved elsewhere afterwards.
    for (at, ran) in it.ran.iter().enumerate() {
        let Effect::Copies(from, to) = &ran.effect else { continue };
        if let Some((build, path, folder)) = made.iter().find(|(_, path, _)| path == from).cloned() {
            let name = path.rsplit('/').next().unwrap_or_default();
            let to = if to.ends_with('/') || it.is_folder(ran.index, to) {
                format!("{}/{name}", to.trim_end_matches('/'))
            } else {
                to.clone()
            };
            made.push((build, to, folder));
            plan.handled.push(at);
        }
    }
    let wanted = it.program_path();
    let runs = |path: &str| match &wanted {
        Some(wanted) => wanted == path,
        None => {
            let (folder, name) = path.rsplit_once('/').unwrap_or_default();
            name == it.program.words[0] && (config::PATH.contains(&folder) || folder == "/usr/local/cargo/bin")
        }
    };
    let found = made.into_iter().rev().find(|(_, path, _)| runs(path));
    found.ok_or_else(|| {
        format!(
            "line {} runs `{}`, which no `cargo build` is known to make",
            it.line(it.program.index),
            it.program.words[0]
        )
        .into()
    })
}
