//! Tests of sessions on fakes, with a controlled clock and a provider that fails on demand.

mod support;

use std::sync::atomic::Ordering;

use serde_json::json;
use time::Duration as Span;

use super::*;
use crate::apply::Command;
use crate::engine::ServerRequest;
use crate::entity::{MappingRule, Session};
use crate::entity::{Principal, WhichSessions};
use crate::port::{Clock as _, MockSessionStore, ProviderError, RefusedSignIn, SessionQuery, StoreError};
use crate::search::PageRequest;
use crate::service::recent_callers::KeptClaims;
use crate::service::{Caller, ServiceError};
use crate::value::{ClaimSelector, ClaimValue, MappingRuleId, Name, Namespace, NamespaceName, Username};

use support::*;

#[tokio::test]
async fn a_sign_in_counts_once_in_the_browser_that_began_it_and_not_for_ever() {
    let site = oidc().await;
    let started = site.sessions.start(None, &Site::path(), false).await.unwrap();
    let other = site.sessions.start(None, &Site::path(), false).await.unwrap();
    assert_ne!(started.location, other.location, "fresh state each time");
    let missing = site.sessions.complete(answer(&state(&started)), None, Browser::default()).await;
    assert!(matches!(missing, Err(SignInError::OtherBrowser)));
    let foreign = site.comes_back(&started, other.transaction.expose()).await;
    assert!(matches!(foreign, Err(SignInError::StateMismatch)));
    let tampered = site.comes_back(&started, "e30").await;
    assert!(matches!(tampered, Err(SignInError::TransactionMalformed)));

    assert!(site.comes_back(&started, started.transaction.expose()).await.is_ok());
    let replayed = site.comes_back(&started, started.transaction.expose()).await;
    assert!(matches!(replayed, Err(SignInError::StateReplayed)));

    site.clock.advance(Span::minutes(15));
    let late = site.comes_back(&other, other.transaction.expose()).await;
    assert!(matches!(late, Err(SignInError::TransactionExpired)));
    let reasons =
        ["sign_in_not_begun_here", "state_mismatch", "sign_in_malformed", "state_replayed", "sign_in_expired"];
    assert_eq!(site.reasons().await, reasons);
}

#[tokio::test]
async fn a_session_ends_without_activity_and_polling_is_none() {
    let site = oidc().await;
    let (active, polled) = (site.sign_in().await, site.sign_in().await);
    for _ in 0..4 {
        site.clock.advance(Span::minutes(20));
        assert!(site.caller(&active, Activity::Person).await.is_some());
        site.caller(&polled, Activity::Polling).await;
    }
    assert!(!site.lives(&polled).await);
    site.clock.advance(Span::minutes(30));
    assert!(!site.lives(&active).await);
}

#[tokio::test]
async fn a_session_ends_whatever_happens() {
    let site = oidc().await;
    let id = site.sign_in().await;
    for _ in 0..71 {
        site.clock.advance(Span::minutes(10));
        assert!(site.caller(&id, Activity::Person).await.is_some());
    }
    site.clock.advance(Span::minutes(10));
    assert!(!site.lives(&id).await, "after twelve hours");
    assert_eq!(site.store.sweep(site.clock.now()).await.unwrap(), 1);
}

#[tokio::test]
async fn the_oldest_session_of_a_user_ends_when_there_are_too_many() {
    let site = oidc().await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(site.sign_in().await);
        site.clock.advance(Span::seconds(1));
    }
    let page = PageRequest { offset: 0, limit: 100 };
    let query = crate::port::SessionQuery { of: None, search: None, page };
    let left = crate::port::SessionStore::list(&site.store, &query, crate::port::Clock::now(site.clock.as_ref()));
    assert_eq!(left.await.unwrap().total, 5);
    let (oldest, newest) = ids.split_at(2);
    for id in oldest {
        assert!(!site.lives(id).await);
    }
    for id in newest {
        assert!(site.lives(id).await);
    }
    assert_eq!(site.reasons().await, ["too_many_sessions", "too_many_sessions"]);
}

#[tokio::test]
async fn a_form_token_follows_from_the_nonce_by_a_key() {
    let site = oidc().await;
    let nonce = site.sessions.random_text().unwrap();
    let token = site.sessions.form_token(&nonce);
    assert_eq!(token, site.sessions.form_token(&nonce));
    for other in [nonce.clone(), String::new(), site.sessions.random_text().unwrap()] {
        assert_ne!(token.expose(), other);
        assert!(other == nonce || site.sessions.form_token(&other) != token);
    }
}

#[tokio::test]
async fn a_former_session_of_the_browser_ends_with_the_next_sign_in() {
    let site = oidc().await;
    let first = site.sign_in().await;
    let started = site.sessions.start(None, &Site::path(), false).await.unwrap();
    let browser = Browser { former: Some(first.clone()), ..Browser::default() };
    let second =
        site.sessions.complete(answer(&state(&started)), Some(started.transaction.expose()), browser).await.unwrap();
    assert!(!site.lives(&first).await && site.lives(&second.id).await);
    assert_ne!(first.expose(), second.id.expose());
}

#[tokio::test]
async fn one_request_of_many_renews() {
    let site = oidc().await;
    let id = site.sign_in().await;
    site.clock.advance(Span::minutes(5));
    let held = site.provider.authorizer.lock().await;
    let ask = || async { site.caller(&id, Activity::Person).await.is_some() };
    let release = async {
        // The other requests are answered while the first one waits for the provider.
        drop(held);
        true
    };
    let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), release);
    assert!(a && b && c && d);
    assert_eq!(site.provider.refreshes.load(Ordering::SeqCst), 1);
    assert!(site.lives(&id).await, "nothing has changed, so the id has not");
}

#[tokio::test]
async fn whoever_is_there_is_noted_once_until_the_provider_says_something_new() {
    let mut site = oidc().await;
    let logins = Arc::new(RecentCallers::new(9, KeptClaims::All(Duration::MAX)));
    site.sessions = site.sessions.noting(Arc::clone(&logins));
    let id = site.sign_in().await;
    assert!(logins.last(9, site.clock.now()).is_empty(), "no caller yet");
    assert!(site.lives(&id).await);
    let seen = logins.last(9, site.clock.now());
    assert_eq!((seen.len(), &*seen[0].issuer, seen[0].principal.id()), (1, ISSUER, "ann"));
    site.clock.advance(Span::minutes(1));
    assert!(site.lives(&id).await);
    assert_eq!(logins.last(9, site.clock.now()), seen);

    *site.provider.next.lock().unwrap() = Ok(json!({"sub": "s-1", "department": "sales"}));
    site.clock.advance(Span::minutes(5));
    assert!(site.lives(&id).await);
    let renewed = logins.last(9, site.clock.now());
    assert_eq!((renewed.len(), renewed[0].claim_names.contains(&"department".to_owned())), (1, true));
    assert!(renewed[0].at > seen[0].at);
}

#[tokio::test]
async fn a_session_ends_when_its_principal_is_in_the_namespace_of_another_provider() {
    let site = oidc().await;
    let (one, other) = (site.sign_in().await, site.sign_in().await);
    assert!(site.lives(&one).await);
    let partner = NamespaceName::parse("partner").unwrap();
    *site.provider.namespace.lock().unwrap() = Namespace::outside([partner.clone()]);
    assert!(site.lives(&one).await, "`ann` is not in another namespace");
    *site.provider.namespace.lock().unwrap() = Namespace::named(partner);
    assert!(!site.lives(&one).await);
    *site.provider.namespace.lock().unwrap() = Namespace::whole();
    assert!(!site.lives(&one).await, "it has ended");
    assert!(site.lives(&other).await);
}

#[tokio::test]
async fn what_the_provider_says_anew_counts_and_more_rights_change_the_id() {
    let site = oidc().await;
    let rule = MappingRule::new(
        MappingRuleId::parse("sales").unwrap(),
        Name::parse("Sales").unwrap(),
        ClaimSelector::parse("department").unwrap(),
        ClaimValue::parse("sales").unwrap(),
    );
    let entity = AuditEntity { kind: EntityKind::MappingRule, key: "sales".to_owned() };
    let attempt = AuditDraft::new(AuditOperation::Create, entity);
    let plan = |_: &crate::world::World| Ok(vec![Command::CreateMappingRule(rule)]);
    site.engine.execute(&ServerRequest, attempt, plan).await.unwrap();
    let id = site.sign_in().await;
    site.clock.advance(Span::minutes(5));
    site.provider.answers(Ok(json!({"sub": "s-1", "iat": 7})));
    assert!(site.caller(&id, Activity::Person).await.unwrap().rotated.is_none(), "the same person");
    site.clock.advance(Span::minutes(5));
    site.provider.answers(Ok(json!({"sub": "s-1", "department": "sales"})));
    let renewed = site.caller(&id, Activity::Person).await.unwrap();
    assert_eq!(renewed.caller.subject.mapping_rules.len(), 1);
    let fresh = renewed.rotated.unwrap();
    assert!(!site.lives(&id).await && site.lives(&fresh).await);
    let claims = site.sessions.claims(&fresh).await.unwrap().unwrap();
    assert_eq!(claims.0.get("department").map(|(value, _)| value.clone()), Some(json!("sales")));
}

#[tokio::test]
async fn whom_the_provider_no_longer_knows_is_signed_out() {
    for reason in [RefusedSignIn::Grant, RefusedSignIn::Subject] {
        let site = oidc().await;
        let id = site.sign_in().await;
        site.clock.advance(Span::minutes(5));
        site.provider.answers(Err(ProviderError::Refused(reason.clone())));
        assert!(!site.lives(&id).await, "{reason}");
        assert_eq!(site.reasons().await, [reason.code()]);
    }
}

#[tokio::test]
async fn a_provider_that_is_away_or_misconfigured_signs_nobody_out() {
    for error in [unavailable(), ProviderError::Refused(RefusedSignIn::Client)] {
        let site = oidc().await;
        let id = site.sign_in().await;
        site.clock.advance(Span::minutes(5));
        site.provider.answers(Err(error));
        for _ in 0..3 {
            assert!(site.lives(&id).await);
        }
        assert_eq!(site.provider.refreshes.load(Ordering::SeqCst), 1, "it is not asked again at once");
        site.clock.advance(Span::seconds(10));
        site.provider.answers(Ok(json!({"sub": "s-1"})));
        assert!(site.lives(&id).await);
        assert_eq!(site.provider.refreshes.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_sign_out_ends_the_session_and_its_refresh_token() {
    let site = oidc().await;
    let id = site.sign_in().await;
    let out = site.sessions.sign_out(&id, Some(&Site::path()), None).await.unwrap();
    assert!(!site.lives(&id).await);
    let location = out.location.unwrap();
    let (_, state) = location.split_once("state=").unwrap();
    assert_eq!(site.sessions.after_sign_out(state), Some(Site::path()));
    assert_eq!(site.sessions.after_sign_out("e30"), None);
    out.ended.revoke().await;
    assert_eq!(site.provider.revocations.load(Ordering::SeqCst), 1);
    let again = site.sessions.sign_out(&id, None, None).await.unwrap();
    assert_eq!(again.location, None);
}

#[tokio::test]
async fn a_providers_word_ends_sessions_once() {
    let site = oidc().await;
    let (one, two) = (site.sign_in().await, site.sign_in().await);
    site.sessions.back_channel("s-1/", None).await.unwrap().revoke().await;
    assert!(!site.lives(&one).await && !site.lives(&two).await);
    assert_eq!(site.provider.revocations.load(Ordering::SeqCst), 2);

    let three = site.sign_in().await;
    assert!(matches!(site.sessions.back_channel("s-1/", None).await, Err(LogoutError::Replayed)));
    assert!(site.lives(&three).await, "a word that is said again ends nothing");
    site.sessions.back_channel("/sid-other", None).await.unwrap().revoke().await;
    assert!(site.lives(&three).await);
    site.sessions.back_channel("s-other/sid-1", None).await.unwrap().revoke().await;
    assert!(!site.lives(&three).await);
    assert!(matches!(site.sessions.back_channel("/", None).await, Err(LogoutError::Refused(_))));
    assert!(matches!(site.sessions.back_channel("x", None).await, Err(LogoutError::Refused(_))));
}

#[tokio::test]
async fn a_front_channel_word_ends_the_browsers_own_session_only() {
    let site = oidc().await;
    let id = site.sign_in().await;
    for (issuer, sid) in [("https://other.example", "sid-1"), (ISSUER, "sid-2")] {
        site.sessions.front_channel(&id, issuer, sid, None).await.unwrap().revoke().await;
        assert!(site.lives(&id).await, "{issuer} {sid}");
    }
    site.sessions.front_channel(&id, ISSUER, "sid-1", None).await.unwrap().revoke().await;
    assert!(!site.lives(&id).await);
}

#[tokio::test]
async fn a_session_of_a_provider_that_is_gone_is_worth_nothing() {
    let site = oidc().await;
    let id = site.sign_in().await;
    let session = site.store.find(site.sessions.hash(&id), site.sessions.now()).await.unwrap().unwrap();
    let foreign = Session { issuer: Some("https://gone.example".to_owned()), ..session };
    site.store.update(&foreign).await.unwrap();
    assert!(!site.lives(&id).await);
    assert_eq!(site.store.delete(&WhichSessions::One(foreign.id)).await.unwrap(), [], "and is not kept");
}

#[tokio::test]
async fn what_is_sealed_for_one_is_worth_nothing_in_anothers_session() {
    let site = oidc().await;
    let (id, other) = (site.sign_in().await, site.sign_in().await);
    let hash = site.sessions.hash(&other);
    let session = site.store.find(hash, site.sessions.now()).await.unwrap().unwrap();
    let bob = Principal::User(Username::parse("bob").unwrap());
    site.store.update(&Session { principal: bob, ..session }).await.unwrap();
    assert!(!site.lives(&other).await && site.lives(&id).await);
}

#[tokio::test]
async fn another_password_ends_the_sessions_of_before() {
    let (site, authentication) = builtin().await;
    let secret = Secret::new("p".to_owned());
    let caller = authentication.basic("ann", &secret, None, None).await.unwrap();
    let id = site.sessions.open_for_user(&caller, Browser::default()).await.unwrap();
    assert_eq!(site.caller(&id, Activity::Person).await.unwrap().caller.name(), "ann");
    set_password(&site, "q").await;
    assert!(!site.lives(&id).await);
    set_password(&site, "p").await;
    assert!(!site.lives(&id).await, "it has ended for good");
}

#[tokio::test]
async fn sessions_that_ended_before_a_failure_are_recorded_and_revoked() {
    let mut site = oidc().await;
    let (one, _, _) = (site.sign_in().await, site.sign_in().await, site.sign_in().await);
    let found = site.caller(&one, Activity::Person).await.unwrap();
    let own = SessionQuery { of: None, search: None, page: PageRequest { offset: 0, limit: 10 } };
    let listed = site.store.list(&own, site.sessions.now()).await.unwrap();
    let mut store = MockSessionStore::new();
    let of_one = listed.items.iter().find(|session| public_key(session.id) != found.key).cloned().unwrap();
    store.expect_list().return_once(|_, _| Ok(listed));
    store.expect_delete().times(1).return_once(|_| Ok(vec![of_one]));
    store.expect_delete().returning(|_| Err(StoreError::Conflict));
    site.sessions.ports.store = Arc::new(store);
    let outcome = site.sessions.end_others(&found.caller, Some(&found.key)).await;
    assert!(matches!(outcome, Err(ServiceError::Store(_))), "{outcome:?}");
    assert_eq!(site.provider.revocations.load(Ordering::SeqCst), 1);
    assert_eq!(site.reasons().await.iter().filter(|reason| *reason == "ended_by_owner").count(), 1);
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions_and_no_others() {
    let site = oidc().await;
    let (one, two) = (site.sign_in().await, site.sign_in().await);
    let found = site.caller(&one, Activity::Person).await.unwrap();
    let page = PageRequest { offset: 0, limit: 10 };
    let own = site.sessions.own(&found.caller, page).await.unwrap();
    assert_eq!(own.total, 2);
    assert!(own.items.iter().any(|session| session.key == found.key));
    assert!(own.items.iter().all(|session| session.key != one.expose()));

    let stranger = Principal::User(Username::parse("bob").unwrap());
    let subject = Arc::new(crate::resolve::resolve(&found.caller.world, (&stranger).into()));
    let bob = Caller { actor: Actor::Principal(stranger), subject, ..found.caller.clone() };
    assert!(matches!(site.sessions.end_own(&bob, &found.key).await, Err(ServiceError::Missing(_))));
    assert!(matches!(
        site.sessions.list(&bob, SessionQuery { of: None, search: None, page }).await,
        Err(ServiceError::Denied(_))
    ));
    assert!(matches!(site.sessions.end_one(&bob, &found.key).await, Err(ServiceError::Denied(_))));
    assert!(site.lives(&one).await);

    site.sessions.end_others(&found.caller, Some(&found.key)).await.unwrap().revoke().await;
    assert!(site.lives(&one).await && !site.lives(&two).await);
    site.sessions.end_own(&found.caller, &found.key).await.unwrap().revoke().await;
    assert!(!site.lives(&one).await);
}
