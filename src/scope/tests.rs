use super::*;

/// The scope after the last instruction.
fn last(text: &str) -> Scope {
    let document = Document::parse(text);
    let scopes = Scopes::of(&document, &ImageMap::new());
    assert_eq!(scopes.before.len(), document.instructions().len(), "{text}");
    scopes.after(document.stages().len() - 1).clone()
}

fn value(value: &str) -> Lookup {
    Lookup::Value(value.into())
}

#[test]
fn variables_are_those_of_buildkit() {
    use Lookup::{Unknown, Unset};
    // text, name, value, value that no build argument changes
    let cases: &[(&str, &str, Lookup, Lookup)] = &[
        ("FROM debian\nENV A=1\n", "A", value("1"), value("1")),
        ("FROM debian\nENV A=1\n", "B", Unset, Unset),
        ("FROM debian\nENV A=1\nENV A=2\n", "A", value("2"), value("2")),
        // Every word of an instruction sees what was before it.
        ("FROM debian\nENV A=1\nENV A=2 B=$A\n", "B", value("1"), value("1")),
        ("FROM debian\nENV A=1 B=$A\n", "B", value(""), value("")),
        ("FROM debian\nENV A 1 2\n", "A", value("1 2"), value("1 2")),
        ("FROM debian\nENV A=\"x y\" B=c\\ d\n", "B", value("c d"), value("c d")),
        ("FROM debian\nENV A=1 \\\n  # no\n  B=2\n", "B", value("2"), value("2")),
        // An unknown image may set anything.
        ("FROM me/x\n", "A", Unknown, Unknown),
        ("FROM me/x\nENV A=1\n", "A", value("1"), value("1")),
        ("FROM me/x\nENV B=$A\n", "B", Unknown, Unknown),
        ("FROM debian\nARG N\nENV $N=1\n", "PATH", Unknown, Unknown),
        ("FROM debian\nENV B=${A#x}\n", "B", Unknown, Unknown),
        ("FROM golang\n", "GOPATH", value("/go"), value("/go")),
        ("FROM golang\nENV A=$GOPATH/bin\n", "A", value("/go/bin"), value("/go/bin")),
        // ARG.
        ("FROM debian\nARG A=1\n", "A", value("1"), Unknown),
        ("FROM debian\nARG A\n", "A", Unknown, Unknown),
        ("FROM debian\nARG A=1\nENV B=$A C=2\n", "B", value("1"), Unknown),
        ("FROM debian\nARG A=1\nENV B=$A C=2\n", "C", value("2"), value("2")),
        ("FROM debian\nENV A=1\nARG A=2\n", "A", value("2"), Unknown),
        ("FROM debian\nENV A=1\nARG A\n", "A", Unknown, Unknown),
        ("FROM debian\nARG A=2\nENV A=1\n", "A", value("1"), value("1")),
        ("FROM debian\nARG A=1 B=$A\n", "B", Unknown, Unknown),
        ("FROM debian\nARG A=1\nARG B=$A\n", "B", value("1"), Unknown),
        ("ARG A=1\nFROM debian\n", "A", Unset, Unset),
        ("ARG A=1\nFROM debian\nARG A\n", "A", value("1"), Unknown),
        ("ARG A=1\nFROM debian\nARG A=2\n", "A", value("2"), Unknown),
        ("ARG A=1 B=$A\nFROM debian\nARG B\n", "B", value("1"), Unknown),
        ("ARG A\nFROM debian\nARG A\n", "A", Unknown, Unknown),
        ("FROM debian\nARG TARGETARCH\n", "TARGETARCH", Unknown, Unknown),
        ("FROM debian\n", "TARGETARCH", Unset, Unset),
        ("FROM debian\n", "http_proxy", Unknown, Unknown),
        // An earlier stage hands on both, but what ENV has is set anew.
        ("FROM debian AS a\nENV A=1\nFROM a\n", "A", value("1"), value("1")),
        ("FROM debian AS a\nARG A=1\nFROM a\n", "A", value("1"), Unknown),
        ("FROM debian AS a\nENV A=1\nARG A=2\nFROM a\n", "A", value("1"), value("1")),
        ("FROM golang AS a\nARG GOPATH=/x\nFROM a\n", "GOPATH", value("/go"), value("/go")),
        ("FROM me/x AS a\nARG A=2\nFROM a\n", "A", Unknown, Unknown),
        ("FROM debian AS a\nENV A=1\nFROM debian\n", "A", Unset, Unset),
        ("FROM debian AS a\nONBUILD ENV A=1\n", "A", Unset, Unset),
        ("FROM debian AS a\nONBUILD ENV A=1\nFROM a\n", "A", value("1"), value("1")),
        ("FROM debian AS a\nONBUILD ENV A=1\nFROM a AS b\nFROM b\nONBUILD ENV B=2\n", "B", Unset, Unset),
    ];
    for (text, name, expected, fixed) in cases {
        let scope = last(text);
        assert_eq!((scope.get(name), scope.fixed(name)), (expected.clone(), fixed.clone()), "{text} {name}");
    }
}

#[test]
fn a_scope_is_what_holds_before() {
    let document = Document::parse("ARG V=1\nFROM debian:12 AS a\nENV A=1\nRUN x\nENV A=2\nFROM a\nRUN y\n");
    let scopes = Scopes::of(&document, &ImageMap::new());
    let a = |index: usize| scopes.at(index).get("A");
    assert_eq!(
        [0, 1, 2, 3, 4, 5, 6].map(a),
        [Lookup::Unset, Lookup::Unset, Lookup::Unset, value("1"), value("1"), Lookup::Unset, value("2"),]
    );
    assert_eq!([0, 1, 2, 5, 6].map(|index| scopes.at(index).stage), [0, 0, 0, 1, 1]);
    assert_eq!((scopes.at(0).get("V"), scopes.at(1).get("V")), (Lookup::Unset, value("1")));
    assert_eq!(scopes.at(6).source("A"), Some(Source::Env));
    assert_eq!(scopes.image(1).and_then(|image| image.release.as_deref()), Some("bookworm"));
}

#[test]
fn names_are_listed_once() {
    let scope = last("FROM rust\nARG B=1\nARG C\nENV A=1\nENV A=2\n");
    assert_eq!(scope.env_names(), ["A", "B", "C", "CARGO_HOME", "PATH", "RUSTUP_HOME", "RUST_VERSION"]);
    assert_eq!(scope.args_without_default(), ["C"]);
}

#[test]
fn images_are_found_through_stages_and_arguments() {
    let cases: &[(&str, Option<&str>, bool)] = &[
        ("FROM python:3.12\n", Some("python"), true),
        ("FROM python:3.12 AS a\nFROM a AS b\nFROM b\n", Some("python"), true),
        ("ARG V=3.12\nFROM python:$V\n", Some("python"), false),
        ("ARG V=3.12\nFROM python:$V AS a\nFROM a\n", Some("python"), false),
        ("ARG V\nFROM python:$V\n", None, false),
        ("FROM scratch\n", Some("scratch"), true),
        ("FROM me/x\n", None, true),
        ("FROM --platform=windows/amd64 python\n", None, true),
        ("FROM --platform=$BUILDPLATFORM python\n", Some("python"), true),
    ];
    for (text, repository, fixed) in cases {
        let scope = last(text);
        let found = scope.image.as_deref().map(|image| &*image.repository);
        assert_eq!((found, scope.image_is_fixed), (*repository, *fixed), "{text}");
    }
    let map = [("corp/base".to_owned(), "node:22".to_owned())].into_iter().collect();
    let scopes = Scopes::of(&Document::parse("FROM corp/base:7\n"), &map);
    assert_eq!(scopes.image(0).map(|image| image.kind), Some(crate::images::Kind::Node));
}

#[test]
fn users_and_homes_are_told() {
    // text, user (None: unknown; "": root), uid, gid, home
    type Case = (&'static str, Option<&'static str>, Option<u32>, Option<u32>, Option<&'static str>);
    let cases: &[Case] = &[
        ("FROM debian\n", Some(""), None, None, Some("/root")),
        ("FROM me/x\n", None, None, None, None),
        ("FROM me/x\nUSER root\n", Some(""), None, None, None),
        ("FROM debian\nUSER 0:0\n", Some(""), None, None, Some("/root")),
        ("FROM scratch\n", Some(""), None, None, None),
        ("FROM node\nUSER node\n", Some("node"), Some(1000), Some(1000), Some("/home/node")),
        ("FROM node\nUSER 1000\n", Some("1000"), Some(1000), Some(1000), Some("/home/node")),
        ("FROM node\nUSER node:root\n", Some("node"), Some(1000), Some(0), Some("/home/node")),
        ("FROM node\nUSER node:x\n", Some("node"), Some(1000), None, Some("/home/node")),
        ("FROM node\nRUN usermod -u 7 node\nUSER node\n", Some("node"), None, None, None),
        ("FROM node\nCOPY rootfs /\nUSER node\n", Some("node"), None, None, None),
        ("FROM node\nCOPY . /app\nUSER node\n", Some("node"), Some(1000), Some(1000), Some("/home/node")),
        ("FROM debian\nUSER app\n", Some("app"), None, None, None),
        ("FROM debian\nUSER 1234\n", Some("1234"), Some(1234), None, None),
        ("FROM debian\nARG U=app\nUSER $U\n", Some("app"), None, None, None),
        ("FROM debian\nARG U\nUSER $U\n", None, None, None, None),
        ("FROM debian\nRUN useradd -u 10001 app\nUSER app\n", Some("app"), Some(10001), None, Some("/home/app")),
        ("FROM debian\nRUN useradd -u 10001 -d /srv app\nUSER 10001\n", Some("10001"), Some(10001), None, Some("/srv")),
        ("FROM debian AS a\nRUN useradd app\nFROM a\nUSER app\n", Some("app"), None, None, Some("/home/app")),
        ("FROM debian\nUSER 1000\nENV HOME=/tmp\n", Some("1000"), Some(1000), None, Some("/tmp")),
        ("FROM debian\nENV HOME=$X\nARG HOME\n", Some(""), None, None, None),
        ("FROM debian\nARG N\nENV $N=1\n", Some(""), None, None, None),
        (
            "FROM gcr.io/distroless/static-debian12:nonroot\n",
            Some("nonroot"),
            Some(65532),
            Some(65532),
            Some("/home/nonroot"),
        ),
        ("FROM quay.io/jupyter/base-notebook\n", Some("jovyan"), Some(1000), Some(100), Some("/home/jovyan")),
        ("FROM python:3.12-windowsservercore\n", None, None, None, None),
    ];
    for (text, name, uid, gid, home) in cases {
        let scope = last(text);
        let user = match *name {
            None => User::Unknown,
            Some("") => User::Root,
            Some(name) => User::Other { name: name.into(), uid: *uid, gid: *gid },
        };
        assert_eq!((scope.user, scope.home.as_deref()), (user, *home), "{text}");
    }
}

#[test]
fn working_directories_are_joined() {
    let cases: &[(&str, Option<&str>)] = &[
        ("FROM debian\n", Some("/")),
        ("FROM golang\n", Some("/go")),
        ("FROM golang\nWORKDIR src/./x//\n", Some("/go/src/x")),
        ("FROM debian\nWORKDIR /a/b\nWORKDIR ../c\n", Some("/a/c")),
        ("FROM debian\nWORKDIR ../..\n", Some("/")),
        ("FROM debian\nENV D=/x\nWORKDIR $D/y\n", Some("/x/y")),
        ("FROM debian\nWORKDIR \"/a b\"\n", Some("/a b")),
        ("FROM me/x\nWORKDIR app\n", None),
        ("FROM me/x\nWORKDIR /app\nWORKDIR b\n", Some("/app/b")),
        ("FROM debian\nARG D\nWORKDIR $D\n", None),
        ("FROM debian AS a\nWORKDIR /a\nFROM a\n", Some("/a")),
        ("FROM python:3-nanoserver\nWORKDIR /app\n", None),
    ];
    for (text, workdir) in cases {
        assert_eq!(last(text).workdir.as_deref(), *workdir, "{text}");
    }
}

#[test]
fn shells_are_inherited() {
    let cases: &[(&str, &str, bool, bool)] = &[
        ("FROM debian\n", "/bin/sh -c", true, true),
        ("FROM me/x\n", "/bin/sh -c", true, false),
        ("FROM debian\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\n", "/bin/bash -o pipefail -c", true, true),
        ("FROM me/x AS a\nSHELL [\"bash\", \"-c\"]\nFROM a\n", "bash -c", true, true),
        ("FROM quay.io/jupyter/base-notebook\n", "/bin/bash -o pipefail -c", true, true),
        ("FROM debian\nSHELL [\"pwsh\", \"-c\"]\n", "pwsh -c", false, true),
        ("FROM debian\nSHELL bash -c\n", "/bin/sh -c", false, false),
        ("FROM mcr.microsoft.com/windows/nanoserver:1809\n", "cmd /S /C", false, true),
        ("FROM --platform=windows/amd64 me/x\n", "cmd /S /C", false, true),
        ("# escape=`\nFROM me/x\n", "/bin/sh -c", false, false),
    ];
    for (text, argv, posix, known) in cases {
        let shell = last(text).shell;
        assert_eq!((shell.argv.join(" "), shell.posix, shell.known), ((*argv).to_owned(), *posix, *known), "{text}");
    }
}

#[test]
fn odd_files_have_scopes() {
    let many = format!("FROM debian\n{}", "ENV A=1\n".repeat(2000));
    let deep = (1..300).map(|at| format!("FROM s{} AS s{at}\nENV A=$A{at}\n", at - 1)).collect::<String>();
    for text in ["", "RUN x\n", "ARG A=1\n", "FROM\nRUN x\n", "FROM a\nWHAT\nUSER\nWORKDIR\nENV\n", &many, &deep] {
        let document = Document::parse(text);
        let scopes = Scopes::of(&document, &ImageMap::new());
        for index in 0..document.instructions().len() {
            assert_eq!(scopes.at(index).stage, document.stage_of(index).unwrap_or(0), "{index}");
        }
    }
}
