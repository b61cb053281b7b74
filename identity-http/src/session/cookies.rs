//! Cookies of browser sessions and pending sign-ins (RFC 6265).
//!
//! With HTTPS, cookie names other than that of the CSRF token start with `__Host-`. Other hosts, other paths and
//! plaintext connections then cannot set them (draft-ietf-httpbis-rfc6265bis §4.1.3.2).

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time as cookie_time};
use identity_core::entity::SessionId;
use identity_core::service::session::Started;
use identity_core::value::Secret;

/// Name of the CSRF cookie. Scripts of this site read the cookie and send its value back in a header of the same name
/// (docs/reference/orchestration-cluster.md §5.10).
pub(crate) const CSRF: &str = "X-CSRF-TOKEN";
/// Maximum number of pending sign-ins in a browser, for example in tabs that are restored together.
///
/// Each is a cookie of about 400 bytes; proxies commonly accept 8 KiB of cookies.
const MAX_TRANSACTIONS: usize = 16;

/// Length of a nonce in characters: 256 random bits in base64url.
const NONCE_LENGTH: usize = 43;

const SESSION: &str = "identity-session";
const FORM: &str = "identity-sign-in-form";
const TRANSACTION: &str = "identity-sign-in-";

pub(crate) struct Cookies<'s> {
    https: bool,
    base_path: &'s str,
}

impl<'s> Cookies<'s> {
    pub(crate) fn new(https: bool, base_path: &'s str) -> Self {
        Self { https, base_path }
    }

    /// Reads the session id from the request's cookie. Empty ids and ids over 64 bytes count as absent.
    pub(crate) fn session(&self, request: &HttpRequest) -> Option<SessionId> {
        let cookie = request.cookie(&self.name(SESSION))?;
        let plausible = !cookie.value().is_empty() && cookie.value().len() <= 64;
        plausible.then(|| SessionId::new(Secret::new(cookie.value().to_owned())))
    }

    /// Creates the cookies of a session: its id (`HttpOnly`), and the CSRF token that scripts send with unsafe
    /// requests.
    pub(crate) fn of_session(&self, id: &SessionId, csrf: &Secret) -> [Cookie<'static>; 2] {
        let mut readable = self.cookie(CSRF.to_owned(), csrf.expose());
        readable.set_http_only(false);
        [self.cookie(self.name(SESSION), id.expose()), readable]
    }

    /// Creates the expired cookies that remove the session from the browser.
    pub(crate) fn of_no_session(&self) -> [Cookie<'static>; 2] {
        [self.gone(self.name(SESSION)), self.gone(CSRF.to_owned())]
    }

    /// Creates the cookie of a pending sign-in. It expires with the sign-in.
    pub(crate) fn of_transaction(&self, started: &Started) -> Cookie<'static> {
        let name = self.name(&format!("{TRANSACTION}{}", started.tag));
        self.lasting(self.cookie(name, started.transaction.expose()), started.lifetime)
    }

    pub(crate) fn transaction(&self, request: &HttpRequest, tag: &str) -> Option<String> {
        request.cookie(&self.name(&format!("{TRANSACTION}{tag}"))).map(|cookie| cookie.value().to_owned())
    }

    pub(crate) fn no_transaction(&self, tag: &str) -> Cookie<'static> {
        self.gone(self.name(&format!("{TRANSACTION}{tag}")))
    }

    /// Creates the expired cookies that remove the oldest pending sign-ins, so that one more fits. Browsers send older
    /// cookies first (RFC 6265 §5.4).
    pub(crate) fn stale_transactions(&self, request: &HttpRequest) -> Vec<Cookie<'static>> {
        let prefix = self.name(TRANSACTION);
        let begun: Vec<String> = request
            .cookies()
            .map_or_else(|_| Vec::new(), |cookies| cookies.iter().map(|cookie| cookie.name().to_owned()).collect());
        let begun: Vec<String> =
            begun.into_iter().filter(|name| name.starts_with(&prefix) && *name != self.name(FORM)).collect();
        let surplus = (begun.len() + 1).saturating_sub(MAX_TRANSACTIONS);
        begun.into_iter().take(surplus).map(|name| self.gone(name)).collect()
    }

    /// Creates the cookie with the nonce of a form's CSRF token. It expires after an hour.
    pub(crate) fn of_form(&self, nonce: &str) -> Cookie<'static> {
        self.lasting(self.cookie(self.name(FORM), nonce), Duration::from_secs(3600))
    }

    pub(crate) fn form(&self, request: &HttpRequest) -> Option<Secret> {
        let cookie = request.cookie(&self.name(FORM))?;
        (cookie.value().len() == NONCE_LENGTH).then(|| Secret::new(cookie.value().to_owned()))
    }

    fn name(&self, name: &str) -> String {
        if self.https { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn cookie(&self, name: String, value: &str) -> Cookie<'static> {
        let path = if self.https || self.base_path.is_empty() { "/" } else { self.base_path };
        Cookie::build(name, value.to_owned())
            .path(path.to_owned())
            .secure(self.https)
            .http_only(true)
            .same_site(SameSite::Lax)
            .finish()
    }

    fn lasting(&self, mut cookie: Cookie<'static>, lifetime: Duration) -> Cookie<'static> {
        cookie.set_max_age(cookie_time::Duration::try_from(lifetime).ok());
        cookie
    }

    fn gone(&self, name: String) -> Cookie<'static> {
        self.lasting(self.cookie(name, ""), Duration::ZERO)
    }
}
