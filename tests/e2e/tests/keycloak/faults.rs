//! Behavior when Keycloak is unavailable, slow, restarted or misconfigured: errors are precise, and the next start
//! completes interrupted changes.

use std::time::Duration;

use identity_testkit::{Api, Keycloak, Proxy, Relay, Starting};
use serde_json::{Value, json};

use crate::support::*;

/// Returns the health report if it mentions the directory, otherwise an empty text.
async fn reason(management: &Api) -> String {
    let reply = management.get("/actuator/health").await;
    let health = reply.json();
    let text = health.to_string();
    if text.contains("directory") { text } else { String::new() }
}

async fn waits_because(starting: &Starting, part: &str) -> Api {
    let management = starting.management().await;
    eventually(part, async || reason(&management).await.contains(part)).await;
    assert_eq!(management.get("/actuator/health/readiness").await.status, 503);
    assert_eq!(management.get("/actuator/health/liveness").await.status, 200);
    management
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_waits_for_keycloak_and_goes_on_when_it_is_there() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let proxy = Proxy::to(keycloak.authority()).await;
    let realm = keycloak.existing(keycloak.fresh_name());
    let starting = creating(&format!("http://{}", proxy.address()), &realm.name).begin();
    waits_because(&starting, "the directory is unavailable").await;
    proxy.open();
    let server = starting.listening().await.unwrap_or_else(|exited| panic!("{exited:?}"));
    server.ready().await;
    server.says("keycloak.entity.created").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_credentials_are_said_and_not_shown() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let launch = creating(keycloak.base(), &keycloak.fresh_name()).env("KEYCLOAK_SETUP_PASSWORD", "wr0ng-s3cret");
    let starting = launch.begin();
    let management = waits_because(&starting, "were rejected (invalid_grant)").await;
    assert!(!reason(&management).await.contains("wr0ng-s3cret"));

    let realm = keycloak.realm().await;
    let launch = existing(&realm, &[]).await.env("IDENTITY_CLIENT_SECRET", "wr0ng-s3cret");
    waits_because(&launch.begin(), "were rejected (unauthorized_client)").await;
    let launch = launch.env("KEYCLOAK_REALM", "no-such-realm");
    waits_because(&launch.begin(), "the realm of the credentials does not exist").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_role_is_named_and_once_it_is_given_the_start_goes_on() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let launch = existing(&realm, &["manage-clients", "manage-users"]).await;
    let starting = launch.begin();
    waits_because(&starting, "assign the role `manage-realm`").await;
    let clients = realm.api().await.get("/clients?clientId=identity").await.json();
    let account = realm.service_account(clients[0]["id"].as_str().unwrap_or_default()).await;
    realm.grant(&account, "realm-management", &["manage-realm"]).await;
    let server = starting.listening().await.unwrap_or_else(|exited| panic!("{exited:?}"));
    server.ready().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_keycloak_is_not_waited_for_and_a_failing_one_is_left_alone() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let (platform, relay) = behind_a_relay(keycloak).await;
    let admin = platform.admin().await;
    // A caller with cached permissions is served without Keycloak.
    _ = admin.get("/api/tenants/for-token").await.expect_status(200);

    relay.delay(Duration::from_secs(10));
    let refused = admin.get("/api/users").await.expect_status(503);
    assert_eq!(refused.json()["reason"], "directory_unavailable");
    assert!(refused.header("Retry-After").is_some());
    // Requests that need no Keycloak still succeed.
    _ = admin.get("/api/tenants/for-token").await.expect_status(200);
    relay.delay(Duration::ZERO);

    // Reads are retried, writes are not.
    eventually("it answers again", async || admin.get("/api/users").await.status == 200).await;
    relay.answer("GET /admin/", 503, 2);
    _ = admin.get("/api/roles").await.expect_status(200);
    relay.answer("POST /admin/", 503, 1);
    relay.take();
    assert_eq!(admin.post("/api/groups", &json!({"name": "once"})).await.status, 503);
    assert_eq!(relay.take().iter().filter(|call| call.method == "POST").count(), 1);
    _ = admin.post("/api/groups", &json!({"name": "once"})).await.expect_status(201);

    // After repeated failures, the circuit breaker stops calls for a while.
    relay.answer("GET /admin/", 503, 1000);
    for _ in 0..5 {
        assert_eq!(admin.get("/api/roles").await.status, 503);
    }
    relay.take();
    assert_eq!(admin.get("/api/roles").await.status, 503);
    assert!(relay.take().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_keycloak_fails_at_is_no_outage_and_a_long_search_is_not_asked() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let (platform, relay) = behind_a_relay(keycloak).await;
    let admin = platform.admin().await;
    _ = admin.get("/api/groups").await.expect_status(200);
    let failing = format!("GET /admin/realms/{}/roles", platform.realm.name);
    relay.answer(&failing, 500, 10);
    for _ in 0..10 {
        assert_eq!(admin.get("/api/roles").await.status, 503);
    }
    assert_eq!(admin.get("/api/roles").await.status, 200);

    relay.take();
    let words = "a%20".repeat(900);
    for list in ["users", "groups", "clients", "resource-servers", "roles"] {
        assert_eq!(admin.get(&format!("/api/{list}?search={words}")).await.status, 400, "{list}");
    }
    assert_eq!(admin.get(&format!("/api/users?search={}", "a".repeat(201))).await.status, 400);
    for path in ["/api/users/no%20such%20key", "/api/groups/a%2Fb", "/api/clients/%C3%A4"] {
        assert_eq!(admin.get(path).await.status, 404, "{path}");
    }
    assert_eq!(admin.get(&format!("/api/users?userIds={}", "%C3%A4".repeat(200))).await.status, 404);
    let asked = relay.take();
    assert!(asked.is_empty(), "{asked:?}");
    assert_eq!(admin.get("/api/users?page=4294967295&resultSize=10000").await.expect_status(200).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keycloak_may_stop_and_start_and_lose_its_realm() {
    let Some(keycloak) = Keycloak::start().await else { return };
    let name = keycloak.fresh_name();
    let server = creating(keycloak.base(), &name).start().await;
    let admin = server.http().bearer(keycloak.existing(&name).client_token(MACHINE.0, MACHINE.1).await);
    _ = admin.get("/api/users").await.expect_status(200);

    let stopped = keycloak.stop().await;
    assert_eq!(admin.get("/api/users").await.expect_status(503).json()["reason"], "directory_unavailable");
    _ = admin.get("/api/tenants/for-token").await.expect_status(200);
    assert!(reason(server.management()).await.contains("the directory is unavailable"));
    assert_eq!(server.management().get("/actuator/health/readiness").await.status, 200);
    let keycloak = stopped.start().await;
    eventually("it answers again", async || admin.get("/api/users").await.status == 200).await;

    _ = keycloak.admin().await.delete(&format!("/{name}")).await.expect_status(204);
    let refused = admin.get("/api/users").await.expect_status(502).json();
    assert_eq!(refused["reason"], "directory_refused");
    server.says(&format!("the realm `{name}` does not exist")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_of_what_is_gone_is_found_and_taken_away_if_wanted() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    let group = created(admin.post("/api/groups", &json!({"name": "Gone soon"})).await);
    created(admin.post("/api/tenants", &json!({"tenantId": "t", "name": "T"})).await);
    let id = group["id"].as_str().unwrap_or_default().to_owned();
    _ = admin.post("/api/tenants/t/groups", &json!({"groupIds": [id]})).await.expect_status(204);
    // The group is deleted directly in Keycloak.
    _ = platform.realm.api().await.delete(&format!("/groups/{id}")).await.expect_status(204);
    let groups = admin.get("/api/tenants/t/groups").await.expect_status(200).json();
    assert_eq!(groups, json!([{"id": id, "name": id}]));

    let Platform { launch, server, realm } = platform;
    _ = server.terminate().await;
    let server = launch.start().await;
    server.says(&format!("orphan.found party=group `{id}`")).await;
    let platform = Platform { launch, server, realm };
    assert_eq!(platform.admin().await.get("/api/tenants/t/groups").await.json(), groups);
    _ = platform.server.terminate().await;

    let launch = platform.launch.env("IDENTITY_KEYCLOAK_ORPHANS_REMOVE", "true");
    let platform = Platform { server: launch.start().await, realm: platform.realm, launch };
    let admin = platform.admin().await;
    eventually("it is gone", async || admin.get("/api/tenants/t/groups").await.json() == json!([])).await;
}

/// Starts a server that reaches Keycloak through a relay.
async fn behind_a_relay(keycloak: &'static Keycloak) -> (Platform, Relay) {
    let relay = Relay::to(keycloak.base()).await;
    let realm = keycloak.existing(keycloak.fresh_name());
    let launch = creating(relay.base(), &realm.name)
        .env("IDENTITY_AUTH_PROVIDER_ISSUER_URL", realm.issuer())
        .env("CAMUNDA_IDENTITY_AUDIENCE", AUDIENCE);
    (Platform { server: launch.start().await, realm, launch }, relay)
}

/// Starts a server like [`behind_a_relay`] and creates a group that is a member of the tenant `t`. Returns the group's
/// ID.
async fn behind_a_relay_with_a_member(keycloak: &'static Keycloak) -> (Platform, Relay, String) {
    let (platform, relay) = behind_a_relay(keycloak).await;
    let admin = platform.admin().await;
    let group = created(admin.post("/api/groups", &json!({"name": "Gone soon"})).await);
    let id = group.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    created(admin.post("/api/tenants", &json!({"tenantId": "t", "name": "T"})).await);
    _ = admin.post("/api/tenants/t/groups", &json!({"groupIds": [id]})).await.expect_status(204);
    (platform, relay, id)
}

/// Waits until the deletion is completed and returns its audit record.
async fn reconciled(admin: &Api, id: &str) -> Value {
    eventually("it is finished", async || admin.get("/api/tenants/t/groups").await.json() == json!([])).await;
    let path = format!("/api/audit-log?entityType=GROUP&entityKey={id}&operation=DELETE&result=SUCCESS");
    eventually("it is recorded", async || admin.get(&path).await.json() != json!([])).await;
    admin.get(&path).await.expect_status(200).json().get(0).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_a_killed_server_began_is_finished_by_another() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let (platform, relay, id) = behind_a_relay_with_a_member(keycloak).await;
    let admin = platform.admin().await;
    let other = platform.launch.start().await;
    let answered = relay.keep_answer("DELETE /admin/");
    let deleting = tokio::spawn({
        let request =
            admin.request(reqwest::Method::DELETE, &format!("/api/groups/{id}")).header("x-request-id", "r-1");
        request.send()
    });
    // Keycloak has deleted the group, and the only process that knows it is killed.
    answered.await;
    _ = platform.server.kill().await;
    assert!(deleting.await.is_ok_and(|answer| answer.is_err()), "the server was killed");
    assert_eq!(platform.realm.api().await.get(&format!("/groups/{id}")).await.status, 404);

    let Platform { realm, launch, .. } = platform;
    let platform = Platform { server: other, realm, launch };
    let record = reconciled(&platform.admin().await, &id).await;
    assert_eq!((&record["reason"], &record["requestId"]), (&json!("reconciled"), &json!("r-1")), "{record}");
    let metrics = platform.server.management().get("/actuator/prometheus").await.text;
    assert!(metrics.contains("identity_deletions_reconciled_total{outcome=\"done\"} 1"), "{metrics}");
    let said = platform.server.says("deletion.reconciled").await;
    assert!(!said.contains("orphan.remove"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_keycloak_does_after_nobody_waits_for_it_is_finished_too() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let (platform, relay, id) = behind_a_relay_with_a_member(keycloak).await;
    let admin = platform.admin().await;
    let answered = relay.keep_answer("DELETE /admin/");
    let refused = admin.delete(&format!("/api/groups/{id}")).await.expect_status(503);
    assert_eq!(refused.json()["reason"], "directory_unavailable");
    answered.await;
    let record = reconciled(&admin, &id).await;
    assert_eq!(record["reason"], "reconciled", "{record}");
}
