//! Telemetry of tokens that were accepted with fewer claims, and of unusable keys.

use identity_core::port::{Evidence, TokenVerifier as _};
use serde_json::{Value, json};

use super::support::*;
use super::telemetry::overheard;

async fn groups_detail(setup: &Setup, token: &str) -> String {
    let inspection = setup.verifier.inspect(Evidence::Token(token)).await;
    let step = inspection.steps.into_iter().find(|step| step.check == "groups").unwrap();
    assert_eq!(step.passed, Some(true));
    step.detail.unwrap_or_default()
}

/// Verifies a token with changed claims. Returns the detail of its inspection, the log and the metrics.
fn left(changes: Value) -> (String, String, String) {
    let ((detail, log), metrics) = overheard(async |lines| {
        let provider = Provider::start("", &[&KEY]).await;
        let setup = Setup::new(vec![provider.settings()]);
        let token = |n: i32| KEY.token(&with(with(provider.claims(), changes.clone()), json!({"jti": n.to_string()})));
        setup.verify(&token(1)).await.unwrap();
        setup.verify(&token(2)).await.unwrap();
        let log = lines.text();
        (groups_detail(&setup, &token(1)).await, log)
    });
    (detail, log, metrics)
}

#[test]
fn groups_that_are_left_out_are_counted_logged_once_and_shown() {
    let (detail, log, metrics) = left(json!({"groups": ["secret-name", "x".repeat(275), {"a": 1}]}));
    assert!(detail.contains("it has 275 characters, but an id has at most 256 (at position 2)"), "{detail}");
    assert!(detail.contains("it is an object but must be a string (at position 3)"), "{detail}");
    assert_eq!(log.matches("WARN").count(), 1, "{log}");
    assert!(log.contains("275 characters") && !log.contains("secret-name"), "{log}");
    for reason in ["too_long", "type"] {
        let line = format!("reason=\"{reason}\"}} 2\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
}

#[test]
fn groups_that_are_elsewhere_are_counted_logged_and_shown() {
    let names = json!({"groups": null, "_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example/x"}}});
    for changes in [names, json!({"groups": null, "hasgroups": true})] {
        let (detail, log, metrics) = left(changes);
        assert!(detail.contains("does not contain `groups`") && detail.contains("200 groups"), "{detail}");
        assert_eq!(log.matches("WARN").count(), 1, "{log}");
        assert!(metrics.contains("reason=\"elsewhere\"} 2\n"), "{metrics}");
    }
}

#[test]
fn a_list_in_one_text_is_pointed_out() {
    let (detail, log, metrics) = left(json!({"groups": "ops,dev"}));
    assert!(detail.contains("groups-claim-as: split"), "{detail}");
    assert!(log.contains("groups-claim-as: split"), "{log}");
    assert!(metrics.contains("reason=\"form\"} 2\n"), "{metrics}");
}

#[test]
fn good_groups_leave_nothing() {
    let (detail, log, metrics) = left(json!({"groups": ["ops", 12, "Web Modeler"]}));
    assert_eq!((detail.as_str(), log.matches("WARN").count()), ("", 0));
    assert!(!metrics.contains("identity_token_claim_remarks_total"), "{metrics}");
}

#[test]
fn keys_that_cannot_be_used_are_named_once_for_each_new_set() {
    let (_, metrics) = overheard(async |lines| {
        let provider = Provider::start("", &[]).await;
        let bad = with(KEY.jwk(), json!({"n": "!!", "kid": "damaged"}));
        let encrypts = with(KEY.jwk(), json!({"use": "enc", "alg": "RSA-OAEP", "kid": "enc"}));
        provider.jwks.shows(&json!({"keys": [OTHER.jwk(), encrypts, bad, "junk"]}));
        let setup = Setup::new(vec![provider.settings()]);
        let warnings = || lines.text().matches("WARN").count();
        setup.verify(&OTHER.token(&provider.claims())).await.unwrap();
        let log = lines.text();
        assert_eq!(warnings(), 1, "{log}");
        assert!(log.contains("key 3 (`kid` `damaged`): `n` is missing or not base64url"), "{log}");
        assert!(log.contains("key 4 (without `kid`)") && !log.contains("`enc`"), "{log}");
        // The inspection of a token whose `kid` is that of an unusable key names this key as well.
        let token = KEY.token_with(&with(KEY.header(), json!({"kid": "damaged"})), &provider.claims());
        let inspection = setup.verifier.inspect(Evidence::Token(&token)).await;
        let step = inspection.steps.into_iter().find(|step| step.check == "key").unwrap();
        assert!(step.detail.unwrap().contains("`damaged`"));
        assert_eq!((provider.hits().1, warnings()), (2, 1), "the same keys are not named again");
        provider.jwks.shows(&json!({"keys": [OTHER.jwk(), with(KEY.jwk(), json!({"kty": "oct", "kid": "k"}))]}));
        setup.clock.forward(10);
        setup.refusal(&token).await;
        assert_eq!((provider.hits().1, warnings()), (3, 2));
    });
    assert!(metrics.contains("identity_jwks_unusable_keys_total"), "{metrics}");
}
