//! The body of a comment. Nothing that comes from a path or a file is read as Markdown, or as a mention.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::pipeline::{Outcome, Why};

use super::File;
use super::diff::unified;
use super::hunks::applied;

/// A comment on GitHub may be 65,536 characters long; what says so needs some room.
const MAX_LEN: usize = 60_000;

/// By what the comment starts, so that it can be found again.
pub const MARK: &str = "<!-- dockwright -->\n";

/// The comment.
#[must_use]
pub fn markdown(files: &[File<'_>]) -> String {
    let whole = files.iter().map(|file| Section::of(file, file.result.map_or("", |outcome| &*outcome.before)));
    comment(&whole.collect::<Vec<_>>())
}

/// What a comment says of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// From the root of the repository.
    pub path: String,
    /// Why it could not be handled, and what to do about it.
    pub refused: Option<(String, Option<String>)>,
    /// What is changed.
    pub applied: Vec<Item>,
    /// What a person has to check first.
    pub open: Vec<Item>,
    /// The difference that is shown.
    pub diff: String,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The transform.
    pub transform: String,
    /// Of the file as it is, from 1, both included.
    pub lines: (usize, usize),
    /// What is gained.
    pub message: String,
    /// What has to be checked; `None` at level safe.
    pub check: Option<String>,
}

impl Section {
    /// What is said of `file`, with its difference from the text `from`.
    #[must_use]
    pub fn of(file: &File<'_>, from: &str) -> Self {
        let mut section = Self {
            path: file.path.to_owned(),
            refused: None,
            applied: Vec::new(),
            open: Vec::new(),
            diff: String::new(),
        };
        let outcome = match file.result {
            Ok(outcome) => outcome,
            Err((message, help)) => {
                section.refused = Some((message.to_owned(), help.map(str::to_owned)));
                return section;
            }
        };
        section.applied.extend(applied(outcome).map(|(transform, applied)| Item {
            transform: transform.to_owned(),
            lines: applied.lines,
            message: applied.message.to_string(),
            check: applied.check.as_ref().map(ToString::to_string),
        }));
        section.open.extend(reviews(outcome).map(|(left, check)| Item {
            transform: left.transform.to_owned(),
            lines: left.lines,
            message: left.message.to_string(),
            check: Some(check.to_owned()),
        }));
        section.diff = unified(file.path, from, &outcome.after);
        section
    }

    /// Whether there is anything to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.refused.is_none() && self.applied.is_empty() && self.open.is_empty()
    }
}

/// The comment that says these sections.
#[must_use]
pub fn comment(sections: &[Section]) -> String {
    let mut text = String::from(MARK);
    let changes: usize = sections.iter().map(|section| section.applied.len()).sum();
    let changed = sections.iter().filter(|section| !section.applied.is_empty()).count();
    let reviews: usize = sections.iter().map(|section| section.open.len()).sum();
    let _ = match (changes, reviews) {
        (0, 0) => writeln!(text, "dockwright found nothing to improve."),
        (0, _) => writeln!(text, "dockwright found {} that a person has to check.", count(reviews, "change")),
        (_, 0) => {
            writeln!(text, "dockwright found {} for {}.", count(changes, "change"), count(changed, "file"))
        }
        _ => writeln!(
            text,
            "dockwright found {} for {}, and {reviews} more that a person has to check.",
            count(changes, "change"),
            count(changed, "file")
        ),
    };
    for (at, section) in sections.iter().enumerate() {
        let long = section.text(true);
        if text.len() + long.len() <= MAX_LEN {
            text += &long;
            continue;
        }
        let short = section.text(false);
        if text.len() + short.len() > MAX_LEN {
            let _ = writeln!(text, "\n{} left out: the comment would be too long.", count(sections.len() - at, "file"));
            break;
        }
        text += &short;
    }
    text
}

/// What needs a check before it is applied.
fn reviews(outcome: &Outcome) -> impl Iterator<Item = (&crate::pipeline::Left, &str)> {
    outcome.left.iter().filter_map(|left| match &left.why {
        Why::NotReviewed(check) => Some((left, &**check)),
        _ => None,
    })
}

impl Section {
    fn text(&self, with_diff: bool) -> String {
        let mut text = String::new();
        if self.is_empty() {
            return text;
        }
        let title = format!("\n### {}\n\n", code(&self.path));
        if let Some((message, help)) = &self.refused {
            let help = help.as_ref().map(|help| format!(" Help: {}.", escape(help))).unwrap_or_default();
            let _ = writeln!(text, "{title}Not handled: {}.{help}", escape(message));
            return text;
        }
        text += &title;
        self.applied.iter().for_each(|it| text += &it.text());
        let diff = &self.diff;
        if with_diff && !diff.is_empty() {
            let fence = fence(diff, 3);
            let _ = write!(text, "\n<details><summary>Difference</summary>\n\n{fence}diff\n{diff}");
            let end = if diff.ends_with('\n') { "" } else { "\n" };
            let _ = writeln!(text, "{end}{fence}\n\n</details>");
        } else if !diff.is_empty() {
            text += "\nThe difference is left out: the comment would be too long.\n";
        }
        if !self.open.is_empty() {
            text += "\nNot applied without a check:\n\n";
            self.open.iter().for_each(|it| text += &it.text());
        }
        text
    }
}

impl Item {
    fn text(&self) -> String {
        let (first, last) = self.lines;
        let lines = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
        let check = self.check.as_ref().map(|check| format!(" **Check:** {}.", escape(check))).unwrap_or_default();
        format!("- {}, {lines}: {}.{check}\n", code(&self.transform), escape(&self.message))
    }
}

/// A code span of text, whatever it holds.
pub fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect();
    let fence = fence(&text, 1);
    // A span that starts or ends with a backquote needs blanks, which are not shown.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Backquotes, more than stand together anywhere in `text`, and at least `least`.
pub fn fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(least.max(longest + 1))
}

/// Prose, so that nothing in it is markup, a mention, a reference or a link.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' | '!' => escaped.extend(['\\', c]),
            // Forges find these in the text that is shown: only a character between them keeps them apart.
            '@' | '#' => escaped.extend([c, '\u{200b}']),
            ':' if rest.starts_with("://") => escaped += ":\u{200b}",
            '.' if escaped.to_ascii_lowercase().ends_with("www") => escaped += "\u{200b}.",
            '-' if escaped.to_ascii_lowercase().ends_with("gh") => escaped += "\u{200b}-",
            c if c.is_control() || turns(c) => escaped.push(' '),
            c => escaped.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    escaped
}

/// Whether a character turns the direction of what follows, so that something else is read than what is there.
#[must_use]
pub const fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same where Markdown is not read and mentions and references are: in the message of a commit.
pub fn plain(text: &str) -> String {
    let escaped = escape(text);
    let mut plain = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        // A backslash stands before each backslash of the text, too.
        plain.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    plain
}

fn count(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_hold_anything() {
        for (text, expected) in
            [("a/Dockerfile", "`a/Dockerfile`"), ("a`b", "``a`b``"), ("``", "``` `` ```"), ("a\n# b", "`a\u{fffd}# b`")]
        {
            assert_eq!(code(text), expected);
        }
    }

    #[test]
    fn prose_is_only_prose() {
        for (text, expected) in [
            ("libpq-dev is installed", "libpq-dev is installed"),
            ("<img src=x> [a](b) **c** `d`", "\\<img src=x\\> \\[a\\](b) \\*\\*c\\*\\* \\`d\\`"),
            ("@owner fixes #1, GH-2", "@\u{200b}owner fixes #\u{200b}1, GH\u{200b}-2"),
            ("https://a.b www.c.d", "https:\u{200b}//a.b www\u{200b}.c.d"),
            ("a\n\n# b\u{1b}", "a  #\u{200b} b "),
        ] {
            assert_eq!(escape(text), expected);
        }
    }
}
