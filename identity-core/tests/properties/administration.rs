//! Compares the closure of administration with an exhaustive search over the requests that a party may send.

use identity_core::apply::{Command, NewAuthorization, apply, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::{Authority, Question, decide};
use identity_core::entity::{
    AuditOperation, Authorization, Container, MappingRule, Membership, Party, Principal, Scope, User,
};
use identity_core::preset::{IDENTITY_AUDIENCE, WRITE};
use identity_core::resolve::{ResolveInput, Subject, resolve};
use identity_core::search::{AdminStep, Administration};
use identity_core::value::{
    AuthorizationKey, ClaimSelector, ClaimValue, Claims, ClientId, GroupId, PasswordHash, PermissionName, ResourceId,
    ResourceTypeName, Revision, RoleId,
};
use identity_core::world::{Change, Sources, World};
use proptest::prelude::*;
use serde_json::json;

use crate::strategy::{self, role_id, username};

/// Maximum number of requests in the search.
const DEPTH: usize = 3;
const PARTIES: &[(&str, &str)] =
    &[("USER", "a"), ("USER", "b"), ("CLIENT", "a"), ("MAPPING_RULE", "m0"), ("GROUP", "g0")];

/// A party that tries to become an administrator.
#[derive(Clone)]
struct Attacker {
    /// The principals as which the attacker can sign in.
    principals: Vec<Principal>,
    claims: Claims,
    groups: Vec<GroupId>,
}

impl Attacker {
    /// Signs in as the party; `None` if no principal can.
    fn of(world: &World, party: &Party) -> Option<Self> {
        let tokens = world.sources() != Sources::BuiltIn;
        let stranger = Principal::Client(ClientId::parse("stranger").unwrap());
        let mut claims = json!({"first": "attacker", "second": "attacker"});
        let mut groups = Vec::new();
        let principal = match party {
            Party::User(name) => {
                (tokens || world.user(name.as_str()).is_some()).then(|| Principal::User(name.clone()))?
            }
            Party::Client(id) if tokens => Principal::Client(id.clone()),
            Party::MappingRule(id) if tokens => {
                let rule = world.mapping_rule(id.as_str())?;
                claims["rule"] = json!(rule.id.as_str());
                stranger
            }
            Party::Group(id) if world.sources() == (Sources::Provider { groups_claimed: true }) => {
                groups.push(id.clone());
                stranger
            }
            _ => return None,
        };
        Some(Self { principals: vec![principal], claims: Claims::new(claims).unwrap(), groups })
    }

    fn subjects(&self, world: &World) -> Vec<Subject> {
        let (tokens, claimed) = match world.sources() {
            Sources::BuiltIn => (false, false),
            Sources::Provider { groups_claimed } => (true, groups_claimed),
        };
        let subject = |principal| {
            let claims = tokens.then_some(&self.claims);
            let groups = claimed.then_some(&self.groups[..]);
            resolve(world, ResolveInput { principal, claims, groups, permissions: None })
        };
        self.principals.iter().map(subject).collect()
    }

    fn administers(&self, world: &World) -> bool {
        let authorize = Question::all_resources(world.catalog(), "AUTHORIZATION", "CREATE").unwrap();
        let questions = [Question::permission(IDENTITY_AUDIENCE, WRITE), authorize];
        self.subjects(world).iter().any(|subject| questions.iter().any(|one| decide(world, subject, one).allowed()))
    }

    fn may(&self, world: &World, command: &Command) -> bool {
        let attempt = command.audit_draft();
        let kind = attempt.entity.kind.as_str();
        let question = match attempt.operation {
            AuditOperation::Create => Question::all_resources(world.catalog(), kind, "CREATE"),
            _ => Question::resource(world.catalog(), kind, "UPDATE", &attempt.entity.key),
        };
        let question = question.unwrap();
        self.subjects(world).iter().any(|subject| decide(world, subject, &question).allowed())
    }

    /// Minimum number of requests until the attacker is an administrator; `None` if more than [`DEPTH`].
    fn requests(&self, world: &World) -> Option<usize> {
        let mut states = vec![(world.clone(), self.clone())];
        for requests in 0..=DEPTH {
            if states.iter().any(|(world, attacker)| attacker.administers(world)) {
                return Some(requests);
            }
            if requests < DEPTH {
                states = states.iter().flat_map(|(world, attacker)| attacker.after_one(world)).collect();
            }
        }
        None
    }

    fn after_one(&self, world: &World) -> Vec<(World, Self)> {
        let mut next = Vec::new();
        for command in self.commands(world) {
            let permitted = self.may(world, &command);
            let Ok(applied) = apply(world, std::slice::from_ref(&command), Authority::Administrator) else { continue };
            if permitted && !applied.changes.is_empty() {
                let mut attacker = self.clone();
                if let Command::UpdateUser(user) | Command::CreateUser(user) = command {
                    attacker.principals.push(Principal::User(user.username));
                }
                next.push((applied.world, attacker));
            }
        }
        next
    }

    /// All requests that could help the attacker.
    fn commands(&self, world: &World) -> Vec<Command> {
        let me = Party::from(self.principals[0].clone());
        let containers = world.groups().map(|group| Container::Group(group.id.clone()));
        let containers = containers.chain(world.roles().map(|role| Container::Role(role.id.clone())));
        let join = containers.filter_map(|container| Membership::new(container, me.clone()).ok());
        let mut commands: Vec<Command> = join.map(Command::AddMember).collect();
        if world.sources() == Sources::BuiltIn {
            let others = |id: &&&str| !self.principals.contains(&Principal::User(username(id)));
            commands.extend(["a", "b", "root"].iter().filter(others).map(|id| match world.user(id) {
                Some(user) => Command::UpdateUser(User { password: PasswordHash::new("mine".into()), ..user.clone() }),
                None => Command::CreateUser(User::new(username(id), PasswordHash::new("mine".into()))),
            }));
        } else {
            commands.extend(world.mapping_rules().zip(["first", "second"]).map(|(rule, claim)| {
                Command::UpdateMappingRule(MappingRule {
                    selector: ClaimSelector::parse(claim).unwrap(),
                    value: ClaimValue::parse("attacker").unwrap(),
                    ..rule.clone()
                })
            }));
        }
        let grant = NewAuthorization {
            owner: me,
            resource_type: ResourceTypeName::parse("AUTHORIZATION").unwrap(),
            scope: Scope::Any,
            permissions: [PermissionName::parse("CREATE").unwrap()].into(),
            condition: None,
        };
        commands.extend(world.authorizations().map(|held| Command::UpdateAuthorization(held.key, grant.clone())));
        commands
    }
}

fn party() -> impl Strategy<Value = Party> {
    let kinds = ["USER a", "USER b", "CLIENT a", "GROUP g0", "GROUP g1", "ROLE r0", "ROLE r1", "MAPPING_RULE m0"];
    prop::sample::select(kinds.to_vec()).prop_map(|text| {
        let (kind, id) = text.split_once(' ').unwrap();
        Party::parse(kind, id).unwrap()
    })
}

fn container() -> impl Strategy<Value = Container> {
    prop::sample::select(vec!["GROUP g0", "GROUP g1", "ROLE r0", "ROLE r1", "ROLE admin"]).prop_map(|text| {
        let (kind, id) = text.split_once(' ').unwrap();
        Container::parse(kind, id).unwrap()
    })
}

fn memberships() -> impl Strategy<Value = Vec<Membership>> {
    let one = (container(), party()).prop_filter_map("a membership", |(one, party)| Membership::new(one, party).ok());
    prop::collection::vec(one, 0..6)
}

fn grants() -> impl Strategy<Value = Vec<Authorization>> {
    let rights = vec![
        ("ROLE", "UPDATE", vec!["*", "r0", "r1", "admin"]),
        ("GROUP", "UPDATE", vec!["*", "g0", "g1"]),
        ("USER", "UPDATE", vec!["*", "a", "b"]),
        ("USER", "CREATE", vec!["*", "b"]),
        ("MAPPING_RULE", "UPDATE", vec!["*", "m0", "m1"]),
        ("AUTHORIZATION", "UPDATE", vec!["*", "1", "2", "3", "01"]),
        ("AUTHORIZATION", "CREATE", vec!["1"]),
        ("AUTHORIZATION", "DELETE", vec!["*"]),
        ("TENANT", "UPDATE", vec!["*"]),
        ("GROUP", "CREATE", vec!["*"]),
        ("MAPPING_RULE", "CREATE", vec!["*"]),
    ];
    let one = (party(), prop::sample::select(rights), 0..5usize);
    prop::collection::vec(one, 0..5).prop_map(|grants| {
        let made = grants.into_iter().zip(1..).map(|((owner, (kind, permission, ids), n), key)| Authorization {
            key: AuthorizationKey(key),
            owner,
            resource_type: ResourceTypeName::parse(kind).unwrap(),
            scope: Scope::from_resource_id(ids[n % ids.len()]).unwrap(),
            permissions: [PermissionName::parse(permission).unwrap()].into(),
            condition: None,
        });
        made.collect()
    })
}

/// A world with the protected roles, an administrator, and the given memberships and grants. `without_b` simulates a
/// change of the profile: memberships refer to a user that is not stored.
fn world(sources: Sources, memberships: &[Membership], grants: &[Authorization], without_b: bool) -> World {
    let empty = World::new(sources, ResourceCatalog::standard());
    let world = apply(&empty, &missing_defaults(&empty), Authority::Server).unwrap().world;
    let user = |id| Change::UserPut(User::new(username(id), PasswordHash::new("x".into())));
    let mut changes = vec![user("a"), user("root")];
    if !without_b {
        changes.push(user("b"));
    }
    for n in 0..2 {
        changes.push(Change::GroupPut(strategy::group(n)));
        changes.push(Change::RolePut(strategy::role(n, false)));
        let rule = strategy::rule(n, 0, 0, false);
        let value = ClaimValue::parse(rule.id.as_str()).unwrap();
        changes.push(Change::MappingRulePut(MappingRule {
            selector: ClaimSelector::parse("rule").unwrap(),
            value,
            ..rule
        }));
    }
    let admin = Container::Role(role_id("admin"));
    let root = Party::User(username("root"));
    changes.push(Change::MemberAdded(Membership::new(admin, root).unwrap()));
    changes.extend(memberships.iter().cloned().map(Change::MemberAdded));
    changes.extend(grants.iter().cloned().map(Change::AuthorizationPut));
    world.replay(Revision(9), &changes).0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn the_closure_finds_who_can_become_an_administrator_and_in_how_many_requests(
        sources in strategy::sources(), memberships in memberships(), grants in grants(), without_b in any::<bool>(),
    ) {
        let world = world(sources, &memberships, &grants, without_b);
        let closure = Administration::of(&world);
        let listed = closure.parties();
        for (kind, id) in PARTIES {
            let party = Party::parse(kind, id).unwrap();
            let attacker = Attacker::of(&world, &party);
            let found = attacker.as_ref().and_then(|attacker| attacker.requests(&world));
            let path = listed.iter().find(|(one, _)| *one == party).map(|(_, path)| path);
            let expected = path.map(|path| path.requests).filter(|requests| *requests <= DEPTH);
            prop_assert_eq!(expected, found, "{:?} {:?}", party, path);
            if let Some(path) = path {
                let requests = path.steps.iter().filter(|step| matches!(step, AdminStep::Request { .. })).count();
                prop_assert_eq!(requests, path.requests);
                prop_assert!(matches!(path.steps.last(), Some(AdminStep::Power(_))));
            }
        }
        for held in &grants {
            let owner_way = closure.path(&held.owner).map(|path| path.requests);
            let leading = closure.authorizations().find(|(one, _)| one.key == held.key).map(|(_, path)| path.requests);
            prop_assert!(leading.is_none_or(|way| owner_way.is_some_and(|owner| owner <= way)), "{:?}", held);
        }
    }
}

#[test]
fn each_right_of_the_table_leads_to_administration_in_one_request() {
    let grant = |kind: &str, permission: &str, id: &str| Authorization {
        key: AuthorizationKey(7),
        owner: Party::User(username("a")),
        resource_type: ResourceTypeName::parse(kind).unwrap(),
        scope: if id == "*" { Scope::Any } else { Scope::Id(ResourceId::parse(id).unwrap()) },
        permissions: [PermissionName::parse(permission).unwrap()].into(),
        condition: None,
    };
    let in_admin = |kind: &str, id: &str| {
        let admin = Container::Role(RoleId::parse("admin").unwrap());
        vec![Membership::new(admin, Party::parse(kind, id).unwrap()).unwrap()]
    };
    let (built_in, provider) = (Sources::BuiltIn, Sources::Provider { groups_claimed: false });
    for (sources, members, kind, permission, ids) in [
        (built_in, vec![], "AUTHORIZATION", "UPDATE", ["*", "7"]),
        (built_in, vec![], "USER", "UPDATE", ["*", "root"]),
        (built_in, in_admin("USER", "b"), "USER", "UPDATE", ["*", "b"]),
        (provider, vec![], "ROLE", "UPDATE", ["*", "admin"]),
        (provider, in_admin("GROUP", "g0"), "GROUP", "UPDATE", ["*", "g0"]),
        (provider, in_admin("MAPPING_RULE", "m0"), "MAPPING_RULE", "UPDATE", ["*", "m0"]),
    ] {
        for id in ids {
            let world = world(sources, &members, &[grant(kind, permission, id)], false);
            let closure = Administration::of(&world);
            let path = closure.path(&Party::User(username("a"))).unwrap();
            assert_eq!(path.requests, 1, "{kind} {permission} {id}: {path:?}");
            let leading: Vec<_> = closure.authorizations().map(|(held, path)| (held.key.0, path.requests)).collect();
            assert!(leading.contains(&(7, 1)), "{kind} {id}: {leading:?}");
        }
    }
    for (kind, permission, id) in [("GROUP", "UPDATE", "g1"), ("ROLE", "UPDATE", "r0"), ("TENANT", "UPDATE", "*")] {
        let world = world(built_in, &in_admin("GROUP", "g0"), &[grant(kind, permission, id)], false);
        assert_eq!(Administration::of(&world).path(&Party::User(username("a"))), None, "{kind} {permission} {id}");
    }
}
