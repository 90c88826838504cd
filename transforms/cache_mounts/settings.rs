//! Settings that move a cache or turn it off, and stand in files: written by commands, copied, or of the project.

use super::Reason;
use crate::commands::{Tool, Verb, recognise};
use crate::context::Look;
use crate::dockerfile::Kind;
use crate::transform::View;

/// The files in which a tool looks for its settings, and what settings of its cache are called there.
const fn files(tool: Tool) -> (&'static [&'static str], &'static [&'static str]) {
    match tool {
        // https://docs.npmjs.com/cli/v11/configuring-npm/npmrc
        Tool::Npm => (&[".npmrc"], &["cache=", "cache ="]),
        // https://pnpm.io/settings
        Tool::Pnpm => (&["pnpm-workspace.yaml", ".npmrc"], &["storedir", "store-dir", "virtual", "import"]),
        // https://pip.pypa.io/en/stable/topics/configuration/
        Tool::Pip | Tool::Pipenv => (&["pip.conf"], &["cache"]),
        // https://docs.astral.sh/uv/reference/settings/
        Tool::Uv => (&["uv.toml", "pyproject.toml"], &["cache-dir", "no-cache", "link-mode"]),
        // https://python-poetry.org/docs/configuration/
        Tool::Poetry => (&["poetry.toml"], &["cache"]),
        // https://bun.com/docs/runtime/bunfig
        Tool::Bun => (&["bunfig.toml"], &["cache", "globalstore"]),
        // https://maven.apache.org/configure.html, https://maven.apache.org/settings.html
        Tool::Maven => (&[".mvn/maven.config", ".mvn/jvm.config", "settings.xml"], &["repo.local", "localrepository"]),
        // https://getcomposer.org/doc/06-config.md
        Tool::Composer => (&["composer.json"], &["cache-dir", "cache-files-dir"]),
        // https://learn.microsoft.com/nuget/reference/nuget-config-file
        Tool::Dotnet => (
            &["nuget.config", "NuGet.Config", "NuGet.config", "Directory.Build.props"],
            &["globalpackagesfolder", "restorepackagespath"],
        ),
        _ => (&[], &[]),
    }
}

/// What a command that changes settings (`npm config`) has to name to move a cache.
const fn keys(tool: Tool) -> &'static [&'static str] {
    match tool {
        Tool::Bundle => &["path", "deployment", "cache", "system"],
        Tool::Go => &["gomodcache", "gocache", "gopath", "goflags", "goproxy"],
        _ => &["cache", "store", "folder", "linker", "import-method", "offline"],
    }
}

/// Why `tool` in RUN `index` may have its cache elsewhere, or none.
pub fn moved(view: &View<'_>, index: usize, tool: Tool) -> Option<Reason> {
    let line = |at: usize| view.doc.line(view.instruction(at).span.start);
    let (names, settings) = files(tool);
    let speaks = |text: &str| settings.iter().any(|it| text.contains(it));
    let stage = view.doc.stage_of(index)?;
    for name in names {
        if view.world.look(name).is_some_and(|look| look != Look::Missing)
            && view.world.read(name).is_none_or(|it| speaks(&String::from_utf8_lossy(&it).to_ascii_lowercase()))
        {
            return Some(format!("{name} may move its cache").into());
        }
    }
    for at in view.graph().chain(stage).flat_map(|stage| view.doc.stages()[stage].instructions.clone()) {
        if at > index {
            continue;
        }
        let instruction = view.instruction(at);
        match &instruction.kind {
            Kind::Run(_) => {
                let text = view.doc.slice(instruction.span).to_ascii_lowercase();
                let file = |name: &&str| text.contains(&*name.to_ascii_lowercase());
                if names.iter().any(|name| file(&name.rsplit('/').next().unwrap_or_default())) && speaks(&text) {
                    return Some(format!("line {} may move its cache", line(at)).into());
                }
                let Some(script) = view.script(at) else { continue };
                let sets = script.commands().into_iter().any(|simple| {
                    let text = script.slice(simple.span).to_ascii_lowercase();
                    let named = keys(tool).iter().any(|key| text.contains(key));
                    named
                        && recognise(script, simple).is_some_and(|it| {
                            it.tool == tool && (it.verb == Verb::Configure || &*it.subcommand == "env")
                        })
                });
                if sets {
                    return Some(format!("line {} may move its cache", line(at)).into());
                }
            }
            Kind::Copy(it) | Kind::Add(it) => {
                for source in &it.sources {
                    let source = view.doc.word(instruction, *source);
                    let source = source.trim_start_matches("./");
                    let name = source.rsplit('/').next().unwrap_or_default();
                    // Manifests are at hand, or say nothing of a cache.
                    let manifest = matches!(name, "pyproject.toml" | "composer.json" | "pnpm-workspace.yaml");
                    let known = || {
                        let text = view.world.read(source)?;
                        Some(!speaks(&String::from_utf8_lossy(&text).to_ascii_lowercase()))
                    };
                    if !manifest && names.iter().any(|it| it.rsplit('/').next() == Some(name)) && known() != Some(true)
                    {
                        return Some(format!("{name} of line {} may move its cache", line(at)).into());
                    }
                }
            }
            _ => {}
        }
    }
    None
}
