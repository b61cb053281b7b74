use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Condition, Party};
use crate::value::{AuthorizationKey, PermissionName, PropertyName, ResourceId, ResourceTypeName};

/// An owner may do these things with these resources. Authorizations only ever add; there is no deny.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// The authorization's key.
    pub key: AuthorizationKey,
    /// Who is given something.
    pub owner: Party,
    /// The kind of resource.
    pub resource_type: ResourceTypeName,
    /// Which resources of that kind.
    pub scope: Scope,
    /// What may be done with them. Never empty.
    pub permissions: BTreeSet<PermissionName>,
    /// What must hold besides; only on operators' types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
}

/// Which resources of a type an authorization is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "match", content = "value", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scope {
    /// All of them: `*` on the wire.
    Any,
    /// One.
    Id(ResourceId),
    /// Those whose property names the caller: `assignee`, `candidateUsers`, `candidateGroups` of a user task.
    Property(PropertyName),
}

impl Scope {
    /// The resource id on the wire: `*` for all, none for a property.
    #[must_use]
    pub fn resource_id(&self) -> Option<&str> {
        match self {
            Self::Any => Some("*"),
            Self::Id(id) => Some(id.as_str()),
            Self::Property(_) => None,
        }
    }

    /// # Errors
    /// When the text is neither `*` nor a resource id.
    pub fn from_resource_id(text: &str) -> Result<Self, crate::value::InvalidValue> {
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
