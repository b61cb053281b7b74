//! Browser sessions: sign-in, session requests and sign-out.
//!
//! The browser holds only the session ID, 256 random bits. The store holds its digest and the encrypted claims of the
//! provider. Requests resolve the subject in the current world, so changes there affect live sessions immediately.

mod credential;
mod manage;
mod open;
mod renew;
mod sealed_sign_in;
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

use super::Authorizer;
use super::access::RecentCallers;
use crate::engine::Engine;
use crate::entity::{
    Actor, AuditDraft, AuditEntity, AuditOperation, AuditResult, EntityKind, SessionId, SessionIdHash,
};
use crate::port::{
    Crypto, Entitled, Entitlements, Freshness, IdentityProvider, SessionStore, SignedIn, StoreError, TokenError,
};
use crate::resolve::{ResolveInput, Subject, resolve};
use crate::value::Secret;
use crate::world::World;

/// Session lifetimes and redirect URIs.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// Idle timeout.
    pub idle: Duration,
    /// Maximum lifetime, regardless of activity.
    pub longest: Duration,
    /// Maximum number of sessions per principal. One more sign-in ends the oldest session.
    pub most_per_principal: usize,
    /// Redirect URI after sign-in: the full URL, as registered at the providers.
    pub redirect_uri: String,
    /// Redirect URI after sign-out: the full URL, as registered at the providers.
    pub signed_out_uri: String,
}

/// Ports that sessions depend on.
#[derive(Clone)]
pub struct SessionPorts {
    /// The session store.
    pub store: Arc<dyn SessionStore>,
    /// Generates session IDs and encrypts tokens.
    pub crypto: Arc<dyn Crypto>,
    /// Identity providers in display order. Empty if this server checks passwords itself.
    pub providers: Vec<Arc<dyn IdentityProvider>>,
    /// Groups and permissions from a directory, if they are not stored in the world.
    pub entitlements: Option<Arc<dyn Entitlements>>,
}

/// Manages browser sessions.
pub struct Sessions {
    engine: Arc<Engine>,
    authorizer: Authorizer,
    ports: SessionPorts,
    settings: SessionSettings,
    logins: Arc<RecentCallers>,
}

impl Sessions {
    /// Creates the service. Subjects resolve in the engine's world; `authorizer` authorizes access to sessions of other
    /// principals.
    #[must_use]
    pub fn new(engine: Arc<Engine>, authorizer: Authorizer, ports: SessionPorts, settings: SessionSettings) -> Self {
        Self { engine, authorizer, ports, settings, logins: Arc::new(RecentCallers::new(0, false)) }
    }

    /// Records the logins of sessions in `logins`.
    #[must_use]
    pub fn noting(self, logins: Arc<RecentCallers>) -> Self {
        Self { logins, ..self }
    }

    /// Returns the ID and display name of each provider.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ports.providers.iter().map(|provider| (provider.id(), provider.display_name()))
    }

    /// Returns the token that every unsafe request of a session must present besides its cookie.
    ///
    /// It is a digest of the session ID and does not reveal it.
    #[must_use]
    pub fn csrf_token(&self, id: &SessionId) -> Secret {
        self.derived("csrf token of session ", id.expose())
    }

    /// Returns the token that a form must contain when the browser holds `nonce` in a cookie.
    ///
    /// It is keyed with a secret of this installation, so an attacker cannot choose a valid pair of nonce and token.
    #[must_use]
    pub fn form_token(&self, nonce: &str) -> Secret {
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(self.ports.crypto.mac(b"sign-in form", nonce.as_bytes())))
    }

    /// Returns an unpredictable random text, or `None` if the system has no randomness.
    #[must_use]
    pub fn random_text(&self) -> Option<String> {
        self.ports.crypto.random().map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Removes expired entries from the store. Returns the number of removed sessions.
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

    /// Returns a digest of `purpose` and `secret` as text. Digests of one secret for different purposes differ.
    fn derived(&self, purpose: &str, secret: &str) -> Secret {
        let digest = self.ports.crypto.digest(format!("{purpose}{secret}").as_bytes());
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(digest))
    }

    fn provider_of(&self, issuer: &str) -> Option<&Arc<dyn IdentityProvider>> {
        self.ports.providers.iter().find(|provider| provider.issuer() == issuer)
    }

    /// Returns the expiry of a session that is active now.
    fn expiry(&self, created_at: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
        (created_at + self.settings.longest).min(now + self.settings.idle)
    }

    /// Writes an event about a session, or about a sign-in attempt, to the audit log.
    async fn record(&self, what: Record<'_>) {
        let entity = AuditEntity { kind: EntityKind::Session, key: what.key };
        let draft = AuditDraft { operation: what.operation, entity, related: None };
        let mut event = draft.event(self.now(), what.actor, what.result, what.request_id.map(str::to_owned));
        event.reason = what.reason.map(str::to_owned);
        event.issuer = what.issuer;
        self.engine.append_from(&event, what.origin).await;
    }
}

/// Content of an audit event about a session.
struct Record<'r> {
    operation: AuditOperation,
    actor: Actor,
    /// The issuer of the actor's sign-in.
    issuer: Option<Arc<str>>,
    /// The public identifier of the session, or the provider ID.
    key: String,
    result: AuditResult,
    reason: Option<&'r str>,
    request_id: Option<&'r str>,
    /// Client address of a refused request.
    origin: Option<IpAddr>,
}

/// Looks up a signed-in user's groups and permissions in the directory. Returns `None` without a directory.
async fn entitled(
    ports: &SessionPorts,
    signed_in: &SignedIn,
    freshness: Freshness,
) -> Result<Option<Entitled>, TokenError> {
    let Some(directory) = &ports.entitlements else { return Ok(None) };
    directory.of(&signed_in.principal, &signed_in.claims, freshness).await.map(Some)
}

/// Resolves the subject of a sign-in at a provider in `world`.
fn subject_of(world: &World, signed_in: &SignedIn, entitled: Option<&Entitled>) -> Subject {
    let groups = entitled.map(|entitled| entitled.groups.as_slice()).or(signed_in.groups.as_deref());
    let permissions = entitled.map(|entitled| &entitled.permissions);
    resolve(
        world,
        ResolveInput { principal: &signed_in.principal, claims: Some(&signed_in.claims), groups, permissions },
    )
}

/// Returns the public identifier of a session for APIs and audit records. It is not valid as a session cookie.
fn public_key(id: SessionIdHash) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id.0)
}

fn from_public_key(text: &str) -> Option<SessionIdHash> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(SessionIdHash)
}
