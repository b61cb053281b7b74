//! Credentials of callers, checked again where a change is applied.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::engine::{CredentialEnded, NotPermitted};
use crate::entity::{Principal, VerifiedToken};
use crate::port::{TokenError, TokenVerifier};
use crate::resolve::{ResolveInput, Subject, resolve, resolve_token};
use crate::value::{PasswordHash, Secret, Username};
use crate::world::World;

/// The credential of a caller.
///
/// Authentication happens at the start of a request. A change checks the credential again and resolves the caller in
/// the world that it is applied to. No change uses an ended session, an expired token or outdated rights.
#[async_trait]
pub trait Credential: Send + Sync {
    /// The issuer of the credential, if it has one.
    fn issuer(&self) -> Option<Arc<str>> {
        None
    }

    /// Checks whether the credential is valid at `now`, according to all data outside the world, such as the session
    /// store.
    ///
    /// Under the revision lock, a change does this once, regardless of the number of entities that it affects.
    async fn check(&self, now: OffsetDateTime) -> Result<Box<dyn CheckedCredential + '_>, NotPermitted>;
}

/// A credential that has just been checked.
pub trait CheckedCredential: Send + Sync {
    /// Resolves the caller in `world`.
    ///
    /// # Errors
    /// When the credential is no longer valid according to `world`.
    fn resolve(&self, world: &World) -> Result<Subject, CredentialEnded>;
}

/// A bearer token (RFC 6750). Validating it again is cheap without a directory, because validated tokens are cached.
pub(super) struct BearerToken {
    pub(super) verifier: Arc<dyn TokenVerifier>,
    pub(super) token: Secret,
    pub(super) issuer: Arc<str>,
}

#[async_trait]
impl Credential for BearerToken {
    fn issuer(&self) -> Option<Arc<str>> {
        Some(Arc::clone(&self.issuer))
    }

    async fn check(&self, _: OffsetDateTime) -> Result<Box<dyn CheckedCredential + '_>, NotPermitted> {
        match self.verifier.verify_now(self.token.expose()).await {
            Ok(token) => Ok(Box::new(token)),
            Err(TokenError::Rejected(reason)) => Err(CredentialEnded::Token(reason).into()),
            Err(TokenError::Unavailable { retry_after }) => Err(NotPermitted::Unavailable { retry_after }),
        }
    }
}

impl CheckedCredential for Arc<VerifiedToken> {
    fn resolve(&self, world: &World) -> Result<Subject, CredentialEnded> {
        Ok(resolve_token(world, self))
    }
}

/// The password of a built-in user, represented by its hash at authentication.
pub(super) struct Password {
    pub(super) username: Username,
    pub(super) hash: PasswordHash,
}

#[async_trait]
impl Credential for Password {
    async fn check(&self, _: OffsetDateTime) -> Result<Box<dyn CheckedCredential + '_>, NotPermitted> {
        Ok(Box::new(self))
    }
}

impl CheckedCredential for &Password {
    fn resolve(&self, world: &World) -> Result<Subject, CredentialEnded> {
        let current = world.user(self.username.as_str()).filter(|user| user.password == self.hash);
        let user = current.ok_or(CredentialEnded::User)?;
        Ok(resolve(world, ResolveInput::from(&Principal::User(user.username.clone()))))
    }
}

/// No credential, because authentication is switched off. The principal has no rights of its own.
pub(super) struct Unprotected(pub(super) Principal);

#[async_trait]
impl Credential for Unprotected {
    async fn check(&self, _: OffsetDateTime) -> Result<Box<dyn CheckedCredential + '_>, NotPermitted> {
        Ok(Box::new(self))
    }
}

impl CheckedCredential for &Unprotected {
    fn resolve(&self, world: &World) -> Result<Subject, CredentialEnded> {
        Ok(Subject::of_nobody(world, self.0.clone()))
    }
}

/// A principal that the embedding service has authenticated itself, valid for the request. Its rights are the stored
/// ones.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Principal);

#[async_trait]
impl Credential for Authenticated {
    async fn check(&self, _: OffsetDateTime) -> Result<Box<dyn CheckedCredential + '_>, NotPermitted> {
        Ok(Box::new(self))
    }
}

impl CheckedCredential for &Authenticated {
    fn resolve(&self, world: &World) -> Result<Subject, CredentialEnded> {
        Ok(resolve(world, ResolveInput::from(&self.0)))
    }
}
