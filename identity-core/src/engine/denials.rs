use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::decide::Denied;

/// How many denials are remembered.
const CAPACITY: usize = 1024;

/// The last denials, by the keys of their entries in the audit log, which outlive this process.
#[derive(Debug, Default)]
pub struct Denials(Mutex<VecDeque<Denied>>);

impl Denials {
    /// The denial whose entry has this key, if it is remembered here.
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
