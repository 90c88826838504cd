//! `cargo fuzz run parse`: any text is read without a panic, its tokens give it back, and its words and scripts can be
//! asked for.
#![no_main]

use dockwright::dockerfile::{Document, Graph, Lookup, expand};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let document = Document::parse(text);
    let rebuilt: String = document.tokens().iter().map(|token| document.slice(token.span)).collect();
    assert_eq!(rebuilt, text);
    for (index, instruction) in document.instructions().iter().enumerate() {
        let raw = document.joined(instruction, instruction.arguments);
        let _ = expand(&raw, document.escape(), &mut |_| Lookup::Value("x".into()));
        let _ = document.comments_above(index);
        let _ = document.script(index);
    }
    let _ = Graph::of(&document);
});
