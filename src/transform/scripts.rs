//! The scripts of package.json: what the image starts, and what a build makes.

use crate::context::Reason;
use crate::context::package::Package;
use crate::shell::{Command, Operator, Script, SourceMap};

/// The words of the only command of a text, assignments left out, without `cross-env`; or why that is not what it is.
pub fn only(text: &str) -> Result<Vec<String>, Reason> {
    let mut commands = all(text).ok_or_else(|| -> Reason { format!("what `{text}` does is not known").into() })?;
    if commands.len() != 1 {
        return Err(format!("`{text}` is more than one command").into());
    }
    Ok(commands.remove(0))
}

/// The commands of a text that are joined by `&&`, each as its words.
fn all(text: &str) -> Option<Vec<Vec<String>>> {
    let script = Script::parse(text, SourceMap::default());
    let mut commands = Vec::new();
    for item in &script.body().ok()?.items {
        if item.and_or.rest.iter().any(|(operator, ..)| *operator == Operator::Or) {
            return None;
        }
        for pipeline in item.pipelines() {
            let [Command::Simple(simple)] = &pipeline.commands[..] else { return None };
            if !simple.redirections.is_empty() {
                return None;
            }
            let words = simple.words.iter().map(|word| match word.literal.as_deref() {
                Some(literal) => Some(literal.to_owned()),
                // A pattern or a variable; its text says enough.
                None if word.substitutions.is_empty() => Some(script.slice(word.span).to_owned()),
                None => None,
            });
            let mut words: Vec<String> = words.collect::<Option<_>>()?;
            if words.first().is_some_and(|word| matches!(&**word, "cross-env" | "env" | "exec")) {
                words.remove(0);
                while words.first().is_some_and(|word| word.contains('=')) {
                    words.remove(0);
                }
            }
            if !words.is_empty() {
                commands.push(words);
            }
        }
    }
    Some(commands)
}

/// The script that a command of a package manager runs: `npm start`, `yarn serve`, `npm run build -- --x`.
pub fn of_manager(words: &[String]) -> Option<&str> {
    let words: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| !matches!(*word, "-s" | "--silent")).collect();
    match words[..] {
        ["npm" | "pnpm" | "yarn" | "bun", "run" | "run-script", name, ..] => Some(name),
        ["npm" | "pnpm" | "yarn" | "bun", name @ ("start" | "test"), ..] => Some(name),
        ["yarn" | "pnpm", name, ..]
            if !name.starts_with('-') && !matches!(name, "install" | "add" | "exec" | "dlx" | "node") =>
        {
            Some(name)
        }
        _ => None,
    }
}

/// What the image starts in the end: the words of a command that is no script of package.json.
pub fn start(package: &Package, words: &[String]) -> Result<Vec<String>, Reason> {
    let mut words = words.to_vec();
    for _ in 0..4 {
        let Some(name) = of_manager(&words) else { return Ok(words) };
        let name = name.to_owned();
        let elsewhere = |word: &&String| {
            matches!(word.split('=').next(), Some("-w" | "--workspace" | "--prefix" | "-C" | "--filter" | "--cwd"))
        };
        if words.iter().any(|word| elsewhere(&word)) {
            return Err(format!("`{}` starts another project", words.join(" ")).into());
        }
        if let Some(other) = around(package, &name) {
            return Err(format!("`{other}` of package.json runs, too, when the image starts").into());
        }
        let Some(text) = package.script(&name) else {
            return Err(format!("package.json has no script `{name}`").into());
        };
        words = only(text)?;
    }
    Err("the scripts of package.json call one another".into())
}

/// The script that a manager runs before or after `name`.
fn around(package: &Package, name: &str) -> Option<String> {
    [format!("pre{name}"), format!("post{name}")].into_iter().find(|name| package.script(name).is_some())
}

/// Whether all that the script `name` makes is in `output`, as far as its commands are known.
pub fn makes_only(package: &Package, name: &str, output: &str, depth: usize) -> bool {
    let names = [format!("pre{name}"), name.to_owned(), format!("post{name}")];
    depth < 4
        && package.script(name).is_some()
        && names.iter().filter_map(|name| package.script(name)).all(|text| {
            all(text)
                .is_some_and(|commands| commands.iter().all(|words| command_makes_only(package, words, output, depth)))
        })
}

fn command_makes_only(package: &Package, words: &[String], output: &str, depth: usize) -> bool {
    if let Some(name) = of_manager(words) {
        return makes_only(package, name, output, depth + 1);
    }
    let words = if words.first().is_some_and(|word| word == "npx") { &words[1..] } else { words };
    let Some((program, rest)) = words.split_first() else { return true };
    let inside = |word: &String| {
        let word = word.trim_start_matches("./");
        word == output || word.strip_prefix(output).is_some_and(|rest| rest.starts_with('/'))
    };
    match &**program {
        "tsc" | "tsc-alias" | "eslint" | "tslint" | "prettier" | "jest" | "vitest" | "mocha" | "echo" | "rimraf"
        | "rm" => true,
        "nest" => rest.first().is_some_and(|word| word == "build"),
        "cp" | "copyfiles" | "cpx" | "ncp" | "mkdir" | "shx" => rest.last().is_some_and(inside),
        "vite" | "react-scripts" | "vue-cli-service" | "ng" => rest.first().is_some_and(|word| word == "build"),
        "tsup" | "swc" | "babel" | "esbuild" => {
            let named = rest
                .iter()
                .any(|word| inside(word) || word.split_once('=').is_some_and(|(_, it)| inside(&it.to_owned())));
            named || &**program == "tsup" && output == "dist"
        }
        _ => false,
    }
}

/// Programs that serve, compile or restart while a developer works.
const DEVELOPMENT: &[&str] = &[
    "nodemon",
    "ts-node",
    "ts-node-dev",
    "tsnd",
    "tsx",
    "babel-node",
    "vite",
    "vite-node",
    "webpack",
    "webpack-dev-server",
    "react-scripts",
    "react-app-rewired",
    "craco",
    "vue-cli-service",
    "ng",
    "nest",
    "parcel",
    "gulp",
    "grunt",
    "expo",
    "rollup",
    "astro",
    "gatsby",
    "quasar",
    "turbo",
    "nx",
    "concurrently",
    "npm-run-all",
    "run-p",
    "snowpack",
    "next-dev",
];

/// Why what the image starts is not for production.
pub fn development(words: &[String]) -> Option<Reason> {
    let program = words.first()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let second = words.get(1).map_or("", String::as_str);
    let dev = DEVELOPMENT.contains(&name)
        || matches!((name, second), ("next" | "nuxt" | "nuxi" | "remix" | "strapi" | "medusa", "dev" | "develop"))
        || matches!(name, "npx" | "bunx") && DEVELOPMENT.contains(&second);
    if dev {
        return Some(
            format!("it starts a development server, or compiles when it starts (`{}`)", words.join(" ")).into(),
        );
    }
    let loads = ["ts-node", "tsx", "babel-node", "@babel/register", "swc-node", "tsconfig-paths", "--watch"];
    let loaded = words.iter().find(|word| loads.iter().any(|load| word.contains(load)));
    loaded.map(|word| format!("it compiles when it starts (`{word}`)").into())
}

/// Programs that come with Python or one of its packages.
pub fn is_of_python(program: &str) -> bool {
    const PROGRAMS: &[&str] = &[
        "python",
        "python3",
        "gunicorn",
        "uvicorn",
        "hypercorn",
        "daphne",
        "flask",
        "celery",
        "waitress-serve",
        "fastapi",
        "streamlit",
        "django-admin",
        "alembic",
        "granian",
        "chainlit",
        "mkdocs",
        "jupyter",
        "scrapy",
        "dramatiq",
        "rq",
        "huey_consumer",
        "litestar",
        "aerich",
        "tornado",
        "prefect",
        "dagster",
        "mlflow",
        "gradio",
        "voila",
        "bokeh",
        "panel",
        "sanic",
        "ddtrace-run",
    ];
    PROGRAMS.contains(&program)
}

/// Programs that come with Ruby or one of its gems.
pub fn is_of_ruby(program: &str) -> bool {
    const PROGRAMS: &[&str] = &[
        "ruby",
        "bundle",
        "rails",
        "rake",
        "puma",
        "pumactl",
        "rackup",
        "unicorn",
        "thin",
        "falcon",
        "sidekiq",
        "resque",
        "hanami",
        "karafka",
        "shoryuken",
        "clockwork",
        "good_job",
        "solid_queue",
        "racksh",
    ];
    let name = program.strip_prefix("./").unwrap_or(program);
    PROGRAMS.contains(&name.strip_prefix("bin/").unwrap_or(name))
}

/// Whether a shell script runs nothing but programs of every system, and those that are `known`.
///
/// # Errors
/// What else it runs.
pub fn harmless(text: &str, known: fn(&str) -> bool) -> Result<(), String> {
    let text = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => rest,
        _ => text,
    };
    let script = Script::parse(text, SourceMap::default());
    if script.body().is_err() {
        return Err("what is not understood".into());
    }
    for simple in script.commands() {
        let Some(first) = simple.words.first() else { continue };
        let name = first.literal.as_deref().unwrap_or("$");
        let second = simple.words.get(1).and_then(|word| word.literal.as_deref());
        let name = if name == "exec" { second.unwrap_or("$") } else { name };
        let known = known(name)
            || matches!(
                name,
                "set"
                    | "echo"
                    | "cd"
                    | "export"
                    | "sleep"
                    | "true"
                    | "exit"
                    | ":"
                    | "["
                    | "test"
                    | "mkdir"
                    | "rm"
                    | "cat"
                    | "printf"
                    | "date"
                    | "until"
                    | "wait"
                    | "shift"
                    | "trap"
            )
            || script.slice(first.span) == "exec"
                && simple.words.get(1).is_some_and(|word| script.slice(word.span) == "\"$@\"");
        if !known {
            return Err(script.slice(simple.span).split_whitespace().take(3).collect::<Vec<_>>().join(" "));
        }
    }
    Ok(())
}
