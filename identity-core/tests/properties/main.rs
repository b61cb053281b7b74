//! Compares random worlds with a slow but evidently correct evaluator.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod administration;
mod audit;
mod conditions;
mod documents;
mod kept;
mod leftovers;
#[cfg(feature = "test-support")]
mod lists;
mod naive;
mod selectors;
#[cfg(feature = "test-support")]
mod simulation;
mod strategy;

use std::collections::BTreeSet;

use identity_core::apply::{Command, Refusal, apply};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::{Authority, Explanation, Question, Remedy, Target, decide};
use identity_core::diff::diff;
use identity_core::entity::{Container, Membership, Party};
use identity_core::resolve::{ResolveInput, Subject, resolve};
use identity_core::search::{paths, what_can, who_can};
use identity_core::value::{Claims, GroupId, Revision};
use identity_core::world::{Change, Sources, World};
use naive::Naive;
use proptest::prelude::*;
use strategy::{ACCESSES, Caller, IDS, callers, commands, sources};

/// Applies the commands one by one and skips the refused ones.
fn grown(sources: Sources, commands: &[Command]) -> (World, Vec<Change>) {
    let mut world = World::new(sources, ResourceCatalog::standard());
    let mut log = Vec::new();
    for command in commands {
        if let Ok(applied) = apply(&world, std::slice::from_ref(command), Authority::Administrator) {
            world = applied.world;
            log.extend(applied.changes);
        }
    }
    (world, log)
}

fn subject_of(world: &World, caller: &Caller) -> Subject {
    let claimed = world.sources() == Sources::Provider { groups_claimed: true };
    let groups: Vec<GroupId> = caller.groups.iter().map(|id| GroupId::parse(id).unwrap()).collect();
    let claims = Claims::new(caller.claims.clone()).unwrap();
    resolve(
        world,
        ResolveInput {
            principal: &caller.principal,
            claims: Some(&claims),
            groups: claimed.then_some(&groups[..]),
            permissions: None,
        },
    )
}

/// All questions about resources and permissions of the small universe.
fn questions(world: &World) -> Vec<Question<'static>> {
    let mut questions = Vec::new();
    for (resource_type, permission) in ACCESSES {
        questions.push(Question::all_resources(world.catalog(), resource_type, permission).unwrap());
        for id in IDS {
            questions.push(Question::resource(world.catalog(), resource_type, permission, id).unwrap());
        }
    }
    for definition in ["read", "write"] {
        questions.push(Question::permission("camunda-identity-resource-server", definition));
    }
    questions
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn resolve_and_decide_agree_with_the_naive_evaluator(
        sources in sources(), commands in commands(), caller in callers(),
    ) {
        let (world, _) = grown(sources, &commands);
        let naive = Naive::of(&world);
        let subject = subject_of(&world, &caller);
        let expected = naive.subject(&caller);
        prop_assert_eq!(subject.mapping_rules.iter().map(ToString::to_string).collect::<Vec<_>>(), expected.rules.clone());
        prop_assert_eq!(subject.groups.iter().map(ToString::to_string).collect::<Vec<_>>(), expected.groups.clone());
        prop_assert_eq!(subject.roles.iter().map(ToString::to_string).collect::<Vec<_>>(), expected.roles.clone());
        prop_assert_eq!(subject.tenants.iter().map(ToString::to_string).collect::<Vec<_>>(), expected.tenants.clone());
        for (resource_type, permission) in ACCESSES {
            for id in IDS.iter().map(|id| Some(*id)).chain([None]) {
                let question = match id {
                    Some(id) => Question::resource(world.catalog(), resource_type, permission, id).unwrap(),
                    None => Question::all_resources(world.catalog(), resource_type, permission).unwrap(),
                };
                prop_assert_eq!(
                    decide(&world, &subject, &question).allowed(),
                    naive.allows(&expected, resource_type, permission, id),
                    "{} {} {:?}", resource_type, permission, id
                );
            }
        }
        for definition in ["read", "write"] {
            let question = Question::permission("camunda-identity-resource-server", definition);
            prop_assert_eq!(decide(&world, &subject, &question).allowed(), naive.holds(&expected, definition));
        }
    }

    #[test]
    fn task_properties_agree_with_the_naive_evaluator(
        commands in commands(), caller in callers(), assignee in 0..3usize, user in 0..3usize, group in 0..3usize,
    ) {
        let (world, _) = grown(Sources::Provider { groups_claimed: false }, &commands);
        let naive = Naive::of(&world);
        let task = strategy::task(assignee, user, group);
        let properties = strategy::properties(&task);
        let subject = subject_of(&world, &caller);
        let access = world.catalog().access("USER_TASK", "READ").unwrap();
        let question = Question::Resource { access, target: Target::WithProperties("a", &properties) };
        prop_assert_eq!(
            decide(&world, &subject, &question).allowed(),
            naive.allows_task(&naive.subject(&caller), &task, "a")
        );
    }

    #[test]
    fn an_explanation_is_true_and_every_remedy_helps(
        sources in sources(), commands in commands(), caller in callers(),
    ) {
        let (world, _) = grown(sources, &commands);
        let subject = subject_of(&world, &caller);
        for question in questions(&world) {
            let decision = decide(&world, &subject, &question);
            let claims = Claims::new(caller.claims.clone()).unwrap();
            match decision.explain_with(&world, &subject, Some(&claims)) {
                Explanation::Allow(steps) => {
                    prop_assert!(decision.allowed());
                    prop_assert!(naive::path_holds(&world, &subject, &steps), "{:?}", steps);
                    // The proof alone allows access, and no part of it is redundant.
                    let proof = naive::proof(&world, &steps);
                    let says = |rows: &[Change]| {
                        let (alone, left_out) = World::new(sources, ResourceCatalog::standard()).replay(world.revision(), rows);
                        assert!(left_out.is_empty());
                        Naive::of(&alone).answers(&caller, &question, &alone)
                    };
                    prop_assert!(says(&proof), "{:?}", steps);
                    for part in 0..proof.len() {
                        let less = [&proof[..part], &proof[part + 1..]].concat();
                        prop_assert!(!says(&less), "{:?} is not needed in {:?}", proof[part], steps);
                    }
                }
                Explanation::Deny(misses) => {
                    prop_assert!(!decision.allowed() && !misses.is_empty());
                    for miss in misses {
                        if let Some(commands) = naive::carry_out(&world, &miss) {
                            let applied = apply(&world, &commands, Authority::Server);
                            prop_assert!(applied.is_ok(), "{:?}: {:?}", miss, applied.err());
                            let after = applied.unwrap().world;
                            if subject.inactive {
                                // Further changes may be needed. The explanation for the active user names them.
                                let is_allowed = decide(&after, &subject_of(&after, &caller), &question).allowed();
                                prop_assert!(is_allowed || miss.through.is_none(), "{:?} does not help", miss);
                                prop_assert!(!subject_of(&after, &caller).inactive);
                                continue;
                            }
                            prop_assert!(
                                decide(&after, &subject_of(&after, &caller), &question).allowed(),
                                "{:?} does not help", miss
                            );
                        } else {
                            match &miss.remedy {
                                Remedy::Respell { known } | Remedy::SpeakFor { principal: known, .. } => {
                                    let other = Caller { principal: known.clone(), ..caller.clone() };
                                    prop_assert!(decide(&world, &subject_of(&world, &other), &question).allowed());
                                }
                                Remedy::NameInProperty { .. } | Remedy::CreateRole { .. } | Remedy::MatchRule { .. } | Remedy::Redirect => {}
 other => prop_assert!(false, "{:?}", other),
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn who_can_is_the_set_of_those_whom_decide_allows(is_built_in: bool, commands in commands()) {
        let sources = if is_built_in { Sources::BuiltIn } else { Sources::Provider { groups_claimed: false } };
        let (world, _) = grown(sources, &commands);
        for question in questions(&world) {
            let found: Vec<Party> = who_can(&world, &question).into_iter().map(|allowed| allowed.party).collect();
            let by_path: BTreeSet<Party> = paths::to(&world, &question).map(|(party, ..)| party).collect();
            for principal in strategy::principals() {
                let alone = resolve(&world, ResolveInput::from(&principal));
                prop_assert_eq!(
                    found.contains(&principal.clone().into()),
                    decide(&world, &alone, &question).allowed(),
                    "{:?} {:?}", principal, question
                );
                // Paths also lead to grants by property, which do not count here.
                let (can, has_path) = (found.contains(&principal.clone().into()), by_path.contains(&principal.into()));
                prop_assert!(has_path || !can);
                prop_assert!(!has_path || !alone.inactive);
            }
        }
    }

    #[test]
    fn what_can_is_what_the_owners_own(commands in commands(), caller in callers()) {
        let (world, _) = grown(Sources::Provider { groups_claimed: false }, &commands);
        let subject = subject_of(&world, &caller);
        let mut found: Vec<_> = what_can(&world, &subject).map(|authorization| authorization.key).collect();
        found.sort_unstable();
        prop_assert_eq!(found, Naive::of(&world).keys_of(&Naive::of(&world).subject(&caller)));
    }

    #[test]
    fn the_log_makes_the_world_and_so_do_its_rows(sources in sources(), commands in commands()) {
        let (world, log) = grown(sources, &commands);
        let rows: Vec<Change> = world.rows().collect();
        let empty = World::new(sources, ResourceCatalog::standard());
        for source in [&log, &rows] {
            let (again, left_out) = empty.replay(world.revision(), source);
            prop_assert!(left_out.is_empty());
            prop_assert_eq!(again.rows().collect::<Vec<_>>().len(), rows.len());
            prop_assert!(diff(&world, &again).changes.is_empty());
            prop_assert!(diff(&again, &world).changes.is_empty());
        }
    }

    #[test]
    fn a_diff_leads_from_one_world_to_the_other_and_names_whom_it_reaches(
        is_built_in: bool, first in commands(), second in commands(),
    ) {
        let sources = if is_built_in { Sources::BuiltIn } else { Sources::Provider { groups_claimed: false } };
        let (before, _) = grown(sources, &first);
        let mut after = before.clone();
        for command in &second {
            if let Ok(applied) = apply(&after, std::slice::from_ref(command), Authority::Administrator) {
                after = applied.world;
            }
        }
        let found = diff(&before, &after);
        let (led, _) = before.replay(after.revision(), &found.changes);
        prop_assert!(diff(&led, &after).changes.is_empty());
        for principal in strategy::principals() {
            let had = resolve(&before, ResolveInput::from(&principal));
            let has = resolve(&after, ResolveInput::from(&principal));
            let same = (&had.groups, &had.roles, &had.tenants) == (&has.groups, &has.roles, &has.tenants);
            let named = found.effects.iter().any(|effect| effect.party == principal.clone().into());
            if !same {
                prop_assert!(named, "{:?} changed and is not named", principal);
            }
            if !named {
                for question in questions(&before) {
                    prop_assert_eq!(
                        decide(&before, &had, &question).allowed(),
                        decide(&after, &has, &question).allowed()
                    );
                }
            }
        }
    }

    #[test]
    fn nobody_is_ever_locked_out(sources in sources(), commands in commands()) {
        let mut world = World::new(sources, ResourceCatalog::standard());
        let mut had = [false, false];
        for command in &commands {
            match apply(&world, std::slice::from_ref(command), Authority::Administrator) {
                Ok(applied) => world = applied.world,
                Err(Refusal::LockOut(_)) => prop_assert!(had.contains(&true)),
                Err(_) => {}
            }
            let has = Naive::of(&world).powers();
            for (had, has) in had.iter().zip(has) {
                prop_assert!(has || !had, "locked out by {:?}", command);
            }
            had = has;
        }
    }

    #[test]
    fn a_refused_batch_changes_nothing_and_an_accepted_one_makes_one_revision(commands in commands()) {
        let world = World::new(Sources::BuiltIn, ResourceCatalog::standard());
        if let Ok(applied) = apply(&world, &commands, Authority::Administrator) {
            prop_assert_eq!(applied.world.revision(), Revision(1));
            prop_assert!(applied.audit.len() >= commands.len());
        }
        prop_assert_eq!(world.rows().count(), 0);
    }
}

#[test]
fn removing_the_last_administrator_is_refused_with_the_reason() {
    let (world, _) = grown(Sources::BuiltIn, &strategy::one_administrator());
    let role = Container::Role(strategy::role_id("r0"));
    let member = Party::User(strategy::username("a"));
    let refused =
        apply(&world, &[Command::RemoveMember(Membership::new(role, member).unwrap())], Authority::Administrator);
    let refusal = refused.err().unwrap();
    assert!(matches!(refusal, Refusal::LockOut(_)));
    assert_eq!(
        refusal.to_string(),
        "the change would remove the last principal that can administer through the management API; grant that access \
         to another principal first"
    );
}
