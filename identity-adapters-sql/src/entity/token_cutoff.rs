use identity_core::entity::Principal;
use identity_core::port::TokenCutoff;

use super::Stored;
use crate::row::{Row, RowError};
use crate::table::Table;

impl Stored for TokenCutoff {
    const TABLE: Table = Table {
        name: "token_cutoffs",
        key: &["principal_type", "principal_id"],
        columns: &["not_before", "expires_at"],
    };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        Ok(Self {
            principal: Principal::parse(row.text("principal_type")?, row.text("principal_id")?)?,
            not_before: row.time("not_before")?,
            expires_at: row.time("expires_at")?,
        })
    }
}
