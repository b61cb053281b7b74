//! Journal of deletions that are in progress in a directory, on PostgreSQL.

use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use identity_adapters_sql::entity::{Stored as _, read_all, to_json};
use identity_core::entity::{AuditEvent, Deletion};
use identity_core::port::{DeletionJournal, StoreError};

use crate::audit;
use crate::database::Database;
use crate::dialect::json_rows;
use crate::error::failed;

/// [`DeletionJournal`] on PostgreSQL. Closing an entry also writes the audit entry of its outcome, in the same
/// transaction.
#[derive(Debug)]
pub struct PostgresDeletionJournal {
    database: Arc<Database>,
}

impl PostgresDeletionJournal {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl DeletionJournal for PostgresDeletionJournal {
    async fn open(&self, deletion: &Deletion) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        sqlx::query(Deletion::TABLE.insert(json_rows))
            .bind(to_json([deletion]))
            .execute(&mut transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn close(&self, id: &str, outcome: &AuditEvent) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin().await?;
        let closed = sqlx::query("DELETE FROM directory_deletions WHERE deletion_id = $1")
            .bind(id)
            .execute(&mut transaction)
            .await
            .map_err(failed)?;
        if closed.rows_affected() == 0 {
            return Ok(false);
        }
        audit::insert(&mut transaction, slice::from_ref(outcome)).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }

    async fn list(&self) -> Result<Vec<Deletion>, StoreError> {
        let read = || async {
            let query = sqlx::query(Deletion::TABLE.select("ORDER BY attempted_at, deletion_id"));
            query.fetch_all(&mut self.database.connection().await?).await.map_err(failed)
        };
        read_all(&self.database.repeatable(read).await?)
    }
}
