//! Listening addresses of the server, and limits on requests and connections (section `server`).

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use identity_http::Network;
use url::Url;

use super::reader::Reader;
use super::urls::web_url;

/// Listening addresses of the server, and limits on requests and connections (section `server`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Address of the API and the UI (default port: 8080).
    pub address: SocketAddr,
    /// Address of health and metrics (default port: 8082).
    pub management: SocketAddr,
    /// URL at which browsers reach this server, without a trailing slash.
    pub public_url: Option<Url>,
    /// Path prefix of all routes: empty, or with a leading and without a trailing slash, such as `/identity`.
    pub base_path: String,
    /// Number of worker threads; `None` uses one per core.
    pub workers: Option<NonZeroUsize>,
    /// Maximum size of a request body in bytes (default: 1 MiB).
    pub max_body_bytes: usize,
    /// Maximum time to receive a request body after its head (default: 10 s).
    pub body_timeout: Duration,
    /// Minimum average rate for sending a body and for reading a response, in bytes per second (default: 4096).
    pub min_rate: u32,
    /// Maximum bytes of buffered requests, in total and per client address. Each is at least `max_body_bytes`.
    pub buffered_bytes: PerAddress,
    /// Maximum bytes of large responses that clients have not read yet, in total and per client address.
    pub unread_bytes: PerAddress,
    /// Maximum number of open connections, in total and per client address.
    pub connections: PerAddress,
    /// Whether only requests for host names of this machine are accepted (default: false).
    pub local_names_only: bool,
    /// Networks of proxies whose forwarded client addresses are trusted.
    pub trusted_proxies: Vec<Network>,
    /// Maximum time to receive a request head (default: 30 s).
    pub request_timeout: Duration,
    /// Maximum time for running requests to finish after a stop signal (default: 20 s).
    pub drain_timeout: Duration,
}

/// Limit in total and per client address (an IPv6 client counts by its `/64` network).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerAddress {
    /// Limit for all clients together.
    pub total: usize,
    /// Limit for each client address.
    pub each: usize,
}

impl Server {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let ip = |text: &str| text.parse::<IpAddr>().map_err(|_| "must be an IP address");
        let address = from.get("address", ip);
        let management_address = from.get("management-address", ip).or(address);
        let port = from.number("port");
        let management_port = from.number("management-port");
        if port == management_port && port != Some(0) && port.is_some() {
            from.problem("management-port", "must not be the port of the API");
        }
        let public_url = from.get("public-url", public_url);
        let base_path = from.get("base-path", base_path).unwrap_or_default();
        if let Some(url) = public_url.as_ref().filter(|url| !url.path().trim_end_matches('/').ends_with(&base_path)) {
            let whole = format!("{}{base_path}", url.as_str().trim_end_matches('/'));
            from.problem(
                "public-url",
                format!(
                    "must end with `server.base-path`, because browsers are redirected to paths below it: `{whole}`; \
                     omit the base path if a proxy adds it"
                ),
            );
        }
        let workers = from.number::<usize>("workers").and_then(NonZeroUsize::new);
        let max_body_bytes = from.number("max-body-bytes");
        let body_timeout = from.duration("body-timeout");
        let min_rate = from.number("body-min-bytes-per-second");
        let limits = |total, each| from.number::<usize>(total).zip(from.number::<usize>(each));
        let buffered = limits("max-buffered-bytes", "max-buffered-bytes-per-address");
        let unread = limits("max-unread-bytes", "max-unread-bytes-per-address");
        let connections = limits("max-connections", "max-connections-per-address");
        let local_names_only = from.flag("local-names-only");
        let trusted_proxies = from.list("trusted-proxies", Network::parse);
        let request_timeout = from.duration("request-timeout");
        let drain_timeout = from.duration("drain-timeout");
        Some(Self {
            address: SocketAddr::new(address?, port?),
            management: SocketAddr::new(management_address?, management_port?),
            public_url,
            base_path,
            workers,
            max_body_bytes: max_body_bytes?,
            body_timeout: body_timeout?,
            min_rate: min_rate?,
            // Raises both limits to the maximum body size if they are lower, so that one such body is always accepted.
            buffered_bytes: buffered
                .zip(max_body_bytes)
                .map(|((total, each), body)| PerAddress { total: total.max(body), each: each.max(body) })?,
            unread_bytes: unread.map(|(total, each)| PerAddress { total, each })?,
            connections: connections.map(|(total, each)| PerAddress { total, each })?,
            local_names_only: local_names_only?,
            trusted_proxies,
            request_timeout: request_timeout?,
            drain_timeout: drain_timeout?,
        })
    }
}

fn public_url(text: &str) -> Result<Url, &'static str> {
    let url = web_url(text.trim_end_matches('/'))?;
    if url.query().is_some() { Err("must not have a query") } else { Ok(url) }
}

fn base_path(text: &str) -> Result<String, &'static str> {
    let path = text.trim_end_matches('/');
    let segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~'))
    };
    match path.strip_prefix('/') {
        Some(rest) if rest.split('/').all(segment) => Ok(path.to_owned()),
        None if path.is_empty() => Ok(String::new()),
        _ => Err("must be a path such as `/identity`, of letters, digits, `-`, `_`, `.` and `~`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_base_paths() {
        for (text, path) in [("", ""), ("/", ""), ("/a", "/a"), ("/a/", "/a"), ("/a/b-c", "/a/b-c")] {
            assert_eq!(base_path(text), Ok(path.to_owned()), "{text:?}");
        }
        for text in ["a", "//a", "/a//b", "/a/../b", "/a b", "/{a}", "https://x"] {
            assert!(base_path(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn parses_public_urls() {
        assert!(public_url("https://identity.example/base/").is_ok_and(|url| url.path() == "/base"));
        for text in ["identity.example", "ftp://x", "https://u:p@x", "https://x/#f", "https://x/?q", ""] {
            assert!(public_url(text).is_err(), "{text:?}");
        }
    }
}
