//! Comments that speak to a tool.

/// Whether a comment is a pragma of any tool, bound to the instruction below it.
#[must_use]
pub fn is_pragma(comment: &str) -> bool {
    let text = comment.trim_start_matches('#').trim_start();
    ["dockwright:", "hadolint ", "hadolint:", "shellcheck ", "check=", "tally ", "tally:"]
        .iter()
        .any(|start| text.starts_with(start))
}
