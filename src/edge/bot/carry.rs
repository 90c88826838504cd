//! One repository: what is there is read, the plan is made, and the difference is carried out.

use std::io::Write as _;

use crate::edge::arguments::{Bot, Choose};
use crate::edge::forge::{EditPull, Kind, NewPull, Repositories, State, Trouble};
use crate::edge::world::Shared;
use crate::explain::Page;
use crate::report::pull;

use super::checkout::{self, Checkout};
use super::decide::{Decision, Steps, decide};
use super::plan::{self, Branch, Plan};
use super::table::{Done, Result as Row};
use super::{BRANCHES, Failure, quoted};

/// How often a repository is looked at again when it changes under our hands.
const TRIES: usize = 3;

pub struct Run<'r> {
    pub forge: &'r dyn Repositories,
    pub choose: &'r Choose,
    pub arguments: &'r Bot,
    pub registries: &'r Shared,
    pub pages: &'r [Page],
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
            let Some((_, base)) = &now.base else { return Ok(Row::Skipped("empty")) };
            // The plan depends on the files only.
            let plan = match made.take() {
                Some((tree, plan)) if tree == base.tree => plan,
                _ => self.plan(now, &base.tree)?,
            };
            let todo = Todo::new(now, &plan);
            if self.arguments.dry_run {
                return Ok(self.told(name, &plan, &todo));
            }
            // What is there was read a while ago, for many at once: it is read again before anything is written.
            if tries == 1 && todo.writes() {
                made = Some((base.tree.clone(), plan));
                state = self.forge.states(&[name], BRANCHES)?.into_iter().next().flatten();
                continue;
            }
            match todo.carry_out(self.forge, now, &plan) {
                Ok(row) => return Ok(row),
                Err(trouble) if trouble.kind == Kind::Passing && tries <= TRIES => {
                    made = Some((base.tree.clone(), plan));
                    state = self.forge.states(&[name], BRANCHES)?.into_iter().next().flatten();
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(Row::Skipped(""))
    }

    fn plan(&self, state: &State, tree: &str) -> Result<Plan, Trouble> {
        let entries = self.forge.tree(&state.name, tree)?;
        if !entries.iter().any(|entry| checkout::is_dockerfile(&entry.path)) {
            return Ok(Plan::default());
        }
        let refused = |failure| Trouble { kind: Kind::Refused, failure };
        let mut checkout = Checkout::new(self.forge, &state.name, entries).map_err(refused)?;
        let reviews = !self.arguments.safe_only;
        plan::plan(&mut checkout, self.choose, reviews, self.registries, self.pages).map_err(refused)
    }

    fn told(&self, name: &str, plan: &Plan, todo: &Todo) -> Row {
        let mut text = String::new();
        let branches = [(&plan.safe, &todo.safe), (&plan.review, &todo.review)];
        for (branch, decision) in branches {
            let (Some(branch), Decision::Do(steps)) = (branch, decision) else { continue };
            if steps.build || steps.open {
                text += &format!("{name}: {}\n{}\n", branch.title, branch.diff);
            }
        }
        let _ = anstream::stdout().write_all(quoted(&text).as_bytes());
        todo.row(plan, [None, None])
    }
}

/// What is to be done in a repository.
struct Todo {
    safe: Decision,
    review: Decision,
    /// Where the second pull request goes into, if not into the default branch.
    stacked: bool,
}

impl Todo {
    fn new(state: &State, plan: &Plan) -> Self {
        let base = state.base.as_ref().map_or("", |(name, _)| name);
        let safe = decide(&state.branches[0], plan.safe.as_ref(), base);
        let stacked = plan.safe.is_some();
        // The second stands on the first: where that is not wanted, nor is this.
        let review = match &safe {
            Decision::Away(away) if stacked => Decision::Away(*away),
            _ => decide(&state.branches[1], plan.review.as_ref(), if stacked { BRANCHES[0] } else { base }),
        };
        Self { safe, review, stacked }
    }

    fn writes(&self) -> bool {
        [&self.safe, &self.review].iter().any(|it| matches!(it, Decision::Do(steps) if !steps.none()))
    }

    fn carry_out(&self, forge: &dyn Repositories, state: &State, plan: &Plan) -> Result<Row, Trouble> {
        let Some((base, tip)) = &state.base else { return Ok(Row::Skipped("empty")) };
        let mut below = (tip.commit.clone(), tip.tree.clone());
        let mut opened = [None, None];
        let branches = [(&self.safe, &plan.safe, base.as_str()), (&self.review, &plan.review, BRANCHES[0])];
        for (at, (decision, branch, into)) in branches.into_iter().enumerate() {
            let into = if at == 1 && !self.stacked { base } else { into };
            let there = &state.branches[at];
            let Decision::Do(steps) = decision else { continue };
            let before = there.tip.as_ref().map(|tip| tip.commit.as_str());
            if let (true, Some(branch)) = (steps.build, branch) {
                below = build(forge, &state.name, branch, below)?;
                forge.move_branch(state, BRANCHES[at], before, Some(&below.0))?;
            } else if let Some(tip) = there.tip.as_ref().filter(|_| branch.is_some()) {
                below = (tip.commit.clone(), tip.tree.clone());
            }
            opened[at] = self.pull(forge, state, steps, branch.as_ref(), at, into)?;
            if steps.delete {
                forge.move_branch(state, BRANCHES[at], before, None)?;
            }
        }
        Ok(self.row(plan, opened))
    }

    /// The pull request, when the branch is there. Answers with the number of a new one.
    fn pull(
        &self,
        forge: &dyn Repositories,
        state: &State,
        steps: &Steps,
        branch: Option<&Branch>,
        at: usize,
        into: &str,
    ) -> Result<Option<u64>, Trouble> {
        if let Some(number) = steps.close {
            let body = state.branches[at].pull.as_ref().map(|pull| pull::closed(&pull.body));
            forge.edit(&state.name, number, &EditPull { body: body.as_deref(), close: true, ..EditPull::default() })?;
        }
        let Some(branch) = branch else { return Ok(None) };
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
        let new = NewPull { title, body, head: BRANCHES[at], base: into, draft: at == 1 };
        forge.open(&state.name, &new).map(Some)
    }

    fn row(&self, plan: &Plan, opened: [Option<u64>; 2]) -> Row {
        let done = |decision: &Decision, branch: &Option<Branch>, number: Option<u64>| match decision {
            // Where there is nothing to do, nobody has to know who closed what.
            Decision::Away(_) if branch.is_none() => Done::Nothing,
            Decision::Away(away) => Done::Away(away.says()),
            Decision::Do(steps) if steps.close.is_some() => Done::Closed(steps.close),
            Decision::Do(steps) if steps.open => Done::Opened(number),
            Decision::Do(steps) if steps.build || steps.rewrite.is_some() || steps.rebase.is_some() => {
                Done::Updated(steps.rewrite.or(steps.rebase))
            }
            Decision::Do(_) if branch.is_some() => Done::Current,
            Decision::Do(_) => Done::Nothing,
        };
        Row::Looked {
            dockerfiles: plan.dockerfiles,
            safe: done(&self.safe, &plan.safe, opened[0]),
            review: done(&self.review, &plan.review, opened[1]),
            notes: plan.notes.clone(),
        }
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
