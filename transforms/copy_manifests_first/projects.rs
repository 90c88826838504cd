//! What bundler, Composer, dotnet, Maven and Gradle are told on a command line, and what they are to do first where they read more than manifests.

use std::path::Path;

use super::place;
use super::reads::{Step, What};
use crate::commands::{Invocation, Tool, Verb, invocations};
use crate::context::{Tree, bundler, composer, dotnet, maven};
use crate::dockerfile::Lookup;
use crate::shell::Script;
use crate::transform::brought::{Copied, before};
use crate::transform::{View, paths};

/// `bundle install` in RUN `index`.
pub fn bundle(view: &View<'_>, index: usize, it: &Invocation) -> Step {
    let held = |reason: &'static str| Step::Installs(What::Held(reason.into()));
    if it.has(&["--gemfile", "--local", "--standalone", "--binstubs", "--system"]) {
        return held("it names other files");
    }
    let scope = view.scope(index);
    let variable = |name: &str| match it.setting(name) {
        Some(value) => value.map_or(Lookup::Unknown, |value| Lookup::Value(value.to_owned())),
        None if scope.source(name).is_none() => Lookup::Unset,
        None => scope.get(name),
    };
    let on = |name: &str| matches!(variable(name), Lookup::Value(value) if matches!(&*value, "1" | "true"));
    let kept = ["--deployment", "--path", "--without", "--with", "--frozen", "--clean", "--no-prune", "--shebang"];
    let mut how = bundler::How {
        frozen: it.has(&["--frozen"]) || on("BUNDLE_FROZEN"),
        keeps_settings: it.has(&kept),
        settings_elsewhere: matches!(scope.get("BUNDLE_APP_CONFIG"), Lookup::Value(path) if path.starts_with('/')),
        path: None,
    };
    let mut path = match variable("BUNDLE_PATH") {
        Lookup::Unset => None,
        Lookup::Value(path) => Some(path),
        Lookup::Unknown => return held("where BUNDLE_PATH has it install is not known"),
    };
    let mut deployment = it.has(&["--deployment"]) || on("BUNDLE_DEPLOYMENT");
    // What is set last counts.
    let mut earlier: Vec<usize> = before(view, index).collect();
    earlier.reverse();
    for at in earlier.into_iter().chain([index]) {
        let configured = view.runs(at).map(invocations).unwrap_or_default();
        for one in configured.iter().filter(|one| one.tool == Tool::Bundle && one.verb == Verb::Configure) {
            let words: Vec<&str> = one.literals().filter(|word| *word != "set" && !word.starts_with('-')).collect();
            if &*one.subcommand != "config" || !one.literal() {
                return held("what bundler is set to is not known");
            }
            how.keeps_settings |= !one.has(&["--global"]);
            match words[..] {
                ["frozen", value] => how.frozen |= matches!(value, "1" | "true"),
                ["deployment", value] => deployment |= matches!(value, "1" | "true"),
                ["path", value] => path = Some(value.to_owned()),
                ["gemfile", ..] | ["cache_path", ..] | ["unset", ..] => {
                    return held("what bundler is set to is not known");
                }
                [name, ..] if name.starts_with("local") => return held("bundler takes a gem from a folder"),
                _ => {}
            }
        }
    }
    if let Some(flag) = it.value(&["--path"]) {
        let Some(value) = flag.literal.as_deref() else { return held("where it installs is not known") };
        path = Some(value.to_owned());
    }
    how.frozen |= deployment;
    how.path = match path {
        Some(path) if Path::new(&path).has_root() => None,
        Some(path) if path.contains('$') => return held("where it installs is not known"),
        Some(path) => Some(path.into()),
        None => deployment.then(|| "vendor/bundle".into()),
    };
    Step::Installs(What::Bundle(how))
}

/// `composer install` in `cwd`.
pub fn composer(tree: Option<&Tree<'_>>, copies: &[Copied], cwd: &str, script: &Script, it: &Invocation) -> Step {
    if it.has(&["-d", "--working-dir", "--dry-run", "--download-only", "--no-install", "--prefer-source"]) {
        return Step::Installs(What::Held("what its options make of it is not known".into()));
    }
    let how = composer::How {
        no_dev: it.has(&["--no-dev"]),
        no_scripts: it.has(&["--no-scripts"]),
        no_autoloader: it.has(&["--no-autoloader"]),
        no_plugins: it.has(&["--no-plugins"]),
        optimized: it.has(&["-o", "--optimize-autoloader", "-a", "--classmap-authoritative"]),
    };
    let folder = tree.and_then(|_| place::context_of(tree?, copies, cwd));
    let (Some(tree), Some(folder)) = (tree, folder) else { return Step::Installs(What::Composer(how)) };
    match composer::install(tree, &folder, how) {
        Ok(project) if project.more.is_some() => {
            let mut command = one_line(script.slice(it.span));
            for (flag, set) in [("--no-scripts", how.no_scripts), ("--no-autoloader", how.no_autoloader)] {
                if !set {
                    command = format!("{command} {flag}");
                }
            }
            let how = composer::How { no_scripts: true, no_autoloader: true, ..how };
            Step::Prepares(What::Composer(how), command)
        }
        _ => Step::Installs(What::Composer(how)),
    }
}

/// `dotnet restore`, or what restores before it builds; `None` if it is neither.
pub fn dotnet(view: &View<'_>, (index, cwd): (usize, &str), script: &Script, it: &Invocation) -> Option<Step> {
    let held = |reason: &'static str| Some(Step::Installs(What::Held(reason.into())));
    let builds = it.verb == Verb::Build;
    let restores = |it: &Invocation| {
        let own = it.tool == Tool::Dotnet && matches!(it.verb, Verb::Install | Verb::Build);
        own && !it.subcommand.starts_with("tool")
    };
    match &*it.subcommand {
        "tool restore" if it.flags.is_empty() => return Some(Step::Installs(What::DotnetTools)),
        "restore" => {}
        "build" | "publish" if !it.has(&["--no-restore", "--no-build"]) && !runs_before(view, index, restores) => {}
        _ => return None,
    }
    // Intermediate files on a cache are kept from build to build already.
    let mounts = view.doc.mounts(view.instruction(index));
    if builds && mounts.iter().any(|mount| mount.target().is_some_and(|it| it.trim_end_matches('/').ends_with("/obj")))
    {
        return None;
    }
    let text = script.slice(it.span);
    if dotnet::MOVES.iter().any(|name| text.contains(name)) {
        return held("it restores into another place");
    }
    const PLACES: &[&str] =
        &["--packages", "--configfile", "-s", "--source", "--lock-file-path", "--artifacts-path", "--tool-path"];
    if let Some(flag) = it.flags.iter().find(|flag| PLACES.contains(&&*flag.name)) {
        let web = flag.value.as_ref().and_then(|value| value.literal.as_deref());
        if !matches!(&*flag.name, "-s" | "--source") || !web.is_some_and(|web| web.starts_with("https://")) {
            return Some(Step::Installs(What::Held(format!("what {} makes of it is not known", flag.name).into())));
        }
    }
    // `/p:Name=value` sets a property.
    let property = |text: &str| text.starts_with("/p:") || text.starts_with("/property:");
    let (settings, targets): (Vec<_>, Vec<_>) =
        it.operands.iter().partition(|operand| property(script.slice(operand.span)));
    let target = match &targets[..] {
        [] => None,
        [target] => match target.literal.as_deref() {
            Some(target) => Some(paths::join(Some(cwd), &target.replace('\\', "/"))?),
            None => return held("which project it restores is not known"),
        },
        _ => return held("which project it restores is not known"),
    };
    let what = What::Dotnet(target);
    if !builds {
        return Some(Step::Installs(what));
    }
    const KEPT: &[&str] = &["-r", "--runtime", "-a", "--arch", "--os", "-s", "--source", "--property", "--ucr"];
    let flags = it.flags.iter().filter(|flag| KEPT.contains(&&*flag.name) || flag.name.starts_with("-p:"));
    let words = targets.iter().chain(&settings).map(|operand| operand.span).chain(flags.map(|flag| flag.span));
    let command = format!("{} restore", script.slice(it.name));
    let command = words.fold(command, |command, span| format!("{command} {}", one_line(script.slice(span))));
    Some(Step::Prepares(what, command))
}

/// Maven that fetches, or builds and could fetch before.
pub fn maven(
    view: &View<'_>,
    (tree, copies): (Option<&Tree<'_>>, &[Copied]),
    (index, cwd): (usize, &str),
    script: &Script,
    it: &Invocation,
) -> Step {
    let builds = it.verb == Verb::Build;
    let fetched =
        |it: &Invocation| it.tool == Tool::Maven && matches!(it.verb, Verb::Build | Verb::Download | Verb::Run);
    const PHASES: &[&str] = &["compile", "test", "package", "verify", "install", "deploy"];
    let compiles = it.literals().any(|goal| PHASES.contains(&goal));
    if builds && (!compiles || !it.certain || it.has(&["-o", "--offline"]) || runs_before(view, index, fetched)) {
        return Step::Anything;
    }
    let held = |reason: String| Step::Installs(What::Held(reason.into()));
    const PLACES: &[&str] =
        &["-s", "--settings", "-gs", "--global-settings", "-t", "--toolchains", "-gt", "--global-toolchains"];
    if let Some(flag) = it.flags.iter().find(|flag| PLACES.contains(&&*flag.name)) {
        return held(format!("what the file of {} has it read is not known", flag.name));
    }
    if it.has(&["-rf", "--resume-from"]) {
        return held("it goes on with one of the modules".to_owned());
    }
    if let Some(modules) = it.value(&["-pl", "--projects"]).filter(|_| builds && !it.has(&["-am", "--also-make"])) {
        // Those that are only left out leave the others together.
        let left_out = |names: &str| names.split(',').all(|name| name.trim().starts_with(['!', '-']));
        if !modules.literal.as_deref().is_some_and(left_out) {
            return held("it builds modules without those that they depend on (no -am)".to_owned());
        }
    }
    let pom = match it.value(&["-f", "--file"]).map(|value| value.literal.as_deref()) {
        None => None,
        Some(Some(pom)) if pom.ends_with(".xml") && !pom.starts_with('/') => Some(pom.to_owned()),
        Some(_) => return held("which project it builds is not known".to_owned()),
    };
    let wrapper = script.slice(it.name).ends_with("mvnw");
    let folder = tree.and_then(|tree| place::context_of(tree, copies, cwd));
    let read = tree.zip(folder).and_then(|(tree, folder)| maven::fetch(tree, &folder, pom.as_deref(), wrapper).ok());
    let what = What::Maven { pom, wrapper };
    if !builds {
        return Step::Installs(what);
    }
    let mut command = script.slice(it.name).to_owned();
    if !it.has(&["-B", "--batch-mode"]) {
        command += " -B";
    }
    for flag in &it.flags {
        command = format!("{command} {}", one_line(script.slice(flag.span)));
    }
    let goal = if read.is_some_and(|read| read.reactor) { OF_A_REACTOR } else { "dependency:go-offline" };
    Step::Prepares(what, format!("{command} {goal}"))
}

/// The goal where there are modules. Up to 3.1.1 it looked for those that others depend on in a repository, and which one
/// runs is up to Maven and to parents that are not in the project; this one is for Maven 3.2.5, Java 8, and later ones.
/// <https://github.com/apache/maven-dependency-plugin/issues/1186>
const OF_A_REACTOR: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:go-offline";

/// Gradle that resolves dependencies.
pub fn gradle(script: &Script, it: &Invocation) -> Step {
    const PLACES: &[&str] = &[
        "-p",
        "--project-dir",
        "-b",
        "--build-file",
        "-c",
        "--settings-file",
        "-I",
        "--init-script",
        "--include-build",
        "--project-cache-dir",
        "-g",
        "--gradle-user-home",
    ];
    if let Some(flag) = it.flags.iter().find(|flag| PLACES.contains(&&*flag.name)) {
        return Step::Installs(What::Held(format!("what {} makes of it is not known", flag.name).into()));
    }
    if it.literals().any(|task| task != "dependencies" && !task.ends_with(":dependencies")) {
        return Step::Installs(What::Held("a task of the project's own may read anything".into()));
    }
    Step::Installs(What::Gradle { wrapper: script.slice(it.name).ends_with("gradlew") })
}

/// Whether `is` it, a command before RUN `index`, in its stage or one that it is built on.
fn runs_before(view: &View<'_>, index: usize, is: impl Fn(&Invocation) -> bool) -> bool {
    before(view, index).filter_map(|at| view.runs(at)).flat_map(invocations).any(|it| is(&it))
}

/// A command without the blanks with which it goes on in the next line.
fn one_line(text: &str) -> String {
    if text.contains(['\'', '"']) {
        return text.to_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
