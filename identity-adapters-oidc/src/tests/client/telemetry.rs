//! Telemetry of sign-ins, which must not contain secrets.

use serde_json::json;
use wiremock::ResponseTemplate;

use super::support::*;
use crate::tests::support::*;
use crate::tests::telemetry::overheard;

#[test]
fn requests_are_counted_and_failures_are_warned_about_once_a_minute_and_without_secrets() {
    let ((issuer, log), text) = overheard(async |lines| {
        let login = Login::new().await;
        login.redeem().await.unwrap();
        let refusal = json!({"error": "invalid_client", "error_description": "secret-description"});
        login.token.answers(ResponseTemplate::new(401).set_body_json(refusal));
        let warnings = || lines.text().matches("WARN").count();
        for _ in 0..12 {
            login.refusal().await;
            login.clock.forward(5);
        }
        assert_eq!(warnings(), 1);
        login.refusal().await;
        assert_eq!(warnings(), 2);
        let log = lines.text();
        assert!(log.contains("the provider rejected this server's client credentials"), "{log}");
        assert!(log.contains("client_id=\"web\" method=\"client_secret_basic\""), "{log}");
        login.token.answers(ok(&json!({"x": "x".repeat(600 * 1024)})));
        login.refusal().await;
        (login.provider.issuer.clone(), lines.text())
    });
    assert!(log.contains("answered with more than 524288 bytes"), "{log}");
    for secret in ["secret-description", SECRET, "s3+cr", "code-1", "verifier", "opaque", "ann@example.com", "eyJ"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    for (outcome, count) in [("ok", 1), ("client_refused", 13), ("too_large", 1)] {
        let labels = format!("issuer=\"{issuer}\",request=\"token\",outcome=\"{outcome}\"");
        let line = format!("identity_provider_requests_total{{{labels}}} {count}\n");
        assert!(text.contains(&line), "{line} in {text}");
    }
}
