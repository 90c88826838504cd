//! See README.md: a RUN chown right behind the COPY of all that it is about.

mod owner;

use std::borrow::Cow;

use crate::commands::{Program, packages};
use crate::dockerfile::Kind;
use crate::rewrite::{self, lines};
use crate::shell::{Script, Word};
use crate::transform::copied::{self, Copied, Leading, above, is_of_the_system, is_there, leading, named_like_a_file};
use crate::transform::paths::{Relation, absolute, relation};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "chown puts a second copy of every file into a layer of its own: COPY can set the owner";

type Reason = Cow<'static, str>;

/// A chown, read.
struct Chown<'v> {
    leading: Leading<'v>,
    owner: &'v Word,
    paths: Vec<String>,
    recursive: Option<&'v Word>,
    strange: bool,
}

fn find(view: &View<'_>) -> Vec<Finding> {
    let judge = |run: usize, script: &Script| {
        if !script.text().contains("chown") {
            return None;
        }
        let chown = read(view, run)?;
        let copies = above(view, run);
        let members: Vec<usize> = (0..copies.len()).filter(|at| brings(view, &copies[*at], &chown)).collect();
        if members.is_empty() {
            return None;
        }
        Some(match fold(view, run, &chown, &copies, &members) {
            Ok(finding) => finding,
            Err(reason) => Finding::held(vec![run], MESSAGE, reason),
        })
    };
    view.scripts().filter_map(|(run, script)| judge(run, script)).collect()
}

/// The chown that a RUN starts with; `None` if what it is about is not certain.
fn read<'v>(view: &'v View<'_>, run: usize) -> Option<Chown<'v>> {
    let leading = leading(view, run, "chown")?;
    let (mut words, mut recursive, mut strange) = (Vec::new(), None, false);
    for word in &leading.simple.words[1..] {
        match word.literal.as_deref() {
            Some("-R" | "--recursive") => recursive = Some(word),
            Some("-v" | "-c" | "--verbose" | "--changes") => {}
            Some(flag) if flag.starts_with('-') => strange = true,
            _ => words.push(word),
        }
    }
    let (owner, paths) = words.split_first()?;
    let paths =
        paths.iter().map(|word| copied::path_of(view, run, leading.script, word)).collect::<Option<Vec<_>>>()?;
    (!paths.is_empty()).then_some(Chown { leading, owner, paths, recursive, strange })
}

/// Whether a COPY brings something of what chown changes.
fn brings(view: &View<'_>, copy: &Copied<'_>, chown: &Chown<'_>) -> bool {
    let below = |path: &String| {
        chown.recursive.is_some() && matches!(relation(&copy.destination, path), Relation::Same | Relation::Inside)
    };
    let file = |path: &String| {
        copy.landings(view).is_some_and(|all| all.iter().any(|it| it.below == *path || it.at.as_ref() == Some(path)))
    };
    chown.paths.iter().any(|path| below(path) || (file(path) && !copied::made_before(view, copy.index, path)))
}

fn fold(
    view: &View<'_>,
    run: usize,
    chown: &Chown<'_>,
    copies: &[Copied<'_>],
    members: &[usize],
) -> Result<Finding, Reason> {
    if chown.strange {
        return Err("chown has an option that COPY lacks".into());
    }
    if !view.instruction(run).flags.is_empty() {
        return Err("the RUN has flags".into());
    }
    let mut made = false;
    let mut checks: Vec<String> = Vec::new();
    for path in &chown.paths {
        let tree = chown.recursive.is_some()
            && copies.iter().any(|copy| matches!(relation(&copy.destination, path), Relation::Same | Relation::Inside));
        let first = members.last().map_or(run, |at| copies[*at].index);
        let parent = path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
        if !is_there(view, first, parent) {
            return Err(format!("{parent} may be made by the COPY, and would change its owner, too").into());
        }
        // A file is of the nearest COPY that may write it.
        if !tree && !copies.iter().position(|copy| copy.may_write(view, path)).is_some_and(|at| members.contains(&at)) {
            return Err(format!("{path} is not copied right above it").into());
        }
        if tree {
            let only = directory(view, run, path, copies, members)?;
            made |= only;
            let line = view.doc.line(view.instruction(first).span.start);
            checks.push(if only {
                format!("nothing else is in {path} when line {line} copies to it")
            } else {
                format!("{path} is not there before line {line} copies to it")
            });
        }
    }
    let mut claimed = vec![run];
    let mut edits = Vec::new();
    for at in members {
        let copy = &copies[*at];
        let instruction = view.instruction(copy.index);
        let line = view.doc.line(instruction.span.start);
        let inside = |path: &str| {
            chown.recursive.is_some()
                && chown.paths.iter().any(|own| matches!(relation(path, own), Relation::Same | Relation::Inside))
        };
        if !inside(&copy.destination) {
            let landings = copy.landings(view).unwrap_or_default();
            let named = |landing: &copied::Landing| {
                let place =
                    if chown.paths.contains(&landing.below) { Some(&landing.below) } else { landing.at.as_ref() };
                place.is_some_and(|place| chown.paths.contains(place))
            };
            if landings.is_empty() || !landings.iter().all(named) {
                return Err(format!("line {line} copies more than that").into());
            }
            if let Some(landing) = landings.iter().find(|landing| landing.directory) {
                return Err(format!("{} is a directory", landing.source).into());
            }
            let files: Vec<&str> = landings.iter().map(|landing| &*landing.source).collect();
            checks.push(match files[..] {
                [file] => format!("{file} is a file, without the setuid bit"),
                _ => format!("{} are files, without the setuid bit", files.join(", ")),
            });
        }
        if let Some(flag) = ["chown", "link"].iter().find(|flag| view.doc.has_flag(instruction, flag)) {
            return Err(format!("line {line} has --{flag}").into());
        }
        let owner = owner::for_copy(view, run, copy.index, chown.leading.script, chown.owner)?;
        edits.push(lines::add_flag(instruction, &format!("--chown={owner}")));
        claimed.push(copy.index);
    }
    claimed.sort_unstable();
    let Leading { script, simple, alone } = chown.leading;
    let removed = if made {
        let flag = chown.recursive.ok_or("the directory is not changed")?;
        edits.push(rewrite::remove_word(view.doc, script, simple, flag.span)?);
        Promise::Flag(script.slice(flag.span).to_owned().into())
    } else {
        edits.extend(lines::take_out(view.doc, run, (script, simple), alone, claimed[0])?);
        Promise::RemovesCommand(script.slice(simple.span).to_owned().into())
    };
    let change = Change::new(edits, [Promise::Transfer, removed]).map_err(|error| error.to_string())?;
    checks.dedup();
    Ok(Finding::review(claimed, MESSAGE, checks.join("; "), change))
}

/// Whether WORKDIR made the directory, which COPY then leaves to its owner.
///
/// # Errors
/// What else may be in it.
fn directory(
    view: &View<'_>,
    run: usize,
    path: &str,
    copies: &[Copied<'_>],
    members: &[usize],
) -> Result<bool, Reason> {
    let home = path.strip_prefix("/home/").is_some_and(|name| !name.contains('/'));
    if is_of_the_system(path) || home {
        return Err(format!("{path} has files of its own").into());
    }
    // Where packages keep what is theirs; sources are nobody's.
    if ["/etc/", "/usr/", "/var/"].iter().any(|it| path.starts_with(it)) && !path.starts_with("/usr/src/") {
        return Err(format!("a package may have files of its own in {path}").into());
    }
    let mut made = false;
    let Some(stage) = view.doc.stage_of(run) else { return Ok(false) };
    let chain: Vec<usize> = view.graph().chain(stage).collect();
    let before = chain.into_iter().flat_map(|stage| view.doc.stages()[stage].instructions.clone());
    for at in before.filter(|at| *at < run) {
        if members.iter().any(|member| copies[*member].index == at) {
            continue;
        }
        let instruction = view.instruction(at);
        let line = view.doc.line(instruction.span.start);
        match &instruction.kind {
            Kind::Copy(transfer) | Kind::Add(transfer) => {
                let raw = view.doc.word(instruction, transfer.destination);
                let place = absolute(view, at, &raw).map(|place| relation(&place, path));
                let files = || {
                    transfer.sources.iter().all(|source| {
                        let source = view.doc.word(instruction, *source);
                        named_like_a_file(&source) && !source.contains('*') && !source.ends_with('/')
                    })
                };
                match place {
                    Some(Relation::Apart) => {}
                    Some(Relation::Above) if files() => {}
                    _ => return Err(format!("line {line} may copy into {path}, too").into()),
                }
            }
            Kind::Workdir(word) => match absolute(view, at, &view.doc.word(instruction, *word)) {
                None => return Err(format!("line {line} makes a directory that is not known").into()),
                Some(place) => match relation(&place, path) {
                    Relation::Same => made = true,
                    Relation::Inside => {
                        return Err(format!("line {line} makes {place}, which COPY would leave to its owner").into());
                    }
                    Relation::Above | Relation::Apart => {}
                },
            },
            Kind::Run(_) => {
                if let Some(reason) = writes(view, at, path) {
                    return Err(format!("line {line} {reason} {path}").into());
                }
            }
            Kind::Volume(_) if view.doc.slice(instruction.span).contains(path) => {
                return Err(format!("line {line} makes it a volume").into());
            }
            _ => {}
        }
    }
    Ok(made)
}

/// Why a RUN may write into a directory.
fn writes(view: &View<'_>, at: usize, path: &str) -> Option<&'static str> {
    let Some(script) = view.script(at).filter(|script| script.body().is_ok()) else {
        return Some("is not understood, and may write into");
    };
    if script.text().contains(path) {
        return Some("names");
    }
    let workdir = view.scope(at).workdir.as_deref();
    let here = workdir.is_none_or(|workdir| matches!(relation(workdir, path), Relation::Same | Relation::Inside));
    let quiet = |program: &Program<'_>| {
        packages::action(script, program.simple).is_some()
            || ["useradd", "groupadd", "adduser", "addgroup", "usermod", "true", "set", "export"]
                .contains(&program.name)
            || matches!(program.name, "rm" | "mkdir" | "apt-get" | "apk")
                && program.literals().filter(|word| !word.starts_with('-')).all(|word| word.starts_with('/'))
    };
    let quiet = |simple: &&crate::shell::Simple| Program::of(simple).is_some_and(|program| quiet(&program));
    (here && !script.commands().iter().all(quiet)).then_some("may write into")
}
