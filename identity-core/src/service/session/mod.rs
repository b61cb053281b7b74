//! Browser sessions: sign-in, session requests and sign-out.
//!
//! The browser holds only the session ID, 256 random bits. The store holds its SHA-256 digest and the encrypted claims
//! of the provider. Each request resolves the subject on the current policy data, so changes affect live sessions
//! immediately.

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
use super::recent_callers::RecentCallers;
use crate::engine::Engine;
use crate::entity::{
    Actor, AuditDraft, AuditEntity, AuditOperation, AuditResult, EntityKind, SessionId, SessionIdHash,
};
use crate::port::{Crypto, Entitled, Entitlements, Freshness, IdentityProvider, SessionStore, SignedIn, TokenError};
use crate::resolve::{ResolveInput, Subject, resolve};
use crate::value::Secret;
use crate::world::World;

/// Lifetimes, limits and redirect URIs of sessions.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// Time without activity after which a session expires.
    pub idle: Duration,
    /// Time after which a session expires regardless of activity.
    pub longest: Duration,
    /// Maximum number of sessions per principal. A further sign-in ends the oldest ones.
    pub most_per_principal: usize,
    /// Redirect URI after sign-in (RFC 6749 §3.1.2): the full URL, as registered at the providers.
    pub redirect_uri: String,
    /// Post-logout redirect URI: the full URL, as registered at the providers.
    pub signed_out_uri: String,
}

/// Store, cryptography and providers that sessions depend on.
#[derive(Clone)]
pub struct SessionPorts {
    /// Stores sessions and remembers used logout tokens and sign-in states, for all replicas.
    pub store: Arc<dyn SessionStore>,
    /// Generates session IDs and encrypts the tokens and claims of sessions.
    pub crypto: Arc<dyn Crypto>,
    /// Identity providers in display order. Empty if this server checks passwords itself.
    pub providers: Vec<Arc<dyn IdentityProvider>>,
    /// Directory of groups and permissions; `None` if they come from the policy store or from claims.
    pub entitlements: Option<Arc<dyn Entitlements>>,
}

/// Opens, resolves, renews, lists and ends browser sessions.
pub struct Sessions {
    engine: Arc<Engine>,
    authorizer: Authorizer,
    ports: SessionPorts,
    settings: SessionSettings,
    logins: Arc<RecentCallers>,
}

impl Sessions {
    /// Creates the service. Subjects are resolved in the world of `engine`. `authorizer` decides on access to the
    /// sessions of other principals.
    #[must_use]
    pub fn new(engine: Arc<Engine>, authorizer: Authorizer, ports: SessionPorts, settings: SessionSettings) -> Self {
        Self { engine, authorizer, ports, settings, logins: Arc::new(RecentCallers::default()) }
    }

    /// Records the claims of callers with a session in `logins`, so that mapping rules can be tested on them.
    #[must_use]
    pub fn noting(self, logins: Arc<RecentCallers>) -> Self {
        Self { logins, ..self }
    }

    /// Returns the ID and the display name of each identity provider, in display order.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ports.providers.iter().map(|provider| (provider.id(), provider.display_name()))
    }

    /// Returns the CSRF token of a session. Every request that changes state must present it in addition to the cookie.
    ///
    /// The token is a digest of the session ID, from which the ID cannot be derived.
    #[must_use]
    pub fn csrf_token(&self, id: &SessionId) -> Secret {
        self.derived("csrf token of session ", id.expose())
    }

    /// Returns the CSRF token of a form that is shown before sign-in. The browser holds `nonce` in a cookie.
    ///
    /// The token is an HMAC with a secret of this installation, so an attacker cannot forge a matching pair.
    #[must_use]
    pub fn form_token(&self, nonce: &str) -> Secret {
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(self.ports.crypto.mac(b"sign-in form", nonce.as_bytes())))
    }

    /// Returns 256 random bits in base64url encoding; `None` if the system provides no randomness.
    #[must_use]
    pub fn random_text(&self) -> Option<String> {
        self.ports.crypto.random().map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    fn now(&self) -> OffsetDateTime {
        self.engine.clock().now()
    }

    fn hash(&self, id: &SessionId) -> SessionIdHash {
        SessionIdHash(self.ports.crypto.digest(id.expose().as_bytes()))
    }

    /// Returns a digest of `secret` as text. Digests of the same secret for different purposes differ.
    fn derived(&self, purpose: &str, secret: &str) -> Secret {
        let digest = self.ports.crypto.digest(format!("{purpose}{secret}").as_bytes());
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(digest))
    }

    fn provider_of(&self, issuer: &str) -> Option<&Arc<dyn IdentityProvider>> {
        self.ports.providers.iter().find(|provider| provider.issuer() == issuer)
    }

    /// Returns the time at which a session that is active at `now` expires: by idle timeout or by maximum lifetime.
    fn expiry(&self, created_at: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
        (created_at + self.settings.longest).min(now + self.settings.idle)
    }

    /// Writes an event about a session or a sign-in attempt to the audit log.
    async fn record(&self, what: Record<'_>) {
        let entity = AuditEntity { kind: EntityKind::Session, key: what.key };
        let draft = AuditDraft::new(what.operation, entity);
        let mut event = draft.event(self.now(), what.actor, what.result, what.request_id.map(str::to_owned));
        event.reason = what.reason.map(str::to_owned);
        event.issuer = what.issuer;
        self.engine.append_from(&event, what.origin).await;
    }
}

/// Content of an audit event about a session or a sign-in attempt.
struct Record<'r> {
    operation: AuditOperation,
    actor: Actor,
    /// Issuer that authenticated the actor; `None` for a password sign-in or an anonymous actor.
    issuer: Option<Arc<str>>,
    /// Public identifier of the session. For a refused sign-in, the ID of the provider; empty if unknown.
    key: String,
    result: AuditResult,
    reason: Option<&'r str>,
    request_id: Option<&'r str>,
    /// Client address, recorded for refused sign-ins only.
    origin: Option<IpAddr>,
}

/// Looks up the groups and permissions of a signed-in user in the directory; `None` if no directory is configured.
async fn entitled(
    ports: &SessionPorts,
    signed_in: &SignedIn,
    freshness: Freshness,
) -> Result<Option<Entitled>, TokenError> {
    let Some(directory) = &ports.entitlements else { return Ok(None) };
    directory.of(&signed_in.principal, &signed_in.claims, freshness).await.map(Some)
}

/// Resolves the user of a provider sign-in in `world`. Groups from a directory take precedence over claimed groups.
fn subject_of(world: &World, signed_in: &SignedIn, entitled: Option<&Entitled>) -> Subject {
    let groups = entitled.map(|entitled| entitled.groups.as_slice()).or(signed_in.groups.as_deref());
    let permissions = entitled.map(|entitled| &entitled.permissions);
    resolve(
        world,
        ResolveInput { principal: &signed_in.principal, claims: Some(&signed_in.claims), groups, permissions },
    )
}

/// Returns the public identifier of a session, for APIs and audit records. It is not valid as a session cookie.
fn public_key(id: SessionIdHash) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id.0)
}

fn from_public_key(text: &str) -> Option<SessionIdHash> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(SessionIdHash)
}
