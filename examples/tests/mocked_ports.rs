//! A unit test of a service's rule, with mocks of the ports.

use std::sync::Arc;
use std::time::Duration;

use identity::entity::VerifiedToken;
use identity::fake::{FixedClock, MemoryPolicyStore};
use identity::port::{MockTokenVerifier, TokenError};
use identity::prelude::*;
use identity::value::Claims;
use time::OffsetDateTime;

/// Rule under test: administrators of orders are those who may update all process definitions.
async fn is_administrator(identity: &Identity, token: &str) -> Result<bool, AuthenticationError> {
    Ok(identity.authenticate(token).await?.may("UPDATE_PROCESS_INSTANCE", "PROCESS_DEFINITION", "*").unwrap_or(false))
}

async fn identity(verifier: MockTokenVerifier) -> Identity {
    let store = MemoryPolicyStore::default();
    let audit = Arc::new(store.audit_log());
    let clock = Arc::new(FixedClock::new(OffsetDateTime::UNIX_EPOCH));
    Identity::on(Arc::new(store), audit).clock(clock).verifier(Arc::new(verifier)).start().await.unwrap()
}

#[tokio::test]
async fn a_caller_without_grants_is_no_administrator() {
    let mut verifier = MockTokenVerifier::new();
    verifier.expect_verify().withf(|token| token == "a.b.c").times(1).returning(|_| {
        let (ann, claims) = (Principal::user("ann").unwrap(), Claims::new(serde_json::json!({"sub": "ann"})).unwrap());
        Ok(Arc::new(VerifiedToken::new("https://issuer.example", ann, &claims, OffsetDateTime::UNIX_EPOCH)))
    });
    assert_eq!(is_administrator(&identity(verifier).await, "a.b.c").await, Ok(false));
}

#[tokio::test]
async fn an_outage_of_the_issuer_is_no_denial() {
    let retry_after = Duration::from_secs(5);
    let mut verifier = MockTokenVerifier::new();
    verifier.expect_verify().returning(move |_| Err(TokenError::Unavailable { retry_after }));
    let outcome = is_administrator(&identity(verifier).await, "a.b.c").await;
    assert_eq!(outcome, Err(AuthenticationError::Unavailable { retry_after }));
}
