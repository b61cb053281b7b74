//! An entity with a name that is invalid in this server is displayed in a visible form, and does not affect other
//! entities.

use identity_core::port::{ApiDirectory, ClientDirectory, GroupDirectory, RoleDirectory, UserDirectory};
use identity_core::search::{ListRequest, PageRequest};
use identity_core::value::{ClientId, ClientKey, GroupId, RoleId, Username};
use serde_json::{Value, json};

use super::fake::Fake;
use crate::wire::SCOPE;

/// Names that Keycloak or a user storage behind it may contain.
const ODD: [&str; 10] =
    [" lead", "tail ", "two\nlines", "bell\u{7}", "nul\0", "", "   ", "\u{202E}back", "zero\u{200B}", "\u{85}"];

fn names() -> Vec<String> {
    let long = "x".repeat(300);
    ["plain"].into_iter().chain(ODD).chain([long.as_str(), "other"]).map(str::to_owned).collect()
}

fn list(of: impl Fn(usize, &str) -> Value) -> Value {
    let mut list: Vec<Value> = names().iter().enumerate().map(|(n, name)| of(n, name)).collect();
    // Elements that cannot be displayed.
    list.insert(1, json!({"id": "without a name"}));
    list.insert(2, json!({"id": "odd", "name": {"a": 1}, "username": 7, "clientId": null}));
    list.insert(3, json!(null));
    Value::Array(list)
}

fn everything() -> ListRequest {
    ListRequest { search: None, page: PageRequest { offset: 0, limit: 10_000 } }
}

fn groups() -> Value {
    list(|n, name| json!({"id": format!("id-{n}"), "name": name, "path": format!("/{name}")}))
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("id-{n}")).collect()
}

#[tokio::test]
async fn groups_are_listed_with_their_ids_and_their_members_resolved() {
    let count = names().len();
    let fake = Fake::default()
        .with("/groups", groups())
        .with("/groups/count", json!({"count": count + 3}))
        .with("/groups/id-3", json!({"id": "id-3", "name": "two\nlines"}))
        .with("/users/u/groups", groups());
    let (keycloak, _server) = fake.start().await;
    let listed = GroupDirectory::list(&keycloak, &everything()).await.unwrap();
    let shown: Vec<String> = listed.items.iter().map(|group| group.id.to_string()).collect();
    assert_eq!((shown, listed.total), (ids(count), Some(count + 3)));
    assert_eq!(listed.items[0].name.as_str(), "plain");
    assert_eq!(listed.items[1].name.as_str(), "lead");
    let found = GroupDirectory::find(&keycloak, &GroupId::parse("id-3").unwrap()).await.unwrap();
    assert_eq!(found.name.as_str(), "two␊lines");
    // The verification of a member's token sends the same request.
    let of_user = UserDirectory::groups(&keycloak, &Username::parse("u").unwrap()).await.unwrap();
    assert_eq!(of_user.len(), count);
}

#[tokio::test]
async fn roles_are_listed_held_and_found_by_what_is_shown() {
    let role = |n: usize, name: &str| json!({"id": format!("id-{n}"), "name": name, "description": "\u{7}", "attributes": {"camunda_role": ["true"]}});
    let roles = list(role);
    let fake = Fake::default()
        .with("/roles", roles.clone())
        .with("/users/u/role-mappings/realm", roles.clone())
        .with("/users/u/role-mappings/realm/composite", roles);
    let (keycloak, _server) = fake.start().await;
    let listed = RoleDirectory::list(&keycloak, &everything()).await.unwrap();
    assert_eq!(listed.items.len(), names().len());
    let held = UserDirectory::roles(&keycloak, &Username::parse("u").unwrap()).await.unwrap();
    assert_eq!(held.len(), names().len());
    for (shown, name) in [("␠lead", " lead"), ("two␊lines", "two\nlines"), ("␢", "")] {
        let found = keycloak.role_rep(&RoleId::parse(shown).unwrap()).await.unwrap();
        assert_eq!(found.name, name);
    }
}

#[tokio::test]
async fn clients_and_apis_are_listed_with_their_keys() {
    let client = |api: bool| {
        list(move |n, name| {
            json!({"id": format!("id-{n}"), "clientId": name, "name": name, "defaultClientScopes": [SCOPE],
                "authorizationServicesEnabled": api, "redirectUris": ["*", "\n"], "rootUrl": "\u{7}"})
        })
    };
    let fake = Fake::default().with("/clients", client(false));
    let (keycloak, _server) = fake.start().await;
    let listed = ClientDirectory::list(&keycloak, &everything()).await.unwrap();
    let shown: Vec<String> = listed.items.iter().map(|client| client.key.to_string()).collect();
    assert_eq!(shown, ids(names().len()));
    let found = ClientDirectory::find_all(&keycloak, &[ClientId::parse("plain").unwrap()]).await.unwrap();
    assert_eq!(found.len(), 1);
    let roles = list(|n, name| json!({"id": format!("id-{n}"), "name": name}));
    let one = json!({"id": "id-0", "clientId": "plain", "defaultClientScopes": [SCOPE], "authorizationServicesEnabled": true});
    let fake =
        Fake::default().with("/clients", client(true)).with("/clients/id-0", one).with("/clients/id-0/roles", roles);
    let (keycloak, _server) = fake.start().await;
    assert_eq!(ApiDirectory::list(&keycloak, &everything()).await.unwrap().items.len(), names().len());
    let permissions = ApiDirectory::permissions(&keycloak, &ClientKey::parse("id-0").unwrap()).await.unwrap();
    assert_eq!(permissions.len(), names().len());
}

#[tokio::test]
async fn users_are_listed_with_their_ids_in_lists_and_groups() {
    let users = list(
        |n, name| json!({"id": format!("id-{n}"), "username": name, "firstName": name, "lastName": null, "email": "root@localhost"}),
    );
    let fake = Fake::default()
        .with("/users", users.clone())
        .with("/users/count", json!(99))
        .with("/groups/g", json!({"id": "g", "name": "g"}))
        .with("/groups/g/members", users);
    let (keycloak, _server) = fake.start().await;
    let listed = UserDirectory::list(&keycloak, &everything()).await.unwrap();
    let shown: Vec<String> = listed.items.iter().map(|user| user.id.to_string()).collect();
    assert_eq!((shown, listed.total), (ids(names().len()), Some(99)));
    assert_eq!(listed.items[0].email.as_deref(), Some("root@localhost"));
    let members = keycloak.members(&GroupId::parse("g").unwrap(), &everything()).await.unwrap();
    assert_eq!(members.items.len(), names().len());
    let wanted: Vec<Username> = ids(3).iter().map(|id| Username::parse(id).unwrap()).collect();
    assert!(UserDirectory::find_all(&keycloak, &wanted).await.is_ok());
}
