//! What chown's owner is for COPY.

use super::Reason;
use crate::dockerfile::{Lookup, expand};
use crate::shell::{Script, Word};
use crate::transform::View;

/// The value of `--chown` that makes the same owner and group as chown does for what COPY brings.
///
/// # Errors
/// Why there is none.
pub fn for_copy(view: &View<'_>, run: usize, copy: usize, script: &Script, owner: &Word) -> Result<String, Reason> {
    let raw = match &owner.literal {
        Some(literal) => literal.to_string(),
        None => variables(view, run, copy, script.slice(owner.span).trim_matches('"'))?,
    };
    let value = expand(&raw, '\\', &mut |name| view.scope(run).get(name)).ok_or("the owner is not known")?;
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let other = view.doc.has_flag(view.instruction(copy), "from");
    let (user, group) = value.split_once(':').map_or((&*value, None), |(user, group)| (user, Some(group)));
    if !plain(user) || !group.is_none_or(plain) {
        return Err("the owner is not a plain name or number".into());
    }
    match (user, group) {
        (_, Some("")) => Err("the group is that of the account, which COPY does not look up".into()),
        // COPY gives a lone user's number to the group, too, where chown leaves the group as it is: root's.
        (_, None) | ("", _) if other => Err("what comes from another stage may have another owner and group".into()),
        (_, None) => Ok(format!("{raw}:0")),
        ("", Some(_)) => Ok(format!("0{raw}")),
        (_, Some(_)) => Ok(raw),
    }
}

/// Text with variables that mean the same for COPY as for the shell: ENV and ARG, set to something plain.
fn variables(view: &View<'_>, run: usize, copy: usize, text: &str) -> Result<String, Reason> {
    let strange = "the owner is not known before the build";
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('$') {
        let inner = behind.strip_prefix('{').unwrap_or(behind);
        let end = inner.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(inner.len());
        let name = &inner[..end];
        let closed = behind.starts_with('{') == inner[end..].starts_with('}');
        let (here, there) = (view.scope(run), view.scope(copy));
        let set = here.source(name).is_some() && here.get(name) == there.get(name);
        // Bash sets UID and EUID by itself.
        if matches!(name, "" | "UID" | "EUID")
            || !closed
            || !set
            || !matches!(here.get(name), Lookup::Value(value) if !value.is_empty())
        {
            return Err(strange.into());
        }
        rest = &inner[end..];
    }
    if text.contains(['"', '\'', '`', '(', '\\', ' ']) {
        return Err(strange.into());
    }
    Ok(text.to_owned())
}
