//! Conditions: when an authorization on an operator's type holds.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::value::{BrokenRule, InvalidValue, PropertyName};

const WHAT: &str = "condition";
const MOST_COMPARISONS: usize = 16;
const MOST_VALUES: usize = 100;
const LONGEST_TEXT: usize = 1024;

/// What must hold besides, all of it, for an authorization to grant. A property that is missing or null satisfies no
/// comparison, whatever it compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Comparison>", into = "Vec<Comparison>")]
pub struct Condition(Vec<Comparison>);

/// A property, and what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Comparison {
    /// The property that is looked at.
    pub property: PropertyPath,
    /// What it must be.
    pub test: Test,
}

/// Whose property it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PropertyOf {
    /// The caller's: a claim of their token, or what whoever asks says about them.
    Subject,
    /// The resource's.
    Resource,
    /// The action's.
    Action,
}

names!(PropertyOf { Subject => "subject", Resource => "resource", Action => "action" });

/// A property of somebody's: `resource.owner` on the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PropertyPath {
    /// Whose.
    pub of: PropertyOf,
    /// Which.
    pub name: PropertyName,
}

/// What a property must be. Only texts, numbers and booleans are compared; a list or an object equals nothing, and is
/// unequal to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The same.
    Equal(Operand),
    /// Something else.
    NotEqual(Operand),
    /// One of these.
    In(Vec<Value>),
    /// An element of this list.
    InProperty(PropertyPath),
    /// The caller's username, or a list that holds it. Clients have none.
    ContainsCaller,
    /// The id of one of the caller's groups, or a list that holds one.
    ContainsCallersGroup,
}

/// What a property is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A text, a number or a boolean.
    Value(Value),
    /// Another property.
    Property(PropertyPath),
}

impl Condition {
    /// # Errors
    /// When there is no comparison, or too many.
    pub fn new(comparisons: Vec<Comparison>) -> Result<Self, InvalidValue> {
        if comparisons.is_empty() || comparisons.len() > MOST_COMPARISONS {
            return Err(wrong("1 to 16 comparisons"));
        }
        Ok(Self(comparisons))
    }

    /// The condition of a stored column.
    ///
    /// # Errors
    /// When the text is not a condition.
    pub fn from_column(column: &str) -> Result<Self, InvalidValue> {
        super::json_column(WHAT, column)
    }

    /// The condition as a column.
    #[must_use]
    pub fn column(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is compared.
    #[must_use]
    pub fn comparisons(&self) -> &[Comparison] {
        &self.0
    }

    /// The properties that it looks at.
    pub fn properties(&self) -> impl Iterator<Item = &PropertyPath> {
        self.0.iter().flat_map(|comparison| {
            let other = match &comparison.test {
                Test::Equal(Operand::Property(other)) | Test::NotEqual(Operand::Property(other)) => Some(other),
                Test::InProperty(other) => Some(other),
                _ => None,
            };
            std::iter::once(&comparison.property).chain(other)
        })
    }
}

/// By the text, in which equal ones are equal.
impl Ord for Condition {
    fn cmp(&self, other: &Self) -> Ordering {
        self.column().cmp(&other.column())
    }
}

impl PartialOrd for Condition {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<Vec<Comparison>> for Condition {
    type Error = InvalidValue;
    fn try_from(comparisons: Vec<Comparison>) -> Result<Self, InvalidValue> {
        Self::new(comparisons)
    }
}

impl From<Condition> for Vec<Comparison> {
    fn from(condition: Condition) -> Self {
        condition.0
    }
}

impl PropertyPath {
    /// # Errors
    /// When the text is not `subject.`, `resource.` or `action.` and a property's name.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let (of, name) =
            text.split_once('.').ok_or_else(|| wrong("`subject.`, `resource.` or `action.` and a name"))?;
        let of = PropertyOf::parse(of).ok_or_else(|| wrong("`subject.`, `resource.` or `action.` and a name"))?;
        Ok(Self { of, name: PropertyName::parse(name)? })
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.of.as_str(), self.name)
    }
}

impl TryFrom<String> for PropertyPath {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        Self::parse(&text)
    }
}

impl From<PropertyPath> for String {
    fn from(path: PropertyPath) -> Self {
        path.to_string()
    }
}

/// A comparison on the wire, in the configuration and in the store.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    property: PropertyPath,
    operator: WrittenOperator,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    other: Option<PropertyPath>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum WrittenOperator {
    Equal,
    NotEqual,
    In,
    ContainsCaller,
    ContainsCallersGroup,
}

impl TryFrom<Written> for Comparison {
    type Error = InvalidValue;

    fn try_from(written: Written) -> Result<Self, InvalidValue> {
        use WrittenOperator::{ContainsCaller, ContainsCallersGroup, Equal, In, NotEqual};
        let Written { property, operator, value, values, other } = written;
        let operand = |value: Option<Value>, other: Option<PropertyPath>| match (value, other) {
            (Some(value), None) => scalar(value).map(Operand::Value),
            (None, Some(other)) => Ok(Operand::Property(other)),
            _ => Err(wrong("a comparison with either `value` or `other`")),
        };
        let test = match (operator, values) {
            (Equal, None) => Test::Equal(operand(value, other)?),
            (NotEqual, None) => Test::NotEqual(operand(value, other)?),
            (In, values) => match (value, values, other) {
                (None, Some(values), None) if (1..=MOST_VALUES).contains(&values.len()) => {
                    Test::In(values.into_iter().map(scalar).collect::<Result<_, _>>()?)
                }
                (None, None, Some(other)) => Test::InProperty(other),
                _ => return Err(wrong("a comparison with either 1 to 100 `values` or `other`")),
            },
            (ContainsCaller, None) if value.is_none() && other.is_none() => Test::ContainsCaller,
            (ContainsCallersGroup, None) if value.is_none() && other.is_none() => Test::ContainsCallersGroup,
            _ => return Err(wrong("a comparison with what its operator takes and no more")),
        };
        Ok(Self { property, test })
    }
}

impl From<Comparison> for Written {
    fn from(Comparison { property, test }: Comparison) -> Self {
        use WrittenOperator::{ContainsCaller, ContainsCallersGroup, Equal, In, NotEqual};
        let mut written = Self { property, operator: Equal, value: None, values: None, other: None };
        let (operator, operand) = match test {
            Test::Equal(operand) => (Equal, Some(operand)),
            Test::NotEqual(operand) => (NotEqual, Some(operand)),
            Test::In(values) => {
                written.values = Some(values);
                (In, None)
            }
            Test::InProperty(other) => (In, Some(Operand::Property(other))),
            Test::ContainsCaller => (ContainsCaller, None),
            Test::ContainsCallersGroup => (ContainsCallersGroup, None),
        };
        written.operator = operator;
        match operand {
            Some(Operand::Value(value)) => written.value = Some(value),
            Some(Operand::Property(other)) => written.other = Some(other),
            None => {}
        }
        written
    }
}

fn scalar(value: Value) -> Result<Value, InvalidValue> {
    match &value {
        Value::String(text) if text.chars().count() > LONGEST_TEXT || text.contains('\0') => {
            Err(wrong("made of texts of at most 1024 characters"))
        }
        Value::Number(number) => Ok(number.as_f64().and_then(whole).unwrap_or(value)),
        Value::String(_) | Value::Bool(_) => Ok(value),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(wrong("made of texts, numbers and booleans")),
    }
}

/// A whole number as such, so that `100` and `100.0` make one condition. Beyond 2^53 they are what was written.
fn whole(number: f64) -> Option<Value> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and fits")]
    (number.fract() == 0.0 && number.abs() < MOST).then(|| Value::from(number as i64))
}

fn wrong(form: &'static str) -> InvalidValue {
    InvalidValue { what: WHAT, rule: BrokenRule::Form(form, String::new()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let all = json!([
            {"property": "resource.site", "operator": "EQUAL", "value": "lyon"},
            {"property": "resource.site", "operator": "EQUAL", "other": "subject.site"},
            {"property": "action.amount", "operator": "NOT_EQUAL", "value": 1.5},
            {"property": "resource.state", "operator": "IN", "values": ["open", true, 3]},
            {"property": "resource.state", "operator": "IN", "other": "subject.states"},
            {"property": "resource.owner", "operator": "CONTAINS_CALLER"},
            {"property": "resource.teams", "operator": "CONTAINS_CALLERS_GROUP"},
        ]);
        let condition: Condition = serde_json::from_value(all.clone()).unwrap();
        assert_eq!(serde_json::to_value(&condition).unwrap(), all);
        assert_eq!(Condition::from_column(&condition.column()).unwrap(), condition);
        assert_eq!(condition.properties().count(), 9);
    }

    #[test]
    fn numbers_are_what_was_written_and_one_number_is_one_condition() {
        let condition = |number: &str| -> Condition {
            let text = format!(r#"[{{"property": "resource.amount", "operator": "EQUAL", "value": {number}}}]"#);
            serde_json::from_str(&text).unwrap()
        };
        assert_eq!(condition("100.0"), condition("100"));
        assert_eq!(condition("-0.0"), condition("0"));
        assert_ne!(condition("9007199254740993"), condition("9007199254740992"));
        for number in ["210346730.85871258", "12345678901.123457", "9007199254740993"] {
            let written = condition(number).column();
            assert!(written.contains(number), "{written}");
            assert_eq!(Condition::from_column(&written).unwrap(), condition(number));
        }
    }

    #[test]
    fn a_typo_is_refused_when_it_is_saved() {
        for wrong in [
            json!([]),
            json!([{"property": "site", "operator": "EQUAL", "value": 1}]),
            json!([{"property": "object.site", "operator": "EQUAL", "value": 1}]),
            json!([{"property": "resource.site", "operator": "EQUALS", "value": 1}]),
            json!([{"property": "resource.site", "operator": "EQUAL"}]),
            json!([{"property": "resource.site", "operator": "EQUAL", "value": null}]),
            json!([{"property": "resource.site", "operator": "EQUAL", "value": [1]}]),
            json!([{"property": "resource.site", "operator": "EQUAL", "value": 1, "other": "subject.site"}]),
            json!([{"property": "resource.site", "operator": "EQUAL", "values": [1]}]),
            json!([{"property": "resource.site", "operator": "IN", "values": []}]),
            json!([{"property": "resource.site", "operator": "IN", "value": 1}]),
            json!([{"property": "resource.site", "operator": "CONTAINS_CALLER", "value": 1}]),
            json!([{"property": "resource.site", "operator": "CONTAINS_CALLER", "valeu": 1}]),
        ] {
            assert!(serde_json::from_value::<Condition>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
