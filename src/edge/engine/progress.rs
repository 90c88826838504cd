//! What a build says while it runs: buildx's `--progress=rawjson`, or lines of text.
//!
//! Source: <https://github.com/moby/buildkit/blob/master/client/graph.go> (`SolveStatus`).

use std::collections::HashMap;
use std::io::{BufRead, Write};

use base64::Engine as _;
use indicatif::ProgressBar;
use serde::Deserialize;

/// The end of a step's output that is kept in memory.
const TAIL: usize = 64 << 10;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    vertexes: Option<Vec<Vertex>>,
    logs: Option<Vec<Log>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Vertex {
    digest: String,
    name: String,
    started: Option<String>,
    completed: Option<String>,
    error: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Log {
    vertex: String,
    data: String,
}

/// What a build said.
#[derive(Debug, Default)]
pub struct Story {
    names: HashMap<String, String>,
    outputs: HashMap<String, Vec<u8>>,
    failed: Option<(String, String)>,
    /// Lines that are no progress: the error at the end.
    plain: Vec<String>,
}

impl Story {
    /// Reads until the build ends, shows where it is, and writes all output to `log`.
    pub fn follow(from: impl BufRead, bar: &ProgressBar, label: &str, mut log: impl Write) -> Self {
        let mut story = Self::default();
        let mut now = String::new();
        let mut said = String::new();
        for line in from.split(b'\n').map_while(Result::ok) {
            let Ok(status) = serde_json::from_slice::<Status>(&line) else {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                // The older client and podman tell the step in a line of text.
                if line.starts_with("STEP ") || line.starts_with('[') {
                    now.clone_from(&line);
                    story.failed = Some((line.clone(), String::new()));
                }
                let _ = writeln!(log, "{line}");
                story.plain.push(line);
                continue;
            };
            for vertex in status.vertexes.into_iter().flatten() {
                if vertex.started.is_some() && vertex.completed.is_none() && vertex.name.starts_with('[') {
                    now.clone_from(&vertex.name);
                    said.clear();
                }
                if !vertex.error.is_empty() && !vertex.error.ends_with("context canceled") {
                    let _ = writeln!(log, "{}\n{}", vertex.name, vertex.error);
                    story.failed.get_or_insert((vertex.digest.clone(), vertex.error));
                }
                if story.names.insert(vertex.digest, vertex.name.clone()).is_none() {
                    let _ = writeln!(log, "{}", vertex.name);
                }
            }
            for entry in status.logs.into_iter().flatten() {
                let Ok(data) = base64::engine::general_purpose::STANDARD.decode(&entry.data) else { continue };
                let _ = log.write_all(&data);
                if let Some(line) = String::from_utf8_lossy(&data).lines().rfind(|line| !line.trim().is_empty()) {
                    said = line.trim().chars().filter(|it| !it.is_control()).take(60).collect();
                }
                let output = story.outputs.entry(entry.vertex).or_default();
                output.extend_from_slice(&data);
                if output.len() > 2 * TAIL {
                    output.drain(..output.len() - TAIL);
                }
            }
            let step: String = now.chars().take(60).collect();
            bar.set_message(format!("{label}  {step}  {said}"));
        }
        story
    }

    /// The step that failed, the end of what it printed, and the error.
    pub fn failure(&self) -> (Option<String>, String) {
        let failed = self.failed.as_ref();
        let step = failed.map(|(digest, _)| self.names.get(digest).unwrap_or(digest).clone());
        let output = failed.and_then(|(digest, _)| self.outputs.get(digest));
        let mut text = output.map(|output| String::from_utf8_lossy(output).into_owned()).unwrap_or_default();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        match failed {
            Some((_, error)) if !error.is_empty() => text += error,
            _ => text += &last_lines(&self.plain.join("\n"), 15),
        }
        (step, text)
    }
}

/// The last lines of a text.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failing_step_and_its_output_are_found() {
        let lines = concat!(
            r#"{"vertexes":[{"digest":"c","name":"[internal] load build context"},{"digest":"a","name":"[1/3] FROM x","started":"1","completed":"2"}]}"#,
            "\n",
            r#"{"statuses":[{"id":"transferring context:","vertex":"c","current":10},{"id":"transferring context:","vertex":"c","current":300}]}"#,
            "\n",
            r#"{"vertexes":[{"digest":"b","name":"[2/3] COPY . .","started":"1","completed":"2","cached":true},{"digest":"d","name":"[3/3] RUN x","started":"1"}]}"#,
            "\n",
            r#"{"logs":[{"vertex":"d","data":"YnllCg=="}]}"#,
            "\n",
            r#"{"vertexes":[{"digest":"d","name":"[3/3] RUN x","started":"1","completed":"2","error":"exit code: 3"}]}"#,
            "\nERROR: failed to solve\n",
        );
        let mut log = Vec::new();
        let story = Story::follow(lines.as_bytes(), &ProgressBar::hidden(), "it", &mut log);
        assert_eq!(story.failure(), (Some("[3/3] RUN x".into()), "bye\nexit code: 3".into()));
        let log = String::from_utf8(log).expect("text");
        assert!(log.contains("[2/3] COPY . .") && log.contains("bye\n") && log.contains("ERROR: failed"), "{log}");
    }

    #[test]
    fn text_without_progress_is_the_reason() {
        let story = Story::follow(&b"ERROR: no such builder\n"[..], &ProgressBar::hidden(), "it", std::io::sink());
        assert_eq!(story.failure(), (None, "ERROR: no such builder".into()));
        let story = Story::follow(&b"STEP 2/3: RUN x\nno x\n"[..], &ProgressBar::hidden(), "it", std::io::sink());
        assert_eq!(story.failure(), (Some("STEP 2/3: RUN x".into()), "STEP 2/3: RUN x\nno x".into()));
    }
}
