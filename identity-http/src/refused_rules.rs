//! Reports mapping rules that were not evaluated because all rules together exceed the step limit on a token's claims.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use identity_core::resolve::Subject;
use identity_core::value::MappingRuleId;

/// Maximum number of rules logged by id.
const MAX_LOGGED: usize = 1000;

/// Rules that were already logged. Each rule is logged once per process.
static LOGGED: Mutex<BTreeSet<MappingRuleId>> = Mutex::new(BTreeSet::new());

/// Counts the refused rules of a caller, and logs those not logged before.
pub(crate) fn report(subject: &Subject) {
    if subject.refused_rules.is_empty() {
        return;
    }
    metrics::counter!("identity_mapping_rule_refusals_total").increment(subject.refused_rules.len() as u64);
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    for rule in &subject.refused_rules {
        if logged.len() < MAX_LOGGED && logged.insert(rule.clone()) {
            tracing::warn!(rule = %rule, caller = subject.principal.id(), "mapping_rule.refused");
        }
    }
}
