//! Parses the conditions of authorizations (attribute-based rules) in request bodies.

use identity_core::entity::{Comparison, Condition, PropertyPath};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::findings::Findings;

/// A comparison of a property with a value, a list of values or another property.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Comparison)]
pub(crate) struct ComparisonBody {
    /// Property name, prefixed with `subject.`, `resource.` or `action.`.
    #[schema(example = "resource.owner")]
    property: String,
    operator: ComparisonOperator,
    /// For `EQUAL` and `NOT_EQUAL`: a string, number or boolean.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    /// For `IN`: strings, numbers and booleans.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Value>>,
    /// For `EQUAL`, `NOT_EQUAL` and `IN`: another property to compare with, instead of a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
}

/// Comparison operator. A missing property never satisfies a comparison.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ComparisonOperator {
    Equal,
    NotEqual,
    In,
    ContainsCaller,
    ContainsCallersGroup,
}

/// Name of the member that contains a condition, for error messages.
const FIELD: &str = "condition";

/// Parses the member `condition` of an authorization; an absent member yields `Some(None)`. Returns `None` if it is
/// invalid, and adds the violated rules to `findings`.
#[expect(clippy::option_option, reason = "a condition is optional, and may be invalid")]
pub(crate) fn condition(body: Option<&[ComparisonBody]>, findings: &mut Findings) -> Option<Option<Condition>> {
    let Some(body) = body else { return Some(None) };
    let parsed: Vec<Option<Comparison>> = findings.within(FIELD, |findings| {
        let items = body.iter().enumerate();
        items.map(|(index, item)| findings.within(&index.to_string(), |at| item.parse(at))).collect()
    });
    let comparisons = parsed.into_iter().collect::<Option<Vec<_>>>()?;
    findings.take(FIELD, Condition::new(comparisons)).map(Some)
}

impl ComparisonBody {
    fn parse(&self, findings: &mut Findings) -> Option<Comparison> {
        let property = findings.within("property", |at| at.here(FIELD, PropertyPath::parse(&self.property)));
        let other = self.other.as_ref().map(|path| PropertyPath::parse(path));
        let other = other.map(|path| findings.within("other", |at| at.here(FIELD, path)));
        if property.is_none() || other.is_some_and(|other| other.is_none()) {
            return None;
        }
        // The model validates which members are allowed for each operator.
        let comparison = serde_json::to_value(self).and_then(serde_json::from_value::<Comparison>);
        let rule = |error: serde_json::Error| {
            let text = error.to_string();
            text.strip_prefix("condition ").unwrap_or(&text).into()
        };
        comparison.map_err(|error| findings.refuse(FIELD, rule(error))).ok()
    }
}
