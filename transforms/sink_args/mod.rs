//! See README.md: an ARG that changes with every build, and the RUNs that cannot use it.

use std::collections::BTreeMap;

use crate::commands::{Invocation, Program, Tool, Verb, packages, recognise};
use crate::dockerfile::Kind;
use crate::pragma::is_pragma;
use crate::rewrite::{comments_between, lines};
use crate::shell::{Script, Simple};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

/// Names for what changes with every build or commit.
const VOLATILE: &[&str] = &[
    "BUILD_DATE",
    "BUILD_ID",
    "BUILD_NUMBER",
    "BUILD_REF",
    "BUILD_REVISION",
    "BUILD_SHA",
    "BUILD_TIME",
    "BUILD_TIMESTAMP",
    "BUILD_VERSION",
    "BUILDTIME",
    "APP_VERSION",
    "CI_COMMIT_SHA",
    "COMMIT",
    "COMMIT_HASH",
    "COMMIT_ID",
    "COMMIT_SHA",
    "DATE",
    "GITHUB_RUN_ID",
    "GITHUB_SHA",
    "GIT_BRANCH",
    "GIT_COMMIT",
    "GIT_COMMIT_HASH",
    "GIT_COMMIT_SHA",
    "GIT_HASH",
    "GIT_REF",
    "GIT_REV",
    "GIT_REVISION",
    "GIT_SHA",
    "GIT_SHA1",
    "GIT_TAG",
    "GIT_VERSION",
    "IMAGE_VERSION",
    "RELEASE",
    "RELEASE_VERSION",
    "REV",
    "REVISION",
    "SHA",
    "SOURCE_COMMIT",
    "TIMESTAMP",
    "VCS_REF",
    "VCS_REVISION",
    "VERSION",
];

/// What stands between an ARG and where it could stand.
struct Way {
    /// The first instruction that uses it, or may.
    end: Option<usize>,
    /// RUNs that it passes.
    passed: Vec<usize>,
    /// What has to be checked for one of them.
    checks: Vec<String>,
    /// Why it passes none.
    stopped: Option<String>,
}

/// ARGs that go to the same place.
#[derive(Default)]
struct Move {
    args: Vec<usize>,
    names: Vec<String>,
    checks: Vec<String>,
}

fn find(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // ARGs that go to the same place go together.
    let mut moves: BTreeMap<usize, Move> = BTreeMap::new();
    for (index, instruction) in view.doc.instructions().iter().enumerate() {
        let Kind::Arg(declared) = &instruction.kind else { continue };
        let Some(stage) = view.doc.stage_of(index) else { continue };
        let [declared] = declared[..] else { continue };
        let name = view.doc.joined(instruction, declared.name);
        if !VOLATILE.contains(&&*name.to_ascii_uppercase()) {
            continue;
        }
        let way = way(view, index, &name, view.doc.stages()[stage].instructions.end);
        let message = message(&[name.to_string()]);
        if let Some(reason) = &way.stopped {
            findings.push(Finding::held(vec![index], message, reason.clone()));
            continue;
        }
        let Some(last) = way.passed.last() else { continue };
        let Some(target) = way.end.or(Some(last + 1)).filter(|at| *at < view.doc.stages()[stage].instructions.end)
        else {
            continue;
        };
        let variable = declared.default.is_some_and(|default| view.doc.slice(default).contains('$'));
        if variable {
            findings.push(Finding::held(vec![index], message, "its default depends on another variable"));
            continue;
        }
        let entry = moves.entry(target).or_default();
        entry.args.push(index);
        entry.checks.extend(way.checks);
        entry.names.push(name.into_owned());
    }
    for (target, Move { args, names, mut checks }) in moves {
        let message = message(&names);
        let pragma = comments_between(view.doc, view.instruction(args[0]), target)
            .into_iter()
            .any(|comment| is_pragma(view.doc.slice(comment)));
        if pragma {
            findings.push(Finding::held(args, message, "a comment on the way speaks to a tool"));
            continue;
        }
        let edits = lines::move_before(view.doc, &args, target);
        let change = edits.and_then(|edits| Change::new(edits, [Promise::Moves]).map_err(|_| "two changes overlap"));
        checks.sort();
        checks.dedup();
        findings.push(match change {
            Err(reason) => Finding::held(args, message, reason),
            Ok(change) if checks.is_empty() => Finding::safe(args, message, change),
            Ok(change) => Finding::review(args, message, checks.join("; "), change),
        });
    }
    findings.sort_by_key(|finding| finding.instructions[0]);
    findings
}

fn message(names: &[String]) -> String {
    format!("a new value of {} runs every RUN behind it again, also those that do not use it", names.join(", "))
}

/// How far the ARG at `index` can sink.
fn way(view: &View<'_>, index: usize, name: &str, end: usize) -> Way {
    let mut way = Way { end: None, passed: Vec::new(), checks: Vec::new(), stopped: None };
    for at in index + 1..end {
        let instruction = view.instruction(at);
        if mentions(view.doc.slice(instruction.span), name) {
            way.end = Some(at);
            let label = matches!(instruction.kind, Kind::Label(_));
            let later = (at + 1..end).find(|later| matches!(view.instruction(*later).kind, Kind::Run(_)));
            let used = (at + 1..end).any(|later| {
                !matches!(view.instruction(later).kind, Kind::Label(_))
                    && mentions(view.doc.slice(view.instruction(later).span), name)
            });
            if label && way.passed.is_empty() && later.is_some() && !used {
                let line = view.doc.line(instruction.span.start);
                way.stopped = Some(format!("line {line} uses it: a LABEL can stand behind the last RUN, too"));
            }
            break;
        }
        if !matches!(instruction.kind, Kind::Run(_)) {
            continue;
        }
        let line = view.doc.line(instruction.span.start);
        let reads = match view.script(at) {
            Some(script) if !view.scope(at).shell.login => reads(script),
            _ => Reads::May("what is not understood".into()),
        };
        match reads {
            Reads::No => way.passed.push(at),
            Reads::Check(what) => {
                way.passed.push(at);
                way.checks.push(format!("no script that {what} in line {line} runs reads {name}"));
            }
            Reads::May(what) => {
                way.end = Some(at);
                if way.passed.is_empty() {
                    way.stopped = Some(format!("line {line} runs {what}, which may read it"));
                }
                break;
            }
        }
    }
    way
}

/// Whether `text` has `name` as a word.
fn mentions(text: &str, name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].bytes().last().is_some_and(word) && !text[at + name.len()..].bytes().next().is_some_and(word)
    })
}

/// Whether commands read variables that their words do not name.
enum Reads {
    /// None does.
    No,
    /// Scripts of packages might.
    Check(String),
    /// This one may.
    May(String),
}

fn reads(script: &Script) -> Reads {
    // `${!A*}` names variables by their start.
    if script.body().is_err() || script.text().contains("${!") || script.text().contains("-exec") {
        return Reads::May("a script that is not understood".into());
    }
    let mut check = None;
    for simple in script.commands() {
        if simple.words.is_empty() || quiet(script, simple) {
            continue;
        }
        let name = Program::of(simple).map_or_else(|| script.slice(simple.span), |program| program.name);
        let installs = recognise(script, simple).is_some_and(|it| it.certain && dependencies(&it));
        if !installs {
            return Reads::May(format!("`{name}`"));
        }
        check.get_or_insert_with(|| format!("`{name}`"));
    }
    check.map_or(Reads::No, Reads::Check)
}

/// Whether an invocation installs dependencies, and does not build the project.
fn dependencies(invocation: &Invocation) -> bool {
    let fetches = matches!(invocation.verb, Verb::Install | Verb::Download | Verb::Update | Verb::Clean);
    let project = |operand: &str| operand.starts_with('.') || operand.starts_with('/');
    let own = matches!(invocation.tool, Tool::Cargo | Tool::Go) && invocation.verb == Verb::Install
        || invocation.has(&["-e", "--editable"])
        || invocation.operands.iter().any(|operand| operand.literal.as_deref().is_none_or(project));
    fetches && !own
}

/// Whether a command reads no variable but those that every program of its kind reads.
fn quiet(script: &Script, simple: &Simple) -> bool {
    if packages::action(script, simple).is_some() {
        return true;
    }
    let Some(program) = Program::of(simple) else { return false };
    match program.name {
        "set" => !program.arguments.is_empty(),
        "export" => {
            program.literals().count() == program.arguments.len() && program.literals().all(|word| word.contains('='))
        }
        name => {
            let system = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"];
            QUIET.contains(&name)
                && (program.path == name || system.iter().any(|folder| program.path.starts_with(folder)))
        }
    }
}

/// Programs of the system that read no such variables.
const QUIET: &[&str] = &[
    "apt-get",
    "apt",
    "apt-mark",
    "apt-key",
    "apt-cache",
    "dpkg",
    "dpkg-reconfigure",
    "apk",
    "dnf",
    "yum",
    "microdnf",
    "rpm",
    "zypper",
    "pacman",
    "add-apt-repository",
    "useradd",
    "groupadd",
    "adduser",
    "addgroup",
    "usermod",
    "chpasswd",
    "passwd",
    "update-ca-certificates",
    "ldconfig",
    "locale-gen",
    "update-locale",
    "update-alternatives",
    "a2enmod",
    "a2dismod",
    "a2ensite",
    "a2dissite",
    "rm",
    "mkdir",
    "rmdir",
    "ln",
    "cp",
    "mv",
    "touch",
    "chmod",
    "chown",
    "chgrp",
    "install",
    "cat",
    "tee",
    "sed",
    "grep",
    "tr",
    "cut",
    "head",
    "tail",
    "sort",
    "uniq",
    "wc",
    "find",
    "ls",
    "echo",
    "printf",
    "true",
    "false",
    ":",
    "test",
    "[",
    "cd",
    "sleep",
    "date",
    "id",
    "uname",
    "arch",
    "basename",
    "dirname",
    "curl",
    "wget",
    "tar",
    "gzip",
    "gunzip",
    "unzip",
    "xz",
    "gpg",
    "sha256sum",
    "sha512sum",
    "md5sum",
];
