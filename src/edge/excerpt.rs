//! The place of an error, as a person finds it: the line, and a mark under it.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::source::{Lines, Span};

/// The first line of `span` in `text`, with its number, and marks under what it holds of the span.
pub fn excerpt(text: &str, span: Span) -> String {
    let lines = Lines::of(text);
    let number = lines.number(span.start);
    let start = lines.start(number).unwrap_or_default();
    let line = text[start..].lines().next().unwrap_or_default();
    let inside = |offset: usize| offset.clamp(start, start + line.len()) - start;
    let mark = AnnotationKind::Primary.span(inside(span.start)..inside(span.end));
    let snippet = Snippet::source(line).line_start(number).annotation(mark);
    // The stream drops the colour where it is not a terminal.
    let mut shown = Renderer::styled().render(&[Group::with_level(Level::ERROR).element(snippet)]);
    shown.push('\n');
    shown
}

#[cfg(test)]
mod tests {
    use super::excerpt;
    use crate::source::Span;

    fn plain(text: &str, span: Span) -> String {
        anstream::adapter::strip_str(&excerpt(text, span)).to_string()
    }

    #[test]
    fn the_mark_stands_under_the_place() {
        let text = "FROM a\nRUN\tcat 日本 <<EOF > f\r\nx\n";
        let at = text.find("<<EOF").expect("it is there");
        assert_eq!(
            plain(text, Span::new(at, at + 5)),
            "  |\n2 | RUN    cat 日本 <<EOF > f\n  |                 ^^^^^\n"
        );
        // A span over several lines, an empty text, and the end of the text.
        assert_eq!(plain(text, Span::new(5, at)), "  |\n1 | FROM a\n  |      ^\n");
        assert_eq!(plain("", Span::at(0)), "  |\n1 |\n  | ^\n");
        assert_eq!(plain("a\n", Span::at(2)), "  |\n2 |\n  | ^\n");
    }

    #[test]
    fn a_long_line_and_control_characters_do_no_harm() {
        let text = format!("RUN {} \u{1b}[31m <<EOF", "x".repeat(5000));
        let shown = plain(&text, Span::new(text.len() - 5, text.len()));
        assert!(shown.len() < 600 && shown.contains("^^^^^"), "{shown}");
        assert!(!excerpt(&text, Span::at(0)).contains("\u{1b}[31m <<"), "an escape sequence of the file is not obeyed");
    }
}
