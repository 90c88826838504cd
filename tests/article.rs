//! The advice of an article on production images, as pairs in our own words: the tool arrives from each first form at the
//! second.
#![allow(clippy::disallowed_methods, reason = "a test runs the program and makes its files")]

use std::fs;
use std::process::Command;

/// A piece of advice: what a project is like, and what becomes of it.
struct Advice {
    name: &'static str,
    /// Its files, the Dockerfile first.
    files: &'static [(&'static str, &'static str)],
    flags: &'static [&'static str],
    /// What files are like afterwards.
    after: &'static [(&'static str, &'static str)],
}

const NODE: &str = r#"{"name": "x", "scripts": {"build": "tsc"}, "dependencies": {"express": "4"}}"#;
const TYPESCRIPT: &str = r#"{"name": "x", "scripts": {"build": "tsc"}, "dependencies": {"express": "4"}, "devDependencies": {"typescript": "5"}}"#;
const LOCK: &str =
    r#"{"name": "x", "lockfileVersion": 3, "packages": {"": {"name": "x", "dependencies": {"express": "4"}}}}"#;

const ADVICE: &[Advice] = &[
    Advice {
        name: "a program ships without its compiler, with CA certificates, as somebody without privilege",
        files: &[
            ("Dockerfile", "FROM golang:1.26\nWORKDIR /app\nCOPY . .\nRUN go build -o main .\nCMD ./main\n"),
            ("go.mod", "module example.com/hello\n\ngo 1.26\n"),
            (
                "main.go",
                "package main\n\nimport \"net/http\"\n\nfunc main() {\n\thttp.ListenAndServe(\":8080\", nil)\n}\n",
            ),
        ],
        flags: &["--review"],
        after: &[(
            "Dockerfile",
            r#"FROM golang:1.26 AS build
WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -o main .

FROM gcr.io/distroless/static-debian12
WORKDIR /app
COPY --from=build /app/main ./main
USER 65532:65532
CMD ["./main"]
"#,
        )],
    },
    Advice {
        name: "what changes least comes first",
        files: &[
            (
                "Dockerfile",
                "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y gcc\nRUN pip install -r requirements.txt\nCMD [\"python\", \"app.py\"]\n",
            ),
            ("requirements.txt", "flask==3.0.0\n"),
            ("app.py", "print(1)\n"),
        ],
        flags: &[],
        after: &[(
            "Dockerfile",
            r#"FROM python:3.12
WORKDIR /app
RUN apt-get update && apt-get install -y gcc \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip,id=pip-python-3.12 \
    pip install -r requirements.txt
COPY . .
CMD ["python", "app.py"]
"#,
        )],
    },
    Advice {
        name: "update, install and clean in one layer",
        files: &[(
            "Dockerfile",
            "FROM ubuntu:24.04\nRUN apt-get update\nRUN apt-get install -y python3\nRUN apt-get clean\n",
        )],
        flags: &[],
        after: &[(
            "Dockerfile",
            r#"FROM ubuntu:24.04
RUN apt-get update \
    && apt-get install -y python3 \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*
"#,
        )],
    },
    Advice {
        name: "an account with a fixed number owns what it runs",
        files: &[
            ("Dockerfile", "FROM alpine:3.22\nWORKDIR /app\nCOPY server .\nCMD [\"./server\"]\n"),
            ("server", "\u{7f}ELF"),
        ],
        flags: &["--review"],
        after: &[(
            "Dockerfile",
            r#"FROM alpine:3.22
RUN addgroup -g 10001 app \
    && adduser -D -u 10001 -G app -s /sbin/nologin app \
    && mkdir -p /app \
    && chown 10001:10001 /app
WORKDIR /app
COPY --chown=10001:10001 server .
USER 10001:10001
CMD ["./server"]
"#,
        )],
    },
    Advice {
        name: "npm's cache is a mount",
        files: &[
            (
                "Dockerfile",
                "FROM node:24\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY server.js ./\nCMD [\"node\", \"server.js\"]\n",
            ),
            ("package.json", NODE),
            ("package-lock.json", LOCK),
            ("server.js", ""),
        ],
        flags: &[],
        after: &[(
            "Dockerfile",
            r#"FROM node:24
WORKDIR /app
COPY package*.json ./
RUN --mount=type=cache,target=/root/.npm \
    npm ci
COPY server.js ./
CMD ["node", "server.js"]
"#,
        )],
    },
    Advice {
        name: "what compiles a program of Node.js, and what only its development needs, stays behind",
        files: &[
            (
                "Dockerfile",
                "FROM node:24\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\nEXPOSE 3000\nCMD [\"node\", \"dist/server.js\"]\n",
            ),
            ("package.json", TYPESCRIPT),
            ("package-lock.json", LOCK),
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}"#),
            ("src/server.ts", "import express from \"express\";\nexpress().listen(3000);\n"),
        ],
        flags: &["--review", "--skip=dockerignore"],
        after: &[(
            "Dockerfile",
            r#"FROM node:24 AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
    npm ci
COPY . .
RUN npm run build

FROM node:24 AS deps
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
    npm ci --omit=dev

FROM node:24-slim
RUN mkdir -p /app \
    && chown 1000:1000 /app
WORKDIR /app
COPY --chown=1000:1000 --from=build /app/package.json ./package.json
COPY --chown=1000:1000 --from=deps /app/node_modules ./node_modules
COPY --chown=1000:1000 --from=build /app/dist ./dist
EXPOSE 3000
USER 1000:1000
CMD ["node", "dist/server.js"]
"#,
        )],
    },
    Advice {
        name: "the builder is not sent what the image does not need",
        files: &[
            (
                "Dockerfile",
                "FROM node:24\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nCMD [\"node\", \"server.js\"]\n",
            ),
            ("package.json", NODE),
            ("package-lock.json", LOCK),
            ("server.js", ""),
            (".gitignore", "node_modules\nlogs\ncoverage\n"),
            (".git/HEAD", "ref: refs/heads/main\n"),
            ("node_modules/express/index.js", ""),
            ("logs/today.log", ""),
            ("npm-debug.log", ""),
            ("coverage/lcov.info", ""),
        ],
        flags: &["--review=dockerignore", "--only=dockerignore"],
        after: &[(".dockerignore", "node_modules\nnpm-debug.log\n.git\ncoverage\nlogs\n")],
    },
];

#[test]
fn the_tool_takes_the_advice() {
    for Advice { name, files, flags, after } in ADVICE {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in *files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let run = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_dockwright"));
            let output = command.args(["optimize", "-w"]).args(*flags).current_dir(folder.path()).output();
            let output = output.expect("it runs");
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        };
        // What was taken once is taken for good.
        for _ in 0..2 {
            run();
            for (path, expected) in *after {
                let text = fs::read_to_string(folder.path().join(path)).unwrap_or_default();
                assert_eq!(text, *expected, "{name}");
            }
        }
    }
}
