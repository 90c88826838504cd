//! Whether a path of the context may be left out by the ignore file: for this Dockerfile and for all that share it.

use super::View;
use crate::commands::{Invocation, Tool, Verb, invocations};
use crate::context::ignore::matches;
use crate::context::{Look, Reason, Tree, join};
use crate::dockerfile::{Document, Graph, Kind};
use crate::shell::Script;

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
            ".bundle" => Self::Bundler,
            _ => Self::None,
        }
    }

    /// Whether a command of `script` makes it.
    #[must_use]
    pub fn runs_in(self, script: &Script) -> bool {
        let own = |it: &Invocation| self != Self::Node || it.operands.is_empty() && !it.has(&["-g", "--global"]);
        invocations(script).iter().any(|it| own(it) && self.makes(it.tool, it.verb, &it.subcommand))
            || self == Self::Python && script.text().contains("venv ")
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
            Self::Bundler => tool == Tool::Bundle,
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
    reads(view.doc, tree, path, maker)?;
    let siblings = tree.world().siblings();
    let siblings = siblings.ok_or("which other Dockerfiles share the ignore file is not known")?;
    for text in siblings.iter() {
        let other = Document::parse(std::sync::Arc::clone(text));
        reads(&other, tree, path, maker).map_err(|reason| Reason::from(format!("of another Dockerfile, {reason}")))?;
    }
    Ok(())
}

/// Whether a Dockerfile reads `path` of its context.
fn reads(doc: &Document, tree: &Tree<'_>, path: &str, maker: Maker) -> Result<(), Reason> {
    if let Some(problem) = doc.problems().first() {
        return Err(format!("line {} is not understood", doc.line(problem.span.start)).into());
    }
    for (index, instruction) in doc.instructions().iter().enumerate() {
        let line = doc.line(instruction.span.start);
        let sources: Vec<String> = match &instruction.kind {
            Kind::Copy(it) | Kind::Add(it) => {
                if instruction.flags.iter().any(|flag| doc.joined(instruction, flag.name) == "from") {
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
                    if maker != Maker::None && !makes(doc, index, maker) {
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

/// Whether the stage of instruction `index`, or one that it takes from, makes the path anew.
fn makes(doc: &Document, index: usize, maker: Maker) -> bool {
    let Some(stage) = doc.stage_of(index) else { return false };
    let graph = Graph::of(doc);
    let taken = graph.uses().iter().filter(|it| it.by == stage).map(|it| it.of);
    let stages: Vec<usize> = graph.chain(stage).chain(taken).collect();
    let mut runs = stages.into_iter().flat_map(|stage| doc.stages()[stage].instructions.clone());
    runs.any(|at| {
        matches!(doc.instructions()[at].kind, Kind::Run(_)) && doc.script(at).is_some_and(|it| maker.runs_in(it))
    })
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
            let text = format!("FROM a\n{text}\n");
            let doc = Document::parse(text.as_str());
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
