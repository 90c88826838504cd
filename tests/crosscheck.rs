//! Held against two published parsers, wherever they accept a text: the same instructions stand at the same places.
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "a test reads its cases and reports")]

mod mutants;

use dockwright::dockerfile::Document;

type Sequence = Vec<(String, usize)>;

fn ours(text: &str) -> Sequence {
    let document = Document::parse(text);
    document.instructions().iter().map(|it| (document.keyword(it), it.span.start)).collect()
}

/// HPE's: instructions by their spans.
fn dockerfile_parser(text: &str) -> Option<Sequence> {
    let parsed = dockerfile_parser::Dockerfile::parse(text).ok()?;
    let all = parsed.instructions.iter().map(|it| {
        let start = it.span().start;
        (keyword_at(text, start), start)
    });
    Some(all.collect())
}

/// taiki-e's: instructions by their keywords.
fn parse_dockerfile(text: &str) -> Option<Sequence> {
    use parse_dockerfile::Instruction as I;
    let parsed = parse_dockerfile::parse(text).ok()?;
    let all = parsed.instructions.iter().map(|it| {
        let keyword = match it {
            I::Add(it) => &it.add,
            I::Arg(it) => &it.arg,
            I::Cmd(it) => &it.cmd,
            I::Copy(it) => &it.copy,
            I::Entrypoint(it) => &it.entrypoint,
            I::Env(it) => &it.env,
            I::Expose(it) => &it.expose,
            I::From(it) => &it.from,
            I::Healthcheck(it) => &it.healthcheck,
            I::Label(it) => &it.label,
            I::Maintainer(it) => &it.maintainer,
            I::Onbuild(it) => &it.onbuild,
            I::Run(it) => &it.run,
            I::Shell(it) => &it.shell,
            I::Stopsignal(it) => &it.stopsignal,
            I::User(it) => &it.user,
            I::Volume(it) => &it.volume,
            I::Workdir(it) => &it.workdir,
            other => panic!("a new instruction: {other:?}"),
        };
        (keyword_at(text, keyword.span.start), keyword.span.start)
    });
    Some(all.collect())
}

fn keyword_at(text: &str, start: usize) -> String {
    text[start..].chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase()
}

/// What one of the two is known to read wrongly.
fn is_known(text: &str) -> bool {
    // Here-documents: not at all, or only as the first word.
    text.contains("<<")
        // An escaped escape character at a line's end is not a continuation.
        || text.lines().any(|line| line.trim_end().ends_with("\\\\") || line.trim_end().ends_with("``"))
        // Spans are short by a byte order mark; the escape directive is unknown to HPE's.
        || text.contains('\u{feff}')
        || text.to_ascii_lowercase().contains("escape")
        // Blanks other than these end no keyword there, or start a line.
        || text.contains(['\u{a0}', '\u{b}', '\u{c}', '\u{2003}', '\u{85}'])
        // What is a comment to HPE's alone: `FROM #a`.
        || text.lines().any(|line| line.trim_start().find('#').is_some_and(|at| at > 0))
}

fn check(name: &str, parse: fn(&str) -> Option<Sequence>, minimum: usize) {
    let mut accepted = 0;
    // Mutants of the constructs alone: what the two get wrong is listed, and a new example must not lengthen the list.
    let mutants = mutants::mutants(mutants::CONSTRUCTS, 20_000, 2);
    for text in mutants::texts().into_iter().chain(mutants) {
        // What BuildKit refuses means nothing.
        let document = Document::parse(text.as_str());
        let refused = document.problems().iter().any(|problem| problem.invalid);
        // A keyword that a continuation breaks is read by nobody else.
        let broken = document.instructions().iter().any(|it| it.keyword.len() != document.keyword(it).len());
        // A blank line ends a continued instruction for HPE's.
        let blank =
            document.instructions().iter().any(|it| document.slice(it.span).lines().any(|line| line.trim().is_empty()));
        if refused || broken || blank || is_known(&text) {
            continue;
        }
        let Some(theirs) = parse(&text) else { continue };
        accepted += 1;
        assert_eq!(ours(&text), theirs, "{name} on {text:?}");
    }
    eprintln!("{name}: {accepted} texts");
    assert!(accepted >= minimum, "{name} accepted only {accepted} texts");
}

#[test]
fn agrees_with_dockerfile_parser() {
    check("dockerfile-parser", dockerfile_parser, 300);
}

#[test]
fn agrees_with_parse_dockerfile() {
    check("parse-dockerfile", parse_dockerfile, 300);
}
