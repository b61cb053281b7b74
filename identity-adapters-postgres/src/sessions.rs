//! Browser sessions.

use std::sync::Arc;

use async_trait::async_trait;
use identity_core::entity::{Principal, Session, SessionIdHash, WhichSessions, to_microsecond};
use identity_core::port::{FamiliarPair, SessionQuery, SessionStore, StoreError};
use identity_core::search::Page;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row};
use time::OffsetDateTime;

use crate::database::Database;
use crate::error::failed;

/// Which sessions a list has: `$1` is now, `$2` and `$3` are whose, or null.
macro_rules! listed {
    () => {
        "WHERE expires_at > $1 AND ($2::text IS NULL OR (principal_type = $2 AND principal_id = $3))"
    };
}

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
        let touched = statement.execute(&mut transaction).await.map_err(failed)?.rows_affected();
        transaction.commit().await.map_err(failed)?;
        Ok(touched)
    }
}

#[async_trait]
impl SessionStore for PostgresSessionStore {
    async fn insert(&self, session: &Session) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO sessions (principal_type, principal_id, issuer, subject, provider_session, credential, user_agent, \
             created_at, last_active_at, expires_at, sealed, id, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        );
        self.write(bind(statement, session)).await.map(drop)
    }

    async fn find(&self, id: SessionIdHash, now: OffsetDateTime) -> Result<Option<Session>, StoreError> {
        let read = || async {
            sqlx::query("SELECT * FROM sessions WHERE id = $1 AND expires_at > $2")
                .bind(id.0.as_slice())
                .bind(to_microsecond(now))
                .fetch_optional(&mut self.database.connection().await?)
                .await
                .map_err(failed)
        };
        self.database.repeatable(read).await?.as_ref().map(session).transpose()
    }

    async fn update(&self, session: &Session) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE sessions SET principal_type = $1, principal_id = $2, issuer = $3, subject = $4, provider_session = $5, \
             credential = $6, user_agent = $7, created_at = $8, last_active_at = $9, expires_at = $10, \
             sealed = $11, version = version + 1 WHERE id = $12 AND version = $13",
        );
        one(self.write(bind(statement, session)).await?)
    }

    async fn rotate(&self, old: SessionIdHash, new: SessionIdHash) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE sessions SET id = $1 WHERE id = $2");
        one(self.write(statement.bind(new.0.as_slice()).bind(old.0.as_slice())).await?)
    }

    async fn delete(&self, which: &WhichSessions) -> Result<Vec<Session>, StoreError> {
        let statement = match which {
            WhichSessions::One(id) => {
                sqlx::query("DELETE FROM sessions WHERE id = $1 RETURNING *").bind(id.0.as_slice())
            }
            WhichSessions::Of(principal) => {
                sqlx::query("DELETE FROM sessions WHERE principal_type = $1 AND principal_id = $2 RETURNING *")
                    .bind(principal.kind_name())
                    .bind(principal.id())
            }
            WhichSessions::OfSubject { issuer, subject } => {
                sqlx::query("DELETE FROM sessions WHERE issuer = $1 AND subject = $2 RETURNING *")
                    .bind(issuer)
                    .bind(subject)
            }
            WhichSessions::OfProviderSession { issuer, provider_session } => {
                sqlx::query("DELETE FROM sessions WHERE issuer = $1 AND provider_session = $2 RETURNING *")
                    .bind(issuer)
                    .bind(provider_session)
            }
        };
        let mut transaction = self.database.begin().await?;
        let rows = statement.fetch_all(&mut transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        rows.iter().map(session).collect()
    }

    async fn list(&self, query: &SessionQuery, now: OffsetDateTime) -> Result<Page<Session>, StoreError> {
        let (kind, id) = query.of.as_ref().map(|of| (of.kind_name(), of.id())).unzip();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let read = || async {
            let mut connection = self.database.connection().await?;
            let total: i64 = sqlx::query_scalar(concat!("SELECT count(*) FROM sessions ", listed!()))
                .bind(to_microsecond(now))
                .bind(kind)
                .bind(id)
                .fetch_one(&mut connection)
                .await
                .map_err(failed)?;
            let rows = sqlx::query(concat!(
                "SELECT * FROM sessions ",
                listed!(),
                " ORDER BY created_at DESC, id OFFSET $4 LIMIT $5"
            ))
            .bind(to_microsecond(now))
            .bind(kind)
            .bind(id)
            .bind(count(query.page.offset))
            .bind(count(query.page.limit))
            .fetch_all(&mut connection)
            .await
            .map_err(failed)?;
            Ok((total, rows))
        };
        let (total, rows) = self.database.repeatable(read).await?;
        let items = rows.iter().map(session).collect::<Result<_, _>>()?;
        Ok(Page { items, total: usize::try_from(total).unwrap_or_default() })
    }

    async fn use_once(&self, key: [u8; 32], until: OffsetDateTime) -> Result<bool, StoreError> {
        let statement =
            sqlx::query("INSERT INTO used_keys (key, expires_at) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING");
        Ok(self.write(statement.bind(key.as_slice()).bind(to_microsecond(until))).await? == 1)
    }

    async fn note_familiar(&self, pair: &FamiliarPair, until: OffsetDateTime) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO familiar_sign_ins (pair, expires_at) VALUES ($1, $2) \
             ON CONFLICT (pair) DO UPDATE SET expires_at = GREATEST(familiar_sign_ins.expires_at, excluded.expires_at)",
        );
        self.write(statement.bind(pair.as_slice()).bind(to_microsecond(until))).await.map(drop)
    }

    async fn familiar(
        &self,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<(FamiliarPair, OffsetDateTime)>, StoreError> {
        const SQL: &str = "SELECT pair, expires_at FROM familiar_sign_ins WHERE expires_at > $1 ORDER BY expires_at DESC, pair LIMIT $2";
        let query = sqlx::query(SQL).bind(to_microsecond(now)).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = query.fetch_all(&mut self.database.connection().await?).await.map_err(failed)?;
        let wrong = |_| StoreError::unreadable("familiar_sign_ins", "?", "pair is not 32 bytes");
        rows.iter()
            .map(|row| {
                let pair = row.try_get::<&[u8], _>("pair").map_err(failed)?;
                Ok((FamiliarPair::try_from(pair).map_err(wrong)?, row.try_get("expires_at").map_err(failed)?))
            })
            .collect()
    }

    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        self.write(sqlx::query("DELETE FROM familiar_sign_ins WHERE expires_at <= $1").bind(to_microsecond(now)))
            .await?;
        self.write(sqlx::query("DELETE FROM used_keys WHERE expires_at <= $1").bind(to_microsecond(now))).await?;
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
        .bind(session.subject.as_deref())
        .bind(session.provider_session.as_deref())
        .bind(session.credential.as_ref().map(<[u8; 32]>::as_slice))
        .bind(session.user_agent.as_deref())
        .bind(to_microsecond(session.created_at))
        .bind(to_microsecond(session.last_active_at))
        .bind(to_microsecond(session.expires_at))
        .bind(session.sealed.as_slice())
        .bind(session.id.0.as_slice())
        .bind(session.version.cast_signed())
}

fn session(row: &PgRow) -> Result<Session, StoreError> {
    let digest = |column: &str| {
        let bytes = row.try_get::<Option<&[u8]>, _>(column).map_err(failed)?;
        let wrong = |_| StoreError::unreadable("sessions", "?", format_args!("{column} is not 32 bytes"));
        bytes.map(|bytes| <[u8; 32]>::try_from(bytes).map_err(wrong)).transpose()
    };
    let id = digest("id")?.map(SessionIdHash).ok_or_else(|| StoreError::unreadable("sessions", "?", "no id"))?;
    let text = |column: &str| row.try_get::<&str, _>(column).map_err(failed);
    let optional = |column: &str| row.try_get::<Option<String>, _>(column).map_err(failed);
    let at = |column: &str| row.try_get(column).map_err(failed);
    Ok(Session {
        id,
        principal: Principal::parse(text("principal_type")?, text("principal_id")?)
            .map_err(|error| StoreError::unreadable("sessions", format_args!("{id:?}"), error))?,
        issuer: optional("issuer")?,
        subject: optional("subject")?,
        provider_session: optional("provider_session")?,
        credential: digest("credential")?,
        user_agent: optional("user_agent")?,
        created_at: at("created_at")?,
        last_active_at: at("last_active_at")?,
        expires_at: at("expires_at")?,
        sealed: row.try_get("sealed").map_err(failed)?,
        version: row.try_get::<i64, _>("version").map_err(failed)?.cast_unsigned(),
    })
}
