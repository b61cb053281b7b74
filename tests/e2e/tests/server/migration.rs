//! Published migration job in its mode `OIDC`, from a server of the profile `oidc` to another.

use std::collections::BTreeMap;

use identity_e2e::migration::{Job, Outcome, normalized};
use identity_testkit::Api;
use serde_json::{Value, json};

use crate::support::{ROOT, Site, Store, column, created, done, oidc, rule};

on_each_store!(roles_tenants_and_mapping_rules_move_once);

const API: &str = "camunda-identity-resource-server";

async fn items(api: &Api, path: &str) -> Vec<Value> {
    let page = api.post(path, &json!({"page": {"limit": 1000}})).await.expect_status(200).json();
    page["items"].as_array().expect("a list").clone()
}

async fn ids(api: &Api, path: &str, key: &str) -> Vec<String> {
    let mut ids = column(&Value::Array(items(api, path).await), key);
    ids.sort();
    ids
}

fn permission(audience: &str, definition: &str) -> Value {
    json!({"resourceServerAudience": audience, "definition": definition})
}

/// Creates roles, tenants and rules. Returns an API client of `migrator` with read permission.
async fn fill(site: &Site) -> Api {
    let api = site.admin();
    for (name, description, permissions) in [
        ("Migration", "", vec![permission(API, "read")]),
        ("Sales Clerk", "Vertrieb", vec![permission("operate-api", "read:*"), permission("tasklist-api", "write:*")]),
        ("Betrieb Süd", "", vec![permission("operate-api", "read:*"), permission("operate-api", "write:*")]),
        ("Of another API", "", vec![permission("orders-api", "read")]),
        ("empty", "", vec![]),
        // The job derives the ID of a default role from this name.
        ("Admin", "Everything", vec![permission(API, "write"), permission("operate-api", "write:*")]),
    ] {
        created(
            api.post("/api/roles", &json!({"name": name, "description": description, "permissions": permissions}))
                .await,
        );
    }
    let shown = json!({"name": "with-a-name", "displayName": "With a name"});
    created(api.post("/api/roles", &shown).await);
    for (tenant, name) in [("acme", "Acme"), ("Globex-2", "Globex & Sons")] {
        created(api.post("/api/tenants", &json!({"tenantId": tenant, "name": name})).await);
    }
    created(api.post("/api/groups", &json!({"name": "crew"})).await);
    for body in [
        rule("migration", ("client", "migrator"), "ROLE", &["Migration"]),
        rule("Everybody in Sales", ("department", "sales"), "ROLE", &["Sales Clerk", "Betrieb Süd"]),
        rule("acme people", ("$.org.tenants", "acme"), "TENANT", &["acme", "Globex-2"]),
        rule("crew", ("department", "crew"), "GROUP", &[]),
        rule("nothing yet", ("department", "none"), "ROLE", &[]),
    ] {
        created(api.post("/api/mapping-rules", &body).await);
    }
    site.server.http().bearer(site.forge.token(&json!({"client": "migrator", "sub": "migrator"})))
}

/// Returns the mapping rules of roles and tenants of the cluster, by ID.
async fn holdings(api: &Api) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for (holder, key) in [("roles", "roleId"), ("tenants", "tenantId")] {
        for id in ids(api, &format!("/v2/{holder}/search"), key).await {
            let path = id.replace('<', "%3C").replace('>', "%3E");
            let rules = ids(api, &format!("/v2/{holder}/{path}/mapping-rules/search"), "mappingRuleId").await;
            all.insert(format!("{holder} {id}"), rules);
        }
    }
    all
}

async fn roles_tenants_and_mapping_rules_move_once(store: Store) {
    let site = Site::start(store).await;
    let source = fill(&site).await;
    let fresh = Store::sqlite();
    let target = oidc(&fresh, site.forge.issuer(), ROOT).start().await;
    let admin = target.http().bearer(site.forge.token(&json!({"sub": ROOT})));
    let before = ids(&admin, "/v2/roles/search", "roleId").await;
    let rules_before = ids(&admin, "/v2/mapping-rules/search", "mappingRuleId").await;

    let job = Job { source: source.clone(), target: admin.clone() };
    let first = job.oidc().await.unwrap_or_else(|stop| panic!("{stop}"));
    assert!(first.created > 20 && first.skipped.is_empty(), "{first:?}");
    let second = job.oidc().await.unwrap_or_else(|stop| panic!("{stop}"));
    let all = first.created + first.existed;
    assert_eq!(second, Outcome { created: 0, existed: all, ..Outcome::default() });

    // The target has the entities of the source, with the IDs that the job derives.
    let roles = column(&source.get("/api/roles").await.expect_status(200).json(), "name");
    let mut expected: Vec<String> = roles.iter().map(|name| normalized(name)).chain(before).collect();
    expected.sort();
    expected.dedup();
    assert_eq!(ids(&admin, "/v2/roles/search", "roleId").await, expected);
    let clerk = admin.get("/v2/roles/sales_clerk").await.expect_status(200).json();
    assert_eq!(clerk, json!({"roleId": "sales_clerk", "name": "Sales Clerk", "description": "Vertrieb"}));

    let mut tenants = items(&admin, "/v2/tenants/search").await;
    tenants.sort_by_key(|tenant| tenant["tenantId"].to_string());
    let shown: Vec<_> = tenants.iter().map(|tenant| (tenant["tenantId"].clone(), tenant["name"].clone())).collect();
    let known = [("<default>", "Default"), ("acme", "Acme"), ("globex-2", "Globex & Sons")];
    assert_eq!(shown, known.map(|(id, name)| (json!(id), json!(name))));

    let rules = source.get("/api/mapping-rules").await.expect_status(200).json();
    let moved = items(&admin, "/v2/mapping-rules/search").await;
    let held = holdings(&admin).await;
    for rule in rules.as_array().expect("a list") {
        let id = normalized(rule["name"].as_str().expect("a name"));
        let same = json!({"mappingRuleId": id, "name": rule["name"], "claimName": rule["claimName"],
            "claimValue": rule["claimValue"]});
        assert!(moved.contains(&same), "{same} is not among {moved:?}");
        for (key, name, holder) in [("appliedRoles", "name", "roles"), ("appliedTenants", "tenantId", "tenants")] {
            for applied in column(&rule[key], name) {
                let holder = format!("{holder} {}", normalized(&applied));
                assert!(held[&holder].contains(&id), "{holder} has {:?} and not {id}", held[&holder]);
            }
        }
    }
    let mut expected: Vec<String> = column(&rules, "name").iter().map(|name| normalized(name)).collect();
    expected.extend(rules_before);
    expected.sort();
    expected.dedup();
    assert_eq!(ids(&admin, "/v2/mapping-rules/search", "mappingRuleId").await, expected);

    // A token grants at the target what it grants at the source.
    for claims in [
        json!({"sub": "ann", "department": "sales"}),
        json!({"sub": "ben", "org": {"tenants": ["acme"]}}),
        json!({"sub": "cem", "department": "other"}),
    ] {
        let token = site.forge.token(&claims);
        let there = target.http().bearer(&token).get("/v2/authentication/me").await.expect_status(200).json();
        let here = site.server.http().bearer(&token);
        let mut tenants: Vec<String> = column(&here.get("/api/tenants/for-token").await.json(), "tenantId");
        tenants.iter_mut().for_each(|tenant| *tenant = normalized(tenant));
        tenants.retain(|tenant| tenant != "_default_");
        tenants.sort();
        let mut moved: Vec<String> = column(&there["tenants"], "tenantId");
        moved.retain(|tenant| tenant != "<default>");
        moved.sort();
        assert_eq!(moved, tenants, "{claims}");
        let roles = there["roles"].as_array().expect("a list").len();
        assert_eq!(roles, if claims["department"] == "sales" { 2 } else { 0 }, "{there}");
    }
    let of_clerk = json!({"filter": {"ownerId": "sales_clerk", "ownerType": "ROLE"}, "page": {"limit": 100}});
    let found = admin.post("/v2/authorizations/search", &of_clerk).await.expect_status(200).json();
    let mut grants: Vec<(String, String)> = found["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["resourceType"].to_string(), one["permissionTypes"].to_string()))
        .collect();
    grants.sort();
    assert_eq!(grants.len(), 8, "{grants:?}");
    done(admin.delete("/v2/roles/empty").await);
}
