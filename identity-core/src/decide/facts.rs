//! What is said about the parties of a question, and whether a condition holds for it.

use serde_json::{Map, Value};

use super::{Target, property};
use crate::entity::{Comparison, Condition, Operand, PropertyOf, PropertyPath, Test};
use crate::resolve::Subject;
use crate::value::Claims;

/// What is said about the parties of a question.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'q> {
    /// The claims of the caller's token. What they say counts for more than what `subject` says.
    pub claims: Option<&'q Claims>,
    /// The caller's properties, as whoever asks has them.
    pub subject: Option<&'q Map<String, Value>>,
    /// The resource's.
    pub resource: Option<&'q Map<String, Value>>,
    /// The action's.
    pub action: Option<&'q Map<String, Value>>,
}

impl<'q> Facts<'q> {
    /// A property; `None` when it is missing or null.
    fn get(&self, path: &PropertyPath) -> Option<&'q Value> {
        let in_map = |map: Option<&'q Map<String, Value>>| map.and_then(|map| map.get(path.name.as_str()));
        let found = match path.of {
            PropertyOf::Subject => {
                let claimed = self.claims.and_then(|claims| claims.as_value().get(path.name.as_str()));
                claimed.or_else(|| in_map(self.subject))
            }
            PropertyOf::Resource => in_map(self.resource),
            PropertyOf::Action => in_map(self.action),
        };
        found.filter(|value| !value.is_null())
    }
}

/// Whether all of a condition holds.
pub(super) fn hold(condition: &Condition, subject: &Subject, target: Target<'_>) -> bool {
    condition.comparisons().iter().all(|comparison| holds(comparison, subject, target))
}

/// What of a condition does not hold.
pub(super) fn failing<'c>(
    condition: &'c Condition,
    subject: &Subject,
    target: Target<'_>,
) -> impl Iterator<Item = &'c Comparison> {
    condition.comparisons().iter().filter(move |comparison| !holds(comparison, subject, target))
}

fn holds(comparison: &Comparison, subject: &Subject, target: Target<'_>) -> bool {
    let Some(facts) = target.facts() else { return false };
    let Some(value) = facts.get(&comparison.property) else { return false };
    let operand = |operand: &Operand, test: &dyn Fn(&Value) -> bool| match operand {
        Operand::Value(other) => test(other),
        Operand::Property(path) => facts.get(path).is_some_and(test),
    };
    match &comparison.test {
        Test::Equal(other) => operand(other, &|other| same(value, other) == Some(true)),
        Test::NotEqual(other) => operand(other, &|other| same(value, other) == Some(false)),
        Test::In(values) => values.iter().any(|other| same(value, other) == Some(true)),
        Test::InProperty(path) => {
            let list = facts.get(path).and_then(Value::as_array);
            list.is_some_and(|list| list.iter().any(|other| same(value, other) == Some(true)))
        }
        Test::ContainsCaller => contains(value, |value| property::is_caller(subject, value)),
        Test::ContainsCallersGroup => contains(value, |value| property::is_callers_group(subject, value)),
    }
}

fn contains(value: &Value, test: impl Fn(&Value) -> bool) -> bool {
    value.as_array().map_or_else(|| test(value), |list| list.iter().any(&test))
}

/// Whether two texts, numbers or booleans are the same; `None` for anything else.
fn same(one: &Value, other: &Value) -> Option<bool> {
    let is_scalar = |value: &Value| matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
    if !is_scalar(one) || !is_scalar(other) {
        return None;
    }
    if let (Value::Number(one), Value::Number(other)) = (one, other)
        && (one.is_f64() || other.is_f64())
    {
        return Some(one.as_f64() == other.as_f64());
    }
    Some(one == other)
}
