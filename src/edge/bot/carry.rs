//! One repository: what is there is read, the plan is made, and the difference is carried out.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write as _;

use crate::edge::arguments::{Bot, Choose, Per};
use crate::edge::forge::{BranchState, EditPull, Kind, NewPull, Repositories, State, Trouble};
use crate::edge::world::Shared;
use crate::explain::Page;
use crate::report::pull;

use super::branches::{self, WHOLE};
use super::checkout::{self, Checkout};
use super::decide::{Decision, Steps, decide};
use super::memory::Memory;
use super::plan::{self, Ask, Branch, Plan};
use super::table::{Done, Line, Result as Row};
use super::{Failure, quoted};

/// How often a repository is looked at again when it changes under our hands.
const TRIES: usize = 3;

pub struct Run<'r> {
    pub forge: &'r dyn Repositories,
    pub choose: &'r Choose,
    pub arguments: &'r Bot,
    pub registries: &'r Shared,
    pub pages: &'r [Page],
    pub memory: &'r RefCell<Memory>,
}

impl Run<'_> {
    /// Looks at the repository `name`, and does what is to be done.
    pub fn repository(&self, name: &str, state: Option<State>) -> Result<Row, Trouble> {
        let mut state = state;
        let mut made: Option<(String, Plan)> = None;
        for tries in 1.. {
            let Some(now) = &state else {
                let help = "check its name, and that the token may read it";
                return Ok(Row::Failed(Failure::new(format!("{name}: there is none that the token can see"), help)));
            };
            if now.archived {
                return Ok(Row::Skipped("archived"));
            }
            if now.may_write == Some(false) && !self.arguments.dry_run {
                let help = "it needs `contents: write` and `pull-requests: write`";
                return Ok(Row::Failed(Failure::new(format!("{name}: the token may not write here"), help)));
            }
            let Some((base, tip)) = &now.base else { return Ok(Row::Skipped("empty")) };
            // The plan depends on the files only.
            let mut plan = match made.take() {
                Some((tree, plan)) if tree == tip.tree => plan,
                _ => match self.memory.borrow().plan(name, &tip.tree) {
                    Some(plan) => plan,
                    None => self.plan(now, &tip.tree)?,
                },
            };
            let mut all = self.pairs(now, base, &plan)?;
            // What is remembered may say that there is nothing to do. Nothing is done because of it.
            if plan.remembered && all.iter().any(Todo::writes) {
                drop(all);
                plan = self.plan(now, &tip.tree)?;
                all = self.pairs(now, base, &plan)?;
            }
            // What is written was built before, if that was asked for.
            let open: BTreeSet<Option<String>> =
                all.iter().filter(|it| it.writes() && it.wants()).map(|it| it.wanted.label.clone()).collect();
            if self.arguments.verify && !open.is_subset(&plan.proven) {
                drop(all);
                plan = self.make(now, &tip.tree, Some((&plan, &open)))?;
                all = self.pairs(now, base, &plan)?;
            }
            self.memory.borrow_mut().remember(name, &tip.tree, &plan);
            if self.arguments.dry_run {
                return Ok(told(name, &plan, &all));
            }
            // What is there was read a while ago, for many at once: it is read again before anything is written.
            if tries > 1 || !all.iter().any(Todo::writes) {
                let carried = all.iter().map(|todo| todo.carry_out(self.forge, now)).collect::<Result<Vec<_>, _>>();
                match carried {
                    Ok(lines) => return Ok(row(&plan, lines)),
                    Err(trouble) if trouble.kind == Kind::Passing && tries <= TRIES => {}
                    Err(trouble) => return Err(trouble),
                }
            }
            drop(all);
            made = Some((tip.tree.clone(), plan));
            state = self.forge.states(&[name], WHOLE)?.into_iter().next().flatten();
        }
        Ok(Row::Skipped(""))
    }

    fn plan(&self, state: &State, tree: &str) -> Result<Plan, Trouble> {
        self.make(state, tree, None)
    }

    /// Makes the plan, or proves one.
    fn make(
        &self,
        state: &State,
        tree: &str,
        proves: Option<(&Plan, &BTreeSet<Option<String>>)>,
    ) -> Result<Plan, Trouble> {
        let entries = self.forge.tree(&state.name, tree)?;
        if !entries.iter().any(|entry| checkout::is_dockerfile(&entry.path)) {
            return Ok(Plan::default());
        }
        let refused = |failure| Trouble { kind: Kind::Refused, failure };
        let mut checkout = Checkout::new(self.forge, &state.name, entries).map_err(refused)?;
        let ask = Ask {
            flags: self.choose,
            reviews: !self.arguments.safe_only,
            per: self.arguments.per,
            verify: self.arguments.verify,
            proves,
            registries: self.registries,
            pages: self.pages,
        };
        plan::plan(&mut checkout, &ask).map_err(refused)
    }

    /// What is to be done about each pair of branches: first those that are not wanted any more.
    fn pairs<'p>(&self, state: &State, base: &str, plan: &'p Plan) -> Result<Vec<Todo<'p>>, Trouble> {
        let there = |name: &String| state.ours.contains(name);
        let mut wanted: Vec<Wanted<'p>> = Vec::new();
        for pair in &plan.pairs {
            // What could not be handled this time is left as it is.
            let Some(path) = pair.path.as_ref().filter(|path| !plan.failed.contains(path)) else { continue };
            let (suffix, branches) = (branches::suffix(path), [pair.safe.as_ref(), pair.review.as_ref()]);
            let names = branches::pair(&suffix);
            // Where nothing is wanted and nothing is there, there is nothing to ask for.
            if branches.iter().any(Option::is_some) || names.iter().any(there) {
                wanted.push(Wanted { label: Some(path.clone()), suffix, names, branches });
            }
        }
        let left: Vec<String> = plan.failed.iter().map(|path| branches::suffix(path)).collect();
        let mut old: Vec<Wanted<'p>> = Vec::new();
        for suffix in state.ours.iter().filter_map(|name| branches::suffix_of(name)) {
            let known = wanted.iter().chain(&old).any(|it| it.suffix == suffix);
            let kept = plan.per == Per::Dockerfile && left.iter().any(|it| it == suffix);
            if !known && !kept {
                let names = branches::pair(suffix);
                old.push(Wanted {
                    label: Some(suffix.to_owned()),
                    suffix: suffix.to_owned(),
                    names,
                    branches: [None; 2],
                });
            }
        }
        let names: Vec<&str> = old.iter().chain(&wanted).flat_map(|it| &it.names).map(String::as_str).collect();
        let states = if names.is_empty() { Vec::new() } else { self.forge.branches(&state.name, &names)? };
        let mut states = states.into_iter();
        let mut next = || states.next().unwrap_or_default();
        let reason = match plan.per {
            Per::Repository if plan.dockerfiles > 0 => "one pull request is for all Dockerfiles now",
            _ => NOTHING_LEFT,
        };
        let mut all: Vec<Todo> = old.into_iter().map(|it| Todo::new(it, [next(), next()], base, reason)).collect();
        let whole = plan.pairs.iter().find(|pair| pair.path.is_none());
        let whole = Wanted {
            label: None,
            suffix: String::new(),
            names: WHOLE.map(str::to_owned),
            branches: whole.map_or([None; 2], |pair| [pair.safe.as_ref(), pair.review.as_ref()]),
        };
        let reason = match plan.per {
            Per::Repository => NOTHING_LEFT,
            Per::Dockerfile => "each Dockerfile has a pull request of its own now",
        };
        all.push(Todo::new(whole, state.branches.clone(), base, reason));
        all.extend(wanted.into_iter().map(|it| Todo::new(it, [next(), next()], base, NOTHING_LEFT)));
        Ok(all)
    }
}

/// Why a pull request is closed that has nothing to do any more.
const NOTHING_LEFT: &str = "nothing of this is left to change";

fn told(name: &str, plan: &Plan, all: &[Todo<'_>]) -> Row {
    let mut text = String::new();
    for todo in all {
        for (branch, decision) in todo.wanted.branches.iter().zip(&todo.decisions) {
            let (Some(branch), Decision::Do(steps)) = (branch, decision) else { continue };
            if steps.build || steps.open {
                text += &format!("{name}: {}\n{}\n", branch.title, branch.diff);
            }
        }
    }
    let _ = anstream::stdout().write_all(quoted(&text).as_bytes());
    row(plan, all.iter().map(|todo| todo.line([None, None])).collect())
}

fn row(plan: &Plan, lines: Vec<Line>) -> Row {
    Row::Looked { dockerfiles: plan.dockerfiles, lines, notes: plan.notes.clone() }
}

/// A pair of branches, and what they are to hold.
struct Wanted<'p> {
    /// What a person calls it; `None` for the pair of the whole repository.
    label: Option<String>,
    suffix: String,
    names: [String; 2],
    branches: [Option<&'p Branch>; 2],
}

/// What is to be done about a pair of branches.
struct Todo<'p> {
    wanted: Wanted<'p>,
    there: [BranchState; 2],
    decisions: [Decision; 2],
    /// What the second pull request goes into.
    into: String,
    /// Why they are closed, if they are.
    reason: &'static str,
}

impl<'p> Todo<'p> {
    fn new(wanted: Wanted<'p>, there: [BranchState; 2], base: &str, reason: &'static str) -> Self {
        let [one, two] = wanted.branches;
        let safe = decide(&there[0], one, base);
        let into = if one.is_some() { wanted.names[0].clone() } else { base.to_owned() };
        // The second stands on the first: where that is not wanted, nor is this.
        let review = match &safe {
            Decision::Away(away) if one.is_some() => Decision::Away(*away),
            _ => decide(&there[1], two, &into),
        };
        Self { wanted, there, decisions: [safe, review], into, reason }
    }

    /// Whether anything is to be there.
    fn wants(&self) -> bool {
        self.wanted.branches.iter().any(Option::is_some)
    }

    fn writes(&self) -> bool {
        self.decisions.iter().any(|it| matches!(it, Decision::Do(steps) if !steps.none()))
    }

    fn carry_out(&self, forge: &dyn Repositories, state: &State) -> Result<Line, Trouble> {
        let mut opened = [None, None];
        let Some((base, tip)) = &state.base else { return Ok(self.line(opened)) };
        let mut below = (tip.commit.clone(), tip.tree.clone());
        for (at, into) in [base, &self.into].into_iter().enumerate() {
            let Decision::Do(steps) = &self.decisions[at] else { continue };
            let (there, branch) = (&self.there[at], self.wanted.branches[at]);
            let before = there.tip.as_ref().map(|tip| tip.commit.as_str());
            if let (true, Some(branch)) = (steps.build, branch) {
                below = build(forge, &state.name, branch, below)?;
                forge.move_branch(state, &self.wanted.names[at], before, Some(&below.0))?;
            } else if let Some(tip) = there.tip.as_ref().filter(|_| branch.is_some()) {
                below = (tip.commit.clone(), tip.tree.clone());
            }
            opened[at] = self.pull(forge, state, steps, at, into)?;
        }
        // Last, as a forge closes by itself what goes into a branch that is deleted, or comes from it.
        for at in [1, 0] {
            if matches!(&self.decisions[at], Decision::Do(steps) if steps.delete) {
                let before = self.there[at].tip.as_ref().map(|tip| tip.commit.as_str());
                forge.move_branch(state, &self.wanted.names[at], before, None)?;
            }
        }
        Ok(self.line(opened))
    }

    /// The pull request, when the branch is there. Answers with the number of a new one.
    fn pull(
        &self,
        forge: &dyn Repositories,
        state: &State,
        steps: &Steps,
        at: usize,
        into: &str,
    ) -> Result<Option<u64>, Trouble> {
        if let Some(number) = steps.close {
            let body = self.there[at].pull.as_ref().map(|pull| pull::closed(&pull.body, self.reason));
            forge.edit(&state.name, number, &EditPull { body: body.as_deref(), close: true, ..EditPull::default() })?;
        }
        let Some(branch) = self.wanted.branches[at] else { return Ok(None) };
        if let Some(number) = steps.rewrite.or(steps.rebase) {
            let new = steps.rewrite.is_some();
            let edit = EditPull {
                title: new.then_some(&branch.title),
                body: new.then_some(&branch.body),
                base: steps.rebase.map(|_| into),
                close: false,
            };
            forge.edit(&state.name, number, &edit)?;
        }
        if !steps.open {
            return Ok(None);
        }
        let (title, body) = (&branch.title, &branch.body);
        let new = NewPull { title, body, head: &self.wanted.names[at], base: into, draft: at == 1 };
        forge.open(&state.name, &new).map(Some)
    }

    fn line(&self, opened: [Option<u64>; 2]) -> Line {
        let done = |at: usize| match &self.decisions[at] {
            // Where there is nothing to do, nobody has to know who closed what.
            Decision::Away(_) if self.wanted.branches[at].is_none() => Done::Nothing,
            Decision::Away(away) => Done::Away(away.says()),
            Decision::Do(steps) if steps.close.is_some() => Done::Closed(steps.close),
            Decision::Do(steps) if steps.open => Done::Opened(opened[at]),
            Decision::Do(steps) if steps.build || steps.rewrite.is_some() || steps.rebase.is_some() => {
                Done::Updated(steps.rewrite.or(steps.rebase))
            }
            Decision::Do(_) if self.wanted.branches[at].is_some() => Done::Current,
            Decision::Do(_) => Done::Nothing,
        };
        Line { label: self.wanted.label.clone(), safe: done(0), review: done(1) }
    }
}

/// Makes the commits of a branch, which nobody sees yet. Answers with the last one and its tree.
fn build(
    forge: &dyn Repositories,
    repository: &str,
    branch: &Branch,
    below: (String, String),
) -> Result<(String, String), Trouble> {
    let (mut parent, mut tree) = below;
    for (at, commit) in branch.commits.iter().enumerate() {
        tree = forge.make_tree(repository, &tree, &commit.files)?;
        let last = at + 1 == branch.commits.len();
        let message =
            if last { pull::with_trailers(&commit.message, &branch.id, &tree) } else { commit.message.clone() };
        parent = forge.make_commit(repository, &parent, &tree, &message)?;
    }
    Ok((parent, tree))
}
