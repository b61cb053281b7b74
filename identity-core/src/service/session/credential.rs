//! Browser sessions as credentials. A change checks again that the session still exists.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{SessionPorts, entitled, subject_of};
use crate::engine::{CredentialEnded, NotPermitted};
use crate::entity::{Principal, SessionIdHash};
use crate::port::{Entitled, Freshness, SignedIn, TokenError};
use crate::resolve::{ResolveInput, Subject, resolve};
use crate::service::{CheckedCredential, Credential};
use crate::world::World;

/// Credential of a request in a browser session.
pub(super) struct SessionCredential {
    pub(super) ports: SessionPorts,
    pub(super) id: SessionIdHash,
    pub(super) basis: SignInBasis,
    pub(super) issuer: Option<Arc<str>>,
}

/// How the principal of a session signed in.
pub(super) enum SignInBasis {
    /// With a password. `digest` is the digest of the password hash at sign-in, so that a password change ends the
    /// session.
    Password { principal: Principal, digest: Option<[u8; 32]> },
    /// At an identity provider, which supplied this principal and these claims.
    Provider(Box<SignedIn>),
}

#[async_trait]
impl Credential for SessionCredential {
    fn issuer(&self) -> Option<Arc<str>> {
        self.issuer.clone()
    }

    async fn check(&self, now: OffsetDateTime) -> Result<Box<dyn CheckedCredential + '_>, NotPermitted> {
        if self.ports.store.find(self.id, now).await?.is_none() {
            return Err(CredentialEnded::Session.into());
        }
        Ok(match &self.basis {
            SignInBasis::Password { principal, digest } => {
                Box::new(CheckedPassword { ports: &self.ports, principal, digest: *digest })
            }
            SignInBasis::Provider(signed_in) => {
                let entitled = entitled(&self.ports, signed_in, Freshness::Current).await;
                let entitled = entitled.map_err(|error| match error {
                    TokenError::Rejected(reason) => CredentialEnded::Token(reason).into(),
                    TokenError::Unavailable { retry_after } => NotPermitted::Unavailable { retry_after },
                })?;
                Box::new(CheckedSignIn { signed_in, entitled })
            }
        })
    }
}

struct CheckedPassword<'c> {
    ports: &'c SessionPorts,
    principal: &'c Principal,
    digest: Option<[u8; 32]>,
}

impl CheckedCredential for CheckedPassword<'_> {
    fn resolve(&self, world: &World) -> Result<Subject, CredentialEnded> {
        let current = password_digest(self.ports, world, self.principal);
        if current.is_none() || current != self.digest {
            return Err(CredentialEnded::Session);
        }
        Ok(resolve(world, ResolveInput::from(self.principal)))
    }
}

struct CheckedSignIn<'c> {
    signed_in: &'c SignedIn,
    entitled: Option<Entitled>,
}

impl CheckedCredential for CheckedSignIn<'_> {
    fn resolve(&self, world: &World) -> Result<Subject, CredentialEnded> {
        Ok(subject_of(world, self.signed_in, self.entitled.as_ref()))
    }
}

/// Returns the digest of a built-in user's current password hash; `None` if there is no such user.
pub(super) fn password_digest(ports: &SessionPorts, world: &World, principal: &Principal) -> Option<[u8; 32]> {
    let Principal::User(username) = principal else { return None };
    let user = world.user(username.as_str())?;
    Some(ports.crypto.digest(user.password.expose().as_bytes()))
}
