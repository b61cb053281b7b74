//! Settings of the decision API (section `access`).

use std::num::NonZeroU32;

use identity_core::service::recent_callers::KeptClaims;

use super::choices::KeepClaims;
use super::reader::Reader;

/// Settings of the decision API: its rate limit, and its record of recent callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Rate limit in decisions per second, per caller and replica (default: 20,000); `None` disables it.
    pub questions_per_second: Option<NonZeroU32>,
    /// Maximum number of recent callers whose last tokens are kept in memory, for inspection (default: 1000).
    pub recent_callers: usize,
    /// Claims whose values are kept after a token or sign-in (default: those that rules or conditions read, for a week).
    pub kept_claims: KeptClaims,
}

impl Access {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let questions_per_second = from.number("questions-per-second");
        let recent_callers = from.number("recent-callers");
        let keep_claims = from.choice("keep-claims", &KeepClaims::WORDS);
        let keep_claims_for = from.duration("keep-claims-for");
        Some(Self {
            questions_per_second: NonZeroU32::new(questions_per_second?),
            recent_callers: recent_callers?,
            kept_claims: match keep_claims? {
                KeepClaims::None => KeptClaims::None,
                KeepClaims::Used => KeptClaims::Used(keep_claims_for?),
                KeepClaims::All => KeptClaims::All(keep_claims_for?),
            },
        })
    }
}
