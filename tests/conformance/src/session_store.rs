//! The contract of [`SessionStore`].

use std::sync::Arc;

use identity_core::entity::{LastSignIn, Principal, Session, SessionIdHash, WhichSessions};
use identity_core::port::{SessionQuery, SessionStore, StoreError};
use identity_core::search::PageRequest;
use time::{Duration, OffsetDateTime};

use crate::sample::{NOW, ann, client_ann, id_hash, session};
use crate::{Backend, NEVER};

/// All sessions of `ann`.
async fn anns(store: &dyn SessionStore, now: OffsetDateTime) -> Vec<Session> {
    list(store, Some(ann()), now).await
}

async fn list(store: &dyn SessionStore, of: Option<Principal>, now: OffsetDateTime) -> Vec<Session> {
    let page =
        store.list(&SessionQuery { of, search: None, page: PageRequest { offset: 0, limit: 100 } }, now).await.unwrap();
    assert_eq!(page.items.len(), page.total);
    page.items
}

/// Defines a test for each case of the session store.
#[macro_export]
macro_rules! session_store_suite {
    ($run:path) => {
        $crate::cases!($run, session_store:
            what_one_replica_inserts_every_replica_finds, an_id_is_inserted_once, an_expired_session_is_never_found,
            an_update_replaces_and_counts, an_update_of_another_version_is_refused, one_of_many_updates_wins,
            a_rotated_session_has_only_its_new_id, one_of_many_rotations_wins, a_deleted_session_is_gone,
            a_list_is_newest_first_and_of_one_principal_or_all, a_list_has_pages,
            a_list_is_searched_by_a_part_of_the_username_in_any_case, all_sessions_of_a_principal_end,
            a_providers_session_ends_here_too, all_sessions_of_a_subject_end, one_of_many_endings_is_told,
            a_key_is_used_once,
            a_familiar_pair_is_kept_until_the_latest_time_that_was_noted, the_latest_familiar_pairs_are_listed,
            keeps_the_latest_sign_in_of_each_principal_until_it_expires, sweeping_removes_what_has_expired, times_are_kept_to_the_microsecond,
        );
    };
}

fn full(seed: u8) -> Session {
    Session {
        principal: client_ann(),
        issuer: Some("https://idp.example/realms/ü".to_owned()),
        subject: Some("248289761001".to_owned()),
        provider_session: Some("sid-1".to_owned()),
        credential: Some([7; 32]),
        user_agent: Some("Mozilla/5.0 ü".to_owned()),
        last_active_at: NOW + Duration::microseconds(1),
        sealed: (0..=255).collect(),
        version: 7,
        ..session(seed)
    }
}

/// The IDs, sorted.
fn ids(sessions: Vec<Session>) -> Vec<SessionIdHash> {
    let mut ids: Vec<_> = sessions.into_iter().map(|session| session.id).collect();
    ids.sort();
    ids
}

#[track_caller]
fn assert_conflict<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Conflict)), "{result:?}");
}

pub async fn what_one_replica_inserts_every_replica_finds(backend: &dyn Backend) {
    let (one, two) = (backend.open(NEVER).await.sessions, backend.open(NEVER).await.sessions);
    for session in [session(1), full(2)] {
        one.insert(&session).await.unwrap();
        assert_eq!(two.find(session.id, NOW).await.unwrap(), Some(session));
    }
    assert_eq!(one.find(id_hash(3), NOW).await.unwrap(), None);
}

pub async fn an_id_is_inserted_once(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    store.insert(&session(1)).await.unwrap();
    assert_conflict(store.insert(&full(1)).await);
    assert_eq!(store.find(id_hash(1), NOW).await.unwrap(), Some(session(1)));
}

pub async fn an_expired_session_is_never_found(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    store.insert(&session(1)).await.unwrap();
    let end = session(1).expires_at;
    let just_before = end - Duration::MICROSECOND;
    assert!(store.find(id_hash(1), just_before).await.unwrap().is_some());
    assert_eq!(anns(store.as_ref(), just_before).await.len(), 1);
    for late in [end, end + Duration::DAY] {
        assert_eq!(store.find(id_hash(1), late).await.unwrap(), None);
        assert_eq!(anns(store.as_ref(), late).await, []);
    }
}

pub async fn an_update_replaces_and_counts(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    store.insert(&Session { version: 7, ..session(1) }).await.unwrap();
    store.insert(&session(2)).await.unwrap();
    store.update(&full(1)).await.unwrap();
    assert_eq!(store.find(id_hash(1), NOW).await.unwrap(), Some(Session { version: 8, ..full(1) }));
    store.update(&Session { version: 8, ..session(1) }).await.unwrap();
    assert_eq!(store.find(id_hash(1), NOW).await.unwrap(), Some(Session { version: 9, ..session(1) }));
    assert_eq!(store.find(id_hash(2), NOW).await.unwrap(), Some(session(2)));
}

pub async fn an_update_of_another_version_is_refused(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    assert_conflict(store.update(&session(1)).await);
    store.insert(&session(1)).await.unwrap();
    store.update(&session(1)).await.unwrap();
    for version in [0, 2, u64::MAX] {
        assert_conflict(store.update(&Session { version, ..full(1) }).await);
    }
    assert_eq!(store.find(id_hash(1), NOW).await.unwrap(), Some(Session { version: 1, ..session(1) }));
}

/// Number of successes among eight tasks on two replicas. The other tasks must fail with a conflict.
async fn winners<F>(backend: &dyn Backend, work: impl Fn(Arc<dyn SessionStore>, u8) -> F) -> usize
where
    F: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let replicas = [backend.open(NEVER).await.sessions, backend.open(NEVER).await.sessions];
    let tasks: Vec<_> =
        (0..8).map(|task| tokio::spawn(work(Arc::clone(&replicas[usize::from(task) % 2]), task))).collect();
    let mut winners = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => winners += 1,
            lost => assert_conflict(lost),
        }
    }
    winners
}

pub async fn one_of_many_updates_wins(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    store.insert(&session(1)).await.unwrap();
    let update = |store: Arc<dyn SessionStore>, task| async move {
        store.update(&Session { sealed: vec![task], ..session(1) }).await
    };
    assert_eq!(winners(backend, update).await, 1);
    assert_eq!(store.find(id_hash(1), NOW).await.unwrap().unwrap().version, 1);
}

pub async fn a_rotated_session_has_only_its_new_id(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    store.insert(&full(1)).await.unwrap();
    store.insert(&session(3)).await.unwrap();
    store.rotate(id_hash(1), id_hash(2)).await.unwrap();
    assert_eq!(store.find(id_hash(1), NOW).await.unwrap(), None);
    assert_eq!(store.find(id_hash(2), NOW).await.unwrap(), Some(full(2)));
    assert_conflict(store.rotate(id_hash(1), id_hash(4)).await);
    assert_conflict(store.rotate(id_hash(2), id_hash(3)).await);
    assert_eq!(store.find(id_hash(2), NOW).await.unwrap(), Some(full(2)));
    assert_eq!(store.find(id_hash(3), NOW).await.unwrap(), Some(session(3)));
    assert_eq!(store.find(id_hash(4), NOW).await.unwrap(), None);
}

pub async fn one_of_many_rotations_wins(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    store.insert(&session(1)).await.unwrap();
    let rotate =
        |store: Arc<dyn SessionStore>, task| async move { store.rotate(id_hash(1), id_hash(100 + task)).await };
    assert_eq!(winners(backend, rotate).await, 1);
    assert_eq!(anns(store.as_ref(), NOW).await.len(), 1);
}

pub async fn a_deleted_session_is_gone(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    store.insert(&session(1)).await.unwrap();
    store.insert(&session(2)).await.unwrap();
    let one = WhichSessions::One(id_hash(1));
    assert_eq!(store.delete(&one).await.unwrap(), [session(1)]);
    assert_eq!(store.delete(&one).await.unwrap(), []);
    assert_eq!(anns(store.as_ref(), NOW).await, [session(2)]);
    assert_conflict(store.update(&session(1)).await);
}

pub async fn a_list_is_newest_first_and_of_one_principal_or_all(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    let at = |seed, seconds| Session { created_at: NOW + Duration::seconds(seconds), ..session(seed) };
    for session in [at(1, 1), at(2, 3), at(3, -5), Session { principal: client_ann(), ..at(4, 2) }] {
        store.insert(&session).await.unwrap();
    }
    assert_eq!(anns(store.as_ref(), NOW).await, [at(2, 3), at(1, 1), at(3, -5)]);
    assert_eq!(list(store.as_ref(), Some(client_ann()), NOW).await.len(), 1);
    let all = list(store.as_ref(), None, NOW).await.into_iter().map(|session| session.id);
    assert_eq!(all.collect::<Vec<_>>(), [2, 4, 1, 3].map(id_hash), "everybody's, newest first");
}

pub async fn a_list_has_pages(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    for seed in 1..=5 {
        store.insert(&session(seed)).await.unwrap();
    }
    for (offset, limit, expected) in [(0, 2, &[1, 2][..]), (2, 2, &[3, 4]), (4, 2, &[5]), (9, 2, &[])] {
        let query = SessionQuery { of: Some(ann()), search: None, page: PageRequest { offset, limit } };
        let page = store.list(&query, NOW).await.unwrap();
        assert_eq!(page.total, 5);
        assert_eq!(ids(page.items), expected.iter().map(|seed| id_hash(*seed)).collect::<Vec<_>>());
    }
}

pub async fn a_list_is_searched_by_a_part_of_the_username_in_any_case(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    let of = |seed: u8, name: &str| Session { principal: Principal::user(name).unwrap(), ..session(seed) };
    for session in [of(1, "Anna_Lee"), of(2, "joanna"), of(3, "50%!\\"), of(4, "annaXlee")] {
        store.insert(&session).await.unwrap();
    }
    for (text, expected) in [
        ("ANNA", &[1, 2, 4][..]),
        ("a_l", &[1]),
        ("0%!\\", &[3]),
        ("%", &[3]),
        ("!", &[3]),
        ("zoe", &[]),
        ("", &[1, 2, 3, 4]),
    ] {
        let page = PageRequest { offset: 0, limit: 10 };
        let found = store.list(&SessionQuery { of: None, search: Some(text.to_owned()), page }, NOW).await.unwrap();
        assert_eq!(found.total, expected.len(), "{text}");
        assert_eq!(ids(found.items), expected.iter().map(|seed| id_hash(*seed)).collect::<Vec<_>>(), "{text}");
    }
}

pub async fn all_sessions_of_a_principal_end(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    for session in [session(1), session(2), full(3)] {
        store.insert(&session).await.unwrap();
    }
    let all = WhichSessions::Of(ann());
    assert_eq!(ids(store.delete(&all).await.unwrap()), [id_hash(1), id_hash(2)]);
    assert_eq!(store.delete(&all).await.unwrap(), []);
    assert_eq!(list(store.as_ref(), Some(client_ann()), NOW).await, [full(3)]);
}

pub async fn a_providers_session_ends_here_too(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    let other = |seed, issuer: &str, sid: &str| Session {
        issuer: Some(issuer.to_owned()),
        provider_session: Some(sid.to_owned()),
        ..session(seed)
    };
    let issuer = full(1).issuer.unwrap();
    for session in [full(1), other(2, &issuer, "sid-1"), other(3, &issuer, "sid-2"), other(4, "https://other", "sid-1")]
    {
        store.insert(&session).await.unwrap();
    }
    store.insert(&session(5)).await.unwrap();
    let of = |issuer: &str, sid: &str| WhichSessions::OfProviderSession {
        issuer: issuer.to_owned(),
        provider_session: sid.to_owned(),
    };
    assert_eq!(ids(store.delete(&of(&issuer, "sid-1")).await.unwrap()), [id_hash(1), id_hash(2)]);
    assert_eq!(store.delete(&of(&issuer, "sid-1")).await.unwrap(), []);
    assert_eq!(store.delete(&of("", "")).await.unwrap(), []);
    assert_eq!(ids(anns(store.as_ref(), NOW).await), [id_hash(3), id_hash(4), id_hash(5)]);
}

pub async fn all_sessions_of_a_subject_end(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    let other = |seed, issuer: &str, subject: &str| Session {
        issuer: Some(issuer.to_owned()),
        subject: Some(subject.to_owned()),
        ..session(seed)
    };
    for session in [other(1, "i", "s"), other(2, "i", "s"), other(3, "j", "s"), other(4, "i", "t"), session(5)] {
        store.insert(&session).await.unwrap();
    }
    let of = |issuer: &str, subject: &str| WhichSessions::OfSubject { issuer: issuer.into(), subject: subject.into() };
    assert_eq!(ids(store.delete(&of("i", "s")).await.unwrap()), [id_hash(1), id_hash(2)]);
    assert_eq!(store.delete(&of("i", "s")).await.unwrap(), []);
    assert_eq!(store.delete(&of("", "")).await.unwrap(), []);
    assert_eq!(ids(anns(store.as_ref(), NOW).await), [id_hash(3), id_hash(4), id_hash(5)]);
}

pub async fn one_of_many_endings_is_told(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    store.insert(&session(1)).await.unwrap();
    let end = |store: Arc<dyn SessionStore>, _| async move {
        match store.delete(&WhichSessions::One(id_hash(1))).await?.as_slice() {
            [] => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    };
    assert_eq!(winners(backend, end).await, 1);
}

pub async fn a_key_is_used_once(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    let until = NOW + Duration::MINUTE;
    let claim = |store: Arc<dyn SessionStore>, _| async move {
        if store.use_once([1; 32], until).await? { Ok(()) } else { Err(StoreError::Conflict) }
    };
    assert_eq!(winners(backend, claim).await, 1);
    assert!(store.use_once([2; 32], until).await.unwrap());
    store.sweep(until - Duration::MICROSECOND).await.unwrap();
    assert!(!store.use_once([1; 32], until).await.unwrap());
    store.sweep(until).await.unwrap();
    assert!(store.use_once([1; 32], until).await.unwrap(), "forgotten when its time has passed");
}

pub async fn sweeping_removes_what_has_expired(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    for (seed, seconds) in [(1, -1), (2, 0), (3, 1)] {
        let expires_at = NOW + Duration::seconds(seconds);
        store.insert(&Session { expires_at, ..session(seed) }).await.unwrap();
    }
    assert_eq!(store.sweep(NOW).await.unwrap(), 2);
    assert_eq!(store.sweep(NOW).await.unwrap(), 0);
    let before = NOW - Duration::DAY;
    assert_eq!(anns(store.as_ref(), before).await.len(), 1, "swept sessions are gone, whatever the time");
}

pub async fn times_are_kept_to_the_microsecond(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    let fine = NOW + Duration::nanoseconds(789);
    let given = Session { created_at: fine, last_active_at: fine, expires_at: fine + Duration::HOUR, ..session(1) };
    store.insert(&given).await.unwrap();
    assert_eq!(store.find(id_hash(1), NOW).await.unwrap(), Some(session(1)));
    store.update(&given).await.unwrap();
    assert_eq!(store.find(id_hash(1), NOW).await.unwrap(), Some(Session { version: 1, ..session(1) }));
}

pub async fn a_familiar_pair_is_kept_until_the_latest_time_that_was_noted(backend: &dyn Backend) {
    let (one, two) = (backend.open(NEVER).await.sessions, backend.open(NEVER).await.sessions);
    let (later, end) = (NOW + Duration::hours(1), NOW + Duration::hours(2));
    assert_eq!(two.familiar(NOW, 10).await.unwrap(), []);
    one.note_familiar(&[1; 32], later).await.unwrap();
    for until in [end, later] {
        two.note_familiar(&[1; 32], until).await.unwrap();
    }
    assert_eq!(one.familiar(NOW, 10).await.unwrap(), [([1; 32], end)]);
    assert_eq!(one.familiar(end, 10).await.unwrap(), []);
    one.sweep(end).await.unwrap();
    assert_eq!(two.familiar(NOW, 10).await.unwrap(), []);
}

pub async fn the_latest_familiar_pairs_are_listed(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    let until = |number: u8| NOW + Duration::minutes(i64::from(number)) + Duration::microseconds(1);
    for number in [2, 4, 1, 3] {
        store.note_familiar(&[number; 32], until(number)).await.unwrap();
    }
    let latest = [([4; 32], until(4)), ([3; 32], until(3))];
    assert_eq!(store.familiar(NOW, 2).await.unwrap(), latest);
}

pub async fn keeps_the_latest_sign_in_of_each_principal_until_it_expires(backend: &dyn Backend) {
    let (one, two) = (backend.open(NEVER).await.sessions, backend.open(NEVER).await.sessions);
    let sign_in = |principal, minutes, sealed: u8| LastSignIn {
        principal,
        at: NOW + Duration::minutes(minutes) + Duration::microseconds(1),
        expires_at: NOW + Duration::minutes(minutes + 60),
        sealed: vec![0, sealed, 255],
    };
    assert_eq!(one.last_sign_in(&ann(), NOW).await.unwrap(), None);
    one.note_sign_ins(&[]).await.unwrap();
    one.note_sign_ins(&[sign_in(ann(), 5, 1), sign_in(client_ann(), 0, 2)]).await.unwrap();
    assert_eq!(two.last_sign_in(&ann(), NOW).await.unwrap(), Some(sign_in(ann(), 5, 1)));
    assert_eq!(two.last_sign_in(&client_ann(), NOW).await.unwrap(), Some(sign_in(client_ann(), 0, 2)));

    two.note_sign_ins(&[sign_in(client_ann(), 1, 3), sign_in(ann(), 4, 4)]).await.unwrap();
    assert_eq!(one.last_sign_in(&ann(), NOW).await.unwrap(), Some(sign_in(ann(), 5, 1)));
    assert_eq!(one.last_sign_in(&client_ann(), NOW).await.unwrap(), Some(sign_in(client_ann(), 1, 3)));

    let end = NOW + Duration::minutes(61);
    assert_eq!(one.last_sign_in(&client_ann(), end).await.unwrap(), None);
    one.sweep(end).await.unwrap();
    assert_eq!(one.last_sign_in(&client_ann(), NOW).await.unwrap(), None);
    assert_eq!(one.last_sign_in(&ann(), end).await.unwrap(), Some(sign_in(ann(), 5, 1)));
}
