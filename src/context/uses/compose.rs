//! Compose files: <https://docs.docker.com/reference/compose-file/>
//!
//! Files of one folder are used together: what `compose.override.yaml` or `docker-compose.prod.yml` says of a service
//! goes for the one of that name in `compose.yaml`, and a service without a build runs the image of the one that builds
//! it. What a file includes is as if it stood in it, but for the folder that its paths are from.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::skaffold::arguments;
use super::yaml::{Node, Value};
use super::{At, Build, Mount, Named, Run, Said, image, template};

/// Files by their path, with their documents.
pub type Files = BTreeMap<Arc<str>, Vec<Rc<Node>>>;

/// A service that extends one that extends one is as far as it goes.
const MAX_EXTENDS: usize = 8;

/// More files that are named by others are not read.
const MAX_NAMED: usize = 500;

/// A service, as one file has it.
#[derive(Clone)]
struct Service<'f> {
    named: Named<'f>,
    /// The folder that its paths are from.
    from: Arc<str>,
    /// What other files of the project say of a service of that name goes for it.
    base: bool,
}

/// A file that another names, and the folder that its paths are from.
type Place = (Arc<str>, Arc<str>);

/// How a service runs an image that another file may build.
struct Runs {
    file: Arc<str>,
    image: String,
    run: Run,
}

/// What all Compose files say of images that they do not build.
#[derive(Default)]
pub struct Others(Vec<Runs>);

impl Others {
    /// Adds to `builds` of other folders how their images are run.
    pub fn add_to(&self, builds: &mut [Build]) {
        for it in &self.0 {
            let is = |build: &Build| folder(&build.at.file) != folder(&it.file) && build.makes_image(&it.image);
            builds.iter_mut().filter(|build| is(build)).for_each(|build| build.run.add(&it.run));
        }
    }
}

/// Adds the builds of all services. `load` reads what only another file names.
pub fn read(mut files: Files, load: impl FnMut(&str) -> Option<Vec<Rc<Node>>>, builds: &mut Vec<Build>) -> Others {
    let roots: Vec<Arc<str>> = files.keys().cloned().collect();
    add_named(&mut files, load);
    let mut folders: BTreeMap<&str, Vec<Service<'_>>> = BTreeMap::new();
    for file in &roots {
        folders.entry(folder(file)).or_default().extend(services(&files, file));
    }
    let mut others = Others::default();
    for services in folders.values() {
        project(&files, services, builds, &mut others);
    }
    others
}

/// Adds the builds of services that are used together.
fn project(files: &Files, services: &[Service<'_>], builds: &mut Vec<Build>, idle: &mut Others) {
    let first = builds.len();
    let mut built: Vec<&Service<'_>> = Vec::new();
    let mut others: Vec<(&Service<'_>, Run)> = Vec::new();
    for service in services {
        let chain = chain(files, service);
        let base = services.iter().find(|it| it.is(service.named.name) && it.base && !it.is_beside(service));
        let base = if service.base { None } else { base.map(|base| self::chain(files, base)) };
        let own = run(&chain);
        let mut run = own.clone();
        let parts: Vec<&Node> = chain.iter().filter_map(|part| part.named.node.get("build")).collect();
        let whole = parts.iter().any(|build| {
            build.text().is_some()
                || ["context", "dockerfile", "dockerfile_inline"].iter().any(|it| build.get(it).is_some())
        });
        let mut all = chain.clone();
        if !whole {
            all.extend(base.iter().flatten().cloned());
        }
        if let Some(build) = (!parts.is_empty()).then(|| self::build(&all)).flatten() {
            if let Some(base) = &base {
                run.add(&self::run(base));
            }
            builds.push(Build { run, ..build });
            built.push(service);
        }
        if !whole {
            let image = chain.iter().find_map(|part| part.named.node.text_of("image")).and_then(image::repository);
            let file = service.named.file;
            idle.0.extend(image.map(|image| Runs { file: Arc::clone(file), image, run: own.clone() }));
            others.push((service, own));
        }
    }
    for (at, service) in built.iter().enumerate() {
        for (other, run) in &others {
            let same_file = other.is_beside(service);
            let same = other.is(service.named.name) && service.base && !same_file;
            let image = other.named.node.text_of("image");
            let image = image.filter(|image| service.named.node.text_of("image") == Some(image));
            if same || image.is_some() && !(same_file && other.is(service.named.name)) {
                builds[first + at].run.add(run);
            }
        }
    }
    // What is included is most often a project of its own, too.
    let own = builds.split_off(first);
    for build in own {
        if !builds[..first].contains(&build) {
            builds.push(build);
        }
    }
}

impl Service<'_> {
    fn is(&self, name: &str) -> bool {
        self.named.name == name
    }

    /// Whether the same file has both.
    fn is_beside(&self, other: &Self) -> bool {
        self.named.file == other.named.file
    }

    fn at(&self, node: &Node) -> At {
        At { file: Arc::clone(self.named.file), line: node.line }
    }

    fn say<T>(&self, node: &Node, what: T) -> Said<T> {
        Said { at: self.at(node), what }
    }
}

/// Whether Compose reads a file without being told.
fn is_base(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or_default();
    matches!(name, "compose.yaml" | "compose.yml" | "docker-compose.yaml" | "docker-compose.yml")
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The services of a file, and those of the files that it includes.
fn services<'f>(files: &'f Files, file: &str) -> Vec<Service<'f>> {
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    let mut open: Vec<(Place, bool)> = vec![((file.into(), folder(file).into()), is_base(file))];
    while let Some((place, base)) = open.pop().filter(|_| seen.len() < MAX_NAMED) {
        let Some((file, documents)) = files.get_key_value(&*place.0).filter(|_| seen.insert(place.clone())) else {
            continue;
        };
        for document in documents {
            for (name, node) in document.get("services").map(Node::entries).unwrap_or_default() {
                let named = Named { file, name, node };
                all.push(Service { named, from: Arc::clone(&place.1), base });
            }
            for included in includes(document, &place.1) {
                // The files behind the first say more of its services.
                open.extend(included.into_iter().enumerate().map(|(at, place)| (place, at == 0)).rev());
            }
        }
    }
    all
}

/// The files that a document includes, those that are one project together; its own paths are from the folder `from`.
fn includes(document: &Node, from: &str) -> Vec<Vec<Place>> {
    let includes = document.get("include").map_or(&[][..], Node::items);
    includes.iter().filter_map(|include| include_of(include, from)).collect()
}

fn include_of(include: &Node, from: &str) -> Option<Vec<Place>> {
    let path = if include.text().is_some() { include } else { include.get("path")? };
    let paths: Vec<&str> = match path.text() {
        Some(path) => vec![path],
        None => path.items().iter().map(|path| path.text()).collect::<Option<_>>()?,
    };
    let paths: Vec<Arc<str>> = paths.into_iter().map(|path| certain(from, path)).collect::<Option<_>>()?;
    let from: Arc<str> = match include.text_of("project_directory") {
        Some(own) => template::resolve(from, &template::of(own))?.into(),
        None => folder(paths.first()?).into(),
    };
    Some(paths.into_iter().map(|path| (path, Arc::clone(&from))).collect())
}

/// A path that is known to be one of the repository's.
fn certain(from: &str, path: &str) -> Option<Arc<str>> {
    template::resolve(from, &template::of(path)).filter(|path| template::is_certain(path)).map(Into::into)
}

/// Adds the files that others include, or whose services they extend.
fn add_named(files: &mut Files, mut load: impl FnMut(&str) -> Option<Vec<Rc<Node>>>) {
    let mut seen: BTreeSet<Place> = files.keys().map(|file| (Arc::clone(file), folder(file).into())).collect();
    let mut open: Vec<Place> = seen.iter().cloned().collect();
    let mut missing: BTreeSet<Arc<str>> = BTreeSet::new();
    let max = seen.len() + MAX_NAMED;
    while let Some((file, from)) = open.pop() {
        let Some(documents) = files.get(&file) else { continue };
        let mut named: Vec<Place> = Vec::new();
        for document in documents {
            named.extend(includes(document, &from).into_iter().flatten());
            for (_, service) in document.get("services").map(Node::entries).unwrap_or_default() {
                let path = service.get("extends").and_then(|extends| certain(&from, extends.text_of("file")?));
                named.extend(path.map(|path| (Arc::clone(&path), folder(&path).into())));
            }
        }
        for place in named {
            if seen.len() >= max {
                return;
            }
            if missing.contains(&place.0) || !seen.insert(place.clone()) {
                continue;
            }
            if !files.contains_key(&place.0) {
                let Some(documents) = load(&place.0) else {
                    missing.insert(place.0);
                    continue;
                };
                files.insert(Arc::clone(&place.0), documents);
            }
            open.push(place);
        }
    }
}

/// The service, and those that it extends.
fn chain<'f>(files: &'f Files, service: &Service<'f>) -> Vec<Service<'f>> {
    let mut chain = vec![service.clone()];
    let mut last = service.clone();
    while let Some(extends) = last.named.node.get("extends").filter(|_| chain.len() < MAX_EXTENDS) {
        let Some(name) = extends.text().or_else(|| extends.text_of("service")) else { break };
        let path = extends.text_of("file").and_then(|file| template::resolve(&last.from, &template::of(file)));
        let file = path.as_deref().unwrap_or(last.named.file);
        let Some((file, documents)) = files.get_key_value(file) else { break };
        let mut found = documents.iter().filter_map(|document| document.get("services")?.get(name));
        let Some(node) = found.next() else { break };
        if path.is_some() {
            last.from = folder(file).into();
        }
        last.named = Named { file, name, node };
        chain.push(last.clone());
    }
    chain
}

/// What is built, from the first that says it.
fn build(chain: &[Service<'_>]) -> Option<Build> {
    let parts: Vec<(&Service<'_>, &Node)> =
        chain.iter().filter_map(|part| Some((part, part.named.node.get("build")?))).collect();
    let of = |key: &str| parts.iter().find_map(|(part, build)| Some((*part, build.get(key)?)));
    if of("dockerfile_inline").is_some() {
        return None;
    }
    let context = parts.iter().find_map(|(part, build)| {
        let context = build.text().or_else(|| build.text_of("context"))?;
        Some(template::resolve(&part.from, &template::of(context)))
    });
    let (first, at) = *parts.first()?;
    let context = context.unwrap_or_else(|| Some(first.from.to_string()))?;
    let dockerfile = of("dockerfile").and_then(|(_, file)| file.text()).unwrap_or("Dockerfile");
    let target = of("target").and_then(|(part, target)| Some(part.say(target, template::of(target.text()?))));
    let image = chain.iter().find_map(|part| part.named.node.text_of("image"));
    let given = parts.iter().flat_map(|(part, build)| arguments(build.get("args"), part.named.file)).collect();
    Some(Build {
        at: first.at(at),
        dockerfile: template::resolve(&context, &template::of(dockerfile))?,
        context: Some(context),
        target,
        images: image.and_then(image::repository).into_iter().collect(),
        arguments: given,
        run: Run::default(),
    })
}

/// How it is run.
fn run(chain: &[Service<'_>]) -> Run {
    let mut run = Run::default();
    for part in chain {
        for volume in part.named.node.get("volumes").map_or(&[][..], Node::items) {
            run.mounts.extend(mount(volume).map(|what| part.say(volume, what)));
        }
        for sync in part.named.node.get("develop").and_then(|it| it.get("watch")).map_or(&[][..], Node::items) {
            let writes = sync.text_of("action").is_some_and(|action| action.starts_with("sync"));
            let (path, target) = (sync.text_of("path"), sync.text_of("target"));
            if let Some(target) = target.filter(|_| writes) {
                let source = path.unwrap_or_default().to_owned();
                let what = Mount { source, target: target.to_owned(), read_only: false };
                run.mounts.push(part.say(sync, what));
            }
        }
        for port in part.named.node.get("ports").map_or(&[][..], Node::items) {
            let text = port.text().or_else(|| port.text_of("target"));
            let inside = text.and_then(|text| text.rsplit(':').next()?.split('/').next());
            run.ports.extend(inside.map(|inside| part.say(port, inside.to_owned())));
        }
    }
    let first = |key: &str| chain.iter().find_map(|part| Some((part, part.named.node.get(key)?)));
    run.entrypoints.extend(first("entrypoint").map(|(part, node)| part.say(node, line(node))));
    let given = first("command").map(|(part, node)| part.say(node, line(node)));
    if run.entrypoints.is_empty() { &mut run.commands } else { &mut run.arguments }.extend(given);
    run.users.extend(first("user").and_then(|(part, node)| Some(part.say(node, template::of(node.text()?)))));
    let test = first("healthcheck").and_then(|(part, node)| Some((part, node.get("test")?)));
    // A text is for a shell.
    let test =
        test.map(|(part, node)| part.say(node, node.text().map_or_else(|| line(node), |it| format!("CMD-SHELL {it}"))));
    run.healthchecks.extend(test);
    run.privileged = first("privileged").filter(|(_, it)| it.text() == Some("true")).map(|(part, it)| part.at(it));
    run
}

/// The text of a command: a scalar, or the words of a list.
pub fn line(node: &Node) -> String {
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
