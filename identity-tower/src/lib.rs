//! Authentication by bearer token for services on [`tower`](https://docs.rs/tower), such as those of `axum`.
//!
//! [`BearerLayer`] authenticates each request and passes it on with the [`Caller`] as an extension of type
//! `Arc<Caller>`. Requests without a valid token get the responses of RFC 6750:
//!
//! | request | response |
//! |---|---|
//! | no `Authorization` header with the scheme `Bearer` | 401, `WWW-Authenticate: Bearer` (§3) |
//! | the token is rejected, or there are several headers | 401, `WWW-Authenticate: Bearer error="invalid_token"` (§3.1) |
//! | the keys of the issuer are unavailable, or the policy data is too old | 503, `Retry-After` |
//!
//! A handler that denies access responds with [`forbidden`].
//!
//! Bodies are problem documents (RFC 9457) with a stable `reason`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use identity_core::service::{Authentication, AuthenticationError, Caller};
use serde_json::json;
use tower_layer::Layer;
use tower_service::Service;

/// Value of `Retry-After` if the policy data is too old for decisions.
const STALE_RETRY: Duration = Duration::from_secs(1);

/// Layer that authenticates requests by bearer token.
#[derive(Clone)]
pub struct BearerLayer(Arc<Authentication>);

impl BearerLayer {
    /// Creates a layer that verifies tokens and resolves their bearers with `authentication`.
    #[must_use]
    pub fn new(authentication: Arc<Authentication>) -> Self {
        Self(authentication)
    }
}

impl<S> Layer<S> for BearerLayer {
    type Service = Bearer<S>;

    fn layer(&self, inner: S) -> Bearer<S> {
        Bearer { inner, authentication: Arc::clone(&self.0) }
    }
}

/// Service that authenticates requests and passes them on with their [`Caller`].
#[derive(Clone)]
pub struct Bearer<S> {
    inner: S,
    authentication: Arc<Authentication>,
}

impl<S, B, R> Service<Request<B>> for Bearer<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The clone may not be ready, so the service that is ready handles this request.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let authentication = Arc::clone(&self.authentication);
        let token = token(request.headers());
        Box::pin(async move {
            let token = match token {
                Ok(token) => token,
                Err(refusal) => return Ok(refusal.response()),
            };
            match authentication.bearer(&token, None).await {
                Ok(caller) => {
                    request.extensions_mut().insert::<Arc<Caller>>(Arc::new(caller));
                    inner.call(request).await
                }
                Err(error) => Ok(Refusal::of(&error).response()),
            }
        })
    }
}

/// Returns the bearer token of a request.
fn token(headers: &HeaderMap) -> Result<String, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(if headers.contains_key(AUTHORIZATION) { Refusal::REPEATED } else { Refusal::NO_TOKEN });
    };
    let credentials = value.to_str().ok().and_then(|text| text.split_once(' '));
    match credentials.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, token)) => Ok(token.trim().to_owned()),
        None => Err(Refusal::NO_TOKEN),
    }
}

/// Response to a request that is not passed on.
struct Refusal {
    status: StatusCode,
    reason: &'static str,
    detail: &'static str,
    challenge: Option<&'static str>,
    retry_after: Option<Duration>,
}

impl Refusal {
    const NO_TOKEN: Self = Self {
        status: StatusCode::UNAUTHORIZED,
        reason: "no_credentials",
        detail: "The request requires a bearer token.",
        challenge: Some("Bearer"),
        retry_after: None,
    };
    const REPEATED: Self = Self {
        reason: "credentials_repeated",
        detail: "The request must have at most one Authorization header.",
        challenge: Some(INVALID),
        ..Self::NO_TOKEN
    };
    const FORBIDDEN: Self = Self {
        status: StatusCode::FORBIDDEN,
        reason: "forbidden",
        detail: "The bearer of the token lacks the required permission.",
        challenge: Some(r#"Bearer error="insufficient_scope""#),
        retry_after: None,
    };

    fn of(error: &AuthenticationError) -> Self {
        let unavailable = |reason, detail, retry_after| Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            reason,
            detail,
            challenge: None,
            retry_after: Some(retry_after),
        };
        match error {
            AuthenticationError::Token(rejected) => Self {
                reason: rejected.code(),
                detail: "The bearer token was rejected.",
                challenge: Some(INVALID),
                ..Self::NO_TOKEN
            },
            AuthenticationError::Unavailable { retry_after } => unavailable(
                "issuer_unavailable",
                "The token's issuer cannot be reached; try again later.",
                *retry_after,
            ),
            AuthenticationError::Busy { retry_after } | AuthenticationError::Throttled { retry_after } => {
                unavailable("busy", "Too many sign-ins at once; try again later.", *retry_after)
            }
            AuthenticationError::Stale(_) => {
                unavailable("stale", "The policy data is too old for decisions; try again later.", STALE_RETRY)
            }
            AuthenticationError::NotOffered(_) | AuthenticationError::Password => Self::NO_TOKEN,
        }
    }

    fn response<R: From<String>>(self) -> Response<R> {
        let title = self.status.canonical_reason().unwrap_or_default();
        let document = json!({
            "type": "about:blank", "title": title, "status": self.status.as_u16(), "detail": self.detail,
            "reason": self.reason,
        });
        let mut response = Response::new(R::from(document.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = self.challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(pause) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1)));
        }
        response
    }
}

const INVALID: &str = r#"Bearer error="invalid_token""#;

/// Response of a handler that denies access to an authenticated caller: 403 with the error `insufficient_scope`
/// (RFC 6750 §3.1).
#[must_use]
pub fn forbidden<R: From<String>>() -> Response<R> {
    Refusal::FORBIDDEN.response()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use identity_core::catalog::ResourceCatalog;
    use identity_core::engine::Engine;
    use identity_core::entity::{Principal, RejectedToken, VerifiedToken};
    use identity_core::fake::{FixedClock, MemoryPolicyStore};
    use identity_core::port::{Evidence, Inspection, KnownApis, TokenError, TokenVerifier};
    use identity_core::value::Claims;
    use identity_core::world::Sources;
    use time::OffsetDateTime;

    use super::*;

    /// Verifier that accepts the token `good`.
    struct OneToken;

    #[async_trait::async_trait]
    impl TokenVerifier for OneToken {
        async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
            match token {
                "good" => {
                    let (ann, claims) = (Principal::user("ann").unwrap(), Claims::new(json!({"sub": "ann"})).unwrap());
                    let expiry = OffsetDateTime::UNIX_EPOCH;
                    Ok(Arc::new(VerifiedToken::new("https://issuer.example", ann, &claims, expiry)))
                }
                "early" => Err(TokenError::Unavailable { retry_after: Duration::from_secs(7) }),
                _ => Err(TokenError::Rejected(RejectedToken::Malformed("JSON"))),
            }
        }

        async fn verify_for_resolution(&self, token: &str, _: &KnownApis) -> Result<Arc<VerifiedToken>, TokenError> {
            self.verify(token).await
        }

        async fn inspect<'e>(&self, _: Evidence<'e>) -> Inspection {
            Inspection::default()
        }
    }

    #[derive(Clone)]
    struct Greeter;

    impl Service<Request<()>> for Greeter {
        type Response = Response<String>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<String>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<()>) -> Self::Future {
            let caller = request.extensions().get::<Arc<Caller>>().unwrap();
            std::future::ready(Ok(Response::new(caller.subject.principal.id().to_owned())))
        }
    }

    async fn answer(headers: &[&'static str]) -> Response<String> {
        let store = MemoryPolicyStore::default();
        let (audit, clock) = (Arc::new(store.audit_log()), Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH)));
        let sources = Sources::Provider { groups_claimed: false };
        let engine = Engine::start(Arc::new(store), audit, clock, sources, ResourceCatalog::standard()).await.unwrap();
        let authentication = Authentication::new(Arc::new(engine), Some(Arc::new(OneToken)), None);
        let mut request = Request::new(());
        for value in headers {
            request.headers_mut().append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        BearerLayer::new(Arc::new(authentication)).layer(Greeter).call(request).await.unwrap()
    }

    #[tokio::test]
    async fn passes_on_the_bearer_of_a_valid_token() {
        let response = answer(&["bearer good"]).await;
        assert_eq!((response.status(), response.body().as_str()), (StatusCode::OK, "ann"));
    }

    #[tokio::test]
    async fn refuses_other_requests_as_rfc_6750_requires() {
        for (headers, status, challenge, reason) in [
            (&[][..], 401, Some("Bearer"), "no_credentials"),
            (&["Basic YTpi"], 401, Some("Bearer"), "no_credentials"),
            (&["Bearer bad"], 401, Some(INVALID), "token_malformed"),
            (&["Bearer good", "Bearer good"], 401, Some(INVALID), "credentials_repeated"),
            (&["Bearer early"], 503, None, "issuer_unavailable"),
        ] {
            let response = answer(headers).await;
            let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(response.status().as_u16(), status, "{headers:?}");
            assert_eq!(header(WWW_AUTHENTICATE).as_deref(), challenge, "{headers:?}");
            assert_eq!(header(RETRY_AFTER).as_deref(), (status == 503).then_some("7"), "{headers:?}");
            let document: serde_json::Value = serde_json::from_str(response.body()).unwrap();
            assert_eq!((&document["reason"], &document["status"]), (&json!(reason), &json!(status)));
        }
        let response: Response<String> = forbidden();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(response.headers().get(WWW_AUTHENTICATE).unwrap().to_str().unwrap().contains("insufficient_scope"));
    }
}
