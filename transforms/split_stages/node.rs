//! Node: a server with what it needs of `node_modules`, or a folder that is served, on the slim image of the same tag.

use super::edit::{Apart, Copy, Plan};
use super::original::{Original, holds};
use super::steps::{Effect, Ran};
use super::{Reason, config, data, scripts};
use crate::commands::{Invocation, Tool, Verb};
use crate::context::node::{self, How, LIFECYCLE, Manager};
use crate::context::package::{Package, compiled};
use crate::context::sources::{Contents, JAVASCRIPT, TYPESCRIPT};
use crate::context::{heavy, yarn};
use crate::dockerfile::{Kind, Lookup};
use crate::transform::paths::join;

/// Whether a command installs or builds a project.
pub fn builds(it: &Invocation) -> bool {
    matches!(it.tool, Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun)
        && (it.verb == Verb::Install && !is_global(it) || it.verb == Verb::Run && script_of(it).is_some())
}

fn is_global(it: &Invocation) -> bool {
    it.has(&["-g", "--global"]) || it.subcommand.starts_with("global")
}

/// The script of package.json that a command runs.
fn script_of(it: &Invocation) -> Option<&str> {
    match &*it.subcommand {
        "run" | "run-script" => it.literals().next(),
        other => Some(other).filter(|_| matches!(it.tool, Tool::Yarn | Tool::Pnpm) && it.verb == Verb::Run),
    }
}

/// What is known of a project.
struct Project<'o, 'v> {
    it: &'o Original<'v>,
    package: Package,
    /// Its folder in the context.
    folder: String,
    /// What starts, in the end.
    start: Vec<String>,
}

/// The plan.
pub fn plan(it: &Original<'_>) -> Result<Plan, Reason> {
    let folder = it.source_of(&it.workdir).or_else(|| {
        let manifest = join(Some(&it.workdir), "package.json")?;
        Some(it.source_of(&manifest)?.strip_suffix("package.json")?.trim_end_matches('/').to_owned())
    });
    let folder = folder.ok_or_else(|| format!("which project is in {} is not known", it.workdir))?;
    let package =
        Package::of(&it.tree, &folder)?.ok_or_else(|| format!("there is no package.json in {}", it.workdir))?;
    if let Some(name) = package.local() {
        return Err(format!("package.json has {name} of the project itself, to which links are made").into());
    }
    let start = scripts::start(&package, &it.program.words)?;
    if let Some(reason) = scripts::development(&start) {
        return Err(reason);
    }
    if holds(&it.workdir, "/usr/local/bin") || crate::transform::copied::is_of_the_system(&it.workdir) {
        return Err(format!("the project is in {}", it.workdir).into());
    }
    let project = Project { it, package, folder, start };
    let mut plan = Plan::default();
    project.commands(&mut plan)?;
    if let Some((server, served)) = served(&project.start) {
        let modules = project.site(&mut plan, server, served)?;
        project.base(&mut plan, modules)?;
    } else {
        project.base(&mut plan, true)?;
        project.server(&mut plan)?;
    }
    Ok(plan)
}

impl Project<'_, '_> {
    /// What is not written in RUNs of the file itself: installations and scripts of the project.
    fn commands(&self, plan: &mut Plan) -> Result<(), Reason> {
        let it = self.it;
        for (at, ran) in it.ran.iter().enumerate() {
            let line = it.line(ran.index);
            let may = || it.may_make(ran);
            let tool = match (&ran.effect, ran.text.starts_with("corepack ")) {
                (Effect::Tool(tool), _) => tool,
                (Effect::Other, true) if !matches!(&*it.program.words[0], "yarn" | "pnpm") => {
                    plan.handled.push(at);
                    continue;
                }
                _ => continue,
            };
            match (tool.tool, tool.verb) {
                (Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun, Verb::Clean | Verb::Configure) => {}
                (Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun, Verb::Install) if is_global(tool) => {
                    self.global(plan, ran, tool)?;
                }
                (Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun, Verb::Install | Verb::Download | Verb::Remove)
                | (Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun, Verb::Build)
                | (Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun, Verb::Run) => {
                    let kept = || match yarn::release(it.tree.world(), &self.folder) {
                        Some(yarn::Release::Classic | yarn::Release::Berry { global: true }) => true,
                        Some(yarn::Release::Berry { global: false }) | None => false,
                    };
                    if tool.tool == Tool::Yarn && !kept() {
                        return Err("yarn may keep packages outside of the project".into());
                    }
                    if ran.cwd != it.workdir
                        || tool.has(&["--prefix", "-C", "--dir", "--cwd", "--filter", "-F", "-w", "--workspace"])
                    {
                        return Err(format!("line {line}: `{}` is about another folder", ran.text).into());
                    }
                    if tool.verb == Verb::Run
                        && !matches!(&*tool.subcommand, "test" | "t")
                        && script_of(tool).is_none_or(|name| self.package.script(name).is_none())
                    {
                        return Err(may());
                    }
                }
                (Tool::Npx, _)
                    if tool
                        .literals()
                        .next()
                        .is_some_and(|name| matches!(name, "tsc" | "nest" | "vite" | "eslint" | "rimraf")) => {}
                _ => return Err(may()),
            }
        }
        Ok(())
    }

    /// `npm install -g`: again where it is what starts.
    fn global(&self, plan: &mut Plan, ran: &Ran<'_>, tool: &Invocation) -> Result<(), Reason> {
        let line = self.it.line(ran.index);
        let names: Vec<&str> = tool
            .literals()
            .map(|name| name.rsplit_once('@').map_or(name, |(start, _)| if start.is_empty() { name } else { start }))
            .collect();
        let words = [&self.it.program.words[0], &self.start[0]];
        let runs = |name: &str| {
            words.iter().any(|word| **word == name) || name == "@angular/cli" && words.iter().any(|word| **word == "ng")
        };
        if !tool.literal() || !names.iter().any(|name| runs(name)) {
            if tool.literal()
                && names.iter().all(|name| {
                    matches!(
                        *name,
                        "npm"
                            | "yarn"
                            | "pnpm"
                            | "typescript"
                            | "@nestjs/cli"
                            | "@angular/cli"
                            | "vite"
                            | "@vue/cli"
                            | "node-gyp"
                            | "rimraf"
                            | "corepack"
                            | "ts-node"
                            | "nodemon"
                    )
                })
            {
                return Ok(());
            }
            plan.check(format!("nothing at run time needs what `{}` installs", ran.text));
            return Ok(());
        }
        let alone = self.it.ran.iter().filter(|other| other.index == ran.index).all(|other| {
            matches!(other.effect, Effect::Nothing)
                || other.tool().is_some_and(|it| matches!(it.verb, Verb::Clean | Verb::Configure) || is_global(it))
        });
        if !alone {
            return Err(format!("line {line} installs what starts, and does something else, too").into());
        }
        // Where nothing is built behind it, it need not run there.
        if self.it.tail == ran.index + 1 && !self.it.brought.iter().any(|copy| copy.index > ran.index) {
            plan.moves.push(ran.index);
        } else {
            plan.repeats.push(ran.index);
        }
        Ok(())
    }

    /// The slim image of the same tag, if nothing needs more; `modules`: the packages are part of it.
    fn base(&self, plan: &mut Plan, modules: bool) -> Result<(), Reason> {
        let it = self.it;
        if !modules {
            match config::slim(it) {
                Ok(base) => plan.base = base,
                Err(reason) => plan.why_same = Some(reason),
            }
            return config::packages_again(it, plan, plan.why_same.is_some());
        }
        let heavy = heavy::NODE.iter().find(|name| {
            self.package.has("dependencies", name) || self.package.has("devDependencies", name) && self.installs_all()
        });
        let all = data::contents(it, &JAVASCRIPT)?;
        let spawns = strings(&all).iter().any(|text| matches!(*text, "child_process" | "node:child_process"));
        let why = match config::slim(it) {
            _ if spawns => Some("the sources start other programs".into()),
            Ok(None) => None,
            Err(reason) => Some(reason),
            Ok(Some(_)) if it.tree.has(&format!("{}binding.gyp", prefix(&self.folder)))? => {
                Some("binding.gyp is compiled".into())
            }
            Ok(Some(base)) => match heavy {
                Some(name) => Some(format!("{name} may need what the slim image lacks").into()),
                None => {
                    plan.base = Some(base);
                    match compiled(&it.tree, &self.folder) {
                        Some(names) if !names.is_empty() => {
                            plan.check(format!(
                                "{} need no library or program that the slim image lacks",
                                names.join(", ")
                            ));
                        }
                        Some(_) => {}
                        None => plan.check("no package needs a library or program that the slim image lacks"),
                    }
                    None
                }
            },
        };
        plan.why_same = why;
        config::packages_again(it, plan, plan.why_same.is_some())
    }

    /// Whether packages for development are kept.
    fn installs_all(&self) -> bool {
        self.prune().is_none()
    }

    /// A folder that a server of files serves; whether the server is one of the packages.
    fn site(&self, plan: &mut Plan, server: &str, served: Option<&str>) -> Result<bool, Reason> {
        let it = self.it;
        let served = served.ok_or_else(|| format!("which folder `{server}` serves is not known"))?;
        let place = join(Some(&it.workdir), served).ok_or("which folder is served is not known")?;
        if holds(&place, &it.workdir) {
            return Err(format!("`{server}` serves the whole of {}", it.workdir).into());
        }
        let global = !plan.repeats.is_empty() || !plan.moves.is_empty();
        let mut own = false;
        let fetched = it.program.words[0] == "npx";
        if !global && (self.package.has("dependencies", server) || self.package.has("devDependencies", server)) {
            own = true;
            let modules = join(Some(&it.workdir), "node_modules").ok_or("where the packages are is not known")?;
            plan.copy(Copy::same(modules, true));
            plan.copy(Copy::same(join(Some(&it.workdir), "package.json").unwrap_or_default(), false));
            if let (true, Some(command)) = (self.package.has("dependencies", server), self.prune()) {
                plan.appended.push(command);
            }
        } else if !global && !fetched {
            return Err(format!("no command is known to install `{server}`").into());
        } else if it.program.words[0] != self.start[0] && !fetched {
            plan.copy(Copy::same(join(Some(&it.workdir), "package.json").unwrap_or_default(), false));
        }
        for word in self.start.iter().filter(|word| !word.starts_with('-') && *word != served) {
            let Some(place) = join(Some(&it.workdir), word) else { continue };
            if it.source_of(&place).is_some_and(|path| it.tree.has(&path) == Ok(true)) {
                plan.copy(Copy::same(place, false));
            }
        }
        plan.copy(Copy::same(place, true));
        plan.check(format!("what is served is all in {served}"));
        Ok(own)
    }

    /// A server written for Node.
    fn server(&self, plan: &mut Plan) -> Result<(), Reason> {
        let it = self.it;
        let program = self.start[0].rsplit('/').next().unwrap_or_default();
        let known = match program {
            "node" => true,
            "next" => self.start.get(1).is_some_and(|word| word == "start"),
            "remix-serve" | "react-router-serve" => true,
            _ => false,
        };
        if !known {
            return Err(format!(
                "line {} runs `{}`, of which it is not known what it needs",
                it.line(it.program.index),
                self.start.join(" ")
            )
            .into());
        }
        let entry = if program == "node" { Some(self.entry()?) } else { None };
        // What is not in the context is made by the build.
        let output = entry.as_deref().and_then(|entry| self.output(entry));
        let pruned = self.prune();
        let modules = join(Some(&it.workdir), "node_modules").ok_or("where the packages are is not known")?;
        let contents = data::contents(it, &TYPESCRIPT)?;
        let all = data::contents(it, &JAVASCRIPT)?;
        let strings = strings(&all);
        let known_build = output.as_deref().is_some_and(|output| {
            it.ran.iter().filter_map(Ran::tool).filter(|tool| tool.verb == Verb::Run).all(|tool| {
                tool.tool == Tool::Npx
                    || matches!(&*tool.subcommand, "test" | "t")
                    || script_of(tool).is_some_and(|name| scripts::makes_only(&self.package, name, output, 0))
            })
        });
        let named = |name: &str| {
            strings
                .iter()
                .chain(&self.start.iter().map(String::as_str).collect::<Vec<_>>())
                .any(|text| *text == name || text.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')))
        };
        let needed = self.package.names("devDependencies").find(|name| !name.starts_with("@types/") && named(name));
        let prune = match (&pruned, needed) {
            (Some(command), None) => Some(command.clone()),
            _ => None,
        };
        if let (Some(output), true) = (&output, known_build) {
            let mut said = strings;
            said.extend(self.start.iter().map(String::as_str));
            plan.copy(Copy::same(join(Some(&it.workdir), "package.json").unwrap_or_default(), false));
            if self.package.names("dependencies").next().is_some() {
                plan.copy(Copy::same(modules, true));
            }
            plan.copy(Copy::same(join(Some(&it.workdir), output).unwrap_or_default(), true));
            data::keep(it, plan, &contents, &TYPESCRIPT, &|_| false, &said)?;
        } else {
            if plan.base.is_none() && prune.is_none() {
                let why = plan.why_same.as_deref().unwrap_or("the base is as small as it gets");
                return Err(format!("nothing would be saved: the sources are what runs, and {why}").into());
            }
            plan.copy(Copy::same(it.workdir.clone(), true));
            data::keep(it, plan, &contents, &TYPESCRIPT, &|_| false, &[])?;
            plan.copies.retain(|copy| copy.place == it.workdir || !holds(&it.workdir, &copy.place));
            if it.ran.iter().filter_map(Ran::tool).any(|tool| tool.verb == Verb::Run) {
                plan.check(format!("the scripts of package.json write nothing outside of {}", it.workdir));
            }
        }
        if let Some(command) = prune {
            let whole = plan.copies.iter().any(|copy| copy.place == it.workdir);
            match self.apart(&command).filter(|_| !whole) {
                Some(apart) => plan.apart = Some(apart),
                None => plan.appended.push(command),
            }
            plan.check("nothing at run time needs a package of devDependencies");
        }
        Ok(())
    }

    /// A stage that installs what the server needs, and does not run again with each build, where that gives what
    /// `prune` leaves: `npm ci` of a lock file, of manifests that come first, and no script that runs with it.
    fn apart(&self, prune: &str) -> Option<Apart> {
        let it = self.it;
        let path = join(Some(&it.workdir), "node_modules")?;
        let tools = || it.ran.iter().filter_map(|ran| Some((ran, ran.tool()?)));
        let mut installs = tools().filter(|(_, tool)| !matches!(tool.verb, Verb::Run | Verb::Clean | Verb::Configure));
        let (ran, tool) = installs.next()?;
        let alone = installs.next().is_none() && it.ran.iter().filter(|other| other.index == ran.index).count() == 1;
        let ci = tool.tool == Tool::Npm && matches!(&*tool.subcommand, "ci" | "clean-install");
        let known = tool.flags.iter().all(|flag| FLAGS_OF_CI.contains(&&*flag.name)) && tool.certain;
        if !alone || !ci || !known || !tool.environment.is_empty() || !prune.starts_with("npm prune --omit=dev") {
            return None;
        }
        // Nobody else writes there.
        let meets = |place: &String| holds(&path, place) || holds(place, &path) && *place != it.workdir;
        let touched = it.ran.iter().any(|ran| match &ran.effect {
            Effect::Removes(paths) | Effect::Makes(paths) | Effect::Modes(paths) | Effect::Owns(paths) => {
                paths.iter().any(meets)
            }
            Effect::Copies(from, to) => meets(from) || meets(to),
            _ => false,
        });
        if touched || it.tree.has_folder(&format!("{}node_modules", prefix(&self.folder))) {
            return None;
        }
        let how = How { frozen: true, clean: true, no_scripts: tool.has(&["--ignore-scripts"]) };
        let needs = node::install(&it.tree, &self.folder, Manager::Npm, how).ok()?;
        let scripts = LIFECYCLE.iter().any(|name| self.package.script(name).is_some());
        let plain = needs.checks.is_empty() && needs.folders.is_empty() && !scripts;
        if !plain || compiled(&it.tree, &self.folder).is_none_or(|names| !names.is_empty()) {
            return None;
        }
        let before = || it.brought.iter().filter(|copy| copy.index < ran.index);
        let manifests = before().all(|copy| copy.folder.is_none())
            && needs.files.iter().all(|file| before().flat_map(|copy| &copy.files).any(|(source, _)| source == file));
        let instructions: Vec<usize> = (it.from + 1..=ran.index).collect();
        let same = instructions.iter().all(|index| {
            let kind = &it.view.instruction(*index).kind;
            *index == ran.index || matches!(kind, Kind::Workdir(_) | Kind::Copy(_) | Kind::Env(_) | Kind::Arg(_))
        });
        let (script, _) = ran.simple?;
        let at = script.map().behind(tool.verb_end)?;
        (manifests && same).then_some(Apart { path, instructions, flag: (at, "--omit=dev") })
    }

    /// The file that node runs, below the working directory.
    fn entry(&self) -> Result<String, Reason> {
        let mut words = self.start[1..].iter();
        while let Some(word) = words.next() {
            if matches!(&**word, "-r" | "--require" | "--import" | "--loader" | "--experimental-loader") {
                words.next();
            } else if matches!(&**word, "-e" | "--eval" | "-p" | "--run" | "-") {
                break;
            } else if !word.starts_with('-') {
                let word = if word == "." { self.package.main().unwrap_or("index.js") } else { word };
                let place = join(Some(&self.it.workdir), word).unwrap_or_default();
                let rest = place.strip_prefix(&*self.it.workdir).map(|rest| rest.trim_start_matches('/'));
                let rest = rest.filter(|rest| !rest.is_empty() && !rest.ends_with(".ts"));
                return rest
                    .map(str::to_owned)
                    .ok_or_else(|| format!("what `{}` runs is not known", self.start.join(" ")).into());
            }
        }
        Err(format!("what `{}` runs is not known", self.start.join(" ")).into())
    }

    /// The folder at the top of the project that holds `entry` and is made by the build.
    fn output(&self, entry: &str) -> Option<String> {
        let (top, _) = entry.split_once('/')?;
        let path = format!("{}{top}", prefix(&self.folder));
        (!self.it.tree.has_folder(&path)).then(|| top.to_owned())
    }

    /// The command that takes the packages for development out, if one is known and there are any.
    fn prune(&self) -> Option<String> {
        let it = self.it;
        self.package.names("devDependencies").next()?;
        self.package.names("dependencies").next()?;
        let end = if it.tail < it.end { it.view.scope(it.tail) } else { it.view.scopes().after(0) };
        // It is compiled when the server starts.
        if self.it.tree.has(&format!("{}next.config.ts", prefix(&self.folder))) != Ok(false) {
            return None;
        }
        let mut manager = None;
        let mut legacy = "";
        for ran in &it.ran {
            let Some(tool) = ran.tool().filter(|tool| tool.verb == Verb::Install && !is_global(tool)) else { continue };
            let production = matches!(it.view.scope(ran.index).get("NODE_ENV"), Lookup::Value(value) if value == "production")
                || tool.setting("NODE_ENV") == Some(Some("production"));
            let all = !production
                && !tool.has(&["--production", "--prod", "-P", "--only", "--omit"])
                && matches!(it.view.scope(ran.index).get("NODE_ENV"), Lookup::Unset | Lookup::Value(_))
                && tool.operands.is_empty()
                && it.view.scope(ran.index).user == end.user;
            if !all || manager.is_some_and(|other| other != tool.tool) {
                return None;
            }
            manager = Some(tool.tool);
            if tool.has(&["--legacy-peer-deps", "--force", "-f"]) {
                legacy = " --legacy-peer-deps";
            }
        }
        let major = it.image.version.as_deref().and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        match manager? {
            Tool::Npm if major.is_none_or(|major| major >= 16) => Some(format!("npm prune --omit=dev{legacy}")),
            Tool::Npm => Some(format!("npm prune --production{legacy}")),
            Tool::Yarn if yarn::release(it.tree.world(), &self.folder) == Some(yarn::Release::Classic) => {
                Some("yarn install --production --ignore-scripts --prefer-offline".into())
            }
            _ => None,
        }
    }
}

/// Options of `npm ci` that change nothing of what it installs, or the same with `--omit=dev`.
const FLAGS_OF_CI: &[&str] = &[
    "--audit",
    "--fund",
    "--ignore-scripts",
    "--legacy-peer-deps",
    "--loglevel",
    "--no-audit",
    "--no-fund",
    "--no-progress",
    "--no-update-notifier",
    "--prefer-offline",
    "--progress",
    "--quiet",
    "--silent",
    "-q",
    "-s",
];

/// The strings in sources.
fn strings(contents: &[(String, String, Contents)]) -> Vec<&str> {
    let sources = contents.iter().flat_map(|(_, _, contents)| &contents.sources);
    sources.flat_map(|(_, text)| JAVASCRIPT.strings(text).0).collect()
}

fn prefix(folder: &str) -> String {
    if folder.is_empty() { String::new() } else { format!("{folder}/") }
}

/// The server of files that starts, and the folder that it serves.
fn served(start: &[String]) -> Option<(&'static str, Option<&str>)> {
    let words = match &*start[0] {
        "npx" => start[1..].iter().position(|word| !word.starts_with('-')).map(|at| &start[at + 1..])?,
        _ => start,
    };
    let (name, valued): (&str, &[&str]) = match &*words[0] {
        "serve" => ("serve", &["-l", "--listen", "-p", "--port", "-c", "--config"]),
        "http-server" => ("http-server", &["-p", "--port", "-a", "-c", "-P", "--proxy", "-e", "--ext"]),
        _ => return None,
    };
    let mut folder = None;
    let mut rest = words[1..].iter();
    while let Some(word) = rest.next() {
        if valued.contains(&&**word) {
            rest.next();
        } else if !word.starts_with('-') {
            folder.get_or_insert(&**word);
        }
    }
    Some((if name == "serve" { "serve" } else { "http-server" }, folder))
}
