//! Floor of decisions: the cost of a manual look-up without versions, reasons or changes.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use crate::policies::{Grant, Owner, Policies, TYPES, permissions_of, resource_id};

type Fast<K, V> = HashMap<K, V, RandomState>;

/// Maps strings to numbers.
#[derive(Default)]
struct Interner(Fast<Box<str>, u32>);

impl Interner {
    fn intern(&mut self, text: &str) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(text.into()).or_insert(next)
    }

    fn get(&self, text: &str) -> Option<u32> {
        self.0.get(text).copied()
    }
}

/// Grants by (type, ID), each as a run of (owner, permissions) sorted by owner, and grants on all resources by owner.
pub struct Floor {
    types: Interner,
    permissions: Interner,
    ids: Interner,
    owners: Fast<Owner, u32>,
    grants: Vec<(u32, u32)>,
    runs: Fast<(u32, u32), Range<u32>>,
    wildcards: Fast<u32, [u32; TYPES.len()]>,
}

/// A caller: its sorted owners, a bit filter over them, and its permissions on all resources of each type.
pub struct Caller {
    owners: Vec<u32>,
    filter: [u64; 4],
    wildcards: [u32; TYPES.len()],
}

fn bit(owner: u32) -> (usize, u64) {
    let bit = owner.wrapping_mul(0x9E37_79B1) >> 24;
    ((bit >> 6) as usize, 1 << (bit & 63))
}

impl Floor {
    /// Builds the floor of the policies.
    #[must_use]
    pub fn new(policies: &Policies) -> Self {
        let mut floor = Self {
            types: Interner::default(),
            permissions: Interner::default(),
            ids: Interner::default(),
            owners: Fast::default(),
            grants: Vec::new(),
            runs: Fast::default(),
            wildcards: Fast::default(),
        };
        let mut bits = Vec::new();
        for name in TYPES {
            floor.types.intern(name);
            let names = permissions_of(name);
            bits.push(names.iter().map(|name| floor.permissions.intern(name)).collect::<Vec<_>>());
        }
        assert!(floor.permissions.0.len() <= 32, "permissions fit a word");
        let ids: Vec<u32> = (0..policies.size.ids).map(|number| floor.ids.intern(&resource_id(number))).collect();
        let mut places = Vec::with_capacity(policies.grants.len());
        for Grant { owner, resource_type, id, permissions } in &policies.grants {
            let next = floor.owners.len() as u32;
            let owner = *floor.owners.entry(*owner).or_insert(next);
            let held = bits[*resource_type].iter().enumerate().filter(|(bit, _)| permissions & (1 << bit) != 0);
            let permissions = held.fold(0, |set, (_, bit)| set | (1 << bit));
            match id {
                Some(id) => places.push((*resource_type as u32, ids[*id], owner, permissions)),
                None => floor.wildcards.entry(owner).or_default()[*resource_type] |= permissions,
            }
        }
        places.sort_unstable();
        for run in places.chunk_by(|one, next| (one.0, one.1) == (next.0, next.1)) {
            let start = floor.grants.len() as u32;
            floor.grants.extend(run.iter().map(|(_, _, owner, permissions)| (*owner, *permissions)));
            floor.runs.insert((run[0].0, run[0].1), start..floor.grants.len() as u32);
        }
        floor
    }

    /// Builds a caller from its owners.
    #[must_use]
    pub fn caller(&self, owners: impl Iterator<Item = Owner>) -> Caller {
        let mut owners: Vec<u32> = owners.filter_map(|owner| self.owners.get(&owner).copied()).collect();
        owners.sort_unstable();
        let mut caller = Caller { owners, filter: [0; 4], wildcards: [0; TYPES.len()] };
        for owner in &caller.owners {
            let (word, bit) = bit(*owner);
            caller.filter[word] |= bit;
            for (all, more) in caller.wildcards.iter_mut().zip(self.wildcards.get(owner).into_iter().flatten()) {
                *all |= more;
            }
        }
        caller
    }

    /// Whether the caller has the permission.
    #[must_use]
    pub fn allows(&self, caller: &Caller, resource_type: &str, permission: &str, id: &str) -> bool {
        let (Some(resource_type), Some(permission)) = (self.types.get(resource_type), self.permissions.get(permission))
        else {
            return false;
        };
        let wanted = 1 << permission;
        if caller.wildcards[resource_type as usize] & wanted != 0 {
            return true;
        }
        let Some(range) = self.ids.get(id).and_then(|id| self.runs.get(&(resource_type, id))) else { return false };
        let run = &self.grants[range.start as usize..range.end as usize];
        if run.len() <= 8 * caller.owners.len() {
            run.iter().any(|(owner, permissions)| {
                let (word, bit) = bit(*owner);
                permissions & wanted != 0
                    && caller.filter[word] & bit != 0
                    && caller.owners.binary_search(owner).is_ok()
            })
        } else {
            caller.owners.iter().any(|owner| {
                let from = run.partition_point(|grant| grant.0 < *owner);
                run[from..].iter().take_while(|grant| grant.0 == *owner).any(|grant| grant.1 & wanted != 0)
            })
        }
    }
}
