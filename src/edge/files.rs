//! Finding, reading and replacing Dockerfiles.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::Failure;

/// A larger file is not a Dockerfile that anybody wrote.
const MAX_LEN: u64 = 8 * 1024 * 1024;

/// Names of files that look like a Dockerfile but are templates, backups or notes.
const NOT_DOCKERFILES: &[&str] =
    &["dockerignore", "j2", "tmpl", "template", "erb", "in", "bak", "orig", "rej", "md", "swp", "tpl"];

/// A Dockerfile to look at.
#[derive(Clone, Debug)]
pub struct Found {
    /// As it is shown.
    pub path: PathBuf,
    /// The user named it, so that a failure to read it is an error.
    pub named: bool,
}

/// Whether a file of this name is taken for a Dockerfile when a directory is searched.
pub fn is_dockerfile(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if NOT_DOCKERFILES.iter().any(|ending| lower.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.')))
        || name.ends_with('~')
    {
        return false;
    }
    name == "Dockerfile"
        || name.starts_with("Dockerfile.")
        || name.ends_with(".Dockerfile")
        || name.ends_with(".dockerfile")
        || name.starts_with("Containerfile")
}

/// The Dockerfiles under `root`, sorted; `.gitignore` is respected, and links are not followed.
pub fn search(root: &Path) -> Vec<Found> {
    let (send, receive) = std::sync::mpsc::channel();
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
    walk(root).threads(cores).build_parallel().run(|| {
        let send = send.clone();
        Box::new(move |entry| {
            if let Some(path) = entry.ok().and_then(dockerfile) {
                let _ = send.send(path);
            }
            ignore::WalkState::Continue
        })
    });
    drop(send);
    let mut paths: Vec<PathBuf> = receive.into_iter().collect();
    paths.sort_unstable();
    let shown = |path: PathBuf| path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path);
    paths.into_iter().map(|path| Found { path: shown(path), named: false }).collect()
}

/// The same of a folder that nobody asked to search. What the user alone has git ignore is not left out: to read that
/// setting takes longer than all else that is done for one file, and so do threads, of which such walks have one.
pub fn around(root: &Path) -> Vec<PathBuf> {
    let walk = walk(root).git_global(false).build();
    let mut paths: Vec<PathBuf> = walk.filter_map(|entry| dockerfile(entry.ok()?)).collect();
    paths.sort_unstable();
    paths
}

fn walk(root: &Path) -> ignore::WalkBuilder {
    let mut walk = ignore::WalkBuilder::new(root);
    walk.hidden(false).require_git(false).filter_entry(|entry| entry.file_name() != ".git");
    walk
}

/// Where it is, if it is a Dockerfile. A directory that cannot be read is passed over, as a file would be.
fn dockerfile(entry: ignore::DirEntry) -> Option<PathBuf> {
    let file = entry.file_type().is_some_and(|kind| kind.is_file());
    (file && entry.file_name().to_str().is_some_and(is_dockerfile)).then(|| entry.into_path())
}

/// The text of a Dockerfile.
pub fn read(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let fail = |error: std::io::Error| Failure::new(format!("{shown}: {error}"), "check the path and its permissions");
    let meta = fs::metadata(path).map_err(fail)?;
    if !meta.is_file() {
        return Err(Failure::new(
            format!("{shown}: not a regular file"),
            "name a Dockerfile or a directory, or use `-` for standard input",
        ));
    }
    if meta.len() > MAX_LEN {
        return Err(too_large(&shown.to_string()));
    }
    text_of(fs::read(path).map_err(fail)?, &shown.to_string())
}

/// The text on standard input.
pub fn read_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_LEN + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(format!("standard input: {error}"), "pipe a Dockerfile into it"))?;
    if bytes.len() as u64 > MAX_LEN {
        return Err(too_large("standard input"));
    }
    text_of(bytes, "standard input")
}

fn too_large(shown: &str) -> Failure {
    Failure::new(
        format!("{shown}: larger than {} MiB", MAX_LEN >> 20),
        "name a Dockerfile; this does not look like one",
    )
}

fn text_of(bytes: Vec<u8>, shown: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::new(format!("{shown}:{line}: not UTF-8"), "save the file as UTF-8; it was left as it is")
    })
}

/// Replaces the text of a file at once: readers see the old text or the new. Mode and owner are kept, and a link keeps
/// pointing at the file, which is replaced where it is.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let help = "check its permissions; the file was left as it is";
    let fail = |error: std::io::Error| Failure::new(format!("{}: cannot be written: {error}", path.display()), help);
    let target = fs::canonicalize(path).map_err(fail)?;
    let meta = fs::metadata(&target).map_err(fail)?;
    if meta.permissions().readonly() {
        return Err(Failure::new(
            format!("{}: is read-only", path.display()),
            "make it writable (chmod u+w); the file was left as it is",
        ));
    }
    let folder = target.parent().unwrap_or_else(|| Path::new("/"));
    let mut file = tempfile::Builder::new().prefix(".dockwright-").tempfile_in(folder).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)?;
    file.as_file().set_permissions(meta.permissions()).map_err(fail)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        let made = file.as_file().metadata().map_err(fail)?;
        if (made.uid(), made.gid()) != (meta.uid(), meta.gid()) {
            fchown(file.as_file(), Some(meta.uid()), Some(meta.gid())).map_err(fail)?;
        }
    }
    file.as_file().sync_all().map_err(fail)?;
    file.persist(&target).map_err(|error| fail(error.error))?;
    Ok(())
}

/// Makes a file that is not there yet.
pub fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let fail = |error: std::io::Error| {
        Failure::new(format!("{}: cannot be written: {error}", path.display()), "check the folder's permissions")
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".dockwright-").tempfile_in(folder).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // That of the Dockerfile's folder, without the right to execute.
        let mode = fs::metadata(folder).map_err(fail)?.permissions().mode() & 0o666;
        file.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(fail)?;
    }
    file.as_file().sync_all().map_err(fail)?;
    file.persist_noclobber(path).map_err(|error| fail(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_dockerfile;

    #[test]
    fn names_of_dockerfiles() {
        for name in
            ["Dockerfile", "Dockerfile.dev", "api.Dockerfile", "x.dockerfile", "Containerfile", "Containerfile.prod"]
        {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in [
            "dockerfile.txt",
            "Dockerfile.dockerignore",
            "Dockerfile.j2",
            "Dockerfile.bak",
            "Dockerfile~",
            "Dockerfile.tmpl",
            "README.md",
            "Dockerfile.in",
            "Dockerfiles",
        ] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}
