//! Browser sessions.

use std::sync::Arc;

use async_trait::async_trait;
use identity_core::entity::{Principal, Session, SessionIdHash, to_microsecond};
use identity_core::port::{SessionStore, StoreError};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row};
use time::OffsetDateTime;

use crate::database::Database;
use crate::error::failed;

/// [`SessionStore`] on PostgreSQL.
#[derive(Debug)]
pub struct PostgresSessionStore {
    database: Arc<Database>,
}

impl PostgresSessionStore {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// Runs one writing statement; says how many rows it touched.
    async fn write(&self, statement: Query<'_, Postgres, PgArguments>) -> Result<u64, StoreError> {
        let mut transaction = self.database.begin().await?;
        let touched = statement.execute(&mut *transaction).await.map_err(failed)?.rows_affected();
        transaction.commit().await.map_err(failed)?;
        Ok(touched)
    }
}

#[async_trait]
impl SessionStore for PostgresSessionStore {
    async fn insert(&self, session: &Session) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO sessions (principal_type, principal_id, issuer, provider_session, created_at, last_active_at, \
             expires_at, sealed, id, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        );
        self.write(bind(statement, session)).await.map(drop)
    }

    async fn find(&self, id: SessionIdHash, now: OffsetDateTime) -> Result<Option<Session>, StoreError> {
        let read = || async {
            sqlx::query("SELECT * FROM sessions WHERE id = $1 AND expires_at > $2")
                .bind(id.0.as_slice())
                .bind(to_microsecond(now))
                .fetch_optional(self.database.pool())
                .await
                .map_err(failed)
        };
        self.database.repeatable(read).await?.as_ref().map(session).transpose()
    }

    async fn update(&self, session: &Session) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE sessions SET principal_type = $1, principal_id = $2, issuer = $3, provider_session = $4, created_at = $5, \
             last_active_at = $6, expires_at = $7, sealed = $8, version = version + 1 WHERE id = $9 AND version = $10",
        );
        one(self.write(bind(statement, session)).await?)
    }

    async fn rotate(&self, old: SessionIdHash, new: SessionIdHash) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE sessions SET id = $1 WHERE id = $2");
        one(self.write(statement.bind(new.0.as_slice()).bind(old.0.as_slice())).await?)
    }

    async fn delete(&self, id: SessionIdHash) -> Result<(), StoreError> {
        self.write(sqlx::query("DELETE FROM sessions WHERE id = $1").bind(id.0.as_slice())).await.map(drop)
    }

    async fn list(&self, principal: &Principal, now: OffsetDateTime) -> Result<Vec<Session>, StoreError> {
        let read = || async {
            sqlx::query(
                "SELECT * FROM sessions WHERE principal_type = $1 AND principal_id = $2 AND expires_at > $3 \
                 ORDER BY created_at DESC, id",
            )
            .bind(principal.kind_name())
            .bind(principal.id())
            .bind(to_microsecond(now))
            .fetch_all(self.database.pool())
            .await
            .map_err(failed)
        };
        self.database.repeatable(read).await?.iter().map(session).collect()
    }

    async fn delete_of(&self, principal: &Principal) -> Result<u64, StoreError> {
        let statement = sqlx::query("DELETE FROM sessions WHERE principal_type = $1 AND principal_id = $2");
        self.write(statement.bind(principal.kind_name()).bind(principal.id())).await
    }

    async fn delete_by_provider_session(&self, issuer: &str, provider_session: &str) -> Result<u64, StoreError> {
        let statement = sqlx::query("DELETE FROM sessions WHERE issuer = $1 AND provider_session = $2");
        self.write(statement.bind(issuer).bind(provider_session)).await
    }

    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        self.write(sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(to_microsecond(now))).await
    }
}

fn one(touched: u64) -> Result<(), StoreError> {
    if touched == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// In the order that `insert` and `update` share.
fn bind<'q>(statement: Query<'q, Postgres, PgArguments>, session: &'q Session) -> Query<'q, Postgres, PgArguments> {
    statement
        .bind(session.principal.kind_name())
        .bind(session.principal.id())
        .bind(session.issuer.as_deref())
        .bind(session.provider_session.as_deref())
        .bind(to_microsecond(session.created_at))
        .bind(to_microsecond(session.last_active_at))
        .bind(to_microsecond(session.expires_at))
        .bind(session.sealed.as_slice())
        .bind(session.id.0.as_slice())
        .bind(session.version.cast_signed())
}

fn session(row: &PgRow) -> Result<Session, StoreError> {
    let id: &[u8] = row.try_get("id").map_err(failed)?;
    let id =
        id.try_into().map(SessionIdHash).map_err(|_| StoreError::unreadable("sessions", "?", "id is not 32 bytes"))?;
    let text = |column: &str| row.try_get::<&str, _>(column).map_err(failed);
    let optional = |column: &str| row.try_get::<Option<String>, _>(column).map_err(failed);
    let at = |column: &str| row.try_get(column).map_err(failed);
    Ok(Session {
        id,
        principal: Principal::parse(text("principal_type")?, text("principal_id")?)
            .map_err(|error| StoreError::unreadable("sessions", format_args!("{id:?}"), error))?,
        issuer: optional("issuer")?,
        provider_session: optional("provider_session")?,
        created_at: at("created_at")?,
        last_active_at: at("last_active_at")?,
        expires_at: at("expires_at")?,
        sealed: row.try_get("sealed").map_err(failed)?,
        version: row.try_get::<i64, _>("version").map_err(failed)?.cast_unsigned(),
    })
}
