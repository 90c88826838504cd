//! What go reads of a module when it fetches what the module needs: `go.mod` and `go.work`.
//!
//! <https://go.dev/ref/mod>

use super::Look;
use super::tree::{Needs, Reason, Tree, join};

/// What `go mod download` reads in `folder`.
///
/// # Errors
/// Why that cannot be told.
pub fn download(tree: &Tree<'_>, folder: &str) -> Result<Needs, Reason> {
    let mut needs = Needs::default();
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    if !tree.has(&path("go.mod"))? && !tree.has(&path("go.work"))? {
        return Err(format!("there is no {} in the context", path("go.mod")).into());
    }
    if tree.has_folder(&path("vendor")) {
        return Err("what the module needs is in the folder vendor already".into());
    }
    if let Some(above) = tree.above(folder, &["go.work"]) {
        return Err(format!("{folder} may be a module of {}", if above.is_empty() { "go.work" } else { &above }).into());
    }
    let mut modules = vec![folder.to_owned()];
    if tree.take(&mut needs, &path("go.work"))? {
        tree.take(&mut needs, &path("go.work.sum"))?;
        let text = tree.text(&path("go.work"))?.unwrap_or_default();
        modules = Vec::new();
        for module in entries(&text, "use") {
            modules.push(inside(folder, module)?);
        }
        needs.check("each module's go.mod is copied here: a new module has to be added");
        local(&text, folder, &mut modules, &mut needs)?;
    }
    let mut at = 0;
    while let Some(module) = modules.get(at).cloned() {
        at += 1;
        let file = inside(&module, "go.mod")?;
        if !tree.take(&mut needs, &file)? {
            return Err(format!("there is no {file} in the context").into());
        }
        let has_sum = tree.take(&mut needs, &inside(&module, "go.sum")?)?;
        let text = tree.text(&file)?.unwrap_or_default();
        if !has_sum && entries(&text, "require").next().is_some() && module == folder {
            needs.check("there is no go.sum, so that a build may have to fetch again");
        }
        // Only the main module's replacements count.
        if module == folder || tree.world().look(&path("go.work")) == Some(Look::File) {
            local(&text, &module, &mut modules, &mut needs)?;
        }
    }
    Ok(needs)
}

/// Whether the module in `folder` needs any other.
///
/// # Errors
/// If that is not known.
pub fn needs_others(tree: &Tree<'_>, folder: &str) -> Result<bool, Reason> {
    let text = tree.text(&inside(folder, "go.mod")?)?.ok_or("there is no go.mod in the context")?;
    Ok(entries(&text, "require").next().is_some())
}

fn inside(folder: &str, path: &str) -> Result<String, Reason> {
    join(folder, path).ok_or_else(|| format!("{path} is outside of the context").into())
}

/// Adds the modules that `text` replaces by folders.
fn local(text: &str, folder: &str, modules: &mut Vec<String>, needs: &mut Needs) -> Result<(), Reason> {
    for line in lines(text, "replace") {
        let Some((_, to)) = line.split_once("=>") else { continue };
        let to = to.split_whitespace().next().unwrap_or_default().trim_matches('"');
        if to.starts_with('/') {
            return Err(format!("go.mod replaces a module by {to}").into());
        }
        if to.starts_with("./") || to.starts_with("../") {
            let module = inside(folder, to)?;
            needs.check(format!("go reads nothing of {module} but its go.mod when it fetches"));
            if !modules.contains(&module) {
                modules.push(module);
            }
        }
    }
    Ok(())
}

/// The first words behind a keyword.
fn entries<'t>(text: &'t str, keyword: &'t str) -> impl Iterator<Item = &'t str> {
    lines(text, keyword).filter_map(|line| Some(line.split_whitespace().next()?.trim_matches('"')))
}

/// What follows a keyword: on its line, or on lines of a block in parentheses.
fn lines<'t>(text: &'t str, keyword: &'t str) -> impl Iterator<Item = &'t str> {
    let mut inside = false;
    text.lines().filter_map(move |line| {
        let line = line.split("//").next().unwrap_or(line).trim();
        if inside {
            inside = line != ")";
            return (inside && !line.is_empty()).then_some(line);
        }
        let rest = line.strip_prefix(keyword)?;
        let rest = rest.strip_prefix([' ', '\t', '(']).map(|it| if rest.starts_with('(') { rest } else { it })?.trim();
        if rest == "(" {
            inside = true;
            return None;
        }
        Some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn modules() {
        for (files, folder, expected) in [
            (&[("go.mod", "module a\nrequire x v1\n"), ("go.sum", "")][..], "", Ok("go.mod go.sum")),
            (&[("a/go.mod", "module a\n")], "a", Ok("a/go.mod")),
            (
                &[("go.mod", "require (\n\tx v1 // indirect\n)\n")],
                "",
                Ok("go.mod | there is no go.sum, so that a build may have to fetch again"),
            ),
            (
                &[("go.mod", "replace (\n  x => ./x\n  y => z v1\n)\n"), ("x/go.mod", "replace q => ../../q")],
                "",
                Ok("go.mod x/go.mod | go reads nothing of x but its go.mod when it fetches"),
            ),
            (
                &[("go.work", "use ./a\nuse (\n  ./b\n)\n"), ("a/go.mod", ""), ("b/go.mod", ""), ("b/go.sum", "")],
                "",
                Ok(
                    "go.work a/go.mod b/go.mod b/go.sum | each module's go.mod is copied here: a new module has to be added",
                ),
            ),
            (&[("go.mod", "replace x => ../x\n")], "", Err("../x is outside of the context")),
            (&[("go.mod", "replace x => /x\n")], "", Err("go.mod replaces a module by /x")),
            (&[("go.mod", "replace x => ./x\n")], "", Err("there is no x/go.mod in the context")),
            (
                &[("go.mod", ""), ("vendor/modules.txt", "")],
                "",
                Err("what the module needs is in the folder vendor already"),
            ),
            (&[("x", "")], "", Err("there is no go.mod in the context")),
        ] {
            let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
            let world = Files { files, ..Files::default() };
            let needs = download(&Tree::of(&world).expect("a context"), folder).map(|needs| {
                let checks =
                    if needs.checks.is_empty() { String::new() } else { format!(" | {}", needs.checks.join("; ")) };
                needs.files.join(" ") + &checks
            });
            assert_eq!(needs, expected.map(str::to_owned).map_err(Reason::from));
        }
    }
}
