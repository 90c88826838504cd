//! What speaks against another user than root: where the file puts things, and what it does to accounts.

use super::Ship;
use super::program::Program;
use crate::dockerfile::Kind;
use crate::images;

/// What a RUN leaves in root's home, where nobody else may look: the text that tells, and what it is.
const IN_HOME: &[(&str, &str)] = &[
    ("--user ", "a package in root's home"),
    ("playwright", "Playwright's browsers in root's home"),
    ("puppeteer", "Puppeteer's browser in root's home"),
    ("cypress", "Cypress in root's home"),
    ("nltk", "NLTK's data in root's home"),
    ("huggingface", "models in root's home"),
    ("from_pretrained", "models in root's home"),
    ("torch.hub", "models in root's home"),
    ("dotnet tool", ".NET tools in root's home"),
    ("uv python", "a Python in root's home"),
    ("uv tool", "tools in root's home"),
    ("pipx ", "tools in root's home"),
    ("nvm ", "a Node.js in root's home"),
    ("| sh", "what an installer puts there in root's home"),
    ("|sh", "what an installer puts there in root's home"),
    ("| bash", "what an installer puts there in root's home"),
    ("|bash", "what an installer puts there in root's home"),
    ("corepack", "the package manager in root's home"),
];

/// Commands that change accounts.
const ACCOUNTS: &[&str] =
    &["useradd", "adduser", "groupadd", "addgroup", "usermod", "userdel", "deluser", "/etc/passwd"];

/// Why the image may need root, if it may.
///
/// # Errors
/// The reason.
pub(super) fn of(ship: &Ship<'_>, programs: &[Program]) -> Result<(), String> {
    let doc = ship.view.doc;
    if !matches!(ship.image.kind, images::Kind::System | images::Kind::BuildpackDeps) && is_server(ship.image.kind) {
        return Err("the base image gives up root itself".into());
    }
    let runs = |name: &str| programs.iter().any(|words| words.iter().any(|word| word == name));
    if runs("uv") || runs("uvx") {
        return Err("uv writes to the project when it runs".into());
    }
    if ship.workdir.is_some_and(|folder| folder == "/root" || folder.starts_with("/root/")) {
        return Err("its folder is /root, where nobody else may look".into());
    }
    let says = |text: &str| doc.text().contains(text);
    for index in ship.instructions() {
        let instruction = ship.view.instruction(index);
        let line = doc.line(instruction.span.start);
        let text = match &instruction.kind {
            Kind::Run(_) => {
                ship.view.script(index).map_or_else(|| doc.slice(instruction.arguments).into(), |it| it.text().into())
            }
            _ => doc.joined(instruction, instruction.arguments),
        };
        match &instruction.kind {
            Kind::User(_) => return Err(format!("USER in line {line} asks for root")),
            Kind::Volume(words) => {
                let paths = words.iter().map(|word| doc.word(instruction, *word));
                if let Some(path) = paths.into_iter().find(|path| !super::is_own(path)) {
                    return Err(format!("the volume {path} belongs to root"));
                }
            }
            Kind::Onbuild(_) => return Err(format!("ONBUILD in line {line} may need root")),
            Kind::Run(_) => {
                if let Some(word) = ACCOUNTS.iter().find(|word| text.contains(**word)) {
                    return Err(format!("line {line} has accounts of its own (`{word}`): USER is to name one"));
                }
                if let Some((_, what)) = IN_HOME.iter().find(|(sign, _)| text.contains(sign)) {
                    return Err(format!("line {line} leaves {what}"));
                }
                let apart = says("VIRTUALENVS_CREATE")
                    || says("virtualenvs.create")
                    || says("VIRTUALENVS_IN_PROJECT")
                    || says("virtualenvs.in-project");
                if text.contains("poetry ") && !apart {
                    return Err(format!("line {line} leaves Poetry's environment in root's home"));
                }
                if text.contains("pipenv ") && !text.contains("--system") && !says("PIPENV_VENV_IN_PROJECT") {
                    return Err(format!("line {line} leaves pipenv's environment in root's home"));
                }
                if text.contains("cargo install") && ship.image.kind != images::Kind::Rust {
                    return Err(format!("line {line} leaves programs of cargo in root's home"));
                }
            }
            Kind::From(_) | Kind::Arg(_) | Kind::Label(_) => continue,
            _ => {}
        }
        if let Some(home) = ["/root", "~/", "$HOME", "${HOME"].iter().find(|home| text.contains(**home)) {
            return Err(format!("line {line} uses root's home, where nobody else may look (`{home}`)"));
        }
        if text.contains("docker.sock") {
            return Err(format!("line {line} uses the socket of Docker"));
        }
    }
    Ok(())
}

/// Images whose entrypoint, or whose program, starts as root and then gives it up.
const fn is_server(kind: images::Kind) -> bool {
    matches!(kind, images::Kind::Nginx | images::Kind::Httpd | images::Kind::Database | images::Kind::Jupyter)
}
