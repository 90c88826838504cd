//! What a Makefile builds, and what that is linked with: rules whose recipes only compile, of which only the usual words are
//! understood.
//!
//! <https://www.gnu.org/software/make/manual/make.html>

use std::collections::BTreeMap;

use super::compiler::{compilation, is_compiler};
use super::tree::{Reason, Tree, join};

/// What is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Programs, as seen from the folder of the Makefile.
    pub programs: Vec<String>,
    /// What they are linked with: `sqlite3` for `-lsqlite3`.
    pub libraries: Vec<String>,
    /// Variables that the Makefile uses, some of them possibly of the environment.
    pub names: Vec<String>,
}

/// What stands for words that are names of files, but not known.
const FILES: char = '\u{1}';
/// What stands for words of which nothing is known.
const ANYTHING: char = '\u{2}';

/// What `make` builds in `folder` with these targets and variables.
///
/// # Errors
/// Why that is not known.
pub fn made(tree: &Tree<'_>, folder: &str, targets: &[&str], variables: &[(&str, &str)]) -> Result<Made, Reason> {
    let names = ["GNUmakefile", "makefile", "Makefile"];
    let mut paths = names.iter().filter_map(|name| join(folder, name));
    let found = paths.find_map(|path| match tree.text(&path) {
        Ok(None) => None,
        Ok(Some(text)) => Some(Ok((path, text))),
        Err(reason) => Some(Err(reason)),
    });
    let (path, text) = found.ok_or_else(|| {
        format!("there is no Makefile in {}", if folder.is_empty() { "the context" } else { folder })
    })??;
    read(&text, targets, variables).map_err(|reason| format!("{path}: {reason}").into())
}

struct Rule {
    targets: Vec<String>,
    needs: Vec<String>,
    recipe: Vec<String>,
}

fn read(text: &str, targets: &[&str], given: &[(&str, &str)]) -> Result<Made, String> {
    let mut variables: BTreeMap<String, String> =
        [("CC", "cc"), ("CXX", "g++"), ("RM", "rm -f"), ("AR", "ar"), ("MAKE", "make")]
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
    for (name, value) in given {
        variables.insert((*name).to_owned(), (*value).to_owned());
    }
    let mut rules: Vec<Rule> = Vec::new();
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    for line in joined.lines() {
        if let (Some(recipe), Some(rule)) = (line.strip_prefix('\t'), rules.last_mut()) {
            rule.recipe.push(recipe.trim().to_owned());
            continue;
        }
        let line = line.split('#').next().unwrap_or_default().trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        if line.is_empty() || line == "export" {
            continue;
        }
        let first = line.split_whitespace().next().unwrap_or_default();
        if matches!(
            first,
            "include"
                | "-include"
                | "sinclude"
                | "define"
                | "ifeq"
                | "ifneq"
                | "ifdef"
                | "ifndef"
                | "else"
                | "endif"
                | "override"
                | "vpath"
                | "unexport"
                | "undefine"
        ) {
            // What it includes of the compiler are only lists of headers.
            let headers = first == "-include" && (line.contains("DEP") || line.contains(".d"));
            if headers {
                continue;
            }
            return Err(format!("`{first}` is not understood"));
        }
        if let Some((name, operator, value)) = assignment(line) {
            if given.iter().any(|(given, _)| *given == name) {
                continue;
            }
            let old = variables.get(name).cloned();
            let value = match operator {
                "?=" => old.unwrap_or_else(|| value.to_owned()),
                "+=" => format!("{} {value}", old.unwrap_or_default()),
                ":=" | "::=" => expand(value, &variables, 0)?,
                "=" => value.to_owned(),
                _ => return Err(format!("`{name} {operator}` is not understood")),
            };
            variables.insert(name.to_owned(), value);
            continue;
        }
        let (line, inline) = line.split_once(';').map_or((line, None), |(line, inline)| (line, Some(inline)));
        let line = expand(line, &variables, 0)?;
        let (left, right) = line.split_once(':').ok_or_else(|| format!("`{line}` is not understood"))?;
        if right.contains([':', '=']) {
            return Err(format!("`{line}` is not understood"));
        }
        let words =
            |text: &str| text.split_whitespace().filter(|word| *word != "|").map(str::to_owned).collect::<Vec<_>>();
        let recipe = inline.map(|inline| inline.trim().to_owned()).into_iter().collect();
        rules.push(Rule { targets: words(left), needs: words(right), recipe });
    }
    let mut made = reached(&rules, targets, &variables)?;
    let uses = text.split(['(', '{']).skip(1).filter_map(|part| part.split([')', '}', ':', ' ', ',']).next());
    made.names = uses.map(str::to_owned).collect();
    Ok(made)
}

/// `NAME = value`
fn assignment(line: &str) -> Option<(&str, &str, &str)> {
    let at = line.find('=')?;
    let (left, value) = (line[..at].trim_end(), line[at + 1..].trim());
    let operator = ["::", ":", "?", "+", "!"].iter().find(|end| left.ends_with(**end));
    let name = left[..left.len() - operator.map_or(0, |end| end.len())].trim();
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let operator = match operator {
        Some(&"::") => "::=",
        Some(&":") => ":=",
        Some(&"?") => "?=",
        Some(&"+") => "+=",
        Some(_) => "!=",
        None => "=",
    };
    plain.then_some((name, operator, value))
}

/// What the rules make that `targets` reach.
fn reached(rules: &[Rule], targets: &[&str], variables: &BTreeMap<String, String>) -> Result<Made, String> {
    let default =
        rules.iter().flat_map(|rule| &rule.targets).find(|name| !name.starts_with('.') && !name.contains('%'));
    let mut open: Vec<String> = targets.iter().map(|name| (*name).to_owned()).collect();
    if let Some(goal) = variables.get(".DEFAULT_GOAL").filter(|_| open.is_empty()) {
        open.push(expand(goal, variables, 0)?);
    }
    if open.is_empty() {
        open.push(default.ok_or("it has no rule")?.clone());
    }
    let phony: Vec<&String> =
        rules.iter().filter(|rule| rule.targets == [".PHONY"]).flat_map(|rule| &rule.needs).collect();
    if rules
        .iter()
        .flat_map(|rule| &rule.targets)
        .any(|name| matches!(&**name, ".ONESHELL" | ".SECONDEXPANSION" | ".DEFAULT"))
    {
        return Err("it says how recipes are run".into());
    }
    let mut seen: Vec<String> = Vec::new();
    let mut made = Made::default();
    let mut unknown = false;
    while let Some(name) = open.pop() {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name.clone());
        if name.contains([FILES, ANYTHING]) {
            unknown = true;
            continue;
        }
        let mut ruled = false;
        let mut has_recipe = false;
        for rule in rules.iter().filter(|rule| rule.targets.contains(&name)) {
            ruled = true;
            has_recipe |= !rule.recipe.is_empty();
            run(rule, &name, variables, &mut made)?;
            open.extend(rule.needs.iter().cloned());
        }
        let needs = |end: &str| {
            rules
                .iter()
                .filter(|rule| rule.targets.contains(&name))
                .flat_map(|rule| &rule.needs)
                .any(|need| need.ends_with(end))
        };
        if ruled && !has_recipe && !phony.contains(&&name) && (needs(".o") || needs("\u{1}")) {
            // make's own rule.
            let recipe = vec!["$(CC) $(LDFLAGS) $^ $(LOADLIBES) $(LDLIBS) -o $@".to_owned()];
            run(&Rule { targets: vec![name.clone()], needs: Vec::new(), recipe }, &name, variables, &mut made)?;
        }
        if !ruled && targets.contains(&&*name) {
            return Err(format!("it has no rule for {name}"));
        }
    }
    // Objects, by patterns; and what names that are not known may be.
    const OTHERS: &[&str] = &[
        "clean",
        "distclean",
        "mrproper",
        "install",
        "uninstall",
        "test",
        "tests",
        "check",
        "run",
        "format",
        "lint",
        "docs",
        "help",
        "dist",
    ];
    for rule in rules {
        for name in &rule.targets {
            let pattern = name.contains('%') || name.contains([FILES, ANYTHING]);
            let object = unknown
                && !seen.contains(name)
                && !name.starts_with('.')
                && !OTHERS.contains(&&**name)
                && !phony.contains(&name);
            if pattern || object {
                run(rule, name, variables, &mut made)?;
            }
        }
    }
    Ok(made)
}

/// What the recipe of a rule makes.
fn run(rule: &Rule, target: &str, variables: &BTreeMap<String, String>, made: &mut Made) -> Result<(), String> {
    let mut variables = variables.clone();
    variables.insert("@".into(), target.to_owned());
    variables.insert("@D".into(), FILES.to_string());
    for name in ["^", "<", "?", "+", "*", "<D", "@F", "^D"] {
        variables.insert(name.into(), FILES.to_string());
    }
    for line in rule.recipe.iter().filter(|line| !line.starts_with('#')) {
        let line = expand(line.trim_start_matches(['@', '-', '+']), &variables, 0)?;
        for command in line.split("&&") {
            let words: Vec<&str> = command.split_whitespace().collect();
            let Some((program, arguments)) = words.split_first() else { continue };
            let unknown = || format!("what `{}` does is not known", command.trim().replace([FILES, ANYTHING], "…"));
            if command.contains(['|', ';', '>', '`', '"', '\'', '&']) && !is_echo(program, command) {
                let quoted = is_compiler(program) && !command.contains(['|', ';', '>', '`', '&']);
                if !quoted {
                    return Err(unknown());
                }
            }
            match *program {
                "mkdir" | "rm" | "rmdir" | "touch" | "ar" | "ranlib" | "strip" | "echo" | "printf" | "true" | ":" => {}
                _ if is_compiler(program) => {
                    if arguments.iter().any(|word| word.contains(ANYTHING) && !word.starts_with("-D")) {
                        return Err(unknown());
                    }
                    let found = compilation(arguments.iter().copied())?;
                    if found.links {
                        let output = found.output.unwrap_or_else(|| "a.out".into());
                        if output.contains([FILES, ANYTHING, '%']) {
                            return Err(unknown());
                        }
                        made.programs.push(output);
                        made.libraries.extend(found.libraries);
                    }
                }
                _ => return Err(unknown()),
            }
        }
    }
    Ok(())
}

fn is_echo(program: &str, command: &str) -> bool {
    matches!(program, "echo" | "printf") && !command.contains(['|', ';', '>', '`', '&'])
}

/// `text` with its variables; what they hold is expanded, too.
fn expand(text: &str, variables: &BTreeMap<String, String>, depth: usize) -> Result<String, String> {
    if depth > 12 {
        return Err("its variables name one another".into());
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let first = behind.chars().next().ok_or("a `$` at the end")?;
        let (close, inner) = match first {
            '(' => (')', &behind[1..]),
            '{' => ('}', &behind[1..]),
            '$' => return Err("a `$` for the shell".into()),
            one => {
                let name = &behind[..one.len_utf8()];
                out.push_str(&expand(variables.get(name).map_or("", String::as_str), variables, depth + 1)?);
                rest = &behind[one.len_utf8()..];
                continue;
            }
        };
        let mut open = 1_usize;
        let end = inner.char_indices().find(|(_, char)| {
            open = if *char == first {
                open + 1
            } else if *char == close {
                open - 1
            } else {
                open
            };
            open == 0
        });
        let end = end.ok_or("a `$` without its end")?.0;
        out.push_str(&reference(&inner[..end], variables, depth)?);
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// What stands between `$(` and `)`.
fn reference(inner: &str, variables: &BTreeMap<String, String>, depth: usize) -> Result<String, String> {
    if let Some((function, rest)) = inner.split_once([' ', '\t']) {
        return match function {
            "wildcard" | "patsubst" | "addprefix" | "addsuffix" | "basename" | "notdir" | "dir" | "filter"
            | "filter-out" | "sort" | "subst" | "abspath" | "realpath" | "foreach" | "firstword" | "word" => {
                // Of flags, they would be hidden.
                let inner = expand(rest, variables, depth + 1).unwrap_or_else(|_| ANYTHING.to_string());
                let flags = inner.split_whitespace().any(|word| word.starts_with("-l") || word.starts_with("-Wl"));
                Ok(if flags { ANYTHING } else { FILES }.to_string())
            }
            "shell" => {
                let words: Vec<&str> = rest.split_whitespace().collect();
                match &words[..] {
                    ["pkg-config", options @ ..] if !rest.contains(['|', ';', '&', '$', '`', '>']) => {
                        Ok(pkg_config(options))
                    }
                    _ => Ok(ANYTHING.to_string()),
                }
            }
            "info" | "warning" => Ok(String::new()),
            _ => Err(format!("`$({function} …)` is not understood")),
        };
    }
    if inner.contains(':') {
        // `$(SOURCES:.c=.o)`
        return Ok(FILES.to_string());
    }
    expand(variables.get(inner).map_or("", String::as_str), variables, depth + 1)
}

/// What `pkg-config` says, as far as libraries go.
#[must_use]
pub fn pkg_config(options: &[&str]) -> String {
    let libraries = options.iter().any(|option| matches!(*option, "--libs" | "--libs-only-l"));
    let names = options.iter().filter(|option| !option.starts_with('-') && libraries);
    names.map(|name| format!("-l{name} ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made() {
        for (text, targets, expected) in [
            ("app: main.c\n\tgcc -o app main.c -lsqlite3 -lm\n", &[][..], Ok("app | sqlite3 m")),
            (
                "CXX = g++\nLIBS := -lz\nSRC := $(wildcard src/*.cpp)\nOBJ := $(SRC:.cpp=.o)\nall: server\nserver: $(OBJ)\n\t$(CXX) -o $@ $^ $(LIBS)\n%.o: %.cpp\n\t$(CXX) -c $< -o $@\nclean:\n\trm -f server\n\tsudo reboot\n",
                &[],
                Ok("server | z"),
            ),
            ("LDLIBS = -lpq\nshop: shop.o db.o\n", &[], Ok("shop | pq")),
            (
                "LIBS = $(shell pkg-config --libs sqlite3)\na: a.c\n\t$(CC) $(CFLAGS) a.c $(LIBS) -o a\n",
                &["a"],
                Ok("a | sqlite3"),
            ),
            ("V := $(shell git describe)\na: a.c\n\tcc -DV=$(V) a.c -o a\n", &[], Ok("a | ")),
            ("all: bin/a\nbin/a: a.c\n\t@mkdir -p bin\n\t@echo \"LD $@\"\n\tcc a.c -o $@\n", &["all"], Ok("bin/a | ")),
            (
                "all: a\n\tcp assets/x bin/\na: a.c\n\tcc a.c -o a\n",
                &[],
                Err("what `cp assets/x bin/` does is not known"),
            ),
            ("include x.mk\n", &[], Err("`include` is not understood")),
            ("all:\n\t$(MAKE) -C src\n", &[], Err("what `make -C src` does is not known")),
            (
                "all: a p.so\na: a.c\n\tcc a.c -o a\np.so: p.c\n\tcc -shared -o p.so p.c\n",
                &[],
                Err("`-shared` says how it is linked"),
            ),
            (
                "F := $(shell ./flags.sh)\na: a.c\n\tcc $(F) a.c -o a\n",
                &[],
                Err("what `cc … a.c -o a` does is not known"),
            ),
            ("a: a.c\n\tcc a.c -o a\n", &["b"], Err("it has no rule for b")),
            (
                "S := $(wildcard *.c)\nall: x\nx: $(S:.c=.o)\n\t# link\n\t$(CC) -o $@ $^ -lz\n.DEFAULT_GOAL := x\n",
                &[],
                Ok("x | z"),
            ),
            ("debug: CFLAGS += -g\n", &[], Err("`debug: CFLAGS += -g` is not understood")),
            ("A = $(B)\nB = $(A)\na: $(A)\n\tcc a.c\n", &[], Err("its variables name one another")),
            ("a: a.c\n\tfor x in y; do cc $$x; done\n", &[], Err("a `$` for the shell")),
        ] {
            let found =
                read(text, targets, &[]).map(|it| format!("{} | {}", it.programs.join(" "), it.libraries.join(" ")));
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }
}
