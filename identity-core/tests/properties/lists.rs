//! The pages of each list of the management API together equal the complete list, computed from all rows, under every
//! filter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use identity_core::apply::{Command, missing_defaults};
use identity_core::catalog::{Family, ResourceCatalog};
use identity_core::engine::Engine;
use identity_core::entity::{Actor, Authorization, Container, Party, PartyKind, Scope};
use identity_core::fake::{FixedClock, MemoryPolicyStore, SequentialIds};
use identity_core::preset::is_protected_role;
use identity_core::resolve::Subject;
use identity_core::search::{List, Listing, PageRequest, SearchBudget, matches_text, resources_of};
use identity_core::service::{
    AuthorizationList, Authorizations, Authorizer, Caller, EntityAuthorization, Groups, ListRequest, MappingRules,
    Memberships, Resource, Roles, ServiceError, StoredGroups, StoredRoles, Tenants,
};
use identity_core::value::{Name, PermissionName, ResourceTypeName, Revision};
use identity_core::world::{Change, Sources, World};
use proptest::prelude::*;
use time::OffsetDateTime;

use crate::{conditions, strategy};

const SOURCES: Sources = Sources::Provider { groups_claimed: false };

/// The services over worlds without a store.
struct Desk {
    runtime: tokio::runtime::Runtime,
    authorizer: Authorizer,
}

impl Desk {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = MemoryPolicyStore::default();
        let audit = Arc::new(store.audit_log());
        let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
        let start = Engine::start(Arc::new(store), audit, clock, SOURCES, ResourceCatalog::standard());
        Self { authorizer: Authorizer::management(Arc::new(runtime.block_on(start).unwrap())), runtime }
    }

    fn read<T: Send + 'static>(&self, list: impl Future<Output = Result<List<T>, ServiceError>>) -> Listing<T> {
        self.runtime.block_on(list).unwrap().read(&SearchBudget::default()).unwrap()
    }

    /// Compares each page, for several page sizes, and the total with the expected list.
    fn pages<T: Debug + PartialEq + Clone + Send + 'static, F: Future<Output = Result<List<T>, ServiceError>>>(
        &self,
        whole: &[T],
        list: impl Fn(PageRequest) -> F,
    ) -> Result<(), TestCaseError> {
        for limit in [1, 3, 10_000] {
            let pages = whole.len() / limit + 2;
            for page in 0..pages {
                let found = self.read(list(PageRequest { offset: page * limit, limit }));
                let expected: Vec<T> = whole.iter().skip(page * limit).take(limit).cloned().collect();
                prop_assert_eq!((found.items, found.total), (expected, Some(whole.len())));
            }
        }
        Ok(())
    }
}

fn caller(world: &World) -> Caller {
    let caller = Caller::authenticated(Arc::new(world.clone()), strategy::principals().remove(0), None);
    Caller { actor: Actor::Anonymous, ..caller }
}

/// A world after random changes of all kinds, and the same world loaded from its rows.
fn worlds(history: &[Command]) -> [World; 2] {
    let mut commands = missing_defaults(&World::new(SOURCES, ResourceCatalog::standard()));
    commands.extend(history.iter().cloned());
    let (grown, _) = crate::grown(SOURCES, &commands);
    let rows: Vec<Change> = grown.rows().collect();
    let loaded = World::new(SOURCES, ResourceCatalog::standard()).replay(Revision(1), &rows).0;
    [grown, loaded]
}

fn history() -> impl Strategy<Value = Vec<Command>> {
    prop::collection::vec(prop_oneof![strategy::command(), conditions::own_command()], 0..60)
}

fn searches() -> impl Strategy<Value = Option<String>> {
    prop::option::of(
        prop::sample::select(vec!["A", "b", "r1", "G", "*", "ule", "orchestration", "zz"]).prop_map(str::to_owned),
    )
}

fn family(world: &World, held: &Authorization) -> Family {
    world.catalog().find(held.resource_type.as_str()).unwrap().family
}

/// The display name of an owner, or its id if it has none.
fn name_of<'w>(world: &'w World, owner: &'w Party) -> &'w str {
    let id = owner.id();
    let name = match owner {
        Party::User(_) => world.user(id).and_then(|user| user.name.as_ref()).map(Name::as_str),
        Party::Group(_) => world.group(id).map(|group| group.name.as_str()),
        Party::Role(_) => world.role(id).map(|role| role.name.as_str()),
        Party::MappingRule(_) => world.mapping_rule(id).map(|rule| rule.name.as_str()),
        Party::Client(_) => None,
    };
    name.unwrap_or(id)
}

/// The expected list of authorizations.
fn authorizations(world: &World, wanted: &AuthorizationList) -> Vec<EntityAuthorization> {
    let mut merged = BTreeMap::<_, BTreeSet<_>>::new();
    for held in world.authorizations().filter(|held| family(world, held) != Family::Cluster) {
        let key = held.scope.resource_id().unwrap_or_default();
        let is_wanted = wanted.owner.as_ref().is_none_or(|owner| held.owner == *owner)
            && wanted.resource_type.as_ref().is_none_or(|kind| held.resource_type == *kind)
            && wanted.resource_id.as_ref().is_none_or(|id| key == id)
            && wanted.permission.as_ref().is_none_or(|permission| held.permissions.contains(permission))
            && matches_text(wanted.list.search.as_deref(), &[held.owner.id(), name_of(world, &held.owner), key]);
        if is_wanted {
            let place = (held.owner, held.resource_type, held.scope, held.condition);
            merged.entry(place).or_default().extend(held.permissions);
        }
    }
    let entry = |((owner, resource_type, scope, condition), permissions)| EntityAuthorization {
        owner,
        resource_type,
        scope,
        condition,
        permissions,
    };
    merged.into_iter().map(entry).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn pages_of_authorizations_and_resources_are_the_whole_list(
        history in history(), owner in prop::option::of(strategy::party()), search in searches(),
        kind in prop::option::of(prop::sample::select(vec!["order", "invoice", "process-definition", "USER_TASK", "none"])),
        resource in prop::option::of(prop::sample::select(vec!["*", "a", "zz"])),
        permission in prop::option::of(prop::sample::select(vec!["READ", "UPDATE", "approve"])),
    ) {
        let desk = Desk::new();
        let service = Authorizations::new(desk.authorizer.clone());
        for world in worlds(&history) {
            let caller = caller(&world);
            let wanted = |page| AuthorizationList {
                list: ListRequest { search: search.clone(), page },
                owner: owner.clone(),
                resource_type: kind.map(|kind| ResourceTypeName::parse(kind).unwrap()),
                resource_id: resource.map(str::to_owned),
                permission: permission.map(|name| PermissionName::parse(name).unwrap()),
            };
            let whole = authorizations(&world, &wanted(PageRequest { offset: 0, limit: 1 }));
            desk.pages(&whole, |page| {
                let (service, caller, wanted) = (&service, &caller, wanted(page));
                async move { service.list(caller, &wanted).await }
            })?;

            let named: BTreeSet<_> = world
                .authorizations()
                .filter(|held| family(&world, held) != Family::Cluster)
                .filter_map(|held| Some((held.resource_type, held.scope.resource_id()?.to_owned())))
                .filter(|(_, key)| matches_text(search.as_deref(), &[key]))
                .collect();
            let resource = |(resource_type, key)| Resource { resource_type, key };
            let whole: Vec<_> = named.into_iter().map(resource).collect();
            desk.pages(&whole, |page| service.resources(&caller, search.as_deref(), page))?;
        }
    }

    #[test]
    fn pages_of_entities_and_members_are_the_whole_list(history in history(), search in searches(), cluster in any::<bool>()) {
        let desk = Desk::new();
        let groups = StoredGroups::new(desk.authorizer.clone(), Arc::new(SequentialIds::default()));
        let (roles, tenants) = (StoredRoles::new(desk.authorizer.clone()), Tenants::new(desk.authorizer.clone()));
        let (rules, memberships) = (MappingRules::new(desk.authorizer.clone()), Memberships::new(desk.authorizer.clone()));
        for world in worlds(&history) {
            let caller = &caller(&world);
            let fits = |texts: &[&str]| matches_text(search.as_deref(), texts);
            let request = |page| ListRequest { search: search.clone(), page };

            let whole: Vec<_> = world.groups().filter(|one| fits(&[one.id.as_str(), one.name.as_str(), one.description.as_str()])).cloned().collect();
            desk.pages(&whole, |page| { let (groups, list) = (&groups, request(page)); async move { groups.list(caller, &list).await } })?;
            let whole: Vec<_> = world.tenants().filter(|one| fits(&[one.id.as_str(), one.name.as_str(), one.description.as_str()])).cloned().collect();
            desk.pages(&whole, |page| { let (tenants, list) = (&tenants, request(page)); async move { tenants.list(caller, &list).await } })?;
            let is_listed = |id| cluster || !is_protected_role(id);
            let whole: Vec<_> = world
                .roles()
                .filter(|one| is_listed(&one.id) && fits(&[one.id.as_str(), one.name.as_str(), one.description.as_str()]))
                .cloned()
                .collect();
            desk.pages(&whole, |page| { let (roles, list) = (&roles, request(page)); async move { roles.list(caller, &list, cluster).await } })?;
            let whole: Vec<_> = world
                .mapping_rules()
                .filter(|one| fits(&[one.id.as_str(), one.name.as_str(), one.selector.as_str(), one.value.as_str()]))
                .map(|one| one.id.clone())
                .collect();
            for (place, id) in whole.iter().enumerate() {
                let list = request(PageRequest { offset: place, limit: 1 });
                let found = desk.read(rules.list(caller, &list));
                prop_assert_eq!((&found.items[0].rule.id, found.total), (id, Some(whole.len())));
            }

            for (role, kind) in world.roles().flat_map(|role| PartyKind::ALL.map(|kind| (role, kind))) {
                let container = Container::Role(role.id.clone());
                let members = world.members(&container);
                let ids: Vec<_> = members.filter(|party| party.party_kind() == kind).map(|party| party.id().to_owned()).collect();
                for (place, id) in ids.iter().enumerate() {
                    let page = PageRequest { offset: place, limit: 1 };
                    let found = desk.read(memberships.members(caller, &container, kind, &ListRequest { search: None, page }));
                    prop_assert_eq!((found.items[0].0.id(), found.total), (id.as_str(), Some(ids.len())));
                }
            }
            for tenant in world.tenants() {
                let members: Vec<_> = world.members(&Container::Tenant(tenant.id.clone())).collect();
                let of = |kind| members.iter().filter(move |party| party.party_kind() == kind).map(|party| party.id().to_owned());
                let users = desk.read(tenants.users(caller, tenant.id.as_str()));
                prop_assert_eq!(users.total, None);
                prop_assert!(users.items.into_iter().map(|user| user.id).eq(of(PartyKind::User)));
                let groups = desk.read(tenants.groups(caller, tenant.id.as_str()));
                prop_assert!(groups.items.iter().map(|(group, _)| group.id().to_owned()).eq(of(PartyKind::Group)));
            }
        }
    }

    #[test]
    fn what_a_caller_may_do_is_the_union_of_all_ways(history in history(), who in strategy::callers()) {
        for world in worlds(&history) {
            let subject: Subject = crate::subject_of(&world, &who);
            let expected: Vec<(_, Scope, _)> = resources_of(&world, &subject, &[Family::Management, Family::Custom])
                .into_iter()
                .map(|((kind, scope), permissions)| (kind, scope, permissions))
                .collect();
            let caller = Caller { subject: Arc::new(subject), ..caller(&world) };
            let found: Vec<_> = caller.authorizations().filter(|(.., permissions)| !permissions.is_empty()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
