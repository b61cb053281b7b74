//! Protection against cross-site request forgery (OWASP Cross-Site Request Forgery Prevention;
//! docs/reference/orchestration-cluster.md §5.10).
//!
//! Browsers attach cookies even to requests that other sites trigger. An unsafe request must therefore contain a token
//! that only pages of this site can read. A session's token derives from the session id. The token of the sign-in form
//! derives from a cookie and a server key. Unsafe requests that the browser marks as cross-site (`Sec-Fetch-Site`) are
//! rejected.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::value::Secret;

use super::SignIn;
use super::cookies::CSRF;

/// Whether the browser marks the request as triggered by another site (Fetch Metadata, `Sec-Fetch-Site`). `same-site`
/// counts as another site; a missing header does not.
pub(crate) fn is_cross_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// Computes the CSRF token of the sign-in form from the nonce in the browser's cookie; `None` without that cookie.
pub(crate) fn of_form(sign_in: &SignIn, request: &HttpRequest) -> Option<Secret> {
    sign_in.cookies().form(request).map(|nonce| sign_in.sessions.form_token(nonce.expose()))
}

/// Whether the request comes from this site: it is not marked as cross-site, and contains the expected token in the
/// header or in the form field `field`.
pub(crate) fn is_own(request: &HttpRequest, expected: Option<&Secret>, field: Option<&str>) -> bool {
    !is_cross_site(request.headers()) && expected.is_some_and(|expected| shows(request.headers(), expected, field))
}

/// Sets the CSRF token in the response header `X-CSRF-TOKEN`, for scripts.
pub(crate) fn hand_out<B>(response: &mut HttpResponse<B>, token: &str) {
    if let Ok(value) = HeaderValue::from_str(token) {
        response.headers_mut().insert(HeaderName::from_static("x-csrf-token"), value);
    }
}

/// Whether the request contains the expected token. The header takes precedence over the form field.
pub(crate) fn shows(headers: &HeaderMap, expected: &Secret, field: Option<&str>) -> bool {
    let header = headers.get(CSRF).and_then(|value| value.to_str().ok());
    header.or(field).is_some_and(|shown| Secret::new(shown.to_owned()) == *expected)
}
