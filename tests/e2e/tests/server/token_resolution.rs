//! From tokens of a certified provider to roles, tenants, groups and authorizations.

use identity_testkit::{Api, Launch, OidcProvider};
use serde_json::{Value, json};

use crate::support::{Store, created, done, oidc, refused, rule, shows};

on_each_store!(
    rules_give_users_and_clients_what_they_have,
    the_initial_claim_makes_the_administrator,
    only_good_tokens_are_let_in,
);

const DEPARTMENT: &str = "https://example.com/claims/department";

/// Starts a provider with an administrator, a user and a client, whose tokens have additional claims.
async fn provider() -> Option<OidcProvider> {
    OidcProvider::start(json!({
        "clients": [
            {"client_id": "svc", "client_secret": "s3cret", "claims": {DEPARTMENT: "it"}},
            {"client_id": "web", "client_secret": "s3cret", "redirect_uris": ["http://127.0.0.1:1/callback"]},
        ],
        "users": {
            "u-0": {"preferred_username": "root"},
            "u-1": {
                "preferred_username": "ann",
                "name": "Ann Example",
                DEPARTMENT: "sales",
                "teams": ["emea", "apac"],
                "profile": {"level": 3, "labels": [{"name": "lead"}]},
            },
            "u-2": {"preferred_username": "ben"},
        },
    }))
    .await
}

fn launch(store: &Store, provider: &OidcProvider) -> Launch {
    let setting = |key: &str| format!("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_{key}");
    oidc(store, provider.issuer(), "u-0")
        .env(&setting("USERNAME_CLAIM"), "preferred_username")
        .env(&setting("CLIENT_ID_CLAIM"), "client_id")
        .env(&setting("PREFER_USERNAME_CLAIM"), "true")
}

async fn user(api: &Api, provider: &OidcProvider, sub: &str) -> Api {
    api.bearer(provider.user_token(sub, "web", crate::support::AUDIENCE).await)
}

async fn client(api: &Api, provider: &OidcProvider) -> Api {
    api.bearer(provider.client_token("svc", "s3cret", crate::support::AUDIENCE).await.expect("a token"))
}

async fn rules_give_users_and_clients_what_they_have(store: Store) {
    let Some(provider) = provider().await else { return };
    let server = launch(&store, &provider).start().await;
    let api = server.http();
    let (root, ann, svc) =
        (user(api, &provider, "u-0").await, user(api, &provider, "u-1").await, client(api, &provider).await);

    // Without rules, the callers have no access.
    for path in ["/api/tenants/for-token", "/api/authorizations/for-token", "/api/groups/for-token"] {
        shows(ann.get(path).await, &json!([]));
        shows(svc.get(path).await, &json!([]));
    }
    for who in [&ann, &svc] {
        refused(&who.get("/api/roles").await, 403, "forbidden");
        let problem = refused(&who.post("/api/groups", &json!({"name": "Mine"})).await, 403, "forbidden");
        assert_eq!(problem["errors"], json!(["FORBIDDEN"]));
    }

    for (id, name) in [("sales", "Sales"), ("field", "Field"), ("ops", "Operations")] {
        created(root.post("/api/tenants", &json!({"tenantId": id, "name": name})).await);
    }
    let leads = created(root.post("/api/groups", &json!({"name": "Leads"})).await)["id"].clone();
    let leads = leads.as_str().expect("an id");
    let contains = |mut rule: Value| {
        rule["operator"] = json!("CONTAINS");
        rule
    };
    let rules = [
        rule("Sales people", (DEPARTMENT, "sales"), "TENANT", &["sales", "field"]),
        rule("IT", (DEPARTMENT, "it"), "TENANT", &["ops"]),
        contains(rule("EMEA", ("teams", "emea"), "ROLE", &["Viewers"])),
        // `CONTAINS` matches neither a single value nor a part of a list element.
        contains(rule("No list", (DEPARTMENT, "sales"), "ROLE", &["ManagementIdentity"])),
        contains(rule("No part", ("teams", "eme"), "ROLE", &["ManagementIdentity"])),
        rule("Leads", ("$.profile.labels[*].name", "lead"), "GROUP", &[leads]),
        rule("Level", ("$['profile']['level']", "3"), "ROLE", &["Optimize"]),
    ];
    let read = |definition: &str| json!({"definition": definition, "resourceServerAudience": "camunda-identity-resource-server"});
    let viewers = json!({"name": "Viewers", "permissions": [read("read"), read("read:users")]});
    created(root.post("/api/roles", &viewers).await);
    for rule in &rules {
        created(root.post("/api/mapping-rules", rule).await);
    }
    for (entity, kind, key, permissions) in [
        (leads, "GROUP", "order", json!(["READ", "DELETE"])),
        ("ann", "USER", "order", json!(["READ", "START_PROCESS_INSTANCE"])),
        ("Optimize", "ROLE", "*", json!(["UPDATE_PROCESS_INSTANCE"])),
        ("svc", "APPLICATION", "invoice", json!(["READ"])),
    ] {
        let body = json!({"entityId": entity, "entityType": kind, "resourceKey": key,
            "resourceType": "process-definition", "permissions": permissions});
        done(root.put("/api/authorizations", &body).await);
    }

    let field = json!({"tenantId": "field", "name": "Field"});
    let ops = json!({"tenantId": "ops", "name": "Operations"});
    let sales = json!({"tenantId": "sales", "name": "Sales"});
    shows(ann.get("/api/tenants/for-token").await, &json!([field, sales]));
    shows(svc.get("/api/tenants/for-token").await, &json!([ops]));
    shows(ann.get("/api/groups/for-token").await, &json!([leads]));
    shows(svc.get("/api/groups/for-token").await, &json!([]));
    let on = |key: &str, permissions: &[&str]| json!({"resourceKey": key, "resourceType": "process-definition", "permissions": permissions});
    let everything = on("*", &["UPDATE_PROCESS_INSTANCE"]);
    let order = on("order", &["DELETE", "READ", "START_PROCESS_INSTANCE"]);
    shows(ann.get("/api/authorizations/for-token").await, &json!([everything, order]));
    shows(svc.get("/api/authorizations/for-token").await, &json!([on("invoice", &["READ"])]));
    shows(ann.get("/api/me").await, &json!({"name": "Ann Example"}));
    shows(svc.get("/api/me").await, &json!({"name": "svc"}));
    shows(ann.get("/api/me/permissions").await, &json!(["read", "read:users"]));
    shows(ann.get("/api/me/permissions?audience=optimize-api").await, &json!(["write:*"]));
    shows(svc.get("/api/me/permissions").await, &json!([]));
    let _ = ann.get("/api/roles").await.expect_status(200);
    refused(&ann.delete("/api/groups/none").await, 403, "forbidden");

    // A changed rule takes effect with the next request, also for tokens that are already issued.
    done(root.put("/api/mapping-rules/IT", &rule("IT", (DEPARTMENT, "sales"), "TENANT", &["ops"])).await);
    shows(svc.get("/api/tenants/for-token").await, &json!([]));
    shows(ann.get("/api/tenants/for-token").await, &json!([field, ops, sales]));
    done(root.delete("/api/mapping-rules/Sales%20people").await);
    shows(ann.get("/api/tenants/for-token").await, &json!([ops]));
    done(root.delete("/api/mapping-rules/EMEA").await);
    refused(&ann.get("/api/roles").await, 403, "forbidden");
}

async fn the_initial_claim_makes_the_administrator(store: Store) {
    let Some(provider) = provider().await else { return };
    let launch = launch(&store, &provider);
    let server = launch.start().await;
    let (root, ben) = (user(server.http(), &provider, "u-0").await, user(server.http(), &provider, "u-2").await);
    shows(root.get("/api/me/permissions").await, &json!(["read", "read:users", "write"]));
    refused(&ben.get("/api/mapping-rules").await, 403, "forbidden");
    let initial = root.get("/api/mapping-rules/Default").await.expect_status(200).json();
    assert_eq!(initial["claimName"], "sub");
    assert_eq!(initial["claimValue"], "u-0");

    // A restart restores the rule after a change through the API. Additions to the rule are kept.
    created(root.post("/api/roles", &json!({"name": "Extra"})).await);
    let changed = rule("Default", ("sub", "u-2"), "ROLE", &["ManagementIdentity", "admin", "Extra"]);
    done(root.put("/api/mapping-rules/Default", &changed).await);
    refused(&root.get("/api/roles").await, 403, "forbidden");
    let _ = ben.get("/api/roles").await.expect_status(200);
    let _ = server.terminate().await;
    let server = launch.start().await;
    let (root, ben) = (user(server.http(), &provider, "u-0").await, user(server.http(), &provider, "u-2").await);
    refused(&ben.get("/api/roles").await, 403, "forbidden");
    let again = root.get("/api/mapping-rules/Default").await.expect_status(200).json();
    assert_eq!(again["claimValue"], "u-0");
    let roles = crate::support::column(&again["appliedRoles"], "name");
    for role in ["ManagementIdentity", "admin", "Extra"] {
        assert!(roles.iter().any(|name| name == role), "no {role} in {roles:?}");
    }

    // A different configured value moves the administrator.
    let _ = server.terminate().await;
    let server = launch.env("IDENTITY_BOOTSTRAP_INITIAL_CLAIM_VALUE", "u-2").start().await;
    let (root, ben) = (user(server.http(), &provider, "u-0").await, user(server.http(), &provider, "u-2").await);
    refused(&root.get("/api/roles").await, 403, "forbidden");
    created(ben.post("/api/groups", &json!({"name": "Ben's"})).await);
}

async fn only_good_tokens_are_let_in(store: Store) {
    let Some(provider) = provider().await else { return };
    // With the client as an additional audience, only the token type distinguishes an ID token from an access token.
    let launch = launch(&store, &provider)
        .env("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_AUDIENCES_1", "web")
        .env("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_REQUIRE_AT_JWT", "true");
    let server = launch.start().await;
    let api = server.http();
    let tokens = provider.user_tokens("u-1", "web", Some(crate::support::AUDIENCE)).await;
    let text = |name: &str| tokens[name].as_str().expect("a token").to_owned();
    let other = provider.user_token("u-1", "web", "another-api").await;
    let (signed, _) = other.rsplit_once('.').expect("three parts");
    let broken = format!("{signed}.AAAA");
    for (who, reason) in [
        (api.clone(), "no_credentials"),
        (api.bearer(""), "credentials_malformed"),
        (api.bearer("opaque"), "token_malformed"),
        (api.bearer(text("id_token")), "token_type"),
        (api.bearer(other), "token_audience"),
        (api.bearer(broken), "token_signature"),
        (api.basic("ann", "any"), "scheme_not_offered"),
    ] {
        for path in ["/api/me", "/api/tenants/for-token", "/api/roles"] {
            let reply = who.get(path).await;
            let problem = refused(&reply, 401, reason);
            assert_eq!((&problem["errors"], &problem["instance"]), (&json!(["UNAUTHORIZED"]), &json!(path)));
            let challenge = reply.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("Bearer realm="), "{challenge}");
            // RFC 6750 §3.1: no error code for a request without a token.
            assert_eq!(challenge.contains("invalid_token"), reason.starts_with("token_"), "{reason}: {challenge}");
        }
    }
    let _ = api.bearer(text("access_token")).get("/api/me").await.expect_status(200);
}
