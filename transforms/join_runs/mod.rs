//! See README.md: `set -e`, `&&` and what a RUN leaves behind decide.

mod profit;

use crate::commands::files::{PER_RUN, leaks_state};
use crate::dockerfile::{Command as Form, Kind};
use crate::pragma::is_pragma;
use crate::rewrite;
use crate::shell::{Command, Item, List, Operator, Script, Separator};
use crate::transform::{Change, Finding, On, Promise, Transform, View};

use profit::profit;

/// The transform.
pub const TRANSFORM: Transform = Transform { doc: include_str!("README.md"), find, on: On::Default };

/// How two scripts are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// By `&&`.
    And,
    /// By `;`, under a `set -e` that both start with.
    SetE,
}

fn find(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let count = view.doc.instructions().len();
    let mut at = 0;
    while at < count {
        let (next, finding) = chain(view, at);
        findings.extend(finding);
        at = next;
    }
    findings
}

/// The longest run of RUNs from `first` on that are joined, or why the first two that should be are not. Answers with
/// where to go on, too.
fn chain(view: &View<'_>, first: usize) -> (usize, Option<Finding>) {
    let mut message = None;
    let mut how = None;
    let mut last = first;
    loop {
        let next = last + 1;
        if !adjacent(view, last, next) {
            break;
        }
        // What pays is judged against all that is joined already.
        let Some(gain) = (first..=last).find_map(|earlier| profit(view, earlier, next)) else { break };
        match joinable(view, first, last, next) {
            Ok(way) if how.is_none_or(|how| how == way) => how = Some(way),
            Ok(_) => break,
            Err(reason) if last == first => {
                let finding = Finding::held(vec![first, next], gain, reason);
                return (next, Some(finding));
            }
            Err(_) => break,
        }
        message.get_or_insert(gain);
        last = next;
    }
    let (Some(message), Some(how)) = (message, how) else { return (first + 1, None) };
    let finding = change(view, first, last, how).map(|change| Finding::safe((first..=last).collect(), message, change));
    (last + 1, finding)
}

/// Whether both are RUNs in shell form, one right behind the other.
fn adjacent(view: &View<'_>, first: usize, next: usize) -> bool {
    let shell = |index: usize| {
        let instruction = view.doc.instructions().get(index)?;
        matches!(&instruction.kind, Kind::Run(Form::Shell(_))).then(|| view.script(index))?
    };
    shell(first).is_some() && shell(next).is_some() && view.doc.stage_of(first) == view.doc.stage_of(next)
}

/// How the RUN `next` is joined to the RUNs `first..=last`, or why it is not.
fn joinable(view: &View<'_>, first: usize, last: usize, next: usize) -> Result<How, String> {
    let doc = view.doc;
    let flags = |index: usize| {
        let instruction = view.instruction(index);
        instruction.flags.iter().map(|flag| doc.joined(instruction, flag.span)).collect::<Vec<_>>()
    };
    if flags(last) != flags(next) {
        return Err("the flags of both RUNs differ".into());
    }
    let fresh =
        |flag: &std::borrow::Cow<'_, str>| flag.contains("tmpfs") || flag.contains("rw") || flag.contains("readwrite");
    if flags(last).iter().any(fresh) {
        return Err("what is written to a mount of the first RUN is not there in the second".into());
    }
    if view.scope(last).shell.login || doc.text().contains("BASH_ENV") {
        return Err("the shell reads a profile at each start".into());
    }
    let comments = |index: usize| doc.comments_above(index).into_iter().chain(view.instruction(index).comments.clone());
    let between = rewrite::comments_between(doc, view.instruction(last), next);
    if comments(first).chain(comments(next)).chain(between).any(|comment| is_pragma(doc.slice(comment))) {
        return Err("a pragma is bound to one of them".into());
    }
    let (Some(before), Some(after)) = (view.script(last), view.script(next)) else {
        return Err("one has no script".into());
    };
    if [last, next].iter().any(|index| !view.instruction(*index).heredocs.is_empty()) {
        return Err("one of them holds a here-document".into());
    }
    let (Ok(earlier), Ok(later)) = (before.body(), after.body()) else {
        return Err("one of the scripts is not understood".into());
    };
    if !before.comments().is_empty() || !after.comments().is_empty() {
        return Err("a shell comment is in one of them".into());
    }
    let head = |script: &Script, list: &List| set_e(script, list).map(str::to_owned);
    let how = match (head(before, earlier), head(after, later)) {
        (Some(a), Some(b)) if a == b => {
            ends_simply(earlier)?;
            if later.items.len() < 2 {
                return Err("the second RUN only sets options".into());
            }
            How::SetE
        }
        _ => {
            and_only(earlier).map_err(|()| "the commands of the first RUN are not joined by `&&` alone")?;
            and_only(later).map_err(|()| "the commands of the second RUN are not joined by `&&` alone")?;
            How::And
        }
    };
    let skipped = usize::from(how == How::SetE);
    let start = earlier.items.get(skipped).map_or(0, |item| item.and_or.span.start);
    for command in before.commands().into_iter().filter(|command| command.span.start >= start) {
        if let Some(word) = leaks_state(before, command) {
            return Err(format!("the first RUN changes the state of the shell (`{word}`), which the second would see"));
        }
    }
    if how == How::SetE
        && !earlier.items[skipped..]
            .iter()
            .all(|item| rewrite::pipelines(item).iter().all(|pipeline| pipeline.commands.iter().all(is_simple)))
    {
        return Err("the first RUN has compound commands".into());
    }
    if let Some(path) = PER_RUN.iter().find(|path| before.text().contains(**path)) {
        return Err(format!("every RUN gets {path} anew"));
    }
    Ok(how)
}

const fn is_simple(command: &Command) -> bool {
    matches!(command, Command::Simple(_))
}

/// The text of a `set -e…` that a script starts with.
fn set_e<'s>(script: &'s Script, list: &List) -> Option<&'s str> {
    let item = list.items.first()?;
    let [Command::Simple(simple)] = &item.and_or.first.commands[..] else { return None };
    let words: Vec<&str> = simple.words.iter().map(|word| word.literal.as_deref()).collect::<Option<_>>()?;
    let [name, flags, rest @ ..] = &words[..] else { return None };
    let plain = *name == "set"
        && flags.starts_with('-')
        && flags.contains('e')
        && item.and_or.rest.is_empty()
        && !item.and_or.first.negated;
    let pipefail = matches!(rest, [] | ["-o", "pipefail"]) || matches!(rest, ["pipefail"] if flags.ends_with('o'));
    (plain
        && pipefail
        && matches!(item.separator, Separator::Semicolon)
        && simple.redirections.is_empty()
        && simple.assignments.is_empty())
    .then(|| script.slice(simple.span))
}

/// Under `set -e` a failure of the last list is seen behind a `;` only if that list is a simple command or a pipeline.
fn ends_simply(list: &List) -> Result<(), &'static str> {
    let simple = |item: &Item| {
        item.and_or.rest.is_empty()
            && !item.and_or.first.negated
            && item.and_or.first.commands.iter().all(is_simple)
            && item.separator == Separator::End
    };
    if list.items.len() > 1 && list.items.last().is_some_and(simple) {
        return Ok(());
    }
    Err("with `set -e`, the last list of the first RUN must be a simple command, or its failure would be masked")
}

/// One list of simple commands and pipelines, joined only by `&&`.
fn and_only(list: &List) -> Result<(), ()> {
    let [item] = &list.items[..] else { return Err(()) };
    let plain = item.separator == Separator::End
        && item.and_or.rest.iter().all(|(operator, ..)| *operator == Operator::And)
        && rewrite::pipelines(item).iter().all(|pipeline| !pipeline.negated && pipeline.commands.iter().all(is_simple));
    if plain { Ok(()) } else { Err(()) }
}

fn change(view: &View<'_>, first: usize, last: usize, how: How) -> Option<Change> {
    let doc = view.doc;
    let mut edits = Vec::new();
    // The style is that of the last RUN that has one.
    let mut style = match how {
        How::And => rewrite::and(doc, view.instruction(first), view.script(first)?),
        How::SetE => String::new(),
    };
    for index in first + 1..=last {
        let (before, script) = (view.instruction(index - 1), view.script(index)?);
        if how == How::SetE {
            let skip = script.body().ok()?.items.get(1)?.and_or.span.start;
            let separator = format!(";{}", rewrite::continuation(doc, before, ""));
            edits.push(rewrite::join(doc, before, index, skip, script, &separator)?);
            continue;
        }
        if view.script(index - 1)?.body().ok()?.items[0].and_or.rest.len() > 1 || index - 1 == first {
            style = rewrite::and(doc, before, view.script(index - 1)?);
        }
        edits.push(rewrite::join(doc, before, index, 0, script, &style)?);
    }
    Change::new(edits, [Promise::Joins]).ok()
}
