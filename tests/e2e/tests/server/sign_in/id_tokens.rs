//! ID tokens of a certified provider, where the API's audience is the sign-in client.

use identity_testkit::{OidcProvider, Proxy};
use serde_json::json;

use crate::support::{AUDIENCE, Store, oidc, refused, shows};

on_each_store!(an_id_token_opens_nothing);

async fn an_id_token_opens_nothing(store: Store) {
    let door = Proxy::to_come().await;
    let public = format!("http://{}", door.address());
    let provider = OidcProvider::start(json!({
        "clients": [{
            "client_id": "identity", "client_secret": "s3cret",
            "redirect_uris": [format!("{public}/auth/login-callback")],
        }],
        "users": {"root": {"name": "Root"}},
    }));
    let Some(provider) = provider.await else { return };
    // An operator might add the client as an audience, because access tokens must have one.
    let launch = oidc(&store, provider.issuer(), "root")
        .env("IDENTITY_SERVER_PUBLIC_URL", &public)
        .env("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_AUDIENCES_1", "identity");
    let server = launch.start().await;
    let tokens = provider.user_tokens("root", "identity", Some("identity")).await;
    let as_bearer = |name: &str| server.http().bearer(tokens[name].as_str().expect("a token"));
    shows(as_bearer("access_token").get("/api/me").await, &json!({"name": "Root"}));
    for path in ["/api/me", "/api/roles", "/v2/authentication/me", "/access/v1/recent-callers"] {
        let reply = as_bearer("id_token").get(path).await;
        assert_eq!(reply.status, 401, "{path}: {reply:?}");
    }
    refused(&as_bearer("id_token").get("/api/me").await, 401, "token_type");
    server.says("`client-id` is one of `audiences`").await;
    // An access token with a separate audience is still accepted.
    let token = provider.user_token("root", "identity", AUDIENCE).await;
    shows(server.http().bearer(token).get("/api/me").await, &json!({"name": "Root"}));
}
