//! Questions that several ask at the same time, and that are asked once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The questions in the air.
pub(crate) struct Flights<K, V>(Mutex<HashMap<K, watch::Receiver<Option<V>>>>);

/// A question in the air: it is over when there is a value.
pub(crate) struct Flight<V>(watch::Receiver<Option<V>>);

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    /// Joins the question about `key`, or asks it, in a task of its own: who gives up waiting does not stop it. `known` is
    /// looked at once more before, as an answer may have come since the caller looked.
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
        // Nothing panics while it holds the lock; if something did, what it left would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Clone> Flight<V> {
    /// The answer. `None` if the runtime is going down.
    pub(crate) async fn landed(mut self) -> Option<V> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|value| value.clone())
    }
}
