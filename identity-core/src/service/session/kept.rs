//! What a session keeps of its sign-in, sealed: the store cannot read it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::Sessions;
use crate::entity::{Principal, SessionIdHash};
use crate::port::{ClaimSource, SignedIn};
use crate::value::{Claims, Email, GroupId, Secret};

/// What is sealed. Secrets are texts here, so this stays in this folder and is never shown.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
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
    /// Until when somebody is renewing this, or nobody should.
    renewal_waits_until: i64,
}

impl Kept {
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

    /// Whether it is time to ask the provider anew, and nobody else does.
    pub(super) fn is_due(&self, now: OffsetDateTime) -> bool {
        let now = now.unix_timestamp();
        self.has_refresh_token() && self.renewal_due_at <= now && self.renewal_waits_until <= now
    }

    /// The same, which nobody renews until then.
    pub(super) fn waiting_until(self, until: OffsetDateTime) -> Self {
        Self { renewal_waits_until: until.unix_timestamp(), ..self }
    }
}

impl Sessions {
    /// Bound to the principal: what is sealed for one cannot be put into another's session. Not to the id, which changes.
    fn context(principal: &Principal) -> Vec<u8> {
        format!("session of {} {}", principal.kind_name(), principal.id()).into_bytes()
    }

    pub(super) fn seal(&self, kept: &Kept) -> Option<Vec<u8>> {
        let plain = serde_json::to_vec(kept).ok()?;
        self.ports.crypto.seal(&Self::context(&kept.principal), &plain)
    }

    pub(super) fn unseal(&self, id: SessionIdHash, principal: &Principal, sealed: &[u8]) -> Option<Kept> {
        let opened = self.ports.crypto.open(&Self::context(principal), sealed);
        let kept = opened.and_then(|plain| serde_json::from_slice::<Kept>(&plain).ok());
        if kept.is_none() {
            tracing::warn!(session = ?id, "session.unreadable");
        }
        kept
    }
}
