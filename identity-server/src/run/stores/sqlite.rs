//! The store on embedded SQLite.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use identity_adapters_sqlite::SqliteStores;
use identity_core::port::StoreError;

use super::{Opened, Stores};
use crate::config::Finding;

#[async_trait]
impl Opened for SqliteStores {
    async fn close(&self) {
        Self::close(self).await;
    }
}

pub(super) async fn open(data_dir: &Path) -> Result<Stores, StoreError> {
    let stores = SqliteStores::open(data_dir.join("identity.db")).await?;
    let (policy, audit) = (Arc::clone(&stores.policy), Arc::clone(&stores.audit));
    let (sessions, deletions) = (Arc::clone(&stores.sessions), Arc::clone(&stores.deletions));
    let (locks, cutoffs) = (Arc::clone(&stores.locks), Arc::clone(&stores.installation));
    let installation = Arc::clone(&stores.installation);
    Ok(Stores { policy, audit, sessions, deletions, locks, installation, cutoffs, opened: Box::new(stores) })
}

pub(super) fn problems(data_dir: &Path) -> Vec<Finding> {
    let is_file = data_dir.exists() && !data_dir.is_dir();
    is_file.then(|| Finding::new("store.sqlite.data-dir", "must be a directory")).into_iter().collect()
}
