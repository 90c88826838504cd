//! The programs that a command line of a use starts.
//!
//! This is no shell: a list of words has lost its quotes when it is one line. What is found is looked for in lists of
//! programs, and what is not found there says nothing.

/// Words that start the program behind them, and those of a shell's own language.
const BEFORE: &[&str] = &[
    "CMD",
    "CMD-SHELL",
    "sh",
    "bash",
    "ash",
    "dash",
    "exec",
    "env",
    "nice",
    "nohup",
    "time",
    "timeout",
    "command",
    "eval",
    "if",
    "then",
    "else",
    "elif",
    "while",
    "until",
    "do",
    "!",
    "{",
];

/// The programs that a line starts, as they are written, in order.
pub fn programs(line: &str) -> impl Iterator<Item = &str> {
    line.split([';', '&', '|', '(', ')', '`', '\n']).filter_map(program)
}

/// What a line that is for a shell needs first: the shell, as it is written.
#[must_use]
pub fn shell(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().filter(|word| *word != "CMD");
    let first = words.next()?;
    match first.rsplit('/').next()? {
        "CMD-SHELL" => Some("/bin/sh"),
        "sh" | "bash" | "ash" | "dash" => Some(first),
        _ => None,
    }
}

/// The program that a command starts.
fn program(command: &str) -> Option<&str> {
    let mut behind = false;
    for word in command.split_whitespace() {
        let word = word.trim_matches(['"', '\'', '@']);
        let number = word.trim_end_matches(['s', 'm']).bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let sets = word.split_once('=').is_some_and(|(name, _)| !name.contains(['/', '-']));
        match word.rsplit('/').next() {
            Some(name) if BEFORE.contains(&name) => behind = true,
            // Their options: `timeout 5`, `env A=b`, `sh -c`.
            _ if sets || behind && (number || word.starts_with(['-', '+'])) => {}
            _ if word.is_empty() || word == "NONE" || word.starts_with('-') => return None,
            _ => return Some(word),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (line, expected) in [
            ("curl -f http://x || exit 1", &["curl", "exit"][..]),
            ("CMD /usr/bin/curl -f x", &["/usr/bin/curl"]),
            ("CMD-SHELL pg_isready -U x", &["pg_isready"]),
            ("NONE", &[]),
            ("sh -ec 'A=1 exec ./run --x && make test'", &["./run", "make"]),
            ("timeout 5s env B=$C nc -z h 1", &["nc"]),
            ("until nc -z db; do sleep 1; done; python x.py", &["nc", "sleep", "done", "python"]),
            ("--port=80 serve", &[]),
            ("\"wget\" -q", &["wget"]),
            ("./a=b", &["./a=b"]),
            ("if [ -f x ]; then cat x; fi", &["[", "cat", "fi"]),
            ("", &[]),
            (" ; ;'' ' ", &[]),
        ] {
            assert_eq!(programs(line).collect::<Vec<_>>(), expected, "{line}");
        }
        for (line, expected) in [
            ("CMD-SHELL a", Some("/bin/sh")),
            ("CMD /bin/bash -c a", Some("/bin/bash")),
            ("sh -c a", Some("sh")),
            ("CMD a", None),
            ("", None),
        ] {
            assert_eq!(shell(line), expected, "{line}");
        }
    }
}
