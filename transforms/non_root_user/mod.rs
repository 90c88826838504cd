//! See README.md: who the image runs as instead, what is made over to them, and what speaks against it.

mod account;
mod obstacle;
mod program;
mod used;

use std::ops::Range;

use crate::dockerfile::Kind;
use crate::images::Image;
use crate::rewrite::{self, lines};
use crate::scope::User;
use crate::source::Edit;
use crate::transform::paths::absolute;
use crate::transform::{Change, Field, Finding, On, Promise, Transform, View};
use account::Account;

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "the image runs as root, and so does whoever takes over its program";

fn find(view: &View<'_>) -> Vec<Finding> {
    let Some(last) = view.doc.stages().len().checked_sub(1) else { return Vec::new() };
    let end = view.scopes().after(last);
    let (User::Root, Some(image)) = (&end.user, &end.image) else { return Vec::new() };
    let ship =
        Ship { view, image, workdir: end.workdir.as_deref(), stage: view.doc.stages()[last].instructions.clone() };
    let from = vec![ship.stage.start];
    // What has no command of its own is a base for other images.
    let Some(programs) = program::of(&ship) else { return Vec::new() };
    let found = programs.and_then(|programs| {
        obstacle::of(&ship, &programs)?;
        let account = account::of(image)?;
        let change = ship.change(&account)?;
        used::against(&ship)?;
        Ok((change, ship.check(&account, &programs), account))
    });
    vec![match found {
        Ok(((instructions, change), check, account)) => {
            let message = match account.name {
                Some(name) => format!("{MESSAGE}: {} is its own account {name}", account.uid),
                None => MESSAGE.to_owned(),
            };
            Finding::review(instructions, message, check, change)
        }
        Err(reason) => Finding::held(from, MESSAGE, reason),
    }]
}

/// The last stage.
struct Ship<'v> {
    view: &'v View<'v>,
    image: &'v Image,
    workdir: Option<&'v str>,
    stage: Range<usize>,
}

impl Ship<'_> {
    /// The instructions that make the image, those of stages that it is built on included, in order.
    fn instructions(&self) -> impl Iterator<Item = usize> {
        let last = self.view.doc.stages().len() - 1;
        let mut stages: Vec<usize> = self.view.graph().chain(last).collect();
        stages.reverse();
        stages.into_iter().flat_map(|stage| self.view.doc.stages()[stage].instructions.clone())
    }

    /// The last instruction of the stage of which `is` holds.
    fn last(&self, is: impl Fn(&Kind) -> bool) -> Option<usize> {
        self.stage.clone().rev().find(|index| is(&self.view.instruction(*index).kind))
    }

    /// The folder that WORKDIR in `index` makes.
    fn workdir_of(&self, index: usize) -> Option<String> {
        let instruction = self.view.instruction(index);
        let Kind::Workdir(path) = &instruction.kind else { return None };
        absolute(self.view, index, &self.view.doc.word(instruction, *path))
    }

    /// The working directory, if WORKDIR made it and nothing of the system is in it.
    fn own_folder(&self) -> Option<&str> {
        let folder = self.workdir.filter(|folder| is_own(folder) && self.image.workdir != Some(folder))?;
        self.instructions().any(|index| self.workdir_of(index).as_deref() == Some(folder)).then_some(folder)
    }

    /// Folders that the image has for its program to write to: what WORKDIR and `mkdir` make outside of the system, and
    /// volumes.
    fn folders(&self) -> Vec<String> {
        let mut folders: Vec<String> = self.own_folder().map(str::to_owned).into_iter().collect();
        for index in self.instructions() {
            folders.extend(self.workdir_of(index).filter(|folder| is_own(folder)));
            if let Kind::Volume(words) = &self.view.instruction(index).kind {
                let paths = words.iter().map(|word| self.view.doc.word(self.view.instruction(index), *word));
                folders.extend(paths.map(|path| path.trim_end_matches('/').to_owned()));
            }
            let Some(script) = self.view.script(index) else { continue };
            for simple in script.commands() {
                let words: Option<Vec<&str>> = simple.words.iter().map(|word| word.literal.as_deref()).collect();
                let Some(["mkdir", paths @ ..]) = words.as_deref() else { continue };
                let plain = paths.iter().filter(|path| path.starts_with('/') && is_own(path));
                for path in plain.map(|path| path.trim_end_matches('/')) {
                    let taken_away = script.text().matches(path).count() > 1 && script.text().contains("rm ");
                    if !taken_away {
                        folders.push(path.to_owned());
                    }
                }
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
        folders
    }

    /// The change, and the instructions that it is about.
    fn change(&self, account: &Account) -> Result<(Vec<usize>, Change), String> {
        let doc = self.view.doc;
        let run = self.last(|kind| matches!(kind, Kind::Run(_)));
        let makes = |kind: &Kind| {
            matches!(
                kind,
                Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) | Kind::Workdir(_) | Kind::Shell(_) | Kind::Arg(_)
            )
        };
        // Behind the last RUN, so that none runs in a folder of somebody else: git refuses that, and npm changes its user.
        let at = run.unwrap_or(self.stage.start) + 1;
        let scope =
            if at < self.stage.end { self.view.scope(at) } else { self.view.scopes().after(doc.stages().len() - 1) };
        if account.shell && !scope.shell.posix {
            return Err("SHELL names no shell of POSIX".into());
        }
        let made = self.last(makes).map_or(at, |index| index + 1).max(at);
        let user = (made..self.stage.end)
            .find(|index| matches!(self.view.instruction(*index).kind, Kind::Cmd(_) | Kind::Entrypoint(_)))
            .unwrap_or(self.stage.end);
        let mut instructions = vec![self.stage.start];
        let mut edits = Vec::new();
        let mut promises = vec![Promise::User, Promise::Config(Field::User), Promise::Moves, Promise::Transfer];
        let (uid, gid) = (account.uid, account.gid);
        let mut commands: Vec<String> = account.commands.iter().map(|&command| command.to_owned()).collect();
        let folders = if account.shell { self.folders() } else { Vec::new() };
        if !folders.is_empty() {
            // WORKDIR and VOLUME may make them only later, for root.
            let later: Vec<&str> =
                folders.iter().map(String::as_str).filter(|folder| !self.is_made_before(folder, at)).collect();
            if !later.is_empty() {
                commands.push(format!("mkdir -p {}", later.join(" ")));
            }
            commands.push(format!("chown {uid}:{gid} {}", folders.join(" ")));
        }
        let line_break = rewrite::line_break(doc, self.view.instruction(self.stage.start).span.start);
        let mut above = Vec::new();
        if !commands.is_empty() {
            above.push(format!("RUN {}", commands.join(&format!(" {}{line_break}    && ", doc.escape()))));
            promises.extend(commands.into_iter().map(|command| Promise::AddsCommand(command.into())));
        }
        let user_line = format!("USER {uid}:{gid}");
        if user == at {
            above.push(user_line);
            edits.push(lines::insert_before(doc, at, &above)?);
        } else {
            edits.push(lines::insert_before(doc, user, &[user_line])?);
            if !above.is_empty() {
                edits.push(lines::insert_behind(doc, at - 1, &above)?);
            }
        }
        for index in at..self.stage.end {
            if account.shell && self.is_own_copy(index) {
                edits.push(lines::add_flag(self.view.instruction(index), &format!("--chown={uid}:{gid}")));
                instructions.push(index);
            }
        }
        edits.sort_by_key(|edit: &Edit| edit.span.start);
        Ok((instructions, Change::new(edits, promises).map_err(|error| error.to_string())?))
    }

    /// Whether WORKDIR or `mkdir` makes `folder` before instruction `at`.
    fn is_made_before(&self, folder: &str, at: usize) -> bool {
        self.instructions().take_while(|index| *index < at).any(|index| {
            let instruction = self.view.instruction(index);
            match &instruction.kind {
                Kind::Workdir(_) => self.workdir_of(index).as_deref() == Some(folder),
                _ => self.view.script(index).is_some_and(|script| {
                    let is = |word: &crate::shell::Word| {
                        word.literal.as_deref().is_some_and(|literal| literal.trim_end_matches('/') == folder)
                    };
                    let mut made =
                        script.commands().into_iter().filter(|it| script.slice(it.span).starts_with("mkdir "));
                    made.any(|simple| simple.words.iter().any(is))
                }),
            }
        })
    }

    /// Whether instruction `index` copies into the folder of the program, and says nothing of an owner.
    fn is_own_copy(&self, index: usize) -> bool {
        self.is_into_own_folder(index) && !self.view.doc.has_flag(self.view.instruction(index), "chown")
    }

    /// Whether instruction `index` copies into the folder of the program.
    fn is_into_own_folder(&self, index: usize) -> bool {
        let instruction = self.view.instruction(index);
        let (Kind::Copy(transfer) | Kind::Add(transfer)) = &instruction.kind else { return false };
        let to = absolute(self.view, index, &self.view.doc.word(instruction, transfer.destination));
        let inside =
            |to: &str, folder: &str| to == folder || to.strip_prefix(folder).is_some_and(|it| it.starts_with('/'));
        self.own_folder().is_some_and(|folder| to.is_some_and(|to| inside(&to, folder)))
    }

    /// What a person has to look at.
    fn check(&self, account: &Account, programs: &[program::Program]) -> String {
        let folders = if account.shell { self.folders() } else { Vec::new() };
        let places = match &folders[..] {
            [] => String::new(),
            folders => format!("{}, ", folders.join(", ")),
        };
        let mut check = format!("the program needs no root, and writes to {places}{} alone", account.writes);
        let privileged = ["80", "443"].into_iter().filter(|port| {
            let is =
                |word: &String| word == port || word.strip_suffix(port).is_some_and(|rest| rest.ends_with([':', '=']));
            programs.iter().flatten().any(is)
        });
        let (mut ports, mut volumes): (Vec<String>, bool) = (privileged.map(str::to_owned).collect(), false);
        for index in self.instructions() {
            let instruction = self.view.instruction(index);
            match instruction.kind {
                Kind::Expose(_) => {
                    let words = self.view.doc.joined(instruction, instruction.arguments);
                    let numbers =
                        words.split_whitespace().filter_map(|word| word.split('/').next()?.parse::<u32>().ok());
                    ports.extend(numbers.filter(|port| *port < 1024).map(|port| port.to_string()));
                }
                Kind::Volume(_) => volumes = true,
                _ => {}
            }
        }
        for port in used::ports(self) {
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        if !ports.is_empty() {
            ports.dedup();
            check += &format!(
                "; where it runs, port {} may be listened on without privilege (Docker and containerd 2 allow it)",
                ports.join(", ")
            );
        }
        if volumes {
            check += "; the files of volumes that exist already are given to it";
        }
        if let Some(mounts) = used::mounts(self) {
            check += &format!("; what {mounts} is given to it");
        }
        if let Some(users) = used::users(self) {
            check += &format!("; {users}");
        }
        check + "; no image that is built on this one needs root"
    }
}

/// Whether `folder` is none that a system has.
fn is_own(folder: &str) -> bool {
    const SYSTEM: &[&str] =
        &["bin", "boot", "dev", "etc", "lib", "lib64", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "var"];
    let mut names = folder.split('/').filter(|name| !name.is_empty());
    let (first, second) = (names.next(), names.next());
    let plain =
        folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte)) && !folder.contains("..");
    plain
        && match first {
            None => false,
            Some("usr") => folder.starts_with("/usr/src/") && second.is_some(),
            Some("var") => folder.starts_with("/var/www/") && !folder.starts_with("/var/www/html"),
            Some("home" | "opt" | "srv" | "mnt" | "media") => second.is_some(),
            Some(first) => !SYSTEM.contains(&first),
        }
}
