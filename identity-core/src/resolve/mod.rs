//! Claims or a principal to a *subject*: everything that a caller is, once for all questions about them.
//!
//! The order is the orchestration reference's §4.2: the principal; the mapping rules that match; the groups of those, or the
//! groups that the token claims instead; the roles of all these; the tenants of all these. Nothing nests deeper.

mod owners;
mod permissions;
mod principal;
mod reader;
mod remark;
#[cfg(test)]
mod tests;

pub use owners::Owners;
pub use permissions::ClaimedPermissions;
pub use principal::{ClaimedGroups, PrincipalClaims, UsernameCase};
pub use reader::{ClaimForm, ClaimReader};
pub use remark::{DropReason, Hint, Remark};

use std::collections::BTreeSet;

use crate::entity::{Permission, Principal};
use crate::port::VerifiedToken;
use crate::value::{Claims, GroupId, MappingRuleId, Revision, RoleId, TenantId};
use crate::world::{Kind, Sources, Sym, World};

/// What is known of a caller before the world is asked.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'p> {
    /// Who they are.
    pub principal: &'p Principal,
    /// What their token claims, if they have one.
    pub claims: Option<&'p Claims>,
    /// The groups that their token claims, where groups come by token.
    pub groups: Option<&'p [GroupId]>,
    /// The permissions that their token brings.
    pub permissions: Option<&'p BTreeSet<Permission>>,
}

impl<'p> From<&'p VerifiedToken> for Presented<'p> {
    fn from(token: &'p VerifiedToken) -> Self {
        Self {
            principal: &token.principal,
            claims: Some(&token.claims),
            groups: token.groups.as_deref(),
            permissions: Some(&token.permissions),
        }
    }
}

impl<'p> From<&'p Principal> for Presented<'p> {
    fn from(principal: &'p Principal) -> Self {
        Self { principal, claims: None, groups: None, permissions: None }
    }
}

impl<'p> Presented<'p> {
    /// Somebody who is known by their id alone. Where groups come by token, none are known of them.
    #[must_use]
    pub fn by_id(world: &World, principal: &'p Principal) -> Self {
        let groups_claimed = world.sources() == Sources::Provider { groups_claimed: true };
        Self { principal, claims: None, groups: groups_claimed.then_some(&[]), permissions: None }
    }
}

/// Everything that a caller is, at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The revision that this holds at.
    pub revision: Revision,
    /// Who they are.
    pub principal: Principal,
    /// The rules that their token matches, by id.
    pub mapping_rules: Vec<MappingRuleId>,
    /// The rules that were not evaluated on their token because evaluating all rules took too many steps, by id. They count
    /// as rules that do not match.
    pub refused_rules: Vec<MappingRuleId>,
    /// Their groups, by id.
    pub groups: Vec<GroupId>,
    /// Whether the groups are those of the token, in place of the stored ones.
    pub groups_claimed: bool,
    /// Their roles, by id.
    pub roles: Vec<RoleId>,
    /// Their tenants, by id.
    pub tenants: Vec<TenantId>,
    /// The permissions on APIs that their token brings, beside those of their roles.
    pub permissions: BTreeSet<Permission>,
    owners: Owners,
}

impl Subject {
    /// Somebody who is nothing and has nothing, whatever the name.
    pub(crate) fn of_nobody(world: &World, principal: Principal) -> Self {
        Self {
            revision: world.revision(),
            principal,
            mapping_rules: Vec::new(),
            refused_rules: Vec::new(),
            groups: Vec::new(),
            groups_claimed: false,
            roles: Vec::new(),
            tenants: Vec::new(),
            permissions: BTreeSet::new(),
            owners: Owners::default(),
        }
    }

    /// Whether they are a member of a tenant, by any way.
    #[must_use]
    pub fn in_tenant(&self, tenant: &TenantId) -> bool {
        self.tenants.binary_search(tenant).is_ok()
    }

    pub(crate) fn owners(&self) -> &Owners {
        &self.owners
    }
}

/// What `presented` is in `world`.
#[must_use]
pub fn resolve(world: &World, presented: Presented<'_>) -> Subject {
    let matching = presented.claims.map(|claims| world.matching_rules(claims.as_value())).unwrap_or_default();
    let subject = resolve_with(world, presented, matching.rules);
    Subject { refused_rules: texts(world, &matching.refused, MappingRuleId::from_shared), ..subject }
}

/// What somebody is of whom only the rules are known that their token matched, and not the token. Rules that are gone match
/// no more.
#[must_use]
pub fn resolve_matched(world: &World, presented: Presented<'_>, rules: &[MappingRuleId]) -> Subject {
    let there = rules.iter().filter(|id| world.mapping_rule(id.as_str()).is_some());
    let symbols = there.filter_map(|id| world.names().get(Kind::MappingRule, id.as_str())).collect();
    resolve_with(world, presented, symbols)
}

fn resolve_with(world: &World, presented: Presented<'_>, rules: Vec<Sym>) -> Subject {
    let names = world.names();
    let principal = names.of_principal(presented.principal);
    let identities: Vec<Sym> = principal.into_iter().chain(rules.iter().copied()).collect();

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
        mapping_rules: texts(world, &rules, MappingRuleId::from_shared),
        refused_rules: Vec::new(),
        groups: group_ids,
        groups_claimed: presented.groups.is_some(),
        roles: texts(world, &roles, RoleId::from_shared),
        tenants: texts(world, &tenants, TenantId::from_shared),
        permissions: presented.permissions.cloned().unwrap_or_default(),
        owners: Owners::new(world, owners),
    }
}

/// What any of `members` is in.
fn containers(world: &World, members: &[Sym]) -> Vec<Sym> {
    members.iter().flat_map(|member| world.member_index().containers(*member)).collect()
}

/// The containers of one kind, each once.
fn of_kind(containers: &[Sym], kind: Kind) -> Vec<Sym> {
    let mut found: Vec<Sym> = containers.iter().copied().filter(|container| container.kind() == kind).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The ids of symbols, in the order of the ids.
fn texts<T: Ord>(world: &World, symbols: &[Sym], id: fn(&std::sync::Arc<str>) -> T) -> Vec<T> {
    let mut ids: Vec<T> = symbols.iter().filter_map(|symbol| world.names().text(*symbol)).map(id).collect();
    ids.sort_unstable();
    ids
}
