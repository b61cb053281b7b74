//! Validation of configured URLs.

use std::net::IpAddr;

use url::{Host, Url};

/// Parses an `http` or `https` URL without credentials and fragment.
pub(super) fn web_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "must be a URL")?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("must be an `http` or `https` URL");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password");
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    Ok(url)
}

/// Parses a URL whose responses cannot be modified in transit: `https`, or `http` to this machine. If
/// `allow_insecure_http` is set, accepts `http` to any host.
pub(super) fn safe_url(text: &str, allow_insecure_http: bool) -> Result<Url, &'static str> {
    let url = web_url(text)?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || here || allow_insecure_http {
        Ok(url)
    } else {
        Err("must be an `https` URL, unless `allow-insecure-http` is set for this provider")
    }
}
