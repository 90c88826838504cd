//! The port on which the program answers over HTTP.

use super::{Reason, Ship};
use crate::dockerfile::{Kind, Lookup};

/// Options that name a port or an address.
const OPTIONS: &[&str] = &["--port", "-p", "--bind", "-b", "--listen", "--http-port", "--server.port", "-Dserver.port"];

/// Ports on which something else than HTTP is spoken.
const OTHERS: &[u16] = &[22, 25, 53, 465, 587, 993, 1433, 1883, 3306, 5432, 5672, 6379, 9092, 11211, 27017];

/// The port, if something says one. What says it: the command, PORT, EXPOSE, what the server does by itself.
pub(super) fn of(ship: &Ship<'_>) -> Result<Option<u16>, Reason> {
    let last = ship.view.doc.stages().len() - 1;
    let scope = ship.view.scopes().after(last);
    let variable = match scope.get("PORT") {
        Lookup::Value(value) => value.parse::<u16>().ok(),
        _ => None,
    };
    let exposed = exposed(ship)?;
    let socket = |word: &String| word.starts_with("--uds") || word.starts_with("--fd") || word.contains("unix:");
    if ship.words.iter().any(socket) {
        return Err("the program listens at a socket that is no port".into());
    }
    let said = match commanded(&ship.words) {
        Some(Ok(port)) => Some(port),
        Some(Err(())) if variable.is_none() => return Err("which port it is given, a variable says".into()),
        _ => variable,
    };
    let port = match (said, &exposed[..]) {
        (Some(port), []) => Some(port),
        (Some(port), exposed) if exposed.contains(&port) => Some(port),
        (Some(port), [other, ..]) => {
            return Err(format!("the program is given port {port}, and EXPOSE names {other}").into());
        }
        (None, [port]) => Some(*port),
        (None, []) => by_itself(&ship.words),
        (None, _) => return Err("EXPOSE names several ports, and which of them answers is not known".into()),
    };
    match port {
        Some(port) if OTHERS.contains(&port) => Ok(None),
        Some(port @ (443 | 8443 | 9443)) => Err(format!("port {port} is not for plain HTTP").into()),
        port => Ok(port),
    }
}

fn exposed(ship: &Ship<'_>) -> Result<Vec<u16>, Reason> {
    let mut ports = Vec::new();
    for index in &ship.instructions {
        let instruction = ship.view.instruction(*index);
        let Kind::Expose(words) = &instruction.kind else { continue };
        for word in words {
            let word = ship.view.doc.word(instruction, *word);
            let known = ship.view.scope(*index).expand(&word, ship.view.doc.escape());
            let known = known.ok_or("which port EXPOSE names, a variable says")?;
            let (number, protocol) = known.split_once('/').unwrap_or((&known, "tcp"));
            if protocol.eq_ignore_ascii_case("tcp") {
                let port = number.parse::<u16>().map_err(|_| "EXPOSE names a range of ports")?;
                if !ports.contains(&port) {
                    ports.push(port);
                }
            }
        }
    }
    Ok(ports)
}

/// The port that an option of the command names; `Err` if a variable does.
fn commanded(words: &[String]) -> Option<Result<u16, ()>> {
    let number = |text: &str| match text.rsplit(':').next().unwrap_or(text).parse::<u16>() {
        Ok(port) => Some(Ok(port)),
        Err(_) => text.contains('$').then_some(Err(())),
    };
    words.iter().enumerate().find_map(|(at, word)| match word.split_once('=') {
        Some((name, value)) if OPTIONS.contains(&name) => number(value),
        _ if OPTIONS.contains(&&**word) => number(words.get(at + 1)?),
        _ => word.strip_prefix("-b").and_then(number).filter(|_| words.iter().any(|word| word == "gunicorn")),
    })
}

/// The port of a server that is given none.
/// <https://www.uvicorn.org/settings/>, <https://docs.gunicorn.org/en/stable/settings.html#bind>,
/// <https://flask.palletsprojects.com/en/stable/quickstart/>
fn by_itself(words: &[String]) -> Option<u16> {
    words.iter().find_map(|word| match word.rsplit('/').next().unwrap_or(word) {
        "uvicorn" | "gunicorn" | "hypercorn" => Some(8000),
        "flask" => Some(5000),
        _ => None,
    })
}
