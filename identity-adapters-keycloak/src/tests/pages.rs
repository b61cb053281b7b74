//! Lists of any length are read in calls of at most 500 elements.

use identity_core::port::{GroupDirectory, UserDirectory};
use identity_core::search::{ListRequest, PageRequest};
use identity_core::value::{GroupId, Username};
use serde_json::{Value, json};

use super::fake::Fake;

fn many(count: usize, of: impl Fn(usize) -> Value) -> Value {
    Value::Array((0..count).map(of).collect())
}

fn largest(asked: &[String]) -> usize {
    let max = |target: &String| target.split(['?', '&']).find_map(|part| part.strip_prefix("max=")?.parse().ok());
    asked.iter().filter_map(max).max().unwrap_or(0)
}

#[tokio::test]
async fn a_list_without_a_page_is_read_in_parts() {
    let users = || many(1_234, |n| json!({"id": format!("u{n}"), "username": format!("user{n}")}));
    let groups =
        || many(1_500, |n| json!({"id": format!("g{n}"), "name": format!("group{n}"), "path": format!("/group{n}")}));
    let fake = Fake::default()
        .with("/users", users())
        .with("/users/count", json!(1_234))
        .with("/groups", groups())
        .with("/groups/count", json!({"count": 1_500}))
        .with("/groups/g/members", users())
        .with("/users/u/groups", groups());
    let (keycloak, _server) = fake.start().await;
    let page = |offset, limit| ListRequest { search: None, page: PageRequest { offset, limit } };
    let listed = UserDirectory::list(&keycloak, &page(0, 10_000)).await.unwrap();
    assert_eq!((listed.items.len(), listed.total), (1_234, Some(1_234)));
    assert_eq!(listed.items[1_233].id.as_str(), "u1233");
    assert_eq!(GroupDirectory::list(&keycloak, &page(0, 10_000)).await.unwrap().items.len(), 1_500);
    let group = GroupId::parse("g").unwrap();
    let members = keycloak.members(&group, &page(0, 10_000)).await.unwrap();
    assert_eq!((members.items.len(), members.total), (1_234, Some(1_234)));
    assert_eq!(UserDirectory::groups(&keycloak, &Username::parse("u").unwrap()).await.unwrap().len(), 1_500);
    let asked = fake.asked();
    assert!(largest(&asked) <= 500, "{asked:?}");
    // A page that begins in the middle of the list and requires several calls.
    let listed = UserDirectory::list(&keycloak, &page(400, 700)).await.unwrap();
    assert_eq!((listed.items.len(), listed.items[0].id.as_str()), (700, "u400"));
    let members = keycloak.members(&group, &page(1_000, 100)).await.unwrap();
    assert_eq!((members.items.len(), members.total), (100, None));
}
