//! `/api/memberships`, and the members of roles.

use serde_json::json;

use crate::support::{Site, Store, created, done, lists, refused, rule, shows};

on_each_store!(roles_are_given_and_taken,);

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
