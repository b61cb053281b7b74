//! Failures of services.

use std::time::Duration;

use crate::apply::Refusal;
use crate::decide::Denied;
use crate::engine::{CredentialEnded, NotPermitted, Overloaded, WriteError};
use crate::entity::AuditEntity;
use crate::port::{DirectoryError, StoreError};

/// Why a service did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// They may not.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// What they authenticated with has ended during the request.
    #[error(transparent)]
    Credential(CredentialEnded),
    /// They ask too often.
    #[error("too many questions; ask again later")]
    TooOften {
        /// When to ask again.
        retry_after: Duration,
    },
    /// A system that the answer depends on cannot be reached now.
    #[error("the token's issuer cannot be reached; try again later")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// The model refuses.
    #[error(transparent)]
    Refused(Refusal),
    /// There is nothing of that key.
    #[error("{0} does not exist")]
    Missing(AuditEntity),
    /// Too many refused attempts came before.
    #[error("too many attempts have failed; try again later")]
    Throttled {
        /// When to try again.
        retry_after: Duration,
    },
    /// More changes are asked for than can be made.
    #[error(transparent)]
    Overloaded(Overloaded),
    /// The store cannot do it.
    #[error(transparent)]
    Store(StoreError),
    /// The directory cannot do it.
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
