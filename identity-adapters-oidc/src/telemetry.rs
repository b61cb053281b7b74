//! Metrics and warnings of an issuer. Metric labels have a closed set of values: configured issuers and codes of this
//! crate.

use std::sync::{Arc, Mutex, PoisonError};

use identity_core::port::TokenError;
use identity_core::resolve::Remark;
use metrics::{Counter, counter, gauge};
use time::{Duration, OffsetDateTime};
use tracing::{info, warn};

use crate::jwk::KeyFault;

/// Minimum interval between two warnings of one kind about one issuer.
const WARNING_PAUSE: Duration = Duration::MINUTE;
/// Maximum number of unusable keys that one warning lists.
const MAX_NAMED: usize = 10;

/// Counters and warnings of one issuer.
///
/// The counters of accepted tokens are registered once, at construction. The process's metrics recorder must therefore
/// be installed before the verifier is built.
pub(crate) struct Telemetry {
    issuer: Arc<str>,
    accepted: Counter,
    cached: Counter,
    keys: Warning,
    user_info: Warning,
    claims: Warning,
}

/// Rate limit for one kind of warning: stores the time of the last one.
#[derive(Default)]
pub(crate) struct Warning(Mutex<Option<OffsetDateTime>>);

impl Warning {
    /// Whether a warning is due; if so, records it as issued at `now`.
    pub(crate) fn is_due(&self, now: OffsetDateTime) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|at| (now - at).abs() >= WARNING_PAUSE);
        if due {
            *last = Some(now);
        }
        due
    }
}

impl Telemetry {
    pub(crate) fn new(issuer: Arc<str>) -> Self {
        let verified = |outcome| counter!("identity_token_verifications_total", "issuer" => Arc::clone(&issuer), "outcome" => outcome);
        let (accepted, cached) = (verified("accepted"), verified("accepted_from_cache"));
        Self {
            issuer,
            accepted,
            cached,
            keys: Warning::default(),
            user_info: Warning::default(),
            claims: Warning::default(),
        }
    }

    pub(crate) fn accepted(&self) {
        self.accepted.increment(1);
    }

    pub(crate) fn accepted_from_cache(&self) {
        self.cached.increment(1);
    }

    pub(crate) fn refused(&self, error: &TokenError) {
        let outcome = match error {
            TokenError::Rejected(rejected) => rejected.code(),
            TokenError::Unavailable { .. } => "unavailable",
        };
        count_refusal(Arc::clone(&self.issuer), outcome);
    }

    pub(crate) fn fetched(&self, outcome: &'static str) {
        counter!("identity_jwks_fetches_total", "issuer" => Arc::clone(&self.issuer), "outcome" => outcome)
            .increment(1);
    }

    pub(crate) fn user_info_fetched(&self, outcome: &'static str) {
        counter!("identity_userinfo_fetches_total", "issuer" => Arc::clone(&self.issuer), "outcome" => outcome)
            .increment(1);
    }

    pub(crate) fn up(&self, up: bool) {
        gauge!("identity_issuer_up", "issuer" => Arc::clone(&self.issuer)).set(if up { 1.0 } else { 0.0 });
    }

    /// Counts the signing keys of a fetched set that cannot be used, and warns if they differ from those of the
    /// previous set.
    pub(crate) fn unusable_keys(&self, faults: &[KeyFault], known: &[KeyFault]) {
        if faults.is_empty() {
            return;
        }
        let count = u64::try_from(faults.len()).unwrap_or(u64::MAX);
        counter!("identity_jwks_unusable_keys_total", "issuer" => Arc::clone(&self.issuer)).increment(count);
        if faults != known {
            let named: Vec<String> = faults.iter().take(MAX_NAMED).map(ToString::to_string).collect();
            let keys = named.join("; ");
            warn!(issuer = %self.issuer, count, keys, "keys of the issuer cannot be used; tokens signed with them are rejected");
        }
    }

    /// Counts the ignored parts of a token's claims, and warns at most once per minute.
    pub(crate) fn remarks(&self, now: OffsetDateTime, claim: Option<&str>, remarks: &[Remark]) {
        for remark in remarks {
            let count = u64::try_from(remark.count()).unwrap_or(u64::MAX);
            counter!("identity_token_claim_remarks_total", "issuer" => Arc::clone(&self.issuer), "reason" => remark.code())
                .increment(count);
        }
        let mut worth = remarks.iter().filter(|remark| remark.is_warning()).peekable();
        if worth.peek().is_some() && self.claims.is_due(now) {
            let remarks = worth.map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let claim = claim.unwrap_or("groups");
            warn!(
                issuer = %self.issuer, claim, remarks,
                "parts of an accepted token were ignored; inspect the token with /access/v1/inspect"
            );
        }
    }

    pub(crate) fn recovered(&self) {
        info!(issuer = %self.issuer, "the issuer's keys can be fetched again");
    }

    /// Warns that the issuer's keys cannot be fetched, at most once per minute.
    pub(crate) fn warn(&self, now: OffsetDateTime, reason: &str) {
        if self.keys.is_due(now) {
            warn!(issuer = %self.issuer, reason, "the issuer's keys cannot be fetched");
        }
    }

    /// Warns that a UserInfo request failed, at most once per minute.
    pub(crate) fn warn_of_user_info(&self, now: OffsetDateTime, reason: &str) {
        if self.user_info.is_due(now) {
            warn!(issuer = %self.issuer, reason, "the issuer's UserInfo cannot be fetched; tokens are accepted without it");
        }
    }
}

/// Counts a rejected token that could not be attributed to a configured issuer.
pub(crate) fn refused_unattributed(outcome: &'static str) {
    count_refusal(Arc::from("none"), outcome);
}

fn count_refusal(issuer: Arc<str>, outcome: &'static str) {
    counter!("identity_token_verifications_total", "issuer" => issuer, "outcome" => outcome).increment(1);
}
