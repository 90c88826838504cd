//! Gradle and its wrapper: <https://docs.gradle.org/current/userguide/command_line_interface.html>

use super::arguments::{Arguments, Grammar};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

static GRADLE: Grammar = Grammar {
    valued: &[
        "-p",
        "--project-dir",
        "-g",
        "--gradle-user-home",
        "-b",
        "--build-file",
        "-c",
        "--settings-file",
        "-I",
        "--init-script",
        "-x",
        "--exclude-task",
        "-P",
        "--project-prop",
        "-D",
        "--system-prop",
        "--max-workers",
        "--console",
        "--warning-mode",
        "--include-build",
        "-F",
        "--dependency-verification",
        "-M",
        "--write-verification-metadata",
        "--priority",
        "--project-cache-dir",
        "--tests",
        "--configuration",
    ],
    plain: &[
        "--no-daemon",
        "--daemon",
        "-s",
        "--stacktrace",
        "-S",
        "--full-stacktrace",
        "--info",
        "-i",
        "--debug",
        "-d",
        "--quiet",
        "-q",
        "--warn",
        "-w",
        "--offline",
        "--parallel",
        "--no-parallel",
        "--build-cache",
        "--no-build-cache",
        "--refresh-dependencies",
        "--continue",
        "--rerun-tasks",
        "--scan",
        "--no-scan",
        "--configure-on-demand",
        "--no-configure-on-demand",
        "-m",
        "--dry-run",
        "--configuration-cache",
        "--no-configuration-cache",
        "--write-locks",
        "--watch-fs",
        "--no-watch-fs",
        "--stop",
        "--status",
        "-v",
        "--version",
        "--foreground",
        "-u",
        "--no-search-upward",
        "--profile",
        "-a",
        "--no-rebuild",
        "--no-build-scan",
        "-h",
        "--help",
        "-V",
        "--show-version",
    ],
    clusters: false,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let mut it = Arguments::new(call, &GRADLE).finish(Tool::Gradle, Verb::Other);
    let tasks: Vec<&str> = it.literals().map(|task| task.rsplit(':').next().unwrap_or_default()).collect();
    it.verb = if tasks.is_empty() {
        if it.has(&["-v", "--version", "--status", "--stop"]) { Verb::Query } else { Verb::Build }
    } else if tasks.iter().any(|task| matches!(*task, "run" | "bootRun")) {
        Verb::Run
    } else if tasks == ["clean"] {
        Verb::Clean
    } else if tasks.iter().all(|task| matches!(*task, "dependencies" | "downloadDependencies" | "resolveDependencies"))
    {
        Verb::Download
    } else {
        Verb::Build
    };
    Some(it)
}

#[cfg(test)]
mod tests {
    use super::super::tests::show;

    #[test]
    fn command_lines() {
        for (text, expected) in [
            ("./gradlew build -x test --no-daemon", "Gradle Build  -x=test --no-daemon | build"),
            ("gradle clean bootJar", "Gradle Build  | clean bootJar"),
            ("bash ./gradlew --no-daemon dependencies", "Gradle Download  --no-daemon | dependencies"),
            ("./gradlew -Pversion=1 :app:run", "Gradle Run  -Pversion=1 | :app:run"),
            ("gradle -g /g assemble", "Gradle Build  -g=/g | assemble"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }
}
