//! `/v2`, the identity part of the Orchestration Cluster API, with local users (docs/reference/orchestration-cluster.md
//! §1 to §8).

mod audit_logs;
mod authorizations;
mod callers;
mod clients;
mod contract;
mod contract_table;
mod entities;
mod enumerated_types;
mod members;
mod protection;
mod references;
mod search_costs;
mod searches;
mod strictness;
mod sweeps;
mod switches;
mod users;

use identity_testkit::{Api, Reply};
use serde_json::{Value, json};

/// Asserts an error response of `/v2`: exactly five members that match the status line. Returns the detail.
#[track_caller]
pub fn refused(reply: &Reply, status: u16, title: &str) -> String {
    let said = (reply.status, reply.header("content-type"));
    assert_eq!(said, (status, Some("application/problem+json")), "{} said {}", reply.url, reply.text);
    let problem = reply.json();
    let detail = problem["detail"].as_str().unwrap_or_default().to_owned();
    assert!(!detail.is_empty(), "{problem}");
    let path = reply.url.path();
    let expected = json!({"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": path});
    assert_eq!(problem, expected, "{path}");
    detail
}

/// Returns the items and the total of a search.
#[track_caller]
pub fn found(reply: Reply) -> (Vec<Value>, u64) {
    let answer = reply.expect_status(200).json();
    let page = &answer["page"];
    let keys: Vec<_> = page.as_object().expect("a page").keys().map(String::as_str).collect();
    assert_eq!(keys, ["endCursor", "hasMoreTotalItems", "startCursor", "totalItems"], "{answer}");
    assert_eq!(page["hasMoreTotalItems"], false, "totals are exact");
    let items = answer["items"].as_array().expect("items").clone();
    for cursor in ["startCursor", "endCursor"] {
        assert_eq!(page[cursor].is_string(), !items.is_empty(), "{page}");
    }
    (items, page["totalItems"].as_u64().expect("a total"))
}

/// Returns one field of all items that a search finds.
pub async fn search(api: &Api, path: &str, body: Value, field: &str) -> Vec<String> {
    let (items, total) = found(api.post(path, &body).await);
    assert_eq!(usize::try_from(total).ok(), Some(items.len()), "one page holds all: {path}");
    items.iter().map(|item| item[field].as_str().unwrap_or_else(|| panic!("no {field}: {item}")).to_owned()).collect()
}
