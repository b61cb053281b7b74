//! Problem documents (RFC 9457). A reason code is stable; the text is for people. What went wrong inside is in the log, not in
//! the answer.

mod errors;

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use identity_core::service::AuthenticationError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::Finding;

/// Why a request did not succeed.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    status: StatusCode,
    /// The title in the Orchestration Cluster's style, where it is not the status in words.
    title: Option<&'static str>,
    reason: &'static str,
    detail: String,
    errors: Vec<String>,
    retry_after: Option<Duration>,
    /// The methods that the path takes, where another was tried.
    allow: Option<Box<str>>,
    challenges: Vec<HeaderValue>,
    /// By which an administrator learns why.
    reason_id: Option<u64>,
}

/// Which members a surface's problems have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// The five of the Orchestration Cluster API, and its titles (orchestration reference §8).
    Cluster,
}

/// The document on the wire.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemDocument {
    /// Always `about:blank`: `reason` says more.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    #[schema(example = "Not Found")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What happened, and what to do about it, for people.
    detail: String,
    /// The path of the request.
    #[schema(example = "/api/roles/nobody")]
    instance: String,
    /// What happened, for programs.
    #[schema(example = "missing", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What is wrong with which field: `name.invalid`. Codes without a dot are about the whole request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
    /// Of a refusal: by which an administrator can learn why.
    #[serde(rename = "reasonId", skip_serializing_if = "Option::is_none")]
    reason_id: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            title: None,
            reason,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            allow: None,
            challenges: Vec::new(),
            reason_id: None,
        }))
    }

    pub(crate) fn bad_request(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason, detail)
    }

    /// Everything that is wrong with the parts of a request.
    pub(crate) fn invalid(findings: &[Finding]) -> Self {
        let detail = findings.iter().map(|finding| format!("{} {}.", finding.field, finding.rule)).collect::<Vec<_>>();
        let mut problem = Self::bad_request("invalid", detail.join(" "));
        problem.0.errors = findings.iter().map(|finding| format!("{}.invalid", finding.field)).collect();
        problem
    }

    pub(crate) fn no_such_entry(key: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "missing", format!("audit log entry `{key}` does not exist."))
            .titled("NOT_FOUND")
    }

    /// The answer to a method that a path does not take (RFC 9110 §15.5.6).
    pub(crate) fn no_such_method(allow: &str) -> Self {
        let detail = "This path does not take that method.";
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "no_such_method", detail);
        problem.0.allow = Some(Box::from(allow));
        problem
    }

    pub(crate) fn titled(mut self, title: &'static str) -> Self {
        self.0.title = Some(title);
        self
    }

    fn code(mut self, code: &str) -> Self {
        self.0.errors = vec![code.to_owned()];
        self
    }

    pub(crate) fn retry_after(mut self, pause: Duration) -> Self {
        self.0.retry_after = Some(pause);
        self
    }

    /// 401, with a challenge for each scheme that is offered (RFC 9110 §11.6.1, RFC 6750 §3, RFC 7617 §2).
    pub(crate) fn unauthorized<'s>(
        schemes: impl Iterator<Item = &'s str>,
        reason: &'static str,
        detail: String,
        token_was_bad: bool,
    ) -> Self {
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, reason, detail).code("UNAUTHORIZED");
        problem.0.challenges = schemes
            .map(|scheme| match scheme {
                "Basic" => HeaderValue::from_static(r#"Basic realm="identity", charset="UTF-8""#),
                _ if token_was_bad => HeaderValue::from_static(r#"Bearer realm="identity", error="invalid_token""#),
                _ => HeaderValue::from_static(r#"Bearer realm="identity""#),
            })
            .collect();
        problem
    }

    /// The answer to an unsafe request that another site may have made the browser send.
    pub(crate) fn forged() -> Self {
        let detail =
            "This changes something, so it must bring the token of the browser's session in the header X-CSRF-TOKEN.";
        Self::new(StatusCode::FORBIDDEN, "csrf", detail).code("FORBIDDEN").titled("FORBIDDEN")
    }

    /// The answer to a cookie whose session is over. It offers no scheme: a browser would ask for a password.
    pub(crate) fn session_ended() -> Self {
        let detail = "This browser's session has ended; sign in again at /auth/login.";
        Self::unauthorized(std::iter::empty(), "session_ended", detail.to_owned(), false)
    }

    pub(crate) fn unavailable(reason: &'static str, detail: &str, retry_after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason, detail).retry_after(retry_after)
    }

    fn throttled(detail: String, retry_after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", detail).retry_after(retry_after)
    }

    /// What happened, for people.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    pub(crate) fn respond(&self, instance: &str, style: Option<Style>) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.status);
        for challenge in &self.0.challenges {
            response.append_header((header::WWW_AUTHENTICATE, challenge.clone()));
        }
        if let Some(allow) = &self.0.allow {
            response.insert_header((header::ALLOW, allow.as_ref()));
        }
        if let Some(pause) = self.0.retry_after {
            // Whole seconds (RFC 9110 §10.2.3), and none too few.
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            response.insert_header((header::RETRY_AFTER, seconds.max(1).to_string()));
        }
        if let Some(id) = self.0.reason_id {
            response.insert_header(("X-Identity-Reason-Id", id.to_string()));
        }
        let in_cluster = style == Some(Style::Cluster);
        let in_words = self.0.status.canonical_reason().unwrap_or("Error");
        response.content_type("application/problem+json").json(ProblemDocument {
            kind: "about:blank",
            title: self.0.title.filter(|_| in_cluster).unwrap_or(in_words),
            status: self.0.status.as_u16(),
            detail: self.0.detail.clone(),
            instance: instance.to_owned(),
            reason: (!in_cluster).then_some(self.0.reason),
            errors: if in_cluster { Vec::new() } else { self.0.errors.clone() },
            reason_id: self.0.reason_id.filter(|_| !in_cluster).map(|id| id.to_string()),
        })
    }

    /// The failure of a request that got past its authentication.
    pub(crate) fn from_authentication(error: &AuthenticationError, schemes: Vec<&'static str>) -> Self {
        let detail = format!("{error}.");
        match error {
            AuthenticationError::Token(reason) => Self::unauthorized(schemes.into_iter(), reason.code(), detail, true),
            AuthenticationError::Password => Self::unauthorized(schemes.into_iter(), "password", detail, false),
            AuthenticationError::NotOffered(_) => {
                Self::unauthorized(schemes.into_iter(), "scheme_not_offered", detail, false)
            }
            AuthenticationError::Throttled { retry_after } => Self::throttled(detail, *retry_after),
            AuthenticationError::Busy { retry_after } => Self::unavailable("too_busy", &detail, *retry_after),
            AuthenticationError::Stale(stale) => (*stale).into(),
            AuthenticationError::Unavailable { retry_after } => {
                Self::unavailable("issuer_unavailable", &detail, *retry_after)
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.reason, self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        // The request's path is filled in by `request::observe`, which sees every response.
        let mut response = self.respond("", None);
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// The answer to a path that nobody serves.
pub async fn no_such_path() -> impl actix_web::Responder {
    nothing_here()
}

/// The problem of a path at which nothing is.
pub(crate) fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_path", "There is nothing at this path.")
}

/// The answer to a path with a part that nothing of its kind can be.
pub(crate) fn unreadable_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_path", "There is nothing at this path.")
}

/// The answer of an API that is switched off (orchestration reference §8.4).
pub(crate) fn switched_off(why: &str) -> Problem {
    let detail = format!("This API is not accessible: {why}.");
    Problem::new(StatusCode::FORBIDDEN, "switched_off", detail).titled("Access issue")
}

impl actix_web::Responder for Problem {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_throttled_is_told_when_to_come_back() {
        for (pause, header) in [(0, "1"), (1000, "1"), (1001, "2"), (6000, "6")] {
            let error = AuthenticationError::Throttled { retry_after: Duration::from_millis(pause) };
            let problem = Problem::from_authentication(&error, vec!["Basic"]);
            assert_eq!(problem.0.reason, "throttled");
            let response = problem.respond("/api/me", None);
            assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(response.headers().get(header::RETRY_AFTER).unwrap(), header);
            assert!(!response.headers().contains_key(header::WWW_AUTHENTICATE));
        }
    }
}
