//! Loads all policy data in pages.
//!
//! A row of a result costs several times more than its content, because the driver converts and hands over each value.
//! Therefore the database packs each page of entities into one JSON text.

use async_trait::async_trait;
use futures_util::future::join;
use identity_core::entity::{Authorization, CustomType, Group, MappingRule, Membership, Role, Tenant, User};
use identity_core::port::{Loading, StoreError};
use identity_core::value::Revision;
use identity_core::world::Change;
use sqlx::SqlStr;

use super::packed::{Packed, PackedRow};
use crate::change_log::require_format;
use crate::entity::{JsonRow, read};
use crate::row::Row as _;
use crate::table::{Pack, Table};

/// Number of entities per page, which bounds the memory of client and server.
const PAGE: usize = 4096;

/// Source of pages: a connection in a transaction in which all statements see the same commits.
#[async_trait]
pub trait Pages: Send {
    /// Runs a statement with these parameters, and returns the text in its only row. `None` for null.
    async fn page(&mut self, sql: SqlStr, parameters: &[String]) -> Result<Option<String>, StoreError>;
}

/// The single row with the format and the revision of the data.
const NEWEST: Table = Table { name: "policy_revision", key: &["id"], columns: &["format", "revision"] };

/// Loads all policy data and returns its revision. Entities are read before references to them.
///
/// # Errors
/// If a statement fails, the data has a newer format, or a row is not a valid entity.
pub async fn load(from: &mut impl Pages, pack: Pack, into: &mut Loading<'_>) -> Result<Revision, StoreError> {
    let (format, revision) = newest(from, pack).await?;
    require_format(format)?;
    into.restart();
    let kinds = [
        Kind::of::<CustomType>(pack, |row| read(row).map(Change::ResourceTypePut)),
        Kind::of::<User>(pack, |row| read(row).map(Change::UserPut)),
        Kind::of::<Group>(pack, |row| read(row).map(Change::GroupPut)),
        Kind::of::<Role>(pack, |row| read(row).map(Change::RolePut)),
        Kind::of::<Tenant>(pack, |row| read(row).map(Change::TenantPut)),
        Kind::of::<MappingRule>(pack, |row| read(row).map(Change::MappingRulePut)),
        Kind::of::<Membership>(pack, |row| read(row).map(Change::MemberAdded)),
        Kind::of::<Authorization>(pack, |row| read(row).map(Change::AuthorizationPut)),
    ];
    for kind in kinds {
        kind.load(from, into).await?;
    }
    Ok(Revision(revision.cast_unsigned()))
}

/// Reads the format and the revision.
async fn newest(from: &mut impl Pages, pack: Pack) -> Result<(i64, i64), StoreError> {
    let (columns, sql) = NEWEST.page(None, None, 1, pack);
    let text = from.page(sql, &[]).await?.unwrap_or_default();
    let page = Packed::parse(&text, &columns).map_err(|error| unreadable(NEWEST.name, error))?;
    let row = page.rows().next().ok_or_else(|| unreadable(NEWEST.name, "no row".to_owned()))?;
    let integer = |column| row.integer(column).map_err(|error| error.of(&row, &NEWEST));
    Ok((integer("format")?, integer("revision")?))
}

fn unreadable(table: &'static str, reason: String) -> StoreError {
    StoreError::unreadable(table, String::new(), reason)
}

/// The statements that read all entities of one kind, in the order of their keys.
struct Kind {
    table: &'static str,
    columns: Vec<&'static str>,
    /// Number of columns of the key. They precede the other columns.
    key: usize,
    first_page: SqlStr,
    /// The page after a key, whose columns are the parameters.
    next_page: SqlStr,
    change: fn(&PackedRow<'_>) -> Result<Change, StoreError>,
}

impl Kind {
    fn of<E: JsonRow>(pack: Pack, change: fn(&PackedRow<'_>) -> Result<Change, StoreError>) -> Self {
        let (columns, first_page) = E::TABLE.page(E::LIST.as_ref(), None, PAGE, pack);
        let (_, next_page) = E::TABLE.page(E::LIST.as_ref(), Some(E::KEY_TYPE), PAGE, pack);
        Self { table: E::TABLE.name, columns, key: E::TABLE.key.len(), first_page, next_page, change }
    }

    async fn load(&self, from: &mut impl Pages, into: &mut Loading<'_>) -> Result<(), StoreError> {
        let mut next = from.page(self.first_page.clone(), &[]).await?;
        while let Some(text) = next {
            let page = Packed::parse(&text, &self.columns).map_err(|error| unreadable(self.table, error))?;
            let last = page.key_of_last(self.key).filter(|_| page.len() == PAGE);
            let more = async {
                match &last {
                    Some(key) => from.page(self.next_page.clone(), key).await,
                    None => Ok(None),
                }
            };
            let add = async {
                for row in page.rows() {
                    into.add((self.change)(&row)?);
                }
                Ok(())
            };
            // The database reads the next page in the meantime, because its request is sent first.
            let (more, added): (_, Result<(), StoreError>) = join(more, add).await;
            added?;
            next = more?;
        }
        Ok(())
    }
}
