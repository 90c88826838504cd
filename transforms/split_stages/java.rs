//! Java: the jar that is run, on the runtime of the same version.

use super::edit::{Copy, Plan};
use super::original::{Original, holds};
use super::steps::Effect;
use super::{Reason, config, data};
use crate::commands::{Invocation, Tool, Verb};
use crate::context::java::names_others;
use crate::context::sources::{JAVA, JAVA_SOURCES};
use crate::dockerfile::{Command, Kind};
use crate::images::Kind as ImageKind;
use crate::transform::paths::join;

/// Whether a command builds a project.
pub fn builds(it: &Invocation) -> bool {
    matches!(it.tool, Tool::Maven | Tool::Gradle) && it.verb != Verb::Query
}

/// The plan.
pub fn plan(it: &Original<'_>) -> Result<Plan, Reason> {
    let mut plan = Plan::default();
    let line = it.line(it.program.index);
    let words = &it.program.words;
    if words[0].rsplit('/').next() != Some("java") {
        return Err(format!("line {line} runs `{}`, which is no jar", words[0]).into());
    }
    if words.iter().any(|word| matches!(&**word, "-cp" | "-classpath" | "--class-path" | "-p" | "--module-path")) {
        return Err(format!("line {line} names a class path: which jars are needed is not known").into());
    }
    let jar = words.iter().position(|word| word == "-jar").and_then(|at| words.get(at + 1));
    let jar = jar.filter(|jar| jar.ends_with(".jar") || jar.ends_with(".war"));
    let jar = jar.ok_or_else(|| format!("line {line} names no jar"))?;
    let jar = join(Some(&it.workdir), jar).ok_or("where the jar is is not known")?;
    for (at, ran) in it.ran.iter().enumerate() {
        match &ran.effect {
            Effect::Tool(tool) if builds(tool) => {}
            Effect::Tool(_) => {
                return Err(it.may_make(ran));
            }
            // The jar, at another place.
            Effect::Copies(_, to) if *to == jar || to.ends_with('/') && holds(to.trim_end_matches('/'), &jar) => {
                plan.handled.push(at);
            }
            Effect::Other if copies_a_jar_to(&ran.text, &ran.cwd, &jar) => plan.handled.push(at),
            _ => {}
        }
    }
    let projects = it.brought.iter().filter_map(|copy| copy.folder.clone());
    let mut known = Err("no pom.xml or build.gradle is in the context".into());
    for (folder, _) in projects {
        match names_others(&it.tree, &folder) {
            Ok(Some(path)) => return Err(format!("{path} has the jar name others that lie beside it").into()),
            Ok(None) => known = Ok(()),
            Err(reason) if known.is_err() => known = Err(reason),
            Err(_) => {}
        }
    }
    // Manifests may be copied one by one.
    if it
        .brought
        .iter()
        .any(|copy| copy.files.iter().any(|(path, _)| path.ends_with("pom.xml") || path.contains("build.gradle")))
    {
        for (path, _) in it.brought.iter().flat_map(|copy| &copy.files) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if (path.ends_with("pom.xml") || path.contains("build.gradle")) && names_others(&it.tree, folder)?.is_some()
            {
                return Err(format!("{path} has the jar name others that lie beside it").into());
            }
        }
        known = Ok(());
    }
    known?;
    let sources = data::contents(it, &JAVA_SOURCES)?;
    let own = |path: &str| !path.contains("src/test/");
    let texts: Vec<&(String, String)> =
        sources.iter().flat_map(|(_, _, contents)| &contents.sources).filter(|(path, _)| own(path)).collect();
    let strings: Vec<&str> = texts.iter().flat_map(|(_, text)| JAVA_SOURCES.strings(text).0).collect();
    if let Some(text) = strings.iter().find(|text| text.trim_start_matches("./").starts_with("src/")) {
        return Err(format!("the sources name {text}, which may be read at run time").into());
    }
    let starts = texts.iter().find(|(_, text)| text.contains("ProcessBuilder") || text.contains("getRuntime().exec"));
    let compiles = texts.iter().find(|(_, text)| text.contains("javax.tools") || text.contains("com.sun.tools"));
    let contents = data::contents(it, &JAVA)?;
    let mut said = strings;
    said.extend(words.iter().map(String::as_str));
    data::keep(it, &mut plan, &contents, &JAVA, &|_| false, &said)?;

    let needed: Vec<&str> = config::packages(it)
        .into_iter()
        .filter(|name| !config::is_for_builds(name) && *name != "maven" && *name != "dos2unix")
        .collect();
    let base = runtime(it);
    let why = needs_base(it)
        .or_else(|| starts.map(|(path, _)| format!("{path} starts other programs").into()))
        .or_else(|| compiles.map(|(path, _)| format!("{path} compiles when it runs").into()))
        .or_else(|| (!needed.is_empty()).then(|| format!("the program may need {}", needed.join(" ")).into()))
        .or_else(|| base.is_none().then(|| "which runtime is the same as this JDK is not known".into()));
    if why.is_some() {
        config::same_base(it, &mut plan)?;
        plan.why_same = why;
    } else {
        plan.base = base;
        for ran in it.ran.iter().filter(|ran| matches!(ran.effect, Effect::Accounts)) {
            plan.repeats.push(ran.index);
        }
        plan.repeats.dedup();
        plan.check("nothing at run time needs a tool of the JDK");
    }
    let folder = jar.rsplit_once('/').map_or("", |(folder, _)| folder);
    // Quarkus has its jars beside the one that starts.
    if folder.ends_with("/quarkus-app") {
        plan.copies.insert(0, Copy::same(folder, true));
    } else {
        plan.copies.insert(0, Copy::same(jar, false));
    }
    Ok(plan)
}

/// `cp target/*.jar app.jar`: whether a command puts a jar at `jar`.
fn copies_a_jar_to(text: &str, cwd: &str, jar: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let ["cp" | "mv", from, to] = words[..] else { return false };
    from.ends_with(".jar") && !from.contains(['$', '`']) && join(Some(cwd), to).as_deref() == Some(jar)
}

/// The runtime of the same version and system.
fn runtime(it: &Original<'_>) -> Option<String> {
    let tag = it.image.tag.as_deref()?;
    let parts: Vec<&str> = tag.split('-').collect();
    let (version, rest) = match it.image.kind {
        ImageKind::Maven => {
            let at =
                parts.iter().position(|part| *part == "temurin").filter(|at| *at > 0 && parts[at - 1] == "eclipse")?;
            (*parts.get(at + 1)?, &parts[at + 2..])
        }
        ImageKind::Gradle => {
            let at = parts.iter().position(|part| part.starts_with("jdk"))?;
            (parts[at].strip_prefix("jdk")?, &parts[at + 1..])
        }
        ImageKind::Jdk if &*it.image.repository == "eclipse-temurin" => {
            let rest = if parts.get(1) == Some(&"jdk") { &parts[2..] } else { &parts[1..] };
            (parts[0], rest)
        }
        _ => return None,
    };
    if !matches!(version, "8" | "11" | "17" | "21" | "25")
        || !it.view.scopes().after(0).image_is_fixed
        || !it.is_of_the_hub()
    {
        return None;
    }
    match rest {
        [] => Some(format!("eclipse-temurin:{version}-jre")),
        [system @ ("alpine" | "jammy" | "noble" | "focal")] => Some(format!("eclipse-temurin:{version}-jre-{system}")),
        _ => None,
    }
}

/// Why the runtime's image lacks what the file asks for.
fn needs_base(it: &Original<'_>) -> Option<Reason> {
    let doc = it.view.doc;
    if let Some(reason) = config::no_folder(it) {
        return Some(reason);
    }
    let makes_accounts = it.ran.iter().any(|ran| matches!(ran.effect, Effect::Accounts));
    for index in it.from + 1..it.end {
        let instruction = it.view.instruction(index);
        let line = it.line(index);
        match &instruction.kind {
            Kind::Healthcheck(Some(Command::Exec(words)))
                if words.first().is_some_and(|word| doc.word(instruction, *word) == "java") => {}
            Kind::Healthcheck(Some(_)) => {
                return Some(format!("the HEALTHCHECK of line {line} runs another program").into());
            }
            Kind::User(word) => {
                let user = doc.word(instruction, *word);
                let number = user.split(':').all(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
                if !number && !matches!(&*user, "root" | "nobody") && (!makes_accounts || user.contains("gradle")) {
                    return Some(format!("the account {user} of line {line} is not in the runtime's image").into());
                }
            }
            Kind::Env(pairs)
                if pairs.iter().any(|pair| matches!(&*doc.joined(instruction, pair.key), "JAVA_HOME" | "PATH")) =>
            {
                return Some(format!("line {line} says where Java is").into());
            }
            _ => {}
        }
    }
    None
}
