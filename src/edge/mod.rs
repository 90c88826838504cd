//! The only folder that touches the world: command line, configuration, files, terminal.

#![allow(clippy::disallowed_methods, reason = "this is the edge: files, environment and clock are read here only")]

mod arguments;
mod bot;
mod carried;
mod checklist;
mod config;
mod copy;
mod engine;
mod excerpt;
mod explain;
mod files;
mod forge;
mod git;
mod http;
mod ignores;
mod locate;
mod names;
mod optimize;
mod output;
mod project;
mod prove;
mod registry;
#[cfg(test)]
mod report_tests;
mod review;
mod signs;
mod subject;
mod summary;
mod uses;
mod verify;
mod world;

use std::borrow::Cow;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use arguments::{Arguments, Command};

/// Done.
const DONE: u8 = 0;
/// `--check`, and something would change.
const WOULD_CHANGE: u8 = 1;
/// It could not be done, or not for every file.
const FAILED: u8 = 2;

/// The program: reads the command line and answers with the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { FAILED } else { DONE };
            // A closed pipe is no reason to fail.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let code = match arguments.command {
        Command::Optimize(optimize) => optimize::run(optimize),
        Command::Verify(verify) => verify::run(&verify),
        Command::Review(review) => review::run(&review),
        Command::Checklist(arguments) => checklist::run(&arguments),
        Command::Bot(bot) => bot::run(&bot),
        Command::Explain(explain) => explain::run(&explain),
        Command::CleanUp(watch) => {
            engine::guard::run(&watch);
            DONE
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "dockwright", &mut script);
            let _ = anstream::stdout().write_all(&script);
            DONE
        }
    };
    ExitCode::from(code)
}

/// A path as messages name it: relative to the folder that the program runs in, where it is below that.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().and_then(std::fs::canonicalize).unwrap_or_default();
    let inside = path.strip_prefix(here).ok().filter(|inside| !inside.as_os_str().is_empty());
    match inside.unwrap_or(path) {
        path if path.as_os_str() == "-" => "standard input".into(),
        path => path.display().to_string(),
    }
}

/// Text on one line of a terminal or a log, whatever it holds: nothing in it is obeyed.
fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect())
}

/// Text of others for standard output, line by line: nothing in it is obeyed by a terminal, and in a workflow no line of it
/// is a command.
fn quoted(text: &str) -> String {
    let obeyed = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || crate::report::turns(c);
    let text: String = text.chars().map(|c| if obeyed(c) { '\u{fffd}' } else { c }).collect();
    let mut random = [0; 16];
    if std::env::var_os("GITHUB_ACTIONS").is_none() || text.is_empty() {
        return text;
    }
    // A text that knew the word could end this. https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    if ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random).is_err() {
        return String::new();
    }
    let word: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("::stop-commands::{word}\n{text}{end}::{word}::\n")
}

/// An error as a person sees it: what is wrong, and what to type.
#[derive(Clone, Debug)]
struct Failure {
    message: String,
    /// Lines of source that show the place.
    excerpt: Option<String>,
    help: Option<String>,
    /// The file itself cannot be read: no failure if it was only found by searching.
    skippable: bool,
}

impl Failure {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), excerpt: None, help: Some(help.into()), skippable: false }
    }

    /// Prints it to standard error.
    fn print(&self) {
        let (red, bold) = (anstyle::AnsiColor::Red.on_default().bold(), anstyle::Style::new().bold());
        let mut text = format!("{red}error{red:#}{bold}: {}{bold:#}\n", printable(&self.message));
        if let Some(excerpt) = &self.excerpt {
            text += excerpt;
        }
        if let Some(help) = &self.help {
            text += &format!("{bold}help{bold:#}: {}\n", printable(help));
        }
        let _ = anstream::stderr().write_all(text.as_bytes());
    }
}
