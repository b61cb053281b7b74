//! Compares decisions with Cedar and Casbin, and the verification of tokens with jsonwebtoken and with the raw signature
//! check. Each peer gives the same answers before it is timed.

mod casbin;
mod cedar;
mod tokens;

use identity_bench::floor::Floor;
use identity_bench::measure::{Bench, shown};
use identity_bench::policies::{Policies, Query, Size};
use identity_bench::report::{record, record_growth};
use identity_core::decide::{Question, decide};
use identity_core::resolve::Subject;
use identity_core::world::World;

/// Number of questions.
const QUERIES: usize = 1024;

/// Policies of one size, with questions and their answers.
pub struct Scene {
    pub policies: Policies,
    pub queries: Vec<(Query, bool)>,
}

impl Scene {
    fn new(authorizations: usize) -> Self {
        let policies = Policies::generate(Size::w2(authorizations));
        let floor = Floor::new(&policies);
        let callers: Vec<_> = policies.people.iter().map(|person| floor.caller(person.owners())).collect();
        let queries = policies.queries(&floor, QUERIES).into_iter().map(|query| {
            let allowed = floor.allows(&callers[query.person], query.resource_type, &query.permission, &query.id);
            (query, allowed)
        });
        let queries = queries.collect();
        Self { policies, queries }
    }
}

struct Ours {
    world: World,
    subjects: Vec<Subject>,
}

impl Ours {
    fn new(policies: &Policies) -> Self {
        let world = policies.world();
        let subjects = policies.people.iter().map(|person| person.subject(&world)).collect();
        Self { world, subjects }
    }

    fn allows(&self, query: &Query) -> bool {
        let catalog = self.world.catalog();
        let question = Question::resource(catalog, query.resource_type, &query.permission, &query.id);
        decide(&self.world, &self.subjects[query.person], &question.expect("a known permission")).allowed()
    }
}

fn decisions(authorizations: usize) {
    let scene = Scene::new(authorizations);
    let (ours, cedar) = (Ours::new(&scene.policies), cedar::Cedar::new(&scene.policies));
    for (query, allowed) in &scene.queries {
        assert_eq!(ours.allows(query), *allowed, "ours");
        assert_eq!(cedar.allows(query, false), *allowed, "Cedar");
        assert_eq!(cedar.allows(query, true), *allowed, "Cedar, sliced");
    }
    let mut bench = Bench::new("Decisions, compared with Cedar");
    let cycle = || scene.queries.iter().map(|(query, _)| query).cycle();
    let (mut first, mut second, mut third) = (cycle(), cycle(), cycle());
    bench.case("identity", || first.next().map(|query| ours.allows(query)));
    bench.case("Cedar, all policies", || second.next().map(|query| cedar.allows(query, false)));
    bench.case("Cedar, policies of the action", || third.next().map(|query| cedar.allows(query, true)));
    bench.compare("identity", "Cedar, all policies", None);
    bench.compare("identity", "Cedar, policies of the action", None);
    let times = bench.report();
    let (identity, sliced) = (times.of("identity"), times.of("Cedar, policies of the action"));
    record_growth("Cedar", authorizations, sliced);
    if authorizations == 1_000_000 {
        let note = format!("{} against {}; all policies {}", shown(sliced), shown(identity), shown(times.of("Cedar, all policies")));
        record("Cedar with its policies sliced by action, of a decision at 1 M", sliced / identity, &note);
    }
}

fn main() {
    for authorizations in [10_000, 100_000, 1_000_000] {
        decisions(authorizations);
    }
    for authorizations in [1000, 10_000, 100_000] {
        let scene = Scene::new(authorizations);
        let ours = Ours::new(&scene.policies);
        casbin::report(&scene, authorizations, |query| ours.allows(query));
    }
    tokens::report();
}
