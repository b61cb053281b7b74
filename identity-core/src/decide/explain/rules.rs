//! Mapping rules that almost match the claims of a token, and their differences.

use serde::Serialize;
use serde_json::Value;

use crate::entity::{MappingRule, Operator};

/// Difference between a mapping rule and a token that was probably intended to match it. Contains no claim values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "mismatch", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Mismatch {
    /// The claim differs from the expected value only in case or surrounding white space.
    Case,
    /// The claim contains the expected value in another form: after a path, or as a word of a longer text.
    Form,
    /// The claim equals the expected value but is a scalar, and the operator of the rule requires a list.
    Operator,
    /// Another claim has the expected value, possibly in another case.
    Claim {
        /// Location of the value, as a JSONPath (RFC 9535).
        found_at: String,
    },
}

/// Maximum number of JSON values of a token that are searched for the expected value.
const SCAN_LIMIT: usize = 1000;

/// Returns the difference between the claims and the rule if they almost match, and `None` otherwise.
pub(super) fn mismatch(rule: &MappingRule, claims: &Value) -> Option<Mismatch> {
    let wanted = rule.value.as_str();
    let mut here = Vec::new();
    for (node, _) in rule.selector.select(claims).ok()? {
        texts(node, &mut here);
    }
    let is = |test: &dyn Fn(&str) -> bool| here.iter().any(|text| test(text));
    if rule.operator == Operator::Contains && is(&|text| text == wanted) {
        return Some(Mismatch::Operator);
    }
    if is(&|text| same_but_for_case(text, wanted)) {
        return Some(Mismatch::Case);
    }
    if is(&|text| same_but_for_form(text, wanted)) {
        return Some(Mismatch::Form);
    }
    let mut budget = SCAN_LIMIT;
    let elsewhere = |test: &dyn Fn(&str) -> bool, budget: &mut usize| place(claims, "$".to_owned(), test, budget);
    let found = elsewhere(&|text| text == wanted, &mut budget);
    let found = found.or_else(|| elsewhere(&|text| same_but_for_case(text, wanted), &mut budget));
    found.map(|found_at| Mismatch::Claim { found_at })
}

fn same_but_for_case(text: &str, wanted: &str) -> bool {
    text != wanted && text.trim().to_lowercase() == wanted.trim().to_lowercase()
}

/// Returns whether two texts have the same last path segment, ignoring case, or whether `text` is a list in one string
/// that contains `wanted`.
fn same_but_for_form(text: &str, wanted: &str) -> bool {
    let last = |text: &str| text.rsplit(['/', ':', '\\']).next().unwrap_or(text).to_lowercase();
    let words = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|');
    !last(wanted).is_empty() && last(text) == last(wanted) || text.split(words).any(|word| word == wanted)
}

/// Collects the text of a scalar, or the texts of the scalars in a list. Null and objects have no text.
fn texts(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::Array(items) => items.iter().filter_map(text).for_each(|text| found.push(text)),
        one => found.extend(text(one)),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the JSONPath of the first scalar that satisfies `fits`. For an element of a list, returns the path of the
/// list. Returns `None` if no scalar fits, or if the budget is exhausted first.
fn place(node: &Value, path: String, fits: &dyn Fn(&str) -> bool, budget: &mut usize) -> Option<String> {
    *budget = budget.checked_sub(1)?;
    match node {
        Value::Object(members) => members.iter().find_map(|(name, child)| {
            let step = if name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                format!("{path}.{name}")
            } else {
                format!("{path}['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
            };
            place(child, step, fits, budget)
        }),
        Value::Array(items) => {
            let here = items.iter().filter_map(text).any(|text| fits(&text));
            if here {
                return Some(path);
            }
            let nested = items.iter().enumerate().filter(|(_, item)| item.is_array() || item.is_object());
            nested.into_iter().find_map(|(index, item)| place(item, format!("{path}[{index}]"), fits, budget))
        }
        scalar => text(scalar).filter(|text| fits(text)).map(|_| path),
    }
}
