//! The session as a credential: a change asks again whether it still lives.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{SessionPorts, subject_of};
use crate::engine::{CredentialEnded, NotPermitted};
use crate::entity::{Principal, SessionIdHash};
use crate::port::{Freshness, SignedIn, TokenError};
use crate::resolve::{Presented, Subject, resolve};
use crate::service::Credential;
use crate::world::World;

/// A browser session that was found at the beginning of a request.
pub(super) struct SessionCredential {
    pub(super) ports: SessionPorts,
    pub(super) id: SessionIdHash,
    pub(super) basis: SignInBasis,
    pub(super) issuer: Option<Arc<str>>,
}

/// How the person of a session signed in.
pub(super) enum SignInBasis {
    /// With a password; the session holds the digest of its hash.
    Password { principal: Principal, digest: Option<[u8; 32]> },
    /// At a provider.
    Provider(Box<SignedIn>),
}

#[async_trait]
impl Credential for SessionCredential {
    fn issuer(&self) -> Option<Arc<str>> {
        self.issuer.clone()
    }

    async fn resolve(&self, world: &World, now: OffsetDateTime) -> Result<Subject, NotPermitted> {
        if self.ports.store.find(self.id, now).await?.is_none() {
            return Err(CredentialEnded::Session.into());
        }
        match &self.basis {
            SignInBasis::Password { principal, digest } => {
                let current = password_digest(&self.ports, world, principal);
                if current.is_none() || current != *digest {
                    return Err(CredentialEnded::Session.into());
                }
                Ok(resolve(world, Presented::from(principal)))
            }
            SignInBasis::Provider(signed_in) => {
                subject_of(&self.ports, world, signed_in, Freshness::Current).await.map_err(|error| match error {
                    TokenError::Rejected(reason) => CredentialEnded::Token(reason).into(),
                    TokenError::Unavailable { retry_after } => NotPermitted::Unavailable { retry_after },
                })
            }
        }
    }
}

/// The digest of a built-in user's current password hash.
pub(super) fn password_digest(ports: &SessionPorts, world: &World, principal: &Principal) -> Option<[u8; 32]> {
    let Principal::User(username) = principal else { return None };
    let user = world.user(username.as_str())?;
    Some(ports.crypto.digest(user.password.expose().as_bytes()))
}
