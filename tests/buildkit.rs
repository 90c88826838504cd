//! Held against BuildKit's own parser: PyPI `dockerfile` 3.4.0, which wraps that of v0.12.5.
//!
//! Without python3 or the package the test says so and passes; with `DOCKWRIGHT_REQUIRE_ORACLES` set it fails.
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "a test runs its oracle")]

mod mutants;

use std::io::Write;
use std::process::{Command as Process, Stdio};

use dockwright::dockerfile::{Command, Document, Instruction, Kind, Word};
use serde::Deserialize;

#[derive(Deserialize)]
struct Answer {
    /// BuildKit split a character, and the result is no text.
    #[serde(default)]
    broken: bool,
    error: Option<String>,
    #[serde(default)]
    commands: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    keyword: String,
    inner: String,
    json: bool,
    original: String,
    flags: Vec<String>,
    values: Vec<String>,
    heredocs: Vec<(String, u64, String)>,
}

/// What the oracle says of each text; `None` without an oracle.
fn ask(texts: &[String]) -> Option<Vec<Answer>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/buildkit.py");
    let run = || {
        let probe = Process::new("python3").args(["-c", "import dockerfile"]).stderr(Stdio::null()).status().ok()?;
        probe.success().then_some(())?;
        let mut python =
            Process::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let mut stdin = python.stdin.take()?;
        let lines: String = texts.iter().map(|text| serde_json::to_string(text).unwrap() + "\n").collect();
        let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
        let output = python.wait_with_output().ok()?;
        writer.join().unwrap().unwrap();
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let Some(output) = run() else {
        assert!(std::env::var_os("DOCKWRIGHT_REQUIRE_ORACLES").is_none(), "python3 or PyPI's dockerfile is missing");
        eprintln!("not run: python3 or PyPI's dockerfile is missing");
        return None;
    };
    let answers: Vec<Answer> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), texts.len());
    Some(answers)
}

/// Where the oracle is known to be older than the parser that is followed here, or cannot say.
fn is_newer(text: &str, document: &Document) -> bool {
    // The oracle's strings end at NUL; the `check` directive came with Dockerfile 1.8.
    text.contains('\0')
        // BuildKit takes the bytes of a flag for characters; a problem says so.
        || document.problems().iter().any(|problem| &*problem.message == "a flag that is not ASCII")
        || document.directives().iter().any(|it| {
            // v0.12.5 takes only the blanks of ASCII in front of a name.
            let blanks = document.slice(it.span).contains(|char: char| char == '\u{b}' || !char.is_ascii());
            blanks || document.slice(it.name).eq_ignore_ascii_case("check")
        })
        || document.instructions().iter().any(|instruction| {
            let line = joined(document, instruction);
            // `<< EOF` with a blank, and `${x#…}` in the search for here-documents, are newer than v0.12.5.
            ["<< ", "<<\t", "<<\r"].iter().any(|operator| line.contains(operator))
                || line.contains("<<") && line.contains("${")
                // v0.12.5 reads a JSON array and ignores what stands behind it.
                || has_trailing(line.trim_end())
                // v0.12.5 unescapes flags with a backslash, whatever the escape directive says.
                || document.escape() == '`' && line.contains("--") && line.contains(['`', '\\'])
        })
}

fn has_trailing(line: &str) -> bool {
    let Some(array) = line.find('[').map(|at| &line[at..]) else { return false };
    let mut values = serde_json::Deserializer::from_str(array).into_iter::<serde_json::Value>();
    matches!(values.next(), Some(Ok(_))) && values.byte_offset() < array.len()
}

fn joined(document: &Document, instruction: &Instruction) -> String {
    instruction.segments.iter().map(|segment| document.slice(*segment)).collect()
}

fn words(document: &Document, instruction: &Instruction, words: &[Word]) -> Vec<String> {
    words.iter().map(|word| document.word(instruction, *word).into_owned()).collect()
}

fn command(document: &Document, instruction: &Instruction, command: &Command) -> Vec<String> {
    match command {
        Command::Shell(span) if span.is_empty() => Vec::new(),
        Command::Shell(span) => vec![document.joined(instruction, *span).into_owned()],
        Command::Exec(all) => words(document, instruction, all),
    }
}

/// What BuildKit's parser makes of the arguments; `None` where the tree does not hold it, since BuildKit refuses it a
/// step later.
fn values(document: &Document, instruction: &Instruction) -> Option<Vec<String>> {
    let joined = |span| document.joined(instruction, span).into_owned();
    Some(match &instruction.kind {
        Kind::From(_) | Kind::Unknown | Kind::Shell(None) => return None,
        Kind::Run(it) | Kind::Cmd(it) | Kind::Entrypoint(it) => command(document, instruction, it),
        Kind::Shell(Some(all)) | Kind::Expose(all) | Kind::Volume(all) => words(document, instruction, all),
        Kind::Env(pairs) | Kind::Label(pairs) => {
            pairs.iter().flat_map(|pair| [joined(pair.key), joined(pair.value)]).collect()
        }
        Kind::Arg(all) => {
            let one = |it: &dockwright::dockerfile::ArgDeclaration| match it.default {
                Some(default) => joined(it.name) + "=" + &joined(default),
                None => joined(it.name),
            };
            all.iter().map(one).collect()
        }
        Kind::Copy(it) | Kind::Add(it) => {
            let mut all = words(document, instruction, &it.sources);
            all.extend(words(document, instruction, &[it.destination]));
            all
        }
        Kind::Workdir(it) | Kind::User(it) | Kind::Stopsignal(it) | Kind::Maintainer(it) => {
            words(document, instruction, &[*it])
        }
        Kind::Healthcheck(it) => {
            let word = joined(instruction.arguments);
            let word = word.split(|char: char| char.is_ascii_whitespace() || char == '\u{b}').next().unwrap();
            let mut all = vec![word.to_owned()];
            all.extend(it.iter().flat_map(|it| command(document, instruction, it)));
            all
        }
        Kind::Onbuild(inner) => return values(document, inner),
    })
}

fn is_json(instruction: &Instruction) -> bool {
    match &instruction.kind {
        Kind::Run(it) | Kind::Cmd(it) | Kind::Entrypoint(it) | Kind::Healthcheck(Some(it)) => {
            matches!(it, Command::Exec(_))
        }
        Kind::Shell(it) => it.is_some(),
        Kind::Copy(it) | Kind::Add(it) => it.destination.json,
        Kind::Volume(all) => all.iter().any(|word| word.json),
        Kind::Onbuild(inner) => is_json(inner),
        _ => false,
    }
}

fn compare(document: &Document, instruction: &Instruction, found: &Found) {
    assert_eq!(document.joined(instruction, instruction.keyword), found.keyword);
    if let Kind::Onbuild(inner) = &instruction.kind {
        assert_eq!(document.joined(inner, inner.keyword), found.inner);
    }
    let mut original = joined(document, instruction);
    // The oracle appends here-documents, but not those of ONBUILD, which it forgets.
    if !matches!(instruction.kind, Kind::Onbuild(_)) {
        let heredocs = instruction
            .heredocs
            .iter()
            .map(|heredoc| (heredoc.name.to_string(), u64::from(heredoc.fd), document.slice(heredoc.body).to_owned()));
        let heredocs: Vec<_> = heredocs.collect();
        // Descriptors that no system has are cut here and not there.
        let cut = |all: &[(String, u64, String)]| -> Vec<_> {
            all.iter().map(|(name, fd, body)| (name.clone(), *fd.min(&u64::from(u32::MAX)), body.clone())).collect()
        };
        assert_eq!(cut(&heredocs), cut(&found.heredocs));
        if !heredocs.is_empty() {
            original.push('\n');
        }
        heredocs.iter().for_each(|(name, _, body)| original.extend([body.as_str(), name.as_str(), "\n"]));
    }
    assert_eq!(original, found.original);
    let flags = instruction.flags.iter().map(|flag| {
        let name = document.joined(instruction, flag.name);
        // Quotes around a name, or around the dashes, are nobody's: they are not looked into.
        if name.contains(['"', '\'', document.escape()]) {
            return None;
        }
        Some(match document.flag_value(instruction, *flag) {
            Some(value) => format!("--{name}={value}"),
            None => format!("--{name}"),
        })
    });
    let flags: Option<Vec<String>> = flags.collect();
    if let Some(flags) = flags {
        assert_eq!(flags, found.flags);
    }
    if let Some(values) = values(document, instruction) {
        assert_eq!(is_json(instruction), found.json);
        assert_eq!(values, found.values);
    }
}

#[test]
fn agrees_with_buildkit() {
    let mut texts = mutants::texts();
    texts.extend(mutants::mutants(&texts, 8_000, 1));
    assert!(texts.len() > 5_000 + mutants::CONSTRUCTS.len());
    let Some(answers) = ask(&texts) else { return };
    let (mut accepted, mut refused, mut skipped, mut instructions) = (0, 0, 0, 0);
    for (text, answer) in texts.iter().zip(&answers) {
        let document = Document::parse(text.as_str());
        if answer.broken || is_newer(text, &document) {
            skipped += 1;
            continue;
        }
        let context = || {
            let refusals: Vec<_> = document.problems().iter().filter(|it| it.invalid).map(|it| &it.message).collect();
            eprintln!("--- {text:?}\n{refusals:?} {:?}", answer.error);
        };
        if answer.error.is_some() {
            refused += 1;
            if !document.problems().iter().any(|problem| problem.invalid) {
                context();
                panic!("BuildKit refuses this, and no problem says so");
            }
            continue;
        }
        accepted += 1;
        let all = document.instructions();
        let run = std::panic::AssertUnwindSafe(|| {
            assert_eq!(all.len(), answer.commands.len());
            for (instruction, found) in all.iter().zip(&answer.commands) {
                compare(&document, instruction, found);
            }
        });
        if let Err(panic) = std::panic::catch_unwind(run) {
            context();
            std::panic::resume_unwind(panic);
        }
        instructions += all.len();
    }
    eprintln!("{accepted} texts and {instructions} instructions equal, {refused} refused by both, {skipped} too new");
    assert!(accepted > 3_000 && skipped * 10 < texts.len(), "{accepted} {refused} {skipped}");
}
