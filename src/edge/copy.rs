//! A copy of a build context, to build from and to edit.

use std::fs;
use std::io;
use std::path::Path;

use crate::context::ignore::Patterns;

/// Endings of source files, and how a comment is written in them.
const COMMENTS: &[(&str, &str, &str)] = &[
    ("py", "# ", ""),
    ("rb", "# ", ""),
    ("sh", "# ", ""),
    ("ex", "# ", ""),
    ("exs", "# ", ""),
    ("js", "// ", ""),
    ("mjs", "// ", ""),
    ("cjs", "// ", ""),
    ("jsx", "// ", ""),
    ("ts", "// ", ""),
    ("tsx", "// ", ""),
    ("go", "// ", ""),
    ("rs", "// ", ""),
    ("java", "// ", ""),
    ("kt", "// ", ""),
    ("scala", "// ", ""),
    ("c", "// ", ""),
    ("cc", "// ", ""),
    ("cpp", "// ", ""),
    ("h", "// ", ""),
    ("cs", "// ", ""),
    ("swift", "// ", ""),
    ("dart", "// ", ""),
    ("php", "// ", ""),
    ("html", "<!-- ", " -->"),
    ("vue", "<!-- ", " -->"),
    ("css", "/* ", " */"),
    ("sql", "-- ", ""),
];

/// Folders that hold no source of the project.
const FOREIGN: &[&str] =
    &["node_modules", "vendor", "target", "dist", "build", "venv", ".venv", "__pycache__", "bin", "obj"];

/// Names that the source file with the entry point often has, the likeliest first.
const LIKELY: &[&str] = &["main", "app", "server", "index", "program", "wsgi", "manage", "lib"];

/// Copies a folder with modes, times and links, without what the builder is not sent.
pub fn tree(from: &Path, to: &Path, ignored: &Patterns) -> io::Result<()> {
    each(from, String::new(), ignored, &mut |path, meta| {
        let (source, target) = (from.join(path), to.join(path));
        if meta.is_dir() {
            // Otherwise the copy is copied into itself without end.
            if !path.is_empty() && fs::canonicalize(&source)? == fs::canonicalize(to)? {
                return Err(io::Error::other("the folder for temporary files lies in the build context"));
            }
            fs::create_dir_all(&target)?;
            // A folder that may not be written is filled first.
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(&target, fs::Permissions::from_mode(meta.permissions().mode() | 0o700))?;
            }
        } else if meta.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
            #[cfg(not(unix))]
            fs::copy(&source, &target).map(|_| ())?;
        } else if meta.is_file() {
            fs::copy(&source, &target)?;
            let file = fs::File::options().write(true).open(&target);
            // What nobody may write keeps the time of the copy, which no build looks at.
            if let (Ok(file), Ok(time)) = (file, meta.modified()) {
                file.set_modified(time)?;
            }
        }
        Ok(())
    })
}

/// Bytes in the files that the builder may be sent.
pub fn size(context: &Path, ignored: &Patterns) -> io::Result<u64> {
    let mut sum = 0;
    each(context, String::new(), ignored, &mut |_, meta| {
        sum += if meta.is_file() { meta.len() } else { 0 };
        Ok(())
    })?;
    Ok(sum)
}

type Visit<'v> = dyn FnMut(&str, &fs::Metadata) -> io::Result<()> + 'v;

/// Calls `visit` for all that is not ignored, folders before what is in them.
fn each(root: &Path, path: String, ignored: &Patterns, visit: &mut Visit<'_>) -> io::Result<()> {
    let place = root.join(&path);
    visit(&path, &fs::metadata(&place)?)?;
    for entry in fs::read_dir(&place)? {
        let entry = entry?;
        let (name, meta) = (entry.file_name(), entry.metadata()?);
        // What cannot be named in an ignore file cannot be ignored, and is rare: it is left out.
        let Some(name) = name.to_str() else { continue };
        let inside = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        if meta.is_dir() {
            if !ignored.excludes_all(&inside) {
                each(root, inside, ignored, visit)?;
            }
        } else if !ignored.excludes(&inside) {
            visit(&inside, &meta)?;
        }
    }
    Ok(())
}

/// Adds a comment with a mark to a source file. With a mark that no earlier run had, no engine has built it before.
pub fn edit(file: &Path, mark: &str) -> io::Result<()> {
    let extension = file.extension().and_then(|it| it.to_str()).unwrap_or_default().to_ascii_lowercase();
    let comment = COMMENTS.iter().find(|(ending, ..)| *ending == extension);
    let mut text = fs::read(file)?;
    let line = match comment {
        Some((_, start, end)) => format!("\n{start}an edit of a source file, {mark}{end}\n"),
        // Blanks are the one thing that most files can have more of.
        None => {
            let bits = mark.bytes().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
            std::iter::once('\n').chain(bits.map(|bit| if bit { '\t' } else { ' ' })).chain(['\n']).collect()
        }
    };
    text.extend_from_slice(line.as_bytes());
    fs::write(file, text)
}

/// A source file of the context that is likely to be edited: near the top, and with the name of an entry point.
pub fn likely_edit(context: &Path) -> Option<std::path::PathBuf> {
    let mut best: Option<((usize, usize, String), std::path::PathBuf)> = None;
    let walk = ignore::WalkBuilder::new(context).require_git(false).max_depth(Some(6)).build();
    for entry in walk.filter_map(Result::ok).filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file())) {
        let Ok(inside) = entry.path().strip_prefix(context) else { continue };
        let names: Vec<String> = inside.iter().map(|name| name.to_string_lossy().to_ascii_lowercase()).collect();
        let (Some(name), depth) = (names.last(), names.len()) else { continue };
        let Some((stem, ending)) = name.rsplit_once('.') else { continue };
        let Some(language) = COMMENTS.iter().position(|(it, ..)| *it == ending) else { continue };
        if names.iter().any(|name| FOREIGN.contains(&name.as_str()) || name.contains("test")) {
            continue;
        }
        let markup = usize::from(language + 4 >= COMMENTS.len());
        let likely = LIKELY.iter().position(|it| *it == stem).unwrap_or(LIKELY.len());
        let rank = (markup * 100 + likely, depth, inside.to_string_lossy().into_owned());
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            best = Some((rank, inside.to_path_buf()));
        }
    }
    best.map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_like_its_original_and_apart_from_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("src")).expect("a folder");
        fs::write(from.join("src/main.py"), "x = 1\n").expect("a file");
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let file = fs::File::options().write(true).open(from.join("src/main.py")).expect("a file");
        file.set_modified(time).expect("a time");
        #[cfg(unix)]
        std::os::unix::fs::symlink("src/main.py", from.join("link")).expect("a link");
        fs::create_dir_all(from.join("node_modules/x")).expect("a folder");
        fs::write(from.join("node_modules/x/y"), "1").expect("a file");
        let ignored = Patterns::parse("node_modules\n").expect("patterns");
        tree(&from, &to, &ignored).expect("a copy");
        assert!(!to.join("node_modules").exists());
        let error = tree(folder.path(), &to, &ignored).expect_err("the copy is in it");
        assert!(error.to_string().contains("lies in the build context"), "{error}");
        fs::remove_dir_all(&to).and_then(|()| tree(&from, &to, &ignored)).expect("a copy");
        let sizes = [&ignored, &Patterns::default()].map(|ignored| size(&from, ignored).expect("a size"));
        assert_eq!(sizes, [6, 7]);
        assert_eq!(fs::metadata(to.join("src/main.py")).and_then(|meta| meta.modified()).expect("a time"), time);
        #[cfg(unix)]
        assert_eq!(fs::read_link(to.join("link")).expect("a link"), Path::new("src/main.py"));
        edit(&to.join("src/main.py"), "run-1").expect("an edit");
        assert_eq!(
            fs::read_to_string(to.join("src/main.py")).expect("a file"),
            "x = 1\n\n# an edit of a source file, run-1\n"
        );
        assert_eq!(fs::read_to_string(from.join("src/main.py")).expect("a file"), "x = 1\n");
    }

    #[test]
    fn the_file_that_is_edited_is_a_source() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(likely_edit(folder.path()), None);
        for (file, expected) in [
            ("README.md", None),
            ("static/page.html", Some("static/page.html")),
            ("node_modules/app.js", Some("static/page.html")),
            ("src/util.ts", Some("src/util.ts")),
            ("tests/main.ts", Some("src/util.ts")),
            ("src/server.ts", Some("src/server.ts")),
            ("app.ts", Some("app.ts")),
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, "").expect("a file");
            assert_eq!(likely_edit(folder.path()).as_deref(), expected.map(Path::new), "{file}");
        }
    }
}
