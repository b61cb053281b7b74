//! Resource types and what can be done with them, as data.
//!
//! The table is a value of the world's: operators add types of their own, so nothing matches on a type's name.

mod standard;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::entity::CustomType;
use crate::value::{PermissionName, PropertyName, ResourceTypeName};

/// Which API a resource type belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The Orchestration Cluster's types (orchestration reference §3).
    Cluster,
    /// Management Identity's types (management reference §5.5).
    Management,
    /// This service's own.
    Identity,
    /// The operator's.
    Custom,
}

/// A kind of resource.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// Its name.
    pub name: ResourceTypeName,
    /// Whose it is.
    pub family: Family,
    /// What can be done with it, in alphabetical order. At most 64.
    pub permissions: Vec<PermissionName>,
    /// The properties that an authorization may name in place of an id.
    pub properties: Vec<PropertyName>,
}

/// All resource types.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The built-in types, then the operator's, each in its place for ever. What was removed has no entry in `by_name`.
    types: Vec<ResourceType>,
    by_name: HashMap<ResourceTypeName, TypeIndex, RandomState>,
    built_in: usize,
}

/// The place of a type in its matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeIndex(pub(crate) u16);

/// A permission that its resource type supports. Pairs that do not exist cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    pub(crate) resource_type: TypeIndex,
    pub(crate) permissions: PermissionSet,
}

/// Permissions of one resource type, as bits in the order of [`ResourceType::permissions`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(pub(crate) u64);

impl PermissionSet {
    /// Whatever there is.
    pub(crate) const ALL: Self = Self(u64::MAX);

    pub(crate) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Why there is no such pair.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownAccess {
    /// No resource type of that name.
    #[error("there is no resource type `{0}`")]
    ResourceType(String),
    /// The type does not have that permission.
    #[error("`{resource_type}` does not support `{permission}`; it supports {}", .supported.join(", "))]
    Permission {
        /// The type.
        resource_type: String,
        /// What was asked for.
        permission: String,
        /// What there is.
        supported: Vec<String>,
    },
    /// The type does not have that property.
    #[error("`{resource_type}` has no property `{property}`; it has {}", if .supported.is_empty() { "none".to_owned() } else { .supported.join(", ") })]
    Property {
        /// The type.
        resource_type: String,
        /// What was asked for.
        property: String,
        /// What there is.
        supported: Vec<String>,
    },
}

impl Matrix {
    /// The built-in types.
    #[must_use]
    pub fn standard() -> Arc<Self> {
        static STANDARD: std::sync::LazyLock<Arc<Matrix>> = std::sync::LazyLock::new(|| Arc::new(standard::matrix()));
        Arc::clone(&STANDARD)
    }

    fn new(types: Vec<ResourceType>) -> Self {
        let by_name = (0u16..).zip(&types).map(|(index, kind)| (kind.name.clone(), TypeIndex(index))).collect();
        Self { built_in: types.len(), types, by_name }
    }

    /// The types: built-in ones in the order of their names within a family, then the operator's.
    pub fn types(&self) -> impl Iterator<Item = &ResourceType> {
        let here = |(place, kind): &(u16, &ResourceType)| {
            usize::from(*place) < self.built_in || self.index(kind.name.as_str()) == Some(TypeIndex(*place))
        };
        (0u16..).zip(&self.types).filter(here).map(|(_, kind)| kind)
    }

    /// The type of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&ResourceType> {
        self.get(self.index(name)?)
    }

    /// Whether the name is a built-in type's.
    #[must_use]
    pub fn is_built_in(&self, name: &str) -> bool {
        self.index(name).is_some_and(|index| usize::from(index.0) < self.built_in)
    }

    /// The same matrix with one more type, as a world that has it sees it.
    #[must_use]
    pub fn with_custom(&self, kind: &CustomType) -> Self {
        let place = self.index(kind.name.as_str()).or_else(|| u16::try_from(self.types.len()).ok().map(TypeIndex));
        place.map_or_else(|| self.clone(), |place| self.with(place, kind.into()))
    }

    /// The place of the operator's type of this ordinal, which the world's names count.
    pub(crate) fn place_of_custom(&self, ordinal: usize) -> Option<TypeIndex> {
        u16::try_from(self.built_in + ordinal).ok().map(TypeIndex)
    }

    /// The same matrix with an operator's type put in its place.
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

    /// The same matrix without an operator's type.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut matrix = self.clone();
        matrix.by_name.remove(name);
        matrix
    }

    /// The places of all types.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = TypeIndex> {
        (0..).take(self.types.len()).map(TypeIndex)
    }

    /// The place of the type of this name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<TypeIndex> {
        self.by_name.get(name).copied()
    }

    /// The type at this place. `None` for a place in another matrix.
    #[must_use]
    pub fn get(&self, index: TypeIndex) -> Option<&ResourceType> {
        self.types.get(usize::from(index.0))
    }

    /// One permission of one type.
    ///
    /// # Errors
    /// When there is no such type, or the type has no such permission.
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

    /// The names of the permissions in `set`.
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
        let matrix = Matrix::standard();
        let cluster: Vec<_> = matrix.types().filter(|kind| kind.family == Family::Cluster).collect();
        let pairs: Vec<_> = cluster.iter().flat_map(|kind| &kind.permissions).collect();
        let distinct: std::collections::BTreeSet<_> = pairs.iter().collect();
        assert_eq!((cluster.len(), pairs.len(), distinct.len()), (23, 91, 47));
    }

    #[test]
    fn permissions_fit_the_set_and_are_in_order() {
        for kind in Matrix::standard().types() {
            assert!(kind.permissions.len() <= 64 && kind.permissions.is_sorted(), "{}", kind.name);
        }
    }

    #[test]
    fn an_unsupported_pair_says_what_is_supported() {
        let error = Matrix::standard().access("MESSAGE", "DELETE").unwrap_err();
        assert_eq!(error.to_string(), "`MESSAGE` does not support `DELETE`; it supports CREATE, READ");
        assert!(matches!(Matrix::standard().access("NOTHING", "READ"), Err(UnknownAccess::ResourceType(_))));
    }
}
