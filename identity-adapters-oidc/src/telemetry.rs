//! What operators see of an issuer. Labels come from a closed set: configured issuers and codes of this crate.

use std::sync::{Arc, Mutex, PoisonError};

use identity_core::port::TokenError;
use identity_core::resolve::Remark;
use metrics::{Counter, counter, gauge};
use time::{Duration, OffsetDateTime};
use tracing::{info, warn};

use crate::jwk::KeyFault;

/// Least time between two warnings of one kind about one issuer.
const WARNING_PAUSE: Duration = Duration::MINUTE;
/// Keys that a warning names.
const MAX_NAMED: usize = 10;

/// Counters and warnings of one issuer.
///
/// The counters of the hot path are looked up once, so the process's recorder must be installed before the verifier is made.
pub(crate) struct Telemetry {
    issuer: Arc<str>,
    accepted: Counter,
    cached: Counter,
    keys: Warning,
    user_info: Warning,
    claims: Warning,
}

/// When something was last warned about.
#[derive(Default)]
pub(crate) struct Warning(Mutex<Option<OffsetDateTime>>);

impl Warning {
    /// Whether it is time to warn; if so, that counts as a warning.
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

    /// Counts the keys of a fetched set that sign and cannot be used, and warns if they are not those of the set before.
    pub(crate) fn unusable_keys(&self, faults: &[KeyFault], known: &[KeyFault]) {
        if faults.is_empty() {
            return;
        }
        let count = u64::try_from(faults.len()).unwrap_or(u64::MAX);
        counter!("identity_jwks_unusable_keys_total", "issuer" => Arc::clone(&self.issuer)).increment(count);
        if faults != known {
            let named: Vec<String> = faults.iter().take(MAX_NAMED).map(ToString::to_string).collect();
            let keys = named.join("; ");
            warn!(issuer = %self.issuer, count, keys, "keys of the issuer cannot be used; tokens that they sign are refused");
        }
    }

    /// Counts what was left out of a token's claims, and warns, unless it did so within the last minute.
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
                "a token was accepted with less than its issuer may have meant; /access/v1/inspect shows a token in detail"
            );
        }
    }

    pub(crate) fn recovered(&self) {
        info!(issuer = %self.issuer, "the issuer's keys can be fetched again");
    }

    /// Warns, unless it did so within the last minute.
    pub(crate) fn warn(&self, now: OffsetDateTime, reason: &str) {
        if self.keys.is_due(now) {
            warn!(issuer = %self.issuer, reason, "the issuer's keys cannot be fetched");
        }
    }

    /// Warns, unless it did so within the last minute.
    pub(crate) fn warn_of_user_info(&self, now: OffsetDateTime, reason: &str) {
        if self.user_info.is_due(now) {
            warn!(issuer = %self.issuer, reason, "the issuer's userinfo cannot be fetched; tokens count without it");
        }
    }
}

/// Counts a token that names no configured issuer.
pub(crate) fn refused_unattributed(outcome: &'static str) {
    count_refusal(Arc::from("none"), outcome);
}

fn count_refusal(issuer: Arc<str>, outcome: &'static str) {
    counter!("identity_token_verifications_total", "issuer" => issuer, "outcome" => outcome).increment(1);
}
