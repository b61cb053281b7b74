//! Conditions, which restrict an authorization on a custom resource type by properties of resource, caller and action.

mod scalar;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::value::{BrokenRule, InvalidValue, PropertyName};
pub use scalar::Scalar;

const WHAT: &str = "condition";
const MAX_COMPARISONS: usize = 16;
const MAX_VALUES: usize = 100;
const IN_OPERANDS: &str = "a comparison with either 1 to 100 `values` or `other`";

/// Additional requirement of an authorization: it grants only if all 1 to 16 comparisons hold. A comparison of a
/// missing or null property never holds, not even a negative one. The text form is a JSON array of comparisons.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Vec<Comparison>", into = "Vec<Comparison>")]
pub struct Condition(Vec<Comparison>);

/// Comparison of a property with an operand, such as `{"property":"resource.site","operator":"EQUAL","value":"lyon"}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Comparison {
    /// Path of the property to compare, such as `resource.owner`.
    pub property: PropertyPath,
    /// Operator and operand that decide whether the property satisfies the comparison.
    pub test: Test,
}

/// Part of an evaluation request that has properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PropertyOf {
    /// The caller: the claim of this name or, if the token has no such claim, the subject property in the request.
    Subject,
    /// The resource to access: a property in the request.
    Resource,
    /// The action to perform: a property in the request.
    Action,
}

names!(PropertyOf { Subject => "subject", Resource => "resource", Action => "action" });

/// Path of a property, such as `resource.owner` in JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PropertyPath {
    /// Part of the request that has the property: the text before the first dot.
    pub of: PropertyOf,
    /// Name of the property: the text after the first dot.
    pub name: PropertyName,
}

/// Operator of a comparison with its operand. Only strings, numbers and booleans can be compared: for a list or an
/// object, neither [`Test::Equal`] nor [`Test::NotEqual`] holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// The property equals the operand (`EQUAL`).
    Equal(Operand),
    /// The property exists and differs from the operand (`NOT_EQUAL`).
    NotEqual(Operand),
    /// The property equals one of these 1 to 100 constants (`IN` with `values`).
    In(Vec<Scalar>),
    /// The property equals an element of the list in this other property (`IN` with `other`).
    InProperty(PropertyPath),
    /// The property is the caller's username, or a list that contains it. Never holds for clients.
    ContainsCaller,
    /// The property is the id of one of the caller's groups, or a list that contains one.
    ContainsCallersGroup,
}

/// Operand of [`Test::Equal`] and [`Test::NotEqual`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operand {
    /// A constant (`value` in JSON).
    Value(Scalar),
    /// The value of another property (`other` in JSON).
    Property(PropertyPath),
}

impl Condition {
    /// Creates a condition that holds if all of the comparisons hold.
    ///
    /// # Errors
    /// If there are no comparisons, or more than 16.
    pub fn new(comparisons: Vec<Comparison>) -> Result<Self, InvalidValue> {
        if comparisons.is_empty() || comparisons.len() > MAX_COMPARISONS {
            return Err(wrong("1 to 16 comparisons"));
        }
        Ok(Self(comparisons))
    }

    /// Comparisons in the order in which they were written. All must hold.
    #[must_use]
    pub fn comparisons(&self) -> &[Comparison] {
        &self.0
    }

    /// Paths of all properties that the comparisons read. A path occurs once per use.
    pub fn properties(&self) -> impl Iterator<Item = &PropertyPath> {
        self.0.iter().flat_map(Comparison::properties)
    }
}

impl Comparison {
    /// Paths of the properties that the comparison reads: one, or two if it compares with another property.
    pub fn properties(&self) -> impl Iterator<Item = &PropertyPath> {
        let other = match &self.test {
            Test::Equal(Operand::Property(other)) | Test::NotEqual(Operand::Property(other)) => Some(other),
            Test::InProperty(other) => Some(other),
            _ => None,
        };
        std::iter::once(&self.property).chain(other)
    }
}

impl FromStr for Condition {
    type Err = InvalidValue;
    fn from_str(json: &str) -> Result<Self, InvalidValue> {
        let unreadable = |error: serde_json::Error| BrokenRule::Form("readable JSON", error.to_string());
        serde_json::from_str(json).map_err(|error| InvalidValue { what: WHAT, rule: unreadable(error) })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
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

/// Constructors. Properties are [paths](PropertyPath::parse) such as `resource.owner`.
impl Comparison {
    /// Compares a property with the constant `value`: they must be equal.
    ///
    /// # Errors
    /// If the path is not valid, or `value` is not a string, number or boolean.
    pub fn equal(property: &str, value: impl Into<Value>) -> Result<Self, InvalidValue> {
        Self::new(property, Test::Equal(Operand::Value(Scalar::new(value)?)))
    }

    /// Compares a property with the constant `value`: they must differ.
    ///
    /// # Errors
    /// If the path is not valid, or `value` is not a string, number or boolean.
    pub fn not_equal(property: &str, value: impl Into<Value>) -> Result<Self, InvalidValue> {
        Self::new(property, Test::NotEqual(Operand::Value(Scalar::new(value)?)))
    }

    /// Compares a property with the property `other`: they must be equal.
    ///
    /// # Errors
    /// If one of the paths is not valid.
    pub fn equal_property(property: &str, other: &str) -> Result<Self, InvalidValue> {
        Self::new(property, Test::Equal(Operand::Property(PropertyPath::parse(other)?)))
    }

    /// Compares a property with the property `other`: they must differ.
    ///
    /// # Errors
    /// If one of the paths is not valid.
    pub fn not_equal_property(property: &str, other: &str) -> Result<Self, InvalidValue> {
        Self::new(property, Test::NotEqual(Operand::Property(PropertyPath::parse(other)?)))
    }

    /// Compares a property with several constants: it must equal one of them.
    ///
    /// # Errors
    /// If the path is not valid, there are not 1 to 100 `values`, or one is not a string, number or boolean.
    pub fn is_in<V: Into<Value>>(property: &str, values: impl IntoIterator<Item = V>) -> Result<Self, InvalidValue> {
        Self::new(property, Test::is_in(values.into_iter().take(MAX_VALUES + 1).map(V::into).collect())?)
    }

    /// Compares a property with the list in the property `other`: the list must contain it.
    ///
    /// # Errors
    /// If one of the paths is not valid.
    pub fn is_in_property(property: &str, other: &str) -> Result<Self, InvalidValue> {
        Self::new(property, Test::InProperty(PropertyPath::parse(other)?))
    }

    /// Requires that the property is the caller's username, or a list that contains it.
    ///
    /// # Errors
    /// If the path is not valid.
    pub fn contains_caller(property: &str) -> Result<Self, InvalidValue> {
        Self::new(property, Test::ContainsCaller)
    }

    /// Requires that the property is the id of one of the caller's groups, or a list that contains one.
    ///
    /// # Errors
    /// If the path is not valid.
    pub fn contains_callers_group(property: &str) -> Result<Self, InvalidValue> {
        Self::new(property, Test::ContainsCallersGroup)
    }

    fn new(property: &str, test: Test) -> Result<Self, InvalidValue> {
        Ok(Self { property: PropertyPath::parse(property)?, test })
    }
}

impl Test {
    fn is_in(values: Vec<Value>) -> Result<Self, InvalidValue> {
        if values.is_empty() || values.len() > MAX_VALUES {
            return Err(wrong(IN_OPERANDS));
        }
        values.into_iter().map(Scalar::new).collect::<Result<_, _>>().map(Self::In)
    }
}

impl PropertyPath {
    /// Parses a path such as `resource.owner`.
    ///
    /// # Errors
    /// If the text is not `subject.`, `resource.` or `action.` followed by a property name.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let (of, name) =
            text.split_once('.').ok_or_else(|| wrong("`subject.`, `resource.` or `action.` followed by a name"))?;
        let of =
            PropertyOf::parse(of).ok_or_else(|| wrong("`subject.`, `resource.` or `action.` followed by a name"))?;
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

/// Serialized form of a comparison in the APIs, the configuration and the store. Unused operands are omitted.
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
            (Some(value), None) => Scalar::new(value).map(Operand::Value),
            (None, Some(other)) => Ok(Operand::Property(other)),
            _ => Err(wrong("a comparison with either `value` or `other`")),
        };
        let test = match (operator, values) {
            (Equal, None) => Test::Equal(operand(value, other)?),
            (NotEqual, None) => Test::NotEqual(operand(value, other)?),
            (In, values) => match (value, values, other) {
                (None, Some(values), None) => Test::is_in(values)?,
                (None, None, Some(other)) => Test::InProperty(other),
                _ => return Err(wrong(IN_OPERANDS)),
            },
            (ContainsCaller, None) if value.is_none() && other.is_none() => Test::ContainsCaller,
            (ContainsCallersGroup, None) if value.is_none() && other.is_none() => Test::ContainsCallersGroup,
            _ => return Err(wrong("a comparison with the operands of its operator only")),
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
                written.values = Some(values.into_iter().map(Value::from).collect());
                (In, None)
            }
            Test::InProperty(other) => (In, Some(Operand::Property(other))),
            Test::ContainsCaller => (ContainsCaller, None),
            Test::ContainsCallersGroup => (ContainsCallersGroup, None),
        };
        written.operator = operator;
        match operand {
            Some(Operand::Value(value)) => written.value = Some(value.into()),
            Some(Operand::Property(other)) => written.other = Some(other),
            None => {}
        }
        written
    }
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
        assert_eq!(condition.to_string().parse::<Condition>().unwrap(), condition);
        assert_eq!(condition.properties().count(), 9);
        let constructed = [
            Comparison::equal("resource.site", "lyon"),
            Comparison::equal_property("resource.site", "subject.site"),
            Comparison::not_equal("action.amount", 1.5),
            Comparison::is_in("resource.state", [json!("open"), json!(true), json!(3)]),
            Comparison::is_in_property("resource.state", "subject.states"),
            Comparison::contains_caller("resource.owner"),
            Comparison::contains_callers_group("resource.teams"),
        ];
        assert_eq!(Condition::new(constructed.map(Result::unwrap).to_vec()).unwrap(), condition);
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
            let written = condition(number).to_string();
            assert!(written.contains(number), "{written}");
            assert_eq!(written.parse::<Condition>().unwrap(), condition(number));
        }
    }

    #[test]
    fn constants_that_differ_are_ordered() {
        let ordered = ["false", "true", "-1", "1.5", "9007199254740992", "9007199254740993", "1e300", "\"\"", "\"a\""];
        let ordered = ordered.map(|json| Scalar::new(serde_json::from_str::<Value>(json).unwrap()).unwrap());
        assert!(ordered.is_sorted_by(|one, other| one < other), "{ordered:?}");
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
