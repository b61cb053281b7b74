//! Learning of commits by other replicas.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::settings::Address;

/// The channel that commits are announced on; the payload is the revision.
pub(crate) const CHANNEL: &str = "identity_policy";

/// How long to leave a server alone that refused or dropped the listening connection.
const PAUSE: Duration = Duration::from_secs(1);

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
            _ = tokio::time::timeout(self.polling, heard).await;
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

/// Returns when the connection is lost.
async fn hear(pool: &PgPool, heard: &Notify) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    // Whatever was committed before this moment was not heard.
    heard.notify_waiters();
    while listener.try_recv().await?.is_some() {
        heard.notify_waiters();
    }
    Ok(())
}
