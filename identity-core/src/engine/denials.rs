use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::decide::Denied;

/// Maximum number of denials in memory. A further denial replaces the oldest.
const CAPACITY: usize = 1024;

/// The most recent denials of this process, at most 1024, identified by the keys of their audit log entries. They are
/// lost when the process exits; the audit log entries remain.
#[derive(Debug, Default)]
pub struct Denials(Mutex<VecDeque<Denied>>);

impl Denials {
    /// Returns the denial with this audit log key. `None` if it is unknown or was replaced by newer ones.
    #[must_use]
    pub fn find(&self, reason_id: u64) -> Option<Denied> {
        let denials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        denials.iter().rev().find(|denied| denied.reason_id == Some(reason_id)).cloned()
    }

    pub(super) fn remember(&self, denied: &Denied) {
        if denied.reason_id.is_none() {
            return;
        }
        let mut denials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if denials.len() == CAPACITY {
            denials.pop_front();
        }
        denials.push_back(denied.clone());
    }
}
