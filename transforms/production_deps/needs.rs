//! What the image starts, and which packages that needs.

use super::Reason;
use crate::commands::exec_words;
use crate::context::imports::{follow, package_of};
use crate::context::package::Package;
use crate::context::{Tree, join};
use crate::dockerfile::{Command, Kind, Lookup};
use crate::transform::brought::standing;
use crate::transform::{View, paths, scripts};

/// Packages that others load by a name of their own, so that no source names them.
#[rustfmt::skip]
const BY_NAME: &[&str] = &[
    "pg", "mysql", "mysql2", "sqlite3", "better-sqlite3", "tedious", "oracledb", "mongodb", "redis", "ioredis", "pug", "ejs",
    "hbs", "express-handlebars", "nunjucks", "pino-pretty", "source-map-support", "dotenv-expand", "prisma", "next", "nuxt",
    "vite", "@nestjs/cli", "sequelize-cli", "knex", "typeorm", "pm2", "bufferutil", "utf-8-validate",
];

/// The file that node starts with.
pub(super) struct Entry {
    /// Its path in the context.
    pub file: String,
    /// The packages that are loaded before it.
    pub before: Vec<String>,
}

/// The file that the image starts node with.
pub(super) fn entry(
    view: &View<'_>,
    tree: &Tree<'_>,
    package: &Package,
    project: &str,
    folder: &str,
) -> Result<Entry, Reason> {
    let last = view.doc.stages().len() - 1;
    let scope = view.scopes().after(last);
    if !matches!(scope.get("NODE_OPTIONS"), Lookup::Unset) {
        return Err("NODE_OPTIONS may load something".into());
    }
    let workdir = scope.workdir.as_deref().filter(|workdir| *workdir == folder);
    let workdir = workdir.ok_or_else(|| format!("it does not start in {folder}"))?;
    let words = words(view, last)?;
    let words = scripts::start(package, &words)?;
    if let Some(reason) = scripts::development(&words) {
        return Err(reason);
    }
    let text = words.join(" ");
    if words.first().is_none_or(|word| word.rsplit('/').next() != Some("node")) {
        return Err(format!("what `{text}` needs is not known").into());
    }
    let mut before = Vec::new();
    let mut rest = words[1..].iter();
    let mut file = None;
    while let Some(word) = rest.next() {
        match (word.split_once('='), &**word) {
            (None, "-r" | "--require" | "--import") => before.extend(rest.next().cloned()),
            (Some(("--require" | "--import", value)), _) => before.push(value.to_owned()),
            (_, word) if word.starts_with("--max-") || word.starts_with("--trace-") => {}
            (
                _,
                "--enable-source-maps"
                | "--no-warnings"
                | "--experimental-specifier-resolution=node"
                | "--no-deprecation",
            ) => {}
            (_, word) if word.starts_with('-') => {
                return Err(format!("what {word} of `{text}` loads is not known").into());
            }
            (_, word) => {
                file = Some(if word == "." { package.main().unwrap_or("index.js") } else { word }.to_owned());
                break;
            }
        }
    }
    if let Some(path) = before.iter().find(|name| name.starts_with(['.', '/']) || name.contains(':')) {
        return Err(format!("what {path} of `{text}` loads is not known").into());
    }
    let file = file.ok_or_else(|| format!("what `{text}` starts is not known"))?;
    let place = paths::join(Some(workdir), &file).unwrap_or_default();
    let end = view.doc.stages()[last].instructions.end - 1;
    for place in [place.clone(), format!("{place}.js"), format!("{place}/index.js")] {
        if let Ok(Some(path)) = standing(view, tree, end, &place) {
            return Ok(Entry { file: path, before });
        }
    }
    // It is compiled from what is called the same.
    let below = place.strip_prefix(workdir).unwrap_or(&place).trim_start_matches('/');
    let source = below.split_once('/').filter(|(top, _)| matches!(*top, "dist" | "build" | "out" | "lib"));
    let source = source.map(|(_, rest)| rest.strip_suffix(".js").unwrap_or(rest));
    for source in
        source.into_iter().flat_map(|rest| [format!("src/{rest}.ts"), format!("src/{rest}.js"), format!("{rest}.ts")])
    {
        let path = join(project, &source).unwrap_or_default();
        if tree.has(&path) == Ok(true) {
            return Ok(Entry { file: path, before });
        }
    }
    Err(format!("where {file} comes from is not known").into())
}

/// The words of ENTRYPOINT and CMD.
pub(super) fn words(view: &View<'_>, last: usize) -> Result<Vec<String>, Reason> {
    let mut stages: Vec<usize> = view.graph().chain(last).collect();
    stages.reverse();
    let indices: Vec<usize> =
        stages.into_iter().flat_map(|stage| view.doc.stages()[stage].instructions.clone()).collect();
    let find = |is: fn(&Kind) -> bool| indices.iter().rev().find(|index| is(&view.instruction(**index).kind)).copied();
    let (entrypoint, cmd) =
        (find(|kind| matches!(kind, Kind::Entrypoint(_))), find(|kind| matches!(kind, Kind::Cmd(_))));
    let mut all = Vec::new();
    for index in entrypoint.into_iter().chain(cmd) {
        let instruction = view.instruction(index);
        let (Kind::Cmd(command) | Kind::Entrypoint(command)) = &instruction.kind else { continue };
        match command {
            Command::Exec(words) => all.extend(words.iter().map(|word| view.doc.word(instruction, *word).into_owned())),
            Command::Shell(span) => {
                let text = view.doc.joined(instruction, *span);
                all.extend(exec_words(&text).ok_or_else(|| format!("what `{text}` starts is not known"))?);
                if Some(index) == entrypoint {
                    break;
                }
            }
        }
    }
    while all.first().is_some_and(|word| {
        matches!(
            &**word,
            "tini"
                | "/sbin/tini"
                | "/usr/bin/tini"
                | "dumb-init"
                | "/usr/bin/dumb-init"
                | "--"
                | "exec"
                | "docker-entrypoint.sh"
        )
    }) {
        all.remove(0);
    }
    if all.is_empty() { Err("it has no command of its own".into()) } else { Ok(all) }
}

/// Whether the program imports none of the packages for development, and nothing that may come with one.
pub(super) fn imports(tree: &Tree<'_>, package: &Package, entry: &Entry) -> Result<(), Reason> {
    let kept = |name: &str| {
        ["dependencies", "optionalDependencies", "peerDependencies"].iter().any(|field| package.has(field, name))
    };
    let only = |name: &str| package.has("devDependencies", name) && !kept(name);
    let loaded = BY_NAME.iter().find(|name| only(name));
    if let Some(name) = loaded {
        return Err(format!("{name} of devDependencies is loaded by name").into());
    }
    let imports = follow(tree, &entry.file)?;
    if imports
        .strings
        .iter()
        .any(|text| matches!(&**text, "child_process" | "node:child_process" | "execa" | "shelljs"))
    {
        return Err("the sources start other programs".into());
    }
    let before = entry.before.iter().map(|name| (package_of(name).to_owned(), "the command".to_owned()));
    for (name, file) in imports.packages.iter().cloned().chain(before) {
        if only(&name) {
            return Err(format!("{file} imports {name}, which is in devDependencies").into());
        }
        if !kept(&name) {
            return Err(format!("{file} imports {name}, which package.json does not name").into());
        }
    }
    let named = |name: &&str| only(name) && imports.strings.iter().any(|text| package_of(text) == *name);
    match package.names("devDependencies").find(named) {
        Some(name) => Err(format!("a string of the sources names {name}, which is in devDependencies").into()),
        None => Ok(()),
    }
}

/// Whether the image has a command of its own.
pub(super) fn starts(view: &View<'_>, last: usize) -> bool {
    let stages = view.graph().chain(last).flat_map(|stage| view.doc.stages()[stage].instructions.clone());
    stages.into_iter().any(|index| matches!(view.instruction(index).kind, Kind::Cmd(_) | Kind::Entrypoint(_)))
}
