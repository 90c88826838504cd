//! See README.md: the value is kept byte for byte, and read again to prove that it is the same.

mod repeated;

use crate::dockerfile::{Base, Document, Instruction, Kind, Lookup, Pair, Word, expand};
use crate::source::{Edit, Span};
use crate::transform::{Change, Field, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

/// The key that the reference of Dockerfiles names in the place of MAINTAINER.
const AUTHORS: &str = "org.opencontainers.image.authors";
const BLANK: &str = "the form with a blank is deprecated, and takes one name only";
const MAINTAINER: &str = "MAINTAINER is deprecated, and tools that read labels do not see it";

fn find(view: &View<'_>) -> Vec<Finding> {
    let doc = view.doc;
    let finding = |(index, instruction): (usize, &Instruction)| {
        let (message, change) = match &instruction.kind {
            Kind::Env(pairs) => (BLANK, with_equals(doc, instruction, legacy(pairs)?, Field::Env)),
            Kind::Label(pairs) => (BLANK, with_equals(doc, instruction, legacy(pairs)?, Field::Label)),
            Kind::Maintainer(name) => (MAINTAINER, as_label(doc, instruction, *name)),
            _ => return None,
        };
        Some(match (change, &instruction.kind) {
            (Err(reason), _) => Finding::held(vec![index], message, reason),
            (Ok(change), Kind::Maintainer(_)) => {
                let check = format!("nothing reads the image's field Author, or minds its new label {AUTHORS}");
                Finding::review(vec![index], message, check, change)
            }
            (Ok(change), _) => Finding::safe(vec![index], message, change),
        })
    };
    let mut findings: Vec<Finding> = doc.instructions().iter().enumerate().filter_map(finding).collect();
    findings.extend((0..doc.stages().len()).filter_map(|stage| platform(view, stage)));
    findings.extend(repeated::find(view));
    findings.sort_by_key(|finding| finding.instructions[0]);
    findings
}

/// `FROM --platform=$TARGETPLATFORM`, which is what FROM does without it.
fn platform(view: &View<'_>, stage: usize) -> Option<Finding> {
    const MESSAGE: &str = "FROM takes the target platform anyway";
    let doc = view.doc;
    let index = doc.stages()[stage].instructions.start;
    let from = view.instruction(index);
    let flag = *from.flags.iter().find(|flag| doc.joined(from, flag.name) == "platform")?;
    // Nothing is expanded in single quotes or behind an escape character.
    if doc.joined(from, flag.span).contains(['\'', doc.escape()]) {
        return None;
    }
    let value = doc.flag_value(from, flag)?;
    if !matches!(&*value, "$TARGETPLATFORM" | "${TARGETPLATFORM}") {
        return None;
    }
    let held = |reason: &'static str| Some(Finding::held(vec![index], MESSAGE, reason));
    let global = &doc.instructions()[..doc.stages().first()?.instructions.start];
    let sets = |it: &Instruction| {
        let Kind::Arg(declarations) = &it.kind else { return false };
        declarations.iter().any(|arg| arg.default.is_some() && doc.joined(it, arg.name) == "TARGETPLATFORM")
    };
    if global.iter().any(sets) {
        return held("an ARG sets TARGETPLATFORM");
    }
    if !matches!(view.graph().bases()[stage], Base::Image(_)) || view.graph().is_variable(stage) {
        return held("without it, a stage takes the platform of the stage that it is built on");
    }
    let rest = &doc.text()[flag.span.end..];
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    if blanks == 0 || doc.slice(flag.span).contains('\n') {
        return held("it is written over several lines");
    }
    let edit = Edit::delete(doc.text(), Span::new(flag.span.start, flag.span.end + blanks));
    let promise = Promise::Flag(doc.slice(flag.span).to_owned().into());
    Some(Finding::safe(vec![index], MESSAGE, Change::new([edit], [promise]).ok()?))
}

fn legacy(pairs: &[Pair]) -> Option<Pair> {
    pairs.iter().copied().find(|pair| pair.legacy)
}

/// `key value` as `key=value`.
fn with_equals(doc: &Document, instruction: &Instruction, pair: Pair, field: Field) -> Result<Change, &'static str> {
    if !on_one_line(doc, instruction) {
        return Err("the value goes on over several lines, whose indentation is part of it");
    }
    let (key, value) = (doc.slice(pair.key), doc.slice(pair.value));
    if !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/')) {
        return Err("the name is not plain");
    }
    if value.starts_with('=') {
        return Err("the value starts with an equals sign, which is hardly meant");
    }
    let escaped = with_blanks(value, doc.escape());
    let line = format!("{} {key}={escaped}", doc.slice(instruction.keyword));
    let same = read(doc, &line, key).is_some_and(|again| {
        let values = values(value, doc.escape());
        values.iter().any(Option::is_some) && values == self::values(&again, doc.escape())
    });
    if !same {
        return Err("the value cannot be told");
    }
    let span = Span::new(pair.key.end, pair.value.end);
    change(Edit::replace(doc.text(), span, format!("={escaped}")), field)
}

/// `MAINTAINER name` as a label.
fn as_label(doc: &Document, instruction: &Instruction, name: Word) -> Result<Change, &'static str> {
    if !on_one_line(doc, instruction) {
        return Err("it goes on over several lines");
    }
    if doc.instructions().iter().any(|other| labels_author(doc, other)) {
        return Err("a label names the author already");
    }
    let author = doc.slice(name.span);
    let keyword = doc.slice(instruction.keyword);
    let lower = keyword.bytes().all(|byte| byte.is_ascii_lowercase());
    let line = format!("{} {AUTHORS}={}", if lower { "label" } else { "LABEL" }, quote(author, doc.escape()));
    let same = read(doc, &line, AUTHORS)
        .is_some_and(|again| values(&again, doc.escape()).iter().all(|value| value.as_deref() == Some(author)));
    if !same {
        return Err("the name cannot be quoted");
    }
    change(Edit::replace(doc.text(), instruction.span, line), Field::Label)
}

fn change(edit: Edit, field: Field) -> Result<Change, &'static str> {
    Change::new([edit], [Promise::Config(field)]).map_err(|_| "two changes overlap")
}

/// Whether no continuation, not even one into nothing, is in it or behind it.
fn on_one_line(doc: &Document, instruction: &Instruction) -> bool {
    let rest = &doc.text()[instruction.span.end..];
    let rest = rest.split('\n').next().unwrap_or(rest);
    instruction.segments.len() == 1 && !doc.slice(instruction.span).contains('\n') && rest.trim().is_empty()
}

/// Whether it is a LABEL with the author, or may be.
fn labels_author(doc: &Document, instruction: &Instruction) -> bool {
    let Kind::Label(pairs) = &instruction.kind else { return false };
    pairs.iter().any(|pair| {
        let key = expand(&doc.joined(instruction, pair.key), doc.escape(), &mut |_| Lookup::Unknown);
        key.is_none_or(|key| key == AUTHORS || key.eq_ignore_ascii_case("maintainer"))
    })
}

/// The value as one word: in double quotes where nothing in it could mean something else there, which a person reads
/// best; otherwise with its blanks escaped.
fn with_blanks(value: &str, escape: char) -> String {
    if value.contains(char::is_whitespace) && !value.contains(['"', '\'', escape]) {
        return format!("\"{value}\"");
    }
    escape_blanks(value, escape)
}

/// Each blank outside quotes escaped, as BuildKit's `parseWords` tells quotes.
fn escape_blanks(value: &str, escape: char) -> String {
    let mut escaped = String::with_capacity(value.len());
    let mut quote = None;
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        if quote.is_none() && char.is_whitespace() {
            escaped.push(escape);
        }
        escaped.push(char);
        match quote {
            _ if char == escape && quote != Some('\'') => escaped.extend(chars.next()),
            Some(open) if open == char => quote = None,
            None if matches!(char, '\'' | '"') => quote = Some(char),
            _ => {}
        }
    }
    escaped
}

/// In double quotes, with nothing in it that expands.
fn quote(text: &str, escape: char) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        if matches!(char, '"' | '$') || char == escape {
            quoted.push(escape);
        }
        quoted.push(char);
    }
    quoted.push('"');
    quoted
}

/// The value of the one pair, with this key, that `line` is read as.
fn read(doc: &Document, line: &str, key: &str) -> Option<String> {
    let again = Document::parse(format!("# escape={}\nFROM scratch\n{line}\n", doc.escape()));
    let [_, instruction] = again.instructions() else { return None };
    let (Kind::Env(pairs) | Kind::Label(pairs)) = &instruction.kind else { return None };
    let [pair] = pairs[..] else { return None };
    let same = again.problems().is_empty() && !pair.legacy && again.slice(pair.key) == key;
    same.then(|| again.joined(instruction, pair.value).into_owned())
}

/// What `raw` expands to where no variable is set, where all are empty, and where each is set to something odd of its
/// own.
fn values(raw: &str, escape: char) -> [Option<String>; 3] {
    [
        expand(raw, escape, &mut |_| Lookup::Unset),
        expand(raw, escape, &mut |_| Lookup::Value(String::new())),
        expand(raw, escape, &mut |name| Lookup::Value(format!("<{name}  \"'\\`$x>"))),
    ]
}
