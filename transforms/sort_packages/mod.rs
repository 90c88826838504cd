//! See README.md: where the order of packages cannot matter.

use crate::commands::apt::Package;
use crate::commands::{Invocation, Tool, Verb, invocations};
use crate::shell::Script;
use crate::source::{Edit, Span};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Asked };

const MESSAGE: &str = "sorted, the list shows what is in it, and what is in it twice";

fn find(view: &View<'_>) -> Vec<Finding> {
    view.scripts().filter_map(|(index, script)| finding(view, index, script)).collect()
}

fn finding(view: &View<'_>, index: usize, script: &Script) -> Option<Finding> {
    let wanted = |it: &Invocation| {
        matches!(it.tool, Tool::AptGet | Tool::Apt | Tool::Apk | Tool::Dnf | Tool::Yum | Tool::Microdnf)
            && it.verb == Verb::Install
            && matches!(&*it.subcommand, "install" | "add")
            && it.operands.len() > 1
    };
    let (mut edits, mut promises, mut reason) = (Vec::new(), Vec::new(), None);
    for invocation in invocations(script).iter().filter(|it| wanted(it)) {
        match sorted(view, index, script, invocation) {
            Ok(more) if more.is_empty() => {}
            Ok(more) => {
                edits.extend(more);
                promises.push(Promise::Sorts(script.slice(invocation.name).to_owned().into()));
            }
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    if edits.is_empty() {
        return Some(Finding::held(vec![index], MESSAGE, reason?));
    }
    Some(Finding::safe(vec![index], MESSAGE, Change::new(edits, promises).ok()?))
}

/// The edits that sort the packages of an installation; none if they are.
fn sorted(view: &View<'_>, index: usize, script: &Script, it: &Invocation) -> Result<Vec<Edit>, &'static str> {
    let spans: Vec<Span> = it.operands.iter().map(|operand| operand.span).collect();
    let written: Vec<&str> = spans.iter().map(|span| script.slice(*span)).collect();
    let mut order = written.clone();
    order.sort_unstable();
    if order == written {
        return Ok(Vec::new());
    }
    if !it.certain || !it.operands.iter().zip(&written).all(|(operand, text)| operand.literal.as_deref() == Some(*text))
    {
        return Err("a package is not certain");
    }
    if !written.iter().all(|name| is_plain(it.tool, name)) {
        return Err("a package has a version, a suffix or a path");
    }
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Ok(Vec::new()) };
    if it.flags.iter().any(|flag| first.end <= flag.span.start && flag.span.end <= last.start) {
        return Err("an option stands between packages");
    }
    let all = script.source(first.cover(*last)).ok_or("a package is not in the file as it is run")?;
    let instruction = view.instruction(index);
    if instruction.comments.iter().any(|comment| all.contains(*comment))
        || script.comments().iter().any(|comment| first.cover(*last).contains(*comment))
    {
        return Err("a comment stands between packages");
    }
    let mut edits = Vec::new();
    for (span, name) in spans.iter().zip(order) {
        let source = script.source(*span).ok_or("a package is not in the file as it is run")?;
        if view.doc.slice(source) != script.slice(*span) {
            return Err("a package is written over several lines");
        }
        if script.slice(*span) != name {
            edits.push(Edit::replace(view.doc.text(), source, name));
        }
    }
    Ok(edits)
}

/// Whether it is a name and nothing else.
fn is_plain(tool: Tool, name: &str) -> bool {
    let plain = name.starts_with(|it: char| it.is_ascii_alphanumeric())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'.' | b'-' | b'_'));
    let apt = matches!(tool, Tool::AptGet | Tool::Apt);
    plain && !(apt && Package::parse(name).suffix.is_some()) && !name.ends_with(".rpm")
}
