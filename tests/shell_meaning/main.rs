//! What RUNs do before and after, in shells: the bodies of every case, of every example and of thousands of generated
//! Dockerfiles run in a sandbox in which a recorder stands for every command. The same commands must run, with the same
//! arguments, in the same folders and environments, and the build must end in the same way, whichever commands fail.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "a test runs the shells, and says what it did not")]

mod generate;
mod recorder;
mod sandbox;
mod sides;
#[path = "../surroundings/mod.rs"]
mod surroundings;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dockwright::context::{Nothing, World};
use dockwright::explain::Page;
use dockwright::pipeline::{self, Choice, Outcome, Review, Why};
use dockwright::transform::{Promise, Settings};
use dockwright::transforms::ALL;

use recorder::{Event, Rules};
use sandbox::{Answer, Sandbox};
use sides::{Form, Needs, Run, stages};

/// Generated Dockerfiles whose RUNs are changed at level safe.
const GENERATED: usize = 2_000;

/// A change of a stage's RUNs, and what it promised.
struct Change {
    name: String,
    before: Vec<Run>,
    after: Vec<Run>,
    promises: Vec<Promise>,
}

/// Which commands fail, of those that can.
#[derive(Clone, Copy)]
enum Effort {
    /// All of them alone, and some draws.
    All,
    /// None, one alone, and a draw; which is drawn from this.
    Some(usize),
}

/// What came of comparing.
#[derive(Default)]
struct Tally {
    compared: AtomicUsize,
    shells: AtomicUsize,
    skipped: Mutex<BTreeMap<&'static str, usize>>,
    wrong: Mutex<Vec<String>>,
}

impl Tally {
    fn skip(&self, why: &'static str) {
        *self.skipped.lock().unwrap().entry(why).or_default() += 1;
    }
}

/// The changes of a Dockerfile's RUNs from before to `outcome.after`.
fn changes(name: &str, outcome: &Outcome, settings: &Settings, tally: &Tally) -> Vec<Change> {
    let applied = outcome.steps.iter().flat_map(|step| &step.applied);
    let promises: Vec<Promise> = applied.flat_map(|applied| applied.change.promises.iter().cloned()).collect();
    let (before, after) = (stages(&outcome.before, settings), stages(&outcome.after, settings));
    if before.len() != after.len() {
        tally.skip("stages are added or removed");
        return Vec::new();
    }
    if promises.contains(&Promise::Serves) {
        tally.skip("the server of a page is another one");
        return Vec::new();
    }
    // What is the same at both ends does the same: each RUN has a shell of its own, and what the others leave is compared.
    let differing = |(mut before, mut after): (Vec<Run>, Vec<Run>)| {
        let head = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
        (before, after) = (before.split_off(head), after.split_off(head));
        while before.last().is_some_and(|last| after.last() == Some(last)) {
            before.pop();
            after.pop();
        }
        (!before.is_empty() || !after.is_empty()).then_some((before, after))
    };
    let stages = before.into_iter().zip(after).filter_map(differing);
    let change = |(before, after)| Change { name: name.to_owned(), before, after, promises: promises.clone() };
    stages.map(change).collect()
}

/// A shell that RUNs for `sh` are given to, and how it is called there.
const FLAVOURS: [(&str, &str); 4] = [("dash", "sh"), ("bash", "bash"), ("busybox", "sh"), ("bash", "sh")];

/// The words of `run` under a flavour; `None` if that shell cannot do it.
fn argv(run: &Run, flavour: (&str, &str), sandbox: &Sandbox, commands: &[String]) -> Option<Vec<String>> {
    let Form::Shell { program, flags } = &run.form else {
        let name = run.text.first()?.rsplit('/').next()?.to_owned();
        let arguments = run.text[1..].iter().cloned();
        return Some([format!("/rec/bin/{name}"), name].into_iter().chain(arguments).collect());
    };
    let (shell, name) = match &**program {
        "bash" => ("bash", "bash"),
        "ash" => ("busybox", "sh"),
        _ => flavour,
    };
    if shell == "dash" && flags.iter().any(|flag| flag == "pipefail") {
        return None;
    }
    let mut text = run.text[0].clone();
    if shell == "busybox" {
        // What would run an applet, or print what the functions below do.
        let past = ["exec ", "command ", "kill"].iter().any(|word| text.contains(word));
        if past || text.contains("2>") && text.contains("set -") {
            return None;
        }
        let hides = |name: &&String| sandbox.applets.contains(name) && !BUILT_IN.contains(&name.as_str());
        let functions = commands.iter().filter(hides).map(|name| format!("{name}() {{ /rec/bin/{name} \"$@\"; }}\n"));
        text = functions.collect::<String>() + &text;
    }
    let words = [format!("/rec/shells/{shell}"), format!("/bin/{name}")].into_iter().chain(flags.iter().cloned());
    Some(words.chain([text]).collect())
}

/// Applets of busybox that are built into every shell.
const BUILT_IN: &[&str] = &["[", "[[", "echo", "false", "kill", "printf", "pwd", "test", "true", "ash", "sh"];

/// A job, but for which commands fail.
struct Job {
    needs: Needs,
    runs: Vec<Vec<String>>,
    places: Vec<(String, Vec<String>)>,
}

impl Job {
    fn new(runs: &[Run], flavour: (&str, &str), sandbox: &Sandbox, needs: &Needs) -> Option<Self> {
        let commands: Vec<String> = needs.commands.iter().cloned().collect();
        Some(Self {
            needs: needs.clone(),
            runs: runs.iter().map(|run| argv(run, flavour, sandbox, &commands)).collect::<Option<_>>()?,
            places: runs.iter().map(|run| (run.workdir.clone(), run.environment.clone())).collect(),
        })
    }

    fn run(&self, sandbox: &mut Sandbox, rules: &Rules) -> Answer {
        let job = self.text(rules);
        sandbox.run(&job)
    }

    /// The same, for what many changes ask in the same words.
    fn run_once(&self, sandbox: &mut Sandbox, rules: &Rules) -> Answer {
        let job = self.text(rules);
        if let Some(answer) = sandbox.known.get(&job) {
            return answer.clone();
        }
        let answer = sandbox.run(&job);
        sandbox.known.insert(job, answer.clone());
        answer
    }

    fn text(&self, rules: &Rules) -> [String; 4] {
        let join = |items: &std::collections::BTreeSet<String>| items.iter().cloned().collect::<Vec<_>>().join("\x1d");
        let run = |(argv, (place, environment)): (&Vec<String>, &(String, Vec<String>))| {
            let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/rec/bin";
            let mut all = vec![path.to_owned(), "HOME=/root".to_owned()];
            all.extend(environment.iter().cloned());
            format!("{}\x1e{place}\x1e{}", argv.join("\x1f"), all.join("\x1f"))
        };
        let runs: Vec<String> = self.runs.iter().zip(&self.places).map(run).collect();
        [rules.write(), join(&self.needs.folders), join(&self.needs.links), runs.join("\x1d")]
    }
}

/// What is compared of an answer.
fn shown(answer: &Answer, promised: &[String], ordered: bool) -> (String, Vec<Event>, Vec<String>, String) {
    let mut events: Vec<Event> = answer.events.iter().filter(|event| !event.promised).cloned().collect();
    if !ordered {
        events.sort();
    }
    let path = |file: &&String| !promised.iter().any(|path| file.split('\x1f').next() == Some(path));
    let files = answer.files.iter().filter(path).cloned().collect();
    (answer.status.clone(), events, files, if ordered { answer.output.clone() } else { String::new() })
}

/// Whether nothing orders the commands of a script: some may run in the background, or beside one whose output does not
/// go down the pipe.
fn beside(run: &Run) -> bool {
    run.text.iter().any(|text| {
        let bare = ["&&", "||", ">&", "<&", "&>"].iter().fold(text.clone(), |text, it| text.replace(it, ""));
        bare.contains('&') || bare.contains('|') && text.contains('>')
    })
}

/// A command that tells what the shell makes of a word that is promised to be added or removed.
const FLAG: &str = "what-the-shell-makes-of";

/// Compares the two sides of a change; the first difference.
fn compare(sandbox: &mut Sandbox, change: &Change, effort: Effort, tally: &Tally) -> Option<String> {
    let mut needs = Needs::default();
    needs.add(&change.before);
    needs.add(&change.after);
    let mut texts = change.before.iter().chain(&change.after).flat_map(|run| &run.text);
    if texts.clone().any(|text| text.contains(recorder::SEPARATORS)) {
        tally.skip("a control character");
        return None;
    }
    // Where the sandbox has no process numbers of its own, it would reach others.
    if texts.any(|text| text.contains("kill")) {
        tally.skip("kill");
        return None;
    }
    let mut rules = Rules { mode: "ok".into(), ..Rules::default() };
    let mut texts = Vec::new();
    for promise in &change.promises {
        match promise {
            Promise::Flag(word) => {
                rules.flags.push(word.to_string());
                texts.push(format!("{FLAG} {word}"));
            }
            Promise::Renames(from, to) => rules.renames.push(format!("{from}={to}")),
            Promise::AddsCommand(text) | Promise::RemovesCommand(text) => texts.push(text.to_string()),
            _ => {}
        }
    }
    texts.sort();
    texts.dedup();
    // What the shell makes of a promised command, and which files it writes.
    let mut files = Vec::new();
    let first = change.before.first().or(change.after.first())?;
    let promised: Vec<Run> = texts
        .into_iter()
        .map(|text| Run {
            form: Form::Shell { program: "sh".into(), flags: vec!["-c".into()] },
            text: vec![text],
            ..first.clone()
        })
        .collect();
    needs.add(&promised);
    needs.commands.iter().for_each(|name| sandbox.provide(name));
    let mut promised_words = Vec::new();
    for run in promised {
        let answer = Job::new(&[run], FLAVOURS[0], sandbox, &needs)?.run_once(sandbox, &rules);
        for event in answer.events {
            match &event.words[..] {
                [name, flags @ ..] if name == FLAG => rules.flags.extend(flags.iter().cloned()),
                words => promised_words.push(words.to_vec()),
            }
        }
        files.extend(answer.files.iter().filter_map(|file| file.split('\x1f').next()).map(str::to_owned));
    }
    rules.promised = promised_words;
    let pipefail = change.promises.contains(&Promise::Pipefail);
    let ordered = !change.before.iter().chain(&change.after).any(beside);
    for (nth, flavour) in FLAVOURS.into_iter().enumerate() {
        // bash under one of its two names, in turn.
        if matches!(effort, Effort::Some(seed) if nth % 2 == 1 && nth / 2 != seed % 2) {
            continue;
        }
        let jobs = [&change.before, &change.after].map(|runs| Job::new(runs, flavour, sandbox, &needs));
        let [Some(before), Some(after)] = jobs else {
            tally.skip("what a shell does not know");
            continue;
        };
        let mut differs = |mode: String, events: &mut Vec<Event>| {
            // Where a command fails, a pipe may fail by promise, and what turns on it goes the other way.
            if pipefail && mode != "ok" {
                tally.skip("a pipe fails by promise");
                return None;
            }
            rules.mode = mode;
            for attempt in 0.. {
                let answers = [before.run(sandbox, &rules), after.run(sandbox, &rules)];
                tally.shells.fetch_add(before.runs.len() + after.runs.len(), Ordering::Relaxed);
                if answers.iter().any(|answer| answer.endless) {
                    tally.skip("it does not end");
                    return None;
                }
                let [one, other] = answers.each_ref().map(|answer| shown(answer, &files, ordered));
                events.clone_from(&one.1);
                // A shell without pipefail ends at once: those whose images have it are among the others.
                let ends = pipefail && other.0 != "0" && one.1.starts_with(&other.1);
                if one == other || ends {
                    return None;
                }
                // Where pipes are cut, chance decides.
                if attempt == 2 {
                    return Some(format!(
                        "{} under {flavour:?}, {}:\n{}\n{}",
                        change.name,
                        rules.mode,
                        told(&change.before, &answers[0]),
                        told(&change.after, &answers[1])
                    ));
                }
            }
            unreachable!("it returns in the third round")
        };
        let (mut found, mut events) = (None, Vec::new());
        let (alone, seeds) = match effort {
            // Which of them is which number is not certain.
            _ if !ordered => (0..0, if matches!(effort, Effort::All) { 0..16 } else { 0..2 }),
            Effort::All => {
                found = differs("ok".into(), &mut events);
                // bash under the name of sh is the third of its kind.
                if flavour == ("bash", "sh") { (0..0, 0..2) } else { (0..events.len().min(16), 0..4) }
            }
            Effort::Some(seed) => {
                // The last number may be that of no command: then all succeed.
                let alone = (seed / 4 + nth) % (needs.commands.len() + 2);
                // One of the two, and the other in the next shell.
                let first = (seed / 2 + nth.div_ceil(2)) % 2;
                (alone..alone + first, seed..seed + 1 - first)
            }
        };
        let seeds = seeds.map(|seed| format!("seed {seed}"));
        let modes =
            alone.map(|nth| format!("alone {nth}")).chain(seeds.filter(|mode| !recorder::all_succeed(mode, &events)));
        let found = found.or_else(|| modes.into_iter().find_map(|mode| differs(mode, &mut Vec::new())));
        if found.is_some() {
            return found;
        }
    }
    tally.compared.fetch_add(1, Ordering::Relaxed);
    None
}

fn told(runs: &[Run], answer: &Answer) -> String {
    let mut text = String::new();
    for run in runs {
        text += &format!(
            "  RUN {:?} {:?} in {}\n    {}\n",
            run.form,
            run.environment,
            run.workdir,
            run.text.join(" | ").replace('\n', "\n    ")
        );
    }
    for event in &answer.events {
        text += &format!("    > {event:?}\n");
    }
    text + &format!("    = {} {:?} {:?}\n", answer.status, answer.output, answer.files)
}

/// Compares all changes that `next` gives, on all processors.
fn compare_all(tally: &Tally, recorder: &std::path::Path, next: &(dyn Fn() -> Option<(Vec<Change>, Effort)> + Sync)) {
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let mut sandbox = Sandbox::new(recorder).expect("a sandbox, as there was one before");
                while let Some((changes, effort)) = next() {
                    for change in changes {
                        if let Some(wrong) = compare(&mut sandbox, &change, effort, tally) {
                            tally.wrong.lock().unwrap().push(wrong);
                        }
                    }
                }
            });
        }
    });
}

/// Prints a line, also if the test passes.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The recorder, if shells can be run in a root of their own here.
fn at_hand() -> Option<std::path::PathBuf> {
    let recorder = sandbox::recorder().and_then(|recorder| Sandbox::new(&recorder).map(|_| recorder));
    match recorder {
        Ok(recorder) => Some(recorder),
        Err(why) => {
            say(&format!("not run: the shells' own word on what RUNs mean ({why})"));
            None
        }
    }
}

fn end(what: &str, tally: &Tally) {
    let wrong = tally.wrong.lock().unwrap();
    say(&format!(
        "{what}: {} changes compared, {} shells run, {} differ; skipped: {:?}",
        tally.compared.load(Ordering::Relaxed),
        tally.shells.load(Ordering::Relaxed),
        wrong.len(),
        tally.skipped.lock().unwrap()
    ));
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.iter().take(12).cloned().collect::<Vec<_>>().join("\n")
    );
}

/// What the pipeline makes of a Dockerfile. That its gate drops something is wrong, too.
fn optimize(text: &str, world: &dyn World, settings: &Settings, review: Review, tally: &Tally) -> Outcome {
    let choice = Choice { review, ..Choice::default() };
    let outcome = pipeline::run(text, ALL, world, settings, &choice).expect("it settles");
    let dropped = outcome.left.iter().filter(|left| matches!(left.why, Why::Dropped(_)));
    tally.wrong.lock().unwrap().extend(dropped.map(|left| format!("the gate drops {left:?} of\n{text}")));
    outcome
}

#[test]
fn cases_and_examples() {
    let Some(recorder) = at_hand() else { return };
    let tally = Tally::default();
    let mut all = Vec::new();
    // Review on top of what is safe: each step is held to its own promises, and done once.
    let mut add = |name: &str, text: &str, world: &dyn World, settings: &Settings| {
        let mut text = std::sync::Arc::from(text);
        for review in [Review::None, Review::All] {
            let outcome = optimize(&text, world, settings, review, &tally);
            all.extend(changes(name, &outcome, settings, &tally));
            text = outcome.after;
        }
    };
    for transform in ALL {
        let page = Page::of(transform).expect("a page");
        for case in page.cases {
            let context: surroundings::Context =
                case.context.map_or_else(Default::default, |text| toml::from_str(text).expect("a context"));
            let name = format!("{}: {}", page.name, case.heading);
            add(&name, &context.dress(&case.before), &*context.world(), &context.settings());
        }
    }
    for folder in ["examples", "snapshots/corpus"] {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path().join("Dockerfile");
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            add(&path.display().to_string(), &text, &Nothing, &Settings::default());
        }
    }
    let count = all.len();
    let all = Mutex::new(all);
    compare_all(&tally, &recorder, &|| Some((vec![all.lock().unwrap().pop()?], Effort::All)));
    end("cases and examples", &tally);
    assert!(count > 100, "{count} changes");
}

#[test]
fn generated() {
    let Some(recorder) = at_hand() else { return };
    let first: u64 = std::env::var("DOCKWRIGHT_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    let tally = Tally::default();
    let (seeds, safe) = (AtomicUsize::new(0), AtomicUsize::new(0));
    compare_all(&tally, &recorder, &|| {
        if safe.load(Ordering::Relaxed) >= GENERATED {
            return None;
        }
        let seed = seeds.fetch_add(1, Ordering::Relaxed);
        let text = generate::dockerfile(first + seed as u64);
        let settings = Settings::default();
        let name = format!("seed {}", first + seed as u64);
        let outcome = optimize(&text, &Nothing, &settings, Review::None, &tally);
        let mut all = changes(&name, &outcome, &settings, &tally);
        safe.fetch_add(usize::from(!all.is_empty()), Ordering::Relaxed);
        // Review on top of it, of some.
        if seed % 8 == 0 {
            let reviewed = optimize(&outcome.after, &Nothing, &settings, Review::All, &tally);
            all.extend(changes(&format!("{name}, review"), &reviewed, &settings, &tally));
        }
        Some((all, Effort::Some(seed)))
    });
    say(&format!("{} Dockerfiles generated, {} changed at level safe", seeds.into_inner(), safe.into_inner()));
    end("generated", &tally);
}

/// Wrong rewrites: RUNs before, RUNs after.
const WRONG: &[(&[&str], &[&str])] = &[
    (&["set -e; false && true", "echo C; c"], &["set -e; false && true; echo C; c"]),
    (&["set -e; a && b", "set -e; c"], &["set -e; a && b; c"]),
    (&["set -e; a && b", "set -e; c"], &["set -e; a && b && set -e; c"]),
    (&["set -e; a; ! b", "set -e; c"], &["set -e; a; ! b; c"]),
    (&["set -e; if a; then b && c; fi", "set -e; d"], &["set -e; if a; then b && c; fi; d"]),
    (&["a", "b || true"], &["a && b || true"]),
    (&["c", "a || b"], &["c && a || b"]),
    (&["c", "a; b"], &["c && a; b"]),
    (&["a; b", "c"], &["a; b; c"]),
    (&["a", "b"], &["a; b"]),
    (&["a", "b & c"], &["a && b & c"]),
    (&["a && b", "c"], &["a; b && c"]),
    (&["set -e; a; b", "set -e; c"], &["set -e; a; b && set -e; c"]),
    (&["set -e; a; b", "c"], &["(set -e; a; b) && c"]),
    (&["set -e; a; b", "c"], &["{ set -e; a; b; } && c"]),
    (&["a; b", "c"], &["set -e; (a; b); c"]),
    (&["cd /src && a", "b"], &["cd /src && a && b"]),
    (&["export A=1 && a", "b"], &["export A=1 && a && b"]),
    (&["X=1; a", "b $X"], &["X=1; a && b $X"]),
    (&["umask 077 && a", "b"], &["umask 077 && a && b"]),
    (&["a && exit 0", "b"], &["a && exit 0 && b"]),
    (&["a # why", "b"], &["a # why && b"]),
    (&["exec a", "b"], &["exec a && b"]),
    (&["set -f; a", "b /*"], &["set -f; a && b /*"]),
    (&["IFS=,; a", "x=1,2; b $x"], &["IFS=,; a && x=1,2; b $x"]),
    (&["trap 'a' EXIT; b", "c"], &["trap 'a' EXIT; b && c"]),
    (&["a", "b > /tmp/out"], &["{ a && b; } > /tmp/out"]),
    (&["a", "b"], &["b && a"]),
    (&["a && rm -rf /x"], &["a; rm -rf /x"]),
    (&["a || b"], &["a || b && rm -rf /x"]),
    (&["a | b"], &["a && b"]),
    (&["set -e; for x in 1 2; do a && b; done", "c"], &["set -e; for x in 1 2; do a && b; done; c"]),
    (&["cat > /tmp/f <<X\na\nX", "b"], &["cat > /tmp/f <<X\nb\nX\nb"]),
];

/// The same for changes that promise: the file, what is left of it, the promise.
const WRONG_CLEANUPS: &[(&str, &str)] = &[
    ("a || rm -rf /x", "a"),
    ("a && rm -rf /x || b", "a || c"),
    ("if a; then rm -rf /x; fi; b", "a && b"),
    ("a; rm -rf /x", "a"),
    ("! rm -rf /x; a", "a b"),
];

fn runs(texts: &[&str]) -> Vec<Run> {
    let run = |text: &&str| Run {
        form: Form::Shell { program: "sh".into(), flags: vec!["-c".into()] },
        text: vec![(*text).to_owned()],
        workdir: "/".into(),
        environment: Vec::new(),
    };
    texts.iter().map(run).collect()
}

#[test]
fn wrong_joins_are_caught() {
    let Some(recorder) = at_hand() else { return };
    let mut sandbox = Sandbox::new(&recorder).unwrap();
    let tally = Tally::default();
    let mut check = |before: &[&str], after: &[&str], promises: &[Promise]| {
        let change = |before, after| Change {
            name: "planted".into(),
            before: runs(before),
            after: runs(after),
            promises: promises.to_vec(),
        };
        let found = compare(&mut sandbox, &change(before, after), Effort::All, &tally);
        assert!(found.is_some(), "nothing tells {before:?} from {after:?}");
        // And it is not that anything differs from itself.
        let found = compare(&mut sandbox, &change(before, before), Effort::Some(0), &tally);
        assert_eq!(found, None, "{before:?}");
    };
    for (before, after) in WRONG {
        check(before, after, &[]);
    }
    for (before, after) in WRONG_CLEANUPS {
        check(&[before], &[after], &[Promise::RemovesCommand("rm -rf /x".into())]);
    }
}

/// Right rewrites, which no shell may tell apart.
const RIGHT: &[(&[&str], &[&str])] = &[
    (&["a", "b"], &["a && b"]),
    (&["a && b | c", "d"], &["a && b | c && d"]),
    (&["set -e; a; b", "set -e; c && d"], &["set -e; a; b; c && d"]),
    (&["set -e; a; b | c", "set -e; d; ! e"], &["set -e; a; b | c; d; ! e"]),
    (&["set -e; a || b", "set -e; c"], &["set -e; a || b; c"]),
    (&["a || true", "b"], &["a || true && b"]),
    (&["a > /tmp/f", "b < /tmp/f"], &["a > /tmp/f && b < /tmp/f"]),
];

#[test]
fn right_joins_pass() {
    let Some(recorder) = at_hand() else { return };
    let mut sandbox = Sandbox::new(&recorder).unwrap();
    let tally = Tally::default();
    for (before, after) in RIGHT {
        let change = Change { name: "right".into(), before: runs(before), after: runs(after), promises: Vec::new() };
        assert_eq!(compare(&mut sandbox, &change, Effort::All, &tally), None);
    }
    let cleanup = Change {
        name: "cleanup".into(),
        before: runs(&["a && rm -rf /x/*", "b"]),
        after: runs(&["a", "b && rm -rf /y"]),
        promises: vec![Promise::RemovesCommand("rm -rf /x/*".into()), Promise::AddsCommand("rm -rf /y".into())],
    };
    assert_eq!(compare(&mut sandbox, &cleanup, Effort::All, &tally), None);
}
