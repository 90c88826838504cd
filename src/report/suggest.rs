//! A review: suggestions that a forge can apply, each with its reason, and a summary of the rest.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::explain::Page;
use crate::pipeline::Outcome;

use super::hunks::applied;
use super::markdown::{code, escape, fence};
use super::parts::Part;

/// A suggestion for some lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    /// The lines that it replaces, from 1, both included.
    pub lines: (usize, usize),
    /// The key of its finding.
    pub key: String,
    /// The transform that makes it.
    pub transform: String,
    /// What is gained.
    pub message: String,
    /// What has to be checked; `None` at level safe.
    pub check: Option<String>,
    /// What stands in the place of the lines: whole lines, or nothing.
    pub text: String,
}

/// The mark of the suggestion with this key.
fn mark(key: &str) -> String {
    format!("<!-- dockwright {key} -->")
}

/// Whether a comment is a suggestion of ours.
#[must_use]
pub fn is_suggestion(body: &str) -> bool {
    body.starts_with("<!-- dockwright ") && body.contains("```suggestion")
}

/// The suggestion that makes `part`, if it is one finding's whole change, and nothing but lines of text.
#[must_use]
pub fn suggestion(outcome: &Outcome, part: &Part) -> Option<Suggestion> {
    let ([hunk], [index]) = (&part.hunks[..], &part.findings[..]) else { return None };
    let (transform, applied) = applied(outcome).nth(*index)?;
    let (mut old, mut new) = (hunk.old, hunk.new.of(&outcome.after).to_owned());
    if !applied.change.ignore_lines.is_empty() {
        return None;
    }
    let mut lines = (hunk.lines.start, hunk.lines.end - 1);
    if old.is_empty() {
        // A suggestion replaces something: the line that follows is written again.
        let next = outcome.before[old.end..].split_inclusive('\n').next()?;
        new += next;
        old.end += next.len();
        lines.1 = lines.0;
    }
    let old = old.of(&outcome.before);
    // The forge writes line breaks as it likes, and cannot say that one is missing.
    let plain = |text: &str| !text.contains('\r') && (text.is_empty() || text.ends_with('\n'));
    if !plain(old) || !plain(&new) {
        return None;
    }
    Some(Suggestion {
        lines,
        key: applied.key.0.to_string(),
        transform: transform.to_owned(),
        message: applied.message.to_string(),
        check: applied.check.as_ref().map(ToString::to_string),
        text: new,
    })
}

impl Suggestion {
    /// The comment, from a mark by which it can be found again.
    #[must_use]
    pub fn body(&self, pages: &[Page]) -> String {
        let summary = pages.iter().find(|page| page.name == self.transform).map_or("", |page| &page.summary);
        let check = self.check.as_ref().map(|check| format!("**Check:** {}.\n\n", escape(check))).unwrap_or_default();
        let (new, fence) = (&self.text, fence(&self.text, 3));
        format!(
            "{}\n**{}** ({})\n\n{summary}\n\n{check}{fence}suggestion\n{new}{fence}\n",
            mark(&self.key),
            escape(&capital(&self.message)),
            code(&self.transform),
        )
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The lines of the new state that a unified diff shows: those that can be commented on.
#[must_use]
pub fn shown_lines(patch: &str) -> Vec<RangeInclusive<usize>> {
    let mut ranges = Vec::new();
    let mut next = None;
    for line in patch.lines() {
        if let Some(header) = line.strip_prefix("@@ ") {
            let new = header.split(' ').find_map(|word| word.strip_prefix('+'));
            next = new.and_then(|new| new.split(',').next()?.parse::<usize>().ok());
            ranges.extend(next.map(|start| start..=start.saturating_sub(1)));
        } else if let Some(at) = &mut next
            && !line.starts_with(['-', '\\'])
        {
            if let Some(last) = ranges.last_mut() {
                *last = *last.start()..=*at;
            }
            *at = at.saturating_add(1);
        }
    }
    ranges.retain(|range| !range.is_empty() && *range.start() > 0);
    ranges
}

#[cfg(test)]
mod tests {
    use super::shown_lines;

    #[test]
    fn lines_that_a_diff_shows() {
        let patch =
            "@@ -1,3 +1,4 @@ FROM a\n FROM a\n-x\n+y\n+z\n b\n\\ No newline at end of file\n@@ -9 +10,2 @@\n c\n+d";
        assert_eq!(shown_lines(patch), [1..=4, 10..=11]);
        assert!(shown_lines("@@ -1,2 +0,0 @@\n-a\n-b").is_empty());
        assert!(shown_lines("@@ nonsense\n x").is_empty());
    }
}
