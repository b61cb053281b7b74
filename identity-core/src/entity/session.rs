//! Browser sessions, kept on the server.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Principal;
use crate::value::Secret;

/// What the browser holds: 256 random bits as text. Never stored; the store knows its [`SessionIdHash`].
#[derive(Clone, Debug)]
pub struct SessionId(Secret);

impl SessionId {
    /// Takes over a freshly drawn or received id.
    #[must_use]
    pub fn new(text: Secret) -> Self {
        Self(text)
    }

    /// The id, for the cookie and the hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// The SHA-256 digest of a session's id: the store's key, worthless to whoever reads the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionIdHash(pub [u8; 32]);

impl fmt::Debug for SessionIdHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "{a:02x}{b:02x}{c:02x}{d:02x}…")
    }
}

/// Which sessions are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichSessions {
    /// The one of this id.
    One(SessionIdHash),
    /// All of somebody.
    Of(Principal),
    /// All of whom an issuer knows by this `sub`.
    OfSubject {
        /// The issuer.
        issuer: String,
        /// Its id of them.
        subject: String,
    },
    /// Those that an issuer knows by this `sid`.
    OfProviderSession {
        /// The issuer.
        issuer: String,
        /// Its id of the session.
        provider_session: String,
    },
}

/// One sign-in of one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The store's key.
    pub id: SessionIdHash,
    /// Who signed in.
    pub principal: Principal,
    /// The issuer that said so; none for built-in users.
    pub issuer: Option<String>,
    /// The issuer's own id of them (`sub`), for back-channel logout.
    pub subject: Option<String>,
    /// The provider's own session id (`sid`), for back-channel logout.
    pub provider_session: Option<String>,
    /// The digest of the password hash that they signed in with: another password ends the session. None without a password.
    pub credential: Option<[u8; 32]>,
    /// What the browser calls itself, so that people tell their sessions apart.
    pub user_agent: Option<String>,
    /// When they signed in.
    pub created_at: OffsetDateTime,
    /// When they were last active. Polling does not count.
    pub last_active_at: OffsetDateTime,
    /// When the session ends, if they are not active before. Never later than the longest life of a session.
    pub expires_at: OffsetDateTime,
    /// Tokens and claims, encrypted by whoever wrote them; the store cannot read them.
    pub sealed: Vec<u8>,
    /// Counts the changes of this session, so that two replicas cannot overwrite each other unseen.
    pub version: u64,
}
