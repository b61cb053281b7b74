//! Browser sessions.

use std::sync::Arc;

use async_trait::async_trait;
use identity_core::entity::{Principal, Session, SessionIdHash, WhichSessions};
use identity_core::port::{FamiliarPair, SessionQuery, SessionStore, StoreError};
use identity_core::search::Page;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, Sqlite};
use time::OffsetDateTime;

use crate::database::Database;
use crate::error::failed;
use crate::timestamp::{parse, to_text};

/// Which sessions a list has: `?1` is now, `?2` and `?3` are whose, or null.
macro_rules! listed {
    () => {
        "WHERE expires_at > ?1 AND (?2 IS NULL OR (principal_type = ?2 AND principal_id = ?3))"
    };
}

/// [`SessionStore`] on SQLite.
#[derive(Debug)]
pub struct SqliteSessionStore {
    database: Arc<Database>,
}

impl SqliteSessionStore {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// Runs one writing statement; says how many rows it touched.
    async fn write(&self, statement: Query<'_, Sqlite, SqliteArguments>) -> Result<u64, StoreError> {
        let mut transaction = self.database.write().await?;
        let touched = statement.execute(&mut transaction).await.map_err(failed)?.rows_affected();
        transaction.commit().await.map_err(failed)?;
        Ok(touched)
    }
}

#[async_trait]
impl SessionStore for SqliteSessionStore {
    async fn insert(&self, session: &Session) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO sessions (principal_type, principal_id, issuer, subject, provider_session, credential, user_agent, \
             created_at, last_active_at, expires_at, sealed, id, version) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        );
        self.write(bind(statement, session)).await.map(drop)
    }

    async fn find(&self, id: SessionIdHash, now: OffsetDateTime) -> Result<Option<Session>, StoreError> {
        sqlx::query("SELECT * FROM sessions WHERE id = ? AND expires_at > ?")
            .bind(id.0.as_slice())
            .bind(to_text(now))
            .fetch_optional(&mut self.database.reader().await?)
            .await
            .map_err(failed)?
            .as_ref()
            .map(session)
            .transpose()
    }

    async fn update(&self, session: &Session) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE sessions SET principal_type = ?, principal_id = ?, issuer = ?, subject = ?, provider_session = ?, \
             credential = ?, user_agent = ?, created_at = ?, last_active_at = ?, expires_at = ?, \
             sealed = ?, version = version + 1 WHERE id = ? AND version = ?",
        );
        one(self.write(bind(statement, session)).await?)
    }

    async fn rotate(&self, old: SessionIdHash, new: SessionIdHash) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE sessions SET id = ? WHERE id = ?");
        one(self.write(statement.bind(new.0.as_slice()).bind(old.0.as_slice())).await?)
    }

    async fn delete(&self, which: &WhichSessions) -> Result<Vec<Session>, StoreError> {
        let statement = match which {
            WhichSessions::One(id) => {
                sqlx::query("DELETE FROM sessions WHERE id = ? RETURNING *").bind(id.0.as_slice())
            }
            WhichSessions::Of(principal) => {
                sqlx::query("DELETE FROM sessions WHERE principal_type = ? AND principal_id = ? RETURNING *")
                    .bind(principal.kind_name())
                    .bind(principal.id())
            }
            WhichSessions::OfSubject { issuer, subject } => {
                sqlx::query("DELETE FROM sessions WHERE issuer = ? AND subject = ? RETURNING *")
                    .bind(issuer)
                    .bind(subject)
            }
            WhichSessions::OfProviderSession { issuer, provider_session } => {
                sqlx::query("DELETE FROM sessions WHERE issuer = ? AND provider_session = ? RETURNING *")
                    .bind(issuer)
                    .bind(provider_session)
            }
        };
        let mut transaction = self.database.write().await?;
        let rows = statement.fetch_all(&mut transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        rows.iter().map(session).collect()
    }

    async fn list(&self, query: &SessionQuery, now: OffsetDateTime) -> Result<Page<Session>, StoreError> {
        let (kind, id) = query.of.as_ref().map(|of| (of.kind_name(), of.id())).unzip();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let mut snapshot = self.database.snapshot().await?;
        let total: i64 = sqlx::query_scalar(concat!("SELECT count(*) FROM sessions ", listed!()))
            .bind(to_text(now))
            .bind(kind)
            .bind(id)
            .fetch_one(&mut snapshot)
            .await
            .map_err(failed)?;
        let rows = sqlx::query(concat!(
            "SELECT * FROM sessions ",
            listed!(),
            " ORDER BY created_at DESC, id LIMIT ?5 OFFSET ?4"
        ))
        .bind(to_text(now))
        .bind(kind)
        .bind(id)
        .bind(count(query.page.offset))
        .bind(count(query.page.limit))
        .fetch_all(&mut snapshot)
        .await
        .map_err(failed)?;
        let items = rows.iter().map(session).collect::<Result<_, _>>()?;
        Ok(Page { items, total: usize::try_from(total).unwrap_or_default() })
    }

    async fn use_once(&self, key: [u8; 32], until: OffsetDateTime) -> Result<bool, StoreError> {
        let statement =
            sqlx::query("INSERT INTO used_keys (key, expires_at) VALUES (?, ?) ON CONFLICT (key) DO NOTHING");
        Ok(self.write(statement.bind(key.as_slice()).bind(to_text(until))).await? == 1)
    }

    async fn note_familiar(&self, pair: &FamiliarPair, until: OffsetDateTime) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO familiar_sign_ins (pair, expires_at) VALUES (?, ?) \
             ON CONFLICT (pair) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)",
        );
        self.write(statement.bind(pair.as_slice()).bind(to_text(until))).await.map(drop)
    }

    async fn familiar(
        &self,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<(FamiliarPair, OffsetDateTime)>, StoreError> {
        const SQL: &str = "SELECT pair, expires_at FROM familiar_sign_ins WHERE expires_at > ? ORDER BY expires_at DESC, pair LIMIT ?";
        let query = sqlx::query(SQL).bind(to_text(now)).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = query.fetch_all(&mut self.database.reader().await?).await.map_err(failed)?;
        let wrong = |_| StoreError::unreadable("familiar_sign_ins", "?", "pair is not 32 bytes");
        rows.iter()
            .map(|row| {
                let pair = row.try_get::<&[u8], _>("pair").map_err(failed)?;
                Ok((
                    FamiliarPair::try_from(pair).map_err(wrong)?,
                    parse("familiar_sign_ins", "?", row.try_get("expires_at").map_err(failed)?)?,
                ))
            })
            .collect()
    }

    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        self.write(sqlx::query("DELETE FROM familiar_sign_ins WHERE expires_at <= ?").bind(to_text(now))).await?;
        self.write(sqlx::query("DELETE FROM used_keys WHERE expires_at <= ?").bind(to_text(now))).await?;
        self.write(sqlx::query("DELETE FROM sessions WHERE expires_at <= ?").bind(to_text(now))).await
    }
}

fn one(touched: u64) -> Result<(), StoreError> {
    if touched == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// In the order that `insert` and `update` share.
fn bind<'q>(statement: Query<'q, Sqlite, SqliteArguments>, session: &'q Session) -> Query<'q, Sqlite, SqliteArguments> {
    statement
        .bind(session.principal.kind_name())
        .bind(session.principal.id())
        .bind(session.issuer.as_deref())
        .bind(session.subject.as_deref())
        .bind(session.provider_session.as_deref())
        .bind(session.credential.as_ref().map(<[u8; 32]>::as_slice))
        .bind(session.user_agent.as_deref())
        .bind(to_text(session.created_at))
        .bind(to_text(session.last_active_at))
        .bind(to_text(session.expires_at))
        .bind(session.sealed.as_slice())
        .bind(session.id.0.as_slice())
        .bind(session.version.cast_signed())
}

fn session(row: &SqliteRow) -> Result<Session, StoreError> {
    let digest = |column: &str| {
        let bytes = row.try_get::<Option<&[u8]>, _>(column).map_err(failed)?;
        let wrong = |_| StoreError::unreadable("sessions", "?", format_args!("{column} is not 32 bytes"));
        bytes.map(|bytes| <[u8; 32]>::try_from(bytes).map_err(wrong)).transpose()
    };
    let id = digest("id")?.map(SessionIdHash).ok_or_else(|| StoreError::unreadable("sessions", "?", "no id"))?;
    let text = |column: &str| row.try_get::<&str, _>(column).map_err(failed);
    let optional = |column: &str| row.try_get::<Option<String>, _>(column).map_err(failed);
    let at = |column: &str| parse("sessions", format_args!("{id:?}"), text(column)?);
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
