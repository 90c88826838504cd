//! See README.md: which downloads would take an error page for the file.

use crate::commands::Program;
use crate::dockerfile::Kind;
use crate::rewrite::{insert_word, pipelines};
use crate::shell::{Command, CompoundKind, List, Operator, Script, Separator, Simple, Word};
use crate::source::{Edit, Span};
use crate::transform::{Change, Field, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const DOWNLOAD: &str = "curl takes the page of an error for the file, and succeeds";
const HEALTH: &str = "curl succeeds whatever the server answers, so the container is always healthy";

/// Options without a value, of a plain download. <https://curl.se/docs/manpage.html>
const PLAIN: &[&str] = &[
    "--compressed",
    "--globoff",
    "--http1.1",
    "--http2",
    "--insecure",
    "--ipv4",
    "--ipv6",
    "--location",
    "--no-progress-meter",
    "--progress-bar",
    "--remote-header-name",
    "--remote-name",
    "--remote-name-all",
    "--retry-all-errors",
    "--retry-connrefused",
    "--show-error",
    "--silent",
    "--sslv3",
    "--tlsv1",
    "--tlsv1.2",
    "--tlsv1.3",
    "--verbose",
    "--create-dirs",
];
const PLAIN_LETTERS: &str = "#46JLNOSagjksv";
/// Options with a value, of a plain download.
const VALUED: &[&str] = &[
    "--cacert",
    "--connect-timeout",
    "--header",
    "--max-time",
    "--output",
    "--output-dir",
    "--proto",
    "--proto-redir",
    "--proxy",
    "--referer",
    "--retry",
    "--retry-delay",
    "--retry-max-time",
    "--user",
    "--user-agent",
    "--url",
];
const VALUED_LETTERS: &str = "AHemoux";

fn find(view: &View<'_>) -> Vec<Finding> {
    let runs = view.scripts().filter_map(|(index, script)| run(view, index, script));
    let checks = (0..view.doc.instructions().len()).filter_map(|index| healthcheck(view, index));
    let mut findings: Vec<Finding> = runs.chain(checks).collect();
    findings.sort_by_key(|finding| finding.instructions[0]);
    findings
}

/// The downloads of a RUN.
fn run(view: &View<'_>, index: usize, script: &Script) -> Option<Finding> {
    if !script.text().contains("curl ") {
        return None;
    }
    let pipefail = view.scope(index).shell.pipefail || script.text().contains("pipefail");
    let commands = script.commands();
    let curls: Vec<Curl<'_>> = commands.into_iter().filter_map(|simple| Curl::of(script, simple)).collect();
    if curls.is_empty() {
        return None;
    }
    let body = script.body().ok()?;
    let (mut edits, mut promises, mut reason) = (Vec::new(), Vec::new(), None);
    for curl in &curls {
        match place(body, curl.simple.span, pipefail) {
            Ok(()) => curl.add(script, &mut edits, &mut promises)?,
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    if edits.is_empty() {
        return Some(Finding::held(vec![index], DOWNLOAD, reason?));
    }
    let change = Change::new(edits, promises).ok()?;
    let check = "each address answers with a status below 400 in a build that works";
    Some(Finding::review(vec![index], DOWNLOAD, check, change))
}

/// The request of a HEALTHCHECK.
fn healthcheck(view: &View<'_>, index: usize) -> Option<Finding> {
    let instruction = view.instruction(index);
    let check = "the address answers with a status below 400 while the container is healthy";
    match &instruction.kind {
        Kind::Healthcheck(Some(crate::dockerfile::Command::Shell(_))) if view.scope(index).shell.posix => {
            let script = view.doc.healthcheck(index)?;
            let commands = script.commands();
            let (mut edits, mut promises) = (Vec::new(), vec![Promise::Config(Field::Healthcheck)]);
            for curl in commands.into_iter().filter_map(|simple| Curl::of(&script, simple)) {
                // A pipe looks at the answer.
                let item = script.body().ok()?.items.iter().find(|it| it.and_or.span.contains(curl.simple.span))?;
                let alone = |command: &Command| matches!(command, Command::Simple(it) if it.span == curl.simple.span);
                if pipelines(item).iter().any(|pipeline| pipeline.commands.len() == 1 && alone(&pipeline.commands[0])) {
                    curl.add(&script, &mut edits, &mut promises)?;
                }
            }
            let change = Change::new((!edits.is_empty()).then_some(edits)?, promises).ok()?;
            Some(Finding::review(vec![index], HEALTH, check, change))
        }
        Kind::Healthcheck(Some(crate::dockerfile::Command::Exec(words))) => {
            let texts: Vec<_> = words.iter().map(|word| view.doc.word(instruction, *word)).collect();
            let (program, arguments) = texts.split_first()?;
            if program.rsplit('/').next() != Some("curl") || !downloads(arguments.iter().map(|it| &**it)) {
                return None;
            }
            let edit = Edit::insert(words[0].span.end, ", \"-f\"");
            let change = Change::new([edit], [Promise::Config(Field::Healthcheck)]).ok()?;
            Some(Finding::review(vec![index], HEALTH, check, change))
        }
        _ => None,
    }
}

/// A download that does not fail for an error of the server.
struct Curl<'s> {
    simple: &'s Simple,
    name: &'s Word,
    arguments: &'s [Word],
}

impl<'s> Curl<'s> {
    fn of(script: &'s Script, simple: &'s Simple) -> Option<Self> {
        let program = Program::of(simple).filter(|program| program.name == "curl")?;
        let name = simple.words.iter().rev().nth(program.arguments.len())?;
        let curl = Self { simple, name, arguments: program.arguments };
        let texts: Vec<String> = curl.arguments.iter().map(|word| text(script, word)).collect();
        let writes_page = !simple.redirections.iter().any(|it| it.target.literal.as_deref() == Some("/dev/null"));
        (writes_page && downloads(texts.iter().map(String::as_str))).then_some(curl)
    }

    /// `-sSL` becomes `-fsSL`; otherwise `-f` comes first.
    fn add(&self, script: &Script, edits: &mut Vec<Edit>, promises: &mut Vec<Promise>) -> Option<()> {
        let first = self.arguments.first()?;
        let letters = first.literal.as_deref().and_then(|text| text.strip_prefix('-'));
        let cluster = letters.filter(|letters| letters.chars().all(|it| it.is_ascii_alphabetic()));
        match cluster.filter(|_| script.slice(first.span).starts_with('-')) {
            Some(letters) => {
                edits.push(Edit::insert(script.map().behind(first.span.start + 1)?, "f"));
                promises.push(Promise::Renames(format!("-{letters}").into(), format!("-f{letters}").into()));
            }
            None => {
                edits.push(insert_word(script, self.name.span.end, "-f")?);
                promises.push(Promise::Flag("-f".into()));
            }
        }
        Some(())
    }
}

/// What a word says, variables as they are written.
fn text(script: &Script, word: &Word) -> String {
    word.literal.as_deref().map_or_else(|| script.slice(word.span).trim_matches(['"', '\'']).to_owned(), Into::into)
}

/// Whether these arguments of curl fetch from a web server, look at no status, and let an error pass.
fn downloads<'t>(arguments: impl Iterator<Item = &'t str>) -> bool {
    let mut fetches = false;
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        if let Some(long) = argument.strip_prefix("--") {
            let name = argument.split('=').next().unwrap_or(argument);
            if VALUED.contains(&name) {
                if !long.contains('=') && arguments.next() == Some("/dev/null") {
                    return false;
                }
            } else if !PLAIN.contains(&argument) {
                return false;
            }
        } else if let Some(letters) = argument.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            let end = letters.find(|it| VALUED_LETTERS.contains(it));
            let plain = &letters[..end.unwrap_or(letters.len())];
            if !plain.chars().all(|it| PLAIN_LETTERS.contains(it)) {
                return false;
            }
            if end.is_some_and(|end| end + 1 == letters.len()) && arguments.next() == Some("/dev/null") {
                return false;
            }
        } else {
            fetches |= ["http://", "https://", "localhost", "127.0.0.1"].iter().any(|it| argument.starts_with(it));
        }
    }
    fetches
}

/// Why a failure of the command at `span` may not fail the build, or do something else.
fn place(list: &List, span: Span, pipefail: bool) -> Result<(), &'static str> {
    const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "python", "python3", "perl", "node", "php"];
    let item = list.items.iter().find(|item| item.and_or.span.contains(span));
    let item = item.ok_or("its output is read where a failure goes unseen")?;
    if item.and_or.rest.iter().any(|(operator, ..)| *operator == Operator::Or) {
        return Err("what stands behind `||` would run for an error of the server, too");
    }
    if item.separator == Separator::Background {
        return Err("it runs in the background, where a failure goes unseen");
    }
    let pipeline = pipelines(item).into_iter().find(|pipeline| pipeline.span.contains(span));
    let pipeline = pipeline.filter(|pipeline| !pipeline.negated).ok_or("it stands behind a `!`")?;
    for (nth, command) in pipeline.commands.iter().enumerate() {
        match command {
            Command::Simple(simple) if simple.span == span => {
                let runs = |command: &Command| match command {
                    Command::Simple(simple) => Program::of(simple).is_some_and(|it| SHELLS.contains(&it.name)),
                    _ => true,
                };
                if !pipefail && pipeline.commands[nth + 1..].iter().any(runs) {
                    return Err("without pipefail, nothing would be run instead of an error page, and succeed");
                }
                return Ok(());
            }
            Command::Compound(it)
                if matches!(it.kind, CompoundKind::Brace | CompoundKind::Subshell | CompoundKind::For) =>
            {
                if let Some(inner) = it.lists.iter().find(|list| list.span.contains(span)) {
                    return place(inner, span, pipefail);
                }
            }
            Command::Compound(it) if it.kind == CompoundKind::If => {
                // Conditions stand at even places, but for the last of an odd number.
                let inner = it.lists.iter().enumerate().find(|(_, list)| list.span.contains(span));
                if let Some((nth, inner)) = inner {
                    let condition = nth % 2 == 0 && !(it.lists.len() % 2 == 1 && nth + 1 == it.lists.len());
                    return if condition { Err("it stands in a condition") } else { place(inner, span, pipefail) };
                }
            }
            _ => {}
        }
    }
    Err("its output is read where a failure goes unseen")
}
