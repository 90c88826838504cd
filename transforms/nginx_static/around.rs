//! What is said of the image around the stage: by the repository, by the context, and by health checks.

use super::Reason;
use super::stage::Stage;
use crate::context::{Look, Tree, join};
use crate::dockerfile::{Command, Kind};
use crate::transform::View;

/// Folders with more than these are not looked through.
const MAX_FOLDERS: usize = 2000;

/// Whether nothing of the repository speaks against it.
///
/// # Errors
/// What does.
pub fn against(stage: &Stage<'_>, folder: &str, port: u16) -> Result<(), Reason> {
    let Some(uses) = stage.view.world.uses() else { return Ok(()) };
    if let Some(unread) = uses.unread() {
        return Err(unread.into());
    }
    for run in uses.runs(stage.view.doc.stages()[stage.last].name.as_deref(), stage.last, true) {
        if let Some(at) = &run.develops {
            return Err(format!("{at} makes it a place to develop in").into());
        }
        let inside = |target: &str| {
            let below = target.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
            below || target.starts_with("/etc/nginx") || target.starts_with("/usr/share/nginx") || target.contains('\0')
        };
        if let Some(mount) = run.mounts.iter().find(|it| it.what.covers(folder) || inside(&it.what.target)) {
            return Err(format!("{} mounts over {folder}, or in it", mount.at).into());
        }
        if let Some(command) = run.started().next() {
            return Err(format!("{} starts it with `{}`", command.at, command.what.replace('\0', "…")).into());
        }
        if let Some(user) = run.users.first() {
            return Err(format!("{} runs it as {}", user.at, user.what.replace('\0', "…")).into());
        }
        for test in &run.healthchecks {
            let words: Vec<&str> = test.what.split_whitespace().collect();
            let words = match &words[..] {
                ["NONE"] => continue,
                ["CMD" | "CMD-SHELL", rest @ ..] => rest,
                words => words,
            };
            asks(&words.join(" "), &[port]).map_err(|reason| format!("the health check of {} {reason}", test.at))?;
        }
    }
    Ok(())
}

/// Whether no file of the context tells `serve` how.
///
/// # Errors
/// Which does.
pub fn configured(stage: &Stage<'_>) -> Result<(), Reason> {
    let Some(tree) = Tree::of(stage.view.world) else { return Ok(()) };
    let mut folders = vec![String::new()];
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        looked += 1;
        if looked > MAX_FOLDERS {
            return Err("the build context has too many folders to look for serve.json".into());
        }
        for name in tree.names(&folder)? {
            let Some(path) = join(&folder, &name) else { continue };
            match &*name {
                "serve.json" | "now.json" => return Err(format!("{path} tells `serve` how").into()),
                "node_modules" | ".git" => {}
                _ if tree.world().look(&path) == Some(Look::Directory) => folders.push(path),
                _ => {}
            }
        }
    }
    Ok(())
}

/// The test of HEALTHCHECK `index`, on one line.
pub fn test(view: &View<'_>, index: usize) -> String {
    let instruction = view.instruction(index);
    match &instruction.kind {
        Kind::Healthcheck(Some(Command::Exec(words))) => {
            words.iter().map(|word| view.doc.word(instruction, *word)).collect::<Vec<_>>().join(" ")
        }
        Kind::Healthcheck(Some(Command::Shell(span))) => view.doc.joined(instruction, *span).into_owned(),
        _ => String::new(),
    }
}

/// Whether a health check is one that nginx's image can answer: BusyBox's `wget`, for the page at `/`.
///
/// # Errors
/// Why it may not, as the rest of a sentence.
pub fn asks(test: &str, ports: &[u16]) -> Result<(), Reason> {
    let test = test.trim().strip_suffix("|| exit 1").unwrap_or(test).trim();
    let mut words = test.split_whitespace();
    if words.next() != Some("wget") {
        return Err("runs what nginx's image may lack".into());
    }
    let unknown = || -> Reason { "asks in a way that is not known".into() };
    let mut url = None;
    while let Some(word) = words.next() {
        match word.trim_matches(['"', '\'']) {
            "-q" | "--quiet" | "--spider" | "-qO-" | "-O-" => {}
            "-O" | "-qO" => _ = words.next(),
            "-T" => _ = words.next().and_then(|seconds| seconds.parse::<u32>().ok()).ok_or_else(unknown)?,
            word if !word.starts_with('-') && url.is_none() => url = Some(word),
            _ => return Err(unknown()),
        }
    }
    let url = url.and_then(|url| url.strip_prefix("http://")).ok_or_else(unknown)?;
    if url.starts_with("localhost") {
        // Its first address may be ::1, and BusyBox tries no other.
        return Err("asks localhost, which may be an address of IPv6, where nginx does not listen".into());
    }
    let (host, path) = url.split_once('/').unwrap_or((url, ""));
    let here = ports.iter().any(|port| host == format!("127.0.0.1:{port}"));
    if here && matches!(path, "" | "index.html") { Ok(()) } else { Err(unknown()) }
}

#[cfg(test)]
mod tests {
    use super::asks;

    #[test]
    fn health_checks() {
        for (test, expected) in [
            ("wget -q --spider http://127.0.0.1:8080/ || exit 1", None),
            ("wget -qO- 'http://127.0.0.1:8080'", None),
            ("wget -O /dev/null -T 3 http://127.0.0.1:8080/index.html", None),
            ("wget --no-verbose --tries=1 --spider http://127.0.0.1:8080/", Some("not known")),
            ("wget -q --spider http://localhost:8080/", Some("IPv6")),
            ("wget -q --spider http://127.0.0.1:3000/", Some("not known")),
            ("wget -q --spider http://127.0.0.1:8080/health", Some("not known")),
            ("wget -q http://127.0.0.1:8080/ && node x.js", Some("not known")),
            ("curl -f http://127.0.0.1:8080/", Some("may lack")),
            ("node health.js", Some("may lack")),
            ("", Some("may lack")),
        ] {
            let found = asks(test, &[8080]);
            match expected {
                None => assert_eq!(found, Ok(()), "{test}"),
                Some(expected) => assert!(found.as_ref().is_err_and(|it| it.contains(expected)), "{test}: {found:?}"),
            }
        }
    }
}
