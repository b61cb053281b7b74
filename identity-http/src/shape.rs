//! Validation of JSON request bodies against the schemas of the OpenAPI document: types, required members, enumerations
//! and ranges.
//!
//! Bodies are validated before they are deserialized. All deviations are therefore reported at once, each with a JSON
//! pointer (RFC 6901). Rules about texts, such as the grammar of ids, are validated by `identity_core::value` instead.

mod check;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{LazyLock, OnceLock};

use identity_core::value::Params;
use serde_json::{Map, Value};
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, SchemaType};
use utoipa::openapi::{self, RefOr, Schema, Type};

use check::Check;

/// Maximum length of a member name in a JSON pointer, in characters. Longer names are cut and end with `…`.
const MAX_NAME: usize = 100;
/// Maximum nesting of schemas. Deeper values are accepted without validation. Requests cannot be nested more deeply
/// (`identity_core::value::strict_json_object`).
const MAX_DEPTH: usize = 16;

/// A part of a request body that violates its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deviation {
    /// JSON pointer to the violating value, such as `/condition/0/operator`. Empty for the body itself.
    pub(crate) pointer: String,
    pub(crate) kind: Kind,
}

/// The violated rule. [`fmt::Display`] completes a sentence that starts with the member's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A required member is missing.
    Missing,
    /// The member is null, but its schema is not nullable.
    Null,
    /// The value has a wrong type. Contains the accepted types, such as "a string or a list".
    Type(String),
    /// The text is not one of the enumeration. Contains the accepted texts, separated by commas.
    Word(String),
    /// The number is out of range. Contains the accepted range, such as "between 1 and 10".
    Range(String),
    /// The object must have exactly one of its alternative members.
    Alternatives,
    /// The schema of the object has no such member, and allows no others.
    Unknown,
}

impl Kind {
    /// All values of [`Self::code`].
    pub(crate) const CODES: &[&str] = &["missing", "null", "type", "choice", "range", "alternatives", "unknown_member"];

    /// Returns the stable code of the rule, such as `unknown_member`.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Null => "null",
            Self::Type(_) => "type",
            Self::Word(_) => "choice",
            Self::Range(_) => "range",
            Self::Alternatives => "alternatives",
            Self::Unknown => "unknown_member",
        }
    }

    /// Returns the parameters of the rule: what is `allowed`.
    pub(crate) fn params(&self) -> Params {
        match self {
            Self::Type(allowed) | Self::Word(allowed) | Self::Range(allowed) => {
                Params::from([("allowed", allowed.as_str().into())])
            }
            Self::Missing | Self::Null | Self::Alternatives | Self::Unknown => Params::new(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Null => f.write_str("must not be null"),
            Self::Type(types) => write!(f, "must be {types}"),
            Self::Word(words) => write!(f, "must be one of {words}"),
            Self::Range(range) => write!(f, "must be {range}"),
            Self::Alternatives => f.write_str("must have exactly one member"),
            Self::Unknown => f.write_str("is not a known member"),
        }
    }
}

/// Whether strings are validated against the enumerations of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enumerations {
    /// Strings must be one of the enumeration.
    Closed,
    /// Strings are not validated against the enumeration. The parser of the request validates them: it ignores case, or
    /// accepts words that an operator has added.
    Open,
}

/// The values that a schema accepts, by JSON type. An absent type is rejected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// Whether all values are accepted, without validation.
    is_any: bool,
    null: bool,
    flag: bool,
    number: Option<Number>,
    text: Option<Words>,
    list: Option<Box<Shape>>,
    object: Option<Members>,
}

/// Accepted range of a number. Bounds are inclusive; `None` means unbounded.
#[derive(Clone, Copy, Debug, Default)]
struct Number {
    is_whole: bool,
    min: Option<i64>,
    max: Option<i64>,
}

/// Accepted strings: any, or those of an enumeration.
#[derive(Clone, Debug)]
enum Words {
    Any,
    Of(BTreeSet<String>),
}

/// Accepted members of an object.
#[derive(Clone, Debug, Default)]
struct Members {
    known: BTreeMap<String, Shape>,
    required: BTreeSet<String>,
    /// Shape of members that are not in `known`. `None` rejects such members.
    others: Option<Box<Shape>>,
    /// Whether the object must have exactly one member, as in the JSON form of an enum variant with data.
    is_choice: bool,
}

/// Shapes of all schemas in the OpenAPI document, by schema name.
#[derive(Default)]
struct Shapes(BTreeMap<String, Shape>);

/// Builds the OpenAPI document whose schemas requests are validated against. Set once by [`describe_by`].
static DOCUMENT: OnceLock<fn() -> openapi::OpenApi> = OnceLock::new();

/// The shapes of all schemas. They are built once, when the first body is validated.
static SHAPES: LazyLock<Shapes> =
    LazyLock::new(|| DOCUMENT.get().map_or_else(Shapes::default, |document| Shapes::of(&document())));

/// Sets the OpenAPI document for validation. Only the first call in a process has an effect.
pub(crate) fn describe_by(document: fn() -> openapi::OpenApi) {
    DOCUMENT.get_or_init(|| document);
}

/// Finds a shape by the name of its schema. `None` indicates a bug of this crate and is logged as an error.
pub(crate) fn find(schema: &str) -> Option<&'static Shape> {
    let shape = SHAPES.find(schema);
    if shape.is_none() {
        tracing::error!(schema, "openapi.schema.missing");
    }
    shape
}

impl Shapes {
    fn of(document: &openapi::OpenApi) -> Self {
        let Some(components) = &document.components else { return Self(BTreeMap::new()) };
        let shape = |(name, schema): (&String, &RefOr<Schema>)| {
            let mut shape = Shape::default();
            shape.accept(schema, &components.schemas, MAX_DEPTH);
            (name.clone(), shape)
        };
        Self(components.schemas.iter().map(shape).collect())
    }

    /// Finds a shape by the name of its schema.
    fn find(&self, name: &str) -> Option<&Shape> {
        self.0.get(name)
    }
}

impl Shape {
    /// Creates a shape that accepts every value without validation.
    fn any() -> Self {
        Self { is_any: true, ..Self::default() }
    }

    /// Adds the values that a schema accepts. Alternatives (`oneOf`, `anyOf`) are merged by type: the merged object
    /// accepts the members of all alternatives.
    fn accept(&mut self, schema: &RefOr<Schema>, all: &BTreeMap<String, RefOr<Schema>>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            *self = Self::any();
            return;
        };
        match schema {
            RefOr::Ref(reference) => {
                let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
                if let Some(schema) = all.get(name) {
                    self.accept(schema, all, depth);
                }
            }
            RefOr::T(Schema::OneOf(of)) => {
                of.items.iter().for_each(|item| self.accept(item, all, depth));
                if let Some(members) = self.object.as_mut().filter(|_| of.items.iter().all(is_tagged)) {
                    (members.is_choice, members.others) = (true, None);
                }
            }
            RefOr::T(Schema::AnyOf(of)) => of.items.iter().for_each(|item| self.accept(item, all, depth)),
            RefOr::T(Schema::AllOf(of)) => of.items.iter().for_each(|item| self.accept(item, all, depth)),
            RefOr::T(Schema::Array(array)) => {
                self.null |= accepts_null(&array.schema_type);
                let mut item = Self::default();
                match &array.items {
                    ArrayItems::RefOrSchema(schema) => item.accept(schema, all, depth),
                    ArrayItems::False => {}
                }
                self.list = Some(Box::new(item));
            }
            RefOr::T(Schema::Object(object)) => self.accept_object(object, all, depth),
            RefOr::T(_) => *self = Self::any(),
        }
    }

    fn accept_object(&mut self, schema: &openapi::Object, all: &BTreeMap<String, RefOr<Schema>>, depth: usize) {
        let kinds: &[Type] = match &schema.schema_type {
            SchemaType::Type(kind) => std::slice::from_ref(kind),
            SchemaType::Array(kinds) => kinds,
            SchemaType::AnyValue => {
                *self = Self::any();
                return;
            }
        };
        for kind in kinds {
            match kind {
                Type::Null => self.null = true,
                Type::Boolean => self.flag = true,
                Type::Number => self.number = Some(Number::default()),
                Type::Integer => {
                    let bound = |number: &Option<utoipa::Number>| match number {
                        Some(utoipa::Number::Int(number)) => i64::try_from(*number).ok(),
                        Some(utoipa::Number::UInt(number)) => i64::try_from(*number).ok(),
                        #[expect(clippy::cast_possible_truncation, reason = "bounds are whole")]
                        Some(utoipa::Number::Float(number)) => Some(*number as i64),
                        None => None,
                    };
                    self.number =
                        Some(Number { is_whole: true, min: bound(&schema.minimum), max: bound(&schema.maximum) });
                }
                Type::String => {
                    let words = schema.enum_values.as_ref().map(|words| {
                        words.iter().filter_map(Value::as_str).map(str::to_owned).collect::<BTreeSet<_>>()
                    });
                    self.text = Some(match (self.text.take(), words) {
                        (Some(Words::Of(mut before)), Some(words)) => {
                            before.extend(words);
                            Words::Of(before)
                        }
                        (None, Some(words)) => Words::Of(words),
                        _ => Words::Any,
                    });
                }
                Type::Array => self.list = Some(Box::new(Self::any())),
                Type::Object => {
                    let is_first = self.object.is_none();
                    let mut members = self.object.take().unwrap_or_default();
                    let required: BTreeSet<String> = schema.required.iter().cloned().collect();
                    members.required =
                        if is_first { required } else { members.required.intersection(&required).cloned().collect() };
                    for (name, schema) in &schema.properties {
                        members.known.entry(name.clone()).or_default().accept(schema, all, depth);
                    }
                    members.others = match schema.additional_properties.as_deref() {
                        Some(AdditionalProperties::FreeForm(false)) => members.others,
                        Some(AdditionalProperties::RefOr(schema)) => {
                            let mut other = Self::default();
                            other.accept(schema, all, depth);
                            Some(Box::new(other))
                        }
                        Some(AdditionalProperties::FreeForm(true)) | None => Some(Box::new(Self::any())),
                    };
                    self.object = Some(members);
                }
            }
        }
    }

    /// Validates `object`, which is located at `pointer` in the body. Returns all deviations, at most 50.
    pub(crate) fn deviations(
        &self,
        object: &Map<String, Value>,
        pointer: &str,
        enumerations: Enumerations,
    ) -> Vec<Deviation> {
        let mut check = Check::new(enumerations, pointer);
        match &self.object {
            Some(members) => check.members(members, object),
            None => check.report(Kind::Type(self.types())),
        }
        check.found()
    }

    /// Describes the accepted types, to follow "must be", such as "a string or a list".
    fn types(&self) -> String {
        let number = self.number.map(|number| if number.is_whole { "a whole number" } else { "a number" });
        let types = [
            self.flag.then_some("true or false"),
            number,
            self.text.is_some().then_some("a string"),
            self.list.is_some().then_some("a list"),
            self.object.is_some().then_some("an object"),
        ];
        types.into_iter().flatten().collect::<Vec<_>>().join(" or ")
    }
}

/// Whether a schema describes an object with exactly one property, which is required. This is the JSON form of an enum
/// variant with data.
fn is_tagged(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.properties.len() == 1 && object.required.len() == 1)
}

fn accepts_null(kind: &SchemaType) -> bool {
    match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => true,
    }
}

/// Appends a member name or a list index to a JSON pointer, escaped according to RFC 6901 §3.
pub(crate) fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    for (index, character) in name.chars().enumerate() {
        match character {
            _ if index == MAX_NAME => {
                pointer.push('…');
                break;
            }
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            character => pointer.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::{OpenApi, ToSchema};

    use super::*;

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only described")]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Vec<Inner>,
        word: Option<Word>,
        #[schema(minimum = 0, maximum = 9)]
        number: Option<u32>,
        either: Option<Either>,
        choice: Option<Choice>,
    }

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only described")]
    enum Choice {
        Left(Inner),
        Right(String),
    }

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only described")]
    struct Inner {
        a: String,
        b: bool,
        free: serde_json::Value,
    }

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only described")]
    enum Word {
        Yes,
        No,
    }

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only described")]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Pair { left: String },
    }

    #[derive(OpenApi)]
    #[openapi(components(schemas(Outer)))]
    struct Document;

    fn deviations(value: Value, enumerations: Enumerations) -> Vec<String> {
        let Value::Object(object) = value else { panic!("an object") };
        let shapes = Shapes::of(&Document::openapi());
        let found = shapes.find("Outer").expect("the schema").deviations(&object, "", enumerations);
        found.into_iter().map(|found| format!("{} {}", found.pointer, found.kind)).collect()
    }

    #[test]
    fn accepts_values_of_the_schema() {
        let inner = json!({"a": "x", "b": true, "free": [{"more": null}]});
        for value in [
            json!({"inner": [inner]}),
            json!({"inner": [], "word": null, "number": null, "either": "text"}),
            json!({"inner": [], "word": "No", "number": 9, "either": {"left": "x"}}),
            json!({"inner": [{"a": "x", "b": true, "free": 1, "unknown members are open here": 1}]}),
        ] {
            assert_eq!(deviations(value.clone(), Enumerations::Closed), [""; 0], "{value}");
        }
    }

    #[test]
    fn reports_every_deviation_with_its_pointer() {
        for (value, found) in [
            (json!({}), vec!["/inner is missing"]),
            (json!({"inner": null}), vec!["/inner must not be null"]),
            (json!({"inner": {"a": "x"}}), vec!["/inner must be a list"]),
            (json!({"inner": [["x", true, 1]]}), vec!["/inner/0 must be an object"]),
            (
                json!({"inner": [{"a": 1, "b": "true", "free": 0}, null], "a/b~c": 1}),
                vec![
                    "/a~1b~0c is not a known member",
                    "/inner/0/a must be a string",
                    "/inner/0/b must be true or false",
                    "/inner/1 must not be null",
                ],
            ),
            (json!({"inner": [], "word": "yes"}), vec!["/word must be one of No, Yes"]),
            (json!({"inner": [], "word": {"Yes": null}}), vec!["/word must be a string"]),
            (json!({"inner": [], "number": 1.0}), vec!["/number must be a whole number"]),
            (json!({"inner": [], "number": -1}), vec!["/number must be between 0 and 9"]),
            (json!({"inner": [], "number": 18_446_744_073_709_551_615_u64}), vec!["/number must be between 0 and 9"]),
            (json!({"inner": [], "either": 1}), vec!["/either must be a string or an object"]),
            (json!({"inner": [], "either": {}}), vec!["/either/left is missing"]),
            (json!({"inner": [], "choice": {}}), vec!["/choice must have exactly one member"]),
            (json!({"inner": [], "choice": {"Middle": 1}}), vec!["/choice/Middle is not a known member"]),
            (json!({"inner": [], "choice": {"Left": ["x", true]}}), vec!["/choice/Left must be an object"]),
        ] {
            assert_eq!(deviations(value.clone(), Enumerations::Closed), found, "{value}");
        }
    }

    #[test]
    fn codes_are_complete() {
        let text = String::new;
        let kinds = [
            Kind::Missing,
            Kind::Null,
            Kind::Type(text()),
            Kind::Word(text()),
            Kind::Range(text()),
            Kind::Alternatives,
            Kind::Unknown,
        ];
        assert_eq!(kinds.each_ref().map(Kind::code).as_slice(), Kind::CODES);
    }

    #[test]
    fn leaves_open_enumerations_to_the_reader() {
        assert_eq!(deviations(json!({"inner": [], "word": "perhaps"}), Enumerations::Open), [""; 0]);
    }

    #[test]
    fn bounds_the_findings_and_the_pointers() {
        let many = deviations(json!({"inner": vec![1; 10_000]}), Enumerations::Closed);
        assert_eq!(many.len(), check::MAX_FOUND);
        let long = deviations(json!({"inner": [], "x".repeat(100_000): 1}), Enumerations::Closed);
        assert!(long.iter().all(|found| found.len() < 200), "{long:?}");
    }
}
