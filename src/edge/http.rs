//! How this program speaks HTTP: by one kind of agent, which follows no redirect by itself, and never with less encryption
//! than where it began.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;

/// An agent that gives every answer back as it is, whatever its status, and gives up after `timeout`.
pub fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(timeout))
        .user_agent(concat!("dockwright/", env!("CARGO_PKG_VERSION")))
        .build();
    config.into()
}

/// Whether `host` is this machine, by a name that no resolver is asked for.
pub fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Whether what stands at `origin` (a scheme, host and port) may lead to `url`: not to less encryption than it has itself.
pub fn is_safe_from(origin: &str, url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let plain = scheme == "http" && origin.starts_with("http://") && is_local(authority.host());
    (scheme == "https" || plain) && !authority.as_str().contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_led_to_is_as_safe_as_what_leads_there() {
        for (url, origin, is) in [
            ("https://auth.example/token", "https://registry.example", true),
            ("https://auth.example/token", "http://localhost:5000", true),
            ("http://127.0.0.1:1/token?a=b", "http://localhost:5000", true),
            ("http://localhost/token", "https://registry.example", false),
            ("http://auth.example/token", "http://localhost:5000", false),
            ("http://localhost@auth.example/token", "http://localhost:5000", false),
            ("https://name@auth.example/token", "https://registry.example", false),
            ("ftp://auth.example/", "https://registry.example", false),
            ("/token", "https://registry.example", false),
            ("https://a b/", "https://registry.example", false),
            ("", "https://registry.example", false),
        ] {
            assert_eq!(is_safe_from(origin, url), is, "{url} from {origin}");
        }
    }
}
