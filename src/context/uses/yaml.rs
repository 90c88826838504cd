//! YAML and JSON as a tree that knows its lines; anchors are followed, and merge keys (`<<`) are looked through.
//!
//! What is larger or deeper than a person writes is refused, also where only aliases make it so.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Nodes within one another.
const MAX_DEPTH: usize = 64;

/// Nodes of a document, those that an alias stands for counted each time.
const MAX_NODES: usize = 100_000;

/// A value, with the line that it starts in.
#[derive(Debug)]
pub struct Node {
    /// From 1.
    pub line: usize,
    /// What it is.
    pub value: Value,
    depth: usize,
    nodes: usize,
}

/// What a node is.
#[derive(Debug)]
pub enum Value {
    /// Nothing: `~`, `null`, or no word at all.
    Null,
    /// A word or a text.
    Scalar(String),
    /// `- a`, `[a]`
    List(Vec<Rc<Node>>),
    /// `a: b`, `{a: b}`, in the order of the file.
    Map(Vec<(Rc<Node>, Rc<Node>)>),
}

impl Node {
    /// A node that starts in `line`.
    pub fn new(line: usize, value: Value) -> Self {
        let (depth, nodes) = match &value {
            Value::Null | Value::Scalar(_) => (0, 0),
            Value::List(items) => extent(items.iter()),
            Value::Map(entries) => extent(entries.iter().flat_map(|(key, value)| [key, value])),
        };
        Self { line, value, depth: depth + 1, nodes: nodes.saturating_add(1) }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; of anything else, none.
    pub fn items(&self) -> &[Rc<Self>] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The value of a key that is not null; a map's own key counts before those that it merges.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        let own = entries.iter().rfind(|(key, _)| key.text() == Some(name));
        if let Some((_, value)) = own {
            return (!matches!(value.value, Value::Null)).then_some(value);
        }
        self.merged().find_map(|map| map.get(name))
    }

    /// The text of the scalar that a key has.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// The keys with their values, those that are merged included.
    pub fn entries(&self) -> Vec<(&str, &Self)> {
        let Value::Map(entries) = &self.value else { return Vec::new() };
        let mut all: Vec<(&str, &Self)> = Vec::new();
        for (key, value) in entries {
            if let Some(key) = key.text().filter(|key| *key != "<<") {
                all.push((key, value));
            }
        }
        let own = all.len();
        for (key, value) in self.merged().flat_map(Self::entries) {
            if !all[..own].iter().any(|(known, _)| *known == key) {
                all.push((key, value));
            }
        }
        all
    }

    /// The maps that `<<` names.
    fn merged(&self) -> impl Iterator<Item = &Self> {
        let entries: &[_] = if let Value::Map(entries) = &self.value { entries } else { &[] };
        let merges = entries.iter().filter(|(key, _)| key.text() == Some("<<"));
        merges.flat_map(|(_, value)| match &value.value {
            Value::List(items) => items.iter().map(|item| &**item).collect(),
            _ => vec![&**value],
        })
    }
}

/// How deep nodes go, and how many there are in all.
fn extent<'n>(nodes: impl Iterator<Item = &'n Rc<Node>>) -> (usize, usize) {
    nodes.fold((0, 0), |(depth, count), node| (depth.max(node.depth), count.saturating_add(node.nodes)))
}

/// A list or a map that is not at its end.
struct Open {
    line: usize,
    anchor: usize,
    map: bool,
    items: Vec<Rc<Node>>,
}

/// The documents of a YAML file; `None` if it is none, or no person wrote it.
pub fn parse(text: &str) -> Option<Vec<Rc<Node>>> {
    documents(text).or_else(|| {
        // The library wants a bracket that closes to be indented; what reads Compose files does not.
        let closes = |line: &str| line.trim_start().starts_with([']', '}']);
        let lines = text.split_inclusive('\n').map(|line| format!("{}{line}", if closes(line) { INDENT } else { "" }));
        text.lines().any(closes).then(|| documents(&lines.collect::<String>())).flatten()
    })
}

/// Deeper than anything that is closed.
const INDENT: &str = "                                ";

fn documents(text: &str) -> Option<Vec<Rc<Node>>> {
    let mut documents = Vec::new();
    let mut anchors: HashMap<usize, Rc<Node>> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let (event, span) = event.ok()?;
        let line = span.start.line();
        let (anchor, node) = match event {
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                if open.len() >= MAX_DEPTH {
                    return None;
                }
                let map = matches!(event, Event::MappingStart(..));
                open.push(Open { line, anchor, map, items: Vec::new() });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Open { line, anchor, map, items } = open.pop()?;
                let value = if map {
                    Value::Map(items.chunks_exact(2).map(|pair| (Rc::clone(&pair[0]), Rc::clone(&pair[1]))).collect())
                } else {
                    Value::List(items)
                };
                (anchor, Rc::new(Node::new(line, value)))
            }
            Event::Scalar(text, style, anchor, _) => {
                let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = if null { Value::Null } else { Value::Scalar(text.into_owned()) };
                (anchor, Rc::new(Node::new(line, value)))
            }
            Event::Alias(anchor) => (0, Rc::clone(anchors.get(&anchor)?)),
            Event::DocumentStart(_) | Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => {
                continue;
            }
        };
        if node.depth > MAX_DEPTH || node.nodes > MAX_NODES {
            return None;
        }
        if anchor != 0 {
            anchors.insert(anchor, Rc::clone(&node));
        }
        match open.last_mut() {
            Some(within) => within.items.push(node),
            None => documents.push(node),
        }
    }
    Some(documents)
}

/// A JSON file, with the comments and the last commas that editors allow in their own files.
pub fn parse_json(text: &str) -> Option<Rc<Node>> {
    let mut bytes = text.as_bytes().to_vec();
    let (mut at, mut quoted) = (0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'\t' if !quoted => bytes[at] = b' ',
            b'/' if !quoted => {
                let end = match bytes.get(at + 1) {
                    Some(b'/') => memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len),
                    Some(b'*') => {
                        memchr::memmem::find(&bytes[at + 2..], b"*/").map_or(bytes.len(), |len| at + 2 + len + 2)
                    }
                    _ => return None,
                };
                let comment = bytes[at..end].iter_mut().filter(|byte| **byte != b'\n');
                comment.for_each(|byte| *byte = b' ');
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    parse(std::str::from_utf8(&bytes).ok()?)?.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_and_merges() {
        let text = "a: &a\n  x: 1\n  y: 2\nb: &b {y: 3}\nc:\n  <<: [*b, *a]\n  z: ~\n  w: null\nd:\n  <<: *a\n  x: [p, \"\"]\n";
        let documents = parse(text).expect("YAML");
        let all = &documents[0];
        let c = all.get("c").expect("a key");
        assert_eq!((c.line, c.text_of("y"), c.text_of("x")), (6, Some("3"), Some("1")));
        assert!(c.get("z").is_none());
        let d = all.get("d").expect("a key");
        let x = d.get("x").expect("a key");
        assert_eq!((x.line, x.items().len(), x.items()[1].text()), (11, 2, Some("")));
        let names: Vec<&str> = d.entries().iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["x", "y"]);
    }

    #[test]
    fn brackets_that_close_at_the_margin() {
        let documents = parse("a:\n  b: [\n    x\n  ]\n  c: {\n    d: y\n  }\n").expect("YAML");
        let a = documents[0].get("a").expect("a key");
        let d = a.get("c").and_then(|c| c.get("d")).map(|d| (d.line, d.text()));
        assert_eq!((a.get("b").map(|b| b.items().len()), d), (Some(1), Some((6, Some("y")))));
    }

    #[test]
    fn json() {
        let text = "// a\n{\n\t\"a\": \"http://x\", /* b\n c */\n\t\"b\": [1, 2,],\n\t\"c\":\"\\\"//\",\n}\n";
        let root = parse_json(text).expect("JSON");
        assert_eq!(root.text_of("a"), Some("http://x"));
        assert_eq!(root.get("b").map(|it| (it.line, it.items().len())), Some((5, 2)));
        assert_eq!(root.text_of("c"), Some("\"//"));
        assert!(parse_json("{\"a\": /}").is_none());
    }

    #[test]
    fn what_nobody_writes() {
        let mut bomb = String::from("a0: &a0 [x, x]\n");
        for at in 1..40 {
            let before = at - 1;
            bomb += &format!("a{at}: &a{at} [*a{before}, *a{before}, *a{before}]\n");
        }
        let chain: String =
            (1..5000).fold("a0: &a0 [x]\n".into(), |all, at| format!("{all}a{at}: &a{at} [*a{}]\n", at - 1));
        let deep = "[".repeat(50_000);
        let block: String = (0..2000).fold(String::new(), |all, at| all + &" ".repeat(at) + "a:\n");
        let dashes = "- ".repeat(20_000);
        for text in [&bomb, &chain, &deep, &block, &dashes, "a: *b", "a: &a [*a]", "a: b: c", "a: \"", "{"] {
            assert!(parse(text).is_none(), "{}", &text[..text.len().min(80)]);
        }
        assert!(parse("").is_some_and(|documents| documents.is_empty()));
    }
}
