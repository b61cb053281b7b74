//! Questions: what somebody wants to do, in the terms of the model.

use serde_json::Value;

use super::Facts;
use crate::matrix::{Access, Matrix, UnknownAccess};
use crate::value::{PropertyName, TenantId};

/// May this caller do this?
#[derive(Clone, Copy, Debug)]
pub enum Question<'q> {
    /// Does a role of theirs hold this permission of an API? Compared literally.
    Permission {
        /// The API's audience.
        audience: &'q str,
        /// The permission's definition.
        definition: &'q str,
    },
    /// Do they have this access to a resource?
    Resource {
        /// The type and permission.
        access: Access,
        /// Which resource.
        target: Target<'q>,
    },
    /// Are they in this tenant? A dimension of its own: no authorization stands in for it (orchestration reference §4.6).
    Tenant(&'q TenantId),
}

/// Which resource a question is about.
#[derive(Clone, Copy, Debug)]
pub enum Target<'q> {
    /// All resources of the type, or one that does not exist yet: only a grant on all of them answers.
    All,
    /// The resource of this id.
    Id(&'q str),
    /// A resource that has an id and properties.
    WithProperties(&'q str, &'q [Property<'q>]),
    /// A resource, or all of them, about which and about whose user something is said, for conditions to look at.
    Described(Option<&'q str>, &'q Facts<'q>),
}

/// A property of a resource: `assignee`, `candidateUsers`, `candidateGroups`.
#[derive(Clone, Copy, Debug)]
pub struct Property<'q> {
    /// The property's name, one of its type's.
    pub name: &'q str,
    /// Its value: of `assignee` a username, of `candidateUsers` a list of them, of `candidateGroups` a list of group ids.
    pub value: &'q Value,
}

impl<'q> Question<'q> {
    /// Asks for a permission of an API.
    #[must_use]
    pub fn permission(audience: &'q str, definition: &'q str) -> Self {
        Self::Permission { audience, definition }
    }

    /// Asks for access to one resource.
    ///
    /// # Errors
    /// When there is no such resource type, or it has no such permission.
    pub fn resource(
        matrix: &Matrix,
        resource_type: &str,
        permission: &str,
        id: &'q str,
    ) -> Result<Self, UnknownAccess> {
        Ok(Self::Resource { access: matrix.access(resource_type, permission)?, target: Target::Id(id) })
    }

    /// Asks for access to all resources of a type, as creating one needs.
    ///
    /// # Errors
    /// As [`Question::resource`].
    pub fn all_resources(matrix: &Matrix, resource_type: &str, permission: &str) -> Result<Self, UnknownAccess> {
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

    /// The resource's properties of these names, those that it has.
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
