use identity_core::entity::{Actor, Deletable, Deletion};
use identity_core::value::{storable, time_text};
use serde_json::{Value, json};

use super::{JsonRow, Stored};
use crate::row::{Row, RowError};
use crate::table::Table;

impl Stored for Deletion {
    const TABLE: Table = Table {
        name: "directory_deletions",
        key: &["deletion_id"],
        columns: &["party_type", "party_id", "directory_key", "actor_type", "actor_id", "request_id", "attempted_at"],
    };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        Ok(Self {
            id: row.text("deletion_id")?.to_owned(),
            of: Deletable::parse(row.text("party_type")?, row.text("party_id")?, row.text("directory_key")?)?,
            actor: Actor::parse(row.text("actor_type")?, row.optional_text("actor_id")?)?,
            request_id: row.optional_text("request_id")?.map(str::to_owned),
            at: row.time("attempted_at")?,
        })
    }
}

impl JsonRow for Deletion {
    fn to_row(&self) -> Value {
        let Self { id, of, actor, request_id, at } = self;
        let party = of.party();
        json!({
            "deletion_id": id,
            "party_type": party.kind_name(),
            "party_id": party.id(),
            "directory_key": of.key(),
            "actor_type": actor.kind_name(),
            "actor_id": actor.id(),
            "request_id": request_id.as_deref().map(storable),
            "attempted_at": time_text(*at),
        })
    }
}
