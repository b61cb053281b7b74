//! `/api/memberships`, `/api/names`, and the members of groups, roles and tenants.

use serde_json::json;

use crate::support::{Site, Store, created, done, lists, refused, rule, shows};

on_each_store!(
    roles_are_given_and_taken,
    groups_and_tenants_have_members_of_all_their_kinds,
    references_are_resolved_to_names,
);

async fn groups_and_tenants_have_members_of_all_their_kinds(store: Store) {
    let site = Site::start(store).await;
    let admin = site.admin();
    let staff = created(admin.post("/api/groups", &json!({"name": "Staff"})).await)["id"].clone();
    let sales = created(admin.post("/api/groups", &json!({"name": "Sales"})).await)["id"].clone();
    let (staff, sales) = (staff.as_str().expect("an id"), sales.as_str().expect("an id"));
    created(admin.post("/api/tenants", &json!({"tenantId": "acme", "name": "Acme"})).await);
    created(admin.post("/api/mapping-rules", &rule("From IT", ("department", "it"), "GROUP", &[])).await);
    created(admin.post("/api/mapping-rules", &rule("From HR", ("department", "hr"), "TENANT", &[])).await);
    created(admin.post("/api/roles", &json!({"name": "clerk", "displayName": "Clerks"})).await);
    let of_both = [("USER", "ann"), ("APPLICATION", "shop")];
    let of_group = [of_both.as_slice(), &[("MAPPING_RULE", "From IT")]].concat();
    let of_tenant = [of_both.as_slice(), &[("MAPPING_RULE", "From HR"), ("GROUP", sales), ("ROLE", "clerk")]].concat();
    for (path, kinds) in [(format!("/api/groups/{staff}"), of_group), ("/api/tenants/acme".to_owned(), of_tenant)] {
        let members = format!("{path}/members");
        for (kind, id) in kinds {
            let member = json!({"memberType": kind, "memberId": id});
            done(admin.post(&members, &member).await);
            refused(&admin.post(&members, &member).await, 409, "already_member");
            let name = match kind {
                "GROUP" => "Sales",
                "ROLE" => "Clerks",
                _ => id,
            };
            let listed = json!([{"id": id, "name": name}]);
            let found = admin.get(&format!("{members}?memberType={kind}&resultSize=1")).await.expect_status(200);
            assert_eq!((found.json(), found.header("x-total-count")), (listed.clone(), Some("1")));
            let sought = name.to_uppercase().replace(' ', "%20");
            lists(admin.get(&format!("{members}?memberType={kind}&search={sought}")).await, &listed);
            lists(admin.get(&format!("{members}?memberType={kind}&search=zzz")).await, &json!([]));
            let member = format!("{members}/{kind}/{}", id.replace(' ', "%20"));
            done(admin.delete(&member).await);
            refused(&admin.delete(&member).await, 404, "not_member");
        }
        refused(&site.user("ann").get(&format!("{members}?memberType=USER")).await, 403, "forbidden");
        refused(&admin.get(&format!("{path}x/members?memberType=USER")).await, 404, "missing");
    }
}

async fn references_are_resolved_to_names(store: Store) {
    let site = Site::start(store).await;
    let admin = site.admin();
    created(admin.post("/api/tenants", &json!({"tenantId": "acme", "name": "Acme"})).await);
    created(admin.post("/api/roles", &json!({"name": "clerk", "displayName": "Clerks"})).await);
    let of = |kind: &str, id: &str| json!({"type": kind, "id": id});
    let asked =
        [of("ROLE", "clerk"), of("TENANT", "acme"), of("ROLE", "none"), of("CLIENT", "shop"), of("USER", "acme")];
    shows(
        admin.post("/api/names", &json!({"references": asked})).await,
        &json!([{"type": "ROLE", "id": "clerk", "name": "Clerks"}, {"type": "TENANT", "id": "acme", "name": "Acme"}]),
    );
    refused(&site.user("ann").post("/api/names", &json!({"references": asked})).await, 403, "forbidden");
    let many = vec![of("ROLE", "clerk"); 201];
    refused(&admin.post("/api/names", &json!({"references": many})).await, 400, "references");
    refused(&admin.post("/api/names", &json!({"references": [of("SESSION", "x")]})).await, 400, "body_shape");
}

async fn roles_are_given_and_taken(store: Store) {
    let site = Site::start(store).await;
    let admin = site.admin();
    let sales = created(admin.post("/api/groups", &json!({"name": "Sales"})).await)["id"].clone();
    let sales = sales.as_str().expect("an id");
    created(admin.post("/api/mapping-rules", &rule("From IT", ("department", "it"), "ROLE", &["rpa"])).await);
    let permission = json!({"definition": "write:*", "resourceServerAudience": "orders-api"});
    created(admin.post("/api/roles", &json!({"name": "New clerks", "permissions": [permission]})).await);
    let members = "/api/roles/New%20clerks/members";
    let all = [("USER", "ann"), ("GROUP", sales), ("APPLICATION", "shop"), ("MAPPING_RULE", "From IT")];
    for (kind, id) in all {
        let member = json!({"memberType": kind, "memberId": id});
        done(admin.post(members, &member).await);
        refused(&admin.post(members, &member).await, 409, "already_member");
    }
    let named = json!([{"id": sales, "name": "Sales"}]);
    lists(admin.get(&format!("{members}?memberType=GROUP")).await, &named);
    lists(admin.get(&format!("{members}?memberType=USER")).await, &json!([{"id": "ann", "name": "ann"}]));
    shows(site.user("ann").get("/api/me/permissions?audience=orders-api").await, &json!(["write:*"]));
    let role = json!({"name": "New clerks", "description": ""});
    let of_ann = "/api/memberships?memberType=USER&memberId=ann";
    shows(admin.get(of_ann).await, &json!({"groups": [], "roles": [role], "tenants": []}));

    for (kind, id) in all {
        let member = format!("{members}/{kind}/{}", id.replace(' ', "%20"));
        done(admin.delete(&member).await);
        refused(&admin.delete(&member).await, 404, "not_member");
        lists(admin.get(&format!("{members}?memberType={kind}")).await, &json!([]));
    }
    shows(admin.get(of_ann).await, &json!({"groups": [], "roles": [], "tenants": []}));

    let nobody = json!({"memberType": "GROUP", "memberId": "nothing"});
    refused(&admin.post(members, &nobody).await, 404, "missing");
    refused(
        &admin.post("/api/roles/nothing/members", &json!({"memberType": "USER", "memberId": "ann"})).await,
        404,
        "missing",
    );
    refused(&admin.get("/api/roles/nothing/members?memberType=USER").await, 404, "missing");
    let itself = json!({"memberType": "ROLE", "memberId": "rpa"});
    refused(&admin.post(members, &itself).await, 404, "missing");
}
