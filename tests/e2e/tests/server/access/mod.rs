//! `/access/v1`: authorization decisions as a service.

mod administration;
mod authzen;
mod authzen_search;
mod explain;
mod inspect;
mod leftovers;
mod look_alikes;
mod misconfigurations;
mod own_types;
mod review;
mod rule_costs;
mod sweep;
mod table;

use serde_json::{Value, json};

use crate::support::{Local, Store, created, done};

/// Starts a server with users for access decisions. `ann` may approve invoices that she owns, read invoice 1 and, as a
/// member of `staff`, list all invoices. `bob` is also a member of `staff`. `pdp` may request decisions about invoices
/// and tasks only.
pub async fn site(store: Store) -> Local {
    let launch = store.launch(&["dev"]).env("IDENTITY_SERVER_PUBLIC_URL", "https://pdp.example.com/tenant1");
    let local = Local { server: launch.start().await, launch, store };
    let api = local.admin();
    for name in ["ann", "bob", "pdp"] {
        local.user(name).await;
    }
    let kind = json!({"type": "invoice", "supportedPermissions": ["approve", "list", "read"], "properties": ["owner", "site"]});
    created(api.post("/api/resource-types", &kind).await);
    created(api.post("/v2/groups", &json!({"groupId": "people", "name": "People"})).await);
    created(api.post("/v2/roles", &json!({"roleId": "staff", "name": "Staff"})).await);
    for path in ["/v2/groups/people/users/ann", "/v2/roles/staff/groups/people", "/v2/roles/staff/users/bob"] {
        done(api.put(path, &json!({})).await);
    }
    grant(&local, ("ROLE", "staff"), ("invoice", "*"), "list", Value::Null).await;
    grant(&local, ("USER", "ann"), ("invoice", "1"), "read", Value::Null).await;
    let own = json!([{"property": "resource.owner", "operator": "CONTAINS_CALLER"}]);
    grant(&local, ("GROUP", "people"), ("invoice", "*"), "approve", own).await;
    for kind in ["invoice", "USER_TASK", "nothing", "tenant", "api"] {
        for permission in ["EVALUATE", "SEARCH"] {
            grant(&local, ("USER", "pdp"), ("POLICY_DECISION", kind), permission, Value::Null).await;
        }
    }
    local
}

/// Grants a permission on a resource.
pub async fn grant(local: &Local, owner: (&str, &str), on: (&str, &str), permission: &str, condition: Value) {
    let mut body = json!({"entityType": owner.0, "entityId": owner.1, "resourceType": on.0, "resourceKey": on.1,
        "permission": permission});
    if !condition.is_null() {
        body["condition"] = condition;
    }
    done(local.admin().post("/api/authorizations", &body).await);
}

/// Builds an evaluation request.
pub fn ask(who: (&str, &str), action: &str, what: (&str, &str)) -> Value {
    json!({"subject": {"type": who.0, "id": who.1}, "action": {"name": action}, "resource": {"type": what.0, "id": what.1}})
}
