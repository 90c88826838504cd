//! Cargo: <https://doc.rust-lang.org/cargo/commands/>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};
use crate::scope::User;

static CARGO: Grammar = Grammar {
    valued: &[
        "--manifest-path",
        "--target",
        "--target-dir",
        "-p",
        "--package",
        "--bin",
        "--example",
        "--test",
        "--bench",
        "-F",
        "--features",
        "--profile",
        "-j",
        "--jobs",
        "--color",
        "--message-format",
        "--config",
        "-Z",
        "--root",
        "--git",
        "--branch",
        "--tag",
        "--rev",
        "--version",
        "--vers",
        "--path",
        "--registry",
        "--index",
        "--exclude",
        "-C",
        "--artifact-dir",
        "--out-dir",
        "--edition",
        "--name",
        "--lockfile-path",
        "--recipe-path",
        "--crate-type",
        "--precise",
        "--bin-name",
    ],
    plain: &[
        "--version",
        "-r",
        "--release",
        "--all-features",
        "--no-default-features",
        "--locked",
        "--frozen",
        "--offline",
        "--workspace",
        "--all",
        "--all-targets",
        "--lib",
        "--bins",
        "--tests",
        "--examples",
        "--benches",
        "-v",
        "--verbose",
        "-q",
        "--quiet",
        "-f",
        "--force",
        "--no-track",
        "--no-fail-fast",
        "--no-run",
        "--doc",
        "--debug",
        "--list",
        "--keep-going",
        "--unit-graph",
        "--timings",
        "--future-incompat-report",
        "--ignore-rust-version",
        "--no-deps",
        "--open",
        "--allow-dirty",
        "--vcs",
        "-V",
        "-h",
        "--help",
        "--check",
        "--fix",
        "--no-build",
        "--zigbuild",
        "--no-std",
        "-y",
        "--no-confirm",
        "--no-verify",
        "--build-plan",
        "--versioned-dirs",
        "--dry-run",
    ],
    clusters: true,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let mut arguments = Arguments::new(call, &CARGO);
    // `cargo +nightly build`
    if arguments.peek().is_some_and(|word| word.starts_with('+')) {
        arguments.step();
    }
    let verb = match arguments.verb()?.as_deref() {
        Some("build" | "b" | "check" | "c" | "doc" | "d" | "clippy" | "rustc" | "package" | "fix" | "zigbuild") => {
            Verb::Build
        }
        Some("install") => Verb::Install,
        Some("fetch" | "vendor" | "generate-lockfile" | "update" | "metadata" | "tree") => Verb::Download,
        Some("test" | "t" | "run" | "r" | "bench" | "nextest") => Verb::Run,
        Some("chef") => match arguments.verb()?.as_deref() {
            Some("cook") => Verb::Build,
            _ => Verb::Other,
        },
        Some("auditable") => match arguments.verb()?.as_deref() {
            Some("build") => Verb::Build,
            Some("install") => Verb::Install,
            _ => Verb::Other,
        },
        Some("clean") => Verb::Clean,
        Some("new" | "init" | "add" | "remove" | "login") => Verb::Configure,
        Some("version" | "search" | "help" | "locate-project" | "pkgid" | "fmt") | None => Verb::Query,
        Some("uninstall") => Verb::Remove,
        Some(_) => Verb::Other,
    };
    Some(arguments.finish(Tool::Cargo, verb))
}

/// <https://doc.rust-lang.org/cargo/guide/cargo-home.html>. The directory as a whole is no cache: it holds cargo itself,
/// installed programs and settings.
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    if look.skips(&[Verb::Install, Verb::Download, Verb::Build, Verb::Run]) || &*look.invocation.subcommand == "chef" {
        return None;
    }
    Some((|| {
        let home = look.path("CARGO_HOME")?;
        let home = home.map_or_else(|| Ok(format!("{}/.cargo", look.home()?)), Ok::<_, Unknown>)?;
        // The folder above a mount is made as root: another user could not check anything out beside `db`.
        let git = if look.around.scope.user == User::Root { "git/db" } else { "git" };
        Ok(Caching::on([Cache::store(format!("{home}/registry")), Cache::store(format!("{home}/{git}"))]))
    })())
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("cargo build --release --bin app", "Cargo Build build --release --bin=app"),
            ("cargo +nightly b -r", "Cargo Build b -r"),
            ("cargo install --locked --path . --root /out", "Cargo Install install --locked --path=. --root=/out"),
            ("cargo install --version=0.1 cargo-chef", "Cargo Install install --version=0.1 | cargo-chef"),
            ("cargo fetch", "Cargo Download fetch"),
            (
                "cargo chef cook --release --recipe-path recipe.json",
                "Cargo Build chef cook --release --recipe-path=recipe.json",
            ),
            ("cargo build --target $T", "Cargo Build build --target=?$T"),
            ("cargo leptos build", "Cargo Other leptos | build"),
            ("cargo run -- --x", "Cargo Run run | --x"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM rust:1",
            Yarn::Unknown,
            &[
                ("RUN cargo build --release", "/usr/local/cargo/registry!, /usr/local/cargo/git/db!"),
                ("ENV CARGO_HOME=/c\nRUN cargo fetch", "/c/registry!, /c/git/db!"),
                ("RUN cargo --version", "nothing"),
                ("RUN cargo fmt", "nothing"),
            ],
        );
        table(
            "FROM debian:12",
            Yarn::Unknown,
            &[("RUN cargo install x", "/root/.cargo/registry!, /root/.cargo/git/db!")],
        );
    }
}
