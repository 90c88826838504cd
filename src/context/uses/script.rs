//! `docker build` and its like, wherever commands stand: scripts, Makefiles, the steps of a workflow.
//!
//! This is no shell: a line is cut into words and searched for the program. What a variable holds is not known.

use std::sync::Arc;

use super::template::{self, ANY};
use super::{At, Build, Run, Said, image};

/// Where a text with commands stands.
pub struct Place<'p> {
    /// The file.
    pub file: &'p Arc<str>,
    /// The folder that they run in.
    pub from: &'p str,
    /// The folder of the file.
    pub folder: &'p str,
    /// The line of the file that the text starts in.
    pub line: usize,
    /// Each line starts in that folder again.
    pub each_line: bool,
}

/// Options of `docker build`, and of what is like it, whose value is the next word.
const VALUED: &[&str] = &[
    "--add-host",
    "--allow",
    "--annotation",
    "--arch",
    "--attest",
    "--authfile",
    "--build-arg",
    "--build-context",
    "--builder",
    "--cache-from",
    "--cache-repo",
    "--cache-to",
    "--call",
    "--cgroup-parent",
    "--cpu-quota",
    "--cpuset-cpus",
    "--destination",
    "--file",
    "--format",
    "--iidfile",
    "--isolation",
    "--jobs",
    "--label",
    "--layers",
    "--memory",
    "--metadata-file",
    "--network",
    "--no-cache-filter",
    "--os",
    "--output",
    "--platform",
    "--progress",
    "--registry-mirror",
    "--secret",
    "--security-opt",
    "--shm-size",
    "--ssh",
    "--tag",
    "--target",
    "--ulimit",
    "--volume",
    "-c",
    "-f",
    "-m",
    "-o",
    "-t",
    "-v",
];

/// More variables of a name are not looked up.
const MAX_VARIABLES: usize = 8;

/// Longer names are none.
const MAX_NAME: usize = 1000;

/// A word of a line.
struct Word<'t> {
    /// Without quotes.
    text: String,
    /// As it is written.
    raw: &'t str,
    line: usize,
    /// It ends a command: `;`, `&&`, `|`, the end of a line.
    ends: bool,
}

/// Adds the builds that `text` asks for.
pub fn read(text: &str, place: &Place<'_>, builds: &mut Vec<Build>) {
    let words = words(text, place.line);
    let mut from = Some(place.from.to_owned());
    let mut start = 0;
    for (at, word) in words.iter().enumerate() {
        if word.ends {
            if place.each_line && word.raw == "\n" {
                from = Some(place.from.to_owned());
            }
            start = at + 1;
            continue;
        }
        let rest = &words[at + 1..];
        let rest = &rest[..rest.iter().position(|word| word.ends).unwrap_or(rest.len())];
        if at == start && matches!(&*word.text, "cd" | "pushd") {
            from = rest.first().and_then(|to| folder(to, from.as_deref(), place));
        } else if let Some(arguments) = arguments(word, rest) {
            builds.extend(build(word, arguments, from.as_deref(), place, text));
        }
    }
}

/// Where `cd` leads to.
fn folder(to: &Word<'_>, from: Option<&str>, place: &Place<'_>) -> Option<String> {
    let own = ["dirname", "BASH_SOURCE", "0%/*"].iter().any(|sign| to.raw.contains(sign));
    match template::of(&to.text).split_once(ANY) {
        Some(("", rest)) if own => template::resolve(place.folder, rest.trim_start_matches('/')),
        Some(_) if own => Some(ANY.into()),
        _ => template::resolve(from?, &template::of(&to.text)).or_else(|| Some(ANY.into())),
    }
}

/// The arguments of a build, if `word` is a program and the words behind it start one.
fn arguments<'w, 't>(word: &Word<'_>, rest: &'w [Word<'t>]) -> Option<&'w [Word<'t>]> {
    let program = word.text.trim_start_matches(['@', '-', '+']).rsplit('/').next().unwrap_or_default();
    let variable = word.raw.contains('$') || word.raw.contains("{{");
    let by_name =
        variable && ["docker", "container", "podman"].iter().any(|it| word.raw.to_ascii_lowercase().contains(it));
    if program == "executor" || program.contains("kaniko") {
        return rest
            .iter()
            .any(|word| word.text.starts_with("--dockerfile") || word.text.starts_with("--context"))
            .then_some(rest);
    }
    if !matches!(program, "docker" | "podman" | "buildah" | "nerdctl") && !by_name {
        return None;
    }
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        match &*word.text {
            "buildx" | "image" | "builder" => at += 1,
            "build" | "bud" => return Some(&rest[at + 1..]),
            "b" if at > 0 => return Some(&rest[at + 1..]),
            "--context" | "-c" | "--host" | "-H" | "--config" | "-l" | "--log-level" | "--root" => at += 2,
            other if other.starts_with('-') || template::of(other).starts_with(ANY) => at += 1,
            _ => return None,
        }
    }
    None
}

/// The build of these arguments; `text` is all that stands around it.
fn build(
    program: &Word<'_>,
    arguments: &[Word<'_>],
    from: Option<&str>,
    place: &Place<'_>,
    text: &str,
) -> Option<Build> {
    let whole = text;
    let said = |word: &Word<'_>, what: &str| Said {
        at: At { file: Arc::clone(place.file), line: word.line },
        what: template::of(what),
    };
    let kaniko = arguments.iter().any(|word| word.text.starts_with("--dockerfile"));
    let (mut file, mut context, mut target) = (None, None, None);
    let (mut given, mut images) = (Vec::new(), Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let text = &*word.text;
        if !text.starts_with('-') || text == "-" {
            let flags = template::of(text) == ANY.to_string() && !word.raw.starts_with(['"', '\'']);
            // A variable of options may name a target.
            if flags && ["TARGET", "STAGE"].iter().any(|sign| word.raw.to_ascii_uppercase().contains(sign)) {
                target = Some(said(word, "$X"));
            }
            if !flags || context.is_none() {
                context = Some(text.to_owned());
            }
            continue;
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None if VALUED.contains(&text) || kaniko && matches!(text, "--dockerfile" | "--context") => {
                (text, words.next().map(|word| &*word.text))
            }
            // `-fDockerfile`
            None if text.starts_with("-f") && text.len() > 2 => ("-f", Some(&text[2..])),
            None => continue,
        };
        let Some(value) = value else { continue };
        match name {
            "-f" | "--file" | "--dockerfile" => file = Some(value.to_owned()),
            "--context" | "-c" if kaniko => context = Some(value.trim_start_matches("dir://").to_owned()),
            "--target" => target = Some(said(word, value)),
            "-t" | "--tag" | "--destination" => images.extend(image::repository(&filled(value, whole))),
            "--build-arg" => given.push(said(word, value)),
            _ => {}
        }
    }
    let context = context.map(|context| template::of(&context));
    let here = |path: &str| template::resolve(from?, path);
    let within = context.as_deref().filter(|context| *context != "-").and_then(here);
    let dockerfile = match file.as_deref().map(template::of) {
        Some(file) if file == "-" => return None,
        // Kaniko looks in the context first.
        Some(file) if kaniko && !file.starts_with('\u{1}') => template::resolve("\0", &file)?,
        Some(file) => here(&file)?,
        None => template::resolve(within.as_deref()?, "Dockerfile")?,
    };
    let at = At { file: Arc::clone(place.file), line: program.line };
    Some(Build { at, dockerfile, context: within, target, images, arguments: given, run: Run::default() })
}

/// A word with what `text` sets its variables to, where it does so once: `IMAGE ?= registry/app`.
fn filled(word: &str, text: &str) -> String {
    let mut filled = word.to_owned();
    for _ in 0..MAX_VARIABLES {
        let Some((start, len, name)) = template::first(&filled) else { break };
        let mut values = text.lines().filter_map(|line| set(line, name));
        let Some(value) = values.next().filter(|_| values.next().is_none()) else { break };
        let value = value.to_owned();
        filled.replace_range(start..start + len, &value);
        if filled.len() > MAX_NAME {
            break;
        }
    }
    filled
}

/// The value that a line of a Makefile or a script sets `name` to.
fn set<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let line = line.trim_start();
    let rest = line.strip_prefix("export ").unwrap_or(line).trim_start().strip_prefix(name)?.trim_start();
    let rest = rest.trim_start_matches([':', '?']).strip_prefix('=')?;
    let value = rest.split(" #").next()?.trim().trim_matches(['"', '\'']);
    Some(value)
}

/// The words of a text, with those that end a command between them.
fn words(text: &str, first: usize) -> Vec<Word<'_>> {
    let bytes = text.as_bytes();
    let (mut words, mut line, mut at) = (Vec::new(), first, 0);
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'\\' if bytes.get(at + 1) == Some(&b'\n') || text[at + 1..].starts_with("\r\n") => {
                at += if bytes[at + 1] == b'\n' { 2 } else { 3 };
                line += 1;
                continue;
            }
            b' ' | b'\t' | b'\r' => at += 1,
            b'#' => at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len),
            b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' => {
                at += 1;
                words.push(Word { text: String::new(), raw: &text[start..at], line, ends: true });
                line += usize::from(bytes[start] == b'\n');
            }
            _ => {
                let (word, end) = word(text, at);
                let raw = &text[start..end];
                // `image=$(docker build -q .)`
                let inside = raw.split_once("$(").map_or("", |(_, inside)| inside.trim_end_matches(['"', ')']));
                if inside.contains(" build ") {
                    let end = |line| Word { text: String::new(), raw: ";", line, ends: true };
                    words.push(end(line));
                    words.extend(self::words(inside, line));
                    words.push(end(line));
                } else {
                    words.push(Word { text: word, raw, line, ends: false });
                }
                at = end;
            }
        }
    }
    words
}

/// The word that starts at `start`, without its quotes, and where it ends.
fn word(text: &str, start: usize) -> (String, usize) {
    let bytes = text.as_bytes();
    let mut word = Vec::new();
    let (mut at, mut quote, mut depth) = (start, None, 0_usize);
    while at < bytes.len() {
        let byte = bytes[at];
        match byte {
            b'\n' => break,
            _ if quote == Some(byte) && depth == 0 => quote = None,
            // One that is not closed in its line is none, or an apostrophe.
            b'"' | b'\'' if quote.is_none() && depth == 0 && closed(&bytes[at..]) => quote = Some(byte),
            b'\\' if quote != Some(b'\'') && at + 1 < bytes.len() && bytes[at + 1] != b'\n' => {
                at += 1;
                word.push(bytes[at]);
            }
            b'\\' if quote.is_none() => break,
            b'(' | b'{'
                if depth > 0
                    || at > start && bytes[at - 1] == b'$'
                    || byte == b'{' && bytes.get(at + 1) == Some(&b'{') =>
            {
                depth += 1;
                word.push(byte);
            }
            b')' | b'}' if depth > 0 => {
                depth -= 1;
                word.push(byte);
            }
            b' ' | b'\t' | b'\r' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' if quote.is_none() && depth == 0 => {
                break;
            }
            _ => word.push(byte),
        }
        at += 1;
    }
    (String::from_utf8_lossy(&word).into_owned(), at.max(start + 1))
}

/// Whether the quote at the start is closed before the line ends.
fn closed(rest: &[u8]) -> bool {
    let line = &rest[1..memchr::memchr(b'\n', rest).unwrap_or(rest.len()).max(1)];
    memchr::memchr(rest[0], line).is_some()
}
