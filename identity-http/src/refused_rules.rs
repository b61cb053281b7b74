//! Reports mapping rules that were skipped because evaluating all rules on a token's claims exceeds the step limit.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use identity_core::resolve::Subject;
use identity_core::value::MappingRuleId;

/// Maximum number of rules that are logged, over the lifetime of the process.
const MAX_LOGGED: usize = 1000;

/// Rules that are already logged. Each rule is logged once per process.
static LOGGED: Mutex<BTreeSet<MappingRuleId>> = Mutex::new(BTreeSet::new());

/// Counts the skipped rules of a caller in a metric, and logs each rule once.
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
