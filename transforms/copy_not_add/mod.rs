//! See README.md: where ADD does nothing that COPY does not do, too.

mod archive;

use crate::context::{Look, World};
use crate::dockerfile::{Instruction, Kind, Lookup, Transfer, expand};
use crate::source::Edit;
use crate::transform::{Change, Dialect, Finding, On, Promise, Transform, View};

use archive::{is_named_archive, may_be_archive};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

const MESSAGE: &str = "ADD only copies here, and would unpack an archive or fetch a URL: COPY says what is meant";
const URL: &str = "what the URL gives is not checked: --checksum=sha256:… pins it";

fn find(view: &View<'_>) -> Vec<Finding> {
    let all = view.doc.instructions().iter().enumerate();
    all.filter_map(|(index, instruction)| match &instruction.kind {
        Kind::Add(transfer) => judge(view, index, instruction, transfer),
        _ => None,
    })
    .collect()
}

/// What a source is.
enum Source {
    /// No archive: COPY does the same.
    Plain,
    /// A local archive: ADD is meant.
    Archive,
    /// A local file whose content is not at hand.
    Unseen(String),
    /// Over HTTP.
    Url,
    /// A git repository.
    Git,
    /// It cannot be told, and why.
    Unclear(&'static str),
}

fn judge(view: &View<'_>, index: usize, instruction: &Instruction, transfer: &Transfer) -> Option<Finding> {
    let doc = view.doc;
    let names: Vec<String> =
        instruction.flags.iter().map(|flag| doc.joined(instruction, flag.name).to_ascii_lowercase()).collect();
    let sources: Vec<Source> = transfer
        .sources
        .iter()
        .map(|word| {
            if instruction.heredocs.iter().any(|heredoc| heredoc.operator == word.span) {
                return Source::Plain;
            }
            classify(view.world, &doc.word(instruction, *word), doc.escape())
        })
        .collect();
    if sources.iter().any(|source| matches!(source, Source::Url)) {
        let pinned = names.iter().any(|name| name == "checksum");
        return (!pinned && takes_checksums(view.dialect())).then(|| Finding::advice(vec![index], URL));
    }
    if sources.iter().any(|source| matches!(source, Source::Git | Source::Archive)) {
        return None;
    }
    let held = |reason: String| Some(Finding::held(vec![index], MESSAGE, reason));
    if let Some(name) = names.iter().find(|name| matches!(&***name, "checksum" | "keep-git-dir" | "unpack")) {
        return held(format!("COPY has no --{name}"));
    }
    if let Some(reason) =
        sources.iter().find_map(|source| if let Source::Unclear(reason) = source { Some(*reason) } else { None })
    {
        return held(reason.into());
    }
    let keyword = doc.slice(instruction.keyword);
    if keyword.len() != 3 {
        return held("the keyword goes on over several lines".into());
    }
    let copy = if keyword.bytes().all(|byte| byte.is_ascii_lowercase()) { "copy" } else { "COPY" };
    let edit = Edit::replace(doc.text(), instruction.keyword, copy);
    let change = Change::new([edit], [Promise::Transfer]).ok()?;
    let unseen: Vec<&str> = sources
        .iter()
        .filter_map(|source| if let Source::Unseen(name) = source { Some(&**name) } else { None })
        .collect();
    Some(match unseen[..] {
        [] => Finding::safe(vec![index], MESSAGE, change),
        [name] => Finding::review(vec![index], MESSAGE, format!("{name} is no tar archive, compressed or not"), change),
        _ => {
            let check = format!("none of {} is a tar archive, compressed or not", unseen.join(", "));
            Finding::review(vec![index], MESSAGE, check, change)
        }
    })
}

/// What BuildKit takes a source for (`dispatchCopy` and `ParseGitRef`), and what stands there.
fn classify(world: &dyn World, raw: &str, escape: char) -> Source {
    let lower = raw.trim_start_matches(['"', '\'']).to_ascii_lowercase();
    let http = lower.starts_with("http://") || lower.starts_with("https://");
    if http && (lower.contains(".git#") || lower.trim_end_matches(['"', '\'']).ends_with(".git")) {
        return Source::Git;
    }
    if http {
        return Source::Url;
    }
    if lower.contains("://") || lower.starts_with("git@") || lower.starts_with("github.com/") {
        return Source::Git;
    }
    if lower.starts_with('$') {
        return Source::Unclear("a variable may be a URL or an archive");
    }
    if lower.contains(':') && lower.contains('@') {
        return Source::Unclear("a source may be a git repository");
    }
    if lower.contains('$') {
        return Source::Unclear("a source has a variable, and may be an archive");
    }
    let Some(path) = expand(raw, escape, &mut |_| Lookup::Unknown) else {
        return Source::Unclear("a source is not understood");
    };
    local(world, &path)
}

/// A source in the build context.
fn local(world: &dyn World, path: &str) -> Source {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        // The context itself is a directory, and its archives are copied as they are.
        return Source::Plain;
    }
    if path.contains(['[', '\\']) {
        return Source::Unclear("a pattern is not understood");
    }
    let mut found = Vec::new();
    if !matches(world, String::new(), &parts, &mut found) {
        found.clear();
    }
    let mut unseen = found.is_empty();
    for (file, look) in &found {
        match look {
            Look::Directory => {}
            Look::File => match world.read(file) {
                Some(bytes) if may_be_archive(&bytes) => return Source::Archive,
                Some(_) => {}
                None => unseen = true,
            },
            Look::Missing | Look::Other => unseen = true,
        }
    }
    if !unseen {
        return Source::Plain;
    }
    if parts.last().is_some_and(|name| is_named_archive(name)) {
        return Source::Archive;
    }
    Source::Unseen(path.into())
}

/// Collects what `parts` match below `folder`; false if it is not known.
fn matches(world: &dyn World, folder: String, parts: &[&str], found: &mut Vec<(String, Look)>) -> bool {
    let Some((first, rest)) = parts.split_first() else { return true };
    let below = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let names: Vec<String> = if first.contains(['*', '?']) {
        let Some(names) = world.list(&folder) else { return false };
        names.iter().filter(|name| glob(first.as_bytes(), name.as_bytes())).map(|name| below(name)).collect()
    } else {
        vec![below(first)]
    };
    names.into_iter().all(|path| match (world.look(&path), rest.is_empty()) {
        (None, _) => false,
        (Some(Look::Missing), _) | (Some(Look::File), false) => true,
        (Some(look), true) => {
            found.push((path, look));
            true
        }
        (Some(Look::Directory), false) => matches(world, path, rest, found),
        (Some(Look::Other), false) => false,
    })
}

/// Whether `pattern`, of letters, `*` and `?`, matches all of `name`, which has no slash.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|at| glob(rest, &name[at..])),
        // A `?` stands for a character: one that takes several bytes is left to more than one try.
        Some((b'?', rest)) => (1..=name.len().min(4)).any(|at| {
            std::str::from_utf8(&name[..at]).is_ok_and(|text| text.chars().count() == 1) && glob(rest, &name[at..])
        }),
        Some((letter, rest)) => name.split_first().is_some_and(|(first, name)| first == letter && glob(rest, name)),
    }
}

/// <https://docs.docker.com/reference/dockerfile/#add---checksum>
fn takes_checksums(dialect: Dialect) -> bool {
    match dialect {
        Dialect::BuildKit => true,
        Dialect::BuildKitFrontend(major, minor) => (major, minor) >= (1, 6),
        Dialect::Buildah(major, minor) => (major, minor) >= (1, 33),
        Dialect::Kaniko | Dialect::Classic => false,
    }
}
