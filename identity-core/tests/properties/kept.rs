//! Cached subjects, of tokens and of principals, equal freshly resolved ones at every revision.

use std::sync::Arc;

use identity_core::apply::apply;
use identity_core::catalog::{Family, ResourceCatalog};
use identity_core::decide::Authority;
use identity_core::entity::{Memo, VerifiedToken};
use identity_core::resolve::{RecentSubjects, ResolveInput, resolve, resolve_token, subject_of_token};
use identity_core::search::granted_resources;
use identity_core::value::{Claims, GroupId, StoredClaims};
use identity_core::world::{Sources, World};
use proptest::prelude::*;
use time::OffsetDateTime;

use crate::strategy::{Caller, callers, commands, sources};

fn token(sources: Sources, caller: &Caller) -> VerifiedToken {
    let groups = || caller.groups.iter().map(|id| GroupId::parse(id).unwrap()).collect();
    VerifiedToken {
        issuer: Arc::from("https://issuer.example"),
        principal: caller.principal.clone(),
        groups: (sources == Sources::Provider { groups_claimed: true }).then(groups),
        permissions: std::collections::BTreeSet::new(),
        claims: StoredClaims::from(&Claims::new(caller.claims.clone()).unwrap()),
        display_name: None,
        email: None,
        expires_at: OffsetDateTime::UNIX_EPOCH,
        memo: Memo::default(),
    }
}

proptest! {
    #[test]
    fn a_kept_subject_equals_a_fresh_one(
        sources in sources(),
        history in commands(),
        callers in prop::collection::vec(callers(), 1..4),
        // Which token is used at which revision: some are used often, others after a pause.
        uses in prop::collection::vec(any::<u8>(), 64),
    ) {
        const FAMILIES: &[Family] = &[Family::Management, Family::Custom];
        let tokens: Vec<_> = callers.iter().map(|caller| token(sources, caller)).collect();
        let recent = RecentSubjects::default();
        let mut world = Arc::new(World::new(sources, ResourceCatalog::standard()));
        for (command, used) in history.iter().zip(uses.iter().cycle()) {
            if let Ok(applied) = apply(&world, std::slice::from_ref(command), Authority::Administrator) {
                // A world that is no longer used makes room for another one at the same address.
                world = Arc::new(applied.world);
            }
            for (place, token) in tokens.iter().enumerate() {
                if used & (1 << place) == 0 {
                    continue;
                }
                let fresh = resolve_token(&world, token);
                for _ in 0..2 {
                    let (kept, _) = subject_of_token(&world, token);
                    prop_assert_eq!(&*kept, &fresh);
                    let listed: Vec<_> = granted_resources(&world, &kept, FAMILIES).collect();
                    prop_assert_eq!(listed, granted_resources(&world, &fresh, FAMILIES).collect::<Vec<_>>());
                }
                prop_assert!(!subject_of_token(&world, token).1, "kept until the world changes");
                let by_id = resolve(&world, ResolveInput::by_id(&world, &token.principal));
                let kept = recent.subject(&world, &token.principal);
                prop_assert_eq!(&*kept, &by_id);
                prop_assert!(Arc::ptr_eq(&kept, &recent.subject(&world, &token.principal)), "kept until the world changes");
            }
        }
    }
}
