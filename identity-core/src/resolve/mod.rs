//! Resolves claims or a principal to a *subject*: the effective memberships of a caller, computed once and used by all
//! decisions about that caller.
//!
//! The steps follow docs/reference/orchestration-cluster.md §4.2: the principal; the matching mapping rules; their
//! groups or, instead, the groups that the token claims. The roles and then the tenants of all these parties follow.
//! Memberships nest no deeper.

mod permissions;
mod principal;
mod reader;
mod recent_subjects;
mod remark;
#[cfg(test)]
mod tests;

pub use permissions::ClaimedPermissions;
pub use principal::{ClaimedGroups, PrincipalClaims, UsernameCase};
pub use reader::{ClaimForm, ClaimReader};
pub use recent_subjects::RecentSubjects;
pub use remark::{DropReason, Hint, Remark};

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Weak};

use crate::entity::{Memo, Permission, Principal, VerifiedToken};
use crate::value::{Claims, GroupId, MappingRuleId, Revision, RoleId, TenantId};
use crate::world::{Kind, Owners, Sources, Symbol, World};

/// Input of [`resolve`]: the data about a caller that is known before the stored memberships are read.
#[derive(Clone, Copy, Debug)]
pub struct ResolveInput<'p> {
    /// User or client that makes the request.
    pub principal: &'p Principal,
    /// Claims of the token, for mapping rules. `None` if there is no token, so that no rule matches.
    pub claims: Option<&'p Claims>,
    /// Groups that the token claims. `None` if memberships in groups are stored.
    pub groups: Option<&'p [GroupId]>,
    /// Permissions that the token grants. `None` without a token.
    pub permissions: Option<&'p BTreeSet<Permission>>,
}

impl<'p> From<&'p Principal> for ResolveInput<'p> {
    fn from(principal: &'p Principal) -> Self {
        Self { principal, claims: None, groups: None, permissions: None }
    }
}

impl<'p> ResolveInput<'p> {
    /// Creates the input for a principal of which only the id is known. If groups come from tokens, the list of groups
    /// is empty.
    #[must_use]
    pub fn by_id(world: &World, principal: &'p Principal) -> Self {
        let groups_claimed = world.sources() == Sources::Provider { groups_claimed: true };
        Self { principal, claims: None, groups: groups_claimed.then_some(&[]), permissions: None }
    }
}

/// Effective memberships of a caller at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Revision of the world from which the memberships were computed.
    pub revision: Revision,
    /// User or client that makes the request.
    pub principal: Principal,
    /// Whether the principal is an inactive built-in user. All memberships and permissions are then empty.
    pub inactive: bool,
    /// Ids of the mapping rules that match the token, sorted.
    pub mapping_rules: Vec<MappingRuleId>,
    /// Ids of the mapping rules that were not evaluated because the step budget of all rules was exhausted, sorted.
    /// They count as rules that do not match.
    pub refused_rules: Vec<MappingRuleId>,
    /// Ids of the groups, sorted. They are stored memberships, or claimed by the token if `groups_claimed` is set.
    pub groups: Vec<GroupId>,
    /// Whether `groups` comes from the token instead of the stored memberships.
    pub groups_claimed: bool,
    /// Ids of the roles, sorted, including those held through mapping rules and groups.
    pub roles: Vec<RoleId>,
    /// Ids of the tenants, sorted, including those held through mapping rules, groups and roles.
    pub tenants: Vec<TenantId>,
    /// Permissions on APIs that the token grants, in addition to the permissions of the roles.
    pub permissions: BTreeSet<Permission>,
    owners: Owners,
    /// Cache of the positions of the owners in the listing of authorizations.
    spans: Memo,
}

impl Subject {
    /// Creates a subject without memberships and grants, even if stored data grants access to the id of the principal.
    pub(crate) fn without_rights(world: &World, principal: Principal) -> Self {
        Self {
            revision: world.revision(),
            principal,
            inactive: false,
            mapping_rules: Vec::new(),
            refused_rules: Vec::new(),
            groups: Vec::new(),
            groups_claimed: false,
            roles: Vec::new(),
            tenants: Vec::new(),
            permissions: BTreeSet::new(),
            owners: Owners::default(),
            spans: Memo::default(),
        }
    }

    /// Returns whether the subject is a member of the tenant, directly or through a mapping rule, group or role.
    #[must_use]
    pub fn in_tenant(&self, tenant: &TenantId) -> bool {
        self.tenants.binary_search(tenant).is_ok()
    }

    pub(crate) fn owners(&self) -> &Owners {
        &self.owners
    }

    /// Returns the non-empty ranges of positions that the owners have in the listing of authorizations.
    pub(crate) fn spans(&self, world: &Arc<World>) -> Arc<[Range<usize>]> {
        let compute = || {
            let owners = self.owners.iter().filter(|owner| world.owns_any(*owner));
            let span = |owner| Some(world.listing().places(Some(&world.names().party(owner)?), None)?.1);
            owners.filter_map(span).filter(|span| !span.is_empty()).collect()
        };
        let kept = InWorld::kept(&self.spans, world, compute);
        Arc::clone(&kept.0.value)
    }
}

/// Resolves a caller: evaluates the mapping rules on the claims and collects the stored memberships.
#[must_use]
pub fn resolve(world: &World, presented: ResolveInput<'_>) -> Subject {
    let matching = presented.claims.map(|claims| world.matching_rules(claims.as_value())).unwrap_or_default();
    let subject = resolve_with(world, presented, matching.rules);
    Subject { refused_rules: texts(world, &matching.refused, MappingRuleId::from_shared), ..subject }
}

/// Resolves the bearer of a verified token from its principal, claims, groups and permissions.
#[must_use]
pub fn resolve_token(world: &World, token: &VerifiedToken) -> Subject {
    let input = ResolveInput {
        principal: &token.principal,
        claims: Some(&token.claims.read()),
        groups: token.groups.as_deref(),
        permissions: Some(&token.permissions),
    };
    resolve(world, input)
}

/// Resolves a caller from the ids of the mapping rules that matched earlier, without the token. Rules that no longer
/// exist are ignored.
#[must_use]
pub fn resolve_matched(world: &World, presented: ResolveInput<'_>, rules: &[MappingRuleId]) -> Subject {
    let there = rules.iter().filter(|id| world.mapping_rule(id.as_str()).is_some());
    let symbols = there.filter_map(|id| world.names().get(Kind::MappingRule, id.as_str())).collect();
    resolve_with(world, presented, symbols)
}

/// Cached value that was computed from one world.
struct InWorld<T> {
    /// Identifies the world. The weak reference keeps the allocation, so no other world can have the same address.
    world: Weak<World>,
    value: T,
}

impl<T> InWorld<T> {
    fn new(world: &Arc<World>, value: T) -> Self {
        Self { world: Arc::downgrade(world), value }
    }

    fn is_of(&self, world: &Arc<World>) -> bool {
        std::ptr::eq(self.world.as_ptr(), Arc::as_ptr(world))
    }
}

impl<T: Send + Sync + 'static> InWorld<T> {
    /// Returns the value that `memo` holds if it was computed from `world`. Otherwise computes and stores it. Also
    /// returns whether the value is new.
    fn kept(memo: &Memo, world: &Arc<World>, compute: impl FnOnce() -> T) -> (Arc<Self>, bool) {
        memo.current(|kept: &Self| kept.is_of(world), || Self::new(world, compute()))
    }
}

/// Resolves a token like [`resolve_token`]. The subject is cached with the token until the world changes. Also returns
/// whether it was resolved by this call.
#[must_use]
pub fn subject_of_token(world: &Arc<World>, token: &VerifiedToken) -> (Arc<Subject>, bool) {
    let (kept, is_new) = InWorld::kept(&token.memo, world, || Arc::new(resolve_token(world, token)));
    (Arc::clone(&kept.value), is_new)
}

/// Resolves an inactive user with the stored memberships that reactivation would restore.
#[must_use]
pub(crate) fn resolve_as_active(world: &World, principal: &Principal) -> Subject {
    effective(world, ResolveInput::from(principal), Vec::new())
}

fn resolve_with(world: &World, presented: ResolveInput<'_>, rules: Vec<Symbol>) -> Subject {
    if matches!(presented.principal, Principal::User(username) if world.is_inactive(username.as_str())) {
        return Subject { inactive: true, ..Subject::without_rights(world, presented.principal.clone()) };
    }
    effective(world, presented, rules)
}

fn effective(world: &World, presented: ResolveInput<'_>, rules: Vec<Symbol>) -> Subject {
    let names = world.names();
    let principal = names.of_principal(presented.principal);
    let identities: Vec<Symbol> = principal.into_iter().chain(rules.iter().copied()).collect();

    let mut reached = containers(world, &identities);

    let (groups, group_ids) = match presented.groups {
        Some(claimed) => {
            let symbols = claimed.iter().filter_map(|id| names.get(Kind::Group, id.as_str())).collect();
            let mut ids = claimed.to_vec();
            ids.sort_unstable();
            ids.dedup();
            (symbols, ids)
        }
        None => {
            let symbols = of_kind(&reached, Kind::Group);
            let ids = texts(world, &symbols, GroupId::from_shared);
            (symbols, ids)
        }
    };
    reached.extend(containers(world, &groups));
    let roles = of_kind(&reached, Kind::Role);
    reached.extend(containers(world, &roles));
    let tenants = of_kind(&reached, Kind::Tenant);
    let owners = [identities, groups, roles.clone()].concat();

    Subject {
        revision: world.revision(),
        principal: presented.principal.clone(),
        inactive: false,
        mapping_rules: texts(world, &rules, MappingRuleId::from_shared),
        refused_rules: Vec::new(),
        groups: group_ids,
        groups_claimed: presented.groups.is_some(),
        roles: texts(world, &roles, RoleId::from_shared),
        tenants: texts(world, &tenants, TenantId::from_shared),
        permissions: presented.permissions.cloned().unwrap_or_default(),
        owners: Owners::new(world, owners),
        spans: Memo::default(),
    }
}

/// Returns the containers that any of `members` is a direct member of.
fn containers(world: &World, members: &[Symbol]) -> Vec<Symbol> {
    members.iter().flat_map(|member| world.member_index().containers(*member)).collect()
}

/// Returns the containers of one kind, sorted and without duplicates.
fn of_kind(containers: &[Symbol], kind: Kind) -> Vec<Symbol> {
    let mut found: Vec<Symbol> = containers.iter().copied().filter(|container| container.kind() == kind).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Returns the ids behind the symbols, sorted.
fn texts<T: Ord>(world: &World, symbols: &[Symbol], id: fn(&Arc<str>) -> T) -> Vec<T> {
    let mut ids: Vec<T> = symbols.iter().filter_map(|symbol| world.names().text(*symbol)).map(id).collect();
    ids.sort_unstable();
    ids
}
