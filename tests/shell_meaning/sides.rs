//! A Dockerfile as the shells see it: its RUNs, stage by stage, and what they need around them.

use std::collections::BTreeSet;

use dockwright::context::Nothing;
use dockwright::dockerfile::{Command, Document, Kind, Lookup};
use dockwright::shell::Script;
use dockwright::transform::{Settings, View};

/// A RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What runs it.
    pub form: Form,
    /// The script, or the words of an exec form.
    pub text: Vec<String>,
    /// Where.
    pub workdir: String,
    /// `name=value`, as far as it is known.
    pub environment: Vec<String>,
}

/// What runs a RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A POSIX shell: its program and its flags.
    Shell { program: String, flags: Vec<String> },
    /// No shell, or one that is not understood.
    Other,
}

/// The folders that every image has.
const FOLDERS: &[&str] =
    &["/root", "/tmp", "/etc/apt/apt.conf.d", "/usr/local/bin", "/var/lib", "/opt", "/src", "/home"];

/// What a Dockerfile needs of the sandbox.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Names of commands.
    pub commands: BTreeSet<String>,
    /// Folders.
    pub folders: BTreeSet<String>,
    /// Paths at which a command is called.
    pub links: BTreeSet<String>,
}

/// The RUNs of each stage.
pub fn stages(text: &str, settings: &Settings) -> Vec<Vec<Run>> {
    let doc = Document::parse(text);
    let view = View::new(&doc, &Nothing, settings);
    let run = |index: usize| {
        let Kind::Run(command) = &doc.instructions()[index].kind else { return None };
        let scope = view.scope(index);
        let (form, text) = match command {
            Command::Exec(words) => {
                let word = |word| doc.word(&doc.instructions()[index], word).into_owned();
                (Form::Other, words.iter().map(|it| word(*it)).collect())
            }
            Command::Shell(_) => {
                let script = doc.script(index)?;
                if scope.shell.posix && !script.text().starts_with("#!") {
                    let program = scope.shell.program().to_owned();
                    (Form::Shell { program, flags: scope.shell.argv[1..].to_vec() }, vec![script.text().to_owned()])
                } else {
                    (Form::Other, vec!["other-shell".into(), script.text().to_owned()])
                }
            }
        };
        let workdir = scope.workdir.as_deref().filter(|path| path.starts_with('/')).unwrap_or("/").to_owned();
        let value = |name: &&str| match scope.get(name) {
            Lookup::Value(value) if *name != "PATH" => Some(format!("{name}={value}")),
            _ => None,
        };
        Some(Run { form, text, workdir, environment: scope.env_names().iter().filter_map(value).collect() })
    };
    doc.stages().iter().map(|stage| stage.instructions.clone().filter_map(run).collect()).collect()
}

impl Needs {
    /// Adds what `runs` need.
    pub fn add(&mut self, runs: &[Run]) {
        self.folders.extend(FOLDERS.iter().map(|&path| path.to_owned()));
        for run in runs {
            self.folders.insert(run.workdir.clone());
            if run.form == Form::Other {
                self.commands.extend(run.text.first().cloned());
                continue;
            }
            let script = Script::parse(&*run.text[0], dockwright::shell::SourceMap::default());
            if script.body().is_err() {
                let words = script.text().split(|it: char| !it.is_ascii_alphanumeric() && !"._+-".contains(it));
                self.commands.extend(words.filter(|word| word.len() < 40).map(str::to_owned));
            }
            self.add_script(&script);
        }
        self.commands.retain(|name| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']));
    }

    fn add_script(&mut self, script: &Script) {
        let mut inside = Vec::new();
        for command in script.commands() {
            for redirection in &command.redirections {
                if let Some((folder, _)) = redirection.target.literal.as_deref().and_then(|path| path.rsplit_once('/'))
                {
                    inside.push(folder.to_owned());
                }
            }
            let words: Vec<Option<&str>> = command.words.iter().map(|word| word.literal.as_deref()).collect();
            match words[..] {
                [Some("cd" | "pushd"), Some(path)] => inside.push(path.to_owned()),
                [Some(name), ..] if name.starts_with('/') => {
                    self.links.insert(name.to_owned());
                    self.commands.extend(name.rsplit('/').next().map(str::to_owned));
                }
                [Some(name), ..] if name.contains('/') => inside.push(format!("\0{name}")),
                [Some(name), ..] => {
                    self.commands.insert(name.to_owned());
                }
                _ => {}
            }
        }
        // Where it goes, and from there on; more than these are not worth their time.
        for _ in 0..2 {
            for path in &inside {
                let from: Vec<String> = self.folders.iter().take(30).cloned().collect();
                match path.strip_prefix('\0') {
                    Some(program) => {
                        let name = program.trim_start_matches("./");
                        self.commands.extend(name.rsplit('/').next().map(str::to_owned));
                        self.links.extend(from.iter().map(|folder| format!("{}/{name}", folder.trim_end_matches('/'))));
                    }
                    None if path.starts_with('/') => {
                        self.folders.insert(path.clone());
                    }
                    None if path.starts_with(['.', '-']) || self.folders.len() > 30 => {}
                    None => {
                        self.folders
                            .extend(from.iter().map(|folder| format!("{}/{path}", folder.trim_end_matches('/'))));
                    }
                }
            }
        }
    }
}
