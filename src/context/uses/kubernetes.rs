//! Manifests of Kubernetes: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>
//!
//! Only what runs an image is read that another file says is built here. Templates of Helm are most often no YAML, and say
//! nothing.

use std::sync::Arc;

use super::yaml::{self, Node};
use super::{At, Build, Mount, Run, Said, compose, image, template};

/// What is in every manifest that runs something.
const SIGNS: &[&str] = &["kind:", "containers:", "image:"];

/// Whether a file may be one.
pub fn is_manifest(text: &str) -> bool {
    SIGNS.iter().all(|sign| text.contains(sign))
}

/// Adds to `builds` how the manifests run what they make.
pub fn read(manifests: &[(Arc<str>, &str)], builds: &mut [Build]) {
    let mut names: Vec<&str> = builds.iter().flat_map(|build| &build.images).map(|name| image::last(name)).collect();
    names.sort_unstable();
    names.dedup();
    let named = |text: &str| names.iter().any(|name| text.contains(name));
    let found: Vec<_> = manifests.iter().filter(|(_, text)| named(text)).collect();
    for (file, text) in found {
        for document in yaml::parse(text).unwrap_or_default().iter().filter(|it| it.get("kind").is_some()) {
            pods(document, file, builds);
        }
    }
}

/// Looks for pods: in a list, a workload, the template of one, a job.
fn pods(node: &Node, file: &Arc<str>, builds: &mut [Build]) {
    for item in node.get("items").map_or(&[][..], Node::items) {
        pods(item, file, builds);
    }
    for inner in ["spec", "template", "jobTemplate"].iter().filter_map(|key| node.get(key)) {
        pods(inner, file, builds);
    }
    for container in ["initContainers", "containers"].iter().filter_map(|key| node.get(key)).flat_map(Node::items) {
        let Some(name) = container.text_of("image").and_then(image::repository) else { continue };
        let mut run = None;
        for build in builds.iter_mut().filter(|build| build.makes_image(&name)) {
            build.run.add(run.get_or_insert_with(|| self::run(container, node, file)));
        }
    }
}

/// How a container of a pod is run.
fn run(container: &Node, pod: &Node, file: &Arc<str>) -> Run {
    let mut run = Run::default();
    let at = |node: &Node| At { file: Arc::clone(file), line: node.line };
    let say = |node: &Node, what: String| Said { at: at(node), what };
    let is_true = |node: &&Node| node.text() == Some("true");
    // What the container says goes before what the pod does.
    let own = container.get("securityContext");
    let security = |key: &str| own.and_then(|own| own.get(key)).or_else(|| pod.get("securityContext")?.get(key));
    if let Some((node, user)) = security("runAsUser").and_then(|node| Some((node, node.text()?))) {
        let group = security("runAsGroup").and_then(Node::text).map(|group| format!(":{group}"));
        run.users.push(say(node, template::of(user) + &group.unwrap_or_default()));
    }
    run.no_root = security("runAsNonRoot").filter(is_true).map(at);
    run.privileged = own.and_then(|own| own.get("privileged")).filter(is_true).map(at);
    run.entrypoints.extend(container.get("command").map(|node| say(node, compose::line(node))));
    let given = container.get("args").map(|node| say(node, compose::line(node)));
    if run.entrypoints.is_empty() { &mut run.commands } else { &mut run.arguments }.extend(given);
    for port in container.get("ports").map_or(&[][..], Node::items) {
        run.ports.extend(port.get("containerPort").and_then(|node| Some(say(node, node.text()?.to_owned()))));
    }
    let hooks = container.get("lifecycle").map(Node::entries).unwrap_or_default();
    let probes = ["startupProbe", "livenessProbe", "readinessProbe"].iter().filter_map(|key| container.get(key));
    for asked in probes.chain(hooks.into_iter().map(|(_, hook)| hook)) {
        let command = asked.get("exec").and_then(|exec| exec.get("command"));
        run.healthchecks.extend(command.map(|node| say(node, compose::line(node))));
    }
    for mount in container.get("volumeMounts").map_or(&[][..], Node::items) {
        run.mounts.extend(self::mount(mount, pod).map(|what| Said { at: at(mount), what }));
    }
    run
}

/// Where a volume of the pod is mounted.
fn mount(mount: &Node, pod: &Node) -> Option<Mount> {
    let target = template::of(mount.text_of("mountPath")?);
    let name = mount.text_of("name").unwrap_or_default();
    let volumes = pod.get("volumes").map_or(&[][..], Node::items);
    let volume = volumes.iter().find(|volume| volume.text_of("name") == Some(name));
    let kind = volume.and_then(|volume| volume.entries().into_iter().find(|(key, _)| *key != "name"));
    let (source, fixed) = match kind {
        Some(("hostPath", it)) => (it.text_of("path").unwrap_or(name), false),
        // Whoever runs the program may write there.
        Some(("emptyDir", _)) => ("", false),
        Some(("configMap" | "secret" | "projected" | "downwardAPI", _)) => (name, true),
        _ => (name, false),
    };
    let read_only = fixed || mount.text_of("readOnly") == Some("true");
    Some(Mount { source: template::of(source), target, read_only })
}
