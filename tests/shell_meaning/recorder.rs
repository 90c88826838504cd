//! What stands for every command in the sandbox: it notes how it was called, and succeeds or fails as the job says.
//!
//! The test compiles this file on its own, without libraries, so that it starts quickly and needs nothing in the root.
//! Called `runner`, it enters the root and runs the shells of job after job.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program of its own, which answers on standard output"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, chroot, symlink};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What separates the fields of a job, of an answer and of an event, from the outermost to the innermost.
pub const SEPARATORS: [char; 5] = ['\x1c', '\x1d', '\x1e', '\x1f', '\x1a'];

/// A script that calls more commands than these is cut off.
const MAX_EVENTS: usize = 120;

/// A shell that runs longer is killed.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Where the sandbox keeps its own.
const OWN: &str = "/rec";

/// A command that ran.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Its name and arguments, without what was promised to be added or removed.
    pub words: Vec<String>,
    /// Where.
    pub directory: String,
    /// What is in the environment beyond that of the RUN, the file mode mask included.
    pub environment: Vec<String>,
    /// What it read.
    pub input: String,
    /// Whether it is itself promised to be added or removed.
    pub promised: bool,
}

impl Event {
    fn write(&self) -> String {
        let fields = [
            self.words.join("\x1f"),
            self.directory.clone(),
            self.environment.join("\x1f"),
            self.input.clone(),
            if self.promised { "p" } else { "" }.to_owned(),
        ];
        fields.join("\x1e") + "\x1d"
    }

    /// Reads a log.
    pub fn read(log: &str) -> Vec<Self> {
        let event = |text: &str| {
            let fields: Vec<&str> = text.split('\x1e').collect();
            let list = |text: &str| text.split('\x1f').map(str::to_owned).collect::<Vec<_>>();
            let [words, directory, environment, input, promised] = fields[..] else { return None };
            Some(Self {
                words: list(words),
                directory: directory.to_owned(),
                environment: list(environment),
                input: input.to_owned(),
                promised: promised == "p",
            })
        };
        log.split_terminator('\x1d').filter_map(event).collect()
    }
}

/// What a change promised, and which commands fail.
#[derive(Debug, Default)]
pub struct Rules {
    /// `ok`, `alone N` or `seed N`.
    pub mode: String,
    /// Words that are left out.
    pub flags: Vec<String>,
    /// Words that stand for others: `from=to`.
    pub renames: Vec<String>,
    /// Commands that are added or removed.
    pub promised: Vec<Vec<String>>,
    /// The environment of the RUN.
    pub environment: Vec<String>,
}

impl Rules {
    /// As a job has it; each RUN of the job has an environment of its own.
    pub fn write(&self) -> String {
        let promised: Vec<String> = self.promised.iter().map(|words| words.join("\x1a")).collect();
        [self.mode.clone(), self.flags.join("\x1f"), self.renames.join("\x1f"), promised.join("\x1f")].join("\x1e")
    }

    fn read(text: &str) -> Self {
        let mut fields = text.split('\x1e');
        let mode = fields.next().unwrap_or_default().to_owned();
        let mut list = || {
            let text = fields.next().unwrap_or_default();
            text.split('\x1f').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let (flags, renames, promised, environment) = (list(), list(), list(), list());
        let promised = promised.iter().map(|text| text.split('\x1a').map(str::to_owned).collect()).collect();
        Self { mode, flags, renames, promised, environment }
    }

    /// The words without what was promised to be added, removed or replaced.
    fn normal(&self, words: impl Iterator<Item = String>) -> Vec<String> {
        let mut words: Vec<String> = words.filter(|word| !self.flags.contains(word)).collect();
        for (from, to) in self.renames.iter().filter_map(|it| it.split_once('=')) {
            let (from, to): (Vec<&str>, Vec<&str>) = (from.split(' ').collect(), to.split(' ').collect());
            let mut at = 0;
            while at + from.len() <= words.len() {
                if words[at..at + from.len()].iter().eq(from.iter()) {
                    words.splice(at..at + from.len(), to.iter().map(|word| (*word).to_owned()));
                    at += to.len();
                } else {
                    at += 1;
                }
            }
        }
        words
    }

    fn promises(&self, words: &[String]) -> bool {
        self.promised.iter().any(|promised| same(promised, words))
    }

    /// The exit status of a command: it is the `nth` time that it runs, and it is command number `index`.
    fn status(&self, words: &[String], index: usize, nth: usize) -> i32 {
        // No loop goes on for ever.
        if nth >= 4 {
            return i32::from(nth.is_multiple_of(2));
        }
        let (kind, number) = self.mode.split_once(' ').unwrap_or((&self.mode, ""));
        let number: u64 = number.parse().unwrap_or(0);
        let drawn = hash(number, words, nth);
        let fails = match kind {
            "alone" => index as u64 == number,
            // Some fail seldom, some often.
            "seed" => (drawn >> 32).is_multiple_of([8, 4, 2][(number % 3) as usize]),
            _ => false,
        };
        if fails { [1, 2, 100, 127][(drawn >> 16) as usize % 4] } else { 0 }
    }
}

/// Whether nothing fails under `mode` of what ran when nothing was to fail: then the same runs again, and it is not asked.
#[allow(dead_code, reason = "for the test, of which this file is a module")]
pub fn all_succeed(mode: &str, events: &[Event]) -> bool {
    let rules = Rules { mode: mode.to_owned(), ..Rules::default() };
    !events.is_empty()
        && events.iter().enumerate().all(|(index, event)| {
            let nth = events[..index].iter().filter(|other| other.words == event.words).count();
            // From the fourth time on, the mode has no say.
            nth >= 4 || rules.status(&event.words, index, nth) == 0
        })
}

/// Whether `words` are those of a promised command, in which a pattern may stand for the files that it names here.
fn same(promised: &[String], words: &[String]) -> bool {
    match (promised, words) {
        ([], []) => true,
        ([pattern, rest @ ..], [word, others @ ..]) => {
            let start = pattern.split('*').next().unwrap_or_default();
            let names = pattern.len() > start.len() && word.starts_with(start);
            (pattern == word || names) && (same(rest, others) || names && same(promised, others))
        }
        _ => false,
    }
}

fn hash(seed: u64, words: &[String], nth: usize) -> u64 {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0])).chain([nth as u8]);
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ hash >> 32
}

#[allow(dead_code, reason = "this file is a module of the test, too")]
fn main() {
    let mut arguments = std::env::args();
    let name = arguments.next().unwrap_or_default();
    if name.ends_with("/runner") {
        serve(&arguments.next().expect("the root"));
    } else {
        record(&name, arguments);
    }
}

/// Notes this call.
fn record(name: &str, arguments: impl Iterator<Item = String>) {
    // What comes before it in a pipeline has ended then: the order of the log is certain.
    let mut input = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut input);
    input.truncate(4096);
    let rules = Rules::read(&fs::read_to_string("/rec/job").unwrap_or_default());
    let log = Event::read(&fs::read_to_string("/rec/log").unwrap_or_default());
    let name = name.strip_prefix("/rec/bin/").unwrap_or(name).to_owned();
    let words = rules.normal(std::iter::once(name).chain(arguments));
    let mut environment: Vec<String> = std::env::vars_os()
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .filter(|it| !rules.environment.contains(it) && !rules.flags.contains(it))
        .filter(|it| !["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|name| it.starts_with(name)))
        .collect();
    environment.sort();
    environment.push(mask());
    let promised = rules.promises(&words);
    let kept = log.iter().filter(|event| !event.promised);
    let nth = kept.clone().filter(|event| event.words == words).count();
    let status = if promised { 0 } else { rules.status(&words, kept.count(), nth) };
    let directory = std::env::current_dir().map_or_else(|_| "?".into(), |path| path.display().to_string());
    let input = String::from_utf8_lossy(&input).into_owned();
    let output = format!("{:08x}\n", hash(0, &words, nth) >> 32);
    let event = Event { words, directory, environment, input, promised };
    if log.len() >= MAX_EVENTS {
        // The shell and all that it started, this process too.
        let _ = fs::write("/rec/endless", "");
        let _ = Command::new("/rec/shells/busybox").args(["kill", "-KILL", "0"]).status();
    }
    if let Ok(mut file) = fs::OpenOptions::new().append(true).open("/rec/log") {
        let _ = file.write_all(event.write().as_bytes());
    }
    if !promised {
        let _ = std::io::stdout().write_all(output.as_bytes());
    }
    exit(status);
}

/// The file mode mask, as seen in a new file.
fn mask() -> String {
    let path = format!("/rec/mask.{}", std::process::id());
    let mode = fs::File::create(&path).and_then(|file| file.metadata()).map_or(0, |metadata| metadata.mode() & 0o777);
    let _ = fs::remove_file(path);
    if mode == 0o644 { String::new() } else { format!("{mode:o}") }
}

/// Enters the root and runs jobs: their length on a line, then themselves; the same for the answers.
fn serve(root: &str) {
    let null = fs::File::options().read(true).write(true).open("/dev/null").expect("/dev/null");
    if let Err(error) = chroot(root).and_then(|()| std::env::set_current_dir("/")) {
        println!("{error}");
        exit(1);
    }
    println!("ready");
    let running: Arc<Mutex<Option<(u32, Instant)>>> = Arc::default();
    let watched = Arc::clone(&running);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(250));
            let mut job = watched.lock().expect("no panic");
            if let Some((group, start)) = *job
                && start.elapsed() > PATIENCE
            {
                *job = None;
                let group = format!("-{group}");
                let _ = Command::new("/rec/shells/busybox").args(["kill", "-KILL", "--", &group]).status();
            }
        }
    });
    let first = files(Path::new("/"));
    let mut last = Tree::new();
    let mut input = std::io::stdin().lock();
    loop {
        let mut line = Vec::new();
        let mut byte = [0];
        while input.read_exact(&mut byte).is_ok() && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        let Some(length) = std::str::from_utf8(&line).ok().and_then(|line| line.parse().ok()) else { return };
        let mut job = vec![0; length];
        if input.read_exact(&mut job).is_err() {
            return;
        }
        let answer = job_done(&String::from_utf8_lossy(&job), &first, &mut last, &null, &running);
        print!("{}\n{answer}", answer.len());
        let _ = std::io::stdout().flush();
    }
}

/// What a path is: a directory, or a file with its mode and content.
type Tree = BTreeMap<PathBuf, Option<(u32, Vec<u8>)>>;

/// All below `folder`, but for what the sandbox keeps.
fn files(folder: &Path) -> Tree {
    let mut found = Tree::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            if path == Path::new(OWN) {
                continue;
            }
            if kind.is_ok_and(|kind| kind.is_dir()) {
                folders.push(path.clone());
                found.insert(path, None);
            } else {
                let mode = entry.metadata().map_or(0, |metadata| metadata.mode());
                // Libraries and links to the recorder need no reading.
                let read = mode & 0o170_000 == 0o100_000 && !path.starts_with("/lib") && !path.starts_with("/lib64");
                let content = if read { fs::read(&path).unwrap_or_default() } else { Vec::new() };
                found.insert(path, Some((mode, content)));
            }
        }
    }
    found
}

/// Runs one job: rules, directories, links, and shells one after another until one fails. What it leaves is in `last`, for
/// the next to take away: to look once for each job is enough.
fn job_done(
    job: &str,
    first: &Tree,
    last: &mut Tree,
    null: &fs::File,
    running: &Mutex<Option<(u32, Instant)>>,
) -> String {
    for (path, what) in std::mem::take(last).into_iter().rev().filter(|(path, _)| !first.contains_key(path)) {
        let _ = if what.is_none() { fs::remove_dir(path) } else { fs::remove_file(path) };
    }
    let _ = fs::create_dir("/dev");
    let _ = fs::write("/dev/null", "");
    let _ = fs::write("/rec/log", "");
    let mut parts = job.split('\x1c');
    let mut list = || parts.next().unwrap_or_default().split('\x1d').filter(|it| !it.is_empty()).collect::<Vec<_>>();
    let (rules, folders, links, runs) = (list(), list(), list(), list());
    for folder in folders {
        let _ = fs::create_dir_all(folder);
    }
    for link in &links {
        let (at, name) = (Path::new(link), link.rsplit('/').next().unwrap_or_default());
        let _ = at.parent().map(fs::create_dir_all);
        let _ = symlink(format!("/rec/bin/{name}"), at);
    }
    let (mut status, mut endless, mut output) = (0, false, Vec::new());
    for run in runs {
        let mut parts = run.split('\x1e').map(|part| part.split('\x1f').collect::<Vec<_>>());
        let (Some(argv), Some(place), Some(environment)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let [program, name, arguments @ ..] = &argv[..] else { continue };
        let _ = fs::write("/rec/job", format!("{}\x1e{}", rules.concat(), environment.join("\x1f")));
        let child = Command::new(program)
            .arg0(name)
            .args(arguments)
            .current_dir(place.concat())
            .env_clear()
            .envs(environment.iter().filter_map(|it| it.split_once('=')))
            .process_group(0)
            .stdin(null.try_clone().map_or_else(|_| Stdio::inherit(), Stdio::from))
            .stderr(null.try_clone().map_or_else(|_| Stdio::inherit(), Stdio::from))
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            status = 127;
            break;
        };
        *running.lock().expect("no panic") = Some((child.id(), Instant::now()));
        // The end of the output is the end of what runs in the background, too.
        let _ = child.stdout.take().map(|mut stdout| stdout.read_to_end(&mut output));
        let ended = child.wait();
        endless |= running.lock().expect("no panic").take().is_none() || fs::remove_file("/rec/endless").is_ok();
        status = ended.map_or(-1, |ended| ended.code().unwrap_or_else(|| 128 + ended.signal().unwrap_or_default()));
        if status != 0 || endless {
            break;
        }
    }
    let mut state = String::new();
    *last = files(Path::new("/"));
    for (path, what) in &*last {
        if let Some((mode, content)) = what
            && path != Path::new("/dev/null")
            && first.get(path) != Some(what)
            && !(mode & 0o170_000 == 0o120_000 && links.iter().any(|link| Path::new(link) == path))
        {
            state += &format!("{}\x1f{mode:o}\x1f{}\x1e", path.display(), String::from_utf8_lossy(content));
        }
    }
    let log = fs::read_to_string("/rec/log").unwrap_or_default();
    let output = String::from_utf8_lossy(&output);
    format!("{status}\x1c{}\x1c{output}\x1c{state}\x1c{log}", if endless { "endless" } else { "" })
}
