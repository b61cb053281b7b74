//! Evaluates the conditions of authorizations on properties of the caller, the resource and the action.

use serde_json::Value;

use super::{Target, property};
use crate::entity::{Comparison, Condition, Operand, PropertyOf, PropertyPath, Test};
use crate::resolve::Subject;

/// Returns whether all comparisons of a condition hold. A comparison with a missing property never holds, not even an
/// inequality.
pub(super) fn hold(condition: &Condition, subject: &Subject, target: Target<'_>) -> bool {
    condition.comparisons().iter().all(|comparison| holds(comparison, subject, target))
}

/// Returns the comparisons of a condition that do not hold, in the order of the condition.
pub(super) fn failing<'c>(
    condition: &'c Condition,
    subject: &Subject,
    target: Target<'_>,
) -> impl Iterator<Item = &'c Comparison> {
    condition.comparisons().iter().filter(move |comparison| !holds(comparison, subject, target))
}

/// Returns whether a condition would hold if properties of the caller that are missing had suitable values.
pub(super) fn could_hold(condition: &Condition, subject: &Subject, target: Target<'_>) -> bool {
    let is_missing = |path: &PropertyPath| {
        path.of == PropertyOf::Subject && target.facts().is_some_and(|facts| facts.get(path).is_none())
    };
    failing(condition, subject, target).all(|comparison| comparison.properties().any(is_missing))
}

fn holds(comparison: &Comparison, subject: &Subject, target: Target<'_>) -> bool {
    let Some(facts) = target.facts() else { return false };
    let Some(value) = facts.get(&comparison.property) else { return false };
    let operand = |operand: &Operand, test: &dyn Fn(&Value) -> bool| match operand {
        Operand::Value(other) => test(other.as_value()),
        Operand::Property(path) => facts.get(path).is_some_and(test),
    };
    match &comparison.test {
        Test::Equal(other) => operand(other, &|other| same(value, other) == Some(true)),
        Test::NotEqual(other) => operand(other, &|other| same(value, other) == Some(false)),
        Test::In(values) => values.iter().any(|other| same(value, other.as_value()) == Some(true)),
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

/// Returns whether two strings, numbers or booleans are equal, or `None` if a value has another type. Numbers are
/// compared as `f64` if one of them is a float.
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
