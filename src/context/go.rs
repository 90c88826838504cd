//! What go reads of a module when it fetches what the module needs: `go.mod` and `go.work`.
//!
//! <https://go.dev/ref/mod>

use super::Look;
use super::tree::{Needs, Reason, Tree, join};

/// What `go mod download` reads in `folder`.
///
/// # Errors
/// Why that cannot be told.
pub fn download(tree: &Tree<'_>, folder: &str) -> Result<Needs, Reason> {
    let mut needs = Needs::default();
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    if !tree.has(&path("go.mod"))? && !tree.has(&path("go.work"))? {
        return Err(format!("there is no {} in the context", path("go.mod")).into());
    }
    if tree.has_folder(&path("vendor")) {
        return Err("what the module needs is in the folder vendor already".into());
    }
    if let Some(above) = tree.above(folder, &["go.work"]) {
        return Err(format!("{folder} may be a module of {}", if above.is_empty() { "go.work" } else { &above }).into());
    }
    let mut modules = vec![folder.to_owned()];
    if tree.take(&mut needs, &path("go.work"))? {
        tree.take(&mut needs, &path("go.work.sum"))?;
        let text = tree.text(&path("go.work"))?.unwrap_or_default();
        modules = Vec::new();
        for module in entries(&text, "use") {
            modules.push(inside(folder, module)?);
        }
        needs.check("each module's go.mod is copied here: a new module has to be added");
        local(&text, folder, &mut modules, &mut needs)?;
    }
    let mut at = 0;
    while let Some(module) = modules.get(at).cloned() {
        at += 1;
        let file = inside(&module, "go.mod")?;
        if !tree.take(&mut needs, &file)? {
            return Err(format!("there is no {file} in the context").into());
        }
        let has_sum = tree.take(&mut needs, &inside(&module, "go.sum")?)?;
        let text = tree.text(&file)?.unwrap_or_default();
        if !has_sum && entries(&text, "require").next().is_some() && module == folder {
            needs.check("there is no go.sum, so that a build may have to fetch again");
        }
        // Only the main module's replacements count.
        if module == folder || tree.world().look(&path("go.work")) == Some(Look::File) {
            local(&text, &module, &mut modules, &mut needs)?;
        }
    }
    Ok(needs)
}

/// Whether the module in `folder` needs any other.
///
/// # Errors
/// If that is not known.
pub fn needs_others(tree: &Tree<'_>, folder: &str) -> Result<bool, Reason> {
    let text = tree.text(&inside(folder, "go.mod")?)?.ok_or("there is no go.mod in the context")?;
    Ok(entries(&text, "require").next().is_some())
}

/// The name of the program that `go build` makes of the package in `folder`: the last element of its import path that is no
/// version.
///
/// # Errors
/// If it is in no module that is known.
pub fn program(tree: &Tree<'_>, folder: &str) -> Result<String, Reason> {
    let mut root = folder.to_owned();
    while !tree.has(&inside(&root, "go.mod")?)? {
        root = tree.above(&root, &["go.mod"]).ok_or("the sources are in no module")?;
    }
    let text = tree.text(&inside(&root, "go.mod")?)?.unwrap_or_default();
    let module = entries(&text, "module").next().ok_or("go.mod names no module")?;
    let rest = folder.strip_prefix(&*root).unwrap_or(folder);
    let path = format!("{module}/{rest}");
    let is_version =
        |name: &str| name.strip_prefix('v').is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()));
    let mut names = path.split('/').filter(|name| !name.is_empty());
    let last = names.next_back().unwrap_or_default();
    let name = if is_version(last) && last != "v0" && last != "v1" { names.next_back().unwrap_or(last) } else { last };
    Ok(name.to_owned())
}

/// Modules that are C, or need a library written in C: without cgo they do not build, or build and fail when they run.
const CGO: &[&str] = &[
    "github.com/mattn/go-sqlite3",
    "github.com/mattn/go-oci8",
    "github.com/mutecomm/go-sqlcipher",
    "github.com/xeodou/go-sqlcipher",
    "github.com/CovenantSQL/go-sqlite3-encrypt",
    "github.com/jgiannuzzi/go-sqlite3",
    "github.com/tursodatabase/go-libsql",
    "github.com/confluentinc/confluent-kafka-go",
    "github.com/godror/godror",
    "github.com/marcboeker/go-duckdb",
    "github.com/duckdb/duckdb-go",
    "github.com/h2non/bimg",
    "github.com/davidbyttow/govips",
    "gopkg.in/gographics/imagick",
    "github.com/gographics/imagick",
    "github.com/libgit2/git2go",
    "github.com/veandco/go-sdl2",
    "github.com/go-gl/",
    "fyne.io/fyne",
    "github.com/hajimehoshi/ebiten",
    "github.com/hajimehoshi/oto",
    "github.com/ebitengine/oto",
    "github.com/DataDog/zstd",
    "github.com/valyala/gozstd",
    "github.com/tecbot/gorocksdb",
    "github.com/linxGNU/grocksdb",
    "github.com/pebbe/zmq4",
    "github.com/miekg/pkcs11",
    "github.com/ThalesIgnite/crypto11",
    "gocv.io/x/gocv",
    "github.com/otiai10/gosseract",
    "github.com/smacker/go-tree-sitter",
    "github.com/tree-sitter/",
    "rogchap.com/v8go",
    "github.com/wasmerio/wasmer-go",
    "github.com/bytecodealliance/wasmtime-go",
    "github.com/tensorflow/tensorflow",
    "github.com/galeone/tensorflow",
    "github.com/supranational/blst",
    "github.com/google/gopacket",
    "github.com/gopacket/gopacket",
    "github.com/getlantern/systray",
    "github.com/proglottis/gpgme",
    "github.com/Shopify/go-lua",
    "github.com/aarzilli/golua",
    "github.com/gotk3/gotk3",
    "github.com/diamondburned/gotk4",
    "github.com/karalabe/hid",
    "github.com/google/gousb",
    "github.com/gordonklaus/portaudio",
    "github.com/hraban/opus",
    "gopkg.in/hraban/opus",
    "layeh.com/gopus",
    "github.com/xlab/",
    "github.com/chai2010/webp",
    "github.com/kolesa-team/go-webp",
    "github.com/giorgisio/goav",
    "github.com/asticode/go-astiav",
    "github.com/3d0c/gmf",
    "github.com/ibmdb/go_ibm_db",
    "github.com/alexbrainman/odbc",
    "github.com/jmhodges/levigo",
    "github.com/chdb-io/chdb-go",
    "github.com/yalue/onnxruntime_go",
    "github.com/bmatsuo/lmdb-go",
    "github.com/PowerDNS/lmdb-go",
    "github.com/coreos/go-systemd/sdjournal",
    "github.com/lestrrat-go/libxml2",
    "github.com/jbowtie/gokogiri",
    "github.com/CosmWasm/wasmvm",
    "github.com/ledgerwatch/",
    "github.com/microsoft/go-crypto-openssl",
    "github.com/spacemonkeygo/openssl",
];

/// The module of `go.mod` in `folder` that is known to need cgo, if there is one.
///
/// # Errors
/// If `go.mod` cannot be read.
pub fn needs_cgo(tree: &Tree<'_>, folder: &str) -> Result<Option<&'static str>, Reason> {
    let text = tree.text(&inside(folder, "go.mod")?)?.unwrap_or_default();
    let mut modules = entries(&text, "require");
    Ok(modules.find_map(|module| {
        CGO.iter().copied().find(|known| {
            let rest = module.strip_prefix(known);
            rest.is_some_and(|rest| {
                known.ends_with('/') || rest.is_empty() || rest.starts_with('/') || rest.starts_with(".v")
            })
        })
    }))
}

/// What the sources of a program say of how it runs.
#[derive(Clone, Debug, Default)]
pub struct Sources<'c> {
    /// What they import.
    pub imports: Vec<&'c str>,
    /// Their other strings.
    pub strings: Vec<&'c str>,
    /// Patterns of `//go:embed`, with the folder that they are seen from.
    pub embeds: Vec<(&'c str, &'c str)>,
}

impl<'c> Sources<'c> {
    /// Reads `sources`; tests are not read.
    #[must_use]
    pub fn of(sources: &'c [(String, String)]) -> Self {
        let mut found = Self::default();
        for (path, text) in sources.iter().filter(|(path, _)| path.ends_with(".go") && !path.ends_with("_test.go")) {
            let (strings, comments) = super::sources::GO.strings(text);
            let imports = imports(text);
            let (of_imports, others) = strings.into_iter().partition::<Vec<_>, _>(|it| imports.contains(it));
            found.imports.extend(of_imports);
            found.strings.extend(others);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            for comment in comments {
                let Some(patterns) = comment.strip_prefix("go:embed") else { continue };
                let patterns =
                    patterns.split_whitespace().map(|it| it.trim_matches(['"', '`']).trim_start_matches("all:"));
                found.embeds.extend(patterns.map(|pattern| (folder, pattern)));
            }
        }
        found
    }

    /// Whether the file at `path` is in the program.
    #[must_use]
    pub fn embeds(&self, path: &str) -> bool {
        self.embeds.iter().any(|(folder, pattern)| {
            let Some(full) = join(folder, pattern) else { return false };
            let mut above = Some(path);
            while let Some(at) = above {
                if super::ignore::matches(&full, at) {
                    return true;
                }
                above = at.rsplit_once('/').map(|(above, _)| above);
            }
            false
        })
    }
}

/// What a source imports, as it is written there.
fn imports(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("import") {
            inside = rest.trim_start().starts_with('(');
        } else if inside && line.starts_with(')') {
            inside = false;
            continue;
        } else if !inside {
            continue;
        }
        let quoted = line.split('"').nth(1);
        found.extend(quoted);
    }
    found
}

fn inside(folder: &str, path: &str) -> Result<String, Reason> {
    join(folder, path).ok_or_else(|| format!("{path} is outside of the context").into())
}

/// Adds the modules that `text` replaces by folders.
fn local(text: &str, folder: &str, modules: &mut Vec<String>, needs: &mut Needs) -> Result<(), Reason> {
    for line in lines(text, "replace") {
        let Some((_, to)) = line.split_once("=>") else { continue };
        let to = to.split_whitespace().next().unwrap_or_default().trim_matches('"');
        if to.starts_with('/') {
            return Err(format!("go.mod replaces a module by {to}").into());
        }
        if to.starts_with("./") || to.starts_with("../") {
            let module = inside(folder, to)?;
            needs.check(format!("go reads nothing of {module} but its go.mod when it fetches"));
            if !modules.contains(&module) {
                modules.push(module);
            }
        }
    }
    Ok(())
}

/// The first words behind a keyword.
fn entries<'t>(text: &'t str, keyword: &'t str) -> impl Iterator<Item = &'t str> {
    lines(text, keyword).filter_map(|line| Some(line.split_whitespace().next()?.trim_matches('"')))
}

/// What follows a keyword: on its line, or on lines of a block in parentheses.
fn lines<'t>(text: &'t str, keyword: &'t str) -> impl Iterator<Item = &'t str> {
    let mut inside = false;
    text.lines().filter_map(move |line| {
        let line = line.split("//").next().unwrap_or(line).trim();
        if inside {
            inside = line != ")";
            return (inside && !line.is_empty()).then_some(line);
        }
        let rest = line.strip_prefix(keyword)?;
        let rest = rest.strip_prefix([' ', '\t', '(']).map(|it| if rest.starts_with('(') { rest } else { it })?.trim();
        if rest == "(" {
            inside = true;
            return None;
        }
        Some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn modules() {
        for (files, folder, expected) in [
            (&[("go.mod", "module a\nrequire x v1\n"), ("go.sum", "")][..], "", Ok("go.mod go.sum")),
            (&[("a/go.mod", "module a\n")], "a", Ok("a/go.mod")),
            (
                &[("go.mod", "require (\n\tx v1 // indirect\n)\n")],
                "",
                Ok("go.mod | there is no go.sum, so that a build may have to fetch again"),
            ),
            (
                &[("go.mod", "replace (\n  x => ./x\n  y => z v1\n)\n"), ("x/go.mod", "replace q => ../../q")],
                "",
                Ok("go.mod x/go.mod | go reads nothing of x but its go.mod when it fetches"),
            ),
            (
                &[("go.work", "use ./a\nuse (\n  ./b\n)\n"), ("a/go.mod", ""), ("b/go.mod", ""), ("b/go.sum", "")],
                "",
                Ok(
                    "go.work a/go.mod b/go.mod b/go.sum | each module's go.mod is copied here: a new module has to be added",
                ),
            ),
            (&[("go.mod", "replace x => ../x\n")], "", Err("../x is outside of the context")),
            (&[("go.mod", "replace x => /x\n")], "", Err("go.mod replaces a module by /x")),
            (&[("go.mod", "replace x => ./x\n")], "", Err("there is no x/go.mod in the context")),
            (
                &[("go.mod", ""), ("vendor/modules.txt", "")],
                "",
                Err("what the module needs is in the folder vendor already"),
            ),
            (&[("x", "")], "", Err("there is no go.mod in the context")),
        ] {
            let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
            let world = Files { files, ..Files::default() };
            let needs = download(&Tree::of(&world).expect("a context"), folder).map(|needs| {
                let checks =
                    if needs.checks.is_empty() { String::new() } else { format!(" | {}", needs.checks.join("; ")) };
                needs.files.join(" ") + &checks
            });
            assert_eq!(needs, expected.map(str::to_owned).map_err(Reason::from));
        }
    }

    #[test]
    fn programs_are_named_after_their_packages() {
        let files =
            [("go.mod", "module example.org/shop/v2 // x\n"), ("a/go.mod", "module x\n"), ("cmd/web/main.go", "")];
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let world = Files { files, ..Files::default() };
        let tree = Tree::of(&world).expect("a context");
        for (folder, name) in [("", "shop"), ("cmd/web", "web"), ("a", "x"), ("a/b/v3", "b"), ("v1", "v1")] {
            assert_eq!(program(&tree, folder).as_deref(), Ok(name), "{folder}");
        }
    }

    #[test]
    fn modules_that_are_c() {
        for (text, expected) in [
            ("require (\n\tgithub.com/mattn/go-sqlite3 v1 // indirect\n)\n", Some("github.com/mattn/go-sqlite3")),
            ("require github.com/mattn/go-sqlite3x v1\n", None),
            ("require gopkg.in/gographics/imagick.v3 v3\n", Some("gopkg.in/gographics/imagick")),
            ("require github.com/go-gl/gl v0\n", Some("github.com/go-gl/")),
        ] {
            let files = [("go.mod".to_owned(), text.as_bytes().to_vec())].into_iter().collect();
            let world = Files { files, ..Files::default() };
            assert_eq!(needs_cgo(&Tree::of(&world).expect("a context"), ""), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_sources_say() {
        let text = "package main\nimport \"os\"\nimport (\n\tx \"os/exec\" // y\n)\n//go:embed all:a \"b/*.html\"\nvar f = \"c\"\n";
        let files = vec![("web/main.go".to_owned(), text.to_owned()), ("web/x_test.go".to_owned(), "\"t\"".to_owned())];
        let sources = Sources::of(&files);
        assert_eq!(sources.imports, ["os", "os/exec"]);
        assert_eq!(sources.strings, ["c"]);
        for (path, embedded) in [("web/a/x", true), ("web/b/x.html", true), ("web/b/x.css", false), ("a/x", false)] {
            assert_eq!(sources.embeds(path), embedded, "{path}");
        }
    }
}
