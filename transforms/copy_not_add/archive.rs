//! What ADD takes for an archive: content decides, not the name.
//!
//! BuildKit decompresses what starts like gzip, bzip2, xz or zstd, and unpacks what then starts with a tar header
//! (`isArchivePath` in `solver/llbsolver/file/unpack.go`).

/// How compressed streams start. <https://github.com/moby/moby/blob/master/pkg/archive/archive.go>
const COMPRESSED: &[&[u8]] = &[b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"];

/// Length of a tar header, and where its checksum stands.
const HEADER: usize = 512;
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// Whether ADD may unpack a file with this content. What is compressed may hold a tar archive; other content is one only
/// if it starts with a header whose checksum is right.
pub fn may_be_archive(content: &[u8]) -> bool {
    if COMPRESSED.iter().any(|magic| content.starts_with(magic)) {
        return true;
    }
    // Zstandard streams may start with a frame that is skipped.
    if content.len() >= 4 && content[0] & 0xf0 == 0x50 && content[1..4] == *b"\x2a\x4d\x18" {
        return true;
    }
    let Some(header) = content.get(..HEADER) else { return false };
    let mut stated = header[CHECKSUM].iter().filter(|byte| !matches!(byte, b' ' | 0));
    let stated =
        stated.try_fold(0_i64, |sum, byte| matches!(byte, b'0'..=b'7').then(|| sum * 8 + i64::from(byte - b'0')));
    let Some(stated) = stated else { return false };
    let bytes = header.iter().enumerate().map(|(at, byte)| if CHECKSUM.contains(&at) { b' ' } else { *byte });
    let unsigned: i64 = bytes.clone().map(i64::from).sum();
    let signed: i64 = bytes.map(|byte| i64::from(byte.cast_signed())).sum();
    stated == unsigned || stated == signed
}

/// Whether a name is usual for archives, so that ADD is likely meant to unpack it.
pub fn is_named_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let compressed = [".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".zst", ".tzst", ".lzma", ".z"];
    name.ends_with(".tar") || name.contains(".tar.") || compressed.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header as tar writes it, for an empty file.
    fn header() -> Vec<u8> {
        let mut header = vec![0_u8; HEADER];
        header[..5].copy_from_slice(b"hello");
        header[257..263].copy_from_slice(b"ustar\0");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
        header[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        header
    }

    #[test]
    fn content_decides() {
        let tar = header();
        let mut broken = tar.clone();
        broken[0] = b'j';
        let cases: &[(&[u8], bool)] = &[
            (b"", false),
            (b"#!/bin/sh\n", false),
            (b"PK\x03\x04", false),
            (&tar, true),
            (&tar[..511], false),
            (&broken, false),
            (&[0; 1024], false),
            (&[b'a'; 1024], false),
            (b"\x1f\x8b\x08\0", true),
            (b"BZh9", true),
            (b"\xfd7zXZ\0\0", true),
            (b"\x28\xb5\x2f\xfd\0", true),
            (b"\x50\x2a\x4d\x18", true),
        ];
        for (content, expected) in cases {
            assert_eq!(may_be_archive(content), *expected, "{:?}", &content[..content.len().min(16)]);
        }
    }
}
