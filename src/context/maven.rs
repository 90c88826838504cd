//! What Maven reads of a project of one module when it fetches what the project depends on: `pom.xml`, its parents, and
//! its settings.
//!
//! <https://maven.apache.org/pom.html>, <https://maven.apache.org/plugins/maven-dependency-plugin/go-offline-mojo.html>,
//! <https://maven.apache.org/configure.html>

use roxmltree::{Document, Node};

use super::tree::{Needs, Reason, Tree, join};

/// What `mvn dependency:go-offline` reads in `folder`, of the file `pom` if one is named, and of the wrapper.
///
/// # Errors
/// Why more than that is read.
pub fn fetch(tree: &Tree<'_>, folder: &str, pom: Option<&str>, wrapper: bool) -> Result<Needs, Reason> {
    let mut needs = Needs::default();
    let path = |name: &str| join(folder, name).ok_or_else(|| Reason::from(format!("{name} is outside of the context")));
    let mut file = path(pom.unwrap_or("pom.xml"))?;
    let first = file.clone();
    loop {
        if needs.files.contains(&file) {
            break;
        }
        if !tree.take(&mut needs, &file)? {
            // A parent that is not there comes from a repository.
            if file == first {
                return Err(format!("{file} is not in the context").into());
            }
            break;
        }
        let text = tree.text(&file)?.unwrap_or_default();
        let xml = parse(&file, &text)?;
        look(&file, xml.root_element(), file == first)?;
        let Some(parent) = child(xml.root_element(), "parent") else { break };
        let above = match child(parent, "relativePath").map(|node| node.text().unwrap_or_default().trim()) {
            Some("") => break,
            Some(above) => above,
            None => "../pom.xml",
        };
        let here = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(mut next) = join(here, above) else { break };
        if tree.has_folder(&next) {
            next = join(&next, "pom.xml").unwrap_or_default();
        }
        file = next;
    }
    if needs.files.len() > 1 {
        needs.check("the modules of the parent that this one depends on come from a repository");
    }
    if wrapper && !tree.take(&mut needs, &path("mvnw")?)? {
        return Err("mvnw is not in the context".into());
    }
    let options = tree.text(&path(".mvn/maven.config")?)?.unwrap_or_default();
    if options.split_whitespace().any(|it| it.starts_with("-s") || it.contains("settings") || it.starts_with("-f")) {
        return Err(".mvn/maven.config names another file".into());
    }
    tree.take_folder(&mut needs, &path(".mvn")?)?;
    needs.check("Maven reads nothing else of the project when it fetches");
    Ok(needs)
}

fn child<'d, 't>(node: Node<'d, 't>, name: &str) -> Option<Node<'d, 't>> {
    node.children().find(|child| child.has_tag_name(name) || child.is_element() && child.tag_name().name() == name)
}

fn parse<'t>(path: &str, text: &'t str) -> Result<Document<'t>, Reason> {
    Document::parse(text.trim_start_matches('\u{feff}')).map_err(|_| format!("{path} is not XML").into())
}

/// Whether nothing in the file at `path` needs more of the project than itself.
fn look(path: &str, project: Node<'_, '_>, own: bool) -> Result<(), Reason> {
    for node in project.descendants().filter(Node::is_element) {
        let text = node.text().unwrap_or_default().trim();
        match node.tag_name().name() {
            "module" | "subproject" if own => {
                return Err(format!(
                    "{path} has modules, and those that depend on each other cannot be fetched before they are built"
                )
                .into());
            }
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
            (
                &[("pom.xml", modules)],
                "",
                false,
                Err("pom.xml has modules, and those that depend on each other cannot be fetched before they are built"),
            ),
            (&[("pom.xml", system)], "", false, Err("pom.xml takes a library from a path (lib/a.jar)")),
            (&[("pom.xml", exists)], "", false, Err("pom.xml asks whether a file is there (x)")),
            (&[("pom.xml", "<project>")], "", false, Err("pom.xml is not XML")),
            (&[("x", "")], "", false, Err("pom.xml is not in the context")),
        ] {
            let world = Files::of(files);
            let found = fetch(&Tree::of(&world).expect("a context"), folder, None, wrapper);
            let found = found.map(|it| format!("{} | {}", it.files.join(" "), it.folders.join(" ")));
            assert_eq!(found, expected.map(str::to_owned).map_err(Reason::from), "{files:?}");
        }
    }
}
