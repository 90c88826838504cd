//! `RUN --mount=…`: <https://docs.docker.com/reference/dockerfile/#run---mount>

use super::{Document, Instruction};
use crate::source::Span;

/// A mount of a RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The whole flag.
    pub span: Span,
    /// `bind`, `cache`, `tmpfs`, `secret`, `ssh`, in lower case; `bind` where it is not said.
    pub kind: Box<str>,
    /// Keys, in lower case, and values as written; a key without a value is `true`.
    pub fields: Vec<(Box<str>, Box<str>)>,
}

impl Mount {
    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.iter().rev().find(|(own, _)| **own == *key).map(|(_, value)| &**value)
    }

    /// Where it is mounted, as written: variables and relative paths as they are.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        ["target", "dst", "destination"].iter().find_map(|key| self.get(key))
    }
}

/// The mounts of an instruction, in order.
pub(super) fn of(document: &Document, instruction: &Instruction) -> Vec<Mount> {
    let mounts = instruction.flags.iter().filter(|flag| document.joined(instruction, flag.name) == "mount");
    mounts
        .filter_map(|flag| {
            let value = document.joined(instruction, flag.value?);
            let fields: Vec<(Box<str>, Box<str>)> = fields(&value)
                .into_iter()
                .map(|field| match field.split_once('=') {
                    Some((key, value)) => (key.to_ascii_lowercase().into(), value.into()),
                    None => (field.to_ascii_lowercase().into(), "true".into()),
                })
                .collect();
            let kind = fields.iter().rev().find(|(key, _)| **key == *"type");
            let kind = kind.map_or_else(|| "bind".into(), |(_, kind)| kind.to_ascii_lowercase().into());
            Some(Mount { span: flag.span, kind, fields })
        })
        .collect()
}

/// The fields of one line of CSV.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().expect("at least one").push(letter),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read() {
        let text = "FROM a\nRUN --mount=type=cache,target=/c,sharing=locked \\\n  --mount=src=a,dst=b --network=none \\\n  \
                    --mount=type=secret,id=x,required --mount=type=cache,\"target=/a,b\" x";
        let doc = Document::parse(text);
        let mounts = doc.mounts(&doc.instructions()[1]);
        let got: Vec<_> = mounts.iter().map(|mount| (&*mount.kind, mount.target())).collect();
        assert_eq!(got, [("cache", Some("/c")), ("bind", Some("b")), ("secret", None), ("cache", Some("/a,b"))]);
        assert_eq!((mounts[0].get("sharing"), mounts[2].get("required")), (Some("locked"), Some("true")));
        assert_eq!(doc.slice(mounts[1].span), "--mount=src=a,dst=b");
    }
}
