//! Browser sessions, which are stored on the server. The browser holds only an opaque id.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Principal;
use crate::value::Secret;

/// Session id in the cookie of the browser: 256 random bits as text. The store contains only its [`SessionIdHash`].
#[derive(Clone, Debug)]
pub struct SessionId(Secret);

impl SessionId {
    /// Wraps an id that was generated or received in a cookie. The text is not validated.
    #[must_use]
    pub fn new(text: Secret) -> Self {
        Self(text)
    }

    /// Returns the id in plain text, for the cookie and for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// SHA-256 digest of a session id: the key in the store, from which the session id cannot be derived.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionIdHash(pub [u8; 32]);

impl fmt::Debug for SessionIdHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "{a:02x}{b:02x}{c:02x}{d:02x}…")
    }
}

/// Selects the sessions to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichSessions {
    /// The session whose id has this digest.
    One(SessionIdHash),
    /// All sessions of a user or client.
    Of(Principal),
    /// All sessions of one user at an issuer, for logout by `sub`.
    OfSubject {
        /// Issuer, as in the claim `iss`.
        issuer: String,
        /// Id that the issuer assigned to the user (`sub`).
        subject: String,
    },
    /// All sessions that began in one session of the provider, for logout by `sid`.
    OfProviderSession {
        /// Issuer, as in the claim `iss`.
        issuer: String,
        /// Id that the issuer assigned to its session (`sid`).
        provider_session: String,
    },
}

/// A signed-in browser, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Digest of the session id, used as the key in the store.
    pub id: SessionIdHash,
    /// User or client that signed in.
    pub principal: Principal,
    /// Issuer that authenticated the principal. `None` for built-in users, who signed in with a password.
    pub issuer: Option<String>,
    /// Id that the issuer assigned to the user (`sub`), for back-channel logout.
    pub subject: Option<String>,
    /// Id that the issuer assigned to its session (`sid`), for back-channel logout.
    pub provider_session: Option<String>,
    /// Digest of the password hash at sign-in: a password change ends the session. `None` without a password.
    pub credential: Option<[u8; 32]>,
    /// `User-Agent` header of the browser, shown to users to distinguish their sessions.
    pub user_agent: Option<String>,
    /// Time of the sign-in, from which the maximum lifetime counts.
    pub created_at: OffsetDateTime,
    /// Time of the last user activity, updated at intervals. Automatic polling does not count.
    pub last_active_at: OffsetDateTime,
    /// Time at which the session ends. Activity extends it, up to the maximum lifetime of a session.
    pub expires_at: OffsetDateTime,
    /// Claims and tokens from the provider, encrypted by the server. Empty for built-in users.
    pub sealed: Vec<u8>,
    /// Version for optimistic concurrency, incremented by each update. Prevents lost updates between replicas.
    pub version: u64,
}

/// Data from the last token or sign-in of a principal, as stored. Decisions about the principal use it while no token is
/// at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSignIn {
    /// User or client that the token or sign-in identified.
    pub principal: Principal,
    /// Time at which the token or sign-in was first seen.
    pub at: OffsetDateTime,
    /// Time from which the data must not be used.
    pub expires_at: OffsetDateTime,
    /// Claims and groups, encrypted by the server.
    pub sealed: Vec<u8>,
}
