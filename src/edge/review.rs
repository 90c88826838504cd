//! `dockwright review`: suggestions in a pull request.
//!
//! A suggestion is posted only if it is one finding's whole change, its lines are in the difference that the pull request
//! shows, and the file with it alone passes the gate. Everything else goes into the summary.

use std::io::Write as _;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::explain::Page;
use crate::report::{self, File, Part, Suggestion};
use crate::transforms::ALL;

use super::arguments::Review;
use super::forge::{Changed, Comment, Forge, GitHub, Posted, Pull, Thread};
use super::project::{self, Projects};
use super::subject::Subject;
use super::world::Shared;
use super::{DONE, FAILED, Failure, carried, files, git, names, printable, quoted};

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

/// What is to be said about a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Its number.
    pub number: u64,
    /// The commit that was looked at.
    pub head: String,
    /// The summary.
    pub sections: Vec<report::Section>,
    /// What is suggested, with the file.
    pub suggestions: Vec<(String, Suggestion)>,
}

fn review(arguments: &Review) -> Result<String, Failure> {
    names::check(arguments.choose.names())?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let missing = |what: &str, help: &str| Failure::new(format!("{what} is not known"), help);
    let repository = arguments.repo.clone().or_else(|| variable("GITHUB_REPOSITORY"));
    let repository = repository.ok_or_else(|| missing("the repository", "name it: --repo OWNER/NAME"))?;
    let carried = arguments.post.as_ref().map(|path| carried::read(path, arguments.head.as_deref())).transpose()?;
    // In a workflow: refs/pull/12/merge.
    let event = || variable("GITHUB_REF")?.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok();
    let number = carried.as_ref().map(|said| said.number).or(arguments.number).or_else(event);
    let number = number.ok_or_else(|| missing("the pull request", "name its number: dockwright review 12"))?;
    let api = arguments.api.clone().or_else(|| variable("GITHUB_API_URL"));
    let token = variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN"));
    let token = token.ok_or_else(|| missing("the token", "set GITHUB_TOKEN"))?;
    let forge = GitHub::new(api.as_deref().unwrap_or("https://api.github.com"), &repository, number, &token)?;

    let pages: Vec<Page> = ALL.iter().filter_map(|transform| Page::of(transform).ok()).collect();
    let pull = forge.pull()?;
    let (mut said, notes) = match carried {
        Some(said) if said.head != pull.head => {
            let message = "the pull request has another tip than the one that was looked at";
            return Err(Failure::new(message, "the run for that one posts its own review"));
        }
        Some(said) => (said, String::new()),
        None => look_at(arguments, &forge, &pull, number)?,
    };
    said.suggestions.retain(|(path, suggestion)| {
        let patch = pull.files.iter().find(|changed| changed.path == *path).and_then(|it| it.patch.as_deref());
        let (first, last) = suggestion.lines;
        report::shown_lines(patch.unwrap_or_default()).iter().any(|it| it.contains(&first) && it.contains(&last))
    });
    if let Some(path) = &arguments.output {
        carried::write(path, &said)?;
        return Ok(notes);
    }
    let summary = report::comment(&said.sections);
    let comments = said.suggestions.iter().map(|(path, suggestion)| Comment {
        path: path.clone(),
        lines: suggestion.lines,
        body: suggestion.body(&pages),
    });
    let comments: Vec<Comment> = comments.collect();
    if arguments.dry_run {
        let shown = comments.iter().map(|it| format!("\n{}:{}-{}\n{}", it.path, it.lines.0, it.lines.1, it.body));
        let text = summary + &shown.collect::<String>();
        let _ = anstream::stdout().write_all(quoted(&text).as_bytes());
        return Ok(notes);
    }
    let worth = said.sections.iter().any(|section| !section.is_empty());
    let plan = Plan::new(summary, worth, comments, &forge.threads()?, &forge.reviews()?);
    Ok(notes + &plan.carry_out(&forge, &pull.head)?)
}

/// Looks at the Dockerfiles of a pull request. Answers with what a person should know, too.
fn look_at(arguments: &Review, forge: &GitHub, pull: &Pull, number: u64) -> Result<(Said, String), Failure> {
    let root = git::root(Path::new(".")).ok_or_else(|| {
        Failure::new("this folder is in no git repository", "run this in a checkout of the pull request")
    })?;
    let projects = Projects::default();
    let shared = Shared::new(arguments.choose.which.registry).below(&root);
    let mut said = Said { number, head: pull.head.clone(), sections: Vec::new(), suggestions: Vec::new() };
    let mut notes = String::new();
    for changed in &pull.files {
        if !is_ours(&changed.path) {
            continue;
        }
        let path = root.join(&changed.path);
        if !path.is_file() || path.is_symlink() || !same(forge, &changed.path, &pull.head, &path)? {
            let shown = printable(&changed.path);
            notes += &format!("{shown}: not as it is at the tip of the pull request: left out\n");
            continue;
        }
        if let Some((section, suggestions)) = look(changed, &path, arguments, &projects, &shared) {
            said.sections.push(section);
            said.suggestions.extend(suggestions.into_iter().map(|it| (changed.path.clone(), it)));
        }
    }
    Ok((said, notes + &shared.notes()))
}

/// Whether a path of the forge is a Dockerfile inside of the repository.
pub fn is_ours(path: &str) -> bool {
    let path = Path::new(path);
    path.components().all(|part| matches!(part, Component::Normal(_)))
        && path.file_name().and_then(|name| name.to_str()).is_some_and(files::is_dockerfile)
}

/// Whether the file here is the one at the forge: otherwise its lines are others.
fn same(forge: &dyn Forge, path: &str, head: &str, here: &Path) -> Result<bool, Failure> {
    let there = forge.text(path, head)?;
    Ok(files::read(here).is_ok_and(|text| Some(text) == there))
}

/// Looks at one Dockerfile; `None` if the configuration excludes it.
fn look(
    changed: &Changed,
    path: &Path,
    arguments: &Review,
    projects: &Projects,
    shared: &Shared,
) -> Option<(report::Section, Vec<Suggestion>)> {
    let real = project::real(path);
    let project = projects.of(real.parent().unwrap_or(&real));
    if let Ok(project) = &project
        && project.config.as_ref().is_some_and(|config| config.excludes(&real))
    {
        return None;
    }
    let (mut note, mut suggestions, mut suggested) = (None, Vec::new(), String::new());
    let subject = project.and_then(|project| Subject::read(path, &real, project, &arguments.choose, shared));
    let result = subject.and_then(|subject| {
        note.clone_from(&subject.note);
        let outcome = subject.outcome(&[])?;
        let shown = changed.patch.as_deref().map(report::shown_lines).unwrap_or_default();
        let mut taken = Part { hunks: Vec::new(), findings: Vec::new() };
        for part in report::parts(&outcome) {
            let Some(suggestion) = report::suggestion(&outcome, &part) else { continue };
            let (first, last) = suggestion.lines;
            if shown.iter().any(|lines| lines.contains(&first) && lines.contains(&last))
                && subject.stands_alone(&outcome, &part)
            {
                suggestions.push(suggestion);
                taken.hunks.extend(part.hunks);
            }
        }
        suggested = taken.alone(&outcome);
        Ok(outcome)
    });
    let file = File {
        path: &changed.path,
        note: note.as_deref(),
        result: result.as_ref().map_err(|failure| (failure.message.as_str(), failure.help.as_deref())),
    };
    Some((report::Section::of(&file, &suggested), suggestions))
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
