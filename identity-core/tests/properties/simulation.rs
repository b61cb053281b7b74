//! The result of a simulation equals the result of the change, and a review equals the decisions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use identity_core::apply::{Command, apply};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::{Authority, Question, decide};
use identity_core::diff::{AccessItem, diff, holdings};
use identity_core::engine::Engine;
use identity_core::entity::{Actor, Container, Memo, Party, Principal, VerifiedToken};
use identity_core::fake::{FixedClock, MemoryPolicyStore};
use identity_core::resolve::{ResolveInput, Subject, resolve, resolve_token};
use identity_core::search::{SearchBudget, paths};
use identity_core::service::Caller;
use identity_core::service::access::{
    Access, Action, EntityRef, EvaluationRequest, Holding, InDirectory, NotEvaluated, Simulated, Simulation,
    SimulationFailed,
};
use identity_core::service::recent_callers::{KeptClaims, RecentCallers};
use identity_core::value::{Claims, StoredClaims};
use identity_core::world::{Sources, World};
use proptest::prelude::*;
use time::OffsetDateTime;

use crate::strategy::{self, ACCESSES, IDS};

const LONG: Duration = Duration::from_secs(3600);
const SOURCES: Sources = Sources::Provider { groups_claimed: false };

/// The service over a world without a store.
struct Desk {
    runtime: tokio::runtime::Runtime,
    access: Access,
    logins: Arc<RecentCallers>,
}

impl Desk {
    fn simulate(&self, world: &World, simulation: &Simulation) -> Result<Simulated, SimulationFailed> {
        let caller = somebody(world);
        let subject = match &simulation.question {
            Some(asked) => self.runtime.block_on(self.access.identify(&caller.world, &asked.subject, None)).unwrap(),
            None => Err(NotEvaluated::NoSuchSubject),
        };
        self.access.simulate(&caller, simulation, &subject, &SearchBudget::default())
    }

    fn new(kept: KeptClaims) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = MemoryPolicyStore::default();
        let audit = Arc::new(store.audit_log());
        let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
        let start = Engine::start(Arc::new(store), audit.clone(), clock, SOURCES, ResourceCatalog::standard());
        let engine = Arc::new(runtime.block_on(start).unwrap());
        let logins = Arc::new(RecentCallers::new(100, kept));
        Self { access: Access::new(engine, audit, None, Arc::clone(&logins), None), logins, runtime }
    }

    /// Records the token of a caller.
    fn note(&self, world: &World, caller: &strategy::Caller) {
        let token = Arc::new(VerifiedToken {
            issuer: Arc::from("https://issuer.example"),
            principal: caller.principal.clone(),
            groups: None,
            permissions: std::collections::BTreeSet::new(),
            claims: StoredClaims::from(&Claims::new(caller.claims.clone()).unwrap()),
            display_name: None,
            email: None,
            expires_at: OffsetDateTime::UNIX_EPOCH,
            memo: Memo::default(),
        });
        let subject = resolve_token(world, &token);
        self.logins.note(world, &token, &subject, OffsetDateTime::UNIX_EPOCH);
    }
}

fn somebody(world: &World) -> Caller {
    let caller = Caller::authenticated(Arc::new(world.clone()), strategy::principals().remove(0), None);
    Caller { actor: Actor::Anonymous, ..caller }
}

fn asked(principal: &Principal, (kind, permission): (&str, &str), id: &str) -> EvaluationRequest {
    let subject_kind = if matches!(principal, Principal::User(_)) { "user" } else { "client" };
    let about = |kind: &str, id: &str| EntityRef { kind: kind.to_owned(), id: id.to_owned(), ..EntityRef::default() };
    EvaluationRequest {
        subject: about(subject_kind, principal.id()),
        action: Action { name: permission.to_owned(), ..Action::default() },
        resource: about(kind, id),
    }
}

fn with_token(world: &World, caller: &strategy::Caller) -> Subject {
    let claims = Claims::new(caller.claims.clone()).unwrap();
    resolve(
        world,
        ResolveInput { principal: &caller.principal, claims: Some(&claims), groups: None, permissions: None },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_simulated_is_what_would_be(
        history in strategy::commands(),
        change in prop::collection::vec(strategy::command(), 1..4),
        callers in prop::collection::vec(strategy::callers(), 1..6),
        kept in prop::sample::select(vec![KeptClaims::None, KeptClaims::Used(LONG), KeptClaims::All(LONG)]),
        access in prop::sample::select(ACCESSES.to_vec()),
    ) {
        let (world, _) = crate::grown(SOURCES, &history);
        let desk = Desk::new(kept);
        callers.iter().for_each(|caller| desk.note(&world, caller));
        let principal = callers[0].principal.clone();
        let question = asked(&principal, access, IDS[0]);
        let simulation = Simulation { commands: change.clone(), question: Some(question), logins: 100 };
        let simulated = desk.simulate(&world, &simulation);
        let after = match (apply(&world, &change, Authority::Administrator), &simulated) {
            (Err(refusal), Err(SimulationFailed::Refused(foreseen))) => {
                prop_assert_eq!(&refusal, foreseen);
                return Ok(());
            }
            (Ok(applied), Ok(_)) => applied.world,
            (applied, _) => panic!("{:?} {:?}", applied.map(|_| ()), simulated.map(|_| ())),
        };
        let simulated = simulated.unwrap();
        prop_assert_eq!(&simulated.diff, &diff(&world, &after));

        // The subject is resolved from its last token, as far as its claims are kept.
        let known = desk.logins.of(&principal, OffsetDateTime::UNIX_EPOCH).unwrap();
        let token = callers.iter().rfind(|caller| caller.principal == principal).unwrap();
        let is_unknown = kept == KeptClaims::None || simulated.logins.unknown.contains(&principal);
        let last = |world: &World| if is_unknown { known.subject(world) } else { with_token(world, token) };
        let decides = |world: &World| {
            let question = Question::resource(world.catalog(), access.0, access.1, IDS[0]).unwrap();
            decide(world, &last(world), &question).allowed()
        };
        let (first, second) = simulated.answers.unwrap();
        prop_assert_eq!((first.decision, second.decision), (decides(&world), decides(&after)));
        let gains = |had: BTreeSet<AccessItem>, has: &BTreeSet<AccessItem>| -> Vec<AccessItem> {
            has.difference(&had).cloned().collect()
        };
        let subject = simulated.subject.unwrap();
        let (had, has) = (holdings(&world, &last(&world)), holdings(&after, &last(&after)));
        prop_assert_eq!(subject.gained, gains(had.clone(), &has));
        prop_assert_eq!(subject.lost, gains(has, &had));

        // The last token of each principal counts.
        let mut latest: Vec<&strategy::Caller> = Vec::new();
        for caller in callers.iter().rev() {
            if latest.iter().all(|other| other.principal != caller.principal) {
                latest.push(caller);
            }
        }
        prop_assert_eq!(simulated.logins.looked_at, latest.len());
        prop_assert!(!matches!(kept, KeptClaims::All(_)) || simulated.logins.unknown.is_empty());
        for caller in latest.iter().filter(|caller| !simulated.logins.unknown.contains(&caller.principal)) {
            let had = holdings(&world, &with_token(&world, caller));
            let has = holdings(&after, &with_token(&after, caller));
            let found = simulated.logins.changed.iter().find(|change| change.principal == caller.principal);
            match found {
                Some(change) => {
                    prop_assert_eq!(&change.gained, &gains(had.clone(), &has));
                    prop_assert_eq!(&change.lost, &gains(has, &had));
                }
                None => prop_assert_eq!(had, has, "{:?} is not named", caller),
            }
        }
    }

    #[test]
    fn a_review_shows_whom_decisions_allow_and_every_path_is_there(
        sources in strategy::sources(), history in strategy::commands(),
    ) {
        let (world, _) = crate::grown(sources, &history);
        let by_token = sources == Sources::Provider { groups_claimed: true };
        let edge = |container: &Party, member: &Party| match container {
            Party::Group(id) => world.is_member(&Container::Group(id.clone()), member),
            Party::Role(id) => world.is_member(&Container::Role(id.clone()), member),
            _ => false,
        };
        let leads = |party: &Party, through: &[Party]| {
            let trail: Vec<&Party> = std::iter::once(party).chain(through).collect();
            trail.windows(2).all(|pair| edge(pair[1], pair[0]))
        };
        for question in crate::questions(&world) {
            let mut found = BTreeSet::new();
            for (party, through, end) in paths::to(&world, &question) {
                prop_assert!(leads(&party, &through), "{:?} {:?}", party, through);
                if let paths::End::Authorization(held) = &end {
                    prop_assert_eq!(&held.owner, through.last().unwrap_or(&party));
                    if held.scope.resource_id().is_none() {
                        continue;
                    }
                }
                found.insert(party);
            }
            prop_assert!(by_token || found.iter().all(|party| !matches!(party, Party::Group(_))));
            for principal in strategy::principals() {
                let alone = resolve(&world, ResolveInput::by_id(&world, &principal));
                prop_assert_eq!(
                    found.contains(&principal.clone().into()), decide(&world, &alone, &question).allowed(),
                    "{:?} {:?}", principal, question
                );
            }
        }
    }

    #[test]
    fn a_review_of_somebody_shows_what_they_hold(history in strategy::commands(), caller in strategy::callers()) {
        let (world, _) = crate::grown(SOURCES, &history);
        let subject = with_token(&world, &caller);
        let mut shown = BTreeSet::new();
        for (_, _, end) in paths::from(&world, &subject) {
            match Holding::from(end) {
                Holding::Authorization(held) => shown.extend(held.permissions.into_iter().map(|permission| {
                    let (resource_type, scope) = (held.resource_type.clone(), held.scope.clone());
                    AccessItem::Resource { resource_type, scope, permission, condition: None }
                })),
                Holding::Permission(permission) => _ = shown.insert(AccessItem::Permission { permission }),
                Holding::Tenant(tenant) => _ = shown.insert(AccessItem::Tenant { tenant }),
            }
        }
        let mut held = holdings(&world, &subject);
        held.retain(|item| !matches!(item, AccessItem::Group { .. } | AccessItem::Role { .. }));
        prop_assert_eq!(shown, held);
    }
}

#[test]
fn a_review_is_cut_where_somebody_wants() {
    let (world, _) = crate::grown(SOURCES, &strategy::one_administrator());
    let desk = Desk::new(KeptClaims::None);
    let all = desk
        .access
        .review_administrators(&somebody(&world), 10, InDirectory::default(), &SearchBudget::default())
        .unwrap();
    assert_eq!((all.lines.len(), all.more), (1, false));
    assert_eq!(all.lines[0].to_string(), "user a > role r0");
    let none = desk
        .access
        .review_administrators(&somebody(&world), 0, InDirectory::default(), &SearchBudget::default())
        .unwrap();
    assert!(none.lines.is_empty() && none.more);
    let commands = [Command::DeleteRole(strategy::role_id("r0"))];
    let simulation = Simulation { commands: commands.to_vec(), ..Simulation::default() };
    let refused = desk.simulate(&world, &simulation);
    assert!(matches!(refused, Err(SimulationFailed::Refused(_))), "nobody could administer");
}
