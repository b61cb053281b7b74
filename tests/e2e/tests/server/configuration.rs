//! Command line, and configuration from files, environment variables, and environment variables of the replaced
//! service.

use identity_testkit::{Exited, Launch, OidcProvider};
use reqwest::Url;
use serde_json::json;

use crate::support::{AUDIENCE, Forge, ROOT, Store, created, shows};

on_each_store!(commands_end_as_documented);

#[track_caller]
fn ended(exited: &Exited, code: i32, said: &[&str]) {
    assert_eq!(exited.status.code(), Some(code), "{exited:#?}");
    for text in said {
        assert!(exited.stderr.contains(text), "`{text}` is not said: {exited:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_wrong_is_said_at_once() {
    let launch = |command: &[&str]| {
        Launch::new(command)
            .env("IDENTITY_PROFILE", "oidc")
            .env("IDENTITY_SERVER_PRT", "18080")
            .env("IDENTITY_SERVER_WORKERS", "s3cret-number")
            .env("IDENTITY_STORE_POSTGRES_TLS", "s3cret-mode")
            .env("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_ISSUER", "s3cret-issuer")
            .env("IDENTITY_TENANTS_0_NAME", "No id")
    };
    let said = [
        "IDENTITY_SERVER_PRT",
        "server.workers",
        "store.postgres.tls",
        "authentication.providers.main.issuer",
        "authentication.providers.main.audiences",
        "bootstrap.tenants",
    ];
    for exited in [launch(&["check-config"]).run().await, launch(&["serve"]).try_start().await.err().expect("it ends")]
    {
        ended(&exited, 2, &said);
        assert!(!exited.stderr.contains("s3cret"), "a value is said: {exited:#?}");
        assert_eq!(exited.stdout, "");
    }
    ended(&Launch::new(&["serve"]).run().await, 2, &["profile"]);
    ended(&Launch::new(&["check-config", "--config", "nowhere.yaml"]).run().await, 2, &["nowhere.yaml"]);
    ended(&Launch::new(&["serve", "--prot", "1"]).run().await, 2, &["--prot"]);
}

async fn commands_end_as_documented(store: Store) {
    let good = store.launch(&["check-config"]).env("IDENTITY_PROFILE", "builtin");
    let exited = good.run().await;
    ended(&exited, 0, &[]);
    assert!(exited.stdout.ends_with("the configuration is valid"), "{exited:#?}");

    let server = store.launch(&["dev"]).start().await;
    let management = server.management().request(reqwest::Method::GET, "/actuator/health/readiness");
    let url = management.build().expect("a request").url().clone();
    let check = |url: &Url| Launch::new(&["healthcheck", "--url", url.as_str()]);
    ended(&check(&url).run().await, 0, &[]);
    // The port alone is sufficient, as in a container with the server's own configuration.
    let port = url.port().expect("a port").to_string();
    let configured = store.launch(&["healthcheck"]).env("IDENTITY_PROFILE", "builtin");
    ended(&configured.env("IDENTITY_SERVER_MANAGEMENT_PORT", port).run().await, 0, &[]);
    let mut nothing = url.clone();
    nothing.set_path("/nothing");
    ended(&check(&nothing).run().await, 1, &["not ready"]);
    let _ = server.terminate().await;
    ended(&check(&url).run().await, 1, &["not ready"]);
}

/// The environment variables of the replaced service are a complete configuration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_of_the_replaced_service_is_enough_on_postgres() {
    let Some(store) = Store::postgres().await else { return };
    let users = json!({"u-1": {"oid": "3f0c1c5e"}});
    let web = json!({"client_id": "web", "client_secret": "s3cret", "redirect_uris": ["http://127.0.0.1:1/callback"]});
    let Some(provider) = OidcProvider::start(json!({"clients": [web], "users": users})).await else { return };
    let database = Url::parse(store.url()).expect("a URL");
    let launch = Launch::new(&["serve"])
        .env("SPRING_PROFILES_ACTIVE", "oidc")
        .env("SERVER_PORT", "8080")
        .env("IDENTITY_URL", "http://localhost:8080")
        .env("CAMUNDA_IDENTITY_TYPE", "GENERIC")
        .env("CAMUNDA_IDENTITY_BASE_URL", "http://localhost:8080")
        .env("CAMUNDA_IDENTITY_ISSUER", provider.issuer())
        .env("CAMUNDA_IDENTITY_ISSUER_BACKEND_URL", provider.issuer())
        .env("CAMUNDA_IDENTITY_CLIENT_ID", "web")
        .env("CAMUNDA_IDENTITY_CLIENT_SECRET", "s3cret")
        .env("CAMUNDA_IDENTITY_AUDIENCE", AUDIENCE)
        .env("IDENTITY_INITIAL_CLAIM_NAME", "oid")
        .env("IDENTITY_INITIAL_CLAIM_VALUE", "3f0c1c5e")
        .env("IDENTITY_DATABASE_HOST", database.host_str().expect("a host"))
        .env("IDENTITY_DATABASE_PORT", database.port().unwrap_or(5432).to_string())
        .env("IDENTITY_DATABASE_NAME", database.path().trim_start_matches('/'))
        .env("IDENTITY_DATABASE_USERNAME", database.username())
        .env("IDENTITY_DATABASE_PASSWORD", database.password().unwrap_or("any"))
        .env("MULTITENANCY_ENABLED", "true")
        .env("RESOURCE_PERMISSIONS_ENABLED", "true")
        .env("IDENTITY_TENANTS_0_NAME", "Acme")
        .env("IDENTITY_TENANTS_0_TENANT_ID", "acme")
        .env("IDENTITY_MAPPING_RULES_0_NAME", "Everybody")
        .env("IDENTITY_MAPPING_RULES_0_CLAIM_NAME", "iss")
        .env("IDENTITY_MAPPING_RULES_0_CLAIM_VALUE", provider.issuer())
        .env("IDENTITY_MAPPING_RULES_0_OPERATOR", "EQUALS")
        .env("IDENTITY_MAPPING_RULES_0_RULE_TYPE", "TENANT")
        .env("IDENTITY_MAPPING_RULES_0_APPLIED_TENANT_IDS_0", "acme");
    let server = launch.start().await;
    let api = server.http().bearer(provider.user_token("u-1", "web", AUDIENCE).await);
    shows(api.get("/api/me/permissions").await, &json!(["read", "read:users", "write"]));
    shows(
        api.get("/api/mapping-rules/Everybody").await,
        &json!({
            "id": "Everybody", "name": "Everybody", "claimName": "iss", "claimValue": provider.issuer(), "operator": "EQUALS",
            "type": "TENANT", "appliedRoles": [], "appliedGroups": [], "appliedTenants": [{"tenantId": "acme", "name": "Acme"}],
        }),
    );
    let tenants = api.get("/api/tenants/for-token").await.expect_status(200).json();
    assert!(tenants.as_array().expect("a list").contains(&json!({"tenantId": "acme", "name": "Acme"})), "{tenants}");
    created(api.post("/api/groups", &json!({"name": "Sales"})).await);
    // The data is in that database, and the log contains no secrets.
    assert!(store.audit(&launch).await.iter().any(|record| record.entity_type == "GROUP"));
    assert!(!server.output().contains("s3cret"), "{}", server.output());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_enough_and_the_base_path_is_before_everything() {
    let forge = Forge::start("").await;
    let launch = Launch::new(&["serve", "--config", "identity.yaml"]);
    let file = format!(
        "profile: oidc
server:
  address: 127.0.0.1
  base-path: /identity
authentication:
  providers:
    main:
      issuer: {}
      audiences: [{AUDIENCE}]
bootstrap:
  initial-claim:
    name: sub
    value: {ROOT}
",
        forge.issuer()
    );
    std::fs::write(launch.directory().join("identity.yaml"), file).expect("a writable directory");
    let server = launch.start().await;
    let api = server.http().bearer(forge.token(&json!({"sub": ROOT})));
    let _ = api.get("/identity/api/roles").await.expect_status(200);
    crate::support::refused(&api.get("/api/roles").await, 404, "no_such_path");
    crate::support::refused(&server.http().get("/identity/api/roles").await, 401, "no_credentials");
}
