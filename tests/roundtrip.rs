//! The reader, attacked: whatever the bytes, nothing panics, the tokens tile the text, and every span lies where it must.
#![allow(clippy::disallowed_methods, reason = "a test reads its cases")]

mod mutants;

use dockwright::dockerfile::{Command, Document, Graph, Instruction, Kind, Lookup, Word, expand};
use dockwright::source::Span;
use proptest::prelude::*;

fn spans_of(instruction: &Instruction) -> Vec<Span> {
    let words = |words: &[Word]| words.iter().map(|word| word.span).collect::<Vec<_>>();
    let mut spans = vec![instruction.keyword, instruction.arguments];
    spans.extend(instruction.flags.iter().flat_map(|flag| [Some(flag.span), Some(flag.name), flag.value]).flatten());
    spans.extend(instruction.heredocs.iter().flat_map(|heredoc| [heredoc.operator, heredoc.body, heredoc.terminator]));
    match &instruction.kind {
        Kind::From(it) => spans.extend(std::iter::once(it.image.span).chain(it.name.map(|name| name.span))),
        Kind::Run(it) | Kind::Cmd(it) | Kind::Entrypoint(it) | Kind::Healthcheck(Some(it)) => match it {
            Command::Shell(span) => spans.push(*span),
            Command::Exec(all) => spans.extend(words(all)),
        },
        Kind::Shell(Some(all)) | Kind::Expose(all) | Kind::Volume(all) => spans.extend(words(all)),
        Kind::Env(pairs) | Kind::Label(pairs) => spans.extend(pairs.iter().flat_map(|pair| [pair.key, pair.value])),
        Kind::Arg(all) => spans.extend(all.iter().flat_map(|it| std::iter::once(it.name).chain(it.default))),
        Kind::Copy(it) | Kind::Add(it) => {
            spans.extend(words(&it.sources));
            spans.push(it.destination.span);
        }
        Kind::Workdir(it) | Kind::User(it) | Kind::Stopsignal(it) | Kind::Maintainer(it) => spans.push(it.span),
        Kind::Onbuild(inner) => spans.extend(spans_of(inner)),
        Kind::Shell(None) | Kind::Healthcheck(None) | Kind::Unknown => {}
    }
    spans
}

fn check(text: &str) {
    let document = Document::parse(text);
    let rebuilt: String = document.tokens().iter().map(|token| document.slice(token.span)).collect();
    assert_eq!(rebuilt, text);
    let mut end = 0;
    for (index, instruction) in document.instructions().iter().enumerate() {
        assert!(end <= instruction.span.start, "instructions overlap in {text:?}");
        end = instruction.span.end;
        for span in spans_of(instruction) {
            // What ends a here-document that never ends stands at the end of the text.
            assert!(
                instruction.span.contains(span) || span == Span::at(text.len()),
                "{span} of {instruction:?} in {text:?}"
            );
            let _ = document.slice(span);
        }
        let inside: Vec<Span> = instruction.segments.iter().chain(&instruction.comments).copied().collect();
        inside.iter().for_each(|span| assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end)));
        for pair in instruction.segments.windows(2) {
            assert!(pair[0].end <= pair[1].start, "segments overlap in {text:?}");
        }
        let raw = document.joined(instruction, instruction.arguments);
        for escape in ['\\', '`'] {
            let _ = expand(&raw, escape, &mut |name| match name.len() % 3 {
                0 => Lookup::Unset,
                1 => Lookup::Value("x".into()),
                _ => Lookup::Unknown,
            });
        }
        instruction.flags.iter().for_each(|flag| drop(document.flag_value(instruction, *flag)));
        for comment in document.comments_above(index) {
            assert!(document.slice(comment).starts_with('#') && comment.end <= instruction.span.start);
        }
        if let Some(script) = document.script(index) {
            for (at, byte) in script.text().bytes().enumerate() {
                if let Some(source) = script.map().before(at) {
                    assert_eq!(text.as_bytes()[source], byte, "{text:?}");
                }
            }
        }
    }
    for pair in document.problems().windows(2) {
        assert!(pair[0].span.start <= pair[1].span.start);
    }
    for problem in document.problems() {
        let _ = document.slice(problem.span);
        assert!(!problem.message.is_empty());
    }
    let graph = Graph::of(&document);
    assert_eq!(graph.bases().len(), document.stages().len());
    let ships = (0..graph.bases().len()).filter(|stage| graph.ships(*stage)).count();
    assert!(ships <= graph.bases().len() && (ships > 0) != graph.bases().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn grammar_is_read(text in r##"([ \t]{0,2}(FROM|RUN|ENV|COPY|ONBUILD|HEALTHCHECK|ARG|#|)[ -~\\$"'<`=éà\u{a0}\t\r]{0,30}[\\`]?[ ]?\r?\n){0,8}"##) {
        check(&text);
    }
}

#[test]
fn mutants_are_read() {
    let texts = mutants::texts();
    texts.iter().chain(&mutants::mutants(&texts, 5_000, 3)).for_each(|text| check(text));
}
