//! Benchmarks of reviews: the permissions of a subject, and the subjects with a permission.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use foldhash::fast::RandomState;
use identity_bench::measure::{Bench, Goal, asked_for};
use identity_bench::policies::{Grant, Owner, Policies, SampleUser, Size, TYPES, permissions_of, resource_id};
use identity_core::catalog::{Family, UnknownAccess};
use identity_core::decide::Question;
use identity_core::entity::{Authorization, Party, Scope};
use identity_core::search::{resources_of, what_can, who_can};
use identity_core::value::{PermissionName, ResourceTypeName, Revision};
use identity_core::world::Change;
use identity_testkit::random::Random;

/// Number of authorizations of the reviewed subject, through six roles.
const LISTED: usize = 2700;

/// Floor of a list: groups the given rows.
fn grouped(rows: &[Authorization]) -> BTreeMap<(ResourceTypeName, Scope), BTreeSet<PermissionName>> {
    let mut found: BTreeMap<_, BTreeSet<PermissionName>> = BTreeMap::new();
    for row in rows {
        let permissions = found.entry((row.resource_type.clone(), row.scope.clone())).or_default();
        permissions.extend(row.permissions.iter().cloned());
    }
    found
}

/// Floor of a search for subjects: grants by resource, people by owner.
struct ByHand<'p> {
    grants: HashMap<(usize, Option<usize>), Vec<&'p Grant>, RandomState>,
    people: HashMap<Owner, Vec<usize>, RandomState>,
}

impl<'p> ByHand<'p> {
    fn new(policies: &'p Policies) -> Self {
        let mut all = Self { grants: HashMap::default(), people: HashMap::default() };
        for grant in &policies.grants {
            all.grants.entry((grant.resource_type, grant.id)).or_default().push(grant);
        }
        for person in &policies.people {
            for owner in person.owners() {
                all.people.entry(owner).or_default().push(person.user);
            }
        }
        all
    }

    fn who_can(&self, resource_type: usize, id: usize, bit: u8) -> BTreeMap<usize, Owner> {
        let mut found = BTreeMap::new();
        let runs = [None, Some(id)].map(|id| self.grants.get(&(resource_type, id)));
        for grant in runs.into_iter().flatten().flatten().filter(|grant| grant.permissions & bit != 0) {
            if let Owner::User(user) = grant.owner {
                found.entry(user).or_insert(grant.owner);
            }
            for user in self.people.get(&grant.owner).into_iter().flatten() {
                found.entry(*user).or_insert(grant.owner);
            }
        }
        found
    }
}

fn main() -> Result<(), UnknownAccess> {
    if !asked_for() {
        return Ok(());
    }
    let policies = Policies::generate(Size::w2(1_000_000));
    let world = policies.world();
    let user = SampleUser { user: 200_000, groups: Vec::new(), roles: (2000..2006).collect() };
    let mut random = Random::seeded(5);
    let grants: Vec<Grant> = (0..LISTED)
        .map(|number| Grant {
            owner: Owner::Role(2000 + number % 6),
            resource_type: random.below(TYPES.len()),
            id: Some(random.below(10_000)),
            permissions: 0b0101,
        })
        .collect();
    let keys = 10_000_000..;
    let rows: Vec<Change> = user.rows().chain(keys.zip(&grants).map(|(key, grant)| grant.row(key))).collect();
    let listing = world.replay(Revision(2), &rows).0;
    let subject = user.subject(&listing);
    let listed: Vec<Authorization> = what_can(&listing, &subject).collect();
    assert_eq!(listed.len(), LISTED);
    assert_eq!(resources_of(&listing, &subject, &[Family::Cluster]), grouped(&listed), "both give the same answer");

    let by_hand = ByHand::new(&policies);
    let permissions: Vec<(usize, String)> = permissions_of("PROCESS_DEFINITION").into_iter().enumerate().collect();
    let process = TYPES.iter().position(|name| *name == "PROCESS_DEFINITION").unwrap_or_default();
    let ids: Vec<(usize, String)> = (0..512).map(|number| number * 19).map(|id| (id, resource_id(id))).collect();
    let asked: Vec<_> = ids.iter().map(|id| (id, random.pick(&permissions))).collect();
    let mut questions = Vec::new();
    for ((id, text), (bit, permission)) in &asked {
        let question = Question::resource(world.catalog(), "PROCESS_DEFINITION", permission, text)?;
        let of_people = |party: &Party| matches!(party, Party::User(_) | Party::Client(_));
        let ours = who_can(&world, &question).into_iter().filter(|allowed| of_people(&allowed.party)).count();
        assert_eq!(ours, by_hand.who_can(process, *id, 1 << bit).len(), "both give the same answer");
        questions.push((question, *id, 1 << bit));
    }

    let mut bench = Bench::new("Reviews, among a million authorizations");
    bench.case("2,700 authorizations, listed", || what_can(&listing, &subject).collect::<Vec<_>>());
    bench.case("2,700 authorizations, copied", || listed.clone());
    bench.case("2,700 authorizations, by resource", || resources_of(&listing, &subject, &[Family::Cluster]));
    bench.case("2,700 authorizations, grouped by hand", || grouped(&listed));
    let (mut ours, mut floor) = (questions.iter().cycle(), questions.iter().cycle());
    bench.case("who can", || ours.next().map(|(question, ..)| who_can(&world, question)));
    bench.case("who can, by hand", || floor.next().map(|(_, id, bit)| by_hand.who_can(process, *id, *bit)));
    let limit = Some(Goal::Within(Duration::from_micros(300)));
    bench.show("2,700 authorizations, listed", limit);
    bench.compare("2,700 authorizations, listed", "2,700 authorizations, copied", None);
    bench.show("2,700 authorizations, by resource", limit);
    bench.compare("2,700 authorizations, by resource", "2,700 authorizations, grouped by hand", None);
    bench.compare("who can", "who can, by hand", None);
    bench.report();
    Ok(())
}
