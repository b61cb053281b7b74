//! Single flight: concurrent requests for the same key share one call.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The calls in flight, by key. A call ends even if its callers stop waiting.
pub(crate) struct SingleFlight<K, V>(Mutex<HashMap<K, watch::Receiver<Option<V>>>>);

/// A call in flight, shared by its callers. It is complete when there is a value.
pub(crate) struct Flight<V>(watch::Receiver<Option<V>>);

impl<K, V> SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    /// Joins the call for `key`, or starts one in its own task, which continues if the caller stops waiting. `known` is
    /// checked before a call starts, as a result may have arrived since the caller's own lookup.
    pub(crate) fn join<F>(
        self: &Arc<Self>,
        key: K,
        known: impl FnOnce() -> Option<V>,
        ask: impl FnOnce() -> F,
    ) -> Flight<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut flights = self.lock();
        if let Some(flight) = flights.get(&key).filter(|flight| flight.has_changed().is_ok()) {
            return Flight(flight.clone());
        }
        if let Some(known) = known() {
            return Flight(watch::channel(Some(known)).1);
        }
        let (landed, flight) = watch::channel(None);
        flights.insert(key.clone(), flight.clone());
        drop(flights);
        let (this, asking) = (Arc::clone(self), ask());
        tokio::spawn(async move {
            let value = asking.await;
            this.lock().remove(&key);
            landed.send_replace(Some(value));
        });
        Flight(flight)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, watch::Receiver<Option<V>>>> {
        // No code panics while it holds the lock; after a panic, the map would still be consistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Clone> Flight<V> {
    /// Waits for the result; `None` if the runtime shuts down.
    pub(crate) async fn landed(mut self) -> Option<V> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|value| value.clone())
    }
}
