//! What a project of CMake builds, and what that is linked with: `CMakeLists.txt`, of which only the usual commands are
//! understood.
//!
//! <https://cmake.org/cmake/help/latest/manual/cmake-language.7.html>,
//! <https://cmake.org/cmake/help/latest/manual/cmake-commands.7.html>

mod language;

use std::collections::BTreeMap;

use language::{Argument, commands};

use super::compiler::flag;
use super::tree::{Reason, Tree, join};

/// What a project builds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// Its programs.
    pub programs: Vec<Program>,
    /// What they are linked with, as it is written, and without libraries of its own.
    pub libraries: Vec<String>,
    /// It installs more than programs.
    pub installs_more: bool,
    own: Vec<String>,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it is built: an absolute path of the image.
    pub path: String,
    /// Where it is installed, below the prefix.
    pub installed: Option<String>,
    target: String,
}

/// What the project in `folder` builds, which is at `source` in the image, into `build`. `defines` are variables that the
/// command line sets.
///
/// # Errors
/// Why that is not known.
pub fn project(
    tree: &Tree<'_>,
    folder: &str,
    source: &str,
    build: &str,
    defines: &[(String, String)],
) -> Result<Project, Reason> {
    let mut reader =
        Reader { tree, project: Project::default(), variables: BTreeMap::new(), given: Vec::new(), depth: 0 };
    for name in ["CMAKE_SOURCE_DIR", "PROJECT_SOURCE_DIR"] {
        reader.variables.insert(name.into(), source.into());
    }
    for name in ["CMAKE_BINARY_DIR", "PROJECT_BINARY_DIR"] {
        reader.variables.insert(name.into(), build.into());
    }
    for (name, value) in defines {
        if name != "CMAKE_INSTALL_PREFIX" {
            reader.set(name, &[value], "the command line")?;
        }
        reader.given.push(name.clone());
    }
    reader.list(folder, source, build)?;
    let mut project = reader.project;
    let Project { own, programs, libraries, .. } = &mut project;
    libraries.retain(|name| !own.contains(name) && !programs.iter().any(|program| program.target == *name));
    Ok(project)
}

impl Program {
    /// Whether this is its target.
    #[must_use]
    pub fn is(&self, target: &str) -> bool {
        self.target == target
    }
}

struct Reader<'t, 'w> {
    tree: &'t Tree<'w>,
    project: Project,
    variables: BTreeMap<String, String>,
    /// What the command line sets.
    given: Vec<String>,
    depth: usize,
}

/// Commands that neither build nor link anything.
const HARMLESS: &[&str] = &[
    "cmake_minimum_required",
    "cmake_policy",
    "option",
    "message",
    "find_package",
    "include_directories",
    "add_compile_options",
    "add_definitions",
    "add_compile_definitions",
    "target_include_directories",
    "target_compile_definitions",
    "target_compile_features",
    "target_precompile_headers",
    "target_sources",
    "enable_testing",
    "add_test",
    "gtest_discover_tests",
    "add_dependencies",
    "mark_as_advanced",
    "source_group",
    "check_cxx_compiler_flag",
    "check_c_compiler_flag",
    "check_include_file",
    "string",
    "if",
    "elseif",
    "else",
    "endif",
];

/// Languages whose programs need libraries of their own.
const LANGUAGES: &[&str] = &["Fortran", "CUDA", "HIP", "OBJC", "OBJCXX", "Swift", "CSharp", "ISPC"];

/// Modules of CMake that only define commands and variables.
const MODULES: &[&str] = &[
    "GNUInstallDirs",
    "CTest",
    "CheckCXXCompilerFlag",
    "CheckCCompilerFlag",
    "CheckIncludeFile",
    "FindPkgConfig",
    "FindThreads",
    "GoogleTest",
    "CMakePrintHelpers",
    "CheckIPOSupported",
];

/// Variables of CMake that say nothing of where programs are, or what they are linked with.
const SETTINGS: &[&str] = &[
    "CMAKE_BUILD_TYPE",
    "CMAKE_CXX_STANDARD",
    "CMAKE_CXX_STANDARD_REQUIRED",
    "CMAKE_CXX_EXTENSIONS",
    "CMAKE_C_STANDARD",
    "CMAKE_C_STANDARD_REQUIRED",
    "CMAKE_C_EXTENSIONS",
    "CMAKE_EXPORT_COMPILE_COMMANDS",
    "CMAKE_POSITION_INDEPENDENT_CODE",
    "CMAKE_INTERPROCEDURAL_OPTIMIZATION",
    "CMAKE_VERBOSE_MAKEFILE",
    "CMAKE_INCLUDE_CURRENT_DIR",
    "CMAKE_COLOR_MAKEFILE",
    "CMAKE_CXX_COMPILER",
    "CMAKE_C_COMPILER",
    "CMAKE_ARCHIVE_OUTPUT_DIRECTORY",
    "CMAKE_LIBRARY_OUTPUT_DIRECTORY",
];

/// Variables of CMake that say where programs are.
const PLACES: &[&str] = &["CMAKE_RUNTIME_OUTPUT_DIRECTORY", "CMAKE_INSTALL_BINDIR"];

/// Properties of that kind.
const PROPERTIES: &[&str] = &[
    "CXX_STANDARD",
    "CXX_STANDARD_REQUIRED",
    "CXX_EXTENSIONS",
    "C_STANDARD",
    "C_STANDARD_REQUIRED",
    "C_EXTENSIONS",
    "POSITION_INDEPENDENT_CODE",
    "INTERPROCEDURAL_OPTIMIZATION",
    "LINKER_LANGUAGE",
    "FOLDER",
];

impl Reader<'_, '_> {
    /// Reads `CMakeLists.txt` in `folder` of the context, which is at `source`; what it builds goes below `build`.
    fn list(&mut self, folder: &str, source: &str, build: &str) -> Result<(), Reason> {
        self.depth += 1;
        if self.depth > 16 {
            return Err("the folders of the project hold one another".into());
        }
        let path = join(folder, "CMakeLists.txt").unwrap_or_default();
        let text = self.tree.text(&path)?.ok_or_else(|| format!("{path} is not in the context"))?;
        let commands = commands(&text).ok_or_else(|| format!("{path} is not understood"))?;
        let kept = self.variables.clone();
        let own = [
            ("CMAKE_CURRENT_SOURCE_DIR", source),
            ("CMAKE_CURRENT_LIST_DIR", source),
            ("CMAKE_CURRENT_BINARY_DIR", build),
        ];
        for (name, value) in own {
            self.variables.insert(name.into(), value.into());
        }
        let mut conditions = 0_usize;
        for (name, raw) in commands {
            let name = name.to_ascii_lowercase();
            match &*name {
                "if" => conditions += 1,
                "endif" => conditions = conditions.saturating_sub(1),
                _ => {}
            }
            let arguments: Vec<String> = raw.iter().flat_map(|argument| self.expand(argument)).collect();
            self.command(&name, &arguments, conditions > 0, folder, source, build, &path)?;
        }
        self.variables = kept;
        self.depth -= 1;
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "what a command stands in")]
    fn command(
        &mut self,
        name: &str,
        arguments: &[String],
        conditional: bool,
        folder: &str,
        source: &str,
        build: &str,
        path: &str,
    ) -> Result<(), Reason> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let unknown = || -> Reason { format!("what `{name}({})` in {path} does is not known", words.join(" ")).into() };
        if words.iter().any(|word| word.contains("BUILD_SHARED_LIBS")) {
            return Err(format!("{path} may build shared libraries").into());
        }
        match (name, &words[..]) {
            ("project", [_, rest @ ..]) if rest.iter().any(|word| LANGUAGES.contains(word)) => return Err(unknown()),
            ("project", [project, ..]) => {
                for name in ["PROJECT_NAME", "CMAKE_PROJECT_NAME"] {
                    if name == "PROJECT_NAME" || self.depth == 1 {
                        self.variables.insert(name.into(), (*project).to_owned());
                    }
                }
                self.variables.insert("PROJECT_SOURCE_DIR".into(), source.to_owned());
                self.variables.insert("PROJECT_BINARY_DIR".into(), build.to_owned());
            }
            ("set", [variable, values @ ..]) => {
                if variable.starts_with("ENV{") {
                    return Err(unknown());
                }
                let end =
                    values.iter().position(|word| matches!(*word, "CACHE" | "PARENT_SCOPE")).unwrap_or(values.len());
                if values.contains(&"PARENT_SCOPE") {
                    return Err(unknown());
                }
                if conditional && !SETTINGS.contains(variable) && !variable.ends_with("_FLAGS") {
                    // It is this or that.
                    if variable.starts_with("CMAKE_") {
                        return Err(unknown());
                    }
                    self.forget(variable);
                } else if end < values.len() && self.given.iter().any(|name| name == variable) {
                    // The command line says more than a default.
                } else {
                    self.set(variable, &values[..end], path)?;
                }
            }
            ("unset", [variable, ..]) => self.forget(variable),
            ("list", ["APPEND", variable, items @ ..]) if !variable.starts_with("CMAKE_") => {
                // In a condition, too: that is more than what is linked, never less.
                let old = self.variables.get(*variable).cloned().unwrap_or_else(|| format!("${{{variable}}}"));
                self.variables.insert((*variable).to_owned(), format!("{old};{}", items.join(";")));
            }
            ("list", [_, variable, ..]) if !variable.starts_with("CMAKE_") => self.forget(variable),
            ("file", ["GLOB" | "GLOB_RECURSE", variable, ..]) => self.forget(variable),
            ("include", [module, ..]) if MODULES.contains(module) => {
                if *module == "GNUInstallDirs" {
                    self.variables.entry("CMAKE_INSTALL_BINDIR".into()).or_insert_with(|| "bin".into());
                }
            }
            ("find_library", [variable, rest @ ..]) => {
                let first = rest.iter().find(|word| !matches!(**word, "NAMES" | "REQUIRED"));
                self.variables.insert((*variable).to_owned(), format!("-l{}", first.ok_or_else(unknown)?));
            }
            ("pkg_check_modules" | "pkg_search_module", [prefix, modules @ ..]) => {
                let names = modules.iter().filter(|word| {
                    !matches!(**word, "REQUIRED" | "QUIET" | "IMPORTED_TARGET" | "GLOBAL" | "NO_CMAKE_PATH")
                });
                let names: Vec<&str> = names.map(|word| word.split(['<', '>', '=']).next().unwrap_or(word)).collect();
                for end in ["_LIBRARIES", "_LDFLAGS", "_LINK_LIBRARIES", "_STATIC_LIBRARIES"] {
                    self.variables.insert(format!("{prefix}{end}"), names.join(";"));
                }
                for end in ["_LIBRARY_DIRS", "_INCLUDE_DIRS", "_CFLAGS", "_CFLAGS_OTHER", "_LDFLAGS_OTHER"] {
                    self.variables.insert(format!("{prefix}{end}"), String::new());
                }
                self.variables.insert(format!("PkgConfig::{prefix}"), names.join(";"));
            }
            ("add_executable", [target, rest @ ..]) => {
                if conditional || target.contains('$') || matches!(rest.first(), Some(&"IMPORTED" | &"ALIAS")) {
                    return Err(unknown());
                }
                let into = match self.variables.get("CMAKE_RUNTIME_OUTPUT_DIRECTORY") {
                    Some(into) => absolute(build, into).ok_or_else(unknown)?,
                    None => build.to_owned(),
                };
                let path = format!("{}/{target}", into.trim_end_matches('/'));
                self.project.programs.push(Program { path, installed: None, target: (*target).to_owned() });
            }
            ("add_library", [target, rest @ ..]) => {
                if matches!(rest.first(), Some(&"SHARED" | &"MODULE")) || rest.contains(&"IMPORTED") {
                    return Err(format!("{path} builds a library that is loaded when it runs ({target})").into());
                }
                self.project.own.push((*target).to_owned());
            }
            ("add_subdirectory", [inner, rest @ ..]) if rest.is_empty() || rest == ["EXCLUDE_FROM_ALL"] => {
                let inner_folder = join(folder, inner).ok_or_else(unknown)?;
                if conditional && !matches!(*inner, "test" | "tests") {
                    return Err(unknown());
                }
                self.list(
                    &inner_folder,
                    &format!("{}/{inner}", source.trim_end_matches('/')),
                    &format!("{build}/{inner}"),
                )?;
            }
            ("target_link_libraries" | "target_link_options" | "target_compile_options", [_, items @ ..]) => {
                for item in items.iter().filter(|item| {
                    !matches!(
                        **item,
                        "PRIVATE"
                            | "PUBLIC"
                            | "INTERFACE"
                            | "general"
                            | "optimized"
                            | "debug"
                            | "LINK_PUBLIC"
                            | "LINK_PRIVATE"
                            | "BEFORE"
                    )
                }) {
                    self.link(item, name != "target_link_libraries").map_err(|reason| format!("{path}: {reason}"))?;
                }
            }
            ("link_libraries" | "add_link_options" | "add_compile_options", items) => {
                for item in items {
                    self.link(item, name != "link_libraries").map_err(|reason| format!("{path}: {reason}"))?;
                }
            }
            ("set_target_properties", [target, "PROPERTIES", pairs @ ..]) => {
                for pair in pairs.chunks(2) {
                    let [property, value] = pair else { return Err(unknown()) };
                    self.property(target, property, value, build).ok_or_else(unknown)?;
                }
            }
            ("set_property", ["TARGET", target, "PROPERTY", property, value]) => {
                self.property(target, property, value, build).ok_or_else(unknown)?;
            }
            // A header.
            ("configure_file", [_, output, ..])
                if [".h", ".hpp", ".hh"].iter().any(|ending| output.ends_with(ending)) => {}
            ("install", ["TARGETS", rest @ ..]) => self.installs(rest).ok_or_else(unknown)?,
            ("install", _) => self.project.installs_more = true,
            (name, _) if HARMLESS.contains(&name) => {}
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// What a variable is, is not known from here on; nor is it what it would be without the project.
    fn forget(&mut self, variable: &str) {
        self.variables.insert(variable.to_owned(), format!("${{?{variable}}}"));
    }

    fn set(&mut self, name: &str, values: &[impl AsRef<str>], path: &str) -> Result<(), Reason> {
        let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
        let name = name.split(':').next().unwrap_or(name);
        let flags =
            ["CMAKE_CXX_FLAGS", "CMAKE_C_FLAGS", "CMAKE_EXE_LINKER_FLAGS"].iter().any(|start| name.starts_with(start));
        if flags {
            for word in values.iter().flat_map(|value| value.split_whitespace()) {
                self.link(word, true).map_err(|reason| format!("{path}: {reason}"))?;
            }
        } else if name == "BUILD_SHARED_LIBS"
            || name.starts_with("CMAKE_") && !SETTINGS.contains(&name) && !PLACES.contains(&name)
        {
            return Err(format!("{path} sets {name}").into());
        }
        self.variables.insert(name.to_owned(), values.join(";"));
        Ok(())
    }

    /// Adds what is linked: a library, or a flag of the linker.
    fn link(&mut self, item: &str, only_flags: bool) -> Result<(), String> {
        if item.starts_with("$<") {
            return Err(format!("what `{item}` is, is not known"));
        }
        if item.starts_with('-') {
            return flag(item, &mut self.project.libraries);
        }
        if only_flags {
            let own = item.starts_with("${CMAKE_") && item.ends_with("_FLAGS}");
            return if item.contains('$') && !own { Err(format!("what `{item}` is, is not known")) } else { Ok(()) };
        }
        if let Some(names) = self.variables.get(item).filter(|_| item.starts_with("PkgConfig::")) {
            self.project.libraries.extend(names.split(';').map(str::to_owned));
        } else {
            self.project.libraries.push(item.to_owned());
        }
        Ok(())
    }

    fn property(&mut self, target: &str, property: &str, value: &str, build: &str) -> Option<()> {
        let program = self.project.programs.iter_mut().find(|program| program.target == target);
        match property {
            "OUTPUT_NAME" | "RUNTIME_OUTPUT_DIRECTORY" if value.contains('$') => return None,
            "OUTPUT_NAME" => {
                let Some(program) = program else { return Some(()) };
                let folder = program.path.rsplit_once('/')?.0.to_owned();
                program.path = format!("{folder}/{value}");
            }
            "RUNTIME_OUTPUT_DIRECTORY" => {
                let Some(program) = program else { return Some(()) };
                let name = program.path.rsplit('/').next()?.to_owned();
                program.path = format!("{}/{name}", absolute(build, value)?);
            }
            _ if PROPERTIES.contains(&property) => {}
            _ => return None,
        }
        Some(())
    }

    fn installs(&mut self, words: &[&str]) -> Option<()> {
        const KEYWORDS: &[&str] = &[
            "RUNTIME",
            "LIBRARY",
            "ARCHIVE",
            "DESTINATION",
            "COMPONENT",
            "EXPORT",
            "INCLUDES",
            "PERMISSIONS",
            "OPTIONAL",
        ];
        let targets = words.iter().position(|word| KEYWORDS.contains(word)).unwrap_or(words.len());
        let (targets, rest) = words.split_at(targets);
        let mut into = "bin";
        let mut kind = "RUNTIME";
        for (at, word) in rest.iter().enumerate() {
            match *word {
                "RUNTIME" | "LIBRARY" | "ARCHIVE" => kind = word,
                "DESTINATION" if kind == "RUNTIME" => into = rest.get(at + 1)?,
                "PERMISSIONS" => return None,
                _ => {}
            }
        }
        if into.contains('$') {
            return None;
        }
        for target in targets {
            match self.project.programs.iter_mut().find(|program| program.target == *target) {
                Some(program) => program.installed = Some(into.to_owned()),
                None => self.project.installs_more = true,
            }
        }
        Some(())
    }

    /// The arguments that one as it is written stands for: variables are expanded where they are known.
    fn expand(&self, argument: &Argument) -> Vec<String> {
        let Argument { text, quoted } = argument;
        let mut out = String::new();
        let mut rest = &text[..];
        while let Some(at) = rest.find("${") {
            out.push_str(&rest[..at]);
            let behind = &rest[at + 2..];
            let end = behind.find('}');
            match end.and_then(|end| Some((self.variables.get(&behind[..end])?, end))) {
                Some((value, end)) => {
                    out.push_str(value);
                    rest = &behind[end + 1..];
                }
                None => {
                    out.push_str("${");
                    rest = behind;
                }
            }
        }
        out.push_str(rest);
        if *quoted { vec![out] } else { out.split(';').filter(|item| !item.is_empty()).map(str::to_owned).collect() }
    }
}

fn absolute(folder: &str, path: &str) -> Option<String> {
    if path.contains('$') || path.contains("..") {
        return None;
    }
    let path = path.trim_end_matches('/');
    Some(if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{}", path.trim_start_matches("./")) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    fn read(text: &str) -> Result<String, Reason> {
        let world = Files::of(&[("CMakeLists.txt", text), ("sub/CMakeLists.txt", "add_executable(inner i.c)\n")]);
        let tree = Tree::of(&world).expect("a context");
        let it = project(&tree, "", "/app", "/app/build", &[])?;
        let programs = it.programs.iter().map(|program| match &program.installed {
            Some(into) => format!("{}>{into}", program.path),
            None => program.path.clone(),
        });
        Ok(format!("{} | {}", programs.collect::<Vec<_>>().join(" "), it.libraries.join(" ")))
    }

    #[test]
    fn what_is_built() {
        for (text, expected) in [
            (
                "add_executable(a a.c) # b\ntarget_link_libraries(a PRIVATE SQLite::SQLite3 -lm)",
                "/app/build/a | SQLite::SQLite3 m",
            ),
            ("project(shop)\nset(N ${PROJECT_NAME}-x)\nadd_executable(${N} a.c)", "/app/build/shop-x | "),
            (
                "add_library(core STATIC c.c)\nadd_executable(a a.c)\ntarget_link_libraries(a core z)",
                "/app/build/a | z",
            ),
            (
                "set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)\nadd_executable(a a.c)",
                "/app/build/bin/a | ",
            ),
            ("add_subdirectory(sub)", "/app/build/sub/inner | "),
            (
                "find_package(PkgConfig)\npkg_check_modules(DB REQUIRED sqlite3>=3.1)\nadd_executable(a a.c)\ntarget_link_libraries(a ${DB_LIBRARIES})",
                "/app/build/a | sqlite3",
            ),
            (
                "pkg_check_modules(DB REQUIRED IMPORTED_TARGET sqlite3)\nadd_executable(a a.c)\ntarget_link_libraries(a PkgConfig::DB)",
                "/app/build/a | sqlite3",
            ),
            (
                "add_executable(a a.c)\nset_target_properties(a PROPERTIES OUTPUT_NAME b CXX_STANDARD 17)\ninstall(TARGETS a RUNTIME DESTINATION sbin)",
                "/app/build/b>sbin | ",
            ),
            (
                "set(CMAKE_CXX_FLAGS \"${CMAKE_CXX_FLAGS} -Wall -fopenmp\")\nadd_executable(a a.c)",
                "/app/build/a | gomp",
            ),
            (
                "set(L z)\nlist(APPEND L pq)\nadd_executable(a a.c)\ntarget_link_libraries(a ${L})",
                "/app/build/a | z pq",
            ),
            (
                "list(APPEND Z_LIBRARIES pq)\nadd_executable(a a.c)\ntarget_link_libraries(a ${Z_LIBRARIES})",
                "/app/build/a | ${Z_LIBRARIES} pq",
            ),
            (
                "if(X)\nset(Z_LIBRARIES /opt/z.a)\nendif()\nadd_executable(a a.c)\ntarget_link_libraries(a ${Z_LIBRARIES})",
                "/app/build/a | ${?Z_LIBRARIES}",
            ),
            ("if(UNIX AND (A OR B))\n target_link_libraries(a x)\nendif()\nadd_executable(a a.c)", "/app/build/a | x"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_known() {
        for text in [
            "add_library(p MODULE p.c)",
            "add_library(p SHARED p.c)",
            "option(BUILD_SHARED_LIBS \"x\" ON)",
            "configure_file(a b)",
            "project(a C Fortran)",
            "enable_language(CUDA)",
            "file(COPY assets DESTINATION x)",
            "add_custom_command(TARGET a POST_BUILD COMMAND cp x y)",
            "execute_process(COMMAND date)",
            "include(FetchContent)",
            "include(own.cmake)",
            "foreach(x a b)\nendforeach()",
            "function(f)\nendfunction()",
            "set(CMAKE_INSTALL_RPATH /opt/x)",
            "set(CMAKE_EXE_LINKER_FLAGS \"-Wl,-rpath,/opt\")",
            "set(CMAKE_MODULE_PATH cmake)",
            "set(CMAKE_INSTALL_PREFIX /opt/a)",
            "if(X)\nset(N a)\nendif()\nadd_executable(${N} a.c)",
            "if(X)\nadd_executable(a a.c)\nendif()",
            "add_executable(a a.c)\ntarget_link_libraries(a $<TARGET_NAME:x>)",
            "add_subdirectory(missing)",
            "add_executable(a",
            "add_executable(a [[x]])",
        ] {
            assert!(read(text).is_err(), "{text}: {:?}", read(text));
        }
    }
}
