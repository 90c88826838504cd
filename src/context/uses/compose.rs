//! Compose files: <https://docs.docker.com/reference/compose-file/>
//!
//! Files of one folder are used together: what `compose.override.yaml` or `docker-compose.prod.yml` says of a service
//! goes for the one of that name in `compose.yaml`, and a service without a build runs the image of the one that builds
//! it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::skaffold::arguments;
use super::yaml::{Node, Value};
use super::{At, Build, Mount, Named, Run, Said, template};

/// Files by their path, with their documents.
type Files = BTreeMap<Arc<str>, Vec<Rc<Node>>>;

/// A service that extends one that extends one is as far as it goes.
const MAX_EXTENDS: usize = 8;

/// Adds the builds of all services.
pub fn read(files: &Files, builds: &mut Vec<Build>) {
    let mut folders: BTreeMap<&str, Vec<Named<'_>>> = BTreeMap::new();
    for (file, documents) in files {
        let all = folders.entry(folder(file)).or_default();
        for services in documents.iter().filter_map(|document| document.get("services")) {
            all.extend(services.entries().into_iter().map(|(name, node)| Named { file, name, node }));
        }
    }
    for services in folders.values() {
        let first = builds.len();
        let mut built: Vec<Named<'_>> = Vec::new();
        let mut others: Vec<(Named<'_>, Run)> = Vec::new();
        for service in services {
            let chain = chain(files, *service);
            let base = services.iter().find(|it| it.name == service.name && it.is_base() && it.file != service.file);
            let base = if service.is_base() { None } else { base.map(|base| self::chain(files, *base)) };
            let own = run(&chain);
            let mut run = own.clone();
            let parts: Vec<&Node> = chain.iter().filter_map(|part| part.node.get("build")).collect();
            let whole = parts.iter().any(|build| {
                build.text().is_some()
                    || ["context", "dockerfile", "dockerfile_inline"].iter().any(|it| build.get(it).is_some())
            });
            let mut all = chain.clone();
            if !whole {
                all.extend(base.iter().flatten());
            }
            if let Some(build) = (!parts.is_empty()).then(|| self::build(&all)).flatten() {
                if let Some(base) = &base {
                    run.add(&self::run(base));
                }
                builds.push(Build { run, ..build });
                built.push(*service);
            }
            if !whole {
                others.push((*service, own));
            }
        }
        for (at, service) in built.iter().enumerate() {
            for (other, run) in &others {
                let same_file = other.file == service.file;
                let same = other.name == service.name && service.is_base() && !same_file;
                let image = other.node.text_of("image").filter(|image| service.node.text_of("image") == Some(image));
                if same || image.is_some() && !(same_file && other.name == service.name) {
                    builds[first + at].run.add(run);
                }
            }
        }
    }
}

impl Named<'_> {
    /// Whether Compose reads its file without being told.
    fn is_base(&self) -> bool {
        let name = self.file.rsplit('/').next().unwrap_or_default();
        matches!(name, "compose.yaml" | "compose.yml" | "docker-compose.yaml" | "docker-compose.yml")
    }

    fn at(&self, node: &Node) -> At {
        At { file: Arc::clone(self.file), line: node.line }
    }

    fn say<T>(&self, node: &Node, what: T) -> Said<T> {
        Said { at: self.at(node), what }
    }
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The service, and those that it extends.
fn chain<'f>(files: &'f Files, service: Named<'f>) -> Vec<Named<'f>> {
    let mut chain = vec![service];
    let mut last = service;
    while let Some(extends) = last.node.get("extends").filter(|_| chain.len() < MAX_EXTENDS) {
        let Some(name) = extends.text().or_else(|| extends.text_of("service")) else { break };
        let path = extends.text_of("file").and_then(|file| template::resolve(folder(last.file), file));
        let file = path.unwrap_or_else(|| last.file.to_string());
        let Some((file, documents)) = files.get_key_value(&*file) else { break };
        let mut found = documents.iter().filter_map(|document| document.get("services")?.get(name));
        let Some(node) = found.next() else { break };
        last = Named { file, name, node };
        chain.push(last);
    }
    chain
}

/// What is built, from the first that says it.
fn build(chain: &[Named<'_>]) -> Option<Build> {
    let parts: Vec<(&Named<'_>, &Node)> =
        chain.iter().filter_map(|part| Some((part, part.node.get("build")?))).collect();
    let of = |key: &str| parts.iter().find_map(|(part, build)| Some((*part, build.get(key)?)));
    if of("dockerfile_inline").is_some() {
        return None;
    }
    let context = parts.iter().find_map(|(part, build)| {
        let context = build.text().or_else(|| build.text_of("context"))?;
        Some(template::resolve(folder(part.file), &template::of(context)))
    });
    let (first, at) = *parts.first()?;
    let context = context.unwrap_or_else(|| Some(folder(first.file).to_owned()))?;
    let dockerfile = of("dockerfile").and_then(|(_, file)| file.text()).unwrap_or("Dockerfile");
    let target = of("target").and_then(|(part, target)| Some(part.say(target, template::of(target.text()?))));
    let given = parts.iter().flat_map(|(part, build)| arguments(build.get("args"), part.file)).collect();
    Some(Build {
        at: first.at(at),
        dockerfile: template::resolve(&context, &template::of(dockerfile))?,
        context: Some(context),
        target,
        arguments: given,
        run: Run::default(),
    })
}

/// How it is run.
fn run(chain: &[Named<'_>]) -> Run {
    let mut run = Run::default();
    for part in chain {
        for volume in part.node.get("volumes").map_or(&[][..], Node::items) {
            run.mounts.extend(mount(volume).map(|what| part.say(volume, what)));
        }
        for sync in part.node.get("develop").and_then(|it| it.get("watch")).map_or(&[][..], Node::items) {
            let writes = sync.text_of("action").is_some_and(|action| action.starts_with("sync"));
            let (path, target) = (sync.text_of("path"), sync.text_of("target"));
            if let Some(target) = target.filter(|_| writes) {
                let source = path.unwrap_or_default().to_owned();
                let what = Mount { source, target: target.to_owned(), read_only: false };
                run.mounts.push(part.say(sync, what));
            }
        }
        for port in part.node.get("ports").map_or(&[][..], Node::items) {
            let text = port.text().or_else(|| port.text_of("target"));
            let inside = text.and_then(|text| text.rsplit(':').next()?.split('/').next());
            run.ports.extend(inside.map(|inside| part.say(port, inside.to_owned())));
        }
    }
    let first = |key: &str| chain.iter().find_map(|part| Some((part, part.node.get(key)?)));
    for key in ["entrypoint", "command"] {
        run.commands.extend(first(key).map(|(part, node)| part.say(node, line(node))));
    }
    run.users.extend(first("user").and_then(|(part, node)| Some(part.say(node, template::of(node.text()?)))));
    let test = first("healthcheck").and_then(|(part, node)| Some((part, node.get("test")?)));
    run.healthchecks.extend(test.map(|(part, node)| part.say(node, line(node))));
    run.privileged = first("privileged").filter(|(_, it)| it.text() == Some("true")).map(|(part, it)| part.at(it));
    run
}

/// The text of a command: a scalar, or the words of a list.
fn line(node: &Node) -> String {
    match &node.value {
        Value::Scalar(text) => text.clone(),
        _ => node.items().iter().filter_map(|item| item.text()).collect::<Vec<_>>().join(" "),
    }
}

/// A volume: `source:target:options`, `target`, or a map.
fn mount(volume: &Node) -> Option<Mount> {
    let Some(text) = volume.text() else {
        let (source, target) = (volume.text_of("source").unwrap_or_default(), volume.text_of("target")?);
        let read_only = volume.text_of("read_only") == Some("true");
        return Some(Mount { source: template::of(source), target: template::of(target), read_only });
    };
    let text = template::of(text);
    // A drive of Windows.
    let drive = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && text[1..].starts_with(":\\");
    let cut = if drive { text[2..].find(':').map(|at| at + 2) } else { text.find(':') };
    let (source, rest) = cut.map_or(("", &*text), |at| (&text[..at], &text[at + 1..]));
    let (target, options) = rest.split_once(':').unwrap_or((rest, ""));
    let read_only = options.split(',').any(|option| option == "ro");
    Some(Mount { source: source.to_owned(), target: target.to_owned(), read_only })
}
