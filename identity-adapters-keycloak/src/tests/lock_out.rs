//! No change takes away the last administrator, nor this service's own API.

use std::collections::BTreeSet;

use identity_core::entity::{DirectoryUserChange, Permission};
use identity_core::port::{
    ApiDirectory, ClientDirectory, DirectoryError, GroupDirectory, RoleDirectory, UserDirectory,
};
use identity_core::preset::{IDENTITY_AUDIENCE, READ, WRITE};
use identity_core::value::{Audience, ClientKey, GroupId, Name, PermissionName, RoleId, Username};
use serde_json::{Value, json};

use super::fake::Fake;
use crate::Keycloak;
use crate::call::Call;
use crate::wire::SCOPE;

/// A realm with this service's own API (key `api`), the application `job` and the client `other`, which has the client
/// role `inner`. Users, groups and realm roles have their names as ids.
#[derive(Clone, Default)]
struct Realm {
    users: Vec<&'static str>,
    disabled: BTreeSet<&'static str>,
    /// Groups, each with its parent.
    groups: Vec<(&'static str, Option<&'static str>)>,
    members: Vec<(&'static str, &'static str)>,
    /// Composite roles, each with a role that it contains.
    contained: Vec<(&'static str, &'static str)>,
    /// Users and groups, each with a role that is mapped to it directly.
    mappings: Vec<(&'static str, &'static str)>,
}

const ROLES: [&str; 6] = ["Admin", "Outer", "Deep", "default-roles-r", "with/slash", "Plain"];
const CLIENT_ROLES: [(&str, &str); 3] = [("api", WRITE), ("api", READ), ("other", "inner")];

impl Realm {
    /// `Admin` contains `write`, `Outer` and `default-roles-r` contain nothing yet.
    fn new() -> Self {
        let users = vec!["ann", "bob", "service-account-job", "service-account-identity"];
        let groups = vec![("top", None), ("middle", Some("top")), ("low", Some("middle")), ("beside", None)];
        Self { users, groups, ..Self::default() }.contains("Admin", WRITE)
    }

    fn contains(mut self, role: &'static str, inner: &'static str) -> Self {
        self.contained.push((role, inner));
        self
    }

    fn maps(mut self, holder: &'static str, role: &'static str) -> Self {
        self.mappings.push((holder, role));
        self
    }

    fn joins(mut self, user: &'static str, group: &'static str) -> Self {
        self.members.push((user, group));
        self
    }

    fn disables(mut self, user: &'static str) -> Self {
        self.disabled.insert(user);
        self
    }

    fn role(&self, name: &str) -> Value {
        let composite = self.contained.iter().any(|(role, _)| *role == name);
        let of = CLIENT_ROLES.iter().find(|(_, role)| *role == name).map(|(client, _)| *client);
        json!({"id": name.replace('/', "-"), "name": name, "composite": composite, "clientRole": of.is_some(),
            "containerId": of.unwrap_or("r"), "attributes": {"camunda_role": ["true"]}})
    }

    fn user(&self, id: &str) -> Value {
        json!({"id": id, "username": id, "enabled": !self.disabled.contains(id)})
    }

    fn group(&self, id: &str) -> Value {
        let parent = self.groups.iter().find(|(group, _)| *group == id).and_then(|(_, parent)| *parent);
        json!({"id": id, "name": id, "path": format!("/{id}"), "parentId": parent})
    }

    fn is_write(&self, role: &str) -> bool {
        role == WRITE || self.contained.iter().any(|(outer, inner)| *outer == role && self.is_write(inner))
    }

    fn holds(&self, holder: &str) -> bool {
        let parent = self.groups.iter().find(|(group, _)| *group == holder).and_then(|(_, parent)| *parent);
        self.mappings.iter().any(|(of, role)| *of == holder && self.is_write(role))
            || parent.is_some_and(|parent| self.holds(parent))
            || self.members.iter().any(|(user, group)| *user == holder && self.holds(group))
    }

    fn fake(&self) -> Fake {
        let list = |all: Vec<Value>| Value::Array(all);
        let client = |key: &str, id: &str, api: bool| {
            json!({"id": key, "clientId": id, "enabled": !self.disabled.contains(key), "defaultClientScopes": [SCOPE],
                "authorizationServicesEnabled": api, "serviceAccountsEnabled": key == "job", "name": id})
        };
        let clients =
            [client("api", IDENTITY_AUDIENCE, true), client("job", "job", false), client("other", "other", true)];
        let mut fake = Fake::default().with("/clients", list(clients.to_vec()));
        for client in clients {
            let key = client["id"].as_str().unwrap().to_owned();
            let roles = CLIENT_ROLES.iter().filter(|(of, _)| *of == key).map(|(_, role)| self.role(role));
            fake = fake.with(&format!("/clients/{key}/roles"), list(roles.collect()));
            fake = fake.with(&format!("/clients/{key}"), client);
        }
        fake = fake.with("/clients/job/service-account-user", self.user("service-account-job"));
        // A search does not find service accounts.
        fake = fake.with("/users", list(vec![self.user("ann"), self.user("bob")]));
        let of_clients = CLIENT_ROLES.map(|(client, role)| (format!("/clients/{client}/roles/{role}"), role));
        let of_realm = ROLES.map(|role| (format!("/roles/{role}"), role));
        fake = fake.with("/roles", list(ROLES.iter().map(|role| self.role(role)).collect()));
        for (path, role) in of_clients.into_iter().chain(of_realm) {
            let holders = self.mappings.iter().filter(|(_, of)| *of == role).map(|(holder, _)| *holder);
            let (users, groups): (Vec<&str>, Vec<&str>) = holders.partition(|holder| self.users.contains(holder));
            let inside = self.contained.iter().filter(|(outer, _)| *outer == role).map(|(_, inner)| self.role(inner));
            let id = role.replace('/', "-");
            fake = fake
                .with(&format!("{path}/users"), list(users.iter().map(|id| self.user(id)).collect()))
                .with(&format!("{path}/groups"), list(groups.iter().map(|id| self.group(id)).collect()))
                .with(&path, self.role(role))
                .with(&format!("/roles-by-id/{id}"), self.role(role))
                .with(&format!("/roles-by-id/{id}/composites"), list(inside.collect()));
        }
        let effective = |holder: &str| if self.holds(holder) { json!([self.role(WRITE)]) } else { json!([]) };
        for user in &self.users {
            let mappings = self.mappings.iter().filter(|(holder, _)| holder == user);
            let mapped: Vec<Value> = mappings.map(|(_, role)| self.role(role)).collect();
            fake = fake
                .with(&format!("/users/{user}"), self.user(user))
                .with(&format!("/users/{user}/role-mappings"), json!({"realmMappings": mapped}))
                .with(&format!("/users/{user}/role-mappings/clients/api/composite"), effective(user));
        }
        for (group, _) in &self.groups {
            let members = self.members.iter().filter(|(_, of)| of == group).map(|(user, _)| self.user(user));
            let children = self.groups.iter().filter(|(_, parent)| parent.as_ref() == Some(group));
            fake = fake
                .with(&format!("/groups/{group}"), self.group(group))
                .with(&format!("/groups/{group}/members"), list(members.collect()))
                .with(&format!("/groups/{group}/children"), list(children.map(|(id, _)| self.group(id)).collect()))
                .with(&format!("/groups/{group}/role-mappings/clients/api/composite"), effective(group));
        }
        fake
    }

    /// Makes a change. Returns its outcome, and whether a request to change Keycloak was sent.
    async fn change(&self, change: impl AsyncFnOnce(&Keycloak) -> Result<(), DirectoryError>) -> Outcome {
        let fake = self.fake();
        let (keycloak, _server) = fake.start().await;
        let outcome = change(&keycloak).await;
        let sent = fake.asked().iter().any(|request| !request.starts_with("GET "));
        assert_eq!(outcome.is_ok(), sent, "{outcome:?}");
        outcome
    }
}

type Outcome = Result<(), DirectoryError>;

fn user(id: &str) -> Username {
    Username::parse(id).unwrap()
}

fn group(id: &str) -> GroupId {
    GroupId::parse(id).unwrap()
}

fn role(id: &str) -> RoleId {
    RoleId::parse(id).unwrap()
}

fn write() -> Permission {
    let (audience, definition) = (Audience::parse(IDENTITY_AUDIENCE).unwrap(), PermissionName::parse(WRITE).unwrap());
    Permission { audience, definition }
}

async fn disable(keycloak: &Keycloak, id: &str) -> Outcome {
    let change = DirectoryUserChange { enabled: Some(false), ..DirectoryUserChange::default() };
    UserDirectory::update(keycloak, &user(id), &change).await.map(drop)
}

async fn unassign(keycloak: &Keycloak, id: &str, name: &str) -> Outcome {
    UserDirectory::unassign_role(keycloak, &user(id), &role(name)).await
}

async fn delete_role(keycloak: &Keycloak, name: &str) -> Outcome {
    RoleDirectory::delete(keycloak, &role(name)).await
}

async fn delete_group(keycloak: &Keycloak, id: &str) -> Outcome {
    GroupDirectory::delete(keycloak, &group(id)).await
}

async fn leave(keycloak: &Keycloak, id: &str, of: &str) -> Outcome {
    keycloak.remove_member(&group(of), &user(id)).await
}

const LOCK_OUT: Outcome = Err(DirectoryError::LockOut);

#[tokio::test]
async fn the_last_user_with_the_role_keeps_it() {
    let one = Realm::new().maps("ann", "Admin");
    assert_eq!(one.change(async |k| unassign(k, "ann", "Admin").await).await, LOCK_OUT);
    assert_eq!(one.change(async |k| disable(k, "ann").await).await, LOCK_OUT);
    assert_eq!(one.change(async |k| delete_role(k, "Admin").await).await, LOCK_OUT);
    assert_eq!(
        one.change(async |k| RoleDirectory::revoke_permission(k, &role("Admin"), &write()).await).await,
        LOCK_OUT
    );
    // Users without the permission, and roles without it, are not restricted.
    assert_eq!(one.change(async |k| disable(k, "bob").await).await, Ok(()));
    assert_eq!(one.change(async |k| unassign(k, "bob", "Plain").await).await, Ok(()));
    assert_eq!(one.change(async |k| delete_role(k, "Plain").await).await, Ok(()));
    let two = one.maps("bob", "Admin");
    assert_eq!(two.change(async |k| unassign(k, "ann", "Admin").await).await, Ok(()));
    assert_eq!(two.change(async |k| disable(k, "ann").await).await, Ok(()));
    assert_eq!(two.change(async |k| delete_role(k, "Admin").await).await, LOCK_OUT);
    let disabled = two.disables("bob");
    assert_eq!(disabled.change(async |k| unassign(k, "ann", "Admin").await).await, LOCK_OUT);
    assert_eq!(disabled.change(async |k| unassign(k, "bob", "Admin").await).await, Ok(()));
    let twice = Realm::new().maps("ann", "Admin").contains("Deep", "Outer").contains("Outer", "Admin");
    let twice = twice.maps("ann", "Deep");
    assert_eq!(twice.change(async |k| unassign(k, "ann", "Admin").await).await, Ok(()));
    assert_eq!(twice.change(async |k| unassign(k, "ann", "Deep").await).await, Ok(()));
    assert_eq!(twice.change(async |k| delete_role(k, "Outer").await).await, Ok(()));
    assert_eq!(twice.change(async |k| delete_role(k, "Admin").await).await, LOCK_OUT);
    assert_eq!(twice.change(async |k| disable(k, "ann").await).await, LOCK_OUT);
}

#[tokio::test]
async fn roles_inside_roles_keep_the_permission() {
    let realm = Realm::new().contains("Deep", "Outer").contains("Outer", "Admin").maps("ann", "Deep");
    for name in ["Deep", "Outer", "Admin"] {
        assert_eq!(realm.change(async |k| delete_role(k, name).await).await, LOCK_OUT, "{name}");
    }
    // A client role that contains the permission, mapped directly.
    let realm = Realm::new().contains("inner", WRITE).maps("ann", "inner").maps("bob", "Admin");
    assert_eq!(realm.change(async |k| unassign(k, "bob", "Admin").await).await, Ok(()));
    let realm = Realm::new().contains("inner", WRITE).maps("ann", "inner");
    let other = ClientKey::parse("other").unwrap();
    assert_eq!(realm.change(async |k| ApiDirectory::delete(k, &other).await).await, LOCK_OUT);
    let inner = PermissionName::parse("inner").unwrap();
    assert_eq!(realm.change(async |k| k.remove_permission(&other, &inner).await).await, LOCK_OUT);
    // The role of all users.
    let realm = Realm::new().contains("default-roles-r", "Admin").maps("bob", "default-roles-r");
    assert_eq!(realm.change(async |k| delete_role(k, "Admin").await).await, LOCK_OUT);
    let both = realm.clone().maps("ann", "Admin");
    assert_eq!(both.change(async |k| unassign(k, "ann", "Admin").await).await, Ok(()));
    assert_eq!(both.disables("bob").change(async |k| unassign(k, "ann", "Admin").await).await, LOCK_OUT);
    // Roles in a circle end the search.
    let circle = Realm::new().contains("Outer", "Deep").contains("Deep", "Outer").maps("ann", "Admin");
    assert_eq!(circle.change(async |k| unassign(k, "ann", "Admin").await).await, LOCK_OUT);
    // Holders of a role whose name is no path segment cannot be listed: they count before a change, not afterwards.
    let slash = Realm::new().contains("with/slash", WRITE).maps("ann", "with/slash");
    assert_eq!(slash.change(async |k| delete_role(k, "Admin").await).await, LOCK_OUT);
}

#[tokio::test]
async fn the_last_group_with_members_keeps_the_role() {
    let realm = Realm::new().maps("middle", "Admin").joins("ann", "low");
    let unassign = async |k: &Keycloak| GroupDirectory::unassign_role(k, &group("middle"), &role("Admin")).await;
    assert_eq!(realm.change(unassign).await, LOCK_OUT);
    for id in ["top", "middle", "low"] {
        assert_eq!(realm.change(async |k| delete_group(k, id).await).await, LOCK_OUT, "{id}");
    }
    assert_eq!(realm.change(async |k| leave(k, "ann", "low").await).await, LOCK_OUT);
    assert_eq!(realm.change(async |k| delete_role(k, "Admin").await).await, LOCK_OUT);
    assert_eq!(realm.change(async |k| delete_group(k, "beside").await).await, Ok(()));
    // Another member in the same tree.
    let realm = realm.joins("bob", "middle");
    assert_eq!(realm.change(async |k| leave(k, "ann", "low").await).await, Ok(()));
    assert_eq!(realm.change(async |k| delete_group(k, "low").await).await, Ok(()));
    assert_eq!(realm.change(async |k| delete_group(k, "middle").await).await, LOCK_OUT);
    assert_eq!(realm.clone().disables("bob").change(async |k| delete_group(k, "low").await).await, LOCK_OUT);
    // Another group.
    let realm = realm.maps("beside", "Admin");
    assert_eq!(realm.change(async |k| delete_group(k, "middle").await).await, LOCK_OUT);
    let realm = realm.joins("bob", "beside");
    assert_eq!(realm.change(async |k| delete_group(k, "middle").await).await, Ok(()));
    assert_eq!(realm.change(unassign).await, Ok(()));
}

#[tokio::test]
async fn applications_count_and_this_servers_own_client_does_not() {
    let job = ClientKey::parse("job").unwrap();
    let realm = Realm::new().maps("service-account-job", WRITE).maps("service-account-identity", WRITE);
    assert_eq!(realm.change(async |k| ClientDirectory::delete(k, &job).await).await, LOCK_OUT);
    assert_eq!(realm.change(async |k| ClientDirectory::revoke_permission(k, &job, &write()).await).await, LOCK_OUT);
    let realm = realm.maps("ann", "Admin");
    assert_eq!(realm.change(async |k| ClientDirectory::delete(k, &job).await).await, Ok(()));
    assert_eq!(realm.change(async |k| unassign(k, "ann", "Admin").await).await, Ok(()));
    assert_eq!(realm.disables("job").change(async |k| unassign(k, "ann", "Admin").await).await, LOCK_OUT);
}

#[tokio::test]
async fn a_realm_without_administrators_is_not_restricted() {
    let realm = Realm::new().maps("ann", "Admin").disables("ann").maps("top", "Admin");
    assert_eq!(realm.change(async |k| delete_role(k, "Admin").await).await, Ok(()));
    assert_eq!(realm.change(async |k| delete_group(k, "top").await).await, Ok(()));
    assert_eq!(realm.change(async |k| unassign(k, "ann", "Admin").await).await, Ok(()));
}

#[tokio::test]
async fn this_services_own_api_stays() {
    let realm = Realm::new().maps("ann", "Admin").maps("bob", "Admin");
    let api = ClientKey::parse("api").unwrap();
    assert_eq!(realm.change(async |k| ApiDirectory::delete(k, &api).await).await, LOCK_OUT);
    for definition in [READ, WRITE] {
        let definition = PermissionName::parse(definition).unwrap();
        assert_eq!(realm.change(async |k| k.remove_permission(&api, &definition).await).await, LOCK_OUT);
    }
    let name = Name::parse("Renamed").unwrap();
    assert_eq!(realm.change(async |k| ApiDirectory::rename(k, &api, &name).await).await, Ok(()));
    // Calls that no adapter sends.
    let whole = realm.fake().at("/clients/api");
    for (member, value) in [("enabled", json!(false)), ("authorizationServicesEnabled", json!(false))] {
        let mut body = whole.clone();
        body[member] = value;
        let replaced = realm.change(async |k| k.send(Call::put(&["clients", "api"], body)).await.map(drop)).await;
        assert_eq!(replaced, LOCK_OUT, "{member}");
    }
    let scope = Call::delete(&["clients", "api", "default-client-scopes", "s"]);
    assert_eq!(realm.change(async |k| k.send(scope).await.map(drop)).await, LOCK_OUT);
    let renamed = Call::put(&["roles-by-id", WRITE], json!({"id": WRITE, "name": "away"}));
    assert_eq!(realm.change(async |k| k.send(renamed).await.map(drop)).await, LOCK_OUT);
    let whole = Call::delete(&["users", "ann", "role-mappings", "realm"]);
    let outcome = realm.change(async |k| k.send(whole).await.map(drop)).await;
    assert!(matches!(outcome, Err(DirectoryError::Protected { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_search_that_is_too_long_refuses_the_change() {
    let fake = Realm::new().maps("ann", "Admin").fake();
    // More groups without members hold the role than a search reads.
    let many = (0..600).map(|n| json!({"id": format!("g{n}"), "name": format!("g{n}")}));
    let fake = fake.with("/roles/Admin/groups", Value::Array(many.collect()));
    let (keycloak, _server) = fake.start().await;
    let outcome = unassign(&keycloak, "ann", "Admin").await;
    assert!(matches!(outcome, Err(DirectoryError::Protected { .. })), "{outcome:?}");
    let asked = fake.asked();
    assert!(asked.len() < 520 && asked.iter().all(|request| request.starts_with("GET ")), "{}", asked.len());
}

#[tokio::test]
async fn concurrent_changes_wait_for_each_other() {
    let fake = Realm::new().maps("ann", "Admin").maps("bob", "Admin").fake();
    let (keycloak, _server) = fake.start().await;
    let held = keycloak.lock_administrators().await.unwrap();
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(300), unassign(&keycloak, "ann", "Admin"));
    assert!(waiting.await.is_err(), "the change did not wait");
    assert!(fake.asked().iter().all(|request| request.starts_with("GET ")));
    drop(held);
    assert_eq!(unassign(&keycloak, "ann", "Admin").await, Ok(()));
}
