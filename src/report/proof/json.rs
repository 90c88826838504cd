//! A proof as JSON. Within a version, keys may be added; none is removed or changes its meaning.

use serde_json::{Value, json};

use crate::proof::evidence::{Measures, Times, Verdict};
use crate::proof::explain::Cause;
use crate::report::hunks::applied;

use super::Proof;

/// The document: what was applied, measured, compared and checked; times in seconds, sizes in bytes.
#[must_use]
pub fn json(proof: &Proof<'_>) -> String {
    let evidence = proof.evidence;
    let comparison = &evidence.comparison;
    let changes: Vec<Value> = applied(proof.outcome)
        .map(|(transform, it)| {
            json!({"transform": transform, "key": it.key.0, "line": it.lines.0, "message": it.message, "check": it.check})
        })
        .collect();
    let checks = evidence.checks.as_ref().ok().map(|checks| {
        let all = checks.iter().map(|check| {
            let verdict = match check.verdict {
                Verdict::Same => "same",
                Verdict::Better => "better",
                Verdict::Promised(_) => "promised",
                Verdict::Noise => "noise",
                Verdict::Differs => "differs",
            };
            let what = check.what.trim();
            json!({"what": what, "before": check.before, "after": check.after, "verdict": verdict})
        });
        all.collect::<Vec<_>>()
    });
    let explained: Vec<Value> = comparison
        .explained
        .iter()
        .map(|(difference, cause)| {
            let (cause, by) = match cause {
                Cause::Promised(transform) => ("promised", *transform),
                Cause::Noise => ("noise", "two builds of the same"),
                Cause::Volatile(why) => ("volatile", *why),
            };
            json!({"difference": difference.to_string(), "cause": cause, "by": by})
        })
        .collect();
    let document = json!({
        "version": 1,
        "path": proof.path,
        "proved": evidence.objection().is_none(),
        "objection": evidence.objection(),
        "changes": changes,
        "dockerfile": {"before": &*proof.outcome.before, "after": &*proof.outcome.after},
        "ignore_lines": proof.outcome.ignore_lines,
        "before": measures(&evidence.before),
        "after": measures(&evidence.after),
        "edited": proof.edited,
        "checks": checks,
        "not_started": evidence.checks.as_ref().err(),
        "unexplained": comparison.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "explained": explained,
        "noise": comparison.noise,
    });
    format!("{document:#}\n")
}

fn measures(of: &Measures) -> Value {
    let times =
        |times: &Times| times.0.iter().map(|time| (time.as_secs_f64() * 1000.0).round() / 1000.0).collect::<Vec<_>>();
    json!({
        "image_bytes": of.size,
        "stored_bytes": of.compressed,
        "stored_is_estimate": of.estimated,
        "layer_bytes": of.layers,
        "context_bytes": of.context,
        "cold_build_seconds": times(&of.cold),
        "unchanged_rebuild_seconds": times(&of.unchanged),
        "edited_rebuild_seconds": times(&of.edited),
    })
}
