//! The stage graph: what each stage is built on, and which stages it takes from.
//!
//! Names are looked up as BuildKit does (`dispatchStates` in `dockerfile2llb/convert.go`): FROM finds the stages before
//! it, by the name as written; `COPY --from` and `--mount from` find any stage, in any letter case, and the last of
//! that name; only `COPY --from` takes an index.

use std::collections::HashMap;

use super::{Document, Instruction, Kind, Lookup, expand, flags};

/// What a stage is built on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// An earlier stage.
    Stage(usize),
    /// An image; variables replaced by the defaults of the global ARGs.
    Image(String),
    /// Nothing.
    Scratch,
    /// It depends on a variable without a default, or BuildKit refuses it.
    Unknown,
}

/// How one stage takes from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// `FROM stage`
    From,
    /// `COPY --from=stage`
    Copy,
    /// `RUN --mount=from=stage`
    Mount,
}

/// One place where a stage takes from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The stage that takes.
    pub by: usize,
    /// The stage that it takes from.
    pub of: usize,
    /// The index of the instruction.
    pub instruction: usize,
    /// How.
    pub via: Via,
    /// It is written as a number.
    pub by_index: bool,
}

/// The stages of a document and how they hang together.
#[derive(Clone, Debug)]
pub struct Graph {
    bases: Vec<Base>,
    variable: Vec<bool>,
    uses: Vec<Use>,
}

impl Graph {
    /// The graph of `document`.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        Self::given(document, &[])
    }

    /// The graph of `document` where these build arguments, names with values, are given.
    #[must_use]
    pub fn given(document: &Document, arguments: &[(&str, &str)]) -> Self {
        let globals = globals(document, arguments);
        let mut graph = Self { bases: Vec::new(), variable: Vec::new(), uses: Vec::new() };
        let mut names: HashMap<&str, usize> = HashMap::new();
        for (index, stage) in document.stages().iter().enumerate() {
            let at = stage.instructions.start;
            let (base, variable) = base(document, &document.instructions()[at], &globals, &names);
            if let Base::Stage(of) = base {
                graph.uses.push(Use { by: index, of, instruction: at, via: Via::From, by_index: false });
            }
            graph.bases.push(base);
            graph.variable.push(variable);
            if let Some(name) = &stage.name {
                names.insert(name, index);
            }
        }
        for (by, stage) in document.stages().iter().enumerate() {
            for instruction in stage.instructions.clone() {
                graph.takes(document, &names, by, instruction);
            }
        }
        graph.uses.sort_by_key(|it| it.instruction);
        graph
    }

    /// What each stage is built on.
    #[must_use]
    pub fn bases(&self) -> &[Base] {
        &self.bases
    }

    /// Whether a build argument can change what `stage` is built on.
    #[must_use]
    pub fn is_variable(&self, stage: usize) -> bool {
        self.variable[stage]
    }

    /// Takes what `stage` is built on for unknown.
    pub fn forget(&mut self, stage: usize) {
        self.bases[stage] = Base::Unknown;
    }

    /// Every place where a stage takes from another, in order of the text.
    #[must_use]
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// The places that take from `stage`.
    pub fn users(&self, stage: usize) -> impl Iterator<Item = &Use> {
        self.uses.iter().filter(move |it| it.of == stage)
    }

    /// `stage`, the stage that it is built on, and so on.
    pub fn chain(&self, stage: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(stage), |at| match self.bases[*at] {
            Base::Stage(base) => Some(base),
            _ => None,
        })
    }

    /// Whether the layers of `stage` are in the image of the last stage. Another target, or a build argument where
    /// [`Graph::is_variable`], may ship other stages.
    #[must_use]
    pub fn ships(&self, stage: usize) -> bool {
        self.bases.len().checked_sub(1).is_some_and(|last| self.chain(last).any(|at| at == stage))
    }

    fn takes(&mut self, document: &Document, names: &HashMap<&str, usize>, by: usize, at: usize) {
        let instruction = &document.instructions()[at];
        // A trigger runs in another build: its names are not ours.
        let via = match instruction.kind {
            Kind::Copy(_) => Via::Copy,
            Kind::Run(_) => Via::Mount,
            _ => return,
        };
        let named = |name: &str| names.get(name.to_lowercase().as_str()).copied();
        for flag in &instruction.flags {
            let name = document.joined(instruction, flag.name);
            let Some(value) = document.flag_value(instruction, *flag) else { continue };
            let (of, by_index) = match (via, &*name) {
                (Via::Copy, "from") => match value.parse::<i64>() {
                    Ok(index) => (usize::try_from(index).ok().filter(|index| *index < self.bases.len()), true),
                    Err(_) => (named(&value), false),
                },
                (Via::Mount, "mount") => (flags::mount_option(&value, "from").and_then(|from| named(&from)), false),
                _ => continue,
            };
            self.uses.extend(of.map(|of| Use { by, of, instruction: at, via, by_index }));
        }
    }
}

/// The global ARGs with what is given for them, or their defaults.
fn globals(document: &Document, given: &[(&str, &str)]) -> HashMap<String, Lookup> {
    let end = document.stages().first().map_or(document.instructions().len(), |stage| stage.instructions.start);
    let mut globals = HashMap::new();
    for instruction in &document.instructions()[..end] {
        let Kind::Arg(declarations) = &instruction.kind else { continue };
        for declaration in declarations {
            let name = document.joined(instruction, declaration.name);
            let default = declaration.default.map(|default| document.joined(instruction, default));
            let own = given.iter().find(|it| it.0 == name);
            let value = match (own, default) {
                (Some((_, value)), _) => Lookup::Value((*value).to_owned()),
                // One that BuildKit sets, or that must be given.
                (None, None) => Lookup::Unknown,
                (None, Some(raw)) => expand(&raw, document.escape(), &mut |name| global(&globals, name))
                    .map_or(Lookup::Unknown, Lookup::Value),
            };
            globals.insert(name.into_owned(), value);
        }
    }
    globals
}

/// What a global variable is: BuildKit sets those of the platform by itself.
fn global(globals: &HashMap<String, Lookup>, name: &str) -> Lookup {
    if let Some(value) = globals.get(name) {
        return value.clone();
    }
    let platform = name.strip_prefix("TARGET").or_else(|| name.strip_prefix("BUILD"));
    if matches!(platform, Some("PLATFORM" | "OS" | "OSVERSION" | "ARCH" | "VARIANT" | "STAGE")) {
        return Lookup::Unknown;
    }
    Lookup::Unset
}

fn base(
    document: &Document,
    instruction: &Instruction,
    globals: &HashMap<String, Lookup>,
    names: &HashMap<&str, usize>,
) -> (Base, bool) {
    let Kind::From(from) = &instruction.kind else { return (Base::Unknown, false) };
    let raw = document.word(instruction, from.image);
    let mut variable = false;
    let value = expand(&raw, document.escape(), &mut |name| {
        variable = true;
        global(globals, name)
    });
    let base = match value.as_deref() {
        None | Some("") => Base::Unknown,
        Some(name) => match names.get(name) {
            Some(stage) => Base::Stage(*stage),
            None if name == "scratch" => Base::Scratch,
            None => Base::Image(name.to_owned()),
        },
    };
    (base, variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(text: &str) -> Graph {
        Graph::of(&Document::parse(text))
    }

    #[test]
    fn build_arguments() {
        let doc = Document::parse("ARG A=a\nARG B=$A\nARG C\nFROM $B AS x\nFROM $C\nFROM ${D:-d}\nFROM a\n");
        let mut graph = Graph::given(&doc, &[("A", "x"), ("C", "x"), ("D", "e")]);
        let image = |name: &str| Base::Image(name.into());
        assert_eq!(graph.bases(), [image("x"), Base::Stage(0), image("d"), image("a")]);
        graph.forget(1);
        assert_eq!(graph.bases()[1], Base::Unknown);
        assert_eq!(Graph::of(&doc).bases(), [image("a"), Base::Unknown, image("d"), image("a")]);
    }

    #[test]
    fn bases_are_found_as_buildkit_does() {
        let image = |name: &str| Base::Image(name.into());
        let cases: &[(&str, &[Base])] = &[
            ("FROM a AS b\nFROM b\n", &[image("a"), Base::Stage(0)]),
            ("FROM scratch\nFROM Scratch\n", &[Base::Scratch, image("Scratch")]),
            // FROM finds a name as written; the names themselves are lower-cased.
            ("FROM a AS Bob\nFROM Bob\nFROM bob\n", &[image("a"), image("Bob"), Base::Stage(0)]),
            // A stage shadows an image, from there on.
            ("FROM node AS node\nFROM node\n", &[image("node"), Base::Stage(0)]),
            ("FROM b\nFROM a AS b\n", &[image("b"), image("a")]),
            ("FROM a AS x\nFROM b AS x\nFROM x\n", &[image("a"), image("b"), Base::Stage(1)]),
            ("ARG V=1\nFROM a:$V\n", &[image("a:1")]),
            ("ARG V\nFROM a:${V:-2}\n", &[Base::Unknown]),
            ("FROM a:${V:-2}\n", &[image("a:2")]),
            ("ARG A=x\nARG B=$A-y\nFROM ${B}\n", &[image("x-y")]),
            ("FROM a-$TARGETARCH\n", &[Base::Unknown]),
            ("ARG B=b\nFROM a AS b\nFROM $B\n", &[image("a"), Base::Stage(0)]),
            ("FROM $NOT\n", &[Base::Unknown]),
            ("FROM 0\n", &[image("0")]),
        ];
        for (text, bases) in cases {
            assert_eq!(graph(text).bases(), *bases, "{text}");
        }
    }

    #[test]
    fn uses_are_found_by_name_and_number() {
        let text = "FROM a AS One\nFROM b AS two\nCOPY --from=ONE / /\nCOPY --from=0 / /\nCOPY --from=img / /\n\
                    RUN --mount=from=one,target=/x --mount=type=bind,from=0 a\nFROM two\nONBUILD COPY --from=one a b\n";
        let graph = graph(text);
        let uses: Vec<_> = graph.uses().iter().map(|it| (it.by, it.of, it.instruction, it.via, it.by_index)).collect();
        let expected = [
            (1, 0, 2, Via::Copy, false),
            (1, 0, 3, Via::Copy, true),
            (1, 0, 5, Via::Mount, false),
            (2, 1, 6, Via::From, false),
        ];
        assert_eq!(uses, expected);
        assert_eq!([0, 1, 2].map(|stage| graph.ships(stage)), [false, true, true]);
        assert_eq!(graph.users(0).count(), 3);
        assert!(!graph.is_variable(2));
    }
}
