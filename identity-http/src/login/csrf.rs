//! Requests that another site makes in a person's name (OWASP Cross-Site Request Forgery Prevention; orchestration reference
//! §5.10).
//!
//! A browser adds its cookies whoever makes it send a request. So an unsafe request must show besides what only this site's
//! pages can know: for a session, a token that follows from its id; for the sign-in form, a token that follows
//! from a cookie by a key of the server's. Browsers also say where a request comes from (Fetch Metadata, `Sec-Fetch-Site`); from elsewhere, nothing unsafe
//! is taken.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::value::Secret;

use super::SignIn;
use super::cookies::CSRF;

/// Whether the browser says that another site makes it send this.
pub(crate) fn is_cross_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// The token that a form must show whose nonce is in the browser's cookie.
pub(super) fn of_form(sign_in: &SignIn, request: &HttpRequest) -> Option<Secret> {
    sign_in.cookies().form(request).map(|nonce| sign_in.sessions.form_token(nonce.expose()))
}

/// Whether the request may be this site's own: the token is the expected one, in the header or in a field of a form.
pub(super) fn is_own(request: &HttpRequest, expected: Option<&Secret>, field: Option<&str>) -> bool {
    !is_cross_site(request.headers()) && expected.is_some_and(|expected| shows(request.headers(), expected, field))
}

/// Tells a script which token to show.
pub(crate) fn hand_out<B>(response: &mut HttpResponse<B>, token: &str) {
    if let Ok(value) = HeaderValue::from_str(token) {
        response.headers_mut().insert(HeaderName::from_static("x-csrf-token"), value);
    }
}

/// Whether the token is shown.
pub(crate) fn shows(headers: &HeaderMap, expected: &Secret, field: Option<&str>) -> bool {
    let header = headers.get(CSRF).and_then(|value| value.to_str().ok());
    header.or(field).is_some_and(|shown| Secret::new(shown.to_owned()) == *expected)
}
