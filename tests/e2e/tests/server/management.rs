//! `/api` by resource: create, list, read, update and delete, in exactly the documented formats.

mod access;
mod audit_log;
mod bulk;
mod containers;
mod lists;
mod memberships;
mod versions;

use identity_testkit::Api;
use serde_json::{Value, json};

use crate::support::created;

/// Audience of the management API.
const API: &str = "camunda-identity-resource-server";

fn user(id: &str) -> Value {
    json!({"id": id, "username": id, "name": id, "email": "", "enabled": true})
}

async fn group(api: &Api, name: &str) -> String {
    let group = created(api.post("/api/groups", &json!({"name": name})).await);
    group["id"].as_str().expect("an id").to_owned()
}

/// Creates an entity and asserts the returned representation.
async fn shows_created(api: &Api, path: &str, body: &Value, expected: &Value) {
    assert_eq!(created(api.post(path, body).await), *expected);
}
