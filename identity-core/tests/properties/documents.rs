//! A world that is written as a document, read and applied is the same world.

use std::collections::BTreeMap;

use identity_core::apply::{Command, Refusal, apply};
use identity_core::decide::Authority;
use identity_core::document::{PolicyDocument, Prune};
use identity_core::value::DocumentName;
use identity_core::world::{Sources, World};
use proptest::prelude::*;

use crate::grown;
use crate::strategy::{commands, sources};

/// Applies a document. `None` if a rule of the model forbids it, whatever the plan: rules do not change their kind, and
/// administration is kept.
fn applied(document: &PolicyDocument, world: &World, prune: Prune<'_>) -> Option<World> {
    let commands = document.commands(world, prune, &BTreeMap::new());
    match apply(world, &commands, Authority::Administrator) {
        Ok(applied) => Some(applied.world),
        Err(Refusal::RuleKind(_) | Refusal::LockOut(_)) => None,
        Err(refusal) => panic!("{refusal} for {commands:?}"),
    }
}

static ALONE: BTreeMap<DocumentName, PolicyDocument> = BTreeMap::new();

fn managed(earlier: &PolicyDocument) -> Prune<'_> {
    Prune::Managed { earlier, others: &ALONE }
}

fn text(document: &PolicyDocument) -> String {
    serde_json::to_string_pretty(document).unwrap()
}

/// Whether two rules that may hold at once state the same predicate: then no world can have both.
fn contradict(one: &World, other: &World) -> bool {
    one.mapping_rules().any(|rule| other.mapping_rules().any(|twin| twin.id != rule.id && twin.value == rule.value))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_written_document_is_read_and_applied_to_any_world_exactly(
        sources in sources(),
        wanted in commands(),
        before in commands(),
    ) {
        let document = PolicyDocument::of(&grown(sources, &wanted).0);
        let written = text(&document);
        let read = PolicyDocument::from_json(&written).unwrap();
        prop_assert_eq!(&read, &document);
        prop_assert_eq!(text(&read), written.clone());

        for world in [grown(sources, &[]).0, grown(sources, &before).0] {
            let Some(after) = applied(&read, &world, Prune::Everything) else { continue };
            prop_assert_eq!(text(&PolicyDocument::of(&after)), written.clone());
            for prune in [Prune::Everything, Prune::Nothing, managed(&document)] {
                prop_assert_eq!(read.commands(&after, prune, &BTreeMap::new()), Vec::<Command>::new());
            }
        }
    }

    #[test]
    fn two_documents_result_in_the_same_world_in_either_order_or_conflict(
        one in commands(),
        two in commands(),
        before in commands(),
    ) {
        let sources = Sources::Provider { groups_claimed: false };
        let world = grown(sources, &before).0;
        let [one, two] = [one, two].map(|commands| PolicyDocument::of(&grown(sources, &commands).0));
        let name = DocumentName::parse("two").unwrap();
        if !one.conflicts(&[(name, two.clone())].into()).is_empty() {
            return Ok(());
        }
        // A refusal, such as of two rules with one predicate, is loud as well.
        let with = |document: &PolicyDocument, world: &World| {
            let commands = document.commands(world, Prune::Nothing, &BTreeMap::new());
            apply(world, &commands, Authority::Administrator).ok().map(|applied| applied.world)
        };
        let both = |first, second| with(second, &with(first, &world)?);
        if let (Some(forth), Some(back)) = (both(&one, &two), both(&two, &one)) {
            prop_assert_eq!(text(&PolicyDocument::of(&forth)), text(&PolicyDocument::of(&back)));
        }
    }

    #[test]
    fn a_document_adds_and_withdraws_its_own_statements_and_nothing_else(
        wanted in commands(),
        before in commands(),
    ) {
        let sources = Sources::Provider { groups_claimed: false };
        let world = grown(sources, &before).0;
        let wanted = grown(sources, &wanted).0;
        prop_assume!(!contradict(&world, &wanted));
        let document = PolicyDocument::of(&wanted);
        let Some(with) = applied(&document, &world, Prune::Nothing) else { return Ok(()) };
        let Some(twice) = applied(&document, &with, managed(&document)) else { return Ok(()) };
        prop_assert_eq!(text(&PolicyDocument::of(&twice)), text(&PolicyDocument::of(&with)));

        let nothing = PolicyDocument::default();
        let Some(without) = applied(&nothing, &with, managed(&document)) else { return Ok(()) };
        let left = PolicyDocument::of(&without);
        let before = PolicyDocument::of(&world);
        let statements = |document: &PolicyDocument| -> Vec<_> { document.memberships.iter().cloned().collect() };
        for membership in statements(&left) {
            prop_assert!(before.memberships.contains(&membership) && !document.memberships.contains(&membership));
        }
        for group in &before.groups {
            prop_assert_eq!(
                without.group(group.id.as_str()).is_some(),
                wanted.group(group.id.as_str()).is_none()
            );
        }
    }
}
