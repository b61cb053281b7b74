//! Cache of one value that is computed from an entity and stored with it.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Caches the last value that was computed from an entity, and is dropped with the entity.
///
/// The cache is not part of the data of the entity: a clone starts empty, and all memos are equal.
#[derive(Default)]
pub struct Memo(Mutex<Option<Arc<dyn Any + Send + Sync>>>);

impl Memo {
    /// Returns the cached value if it has type `T` and `is_current` accepts it; otherwise computes and caches a new
    /// one. The boolean is true if the value was computed by this call.
    pub fn current<T: Any + Send + Sync>(
        &self,
        is_current: impl FnOnce(&T) -> bool,
        compute: impl FnOnce() -> T,
    ) -> (Arc<T>, bool) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept.and_then(|kept| kept.downcast().ok()).filter(|kept| is_current(kept)) {
            return (kept, false);
        }
        // Computes without holding the lock. If several threads compute at the same time, the last value is kept.
        let fresh = Arc::new(compute());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh) as _);
        (fresh, true)
    }
}

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Memo {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Memo {}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}
