//! Containers of an image, started to see what they do.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::proof::evidence::{Answer, Behaviour};

use super::Engine;
use super::progress::last_lines;

/// How long a container has for what it is asked.
const PATIENCE: Duration = Duration::from_secs(30);
/// One that nobody asks anything has run long enough after this.
const QUIET: Duration = Duration::from_secs(4);
/// So much of a body is compared.
const MAX_BODY: u64 = 1 << 20;

/// What to ask of a container.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Words to run it with, in place of its command.
    pub run: Option<Vec<String>>,
    /// Ports that are asked over HTTP, with the path.
    pub http: Vec<(u16, String)>,
}

impl Engine {
    /// Starts the image `name`, and says what it did.
    pub fn observe(&self, name: &str, ask: &Ask) -> Behaviour {
        let container = format!("{}-{name}", self.run);
        let behaviour = match &ask.run {
            Some(words) => self.command(name, &container, words),
            None => self.service(name, &container, ask),
        };
        let _ = self.ask(&["rm", "--force", "--volumes", &container]);
        behaviour
    }

    /// The TCP ports that the image `name` exposes.
    pub fn exposed(&self, name: &str) -> Vec<u16> {
        let format = "{{range $port, $_ := .Config.ExposedPorts}}{{println $port}}{{end}}";
        let said = self.ask(&["image", "inspect", "--format", format, &self.tag(name)]).unwrap_or_default();
        let ports = said.lines().filter_map(|line| match line.trim().split_once('/') {
            Some((port, "tcp")) => port.parse().ok(),
            Some(_) => None,
            None => line.trim().parse().ok(),
        });
        ports.collect()
    }

    fn start(&self, name: &str, container: &str, ports: &[(u16, String)], words: &[String]) -> Result<(), String> {
        let label = self.label();
        let tag = self.tag(name);
        // The same name for all, so that what they print is the same.
        let mut arguments = vec!["run", "--detach", "--label", &label, "--name", container, "--hostname", "dockwright"];
        let published: Vec<String> = ports.iter().map(|(port, _)| format!("127.0.0.1::{port}")).collect();
        arguments.extend(published.iter().flat_map(|port| ["--publish", port]));
        arguments.push(&tag);
        arguments.extend(words.iter().map(String::as_str));
        self.ask(&arguments).map(|_| ())
    }

    /// Whether it runs, its exit code and its process.
    fn state(&self, container: &str) -> Option<(bool, i64, u32)> {
        let format = "{{.State.Running}} {{.State.ExitCode}} {{.State.Pid}}";
        let said = self.ask(&["inspect", "--format", format, container]).ok()?;
        let mut words = said.split_whitespace();
        Some((words.next()? == "true", words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    }

    fn command(&self, name: &str, container: &str, words: &[String]) -> Behaviour {
        if let Err(why) = self.start(name, container, &[], words) {
            return Behaviour { refused: Some(why), ..Behaviour::default() };
        }
        let start = Instant::now();
        while start.elapsed() < 4 * PATIENCE {
            if let Some((false, code, _)) = self.state(container) {
                let output = self.logs(container);
                return Behaviour { ran: Some((code, output)), ..Behaviour::default() };
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Behaviour { refused: Some("it does not end".to_owned()), ..Behaviour::default() }
    }

    fn logs(&self, container: &str) -> String {
        let output = std::process::Command::new(self.program).args(["logs", container]).output();
        output
            .map(|it| String::from_utf8_lossy(&[it.stdout, it.stderr].concat()).into_owned())
            .map(|text| last_lines(&text, 200))
            .unwrap_or_default()
    }

    fn service(&self, name: &str, container: &str, ask: &Ask) -> Behaviour {
        if let Err(why) = self.start(name, container, &ask.http, &[]) {
            return Behaviour { refused: Some(why), ..Behaviour::default() };
        }
        let start = Instant::now();
        let mut behaviour = Behaviour::default();
        let mut answers: Vec<Answer> = Vec::new();
        let mut stable = (BTreeSet::new(), Instant::now());
        while start.elapsed() < PATIENCE {
            let Some((running, code, process)) = self.state(container) else { break };
            if !running {
                behaviour.ended = Some(code);
                break;
            }
            behaviour.ports = self.ports(container, process);
            for (port, path) in &ask.http {
                if answers.iter().any(|answer| answer.port == *port && answer.path == *path) {
                    continue;
                }
                let answer = self.address(container, *port).and_then(|address| get(address, path));
                answers.extend(answer.map(|(status, body)| Answer {
                    port: *port,
                    path: path.clone(),
                    status: Some(status),
                    body: body.into(),
                }));
            }
            let listening = behaviour.ports.clone().unwrap_or_default();
            if listening != stable.0 {
                stable = (listening, Instant::now());
            }
            let asked = answers.len() == ask.http.len();
            // A port that nobody listens on will not answer: a while after the last one was opened, that is settled.
            let settled = stable.1.elapsed() > QUIET && (ask.http.is_empty() || !stable.0.is_empty());
            if (asked && !ask.http.is_empty()) || (settled && (asked || start.elapsed() > 3 * QUIET)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(150));
        }
        // One may have been opened since.
        if behaviour.ended.is_none()
            && let Some((true, _, process)) = self.state(container)
        {
            behaviour.ports = self.ports(container, process);
        }
        for (port, path) in &ask.http {
            if !answers.iter().any(|answer| answer.port == *port && answer.path == *path) {
                answers.push(Answer { port: *port, path: path.clone(), status: None, body: Box::default() });
            }
        }
        answers.sort_by(|a, b| (a.port, &a.path).cmp(&(b.port, &b.path)));
        behaviour.answers = answers;
        if behaviour.ended.is_none() {
            let start = Instant::now();
            let _ = self.ask(&["stop", "-t", "10", container]);
            let time = start.elapsed();
            behaviour.stopped = self.state(container).map(|(_, code, _)| (time, code));
        }
        behaviour.log = last_lines(&self.logs(container), 20);
        behaviour
    }

    /// Where a port of the container can be reached.
    fn address(&self, container: &str, port: u16) -> Option<SocketAddr> {
        let said = self.ask(&["port", container, &format!("{port}/tcp")]).ok()?;
        said.lines().next()?.trim().parse().ok()
    }

    /// The ports that something in the container listens on, as its kernel says.
    fn ports(&self, container: &str, process: u32) -> Option<BTreeSet<u16>> {
        let local = |file: &str| std::fs::read_to_string(format!("/proc/{process}/net/{file}"));
        let tables = match local("tcp") {
            Ok(tcp) => tcp + &local("tcp6").unwrap_or_default(),
            // The engine runs elsewhere, such as in a virtual machine; the image may lack the program.
            Err(_) => self.ask(&["exec", container, "cat", "/proc/net/tcp", "/proc/net/tcp6"]).ok()?,
        };
        Some(listening(&tables))
    }
}

/// The ports in state LISTEN: `0A` in the fourth column, the port in hexadecimal after the address in the second.
/// <https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html>
fn listening(tables: &str) -> BTreeSet<u16> {
    let rows = tables.lines().filter_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let (local, state) = (columns.next()?, columns.nth(1)?);
        (state == "0A").then_some(local)
    });
    rows.filter_map(|local| u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()).collect()
}

/// Asks over HTTP/1.0: the answer ends with the connection. Answers with status and body.
fn get(address: SocketAddr, path: &str) -> Option<(u16, Vec<u8>)> {
    let timeout = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&address, timeout).ok()?;
    stream.set_read_timeout(Some(timeout)).ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept: */*\r\nUser-Agent: dockwright\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    // A server that keeps the connection open has answered all the same.
    let _ = stream.take(MAX_BODY).read_to_end(&mut answer);
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let status = head.strip_prefix("HTTP/")?.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, answer.split_off(end + 4)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_ports_are_read() {
        let tables = "  sl  local_address rem_address   st tx_queue\n   0: 00000000:1F40 00000000:0000 0A 00000000:00000000\n   1: 0100007F:C350 0100007F:1F40 01 0:0\n  sl  local_address\n   0: 00000000000000000000000000000000:0050 0:0000 0A 0:0\n";
        assert_eq!(listening(tables), [80, 8000].into());
    }

    #[test]
    fn http_is_read_to_the_end_of_the_connection() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = server.local_addr().expect("an address");
        let answers = ["HTTP/1.0 404 Not Found\r\nA: b\r\n\r\nbody", "nothing like that"];
        let thread = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = server.accept().expect("a client");
                let mut request = [0; 1024];
                let read = stream.read(&mut request).expect("a request");
                assert!(request[..read].starts_with(b"GET /x HTTP/1.0\r\n"));
                stream.write_all(answer.as_bytes()).expect("it is sent");
            }
        });
        assert_eq!(get(address, "/x"), Some((404, b"body".to_vec())));
        assert_eq!(get(address, "/x"), None);
        thread.join().expect("the server ends");
    }
}
