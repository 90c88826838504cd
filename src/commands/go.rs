//! go: <https://pkg.go.dev/cmd/go>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};
use crate::dockerfile::Lookup;

/// Flags have one dash or two, and end at the first operand.
static GO: Grammar = Grammar {
    valued: &[
        "-C",
        "-o",
        "-p",
        "-asmflags",
        "-buildmode",
        "-buildvcs",
        "-compiler",
        "-gccgoflags",
        "-gcflags",
        "-installsuffix",
        "-ldflags",
        "-mod",
        "-modfile",
        "-overlay",
        "-pgo",
        "-pkgdir",
        "-tags",
        "-toolexec",
        "-covermode",
        "-coverpkg",
        "-run",
        "-bench",
        "-benchtime",
        "-count",
        "-timeout",
        "-coverprofile",
        "-cpu",
        "-parallel",
        "-exec",
        "-outputdir",
        "-vet",
        "-list",
        "-reuse",
        "-f",
        "-skip",
        "-go",
        "-compat",
        "-require",
        "-replace",
        "-dropreplace",
        "-shuffle",
        "-module",
        "--ldflags",
        "--tags",
        "--mod",
        "--gcflags",
        "--buildmode",
        "-godebug",
    ],
    plain: &[
        "-a",
        "-n",
        "-race",
        "-msan",
        "-asan",
        "-v",
        "-work",
        "-x",
        "-trimpath",
        "-modcacherw",
        "-linkshared",
        "-i",
        "-cover",
        "-short",
        "-failfast",
        "-c",
        "-json",
        "-u",
        "-t",
        "-d",
        "-m",
        "-e",
        "-insecure",
        "-w",
        "-cache",
        "-testcache",
        "-modcache",
        "-fuzzcache",
        "-r",
        "-s",
        "-fix",
        "-benchmem",
        "-h",
        "-help",
        "--trimpath",
        "--race",
        "-deps",
        "-export",
        "-find",
        "-test",
    ],
    clusters: false,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &GO);
    let verb = match arguments.verb()?.as_deref() {
        Some("build" | "vet" | "list" | "fix") => Verb::Build,
        Some("install" | "get") => Verb::Install,
        Some("test" | "run" | "generate" | "tool") => Verb::Run,
        Some("mod") => match arguments.verb()?.as_deref() {
            Some("download" | "tidy" | "vendor" | "verify" | "graph" | "why") => Verb::Download,
            _ => Verb::Configure,
        },
        Some("work") => match arguments.verb()?.as_deref() {
            Some("sync" | "vendor") => Verb::Download,
            _ => Verb::Configure,
        },
        Some("clean") => Verb::Clean,
        Some("env") => Verb::Configure,
        Some("version" | "help" | "doc" | "fmt" | "bug") | None => Verb::Query,
        Some(_) => Verb::Other,
    };
    arguments.rest(true);
    Some(arguments.finish(Tool::Go, verb))
}

/// <https://go.dev/ref/mod#module-cache>, <https://pkg.go.dev/cmd/go#hdr-Build_and_test_caching>
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    let it = look.invocation;
    if look.skips(&[Verb::Install, Verb::Download, Verb::Build, Verb::Run]) {
        return None;
    }
    Some((|| {
        let mut caches = Vec::new();
        let flags = match look.variable("GOFLAGS") {
            Lookup::Unset => String::new(),
            Lookup::Value(flags) => flags,
            Lookup::Unknown => return Err(look.unknown("GOFLAGS")),
        };
        let mode = it.value(&["-mod", "--mod"]).map(|mode| mode.literal.as_deref().unwrap_or("vendor"));
        if mode.is_none_or(|mode| mode != "vendor") && !flags.contains("-mod=vendor") {
            let directory = match (look.path("GOMODCACHE")?, look.path("GOPATH")?) {
                (Some(directory), _) => directory,
                (None, Some(path)) => format!("{}/pkg/mod", path.split(':').next().unwrap_or_default()),
                (None, None) => format!("{}/go/pkg/mod", look.home()?),
            };
            caches.push(Cache::store(directory));
        }
        if it.verb != Verb::Download {
            match look.variable("GOCACHE") {
                Lookup::Value(path) if path == "off" => return Err("GOCACHE is `off`".into()),
                _ => {}
            }
            caches.push(Cache::copies(look.directory(&[], "GOCACHE", "go-build")?));
        }
        Ok(Caching::on(caches))
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("go mod download", "Go Download mod download"),
            (
                "CGO_ENABLED=0 go build -ldflags '-s -w' -o /bin/app ./cmd/app",
                "Go Build build -ldflags=-s -w -o=/bin/app | ./cmd/app CGO_ENABLED=0",
            ),
            ("go build -ldflags=\"-X main.v=$V\" .", "Go Build build -ldflags=?\"-X main.v=$V\" | ."),
            ("go install -v ./...", "Go Install install -v | ./..."),
            ("go run ./x -o y", "Go Run run | ./x -o y"),
            ("go test -race -count=1 ./...", "Go Run test -race -count=1 | ./..."),
            ("go get -u -d x", "Go Install get -u -d | x"),
            ("go clean -modcache", "Go Clean clean -modcache"),
            ("go build -wat x .", "Go Build build -wat | x . uncertain"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM golang:1.24",
            Yarn::Unknown,
            &[
                ("RUN go mod download", "/go/pkg/mod!"),
                ("RUN CGO_ENABLED=0 go build -o /app .", "/go/pkg/mod!, /root/.cache/go-build"),
                ("RUN go build -mod=vendor .", "/root/.cache/go-build"),
                ("ENV GOFLAGS=-mod=vendor\nRUN go build .", "/root/.cache/go-build"),
                ("ENV GOMODCACHE=/m GOCACHE=/c\nRUN go build .", "/m!, /c"),
                ("ENV GOPATH=/p\nRUN go test ./...", "/p/pkg/mod!, /root/.cache/go-build"),
                ("RUN go version", "nothing"),
            ],
        );
        table("FROM debian:12", Yarn::Unknown, &[("RUN go build", "/root/go/pkg/mod!, /root/.cache/go-build")]);
    }
}
