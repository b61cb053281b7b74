//! Features that an installation can disable or obtain from elsewhere (docs/reference/orchestration-cluster.md §4.1,
//! §5, §8.4).

use identity_testkit::{Api, Server};
use serde_json::{Value, json};

use super::{found, refused, search};
use crate::support::{Forge, ROOT, Store, created, done, oidc, shows};

async fn with(name: &str, value: &str) -> Server {
    Store::sqlite().launch(&["dev"]).env(name, value).start().await
}

fn demo(server: &Server) -> Api {
    server.http().basic("demo", "demo")
}

#[tokio::test]
async fn without_the_tenants_api_it_says_so() {
    let server = with("CAMUNDA_SECURITY_MULTITENANCY_APIENABLED", "false").await;
    let body = json!({"tenantId": "t", "name": "n"});
    for path in ["/v2/tenants", "/v2/tenants/search", "/v2/tenants/t/users/search"] {
        refused(&server.http().post(path, &body).await, 401, "Unauthorized");
        let detail = refused(&demo(&server).post(path, &body).await, 403, "Access issue");
        assert!(detail.contains("multi-tenancy.api-enabled"), "{detail}");
    }
    refused(&demo(&server).get("/v2/tenants/%3Cdefault%3E").await, 403, "Access issue");
    // The caller's tenants are still reported.
    let me = demo(&server).get("/v2/authentication/me").await.json();
    assert_eq!(me["tenants"][0]["tenantId"], "<default>");
}

#[tokio::test]
async fn without_authorizations_everybody_may_do_everything_who_authenticates() {
    let server = with("CAMUNDA_SECURITY_AUTHORIZATIONS_ENABLED", "false").await;
    created(demo(&server).post("/v2/users", &json!({"username": "any", "password": "secret"})).await);
    let any = server.http().basic("any", "secret");
    created(any.post("/v2/groups", &json!({"groupId": "g", "name": "n"})).await);
    assert_eq!(search(&any, "/v2/groups/search", json!({}), "groupId").await, ["g"]);
    let own = any.post("/v2/authentication/me/authorizations/search", &json!({})).await.json();
    assert_eq!(own["authorizationsEnabled"], false);
    refused(&server.http().post("/v2/groups/search", &json!({})).await, 401, "Unauthorized");
    refused(&any.delete("/v2/roles/admin").await, 403, "FORBIDDEN");
}

#[tokio::test]
async fn an_unprotected_api_asks_nobody_and_still_refuses_wrong_passwords() {
    let server = with("CAMUNDA_SECURITY_AUTHENTICATION_UNPROTECTEDAPI", "true").await;
    let anybody = server.http();
    created(anybody.post("/v2/groups", &json!({"groupId": "g", "name": "n"})).await);
    assert_eq!(search(anybody, "/v2/groups/search", json!({}), "groupId").await, ["g"]);
    let (entries, _) = found(anybody.post("/v2/audit-logs/search", &json!({"filter": {"entityKey": "g"}})).await);
    assert_eq!((&entries[0]["actorType"], &entries[0]["actorId"]), (&json!("ANONYMOUS"), &Value::Null));
    refused(&anybody.basic("demo", "wrong").get("/v2/topology").await, 401, "Unauthorized");
    server.says("DANGER").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_groups_come_from_tokens_they_need_not_be_stored_and_have_any_id() {
    let (forge, store) = (Forge::start("").await, Store::sqlite());
    let groups_claim = "IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_GROUPS_CLAIM";
    let server = oidc(&store, forge.issuer(), ROOT).env(groups_claim, "groups").start().await;
    let with = |claims: Value| server.http().bearer(forge.token(&claims));
    let root = with(json!({"sub": ROOT}));
    for path in ["/v2/groups", "/v2/groups/search", "/v2/groups/g/users/search"] {
        let detail = refused(&root.post(path, &json!({"groupId": "g", "name": "n"})).await, 403, "Access issue");
        assert!(detail.contains("groups-claim"), "{detail}");
    }

    let path = "/v2/roles/rpa/groups/%2Fsales%2FEU%20west";
    done(root.put(path, &json!({})).await);
    refused(&root.put(path, &json!({})).await, 409, "ALREADY_EXISTS");
    let (members, _) = found(root.post("/v2/roles/rpa/groups/search", &json!({})).await);
    assert_eq!(members, [json!({"groupId": "/sales/EU west"})]);
    let grant = json!({"ownerType": "GROUP", "ownerId": "/sales/EU west", "resourceType": "ROLE", "resourceId": "rpa",
        "permissionTypes": ["READ"]});
    created(root.post("/v2/authorizations", &grant).await);

    let ann = with(json!({"sub": "ann", "groups": ["/sales/EU west", "other"]}));
    let me = ann.get("/v2/authentication/me").await.expect_status(200).json();
    assert_eq!((&me["groups"], &me["roles"]), (&json!(["/sales/EU west", "other"]), &json!(["rpa"])));
    assert_eq!(search(&ann, "/v2/roles/search", json!({}), "roleId").await, ["rpa"]);
    let one = with(json!({"sub": "bob", "groups": "/sales/EU west"}));
    assert_eq!(one.get("/v2/authentication/me").await.json()["roles"], json!(["rpa"]));
    let none = with(json!({"sub": "eve"}));
    shows(
        none.post("/v2/roles/search", &json!({})).await,
        &json!({"items": [],
        "page": {"totalItems": 0, "hasMoreTotalItems": false, "startCursor": null, "endCursor": null}}),
    );
    // Claim values that cannot be a group are ignored.
    for (claimed, groups) in
        [(json!(7), json!(["7"])), (json!({"a": "b"}), json!([])), (json!(["a", 7, {"b": 1}, null]), json!(["7", "a"]))]
    {
        let api = with(json!({"sub": "eve", "groups": claimed}));
        assert_eq!(api.get("/v2/authentication/me").await.expect_status(200).json()["groups"], groups);
    }
    done(root.delete(path).await);
    assert_eq!(ann.get("/v2/authentication/me").await.json()["roles"], json!([]));
}
