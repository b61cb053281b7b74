//! Server-side browser sessions.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Principal;
use crate::value::Secret;

/// Session id held by the browser: 256 random bits as text. Never stored; the store holds only its [`SessionIdHash`].
#[derive(Clone, Debug)]
pub struct SessionId(Secret);

impl SessionId {
    /// Wraps a newly generated or received id.
    #[must_use]
    pub fn new(text: Secret) -> Self {
        Self(text)
    }

    /// Returns the id, for the cookie and the hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// SHA-256 digest of a session id, used as the key in the store. The session id cannot be derived from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionIdHash(pub [u8; 32]);

impl fmt::Debug for SessionIdHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "{a:02x}{b:02x}{c:02x}{d:02x}…")
    }
}

/// Selects sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichSessions {
    /// The session with this id.
    One(SessionIdHash),
    /// All sessions of a principal.
    Of(Principal),
    /// All sessions of a subject (`sub`) of an issuer.
    OfSubject {
        /// Issuer.
        issuer: String,
        /// Subject that the issuer assigned (`sub`).
        subject: String,
    },
    /// All sessions that belong to a provider session (`sid`) of an issuer.
    OfProviderSession {
        /// Issuer.
        issuer: String,
        /// Session id that the issuer assigned (`sid`).
        provider_session: String,
    },
}

/// A sign-in of one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Key in the store.
    pub id: SessionIdHash,
    /// Principal that signed in.
    pub principal: Principal,
    /// Issuer that authenticated the principal. `None` for built-in users.
    pub issuer: Option<String>,
    /// Subject at the issuer (`sub`), for back-channel logout.
    pub subject: Option<String>,
    /// Session id at the provider (`sid`), for back-channel logout.
    pub provider_session: Option<String>,
    /// Digest of the password hash used to sign in. A password change ends the session. `None` for a sign-in without a
    /// password.
    pub credential: Option<[u8; 32]>,
    /// User agent of the browser, so that users can distinguish their sessions.
    pub user_agent: Option<String>,
    /// Time of the sign-in.
    pub created_at: OffsetDateTime,
    /// Time of the last activity. Polling does not count as activity.
    pub last_active_at: OffsetDateTime,
    /// Expiration time, which activity extends. Never exceeds the maximum lifetime of a session.
    pub expires_at: OffsetDateTime,
    /// Tokens and claims, encrypted before they are stored. The store cannot decrypt them.
    pub sealed: Vec<u8>,
    /// Version for optimistic concurrency: two replicas cannot silently overwrite each other's changes.
    pub version: u64,
}
