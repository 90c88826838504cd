//! One layer of an image: what a tar stream says of its files.
//!
//! Sources: <https://github.com/opencontainers/image-spec/blob/main/layer.md> for whiteouts, and
//! <https://www.gnu.org/software/tar/manual/html_node/Standard.html> for the header.

use std::io::{self, Read};
use std::sync::Arc;

use flate2::write::ZlibEncoder;
use sha2::{Digest as _, Sha256};
use tar::EntryType;

/// The prefix of a name that removes another from the layers below.
const WHITEOUT: &[u8] = b".wh.";
/// The name that hides everything in its directory that the layers below put there.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Where tar keeps extended attributes.
const XATTR: &str = "SCHILY.xattr.";
/// Of each such stretch of a layer …
const STRETCH: u64 = 1 << 20;
/// … so much is compressed to learn how far the whole would be.
const SAMPLE: u64 = 64 << 10;

/// What a layer does to the file system.
#[derive(Debug, Default)]
pub struct Layer {
    /// What it adds or replaces, in the order of the archive.
    pub entries: Vec<(Arc<[u8]>, Arc<Entry>)>,
    /// What it removes from the layers below.
    pub whiteouts: Vec<Arc<[u8]>>,
    /// Directories of which it hides what the layers below hold.
    pub opaque: Vec<Arc<[u8]>>,
    /// Bytes in its files.
    pub size: u64,
    /// Bytes as a registry stores it.
    pub compressed: u64,
    /// Whether `compressed` is an estimate from a sample.
    pub estimated: bool,
}

/// A file as the archive describes it. Times are left out: every build writes its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What kind of file it is.
    pub kind: Kind,
    /// Permission bits, with setuid, setgid and sticky.
    pub mode: u32,
    /// The owner.
    pub owner: (u64, u64),
    /// Extended attributes, capabilities among them, sorted by name.
    pub xattrs: Box<[Xattr]>,
}

/// An extended attribute: its name and value.
pub type Xattr = (Box<str>, Box<[u8]>);

/// What kind of file an entry is, with what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file: its size and the hash of its content.
    File(u64, [u8; 32]),
    /// A directory.
    Directory,
    /// A symbolic link and where it points.
    Symlink(Box<[u8]>),
    /// Another name of the file at this path, of the same layer.
    Hardlink(Arc<[u8]>),
    /// A device or a pipe: its type and numbers.
    Special(u8, u32, u32),
}

impl Layer {
    /// Reads a tar stream that is not compressed; what a registry would store is estimated.
    ///
    /// # Errors
    /// What the stream answers, or that it is no tar.
    pub fn read(stream: impl Read) -> io::Result<Self> {
        let mut stream = Sampled::new(stream);
        let mut layer = Self::scan(&mut stream)?;
        // The blocks of zeros at the end count, too.
        io::copy(&mut stream, &mut io::sink())?;
        layer.compressed = stream.estimate()?;
        layer.estimated = true;
        Ok(layer)
    }

    /// Reads a tar stream that comes out of a decompressor.
    ///
    /// # Errors
    /// What the stream answers, or that it is no tar.
    pub fn scan(stream: impl Read) -> io::Result<Self> {
        let mut layer = Self::default();
        let mut archive = tar::Archive::new(stream);
        let mut buffer = vec![0; 64 << 10];
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = plain(&entry.path_bytes());
            let name_at = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
            let (folder, name) = (&path[..name_at.saturating_sub(1)], &path[name_at..]);
            if name == OPAQUE {
                layer.opaque.push(folder.into());
                continue;
            }
            if let Some(removed) = name.strip_prefix(WHITEOUT) {
                // Other names with this prefix are private to the storage driver.
                if !removed.starts_with(WHITEOUT) {
                    layer.whiteouts.push([&path[..name_at], removed].concat().into());
                }
                continue;
            }
            if path.is_empty() {
                continue;
            }
            let xattrs = xattrs(&mut entry)?;
            let header = entry.header();
            let (mode, owner) = (header.mode()? & 0o7777, (header.uid()?, header.gid()?));
            let target = |link: Option<std::borrow::Cow<'_, [u8]>>| link.map(std::borrow::Cow::into_owned);
            let kind = match header.entry_type() {
                EntryType::Directory => Kind::Directory,
                EntryType::Symlink => Kind::Symlink(target(entry.link_name_bytes()).unwrap_or_default().into()),
                EntryType::Link => Kind::Hardlink(plain(&target(entry.link_name_bytes()).unwrap_or_default()).into()),
                kind @ (EntryType::Char | EntryType::Block | EntryType::Fifo) => Kind::Special(
                    kind.as_byte(),
                    header.device_major().ok().flatten().unwrap_or(0),
                    header.device_minor().ok().flatten().unwrap_or(0),
                ),
                EntryType::XGlobalHeader => continue,
                _ => {
                    let (size, hash) = content(&mut entry, &mut buffer)?;
                    layer.size += size;
                    Kind::File(size, hash)
                }
            };
            layer.entries.push((path.into(), Arc::new(Entry { kind, mode, owner, xattrs })));
        }
        Ok(layer)
    }
}

/// A path without what different writers of tar put around it.
fn plain(path: &[u8]) -> Vec<u8> {
    let names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".");
    names.collect::<Vec<_>>().join(&b'/')
}

fn xattrs<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<Box<[Xattr]>> {
    let mut found: Vec<Xattr> = Vec::new();
    for record in entry.pax_extensions()?.into_iter().flatten() {
        let record = record?;
        if let Some(name) = record.key().ok().and_then(|key| key.strip_prefix(XATTR)) {
            found.push((name.into(), record.value_bytes().into()));
        }
    }
    found.sort_unstable();
    Ok(found.into())
}

fn content(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<(u64, [u8; 32])> {
    let (mut hash, mut size) = (Sha256::new(), 0);
    loop {
        match stream.read(buffer) {
            Ok(0) => return Ok((size, hash.finalize().into())),
            Ok(read) => {
                size += read as u64;
                hash.update(&buffer[..read]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Compresses a part of what is read, at even distances, to learn how large all of it would be.
struct Sampled<R> {
    inner: R,
    at: u64,
    sampled: u64,
    encoder: ZlibEncoder<Count>,
}

/// Counts what is written to it.
struct Count(u64);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<R: Read> Sampled<R> {
    fn new(inner: R) -> Self {
        Self { inner, at: 0, sampled: 0, encoder: ZlibEncoder::new(Count(0), flate2::Compression::default()) }
    }

    fn estimate(self) -> io::Result<u64> {
        let compressed = self.encoder.finish()?.0;
        if self.sampled == 0 {
            return Ok(0);
        }
        let whole = u128::from(compressed) * u128::from(self.at) / u128::from(self.sampled);
        Ok(u64::try_from(whole).unwrap_or(u64::MAX))
    }
}

impl<R: Read> Read for Sampled<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            let into = self.at % STRETCH;
            let (end, wanted) = if into < SAMPLE { (SAMPLE, true) } else { (STRETCH, false) };
            let length = usize::try_from(end - into).unwrap_or(usize::MAX).min(rest.len());
            if wanted {
                io::Write::write_all(&mut self.encoder, &rest[..length])?;
                self.sampled += length as u64;
            }
            self.at += length as u64;
            rest = &rest[length..];
        }
        Ok(read)
    }
}
