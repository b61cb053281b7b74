//! Number of Keycloak calls per request: bounded regardless of the number of entities, and zero for a known token.

use identity_testkit::{Keycloak, Relay};
use serde_json::json;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_costs_a_few_calls_and_a_known_token_none() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let relay = Relay::to(keycloak.base()).await;
    let realm = keycloak.existing(keycloak.fresh_name());
    // The issuer is Keycloak's own URL; the Admin API is reached through the relay.
    let launch = creating(relay.base(), &realm.name)
        .env("IDENTITY_AUTH_PROVIDER_ISSUER_URL", realm.issuer())
        .env("CAMUNDA_IDENTITY_AUDIENCE", AUDIENCE);
    let platform = Platform { server: launch.start().await, realm, launch };
    platform.login_client().await;
    let keycloaks = platform.realm.api().await;
    for n in 0..120 {
        let user = json!({"username": format!("user{n:03}"), "enabled": true});
        _ = keycloaks.post("/users", &user).await.expect_status(201);
        let group = json!({"name": format!("group{n:03}")});
        _ = keycloaks.post("/groups", &group).await.expect_status(201);
    }

    let admin = platform.admin().await;
    let cost = async |path: &str| {
        relay.take();
        let reply = admin.get(path).await.expect_status(200);
        let calls = relay.take().into_iter().filter(|call| call.target.starts_with("/admin/")).count();
        (reply, calls)
    };
    // The first request of a caller also loads the caller's permissions.
    _ = admin.get("/api/me").await.expect_status(200);
    for (path, items, most) in [
        ("/api/users?page=0&resultSize=50", 50, 2),
        ("/api/users?page=1&resultSize=50", 50, 2),
        ("/api/users", 121, 2),
        ("/api/users?search=ser11", 10, 2),
        ("/api/groups?page=1&resultSize=50", 50, 2),
        ("/api/groups?search=group01", 10, 2),
        ("/api/roles", 5, 1),
        ("/api/clients", 5, 1),
        ("/api/resource-servers", 4, 1),
    ] {
        let (reply, calls) = cost(path).await;
        assert_eq!(reply.json().as_array().map_or(0, Vec::len), items, "{path}");
        assert!(calls <= most, "{path} costs {calls} calls");
    }
    let (reply, _) = cost("/api/users?page=0&resultSize=10").await;
    assert_eq!(reply.header("X-Total-Count"), Some("121"));

    // Listing the users of a tenant costs one call per fifty users.
    let users = admin.get("/api/users?search=user0").await.json();
    _ = admin.post("/api/tenants", &json!({"tenantId": "t", "name": "T"})).await.expect_status(201);
    _ = admin.post("/api/tenants/t/users", &json!({"userIds": texts(&users, "id")})).await.expect_status(204);
    let (reply, calls) = cost("/api/tenants/t/users").await;
    assert_eq!((reply.json().as_array().map_or(0, Vec::len), calls), (100, 2));

    let demo = platform.user(DEMO.0, DEMO.1).await;
    let paths = ["/api/tenants/for-token", "/api/authorizations/for-token", "/api/groups/for-token"];
    _ = demo.get(paths[0]).await.expect_status(200);
    relay.take();
    for path in paths.into_iter().cycle().take(30) {
        _ = demo.get(path).await.expect_status(200);
    }
    assert!(relay.take().is_empty());
    // Another session of the same user costs one call, which looks up the owner of the session.
    let again = platform.user(DEMO.0, DEMO.1).await;
    relay.take();
    _ = again.get(paths[2]).await.expect_status(200);
    let asked: Vec<_> = relay.take().into_iter().map(|call| call.target).collect();
    assert!(matches!(&asked[..], [one] if one.ends_with("/sessions")), "{asked:?}");
}
