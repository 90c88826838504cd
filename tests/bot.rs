//! `dockwright bot`, against a forge that is played here.
#![allow(clippy::disallowed_methods, reason = "a test runs the program, makes its files, and listens for it")]

mod forge;

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use forge::hub::{Hub, Pull, Repository};
use forge::{Forge, TOKEN};

/// Two safe changes of two transforms, and one that a person has to check.
const BEFORE: &str =
    "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nENV MODE production\nCMD exec curl\n";
const SAFE: &str = "FROM debian:12\nRUN apt-get update && apt-get install -y curl \\\n    && rm -rf /var/lib/apt/lists/*\nENV MODE=production\nCMD exec curl\n";
const ONLY: &str = "apt-lists,legacy-syntax,no-recommends,exec-form";
const OPTIMIZE: &str = "dockwright/optimize";
const REVIEW: &str = "dockwright/review";

fn command(forge: &Forge<Hub>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockwright"));
    command
        .args(["bot", "--pause", "0", "--api", &forge.address])
        // So that a test does not hang on every transform that there is, but where it says so.
        .args(if arguments.contains(&"--enable") { &[][..] } else { &["--only", ONLY] })
        .args(arguments)
        .env("GITHUB_TOKEN", TOKEN)
        .env_remove("GITHUB_API_URL");
    command
}

fn bot(forge: &Forge<Hub>, arguments: &[&str]) -> (i32, String, String) {
    let output = command(forge, arguments).output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!out.contains(TOKEN) && !err.contains(TOKEN), "the token is told: {out}{err}");
    assert!(!forge.with(|it| it.seen.contains(TOKEN)), "the token stands in its header only");
    (output.status.code().expect("it exits"), out, err)
}

fn one(files: &[(&str, &str)]) -> Forge<Hub> {
    Forge::start(Hub::of("o/n", Repository::of(files)))
}

fn with<T>(forge: &Forge<Hub>, look: impl FnOnce(&mut Repository) -> T) -> T {
    forge.with(|it| look(it.knows.repositories.get_mut("o/n").expect("it is there")))
}

/// The steps of a review, safe ones included.
fn reviewed() -> String {
    SAFE.replace("install -y curl", "install -y --no-install-recommends ca-certificates curl")
        .replace("CMD exec curl", "CMD [\"curl\"]")
}

/// Runs again and asserts that nothing is written.
fn settled(forge: &Forge<Hub>) {
    let writes = forge.with(|it| it.writes);
    let (code, out, err) = bot(forge, &["o/n"]);
    assert_eq!((code, forge.with(|it| it.writes)), (0, writes), "a run with nothing new writes: {out}{err}");
}

#[test]
fn the_first_run_opens_and_the_second_writes_nothing() {
    let forge = one(&[("a b/Dockerfile", BEFORE), ("README.md", "x")]);
    let (code, out, err) = bot(&forge, &["o/n"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let table = "repository  safe       to be checked\no/n         opened #1  opened #2\n\
                 1 repository; pull requests: 2 opened; 16 requests\n";
    assert_eq!(out, table);
    with(&forge, |it| {
        assert_eq!(it.files("main")["a b/Dockerfile"], BEFORE);
        assert_eq!(it.files(OPTIMIZE)["a b/Dockerfile"], SAFE);
        assert_eq!(it.files(REVIEW)["a b/Dockerfile"], reviewed());
        assert_eq!(it.files(REVIEW)["README.md"], "x");
        let heads = |branch: &str| -> Vec<String> {
            it.messages(branch).iter().map(|it| it.split(':').next().expect("a name").to_owned()).collect()
        };
        assert_eq!(heads(OPTIMIZE), ["apt-lists", "legacy-syntax"]);
        assert_eq!(heads(REVIEW), ["apt-lists", "legacy-syntax", "no-recommends", "exec-form"]);
        let [safe, review] = &it.pulls[..] else { panic!("two: {:?}", it.pulls) };
        assert_eq!((safe.base.as_str(), safe.draft), ("main", false));
        assert_eq!((review.base.as_str(), review.draft), (OPTIMIZE, true));
        assert_eq!(safe.title, "Dockerfile: apt-lists and legacy-syntax");
        assert!(safe.body.contains("`a b/Dockerfile`, line 2") && !safe.body.contains("- [ ]"), "{}", safe.body);
        assert!(review.body.matches("- [ ] ").count() == 2, "{}", review.body);
    });
    settled(&forge);
}

#[test]
fn a_dry_run_tells_and_does_nothing() {
    let forge = one(&[("Dockerfile", BEFORE)]);
    let (code, out, _) = bot(&forge, &["o/n", "--dry-run"]);
    assert!(
        code == 0 && out.contains("+    && rm -rf /var/lib/apt/lists/*") && out.contains("would be opened"),
        "{out}"
    );
    assert_eq!(forge.with(|it| it.writes), 0);
    // In a workflow, nothing of a Dockerfile is a command, and a terminal obeys none of it.
    let evil = "FROM debian:12\nRUN <<E\n::error::x\n\u{1b}[2J\u{202e}\nE\nENV A b\n";
    let forge = one(&[("Dockerfile", evil)]);
    let output = command(&forge, &["o/n", "--dry-run"]).env("GITHUB_ACTIONS", "true").output().expect("it runs");
    let out = String::from_utf8(output.stdout).expect("UTF-8");
    let word = out.strip_prefix("::stop-commands::").and_then(|rest| rest.lines().next()).expect("a word");
    assert!(word.len() == 32 && out.contains(&format!("\n::{word}::\n")), "{out}");
    assert!(out.contains("::error::x") && !out.contains(['\u{1b}', '\u{202e}']), "{out}");
}

#[test]
fn a_push_is_followed_only_where_it_matters() {
    let forge = one(&[("Dockerfile", BEFORE)]);
    bot(&forge, &["o/n"]);
    let tip = with(&forge, |it| it.branches[OPTIMIZE].clone());
    // Another file: the pull request can still be merged.
    with(&forge, |it| it.push("main", "other", &[("README.md", "x")]));
    settled(&forge);
    // The Dockerfile itself, in a place that is not changed, and in one that is: a conflict.
    for from in ["FROM debian:12", "curl\n"] {
        let text = with(&forge, |it| it.files("main")["Dockerfile"].clone());
        let text =
            text.replacen(from, &format!("{} wget\n", from.trim_end().replace("debian:12", "debian:13\nRUN")), 1);
        with(&forge, |it| it.push("main", "push", &[("Dockerfile", &text)]));
        let (code, out, err) = bot(&forge, &["o/n"]);
        assert!(code == 0 && out.contains("updated #1") && out.contains("updated #2"), "{out}{err}");
        with(&forge, |it| {
            assert_ne!(it.branches[OPTIMIZE], tip);
            assert!(it.files(OPTIMIZE)["Dockerfile"].contains("wget"));
            // On top of the new tip of main, and nothing of the old.
            assert_eq!((it.messages(OPTIMIZE).len(), it.messages(REVIEW).len(), it.pulls.len()), (2, 4, 2));
        });
        settled(&forge);
    }
}

#[test]
fn ticks_in_the_text_stay() {
    let forge = one(&[("Dockerfile", BEFORE)]);
    bot(&forge, &["o/n"]);
    with(&forge, |it| it.pulls[1].body = it.pulls[1].body.replacen("- [ ]", "- [x]", 1));
    with(&forge, |it| it.push("main", "other", &[("README.md", "x")]));
    settled(&forge);
    assert!(with(&forge, |it| it.pulls[1].body.contains("- [x]")));
}

#[test]
fn a_merge_is_followed() {
    for delete in [true, false] {
        let forge = one(&[("Dockerfile", BEFORE)]);
        bot(&forge, &["o/n"]);
        with(&forge, |it| it.merge(1, delete));
        let (code, out, err) = bot(&forge, &["o/n"]);
        assert!(code == 0 && out.contains("updated #2"), "{out}{err}");
        with(&forge, |it| {
            assert_eq!((it.pulls.len(), it.pulls[1].base.as_str(), it.messages(REVIEW).len()), (2, "main", 2));
        });
        settled(&forge);
        with(&forge, |it| it.merge(2, delete));
        settled(&forge);
        // What was merged and then taken back is not wanted.
        with(&forge, |it| it.push("main", "revert", &[("Dockerfile", BEFORE)]));
        let (_, out, _) = bot(&forge, &["o/n"]);
        assert!(out.contains("left alone: merged, and taken back"), "{out}");
        // Something else is.
        with(&forge, |it| it.push("main", "new", &[("b/Dockerfile", BEFORE)]));
        let (_, out, _) = bot(&forge, &["o/n"]);
        assert!(out.contains("opened #3"), "{out}");
        settled(&forge);
    }
}

#[test]
fn it_is_closed_when_nothing_is_left() {
    let forge = one(&[("Dockerfile", BEFORE)]);
    bot(&forge, &["o/n"]);
    with(&forge, |it| it.push("main", "by hand", &[("Dockerfile", &reviewed())]));
    let (code, out, err) = bot(&forge, &["o/n"]);
    assert!(code == 0 && out.contains("closed #1") && out.contains("closed #2"), "{out}{err}");
    with(&forge, |it| {
        assert!(it.pulls.iter().all(|pull| pull.state == "CLOSED" && pull.body.contains("Closed by dockwright")));
        assert_eq!(it.branches.keys().collect::<Vec<_>>(), ["main"]);
    });
    settled(&forge);
    // And it comes back when something is.
    with(&forge, |it| it.push("main", "back", &[("Dockerfile", BEFORE)]));
    let (_, out, _) = bot(&forge, &["o/n"]);
    assert!(out.contains("opened #3") && out.contains("opened #4"), "{out}");
    settled(&forge);
}

#[test]
fn it_stays_away_from_what_is_a_persons() {
    let close = |it: &mut Repository| {
        it.pulls[0].state = "CLOSED";
        it.pulls[0].sha = it.branches[OPTIMIZE].clone();
    };
    let close_and_delete = |it: &mut Repository| {
        it.pulls[0].state = "CLOSED";
        it.branches.remove(OPTIMIZE);
    };
    let push = |it: &mut Repository| it.push(OPTIMIZE, "mine", &[("Dockerfile", SAFE)]);
    // The same message again, as `git commit --amend` has it.
    let amend = |it: &mut Repository| {
        let mut tip = it.commits[&it.branches[OPTIMIZE]].clone();
        it.push(OPTIMIZE, "x", &[("Dockerfile", "FROM scratch\n")]);
        tip.tree = it.commits[&it.branches[OPTIMIZE]].tree.clone();
        let name = it.branches[OPTIMIZE].clone();
        it.commits.insert(name, tip);
    };
    let drop_the_last = |it: &mut Repository| {
        let parent = it.commits[&it.branches[OPTIMIZE]].parents[0].clone();
        it.branches.insert(OPTIMIZE.into(), parent);
    };
    let label = |it: &mut Repository| it.pulls[0].labels.push("Dockwright:Ignore".into());
    let rewrite = |it: &mut Repository| it.pulls[0].body = "my own".into();
    type Act<'a> = &'a dyn Fn(&mut Repository);
    for (act, says) in [
        (&close as Act, "closed by a person"),
        (&close_and_delete, "closed by a person"),
        (&push, "a person pushed to the branch"),
        (&amend, "a person pushed to the branch"),
        (&drop_the_last, "a person pushed to the branch"),
        (&label, "labelled dockwright:ignore"),
        (&rewrite, "the branch has a pull request of somebody else"),
    ] {
        let forge = one(&[("Dockerfile", BEFORE)]);
        bot(&forge, &["o/n"]);
        with(&forge, act);
        let before = with(&forge, |it| (it.branches.clone(), format!("{:?}", it.pulls)));
        for text in [BEFORE.to_owned(), BEFORE.replace("curl", "wget"), reviewed()] {
            with(&forge, |it| it.push("main", "push", &[("Dockerfile", &text)]));
            let writes = forge.with(|it| it.writes);
            let (code, out, err) = bot(&forge, &["o/n"]);
            let done = text == reviewed();
            assert!(code == 0 && (done || out.contains(says)), "{says}: {out}{err}");
            if done {
                // Only the second, which is its own, may be closed.
                continue;
            }
            assert_eq!(forge.with(|it| it.writes), writes, "{says}");
            with(&forge, |it| it.branches.insert("main".into(), before.0["main"].clone()));
            assert_eq!(with(&forge, |it| (it.branches.clone(), format!("{:?}", it.pulls))), before, "{says}");
        }
        with(&forge, |it| assert_eq!(it.branches.get(OPTIMIZE), before.0.get(OPTIMIZE), "{says}"));
    }
}

#[test]
fn what_a_person_pushes_in_the_same_moment_is_not_lost() {
    let forge = one(&[("Dockerfile", BEFORE)]);
    bot(&forge, &["o/n"]);
    with(&forge, |it| {
        it.push("main", "push", &[("Dockerfile", &BEFORE.replace("curl", "wget"))]);
        it.meanwhile = Some(|it| it.push(OPTIMIZE, "mine", &[("mine", "x")]));
    });
    let (code, out, err) = bot(&forge, &["o/n"]);
    assert!(code == 0 && out.contains("a person pushed to the branch"), "{out}{err}");
    with(&forge, |it| assert_eq!(it.files(OPTIMIZE)["mine"], "x"));
    // A branch that is made in that moment, too; and a new tip of the default branch is no harm.
    for (meanwhile, told) in [
        ((|it| it.push(OPTIMIZE, "mine", &[("mine", "x")])) as fn(&mut Repository), "a person pushed to the branch"),
        (|it| it.push("main", "other", &[("other", "x")]), "opened #1"),
    ] {
        let forge = one(&[("Dockerfile", BEFORE)]);
        with(&forge, |it| it.meanwhile = Some(meanwhile));
        let (code, out, err) = bot(&forge, &["o/n"]);
        assert!(code == 0 && out.contains(told), "{out}{err}");
    }
}

#[test]
fn a_pull_request_from_a_fork_is_nobodys_business() {
    let forge = one(&[("Dockerfile", BEFORE)]);
    with(&forge, |it| {
        let (head, base, sha) = (OPTIMIZE.to_owned(), "main".to_owned(), "c0ffee".to_owned());
        let (title, body, labels) = (String::new(), String::new(), vec!["dockwright:ignore".to_owned()]);
        it.pulls.push(Pull { title, body, head, base, state: "CLOSED", draft: false, fork: true, sha, labels });
    });
    let (_, out, _) = bot(&forge, &["o/n"]);
    assert!(out.contains("opened #2"), "{out}");
    settled(&forge);
}

#[test]
fn killed_after_any_write_and_run_again() {
    let clean = one(&[("Dockerfile", BEFORE)]);
    bot(&clean, &["o/n"]);
    let tree = |it: &mut Repository| [OPTIMIZE, REVIEW].map(|branch| (it.files(branch), it.messages(branch)));
    let expected = with(&clean, tree);
    let nothing = |_: &mut Repository| {};
    let update = |it: &mut Repository| it.push("main", "push", &[("Dockerfile", &BEFORE.replace("curl", "wget"))]);
    let finish = |it: &mut Repository| it.push("main", "push", &[("Dockerfile", &reviewed())]);
    type Act<'a> = &'a dyn Fn(&mut Repository);
    // The setting changes: those of the whole repository are closed, and others opened.
    let part = |it: &mut Repository| it.push("main", "setting", &[("dockwright.toml", PER)]);
    // Killed while it opens, while it updates, and while it closes.
    for (start, act) in [(false, &nothing as Act), (true, &update), (true, &finish), (true, &part)] {
        for at in 1.. {
            let forge = one(&[("Dockerfile", BEFORE)]);
            if start {
                bot(&forge, &["o/n"]);
            }
            with(&forge, act);
            let child = Arc::new(Mutex::new(None));
            let last = forge.with(|it| {
                it.kill = Some((it.writes + at, Arc::clone(&child)));
                it.writes
            });
            let mut command = command(&forge, &["o/n"]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut guard = child.lock().expect("no panic");
            *guard = Some(command.spawn().expect("the program runs"));
            drop(guard);
            let ended = loop {
                if let Some(ended) = child.lock().expect("no panic").as_mut().expect("it runs").try_wait().expect("it")
                {
                    break ended;
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            };
            if ended.code() == Some(0) {
                assert!(at > 3 && forge.with(|it| it.writes) == last + at - 1, "{at}");
                break;
            }
            forge.with(|it| it.kill = None);
            let (code, out, err) = bot(&forge, &["o/n"]);
            assert_eq!(code, 0, "{at}: {out}{err}");
            with(&forge, |it| {
                let open = it.pulls.iter().filter(|pull| pull.state == "OPEN").count();
                if it.files("main")["Dockerfile"] == reviewed() {
                    assert_eq!((open, it.pulls.len(), it.branches.len()), (0, 2, 1), "{at}: {out}");
                    assert!(it.pulls.iter().all(|pull| pull.body.contains("Closed by dockwright")), "{at}: {out}");
                } else if it.files("main").contains_key("dockwright.toml") {
                    assert_eq!((open, it.pulls.len(), it.branches.len()), (2, 4, 3), "{at}: {out}");
                    assert_eq!(it.files(&names("Dockerfile")[1])["Dockerfile"], reviewed(), "{at}");
                } else {
                    assert_eq!((open, it.pulls.len(), it.branches.len()), (2, 2, 3), "{at}: {out}");
                    if start {
                        assert!(it.files(OPTIMIZE)["Dockerfile"].contains("wget"), "{at}");
                    } else {
                        assert_eq!(tree(it), expected, "{at}");
                    }
                }
            });
            settled(&forge);
        }
    }
}

/// The names of the two branches for a Dockerfile.
fn names(path: &str) -> [String; 2] {
    let digest = ring::digest::digest(&ring::digest::SHA256, path.as_bytes());
    let hash: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let readable = path.to_lowercase().replace(['/', ' '], "-");
    [OPTIMIZE, REVIEW].map(|whole| format!("{whole}-{readable}-{hash}"))
}

const PER: &str = "[bot]\nper = \"dockerfile\"\n";
const WHOLE: &str = "[bot]\nper = \"repository\"\n";

#[test]
fn each_dockerfile_by_itself() {
    let good = "FROM scratch\nCOPY a /\n";
    let files =
        [("Dockerfile", BEFORE), ("b c/Dockerfile", BEFORE), ("good/Dockerfile", good), ("dockwright.toml", PER)];
    let forge = one(&files);
    let (code, out, err) = bot(&forge, &["o/n"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let table = "repository          safe       to be checked\no/n Dockerfile      opened #1  opened #2\n\
                 o/n b c/Dockerfile  opened #3  opened #4\n1 repository; pull requests: 4 opened; ";
    assert!(out.starts_with(table), "{out}");
    let [one_, two] = [names("Dockerfile"), names("b c/Dockerfile")];
    with(&forge, |it| {
        let others: Vec<&String> = it.branches.keys().filter(|name| *name != "main").collect();
        assert_eq!(others, [&two[0], &one_[0], &two[1], &one_[1]]);
        for (names, path, other) in [(&one_, "Dockerfile", "b c/Dockerfile"), (&two, "b c/Dockerfile", "Dockerfile")] {
            assert_eq!((it.files(&names[0])[path].as_str(), it.files(&names[0])[other].as_str()), (SAFE, BEFORE));
            assert_eq!((it.files(&names[1])[path].clone(), it.files(&names[1])[other].as_str()), (reviewed(), BEFORE));
            let of = |head: &String| it.pulls.iter().find(|pull| pull.head == *head).expect("a pull request");
            assert_eq!((of(&names[0]).base.as_str(), of(&names[0]).draft), ("main", false));
            assert_eq!((&of(&names[1]).base, of(&names[1]).draft), (&names[0], true));
        }
    });
    settled(&forge);
    // Only the one whose Dockerfile is another follows; a flag is as good as the file.
    with(&forge, |it| it.push("main", "push", &[("Dockerfile", &BEFORE.replace("curl", "wget"))]));
    let (_, out, _) = bot(&forge, &["o/n", "--per", "dockerfile"]);
    assert!(out.contains("updated #1  updated #2") && out.contains("as it was   as it was"), "{out}");
    settled(&forge);
    // A person closes one: the others go on.
    with(&forge, |it| {
        it.pulls[2].state = "CLOSED";
        it.pulls[2].sha = it.branches[&two[0]].clone();
        it.push("main", "push", &[("Dockerfile", BEFORE), ("b c/Dockerfile", &BEFORE.replace("curl", "wget"))]);
    });
    let (_, out, _) = bot(&forge, &["o/n"]);
    assert!(out.contains("updated #1") && out.contains("left alone: closed by a person"), "{out}");
    settled(&forge);
    // A Dockerfile is gone, one has nothing left, and there is a new one.
    let forge = one(&files);
    bot(&forge, &["o/n"]);
    let change = [("Dockerfile", ""), ("b c/Dockerfile", &*reviewed()), ("new/Dockerfile", BEFORE)];
    with(&forge, |it| it.push("main", "push", &change));
    let (code, out, err) = bot(&forge, &["o/n"]);
    assert_eq!(code, 0, "{out}{err}");
    for told in ["closed #1  closed #2", "closed #3  closed #4", "o/n new/Dockerfile", "opened #5  opened #6"] {
        assert!(out.contains(told), "{told}: {out}");
    }
    with(&forge, |it| {
        let new = names("new/Dockerfile");
        assert_eq!(it.branches.keys().collect::<Vec<_>>(), [&new[0], &new[1], "main"]);
        assert!(it.pulls[..4].iter().all(|it| it.state == "CLOSED" && it.body.contains("nothing of this is left")));
    });
    settled(&forge);
}

#[test]
fn the_setting_changes() {
    let forge = one(&[("a/Dockerfile", BEFORE), ("b/Dockerfile", BEFORE)]);
    bot(&forge, &["o/n"]);
    for (at, (config, why)) in
        [(PER, "a pull request of its own"), (WHOLE, "is for all Dockerfiles"), (PER, "of its own")]
            .into_iter()
            .enumerate()
    {
        with(&forge, |it| it.push("main", "setting", &[("dockwright.toml", config)]));
        let before = with(&forge, |it| it.pulls.iter().filter(|pull| pull.state == "OPEN").count());
        let (code, out, err) = bot(&forge, &["o/n"]);
        assert_eq!(code, 0, "{out}{err}");
        with(&forge, |it| {
            let count = if config == PER { 4 } else { 2 };
            let open: Vec<&Pull> = it.pulls.iter().filter(|pull| pull.state == "OPEN").collect();
            assert_eq!((open.len(), it.branches.len()), (count, count + 1), "{at}: {out}");
            let closed = it.pulls.iter().filter(|pull| pull.body.contains(why) && pull.state == "CLOSED").count();
            assert!(closed >= before, "{at}: {closed} {before}");
        });
        settled(&forge);
    }
    // A branch below `dockwright/` that is none of ours is left, and so is one that a person pushed to.
    let [mine, _] = names("a/Dockerfile");
    with(&forge, |it| {
        it.push("dockwright/optimize-mine", "x", &[("x", "y")]);
        it.push("dockwright/review-x-0123456789abcdef", "x", &[("x", "y")]);
        it.push(&mine, "mine", &[("x", "y")]);
        it.push("main", "setting", &[("dockwright.toml", WHOLE)]);
    });
    let (code, out, err) = bot(&forge, &["o/n"]);
    assert_eq!(code, 0, "{out}{err}");
    with(&forge, |it| {
        for branch in ["dockwright/optimize-mine", "dockwright/review-x-0123456789abcdef", &mine] {
            assert_eq!(it.files(branch)["x"], "y");
        }
    });
    settled(&forge);
}

#[test]
fn what_cannot_be_handled_is_left_as_it_is() {
    let files = [("a/Dockerfile", BEFORE), ("b/Dockerfile", BEFORE), ("dockwright.toml", PER)];
    let forge = one(&files);
    bot(&forge, &["o/n"]);
    // One Dockerfile is broken for now, and another's configuration.
    for broken in [("a/Dockerfile", "FROM debian:12\nRUN <<E\nx\n"), ("a/dockwright.toml", "nonsense = 1\n")] {
        with(&forge, |it| it.push("main", "broken", &[broken]));
        let (code, out, err) = bot(&forge, &["o/n"]);
        assert!(code == 0 && out.contains("note: o/n: not handled"), "{out}{err}");
        with(&forge, |it| assert!(it.pulls.iter().all(|pull| pull.state == "OPEN"), "{:?}", it.pulls));
        with(&forge, |it| it.push("main", "mended", &[("a/Dockerfile", BEFORE), ("a/dockwright.toml", "")]));
        settled(&forge);
    }
    // What holds for all is broken: nothing is known of what is wanted.
    with(&forge, |it| it.push("main", "broken", &[("dockwright.toml", "[bot]\nper = 7\n")]));
    let (code, out, err) = bot(&forge, &["o/n"]);
    assert!(code == 2 && err.contains("error: dockwright.toml:2: ") && out.contains("failed"), "{out}{err}");
    with(&forge, |it| assert!(it.pulls.iter().all(|pull| pull.state == "OPEN"), "{:?}", it.pulls));
}

#[test]
fn an_ignore_file_of_two_dockerfiles() {
    let node = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"a.js\"]\n";
    let two = node.replace("a.js", "b.js");
    let forge = one(&[
        ("Dockerfile", node),
        ("Dockerfile.two", &two),
        ("package.json", "{\"name\":\"x\",\"version\":\"1.0.0\"}"),
        ("package-lock.json", "{\"name\":\"x\",\"version\":\"1.0.0\",\"lockfileVersion\":3,\"packages\":{}}"),
        ("a.js", "1"),
        ("b.js", "2"),
    ]);
    let all = ["o/n", "--enable", "tidy", "--only", "dockerignore", "--per", "dockerfile", "--safe-only"];
    let (code, out, err) = bot(&forge, &all);
    assert_eq!(code, 0, "{out}{err}");
    with(&forge, |it| {
        assert_eq!(it.pulls.len(), 2, "{out}");
        for (pull, other) in it.pulls.iter().zip(["Dockerfile.two", "Dockerfile"]) {
            assert!(it.files(&pull.head)[".dockerignore"].contains("node_modules"), "each has what it needs");
            assert!(
                pull.body.contains(&format!("adds to `.dockerignore`, as do the pull requests for `{other}`")),
                "{}",
                pull.body
            );
        }
    });
    // One is merged: what the other adds is there already.
    with(&forge, |it| it.merge(1, true));
    let (code, out, err) = bot(&forge, &all);
    assert!(code == 0 && out.contains("closed #2"), "{out}{err}");
}

#[test]
fn more_branches_than_are_asked_for_at_once() {
    let paths: Vec<String> = (0..25).map(|at| format!("s{at:02}/Dockerfile")).collect();
    let mut files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "FROM debian:12\nENV A b\n")).collect();
    files.push(("dockwright.toml", PER));
    let forge = one(&files);
    let (code, out, err) = bot(&forge, &["o/n"]);
    assert!(code == 0 && out.contains("25 opened"), "{out}{err}");
    settled(&forge);
    with(&forge, |it| it.push("main", "setting", &[("dockwright.toml", WHOLE)]));
    let (code, out, err) = bot(&forge, &["o/n"]);
    assert!(code == 0 && out.contains("1 opened, 25 closed"), "{out}{err}");
    with(&forge, |it| assert_eq!(it.branches.len(), 2));
    settled(&forge);
}

#[test]
fn repositories_in_which_nothing_is_done() {
    let mut hub = Hub::of("o/archived", Repository { archived: true, ..Repository::of(&[("Dockerfile", BEFORE)]) });
    let mut add = |name: &str, repository| hub.repositories.insert(name.to_owned(), repository);
    add("o/empty", Repository::default());
    add("o/without", Repository::of(&[("README.md", "x"), ("Dockerfile.j2", "x")]));
    add("o/good", Repository::of(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "x")]));
    add("o/read", Repository { permission: Some("READ"), ..Repository::of(&[("Dockerfile", BEFORE)]) });
    add("o/refuses", Repository { refuses_writes: true, ..Repository::of(&[("Dockerfile", BEFORE)]) });
    add("o/works", Repository::of(&[("Dockerfile", BEFORE)]));
    let names = ["o/archived", "o/empty", "o/without", "o/good", "o/read", "o/refuses", "o/gone", "o/works"];
    let forge = Forge::start(hub);
    let (code, out, err) = bot(&forge, &names);
    assert_eq!(code, 2, "{out}{err}");
    for told in [
        "o/read      failed\n",
        "o/refuses   failed\n",
        "o/gone      failed\n",
        "o/works     opened #1  opened #2\n",
        "8 repositories (1 with nothing to improve, 1 without a Dockerfile, 1 archived, 1 empty, 3 failed); pull \
         requests: 2 opened; ",
    ] {
        assert!(out.contains(told), "{told}: {out}");
    }
    for told in
        ["o/gone: there is none that the token can see", "o/read: the token may not write", "the token may not do"]
    {
        assert!(err.contains(told), "{told}: {err}");
    }
}

#[test]
fn a_forge_that_does_not_answer_well() {
    let answer = |status: u16, headers: &str, body: &str| (status, headers.to_owned(), body.to_owned());
    let limited = "{\"errors\":[{\"type\":\"RATE_LIMITED\",\"message\":\"API rate limit exceeded\"}]}";
    // Passing troubles, at each request of a run.
    for trouble in [
        answer(429, "retry-after: 0\r\n", "{}"),
        answer(403, "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1\r\n", "{}"),
        answer(502, "", "<html>"),
    ] {
        for at in 0..16 {
            if trouble.0 == 502 && at % 5 != 0 {
                // Each costs a second.
                continue;
            }
            let forge = one(&[("Dockerfile", BEFORE)]);
            forge.with(|it| it.once = Some((at, trouble.clone())));
            let (code, out, err) = bot(&forge, &["o/n"]);
            assert_eq!(code, 0, "{trouble:?} at {at}: {out}{err}");
            with(&forge, |it| assert_eq!((it.pulls.len(), it.branches.len()), (2, 3), "{trouble:?} at {at}"));
            settled(&forge);
        }
    }
    let forge = one(&[("Dockerfile", BEFORE)]);
    forge.with(|it| it.first.push(answer(200, "x-ratelimit-reset: 1\r\n", limited)));
    assert_eq!(bot(&forge, &["o/n"]).0, 0);
    // Lasting ones: all that follows is left, and said.
    for (trouble, help) in [
        (answer(401, "", "{\"message\":\"Bad credentials ghp_planted0123456789\"}"), "has expired"),
        (answer(429, "retry-after: 9999\r\n", "{}"), "try again later"),
    ] {
        for at in [0, 2, 7] {
            let forge = one(&[("Dockerfile", BEFORE)]);
            forge.with(|it| it.from = Some((at, trouble.clone())));
            let (code, out, err) = bot(&forge, &["o/n", "o/other", "--patience", "1"]);
            assert!(code == 2 && err.contains(help), "{at}: {out}{err}");
            assert!(forge.with(|it| it.requests.len()) <= at + 1, "nothing is asked for after that");
        }
    }
}

#[test]
fn a_thousand_repositories() {
    const WITHOUT: usize = 600;
    const GOOD: usize = 300;
    const BAD: usize = 100;
    let mut hub = Hub::default();
    for at in 0..WITHOUT + GOOD + BAD {
        let files: &[(&str, &str)] = match at {
            0..600 => &[("README.md", "x")],
            600..900 => &[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "x")],
            _ => &[("Dockerfile", "FROM debian:12\nENV A b\n")],
        };
        hub.repositories.insert(format!("acme/r{at:04}"), Repository::of(files));
    }
    hub.repositories.insert("acme/archived".into(), Repository { archived: true, ..Repository::default() });
    hub.repositories.insert("acme/fork".into(), Repository { fork: true, ..Repository::default() });
    hub.repositories.insert("acme/legacy-x".into(), Repository::of(&[("Dockerfile", BEFORE)]));
    let forge = Forge::start(hub);
    let all = ["--org", "acme", "--exclude", "legacy-*"];
    let started = std::time::Instant::now();
    let (code, out, err) = bot(&forge, &all);
    let first = started.elapsed();
    assert_eq!(code, 0, "{err}");
    // Pages of the list, states of 20, and a tree each; what the Dockerfiles hold; each that is written to is looked at
    // again, and gets a tree, a commit, a branch, a pull request.
    let reads = 11 + 50 + 1000 + GOOD + BAD;
    let writes = BAD * 4;
    let last = out.lines().last().expect("a line");
    assert_eq!(
        last,
        format!(
            "1000 repositories (300 with nothing to improve, 600 without a Dockerfile); pull requests: 100 opened; {} \
             requests",
            reads + BAD + writes
        )
    );
    forge.with(|it| {
        assert_eq!((it.requests.len(), it.writes), (reads + BAD + writes, writes));
        let mut gets: Vec<&String> = it.requests.iter().filter(|it| it.starts_with("GET ")).collect();
        let count = gets.len();
        gets.sort();
        gets.dedup();
        assert_eq!(gets.len(), count, "nothing is asked for twice");
        it.requests.clear();
    });
    let (code, out, _) = bot(&forge, &all);
    assert!(code == 0 && out.contains("100 as they were"), "{out}");
    assert_eq!(forge.with(|it| (it.requests.len(), it.writes)), (reads, writes));
    // On a machine that does much else; a release does it in a few seconds.
    assert!(first.as_secs() < 300, "{first:?}");
}

#[test]
fn what_was_seen_is_not_asked_for_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache.json");
    let path = cache.to_str().expect("UTF-8");
    let mut hub = Hub::default();
    for at in 0..130 {
        let files: &[(&str, &str)] = match at % 3 {
            0 => &[("README.md", "x")],
            1 => &[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "secret words")],
            _ => &[("Dockerfile", "FROM debian:12\nENV A b\n"), ("dockwright.toml", PER)],
        };
        hub.repositories.insert(format!("acme/r{at:03}"), Repository::of(files));
    }
    let forge = Forge::start(hub);
    let all = ["--org", "acme", "--cache", path];
    let (code, first, err) = bot(&forge, &all);
    assert!(code == 0 && first.contains("43 opened"), "{first}{err}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(cache.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    }
    let text = std::fs::read_to_string(&cache).expect("a file");
    assert!(!text.contains(TOKEN) && !text.contains("FROM ") && !text.contains("secret words"), "{text}");
    let counts = |forge: &Forge<Hub>| {
        forge.with(|it| (std::mem::take(&mut it.requests).len(), std::mem::take(&mut it.unchanged)))
    };
    counts(&forge);
    // Two pages of the list, which cost nothing; seven times the states of twenty; how the branches of 43 stand.
    let (code, out, err) = bot(&forge, &all);
    assert!(code == 0 && out.contains("43 as they were"), "{out}{err}");
    assert_eq!(counts(&forge), (2 + 7 + 43, 2));
    // One is pushed to: it alone is read, and followed.
    forge.with(|it| {
        let repository = it.repositories.get_mut("acme/r001").expect("it is there");
        repository.push("main", "x", &[("Dockerfile", "FROM debian:12\nENV A b\n")]);
    });
    let (code, out, err) = bot(&forge, &all);
    assert!(code == 0 && out.contains("43 as they were") && out.contains("1 opened"), "{out}{err}");
    let (requests, unchanged) = counts(&forge);
    assert!(unchanged == 2 && requests < 2 + 7 + 43 + 10, "{requests}");
    // What a person does at the forge is seen.
    forge.with(|it| it.repositories.get_mut("acme/r002").expect("it is there").pulls[0].state = "CLOSED");
    let (_, out, _) = bot(&forge, &all);
    assert!(out.contains("left alone: closed by a person"), "{out}");
    // A new repository changes the list, and other flags what was planned.
    forge.with(|it| it.repositories.insert("acme/a".into(), Repository::of(&[("x", "y")])));
    counts(&forge);
    let (code, out, _) = bot(&forge, &[&all[..], &["--safe-only"]].concat());
    assert!(code == 0 && out.contains("131 repositories"), "{out}");
    assert!(counts(&forge).0 > 2 + 7 + 131);
    // A wrong cache does no harm: nothing is done because of it.
    let text = std::fs::read_to_string(&cache).expect("a file");
    let (_, rest) = text.split_once("\"safe\":\"").expect("a plan");
    std::fs::write(&cache, text.replace(&rest[..32], "0123456789abcdef0123456789abcdef")).expect("a file");
    let writes = forge.with(|it| it.writes);
    let (code, out, err) = bot(&forge, &[&all[..], &["--safe-only"]].concat());
    assert_eq!((code, forge.with(|it| it.writes)), (0, writes), "{out}{err}");
    // What is no cache is not overwritten.
    for text in ["#!/bin/sh\n", "{}", "[1]", "{\"run\":\"\",\"repositories\":{},\"pages\":{},\"more\":1}"] {
        std::fs::write(&cache, text).expect("a file");
        let (code, _, err) = bot(&forge, &all);
        assert!(code == 2 && err.contains("this is no cache of dockwright"), "{text}: {err}");
        assert_eq!(std::fs::read_to_string(&cache).expect("a file"), text);
    }
}

#[test]
fn more_files_than_are_listed_at_once() {
    let mut files: Vec<(String, &str)> = (0..60).map(|at| (format!("big/{}/f{at}", at % 4), "x")).collect();
    files.extend([("big/1/Dockerfile".into(), BEFORE), ("api/Dockerfile".into(), BEFORE), ("README.md".into(), "x")]);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let forge = one(&files);
    with(&forge, |it| it.lists = 16);
    let (code, out, err) = bot(&forge, &["o/n"]);
    assert!(code == 0 && out.contains("opened #1"), "{out}{err}");
    with(&forge, |it| {
        for path in ["big/1/Dockerfile", "api/Dockerfile"] {
            assert_eq!(it.files(OPTIMIZE)[path], SAFE);
        }
        assert_eq!(it.files(OPTIMIZE).len(), files.len());
    });
    // The whole, its root, two folders, and the four of the one that is too large.
    let lists = forge.with(|it| it.requests.iter().filter(|it| it.contains("/git/trees/")).count());
    assert_eq!(lists, 2 + 1 + 2 + 4);
    settled(&forge);
    // A folder with more than that by itself, and more folders than requests are worth, are left with the reason.
    let many: Vec<String> = (0..400).map(|at| format!("d{at}/x/y")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|path| (path.as_str(), "x")).collect();
    let flat: Vec<String> = (0..20).map(|at| format!("f{at}")).collect();
    let flat: Vec<(&str, &str)> = flat.iter().map(|path| (path.as_str(), "x")).collect();
    for files in [many, flat] {
        let forge = one(&files);
        with(&forge, |it| it.lists = 16);
        let (code, out, err) = bot(&forge, &["o/n"]);
        assert!(code == 2 && err.contains("too many files"), "{out}{err}");
        assert!(forge.with(|it| it.requests.len()) < 6);
    }
}

#[test]
fn targets_are_named_chosen_and_checked() {
    let mut hub = Hub::of("acme/a", Repository { topics: vec!["docker"], ..Repository::of(&[("x", "y")]) });
    hub.repositories.insert("acme/b".into(), Repository::of(&[("x", "y")]));
    hub.repositories.insert("o/n".into(), Repository::of(&[("x", "y")]));
    let forge = Forge::start(hub);
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("list");
    std::fs::write(&list, "# ours\no/n # the one\n\nacme/b\no/N\n").expect("a file");
    let list = list.to_str().expect("UTF-8");
    for (arguments, count) in [
        (&["--org", "acme"][..], "2 repositories"),
        (&["--org", "acme", "--topic", "docker"], "1 repository"),
        (&["--org", "acme", "--exclude", "/acme/b", "o/n"], "2 repositories"),
        (&["--from", list], "2 repositories"),
        (&["--from", list, "--org", "acme"], "3 repositories"),
    ] {
        let (code, out, err) = bot(&forge, arguments);
        assert!(code == 0 && out.starts_with(count), "{arguments:?}: {out}{err}");
    }
    let requests = forge.with(|it| it.requests.len());
    for (arguments, message) in [
        (&[][..], "no repository is named"),
        (&["o/n/../x"], "is no repository"),
        (&["o/n?x"], "is no repository"),
        (&["o/%2e%2e"], "is no repository"),
        (&["../n"], "is no repository"),
        (&["o/n", "--only", "x"], "no transform is called `x`"),
        (&["o/n", "--api", "http://example.com"], "unencrypted"),
        (&["o/n", "--api", "http://localhost:1@example.com"], "unencrypted"),
        (&["o/n", "--from", "/nowhere"], "name a list"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_dockwright"))
            .args(["bot", "--api", &forge.address][..if arguments.contains(&"--api") { 1 } else { 3 }].iter())
            .args(arguments)
            .env("GITHUB_TOKEN", TOKEN)
            .output()
            .expect("it runs");
        let err = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.code() == Some(2) && err.contains(message), "{arguments:?}: {err}");
    }
    assert_eq!(forge.with(|it| it.requests.len()), requests);
}

#[test]
fn without_an_engine_nothing_is_opened_that_was_to_be_built() {
    let forge = one(&[("Dockerfile", BEFORE)]);
    let output = command(&forge, &["o/n", "--verify"]).env("PATH", "/nowhere").output().expect("it runs");
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.code() == Some(2) && err.contains("no engine that builds can be reached"), "{err}");
    assert_eq!(forge.with(|it| it.requests.len()), 0);
}

/// Text that is none of ours where somebody may read it as markup, a mention or a reference.
fn injected(body: &str) -> Vec<String> {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let mut found = Vec::new();
    let ours = |html: &str| {
        let mut html = html.trim().to_owned();
        if html.starts_with("<!-- dockwright plan=") && html.ends_with(" -->") {
            return true;
        }
        for tag in ["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"] {
            html = html.replace(tag, "");
        }
        !html.contains('<')
    };
    for event in Parser::new_ext(body, Options::all()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) if !ours(&html) => found.push(html.to_string()),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => found.push(dest_url.to_string()),
            Event::Start(Tag::CodeBlock(_) | Tag::Heading { .. } | Tag::Table(_)) => found.push("a block".into()),
            Event::Text(text) => found.extend(references(&text)),
            _ => {}
        }
    }
    found
}

/// Mentions, references and addresses in plain text.
fn references(text: &str) -> Vec<String> {
    let after = |mark: &str, next: fn(char) -> bool| {
        text.match_indices(mark).any(|(at, _)| text[at + mark.len()..].starts_with(next))
    };
    let mut found = Vec::new();
    if after("@", char::is_alphanumeric) || after("#", |c| c.is_ascii_digit()) || after("://", char::is_alphanumeric) {
        found.push(text.to_owned());
    }
    if text.contains(|c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c)) {
        found.push(format!("{text:?}"));
    }
    found
}

#[test]
fn what_a_repository_holds_is_never_obeyed() {
    let evil = "FROM debian:12 AS b\nRUN apt-get update && apt-get install -y @team #7 'https://evil.example' '<img/src=x>'\nENV @all fixes#1\nLABEL a [x](https://evil.example)\nFROM debian:12\nSHELL [\"/bin/sh\", \"-c\"]\nRUN apt-get update && apt-get install -y curl\nENV A `b`\nCMD exec @team/tool '::error::x' [x](https://evil.example)\n";
    for path in [
        "@team/#1/Dockerfile",
        "`/Dockerfile",
        "<img src=x onerror=alert(1)>/Dockerfile",
        "[x](https:/evil.example)/Dockerfile",
        "a\n\n# title\n::error::x/Dockerfile",
        "\u{1b}]0;x\u{7}\u{202e}/Dockerfile",
        "%2e%2e/..%2f?x=y#z/Dockerfile",
        "</summary><script>/Dockerfile",
        "---/```\n/Dockerfile",
    ] {
        for per in ["repository", "dockerfile"] {
            let forge = one(&[(path, evil)]);
            with(&forge, |it| {
                let branch = "main?ref=x#`@all`".to_owned();
                let commit = it.branches.remove("main").expect("main");
                it.branches.insert(branch.clone(), commit);
                it.default = branch;
            });
            let all = ["o/n", "--enable", "apt-mounts", "--per", per];
            let (code, out, err) = bot(&forge, &all);
            assert_eq!(code, 0, "{path}: {out}{err}");
            assert!(!(out + &err).contains(['\u{1b}', '\u{202e}']), "{path}");
            with(&forge, |it| {
                assert!(!it.pulls.is_empty(), "{path}");
                for name in it.branches.keys().filter(|name| **name != it.default) {
                    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                    assert!(name.strip_prefix("dockwright/").is_some_and(|rest| rest.chars().all(plain)), "{name:?}");
                }
                for pull in &it.pulls {
                    assert_eq!(
                        injected(&pull.body.replace("\r\n", "\n")),
                        Vec::<String>::new(),
                        "{path}: {}",
                        pull.body
                    );
                    assert!(
                        pull.title.starts_with("Dockerfile: ") && !pull.title.contains(['@', '#', '<']),
                        "{}",
                        pull.title
                    );
                }
                for message in it.messages(it.pulls.last().expect("one").head.clone().as_str()) {
                    assert_eq!(references(&message), Vec::<String>::new(), "{path}: {message}");
                    assert_eq!(
                        message.matches("Dockwright-Plan:").count(),
                        message.matches("Dockwright-Tree:").count()
                    );
                }
            });
            let writes = forge.with(|it| it.writes);
            assert_eq!((bot(&forge, &all).0, forge.with(|it| it.writes)), (0, writes), "{path}");
            let requests = forge.with(|it| it.requests.clone());
            for request in requests {
                assert!(!request.contains("..") && request.matches('?').count() <= 1, "{request}");
            }
        }
    }
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let temporary = tempfile::tempdir().expect("a folder");
    for path in [
        "../Dockerfile",
        "/tmp/x/Dockerfile",
        "a/../../Dockerfile",
        ".git/hooks/Dockerfile",
        "a/.GIT/Dockerfile",
        "a\0b/Dockerfile",
        "./Dockerfile",
        "a//Dockerfile",
    ] {
        let forge = one(&[(path, BEFORE)]);
        let output = command(&forge, &["o/n"]).env("TMPDIR", temporary.path()).output().expect("the program runs");
        let err = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.code() == Some(2) && err.contains("is no path of a file"), "{path:?}: {err}");
        assert_eq!(forge.with(|it| it.writes), 0, "{path:?}");
        let left: Vec<_> = std::fs::read_dir(temporary.path()).expect("a folder").collect();
        assert!(left.is_empty(), "{path:?}: {left:?}");
    }
    // A link is no way out, nor is a folder that is another repository.
    for mode in ["120000", "160000"] {
        let forge = one(&[("Dockerfile", BEFORE), ("a", "/etc")]);
        with(&forge, |it| {
            let commit = it.branches["main"].clone();
            let tree = it.commits[&commit].tree.clone();
            let tree = it.trees.get_mut(&tree).expect("a tree");
            tree.get_mut("a").expect("it is there").0 = mode.into();
        });
        assert_eq!(bot(&forge, &["o/n"]).0, 0);
        settled(&forge);
    }
}

#[test]
fn answers_that_make_no_sense() {
    let huge = format!("{{\"tree\":[{}]}}", "1,".repeat(9_000_000));
    let deep = "[".repeat(100_000);
    let sha = "\"sha\":\"0123456789012345678901234567890123456789\"";
    let answers: Vec<(usize, String)> = [
        "", "null", "[]", "{}", "\"x\"", "nonsense", "{\"data\":null}", "{\"data\":{\"r0\":3}}", "<html>\u{1b}[2J</html>",
        "{\"data\":{\"r0\":{\"id\":\"x\",\"defaultBranchRef\":{\"name\":\"m\",\"target\":{\"oid\":\"../../x\"}}}}}",
        "{\"errors\":[{\"message\":\"\\u001b[2J\\n::error::x\"}]}", deep.as_str(),
    ].iter().map(|text| (0, (*text).to_owned())).chain([
        (1, "{\"tree\":[{\"path\":\"Dockerfile\",\"mode\":\"100644\",\"type\":\"blob\",\"sha\":\"../x\"}]}".to_owned()),
        (1, "{\"tree\":[{\"path\":7,\"mode\":null}]}".to_owned()),
        (1, format!("{{\"tree\":[{{\"path\":\"Dockerfile\",\"mode\":\"100644\",\"type\":\"blob\",{sha},\"size\":-1}},{{\"path\":\"Dockerfile/x\",\"mode\":\"100644\",\"type\":\"blob\",{sha}}}]}}")),
        (1, huge),
        // Not the file that was asked for.
        (2, "{\"data\":{\"repository\":{\"f0\":{\"text\":\"FROM evil\"}}}}".to_owned()),
        (2, "{\"data\":{\"repository\":null}}".to_owned()),
    ]).collect();
    for (at, answer) in answers {
        let forge = one(&[("Dockerfile", BEFORE)]);
        forge.with(|it| {
            it.once = Some((at, (200, String::new(), answer.clone())));
        });
        let (code, out, err) = bot(&forge, &["o/n"]);
        let shown: String = answer.chars().take(100).collect();
        // An answer that is asked for in another way may still come right: the file by itself.
        assert!(code == 2 || at == 2 && code == 0 || out.contains("empty"), "{at} {shown}: {out}{err}");
        assert!(!err.contains('\u{1b}') && !err.contains("\n::"), "{at} {shown}: {err:?}");
        with(&forge, |it| {
            for pull in &it.pulls {
                assert_eq!(it.files(&pull.head)["Dockerfile"].lines().next(), Some("FROM debian:12"), "{shown}");
            }
        });
    }
    // The next page is somewhere else: the token is not sent there.
    let elsewhere = one(&[("x", "y")]);
    let forge = Forge::start(Hub::of("acme/n", Repository::of(&[("x", "y")])));
    let next = format!("link: <{}/orgs/acme/repos?page=2>; rel=\"next\"\r\n", elsewhere.address);
    forge.with(|it| it.first.push((200, next, "[{\"full_name\":\"acme/n\"},{\"full_name\":\"../x\"},7]".into())));
    let (code, out, _) = bot(&forge, &["--org", "acme"]);
    assert!(code == 0 && out.starts_with("1 repository"), "{out}");
    assert_eq!(elsewhere.with(|it| it.requests.len()), 0);
    // Nor does it follow a redirect.
    forge.with(|it| it.first.push((302, format!("location: {}/graphql\r\n", elsewhere.address), String::new())));
    assert_eq!(bot(&forge, &["acme/n"]).0, 2);
    assert_eq!(elsewhere.with(|it| it.requests.len()), 0);
}

#[test]
fn the_token_is_written_nowhere() {
    fn all(folder: &std::path::Path, found: &mut Vec<u8>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let kind = entry.file_type().expect("a kind");
            if kind.is_dir() {
                all(&entry.path(), found);
            } else if kind.is_file() && entry.metadata().expect("it is there").len() < 1 << 20 {
                found.extend(std::fs::read(entry.path()).expect("a file"));
            }
        }
    }
    let temporary = tempfile::tempdir().expect("a folder");
    let forge = one(&[("Dockerfile", BEFORE), ("x", TOKEN)]);
    // It is killed while the files lie there: nothing is cleaned up.
    let child = Arc::new(Mutex::new(None));
    forge.with(|it| it.kill_at_read = Some((3, Arc::clone(&child))));
    let mut command = command(&forge, &["o/n"]);
    command.env("TMPDIR", temporary.path()).env("HOME", temporary.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut guard = child.lock().expect("no panic");
    *guard = Some(command.spawn().expect("the program runs"));
    drop(guard);
    while child.lock().expect("no panic").as_mut().expect("it runs").try_wait().expect("it").is_none() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let mut written = Vec::new();
    all(temporary.path(), &mut written);
    assert!(!written.is_empty(), "the files lie there");
    assert!(!String::from_utf8_lossy(&written).contains(TOKEN));
}

#[test]
fn an_app_speaks_by_a_token_of_its_own() {
    let key = include_str!("forge/key.base64");
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{key}-----END RSA PRIVATE KEY-----\n");
    let mut hub = Hub::of("acme/a", Repository::of(&[("Dockerfile", BEFORE)]));
    hub.repositories.insert("acme/b".into(), Repository::of(&[("x", "y")]));
    hub.repositories.insert("other/c".into(), Repository::of(&[("x", "y")]));
    let forge = Forge::start(hub);
    let run = |key: &str| {
        let mut command = command(&forge, &["acme/a", "acme/b", "other/c"]);
        command.env_remove("GITHUB_TOKEN").env("DOCKWRIGHT_APP_ID", "Iv1.abc").env("DOCKWRIGHT_APP_KEY", key);
        let output = command.output().expect("it runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).expect("UTF-8"))
    };
    let (code, text) = run(&pem);
    // It is not installed at the other owner.
    assert!(code == Some(2) && text.contains("opened #1") && text.contains("other/c     failed"), "{text}");
    forge.with(|it| {
        let tokens = it.requests.iter().filter(|it| it.ends_with("access_tokens")).count();
        assert_eq!(tokens, 1, "one token for one owner: {:?}", it.requests);
        assert!(!it.seen.contains(&key[..40]) && !it.seen.contains(TOKEN));
    });
    let (code, text) = run("nonsense");
    assert!(code == Some(2) && text.contains("the key of the App is not one"), "{text}");
}

#[test]
#[ignore = "needs node, with the modules that .ci/run installs"]
fn the_requests_are_what_github_describes() {
    let mut hub = Hub::of("acme/a", Repository::of(&[("Dockerfile", BEFORE)]));
    hub.repositories.insert("acme/b".into(), Repository::of(&[("b/Dockerfile", BEFORE), ("package.json", "{}")]));
    let forge = Forge::start(hub);
    // What is not text in GraphQL is asked for by itself.
    forge.with(|it| {
        let repository = it.repositories.get_mut("acme/b").expect("it is there");
        repository.push("main", "long", &[("b/Dockerfile", &format!("{BEFORE}{}", "# x\n".repeat(80_000)))]);
    });
    let github = forge::Described::before(&forge.address);
    let key = include_str!("forge/key.base64");
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{key}-----END RSA PRIVATE KEY-----\n");
    let cache = tempfile::tempdir().expect("a folder");
    let cache = cache.path().join("cache.json");
    let run = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dockwright"))
            .args(["bot", "--pause", "0", "--api", &github.address, "--org", "acme", "--only", ONLY])
            .arg("--cache")
            .arg(&cache)
            .args(more)
            .env("DOCKWRIGHT_APP_ID", "Iv1.abc")
            .env("DOCKWRIGHT_APP_KEY", &pem)
            .output()
            .expect("it runs");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
        assert_eq!(output.status.code(), Some(0), "{text}: {:?}", github.violations());
        text
    };
    let text = run(&[]);
    assert!(text.contains("4 opened"), "{text}: {:?}", github.violations());
    for (text, told) in [(BEFORE.replace("curl", "wget"), "updated"), (reviewed(), "closed")] {
        forge.with(|it| it.repositories.get_mut("acme/a").expect("a").push("main", "x", &[("Dockerfile", &text)]));
        let text = run(&[]);
        assert!(text.contains(told), "{text}: {:?}", github.violations());
    }
    // A tree that is gone through, more branches than are asked for at once, and a branch for each.
    forge.with(|it| {
        let repository = it.repositories.get_mut("acme/a").expect("it is there");
        for at in 0..5 {
            repository.push("main", "x", &[(&format!("s{at}/Dockerfile"), BEFORE), (&format!("s{at}/x"), "y")]);
        }
        repository.lists = 4;
    });
    for (more, told) in [(&["--per", "dockerfile"][..], "12 opened"), (&[], "12 closed")] {
        let text = run(more);
        assert!(text.contains(told), "{text}: {:?}", github.violations());
    }
    let (violations, rest, graphql) = github.violations();
    assert_eq!(violations, Vec::<String>::new());
    forge.with(|it| {
        assert!(it.unchanged > 0 && it.requests.iter().any(|it| it.contains("/git/trees/") && !it.contains('?')))
    });
    assert!(rest > 20 && graphql > 8, "{rest} {graphql}");
    // It would have said so.
    github.send("POST", "/repos/acme/a/pulls", "{\"head\":7}");
    github.send("POST", "/repos/acme/a/none", "{}");
    github.send("POST", "/graphql", "{\"query\":\"query{viewer{none}}\"}");
    let (violations, ..) = github.violations();
    for part in ["pulls: request.body", "Selected route not found", "GraphQL: Cannot query field"] {
        assert!(violations.iter().any(|it| it.contains(part)), "{part}: {violations:?}");
    }
}
