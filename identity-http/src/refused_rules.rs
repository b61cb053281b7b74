//! Reports mapping rules that were not evaluated because a token's claims and all rules together exceed the budget of steps.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use identity_core::resolve::Subject;
use identity_core::value::MappingRuleId;

/// Most rules that are logged by name.
const MAX_LOGGED: usize = 1000;

/// Rules that were logged already: each is logged once in the life of the process.
static LOGGED: Mutex<BTreeSet<MappingRuleId>> = Mutex::new(BTreeSet::new());

/// Counts the refused rules of a caller, and logs those that were not logged before.
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
