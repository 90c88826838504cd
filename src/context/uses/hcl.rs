//! HCL as the same tree as YAML: a block is a map below its labels, and an expression that is no literal is the text
//! `${…}`.

use std::rc::Rc;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Body, Structure};
use hcl_edit::template::{Element, Template};

use super::yaml::{Node, Value};

/// The tree of a file; `None` if it is not HCL. The parser limits how deep it goes.
pub fn parse(text: &str) -> Option<Rc<Node>> {
    let body = hcl_edit::parser::parse_body(text).ok()?;
    let lines = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
    Some(Rc::new(File { text, lines }.body(&body, 1)))
}

struct File<'t> {
    text: &'t str,
    /// Where they end.
    lines: Vec<usize>,
}

impl File<'_> {
    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|end| *end < at) + 1
    }

    fn scalar(line: usize, text: String) -> Rc<Node> {
        Rc::new(Node::new(line, Value::Scalar(text)))
    }

    fn body(&self, body: &Body, line: usize) -> Node {
        let entries = body.iter().map(|structure| {
            let line = structure.span().map_or(line, |span| self.line(span.start));
            match structure {
                Structure::Attribute(it) => {
                    let line = it.value.span().map_or(line, |span| self.line(span.start));
                    (Self::scalar(line, it.key.as_str().into()), self.value(&it.value, line))
                }
                Structure::Block(it) => {
                    let inner = Rc::new(self.body(&it.body, line));
                    let below = it.labels.iter().rev().fold(inner, |inner, label| {
                        Rc::new(Node::new(line, Value::Map(vec![(Self::scalar(line, label.as_str().into()), inner)])))
                    });
                    (Self::scalar(line, it.ident.as_str().into()), below)
                }
            }
        });
        Node::new(line, Value::Map(entries.collect()))
    }

    fn value(&self, value: &Expression, line: usize) -> Rc<Node> {
        let at = |expression: &Expression| expression.span().map_or(line, |span| self.line(span.start));
        let value = match value {
            Expression::Null(_) => Value::Null,
            Expression::Bool(it) => Value::Scalar(it.to_string()),
            Expression::Number(it) => Value::Scalar(it.to_string()),
            Expression::String(it) => Value::Scalar(it.to_string()),
            Expression::Array(it) => Value::List(it.iter().map(|item| self.value(item, at(item))).collect()),
            Expression::Object(it) => {
                let entries = it.iter().map(|(key, value)| {
                    let name = match (key.as_ident(), key.as_expr()) {
                        (Some(name), _) => name.as_str().to_owned(),
                        (None, Some(Expression::String(name))) => name.to_string(),
                        (None, Some(other)) => self.source(other),
                        (None, None) => String::new(),
                    };
                    let line = at(value.expr());
                    (Self::scalar(line, name), self.value(value.expr(), line))
                });
                Value::Map(entries.collect())
            }
            Expression::StringTemplate(it) => Value::Scalar(self.template(it)),
            Expression::HeredocTemplate(it) => Value::Scalar(self.template(&it.template)),
            other => Value::Scalar(self.source(other)),
        };
        Rc::new(Node::new(line, value))
    }

    fn template(&self, template: &Template) -> String {
        let element = |element: &Element| match element {
            Element::Literal(text) => text.to_string(),
            Element::Interpolation(it) => self.source(&it.expr),
            Element::Directive(_) => "${}".to_owned(),
        };
        template.iter().map(element).collect()
    }

    /// An expression as what a template has in it.
    fn source(&self, expression: &Expression) -> String {
        let text = expression.span().and_then(|span| self.text.get(span)).unwrap_or_default();
        format!("${{{}}}", text.trim())
    }
}
