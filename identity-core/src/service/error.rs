//! Service errors.

use std::time::Duration;

use crate::apply::Refusal;
use crate::decide::Denied;
use crate::engine::{CredentialEnded, NotPermitted, Overloaded, WriteError};
use crate::entity::AuditEntity;
use crate::port::{DirectoryError, StoreError};

/// Reason why a service call fails.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The caller lacks the permission.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// The caller's credential became invalid during the request.
    #[error(transparent)]
    Credential(CredentialEnded),
    /// The caller exceeds the rate limit.
    #[error("too many requests; try again later")]
    TooOften {
        /// Time to wait before a retry.
        retry_after: Duration,
    },
    /// A system that the answer depends on is unavailable.
    #[error("the token's issuer cannot be reached; try again later")]
    Unavailable {
        /// Time to wait before a retry.
        retry_after: Duration,
    },
    /// The domain model refuses the change.
    #[error(transparent)]
    Refused(Refusal),
    /// There is no entity with this key.
    #[error("{0} does not exist")]
    Missing(AuditEntity),
    /// The profile or its configuration does not offer this change or kind of entity, or another system manages the
    /// entity.
    #[error("{0} is not managed by this server")]
    NotManaged(AuditEntity),
    /// Too many earlier attempts were refused.
    #[error("too many attempts have failed; try again later")]
    Throttled {
        /// Time to wait before a retry.
        retry_after: Duration,
    },
    /// The queue of changes is full.
    #[error(transparent)]
    Overloaded(Overloaded),
    /// The caller cancelled the request before the change was made.
    #[error("the request was cancelled")]
    Cancelled,
    /// The store fails.
    #[error(transparent)]
    Store(StoreError),
    /// The directory fails.
    #[error(transparent)]
    Directory(DirectoryError),
}

impl From<DirectoryError> for ServiceError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Missing(entity) => Self::Missing(entity),
            DirectoryError::Conflict(entity) => Self::Refused(Refusal::Exists(entity)),
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
