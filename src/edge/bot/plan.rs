//! What the two branches of a repository are to hold: the safe changes, one commit per transform, and on top of them
//! those that a person has to check.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::context::ignore::append;
use crate::edge::arguments::Choose;
use crate::edge::forge::Written;
use crate::edge::project::Projects;
use crate::edge::subject::Subject;
use crate::edge::world::Shared;
use crate::edge::{Failure, printable};
use crate::explain::Page;
use crate::pipeline::{Outcome, Review, Step};
use crate::report::pull::{self, Change, Kept};
use crate::transforms::ALL;

use super::checkout::Checkout;

/// What is asked for is fetched, and then more is asked for: not for ever.
const MAX_ROUNDS: usize = 6;

/// What a repository is to have.
#[derive(Debug, Default)]
pub struct Plan {
    pub safe: Option<Branch>,
    pub review: Option<Branch>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// How many Dockerfiles were looked at.
    pub dockerfiles: usize,
}

/// A branch and its pull request.
#[derive(Clone, Debug)]
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
struct Looked {
    path: String,
    mode: String,
    outcome: Outcome,
    /// The ignore file that it adds lines to, from the root, and what that says.
    ignore: Option<(String, Option<String>)>,
}

/// Makes the plan for a repository.
pub fn plan(
    checkout: &mut Checkout<'_>,
    flags: &Choose,
    reviews: bool,
    registries: &Shared,
    pages: &[Page],
) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let safe = look_at_all(checkout, flags, false, registries, &mut plan.notes)?;
    plan.dockerfiles = safe.len();
    let before = |checkout: &Checkout<'_>, path: &str| checkout.entry(path).map(|entry| entry.object.clone());
    plan.safe = branch(&safe, pages, false, "", &|path| before(checkout, path));
    if !reviews {
        return Ok(plan);
    }
    for written in plan.safe.iter().flat_map(|branch| &branch.commits).flat_map(|commit| &commit.files) {
        checkout.write(&written.path, written.text.as_bytes())?;
    }
    let review = look_at_all(checkout, flags, true, registries, &mut Vec::new())?;
    let below = plan.safe.as_ref().map_or("", |branch| &branch.id);
    plan.review = branch(&review, pages, true, below, &|path| before(checkout, path));
    Ok(plan)
}

fn look_at_all(
    checkout: &mut Checkout<'_>,
    flags: &Choose,
    reviews: bool,
    registries: &Shared,
    notes: &mut Vec<String>,
) -> Result<Vec<Looked>, Failure> {
    for round in 1.. {
        let (projects, shared) = (Projects::default(), registries.afresh().below(checkout.root()));
        let (mut looked, mut said) = (Vec::new(), Vec::new());
        for path in checkout.dockerfiles() {
            match look(checkout, &path, flags, reviews, &projects, &shared) {
                Ok(None) => {}
                Ok(Some((it, note))) => {
                    said.extend(note.filter(|note| !said.contains(note)));
                    looked.push(it);
                }
                Err(failure) => {
                    let root = format!("{}/", checkout.root().display());
                    let message = failure.message.replace(&root, "");
                    said.push(format!("not handled: {}", printable(&message)));
                }
            }
        }
        let missed: Vec<String> = shared.missed().iter().filter_map(|path| checkout.inside(path)).collect();
        if round == MAX_ROUNDS || !checkout.fetch(&missed)? {
            notes.extend(said);
            notes.extend(shared.told());
            return Ok(looked);
        }
    }
    Ok(Vec::new())
}

/// Looks at one Dockerfile; `None` if the configuration excludes it.
fn look(
    checkout: &Checkout<'_>,
    path: &str,
    flags: &Choose,
    reviews: bool,
    projects: &Projects,
    shared: &Shared,
) -> Result<Option<(Looked, Option<String>)>, Failure> {
    let real: PathBuf = checkout.root().join(path);
    let project = projects.of(real.parent().unwrap_or(&real))?;
    if project.config.as_ref().is_some_and(|config| config.excludes(&real)) {
        return Ok(None);
    }
    let mut subject = Subject::read(&real, &real, project, flags, shared)?;
    let review = if reviews { subject.configured.clone().unwrap_or(Review::All) } else { Review::None };
    subject.ask(review);
    let outcome = subject.outcome(&[])?;
    let ignore = match subject.ignore(&outcome) {
        Some((place, text)) => match checkout.inside(&place) {
            Some(inside) => Some((inside, text)),
            None => return Err(Failure::new(format!("{path}: its ignore file is elsewhere"), "move it")),
        },
        None => None,
    };
    let mode = checkout.entry(path).map_or_else(|| "100644".to_owned(), |entry| entry.mode.clone());
    Ok(Some((Looked { path: path.to_owned(), mode, outcome, ignore }, subject.note)))
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

/// The branch that holds the changes of all files; `None` if there are none.
fn branch(
    looked: &[Looked],
    pages: &[Page],
    reviews: bool,
    below: &str,
    before: &dyn Fn(&str) -> Option<String>,
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
            commits.push(Commit { message: pull::commit(&about, pages), files });
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
            feed(&before(&file.path).unwrap_or_default());
            feed(&file.text);
        }
    }
    let digest = hash.finalize();
    let id: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let body = pull::body(&changes, &kept, &id, reviews, !below.is_empty(), pages);
    Some(Branch { title: pull::title(&changes, reviews), body, diff: diff(looked, &ignores), id, commits })
}

fn diff(looked: &[Looked], ignores: &BTreeMap<&str, (Option<&str>, Vec<String>)>) -> String {
    let files = looked.iter().map(|it| crate::report::unified(&it.path, &it.outcome.before, &it.outcome.after));
    let ignores = ignores.iter().filter(|(_, (_, lines))| !lines.is_empty()).map(|(path, (text, lines))| {
        let after = append(text.unwrap_or_default(), lines);
        text.map_or_else(|| crate::report::created(path, &after), |text| crate::report::unified(path, text, &after))
    });
    files.chain(ignores).collect()
}
