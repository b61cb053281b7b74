//! Identity providers and databases that start late, become unavailable and recover.

use identity_testkit::{Api, OidcProvider, Proxy};
use reqwest::Url;
use serde_json::{Value, json};

use crate::support::{AUDIENCE, Forge, ROOT, Store, created, eventually, oidc, refused};

const CLIENT: &str = "svc";

async fn provider() -> Option<OidcProvider> {
    let client = json!({"client_id": CLIENT, "client_secret": "s3cret"});
    OidcProvider::start(json!({"clients": [client]})).await
}

async fn token(provider: &OidcProvider) -> String {
    provider.client_token(CLIENT, "s3cret", AUDIENCE).await.expect("a token")
}

/// Waits for a readiness status and a component status. Returns the component.
async fn health(management: &Api, status: u16, component: &str, wanted: &str) -> Value {
    eventually(&format!("{status} with {component} {wanted}"), async || {
        let reply = management.get("/actuator/health/readiness").await;
        let component = &reply.json()["components"][component];
        if reply.status == status && component["status"] == wanted { Ok(component.clone()) } else { Err(reply.text) }
    })
    .await
}

/// Asserts status 503 and `Retry-After` between 1 and 60 seconds.
#[track_caller]
fn unavailable(reply: &identity_testkit::Reply, reason: &str) {
    refused(reply, 503, reason);
    let pause = reply.header("retry-after").and_then(|pause| pause.parse::<u32>().ok());
    assert!(pause.is_some_and(|pause| (1..=60).contains(&pause)), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_may_come_later() {
    let Some(provider) = provider().await else { return };
    let token = token(&provider).await;
    provider.down().await;
    let store = Store::sqlite();
    let server = oidc(&store, provider.issuer(), CLIENT).begin().listening().await.expect("it starts");
    let issuer = format!("issuer {}", provider.issuer());
    // The reason is reported after the first attempt to reach the provider.
    eventually("the reason", async || {
        let component = health(server.management(), 503, &issuer, "DOWN").await;
        let named = component["detail"].as_str().is_some_and(|detail| detail.contains(provider.issuer()));
        if named { Ok(()) } else { Err(component.to_string()) }
    })
    .await;
    let _ = server.management().get("/actuator/health/liveness").await.expect_status(200);

    let api = server.http().bearer(token);
    unavailable(&api.get("/api/me").await, "issuer_unavailable");
    unavailable(&api.post("/api/groups", &json!({"name": "Sales"})).await, "issuer_unavailable");
    // Credentials that no key could verify are rejected regardless of the outage.
    refused(&server.http().get("/api/me").await, 401, "no_credentials");
    refused(&server.http().bearer("x").get("/api/me").await, 401, "token_malformed");

    // The server recovers without incoming requests, because a load balancer sends none to a server that is not ready.
    provider.up().await;
    health(server.management(), 200, &issuer, "UP").await;
    created(api.post("/api/groups", &json!({"name": "Sales"})).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_may_go_away() {
    let Some(provider) = provider().await else { return };
    let store = Store::sqlite();
    let server = oidc(&store, provider.issuer(), CLIENT).start().await;
    let (seen, unseen) = (token(&provider).await, token(&provider).await);
    let _ = server.http().bearer(&seen).get("/api/roles").await.expect_status(200);
    provider.down().await;
    for token in [seen, unseen] {
        let _ = server.http().bearer(token).get("/api/roles").await.expect_status(200);
    }
    server.ready().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_may_change_its_keys() {
    let Some(provider) = provider().await else { return };
    let store = Store::sqlite();
    let server = oidc(&store, provider.issuer(), CLIENT).start().await;
    let old = server.http().bearer(token(&provider).await);
    let _ = old.get("/api/roles").await.expect_status(200);
    provider.rotate_keys().await;
    let new = server.http().bearer(token(&provider).await);
    // Keys are fetched for an unknown key ID at most every few seconds. Until then, the token is rejected.
    eventually("the new key", async || match new.get("/api/roles").await {
        reply if reply.status == 200 => Ok(()),
        reply => {
            refused(&reply, 401, "token_unknown_key");
            Err(reply.text)
        }
    })
    .await;
    let _ = old.get("/api/roles").await.expect_status(200);
}

/// Starts a proxy to the store's database. Returns it with the store's URL through the proxy.
async fn proxied(store: &Store) -> (Proxy, String) {
    let mut url = Url::parse(store.url()).expect("a URL");
    let proxy = Proxy::to(format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(5432))).await;
    url.set_host(Some("127.0.0.1")).expect("a host");
    url.set_port(Some(proxy.address().port())).expect("a port");
    (proxy, url.into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_may_come_later_on_postgres() {
    let Some(store) = Store::postgres().await else { return };
    let (proxy, url) = proxied(&store).await;
    let forge = Forge::start("").await;
    let starting = oidc(&store, forge.issuer(), ROOT).env("IDENTITY_STORE_POSTGRES_URL", url).begin();
    let management = starting.management().await;
    let component = health(&management, 503, "store", "DOWN").await;
    assert!(component["detail"].is_string(), "{component}");
    let _ = management.get("/actuator/health/liveness").await.expect_status(200);
    let _ = management.get("/actuator/prometheus").await.expect_status(200);

    proxy.open();
    let server = starting.listening().await.expect("it starts");
    server.ready().await;
    let api = server.http().bearer(forge.token(&json!({"sub": ROOT})));
    created(api.post("/api/groups", &json!({"name": "Sales"})).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_may_go_away_on_postgres() {
    let Some(store) = Store::postgres().await else { return };
    let (proxy, url) = proxied(&store).await;
    proxy.open();
    let forge = Forge::start("").await;
    let server = oidc(&store, forge.issuer(), ROOT).env("IDENTITY_STORE_POSTGRES_URL", url).start().await;
    let api = server.http().bearer(forge.token(&json!({"sub": ROOT})));
    let acme = json!({"tenantId": "acme", "name": "Acme"});
    created(api.post("/api/tenants", &acme).await);

    proxy.cut_off();
    health(server.management(), 200, "store", "DEGRADED").await;
    // Reads and decisions continue. Changes fail. Denials remain denials, although they cannot be recorded.
    assert_eq!(api.get("/api/tenants/acme").await.expect_status(200).json(), acme);
    let nobody = server.http().bearer(forge.token(&json!({"sub": "nobody"})));
    refused(&nobody.get("/api/tenants").await, 403, "forbidden");
    unavailable(&api.delete("/api/tenants/acme").await, "store_unavailable");
    assert_eq!(api.get("/api/tenants/acme").await.expect_status(200).json(), acme);

    proxy.open();
    health(server.management(), 200, "store", "UP").await;
    crate::support::done(api.delete("/api/tenants/acme").await);
    refused(&api.get("/api/tenants/acme").await, 404, "missing");
}
