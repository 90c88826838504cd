//! What Maven reads of a project when it fetches what the project depends on: each `pom.xml` of its modules, their
//! parents, and its settings.
//!
//! <https://maven.apache.org/pom.html>, <https://maven.apache.org/plugins/maven-dependency-plugin/go-offline-mojo.html>,
//! <https://maven.apache.org/configure.html>, <https://maven.apache.org/guides/mini/guide-multiple-modules.html>

use roxmltree::{Document, Node};

use super::tree::{Needs, Reason, Tree, join};

/// More modules than these are not copied one by one: each is a layer, of which an image can have 127.
const MOST: usize = 24;

/// Packagings of Maven itself, and of plugins that read nothing but `pom.xml` before they build.
/// <https://maven.apache.org/ref/3.9.9/maven-core/default-bindings.html>
#[rustfmt::skip]
const PACKAGINGS: &[&str] = &[
    "", "jar", "war", "ear", "ejb", "rar", "pom", "maven-plugin", "maven-archetype", "bundle", "hpi", "quarkus",
];

/// What Maven reads when it fetches.
#[derive(Debug, Default)]
pub struct Fetch {
    /// What it reads; its own `pom.xml` is the first of the files.
    pub needs: Needs,
    /// Those of the files that are only looked for, as parents of modules: in the image, they need not be there.
    pub parents: Vec<String>,
    /// It has modules.
    pub reactor: bool,
}

/// What `mvn dependency:go-offline` reads in `folder`, of the file `pom` if one is named, and of the wrapper.
///
/// # Errors
/// Why more than that is read.
pub fn fetch(tree: &Tree<'_>, folder: &str, pom: Option<&str>, wrapper: bool) -> Result<Fetch, Reason> {
    let path = |name: &str| join(folder, name).ok_or_else(|| Reason::from(format!("{name} is outside of the context")));
    let mut all = Fetch::default();
    let mut poms = vec![path(pom.unwrap_or("pom.xml"))?];
    let mut above: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(file) = poms.get(at).cloned() {
        at += 1;
        if !tree.take(&mut all.needs, &file)? {
            return Err(format!("{file} is not in the context").into());
        }
        let text = tree.text(&file)?.unwrap_or_default();
        let xml = parse(&file, &text)?;
        look(&file, xml.root_element())?;
        for module in modules(tree, &file, xml.root_element())? {
            all.reactor = true;
            if !poms.contains(&module) {
                poms.push(module);
            }
        }
        if poms.len() > MOST {
            return Err(format!("{} has more than {MOST} modules, each of which would be a COPY", poms[0]).into());
        }
        above.extend(parent(tree, &file, xml.root_element()));
    }
    while let Some(file) = above.pop() {
        // A parent that is not there comes from a repository.
        if poms.contains(&file) || all.parents.contains(&file) || !tree.take(&mut all.needs, &file)? {
            continue;
        }
        let text = tree.text(&file)?.unwrap_or_default();
        let xml = parse(&file, &text)?;
        look(&file, xml.root_element())?;
        above.extend(parent(tree, &file, xml.root_element()));
        all.parents.push(file);
    }
    let needs = &mut all.needs;
    if !all.parents.is_empty() {
        needs.check("the modules of the parent that this one depends on come from a repository");
    }
    if wrapper && !tree.take(needs, &path("mvnw")?)? {
        return Err("mvnw is not in the context".into());
    }
    // That of the nearest folder counts.
    let settings = [".mvn/maven.config", ".mvn/extensions.xml", ".mvn/jvm.config"];
    let own = path(".mvn")?;
    let settled = if tree.has_folder(&own) {
        own
    } else {
        tree.above(folder, &settings).and_then(|above| join(&above, ".mvn")).unwrap_or(own)
    };
    let setting = |name: &str| tree.text(&join(&settled, name).unwrap_or_default()).map(Option::unwrap_or_default);
    let options = setting("maven.config")?;
    if options.split_whitespace().any(|it| it.starts_with("-s") || it.contains("settings") || it.starts_with("-f")) {
        return Err(".mvn/maven.config names another file".into());
    }
    let extensions = setting("extensions.xml")?;
    if let Some(name) = ["git", "polyglot", "tycho"].iter().find(|name| extensions.contains(**name)) {
        return Err(format!(".mvn/extensions.xml has one ({name}) that reads more of the project").into());
    }
    tree.take_folder(needs, &settled)?;
    needs.check(if all.reactor {
        "Maven reads nothing else of the project when it fetches, and a new module is added to what is copied here"
    } else {
        "Maven reads nothing else of the project when it fetches"
    });
    Ok(all)
}

/// The `pom.xml` of each module that the file at `path` names.
fn modules(tree: &Tree<'_>, path: &str, project: Node<'_, '_>) -> Result<Vec<String>, Reason> {
    let here = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut all = Vec::new();
    let named = |node: &Node<'_, '_>| {
        let parent = node.parent().map_or("", |parent| parent.tag_name().name());
        matches!((parent, node.tag_name().name()), ("modules", "module") | ("subprojects", "subproject"))
    };
    for node in project.descendants().filter(named) {
        let name = node.text().unwrap_or_default().trim().replace('\\', "/");
        if name.contains("${") {
            return Err(format!("{path} computes the name of a module ({name})").into());
        }
        let Some(mut file) = join(here, &name) else {
            return Err(format!("{path} has a module outside of the context ({name})").into());
        };
        if tree.world().look(&file) != Some(super::Look::File) {
            file = join(&file, "pom.xml").unwrap_or_default();
        }
        // Without its file, a profile cannot be in use.
        if node.ancestors().any(|node| node.tag_name().name() == "profile") && !tree.has(&file)? {
            continue;
        }
        all.push(file);
    }
    Ok(all)
}

/// The file that a project names as its parent, if one of the context may be.
fn parent(tree: &Tree<'_>, path: &str, project: Node<'_, '_>) -> Option<String> {
    let above = match child(child(project, "parent")?, "relativePath") {
        Some(node) => Some(node.text().unwrap_or_default().trim()).filter(|above| !above.is_empty())?,
        None => "../pom.xml",
    };
    let here = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let next = join(here, above)?;
    if tree.has_folder(&next) { join(&next, "pom.xml") } else { Some(next) }
}

fn child<'d, 't>(node: Node<'d, 't>, name: &str) -> Option<Node<'d, 't>> {
    node.children().find(|child| child.has_tag_name(name) || child.is_element() && child.tag_name().name() == name)
}

fn parse<'t>(path: &str, text: &'t str) -> Result<Document<'t>, Reason> {
    Document::parse(text.trim_start_matches('\u{feff}')).map_err(|_| format!("{path} is not XML").into())
}

/// Whether nothing in the file at `path` needs more of the project than itself.
fn look(path: &str, project: Node<'_, '_>) -> Result<(), Reason> {
    let of = |name: &str| child(project, name).and_then(|node| node.text()).unwrap_or_default().trim();
    if !PACKAGINGS.contains(&of("packaging")) {
        return Err(format!("what else is read for the packaging of {path} ({}) is not known", of("packaging")).into());
    }
    // Later models find modules by their folders.
    if !matches!(of("modelVersion"), "" | "4.0.0") {
        return Err(format!("{path} is of model {}", of("modelVersion")).into());
    }
    for node in project.descendants().filter(Node::is_element) {
        let text = node.text().unwrap_or_default().trim();
        match node.tag_name().name() {
            "systemPath" => return Err(format!("{path} takes a library from a path ({text})").into()),
            "url"
                if text.starts_with("file:")
                    || text.starts_with("${project.basedir}")
                    || text.starts_with("${basedir}") =>
            {
                return Err(format!("{path} takes packages from a folder ({text})").into());
            }
            "exists" | "missing" if node.ancestors().any(|node| node.tag_name().name() == "activation") => {
                return Err(format!("{path} asks whether a file is there ({text})").into());
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn what_is_read() {
        let parent =
            "<project xmlns='http://maven.apache.org/POM/4.0.0'><parent><artifactId>p</artifactId></parent></project>";
        let remote = "<project><parent><relativePath/></parent></project>";
        let modules = "<project><modules><module>a</module></modules></project>";
        let nested = r"<project><parent/><modules><module>b\c.xml</module></modules></project>";
        let beside = "<project><parent><relativePath>../up</relativePath></parent></project>";
        let profile = "<project><profiles><profile><modules><module>x</module><module>y</module></modules></profile></profiles></project>";
        let computed = "<project><modules><module>${m}</module></modules></project>";
        let outside = "<project><modules><module>../a</module></modules></project>";
        let later = "<project><modelVersion>4.1.0</modelVersion></project>";
        let tycho = "<project><packaging>eclipse-plugin</packaging></project>";
        let system = "<project><dependencies><dependency><systemPath>lib/a.jar</systemPath></dependency></dependencies></project>";
        let exists = "<project><profiles><profile><activation><file><exists>x</exists></file></activation></profile></profiles></project>";
        for (files, folder, wrapper, expected) in [
            (&[("pom.xml", "<project/>")][..], "", false, Ok("pom.xml | ")),
            (&[("pom.xml", "<project/>"), ("mvnw", ""), (".mvn/jvm.config", "")], "", true, Ok("pom.xml mvnw | .mvn")),
            (
                &[("pom.xml", "<project/>"), (".mvn/maven.config", "-ntp\n-s\nci.xml\n")],
                "",
                false,
                Err(".mvn/maven.config names another file"),
            ),
            (&[("pom.xml", "<project/>")], "", true, Err("mvnw is not in the context")),
            (&[("a/pom.xml", parent), ("pom.xml", modules)], "a", false, Ok("a/pom.xml pom.xml | ")),
            (&[("a/pom.xml", parent)], "a", false, Ok("a/pom.xml | ")),
            (&[("pom.xml", parent)], "", false, Ok("pom.xml | ")),
            (&[("a/pom.xml", remote), ("pom.xml", modules)], "a", false, Ok("a/pom.xml | ")),
            (&[("pom.xml", modules)], "", false, Err("a/pom.xml is not in the context")),
            (
                &[("pom.xml", modules), ("a/pom.xml", nested), ("a/b/c.xml", "<project/>")],
                "",
                false,
                Ok("pom.xml a/pom.xml a/b/c.xml | "),
            ),
            (
                &[("pom.xml", modules), ("a/pom.xml", beside), ("up/pom.xml", "<project/>")],
                "",
                false,
                Ok("pom.xml a/pom.xml up/pom.xml | "),
            ),
            (&[("pom.xml", profile), ("x/pom.xml", "<project/>")], "", false, Ok("pom.xml x/pom.xml | ")),
            (&[("pom.xml", computed)], "", false, Err("pom.xml computes the name of a module (${m})")),
            (&[("pom.xml", outside)], "", false, Err("pom.xml has a module outside of the context (../a)")),
            (&[("pom.xml", later)], "", false, Err("pom.xml is of model 4.1.0")),
            (
                &[("pom.xml", tycho)],
                "",
                false,
                Err("what else is read for the packaging of pom.xml (eclipse-plugin) is not known"),
            ),
            (&[("a/pom.xml", "<project/>"), (".mvn/jvm.config", "")], "a", false, Ok("a/pom.xml | .mvn")),
            (
                &[("pom.xml", "<project/>"), (".mvn/extensions.xml", "<artifactId>maven-git-versioning-extension")],
                "",
                false,
                Err(".mvn/extensions.xml has one (git) that reads more of the project"),
            ),
            (&[("pom.xml", system)], "", false, Err("pom.xml takes a library from a path (lib/a.jar)")),
            (&[("pom.xml", exists)], "", false, Err("pom.xml asks whether a file is there (x)")),
            (&[("pom.xml", "<project>")], "", false, Err("pom.xml is not XML")),
            (&[("x", "")], "", false, Err("pom.xml is not in the context")),
        ] {
            let world = Files::of(files);
            let found = fetch(&Tree::of(&world).expect("a context"), folder, None, wrapper);
            let found = found.map(|it| format!("{} | {}", it.needs.files.join(" "), it.needs.folders.join(" ")));
            assert_eq!(found, expected.map(str::to_owned).map_err(Reason::from), "{files:?}");
        }
    }
}
