//! What a service of a Compose file, or a target of a bake file, gives to a build, as `docker buildx bake --print` reads it.
//!
//! <https://docs.docker.com/reference/cli/docker/buildx/bake/>

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{BuildFlags, Failure};
use crate::edge::project::real;
use crate::edge::{git, shown};

/// What bake reads where no file is named. <https://docs.docker.com/build/bake/reference/#file-lookup>
const FILES: &[&str] = &[
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "docker-bake.json",
    "docker-bake.hcl",
    "docker-bake.override.json",
    "docker-bake.override.hcl",
];

#[derive(Deserialize)]
struct Plan {
    target: BTreeMap<String, Target>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Target {
    context: Option<String>,
    dockerfile: Option<String>,
    #[serde(rename = "dockerfile-inline")]
    inline: Option<String>,
    args: BTreeMap<String, Option<String>>,
    target: Option<String>,
    platforms: Vec<String>,
    secret: Vec<Pairs>,
    ssh: Vec<Pairs>,
    contexts: BTreeMap<String, String>,
}

/// `id=a,src=b`, which later releases print as an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pairs {
    Text(String),
    Object {
        id: String,
        src: Option<String>,
        env: Option<String>,
        #[serde(default)]
        paths: Vec<String>,
    },
}

impl BuildFlags {
    /// The same, with what the service that they name builds `dockerfile` with; what the flags say goes first.
    ///
    /// # Errors
    /// If there is no such service, or it builds something else, or in another context.
    pub fn with_service(&self, dockerfile: &Path, context: &Path) -> Result<Self, Failure> {
        let Some(name) = &self.service else { return Ok(self.clone()) };
        let dockerfile = real(dockerfile);
        let start = dockerfile.parent().unwrap_or(Path::new("/"));
        let root = git::root(start);
        let mut said = "neither a Compose file nor a bake file is in its folder or above".to_owned();
        for folder in start.ancestors() {
            if FILES.iter().any(|file| folder.join(file).is_file()) {
                match plan(folder, name) {
                    Ok(target) => return self.with(name, target, folder, &dockerfile, context),
                    Err(why) => said = why,
                }
            }
            if root.as_deref().is_none_or(|root| root == folder) {
                break;
            }
        }
        let help = "`docker buildx bake --print NAME` shows what it reads; --build-arg and the like give it by hand";
        Err(Failure::new(format!("--service {name}: {said}"), help))
    }

    fn with(
        &self,
        name: &str,
        target: Target,
        folder: &Path,
        dockerfile: &Path,
        context: &Path,
    ) -> Result<Self, Failure> {
        let fail = |what: String, help: &str| Err(Failure::new(format!("--service {name}: {what}"), help));
        let place = folder.join(target.context.as_deref().unwrap_or("."));
        let built = place.join(target.dockerfile.as_deref().unwrap_or("Dockerfile"));
        if target.inline.is_some() || std::fs::canonicalize(&built).ok().as_deref() != Some(dockerfile) {
            let what = if target.inline.is_some() { "a Dockerfile that stands in it".into() } else { shown(&built) };
            return fail(format!("it builds {what}"), "name the service that builds this Dockerfile");
        }
        if std::fs::canonicalize(&place).ok() != std::fs::canonicalize(context).ok() {
            return fail(format!("it builds it in {}", shown(&place)), "name that folder: --context DIR");
        }
        let absolute = |path: &str| folder.join(path).display().to_string();
        let mut flags = self.clone();
        let own: Vec<&str> = self.build_arg.iter().filter_map(|it| it.split('=').next()).collect();
        let args = target.args.into_iter().filter(|(name, _)| !own.contains(&name.as_str()));
        flags.build_arg.extend(args.map(|(name, value)| match value {
            Some(value) => format!("{name}={value}"),
            None => name,
        }));
        flags.target = flags.target.or(target.target);
        // For several platforms there are several images; those of this machine are compared.
        if let [platform] = &target.platforms[..] {
            flags.platform.get_or_insert_with(|| platform.clone());
        }
        flags.secret.extend(target.secret.iter().map(|it| it.written(&absolute)));
        flags.ssh.extend(target.ssh.iter().map(|it| it.written(&absolute)));
        for (name, place) in target.contexts {
            if place.starts_with("target:") {
                return fail(
                    format!("it is built on another target, {name}={place}"),
                    "build that one first, and name its image: --build-context NAME=docker-image://IMAGE",
                );
            }
            let place = if place.contains("://") { place } else { absolute(&place) };
            flags.build_context.push(format!("{name}={place}"));
        }
        Ok(flags)
    }
}

impl Pairs {
    /// As a flag takes it.
    fn written(&self, absolute: &impl Fn(&str) -> String) -> String {
        match self {
            Self::Text(text) => {
                let pair = |pair: &str| match pair.split_once('=') {
                    Some((key @ ("src" | "source"), path)) => format!("{key}={}", absolute(path)),
                    _ => pair.to_owned(),
                };
                text.split(',').map(pair).collect::<Vec<_>>().join(",")
            }
            Self::Object { id, src: Some(path), .. } => format!("id={id},src={}", absolute(path)),
            Self::Object { id, env: Some(name), .. } => format!("id={id},env={name}"),
            Self::Object { id, paths, .. } if !paths.is_empty() => {
                format!("{id}={}", paths.iter().map(|path| absolute(path)).collect::<Vec<_>>().join(","))
            }
            Self::Object { id, .. } => id.clone(),
        }
    }
}

/// What bake reads of the files in `folder`; or why not.
fn plan(folder: &Path, name: &str) -> Result<Target, String> {
    let mut command = Command::new("docker");
    command.args(["buildx", "bake", "--print", name]).current_dir(folder).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("docker buildx bake: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let error = said.lines().rev().find_map(|line| line.trim().strip_prefix("ERROR:"));
        return Err(error.unwrap_or("docker buildx bake failed and said nothing").trim().to_owned());
    }
    let plan: Plan = serde_json::from_slice(&output.stdout).map_err(|error| format!("docker buildx bake: {error}"))?;
    one(plan, name)
}

fn one(mut plan: Plan, name: &str) -> Result<Target, String> {
    if let Some(target) = plan.target.remove(name) {
        return Ok(target);
    }
    match plan.target.pop_first() {
        Some((_, target)) if plan.target.is_empty() => Ok(target),
        _ => Err("it names several targets, or none".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bake_prints_becomes_flags() {
        let root = tempfile::tempdir().expect("a folder");
        let root = std::fs::canonicalize(root.path()).expect("a folder");
        std::fs::create_dir(root.join("api")).expect("a folder");
        let dockerfile = root.join("api/Dockerfile");
        std::fs::write(&dockerfile, "FROM scratch\n").expect("a file");
        let given = BuildFlags { build_arg: vec!["A=mine".into()], ..BuildFlags::default() };
        let with = |target: &str, flags: &BuildFlags| {
            let plan = serde_json::from_str(&format!("{{\"target\":{{\"api\":{target}}}}}")).expect("JSON");
            let target = one(plan, "api").expect("a target");
            flags.with("api", target, &root, &dockerfile, &root.join("api")).map_err(|failure| failure.message)
        };
        let all = r#"{"context": "api", "dockerfile": "Dockerfile", "target": "dev", "platforms": ["linux/arm64"],
            "args": {"A": "1", "B": "x y", "C": null},
            "secret": ["id=a,src=a.txt", {"id": "b", "src": "/b"}, {"id": "c", "env": "HOME"}],
            "ssh": ["default", {"id": "k", "paths": ["k.pem"]}],
            "contexts": {"base": "base", "img": "docker-image://alpine"}}"#;
        let at = |name: &str| root.join(name).display().to_string();
        let flags = with(all, &given).expect("flags");
        let (a, k, base) = (at("a.txt"), at("k.pem"), at("base"));
        assert_eq!(
            flags.arguments().join(" "),
            format!(
                "--build-arg A=mine --build-arg B=x y --build-arg C --secret id=a,src={a} --secret id=b,src=/b \
                 --secret id=c,env=HOME --ssh default --ssh k={k} --build-context base={base} \
                 --build-context img=docker-image://alpine --target dev --platform linux/arm64"
            )
        );
        let flags = BuildFlags { target: Some("prod".into()), ..BuildFlags::default() };
        let several = r#"{"context": "api", "target": "dev", "platforms": ["linux/arm64", "linux/amd64"]}"#;
        assert_eq!(with(several, &flags).expect("flags").arguments(), ["--target", "prod"]);
        for (target, why) in [
            (r#"{"context": "web"}"#, "it builds "),
            (r#"{"context": "api", "dockerfile-inline": "FROM x"}"#, "a Dockerfile that stands in it"),
            (r#"{"context": ".", "dockerfile": "api/Dockerfile"}"#, "it builds it in "),
            (r#"{"context": "api", "contexts": {"base": "target:base"}}"#, "another target, base=target:base"),
        ] {
            let said = with(target, &given).expect_err(target);
            assert!(said.starts_with("--service api: ") && said.contains(why), "{said}");
        }
    }
}
