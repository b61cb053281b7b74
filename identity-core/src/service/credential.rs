//! Credentials of callers, checked again where a change is applied.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::engine::{CredentialEnded, NotPermitted};
use crate::entity::Principal;
use crate::port::{TokenError, TokenVerifier};
use crate::resolve::{Presented, Subject, resolve};
use crate::value::{PasswordHash, Secret, Username};
use crate::world::World;

/// What a caller authenticated with. Authentication happens at the beginning of a request; a change asks again, in the world
/// that it is applied to, so that nothing is done with an ended session, an expired token or the rights of before.
#[async_trait]
pub trait Credential: Send + Sync {
    /// The issuer of the credential, where there is one.
    fn issuer(&self) -> Option<Arc<str>> {
        None
    }

    /// Resolves the caller in `world`, if the credential is still valid at `now`.
    async fn resolve(&self, world: &World, now: OffsetDateTime) -> Result<Subject, NotPermitted>;
}

/// A bearer token (RFC 6750). It is verified again, which is cheap where no directory is asked: verified tokens are cached.
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

    async fn resolve(&self, world: &World, _: OffsetDateTime) -> Result<Subject, NotPermitted> {
        match self.verifier.verify_now(self.token.expose()).await {
            Ok(token) => Ok(resolve(world, Presented::from(token.as_ref()))),
            Err(TokenError::Rejected(reason)) => Err(CredentialEnded::Token(reason).into()),
            Err(TokenError::Unavailable { retry_after }) => Err(NotPermitted::Unavailable { retry_after }),
        }
    }
}

/// The password of a built-in user, by its hash at the time of authentication.
pub(super) struct Password {
    pub(super) username: Username,
    pub(super) hash: PasswordHash,
}

#[async_trait]
impl Credential for Password {
    async fn resolve(&self, world: &World, _: OffsetDateTime) -> Result<Subject, NotPermitted> {
        let current = world.user(self.username.as_str()).filter(|user| user.password == self.hash);
        let user = current.ok_or(CredentialEnded::User)?;
        Ok(resolve(world, Presented::from(&Principal::User(user.username.clone()))))
    }
}

/// No credential, where an operator switched authentication off: a principal without any rights of its own.
pub(super) struct Unprotected(pub(super) Principal);

#[async_trait]
impl Credential for Unprotected {
    async fn resolve(&self, world: &World, _: OffsetDateTime) -> Result<Subject, NotPermitted> {
        Ok(Subject::of_nobody(world, self.0.clone()))
    }
}

/// A principal that the embedding service has authenticated by its own means, for as long as the request lasts. Its rights are
/// those that are stored for it.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Principal);

#[async_trait]
impl Credential for Authenticated {
    async fn resolve(&self, world: &World, _: OffsetDateTime) -> Result<Subject, NotPermitted> {
        Ok(resolve(world, Presented::from(&self.0)))
    }
}
