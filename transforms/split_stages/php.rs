//! PHP: extensions are compiled in one stage, and run in another without the headers that they were compiled against.

use super::edit::{Copy, Plan};
use super::original::{Original, holds};
use super::steps::{Effect, Ran};
use super::{Reason, config};
use crate::commands::{Invocation, Tool, Verb, recognise};
use crate::images::libraries::{Library, of_headers};
use crate::scope::User;

/// Whether a command installs what extensions are compiled against.
pub fn builds(it: &Invocation) -> bool {
    matches!(it.tool, Tool::Apt | Tool::AptGet | Tool::Apk)
        && it.verb == Verb::Install
        && it.literals().any(|name| name.ends_with("-dev"))
}

/// Where extensions, and what loads them, are.
/// <https://github.com/docker-library/php/blob/master/docker-php-ext-install>
const MADE: &[&str] = &["/usr/local/lib/php/extensions", "/usr/local/etc/php/conf.d"];

/// Headers of libraries that PHP itself is linked with, or Debian's own programs: they are there.
/// <https://github.com/docker-library/php/blob/master/Dockerfile-linux.template>
const THERE: &[&str] = &[
    "libbz2-dev",
    "libcurl4-openssl-dev",
    "libonig-dev",
    "libsodium-dev",
    "libsqlite3-dev",
    "libssl-dev",
    "libxml2-dev",
    "zlib1g-dev",
];

/// What a RUN is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It compiles extensions, or installs what they are compiled against.
    Builds,
    /// It sets up what runs.
    Prepares,
}

/// The plan.
pub fn plan(it: &Original<'_>) -> Result<Plan, Reason> {
    let mut plan = Plan::default();
    if !it.image.family.is_debian_like() {
        return Err("what extensions are linked with has other names on this system".into());
    }
    let (kept, headers) = packages(it)?;
    let mut extensions: Vec<&str> = Vec::new();
    let mut last = None;
    for index in it.from + 1..it.tail {
        let all: Vec<(usize, &Ran<'_>)> = it.ran.iter().enumerate().filter(|(_, ran)| ran.index == index).collect();
        let uses: Vec<Use> = all.iter().map(|(_, ran)| use_of(it, ran, &mut extensions)).collect::<Result<_, _>>()?;
        if !uses.contains(&Use::Builds) {
            continue;
        }
        last = Some(index);
        let instruction = it.view.instruction(index);
        if it.view.doc.joined(instruction, instruction.arguments).contains("||") {
            return Err(format!("line {} goes on where an extension does not compile", it.line(index)).into());
        }
        if it.view.scope(index).user != User::Root {
            return Err(format!("line {} is not run by root", it.line(index)).into());
        }
        for ((at, ran), what) in all.into_iter().zip(uses) {
            plan.handled.push(at);
            match (&ran.effect, what) {
                (Effect::Nothing | Effect::Removes(_) | Effect::Packages(_), _) | (_, Use::Builds) => {}
                // What else it does is done again.
                (Effect::Other, Use::Prepares) => {
                    let text =
                        ran.simple.map(|(script, simple)| script.slice(simple.span)).ok_or("a command is not known")?;
                    let sets_up = |copy: &crate::transform::brought::Copied| {
                        copy.index < index
                            && copy.folder.iter().chain(&copy.files).any(|(_, to)| meets(to, "/etc/apache2"))
                    };
                    if it.brought.iter().any(sets_up) {
                        return Err(it.may_make(ran));
                    }
                    if text.contains(['\n', '$'])
                        || ran.cwd != it.view.scope(index).workdir.as_deref().unwrap_or_default()
                    {
                        return Err(it.may_make(ran));
                    }
                    plan.runs.push(vec![text.to_owned()]);
                }
                _ => {
                    return Err(
                        format!("line {} compiles extensions, and runs `{}`, too", it.line(index), ran.text).into()
                    );
                }
            }
        }
    }
    let last = last.ok_or("no extension is compiled")?;
    if extensions.is_empty() {
        return Err("no extension is compiled".into());
    }
    let prepared = std::mem::take(&mut plan.runs);
    config::also(it, &mut plan, &kept)?;
    plan.runs.extend(prepared);
    for index in it.from + 1..it.tail {
        let builds = it.ran.iter().zip(0..).any(|(ran, at)| ran.index == index && plan.handled.contains(&at));
        let does = it.ran.iter().any(|ran| ran.index == index) || it.brought.iter().any(|copy| copy.index == index);
        if does && !builds {
            if index > last { plan.moves.push(index) } else { plan.repeats.push(index) }
        }
    }
    for ran in it.ran.iter().zip(0..).filter(|(_, at)| !plan.handled.contains(at)).map(|(ran, _)| ran) {
        let paths: Vec<&String> = match &ran.effect {
            Effect::Removes(paths) | Effect::Modes(paths) | Effect::Owns(paths) | Effect::Makes(paths) => {
                paths.iter().collect()
            }
            Effect::Copies(from, to) => vec![from, to],
            _ => Vec::new(),
        };
        if paths.iter().any(|path| MADE.iter().any(|made| meets(path, made))) {
            return Err(format!("line {} changes what loads an extension", it.line(ran.index)).into());
        }
    }
    for copy in it.brought.iter().filter(|copy| copy.index < last) {
        let own =
            |(path, to): &(String, String)| path.contains("docker-php-ext") && MADE.iter().any(|made| meets(to, made));
        let whole = copy.folder.iter().any(|(_, to)| MADE.iter().any(|made| holds(made, to)));
        if whole || copy.files.iter().any(own) {
            return Err(format!("line {} brings what loads an extension", it.line(copy.index)).into());
        }
    }
    plan.copies.extend(MADE.iter().map(|path| Copy::same(*path, true)));
    extensions.sort_unstable();
    extensions.dedup();
    let list = extensions.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    plan.proofs.push(format!("php -r 'foreach ([{list}] as $it) extension_loaded($it) || exit(1);'"));
    plan.keeps_sources = true;
    plan.check(format!("nothing at run time, and no image that is built on this one, needs {}", headers.join(" ")));
    Ok(plan)
}

/// The packages that the last stage needs, and those that only the first does.
fn packages<'o>(it: &'o Original<'_>) -> Result<(Vec<&'o str>, Vec<&'o str>), Reason> {
    let (mut kept, mut headers) = (Vec::new(), Vec::new());
    for ran in it.ran.iter().filter(|ran| matches!(ran.effect, Effect::Packages(_))) {
        let call = ran.simple.and_then(|(script, simple)| recognise(script, simple));
        if call.is_none_or(|call| call.verb == Verb::Remove) {
            return Err(format!("line {} removes packages", it.line(ran.index)).into());
        }
    }
    for name in config::packages(it) {
        if name.contains(['=', '/', '*', '^', '$', '+']) || name.ends_with('-') {
            return Err(format!("which package {name} is, is not known").into());
        }
        // A tag of PHP seldom names the release: apt is asked for what it is called in any.
        let library = of_headers(name).and_then(Library::patterns).filter(|_| name.ends_with("-dev"));
        let there = THERE.contains(&name).then_some(&[][..]);
        let libraries = match there.or(library) {
            Some(libraries) => {
                if !headers.contains(&name) {
                    headers.push(name);
                }
                libraries
            }
            None if name.ends_with("-dev") => {
                return Err(format!("which library goes with {name} is not known").into());
            }
            None => std::slice::from_ref(&name),
        };
        for library in libraries {
            if !kept.contains(library) {
                kept.push(*library);
            }
        }
    }
    if headers.is_empty() {
        return Err("nothing would be saved: no package is for builds alone".into());
    }
    Ok((kept, headers))
}

/// What a command is for; the extensions that it has PHP load.
fn use_of<'o>(it: &Original<'_>, ran: &'o Ran<'_>, extensions: &mut Vec<&'o str>) -> Result<Use, Reason> {
    let unknown = || it.may_make(ran);
    match &ran.effect {
        Effect::Packages(names) if names.iter().any(|name| name.ends_with("-dev")) => return Ok(Use::Builds),
        // Those that are kept are installed again with them.
        Effect::Packages(_) => return Ok(Use::Builds),
        Effect::Tool(_) => return Err(unknown()),
        Effect::Other => {}
        _ => return Ok(Use::Prepares),
    }
    let (script, simple) = ran.simple.ok_or_else(unknown)?;
    if simple.words.is_empty() || !simple.assignments.is_empty() {
        return Err(unknown());
    }
    let literals = || simple.words[1..].iter().map(|word| word.literal.as_deref());
    let plain = simple.redirections.is_empty();
    match simple.words[0].literal.as_deref() {
        Some("docker-php-ext-configure") if plain => Ok(Use::Builds),
        Some("docker-php-ext-install" | "docker-php-ext-enable") if plain => {
            for word in &simple.words[1..] {
                match word.literal.as_deref() {
                    Some(flag) if flag.starts_with('-') || flag.bytes().all(|byte| byte.is_ascii_digit()) => {}
                    Some("opcache") => extensions.push("Zend OPcache"),
                    Some(name) if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
                        extensions.push(name);
                    }
                    // `-j$(nproc)`
                    None if !word.substitutions.is_empty() => {}
                    _ => return Err(unknown()),
                }
            }
            Ok(Use::Builds)
        }
        Some("pecl") if plain && literals().next() == Some(Some("install")) => Ok(Use::Builds),
        Some("a2enmod" | "a2dismod" | "a2ensite" | "a2dissite" | "a2enconf" | "a2disconf")
            if plain && literals().all(|word| word.is_some()) =>
        {
            Ok(Use::Prepares)
        }
        Some("sed") if plain && edits_apache(script.slice(simple.span)) => Ok(Use::Prepares),
        _ => Err(unknown()),
    }
}

/// `sed -i … /etc/apache2/ports.conf`
fn edits_apache(text: &str) -> bool {
    !text.contains("/usr/local/")
        && text.split_whitespace().last().is_some_and(|word| word.starts_with("/etc/apache2/"))
}

/// Whether one of two paths, of which the first may be a pattern, holds the other.
fn meets(path: &str, other: &str) -> bool {
    let glob = path.find(['*', '?', '[']);
    let path = glob.map_or(path, |at| path[..at].rsplit_once('/').map_or("/", |(folder, _)| folder));
    let path = if path.is_empty() { "/" } else { path };
    holds(path, other) || holds(other, path)
}
