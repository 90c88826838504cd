//! `dockwright review`: suggestions in a pull request.
//!
//! A suggestion is posted only if it is one finding's whole change, its lines are in the difference that the pull request
//! shows, and the file with it alone passes the gate. Everything else goes into the summary.

use std::io::Write as _;
use std::path::{Component, Path};

use crate::explain::Page;
use crate::pipeline::Outcome;
use crate::report::{self, File, Part};
use crate::transforms::ALL;

use super::arguments::Review;
use super::forge::{Changed, Comment, Forge, GitHub, Posted, Thread};
use super::project::{self, Projects};
use super::subject::Subject;
use super::world::Shared;
use super::{DONE, FAILED, Failure, files, git, names, printable, quoted};

pub fn run(arguments: &Review) -> u8 {
    match review(arguments) {
        Ok(said) => {
            let _ = anstream::stderr().write_all(said.as_bytes());
            DONE
        }
        Err(failure) => {
            failure.print();
            FAILED
        }
    }
}

/// A Dockerfile of the pull request, looked at.
struct Looked {
    path: String,
    note: Option<String>,
    result: Result<Outcome, Failure>,
    /// What is suggested.
    comments: Vec<Comment>,
    /// The text with the suggestions applied.
    suggested: String,
}

fn review(arguments: &Review) -> Result<String, Failure> {
    names::check(arguments.choose.names())?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let missing = |what: &str, help: &str| Failure::new(format!("{what} is not known"), help);
    let repository = arguments.repo.clone().or_else(|| variable("GITHUB_REPOSITORY"));
    let repository = repository.ok_or_else(|| missing("the repository", "name it: --repo OWNER/NAME"))?;
    // In a workflow: refs/pull/12/merge.
    let event = || variable("GITHUB_REF")?.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok();
    let number = arguments.number.or_else(event);
    let number = number.ok_or_else(|| missing("the pull request", "name its number: dockwright review 12"))?;
    let api = arguments.api.clone().or_else(|| variable("GITHUB_API_URL"));
    let token = variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN"));
    let token = token.ok_or_else(|| missing("the token", "set GITHUB_TOKEN"))?;
    let forge = GitHub::new(api.as_deref().unwrap_or("https://api.github.com"), &repository, number, &token)?;
    let root = git::root(Path::new(".")).ok_or_else(|| {
        Failure::new("this folder is in no git repository", "run this in a checkout of the pull request")
    })?;

    let pull = forge.pull()?;
    let pages: Vec<Page> = ALL.iter().filter_map(|transform| Page::of(transform).ok()).collect();
    let projects = Projects::default();
    let shared = Shared::new(arguments.choose.registry).below(&root);
    let mut looked = Vec::new();
    let mut said = String::new();
    for changed in &pull.files {
        if !is_ours(&changed.path) {
            continue;
        }
        let path = root.join(&changed.path);
        if !path.is_file() || path.is_symlink() || !same(&forge, &changed.path, &pull.head, &path)? {
            let shown = printable(&changed.path);
            said += &format!("{shown}: not as it is at the tip of the pull request: left out\n");
            continue;
        }
        looked.extend(look(changed, &path, arguments, &projects, &shared, &pages));
    }
    said += &shared.notes();
    let all: Vec<(File<'_>, &str)> = looked.iter().map(|it| (it.file(), it.suggested.as_str())).collect();
    let summary = report::summary(&all);
    let comments: Vec<Comment> = looked.iter().flat_map(|it| it.comments.clone()).collect();
    let worth = looked.iter().any(|it| it.result.as_ref().map_or(true, |outcome| outcome.changes() || open(outcome)));
    if arguments.dry_run {
        let shown = comments.iter().map(|it| format!("\n{}:{}-{}\n{}", it.path, it.lines.0, it.lines.1, it.body));
        let text = summary + &shown.collect::<String>();
        let _ = anstream::stdout().write_all(quoted(&text).as_bytes());
        return Ok(said);
    }
    let plan = Plan::new(summary, worth, comments, &forge.threads()?, &forge.reviews()?);
    Ok(said + &plan.carry_out(&forge, &pull.head)?)
}

/// Whether there is something that waits for a person's check.
fn open(outcome: &Outcome) -> bool {
    outcome.left.iter().any(|left| matches!(left.why, crate::pipeline::Why::NotReviewed(_)))
}

/// Whether a path of the forge is a Dockerfile inside of the repository.
fn is_ours(path: &str) -> bool {
    let path = Path::new(path);
    path.components().all(|part| matches!(part, Component::Normal(_)))
        && path.file_name().and_then(|name| name.to_str()).is_some_and(files::is_dockerfile)
}

/// Whether the file here is the one at the forge: otherwise its lines are others.
fn same(forge: &dyn Forge, path: &str, head: &str, here: &Path) -> Result<bool, Failure> {
    let there = forge.text(path, head)?;
    Ok(files::read(here).is_ok_and(|text| Some(text) == there))
}

fn look(
    changed: &Changed,
    path: &Path,
    arguments: &Review,
    projects: &Projects,
    shared: &Shared,
    pages: &[Page],
) -> Option<Looked> {
    let real = project::real(path);
    let project = projects.of(real.parent().unwrap_or(&real));
    if let Ok(project) = &project
        && project.config.as_ref().is_some_and(|config| config.excludes(&real))
    {
        return None;
    }
    let mut looked = Looked {
        path: changed.path.clone(),
        note: None,
        result: Err(Failure::new("", "")),
        comments: Vec::new(),
        suggested: String::new(),
    };
    let subject = project.and_then(|project| Subject::read(path, &real, project, &arguments.choose, shared));
    looked.result = subject.and_then(|subject| {
        looked.note.clone_from(&subject.note);
        let outcome = subject.outcome(&[])?;
        let shown = changed.patch.as_deref().map(report::shown_lines).unwrap_or_default();
        let mut taken = Part { hunks: Vec::new(), findings: Vec::new() };
        for part in report::parts(&outcome) {
            let Some(suggestion) = report::suggestion(&outcome, &part, pages) else { continue };
            let (first, last) = suggestion.lines;
            if shown.iter().any(|lines| lines.contains(&first) && lines.contains(&last))
                && subject.stands_alone(&outcome, &part)
            {
                let path = changed.path.clone();
                looked.comments.push(Comment { path, lines: (first, last), body: suggestion.body });
                taken.hunks.extend(part.hunks);
            }
        }
        looked.suggested = taken.alone(&outcome);
        Ok(outcome)
    });
    Some(looked)
}

impl Looked {
    fn file(&self) -> File<'_> {
        File {
            path: &self.path,
            note: self.note.as_deref(),
            result: self.result.as_ref().map_err(|failure| (failure.message.as_str(), failure.help.as_deref())),
        }
    }
}

/// What is to be done at the forge, given what is there.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// What is not there yet.
    post: Vec<Comment>,
    /// The summary, if there is none yet.
    first: Option<String>,
    /// The review that holds the summary, and what it is to say, if it says something else.
    update: Option<(u64, String)>,
    /// The threads whose suggestion is not made any more.
    resolve: Vec<String>,
}

impl Plan {
    fn new(summary: String, worth: bool, wanted: Vec<Comment>, threads: &[Thread], reviews: &[Posted]) -> Self {
        let ours = || threads.iter().filter(|thread| report::is_suggestion(&thread.body));
        // A forge may write the line breaks of what it was given anew.
        let equal = |one: &str, other: &str| one.lines().eq(other.trim_end().lines());
        let is = |thread: &Thread, comment: &Comment| {
            thread.path == comment.path && equal(comment.body.trim_end(), &thread.body)
        };
        let done = ours().filter(|thread| !thread.resolved && !wanted.iter().any(|comment| is(thread, comment)));
        let resolve = done.map(|thread| thread.id.clone()).collect();
        let post = wanted.iter().filter(|comment| !ours().any(|thread| is(thread, comment))).cloned().collect();
        let (mut first, mut update) = (None, None);
        match reviews.iter().find(|review| review.body.starts_with(report::MARK.trim_end())) {
            Some(review) if equal(summary.trim_end(), &review.body) => {}
            Some(review) => update = Some((review.id, summary)),
            None if worth => first = Some(summary),
            None => {}
        }
        Self { post, first, update, resolve }
    }

    /// Does it, and says what was done.
    fn carry_out(&self, forge: &dyn Forge, head: &str) -> Result<String, Failure> {
        if let Some((review, body)) = &self.update {
            forge.update(*review, body)?;
        }
        match &self.first {
            Some(summary) => forge.post(head, summary, &self.post)?,
            None if self.post.is_empty() => {}
            None => {
                forge.post(head, "More suggestions of dockwright; its first review has the summary.", &self.post)?
            }
        }
        // Some tokens may write reviews and not resolve threads: a thread that stays open does no harm.
        let refused: Vec<Failure> = self.resolve.iter().filter_map(|thread| forge.resolve(thread).err()).collect();
        let mut said = String::new();
        if let Some(first) = refused.first() {
            let threads = count(refused.len(), "thread");
            said += &format!("{threads} could not be resolved: {}\n", printable(&first.message));
        }
        let posted = count(self.post.len(), "suggestion");
        let resolved = count(self.resolve.len() - refused.len(), "thread");
        let summary = match (&self.first, &self.update) {
            (Some(_), _) => "new",
            (None, Some(_)) => "updated",
            (None, None) => "as it was",
        };
        Ok(said + &format!("posted {posted}, resolved {resolved}; the summary is {summary}\n"))
    }
}

fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
