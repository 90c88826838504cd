//! Signs that a repository is built by something other than BuildKit: exact words in files of known names at its root.
//!
//! Only such words count, and comments do not; no other file is opened.

use std::path::Path;

use crate::transform::Dialect;

/// CI and build files at a repository's root.
const FILES: &[&str] = &[
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    "Jenkinsfile",
    "cloudbuild.yaml",
    "cloudbuild.yml",
    "cloudbuild.json",
    ".drone.yml",
    ".drone.yaml",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    ".travis.yml",
    ".circleci/config.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "buildspec.yml",
    "skaffold.yaml",
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "build.sh",
];

/// Folders at a repository's root whose YAML files are CI files.
const FOLDERS: &[&str] = &[".github/workflows", ".forgejo/workflows", ".gitea/workflows", ".tekton", ".woodpecker"];

/// Images and actions that are kaniko.
const KANIKO: &[&str] =
    &["kaniko-project/executor", "/kaniko/executor", "plugins/kaniko", "aevea/action-kaniko", "int128/kaniko-action"];

/// Commands and actions that are buildah.
const BUILDAH: &[&str] = &["buildah bud", "buildah build", "podman build", "redhat-actions/buildah-build"];

/// A larger file is nothing that a person wrote.
const MAX_LEN: u64 = 1024 * 1024;

/// What was found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// The builder that must be able to build the result.
    pub dialect: Dialect,
    /// What a person is told.
    pub note: String,
}

/// Whether the file at `path`, from the root of a repository, is one that is looked at.
pub fn looks_at(path: &str) -> bool {
    let yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    FILES.contains(&path) || path.rsplit_once('/').is_some_and(|(folder, _)| yaml && FOLDERS.contains(&folder))
}

/// The sign of the builder that can do least, if there is any in the repository at `root`.
pub fn read(root: &Path) -> Option<Sign> {
    let mut files: Vec<String> = FILES.iter().map(|name| (*name).to_owned()).collect();
    for folder in FOLDERS {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".yml") || name.ends_with(".yaml")).collect();
        names.sort_unstable();
        files.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
    }
    let found = files.iter().filter_map(|name| {
        let path = root.join(name);
        let small = std::fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_LEN);
        let text = small.then(|| std::fs::read_to_string(&path).ok()).flatten()?;
        in_text(name, &text)
    });
    found.min_by_key(|sign| rank(sign.dialect))
}

/// Less is a builder that can do less.
const fn rank(dialect: Dialect) -> u8 {
    match dialect {
        Dialect::Classic => 0,
        Dialect::Kaniko => 1,
        Dialect::Buildah(..) => 2,
        Dialect::BuildKitFrontend(..) => 3,
        Dialect::BuildKit => 4,
    }
}

fn in_text(name: &str, text: &str) -> Option<Sign> {
    let comment = if name == "Jenkinsfile" { "//" } else { "#" };
    let signs = text.lines().enumerate().filter_map(|(number, line)| {
        let line = without_comment(line, comment);
        let (dialect, word) = in_line(name, line)?;
        let note = format!(
            "{name}:{} says {word}: nothing is done that needs more than this builder can do (--dialect overrules it)",
            number + 1
        );
        Some(Sign { dialect, note })
    });
    signs.min_by_key(|sign| rank(sign.dialect))
}

fn in_line(name: &str, line: &str) -> Option<(Dialect, &'static str)> {
    if no_buildkit(line) {
        return Some((Dialect::Classic, "DOCKER_BUILDKIT=0"));
    }
    let bare = line.trim().trim_start_matches("- ");
    let task = |builder: &str| {
        name.starts_with(".tekton/") && bare.strip_prefix("name:").is_some_and(|rest| rest.trim() == builder)
    };
    if KANIKO.iter().any(|word| has_word(line, word))
        || (name == "skaffold.yaml" && bare.starts_with("kaniko:"))
        || task("kaniko")
    {
        return Some((Dialect::Kaniko, "kaniko"));
    }
    if let Some(word) = BUILDAH.iter().find(|word| has_word(line, word)) {
        // That of podman 4.9, the oldest that a current LTS release has.
        return Some((Dialect::Buildah(1, 33), word));
    }
    task("buildah").then_some((Dialect::Buildah(1, 33), "buildah"))
}

/// Whether the line sets `DOCKER_BUILDKIT` to 0, as shell, YAML, make and Groovy write it.
fn no_buildkit(line: &str) -> bool {
    const NAME: &str = "DOCKER_BUILDKIT";
    line.match_indices(NAME).any(|(at, _)| {
        let rest = line[at + NAME.len()..].trim_start_matches(['"', '\'']).trim_start();
        let value = rest.strip_prefix([':', '=']).map(|rest| rest.trim_start().trim_start_matches(['"', '\'']));
        let off = value.and_then(|value| value.strip_prefix('0')).is_some_and(|rest| !starts_in_word(rest));
        off && !ends_in_word(&line[..at])
    })
}

/// Whether `word` stands in the line, not as a part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let path = word.starts_with('/') || word.contains("kaniko-project");
        !starts_in_word(&line[at + word.len()..]) && (path || !ends_in_word(&line[..at]))
    })
}

fn starts_in_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn ends_in_word(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// The line without a comment: one that starts it, or stands behind a blank.
fn without_comment<'l>(line: &'l str, mark: &str) -> &'l str {
    let start = line.match_indices(mark).find(|(at, _)| line[..*at].ends_with([' ', '\t']) || *at == 0);
    start.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_words_count() {
        let buildah = Dialect::Buildah(1, 33);
        for (name, line, expected) in [
            (".gitlab-ci.yml", "    name: gcr.io/kaniko-project/executor:v1.23.2-debug", Some(Dialect::Kaniko)),
            (".gitlab-ci.yml", "    - /kaniko/executor --context $CI_PROJECT_DIR", Some(Dialect::Kaniko)),
            (".gitlab-ci.yml", "    - /kaniko/executors", None),
            (".gitlab-ci.yml", "    # - /kaniko/executor --context .", None),
            (".gitlab-ci.yml", "    - docker build . # was /kaniko/executor", None),
            (".gitlab-ci.yml", "    - docker build -t kaniko .", None),
            (".drone.yml", "  image: plugins/kaniko", Some(Dialect::Kaniko)),
            (".drone.yml", "  image: plugins/kaniko-ecr", None),
            ("skaffold.yaml", "      kaniko: {}", Some(Dialect::Kaniko)),
            (".gitlab-ci.yml", "kaniko:", None),
            (".tekton/push.yaml", "        name: kaniko", Some(Dialect::Kaniko)),
            (".tekton/push.yaml", "      - name: buildah", Some(buildah)),
            (".github/workflows/ci.yml", "      - name: kaniko", None),
            (".github/workflows/ci.yml", "        uses: int128/kaniko-action@v1", Some(Dialect::Kaniko)),
            (".github/workflows/ci.yml", "      DOCKER_BUILDKIT: 0", Some(Dialect::Classic)),
            (".github/workflows/ci.yml", "      DOCKER_BUILDKIT: \"0\"", Some(Dialect::Classic)),
            (".github/workflows/ci.yml", "      DOCKER_BUILDKIT: 1", None),
            ("Makefile", "\tDOCKER_BUILDKIT=0 docker build .", Some(Dialect::Classic)),
            ("Makefile", "\tDOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0} docker build .", None),
            ("Makefile", "NO_DOCKER_BUILDKIT=0", None),
            ("Makefile", "DOCKER_BUILDKIT=01", None),
            ("Jenkinsfile", "  environment { DOCKER_BUILDKIT = '0' }", Some(Dialect::Classic)),
            ("Jenkinsfile", "  // DOCKER_BUILDKIT = '0'", None),
            ("cloudbuild.json", "{\"env\": {\"DOCKER_BUILDKIT\": \"0\"}}", Some(Dialect::Classic)),
            ("build.sh", "podman build -t x .", Some(buildah)),
            ("build.sh", "buildah bud .", Some(buildah)),
            ("build.sh", "apt-get install podman buildah", None),
            ("build.sh", "my-podman build .", None),
            ("build.sh", "podman builder prune", None),
        ] {
            assert_eq!(in_text(name, line).map(|sign| sign.dialect), expected, "{name}: {line}");
        }
    }

    #[test]
    fn the_builder_that_can_do_least_counts() {
        let sign =
            in_text("Makefile", "a:\n\tpodman build .\nb:\n\tDOCKER_BUILDKIT=0 docker build .\n").expect("a sign");
        assert_eq!(sign.dialect, Dialect::Classic);
        assert!(sign.note.starts_with("Makefile:4 says DOCKER_BUILDKIT=0: "), "{}", sign.note);
    }
}
