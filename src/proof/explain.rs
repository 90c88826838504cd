//! Which differences a change promised, which every build makes, and which nobody can explain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::pipeline::Outcome;
use crate::transform::{Field, Promise};

use super::archive::Image;
use super::compare::{Aspects, Difference, differences};
use super::layer::Kind;
use super::tree::Node;

/// Files whose content every build writes anew, and why. A path that ends with a slash stands for what lies below it, one
/// that starts with a star for all that end so.
pub const VOLATILE: &[(&str, &str)] = &[
    ("*.pyc", "compiled Python holds the time of its source"),
    ("/etc/ld.so.cache", "an index that is written after each installation"),
    ("/var/cache/ldconfig/aux-cache", "an index that is written after each installation"),
    ("/var/cache/debconf/", "questions of packages, in the order in which they were asked"),
    ("/var/cache/apt/", "an index of the package lists"),
    ("/var/lib/apt/lists/", "the package lists of that hour"),
    ("/var/log/", "logs hold times"),
    ("/etc/machine-id", "drawn by lot"),
    ("/root/.npm/_logs/", "logs hold times"),
    ("/root/.wget-hsts", "holds times"),
    // What the engine itself puts into a container while a RUN is at work.
    ("/etc/hostname", "the container's own"),
    ("/etc/hosts", "the container's own"),
    ("/etc/resolv.conf", "the container's own"),
];

/// What the package manager of Debian writes down for packages that come or go with another choice of packages.
const PACKAGE_RECORDS: &[&str] = &[
    "/var/lib/dpkg/",
    "/var/lib/apt/extended_states",
    "/var/lib/systemd/",
    "/var/lib/ucf/",
    "/etc/alternatives/",
    "/etc/mailcap",
    "/etc/shells",
    "/etc/ssl/certs/",
    "/usr/share/applications/",
    "/usr/share/icons/",
    "/usr/share/info/",
    "/usr/share/mime/",
];

/// Where packages of the system put their files.
const SYSTEM: &[&str] = &["/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/", "/etc/", "/var/"];

/// What making an account writes, packages do too; each also with `-` behind it.
const ACCOUNTS: &[&str] = &["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid"];

/// Flags that leave out packages for development.
const WITHOUT_DEVELOPMENT: &[&str] = &["--omit=dev", "--production", "--only=production", "--prod"];

/// Where package managers of Node list what they installed.
const NODE_RECORDS: &[&str] =
    &["/node_modules/.package-lock.json", "/node_modules/.yarn-integrity", "/node_modules/.modules.yaml"];

/// What a change promised.
#[derive(Clone, Debug)]
pub struct Promised {
    /// The transform that made the change.
    pub transform: &'static str,
    /// What it promised.
    pub promise: Promise,
}

/// All that the changes of `outcome` promised.
#[must_use]
pub fn promised(outcome: &Outcome) -> Vec<Promised> {
    let applied = outcome.steps.iter().flat_map(|step| step.applied.iter().map(|it| (step.transform, it)));
    let all = applied.flat_map(|(transform, it)| it.change.promises.iter().map(move |promise| (transform, promise)));
    let mut found: Vec<Promised> = Vec::new();
    for (transform, promise) in all {
        if !found.iter().any(|other| other.transform == transform && other.promise == *promise) {
            found.push(Promised { transform, promise: promise.clone() });
        }
    }
    found
}

/// Why two images may differ in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// This transform promised it.
    Promised(&'static str),
    /// Two builds of the same differ there, too.
    Noise,
    /// It is of a kind that every build writes anew: why.
    Volatile(&'static str),
}

/// How two images compare.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Differences that nothing explains.
    pub findings: Vec<Difference>,
    /// Differences with what explains them.
    pub explained: Vec<(Difference, Cause)>,
    /// How many places differ between two builds of the original; `None` if it was built once.
    pub noise: Option<usize>,
    /// Files of the image before.
    pub files: usize,
}

/// Files that are gone, new and changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Only in the image before.
    pub gone: usize,
    /// Only in the image after.
    pub new: usize,
    /// In both.
    pub changed: usize,
}

impl Comparison {
    /// How many files differ, those that every build writes anew left out.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        let promised = self.explained.iter().filter(|(_, cause)| matches!(cause, Cause::Promised(_)));
        for difference in self.findings.iter().chain(promised.map(|(difference, _)| difference)) {
            match difference {
                Difference::Config { .. } => {}
                Difference::File { after: None, .. } => tally.gone += 1,
                Difference::File { before: None, .. } => tally.new += 1,
                Difference::File { .. } => tally.changed += 1,
            }
        }
        tally
    }

    /// How many differences each cause explains.
    #[must_use]
    pub fn causes(&self) -> BTreeMap<Cause, usize> {
        let mut causes = BTreeMap::new();
        for (_, cause) in &self.explained {
            *causes.entry(*cause).or_default() += 1;
        }
        causes
    }
}

impl Comparison {
    /// Where another build of the same rewrite, compared in `again`, is as the original, a difference is noise.
    pub fn confirm(&mut self, again: &Self) {
        let same = |one: &Difference, other: &Difference| match (one, other) {
            (Difference::File { path, .. }, Difference::File { path: other, .. }) => path == other,
            (one, other) => one == other,
        };
        let chance = self.findings.extract_if(.., |found| !again.findings.iter().any(|other| same(found, other)));
        self.explained.extend(chance.map(|found| (found, Cause::Noise)));
    }
}

/// Compares an image with the one that it is to replace, and that with another build of the same, if there is one.
///
/// `own` is how many instructions of the Dockerfile each image's history ends with; the layers before those are the base
/// image's.
#[must_use]
pub fn compare(
    before: &Image,
    again: Option<&Image>,
    after: &Image,
    promised: &[Promised],
    own: (usize, usize),
) -> Comparison {
    let noise = Noise::of(again.map(|again| differences(before, again)).unwrap_or_default());
    let base = (before.config.layers_before(own.0), after.config.layers_before(own.1));
    let mut comparison = Comparison {
        noise: again.is_some().then_some(noise.places.len() + noise.fields.len()),
        files: before.tree.len(),
        ..Comparison::default()
    };
    let mut below: Option<(Arc<[u8]>, Cause)> = None;
    for difference in differences(before, after) {
        let path = match &difference {
            Difference::File { path, .. } => Some(Arc::clone(path)),
            Difference::Config { .. } => None,
        };
        let inherited = path.as_ref().zip(below.as_ref()).and_then(|(path, (root, cause))| {
            path.strip_prefix(&**root).is_some_and(|rest| rest.first() == Some(&b'/')).then_some(*cause)
        });
        let cause = inherited
            .or_else(|| {
                promised
                    .iter()
                    .find(|it| explains(&it.promise, &difference, base) || (gone(&difference) && splits(it, promised)))
                    .map(|it| Cause::Promised(it.transform))
            })
            .or_else(|| noise.covers(&difference).then_some(Cause::Noise))
            .or_else(|| volatile(&difference).map(Cause::Volatile));
        match cause {
            Some(cause) => {
                // What lies in a folder whose name is noise is noise as well.
                if inherited.is_none() && cause == Cause::Noise && difference.aspects().presence {
                    below = path.map(|path| (path, cause));
                }
                comparison.explained.push((difference, cause));
            }
            None => comparison.findings.push(difference),
        }
    }
    comparison
}

/// Where two builds of the same differ.
struct Noise {
    fields: BTreeSet<(Field, String)>,
    places: BTreeMap<Arc<[u8]>, Aspects>,
    /// Folders in which each build gives names of its own.
    folders: BTreeSet<Vec<u8>>,
}

impl Noise {
    fn of(differences: Vec<Difference>) -> Self {
        let mut noise = Self { fields: BTreeSet::new(), places: BTreeMap::new(), folders: BTreeSet::new() };
        let (mut gone, mut new) = (BTreeSet::new(), BTreeSet::new());
        for difference in differences {
            let aspects = difference.aspects();
            match difference {
                Difference::Config { field, name, .. } => _ = noise.fields.insert((field, name)),
                Difference::File { path, before, .. } => {
                    if aspects.presence {
                        let side = if before.is_some() { &mut gone } else { &mut new };
                        side.insert(folder(&path).to_vec());
                    }
                    noise.places.insert(path, aspects);
                }
            }
        }
        noise.folders = gone.intersection(&new).cloned().collect();
        noise
    }

    fn covers(&self, difference: &Difference) -> bool {
        match difference {
            Difference::Config { field, name, .. } => self.fields.contains(&(*field, name.clone())),
            Difference::File { path, .. } => {
                let aspects = difference.aspects();
                self.places.get(path).is_some_and(|known| aspects.within(*known))
                    || (aspects.presence && self.folders.contains(folder(path)))
            }
        }
    }
}

fn folder(path: &[u8]) -> &[u8] {
    &path[..path.iter().rposition(|byte| *byte == b'/').unwrap_or(0)]
}

/// Why the content of a file is another after each build.
fn volatile(difference: &Difference) -> Option<&'static str> {
    let Difference::File { path, .. } = difference else { return None };
    let content = Aspects { content: true, ..Aspects::default() };
    let presence = Aspects { presence: true, ..Aspects::default() };
    let found = VOLATILE.iter().find(|(pattern, _)| listed(pattern, path)).map(|(_, why)| *why)?;
    let aspects = difference.aspects();
    // That one is there or not may matter; only what the engine and the tools write for themselves may come and go.
    let own = |pattern: &&str| listed(pattern, path);
    let may_come_and_go =
        ["/var/cache/ldconfig/", "/var/cache/debconf/", "/var/cache/apt/", "/var/log/", "/root/.npm/_logs/"];
    let passing =
        may_come_and_go.iter().any(own) || ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"].iter().any(own);
    (aspects.within(content) || (passing && aspects.within(presence))).then_some(found)
}

fn listed(pattern: &str, path: &[u8]) -> bool {
    if let Some(end) = pattern.strip_prefix('*') {
        return path.ends_with(end.as_bytes());
    }
    let pattern = pattern.trim_start_matches('/').as_bytes();
    if pattern.ends_with(b"/") { path.starts_with(pattern) } else { path == pattern }
}

/// Whether a file is not there any more.
const fn gone(difference: &Difference) -> bool {
    matches!(difference, Difference::File { after: None, .. })
}

/// Whether what the image is built with stays in a stage of its own, and the last one carries the rest, or another server
/// does.
fn splits(it: &Promised, promised: &[Promised]) -> bool {
    let also =
        |wanted: Promise| promised.iter().any(|other| other.transform == it.transform && other.promise == wanted);
    matches!(it.promise, Promise::Splits | Promise::Serves) || (it.promise == Promise::Stage && also(Promise::Base))
}

/// Whether `promise` promised this.
fn explains(promise: &Promise, difference: &Difference, base: (usize, usize)) -> bool {
    let (path, before, after) = match difference {
        Difference::Config { field, .. } => {
            return match promise {
                Promise::Config(promised) => promised == field,
                Promise::User => *field == Field::User,
                Promise::Base => true,
                _ => false,
            };
        }
        Difference::File { path, before, after } => (path, before, after),
    };
    let aspects = difference.aspects();
    let gone = after.is_none();
    match promise {
        Promise::RemovesPath(pattern) => gone && covers(pattern, path),
        Promise::Mounts(target) => covers(target, path) || (aspects.presence && on_the_way(target, path, difference)),
        Promise::Flag(flag) if flag == "--no-install-recommends" => {
            let records = is_record(path);
            (gone && SYSTEM.iter().any(|pattern| listed(pattern, path)))
                || (records && (aspects.content || aspects.kind))
        }
        Promise::Flag(flag) if WITHOUT_DEVELOPMENT.contains(&&**flag) => {
            (gone && is_in_node_modules(path)) || is_node_record(path)
        }
        Promise::AddsCommand(text) => makes(text, path, before.is_none()),
        // A program of Go, which a step built, is another one without cgo.
        Promise::Flag(flag) if flag == "CGO_ENABLED=0" => {
            let built = |node: &Option<Node>, base: usize| {
                node.as_ref().is_some_and(|node| node.layer >= base && node.entry.mode & 0o111 != 0)
            };
            aspects.within(Aspects { content: true, ..Aspects::default() })
                && built(before, base.0)
                && built(after, base.1)
        }
        Promise::User => aspects.within(Aspects { owner: true, ..Aspects::default() }),
        // The new base, and in it what is served and how.
        Promise::Serves => {
            let placed = |target: &str| covers(target, path) || on_the_way(target, path, difference);
            after.as_ref().is_none_or(|node| node.layer < base.1)
                || placed("/usr/share/nginx/html")
                || placed("/etc/nginx/conf.d/default.conf")
        }
        // What either base image brought, and no step touched.
        Promise::Base => {
            before.as_ref().is_none_or(|node| node.layer < base.0)
                && after.as_ref().is_none_or(|node| node.layer < base.1)
        }
        _ => false,
    }
}

fn is_of_accounts(path: &[u8]) -> bool {
    ACCOUNTS.iter().any(|file| listed(file, path.strip_suffix(b"-").unwrap_or(path)))
}

/// Whether packages that come or go change it.
fn is_record(path: &[u8]) -> bool {
    is_of_accounts(path) || PACKAGE_RECORDS.iter().any(|pattern| listed(pattern, path))
}

/// Whether commands that are added are there to make a path, or to change it: an account, an environment, packages.
fn makes(commands: &str, path: &[u8], new: bool) -> bool {
    commands.split("&&").any(|command| {
        let words: Vec<&str> = command.split_whitespace().collect();
        match &words[..] {
            [.., "-m", "venv", place] => new && covers(place, path),
            ["groupadd" | "addgroup" | "useradd" | "adduser", .., name] => {
                is_of_accounts(path) || (new && covers(&format!("/home/{name}"), path))
            }
            ["apt-get", "install", ..] | ["apk", "add", ..] => {
                is_record(path) || (new && SYSTEM.iter().any(|pattern| listed(pattern, path)))
            }
            ["npm", "prune", ..] | ["yarn", "install", "--production", ..] => is_node_record(path),
            _ => false,
        }
    })
}

fn is_in_node_modules(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|name| name == b"node_modules")
}

/// Whether a package manager of Node lists there what it installed.
fn is_node_record(path: &[u8]) -> bool {
    NODE_RECORDS.iter().any(|record| path.ends_with(record.as_bytes()))
}

/// Whether a path is what the pattern names, or lies below it. A star stands for any part of one name.
fn covers(pattern: &str, path: &[u8]) -> bool {
    let mut names = path.split(|byte| *byte == b'/');
    let mut wanted = pattern.split('/').filter(|name| !name.is_empty() && *name != ".").peekable();
    // Nothing promises the whole file system.
    wanted.peek().is_some()
        && wanted.all(|wanted| names.next().is_some_and(|name| name_matches(wanted.as_bytes(), name)))
}

fn name_matches(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.iter().position(|byte| *byte == b'*') {
        None => pattern == name,
        Some(star) => {
            let (start, rest) = (&pattern[..star], &pattern[star + 1..]);
            name.strip_prefix(start).is_some_and(|tail| (0..=tail.len()).any(|skip| name_matches(rest, &tail[skip..])))
        }
    }
}

/// Whether this is a folder that leads to the target of a mount: the mount makes it, and no longer leaves it.
fn on_the_way(target: &str, path: &[u8], difference: &Difference) -> bool {
    let Difference::File { before, after, .. } = difference else { return false };
    let target = target.trim_matches('/').as_bytes();
    let leads = target.strip_prefix(path).is_some_and(|rest| rest.first() == Some(&b'/'));
    leads && before.as_ref().or(after.as_ref()).is_some_and(|node| node.entry.kind == Kind::Directory)
}
