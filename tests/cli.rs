//! The command line, as a user has it: exit codes, streams, files.
#![allow(clippy::disallowed_methods, reason = "a test runs the program and makes its files")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const BEFORE: &str = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
const AFTER: &str =
    "FROM debian:12\nRUN apt-get update && apt-get install -y curl \\\n    && rm -rf /var/lib/apt/lists/*\n";

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dockwright"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It may end before it has read everything.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: status.code().expect("it exits"), out: text(stdout), err: text(stderr) }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

#[test]
fn what_needs_a_check_is_shown_by_what_is_said() {
    let folder = folder(&[("Dockerfile", &format!("{BEFORE}CMD exec curl\n"))]);
    let ran = run(folder.path(), &["optimize", "--review=exec-form", "--skip", "tidy"], b"");
    assert!(ran.err.contains("See what needs your check: dockwright optimize --review --skip tidy\n"), "{}", ran.err);
}

#[test]
fn a_diff_goes_to_standard_output_and_its_reasons_to_standard_error() {
    let folder = folder(&[("Dockerfile", BEFORE)]);
    let ran = run(folder.path(), &["optimize"], b"");
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.out,
        "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,2 +1,3 @@\n FROM debian:12\n-RUN apt-get update && apt-get install -y curl\n+RUN apt-get update && apt-get install -y curl \\\n+    && rm -rf /var/lib/apt/lists/*\n"
    );
    for part in [
        "apt-lists",
        "the layer keeps the package lists",
        "1 safe change in 1 file. Write them: dockwright optimize -w",
        "check: nothing needs a package that is only recommended by curl",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).expect("a file"), BEFORE, "nothing is written");
}

#[test]
fn git_takes_the_diff() {
    let folder = folder(&[
        ("a b/Dockerfile", BEFORE),
        ("c/x.Dockerfile", BEFORE.trim_end()),
        ("d/Containerfile", &BEFORE.replace('\n', "\r\n")),
    ]);
    let ran = run(folder.path(), &["optimize", "-q"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let mut git =
        Command::new("git").args(["apply", "-"]).current_dir(folder.path()).stdin(Stdio::piped()).spawn().expect("git");
    git.stdin.take().expect("a pipe").write_all(ran.out.as_bytes()).expect("git reads");
    assert!(git.wait().expect("git ends").success(), "{}", ran.out);
    assert_eq!(fs::read_to_string(folder.path().join("a b/Dockerfile")).expect("a file"), AFTER);
    assert_eq!(fs::read_to_string(folder.path().join("c/x.Dockerfile")).expect("a file"), AFTER.trim_end());
    assert_eq!(fs::read_to_string(folder.path().join("d/Containerfile")).expect("a file"), AFTER.replace('\n', "\r\n"));
}

#[test]
fn check_exits_with_one_if_anything_would_change() {
    let folder = folder(&[("Dockerfile", BEFORE), ("good/Dockerfile", AFTER)]);
    assert_eq!(run(folder.path(), &["optimize", "--check"], b"").code, 1);
    assert_eq!(run(folder.path(), &["optimize", "--check", "good"], b"").code, 0);
}

#[test]
fn standard_input() {
    let folder = folder(&[]);
    let ran = run(folder.path(), &["optimize", "-"], BEFORE.as_bytes());
    assert!(ran.code == 0 && ran.out.starts_with("--- a/Dockerfile\n"), "{}", ran.out);
    assert_eq!(run(folder.path(), &["optimize", "-w", "-"], BEFORE.as_bytes()).out, AFTER);
}

#[cfg(unix)]
#[test]
fn writing_keeps_mode_line_endings_and_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let text = format!("\u{feff}{}", BEFORE.replace('\n', "\r\n"));
    let folder = folder(&[("real/file", &text)]);
    let (file, link) = (folder.path().join("real/file"), folder.path().join("Dockerfile"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("a mode");
    symlink("real/file", &link).expect("a link");
    let ran = run(folder.path(), &["optimize", "-w", "Dockerfile"], b"");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.err.contains("Wrote 1 change in 1 file."), "{}", ran.err);
    assert_eq!(fs::read_to_string(&file).expect("a file"), format!("\u{feff}{}", AFTER.replace('\n', "\r\n")));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o640);
    assert!(link.is_symlink());
    assert_eq!(fs::read_dir(folder.path().join("real")).expect("a folder").count(), 1, "nothing is left behind");
}

#[cfg(unix)]
#[test]
fn bad_input_is_a_clear_error() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = folder(&[
        ("open/Dockerfile", "FROM a\nRUN cat <<EOF > f\nx\n"),
        ("empty/Dockerfile", ""),
        ("fine/Dockerfile", BEFORE),
        ("nothing/README", ""),
        ("config/Dockerfile", BEFORE),
        ("config/dockwright.toml", "reviews = true\n"),
        ("locked/Dockerfile", BEFORE),
    ]);
    let at = |path: &str| folder.path().join(path);
    fs::write(at("latin"), b"FROM a\nRUN echo \xe9\n").expect("a file");
    fs::File::create(at("huge")).and_then(|file| file.set_len(50 << 20)).expect("a file");
    fs::set_permissions(at("locked/Dockerfile"), fs::Permissions::from_mode(0o444)).expect("a mode");
    symlink("loop", at("loop")).expect("a link");
    assert!(Command::new("mkfifo").arg(at("fifo")).status().expect("mkfifo").success());
    let cases: [(&[&str], &str); 11] = [
        (&["optimize", "open/Dockerfile"], "error: open/Dockerfile:2: here-document EOF never ends"),
        (&["optimize", "empty/Dockerfile"], "error: empty/Dockerfile:1: "),
        (&["optimize", "absent"], "error: absent: No such file"),
        (&["optimize", "latin"], "error: latin:2: not UTF-8"),
        (&["optimize", "huge"], "error: huge: larger than 8 MiB"),
        (&["optimize", "fifo"], "error: fifo: not a regular file"),
        (&["optimize", "loop"], "error: loop: "),
        (&["optimize", "nothing"], "error: nothing: no Dockerfile is in it"),
        (&["optimize", "config"], "config/dockwright.toml:1: unknown field `reviews`"),
        (&["optimize", "-w", "locked/Dockerfile"], "error: locked/Dockerfile: is read-only"),
        (&["optimize", "--only", "apt-list"], "error: no transform is called `apt-list`"),
    ];
    for (arguments, expected) in cases {
        let ran = run(folder.path(), arguments, b"");
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(expected) && ran.err.contains("help: "), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
    assert_eq!(
        run(folder.path(), &["optimize", "open/Dockerfile"], b"").err,
        "error: open/Dockerfile:2: here-document EOF never ends\n  |\n2 | RUN cat <<EOF > f\n  |         ^^^^^\nhelp: add a line that is exactly EOF; the file was left as it is\n"
    );
    // Other files are still handled.
    let ran = run(folder.path(), &["optimize", "absent", "fine/Dockerfile"], b"");
    assert!(ran.code == 2 && ran.out.contains("+++ b/fine/Dockerfile"), "{}", ran.out);
}

#[test]
fn explain_finds_a_transform_by_name_and_by_rule() {
    let folder = folder(&[]);
    for name in ["apt-lists", "DL3009"] {
        let ran = run(folder.path(), &["explain", name], b"");
        assert!(ran.code == 0 && ran.out.starts_with("apt-lists "), "{}", ran.out);
    }
    for (rule, says) in [("dl3008", "pin versions"), ("SC2086", "what ShellCheck says"), ("UndefinedVar", "variables")]
    {
        let ran = run(folder.path(), &["explain", rule], b"");
        let told = ran.out.contains(says) && ran.out.contains("No transform answers it: ");
        assert!(ran.code == 0 && told, "{}", ran.out);
    }
    for name in ["nonsense", "é12345", "SC"] {
        assert_eq!(run(folder.path(), &["explain", name], b"").code, if name == "SC" { 0 } else { 2 }, "{name}");
    }
    assert!(run(folder.path(), &["explain"], b"").out.lines().count() >= 3);
}

#[test]
fn completions_and_help() {
    let folder = folder(&[]);
    assert!(run(folder.path(), &["completions", "bash"], b"").out.contains("_dockwright"));
    let help = run(folder.path(), &["optimize", "--help"], b"");
    assert!(help.code == 0 && help.out.lines().count() < 60, "{}", help.out);
    assert_eq!(run(folder.path(), &["frobnicate"], b"").code, 2);
}

#[test]
fn configuration_holds_below_its_folder_and_flags_win() {
    let folder = folder(&[
        (
            "dockwright.toml",
            "skip = [\"apt-lists\"]\nexclude = [\"vendor/\"]\n\n[[override]]\npaths = [\"/legacy/\"]\nskip = []\nreview = true\n",
        ),
        ("Dockerfile", BEFORE),
        ("vendor/Dockerfile", BEFORE),
        ("legacy/a/Dockerfile", BEFORE),
        ("own/dockwright.toml", ""),
        ("own/Dockerfile", BEFORE),
    ]);
    let lists = |arguments: &[&str]| {
        let ran = run(folder.path(), &[&["optimize"], arguments].concat(), b"");
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.matches("+    && rm -rf /var/lib/apt/lists/*\n").count()
    };
    for (arguments, count) in [
        (&["Dockerfile"][..], 0),
        (&["."], 2),
        (&["legacy"], 1),
        (&["own"], 1),
        (&["--skip", "apt-lists", "legacy"], 0),
        (&["--only", "apt-lists", "Dockerfile"], 1),
        (&["--enable", "apt-lists", "Dockerfile"], 1),
        (&["--only", "apt-lists", "vendor/Dockerfile"], 1),
    ] {
        assert_eq!(lists(arguments), count, "{arguments:?}");
    }
    let reviewed = |arguments: &[&str]| run(folder.path(), arguments, b"").out.contains("--no-install-recommends");
    assert!(reviewed(&["optimize", "legacy"]), "the override asks for review");
    assert!(!reviewed(&["optimize", "--review=exec-form", "legacy"]), "the flag asks for less");
}

#[test]
fn the_builder_is_what_is_said_or_what_the_repository_shows() {
    let text = "FROM python:3.12\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n";
    let folder = folder(&[
        (".git/HEAD", ""),
        (".gitlab-ci.yml", "build:\n  script:\n    - /kaniko/executor --context .\n"),
        ("a/Dockerfile", text),
        ("b/Dockerfile", text),
        ("b/dockwright.toml", "dialect = \"buildkit:1.2\"\n"),
        ("c/Dockerfile", text),
        ("c/dockwright.toml", "dialect = \"classic\"\n"),
    ]);
    for (arguments, mounts, note) in [
        (&["optimize", "a"][..], false, true),
        (&["optimize", "--dialect", "buildkit", "a"], true, false),
        (&["optimize", "b"], true, false),
        (&["optimize", "c"], false, false),
        (&["optimize", "--dialect", "buildah:1.33", "c"], true, false),
    ] {
        let ran = run(folder.path(), arguments, b"");
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.out.contains("--mount=type=cache"), mounts, "{arguments:?}: {}", ran.out);
        assert_eq!(ran.err.contains("note: .gitlab-ci.yml:3 says kaniko"), note, "{arguments:?}: {}", ran.err);
    }
    let ran = run(folder.path(), &["optimize", "--dialect", "docker"], b"");
    assert!(ran.code == 2 && ran.err.contains("buildkit[:1.4], buildah[:1.33], kaniko or classic"), "{}", ran.err);
}

#[test]
fn json_is_one_document_with_paths_from_the_root_of_the_repository() {
    let folder = folder(&[(".git/HEAD", ""), ("api/a b/Dockerfile", BEFORE), ("api/bad/Dockerfile", "FROM\n")]);
    let ran = run(&folder.path().join("api"), &["optimize", "--format", "json"], b"");
    assert_eq!(ran.code, 2, "one of them cannot be read: {}", ran.err);
    let document: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let files = document["files"].as_array().expect("files");
    let said: Vec<_> = files.iter().map(|file| (file["path"].as_str(), file["state"].as_str())).collect();
    assert_eq!(
        said,
        [(Some("api/a b/Dockerfile"), Some("changed")), (Some("api/bad/Dockerfile"), Some("failed"))],
        "{}",
        ran.out
    );
    assert_eq!((document["version"].as_u64(), &files[0]["hunks"][0]["line"]), (Some(1), &serde_json::json!(2)));
    let ran = run(folder.path(), &["optimize", "--format", "json", "-"], BEFORE.as_bytes());
    assert!(ran.code == 0 && ran.out.contains("\"path\": \"Dockerfile\""), "{}", ran.out);
}

#[test]
fn formats_for_other_programs() {
    let folder = folder(&[(".git/HEAD", ""), ("a/Dockerfile", BEFORE), ("a/bad/Dockerfile", "FROM a\nNO\n")]);
    for (format, start, part) in [
        ("sarif", "{", "\"uri\": \"a/Dockerfile\""),
        ("github", "::warning file=a/Dockerfile,line=2,", "::error file=a/bad/Dockerfile::"),
        ("markdown", "<!-- dockwright -->\n", "### `a/Dockerfile`"),
    ] {
        let ran = run(&folder.path().join("a"), &["optimize", "--format", format], b"");
        assert_eq!(ran.code, 2, "{format}: one of them cannot be read");
        assert!(ran.out.starts_with(start) && ran.out.contains(part), "{format}: {}", ran.out);
        assert!(ran.err.starts_with("error: bad/Dockerfile:2: unknown instruction NO\n"), "{format}: {}", ran.err);
    }
}

#[test]
fn the_hooks_run() {
    let hooks = fs::read_to_string(".pre-commit-hooks.yaml").expect("hooks");
    let readme = fs::read_to_string("README.md").expect("README.md");
    let value = |hook: &str, key: &str| {
        let line = hook.lines().map(|line| line.trim_start_matches(['-', ' '])).find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(": ")).unwrap_or_else(|| panic!("no {key} in {hook}")).1.to_owned()
    };
    let mut codes = Vec::new();
    for hook in hooks.split("- id:").skip(1).map(|hook| format!("- id:{hook}")) {
        assert!(readme.contains(&value(&hook, "id")), "{hook}");
        assert_eq!((value(&hook, "language"), value(&hook, "types")), ("rust".into(), "[dockerfile]".into()));
        let entry = value(&hook, "entry");
        let arguments = entry.strip_prefix("dockwright ").expect("our program").split(' ').chain(["Dockerfile"]);
        let folder = folder(&[("Dockerfile", BEFORE)]);
        let ran = run(folder.path(), &arguments.collect::<Vec<_>>(), b"");
        let written = fs::read_to_string(folder.path().join("Dockerfile")).expect("a file") == AFTER;
        codes.push((value(&hook, "id"), ran.code, written));
    }
    // Either the files differ afterwards, which the hook's caller sees, or the exit code says that they should.
    assert_eq!(codes, [("dockwright".into(), 0, true), ("dockwright-check".into(), 1, false)]);
}

#[test]
fn a_search_finds_dockerfiles_and_nothing_else() {
    let found = ["Dockerfile", "Containerfile", "a/Dockerfile.dev", "a/web.Dockerfile", "b/.hidden/x.dockerfile"];
    let templates = ["dockerignore", "j2", "tmpl", "template", "erb", "in", "bak", "orig", "rej", "md"];
    let passed_over =
        ["ignored/Dockerfile", "a/Dockerfile.local", ".git/Dockerfile", "a/dockerfiles", "a/MyDockerfile"];
    let mut files = vec![(".gitignore".to_owned(), "ignored/\n"), ("a/.gitignore".to_owned(), "*.local\n")];
    files.extend(found.iter().chain(&passed_over).map(|path| ((*path).to_owned(), BEFORE)));
    files.extend(templates.iter().map(|ending| (format!("c/Dockerfile.{ending}"), BEFORE)));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let folder = folder(&files);
    fs::write(folder.path().join("a/Dockerfile.latin"), b"FROM a\nRUN echo \xe9\n").expect("a file");
    let ran = run(folder.path(), &["optimize"], b"");
    let shown: Vec<&str> = ran.out.lines().filter_map(|line| line.strip_prefix("+++ b/")).collect();
    let mut expected = found.to_vec();
    expected.sort_unstable();
    assert_eq!((ran.code, shown), (0, expected));
    assert!(ran.err.contains("skipped a/Dockerfile.latin:2: not UTF-8"), "{}", ran.err);
    // What is named is read, whatever it is called.
    assert!(run(folder.path(), &["optimize", "c/Dockerfile.in"], b"").out.contains("+++ b/c/Dockerfile.in"));
}

#[test]
fn the_context_is_the_folder_that_is_named() {
    let text = "FROM debian:12\nADD app.py /app/\n";
    let folder = folder(&[("docker/Dockerfile", text), ("src/app.py", ""), ("other/README", "")]);
    for (context, changes) in [("src", true), ("other", false)] {
        let ran = run(folder.path(), &["optimize", "--context", context, "docker/Dockerfile"], b"");
        assert_eq!((ran.code, ran.out.contains("+COPY app.py /app/")), (0, changes), "{context}: {}", ran.err);
    }
    let ran = run(folder.path(), &["optimize", "--context", "src", "-"], text.as_bytes());
    assert!(ran.out.contains("+COPY app.py /app/"), "{}", ran.err);
}
