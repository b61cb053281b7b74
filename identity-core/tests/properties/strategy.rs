//! A small universe, so that random commands often concern the same entities.

use identity_core::apply::{Command, NewAuthorization};
use identity_core::decide::Property;
use identity_core::entity::{
    Container, Group, MappingRule, Membership, Operator, Party, Permission, Principal, Role, Scope, Tenant, User,
};
use identity_core::value::{
    Audience, AuthorizationKey, ClaimSelector, ClaimValue, ClientId, GroupId, MappingRuleId, Name, PasswordHash,
    PermissionName, PropertyName, ResourceId, ResourceTypeName, Revision, RoleId, TenantId, Username,
};
use identity_core::world::Sources;
use proptest::prelude::*;
use serde_json::{Value, json};

pub const IDS: &[&str] = &["a", "b", "c"];
pub const ACCESSES: &[(&str, &str)] = &[
    ("USER_TASK", "READ"),
    ("USER_TASK", "CLAIM"),
    ("PROCESS_DEFINITION", "READ_USER_TASK"),
    ("AUTHORIZATION", "CREATE"),
    ("process-definition", "READ"),
];
const SELECTORS: &[&str] = &[
    "a",
    "b",
    "a.b",
    "https://x/y",
    "$.b",
    "$.b[*]",
    "$.b.c",
    "$['b']['c'][*]",
    "$.*",
    "$..c",
    "$.b[0]",
    "$.b[?@ == 'a']",
];
const VALUES: &[&str] = &["a", "b", "A", "true", "30", "1.5", "null", "[]"];
const PROPERTIES: &[&str] = &["assignee", "candidateUsers", "candidateGroups"];

/// A caller.
#[derive(Clone, Debug)]
pub struct Caller {
    pub principal: Principal,
    pub claims: Value,
    pub groups: Vec<&'static str>,
}

/// The properties of a user task.
pub struct Task {
    pub assignee: Value,
    pub candidate_users: Value,
    pub candidate_groups: Value,
}

pub fn task(assignee: usize, user: usize, group: usize) -> Task {
    Task {
        assignee: json!(IDS[assignee]),
        candidate_users: json!([IDS[user]]),
        candidate_groups: json!([format!("g{group}"), 7]),
    }
}

pub fn properties(task: &Task) -> [Property<'_>; 3] {
    [
        Property { name: "assignee", value: &task.assignee },
        Property { name: "candidateUsers", value: &task.candidate_users },
        Property { name: "candidateGroups", value: &task.candidate_groups },
    ]
}

pub fn username(id: &str) -> Username {
    Username::parse(id).unwrap()
}

pub fn role_id(id: &str) -> RoleId {
    RoleId::parse(id).unwrap()
}

pub fn principals() -> Vec<Principal> {
    let users = IDS.iter().map(|id| Principal::User(username(id)));
    users.chain([Principal::Client(ClientId::parse("a").unwrap())]).collect()
}

pub fn sources() -> impl Strategy<Value = Sources> {
    prop_oneof![
        Just(Sources::BuiltIn),
        Just(Sources::Provider { groups_claimed: false }),
        Just(Sources::Provider { groups_claimed: true }),
    ]
}

fn claim() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(json!("a")),
        Just(json!("b")),
        Just(json!("A")),
        Just(json!(true)),
        Just(json!(30)),
        Just(json!(1.5)),
        Just(Value::Null),
        Just(json!("a b")),
        Just(json!("aa")),
        Just(json!({"c": "a"})),
    ];
    prop_oneof![
        4 => scalar.clone(),
        2 => prop::collection::vec(scalar.clone(), 0..4).prop_map(Value::Array),
        1 => scalar.clone().prop_map(|inner| json!({"c": inner})),
        1 => prop::collection::vec(scalar, 0..3).prop_map(|inner| json!({"c": inner, "d": [inner]})),
    ]
}

pub fn callers() -> impl Strategy<Value = Caller> {
    let claims =
        prop::collection::btree_map(prop::sample::select(vec!["a", "b", "a.b", "https://x/y", "c"]), claim(), 0..4);
    let groups = prop::collection::vec(prop::sample::select(vec!["g0", "g1", "g2", "nowhere"]), 0..3);
    (prop::sample::select(principals()), claims, groups).prop_map(|(principal, claims, groups)| Caller {
        principal,
        claims: json!(claims),
        groups,
    })
}

pub fn party() -> impl Strategy<Value = Party> {
    (0..5usize, 0..3usize).prop_map(|(kind, n)| match kind {
        0 => Party::User(username(IDS[n])),
        1 => Party::Client(ClientId::parse(IDS[n]).unwrap()),
        2 => Party::Group(GroupId::parse(&format!("g{n}")).unwrap()),
        3 => Party::Role(role_id(&format!("r{n}"))),
        _ => Party::MappingRule(MappingRuleId::parse(&format!("m{n}")).unwrap()),
    })
}

fn container() -> impl Strategy<Value = Container> {
    (0..3usize, 0..3usize).prop_map(|(kind, n)| match kind {
        0 => Container::Group(GroupId::parse(&format!("g{n}")).unwrap()),
        1 => Container::Role(role_id(&format!("r{n}"))),
        _ => Container::Tenant(TenantId::parse(&format!("t{n}")).unwrap()),
    })
}

fn membership() -> impl Strategy<Value = Membership> {
    (container(), party())
        .prop_filter_map("groups and roles do not nest", |(container, party)| Membership::new(container, party).ok())
}

fn authorization() -> impl Strategy<Value = NewAuthorization> {
    let scope = prop_oneof![
        2 => Just(None),
        3 => (0..3usize).prop_map(|n| Some(Scope::Id(ResourceId::parse(IDS[n]).unwrap()))),
        2 => (0..3usize).prop_map(|n| Some(Scope::Property(PropertyName::parse(PROPERTIES[n]).unwrap()))),
    ];
    (party(), prop::sample::select(ACCESSES.to_vec()), scope).prop_map(|(owner, (resource_type, permission), scope)| {
        NewAuthorization {
            owner,
            resource_type: ResourceTypeName::parse(resource_type).unwrap(),
            scope: scope.unwrap_or(Scope::Any),
            permissions: [PermissionName::parse(permission).unwrap()].into(),
            condition: None,
        }
    })
}

pub fn rule(n: usize, selector: usize, value: usize, contains: bool) -> MappingRule {
    MappingRule {
        operator: if contains { Operator::Contains } else { Operator::Equals },
        ..MappingRule::new(
            MappingRuleId::parse(&format!("m{n}")).unwrap(),
            Name::parse("rule").unwrap(),
            ClaimSelector::parse(SELECTORS[selector]).unwrap(),
            ClaimValue::parse(VALUES[value]).unwrap(),
        )
    }
}

fn user(n: usize) -> User {
    User::new(username(IDS[n]), PasswordHash::new(String::new()))
}

pub fn group(n: usize) -> Group {
    Group::new(GroupId::parse(&format!("g{n}")).unwrap(), Name::parse("group").unwrap())
}

pub fn role(n: usize, write: bool) -> Role {
    let definition = PermissionName::parse(if write { "write" } else { "read" }).unwrap();
    Role {
        permissions: [Permission {
            audience: Audience::parse("camunda-identity-resource-server").unwrap(),
            definition,
        }]
        .into(),
        ..Role::new(role_id(&format!("r{n}")), Name::parse("role").unwrap())
    }
}

fn tenant(n: usize) -> Tenant {
    Tenant::new(TenantId::parse(&format!("t{n}")).unwrap(), Name::parse("tenant").unwrap())
}

pub fn command() -> impl Strategy<Value = Command> {
    let n = 0..3usize;
    let rules = (0..3usize, 0..SELECTORS.len(), 0..VALUES.len(), any::<bool>());
    prop_oneof![
        3 => n.clone().prop_map(|n| Command::CreateUser(user(n))),
        1 => n.clone().prop_map(|n| Command::DeleteUser(username(IDS[n]))),
        2 => n.clone().prop_map(|n| Command::DeactivateUser(username(IDS[n]))),
        1 => n.clone().prop_map(|n| Command::ReactivateUser(username(IDS[n]))),
        1 => n.clone().prop_map(|n| Command::UpdateUser(user(n))),
        3 => n.clone().prop_map(|n| Command::CreateGroup(group(n))),
        1 => n.clone().prop_map(|n| Command::DeleteGroup(group(n).id)),
        3 => (n.clone(), any::<bool>()).prop_map(|(n, write)| Command::CreateRole(role(n, write))),
        1 => (n.clone(), any::<bool>()).prop_map(|(n, write)| Command::UpdateRole(role(n, write))),
        1 => n.clone().prop_map(|n| Command::DeleteRole(role(n, false).id)),
        3 => n.clone().prop_map(|n| Command::CreateTenant(tenant(n))),
        1 => n.prop_map(|n| Command::DeleteTenant(tenant(n).id)),
        4 => rules.clone().prop_map(|(n, s, v, c)| Command::CreateMappingRule(rule(n, s, v, c))),
        2 => rules.prop_map(|(n, s, v, c)| Command::UpdateMappingRule(rule(n, s, v, c))),
        1 => (0..3usize).prop_map(|n| Command::DeleteMappingRule(rule(n, 0, 0, false).id)),
        10 => membership().prop_map(Command::AddMember),
        3 => membership().prop_map(Command::RemoveMember),
        8 => authorization().prop_map(Command::CreateAuthorization),
        1 => (1..40u64, authorization())
            .prop_map(|(n, new)| Command::UpdateAuthorization(AuthorizationKey::mint(Revision(n), 0).unwrap(), new)),
        1 => (1..40u64).prop_map(|n| Command::DeleteAuthorization(AuthorizationKey::mint(Revision(n), 0).unwrap())),
    ]
}

/// A random history. It starts by creating all entities, so that most later commands are accepted.
pub fn commands() -> impl Strategy<Value = Vec<Command>> {
    let everything = (0..3).flat_map(|n| {
        [
            Command::CreateUser(user(n)),
            Command::CreateGroup(group(n)),
            Command::CreateRole(role(n, n == 0)),
            Command::CreateTenant(tenant(n)),
        ]
    });
    let everything: Vec<Command> = everything.collect();
    prop::collection::vec(command(), 0..60).prop_map(move |tail| everything.iter().cloned().chain(tail).collect())
}

pub fn one_administrator() -> Vec<Command> {
    let member = Party::User(username("a"));
    let edge = Membership::new(Container::Role(role_id("r0")), member).unwrap();
    vec![Command::CreateUser(user(0)), Command::CreateRole(role(0, true)), Command::AddMember(edge)]
}
