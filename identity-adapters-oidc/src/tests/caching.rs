//! Caching of verified tokens.

use std::sync::Arc;
use std::time::Duration;

use identity_core::entity::RejectedToken::{Expired, NotYetValid, UnknownKey};
use serde_json::json;

use super::support::*;

#[tokio::test]
async fn a_token_is_verified_once() {
    let provider = Provider::start("", &[&KEY]).await;
    let token = KEY.token(&provider.claims());
    let setup = Setup::new(vec![provider.settings()]);
    let first = setup.verify(&token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &setup.verify(&token).await.unwrap()));
    let off = Setup::with(vec![provider.settings()], |settings| settings.cache_entries = 0);
    let first = off.verify(&token).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &off.verify(&token).await.unwrap()));
}

#[tokio::test]
async fn a_kept_token_expires_when_a_new_one_would() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup = Setup::new(vec![provider.settings()]);
    let token = KEY.token(&provider.claims());
    let first = setup.verify(&token).await.unwrap();
    setup.clock.forward(300 + 59);
    assert!(Arc::ptr_eq(&first, &setup.verify(&token).await.unwrap()));
    setup.clock.forward(1);
    assert_eq!(setup.refusal(&token).await, Expired);
    setup.clock.forward(-500);
    assert_eq!(setup.refusal(&token).await, NotYetValid, "and it is not kept for a clock that goes back");
}

#[tokio::test]
async fn a_kept_token_goes_with_its_key() {
    let provider = Provider::start("", &[&KEY, &OTHER]).await;
    let setup =
        Setup::new(vec![crate::IssuerSettings { clock_skew: Duration::from_secs(1_000_000), ..provider.settings() }]);
    let (gone, stays) = (KEY.token(&provider.claims()), OTHER.token(&provider.claims()));
    setup.verify(&gone).await.unwrap();
    let kept = setup.verify(&stays).await.unwrap();
    provider.jwks.shows(&jwks(&[&OTHER]));
    setup.clock.forward(1_200);
    // A cached token triggers a background refresh of old keys.
    assert!(Arc::ptr_eq(&kept, &setup.verify(&stays).await.unwrap()));
    setup.verifier.warm().await;
    assert_eq!(provider.hits(), (2, 2));
    assert_eq!(setup.refusal(&gone).await, UnknownKey);
    assert!(Arc::ptr_eq(&kept, &setup.verify(&stays).await.unwrap()), "a key that stays keeps its tokens");
}

#[tokio::test]
async fn a_key_that_changes_under_its_id_takes_its_tokens_along() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup =
        Setup::new(vec![crate::IssuerSettings { clock_skew: Duration::from_secs(1_000_000), ..provider.settings() }]);
    let token = KEY.token(&provider.claims());
    setup.verify(&token).await.unwrap();
    provider.jwks.shows(&jwks(&[&Signer::new("key-1", crate::SigningAlgorithm::Rs256)]));
    setup.clock.forward(1_200);
    setup.verifier.warm().await;
    assert_eq!(setup.refusal(&token).await, identity_core::entity::RejectedToken::Signature);
}

#[tokio::test]
async fn refusals_are_not_kept() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup = Setup::new(vec![provider.settings()]);
    let early = KEY.token(&with(provider.claims(), json!({"nbf": NOW + 100})));
    assert_eq!(setup.refusal(&early).await, NotYetValid);
    setup.clock.forward(40);
    assert!(setup.verify(&early).await.is_ok());
}
