//! dockwright: an optimizing compiler for Dockerfiles.
//!
//! Text goes in; a lossless tree is read from it; facts are derived; each transform answers with edits and with what
//! they promise; the text is edited and read again; the difference is the result. There is no printer: every byte that
//! no edit names stays as the author wrote it.

pub mod commands;
pub mod context;
pub mod dockerfile;
pub mod edge;
pub mod explain;
pub mod images;
pub mod pipeline;
pub mod pragma;
pub mod proof;
pub mod report;
pub mod rewrite;
pub mod scope;
pub mod shell;
pub mod source;
pub mod transform;
#[path = "../transforms/mod.rs"]
pub mod transforms;
