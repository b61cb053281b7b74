//! Sign-in data that is stored with a session, encrypted so that the store cannot read it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::Sessions;
use crate::entity::{Principal, SessionIdHash};
use crate::port::{ClaimSource, SignedIn};
use crate::value::{Claims, Email, GroupId, Secret};

/// Decrypted sign-in data. It contains secrets as plain strings, so it must not leave this module or be logged.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SealedSignIn {
    subject: String,
    provider_session: Option<String>,
    principal: Principal,
    groups: Option<Vec<GroupId>>,
    display_name: Option<String>,
    email: Option<Email>,
    claims: Value,
    provenance: BTreeMap<String, ClaimSource>,
    id_token: String,
    refresh_token: Option<String>,
    renewal_due_at: i64,
    /// Unix time in seconds before which no request renews the session: a renewal is in progress or was tried recently.
    renewal_waits_until: i64,
}

impl SealedSignIn {
    pub(super) fn of(signed_in: &SignedIn) -> Self {
        Self {
            subject: signed_in.subject.clone(),
            provider_session: signed_in.provider_session.clone(),
            principal: signed_in.principal.clone(),
            groups: signed_in.groups.clone(),
            display_name: signed_in.display_name.clone(),
            email: signed_in.email.clone(),
            claims: signed_in.claims.as_value().clone(),
            provenance: signed_in.provenance.clone(),
            id_token: signed_in.id_token.expose().to_owned(),
            refresh_token: signed_in.refresh_token.as_ref().map(|token| token.expose().to_owned()),
            renewal_due_at: signed_in.renewal_due_at.unix_timestamp(),
            renewal_waits_until: i64::MIN,
        }
    }

    pub(super) fn signed_in(&self) -> Option<SignedIn> {
        Some(SignedIn {
            subject: self.subject.clone(),
            provider_session: self.provider_session.clone(),
            principal: self.principal.clone(),
            groups: self.groups.clone(),
            display_name: self.display_name.clone(),
            email: self.email.clone(),
            claims: Claims::new(self.claims.clone()).ok()?,
            provenance: self.provenance.clone(),
            id_token: Secret::new(self.id_token.clone()),
            refresh_token: self.refresh_token.clone().map(Secret::new),
            renewal_due_at: OffsetDateTime::from_unix_timestamp(self.renewal_due_at).ok()?,
        })
    }

    pub(super) fn has_refresh_token(&self) -> bool {
        self.refresh_token.is_some()
    }

    /// Whether to renew now: the access token has expired, there is a refresh token, and renewals are not blocked.
    pub(super) fn is_due(&self, now: OffsetDateTime) -> bool {
        let now = now.unix_timestamp();
        self.has_refresh_token() && self.renewal_due_at <= now && self.renewal_waits_until <= now
    }

    /// Blocks renewals of the session until the given time.
    pub(super) fn waiting_until(self, until: OffsetDateTime) -> Self {
        Self { renewal_waits_until: until.unix_timestamp(), ..self }
    }
}

impl Sessions {
    /// Encryption context. It binds the data to the principal, so that the data cannot be moved to another principal's
    /// session. It omits the session ID, which may change.
    fn context(principal: &Principal) -> Vec<u8> {
        format!("session of {} {}", principal.kind_name(), principal.id()).into_bytes()
    }

    pub(super) fn seal(&self, kept: &SealedSignIn) -> Option<Vec<u8>> {
        let plain = serde_json::to_vec(kept).ok()?;
        self.ports.crypto.seal(&Self::context(&kept.principal), &plain)
    }

    pub(super) fn unseal(&self, id: SessionIdHash, principal: &Principal, sealed: &[u8]) -> Option<SealedSignIn> {
        let opened = self.ports.crypto.open(&Self::context(principal), sealed);
        let kept = opened.and_then(|plain| serde_json::from_slice::<SealedSignIn>(&plain).ok());
        if kept.is_none() {
            tracing::warn!(session = ?id, "session.unreadable");
        }
        kept
    }
}
