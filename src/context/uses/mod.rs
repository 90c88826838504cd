//! What else a repository says of a Dockerfile: who builds it, with which target and context, and how its image is run.
//!
//! [`Builds`] is what all files of a repository say; [`Uses`] is what of that is about one Dockerfile. Everything knows
//! the line that says it, so that a reason can name it. What a variable leaves open may be this Dockerfile; what cannot
//! be read is [`Unread`].

mod bake;
mod ci;
mod compose;
mod devcontainer;
mod hcl;
mod image;
mod kubernetes;
mod line;
mod script;
mod skaffold;
mod template;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use line::{programs, shell};
use template::{is_certain, may_be};

/// Larger files are not read.
pub const MAX_LEN: u64 = 1024 * 1024;

/// A line of a file of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// The path from the repository's root.
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
}

impl fmt::Display for At {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}", self.file, self.line)
    }
}

/// Something, and where it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// Where.
    pub at: At,
    /// What.
    pub what: T,
}

/// A folder or file that is there in the container, and not in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted: a path, the name of a volume, or nothing.
    pub source: String,
    /// Where, in the container.
    pub target: String,
    /// The program cannot write there.
    pub read_only: bool,
}

impl Mount {
    /// Whether what the image has at `path`, an absolute one, may be hidden by it.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let target = self.target.trim_end_matches('/');
        let above = path.match_indices('/').map(|(at, _)| &path[..at]).filter(|above| !above.is_empty());
        std::iter::once(path).chain(above).any(|above| may_be(target, above))
    }
}

/// How an image is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// What is mounted.
    pub mounts: Vec<Said<Mount>>,
    /// What is run instead of ENTRYPOINT and CMD, as one line.
    pub entrypoints: Vec<Said<String>>,
    /// What is run instead of CMD, as one line.
    pub commands: Vec<Said<String>>,
    /// What is given to one of those entrypoints.
    pub arguments: Vec<Said<String>>,
    /// Who runs it.
    pub users: Vec<Said<String>>,
    /// The ports of the container that are published.
    pub ports: Vec<Said<String>>,
    /// What is run in it besides, to ask for its health.
    pub healthchecks: Vec<Said<String>>,
    /// It is not started where the image's user is root.
    pub no_root: Option<At>,
    /// It has all privileges.
    pub privileged: Option<At>,
    /// It is a place to develop in: an editor starts what it needs.
    pub develops: Option<At>,
}

impl Run {
    /// Adds what another file says of it.
    fn add(&mut self, other: &Self) {
        self.mounts.extend_from_slice(&other.mounts);
        self.entrypoints.extend_from_slice(&other.entrypoints);
        self.commands.extend_from_slice(&other.commands);
        self.arguments.extend_from_slice(&other.arguments);
        self.users.extend_from_slice(&other.users);
        self.ports.extend_from_slice(&other.ports);
        self.healthchecks.extend_from_slice(&other.healthchecks);
        self.no_root = self.no_root.take().or_else(|| other.no_root.clone());
        self.privileged = self.privileged.take().or_else(|| other.privileged.clone());
        self.develops = self.develops.take().or_else(|| other.develops.clone());
    }

    /// What is run instead of ENTRYPOINT or CMD, as one line.
    pub fn started(&self) -> impl Iterator<Item = &Said<String>> {
        self.entrypoints.iter().chain(&self.commands).chain(&self.arguments)
    }
}

/// A build that a file asks for. Paths are from the repository's root, and may have parts that are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Where it is said.
    pub at: At,
    dockerfile: String,
    context: Option<String>,
    target: Option<Said<String>>,
    /// The repositories that the image gets a name in.
    images: Vec<String>,
    /// The build arguments, `NAME=value` or `NAME`.
    pub arguments: Vec<Said<String>>,
    /// How what is built is run, as far as the same files say.
    pub run: Run,
}

impl Build {
    /// Whether it is certain which Dockerfile it builds.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        is_certain(&self.dockerfile)
    }

    /// The folder that is its context, from the repository's root, if it is certain.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref().filter(|context| is_certain(context))
    }

    /// Whether the image gets a name in this repository of images.
    fn makes_image(&self, repository: &str) -> bool {
        self.images.iter().any(|own| image::is_same(own, repository))
    }

    /// Whether it is what the stage becomes that has this name and number; `last` if no other follows it.
    #[must_use]
    pub fn makes(&self, name: Option<&str>, number: usize, last: bool) -> bool {
        self.target.as_ref().map_or(last, |target| names(&target.what, name, number))
    }
}

/// Whether a target can be the stage that has this name and number.
fn names(target: &str, name: Option<&str>, number: usize) -> bool {
    name.is_some_and(|name| may_be(&target.to_ascii_lowercase(), &name.to_ascii_lowercase()))
        || may_be(target, &number.to_string())
}

/// A file of which it is not known what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The path from the repository's root.
    pub file: Arc<str>,
    /// Its text, if it can be had.
    text: Option<Arc<str>>,
}

/// A service or a target, as one file has it.
#[derive(Clone, Copy)]
struct Named<'f> {
    file: &'f Arc<str>,
    name: &'f str,
    node: &'f yaml::Node,
}

/// What the files of a repository say.
#[derive(Clone, Debug, Default)]
pub struct Builds {
    all: Vec<Build>,
    unread: Vec<Unread>,
}

/// What the files of a repository say of one Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    /// The builds that are, or may be, of this Dockerfile.
    pub builds: Vec<Build>,
    /// The files that may say more.
    pub unread: Vec<Unread>,
}

/// What kind of file it is, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Compose,
    /// YAML of no known name, which can be Compose's, or a manifest of Kubernetes.
    PerhapsCompose,
    /// YAML that can be a manifest of Kubernetes.
    Manifest,
    BakeHcl,
    BakeJson,
    Skaffold,
    Devcontainer,
    /// YAML or JSON in which there are commands.
    Ci,
    /// Text in which there are commands.
    Script,
}

fn form(path: &str) -> Option<Form> {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let yaml = matches!(extension, "yml" | "yaml");
    let within = |top: &str| lower.starts_with(top) || lower.contains(&format!("/{top}"));
    Some(match extension {
        "yml" | "yaml" if stem.contains("compose") => Form::Compose,
        "yml" | "yaml" if stem.starts_with("skaffold") => Form::Skaffold,
        "hcl" if stem.contains("bake") => Form::BakeHcl,
        "json" if stem.contains("bake") => Form::BakeJson,
        "json" if stem.ends_with("devcontainer") => Form::Devcontainer,
        _ if yaml && (within(".github/") || within(".forgejo/") || within(".gitea/") || within(".gitlab/")) => Form::Ci,
        _ if yaml && (within(".circleci/") || within(".tekton/") || within(".woodpecker/")) => Form::Ci,
        _ if yaml
            && [
                ".gitlab-ci",
                "azure-pipelines",
                "bitbucket-pipelines",
                "cloudbuild",
                ".drone",
                ".woodpecker",
                ".travis",
            ]
            .iter()
            .chain(&["appveyor", ".appveyor", "buildspec", "taskfile", "action"])
            .any(|known| stem.starts_with(known) || stem.ends_with(".gitlab-ci")) =>
        {
            Form::Ci
        }
        "json" if matches!(stem, "package" | "cloudbuild") => Form::Ci,
        "sh" | "bash" | "mk" => Form::Script,
        _ if matches!(stem, "makefile" | "gnumakefile" | "justfile" | ".justfile" | "jenkinsfile") => Form::Script,
        _ if stem.starts_with("jenkinsfile") => Form::Script,
        "yml" | "yaml" => {
            let near = folder.rsplit('/').next().unwrap_or_default();
            let known = ["", "docker", ".docker", "compose", "deploy", "deployment", "dev", "local", "infra"];
            if known.contains(&near) {
                return Some(Form::PerhapsCompose);
            }
            let mut folders = folder.split('/');
            let named = MANIFEST_NAMES.iter().any(|name| stem.contains(name));
            // What Helm makes manifests of is no YAML.
            if folder.ends_with("/templates") || !named && !folders.any(|name| MANIFEST_FOLDERS.contains(&name)) {
                return None;
            }
            Form::Manifest
        }
        _ => return None,
    })
}

/// Folders in which manifests of Kubernetes stand, at any depth.
const MANIFEST_FOLDERS: &[&str] = &[
    "k8s",
    ".k8s",
    "k3s",
    "kubernetes",
    "kube",
    "kustomize",
    "manifest",
    "manifests",
    "openshift",
    "deploy",
    "deployment",
    "deployments",
    "overlays",
    "gitops",
    "infra",
];

/// What is in the names of files that are manifests of Kubernetes.
const MANIFEST_NAMES: &[&str] = &["k8s", "kube", "deploy", "statefulset", "daemonset", "cronjob", "manifest"];

/// Whether the file at `path` of a repository is one that may say something of a Dockerfile.
#[must_use]
pub fn is_candidate(path: &str) -> bool {
    form(path).is_some()
}

/// The words of which one is in every script that builds an image.
const BUILDERS: &[&str] =
    &["docker", "DOCKER", "podman", "buildah", "nerdctl", "kaniko", "CONTAINER_", "build-push-action"];

impl Builds {
    /// What these files say: their paths from the repository's root with what is in them, `None` if it is too large or
    /// cannot be read. `also` answers the same of any other file of the repository, which one of these names; `None` if
    /// it is not there.
    pub fn of<'f>(
        files: impl IntoIterator<Item = (&'f str, Option<&'f [u8]>)>,
        also: impl Fn(&str) -> Option<Option<Vec<u8>>>,
    ) -> Self {
        let mut builds = Self::default();
        let (mut composes, mut bakes, mut manifests) = (compose::Files::new(), BTreeMap::new(), Vec::new());
        for (path, content) in files {
            let Some(form) = form(path) else { continue };
            let file: Arc<str> = path.into();
            let text = content.map(|content| std::str::from_utf8(content).map_err(|_| content));
            let Some(Ok(text)) = text else {
                match (form, text) {
                    (Form::Script, Some(Err(content))) => builds.script(&file, &String::from_utf8_lossy(content)),
                    (Form::Script | Form::Ci | Form::PerhapsCompose | Form::Manifest, _) => {}
                    _ => builds.unread.push(Unread { file, text: None }),
                }
                continue;
            };
            if matches!(form, Form::PerhapsCompose | Form::Manifest) && kubernetes::is_manifest(text) {
                manifests.push((file, text));
                continue;
            }
            let understood = match form {
                Form::Manifest => Some(()),
                Form::Compose | Form::PerhapsCompose => {
                    // All that stands beside `services:` in a Compose file is optional.
                    let builds = text.contains("services:") && text.contains("build:");
                    if form == Form::PerhapsCompose && !builds && !text.contains("include:") {
                        continue;
                    }
                    yaml::parse(text).map(|documents| _ = composes.insert(file.clone(), documents))
                }
                Form::BakeHcl => hcl::parse(text).map(|root| _ = bakes.insert(file.clone(), root)),
                Form::BakeJson => yaml::parse_json(text).map(|root| _ = bakes.insert(file.clone(), root)),
                Form::Skaffold => yaml::parse(text).map(|documents| {
                    documents.iter().for_each(|document| skaffold::read(document, &file, &mut builds.all));
                }),
                Form::Devcontainer => {
                    yaml::parse_json(text).map(|root| devcontainer::read(&root, &file, &mut builds.all))
                }
                Form::Ci | Form::Script if !BUILDERS.iter().any(|word| text.contains(word)) => Some(()),
                Form::Ci => {
                    let json = path.ends_with(".json");
                    let documents =
                        if json { yaml::parse_json(text).map(|root| vec![root]) } else { yaml::parse(text) };
                    match documents {
                        Some(documents) => {
                            documents.iter().for_each(|document| ci::read(document, &file, &mut builds.all));
                        }
                        // Its commands can be read all the same.
                        None => builds.script(&file, text),
                    }
                    Some(())
                }
                Form::Script => {
                    builds.script(&file, text);
                    Some(())
                }
            };
            if understood.is_none() && form != Form::PerhapsCompose {
                builds.unread.push(Unread { file, text: Some(text.into()) });
            }
        }
        let unread = &mut builds.unread;
        let load = |path: &str| {
            if unread.iter().any(|unread| &*unread.file == path) {
                return None;
            }
            let content = also(path)?;
            let text = content.and_then(|content| String::from_utf8(content).ok());
            let documents = text.as_deref().and_then(yaml::parse);
            if documents.is_none() {
                unread.push(Unread { file: path.into(), text: text.map(Into::into) });
            }
            documents
        };
        let others = compose::read(composes, load, &mut builds.all);
        bake::read(&bakes, &mut builds.all);
        others.add_to(&mut builds.all);
        kubernetes::read(&manifests, &mut builds.all);
        builds
    }

    /// Adds that not all was looked at: `rest` says what was not, as a file's path would.
    pub fn add_unread(&mut self, rest: &str) {
        self.unread.push(Unread { file: rest.into(), text: None });
    }

    fn script(&mut self, file: &Arc<str>, text: &str) {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let name = file.rsplit('/').next().unwrap_or_default();
        let make = name.ends_with(".mk") || name.to_ascii_lowercase().ends_with("makefile");
        // A script below the root can be started anywhere.
        let from = if file.ends_with("sh") && !folder.is_empty() { "\0" } else { folder };
        let place = script::Place { file, from, folder, line: 1, each_line: make };
        script::read(text, &place, &mut self.all);
    }

    /// What they say of the Dockerfile at `path`, from the repository's root.
    #[must_use]
    pub fn of_dockerfile(&self, path: &str) -> Uses {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let builds = self.all.iter().filter(|build| may_be(&build.dockerfile, path)).cloned().collect();
        let unread = self.unread.iter().filter(|unread| unread.may_name(folder)).cloned().collect();
        Uses { builds, unread }
    }
}

impl Unread {
    /// Whether it can say something of a Dockerfile in `folder`: in a folder above or below it, or by name.
    fn may_name(&self, folder: &str) -> bool {
        let own = self.file.rsplit_once('/').map_or("", |(own, _)| own);
        let inside = |inner: &str, outer: &str| {
            outer.is_empty() || inner == outer || inner.strip_prefix(outer).is_some_and(|it| it.starts_with('/'))
        };
        let related = inside(folder, own) || inside(own, folder);
        let name = folder.rsplit('/').next().unwrap_or_default();
        self.text.as_ref().map_or(related, |text| {
            ["build", "target", "ocker"].iter().any(|word| text.contains(word)) && (related || text.contains(name))
        })
    }
}

impl Uses {
    /// Who builds the stage that has this name and number by itself, as a clause: `compose.yaml:6 builds it`.
    #[must_use]
    pub fn target(&self, name: Option<&str>, number: usize) -> Option<String> {
        let targets = self.builds.iter().filter_map(|build| Some((build, build.target.as_ref()?)));
        let mut found = targets.filter(|(_, target)| names(&target.what, name, number));
        let certain = |(build, target): &(&Build, &Said<String>)| build.is_certain() && is_certain(&target.what);
        let first = found.next()?;
        let (build, target) = if certain(&first) { first } else { found.find(certain).unwrap_or(first) };
        let may = if certain(&(build, target)) { "builds it" } else { "may build it" };
        Some(format!("{} {may}", target.at))
    }

    /// A file that names a stage by its number.
    #[must_use]
    pub fn number(&self) -> Option<&At> {
        let targets = self.builds.iter().filter_map(|build| build.target.as_ref());
        targets.filter(|target| target.what.parse::<usize>().is_ok()).map(|target| &target.at).next()
    }

    /// A file that may say what is not known, with a reason.
    #[must_use]
    pub fn unread(&self) -> Option<String> {
        self.unread.first().map(|unread| format!("what {} says of it is not known", unread.file))
    }

    /// A file that may name the stage `name`, as [`Self::unread`].
    #[must_use]
    pub fn unread_target(&self, name: Option<&str>) -> Option<String> {
        let says = |unread: &&Unread| match (&unread.text, name) {
            (Some(text), Some(name)) => text.contains(name),
            (Some(_), None) => false,
            (None, _) => true,
        };
        self.unread.iter().find(says).map(|unread| format!("what {} says of it is not known", unread.file))
    }

    /// The build arguments that are given together, names with values, as far as they are known; each set once.
    #[must_use]
    pub fn given(&self) -> Vec<Vec<(&str, &str)>> {
        let mut all: Vec<Vec<(&str, &str)>> = Vec::new();
        for build in &self.builds {
            let pairs = build.arguments.iter().filter_map(|it| it.what.split_once('='));
            let given: Vec<_> = pairs.filter(|(_, value)| is_certain(&template::of(value))).collect();
            if !given.is_empty() && !all.contains(&given) {
                all.push(given);
            }
        }
        all
    }

    /// The folders that are its context, from the repository's root, where that is certain.
    #[must_use]
    pub fn contexts(&self) -> Vec<&str> {
        let certain = self.builds.iter().filter(|build| build.is_certain());
        let mut contexts: Vec<&str> = certain.filter_map(Build::context).collect();
        contexts.sort_unstable();
        contexts.dedup();
        contexts
    }

    /// How the stage that has this name and number is run; `last` if no other follows it.
    pub fn runs(&self, name: Option<&str>, number: usize, last: bool) -> impl Iterator<Item = &Run> {
        self.builds.iter().filter(move |build| build.makes(name, number, last)).map(|build| &build.run)
    }
}

#[cfg(test)]
mod tests;
