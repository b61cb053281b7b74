use identity_core::entity::{MappingRule, Operator, RuleKind};
use identity_core::value::{ClaimSelector, ClaimValue, Issuer, MappingRuleId, Name};
use serde_json::{Value, json};

use super::{JsonRow, Stored};
use crate::row::{Row, RowError};
use crate::table::Table;

impl Stored for MappingRule {
    const TABLE: Table = Table {
        name: "mapping_rules",
        key: &["mapping_rule_id"],
        columns: &["name", "claim_name", "operator", "claim_value", "kind", "issuer"],
    };

    /// A claim name that is no longer valid yields a disabled selector ([`ClaimSelector::stored`]), not an error.
    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        Ok(Self {
            id: MappingRuleId::parse(row.text("mapping_rule_id")?)?,
            name: Name::parse(row.text("name")?)?,
            selector: ClaimSelector::stored(row.text("claim_name")?),
            operator: Operator::parse(row.text("operator")?).ok_or_else(|| RowError::unknown("operator"))?,
            value: ClaimValue::parse(row.text("claim_value")?)?,
            kind: RuleKind::parse(row.text("kind")?).ok_or_else(|| RowError::unknown("kind"))?,
            issuer: row.optional_text("issuer")?.map(Issuer::parse).transpose()?,
        })
    }
}

impl JsonRow for MappingRule {
    fn to_row(&self) -> Value {
        let Self { id, name, selector, operator, value, kind, issuer } = self;
        json!({
            "mapping_rule_id": id,
            "name": name,
            "claim_name": selector,
            "operator": operator.as_str(),
            "claim_value": value,
            "kind": kind.as_str(),
            "issuer": issuer,
        })
    }
}
