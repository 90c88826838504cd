//! What holds at an instruction: the shell and the user in force.

use std::sync::Arc;

use crate::dockerfile::{Base, Document, Graph, Kind, Lookup, expand};
use crate::images::{self, Image, ImageMap};

/// The scopes of all instructions of a document.
#[derive(Clone, Debug)]
pub struct Scopes {
    scopes: Vec<Scope>,
    images: Vec<Option<Arc<Image>>>,
}

/// What holds right before an instruction runs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The stage; 0 before the first FROM.
    pub stage: usize,
    /// The shell of RUN, CMD and ENTRYPOINT in shell form.
    pub shell: Arc<Shell>,
    /// The user that RUN runs as.
    pub user: User,
}

/// The shell in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// Program and arguments, as in SHELL.
    pub argv: Vec<Box<str>>,
    /// It is `sh`, `ash`, `dash` or `bash`, with flags that are understood: what is known of POSIX shells holds.
    pub posix: bool,
    /// It is `bash`.
    pub bash: bool,
    /// `-e` is on.
    pub errexit: bool,
    /// `-o pipefail` is on.
    pub pipefail: bool,
}

/// The user in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// uid 0.
    Root,
    /// Another one: as written in USER or known of the image.
    Other(Arc<str>),
    /// It is the image's, which is not known, or a variable.
    Unknown,
}

impl Scopes {
    /// Works them out, from the top.
    #[must_use]
    pub fn of(doc: &Document, map: &ImageMap) -> Self {
        let graph = Graph::of(doc);
        let start =
            Scope { stage: 0, shell: Arc::new(Shell::of(["/bin/sh".into(), "-c".into()].into())), user: User::Unknown };
        let mut scopes = Vec::with_capacity(doc.instructions().len());
        let mut images: Vec<Option<Arc<Image>>> = Vec::new();
        // What holds at the end of each stage, for those that are built on it.
        let mut ends: Vec<Scope> = Vec::new();
        let first = doc.stages().first().map_or(doc.instructions().len(), |stage| stage.instructions.start);
        scopes.extend(std::iter::repeat_n(start.clone(), first));
        for (index, stage) in doc.stages().iter().enumerate() {
            let (mut scope, image) = match &graph.bases()[index] {
                Base::Stage(of) => (ends[*of].clone(), images[*of].clone()),
                Base::Image(name) => {
                    let image = images::identify(name, map).map(Arc::new);
                    (image.as_deref().map_or_else(|| start.clone(), |image| of_image(image, &start)), image)
                }
                Base::Scratch => (Scope { user: User::Root, ..start.clone() }, None),
                Base::Unknown => (start.clone(), None),
            };
            scope.stage = index;
            images.push(image);
            for at in stage.instructions.clone() {
                scopes.push(scope.clone());
                step(doc, at, &mut scope);
            }
            ends.push(scope);
        }
        Self { scopes, images }
    }

    /// What holds right before instruction `index` runs.
    ///
    /// # Panics
    /// If there is no such instruction.
    #[must_use]
    pub fn at(&self, index: usize) -> &Scope {
        &self.scopes[index]
    }

    /// The image that `stage` is built on in the end, if it is well known.
    #[must_use]
    pub fn image(&self, stage: usize) -> Option<&Image> {
        self.images.get(stage)?.as_deref()
    }
}

fn of_image(image: &Image, start: &Scope) -> Scope {
    let shell = match image.shell {
        Some(argv) => Arc::new(Shell::of(argv.iter().map(|word| Box::from(*word)).collect())),
        None if image.family == images::Family::Windows => Arc::new(Shell::of(vec!["cmd".into()])),
        None => Arc::clone(&start.shell),
    };
    let user = match image.user {
        images::User::Root => User::Root,
        images::User::Unknown => User::Unknown,
        images::User::Named { name, .. } => User::Other(name.into()),
    };
    Scope { stage: 0, shell, user }
}

/// What an instruction changes.
fn step(doc: &Document, index: usize, scope: &mut Scope) {
    let instruction = &doc.instructions()[index];
    match &instruction.kind {
        Kind::Shell(Some(words)) => {
            let argv = words.iter().map(|word| doc.word(instruction, *word).into()).collect();
            scope.shell = Arc::new(Shell::of(argv));
        }
        Kind::User(word) => {
            let text = doc.word(instruction, *word);
            scope.user = match expand(&text, doc.escape(), &mut |_| Lookup::Unknown) {
                None => User::Unknown,
                Some(user) => match user.split(':').next().unwrap_or_default() {
                    "root" | "0" => User::Root,
                    _ => User::Other(user.into()),
                },
            };
        }
        _ => {}
    }
}

impl Shell {
    /// Reads the words of a SHELL.
    #[must_use]
    pub fn of(argv: Vec<Box<str>>) -> Self {
        let name = argv.first().map_or("", |path| path.rsplit('/').next().unwrap_or_default());
        let bash = name == "bash";
        let mut shell = Self { posix: false, bash, errexit: false, pipefail: false, argv: Vec::new() };
        let mut posix = bash || matches!(name, "sh" | "ash" | "dash");
        let mut words = argv.iter().skip(1);
        let mut command = false;
        while let Some(word) = words.next() {
            let Some(flags) = word.strip_prefix('-') else {
                posix = false;
                break;
            };
            for flag in flags.chars() {
                match flag {
                    'e' => shell.errexit = true,
                    'c' => command = true,
                    'u' | 'x' | 'l' | 'v' => {}
                    'o' => match words.next().map(|word| &**word) {
                        Some("pipefail") => shell.pipefail = true,
                        Some("errexit") => shell.errexit = true,
                        Some("nounset" | "xtrace" | "verbose") => {}
                        _ => posix = false,
                    },
                    _ => posix = false,
                }
            }
        }
        shell.posix = posix && command;
        shell.argv = argv;
        shell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells() {
        let of = |words: &[&str]| {
            let shell = Shell::of(words.iter().map(|word| Box::from(*word)).collect());
            (shell.posix, shell.errexit, shell.pipefail)
        };
        assert_eq!(of(&["/bin/sh", "-c"]), (true, false, false));
        assert_eq!(of(&["/bin/bash", "-eo", "pipefail", "-c"]), (true, true, true));
        assert_eq!(of(&["bash", "-o", "errexit", "-o", "pipefail", "-cx"]), (true, true, true));
        assert_eq!(of(&["/usr/bin/pwsh", "-c"]), (false, false, false));
        assert_eq!(of(&["/bin/sh"]), (false, false, false));
        assert_eq!(of(&["/bin/bash", "--login", "-c"]), (false, false, false));
        assert_eq!(of(&[]), (false, false, false));
    }

    #[test]
    fn user_and_shell_are_inherited_by_stages() {
        let doc = Document::parse(
            "FROM debian AS a\nUSER app\nSHELL [\"/bin/bash\", \"-c\"]\nFROM a\nRUN b\nUSER 0:0\nRUN c\nUSER $X\nRUN d\nFROM corp/base\nRUN e\n",
        );
        let scopes = Scopes::of(&doc, &ImageMap::default());
        assert_eq!(scopes.at(1).user, User::Root);
        assert_eq!(scopes.at(4).user, User::Other("app".into()));
        assert!(scopes.at(4).shell.bash);
        assert_eq!(scopes.at(6).user, User::Root);
        assert_eq!(scopes.at(8).user, User::Unknown);
        assert_eq!((scopes.at(10).user.clone(), scopes.at(10).stage), (User::Unknown, 2));
        assert!(scopes.at(10).shell.posix);
    }
}
