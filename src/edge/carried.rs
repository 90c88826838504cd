//! A review that is carried from a run that may not post it to one that may.
//!
//! Whoever opens a pull request decides what the first run writes: the second one takes nothing of it on trust. The file
//! has findings and no Markdown; the words around them are made anew, and nothing in them is obeyed. It is about the pull
//! request whose tip the trusted workflow names, and suggests changes of Dockerfiles that this pull request shows.

use std::io::Read as _;
use std::path::Path;

use crate::report::{Item, Section, Suggestion};

use super::forge::is_object;
use super::review::{Said, is_ours};
use super::{Failure, names};

/// A longer file is none that we wrote.
const MAX_LEN: u64 = 4 * 1024 * 1024;
/// How many files and suggestions there may be, and how long what is said of one.
const MAX_FILES: usize = 300;
const MAX_SUGGESTIONS: usize = 300;
const MAX_WORDS: usize = 4000;
const MAX_LINE: usize = 1_000_000;

/// Writes it.
pub fn write(path: &Path, said: &Said) -> Result<(), Failure> {
    let fail = |why: String| Failure::new(format!("{}: cannot be written: {why}", path.display()), "name another file");
    let text = serde_json::to_string(said).map_err(|error| fail(error.to_string()))?;
    std::fs::write(path, text + "\n").map_err(|error| fail(error.to_string()))
}

/// Reads and checks it. `head` is the tip that the trusted workflow names.
pub fn read(path: &Path, head: Option<&str>) -> Result<Said, Failure> {
    let shown = path.display();
    let fail = |why: &str| Failure::new(format!("{shown}: {why}"), "it is written by `dockwright review --output`");
    let Some(head) = head.filter(|head| is_object(head)) else {
        let help = "name it: --head ${{ github.event.workflow_run.head_sha }}";
        return Err(Failure::new("the commit that was looked at is not known", help));
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| fail(&error.to_string()))?;
    let read = file.take(MAX_LEN + 1).read_to_string(&mut text);
    read.map_err(|error| fail(&error.to_string()))?;
    if text.len() as u64 > MAX_LEN {
        return Err(fail("too large"));
    }
    let said: Said = serde_json::from_str(&text).map_err(|_| fail("no review"))?;
    if said.head != head {
        return Err(fail("about another commit than the one that the workflow ran for"));
    }
    let right = said.sections.len() <= MAX_FILES
        && said.suggestions.len() <= MAX_SUGGESTIONS
        && said.sections.iter().all(is_section)
        && said.suggestions.iter().all(|(path, suggestion)| is_ours(path) && is_suggestion(suggestion));
    if right { Ok(said) } else { Err(fail("nothing that dockwright says")) }
}

fn is_section(section: &Section) -> bool {
    let items = || section.applied.iter().chain(&section.open);
    let refused = section.refused.iter().all(|(message, help)| words(message) && help.iter().all(|help| words(help)));
    is_ours(&section.path) && refused && items().count() <= 1000 && items().all(is_item)
}

fn is_item(item: &Item) -> bool {
    names::exists(&item.transform) && lines(item.lines) && words(&item.message) && item.check.iter().all(|it| words(it))
}

fn is_suggestion(it: &Suggestion) -> bool {
    let key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/');
    names::exists(&it.transform)
        && it.key.split('/').next() == Some(&it.transform)
        && it.key.len() < 100
        && it.key.chars().all(key)
        && !it.key.contains("--")
        && lines(it.lines)
        && words(&it.message)
        && it.check.iter().all(|check| words(check))
        && !it.text.contains('\r')
        && (it.text.is_empty() || it.text.ends_with('\n'))
}

fn words(text: &str) -> bool {
    text.chars().count() <= MAX_WORDS
}

const fn lines((first, last): (usize, usize)) -> bool {
    first > 0 && first <= last && last <= MAX_LINE
}
