use super::*;
use crate::dockerfile::Command;

fn parse(text: &str) -> Document {
    let document = Document::parse(text);
    assert!(tiles(&document), "{text}");
    document
}

/// The tokens of a text, as `Kind text`.
fn tokens(text: &str) -> Vec<(String, &str)> {
    parse(text).tokens().iter().map(|token| (format!("{:?}", token.kind), token.span.of(text))).collect()
}

#[test]
fn tokens_tile_the_text() {
    let text = "\u{feff}# syntax=docker/dockerfile:1 \n\n # why\r\nRUN --network=none a \\ \n    # inner\n \n    && cat <<EOF > f \
                \nbody\nEOF\r\nOnBuild\tENV  --x  a=b";
    let expected = [
        ("Bom", "\u{feff}"),
        ("Directive", "# syntax=docker/dockerfile:1"),
        ("Space", " "),
        ("Break", "\n"),
        ("Break", "\n"),
        ("Space", " "),
        ("Comment", "# why"),
        ("Break", "\r\n"),
        ("Keyword", "RUN"),
        ("Space", " "),
        ("Flag", "--network=none"),
        ("Space", " "),
        ("Text", "a "),
        ("Continuation", "\\ \n"),
        ("Space", "    "),
        ("Comment", "# inner"),
        ("Break", "\n"),
        ("Space", " "),
        ("Break", "\n"),
        ("Text", "    && cat <<EOF > f"),
        ("Space", " "),
        ("Break", "\n"),
        ("HeredocBody", "body\n"),
        ("HeredocEnd", "EOF"),
        ("Break", "\r\n"),
        ("Keyword", "OnBuild"),
        ("Space", "\t"),
        ("Keyword", "ENV"),
        ("Space", "  "),
        ("Flag", "--x"),
        ("Space", "  "),
        ("Text", "a=b"),
    ];
    let found = tokens(text);
    let found: Vec<(&str, &str)> = found.iter().map(|(kind, text)| (kind.as_str(), *text)).collect();
    assert_eq!(found, expected);
}

#[test]
fn logical_lines_are_buildkits() {
    // The text, and the logical line of each instruction.
    let cases: &[(&str, &[&str])] = &[
        ("FROM a", &["FROM a"]),
        ("  FROM a  \n\n", &["FROM a  "]),
        ("RUN a \\\n  b", &["RUN a   b"]),
        ("RUN a \\\n# c\n\n  b\nRUN c", &["RUN a   b", "RUN c"]),
        ("RUN a \\  \t\r\nb", &["RUN a b"]),
        ("RUN a \\\u{b}\nRUN b", &["RUN a \\\u{b}", "RUN b"]),
        ("RUN a \\\\\nRUN b", &["RUN a \\\\", "RUN b"]),
        ("RUN a \\\\\\\nRUN b", &["RUN a \\\\\\", "RUN b"]),
        ("FR\\\nOM a", &["FROM a"]),
        ("\\\nFROM a", &["FROM a"]),
        ("\\\n", &[""]),
        ("RUN a \\", &["RUN a "]),
        ("RUN a \\\n# b", &["RUN a "]),
        ("# escape=`\nRUN a `\n b \\\nRUN c", &["RUN a  b \\", "RUN c"]),
        ("# a\n# escape=`\nRUN a `\nRUN b", &["RUN a `", "RUN b"]),
        ("#escape = ` \nRUN a `\nb", &["RUN a b"]),
        ("RUN a\r\r\nRUN b\rc", &["RUN a", "RUN b\rc"]),
        ("\u{a0}RUN a\n\u{2003}# x\nRUN b", &["RUN a", "RUN b"]),
        ("RUN <<A cat <<-B\na\nA\nb\n\t\tB\nRUN c", &["RUN <<A cat <<-B", "RUN c"]),
        ("CMD <<A\nRUN a", &["CMD <<A", "RUN a"]),
        ("RUN [\"<<A\"]\nRUN a", &["RUN [\"<<A\"]", "RUN a"]),
        ("ONBUILD RUN <<A\nFROM x\nA\nRUN a", &["ONBUILD RUN <<A", "RUN a"]),
        ("ONBUILD ONBUILD RUN <<A\nFROM x", &["ONBUILD ONBUILD RUN <<A", "FROM x"]),
    ];
    for (text, lines) in cases {
        let document = parse(text);
        let joined = |it: &Instruction| it.segments.iter().map(|segment| segment.of(text)).collect::<String>();
        assert_eq!(document.instructions().iter().map(joined).collect::<Vec<_>>(), *lines, "{text:?}");
    }
}

#[test]
fn problems_are_told() {
    // The text behind `FROM a⏎` (or alone if it starts with `^`), and the message; empty for none. `!`: BuildKit
    // refuses the file.
    let cases: &[(&str, &str)] = &[
        ("^", "!the file has no instructions"),
        ("^# a\n", "!the file has no instructions"),
        ("^ARG a", "!the file has no FROM"),
        ("^RUN a\nFROM a", "!an instruction before the first FROM that is not ARG"),
        ("^FROM", "!FROM needs an image"),
        ("^FROM a b", "!FROM takes an image, or an image, AS and a name"),
        ("^FROM a AS 1", "!1 cannot be the name of a stage"),
        ("^FROM a as B-1._x", ""),
        ("^# escape=x\nFROM a", "!the escape character must be ` or \\"),
        ("^# escape=`\n#ESCAPE=`\nFROM a", "!the escape directive stands here for the second time"),
        ("^# syntax=docker/dockerfile:1.7-labs\nFROM a", ""),
        ("^# syntax = docker.io/docker/dockerfile@sha256:0\nFROM a", ""),
        ("^# syntax=x/y:1\nFROM a", "x/y is another frontend than docker/dockerfile"),
        ("^#!/bin/x\n# syntax=x/y:1\nFROM a", "x/y is another frontend than docker/dockerfile"),
        ("^# a\n# syntax=x/y:1\nFROM a", ""),
        ("^FROM {{ base }}", "a template marker, {{"),
        ("^{% if x %}\nFROM a", "a template marker, {%"),
        ("^# {% if x %}\nFROM a", "a template marker, {%"),
        ("^#include \"x\"\nFROM a", "a template marker, #include"),
        ("@BASE@", "a template marker, @NAME@"),
        ("ENV a={{ b }}", "a template marker, {{"),
        ("RUN docker inspect -f '{{ x }}'", ""),
        ("RUN --mount={{x}} a", "a template marker, {{"),
        ("COPY <<E /a\n{{ x }}\nE", ""),
        ("RUN <<E\na", "!here-document E never ends"),
        ("RUNN a", "!unknown instruction RUNN"),
        ("&& b", "!unknown instruction &&"),
        ("ENV", "!ENV needs a name and a value"),
        ("ENV a", "!ENV needs a value behind the name"),
        ("ENV a=b c", "!ENV has a word without an equals sign"),
        ("ENV =b", "!ENV has a pair without a name"),
        ("ENV a b=c d", ""),
        ("LABEL", "!LABEL needs a name and a value"),
        ("ARG", "!ARG needs a name"),
        ("ARG =x", "!ARG has a default without a name"),
        ("ARG a b=c", ""),
        ("ARG --x a", ""),
        ("SHELL a", "!SHELL takes a JSON array of strings"),
        ("SHELL []", "!SHELL takes a JSON array of strings"),
        ("SHELL [1]", "!an array that holds something else than strings"),
        ("SHELL [\"a\"]", ""),
        ("RUN [1]", "!an array that holds something else than strings"),
        ("RUN ['a']", ""),
        ("RUN", ""),
        ("CMD []", ""),
        ("ENTRYPOINT [ 1, \"a\" ]", "!an array that holds something else than strings"),
        ("COPY a", "!COPY needs a source and a destination"),
        ("COPY [\"a\"]", "!COPY needs a source and a destination"),
        ("COPY a <<E\nE", "!COPY cannot have a here-document as its destination"),
        ("COPY --form=a b c", "!unknown flag --form"),
        ("COPY --from=a --from=b b c", "!flag --from stands here for the second time"),
        ("COPY --from b c", "!flag --from needs a value"),
        ("COPY --from=$a b c", "!--from takes no variables"),
        ("ONBUILD COPY --from=$a b c", "--from takes no variables"),
        ("COPY --link=x b c", "!flag --link takes true or false"),
        ("COPY --link --exclude=a --exclude=b b c", ""),
        ("COPY -- --from=a b", ""),
        ("RUN --mount=type=cache,target=/a --mount=type=ssh a", ""),
        ("RUN --network=x a", "!no network mode x"),
        ("RUN --security=x a", "!no security mode x"),
        ("RUN --mount=from=$x,target=/a a", "!a mount's `from` takes no variables"),
        ("ENV --x a=b", "!unknown flag --x"),
        ("COPY --chown=ä b c", "a flag that is not ASCII"),
        ("HEALTHCHECK NONE", ""),
        ("HEALTHCHECK NONE a", "!HEALTHCHECK takes CMD and a command, or NONE alone"),
        ("HEALTHCHECK CMD", "!HEALTHCHECK takes CMD and a command, or NONE alone"),
        ("HEALTHCHECK CMD []", "!HEALTHCHECK takes CMD and a command, or NONE alone"),
        ("HEALTHCHECK --interval=1s cmd a", ""),
        ("HEALTHCHECK x a", "!HEALTHCHECK takes CMD and a command, or NONE alone"),
        ("VOLUME [\" \"]", "!VOLUME needs a path"),
        ("VOLUME []", "!VOLUME needs a path"),
        ("VOLUME", "!VOLUME needs a path"),
        ("EXPOSE", "!EXPOSE needs a port"),
        ("USER", "!USER needs an argument"),
        ("WORKDIR", "!WORKDIR needs an argument"),
        ("ONBUILD", "!ONBUILD needs an instruction"),
        ("ONBUILD ONBUILD RUN a", "!ONBUILD cannot have ONBUILD as its instruction"),
        ("ONBUILD FROM a", "!ONBUILD cannot have FROM as its instruction"),
        ("ONBUILD RUNN a", "unknown instruction RUNN"),
        ("ONBUILD ENV a", "!ENV needs a value behind the name"),
        ("ONBUILD COPY --x a b", "unknown flag --x"),
        ("\\\n", "!a continuation of nothing"),
    ];
    for (text, expected) in cases {
        let text = text.strip_prefix('^').map_or_else(|| format!("FROM a\n{text}"), ToOwned::to_owned);
        let document = parse(&text);
        let problems = document.problems();
        let told: Vec<_> =
            problems.iter().map(|it| format!("{}{}", if it.invalid { "!" } else { "" }, it.message)).collect();
        assert_eq!(told.first().map_or("", String::as_str), *expected, "{text:?}: {told:?}");
        assert!(problems.iter().all(|problem| problem.help.is_some()), "{text:?}");
    }
    let long = format!("FROM a\nRUN {}\n", "x".repeat(MAX_LINE - 4));
    assert!(parse(&long).problems().is_empty());
    assert_eq!(parse(&long.replace("RUN x", "RUN xx")).problems().len(), 1);
}

#[test]
fn comments_belong_to_what_they_stand_above() {
    let text = "# syntax=docker/dockerfile:1\n# a\n\n# b\n  # c\nFROM x\nRUN a \\\n# inner\n\n# d\nRUN b\nRUN c\n";
    let document = parse(text);
    let above = |index| document.comments_above(index).iter().map(|span| span.of(text)).collect::<Vec<_>>();
    assert_eq!(above(0), ["# b", "# c"]);
    assert_eq!(above(1), Vec::<&str>::new());
    assert_eq!(above(2), Vec::<&str>::new());
    assert_eq!(document.instructions()[1].comments.len(), 2);
    let continued = parse("RUN a \\\n# inner\n");
    assert_eq!(continued.instructions()[0].span, Span::new(0, 5));
}

#[test]
fn scripts_are_what_the_shell_gets() {
    // The text, and the script of its first instruction.
    let cases: &[(&str, Option<&str>)] = &[
        ("RUN a \\\n # x\n && b  ", Some("a  && b")),
        ("RUN --network=none a", Some("a")),
        ("RUN [\"a\"]", None),
        ("CMD a", None),
        ("ONBUILD RUN a", Some("a")),
        ("ONBUILD RUN <<E\na\nE\n", Some("a\n")),
        ("RUN <<E\na\nb\nE\n", Some("a\nb\n")),
        ("RUN 3<<'E'\na\nE\n", Some("a\n")),
        ("RUN <<-E\n\ta\n\t\tb\n\tE\n", Some("a\nb\n")),
        ("RUN <<E sh\na\nE\n", Some("<<E sh\na\nE")),
        ("RUN cat <<E >x && cat <<-F\na\nE\n\tb\n\tF\r\n", Some("cat <<E >x && cat <<-F\na\nE\n\tb\nF")),
    ];
    for (text, expected) in cases {
        let document = parse(text);
        let script = document.script(0);
        assert_eq!(script.map(crate::shell::Script::text), *expected, "{text:?}");
        // Each byte that is mapped is the same in the file.
        for (at, byte) in script.iter().flat_map(|script| script.text().bytes().enumerate()) {
            if let Some(source) = script.unwrap().map().before(at) {
                assert_eq!(text.as_bytes()[source], byte, "{text:?}");
            }
        }
    }
    let why = |text| parse(text).script(0).unwrap().body().unwrap_err().0.clone();
    assert_eq!(why("RUN <<E\n#!/usr/bin/python3\nE\n"), "it is a program of its own: it starts with #!");
    assert_eq!(why("RUN a {{ b }}"), "it holds a template marker");
}

#[test]
fn parts_stand_where_they_are_written() {
    let text = "FROM a AS B\nENV A=1 B=\"x y\" \\\n C=\\ d\nENV A  1 2\nARG x y=z\nCOPY [\"a b\", \"c\"]\nHEALTHCHECK CMD a b\n";
    let document = parse(text);
    let all = document.instructions();
    let slice = |span: Span| span.of(text);
    let Kind::Env(pairs) = &all[1].kind else { panic!() };
    let pairs: Vec<_> = pairs.iter().map(|pair| (slice(pair.key), slice(pair.value))).collect();
    assert_eq!(pairs, [("A", "1"), ("B", "\"x y\""), ("C", "\\ d")]);
    let Kind::Env(pairs) = &all[2].kind else { panic!() };
    assert_eq!((slice(pairs[0].key), slice(pairs[0].value), pairs[0].legacy), ("A", "1 2", true));
    let Kind::Arg(names) = &all[3].kind else { panic!() };
    assert_eq!((slice(names[0].name), names[1].default.map(slice)), ("x", Some("z")));
    let Kind::Copy(transfer) = &all[4].kind else { panic!() };
    assert_eq!(document.word(&all[4], transfer.sources[0]), "a b");
    let Kind::Healthcheck(Some(Command::Shell(span))) = &all[5].kind else { panic!() };
    assert_eq!(slice(*span), "a b");
    assert_eq!(document.stages()[0].name.as_deref(), Some("b"));
    assert_eq!(document.stages()[0].instructions, 0..6);
    // An instruction without arguments has an empty span behind its keyword.
    assert_eq!(parse("RUN  \n").instructions()[0].arguments, Span::at(3));
}

#[test]
fn size_is_no_danger() {
    let mut long = String::from("FROM a\nRUN true");
    (0..20_000).for_each(|index| {
        long.push_str(&format!(" \\\n    # c\n    && echo ${{A:-{index}}} xxxxxxxxxxxxxxxxxxxxxxxxx"))
    });
    long.push_str(" <<E\nE\n");
    let document = parse(&long);
    assert_eq!(document.instructions()[1].segments.len(), 20_001);
    assert_eq!(document.instructions()[1].heredocs.len(), 1);
    for part in ["ONBUILD ", "RUN [", "{", "RUN ${a:-", "\\\n", "<<", "RUN <<A\n", "# escape=`\n", "ENV a='", "--a "] {
        parse(&part.repeat(50_000));
    }
}
