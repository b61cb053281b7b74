//! Tokens that passed all checks, and the principals that they identify.

use std::collections::BTreeSet;
use std::sync::Arc;

use identity_core::entity::{Memo, RejectedToken, VerifiedToken};
use identity_core::port::TokenError;
use identity_core::value::{Claims, Email, StoredClaims};
use serde_json::{Map, Value};

use crate::cache::{Term, Verified};
use crate::checks::Lifetime;
use crate::issuer::Issuer;
use crate::jwk::Key;

/// A token that passed all checks; its principal is not resolved yet.
pub(crate) struct ValidatedToken {
    pub(crate) claims: Map<String, Value>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) lifetime: Lifetime,
    pub(crate) key: Arc<Key>,
    pub(crate) bytes: usize,
    /// Whether `aud` contains one of the issuer's audiences, and not only the audience of another API.
    pub(crate) is_for_issuers_audience: bool,
}

impl ValidatedToken {
    /// Resolves the principal from the claims and returns the verification result. `term` limits how long it is cached.
    pub(crate) fn speaks(self, term: Option<Term>) -> Verified {
        let Self { claims, issuer, lifetime, key, bytes, is_for_issuers_audience } = self;
        let outcome = speaks_for(claims, &issuer, &lifetime).map(Arc::new).map_err(TokenError::Rejected);
        Verified { outcome, lifetime, key, issuer, bytes, term, is_for_issuers_audience }
    }

    pub(crate) fn refused(self, error: TokenError, term: Option<Term>) -> Verified {
        let Self { issuer, lifetime, key, bytes, is_for_issuers_audience, .. } = self;
        Verified { outcome: Err(error), lifetime, key, issuer, bytes, term, is_for_issuers_audience }
    }
}

/// Resolves the principal, groups and display data of validated claims.
fn speaks_for(
    claims: Map<String, Value>,
    issuer: &Issuer,
    lifetime: &Lifetime,
) -> Result<VerifiedToken, RejectedToken> {
    let claims = Claims::from(claims);
    let principal = issuer.claims.principal(&claims)?;
    let (display_name, email) = about(&claims);
    Ok(VerifiedToken {
        permissions: BTreeSet::new(),
        issuer: Arc::clone(&issuer.name),
        principal,
        groups: issuer.groups(&issuer.claims, &claims),
        display_name,
        email,
        expires_at: lifetime.expires_at,
        claims: StoredClaims::from(&claims),
        memo: Memo::default(),
    })
}

/// Returns display name and email address, from the claims `name` and `email`. An invalid address is ignored.
pub(crate) fn about(claims: &Claims) -> (Option<String>, Option<Email>) {
    let text = |name| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    (text("name").map(str::to_owned), text("email").and_then(|text| Email::parse(text).ok()))
}
