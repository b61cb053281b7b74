//! Timestamps in requests and responses: parsed in every ISO 8601 form that clients send, and written so that they sort
//! as texts.

use serde_json::{Value, json};

use crate::support::{Local, Store};

on_each_store!(times_without_seconds_are_read_and_all_are_written_in_one_form);

fn times(entries: &Value) -> Vec<String> {
    let entries = entries.as_array().expect("entries");
    entries.iter().map(|entry| entry["timestamp"].as_str().expect("a time").to_owned()).collect()
}

async fn times_without_seconds_are_read_and_all_are_written_in_one_form(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    let search = async |filter: Value| {
        let query = json!({"filter": filter, "page": {"limit": 1000}});
        api.post("/v2/audit-logs/search", &query).await.expect_status(200).json()["items"].clone()
    };
    let all = times(&search(json!({})).await);
    assert!(!all.is_empty());
    for (past, future) in [
        ("2020-01-01T00:00Z", "2120-01-01T00:00Z"),
        ("2020-01-01T00:00:00Z", "2120-01-01T00:00:00+01:00"),
        ("2020-01-01T02:00+02:00", "2120-01-01T00:00:00.000Z"),
    ] {
        let between = json!({"timestamp": {"$gte": past, "$lt": future}});
        assert_eq!(times(&search(between).await), all, "{past} {future}");
        assert_eq!(times(&search(json!({"timestamp": {"$gte": future}})).await), [""; 0], "{future}");
        let query = |from: &str, to: &str| {
            let (from, to) = (from.replace('+', "%2B"), to.replace('+', "%2B"));
            format!("/api/audit-log?from={from}&to={to}&resultSize=1000")
        };
        let found = api.get(&query(past, future)).await.expect_status(200).json();
        assert!(found.as_array().is_some_and(|found| found.len() >= all.len()), "{past} {future}: {found}");
        assert_eq!(api.get(&query(future, future)).await.expect_status(200).json(), json!([]), "{future}");
        let lengths: Vec<usize> = times(&found).iter().chain(&all).map(String::len).collect();
        assert!(lengths.iter().all(|length| *length == lengths[0]), "{found}");
    }
}
