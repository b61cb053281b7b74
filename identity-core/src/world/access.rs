//! Crate-internal queries on the indexes of a [`World`]. Most of them take and return symbols (interned names) instead
//! of ids.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::rules::Matching;
use super::{Grant, Kind, Listing, Members, Names, Record, Run, Symbol, World};
use crate::catalog::{Family, PermissionSet, ResourceCatalog, TypeIndex};
use crate::entity::{
    Authorization, Condition, Container, Group, MappingRule, Party, PartyKind, Role, Scope, Tenant, User,
};
use crate::value::{AuthorizationKey, ResourceId};

/// Lower and upper bound of a range query on ids or keys.
type Bounds<K> = (Bound<K>, Bound<K>);

impl World {
    /// Returns the shared catalog of the built-in resource types, without custom types.
    pub(crate) fn matrix_handle(&self) -> Arc<ResourceCatalog> {
        Arc::clone(&self.built_in)
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Iterates over `(kind, id, text)`, where `text` is the id or the display name of an entity. Includes users,
    /// clients and groups that are not stored but have a membership or an authorization. Items may repeat.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (Kind, &str, &str)> {
        let users = self.users().map(|user| (Kind::User, user.username.as_str(), None));
        let groups = self.groups().map(|group| (Kind::Group, group.id.as_str(), Some(group.name.as_str())));
        let roles = self.roles().map(|role| (Kind::Role, role.id.as_str(), Some(role.name.as_str())));
        let tenants = self.tenants().map(|tenant| (Kind::Tenant, tenant.id.as_str(), Some(tenant.name.as_str())));
        let rules = self.mapping_rules().map(|rule| (Kind::MappingRule, rule.id.as_str(), Some(rule.name.as_str())));
        let stored = users.chain(groups).chain(roles).chain(tenants).chain(rules);
        let named = self.names.of_kinds(&[Kind::User, Kind::Client, Kind::Group]);
        let named = named.filter(|(symbol, _)| self.owns_any(*symbol) || self.members.is_member_of_any(*symbol));
        let texts = stored
            .flat_map(|(kind, id, name)| std::iter::once((kind, id, id)).chain(name.map(|name| (kind, id, name))));
        texts.chain(named.map(|(symbol, id)| (symbol.kind(), id, id)))
    }

    /// Returns the position of a role among all roles sorted by id, from 0. `None` if the role does not exist.
    pub(crate) fn role_position(&self, id: &str) -> Option<usize> {
        self.roles.get(id).map(|_| self.roles.rank(|other| other.as_str() < id))
    }

    pub(crate) fn listing(&self) -> &Listing {
        &self.listing
    }

    pub(crate) fn member_index(&self) -> &Members {
        &self.members
    }

    /// Evaluates the mapping rules on the claims of a token. The result is empty with
    /// [`Sources::BuiltIn`](super::Sources), where mapping rules have no effect.
    pub(crate) fn matching_rules(&self, claims: &Value) -> Matching {
        match self.sources {
            super::Sources::BuiltIn => Matching::default(),
            super::Sources::Provider { .. } => self.rules.matching(claims),
        }
    }

    /// Returns the unconditional grants with scope `*`, which cover all resources of the type.
    pub(crate) fn run_on_any(&self, resource_type: TypeIndex) -> Option<&Run> {
        self.grants.on_any(resource_type)
    }

    /// Returns the resource types outside `families` on which at least one authorization exists.
    pub(crate) fn types_outside(&self, families: &[Family]) -> Vec<TypeIndex> {
        let is_outside = |index: &TypeIndex| {
            let family = self.matrix.get(*index).map(|kind| kind.family);
            family.is_some_and(|family| !families.contains(&family)) && self.grants.count(*index) > 0
        };
        self.matrix.indexes().filter(is_outside).collect()
    }

    /// Returns the number of authorizations on a type, of any scope, with or without a condition.
    pub(crate) fn count_on(&self, resource_type: TypeIndex) -> usize {
        self.grants.count(resource_type)
    }

    /// Returns the union of the unconditional permissions that one owner has on all resources (`*`), by resource type.
    pub(crate) fn granted_on_all(&self, owner: Symbol) -> &[(TypeIndex, PermissionSet)] {
        self.grants.on_all(owner)
    }

    pub(crate) fn run_on_id(&self, resource_type: TypeIndex, id: &str) -> Option<&Run> {
        self.grants.on_id(resource_type, id)
    }

    pub(crate) fn run_on_property(&self, resource_type: TypeIndex, name: &str) -> Option<&Run> {
        self.grants.on_property(resource_type, name)
    }

    /// Returns the conditional grants with exactly this scope. `None` for a property scope, which does not support
    /// conditions.
    pub(crate) fn conditional_run(&self, resource_type: TypeIndex, scope: &Scope) -> Option<&Run> {
        match scope {
            Scope::Any => self.grants.conditional_on_any(resource_type),
            Scope::Id(id) => self.grants.conditional_on_id(resource_type, id.as_str()),
            Scope::Property(_) => None,
        }
    }

    /// Returns the conditional grants on all resources of a type (`*`), followed by those on the resource with this id.
    pub(crate) fn conditional_runs(&self, resource_type: TypeIndex, id: Option<&str>) -> impl Iterator<Item = &Run> {
        let on_id = id.and_then(|id| self.grants.conditional_on_id(resource_type, id));
        self.grants.conditional_on_any(resource_type).into_iter().chain(on_id)
    }

    pub(crate) fn condition(&self, key: AuthorizationKey) -> Option<&Condition> {
        self.authorizations.get(&key)?.condition.as_deref()
    }

    /// Returns the ids of a type that authorizations name, each once, in no particular order.
    pub(crate) fn named_resources(&self, resource_type: TypeIndex) -> impl Iterator<Item = &ResourceId> {
        self.grants.ids(resource_type)
    }

    /// Returns the authorizations whose scope is exactly this resource, sorted by key. Those on all resources of the
    /// type are not included.
    pub(crate) fn grants_on(&self, resource_type: &str, id: &str) -> impl Iterator<Item = AuthorizationKey> + use<> {
        let runs = self.matrix.index(resource_type).into_iter().flat_map(|place| {
            let conditional = self.grants.conditional_on_id(place, id);
            self.grants.on_id(place, id).into_iter().chain(conditional)
        });
        let keys: BTreeSet<AuthorizationKey> = runs.flat_map(Run::iter).map(|grant| grant.key).collect();
        keys.into_iter()
    }

    pub(crate) fn owned_by_symbol(&self, owner: Symbol) -> impl Iterator<Item = Authorization> + '_ {
        self.records_of(owner).filter_map(|(key, record)| self.written_out(key, record))
    }

    /// Returns the symbols of the parties with this id: at most one, of the given kind, or one per kind if `kind` is
    /// `None`.
    pub(crate) fn symbols(&self, id: &str, kind: Option<PartyKind>) -> impl Iterator<Item = Symbol> {
        let kinds = PartyKind::ALL.into_iter().filter(move |any| kind.is_none_or(|kind| kind == *any));
        kinds.filter_map(|kind| self.names.get(kind.into(), id))
    }

    pub(crate) fn record_of(&self, key: AuthorizationKey) -> Option<&Record> {
        self.authorizations.get(&key)
    }

    pub(crate) fn records_between<'w, T>(
        &'w self,
        bounds: Bounds<AuthorizationKey>,
        show: impl Fn(AuthorizationKey, &'w Record) -> T,
    ) -> impl DoubleEndedIterator<Item = T> + ExactSizeIterator {
        let positions = self.authorizations.positions(as_ref(&bounds));
        self.authorizations.at(positions, move |key, record| show(*key, record))
    }

    pub(crate) fn records_of(
        &self,
        owner: Symbol,
    ) -> impl DoubleEndedIterator<Item = (AuthorizationKey, &Record)> + '_ {
        self.records_of_between(owner, (Bound::Unbounded, Bound::Unbounded))
    }

    /// Returns the stored form of the authorizations on a type, in no particular order.
    pub(crate) fn records_on(&self, resource_type: TypeIndex) -> impl Iterator<Item = &Record> {
        self.grants.keys(resource_type).filter_map(|key| self.authorizations.get(&key))
    }

    /// Returns whether the owners together have more than `count` authorizations. Stops counting above that number.
    pub(crate) fn own_more_than(&self, mut owners: impl Iterator<Item = Symbol>, mut count: usize) -> bool {
        owners.any(|owner| {
            let from = self.owned.from(|held| *held < (owner, AuthorizationKey(0)), |held, ()| held.0);
            let held = from.take_while(|other| *other == owner).take(count + 1).count();
            let is_more = held > count;
            count = count.saturating_sub(held);
            is_more
        })
    }

    /// Returns whether the owner has at least one authorization. Costs a single tree search, which is cheaper than
    /// reading the owner's records.
    pub(crate) fn owns_any(&self, owner: Symbol) -> bool {
        let mut from = self.owned.from(|held| *held < (owner, AuthorizationKey(0)), |held, ()| held.0);
        from.next().is_some_and(|other| other == owner)
    }

    pub(crate) fn records_of_between(
        &self,
        owner: Symbol,
        (from, to): Bounds<AuthorizationKey>,
    ) -> impl DoubleEndedIterator<Item = (AuthorizationKey, &Record)> + '_ {
        let with_owner = |bound: Bound<AuthorizationKey>, end| match bound {
            Bound::Unbounded => Bound::Included((owner, AuthorizationKey(end))),
            bound => bound.map(|key| (owner, key)),
        };
        let positions = self.owned.positions(as_ref(&(with_owner(from, 0), with_owner(to, u64::MAX))));
        let held = self.owned.at(positions, |(_, key), ()| *key);
        held.filter_map(|key| self.authorizations.get(&key).map(|record| (key, record)))
    }

    /// Returns the direct members of one kind whose ids are within the bounds, sorted by id.
    pub(crate) fn members_between<'w>(
        &'w self,
        container: &Container,
        kind: PartyKind,
        ids: Bounds<&str>,
    ) -> impl DoubleEndedIterator<Item = Party> + ExactSizeIterator + use<'w> {
        self.members.between(self.names.of_container(container), kind, ids)
    }

    pub(crate) fn run_of_scope(&self, resource_type: TypeIndex, scope: &Scope) -> Option<&Run> {
        match scope {
            Scope::Any => self.run_on_any(resource_type),
            Scope::Id(id) => self.run_on_id(resource_type, id.as_str()),
            Scope::Property(name) => self.run_on_property(resource_type, name.as_str()),
        }
    }

    pub(super) fn written_out(&self, key: AuthorizationKey, record: &Record) -> Option<Authorization> {
        let grant = Grant { owner: record.owner, key, permissions: record.permissions };
        let written = self.of_grant(grant, record.resource_type, record.scope.clone())?;
        Some(Authorization { condition: record.condition.as_deref().cloned(), ..written })
    }

    /// Builds the complete authorization from an unconditional grant, its resource type and its scope. `None` if the
    /// owner or the resource type is unknown.
    pub(crate) fn of_grant(&self, grant: Grant, resource_type: TypeIndex, scope: Scope) -> Option<Authorization> {
        Some(Authorization {
            key: grant.key,
            owner: self.names.party(grant.owner)?,
            resource_type: self.matrix.get(resource_type)?.name.clone(),
            scope,
            permissions: self.matrix.names(resource_type, grant.permissions).cloned().collect(),
            condition: None,
        })
    }

    /// Returns the stored mapping rules with the same selector, value, operator and issuer as `rule`, including `rule`
    /// itself if stored.
    pub(crate) fn rules_like(&self, rule: &MappingRule) -> impl Iterator<Item = &MappingRule> {
        self.rules
            .seekers_of(rule)
            .filter_map(|symbol| self.names.text(symbol))
            .filter_map(|id| self.mapping_rule(id))
            .filter(|other| other.operator == rule.operator && other.issuer == rule.issuer)
    }
}

fn as_ref<K>((from, to): &Bounds<K>) -> Bounds<&K> {
    (from.as_ref(), to.as_ref())
}

macro_rules! between {
    ($($name:ident: $entity:ty, $map:ident;)+) => {
        impl World {
            $(pub(crate) fn $name<'w>(
                &'w self,
                ids: Bounds<&str>,
            ) -> impl DoubleEndedIterator<Item = &'w $entity> + ExactSizeIterator + use<'w> {
                self.$map.at(self.$map.positions(ids), |_, one| one.as_ref())
            })+
        }
    };
}

between! {
    users_between: User, users;
    groups_between: Group, groups;
    roles_between: Role, roles;
    tenants_between: Tenant, tenants;
    mapping_rules_between: MappingRule, mapping_rules;
}
