//! Whether a path of the context may be left out by the ignore file: for this Dockerfile and for all that share it.

use super::View;
use super::paths::{self, Relation};
use crate::commands::{Invocation, Program, Tool, Verb, invocations, recognise};
use crate::context::ignore::matches;
use crate::context::{Look, Reason, Tree, join};
use crate::dockerfile::{Kind, Word};
use crate::shell::{Command, Operator, Script, Separator, Simple};

/// What makes the path anew in a stage that copies the folder around it, so that the one of the context is not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// Nothing has to: nobody reads it.
    None,
    /// A package manager of node.
    Node,
    /// uv, poetry, pipenv or `python -m venv`.
    Python,
    /// Anything that installs packages of Python, in whatever place.
    PythonPackages,
    /// cargo
    Cargo,
    /// dotnet
    Dotnet,
    /// Maven
    Maven,
    /// Gradle
    Gradle,
    /// composer
    Composer,
    /// bundler
    Bundler,
}

impl Maker {
    /// Of the tool that makes `path`.
    #[must_use]
    pub fn of(path: &str) -> Self {
        match path.rsplit('/').next().unwrap_or(path) {
            "node_modules" | "install-state.gz" => Self::Node,
            ".venv" | "venv" => Self::Python,
            "target" => Self::Cargo,
            "obj" | "bin" => Self::Dotnet,
            "vendor" => Self::Composer,
            ".bundle" | "bundle" => Self::Bundler,
            _ => Self::None,
        }
    }

    /// Whether a command of `script` makes it.
    #[must_use]
    pub fn runs_in(self, script: &Script) -> bool {
        invocations(script).iter().any(|it| self.is(it)) || self == Self::Python && script.text().contains("venv ")
    }

    /// Whether `it` makes it, in the folder in which it runs.
    fn is(self, it: &Invocation) -> bool {
        let own = self != Self::Node || it.operands.is_empty() && !it.has(&["-g", "--global"]);
        own && self.makes(it.tool, it.verb, &it.subcommand)
    }

    fn makes(self, tool: Tool, verb: Verb, subcommand: &str) -> bool {
        match self {
            Self::None => true,
            Self::Node => {
                matches!(tool, Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun)
                    && verb == Verb::Install
                    && !subcommand.starts_with("global")
            }
            Self::Python => matches!(tool, Tool::Uv | Tool::Poetry | Tool::Pipenv) && verb == Verb::Install,
            Self::PythonPackages => {
                matches!(tool, Tool::Pip | Tool::Uv | Tool::Poetry | Tool::Pipenv) && verb == Verb::Install
            }
            Self::Cargo => tool == Tool::Cargo && verb == Verb::Build,
            Self::Dotnet => tool == Tool::Dotnet && matches!(verb, Verb::Install | Verb::Build),
            Self::Maven => tool == Tool::Maven && verb == Verb::Build,
            Self::Gradle => tool == Tool::Gradle && verb == Verb::Build,
            Self::Composer => tool == Tool::Composer && verb == Verb::Install,
            Self::Bundler => tool == Tool::Bundle && matches!(verb, Verb::Install | Verb::Configure),
        }
    }
}

/// Whether no Dockerfile needs `path` of the context, a file or folder that may be there.
///
/// # Errors
/// Why one may, in words.
pub fn spared(view: &View<'_>, tree: &Tree<'_>, path: &str, maker: Maker) -> Result<(), Reason> {
    if tree.patterns().has_exceptions_in(path) {
        return Err(format!("a line of the ignore file that starts with `!` may name {path}").into());
    }
    if tree.world().tracked(path) == Some(true) {
        return Err(format!("git tracks {path}").into());
    }
    // What stands below a folder of the project is what its installation makes there, as the caller found.
    reads(view, tree, path, maker, path.contains('/'))?;
    let siblings = tree.world().siblings();
    let siblings = siblings.ok_or("which other Dockerfiles share the ignore file is not known")?;
    for other in siblings.iter() {
        let other = View::new(other, view.world, view.settings);
        reads(&other, tree, path, maker, false)
            .map_err(|reason| Reason::from(format!("of another Dockerfile, {reason}")))?;
    }
    Ok(())
}

/// Whether a Dockerfile reads `path` of its context; `below` if an installation in a folder above makes it.
fn reads(view: &View<'_>, tree: &Tree<'_>, path: &str, maker: Maker, below: bool) -> Result<(), Reason> {
    let doc = view.doc;
    if let Some(problem) = doc.problems().first() {
        return Err(format!("line {} is not understood", doc.line(problem.span.start)).into());
    }
    for (index, instruction) in doc.instructions().iter().enumerate() {
        let line = doc.line(instruction.span.start);
        let sources: Vec<String> = match &instruction.kind {
            Kind::Copy(it) | Kind::Add(it) => {
                if doc.has_flag(instruction, "from") {
                    continue;
                }
                it.sources.iter().map(|source| doc.word(instruction, *source).into_owned()).collect()
            }
            Kind::Run(_) => {
                let mounts = doc.mounts(instruction);
                let binds = mounts.iter().filter(|mount| &*mount.kind == "bind" && mount.get("from").is_none());
                binds.map(|mount| mount.get("source").or_else(|| mount.get("src")).unwrap_or(".").to_owned()).collect()
            }
            Kind::Onbuild(_) => return Err(format!("line {line} copies in another build").into()),
            _ => continue,
        };
        for source in sources {
            if source.contains("://") || source.starts_with("<<") {
                continue;
            }
            if source.contains('$') {
                return Err(format!("line {line} copies what a variable names").into());
            }
            let Some(source) = join("", source.trim_start_matches('/')) else { continue };
            match stands(tree, &source, path) {
                Stands::Apart => {}
                Stands::Same => return Err(format!("line {line} copies {source}").into()),
                Stands::Above => {
                    let rest = path[source.len()..].trim_start_matches('/');
                    if maker != Maker::None && !makes(view, index, rest, maker, below) {
                        return Err(
                            format!("line {line} copies {path}, and nothing of that stage makes it anew").into()
                        );
                    }
                }
            }
        }
    }
    Ok(())
}

enum Stands {
    Apart,
    Same,
    Above,
}

/// How a source stands to `path`, of which it may match a folder above.
fn stands(tree: &Tree<'_>, source: &str, path: &str) -> Stands {
    let inside = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    if let Some(at) = source.find(['*', '?', '[', '\\']) {
        let folder = source[..at].rsplit_once('/').map_or("", |(folder, _)| folder);
        let named = |path: &str| matches(source, path);
        let above = path.match_indices('/').any(|(at, _)| named(&path[..at]));
        if inside(folder, path) || folder == path || named(path) || above {
            return Stands::Same;
        }
        return Stands::Apart;
    }
    if source.is_empty() {
        return Stands::Above;
    }
    if source == path || inside(source, path) {
        return Stands::Same;
    }
    if inside(path, source) && tree.world().look(source) != Some(Look::File) {
        return Stands::Above;
    }
    Stands::Apart
}

/// Whether the stage of COPY `index` makes anew, where it stands in the image, what is `rest` seen from the source.
fn makes(view: &View<'_>, index: usize, rest: &str, maker: Maker, below: bool) -> bool {
    let doc = view.doc;
    let instruction = view.instruction(index);
    let (Kind::Copy(it) | Kind::Add(it), Some(stage)) = (&instruction.kind, doc.stage_of(index)) else { return false };
    let parents = doc.has_flag(instruction, "parents");
    let to = paths::absolute(view, index, &doc.word(instruction, it.destination));
    let Some(place) = to.filter(|_| !parents).and_then(|to| paths::join(Some(&to), rest)) else { return false };
    let (folder, name) = place.rsplit_once('/').unwrap_or(("", &place));
    let folder = if folder.is_empty() { "/" } else { folder };
    let mut all = view.graph().chain(stage).flat_map(|stage| doc.stages()[stage].instructions.clone());
    all.any(|at| match &view.instruction(at).kind {
        Kind::Run(_) => view.script(at).is_some_and(|script| {
            if matches!(maker, Maker::Python | Maker::PythonPackages) {
                return maker.runs_in(script);
            }
            let from = view.scope(at).workdir.as_deref();
            commands(script, from).iter().any(|(simple, here)| {
                let above = |here: &str| below && matches!(paths::relation(here, folder), Relation::Above);
                here.as_deref().is_some_and(|here| here == folder || above(here))
                    && recognise(script, simple).is_some_and(|it| maker.is(&it) && !it.has(ELSEWHERE))
            })
        }),
        // From a stage that made it.
        Kind::Copy(it) if at != index => {
            let last = |path: &str| path.trim_end_matches('/').rsplit('/').next() == Some(name);
            let source = |word: &Word| last(&doc.word(view.instruction(at), *word));
            view.graph().uses().iter().any(|used| used.instruction == at)
                && it.sources.iter().any(source)
                && paths::absolute(view, at, &doc.word(view.instruction(at), it.destination)).as_ref() == Some(&place)
        }
        _ => false,
    })
}

/// Options with which an installation makes something else, or somewhere else.
const ELSEWHERE: &[&str] = &[
    "--prefix",
    "-C",
    "--cwd",
    "--dir",
    "--modules-folder",
    "--modules-dir",
    "-w",
    "--workspace",
    "--filter",
    "-F",
    "--dry-run",
    "--package-lock-only",
    "--lockfile-only",
    "--mode",
    "--target-dir",
    "--manifest-path",
    "--working-dir",
    "-d",
    "--path",
    "--gemfile",
];

/// The commands of a script that run if those before them succeed, with the folder in which they do, where it is known.
fn commands<'s>(script: &'s Script, from: Option<&str>) -> Vec<(&'s Simple, Option<String>)> {
    let (mut found, mut here) = (Vec::new(), from.map(str::to_owned));
    let items = script.body().map_or(&[][..], |list| &list.items);
    for item in items.iter().filter(|item| item.separator != Separator::Background) {
        let mut runs = true;
        let operators = item.and_or.rest.iter().map(|(operator, ..)| *operator == Operator::And);
        for (pipeline, and) in item.pipelines().zip(std::iter::once(true).chain(operators)) {
            runs &= and;
            let [Command::Simple(simple)] = &pipeline.commands[..] else {
                here = None;
                continue;
            };
            match Program::of(simple).map(|program| (program.name, program.arguments)) {
                Some(("cd", [to])) if runs => {
                    here = to.literal.as_deref().and_then(|to| paths::join(here.as_deref(), to));
                }
                Some(("cd" | "pushd" | "popd" | "chroot" | "eval" | "." | "source", _)) | None => here = None,
                Some(_) if runs => found.push((simple, here.clone())),
                Some(_) => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;
    use crate::transform::Settings;

    #[test]
    fn who_needs_a_path() {
        for (text, others, path, expected) in [
            ("COPY . .\nRUN npm ci", &[][..], "node_modules", Ok(())),
            (
                "COPY . .",
                &[],
                "node_modules",
                Err("line 2 copies node_modules, and nothing of that stage makes it anew"),
            ),
            ("COPY . .", &[], ".git", Ok(())),
            ("COPY package*.json src ./\nRUN npm ci", &[], "node_modules", Ok(())),
            ("COPY node_modules /x", &[], "node_modules", Err("line 2 copies node_modules")),
            ("COPY node_modules/a /x", &[], "node_modules", Err("line 2 copies node_modules/a")),
            ("COPY no* /x", &[], "node_modules", Err("line 2 copies no*")),
            ("COPY *.json /x", &[], "node_modules", Ok(())),
            ("COPY * /x", &[], "node_modules", Err("line 2 copies *")),
            ("COPY $A /x", &[], "node_modules", Err("line 2 copies what a variable names")),
            (
                "RUN --mount=target=/x a",
                &[],
                "node_modules",
                Err("line 2 copies node_modules, and nothing of that stage makes it anew"),
            ),
            ("RUN --mount=source=.git,target=/x a", &[], ".git", Err("line 2 copies .git")),
            ("ONBUILD COPY . .", &[], ".git", Err("line 2 copies in another build")),
            ("COPY --from=x . .", &[], "node_modules", Ok(())),
            (
                "COPY a b\n",
                &[("Dockerfile.web", "FROM x\nCOPY . .\n")],
                "node_modules",
                Err("of another Dockerfile, line 2 copies node_modules, and nothing of that stage makes it anew"),
            ),
            (
                "COPY a b\n",
                &[(".dockerignore", "a\n!node_modules/x\n")],
                "node_modules",
                Err("a line of the ignore file that starts with `!` may name node_modules"),
            ),
        ] {
            let text = format!("FROM alpine\n{text}\n");
            let doc = crate::dockerfile::Document::parse(text.as_str());
            let files = others.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
            let untracked = vec![path.to_owned()];
            let (world, settings) = (Files { files, untracked, ..Files::default() }, Settings::default());
            let tree = Tree::of(&world).expect("a context");
            let view = View::new(&doc, &world, &settings);
            let found = spared(&view, &tree, path, Maker::of(path));
            assert_eq!(found, expected.map_err(Reason::from), "{text}");
        }
    }
}
