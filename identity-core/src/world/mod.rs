//! The world: all policy data as one immutable value, numbered by its revision.
//!
//! A world is cheap to clone. A new version shares with the old one everything that did not change, so that a change costs
//! its own size and readers keep what they hold. Beside the entities there are indexes, one for each question: grants by
//! resource for [`decide`](crate::decide), memberships in both directions and rules by claim value for
//! [`resolve`](crate::resolve), permissions by holder for the rest.

mod access;
mod change;
mod grants;
mod members;
mod record;
mod rows;
mod rules;
mod sym;

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

pub use change::Change;
pub use record::Unrecordable;

pub(crate) use grants::{Grant, Run};
pub(crate) use members::Members;
pub(crate) use sym::{Kind, Names, Sym};

use crate::entity::{
    Authorization, Condition, Container, CustomType, Group, MappingRule, Party, PartyKind, Permission, Role, Scope,
    Tenant, User,
};
use crate::matrix::{Access, Matrix, PermissionSet, TypeIndex};
use crate::value::{AuthorizationKey, GroupId, MappingRuleId, ResourceTypeName, Revision, RoleId, TenantId, Username};

/// A persistent hash map with a seeded hash.
pub(crate) type Map<K, V> = imbl::GenericHashMap<K, V, foldhash::fast::RandomState, imbl::shared_ptr::DefaultSharedPtr>;

/// Where principals come from: what the model can know about who exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sources {
    /// Users are stored here and sign in with a password. There are no tokens, so clients cannot sign in and mapping rules
    /// are inert.
    BuiltIn,
    /// Users and clients come from an identity provider, by token, and are not stored.
    Provider {
        /// Whether groups come by token, too, and need not be stored to be referred to.
        groups_claimed: bool,
    },
}

/// All policy data at one revision.
#[derive(Clone)]
pub struct World {
    revision: Revision,
    sources: Sources,
    built_in: Arc<Matrix>,
    matrix: Arc<Matrix>,
    custom_types: OrdMap<ResourceTypeName, Arc<CustomType>>,
    users: OrdMap<Username, Arc<User>>,
    groups: OrdMap<GroupId, Arc<Group>>,
    roles: OrdMap<RoleId, Arc<Role>>,
    tenants: OrdMap<TenantId, Arc<Tenant>>,
    mapping_rules: OrdMap<MappingRuleId, Arc<MappingRule>>,
    authorizations: OrdMap<AuthorizationKey, Record>,
    names: Names,
    members: Members,
    owned: OrdSet<(Sym, AuthorizationKey)>,
    grants: grants::Grants,
    rules: rules::RuleIndex,
    holders: OrdMap<Permission, OrdSet<RoleId>>,
}

/// An authorization as the world keeps it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) owner: Sym,
    pub(crate) resource_type: TypeIndex,
    pub(crate) scope: Scope,
    permissions: PermissionSet,
    condition: Option<Arc<Condition>>,
}

impl Record {
    /// Whether it grants one of these permissions, whatever else there is.
    pub(crate) fn gives(&self, access: Access) -> bool {
        self.condition.is_none() && self.would_give(access)
    }

    /// Whether it grants one of these permissions when its condition, if there is one, holds.
    pub(crate) fn would_give(&self, access: Access) -> bool {
        self.resource_type == access.resource_type && self.permissions.intersects(access.permissions)
    }
}

impl World {
    /// The empty world.
    #[must_use]
    pub fn new(sources: Sources, matrix: Arc<Matrix>) -> Self {
        Self {
            revision: Revision::default(),
            sources,
            built_in: Arc::clone(&matrix),
            matrix,
            custom_types: OrdMap::new(),
            users: OrdMap::new(),
            groups: OrdMap::new(),
            roles: OrdMap::new(),
            tenants: OrdMap::new(),
            mapping_rules: OrdMap::new(),
            authorizations: OrdMap::new(),
            names: Names::default(),
            members: Members::default(),
            owned: OrdSet::new(),
            grants: grants::Grants::default(),
            rules: rules::RuleIndex::default(),
            holders: OrdMap::new(),
        }
    }

    /// Which version this is.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Where principals come from.
    #[must_use]
    pub fn sources(&self) -> Sources {
        self.sources
    }

    /// The resource types: built-in ones, and those of the operator's own.
    #[must_use]
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// The operator's resource type of this name.
    #[must_use]
    pub fn custom_type(&self, name: &str) -> Option<&CustomType> {
        self.custom_types.get(name).map(Arc::as_ref)
    }

    /// The operator's resource types, by name.
    pub fn custom_types(&self) -> impl ExactSizeIterator<Item = &CustomType> {
        self.custom_types.values().map(Arc::as_ref)
    }

    /// The authorizations on resources of a type, whatever their condition, in no order.
    pub fn authorizations_on(&self, resource_type: &str) -> impl Iterator<Item = Authorization> {
        let place = self.matrix.index(resource_type);
        place.into_iter().flat_map(|place| self.grants.keys(place)).filter_map(|key| self.authorization(key))
    }

    /// The built-in user of this name.
    #[must_use]
    pub fn user(&self, username: &str) -> Option<&User> {
        self.users.get(username).map(Arc::as_ref)
    }

    /// The group of this id.
    #[must_use]
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.get(id).map(Arc::as_ref)
    }

    /// The role of this id.
    #[must_use]
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.get(id).map(Arc::as_ref)
    }

    /// The tenant of this id.
    #[must_use]
    pub fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.get(id).map(Arc::as_ref)
    }

    /// The mapping rule of this id.
    #[must_use]
    pub fn mapping_rule(&self, id: &str) -> Option<&MappingRule> {
        self.mapping_rules.get(id).map(Arc::as_ref)
    }

    /// The authorization of this key.
    #[must_use]
    pub fn authorization(&self, key: AuthorizationKey) -> Option<Authorization> {
        self.authorizations.get(&key).and_then(|record| self.written_out(key, record))
    }

    /// The built-in users, by name.
    pub fn users(&self) -> impl ExactSizeIterator<Item = &User> {
        self.users.values().map(Arc::as_ref)
    }

    /// The groups, by id.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &Group> {
        self.groups.values().map(Arc::as_ref)
    }

    /// The roles, by id.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &Role> {
        self.roles.values().map(Arc::as_ref)
    }

    /// The tenants, by id.
    pub fn tenants(&self) -> impl ExactSizeIterator<Item = &Tenant> {
        self.tenants.values().map(Arc::as_ref)
    }

    /// The mapping rules, by id.
    pub fn mapping_rules(&self) -> impl ExactSizeIterator<Item = &MappingRule> {
        self.mapping_rules.values().map(Arc::as_ref)
    }

    /// The authorizations, in the order of creation.
    pub fn authorizations(&self) -> impl Iterator<Item = Authorization> {
        self.authorizations.iter().filter_map(|(key, record)| self.written_out(*key, record))
    }

    /// How many authorizations there are.
    #[must_use]
    pub fn authorization_count(&self) -> usize {
        self.authorizations.len()
    }

    /// How many memberships there are.
    #[must_use]
    pub fn membership_count(&self) -> usize {
        self.members.len()
    }

    /// The authorizations that `owner` owns, in the order of creation.
    pub fn owned_by(&self, owner: &Party) -> impl Iterator<Item = Authorization> {
        self.names.of_party(owner).into_iter().flat_map(|owner| self.owned_by_symbol(owner))
    }

    /// Whether somebody is a direct member of something.
    #[must_use]
    pub fn is_member(&self, container: &Container, member: &Party) -> bool {
        match (self.names.of_container(container), self.names.of_party(member)) {
            (Some(container), Some(member)) => self.members.contains(container, member),
            _ => false,
        }
    }

    /// The direct members of something, by kind, then by id.
    pub fn members(&self, container: &Container) -> impl Iterator<Item = Party> {
        self.names
            .of_container(container)
            .into_iter()
            .flat_map(|container| self.members.all_members(container))
            .filter_map(|member| self.names.party(member))
    }

    /// The direct members of one kind, by id, those after `after` only.
    pub fn members_of_kind(
        &self,
        container: &Container,
        kind: PartyKind,
        after: Option<&str>,
    ) -> impl Iterator<Item = Party> {
        self.names
            .of_container(container)
            .into_iter()
            .flat_map(move |container| self.members.members(container, kind.into(), after))
            .filter_map(|member| self.names.party(member))
    }

    /// What somebody is a direct member of.
    pub fn memberships(&self, member: &Party) -> impl Iterator<Item = Container> {
        self.names
            .of_party(member)
            .into_iter()
            .flat_map(|member| self.members.containers(member))
            .filter_map(|container| self.names.container(container))
    }

    /// Whether a role holds a permission on the API of this audience.
    #[must_use]
    pub fn has_api(&self, audience: &str) -> bool {
        self.holders.keys().any(|permission| permission.audience.as_str() == audience)
    }

    /// The roles that hold a permission, by id.
    pub fn roles_with(&self, permission: &Permission) -> impl Iterator<Item = &Role> {
        self.holders.get(permission).into_iter().flatten().filter_map(|id| self.role(id.as_str()))
    }
}
