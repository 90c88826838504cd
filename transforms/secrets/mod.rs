//! See README.md: names that say that a value is secret, and files that are keys.

use crate::dockerfile::{Instruction, Kind, Lookup, expand};
use crate::transform::{Finding, On, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

/// Words of a name that say so, and words that say otherwise: those of BuildKit (`getSecretsRegex` in its
/// `dockerfile2llb/convert.go`). Keys for GnuPG in a Dockerfile are the fingerprints of public ones.
const SECRET: &[&str] =
    &["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];
const NOT_SECRET: &[&str] = &["public", "file", "version", "pub", "gpg", "pgp", "fingerprint"];
/// Words that tell of a setting around a secret.
const ABOUT: &[&str] = &[
    "algorithm",
    "backend",
    "class",
    "dir",
    "disabled",
    "enable",
    "enabled",
    "expiration",
    "expire",
    "expires",
    "expiry",
    "host",
    "id",
    "length",
    "limit",
    "manager",
    "method",
    "mode",
    "name",
    "path",
    "plugin",
    "policy",
    "port",
    "provider",
    "realm",
    "server",
    "size",
    "sock",
    "timeout",
    "ttl",
    "type",
    "uri",
    "url",
    "user",
    "username",
];

fn find(view: &View<'_>) -> Vec<Finding> {
    let finding = |(index, instruction): (usize, &Instruction)| {
        let message = match &instruction.kind {
            Kind::Env(pairs) => {
                let secret = pairs.iter().find_map(|pair| {
                    let name = view.doc.joined(instruction, pair.key);
                    (is_secret(&name) && holds(view, index, &view.doc.joined(instruction, pair.value))).then_some(name)
                })?;
                format!(
                    "everybody who has the image can read {secret}: set it when a container starts; {}",
                    mount(&secret)
                )
            }
            Kind::Arg(arguments) => {
                let secret = arguments.iter().find_map(|argument| {
                    let name = view.doc.joined(instruction, argument.name);
                    let default = argument.default.map(|default| view.doc.joined(instruction, default));
                    let holds = default.is_none_or(|default| default.is_empty() || holds(view, index, &default));
                    (is_secret(&name) && holds).then_some(name)
                })?;
                format!("the history of the image keeps {secret}: {}", mount(&secret))
            }
            Kind::Copy(transfer) | Kind::Add(transfer) => {
                let from_stage = view.doc.has_flag(instruction, "from");
                let names = transfer.sources.iter().map(|source| view.doc.word(instruction, *source));
                let key = names.into_iter().filter(|_| !from_stage).find(|name| is_key(name))?;
                let file = key.rsplit('/').next().unwrap_or(&key).to_owned();
                if is_ssh(&file) {
                    format!(
                        "a layer keeps {file}, also if a later one deletes it: RUN --mount=type=ssh …, built with --ssh default"
                    )
                } else {
                    format!(
                        "a layer keeps {file}, also if a later one deletes it: RUN --mount=type=secret,id={id},target=… …, built \
                         with --secret id={id},src={key}",
                        id = file.trim_start_matches('.')
                    )
                }
            }
            _ => return None,
        };
        Some(Finding::advice(vec![index], message))
    };
    view.doc.instructions().iter().enumerate().filter_map(finding).collect()
}

/// What to write for a value that the build needs.
fn mount(name: &str) -> String {
    let id = name.to_lowercase();
    format!("for the build, RUN --mount=type=secret,id={id},env={name} …, built with --secret id={id},env={name}")
}

/// Whether a name says that its value is secret.
fn is_secret(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split('_').collect();
    let any = |list: &[&str]| words.iter().any(|word| list.contains(word));
    any(SECRET) && !any(NOT_SECRET) && !words.last().is_some_and(|last| ABOUT.contains(last))
}

/// Whether a value can be a secret: it is there, and is no flag, number, path or address.
fn holds(view: &View<'_>, index: usize, raw: &str) -> bool {
    let value = expand(raw, view.doc.escape(), &mut |name| match view.scope(index).get(name) {
        Lookup::Unset => Lookup::Value(String::new()),
        other => other,
    });
    let Some(value) = value else { return true };
    let value = value.trim();
    let number = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && value.len() < 6;
    let lower = value.to_ascii_lowercase();
    let flag = matches!(&*lower, "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null" | "trust" | "md5");
    !(number || flag || value.starts_with(['/', '.', '~', '*']) || value.contains("://") && !value.contains('@'))
}

/// Whether a file is a key by its name, or holds one by what it is for.
fn is_key(path: &str) -> bool {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    let aws = path.ends_with(".aws/credentials");
    aws || is_ssh(name)
        || matches!(name, ".netrc" | ".git-credentials" | ".pypirc" | ".pgpass" | ".dockercfg" | ".htpasswd")
}

fn is_ssh(name: &str) -> bool {
    matches!(name, "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" | ".ssh")
}
