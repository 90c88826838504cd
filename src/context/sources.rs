//! What the sources of a program say: the strings in them, and what is left of a folder without them.

use super::Look;
use super::tree::{Reason, Tree, join};

/// More files than this are not read.
const MAX_FILES: usize = 4_000;

/// How a language is written.
#[derive(Clone, Copy, Debug)]
pub struct Language {
    /// What the names of its files end with.
    pub endings: &'static [&'static str],
    /// What starts a comment that ends with the line.
    pub comment: &'static str,
    /// Comments between `/*` and `*/`.
    pub blocks: bool,
    /// What encloses strings.
    pub quotes: &'static [char],
    /// What encloses strings without escapes, over several lines.
    pub raw: &'static [char],
    /// Files that only its tools read.
    pub manifests: &'static [&'static str],
}

/// Go.
pub const GO: Language = Language {
    endings: &[".go", ".s"],
    comment: "//",
    blocks: true,
    quotes: &['"'],
    raw: &['`'],
    manifests: &[
        "go.mod",
        "go.sum",
        "go.work",
        "go.work.sum",
        "vendor",
        ".golangci.yml",
        ".golangci.yaml",
        ".air.toml",
    ],
};

/// Rust; a character in single quotes is no string, and a raw string is taken for a plain one.
pub const RUST: Language = Language {
    endings: &[".rs"],
    comment: "//",
    blocks: true,
    quotes: &['"'],
    raw: &[],
    manifests: &[
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain",
        "rust-toolchain.toml",
        "rustfmt.toml",
        "clippy.toml",
        ".cargo",
        "target",
    ],
};

/// C and C++, with what describes their builds.
pub const CPP: Language = Language {
    endings: &[
        ".c", ".h", ".cpp", ".hpp", ".cc", ".hh", ".cxx", ".hxx", ".c++", ".h++", ".C", ".ipp", ".inl", ".tpp", ".txx",
        ".cppm", ".ixx", ".S", ".s", ".asm", ".cmake", ".mk", ".h.in", ".hpp.in", ".o", ".a",
    ],
    comment: "//",
    blocks: true,
    quotes: &['"'],
    raw: &[],
    manifests: &[
        "CMakeLists.txt",
        "CMakePresets.json",
        "CMakeFiles",
        "meson.build",
        "configure",
        "configure.ac",
        "Makefile.am",
        "Makefile.in",
        "conanfile.txt",
        "vcpkg.json",
        ".clang-format",
        ".clang-tidy",
        ".clangd",
        ".ccls",
        "compile_commands.json",
    ],
};

/// TypeScript and JavaScript.
pub const TYPESCRIPT: Language = Language {
    endings: &[".ts", ".tsx", ".mts", ".cts"],
    comment: "//",
    blocks: true,
    quotes: &['"', '\''],
    raw: &['`'],
    manifests: &[
        "node_modules",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "bun.lockb",
        "tsconfig.json",
        "tsconfig.build.json",
        "tsconfig.node.json",
        "nest-cli.json",
        "jest.config.js",
        "jest.config.json",
        "vite.config.js",
        "webpack.config.js",
        "nodemon.json",
        "tslint.json",
    ],
};

/// All that Node can run, or a compiler makes of it.
pub const JAVASCRIPT: Language =
    Language { endings: &[".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts", ".cts"], ..TYPESCRIPT };

/// Python.
pub const PYTHON: Language = Language {
    endings: &[".py"],
    comment: "#",
    blocks: false,
    quotes: &['"', '\''],
    raw: &[],
    manifests: &["__pycache__", ".venv", "venv"],
};

/// Ruby.
pub const RUBY: Language = Language {
    endings: &[".rb", ".ru"],
    comment: "#",
    blocks: false,
    quotes: &['"', '\''],
    raw: &['`'],
    manifests: &["vendor", "node_modules"],
};

/// Java and its kin: their sources, wherever they stand.
pub const JAVA_SOURCES: Language = Language {
    endings: &[".java", ".kt", ".scala", ".groovy"],
    comment: "//",
    blocks: true,
    quotes: &['"'],
    raw: &[],
    manifests: &["target", "build", ".gradle"],
};

/// Java and its kin: a project, whose `src` is in the jar that is made of it.
pub const JAVA: Language = Language {
    manifests: &[
        "src",
        "target",
        "build",
        ".gradle",
        ".mvn",
        "gradle",
        "buildSrc",
        "pom.xml",
        "mvnw",
        "mvnw.cmd",
        "gradlew",
        "gradlew.bat",
        "build.gradle",
        "build.gradle.kts",
        "settings.gradle",
        "settings.gradle.kts",
        "gradle.properties",
        "lombok.config",
        "checkstyle.xml",
        "system.properties",
    ],
    ..JAVA_SOURCES
};

/// C#, F# and Visual Basic; a quote in a string that is written `@"…"` is taken for its end.
pub const DOTNET: Language = Language {
    endings: &[".cs", ".fs", ".vb"],
    comment: "//",
    blocks: true,
    quotes: &['"'],
    raw: &[],
    manifests: &["obj", "bin", "node_modules", ".vs"],
};

/// No language: all files are data.
pub const NONE: Language =
    Language { endings: &[], comment: "#", blocks: false, quotes: &[], raw: &[], manifests: &["__pycache__"] };

impl Language {
    /// Whether a file is written in it.
    #[must_use]
    pub fn is_source(&self, path: &str) -> bool {
        self.endings.iter().any(|ending| path.ends_with(ending))
    }

    /// The strings of `text`, without their quotes, and its comments of one line, without what starts them.
    #[must_use]
    pub fn strings<'t>(&self, text: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
        let (mut strings, mut comments) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(char) = text[at..].chars().next() {
            let rest = &text[at..];
            if let Some(comment) = rest.strip_prefix(self.comment) {
                let end = comment.find('\n').unwrap_or(comment.len());
                comments.push(&comment[..end]);
                at += self.comment.len() + end;
            } else if self.blocks && rest.starts_with("/*") {
                at += rest[2..].find("*/").map_or(rest.len(), |end| end + 4);
            } else if self.raw.contains(&char) {
                let body = &rest[char.len_utf8()..];
                let end = body.find(char).unwrap_or(body.len());
                strings.push(&body[..end]);
                at = (at + 2 * char.len_utf8() + end).min(text.len());
            } else if self.quotes.contains(&char) {
                let body = &rest[char.len_utf8()..];
                // `@"C:\"`
                let verbatim = self.endings.contains(&".cs") && text[..at].trim_end_matches('$').ends_with('@');
                let mut escaped = false;
                let end = body.char_indices().find(|(_, it)| {
                    let closes = !escaped && *it == char;
                    escaped = *it == '\\' && !escaped && !verbatim;
                    closes
                });
                let end = end.map_or(body.len(), |(end, _)| end);
                strings.push(&body[..end]);
                at = (at + 2 * char.len_utf8() + end).min(text.len());
            } else if char == '\'' && !self.quotes.contains(&'\'') {
                // A character: `'"'`, `'\''`; or a lifetime.
                let body = &rest[1..];
                let len = match body.chars().next() {
                    Some('\\') => body.char_indices().skip(2).find(|(_, it)| *it == '\'').map(|(end, _)| end + 1),
                    Some(one) if body[one.len_utf8()..].starts_with('\'') => Some(one.len_utf8() + 1),
                    _ => None,
                };
                at += 1 + len.unwrap_or(0);
            } else {
                at += char.len_utf8();
            }
        }
        (strings, comments)
    }
}

/// What a folder of the context has.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Sources, with their texts.
    pub sources: Vec<(String, String)>,
    /// All other files.
    pub others: Vec<String>,
    /// Folders that hold sources, somewhere below.
    pub source_folders: Vec<String>,
}

/// What is in `folder`, and below it. Folders that `language` has for its tools alone are left out.
///
/// # Errors
/// If it is not known, or too much.
pub fn contents(tree: &Tree<'_>, folder: &str, language: &Language) -> Result<Contents, Reason> {
    let mut contents = Contents::default();
    let mut folders = vec![folder.to_owned()];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for name in tree.names(&folder)? {
            let Some(path) = join(&folder, &name) else { continue };
            if &*name == ".git" || language.manifests.contains(&&*name) {
                continue;
            }
            count += 1;
            if count > MAX_FILES {
                return Err("there are too many files to look at".into());
            }
            match tree.world().look(&path) {
                Some(Look::Directory) => folders.push(path),
                Some(Look::File) if tree.patterns().excludes(&path) => {}
                Some(Look::File) if language.is_source(&path) => {
                    let text = tree.text(&path)?.unwrap_or_default();
                    let mut above = folder.as_str();
                    while !contents.source_folders.iter().any(|it| it == above) {
                        contents.source_folders.push(above.to_owned());
                        above = above.rsplit_once('/').map_or("", |(above, _)| above);
                    }
                    contents.sources.push((path, text));
                }
                Some(Look::File | Look::Other) => contents.others.push(path),
                Some(Look::Missing) | None => return Err(format!("what {path} is, is not known").into()),
            }
        }
    }
    contents.sources.sort();
    contents.others.sort();
    Ok(contents)
}

/// Files that say what a project is, how it is built or tested; no program reads them.
const ABOUT: &[&str] = &[
    "Dockerfile",
    "dockerfile",
    "Containerfile",
    ".dockerignore",
    ".git",
    "README",
    "CHANGELOG",
    "CHANGES",
    "CONTRIBUTING",
    "CODE_OF_CONDUCT",
    "CODEOWNERS",
    "SECURITY",
    "LICENSE",
    "LICENCE",
    "COPYING",
    "NOTICE",
    "AUTHORS",
    "MAINTAINERS",
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    "Taskfile",
    "docker-compose",
    "compose.y",
    "docker-bake",
    ".editorconfig",
    ".pre-commit-config",
    ".golangci",
    ".goreleaser",
    ".travis",
    ".gitlab-ci",
    ".drone",
    "appveyor",
    ".appveyor",
    "azure-pipelines",
    "Jenkinsfile",
    "codecov",
    ".codecov",
    "renovate",
    ".releaserc",
    "skaffold",
    "Procfile",
    "fly.toml",
    "netlify.toml",
    "vercel.json",
    "cloudbuild",
    "Vagrantfile",
    "Tiltfile",
    ".air",
    ".env.example",
    ".env.sample",
    ".env.template",
    ".envrc",
    ".nvmrc",
    ".tool-versions",
    ".eslint",
    ".prettier",
    "sonar-project",
];

/// Folders of that kind.
const FOLDERS_ABOUT: &[&str] = &[
    ".git",
    ".github",
    ".gitlab",
    ".circleci",
    ".vscode",
    ".idea",
    ".devcontainer",
    ".husky",
    "docs",
    "doc",
    "examples",
    "example",
    "test",
    "tests",
    "testdata",
    "__tests__",
    "hack",
    "ci",
    ".ci",
    "deploy",
    "deployment",
    "deployments",
    "k8s",
    "kubernetes",
    "helm",
    "charts",
    "terraform",
    ".buildkite",
    "screenshots",
];

/// Whether a file says what a project is, how it is built or tested.
#[must_use]
pub fn is_about(path: &str) -> bool {
    let mut names = path.split('/');
    let last = names.next_back().unwrap_or_default();
    ABOUT.iter().any(|start| last.starts_with(start))
        || last.ends_with(".md")
        || last.ends_with(".dockerignore")
        || last.ends_with("Dockerfile")
        || names.any(|name| FOLDERS_ABOUT.contains(&name))
}

/// What a program may read of a folder when it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// Folders without sources, whole.
    pub folders: Vec<String>,
    /// Files in folders with sources.
    pub files: Vec<String>,
    /// What is left out, though no rule says that nobody reads it: documentation, tests, what git does not track.
    pub left: Vec<String>,
}

/// What of `contents` of `folder` a program may read when it runs: all but sources, what only says what the project is, and
/// what is `embedded` in the program; where a string of `said` names it, that too. The whole of `folder` can be taken if it is
/// `alone`.
///
/// # Errors
/// If there is a link, or there are too many places.
pub fn data(
    tree: &Tree<'_>,
    contents: &Contents,
    folder: &str,
    embedded: &dyn Fn(&str) -> bool,
    said: &[&str],
    alone: bool,
) -> Result<Data, Reason> {
    let mut data = Data::default();
    for path in &contents.others {
        let inside = if folder.is_empty() { path } else { path.get(folder.len() + 1..).unwrap_or(path) };
        let named = is_named(inside, said);
        let untracked = tree.world().tracked(path) == Some(false);
        if (embedded(path) || is_about(inside)) && !named || untracked {
            let top = inside.split('/').next().unwrap_or(inside);
            if !embedded(path) && !is_plainly_about(inside) && !data.left.iter().any(|it| it == top) {
                data.left.push(top.to_owned());
            }
            continue;
        }
        // The highest folder above it that holds no sources.
        let mut whole = None;
        let mut above = path.rsplit_once('/').map_or("", |(above, _)| above);
        while above.len() + usize::from(alone) > folder.len() && !contents.source_folders.iter().any(|it| it == above) {
            whole = Some(above);
            if above.is_empty() {
                break;
            }
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
        }
        match whole {
            Some(whole) if !data.folders.iter().any(|it| it == whole) => data.folders.push(whole.to_owned()),
            Some(_) => {}
            None if tree.world().look(path) == Some(Look::Other) => return Err(format!("{path} is a link").into()),
            None => data.files.push(path.clone()),
        }
    }
    if data.folders.len() + data.files.len() > 24 {
        return Err("what is no source is spread over too many folders".into());
    }
    Ok(data)
}

/// What nobody reads when the program runs, so that it need not be told.
fn is_plainly_about(path: &str) -> bool {
    let (top, below) = path.split_once('/').unwrap_or((path, ""));
    let hidden = top.starts_with('.') || matches!(top, "test" | "tests" | "testdata" | "__tests__");
    is_about(path) && (hidden || below.is_empty() || !FOLDERS_ABOUT.contains(&top) && !path.ends_with(".md"))
}

/// Whether a string names the file at `path`, or a folder above it.
fn is_named(path: &str, said: &[&str]) -> bool {
    let top = path.split('/').next().unwrap_or(path);
    said.iter().any(|text| {
        let text = text.trim_start_matches("./").trim_start_matches('/');
        text == path || text.split('/').next() == Some(top) && (path.contains('/') || text == top)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn strings_are_found() {
        for (language, text, strings, comments) in [
            (
                GO,
                "a(\"b\\\"c\") // d \"e\"\n`f\"\n` /* \"g\" */ '\"' + \"h\"",
                &["b\\\"c", "f\"\n", "h"][..],
                &[" d \"e\""][..],
            ),
            (RUST, "fn f<'a>(x: &'a str) { '\\'' ; '\"'; \"i\" }", &["i"], &[]),
            (TYPESCRIPT, "import 'a'; `b\"` + \"c'\" //d", &["a", "b\"", "c'"], &["d"]),
            (DOTNET, "var a = @\"C:\\\"; b(\"\\\"c\", $@\"d\\\") // e", &["C:\\", "\\\"c", "d\\"], &[" e"]),
            (GO, "\"open", &["open"], &[]),
            (GO, "'", &[], &[]),
            (GO, "/*", &[], &[]),
        ] {
            assert_eq!(language.strings(text), (strings.to_vec(), comments.to_vec()), "{text}");
        }
    }

    #[test]
    fn data_is_what_is_no_source() {
        let files = [
            ("main.go", ""),
            ("go.mod", ""),
            ("vendor/a/b.go", ""),
            ("web/w.go", ""),
            ("web/tpl/a.html", ""),
            ("web/tpl/b/c.html", ""),
            ("web/in.css", ""),
            ("static/x/y.png", ""),
            ("docs/a.md", ""),
            ("tests/t.txt", ""),
            ("README.md", ""),
            ("Dockerfile", ""),
            ("a.yml", ""),
            ("secret.env", ""),
        ];
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let world = Files { files, untracked: vec!["secret.env".into()], ..Files::default() };
        let tree = Tree::of(&world).expect("a context");
        let found = contents(&tree, "", &GO).expect("contents");
        let of = |said: &[&str]| {
            let data = data(&tree, &found, "", &|path| path == "web/in.css", said, false).expect("data");
            (data.folders.join(" "), data.files.join(" "), data.left.join(" "))
        };
        assert_eq!(of(&[]), ("static web/tpl".into(), "a.yml".into(), "docs secret.env".into()));
        assert_eq!(of(&["docs/x"]), ("docs static web/tpl".into(), "a.yml".into(), "secret.env".into()));
        assert_eq!(of(&["README.md"]).1, "README.md a.yml");
    }
}
