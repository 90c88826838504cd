//! skaffold.yaml: <https://skaffold.dev/docs/references/yaml/>

use std::rc::Rc;
use std::sync::Arc;

use super::yaml::{Node, Value};
use super::{At, Build, Mount, Run, Said, image, template};

/// Keys of an artifact that say nothing of how it is built: without a builder, it is a Dockerfile.
const NO_BUILDERS: &[&str] = &["image", "context", "sync", "requires", "platforms", "hooks", "runtimeType"];

/// Adds the builds of a document, those of its profiles included.
pub fn read(document: &Node, file: &Arc<str>, builds: &mut Vec<Build>) {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let profiles = document.get("profiles").map_or(&[][..], Node::items);
    let all = std::iter::once(document).chain(profiles.iter().map(|profile| &**profile));
    let artifacts = all.filter_map(|all| all.get("build")?.get("artifacts")).flat_map(Node::items);
    for artifact in artifacts.filter(|artifact| artifact.get("image").is_some()) {
        let builder = artifact.get("docker").or_else(|| artifact.get("kaniko"));
        // Without a builder, it is a Dockerfile.
        if builder.is_some() || artifact.entries().iter().all(|(key, _)| NO_BUILDERS.contains(key)) {
            builds.extend(build(artifact, builder, folder, file));
        }
    }
    let artifacts = document.get("build").and_then(|build| build.get("artifacts")).map_or(&[][..], Node::items);
    for patch in profiles.iter().filter_map(|profile| profile.get("patches")).flat_map(Node::items) {
        builds.extend(patched(patch, artifacts, folder, file));
    }
}

/// What an artifact is with a patch of its Dockerfile's target or arguments: `/build/artifacts/0/docker/target`.
fn patched(patch: &Node, artifacts: &[Rc<Node>], folder: &str, file: &Arc<str>) -> Option<Build> {
    let (path, value) = (patch.text_of("path")?, patch.get("value")?);
    let (number, key) = path.strip_prefix("/build/artifacts/")?.split_once('/')?;
    let artifact = artifacts.get(number.parse::<usize>().ok()?)?;
    let builder = artifact.get("docker").or_else(|| artifact.get("kaniko"));
    let at = At { file: Arc::clone(file), line: patch.line };
    let mut patched = build(artifact, builder, folder, file)?;
    let key = key.strip_prefix("docker").or_else(|| key.strip_prefix("kaniko"))?;
    match key.split('/').collect::<Vec<_>>()[..] {
        [""] => patched = build(artifact, Some(value), folder, file)?,
        ["", "target"] => patched.target = Some(Said { at: at.clone(), what: template::of(value.text()?) }),
        ["", "dockerfile"] => {
            let context = patched.context.as_deref()?;
            patched.dockerfile = template::resolve(context, &template::of(value.text()?))?;
        }
        ["", "buildArgs"] => patched.arguments = arguments(Some(value), file),
        ["", "buildArgs", name] => {
            patched.arguments.push(Said { at: at.clone(), what: format!("{name}={}", value.text()?) });
        }
        _ => return None,
    }
    Some(Build { at, ..patched })
}

fn build(artifact: &Node, builder: Option<&Node>, folder: &str, file: &Arc<str>) -> Option<Build> {
    let at = |node: &Node| At { file: Arc::clone(file), line: node.line };
    let context = template::of(artifact.text_of("context").unwrap_or("."));
    let context = template::resolve(folder, &context)?;
    let dockerfile = builder.and_then(|it| it.text_of("dockerfile")).unwrap_or("Dockerfile");
    let target = builder.and_then(|it| it.get("target"));
    let mut run = Run::default();
    let sync = |kind: &str| artifact.get("sync").and_then(|sync| sync.get(kind)).map_or(&[][..], Node::items);
    // `infer`: where a COPY brings the file.
    for synced in sync("manual").iter().chain(sync("infer")) {
        let source = synced.text().or_else(|| synced.text_of("src")).unwrap_or_default().to_owned();
        let target = if synced.text().is_some() { Some("$X") } else { synced.text_of("dest") };
        let mount = target.map(|target| Mount { source, target: template::of(target), read_only: false });
        run.mounts.extend(mount.map(|what| Said { at: at(synced), what }));
    }
    Some(Build {
        at: at(artifact),
        dockerfile: template::resolve(&context, &template::of(dockerfile))?,
        context: Some(context),
        target: target.and_then(|it| Some(Said { at: at(it), what: template::of(it.text()?) })),
        images: artifact.text_of("image").and_then(image::repository).into_iter().collect(),
        arguments: arguments(builder.and_then(|it| it.get("buildArgs")), file),
        run,
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
