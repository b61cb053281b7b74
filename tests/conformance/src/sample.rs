//! Sample entities.

use identity_core::entity::{
    Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, Authorization, Container, CustomType, EntityKind,
    FieldChanges, Group, MappingRule, Membership, Operator, Party, Permission, Principal, Role, RuleKind, Scope,
    Session, SessionIdHash, Tenant, User,
};
use identity_core::port::Commit;
use identity_core::value::{
    Audience, AuthorizationKey, ClaimSelector, ClaimValue, ClientId, Description, Email, GroupId, Issuer,
    MappingRuleId, Name, PasswordHash, PermissionName, PropertyName, ResourceId, ResourceTypeName, Revision, RoleId,
    TenantId, Username,
};
use identity_core::world::Change;
use time::OffsetDateTime;
use time::macros::datetime;

/// A time with microseconds.
pub const NOW: OffsetDateTime = datetime!(2026-03-01 12:34:56.123_456 UTC);

/// A text of different four-byte characters, which compression does not shorten.
#[must_use]
pub fn wide(length: u32, seed: u32) -> String {
    (0..length).map(|i| char::from_u32(0x20000 + (i * 7919 + seed * 104_729) % 42_000).unwrap()).collect()
}

#[must_use]
pub fn user(username: &str) -> User {
    User::new(
        Username::parse(username).unwrap(),
        PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
    )
}

#[must_use]
pub fn group(id: &str, description: &str) -> Group {
    Group {
        description: Description::parse(description).unwrap(),
        ..Group::new(GroupId::parse(id).unwrap(), Name::parse(id).unwrap())
    }
}

#[must_use]
pub fn role(id: &str, permissions: &[(&str, &str)]) -> Role {
    let permission = |(audience, definition): &(&str, &str)| Permission {
        audience: Audience::parse(audience).unwrap(),
        definition: PermissionName::parse(definition).unwrap(),
    };
    Role {
        permissions: permissions.iter().map(permission).collect(),
        ..Role::new(RoleId::parse(id).unwrap(), Name::parse(id).unwrap())
    }
}

#[must_use]
pub fn tenant(id: &str, name: &str) -> Tenant {
    Tenant::new(TenantId::parse(id).unwrap(), Name::parse(name).unwrap())
}

#[must_use]
pub fn rule(id: &str, selector: &str, value: &str) -> MappingRule {
    MappingRule::new(
        MappingRuleId::parse(id).unwrap(),
        Name::parse(id).unwrap(),
        ClaimSelector::parse(selector).unwrap(),
        ClaimValue::parse(value).unwrap(),
    )
}

#[must_use]
pub fn member(container: (&str, &str), party: (&str, &str)) -> Membership {
    let container = Container::parse(container.0, container.1).unwrap();
    Membership::new(container, Party::parse(party.0, party.1).unwrap()).unwrap()
}

#[must_use]
pub fn authorization(key: u64, owner: (&str, &str), scope: Scope, permissions: &[&str]) -> Authorization {
    Authorization {
        key: AuthorizationKey(key),
        owner: Party::parse(owner.0, owner.1).unwrap(),
        resource_type: ResourceTypeName::parse("PROCESS_DEFINITION").unwrap(),
        scope,
        permissions: permissions.iter().map(|name| PermissionName::parse(name).unwrap()).collect(),
        condition: None,
    }
}

#[must_use]
pub fn custom_type(name: &str, permissions: &[&str], properties: &[&str]) -> CustomType {
    CustomType {
        name: ResourceTypeName::parse(name).unwrap(),
        permissions: permissions.iter().map(|name| PermissionName::parse(name).unwrap()).collect(),
        properties: properties.iter().map(|name| PropertyName::parse(name).unwrap()).collect(),
    }
}

/// All kinds of entities, with and without each optional field, with texts of all kinds and of the maximum length.
#[must_use]
pub fn everything() -> Vec<Change> {
    let id = |seed| wide(256, seed);
    let full_user = User {
        name: Some(Name::parse("Zoë \"Z\" O'Brien 😀").unwrap()),
        email: Some(Email::parse("zoë@bücher.example").unwrap()),
        ..user("zoë")
    };
    let (text, long_text) = ("two\nlines\twith 100 % of 'quotes', \"both\" \\ kinds", wide(4096, 1));
    let mut changes = vec![
        Change::UserPut(user("ann")),
        Change::UserPut(full_user),
        Change::UserPut(user(&id(1))),
        Change::UserPut(User { password: user("leo").password.locked(), ..user("leo") }),
        Change::GroupPut(group("/Sales/EU", "")),
        Change::GroupPut(group(&id(2), &long_text)),
        Change::RolePut(Role {
            description: Description::parse(text).unwrap(),
            ..role("admin", &[("api", "write:*"), ("api", "read:*"), ("another api", "read:*"), (&id(3), &id(4))])
        }),
        Change::RolePut(role(&id(5), &[])),
        Change::TenantPut(tenant("<default>", "Default")),
        Change::TenantPut(tenant(&"t".repeat(63), &wide(256, 6))),
        Change::MappingRulePut(rule(&id(7), "$.realm.roles[*]", &wide(1024, 8))),
        Change::MappingRulePut(rule("literal", "https://example.com/groups", "' OR 1=1 --")),
    ];
    for (operator, kind) in [
        (Operator::Contains, RuleKind::Role),
        (Operator::Equals, RuleKind::Tenant),
        (Operator::Contains, RuleKind::Group),
    ] {
        let rule = rule(&format!("rule-{}", kind.as_str()), "groups", "sales");
        let issuer =
            (kind == RuleKind::Tenant).then(|| Issuer::parse("https://login.example.com/realms/a?b='c'").unwrap());
        changes.push(Change::MappingRulePut(MappingRule { operator, kind, issuer, ..rule }));
    }
    let parties =
        [("USER", "ann"), ("CLIENT", "worker"), ("MAPPING_RULE", "literal"), ("GROUP", "/Sales/EU"), ("ROLE", "admin")];
    for (container, members) in [(("GROUP", "/Sales/EU"), 3), (("ROLE", "admin"), 4), (("TENANT", "<default>"), 5)] {
        changes.extend(parties.iter().take(members).map(|party| Change::MemberAdded(member(container, *party))));
    }
    changes.push(Change::MemberAdded(member(("GROUP", &id(2)), ("USER", &id(9)))));
    changes.push(Change::MemberAdded(member(("ROLE", "admin"), ("USER", "somebody of the provider's"))));
    let scopes = [
        Scope::Any,
        Scope::Id(ResourceId::parse("order-process").unwrap()),
        Scope::Id(ResourceId::parse(&id(10)).unwrap()),
        Scope::Property(PropertyName::parse("assignee").unwrap()),
    ];
    let wide_permission = id(11);
    for (key, owner) in (1..).zip(parties) {
        for (offset, scope) in (0..).zip(&scopes) {
            let names = ["READ", "CREATE_PROCESS_INSTANCE", wide_permission.as_str()];
            let names = &names[..1 + offset as usize % 3];
            changes.push(Change::AuthorizationPut(authorization(key * 10 + offset, owner, scope.clone(), names)));
        }
    }
    changes.insert(0, Change::ResourceTypePut(custom_type("invoice", &["read", &id(12)], &[])));
    changes.insert(0, Change::ResourceTypePut(custom_type("site-9._", &["open"], &["owner", &id(13)])));
    let condition = r#"[{"property":"resource.owner","operator":"CONTAINS_CALLER"},
        {"property":"subject.a\"b","operator":"IN","values":["😀",true,1.5,7]}]"#;
    changes.push(Change::AuthorizationPut(Authorization {
        resource_type: ResourceTypeName::parse("invoice").unwrap(),
        condition: Some(condition.parse().unwrap()),
        ..authorization(900, ("USER", "ann"), Scope::Any, &["read"])
    }));
    let largest = AuthorizationKey::mint(Revision((1 << 43) - 1), AuthorizationKey::PER_COMMIT - 1).unwrap();
    changes.push(Change::AuthorizationPut(authorization(largest.0, ("USER", "ann"), Scope::Any, &["READ"])));
    changes
}

/// A commit without audit entries.
#[must_use]
pub fn commit(revision: u64, changes: Vec<Change>) -> Commit {
    Commit { revision: Revision(revision), at: NOW, changes, audit: Vec::new() }
}

/// An entry without optional fields.
#[must_use]
pub fn audit(entity_key: &str) -> AuditEvent {
    AuditEvent {
        key: 0,
        at: NOW,
        actor: Actor::System,
        issuer: None,
        operation: AuditOperation::Create,
        entity: AuditEntity { kind: EntityKind::Group, key: entity_key.to_owned() },
        related: None,
        result: AuditResult::Success,
        reason: None,
        revision: None,
        request_id: None,
        changes: FieldChanges::default(),
    }
}

#[must_use]
pub fn id_hash(seed: u8) -> SessionIdHash {
    SessionIdHash([seed; 32])
}

#[must_use]
pub fn ann() -> Principal {
    Principal::User(Username::parse("ann").unwrap())
}

/// Another principal with the same name.
#[must_use]
pub fn client_ann() -> Principal {
    Principal::Client(ClientId::parse("ann").unwrap())
}

/// A session of `ann` with a duration of one hour, without optional fields.
#[must_use]
pub fn session(seed: u8) -> Session {
    Session {
        id: id_hash(seed),
        principal: ann(),
        issuer: None,
        subject: None,
        provider_session: None,
        credential: None,
        user_agent: None,
        created_at: NOW,
        last_active_at: NOW,
        expires_at: NOW + time::Duration::HOUR,
        sealed: Vec::new(),
        version: 0,
    }
}
