//! The idioms of editing: append a command to a list, add a flag, join two RUNs, take a word away.
//!
//! They own the formatting: what is added looks like what is there (line breaks, indentation, escape character), and a
//! place to insert is the end of what precedes it, so that a continuation that follows stays where it is.

pub mod lines;
pub mod mounts;

use crate::dockerfile::{Document, Instruction};
use crate::shell::{Command, Item, Operator, Pipeline, Script, Separator, Simple};
use crate::source::{Edit, Span};

/// The line break of the file at `offset`: that of its line, or of the line before where that is the last.
#[must_use]
pub fn line_break(doc: &Document, offset: usize) -> &'static str {
    let text = doc.text();
    let at = text[offset..].find('\n').map(|at| offset + at).or_else(|| text[..offset].rfind('\n'));
    if at.is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" }
}

/// Why a command cannot be appended to a script so that it runs only if all before it succeeded, and the status stays.
///
/// # Errors
/// The reason, in words.
pub fn appendable(script: &Script) -> Result<&Item, &'static str> {
    let list = script.body().map_err(|_| "the script is not understood")?;
    let last = list.items.last().ok_or("the script is empty")?;
    if last.separator == Separator::Background {
        return Err("the last command runs in the background");
    }
    if last.and_or.rest.iter().any(|(operator, ..)| *operator == Operator::Or) {
        return Err("the last list has an `||`, behind which it would run after a failure, too");
    }
    let pipelines = pipelines(last);
    if pipelines.iter().any(|pipeline| pipeline.negated) {
        return Err("the last command is negated with `!`");
    }
    let simple = |command: &Command| matches!(command, Command::Simple(_));
    if !pipelines.iter().all(|pipeline| pipeline.commands.iter().all(simple)) {
        return Err("the last command is a compound command");
    }
    let behind = last.and_or.span.end;
    if script
        .comments()
        .iter()
        .any(|comment| comment.start >= behind && !script.text()[behind..comment.start].contains('\n'))
    {
        return Err("a shell comment follows the last command on its line");
    }
    let called = |simple: &&Simple| {
        let name = simple.words.first().and_then(|word| word.literal.as_deref());
        let own =
            |name: &str| script.text().contains(&format!("{name}()")) || script.text().contains(&format!("{name} ()"));
        name.is_some_and(|name| matches!(name, "." | "source" | "eval") || own(name))
    };
    if script.commands().iter().any(|simple| last.and_or.span.contains(simple.span) && called(simple)) {
        // `set -e` is not in force inside of what stands before an `&&`.
        return Err("the last list runs a function, `eval` or another script in this shell");
    }
    let heredoc = |simple: &Simple| simple.redirections.iter().any(|redirection| redirection.heredoc.is_some());
    if script.commands().into_iter().any(|simple| simple.span.start >= last.and_or.span.start && heredoc(simple)) {
        return Err("the last command reads a here-document");
    }
    Ok(last)
}

/// The pipelines of an item, in order.
#[must_use]
pub fn pipelines(item: &Item) -> Vec<&Pipeline> {
    item.pipelines().collect()
}

/// Appends ` && command` to the last list of the RUN `instruction`, in the style of its list.
///
/// # Errors
/// Why not, in words.
pub fn append(doc: &Document, instruction: &Instruction, script: &Script, command: &str) -> Result<Edit, &'static str> {
    let last = appendable(script)?;
    let at = script.map().behind(last.and_or.span.end).ok_or("the end of the script is not in the file")?;
    let separator = if instruction.arguments.start <= at && at <= instruction.arguments.end {
        and(doc, instruction, script)
    } else {
        // Inside a here-document the lines are the shell's own.
        " && ".into()
    };
    // Blanks at the end of the line would move to the end of the new one.
    let blanks = doc.text()[at..].len() - doc.text()[at..].trim_start_matches([' ', '\t']).len();
    let trailing = matches!(doc.text().as_bytes().get(at + blanks), None | Some(b'\r' | b'\n'));
    let replaced = Span::new(at, if trailing { at + blanks } else { at });
    Ok(Edit::replace(doc.text(), replaced, format!("{separator}{command}")))
}

/// Puts `command` behind `simple`, so that it runs only if that succeeded, and nothing else runs, or ends in another way:
/// with `&&`, or, under `set -e`, as a command of its own. At the end of the script that is [`append`]. `errexit`: the
/// shell is started with `-e`.
///
/// # Errors
/// Why not, in words.
pub fn follow(
    doc: &Document,
    instruction: &Instruction,
    script: &Script,
    simple: &Simple,
    command: &str,
    errexit: bool,
) -> Result<Edit, &'static str> {
    let list = script.body().map_err(|_| "the script is not understood")?;
    let holds = |item: &Item| item.and_or.span.contains(simple.span);
    let at = list.items.iter().position(holds).ok_or("it stands inside of another command")?;
    let item = &list.items[at];
    if item.and_or.rest.iter().any(|(operator, ..)| *operator == Operator::Or) {
        return Err("it stands in a list with an `||`");
    }
    if item.separator == Separator::Background {
        return Err("it runs in the background");
    }
    let pipelines = pipelines(item);
    let alone = |pipeline: &&Pipeline| {
        !pipeline.negated && matches!(&pipeline.commands[..], [Command::Simple(it)] if it.span == simple.span)
    };
    let place = pipelines.iter().position(alone).ok_or("it stands inside of another command")?;
    let next = pipelines.get(place + 1);
    let behind = list.items.get(at + 1);
    if next.is_none() && behind.is_none() {
        return append(doc, instruction, script, command);
    }
    if next.is_some() && behind.is_some() {
        return Err("if it failed, a part of the script would be left out, and the rest would run");
    }
    if simple.redirections.iter().any(|redirection| redirection.heredoc.is_some()) {
        return Err("it reads a here-document");
    }
    let end = simple.span.end;
    let on_its_line = |comment: &&Span| comment.start >= end && !script.text()[end..comment.start].contains('\n');
    if script.comments().iter().any(|comment| on_its_line(&comment)) {
        return Err("a shell comment follows it on its line");
    }
    let place = script.map().behind(end).ok_or("it is not in the file as it is run")?;
    // As it is joined to what follows.
    let following = next.map(|next| next.span.start).or_else(|| behind.map(|item| item.and_or.span.start));
    let between = following.and_then(|start| script.map().before(start)).filter(|start| place <= *start);
    let between = between.map(|start| doc.slice(Span::new(place, start))).filter(|text| !text.contains('#'));
    let separator = match (between, next, errexit || sets_errexit(script)) {
        (Some(between), Some(_), _) | (Some(between), None, true) => between.to_owned(),
        (None, Some(_), _) => and(doc, instruction, script),
        (None, None, true) => return Err("a comment follows it"),
        (_, None, false) => " && ".to_owned(),
    };
    Ok(Edit::insert(place, format!("{separator}{command}")))
}

/// What is to stand between a new command and `simple`, so that a failure of either does what that of `simple` did:
/// under `set -e`, which is not in force before an `&&`, what stands before `simple` already. `None` if that holds a
/// comment.
#[must_use]
pub fn before(
    doc: &Document,
    instruction: &Instruction,
    script: &Script,
    simple: &Simple,
    errexit: bool,
) -> Option<String> {
    let items = &script.body().ok()?.items;
    let at = items.iter().position(|item| item.and_or.span.contains(simple.span))?;
    let first = items[at].and_or.span.start == simple.span.start;
    if first && (errexit || at + 1 < items.len()) {
        let Some(previous) = at.checked_sub(1) else { return Some("; ".into()) };
        let start = script.map().behind(items[previous].and_or.span.end)?;
        let between = Span::new(start, script.map().before(simple.span.start)?);
        return Some(doc.slice(between).to_owned()).filter(|text| !text.contains('#'));
    }
    let start = script.map().before(simple.span.start)?;
    // Inside a here-document the lines are the shell's own.
    let inside = instruction.arguments.start <= start && start <= instruction.arguments.end;
    Some(if inside { and(doc, instruction, script) } else { " && ".into() })
}

/// Whether a command stands in a list, by itself, so that another can be put before it.
#[must_use]
pub fn stands_alone(script: &Script, simple: &Simple) -> bool {
    let Ok(list) = script.body() else { return false };
    list.items.iter().any(|item| {
        let or = item.and_or.rest.iter().any(|(operator, ..)| *operator == Operator::Or);
        !or && item.pipelines().any(|pipeline| {
            !pipeline.negated && matches!(&pipeline.commands[..], [Command::Simple(it)] if it.span == simple.span)
        })
    })
}

/// Whether a script may turn on `set -e`.
#[must_use]
pub fn sets_errexit(script: &Script) -> bool {
    script.commands().iter().any(|simple| {
        let mut words = simple.words.iter().map(|word| word.literal.as_deref().unwrap_or("-e"));
        words.next() == Some("set")
            && words.any(|word| word == "errexit" || (word.starts_with('-') && word.contains('e')))
    })
}

/// What stands between two commands that `&&` joins, in the style of `instruction`: as between its last two commands, or a
/// continuation with four blanks.
#[must_use]
pub fn and(doc: &Document, instruction: &Instruction, script: &Script) -> String {
    let between = script.body().ok().and_then(|list| list.items.last()).and_then(|item| {
        let (operator, _, last) = item.and_or.rest.last()?;
        let before = item.and_or.rest.iter().rev().nth(1).map_or(&item.and_or.first, |(.., pipeline)| pipeline);
        let span = Span::new(script.map().behind(before.span.end)?, script.map().before(last.span.start)?);
        let text = doc.slice(span);
        (*operator == Operator::And && text.contains('\n') && !text.contains('#')).then_some(text)
    });
    between.map_or_else(|| continuation(doc, instruction, "&& "), Into::into)
}

/// A continuation in the style of the file: a blank, the escape character, a line break, the indentation of the
/// instruction's last line or four blanks, and `start`.
#[must_use]
pub fn continuation(doc: &Document, instruction: &Instruction, start: &str) -> String {
    let text = doc.slice(instruction.span);
    let indent = text
        .rfind('\n')
        .map(|at| &text[at + 1..])
        .map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]);
    let indent = indent.filter(|indent| !indent.is_empty() && instruction.heredocs.is_empty()).unwrap_or("    ");
    format!(" {}{}{indent}{start}", doc.escape(), line_break(doc, instruction.span.end))
}

/// Inserts ` flag` behind the word that ends at `offset` of the script.
#[must_use]
pub fn insert_word(script: &Script, offset: usize, word: &str) -> Option<Edit> {
    Some(Edit::insert(script.map().behind(offset)?, format!(" {word}")))
}

/// The source from the end of `first` to the start of `second`'s arguments, replaced so that both RUNs become one:
/// `separator` stands between their commands, and the comments between them stay, as whole lines. `skip` is how much of
/// the second script is dropped (a `set -e;` that the first one has too), as an offset into it.
#[must_use]
pub fn join(
    doc: &Document,
    first: &Instruction,
    index: usize,
    skip: usize,
    script: &Script,
    separator: &str,
) -> Option<Edit> {
    let start = first.span.end;
    let end = script.map().before(skip)?;
    let mut comments = String::new();
    for comment in comments_between(doc, first, index) {
        let line = doc.text()[..comment.start].rfind('\n').map_or(0, |at| at + 1);
        comments += doc.slice(Span::new(line, comment.end));
        comments += line_break(doc, comment.end);
    }
    let line_break = line_break(doc, start);
    let replacement = if comments.is_empty() {
        separator.to_owned()
    } else {
        let (head, tail) = separator.split_once(line_break)?;
        format!("{head}{line_break}{comments}{tail}")
    };
    Some(Edit::replace(doc.text(), Span::new(start, end), replacement))
}

/// Whole-line comments between an instruction and the one at `index`, whatever blank lines stand between.
#[must_use]
pub fn comments_between(doc: &Document, first: &Instruction, index: usize) -> Vec<Span> {
    let next = &doc.instructions()[index];
    let tokens = doc.tokens();
    let from = tokens.partition_point(|token| token.span.start < first.span.end);
    let between = tokens[from..].iter().take_while(|token| token.span.end <= next.span.start);
    between.filter(|token| token.kind == crate::dockerfile::TokenKind::Comment).map(|token| token.span).collect()
}

/// Takes the whole lines of instruction `index` out of the file.
///
/// # Errors
/// Why not, in words: a comment would be lost, or be about something else.
pub fn remove_instruction(doc: &Document, index: usize) -> Result<Edit, &'static str> {
    let instruction = &doc.instructions()[index];
    if !instruction.comments.is_empty() || !doc.comments_above(index).is_empty() {
        return Err("a comment stands above or inside of it");
    }
    let text = doc.text();
    let start = text[..instruction.span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[instruction.span.end..].find('\n').map_or(text.len(), |at| instruction.span.end + at + 1);
    // A continuation into nothing, or a byte order mark.
    if !text[instruction.span.end..end].trim().is_empty() || !text[start..instruction.span.start].trim().is_empty() {
        return Err("its lines hold more than the instruction");
    }
    Ok(Edit::delete(text, Span::new(start, end)))
}

/// Takes the word at `word` out of a command, with the blanks (and the continuation) before it.
///
/// # Errors
/// Why not, in words.
pub fn remove_word(doc: &Document, script: &Script, simple: &Simple, word: Span) -> Result<Edit, &'static str> {
    let words = simple.words.iter().map(|word| word.span).chain(simple.assignments.iter().map(|it| it.span));
    let others: Vec<Span> = words.filter(|other| *other != word && !word.contains(*other)).collect();
    if let Some(before) = others.iter().filter(|other| other.end <= word.start).map(|other| other.end).max() {
        return remove(doc, script.map().behind(before), script.map().behind(word.end));
    }
    let next = others.iter().filter(|other| other.start >= word.end).map(|other| other.start).min();
    let next = next.ok_or("nothing of the command would be left")?;
    remove(doc, script.map().before(word.start), script.map().before(next))
}

/// Takes a command out of the list that it stands in, with the operator that joins it to its neighbour, so that what is
/// left does and answers what it would if the command succeeded.
///
/// # Errors
/// Why not, in words.
pub fn remove_command(doc: &Document, script: &Script, simple: &Simple, errexit: bool) -> Result<Edit, &'static str> {
    let list = script.body().map_err(|_| "the script is not understood")?;
    let holds = |item: &&Item| item.and_or.span.contains(simple.span);
    let at = list.items.iter().position(|item| holds(&item)).ok_or("a command stands outside of the script's list")?;
    let item = &list.items[at];
    if item.and_or.rest.iter().any(|(operator, ..)| *operator == Operator::Or) {
        return Err("a command stands in a list with an `||`");
    }
    let pipelines = pipelines(item);
    let alone = |pipeline: &&Pipeline| {
        !pipeline.negated && matches!(&pipeline.commands[..], [Command::Simple(it)] if it.span == simple.span)
    };
    let place = pipelines.iter().position(alone).ok_or("a command stands inside of another")?;
    let map = script.map();
    if place > 0 {
        // What fails in front of an `&&` does not end the script, but it does where it is the last of its list.
        let sets =
            script.commands().into_iter().any(|it| it.words.first().is_some_and(|it| script.slice(it.span) == "set"));
        if place + 1 == pipelines.len() && at + 1 < list.items.len() && (errexit || sets) {
            return Err("with `set -e`, a failure of the command before it would end the script");
        }
        return remove(doc, map.behind(pipelines[place - 1].span.end), map.behind(simple.span.end));
    }
    if let Some(next) = pipelines.get(1) {
        return remove(doc, map.before(simple.span.start), map.before(next.span.start));
    }
    if item.separator == Separator::Background {
        return Err("a command runs in the background");
    }
    match (at.checked_sub(1), list.items.get(at + 1)) {
        // With `set -e`, it is reached only if what stands before it succeeds, or is a list that may fail.
        (Some(before), None) if !errexit || !ends_simply(&list.items[before]) => {
            Err("the status of the script is that of a command that would go")
        }
        (Some(before), _) => {
            remove(doc, map.behind(list.items[before].and_or.span.end), map.behind(item.and_or.span.end))
        }
        (None, Some(next)) => remove(doc, map.before(simple.span.start), map.before(next.and_or.span.start)),
        (None, None) => Err("nothing of the script would be left"),
    }
}

/// Whether `set -e` ends the script if `item` fails: a simple command, or a pipeline of them.
#[must_use]
pub fn ends_simply(item: &Item) -> bool {
    let simple = |command: &Command| matches!(command, Command::Simple(_));
    item.and_or.rest.is_empty()
        && !item.and_or.first.negated
        && item.separator != Separator::Background
        && item.and_or.first.commands.iter().all(simple)
}

/// Deletes source, unless a comment or made-up text is in the way.
fn remove(doc: &Document, start: Option<usize>, end: Option<usize>) -> Result<Edit, &'static str> {
    let (Some(start), Some(end)) = (start, end) else { return Err("a command is not in the file as it is run") };
    if start > end {
        return Err("a command is not in the file as it is run");
    }
    let span = Span::new(start, end);
    let tokens = doc.tokens();
    let from = tokens.partition_point(|token| token.span.end <= start);
    let mut inside = tokens[from..].iter().take_while(|token| token.span.start < end);
    if inside.any(|token| token.kind == crate::dockerfile::TokenKind::Comment) {
        return Err("a comment stands where a command would go");
    }
    Ok(Edit::delete(doc.text(), span))
}
