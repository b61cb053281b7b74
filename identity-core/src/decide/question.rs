//! Questions: the input of a decision, consisting of an action and its target.

use serde_json::{Map, Value};

use crate::catalog::{Access, ResourceCatalog, UnknownAccess};
use crate::entity::{PropertyOf, PropertyPath};
use crate::value::{Claims, PropertyName, TenantId};

/// Question whether a caller is permitted to perform an action.
#[derive(Clone, Copy, Debug)]
pub enum Question<'q> {
    /// Does the caller hold this permission of an API, through a role or their token? Values are compared literally.
    Permission {
        /// Audience that identifies the API.
        audience: &'q str,
        /// Name of the permission on the API, such as `write:*`.
        definition: &'q str,
    },
    /// Does the caller have this access to a resource?
    Resource {
        /// Resource type, and permissions of which one is sufficient.
        access: Access,
        /// Resource to be accessed, or all resources of the type.
        target: Target<'q>,
    },
    /// Is the caller a member of this tenant? Authorizations never imply tenant membership
    /// (docs/reference/orchestration-cluster.md §4.6).
    Tenant(&'q TenantId),
}

/// Resource that a question refers to.
#[derive(Clone, Copy, Debug)]
pub enum Target<'q> {
    /// All resources of the type, or one that does not exist yet. Only a grant on all resources allows the access.
    All,
    /// Resource with this id, without properties. Neither conditional grants nor grants by property apply.
    Id(&'q str),
    /// Resource with this id and with properties that can name the caller. Conditional grants do not apply.
    WithProperties(&'q str, &'q [Property<'q>]),
    /// Resource with this id, or all resources if there is none, with the properties on which conditions are evaluated.
    Described(Option<&'q str>, &'q Facts<'q>),
}

/// Property of a resource: `assignee`, `candidateUsers` or `candidateGroups`.
#[derive(Clone, Copy, Debug)]
pub struct Property<'q> {
    /// Name of a property that the resource type defines.
    pub name: &'q str,
    /// Value: a username for `assignee`, a list of usernames for `candidateUsers`, a list of group ids for
    /// `candidateGroups`.
    pub value: &'q Value,
}

/// Properties of the caller, the resource and the action, on which conditions are evaluated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'q> {
    /// Claims of the caller's token, for paths such as `subject.department`. They take precedence over `subject`.
    pub claims: Option<&'q Claims>,
    /// Properties of the caller that the request supplies.
    pub subject: Option<&'q Map<String, Value>>,
    /// Properties of the resource, for paths such as `resource.owner`.
    pub resource: Option<&'q Map<String, Value>>,
    /// Properties of the action, for paths such as `action.amount`.
    pub action: Option<&'q Map<String, Value>>,
}

impl<'q> Facts<'q> {
    /// Returns the value of the property at `path`, or `None` if it is missing or null.
    pub(super) fn get(&self, path: &PropertyPath) -> Option<&'q Value> {
        let in_map = |map: Option<&'q Map<String, Value>>| map.and_then(|map| map.get(path.name.as_str()));
        let found = match path.of {
            PropertyOf::Subject => {
                let claimed = self.claims.and_then(|claims| claims.as_value().get(path.name.as_str()));
                claimed.or_else(|| in_map(self.subject))
            }
            PropertyOf::Resource => in_map(self.resource),
            PropertyOf::Action => in_map(self.action),
        };
        found.filter(|value| !value.is_null())
    }
}

impl<'q> Question<'q> {
    /// Creates the question whether the caller holds the permission `definition` of the API `audience`.
    #[must_use]
    pub fn permission(audience: &'q str, definition: &'q str) -> Self {
        Self::Permission { audience, definition }
    }

    /// Creates the question whether the caller has a permission on the resource with this id.
    ///
    /// # Errors
    /// If the resource type does not exist or does not have the permission.
    pub fn resource(
        matrix: &ResourceCatalog,
        resource_type: &str,
        permission: &str,
        id: &'q str,
    ) -> Result<Self, UnknownAccess> {
        Ok(Self::Resource { access: matrix.access(resource_type, permission)?, target: Target::Id(id) })
    }

    /// Creates the question whether the caller has a permission on all resources of a type, for example to create one.
    ///
    /// # Errors
    /// If the resource type does not exist or does not have the permission.
    pub fn all_resources(
        matrix: &ResourceCatalog,
        resource_type: &str,
        permission: &str,
    ) -> Result<Self, UnknownAccess> {
        Ok(Self::Resource { access: matrix.access(resource_type, permission)?, target: Target::All })
    }
}

impl<'q> Target<'q> {
    pub(crate) fn id(self) -> Option<&'q str> {
        match self {
            Self::All => None,
            Self::Id(id) | Self::WithProperties(id, _) => Some(id),
            Self::Described(id, _) => id,
        }
    }

    /// Returns the properties of the resource whose names are in `names`. Empty if the target has no properties.
    pub(crate) fn properties<'n>(self, names: &'n [PropertyName]) -> impl Iterator<Item = Property<'n>> + use<'n, 'q>
    where
        'q: 'n,
    {
        names.iter().filter_map(move |name| {
            let name = name.as_str();
            let value = match self {
                Self::All | Self::Id(_) => None,
                Self::WithProperties(_, given) => {
                    given.iter().find(|given| given.name == name).map(|given| given.value)
                }
                Self::Described(_, facts) => facts.resource.and_then(|resource| resource.get(name)),
            };
            value.map(|value| Property { name, value })
        })
    }

    pub(crate) fn facts(self) -> Option<&'q Facts<'q>> {
        match self {
            Self::Described(_, facts) => Some(facts),
            Self::All | Self::Id(_) | Self::WithProperties(..) => None,
        }
    }
}
