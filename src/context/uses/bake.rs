//! Bake files: <https://docs.docker.com/build/bake/reference/>
//!
//! Files of one folder are used together; a target is what they all say of it, then what it inherits. A matrix is
//! multiplied out; other variables can be anything.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::skaffold::arguments;
use super::yaml::{Node, Value};
use super::{At, Build, Named, Run, Said, image, template};

/// Targets that inherit from one another.
const MAX_INHERITS: usize = 16;

/// More of a matrix is not multiplied out.
const MAX_VARIANTS: usize = 64;

/// Values of the variables of a matrix, by what stands for them in a text.
type Variant = Vec<(String, String)>;

/// Adds the builds of all targets.
pub fn read(files: &BTreeMap<Arc<str>, Rc<Node>>, builds: &mut Vec<Build>) {
    let mut folders: BTreeMap<&str, Vec<Named<'_>>> = BTreeMap::new();
    for (file, root) in files {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let blocks = root.entries().into_iter().filter(|(key, _)| *key == "target");
        let targets = blocks.flat_map(|(_, targets)| targets.entries());
        folders.entry(folder).or_default().extend(targets.map(|(name, node)| Named { file, name, node }));
    }
    for (folder, targets) in folders {
        for target in &targets {
            let mut chain = vec![*target];
            chain.extend(
                targets.iter().filter(|other| other.name == target.name && !std::ptr::eq(other.node, target.node)),
            );
            inherit(&targets, &mut chain);
            for variant in variants(target.node.get("matrix")) {
                builds.extend(build(&chain, folder, &variant));
                // Bake can be started at the root, too.
                if !folder.is_empty() {
                    builds.extend(build(&chain, "", &variant));
                }
            }
        }
    }
}

/// Adds what the targets inherit.
fn inherit<'f>(targets: &[Named<'f>], chain: &mut Vec<Named<'f>>) {
    let mut at = 0;
    while let Some(target) = chain.get(at).copied() {
        at += 1;
        // The last counts most.
        for name in target.node.get("inherits").map_or(&[][..], Node::items).iter().rev().filter_map(|it| it.text()) {
            let found = targets.iter().filter(|it| it.name == name).take(MAX_INHERITS.saturating_sub(chain.len()));
            let found: Vec<_> = found.copied().collect();
            chain.extend(found);
        }
    }
}

/// What the variables of a matrix are, together; one that says nothing if there is none.
fn variants(matrix: Option<&Node>) -> Vec<Variant> {
    let mut all = vec![Variant::new()];
    for (name, values) in matrix.map(Node::entries).unwrap_or_default() {
        let values: Vec<Variant> = values
            .items()
            .iter()
            .map(|value| match &value.value {
                Value::Scalar(text) => vec![(format!("${{{name}}}"), text.clone())],
                _ => {
                    let fields = value.entries().into_iter();
                    fields
                        .filter_map(|(field, it)| Some((format!("${{{name}.{field}}}"), it.text()?.to_owned())))
                        .collect()
                }
            })
            .collect();
        if values.is_empty() || all.len() * values.len() > MAX_VARIANTS {
            continue;
        }
        all = all.iter().flat_map(|known| values.iter().map(|more| [&known[..], more].concat())).collect();
    }
    all
}

/// What a target builds, of the first that says it.
fn build(chain: &[Named<'_>], folder: &str, variant: &Variant) -> Option<Build> {
    let of = |key: &str| chain.iter().find_map(|target| Some((target, target.node.get(key)?)));
    if of("dockerfile-inline").is_some() {
        return None;
    }
    let filled = |text: &str| {
        let known = variant.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        template::of(&known)
    };
    let said = |key: &str| of(key).and_then(|(_, node)| node.text()).map(&filled);
    let context = template::resolve(folder, &said("context").unwrap_or_else(|| ".".into()))?;
    let dockerfile = said("dockerfile").unwrap_or_else(|| "Dockerfile".into());
    let first = chain.first()?;
    let at = |target: &Named<'_>, node: &Node| At { file: Arc::clone(target.file), line: node.line };
    let target =
        of("target").and_then(|(target, node)| Some(Said { at: at(target, node), what: filled(node.text()?) }));
    let tags = of("tags").map_or(&[][..], |(_, tags)| tags.items()).iter().filter_map(|tag| tag.text());
    let images = tags.filter_map(|tag| image::repository(&filled(tag))).collect();
    let given = chain.iter().flat_map(|target| arguments(target.node.get("args"), target.file)).collect();
    Some(Build {
        at: at(first, first.node),
        dockerfile: template::resolve(&context, &dockerfile)?,
        context: Some(context),
        target,
        images,
        arguments: given,
        run: Run::default(),
    })
}
