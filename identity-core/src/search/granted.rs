//! Effective permissions of a subject on the resources that the management API lists. The sorted entries of the
//! subject's owners are merged on demand.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use crate::catalog::{Family, PermissionSet};
use crate::entity::Scope;
use crate::resolve::Subject;
use crate::value::{PermissionName, ResourceTypeName};
use crate::world::{Keys, Place, World};

/// Current entry of one owner in the listing, its position, and the end of the owner's entries.
struct Head {
    place: Arc<Place>,
    keys: Keys,
    position: usize,
    end: usize,
}

impl Head {
    fn at(world: &World, position: usize, end: usize) -> Option<Self> {
        let (places, _) = world.listing().places(None, None)?;
        let head =
            |place: &Arc<Place>, keys: &Keys| Self { place: Arc::clone(place), keys: keys.clone(), position, end };
        places.at(position..end, head).next()
    }

    fn resource(&self) -> (&ResourceTypeName, &Scope) {
        (&self.place.resource_type, &self.place.scope)
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        self.resource().cmp(&other.resource())
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

/// Returns the effective permissions of a subject on the resources that the management API lists, by type and scope.
/// They are the union over the principal, mapping rules, groups and roles of the subject.
///
/// The set of permissions is empty if the type is not in `families`. It is also empty if all authorizations on the
/// resource are conditional, because their outcome requires a separate decision. The iterator keeps the world and one
/// entry of each owner in memory. Reading an entry takes one tree search.
pub fn granted_resources(
    world: &Arc<World>,
    subject: &Subject,
    families: &'static [Family],
) -> impl Iterator<Item = (ResourceTypeName, Scope, BTreeSet<PermissionName>)> + Send + use<> {
    let spans = subject.spans(world);
    let heads = spans.iter().filter_map(|span| Head::at(world, span.start, span.end));
    let mut heads: BinaryHeap<Reverse<Head>> = heads.map(Reverse).collect();
    let world = Arc::clone(world);
    std::iter::from_fn(move || {
        let Reverse(first) = heads.pop()?;
        let (resource_type, scope) = (first.place.resource_type.clone(), first.place.scope.clone());
        let index = world.catalog().index(resource_type.as_str());
        let kind = index.and_then(|index| world.catalog().get(index));
        let is_wanted = kind.is_some_and(|kind| families.contains(&kind.family));
        let mut permissions = PermissionSet::default();
        let mut next = Some(first);
        while let Some(head) = next {
            if is_wanted && head.place.condition.is_none() {
                let held = head.keys.as_slice().iter().filter_map(|key| world.record_of(*key));
                permissions = held.fold(permissions, |all, held| all.union(held.permissions));
            }
            heads.extend(Head::at(&world, head.position + 1, head.end).map(Reverse));
            let is_same = heads.peek().is_some_and(|Reverse(head)| head.resource() == (&resource_type, &scope));
            next = if is_same { heads.pop().map(|Reverse(head)| head) } else { None };
        }
        let permissions = index.map(|index| world.catalog().names(index, permissions).cloned().collect());
        Some((resource_type, scope, permissions.unwrap_or_default()))
    })
}
