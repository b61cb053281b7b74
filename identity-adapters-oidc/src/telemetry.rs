//! What operators see of an issuer. Labels come from a closed set: configured issuers and codes of this crate.

use std::sync::{Arc, Mutex, PoisonError};

use identity_core::port::TokenError;
use metrics::{Counter, counter, gauge};
use time::{Duration, OffsetDateTime};
use tracing::{info, warn};

/// Least time between two warnings of one kind about one issuer.
const WARNING_PAUSE: Duration = Duration::MINUTE;

/// Counters and warnings of one issuer.
///
/// The counters of the hot path are looked up once, so the process's recorder must be installed before the verifier is made.
pub(crate) struct Telemetry {
    issuer: Arc<str>,
    accepted: Counter,
    cached: Counter,
    keys: Warning,
    user_info: Warning,
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
        Self { issuer, accepted, cached, keys: Warning::default(), user_info: Warning::default() }
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
