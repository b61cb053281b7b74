//! Catalog of resource types and their permissions.
//!
//! Resource types are data, not an `enum`, because operators add their own. The catalog is part of the world.

mod standard;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::entity::CustomType;
use crate::value::{PermissionName, PropertyName, ResourceTypeName};

/// Resource type of authorizations that permit requesting decisions from this service. The resource id is the name of
/// the resource type that a decision is about.
pub(crate) const POLICY_DECISION: &str = "POLICY_DECISION";
/// Resource type that stands for APIs in evaluation requests: the resource id is an audience, the action one of the
/// API's permissions.
pub(crate) const API: &str = "api";
/// Resource type that stands for tenants in evaluation requests: the only action is [`MEMBERSHIP`].
pub(crate) const TENANT: &str = "tenant";
/// Action on tenants: it tests whether the subject is a member of the tenant.
pub(crate) const MEMBERSHIP: &str = "ACCESS";

/// API that a resource type belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Types of the Orchestration Cluster (docs/reference/orchestration-cluster.md §3).
    Cluster,
    /// Types of Management Identity (docs/reference/management-api.md §5.5).
    Management,
    /// Types of this service.
    Identity,
    /// Custom types of the operator.
    Custom,
}

/// Resource type.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// Name of the type.
    pub name: ResourceTypeName,
    /// API that the type belongs to.
    pub family: Family,
    /// Permissions of the type, at most 64, in alphabetical order.
    pub permissions: Vec<PermissionName>,
    /// Properties of the type. On built-in types, an authorization may name a property instead of an id. On custom
    /// types, conditions may compare them.
    pub properties: Vec<PropertyName>,
}

/// All resource types.
#[derive(Clone, Debug)]
pub struct ResourceCatalog {
    /// Built-in types, then custom types. The index of a type never changes. A removed type keeps its index, but has no
    /// entry in `by_name`.
    types: Vec<ResourceType>,
    by_name: HashMap<ResourceTypeName, TypeIndex, RandomState>,
    built_in: usize,
}

/// Index of a resource type in its catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeIndex(pub(crate) u16);

/// Resource type with a permission that it supports. An unsupported pair cannot be constructed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    pub(crate) resource_type: TypeIndex,
    pub(crate) permissions: PermissionSet,
}

/// Permissions of one resource type, as bits in the order of [`ResourceType::permissions`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(pub(crate) u64);

impl PermissionSet {
    /// All permissions.
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

/// Unknown resource type, permission or property.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownAccess {
    /// The resource type does not exist.
    #[error("resource type `{0}` does not exist")]
    ResourceType(String),
    /// The resource type does not have the permission.
    #[error("`{resource_type}` does not support `{permission}`; it supports {}", .supported.join(", "))]
    Permission {
        /// Name of the resource type.
        resource_type: String,
        /// Requested permission.
        permission: String,
        /// Permissions of the type.
        supported: Vec<String>,
    },
    /// The resource type does not have the property.
    #[error("`{resource_type}` has no property `{property}`; it has {}", if .supported.is_empty() { "none".to_owned() } else { .supported.join(", ") })]
    Property {
        /// Name of the resource type.
        resource_type: String,
        /// Requested property.
        property: String,
        /// Properties of the type.
        supported: Vec<String>,
    },
}

impl ResourceCatalog {
    /// Returns the catalog of the built-in types.
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

    /// Returns the types: built-in ones by family and name, then custom ones.
    pub fn types(&self) -> impl Iterator<Item = &ResourceType> {
        let here = |(place, kind): &(u16, &ResourceType)| {
            usize::from(*place) < self.built_in || self.index(kind.name.as_str()) == Some(TypeIndex(*place))
        };
        (0u16..).zip(&self.types).filter(here).map(|(_, kind)| kind)
    }

    /// Returns the type with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&ResourceType> {
        self.get(self.index(name)?)
    }

    /// Returns whether a built-in type has this name.
    #[must_use]
    pub fn is_built_in(&self, name: &str) -> bool {
        self.index(name).is_some_and(|index| usize::from(index.0) < self.built_in)
    }

    /// Returns a copy of the catalog with a custom type added or replaced.
    #[must_use]
    pub fn with_custom(&self, kind: &CustomType) -> Self {
        let place = self.index(kind.name.as_str()).or_else(|| u16::try_from(self.types.len()).ok().map(TypeIndex));
        place.map_or_else(|| self.clone(), |place| self.with(place, kind.into()))
    }

    /// Returns the index for the custom type with this ordinal, which the world assigns. `None` if the catalog is full.
    pub(crate) fn place_of_custom(&self, ordinal: usize) -> Option<TypeIndex> {
        u16::try_from(self.built_in + ordinal).ok().map(TypeIndex)
    }

    /// Returns a copy of the catalog with a custom type at this index.
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

    /// Returns a copy of the catalog without a custom type.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut matrix = self.clone();
        matrix.by_name.remove(name);
        matrix
    }

    /// Returns the indexes of all types, including removed ones.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = TypeIndex> {
        (0..).take(self.types.len()).map(TypeIndex)
    }

    /// Returns the index of the type with this name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<TypeIndex> {
        self.by_name.get(name).copied()
    }

    /// Returns the type at this index. `None` if the index is out of range, as it may be for one of another catalog.
    #[must_use]
    pub fn get(&self, index: TypeIndex) -> Option<&ResourceType> {
        self.types.get(usize::from(index.0))
    }

    /// Returns the access for one permission of one type.
    ///
    /// # Errors
    /// If the type does not exist or does not have the permission.
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

    /// Returns the names of the permissions in `set`.
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
