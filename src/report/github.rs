//! Annotations of a GitHub workflow: one command a line, so that what was found is shown at its lines.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use crate::pipeline::Why;

use super::File;
use super::hunks::applied;

/// The annotations of all files, as lines.
#[must_use]
pub fn github(files: &[File<'_>]) -> String {
    let mut text = String::new();
    for file in files {
        let outcome = match file.result {
            Ok(outcome) => outcome,
            Err((message, help)) => {
                let help = help.map(|help| format!("\nhelp: {help}")).unwrap_or_default();
                text += &format!("::error file={}::{}\n", property(file.path), data(&format!("{message}{help}")));
                continue;
            }
        };
        for (transform, applied) in applied(outcome) {
            text += &line("warning", file, transform, applied.lines, &applied.message, applied.check.as_deref());
        }
        for left in &outcome.left {
            let check = match &left.why {
                Why::NotReviewed(check) => Some(&**check),
                Why::Advice => None,
                Why::Precondition(_) | Why::Suppressed | Why::Denied | Why::Dropped(_) => continue,
            };
            text += &line("notice", file, left.transform, left.lines, &left.message, check);
        }
    }
    text
}

fn line(
    level: &str,
    file: &File<'_>,
    transform: &str,
    (first, last): (usize, usize),
    message: &str,
    check: Option<&str>,
) -> String {
    let check = check.map(|check| format!("\ncheck: {check}")).unwrap_or_default();
    let (path, title) = (property(file.path), property(transform));
    let said = data(&format!("{message}{check}"));
    format!("::{level} file={path},line={first},endLine={last},title={title}::{said}\n")
}

/// Text behind the command, escaped as the runner unescapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, escaped as the runner unescapes it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
