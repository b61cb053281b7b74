//! JSON schemas for the enumerations and ids of `/v2`.

use identity_core::catalog::{Family, ResourceCatalog};
use identity_core::entity::PartyKind;
use serde_json::Value;
use utoipa::openapi::{ArrayBuilder, Object, ObjectBuilder, RefOr, Schema, Type};

use crate::schema;

/// Owner types by name. `UNSPECIFIED` exists in the public API, but this server rejects it.
pub(super) const OWNERS: &[(&str, Option<PartyKind>)] = &[
    ("USER", Some(PartyKind::User)),
    ("CLIENT", Some(PartyKind::Client)),
    ("ROLE", Some(PartyKind::Role)),
    ("GROUP", Some(PartyKind::Group)),
    ("MAPPING_RULE", Some(PartyKind::MappingRule)),
    ("UNSPECIFIED", None),
];

pub(super) fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> RefOr<Schema> {
    let words = words.into_iter().map(Value::from).collect::<Vec<_>>();
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
}

pub(super) fn list(of: impl Into<RefOr<Schema>>) -> RefOr<Schema> {
    ArrayBuilder::new().items(of.into()).into()
}

/// Returns the schema of the id with this parameter name, for the default id pattern.
pub(super) fn id(name: &str) -> RefOr<Schema> {
    match name {
        "tenantId" => schema::matching(31, r"^(<default>|[A-Za-z0-9_.-]{1,31})$"),
        "authorizationKey" => schema::matching(25, "^-?[0-9]+$"),
        "auditLogKey" => Object::with_type(Type::String).into(),
        _ => schema::matching(256, "^[a-zA-Z0-9_~@.+-]+$"),
    }
}

pub(super) fn owner_types() -> RefOr<Schema> {
    let accepted = OWNERS.iter().filter(|(_, kind)| kind.is_some());
    words(accepted.map(|(word, _)| *word))
}

pub(super) fn resource_types() -> RefOr<Schema> {
    let matrix = ResourceCatalog::standard();
    words(matrix.types().filter(|kind| kind.family == Family::Cluster).map(|kind| kind.name.as_str()))
}

pub(super) fn permission_types() -> RefOr<Schema> {
    let matrix = ResourceCatalog::standard();
    let cluster = matrix.types().filter(|kind| kind.family == Family::Cluster);
    let names: std::collections::BTreeSet<&str> =
        cluster.flat_map(|kind| &kind.permissions).map(|name| name.as_str()).collect();
    words(names)
}

/// Returns the schema of the member `permissionTypes` of an authorization.
pub(super) fn permission_lists() -> RefOr<Schema> {
    list(permission_types())
}

/// Returns the schema of the key of an authorization.
pub(super) fn authorization_key() -> RefOr<Schema> {
    id("authorizationKey")
}
