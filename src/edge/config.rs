//! `dockwright.toml`: found upwards from the Dockerfile; unknown keys are errors.
//!
//! Its JSON schema, schemas/dockwright.toml.schema.json, is made from these types: a test holds them together.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::de::{SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer};

use crate::images::ImageMap;
use crate::pipeline::Review;
use crate::transform::Dialect;

use super::arguments::Per;
use super::names;
use super::{Failure, shown};

/// The name of the file.
pub const NAME: &str = "dockwright.toml";

/// A configuration file, read and checked.
#[derive(Debug)]
pub struct Config {
    /// The folder that its patterns are relative to.
    folder: PathBuf,
    file: File,
    exclude: Gitignore,
    overrides: Vec<Gitignore>,
}

/// The configuration of dockwright. A flag of the command line wins over it.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "dockwright.toml", extend("$id" = "dockwright.toml.schema.json")))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    /// Also apply changes that need a person's check: all, or those of these transforms.
    #[cfg_attr(test, schemars(with = "tests::BoolOrNames"))]
    review: Option<Reviewed>,
    /// Run only these transforms.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    only: Option<Vec<Name>>,
    /// Do not run these transforms.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    skip: Vec<Name>,
    /// Run these transforms, which only run when asked.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    enable: Vec<Name>,
    /// The builder that must be able to build the result: `buildkit[:1.4]`, `buildah[:1.33]`, `kaniko` or `classic`.
    #[cfg_attr(test, schemars(with = "String"))]
    dialect: Option<Builder>,
    /// Files that a search passes over: patterns as in .gitignore, relative to this file. A file that is named on the
    /// command line is read all the same.
    exclude: Vec<String>,
    /// What a company's own base images are like.
    images: BTreeMap<String, Like>,
    /// What `dockwright bot` does here; only that of the file at the root of a repository counts.
    bot: Bot,
    /// What holds instead for some paths; where several match, the last that sets a key wins.
    #[serde(rename = "override")]
    overrides: Vec<Override>,
}

/// What the bot does in a repository.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Bot {
    /// What one pull request is for.
    per: Option<Per>,
}

/// What an image is like.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Like {
    /// A well-known image: `python:3.12-slim`.
    like: String,
}

/// What holds for some paths, in place of what the file says for all.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Override {
    /// Which: patterns as in .gitignore, relative to this file.
    paths: Vec<String>,
    /// Also apply changes that need a person's check: all, or those of these transforms.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "tests::BoolOrNames"))]
    review: Option<Reviewed>,
    /// Run only these transforms.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    only: Option<Vec<Name>>,
    /// Do not run these transforms.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    skip: Option<Vec<Name>>,
    /// Run these transforms, which only run when asked.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    enable: Option<Vec<Name>>,
    /// The builder that must be able to build the result.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "String"))]
    dialect: Option<Builder>,
}

/// The name of a transform that exists.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Name(String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if names::exists(&name) { Ok(Self(name)) } else { Err(names::unknown(&name)) }
    }
}

/// A dialect, from its text.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Builder(Dialect);

impl TryFrom<String> for Builder {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: String| error.replacen(": ", "; ", 1))
    }
}

/// `true`, `false`, or a list of transforms.
#[derive(Clone, Debug)]
struct Reviewed(Review);

impl<'de> Deserialize<'de> for Reviewed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Reviewed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or a list of transforms")
            }

            fn visit_bool<E>(self, all: bool) -> Result<Reviewed, E> {
                Ok(Reviewed(if all { Review::All } else { Review::None }))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Reviewed, A::Error> {
                let names = Vec::<Name>::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(Reviewed(Review::Only(names.into_iter().map(|name| name.0).collect())))
            }
        }
        from.deserialize_any(Either)
    }
}

/// What a configuration says of one Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    pub review: Option<Review>,
    pub only: Option<Vec<String>>,
    pub skip: Vec<String>,
    pub enable: Vec<String>,
    pub dialect: Option<Dialect>,
}

impl Config {
    /// The configuration file in `folder`, if there is one.
    pub fn in_folder(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(NAME);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::read(&text, &path).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::new(format!("{}: {error}", shown(&path)), "make it readable, or remove it")),
        }
    }

    fn read(text: &str, path: &Path) -> Result<Self, Failure> {
        let file: File = toml::from_str(text).map_err(|error| wrong(text, path, &error))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let exclude = patterns(&file.exclude, &folder, path)?;
        let overrides = file.overrides.iter().map(|it| patterns(&it.paths, &folder, path)).collect::<Result<_, _>>()?;
        Ok(Self { folder, file, exclude, overrides })
    }

    /// Whether a search passes over the file at `path`.
    pub fn excludes(&self, path: &Path) -> bool {
        self.matches(&self.exclude, path)
    }

    /// What it says of the Dockerfile at `path`, or in general.
    pub fn rules(&self, path: Option<&Path>) -> Rules {
        let names = |names: &[Name]| names.iter().map(|name| name.0.clone()).collect::<Vec<_>>();
        let file = &self.file;
        let mut rules = Rules {
            review: file.review.clone().map(|it| it.0),
            only: file.only.as_deref().map(names),
            skip: names(&file.skip),
            enable: names(&file.enable),
            dialect: file.dialect.map(|it| it.0),
        };
        let Some(path) = path else { return rules };
        for (it, paths) in file.overrides.iter().zip(&self.overrides) {
            if !self.matches(paths, path) {
                continue;
            }
            rules.review = it.review.clone().map(|it| it.0).or(rules.review);
            rules.only = it.only.as_deref().map(names).or(rules.only);
            rules.skip = it.skip.as_deref().map_or(rules.skip, names);
            rules.enable = it.enable.as_deref().map_or(rules.enable, names);
            rules.dialect = it.dialect.map(|it| it.0).or(rules.dialect);
        }
        rules
    }

    /// What one pull request of the bot is for, if it says.
    pub const fn per(&self) -> Option<Per> {
        self.file.bot.per
    }

    fn matches(&self, patterns: &Gitignore, path: &Path) -> bool {
        // The matcher takes no path from elsewhere.
        path.strip_prefix(&self.folder)
            .is_ok_and(|inside| patterns.matched_path_or_any_parents(inside, false).is_ignore())
    }

    /// Its images, for the core.
    pub fn image_map(&self) -> ImageMap {
        self.file.images.iter().map(|(name, like)| (name.clone(), like.like.clone())).collect()
    }
}

fn patterns(lines: &[String], folder: &Path, path: &Path) -> Result<Gitignore, Failure> {
    let mut all = GitignoreBuilder::new(folder);
    for line in lines {
        all.add_line(None, line).map_err(|error| bad_pattern(path, &error))?;
    }
    all.build().map_err(|error| bad_pattern(path, &error))
}

fn bad_pattern(path: &Path, error: &ignore::Error) -> Failure {
    Failure::new(format!("{}: {error}", shown(path)), "correct the pattern: they are written as in .gitignore")
}

/// What is wrong with the text, with its line and what was probably meant.
fn wrong(text: &str, path: &Path, error: &toml::de::Error) -> Failure {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let mut message = error.message().lines().next().unwrap_or_default();
    let mut help = "correct it, or remove it".to_owned();
    // The message names the key, and then the keys that there are.
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some((wrong, keys)) = quoted.split_first()
        && message.starts_with("unknown field")
    {
        let near = names::nearest(wrong, keys.iter().copied());
        help = near.map_or_else(
            || format!("the keys are {}", keys.join(", ")),
            |near| format!("did you mean `{near}`? The keys are {}", keys.join(", ")),
        );
        message = message.split(", expected").next().unwrap_or(message);
    } else if let Some((said, hint)) = message.split_once("; ") {
        (message, help) = (said, hint.to_owned());
    }
    Failure::new(format!("{}:{line}: {message}", shown(path)), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All or none, or a list of transforms.
    #[derive(schemars::JsonSchema)]
    #[serde(untagged)]
    #[allow(dead_code, reason = "only its schema is used")]
    pub enum BoolOrNames {
        /// All, or none.
        All(bool),
        /// Those of these transforms.
        Of(Vec<String>),
    }

    fn read(text: &str) -> Result<Config, Failure> {
        Config::read(text, Path::new("/repo/dockwright.toml"))
    }

    #[test]
    fn the_schema_is_that_of_the_types() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(File)).expect("a schema") + "\n";
        snapbox::Assert::new()
            .action_env("SNAPSHOTS")
            .eq(schema, snapbox::Data::read_from(Path::new("schemas/dockwright.toml.schema.json"), None).raw());
    }

    #[test]
    fn the_example_of_the_readme_is_right() {
        let readme = std::fs::read_to_string("README.md").expect("README.md");
        let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
        let rules = read(example).expect("it is right").rules(None);
        assert_eq!(rules.dialect, Some(Dialect::BuildKitFrontend(1, 4)));
    }

    #[test]
    fn every_key() {
        let config = read(
            r#"
            review = ["exec-form"]
            only = ["exec-form", "apt-lists"]
            skip = ["join-runs"]
            enable = ["cache-mounts"]
            dialect = "buildkit:1.4"
            exclude = ["vendor/", "*.old"]
            [images]
            "corp/python" = { like = "python:3.12" }
            [bot]
            per = "dockerfile"
            [[override]]
            paths = ["/legacy/**"]
            review = true
            skip = []
            [[override]]
            paths = ["Dockerfile.dev"]
            review = false
            only = ["apt-lists"]
            enable = []
            dialect = "classic"
            "#,
        )
        .expect("it is right");
        let rules = |path: &str| config.rules(Some(Path::new(path)));
        let general = config.rules(None);
        assert_eq!(rules("/repo/Dockerfile"), general);
        assert_eq!(rules("/elsewhere/legacy/Dockerfile.dev"), general);
        assert_eq!(
            general,
            Rules {
                review: Some(Review::Only(vec!["exec-form".into()])),
                only: Some(vec!["exec-form".into(), "apt-lists".into()]),
                skip: vec!["join-runs".into()],
                enable: vec!["cache-mounts".into()],
                dialect: Some(Dialect::BuildKitFrontend(1, 4)),
            }
        );
        let legacy = rules("/repo/legacy/a/Dockerfile");
        assert_eq!(legacy, Rules { review: Some(Review::All), skip: vec![], ..general });
        assert_eq!(
            rules("/repo/legacy/Dockerfile.dev"),
            Rules {
                review: Some(Review::None),
                only: Some(vec!["apt-lists".into()]),
                enable: vec![],
                dialect: Some(Dialect::Classic),
                ..legacy
            }
        );
        for (path, excluded) in [
            ("/repo/vendor/x/Dockerfile", true),
            ("/repo/a/vendor/Dockerfile", true),
            ("/repo/Dockerfile.old", true),
            ("/repo/Dockerfile", false),
            ("/vendor/Dockerfile", false),
        ] {
            assert_eq!(config.excludes(Path::new(path)), excluded, "{path}");
        }
        assert_eq!(config.per(), Some(Per::Dockerfile));
        assert_eq!(config.image_map(), ImageMap::from_iter([("corp/python".into(), "python:3.12".into())]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, message, help) in [
            (
                "\nreviews = true",
                "/repo/dockwright.toml:2: unknown field `reviews`",
                "did you mean `review`? The keys are review, only, skip, enable, dialect, exclude, images, bot, override",
            ),
            ("frobnicate = 1", ":1: unknown field `frobnicate`", "the keys are review,"),
            ("[images]\na = { as = \"b\" }", ":2: unknown field `as`", "the keys are like"),
            ("[[override]]\npath = []", ":2: unknown field `path`", "did you mean `paths`?"),
            ("[[override]]\nskip = []", ":1: missing field `paths`", "correct it"),
            ("\nskip = [\"apt-list\"]", ":2: no transform is called `apt-list`", "did you mean `apt-lists`?"),
            ("review = [\"x\"]", ":1: no transform is called `x`", "`dockwright explain` lists them all"),
            (
                "review = 1",
                ":1: invalid type: integer `1`, expected true, false, or a list of transforms",
                "correct it",
            ),
            ("dialect = \"buildkitt\"", ":1: no dialect is called `buildkitt`", "buildkit[:1.4], buildah[:1.33]"),
            ("exclude = [\"[b-a]\"]", "/repo/dockwright.toml: error parsing glob", "as in .gitignore"),
            ("[bot]\nper = \"file\"", ":2: unknown variant `file`", "correct it"),
            ("a = ", ":1: ", "correct it"),
        ] {
            let failure = read(text).expect_err(text);
            assert!(failure.message.contains(message), "{text}: {}", failure.message);
            let said = failure.help.unwrap_or_default();
            assert!(said.contains(help), "{text}: {said}");
        }
    }
}
