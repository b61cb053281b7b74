//! Builds a world from many changes. The indexes of authorizations are sorted and built once at the end, which is faster
//! than change by change, and leaves no free space in their nodes.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use super::{Change, Grant, Symbol, Unrecordable, World};
use crate::catalog::TypeIndex;
use crate::entity::{Authorization, Scope};
use crate::value::{AuthorizationKey, ResourceId, Revision};

impl World {
    /// Returns the world at `revision` with `changes` applied, and the errors of the changes that could not be applied.
    /// Such changes are skipped, so they grant nothing.
    #[must_use]
    pub fn replay(&self, revision: Revision, changes: &[Change]) -> (Self, Vec<Unrecordable>) {
        let mut building = Building::new(self.clone());
        let refused = changes.iter().filter_map(|change| building.add(change).err()).collect();
        (building.finish(revision), refused)
    }
}

/// A world under construction.
pub(crate) struct Building {
    world: World,
    /// Authorizations that are not in the index by owner yet.
    owned: Vec<(Symbol, AuthorizationKey)>,
    /// Grants on single resources that are not in the index by resource yet, by type and whether they have a condition.
    grants: BTreeMap<(TypeIndex, bool), OnIds>,
}

/// Grants on single resources of one type.
#[derive(Default)]
struct OnIds {
    places: HashMap<ResourceId, usize, RandomState>,
    runs: Vec<(ResourceId, Vec<Grant>)>,
}

impl OnIds {
    /// Adds a grant. Returns the id with the text that all grants on the resource share.
    fn push(&mut self, id: &ResourceId, grant: Grant) -> ResourceId {
        if let Some((id, run)) = self.places.get(id).and_then(|place| self.runs.get_mut(*place)) {
            run.push(grant);
            return id.clone();
        }
        self.places.insert(id.clone(), self.runs.len());
        self.runs.push((id.clone(), vec![grant]));
        id.clone()
    }
}

impl Building {
    /// Begins with a world, usually an empty one.
    pub(crate) fn new(world: World) -> Self {
        Self { world, owned: Vec::new(), grants: BTreeMap::new() }
    }

    /// Applies one change, with the same effect and errors as [`World::record`].
    pub(crate) fn add(&mut self, change: &Change) -> Result<(), Unrecordable> {
        match change {
            Change::AuthorizationPut(authorization) if !self.world.authorizations.contains(&authorization.key) => {
                self.put(authorization)
            }
            // These changes look up authorizations in the indexes.
            Change::AuthorizationPut(_)
            | Change::AuthorizationRemoved(_)
            | Change::ResourceTypePut(_)
            | Change::ResourceTypeRemoved(_) => {
                self.index();
                self.world.record(change)
            }
            _ => self.world.record(change),
        }
    }

    /// Completes the world.
    pub(crate) fn finish(mut self, revision: Revision) -> World {
        self.index();
        self.world.set_revision(revision);
        self.world
    }

    fn put(&mut self, authorization: &Authorization) -> Result<(), Unrecordable> {
        let (resource_type, condition, grant) = self.world.grant_of(authorization)?;
        let scope = match &authorization.scope {
            Scope::Id(id) => {
                let on_ids = self.grants.entry((resource_type, condition.is_some())).or_default();
                Scope::Id(on_ids.push(id, grant))
            }
            other => {
                let scope = self.world.grants.shared(resource_type, other);
                self.world.grants.insert(resource_type, &scope, condition.is_some(), grant);
                scope
            }
        };
        self.owned.push((grant.owner, grant.key));
        self.world.store(grant, resource_type, scope, condition);
        Ok(())
    }

    /// Moves the collected authorizations to the indexes.
    fn index(&mut self) {
        let mut owned = std::mem::take(&mut self.owned);
        owned.sort_unstable();
        self.world.owned.extend_sorted(owned.into_iter().map(|entry| (entry, ())).collect());
        for ((resource_type, conditional), on_ids) in std::mem::take(&mut self.grants) {
            drop(on_ids.places);
            for (id, run) in on_ids.runs {
                self.world.grants.insert_run(resource_type, id, conditional, run);
            }
        }
    }
}
