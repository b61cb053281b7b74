//! JSON schemas of strings for the OpenAPI document. Their patterns express the rules of `identity_core::value`.

use serde_json::Value;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, SchemaType};
use utoipa::openapi::{ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};

/// Content of a regex character class: control characters, and invisible characters of the Basic Multilingual Plane.
macro_rules! refused {
    () => {
        r"\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb"
    };
}

/// Pattern for a non-empty text without control or invisible characters, and without white space at either end.
const PLAIN: &str = concat!("^[^\\s", refused!(), "]([^", refused!(), "]*[^\\s", refused!(), "])?$");
/// Pattern for 1 to 256 characters as in [`PLAIN`], surrounded by optional white space. Has no anchors.
const NAME: &str = concat!("\\s*[^\\s", refused!(), "]([^", refused!(), "]{0,254}[^\\s", refused!(), "])?\\s*");
/// Pattern for a possibly empty text without control characters, except line breaks and tabs.
const LINES: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
const TENANT_ID: &str = r"^(<default>|[A-Za-z0-9_.-]+)$";

fn text(max: usize, pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(max)).pattern(Some(pattern))
}

fn trimmed(pattern: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).into()
}

/// Schema of a string with 1 to `max` characters that matches `pattern`.
pub(crate) fn matching(max: usize, pattern: &str) -> RefOr<Schema> {
    text(max, pattern).min_length(Some(1)).into()
}

/// Allows null in addition to the values of a schema.
pub(crate) fn or_null(mut schema: RefOr<Schema>) -> RefOr<Schema> {
    if let RefOr::T(Schema::Object(object)) = &mut schema
        && let SchemaType::Type(kind) = &object.schema_type
    {
        object.schema_type = SchemaType::from_iter([kind.clone(), Type::Null]);
        object.enum_values.iter_mut().for_each(|words| words.push(Value::Null));
        return schema;
    }
    OneOfBuilder::new().item(Object::with_type(Type::Null)).item(schema).into()
}

/// Whether a schema allows null. References to other schemas are not resolved and count as not nullable.
pub(crate) fn takes_null(schema: &RefOr<Schema>) -> bool {
    let is_null = |kind: &SchemaType| match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => true,
    };
    match schema {
        RefOr::Ref(_) => false,
        RefOr::T(Schema::Object(object)) => is_null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => is_null(&array.schema_type),
        RefOr::T(Schema::OneOf(of)) => of.items.iter().any(takes_null),
        RefOr::T(Schema::AnyOf(of)) => of.items.iter().any(takes_null),
        RefOr::T(_) => false,
    }
}

/// Schema of an entity id, which this server or an identity provider may have chosen.
pub(crate) fn id() -> RefOr<Schema> {
    matching(256, PLAIN)
}

pub(crate) fn ids() -> RefOr<Schema> {
    ArrayBuilder::new().items(id()).into()
}

pub(crate) fn tenant_id() -> RefOr<Schema> {
    matching(63, TENANT_ID)
}

pub(crate) fn tenant_ids() -> RefOr<Schema> {
    ArrayBuilder::new().items(tenant_id()).into()
}

/// Schema of a display name, or of an id that the server trims.
pub(crate) fn name() -> RefOr<Schema> {
    trimmed(&format!("^{NAME}$"))
}

/// Schema of a display name that may be blank.
pub(crate) fn name_or_blank() -> RefOr<Schema> {
    trimmed(&format!(r"^({NAME}|\s*)$"))
}

pub(crate) fn not_blank() -> RefOr<Schema> {
    trimmed(r"\S")
}

/// Schema of an email address that may be blank.
pub(crate) fn email_or_blank() -> RefOr<Schema> {
    let format = SchemaFormat::Custom("email".to_owned());
    let address = ObjectBuilder::new().schema_type(Type::String).format(Some(format));
    OneOfBuilder::new().item(address).item(trimmed(r"^\s*$")).into()
}

/// Schema of a pagination cursor: Base64 of at least one byte, with or without padding.
pub(crate) fn cursor() -> RefOr<Schema> {
    let base64 = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=)?$";
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(2)).pattern(Some(base64)).into()
}

/// Schema of a time (RFC 3339).
pub(crate) fn time() -> RefOr<Schema> {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
}

/// Schema of a search pattern of at most 1024 characters. A backslash must be followed by the character that it
/// escapes.
pub(crate) fn like_pattern() -> RefOr<Schema> {
    text(1024, r"^([^\\]|\\[\s\S])*$").into()
}

pub(crate) fn description() -> RefOr<Schema> {
    text(4096, LINES).into()
}

pub(crate) fn claim_name() -> RefOr<Schema> {
    matching(512, PLAIN)
}

pub(crate) fn claim_value() -> RefOr<Schema> {
    matching(1024, PLAIN)
}

/// Schema of the name of a resource type: 1 to 256 letters, digits, `_`, `.` and `-`.
pub(crate) fn resource_type() -> RefOr<Schema> {
    matching(256, r"^[A-Za-z0-9_.-]+$")
}
