//! What bundler reads of a project when it installs its gems: `Gemfile`, a program in Ruby, of which only the usual words
//! are understood.
//!
//! <https://bundler.io/man/gemfile.5.html>, <https://bundler.io/man/bundle-config.1.html>

use super::tree::{Needs, Reason, Tree, join};

/// How it is told to install.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// The lock file stays as it is.
    pub frozen: bool,
    /// Settings are kept in the folder `.bundle` of the project.
    pub keeps_settings: bool,
    /// Settings of the project are not read: `BUNDLE_APP_CONFIG` names another folder.
    pub settings_elsewhere: bool,
    /// The folder that it installs into, where it is one of the project.
    pub path: Option<Box<str>>,
}

/// What `bundle install` reads in `folder`.
///
/// # Errors
/// Why more than its manifests is read.
pub fn install(tree: &Tree<'_>, folder: &str, how: &How) -> Result<Needs, Reason> {
    let mut needs = Needs::default();
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    if tree.has(&path("gems.rb"))? {
        return Err(format!("{} is read, and not understood here", path("gems.rb")).into());
    }
    gemfile(tree, &path("Gemfile"), &mut needs)?;
    if let Some(lock) = tree.text(&path("Gemfile.lock"))? {
        if let Some(line) = lock.lines().find(|line| matches!(line.trim_end(), "PATH" | "PLUGIN SOURCE")) {
            let what = if line.starts_with("PATH") { "a folder of the project" } else { "plugins of bundler" };
            return Err(format!("{} has gems of {what}", path("Gemfile.lock")).into());
        }
        tree.take(&mut needs, &path("Gemfile.lock"))?;
        // Beside Gemfile, where a person writes it.
        if let Some(lock) = needs.files.pop() {
            needs.files.insert(1, lock);
        }
        if !how.frozen {
            needs.check("Gemfile.lock agrees with Gemfile, or nothing reads the one that the installation writes");
        }
    } else {
        needs.check("without Gemfile.lock, versions stay as they are until Gemfile changes");
    }
    if !how.settings_elsewhere && tree.has(&path(".bundle/config"))? {
        if how.keeps_settings {
            return Err("bundler keeps settings in .bundle/config, which the copy would bring back".into());
        }
        settings(tree, &path(".bundle/config"), folder, &mut needs)?;
    }
    let archives = path("vendor/cache");
    if tree.has_folder(&archives) {
        tree.take_folder(&mut needs, &archives)?;
        needs.check("vendor/cache has nothing that changes with the sources");
    }
    if how.keeps_settings && !how.settings_elsewhere {
        needs.outputs.push(path(".bundle"));
    }
    if let Some(place) = &how.path {
        needs.outputs.push(join(folder, place).ok_or("it installs outside of the context")?);
    }
    let usual = path("vendor/bundle");
    if tree.world().look(&usual) != Some(super::Look::Missing) && !needs.outputs.contains(&usual) {
        needs.outputs.push(usual);
    }
    needs.check("bundler reads nothing else of the project");
    Ok(needs)
}

/// The gems that the lock file in `folder` names, those of groups that are left out among them.
///
/// # Errors
/// If there is none, or gems come from a folder or a git repository.
pub fn gems(tree: &Tree<'_>, folder: &str) -> Result<Vec<String>, Reason> {
    let path = join(folder, "Gemfile.lock").unwrap_or_default();
    let text = tree.text(&path)?.ok_or("there is no Gemfile.lock to tell which gems are installed")?;
    let mut all = Vec::new();
    for line in text.lines() {
        match line.trim_end() {
            "GIT" => {
                return Err(
                    format!("{path} has gems of git repositories, which may need git when they are loaded").into()
                );
            }
            "PATH" => return Err(format!("{path} has gems of a folder of the project").into()),
            _ => {}
        }
        // Four blanks: a gem with its version; six: what it depends on.
        let gem = line.strip_prefix("    ").filter(|rest| !rest.starts_with(' '));
        all.extend(gem.and_then(|gem| gem.split_whitespace().next()).map(str::to_owned));
    }
    Ok(all)
}

/// `.bundle/config`: lines of a variable and what it is set to.
fn settings(tree: &Tree<'_>, path: &str, folder: &str, needs: &mut Needs) -> Result<(), Reason> {
    let text = tree.text(path)?.unwrap_or_default();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        match name.trim() {
            "BUNDLE_GEMFILE" => return Err(format!("{path} names another Gemfile").into()),
            "BUNDLE_PATH" if !value.starts_with('/') => {
                needs.outputs.push(join(folder, value).ok_or("it installs outside of the context")?);
            }
            "BUNDLE_DEPLOYMENT" => {
                needs.outputs.push(join(folder, "vendor/bundle").unwrap_or_default());
            }
            name if name.starts_with("BUNDLE_LOCAL") => {
                return Err(format!("{path} takes a gem from a folder ({name})").into());
            }
            _ => {}
        }
    }
    tree.take(needs, path)?;
    Ok(())
}

/// The Gemfile at `path`, and those that it evaluates in turn.
fn gemfile(tree: &Tree<'_>, path: &str, needs: &mut Needs) -> Result<(), Reason> {
    if needs.files.iter().any(|file| file == path) {
        return Ok(());
    }
    if !tree.take(needs, path)? {
        return Err(format!("{path} is not in the context").into());
    }
    let text = tree.text(path)?.unwrap_or_default();
    let tokens = tokens(&text).ok_or_else(|| format!("{path} is not understood"))?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut own: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let behind = &tokens[at + 1..];
        at += 1;
        match token {
            Token::Word("gemspec") => {
                return Err(format!("{path} takes what the project's own gemspec says, which reads its sources").into());
            }
            Token::Word("path") | Token::Key("path") | Token::Symbol("path") => {
                return Err(format!("{path} takes a gem from a folder of the project (path)").into());
            }
            Token::Word("eval_gemfile") => {
                let ([Token::Text(file), ..] | [Token::Mark('('), Token::Text(file), ..]) = behind else {
                    return Err(format!("{path} evaluates a file that a program names").into());
                };
                let file = join(folder, file).ok_or_else(|| format!("{file} is outside of the context"))?;
                gemfile(tree, &file, needs)?;
            }
            Token::Word("ruby") => {
                let file = match behind {
                    [Token::Key("file"), Token::Text(file), ..]
                    | [Token::Mark('('), Token::Key("file"), Token::Text(file), ..] => file,
                    _ => continue,
                };
                named(tree, path, folder, file, needs)?;
            }
            Token::Word("File") => match behind {
                [Token::Mark('.'), Token::Word("read"), Token::Mark('('), Token::Text(file), Token::Mark(')'), ..] => {
                    named(tree, path, folder, file, needs)?;
                    at += 5;
                }
                _ => return Err(format!("{path} looks at files").into()),
            },
            Token::Text(text) if ["./", "../", "/", "~/", "file:"].iter().any(|start| text.starts_with(start)) => {
                return Err(format!("{path} names a path ({text})").into());
            }
            Token::Word(name) if matches!(behind, [Token::Mark('='), next, ..] if *next != Token::Mark('=')) => {
                own.push(name);
            }
            Token::Mark('|') => {
                if let [Token::Word(name), Token::Mark('|'), ..] = behind {
                    own.push(name);
                }
            }
            Token::Word(name) if !WORDS.contains(name) && !own.contains(name) => {
                return Err(format!("what `{name}` in {path} reads is not known").into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The gems that a Gemfile asks for, each with its requirements; `None` if that depends on more than its text, or one is
/// taken from elsewhere.
pub(super) fn asked(text: &str) -> Option<Vec<(&str, Vec<&str>)>> {
    const ELSE: &[&str] = &[
        "if",
        "unless",
        "else",
        "elsif",
        "case",
        "install_if",
        "ENV",
        "eval_gemfile",
        "gemspec",
        "git",
        "github",
        "gist",
        "bitbucket",
        "path",
        "each",
        "File",
    ];
    let tokens = tokens(text)?;
    let elsewhere = |token: &Token<'_>| match token {
        Token::Word(name) | Token::Key(name) | Token::Symbol(name) => ELSE.contains(name),
        _ => false,
    };
    if tokens.iter().any(elsewhere) {
        return None;
    }
    let mut all = Vec::new();
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| **token == Token::Word("gem")) {
        let behind = &tokens[at + 1..];
        let behind = if behind.first() == Some(&Token::Mark('(')) { &behind[1..] } else { behind };
        let [Token::Text(name), rest @ ..] = behind else { return None };
        let (mut rest, mut requirements) = (rest, Vec::new());
        while let [Token::Mark(','), next, more @ ..] = rest {
            match next {
                // `"require": …` is a string with a key behind it.
                Token::Text(_) if matches!(more.first(), Some(Token::Key(_))) => break,
                Token::Text(text) => requirements.push(*text),
                Token::Key(_) | Token::Symbol(_) => break,
                _ => return None,
            }
            rest = more;
        }
        all.push((*name, requirements));
    }
    Some(all)
}

fn named(tree: &Tree<'_>, path: &str, folder: &str, file: &str, needs: &mut Needs) -> Result<(), Reason> {
    let file = join(folder, file).ok_or_else(|| format!("{file} is outside of the context"))?;
    if tree.take(needs, &file)? {
        Ok(())
    } else {
        Err(format!("{path} reads {file}, which is not in the context").into())
    }
}

/// Words of a Gemfile that read no file.
const WORDS: &[&str] = &[
    "source",
    "gem",
    "group",
    "do",
    "end",
    "ruby",
    "platforms",
    "platform",
    "git_source",
    "git",
    "github",
    "gist",
    "bitbucket",
    "if",
    "unless",
    "else",
    "elsif",
    "ENV",
    "fetch",
    "key?",
    "has_key?",
    "true",
    "false",
    "nil",
    "nil?",
    "and",
    "or",
    "not",
    "then",
    "install_if",
    "RUBY_VERSION",
    "RUBY_ENGINE",
    "RUBY_PLATFORM",
    "Gem",
    "Version",
    "new",
    "empty?",
    "to_s",
    "to_i",
    "to_f",
    "freeze",
    "start_with?",
    "end_with?",
    "include?",
    "lambda",
    "strip",
    "chomp",
];

/// A piece of Ruby.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'t> {
    /// A name.
    Word(&'t str),
    /// `name:` of a hash.
    Key(&'t str),
    /// `:name`
    Symbol(&'t str),
    /// A string; what is computed in it follows as tokens of its own.
    Text(&'t str),
    Mark(char),
}

/// The pieces of `text`; `None` where it is more than a list of gems is.
fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let text = text.trim_start_matches('\u{feff}');
    let mut rest = text.split("\n__END__").next().unwrap_or(text);
    let name_end = |text: &str| text.find(|it: char| !(it.is_alphanumeric() || it == '_')).unwrap_or(text.len());
    while let Some(first) = rest.chars().next() {
        match first {
            '#' => rest = &rest[rest.find('\n').unwrap_or(rest.len())..],
            '=' if rest.starts_with("=begin") => {
                let end = rest.find("\n=end")?;
                rest = &rest[end + "\n=end".len()..];
            }
            '\'' | '"' => {
                let end = closing(&rest[1..], first)? + 1;
                let inner = &rest[1..end];
                if first == '"' {
                    let mut open = inner;
                    tokens.push(Token::Text(inner));
                    while let Some(at) = open.find("#{") {
                        let length = open[at..].find('}')?;
                        tokens.extend(self::tokens(&open[at + 2..at + length])?);
                        open = &open[at + length..];
                    }
                } else {
                    tokens.push(Token::Text(inner));
                }
                rest = &rest[end + 1..];
                // `"name": value`
                if let Some(behind) = rest.strip_prefix(':').filter(|behind| !behind.starts_with(':')) {
                    tokens.push(Token::Key(inner));
                    rest = behind;
                }
            }
            ':' if rest[1..].starts_with(|it: char| it.is_alphabetic() || it == '_') => {
                let end = 1 + name_end(&rest[1..]);
                tokens.push(Token::Symbol(&rest[1..end]));
                rest = &rest[end..];
            }
            '%' => {
                let kind = rest[1..].chars().next()?;
                if !matches!(kind, 'w' | 'i') {
                    return None;
                }
                let close = match rest[2..].chars().next()? {
                    '[' => ']',
                    '(' => ')',
                    '{' => '}',
                    '<' => '>',
                    _ => return None,
                };
                rest = &rest[3..];
                rest = &rest[rest.find(close)? + 1..];
            }
            '`' => return None,
            '<' if rest.starts_with("<<") => return None,
            it if it.is_alphabetic() || it == '_' => {
                let mut end = name_end(rest);
                if rest[end..].starts_with('?') && !rest[end..].starts_with("? ") {
                    end += 1;
                }
                let (name, behind) = rest.split_at(end);
                rest = behind;
                if let Some(behind) = rest.strip_prefix(':').filter(|behind| !behind.starts_with(':')) {
                    tokens.push(Token::Key(name));
                    rest = behind;
                } else {
                    tokens.push(Token::Word(name));
                }
            }
            it if it.is_ascii_digit() => rest = &rest[name_end(rest)..],
            it => {
                if !it.is_whitespace() {
                    tokens.push(Token::Mark(it));
                }
                rest = &rest[it.len_utf8()..];
            }
        }
    }
    Some(tokens)
}

/// Where a string ends that `quote` opened.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, char)| {
        let ends = char == quote && !escaped;
        escaped = char == '\\' && !escaped;
        ends.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    #[test]
    fn what_a_gemfile_reads() {
        for (gemfile, expected) in [
            ("# path 'x'\nsource 'https://rubygems.org'\nruby '3.3.0'\ngem 'a', '~> 1', require: false", Ok("Gemfile")),
            ("ruby file: '.ruby-version'", Ok("Gemfile .ruby-version")),
            ("ruby(File.read('.ruby-version').strip)", Ok("Gemfile .ruby-version")),
            ("group :test do\n  gem 'a', platforms: %i[mri windows]\nend", Ok("Gemfile")),
            ("git_source(:github) { |repo| \"https://github.com/#{repo}.git\" }", Ok("Gemfile")),
            ("gem 'a', ENV.fetch('A', '1') if ENV['B'] == 'c'", Ok("Gemfile")),
            ("v = '1'\ngem 'a', v\n__END__\ngemspec", Ok("Gemfile")),
            ("eval_gemfile 'more/Gemfile'", Ok("Gemfile more/Gemfile")),
            ("eval_gemfile File.join(__dir__, 'x')", Err("Gemfile evaluates a file that a program names")),
            ("gemspec", Err("Gemfile takes what the project's own gemspec says, which reads its sources")),
            ("gem 'a', path: 'a'", Err("Gemfile takes a gem from a folder of the project (path)")),
            ("gem 'a', :path => 'a'", Err("Gemfile takes a gem from a folder of the project (path)")),
            ("gem 'a', 'path': 'a'", Err("Gemfile takes a gem from a folder of the project (path)")),
            ("path 'a' do\nend", Err("Gemfile takes a gem from a folder of the project (path)")),
            ("gem 'a', git: '../a'", Err("Gemfile names a path (../a)")),
            ("require_relative 'x'", Err("what `require_relative` in Gemfile reads is not known")),
            ("gem \"a\", \"#{IO.read('v')}\"", Err("what `IO` in Gemfile reads is not known")),
            ("gem 'a' if File.exist?('b')", Err("Gemfile looks at files")),
            ("gem 'a', `git describe`", Err("Gemfile is not understood")),
            ("gem 'a", Err("Gemfile is not understood")),
        ] {
            let world = Files::of(&[("Gemfile", gemfile), (".ruby-version", "3"), ("more/Gemfile", "gem 'b'")]);
            let found = install(&Tree::of(&world).expect("a context"), "", &How::default());
            let found = found.map(|needs| needs.files.join(" "));
            assert_eq!(found, expected.map(str::to_owned).map_err(Reason::from), "{gemfile}");
        }
    }

    #[test]
    fn which_gems_are_locked() {
        for (lock, expected) in [
            (
                "GEM\n  remote: https://rubygems.org/\n  specs:\n    pg (1.5.4)\n    rails (7.1.2)\n      rack (>= 2)\n\nDEPENDENCIES\n  pg\n",
                Ok("pg rails"),
            ),
            ("GEM\n  specs:\n", Ok("")),
            ("PATH\n  remote: .\n", Err("Gemfile.lock has gems of a folder of the project")),
            (
                "GIT\n  remote: x\n",
                Err("Gemfile.lock has gems of git repositories, which may need git when they are loaded"),
            ),
        ] {
            let world = Files::of(&[("Gemfile.lock", lock)]);
            let found = gems(&Tree::of(&world).expect("a context"), "").map(|gems| gems.join(" "));
            assert_eq!(found, expected.map(str::to_owned).map_err(Reason::from), "{lock}");
        }
    }

    #[test]
    fn what_else_is_read() {
        let how = How { frozen: true, ..How::default() };
        let keeps = How { keeps_settings: true, ..how.clone() };
        for (files, how, expected) in [
            (&[("Gemfile.lock", "GEM\n")][..], &how, Ok("Gemfile Gemfile.lock | ")),
            (&[("Gemfile.lock", "PATH\n  remote: .\n")], &how, Err("Gemfile.lock has gems of a folder of the project")),
            (&[(".bundle/config", "---\nBUNDLE_PATH: \"v\"\n")], &how, Ok("Gemfile .bundle/config | v")),
            (
                &[(".bundle/config", "---\n")],
                &keeps,
                Err("bundler keeps settings in .bundle/config, which the copy would bring back"),
            ),
            (&[("a", "")], &keeps, Ok("Gemfile | .bundle")),
            (&[("vendor/cache/a.gem", "")], &how, Ok("Gemfile vendor/cache | ")),
            (&[("gems.rb", "")], &how, Err("gems.rb is read, and not understood here")),
        ] {
            let mut all = vec![("Gemfile", "gem 'a'\n")];
            all.extend(files);
            let world = Files::of(&all);
            let found = install(&Tree::of(&world).expect("a context"), "", how);
            let found =
                found.map(|it| format!("{} | {}", [it.files, it.folders].concat().join(" "), it.outputs.join(" ")));
            assert_eq!(found, expected.map(str::to_owned).map_err(Reason::from), "{files:?}");
        }
    }
}
