//! Which packages of a project only its development needs, and whether its sources name one all the same.
//!
//! <https://docs.astral.sh/uv/concepts/projects/dependencies/#development-dependencies>,
//! <https://python-poetry.org/docs/managing-dependencies/#dependency-groups>,
//! <https://getcomposer.org/doc/04-schema.md#require-dev>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use toml::{Table, Value};

use super::Look;
use super::tree::{Reason, Tree, join};

/// More files than these are not read.
const MOST: usize = 3_000;

/// What an installation without the packages for development leaves out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Development {
    /// The packages that the project asks for, as it names them.
    pub asked: Vec<String>,
    /// These, and all that come with them alone.
    pub all: BTreeSet<String>,
}

/// <https://packaging.python.org/en/latest/specifications/name-normalization/>
pub(super) fn normal(name: &str) -> String {
    let parts = name.trim().split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// The name at the start of a requirement of Python.
fn named(text: &str) -> String {
    let end = text.find(|it: char| "[<>=!~@(; ".contains(it)).unwrap_or(text.len());
    normal(&text[..end])
}

/// All that `roots` depend on, they themselves included.
fn reached(graph: &BTreeMap<String, Vec<String>>, roots: &[String]) -> BTreeSet<String> {
    let (mut all, mut next) = (BTreeSet::new(), roots.to_vec());
    while let Some(name) = next.pop() {
        if all.insert(name.clone()) {
            next.extend(graph.get(&name).into_iter().flatten().cloned());
        }
    }
    all
}

fn left_out(graph: &BTreeMap<String, Vec<String>>, kept: &[String], mut asked: Vec<String>) -> Option<Development> {
    let kept = reached(graph, kept);
    let all: BTreeSet<String> = reached(graph, &asked).difference(&kept).cloned().collect();
    asked.retain(|name| all.contains(name));
    asked.sort_unstable();
    asked.dedup();
    (!all.is_empty()).then_some(Development { asked, all })
}

/// What `uv sync --no-dev` leaves out of the project in `folder`; `None` if that is nothing.
///
/// # Errors
/// If that is not known.
pub fn uv(tree: &Tree<'_>, folder: &str) -> Result<Option<Development>, Reason> {
    let (manifest, lock) = (toml_of(tree, folder, "pyproject.toml")?, toml_of(tree, folder, "uv.lock")?);
    let tool = manifest.get("tool").and_then(|tool| tool.get("uv"));
    for key in ["default-groups", "workspace"] {
        if tool.is_some_and(|tool| tool.get(key).is_some()) {
            return Err(format!("what {key} of pyproject.toml makes of it is not known").into());
        }
    }
    let names = |list: Option<&Value>| -> Vec<String> {
        let list = list.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|one| one.get("name")?.as_str().map(normal)).collect()
    };
    let project = manifest.get("project").and_then(|project| project.get("name")).and_then(Value::as_str).map(normal);
    let (mut graph, mut kept, mut asked) = (BTreeMap::<String, Vec<String>>::new(), Vec::new(), Vec::new());
    for package in lock.get("package").and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = package.get("name").and_then(Value::as_str).map(normal) else { continue };
        let extras = package.get("optional-dependencies").and_then(Value::as_table).into_iter().flat_map(Table::values);
        let mut all = names(package.get("dependencies"));
        all.extend(extras.flat_map(|list| names(Some(list))));
        if Some(&name) == project.as_ref() {
            asked = names(package.get("dev-dependencies").and_then(|groups| groups.get("dev")));
            kept = all;
        } else {
            graph.entry(name).or_default().extend(all);
        }
    }
    Ok(left_out(&graph, &kept, asked))
}

/// What `poetry install --only main` leaves out of the project in `folder`; `None` if that is nothing.
///
/// # Errors
/// If that is not known.
pub fn poetry(tree: &Tree<'_>, folder: &str) -> Result<Option<Development>, Reason> {
    let (manifest, lock) = (toml_of(tree, folder, "pyproject.toml")?, toml_of(tree, folder, "poetry.lock")?);
    let poetry = manifest.get("tool").and_then(|tool| tool.get("poetry"));
    let keys = |table: Option<&Value>| -> Vec<String> {
        let names = table.and_then(Value::as_table).into_iter().flat_map(Table::keys);
        names.filter(|name| *name != "python").map(|name| normal(name)).collect()
    };
    let texts = |list: Option<&Value>| -> Vec<String> {
        let list = list.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(named).collect()
    };
    let of = |key: &str| poetry.and_then(|poetry| poetry.get(key));
    let mut kept = keys(of("dependencies"));
    if let Some(project) = manifest.get("project") {
        kept.extend(texts(project.get("dependencies")));
        let extras = project.get("optional-dependencies").and_then(Value::as_table).into_iter().flat_map(Table::values);
        kept.extend(extras.flat_map(|list| texts(Some(list))));
    }
    let mut asked = keys(of("dev-dependencies"));
    for group in of("group").and_then(Value::as_table).into_iter().flat_map(Table::values) {
        if group.get("optional").and_then(Value::as_bool) != Some(true) {
            asked.extend(keys(group.get("dependencies")));
        }
    }
    let groups = manifest.get("dependency-groups").and_then(Value::as_table).into_iter().flat_map(Table::values);
    asked.extend(groups.flat_map(|list| texts(Some(list))));
    let mut graph = BTreeMap::<String, Vec<String>>::new();
    for package in lock.get("package").and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = package.get("name").and_then(Value::as_str).map(normal) else { continue };
        graph.entry(name).or_default().extend(keys(package.get("dependencies")));
    }
    Ok(left_out(&graph, &kept, asked))
}

fn toml_of(tree: &Tree<'_>, folder: &str, name: &str) -> Result<Table, Reason> {
    let path = join(folder, name).unwrap_or_default();
    tree.toml(&path)?.ok_or_else(|| format!("there is no {path} in the context").into())
}

/// Packages whose modules are called otherwise.
#[rustfmt::skip]
const MODULES: &[(&str, &[&str])] = &[
    ("attrs", &["attr", "attrs"]), ("beautifulsoup4", &["bs4"]), ("django-debug-toolbar", &["debug_toolbar"]),
    ("factory-boy", &["factory"]), ("gitpython", &["git"]), ("ipython", &["IPython"]), ("jinja2", &["jinja2"]),
    ("msgpack-python", &["msgpack"]), ("pillow", &["PIL"]), ("protobuf", &["google"]), ("pyjwt", &["jwt"]),
    ("pyopenssl", &["OpenSSL"]), ("pytest", &["pytest", "_pytest"]), ("python-dateutil", &["dateutil"]),
    ("python-dotenv", &["dotenv"]), ("pyyaml", &["yaml"]), ("scikit-learn", &["sklearn"]),
    ("setuptools", &["setuptools", "pkg_resources"]), ("opencv-python", &["cv2"]), ("pycryptodome", &["Crypto"]),
    ("python-slugify", &["slugify"]), ("ruamel-yaml", &["ruamel"]), ("djangorestframework", &["rest_framework"]),
    ("pysocks", &["socks"]), ("py", &["py"]), ("mypy", &["mypy", "mypyc"]), ("pynacl", &["nacl"]), ("pyzmq", &["zmq"]),
    ("python-multipart", &["multipart", "python_multipart"]), ("email-validator", &["email_validator"]),
    ("psycopg2-binary", &["psycopg2"]), ("psycopg-binary", &["psycopg"]), ("mysqlclient", &["MySQLdb"]),
    ("pywin32", &["win32api"]), ("websocket-client", &["websocket"]), ("grpcio", &["grpc"]),
    ("django-stubs", &[]), ("sphinx", &["sphinx"]), ("antlr4-python3-runtime", &["antlr4"]),
];

/// Packages that others load where they are there, so that no source names them.
#[rustfmt::skip]
const BY_NAME: &[&str] = &[
    "psycopg2", "psycopg2-binary", "psycopg", "psycopg-binary", "mysqlclient", "pymysql", "asyncpg", "aiosqlite", "aiomysql",
    "redis", "uvicorn", "gunicorn", "hypercorn", "daphne", "uvloop", "httptools", "watchfiles", "websockets",
    "python-multipart", "email-validator", "jinja2", "python-dotenv", "pydantic-settings", "whitenoise", "pillow", "orjson",
    "bcrypt", "argon2-cffi", "cryptography", "pyarrow", "openpyxl", "lxml", "greenlet", "setuptools", "tzdata", "hiredis",
];

fn modules(package: &str) -> Vec<String> {
    match MODULES.iter().find(|(name, _)| *name == package) {
        Some((_, modules)) => modules.iter().map(|module| (*module).to_owned()).collect(),
        None if package.starts_with("types-") || package.ends_with("-stubs") => Vec::new(),
        None => vec![package.replace('-', "_")],
    }
}

/// Why the sources of Python in `folder` may need one of the packages, if they may.
///
/// # Errors
/// If they cannot be read.
pub fn python(tree: &Tree<'_>, folder: &str, without: &Development) -> Result<Option<String>, Reason> {
    if let Some(name) = without.all.iter().find(|name| BY_NAME.contains(&&***name)) {
        return Ok(Some(format!("{name}, which would be left out, is loaded by name")));
    }
    let all: Vec<(String, &String)> =
        without.all.iter().flat_map(|name| modules(name).into_iter().map(move |module| (module, name))).collect();
    let test = |name: &str| {
        matches!(name, "tests" | "test" | "conftest.py" | "noxfile.py" | "docs")
            || name.starts_with("test_")
            || name.ends_with("_test.py")
    };
    for path in files(tree, folder, &[".py"], &test)? {
        let text = tree.text(&path)?.unwrap_or_default();
        let imports: BTreeSet<&str> = text.lines().flat_map(imported).collect();
        if let Some((_, name)) = all.iter().find(|(module, _)| imports.contains(&**module)) {
            return Ok(Some(format!("{path} imports {name}, which would be left out")));
        }
        // What is installed is a list of names in Django.
        let quoted = |module: &str| {
            ['"', '\''].iter().any(|quote| {
                let open = format!("{quote}{module}");
                text.match_indices(&open).any(|(at, _)| text[at + open.len()..].starts_with(['"', '\'', '.']))
            })
        };
        let asked = all.iter().filter(|(_, name)| without.asked.contains(name));
        if let Some((_, name)) = asked.into_iter().find(|(module, _)| quoted(module)) {
            return Ok(Some(format!("a string of {path} names {name}, which would be left out")));
        }
    }
    Ok(None)
}

/// The modules that a line of Python imports, without those that they are in.
fn imported(line: &str) -> Vec<&str> {
    let line = line.trim().trim_start_matches(">>> ");
    let top = |name: &'_ str| name.trim().split(['.', ' ', ';', '#']).next().unwrap_or_default().len();
    if let Some(rest) = line.strip_prefix("from ") {
        let rest = rest.trim_start();
        return vec![&rest[..top(rest)]];
    }
    let Some(rest) = line.strip_prefix("import ") else { return Vec::new() };
    rest.split(',').map(str::trim).map(|name| &name[..top(name)]).collect()
}

/// The packages that `composer install --no-dev` leaves out of the project in `folder`; `None` if there are none.
///
/// # Errors
/// If that is not known.
pub fn composer(tree: &Tree<'_>, folder: &str) -> Result<Option<Development>, Reason> {
    let path = |name: &str| join(folder, name).unwrap_or_default();
    let manifest = tree.json(&path("composer.json"))?.unwrap_or_default();
    let keys = |value: Option<&Json>| -> Vec<String> {
        value.and_then(Json::as_object).into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let asked: Vec<String> = keys(manifest.get("require-dev")).into_iter().filter(|name| name.contains('/')).collect();
    if asked.is_empty() {
        return Ok(None);
    }
    let lock = tree.json(&path("composer.lock"))?.ok_or("there is no composer.lock to tell what comes with them")?;
    let packages = lock.get("packages-dev").and_then(Json::as_array).into_iter().flatten();
    let all = packages.filter_map(|package| package.get("name")?.as_str().map(str::to_owned)).collect();
    Ok(Some(Development { asked, all }))
}

/// Packages whose classes are found by a list, with the namespaces that they are in.
#[rustfmt::skip]
const LISTED: &[(&str, &[&str])] = &[
    ("phpunit/", &["PHPUnit"]), ("sebastian/", &["SebastianBergmann"]), ("phar-io/", &["PharIo"]),
    ("theseer/tokenizer", &["TheSeer\\Tokenizer"]), ("phpstan/phpstan", &["PHPStan"]), ("vimeo/psalm", &["Psalm"]),
    ("phpspec/prophecy", &["Prophecy"]), ("squizlabs/php_codesniffer", &["PHP_CodeSniffer"]), ("hamcrest/", &["Hamcrest"]),
    ("mockery/mockery", &["Mockery"]), ("laravel/pint", &[]), ("friendsofphp/php-cs-fixer", &["PhpCsFixer"]),
    ("staabm/side-effects-detector", &["staabm\\SideEffectsDetector"]), ("rector/rector", &["Rector"]),
    ("symplify/", &["Symplify"]), ("ta-tikoma/phpunit-architecture-test", &["PHPUnit\\Architecture"]),
];

/// Packages with functions that need no name of a package: which of them a project may call.
#[rustfmt::skip]
const FUNCTIONS: &[(&str, &[&str])] = &[
    ("symfony/var-dumper", &["dump(", "dd("]), ("phpunit/phpunit", &[]), ("mockery/mockery", &[]), ("hamcrest/hamcrest-php", &[]),
    ("myclabs/deep-copy", &[]), ("pestphp/", &[]), ("symfony/polyfill-", &[]), ("brianium/paratest", &[]), ("nunomaduro/", &[]),
    ("phpstan/phpstan", &[]), ("symfony/string", &[]), ("react/", &[]), ("symfony/deprecation-contracts", &[]),
    ("rector/rector", &[]), ("vimeo/psalm", &[]), ("amphp/", &[]), ("squizlabs/php_codesniffer", &[]), ("filp/whoops", &[]),
];

/// Why the sources of PHP in `folder` may need one of the packages, if they may. For `production`, Symfony loads no bundle
/// that is for development.
///
/// # Errors
/// If they cannot be read.
pub fn php(tree: &Tree<'_>, folder: &str, production: bool) -> Result<Option<String>, Reason> {
    let path = |name: &str| join(folder, name).unwrap_or_default();
    let (manifest, lock) = (
        tree.json(&path("composer.json"))?.unwrap_or_default(),
        tree.json(&path("composer.lock"))?.unwrap_or_default(),
    );
    let mut names: Vec<(String, String)> = Vec::new();
    let mut calls: Vec<(&str, String)> = Vec::new();
    for package in lock.get("packages-dev").and_then(Json::as_array).into_iter().flatten() {
        let name = package.get("name").and_then(Json::as_str).unwrap_or_default();
        let autoload = |kind: &str| package.get("autoload").and_then(|autoload| autoload.get(kind));
        let listed = LISTED.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, names)| *names);
        let spaces = ["psr-4", "psr-0"].iter().filter_map(|kind| autoload(kind)?.as_object()).flatten();
        let mut own: Vec<String> = spaces.map(|(space, _)| space.trim_end_matches('\\').to_owned()).collect();
        own.extend(listed.into_iter().flatten().map(|space| (*space).to_owned()));
        own.retain(|space| !space.is_empty());
        if own.is_empty() && listed.is_none() && autoload("classmap").is_some() {
            return Ok(Some(format!("which classes {name} has is not known")));
        }
        if autoload("files").is_some() {
            let Some((_, functions)) = FUNCTIONS.iter().find(|(prefix, _)| name.starts_with(prefix)) else {
                return Ok(Some(format!("which functions {name} has is not known")));
            };
            calls.extend(functions.iter().map(|call| (*call, name.to_owned())));
        }
        names.extend(own.into_iter().map(|space| (space, name.to_owned())));
    }
    let mut tests: Vec<String> = Vec::new();
    let development = manifest.get("autoload-dev").and_then(|autoload| autoload.get("psr-4")).and_then(Json::as_object);
    for (space, place) in development.into_iter().flatten() {
        names.push((space.trim_end_matches('\\').to_owned(), "autoload-dev of composer.json".to_owned()));
        tests.extend(place.as_str().map(|place| place.trim_end_matches('/').to_owned()));
    }
    let skipped = |name: &str| {
        matches!(name, "tests" | "test" | "Tests" | "spec" | "storage" | "composer.json" | "package.json")
            || name.starts_with("phpunit")
            || name.starts_with("phpstan")
            || name.starts_with("psalm")
            || name == "rector.php"
            || tests.iter().any(|test| test == name)
    };
    for path in files(tree, folder, &[".php", ".phtml", ".yaml", ".yml", ".xml", ".json", ".neon"], &skipped)? {
        let mut text = tree.text(&path)?.unwrap_or_default();
        if production && path == self::join(folder, "config/bundles.php").unwrap_or_default() {
            let kept = |line: &&str| !line.contains("=> [") || line.contains("'all'") || line.contains("'prod'");
            text = text.lines().filter(kept).collect::<Vec<_>>().join("\n");
        }
        let whole = |space: &str| {
            let before =
                |at: usize| text[..at].chars().next_back().is_none_or(|it| !(it.is_alphanumeric() || it == '_'));
            text.match_indices(space).any(|(at, _)| text[at + space.len()..].starts_with('\\') && before(at))
        };
        let found =
            names.iter().find(|(space, _)| whole(space) || space.contains('\\') && whole(&space.replace('\\', "\\\\")));
        if let Some((_, name)) = found {
            return Ok(Some(format!("{path} names a class of {name}, which would be left out")));
        }
        let called = |call: &str| {
            text.match_indices(call)
                .any(|(at, _)| !text[..at].ends_with(|it: char| it.is_alphanumeric() || "_>:\\$".contains(it)))
        };
        if let Some((call, name)) = calls.iter().find(|(call, _)| called(call)) {
            return Ok(Some(format!("{path} calls {call}…) of {name}, which would be left out")));
        }
    }
    Ok(None)
}

/// The files below `folder` whose names end with one of `endings`, without folders and files that are `skipped`.
fn files(
    tree: &Tree<'_>,
    folder: &str,
    endings: &[&str],
    skipped: &dyn Fn(&str) -> bool,
) -> Result<Vec<String>, Reason> {
    const SKIPPED: &[&str] = &["node_modules", "vendor", "venv", "__pycache__", "target", "dist"];
    let (mut all, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for name in tree.names(&folder)? {
            seen += 1;
            if seen > 4 * MOST || all.len() > MOST {
                return Err("there are too many files to read them all".into());
            }
            let path = join(&folder, &name).unwrap_or_default();
            if name.starts_with('.') || SKIPPED.contains(&&*name) || skipped(&name) {
                continue;
            }
            match tree.world().look(&path) {
                Some(Look::Directory) => folders.push(path),
                Some(Look::File) if endings.iter().any(|ending| name.ends_with(ending)) && tree.has(&path)? => {
                    all.push(path);
                }
                _ => {}
            }
        }
    }
    all.sort_unstable();
    Ok(all)
}
