//! The route that the sources have for the question whether the program is well.

use super::{Reason, Ship};
use crate::context::sources::{self, GO, JAVASCRIPT, Language, PYTHON, RUST};
use crate::context::{Tree, ignore};
use crate::images::Kind;
use crate::transform::brought::copied;

/// What such a route is called, the one that says least of other services first.
const NAMES: &[&str] = &[
    "healthz",
    "health",
    "healthcheck",
    "health-check",
    "livez",
    "live",
    "liveness",
    "ping",
    "readyz",
    "ready",
    "readiness",
];

/// How a language registers a route: what stands right before the string, and, before that, who is asked to.
struct Registers {
    language: &'static Language,
    calls: &'static [&'static str],
    /// Names under which a program calls what has no prefix, each also as the end of a longer name. None: whatever stands there.
    roots: &'static [&'static str],
    /// What sources have where routes get a prefix.
    prefixes: &'static [&'static str],
    /// What sources have where the server speaks TLS.
    encrypted: &'static [&'static str],
    /// What the string may start with.
    method: &'static str,
}

const LANGUAGES: &[Registers] = &[
    // Express, Fastify, Koa, Hono.
    Registers {
        language: &JAVASCRIPT,
        calls: &[".get(", ".all("],
        roots: &["app", "server", "fastify"],
        prefixes: &["basePath(", "prefix:", "setGlobalPrefix("],
        encrypted: &["https.createServer", "createSecureServer", "https: {"],
        method: "",
    },
    // Flask, FastAPI, Starlette.
    Registers {
        language: &PYTHON,
        calls: &[".get(", ".route(", ".api_route("],
        roots: &["app", "application"],
        prefixes: &["APPLICATION_ROOT", "root_path", "DispatcherMiddleware"],
        encrypted: &["ssl_context", "ssl_keyfile", "keyfile=", "wrap_socket"],
        method: "",
    },
    // net/http, gin, echo, chi.
    Registers {
        language: &GO,
        calls: &[".HandleFunc(", ".Handle(", ".GET(", ".Get("],
        roots: &["http", "mux", "router", "r", "e", "app", "engine", "server", "echo", "srv"],
        prefixes: &[".Group(", ".Route(", ".PathPrefix(", ".Mount(", "StripPrefix("],
        encrypted: &["ListenAndServeTLS", "ServeTLS", "RunTLS", "StartTLS", "StartAutoTLS"],
        method: "GET ",
    },
    // axum, actix-web, Rocket.
    Registers {
        language: &RUST,
        calls: &[".route(", "#[get("],
        roots: &[],
        prefixes: &[".nest(", "scope(", ".mount("],
        encrypted: &["bind_rustls", "bind_openssl", "RustlsConfig", "OpenSSLConfig"],
        method: "",
    },
];

/// A route, and the file that has it.
pub(super) struct Route {
    pub path: String,
    pub file: String,
}

/// The route.
pub(super) fn of(ship: &Ship<'_>, tree: &Tree<'_>) -> Result<Route, Reason> {
    let mut found: Vec<(usize, Route)> = Vec::new();
    let mut doubt = None;
    let sources = sources(ship, tree)?;
    for (path, text) in &sources {
        let language = LANGUAGES.iter().find(|it| it.language.is_source(path));
        let Some(language) = language.filter(|it| runs(ship, it)) else { continue };
        // Also in another file.
        let mut texts = sources.iter().filter(|(path, _)| language.language.is_source(path)).map(|(_, text)| text);
        let prefixed = texts.any(|text| language.prefixes.iter().any(|it| text.contains(it)));
        if let Some(word) = language.encrypted.iter().find(|word| text.contains(*word)) {
            return Err(format!("{path} has {word}: the server may not speak plain HTTP").into());
        }
        for (rank, route) in routes(language, text, prefixed) {
            match route {
                Ok(route) => found.push((rank, Route { path: route, file: path.clone() })),
                Err(name) => doubt = doubt.or(Some((name, path.clone()))),
            }
        }
    }
    found.sort_by(|(a, one), (b, other)| (a, one.path.len(), &one.file).cmp(&(b, other.path.len(), &other.file)));
    match (found.into_iter().next(), doubt) {
        (Some((_, route)), _) => Ok(route),
        (None, Some((name, file))) => Err(format!("under which prefix {file} has {name} is not known").into()),
        (None, None) => Err("the sources show no route for it, such as /health".into()),
    }
}

/// Whether what the image runs may be written in a language: where Node or Python is there, nothing else is meant.
fn runs(ship: &Ship<'_>, language: &Registers) -> bool {
    let ending = language.language.endings.first().copied();
    match ship.image.kind {
        Kind::Node | Kind::Bun | Kind::Deno => ending == Some(".js"),
        Kind::Python | Kind::Uv => ending == Some(".py"),
        Kind::Golang => ending == Some(".go"),
        Kind::Rust => ending == Some(".rs"),
        Kind::System | Kind::BuildpackDeps => match ship.words.first().map(String::as_str) {
            Some("node" | "npm" | "yarn" | "pnpm") => ending == Some(".js"),
            Some("python" | "python3" | "gunicorn" | "uvicorn" | "flask") => ending == Some(".py"),
            _ => matches!(ending, Some(".go" | ".rs")),
        },
        _ => false,
    }
}

/// The sources that are copied into the image, or into a stage that it takes something from, but for tests.
fn sources(ship: &Ship<'_>, tree: &Tree<'_>) -> Result<Vec<(String, String)>, Reason> {
    let graph = ship.view.graph();
    let mut stages = vec![ship.view.doc.stages().len() - 1];
    let mut next = 0;
    while let Some(stage) = stages.get(next).copied() {
        for it in graph.uses().iter().filter(|it| it.by == stage) {
            if !stages.contains(&it.of) {
                stages.push(it.of);
            }
        }
        next += 1;
    }
    let all = Language { endings: &[".js", ".mjs", ".cjs", ".ts", ".mts", ".py", ".go", ".rs"], ..sources::NONE };
    let all =
        Language { manifests: &["node_modules", "vendor", "target", "__pycache__", ".venv", "venv", "dist"], ..all };
    let mut found: Vec<(String, String)> = Vec::new();
    for index in stages.into_iter().flat_map(|stage| ship.view.doc.stages()[stage].instructions.clone()) {
        let Some(copied) = copied(ship.view, Some(tree), index) else { continue };
        if let Some((folder, _)) = &copied.folder {
            found.extend(sources::contents(tree, folder, &all)?.sources);
        }
        for (path, _) in copied.files.into_iter().filter(|(path, _)| all.is_source(path)) {
            let text = tree.text(&path)?.unwrap_or_default();
            found.push((path, text));
        }
    }
    found.retain(|(path, _)| !is_test(path));
    found.sort();
    found.dedup();
    Ok(found)
}

fn is_test(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "test",
        "tests",
        "__tests__",
        "spec",
        "mocks",
        "__mocks__",
        "examples",
        "example",
        "e2e",
        "scripts",
        "client",
        "frontend",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    path.split('/').any(|part| FOLDERS.contains(&part))
        || ["*.test.*", "*.spec.*", "*_test.*", "test_*", "mock*"].iter().any(|pattern| ignore::matches(pattern, name))
}

/// The routes of a file, each with its rank; those of which the prefix is not known are in `Err`.
fn routes(by: &Registers, text: &str, prefixed: bool) -> Vec<(usize, Result<String, String>)> {
    let mut found = Vec::new();
    for line in
        text.lines().map(str::trim).filter(|line| !line.starts_with(by.language.comment) && !line.starts_with('*'))
    {
        for (at, call) in by.calls.iter().filter_map(|call| Some((line.find(call)?, *call))) {
            let rest = &line[at + call.len()..];
            let Some(quote) = rest.chars().next().filter(|char| by.language.quotes.contains(char) || *char == '`')
            else {
                continue;
            };
            let Some(path) = rest[1..].split(quote).next() else { continue };
            let path = path.strip_prefix(by.method).unwrap_or(path);
            let plain = path.starts_with('/')
                && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte))
                && path.trim_end_matches('/').matches('/').count() <= 3;
            let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let Some(rank) = NAMES.iter().position(|name| *name == last).filter(|_| plain) else { continue };
            // A method that asks for something else.
            if line.contains("methods") && !line.contains("GET") {
                continue;
            }
            let before = &line[..at];
            let name = before.rsplit(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default();
            // A client asks for it; nobody registers it.
            let asks = [
                "axios",
                "request",
                "requests",
                "client",
                "agent",
                "fetch",
                "superagent",
                "session",
                "httpx",
                "resty",
                "got",
            ];
            let lower = name.to_lowercase();
            if asks.iter().any(|it| lower.ends_with(it))
                || before.contains("await ")
                || before.ends_with(')') && by.roots.contains(&"fastify")
            {
                continue;
            }
            let root = by.roots.is_empty()
                || by.roots.iter().any(|root| name == *root || root.len() > 2 && lower.ends_with(root));
            found.push((rank, if root && !prefixed { Ok(path.to_owned()) } else { Err(path.to_owned()) }));
        }
    }
    found
}
