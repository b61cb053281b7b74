//! Last sign-ins in the session store, encrypted, so that all replicas know the claims of a principal, also after a
//! restart.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tracing::warn;

use super::{KeptClaims, Login, RecentCallers};
use crate::entity::{LastSignIn, Principal};
use crate::port::{Crypto, SessionStore, StoreError};
use crate::value::{Claims, GroupId, MappingRuleId};

/// Maximum number of sign-ins that one transaction stores.
const BATCH: usize = 500;

/// Stores the logins of [`RecentCallers`], and reads those of other replicas.
pub struct LastSignIns {
    recent: Arc<RecentCallers>,
    store: Arc<dyn SessionStore>,
    crypto: Arc<dyn Crypto>,
}

/// Content of a stored sign-in. It is encrypted, because claims are personal data.
#[derive(Serialize, Deserialize)]
struct Sealed {
    issuer: Arc<str>,
    claim_names: Vec<String>,
    claims: Value,
    groups: Option<Vec<GroupId>>,
    matched: Vec<MappingRuleId>,
}

impl LastSignIns {
    /// Creates the service. `crypto` encrypts claims with a key that all replicas share.
    #[must_use]
    pub fn new(recent: Arc<RecentCallers>, store: Arc<dyn SessionStore>, crypto: Arc<dyn Crypto>) -> Self {
        Self { recent, store, crypto }
    }

    /// Stores the logins that have claim values and are not stored yet. Call it periodically. Returns their number.
    ///
    /// # Errors
    /// When the store fails. The logins of the failed transaction are not stored again.
    pub async fn save(&self) -> Result<usize, StoreError> {
        let Some(keep) = self.recent.kept().duration() else { return Ok(0) };
        let mut saved = 0;
        loop {
            let logins = self.recent.take_unsaved(BATCH);
            if logins.is_empty() {
                return Ok(saved);
            }
            let sign_ins: Vec<LastSignIn> = logins.iter().filter_map(|login| self.seal(login, keep)).collect();
            self.store.note_sign_ins(&sign_ins).await?;
            saved += sign_ins.len();
        }
    }

    /// Returns the last login of a principal on any replica. `None` if there is none, its claims are too old or were
    /// encrypted with an unknown key.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::service) async fn find(
        &self,
        principal: &Principal,
        now: OffsetDateTime,
    ) -> Result<Option<Login>, StoreError> {
        if self.recent.kept() == KeptClaims::None {
            return Ok(None);
        }
        let Some(stored) = self.store.last_sign_in(principal, now).await? else { return Ok(None) };
        let login = self.open(&stored);
        if login.is_none() {
            warn!("last_sign_in.unreadable");
        }
        Ok(login)
    }

    /// Encryption context. It binds the data to the principal.
    fn context(principal: &Principal) -> Vec<u8> {
        format!("last sign-in of {} {}", principal.kind_name(), principal.id()).into_bytes()
    }

    fn seal(&self, login: &Login, keep: Duration) -> Option<LastSignIn> {
        let content = Sealed {
            issuer: Arc::clone(&login.issuer),
            claim_names: login.claim_names.clone(),
            claims: login.claims.as_ref()?.as_value().clone(),
            groups: login.groups.clone(),
            matched: login.matched.clone(),
        };
        let plain = serde_json::to_vec(&content).ok()?;
        Some(LastSignIn {
            principal: login.principal.clone(),
            at: login.at,
            expires_at: login.at + keep,
            sealed: self.crypto.seal(&Self::context(&login.principal), &plain)?,
        })
    }

    fn open(&self, stored: &LastSignIn) -> Option<Login> {
        let plain = self.crypto.open(&Self::context(&stored.principal), &stored.sealed)?;
        let Sealed { issuer, claim_names, claims, groups, matched } = serde_json::from_slice(&plain).ok()?;
        let (at, principal, claims) = (stored.at, stored.principal.clone(), Some(Claims::new(claims).ok()?));
        Some(Login { at, issuer, principal, claim_names, claims, groups, matched })
    }
}
