//! What commands do to files and to the state of the shell.

use crate::shell::{Script, Simple};

use super::Program;

/// Files that every RUN gets anew: what is written there is gone in the next one.
/// <https://github.com/moby/buildkit/blob/master/executor/oci/spec_linux.go>
pub const PER_RUN: &[&str] =
    &["/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/dev/shm", "/proc", "/sys", "/run/secrets"];

/// Builtins that change the state of the shell for what follows.
const STATEFUL: &[&str] = &[
    ".",
    "source",
    "cd",
    "pushd",
    "popd",
    "export",
    "unset",
    "readonly",
    "local",
    "declare",
    "typeset",
    "set",
    "shopt",
    "umask",
    "ulimit",
    "alias",
    "unalias",
    "eval",
    "trap",
    "exec",
    "exit",
    "return",
    "hash",
    "enable",
    "builtin",
    "wait",
    "read",
    "let",
    "getopts",
    "mapfile",
    "readarray",
    "shift",
    "nohup",
    "break",
    "continue",
    "printf",
];

/// The word by which a command changes the state of the shell for those behind it, or leaves something running.
#[must_use]
pub fn leaks_state<'s>(script: &'s Script, simple: &'s Simple) -> Option<&'s str> {
    let Some(first) = simple.words.first() else {
        return simple.assignments.first().map(|assignment| script.slice(assignment.name));
    };
    let text = script.slice(simple.span);
    // `${A:=b}` assigns.
    if text.split("${").skip(1).any(|rest| rest.split('}').next().is_some_and(|inside| inside.contains('='))) {
        return Some("${…=…}");
    }
    if text.split("$((").skip(1).any(|rest| rest.split("))").next().is_some_and(|inside| inside.contains('='))) {
        return Some("$((…=…))");
    }
    // Behind `command`, a builtin is still a builtin.
    let name = match first.literal.as_deref() {
        Some("command") => simple.words.get(1).map_or(first, |word| word),
        _ => first,
    };
    let Some(name) = name.literal.as_deref() else { return Some(script.slice(name.span)) };
    if name == "printf" && !simple.words.iter().any(|word| word.literal.as_deref() == Some("-v")) {
        return None;
    }
    // What is started here would be gone in the next RUN.
    let starts = |word: &&str| {
        let program = word.rsplit('/').next().unwrap_or(word);
        word.starts_with("/etc/init.d/") || word.starts_with("/etc/rc.d/") || SERVICES.contains(&program)
    };
    let daemon = |word: &&str| word.starts_with("--daemon") || word.starts_with("--fork");
    if let Some(word) = simple.words.iter().filter_map(|word| word.literal.as_deref()).find(daemon) {
        return Some(word);
    }
    let service = simple.words.iter().filter_map(|word| word.literal.as_deref()).take(2).find(starts);
    service.or_else(|| STATEFUL.contains(&name).then_some(name))
}

/// Programs that leave something running.
const SERVICES: &[&str] = &[
    "service",
    "systemctl",
    "pg_ctl",
    "pg_ctlcluster",
    "mysqld_safe",
    "invoke-rc.d",
    "supervisord",
    "dockerd",
    "start-stop-daemon",
];

/// The paths that an `rm` deletes, where they are certain: literal, without options other than `-r`, `-R`, `-f`, `-v`. A
/// pattern is given as it is written.
#[must_use]
pub fn deletes<'s>(script: &'s Script, program: &Program<'s>) -> Vec<&'s str> {
    if !matches!(program.name, "rm" | "unlink") {
        return Vec::new();
    }
    let words = program.arguments.iter().map(|word| script.slice(word.span));
    words.filter(|word| !word.starts_with('-')).map(|word| word.trim_matches(['"', '\''])).collect()
}

/// The paths that a command writes, where they are certain: the output of a download, the target of a redirection.
#[must_use]
pub fn writes(script: &Script, program: &Program<'_>) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for redirection in &program.simple.redirections {
        if matches!(&*redirection.operator, ">" | ">>" | "&>" | ">|") {
            paths.extend(redirection.target.literal.as_deref().map(str::to_owned));
        }
    }
    let arguments = program.arguments;
    let value_of = |flags: &[&str]| {
        let at = arguments.iter().position(|word| word.literal.as_deref().is_some_and(|text| flags.contains(&text)))?;
        Some(script.slice(arguments.get(at + 1)?.span).trim_matches(['"', '\'']).to_owned())
    };
    let url = || {
        arguments.iter().map(|word| script.slice(word.span).trim_matches(['"', '\''])).find(|text| text.contains("://"))
    };
    let base = |url: &str| {
        url.split(['?', '#'])
            .next()
            .and_then(|path| path.rsplit('/').next())
            .map(str::to_owned)
            .filter(|name| !name.is_empty())
    };
    match program.name {
        "wget" => paths.extend(value_of(&["-O", "--output-document"]).or_else(|| {
            if arguments.iter().any(|word| script.slice(word.span).starts_with("-O")) {
                None
            } else {
                url().and_then(base)
            }
        })),
        "curl" => {
            let remote = arguments.iter().any(|word| {
                let text = script.slice(word.span);
                text == "--remote-name" || (text.starts_with('-') && !text.starts_with("--") && text.ends_with('O'))
            });
            let output = arguments.iter().position(|word| {
                let text = script.slice(word.span);
                text == "--output" || (text.starts_with('-') && !text.starts_with("--") && text.ends_with('o'))
            });
            paths.extend(
                output
                    .and_then(|at| arguments.get(at + 1))
                    .map(|word| script.slice(word.span).trim_matches(['"', '\'']).to_owned()),
            );
            paths.extend(if remote { url().and_then(base) } else { None });
        }
        _ => {}
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::SourceMap;

    #[test]
    fn what_leaks() {
        for (text, leak) in [
            ("cd /tmp", Some("cd")),
            ("command cd /tmp", Some("cd")),
            ("command -v git", None),
            ("A=1", Some("A")),
            ("A=1 make", None),
            ("echo ${A:=b}", Some("${…=…}")),
            ("echo ${A:-b} c=d", None),
            ("printf x", None),
            ("printf -v A x", Some("printf")),
            ("sudo service nginx start", Some("service")),
            ("/etc/init.d/mysql start", Some("/etc/init.d/mysql")),
            ("echo service", Some("service")),
            ("$X y", Some("$X")),
            ("apt-get update", None),
        ] {
            let script = Script::parse(text, SourceMap::default());
            assert_eq!(leaks_state(&script, script.commands()[0]), leak, "{text}");
        }
    }
}
