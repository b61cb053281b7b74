//! Members that do not change are written back as they were, whatever their values.

use identity_core::entity::{ClientChange, DirectoryUserChange};
use identity_core::port::{
    ApiDirectory, ClientDirectory, DirectoryError, GroupDirectory, RoleDirectory, UserDirectory,
};
use identity_core::value::{ClientKey, Description, GroupId, Name, RoleId, Username};
use serde_json::{Value, json};

use super::fake::Fake;
use crate::wire::SCOPE;

/// A representation with unknown members of every type, in addition to its own.
fn whole(own: Value) -> Value {
    let mut whole = json!({
        "unknownText": " text\nwith lines ", "unknownNumber": 12_345_678_901_i64, "unknownFraction": 0.25, "unknownNull": null,
        "unknownList": [1, "two", {"three": []}], "unknownObject": {"a": {"b": [null, true]}},
        "attributes": {"custom": ["kept", ""], "odd name": "x"},
    });
    whole.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    whole
}

fn user() -> Value {
    whole(json!({
        "id": "u", "username": "ann", "firstName": " Änne\t", "lastName": "", "email": "root@localhost", "enabled": true,
        "emailVerified": true, "requiredActions": ["CONFIGURE_TOTP"], "federationLink": "ldap",
        "attributes": {"LDAP_ENTRY_DN": ["uid=ann"], "locale": ["de"]},
    }))
}

fn client() -> Value {
    let mut client = whole(json!({
        "id": "c", "clientId": "app", "name": " Old\nname ", "rootUrl": "${authBaseUrl}", "baseUrl": "/x", "adminUrl": "",
        "redirectUris": ["*", "http://localhost:*/cb", "https://*.example.org/*", "https://app.example/cb"],
        "webOrigins": ["+"], "defaultClientScopes": [SCOPE, "profile"], "secret": "theirs", "fullScopeAllowed": true,
        "enabled": true, "standardFlowEnabled": true,
    }));
    client["attributes"] =
        json!({"post.logout.redirect.uris": "+", "backchannel.logout.url": "https://app.example/bc"});
    client
}

fn role() -> Value {
    let mut role = whole(json!({"id": "r", "name": "clerk", "description": "old", "composite": true}));
    role["attributes"] = json!({"camunda_role": ["true"], "cost-center": ["7"]});
    role
}

fn group() -> Value {
    whole(
        json!({"id": "g", "name": "Sales", "path": "/Sales", "description": "kept", "realmRoles": ["x"], "subGroups": []}),
    )
}

/// The members in which two representations differ.
fn differences(before: &Value, after: &Value) -> Vec<String> {
    let (before, after) = (before.as_object().unwrap(), after.as_object().unwrap());
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

async fn change_user(change: DirectoryUserChange) -> (Result<(), DirectoryError>, Vec<String>, Value) {
    let users = json!([{"id": "u", "username": "ann"}]);
    let fake = Fake::default().with("/users/u", user()).with("/users", users);
    let (keycloak, _server) = fake.start().await;
    let id = Username::parse("u").unwrap();
    let outcome = UserDirectory::update(&keycloak, &id, &change).await.map(drop);
    let after = fake.at("/users/u");
    (outcome, differences(&user(), &after), after)
}

#[tokio::test]
async fn a_change_of_a_user_changes_the_members_that_it_names() {
    let nothing = DirectoryUserChange::default();
    let (outcome, changed, _) = change_user(DirectoryUserChange { enabled: Some(false), ..nothing.clone() }).await;
    assert_eq!((outcome, changed), (Ok(()), vec!["enabled".to_owned()]));
    let other = Some(Some(Name::parse("Anna").unwrap()));
    let (outcome, changed, _) = change_user(DirectoryUserChange { first_name: other, ..nothing.clone() }).await;
    assert_eq!((outcome, changed), (Ok(()), vec!["firstName".to_owned()]));
    // The change of a form that sends back all displayed values unchanged.
    let shown = DirectoryUserChange {
        first_name: Some(Some(Name::parse("Änne").unwrap())),
        last_name: Some(None),
        email: Some(Some("root@localhost".to_owned())),
        enabled: Some(true),
    };
    let (outcome, changed, _) = change_user(shown).await;
    assert_eq!((outcome, changed), (Ok(()), vec![]));
    let (outcome, changed, after) =
        change_user(DirectoryUserChange { email: Some(Some("ann@example.org".to_owned())), ..nothing.clone() }).await;
    assert_eq!((outcome, changed), (Ok(()), vec!["email".to_owned(), "emailVerified".to_owned()]));
    assert_eq!(after["emailVerified"], json!(false));
    let (outcome, changed, _) =
        change_user(DirectoryUserChange { email: Some(Some("other@host".to_owned())), ..nothing }).await;
    assert!(matches!(outcome, Err(DirectoryError::Member("email", _))), "{outcome:?}");
    assert_eq!(changed, Vec::<String>::new());
}

async fn change_client(change: ClientChange) -> (Result<(), DirectoryError>, Vec<String>, Value) {
    let fake = Fake::default().with("/clients/c", client());
    let (keycloak, _server) = fake.start().await;
    let outcome = ClientDirectory::update(&keycloak, &ClientKey::parse("c").unwrap(), &change).await;
    let after = fake.at("/clients/c");
    (outcome, differences(&client(), &after), after)
}

#[tokio::test]
async fn a_change_of_a_client_keeps_addresses_that_are_none_here() {
    let nothing = ClientChange::default();
    let named = |text: &str| Some(Name::parse(text).unwrap());
    let (outcome, changed, _) = change_client(ClientChange { name: named("New"), ..nothing.clone() }).await;
    assert_eq!((outcome, changed), (Ok(()), vec!["name".to_owned()]));
    let uris: Vec<String> =
        client()["redirectUris"].as_array().unwrap().iter().map(|uri| uri.as_str().unwrap().into()).collect();
    // The change of a form that sends back all displayed values unchanged.
    let shown = ClientChange {
        name: named("Old␊name"),
        root_url: Some(Some("${authBaseUrl}".to_owned())),
        redirect_uris: Some(uris.iter().rev().cloned().collect()),
    };
    let (outcome, changed, _) = change_client(shown).await;
    assert_eq!((outcome, changed), (Ok(()), vec![]));
    let mut bad = uris;
    bad.push("javascript:alert(1)".to_owned());
    let (outcome, changed, _) = change_client(ClientChange { redirect_uris: Some(bad), ..nothing }).await;
    assert!(matches!(outcome, Err(DirectoryError::Member("redirectUris", _))), "{outcome:?}");
    assert_eq!(changed, Vec::<String>::new());
}

#[tokio::test]
async fn an_address_is_added_beside_those_that_are_none_here() {
    let mut narrow = client();
    narrow["fullScopeAllowed"] = json!(false);
    let fake = Fake::default().with("/clients/c", narrow.clone());
    let (keycloak, _server) = fake.start().await;
    let mut uris: Vec<String> = serde_json::from_value(narrow["redirectUris"].clone()).unwrap();
    uris.push("https://app.example/new".to_owned());
    let change = ClientChange { redirect_uris: Some(uris.clone()), ..ClientChange::default() };
    ClientDirectory::update(&keycloak, &ClientKey::parse("c").unwrap(), &change).await.unwrap();
    let after = fake.at("/clients/c");
    assert_eq!(differences(&narrow, &after), ["redirectUris"]);
    assert_eq!(after["redirectUris"], json!(uris));
}

#[tokio::test]
async fn a_change_of_an_api_a_group_or_a_role_changes_one_member() {
    let mut api = client();
    api["authorizationServicesEnabled"] = json!(true);
    let fake = Fake::default()
        .with("/clients/c", api.clone())
        .with("/groups/g", group())
        .with("/roles/clerk", role())
        .with("/roles-by-id/r", role());
    let (keycloak, _server) = fake.start().await;
    let new = Name::parse("New").unwrap();
    ApiDirectory::rename(&keycloak, &ClientKey::parse("c").unwrap(), &new).await.unwrap();
    assert_eq!(differences(&api, &fake.at("/clients/c")), ["name"]);
    GroupDirectory::rename(&keycloak, &GroupId::parse("g").unwrap(), &new).await.unwrap();
    assert_eq!(differences(&group(), &fake.at("/groups/g")), ["name"]);
    keycloak.describe(&RoleId::parse("clerk").unwrap(), &Description::parse("new").unwrap()).await.unwrap();
    assert_eq!(differences(&role(), &fake.at("/roles-by-id/r")), ["description"]);
}

#[tokio::test]
async fn a_subgroup_is_renamed_where_it_is() {
    let sub = whole(json!({"id": "g", "name": "admins", "path": "/division/admins", "parentId": "p"}));
    let parent = json!({"id": "p", "name": "division", "path": "/division"});
    for (wanted, name) in
        [("owners", "owners"), ("/division/owners", "owners"), ("/division/admins", "admins"), ("/other/x", "/other/x")]
    {
        let fake = Fake::default().with("/groups/g", sub.clone()).with("/groups/p", parent.clone());
        let (keycloak, _server) = fake.start().await;
        let id = GroupId::parse("g").unwrap();
        GroupDirectory::rename(&keycloak, &id, &Name::parse(wanted).unwrap()).await.unwrap();
        assert_eq!(fake.at("/groups/g")["name"], json!(name));
    }
}
