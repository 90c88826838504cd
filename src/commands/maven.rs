//! Maven and its wrapper: <https://maven.apache.org/ref/3.9.9/maven-embedder/cli.html>

use super::arguments::{Arguments, Grammar};
use super::wrappers::Call;
use super::{Invocation, Tool, Verb};

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
}
