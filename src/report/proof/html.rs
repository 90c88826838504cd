//! A proof as one page that needs nothing else: no network, no script. It follows the reader's choice of light or dark,
//! and is read with keyboard and screen reader: headings, tables with headers, and differences in words beside colours.

use std::fmt::Write as _;

use crate::proof::evidence::Measures;
use crate::proof::explain::Cause;
use crate::report::hunks::{applied, hunks};

use super::{Proof, bytes, grouped, rows, verdict};

/// So many differences of each kind are listed.
const LISTED: usize = 200;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8886;--old:#d1242f22;--new:#1a7f3722;--bar:#0969da}\
@media(prefers-color-scheme:dark){:root{--old:#f8514933;--new:#2ea04333;--bar:#4493f8}}\
body{font:16px/1.5 system-ui,sans-serif;max-width:78rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}\
.wide{overflow-x:auto}.verdict{font-size:1.15rem;border-left:.4rem solid;padding:.25rem 1rem}.good{border-color:#1a7f37}.bad{border-color:#d1242f}\
pre,code{font:13px/1.45 ui-monospace,monospace}pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}\
.code td{border:0;padding:.1rem .5rem;width:50%}.code td.n{width:3rem;text-align:right;opacity:.65;user-select:none}\
.old{background:var(--old)}.new{background:var(--new)}.why td{border:0;padding:.4rem .5rem;font-size:.95rem}\
.layers{display:flex;height:1.6rem;margin:.25rem 0 .75rem}.layers span{background:var(--bar);border-right:2px solid Canvas;min-width:2px}\
:focus-visible{outline:3px solid var(--bar);outline-offset:2px}";

/// The page.
#[must_use]
pub fn html(proof: &Proof<'_>) -> String {
    let evidence = proof.evidence;
    let title = format!("Proof: {}", escaped(proof.path));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n"
    );
    let class = if evidence.objection().is_none() { "good" } else { "bad" };
    let _ = writeln!(page, "<p class=\"verdict {class}\">{}</p>", escaped(&verdict(proof)));
    page += "<h2>Before and after</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Measures and checks\">\n\
             <table>\n<thead><tr><th scope=\"col\">What</th><th scope=\"col\">Before</th><th scope=\"col\">After</th>\
             <th scope=\"col\">Note</th></tr></thead>\n<tbody>\n";
    for [what, before, after, note] in rows(proof) {
        let [what, before, after, note] = [what, before, after, note].map(|cell| escaped(cell.trim()));
        let _ =
            writeln!(page, "<tr><th scope=\"row\">{what}</th><td>{before}</td><td>{after}</td><td>{note}</td></tr>");
    }
    page += "</tbody>\n</table>\n</div>\n<h2>Layers</h2>\n";
    let widest = evidence.before.size.max(evidence.after.size).max(1);
    layers(&mut page, "Before", &evidence.before, widest);
    layers(&mut page, "After", &evidence.after, widest);
    page += "<h2>The change</h2>\n";
    difference(&mut page, proof);
    page += "<h2>Differences of the images</h2>\n";
    let findings = &evidence.comparison.findings;
    if findings.is_empty() {
        page += "<p>None that nothing explains.</p>\n";
    } else {
        let _ = writeln!(page, "<h3>Nobody promised: {}</h3>", grouped(findings.len()));
        list(&mut page, findings.iter().map(ToString::to_string), findings.len());
    }
    for (cause, count) in evidence.comparison.causes() {
        let words = match cause {
            Cause::Promised(transform) => format!("promised by {transform}"),
            Cause::Noise => "two builds of the same differ there, too".to_owned(),
            Cause::Volatile(why) => why.to_owned(),
        };
        let _ = writeln!(page, "<details><summary>{}: {}</summary>", escaped(&words), grouped(count));
        let own = evidence.comparison.explained.iter().filter(|(_, other)| *other == cause);
        list(&mut page, own.map(|(difference, _)| difference.to_string()), count);
        page += "</details>\n";
    }
    page += "</main>\n</body>\n</html>\n";
    page
}

/// A bar to scale: the wider of the two images is as wide as the page.
fn layers(page: &mut String, side: &str, measures: &Measures, widest: u64) {
    let count = measures.layers.len();
    let _ = writeln!(page, "<h3>{side}: {count} layers, {}</h3>", bytes(measures.size));
    let words: Vec<String> = measures.layers.iter().map(|size| bytes(*size)).collect();
    let label = escaped(&words.join(", "));
    let _ = write!(page, "<div class=\"layers\" role=\"img\" aria-label=\"Layers from the lowest: {label}\">");
    for (size, words) in measures.layers.iter().zip(&words) {
        // Tenths of a percent, without floating point.
        let share = u128::from(*size) * 1000 / u128::from(widest);
        let _ = write!(page, "<span style=\"width:{}.{}%\" title=\"{words}\"></span>", share / 10, share % 10);
    }
    page.push_str("</div>\n");
}

/// Both texts side by side, with the reason above each hunk.
fn difference(page: &mut String, proof: &Proof<'_>) {
    let outcome = proof.outcome;
    let reasons: Vec<_> = applied(outcome).collect();
    page.push_str(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"The Dockerfile before and after\">\n<table class=\"code\">\n\
         <thead><tr><th scope=\"col\" colspan=\"2\">Before</th><th scope=\"col\" colspan=\"2\">After</th></tr></thead>\n<tbody>\n",
    );
    let (mut old, mut new) = (1, 1);
    let mut done = 0;
    let same = |page: &mut String, text: &str, old: &mut usize, new: &mut usize| {
        for line in text.lines() {
            let line = escaped(line);
            let _ = writeln!(
                page,
                "<tr><td class=\"n\">{old}</td><td><pre>{line}</pre></td><td class=\"n\">{new}</td><td><pre>{line}</pre></td></tr>"
            );
            (*old, *new) = (*old + 1, *new + 1);
        }
    };
    for hunk in hunks(outcome) {
        same(page, &outcome.before[done..hunk.old.start], &mut old, &mut new);
        done = hunk.old.end;
        for (transform, it) in hunk.findings.iter().filter_map(|index| reasons.get(*index)) {
            let check = it.check.as_ref().map(|check| format!(" <b>Check:</b> {}", escaped(check))).unwrap_or_default();
            let reason = escaped(&it.message);
            let _ = writeln!(
                page,
                "<tr class=\"why\"><td colspan=\"4\"><b>{}</b> (<code>{transform}</code>){check}</td></tr>",
                reason
            );
        }
        let (before, after) = (hunk.old.of(&outcome.before), hunk.new.of(&outcome.after));
        let (left, right) = (before.lines().count(), after.lines().count());
        let numbers = |start: usize, count: usize| {
            (start..start + count).map(|number| number.to_string()).collect::<Vec<_>>().join("\n")
        };
        let _ = writeln!(
            page,
            "<tr><td class=\"n\"><pre>{}</pre></td><td class=\"old\"><pre><del>{}</del></pre></td>\
             <td class=\"n\"><pre>{}</pre></td><td class=\"new\"><pre><ins>{}</ins></pre></td></tr>",
            numbers(old, left),
            escaped(before.trim_end_matches('\n')),
            numbers(new, right),
            escaped(after.trim_end_matches('\n'))
        );
        (old, new) = (old + left, new + right);
    }
    same(page, &outcome.before[done..], &mut old, &mut new);
    page.push_str("</tbody>\n</table>\n</div>\n");
    if !outcome.ignore_lines.is_empty() {
        let lines = escaped(&outcome.ignore_lines.join("\n"));
        let _ = writeln!(page, "<p>Lines that the ignore file gets:</p>\n<pre class=\"new\">{lines}</pre>");
    }
}

fn list(page: &mut String, lines: impl Iterator<Item = String>, count: usize) {
    page.push_str("<ul>\n");
    for line in lines.take(LISTED) {
        let _ = writeln!(page, "<li><code>{}</code></li>", escaped(&line));
    }
    if count > LISTED {
        let _ = writeln!(page, "<li>and {} more</li>", grouped(count - LISTED));
    }
    page.push_str("</ul>\n");
}

/// Text as HTML: nothing that comes from a file is markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            it if it.is_control() => out.push('\u{fffd}'),
            it => out.push(it),
        }
    }
    out
}
