//! Learning of commits by other replicas.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Executor as _, PgPool, raw_sql};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::settings::Address;

/// The channel that commits are announced on; the payload is the revision.
pub(crate) const CHANNEL: &str = "identity_policy";

/// How long to leave a server alone that refused or dropped the listening connection.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the connection may be silent before it is tried.
const SILENCE: Duration = Duration::from_secs(10);
/// How long an answer on it may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Listens on a connection of its own, from when somebody first waits until this is dropped.
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

    /// Counts what is heard from the call on, not from the first poll.
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
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ANSWER)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(address.options());
    loop {
        if let Err(error) = hear(&pool, &heard).await {
            tracing::warn!(%error, "not listening for changes; polling until that works again");
        }
        tokio::time::sleep(PAUSE).await;
        // The password may have changed.
        pool.set_connect_options(address.options());
    }
}

/// Returns when the connection is lost: nothing else tells when its other end is gone and the network says nothing of it.
async fn hear(pool: &PgPool, heard: &Notify) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    answered(listener.listen(CHANNEL)).await?;
    // Whatever was committed before this moment was not heard.
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
