//! Client registration for sign-in, through properties of Management Identity and of the applications' SDK.

use identity_core::value::Secret;

use super::*;

/// Variables from the vendor's guide for OpenID Connect, and those of the database.
const GUIDE: &[(&str, &str)] = &[
    ("SPRING_PROFILES_ACTIVE", "oidc"),
    ("CAMUNDA_IDENTITY_TYPE", "GENERIC"),
    ("CAMUNDA_IDENTITY_BASE_URL", "https://identity.example"),
    ("CAMUNDA_IDENTITY_ISSUER", "https://idp.example"),
    ("CAMUNDA_IDENTITY_ISSUER_BACKEND_URL", "https://idp.internal"),
    ("CAMUNDA_IDENTITY_CLIENT_ID", "identity"),
    ("CAMUNDA_IDENTITY_CLIENT_SECRET", "hunter22"),
    ("CAMUNDA_IDENTITY_AUDIENCE", "identity-api"),
    ("IDENTITY_INITIAL_CLAIM_NAME", "sub"),
    ("IDENTITY_INITIAL_CLAIM_VALUE", "ann"),
    ("SPRING_DATASOURCE_URL", "jdbc:postgresql://db/identity"),
    ("SPRING_DATASOURCE_USERNAME", "identity"),
    ("IDENTITY_DATABASE_PASSWORD", "hunter22"),
];

fn with(variables: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [GUIDE, variables].concat()
}

fn without(names: &[&str]) -> Vec<(&'static str, &'static str)> {
    GUIDE.iter().copied().filter(|(name, _)| !names.contains(name)).collect()
}

fn client(variables: &[(&str, &str)]) -> Client {
    config("", variables).authentication.providers[0].client.clone().expect("sign-in is on")
}

fn basic(secret: &str) -> ClientAuthentication {
    ClientAuthentication::SecretBasic(Secret::new(secret.to_owned()))
}

#[test]
fn variables_of_the_guide_enable_sign_in() {
    let loaded = load("", GUIDE).unwrap();
    let provider = &loaded.config.authentication.providers[0];
    assert_eq!((provider.issuer.as_str(), provider.audiences[0].as_str()), ("https://idp.example", "identity-api"));
    let client = provider.client.as_ref().unwrap();
    assert_eq!((client.id.as_str(), &client.authentication), ("identity", &basic("hunter22")));
    assert!(matches!(loaded.config.store, Store::Postgres(_)));
    assert_eq!(
        loaded.warnings,
        ["recognized, but without effect: CAMUNDA_IDENTITY_BASE_URL (the URL for applications; the URL for browsers \
             is `server.public-url`)"]
    );
}

#[test]
fn accepts_all_names_of_the_client() {
    let base = without(&["CAMUNDA_IDENTITY_CLIENT_ID", "CAMUNDA_IDENTITY_CLIENT_SECRET"]);
    for (id, secret) in [
        ("CAMUNDA_IDENTITY_CLIENTID", "CAMUNDA_IDENTITY_CLIENTSECRET"),
        ("camunda.identity.client-id", "camunda.identity.clientSecret"),
        ("IDENTITY_CLIENT_ID", "CAMUNDA_IDENTITY_CLIENT_SECRET"),
        ("CAMUNDA_IDENTITY_CLIENT_ID", "IDENTITY_CLIENT_SECRET"),
        ("IDENTITY_AUTH_PROVIDER_CLIENT_ID", "IDENTITY_AUTH_PROVIDER_CLIENT_SECRET"),
        ("IDENTITY_AUTHPROVIDER_CLIENTID", "IDENTITY_AUTHPROVIDER_CLIENTSECRET"),
    ] {
        let variables = [base.as_slice(), &[(id, "identity"), (secret, "hunter22")]].concat();
        let client = client(&variables);
        assert_eq!((client.id.as_str(), client.authentication), ("identity", basic("hunter22")), "{id} {secret}");
    }
}

#[test]
fn reads_the_client_from_a_file() {
    let base = without(&["CAMUNDA_IDENTITY_CLIENT_ID", "CAMUNDA_IDENTITY_CLIENT_SECRET"]);
    for text in [
        "identity: {authProvider: {clientId: identity, clientSecret: hunter22}}",
        "identity.auth-provider: {client-id: identity, client-secret: hunter22, useBackendAuthUrl: true}",
        "camunda: {identity: {client-id: identity, clientSecret: hunter22, useBackendAuthUrl: 'true'}}",
        "{identity: {client-id: identity}, camunda.identity.client-secret: hunter22}",
    ] {
        let loaded = load(text, &base).unwrap();
        let client = loaded.config.authentication.providers[0].client.as_ref().unwrap();
        assert_eq!((client.id.as_str(), &client.authentication), ("identity", &basic("hunter22")), "{text}");
        let warnings =
            loaded.warnings.iter().filter(|warning| warning.to_lowercase().contains("backendauthurl")).count();
        assert_eq!(warnings, usize::from(text.contains("useBackend")), "{:?}", loaded.warnings);
    }
}

#[test]
fn warns_once_about_the_backend_auth_url_switch() {
    let loaded = load("", &with(&[("IDENTITY_AUTH_PROVIDER_USEBACKENDAUTHURL", "true")])).unwrap();
    let warnings: Vec<_> = loaded.warnings.iter().filter(|warning| warning.contains("USEBACKENDAUTHURL")).collect();
    assert_eq!(
        warnings,
        ["recognized, but without effect: IDENTITY_AUTH_PROVIDER_USEBACKENDAUTHURL (this server connects to \
             `backend-url`, browsers to the issuer)"]
    );
}

/// File and variables that the chart of release 8.7 renders for a provider.
#[test]
fn session_key_follows_from_the_client_secret() {
    let text = "
identity:
  url: https://identity.example
  client-id: identity
  authProvider: {type: GENERIC, issuer-url: https://idp.example, backend-url: https://idp.example}
server: {port: 8080}
spring:
  profiles: {active: oidc}
  datasource: {url: 'jdbc:postgresql://db:5432/identity', username: identity}
camunda: {identity: {audience: identity-api, client-id: identity, baseUrl: 'http://identity:80'}}
";
    let variables = [
        ("IDENTITY_INITIAL_CLAIM_NAME", "oid"),
        ("IDENTITY_INITIAL_CLAIM_VALUE", "ann"),
        ("CAMUNDA_IDENTITY_CLIENT_SECRET", "hunter22"),
        ("IDENTITY_DATABASE_PASSWORD", "hunter22"),
    ];
    let config = config(text, &variables);
    let client = config.authentication.providers[0].client.as_ref().unwrap();
    assert_eq!((client.id.as_str(), &client.authentication), ("identity", &basic("hunter22")));
    // The session key is derived from the client secret; without one, a session key is required.
    let found = problems(text, &variables[..2]);
    assert!(found.iter().any(|problem| problem.contains("`session.encryption-key` is required")), "{found:?}");
}

#[test]
fn own_keys_take_precedence_over_sdk_settings() {
    let own = [
        ("IDENTITY_AUTHENTICATION_PROVIDERS_DEFAULT_CLIENT_ID", "own"),
        ("IDENTITY_AUTHENTICATION_PROVIDERS_DEFAULT_CLIENT_SECRET", "own-secret"),
    ];
    let loaded = load("", &with(&own)).unwrap();
    let client = loaded.config.authentication.providers[0].client.as_ref().unwrap();
    assert_eq!((client.id.as_str(), &client.authentication), ("own", &basic("own-secret")));
    let expected = "CAMUNDA_IDENTITY_CLIENT_ID, CAMUNDA_IDENTITY_CLIENT_SECRET (a setting of the applications' SDK";
    assert!(loaded.warnings.iter().any(|warning| warning.contains(expected)), "{:?}", loaded.warnings);
    let kind = [("IDENTITY_AUTHENTICATION_PROVIDERS_DEFAULT_KIND", "dex")];
    assert_eq!(config("", &with(&kind)).authentication.providers[0].kind, ProviderKind::Dex);
    // The secret of a different client is not used, nor does it replace another authentication method.
    let public = without(&["CAMUNDA_IDENTITY_CLIENT_ID", "SPRING_DATASOURCE_URL", "IDENTITY_DATABASE_PASSWORD"]);
    let public: Vec<_> = public.into_iter().filter(|(name, _)| !name.starts_with("SPRING_DATASOURCE")).collect();
    assert_eq!(self::client(&[public.as_slice(), &own[..1]].concat()).authentication, ClientAuthentication::None);
    let key = [("IDENTITY_AUTHENTICATION_PROVIDERS_DEFAULT_ASSERTION_KEY_FILE", "/k.pem")];
    let assertion = [public.as_slice(), &[("CAMUNDA_IDENTITY_CLIENT_ID", "identity")], &key].concat();
    let client = self::client(&assertion);
    assert!(matches!(client.authentication, ClientAuthentication::PrivateKeyJwt(_)), "{client:?}");
}

#[test]
fn rejects_contradictory_clients() {
    for (variables, expected) in [
        (
            with(&[("IDENTITY_CLIENT_ID", "other")]),
            "CAMUNDA_IDENTITY_CLIENT_ID: `authentication.providers.default.client-id` has another value in \
             IDENTITY_CLIENT_ID",
        ),
        (
            with(&[("IDENTITY_CLIENT_SECRET", "other")]),
            "CAMUNDA_IDENTITY_CLIENT_SECRET: `authentication.providers.default.client-secret` has another value in \
             IDENTITY_CLIENT_SECRET",
        ),
        (
            with(&[("CAMUNDA_IDENTITY_CLIENTID", "other")]),
            "CAMUNDA_IDENTITY_CLIENTID: `authentication.providers.default.client-id` has another value in \
             CAMUNDA_IDENTITY_CLIENT_ID",
        ),
        (
            with(&[("CAMUNDA_IDENTITY_AUDIENCE", "a"), ("camunda.identity.audience", "b")]),
            "CAMUNDA_IDENTITY_AUDIENCE: `authentication.providers.default.audiences` has another value in \
             camunda.identity.audience",
        ),
        (
            with(&[("IDENTITY_CLIENT_ID", "identity"), ("IDENTITY_AUTH_PROVIDER_CLIENT_ID", "other")]),
            "IDENTITY_CLIENT_ID: `authentication.providers.default.client-id` has another value in \
             IDENTITY_AUTH_PROVIDER_CLIENT_ID",
        ),
        (
            with(&[("CAMUNDA_IDENTITY_CLIENT_SECRET_FILE", "/s")]),
            "CAMUNDA_IDENTITY_CLIENT_SECRET: `authentication.providers.default.client-secret` has another value in \
             CAMUNDA_IDENTITY_CLIENT_SECRET_FILE",
        ),
    ] {
        let found = problems("", &variables);
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected}: {found:?}");
        assert!(!found.iter().any(|problem| problem.contains("hunter22")), "{found:?}");
    }
    // A later source of the same setting takes precedence, as for all settings.
    let earlier = "camunda: {identity: {client-id: earlier, client-secret: earlier}}";
    let loaded = load(earlier, GUIDE).unwrap();
    assert_eq!(loaded.config.authentication.providers[0].client.as_ref().unwrap().id, "identity");
    assert!(!loaded.warnings.iter().any(|warning| warning.contains("client-id")), "{:?}", loaded.warnings);
}

#[test]
fn the_last_document_determines_sdk_settings() {
    let text = "
camunda.identity: {client-id: first, audience: first-api}
---
spring.config.activate.on-profile: oidc
camunda.identity: {client-id: second, audience: second-api}
";
    let names = ["CAMUNDA_IDENTITY_CLIENT_ID", "CAMUNDA_IDENTITY_AUDIENCE", "CAMUNDA_IDENTITY_BASE_URL"];
    let loaded = load(text, &without(&names)).unwrap();
    let provider = &loaded.config.authentication.providers[0];
    assert_eq!(provider.client.as_ref().unwrap().id, "second");
    assert_eq!(provider.audiences.iter().map(|one| one.as_str()).collect::<Vec<_>>(), ["second-api"]);
    assert_eq!(loaded.warnings, [""; 0]);
}

#[test]
fn sdk_scopes_and_endpoints_apply_to_sign_in() {
    let client = client(&with(&[
        ("CAMUNDA_IDENTITY_AUTHSCOPES", "openid email offline_access"),
        ("CAMUNDA_IDENTITY_AUTH_URL", "https://idp.example/authorize"),
        ("CAMUNDA_IDENTITY_TOKENURL", "https://idp.example/token"),
    ]));
    assert_eq!(client.scopes, ["openid", "email", "offline_access"]);
    assert_eq!(client.endpoints.authorization.unwrap().as_str(), "https://idp.example/authorize");
    assert_eq!(client.endpoints.token.unwrap().as_str(), "https://idp.example/token");
}

/// Compose files use this variable in a placeholder, as the secret of a client to create. The variable must not be
/// taken as the secret for an existing realm.
#[test]
fn creates_the_realm_despite_the_client_variable() {
    let text = "
keycloak:
  url: https://keycloak.example
  setup: {user: admin, password: hunter22}
  environment: {clients: [{name: Identity, id: camunda-identity, secret: '${CAMUNDA_IDENTITY_CLIENT_SECRET}'}]}
spring: {profiles: {active: keycloak}}
";
    let variables = [("CAMUNDA_IDENTITY_CLIENT_SECRET", "hunter22")];
    let loaded = load(text, &variables).unwrap();
    let keycloak = loaded.config.keycloak.unwrap();
    assert!(matches!(keycloak.access, KeycloakAccess::Administrator { .. }));
    assert_eq!(keycloak.own_client_secret, Some(Secret::new("hunter22".to_owned())));
    assert!(!loaded.warnings.iter().any(|warning| warning.contains("CLIENT_SECRET")), "{:?}", loaded.warnings);
    let unnamed = text.replace("${CAMUNDA_IDENTITY_CLIENT_SECRET}", "hunter22");
    let loaded = load(&unnamed, &variables).unwrap();
    assert!(matches!(loaded.config.keycloak.unwrap().access, KeycloakAccess::Administrator { .. }));
    assert!(!loaded.warnings.iter().any(|warning| warning.contains("CLIENT_SECRET")), "{:?}", loaded.warnings);
    let other = unnamed.replace("hunter22", "other") + "camunda.identity: {client-id: camunda-identity}\n";
    let expected = "effect: CAMUNDA_IDENTITY_CLIENT_SECRET (in the profile `keycloak`, this server's client is";
    let loaded = load(&other, &variables).unwrap();
    assert!(loaded.warnings.iter().any(|warning| warning.contains(expected)), "{:?}", loaded.warnings);
}

/// The variables of an application in the same container neither configure a provider nor abort start-up.
#[test]
fn ignores_sdk_settings_of_an_application() {
    let sdk = [
        ("CAMUNDA_IDENTITY_CLIENT_ID", "optimize"),
        ("CAMUNDA_IDENTITY_CLIENT_SECRET", "hunter22"),
        ("CAMUNDA_IDENTITY_AUDIENCE", "optimize-api"),
    ];
    for text in [OIDC, "profile: builtin"] {
        let loaded = load(text, &sdk).unwrap();
        assert_eq!(loaded.config, config(text, &[]), "{text}");
        assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    }
}

#[test]
fn reports_the_remedy_for_a_missing_issuer() {
    let sdk = without(&["CAMUNDA_IDENTITY_ISSUER"]);
    let generic = [sdk.as_slice(), &[("CAMUNDA_IDENTITY_AUTH_URL", "https://idp.example/authorize")]].concat();
    assert_eq!(
        problems("", &generic),
        ["`authentication.providers.default.issuer` is required with `authorization-url`, because tokens are \
             accepted by their issuer: add the `issuer` of the provider's `/.well-known/openid-configuration`"]
    );
}

#[test]
fn derives_the_issuer_of_an_entra_tenant_from_its_endpoints() {
    let tenant = "https://login.microsoftonline.com/0b1c2d3e-0000-0000-0000-000000000000";
    let issuer = |property: &str, url: &str| {
        let text = format!(
            "camunda: {{security: {{authentication: {{method: oidc, oidc: {{client-id: c, client-secret: s, \
             {property}: '{url}'}}}}}}}}"
        );
        load(&text, &[]).map(|loaded| loaded.config.authentication.providers[0].issuer.clone())
    };
    for (property, end) in [
        ("authorization-uri", "/oauth2/v2.0/authorize"),
        ("token-uri", "/oauth2/v2.0/token"),
        ("jwk-set-uri", "/discovery/v2.0/keys"),
    ] {
        assert_eq!(issuer(property, &format!("{tenant}{end}")).unwrap(), format!("{tenant}/v2.0"), "{property}");
    }
    let any =
        issuer("authorization-uri", "https://login.microsoftonline.com/common/oauth2/v2.0/authorize").unwrap_err();
    assert!(any.to_string().contains("issuer` is required with `authorization-url`"), "{any}");
    let realm = "https://keycloak.example/realms/a/protocol/openid-connect";
    assert_eq!(issuer("authorization-uri", &format!("{realm}/auth")).unwrap(), "https://keycloak.example/realms/a");
    // The token endpoint may have an internal address, which is not the issuer in tokens.
    assert!(issuer("token-uri", &format!("{realm}/token")).is_err());
}
