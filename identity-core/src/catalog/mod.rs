//! Catalog of resource types and their permissions, against which authorizations and access requests are validated.
//!
//! Resource types are data, not an `enum`, because operators add their own. The catalog is part of the world.

mod standard;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::entity::CustomType;
use crate::value::{Params, PermissionName, PropertyName, ResourceTypeName};

/// Resource type of authorizations that permit requesting decisions from this service. Its resource id is the name of
/// the resource type that a decision is about.
pub(crate) const POLICY_DECISION: &str = "POLICY_DECISION";
/// Pseudo resource type of APIs in evaluation requests: the resource id is an audience, the action one of the
/// permissions of the API.
pub(crate) const API: &str = "api";
/// Pseudo resource type of tenants in evaluation requests. The only action is [`MEMBERSHIP`].
pub(crate) const TENANT: &str = "tenant";
/// Action on [`TENANT`] that is allowed if the subject is a member of the tenant.
pub(crate) const MEMBERSHIP: &str = "ACCESS";

/// API or owner to which a resource type belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Built-in types of the Orchestration Cluster (docs/reference/orchestration-cluster.md §3).
    Cluster,
    /// Built-in types of Management Identity (docs/reference/management-api.md §5.5).
    Management,
    /// Built-in types of this service itself.
    Identity,
    /// Types that operators define for their own applications.
    Custom,
}

/// A resource type with the permissions that authorizations can grant on it.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// Name of the type, such as `PROCESS_DEFINITION`.
    pub name: ResourceTypeName,
    /// API or owner to which the type belongs.
    pub family: Family,
    /// Permissions of the type, such as `READ`: at most 64, in alphabetical order.
    pub permissions: Vec<PermissionName>,
    /// Properties of the type. On a built-in type, an authorization may name a property instead of a resource id. On a
    /// custom type, conditions may read them.
    pub properties: Vec<PropertyName>,
}

/// All resource types, built-in and custom, with look-up by name and by index.
#[derive(Clone, Debug)]
pub struct ResourceCatalog {
    /// Built-in types, then custom types. The index of a type never changes. A removed type keeps its index, but has no
    /// entry in `by_name`.
    types: Vec<ResourceType>,
    by_name: HashMap<ResourceTypeName, TypeIndex, RandomState>,
    built_in: usize,
}

/// Index of a resource type in its catalog. It stays valid when types are added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeIndex(pub(crate) u16);

/// A resource type and a permission that it supports. [`ResourceCatalog::access`] validates the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    pub(crate) resource_type: TypeIndex,
    pub(crate) permissions: PermissionSet,
}

/// Permissions of one resource type as a bit set: bit `n` stands for element `n` of [`ResourceType::permissions`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(pub(crate) u64);

impl PermissionSet {
    /// Every permission that a type may have.
    pub(crate) const ALL: Self = Self(u64::MAX);

    pub(crate) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Error for a resource type, permission or property that the catalog does not contain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownAccess {
    /// The catalog has no resource type with this name.
    #[error("resource type `{0}` does not exist")]
    ResourceType(String),
    /// The resource type exists but does not support the permission.
    #[error("`{resource_type}` does not support `{permission}`; it supports {}", .supported.join(", "))]
    Permission {
        /// Name of the requested resource type.
        resource_type: String,
        /// Permission that was requested.
        permission: String,
        /// Permissions that the type supports, for the error message.
        supported: Vec<String>,
    },
    /// The resource type exists but does not have the property.
    #[error("`{resource_type}` has no property `{property}`; it has {}", if .supported.is_empty() { "none".to_owned() } else { .supported.join(", ") })]
    Property {
        /// Name of the requested resource type.
        resource_type: String,
        /// Property that was requested.
        property: String,
        /// Properties that the type has, for the error message. May be empty.
        supported: Vec<String>,
    },
}

impl UnknownAccess {
    /// Returns the parameters of the error: `what` is unknown (`type`, `permission` or `property`), its `name`, the resource
    /// `type`, and what the type supports.
    #[must_use]
    pub fn params(&self) -> Params {
        let (what, name, resource_type, supported) = match self {
            Self::ResourceType(name) => ("type", name, name, String::new()),
            Self::Permission { resource_type, permission, supported } => {
                ("permission", permission, resource_type, supported.join(", "))
            }
            Self::Property { resource_type, property, supported } => {
                ("property", property, resource_type, supported.join(", "))
            }
        };
        Params::from([
            ("what", what.into()),
            ("name", name.as_str().into()),
            ("type", resource_type.as_str().into()),
            ("supported", supported.into()),
        ])
    }
}

impl ResourceCatalog {
    /// Returns the catalog of the built-in types. It is created once and shared.
    #[must_use]
    pub fn standard() -> Arc<Self> {
        static STANDARD: std::sync::LazyLock<Arc<ResourceCatalog>> =
            std::sync::LazyLock::new(|| Arc::new(standard::catalog()));
        Arc::clone(&STANDARD)
    }

    fn new(types: Vec<ResourceType>) -> Self {
        let by_name = (0u16..).zip(&types).map(|(index, kind)| (kind.name.clone(), TypeIndex(index))).collect();
        Self { built_in: types.len(), types, by_name }
    }

    /// Returns all types that are not removed: built-in types by family and name, then custom types by index.
    pub fn types(&self) -> impl Iterator<Item = &ResourceType> {
        let here = |(place, kind): &(u16, &ResourceType)| {
            usize::from(*place) < self.built_in || self.index(kind.name.as_str()) == Some(TypeIndex(*place))
        };
        (0u16..).zip(&self.types).filter(here).map(|(_, kind)| kind)
    }

    /// Returns the type with this name. `None` if there is none or it was removed.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&ResourceType> {
        self.get(self.index(name)?)
    }

    /// Returns true if a built-in type has this name. Names are case-sensitive.
    #[must_use]
    pub fn is_built_in(&self, name: &str) -> bool {
        self.index(name).is_some_and(|index| usize::from(index.0) < self.built_in)
    }

    /// Returns a copy of the catalog in which the custom type is added, or replaces the type of the same name. The copy
    /// is unchanged if all 65,536 indexes are used.
    #[must_use]
    pub fn with_custom(&self, kind: &CustomType) -> Self {
        let place = self.index(kind.name.as_str()).or_else(|| u16::try_from(self.types.len()).ok().map(TypeIndex));
        place.map_or_else(|| self.clone(), |place| self.with(place, kind.into()))
    }

    /// Returns the index of the custom type with this ordinal, which the world assigns from 0. `None` if the index
    /// would exceed `u16::MAX`.
    pub(crate) fn place_of_custom(&self, ordinal: usize) -> Option<TypeIndex> {
        u16::try_from(self.built_in + ordinal).ok().map(TypeIndex)
    }

    /// Returns a copy of the catalog with this type at this index.
    pub(crate) fn with(&self, place: TypeIndex, kind: ResourceType) -> Self {
        let mut matrix = self.clone();
        let index = usize::from(place.0);
        while matrix.types.len() <= index {
            matrix.types.push(ResourceType { permissions: Vec::new(), properties: Vec::new(), ..kind.clone() });
        }
        matrix.by_name.insert(kind.name.clone(), place);
        if let Some(old) = matrix.types.get_mut(index) {
            *old = kind;
        }
        matrix
    }

    /// Returns a copy of the catalog in which the type with this name is removed. Its index stays reserved.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut matrix = self.clone();
        matrix.by_name.remove(name);
        matrix
    }

    /// Returns the indexes of all types, including those of removed types.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = TypeIndex> {
        (0..).take(self.types.len()).map(TypeIndex)
    }

    /// Returns the index of the type with this name. `None` if there is none or it was removed.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<TypeIndex> {
        self.by_name.get(name).copied()
    }

    /// Returns the type at this index, even if it was removed. `None` if the index is out of range, which an index of
    /// another catalog may be.
    #[must_use]
    pub fn get(&self, index: TypeIndex) -> Option<&ResourceType> {
        self.types.get(usize::from(index.0))
    }

    /// Returns the pair of a resource type and a permission, for decisions.
    ///
    /// # Errors
    /// If the type does not exist or does not support the permission. The error lists the supported permissions.
    pub fn access(&self, resource_type: &str, permission: &str) -> Result<Access, UnknownAccess> {
        let (resource_type, permissions) = self.set(resource_type, [permission])?;
        Ok(Access { resource_type, permissions })
    }

    pub(crate) fn set<'p>(
        &self,
        resource_type: &str,
        permissions: impl IntoIterator<Item = &'p str>,
    ) -> Result<(TypeIndex, PermissionSet), UnknownAccess> {
        let unknown = || UnknownAccess::ResourceType(resource_type.to_owned());
        let index = self.index(resource_type).ok_or_else(unknown)?;
        let kind = self.get(index).ok_or_else(unknown)?;
        let mut bits = 0;
        for permission in permissions {
            let position = kind.permissions.iter().position(|known| known.as_str() == permission).ok_or_else(|| {
                UnknownAccess::Permission {
                    resource_type: resource_type.to_owned(),
                    permission: permission.to_owned(),
                    supported: kind.permissions.iter().map(ToString::to_string).collect(),
                }
            })?;
            bits |= 1 << position;
        }
        Ok((index, PermissionSet(bits)))
    }

    pub(crate) fn property(&self, index: TypeIndex, property: &PropertyName) -> Result<(), UnknownAccess> {
        let kind = self.get(index).ok_or_else(|| UnknownAccess::ResourceType(String::new()))?;
        if kind.properties.contains(property) {
            return Ok(());
        }
        Err(UnknownAccess::Property {
            resource_type: kind.name.to_string(),
            property: property.to_string(),
            supported: kind.properties.iter().map(ToString::to_string).collect(),
        })
    }

    /// Returns the names of the permissions in `set`, in alphabetical order. Empty if the index is out of range.
    pub(crate) fn names(&self, index: TypeIndex, set: PermissionSet) -> impl Iterator<Item = &PermissionName> {
        self.get(index)
            .into_iter()
            .flat_map(|kind| kind.permissions.iter().enumerate())
            .filter(move |(position, _)| set.0 & (1 << position) != 0)
            .map(|(_, name)| name)
    }
}

impl From<&CustomType> for ResourceType {
    fn from(kind: &CustomType) -> Self {
        Self {
            name: kind.name.clone(),
            family: Family::Custom,
            permissions: kind.permissions.iter().cloned().collect(),
            properties: kind.properties.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_has_23_types_91_pairs_and_47_distinct_permissions() {
        let matrix = ResourceCatalog::standard();
        let cluster: Vec<_> = matrix.types().filter(|kind| kind.family == Family::Cluster).collect();
        let pairs: Vec<_> = cluster.iter().flat_map(|kind| &kind.permissions).collect();
        let distinct: std::collections::BTreeSet<_> = pairs.iter().collect();
        assert_eq!((cluster.len(), pairs.len(), distinct.len()), (23, 91, 47));
    }

    #[test]
    fn permissions_fit_the_set_and_are_in_order() {
        for kind in ResourceCatalog::standard().types() {
            assert!(kind.permissions.len() <= 64 && kind.permissions.is_sorted(), "{}", kind.name);
        }
    }

    #[test]
    fn an_unsupported_pair_says_what_is_supported() {
        let error = ResourceCatalog::standard().access("MESSAGE", "DELETE").unwrap_err();
        assert_eq!(error.to_string(), "`MESSAGE` does not support `DELETE`; it supports CREATE, READ");
        assert!(matches!(ResourceCatalog::standard().access("NOTHING", "READ"), Err(UnknownAccess::ResourceType(_))));
    }
}
