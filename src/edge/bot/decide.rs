//! What is to be done about a branch, given what is there and what is wanted. Pure, so that every case can be tested.
//!
//! What is there is the only memory. The last commit of a branch of ours says which plan it carries out and which tree it
//! has: a branch whose last commit does not, or has another tree, was pushed to by a person. The pull request's text says
//! which plan it is about: it is written anew only when the plan is another one, so that ticks in it stay.

use crate::edge::forge::{BranchState, Stands, Tip};
use crate::report::pull;

use super::plan::Branch;

/// What to do about a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, and why not.
    Away(Away),
    /// Do these.
    Do(Steps),
}

/// Why a branch is left to the people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    Closed,
    Reverted,
    Pushed,
    Ignored,
    /// A pull request of somebody else uses the branch.
    Taken,
}

impl Away {
    pub const fn says(self) -> &'static str {
        match self {
            Self::Closed => "left alone: closed by a person",
            Self::Reverted => "left alone: merged, and taken back",
            Self::Pushed => "left alone: a person pushed to the branch",
            Self::Ignored => "left alone: labelled dockwright:ignore",
            Self::Taken => "left alone: the branch has a pull request of somebody else",
        }
    }
}

/// The label that keeps us away.
pub const LABEL: &str = "dockwright:ignore";

/// What is to be done; nothing, if all is as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// Make the commits and move the branch there.
    pub build: bool,
    pub open: bool,
    /// Give the pull request new text.
    pub rewrite: Option<u64>,
    /// Give the pull request another base.
    pub rebase: Option<u64>,
    pub close: Option<u64>,
    pub delete: bool,
}

impl Steps {
    /// Whether nothing is to be done.
    pub fn none(&self) -> bool {
        *self == Self::default()
    }
}

/// Decides. `base` is the branch that the pull request is to go into.
pub fn decide(there: &BranchState, wanted: Option<&Branch>, base: &str) -> Decision {
    let pull = there.pull.as_ref();
    let stands = pull.map(|pull| pull.stands);
    let about = pull.and_then(|pull| pull::about(&pull.body));
    if let Some(pull) = pull
        && pull.stands != Stands::Merged
        && pull.labels.iter().any(|label| label.eq_ignore_ascii_case(LABEL))
    {
        return Decision::Away(Away::Ignored);
    }
    if stands == Some(Stands::Open) && about.is_none() {
        return Decision::Away(Away::Taken);
    }
    if stands == Some(Stands::Closed) && about != Some(pull::DONE) {
        return Decision::Away(Away::Closed);
    }
    // What was merged is not lost, whoever wrote it.
    let merged = stands == Some(Stands::Merged) && there.tip.as_ref().map(|tip| &tip.commit) == pull.map(|it| &it.head);
    let ours = there.tip.as_ref().map(|tip| (tip, plan_of(tip)));
    if let Some((_, None)) = ours
        && !merged
    {
        return Decision::Away(Away::Pushed);
    }
    let mut steps = Steps::default();
    let Some(wanted) = wanted else {
        match pull {
            Some(pull) if pull.stands == Stands::Open && about != Some(pull::DONE) => {
                steps.close = Some(pull.number);
                steps.delete = there.tip.is_some();
            }
            // A run that was ended before it deleted the branch, or before it opened a pull request.
            Some(pull) if pull.stands == Stands::Closed => steps.delete = there.tip.is_some(),
            None => steps.delete = there.tip.is_some(),
            // Reopened by a person, or merged: the branch is theirs.
            Some(_) => {}
        }
        return Decision::Do(steps);
    };
    if stands == Some(Stands::Merged) && about == Some(&wanted.id) {
        return Decision::Away(Away::Reverted);
    }
    steps.build = ours.and_then(|(_, plan)| plan) != Some(&wanted.id);
    match pull {
        Some(pull) if pull.stands == Stands::Open => {
            steps.rewrite = (about != Some(&wanted.id)).then_some(pull.number);
            steps.rebase = (pull.base != base).then_some(pull.number);
        }
        _ => steps.open = true,
    }
    Decision::Do(steps)
}

/// The plan that a commit of ours carries out; `None` if it is not ours.
fn plan_of(tip: &Tip) -> Option<&str> {
    let (plan, tree) = pull::trailers(&tip.message)?;
    (tree == tip.tree).then_some(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::forge::PullState;

    fn tip(plan: &str) -> Tip {
        let message = pull::with_trailers("x", plan, "abcdef01");
        Tip { commit: "c0ffee".into(), tree: "abcdef01".into(), message }
    }

    fn pull(stands: Stands, about: &str) -> PullState {
        let body = format!("{}\nx", pull::mark(about));
        PullState { number: 7, stands, body, base: "main".into(), head: "c0ffee".into(), labels: Vec::new() }
    }

    fn wanted(id: &str) -> Branch {
        Branch { id: id.into(), commits: vec![], title: String::new(), body: String::new(), diff: String::new() }
    }

    fn there(tip: Option<Tip>, pull: Option<PullState>) -> BranchState {
        BranchState { tip, pull }
    }

    #[test]
    fn what_is_done() {
        use Stands::{Closed, Merged, Open};
        let nothing = Steps::default;
        for (state, want, steps) in [
            (there(None, None), None, nothing()),
            (there(None, None), Some("a1"), Steps { build: true, open: true, ..nothing() }),
            (there(Some(tip("a1")), None), Some("a1"), Steps { open: true, ..nothing() }),
            (there(Some(tip("a1")), None), None, Steps { delete: true, ..nothing() }),
            (there(Some(tip("a1")), Some(pull(Open, "a1"))), Some("a1"), nothing()),
            (
                there(Some(tip("a1")), Some(pull(Open, "a1"))),
                Some("b2"),
                Steps { build: true, rewrite: Some(7), ..nothing() },
            ),
            (there(Some(tip("b2")), Some(pull(Open, "a1"))), Some("b2"), Steps { rewrite: Some(7), ..nothing() }),
            (there(Some(tip("a1")), Some(pull(Open, "a1"))), None, Steps { close: Some(7), delete: true, ..nothing() }),
            (there(Some(tip("a1")), Some(pull(Closed, pull::DONE))), None, Steps { delete: true, ..nothing() }),
            (there(None, Some(pull(Closed, pull::DONE))), None, nothing()),
            (there(None, Some(pull(Closed, pull::DONE))), Some("b2"), Steps { build: true, open: true, ..nothing() }),
            (there(Some(tip("a1")), Some(pull(Open, pull::DONE))), None, nothing()),
            (there(Some(tip("a1")), Some(pull(Merged, "a1"))), None, nothing()),
            (
                there(Some(tip("a1")), Some(pull(Merged, "a1"))),
                Some("b2"),
                Steps { build: true, open: true, ..nothing() },
            ),
            (there(None, Some(pull(Merged, "a1"))), Some("b2"), Steps { build: true, open: true, ..nothing() }),
        ] {
            let want = want.map(wanted);
            assert_eq!(decide(&state, want.as_ref(), "main"), Decision::Do(steps), "{state:?} {want:?}");
        }
        let state = there(Some(tip("a1")), Some(pull(Open, "a1")));
        let steps = Steps { rebase: Some(7), ..nothing() };
        assert_eq!(decide(&state, Some(&wanted("a1")), "other"), Decision::Do(steps));
    }

    #[test]
    fn what_is_left_to_people() {
        use Stands::{Closed, Merged, Open};
        let foreign = Tip { message: "fix".into(), ..tip("a1") };
        let amended = Tip { tree: "fedcba98".into(), ..tip("a1") };
        let labelled = PullState { labels: vec!["x".into(), LABEL.into()], ..pull(Open, "a1") };
        let theirs = PullState { body: "mine".into(), ..pull(Open, "a1") };
        for (state, away) in [
            (there(Some(foreign.clone()), None), Away::Pushed),
            (there(Some(amended), Some(pull(Open, "a1"))), Away::Pushed),
            (there(Some(foreign.clone()), Some(pull(Closed, pull::DONE))), Away::Pushed),
            (there(Some(tip("a1")), Some(pull(Closed, "a1"))), Away::Closed),
            (there(None, Some(pull(Closed, "a1"))), Away::Closed),
            (there(Some(tip("a1")), Some(labelled)), Away::Ignored),
            (there(Some(tip("a1")), Some(theirs)), Away::Taken),
        ] {
            for want in [None, Some(wanted("a1")), Some(wanted("b2"))] {
                assert_eq!(decide(&state, want.as_ref(), "main"), Decision::Away(away), "{state:?} {want:?}");
            }
        }
        let state = there(None, Some(pull(Merged, "a1")));
        assert_eq!(decide(&state, Some(&wanted("a1")), "main"), Decision::Away(Away::Reverted));
        // A person pushed to the branch before it was merged: nothing is lost.
        let state = there(Some(foreign), Some(pull(Merged, "a1")));
        assert!(matches!(decide(&state, Some(&wanted("b2")), "main"), Decision::Do(_)));
    }
}
