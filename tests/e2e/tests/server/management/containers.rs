//! Groups, roles and tenants, with their members and permissions.

use serde_json::json;

use super::{API, group, shows_created, user};
use crate::support::{Site, Store, column, created, done, lists, refused, shows};

on_each_store!(groups, roles_and_permissions, tenants_and_their_members, clients_may_send_null_and_what_they_have_read,);

async fn groups(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    lists(api.get("/api/groups").await, &json!([]));

    // The name is trimmed. Organizations are accepted and ignored, as clients of the replaced service expect.
    let group = created(api.post("/api/groups", &json!({"name": " Sales ", "organizationId": ""})).await);
    let id = group["id"].as_str().expect("an id").to_owned();
    assert_eq!(group, json!({"id": id, "name": "Sales", "organizationId": ""}));
    lists(api.get("/api/groups?organizationId=").await, &json!([group]));
    let at = format!("/api/groups/{id}");
    shows(api.get(&at).await, &group);
    done(api.put(&at, &json!({"name": "Vertrieb"})).await);
    shows(api.get(&at).await, &json!({"id": id, "name": "Vertrieb", "organizationId": ""}));

    let users = format!("{at}/users");
    shows(api.get(&users).await, &json!([]));
    done(api.post(&users, &json!({"userId": "ben", "organizationId": ""})).await);
    done(api.post(&users, &json!({"userId": "ann"})).await);
    refused(&api.post(&users, &json!({"userId": "ann"})).await, 409, "already_member");
    shows(api.get(&users).await, &json!([user("ann"), user("ben")]));
    shows(site.user("ann").get("/api/groups/for-token").await, &json!([id]));
    done(api.delete(&format!("{users}/ben")).await);
    refused(&api.delete(&format!("{users}/ben")).await, 404, "not_member");
    shows(api.get(&users).await, &json!([user("ann")]));

    let roles = format!("{at}/roles");
    done(api.post(&roles, &json!({"roleName": "Web Modeler"})).await);
    shows(api.get(&roles).await, &json!([{"name": "Web Modeler", "description": "Full access to Web Modeler"}]));
    shows(site.user("ann").get("/api/me/permissions").await, &json!(["read:users"]));
    refused(&api.post(&roles, &json!({"roleName": "Nobody"})).await, 404, "missing");
    done(api.delete(&format!("{roles}/Web%20Modeler")).await);
    shows(api.get(&roles).await, &json!([]));

    let body = json!({"entityId": id, "entityType": "GROUP", "resourceKey": "*", "resourceType": "decision-definition",
        "permissions": ["READ"]});
    done(api.put("/api/authorizations", &body).await);
    let held = json!([{"resourceKey": "*", "resourceType": "decision-definition", "permissions": ["READ"]}]);
    shows(api.get(&format!("{at}/authorizations")).await, &held);

    // Deleting the group also removes its memberships and authorizations.
    done(api.delete(&at).await);
    lists(api.get("/api/groups").await, &json!([]));
    shows(site.user("ann").get("/api/groups/for-token").await, &json!([]));
    shows(site.user("ann").get("/api/authorizations/for-token").await, &json!([]));
    for below in ["", "/users", "/roles", "/authorizations"] {
        refused(&api.get(&format!("{at}{below}")).await, 404, "missing");
    }
    refused(&api.put(&at, &json!({"name": "x"})).await, 404, "missing");
    refused(&api.delete(&at).await, 404, "missing");
    refused(&api.post(&users, &json!({"userId": "ann"})).await, 404, "missing");
}

async fn roles_and_permissions(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let presets = column(&api.get("/api/roles").await.expect_status(200).json(), "name");
    for role in ["ManagementIdentity", "Optimize", "Console", "Web Modeler", "Web Modeler Admin", "Orchestration"] {
        assert!(presets.iter().any(|name| name == role), "no {role} in {presets:?}");
    }
    // The cluster's default roles are not listed: clients of this API copy listed roles, and cannot create or change
    // these.
    assert!(!presets.iter().any(|name| name == "admin"), "{presets:?}");
    let all = api.get("/api/roles?clusterRoles=true&search=admin").await.expect_status(200).json();
    assert!(column(&all, "name").iter().any(|name| name == "admin"), "{all}");
    let permission =
        |definition: &str, audience: &str| json!({"definition": definition, "resourceServerAudience": audience});
    let identity = json!([permission("read", API), permission("write", API)]);
    shows(api.get("/api/roles/ManagementIdentity/permissions").await, &identity);

    let body = json!({"name": "Auditor", "description": "Looks", "permissions": [permission("read", API)]});
    shows_created(&api, "/api/roles", &body, &json!({"name": "Auditor", "description": "Looks"})).await;
    refused(&api.post("/api/roles", &body).await, 409, "exists");
    done(api.put("/api/roles/Auditor", &json!({"description": "Looks twice", "name": "Auditor"})).await);
    shows(api.get("/api/roles/Auditor").await, &json!({"name": "Auditor", "description": "Looks twice"}));
    refused(&api.put("/api/roles/Auditor", &json!({"description": "", "name": "Other"})).await, 400, "role_name");

    let permissions = "/api/roles/Auditor/permissions";
    done(api.post(permissions, &permission("write:*", "optimize-api")).await);
    done(api.post(permissions, &permission("write:*", "optimize-api")).await);
    shows(api.get(permissions).await, &json!([permission("read", API), permission("write:*", "optimize-api")]));
    site.give("ann", &["Auditor"]).await;
    shows(site.user("ann").get("/api/me/permissions?audience=optimize-api").await, &json!(["write:*"]));
    done(api.delete(&format!("{permissions}/optimize-api/write%3A%2A")).await);
    refused(&api.delete(&format!("{permissions}/optimize-api/write:*")).await, 404, "missing");
    shows(api.get(permissions).await, &json!([permission("read", API)]));

    done(api.delete("/api/roles/Auditor").await);
    refused(&api.get("/api/roles/Auditor").await, 404, "missing");
    refused(&api.get(permissions).await, 404, "missing");
    refused(&api.delete("/api/roles/Auditor").await, 404, "missing");
    refused(&site.user("ann").get("/api/roles").await, 403, "forbidden");
    assert_eq!(column(&api.get("/api/roles").await.json(), "name"), presets);
}

async fn tenants_and_their_members(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let default = json!({"tenantId": "<default>", "name": "Default"});
    lists(api.get("/api/tenants").await, &json!([default]));
    shows(api.get("/api/tenants/%3Cdefault%3E").await, &default);

    let acme = json!({"tenantId": "acme", "name": "Acme Inc."});
    shows_created(&api, "/api/tenants", &acme, &acme).await;
    refused(&api.post("/api/tenants", &acme).await, 409, "exists");
    lists(api.get("/api/tenants").await, &json!([default, acme]));
    done(api.put("/api/tenants/acme", &json!({"name": "Acme"})).await);
    let acme = json!({"tenantId": "acme", "name": "Acme"});
    shows(api.get("/api/tenants/acme").await, &acme);
    let renamed = api.put("/api/tenants/acme", &json!({"name": "Acme", "tenantId": "other"})).await;
    assert_eq!(refused(&renamed, 400, "invalid")["errors"], json!(["tenantId.invalid"]));

    let sales = group(&api, "Sales").await;
    for (kind, field, ids) in [
        ("users", "userIds", vec!["ann", "ben"]),
        ("groups", "groupIds", vec![&*sales]),
        ("applications", "applicationIds", vec!["svc"]),
    ] {
        let at = format!("/api/tenants/acme/{kind}");
        shows(api.get(&at).await, &json!([]));
        done(api.post(&at, &json!({field: ids})).await);
        // The request is atomic.
        let more = json!({field: ["zoe", ids[0]]});
        let problem = refused(
            &api.post(&at, &more).await,
            if kind == "groups" { 404 } else { 409 },
            if kind == "groups" { "missing" } else { "already_member" },
        );
        if kind != "groups" {
            assert_eq!(problem["errors"], json!(["ALREADY_EXISTS"]));
        }
    }
    shows(api.get("/api/tenants/acme/users").await, &json!([user("ann"), user("ben")]));
    shows(api.get("/api/tenants/acme/groups").await, &json!([{"id": sales, "name": "Sales"}]));
    let svc = json!([{"id": "svc", "clientId": "svc", "name": "svc", "type": "M2M"}]);
    shows(api.get("/api/tenants/acme/applications").await, &svc);
    for (id, kind) in [("ann", "USER"), (&*sales, "GROUP"), ("svc", "APPLICATION")] {
        shows(api.get(&format!("/api/tenants?memberId={id}&memberType={kind}")).await, &json!([acme]));
    }
    shows(api.get("/api/tenants?memberId=zoe&memberType=USER").await, &json!([]));
    refused(&api.get("/api/tenants?memberId=zoe").await, 400, "member");
    refused(&api.get("/api/tenants?memberId=zoe&memberType=ROLE").await, 400, "query");
    shows(site.user("ann").get("/api/tenants/for-token").await, &json!([acme]));
    let client = site.anonymous().bearer(site.forge.token(&json!({"client": "svc"})));
    shows(client.get("/api/tenants/for-token").await, &json!([acme]));

    done(api.delete("/api/tenants/acme/users/ben").await);
    refused(&api.delete("/api/tenants/acme/users/ben").await, 404, "not_member");
    done(api.delete(&format!("/api/tenants/acme/groups/{sales}")).await);
    done(api.delete("/api/tenants/acme/applications/svc").await);
    shows(api.get("/api/tenants/acme/users").await, &json!([user("ann")]));
    shows(api.get("/api/tenants/acme/groups").await, &json!([]));
    shows(api.get("/api/tenants/acme/applications").await, &json!([]));

    // Clients of the replaced service send an empty object.
    let delete = api.request(reqwest::Method::DELETE, "/api/tenants/acme").json(&json!({}));
    done(api.send(delete).await);
    lists(api.get("/api/tenants").await, &json!([default]));
    shows(site.user("ann").get("/api/tenants/for-token").await, &json!([]));
    refused(&api.get("/api/tenants/acme").await, 404, "missing");
    refused(&api.get("/api/tenants/acme/users").await, 404, "missing");
    refused(&api.post("/api/tenants/acme/users", &json!({"userIds": []})).await, 404, "missing");
}

/// As in the replaced service, optional members may be null, and unknown members are ignored.
async fn clients_may_send_null_and_what_they_have_read(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let role = json!({"name": "Echo", "description": null, "permissions": null, "displayName": null, "id": "7"});
    created(api.post("/api/roles", &role).await);
    let permission =
        json!({"id": "1", "definition": "read", "resourceServerAudience": "a-api", "resourceServerId": "2"});
    done(api.post("/api/roles/Echo/permissions", &permission).await);
    let mut shown = api.get("/api/roles/Echo").await.expect_status(200).json();
    shown["permissions"] = json!([permission]);
    done(api.put("/api/roles/Echo", &shown).await);
    let group = created(api.post("/api/groups", &json!({"name": "Echo", "organizationId": null, "id": "x"})).await);
    let path = format!("/api/groups/{}", group["id"].as_str().expect("an id"));
    done(api.put(&path, &api.get(&path).await.json()).await);
    created(api.post("/api/tenants", &json!({"tenantId": "echo", "name": "Echo", "members": []})).await);
    done(api.put("/api/tenants/echo", &json!({"name": "Echo", "tenantId": null, "members": []})).await);
    let rule = json!({"name": "echo", "claimName": "a", "claimValue": "b", "operator": "EQUALS", "type": "ROLE",
        "appliedRoleNames": ["Echo"], "appliedTenantIds": null, "appliedGroupIds": null});
    created(api.post("/api/mapping-rules", &rule).await);
}
