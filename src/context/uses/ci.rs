//! Workflows and the like: YAML and JSON with commands anywhere in it, and actions that build.
//!
//! <https://github.com/docker/build-push-action#inputs>

use std::rc::Rc;
use std::sync::Arc;

use super::skaffold::arguments;
use super::yaml::{Node, Value};
use super::{At, Build, Run, Said, image, script, template};

/// Adds the builds of a document.
pub fn read(document: &Node, file: &Arc<str>, builds: &mut Vec<Build>) {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    // The file's folder if it is the project's own; the root if it is that of a service.
    let own = ["package.json", "askfile.yml", "askfile.yaml"].iter().any(|name| file.ends_with(name));
    File { file, folder: if own { folder } else { "" } }.walk(document, if own { folder } else { "" }, &[], builds);
}

/// The repositories of a list of tags, those that docker/metadata-action makes in one of the `steps` included.
fn tags(text: &str, steps: &[Rc<Node>]) -> Vec<String> {
    let made = steps.iter().filter(|step| {
        let id = step.text_of("id").unwrap_or_default();
        step.text_of("uses").is_some_and(|uses| uses.contains("metadata-action"))
            && !id.is_empty()
            && text.contains(&format!("steps.{id}.outputs."))
    });
    let made = made.filter_map(|step| step.get("with")?.text_of("images"));
    std::iter::once(text).chain(made).flat_map(|text| text.split(['\n', ','])).filter_map(image::repository).collect()
}

struct File<'f> {
    file: &'f Arc<str>,
    folder: &'f str,
}

impl File<'_> {
    /// `steps`: the list that it is in.
    fn walk(&self, node: &Node, from: &str, steps: &[Rc<Node>], builds: &mut Vec<Build>) {
        match &node.value {
            Value::Null => {}
            Value::Scalar(text) => {
                let place =
                    script::Place { file: self.file, from, folder: self.folder, line: node.line, each_line: false };
                script::read(text, &place, builds);
            }
            Value::List(items) => items.iter().for_each(|item| self.walk(item, from, items, builds)),
            Value::Map(entries) => {
                let run = node.get("defaults").and_then(|defaults| defaults.get("run")).unwrap_or(node);
                let inside = run.text_of("working-directory").or_else(|| run.text_of("working_directory"));
                let inside = inside.or_else(|| node.text_of("dir"));
                let inside = inside.map(|to| template::resolve("", &template::of(to)).unwrap_or_else(|| "\0".into()));
                let from = inside.as_deref().unwrap_or(from);
                let uses = node.text_of("uses").unwrap_or_default();
                let builds_itself = uses.contains("build-push-action");
                builds.extend(if builds_itself { self.action(node, steps) } else { self.named(node) });
                let inner = entries.iter().filter(|(key, _)| !(builds_itself && key.text() == Some("with")));
                inner.for_each(|(_, value)| self.walk(value, from, &[], builds));
            }
        }
    }

    fn at(&self, node: &Node) -> At {
        At { file: Arc::clone(self.file), line: node.line }
    }

    /// The build of a step of docker/build-push-action.
    fn action(&self, step: &Node, steps: &[Rc<Node>]) -> Option<Build> {
        let with = step.get("with");
        let of = |key: &str| with.and_then(|with| with.get(key));
        let text = |key: &str| of(key).and_then(Node::text).map(template::of);
        // Without a path, it is the repository itself, as git has it.
        let context = template::resolve("", &text("context").unwrap_or_else(|| ".".into()))?;
        let dockerfile = match text("file") {
            Some(file) => template::resolve("", &file)?,
            None => template::resolve(&context, "Dockerfile")?,
        };
        let target = of("target").and_then(|it| Some(Said { at: self.at(it), what: template::of(it.text()?) }));
        let given = of("build-args").and_then(|it| Some((it, it.text()?)));
        let given = given.map(|(node, text)| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.map(|line| Said { at: self.at(node), what: line.to_owned() }).collect()
        });
        Some(Build {
            at: self.at(of("file").or(with).unwrap_or(step)),
            dockerfile,
            context: Some(context),
            target,
            images: of("tags").and_then(Node::text).map(|text| tags(text, steps)).unwrap_or_default(),
            arguments: given.unwrap_or_default(),
            run: Run::default(),
        })
    }

    /// What may be a build, as something has a Dockerfile and a target: the inputs of another action, a row of a matrix.
    fn named(&self, node: &Node) -> Option<Build> {
        let entries = node.entries();
        let of =
            |names: &[&str]| entries.iter().find(|(key, _)| names.contains(&&*key.to_ascii_lowercase())).map(|it| it.1);
        let dockerfile = of(&["dockerfile", "containerfile", "file"])?;
        let target = of(&["target", "stage", "build-target", "docker-target"])?;
        let file = template::of(dockerfile.text()?);
        let file = file.trim_start_matches("./");
        Some(Build {
            at: self.at(dockerfile),
            dockerfile: template::resolve("\0", file)?,
            context: None,
            target: Some(Said { at: self.at(target), what: template::of(target.text()?) }),
            images: Vec::new(),
            arguments: arguments(of(&["build-args", "args"]).filter(|it| it.text().is_none()), self.file),
            run: Run::default(),
        })
    }
}
