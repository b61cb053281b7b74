use identity_core::entity::{Container, Membership, Party};
use serde_json::{Value, json};

use super::{JsonRow, Stored};
use crate::row::{Row, RowError};
use crate::table::Table;

impl Stored for Membership {
    const TABLE: Table = Table {
        name: "memberships",
        key: &["container_type", "container_id", "member_type", "member_id"],
        columns: &[],
    };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        let container = Container::parse(row.text("container_type")?, row.text("container_id")?)?;
        let member = Party::parse(row.text("member_type")?, row.text("member_id")?)?;
        Ok(Self::new(container, member)?)
    }
}

impl JsonRow for Membership {
    fn to_row(&self) -> Value {
        let (container, member) = (self.container(), self.member());
        json!({
            "container_type": container.kind_name(),
            "container_id": container.id(),
            "member_type": member.kind_name(),
            "member_id": member.id(),
        })
    }
}
