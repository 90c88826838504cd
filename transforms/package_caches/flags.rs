//! Tools that keep no cache if they are told so: pip and uv.

use super::missed::{Traces, missed};
use super::{Call, Reason, Run};
use crate::commands::cache::variable;
use crate::commands::{Invocation, Tool, Verb, pip, uv};
use crate::dockerfile::Lookup;
use crate::images::{Family, Image, Kind};
use crate::rewrite;
use crate::transform::{Change, Finding, Promise};

/// A tool, and how it is told.
struct Flag {
    tool: Tool,
    name: &'static str,
    flag: &'static str,
    /// All spellings of the flag.
    spellings: &'static [&'static str],
    /// What says the same.
    variable: &'static str,
    /// What moves the cache.
    moves: &'static [&'static str],
    hints: &'static [&'static str],
    offline: &'static [&'static str],
}

const FLAGS: &[Flag] = &[
    Flag {
        tool: Tool::Pip,
        name: "pip",
        flag: "--no-cache-dir",
        spellings: pip::NO_CACHE,
        variable: "PIP_NO_CACHE_DIR",
        moves: &["PIP_CACHE_DIR", "XDG_CACHE_HOME"],
        hints: &[".cache/pip"],
        offline: &[],
    },
    Flag {
        tool: Tool::Uv,
        name: "uv",
        flag: "--no-cache",
        spellings: uv::NO_CACHE,
        variable: "UV_NO_CACHE",
        moves: &["UV_CACHE_DIR", "XDG_CACHE_HOME", "UV_LINK_MODE", "symlink"],
        hints: &[".cache/uv"],
        offline: &["--offline", "UV_OFFLINE"],
    },
];

/// What is to be told in a RUN, one finding for each tool.
pub fn find(run: &Run<'_>) -> Vec<Finding> {
    FLAGS.iter().filter_map(|flag| one(run, flag)).collect()
}

fn one(run: &Run<'_>, flag: &Flag) -> Option<Finding> {
    let message = format!("the layer keeps what {} fetched", flag.name);
    let mut fills: Vec<&Call<'_>> = Vec::new();
    let mut all: Vec<String> = Vec::new();
    for call in run.calls.iter().filter(|call| fetches(&call.invocation, flag)) {
        match state(run, &call.invocation, flag) {
            Err(reason) => return Some(run.held(message, reason)),
            Ok(None) => {}
            Ok(Some(directories)) => {
                if !run.mounted(&directories) && !run.removes(call.simple.span.end, &directories, &[".cache"]) {
                    all.extend(directories);
                    fills.push(call);
                }
            }
        }
    }
    if fills.is_empty() {
        return None;
    }
    if let Some(reason) = run.unshipped(&all, None) {
        return Some(run.held(message, reason));
    }
    let traces = Traces { directories: &all, hints: flag.hints, offline: flag.offline };
    if let Some(reason) = missed(run, &traces) {
        return Some(run.held(message, reason));
    }
    let edits: Option<Vec<_>> =
        fills.iter().map(|call| rewrite::insert_word(run.script, call.invocation.verb_end, flag.flag)).collect();
    let change = Change::new(
        edits?,
        [Promise::Flag(flag.flag.into())].into_iter().chain(all.into_iter().map(|it| Promise::RemovesPath(it.into()))),
    );
    let change = change.ok()?;
    Some(match (flag.tool, run.around.scope.image.as_deref()) {
        (Tool::Pip, image) => match age(run, fills[0], image) {
            Age::New => Finding::safe(vec![run.index], message, change),
            Age::Old => run.held(message, "pip of this release is older than --no-cache-dir"),
            Age::Unknown => Finding::review(
                vec![run.index],
                message,
                "pip of the base image is not older than 6.0, which brought --no-cache-dir",
                change,
            ),
        },
        _ => Finding::safe(vec![run.index], message, change),
    })
}

/// Whether an invocation fills the cache.
fn fetches(invocation: &Invocation, flag: &Flag) -> bool {
    invocation.tool == flag.tool
        && matches!(invocation.verb, Verb::Install | Verb::Download | Verb::Build)
        && !invocation.subcommand.starts_with("python ")
        && !invocation.has(flag.spellings)
        && !invocation.has(&["-h", "--help", "-V", "--version", "--dry-run"])
}

/// The directories that an invocation fills, as far as they are known; `None` if the cache is off.
fn state(run: &Run<'_>, invocation: &Invocation, flag: &Flag) -> Result<Option<Vec<String>>, Reason> {
    if invocation.has(&["--cache-dir"]) {
        return Err("--cache-dir asks for a cache".into());
    }
    let value = match invocation.setting(flag.variable) {
        Some(value) => value.map_or(Lookup::Unknown, |value| Lookup::Value(value.into())),
        None => variable(run.around.scope, run.script, invocation.span.start, flag.variable),
    };
    match value {
        Lookup::Value(value) if ["1", "true", "on", "yes"].iter().any(|yes| value.eq_ignore_ascii_case(yes)) => {
            return Ok(None);
        }
        Lookup::Value(value) => return Err(format!("{} is `{value}`", flag.variable).into()),
        Lookup::Unknown if run.sets(invocation, flag.variable) => {
            return Err(format!("{} is not known here", flag.variable).into());
        }
        Lookup::Unknown | Lookup::Unset => {}
    }
    run.directories(invocation, flag.moves).map(Some)
}

/// How old a pip is.
enum Age {
    New,
    Old,
    Unknown,
}

/// Whether pip knows `--no-cache-dir`: 6.0, of December 2014, was the first that did.
/// <https://pip.pypa.io/en/stable/news/#v6-0>
fn age(run: &Run<'_>, first: &Call<'_>, image: Option<&Image>) -> Age {
    let (all, script) = (run.view.doc.text(), run.script.text());
    let before = &all[..run.view.instruction(run.index).span.start];
    let before = [before, &script[..first.simple.span.start]];
    let upgrades = |text: &str| ["upgrade pip", "-U pip", "get-pip"].iter().any(|it| text.contains(it));
    // What it was told once, or has become in between, it knows.
    if before.into_iter().any(|text| upgrades(text) || text.contains("--no-cache-dir"))
        || (all.contains("--no-cache-dir") && !upgrades(all))
    {
        return Age::New;
    }
    let Some(image) = image else { return Age::Unknown };
    if matches!(image.kind, Kind::Python | Kind::Conda | Kind::Jupyter | Kind::Uv) {
        return Age::New;
    }
    let release = image.release.as_deref();
    let latest = image.tag.as_deref().is_none_or(|tag| tag == "latest");
    match (image.family, release) {
        (Family::Debian, Some("squeeze" | "wheezy" | "jessie"))
        | (Family::Ubuntu, Some("lucid" | "precise" | "trusty" | "utopic")) => Age::Old,
        (Family::Alpine, Some(release)) => {
            let mut numbers = release.split('.').map(|number| number.parse::<u32>().unwrap_or(u32::MAX));
            let version = (numbers.next(), numbers.next());
            if version < (Some(3), Some(3)) && version.1.is_some() { Age::Old } else { Age::New }
        }
        (Family::Unknown, _) => Age::Unknown,
        (Family::Debian | Family::Ubuntu, None) if !latest => Age::Unknown,
        _ => Age::New,
    }
}
