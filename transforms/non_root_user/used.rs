//! What the repository says of how the image is run.

use std::sync::Arc;

use super::Ship;
use crate::context::Uses;
use crate::context::uses::Run;

/// What in a command that replaces CMD needs root, or writes to what root owns.
const ROOT: &[&str] =
    &["apt", "apk ", "chown", " install", "npm ci", "gosu", "su-exec", "sudo", "crond", "cron ", "sshd", "certbot"];

/// A check with more than these is not read.
const MAX_TOLD: usize = 3;

fn uses(ship: &Ship<'_>) -> Option<Arc<Uses>> {
    ship.view.world.uses()
}

/// How the image is run.
fn runs<'u>(ship: &Ship<'_>, uses: &'u Uses) -> impl Iterator<Item = &'u Run> {
    let last = ship.view.doc.stages().len() - 1;
    uses.runs(ship.view.doc.stages()[last].name.as_deref(), last, true)
}

/// Whether nothing speaks against another user than root.
///
/// # Errors
/// What does.
pub(super) fn against(ship: &Ship<'_>) -> Result<(), String> {
    let Some(uses) = uses(ship) else { return Ok(()) };
    if let Some(unread) = uses.unread() {
        return Err(unread);
    }
    for run in runs(ship, &uses) {
        let root = |user: &str| matches!(user.split(':').next(), Some("root" | "0"));
        if let Some(user) = run.users.iter().find(|user| root(&user.what)) {
            return Err(format!("{} runs it as root", user.at));
        }
        if let Some(at) = &run.privileged {
            return Err(format!("{at} gives it all privileges"));
        }
        if let Some(at) = &run.develops {
            return Err(format!("{at} makes it a place to develop in"));
        }
        for mount in &run.mounts {
            if mount.what.source.contains("docker.sock") || mount.what.target.contains("docker.sock") {
                return Err(format!("{} gives it the socket of Docker", mount.at));
            }
            if mount.what.target == "/root" || mount.what.target.starts_with("/root/") {
                return Err(format!("{} mounts in root's home, where nobody else may look", mount.at));
            }
        }
        let needs = |command: &str| ROOT.iter().find(|word| command.contains(*word));
        let mut commands = run.started().filter_map(|command| Some((&command.at, needs(&command.what)?)));
        if let Some((at, word)) = commands.next() {
            return Err(format!("{at} starts it with `{}`", word.trim()));
        }
    }
    Ok(())
}

/// The ports that are published and need a privilege.
pub(super) fn ports(ship: &Ship<'_>) -> Vec<String> {
    let Some(uses) = uses(ship) else { return Vec::new() };
    let ports = runs(ship, &uses).flat_map(|run| &run.ports).map(|port| &port.what);
    ports.filter(|port| port.parse::<u16>().is_ok_and(|port| port < 1024)).cloned().collect()
}

/// Who runs it whatever USER says, and what starts it only without root: `compose.yaml:7 runs it as 1000 all the same`.
pub(super) fn users(ship: &Ship<'_>) -> Option<String> {
    let uses = uses(ship)?;
    let mut told: Vec<String> = Vec::new();
    for run in runs(ship, &uses) {
        for user in &run.users {
            let what = format!(" runs it as {} all the same", user.what.replace('\0', "…"));
            if !told.iter().any(|told| told.ends_with(&what)) {
                told.push(user.at.to_string() + &what);
            }
        }
        let own = run.no_root.as_ref().filter(|_| run.users.is_empty());
        told.extend(own.map(|at| format!("{at} starts it only without root")));
    }
    shortened(told)
}

/// What is mounted, and may belong to another: `compose.yaml:7 mounts at /data`.
pub(super) fn mounts(ship: &Ship<'_>) -> Option<String> {
    let uses = uses(ship)?;
    // A volume without a name is filled from the image.
    let others = runs(ship, &uses)
        .flat_map(|run| &run.mounts)
        .filter(|mount| !mount.what.source.is_empty() && !mount.what.read_only && mount.what.target.starts_with('/'));
    let mut told: Vec<String> = Vec::new();
    for mount in others {
        let target = mount.what.target.replace('\0', "…");
        if !told.iter().any(|told| told.ends_with(&format!(" {target}"))) {
            told.push(format!("{} mounts at {target}", mount.at));
        }
    }
    shortened(told)
}

/// All of it in a few words.
fn shortened(mut told: Vec<String>) -> Option<String> {
    let more = told.len().saturating_sub(MAX_TOLD);
    told.truncate(MAX_TOLD);
    match (told.is_empty(), more) {
        (true, _) => None,
        (_, 0) => Some(told.join(", ")),
        (_, more) => Some(format!("{}, and {more} more", told.join(", "))),
    }
}
