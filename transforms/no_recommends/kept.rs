//! Recommended packages that what is installed does not work without: they are named, and so stay.

use crate::commands::apt::Package;
use crate::commands::{Invocation, Operand};
use crate::images::{Image, Kind};
use crate::shell::Script;
use crate::source::{Edit, Span};
use crate::transform::View;

/// Recommended packages that matter: those without which the package is of no use, and the others, in words.
struct Recommended {
    package: &'static str,
    kept: &'static [&'static str],
    others: &'static str,
}

const fn recommended(package: &'static str, kept: &'static [&'static str], others: &'static str) -> Recommended {
    Recommended { package, kept, others }
}

/// From the package index of Debian 12.
const RECOMMENDED: &[Recommended] = &[
    recommended("apache2", &[], "ssl-cert"),
    recommended("autoconf", &["automake"], ""),
    recommended("cmake", &["gcc", "libc6-dev", "make"], ""),
    recommended("composer", &["git", "unzip"], ""),
    recommended("cpanminus", &["make"], ""),
    recommended("cron", &[], "a mail transfer agent"),
    recommended("curl", &["ca-certificates"], ""),
    recommended("docker.io", &["ca-certificates", "git", "xz-utils"], ""),
    recommended("dpkg-dev", &[], "build-essential, fakeroot, gnupg"),
    recommended("gcc", &["libc6-dev"], ""),
    recommended("git", &["ca-certificates"], "less, openssh-client, patch"),
    recommended("graphviz", &[], "fonts"),
    recommended("imagemagick", &[], "fonts, ghostscript"),
    recommended("libcurl4", &["ca-certificates"], ""),
    recommended("libtool", &[], "libltdl-dev"),
    recommended("mercurial", &[], "openssh-client"),
    recommended("meson", &[], "dpkg-dev"),
    recommended("npm", &[], "build-essential, git"),
    recommended("openssh-client", &[], "xauth"),
    recommended("perl", &[], "netbase"),
    recommended("python3-pip", &[], "build-essential, python3-dev"),
    recommended("r-base-core", &[], "r-base-dev, r-recommended"),
    recommended("rustc", &["cargo"], ""),
    recommended("wget", &["ca-certificates"], ""),
    recommended("xvfb", &[], "xauth"),
];

/// What brings a package as a dependency.
const BRINGS: &[(&str, &[&str])] = &[
    ("gcc", &["build-essential", "g++"]),
    ("libc6-dev", &["build-essential", "clang", "g++"]),
    ("make", &["build-essential", "dpkg-dev"]),
];

/// What packages that matter are recommended by the packages of `apts`.
pub struct Kept<'a> {
    /// The names of what is installed, in order.
    pub names: Vec<&'a str>,
    /// Those that recommend what may matter, with that.
    pub others: Vec<(&'static str, &'static str)>,
    /// By install: what is to be named there.
    named: Vec<Vec<&'static str>>,
}

impl<'a> Kept<'a> {
    /// Of the installs of the RUN at `index`.
    pub fn of(view: &View<'_>, index: usize, apts: &'a [Invocation]) -> Self {
        let image = view.doc.stage_of(index).and_then(|stage| view.scopes().image(stage));
        let mut names: Vec<&str> = apts.iter().flat_map(|apt| &apt.operands).map(name).collect();
        names.sort_unstable();
        names.dedup();
        // What another install brings may be gone by then, or not be there yet.
        let named = apts.iter().map(|apt| {
            let own: Vec<&str> = apt.operands.iter().map(name).collect();
            let has = |wanted: &str| {
                let bring = BRINGS.iter().find(|(package, _)| *package == wanted).map_or(&[][..], |(_, bring)| bring);
                own.contains(&wanted)
                    || bring.iter().any(|it| own.contains(it))
                    || image.is_some_and(|image| brings(image, wanted))
            };
            let kept = own.iter().filter_map(|name| find(name)).flat_map(|known| known.kept.iter().copied());
            let mut named: Vec<&'static str> = kept.filter(|kept| !has(kept)).collect();
            named.sort_unstable();
            named.dedup();
            named
        });
        let named = named.collect();
        let known = names.iter().filter_map(|name| find(name)).filter(|it| !it.others.is_empty());
        let others = known.map(|it| (it.package, it.others)).collect();
        Self { names, others, named }
    }

    /// What is to be named.
    pub fn named(&self) -> impl Iterator<Item = &'static str> {
        self.named.iter().flatten().copied()
    }

    /// The edits that name them.
    pub fn edits(&self, view: &View<'_>, script: &Script, apts: &[Invocation]) -> Option<Vec<Edit>> {
        let mut edits: Vec<(usize, String, bool)> = Vec::new();
        for (apt, named) in apts.iter().zip(&self.named) {
            for it in named {
                let (operand, behind) = neighbour(apt, it)?;
                let between = separator(view, script, operand.span);
                let map = script.map();
                let at = if behind { map.behind(operand.span.end)? } else { map.before(operand.span.start)? };
                let text = if behind { format!("{between}{it}") } else { format!("{it}{between}") };
                match edits.iter_mut().find(|edit| edit.0 == at && edit.2 == behind) {
                    Some((_, known, _)) => known.push_str(&text),
                    None => edits.push((at, text, behind)),
                }
            }
        }
        Some(edits.into_iter().map(|(at, text, _)| Edit::insert(at, text)).collect())
    }
}

fn name(operand: &Operand) -> &str {
    let Some(text) = operand.literal.as_deref() else { return "a variable" };
    let package = Package::parse(text);
    // What is removed, or is for another architecture, is another package.
    if package.suffix.is_some() || package.architecture.is_some() { text } else { package.name }
}

fn find(name: &str) -> Option<&'static Recommended> {
    // A compiler of one version is like that of any.
    let name = if name.strip_prefix("gcc-").is_some_and(|rest| rest.bytes().all(|it| it.is_ascii_digit())) {
        "gcc"
    } else {
        name
    };
    RECOMMENDED.iter().find(|it| it.package == name)
}

/// Whether an image has a package; not whenever it is not known.
fn brings(image: &Image, package: &str) -> bool {
    let full = !image.slim && matches!(image.kind, Kind::Python | Kind::Node | Kind::Ruby | Kind::Rust);
    let compiles = full || matches!(image.kind, Kind::Golang | Kind::Php);
    image.family.is_debian_like()
        && match package {
            "ca-certificates" => compiles || matches!(image.kind, Kind::Python | Kind::Ruby | Kind::Rust),
            "gcc" | "libc6-dev" | "make" => compiles,
            _ => false,
        }
}

/// The operand beside which a package is named, and whether behind it: in a sorted list at its place.
fn neighbour<'i>(apt: &'i Invocation, package: &str) -> Option<(&'i Operand, bool)> {
    let by = || apt.operands.iter().find(|it| find(name(it)).is_some_and(|it| it.kept.contains(&package)));
    if !apt.operands.is_sorted_by_key(name) {
        return Some((by()?, true));
    }
    match apt.operands.iter().find(|operand| name(operand) > package) {
        Some(next) => Some((next, false)),
        None => Some((apt.operands.last()?, true)),
    }
}

/// What stands before a word: a blank, or a line break in the style of the list.
fn separator<'v>(view: &View<'v>, script: &Script, word: Span) -> &'v str {
    let before = script.text()[..word.start].trim_end_matches([' ', '\t', '\r', '\n', '\\']).len();
    let between = || Some(Span::new(script.map().behind(before)?, script.map().before(word.start)?));
    let text = between().map_or(" ", |span| view.doc.slice(span));
    let is_one_break = text.contains('\n') && text.chars().all(|it| it.is_whitespace() || matches!(it, '\\' | '`'));
    if is_one_break { text } else { " " }
}
