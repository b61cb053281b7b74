//! Security headers of all responses (docs/reference/orchestration-cluster.md §5.12; OWASP HTTP Headers).

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Whether browsers reach this server by HTTPS. If so, responses carry `Strict-Transport-Security`.
#[derive(Clone, Copy, Debug)]
pub struct Https(pub bool);

const ALWAYS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("cross-origin-opener-policy", "same-origin-allow-popups"),
    ("cross-origin-resource-policy", "same-site"),
    ("permissions-policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Defaults for responses that do not set these headers: not cached, not framed, and no resources are loaded.
const UNLESS_SAID: &[(&str, &str)] =
    &[("cache-control", "no-store"), ("content-security-policy", "default-src 'none'; frame-ancestors 'none'")];

/// Value of `Strict-Transport-Security` (RFC 6797): browsers use HTTPS only, for one year.
const INSIST: &str = "max-age=31536000";

pub(crate) fn add(headers: &mut HeaderMap, https: Https) {
    for (name, value) in ALWAYS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    for (name, value) in UNLESS_SAID {
        if !headers.contains_key(*name) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
    if https.0 {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(INSIST));
    }
}
