//! The contract of the directory ports.

use std::sync::Arc;

use identity_core::entity::{
    ApiPermission, ClientChange, ClientKind, DirectoryUser, DirectoryUserChange, NewClient, NewDirectoryUser,
    Permission, Role,
};
use identity_core::port::{
    ApiDirectory, ClientDirectory, DirectoryError, GroupDirectory, RoleDirectory, UserDirectory,
};
use identity_core::preset::{IDENTITY_AUDIENCE, READ, WRITE};
use identity_core::search::{ListRequest, PageRequest};
use identity_core::value::{
    Audience, ClientId, ClientKey, Description, Email, GroupId, Name, PermissionName, RedirectUri, RoleId, Secret,
    Username,
};

/// All directory ports of one directory. A new directory is empty except for the client [`FOREIGN`].
pub trait Directory: UserDirectory + GroupDirectory + RoleDirectory + ClientDirectory + ApiDirectory {}

impl<T: UserDirectory + GroupDirectory + RoleDirectory + ClientDirectory + ApiDirectory> Directory for T {}

/// A client that this server does not manage.
pub const FOREIGN: &str = "grafana";

/// Defines a test for each case. `$fresh` returns a new directory, or `None` to skip the test.
#[macro_export]
macro_rules! directory_suite {
    ($fresh:path) => {
        $crate::directory_cases!($fresh:
            people_are_found_by_parts_of_any_of_their_names,
            a_username_is_taken_once,
            an_update_changes_a_person,
            people_by_id_are_those_there_are,
            lists_have_pages_in_a_stable_order,
            groups_have_any_name_but_each_once,
            members_come_and_go,
            a_deleted_group_is_missing_and_nobody_is_in_it,
            roles_hold_permissions_that_there_are,
            roles_have_any_name_but_each_once,
            people_and_groups_have_roles,
            a_deleted_role_is_nobodys,
            clients_are_of_three_kinds,
            a_clients_id_and_kind_never_change,
            a_change_of_a_client_keeps_what_it_does_not_name,
            secrets_are_read_and_renewed,
            clients_have_permissions,
            apis_have_permissions_and_with_them_they_go,
            a_client_id_is_one_clients_or_one_apis,
            what_is_somebody_elses_is_not_there,
            what_there_is_not_is_missing,
            the_last_user_who_administers_stays,
            the_last_role_and_group_that_administer_stay,
            the_last_application_that_administers_stays,
            the_api_of_this_service_stays,
        );
    };
}

/// Like [`directory_suite!`], for the given cases.
#[macro_export]
macro_rules! directory_cases {
    ($fresh:path: $($case:ident),+ $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            if let Some(directory) = $fresh().await {
                $crate::directories::$case(directory).await;
            }
        }
    )+ };
}

type Fresh = Arc<dyn Directory>;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn role_id(text: &str) -> RoleId {
    RoleId::parse(text).unwrap()
}

fn role(text: &str, permissions: &[Permission]) -> Role {
    let id = role_id(text);
    let description = Description::parse("What it is for").unwrap();
    Role { description, permissions: permissions.iter().cloned().collect(), ..Role::new(id.clone(), Name::from(&id)) }
}

fn permission(audience: &str, definition: &str) -> Permission {
    let (audience, definition) = (Audience::parse(audience).unwrap(), PermissionName::parse(definition).unwrap());
    Permission { audience, definition }
}

fn all(search: Option<&str>) -> ListRequest {
    ListRequest { search: search.map(str::to_owned), page: PageRequest { offset: 0, limit: 1000 } }
}

fn new_person(username: &str, first: &str, last: &str) -> NewDirectoryUser {
    NewDirectoryUser {
        username: name(username),
        first_name: Some(name(first)),
        last_name: Some(name(last)),
        email: Some(Email::parse(&format!("{username}@example.org")).unwrap()),
        enabled: true,
        password: None,
    }
}

async fn person(d: &Fresh, username: &str) -> DirectoryUser {
    UserDirectory::create(d.as_ref(), &new_person(username, "First", "Last")).await.unwrap()
}

fn new_client(client_id: &str, kind: ClientKind) -> NewClient {
    let uris = ["https://app.example/callback", "/login"].map(|uri| RedirectUri::parse(uri).unwrap());
    NewClient {
        client_id: ClientId::parse(client_id).unwrap(),
        name: name("Ärzte / App"),
        kind,
        secret: None,
        root_url: Some(RedirectUri::parse("https://app.example").unwrap()),
        redirect_uris: if kind.signs_in() { uris.to_vec() } else { Vec::new() },
    }
}

async fn api(d: &Fresh, audience: &str, definitions: &[&str]) -> ClientKey {
    let permissions: Vec<ApiPermission> = definitions.iter().map(|text| api_permission(text)).collect();
    let audience = Audience::parse(audience).unwrap();
    ApiDirectory::create(d.as_ref(), &audience, &name("An API"), &permissions).await.unwrap().key
}

fn api_permission(definition: &str) -> ApiPermission {
    let description = Description::parse("To do so").unwrap();
    ApiPermission { definition: PermissionName::parse(definition).unwrap(), description }
}

fn is_missing<T: std::fmt::Debug>(outcome: Result<T, DirectoryError>) -> bool {
    matches!(outcome, Err(DirectoryError::Missing(_)))
}

fn locks_out<T: std::fmt::Debug>(outcome: Result<T, DirectoryError>) -> bool {
    matches!(outcome, Err(DirectoryError::LockOut))
}

fn is_conflict<T: std::fmt::Debug>(outcome: Result<T, DirectoryError>) -> bool {
    matches!(outcome, Err(DirectoryError::Conflict(_)))
}

pub async fn people_are_found_by_parts_of_any_of_their_names(d: Fresh) {
    let ann = UserDirectory::create(d.as_ref(), &new_person("ann.müller", "Änne", "O'Hara")).await.unwrap();
    let bob = UserDirectory::create(d.as_ref(), &new_person("bob", "Robert", "Smith")).await.unwrap();
    assert_eq!(ann.username.as_str(), "ann.müller");
    assert_eq!(ann.display_name(), "Änne O'Hara");
    assert_eq!(UserDirectory::find(d.as_ref(), &ann.id).await.unwrap(), ann);
    for (search, found) in [
        (None, vec![&ann, &bob]),
        (Some("n.mü"), vec![&ann]),
        (Some("SMITH"), vec![&bob]),
        (Some("ober"), vec![&bob]),
        (Some("b@example"), vec![&bob]),
        (Some("@example.org"), vec![&ann, &bob]),
        (Some("nobody"), vec![]),
    ] {
        let listing = UserDirectory::list(d.as_ref(), &all(search)).await.unwrap();
        assert_eq!(listing.items.iter().collect::<Vec<_>>(), found, "{search:?}");
        assert_eq!(listing.total, Some(found.len()), "{search:?}");
    }
}

pub async fn a_username_is_taken_once(d: Fresh) {
    let first = person(&d, "ann").await;
    let mut again = new_person("ann", "Other", "DirectoryUser");
    again.email = None;
    assert!(is_conflict(UserDirectory::create(d.as_ref(), &again).await));
    assert_eq!(UserDirectory::list(d.as_ref(), &all(None)).await.unwrap().items, [first]);
}

pub async fn an_update_changes_a_person(d: Fresh) {
    let ann = person(&d, "ann").await;
    let changed = DirectoryUser {
        first_name: Some(name("Anna")),
        last_name: None,
        email: Some("anna@example.org".to_owned()),
        enabled: false,
        ..ann.clone()
    };
    let everything = |person: &DirectoryUser| DirectoryUserChange {
        first_name: Some(person.first_name.clone()),
        last_name: Some(person.last_name.clone()),
        email: Some(person.email.clone()),
        enabled: Some(person.enabled),
    };
    for person in [&changed, &changed, &ann] {
        let returned = UserDirectory::update(d.as_ref(), &ann.id, &everything(person)).await.unwrap();
        assert_eq!(returned, *person);
        assert_eq!(UserDirectory::find(d.as_ref(), &ann.id).await.unwrap(), *person);
    }
    let disabled = DirectoryUserChange { enabled: Some(false), ..DirectoryUserChange::default() };
    let returned = UserDirectory::update(d.as_ref(), &ann.id, &disabled).await.unwrap();
    assert_eq!(returned, DirectoryUser { enabled: false, ..ann.clone() }, "what is not named keeps its value");
    let none = DirectoryUserChange { email: Some(Some("not an address".to_owned())), ..DirectoryUserChange::default() };
    let refused = UserDirectory::update(d.as_ref(), &ann.id, &none).await;
    assert!(matches!(refused, Err(DirectoryError::Member("email", _))), "{refused:?}");
    let renamed = DirectoryUserChange { first_name: Some(Some(name("Anna"))), ..DirectoryUserChange::default() };
    let returned = UserDirectory::update(d.as_ref(), &ann.id, &renamed).await.unwrap();
    assert_eq!(returned, DirectoryUser { enabled: false, first_name: Some(name("Anna")), ..ann });
}

pub async fn people_by_id_are_those_there_are(d: Fresh) {
    let mut people = Vec::new();
    for number in 0..3 {
        people.push(person(&d, &format!("user{number}")).await);
    }
    let nobody = Username::parse("5f3a1c1e-0000-4000-8000-000000000000").unwrap();
    let odd = Username::parse("two words").unwrap();
    let ids = [people[0].id.clone(), nobody, odd, people[2].id.clone()];
    let mut found = UserDirectory::find_all(d.as_ref(), &ids).await.unwrap();
    found.sort_by(|a, b| a.username.cmp(&b.username));
    assert_eq!(found, [people[0].clone(), people[2].clone()]);
    assert!(UserDirectory::find_all(d.as_ref(), &[]).await.unwrap().is_empty());
}

pub async fn lists_have_pages_in_a_stable_order(d: Fresh) {
    for number in 0..5 {
        person(&d, &format!("user{number}")).await;
        GroupDirectory::create(d.as_ref(), &name(&format!("group{number}"))).await.unwrap();
        RoleDirectory::create(d.as_ref(), &role(&format!("role{number}"), &[])).await.unwrap();
        let new = new_client(&format!("app{number}"), ClientKind::Public);
        ClientDirectory::create(d.as_ref(), &new).await.unwrap();
        api(&d, &format!("api{number}"), &[]).await;
    }
    let page = |offset, limit| ListRequest { search: None, page: PageRequest { offset, limit } };
    for (offset, limit, expected) in [(0, 2, vec![0, 1]), (2, 2, vec![2, 3]), (4, 2, vec![4]), (6, 2, vec![])] {
        let list = page(offset, limit);
        let wanted = |kind: &str| expected.iter().map(|number| format!("{kind}{number}")).collect::<Vec<_>>();
        let users = UserDirectory::list(d.as_ref(), &list).await.unwrap();
        assert_eq!(users.items.iter().map(|one| one.username.to_string()).collect::<Vec<_>>(), wanted("user"));
        let groups = GroupDirectory::list(d.as_ref(), &list).await.unwrap();
        assert_eq!(groups.items.iter().map(|one| one.name.to_string()).collect::<Vec<_>>(), wanted("group"));
        let roles = RoleDirectory::list(d.as_ref(), &list).await.unwrap();
        assert_eq!(roles.items.iter().map(|one| one.id.to_string()).collect::<Vec<_>>(), wanted("role"));
        let clients = ClientDirectory::list(d.as_ref(), &list).await.unwrap();
        assert_eq!(clients.items.iter().map(|one| one.client_id.to_string()).collect::<Vec<_>>(), wanted("app"));
        let apis = ApiDirectory::list(d.as_ref(), &list).await.unwrap();
        assert_eq!(apis.items.iter().map(|one| one.audience.to_string()).collect::<Vec<_>>(), wanted("api"));
        assert_eq!((users.total, groups.total, roles.total), (Some(5), Some(5), Some(5)));
    }
    let found = ClientDirectory::list(d.as_ref(), &all(Some("PP3"))).await.unwrap().items;
    assert_eq!(found.len(), 1);
}

pub async fn groups_have_any_name_but_each_once(d: Fresh) {
    for text in ["Vertrieb Süd", "a/b", "100 %", "Ärzte; Pfleger", "x?y#z&w=1"] {
        let group = GroupDirectory::create(d.as_ref(), &name(text)).await.unwrap();
        assert_eq!(group.name.as_str(), text);
        assert_eq!(GroupDirectory::find(d.as_ref(), &group.id).await.unwrap(), group);
        assert!(is_conflict(GroupDirectory::create(d.as_ref(), &name(text)).await), "{text}");
    }
    let listed = GroupDirectory::list(d.as_ref(), &all(Some("SÜD"))).await.unwrap();
    assert_eq!((listed.items.len(), listed.total), (1, Some(1)));
    let id = &listed.items[0].id;
    GroupDirectory::rename(d.as_ref(), id, &name("Vertrieb Nord")).await.unwrap();
    GroupDirectory::rename(d.as_ref(), id, &name("Vertrieb Nord")).await.unwrap();
    assert_eq!(GroupDirectory::find(d.as_ref(), id).await.unwrap().name.as_str(), "Vertrieb Nord");
    assert!(is_conflict(GroupDirectory::rename(d.as_ref(), id, &name("a/b")).await));
    let other = GroupDirectory::list(d.as_ref(), &all(Some("a/b"))).await.unwrap().items;
    let ids = [id.clone(), other[0].id.clone(), GroupId::parse("none").unwrap()];
    assert_eq!(GroupDirectory::find_all(d.as_ref(), &ids).await.unwrap().len(), 2);
}

pub async fn members_come_and_go(d: Fresh) {
    let (ann, bob) = (person(&d, "ann").await, person(&d, "bob").await);
    let group = GroupDirectory::create(d.as_ref(), &name("A group")).await.unwrap();
    for user in [&bob, &ann, &ann] {
        d.add_member(&group.id, &user.id).await.unwrap();
    }
    let members = d.members(&group.id, &all(None)).await.unwrap();
    assert_eq!(members.items, [ann.clone(), bob.clone()]);
    assert_eq!(UserDirectory::groups(d.as_ref(), &ann.id).await.unwrap(), std::slice::from_ref(&group));
    let second = ListRequest { search: None, page: PageRequest { offset: 1, limit: 1 } };
    assert_eq!(d.members(&group.id, &second).await.unwrap().items, [bob]);
    for _ in 0..2 {
        d.remove_member(&group.id, &ann.id).await.unwrap();
    }
    assert!(UserDirectory::groups(d.as_ref(), &ann.id).await.unwrap().is_empty());
    assert!(is_missing(d.add_member(&group.id, &Username::parse("nobody").unwrap()).await));
    assert!(is_missing(d.add_member(&GroupId::parse("none").unwrap(), &ann.id).await));
}

pub async fn a_deleted_group_is_missing_and_nobody_is_in_it(d: Fresh) {
    let ann = person(&d, "ann").await;
    let group = GroupDirectory::create(d.as_ref(), &name("A group")).await.unwrap();
    d.add_member(&group.id, &ann.id).await.unwrap();
    GroupDirectory::delete(d.as_ref(), &group.id).await.unwrap();
    assert!(is_missing(GroupDirectory::delete(d.as_ref(), &group.id).await));
    assert!(is_missing(GroupDirectory::find(d.as_ref(), &group.id).await));
    assert!(UserDirectory::groups(d.as_ref(), &ann.id).await.unwrap().is_empty());
    GroupDirectory::create(d.as_ref(), &group.name).await.unwrap();
}

pub async fn roles_hold_permissions_that_there_are(d: Fresh) {
    api(&d, "one-api", &["read:users", "write:*"]).await;
    api(&d, "two-api", &["write:*"]).await;
    let (read, write, other) =
        (permission("one-api", "read:users"), permission("one-api", "write:*"), permission("two-api", "write:*"));
    let made = role("Web Modeler", &[read.clone(), other.clone()]);
    RoleDirectory::create(d.as_ref(), &made).await.unwrap();
    assert_eq!(RoleDirectory::find(d.as_ref(), &made.id).await.unwrap(), made);
    assert!(RoleDirectory::list(d.as_ref(), &all(None)).await.unwrap().items[0].permissions.is_empty());
    for _ in 0..2 {
        RoleDirectory::grant_permission(d.as_ref(), &made.id, &write).await.unwrap();
        RoleDirectory::revoke_permission(d.as_ref(), &made.id, &other).await.unwrap();
    }
    let found = RoleDirectory::find(d.as_ref(), &made.id).await.unwrap();
    assert_eq!(found.permissions, [read, write].into());
    for unknown in [permission("one-api", "no"), permission("no-api", "write:*")] {
        assert!(is_missing(RoleDirectory::grant_permission(d.as_ref(), &made.id, &unknown).await));
        assert!(is_missing(RoleDirectory::create(d.as_ref(), &role("Half", &[unknown])).await));
    }
    assert!(is_missing(RoleDirectory::find(d.as_ref(), &role_id("Half")).await));
}

pub async fn roles_have_any_name_but_each_once(d: Fresh) {
    for text in ["Web Modeler", "Console & DevOps", "a/b", "Grüße; 100 %", "x?y#z"] {
        let made = role(text, &[]);
        RoleDirectory::create(d.as_ref(), &made).await.unwrap();
        assert_eq!(RoleDirectory::find(d.as_ref(), &made.id).await.unwrap(), made);
        assert!(is_conflict(RoleDirectory::create(d.as_ref(), &made).await), "{text}");
        let description = Description::parse("Something else").unwrap();
        d.describe(&made.id, &description).await.unwrap();
        assert_eq!(RoleDirectory::find(d.as_ref(), &made.id).await.unwrap().description, description);
    }
    assert_eq!(RoleDirectory::list(d.as_ref(), &all(Some("MODEL"))).await.unwrap().items.len(), 1);
}

pub async fn people_and_groups_have_roles(d: Fresh) {
    let ann = person(&d, "ann").await;
    let group = GroupDirectory::create(d.as_ref(), &name("A group")).await.unwrap();
    for text in ["b/c", "a"] {
        RoleDirectory::create(d.as_ref(), &role(text, &[])).await.unwrap();
        for _ in 0..2 {
            UserDirectory::assign_role(d.as_ref(), &ann.id, &role_id(text)).await.unwrap();
            GroupDirectory::assign_role(d.as_ref(), &group.id, &role_id(text)).await.unwrap();
        }
    }
    let roles = UserDirectory::roles(d.as_ref(), &ann.id).await.unwrap();
    assert_eq!(roles, [role("a", &[]), role("b/c", &[])]);
    assert_eq!(GroupDirectory::roles(d.as_ref(), &group.id).await.unwrap(), roles);
    for _ in 0..2 {
        UserDirectory::unassign_role(d.as_ref(), &ann.id, &role_id("a")).await.unwrap();
        GroupDirectory::unassign_role(d.as_ref(), &group.id, &role_id("a")).await.unwrap();
    }
    assert_eq!(UserDirectory::roles(d.as_ref(), &ann.id).await.unwrap(), roles[1..]);
    assert_eq!(GroupDirectory::roles(d.as_ref(), &group.id).await.unwrap(), roles[1..]);
    assert!(is_missing(UserDirectory::assign_role(d.as_ref(), &ann.id, &role_id("none")).await));
}

pub async fn a_deleted_role_is_nobodys(d: Fresh) {
    let ann = person(&d, "ann").await;
    RoleDirectory::create(d.as_ref(), &role("a/b", &[])).await.unwrap();
    UserDirectory::assign_role(d.as_ref(), &ann.id, &role_id("a/b")).await.unwrap();
    RoleDirectory::delete(d.as_ref(), &role_id("a/b")).await.unwrap();
    assert!(is_missing(RoleDirectory::delete(d.as_ref(), &role_id("a/b")).await));
    assert!(UserDirectory::roles(d.as_ref(), &ann.id).await.unwrap().is_empty());
}

pub async fn clients_are_of_three_kinds(d: Fresh) {
    for (id, kind) in
        [("app", ClientKind::Confidential), ("machine", ClientKind::MachineToMachine), ("spa", ClientKind::Public)]
    {
        let new = new_client(id, kind);
        let made = ClientDirectory::create(d.as_ref(), &new).await.unwrap();
        assert_eq!((made.client_id.as_str(), made.kind, &made.name), (id, kind, &new.name));
        assert_eq!(made.root_url, new.root_url.as_ref().filter(|_| kind.signs_in()).map(ToString::to_string));
        assert_eq!(sorted(&made.redirect_uris), sorted(&new.redirect_uris));
        assert_eq!(ClientDirectory::find(d.as_ref(), &made.key).await.unwrap().client_id, made.client_id);
        assert!(is_conflict(ClientDirectory::create(d.as_ref(), &new).await));
    }
    let ids = ["app", "none", "spa"].map(|id| ClientId::parse(id).unwrap());
    let found = ClientDirectory::find_all(d.as_ref(), &ids).await.unwrap();
    assert_eq!(found.len(), 2);
    ClientDirectory::delete(d.as_ref(), &found[0].key).await.unwrap();
    assert!(is_missing(ClientDirectory::delete(d.as_ref(), &found[0].key).await));
    assert_eq!(ClientDirectory::list(d.as_ref(), &all(None)).await.unwrap().items.len(), 2);
}

pub async fn a_clients_id_and_kind_never_change(d: Fresh) {
    let new = new_client("app", ClientKind::Confidential);
    let made = ClientDirectory::create(d.as_ref(), &new).await.unwrap();
    let secret = d.secret(&made.key).await.unwrap();
    let other = vec!["https://other.example/callback".to_owned()];
    let changed =
        ClientChange { name: Some(name("Other name")), root_url: Some(None), redirect_uris: Some(other.clone()) };
    ClientDirectory::update(d.as_ref(), &made.key, &changed).await.unwrap();
    assert_eq!(d.secret(&made.key).await.unwrap(), secret);
    let found = ClientDirectory::find(d.as_ref(), &made.key).await.unwrap();
    assert_eq!((found.client_id, found.kind), (made.client_id, made.kind));
    assert_eq!((found.name.as_str(), found.root_url, found.redirect_uris), ("Other name", None, other));
}

pub async fn a_change_of_a_client_keeps_what_it_does_not_name(d: Fresh) {
    let made = ClientDirectory::create(d.as_ref(), &new_client("app", ClientKind::Confidential)).await.unwrap();
    let renamed = ClientChange { name: Some(name("Other name")), ..ClientChange::default() };
    ClientDirectory::update(d.as_ref(), &made.key, &renamed).await.unwrap();
    let found = ClientDirectory::find(d.as_ref(), &made.key).await.unwrap();
    assert_eq!((found.name.as_str(), &found.root_url), ("Other name", &made.root_url));
    assert_eq!(sorted(&found.redirect_uris), sorted(&made.redirect_uris));
    for (member, change) in [
        ("redirectUris", ClientChange { redirect_uris: Some(vec!["javascript:x".to_owned()]), ..renamed.clone() }),
        ("rootUrl", ClientChange { root_url: Some(Some("not a url".to_owned())), ..renamed.clone() }),
    ] {
        let refused = ClientDirectory::update(d.as_ref(), &made.key, &change).await;
        assert!(matches!(refused, Err(DirectoryError::Member(at, _)) if at == member), "{refused:?}");
    }
    let without = ClientChange { redirect_uris: Some(Vec::new()), ..ClientChange::default() };
    ClientDirectory::update(d.as_ref(), &made.key, &without).await.unwrap();
    let found = ClientDirectory::find(d.as_ref(), &made.key).await.unwrap();
    assert_eq!((found.root_url, found.redirect_uris), (None, Vec::new()), "a root URL alone opens everything below it");
}

fn sorted(uris: &[impl ToString]) -> Vec<String> {
    let mut uris: Vec<String> = uris.iter().map(ToString::to_string).collect();
    uris.sort();
    uris
}

pub async fn secrets_are_read_and_renewed(d: Fresh) {
    let mut given = new_client("app", ClientKind::Confidential);
    given.secret = Some(Secret::new("s3cret".to_owned()));
    let key = ClientDirectory::create(d.as_ref(), &given).await.unwrap().key;
    assert_eq!(d.secret(&key).await.unwrap(), given.secret);
    let renewed = d.renew_secret(&key).await.unwrap();
    assert_ne!(Some(&renewed), given.secret.as_ref());
    assert_eq!(d.secret(&key).await.unwrap(), Some(renewed));
    let machine = new_client("machine", ClientKind::MachineToMachine);
    let machine = ClientDirectory::create(d.as_ref(), &machine).await.unwrap().key;
    assert!(d.secret(&machine).await.unwrap().is_some_and(|secret| secret.expose().len() >= 16));
    let public = ClientDirectory::create(d.as_ref(), &new_client("spa", ClientKind::Public)).await.unwrap().key;
    assert_eq!(d.secret(&public).await.unwrap(), None);
    assert!(matches!(d.renew_secret(&public).await, Err(DirectoryError::Invalid(_))));
}

pub async fn clients_have_permissions(d: Fresh) {
    api(&d, "one-api", &["a/b", "write:*"]).await;
    let (odd, write) = (permission("one-api", "a/b"), permission("one-api", "write:*"));
    let machine = new_client("machine", ClientKind::MachineToMachine);
    let key = ClientDirectory::create(d.as_ref(), &machine).await.unwrap().key;
    assert!(ClientDirectory::permissions(d.as_ref(), &key).await.unwrap().is_empty());
    for _ in 0..2 {
        ClientDirectory::grant_permission(d.as_ref(), &key, &write).await.unwrap();
        ClientDirectory::grant_permission(d.as_ref(), &key, &odd).await.unwrap();
    }
    assert_eq!(ClientDirectory::permissions(d.as_ref(), &key).await.unwrap(), [odd.clone(), write.clone()]);
    for _ in 0..2 {
        ClientDirectory::revoke_permission(d.as_ref(), &key, &odd).await.unwrap();
    }
    assert_eq!(ClientDirectory::permissions(d.as_ref(), &key).await.unwrap(), std::slice::from_ref(&write));
    assert!(is_missing(ClientDirectory::grant_permission(d.as_ref(), &key, &permission("one-api", "no")).await));
    let public = ClientDirectory::create(d.as_ref(), &new_client("spa", ClientKind::Public)).await.unwrap().key;
    assert!(ClientDirectory::permissions(d.as_ref(), &public).await.unwrap().is_empty());
    assert!(matches!(
        ClientDirectory::grant_permission(d.as_ref(), &public, &write).await,
        Err(DirectoryError::Invalid(_))
    ));
}

pub async fn apis_have_permissions_and_with_them_they_go(d: Fresh) {
    let key = api(&d, "one-api", &["write:*"]).await;
    ApiDirectory::rename(d.as_ref(), &key, &name("Renamed")).await.unwrap();
    let found = ApiDirectory::find(d.as_ref(), &key).await.unwrap();
    assert_eq!((found.name.as_str(), found.audience.as_str()), ("Renamed", "one-api"));
    d.add_permission(&key, &api_permission("a/b")).await.unwrap();
    assert!(is_conflict(d.add_permission(&key, &api_permission("a/b")).await));
    let known = ApiDirectory::permissions(d.as_ref(), &key).await.unwrap();
    assert_eq!(known, [api_permission("a/b"), api_permission("write:*")]);
    let held = [permission("one-api", "a/b"), permission("one-api", "write:*")];
    RoleDirectory::create(d.as_ref(), &role("Some", &held)).await.unwrap();
    d.remove_permission(&key, &held[0].definition).await.unwrap();
    assert!(is_missing(d.remove_permission(&key, &held[0].definition).await));
    let some = RoleDirectory::find(d.as_ref(), &role_id("Some")).await.unwrap();
    assert_eq!(some.permissions, [held[1].clone()].into());
    ApiDirectory::delete(d.as_ref(), &key).await.unwrap();
    assert!(is_missing(ApiDirectory::find(d.as_ref(), &key).await));
    assert!(RoleDirectory::find(d.as_ref(), &role_id("Some")).await.unwrap().permissions.is_empty());
}

pub async fn a_client_id_is_one_clients_or_one_apis(d: Fresh) {
    api(&d, "taken", &[]).await;
    assert!(is_conflict(ClientDirectory::create(d.as_ref(), &new_client("taken", ClientKind::Public)).await));
    ClientDirectory::create(d.as_ref(), &new_client("app", ClientKind::Public)).await.unwrap();
    let audience = Audience::parse("app").unwrap();
    assert!(is_conflict(ApiDirectory::create(d.as_ref(), &audience, &name("An API"), &[]).await));
    assert_eq!(ClientDirectory::list(d.as_ref(), &all(None)).await.unwrap().items.len(), 1);
    assert_eq!(ApiDirectory::list(d.as_ref(), &all(None)).await.unwrap().items.len(), 1);
}

pub async fn what_is_somebody_elses_is_not_there(d: Fresh) {
    assert!(ClientDirectory::list(d.as_ref(), &all(None)).await.unwrap().items.is_empty());
    assert!(ApiDirectory::list(d.as_ref(), &all(None)).await.unwrap().items.is_empty());
    assert!(ClientDirectory::find_all(d.as_ref(), &[ClientId::parse(FOREIGN).unwrap()]).await.unwrap().is_empty());
    let created = ClientDirectory::create(d.as_ref(), &new_client(FOREIGN, ClientKind::Public)).await;
    assert!(matches!(created, Err(DirectoryError::Foreign(_))), "{created:?}");
    let audience = Audience::parse(FOREIGN).unwrap();
    let created = ApiDirectory::create(d.as_ref(), &audience, &name("An API"), &[]).await;
    assert!(matches!(created, Err(DirectoryError::Foreign(_))), "{created:?}");
}

pub async fn what_there_is_not_is_missing(d: Fresh) {
    let id = "5f3a1c1e-0000-4000-8000-000000000000";
    let (user, group, key) = (Username::parse(id).unwrap(), GroupId::parse(id).unwrap(), ClientKey::parse(id).unwrap());
    assert!(is_missing(UserDirectory::find(d.as_ref(), &user).await));
    assert!(is_missing(UserDirectory::roles(d.as_ref(), &user).await));
    assert!(is_missing(UserDirectory::groups(d.as_ref(), &user).await));
    assert!(is_missing(GroupDirectory::find(d.as_ref(), &group).await));
    assert!(is_missing(GroupDirectory::roles(d.as_ref(), &group).await));
    assert!(is_missing(d.members(&group, &all(None)).await));
    assert!(is_missing(GroupDirectory::rename(d.as_ref(), &group, &name("x")).await));
    assert!(is_missing(RoleDirectory::find(d.as_ref(), &role_id("none")).await));
    assert!(is_missing(d.describe(&role_id("none"), &Description::default()).await));
    assert!(is_missing(ClientDirectory::find(d.as_ref(), &key).await));
    assert!(is_missing(d.secret(&key).await));
    assert!(is_missing(ClientDirectory::permissions(d.as_ref(), &key).await));
    assert!(is_missing(ApiDirectory::find(d.as_ref(), &key).await));
    assert!(is_missing(ApiDirectory::permissions(d.as_ref(), &key).await));
    for odd in ["../master", "a b", "%2e%2e", "."] {
        assert!(is_missing(UserDirectory::find(d.as_ref(), &Username::parse(odd).unwrap()).await), "{odd}");
        assert!(is_missing(GroupDirectory::find(d.as_ref(), &GroupId::parse(odd).unwrap()).await), "{odd}");
        assert!(is_missing(ClientDirectory::find(d.as_ref(), &ClientKey::parse(odd).unwrap()).await), "{odd}");
    }
}

/// Creates this service's own API, and a role with its permission `write`. Returns the key of the API.
async fn administration(d: &Fresh) -> ClientKey {
    let key = api(d, IDENTITY_AUDIENCE, &[READ, WRITE, "read:users"]).await;
    RoleDirectory::create(d.as_ref(), &role("Admin", &[permission(IDENTITY_AUDIENCE, WRITE)])).await.unwrap();
    key
}

pub async fn the_last_user_who_administers_stays(d: Fresh) {
    administration(&d).await;
    let (ann, bob) = (person(&d, "ann").await.id, person(&d, "bob").await.id);
    let admin = role_id("Admin");
    let disabled = DirectoryUserChange { enabled: Some(false), ..DirectoryUserChange::default() };
    UserDirectory::assign_role(d.as_ref(), &ann, &admin).await.unwrap();
    assert!(locks_out(UserDirectory::unassign_role(d.as_ref(), &ann, &admin).await));
    assert!(locks_out(UserDirectory::update(d.as_ref(), &ann, &disabled).await));
    assert!(UserDirectory::find(d.as_ref(), &ann).await.unwrap().enabled);
    assert_eq!(UserDirectory::roles(d.as_ref(), &ann).await.unwrap().len(), 1);
    // Other changes of the user are not restricted.
    let renamed = DirectoryUserChange { first_name: Some(Some(name("Anna"))), ..DirectoryUserChange::default() };
    UserDirectory::update(d.as_ref(), &ann, &renamed).await.unwrap();
    // A disabled user does not administer.
    UserDirectory::assign_role(d.as_ref(), &bob, &admin).await.unwrap();
    UserDirectory::update(d.as_ref(), &bob, &disabled).await.unwrap();
    assert!(locks_out(UserDirectory::unassign_role(d.as_ref(), &ann, &admin).await));
    UserDirectory::unassign_role(d.as_ref(), &bob, &admin).await.unwrap();
    let enabled = DirectoryUserChange { enabled: Some(true), ..DirectoryUserChange::default() };
    UserDirectory::update(d.as_ref(), &bob, &enabled).await.unwrap();
    assert!(locks_out(UserDirectory::update(d.as_ref(), &ann, &disabled).await));
    UserDirectory::assign_role(d.as_ref(), &bob, &admin).await.unwrap();
    UserDirectory::update(d.as_ref(), &ann, &disabled).await.unwrap();
    assert!(locks_out(UserDirectory::unassign_role(d.as_ref(), &bob, &admin).await));
}

pub async fn the_last_role_and_group_that_administer_stay(d: Fresh) {
    administration(&d).await;
    let (ann, bob) = (person(&d, "ann").await.id, person(&d, "bob").await.id);
    let admin = role_id("Admin");
    // While no principal administers, nothing is restricted.
    let unused = role("Unused", &[permission(IDENTITY_AUDIENCE, WRITE)]);
    RoleDirectory::create(d.as_ref(), &unused).await.unwrap();
    RoleDirectory::delete(d.as_ref(), &unused.id).await.unwrap();
    let one = GroupDirectory::create(d.as_ref(), &name("One")).await.unwrap().id;
    GroupDirectory::assign_role(d.as_ref(), &one, &admin).await.unwrap();
    GroupDirectory::unassign_role(d.as_ref(), &one, &admin).await.unwrap();
    GroupDirectory::assign_role(d.as_ref(), &one, &admin).await.unwrap();
    d.add_member(&one, &ann).await.unwrap();
    let write = permission(IDENTITY_AUDIENCE, WRITE);
    assert!(locks_out(RoleDirectory::delete(d.as_ref(), &admin).await));
    assert!(locks_out(RoleDirectory::revoke_permission(d.as_ref(), &admin, &write).await));
    assert!(locks_out(GroupDirectory::unassign_role(d.as_ref(), &one, &admin).await));
    assert!(locks_out(GroupDirectory::delete(d.as_ref(), &one).await));
    assert!(locks_out(d.remove_member(&one, &ann).await));
    assert_eq!(GroupDirectory::roles(d.as_ref(), &one).await.unwrap().len(), 1);
    assert_eq!(RoleDirectory::find(d.as_ref(), &admin).await.unwrap().permissions, [write.clone()].into());
    // Another group without enabled members does not count, and one with such a member does.
    let two = GroupDirectory::create(d.as_ref(), &name("Two")).await.unwrap().id;
    GroupDirectory::assign_role(d.as_ref(), &two, &admin).await.unwrap();
    assert!(locks_out(GroupDirectory::delete(d.as_ref(), &one).await));
    d.add_member(&two, &bob).await.unwrap();
    d.remove_member(&one, &ann).await.unwrap();
    assert!(locks_out(d.remove_member(&two, &bob).await));
    d.add_member(&one, &ann).await.unwrap();
    GroupDirectory::delete(d.as_ref(), &two).await.unwrap();
    assert!(locks_out(GroupDirectory::delete(d.as_ref(), &one).await));
    // Another role with the permission counts while an enabled user holds it.
    let other = role("Other", std::slice::from_ref(&write));
    RoleDirectory::create(d.as_ref(), &other).await.unwrap();
    UserDirectory::assign_role(d.as_ref(), &bob, &other.id).await.unwrap();
    RoleDirectory::revoke_permission(d.as_ref(), &admin, &write).await.unwrap();
    assert!(locks_out(RoleDirectory::revoke_permission(d.as_ref(), &other.id, &write).await));
    RoleDirectory::delete(d.as_ref(), &admin).await.unwrap();
    assert!(locks_out(RoleDirectory::delete(d.as_ref(), &other.id).await));
}

pub async fn the_last_application_that_administers_stays(d: Fresh) {
    administration(&d).await;
    let write = permission(IDENTITY_AUDIENCE, WRITE);
    let job = ClientDirectory::create(d.as_ref(), &new_client("job", ClientKind::MachineToMachine)).await.unwrap().key;
    ClientDirectory::grant_permission(d.as_ref(), &job, &write).await.unwrap();
    assert!(locks_out(ClientDirectory::revoke_permission(d.as_ref(), &job, &write).await));
    assert!(locks_out(ClientDirectory::delete(d.as_ref(), &job).await));
    let ann = person(&d, "ann").await.id;
    UserDirectory::assign_role(d.as_ref(), &ann, &role_id("Admin")).await.unwrap();
    ClientDirectory::revoke_permission(d.as_ref(), &job, &write).await.unwrap();
    ClientDirectory::delete(d.as_ref(), &job).await.unwrap();
    assert!(locks_out(RoleDirectory::delete(d.as_ref(), &role_id("Admin")).await));
}

pub async fn the_api_of_this_service_stays(d: Fresh) {
    let key = administration(&d).await;
    assert!(locks_out(ApiDirectory::delete(d.as_ref(), &key).await));
    for definition in [READ, WRITE] {
        assert!(locks_out(d.remove_permission(&key, &PermissionName::parse(definition).unwrap()).await));
    }
    // Its name and its other permissions can be changed.
    ApiDirectory::rename(d.as_ref(), &key, &name("Renamed")).await.unwrap();
    d.add_permission(&key, &api_permission("more")).await.unwrap();
    d.remove_permission(&key, &PermissionName::parse("more").unwrap()).await.unwrap();
    d.remove_permission(&key, &PermissionName::parse("read:users").unwrap()).await.unwrap();
    assert_eq!(ApiDirectory::permissions(d.as_ref(), &key).await.unwrap().len(), 2);
}
