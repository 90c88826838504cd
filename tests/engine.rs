//! Real builds: run by `cargo test --test engine -- --ignored` where an engine is, with `debian:12` and the base images
//! of the examples at hand.
#![allow(clippy::disallowed_methods, reason = "a test runs the program, the engine, and makes files")]

mod forge;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use forge::hub::{Hub, Repository};
use forge::{Forge, TOKEN};

fn dockwright(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dockwright")).args(arguments).current_dir(folder).output();
    let Output { status, stdout, stderr } = output.expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("it exits"), text(stdout), text(stderr))
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("docker runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What carries the label of a run.
fn left_behind() -> String {
    let label = ["--filter", "label=dev.dockwright.run"];
    docker(&["ps", "--all", "--quiet", label[0], label[1]])
        + &docker(&["images", "--all", "--quiet", label[0], label[1]])
}

fn project(dockerfile: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("Dockerfile"), dockerfile).expect("a file");
    fs::write(folder.path().join("main.py"), "x = 1\n").expect("a file");
    folder
}

#[test]
#[ignore = "needs an engine"]
fn a_needed_package_that_is_dropped_is_found_and_taken_back() {
    let folder = project(
        "FROM debian:12\nWORKDIR /app\nRUN apt-get update && apt-get install -y w3m\nRUN update-ca-certificates --fresh\n\
         COPY . .\nCMD sleep 1000\n",
    );
    let (code, diff, said) = dockwright(folder.path(), &["optimize", "--verify", "--review"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("taken back: no-recommends (line 3): does not build"), "{said}");
    assert!(said.contains("update-ca-certificates"), "the failing step is shown: {said}");
    assert!(!diff.contains("--no-install-recommends"), "{diff}");
    assert!(diff.contains("+CMD [\"sleep\", \"1000\"]") && diff.contains("rm -rf /var/lib/apt/lists"), "{diff}");
}

#[test]
#[ignore = "needs an engine"]
fn of_two_that_only_fail_together_one_is_kept() {
    // Both recommend ca-certificates: it is there as long as one of the two may bring it.
    let folder = project(
        "FROM debian:12\nWORKDIR /app\nRUN apt-get update && apt-get install -y w3m\nCOPY . .\n\
         RUN apt-get update && apt-get install -y links\nRUN update-ca-certificates --fresh\nCMD sleep 1000\n",
    );
    let (code, diff, said) = dockwright(folder.path(), &["optimize", "--verify", "--review", "-w"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!((said.matches("taken back: ").count(), diff.as_str()), (1, ""), "{said}");
    let written = fs::read_to_string(folder.path().join("Dockerfile")).expect("a file");
    assert_eq!(written.matches("--no-install-recommends").count(), 1, "{written}");
}

#[test]
#[ignore = "needs an engine"]
fn what_is_broken_before_is_said() {
    let folder = project("FROM debian:12\nRUN apt-get update && apt-get install -y no-such-package\n");
    let (code, out, said) = dockwright(folder.path(), &["verify"]);
    assert_eq!((code, out.as_str()), (2, ""), "{said}");
    assert!(said.contains("already broken") && said.contains("\n   | ") && said.contains("no-such-package"), "{said}");
}

#[test]
#[ignore = "needs an engine"]
fn killed_it_leaves_nothing() {
    let folder = project("FROM debian:12\nRUN apt-get --version\nRUN sleep 60\nENV A 1\n");
    let temporary = tempfile::tempdir().expect("a folder");
    // What another run leaves is not its own.
    let others = left_behind();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dockwright"))
        .arg("verify")
        .current_dir(folder.path())
        .env("TMPDIR", temporary.path())
        .spawn()
        .expect("it starts");
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(fs::read_dir(temporary.path()).expect("a folder").count(), 1, "it is at work");
    // SIGKILL: it cannot clean up itself.
    child.kill().and_then(|()| child.wait()).expect("it is killed");
    let start = Instant::now();
    while fs::read_dir(temporary.path()).expect("a folder").count() > 0 {
        assert!(start.elapsed() < Duration::from_secs(30), "its files are left");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(left_behind(), others);
}

#[test]
#[ignore = "needs an engine"]
fn podman_proves_as_well_and_is_left_as_it_was() {
    let podman = |arguments: &str| {
        let output = Command::new("sh").args(["-c", &format!("podman {arguments}")]).output().expect("a shell");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    };
    // Some machines have it, and cannot build with it.
    let ready = podman("image exists docker.io/library/debian:12").or_else(|_| {
        podman("version >/dev/null && docker save debian:12 | podman load && { podman image exists docker.io/library/debian:12 || podman tag localhost/debian:12 docker.io/library/debian:12; }")
    });
    let trial = tempfile::tempdir().expect("a folder");
    fs::write(trial.path().join("Dockerfile"), "FROM docker.io/library/debian:12\nRUN true\n").expect("a file");
    let trial = trial.path().display();
    if let Err(why) = ready.and_then(|_| podman(&format!("rmi $(podman build --quiet {trial})"))) {
        let _ = writeln!(std::io::stdout(), "not run: podman cannot build here ({})", why.trim());
        return;
    }
    let folder = project(
        "FROM docker.io/library/debian:12\nWORKDIR /app\nRUN --mount=type=cache,target=/kept test ! -e /kept/x && touch /kept/x\n\
         COPY . .\nCMD sleep 1000\n",
    );
    let images = podman("images --all --quiet").expect("a list");
    let output = Command::new(env!("CARGO_BIN_EXE_dockwright"))
        .args(["verify", "--only", "exec-form", "--review"])
        .current_dir(folder.path())
        .env("DOCKER_HOST", "unix:///var/empty/no.sock")
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("proved: ") && !said.contains("not proved"), "{said}");
    assert_eq!(podman("images --all --quiet").expect("a list"), images);
}

#[test]
#[ignore = "needs an engine"]
fn the_python_example_is_proved() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/python");
    let (code, table, said) = dockwright(&example, &["verify", "--quick", "--http", "8000"]);
    assert_eq!(code, 0, "{table}{said}");
    assert!(table.contains("answers GET / on 8000") && table.contains("\nproved: "), "{table}");
}

/// Files of a context, and ignore files for it: of each, what the builder copies is what we say that it does.
#[test]
#[ignore = "needs an engine"]
fn ignore_files_mean_what_they_mean_to_the_builder() {
    let folder = tempfile::tempdir().expect("a folder");
    let (context, file) = (folder.path().join("context"), folder.path().join("Dockerfile"));
    let mut files = Vec::new();
    for directory in ["", "a/", "a/b/", "a/b/c/", "ab/", "d/", "d/a/", ".d/"] {
        fs::create_dir_all(context.join(directory)).expect("a folder");
        for name in ["f", "f.txt", "g.txt", ".env", "s*", "#h"] {
            files.push(format!("{directory}{name}"));
            fs::write(context.join(directory).join(name), "x").expect("a file");
        }
    }
    fs::write(&file, "FROM scratch\nCOPY . /\n").expect("a file");
    let single = [
        "*",
        "**",
        "a",
        "/a/",
        "./a",
        "a/*",
        "a/**",
        "**/a",
        "a**",
        "**b",
        "*/f",
        "**/f.txt",
        "*.txt",
        "?.txt",
        "[a-f].txt",
        "[^f].txt",
        "s\\*",
        "a/b/../f",
        "../a",
        "#h",
        " #h",
        ".*",
        "!a",
        "! a/b",
        "!**/f",
        "!a/b/c/f.txt",
        "!d/*",
        "!*/f.txt",
        "!.d/**",
        "**/.env",
        "d/a/f",
        "a*/f",
        "**/c/**",
        "/",
        "",
    ];
    let mixed = (0..60).map(|at: usize| {
        let pick = |by: usize, plus: usize| single[(at * by + at / 7 + plus) % single.len()];
        format!("{}\n{}\n{}\n", pick(1, 0), pick(3, 11), pick(5, 23))
    });
    let refused = ["!", "[", "a\\"].map(String::from);
    let mut built = 0;
    for text in single.map(String::from).into_iter().chain(mixed).chain(refused) {
        fs::write(context.join(".dockerignore"), &text).expect("a file");
        let out = folder.path().join("out");
        let build = Command::new("docker")
            .args(["buildx", "build", "--quiet", "--output"])
            .arg(format!("type=local,dest={}", out.display()))
            .arg("--file")
            .args([&file, &context])
            .output()
            .expect("docker runs");
        let Some(patterns) = dockwright::context::ignore::Patterns::parse(&text) else {
            assert!(!build.status.success(), "{text:?} is refused");
            continue;
        };
        assert!(build.status.success(), "{text:?}: {}", String::from_utf8_lossy(&build.stderr));
        built += 1;
        for file in &files {
            assert_eq!(out.join(file).exists(), !patterns.excludes(file), "{text:?}: {file} is copied");
        }
        let _ = fs::remove_dir_all(&out);
    }
    assert_eq!(built, single.len() + 60);
}

#[test]
#[ignore = "needs an engine"]
fn the_bot_opens_what_survives_and_says_what_was_measured() {
    let good = "FROM debian:12\nWORKDIR /app\nENV MODE production\nCOPY . .\nRUN ./run.sh && test -L link && test \"$(od -An -tx1 link)\" = \" ff 00 fe\"\n\
                RUN test -d other && test ! -e secret\nCMD sleep 1000\n";
    let mut repository = Repository::of(&[
        ("a/Dockerfile", good),
        ("a/.dockerignore", "secret\n"),
        ("a/run.sh", "#!/bin/sh\ntest -e main.py\n"),
        ("a/main.py", "x = 1\n"),
        ("a/bytes", "x"),
        ("a/link", "bytes"),
        ("a/other", "y"),
        ("a/secret", "z"),
        ("b/Dockerfile", "FROM debian:12\nENV A b\nRUN echo no-such-thing && false\n"),
    ]);
    let name = repository.commits[&repository.branches["main"]].tree.clone();
    let bytes = repository.blob(&[0xff, 0, 0xfe]);
    let tree = repository.trees.get_mut(&name).expect("a tree");
    tree.get_mut("a/bytes").expect("it is there").1 = bytes;
    for (path, mode) in [("a/run.sh", "100755"), ("a/link", "120000"), ("a/other", "160000")] {
        tree.get_mut(path).expect("it is there").0 = mode.into();
    }
    let forge = Forge::start(Hub::of("o/n", repository));
    let others = left_behind();
    let bot = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dockwright"))
            .args([
                "bot",
                "o/n",
                "--verify",
                "--pause",
                "0",
                "--only",
                "legacy-syntax,exec-form",
                "--api",
                &forge.address,
            ])
            .args(more)
            .env("GITHUB_TOKEN", TOKEN)
            .output()
            .expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, err) = bot(&[]);
    assert!(code == Some(0) && out.contains("o/n         opened #1  opened #2"), "{out}{err}");
    assert!(out.contains("note: o/n: not handled: b/Dockerfile: already broken"), "{out}");
    forge.with(|it| {
        let repository = &it.repositories["o/n"];
        for (pull, change) in repository.pulls.iter().zip(["MODE=production", "[\"sleep\", \"1000\"]"]) {
            let files = repository.files(&pull.head);
            assert!(files["a/Dockerfile"].contains(change) && files["b/Dockerfile"].contains("ENV A b"), "{files:?}");
            for row in ["| image | ", "| cold build | ", "| rebuild, main.py edited | "] {
                assert!(pull.body.contains(row), "{row}: {}", pull.body);
            }
        }
    });
    // What is there already is not built again.
    let (writes, start) = (forge.with(|it| it.writes), Instant::now());
    let (code, out, err) = bot(&[]);
    assert!(code == Some(0) && out.contains("as it was  as it was"), "{out}{err}");
    assert!(forge.with(|it| it.writes) == writes && start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(left_behind().lines().all(|it| others.contains(it)), "{}", left_behind());
}
