//! Which files git tracks: its index, read without git.
//!
//! <https://git-scm.com/docs/index-format>

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Larger indexes are not read.
const MAX_LEN: u64 = 64 * 1024 * 1024;

/// The root of the repository that `folder` is in.
pub fn root(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    folder.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf)
}

/// The paths that the index of the repository at `root` holds.
pub fn tracked(root: &Path) -> Option<BTreeSet<Box<str>>> {
    let git = root.join(".git");
    let folder = if git.is_dir() {
        git
    } else {
        let text = std::fs::read_to_string(&git).ok()?;
        root.join(text.trim().strip_prefix("gitdir:")?.trim())
    };
    let index = folder.join("index");
    if std::fs::metadata(&index).ok()?.len() > MAX_LEN {
        return None;
    }
    read(&std::fs::read(index).ok()?)
}

/// The paths in an index with SHA-1 object names.
fn read(index: &[u8]) -> Option<BTreeSet<Box<str>>> {
    let number = |at: usize| Some(u32::from_be_bytes(index.get(at..at.checked_add(4)?)?.try_into().ok()?));
    if index.get(..4)? != b"DIRC" {
        return None;
    }
    let version = number(4)?;
    if !(2..=4).contains(&version) {
        return None;
    }
    let mut paths = BTreeSet::new();
    let mut at = 12;
    let mut path: Vec<u8> = Vec::new();
    for _ in 0..number(8)? {
        let start = at;
        let flags = u16::from_be_bytes(index.get(at + 60..at + 62)?.try_into().ok()?);
        at += if flags & 0x4000 != 0 { 64 } else { 62 };
        if version == 4 {
            path.truncate(path.len().checked_sub(offset(index, &mut at)?)?);
        } else {
            path.clear();
        }
        let len = index.get(at..)?.iter().position(|byte| *byte == 0)?;
        path.extend(&index[at..at + len]);
        at += len + 1;
        if version < 4 {
            // Entries are a multiple of eight bytes long.
            at = start + (at - start).next_multiple_of(8);
        }
        // A name of a file is either UTF-8, or none that a Dockerfile can have.
        if let Ok(path) = std::str::from_utf8(&path) {
            paths.insert(path.into());
        }
    }
    Some(paths)
}

/// A number of variable length.
fn offset(index: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0_usize;
    loop {
        let byte = *index.get(*at)?;
        *at += 1;
        value = value.checked_shl(7)?.checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        value = value.checked_add(1)?;
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn entry(flags: u16, tail: &[u8]) -> Vec<u8> {
        [&[0; 60][..], &flags.to_be_bytes(), tail].concat()
    }

    #[test]
    fn indexes_are_read() {
        let head = |version: u8, count: u8| [&b"DIRC\0\0\0"[..], &[version, 0, 0, 0, count]].concat();
        // 62 bytes, the path, and zeros up to a multiple of eight.
        let second = [head(2, 2), entry(3, b"a/b\0\0\0\0\0\0\0"), entry(1, b"c\0")].concat();
        let fourth = [head(4, 2), entry(3, b"\0a/b\0"), entry(3, b"\x01c\0")].concat();
        for (index, expected) in [(second, ["a/b", "c"]), (fourth, ["a/b", "a/c"])] {
            let mut paths: Vec<_> = read(&index).expect("an index").into_iter().collect();
            paths.sort();
            assert_eq!(paths.iter().map(|path| &**path).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn broken_indexes_are_refused() {
        for index in
            [&b""[..], b"DIRC", b"DIRC\0\0\0\x02\0\0\0\x01", b"XXXX\0\0\0\x02\0\0\0\0", b"DIRC\0\0\0\x07\0\0\0\0"]
        {
            assert!(read(index).is_none());
        }
    }
}
