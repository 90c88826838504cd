//! The shell of RUN, CMD, ENTRYPOINT and HEALTHCHECK in shell form.

/// What runs a command in shell form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// The program and its arguments; the command follows them as one more.
    pub argv: Vec<String>,
    /// It is a POSIX shell (sh, bash, ash, dash), and each of its arguments is understood.
    pub posix: bool,
    /// A command that fails ends the script: `-e`.
    pub errexit: bool,
    /// A pipeline fails if one of its commands does: `-o pipefail`.
    pub pipefail: bool,
    /// An unset variable is an error: `-u`.
    pub nounset: bool,
    /// It reads the profile first, which can change the environment: `-l`.
    pub login: bool,
    /// SHELL, or a known image, says so. Otherwise it is Docker's default, which an unknown image may have changed.
    pub known: bool,
}

impl Shell {
    /// The shell `argv`.
    pub(super) fn new(argv: Vec<String>, known: bool) -> Self {
        let mut shell =
            Self { argv, posix: false, errexit: false, pipefail: false, nounset: false, login: false, known };
        let argv = std::mem::take(&mut shell.argv);
        shell.posix = shell.read(&argv).is_some();
        shell.argv = argv;
        shell
    }

    /// Docker's default on Linux, which an image that is not known may have changed.
    pub(super) fn unknown(posix: bool) -> Self {
        let mut shell = Self::new(vec!["/bin/sh".into(), "-c".into()], false);
        shell.posix = posix;
        shell
    }

    /// Docker's default on Windows.
    pub(super) fn windows() -> Self {
        Self::new(vec!["cmd".into(), "/S".into(), "/C".into()], true)
    }

    /// The name of the program, without its directory: `bash`.
    #[must_use]
    pub fn program(&self) -> &str {
        self.argv.first().map_or("", |program| program.rsplit('/').next().unwrap_or_default())
    }

    /// Reads the arguments; `None` where one is not understood.
    fn read(&mut self, argv: &[String]) -> Option<()> {
        let mut words = argv.iter().map(String::as_str);
        let program = words.next()?.rsplit('/').next()?;
        // zsh does not split words.
        if !matches!(program, "sh" | "bash" | "ash" | "dash") {
            return None;
        }
        let mut takes_command = false;
        while let Some(word) = words.next() {
            match word {
                "--login" => self.login = true,
                "--noprofile" | "--norc" => {}
                _ => {
                    let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty())?;
                    for letter in letters.chars() {
                        match letter {
                            'c' => takes_command = true,
                            'e' => self.errexit = true,
                            'u' => self.nounset = true,
                            'l' => self.login = true,
                            'x' | 'v' | 'E' => {}
                            'o' => match words.next()? {
                                "errexit" => self.errexit = true,
                                "nounset" => self.nounset = true,
                                "pipefail" => self.pipefail = true,
                                "xtrace" | "verbose" | "errtrace" => {}
                                _ => return None,
                            },
                            _ => return None,
                        }
                    }
                }
            }
        }
        takes_command.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::Shell;

    #[test]
    fn arguments_are_understood_or_refused() {
        // argv, posix, flags of: errexit, pipefail, nounset, login
        let cases: &[(&str, bool, &str)] = &[
            ("/bin/sh -c", true, ""),
            ("sh -c", true, ""),
            ("/bin/bash -o pipefail -c", true, "p"),
            ("/bin/bash -eo pipefail -c", true, "ep"),
            ("/bin/bash -euxo pipefail -c", true, "epu"),
            ("/bin/bash -euo pipefail -o errexit -c", true, "epu"),
            ("/bin/ash -ec", true, "e"),
            ("bash -l -c", true, "l"),
            ("bash --login -c", true, "l"),
            ("/bin/bash -c -e", true, "e"),
            ("/bin/bash", false, ""),
            ("/bin/bash -e", false, "e"),
            ("/bin/bash -O extglob -c", false, ""),
            ("/bin/bash -o posix -c", false, ""),
            ("/bin/bash -o", false, ""),
            ("/bin/bash script -c", false, ""),
            ("/bin/bash - -c", false, ""),
            ("/usr/bin/env bash -c", false, ""),
            ("zsh -c", false, ""),
            ("cmd /S /C", false, ""),
            ("pwsh -Command", false, ""),
            ("", false, ""),
        ];
        for (argv, posix, flags) in cases {
            let shell = Shell::new(argv.split(' ').map(Into::into).collect(), true);
            assert_eq!(shell.posix, *posix, "{argv}");
            if *posix {
                let found = (shell.errexit, shell.pipefail, shell.nounset, shell.login);
                let expected = (flags.contains('e'), flags.contains('p'), flags.contains('u'), flags.contains('l'));
                assert_eq!(found, expected, "{argv}");
            }
        }
        assert_eq!(Shell::unknown(true).program(), "sh");
        assert!(Shell::unknown(true).posix && !Shell::unknown(false).posix && !Shell::windows().posix);
    }
}
