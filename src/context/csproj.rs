//! What `dotnet publish` makes of a project: the name of its program, for which runtime it is, and what it refers to.
//!
//! <https://learn.microsoft.com/en-us/dotnet/core/project-sdk/msbuild-props>,
//! <https://learn.microsoft.com/en-us/dotnet/core/project-sdk/overview>,
//! <https://learn.microsoft.com/en-us/visualstudio/msbuild/customize-by-directory>

use roxmltree::{Document, Node};

use super::dotnet::{local, parent};
use super::tree::{Reason, Tree, join};

/// A project, as it is published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// The name of the program, without an ending.
    pub assembly: String,
    /// What it is built for: `net8.0`.
    pub framework: String,
    /// It makes a program, not a library.
    pub is_program: bool,
    /// It, or a project that it refers to, is one of ASP.NET Core.
    pub web: bool,
    /// It may load configuration that is read again when it changes: a web service or a worker.
    pub hosted: bool,
    /// It brings its runtime; `None` where nothing says so.
    pub self_contained: Option<bool>,
    /// All of it is in one file.
    pub single_file: bool,
    /// It has no runtime at all.
    pub native: bool,
    /// It needs no ICU.
    pub invariant: bool,
    /// It is built for one kind of machine.
    pub runtime: bool,
    /// It has a program of its own besides the library that `dotnet` runs.
    pub host: bool,
    /// Packages of it and of all projects that it refers to.
    pub packages: Vec<String>,
    /// It has targets of its own, which may do anything.
    pub targets: bool,
}

/// Properties that put what is published, or its program, elsewhere.
const ELSEWHERE: &[&str] =
    &["PublishDir", "TargetName", "TargetExt", "PublishProfile", "UseArtifactsOutput", "ArtifactsPath"];

/// Properties that put what is built elsewhere: they matter where no folder is named.
const BUILT_ELSEWHERE: &[&str] = &[
    "OutputPath",
    "BaseOutputPath",
    "OutDir",
    "AppendTargetFrameworkToOutputPath",
    "AppendRuntimeIdentifierToOutputPath",
];

/// What is published of the project at `path`. `given` are properties of the command line; `seen` tells whether a file of the
/// context is in the image where it should be; `named` whether the command names the folder to publish to.
///
/// # Errors
/// Why that is not known.
pub fn project(
    tree: &Tree<'_>,
    path: &str,
    given: &[(String, String)],
    seen: &dyn Fn(&str) -> bool,
    named: bool,
) -> Result<Project, Reason> {
    let own = Evaluated::of(tree, path, seen)?;
    let elsewhere = ELSEWHERE.iter().chain(BUILT_ELSEWHERE.iter().filter(|_| !named));
    for name in elsewhere {
        if own.properties.iter().any(|it| it.name == **name) || given.iter().any(|it| it.0 == **name) {
            return Err(format!("{path} says where it is published ({name})").into());
        }
    }
    let text = |name: &str| own.value(path, given, name);
    let is = |name: &str| text(name).map(|value| value.map(|value| value.eq_ignore_ascii_case("true")));
    let stem = path.rsplit('/').next().unwrap_or(path);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let chosen = given.iter().rev().find(|it| it.0 == "TargetFramework").map(|it| it.1.clone());
    let frameworks = match (chosen, text("TargetFramework")?, text("TargetFrameworks")?) {
        (Some(one), _, _) | (None, Some(one), None) => one,
        (None, None, Some(several)) if !several.contains(';') => several,
        (_, _, Some(_)) => return Err(format!("{path} is built for several frameworks").into()),
        (None, None, None) => return Err(format!("{path} says no TargetFramework").into()),
    };
    let kind = own.sdk.as_str();
    let output = text("OutputType")?;
    let single_file = is("PublishSingleFile")?.unwrap_or(false);
    let native = is("PublishAot")?.unwrap_or(false);
    let mut project = Project {
        assembly: text("AssemblyName")?.unwrap_or_else(|| stem.to_owned()),
        framework: frameworks,
        is_program: output.as_deref().map_or(matches!(kind, WEB | WORKER), |it| {
            it.eq_ignore_ascii_case("exe") || it.eq_ignore_ascii_case("winexe")
        }),
        web: false,
        hosted: matches!(kind, WEB | WORKER),
        self_contained: is("SelfContained")?.or(native.then_some(true)),
        single_file,
        native,
        invariant: is("InvariantGlobalization")?.unwrap_or(false),
        runtime: text("RuntimeIdentifier")?.is_some() || text("RuntimeIdentifiers")?.is_some(),
        host: is("UseAppHost")?.unwrap_or(true),
        packages: Vec::new(),
        targets: false,
    };
    let mut projects = vec![(path.to_owned(), own)];
    let mut at = 0;
    while at < projects.len() {
        let (path, own) = &projects[at];
        let path = path.clone();
        project.web |= own.sdk == WEB || own.web;
        project.targets |= own.targets;
        project.packages.extend(own.packages.iter().cloned());
        for reference in own.references.clone() {
            if projects.iter().any(|(other, _)| *other == reference) {
                continue;
            }
            if !tree.has(&reference)? {
                return Err(format!("{path} names {reference}, which is not in the context").into());
            }
            let other = Evaluated::of(tree, &reference, seen)?;
            projects.push((reference, other));
        }
        at += 1;
    }
    project.packages.sort();
    project.packages.dedup();
    Ok(project)
}

const PLAIN: &str = "Microsoft.NET.Sdk";
const WEB: &str = "Microsoft.NET.Sdk.Web";
const WORKER: &str = "Microsoft.NET.Sdk.Worker";
const RAZOR: &str = "Microsoft.NET.Sdk.Razor";

struct Property {
    name: String,
    value: String,
    /// Whether it holds depends on something.
    conditional: bool,
}

/// What a project says, with the files that are read before and after it.
#[derive(Default)]
struct Evaluated {
    sdk: String,
    properties: Vec<Property>,
    packages: Vec<String>,
    references: Vec<String>,
    web: bool,
    targets: bool,
    read: Vec<String>,
}

impl Evaluated {
    fn of(tree: &Tree<'_>, path: &str, seen: &dyn Fn(&str) -> bool) -> Result<Self, Reason> {
        let mut it = Self::default();
        it.above(tree, path, "Directory.Build.props", seen)?;
        it.file(tree, path)?;
        it.above(tree, path, "Directory.Build.targets", seen)?;
        it.above(tree, path, "Directory.Packages.props", seen)?;
        Ok(it)
    }

    /// The nearest file called `name` in the folder of `path` and above: MSBuild looks for no more.
    fn above(&mut self, tree: &Tree<'_>, path: &str, name: &str, seen: &dyn Fn(&str) -> bool) -> Result<(), Reason> {
        let mut folder = parent(path);
        loop {
            let file = join(folder, name).unwrap_or_default();
            if tree.has(&file)? && seen(&file) {
                return self.file(tree, &file);
            }
            if folder.is_empty() {
                return Ok(());
            }
            folder = parent(folder);
        }
    }

    fn file(&mut self, tree: &Tree<'_>, path: &str) -> Result<(), Reason> {
        if self.read.iter().any(|read| read == path) {
            return Ok(());
        }
        self.read.push(path.to_owned());
        let text = tree.text(path)?.ok_or_else(|| format!("{path} is not in the context"))?;
        let xml = Document::parse(text.trim_start_matches('\u{feff}')).map_err(|_| format!("{path} is not XML"))?;
        let root = xml.root_element();
        let is_project = path.ends_with("proj");
        if is_project {
            let sdk = root.attribute("Sdk").unwrap_or_default();
            if !matches!(sdk, PLAIN | WEB | WORKER | RAZOR) {
                return Err(format!("what the SDK of {path} makes is not known").into());
            }
            sdk.clone_into(&mut self.sdk);
        }
        for node in root.descendants().filter(Node::is_element) {
            self.element(tree, path, node)?;
        }
        Ok(())
    }

    fn element(&mut self, tree: &Tree<'_>, path: &str, node: Node<'_, '_>) -> Result<(), Reason> {
        if node.ancestors().skip(1).any(|above| above.has_tag_name("Target")) {
            return Ok(());
        }
        let name = node.tag_name().name();
        if node.parent_element().is_some_and(|parent| parent.has_tag_name("PropertyGroup")) {
            let conditional = node.ancestors().any(|it| it.attribute("Condition").is_some());
            let value = node.text().unwrap_or_default().trim().to_owned();
            self.properties.push(Property { name: name.to_owned(), value, conditional });
            return Ok(());
        }
        let include =
            || node.attribute("Include").unwrap_or_default().split(';').map(str::trim).filter(|it| !it.is_empty());
        match name {
            "Target" => self.targets = true,
            "Sdk" => return Err(format!("what the SDK of {path} makes is not known").into()),
            "FrameworkReference" => self.web |= include().any(|it| it.contains("AspNetCore")),
            "PackageReference" | "GlobalPackageReference" => self.packages.extend(include().map(str::to_owned)),
            "ProjectReference" => {
                for target in include() {
                    let reference = local(path, target)?;
                    if !self.references.contains(&reference) {
                        self.references.push(reference);
                    }
                }
            }
            "Import" => {
                let target = node.attribute("Project").unwrap_or_default();
                let above = ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"];
                if target.contains("GetPathOfFileAbove") && above.iter().any(|name| target.contains(name)) {
                    // It goes on above: what is there counts, too.
                    let name = above.into_iter().find(|name| target.contains(name)).unwrap_or_default();
                    return self.above(tree, parent(path), name, &|_| true);
                }
                let file = local(path, target)?;
                if tree.has(&file)? {
                    return self.file(tree, &file);
                }
                if node.attribute("Condition").is_none() {
                    return Err(format!("{path} names {file}, which is not in the context").into());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What a property is; `None` if nothing sets it.
    fn value(&self, path: &str, given: &[(String, String)], name: &str) -> Result<Option<String>, Reason> {
        if let Some((_, value)) = given.iter().rev().find(|it| it.0.eq_ignore_ascii_case(name)) {
            if value.contains("$(") {
                return Err(format!("which {name} the command gives is not known").into());
            }
            return Ok(Some(value.clone()));
        }
        let mut found = None;
        for it in self.properties.iter().filter(|it| it.name.eq_ignore_ascii_case(name)) {
            if it.conditional {
                return Err(format!("{path} has another {name} in some cases").into());
            }
            found = Some(&it.value);
        }
        let Some(value) = found.filter(|value| !value.is_empty()) else { return Ok(None) };
        let stem = path.rsplit('/').next().unwrap_or(path);
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let value = value.replace("$(MSBuildProjectName)", stem);
        if value.contains("$(") {
            return Err(format!("{path} makes {name} of others ({value})").into());
        }
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    fn web(properties: &str) -> String {
        format!("<Project Sdk=\"Microsoft.NET.Sdk.Web\"><PropertyGroup>{properties}</PropertyGroup></Project>")
    }

    #[test]
    fn what_is_published() {
        let net8 = "<TargetFramework>net8.0</TargetFramework>";
        let plain = web(net8);
        let named = web(&format!("{net8}<AssemblyName>$(MSBuildProjectName).Api</AssemblyName>"));
        let made = web(&format!("{net8}<AssemblyName>$(Company).Api</AssemblyName>"));
        let conditional = web("<TargetFramework Condition=\"'$(X)' == ''\">net8.0</TargetFramework>");
        let several = web("<TargetFrameworks>net8.0;net6.0</TargetFrameworks>");
        let moved = web(&format!("{net8}<OutputPath>x</OutputPath>"));
        let nothing = web("");
        let above = "<Project><PropertyGroup><TargetFramework>net9.0</TargetFramework></PropertyGroup></Project>";
        let maui = "<Project Sdk=\"Uno.Sdk\" />";
        for (files, expected) in [
            (&[("s/A.B.csproj", plain.as_str())][..], Ok("A.B net8.0 program web hosted")),
            (&[("s/A.B.csproj", &named)], Ok("A.B.Api net8.0 program web hosted")),
            (&[("s/A.B.csproj", &nothing), ("Directory.Build.props", above)], Ok("A.B net9.0 program web hosted")),
            (&[("s/A.B.csproj", &made)], Err("s/A.B.csproj makes AssemblyName of others ($(Company).Api)")),
            (&[("s/A.B.csproj", &conditional)], Err("s/A.B.csproj has another TargetFramework in some cases")),
            (&[("s/A.B.csproj", &several)], Err("s/A.B.csproj is built for several frameworks")),
            (&[("s/A.B.csproj", &nothing)], Err("s/A.B.csproj says no TargetFramework")),
            (&[("s/A.B.csproj", &moved)], Err("s/A.B.csproj says where it is published (OutputPath)")),
            (&[("s/A.B.csproj", maui)], Err("what the SDK of s/A.B.csproj makes is not known")),
            (&[("s/A.B.csproj", "<")], Err("s/A.B.csproj is not XML")),
        ] {
            let world = Files::of(files);
            let tree = Tree::of(&world).expect("a context");
            let found = project(&tree, "s/A.B.csproj", &[], &|_| true, false).map(|it| {
                let mut text = format!("{} {}", it.assembly, it.framework);
                for (is, word) in [(it.is_program, " program"), (it.web, " web"), (it.hosted, " hosted")] {
                    if is {
                        text += word;
                    }
                }
                text
            });
            assert_eq!(found, expected.map(str::to_owned).map_err(Reason::from), "{files:?}");
        }
    }

    #[test]
    fn what_others_bring() {
        let own = "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>net8.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup>\
            <ItemGroup><ProjectReference Include=\"..\\b\\B.csproj\" /><PackageReference Include=\"X;Y\" /></ItemGroup></Project>";
        let other = "<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup><FrameworkReference Include=\"Microsoft.AspNetCore.App\" />\
            <PackageReference Include=\"Z\" /><ProjectReference Include=\"../a/A.csproj\" /></ItemGroup><Target Name=\"t\" /></Project>";
        let world = Files::of(&[("a/A.csproj", own), ("b/B.csproj", other)]);
        let tree = Tree::of(&world).expect("a context");
        let given = [("PublishAot".to_owned(), "True".to_owned())];
        let found = project(&tree, "a/A.csproj", &given, &|_| true, true).expect("a project");
        assert_eq!(found.packages, ["X", "Y", "Z"]);
        assert!(found.web && found.targets && found.native && found.is_program && !found.hosted);
        assert_eq!(found.self_contained, Some(true));
    }
}
