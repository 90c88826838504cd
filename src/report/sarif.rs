//! SARIF 2.1.0, for code scanning: each finding is a result, its fix the part of the difference that it belongs to, and
//! each transform's page is its rule's help.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use serde_json::{Map, Value, json};

use crate::explain::Page;
use crate::pipeline::{Outcome, Why};

use super::File;
use super::hunks::{Hunk, applied};
use super::parts::{Part, parts};

/// Where the pages of the transforms are.
const PAGES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/transforms");

/// The document, as text. `pages` are those of all transforms.
#[must_use]
pub fn sarif(files: &[File<'_>], pages: &[Page]) -> String {
    let results: Vec<Value> = files.iter().flat_map(|file| results(file, pages)).collect();
    let notifications: Vec<Value> = files.iter().filter_map(notification).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": pages.iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "utf16CodeUnits",
            "invocations": [{
                "executionSuccessful": files.iter().all(|file| file.result.is_ok()),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    // Only a map with keys that are not text could fail here.
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

fn rule(page: &Page) -> Value {
    json!({
        "id": page.name,
        "shortDescription": { "text": plain(&page.summary) },
        "fullDescription": { "text": plain(&page.summary) },
        "help": { "text": plain(page.body), "markdown": page.body },
        "helpUri": format!("{PAGES}/{}/README.md", page.name.replace('-', "_")),
    })
}

/// Markdown without its code marks, for where it is not rendered.
fn plain(markdown: &str) -> String {
    markdown.replace('`', "")
}

fn results(file: &File<'_>, pages: &[Page]) -> Vec<Value> {
    let Ok(outcome) = file.result else { return Vec::new() };
    let parts = parts(outcome);
    let mut results = Vec::new();
    for (index, (transform, applied)) in applied(outcome).enumerate() {
        let message = said(&applied.message, applied.check.as_deref());
        let mut result = result(file, pages, transform, &applied.key.0, applied.lines, &message, "warning");
        if let Some(part) = parts.iter().find(|part| part.findings.contains(&index)) {
            result.insert("fixes".into(), json!([fix(file, outcome, part)]));
        }
        results.push(Value::Object(result));
    }
    for left in &outcome.left {
        let (check, suppression) = match &left.why {
            Why::NotReviewed(check) => (Some(&**check), None),
            Why::Advice => (None, None),
            Why::Suppressed => (None, Some("inSource")),
            Why::Denied => (None, Some("external")),
            // What is held is right as it is, for all that is known.
            Why::Precondition(_) | Why::Dropped(_) => continue,
        };
        let message = said(&left.message, check);
        let mut result = result(file, pages, left.transform, &left.key.0, left.lines, &message, "note");
        if let Some(kind) = suppression {
            result.insert("suppressions".into(), json!([{ "kind": kind }]));
        }
        results.push(Value::Object(result));
    }
    results
}

fn said(message: &str, check: Option<&str>) -> String {
    check.map_or_else(|| message.to_owned(), |check| format!("{message}. Check: {check}"))
}

fn result(
    file: &File<'_>,
    pages: &[Page],
    transform: &str,
    key: &str,
    (first, last): (usize, usize),
    message: &str,
    level: &str,
) -> Map<String, Value> {
    let mut result = Map::new();
    result.insert("ruleId".into(), transform.into());
    if let Some(index) = pages.iter().position(|page| page.name == transform) {
        result.insert("ruleIndex".into(), index.into());
    }
    result.insert("level".into(), level.into());
    result.insert("message".into(), json!({ "text": message }));
    let place = json!({ "artifactLocation": artifact(file), "region": { "startLine": first, "endLine": last } });
    result.insert("locations".into(), json!([{ "physicalLocation": place }]));
    result.insert("partialFingerprints".into(), json!({ "dockwrightKey/v1": key }));
    result
}

fn fix(file: &File<'_>, outcome: &Outcome, part: &Part) -> Value {
    let replacements: Vec<Value> = part
        .hunks
        .iter()
        .map(|hunk| {
            json!({
                "deletedRegion": region(outcome, hunk),
                "insertedContent": { "text": hunk.new.of(&outcome.after) },
            })
        })
        .collect();
    json!({
        "description": { "text": part.transforms(outcome).join(", ") },
        "artifactChanges": [{ "artifactLocation": artifact(file), "replacements": replacements }],
    })
}

/// From the start of the first line to the start of the line behind the last one; where the last one has no line break,
/// to its end.
fn region(outcome: &Outcome, hunk: &Hunk) -> Value {
    let old = hunk.old.of(&outcome.before);
    let start = hunk.lines.start;
    if old.is_empty() && hunk.old.start > 0 && !outcome.before[..hunk.old.start].ends_with('\n') {
        // Behind a last line without a line break.
        let column = columns(outcome.before.lines().last().unwrap_or_default());
        return json!({ "startLine": start, "startColumn": column, "endLine": start, "endColumn": column });
    }
    let (end, column) = match old.rsplit('\n').next() {
        Some(last) if !last.is_empty() => (hunk.lines.end - 1, columns(last)),
        _ => (hunk.lines.end, 1),
    };
    json!({ "startLine": start, "startColumn": 1, "endLine": end, "endColumn": column })
}

/// The column behind the last character of a line, from 1.
fn columns(line: &str) -> usize {
    line.encode_utf16().count() + 1
}

fn artifact(file: &File<'_>) -> Value {
    json!({ "uri": uri(file.path), "uriBaseId": "%SRCROOT%" })
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => uri.push(byte.into()),
            byte => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

/// What kept a file from being handled.
fn notification(file: &File<'_>) -> Option<Value> {
    let (message, level, line) = match file.result {
        Err((message, _)) => (message, "error", None),
        Ok(Outcome { held: Some(hold), .. }) => (&*hold.reason, "note", Some(hold.line)),
        Ok(_) => return None,
    };
    let mut place = json!({ "artifactLocation": artifact(file) });
    if let Some(line) = line {
        place["region"] = json!({ "startLine": line });
    }
    Some(json!({ "level": level, "message": { "text": message }, "locations": [{ "physicalLocation": place }] }))
}
