//! Security headers of all responses (docs/reference/orchestration-cluster.md §5.12; OWASP HTTP Headers).

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Whether browsers reach this server by HTTPS. If so, responses carry `Strict-Transport-Security`.
#[derive(Clone, Copy, Debug)]
pub struct Https(pub bool);

/// A header with its value.
type Header = (HeaderName, HeaderValue);

const fn fixed(name: &'static str, value: &'static str) -> Header {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

static ALWAYS: [Header; 5] = [
    fixed("x-content-type-options", "nosniff"),
    fixed("referrer-policy", "strict-origin-when-cross-origin"),
    fixed("cross-origin-opener-policy", "same-origin-allow-popups"),
    fixed("cross-origin-resource-policy", "same-site"),
    fixed("permissions-policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Defaults for responses that do not set these headers: not cached, not framed, and no resources are loaded.
static UNLESS_SET: [Header; 2] = [
    fixed("cache-control", "no-store"),
    fixed("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
];

/// Value of `Strict-Transport-Security` (RFC 6797): browsers use HTTPS only, for one year.
const HTTPS_ONLY: &str = "max-age=31536000";

pub(crate) fn add(headers: &mut HeaderMap, https: Https) {
    headers.reserve(ALWAYS.len() + UNLESS_SET.len() + 1);
    for (name, value) in &ALWAYS {
        headers.insert(name.clone(), value.clone());
    }
    for (name, value) in &UNLESS_SET {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    if https.0 {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HTTPS_ONLY));
    }
}
