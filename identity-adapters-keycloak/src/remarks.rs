//! Metrics and warnings about ignored elements of token claims.

use std::time::Duration;

use identity_core::resolve::Remark;
use identity_core::value::Claims;
use moka::sync::Cache;
use tracing::warn;

/// Minimum time between two warnings in the log.
const WARNING_PAUSE: Duration = Duration::from_secs(60);
/// How long a counted token is remembered, and the maximum number of remembered tokens.
const COUNTED_FOR: Duration = Duration::from_secs(3600);
const COUNTED: u64 = 10_000;

/// Remembers which tokens were counted, and whether a warning was logged within the last minute.
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

    /// Counts the ignored elements of a claim, once per token. Logs a warning at most once a minute.
    pub(crate) fn report(&self, claims: &Claims, claim: &'static str, remarks: &[Remark]) {
        if remarks.is_empty() || !self.tokens.entry(token(claims, claim)).or_default().is_fresh() {
            return;
        }
        // The number of label values is bounded, because only tokens of configured issuers are reported.
        let issuer = claims.get("iss").and_then(|issuer| issuer.as_str()).unwrap_or("none").to_owned();
        for remark in remarks {
            let count = u64::try_from(remark.count()).unwrap_or(u64::MAX);
            metrics::counter!("identity_token_claim_remarks_total", "issuer" => issuer.clone(), "reason" => remark.code())
                .increment(count);
        }
        if self.warned.entry(()).or_default().is_fresh() {
            let remarks = remarks.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            warn!(
                issuer,
                claim, remarks, "parts of an accepted token were ignored; inspect the token with /access/v1/inspect"
            );
        }
    }
}

/// Returns the cache key for a claim of a token: the values of `iss`, `sub`, `jti`, `iat` and `exp`, and the claim's
/// name.
fn token(claims: &Claims, claim: &str) -> String {
    let members = ["iss", "sub", "jti", "iat", "exp"].map(|name| claims.get(name).map(ToString::to_string));
    members.into_iter().flatten().chain([claim.to_owned()]).collect::<Vec<_>>().join(" ")
}
