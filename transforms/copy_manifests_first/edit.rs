//! The edits: manifests where the COPY stood, and the COPY behind the installation.

use super::{Group, Reason, parent};
use crate::commands::cache::{Surroundings, caching};
use crate::commands::{Program, Tool, Verb, of_the_shell, recognise};
use crate::context::join;
use crate::dockerfile::Kind;
use crate::rewrite::line_break;
use crate::shell::Simple;
use crate::source::{Edit, Span};
use crate::transform::brought::Copied;
use crate::transform::paths;
use crate::transform::{Change, Finding, Promise, View};

/// What is to be done.
pub struct Rewrite<'r> {
    /// COPYs that move, in order.
    pub moved: &'r [&'r Copied],
    /// Lines that stand in the place of the first of them.
    pub lines: Vec<String>,
    /// The RUN behind which they go.
    pub last: usize,
    /// Where that RUN is split: the end of the command before, the start of the one behind.
    pub split: Option<&'r (usize, usize, String)>,
    /// The command that is to run before that RUN, which stays behind the COPYs.
    pub prepared: Option<&'r str>,
}

/// What a command of a RUN that is split keeps for another time.
struct Kept {
    /// It stands before the split.
    before: bool,
    /// It is a package manager of Node.js.
    of_node: bool,
    /// It may run any program.
    anything: bool,
    directories: Vec<String>,
}

impl Kept {
    fn of(around: &Surroundings<'_>, simple: &Simple, before: bool) -> Self {
        let Some(it) = recognise(around.script, simple) else {
            let anything = !Program::of(simple).is_some_and(|it| of_the_shell(it.name));
            return Self { before, of_node: false, anything, directories: Vec::new() };
        };
        let caches = caching(around, &it).transpose();
        Self {
            before,
            of_node: matches!(it.tool, Tool::Npm | Tool::Yarn | Tool::Pnpm),
            anything: it.verb == Verb::Run || caches.is_err(),
            directories: caches
                .ok()
                .flatten()
                .map(|it| it.caches.into_iter().map(|cache| cache.directory.to_string()).collect())
                .unwrap_or_default(),
        }
    }
}

/// The instruction that copies a group of manifests, in the style of the COPY that would bring them.
pub fn manifests(view: &View<'_>, moved: &[&Copied], group: &Group) -> Result<String, Reason> {
    let doc = view.doc;
    let path = group.files.first().or(group.folders.first()).ok_or("nothing is needed")?;
    // Files go into the folder `place`, a folder becomes it.
    let source = if group.files.is_empty() { path.clone() } else { parent(path).to_owned() };
    let brings = |copy: &&&Copied| copy.source_of(&group.place).as_deref() == Some(&*source);
    let copy = moved.iter().find(brings).ok_or_else(|| format!("where {path} goes is not certain"))?;
    let instruction = view.instruction(copy.index);
    let (_, to) = copy.folder.as_ref().ok_or("a folder is not certain")?;
    let raw = doc.word(instruction, copy.destination);
    let rest = group.place.strip_prefix(&**to).unwrap_or_default().trim_start_matches('/');
    let base = match raw.trim_end_matches('/') {
        "" if raw.starts_with('/') => "/".to_owned(),
        "." | "" => "./".to_owned(),
        raw => format!("{raw}/"),
    };
    let destination = if rest.is_empty() { base } else { format!("{base}{rest}/") };
    let all: Vec<&str> = group.files.iter().chain(&group.folders).map(String::as_str).collect();
    let plain = |text: &str| !text.contains(|c: char| c.is_whitespace() || "$\\\"'*?[]`#<>".contains(c));
    if let Some(odd) = all.iter().find(|path| !plain(path) || path.starts_with('-')) {
        return Err(format!("{odd} is not a name that can be written plainly").into());
    }
    if destination.contains(char::is_whitespace) {
        return Err(format!("{destination} is not a name that can be written plainly").into());
    }
    let flags = instruction.flags.iter().map(|flag| doc.joined(instruction, flag.span).into_owned() + " ");
    let keyword = doc.slice(instruction.keyword);
    let keyword = if keyword.chars().all(|c| c.is_ascii_lowercase()) { "copy" } else { "COPY" };
    Ok(format!("{keyword} {}{} {destination}", flags.collect::<String>(), all.join(" ")))
}

impl Rewrite<'_> {
    /// The change, with the instructions that it is about.
    pub fn change(&self, view: &View<'_>) -> Result<(Vec<usize>, Change), Reason> {
        let (doc, text) = (view.doc, view.doc.text());
        let first = self.moved.first().ok_or("nothing moves")?.index;
        let end_of = line_break(doc, view.instruction(first).span.end);
        let mut edits = Vec::new();
        let mut blocks = String::new();
        for copy in self.moved {
            let instruction = view.instruction(copy.index);
            let comments = doc.comments_above(copy.index);
            let start = comments.first().map_or(instruction.span.start, |comment| comment.start);
            let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
            let block = Span::new(start, instruction.span.end);
            if !blocks.is_empty() {
                blocks += end_of;
            }
            blocks += block.of(text);
            if copy.index == first && !self.lines.is_empty() {
                edits.push(Edit::replace(text, block, self.lines.join(end_of)));
                continue;
            }
            edits.push(Edit::delete(text, self.with_line_break(text, block)));
        }
        // A blank line behind the COPY goes with it.
        let behind = &text[view.instruction(first).span.end..];
        let airy = behind.trim_start_matches([' ', '\t', '\r']).strip_prefix('\n');
        let airy = airy.is_some_and(|rest| rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n'));
        let air = if airy { end_of } else { "" };
        let run = view.instruction(self.last);
        match (self.prepared, self.split) {
            (Some(command), _) => {
                let comments = doc.comments_above(self.last);
                let start = comments.first().map_or(run.span.start, |comment| comment.start);
                let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
                let behind = run.flags.last().map_or("", |flag| &text[flag.span.end..run.arguments.start]);
                let flags: String =
                    run.flags.iter().map(|flag| doc.joined(run, flag.span).into_owned() + behind).collect();
                let keyword = doc.slice(run.keyword);
                let next = format!("{keyword} {flags}{command}{end_of}{air}{blocks}{end_of}{air}");
                edits.push(Edit::insert(start, next));
            }
            (None, None) => {
                let rest = text[run.span.end..].trim_start_matches([' ', '\t', '\r']).strip_prefix('\n');
                let rest = rest.map(|rest| rest.trim_start_matches([' ', '\t', '\r']));
                let below = if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('\n')) { "" } else { air };
                // Blanks at the end of the line stay there.
                let blanks = text[run.span.end..].len() - text[run.span.end..].trim_start_matches([' ', '\t']).len();
                edits.push(Edit::insert(run.span.end + blanks, format!("{end_of}{air}{blocks}{below}")));
            }
            (None, Some((before, at, _))) => {
                let script = view.script(self.last).ok_or("the script is not known")?;
                let gap = (script.map().behind(*before), script.map().before(*at));
                let (Some(start), Some(end)) = gap else {
                    return Err("the script is not in the file as it is run".into());
                };
                let gap = Span::new(start, end.max(start));
                if run.comments.iter().any(|comment| gap.contains(*comment)) {
                    return Err("a comment stands where the RUN would be split".into());
                }
                let (first, second) = self.mounts(view, *before);
                for (at, flag) in run.flags.iter().enumerate().filter(|(at, _)| !first[*at]) {
                    let next = run.flags.get(at + 1).map_or(run.arguments.start, |next| next.span.start);
                    edits.push(Edit::delete(text, Span::new(flag.span.start, next)));
                }
                // As they stand before the first command.
                let behind = run.flags.last().map_or(" ", |flag| &text[flag.span.end..run.arguments.start]);
                let flags = run.flags.iter().zip(second).filter(|(_, kept)| *kept);
                let flags: String = flags.map(|(flag, _)| doc.joined(run, flag.span).into_owned() + behind).collect();
                let keyword = doc.slice(run.keyword);
                let next = format!("{end_of}{air}{blocks}{end_of}{air}{keyword} {flags}");
                edits.push(Edit::replace(text, gap, next));
            }
        }
        let mut claimed: Vec<usize> = self.moved.iter().map(|copy| copy.index).collect();
        claimed.push(self.last);
        let mut change = Change::new(edits, [Promise::Moves]).map_err(|error| error.to_string())?;
        change.promises.extend(self.prepared.map(|it| Promise::AddsCommand(it.to_owned().into())));
        Ok((claimed, change))
    }

    /// Which flags of a RUN that is split at `at` are for the commands before, and which for those behind: a cache goes
    /// with the commands that keep something there, and with those of which that is not known.
    fn mounts(&self, view: &View<'_>, at: usize) -> (Vec<bool>, Vec<bool>) {
        let run = view.instruction(self.last);
        let mounts = view.doc.mounts(run);
        let (mut first, mut second) = (vec![true; run.flags.len()], vec![true; run.flags.len()]);
        let (Some(around), Some(script)) = (view.surroundings(self.last), view.script(self.last)) else {
            return (first, second);
        };
        let all: Vec<Kept> =
            script.commands().into_iter().map(|it| Kept::of(&around, it, it.span.start < at)).collect();
        for (nth, flag) in run.flags.iter().enumerate() {
            let mount = mounts.iter().find(|mount| mount.span == flag.span && &*mount.kind == "cache");
            let Some(target) = mount.and_then(|mount| mount.target()) else { continue };
            let Some(target) = paths::of_mount(view, self.last, target) else { continue };
            let owners: Vec<&Kept> = all.iter().filter(|it| it.directories.contains(&target)).collect();
            if owners.is_empty() {
                continue;
            }
            // Scripts of the project need no cache of npm's kind; any other, a tool that they run may need.
            let of_node = owners.iter().all(|it| it.of_node);
            let may = |it: &Kept| it.directories.contains(&target) || it.anything && !(of_node && it.of_node);
            let wants = |before: bool| all.iter().any(|it| it.before == before && may(it));
            (first[nth], second[nth]) = (wants(true), wants(false));
        }
        (first, second)
    }

    /// `block` with the line break behind it, and the blank lines that would then double those before it.
    fn with_line_break(&self, text: &str, block: Span) -> Span {
        let mut end = text[block.end..].find('\n').map_or(text.len(), |at| block.end + at + 1);
        let blank_before = text[..block.start]
            .trim_end_matches([' ', '\t', '\r'])
            .strip_suffix('\n')
            .is_some_and(|before| before.is_empty() || before.trim_end_matches([' ', '\t', '\r']).ends_with('\n'));
        while let Some(next) = text[end..].find('\n').filter(|_| blank_before) {
            if !text[end..end + next].trim().is_empty() {
                break;
            }
            end += next + 1;
        }
        Span::new(block.start, end)
    }
}

/// Adds what is missing to the COPY that brings the manifests.
pub fn complete(view: &View<'_>, copies: &[&Copied], group: &Group) -> Option<Finding> {
    let doc = view.doc;
    let folder = parent(group.files.first()?);
    let beside = |copy: &&&Copied| {
        // `COPY package.json ./package.json` names the file, and has no room for another.
        let raw = doc.word(view.instruction(copy.index), copy.destination);
        let to = paths::absolute(view, copy.index, &raw);
        copy.folder.is_none()
            && to.as_deref() == Some(&*group.place)
            && copy.files.iter().any(|(path, place)| {
                parent(path) == folder
                    && parent(place) == group.place
                    && join(folder, path.rsplit('/').next().unwrap_or_default()).as_deref() == Some(path)
            })
    };
    let copy = copies.iter().find(beside)?;
    let instruction = view.instruction(copy.index);
    let Kind::Copy(transfer) = &instruction.kind else { return None };
    let last = transfer.sources.last()?;
    if last.json
        || group.files.iter().any(|path| path.contains(|c: char| c.is_whitespace() || "$\\\"'*?[]`#".contains(c)))
    {
        return None;
    }
    let mut edits = vec![Edit::insert(last.span.end, format!(" {}", group.files.join(" ")))];
    if !doc.word(instruction, transfer.destination).ends_with('/') {
        edits.push(Edit::insert(transfer.destination.span.end, "/"));
    }
    let names = group.files.join(" and ");
    let verb = if group.files.len() == 1 { "is" } else { "are" };
    let change = Change::new(edits, [Promise::Moves]).ok()?;
    Some(Finding::review(
        vec![copy.index],
        format!("{names} {verb} not there yet when the dependencies are installed"),
        format!("what {names} {} is wanted", if group.files.len() == 1 { "says" } else { "say" }),
        change,
    ))
}
