//! Tokens of each kind of provider, from its public documentation: its access tokens are accepted, its ID tokens are
//! rejected.

use identity_core::entity::RejectedToken::{self, Audience, Type};
use identity_core::resolve::ClaimReader;
use serde_json::{Value, json};

use super::support::*;
use crate::{IssuerSettings, ProviderKind, TokenHabits};

/// A mock provider and the verifier settings for a provider kind. The configured issuer differs from the mock's
/// address.
struct Sample {
    provider: Provider,
    issuer: String,
    settings: IssuerSettings,
}

impl Sample {
    async fn new(kind: ProviderKind, issuer: &str, audience: &str, claims: (&str, &str, &str)) -> Self {
        let provider = Provider::start("", &[&KEY]).await;
        let habits = TokenHabits::of(kind, issuer);
        let (username, client, groups) = claims;
        let mut reading = principal_claims();
        reading.username = selector(username);
        reading.client_id = Some(selector(client));
        reading.groups = Some(ClaimReader { selector: selector(groups), form: habits.groups_form.clone() });
        reading.prefer_username = true;
        let settings = IssuerSettings {
            jwks_url: Some(format!("{}/certs", provider.server.uri())),
            habits,
            ..IssuerSettings::new(issuer, vec![audience.to_owned()], reading)
        };
        Self { provider, issuer: issuer.to_owned(), settings }
    }

    fn setup(&self) -> Setup {
        Setup::new(vec![self.settings.clone()])
    }

    /// A verifier with the default [`TokenHabits`] instead of those of the provider kind.
    fn without_habits(&self) -> Setup {
        Setup::new(vec![IssuerSettings { habits: TokenHabits::default(), ..self.settings.clone() }])
    }

    fn token(&self, claims: Value) -> String {
        self.typed(json!(null), claims)
    }

    fn typed(&self, typ: Value, claims: Value) -> String {
        let common = json!({"iss": self.issuer, "iat": NOW - 1, "exp": NOW + 300});
        let _ = &self.provider;
        KEY.token_with(&with(KEY.header(), json!({"typ": typ})), &with(common, claims))
    }

    /// Asserts that the token is accepted. Returns the id of its principal, and its groups.
    async fn accepts(&self, token: &str) -> (String, Vec<String>) {
        let verified = self.setup().verify(token).await.unwrap();
        let groups = verified.groups.iter().flatten().map(ToString::to_string).collect();
        (verified.principal.id().to_owned(), groups)
    }

    async fn refuses(&self, token: &str) -> RejectedToken {
        self.setup().refusal(token).await
    }
}

fn found(id: &str, groups: &[&str]) -> (String, Vec<String>) {
    (id.to_owned(), groups.iter().map(|group| (*group).to_owned()).collect())
}

#[tokio::test]
async fn keycloak() {
    let claims = ("preferred_username", "azp", "groups");
    let sample = Sample::new(ProviderKind::Keycloak, "https://id.example/realms/a", "identity-api", claims).await;
    let access = json!({"typ": "Bearer", "aud": ["identity-api", "account"], "azp": "web", "sub": "5f", "sid": "s", "acr": "1",
        "scope": "openid profile", "preferred_username": "ann", "groups": ["/ops"], "realm_access": {"roles": ["r"]}});
    assert_eq!(sample.accepts(&sample.typed(json!("JWT"), access)).await, found("ann", &["/ops"]));
    let id = json!({"typ": "ID", "aud": "identity-api", "azp": "identity-api", "sub": "5f", "preferred_username": "ann",
        "at_hash": "h", "sid": "s"});
    assert_eq!(sample.refuses(&sample.typed(json!("JWT"), id)).await, Type);
}

#[tokio::test]
async fn entra() {
    let issuer = "https://login.microsoftonline.com/9188040d/v2.0";
    let sample =
        Sample::new(ProviderKind::Microsoft, issuer, "api-client-id", ("preferred_username", "azp", "groups")).await;
    let access = json!({"aud": "api-client-id", "azp": "spa", "azpacr": "0", "ver": "2.0", "tid": "9188040d", "oid": "o", "sub": "s",
        "scp": "access_as_user", "preferred_username": "ann@example.com", "groups": ["11-22"], "uti": "u"});
    assert_eq!(sample.accepts(&sample.typed(json!("JWT"), access)).await, found("ann@example.com", &["11-22"]));
    let service =
        json!({"aud": "api-client-id", "azp": "daemon", "azpacr": "1", "ver": "2.0", "oid": "o", "roles": ["r"]});
    assert_eq!(sample.accepts(&sample.typed(json!("JWT"), service)).await, found("daemon", &[]));
    let id =
        json!({"aud": "api-client-id", "ver": "2.0", "oid": "o", "sub": "s", "preferred_username": "ann@example.com"});
    assert_eq!(sample.refuses(&sample.typed(json!("JWT"), id)).await, Type);
}

#[tokio::test]
async fn okta() {
    let issuer = "https://example.okta.com/oauth2/default";
    let sample = Sample::new(ProviderKind::Okta, issuer, "api://default", ("uid", "cid", "groups")).await;
    let access = json!({"ver": 1, "jti": "AT.1", "aud": "api://default", "cid": "0oa1", "uid": "00u1", "scp": ["openid", "groups"],
        "sub": "ann@example.com", "auth_time": NOW - 9, "groups": ["Everyone", "ops"]});
    assert_eq!(sample.accepts(&sample.token(access.clone())).await, found("00u1", &["Everyone", "ops"]));
    let service =
        json!({"ver": 1, "jti": "AT.2", "aud": "api://default", "cid": "0oa2", "scp": ["jobs"], "sub": "0oa2"});
    assert_eq!(sample.accepts(&sample.token(service)).await, found("0oa2", &[]));
    let typed = sample.typed(json!("application/okta-internal-at+jwt"), access);
    assert_eq!(sample.accepts(&typed).await.0, "00u1");
    assert_eq!(sample.without_habits().refusal(&typed).await, Type);
    let id = json!({"ver": 1, "jti": "ID.1", "aud": "api://default", "sub": "00u1", "uid": "00u1", "amr": ["pwd"], "idp": "i",
        "at_hash": "h", "preferred_username": "ann@example.com"});
    assert_eq!(sample.refuses(&sample.token(id)).await, Type);
}

#[tokio::test]
async fn auth0() {
    let claims = ("sub", "azp", "https://example.com/groups");
    let sample =
        Sample::new(ProviderKind::Auth0, "https://tenant.auth0.com/", "https://identity.example/api", claims).await;
    let audience = json!(["https://identity.example/api", "https://tenant.auth0.com/userinfo"]);
    let access = json!({"aud": audience, "azp": "K1AU", "sub": "auth0|6553", "scope": "openid read", "gty": "password",
        "https://example.com/groups": ["ops"]});
    assert_eq!(sample.accepts(&sample.typed(json!("JWT"), access)).await, found("auth0|6553", &["ops"]));
    let profile = json!({"aud": audience, "client_id": "K1AU", "sub": "auth0|6553", "jti": "j"});
    assert_eq!(sample.accepts(&sample.typed(json!("at+jwt"), profile)).await.0, "auth0|6553");
    let id =
        json!({"aud": "https://identity.example/api", "sub": "auth0|6553", "nonce": "n", "sid": "s", "name": "Ann"});
    assert_eq!(sample.refuses(&sample.typed(json!("JWT"), id)).await, Type);
}

#[tokio::test]
async fn cognito() {
    let issuer = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC";
    let sample = Sample::new(ProviderKind::Cognito, issuer, "7abc", ("username", "client_id", "cognito:groups")).await;
    let access = json!({"sub": "2482", "cognito:groups": ["ops"], "version": 2, "client_id": "7abc", "origin_jti": "o",
        "event_id": "e", "token_use": "access", "scope": "openid email", "auth_time": NOW - 9, "jti": "j", "username": "ann"});
    let token = sample.token(access.clone());
    assert_eq!(sample.accepts(&token).await, found("ann", &["ops"]));
    assert_eq!(sample.without_habits().refusal(&token).await, Audience);
    let service = json!({"sub": "7abc", "token_use": "access", "scope": "api/read", "client_id": "7abc", "version": 2});
    assert_eq!(sample.accepts(&sample.token(service)).await, found("7abc", &[]));
    assert_eq!(sample.refuses(&sample.token(with(access, json!({"client_id": "another"})))).await, Audience);
    let id = json!({"sub": "2482", "aud": "7abc", "token_use": "id", "cognito:username": "ann", "at_hash": "h", "username": "ann"});
    assert_eq!(sample.refuses(&sample.token(id.clone())).await, Type);
    // `client_id` replaces `aud` only if `aud` is absent, and does not make an ID token acceptable.
    let other = json!({"token_use": "id", "client_id": "7abc", "username": "ann"});
    assert_eq!(sample.refuses(&sample.token(other)).await, Type);
    let elsewhere = json!({"aud": "another", "token_use": "access", "client_id": "7abc", "username": "ann"});
    assert_eq!(sample.refuses(&sample.token(elsewhere)).await, Audience);
}

#[tokio::test]
async fn dex() {
    let sample =
        Sample::new(ProviderKind::Dex, "https://dex.example/dex", "kubernetes", ("sub", "azp", "groups")).await;
    let access =
        json!({"sub": "Cgdh", "aud": "kubernetes", "at_hash": "h", "email": "ann@example.com", "groups": ["ops"]});
    for access in [access.clone(), with(access.clone(), json!({"aud": ["kubernetes", "x"], "azp": "x", "nonce": "n"}))]
    {
        let token = sample.token(access);
        assert_eq!(sample.accepts(&token).await, found("Cgdh", &["ops"]));
        assert_eq!(sample.without_habits().refusal(&token).await, Type);
    }
    // The ID token from the same response has `c_hash`, the hash of the authorization code.
    let id = with(access.clone(), json!({"c_hash": "h"}));
    assert_eq!(sample.refuses(&sample.token(id)).await, Type);
    // After a refresh, ID tokens have no `c_hash` and cannot be distinguished from access tokens. If the client is used
    // for user sign-in, tokens for it are therefore rejected.
    let signing_in = IssuerSettings { client_id: Some("kubernetes".to_owned()), ..sample.settings.clone() };
    assert_eq!(Setup::new(vec![signing_in]).refusal(&sample.token(access)).await, Type);
}

#[tokio::test]
async fn authentik() {
    let issuer = "https://auth.example/application/o/identity/";
    let sample = Sample::new(ProviderKind::Authentik, issuer, "client", ("preferred_username", "azp", "groups")).await;
    let access = json!({"sub": "8f3", "aud": "client", "azp": "client", "uid": "u", "auth_time": NOW - 9, "acr": "goauthentik.io/a",
        "scope": "openid profile", "preferred_username": "ann", "groups": ["ops"]});
    assert_eq!(sample.accepts(&sample.typed(json!("JWT"), access)).await, found("ann", &["ops"]));
    let id = json!({"sub": "8f3", "aud": "client", "azp": "client", "nonce": "n", "at_hash": "h", "preferred_username": "ann"});
    assert_eq!(sample.refuses(&sample.typed(json!("JWT"), id)).await, Type);
}

#[tokio::test]
async fn zitadel() {
    let roles = "$['urn:zitadel:iam:org:project:roles']";
    let sample =
        Sample::new(ProviderKind::Zitadel, "https://acme.zitadel.cloud", "2893@identity", ("sub", "client_id", roles))
            .await;
    let access = json!({"sub": "163840776835432705", "aud": ["2893@identity", "2001"], "client_id": "2893@identity", "jti": "j",
        "nbf": NOW - 1, "urn:zitadel:iam:org:project:roles": {"operator": {"123": "acme.example"}, "viewer": {"123": "acme.example"}}});
    let token = sample.token(access);
    assert_eq!(sample.accepts(&token).await, found("163840776835432705", &["operator", "viewer"]));
    let id = json!({"sub": "163840776835432705", "aud": ["2893@identity"], "azp": "2893@identity", "amr": ["pwd"], "at_hash": "h"});
    assert_eq!(sample.refuses(&sample.token(id)).await, Type);
}

#[tokio::test]
async fn adfs() {
    let issuer = "https://fs.example.com/adfs";
    let sample =
        Sample::new(ProviderKind::Adfs, issuer, "microsoft:identityserver:api", ("upn", "appid", "group")).await;
    let access = json!({"iss": "http://fs.example.com/adfs/services/trust", "aud": "microsoft:identityserver:api", "appid": "web",
        "apptype": "Confidential", "authmethod": "urn:x", "ver": "1.0", "scp": "openid", "upn": "ann@example.com", "group": "ops"});
    let token = sample.typed(json!("JWT"), access.clone());
    assert_eq!(sample.accepts(&token).await, found("ann@example.com", &["ops"]));
    assert!(matches!(sample.without_habits().refusal(&token).await, RejectedToken::Issuer(_)));
    // ID tokens have the issuer of OpenID Connect.
    let id = json!({"aud": "microsoft:identityserver:api", "upn": "ann@example.com", "scp": "openid"});
    assert!(matches!(sample.refuses(&sample.typed(json!("JWT"), id)).await, RejectedToken::Issuer(_)));
    // If the configured issuer is already that of access tokens, no other issuer is derived from it.
    let trust = "http://fs.example.com/adfs/services/trust";
    assert_eq!(TokenHabits::of(ProviderKind::Adfs, trust).access_token_issuer, None);
}

#[tokio::test]
async fn ping() {
    let issuer = "https://auth.pingone.eu/4c2a/as";
    let sample =
        Sample::new(ProviderKind::Ping, issuer, "https://api.example.com", ("username", "client_id", "groups")).await;
    let access = json!({"client_id": "3f", "sub": "8a", "aud": ["https://api.example.com"], "scope": "openid identity",
        "sid": "s", "username": "ann", "groups": ["ops"], "acr": "Single_Factor"});
    assert_eq!(sample.accepts(&sample.token(access)).await, found("ann", &["ops"]));
    // PingFederate's token manager writes no audience by default.
    let federate = IssuerSettings { audiences: vec!["3f".to_owned()], ..sample.settings.clone() };
    let token = sample.token(json!({"client_id": "3f", "scope": ["openid"], "username": "ann"}));
    assert_eq!(Setup::new(vec![federate]).verify(&token).await.unwrap().principal.id(), "ann");
    let id = json!({"sub": "8a", "aud": "https://api.example.com", "at_hash": "h", "amr": ["pwd"], "username": "ann"});
    assert_eq!(sample.refuses(&sample.token(id)).await, Type);
}

#[tokio::test]
async fn generic() {
    let sample = Sample::new(ProviderKind::Generic, "https://id.example", "api", ("sub", "client_id", "groups")).await;
    assert_eq!(sample.settings.habits, TokenHabits::default());
    let access = json!({"sub": "ann", "aud": "api", "client_id": "web", "jti": "j", "groups": ["ops"]});
    assert_eq!(sample.accepts(&sample.typed(json!("at+jwt"), access.clone())).await, found("ann", &["ops"]));
    for mark in ["nonce", "at_hash", "c_hash", "s_hash"] {
        let id = with(access.clone(), json!({mark: "x"}));
        assert_eq!(sample.refuses(&sample.token(id)).await, Type, "{mark}");
    }
    assert_eq!(sample.refuses(&sample.token(with(access, json!({"aud": null})))).await, Audience);
}
