//! Statements that read and write the policy data. Each one processes many rows of one table.

mod load;
mod net;
mod packed;

use identity_core::entity::Membership;
use identity_core::world::Change;
use serde_json::{Value, json};
use sqlx::SqlStr;

pub use self::load::{Pages, load};
use self::net::{Net, NetRows};
use crate::entity::JsonRow;
use crate::table::JsonRows;

/// Maximum number of rows per statement. It bounds the memory of client and server.
const BATCH: usize = 10_000;

/// Statement that writes or deletes rows of one table.
#[derive(Clone, Debug)]
pub struct Write {
    /// Statement text. Parameter 1 is the rows.
    pub sql: SqlStr,
    /// Rows as a JSON array, with one object per row.
    pub rows: String,
}

/// Returns the statements that store the net effect of `changes`.
pub fn writes(changes: &[Change], rows: JsonRows) -> impl Iterator<Item = Write> + Send {
    let Net { users, groups, roles, tenants, mapping_rules, memberships, authorizations, custom_types } =
        Net::of(changes);
    table(custom_types, |id| json!({"resource_type": id}), rows)
        .chain(table(users, |id| json!({"username": id}), rows))
        .chain(table(groups, |id| json!({"group_id": id}), rows))
        .chain(table(roles, |id| json!({"role_id": id}), rows))
        .chain(table(tenants, |id| json!({"tenant_id": id}), rows))
        .chain(table(mapping_rules, |id| json!({"mapping_rule_id": id}), rows))
        .chain(table(memberships, Membership::to_row, rows))
        .chain(table(authorizations, |key| json!({"authorization_key": key.0.cast_signed()}), rows))
}

/// Returns the statements for one table and its list table ([`JsonRow::LIST`]). The list rows of a changed entity are
/// deleted and inserted again.
fn table<'c, K: Copy + Send + 'c, E: JsonRow + Sync>(
    net: NetRows<'c, K, E>,
    key: fn(K) -> Value,
    rows: JsonRows,
) -> impl Iterator<Item = Write> + Send + use<'c, K, E> {
    let gone: Vec<K> = net.iter().filter(|(_, entity)| entity.is_none()).map(|(key, _)| *key).collect();
    let (keys, put): (Vec<K>, Vec<&E>) = net.into_iter().filter_map(|(key, entity)| Some((key, entity?))).unzip();
    let lists = E::LIST.into_iter().flat_map({
        let put = put.clone();
        move |list| {
            let emptied = batches(list.delete(rows), keys.clone().into_iter().map(key));
            emptied.chain(batches(list.insert(rows), put.clone().into_iter().flat_map(E::to_list)))
        }
    });
    batches(E::TABLE.delete(rows), gone.into_iter().map(key))
        .chain(batches(E::TABLE.put(rows), put.into_iter().map(E::to_row)))
        .chain(lists)
}

/// Splits rows into batches of at most [`BATCH`] and returns one statement per batch. Without rows, returns no
/// statement.
fn batches(sql: SqlStr, mut rows: impl Iterator<Item = Value> + Send) -> impl Iterator<Item = Write> + Send {
    std::iter::from_fn(move || {
        let batch: Vec<Value> = rows.by_ref().take(BATCH).collect();
        let rows = (!batch.is_empty()).then(|| Value::Array(batch).to_string())?;
        Some(Write { sql: sql.clone(), rows })
    })
}
