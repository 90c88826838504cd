//! Gradle and its wrapper: <https://docs.gradle.org/current/userguide/command_line_interface.html>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
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

/// <https://docs.gradle.org/current/userguide/directory_layout.html#dir:gradle_user_home>; in the official image root's
/// is a link to that of the user gradle: <https://github.com/gradle/docker-gradle>.
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    // Even `gradlew --version` fetches Gradle.
    if look.invocation.verb == Verb::Other {
        return None;
    }
    Some((|| {
        let mut directory = look.flag_path(&["-g", "--gradle-user-home", "-Dgradle.user.home"])?;
        if directory.is_none() {
            directory = look.path("GRADLE_USER_HOME")?;
        }
        let image = look.around.scope.image.as_deref();
        let directory = match directory {
            Some(directory) => directory,
            None if image.is_some_and(|image| &*image.repository == "gradle") => "/home/gradle/.gradle".into(),
            None => format!("{}/.gradle", look.account_home()?),
        };
        Ok(Caching::on([Cache { locked: true, ..Cache::store(directory) }]))
    })())
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

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM gradle:8-jdk21",
            Yarn::Unknown,
            &[
                ("RUN gradle build", "/home/gradle/.gradle! locked"),
                ("USER gradle\nRUN gradle build", "/home/gradle/.gradle! locked"),
                ("RUN gradle -g /g build", "/g! locked"),
            ],
        );
        table(
            "FROM eclipse-temurin:21",
            Yarn::Unknown,
            &[
                ("RUN ./gradlew bootJar", "/root/.gradle! locked"),
                ("RUN ./gradlew --version", "/root/.gradle! locked"),
                ("ENV GRADLE_USER_HOME=/g\nRUN ./gradlew build", "/g! locked"),
            ],
        );
    }
}
