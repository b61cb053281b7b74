//! Concurrent changes of one entity, also on two servers.

use identity_testkit::Api;
use serde_json::{Value, json};

use crate::support::*;

const ROUNDS: usize = 25;

/// Starts a second server on the realm and store of the first.
async fn two_servers() -> Option<(Platform, identity_testkit::Server)> {
    let platform = Platform::start().await?;
    let other = platform.launch.start().await;
    Some((platform, other))
}

async fn person(admin: &Api, name: &str) -> String {
    let new = json!({"username": name, "firstName": "A", "lastName": "B", "email": format!("{name}@example.org"),
        "password": "correct horse"});
    let made = created(admin.post("/api/users", &new).await);
    made["id"].as_str().unwrap_or_default().to_owned()
}

async fn disabled_beside_renamed(platform: &Platform, one: &Api, two: &Api) {
    let (mut enabled, mut lost, mut failed) = (0, Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let id = person(one, &format!("ann{round}")).await;
        let path = format!("/api/users/{id}");
        let (first, last) = (json!({"firstName": format!("Anna {round}")}), json!({"lastName": "C"}));
        let off = json!({"enabled": false});
        let (disabled, renamed, again) =
            tokio::join!(one.put(&path, &off), two.put(&path, &first), two.put(&path, &last));
        failed.extend([disabled, renamed, again].into_iter().filter(|reply| reply.status >= 300));
        let user = platform.realm.api().await.get(&format!("/users/{id}")).await.expect_status(200).json();
        enabled += usize::from(user["enabled"] != json!(false));
        if (&user["firstName"], &user["lastName"]) != (&first["firstName"], &last["lastName"]) {
            lost.push(user);
        }
    }
    assert_eq!(enabled, 0, "of {ROUNDS} disabled people, this many are enabled");
    assert!(lost.is_empty() && failed.is_empty(), "lost changes: {lost:#?}, failed ones: {failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_is_disabled_beside_a_rename_is_disabled() {
    let Some(platform) = Platform::start().await else { return };
    let admin = platform.admin().await;
    disabled_beside_renamed(&platform, &admin, &admin).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_is_disabled_at_one_server_beside_a_rename_at_another_is_disabled() {
    let Some((platform, other)) = two_servers().await else { return };
    let token = platform.realm.client_token(MACHINE.0, MACHINE.1).await;
    disabled_beside_renamed(&platform, &platform.admin().await, &other.http().bearer(token)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_renewed_beside_a_rename_no_longer_counts() {
    let Some((platform, other)) = two_servers().await else { return };
    let admin = platform.admin().await;
    let another = other.http().bearer(platform.realm.client_token(MACHINE.0, MACHINE.1).await);
    let (mut leaked, mut lost, mut failed) = (0, Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let new = json!({"name": "Till", "clientId": format!("till{round}"), "type": "M2M"});
        let id = created(admin.post("/api/clients", &new).await);
        let path = format!("/api/clients/{}", id["id"].as_str().unwrap_or_default());
        let secret = format!("{path}/secret");
        let old = admin.get(&secret).await.expect_status(200).json();
        let name = json!({"name": format!("Till {round}"), "redirectUris": []});
        let empty = json!({});
        let (renewed, renamed, again) =
            tokio::join!(admin.post(&secret, &empty), another.put(&path, &name), another.put(&path, &name));
        let renewed: Value = renewed.expect_status(200).json();
        failed.extend([renamed, again].into_iter().filter(|reply| reply.status >= 300));
        let now = admin.get(&secret).await.expect_status(200).json();
        leaked += usize::from(now["secret"] == old["secret"]);
        let client = admin.get(&path).await.expect_status(200).json();
        if (&now["secret"], &client["name"]) != (&renewed["secret"], &name["name"]) {
            lost.push(client);
        }
    }
    assert_eq!(leaked, 0, "of {ROUNDS} renewed secrets, this many old ones count");
    assert!(lost.is_empty() && failed.is_empty(), "lost changes: {lost:#?}, failed ones: {failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_changes_is_no_longer_verified_and_others_stay_so() {
    let Some(platform) = Platform::start().await else { return };
    let (admin, realm) = (platform.admin().await, platform.realm.api().await);
    let id = platform.realm.user("ann", "correct horse").await;
    let verified = async || realm.get(&format!("/users/{id}")).await.expect_status(200).json()["emailVerified"].clone();
    let path = format!("/api/users/{id}");
    for (change, expected) in [
        (json!({"firstName": "Anna"}), true),
        (json!({"email": "ANN@example.org"}), true),
        (json!({"email": "somebody.else@example.org"}), false),
    ] {
        let reply = admin.put(&path, &change).await;
        assert!(reply.status < 300, "{reply:?}");
        assert_eq!(verified().await, json!(expected), "{change}");
    }
}
