//! Dockerfiles made up from a seed: RUNs from a grammar of what people write, and of what bites.

use std::fmt::Write as _;

/// Numbers from a seed (xorshift).
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self((seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0x2545_f491_4f6c_dd1d) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Whether it happens, in `percent` of cases.
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// What of a package manager: update, install, clean.
type Packages = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

const APT: Packages = (
    &["apt-get update", "apt-get update -q", "apt-get -qq update", "apt update", "sudo apt-get update"],
    &[
        "apt-get install -y curl",
        "apt-get install -y --no-install-recommends git make",
        "apt-get install -y curl git",
        "apt-get -y install gcc",
        "apt-get install -qy \"$PKG\"",
        "DEBIAN_FRONTEND=noninteractive apt-get install -y tzdata",
        "apt-get install curl",
        "apt-get install -y python3 > /tmp/log 2>&1",
        "apt-get upgrade -y",
        "apt install -y vim",
        "apt-get install -y $(cat packages.txt)",
        "apt-get remove -y gcc",
        "apt-get install -y ./local.deb",
    ],
    &[
        "rm -rf /var/lib/apt/lists/*",
        "apt-get clean",
        "rm -rf /var/lib/apt/lists/* /tmp/*",
        "rm -r /var/lib/apt/lists",
        "apt-get clean && rm -rf /var/lib/apt/lists/*",
        "rm -rf /var/cache/apt/archives /var/lib/apt/lists/*",
        "apt-get autoremove -y",
    ],
);

const APK: Packages = (
    &["apk update", "apk -U upgrade"],
    &["apk add curl", "apk add --no-cache git", "apk add --update make gcc", "apk add --virtual .deps gcc"],
    &["rm -rf /var/cache/apk/*", "apk del .deps", "rm -rf /var/cache/apk"],
);

const DNF: Packages = (
    &["dnf -y update", "dnf makecache", "yum -y update"],
    &["dnf install -y git", "dnf -y install gcc make", "yum install -y tar"],
    &["dnf clean all", "rm -rf /var/cache/dnf", "yum clean all && rm -rf /var/cache/yum"],
);

const BASES: &[(&str, Packages)] = &[
    ("debian:12", APT),
    ("ubuntu:24.04", APT),
    ("python:3.12-slim", APT),
    ("node:22", APT),
    ("golang:1.25", APT),
    ("rust:1", APT),
    ("example.com/base:1", APT),
    ("alpine:3.20", APK),
    ("node:22-alpine", APK),
    ("fedora:42", DNF),
];

const COMMANDS: &[&str] = &[
    "pip install --no-cache-dir flask",
    "pip install -r requirements.txt",
    "pip3 install --upgrade pip",
    "npm ci",
    "npm install && npm cache clean --force",
    "npm install --production",
    "yarn install --frozen-lockfile",
    "go mod download",
    "go build -o /bin/app ./...",
    "cargo build --release",
    "bundle install",
    "composer install --no-dev",
    "make -C /src",
    "make install",
    "curl -fsSL https://example.com/a.tgz -o /tmp/a.tgz",
    "curl -sSL https://example.com/x.sh | sh",
    "wget https://example.com/a.tgz",
    "wget -qO- https://example.com/key | apt-key add -",
    "tar xzf a.tgz -C /opt",
    "tar xf /tmp/a.tgz",
    "rm a.tgz",
    "rm /tmp/a.tgz",
    "rm -rf /root/.cache",
    "rm -rf /root/.npm /tmp/*",
    "useradd -m app",
    "chown -R app /srv",
    "chmod +x /srv/run",
    "mkdir -p /srv/data",
    "ln -s /opt/a /usr/local/bin/a",
    "echo done",
    "echo \"$PKG\" > /tmp/pkg",
    "echo deb http://x y >> /etc/apt/sources.list",
    "printf '%s\\n' a b > list.txt",
    "./configure --prefix=/usr",
    "git clone https://example.com/r.git /src",
    "sed -i s/a/b/ /etc/conf",
    "test -f /tmp/pkg",
    "[ -n \"$PKG\" ]",
    "command -v curl",
    "true",
    "false",
    ":",
];

/// What changes the shell, or ends it.
const STATE: &[&str] = &[
    "cd /src",
    "cd /tmp",
    "cd ..",
    "export A=1",
    "A=2",
    "PKG=vim",
    "unset PKG",
    "umask 077",
    "set -u",
    "set +e",
    "set -x",
    "export PATH=/opt/bin:$PATH",
    "VERSION=$(curl -s https://example.com/version)",
    "trap 'echo bye' EXIT",
    "exit 0",
    "exit 3",
    "hash -r",
    "exec 3>/tmp/three",
    "IFS=,",
    "alias ll=ls",
];

const HEADS: &[&str] = &["set -e", "set -ex", "set -eux", "set -x", "set -eu", "set -o errexit", "set -euxo pipefail"];

/// How the commands of a body are put together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `&&` only.
    Chain,
    /// Under a `set -e`, with `;`.
    SetE,
    /// Anything.
    Wild,
}

struct Maker {
    dice: Dice,
    packages: Packages,
    /// Line breaks are written as in a here-document.
    lines: bool,
}

/// The Dockerfile of a seed.
pub fn dockerfile(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let (base, packages) = BASES[dice.below(BASES.len())];
    let mut maker = Maker { dice, packages, lines: false };
    let mut text = format!("FROM {base} AS build\n");
    maker.stage(&mut text);
    if maker.dice.chance(25) {
        let (base, packages) = BASES[maker.dice.below(BASES.len())];
        maker.packages = packages;
        let _ = writeln!(text, "\nFROM {base}\nCOPY --from=build /srv /srv");
        maker.stage(&mut text);
    }
    text + "CMD [\"app\"]\n"
}

impl Maker {
    fn stage(&mut self, text: &mut String) {
        for (percent, line) in [
            (15, "ARG PKG=nano\n"),
            (15, "ENV A=0 PKG=jq\n"),
            (10, "ENV PIP_NO_CACHE_DIR=1\n"),
            (30, "WORKDIR /srv\n"),
            (7, "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\n"),
            (4, "SHELL [\"/bin/bash\", \"-ec\"]\n"),
            (3, "SHELL [\"/bin/sh\", \"-ec\"]\n"),
            (4, "USER app\n"),
        ] {
            if self.dice.chance(percent) {
                *text += line;
            }
        }
        // What belongs together comes in one style, so that transforms find it.
        let style =
            [Style::Chain, Style::Chain, Style::Chain, Style::SetE, Style::SetE, Style::Wild][self.dice.below(6)];
        let head = self.dice.pick(HEADS);
        let mut step = 0;
        for _ in 0..2 + self.dice.below(4) {
            if self.dice.chance(12) {
                *text += self.dice.pick(&["COPY . .\n", "ENV B=1\n", "# why\n", "\n", "ARG C\n", "WORKDIR /opt\n"]);
            }
            let style = if self.dice.chance(12) { Style::Wild } else { style };
            let flags = match self.dice.below(20) {
                0 => "--network=host ",
                1 => "--mount=type=cache,target=/root/.cache ",
                _ => "",
            };
            self.lines = flags.is_empty() && style == Style::Wild && self.dice.chance(25);
            let body = self.body(style, head, &mut step);
            let _ = match self.lines {
                true => writeln!(text, "RUN <<EOT\n{body}\nEOT"),
                false => writeln!(text, "RUN {flags}{body}"),
            };
        }
    }

    fn body(&mut self, style: Style, head: &str, step: &mut usize) -> String {
        let count = 1 + self.dice.below(3);
        match style {
            Style::Chain => {
                let separator = if self.dice.chance(70) { " \\\n    && " } else { " && " };
                (0..count).map(|_| self.step(step)).collect::<Vec<_>>().join(separator)
            }
            Style::SetE => {
                let separator = if self.dice.chance(70) { "; \\\n    " } else { "; " };
                let mut items = vec![head.to_owned()];
                items.extend((0..count).map(|_| if self.dice.chance(88) { self.step(step) } else { self.and_or(1) }));
                items.join(separator) + if self.dice.chance(8) { ";" } else { "" }
            }
            Style::Wild => {
                let mut items = Vec::new();
                if self.dice.chance(40) {
                    items.push(if self.dice.chance(60) { head.to_owned() } else { self.dice.pick(HEADS).to_owned() });
                }
                for _ in 0..count {
                    items.push(if self.dice.chance(40) {
                        self.step(step)
                    } else {
                        let depth = [0, 0, 1, 1, 1, 2][self.dice.below(6)];
                        self.and_or(depth)
                    });
                }
                let separator = self.separator();
                items.join(&separator)
            }
        }
    }

    fn separator(&mut self) -> String {
        match (self.lines, self.dice.below(6)) {
            (true, 0..=3) => "\n".into(),
            (false, 0..=1) => "; \\\n    ".into(),
            (false, 2) => " && \\\n    ".into(),
            (true, 4) | (false, 3..=4) => "; ".into(),
            _ => " && ".into(),
        }
    }

    /// The next of what one does with packages, or something else.
    fn step(&mut self, step: &mut usize) -> String {
        if self.dice.chance(22) {
            return self.simple();
        }
        let (update, install, clean) = self.packages;
        let commands = [update, install, clean][(*step).min(2)];
        *step = match *step {
            0 => 1,
            1 if self.dice.chance(30) => 1,
            1 => 2,
            _ => self.dice.below(3),
        };
        self.dice.pick(commands).to_owned()
    }

    fn simple(&mut self) -> String {
        if self.dice.chance(12) {
            return self.dice.pick(STATE).to_owned();
        }
        let mut text = self.dice.pick(COMMANDS).to_owned();
        match self.dice.below(30) {
            0 => text += " > /tmp/out",
            1 => text += " 2>/dev/null",
            2 => text = format!("X=$({text})"),
            3 => text = format!("A=3 {text}"),
            4 => text += " >> /tmp/out 2>&1",
            5 => text += " < /tmp/pkg",
            _ => {}
        }
        text
    }

    fn and_or(&mut self, depth: usize) -> String {
        let mut text = self.pipeline(depth);
        for _ in 0..self.dice.below(3) {
            text += self.dice.pick(&[" && ", " && ", " || "]);
            text += &self.pipeline(depth);
        }
        text
    }

    fn pipeline(&mut self, depth: usize) -> String {
        let mut text = if self.dice.chance(12) { "! ".to_owned() } else { String::new() };
        text += &self.command(depth);
        if self.dice.chance(10) {
            text += " | ";
            text += self.dice.pick(&["tee /tmp/log", "grep -q x", "sort", "xargs echo"]);
        }
        text
    }

    fn command(&mut self, depth: usize) -> String {
        if depth == 0 || self.dice.chance(55) {
            let mut step = self.dice.below(3);
            return if self.dice.chance(40) { self.step(&mut step) } else { self.simple() };
        }
        let list = |maker: &mut Self| {
            let items: Vec<String> = (0..1 + maker.dice.below(2)).map(|_| maker.and_or(depth - 1)).collect();
            items.join("; ")
        };
        let (first, second) = (list(self), list(self));
        match self.dice.below(12) {
            0 | 1 => format!("({first})"),
            2 | 3 => format!("{{ {first}; }}"),
            4 | 5 => format!("if {first}; then {second}; fi"),
            6 => format!("if {first}; then {second}; else {}; fi", list(self)),
            7 => format!("for x in a b; do {first}; done"),
            8 => format!("while {first}; do {second}; break; done"),
            9 => format!("until {first}; do {second}; {}done", self.dice.pick(&["break; ", "break; ", "false; "])),
            10 => format!("case \"$PKG\" in nano) {first};; *) {second};; esac"),
            _ => format!("f() {{ {first}; }}; f"),
        }
    }
}
