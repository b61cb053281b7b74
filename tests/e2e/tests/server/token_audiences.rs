//! Applications query the access of a token's bearer with the token that they received, whose audience is their own
//! API.

use serde_json::{Value, json};

use crate::support::{Forge, ROOT, Site, Store, created, done, oidc, refused, shows};

on_each_store!(a_token_for_another_api_is_resolved_and_opens_nothing, an_operator_chooses_whose_tokens_are_resolved);

const PATHS: [&str; 4] =
    ["/api/tenants/for-token", "/api/groups/for-token", "/api/permissions/for-token", "/api/authorizations/for-token"];

async fn a_token_for_another_api_is_resolved_and_opens_nothing(store: Store) {
    let site = Site::start(store).await;
    created(site.admin().post("/api/tenants", &json!({"tenantId": "sales", "name": "Sales"})).await);
    let svc = json!({"applicationIds": ["svc"]});
    let _ = site.admin().post("/api/tenants/sales/applications", &svc).await.expect_status(204);
    let of = |audience: Value| {
        site.server.http().bearer(site.forge.token(&json!({"client": "svc", "sub": "svc", "aud": audience})))
    };
    for audience in [json!("zeebe-api"), json!(["account", "optimize-api"]), json!("camunda-identity-resource-server")]
    {
        let api = of(audience.clone());
        for path in PATHS {
            let _ = api.get(path).await.expect_status(200);
        }
        shows(api.get("/api/tenants/for-token").await, &json!([{"tenantId": "sales", "name": "Sales"}]));
        // The token is rejected for every other request.
        for path in ["/api/me", "/api/tenants", "/api/tenants/sales", "/api/groups", "/access/v1/recent-callers"] {
            refused(&api.get(path).await, 401, "token_audience");
        }
        assert_eq!(api.get("/v2/authentication/me").await.status, 401);
        for path in PATHS {
            refused(&api.post(path, &json!({})).await, 401, "token_audience");
            refused(&api.get(&format!("{path}/x")).await, 401, "token_audience");
        }
    }

    // An API belongs to this installation as long as a role has a permission on it.
    let other = of(json!("orders-api"));
    refused(&other.get(PATHS[0]).await, 401, "token_audience");
    let role =
        json!({"name": "Clerk", "permissions": [{"definition": "read", "resourceServerAudience": "orders-api"}]});
    created(site.admin().post("/api/roles", &role).await);
    shows(other.get(PATHS[0]).await, &json!([{"tenantId": "sales", "name": "Sales"}]));
    done(site.admin().delete("/api/roles/Clerk").await);
    refused(&other.get(PATHS[0]).await, 401, "token_audience");

    // Everything except the audience is still validated.
    let expired = site.forge.token(&json!({"sub": "ann", "aud": "zeebe-api", "exp": 5}));
    refused(&site.server.http().bearer(expired).get(PATHS[0]).await, 401, "token_expired");
    let id_token = site.forge.claims(&json!({"sub": "ann", "aud": ["zeebe-api", "identity"]}));
    let id_token = site.forge.signed(&json!({"typ": "JWT"}), &id_token);
    refused(&site.server.http().bearer(id_token).get(PATHS[0]).await, 401, "token_type");
    let another = Forge::start("").await.token(&json!({"sub": "ann", "aud": "zeebe-api"}));
    refused(&site.server.http().bearer(another).get(PATHS[0]).await, 401, "token_issuer");
    refused(&site.anonymous().get(PATHS[0]).await, 401, "no_credentials");
}

async fn an_operator_chooses_whose_tokens_are_resolved(store: Store) {
    let forge = Forge::start("").await;
    let token = |audience: &str| forge.token(&json!({"sub": "ann", "aud": audience}));
    let key = |key: &str| format!("IDENTITY_AUTHENTICATION_TOKEN_RESOLUTION_{key}");
    let server = oidc(&store, forge.issuer(), ROOT).env(&key("AUDIENCES_0"), "orders-api").start().await;
    for audience in ["orders-api", "zeebe-api"] {
        shows(server.http().bearer(token(audience)).get(PATHS[0]).await, &json!([]));
    }
    let _ = server.terminate().await;
    let server = oidc(&store, forge.issuer(), ROOT).env(&key("ANY_KNOWN_API"), "false").start().await;
    refused(&server.http().bearer(token("zeebe-api")).get(PATHS[0]).await, 401, "token_audience");
    shows(server.http().bearer(token("identity-api")).get(PATHS[0]).await, &json!([]));
}
