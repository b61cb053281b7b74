//! What operators see of claims of which something was left out.

use std::time::Duration;

use identity_core::resolve::Remark;
use identity_core::value::Claims;
use moka::sync::Cache;
use tracing::warn;

use crate::Keycloak;

/// Least time between two warnings.
const WARNING_PAUSE: Duration = Duration::from_secs(60);
/// How long a token is known as counted, and how many tokens are.
const COUNTED_FOR: Duration = Duration::from_secs(3600);
const COUNTED: u64 = 10_000;

/// Tokens whose remarks were counted, and whether a warning was logged within the pause.
pub(crate) struct KnownRemarks {
    tokens: Cache<String, ()>,
    warned: Cache<(), ()>,
}

impl KnownRemarks {
    pub(crate) fn new() -> Self {
        Self {
            tokens: Cache::builder().max_capacity(COUNTED).time_to_live(COUNTED_FOR).build(),
            warned: Cache::builder().max_capacity(1).time_to_live(WARNING_PAUSE).build(),
        }
    }
}

impl Keycloak {
    /// Counts what was left out of a verified token's claim, once for each token, and logs a warning, at most once a minute.
    pub(crate) fn report(&self, claims: &Claims, claim: &'static str, remarks: &[Remark]) {
        if remarks.is_empty() || !self.shared.remarks.tokens.entry(token(claims, claim)).or_default().is_fresh() {
            return;
        }
        // Only configured issuers sign tokens that get here.
        let issuer = claims.get("iss").and_then(|issuer| issuer.as_str()).unwrap_or("none").to_owned();
        for remark in remarks {
            let count = u64::try_from(remark.count()).unwrap_or(u64::MAX);
            metrics::counter!("identity_token_claim_remarks_total", "issuer" => issuer.clone(), "reason" => remark.code())
                .increment(count);
        }
        if self.shared.remarks.warned.entry(()).or_default().is_fresh() {
            let remarks = remarks.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            warn!(
                issuer,
                claim,
                remarks,
                "a token was accepted with less than its issuer may have meant; /access/v1/inspect shows a token in detail"
            );
        }
    }
}

/// What tells a token from others.
fn token(claims: &Claims, claim: &str) -> String {
    let members = ["iss", "sub", "jti", "iat", "exp"].map(|name| claims.get(name).map(ToString::to_string));
    members.into_iter().flatten().chain([claim.to_owned()]).collect::<Vec<_>>().join(" ")
}
