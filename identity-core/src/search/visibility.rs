//! Resources of a type that a subject may see. Searches return and count only these resources, instead of denying
//! access.

use std::collections::BTreeSet;

use crate::catalog::{Access, UnknownAccess};
use crate::entity::Scope;
use crate::resolve::Subject;
use crate::world::{Record, World};

/// Resources of one type on which a subject has a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    /// All resources of the type.
    All,
    /// The resources with these ids, possibly none.
    Only(BTreeSet<String>),
}

impl Visible {
    /// Returns whether the resource with this id is visible.
    #[must_use]
    pub fn includes(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(id),
        }
    }
}

/// Returns the resources on which `subject` has a permission. The cost depends on the grants of the subject, not on the
/// number of resources.
///
/// # Errors
/// When the resource type does not exist, or does not have the permission.
pub fn visible(
    world: &World,
    subject: &Subject,
    resource_type: &str,
    permission: &str,
) -> Result<Visible, UnknownAccess> {
    let access = world.catalog().access(resource_type, permission)?;
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

/// Returns the scopes on which a subject has an access without a condition: a resource, all resources, or a property.
/// Examines the authorizations on the type or those of the subject's owners, whichever are fewer.
pub fn granted<'w>(world: &'w World, subject: &'w Subject, access: Access) -> impl Iterator<Item = &'w Scope> {
    let owners = subject.owners();
    let records: Box<dyn Iterator<Item = &'w Record> + 'w> =
        if world.own_more_than(owners.iter(), world.count_on(access.resource_type)) {
            Box::new(world.records_on(access.resource_type).filter(|record| owners.contains(record.owner)))
        } else {
            Box::new(owners.iter().flat_map(|owner| world.records_of(owner)).map(|(_, record)| record))
        };
    records.filter(move |record| record.gives(access)).map(|record| &record.scope)
}
