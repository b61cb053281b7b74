//! The error type of all services.

use std::time::Duration;

use crate::apply::{AdminPower, Refusal};
use crate::decide::Denied;
use crate::engine::{CredentialEnded, NotPermitted, Overloaded, WriteError};
use crate::entity::{AuditEntity, AuditEvent};
use crate::port::{DirectoryError, StoreError};

/// Reason why a service call failed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The caller lacks the permission. Holds the denied question and its explanation.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// The credential became invalid during the request, for example because the token expired or the session ended.
    #[error(transparent)]
    Credential(CredentialEnded),
    /// The caller exceeds its rate limit for access requests.
    #[error("too many requests; try again later")]
    TooOften {
        /// Time until the rate limit admits the request.
        retry_after: Duration,
    },
    /// A system that the answer depends on is unavailable, such as the token's issuer.
    #[error("the token's issuer cannot be reached; try again later")]
    Unavailable {
        /// Time after which the client may retry.
        retry_after: Duration,
    },
    /// The domain model refuses the change, for example because it would remove the last administrator.
    #[error(transparent)]
    Refused(Refusal),
    /// The entity no longer has the version for which the change is meant.
    #[error("{entity} was changed in the meantime")]
    Changed {
        /// Entity to change.
        entity: AuditEntity,
        /// Audit entry of its last change. `None` if there is none, or the caller may not read the audit log.
        last: Option<Box<AuditEvent>>,
    },
    /// No entity of this kind has this key.
    #[error("{0} does not exist")]
    Missing(AuditEntity),
    /// This server does not manage the entity: the profile or its configuration does not offer the kind or the change,
    /// or another system manages the entity.
    #[error("{0} is not managed by this server")]
    NotManaged(AuditEntity),
    /// Too many earlier attempts were refused, for example to set up the first administrator.
    #[error("too many attempts have failed; try again later")]
    Throttled {
        /// Time after which the rate limit admits another attempt.
        retry_after: Duration,
    },
    /// The write queue is full, or the change waited in it for too long.
    #[error(transparent)]
    Overloaded(Overloaded),
    /// The request was cancelled while its change waited in the write queue. Nothing was changed.
    #[error("the request was cancelled")]
    Cancelled,
    /// The policy store, the session store or the audit log failed.
    #[error(transparent)]
    Store(StoreError),
    /// The directory rejected the request or is unavailable.
    #[error(transparent)]
    Directory(DirectoryError),
}

impl From<DirectoryError> for ServiceError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Missing(entity) => Self::Missing(entity),
            DirectoryError::Conflict(entity) => Self::Refused(Refusal::Exists(entity)),
            DirectoryError::LockOut => Self::Refused(Refusal::LockOut(AdminPower::WriteApi)),
            other => Self::Directory(other),
        }
    }
}

impl From<WriteError> for ServiceError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NotPermitted(why) => why.into(),
            WriteError::Refused(refusal) => Self::Refused(refusal),
            WriteError::Overloaded(overloaded) => Self::Overloaded(overloaded),
            WriteError::Cancelled => Self::Cancelled,
            WriteError::Store(error) => Self::Store(error),
        }
    }
}

impl From<NotPermitted> for ServiceError {
    fn from(error: NotPermitted) -> Self {
        match error {
            NotPermitted::Denied(denied) => Self::Denied(denied),
            NotPermitted::Credential(ended) => Self::Credential(ended),
            NotPermitted::Refused(refusal) => Self::Refused(refusal),
            NotPermitted::Unavailable { retry_after } => Self::Unavailable { retry_after },
            NotPermitted::Store(error) => Self::Store(error),
        }
    }
}
