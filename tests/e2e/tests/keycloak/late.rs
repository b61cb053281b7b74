//! Access granted to an application during and after its deletion; two installations on one realm; short secrets.

use identity_testkit::{Api, Keycloak, Relay};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

const APPLICATION: &str = "till";

fn grant(resource: &str) -> Value {
    json!({"entityId": APPLICATION, "entityType": "APPLICATION", "resourceKey": resource,
        "resourceType": "process-definition", "permissions": ["READ"]})
}

async fn inherited(admin: &Api) -> (Vec<String>, Vec<String>) {
    let path = format!("/api/authorizations?entityId={APPLICATION}&entityType=APPLICATION");
    let authorizations = admin.get(&path).await.expect_status(200).json();
    let applications = admin.get("/api/tenants/t/applications").await.expect_status(200).json();
    (texts(&authorizations, "resourceKey"), texts(&applications, "clientId"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_application_is_given_nothing_that_its_successor_would_inherit() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let relay = Relay::to(keycloak.base()).await;
    let realm = keycloak.existing(keycloak.fresh_name());
    let launch = creating(relay.base(), &realm.name)
        .env("IDENTITY_AUTH_PROVIDER_ISSUER_URL", realm.issuer())
        .env("CAMUNDA_IDENTITY_AUDIENCE", AUDIENCE);
    let platform = Platform { server: launch.start().await, realm, launch };
    let admin = platform.admin().await;
    created(admin.post("/api/tenants", &json!({"tenantId": "t", "name": "T"})).await);
    let new = json!({"name": "Till", "clientId": APPLICATION, "type": "M2M"});
    let till = created(admin.post("/api/clients", &new).await);
    let path = format!("/api/clients/{}", till["id"].as_str().unwrap_or_default());
    assert!(admin.put("/api/authorizations", &grant("before")).await.status < 300);

    // Keycloak has deleted the application, but its response has not arrived yet.
    let answered = relay.keep_answer("DELETE /admin/");
    let deleting = tokio::spawn(admin.request(Method::DELETE, &path).send());
    answered.await;
    let during = admin.put("/api/authorizations", &grant("during")).await.expect_status(409).json();
    assert_eq!(during["reason"], "being_deleted", "{during}");
    let member = json!({"applicationIds": [APPLICATION]});
    let reply = admin.post("/api/tenants/t/applications", &member).await;
    assert!(matches!(reply.status, 404 | 409), "{reply:?}");
    _ = deleting.await;

    // Another deletion or the reconciliation completes the deletion.
    eventually("it is finished", async || inherited(&admin).await.0.is_empty()).await;
    let late = async || admin.put("/api/authorizations", &grant("late")).await.status;
    eventually("the deletion is closed", async || late().await == 404).await;
    assert_eq!(admin.post("/api/tenants/t/applications", &member).await.status, 404);

    created(admin.post("/api/clients", &new).await);
    assert_eq!(inherited(&admin).await, (vec![], vec![]));
    assert!(admin.put("/api/authorizations", &grant("its own")).await.status < 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_installation_on_a_realm_does_not_start_and_a_taken_over_one_stops() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    // The second server uses the same realm with its own store.
    let second = creating(platform.realm.base(), &platform.realm.name);
    let starting = second.begin();
    let management = starting.management().await;
    eventually("it says why it waits", async || {
        management.get("/actuator/health").await.text.contains("another installation")
    })
    .await;
    assert_eq!(management.get("/actuator/health/readiness").await.status, 503);
    drop(starting);
    _ = admin.post("/api/groups", &json!({"name": "still here"})).await.expect_status(201);

    let third = creating(platform.realm.base(), &platform.realm.name).env("IDENTITY_KEYCLOAK_TAKE_OVER", "true");
    let third = third.start().await;
    third.ready().await;
    eventually("the first one makes no change", async || {
        admin.post("/api/tenants", &json!({"tenantId": "t", "name": "T"})).await.status == 503
    })
    .await;
    let token = platform.realm.client_token(MACHINE.0, MACHINE.1).await;
    let third = third.http().bearer(token);
    _ = third.post("/api/groups", &json!({"name": "taken over"})).await.expect_status(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_made_is_not_logged_as_made() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    // The configured role does not exist.
    let launch = existing(&realm, &["manage-clients", "manage-users", "manage-realm"]).await;
    let launch = launch.env("KEYCLOAK_USERS_0_USERNAME", "ann").env("KEYCLOAK_USERS_0_ROLES_0", "No such role");
    let server = launch.start().await;
    let output = server.says("keycloak.entity.failed").await;
    let made = |what: &str| {
        output.lines().filter(|line| line.contains("keycloak.entity.created") && line.contains(what)).count()
    };
    assert_eq!((made("user ann"), made("No such role")), (1, 0), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_passwords_and_secrets_are_refused() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    for password in ["p", "1234567", "äöüßäöü"] {
        let new = json!({"username": "ann", "password": password});
        let refused = admin.post("/api/users", &new).await.expect_status(400).text;
        assert!(refused.contains("at least 8 characters"), "{refused}");
    }
    for secret in ["s", "fifteen-letters"] {
        let new = json!({"name": "Till", "clientId": "till", "type": "M2M", "secret": secret});
        let refused = admin.post("/api/clients", &new).await.expect_status(400).text;
        assert!(refused.contains("at least 16 characters"), "{refused}");
    }
    created(admin.post("/api/users", &json!({"username": "ann", "password": "12345678"})).await);
}
