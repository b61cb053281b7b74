//! Information about the caller and the installation.

use serde_json::{Value, json};

use super::{found, refused};
use crate::support::{Local, Site, Store, created, done, shows};

#[tokio::test]
async fn the_caller_has_ten_members() {
    let local = Local::shared().await;
    let api = local.admin();
    let nobody = local.user("me.nobody").await;
    let expected = json!({"username": "me.nobody", "displayName": null, "email": null, "authorizedComponents": [],
        "tenants": [], "groups": [], "roles": [], "salesPlanType": null, "c8Links": {}, "canLogout": true});
    shows(nobody.get("/v2/authentication/me").await, &expected);

    let admin = api.get("/v2/authentication/me").await.expect_status(200);
    let said = admin.json();
    assert_eq!(said.as_object().map(serde_json::Map::len), Some(10));
    assert_eq!((&said["username"], &said["displayName"]), (&json!("demo"), &json!("Demo")));
    assert_eq!((&said["authorizedComponents"], &said["roles"]), (&json!(["*"]), &json!(["admin"])));
    assert!(admin.text.contains(r#""tenants":[{"name":"Default","tenantId":"<default>","description":""}]"#));
}

#[tokio::test]
async fn the_caller_is_what_any_membership_makes_them() {
    let local = Local::shared().await;
    let api = local.admin();
    let body = json!({"username": "me.all", "password": "secret", "name": "Me", "email": "me@example.org"});
    created(api.post("/v2/users", &body).await);
    for id in ["me.b", "me.a"] {
        created(api.post("/v2/groups", &json!({"groupId": id, "name": "n"})).await);
        created(api.post("/v2/roles", &json!({"roleId": id, "name": "n"})).await);
        let tenant = json!({"tenantId": id, "name": format!("T {id}"), "description": "d"});
        created(api.post("/v2/tenants", &tenant).await);
        done(api.put(&format!("/v2/groups/{id}/users/me.all"), &json!({})).await);
        done(api.put(&format!("/v2/roles/{id}/groups/{id}"), &json!({})).await);
        done(api.put(&format!("/v2/tenants/{id}/roles/{id}"), &json!({})).await);
        let grant = json!({"ownerType": "ROLE", "ownerId": id, "resourceType": "COMPONENT", "permissionTypes": ["ACCESS"],
            "resourceId": if id == "me.a" { "tasklist" } else { "identity" }});
        created(api.post("/v2/authorizations", &grant).await);
    }
    let me = local.anonymous().basic("me.all", "secret").get("/v2/authentication/me").await.expect_status(200);
    // The former component `identity` is now called `admin`.
    let expected = concat!(
        r#"{"username":"me.all","displayName":"Me","email":"me@example.org","authorizedComponents":["admin","tasklist"],"#,
        r#""tenants":[{"name":"T me.a","tenantId":"me.a","description":"d"},"#,
        r#"{"name":"T me.b","tenantId":"me.b","description":"d"}],"#,
        r#""groups":["me.a","me.b"],"roles":["me.a","me.b"],"salesPlanType":null,"c8Links":{},"canLogout":true}"#,
    );
    assert_eq!(me.text, expected);
}

#[tokio::test]
async fn callers_find_what_applies_to_them_through_any_owner() {
    let local = Local::shared().await;
    let api = local.admin();
    let me = local.user("own").await;
    created(api.post("/v2/groups", &json!({"groupId": "own", "name": "n"})).await);
    done(api.put("/v2/groups/own/users/own", &json!({})).await);
    for owner in ["GROUP", "CLIENT"] {
        let grant = json!({"ownerType": owner, "ownerId": "own", "resourceType": "MESSAGE", "resourceId": "*",
            "permissionTypes": ["READ"]});
        created(api.post("/v2/authorizations", &grant).await);
    }
    let path = "/v2/authentication/me/authorizations/search";
    let owners = async |body: Value| -> Vec<String> {
        let reply = me.post(path, &body).await;
        assert_eq!(reply.json()["authorizationsEnabled"], true);
        let (items, _) = found(reply);
        items.iter().map(|item| format!("{} {}", item["ownerType"], item["resourceType"]).replace('"', "")).collect()
    };
    let sort = json!([{"field": "ownerType"}]);
    assert_eq!(owners(json!({"sort": sort})).await, ["GROUP MESSAGE", "USER USER"]);
    assert_eq!(owners(json!({"filter": {"resourceType": "MESSAGE"}})).await, ["GROUP MESSAGE"]);
    assert_eq!(owners(json!({"filter": {"ownerId": "admin"}})).await, Vec::<String>::new());
    // The ordinary search returns none of these authorizations.
    assert_eq!(found(me.post("/v2/authorizations/search", &json!({})).await).1, 0);
    refused(&local.anonymous().post(path, &json!({})).await, 401, "Unauthorized");
}

#[tokio::test]
async fn credentials_come_before_everything() {
    let local = Local::shared().await;
    let anonymous = local.anonymous();
    for (who, scheme) in [
        (anonymous.clone(), "none"),
        (anonymous.basic("demo", "wrong"), "wrong password"),
        (anonymous.basic("nobody.at.all", "demo"), "unknown user"),
        (anonymous.basic("", ""), "nothing"),
        (anonymous.bearer("a.b.c"), "a token"),
    ] {
        for reply in [
            who.get("/v2/groups/a%20b").await,
            who.post("/v2/groups", &json!([])).await,
            who.delete("/v2/authorizations/x").await,
            who.get("/v2/nothing").await,
        ] {
            refused(&reply, 401, "Unauthorized");
            let challenges: Vec<_> = reply.headers.get_all("www-authenticate").iter().collect();
            assert_eq!(challenges.len(), 1, "{scheme}: one for each scheme that is taken here");
            assert!(challenges[0].to_str().is_ok_and(|text| text.starts_with("Basic realm=")), "{challenges:?}");
        }
    }
}

#[tokio::test]
async fn clients_learn_where_they_are() {
    let local = Local::shared().await;
    let (anonymous, nobody) = (local.anonymous(), local.user("about").await);
    let license = json!({"validLicense": true, "licenseType": "unknown", "isCommercial": false, "expiresAt": null});
    shows(anonymous.get("/v2/license").await, &license);
    done(anonymous.get("/v2/status").await);
    for path in ["/v2/topology", "/v2/system/configuration"] {
        refused(&anonymous.get(path).await, 401, "Unauthorized");
    }
    let topology = nobody.get("/v2/topology").await.expect_status(200).json();
    assert_eq!((&topology["clusterSize"], &topology["partitionsCount"]), (&json!(1), &json!(0)));
    assert_eq!(topology["brokers"][0]["version"], topology["gatewayVersion"]);
    let configuration = nobody.get("/v2/system/configuration").await.expect_status(200).json();
    let size = configuration["deployment"]["maxRequestSize"].clone();
    assert!(size.is_u64());
    let metrics = json!({"enabled": false, "exportInterval": "PT0S", "maxWorkerNameLength": 0, "maxJobTypeLength": 0,
        "maxTenantIdLength": 0, "maxUniqueKeys": 0});
    let expected = json!({"jobMetrics": metrics, "components": {"active": ["admin"]},
        "deployment": {"isMultiTenancyEnabled": false, "maxRequestSize": size},
        "authentication": {"canLogout": true, "isLoginDelegated": false}, "cloud": {"stage": null}});
    assert_eq!(configuration, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_users_live_elsewhere_their_api_says_so_and_nobody_looks_for_them() {
    let site = Site::start(Store::sqlite()).await;
    let (anonymous, api) = (site.anonymous(), site.admin());
    let body = json!({"username": "u", "password": "p"});
    for path in ["/v2/users", "/v2/users/search", "/v2/users/u"] {
        refused(&anonymous.post(path, &body).await, 401, "Unauthorized");
        refused(&api.post(path, &body).await, 403, "Access issue");
    }
    refused(&anonymous.post("/v2/setup/user", &body).await, 403, "Access issue");

    done(api.put("/v2/roles/rpa/users/anybody", &json!({})).await);
    refused(&api.put("/v2/roles/rpa/groups/unknown", &json!({})).await, 404, "NOT_FOUND");
    let me = site.user("anybody").get("/v2/authentication/me").await.expect_status(200).json();
    assert_eq!((&me["username"], &me["roles"]), (&json!("anybody"), &json!(["rpa"])));
    let configuration = api.get("/v2/system/configuration").await.expect_status(200).json();
    assert_eq!(configuration["authentication"]["isLoginDelegated"], true);
}

#[tokio::test]
async fn guesses_count_for_the_address_that_a_trusted_proxy_names() {
    let store = Store::sqlite();
    let launch = store.launch(&["dev"]).env("IDENTITY_SERVER_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8");
    let server = launch.start().await;
    let guess = async |number: usize, chain: &str| {
        let api = server.http().basic(format!("user-{number}"), "wrong");
        api.send(api.request(reqwest::Method::GET, "/v2/topology").header("x-forwarded-for", chain)).await.status
    };
    let mut number = 0;
    // Addresses to the left of the client's address are written by the client, so they are not trusted.
    while guess(number, &format!("203.0.113.{number}, 192.0.2.1, 10.0.0.2")).await == 401 {
        number += 1;
        assert!(number < 1000, "guesses are slow some time");
    }
    assert_eq!(guess(1000, "192.0.2.1").await, 429);
    assert_eq!(guess(1001, "192.0.2.2").await, 401);
}
