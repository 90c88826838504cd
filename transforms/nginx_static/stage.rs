//! The last stage: what of it stays, what goes with the server, and what stands in the way.

use std::ops::Range;

use super::server::{Program, Server, Version, package};
use super::{Reason, around, words};
use crate::commands::{self, Tool, Verb, recognise};
use crate::dockerfile::{Base, Instruction, Kind, Lookup, Transfer};
use crate::images::Image;
use crate::rewrite::lines;
use crate::scope::{Source, User};
use crate::source::{Edit, Span};
use crate::transform::paths::{Relation, absolute, join, of_word, relation};
use crate::transform::{Change, Field, Promise, View};

/// What takes the place of the base. <https://github.com/nginx/docker-nginx-unprivileged>
const NGINX: &str = "nginxinc/nginx-unprivileged:alpine";

/// The folder that it serves, and the file that says how.
const ROOT: &str = "/usr/share/nginx/html";
const CONFIGURATION: &str = "/etc/nginx/conf.d/default.conf";

/// What only Node reads.
const OF_NODE: &[&str] = &[
    ".npmrc",
    "node_modules",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "package*.json",
    "package.json",
    "pnpm-lock.yaml",
    "yarn.lock",
];

/// The last stage.
pub struct Stage<'v> {
    pub view: &'v View<'v>,
    pub image: &'v Image,
    /// Its number.
    pub last: usize,
    /// Its instructions.
    pub range: Range<usize>,
}

/// What is done to it.
#[derive(Default)]
struct Plan {
    edits: Vec<Edit>,
    claimed: Vec<usize>,
    promises: Vec<Promise>,
    /// The first COPY of what is served.
    first: Option<usize>,
    /// Servers that RUNs install.
    installed: Vec<(Program, Version)>,
    /// It brings packages of its own.
    modules: bool,
}

impl Stage<'_> {
    /// Whether a RUN does more than to install a server.
    pub fn builds(&self) -> bool {
        self.runs().any(|index| self.installs(index, &mut Vec::new()).is_err())
    }

    fn runs(&self) -> impl Iterator<Item = usize> {
        self.range.clone().filter(|index| matches!(self.view.instruction(*index).kind, Kind::Run(_)))
    }

    fn line(&self, index: usize) -> usize {
        self.view.doc.line(self.view.instruction(index).span.start)
    }

    /// The instructions that the change is about, what has to be true, and the change. `command` starts the server.
    pub fn change(&self, command: usize, entrypoint: Option<usize>) -> Result<(Vec<usize>, String, Change), Reason> {
        if !self.view.dialect().has_heredocs() {
            return Err("the builder knows no here-document in COPY".into());
        }
        if let Some(index) = entrypoint {
            return Err(format!("line {} has an ENTRYPOINT of its own", self.line(index)).into());
        }
        let from = self.base()?;
        let server = Server::of(&words(self.view, command))?;
        let scope = self.view.scopes().after(self.last);
        let folder = join(scope.workdir.as_deref(), server.folder.as_deref().unwrap_or("."))
            .ok_or("which folder is served is not known")?;
        if folder == "/" || folder.starts_with("/etc/") {
            return Err(format!("`{}` serves {folder}", server.program.name()).into());
        }
        let kept = self.user()?;
        let mut plan = Plan { claimed: vec![self.range.start], ..Plan::default() };
        plan.edits.push(Edit::replace(self.view.doc.text(), from, NGINX));
        plan.promises.extend([Promise::Serves, Promise::Base, Promise::Config(Field::Cmd)]);
        for index in self.range.clone().skip(1) {
            self.instruction(index, &folder, &server, kept, &mut plan)?;
        }
        let first = plan.first.ok_or_else(|| format!("no COPY of its own brings {folder}"))?;
        let version = version(&server, &plan)?;
        let (port, said) = match server.port {
            Some(port) => (port, true),
            None => (self.port(server.program, version)?, false),
        };
        if port < 1024 {
            return Err(format!("port {port} takes a privilege, which nginx does not have there").into());
        }
        around::against(self, &folder, port)?;
        if server.program == Program::Serve {
            around::configured(self)?;
        }
        let lower = self.view.doc.slice(self.view.instruction(first).keyword).starts_with('c');
        let mut inserted = vec![format!("{} <<'EOF' {CONFIGURATION}", if lower { "copy" } else { "COPY" })];
        inserted.extend(server.configuration(port));
        inserted.push("EOF".into());
        plan.edits.push(lines::insert_before(self.view.doc, first, &inserted)?);
        let user = match (kept, &scope.user) {
            (Some(_), _) => "its user".to_owned(),
            (None, User::Other { name, .. }) => format!("uid 101 runs it instead of {name},"),
            (None, _) => "uid 101 runs it instead of root,".to_owned(),
        };
        let check = check(&server, port, said, &user);
        plan.edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let change = Change::new(plan.edits, plan.promises).map_err(|error| error.to_string())?;
        Ok((plan.claimed, check, change))
    }

    /// The image of FROM, which nginx's replaces.
    fn base(&self) -> Result<Span, Reason> {
        let (doc, graph) = (self.view.doc, self.view.graph());
        let from = self.view.instruction(self.range.start);
        let (Kind::From(parts), Base::Image(_)) = (&from.kind, &graph.bases()[self.last]) else {
            return Err("it is built on another stage, whose settings would be lost".into());
        };
        if doc.escape() != '\\' || !self.view.scopes().after(self.last).image_is_fixed {
            return Err("a build argument names the base image".into());
        }
        let written = doc.word(from, parts.image);
        let name = written.split(':').next().unwrap_or_default();
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        if name.strip_prefix("library/").unwrap_or(name) != &*self.image.repository || written.contains('@') {
            return Err("the base image is not a tag of Docker Hub, and nginx's may not be at hand".into());
        }
        Ok(parts.image.span)
    }

    /// The USER that stays: nginx runs as anybody but root. That of Node's own account goes, for the one of nginx's image.
    fn user(&self) -> Result<Option<usize>, Reason> {
        let is_user = |index: &usize| matches!(self.view.instruction(*index).kind, Kind::User(_));
        let Some(index) = self.range.clone().rev().find(is_user) else { return Ok(None) };
        let instruction = self.view.instruction(index);
        let Kind::User(word) = instruction.kind else { return Ok(None) };
        let user = self.view.doc.word(instruction, word);
        let name = user.split(':').next().unwrap_or_default();
        match name.parse::<u32>() {
            Ok(1000) => Ok(None),
            Ok(1..) if user.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') => Ok(Some(index)),
            _ if name == "node" => Ok(None),
            _ => Err(format!("line {} runs it as {user}, which nginx's image does not do", self.line(index)).into()),
        }
    }

    /// What becomes of an instruction.
    fn instruction(
        &self,
        index: usize,
        folder: &str,
        server: &Server,
        kept: Option<usize>,
        plan: &mut Plan,
    ) -> Result<(), Reason> {
        let doc = self.view.doc;
        let instruction = self.view.instruction(index);
        let line = self.line(index);
        self.needs_base(instruction, line)?;
        match &instruction.kind {
            Kind::Cmd(_) => self.drop(index, plan),
            Kind::Workdir(_) => {
                plan.promises.push(Promise::Config(Field::Workdir));
                self.drop(index, plan)
            }
            Kind::Run(_) => {
                self.installs(index, &mut plan.installed)?;
                self.drop(index, plan)
            }
            Kind::User(_) if kept == Some(index) => Ok(()),
            Kind::User(_) => {
                plan.promises.extend([Promise::User, Promise::Config(Field::User)]);
                self.drop(index, plan)
            }
            Kind::Copy(transfer) => self.copy(index, transfer, folder, server, plan),
            Kind::Add(_) => Err(format!("line {line} may unpack what it adds").into()),
            Kind::Volume(words) => {
                let apart = |path: String| {
                    relation(&path, folder) == Relation::Apart && relation(&path, ROOT) == Relation::Apart
                };
                let apart = words
                    .iter()
                    .all(|word| absolute(self.view, index, &doc.word(instruction, *word)).is_some_and(apart));
                if apart { Ok(()) } else { Err(format!("line {line} makes what is served a volume").into()) }
            }
            Kind::Stopsignal(word) => match &*doc.word(instruction, *word) {
                "SIGTERM" | "SIGINT" | "SIGQUIT" | "15" | "2" | "3" => Ok(()),
                signal => Err(format!("line {line}: {signal} does not stop nginx as it stops Node.js").into()),
            },
            Kind::Healthcheck(Some(_)) => around::asks(&around::test(self.view, index), &self.ports(server))
                .map_err(|reason| format!("the HEALTHCHECK of line {line} {reason}").into()),
            Kind::Shell(_) => Err(format!("line {line} sets a shell").into()),
            Kind::Onbuild(_) | Kind::Unknown => Err(format!("line {line} is for images that are built on it").into()),
            Kind::From(_)
            | Kind::Env(_)
            | Kind::Label(_)
            | Kind::Arg(_)
            | Kind::Expose(_)
            | Kind::Healthcheck(None)
            | Kind::Maintainer(_)
            | Kind::Entrypoint(_) => Ok(()),
        }
    }

    /// The ports at which a health check may ask.
    fn ports(&self, server: &Server) -> Vec<u16> {
        let default = || self.port(server.program, server.fetched.unwrap_or(Version::Current)).ok();
        server.port.or_else(default).into_iter().collect()
    }

    /// Whether a setting reads what the base image sets.
    fn needs_base(&self, instruction: &Instruction, line: usize) -> Result<(), Reason> {
        let text = self.view.doc.joined(instruction, instruction.arguments);
        match &instruction.kind {
            Kind::Env(pairs) => {
                let keys = pairs.iter().map(|pair| self.view.doc.joined(instruction, pair.key));
                if keys.into_iter().any(|key| key.starts_with("LD_")) {
                    return Err(format!("line {line} has other libraries loaded").into());
                }
            }
            Kind::Label(_) | Kind::Expose(_) | Kind::Volume(_) => {}
            _ => return Ok(()),
        }
        let mut names = self.image.env_names().filter(|name| *name != "PATH");
        match names.find(|name| text.contains(&format!("${name}")) || text.contains(&format!("${{{name}"))) {
            Some(name) => Err(format!("line {line} uses {name} of the base image").into()),
            None => Ok(()),
        }
    }

    /// Takes an instruction away, with the comments that belong to it.
    fn drop(&self, index: usize, plan: &mut Plan) -> Result<(), Reason> {
        let (doc, instruction) = (self.view.doc, self.view.instruction(index));
        let (_, edit) = lines::cut(doc, index).map_err(|reason| format!("line {}: {reason}", self.line(index)))?;
        let comments = doc.comments_above(index).into_iter().chain(instruction.comments.iter().copied());
        plan.promises.extend(comments.map(|comment| Promise::DropsComment(doc.slice(comment).to_owned().into())));
        plan.edits.push(edit);
        plan.claimed.push(index);
        Ok(())
    }

    /// A COPY of what is served has another destination; one of what only Node reads goes.
    fn copy(
        &self,
        index: usize,
        transfer: &Transfer,
        folder: &str,
        server: &Server,
        plan: &mut Plan,
    ) -> Result<(), Reason> {
        let (doc, instruction) = (self.view.doc, self.view.instruction(index));
        let line = self.line(index);
        if !instruction.heredocs.is_empty() {
            return Err(format!("line {line} writes a file").into());
        }
        let raw = doc.word(instruction, transfer.destination);
        let to = absolute(self.view, index, &raw).ok_or_else(|| format!("where line {line} copies to is not known"))?;
        let sources: Vec<String> =
            transfer.sources.iter().map(|source| doc.word(instruction, *source).into_owned()).collect();
        let names: Vec<&str> =
            sources.iter().map(|source| source.trim_end_matches('/').rsplit('/').next().unwrap_or_default()).collect();
        if !matches!(relation(&to, folder), Relation::Same | Relation::Inside) {
            let apart = names.iter().all(|name| {
                OF_NODE.contains(name)
                    && join(Some(&to), name).is_some_and(|place| relation(&place, folder) == Relation::Apart)
            });
            if !apart {
                return Err(format!("line {line} copies more than {folder}, which is all that is served").into());
            }
            plan.modules |= names.contains(&"node_modules") || to.ends_with("/node_modules");
            return self.drop(index, plan);
        }
        if let Some(name) = names.iter().find(|name| matches!(**name, "serve.json" | "now.json" | "package.json"))
            && server.program == Program::Serve
        {
            return Err(format!("line {line} brings {name}, which tells `serve` how").into());
        }
        let mut edits = Vec::new();
        for flag in &instruction.flags {
            let value = doc.flag_value(instruction, *flag).unwrap_or_default();
            match &*doc.joined(instruction, flag.name) {
                "from" | "link" | "exclude" => {}
                "chown" => {
                    let rest = &doc.text()[flag.span.end..];
                    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                    edits.push(Edit::delete(doc.text(), Span::new(flag.span.start, flag.span.end + blanks)));
                    plan.promises.push(Promise::Transfer);
                }
                "chmod" if value.ends_with(['5', '7']) && value.bytes().all(|byte| byte.is_ascii_digit()) => {}
                name => return Err(format!("line {line}: nginx may not read what `--{name}={value}` copies").into()),
            }
        }
        let rest = to[folder.len()..].trim_end_matches('/');
        let last = raw.rsplit('/').next().unwrap_or_default();
        let slash = if sources.len() > 1 || matches!(last, "" | "." | "..") { "/" } else { "" };
        // The folder of the base is there.
        let slash = if rest.is_empty() && sources.len() == 1 { "" } else { slash };
        let place = format!("{ROOT}{rest}{slash}");
        let place = if transfer.destination.json { format!("\"{place}\"") } else { place };
        if place.bytes().any(|byte| byte.is_ascii_whitespace() || b"$\\'".contains(&byte)) {
            return Err(format!("where line {line} copies to needs quotes").into());
        }
        edits.push(Edit::replace(doc.text(), transfer.destination.span, place));
        plan.edits.extend(edits);
        plan.claimed.push(index);
        plan.first.get_or_insert(index);
        Ok(())
    }

    /// Whether a RUN does no more than to install a server, and to make ready for it.
    fn installs(&self, index: usize, installed: &mut Vec<(Program, Version)>) -> Result<(), Reason> {
        let line = self.line(index);
        let more = || -> Reason { format!("line {line} does more than to install the server").into() };
        let script = self.view.runs(index).ok_or_else(more)?;
        script.body().map_err(|_| more())?;
        for simple in script.commands() {
            if let Some(it) = recognise(script, simple) {
                let node = matches!(it.tool, Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun);
                let global = it.has(&["-g", "--global"]) || it.subcommand.starts_with("global");
                match it.verb {
                    Verb::Clean | Verb::Configure if node => {}
                    Verb::Install | Verb::Upgrade if node && global && it.literal() => {
                        for name in it.literals().filter(|name| !matches!(name.split('@').next(), Some("npm"))) {
                            installed.push(package(name).ok_or_else(more)?);
                        }
                    }
                    _ => return Err(more()),
                }
                continue;
            }
            let program = commands::Program::of(simple).ok_or_else(more)?;
            let plain = simple.redirections.is_empty() && program.arguments.iter().all(|word| word.literal.is_some());
            match program.name {
                "true" | ":" | "set" if plain => {}
                "mkdir" | "chown" | "chgrp" if plain => {}
                // Caches.
                "rm" if simple.redirections.is_empty() => {
                    let mut paths = program.arguments.iter().filter(|word| !script.slice(word.span).starts_with('-'));
                    let cache = |path: String| path.starts_with("/root/.") || path.starts_with("/tmp/");
                    let known = paths.all(|word| of_word(self.view.scope(index), script, word).is_some_and(cache));
                    if !known {
                        return Err(more());
                    }
                }
                _ => return Err(more()),
            }
        }
        Ok(())
    }

    /// The port that it listens on where no option says one.
    fn port(&self, program: Program, version: Version) -> Result<u16, Reason> {
        let scope = self.view.scopes().after(self.last);
        match (scope.source("PORT"), scope.fixed("PORT")) {
            (None, Lookup::Unset) => {}
            (Some(Source::Env), Lookup::Value(port)) => {
                return port.parse().map_err(|_| "PORT is no port".into());
            }
            _ => return Err("which port it listens on, a build argument or the base image may say".into()),
        }
        program.port(version).ok_or_else(|| "which port this version listens on is not known".into())
    }
}

/// Which version of the server starts.
fn version(server: &Server, plan: &Plan) -> Result<Version, Reason> {
    let name = server.program.name();
    let installed = plan.installed.iter().rev().find(|(program, _)| *program == server.program);
    let version = match (installed, server.fetched, plan.modules) {
        (Some((_, version)), ..) => *version,
        (None, _, true) => Version::Unknown,
        (None, Some(version), false) => version,
        (None, None, false) => return Err(format!("no command is known to install `{name}`").into()),
    };
    match (server.program, version) {
        (Program::Serve, Version::Major(major @ ..10)) => {
            Err(format!("what version {major} of `{name}` does is not known").into())
        }
        _ => Ok(version),
    }
}

/// What a person has to look at.
fn check(server: &Server, port: u16, said: bool, user: &str) -> String {
    let mut check = String::from("what is served is as the build left it");
    match (server.program, server.single) {
        (Program::Serve, true) => {
            check += ", and has no serve.json; nobody needs that `serve` redirects `/index.html` and `/a.html` to `/` and `/a`";
        }
        (Program::Serve, false) => {
            check += ", and has an index.html and no serve.json; nobody needs that `serve` lists folders, redirects \
                      `/index.html` and `/a.html` to `/` and `/a`, and answers `/a/` with a.html";
        }
        (Program::HttpServer, _) => {
            check += ", and has an index.html; nobody needs that `http-server` lists folders";
        }
    }
    check += "; headers are those of nginx (ETag, Last-Modified";
    check += if server.compresses { ", gzip for text" } else { "" };
    check += match &server.cache {
        Some(_) => ", Cache-Control as before)",
        None => ", no Cache-Control)",
    };
    check += &format!("; {user} can read every file, and can write to /tmp");
    if !said {
        check += &format!("; nothing sets PORT where it runs, so that {port} is the port");
    }
    check += "; IPv4 is enough; no health check from outside needs Node.js, curl or bash in the image";
    if port != 8080 {
        check += "; nothing goes by the ports that the image exposes, where nginx's adds 8080";
    }
    check
}
