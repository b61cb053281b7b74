//! Benchmarks of changes: the cost of a change in small and large worlds, and of loading a world.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark")]

use std::collections::HashMap;
use std::time::Duration;

use foldhash::fast::RandomState;
use identity_bench::measure::{Bench, Goal, asked_for};
use identity_bench::policies::{Grant, Owner, Policies, Size, group, role, username};
use identity_core::apply::{Command, apply};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::Authority;
use identity_core::entity::{Authorization, Container, Membership, Party, Permission, Scope};
use identity_core::value::{Audience, AuthorizationKey, PermissionName, ResourceTypeName, Revision};
use identity_core::world::{Change, Sources, World};

/// Number of different changes of each kind, used in rotation.
const DIFFERENT: usize = 512;

/// Index in `TYPES` of a type with external resources, for which any ID is valid.
const BATCH: usize = 1;

struct Scene {
    name: &'static str,
    policies: Policies,
    world: World,
}

impl Scene {
    fn new((name, authorizations): (&'static str, usize)) -> Self {
        let policies = Policies::generate(Size::w2(authorizations));
        let world = policies.world();
        Self { name, policies, world }
    }

    /// Valid changes of each kind.
    fn changes(&self) -> [(&'static str, Vec<Command>); 4] {
        let newcomer = 500_000;
        let joining = |number| {
            let container = Container::Group(group(number * 17 % 10_000));
            Command::AddMember(Membership::new(container, Party::User(username(newcomer))).unwrap())
        };
        let grants = &self.policies.grants;
        let some = move |number: usize| number * (grants.len() / DIFFERENT).max(1) % grants.len();
        let creating = |number| {
            let grant = Grant { owner: Owner::User(newcomer), resource_type: BATCH, ..grants[some(number)] };
            Command::CreateAuthorization(grant.asked())
        };
        let deleting = |number| Command::DeleteAuthorization(AuthorizationKey(some(number) as u64 + 1));
        let permission = Permission {
            audience: Audience::parse("orders-api").unwrap(),
            definition: PermissionName::parse("read:orders").unwrap(),
        };
        let permitting = |number| Command::GrantPermission(role(number), permission.clone());
        [
            ("a membership", (0..DIFFERENT).map(joining).collect()),
            ("a new authorization", (0..DIFFERENT).map(creating).collect()),
            ("an authorization deleted", (0..DIFFERENT).map(deleting).collect()),
            ("a role's permission", (0..DIFFERENT).map(permitting).collect()),
        ]
    }
}

fn changed(world: &World, command: &Command) -> World {
    let applied = apply(world, std::slice::from_ref(command), Authority::Administrator).unwrap();
    assert!(!applied.changes.is_empty());
    applied.world
}

type Plain<K, V> = HashMap<K, V, RandomState>;

/// Floor: the rows in plain maps, as the cost of loading without versions.
#[derive(Default)]
struct ByHand {
    authorizations: Plain<AuthorizationKey, Authorization>,
    by_owner: Plain<Party, Vec<AuthorizationKey>>,
    by_resource: Plain<(ResourceTypeName, Scope), Vec<AuthorizationKey>>,
    members: Plain<Container, Vec<Party>>,
    containers: Plain<Party, Vec<Container>>,
    others: Vec<Change>,
}

impl ByHand {
    fn new(rows: &[Change]) -> Self {
        let mut all = Self::default();
        for row in rows {
            match row {
                Change::AuthorizationPut(row) => {
                    all.by_owner.entry(row.owner.clone()).or_default().push(row.key);
                    let resource = (row.resource_type.clone(), row.scope.clone());
                    all.by_resource.entry(resource).or_default().push(row.key);
                    all.authorizations.insert(row.key, row.clone());
                }
                Change::MemberAdded(row) => {
                    all.members.entry(row.container().clone()).or_default().push(row.member().clone());
                    all.containers.entry(row.member().clone()).or_default().push(row.container().clone());
                }
                other => all.others.push(other.clone()),
            }
        }
        all
    }
}

fn loaded(rows: &[Change]) -> World {
    let empty = World::new(Sources::Provider { groups_claimed: false }, ResourceCatalog::standard());
    empty.replay(Revision(1), rows).0
}

fn main() {
    if !asked_for() {
        return;
    }
    let scenes = [("1k", 1000), ("10k", 10_000), ("100k", 100_000), ("1M", 1_000_000)].map(Scene::new);
    let rows: Vec<(&str, Vec<Change>)> =
        scenes.iter().skip(2).map(|scene| (scene.name, scene.policies.rows().collect())).collect();
    for (_, rows) in &rows {
        let (world, plain) = (loaded(rows), ByHand::new(rows));
        assert_eq!(world.authorization_count(), plain.authorizations.len(), "both hold the same");
        let memberships: usize = plain.members.values().map(Vec::len).sum();
        assert_eq!(world.membership_count(), memberships, "both hold the same");
    }

    let mut bench = Bench::new("Changes");
    let limit = Goal::Within(Duration::from_micros(200));
    for scene in &scenes {
        for (what, commands) in scene.changes() {
            let name = format!("{what}, {}", scene.name);
            let mut next = 0;
            bench.case(&name, move || {
                next = (next + 1) % commands.len();
                changed(&scene.world, &commands[next])
            });
            match scene.name {
                "1k" => bench.show(&name, None),
                _ => bench.compare(&name, format!("{what}, 1k"), None),
            }
            if scene.name == "1M" {
                bench.compare(&name, format!("{what}, 10k"), Some(Goal::AtMost(3.0)));
                bench.show(&name, Some(limit));
            }
        }
    }
    for (name, rows) in &rows {
        bench.case(format!("load {name}"), || loaded(rows));
        bench.case(format!("load {name} into plain maps"), || ByHand::new(rows));
        bench.compare(format!("load {name}"), format!("load {name} into plain maps"), None);
    }
    bench.compare("load 1M", "load 100k", None);
    bench.report();
}
