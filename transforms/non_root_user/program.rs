//! What an image runs, and whether that needs root.

use super::Ship;
use crate::context::Tree;
use crate::dockerfile::{Command, Kind};
use crate::images;
use crate::transform::brought::copied;
use crate::transform::paths::{absolute, join};

/// Programs that need root, or give it up themselves.
#[rustfmt::skip]
const NEED_ROOT: &[&str] = &[
    "apache2", "apache2-foreground", "apache2ctl", "apachectl", "apk", "apt", "apt-get", "asterisk", "avahi-daemon",
    "bind9", "caddy", "catatonit", "chown", "chroot", "consul", "containerd", "cron", "crond", "cupsd", "dbus-daemon",
    "dnf", "dnsmasq", "docker", "dockerd", "dovecot", "dpkg", "filebeat", "fixuid", "freeradius", "gosu", "groupadd",
    "groupmod", "haproxy", "httpd", "httpd-foreground", "in.tftpd", "inetd", "init", "ip", "iptables", "ldconfig",
    "lighttpd", "logrotate", "mariadbd", "modprobe", "mongod", "mount", "mysqld", "mysqld_safe", "named", "nginx",
    "nmbd", "ntpd", "openvpn", "php-fpm", "podman", "postfix", "postgres", "postmaster", "privoxy", "proftpd",
    "pure-ftpd", "rabbitmq-server", "radvd", "redis-server", "rpcbind", "rsync", "rsyslogd", "runit", "runsvdir",
    "runuser", "s6-svscan", "samba", "service", "setcap", "setpriv", "slapd", "smbd", "snmpd", "snort", "squid",
    "sshd", "start_runit", "strongswan", "su", "su-exec", "sudo", "supervisord", "suricata", "sysctl", "syslogd",
    "systemctl", "systemd", "tcpdump", "telnetd", "tftpd", "tor", "udevd", "umount", "unbound",
    "update-ca-certificates", "useradd", "usermod", "varnishd", "vsftpd", "wg", "wg-quick", "wpa_supplicant",
    "xinetd", "yum",
];

/// What starts a program anew when its sources change, which are then mounted over those of the image.
const DEVELOPMENT: &[&str] = &[
    "--reload",
    "air",
    "cargo-watch",
    "dev",
    "develop",
    "dlv",
    "gin",
    "nodemon",
    "runserver",
    "serve:dev",
    "start:dev",
    "ts-node-dev",
    "vite",
    "watch",
    "watchexec",
    "watchmedo",
];

/// Shells: alone, they are there to work in.
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "fish"];

/// What a script writes outside of where its program may.
const WRITES: &[&str] =
    &["/etc/", "/root", "/var/", "/usr/", "/opt/", "> /", ">/", "mkdir ", "chmod ", "ln ", "mv ", "cp "];

/// Entrypoints of base images that hand on to the command, whoever runs them.
/// <https://github.com/nodejs/docker-node/blob/main/docker-entrypoint.sh>,
/// <https://github.com/docker-library/php/blob/master/docker-php-entrypoint>
const HAND_ON: &[&str] = &["docker-entrypoint.sh", "docker-php-entrypoint"];

/// Something that the image runs: its words.
pub(super) type Program = Vec<String>;

/// What the image runs. `None` if the file does not say what.
///
/// # Errors
/// Why it cannot be told, or needs root.
pub(super) fn of(ship: &Ship<'_>) -> Option<Result<Vec<Program>, String>> {
    let last = |is: fn(&Kind) -> bool| ship.instructions().filter(|at| is(&ship.view.instruction(*at).kind)).last();
    let cmd = last(|kind| matches!(kind, Kind::Cmd(_)));
    let entrypoint = last(|kind| matches!(kind, Kind::Entrypoint(_)));
    let healthcheck = last(|kind| matches!(kind, Kind::Healthcheck(_)));
    cmd.or(entrypoint)?;
    let mut programs: Vec<Program> =
        [cmd, entrypoint, healthcheck].into_iter().flatten().map(|at| words(ship, at)).collect();
    programs.retain(|words| !words.is_empty());
    if entrypoint.is_none() {
        match ship.image.entrypoint {
            // Those that have one hand on to the command, whoever runs it.
            // https://github.com/adoptium/containers/blob/main/docker_templates/scripts/entrypoint.normal.sh
            None if &*ship.image.repository == "eclipse-temurin" => {}
            None => return Some(Err("whether the base image has an entrypoint is not known".into())),
            Some(words) if words.first().is_some_and(|first| !hands_on(ship, first)) => {
                return Some(Err(format!("{} of the base image may need root", words.join(" "))));
            }
            Some(_) => {}
        }
    }
    let known = programs.iter().try_for_each(|words| needs_no_root(ship, words));
    let known = known.and_then(|()| {
        let own = programs.iter().flatten().any(|word| is_brought(ship, word))
            || ship.instructions().any(|index| ship.is_into_own_folder(index));
        if own { Ok(()) } else { Err("where its program writes is not known".to_owned()) }
    });
    Some(known.map(|()| programs))
}

/// Whether a COPY of the last stage puts the file at `path` there.
fn is_brought(ship: &Ship<'_>, path: &str) -> bool {
    let Some(place) = join(ship.workdir, path) else { return false };
    ship.stage.clone().any(|index| {
        let instruction = ship.view.instruction(index);
        let (Kind::Copy(it) | Kind::Add(it)) = &instruction.kind else { return false };
        let word = |word| ship.view.doc.word(instruction, word);
        let Some(to) = absolute(ship.view, index, &word(it.destination)) else { return false };
        let named = || it.sources.iter().any(|source| base(&word(*source)) == base(path));
        to == place || place.strip_prefix(&*to).is_some_and(|rest| rest.starts_with('/') || to == "/" && named())
    })
}

fn hands_on(ship: &Ship<'_>, program: &str) -> bool {
    matches!(ship.image.kind, images::Kind::Node | images::Kind::Php | images::Kind::Deno | images::Kind::Bun)
        && HAND_ON.iter().any(|own| program.ends_with(own))
}

/// The words of the command of instruction `index`, as far as blanks and operators part them.
fn words(ship: &Ship<'_>, index: usize) -> Program {
    let instruction = ship.view.instruction(index);
    match &instruction.kind {
        Kind::Cmd(command) | Kind::Entrypoint(command) | Kind::Healthcheck(Some(command)) => match command {
            Command::Exec(words) => {
                words.iter().map(|word| ship.view.doc.word(instruction, *word).into_owned()).collect()
            }
            Command::Shell(span) => split(&ship.view.doc.joined(instruction, *span)),
        },
        _ => Vec::new(),
    }
}

fn split(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| c.is_whitespace() || ";&|()'\"`<>{}".contains(c));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Whether nothing that a command names is known to need root, and its scripts can be read.
fn needs_no_root(ship: &Ship<'_>, words: &[String]) -> Result<(), String> {
    if words.iter().find(|word| *word != "exec").is_some_and(|program| program.starts_with('$')) {
        return Err("which program it runs, a variable says".into());
    }
    // `sh -c '…'` in JSON form.
    let parts: Vec<String> = words.iter().flat_map(|word| split(word)).collect();
    if let Some(word) = parts.iter().find(|word| NEED_ROOT.contains(&base(word)) || base(word).starts_with("php-fpm")) {
        return Err(format!("{} needs root, or gives it up itself", base(word)));
    }
    let mut program =
        parts.iter().map(|word| base(word)).filter(|word| !matches!(*word, "exec" | "tini" | "dumb-init" | "--"));
    if let Some(word) = parts.iter().find(|word| DEVELOPMENT.contains(&base(word))) {
        return Err(format!("it is started for development (`{}`), with other files than these", base(word)));
    }
    match (program.next(), program.next()) {
        (Some(tool @ ("cargo" | "dotnet")), Some(verb @ ("run" | "watch"))) => {
            return Err(format!("`{tool} {verb}` compiles beside what root has built"));
        }
        (Some(tool @ ("gradle" | "gradlew" | "make" | "mvn" | "mvnw")), _) => {
            return Err(format!("{tool} builds beside what root has built"));
        }
        (Some(shell), rest)
            if SHELLS.contains(&shell) && rest.is_none_or(|rest| matches!(rest, "-i" | "-l" | "--login")) =>
        {
            return Err("a shell to work in is what it runs".into());
        }
        (Some("tail" | "sleep"), _) => return Err("it only waits for somebody to work in it".into()),
        _ => {}
    }
    for path in
        parts.iter().filter(|word| word.ends_with(".sh") || word.contains("entrypoint") || word.starts_with('/'))
    {
        script(ship, path)?;
    }
    Ok(())
}

/// Whether `path`, if it is a shell script, can be read and does nothing that takes root.
fn script(ship: &Ship<'_>, path: &str) -> Result<(), String> {
    let named = path.ends_with(".sh") || path.contains("entrypoint");
    let Some(text) = read(ship, path) else {
        return if named && !HAND_ON.contains(&path) {
            Err(format!("what {path} does cannot be read here"))
        } else {
            Ok(())
        };
    };
    let shebang = text.lines().next().unwrap_or_default();
    if !(named || shebang.starts_with("#!") && shebang.contains("sh")) {
        return Ok(());
    }
    let words = split(&text);
    if let Some(word) = words.iter().find(|word| NEED_ROOT.contains(&base(word))) {
        return Err(format!("{path} runs {}, which needs root, or gives it up itself", base(word)));
    }
    match WRITES.iter().find(|it| text.contains(**it)) {
        Some(it) => Err(format!("{path} may write where only root may: it holds `{}`", it.trim())),
        None => Ok(()),
    }
}

/// The file of the context that is at `path` in the image.
fn read(ship: &Ship<'_>, path: &str) -> Option<String> {
    let tree = Tree::of(ship.view.world)?;
    let place = join(ship.workdir, path)?;
    let indices: Vec<usize> = ship.instructions().collect();
    let mut brought = indices.iter().rev().filter_map(|index| copied(ship.view, Some(&tree), *index));
    brought.find_map(|copied| {
        let file = copied.files.iter().find(|(_, to)| *to == place).map(|(source, _)| source.clone());
        tree.text(&file.or_else(|| copied.source_of(&place))?).ok()?
    })
}
