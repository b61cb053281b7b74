//! The audit log describes exactly what a command changed.

use std::collections::{BTreeMap, BTreeSet};

use identity_core::apply::{Command, apply};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::Authority;
use identity_core::entity::{
    AuditEntity, AuditOperation, CustomType, EntityKind, FieldChange, Group, Permission, Role, Scope, Tenant, User,
};
use identity_core::value::{
    Audience, AuthorizationKey, Description, Email, Name, PasswordHash, PermissionName, PropertyName, ResourceTypeName,
    TenantId,
};
use identity_core::world::{Sources, World};
use proptest::prelude::*;

use crate::strategy::{self, IDS, group, role_id, username};

/// Fields of an entity: texts by field name. Fields without a text are missing.
type Row = BTreeMap<&'static str, BTreeSet<String>>;

fn row<const N: usize>(fields: [(&'static str, Vec<String>); N]) -> Row {
    let texts = |texts: Vec<String>| texts.into_iter().filter(|text| !text.is_empty()).collect::<BTreeSet<_>>();
    fields.into_iter().map(|(name, list)| (name, texts(list))).filter(|(_, texts)| !texts.is_empty()).collect()
}

/// Fields of a stored entity except its password. Empty if there is no such entity.
fn stored(world: &World, AuditEntity { kind, key }: &AuditEntity) -> Row {
    let found = match kind {
        EntityKind::User => world.user(key).map(|user| {
            let texts = [user.name.as_ref().map(Name::as_str), user.email.as_ref().map(Email::as_str)];
            let [name, email] = texts.map(|text| text.map(str::to_owned).into_iter().collect());
            row([("name", name), ("email", email), ("enabled", vec![user.is_active().to_string()])])
        }),
        EntityKind::Group => world.group(key).map(|group| described(&group.name, &group.description)),
        EntityKind::Tenant => world.tenant(key).map(|tenant| described(&tenant.name, &tenant.description)),
        EntityKind::Role => world.role(key).map(|role| {
            let permissions = role.permissions.iter().map(|one| format!("{} {}", one.audience, one.definition));
            let mut fields = described(&role.name, &role.description);
            fields.extend(row([("permissions", permissions.collect())]));
            fields
        }),
        EntityKind::MappingRule => world.mapping_rule(key).map(|rule| {
            row([
                ("name", vec![rule.name.to_string()]),
                ("claimName", vec![rule.selector.to_string()]),
                ("operator", vec![rule.operator.as_str().to_owned()]),
                ("claimValue", vec![rule.value.to_string()]),
                ("type", vec![rule.kind.as_str().to_owned()]),
            ])
        }),
        EntityKind::Authorization => {
            key.parse().ok().and_then(|key| world.authorization(AuthorizationKey(key))).map(|one| {
                let (resource, property) = match &one.scope {
                    Scope::Any => (vec!["*".to_owned()], Vec::new()),
                    Scope::Id(id) => (vec![id.to_string()], Vec::new()),
                    Scope::Property(name) => (Vec::new(), vec![name.to_string()]),
                };
                row([
                    ("ownerType", vec![one.owner.kind_name().to_owned()]),
                    ("ownerId", vec![one.owner.id().to_owned()]),
                    ("resourceType", vec![one.resource_type.to_string()]),
                    ("resourceId", resource),
                    ("resourcePropertyName", property),
                    ("permissions", one.permissions.iter().map(ToString::to_string).collect()),
                ])
            })
        }
        EntityKind::ResourceType => world.custom_type(key).map(|kind| {
            row([
                ("permissions", kind.permissions.iter().map(ToString::to_string).collect()),
                ("properties", kind.properties.iter().map(ToString::to_string).collect()),
            ])
        }),
        _ => None,
    };
    found.unwrap_or_default()
}

fn described(name: &Name, description: &Description) -> Row {
    row([("name", vec![name.to_string()]), ("description", vec![description.as_str().to_owned()])])
}

/// Applies changes to the fields of an entity. Each change must have an effect.
fn changed(mut fields: Row, changes: &[FieldChange]) -> Row {
    for FieldChange { field, before, after } in changes.iter().filter(|change| change.field != "password") {
        assert_ne!(before, after, "{field}");
        if let Some(before) = before {
            let (name, texts) = fields.iter_mut().find(|(name, _)| **name == &**field).unwrap();
            assert!(texts.remove(&**before), "{name} was not {before}");
        }
        if let Some(after) = after {
            let names =
                ["name", "email", "enabled", "description", "permissions", "properties", "claimName", "operator"];
            let more =
                ["claimValue", "type", "ownerType", "ownerId", "resourceType", "resourceId", "resourcePropertyName"];
            let name = names.into_iter().chain(more).find(|name| *name == *field).unwrap();
            assert!(fields.entry(name).or_default().insert(after.to_string()), "{name} was {after}");
        }
    }
    fields.retain(|_, texts| !texts.is_empty());
    fields
}

const HASHES: &[&str] = &["$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$b25l", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$dHdv"];

fn user() -> impl Strategy<Value = User> {
    let email = prop::option::of(prop::sample::select(vec!["a@example.com", "b@example.com"]));
    (0..3usize, prop::option::of("[a-c]"), email, prop::option::of(0..2usize)).prop_map(|(n, name, email, hash)| User {
        name: name.map(|name| Name::parse(&name).unwrap()),
        email: email.map(|email| Email::parse(email).unwrap()),
        ..User::new(
            username(IDS[n]),
            hash.map_or_else(|| PasswordHash::placeholder(IDS[n]), |hash| PasswordHash::new(HASHES[hash].to_owned())),
        )
    })
}

fn names() -> impl Strategy<Value = (Name, Description)> {
    ("[a-c]{1,2}", "[a-c]{0,2}")
        .prop_map(|(name, description)| (Name::parse(&name).unwrap(), Description::parse(&description).unwrap()))
}

fn role() -> impl Strategy<Value = Role> {
    let permissions = prop::collection::btree_set((prop::sample::select(vec!["api", "orders-api"]), "[a-c]"), 0..5);
    (1..3usize, names(), permissions).prop_map(|(n, (name, description), permissions)| {
        let permission = |(audience, definition): (&str, String)| Permission {
            audience: Audience::parse(audience).unwrap(),
            definition: PermissionName::parse(&definition).unwrap(),
        };
        let permissions = permissions.into_iter().map(permission).collect();
        Role { description, permissions, ..Role::new(role_id(&format!("r{n}")), name) }
    })
}

fn kind() -> impl Strategy<Value = CustomType> {
    (prop::collection::btree_set("[a-d]", 1..4), prop::collection::btree_set("[a-d]", 0..4)).prop_map(
        |(permissions, properties)| CustomType {
            name: ResourceTypeName::parse("invoice").unwrap(),
            permissions: permissions.iter().map(|name| PermissionName::parse(name).unwrap()).collect(),
            properties: properties.iter().map(|name| PropertyName::parse(name).unwrap()).collect(),
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => strategy::command(),
        1 => user().prop_map(Command::CreateUser),
        3 => user().prop_map(Command::UpdateUser),
        2 => (0..3usize, names()).prop_map(|(n, (name, description))| {
            Command::UpdateGroup(Group { description, ..Group::new(group(n).id, name) })
        }),
        2 => (0..3usize, names()).prop_map(|(n, (name, description))| {
            let id = TenantId::parse(&format!("t{n}")).unwrap();
            Command::UpdateTenant(Tenant { description, ..Tenant::new(id, name) })
        }),
        3 => role().prop_map(Command::UpdateRole),
        1 => kind().prop_map(Command::CreateResourceType),
        2 => kind().prop_map(Command::UpdateResourceType),
        1 => Just(Command::DeleteResourceType(ResourceTypeName::parse("invoice").unwrap())),
        1 => role().prop_filter_map("a role has permissions", |role| {
            let permission = role.permissions.first().cloned()?;
            Some(Command::GrantPermission(role.id, permission))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn changes_lead_from_the_row_before_to_the_row_after(
        base in strategy::commands(), commands in prop::collection::vec(command(), 0..60),
    ) {
        let (mut world, _) = crate::grown(Sources::BuiltIn, &base);
        for command in &commands {
            let Ok(applied) = apply(&world, std::slice::from_ref(command), Authority::Administrator) else { continue };
            for draft in &applied.audit {
                let changes = draft.changes.fields();
                if matches!(draft.operation, AuditOperation::Assign | AuditOperation::Unassign) {
                    prop_assert!(changes.is_empty());
                    continue;
                }
                let (before, after) = (stored(&world, &draft.entity), stored(&applied.world, &draft.entity));
                prop_assert_eq!(changed(before, changes), after, "{:?} {:?}", command, changes);
                let password = |world: &World| {
                    let user = world.user(&draft.entity.key).filter(|_| draft.entity.kind == EntityKind::User);
                    // The state of an inactive user is part of the stored hash, and no change of the password.
                    user.map(|user| user.password.unlocked()).filter(|hash| !hash.is_placeholder())
                };
                let is_changed = password(&world) != password(&applied.world);
                prop_assert_eq!(changes.iter().any(|change| change.field == "password"), is_changed);
                prop_assert!(!serde_json::to_string(&draft.changes).unwrap().contains("argon2"));
            }
            world = applied.world;
        }
    }
}

#[test]
fn removed_authorizations_are_described_although_their_resource_is_what_was_deleted() {
    let catalog = ResourceCatalog::standard();
    let mut world = World::new(Sources::Provider { groups_claimed: false }, catalog);
    let grant = identity_core::apply::NewAuthorization {
        owner: identity_core::entity::Party::User(username("a")),
        resource_type: ResourceTypeName::parse("GROUP").unwrap(),
        scope: Scope::from_resource_id("g0").unwrap(),
        permissions: [PermissionName::parse("READ").unwrap()].into(),
        condition: None,
    };
    for command in [Command::CreateGroup(group(0)), Command::CreateAuthorization(grant)] {
        world = apply(&world, &[command], Authority::Administrator).unwrap().world;
    }
    let applied = apply(&world, &[Command::DeleteGroup(group(0).id)], Authority::Administrator).unwrap();
    let cascaded = applied.audit.iter().find(|draft| draft.entity.kind == EntityKind::Authorization).unwrap();
    let texts = |change: &FieldChange| (change.field.to_string(), change.before.as_deref().map(str::to_owned));
    let fields: BTreeMap<String, Option<String>> = cascaded.changes.fields().iter().map(texts).collect();
    assert_eq!(fields["ownerId"].as_deref(), Some("a"));
    assert_eq!(fields["permissions"].as_deref(), Some("READ"));
}
