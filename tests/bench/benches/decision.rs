//! Benchmarks of decisions: `decide` compared with manual look-ups, in small and large worlds and in adversarial
//! worlds.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark")]

use identity_bench::floor::{Caller, Floor};
use identity_bench::measure::{Bench, Goal, asked_for, shown};
use identity_bench::policies::{Grant, Owner, Policies, Query, SampleUser, Size, TYPES, resource_id};
use identity_bench::report::{record, record_growth};
use identity_core::decide::{Decision, Question, decide};
use identity_core::resolve::Subject;
use identity_core::value::{AuthorizationKey, Revision};
use identity_core::world::{Change, World};
use identity_testkit::random::Random;

struct Scene {
    name: String,
    world: World,
    subjects: Vec<Subject>,
    floor: Floor,
    callers: Vec<Caller>,
    queries: Vec<Query>,
}

impl Scene {
    fn new(name: impl Into<String>, size: Size) -> Self {
        let policies = Policies::generate(size);
        let (world, floor) = (policies.world(), Floor::new(&policies));
        let queries = policies.queries(&floor, 4096);
        let subjects = policies.people.iter().map(|person| person.subject(&world)).collect();
        let callers = policies.people.iter().map(|person| floor.caller(person.owners())).collect();
        let scene = Self { name: name.into(), world, subjects, floor, callers, queries };
        for query in &scene.queries {
            assert_eq!(scene.by_hand(query), scene.decided(query).is_some(), "both give the same answer");
        }
        scene
    }

    fn decided(&self, query: &Query) -> Option<AuthorizationKey> {
        ask(&self.world, &self.subjects[query.person], query).authorization()
    }

    fn by_hand(&self, query: &Query) -> bool {
        self.floor.allows(&self.callers[query.person], query.resource_type, &query.permission, &query.id)
    }
}

fn ask<'q>(world: &World, subject: &Subject, query: &'q Query) -> Decision<'q> {
    let question = Question::resource(world.catalog(), query.resource_type, &query.permission, &query.id).unwrap();
    decide(world, subject, &question)
}

/// A subject in a world designed to make decisions slow, with its queries.
struct Adversary {
    name: &'static str,
    world: World,
    subject: Subject,
    queries: Vec<Query>,
}

impl Adversary {
    fn new(name: &'static str, base: &World, person: SampleUser, grants: Vec<Grant>, ids: &[usize]) -> Self {
        let keys = 10_000_000..;
        let rows: Vec<Change> = person.rows().chain(keys.zip(&grants).map(|(key, grant)| grant.row(key))).collect();
        let (world, refused) = base.replay(Revision(2), &rows);
        assert_eq!(refused, []);
        let subject = person.subject(&world);
        let mut random = Random::seeded(3);
        let queries = (0..1024).map(|turn| Query {
            person: 0,
            resource_type: TYPES[0],
            permission: if turn % 2 == 0 { "READ" } else { "DELETE" }.to_owned(),
            id: resource_id(*random.pick(ids)),
        });
        Self { name, world, subject, queries: queries.collect() }
    }

    fn all(base: &World) -> Vec<Self> {
        const MANY: usize = 100_000;
        const READ: u8 = 1 << 2;
        let user = || SampleUser { user: 200_000, groups: (100..120).collect(), roles: (100..110).collect() };
        let crowd = |id| -> Vec<Grant> {
            let owners = (0..MANY).map(|number| Owner::User(300_000 + number)).chain([Owner::Role(109)]);
            owners.map(|owner| Grant { owner, resource_type: 0, id, permissions: READ }).collect()
        };
        let of_one_role = (0..MANY)
            .map(|number| Grant {
                owner: Owner::Role(105),
                resource_type: number % TYPES.len(),
                id: Some(number % 10_000),
                permissions: READ,
            })
            .collect();
        let on_everything = (0..TYPES.len())
            .map(|resource_type| Grant { owner: Owner::Role(105), resource_type, id: None, permissions: READ })
            .collect();
        let joiner = SampleUser { user: 200_000, groups: (0..1000).collect(), roles: (100..110).collect() };
        let ids: Vec<usize> = (0..10_000).collect();
        vec![
            Self::new("a resource with 100,000 grants", base, user(), crowd(Some(1)), &[1]),
            Self::new("a type with 100,000 grants on all", base, user(), crowd(None), &ids),
            Self::new("a role with 100,000 authorizations", base, user(), of_one_role, &ids),
            Self::new("a user in 1,000 groups", base, joiner, Vec::new(), &ids),
            Self::new("a grant on all of every type", base, user(), on_everything, &ids),
        ]
    }
}

fn main() {
    if !asked_for() {
        return;
    }
    let sizes = [("1k", 1000), ("10k", 10_000), ("100k", 100_000), ("1M", 1_000_000)];
    let mut scenes = vec![Scene::new("W1", Size::W1)];
    scenes.extend(sizes.map(|(name, count)| Scene::new(format!("W2/{name}"), Size::w2(count))));
    let large = &scenes[4];
    let adversaries = Adversary::all(&large.world);

    let mut bench = Bench::new("Decisions");
    for scene in &scenes {
        let (mut ours, mut floor) = (scene.queries.iter().cycle(), scene.queries.iter().cycle());
        let (name, hand) = (scene.name.clone(), format!("{} by hand", scene.name));
        bench.case(&name, move || ours.next().map(|query| scene.decided(query)));
        bench.case(&hand, move || floor.next().map(|query| scene.by_hand(query)));
        bench.compare(name, hand, Some(Goal::AtMost(2.5)));
    }
    bench.compare("W2/1M", "W2/10k", Some(Goal::AtMost(4.0)));
    bench.compare("W2/1M by hand", "W2/10k by hand", None);

    for adversary in &adversaries {
        let mut queries = adversary.queries.iter().cycle();
        bench.case(adversary.name, move || {
            queries.next().map(|query| ask(&adversary.world, &adversary.subject, query).authorization())
        });
        bench.compare(adversary.name, "W2/1M", Some(Goal::AtMost(10.0)));
    }

    for (name, allowed) in [("explain a yes", true), ("explain a no", false)] {
        let chosen: Vec<&Query> =
            large.queries.iter().filter(|query| large.decided(query).is_some() == allowed).collect();
        let mut next = 0;
        bench.case(name, move || {
            next = (next + 1) % chosen.len();
            let subject = &large.subjects[chosen[next].person];
            ask(&large.world, subject, chosen[next]).explain(&large.world, subject)
        });
        bench.compare(name, "W2/1M", None);
    }
    let times = bench.report();
    let (ours, floor) = (times.of("W2/1M"), times.of("W2/1M by hand"));
    record("decision at 1 M, of the floor", ours / floor, &format!("{} against {}", shown(ours), shown(floor)));
    for (name, size) in sizes {
        record_growth("Identity", size, times.of(&format!("W2/{name}")));
        record_growth("floor", size, times.of(&format!("W2/{name} by hand")));
    }
}
