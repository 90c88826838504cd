//! The script of a RUN: what BuildKit hands to the shell (`dispatchRun` in `dockerfile2llb/convert.go`).

use super::{Command, Document, Heredoc, Instruction, Kind, Word, heredocs, template};
use crate::shell::{Script, SourceMap};
use crate::source::Span;

/// The script of a RUN in shell form; inside ONBUILD too.
pub(super) fn script(document: &Document, instruction: &Instruction) -> Option<Script> {
    let (instruction, arguments) = match &instruction.kind {
        Kind::Run(Command::Shell(arguments)) => (instruction, *arguments),
        Kind::Onbuild(inner) => match inner.kind {
            Kind::Run(Command::Shell(arguments)) => (&**inner, arguments),
            _ => return None,
        },
        _ => return None,
    };
    let mut pieces = Pieces { document, text: String::new(), map: SourceMap::default() };
    for segment in &instruction.segments {
        pieces.push(segment.intersection(arguments));
    }
    if let [first, ..] = &instruction.heredocs[..] {
        if matches!(heredocs::operator(&pieces.text), Ok(Some(_))) {
            // The command is the here-document alone.
            pieces = Pieces { document, text: String::new(), map: SourceMap::default() };
            pieces.body(first);
            if pieces.text.starts_with("#!") {
                return Some(Script::opaque(pieces.text, pieces.map, "it is a program of its own: it starts with #!"));
            }
        } else {
            for heredoc in &instruction.heredocs {
                pieces.text.push('\n');
                pieces.push(Some(heredoc.body));
                // BuildKit writes the name, without the tabs that the line may have.
                if let Span { start, end } = heredoc.terminator
                    && start < end
                {
                    pieces.push(Some(Span::new(end - heredoc.name.len(), end)));
                }
            }
        }
    }
    let Pieces { text, map, .. } = pieces;
    Some(match template::marker(&text) {
        Some(_) => Script::opaque(text, map, "it holds a template marker"),
        None => Script::parse(text, map),
    })
}

/// The command of an exec form as a script.
pub(super) fn exec(document: &Document, instruction: &Instruction, words: &[Word]) -> Script {
    let mut text = String::new();
    for word in words {
        let blank = if text.is_empty() { "" } else { " " };
        let word = document.word(instruction, *word).replace('\'', "'\\''");
        text.extend([blank, "'", &word, "'"]);
    }
    Script::parse(text, SourceMap::default())
}

/// The script of a HEALTHCHECK in shell form.
pub(super) fn healthcheck(document: &Document, instruction: &Instruction) -> Option<Script> {
    let Kind::Healthcheck(Some(Command::Shell(arguments))) = instruction.kind else { return None };
    let mut pieces = Pieces { document, text: String::new(), map: SourceMap::default() };
    for segment in &instruction.segments {
        pieces.push(segment.intersection(arguments));
    }
    Some(Script::parse(pieces.text, pieces.map))
}

struct Pieces<'a> {
    document: &'a Document,
    text: String,
    map: SourceMap,
}

impl Pieces<'_> {
    fn push(&mut self, span: Option<Span>) {
        let Some(span) = span.filter(|span| !span.is_empty()) else { return };
        self.map.push(self.text.len(), span);
        self.text.push_str(self.document.slice(span));
    }

    /// The body as the shell gets it: the leading tabs of `<<-` removed.
    fn body(&mut self, heredoc: &Heredoc) {
        if !heredoc.strips_tabs {
            return self.push(Some(heredoc.body));
        }
        let mut start = heredoc.body.start;
        for line in self.document.slice(heredoc.body).split_inclusive('\n') {
            let tabs = line.bytes().take_while(|byte| *byte == b'\t').count();
            self.push(Some(Span::new(start + tabs, start + line.len())));
            start += line.len();
        }
    }
}
