//! The configuration of an image: what a container gets if nobody says otherwise.
//!
//! Source: <https://github.com/opencontainers/image-spec/blob/main/config.md>, and for the fields that only Docker has
//! (`Healthcheck`, `Shell`, `OnBuild`) <https://github.com/moby/docker-image-spec/blob/main/spec.md>.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::transform::Field;

/// Labels that start so are ours: they mark what a proof has to remove, and are no part of the image.
pub const OWN_LABELS: &str = "dev.dockwright.";

/// A configuration, as values that can be compared: what a field that is left out means is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// By field and, for those that have several, name: of a variable, a label, a port, a volume.
    pub values: BTreeMap<(Field, String), String>,
    /// Ports that are exposed, such as `8080/tcp`.
    pub ports: Vec<String>,
    /// How many layers came before those that the last `n` entries of the history made.
    history: Vec<bool>,
}

impl Config {
    /// Reads an image's configuration; what is missing or of another type is as if it were left out.
    #[must_use]
    pub fn of(json: &Value) -> Self {
        let config = &json["config"];
        let mut values = BTreeMap::new();
        let mut set = |field: Field, value: String| {
            values.insert((field, String::new()), value);
        };
        set(Field::User, user(text(config, "User").unwrap_or_default()));
        set(Field::Workdir, text(config, "WorkingDir").unwrap_or("/").to_owned());
        set(Field::Stopsignal, text(config, "StopSignal").unwrap_or("SIGTERM").to_owned());
        set(Field::Cmd, list(&config["Cmd"]));
        set(Field::Entrypoint, list(&config["Entrypoint"]));
        set(Field::Onbuild, list(&config["OnBuild"]));
        if config["Shell"].is_array() {
            set(Field::Shell, list(&config["Shell"]));
        }
        if config["Healthcheck"].is_object() {
            set(Field::Healthcheck, config["Healthcheck"].to_string());
        }
        for variable in config["Env"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
            values.insert((Field::Env, name.to_owned()), value.to_owned());
        }
        for (field, key) in [(Field::Label, "Labels"), (Field::Expose, "ExposedPorts"), (Field::Volume, "Volumes")] {
            for (name, value) in config[key].as_object().into_iter().flatten() {
                if field == Field::Label && name.starts_with(OWN_LABELS) {
                    continue;
                }
                values.insert((field, name.clone()), value.as_str().unwrap_or_default().to_owned());
            }
        }
        let ports = config["ExposedPorts"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let history = json["history"].as_array().into_iter().flatten();
        let history = history.map(|entry| entry["empty_layer"].as_bool() != Some(true)).collect();
        Self { values, ports, history }
    }

    /// How many layers the image had before the last `steps` instructions.
    #[must_use]
    pub fn layers_before(&self, steps: usize) -> usize {
        let kept = self.history.len().saturating_sub(steps);
        self.history[..kept].iter().filter(|made_a_layer| **made_a_layer).count()
    }

    /// The value of a field that has only one.
    #[must_use]
    pub fn value(&self, field: Field) -> &str {
        self.values.get(&(field, String::new())).map_or("", String::as_str)
    }
}

/// The word of the instruction that sets a field.
#[must_use]
pub const fn word(field: Field) -> &'static str {
    match field {
        Field::Env => "ENV",
        Field::User => "USER",
        Field::Workdir => "WORKDIR",
        Field::Cmd => "CMD",
        Field::Entrypoint => "ENTRYPOINT",
        Field::Expose => "EXPOSE",
        Field::Volume => "VOLUME",
        Field::Label => "LABEL",
        Field::Healthcheck => "HEALTHCHECK",
        Field::Stopsignal => "STOPSIGNAL",
        Field::Shell => "SHELL",
        Field::Onbuild => "ONBUILD",
    }
}

fn text<'j>(config: &'j Value, key: &str) -> Option<&'j str> {
    config[key].as_str().filter(|text| !text.is_empty())
}

/// The same user by its usual other names.
fn user(user: &str) -> String {
    match user {
        "" | "0" | "0:0" | "root:root" | "root:0" | "0:root" => "root".to_owned(),
        _ => user.to_owned(),
    }
}

fn list(value: &Value) -> String {
    match value {
        Value::Array(items) if !items.is_empty() => value.to_string(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    }
}
