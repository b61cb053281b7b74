//! The contract of [`SessionStore`].

use std::sync::Arc;

use identity_core::entity::Session;
use identity_core::port::{SessionStore, StoreError};
use time::Duration;

use crate::sample::{NOW, ann, client_ann, id_hash, session};
use crate::{Backend, NEVER};

/// All cases of the session store.
#[macro_export]
macro_rules! session_store_suite {
    ($run:path) => {
        $crate::cases!($run, session_store:
            what_one_replica_inserts_every_replica_finds, an_id_is_inserted_once, an_expired_session_is_never_found,
            an_update_replaces_and_counts, an_update_of_another_version_is_refused, one_of_many_updates_wins,
            a_rotated_session_has_only_its_new_id, one_of_many_rotations_wins, a_deleted_session_is_gone,
            a_list_is_newest_first_and_of_one_principal, all_sessions_of_a_principal_end,
            a_providers_session_ends_here_too, sweeping_removes_what_has_expired, times_are_kept_to_the_microsecond,
        );
    };
}

fn full(seed: u8) -> Session {
    Session {
        principal: client_ann(),
        issuer: Some("https://idp.example/realms/ü".to_owned()),
        provider_session: Some("sid-1".to_owned()),
        last_active_at: NOW + Duration::microseconds(1),
        sealed: (0..=255).collect(),
        version: 7,
        ..session(seed)
    }
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
    assert_eq!(store.list(&ann(), just_before).await.unwrap().len(), 1);
    for late in [end, end + Duration::DAY] {
        assert_eq!(store.find(id_hash(1), late).await.unwrap(), None);
        assert_eq!(store.list(&ann(), late).await.unwrap(), []);
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

/// How many of eight tasks on two replicas succeed; the others must have met a conflict.
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
    assert_eq!(store.list(&ann(), NOW).await.unwrap().len(), 1);
}

pub async fn a_deleted_session_is_gone(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    store.insert(&session(1)).await.unwrap();
    store.insert(&session(2)).await.unwrap();
    store.delete(id_hash(1)).await.unwrap();
    store.delete(id_hash(1)).await.unwrap();
    assert_eq!(store.list(&ann(), NOW).await.unwrap(), [session(2)]);
    assert_conflict(store.update(&session(1)).await);
}

pub async fn a_list_is_newest_first_and_of_one_principal(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    let at = |seed, seconds| Session { created_at: NOW + Duration::seconds(seconds), ..session(seed) };
    for session in [at(1, 1), at(2, 3), at(3, -5), Session { principal: client_ann(), ..at(4, 2) }] {
        store.insert(&session).await.unwrap();
    }
    assert_eq!(store.list(&ann(), NOW).await.unwrap(), [at(2, 3), at(1, 1), at(3, -5)]);
    assert_eq!(store.list(&client_ann(), NOW).await.unwrap().len(), 1);
}

pub async fn all_sessions_of_a_principal_end(backend: &dyn Backend) {
    let store = backend.open(NEVER).await.sessions;
    for session in [session(1), session(2), full(3)] {
        store.insert(&session).await.unwrap();
    }
    assert_eq!(store.delete_of(&ann()).await.unwrap(), 2);
    assert_eq!(store.delete_of(&ann()).await.unwrap(), 0);
    assert_eq!(store.list(&client_ann(), NOW).await.unwrap(), [full(3)]);
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
    assert_eq!(store.delete_by_provider_session(&issuer, "sid-1").await.unwrap(), 2);
    assert_eq!(store.delete_by_provider_session(&issuer, "sid-1").await.unwrap(), 0);
    assert_eq!(store.delete_by_provider_session("", "").await.unwrap(), 0);
    let left: Vec<_> = store.list(&ann(), NOW).await.unwrap().into_iter().map(|session| session.id).collect();
    assert_eq!(left, [id_hash(3), id_hash(4), id_hash(5)]);
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
    assert_eq!(store.list(&ann(), before).await.unwrap().len(), 1, "swept sessions are gone, whatever the time");
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
