//! What surrounds the Dockerfile of a page's case: its `toml context` fence, as a world and settings.

use std::collections::BTreeMap;

use dockwright::context::{Files, Nothing, World};
use dockwright::transform::Settings;

/// What a `toml context` fence says.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Context {
    /// Files of the build context; without any, no context is known.
    files: Option<BTreeMap<String, String>>,
    /// Files whose content is not text, as hexadecimal digits.
    #[serde(default)]
    bytes: BTreeMap<String, String>,
    #[serde(default)]
    untracked: Vec<String>,
    #[serde(default)]
    digests: BTreeMap<String, String>,
    #[serde(default)]
    images: BTreeMap<String, String>,
    dialect: Option<String>,
    #[serde(default)]
    crlf: bool,
    #[serde(default)]
    bom: bool,
    #[serde(default)]
    no_final_newline: bool,
}

impl Context {
    /// The world that it describes.
    pub fn world(&self) -> Box<dyn World> {
        let Some(files) = &self.files else {
            if self.digests.is_empty() {
                return Box::new(Nothing);
            }
            return Box::new(Files { digests: self.digests.clone(), ..Files::default() });
        };
        let mut all: BTreeMap<String, Vec<u8>> =
            files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
        for (path, digits) in &self.bytes {
            let bytes = (0..digits.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal"));
            all.insert(path.clone(), bytes.collect());
        }
        Box::new(Files { files: all, untracked: self.untracked.clone(), digests: self.digests.clone() })
    }

    /// The settings that it describes.
    pub fn settings(&self) -> Settings {
        let images = self.images.iter().map(|(name, like)| (name.clone(), like.clone())).collect();
        let dialect = self.dialect.as_deref().map_or_else(Default::default, |text| text.parse().expect("a dialect"));
        Settings { images, dialect }
    }

    /// The text as the case wants it on disk.
    pub fn dress(&self, text: &str) -> String {
        let mut text = if self.crlf { text.replace('\n', "\r\n") } else { text.to_owned() };
        if self.no_final_newline {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        if self.bom { format!("\u{feff}{text}") } else { text }
    }
}
