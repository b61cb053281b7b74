//! Credentials of callers. A change checks them again in the revision to which it is applied.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::engine::{CredentialEnded, NotPermitted};
use crate::entity::{Principal, VerifiedToken};
use crate::port::{TokenError, TokenVerifier};
use crate::resolve::{ResolveInput, Subject, resolve, resolve_token};
use crate::value::{PasswordHash, Secret, Username};
use crate::world::World;

/// A credential that can be checked again after the caller was authenticated.
///
/// A request is authenticated at its start. Before a change is applied, the credential is checked again and the caller
/// is resolved in the latest revision. A change therefore never relies on an ended session, an expired token or revoked
/// rights.
#[async_trait]
pub trait Credential: Send + Sync {
    /// Returns the issuer that authenticated the caller; `None` by default, for example for passwords.
    fn issuer(&self) -> Option<Arc<str>> {
        None
    }

    /// Checks at `now` whether the credential is still valid according to data outside the policy store, such as the
    /// session store or the token's issuer.
    ///
    /// Each change calls it once under the revision lock, even if it affects many entities.
    async fn check(&self, now: OffsetDateTime) -> Result<Box<dyn CheckedCredential + '_>, NotPermitted>;
}

/// A credential that passed [`Credential::check`].
pub trait CheckedCredential: Send + Sync {
    /// Resolves the caller's effective memberships in `world`.
    ///
    /// # Errors
    /// When stored data invalidates the credential, for example because the password was changed.
    fn resolve(&self, world: &World) -> Result<Subject, CredentialEnded>;
}

/// A bearer token (RFC 6750). Validated tokens are cached, so checking one again is cheap unless it queries a
/// directory.
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

/// Password credential of a built-in user. It becomes invalid when the stored hash no longer equals `hash`.
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

/// Stands for a credential while authentication is switched off. The principal has no memberships or grants.
pub(super) struct Unprotected(pub(super) Principal);

#[async_trait]
impl Credential for Unprotected {
    async fn check(&self, _: OffsetDateTime) -> Result<Box<dyn CheckedCredential + '_>, NotPermitted> {
        Ok(Box::new(self))
    }
}

impl CheckedCredential for &Unprotected {
    fn resolve(&self, world: &World) -> Result<Subject, CredentialEnded> {
        Ok(Subject::without_rights(world, self.0.clone()))
    }
}

/// Credential of a principal that the embedding service has authenticated. It remains valid throughout the request. The
/// rights of the principal come from stored data.
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
