//! Conversions of service and port errors to problems: status, reason code and title.

use std::time::Duration;

use actix_web::http::StatusCode;
use identity_core::apply::{AdminPower, Refusal, TypePart};
use identity_core::catalog::UnknownAccess;
use identity_core::engine::{CredentialEnded, Overloaded, StaleWorld};
use identity_core::entity::AuditEntity;
use identity_core::port::{DirectoryError, StoreError, TokenError};
use identity_core::service::ServiceError;
use identity_core::service::session::SessionError;
use tracing::{error, warn};

use super::Problem;
use crate::rule::Rule;

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Denied(denied) => {
                let detail = format!("The caller lacks {}.", denied.question);
                let mut problem =
                    Self::new(StatusCode::FORBIDDEN, "forbidden", detail).code("FORBIDDEN").titled("FORBIDDEN");
                problem.0.reason_id = denied.reason_id;
                problem
            }
            ServiceError::Credential(CredentialEnded::Session) => Self::session_ended(),
            ServiceError::Credential(ended) => {
                let is_token = matches!(ended, CredentialEnded::Token(_));
                let schemes = if is_token { &["Bearer"] } else { &["Basic"] };
                Self::unauthorized(schemes.iter().copied(), ended.code(), format!("{ended}."), is_token)
            }
            ServiceError::Changed { entity, last } => Self::changed(&Refusal::Changed(entity), last.as_deref()),
            ServiceError::Missing(entity) => {
                Self::new(StatusCode::NOT_FOUND, "missing", format!("{entity} does not exist."))
                    .with(entity.params())
                    .code("NOT_FOUND")
                    .titled("NOT_FOUND")
            }
            ServiceError::NotManaged(entity) => Self::new(
                StatusCode::NOT_FOUND,
                "not_managed",
                format!("{entity} is not managed in this configuration."),
            )
            .with(entity.params())
            .code("NOT_FOUND")
            .titled("NOT_FOUND"),
            ServiceError::TooOften { retry_after } => {
                let detail = "The caller exceeds its rate limit; `Retry-After` contains the seconds to wait.";
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_often", detail).retry_after(retry_after)
            }
            ServiceError::Unavailable { retry_after } => Self::unavailable(
                "issuer_unavailable",
                "The token's issuer cannot be reached; try again later.",
                retry_after,
            ),
            ServiceError::Refused(refusal) => refusal.into(),
            ServiceError::Throttled { retry_after } => Self::throttled(format!("{error}."), retry_after),
            ServiceError::Overloaded(overloaded) => overloaded.into(),
            // No client receives this response: the connection is closed.
            ServiceError::Cancelled => Self::unavailable("cancelled", "The client disconnected.", Duration::ZERO),
            ServiceError::Store(error) => error.into(),
            ServiceError::Directory(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match &refusal {
            Refusal::Exists(_) | Refusal::AlreadyMember(_) | Refusal::SamePredicate(_) => {
                (StatusCode::CONFLICT, "ALREADY_EXISTS")
            }
            Refusal::LockOut(_) => (StatusCode::CONFLICT, "LOCK_OUT"),
            Refusal::BeingDeleted(_) => (StatusCode::CONFLICT, "BEING_DELETED"),
            Refusal::Missing(_) | Refusal::NotMember(_) => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Refusal::Protected(_) => (StatusCode::FORBIDDEN, "PROTECTED"),
            Refusal::Unsupported(UnknownAccess::Property { .. }) | Refusal::UnsupportedComparison { .. } => {
                (StatusCode::BAD_REQUEST, "condition.invalid")
            }
            Refusal::Unsupported(_) => (StatusCode::BAD_REQUEST, "permission.invalid"),
            Refusal::NoPermissions => (StatusCode::BAD_REQUEST, "permissions.invalid"),
            Refusal::Reserved(_) => (StatusCode::BAD_REQUEST, "type.invalid"),
            Refusal::RuleKind(_) => (StatusCode::BAD_REQUEST, "type.invalid"),
            Refusal::TypeSize => (StatusCode::BAD_REQUEST, "supportedPermissions.invalid"),
            Refusal::Inapplicable(..) => (StatusCode::BAD_REQUEST, "condition.invalid"),
            Refusal::InUse { .. } => (StatusCode::CONFLICT, "IN_USE"),
            Refusal::Leftovers { .. } => (StatusCode::CONFLICT, "LEFTOVER_AUTHORIZATIONS"),
            Refusal::HiddenCharacters(field) => (
                StatusCode::BAD_REQUEST,
                match *field {
                    "username" => "username.invalid",
                    "id" => "id.invalid",
                    "description" => "description.invalid",
                    _ => "name.invalid",
                },
            ),
            Refusal::Changed(_) => return Self::changed(&refusal, None),
            Refusal::Outdated => (StatusCode::CONFLICT, "OUTDATED"),
            Refusal::Full => (StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE"),
        };
        let title = match status {
            StatusCode::NOT_FOUND => "NOT_FOUND",
            StatusCode::FORBIDDEN => "FORBIDDEN",
            StatusCode::CONFLICT if code == "ALREADY_EXISTS" => "ALREADY_EXISTS",
            StatusCode::CONFLICT => "INVALID_STATE",
            _ => "INVALID_ARGUMENT",
        };
        let detail = match &refusal {
            Refusal::Leftovers { .. } => {
                format!(
                    "{refusal}. To remove these authorizations, set the query parameter \
                     `removeLeftoverAuthorizations=true`."
                )
            }
            _ => format!("{refusal}."),
        };
        let mut problem = Self::new(status, refusal.code(), detail).with(refusal.params()).code(code).titled(title);
        if let Refusal::UnsupportedComparison { index, unknown } = &refusal {
            problem = problem.pointing_at([(format!("/condition/{index}"), Rule::from(unknown))]);
        }
        if let Refusal::InUse { part, .. } = &refusal {
            problem.0.errors.push(match part {
                TypePart::Permission(_) => "supportedPermissions.invalid".to_owned(),
                TypePart::Property(_) => "properties.invalid".to_owned(),
            });
        }
        problem
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        let detail = format!("{error}.");
        let params = error.entity().map(AuditEntity::params).unwrap_or_default();
        match error {
            DirectoryError::Missing(_) => {
                Self::new(StatusCode::NOT_FOUND, "missing", detail).with(params).code("NOT_FOUND")
            }
            DirectoryError::Conflict(_) => {
                Self::new(StatusCode::CONFLICT, "exists", detail).with(params).code("ALREADY_EXISTS")
            }
            DirectoryError::Foreign(_) => {
                Self::new(StatusCode::CONFLICT, "foreign", detail).with(params).code("ALREADY_EXISTS")
            }
            DirectoryError::LockOut => Refusal::LockOut(AdminPower::WriteApi).into(),
            DirectoryError::Protected { .. } => {
                Self::new(StatusCode::FORBIDDEN, "protected", detail).with(params).code("PROTECTED")
            }
            DirectoryError::ReadOnly(_) => {
                Self::new(StatusCode::CONFLICT, "read_only", detail).with(params).code("READ_ONLY")
            }
            DirectoryError::Invalid(_) => Self::bad_request("invalid", detail).code("request.invalid"),
            DirectoryError::Member(member, error) => {
                let rule = Rule::from(&error.rule);
                Self::bad_request("invalid", format!("{member} {}.", rule.detail))
                    .code(&format!("{member}.invalid"))
                    .pointing_at([(format!("/{member}"), rule)])
            }
            DirectoryError::Refused(_) => {
                error!(error = &error as &dyn std::error::Error, "request.directory.refused");
                let detail = "Keycloak denied the operation; operator action is required, see the server log.";
                Self::new(StatusCode::BAD_GATEWAY, "directory_refused", detail)
            }
            DirectoryError::Unavailable { retry_after, .. } => {
                warn!(error = &error as &dyn std::error::Error, "request.directory.unavailable");
                let detail = "Keycloak cannot be reached; check whether a change was made before you try again.";
                Self::unavailable("directory_unavailable", detail, retry_after)
            }
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => error.into(),
            SessionError::Stale(stale) => stale.into(),
            SessionError::Directory(error) => {
                error!(error = &error as &dyn std::error::Error, "request.directory.failed");
                let pause = match error {
                    TokenError::Unavailable { retry_after } => retry_after,
                    TokenError::Rejected(_) => Duration::from_secs(60),
                };
                let detail = "The permissions of the caller cannot be determined; try again later.";
                Self::unavailable("directory_unavailable", detail, pause)
            }
        }
    }
}

impl From<StaleWorld> for Problem {
    fn from(stale: StaleWorld) -> Self {
        let detail = format!("No decision is possible: {stale}; try again later.");
        Self::unavailable("world_too_old", &detail, Duration::from_secs(1))
    }
}

impl From<Overloaded> for Problem {
    fn from(overloaded: Overloaded) -> Self {
        metrics::counter!("identity_changes_refused_total").increment(1);
        Self::unavailable("too_many_changes", &format!("{overloaded}."), overloaded.retry_after)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        error!(error = &error as &dyn std::error::Error, "request.store.failed");
        match error {
            StoreError::Unavailable(_) | StoreError::Conflict => Self::unavailable(
                "store_unavailable",
                "The change could not be confirmed; check whether it was made before you try again.",
                Duration::from_secs(1),
            ),
            StoreError::Impaired(impairment, _) => {
                let detail = format!("The change was not written: the store {}.", impairment.message());
                Self::unavailable("store_unavailable", &detail, Duration::from_secs(1))
            }
            StoreError::Unreadable { .. } | StoreError::Schema(_) => Self::internal(),
        }
    }
}
