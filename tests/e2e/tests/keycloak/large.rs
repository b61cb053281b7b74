//! Realm with 10,000 users and 500 groups.

use identity_testkit::{Keycloak, Relay};
use serde_json::{Value, json};

use crate::support::*;

const USERS: usize = 10_000;
const GROUPS: usize = 500;
const USERS_AT_ONCE: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_a_large_realm_are_complete_and_read_in_parts() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let name = keycloak.fresh_name();
    let groups: Vec<Value> = (0..GROUPS).map(|n| json!({"name": format!("group{n:03}")})).collect();
    let user = |n: usize| json!({"username": format!("user{n:05}"), "enabled": true, "groups": ["/group000"]});
    let users: Vec<Value> = (0..USERS).map(user).collect();
    let realm = json!({"realm": name, "id": name, "enabled": true, "sslRequired": "none", "groups": groups});
    let _ = keycloak.admin().await.post("", &realm).await.expect_status(201);
    // The import is split, because each part is one transaction and Keycloak limits its duration.
    for part in users.chunks(USERS_AT_ONCE) {
        let import = json!({"ifResourceExists": "FAIL", "users": part});
        let _ = keycloak.admin().await.post(&format!("/{name}/partialImport"), &import).await.expect_status(200);
    }
    let realm = keycloak.existing(name);
    let relay = Relay::to(keycloak.base()).await;
    let launch = creating(relay.base(), &realm.name)
        .env("IDENTITY_AUTH_PROVIDER_ISSUER_URL", realm.issuer())
        .env("CAMUNDA_IDENTITY_AUDIENCE", AUDIENCE);
    let platform = Platform { server: launch.start().await, realm, launch };
    let admin = platform.admin().await;

    relay.take();
    let group = admin.get("/api/groups?search=group000").await.expect_status(200).json();
    let members = format!("/api/groups/{}/users", group[0]["id"].as_str().unwrap_or_default());
    for (path, count, total) in [
        ("/api/users", USERS, Some(USERS + 1)),
        ("/api/groups", GROUPS + 1, Some(GROUPS + 1)),
        (&members, USERS, None),
        ("/api/users?page=100&resultSize=100", 1, Some(USERS + 1)),
        ("/api/users?search=user09999", 1, Some(1)),
    ] {
        let reply = admin.get(path).await.expect_status(200);
        assert_eq!(reply.json().as_array().map(Vec::len), Some(count), "{path}");
        if let Some(total) = total {
            assert_eq!(reply.header("X-Total-Count"), Some(total.to_string().as_str()), "{path}");
        }
    }
    let max = |target: &str| target.split(['?', '&']).find_map(|part| part.strip_prefix("max=")?.parse::<usize>().ok());
    let asked: Vec<_> = relay.take().into_iter().filter_map(|call| max(&call.target)).collect();
    assert!(asked.iter().all(|max| *max <= 1_000), "{asked:?}");
}
