//! Password sign-in with world, throttling and cache combined.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use identity_core::apply::Command;
use identity_core::catalog::ResourceCatalog;
use identity_core::engine::{Engine, ServerRequest};
use identity_core::entity::User;
use identity_core::fake::{FixedClock, MemoryAuditLog, MemoryPolicyStore, PlainPasswordHasher};
use identity_core::port::{Busy, Clock as _, PasswordHasher, Standing};
use identity_core::service::{Authentication, AuthenticationError, user_creation};
use identity_core::value::{PasswordHash, Secret, Username};
use identity_core::world::Sources;
use time::OffsetDateTime;

use super::CachedPasswordHasher;

#[derive(Default)]
struct Counting(AtomicUsize);

#[async_trait]
impl PasswordHasher for Counting {
    async fn hash(&self, password: &Secret) -> Option<PasswordHash> {
        PlainPasswordHasher.hash(password).await
    }

    async fn hash_all(&self, passwords: &[Secret]) -> Option<Vec<PasswordHash>> {
        PlainPasswordHasher.hash_all(passwords).await
    }

    fn import(&self, stored: &str) -> Option<PasswordHash> {
        PlainPasswordHasher.import(stored)
    }

    async fn verify(&self, password: &Secret, hash: &PasswordHash, standing: Standing) -> Result<bool, Busy> {
        self.0.fetch_add(1, Ordering::Relaxed);
        PlainPasswordHasher.verify(password, hash, standing).await
    }

    async fn remembers(&self, _: &Secret, _: &PasswordHash) -> bool {
        false
    }
}

struct Setup {
    engine: Arc<Engine>,
    clock: Arc<FixedClock>,
    slow: Arc<Counting>,
    authentication: Authentication,
}

/// Creates a world with the user `root` and password `p`.
async fn setup() -> Setup {
    let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
    let (policy, audit) = (Arc::new(MemoryPolicyStore::default()), Arc::new(MemoryAuditLog::default()));
    let engine = Engine::start(policy, audit, Arc::clone(&clock) as _, Sources::BuiltIn, ResourceCatalog::standard());
    let engine = Arc::new(engine.await.unwrap());
    let slow = Arc::new(Counting::default());
    let lifetime = std::time::Duration::from_secs(60);
    let cached = CachedPasswordHasher::new(Arc::clone(&slow) as _, Arc::clone(&clock) as _, lifetime).unwrap();
    let authentication = Authentication::new(Arc::clone(&engine), None, Some(Arc::new(cached)));
    let setup = Setup { engine, clock, slow, authentication };
    setup.execute(user_creation(root("p").await)).await;
    setup
}

async fn root(password: &str) -> User {
    let password = PlainPasswordHasher.hash(&Secret::new(password.to_owned())).await.unwrap();
    User::new(Username::parse("root").unwrap(), password)
}

impl Setup {
    async fn execute(&self, commands: Vec<Command>) {
        let attempt = commands[0].audit_draft();
        self.engine.execute(&ServerRequest, attempt, |_| Ok(commands)).await.unwrap();
    }

    async fn sign_in(&self, username: &str, password: &str, from: [u8; 4]) -> Result<(), AuthenticationError> {
        let password = Secret::new(password.to_owned());
        self.authentication.basic(username, &password, Some(IpAddr::from(from)), None).await.map(|_| ())
    }

    fn verifications(&self) -> usize {
        self.slow.0.load(Ordering::Relaxed)
    }
}

const HOME: [u8; 4] = [198, 51, 100, 7];
const ELSEWHERE: [u8; 4] = [192, 0, 2, 1];

#[tokio::test]
async fn a_request_with_the_password_of_the_last_minute_costs_no_hash() {
    let setup = setup().await;
    for from in [HOME, HOME, ELSEWHERE] {
        assert_eq!(setup.sign_in("root", "p", from).await, Ok(()));
    }
    assert_eq!(setup.verifications(), 1);
    setup.clock.advance(time::Duration::MINUTE);
    assert_eq!(setup.sign_in("root", "p", HOME).await, Ok(()));
    assert_eq!(setup.verifications(), 2);
}

#[tokio::test]
async fn a_changed_password_and_a_removed_user_count_at_once() {
    let setup = setup().await;
    assert_eq!(setup.sign_in("root", "p", HOME).await, Ok(()));
    setup.execute(vec![Command::UpdateUser(root("q").await)]).await;
    assert_eq!(setup.sign_in("root", "p", HOME).await, Err(AuthenticationError::Password));
    assert_eq!(setup.sign_in("root", "q", HOME).await, Ok(()));
    setup.execute(vec![Command::DeleteUser(Username::parse("root").unwrap())]).await;
    assert_eq!(setup.sign_in("root", "q", HOME).await, Err(AuthenticationError::Password));
}

#[tokio::test]
async fn a_clock_that_is_set_back_or_forth_throttles_nobody_longer_or_less() {
    for hours in [-1, 1] {
        let setup = setup().await;
        while setup.sign_in("root", "wrong", ELSEWHERE).await == Err(AuthenticationError::Password) {}
        setup.clock.set(setup.clock.now() + time::Duration::hours(hours));
        let throttled = setup.sign_in("root", "wrong", ELSEWHERE).await;
        assert!(matches!(throttled, Err(AuthenticationError::Throttled { .. })), "{hours} hours: {throttled:?}");
        setup.clock.advance(time::Duration::seconds(6));
        assert_eq!(setup.sign_in("root", "p", ELSEWHERE).await, Ok(()), "{hours} hours");
    }
}

#[tokio::test]
async fn known_and_unknown_users_are_throttled_alike_and_before_any_hash() {
    let mut outcomes = Vec::new();
    for username in ["root", "nobody"] {
        let setup = setup().await;
        let mut outcome = Vec::new();
        for number in 0..40 {
            outcome.push(setup.sign_in(username, &format!("wrong-{number}"), ELSEWHERE).await.unwrap_err());
        }
        let hashed = outcome.iter().filter(|error| **error == AuthenticationError::Password).count();
        assert_eq!(setup.verifications(), hashed);
        assert!(matches!(outcome.last(), Some(AuthenticationError::Throttled { .. })));
        // While throttled, the correct password is rejected too.
        let right = setup.sign_in(username, "p", ELSEWHERE).await;
        assert!(matches!(right, Err(AuthenticationError::Throttled { .. })));
        outcomes.push(outcome);
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test]
async fn what_is_remembered_is_never_throttled() {
    let setup = setup().await;
    assert_eq!(setup.sign_in("root", "p", HOME).await, Ok(()));
    for number in 0..200 {
        _ = setup.sign_in("root", &format!("wrong-{number}"), HOME).await;
        _ = setup.sign_in("root", &format!("wrong-{number}"), ELSEWHERE).await;
    }
    for from in [HOME, ELSEWHERE] {
        assert_eq!(setup.sign_in("root", "p", from).await, Ok(()));
    }
}

#[tokio::test]
async fn many_requests_of_one_user_at_once_are_one_attempt() {
    let setup = setup().await;
    let burst = (0..500).map(|_| setup.sign_in("root", "p", HOME));
    assert!(futures_util::future::join_all(burst).await.iter().all(Result::is_ok));
    assert_eq!(setup.verifications(), 1);
}
