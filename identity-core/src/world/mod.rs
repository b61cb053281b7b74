//! The world: all policy data as one immutable value, numbered by its revision.
//!
//! A world is cheap to clone. A new revision shares all unchanged data with the previous one. The cost of a change
//! therefore depends on the size of the change, not of the world, and readers can keep using an older revision.
//!
//! The world also contains indexes. [`decide`](crate::decide) reads grants by resource. [`resolve`](crate::resolve)
//! reads memberships in both directions, and mapping rules by claim value. Searches and lock-out protection read roles
//! by API permission.

mod access;
mod building;
mod change;
mod grants;
mod listing;
mod members;
mod owners;
mod ranked;
mod record;
mod rows;
mod rules;
mod symbol;
mod version;

use std::ops::{Bound, Range};
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use ranked::Ranked;

pub use change::Change;
pub use record::Unrecordable;

pub(crate) use building::Building;
pub(crate) use grants::{Grant, Run};
pub(crate) use listing::{Keys, Listing, Place};
pub(crate) use members::Members;
pub(crate) use owners::Owners;
pub(crate) use symbol::{Kind, Names, Symbol};

use crate::catalog::{Access, PermissionSet, ResourceCatalog, TypeIndex};
use crate::entity::{
    Authorization, Condition, Container, CustomType, EntityKind, Group, MappingRule, Party, PartyKind, Permission,
    Role, Scope, Tenant, User,
};
use crate::value::{
    AuthorizationKey, GroupId, MappingRuleId, Name, PropertyName, ResourceTypeName, Revision, RoleId, TenantId,
    Username,
};

/// A persistent hash map: clones share unchanged nodes. The hash function is randomly seeded.
pub(crate) type Map<K, V> = imbl::GenericHashMap<K, V, foldhash::fast::RandomState, imbl::shared_ptr::DefaultSharedPtr>;

/// Source of users, clients and groups. It determines for which entities the model can check that they exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sources {
    /// Users are stored and sign in with a password. There are no tokens, so clients cannot sign in and mapping rules
    /// have no effect.
    BuiltIn,
    /// Users and clients come from the tokens of an identity provider and are not stored.
    Provider {
        /// Whether groups also come from tokens. Such groups can be referenced without being stored.
        groups_claimed: bool,
    },
}

/// Immutable snapshot of all policy data at one revision, with its indexes. Clones share unchanged data.
#[derive(Clone)]
pub struct World {
    revision: Revision,
    sources: Sources,
    built_in: Arc<ResourceCatalog>,
    matrix: Arc<ResourceCatalog>,
    custom_types: OrdMap<ResourceTypeName, Arc<CustomType>>,
    users: Ranked<Username, Arc<User>>,
    groups: Ranked<GroupId, Arc<Group>>,
    roles: Ranked<RoleId, Arc<Role>>,
    tenants: Ranked<TenantId, Arc<Tenant>>,
    mapping_rules: Ranked<MappingRuleId, Arc<MappingRule>>,
    authorizations: Ranked<AuthorizationKey, Record>,
    names: Names,
    members: Members,
    owned: Ranked<(Symbol, AuthorizationKey), ()>,
    listing: Listing,
    grants: grants::Grants,
    rules: rules::RuleIndex,
    holders: OrdMap<Permission, OrdSet<RoleId>>,
    /// Properties of the caller that conditions compare, with the number of comparisons.
    compared: OrdMap<PropertyName, usize>,
}

/// An authorization as the world stores it: the owner as a symbol, the resource type as its index, the permissions as a
/// bit set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) owner: Symbol,
    pub(crate) resource_type: TypeIndex,
    pub(crate) scope: Scope,
    pub(crate) permissions: PermissionSet,
    condition: Option<Arc<Condition>>,
}

impl Record {
    /// Returns whether the authorization grants one of these permissions unconditionally.
    pub(crate) fn gives(&self, access: Access) -> bool {
        self.condition.is_none() && self.would_give(access)
    }

    /// Returns whether the authorization grants one of these permissions, assuming that its condition, if any, holds.
    pub(crate) fn would_give(&self, access: Access) -> bool {
        self.resource_type == access.resource_type && self.permissions.intersects(access.permissions)
    }
}

impl World {
    /// Creates an empty world at revision 0. `matrix` contains the built-in resource types.
    #[must_use]
    pub fn new(sources: Sources, matrix: Arc<ResourceCatalog>) -> Self {
        Self {
            revision: Revision::default(),
            sources,
            built_in: Arc::clone(&matrix),
            matrix,
            custom_types: OrdMap::new(),
            users: Ranked::default(),
            groups: Ranked::default(),
            roles: Ranked::default(),
            tenants: Ranked::default(),
            mapping_rules: Ranked::default(),
            authorizations: Ranked::default(),
            names: Names::default(),
            members: Members::default(),
            owned: Ranked::default(),
            listing: Listing::default(),
            grants: grants::Grants::default(),
            rules: rules::RuleIndex::default(),
            holders: OrdMap::new(),
            compared: OrdMap::new(),
        }
    }

    /// Returns the revision, which every commit increments by one. An empty world has revision 0.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns where users, clients and groups come from. Fixed when the world is created.
    #[must_use]
    pub fn sources(&self) -> Sources {
        self.sources
    }

    /// Whether a mapping rule or a condition reads the top-level claim `name` of tokens.
    #[must_use]
    pub fn reads_claim(&self, name: &str) -> bool {
        self.rules.reads(name) || self.compared.contains_key(name)
    }

    /// Whether the claims of a token can add memberships to those that are stored for its principal, through mapping
    /// rules or claimed groups.
    #[must_use]
    pub fn claims_add_memberships(&self) -> bool {
        match self.sources {
            Sources::BuiltIn => false,
            Sources::Provider { groups_claimed } => groups_claimed || !self.rules.is_empty(),
        }
    }

    /// Returns the catalog of all resource types, built-in and custom.
    #[must_use]
    pub fn catalog(&self) -> &ResourceCatalog {
        &self.matrix
    }

    /// Finds a custom resource type by name. Built-in types are not searched.
    #[must_use]
    pub fn custom_type(&self, name: &str) -> Option<&CustomType> {
        self.custom_types.get(name).map(Arc::as_ref)
    }

    /// Returns the custom resource types, sorted by name.
    pub fn custom_types(&self) -> impl ExactSizeIterator<Item = &CustomType> {
        self.custom_types.values().map(Arc::as_ref)
    }

    /// Returns the authorizations on a resource type, including conditional ones, in no particular order.
    pub fn authorizations_on(&self, resource_type: &str) -> impl Iterator<Item = Authorization> {
        let place = self.matrix.index(resource_type);
        place.into_iter().flat_map(|place| self.grants.keys(place)).filter_map(|key| self.authorization(key))
    }

    /// Finds a stored user by username. Users of an identity provider are not stored.
    #[must_use]
    pub fn user(&self, username: &str) -> Option<&User> {
        self.users.get(username).map(Arc::as_ref)
    }

    /// Whether a user is built-in and inactive. Such a user has no access. Users of an identity provider never are.
    #[must_use]
    pub fn is_inactive(&self, username: &str) -> bool {
        self.sources == Sources::BuiltIn && self.user(username).is_some_and(|user| !user.is_active())
    }

    /// Finds a stored group by id. Groups that only tokens claim are not stored.
    #[must_use]
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.get(id).map(Arc::as_ref)
    }

    /// Finds a role by id.
    #[must_use]
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.get(id).map(Arc::as_ref)
    }

    /// Finds a tenant by id.
    #[must_use]
    pub fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.get(id).map(Arc::as_ref)
    }

    /// Finds a mapping rule by id.
    #[must_use]
    pub fn mapping_rule(&self, id: &str) -> Option<&MappingRule> {
        self.mapping_rules.get(id).map(Arc::as_ref)
    }

    /// Returns the display name of a stored entity. `None` if the entity is not stored or has none, as for all clients.
    #[must_use]
    pub fn display_name(&self, kind: EntityKind, id: &str) -> Option<&str> {
        match kind {
            EntityKind::User => self.user(id)?.name.as_ref().map(Name::as_str),
            EntityKind::Group => self.group(id).map(|group| group.name.as_str()),
            EntityKind::Role => self.role(id).map(|role| role.name.as_str()),
            EntityKind::Tenant => self.tenant(id).map(|tenant| tenant.name.as_str()),
            EntityKind::MappingRule => self.mapping_rule(id).map(|rule| rule.name.as_str()),
            _ => None,
        }
    }

    /// Returns a copy of the authorization with this key.
    #[must_use]
    pub fn authorization(&self, key: AuthorizationKey) -> Option<Authorization> {
        self.authorizations.get(&key).and_then(|record| self.written_out(key, record))
    }

    /// Returns the stored users, sorted by username. Users of an identity provider are not stored.
    pub fn users(&self) -> impl DoubleEndedIterator<Item = &User> + ExactSizeIterator {
        self.users.iter(|_, one| one.as_ref())
    }

    /// Returns the stored groups, sorted by id.
    pub fn groups(&self) -> impl DoubleEndedIterator<Item = &Group> + ExactSizeIterator {
        self.groups.iter(|_, one| one.as_ref())
    }

    /// Returns all roles, sorted by id.
    pub fn roles(&self) -> impl DoubleEndedIterator<Item = &Role> + ExactSizeIterator {
        self.roles.iter(|_, one| one.as_ref())
    }

    /// Returns all tenants, sorted by id.
    pub fn tenants(&self) -> impl DoubleEndedIterator<Item = &Tenant> + ExactSizeIterator {
        self.tenants.iter(|_, one| one.as_ref())
    }

    /// Returns all mapping rules, sorted by id.
    pub fn mapping_rules(&self) -> impl DoubleEndedIterator<Item = &MappingRule> + ExactSizeIterator {
        self.mapping_rules.iter(|_, one| one.as_ref())
    }

    /// Returns all authorizations in the order of their keys, which is the order of creation.
    pub fn authorizations(&self) -> impl Iterator<Item = Authorization> {
        self.authorizations.iter(|key, record| (*key, record)).filter_map(|(key, record)| self.written_out(key, record))
    }

    /// Returns the number of authorizations, including conditional ones.
    #[must_use]
    pub fn authorization_count(&self) -> usize {
        self.authorizations.len()
    }

    /// Returns the number of direct memberships in groups, roles and tenants.
    #[must_use]
    pub fn membership_count(&self) -> usize {
        self.members.len()
    }

    /// Returns the authorizations that `owner` itself owns, in the order of creation. Memberships are not followed.
    pub fn owned_by(&self, owner: &Party) -> impl Iterator<Item = Authorization> {
        self.names.of_party(owner).into_iter().flat_map(|owner| self.owned_by_symbol(owner))
    }

    /// Returns the number of authorizations that `owner` itself owns.
    pub(crate) fn owned_count(&self, owner: &Party) -> usize {
        self.owned_positions(owner).len()
    }

    /// Returns the authorizations that `owner` owns, at the positions `some` in the order of creation. The positions
    /// must be within `0..owned_count(owner)`.
    pub(crate) fn owned_at(&self, owner: &Party, some: Range<usize>) -> Vec<Authorization> {
        let first = self.owned_positions(owner).start;
        let keys = self.owned.at(first + some.start..first + some.end, |(_, key), ()| *key);
        keys.filter_map(|key| self.authorization(key)).collect()
    }

    fn owned_positions(&self, owner: &Party) -> Range<usize> {
        let owner = self.names.of_party(owner);
        owner.map_or(0..0, |owner| {
            let start = self.owned.rank(|(other, _)| *other < owner);
            start..self.owned.rank(|(other, _)| *other <= owner)
        })
    }

    /// Returns whether `member` is a direct member of `container`. Indirect memberships do not count.
    #[must_use]
    pub fn is_member(&self, container: &Container, member: &Party) -> bool {
        match (self.names.of_container(container), self.names.of_party(member)) {
            (Some(container), Some(member)) => self.members.contains(container, member),
            _ => false,
        }
    }

    /// Returns the direct members of a container, sorted by kind, then by id.
    pub fn members(&self, container: &Container) -> impl Iterator<Item = Party> {
        self.names
            .of_container(container)
            .into_iter()
            .flat_map(|container| self.members.all_members(container))
            .filter_map(|member| self.names.party(member))
    }

    /// Returns the direct members of one kind, sorted by id.
    pub fn members_of_kind(
        &self,
        container: &Container,
        kind: PartyKind,
    ) -> impl DoubleEndedIterator<Item = Party> + ExactSizeIterator {
        self.members_between(container, kind, (Bound::Unbounded, Bound::Unbounded))
    }

    /// Returns the groups, roles and tenants that `member` is a direct member of.
    pub fn memberships(&self, member: &Party) -> impl Iterator<Item = Container> {
        self.names
            .of_party(member)
            .into_iter()
            .flat_map(|member| self.members.containers(member))
            .filter_map(|container| self.names.container(container))
    }

    /// Returns whether any role holds a permission of the API with this audience.
    #[must_use]
    pub fn has_api(&self, audience: &str) -> bool {
        self.holders.keys().any(|permission| permission.audience.as_str() == audience)
    }

    /// Returns the roles that hold a permission, sorted by id.
    pub fn roles_with<'w>(&'w self, permission: &Permission) -> impl Iterator<Item = &'w Role> + use<'w> {
        self.holders.get(permission).into_iter().flatten().filter_map(|id| self.role(id.as_str()))
    }
}
