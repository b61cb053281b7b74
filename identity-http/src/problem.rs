//! Error responses as problem documents (RFC 9457).
//!
//! The member `reason` is a stable code; titles and details are for humans. Internal causes are logged, but never
//! included in a response.

mod errors;

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use identity_core::apply::Refusal;
use identity_core::entity::AuditEvent;
use identity_core::service::AuthenticationError;
use identity_core::value::Params;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use utoipa::openapi::{Object, ObjectBuilder, Type};

use crate::rule::Rule;

use crate::timestamp;

/// An error response: status, headers and problem document. The path of the request is added when it is rendered.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    status: StatusCode,
    /// Title in problem documents of the Orchestration Cluster API. `None` uses the phrase of the status code.
    title: Option<&'static str>,
    reason: &'static str,
    /// Parameters of the reason.
    params: Params,
    detail: String,
    errors: Vec<String>,
    /// JSON pointers to the invalid members of the body, with the violated rules.
    findings: Vec<FindingView>,
    retry_after: Option<Duration>,
    /// Value of the header `Allow` of a 405 response: the methods that the path supports.
    allow: Option<Box<str>>,
    challenges: Vec<HeaderValue>,
    /// Id of a denial. Administrators can look up its reason under this id.
    reason_id: Option<u64>,
    /// Index of the failed command in a bulk request, starting at 0.
    index: Option<usize>,
    /// Last change of an entity that was changed in the meantime.
    last_change: Option<LastChange>,
}

/// Variant of the problem document that an API requires. Requests without a style get the default document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Orchestration Cluster API: five members and fixed titles (docs/reference/orchestration-cluster.md §8).
    Cluster,
}

/// An error response (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemDocument {
    /// Always `about:blank`. See `reason` for the error code.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// Status phrase.
    #[schema(example = "Not Found")]
    title: &'static str,
    /// HTTP status code.
    #[schema(example = 404)]
    status: u16,
    /// Human-readable description of the error, with advice if possible.
    detail: String,
    /// Path of the request.
    #[schema(example = "/api/roles/auditors")]
    instance: String,
    /// Machine-readable error code.
    #[schema(example = "missing", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Strings and numbers to insert into a sentence about the reason, such as `kind` and `key` of an entity.
    #[serde(skip_serializing_if = "Params::is_empty")]
    #[schema(value_type = Object, example = json!({"kind": "ROLE", "key": "auditors"}))]
    params: Params,
    /// Codes of invalid fields, such as `name.invalid`. Codes without a dot concern the whole request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
    /// Parts of the body that the error concerns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingView>,
    /// Id of a denial, under which administrators can look up the reason.
    #[serde(rename = "reasonId", skip_serializing_if = "Option::is_none")]
    reason_id: Option<String>,
    /// Position of the failed command in `commands` of `/api/bulk`, starting at 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// Last change of the entity, with status 412. Absent if the caller may not read the audit log.
    #[serde(rename = "lastChange", skip_serializing_if = "Option::is_none")]
    last_change: Option<LastChange>,
}

/// Last change of an entity, from the audit log.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LastChange {
    /// Key of the entry in the audit log.
    key: String,
    /// Time of the change (RFC 3339), with six fractional digits.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime)]
    timestamp: OffsetDateTime,
    /// `USER`, `CLIENT`, `ANONYMOUS`, or `SYSTEM` for the server itself.
    actor_type: &'static str,
    /// Username or client id of the actor.
    #[schema(required)]
    actor_id: Option<String>,
}

/// Part of a body that an error concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingView {
    /// JSON pointer (RFC 6901) to the part. Empty for the body.
    #[schema(example = "/condition/1/property")]
    pointer: String,
    /// The violated rule, to follow the name of the part.
    #[schema(example = "must not be longer than 256 characters")]
    detail: String,
    /// Machine-readable code of the rule.
    #[schema(schema_with = codes)]
    code: &'static str,
    /// Strings and numbers to insert into a sentence about the rule, such as `max`.
    #[serde(skip_serializing_if = "Params::is_empty")]
    #[schema(value_type = Object, example = json!({"max": 256}))]
    params: Params,
}

fn codes() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Rule::codes())).build()
}

impl Problem {
    pub(crate) fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            title: None,
            reason,
            params: Params::new(),
            detail: detail.into(),
            errors: Vec::new(),
            findings: Vec::new(),
            retry_after: None,
            allow: None,
            challenges: Vec::new(),
            reason_id: None,
            index: None,
            last_change: None,
        }))
    }

    /// 500. The detail only refers to the server log.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "An internal error occurred; see the server log.")
    }

    pub(crate) fn bad_request(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason, detail)
    }

    /// Adds pairs of a JSON pointer to an invalid member of the body and the rule that it violates.
    pub(crate) fn pointing_at(mut self, findings: impl IntoIterator<Item = (String, Rule)>) -> Self {
        let view = |(pointer, Rule { detail, code, params })| FindingView { pointer, detail, code, params };
        self.0.findings.extend(findings.into_iter().map(view));
        self
    }

    /// Sets the parameters of the reason.
    pub(crate) fn with(mut self, params: Params) -> Self {
        self.0.params = params;
        self
    }

    /// Prepends `pointer` to all JSON pointers of the problem. Used when a nested object was validated by itself.
    pub(crate) fn below(mut self, pointer: &str) -> Self {
        self.0.findings.iter_mut().for_each(|finding| finding.pointer.insert_str(0, pointer));
        self
    }

    /// 412 for a change that is meant for another version of the entity (RFC 9110 §15.5.13).
    fn changed(refusal: &Refusal, last: Option<&AuditEvent>) -> Self {
        let mut problem = Self::new(StatusCode::PRECONDITION_FAILED, refusal.code(), format!("{refusal}."));
        problem.0.params = refusal.params();
        problem.0.last_change = last.map(|event| LastChange {
            key: event.key.to_string(),
            timestamp: event.at,
            actor_type: event.actor.kind_name(),
            actor_id: event.actor.id().map(str::to_owned),
        });
        problem.code("CHANGED").titled("PRECONDITION_FAILED")
    }

    pub(crate) fn no_such_entry(key: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "missing", format!("audit log entry `{key}` does not exist."))
            .titled("NOT_FOUND")
    }

    /// 405 for a method that the path does not support (RFC 9110 §15.5.6). `allow` is the value of the header `Allow`.
    pub(crate) fn no_such_method(allow: &str) -> Self {
        let detail = "This path does not support the method; `Allow` lists the supported methods.";
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "no_such_method", detail);
        problem.0.allow = Some(Box::from(allow));
        problem
    }

    pub(crate) fn titled(mut self, title: &'static str) -> Self {
        self.0.title = Some(title);
        self
    }

    fn code(self, code: &str) -> Self {
        self.codes([code.to_owned()])
    }

    /// Sets the member `errors`, the error codes for clients of Management Identity.
    pub(crate) fn codes(mut self, codes: impl IntoIterator<Item = String>) -> Self {
        self.0.errors = codes.into_iter().collect();
        self
    }

    /// Sets the member `index` to the index of the failed command in a bulk request.
    pub(crate) fn of_command(mut self, index: usize) -> Self {
        self.0.index = Some(index);
        self
    }

    /// Removes and returns the index of the failed command, for responses that report it elsewhere.
    pub(crate) fn take_index(&mut self) -> Option<usize> {
        self.0.index.take()
    }

    pub(crate) fn retry_after(mut self, pause: Duration) -> Self {
        self.0.retry_after = Some(pause);
        self
    }

    /// 401 with a challenge for each offered scheme (RFC 9110 §11.6.1, RFC 6750 §3, RFC 7617 §2). `token_was_bad` adds
    /// `error="invalid_token"` to the Bearer challenge.
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

    /// 403 for an unsafe request that is cross-site or lacks the CSRF token.
    pub(crate) fn forged() -> Self {
        let detail =
            "The request has no proof of its origin; send the session's CSRF token in the header X-CSRF-TOKEN.";
        Self::new(StatusCode::FORBIDDEN, "csrf", detail).code("FORBIDDEN").titled("FORBIDDEN")
    }

    /// 401 for a session that has ended. It has no challenge, because browsers would show a password dialog.
    pub(crate) fn session_ended() -> Self {
        let detail = "The browser session has ended; sign in again at /auth/login.";
        Self::unauthorized(std::iter::empty(), "session_ended", detail.to_owned(), false)
    }

    pub(crate) fn unavailable(reason: &'static str, detail: &str, retry_after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason, detail).retry_after(retry_after)
    }

    fn throttled(detail: String, retry_after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", detail).retry_after(retry_after)
    }

    /// Returns the human-readable description of the error.
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
            // Whole seconds (RFC 9110 §10.2.3), rounded up, at least one.
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            response.insert_header((header::RETRY_AFTER, seconds.max(1).to_string()));
        }
        if let Some(id) = self.0.reason_id {
            response.insert_header(("X-Identity-Reason-Id", id.to_string()));
        }
        response.content_type("application/problem+json").json(self.document(instance, style))
    }

    /// Builds the problem document. `instance` is the path of the request; `style` selects the members and the title.
    pub(crate) fn document(&self, instance: &str, style: Option<Style>) -> ProblemDocument {
        let in_cluster = style == Some(Style::Cluster);
        let in_words = self.0.status.canonical_reason().unwrap_or("Error");
        ProblemDocument {
            kind: "about:blank",
            title: self.0.title.filter(|_| in_cluster).unwrap_or(in_words),
            status: self.0.status.as_u16(),
            detail: self.0.detail.clone(),
            instance: instance.to_owned(),
            reason: (!in_cluster).then_some(self.0.reason),
            params: if in_cluster { Params::new() } else { self.0.params.clone() },
            errors: if in_cluster { Vec::new() } else { self.0.errors.clone() },
            findings: if in_cluster { Vec::new() } else { self.0.findings.clone() },
            reason_id: self.0.reason_id.filter(|_| !in_cluster).map(|id| id.to_string()),
            index: self.0.index.filter(|_| !in_cluster),
            last_change: self.0.last_change.clone().filter(|_| !in_cluster),
        }
    }

    /// Converts an authentication error. 401 responses carry a challenge for each of `schemes`.
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
        // `request::observe` renders the problem again, with the path of the request.
        let mut response = self.respond("", None);
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// Handler for paths without a resource: responds with 404.
pub async fn no_such_path() -> impl actix_web::Responder {
    nothing_here()
}

/// 404 for a path without a resource.
pub(crate) fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_path", "No resource exists at this path.")
}

/// 404 for a path whose parameters cannot be parsed. The response equals that of [`nothing_here`].
pub(crate) fn unreadable_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_path", "No resource exists at this path.")
}

/// 403 for an API that is disabled by configuration (docs/reference/orchestration-cluster.md §8.4).
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
