//! A root without programs: shells, and the recorder under the name of every command.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::recorder::Event;

/// Shells, as they are called.
pub const SHELLS: [&str; 3] = ["dash", "bash", "busybox"];

/// What ran, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The exit status of the last shell.
    pub status: String,
    /// A shell did not end by itself.
    pub endless: bool,
    /// What they printed.
    pub output: String,
    /// The files that they wrote: path, mode, content.
    pub files: Vec<String>,
    /// The commands.
    pub events: Vec<Event>,
}

/// A root and the process that runs shells in it.
pub struct Sandbox {
    root: tempfile::TempDir,
    runner: Child,
    answers: BufReader<std::process::ChildStdout>,
    /// What ash would run without asking the path.
    pub applets: Vec<String>,
    /// What came of jobs that are asked for again and again.
    pub known: HashMap<[String; 4], Answer>,
}

/// The recorder, compiled once.
///
/// # Errors
/// What is missing.
pub fn recorder() -> Result<PathBuf, String> {
    static RECORDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    RECORDER.get_or_init(compile).clone()
}

fn compile() -> Result<PathBuf, String> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recorder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shell_meaning/recorder.rs");
    let output = Command::new("rustc")
        .args([
            "--edition",
            "2024",
            "-O",
            "-C",
            "target-feature=+crt-static",
            "-C",
            "panic=abort",
            "-C",
            "strip=symbols",
        ])
        .arg("-o")
        .args([&program, &source])
        .output()
        .map_err(|error| format!("rustc: {error}"))?;
    if output.status.success() { Ok(program) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Copies a program and its libraries into `root`.
fn bring(program: &Path, to: &Path, root: &Path) -> Result<(), String> {
    fs::copy(program, to).map_err(|error| error.to_string())?;
    let output = Command::new("ldd").arg(program).output().map_err(|error| format!("ldd: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for library in text.split_whitespace().filter(|word| word.starts_with('/')) {
        let to = root.join(&library[1..]);
        fs::create_dir_all(to.parent().ok_or("a library has a folder")?).map_err(|error| error.to_string())?;
        fs::copy(library, to).map_err(|error| format!("{library}: {error}"))?;
    }
    Ok(())
}

impl Sandbox {
    /// A root of its own.
    ///
    /// # Errors
    /// Why there is none.
    pub fn new(recorder: &Path) -> Result<Self, String> {
        // In memory, if programs may be started there: thousands of small files come and go.
        let memory = tempfile::tempdir_in("/dev/shm").map_err(|error| error.to_string());
        memory.and_then(|root| Self::within(root, recorder)).or_else(|_| {
            let root = tempfile::tempdir().map_err(|error| error.to_string())?;
            Self::within(root, recorder)
        })
    }

    fn within(root: tempfile::TempDir, recorder: &Path) -> Result<Self, String> {
        let own = root.path().join("rec");
        fs::create_dir_all(own.join("bin")).map_err(|error| error.to_string())?;
        fs::create_dir_all(own.join("shells")).map_err(|error| error.to_string())?;
        for shell in SHELLS {
            let program = find(shell).ok_or_else(|| format!("{shell} is not here"))?;
            bring(&program, &own.join("shells").join(shell), root.path())?;
        }
        let runner = own.join("runner");
        fs::copy(recorder, &runner).map_err(|error| error.to_string())?;
        let list = Command::new(find("busybox").ok_or("busybox is not here")?).arg("--list").output();
        let applets = list.map_err(|error| error.to_string())?.stdout;
        let applets = String::from_utf8_lossy(&applets).lines().map(str::to_owned).collect();
        // With numbers of its own for users and processes, if that is allowed; root may enter a root without.
        let wrappers: [&[&str]; 3] =
            [&["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"], &["unshare", "--map-root-user"], &[]];
        let mut why = String::new();
        for wrapper in wrappers {
            let argv: Vec<&std::ffi::OsStr> =
                wrapper.iter().map(std::ffi::OsStr::new).chain([runner.as_os_str(), root.path().as_os_str()]).collect();
            let child = Command::new(argv[0])
                .args(&argv[1..])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn();
            let mut child = match child {
                Ok(child) => child,
                Err(error) => {
                    why = error.to_string();
                    continue;
                }
            };
            let mut answers = BufReader::new(child.stdout.take().ok_or("no output")?);
            let mut line = String::new();
            let _ = answers.read_line(&mut line);
            if line == "ready\n" {
                return Ok(Self { root, runner: child, answers, applets, known: HashMap::new() });
            }
            why = line;
            let _ = child.kill();
            let _ = child.wait();
        }
        Err(format!("no root of its own can be entered: {why}"))
    }

    /// Makes the recorder known under `name`.
    pub fn provide(&self, name: &str) {
        let own = self.root.path().join("rec");
        let path = own.join("bin").join(name);
        if !name.contains('/') && !name.is_empty() && !path.exists() {
            let _ = fs::hard_link(own.join("runner"), path);
        }
    }

    /// Does a job: rules, folders, links and runs.
    pub fn run(&mut self, job: &[String; 4]) -> Answer {
        let job = job.join("\x1c");
        let input = self.runner.stdin.as_mut().expect("an input");
        write!(input, "{}\n{job}", job.len()).and_then(|()| input.flush()).expect("the runner listens");
        let mut length = String::new();
        self.answers.read_line(&mut length).expect("an answer");
        let mut answer =
            vec![0; length.trim().parse().unwrap_or_else(|_| panic!("a length, not {length:?} for {job}"))];
        self.answers.read_exact(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let fields: Vec<&str> = answer.splitn(5, '\x1c').collect();
        let [status, endless, output, files, log] = fields[..] else { panic!("five fields: {answer}") };
        Answer {
            status: status.to_owned(),
            endless: !endless.is_empty(),
            output: output.to_owned(),
            files: files.split_terminator('\x1e').map(str::to_owned).collect(),
            events: Event::read(log),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.runner.stdin.take());
        let _ = self.runner.wait();
    }
}
