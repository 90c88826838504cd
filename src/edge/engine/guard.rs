//! Cleaning up, whatever ends this program.
//!
//! A second process of this program waits at a pipe. When the pipe closes, because we are done, interrupted or killed, it
//! ends the clients that still run, and removes the containers, images, cache mounts and files of this run.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;

/// The label of all that a run makes: `dev.dockwright.run=RUN`.
pub const LABEL: &str = "dev.dockwright.run";

/// Set once the user asked to stop.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// What the second process has to know.
#[derive(Debug, Args)]
pub struct Watch {
    /// The engine's client
    program: String,
    /// The run
    run: String,
    /// The folder of the run
    folder: PathBuf,
    /// The builder, if it is not the default one
    builder: Option<String>,
}

/// The pipe to the second process.
#[derive(Debug)]
pub struct Guard {
    pipe: Mutex<Option<ChildStdin>>,
    process: Mutex<Option<Child>>,
}

impl Guard {
    /// Starts the second process.
    pub fn start(program: &str, run: &str, folder: &Path, builder: Option<&str>) -> io::Result<Arc<Self>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("clean-up").args([program, run]).arg(folder).args(builder);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // An interrupt from the terminal is for us, not for what cleans up after us.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command.spawn()?;
        let pipe = process.stdin.take();
        let guard = Arc::new(Self { pipe: Mutex::new(pipe), process: Mutex::new(Some(process)) });
        let again = Arc::clone(&guard);
        // Another handler can only be there if this is called twice: then the first one does.
        let _ = ctrlc::set_handler(move || {
            STOPPING.store(true, Ordering::SeqCst);
            let _ = anstream::stderr().write_all(b"\nstopping: removing what this run made\n");
            again.finish();
            std::process::exit(130);
        });
        Ok(guard)
    }

    /// A client runs that has to end with us.
    pub fn began(&self, process: u32) {
        self.tell(&format!("+{process}\n"));
    }

    /// It has ended.
    pub fn ended(&self, process: u32) {
        wait_if_stopping();
        self.tell(&format!("-{process}\n"));
    }

    fn tell(&self, line: &str) {
        if let Some(pipe) = self.pipe.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            // If it is gone, there is nobody to tell.
            let _ = pipe.write_all(line.as_bytes());
        }
    }

    /// Lets the second process clean up, and waits for it.
    pub fn finish(&self) {
        drop(self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(mut process) = self.process.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = process.wait();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A client that was interrupted with us has not failed: nothing is to be said about it.
fn wait_if_stopping() {
    while STOPPING.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// The second process.
pub fn run(watch: &Watch) {
    // An interrupt that reaches it all the same must not stop it.
    let _ = ctrlc::set_handler(|| {});
    let mut running: BTreeSet<u32> = BTreeSet::new();
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        match line.split_at_checked(1).map(|(sign, number)| (sign, number.parse())) {
            Some(("+", Ok(process))) => _ = running.insert(process),
            Some(("-", Ok(process))) => _ = running.remove(&process),
            _ => {}
        }
    }
    end(&running);
    let docker = |arguments: &[&str]| {
        let output = Command::new(&watch.program).args(arguments).stdin(Stdio::null()).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    };
    let label = format!("label={LABEL}={}", watch.run);
    // A build that the engine was just finishing can still name its image: look twice.
    for pause in [0, if running.is_empty() { 0 } else { 700 }] {
        std::thread::sleep(Duration::from_millis(pause));
        for (list, remove) in [
            (["ps", "--all", "--quiet", "--filter", &label].as_slice(), ["rm", "--force", "--volumes"].as_slice()),
            (&["images", "--all", "--quiet", "--filter", &label], &["rmi", "--force"]),
        ] {
            let found = docker(list);
            let ids: BTreeSet<&str> = found.split_whitespace().collect();
            if !ids.is_empty() {
                docker(&remove.iter().copied().chain(ids).collect::<Vec<_>>());
            }
        }
        if pause == 0 && running.is_empty() {
            break;
        }
    }
    if watch.program == "docker" {
        let builder: Vec<&str> =
            watch.builder.as_deref().map(|name| ["--builder", name]).into_iter().flatten().collect();
        let list = ["buildx", "du", "--verbose", "--filter", "type=exec.cachemount"];
        let found = docker(&list.iter().copied().chain(builder.iter().copied()).collect::<Vec<_>>());
        let mark = format!("with id \"{}", watch.run);
        for record in found.split("\n\n").filter(|record| record.contains(&mark)) {
            let id = record.lines().find_map(|line| line.strip_prefix("ID:")).unwrap_or_default();
            let filter = format!("id={}", id.trim());
            let prune = ["buildx", "prune", "--force", "--filter", &filter];
            docker(&prune.iter().copied().chain(builder.iter().copied()).collect::<Vec<_>>());
        }
    }
    if std::fs::remove_dir_all(&watch.folder).is_err() && watch.program == "podman" {
        // What a build without root wrote as another user, only that user's own names can remove.
        let folder = watch.folder.display().to_string();
        docker(&["unshare", "rm", "-rf", "--", &folder]);
    }
}

/// Asks the clients to end, and makes those that do not.
fn end(running: &BTreeSet<u32>) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process, test_kill_process};
        let pids = || running.iter().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?));
        for pid in pids() {
            let _ = kill_process(pid, Signal::TERM);
        }
        for _ in 0..50 {
            if pids().all(|pid| test_kill_process(pid).is_err()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        for pid in pids() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    #[cfg(not(unix))]
    for pid in running {
        let _ = Command::new("taskkill").args(["/F", "/PID", &pid.to_string()]).status();
    }
}
