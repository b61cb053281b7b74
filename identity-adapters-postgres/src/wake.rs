//! Wakes followers when another replica has committed.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Executor as _, raw_sql};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::settings::Address;

/// Name of the notification channel for commits. The payload of a notification is the revision.
pub(crate) const CHANNEL: &str = "identity_policy";

/// Delay before a reconnect after the listening connection was refused or lost.
const PAUSE: Duration = Duration::from_secs(1);
/// Time without a notification after which the listening connection is tested.
const SILENCE: Duration = Duration::from_secs(10);
/// Timeout for responses on the listening connection.
const ANSWER: Duration = Duration::from_secs(5);

/// Waits for commits of other replicas. A dedicated connection listens for notifications, from the first wait until
/// this value is dropped.
#[derive(Debug)]
pub(crate) struct Wake {
    address: Address,
    heard: Arc<Notify>,
    listening: OnceLock<JoinHandle<()>>,
    polling: Duration,
}

impl Wake {
    pub(crate) fn new(address: Address, polling: Duration) -> Self {
        Self { address, heard: Arc::default(), listening: OnceLock::new(), polling }
    }

    /// Waits for a notification, or for the polling interval. A notification after the call ends the wait, even if it
    /// arrives before the future is first polled.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + Send {
        let heard = self.heard.notified();
        async move {
            self.listening.get_or_init(|| tokio::spawn(listen(self.address.clone(), Arc::clone(&self.heard))));
            _ = timeout(self.polling, heard).await;
        }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.get() {
            listening.abort();
        }
    }
}

async fn listen(address: Address, heard: Arc<Notify>) {
    loop {
        if let Err(error) = hear(&address, &heard).await {
            tracing::warn!(%error, "cannot listen for changes; polling until the connection is restored");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Listens until the connection is lost. The periodic test is the only way to detect a silently disconnected peer.
///
/// Each listener has a pool of its own. A dropped listener returns its connection to its pool only after a statement on
/// it, which a silently disconnected peer never answers; until TCP gives up, nothing else can use that pool.
async fn hear(address: &Address, heard: &Notify) -> sqlx::Result<()> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ANSWER)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(address.options());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    answered(listener.listen(CHANNEL)).await?;
    // Commits made before the subscription were not notified, so all waiting tasks are woken once.
    heard.notify_waiters();
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(notification) => match notification? {
                Some(_) => heard.notify_waiters(),
                None => return Ok(()),
            },
            Err(_) => answered(listener.execute(raw_sql("SELECT 1"))).await.map(drop)?,
        }
    }
}

async fn answered<T>(answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    timeout(ANSWER, answer).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}
