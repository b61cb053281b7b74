//! Browser sessions: sign-in, what a session's requests are, sign-out.
//!
//! The browser holds nothing but a session's id, 256 random bits. The store holds its digest, and what the provider said of
//! the person, encrypted. A request is answered from the current world: what changes there counts for live sessions at once.

mod credential;
mod kept;
mod manage;
mod open;
mod renew;
mod sign_in;
mod sign_out;
mod transaction;

#[cfg(test)]
#[cfg(feature = "test-support")]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use time::OffsetDateTime;

pub use manage::{SessionClaims, SessionView};
pub use open::{Activity, SessionCaller, SessionError};
pub use sign_in::{Browser, CallbackAnswer, Opened, SignInError};
pub use sign_out::{EndedSessions, LogoutError, SignedOut};
pub use transaction::Started;

use super::Gate;
use super::access::Logins;
use crate::engine::Engine;
use crate::entity::{Actor, AuditEntity, AuditOperation, AuditResult, EntityKind, SessionId, SessionIdHash};
use crate::port::{
    AuditDraft, Crypto, Entitlements, Freshness, IdentityProvider, SessionStore, SignedIn, StoreError, TokenError,
};
use crate::resolve::{Presented, Subject, resolve};
use crate::value::Secret;
use crate::world::World;

/// How long sessions last, and where providers send browsers back to.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// How long a session lives without activity.
    pub idle: Duration,
    /// How long a session lives at most.
    pub longest: Duration,
    /// The most sessions that one principal has at a time. With one more, the oldest ends.
    pub most_per_principal: usize,
    /// Where providers send browsers after a sign-in: the whole URL, as registered there.
    pub redirect_uri: String,
    /// Where providers send browsers after a sign-out: the whole URL, as registered there.
    pub signed_out_uri: String,
}

/// What sessions need of the outside.
#[derive(Clone)]
pub struct SessionPorts {
    /// Where they are kept.
    pub store: Arc<dyn SessionStore>,
    /// Makes ids and hides tokens.
    pub crypto: Arc<dyn Crypto>,
    /// Where people sign in, in the order in which they are offered; none where passwords are checked here.
    pub providers: Vec<Arc<dyn IdentityProvider>>,
    /// What a directory knows of them, where it is not the world that knows.
    pub entitlements: Option<Arc<dyn Entitlements>>,
}

/// The sessions of browsers.
pub struct Sessions {
    engine: Arc<Engine>,
    gate: Gate,
    ports: SessionPorts,
    settings: SessionSettings,
    logins: Arc<Logins>,
}

impl Sessions {
    /// Sessions whose people are resolved in the engine's world; `gate` guards other people's sessions.
    #[must_use]
    pub fn new(engine: Arc<Engine>, gate: Gate, ports: SessionPorts, settings: SessionSettings) -> Self {
        Self { engine, gate, ports, settings, logins: Arc::new(Logins::new(0, false)) }
    }

    /// The same, which notes who is there.
    #[must_use]
    pub fn noting(self, logins: Arc<Logins>) -> Self {
        Self { logins, ..self }
    }

    /// The providers at which people can sign in: what the configuration and what people call them.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ports.providers.iter().map(|provider| (provider.id(), provider.display_name()))
    }

    /// What a browser must show with every unsafe request of a session, besides its cookie. Follows from the id, which it
    /// does not betray.
    #[must_use]
    pub fn csrf_token(&self, id: &SessionId) -> Secret {
        self.derived("csrf token of session ", id.expose())
    }

    /// What a form must hold whose browser keeps `nonce` in a cookie. Only this installation can make it, so a pair that
    /// somebody else chose does not fit.
    #[must_use]
    pub fn form_token(&self, nonce: &str) -> Secret {
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(self.ports.crypto.mac(b"sign-in form", nonce.as_bytes())))
    }

    /// A fresh text that nobody can guess. `None` when the machine has no randomness.
    #[must_use]
    pub fn random_text(&self) -> Option<String> {
        self.ports.crypto.random().map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Removes what has expired; says how many sessions.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.ports.store.sweep(self.now()).await
    }

    fn now(&self) -> OffsetDateTime {
        self.engine.clock().now()
    }

    fn hash(&self, id: &SessionId) -> SessionIdHash {
        SessionIdHash(self.ports.crypto.digest(id.expose().as_bytes()))
    }

    /// A digest as text, for one purpose.
    fn derived(&self, purpose: &str, secret: &str) -> Secret {
        let digest = self.ports.crypto.digest(format!("{purpose}{secret}").as_bytes());
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(digest))
    }

    fn provider_of(&self, issuer: &str) -> Option<&Arc<dyn IdentityProvider>> {
        self.ports.providers.iter().find(|provider| provider.issuer() == issuer)
    }

    /// When a session ends that is active now.
    fn expiry(&self, created_at: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
        (created_at + self.settings.longest).min(now + self.settings.idle)
    }

    /// Writes into the audit log what happened to a session, or to an attempt to get one.
    async fn record(&self, what: Record<'_>) {
        let entity = AuditEntity { kind: EntityKind::Session, key: what.key };
        let draft = AuditDraft { operation: what.operation, entity, related: None };
        let mut event = draft.event(self.now(), what.actor, what.result, what.request_id.map(str::to_owned));
        event.reason = what.reason.map(str::to_owned);
        event.issuer = what.issuer;
        self.engine.append_from(&event, what.origin).await;
    }
}

/// What is recorded.
struct Record<'r> {
    operation: AuditOperation,
    actor: Actor,
    /// The issuer at which the actor signed in.
    issuer: Option<Arc<str>>,
    /// The session's public key, or the provider's id.
    key: String,
    result: AuditResult,
    reason: Option<&'r str>,
    request_id: Option<&'r str>,
    /// Where the client is that was refused.
    origin: Option<IpAddr>,
}

/// The subject that a sign-in at a provider resolves to in `world`.
async fn subject_of(
    ports: &SessionPorts,
    world: &World,
    signed_in: &SignedIn,
    freshness: Freshness,
) -> Result<Subject, TokenError> {
    let (principal, claims) = (&signed_in.principal, &signed_in.claims);
    let entitled = match &ports.entitlements {
        Some(directory) => Some(directory.of(principal, claims, freshness).await?),
        None => None,
    };
    let groups = entitled.as_ref().map(|entitled| entitled.groups.as_slice()).or(signed_in.groups.as_deref());
    let permissions = entitled.as_ref().map(|entitled| &entitled.permissions);
    Ok(resolve(world, Presented { principal, claims: Some(claims), groups, permissions }))
}

/// A session as APIs and records name it: worthless as a cookie.
fn public_key(id: SessionIdHash) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id.0)
}

fn from_public_key(text: &str) -> Option<SessionIdHash> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(SessionIdHash)
}
