//! Browser sessions on PostgreSQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use identity_adapters_sql::entity::{FamiliarSignIn, Stored as _, read, read_all};
use identity_adapters_sql::sessions;
use identity_core::entity::{LastSignIn, Principal, Session, SessionIdHash, WhichSessions};
use identity_core::port::{FamiliarPair, SessionQuery, SessionStore, StoreError};
use identity_core::search::Page;
use identity_core::value::to_microsecond;
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use time::OffsetDateTime;

use crate::database::Database;
use crate::error::failed;

/// [`SessionStore`] on PostgreSQL. Session ids are stored as hashes.
#[derive(Debug)]
pub struct PostgresSessionStore {
    database: Arc<Database>,
}

impl PostgresSessionStore {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// Runs one write statement in a transaction and returns the number of affected rows.
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
        let statement = sqlx::query(Session::TABLE.insert_one());
        self.write(bind(statement, session)).await.map(drop)
    }

    async fn find(&self, id: SessionIdHash, now: OffsetDateTime) -> Result<Option<Session>, StoreError> {
        let find = || async {
            sqlx::query(Session::TABLE.select("WHERE id = $1 AND expires_at > $2"))
                .bind(id.0.as_slice())
                .bind(to_microsecond(now))
                .fetch_optional(&mut self.database.connection().await?)
                .await
                .map_err(failed)
        };
        self.database.repeatable(find).await?.as_ref().map(read).transpose()
    }

    async fn update(&self, session: &Session) -> Result<(), StoreError> {
        let statement = sqlx::query(sessions::update());
        one(self.write(bind(statement, session)).await?)
    }

    async fn rotate(&self, old: SessionIdHash, new: SessionIdHash) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE sessions SET id = $1 WHERE id = $2");
        one(self.write(statement.bind(new.0.as_slice()).bind(old.0.as_slice())).await?)
    }

    async fn delete(&self, which: &WhichSessions) -> Result<Vec<Session>, StoreError> {
        let statement = match which {
            WhichSessions::One(id) => sqlx::query(Session::TABLE.take("WHERE id = $1")).bind(id.0.as_slice()),
            WhichSessions::Of(principal) => {
                sqlx::query(Session::TABLE.take("WHERE principal_type = $1 AND principal_id = $2"))
                    .bind(principal.kind_name())
                    .bind(principal.id())
            }
            WhichSessions::OfSubject { issuer, subject } => {
                sqlx::query(Session::TABLE.take("WHERE issuer = $1 AND subject = $2")).bind(issuer).bind(subject)
            }
            WhichSessions::OfProviderSession { issuer, provider_session } => {
                sqlx::query(Session::TABLE.take("WHERE issuer = $1 AND provider_session = $2"))
                    .bind(issuer)
                    .bind(provider_session)
            }
        };
        let mut transaction = self.database.begin().await?;
        let rows = statement.fetch_all(&mut transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        read_all(&rows)
    }

    async fn list(&self, query: &SessionQuery, now: OffsetDateTime) -> Result<Page<Session>, StoreError> {
        let (kind, id) = query.of.as_ref().map(|of| (of.kind_name(), of.id())).unzip();
        let sought = query.search.as_deref().map(sessions::containing);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let list = || async {
            let mut connection = self.database.connection().await?;
            let total: i64 = sqlx::query_scalar(sessions::count())
                .bind(to_microsecond(now))
                .bind(kind)
                .bind(id)
                .bind(&sought)
                .fetch_one(&mut connection)
                .await
                .map_err(failed)?;
            let rows = sqlx::query(sessions::page())
                .bind(to_microsecond(now))
                .bind(kind)
                .bind(id)
                .bind(&sought)
                .bind(count(query.page.offset))
                .bind(count(query.page.limit))
                .fetch_all(&mut connection)
                .await
                .map_err(failed)?;
            Ok((total, rows))
        };
        let (total, rows) = self.database.repeatable(list).await?;
        Ok(Page { items: read_all(&rows)?, total: usize::try_from(total).unwrap_or_default() })
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
        let sql = FamiliarSignIn::TABLE.select("WHERE expires_at > $1 ORDER BY expires_at DESC, pair LIMIT $2");
        let query = sqlx::query(sql).bind(to_microsecond(now)).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = query.fetch_all(&mut self.database.connection().await?).await.map_err(failed)?;
        rows.iter().map(|row| read(row).map(|FamiliarSignIn(pair, until)| (pair, until))).collect()
    }

    async fn note_sign_ins(&self, sign_ins: &[LastSignIn]) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        // Concurrent transactions lock the rows in the same order.
        let sorted: BTreeMap<_, _> = sign_ins.iter().map(|sign_in| (&sign_in.principal, sign_in)).collect();
        for (principal, sign_in) in sorted {
            let statement = sqlx::query(sessions::note_sign_in())
                .bind(principal.kind_name())
                .bind(principal.id())
                .bind(to_microsecond(sign_in.at))
                .bind(to_microsecond(sign_in.expires_at))
                .bind(sign_in.sealed.as_slice());
            statement.execute(&mut transaction).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn last_sign_in(&self, principal: &Principal, now: OffsetDateTime) -> Result<Option<LastSignIn>, StoreError> {
        let find = || async {
            sqlx::query(LastSignIn::TABLE.select("WHERE principal_type = $1 AND principal_id = $2 AND expires_at > $3"))
                .bind(principal.kind_name())
                .bind(principal.id())
                .bind(to_microsecond(now))
                .fetch_optional(&mut self.database.connection().await?)
                .await
                .map_err(failed)
        };
        self.database.repeatable(find).await?.as_ref().map(read).transpose()
    }

    async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        self.write(sqlx::query("DELETE FROM familiar_sign_ins WHERE expires_at <= $1").bind(to_microsecond(now)))
            .await?;
        self.write(sqlx::query("DELETE FROM used_keys WHERE expires_at <= $1").bind(to_microsecond(now))).await?;
        self.write(sqlx::query("DELETE FROM last_sign_ins WHERE expires_at <= $1").bind(to_microsecond(now))).await?;
        self.write(sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(to_microsecond(now))).await
    }
}

fn one(touched: u64) -> Result<(), StoreError> {
    if touched == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Binds the values of a session in the order of the columns of its table.
fn bind<'q>(statement: Query<'q, Postgres, PgArguments>, session: &'q Session) -> Query<'q, Postgres, PgArguments> {
    statement
        .bind(session.id.0.as_slice())
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
        .bind(session.version.cast_signed())
}
