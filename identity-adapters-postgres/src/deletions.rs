//! Deletions in a directory.

use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use identity_core::entity::{Actor, AuditEvent, Deletable, Deletion, storable, to_microsecond};
use identity_core::port::{DeletionJournal, StoreError};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::audit;
use crate::database::Database;
use crate::error::failed;

/// [`DeletionJournal`] on PostgreSQL.
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
        let party = deletion.of.party();
        let mut transaction = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO directory_deletions (deletion_id, party_type, party_id, directory_key, actor_type, actor_id, \
             request_id, attempted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(deletion.id.as_str())
        .bind(party.kind_name())
        .bind(party.id())
        .bind(deletion.of.key())
        .bind(deletion.actor.kind_name())
        .bind(deletion.actor.id())
        .bind(deletion.request_id.as_deref().map(storable))
        .bind(to_microsecond(deletion.at))
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
        const SQL: &str = "SELECT * FROM directory_deletions ORDER BY attempted_at, deletion_id";
        let read =
            || async { sqlx::query(SQL).fetch_all(&mut self.database.connection().await?).await.map_err(failed) };
        self.database.repeatable(read).await?.iter().map(deletion).collect()
    }
}

fn deletion(row: &PgRow) -> Result<Deletion, StoreError> {
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
        at: row.try_get("attempted_at").map_err(failed)?,
    })
}
