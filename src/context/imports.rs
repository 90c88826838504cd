//! What a program for Node imports, from its first file on.
//!
//! <https://nodejs.org/api/modules.html>, <https://nodejs.org/api/esm.html>
//!
//! Text is searched, comments included: what is found may be more than what is imported, and never less.

use super::sources::JAVASCRIPT;
use super::tree::{Reason, Tree, join};

/// More files than this are not read.
const MAX_FILES: usize = 500;

/// Modules that Node has itself; `node:` before the name says so, too.
#[rustfmt::skip]
const BUILT_IN: &[&str] = &[
    "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram",
    "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net", "os",
    "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream", "string_decoder", "timers",
    "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi", "worker_threads", "zlib",
];

/// What a program imports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imports {
    /// Packages, each with the first file that imports it.
    pub packages: Vec<(String, String)>,
    /// All strings of its files, which may name what is loaded in another way.
    pub strings: Vec<String>,
}

/// What `entry` imports, and the files that it imports, and so on.
///
/// # Errors
/// If that cannot be told: a name is put together at run time, a file is not there.
pub fn follow(tree: &Tree<'_>, entry: &str) -> Result<Imports, Reason> {
    let mut imports = Imports::default();
    let mut files = vec![entry.to_owned()];
    let mut next = 0;
    while let Some(file) = files.get(next).cloned() {
        next += 1;
        if next > MAX_FILES {
            return Err("the program has too many files".into());
        }
        let text = tree.text(&file)?.ok_or_else(|| format!("{file} is not in the context"))?;
        if file.ends_with(".json") {
            continue;
        }
        let (named, types) = names(&text).map_err(|line| format!("what `{line}` in {file} loads is not known"))?;
        let mut strings = JAVASCRIPT.strings(&text).0;
        for name in types {
            // Once for the import of its types.
            strings.iter().position(|text| *text == name).map(|at| strings.remove(at));
        }
        imports.strings.extend(strings.into_iter().map(str::to_owned));
        for name in named {
            if name.starts_with('.') {
                let found = resolve(tree, &file, &name)?
                    .ok_or_else(|| format!("{name}, which {file} imports, is not in the context"))?;
                if !files.contains(&found) {
                    files.push(found);
                }
                continue;
            }
            let package = package_of(&name);
            let built_in = name.starts_with("node:") || BUILT_IN.contains(&package);
            if !built_in && !imports.packages.iter().any(|(other, _)| other == package) {
                imports.packages.push((package.to_owned(), file.clone()));
            }
        }
    }
    Ok(imports)
}

/// The package that an import is of: `@a/b/c` is of `@a/b`.
#[must_use]
pub fn package_of(name: &str) -> &str {
    let slashes = usize::from(name.starts_with('@'));
    name.match_indices('/').nth(slashes).map_or(name, |(at, _)| &name[..at])
}

/// The names that a file imports, and those of which it imports types alone; `Err` is the text of one that is put together.
fn names(text: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut names, mut only_types) = (Vec::new(), Vec::new());
    let part_of_name = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$' | '.');
    for word in ["require", "require.resolve", "from", "import"] {
        for (at, _) in text.match_indices(word) {
            let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
            let before = &text[line..at];
            let behind = &text[at + word.len()..];
            let own = before.strip_suffix("module.").unwrap_or(before);
            if own.ends_with(part_of_name) || behind.starts_with(part_of_name) {
                continue;
            }
            let rest = behind.trim_start();
            let inside = rest.strip_prefix('(').filter(|_| word != "from");
            let comment = before.trim_start().starts_with("//") || before.trim_start().starts_with('*');
            let call = inside.is_some() && !comment;
            // It is called under another name.
            let kept = word == "require" && !comment && rest.starts_with([';', ',', ')', ']', '}']);
            let rest = inside.map_or(rest, str::trim_start);
            let quote = rest.chars().next().filter(|char| matches!(char, '"' | '\''));
            let Some(quote) = quote.filter(|_| word != "require" || inside.is_some()) else {
                // A type of TypeScript has no call.
                if call || kept {
                    let line: String = text[at..].lines().next().unwrap_or_default().chars().take(40).collect();
                    return Err(line);
                }
                continue;
            };
            if inside.is_some() && !call {
                continue;
            }
            let Some(name) = rest[1..].split(quote).next().filter(|name| !name.contains('\n')) else { continue };
            let start = text[..at].rfind("import").max(text[..at].rfind("export"));
            let types = word == "from"
                && start.is_some_and(|start| {
                    ["import type ", "export type "].iter().any(|it| text[start..].starts_with(it))
                });
            if types {
                only_types.push(name.to_owned());
            } else if !name.is_empty() && !names.iter().any(|other| other == name) {
                names.push(name.to_owned());
            }
        }
    }
    Ok((names, only_types))
}

/// The file that `name` is, as `file` imports it.
fn resolve(tree: &Tree<'_>, file: &str, name: &str) -> Result<Option<String>, Reason> {
    const ENDINGS: &[&str] = &[
        "",
        ".js",
        ".mjs",
        ".cjs",
        ".json",
        ".ts",
        ".tsx",
        ".jsx",
        ".mts",
        ".cts",
        "/index.js",
        "/index.ts",
        "/index.mjs",
        "/index.cjs",
        "/index.tsx",
    ];
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Some(path) = join(folder, name) else { return Ok(None) };
    // TypeScript names what the file is compiled to.
    let source = [(".js", ".ts"), (".mjs", ".mts"), (".cjs", ".cts")]
        .iter()
        .find_map(|(to, from)| Some(format!("{}{from}", path.strip_suffix(to)?)));
    let candidates = ENDINGS.iter().map(|ending| format!("{path}{ending}")).chain(source);
    for candidate in candidates {
        // A folder is no file.
        if tree.has(&candidate) == Ok(true) {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    fn of(files: &[(&str, &str)]) -> Result<String, Reason> {
        let world = Files::of(files);
        let found = follow(&Tree::of(&world).expect("a context"), files[0].0)?;
        Ok(found.packages.iter().map(|(name, file)| format!("{name}:{file}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn imports_are_followed() {
        for (files, expected) in [
            (
                &[
                    ("a.js", "const x = require('express');\nrequire(\"./b\")"),
                    ("b.js", "import y from '@s/p/deep'; import 'z'"),
                ][..],
                "express:a.js @s/p:b.js z:b.js",
            ),
            (
                &[
                    (
                        "src/a.ts",
                        "import {\n  b,\n} from './c.js';\nimport type { T } from 't';\nimport fs from 'node:fs';\nimport p from 'path'",
                    ),
                    ("src/c.ts", "export * from 'u';"),
                ],
                "u:src/c.ts",
            ),
            (&[("a.mjs", "const m = await import('m'); x.require(y); import.meta.url"), ("b", "")], "m:a.mjs"),
            (
                &[("a.js", "require('./d'); require('./e.json')"), ("d/index.js", "require('../a')"), ("e.json", "{}")],
                "",
            ),
            (&[("a.js", "// require(name)\n * import(x)\nconst fromage = 1")], ""),
            (&[("a.js", "require ('b'); module.require( \"c\" ); required('d'); import.meta.url")], "b:a.js c:a.js"),
        ] {
            assert_eq!(of(files).as_deref(), Ok(expected));
        }
        for (files, reason) in [
            (&[("a.js", "require('./' + name)")][..], "./, which a.js imports, is not in the context"),
            (&[("a.js", "x(require(name))")], "what `require(name))` in a.js loads is not known"),
            (&[("a.js", "import(`./${x}`)")], "what `import(`./${x}`)` in a.js loads is not known"),
            (&[("a.js", "const load = require;\nload('b')")], "what `require;` in a.js loads is not known"),
            (&[("a.js", "require('./b')")], "./b, which a.js imports, is not in the context"),
        ] {
            assert_eq!(of(files), Err(reason.into()));
        }
    }
}
