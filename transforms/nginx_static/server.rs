//! Servers of files for Node, by their command lines.
//!
//! `serve`: <https://github.com/vercel/serve/blob/main/source/utilities/cli.ts>, `http-server`:
//! <https://github.com/http-party/http-server#available-options>

use super::Reason;

/// Which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `serve`
    Serve,
    /// `http-server`
    HttpServer,
}

impl Program {
    /// The one that is called `name`.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "serve" => Some(Self::Serve),
            "http-server" => Some(Self::HttpServer),
            _ => None,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::HttpServer => "http-server",
        }
    }

    /// The port that it listens on where nothing says another, in the version that is `major`, or the current one.
    pub fn port(self, version: Version) -> Option<u16> {
        match (self, version) {
            (Self::HttpServer, _) => Some(8080),
            (Self::Serve, Version::Current | Version::Major(14..)) => Some(3000),
            (Self::Serve, Version::Major(_)) => Some(5000),
            (Self::Serve, Version::Unknown) => None,
        }
    }
}

/// Which release is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The one that the registry has as the latest.
    Current,
    /// The latest of this major version, or one of it.
    Major(u32),
    /// It cannot be told.
    Unknown,
}

impl Version {
    /// What follows the `@` of a package.
    fn of(range: Option<&str>) -> Self {
        let Some(range) = range.filter(|range| !matches!(*range, "" | "latest")) else { return Self::Current };
        let exact = range.trim_start_matches(['^', '~', 'v']);
        let plain = exact.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        exact
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            .filter(|_| plain)
            .map_or(Self::Unknown, Self::Major)
    }
}

/// A package as an installation names it: `serve@14` is serve of version 14.
pub fn package(text: &str) -> Option<(Program, Version)> {
    let (name, range) = text.split_once('@').map_or((text, None), |(name, range)| (name, Some(range)));
    Some((Program::of(name)?, Version::of(range)))
}

/// A server, as it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Which.
    pub program: Program,
    /// Its version, where it is fetched when it starts.
    pub fetched: Option<Version>,
    /// What it serves, as it is written; `None`: the folder that it starts in.
    pub folder: Option<String>,
    /// The port that an option says.
    pub port: Option<u16>,
    /// What is no file is `/index.html`.
    pub single: bool,
    /// Text is compressed.
    pub compresses: bool,
    /// What its header Cache-Control says.
    pub cache: Option<String>,
}

/// Where the words of a command name a server of files: which, and the index of its name; and the version that `npx` is
/// told.
fn program(words: &[String]) -> Option<(Program, usize, Option<Version>)> {
    let first = words.first()?;
    if matches!(&**first, "npx" | "pnpx") {
        let at = 1 + words[1..].iter().position(|word| !word.starts_with('-'))?;
        let (program, version) = package(&words[at])?;
        return Some((program, at, Some(version)));
    }
    let name = match first.rsplit_once('/') {
        Some((folder, name)) if folder.ends_with("node_modules/.bin") => name,
        Some(_) => return None,
        None => first,
    };
    Some((Program::of(name)?, 0, None))
}

/// Whether a command, however it is written, starts a server of files.
pub fn is_one(words: &[String]) -> bool {
    let words = match words {
        [shell, flag, text] if matches!(base(shell), "sh" | "bash" | "ash" | "dash") && flag.starts_with('-') => {
            std::slice::from_ref(text)
        }
        _ => words,
    };
    let text = words.join(" ");
    text.split(['&', '|', ';', '\n', '(', ')']).any(|command| {
        let words = command.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
        let words: Vec<String> =
            words.skip_while(|word| *word == "exec" || word.contains('=')).map(str::to_owned).collect();
        program(&words).is_some()
    })
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Server {
    /// The server that a command starts.
    ///
    /// # Errors
    /// What of it nginx does not do, or is not known here.
    pub fn of(words: &[String]) -> Result<Self, Reason> {
        let (program, at, fetched) = program(words).ok_or("what it runs is more than a server of files")?;
        if let Some(flag) = words[1..at.max(1)].iter().find(|flag| !matches!(&***flag, "-y" | "--yes" | "--no-install"))
        {
            return Err(unknown(&words[0], flag));
        }
        let mut server =
            Self { program, fetched, folder: None, port: None, single: false, compresses: false, cache: None };
        let words: Vec<&str> = words[at + 1..].iter().map(String::as_str).collect();
        match program {
            Program::Serve => server.serve(&words)?,
            Program::HttpServer => server.http_server(&words)?,
        }
        Ok(server)
    }

    fn serve(&mut self, words: &[&str]) -> Result<(), Reason> {
        self.compresses = true;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (flag, value) = word.split_once('=').map_or((*word, None), |(flag, value)| (flag, Some(value)));
            match flag {
                "-s" | "--single" => self.single = true,
                "-l" | "--listen" | "-p" => {
                    let value = value.or_else(|| words.next().copied());
                    self.listen(value.ok_or("which port it listens on is not known")?)?;
                }
                "-u" | "--no-compression" => self.compresses = false,
                "-n"
                | "--no-clipboard"
                | "-L"
                | "--no-request-logging"
                | "-d"
                | "--debug"
                | "--no-etag"
                | "--no-port-switching" => {}
                "-c" | "--config" => return Err(format!("`serve` has a configuration (`{flag}`)").into()),
                "-C" | "--cors" => return Err(format!("`serve` lets other origins in (`{flag}`)").into()),
                "-S" | "--symlinks" => return Err(format!("`serve` follows links (`{flag}`)").into()),
                "--ssl-cert" | "--ssl-key" | "--ssl-pass" => {
                    return Err(format!("`serve` speaks TLS (`{flag}`)").into());
                }
                _ if flag.starts_with('-') || flag.is_empty() => return Err(unknown("serve", word)),
                _ => self.serves(word)?,
            }
        }
        Ok(())
    }

    fn http_server(&mut self, words: &[&str]) -> Result<(), Reason> {
        self.cache = Some("max-age=3600".to_owned());
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            if let Some(seconds) = word.strip_prefix("-c").map(|rest| rest.strip_prefix('=').unwrap_or(rest)) {
                let seconds = if seconds.is_empty() { words.next().copied().unwrap_or_default() } else { seconds };
                self.cache = Some(match seconds.parse::<u32>() {
                    Ok(seconds @ 1..) => format!("max-age={seconds}"),
                    // Behind a blank, it would be an option of its own.
                    _ if seconds == "-1" && *word != "-c" => "no-cache, no-store, must-revalidate".to_owned(),
                    _ => {
                        return Err(
                            format!("what `http-server` says of caches (`{word} {seconds}`) is not known").into()
                        );
                    }
                });
                continue;
            }
            let (flag, value) = word.split_once('=').map_or((*word, None), |(flag, value)| (flag, Some(value)));
            let (flag, value) = match flag.strip_prefix("-p") {
                Some(port) if !port.is_empty() => ("-p", Some(port)),
                _ => (flag, value),
            };
            match flag {
                "-p" | "--port" => {
                    let value = value.or_else(|| words.next().copied());
                    self.listen(value.ok_or("which port it listens on is not known")?)?;
                }
                "-a" if words.next_if(|value| **value == "0.0.0.0").is_some() => {}
                "-d" if words.next_if(|value| **value == "false").is_some() => {}
                "-s" | "--silent" | "-U" | "--utc" | "-i" | "-d" | "--log-ip" if value.is_none() => {
                    // It takes the next word for its value.
                    if let Some(next) = words.peek().filter(|next| !next.starts_with('-')) {
                        return Err(format!("`http-server` takes {next} for a value of `{flag}`").into());
                    }
                }
                "--cors" => return Err(format!("`http-server` lets other origins in (`{flag}`)").into()),
                "-P" | "--proxy" | "--proxy-options" | "--proxy-config" => {
                    return Err(format!("`http-server` hands on to another server (`{flag}`)").into());
                }
                "-S" | "--ssl" | "--tls" | "-C" | "--cert" | "-K" | "--key" => {
                    return Err(format!("`http-server` speaks TLS (`{flag}`)").into());
                }
                "--username" | "--password" => return Err(format!("`http-server` asks who it is (`{flag}`)").into()),
                _ if flag.starts_with('-') || flag.is_empty() => return Err(unknown("http-server", word)),
                _ => self.serves(word)?,
            }
        }
        if self.folder.is_none() {
            return Err("which folder `http-server` serves is not known: `public`, if it is there".into());
        }
        Ok(())
    }

    /// Takes over where it listens.
    fn listen(&mut self, value: &str) -> Result<(), Reason> {
        let name = self.program.name();
        if self.port.is_some() {
            return Err(format!("`{name}` listens in more than one place").into());
        }
        let port = value.strip_prefix("tcp://0.0.0.0:").filter(|_| self.program == Program::Serve).unwrap_or(value);
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        self.port = port.parse().ok().filter(|_| digits);
        if self.port.is_none() {
            return Err(format!("`{name}` listens on `{value}`, which is no plain port").into());
        }
        Ok(())
    }

    fn serves(&mut self, folder: &str) -> Result<(), Reason> {
        match self.folder.replace(folder.to_owned()) {
            None => Ok(()),
            Some(_) => Err(format!("`{}` is given more than one folder", self.program.name()).into()),
        }
    }

    /// The configuration of nginx that answers as it does, line by line.
    pub fn configuration(&self, port: u16) -> Vec<String> {
        let mut lines: Vec<String> = vec![
            "server {".into(),
            format!("    listen {port};"),
            "    root /usr/share/nginx/html;".into(),
            "    charset utf-8;".into(),
            "    include mime.types;".into(),
            "    types {".into(),
            "        text/javascript mjs;".into(),
            "        application/manifest+json webmanifest;".into(),
            "    }".into(),
        ];
        if self.compresses {
            lines.extend([
                "    gzip on;".into(),
                "    gzip_proxied any;".into(),
                "    gzip_types text/plain text/css text/javascript application/javascript application/json image/svg+xml;"
                    .into(),
            ]);
        }
        if let Some(cache) = &self.cache {
            lines.push(format!("    add_header Cache-Control \"{cache}\";"));
        }
        let tries = match (self.program, self.single) {
            (Program::Serve, true) => "$uri /index.html",
            (Program::Serve, false) => "$uri $uri/index.html $uri.html =404",
            (Program::HttpServer, _) => "$uri $uri/ $uri.html =404",
        };
        if self.program == Program::HttpServer {
            // Where a folder is asked for without its slash.
            lines.push("    absolute_redirect off;".into());
        }
        if !self.single {
            lines.push("    error_page 404 /404.html;".into());
        }
        lines.extend(["    location / {".into(), format!("        try_files {tries};"), "    }".into(), "}".into()]);
        lines
    }
}

fn unknown(program: &str, flag: &str) -> Reason {
    format!("what `{program}` does with `{flag}` is not known").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn command_lines() {
        for (text, port, folder, single) in [
            ("serve", None, None, false),
            ("serve -s dist -l 8080", Some(8080), Some("dist"), true),
            ("serve --listen=8080 --single .", Some(8080), Some("."), true),
            ("npx -y serve@14 -s dist -n", None, Some("dist"), true),
            ("node_modules/.bin/serve -l tcp://0.0.0.0:3000 x", Some(3000), Some("x"), false),
            ("http-server dist -p8081 -c-1 -s", Some(8081), Some("dist"), false),
            ("http-server -a 0.0.0.0 -d false -p 80 dist", Some(80), Some("dist"), false),
        ] {
            let server = Server::of(&words(text)).expect(text);
            assert_eq!((server.port, server.folder.as_deref(), server.single), (port, folder, single), "{text}");
        }
    }

    #[test]
    fn what_is_not_taken_over() {
        for (text, expected) in [
            ("serve -c serve.json dist", "a configuration"),
            ("serve --cors dist", "other origins"),
            ("serve --ssl-cert a dist", "TLS"),
            ("serve -sl 80 dist", "is not known"),
            ("serve -l unix:/x dist", "no plain port"),
            ("serve -l tcp://localhost:80 dist", "no plain port"),
            ("serve -l 80 -l 81 dist", "more than one place"),
            ("serve a b", "more than one folder"),
            ("npx --package serve serve", "is not known"),
            ("http-server", "which folder"),
            ("http-server -s dist", "takes dist for a value"),
            ("http-server dist -P http://x", "hands on"),
            ("http-server dist -S", "TLS"),
            ("http-server dist --username a", "asks who"),
            ("http-server dist -c -1", "of caches"),
            ("http-server dist -g", "is not known"),
            ("node server.js", "more than a server"),
        ] {
            let error = Server::of(&words(text)).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn what_starts_one() {
        for (text, expected) in [
            ("serve -s dist", true),
            ("npx serve dist", true),
            ("sh -c serve", true),
            ("ng serve", false),
            ("node serve", false),
            ("./serve dist", false),
            ("npx @serve/x", false),
        ] {
            assert_eq!(is_one(&words(text)), expected, "{text}");
        }
        assert!(is_one(&["sh".into(), "-c".into(), "env.sh && exec serve -s dist".into()]));
        assert!(is_one(&["A=b npx react-inject-env set; npx serve".into()]));
    }

    #[test]
    fn versions() {
        for (text, port) in [
            ("serve", Some(3000)),
            ("serve@latest", Some(3000)),
            ("serve@14.2.0", Some(3000)),
            ("serve@13", Some(5000)),
            ("serve@next", None),
            ("serve@>=13", None),
            ("http-server@14", Some(8080)),
        ] {
            let (program, version) = package(text).expect(text);
            assert_eq!(program.port(version), port, "{text}");
        }
        assert_eq!(package("server"), None);
    }
}
