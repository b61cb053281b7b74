//! Rules that almost match a token's claims, and in what they differ.

use serde::Serialize;
use serde_json::Value;

use crate::entity::{MappingRule, Operator};

/// In what a rule differs from a token that was meant to match it. Holds no value of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "mismatch", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mismatch {
    /// The value is there in another case, or with white space around it.
    Case,
    /// The value is there in another form: with a path before it, or as a word of a text.
    Form,
    /// The value is there, and is no list, which the rule's operator wants.
    Operator,
    /// The value is in another claim.
    Claim {
        /// Where it is, as a JSONPath (RFC 9535).
        found_at: String,
    },
}

/// The most nodes of a token that are looked at.
const LOOK: usize = 1000;

/// In what the claims miss the rule, if they almost match it.
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
    let mut budget = LOOK;
    let elsewhere = |test: &dyn Fn(&str) -> bool, budget: &mut usize| place(claims, "$".to_owned(), test, budget);
    let found = elsewhere(&|text| text == wanted, &mut budget);
    let found = found.or_else(|| elsewhere(&|text| same_but_for_case(text, wanted), &mut budget));
    found.map(|found_at| Mismatch::Claim { found_at })
}

fn same_but_for_case(text: &str, wanted: &str) -> bool {
    text != wanted && text.trim().to_lowercase() == wanted.trim().to_lowercase()
}

/// Paths of groups, and lists in one text.
fn same_but_for_form(text: &str, wanted: &str) -> bool {
    let last = |text: &str| text.rsplit(['/', ':', '\\']).next().unwrap_or(text).to_lowercase();
    let words = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|');
    !last(wanted).is_empty() && last(text) == last(wanted) || text.split(words).any(|word| word == wanted)
}

/// The texts of a scalar, or of a list's scalars.
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

/// Where a scalar is that fits, the list rather than its element.
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
