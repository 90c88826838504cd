//! Commands that need no shell: what a CMD in shell form is in exec form.

use super::of_the_shell;
use crate::shell::{Command, Script, Separator, SourceMap};

/// The words of `text`, if it is one simple command that means the same without a shell.
#[must_use]
pub fn exec_words(text: &str) -> Option<Vec<String>> {
    // A misspelt JSON array is a command for the shell: what was meant is not for us to say.
    if text.starts_with('[') || !is_plain(text) {
        return None;
    }
    let script = Script::parse(text, SourceMap::default());
    let [item] = &script.body().ok()?.items[..] else { return None };
    let [Command::Simple(command)] = &item.and_or.first.commands[..] else { return None };
    let alone = item.separator == Separator::End && item.and_or.rest.is_empty() && !item.and_or.first.negated;
    let bare = command.assignments.is_empty() && command.redirections.is_empty() && script.comments().is_empty();
    if !alone || !bare {
        return None;
    }
    let literals: Option<Vec<String>> =
        command.words.iter().map(|word| Some(word.literal.as_deref()?.into())).collect();
    let mut words = literals?;
    if words.first().is_some_and(|word| word == "exec") {
        words.remove(0);
    }
    let program = words.first()?;
    let is_program = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+./@".contains(&byte);
    let ok = program.bytes().all(is_program) && !program.is_empty() && !program.starts_with('-');
    (ok && !of_the_shell(program)).then_some(words)
}

/// Whether nothing but words and simple quotes is in `text`.
fn is_plain(text: &str) -> bool {
    let mut quote = None;
    for char in text.chars() {
        match (quote, char) {
            (_, '$' | '`' | '\\') => return false,
            (_, char) if char.is_control() && char != '\t' => return false,
            (Some(open), _) if char == open => quote = None,
            (None, '"' | '\'') => quote = Some(char),
            (None, '*' | '?' | '[' | ']' | '~' | '|' | '&' | ';' | '<' | '>' | '(' | ')' | '{' | '}' | '!' | '#') => {
                return false;
            }
            _ => {}
        }
    }
    quote.is_none()
}
