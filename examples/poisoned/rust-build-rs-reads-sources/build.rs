//! Writes the table of pages: each file of `src/pages` under its name.

use std::{env, fs, path::Path};

fn main() {
    let mut names: Vec<String> = fs::read_dir("src/pages")
        .expect("src/pages can be read")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();

    let root = env::var("CARGO_MANIFEST_DIR").unwrap();
    let rows: String =
        names.iter().map(|name| format!("(\"/{name}\", include_str!({:?})),\n", format!("{root}/src/pages/{name}"))).collect();
    let table = format!("pub const PAGES: &[(&str, &str)] = &[\n{rows}];\n");
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("pages.rs"), table).unwrap();
    println!("cargo::rerun-if-changed=src/pages");
}
