//! A pull request of the bot: its title, its text, the messages of its commits. Nothing that comes from a path or a file
//! is read as Markdown, as a mention or as a reference.

use std::fmt::Write as _;

use crate::explain::Page;
use crate::pipeline::{Outcome, Why};

use super::markdown::{code, escape, plain};

/// The forge takes texts of 65,536 characters.
const MAX_LEN: usize = 60_000;
/// How many places that were left alone are told.
const MAX_KEPT: usize = 8;
/// What a pull request is about that has nothing left to do.
pub const DONE: &str = "done";

/// A change that the pull request makes.
#[derive(Clone, Copy, Debug)]
pub struct Change<'c> {
    /// The transform that makes it.
    pub transform: &'static str,
    /// The Dockerfile.
    pub path: &'c str,
    /// Of the file as it is, from 1, both included.
    pub lines: (usize, usize),
    /// What is gained.
    pub message: &'c str,
    /// What has to be checked; `None` at level safe.
    pub check: Option<&'c str>,
}

/// What was left alone, and why.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'c> {
    transform: &'static str,
    path: &'c str,
    lines: (usize, usize),
    why: &'c str,
}

/// What was left alone of a Dockerfile because a precondition does not hold.
pub fn kept<'c>(path: &'c str, outcome: &'c Outcome) -> impl Iterator<Item = Kept<'c>> {
    outcome.left.iter().filter_map(move |left| match &left.why {
        Why::Precondition(why) => Some(Kept { transform: left.transform, path, lines: left.lines, why }),
        _ => None,
    })
}

/// The line by which a pull request says which plan it is about.
#[must_use]
pub fn mark(plan: &str) -> String {
    format!("<!-- dockwright plan={plan} -->")
}

/// Which plan the pull request with this text is about; `None` if it is not one of ours.
#[must_use]
pub fn about(body: &str) -> Option<&str> {
    let plan = body.lines().next()?.trim_end().strip_prefix("<!-- dockwright plan=")?.strip_suffix(" -->")?;
    plan.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(plan)
}

/// A commit's message that says which plan it completes, and which tree it has.
#[must_use]
pub fn with_trailers(message: &str, plan: &str, tree: &str) -> String {
    format!("{message}\n\nDockwright-Plan: {plan}\nDockwright-Tree: {tree}\n")
}

/// The plan and the tree that a commit's message says; `None` if it does not end with them.
#[must_use]
pub fn trailers(message: &str) -> Option<(&str, &str)> {
    let mut lines = message.trim_end().lines().rev();
    let tree = lines.next()?.trim_end().strip_prefix("Dockwright-Tree: ")?;
    let plan = lines.next()?.trim_end().strip_prefix("Dockwright-Plan: ")?;
    Some((plan, tree))
}

/// The title; `path` is that of the Dockerfile that it is for, if it is for one.
#[must_use]
pub fn title(changes: &[Change], reviews: bool, path: Option<&str>) -> String {
    let one = changes.iter().all(|change| change.path == changes[0].path);
    let plain =
        |path: &&str| path.len() <= 80 && path.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_./".contains(&it));
    let files = path.filter(plain).unwrap_or(if one { "Dockerfile" } else { "Dockerfiles" });
    let about: Vec<&str> = names(changes, |change| !reviews || change.check.is_some());
    let shown = match &about[..] {
        [] => "tidy".to_owned(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    };
    if reviews { format!("{files}: {shown}, to be checked") } else { format!("{files}: {shown}") }
}

/// The names of the transforms of some changes, each once.
fn names<'c>(changes: &[Change<'c>], which: impl Fn(&Change<'c>) -> bool) -> Vec<&'static str> {
    let mut names = Vec::new();
    for change in changes.iter().filter(|change| which(change)) {
        if !names.contains(&change.transform) {
            names.push(change.transform);
        }
    }
    names
}

/// The message of the commit that makes `changes`, which are those of one transform.
#[must_use]
pub fn commit(changes: &[Change], pages: &[Page]) -> String {
    let Some(first) = changes.first() else { return String::new() };
    let transform = first.transform;
    let one = changes.iter().all(|change| change.message == first.message);
    let page = pages.iter().find(|page| page.name == transform);
    let summary = page.map_or("", |page| &page.summary);
    let headline = if one { plain(first.message) } else { plain(summary.trim_end_matches('.')) };
    let headline: String = format!("{transform}: {headline}");
    let mut text = if headline.chars().count() > 100 {
        format!("{}…", headline.chars().take(99).collect::<String>())
    } else {
        headline
    };
    text += "\n";
    if one && !summary.is_empty() {
        text.push('\n');
        text += &wrap(&unmarked(summary), "");
    }
    text += "\n";
    for change in changes {
        let place = format!("{}, {}", plain(change.path), lines(change.lines));
        text += &wrap(&if one { place } else { format!("{place}: {}", plain(change.message)) }, "- ");
        if let Some(check) = change.check {
            text += &wrap(&format!("check: {}", plain(check)), "  ");
        }
    }
    text.trim_end().to_owned()
}

/// A page's words without the marks of Markdown.
fn unmarked(text: &str) -> String {
    text.replace('`', "")
}

/// Lines of at most 76 characters, the first after `start`.
fn wrap(text: &str, start: &str) -> String {
    let (mut wrapped, mut width) = (start.to_owned(), start.len());
    for word in text.split_whitespace() {
        let len = word.chars().count();
        if width > start.len() && width + 1 + len > 76 {
            wrapped += &format!("\n{}", " ".repeat(start.len()));
            width = start.len();
        }
        if width > start.len() {
            wrapped.push(' ');
            width += 1;
        }
        wrapped += word;
        width += len;
    }
    wrapped + "\n"
}

fn lines((first, last): (usize, usize)) -> String {
    if first == last { format!("line {first}") } else { format!("lines {first} to {last}") }
}

/// What the text of a pull request is made of.
#[derive(Clone, Copy, Debug)]
pub struct Text<'t> {
    /// What is changed.
    pub changes: &'t [Change<'t>],
    /// What is not.
    pub kept: &'t [Kept<'t>],
    /// The plan that it is about.
    pub plan: &'t str,
    /// Whether a person has to check it.
    pub reviews: bool,
    /// Whether it stands on the pull request of the safe changes.
    pub stacked: bool,
    /// Dockerfiles, and a table of what was measured of each; `None` if nothing was built.
    pub measured: Option<&'t [(&'t str, &'t str)]>,
    /// Ignore files that it adds lines to, and the Dockerfiles whose own pull requests do so, too.
    pub shared: &'t [(&'t str, Vec<&'t str>)],
}

/// The text.
#[must_use]
pub fn body(about: &Text, pages: &[Page]) -> String {
    let Text { changes, kept, plan, reviews, stacked, measured, shared } = *about;
    let mut text = mark(plan) + "\n";
    let some = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    if reviews {
        let checks = changes.iter().filter(|change| change.check.is_some()).count();
        let _ = writeln!(
            text,
            "Right unless one of these {} fails: what is in the repository cannot prove them. Tick what you have looked \
             at; drop the commit of what does not hold.\n",
            some(checks, "check")
        );
        for change in changes {
            if let Some(check) = change.check {
                let _ = writeln!(
                    text,
                    "- [ ] {} ({}, {}, {})",
                    escape(check),
                    code(change.transform),
                    code(change.path),
                    lines(change.lines)
                );
            }
        }
        if stacked {
            text += "\nIt stands on the pull request with the safe changes: merge that one first.\n";
        }
        text.push('\n');
    } else {
        text += "Safe: the image differs only in what is said here.\n\n";
    }
    if let Some(measured) = measured {
        text += "Built, started and compared with what is there now: what did not survive that is left out.\n\n";
        for (path, table) in measured.iter().filter(|(_, table)| table.len() < MAX_LEN / 20).take(8) {
            let _ = writeln!(text, "{}:\n\n{table}", code(path));
        }
    }
    for (ignore, others) in shared {
        let shown: Vec<String> = others.iter().take(5).map(|path| code(path)).collect();
        let more = others.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(
            text,
            "It needs the lines that it adds to {}, as do the pull requests for {}{more}. Each is right by itself; merged \
             one after the other, what then conflicts is made anew by the next run.\n",
            code(ignore),
            shown.join(", ")
        );
    }
    text += "One commit per change, so that you can drop any of them:\n\n";
    let all = names(changes, |_| true);
    for (at, transform) in all.iter().enumerate() {
        let section = section(changes, transform, pages);
        if text.len() + section.len() > MAX_LEN {
            let _ = writeln!(text, "\n{} left out: the text would be too long.", some(all.len() - at, "transform"));
            break;
        }
        text += &section;
    }
    let mut left = String::new();
    for it in kept.iter().take(MAX_KEPT) {
        let _ = writeln!(left, "- {} ({}, {}): {}", code(it.transform), code(it.path), lines(it.lines), escape(it.why));
    }
    if !left.is_empty() && text.len() + left.len() < MAX_LEN {
        let more = kept.len().saturating_sub(MAX_KEPT);
        let more = if more > 0 { format!("- and {more} more: `dockwright optimize --why`\n") } else { String::new() };
        let _ = write!(text, "\n<details><summary>Left alone</summary>\n\n{left}{more}\n</details>\n");
    }
    text += "\nNot wanted? Close this; it will not come back. Push a commit to this branch, and it is yours: it is not \
             updated any more. `# dockwright: keep NAME` above an instruction keeps it as it is.\n";
    text
}

/// What one transform does, where, and when it is safe.
fn section(changes: &[Change], transform: &str, pages: &[Page]) -> String {
    let mut text = String::new();
    let page = pages.iter().find(|page| page.name == transform);
    // The same reason at several places is said once.
    let mut said: Vec<(&str, Vec<&Change>)> = Vec::new();
    for change in changes.iter().filter(|change| change.transform == transform) {
        match said.iter_mut().find(|(message, _)| *message == change.message) {
            Some((_, places)) => places.push(change),
            None => said.push((change.message, vec![change])),
        }
    }
    for (message, places) in said {
        let shown = places.iter().take(5).map(|it| format!("{}, {}", code(it.path), lines(it.lines)));
        let more = places.len().saturating_sub(5);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let shown = shown.collect::<Vec<_>>().join("; ");
        let _ = writeln!(text, "- {}: {} ({shown}{more})", code(transform), escape(message));
    }
    if let Some(page) = page {
        let safe = page.body.split("\n## ").find_map(|section| section.strip_prefix("When it is safe\n"));
        let safe = safe.map(|safe| safe.trim().replace('\n', "\n  ").replace("\n  \n", "\n\n")).unwrap_or_default();
        let _ = write!(text, "  <details><summary>{}", summary(&page.summary));
        let _ = write!(text, "</summary>\n\n  When it is safe:\n\n  {safe}\n\n  </details>\n");
    }
    text
}

/// A page's words inside of HTML.
fn summary(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut html = String::with_capacity(text.len());
    for (at, part) in text.split('`').enumerate() {
        if at > 0 {
            html += if at % 2 == 1 { "<code>" } else { "</code>" };
        }
        html += part;
    }
    html
}

/// The text of a pull request that is closed, and why.
#[must_use]
pub fn closed(body: &str, why: &str) -> String {
    let rest = body.split_once('\n').map_or("", |(_, rest)| rest);
    format!("{}\nClosed by dockwright: {why}.\n\n{rest}", mark(DONE))
}
