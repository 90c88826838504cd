//! Where the manifest of an image is asked for.

use crate::images::Reference;

use super::super::http;

/// An image at a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// As a user calls it: `docker.io`, `localhost:5000`.
    pub registry: String,
    /// Scheme, host and port of its API.
    pub origin: String,
    pub repository: String,
    pub tag: String,
}

impl Address {
    pub fn of(reference: &Reference<'_>) -> Self {
        let (registry, repository) = (reference.registry(), reference.repository());
        let tag = reference.tag().unwrap_or("latest").to_owned();
        // https://github.com/distribution/reference/blob/main/normalize.go
        if matches!(registry, None | Some("docker.io" | "index.docker.io")) {
            let library = if repository.contains('/') { "" } else { "library/" };
            return Self {
                registry: "docker.io".to_owned(),
                origin: "https://registry-1.docker.io".to_owned(),
                repository: format!("{library}{repository}"),
                tag,
            };
        }
        let registry = registry.unwrap_or_default();
        Self {
            registry: registry.to_owned(),
            origin: format!("{}://{registry}", scheme(registry)),
            repository: repository.to_owned(),
            tag,
        }
    }

    /// The URL of its manifest.
    pub fn manifest(&self) -> String {
        format!("{}/v2/{}/manifests/{}", self.origin, self.repository, self.tag)
    }

    /// As it is told.
    pub fn image(&self) -> String {
        let repository = match self.registry.as_str() {
            "docker.io" => self.repository.strip_prefix("library/").unwrap_or(&self.repository),
            _ => &self.repository,
        };
        format!("{repository}:{}", self.tag)
    }

    /// What the registry is called in Docker's configuration.
    pub fn server(&self) -> &str {
        if self.registry == "docker.io" { "https://index.docker.io/v1/" } else { &self.registry }
    }
}

/// Only a registry on this machine is asked without encryption, as Docker does it.
fn scheme(registry: &str) -> &'static str {
    let port = registry.rfind(':').filter(|colon| !registry[*colon..].contains(']'));
    let (host, port) = registry.split_at(port.unwrap_or(registry.len()));
    if http::is_local(host) && port != ":443" { "http" } else { "https" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_found() {
        for (text, url, image, server) in [
            (
                "node:22",
                "https://registry-1.docker.io/v2/library/node/manifests/22",
                "node:22",
                "https://index.docker.io/v1/",
            ),
            (
                "docker.io/oven/bun",
                "https://registry-1.docker.io/v2/oven/bun/manifests/latest",
                "oven/bun:latest",
                "https://index.docker.io/v1/",
            ),
            (
                "index.docker.io/node:1",
                "https://registry-1.docker.io/v2/library/node/manifests/1",
                "node:1",
                "https://index.docker.io/v1/",
            ),
            ("ghcr.io/a/b:c", "https://ghcr.io/v2/a/b/manifests/c", "a/b:c", "ghcr.io"),
            ("mirror.gcr.io/node:1", "https://mirror.gcr.io/v2/node/manifests/1", "node:1", "mirror.gcr.io"),
            ("localhost/a:1", "http://localhost/v2/a/manifests/1", "a:1", "localhost"),
            ("localhost:443/a:1", "https://localhost:443/v2/a/manifests/1", "a:1", "localhost:443"),
            ("127.0.0.1:5000/a:1", "http://127.0.0.1:5000/v2/a/manifests/1", "a:1", "127.0.0.1:5000"),
            ("[::1]:5000/a:1", "http://[::1]:5000/v2/a/manifests/1", "a:1", "[::1]:5000"),
            ("[::1]/a:1", "http://[::1]/v2/a/manifests/1", "a:1", "[::1]"),
            ("[::2]:80/a:1", "https://[::2]:80/v2/a/manifests/1", "a:1", "[::2]:80"),
            ("localhost.evil:80/a:1", "https://localhost.evil:80/v2/a/manifests/1", "a:1", "localhost.evil:80"),
            ("10.0.0.1:5000/a:1", "https://10.0.0.1:5000/v2/a/manifests/1", "a:1", "10.0.0.1:5000"),
        ] {
            let address = Address::of(&Reference::parse(text).unwrap());
            assert_eq!((&*address.manifest(), &*address.image(), address.server()), (url, image, server), "{text}");
        }
    }
}
