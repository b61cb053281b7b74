//! Validation of the `Host` header, as protection against DNS rebinding.
//!
//! In this attack, a malicious page's host name resolves to this machine, so the page is same-origin with this server
//! and may read responses. It cannot change the host name that the browser sends in `Host`.

use std::net::{Ipv4Addr, Ipv6Addr};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::HOST;
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};

use crate::problem::Problem;

/// Allowed host names in the `Host` header and in absolute request targets.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// `None` allows any name. `Some` allows only names of this machine, and the additional name if one is given.
    local: Option<Option<String>>,
}

impl Hosts {
    /// Allows any host name. This is the default.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Allows only names of this machine: `localhost` and its subdomains (RFC 6761 §6.3), and loopback addresses. Also
    /// allows `also`, the host name of the server's public URL.
    #[must_use]
    pub fn local(also: Option<&str>) -> Self {
        Self { local: Some(also.map(str::to_ascii_lowercase)) }
    }

    /// Whether requests for this host are allowed. A port is ignored.
    fn answer(&self, host: &str) -> bool {
        let Some(also) = &self.local else { return true };
        let name = name(host).to_ascii_lowercase();
        is_local(&name) || also.as_deref() == Some(&*name)
    }
}

/// Removes the port and the brackets of an IPv6 address (RFC 3986 §3.2.2): `[::1]:8080` becomes `::1`.
fn name(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    }
}

fn is_local(name: &str) -> bool {
    let domain = name.strip_suffix('.').unwrap_or(name);
    domain == "localhost"
        || domain.ends_with(".localhost")
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || name.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

impl Hosts {
    /// Checks the header `Host` and the host of an absolute request target.
    ///
    /// # Errors
    /// If one of them is not allowed: 421 (RFC 9110 §15.5.20).
    pub(crate) fn check(&self, request: &ServiceRequest) -> Result<(), Problem> {
        let mut named = request.headers().get_all(HOST);
        let is_allowed = named.all(|host| host.to_str().is_ok_and(|host| self.answer(host)))
            && request.uri().host().is_none_or(|host| self.answer(host));
        let detail = "This server accepts requests for local host names only, such as `localhost`.";
        if is_allowed { Ok(()) } else { Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "host", detail)) }
    }
}

/// Middleware: rejects requests for host names that `hosts` does not allow.
///
/// # Errors
/// If a wrapped service fails.
pub(crate) async fn check_host<B: MessageBody + 'static>(
    hosts: Hosts,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match hosts.check(&request) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(request.into_response(problem.error_response()).map_into_right_body()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_answered() {
        let hosts = Hosts::local(None);
        for local in [
            "localhost",
            "localhost:8080",
            "LOCALHOST",
            "localhost.:1",
            "a.localhost:80",
            "127.0.0.1",
            "127.1.2.3:8080",
            "[::1]",
            "[::1]:8080",
        ] {
            assert!(hosts.answer(local), "{local}");
        }
        for foreign in [
            "",
            "evil.example",
            "localhost.evil.example:8080",
            "127.0.0.1.evil.example",
            "xlocalhost",
            "10.0.0.1",
            "0.0.0.0",
            "[::2]:8080",
            "2130706433",
            "evil.example:127.0.0.1",
        ] {
            assert!(!hosts.answer(foreign), "{foreign}");
            assert!(Hosts::any().answer(foreign), "{foreign}");
        }
    }

    #[test]
    fn the_name_of_the_public_url_is_answered_too() {
        let hosts = Hosts::local(Some("Identity.example"));
        assert!(hosts.answer("identity.EXAMPLE:443") && hosts.answer("localhost"));
        assert!(!hosts.answer("other.example"));
    }
}
