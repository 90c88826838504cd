//! Bad transforms, planted: each must be caught by the gate, and the file left as it is.

use dockwright::context::Nothing;
use dockwright::pipeline::{self, Choice, Why};
use dockwright::source::{Edit, Span};
use dockwright::transform::{Change, Field, Finding, On, Promise, Settings, Transform, View};
use dockwright::transforms::ALL;

const FILE: &str = "FROM debian:12 AS base
ENV A=1 B=2
# why
RUN a && \\
    # inner
    b
RUN c || d
RUN --mount=type=secret,id=x e
RUN set -e; f; g && h
RUN set -e; i; j
RUN <<EOF
k
EOF
COPY --chown=1 l /m
USER n
CMD [\"o\"]
";

/// Replaces `from` by `to`, claims the instructions `claims`, and promises `promises`.
fn replace(view: &View<'_>, from: &str, to: &str, claims: &[usize], promises: &[Promise]) -> Vec<Finding> {
    let Some(start) = view.doc.text().find(from) else { return Vec::new() };
    let edit = Edit::replace(view.doc.text(), Span::new(start, start + from.len()), to);
    let change = Change::new([edit], promises.iter().cloned()).expect("one edit");
    vec![Finding::safe(claims.to_vec(), "planted", change)]
}

macro_rules! planted {
    ($($name:ident: $from:expr => $to:expr, $claims:expr, $promises:expr, $reason:expr;)*) => {
        $(#[test]
        fn $name() {
            fn find(view: &View<'_>) -> Vec<Finding> {
                replace(view, $from, $to, &$claims, &$promises)
            }
            caught(find, $reason);
        })*
    };
}

fn caught(find: fn(&View<'_>) -> Vec<Finding>, expected: &str) {
    let bad = Transform { doc: "# planted\n", find, on: On::Default };
    let outcome = pipeline::run(FILE, &[bad], &Nothing, &Settings::default(), &Choice::default()).expect("it settles");
    assert_eq!(&*outcome.after, FILE);
    let [left] = &outcome.left[..] else { panic!("one finding: {:?}", outcome.left) };
    let Why::Dropped(reason) = &left.why else { panic!("dropped, not {:?}", left.why) };
    assert!(reason.contains(expected), "{reason}");
}

planted! {
    drops_a_comment: "# why\n" => "", [2], [], "a comment is lost: # why";
    drops_a_comment_inside: "    # inner\n" => "", [2], [], "a comment is lost: # inner";
    breaks_a_continuation: " && \\\n    # inner" => " &&\n    # inner", [2], [], "line 6 of the result";
    appends_to_a_comment: "# inner\n    b" => "# inner && x\n    b", [2], [], "a comment is lost";
    swallows_a_here_document: "EOF\nCOPY" => "EOF \nCOPY", [7], [], "here-document EOF never ends";
    loses_an_env: "ENV A=1 B=2" => "ENV A=1", [1], [], "the configuration of a stage is changed";
    changes_the_command: "[\"o\"]" => "[\"p\"]", [10], [], "the configuration of a stage is changed";
    drops_the_user: "USER n\n" => "", [9], [], "instructions are added, removed";
    changes_the_base: "debian:12" => "debian:13", [0], [], "the configuration of a stage is changed";
    changes_what_it_does_not_claim: "RUN c || d" => "RUN c || x", [2], [], "line 7 is changed, which no finding claims";
    joins_past_or: "c || d\nRUN --mount=type=secret,id=x e" => "c || d && e", [3, 4], [Promise::Joins], "the flags";
    joins_and_then_or: "    b\nRUN c || d" => "    b && c || d", [2, 3], [Promise::Joins], "does something else if";
    joins_past_an_and_list_under_set_e: "g && h\nRUN set -e; i" => "g && h; i", [5, 6], [Promise::Joins], "does something else if";
    joins_set_e_with_and: "g && h\nRUN set -e; i" => "g && h && set -e; i", [5, 6], [Promise::Joins], "does something else if";
    runs_in_the_background: "    b\n" => "    b &\n", [2], [], "does something else if";
    drops_a_command: "f; g" => "g", [5], [], "does something else if";
    adds_a_command_without_promise: "i; j" => "i; j; x", [6], [], "does something else if";
    hides_a_failure: "i; j" => "i; j || true", [6], [], "does something else if";
    drops_a_mount: "--mount=type=secret,id=x " => "", [4], [], "the flags of line 8 are changed";
    opens_a_quote: "RUN c || d" => "RUN c || 'd", [3], [], "line 7 of the result";
    changes_an_owner: "--chown=1" => "--chown=2", [8], [], "the configuration of a stage is changed";
    changes_a_source_under_transfer: "--chown=1 l" => "--chown=2 x", [8], [Promise::Transfer], "the configuration of a stage is changed";
    drops_a_run_that_does_more: "RUN c || d\n" => "", [3], [Promise::RemovesCommand("c".into())], "instructions are added, removed";
    moves_a_run_past_another: "RUN set -e; f; g && h\nRUN set -e; i; j" => "RUN set -e; i; j\nRUN set -e; f; g && h", [5, 6], [Promise::Moves], "RUNs are in another order";
    loses_a_run_while_moving: "RUN set -e; i; j\n" => "", [6], [Promise::Moves], "is not run any more";
    changes_a_run_while_moving: "i; j" => "i; k", [6], [Promise::Moves], "is not run any more";
    moves_the_user_past_a_run: "RUN <<EOF\nk\nEOF\nCOPY --chown=1 l /m\nUSER n" => "USER n\nRUN <<EOF\nk\nEOF\nCOPY --chown=1 l /m", [7, 8, 9], [Promise::Moves], "see something else before them";
    binds_what_is_no_mount: "COPY --chown=1 l /m\n" => "", [8], [Promise::Moves, Promise::Binds("l".into())], "a COPY of l is lost";
    swaps_two_instructions: "USER n\nCMD [\"o\"]" => "CMD [\"o\"]\nUSER n", [9, 10], [], "instructions are added, removed or in another order";
}

#[test]
fn transforms_that_undo_each_other_are_named() {
    fn there(view: &View<'_>) -> Vec<Finding> {
        replace(view, "RUN c || d", "RUN  c || d", &[3], &[])
    }
    fn back(view: &View<'_>) -> Vec<Finding> {
        replace(view, "RUN  c || d", "RUN c || d", &[3], &[])
    }
    let transforms = [
        Transform { doc: "# there\n", find: there, on: On::Default },
        Transform { doc: "# back\n", find: back, on: On::Default },
    ];
    let unsettled = pipeline::run(FILE, &transforms, &Nothing, &Settings::default(), &Choice::default());
    assert_eq!(unsettled.expect_err("they never settle").0, ["there", "back"]);
}

#[test]
fn the_file_itself_is_fine() {
    let outcome = pipeline::run(FILE, ALL, &Nothing, &Settings::default(), &Choice::default()).expect("it settles");
    assert_eq!(outcome.held, None);
}

/// A split, and what is wrong with it.
#[test]
fn splits_that_change_more() {
    const FILE: &str = "FROM golang:1.24 AS app\nENV A=1\nWORKDIR /x\nEXPOSE 1\nCOPY . .\nRUN go build -o /x/y .\nUSER 1\nCMD [\"/x/y\"]\n";
    const GOOD: &str = "FROM golang:1.24 AS build\nENV A=1\nWORKDIR /x\nCOPY . .\nRUN go build -o /x/y .\nFROM golang:1.24 AS app\nENV A=1\nWORKDIR /x\nEXPOSE 1\nCOPY --from=build /x/y /x/y\nUSER 1\nCMD [\"/x/y\"]\n";
    let split = |after: &str, promises: &[Promise]| {
        let edit = Edit::replace(FILE, Span::new(0, FILE.len()), after);
        let change = Change::new([edit], promises.iter().cloned()).expect("one edit");
        pipeline::passes(FILE, &change, &Nothing, &Settings::default())
    };
    assert_eq!(split(GOOD, &[Promise::Splits]), Ok(()));
    for (from, to, expected) in [
        ("AS build", "AS app", "no name of its own"),
        ("AS app", "AS other", "another name"),
        ("FROM golang:1.24 AS app", "FROM scratch AS app", "another base"),
        ("FROM golang:1.24 AS build", "FROM golang:1.23 AS build", "another base"),
        ("COPY . .\n", "", "`COPY . .` is not what the new stage does"),
        ("RUN go build", "RUN CGO_ENABLED=0 go build", "is not what the new stage does"),
        ("COPY . .\nRUN", "COPY . .\nRUN echo\nRUN", "is not what the new stage does"),
        ("EXPOSE 1\n", "", "`EXPOSE 1` is not in the last stage"),
        ("USER 1\n", "", "`USER 1` is not in the last stage"),
        ("USER 1\n", "USER 1\nENV B=2\n", "is not in the last stage as it was"),
        ("USER 1\n", "USER 1\nRUN x\n", "`RUN x` is not what the last stage may do"),
        ("--from=build", "--from=golang", "is not what the last stage may do"),
        ("COPY --from=build /x/y /x/y", "ADD x /x/y", "is not what the last stage may do"),
        ("CMD [\"/x/y\"]", "CMD [\"/x/z\"]", "is not in the last stage as it was"),
        ("FROM golang:1.24 AS build", "FROM golang:1.24 AS more\nFROM golang:1.24 AS build", "another stage"),
    ] {
        let after = GOOD.replacen(from, to, 1);
        let error = split(&after, &[Promise::Splits]).expect_err(to);
        assert!(error.contains(expected), "{to}: {error}");
    }
    let slim = GOOD.replace("RUN go", "RUN CGO_ENABLED=0 go").replace("FROM golang:1.24 AS app", "FROM scratch AS app");
    assert_eq!(split(&slim, &[Promise::Splits, Promise::Base, Promise::Flag("CGO_ENABLED=0".into())]), Ok(()));
    // A moved COPY: what is done last may be done in the last stage instead, and only that.
    let file = "FROM python:3.12\nWORKDIR /x\nRUN pip install a\nCOPY . .\nCMD [\"b\"]\n";
    let split = |after: &str| {
        let edit = Edit::replace(file, Span::new(0, file.len()), after);
        let change = Change::new([edit], [Promise::Splits]).expect("one edit");
        pipeline::passes(file, &change, &Nothing, &Settings::default())
    };
    let moved = "FROM python:3.12 AS build\nWORKDIR /x\nRUN pip install a\nFROM python:3.12\nWORKDIR /x\nCOPY --from=build /y /y\nCOPY . .\nCMD [\"b\"]\n";
    assert_eq!(split(moved), Ok(()));
    let error = split(&moved.replace("COPY . .", "COPY a .")).expect_err("another COPY");
    assert!(error.contains("is not what the new stage does"), "{error}");
    let error = split(&moved.replace("COPY . .\n", "COPY . .\nCOPY a .\n")).expect_err("one more COPY");
    assert!(error.contains("is not what the last stage may do"), "{error}");
    let error =
        split(&moved.replace("RUN pip install a\n", "").replace("COPY --from", "RUN pip install a\nCOPY --from"));
    assert_eq!(error, Ok(()), "all of it may be done there");
}

/// A stage between the two of a split, and what is wrong with it.
#[test]
fn stages_apart_that_do_more() {
    const FILE: &str = "FROM node:22\nWORKDIR /x\nCOPY a .\nRUN npm ci\nRUN b\nCMD [\"c\"]\n";
    const GOOD: &str = "FROM node:22 AS build\nWORKDIR /x\nCOPY a .\nRUN npm ci\nRUN b\nFROM node:22 AS deps\nWORKDIR /x\nCOPY a .\nRUN npm ci --omit=dev\nFROM node:22\nWORKDIR /x\nCOPY --from=build /x/y /x/y\nCOPY --from=deps /x/m /x/m\nCMD [\"c\"]\n";
    let split = |after: &str, promises: &[Promise]| {
        let edit = Edit::replace(FILE, Span::new(0, FILE.len()), after);
        let change = Change::new([edit], promises.iter().cloned()).expect("one edit");
        pipeline::passes(FILE, &change, &Nothing, &Settings::default())
    };
    let promises = [Promise::Splits, Promise::Flag("--omit=dev".into())];
    assert_eq!(split(GOOD, &promises), Ok(()));
    let error = split(GOOD, &promises[..1]).expect_err("it is not promised");
    assert!(error.contains("another stage"), "{error}");
    for (from, to, expected) in [
        ("AS deps", "AS build", "the same name"),
        ("FROM node:22 AS deps", "FROM node:20 AS deps", "another base"),
        ("npm ci --omit=dev", "npm install --omit=dev", "is not what the old stage did"),
        ("npm ci --omit=dev\n", "npm ci --omit=dev\nENV A=1\n", "is not what the old stage did"),
        ("--from=deps", "--from=node", "is not what the last stage may do"),
        ("FROM node:22\n", "FROM node:22 AS more\nFROM node:22\n", "another stage"),
    ] {
        let error = split(&GOOD.replacen(from, to, 1), &promises).expect_err(to);
        assert!(error.contains(expected), "{to}: {error}");
    }
}

/// A page that another server serves, and what is wrong with it.
#[test]
fn servers_that_change_more() {
    const FILE: &str = "FROM node:22 AS build\nRUN b\nFROM node:22 AS web\nENV A=1\nWORKDIR /x\nRUN npm i -g serve\nCOPY --from=build --chown=1 /x/y y\nCOPY a b\nEXPOSE 8080\nCMD [\"serve\", \"y\"]\n";
    const GOOD: &str = "FROM node:22 AS build\nRUN b\nFROM nginx AS web\nENV A=1\nCOPY <<'EOF' /etc/nginx/conf.d/default.conf\nserver {}\nEOF\nCOPY --from=build /x/y /usr/share/nginx/html\nEXPOSE 8080\n";
    let serve = |after: &str| {
        let edit = Edit::replace(FILE, Span::new(0, FILE.len()), after);
        let promises = [
            Promise::Serves,
            Promise::Base,
            Promise::Transfer,
            Promise::Config(Field::Cmd),
            Promise::Config(Field::Workdir),
        ];
        let change = Change::new([edit], promises).expect("one edit");
        pipeline::passes(FILE, &change, &Nothing, &Settings::default())
    };
    assert_eq!(serve(GOOD), Ok(()));
    for (from, to, expected) in [
        ("RUN b", "RUN c", "what stands before the last stage is changed"),
        ("FROM nginx", "FROM nginx AS more\nFROM nginx", "what stands before the last stage is changed"),
        ("AS web", "AS other", "another name or platform"),
        ("FROM nginx", "FROM --platform=linux/arm64 nginx", "another name or platform"),
        ("ENV A=1\n", "", "`ENV A=1` is not in the last stage as it was"),
        ("EXPOSE 8080", "EXPOSE 80", "`EXPOSE 8080` is not in the last stage as it was"),
        ("EXPOSE 8080", "EXPOSE 8080\nUSER 1", "`USER 1` is new in the last stage"),
        ("EXPOSE 8080", "EXPOSE 8080\nRUN x", "`RUN x` is not what the last stage may do"),
        ("COPY --from=build", "ADD", "is not what the last stage may do"),
        ("--from=build /x/y", "--from=build /x/z", "is not what the last stage copied"),
        ("--from=build /x/y", "/x/y", "is not what the last stage copied"),
        ("/usr/share/nginx/html", "/usr/share/nginx", "is not what the last stage copied"),
        ("/etc/nginx/conf.d/default.conf", "/etc/nginx/nginx.conf", "is not what the last stage copied"),
        ("COPY <<'EOF' /etc/nginx/conf.d/default.conf\nserver {}\nEOF\n", "", "is not said once"),
    ] {
        let after = GOOD.replacen(from, to, 1);
        let error = serve(&after).expect_err(to);
        assert!(error.contains(expected), "{to}: {error}");
    }
}
