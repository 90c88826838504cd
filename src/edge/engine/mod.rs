//! The engine that really builds: `docker buildx build`, or `podman build` where that is what the machine has.
//!
//! All that a run makes carries its label, and is removed by its [`guard`] however the run ends.

pub mod containers;
pub mod guard;
pub mod progress;
pub mod service;

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::proof::archive::{self, Image, Layers};

use super::Failure;
use guard::{Guard, LABEL};
use progress::Story;

/// What is passed through to the build.
#[derive(Clone, Debug, Default, Args)]
pub struct BuildFlags {
    /// The buildx builder, a remote one too [default: the current one]
    #[arg(long, value_name = "NAME", help_heading = "Build")]
    pub builder: Option<String>,
    /// A build argument
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Build")]
    pub build_arg: Vec<String>,
    /// A secret of the build
    #[arg(long, value_name = "SPEC", help_heading = "Build")]
    pub secret: Vec<String>,
    /// An SSH agent or key of the build
    #[arg(long, value_name = "SPEC", help_heading = "Build")]
    pub ssh: Vec<String>,
    /// The stage to build
    #[arg(long, value_name = "STAGE", help_heading = "Build")]
    pub target: Option<String>,
    /// The platform to build for
    #[arg(long, value_name = "PLATFORM", help_heading = "Build")]
    pub platform: Option<String>,
    /// Another named context of the build
    #[arg(long, value_name = "NAME=PATH", help_heading = "Build")]
    pub build_context: Vec<String>,
    /// Take these from a service of the Compose file, or a target of the bake file, that builds it
    #[arg(long, value_name = "NAME", help_heading = "Build")]
    pub service: Option<String>,
    /// Variables that the build is started without
    #[arg(skip)]
    pub without: Vec<&'static str>,
}

impl BuildFlags {
    /// As the client takes them.
    fn arguments(&self) -> Vec<String> {
        let lists = [
            ("--build-arg", &self.build_arg),
            ("--secret", &self.secret),
            ("--ssh", &self.ssh),
            ("--build-context", &self.build_context),
        ];
        let mut all: Vec<String> = Vec::new();
        for (flag, values) in lists {
            all.extend(values.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
        }
        for (flag, value) in [("--target", &self.target), ("--platform", &self.platform)] {
            all.extend(value.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
        }
        all
    }
}

/// A way to build, and what is to be cleaned up.
pub struct Engine {
    /// `docker` or `podman`.
    pub program: &'static str,
    builder: Option<String>,
    /// The builder keeps images to itself: they have to be handed to the daemon.
    load: bool,
    /// Whether images can be kept and started on this machine.
    pub daemon: bool,
    /// The name of this run.
    pub run: String,
    /// A folder for this run.
    pub folder: PathBuf,
    flags: BuildFlags,
    guard: Arc<Guard>,
    layers: Mutex<Layers>,
    bars: MultiProgress,
}

/// A build to do.
pub struct Build<'a> {
    /// As it is shown.
    pub label: &'a str,
    /// The name of the image, within this run.
    pub name: &'a str,
    /// The Dockerfile.
    pub file: &'a Path,
    /// The build context.
    pub context: &'a Path,
    /// Whether nothing of earlier builds is used.
    pub cold: bool,
    /// Which cache mounts it sees: builds with another name see others.
    pub caches: &'a str,
}

/// A build that was done.
#[derive(Clone, Copy, Debug)]
pub struct Built {
    /// How long it took.
    pub time: Duration,
}

/// A build that failed.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The step that failed.
    pub step: Option<String>,
    /// The end of what it printed, and the error.
    pub log: String,
    /// Where all output is kept.
    pub file: PathBuf,
}

impl Engine {
    /// The engine of this machine.
    pub fn find(flags: BuildFlags) -> Result<Self, Failure> {
        let docker = ask("docker", &["version", "--format", "{{.Server.Version}}"]);
        let buildx = ask("docker", &["buildx", "version"]);
        let (program, driver) = if buildx.is_ok() && (docker.is_ok() || flags.builder.is_some()) {
            let mut arguments = vec!["buildx", "inspect"];
            arguments.extend(flags.builder.as_deref());
            let about = ask("docker", &arguments).map_err(|error| {
                Failure::new(
                    format!("the builder cannot be used: {error}"),
                    "`docker buildx ls` lists those that there are",
                )
            })?;
            let driver =
                about.lines().find_map(|line| line.strip_prefix("Driver:")).unwrap_or_default().trim().to_owned();
            ("docker", driver)
        } else if flags.builder.is_none() && ask("podman", &["version"]).is_ok() {
            ("podman", String::new())
        } else {
            let said = match (&buildx, &docker) {
                (Err(error), _) | (_, Err(error)) => error.as_str(),
                _ => "",
            };
            return Err(Failure::new(
                format!("no engine that builds can be reached ({said})"),
                "start Docker (`systemctl start docker`, or Docker Desktop) with buildx, or install podman; \
                 --builder NAME uses a remote BuildKit",
            ));
        };
        let run = format!("dockwright-{:x}-{:x}", std::process::id(), millis() & 0xffff_ffff);
        let folder = std::env::temp_dir().join(&run);
        let started = std::fs::create_dir_all(&folder)
            .and_then(|()| Guard::start(program, &run, &folder, flags.builder.as_deref()));
        let guard = started.map_err(|error| {
            Failure::new(format!("{}: {error}", folder.display()), "TMPDIR names another place for temporary files")
        })?;
        let daemon = program == "podman" || docker.is_ok();
        Ok(Self {
            program,
            builder: flags.builder.clone(),
            load: daemon && program == "docker" && driver != "docker",
            daemon,
            run,
            folder,
            flags,
            guard,
            layers: Mutex::default(),
            bars: MultiProgress::new(),
        })
    }

    /// The full name of an image of this run.
    pub fn tag(&self, name: &str) -> String {
        format!("{}:{name}", self.run)
    }

    /// The label of all that this run makes.
    pub fn label(&self) -> String {
        format!("{LABEL}={}", self.run)
    }

    /// Builds.
    pub fn build(&self, build: &Build<'_>) -> Result<Built, Box<Broken>> {
        let mut command = Command::new(self.program);
        for name in &self.flags.without {
            command.env_remove(name);
        }
        if self.program == "docker" {
            command.args(["buildx", "build", "--progress=rawjson", "--provenance=false"]);
            command.args(self.builder.iter().flat_map(|name| ["--builder", name]));
            // Without this, a build would find the cache mounts that another one filled.
            command.arg(format!("--build-arg=BUILDKIT_CACHE_MOUNT_NS={}-{}", self.run, build.caches));
            if !self.daemon {
                command.arg(format!("--output=type=oci,dest={}", self.archive(build.name).display()));
            } else if self.load {
                command.arg("--load");
            }
        } else {
            command.arg("build");
            // There it keeps what cache mounts hold: neither another build's nor the user's are seen, or left with more.
            let caches = self.folder.join(format!("caches-{}", build.caches));
            if std::fs::create_dir_all(&caches).is_ok() {
                command.env("TMPDIR", caches);
            }
        }
        command.args(["--tag", &self.tag(build.name), "--label", &self.label(), "--file"]).arg(build.file);
        if build.cold {
            command.arg("--no-cache");
        }
        command.args(self.flags.arguments()).arg(build.context);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let log = self.folder.join(format!("{}.log", build.name));
        let start = Instant::now();
        let fail = |error: std::io::Error| Box::new(Broken { step: None, log: error.to_string(), file: log.clone() });
        let mut child = command.spawn().map_err(fail)?;
        self.guard.began(child.id());
        let bar = self.bar();
        let output = child.stderr.take().map(BufReader::new);
        let file = File::create(&log).map_err(fail)?;
        let story = output.map(|output| Story::follow(output, &bar, build.label, file)).unwrap_or_default();
        let status = child.wait().map_err(fail)?;
        self.guard.ended(child.id());
        bar.finish_and_clear();
        let time = start.elapsed();
        if status.success() {
            let _ = self.bars.println(format!("  {:36} {:>7.1} s", build.label, time.as_secs_f64()));
            return Ok(Built { time });
        }
        let (step, text) = story.failure();
        let kept = std::env::temp_dir().join(format!("{}-{}.log", self.run, build.name));
        let file = if std::fs::copy(&log, &kept).is_ok() { kept } else { log };
        Err(Box::new(Broken { step, log: text, file }))
    }

    fn bar(&self) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// Shows what is going on while `work` is done.
    pub fn showing<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        let bar = self.bar();
        bar.set_message(what.to_owned());
        let answer = work();
        bar.finish_and_clear();
        answer
    }

    /// Reads images of this run, in the order of `names`.
    pub fn export(&self, names: &[&str]) -> Result<Vec<Image>, Failure> {
        let help = "free space and memory are the usual reasons; `docker save` shows what the engine says";
        let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut images = Vec::new();
        if self.daemon {
            let tags: Vec<String> = names.iter().map(|name| self.tag(name)).collect();
            let mut command = Command::new(self.program);
            command.arg("save").args((self.program == "podman").then_some("--multi-image-archive")).args(&tags);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let fail =
                |error: &dyn std::fmt::Display| Failure::new(format!("the images cannot be exported: {error}"), help);
            let mut child = command.spawn().map_err(|error| fail(&error))?;
            self.guard.began(child.id());
            let stream = child.stdout.take().map(|out| BufReader::with_capacity(1 << 20, out));
            let read = stream.map(|stream| archive::read(stream, &mut layers));
            let mut said = String::new();
            if let Some(mut errors) = child.stderr.take() {
                let _ = errors.read_to_string(&mut said);
            }
            let status = child.wait().map_err(|error| fail(&error))?;
            self.guard.ended(child.id());
            if !status.success() {
                return Err(fail(&said.trim()));
            }
            images = read.transpose().map_err(|error| fail(&error))?.unwrap_or_default();
        } else {
            for name in names {
                let file = File::open(self.archive(name));
                let read = file.map_err(Into::into).and_then(|file| archive::read(BufReader::new(file), &mut layers));
                let mut found = read.map_err(|error| Failure::new(error.to_string(), help))?;
                for image in &mut found {
                    image.names.push(self.tag(name));
                }
                images.append(&mut found);
            }
        }
        let of = |name: &&str| {
            let tag = self.tag(name);
            let image = images.iter().find(|image| image.names.iter().any(|name| name.ends_with(&tag)));
            image.cloned().ok_or_else(|| Failure::new(format!("the exported images lack {tag}"), help))
        };
        names.iter().map(of).collect()
    }

    fn archive(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.tar"))
    }

    /// Runs the client, and answers with what it prints.
    pub fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        ask(self.program, arguments)
    }

    /// Removes what this run made, and waits for it.
    pub fn finish(&self) {
        self.guard.finish();
    }
}

/// Runs a program, and answers with what it prints, or why it failed.
fn ask(program: &str, arguments: &[&str]) -> Result<String, String> {
    match Command::new(program).args(arguments).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(said.trim().lines().next().unwrap_or("it failed and said nothing").to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!("{program} is not installed")),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

fn millis() -> u128 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map(|since| since.as_millis()).unwrap_or_default()
}
