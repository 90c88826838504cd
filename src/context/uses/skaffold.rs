//! skaffold.yaml: <https://skaffold.dev/docs/references/yaml/>

use std::sync::Arc;

use super::yaml::{Node, Value};
use super::{At, Build, Run, Said, template};

/// Adds the builds of a document, those of its profiles included.
pub fn read(document: &Node, file: &Arc<str>, builds: &mut Vec<Build>) {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let profiles = document.get("profiles").map_or(&[][..], Node::items).iter().map(|profile| &**profile);
    for artifact in std::iter::once(document).chain(profiles).filter_map(|all| all.get("build")?.get("artifacts")) {
        for artifact in artifact.items() {
            let Some(builder) = artifact.get("docker").or_else(|| artifact.get("kaniko")) else {
                // Without a builder, it is a Dockerfile.
                if artifact.entries().iter().all(|(key, _)| matches!(*key, "image" | "context" | "sync" | "requires")) {
                    builds.extend(build(artifact, None, folder, file));
                }
                continue;
            };
            builds.extend(build(artifact, Some(builder), folder, file));
        }
    }
}

fn build(artifact: &Node, builder: Option<&Node>, folder: &str, file: &Arc<str>) -> Option<Build> {
    let at = |node: &Node| At { file: Arc::clone(file), line: node.line };
    let context = template::of(artifact.text_of("context").unwrap_or("."));
    let context = template::resolve(folder, &context)?;
    let dockerfile = builder.and_then(|it| it.text_of("dockerfile")).unwrap_or("Dockerfile");
    let target = builder.and_then(|it| it.get("target"));
    Some(Build {
        at: at(artifact),
        dockerfile: template::resolve(&context, &template::of(dockerfile))?,
        context: Some(context),
        target: target.and_then(|it| Some(Said { at: at(it), what: template::of(it.text()?) })),
        arguments: arguments(builder.and_then(|it| it.get("buildArgs")), file),
        run: Run::default(),
    })
}

/// Build arguments, as a map or as a list of `NAME=value`.
pub fn arguments(node: Option<&Node>, file: &Arc<str>) -> Vec<Said<String>> {
    let Some(node) = node else { return Vec::new() };
    let said = |node: &Node, what: String| Said { at: At { file: Arc::clone(file), line: node.line }, what };
    match &node.value {
        Value::List(items) => items.iter().filter_map(|it| Some(said(it, it.text()?.to_owned()))).collect(),
        _ => node
            .entries()
            .into_iter()
            .map(|(name, value)| {
                let text = value.text().map_or_else(|| name.to_owned(), |text| format!("{name}={text}"));
                said(value, text)
            })
            .collect(),
    }
}
