//! Members of documents, as data: those that are known to the reader, and their JSON schema.

use serde_json::{Map, Value, json};

use super::PolicyDocument;

/// Members that an object may have, in groups that several objects share.
pub(super) type Shape = &'static [&'static [Member]];

/// Member of an object.
pub(super) struct Member {
    pub(super) name: &'static str,
    kind: Kind,
    is_required: bool,
    description: &'static str,
}

enum Kind {
    Text,
    Word(&'static [&'static str]),
    Flag,
    Texts,
    Scalar,
    Scalars,
    Objects(Shape),
    /// Comparisons, or their JSON text as in configuration files.
    Condition,
    /// An object whose members are named by the document.
    Named(Shape),
}

const fn required(name: &'static str, kind: Kind, description: &'static str) -> Member {
    Member { name, kind, is_required: true, description }
}

const fn optional(name: &'static str, kind: Kind, description: &'static str) -> Member {
    Member { name, kind, is_required: false, description }
}

/// The whole document.
pub(super) const DOCUMENT: Shape = &[&[
    optional("resource-types", Kind::Objects(RESOURCE_TYPE), "Custom resource types."),
    optional("users", Kind::Objects(USER), "Built-in users."),
    optional("mapping-rules", Kind::Objects(MAPPING_RULE), "Mapping rules. Memberships determine what they assign."),
    optional("groups", Kind::Objects(GROUP), "Groups with their members."),
    optional("roles", Kind::Objects(ROLE), "Roles with their members and permissions for APIs."),
    optional("tenants", Kind::Objects(TENANT), "Tenants with their members."),
    optional("default-roles", Kind::Named(MEMBERS_ALONE), "Members of default roles, such as `admin`, by role id."),
    optional("authorizations", Kind::Objects(AUTHORIZATION), "Authorizations, except those of default roles."),
]];

pub(super) const RESOURCE_TYPE: Shape = &[&[
    required("resource-type", Kind::Text, "Name of the type. Unique."),
    optional("permissions", Kind::Texts, "Permissions that authorizations on the type can grant."),
    optional("properties", Kind::Texts, "Properties of resources that conditions can compare."),
]];

pub(super) const USER: Shape = &[&[
    required("username", Kind::Text, "Name with which the user signs in. Unique."),
    optional("name", Kind::Text, "Display name."),
    optional("email", Kind::Text, "E-mail address."),
    optional("enabled", Kind::Flag, "Whether the user is active. Default: true."),
]];

pub(super) const MAPPING_RULE: Shape = &[&[
    required("mapping-rule-id", Kind::Text, "Id of the mapping rule. Unique."),
    optional("name", Kind::Text, "Display name. Default: the id."),
    required("claim-name", Kind::Text, "Claim to compare: a name, or a JSONPath query that starts with `$`."),
    optional("operator", Kind::Word(&["EQUALS", "CONTAINS"]), "How the claim is compared. Default: `EQUALS`."),
    required("claim-value", Kind::Text, "Value that the claim must equal or contain."),
    optional("type", Kind::Word(&["ANY", "ROLE", "TENANT", "GROUP"]), "What the rule may assign. Default: `ANY`."),
    optional("issuer", Kind::Text, "Issuer whose tokens the rule matches. Default: all issuers."),
]];

pub(super) const GROUP: Shape =
    &[&[required("group-id", Kind::Text, "Id of the group. Unique.")], NAME_AND_DESCRIPTION, MEMBERS];

pub(super) const ROLE: Shape = &[
    &[
        required("role-id", Kind::Text, "Id of the role. Unique. Ids of default roles are refused."),
        optional("permissions", Kind::Objects(PERMISSION), "Permissions for APIs."),
    ],
    NAME_AND_DESCRIPTION,
    MEMBERS,
];

pub(super) const TENANT: Shape =
    &[&[required("tenant-id", Kind::Text, "Id of the tenant. Unique.")], NAME_AND_DESCRIPTION, MEMBERS];

pub(super) const PERMISSION: Shape = &[&[
    required("audience", Kind::Text, "Audience of the API."),
    required("permission", Kind::Text, "Permission of the API, such as `read:*`."),
]];

pub(super) const MEMBERS_ALONE: Shape = &[MEMBERS];

pub(super) const AUTHORIZATION: Shape = &[&[
    required("owner-type", Kind::Word(&["USER", "CLIENT", "GROUP", "ROLE", "MAPPING_RULE"]), "Type of the owner."),
    required("owner-id", Kind::Text, "Id of the owner."),
    required("resource-type", Kind::Text, "Type of the resources."),
    optional(
        "resource-id",
        Kind::Text,
        "Id of the resource, or `*` for all. Required without `resource-property-name`.",
    ),
    optional("resource-property-name", Kind::Text, "Property of the resource that contains the caller."),
    required("permissions", Kind::Texts, "Granted permissions, at least one."),
    optional("condition", Kind::Condition, "1 to 16 comparisons, all of which must hold."),
]];

/// Comparisons are read by [`Condition`](crate::entity::Condition), which has further rules.
const COMPARISON: Shape = &[&[
    required("property", Kind::Text, "Property to compare, such as `resource.site`."),
    required(
        "operator",
        Kind::Word(&["EQUAL", "NOT_EQUAL", "IN", "CONTAINS_CALLER", "CONTAINS_CALLERS_GROUP"]),
        "How the property is compared.",
    ),
    optional("value", Kind::Scalar, "Constant of `EQUAL` and `NOT_EQUAL`: text, number or boolean."),
    optional("values", Kind::Scalars, "Constants of `IN`."),
    optional("other", Kind::Text, "Property with which the property is compared."),
]];

const NAME_AND_DESCRIPTION: &[Member] =
    &[required("name", Kind::Text, "Display name."), optional("description", Kind::Text, "Description.")];

/// Lists of members.
const MEMBERS: &[Member] = &[
    optional("users", Kind::Texts, "Usernames of members."),
    optional("clients", Kind::Texts, "Client ids of members."),
    optional("groups", Kind::Texts, "Ids of groups whose members are members. Not possible in groups."),
    optional("roles", Kind::Texts, "Ids of roles whose members are members. Possible in tenants only."),
    optional("mapping-rules", Kind::Texts, "Ids of mapping rules. Users and clients with matching tokens are members."),
];

/// Whether a shape has a member.
pub(super) fn has(shape: Shape, name: &str) -> bool {
    members(shape).any(|member| member.name == name)
}

fn members(shape: Shape) -> impl Iterator<Item = &'static Member> {
    shape.iter().flat_map(|members| members.iter())
}

impl PolicyDocument {
    /// Returns the JSON schema (2020-12) of documents, for editors. It does not express all rules.
    #[must_use]
    pub fn schema() -> Value {
        let Value::Object(shape) = object(DOCUMENT) else { return Value::Null };
        let mut schema = Map::new();
        schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        schema.insert("title".to_owned(), json!("Policy document"));
        schema.extend(shape);
        Value::Object(schema)
    }
}

fn object(shape: Shape) -> Value {
    let properties: Map<String, Value> =
        members(shape).map(|member| (member.name.to_owned(), property(member))).collect();
    let required: Vec<&str> = members(shape).filter(|member| member.is_required).map(|member| member.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn property(member: &Member) -> Value {
    let mut schema = match &member.kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Word(words) => json!({"enum": words}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Scalar => scalar(),
        Kind::Scalars => json!({"type": "array", "items": scalar()}),
        Kind::Objects(shape) => json!({"type": "array", "items": object(shape)}),
        Kind::Condition => json!({"type": ["array", "string"], "items": object(COMPARISON)}),
        Kind::Named(shape) => json!({"type": "object", "additionalProperties": object(shape)}),
    };
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), json!(member.description));
    }
    schema
}

fn scalar() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}
