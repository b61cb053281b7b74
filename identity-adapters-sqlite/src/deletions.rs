//! Deletions in a directory.

use std::sync::Arc;

use async_trait::async_trait;
use identity_core::entity::{Actor, AuditEvent, Deletable, Deletion, storable};
use identity_core::port::{DeletionJournal, StoreError};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::audit;
use crate::database::Database;
use crate::error::failed;
use crate::timestamp::{parse, to_text};

/// [`DeletionJournal`] on SQLite.
#[derive(Debug)]
pub struct SqliteDeletionJournal {
    database: Arc<Database>,
}

impl SqliteDeletionJournal {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl DeletionJournal for SqliteDeletionJournal {
    async fn open(&self, deletion: &Deletion) -> Result<(), StoreError> {
        let party = deletion.of.party();
        let mut transaction = self.database.write().await?;
        sqlx::query(
            "INSERT INTO directory_deletions (deletion_id, party_type, party_id, directory_key, actor_type, actor_id, \
             request_id, attempted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(deletion.id.as_str())
        .bind(party.kind_name())
        .bind(party.id())
        .bind(deletion.of.key())
        .bind(deletion.actor.kind_name())
        .bind(deletion.actor.id())
        .bind(deletion.request_id.as_deref().map(storable))
        .bind(to_text(deletion.at))
        .execute(&mut transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn close(&self, id: &str, outcome: &AuditEvent) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let closed = sqlx::query("DELETE FROM directory_deletions WHERE deletion_id = ?")
            .bind(id)
            .execute(&mut transaction)
            .await
            .map_err(failed)?;
        if closed.rows_affected() == 0 {
            return Ok(false);
        }
        audit::insert(&mut transaction, outcome).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }

    async fn list(&self) -> Result<Vec<Deletion>, StoreError> {
        let query = sqlx::query("SELECT * FROM directory_deletions ORDER BY attempted_at, deletion_id");
        let rows = query.fetch_all(&mut self.database.reader().await?).await.map_err(failed)?;
        rows.iter().map(deletion).collect()
    }
}

fn deletion(row: &SqliteRow) -> Result<Deletion, StoreError> {
    const TABLE: &str = "directory_deletions";
    let text = |column: &str| row.try_get::<&str, _>(column).map_err(failed);
    let optional = |column: &str| row.try_get::<Option<&str>, _>(column).map_err(failed);
    let id = text("deletion_id")?;
    Ok(Deletion {
        id: id.to_owned(),
        of: Deletable::parse(text("party_type")?, text("party_id")?, text("directory_key")?)
            .map_err(|error| StoreError::unreadable(TABLE, id, error))?,
        actor: Actor::parse(text("actor_type")?, optional("actor_id")?)
            .map_err(|error| StoreError::unreadable(TABLE, id, error))?,
        request_id: optional("request_id")?.map(str::to_owned),
        at: parse(TABLE, id, text("attempted_at")?)?,
    })
}
