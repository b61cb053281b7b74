use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Condition, Field, Fields, Party, unknown};
use crate::value::{AuthorizationKey, InvalidValue, PermissionName, PropertyName, ResourceId, ResourceTypeName};

/// A grant of permissions on resources of one type to an owner. Authorizations are only additive: none can deny access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// Unique key, assigned when the authorization is created. Never reused.
    pub key: AuthorizationKey,
    /// Party that receives the permissions; for a group, role or mapping rule, all of its members, holders or matches.
    pub owner: Party,
    /// Type of the resources, such as `PROCESS_DEFINITION`.
    pub resource_type: ResourceTypeName,
    /// Which resources of the type the authorization covers: all, one, or those with a property that names the caller.
    pub scope: Scope,
    /// Granted permissions, such as `READ`. Never empty.
    pub permissions: BTreeSet<PermissionName>,
    /// Condition that must hold in addition. `None` grants unconditionally. Allowed on custom resource types only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
}

impl Authorization {
    /// Fields without the key, as the audit log compares them.
    pub(crate) fn fields(&self) -> Fields<'_> {
        let Self { key: _, owner, resource_type, scope, permissions, condition } = self;
        let property = if let Scope::Property(name) = scope { Some(name.as_str()) } else { None };
        vec![
            ("resourceType", Field::text(resource_type.as_str())),
            ("resourceId", Field::optional(scope.resource_id())),
            ("resourcePropertyName", Field::optional(property)),
            ("permissions", Field::set(permissions.iter().map(PermissionName::as_str))),
            ("condition", Field::Text(condition.as_ref().map(|condition| condition.to_string().into()))),
            ("ownerType", Field::text(owner.kind_name())),
            ("ownerId", Field::text(owner.id())),
        ]
    }
}

/// The resources of a type that an authorization covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "match", content = "value", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scope {
    /// All resources of the type: resource id `*` in the APIs.
    Any,
    /// Only the resource with this id.
    Id(ResourceId),
    /// Resources with a property that names the caller, such as `assignee`, `candidateUsers` or `candidateGroups` of a
    /// user task.
    Property(PropertyName),
}

impl Scope {
    /// Kind of the scope in the APIs and in the store: `ANY`, `ID` or `PROPERTY`.
    #[must_use]
    pub fn match_name(&self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::Id(_) => "ID",
            Self::Property(_) => "PROPERTY",
        }
    }

    /// Resource id or property name that is stored beside the kind. `None` for all resources.
    #[must_use]
    pub fn match_value(&self) -> Option<&str> {
        match self {
            Self::Any => None,
            Self::Id(id) => Some(id.as_str()),
            Self::Property(name) => Some(name.as_str()),
        }
    }

    /// Creates a scope from its kind (`ANY`, `ID` or `PROPERTY`) and its value.
    ///
    /// # Errors
    /// If the kind is unknown, `ANY` has a value, or another kind has no valid value.
    pub fn parse(match_name: &str, value: Option<&str>) -> Result<Self, InvalidValue> {
        match (match_name, value) {
            ("ANY", None) => Ok(Self::Any),
            ("ID", Some(id)) => ResourceId::parse(id).map(Self::Id),
            ("PROPERTY", Some(name)) => PropertyName::parse(name).map(Self::Property),
            _ => Err(unknown("resource match", "ANY without a value, or ID or PROPERTY with one")),
        }
    }

    /// Returns the resource id for the APIs: `*` for all resources, `None` for a property.
    #[must_use]
    pub fn resource_id(&self) -> Option<&str> {
        match self {
            Self::Any => Some("*"),
            Self::Id(id) => Some(id.as_str()),
            Self::Property(_) => None,
        }
    }

    /// Parses a resource id from the APIs. `*` becomes [`Scope::Any`].
    ///
    /// # Errors
    /// If the text is neither `*` nor a valid resource id.
    pub fn from_resource_id(text: &str) -> Result<Self, InvalidValue> {
        if text == "*" { Ok(Self::Any) } else { ResourceId::parse(text).map(Self::Id) }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Id(id) => id.fmt(f),
            Self::Property(name) => write!(f, "property `{name}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_written() {
        for columns in [("ANY", None), ("ID", Some("i")), ("PROPERTY", Some("assignee"))] {
            let scope = Scope::parse(columns.0, columns.1).unwrap();
            assert_eq!((scope.match_name(), scope.match_value()), columns);
        }
        for columns in [("ANY", Some("*")), ("ID", Some("*")), ("ID", None)] {
            assert!(Scope::parse(columns.0, columns.1).is_err(), "{columns:?}");
        }
    }
}
