//! Tokens for other APIs of the installation, verified to resolve their bearer's permissions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use identity_core::entity::RejectedToken::{Audience, Expired, Signature, Type};
use identity_core::port::{KnownApis, TokenError, TokenVerifier as _};
use serde_json::json;

use super::support::*;
use crate::IssuerSettings;

fn known() -> KnownApis {
    KnownApis::new(|audience| audience == "zeebe-api")
}

#[tokio::test]
async fn a_token_for_another_api_is_good_for_resolution_and_for_nothing_else() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup = Setup::new(vec![provider.settings()]);
    let other = KEY.token(&with(provider.claims(), json!({"aud": ["zeebe-api"]})));
    // The result that is cached for one of the two operations is not used for the other.
    for _ in 0..3 {
        assert_eq!(setup.refusal(&other).await, Audience);
        let resolved = setup.verifier.verify_for_resolution(&other, &known()).await.unwrap();
        assert_eq!(resolved.principal.id(), "ann");
        assert_eq!(setup.verifier.verify_now(&other).await, Err(TokenError::Rejected(Audience)));
    }
    let own = KEY.token(&provider.claims());
    assert!(setup.verifier.verify_for_resolution(&own, &known()).await.is_ok());
}

#[tokio::test]
async fn everything_but_the_audience_is_checked_for_resolution_as_ever() {
    let provider = Provider::start("", &[&KEY]).await;
    let settings = IssuerSettings { client_id: Some("web".to_owned()), ..provider.settings() };
    let setup = Setup::new(vec![settings]);
    let claims = with(provider.claims(), json!({"aud": "zeebe-api"}));
    let stranger = Signer::new("key-1", crate::SigningAlgorithm::Rs256);
    for (token, refusal) in [
        (KEY.token(&with(claims.clone(), json!({"aud": "unknown-api"}))), Audience),
        (KEY.token(&with(claims.clone(), json!({"aud": null}))), Audience),
        (KEY.token(&with(claims.clone(), json!({"exp": NOW - 61}))), Expired),
        (KEY.token(&with(claims.clone(), json!({"typ": "ID"}))), Type),
        (KEY.token(&with(claims.clone(), json!({"scope": null, "nonce": "n"}))), Type),
        (KEY.token(&with(claims.clone(), json!({"aud": ["zeebe-api", "web"], "scope": null}))), Type),
        (stranger.token(&claims), Signature),
    ] {
        let refused = setup.verifier.verify_for_resolution(&token, &known()).await;
        assert_eq!(refused, Err(TokenError::Rejected(refusal)));
    }
}

#[tokio::test]
async fn an_api_that_is_no_longer_known_is_refused_although_the_token_is_kept() {
    let provider = Provider::start("", &[&KEY]).await;
    let setup = Setup::new(vec![provider.settings()]);
    let is_there = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&is_there);
    let apis = KnownApis::new(move |_| asked.load(Ordering::SeqCst));
    let token = KEY.token(&with(provider.claims(), json!({"aud": "zeebe-api"})));
    assert!(setup.verifier.verify_for_resolution(&token, &apis).await.is_ok());
    is_there.store(false, Ordering::SeqCst);
    let refused = setup.verifier.verify_for_resolution(&token, &apis).await;
    assert_eq!(refused, Err(TokenError::Rejected(Audience)));
}
