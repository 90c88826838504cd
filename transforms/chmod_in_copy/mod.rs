//! See README.md: a RUN chmod right behind the COPY of the files that it is about.

use std::borrow::Cow;

use crate::rewrite::lines;
use crate::transform::copied::{self, Copied, Leading, above, is_of_the_system, leading, named_like_a_file};
use crate::transform::{Change, Dialect, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "chmod puts a second copy of what it changes into a layer of its own: COPY can set the mode";

type Reason = Cow<'static, str>;

fn find(view: &View<'_>) -> Vec<Finding> {
    view.scripts()
        .filter_map(|(run, script)| {
            if !script.text().contains("chmod") {
                return None;
            }
            let leading = leading(view, run, "chmod")?;
            let (mode, paths) = arguments(view, run, &leading)?;
            let copies = above(view, run);
            match fold(view, run, &leading, &copies, mode, &paths)? {
                Ok(finding) => Some(finding),
                Err(reason) => Some(Finding::held(vec![run], MESSAGE, reason)),
            }
        })
        .collect()
}

/// The mode and the paths of a chmod; `None` if they are not certain.
fn arguments<'v>(view: &View<'_>, run: usize, leading: &Leading<'v>) -> Option<(&'v str, Vec<String>)> {
    let words = &leading.simple.words[1..];
    let flags =
        words.iter().take_while(|word| matches!(word.literal.as_deref(), Some("-v" | "-c" | "--verbose"))).count();
    let (mode, paths) = words[flags..].split_first()?;
    let mode = mode.literal.as_deref()?;
    let paths: Option<Vec<String>> =
        paths.iter().map(|word| copied::path_of(view, run, leading.script, word)).collect();
    paths.filter(|paths| !paths.is_empty() && !mode.starts_with('-')).map(|paths| (mode, paths))
}

/// The COPYs that get the mode; `None` if none of them brings what chmod is about.
fn fold(
    view: &View<'_>,
    run: usize,
    leading: &Leading<'_>,
    copies: &[Copied<'_>],
    mode: &str,
    paths: &[String],
) -> Option<Result<Finding, Reason>> {
    // Each path is of the nearest COPY that may write it.
    let writers: Vec<Option<usize>> =
        paths.iter().map(|path| copies.iter().position(|copy| copy.may_write(view, path))).collect();
    if writers.iter().all(Option::is_none) {
        return None;
    }
    Some(folded(view, run, leading, copies, mode, paths, &writers))
}

fn folded(
    view: &View<'_>,
    run: usize,
    leading: &Leading<'_>,
    copies: &[Copied<'_>],
    mode: &str,
    paths: &[String],
    writers: &[Option<usize>],
) -> Result<Finding, Reason> {
    let kind = Mode::of(mode).ok_or("the mode means something else for COPY, or depends on what the file has")?;
    if !view.instruction(run).flags.is_empty() {
        return Err("the RUN has flags".into());
    }
    let mut claimed = vec![run];
    let mut edits = Vec::new();
    let mut unsure = Vec::new();
    for (path, writer) in paths.iter().zip(writers) {
        let Some(copy) = writer.and_then(|at| copies.get(at)) else {
            return Err(format!("{path} is not copied right above it").into());
        };
        let instruction = view.instruction(copy.index);
        if claimed.contains(&copy.index) {
            continue;
        }
        let line = view.doc.line(instruction.span.start);
        let more =
            || format!("line {line} copies more than that: the files themselves can have the mode, in the repository");
        let landings = copy.landings(view).ok_or_else(more)?;
        for landing in landings {
            let at = if paths.contains(&landing.below) {
                landing.below.as_str()
            } else {
                landing.at.as_deref().unwrap_or("")
            };
            if !paths.iter().any(|path| path == at) {
                return Err(more().into());
            }
            // Where the destination itself is named it must not be a directory that is there.
            if at != landing.below
                && !named_like_a_file(at)
                && (is_of_the_system(at) || !same_name(at, &landing.source))
            {
                return Err(format!("{at} may be a directory").into());
            }
            if landing.directory {
                return Err(format!("{} is a directory", landing.source).into());
            }
            if !landing.file && !unsure.contains(&landing.source) {
                unsure.push(landing.source);
            }
        }
        if let Some(flag) = ["chmod", "link"].iter().find(|flag| view.doc.has_flag(instruction, flag)) {
            return Err(format!("line {line} has --{flag}").into());
        }
        edits.push(lines::add_flag(instruction, &format!("--chmod={mode}")));
        claimed.push(copy.index);
    }
    let known = takes_modes(view, kind)?;
    claimed.sort_unstable();
    edits.extend(lines::take_out(view.doc, run, (leading.script, leading.simple), leading.alone, claimed[0])?);
    let text = leading.script.slice(leading.simple.span).to_owned();
    let change = Change::new(edits, [Promise::Transfer, Promise::RemovesCommand(text.into())])
        .map_err(|error| error.to_string())?;
    let builder = "the builder knows modes such as +x, as Docker 28 does (Dockerfile 1.14)";
    let file = match &unsure[..] {
        [] => None,
        [source] => Some(format!("{source} is a file, not a directory")),
        sources => Some(format!("{} are files, not directories", sources.join(", "))),
    };
    let check: Option<Reason> = match (file, known) {
        (None, true) => None,
        (None, false) => Some(builder.into()),
        (Some(file), true) => Some(file.into()),
        (Some(file), false) => Some(format!("{file}; {builder}").into()),
    };
    Ok(match check {
        None => Finding::safe(claimed, MESSAGE, change),
        Some(check) => Finding::review(claimed, MESSAGE, check, change),
    })
}

fn same_name(path: &str, source: &str) -> bool {
    path.rsplit('/').next() == source.trim_end_matches('/').rsplit('/').next()
}

/// How a mode is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Octal,
    Symbolic,
}

impl Mode {
    /// `None` where it is not the same for COPY: what the umask decides, the sticky bits, `X`, the mode of others.
    fn of(mode: &str) -> Option<Self> {
        if mode.bytes().all(|byte| matches!(byte, b'0'..=b'7')) {
            return matches!(mode.len(), 3 | 4).then_some(Self::Octal);
        }
        let clause = |clause: &str| {
            let who = clause.trim_start_matches(['u', 'g', 'o', 'a']);
            let Some(permissions) = who.strip_prefix(['+', '-', '=']) else { return false };
            let everybody = who.len() == clause.len();
            // Without a letter in front, the umask holds back what it names: for others' writing, usually.
            permissions.bytes().all(|byte| matches!(byte, b'r' | b'w' | b'x'))
                && !permissions.is_empty()
                && !(everybody && (permissions.contains('w') || !who.starts_with('+')))
        };
        mode.split(',').all(clause).then_some(Self::Symbolic)
    }
}

/// Whether the builder is known to take the mode; `false` if it may be too old.
/// <https://docs.docker.com/reference/dockerfile/#copy---chmod>
fn takes_modes(view: &View<'_>, mode: Mode) -> Result<bool, Reason> {
    const OLD: &str = "the builder has no such --chmod";
    let newest = || {
        let mut syntax = view.doc.directives().iter().filter(|directive| view.doc.slice(directive.name) == "syntax");
        syntax.any(|directive| view.doc.slice(directive.value).ends_with("docker/dockerfile:1"))
    };
    match (view.dialect(), mode) {
        (Dialect::BuildKit, Mode::Octal) => Ok(true),
        (Dialect::BuildKit, Mode::Symbolic) => Ok(newest()),
        (Dialect::BuildKitFrontend(major, minor), Mode::Octal) if (major, minor) >= (1, 2) => Ok(true),
        (Dialect::BuildKitFrontend(major, minor), Mode::Symbolic) if (major, minor) >= (1, 14) => Ok(true),
        (Dialect::Buildah(major, minor), Mode::Octal) if (major, minor) >= (1, 33) => Ok(true),
        _ => Err(OLD.into()),
    }
}
