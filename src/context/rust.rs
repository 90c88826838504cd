//! What Cargo makes of a project: the names of its programs, and the libraries of the system that they are linked with.
//!
//! <https://doc.rust-lang.org/cargo/reference/cargo-targets.html>

use toml::{Table, Value};

use super::Look;
use super::ignore::matches;
use super::tree::{Reason, Tree, join};

/// The names of the programs that `cargo build` makes in `folder`, of a workspace those of all members.
///
/// # Errors
/// If that is not known.
pub fn programs(tree: &Tree<'_>, folder: &str) -> Result<Vec<String>, Reason> {
    let manifest = manifest(tree, folder)?;
    if let Some(above) = tree.above(folder, &["Cargo.toml"]) {
        let above = if above.is_empty() { "the context" } else { &above };
        return Err(format!("{folder} may be a member of the workspace of {above}").into());
    }
    let mut names = Vec::new();
    if manifest.contains_key("package") {
        package(tree, folder, &manifest, &mut names)?;
    }
    for member in members(tree, folder, &manifest)? {
        package(tree, &member, &self::manifest(tree, &member)?, &mut names)?;
    }
    Ok(names)
}

fn manifest(tree: &Tree<'_>, folder: &str) -> Result<Table, Reason> {
    let path = join(folder, "Cargo.toml").unwrap_or_default();
    tree.toml(&path)?.ok_or_else(|| format!("there is no {path} in the context").into())
}

/// The folders of the members of the workspace of `manifest`, which stands in `folder`.
///
/// # Errors
/// If one is not known.
pub(super) fn members(tree: &Tree<'_>, folder: &str, manifest: &Table) -> Result<Vec<String>, Reason> {
    let workspace = manifest.get("workspace").and_then(|workspace| workspace.get("members"));
    let mut members = Vec::new();
    for pattern in workspace.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let pattern = join(folder, pattern).ok_or("a member of the workspace is outside of the context")?;
        if !pattern.contains('*') {
            members.push(pattern);
            continue;
        }
        let above = pattern.rsplit_once('/').map_or("", |(above, _)| above);
        for name in tree.names(above)? {
            let path = join(above, &name).unwrap_or_default();
            if matches(&pattern, &path) && tree.has(&format!("{path}/Cargo.toml")) == Ok(true) {
                members.push(path);
            }
        }
    }
    Ok(members)
}

fn package(tree: &Tree<'_>, folder: &str, manifest: &Table, names: &mut Vec<String>) -> Result<(), Reason> {
    let package = manifest.get("package").and_then(Value::as_table);
    let name = package.and_then(|package| package.get("name")).and_then(Value::as_str);
    let explicit = manifest.get("bin").and_then(Value::as_array).into_iter().flatten();
    names.extend(explicit.filter_map(|bin| bin.get("name")?.as_str()).map(str::to_owned));
    if package.and_then(|package| package.get("autobins")).and_then(Value::as_bool) == Some(false) {
        return Ok(());
    }
    let has = |path: &str| tree.world().look(&join(folder, path).unwrap_or_default()) == Some(Look::File);
    if has("src/main.rs") {
        names.extend(name.map(str::to_owned));
    }
    let bins = join(folder, "src/bin").unwrap_or_default();
    if tree.has_folder(&bins) {
        for entry in tree.names(&bins)? {
            match entry.strip_suffix(".rs") {
                Some(name) => names.push(name.to_owned()),
                None if has(&format!("src/bin/{entry}/main.rs")) => names.push(entry.to_string()),
                None => {}
            }
        }
    }
    Ok(())
}

/// Crates that are linked with a library of the system, which is no part of the program.
const LINKED: &[&str] = &[
    "pq-sys",
    "mysqlclient-sys",
    "rdkafka-sys",
    "curl-sys",
    "alsa-sys",
    "libudev-sys",
    "glib-sys",
    "gtk-sys",
    "gtk4-sys",
    "gdk-sys",
    "cairo-sys-rs",
    "pango-sys",
    "libpcap",
    "pcap",
    "opencv",
    "ffmpeg-sys",
    "ffmpeg-sys-next",
    "ffmpeg-next",
    "gstreamer-sys",
    "sdl2-sys",
    "x11",
    "wayland-sys",
    "libdbus-sys",
    "libsystemd-sys",
    "tss-esapi-sys",
    "hidapi",
    "libusb1-sys",
    "zmq-sys",
    "odbc-sys",
    "oracle",
    "magick_rust",
    "tesseract-sys",
    "leptonica-sys",
    "v4l2-sys-mit",
    "pulseaudio-sys",
    "libvips",
    "libsodium-sys",
    "libheif-sys",
    "openblas-src",
    "netcdf-sys",
    "hdf5-sys",
    "gdal-sys",
    "geos-sys",
    "proj-sys",
    "fontconfig-sys",
    "servo-fontconfig-sys",
    "yeslogic-fontconfig-sys",
    "freetype-sys",
    "pyo3-ffi",
    "python3-sys",
    "libvirt",
    "nftnl-sys",
    "mnl-sys",
    "fuse",
    "fuser",
    "libxml",
    "ldap3_proto",
];

/// The crate of the lock file in `folder` that is linked with a library of the system, if there is one; of SQLite, if it is
/// not compiled along. `None` if there is none, or no lock file tells (`false`).
///
/// # Errors
/// If the lock file cannot be read.
pub fn linked(tree: &Tree<'_>, folder: &str) -> Result<(Option<String>, bool), Reason> {
    let Some(lock) = tree.toml(&join(folder, "Cargo.lock").unwrap_or_default())? else { return Ok((None, false)) };
    let packages = lock.get("package").and_then(Value::as_array).into_iter().flatten();
    for package in packages {
        let Some(name) = package.get("name").and_then(Value::as_str) else { continue };
        let needs = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        let compiled = needs.filter_map(Value::as_str).any(|it| it == "cc" || it.starts_with("cc "));
        if LINKED.contains(&name) || name == "libsqlite3-sys" && !compiled {
            return Ok((Some(name.to_owned()), true));
        }
    }
    Ok((None, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn programs_are_named() {
        for (files, folder, expected) in [
            (&[("Cargo.toml", "[package]\nname = 'a-b'"), ("src/main.rs", "")][..], "", Ok("a-b")),
            (
                &[
                    ("Cargo.toml", "[package]\nname = 'a'\n[[bin]]\nname = 'b'\npath = 'x.rs'"),
                    ("src/bin/c.rs", ""),
                    ("src/bin/d/main.rs", ""),
                    ("src/bin/e/lib.rs", ""),
                ],
                "",
                Ok("b c d"),
            ),
            (&[("Cargo.toml", "[package]\nname = 'a'\nautobins = false"), ("src/main.rs", "")], "", Ok("")),
            (
                &[
                    ("Cargo.toml", "[workspace]\nmembers = ['a', 'crates/*']"),
                    ("a/Cargo.toml", "[package]\nname = 'a'"),
                    ("a/src/main.rs", ""),
                    ("crates/x/Cargo.toml", "[package]\nname = 'x'"),
                    ("crates/x/src/main.rs", ""),
                    ("crates/README.md", ""),
                ],
                "",
                Ok("a x"),
            ),
            (
                &[("Cargo.toml", ""), ("a/Cargo.toml", "")],
                "a",
                Err("a may be a member of the workspace of the context"),
            ),
            (&[("x", "")], "", Err("there is no Cargo.toml in the context")),
        ] {
            let world = Files::of(files);
            let names = programs(&Tree::of(&world).expect("a context"), folder).map(|names| names.join(" "));
            assert_eq!(names, expected.map(str::to_owned).map_err(Reason::from));
        }
    }

    #[test]
    fn libraries_are_found() {
        for (lock, expected) in [
            ("[[package]]\nname = 'serde'", (None, true)),
            ("[[package]]\nname = 'pq-sys'", (Some("pq-sys"), true)),
            ("[[package]]\nname = 'libsqlite3-sys'\ndependencies = ['cc', 'pkg-config']", (None, true)),
            ("[[package]]\nname = 'libsqlite3-sys'\ndependencies = ['pkg-config']", (Some("libsqlite3-sys"), true)),
        ] {
            let world = Files::of(&[("Cargo.lock", lock)]);
            let (name, known) = linked(&Tree::of(&world).expect("a context"), "").expect(lock);
            assert_eq!((name.as_deref(), known), expected, "{lock}");
        }
        let world = Files::of(&[("Cargo.toml", "")]);
        assert_eq!(linked(&Tree::of(&world).expect("a context"), ""), Ok((None, false)));
    }
}
