//! Extractor for handlers of services that embed this crate.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpRequest, dev};
use identity_core::service::{Authentication, AuthenticationError, Caller};

use crate::problem::Problem;

/// Schemes that the extractor offers in the header `WWW-Authenticate`.
const SCHEMES: [&str; 1] = ["Bearer"];

/// The bearer of the token in the header `Authorization`, authenticated for a handler outside of
/// [`Surfaces`](crate::Surfaces). Requires [`Authentication`] as application data, and fails with 500 without it.
///
/// Requests without a valid token get 401 with the challenge of RFC 6750 §3; if the keys of the issuer are unavailable,
/// 503 with `Retry-After`. Bodies are problem documents (RFC 9457). A handler that denies access fails with
/// [`BearerCaller::forbidden`].
///
/// ```
/// use actix_web::{Error, web};
/// use identity_http::BearerCaller;
///
/// async fn order(caller: BearerCaller, id: web::Path<String>) -> Result<String, Error> {
///     caller.require("READ_PROCESS_DEFINITION", "PROCESS_DEFINITION", &id)?;
///     Ok(format!("order {id}"))
/// }
/// ```
pub struct BearerCaller {
    caller: Caller,
    path: String,
}

impl Deref for BearerCaller {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl BearerCaller {
    /// Requires that the caller has a permission on a resource; see [`Caller::may`].
    ///
    /// # Errors
    /// [`Self::forbidden`] if the caller lacks the permission, or if the resource type does not have it.
    pub fn require(&self, permission: &str, resource_type: &str, resource_id: &str) -> Result<(), Error> {
        match self.caller.may(permission, resource_type, resource_id) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(self.forbidden()),
        }
    }

    /// Returns the error of a handler that denies access: 403 with the error `insufficient_scope` (RFC 6750 §3.1).
    #[must_use]
    pub fn forbidden(&self) -> Error {
        let problem = Problem::new(StatusCode::FORBIDDEN, "forbidden", "The caller lacks the required permission.");
        let mut response = problem.respond(&self.path, None);
        let challenge = HeaderValue::from_static(r#"Bearer realm="identity", error="insufficient_scope""#);
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        InternalError::from_response("access is denied", response).into()
    }
}

impl FromRequest for BearerCaller {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let answer = |problem: Problem| -> Error {
                let response = problem.respond(request.path(), None);
                InternalError::from_response("the request is not authenticated", response).into()
            };
            let Some(authentication) = request.app_data::<Data<Authentication>>() else {
                tracing::error!("the application data has no `Data<Authentication>`");
                return Err(answer(Problem::internal()));
            };
            let token = token(&request).map_err(answer)?;
            match authentication.bearer(token, None).await {
                Ok(caller) => Ok(Self { caller, path: request.path().to_owned() }),
                Err(AuthenticationError::NotOffered(_)) => Err(answer(no_token())),
                Err(error) => Err(answer(Problem::from_authentication(&error, SCHEMES.to_vec()))),
            }
        })
    }
}

fn no_token() -> Problem {
    let detail = "The request requires a bearer token.".to_owned();
    Problem::unauthorized(SCHEMES.into_iter(), "no_credentials", detail, false)
}

/// Returns the bearer token of a request.
fn token(request: &HttpRequest) -> Result<&str, Problem> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value,
        (None, _) => return Err(no_token()),
        (Some(_), Some(_)) => {
            let detail = "The request must have at most one Authorization header.".to_owned();
            return Err(Problem::unauthorized(SCHEMES.into_iter(), "credentials_repeated", detail, true));
        }
    };
    let credentials = value.to_str().ok().and_then(|text| text.split_once(' '));
    let bearer = credentials.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    bearer.map(|(_, token)| token.trim()).ok_or_else(no_token)
}
