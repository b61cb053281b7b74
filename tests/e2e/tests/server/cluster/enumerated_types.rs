//! Strict clients only accept the resource types that the Orchestration Cluster API enumerates. Authorizations on other
//! types are returned on request only.

use serde_json::{Value, json};

use super::refused;
use crate::support::{Local, Store, column, created, done};

on_each_store!(authorizations_on_types_that_clients_do_not_know_are_shown_when_asked_for);

async fn authorizations_on_types_that_clients_do_not_know_are_shown_when_asked_for(store: Store) {
    let local = Local::start(store).await;
    let (api, ann) = (local.admin(), local.user("ann").await);
    created(api.post("/api/resource-types", &json!({"type": "invoice", "supportedPermissions": ["read"]})).await);
    let known = local.allow("ann", "MESSAGE", "m", &["READ"]).await;
    let own = local.allow("ann", "invoice", "1", &["read"]).await;
    let decision = local.allow("ann", "POLICY_DECISION", "invoice", &["SEARCH"]).await;
    let managed = json!({"entityType": "USER", "entityId": "ann", "resourceType": "process-definition", "resourceKey": "p", "permission": "READ"});
    done(api.post("/api/authorizations", &managed).await);

    let search = |path: &'static str, body: Value| {
        let (api, ann) = (api.clone(), ann.clone());
        async move {
            let caller = if path.contains("/me/") { &ann } else { &api };
            let found = caller.post(path, &body).await.expect_status(200).json();
            let types = found["items"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|item| item["resourceType"].as_str().map(str::to_owned));
            (types.collect::<Vec<_>>(), found["page"]["totalItems"].as_u64().expect("a total"))
        }
    };
    let of_ann = json!({"filter": {"ownerId": "ann"}});
    // `USER` is the default authorization of users to read themselves.
    let all = ["USER", "MESSAGE", "invoice", "POLICY_DECISION", "process-definition"].map(str::to_owned);
    for path in ["/v2/authorizations/search", "/v2/authentication/me/authorizations/search"] {
        assert_eq!(search(path, of_ann.clone()).await, (all[..2].to_vec(), 2), "{path}");
    }
    for path in
        ["/v2/authorizations/search?resourceTypes=all", "/v2/authentication/me/authorizations/search?resourceTypes=all"]
    {
        assert_eq!(search(path, of_ann.clone()).await, (all.to_vec(), 5), "{path}");
    }
    // The total of an unfiltered list counts the visible entries only.
    let (_, everything) = search("/v2/authorizations/search?resourceTypes=all", json!({})).await;
    let (shown, total) = search("/v2/authorizations/search", json!({"page": {"limit": 1000}})).await;
    assert_eq!(shown.len() as u64, total);
    assert!(total < everything, "{total} of {everything}");
    assert!(shown.iter().all(|kind| *kind == kind.to_uppercase() && kind != "POLICY_DECISION"), "{shown:?}");

    assert_eq!(api.get(&format!("/v2/authorizations/{known}")).await.status, 200);
    for key in [own, decision] {
        assert_eq!(api.get(&format!("/v2/authorizations/{key}")).await.status, 404);
        assert_eq!(api.get(&format!("/v2/authorizations/{key}?resourceTypes=all")).await.status, 200);
    }
    let of_type = json!({"filter": {"resourceType": "invoice"}});
    refused(&api.post("/v2/authorizations/search", &of_type).await, 400, "Bad Request");
    assert_eq!(search("/v2/authorizations/search?resourceTypes=all", of_type).await, (vec!["invoice".to_owned()], 1));
    assert_eq!(api.post("/v2/authorizations/search?resourceTypes=some", &json!({})).await.status, 400);

    // Extensions of the filter.
    for (query, filter, types) in [
        ("search=ANN&permission=SEARCH&resourceTypes=all", json!({}), vec!["POLICY_DECISION"]),
        ("search=INVOI&permission=SEARCH&resourceTypes=all", json!({}), vec!["POLICY_DECISION"]),
        ("permission=READ", of_ann["filter"].clone(), vec!["USER", "MESSAGE"]),
        ("permission=no-such&search=ann", json!({}), vec![]),
    ] {
        let path = format!("/v2/authorizations/search?{query}");
        let found = api.post(&path, &json!({"filter": filter})).await.expect_status(200).json();
        assert_eq!(column(&found["items"], "resourceType"), types, "{query}");
    }
    let long = "x".repeat(257);
    assert_eq!(api.post(&format!("/v2/authorizations/search?search={long}"), &json!({})).await.status, 400);
    for (search, usernames) in [("ANN", vec!["ann"]), ("nothing", vec![])] {
        let found = api.post(&format!("/v2/users/search?search={search}"), &json!({})).await.expect_status(200).json();
        assert_eq!(column(&found["items"], "username"), usernames);
    }
}
