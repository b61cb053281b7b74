//! Cache of the subjects of principals that requests name by id.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use foldhash::fast::RandomState;

use super::{InWorld, ResolveInput, Subject, resolve};
use crate::entity::Principal;
use crate::world::World;

/// Number of places. Each holds the subject of one principal.
const PLACES: usize = 4096;

/// Subjects of recently resolved principals, so that further questions about a principal do not resolve it again.
///
/// The hash of a principal determines its place, where it replaces the previous principal. The memory is therefore
/// bounded, and readers never wait. A subject is valid for the world from which it was resolved, and for no other.
pub struct RecentSubjects {
    seed: RandomState,
    places: Box<[ArcSwapOption<InWorld<Arc<Subject>>>]>,
}

impl Default for RecentSubjects {
    fn default() -> Self {
        Self { seed: RandomState::default(), places: (0..PLACES).map(|_| ArcSwapOption::empty()).collect() }
    }
}

impl RecentSubjects {
    /// Resolves a principal of which only the id is known, or returns its subject in `world` if it is cached.
    #[must_use]
    pub fn subject(&self, world: &Arc<World>, principal: &Principal) -> Arc<Subject> {
        let resolved = || Arc::new(resolve(world, ResolveInput::by_id(world, principal)));
        #[expect(clippy::cast_possible_truncation, reason = "the low bits select the place")]
        let Some(place) = self.places.get(self.seed.hash_one(principal) as usize % PLACES) else { return resolved() };
        if let Some(kept) = &*place.load()
            && kept.is_of(world)
            && kept.value.principal == *principal
        {
            return Arc::clone(&kept.value);
        }
        let subject = resolved();
        place.store(Some(Arc::new(InWorld::new(world, Arc::clone(&subject)))));
        subject
    }
}
