//! `/api`, resource by resource: created, listed, shown, changed, deleted, in exactly the documented shapes.

mod access;
mod audit_log;
mod containers;
mod lists;
mod memberships;

use identity_testkit::Api;
use serde_json::{Value, json};

use crate::support::created;

/// The audience of the API itself.
const API: &str = "camunda-identity-resource-server";

fn user(id: &str) -> Value {
    json!({"id": id, "username": id, "name": id, "email": ""})
}

async fn group(api: &Api, name: &str) -> String {
    let group = created(api.post("/api/groups", &json!({"name": name})).await);
    group["id"].as_str().expect("an id").to_owned()
}

/// Creates something, which is then the answer to its creation.
async fn shows_created(api: &Api, path: &str, body: &Value, expected: &Value) {
    assert_eq!(created(api.post(path, body).await), *expected);
}
