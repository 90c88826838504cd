//! devcontainer.json: <https://containers.dev/implementors/json_reference/>

use std::sync::Arc;

use super::skaffold::arguments;
use super::yaml::Node;
use super::{At, Build, Mount, Run, Said, template};

/// Adds the build that it asks for.
pub fn read(root: &Node, file: &Arc<str>, builds: &mut Vec<Build>) {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let at = |node: &Node| At { file: Arc::clone(file), line: node.line };
    let say = |node: &Node, what: &str| Said { at: at(node), what: what.to_owned() };
    let build = root.get("build");
    let named = build.and_then(|build| build.get("dockerfile")).or_else(|| root.get("dockerFile"));
    let Some((named, dockerfile)) = named.and_then(|named| Some((named, named.text()?))) else { return };
    let context = build.and_then(|build| build.get("context")).or_else(|| root.get("context")).and_then(Node::text);
    let Some(dockerfile) = template::resolve(folder, &template::of(dockerfile)) else { return };
    let target = build.and_then(|build| build.get("target"));
    let mut run = Run { develops: Some(at(named)), ..Run::default() };
    for key in ["containerUser", "remoteUser"] {
        run.users.extend(root.get(key).and_then(|user| Some(say(user, user.text()?))));
    }
    for mount in root.get("mounts").map_or(&[][..], Node::items) {
        let (source, target) = match mount.text() {
            Some(text) => {
                let part = |names: &[&str]| {
                    text.split(',').find_map(|part| {
                        let (name, value) = part.split_once('=')?;
                        names.contains(&name.trim()).then_some(value)
                    })
                };
                (part(&["source", "src"]), part(&["target", "dst", "destination"]))
            }
            None => (mount.text_of("source"), mount.text_of("target")),
        };
        let Some(target) = target else { continue };
        let what = Mount { source: source.unwrap_or_default().to_owned(), target: target.to_owned(), read_only: false };
        run.mounts.push(Said { at: at(mount), what });
    }
    builds.push(Build {
        at: at(named),
        dockerfile,
        context: template::resolve(folder, &template::of(context.unwrap_or("."))),
        target: target.and_then(|it| Some(Said { at: at(it), what: template::of(it.text()?) })),
        images: Vec::new(),
        arguments: arguments(build.and_then(|build| build.get("args")), file),
        run,
    });
}
