//! Tokens with a claim that contains an unsupported element.

use serde_json::{Value, json};

use crate::support::*;

/// Adds a mapper that puts a claim with permissions of one more API into the client's tokens.
async fn claim(platform: &Platform, client: &str, audience: &str, value: &Value) {
    let realm = platform.realm.api().await;
    let found = realm.get(&format!("/clients?clientId={client}")).await.expect_status(200).json();
    let path = format!("/clients/{}/protocol-mappers/models", found[0]["id"].as_str().unwrap_or_default());
    let mapper = json!({"name": audience, "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper",
        "config": {"claim.name": format!("permissions.{audience}"), "claim.value": value.to_string(),
            "jsonType.label": "JSON", "access.token.claim": "true"}});
    _ = realm.post(&path, &mapper).await.expect_status(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_permission_is_left_out_and_its_bearer_stays() {
    let Some(platform) = Platform::start().await else { return };
    claim(&platform, LOGIN.0, "odd-api", &json!(["read", {"a": 1}, 7.5, "x".repeat(300)])).await;
    let token = platform.realm.user_token(LOGIN, DEMO).await;
    let demo = platform.server.http().bearer(&token);
    assert_eq!(demo.get("/api/me").await.expect_status(200).json(), json!({"name": "Demo User"}));
    let held = demo.get("/api/me/permissions").await.expect_status(200).json();
    assert!(held.as_array().is_some_and(|held| held.contains(&json!("write"))), "{held}");
    // A claimed permission that the realm does not confirm is not effective.
    let odd = demo.get("/api/permissions/for-token?audience=odd-api").await.expect_status(200).json();
    assert_eq!(odd, json!([]));

    let report = demo.post("/access/v1/inspect", &json!({"token": token})).await.expect_status(200).json();
    let steps = report["steps"].as_array().cloned().unwrap_or_default();
    let step = steps.iter().find(|step| step["check"] == "directory").cloned().unwrap_or_default();
    let detail = step["detail"].as_str().unwrap_or_default();
    assert!(step["passed"] == true && detail.contains("the claim `permissions`"), "{report:#}");
    assert!(detail.contains("an object") && detail.contains("300 characters"), "{detail}");
    let log = platform.server.says("parts of an accepted token were ignored").await;
    assert_eq!(log.matches("parts of an accepted token were ignored").count(), 1, "{log}");
    let metrics = platform.server.management().get("/actuator/prometheus").await.expect_status(200).text;
    let counted = |reason: &str, count: u32| {
        let line = |line: &&str| line.starts_with("identity_token_claim_remarks_total{") && line.contains(reason);
        let line = metrics.lines().find(line).unwrap_or_default();
        assert!(line.ends_with(&format!(" {count}")), "{reason}: {line}");
    };
    counted("reason=\"type\"", 2);
    counted("reason=\"too_long\"", 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_of_permissions_that_is_no_object_brings_none() {
    let Some(platform) = Platform::start().await else { return };
    let realm = platform.realm.api().await;
    let found = realm.get(&format!("/clients?clientId={}", LOGIN.0)).await.expect_status(200).json();
    let client = found[0]["id"].as_str().unwrap_or_default();
    let scopes = realm.get("/client-scopes").await.expect_status(200).json();
    let scopes = scopes.as_array().cloned().unwrap_or_default();
    let ours = scopes.iter().find(|scope| scope["name"] == SCOPE).cloned().unwrap_or_default();
    // Replaces the scope's mapper by one that writes a text. The audience still comes from another client.
    let path = format!("/clients/{client}/default-client-scopes/{}", ours["id"].as_str().unwrap_or_default());
    _ = realm.delete(&path).await.expect_status(204);
    let models = format!("/clients/{client}/protocol-mappers/models");
    for (name, kind, config) in [
        (
            "odd",
            "oidc-hardcoded-claim-mapper",
            json!({"claim.name": "permissions", "claim.value": "read",
            "jsonType.label": "String", "access.token.claim": "true"}),
        ),
        (
            "audience",
            "oidc-audience-mapper",
            json!({"included.client.audience": AUDIENCE, "access.token.claim": "true"}),
        ),
    ] {
        let mapper = json!({"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config});
        _ = realm.post(&models, &mapper).await.expect_status(201);
    }
    let demo = platform.user(DEMO.0, DEMO.1).await;
    assert_eq!(demo.get("/api/me/permissions").await.expect_status(200).json(), json!([]));
}
