//! Whether `Gemfile.lock` is that of `Gemfile`, and for any builder: frozen, bundler writes neither a gem nor a platform
//! into it.
//!
//! <https://bundler.io/man/bundle-install.1.html>, <https://bundler.io/man/bundle-platform.1.html>

use std::collections::BTreeSet;

use crate::context::bundler::asked;
use crate::context::tree::{Reason, Tree, join};

/// In what `Gemfile.lock` in `folder` differs from `Gemfile`, in words; `None` if it is that of it.
///
/// # Errors
/// If that is not known.
pub fn difference(tree: &Tree<'_>, folder: &str) -> Result<Option<String>, Reason> {
    let read = |name: &str| -> Result<String, Reason> {
        let path = join(folder, name).unwrap_or_default();
        tree.text(&path)?.ok_or_else(|| format!("there is no {path} in the context").into())
    };
    let (gemfile, lock) = (read("Gemfile")?, read("Gemfile.lock")?);
    let asked = asked(&gemfile).ok_or("which gems Gemfile asks for depends on more than its text")?;
    let locked: Vec<(&str, BTreeSet<String>)> = section(&lock, "DEPENDENCIES").map(dependency).collect();
    for (name, requirements) in &asked {
        let Some((_, other)) = locked.iter().find(|(other, _)| other == name) else {
            return Ok(Some(format!("it has no `{name}`, which Gemfile asks for")));
        };
        let own: BTreeSet<String> = requirements.iter().map(|it| requirement(it)).collect();
        if own != *other && !(other.is_empty() && own.iter().all(|it| it == ">= 0")) {
            let other = if other.is_empty() { "any version".to_owned() } else { list(other) };
            return Ok(Some(format!("it is for `{name}` {other}, and Gemfile asks for {}", list(&own))));
        }
    }
    if let Some((name, _)) = locked.iter().find(|(name, _)| !asked.iter().any(|(other, _)| other == name)) {
        return Ok(Some(format!("it has `{name}`, and Gemfile has not")));
    }
    let platforms: Vec<&str> = section(&lock, "PLATFORMS").collect();
    let any = |cpu: &str| platforms.iter().any(|it| *it == "ruby" || it.starts_with(cpu));
    if any("x86_64-linux") && any("aarch64-linux") {
        return Ok(None);
    }
    Ok(Some(format!("it is for {}, and a builder may be of another platform", platforms.join(", "))))
}

fn list(requirements: &BTreeSet<String>) -> String {
    if requirements.is_empty() {
        return "any version".to_owned();
    }
    requirements.iter().cloned().collect::<Vec<_>>().join(", ")
}

/// The lines of a section of a lock file.
fn section<'l>(lock: &'l str, name: &'l str) -> impl Iterator<Item = &'l str> {
    lock.lines()
        .skip_while(move |line| line.trim_end() != name)
        .skip(1)
        .take_while(|line| line.starts_with(' '))
        .map(str::trim)
}

/// `rails (~> 7.0, >= 7.0.4)`, `puma!`
fn dependency(line: &str) -> (&str, BTreeSet<String>) {
    let (name, rest) = line.split_once(" (").unwrap_or((line, ""));
    let rest = rest.trim_end_matches('!').trim_end_matches(')');
    let all = rest.split(',').map(str::trim).filter(|it| !it.is_empty()).map(requirement);
    (name.trim_end_matches('!'), all.collect())
}

/// A requirement as bundler writes it.
fn requirement(text: &str) -> String {
    let digits = text.trim().trim_start_matches(['~', '>', '<', '=', '!', ' ']);
    let operator = text.trim()[..text.trim().len() - digits.len()].trim();
    format!("{} {digits}", if operator.is_empty() { "=" } else { operator })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn differences() {
        let gemfile = "source 'https://rubygems.org'\nruby '3.3.0'\ngem 'rails', '~>7.1', '>= 7.1.2'\ngem \"puma\"\ngroup :test do\n  gem('rspec', '3.12', require: false)\nend\n";
        let lock = |dependencies: &str, platforms: &str| {
            format!(
                "GEM\n  specs:\n    x (1)\n\nPLATFORMS\n{platforms}\nDEPENDENCIES\n{dependencies}\nBUNDLED WITH\n   2.5\n"
            )
        };
        let all = "  puma\n  rails (>= 7.1.2, ~> 7.1)\n  rspec (= 3.12)\n";
        for (lock, expected) in [
            (lock(all, "  ruby\n"), None),
            (lock(all, "  aarch64-linux\n  x86_64-linux-gnu\n"), None),
            (
                lock(all, "  arm64-darwin-23\n  x86_64-linux\n"),
                Some("it is for arm64-darwin-23, x86_64-linux, and a builder may be of another platform"),
            ),
            (lock(&all.replace("  puma\n", ""), "  ruby\n"), Some("it has no `puma`, which Gemfile asks for")),
            (
                lock(&all.replace("= 3.12", "= 3.11"), "  ruby\n"),
                Some("it is for `rspec` = 3.11, and Gemfile asks for = 3.12"),
            ),
            (
                lock(&all.replace("  puma", "  puma (~> 6.0)"), "  ruby\n"),
                Some("it is for `puma` ~> 6.0, and Gemfile asks for any version"),
            ),
            (lock(&format!("{all}  old!\n"), "  ruby\n"), Some("it has `old`, and Gemfile has not")),
        ] {
            let world = Files::of(&[("Gemfile", gemfile), ("Gemfile.lock", &lock)]);
            let found = difference(&Tree::of(&world).expect("a context"), "");
            assert_eq!(found, Ok(expected.map(str::to_owned)), "{lock}");
        }
        for gemfile in
            ["gem 'a' if ENV['X']", "gem 'a', git: 'https://x'", "v = '1'\ngem 'a', v", "eval_gemfile 'x'", "gemspec"]
        {
            let world = Files::of(&[("Gemfile", gemfile), ("Gemfile.lock", "")]);
            let found = difference(&Tree::of(&world).expect("a context"), "");
            assert_eq!(found, Err("which gems Gemfile asks for depends on more than its text".into()), "{gemfile}");
        }
    }
}
