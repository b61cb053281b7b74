//! Grants by resource: the index that decisions read.
//!
//! For each resource type, the index stores the grants by scope: all resources, one resource, or a property. The grants
//! of one scope form a *run*, sorted by owner. In a short run, a decision compares the owner of each grant with the
//! [owners](super::Owners) of the caller. In a long run, it looks up each owner of the caller.

use std::hash::Hash;
use std::sync::Arc;

use imbl::{OrdMap, Vector};

use super::Map;
use super::owners::Owners;
use super::symbol::Symbol;
use crate::catalog::{PermissionSet, TypeIndex};
use crate::entity::Scope;
use crate::value::{AuthorizationKey, PropertyName, ResourceId};

/// Entry of a run: an authorization, reduced to the data that decisions read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) owner: Symbol,
    pub(crate) key: AuthorizationKey,
    pub(crate) permissions: PermissionSet,
}

/// Maximum number of grants in a run that is stored as a flat array. Each change to such a run copies the whole array.
const INLINE_MAX: usize = 256;

/// The grants of one scope, sorted by owner, then by key. A short run is a flat array, which is fast to scan. A long
/// run is a tree, so that a change takes logarithmic time.
#[derive(Clone)]
pub(crate) enum Run {
    Few(Arc<[Grant]>),
    Many(Tree),
}

type Tree = OrdMap<(Symbol, AuthorizationKey), PermissionSet>;

impl Default for Run {
    fn default() -> Self {
        Self::Few(Arc::from([]))
    }
}

impl Run {
    fn of(mut grants: Vec<Grant>) -> Self {
        grants.sort_unstable_by_key(|grant| (grant.owner, grant.key));
        if grants.len() <= INLINE_MAX {
            return Self::Few(grants.into());
        }
        Self::Many(grants.into_iter().map(|grant| ((grant.owner, grant.key), grant.permissions)).collect())
    }

    fn insert(&mut self, grant: Grant) {
        match self {
            Self::Many(tree) => {
                tree.insert((grant.owner, grant.key), grant.permissions);
            }
            Self::Few(flat) if flat.len() < INLINE_MAX => {
                let mut grants: Vec<Grant> = flat.iter().filter(|old| old.key != grant.key).copied().collect();
                let place = grants.partition_point(|old| (old.owner, old.key) < (grant.owner, grant.key));
                grants.insert(place, grant);
                *flat = grants.into();
            }
            Self::Few(flat) => {
                let mut tree: OrdMap<_, _> =
                    flat.iter().map(|grant| ((grant.owner, grant.key), grant.permissions)).collect();
                tree.insert((grant.owner, grant.key), grant.permissions);
                *self = Self::Many(tree);
            }
        }
    }

    fn remove(&mut self, owner: Symbol, key: AuthorizationKey) {
        match self {
            Self::Few(flat) => *flat = flat.iter().filter(|grant| grant.key != key).copied().collect(),
            Self::Many(tree) => {
                tree.remove(&(owner, key));
                if tree.len() <= INLINE_MAX / 2 {
                    *self = Self::Few(self.iter().collect());
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Few(flat) => flat.is_empty(),
            Self::Many(tree) => tree.is_empty(),
        }
    }

    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = Grant> + '_> {
        match self {
            Self::Few(flat) => Box::new(flat.iter().copied()),
            Self::Many(tree) => Box::new(tree.iter().map(|((owner, key), permissions)| Grant {
                owner: *owner,
                key: *key,
                permissions: *permissions,
            })),
        }
    }

    /// Returns the grants to any owner that include at least one of the `wanted` permissions.
    pub(crate) fn giving(&self, wanted: PermissionSet) -> Box<dyn Iterator<Item = Grant> + '_> {
        let gives = move |grant: &Grant| grant.permissions.intersects(wanted);
        match self {
            Self::Few(flat) => Box::new(flat.iter().filter(move |grant| gives(grant)).copied()),
            Self::Many(_) => Box::new(self.iter().filter(gives)),
        }
    }

    /// Returns the grants of this run that belong to one owner.
    pub(crate) fn of_owner(&self, owner: Symbol) -> Box<dyn Iterator<Item = Grant> + '_> {
        match self {
            Self::Few(flat) => Box::new(flat.iter().filter(move |grant| grant.owner == owner).copied()),
            Self::Many(tree) => Box::new(in_tree(tree, owner)),
        }
    }

    /// Returns the grants to any of `owners` that include at least one of the `wanted` permissions.
    pub(crate) fn all<'r>(&'r self, owners: &'r Owners, wanted: PermissionSet) -> Box<dyn Iterator<Item = Grant> + 'r> {
        let gives = move |grant: &Grant| grant.permissions.intersects(wanted);
        match self {
            Self::Few(flat) => {
                Box::new(flat.iter().filter(move |grant| gives(grant) && owners.contains(grant.owner)).copied())
            }
            Self::Many(tree) => Box::new(owners.iter().flat_map(move |owner| in_tree(tree, owner)).filter(gives)),
        }
    }

    /// Returns the first grant found that belongs to one of `owners` and includes at least one of the `wanted`
    /// permissions.
    pub(crate) fn find(&self, owners: &Owners, wanted: PermissionSet) -> Option<Grant> {
        match self {
            Self::Few(flat) => {
                flat.iter().find(|grant| grant.permissions.intersects(wanted) && owners.contains(grant.owner)).copied()
            }
            Self::Many(tree) => {
                owners.iter().find_map(|owner| in_tree(tree, owner).find(|grant| grant.permissions.intersects(wanted)))
            }
        }
    }
}

/// Returns the grants to one owner. The range has no upper bound, because each bound costs a tree search. The iteration
/// ends at the first grant to another owner instead.
fn in_tree(tree: &Tree, owner: Symbol) -> impl Iterator<Item = Grant> + '_ {
    tree.range((owner, AuthorizationKey(0))..)
        .take_while(move |((other, _), _)| *other == owner)
        .map(|((owner, key), permissions)| Grant { owner: *owner, key: *key, permissions: *permissions })
}

#[derive(Clone, Default)]
struct OfType {
    /// Number of authorizations on the type. Callers must insert and remove each authorization exactly once.
    count: usize,
    any: Run,
    ids: Map<ResourceId, Run>,
    properties: Map<PropertyName, Run>,
    /// Conditional grants are stored separately, so that they do not slow down decisions without conditions.
    conditional_any: Run,
    conditional_ids: Map<ResourceId, Run>,
}

/// All grants, by resource type and scope.
///
/// The field `on_all` additionally contains, for each owner, the union of its unconditional permissions on all
/// resources (`*`), by resource type. [`Owners`] copies these unions for a caller. A decision then scans the grants on
/// all resources of a type only if one of them can apply to the caller.
#[derive(Clone, Default)]
pub(crate) struct Grants {
    types: Vector<OfType>,
    on_all: Map<Symbol, Arc<[(TypeIndex, PermissionSet)]>>,
}

impl Grants {
    fn of_type(&mut self, resource_type: TypeIndex) -> Option<&mut OfType> {
        let index = usize::from(resource_type.0);
        while self.types.len() <= index {
            self.types.push_back(OfType::default());
        }
        self.types.get_mut(index)
    }

    /// The same scope, with the text of the index if the index already contains it, so that authorizations on one
    /// resource share the text.
    pub(crate) fn shared(&self, resource_type: TypeIndex, scope: &Scope) -> Scope {
        let place = self.types.get(usize::from(resource_type.0));
        let known = place.and_then(|place| match scope {
            Scope::Any => None,
            Scope::Id(id) => {
                let known = place.ids.get_key_value(id).or_else(|| place.conditional_ids.get_key_value(id));
                known.map(|(id, _)| Scope::Id(id.clone()))
            }
            Scope::Property(name) => {
                place.properties.get_key_value(name).map(|(name, _)| Scope::Property(name.clone()))
            }
        });
        known.unwrap_or_else(|| scope.clone())
    }

    pub(crate) fn insert(&mut self, resource_type: TypeIndex, scope: &Scope, conditional: bool, grant: Grant) {
        let Some(place) = self.of_type(resource_type) else { return };
        place.count += 1;
        match scope {
            Scope::Any if conditional => place.conditional_any.insert(grant),
            Scope::Id(id) if conditional => place.conditional_ids.entry(id.clone()).or_default().insert(grant),
            Scope::Property(_) if conditional => {}
            Scope::Any => {
                place.any.insert(grant);
                self.sum_up(resource_type, grant.owner);
            }
            Scope::Id(id) => place.ids.entry(id.clone()).or_default().insert(grant),
            Scope::Property(name) => place.properties.entry(name.clone()).or_default().insert(grant),
        }
    }

    /// Inserts many grants on one resource.
    pub(super) fn insert_run(
        &mut self,
        resource_type: TypeIndex,
        id: ResourceId,
        conditional: bool,
        grants: Vec<Grant>,
    ) {
        let Some(place) = self.of_type(resource_type) else { return };
        place.count += grants.len();
        let runs = if conditional { &mut place.conditional_ids } else { &mut place.ids };
        let run = runs.entry(id).or_default();
        if run.is_empty() {
            *run = Run::of(grants);
        } else {
            grants.into_iter().for_each(|grant| run.insert(grant));
        }
    }

    pub(crate) fn remove(
        &mut self,
        resource_type: TypeIndex,
        scope: &Scope,
        conditional: bool,
        (owner, key): (Symbol, AuthorizationKey),
    ) {
        let Some(place) = self.of_type(resource_type) else { return };
        place.count -= 1;
        match scope {
            Scope::Any if conditional => place.conditional_any.remove(owner, key),
            Scope::Id(id) if conditional => remove_at(&mut place.conditional_ids, id, owner, key),
            Scope::Any => {
                place.any.remove(owner, key);
                self.sum_up(resource_type, owner);
            }
            Scope::Id(id) => remove_at(&mut place.ids, id, owner, key),
            Scope::Property(name) => remove_at(&mut place.properties, name, owner, key),
        }
    }

    /// Recomputes the entry of `on_all` for `owner` and this resource type.
    fn sum_up(&mut self, resource_type: TypeIndex, owner: Symbol) {
        let grants = self.on_any(resource_type).into_iter().flat_map(|run| run.of_owner(owner));
        let sum = grants.fold(PermissionSet::default(), |sum, grant| sum.union(grant.permissions));
        let others = self.on_all(owner).iter().copied().filter(|(other, _)| *other != resource_type);
        let sums: Arc<[_]> = others.chain((sum != PermissionSet::default()).then_some((resource_type, sum))).collect();
        if sums.is_empty() {
            self.on_all.remove(&owner);
        } else {
            self.on_all.insert(owner, sums);
        }
    }

    /// Returns the unconditional permissions of `owner` on all resources (`*`), by resource type. Types without such
    /// permissions are left out.
    pub(crate) fn on_all(&self, owner: Symbol) -> &[(TypeIndex, PermissionSet)] {
        self.on_all.get(&owner).map_or(&[], |sums| sums)
    }

    pub(crate) fn on_any(&self, resource_type: TypeIndex) -> Option<&Run> {
        self.types.get(usize::from(resource_type.0)).map(|place| &place.any)
    }

    pub(crate) fn on_id(&self, resource_type: TypeIndex, id: &str) -> Option<&Run> {
        self.types.get(usize::from(resource_type.0))?.ids.get(id)
    }

    pub(crate) fn on_property(&self, resource_type: TypeIndex, name: &str) -> Option<&Run> {
        self.types.get(usize::from(resource_type.0))?.properties.get(name)
    }
}

impl Grants {
    pub(crate) fn conditional_on_any(&self, resource_type: TypeIndex) -> Option<&Run> {
        self.types.get(usize::from(resource_type.0)).map(|place| &place.conditional_any)
    }

    pub(crate) fn conditional_on_id(&self, resource_type: TypeIndex, id: &str) -> Option<&Run> {
        self.types.get(usize::from(resource_type.0))?.conditional_ids.get(id)
    }

    /// Returns the ids of a type that are the scope of a grant, each once, in no particular order.
    pub(crate) fn ids(&self, resource_type: TypeIndex) -> impl Iterator<Item = &ResourceId> {
        let place = self.types.get(usize::from(resource_type.0)).into_iter();
        place.flat_map(|place| {
            let only_conditional = place.conditional_ids.keys().filter(|id| !place.ids.contains_key(*id));
            place.ids.keys().chain(only_conditional)
        })
    }

    /// Returns the number of authorizations on a type, of any scope, with or without a condition.
    pub(crate) fn count(&self, resource_type: TypeIndex) -> usize {
        self.types.get(usize::from(resource_type.0)).map_or(0, |place| place.count)
    }

    /// Returns the keys of all authorizations on a type, in no particular order.
    pub(crate) fn keys(&self, resource_type: TypeIndex) -> impl Iterator<Item = AuthorizationKey> + '_ {
        let place = self.types.get(usize::from(resource_type.0)).into_iter();
        place.flat_map(|place| {
            let on_all = [&place.any, &place.conditional_any].into_iter();
            let runs = on_all.chain(place.ids.values()).chain(place.conditional_ids.values());
            runs.chain(place.properties.values()).flat_map(Run::iter).map(|grant| grant.key)
        })
    }
}

fn remove_at<K: Clone + Eq + Hash>(runs: &mut Map<K, Run>, place: &K, owner: Symbol, key: AuthorizationKey) {
    if let Some(run) = runs.get_mut(place) {
        run.remove(owner, key);
        if run.is_empty() {
            runs.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::symbol::{Kind, Names};

    fn grant(names: &mut Names, n: u64) -> Grant {
        let owner = names.intern(Kind::User, &Arc::from(format!("u{}", n % 7))).unwrap();
        Grant { owner, key: AuthorizationKey(n), permissions: PermissionSet(1 << (n % 3)) }
    }

    #[test]
    fn a_run_is_the_same_short_and_long_growing_and_shrinking() {
        let mut names = Names::default();
        let grants: Vec<Grant> = (0..3 * INLINE_MAX as u64).map(|n| grant(&mut names, n)).collect();
        let mut run = Run::default();
        for (count, grant) in grants.iter().enumerate() {
            run.insert(*grant);
            let mut expected = grants[..=count].to_vec();
            expected.sort_by_key(|grant| (grant.owner, grant.key));
            assert_eq!(run.iter().collect::<Vec<_>>(), expected);
        }
        assert!(matches!(run, Run::Many(_)));
        for (count, grant) in grants.iter().enumerate() {
            run.remove(grant.owner, grant.key);
            assert_eq!(run.iter().count(), grants.len() - count - 1);
        }
        assert!(run.is_empty() && matches!(run, Run::Few(_)));
    }
}
