//! What listens where, and its limits.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use identity_http::Network;
use url::Url;

use super::reader::Reader;

/// What listens where, and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where the API and the UI are.
    pub address: SocketAddr,
    /// Where health and metrics are.
    pub management: SocketAddr,
    /// Where browsers reach this server, without a slash at the end.
    pub public_url: Option<Url>,
    /// The path under which everything is: empty, or with a slash at its beginning and none at its end.
    pub base_path: String,
    /// Threads that serve requests; as many as there are cores when not given.
    pub workers: Option<NonZeroUsize>,
    /// The largest request body that is read, in bytes.
    pub max_body_bytes: usize,
    /// How long a body may take after the head.
    pub body_timeout: Duration,
    /// The least average rate of a body, in bytes per second.
    pub body_min_rate: u32,
    /// Bytes of requests that are held, in all and per client address.
    pub buffered_bytes: PerAddress,
    /// Open connections, in all and per client address.
    pub connections: PerAddress,
    /// Whether only requests for names of this machine are answered.
    pub local_names_only: bool,
    /// Whose word about the addresses of clients is taken.
    pub trusted_proxies: Vec<Network>,
    /// How long a client may take to send a request's head.
    pub request_timeout: Duration,
    /// How long running requests may take to finish after a signal to stop.
    pub drain_timeout: Duration,
}

/// A bound in all, and per client address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerAddress {
    /// In all.
    pub total: usize,
    /// Per client address.
    pub each: usize,
}

const HOUR: Duration = Duration::from_secs(3600);

impl Server {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let ip = |text: &str| text.parse::<IpAddr>().map_err(|_| "must be an ip address");
        let address = from.get("address", ip);
        let management_address = from.get("management-address", ip).or(address);
        let port = from.number("port", 0..=65_535);
        let management_port = from.number("management-port", 0..=65_535);
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
                    "must end with `server.base-path`, as browsers are sent to paths below it: `{whole}`, or leave the base path out \
                     where a proxy adds it"
                ),
            );
        }
        let workers = from.number::<usize>("workers", 1..=1024).and_then(NonZeroUsize::new);
        let max_body_bytes = from.number("max-body-bytes", 1024..=1 << 30);
        let body_timeout = from.duration("body-timeout", Duration::from_secs(1)..=HOUR);
        let body_min_rate = from.number("body-min-bytes-per-second", 1..=1_000_000_000);
        let bytes = |key| from.number::<usize>(key, 1024..=1 << 40);
        let buffered = bytes("max-buffered-bytes").zip(bytes("max-buffered-bytes-per-address"));
        let connections = |key| from.number::<usize>(key, 1..=1_000_000);
        let connections = connections("max-connections").zip(connections("max-connections-per-address"));
        let local_names_only = from.flag("local-names-only");
        let trusted_proxies = from.list("trusted-proxies", Network::parse);
        let request_timeout = from.duration("request-timeout", Duration::from_secs(1)..=HOUR);
        let drain_timeout = from.duration("drain-timeout", Duration::ZERO..=HOUR);
        Some(Self {
            address: SocketAddr::new(address?, port?),
            management: SocketAddr::new(management_address?, management_port?),
            public_url,
            base_path,
            workers,
            max_body_bytes: max_body_bytes?,
            body_timeout: body_timeout?,
            body_min_rate: body_min_rate?,
            // One body must fit.
            buffered_bytes: buffered
                .zip(max_body_bytes)
                .map(|((total, each), body)| PerAddress { total: total.max(body), each: each.max(body) })?,
            connections: connections.map(|(total, each)| PerAddress { total, each })?,
            local_names_only: local_names_only?,
            trusted_proxies,
            request_timeout: request_timeout?,
            drain_timeout: drain_timeout?,
        })
    }
}

/// An `http` or `https` URL of a place, not of a search in it.
pub(super) fn web_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "must be a url")?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("must be an `http` or `https` url");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or password");
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    Ok(url)
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
    fn base_paths() {
        for (text, path) in [("", ""), ("/", ""), ("/a", "/a"), ("/a/", "/a"), ("/a/b-c", "/a/b-c")] {
            assert_eq!(base_path(text), Ok(path.to_owned()), "{text:?}");
        }
        for text in ["a", "//a", "/a//b", "/a/../b", "/a b", "/{a}", "https://x"] {
            assert!(base_path(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn public_urls() {
        assert!(public_url("https://identity.example/base/").is_ok_and(|url| url.path() == "/base"));
        for text in ["identity.example", "ftp://x", "https://u:p@x", "https://x/#f", "https://x/?q", ""] {
            assert!(public_url(text).is_err(), "{text:?}");
        }
    }
}
