//! The contract of [`EntityLocks`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use identity_core::entity::EntityKind;
use identity_core::port::{EntityLocks, LockKey};
use tokio::time::{sleep, timeout};

use crate::{Backend, NEVER, PATIENCE};

/// Defines a test for each case of the entity locks.
#[macro_export]
macro_rules! entity_locks_suite {
    ($run:path) => {
        $crate::cases!($run, entity_locks:
            one_holder_at_a_time_over_all_replicas, a_released_lock_goes_to_the_next, a_waiter_that_gives_up_keeps_nothing,
            a_holder_that_is_cancelled_releases, other_entities_do_not_wait, a_directory_has_a_lock_beside_its_entities,
            holders_of_other_locks_acquire_the_lock_of_administrators,
        );
    };
}

/// Time after which a lock that was not acquired counts as held.
const HELD: Duration = Duration::from_millis(200);

fn key(key: &str) -> LockKey {
    LockKey::of(EntityKind::User, key)
}

async fn two(backend: &dyn Backend) -> [Arc<dyn EntityLocks>; 2] {
    [backend.open(NEVER).await.locks, backend.open(NEVER).await.locks]
}

pub async fn one_holder_at_a_time_over_all_replicas(backend: &dyn Backend) {
    let replicas = two(backend).await;
    let holders = Arc::new(AtomicUsize::new(0));
    let tasks = (0..8).map(|task| {
        let (locks, holders) = (Arc::clone(&replicas[task % 2]), Arc::clone(&holders));
        tokio::spawn(async move {
            for _ in 0..5 {
                let lock = locks.lock(&key("ann")).await.unwrap();
                assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "another task holds it");
                sleep(Duration::from_millis(1)).await;
                holders.fetch_sub(1, Ordering::SeqCst);
                drop(lock);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        timeout(PATIENCE, task).await.unwrap().unwrap();
    }
}

pub async fn a_released_lock_goes_to_the_next(backend: &dyn Backend) {
    let [one, two] = two(backend).await;
    let held = one.lock(&key("ann")).await.unwrap();
    let waiting = tokio::spawn(async move { two.lock(&key("ann")).await.unwrap() });
    sleep(HELD).await;
    assert!(!waiting.is_finished());
    drop(held);
    drop(timeout(PATIENCE, waiting).await.unwrap().unwrap());
}

pub async fn a_waiter_that_gives_up_keeps_nothing(backend: &dyn Backend) {
    let [one, two] = two(backend).await;
    let held = one.lock(&key("ann")).await.unwrap();
    assert!(timeout(HELD, two.lock(&key("ann"))).await.is_err());
    drop(held);
    drop(timeout(PATIENCE, two.lock(&key("ann"))).await.unwrap().unwrap());
    drop(timeout(PATIENCE, one.lock(&key("ann"))).await.unwrap().unwrap());
}

pub async fn a_holder_that_is_cancelled_releases(backend: &dyn Backend) {
    let [one, two] = two(backend).await;
    let holding = tokio::spawn(async move {
        let _held = one.lock(&key("ann")).await.unwrap();
        std::future::pending::<()>().await;
    });
    sleep(HELD).await;
    holding.abort();
    _ = holding.await;
    drop(timeout(PATIENCE, two.lock(&key("ann"))).await.unwrap().unwrap());
}

pub async fn other_entities_do_not_wait(backend: &dyn Backend) {
    let [one, two] = two(backend).await;
    let _held = one.lock(&key("ann")).await.unwrap();
    // Entities may share a lock, but most of them must not.
    let mut free = 0;
    for number in 0..8 {
        free += usize::from(timeout(HELD, two.lock(&key(&format!("user-{number}")))).await.is_ok());
    }
    assert!(free >= 4, "{free} of 8");
}

pub async fn a_directory_has_a_lock_beside_its_entities(backend: &dyn Backend) {
    let [one, two] = two(backend).await;
    let held = one.lock_directory(NEVER).await.unwrap();
    // The holder can lock any entity.
    for number in 0..64 {
        drop(timeout(PATIENCE, one.lock(&key(&format!("user-{number}")))).await.unwrap().unwrap());
    }
    assert!(timeout(HELD, two.lock_directory(NEVER)).await.is_err());
    assert!(timeout(HELD, one.lock_directory(NEVER)).await.is_err());
    drop(held);
    drop(timeout(PATIENCE, two.lock_directory(NEVER)).await.unwrap().unwrap());
}

pub async fn holders_of_other_locks_acquire_the_lock_of_administrators(backend: &dyn Backend) {
    let [one, two] = two(backend).await;
    let _directory = one.lock_directory(NEVER).await.unwrap();
    for number in 0..64 {
        let _entity = timeout(PATIENCE, one.lock(&key(&format!("user-{number}")))).await.unwrap().unwrap();
        drop(timeout(PATIENCE, one.lock_administrators()).await.unwrap().unwrap());
    }
    let held = one.lock_administrators().await.unwrap();
    assert!(timeout(HELD, two.lock_administrators()).await.is_err());
    assert!(timeout(HELD, one.lock_administrators()).await.is_err());
    drop(held);
    drop(timeout(PATIENCE, two.lock_administrators()).await.unwrap().unwrap());
}
