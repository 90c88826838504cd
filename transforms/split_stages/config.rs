//! What the last stage needs of its base: accounts, packages, a shell, and what RUNs made besides the program.

use super::Reason;
use super::edit::{Copy, Plan, uses};
use super::original::{Form, Original, holds};
use super::steps::Effect;
use crate::dockerfile::{Command, Kind};
use crate::transform::paths::join;

/// Where a runtime looks for a program, in every image.
pub const PATH: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Packages that are installed.
pub fn packages<'o>(it: &'o Original<'_>) -> Vec<&'o str> {
    let names =
        it.ran.iter().filter_map(|ran| if let Effect::Packages(names) = &ran.effect { Some(names) } else { None });
    names.flatten().map(|name| &**name).collect()
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

/// Why what RUN `index` makes at `path` is not in the image: a mount is there.
pub fn hidden(it: &Original<'_>, index: usize, path: &str) -> Option<Reason> {
    let mounts = it.view.doc.mounts(it.view.instruction(index));
    let over = mounts.iter().filter_map(|mount| mount.get("target").or_else(|| mount.get("dst"))).any(|target| {
        join(Some(it.view.scope(index).workdir.as_deref().unwrap_or("/")), target).is_none_or(|it| holds(&it, path))
    });
    over.then(|| format!("line {} makes {path} in a mount", it.line(index)).into())
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
    for ran in it.ran.iter().filter(|ran| !plan.repeats.contains(&ran.index)) {
        let line = it.line(ran.index);
        match &ran.effect {
            Effect::Other => {
                return Err(format!("line {line}: `{}` may make something that the program needs", ran.text).into());
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
    for ran in &it.ran {
        for path in ran.made() {
            let removed = it
                .ran
                .iter()
                .any(|other| matches!(&other.effect, Effect::Removes(paths) if paths.iter().any(|it| holds(it, path))));
            let filled = plan.copies.iter().any(|copy| holds(path, &copy.place));
            let there = path == &it.workdir || crate::transform::copied::is_of_the_system(path);
            if !removed && !filled && !there && !plan.repeats.contains(&ran.index) {
                plan.copy(Copy::same(path.clone(), true));
            }
        }
    }
    Ok(())
}

/// What has to be true of the surroundings.
pub fn surroundings(it: &Original<'_>, plan: &mut Plan) {
    let Kind::From(parts) = it.view.instruction(it.from).kind else { return };
    let name = parts.name.map(|name| it.view.doc.word(it.view.instruction(it.from), name).into_owned());
    let over = if it.workdir == "/" { "the sources" } else { &it.workdir };
    plan.check(match name {
        Some(name) => format!("nothing that builds {name} needs its sources or tools, or mounts over {over}"),
        None => format!("nothing needs the sources or tools that were in the image, or mounts over {over}"),
    });
}
