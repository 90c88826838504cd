//! An exported image: an OCI layout or what `docker save` writes, as one tar stream that is read once.
//!
//! Blobs come in any order, so each is looked at when it passes: a layer becomes a list of files, JSON is kept until the
//! manifests can be read. A layer that an earlier archive held is not read again.
//!
//! Sources: <https://github.com/opencontainers/image-spec/blob/main/image-layout.md> and
//! <https://github.com/moby/docker-image-spec/blob/main/spec.md#combined-image-json--filesystem-changeset-format>.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::sync::Arc;

use serde_json::Value;

use super::config::Config;
use super::layer::Layer;
use super::tree::Tree;

/// A larger JSON blob is not read.
const MAX_JSON: u64 = 32 << 20;

/// Why an archive could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The stream ended early, or is no tar.
    #[error("the exported image cannot be read: {0}")]
    Stream(#[from] io::Error),
    /// It names something that it does not hold.
    #[error("the exported image lacks {0}")]
    Missing(String),
    /// A layer is stored in a way that is not known.
    #[error("the layer {0} is stored in a form that is not known")]
    UnknownLayer(String),
}

/// An image out of an archive.
#[derive(Clone, Debug)]
pub struct Image {
    /// The names that it was exported under.
    pub names: Vec<String>,
    /// Its configuration.
    pub config: Config,
    /// Its layers, the lowest first.
    pub layers: Vec<Arc<Layer>>,
    /// Its files.
    pub tree: Tree,
}

impl Image {
    /// Bytes in the files of all layers.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.size).sum()
    }

    /// Bytes as a registry stores them, and whether a part of that is an estimate.
    #[must_use]
    pub fn compressed(&self) -> (u64, bool) {
        let sum = self.layers.iter().map(|layer| layer.compressed).sum();
        (sum, self.layers.iter().any(|layer| layer.estimated))
    }
}

/// Layers that were read, by the name of their blob, so that the same one is read once for all images.
#[derive(Debug, Default)]
pub struct Layers(HashMap<Box<str>, Arc<Layer>>);

/// A blob by its path in the archive.
enum Blob {
    Json(Value),
    Layer(Arc<Layer>),
    Link(String),
}

/// Reads an archive, and answers with its images.
///
/// # Errors
/// [`ArchiveError`] if the stream is broken, or lacks what it names.
pub fn read(stream: impl Read, known: &mut Layers) -> Result<Vec<Image>, ArchiveError> {
    let mut blobs: BTreeMap<String, Blob> = BTreeMap::new();
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        match entry.header().entry_type() {
            kind if kind.is_symlink() || kind.is_hard_link() => {
                let link = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
                let target = link.map(|link| if kind.is_symlink() { beside(&path, &link) } else { link });
                blobs.extend(target.map(|target| (path, Blob::Link(target))));
            }
            kind if kind.is_file() => {
                // A blob is named by its content, except in the older form, where its folder is.
                if let Some(layer) = known.0.get(path.as_str()) {
                    blobs.insert(path, Blob::Layer(Arc::clone(layer)));
                } else if let Some(blob) = blob(&mut entry, &path, known)? {
                    blobs.insert(path, blob);
                }
            }
            _ => {}
        }
    }
    images(&blobs)
}

/// Where a relative link of the older form leads: `../ID/layer.tar`.
fn beside(path: &str, link: &str) -> String {
    let mut names: Vec<&str> = path.split('/').collect();
    names.pop();
    for name in link.split('/') {
        match name {
            ".." => _ = names.pop(),
            "." | "" => {}
            name => names.push(name),
        }
    }
    names.join("/")
}

fn blob(stream: &mut impl Read, path: &str, known: &mut Layers) -> Result<Option<Blob>, ArchiveError> {
    let mut start = [0; 512];
    let mut length = 0;
    while length < start.len() {
        match stream.read(&mut start[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let start = &start[..length];
    let mut counted = Counted(start.chain(stream), 0);
    let mut layer = match start {
        [0x1f, 0x8b, ..] => Layer::scan(flate2::read::MultiGzDecoder::new(&mut counted))?,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(&mut counted);
            Layer::scan(decoder.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?)?
        }
        [b'{' | b'[', ..] => {
            let mut text = Vec::new();
            counted.take(MAX_JSON).read_to_end(&mut text)?;
            return Ok(serde_json::from_slice(&text).ok().map(Blob::Json));
        }
        _ if start.len() == 512 && (&start[257..262] == b"ustar" || start.iter().all(|byte| *byte == 0)) => {
            Layer::read(&mut counted)?
        }
        _ => return Ok(None),
    };
    io::copy(&mut counted, &mut io::sink())?;
    if !layer.estimated {
        layer.compressed = counted.1;
    }
    let layer = Arc::new(layer);
    if path.starts_with("blobs/") {
        known.0.insert(path.into(), Arc::clone(&layer));
    }
    Ok(Some(Blob::Layer(layer)))
}

/// Counts what is read.
struct Counted<R>(R, u64);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1 += read as u64;
        Ok(read)
    }
}

type Blobs = BTreeMap<String, Blob>;

fn images(blobs: &Blobs) -> Result<Vec<Image>, ArchiveError> {
    if let Some(Blob::Json(Value::Array(manifests))) = blobs.get("manifest.json") {
        return manifests.iter().map(|manifest| docker(blobs, manifest)).collect();
    }
    let mut images = Vec::new();
    oci(blobs, json(blobs, "index.json")?, &[], &mut images)?;
    Ok(images)
}

fn json<'b>(blobs: &'b Blobs, path: &str) -> Result<&'b Value, ArchiveError> {
    match blobs.get(path) {
        Some(Blob::Json(value)) => Ok(value),
        _ => Err(ArchiveError::Missing(path.to_owned())),
    }
}

fn layer(blobs: &Blobs, path: &str) -> Result<Arc<Layer>, ArchiveError> {
    let mut path = path;
    // A chain of links has an end.
    for _ in 0..8 {
        match blobs.get(path) {
            Some(Blob::Layer(layer)) => return Ok(Arc::clone(layer)),
            Some(Blob::Link(target)) => path = target,
            Some(Blob::Json(_)) => break,
            None => return Err(ArchiveError::Missing(path.to_owned())),
        }
    }
    Err(ArchiveError::UnknownLayer(path.to_owned()))
}

/// An image as `manifest.json` lists it.
fn docker(blobs: &Blobs, manifest: &Value) -> Result<Image, ArchiveError> {
    let strings = |key: &str| manifest[key].as_array().into_iter().flatten().filter_map(Value::as_str);
    let config = json(blobs, manifest["Config"].as_str().unwrap_or_default())?;
    let layers = strings("Layers").map(|path| layer(blobs, path)).collect::<Result<Vec<_>, _>>()?;
    Ok(image(strings("RepoTags").map(str::to_owned).collect(), config, layers))
}

/// The images that an index lists, and the indices in it.
fn oci(blobs: &Blobs, index: &Value, names: &[String], images: &mut Vec<Image>) -> Result<(), ArchiveError> {
    for entry in index["manifests"].as_array().into_iter().flatten() {
        // What attests to an image, such as its provenance, is listed beside it.
        if entry["platform"]["os"] == "unknown" || entry["annotations"]["vnd.docker.reference.type"].is_string() {
            continue;
        }
        let annotations = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];
        let own = annotations.iter().filter_map(|key| entry["annotations"][*key].as_str()).map(str::to_owned);
        let names: Vec<String> = names.iter().cloned().chain(own).collect();
        let path = path_of(entry);
        let manifest = json(blobs, &path)?;
        if manifest["manifests"].is_array() {
            // An index in an index in an index is nothing that an exporter writes.
            if names.len() < 8 {
                oci(blobs, manifest, &names, images)?;
            }
            continue;
        }
        let config = json(blobs, &path_of(&manifest["config"]))?;
        let layers = manifest["layers"].as_array().into_iter().flatten();
        let layers = layers.map(|it| layer(blobs, &path_of(it))).collect::<Result<Vec<_>, _>>()?;
        images.push(image(names, config, layers));
    }
    Ok(())
}

fn image(names: Vec<String>, config: &Value, layers: Vec<Arc<Layer>>) -> Image {
    let tree = Tree::of(layers.iter().map(|layer| &**layer));
    Image { names, config: Config::of(config), layers, tree }
}

fn path_of(descriptor: &Value) -> String {
    format!("blobs/{}", descriptor["digest"].as_str().unwrap_or_default().replace(':', "/"))
}
