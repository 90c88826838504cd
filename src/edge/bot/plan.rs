//! What the branches of a repository are to hold: the safe changes, one commit per transform, and on top of them those that
//! a person has to check; for all Dockerfiles together, or for each by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::context::ignore::append;
use crate::edge::arguments::{Choose, Per};
use crate::edge::config::Config;
use crate::edge::forge::Written;
use crate::edge::project::Projects;
use crate::edge::subject::Subject;
use crate::edge::world::Shared;
use crate::edge::{Failure, printable};
use crate::explain::Page;
use crate::pipeline::{Outcome, Review, Step};
use crate::report::pull::{self, Change, Kept, Text};
use crate::transforms::ALL;

use super::checkout::Checkout;
use super::prove;

/// What is asked for is fetched, and then more is asked for: not for ever.
const MAX_ROUNDS: usize = 6;

/// What a repository is to have.
#[derive(Debug, Default)]
pub struct Plan {
    pub per: Per,
    pub pairs: Vec<Pair>,
    /// The Dockerfiles that could not be handled.
    pub failed: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// How many Dockerfiles were looked at.
    pub dockerfiles: usize,
    /// What was built of it, by the path of its pair.
    pub proven: BTreeSet<Option<String>>,
    /// It is one that an earlier run made: its branches have a name, and nothing else is known of them.
    pub remembered: bool,
}

/// Two branches: the second stands on the first.
#[derive(Debug, Default)]
pub struct Pair {
    /// The Dockerfile that they are for; `None` if they are for all.
    pub path: Option<String>,
    pub safe: Option<Branch>,
    pub review: Option<Branch>,
}

/// A branch and its pull request.
#[derive(Clone, Debug, Default)]
pub struct Branch {
    /// Says what it changes, and of what: another one is another plan.
    pub id: String,
    pub commits: Vec<Commit>,
    pub title: String,
    pub body: String,
    /// The difference, as a dry run shows it.
    pub diff: String,
}

/// A commit to make.
#[derive(Clone, Debug)]
pub struct Commit {
    pub message: String,
    pub files: Vec<Written>,
}

/// A Dockerfile that was looked at.
pub struct Looked {
    pub path: String,
    mode: String,
    pub outcome: Outcome,
    /// The ignore file that it adds lines to, from the root, and what that says.
    pub ignore: Option<(String, Option<String>)>,
    /// What was measured of it, if it was built.
    pub measured: Option<String>,
}

/// What is asked of a run.
pub struct Ask<'a> {
    pub flags: &'a Choose,
    pub reviews: bool,
    pub per: Option<Per>,
    /// It is to be built before it is opened.
    pub verify: bool,
    /// The plan that is to be proved, and the pairs of it that are.
    pub proves: Option<(&'a Plan, &'a BTreeSet<Option<String>>)>,
    pub registries: &'a Shared,
    pub pages: &'a [Page],
}

/// Makes the plan for a repository.
pub fn plan(checkout: &mut Checkout<'_>, ask: &Ask<'_>) -> Result<Plan, Failure> {
    let config = Config::in_folder(checkout.root()).map_err(|failure| {
        let root = format!("{}/", checkout.root().display());
        Failure { message: failure.message.replace(&root, ""), ..failure }
    })?;
    let per = ask.per.or(config.and_then(|config| config.per())).unwrap_or_default();
    let all = checkout.dockerfiles();
    let mut safe = look_at_all(checkout, &all, ask, false)?;
    let dockerfiles = safe.looked.len();
    let one = |path: &str| (per == Per::Dockerfile).then(|| path.to_owned());
    let to_prove = |path: &str| ask.proves.is_some_and(|(_, pairs)| pairs.contains(&one(path)));
    prove::all(checkout, &mut safe, &to_prove, ask, false)?;
    let proven = ask.proves.map(|(_, pairs)| pairs.clone()).unwrap_or_default();
    let mut plan = Plan { per, dockerfiles, failed: safe.failed, notes: safe.notes, proven, ..Plan::default() };
    let parts = match per {
        Per::Repository => vec![&safe.looked[..]],
        Per::Dockerfile => safe.looked.chunks(1).collect(),
    };
    for looked in parts {
        let path = looked.first().filter(|_| per == Per::Dockerfile).map(|it| it.path.as_str());
        let mut pair = Pair { path: path.map(str::to_owned), ..Pair::default() };
        let others = |ignore: &str| others(&safe.looked, path, ignore);
        pair.safe = branch(looked, ask, false, "", path, &others, checkout);
        if ask.reviews {
            for written in pair.safe.iter().flat_map(|branch| &branch.commits).flat_map(|commit| &commit.files) {
                checkout.write(&written.path, written.text.as_bytes())?;
            }
            // What could not be built needs no second try.
            let paths = path.map_or_else(|| all.clone(), |path| vec![path.to_owned()]);
            let failed = |path: &String| ask.proves.is_some() && plan.failed.contains(path);
            let paths: Vec<String> = paths.into_iter().filter(|path| !failed(path)).collect();
            let mut review = look_at_all(checkout, &paths, ask, true)?;
            let notes = std::mem::take(&mut review.notes);
            prove::all(checkout, &mut review, &to_prove, ask, true)?;
            let new: Vec<String> = review.notes.into_iter().filter(|note| !notes.contains(note)).collect();
            if ask.proves.is_some() {
                plan.notes.extend(new);
                plan.failed.extend(review.failed);
            }
            let below = pair.safe.as_ref().map_or("", |branch| &branch.id);
            pair.review = branch(&review.looked, ask, true, below, path, &others, checkout);
            if path.is_some() {
                restore(checkout, looked)?;
            }
        }
        plan.pairs.push(pair);
    }
    Ok(plan)
}

/// The Dockerfiles but for the one at `path` whose safe changes add lines to an ignore file, too.
fn others<'l>(looked: &'l [Looked], path: Option<&str>, ignore: &str) -> Vec<&'l str> {
    let adds = |it: &&Looked| it.ignore.as_ref().is_some_and(|(other, _)| other == ignore);
    let Some(path) = path else { return Vec::new() };
    looked.iter().filter(adds).map(|it| it.path.as_str()).filter(|other| *other != path).collect()
}

/// Gives the files of `looked` what they held, for the next one, which does not stand on these changes.
fn restore(checkout: &Checkout<'_>, looked: &[Looked]) -> Result<(), Failure> {
    for it in looked {
        checkout.write(&it.path, it.outcome.before.as_bytes())?;
        match &it.ignore {
            Some((path, Some(text))) => checkout.write(path, text.as_bytes())?,
            Some((path, None)) => checkout.remove(path)?,
            None => {}
        }
    }
    Ok(())
}

/// What was found out about some Dockerfiles.
#[derive(Default)]
pub struct Looks {
    pub looked: Vec<Looked>,
    pub failed: Vec<String>,
    pub notes: Vec<String>,
}

fn look_at_all(checkout: &mut Checkout<'_>, paths: &[String], ask: &Ask<'_>, reviews: bool) -> Result<Looks, Failure> {
    for round in 1.. {
        let (projects, shared) = (Projects::default(), ask.registries.afresh().below(checkout.root()));
        let mut looks = Looks::default();
        for path in paths {
            let subject = subject(checkout, path, ask.flags, reviews, &projects, &shared);
            let looked = subject.and_then(|subject| {
                let Some(subject) = subject else { return Ok(None) };
                let outcome = subject.outcome(&[])?;
                Ok(Some((look(checkout, path, &subject, outcome)?, subject.note)))
            });
            match looked {
                Ok(None) => {}
                Ok(Some((it, note))) => {
                    let new = note.filter(|note| !looks.notes.contains(note));
                    looks.notes.extend(new);
                    looks.looked.push(it);
                }
                Err(failure) => {
                    let root = format!("{}/", checkout.root().display());
                    let message = failure.message.replace(&root, "");
                    looks.notes.push(format!("not handled: {}", printable(&message)));
                    looks.failed.push(path.clone());
                }
            }
        }
        let missed: Vec<String> = shared.missed().iter().filter_map(|path| checkout.inside(path)).collect();
        if round == MAX_ROUNDS || !checkout.fetch(&missed)? {
            looks.notes.extend(shared.told());
            return Ok(looks);
        }
    }
    Ok(Looks::default())
}

/// Reads one Dockerfile; `None` if the configuration excludes it.
pub fn subject<'s>(
    checkout: &Checkout<'_>,
    path: &str,
    flags: &Choose,
    reviews: bool,
    projects: &Projects,
    shared: &'s Shared,
) -> Result<Option<Subject<'s>>, Failure> {
    let real: PathBuf = checkout.root().join(path);
    let project = projects.of(real.parent().unwrap_or(&real))?;
    if project.config.as_ref().is_some_and(|config| config.excludes(&real)) {
        return Ok(None);
    }
    let mut subject = Subject::read(&real, &real, project, flags, shared)?;
    let review = if reviews { subject.configured.clone().unwrap_or(Review::All) } else { Review::None };
    subject.ask(review);
    Ok(Some(subject))
}

/// What comes out of one Dockerfile.
pub fn look(checkout: &Checkout<'_>, path: &str, subject: &Subject<'_>, outcome: Outcome) -> Result<Looked, Failure> {
    let ignore = match subject.ignore(&outcome) {
        Some((place, text)) => match checkout.inside(&place) {
            Some(inside) => Some((inside, text)),
            None => return Err(Failure::new(format!("{path}: its ignore file is elsewhere"), "move it")),
        },
        None => None,
    };
    let mode = checkout.entry(path).map_or_else(|| "100644".to_owned(), |entry| entry.mode.clone());
    Ok(Looked { path: path.to_owned(), mode, outcome, ignore, measured: None })
}

/// Where a step comes: the sweep that it is of, and its transform's place in the pipeline.
fn order(steps: &[Step]) -> Vec<(usize, usize)> {
    let place = |name: &str| ALL.iter().position(|transform| transform.name() == name).unwrap_or(ALL.len());
    let (mut sweep, mut last) = (0, None);
    let next = |step: &Step| {
        let at = place(step.transform);
        if last.is_some_and(|last| at <= last) {
            sweep += 1;
        }
        last = Some(at);
        (sweep, at)
    };
    steps.iter().map(next).collect()
}

/// The branch that holds the changes of these files; `None` if there are none.
fn branch<'l>(
    looked: &'l [Looked],
    ask: &Ask<'_>,
    reviews: bool,
    below: &str,
    path: Option<&str>,
    others: &dyn Fn(&str) -> Vec<&'l str>,
    checkout: &Checkout<'_>,
) -> Option<Branch> {
    let orders: Vec<Vec<(usize, usize)>> = looked.iter().map(|it| order(&it.outcome.steps)).collect();
    let mut next = vec![0; looked.len()];
    let mut ignores: BTreeMap<&str, (Option<&str>, Vec<String>)> = BTreeMap::new();
    let (mut commits, mut changes) = (Vec::new(), Vec::new());
    while let Some(now) = orders.iter().zip(&next).filter_map(|(order, at)| order.get(*at)).min() {
        let (mut files, mut about) = (Vec::new(), Vec::new());
        for (at, it) in looked.iter().enumerate() {
            if orders[at].get(next[at]) != Some(now) {
                continue;
            }
            let step = &it.outcome.steps[next[at]];
            next[at] += 1;
            if step.before != step.after {
                files.push(Written { path: it.path.clone(), mode: it.mode.clone(), text: step.after.to_string() });
            }
            for applied in &step.applied {
                about.push(Change {
                    transform: step.transform,
                    path: &it.path,
                    lines: applied.lines,
                    message: &applied.message,
                    check: applied.check.as_deref(),
                });
                let Some((path, text)) = &it.ignore else { continue };
                let (_, lines) = ignores.entry(path).or_insert_with(|| (text.as_deref(), Vec::new()));
                let new = applied.change.ignore_lines.iter().filter(|line| !lines.contains(line)).cloned();
                let new: Vec<String> = new.collect();
                if !new.is_empty() {
                    lines.extend(new);
                    let (text, lines) = &ignores[path.as_str()];
                    let text = append(text.unwrap_or_default(), lines);
                    files.retain(|file: &Written| file.path != *path);
                    files.push(Written { path: path.clone(), mode: "100644".to_owned(), text });
                }
            }
        }
        if !files.is_empty() {
            commits.push(Commit { message: pull::commit(&about, ask.pages), files });
            changes.extend(about);
        }
    }
    if commits.is_empty() {
        return None;
    }
    let mut kept: Vec<Kept> = Vec::new();
    for it in looked {
        kept.extend(pull::kept(&it.path, &it.outcome));
    }
    let mut hash = Sha256::new();
    let mut feed = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    feed(below);
    for commit in &commits {
        feed(&commit.message);
        for file in &commit.files {
            feed(&file.path);
            feed(checkout.entry(&file.path).map_or("", |entry| &entry.object));
            feed(&file.text);
        }
    }
    if ask.verify {
        feed("built");
    }
    let digest = hash.finalize();
    let mut id: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    if let Some((plan, _)) = ask.proves {
        // What is left of a plan is still that plan: builds are no reason for another one.
        let pair = plan.pairs.iter().find(|pair| pair.path.as_deref() == path)?;
        id.clone_from(&if reviews { pair.review.as_ref() } else { pair.safe.as_ref() }?.id);
    }
    let added = ignores.iter().filter(|(_, (_, lines))| !lines.is_empty());
    let shared = added.map(|(ignore, _)| (*ignore, others(ignore))).filter(|(_, others)| !others.is_empty());
    let shared: Vec<(&str, Vec<&str>)> = shared.collect();
    let stacked = !below.is_empty();
    let measured: Vec<(&str, &str)> =
        looked.iter().filter_map(|it| Some((it.path.as_str(), it.measured.as_deref()?))).collect();
    let measured = Some(&measured[..]).filter(|_| ask.proves.is_some());
    let text = Text { changes: &changes, kept: &kept, plan: &id, reviews, stacked, measured, shared: &shared };
    let body = pull::body(&text, ask.pages);
    Some(Branch { title: pull::title(&changes, reviews, path), body, diff: diff(looked, &ignores), id, commits })
}

fn diff(looked: &[Looked], ignores: &BTreeMap<&str, (Option<&str>, Vec<String>)>) -> String {
    let files = looked.iter().map(|it| crate::report::unified(&it.path, &it.outcome.before, &it.outcome.after));
    let ignores = ignores.iter().filter(|(_, (_, lines))| !lines.is_empty()).map(|(path, (text, lines))| {
        let after = append(text.unwrap_or_default(), lines);
        text.map_or_else(|| crate::report::created(path, &after), |text| crate::report::unified(path, text, &after))
    });
    files.chain(ignores).collect()
}
