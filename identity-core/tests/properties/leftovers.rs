//! Authorizations on a resource end with it: none applies to a later entity with the same ID.

use std::collections::BTreeSet;

use identity_core::apply::{Applied, Command, NewAuthorization, apply};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::Authority;
use identity_core::diff::{AccessItem, diff};
use identity_core::entity::{
    AuditOperation, Authorization, CustomType, EntityKind, Group, MappingRule, Party, Role, Scope, Tenant, User,
};
use identity_core::search::{OrphanCause, orphans};
use identity_core::service::forgetting;
use identity_core::value::{
    AuthorizationKey, ClaimSelector, ClaimValue, GroupId, MappingRuleId, Name, PasswordHash, PermissionName,
    ResourceId, ResourceTypeName, Revision, RoleId, TenantId,
};
use identity_core::world::{Change, Sources, World};
use proptest::prelude::*;

use crate::strategy::{self, username};

fn name() -> Name {
    Name::parse("name").unwrap()
}

/// For each kind: its name, the command that creates `x`, and the command that deletes it.
fn kinds() -> Vec<(&'static str, Command, Command)> {
    let user = User::new(username("x"), PasswordHash::new(String::new()));
    let group = Group::new(GroupId::parse("x").unwrap(), name());
    let permissions = BTreeSet::new();
    let role = Role { permissions, ..Role::new(RoleId::parse("x").unwrap(), name()) };
    let tenant = Tenant::new(TenantId::parse("x").unwrap(), name());
    let rule = MappingRule::new(
        MappingRuleId::parse("x").unwrap(),
        name(),
        ClaimSelector::parse("a").unwrap(),
        ClaimValue::parse("x").unwrap(),
    );
    vec![
        ("USER", Command::CreateUser(user.clone()), Command::DeleteUser(user.username)),
        ("GROUP", Command::CreateGroup(group.clone()), Command::DeleteGroup(group.id)),
        ("ROLE", Command::CreateRole(role.clone()), Command::DeleteRole(role.id)),
        ("TENANT", Command::CreateTenant(tenant.clone()), Command::DeleteTenant(tenant.id)),
        ("MAPPING_RULE", Command::CreateMappingRule(rule.clone()), Command::DeleteMappingRule(rule.id)),
    ]
}

fn grant(owner: Party, kind: &str, id: &str, permission: &str) -> NewAuthorization {
    NewAuthorization {
        owner,
        resource_type: ResourceTypeName::parse(kind).unwrap(),
        scope: Scope::Id(ResourceId::parse(id).unwrap()),
        permissions: [PermissionName::parse(permission).unwrap()].into(),
        condition: None,
    }
}

fn ann() -> Party {
    Party::User(username("a"))
}

fn changed(world: &World, command: &Command) -> Applied {
    apply(world, std::slice::from_ref(command), Authority::Administrator).unwrap()
}

fn with_ann() -> World {
    let world = World::new(Sources::BuiltIn, ResourceCatalog::standard());
    changed(&world, &strategy::one_administrator()[0]).world
}

#[test]
fn a_deletion_removes_the_authorizations_on_the_entity_and_records_each() {
    for (kind, create, delete) in kinds() {
        let before = changed(&with_ann(), &create).world;
        let before = changed(&before, &Command::CreateAuthorization(grant(ann(), kind, "x", "UPDATE"))).world;
        let key = before.authorizations().next().unwrap().key;
        let deleted = changed(&before, &delete);
        assert_eq!(deleted.world.authorization_count(), 0, "{kind}");
        assert!(deleted.changes.contains(&Change::AuthorizationRemoved(key)), "{kind}");
        assert_eq!(deleted.audit.len(), 2, "{kind}");
        let entry = &deleted.audit[1];
        assert_eq!((entry.operation, entry.entity.kind), (AuditOperation::Delete, EntityKind::Authorization));
        assert_eq!((entry.entity.key.clone(), entry.related.as_ref().unwrap().kind.as_str()), (key.to_string(), kind));
        let effects = diff(&before, &deleted.world).effects;
        let lost = effects.iter().find(|effect| effect.party == ann()).map(|effect| &effect.lost).unwrap();
        assert!(matches!(&lost[..], [AccessItem::Resource { .. }]), "a simulation shows it: {lost:?}");

        let again = changed(&deleted.world, &create).world;
        assert_eq!(again.authorization_count(), 0, "{kind}: the successor has none of it");
    }
}

#[test]
fn the_authorization_on_an_authorization_ends_with_it_also_in_a_circle() {
    let world = with_ann();
    let first = changed(&world, &Command::CreateAuthorization(grant(ann(), "TENANT", "t", "READ"))).world;
    let one = first.authorizations().next().unwrap().key;
    let on_one = grant(ann(), "AUTHORIZATION", &one.to_string(), "UPDATE");
    let second = changed(&first, &Command::CreateAuthorization(on_one)).world;
    let two = second.authorizations().last().unwrap().key;
    assert_eq!(changed(&second, &Command::DeleteAuthorization(one)).world.authorization_count(), 0);

    let circle = Command::UpdateAuthorization(one, grant(ann(), "AUTHORIZATION", &two.to_string(), "UPDATE"));
    let circle = changed(&second, &circle).world;
    assert_eq!(circle.authorization_count(), 2);
    assert_eq!(changed(&circle, &Command::DeleteAuthorization(two)).world.authorization_count(), 0);
    let forgotten = apply(&circle, &forgetting(&circle, &ann()), Authority::Administrator).unwrap();
    assert_eq!(forgotten.world.authorization_count(), 0, "each is removed once");
}

#[test]
fn the_right_to_ask_about_a_type_ends_with_the_type() {
    let name = ResourceTypeName::parse("invoice").unwrap();
    let kind = CustomType {
        name: name.clone(),
        permissions: [PermissionName::parse("read").unwrap()].into(),
        properties: BTreeSet::new(),
    };
    let early = Command::CreateAuthorization(grant(ann(), "POLICY_DECISION", "invoice", "EVALUATE"));
    let world = changed(&with_ann(), &early).world;
    assert_eq!(orphans(&world).map(|(_, absent)| absent).collect::<Vec<_>>(), [OrphanCause::Resource]);
    let world = changed(&world, &Command::CreateResourceType(kind)).world;
    assert_eq!(orphans(&world).count(), 0);
    assert_eq!(changed(&world, &Command::DeleteResourceType(name)).world.authorization_count(), 0);
}

#[test]
fn what_a_directory_deletes_takes_the_authorizations_on_it_along() {
    let group = Party::Group(GroupId::parse("gone").unwrap());
    let world = World::new(Sources::Provider { groups_claimed: true }, ResourceCatalog::standard());
    let world = changed(&world, &Command::CreateAuthorization(grant(ann(), "GROUP", "gone", "UPDATE"))).world;
    let commands = forgetting(&world, &group);
    assert_eq!(commands.len(), 1);
    assert_eq!(apply(&world, &commands, Authority::Administrator).unwrap().world.authorization_count(), 0);
}

/// A world written by an older version, with an authorization on a deleted entity.
fn with_leftover(kind: &str, owner: Party) -> World {
    let new = grant(owner, kind, "x", "UPDATE");
    let key = AuthorizationKey::mint(Revision(1), 0).unwrap();
    let left = Authorization {
        key,
        owner: new.owner,
        resource_type: new.resource_type,
        scope: new.scope,
        permissions: new.permissions,
        condition: None,
    };
    let (world, refused) = with_ann().replay(Revision(9), &[Change::AuthorizationPut(left)]);
    assert!(refused.is_empty());
    world
}

#[test]
fn a_new_entity_begins_without_authorizations_that_an_earlier_one_left() {
    for (kind, create, _) in kinds() {
        let world = with_leftover(kind, ann());
        let found: Vec<OrphanCause> = orphans(&world).map(|(_, absent)| absent).collect();
        assert_eq!(found, [OrphanCause::Resource], "{kind}");
        let created = changed(&world, &create);
        // An authorization on a tenant may precede the tenant, because the replaced service does not check its
        // existence.
        let is_kept = kind == "TENANT";
        assert_eq!(created.world.authorization_count(), usize::from(is_kept), "{kind}");
        assert_eq!(created.audit.len(), 2 - usize::from(is_kept), "{kind}");
    }
}

#[test]
fn a_review_lists_owners_that_do_not_exist() {
    let gone = Party::Group(GroupId::parse("gone").unwrap());
    let world = with_leftover("CLUSTER_VARIABLE", gone.clone());
    let found: Vec<(Party, OrphanCause)> = orphans(&world).map(|(held, absent)| (held.owner, absent)).collect();
    assert_eq!(found, [(gone, OrphanCause::Owner)]);
    assert_eq!(orphans(&with_leftover("CLUSTER_VARIABLE", ann())).count(), 0, "variables are not managed here");
}

fn identity_grant() -> impl Strategy<Value = Command> {
    let id = prop::sample::select(vec!["a", "b", "g0", "g1", "r0", "r1", "m0", "m1"]);
    let kind = prop::sample::select(vec!["USER", "GROUP", "ROLE", "MAPPING_RULE"]);
    (strategy::party(), kind, id)
        .prop_map(|(owner, kind, id)| Command::CreateAuthorization(grant(owner, kind, id, "UPDATE")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_history_leaves_an_authorization_on_an_entity_that_is_gone(
        history in prop::collection::vec(prop_oneof![2 => strategy::command(), 1 => identity_grant()], 0..80),
    ) {
        for sources in [Sources::BuiltIn, Sources::Provider { groups_claimed: false }] {
            let (world, _) = crate::grown(sources, &history);
            let mut left = orphans(&world).filter(|(held, _)| {
                // Only authorizations on these types may refer to missing entities.
                !matches!(held.resource_type.as_str(), "AUTHORIZATION" | "TENANT")
            });
            prop_assert_eq!(left.next(), None);
        }
    }
}
