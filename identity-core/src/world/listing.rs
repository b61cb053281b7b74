//! Authorizations in the order in which the management API lists them: one entry for each owner, resource and
//! condition. Types of the Orchestration Cluster are excluded.

use std::ops::Range;
use std::sync::Arc;

use imbl::OrdMap;

use super::ranked::Ranked;
use crate::entity::{Condition, Party, Scope};
use crate::value::{AuthorizationKey, ResourceTypeName};

/// Sort key of the listing. Authorizations with the same key are merged into one entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) owner: Party,
    pub(crate) resource_type: ResourceTypeName,
    pub(crate) scope: Scope,
    pub(crate) condition: Option<Arc<Condition>>,
}

/// Keys of the authorizations that form one entry, usually a single one.
#[derive(Clone, Debug)]
pub(crate) enum Keys {
    One(AuthorizationKey),
    Several(Arc<[AuthorizationKey]>),
}

impl Keys {
    pub(crate) fn as_slice(&self) -> &[AuthorizationKey] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Several(keys) => keys,
        }
    }
}

/// Entries in the order of the listing, each with the keys of its authorizations.
pub(crate) type Places = Ranked<Arc<Place>, Keys>;

/// Index for paginated lists of authorizations: all entries, the entries by resource type, and the named resources.
#[derive(Clone, Default)]
pub(crate) struct Listing {
    all: Places,
    by_type: OrdMap<ResourceTypeName, Places>,
    /// Number of entries for each resource, by type and id. Resources without entries are left out.
    resources: Ranked<(ResourceTypeName, Arc<str>), usize>,
}

impl Listing {
    pub(super) fn insert(&mut self, place: Place, key: AuthorizationKey) {
        let keys = match self.all.get(&place) {
            None => Keys::One(key),
            Some(keys) => {
                let others = keys.as_slice().iter().copied().filter(|other| *other != key);
                Keys::Several(others.chain([key]).collect())
            }
        };
        self.put(Arc::new(place), keys);
    }

    pub(super) fn remove(&mut self, place: &Place, key: AuthorizationKey) {
        let Some(keys) = self.all.get(place) else { return };
        let rest: Vec<AuthorizationKey> = keys.as_slice().iter().copied().filter(|other| *other != key).collect();
        match *rest {
            [] => self.remove_place(place),
            [last] => self.put(Arc::new(place.clone()), Keys::One(last)),
            _ => self.put(Arc::new(place.clone()), Keys::Several(rest.into())),
        }
    }

    fn put(&mut self, place: Arc<Place>, keys: Keys) {
        let is_new = self.all.insert(Arc::clone(&place), keys.clone()).is_none();
        if let (true, Some(resource)) = (is_new, resource(&place)) {
            let count = self.resources.get(&resource).copied().unwrap_or_default();
            self.resources.insert(resource, count + 1);
        }
        self.by_type.entry(place.resource_type.clone()).or_default().insert(place, keys);
    }

    fn remove_place(&mut self, place: &Place) {
        self.all.remove(place);
        if let Some(places) = self.by_type.get_mut(&place.resource_type) {
            places.remove(place);
            if places.len() == 0 {
                self.by_type.remove(&place.resource_type);
            }
        }
        if let Some(resource) = resource(place) {
            match self.resources.get(&resource).copied() {
                Some(count) if count > 1 => _ = self.resources.insert(resource, count - 1),
                _ => _ = self.resources.remove(&resource),
            }
        }
    }

    /// Selects the entries of one owner (`None`: of all) on one resource type (`None`: on all). Returns sorted entries
    /// and the range of the selected positions in them. `None` if the type has no entries.
    pub(crate) fn places(
        &self,
        owner: Option<&Party>,
        resource_type: Option<&ResourceTypeName>,
    ) -> Option<(&Places, Range<usize>)> {
        let places = match resource_type {
            None => &self.all,
            Some(resource_type) => self.by_type.get(resource_type)?,
        };
        let positions = match owner {
            None => 0..places.len(),
            Some(owner) => {
                let start = places.rank(|place| place.owner < *owner);
                start..start.max(places.rank(|place| place.owner <= *owner))
            }
        };
        Some((places, positions))
    }

    /// Returns the listed resources at these positions, sorted by resource type and id.
    pub(crate) fn resources(
        &self,
        positions: Range<usize>,
    ) -> impl ExactSizeIterator<Item = (&ResourceTypeName, &Arc<str>)> {
        self.resources.at(positions, |(resource_type, key), _| (resource_type, key))
    }

    pub(crate) fn resource_count(&self) -> usize {
        self.resources.len()
    }
}

/// Returns the type and id of the resource that an entry names. `None` if its scope is a property.
fn resource(place: &Place) -> Option<(ResourceTypeName, Arc<str>)> {
    Some((place.resource_type.clone(), Arc::from(place.scope.resource_id()?)))
}
