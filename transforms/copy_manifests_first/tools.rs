//! What one command reads: by its tool, or by its name.

use super::projects;
use super::reads::{Step, What};
use crate::commands::{Invocation, Program, Runner, Tool, Verb, recognise};
use crate::context::node::{How, Manager};
use crate::context::{Tree, bundler, composer, python};
use crate::dockerfile::Kind;
use crate::shell::{Script, Simple, Word};
use crate::transform::View;
use crate::transform::brought::Copied;

/// Variables that make an installation read something else.
const ELSEWHERE: &[&str] = &[
    "PIP_CONSTRAINT",
    "PIP_REQUIREMENT",
    "PIP_FIND_LINKS",
    "PIP_CONFIG_FILE",
    "PIP_EDITABLE",
    "PIP_TARGET",
    "PIP_PREFIX",
    "UV_CONSTRAINT",
    "UV_CONFIG_FILE",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_FIND_LINKS",
    "NPM_CONFIG_USERCONFIG",
    "NPM_CONFIG_PREFIX",
    "NODE_OPTIONS",
    "YARN_RC_FILENAME",
    "GOFLAGS",
    "GOWORK",
    "GOMODCACHE",
    "GOPATH",
    "BUNDLE_GEMFILE",
    "NUGET_PACKAGES",
    "MAVEN_ARGS",
    "GRADLE_USER_HOME",
    "COMPOSER",
    "COMPOSER_VENDOR_DIR",
];

/// What `simple` reads, a command of RUN `index`, run in `cwd`, of what was copied.
pub fn step(
    view: &View<'_>,
    project @ (tree, copies): (Option<&Tree<'_>>, &[Copied]),
    (index, cwd): (usize, &str),
    script: &Script,
    simple: &Simple,
) -> Step {
    let words = simple.words.iter().chain(simple.assignments.iter().map(|assignment| &assignment.value));
    // How many processors there are is no file of the project.
    let computes = |word: &Word| !word.substitutions.is_empty() && !script.slice(word.span).ends_with("$(nproc)");
    if words.into_iter().any(computes) {
        return Step::Anything;
    }
    let harmless = |redirection: &crate::shell::Redirection| {
        let target = redirection.target.literal.as_deref();
        redirection.heredoc.is_none()
            && matches!(&*redirection.operator, ">" | ">>" | "&>" | ">&")
            && matches!(target, Some("/dev/null" | "1" | "2"))
    };
    if !simple.redirections.iter().all(harmless) {
        return Step::Anything;
    }
    if simple.words.is_empty() {
        return Step::Nothing;
    }
    let Some(invocation) = recognise(script, simple) else { return program(script, simple) };
    if invocation.runner != Runner::Same || !invocation.certain {
        return Step::Anything;
    }
    let set = |name: &&&str| {
        invocation.setting(name).is_some()
            || invocation.setting(&name.to_ascii_lowercase()).is_some()
            || view.scope(index).source(name).is_some()
    };
    let step = match (invocation.tool, invocation.verb) {
        (Tool::Bundle, Verb::Install) if matches!(&*invocation.subcommand, "" | "install" | "i") => {
            projects::bundle(view, index, &invocation)
        }
        (Tool::Composer, Verb::Install)
            if matches!(&*invocation.subcommand, "install" | "i") && invocation.operands.is_empty() =>
        {
            projects::composer(tree, copies, cwd, script, &invocation)
        }
        (Tool::Dotnet, Verb::Install | Verb::Build) => {
            projects::dotnet(view, (index, cwd), script, &invocation).unwrap_or_else(|| tool(&invocation))
        }
        (Tool::Maven, Verb::Download | Verb::Build) => {
            projects::maven(view, project, (index, cwd), script, &invocation)
        }
        (Tool::Gradle, Verb::Download) => projects::gradle(script, &invocation),
        _ => tool(&invocation),
    };
    match (step, ELSEWHERE.iter().find(set)) {
        (Step::Installs(_) | Step::Prepares(..), _) if of_the_project(script.slice(invocation.name)) => {
            Step::Installs(What::Held("the program that it runs may be one of the project".into()))
        }
        (Step::Installs(_) | Step::Prepares(..), Some(name)) => {
            Step::Installs(What::Held(format!("{name} may make it read something else").into()))
        }
        (step, _) => step,
    }
}

/// Whether the program that `name` calls may be a file of the project, other than a wrapper that is copied with the
/// manifests.
fn of_the_project(name: &str) -> bool {
    let path = name.rsplit(char::is_whitespace).next().unwrap_or(name);
    let wrapper = matches!(path, "./mvnw" | "./gradlew" | "mvnw" | "gradlew");
    // Programs of a virtual environment are made where it is.
    let elsewhere = path.starts_with(['/', '~', '$']) || path.contains("env/bin/");
    !wrapper && !elsewhere && (path.contains('/') || path.ends_with(".phar"))
}

/// What a command of a known tool reads.
fn tool(it: &Invocation) -> Step {
    let names = || it.literal() && it.literals().all(python::is_package);
    let alone = it.operands.is_empty();
    match (it.tool, it.verb) {
        (_, Verb::Query) => Step::Nothing,
        (
            Tool::AptGet
            | Tool::Apt
            | Tool::Aptitude
            | Tool::Apk
            | Tool::Dnf
            | Tool::Yum
            | Tool::Microdnf
            | Tool::Zypper
            | Tool::Pacman,
            Verb::Install | Verb::Update | Verb::Upgrade | Verb::Clean | Verb::Remove,
        ) if it.literals().all(|name| !name.contains('/')) && it.literal() => Step::Nothing,
        (
            Tool::Npm | Tool::Pip | Tool::Yarn | Tool::Pnpm | Tool::Bun | Tool::Uv | Tool::Conda | Tool::Composer,
            Verb::Clean,
        ) => Step::Nothing,
        (Tool::Npm | Tool::Pnpm | Tool::Bun, Verb::Install | Verb::Upgrade)
            if it.has(&["-g", "--global"]) && !alone && node_names(it) =>
        {
            Step::Nothing
        }
        (Tool::Yarn, _) if it.subcommand.starts_with("global") && node_names(it) => Step::Nothing,
        (Tool::Npm | Tool::Pnpm, Verb::Configure)
            if it.literals().next() == Some("set") && !it.has(&["--location", "-L"]) =>
        {
            Step::Nothing
        }
        (Tool::Npm | Tool::Pnpm | Tool::Bun | Tool::Yarn, Verb::Install) => node(it),
        (Tool::Pip | Tool::Uv, Verb::Install) if it.tool == Tool::Pip || it.subcommand.starts_with("pip ") => {
            pip(it, names())
        }
        (Tool::Uv, Verb::Install) if &*it.subcommand == "sync" && alone => {
            const PLACES: &[&str] =
                &["--project", "--directory", "--config-file", "--script", "--package", "--all-packages"];
            if it.has(PLACES) {
                return Step::Installs(What::Held("it names another project".into()));
            }
            Step::Installs(What::Uv(it.has(&["--no-install-project", "--no-install-workspace"])))
        }
        (Tool::Poetry, Verb::Install) if &*it.subcommand == "install" && alone => {
            if it.has(&["--directory", "-C", "--project", "-P"]) {
                return Step::Installs(What::Held("it names another project".into()));
            }
            Step::Installs(What::Poetry(it.has(&["--no-root", "--only-root"])))
        }
        (Tool::Poetry, Verb::Configure) if !it.has(&["--local"]) => Step::Nothing,
        (Tool::Pipenv, Verb::Install) if alone => Step::Installs(What::Pipenv),
        (Tool::Go, Verb::Download) if &*it.subcommand == "mod download" && alone => Step::Installs(What::Go),
        (Tool::Go, Verb::Download) if &*it.subcommand == "mod tidy" => {
            Step::Installs(What::Held("`go mod tidy` reads the sources".into()))
        }
        (Tool::Go, Verb::Install) if it.literal() && !alone && it.literals().all(|name| name.contains('@')) => {
            Step::Nothing
        }
        (Tool::Go, Verb::Install) if &*it.subcommand == "get" => {
            Step::Installs(What::Held("`go get` reads the sources, or changes go.mod".into()))
        }
        (Tool::Gem, Verb::Install | Verb::Upgrade) if it.literal() && it.literals().all(|name| !name.contains('/')) => {
            Step::Nothing
        }
        (Tool::Bundle, Verb::Install) if matches!(&*it.subcommand, "" | "install" | "i") => {
            Step::Installs(What::Bundle(bundler::How::default()))
        }
        (Tool::Bundle, Verb::Configure) if &*it.subcommand == "config" => Step::Nothing,
        (Tool::Composer, Verb::Install) if matches!(&*it.subcommand, "install" | "i") && alone => {
            Step::Installs(What::Composer(composer::How::default()))
        }
        (Tool::Maven, Verb::Download) => Step::Installs(What::Maven { pom: None, wrapper: false }),
        (Tool::Gradle, Verb::Download) => Step::Installs(What::Gradle { wrapper: false }),
        (Tool::Dotnet, Verb::Install) if &*it.subcommand == "restore" => Step::Installs(What::Dotnet(None)),
        (Tool::Dotnet, Verb::Install) if &*it.subcommand == "tool install" && it.has(&["-g", "--global"]) => {
            Step::Nothing
        }
        _ => Step::Anything,
    }
}

/// Whether the operands are names of packages of npm's registry.
fn node_names(it: &Invocation) -> bool {
    let path = |name: &str| {
        name.starts_with(['.', '/', '~'])
            || name.contains(':')
            || name.ends_with(".tgz")
            || (name.contains('/') && !name.starts_with('@'))
    };
    it.literal() && it.literals().all(|name| !path(name))
}

fn node(it: &Invocation) -> Step {
    let manager = match it.tool {
        Tool::Npm => Manager::Npm,
        Tool::Yarn => Manager::Yarn,
        Tool::Pnpm => Manager::Pnpm,
        _ => Manager::Bun,
    };
    let plain = match manager {
        Manager::Npm => matches!(
            &*it.subcommand,
            "install"
                | "i"
                | "in"
                | "ins"
                | "inst"
                | "insta"
                | "instal"
                | "isnt"
                | "isnta"
                | "isntal"
                | "isntall"
                | "ci"
                | "clean-install"
                | "ic"
                | "install-clean"
                | "isntall-clean"
                | "add"
        ),
        Manager::Yarn => matches!(&*it.subcommand, "" | "install"),
        Manager::Pnpm | Manager::Bun => matches!(&*it.subcommand, "install" | "i"),
    };
    if !it.operands.is_empty() {
        return Step::Installs(What::Held("it changes package.json, which the copy would bring back".into()));
    }
    if !plain {
        return Step::Anything;
    }
    const PLACES: &[&str] = &[
        "--prefix",
        "-C",
        "--dir",
        "--cwd",
        "--userconfig",
        "--globalconfig",
        "--workspace",
        "-w",
        "--filter",
        "-F",
        "--modules-folder",
        "--global",
        "-g",
        "--package-lock-only",
        "--lockfile-only",
        "--location",
        "--ignore-workspace",
        "--mode",
        "--focus",
        "--no-package-lock",
        "--no-lockfile",
        "--script-shell",
        "--cafile",
    ];
    if let Some(flag) = it.flags.iter().find(|flag| PLACES.contains(&&*flag.name)) {
        return Step::Installs(What::Held(format!("what {} makes of it is not known", flag.name).into()));
    }
    let clean = manager == Manager::Npm
        && matches!(&*it.subcommand, "ci" | "clean-install" | "ic" | "install-clean" | "isntall-clean");
    let frozen = clean || it.has(&["--frozen-lockfile", "--immutable", "--pure-lockfile"]);
    Step::Installs(What::Node(manager, How { frozen, clean, no_scripts: it.has(&["--ignore-scripts"]) }))
}

fn pip(it: &Invocation, names: bool) -> Step {
    let uv = it.tool == Tool::Uv;
    if !uv && &*it.subcommand != "install" || uv && !matches!(&*it.subcommand, "pip install" | "pip sync") {
        return Step::Anything;
    }
    let mut files = Vec::new();
    for flag in &it.flags {
        let value = flag.value.as_ref().map(|value| value.literal.as_deref());
        match (&*flag.name, value) {
            ("-r" | "--requirement" | "--requirements" | "-c" | "--constraint" | "--constraints", Some(Some(file)))
                if !file.contains("://") =>
            {
                files.push(file.to_owned());
            }
            ("-e" | "--editable", value) if value.flatten().is_none_or(|value| !value.starts_with("git+")) => {
                return Step::Installs(What::Held("it installs the project itself".into()));
            }
            ("-f" | "--find-links", Some(Some(place))) if place.contains("://") => {}
            (
                "-f" | "--find-links" | "--target" | "-t" | "--prefix" | "--root" | "--log" | "--build" | "-b"
                | "--src" | "--cert" | "--client-cert" | "--config-settings" | "-C" | "--python" | "-p" | "--override"
                | "--directory" | "--project" | "--config-file" | "--cache-dir" | "--report",
                Some(value),
            ) if !(flag.name.starts_with("--cache-dir") && value.is_some_and(|value| value.starts_with('/'))) => {
                return Step::Installs(What::Held(format!("what {} makes of it is not known", flag.name).into()));
            }
            (_, Some(None)) => return Step::Anything,
            _ => {}
        }
    }
    if uv && &*it.subcommand == "pip sync" {
        let Some(operands) = it.operands.iter().map(|operand| operand.literal.as_deref()).collect::<Option<Vec<_>>>()
        else {
            return Step::Anything;
        };
        files.extend(operands.into_iter().map(str::to_owned));
    } else if !names {
        return if it.literal() {
            Step::Installs(What::Held("it installs the project itself".into()))
        } else {
            Step::Anything
        };
    }
    if files.is_empty() { Step::Nothing } else { Step::Installs(What::Requirements(files, uv)) }
}

/// What a program reads that has no table of its own.
fn program(script: &Script, simple: &Simple) -> Step {
    let Some(program) = Program::of(simple) else { return Step::Anything };
    if program.name == "rm" {
        let mut paths = Vec::new();
        for word in program.arguments {
            let text = script.slice(word.span);
            if text.contains(['$', '`', '~', '\'', '"', '{', '\\']) {
                return Step::Anything;
            }
            // A pattern counts as the folder that it is in.
            let glob = text.find(['*', '?', '[']);
            let path = glob.map_or(text, |at| text[..at].rsplit_once('/').map_or(".", |(folder, _)| folder));
            if !text.starts_with('-') {
                paths.push(if path.is_empty() { "/".to_owned() } else { path.to_owned() });
            }
        }
        return Step::Touches(paths);
    }
    let words: Option<Vec<&str>> = program.arguments.iter().map(|word| word.literal.as_deref()).collect();
    let Some(words) = words else { return Step::Anything };
    match (program.name, &words[..]) {
        ("echo" | "true" | ":" | "printf" | "set" | "export" | "sleep", _) => Step::Nothing,
        ("cd", [path]) if !path.starts_with('-') => Step::Goes((*path).to_owned()),
        ("corepack", ["enable" | "disable", ..]) => Step::Nothing,
        ("corepack", ["prepare", rest @ ..]) if rest.iter().any(|word| word.contains('@')) => Step::Nothing,
        ("corepack", ["use" | "install", rest @ ..]) if rest.contains(&"-g") => Step::Nothing,
        ("node" | "python" | "python3" | "ruby" | "php" | "java" | "nodejs", ["--version" | "-v" | "-V"]) => {
            Step::Nothing
        }
        ("python" | "python3", ["-m", "venv" | "virtualenv", rest @ ..]) | ("virtualenv", rest) => {
            match rest.iter().filter(|word| !word.starts_with('-')).collect::<Vec<_>>()[..] {
                [path] => Step::Makes((*path).to_owned()),
                _ => Step::Anything,
            }
        }
        ("groupadd" | "useradd" | "addgroup" | "adduser" | "usermod" | "update-ca-certificates" | "ldconfig", _) => {
            Step::Nothing
        }
        ("mkdir", _) => {
            let paths =
                words.iter().filter(|word| !word.starts_with('-') && !word.bytes().all(|it| it.is_ascii_digit()));
            Step::Touches(paths.map(|path| (*path).to_owned()).collect())
        }
        _ => Step::Anything,
    }
}

/// Whether RUN `index` installs what a project depends on, whatever else it does.
pub fn installs(view: &View<'_>, index: usize) -> bool {
    let (Some(script), Kind::Run(_)) = (view.script(index), &view.instruction(index).kind) else { return false };
    script.commands().into_iter().any(|simple| {
        recognise(script, simple)
            .is_some_and(|it| matches!(tool(&it), Step::Installs(what) if !matches!(what, What::Held(_))))
    })
}
