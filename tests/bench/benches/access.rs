//! Benchmarks of the access service: explanations, searches, simulations, and evaluations over HTTP compared with a
//! plain JSON handler.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark")]

use std::sync::Arc;
use std::time::Duration;

use identity_bench::floor::Floor;
use identity_bench::http::{Target, drive};
use identity_bench::measure::{Bench, Goal, asked_for};
use identity_bench::policies::{Grant, Owner, Policies, Query, SampleUser, Size, TYPES, resource_id, role, username};
use identity_core::apply::{Command, apply};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::{Authority, Explanation, Question, decide};
use identity_core::diff::holdings;
use identity_core::engine::Engine;
use identity_core::entity::{Actor, Container, MappingRule, Membership, Memo, Party, Principal, VerifiedToken};
use identity_core::fake::{FixedClock, MemoryPolicyStore};
use identity_core::resolve::{ResolveInput, resolve, resolve_token};
use identity_core::search::{SearchBudget, principals_who_can};
use identity_core::service::Caller;
use identity_core::service::access::{Access, NotEvaluated, Simulation};
use identity_core::service::recent_callers::{KeptClaims, RecentCallers};
use identity_core::value::{ClaimSelector, ClaimValue, Claims, MappingRuleId, Name, Revision, StoredClaims};
use identity_core::world::{Change, Sources, World};
use identity_testkit::random::Random;
use time::OffsetDateTime;

/// Numbers of subjects with access to a resource.
const CROWDS: [usize; 3] = [100, 1000, 10_000];
/// Number of recent callers for which a rule is simulated.
const LOGINS: usize = 10_000;

fn crowd(count: usize) -> usize {
    500_000 + count
}

/// The world of `policies`, with resources to which many subjects have access.
fn world(policies: &Policies) -> World {
    const READ: u8 = 1 << 2;
    let grants = CROWDS.into_iter().flat_map(|count| {
        (0..count).map(move |user| Grant {
            owner: Owner::User(user),
            resource_type: 0,
            id: Some(crowd(count)),
            permissions: READ,
        })
    });
    // The recent callers have as many memberships as the users who are asked about.
    let (size, mut random) = (policies.size, Random::seeded(11));
    let mut sample = |user| SampleUser {
        user,
        groups: random.distinct(size.groups_each, size.groups),
        roles: random.distinct(size.roles_each, size.roles),
    };
    let members: Vec<Change> = (0..LOGINS).flat_map(|user| sample(user).rows().collect::<Vec<_>>()).collect();
    let grants = (10_000_000..).zip(grants).map(|(key, grant)| grant.row(key));
    let rows: Vec<Change> = members.into_iter().chain(grants).collect();
    let (world, refused) = policies.world().replay(Revision(2), &rows);
    assert_eq!(refused, []);
    world
}

fn answer(world: &World, policies: &Policies, query: &Query, explained: bool) -> (bool, Option<Explanation>) {
    let principal = Principal::User(username(policies.people[query.person].user));
    let subject = resolve(world, ResolveInput::by_id(world, &principal));
    let question = Question::resource(world.catalog(), query.resource_type, &query.permission, &query.id).unwrap();
    let decision = decide(world, &subject, &question);
    (decision.allowed(), explained.then(|| decision.explain(world, &subject)))
}

fn token(number: usize) -> Arc<VerifiedToken> {
    let claims = serde_json::json!({"sub": username(number).as_str(), "department": format!("d{}", number % 100),
        "groups": (0..20).map(|group| format!("/g/{}", (number + group) % 1000)).collect::<Vec<_>>()});
    Arc::new(VerifiedToken {
        issuer: Arc::from("https://issuer.example"),
        principal: Principal::User(username(number)),
        groups: None,
        permissions: std::collections::BTreeSet::new(),
        claims: StoredClaims::from(&Claims::new(claims).unwrap()),
        display_name: None,
        email: None,
        expires_at: OffsetDateTime::UNIX_EPOCH,
        memo: Memo::default(),
    })
}

/// The access service with its recent callers.
struct Desk {
    access: Access,
    caller: Caller,
    tokens: Vec<Arc<VerifiedToken>>,
    simulation: Simulation,
}

impl Desk {
    fn new(world: &World) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = MemoryPolicyStore::default();
        let audit = Arc::new(store.audit_log());
        let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
        let sources = Sources::Provider { groups_claimed: false };
        let start = Engine::start(Arc::new(store), audit.clone(), clock, sources, ResourceCatalog::standard());
        let engine = Arc::new(runtime.block_on(start).unwrap());
        let logins = Arc::new(RecentCallers::new(LOGINS, KeptClaims::All(Duration::MAX)));
        let tokens: Vec<_> = (0..LOGINS).map(token).collect();
        for token in &tokens {
            logins.note(world, token, &resolve_token(world, token), OffsetDateTime::UNIX_EPOCH);
        }
        let rule = MappingRule::new(
            MappingRuleId::parse("tried").unwrap(),
            Name::parse("Tried").unwrap(),
            ClaimSelector::parse("department").unwrap(),
            ClaimValue::parse("d7").unwrap(),
        );
        let member = Membership::new(Container::Role(role(3)), Party::MappingRule(rule.id.clone())).unwrap();
        let commands = vec![Command::CreateMappingRule(rule), Command::AddMember(member)];
        let principal = Principal::User(username(0));
        let caller = Caller::authenticated(Arc::new(world.clone()), principal, None);
        let caller = Caller { actor: Actor::Anonymous, ..caller };
        let access = Access::new(engine, audit, None, logins, None);
        Self { access, caller, tokens, simulation: Simulation { commands, question: None, logins: LOGINS } }
    }

    fn simulate(&self) -> usize {
        let (subject, budget) = (Err(NotEvaluated::NoSuchSubject), SearchBudget::default());
        self.access.simulate(&self.caller, &self.simulation, &subject, &budget).unwrap().logins.changed.len()
    }

    /// Floor: compares the complete holdings of each caller in both worlds.
    fn by_hand(&self) -> usize {
        let before = &self.caller.world;
        let after = apply(before, &self.simulation.commands, Authority::Administrator).unwrap().world;
        let differs = |token: &&Arc<VerifiedToken>| {
            let had = holdings(before, &resolve_token(before, token));
            had != holdings(&after, &resolve_token(&after, token))
        };
        self.tokens.iter().filter(differs).count()
    }
}

fn main() {
    if !asked_for() {
        return;
    }
    let policies = Policies::generate(Size::w2(1_000_000));
    let world = world(&policies);
    let floor = Floor::new(&policies);
    let queries = policies.queries(&floor, 4096);
    let desk = Desk::new(&world);
    assert_eq!(desk.simulate(), desk.by_hand(), "both find the same");

    let mut bench = Bench::new("Decisions as a service, among a million authorizations");
    for (name, allowed) in [("yes", true), ("no", false)] {
        let by_hand = |query: &Query| {
            let caller = floor.caller(policies.people[query.person].owners());
            floor.allows(&caller, query.resource_type, &query.permission, &query.id)
        };
        let chosen: Vec<&Query> = queries.iter().filter(|query| by_hand(query) == allowed).collect();
        let answers = chosen.iter().map(|query| answer(&world, &policies, query, false).0);
        assert!(answers.clone().count() > 100 && answers.into_iter().all(|found| found == allowed), "as by hand");
        for (what, explained) in [("decision", false), ("explanation", true)] {
            let (chosen, world, policies, mut next) = (chosen.clone(), &world, &policies, 0);
            bench.case(format!("{what}: {name}"), move || {
                next = (next + 1) % chosen.len();
                answer(world, policies, chosen[next], explained)
            });
        }
        bench.compare(format!("explanation: {name}"), format!("decision: {name}"), Some(Goal::AtMost(5.0)));
    }
    for count in CROWDS {
        let (world, id) = (&world, resource_id(crowd(count)));
        let found = move || {
            let question = Question::resource(world.catalog(), TYPES[0], "READ", &id).unwrap();
            principals_who_can(world, &question, false, None, &SearchBudget::default()).count()
        };
        assert!(found() >= count);
        bench.case(format!("search: {count} found"), found);
    }
    // Ten times the results may take 15 times as long: ten times for the results, and half as much again for memory
    // access.
    bench.compare("search: 1000 found", "search: 100 found", Some(Goal::AtMost(15.0)));
    bench.compare("search: 10000 found", "search: 1000 found", Some(Goal::AtMost(15.0)));
    bench.case("a rule tried on 10,000 callers", || desk.simulate());
    bench.case("the same, all compared", || desk.by_hand());
    bench.compare("a rule tried on 10,000 callers", "the same, all compared", Some(Goal::AtMost(1.0)));
    bench.report();

    drive(Target::start());
}
