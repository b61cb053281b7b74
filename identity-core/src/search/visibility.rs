//! Which resources of a type somebody may see: searches show those and count those, and never say no.

use std::collections::BTreeSet;

use crate::entity::Scope;
use crate::matrix::{Access, UnknownAccess};
use crate::resolve::Subject;
use crate::world::World;

/// The resources of one type for which somebody has a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    /// All of them.
    All,
    /// These, possibly none.
    Only(BTreeSet<String>),
}

impl Visible {
    /// Whether a resource is among them.
    #[must_use]
    pub fn includes(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(id),
        }
    }
}

/// The resources for which `subject` has a permission. Costs what the subject has, not what there is.
///
/// # Errors
/// When there is no such resource type, or it has no such permission.
pub fn visible(
    world: &World,
    subject: &Subject,
    resource_type: &str,
    permission: &str,
) -> Result<Visible, UnknownAccess> {
    let access = world.matrix().access(resource_type, permission)?;
    let on_all = world.run_on_any(access.resource_type);
    if on_all.is_some_and(|run| run.find(subject.owners(), access.permissions).is_some()) {
        return Ok(Visible::All);
    }
    let ids = granted(world, subject, access).filter_map(|scope| match scope {
        Scope::Id(id) => Some(id.to_string()),
        Scope::Any | Scope::Property(_) => None,
    });
    Ok(Visible::Only(ids.collect()))
}

/// What an access is granted on to a subject, through any of its owners: a resource, all of them, or a property.
pub fn granted<'w>(world: &'w World, subject: &'w Subject, access: Access) -> impl Iterator<Item = &'w Scope> {
    subject
        .owners()
        .iter()
        .flat_map(|owner| world.records_of(owner))
        .filter(move |(_, record)| record.gives(access))
        .map(|(_, record)| &record.scope)
}
