//! Rewrites that keep the meaning, and ones that do not.

use std::borrow::Cow;

use super::meaning::{Meaning, Role, Run, same_meaning};
use super::trace::{Rules, ShellOptions};
use super::{Script, SourceMap};

/// Commands that start with `new` or `old` are promised; a `-y` is.
fn meaning(before: &[&str], after: &[&str], options: ShellOptions) -> Meaning {
    let scripts = |texts: &[&str]| -> Vec<Script> {
        texts.iter().map(|text| Script::parse(*text, SourceMap::default())).collect()
    };
    let (before, after) = (scripts(before), scripts(after));
    let runs = |scripts: &'static [Script]| -> Vec<Run<'static>> {
        scripts.iter().map(|script| Run { script, options }).collect()
    };
    let normal = |text: &str| -> String { text.replace(" -y", "") };
    let (before, after) = (runs(before.leak()), runs(after.leak()));
    let rules = Rules {
        normal: &|text| Cow::Owned(normal(text)),
        in_environment: &|name| name.bytes().all(|byte| byte.is_ascii_uppercase()),
    };
    same_meaning(&before, &after, rules, &|text| {
        if text.starts_with("new") || text.starts_with("old") { Role::Promised } else { Role::Kept }
    })
}

#[test]
fn same() {
    for (before, after) in [
        (&["a", "b"][..], &["a && b"][..]),
        (&["a && b", "c"], &["a && b && c"]),
        (&["a || b", "c"], &["{ a || b; } && c"]),
        (&["a || b", "c"], &["(a || b) && c"]),
        (&["a; b", "c"], &["{ a; b; } && c"]),
        (&["a | b", "c"], &["a | b && c"]),
        (&["set -e; a; b"], &["a && b"]),
        (&["set -e; a; b", "set -e; c"], &["set -e; a; b; c"]),
        (&["set -ex; a; b", "set -ex; c; d"], &["set -ex; a; b; c; d"]),
        (&["set -eu; a", "b"], &["set -eu; a; b"]),
        (&["cd /x && a", "b"], &["(cd /x && a) && b"]),
        (&["cd /x && a", "cd /y && b"], &["cd /x && a && cd /y && b"]),
        (&["x=1; a", "b"], &["(x=1; a) && b"]),
        (&["eval x", "a", "b", "trap y EXIT"], &["eval x", "a && b", "trap y EXIT"]),
        (&["eval x"], &["eval x"]),
        (&["x=1; a", "b"], &["x=1; a && b"]),
        (&["x=1; a $x", "b xx"], &["x=1; a $x && b xx"]),
        (&["for i in 1 2; do a $i; done", "b"], &["for i in 1 2; do a $i; done && b"]),
        (&["if a; then b && c; fi", "d"], &["if a; then b && c; fi && d"]),
        (&["if a; then b; fi"], &["if a; then b; else :; fi"]),
        (&["a"], &["a\n"]),
        (&["a  b   c"], &["a b c"]),
        (&["install x"], &["install -y x"]),
        (&["a"], &["a && new"]),
        (&["a", "b"], &["a && new && b"]),
        (&["a", "old", "b"], &["a && b"]),
        (&["a && old && b"], &["a && b"]),
        (&["a; b; c; d; e; f; g; h; i; j; k; l", "m"], &["{ a; b; c; d; e; f; g; h; i; j; k; l; } && m"]),
        (&["while a; do b; done", "c"], &["while a; do b; done && c"]),
        (&["a && old && while b; do c; done"], &["a && while b; do c; done"]),
        (&["a && old && b; c"], &["a && b; c"]),
        (&["X=$(a -y b); c"], &["X=$(a b); c"]),
        (&["case $x in a) b;; *) c;; esac", "d"], &["case $x in a) b;; *) c;; esac && d"]),
        (&["cd /x && a && cd - && b", "c"], &["(cd /x && a && cd - && b) && c"]),
    ] {
        assert_eq!(meaning(before, after, ShellOptions::default()), Meaning::Same, "{before:?} {after:?}");
    }
}

#[test]
fn different() {
    for (before, after) in [
        // A failure that was ignored, or no longer is.
        (&["a; b"][..], &["a && b"][..]),
        (&["a", "b"], &["a; b"]),
        (&["a || b", "c"], &["a || b && c; d"]),
        (&["c && a || b", "d"], &["d && c && a || b"]),
        (&["a || true", "rm"], &["a || true && rm && x"]),
        (&["a", "b || c"], &["a && b || c"]),
        (&["set -e; false && true", "c"], &["set -e; false && true; c"]),
        (&["set -e; a && b", "c"], &["set -e; a && b; c"]),
        (&["set -e; a; b", "c"], &["(set -e; a; b) && c"]),
        (&["set -e; a; b", "c"], &["set -e; { a; b; } && c"]),
        (&["set -e; ! a", "b"], &["set -e; ! a; b"]),
        (&["set -e; if a; then b && c; fi", "d"], &["set -e; if a; then b && c; fi; d"]),
        (&["set -e; a; b", "c; d"], &["set -e; a; b; c; d"]),
        // The end of the first script.
        (&["exit 0", "a"], &["exit 0 && a"]),
        (&["a; exit 0", "b"], &["a; exit 0; b"]),
        (&["a && exit 0; b", "c"], &["{ a && exit 0; b; } && c"]),
        // The background.
        (&["a & b", "c"], &["a & b && c"]),
        (&["a &", "c"], &["a & c"]),
        // What leaks from one script into the next.
        (&["cd /x && a", "b"], &["cd /x && a && b"]),
        (&["cd /x && a", "cd y && b"], &["cd /x && a && cd y && b"]),
        (&["cd /x && a", "cd /y && b && cd - && c"], &["cd /x && a && cd /y && b && cd - && c"]),
        (&["cd /x && a", "cd /y && b $OLDPWD"], &["cd /x && a && cd /y && b $OLDPWD"]),
        (&["cd /x || a", "cd /y && b"], &["cd /x || a; cd /y && b"]),
        (&["x=1; a", "b $x"], &["x=1; a && b $x"]),
        (&["x=1; a", "b \"${x}\""], &["x=1; a && b \"${x}\""]),
        (&["X=1; a", "b"], &["X=1; a && b"]),
        (&["IFS=:; a", "b"], &["IFS=:; a && b"]),
        (&["set -a; x=1; a", "b"], &["set -a; x=1; a && b"]),
        (&["x=1; a", "case $x in 1) b;; esac"], &["x=1; a && case $x in 1) b;; esac"]),
        (&["x=1; a", "for i in $x; do b; done"], &["x=1; a && for i in $x; do b; done"]),
        (&["x=1; a", "{ b; } > $x"], &["x=1; a && { b; } > $x"]),
        (&["cd /x && a", "for i in *; do b; done"], &["cd /x && a && for i in *; do b; done"]),
        (&["export X=1 && a", "b"], &["export X=1 && a && b"]),
        (&["umask 077 && a", "b"], &["umask 077 && a && b"]),
        (&["set -u; a", "b $x"], &["set -u; a && b $x"]),
        (&["set -f; a", "b *"], &["set -f; a && b *"]),
        (&["f() { x; }; a", "f"], &["f() { x; }; a && f"]),
        (&["for i in 1 2; do a; done", "b $i"], &["for i in 1 2; do a; done && b $i"]),
        (&["(cd /x; a)"], &["cd /x; a; cd /"]),
        // Order, number, surroundings.
        (&["a && b"], &["b && a"]),
        (&["a"], &["a && a"]),
        (&["a && b"], &["a"]),
        (&["a > x"], &["a > y"]),
        (&["{ a; b; } > x"], &["a > x; b > x"]),
        (&["a | b"], &["a && b"]),
        (&["cat <<E\n1\nE"], &["cat <<E\n2\nE"]),
        // Promises that break something else.
        (&["a"], &["a; new"]),
        (&["a", "b"], &["a && new; b"]),
        (&["a || b"], &["a || b && new; c"]),
        (&["a"], &["new"]),
        (&["a"], &["a || new"]),
        (&["a; b; c; d; e; f; g; h; i; j; k; l", "m"], &["a; b; c; d; e; f; g; h; i; j; k; l; m"]),
    ] {
        match meaning(before, after, ShellOptions::default()) {
            Meaning::Differs(example) => {
                let failed = |trace: &super::trace::Trace| trace.status != 0;
                let apart =
                    example.before.events != example.after.events || failed(&example.before) != failed(&example.after);
                assert!(apart, "{before:?} {after:?}: {example:?}");
            }
            other => panic!("{before:?} {after:?}: {other:?}"),
        }
    }
}

#[test]
fn cannot_tell() {
    for text in [
        "eval a",
        "trap a EXIT; b",
        ". ./x",
        "exec a",
        "return",
        "wait",
        "a; echo $?",
        "$x",
        "\"$(a)\" b",
        "[[ -f x ]]",
        "a &> f",
        "a |& b",
        "time a",
        "x=(1)",
        "set -- a",
        "exit $x",
        "a 'b",
        "break",
        "f() { f; }; f",
        "command a",
        "${x:?} a",
    ] {
        let found = meaning(&[text, "y"], &["z", text], ShellOptions::default());
        assert!(matches!(found, Meaning::CannotTell(_)), "{text:?}: {found:?}");
    }
    let bash = ShellOptions { bash: true, ..ShellOptions::default() };
    for text in ["[[ -f x && -d y ]] && a", "a &> f", "(( x > 1 )) || a"] {
        let more = format!("{text}; true && y");
        let joined = format!("{text}; y");
        assert_eq!(meaning(&[&more], &[&joined], bash), Meaning::Same, "{text:?}");
    }
}

#[test]
fn options_of_the_shell() {
    let errexit = ShellOptions { errexit: true, ..ShellOptions::default() };
    let pipefail = ShellOptions { pipefail: true, ..ShellOptions::default() };
    assert_eq!(meaning(&["a; b"], &["a && b"], errexit), Meaning::Same);
    assert_eq!(meaning(&["a && b", "c"], &["a && b && c"], errexit), Meaning::Same);
    assert!(matches!(meaning(&["a && b", "c"], &["a && b; c"], errexit), Meaning::Differs(_)));
    assert!(matches!(meaning(&["a | b", "c"], &["a | b; c"], pipefail), Meaning::Differs(_)));
    assert_eq!(meaning(&["set -o pipefail; a | b", "c"], &["a | b && c"], pipefail), Meaning::Same);
}
