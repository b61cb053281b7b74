//! What the functions of the core ask of the world's indexes, in symbols.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::rules::Matching;
use super::{Grant, Kind, Members, Names, Record, Run, Sym, World};
use crate::entity::{
    Authorization, Condition, Container, Group, MappingRule, Party, PartyKind, Role, Scope, Tenant, User,
};
use crate::matrix::{Family, Matrix, PermissionSet, TypeIndex};
use crate::value::{AuthorizationKey, ResourceId};

/// A stretch of ids or keys.
type Bounds<K> = (Bound<K>, Bound<K>);

impl World {
    /// The built-in resource types.
    pub(crate) fn matrix_handle(&self) -> Arc<Matrix> {
        Arc::clone(&self.built_in)
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// What readers tell entities by: the kind, the id, and a text that is the id or the name. Of entities that live elsewhere
    /// those that memberships or authorizations name.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (Kind, &str, &str)> {
        let users = self.users.values().map(|user| (Kind::User, user.username.as_str(), None));
        let groups = self.groups.values().map(|group| (Kind::Group, group.id.as_str(), Some(group.name.as_str())));
        let roles = self.roles.values().map(|role| (Kind::Role, role.id.as_str(), Some(role.name.as_str())));
        let tenants =
            self.tenants.values().map(|tenant| (Kind::Tenant, tenant.id.as_str(), Some(tenant.name.as_str())));
        let rules =
            self.mapping_rules.values().map(|rule| (Kind::MappingRule, rule.id.as_str(), Some(rule.name.as_str())));
        let stored = users.chain(groups).chain(roles).chain(tenants).chain(rules);
        let named = self.names.of_kinds(&[Kind::User, Kind::Client, Kind::Group]);
        let named = named.filter(|(symbol, _)| self.owns_any(*symbol) || self.members.is_member_of_any(*symbol));
        let texts = stored
            .flat_map(|(kind, id, name)| std::iter::once((kind, id, id)).chain(name.map(|name| (kind, id, name))));
        texts.chain(named.map(|(symbol, id)| (symbol.kind(), id, id)))
    }

    pub(crate) fn member_index(&self) -> &Members {
        &self.members
    }

    /// The rules that match the claims; none where rules are inert.
    pub(crate) fn matching_rules(&self, claims: &Value) -> Matching {
        match self.sources {
            super::Sources::BuiltIn => Matching::default(),
            super::Sources::Provider { .. } => self.rules.matching(claims),
        }
    }

    /// Where a decision looks for grants on resources of one type: on all, then on these.
    pub(crate) fn run_on_any(&self, resource_type: TypeIndex) -> Option<&Run> {
        self.grants.on_any(resource_type)
    }

    /// The types outside some families that have authorizations.
    pub(crate) fn types_outside(&self, families: &[Family]) -> Vec<TypeIndex> {
        let is_outside = |index: &TypeIndex| {
            let family = self.matrix.get(*index).map(|kind| kind.family);
            family.is_some_and(|family| !families.contains(&family)) && self.grants.keys(*index).next().is_some()
        };
        self.matrix.indexes().filter(is_outside).collect()
    }

    /// The number of authorizations on a type.
    pub(crate) fn count_on(&self, resource_type: TypeIndex) -> usize {
        self.grants.keys(resource_type).count()
    }

    /// What one owner may do with all resources of each type.
    pub(crate) fn granted_on_all(&self, owner: Sym) -> &[(TypeIndex, PermissionSet)] {
        self.grants.on_all(owner)
    }

    pub(crate) fn run_on_id(&self, resource_type: TypeIndex, id: &str) -> Option<&Run> {
        self.grants.on_id(resource_type, id)
    }

    pub(crate) fn run_on_property(&self, resource_type: TypeIndex, name: &str) -> Option<&Run> {
        self.grants.on_property(resource_type, name)
    }

    /// Where a decision looks for grants that depend on a condition.
    pub(crate) fn conditional_run(&self, resource_type: TypeIndex, scope: &Scope) -> Option<&Run> {
        match scope {
            Scope::Any => self.grants.conditional_on_any(resource_type),
            Scope::Id(id) => self.grants.conditional_on_id(resource_type, id.as_str()),
            Scope::Property(_) => None,
        }
    }

    /// The same for all resources, then for one.
    pub(crate) fn conditional_runs(&self, resource_type: TypeIndex, id: Option<&str>) -> impl Iterator<Item = &Run> {
        let on_id = id.and_then(|id| self.grants.conditional_on_id(resource_type, id));
        self.grants.conditional_on_any(resource_type).into_iter().chain(on_id)
    }

    /// The condition of an authorization.
    pub(crate) fn condition(&self, key: AuthorizationKey) -> Option<&Condition> {
        self.authorizations.get(&key)?.condition.as_deref()
    }

    /// The ids of the resources of a type that authorizations name, in no order.
    pub(crate) fn named_resources(&self, resource_type: TypeIndex) -> impl Iterator<Item = &ResourceId> {
        self.grants.ids(resource_type)
    }

    /// The authorizations whose resource is this one, in the order of their keys.
    pub(crate) fn grants_on(&self, resource_type: &str, id: &str) -> impl Iterator<Item = AuthorizationKey> + use<> {
        let runs = self.matrix.index(resource_type).into_iter().flat_map(|place| {
            let conditional = self.grants.conditional_on_id(place, id);
            self.grants.on_id(place, id).into_iter().chain(conditional)
        });
        let keys: BTreeSet<AuthorizationKey> = runs.flat_map(Run::iter).map(|grant| grant.key).collect();
        keys.into_iter()
    }

    pub(crate) fn owned_by_symbol(&self, owner: Sym) -> impl Iterator<Item = Authorization> + '_ {
        self.records_of(owner).filter_map(|(key, record)| self.written_out(key, record))
    }

    /// The symbols of the parties of this id, of one kind or of any.
    pub(crate) fn symbols(&self, id: &str, kind: Option<PartyKind>) -> impl Iterator<Item = Sym> {
        let kinds = PartyKind::ALL.into_iter().filter(move |any| kind.is_none_or(|kind| kind == *any));
        kinds.filter_map(|kind| self.names.get(kind.into(), id))
    }

    pub(crate) fn record_of(&self, key: AuthorizationKey) -> Option<&Record> {
        self.authorizations.get(&key)
    }

    pub(crate) fn records_between(
        &self,
        bounds: Bounds<AuthorizationKey>,
    ) -> impl DoubleEndedIterator<Item = (AuthorizationKey, &Record)> {
        self.authorizations.range(bounds).map(|(key, record)| (*key, record))
    }

    pub(crate) fn records_of(&self, owner: Sym) -> impl DoubleEndedIterator<Item = (AuthorizationKey, &Record)> + '_ {
        self.records_of_between(owner, (Bound::Unbounded, Bound::Unbounded))
    }

    /// Whether the owner has an authorization. One search, where their records take three.
    pub(crate) fn owns_any(&self, owner: Sym) -> bool {
        self.owned.range((owner, AuthorizationKey(0))..).next().is_some_and(|(other, _)| *other == owner)
    }

    pub(crate) fn records_of_between(
        &self,
        owner: Sym,
        (from, to): Bounds<AuthorizationKey>,
    ) -> impl DoubleEndedIterator<Item = (AuthorizationKey, &Record)> + '_ {
        let with_owner = |bound: Bound<AuthorizationKey>, end| match bound {
            Bound::Unbounded => Bound::Included((owner, AuthorizationKey(end))),
            bound => bound.map(|key| (owner, key)),
        };
        self.owned
            .range((with_owner(from, 0), with_owner(to, u64::MAX)))
            .filter_map(|(_, key)| self.authorizations.get(key).map(|record| (*key, record)))
    }

    /// The direct members of one kind with ids in a stretch, in the order of their ids.
    pub(crate) fn members_between<'w>(
        &'w self,
        container: &Container,
        kind: PartyKind,
        ids: Bounds<&str>,
    ) -> impl DoubleEndedIterator<Item = Party> + use<'w> {
        let container = self.names.of_container(container);
        let members = container.map(|container| self.members.between(container, kind.into(), ids));
        members.into_iter().flatten().filter_map(|member| self.names.party(member))
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

    /// The authorization that a grant is of, if it has no condition.
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

    /// The rules that look for the same value of the same claim in the same way, at the same issuer.
    pub(crate) fn rules_like(&self, rule: &MappingRule) -> impl Iterator<Item = &MappingRule> {
        self.rules
            .seekers_of(rule)
            .filter_map(|symbol| self.names.text(symbol))
            .filter_map(|id| self.mapping_rule(id))
            .filter(|other| other.operator == rule.operator && other.issuer == rule.issuer)
    }
}

macro_rules! between {
    ($($name:ident: $entity:ty, $map:ident;)+) => {
        impl World {
            $(pub(crate) fn $name<'w>(
                &'w self,
                ids: Bounds<&str>,
            ) -> impl DoubleEndedIterator<Item = &'w $entity> + use<'w> {
                self.$map.range::<_, str>(ids).map(|(_, one)| one.as_ref())
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
