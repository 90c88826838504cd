//! What dotnet reads of a project when it restores packages: the project files with all that they name in turn, and what
//! MSBuild and NuGet look for in the folders above.
//!
//! <https://learn.microsoft.com/en-us/dotnet/core/tools/dotnet-restore>,
//! <https://learn.microsoft.com/en-us/visualstudio/msbuild/customize-by-directory>,
//! <https://learn.microsoft.com/en-us/nuget/consume-packages/configuring-nuget-behavior>

use roxmltree::{Document, Node};

use super::tree::{Needs, Reason, Tree, join};

/// What is looked for in the folder of a project and in all above it, as far as they are in the image.
pub const ABOVE: &[&str] = &[
    "Directory.Build.props",
    "Directory.Build.targets",
    "Directory.Packages.props",
    "Directory.Build.rsp",
    "global.json",
    "nuget.config",
    "NuGet.config",
    "NuGet.Config",
];

/// Whether `name` is that of a project or a solution.
#[must_use]
pub fn is_project(name: &str) -> bool {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    matches!(end, "sln" | "slnx" | "csproj" | "fsproj" | "vbproj")
}

/// What `dotnet restore` reads in `folder`, of the project, solution or folder `target`, a path of the context, if one is
/// named.
///
/// # Errors
/// Why that is not known, or more is read.
pub fn restore(tree: &Tree<'_>, folder: &str, target: Option<&str>) -> Result<Needs, Reason> {
    let mut reader = Reader { tree, needs: Needs::default(), projects: Vec::new(), read: Vec::new() };
    let target = target.unwrap_or(folder);
    let file = if is_project(target) { target.to_owned() } else { only_project(tree, target)? };
    if file.ends_with(".sln") || file.ends_with(".slnx") {
        reader.solution(&file)?;
    } else {
        reader.projects.push(file);
    }
    let mut at = 0;
    while let Some(project) = reader.projects.get(at).cloned() {
        at += 1;
        reader.project(&project)?;
    }
    reader.above(folder)?;
    let mut needs = reader.needs;
    needs.check("dotnet reads nothing else when it restores, and a new project is added to what is copied here");
    Ok(needs)
}

/// What `dotnet tool restore` reads in `folder`.
///
/// # Errors
/// If there is no manifest.
pub fn tools(tree: &Tree<'_>, folder: &str) -> Result<Needs, Reason> {
    let mut reader = Reader { tree, needs: Needs::default(), projects: Vec::new(), read: Vec::new() };
    let path = |name: &str| join(folder, name).unwrap_or_default();
    if !tree.take(&mut reader.needs, &path(".config/dotnet-tools.json"))?
        && !tree.take(&mut reader.needs, &path("dotnet-tools.json"))?
    {
        return Err("there is no dotnet-tools.json in the context".into());
    }
    reader.above(folder)?;
    reader.needs.check("dotnet reads nothing else when it restores tools");
    Ok(reader.needs)
}

/// The project or solution in `folder`.
///
/// # Errors
/// If there is none, or more than one.
pub fn only_project(tree: &Tree<'_>, folder: &str) -> Result<String, Reason> {
    let names = tree.names(folder)?;
    let mut found = names.iter().filter(|name| is_project(name));
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(join(folder, name).unwrap_or_default()),
        (Some(_), Some(_)) => Err("which project it restores is not known".into()),
        (None, _) => Err("there is no project in the context where it runs".into()),
    }
}

/// The folder that a path is in.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

struct Reader<'t, 'w> {
    tree: &'t Tree<'w>,
    needs: Needs,
    projects: Vec<String>,
    /// Files of properties and targets, and folders that were looked at for those.
    read: Vec<String>,
}

impl Reader<'_, '_> {
    fn take(&mut self, path: &str, by: &str) -> Result<String, Reason> {
        if !self.tree.take(&mut self.needs, path)? {
            return Err(format!("{by} names {path}, which is not in the context").into());
        }
        Ok(self.tree.text(path)?.unwrap_or_default())
    }

    fn solution(&mut self, path: &str) -> Result<(), Reason> {
        let text = self.take(path, "the command")?;
        let mut names: Vec<String> = Vec::new();
        if path.ends_with(".slnx") {
            let xml = parse(path, &text)?;
            let projects = xml.descendants().filter(|node| node.has_tag_name("Project"));
            names.extend(projects.filter_map(|node| node.attribute("Path")).map(str::to_owned));
        } else {
            for line in text.lines().filter(|line| line.trim_start().starts_with("Project(")) {
                let mut parts = line.split('"').skip(1).step_by(2);
                let (kind, name) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
                // A folder of the solution is no project.
                if !kind.contains("2150E333-8FDC-42A3-9474-1A3956D46DE8") {
                    names.push(name.to_owned());
                }
            }
        }
        for name in ["Directory.Solution.props", "Directory.Solution.targets"] {
            self.properties_beside(path, name)?;
        }
        for name in names {
            let project = join(parent(path), &name.replace('\\', "/"))
                .ok_or_else(|| format!("{path} names {name}, which is outside of the context"))?;
            if !self.tree.has(&project)? {
                return Err(format!("{path} names {project}, which is not in the context").into());
            }
            if name.ends_with(".csproj") || name.ends_with(".fsproj") || name.ends_with(".vbproj") {
                self.projects.push(project);
            } else {
                return Err(format!("{path} has a project of a kind that is not known ({name})").into());
            }
        }
        Ok(())
    }

    fn properties_beside(&mut self, path: &str, name: &str) -> Result<(), Reason> {
        let path = join(parent(path), name).unwrap_or_default();
        if self.tree.has(&path)? { self.properties(&path, "") } else { Ok(()) }
    }

    fn project(&mut self, path: &str) -> Result<(), Reason> {
        if self.read.iter().any(|read| read == path) {
            return Ok(());
        }
        self.properties(path, "the command")?;
        let folder = parent(path);
        if self.tree.has(&join(folder, "packages.config").unwrap_or_default())? {
            return Err(format!("{path} has its packages in packages.config").into());
        }
        self.tree.take(&mut self.needs, &join(folder, "packages.lock.json").unwrap_or_default())?;
        self.needs.outputs.push(join(folder, "obj").unwrap_or_default());
        self.above(folder)
    }

    /// What is looked for in `folder` and above.
    fn above(&mut self, folder: &str) -> Result<(), Reason> {
        let mut at = folder;
        loop {
            let mark = format!("{at}/");
            if self.read.contains(&mark) {
                return Ok(());
            }
            self.read.push(mark);
            for name in ABOVE {
                let path = join(at, name).unwrap_or_default();
                if !self.tree.has(&path)? {
                    continue;
                }
                if name.ends_with(".props") || name.ends_with(".targets") {
                    self.properties(&path, "")?;
                } else {
                    let text = self.take(&path, "")?;
                    if name.ends_with("onfig") {
                        sources(&path, &text)?;
                    }
                }
            }
            if at.is_empty() {
                return Ok(());
            }
            at = parent(at);
        }
    }

    /// A file that MSBuild evaluates.
    fn properties(&mut self, path: &str, by: &str) -> Result<(), Reason> {
        if self.read.iter().any(|read| read == path) {
            return Ok(());
        }
        self.read.push(path.to_owned());
        let text = self.take(path, by)?;
        let xml = parse(path, &text)?;
        for node in xml.descendants().filter(Node::is_element) {
            self.element(path, node)?;
        }
        Ok(())
    }

    fn element(&mut self, path: &str, node: Node<'_, '_>) -> Result<(), Reason> {
        let name = node.tag_name().name();
        let own = node.text().unwrap_or_default();
        if MOVES.contains(&name) {
            return Err(format!("{path} has it restore into another place ({name})").into());
        }
        if matches!(name, "RestoreSources" | "RestoreAdditionalProjectSources" | "RestoreConfigFile") {
            return Err(format!("{path} names where packages come from ({name})").into());
        }
        let computes = |text: &str| ["System.IO", "ReadAllText", "ReadLines"].iter().any(|it| text.contains(it));
        if computes(own) || node.attributes().any(|attribute| computes(attribute.value())) {
            return Err(format!("{path} reads files of the project").into());
        }
        let hooks = ["BeforeTargets", "AfterTargets"].iter().filter_map(|it| node.attribute(*it));
        let restores = |text: &str| text.contains("Restore") || text.contains("CollectPackageReferences");
        if name == "Target" && hooks.into_iter().any(restores) || node.attribute("InitialTargets").is_some() {
            return Err(format!("{path} has a target of its own run when packages are restored").into());
        }
        let asks = node.attributes().any(|attribute| attribute.value().to_ascii_lowercase().contains("exists("));
        match name {
            "Import" => self.import(path, node, asks),
            // What is done when a target runs is not read here.
            _ if asks && !node.ancestors().any(|node| node.has_tag_name("Target")) => {
                Err(format!("{path} asks whether a file is there").into())
            }
            "ProjectReference" => self.references(path, node),
            _ => Ok(()),
        }
    }

    fn import(&mut self, path: &str, node: Node<'_, '_>, asks: bool) -> Result<(), Reason> {
        let Some(target) = node.attribute("Project").filter(|_| node.attribute("Sdk").is_none()) else { return Ok(()) };
        let system = ["$(MSBuildExtensionsPath", "$(MSBuildToolsPath", "$(VSToolsPath", "$(NuGetPackageRoot"];
        if system.iter().any(|start| target.starts_with(start)) {
            return Ok(());
        }
        // Those of the folders above are read in any case.
        if target.contains("GetPathOfFileAbove") && ABOVE.iter().any(|name| target.contains(name)) {
            return Ok(());
        }
        let file = local(path, target)?;
        if asks && !self.tree.has(&file)? { Ok(()) } else { self.properties(&file, path) }
    }

    fn references(&mut self, path: &str, node: Node<'_, '_>) -> Result<(), Reason> {
        for target in node.attribute("Include").unwrap_or_default().split(';').map(str::trim) {
            if target.is_empty() {
                continue;
            }
            let project = local(path, target)?;
            if !self.tree.has(&project)? {
                return Err(format!("{path} names {project}, which is not in the context").into());
            }
            if !self.projects.contains(&project) {
                self.projects.push(project);
            }
        }
        Ok(())
    }
}

/// Properties that say where intermediate files and packages go.
pub const MOVES: &[&str] = &[
    "BaseIntermediateOutputPath",
    "MSBuildProjectExtensionsPath",
    "IntermediateOutputPath",
    "UseArtifactsOutput",
    "ArtifactsPath",
    "RestorePackagesPath",
    "RestoreOutputPath",
    "NuGetLockFilePath",
];

/// What `target`, as the file at `path` has it, is in the context.
pub(super) fn local(path: &str, target: &str) -> Result<String, Reason> {
    let target = target.replace('\\', "/");
    let here = ["$(MSBuildThisFileDirectory)", "$(MSBuildProjectDirectory)/"];
    let rest = here.iter().find_map(|start| target.strip_prefix(start)).unwrap_or(&target);
    if rest.contains(['$', '*', '?', '%', '@']) {
        return Err(format!("{path} names a file by a variable or pattern ({target})").into());
    }
    join(parent(path), rest).ok_or_else(|| format!("{path} names {target}, which is outside of the context").into())
}

/// Whether all packages come from elsewhere, and go where they usually go, as far as `nuget.config` says.
fn sources(path: &str, text: &str) -> Result<(), Reason> {
    let xml = parse(path, text)?;
    for node in xml.descendants().filter(|node| node.has_tag_name("add")) {
        let (key, value) = (node.attribute("key").unwrap_or_default(), node.attribute("value").unwrap_or_default());
        let list = node.parent_element().map(|parent| parent.tag_name().name()).unwrap_or_default();
        let web = value.starts_with("https://") || value.starts_with("http://");
        let folder = match list {
            "packageSources" => !web,
            "fallbackPackageFolders" => true,
            "config" => matches!(key, "globalPackagesFolder" | "repositoryPath" | "dependencyVersion"),
            _ => false,
        };
        if folder {
            return Err(format!("{path} names a folder of packages ({value})").into());
        }
    }
    Ok(())
}

fn parse<'t>(path: &str, text: &'t str) -> Result<Document<'t>, Reason> {
    Document::parse(text.trim_start_matches('\u{feff}')).map_err(|_| format!("{path} is not XML").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    const SLN: &str = "Project(\"{2150E333-8FDC-42A3-9474-1A3956D46DE8}\") = \"src\", \"src\", \"{1}\"\nEndProject\n\
        Project(\"{9A19103F-16F7-4668-BE54-9A1E7A4F7556}\") = \"A\", \"src\\A\\A.csproj\", \"{2}\"\nEndProject\n";

    #[test]
    fn what_is_read() {
        let reference = r#"<Project><ItemGroup><ProjectReference Include="..\B\B.csproj" /></ItemGroup></Project>"#;
        let import = r#"<Project><Import Project="../common.props" Condition="Exists('../common.props')" /></Project>"#;
        let exists = r#"<Project><PropertyGroup Condition="Exists('x')" /></Project>"#;
        let target = r#"<Project><Target Name="x" BeforeTargets="Restore" /></Project>"#;
        let glob = r#"<Project><ItemGroup><ProjectReference Include="../**/*.csproj" /></ItemGroup></Project>"#;
        let folder =
            r#"<configuration><packageSources><add key="a" value="./packages" /></packageSources></configuration>"#;
        let web = r#"<configuration><packageSources><clear /><add key="a" value="https://x/v3" /></packageSources></configuration>"#;
        for (files, folder, target, expected) in [
            (&[("A.csproj", "\u{feff}<Project Sdk='x' />")][..], "", None, Ok("A.csproj | obj")),
            (&[("a.sln", SLN), ("src/A/A.csproj", "<Project/>")], "", None, Ok("a.sln src/A/A.csproj | src/A/obj")),
            (&[("a.sln", SLN)], "", None, Err("a.sln names src/A/A.csproj, which is not in the context")),
            (
                &[("a.slnx", "<Solution><Project Path='A/A.fsproj'/></Solution>"), ("A/A.fsproj", "<Project/>")],
                "",
                None,
                Ok("a.slnx A/A.fsproj | A/obj"),
            ),
            (
                &[("A/A.csproj", reference), ("B/B.csproj", "<Project/>"), ("Directory.Packages.props", "<Project/>")],
                "",
                Some("A/A.csproj"),
                Ok("A/A.csproj Directory.Packages.props B/B.csproj | A/obj B/obj"),
            ),
            (&[("A/A.csproj", reference)], "A", None, Err("A/A.csproj names B/B.csproj, which is not in the context")),
            (
                &[
                    ("A/A.csproj", import),
                    ("common.props", "<Project/>"),
                    ("A/packages.lock.json", "{}"),
                    ("global.json", "{}"),
                ],
                "A",
                None,
                Ok("A/A.csproj common.props A/packages.lock.json global.json | A/obj"),
            ),
            (&[("A.csproj", import)], "", None, Err("A.csproj names ../common.props, which is outside of the context")),
            (&[("A.csproj", exists)], "", None, Err("A.csproj asks whether a file is there")),
            (&[("A.csproj", target)], "", None, Err("A.csproj has a target of its own run when packages are restored")),
            (
                &[("a/A.csproj", glob)],
                "a",
                None,
                Err("a/A.csproj names a file by a variable or pattern (../**/*.csproj)"),
            ),
            (&[("A.csproj", "<Project/>"), ("B.csproj", "")], "", None, Err("which project it restores is not known")),
            (&[("A.csproj", "<Project/>"), ("nuget.config", web)], "", None, Ok("A.csproj nuget.config | obj")),
            (
                &[("A.csproj", "<Project/>"), ("NuGet.Config", folder)],
                "",
                None,
                Err("NuGet.Config names a folder of packages (./packages)"),
            ),
            (&[("A.csproj", "<Project>")], "", None, Err("A.csproj is not XML")),
            (
                &[("A.csproj", "<Project><PropertyGroup><ArtifactsPath>x</ArtifactsPath></PropertyGroup></Project>")],
                "",
                None,
                Err("A.csproj has it restore into another place (ArtifactsPath)"),
            ),
        ] {
            let world = Files::of(files);
            let found = restore(&Tree::of(&world).expect("a context"), folder, target);
            let found = found.map(|needs| format!("{} | {}", needs.files.join(" "), needs.outputs.join(" ")));
            assert_eq!(found, expected.map(str::to_owned).map_err(Reason::from), "{files:?}");
        }
    }
}
