//! Maven and its wrapper: <https://maven.apache.org/ref/3.9.9/maven-embedder/cli.html>

use super::arguments::{Arguments, Grammar};
use super::cache::{Cache, Caching, Look, Unknown};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};
use crate::dockerfile::Lookup;

static MAVEN: Grammar = Grammar {
    valued: &[
        "-f",
        "--file",
        "-s",
        "--settings",
        "-gs",
        "--global-settings",
        "-t",
        "--toolchains",
        "-gt",
        "--global-toolchains",
        "-P",
        "--activate-profiles",
        "-pl",
        "--projects",
        "-rf",
        "--resume-from",
        "-T",
        "--threads",
        "-D",
        "--define",
        "-l",
        "--log-file",
        "-b",
        "--builder",
        "-emp",
        "-ep",
        "-is",
    ],
    plain: &[
        "-B",
        "--batch-mode",
        "-q",
        "--quiet",
        "-e",
        "--errors",
        "-X",
        "--debug",
        "-o",
        "--offline",
        "-U",
        "--update-snapshots",
        "-am",
        "--also-make",
        "-amd",
        "--also-make-dependents",
        "-N",
        "--non-recursive",
        "-ntp",
        "--no-transfer-progress",
        "-nsu",
        "--no-snapshot-updates",
        "-C",
        "--strict-checksums",
        "-c",
        "--lax-checksums",
        "-fae",
        "--fail-at-end",
        "-ff",
        "--fail-fast",
        "-fn",
        "--fail-never",
        "-V",
        "--show-version",
        "-v",
        "--version",
        "-h",
        "--help",
        "-cpu",
        "-npu",
        "-npr",
        "-llr",
        "-up",
        "-r",
        "-itr",
        "--ignore-transitive-repositories",
    ],
    clusters: false,
};

pub(super) fn read(call: Call<'_>) -> Option<Invocation> {
    let mut it = Arguments::new(call, &MAVEN).finish(Tool::Maven, Verb::Other);
    let goals: Vec<&str> = it.literals().collect();
    it.verb = if goals.is_empty() {
        if it.has(&["-v", "--version", "-h", "--help"]) { Verb::Query } else { Verb::Other }
    } else if goals == ["clean"] {
        Verb::Clean
    } else if goals.iter().any(|goal| {
        ["run", "exec", "java", "start"].iter().any(|run| goal.rsplit_once(':').is_some_and(|(_, name)| name == *run))
    }) {
        Verb::Run
    } else if goals.iter().all(|goal| goal.starts_with("dependency:") || goal.contains("-dependency-plugin:")) {
        Verb::Download
    } else {
        Verb::Build
    };
    Some(it)
}

/// <https://maven.apache.org/guides/mini/guide-configuring-maven.html#configuring-your-local-repository>
pub(super) fn caching(look: Look<'_>) -> Option<Result<Caching, Unknown>> {
    if look.skips(&[Verb::Download, Verb::Build, Verb::Run]) {
        return None;
    }
    Some((|| {
        for name in ["MAVEN_OPTS", "MAVEN_ARGS", "MVNW_REPOURL"] {
            match look.variable(name) {
                Lookup::Unset => {}
                Lookup::Value(options) if !options.contains("maven.repo.local") => {}
                _ => return Err(format!("{name} may move the repository").into()),
            }
        }
        if look.invocation.has(&["-s", "--settings", "-gs", "--global-settings"]) {
            return Err("the settings that it is given may move the repository".into());
        }
        let directory = match look.flag_path(&["-Dmaven.repo.local"])? {
            Some(directory) => directory,
            None => format!("{}/.m2/repository", look.account_home()?),
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
            ("mvn -B -DskipTests package", "Maven Build  -B -D=skipTests | package"),
            ("./mvnw dependency:go-offline", "Maven Download  | dependency:go-offline"),
            (
                "mvn clean package -Pprod -Dmaven.repo.local=/r",
                "Maven Build  -P=prod -Dmaven.repo.local=/r | clean package",
            ),
            ("sh ./mvnw -q -f a/pom.xml install", "Maven Build  -q -f=a/pom.xml | install"),
            ("mvn spring-boot:run", "Maven Run  | spring-boot:run"),
            ("mvn -v", "Maven Query  -v"),
            ("mvn --wat package", "Maven Build  --wat | package uncertain"),
        ] {
            assert_eq!(show(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn caches() {
        use super::super::cache::{Yarn, tests::table};
        table(
            "FROM maven:3-eclipse-temurin-21",
            Yarn::Unknown,
            &[
                ("RUN mvn -B package", "/root/.m2/repository! locked"),
                ("RUN mvn -Dmaven.repo.local=/r package", "/r! locked"),
                ("RUN mvn -s settings.xml package", "unknown: the settings that it is given may move the repository"),
                (
                    "ENV MAVEN_OPTS=-Dmaven.repo.local=/r\nRUN mvn package",
                    "unknown: MAVEN_OPTS may move the repository",
                ),
                ("ENV MAVEN_OPTS=-Xmx1g\nRUN ./mvnw package", "/root/.m2/repository! locked"),
                ("ENV HOME=/h\nRUN mvn package", "unknown: Java may take another directory for the home than HOME"),
                ("RUN mvn -v", "nothing"),
            ],
        );
    }
}
