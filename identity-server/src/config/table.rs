//! List of all configuration keys.

use super::choices::{
    AuthenticationMethod, CLAIM_FORMS, CLIENT_KINDS, KeepClaims, LogFormat, MemberKind, OPERATORS, OWNER_KINDS,
    PostgresTls, Profile, ProviderKind, RULE_KINDS, StoreKind, THUMBPRINTS, USERNAME_CASES, UserInfo,
};
use super::key::{Key, Kind, words};
pub(super) use super::unused::{FOREIGN, IN_FILES, OPTIONAL_PLACEHOLDERS, UNUSED};
use Kind::{Choice, Duration, DurationOrOff, Flag, Number, Secret, Text};

const fn key(
    path: &'static str,
    kind: Kind,
    default: &'static str,
    aliases: &'static [&'static str],
    description: &'static str,
) -> Key {
    Key { path, kind, default, aliases, description }
}

/// Prefixes the name of a property of the Orchestration Cluster: `camunda.security.NAME`
/// (docs/reference/orchestration-cluster.md §6).
macro_rules! cluster {
    ($name:literal) => {
        concat!("camunda.security.", $name)
    };
}

/// Prefixes the name of a property of the Orchestration Cluster's only provider, such as `issuer-uri`.
macro_rules! oidc {
    ($name:literal) => {
        concat!("camunda.security.authentication.oidc.", $name)
    };
}

/// Prefixes the name of a property of one of several providers of the Orchestration Cluster, such as `issuer-uri`.
macro_rules! oidc_of {
    ($name:literal) => {
        concat!("camunda.security.authentication.providers.oidc.<id>.", $name)
    };
}

/// Defines a key of the section `initialization`, with the equivalent property of the Orchestration Cluster as alias.
macro_rules! initial {
    ($name:literal, $kind:expr, $description:literal) => {
        key(
            concat!("initialization.", $name),
            $kind,
            "",
            &[concat!("camunda.security.initialization.", $name)],
            $description,
        )
    };
}

/// Defines a key of the section `components.<id>`, with the equivalent property of Management Identity as alias
/// (docs/reference/management-api.md §4).
macro_rules! preset {
    ($name:literal, $kind:expr, $description:literal) => {
        key(
            concat!("components.<id>.", $name),
            $kind,
            "",
            &[concat!("identity.component-presets.<id>.", $name)],
            $description,
        )
    };
}

const ALGORITHMS: &[&str] = &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

const SECRET: Kind = Secret(1);
const CLIENT_SECRET: Kind = Secret(identity_core::value::Secret::CONFIGURED_CLIENT_SECRET_MIN);
const KEYCLOAK_PASSWORD: Kind = Secret(identity_core::value::Secret::CONFIGURED_PASSWORD_MIN);

// Durations in seconds.
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// All configuration keys, in the order of the documentation.
#[rustfmt::skip]
pub(super) static KEYS: &[Key] = &[
    key("profile", Choice(&words(&Profile::WORDS)), "", &[], "System that manages users and clients. Required; `dev` defaults to `builtin`."),

    key("server.address", Text, "0.0.0.0", &["server.address"], "IP address of the API and the UI."),
    key("server.port", Number(0..=65_535), "8080", &["server.port"], "Port of the API and the UI; 0 selects a free port."),
    key("server.management-address", Text, "", &["management.server.address"], "IP address of health and metrics. Defaults to `server.address`."),
    key("server.management-port", Number(0..=65_535), "8082", &["management.server.port"], "Port of health and metrics, which must differ from `server.port`; 0 selects a free port."),
    key("server.public-url", Text, "", &["identity.url"], "URL at which browsers reach this server, including the base path. Defaults to the listening address."),
    key("server.base-path", Text, "", &["identity.base-path", "server.servlet.context-path"], "Path prefix of all routes, such as `/identity`. No prefix by default."),
    key("server.workers", Number(1..=1024), "", &[], "Number of worker threads that handle requests. Defaults to the number of cores."),
    key("server.max-body-bytes", Number(1024..=1 << 30), "1048576", &[], "Maximum size of a request body in bytes."),
    key("server.body-timeout", Duration(1..=HOUR), "10s", &[], "Maximum time to receive a request body after its head. After it, the response is 408."),
    key("server.body-min-bytes-per-second", Number(1..=1_000_000_000), "4096", &[], "Minimum average transfer rate in bytes per second. A request body below it after 3 seconds is answered with 408; a connection that reads a response below it after 30 seconds is closed."),
    key("server.max-buffered-bytes", Number(1024..=1 << 40), "67108864", &[], "Maximum bytes that all requests together buffer. Beyond it, requests with larger bodies are answered with 503. The effective limit is at least `server.max-body-bytes`."),
    key("server.max-buffered-bytes-per-address", Number(1024..=1 << 40), "16777216", &[], "Maximum bytes that the requests of one client address (IPv6: one `/64`) buffer. The effective limit is at least `server.max-body-bytes`."),
    key("server.max-unread-bytes", Number(1024..=1 << 40), "67108864", &[], "Maximum bytes of large responses that clients have not read yet. Beyond it, a response of more than 16 KiB is replaced by a 503. A single response may exceed the limit."),
    key("server.max-unread-bytes-per-address", Number(1024..=1 << 40), "16777216", &[], "Maximum unread bytes of large responses for one client address (IPv6: one `/64`)."),
    key("server.max-connections", Number(1..=1_000_000), "2048", &[], "Maximum number of open connections. Beyond it, a new connection is answered with 503 and closed."),
    key("server.max-connections-per-address", Number(1..=1_000_000), "256", &[], "Maximum number of open connections of one client address (IPv6: one `/64`). It does not apply to trusted proxies."),
    key("server.local-names-only", Flag, "false", &[], "Whether only requests for host names of this machine are accepted: `localhost`, loopback addresses and the host of `server.public-url`. This prevents DNS rebinding. Always on in `dev`, and with `authentication.unprotected-api` unless `authentication.unprotected-api-on-network` is set."),
    key("server.trusted-proxies[]", Text, "", &[], "IP addresses or networks, such as `10.0.0.0/8`, of reverse proxies. For requests that they forward, the client address is taken from `X-Forwarded-For` or `Forwarded`. By default, the client address is that of the connection."),
    key("server.request-timeout", Duration(1..=HOUR), "30s", &[], "Maximum time to receive the head of a request."),
    key("server.drain-timeout", Duration(0..=HOUR), "20s", &[], "Maximum time for running requests to finish after a stop signal."),

    key("store.kind", Choice(&words(&StoreKind::WORDS)), "", &[], "Database of the policy data. Defaults to `postgres` if any key of `store.postgres` is given, otherwise to `sqlite`."),
    key("store.sqlite.data-dir", Text, ".identity", &[], "Directory of the embedded database. It is created if it is missing."),
    key("store.postgres.url", SECRET, "", &[], "Connection URL of the form `postgres://user:password@host:port/database`. It replaces `host`, `port`, `database`, `username` and `password`."),
    key("store.postgres.host", Text, "", &["identity.database.host"], "Host name of the database server. Required without `store.postgres.url`."),
    key("store.postgres.port", Number(1..=65_535), "5432", &["identity.database.port"], "Port of the database server."),
    key("store.postgres.database", Text, "", &["identity.database.name"], "Name of the database. Required without `store.postgres.url`."),
    key("store.postgres.username", Text, "", &["identity.database.username", "spring.datasource.username"], "Name of the database user. Required without `store.postgres.url`."),
    key("store.postgres.password", SECRET, "", &["identity.database.password", "spring.datasource.password"], "Password of the database user. No password by default."),
    key("store.postgres.tls", Choice(&words(&PostgresTls::WORDS)), "", &[], "TLS mode of the connection, as in libpq's `sslmode`. Defaults to the mode of the URL, otherwise to `prefer`."),
    key("store.postgres.ca-file", Text, "", &[], "PEM file with the certificate authorities for the certificate of the database server."),
    key("store.postgres.max-connections", Number(1..=1000), "10", &[], "Maximum number of pooled connections."),
    key("store.postgres.schema", Text, "", &[], "Schema of the tables, which is created if it is missing. A comma-separated list is a search path. Defaults to the first schema of the user's search path."),

    key("authentication.providers.<id>.kind", Choice(&words(&ProviderKind::WORDS)), "", &[], "Provider product, which sets the token habits that differ from the standards: see [providers](providers.md). `microsoft` is a synonym of `entra`. Defaults to `keycloak` in the profile `keycloak`, otherwise to `generic`."),
    key("authentication.providers.<id>.type", Choice(&words(&ProviderKind::WORDS)), "", &["identity.auth-provider.type", "camunda.identity.type"], "Synonym of `kind`."),
    key("authentication.providers.<id>.issuer", Text, "", &["identity.auth-provider.issuer-url", "camunda.identity.issuer", oidc!("issuer-uri"), oidc_of!("issuer-uri")], "Issuer identifier, exactly as in the claim `iss`. Required, except in the profile `keycloak`, where it defaults to the managed realm."),
    key("authentication.providers.<id>.backend-url", Text, "", &["identity.auth-provider.backend-url", "camunda.identity.issuer-backend-url"], "Base URL for requests of this server to the issuer. Defaults to the issuer."),
    key("authentication.providers.<id>.jwks-url", Text, "", &["camunda.identity.jwks-url", oidc!("jwk-set-uri"), oidc_of!("jwk-set-uri")], "URL of the issuer's key set (JWKS). Defaults to the URL from discovery."),
    key("authentication.providers.<id>.additional-jwks-urls[]", Text, "", &[oidc!("additional-jwk-set-uris[]"), oidc_of!("additional-jwk-set-uris[]")], "URLs of further key sets of the issuer."),
    key("authentication.providers.<id>.audiences[]", Text, "", &["camunda.identity.audience", oidc!("audiences[]"), oidc_of!("audiences[]")], "Accepted audiences of access tokens. At least one is required, except in the profile `keycloak`, where `camunda-identity-resource-server` is the default."),
    key("authentication.providers.<id>.algorithms[]", Choice(ALGORITHMS), "RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA", &[], "Accepted signature algorithms of access tokens."),
    key("authentication.providers.<id>.clock-skew", Duration(0..=10 * MINUTE), "60s", &["camunda.identity.clock-skew", oidc!("clock-skew"), oidc_of!("clock-skew")], "Permitted clock skew between this server and the issuer."),
    key("authentication.providers.<id>.username-claim", Text, "sub", &[oidc!("username-claim"), oidc_of!("username-claim")], "Claim with the username: a name, or a JSONPath query that starts with `$`."),
    key("authentication.providers.<id>.username-case", Choice(&words(&USERNAME_CASES)), "exact", &[], "Case of usernames: `exact` keeps the case of the token, `lower` converts it to lower case. With `lower`, usernames in roles and other access must be in lower case."),
    key("authentication.providers.<id>.client-id-claim", Text, "", &[oidc!("client-id-claim"), oidc_of!("client-id-claim")], "Claim with the client id. Without it, every token identifies a user."),
    key("authentication.providers.<id>.groups-claim", Text, "", &[oidc!("groups-claim"), oidc_of!("groups-claim")], "Claim with the groups of the caller, which replace stored memberships of users. Stored groups are used by default."),
    key("authentication.providers.<id>.groups-claim-as", Choice(&words(&CLAIM_FORMS)), "", &[], "Format of the groups claim: a string or a `list` of strings, a string to `split`, a `json` array in a string, the `keys` of an object, or a `field` of each object in a list. Defaults to `keys` for ZITADEL, otherwise to `list`."),
    key("authentication.providers.<id>.groups-claim-separator", Text, ",", &[], "Separator of groups for `groups-claim-as: split`. White space around a group is ignored."),
    key("authentication.providers.<id>.groups-claim-field", Text, "name", &[], "Member of each object that contains the group, for `groups-claim-as: field`."),
    key("authentication.providers.<id>.prefer-username-claim", Flag, "false", &[oidc!("prefer-username-claim"), oidc_of!("prefer-username-claim")], "Whether a token with a username and a client id identifies the user rather than the client."),
    key("authentication.providers.<id>.namespace", Text, "", &[], "Prefix of the provider's usernames, client ids and groups, followed by `~`: `partner` maps `ann` to `partner~ann`. At most 32 lower-case letters, digits and dashes. With several providers, all but one require it."),
    key("authentication.providers.<id>.shared-namespace", Flag, "false", &[], "Whether equal names at this provider and at the other providers with this setting denote the same principal, instead of `namespace`. Each of these providers can then impersonate any user, client and group of the others."),
    key("authentication.providers.<id>.user-info-url", Text, "", &[oidc!("user-info-uri"), oidc_of!("user-info-uri")], "URL of the UserInfo endpoint. Defaults to the URL from discovery."),
    key("authentication.providers.<id>.user-info-augmentation.enabled", Flag, "false", &[oidc!("user-info-augmentation.enabled"), oidc_of!("user-info-augmentation.enabled")], "Whether UserInfo is requested with the access token to supplement missing claims. Claims of the token take precedence."),
    key("authentication.providers.<id>.user-info-augmentation.cache-ttl", Duration(1..=HOUR), "5m", &[oidc!("user-info-augmentation.cache-ttl"), oidc_of!("user-info-augmentation.cache-ttl")], "Cache duration of a UserInfo response. It never exceeds the lifetime of the token. Responses are cached with the verified tokens."),
    key("authentication.providers.<id>.user-info-augmentation.negative-cache-ttl", Duration(1..=5 * MINUTE), "5s", &[oidc!("user-info-augmentation.negative-cache-ttl"), oidc_of!("user-info-augmentation.negative-cache-ttl")], "Time before UserInfo is requested again after a failed request. Meanwhile, the token is used without UserInfo."),
    key("authentication.providers.<id>.audience-claim", Text, "", &[], "Claim that is compared with `audiences` if a token has no `aud`. Defaults to `client_id` for Cognito and Ping."),
    key("authentication.providers.<id>.access-token-types[]", Text, "", &[], "Values of the header `typ` that identify an access token, in addition to `at+jwt`. Defaults to those of the provider product."),
    key("authentication.providers.<id>.access-token-issuer", Text, "", &[], "Claim `iss` of access tokens, if it differs from the issuer of ID tokens and discovery. Defaults to `http://HOST/adfs/services/trust` for AD FS."),
    key("authentication.providers.<id>.id-token-marks[]", Choice(&["nonce", "at_hash", "c_hash", "s_hash"]), "", &[], "Claims that identify an ID token, unless the token has a mark of an access token. Defaults to `c_hash` and `s_hash` for Dex, otherwise to all. In tokens for `client-id`, the hash claims always identify an ID token."),
    key("authentication.providers.<id>.require-at-jwt", Flag, "false", &[], "Whether the token type must be `at+jwt` (RFC 9068)."),
    key("authentication.providers.<id>.accept-id-tokens", Flag, "false", &[], "Whether tokens are accepted that are indistinguishable from ID tokens, for providers such as Dex. ID tokens for one of the audiences are then accepted as access tokens."),
    key("authentication.providers.<id>.allow-insecure-http", Flag, "false", &[], "Whether `http` URLs of the provider are permitted for hosts other than this machine."),
    key("authentication.providers.<id>.display-name", Text, "", &[oidc!("client-name"), oidc_of!("client-name")], "Display name of the provider on the sign-in page. Defaults to its id."),
    key("authentication.providers.<id>.client-id", Text, "", &["identity.client-id", "identity.auth-provider.client-id", "camunda.identity.client-id", oidc!("client-id"), oidc_of!("client-id")], "Client id of this server at the provider, which enables sign-in with a browser. Defaults to `camunda-identity` if `client-secret` is given."),
    key("authentication.providers.<id>.client-secret", SECRET, "", &["identity.client-secret", "identity.auth-provider.client-secret", "camunda.identity.client-secret", oidc!("client-secret"), oidc_of!("client-secret")], "Client secret of this server at the provider."),
    key("authentication.providers.<id>.client-authentication", Choice(&words(&AuthenticationMethod::WORDS)), "", &[oidc!("client-authentication-method"), oidc_of!("client-authentication-method")], "Client authentication method. Defaults to the method whose credentials are configured: secret, assertion, TLS certificate, otherwise `none`."),
    key("authentication.providers.<id>.assertion.key-file", Text, "", &[], "PEM file with the private key for `private_key_jwt`. It is reloaded when it changes."),
    key("authentication.providers.<id>.assertion.certificate-file", Text, "", &[], "PEM file with the certificate of the private key, for the thumbprint."),
    key("authentication.providers.<id>.assertion.keystore-file", Text, "", &[oidc!("assertion.keystore.path"), oidc_of!("assertion.keystore.path")], "PKCS#12 file with private key and certificate, as an alternative to `assertion.key-file`."),
    key("authentication.providers.<id>.assertion.keystore-password", SECRET, "", &[oidc!("assertion.keystore.password"), oidc_of!("assertion.keystore.password")], "Password of the PKCS#12 file. Required with `assertion.keystore-file`."),
    key("authentication.providers.<id>.assertion.keystore-alias", Text, "", &[oidc!("assertion.keystore.key-alias"), oidc_of!("assertion.keystore.key-alias")], "Alias of the entry in the PKCS#12 file. Defaults to the only entry with a private key."),
    key("authentication.providers.<id>.assertion.key-id", Text, "", &[], "Header `kid` of the assertion; `public-key` stands for the digest of the public key."),
    key("authentication.providers.<id>.assertion.thumbprint", Choice(&words(&THUMBPRINTS)), "", &[], "Header with the certificate thumbprint of the assertion. Defaults to that of the provider product."),
    key("authentication.providers.<id>.assertion.algorithm", Choice(ALGORITHMS), "", &[], "Signature algorithm of the assertion. Defaults to the algorithm of the key's curve, or to RS256 for RSA keys."),
    key("authentication.providers.<id>.assertion.audience", Text, "", &[], "Audience of the assertion: `issuer`, `token-endpoint`, or a literal value. Defaults to that of the provider product."),
    key("authentication.providers.<id>.tls.certificate-file", Text, "", &[], "PEM file with the client certificate for `tls_client_auth` (RFC 8705). It is reloaded when it changes."),
    key("authentication.providers.<id>.tls.key-file", Text, "", &[], "PEM file with the private key of the client certificate. Required for `tls_client_auth`."),
    key("authentication.providers.<id>.scopes[]", Text, "", &["camunda.identity.auth-scopes", oidc!("scope[]"), oidc_of!("scope[]")], "Scopes of authorization requests, which must include `openid`. Defaults to those of the provider product."),
    key("authentication.providers.<id>.resources[]", Text, "", &[oidc!("resource"), oidc_of!("resource")], "Resource indicators of access tokens (RFC 8707), as absolute URIs, this service first."),
    key("authentication.providers.<id>.authorize-parameters[]", Text, "", &[], "Additional parameters of authorization requests, each of the form `name=value`."),
    key("authentication.providers.<id>.prompt", Text, "", &[], "Parameter `prompt` of authorization requests."),
    key("authentication.providers.<id>.id-token-algorithms[]", Choice(ALGORITHMS), "", &[oidc!("id-token-algorithm"), oidc_of!("id-token-algorithm")], "Accepted signature algorithms of ID tokens and logout tokens. Defaults to `algorithms`."),
    key("authentication.providers.<id>.authorization-url", Text, "", &["camunda.identity.auth-url", oidc!("authorization-uri"), oidc_of!("authorization-uri")], "URL of the authorization endpoint. Defaults to the URL from discovery."),
    key("authentication.providers.<id>.token-url", Text, "", &["camunda.identity.token-url", oidc!("token-uri"), oidc_of!("token-uri")], "URL of the token endpoint. Defaults to the URL from discovery."),
    key("authentication.providers.<id>.end-session-url", Text, "", &[oidc!("end-session-endpoint-uri"), oidc_of!("end-session-endpoint-uri")], "URL of the end-session endpoint. Defaults to the URL from discovery."),
    key("authentication.providers.<id>.revocation-url", Text, "", &[], "URL of the revocation endpoint for refresh tokens. Defaults to the URL from discovery."),
    key("authentication.providers.<id>.user-info", Choice(&words(&UserInfo::WORDS)), "optional", &[], "Use of UserInfo at sign-in: `off` does not request it, `optional` continues if the request fails, `required` rejects the sign-in."),
    key("authentication.providers.<id>.prefer-id-token-claims", Flag, "false", &[oidc!("prefer-id-token-claims"), oidc_of!("prefer-id-token-claims")], "Whether claims of the ID token take precedence over those of the access token."),
    key("authentication.providers.<id>.logout-at-provider", Flag, "true", &[oidc!("idp-logout-enabled"), oidc_of!("idp-logout-enabled")], "Whether sign-out also ends the session at the provider."),
    key("authentication.providers.<id>.require-logout-token-type", Flag, "false", &[], "Whether the type of a logout token must be `logout+jwt`."),
    key("authentication.unprotected-api", Flag, "false", &[cluster!("authentication.unprotected-api")], "Whether requests need no credentials and have all permissions. For evaluation only; requires a loopback `server.address`, such as 127.0.0.1 or ::1."),
    key("authentication.unprotected-api-on-network", Flag, "false", &[], "Whether `authentication.unprotected-api` is permitted for other addresses too."),
    key("authentication.basic.cache-ttl", Duration(0..=10 * MINUTE), "60s", &[], "Cache duration of a verified password of a built-in user; `0s` disables the cache. Password changes take effect immediately."),
    key("authentication.token-cache-entries", Number(0..=10_000_000), "10000", &[], "Maximum number of cached verified tokens; 0 disables the cache."),
    key("authentication.max-token-bytes", Number(1024..=1 << 20), "65536", &[], "Maximum length of a token in bytes. In the cache, a longer token counts as one entry per 16 KiB."),
    key("authentication.token-resolution.any-known-api", Flag, "true", &[], "Whether `GET /api/{groups,permissions,tenants,authorizations}/for-token` accept tokens for all APIs of this installation instead of `audiences` alone: the platform's APIs, APIs on which a role holds a permission, and those of `authentication.token-resolution.audiences`. Other requests reject such tokens."),
    key("authentication.token-resolution.audiences[]", Text, "", &[], "Audiences of further APIs whose tokens `for-token` accepts. They require `any-known-api`."),
    key("authentication.ca-file", Text, "", &[], "PEM file with additional certificate authorities for the certificates of the providers."),

    key("session.idle-timeout", Duration(MINUTE..=720 * HOUR), "30m", &[cluster!("session.max-inactive-interval")], "Idle timeout of a browser session. It must not exceed `session.absolute-timeout`."),
    key("session.absolute-timeout", Duration(MINUTE..=720 * HOUR), "12h", &[], "Maximum lifetime of a browser session."),
    key("session.max-per-user", Number(1..=10_000), "50", &[], "Maximum number of sessions per user. A further session ends the oldest one."),
    key("session.encryption-key", SECRET, "", &[], "Key that encrypts the tokens of sessions: 32 random bytes in base64, equal on all replicas. Defaults to a key derived from the first `client-secret` of a provider, otherwise to the file `session.key` beside the embedded database. Required for sign-in at providers with `store.postgres` and without `client-secret`, except in the profile `keycloak`."),
    key("session.previous-encryption-key", SECRET, "", &[], "Previous `session.encryption-key`, which still decrypts, so that a key change ends no session."),

    key("keycloak.url", Text, "", &["keycloak.url"], "Base URL of Keycloak, including its relative path. Required in the profile `keycloak`. All keys of this section apply to that profile only."),
    key("keycloak.realm", Text, "camunda-platform", &["keycloak.realm"], "Managed realm. `master` is rejected."),
    key("keycloak.allow-insecure-http", Flag, "false", &[], "Whether `keycloak.url` may be an `http` URL for hosts other than this machine."),
    key("keycloak.setup.user", Text, "admin", &["keycloak.setup.user"], "Username of the administrator who creates and manages the realm. Ignored with `keycloak.client-secret`."),
    key("keycloak.setup.password", SECRET, "", &["keycloak.setup.password"], "Password of the administrator. Required without `keycloak.client-secret`."),
    key("keycloak.setup.realm", Text, "master", &["keycloak.setup.realm"], "Realm of the administrator."),
    key("keycloak.setup.client-id", Text, "admin-cli", &["keycloak.setup.client-id"], "Client id for the sign-in of the administrator."),
    key("keycloak.client-id", Text, "", &["keycloak.environment.clients[].id"], "Client id of this server in the realm. Defaults to the `client-id` of the first provider with a client, otherwise to `camunda-identity`."),
    key("keycloak.client-secret", SECRET, "", &[], "Secret of this server's client, if an operator created realm and client. The client then manages the realm, and no administrator is needed. Defaults to the `client-secret` of the first provider with a client."),
    key("keycloak.own-client-secret", CLIENT_SECRET, "", &["keycloak.environment.clients[].secret"], "Secret of this server's client, if this server creates it. Keycloak generates one by default."),
    key("keycloak.init.<id>.secret", CLIENT_SECRET, "", &["keycloak.init.<id>.secret"], "Client secret of a component. Built-in components are `optimize`, `console`, `webmodeler`, `orchestration`, `connectors`, `operate`, `tasklist` and `zeebe`. A configured component is set up with its APIs, roles and client."),
    key("keycloak.init.<id>.root-url", Text, "", &["keycloak.init.<id>.root-url"], "Root URL of the component, to which its redirect URIs are relative."),
    key("keycloak.init.<id>.client-id", Text, "", &["keycloak.init.<id>.client-id"], "Client id of the component. Defaults to its usual id."),
    key("keycloak.init.<id>.name", Text, "", &["keycloak.init.<id>.name"], "Enables the component, without any other effect."),
    key("keycloak.clients[].id", Text, "", &["keycloak.clients[].id"], "Client id of a further application. Required, unique."),
    key("keycloak.clients[].name", Text, "", &["keycloak.clients[].name"], "Name of the application. Defaults to its client id."),
    key("keycloak.clients[].type", Choice(&words(&CLIENT_KINDS)), "", &["keycloak.clients[].type"], "Client type of the application. Defaults to `CONFIDENTIAL`."),
    key("keycloak.clients[].secret", CLIENT_SECRET, "", &["keycloak.clients[].secret"], "Client secret of the application. Keycloak generates one by default. Not permitted for `PUBLIC`."),
    key("keycloak.clients[].root-url", Text, "", &["keycloak.clients[].root-url"], "Root URL of the application."),
    key("keycloak.clients[].redirect-uris[]", Text, "", &["keycloak.clients[].redirect-uris[]"], "Redirect URIs of the application: URLs, or paths below the root URL."),
    key("keycloak.clients[].permissions[].resource-server-id", Text, "", &["keycloak.clients[].permissions[].resource-server-id"], "Audience of the API on which the application has a permission. Required."),
    key("keycloak.clients[].permissions[].definition", Text, "", &["keycloak.clients[].permissions[].definition"], "Name of the permission. Required."),
    key("keycloak.groups[].name", Text, "", &["keycloak.groups[].name"], "Name of a group. Required, unique."),
    key("keycloak.users[].username", Text, "", &["keycloak.users[].username"], "Username of a user. Required, unique."),
    key("keycloak.users[].id", Text, "", &[], "Account id of the user in Keycloak, if this server did not create the account. An equal username alone does not identify the account."),
    key("keycloak.users[].identity-provider", Text, "", &[], "Alias of the identity provider to which the account must be linked, if this server did not create it. Requires `identity-provider-user-id`."),
    key("keycloak.users[].identity-provider-user-id", Text, "", &[], "User id at that identity provider. Requires `identity-provider`."),
    key("keycloak.users[].password", KEYCLOAK_PASSWORD, "", &["keycloak.users[].password"], "Initial password. Without it, the user signs in at an identity provider behind Keycloak."),
    key("keycloak.users[].email", Text, "", &["keycloak.users[].email"], "E-mail address of the user."),
    key("keycloak.users[].first-name", Text, "", &["keycloak.users[].first-name"], "First name of the user."),
    key("keycloak.users[].last-name", Text, "", &["keycloak.users[].last-name"], "Last name of the user."),
    key("keycloak.users[].roles[]", Text, "", &["keycloak.users[].roles[]"], "Roles of the user."),
    key("keycloak.users[].groups[]", Text, "", &["keycloak.users[].groups[]"], "Groups of the user, by name or path."),
    key("keycloak.take-over", Flag, "false", &[], "Whether this installation takes over a realm that belongs to another installation. Set it for one start, after the other installation is gone for good."),
    key("keycloak.orphans.remove", Flag, "false", &[], "Whether tenant memberships and authorizations are removed if their user, group or client no longer exists in Keycloak. They are reported in any case."),
    key("keycloak.orphans.interval", Duration(1..=168 * HOUR), "1h", &[], "Interval between searches for such memberships and authorizations."),

    preset!("applications[].name", Text, "Name of an application of this component, in the profile `keycloak`. Defaults to its client id. Configured applications, APIs or roles replace the component's built-in list as a whole."),
    preset!("applications[].id", Text, "Client id of the application. Required."),
    preset!("applications[].type", Choice(&words(&CLIENT_KINDS)), "Client type of the application. Defaults to `CONFIDENTIAL`."),
    preset!("applications[].secret", CLIENT_SECRET, "Client secret of the application. `keycloak.init.<id>.secret` takes precedence. Keycloak generates one by default."),
    preset!("applications[].root-url", Text, "Root URL of the application. `keycloak.init.<id>.root-url` takes precedence."),
    preset!("applications[].redirect-uris[]", Text, "Redirect URIs of the application: URLs, or paths below the root URL."),
    preset!("applications[].permissions[].audience", Text, "Audience of the API on which the application has a permission. Required."),
    preset!("applications[].permissions[].definition", Text, "Name of the permission. Required."),
    preset!("apis[].name", Text, "Name of an API of this component. Defaults to its audience. The profile `keycloak` sets up `identity` and the components of `keycloak.init`; other profiles set up all components."),
    preset!("apis[].audience", Text, "Audience of access tokens for the API. Required."),
    preset!("apis[].permissions[].definition", Text, "Name of a permission of the API. Required."),
    preset!("apis[].permissions[].description", Text, "Description of the permission."),
    preset!("roles[].name", Text, "Name of a role, which is also its id. Required. In profiles with stored roles, each start creates the role if it is missing and adds missing permissions."),
    preset!("roles[].description", Text, "Description of the role."),
    preset!("roles[].permissions[].audience", Text, "Audience of the API on which the role has a permission. Required."),
    preset!("roles[].permissions[].definition", Text, "Name of the permission. Required."),

    key("bootstrap.initial-claim.name", Text, "oid", &["identity.initial-claim-name"], "Claim that identifies the first administrator: a name, or a JSONPath query that starts with `$`."),
    key("bootstrap.initial-claim.value", Text, "", &["identity.initial-claim-value"], "Value of the claim. Each start creates or restores the mapping rule. Without a value, there is no such rule."),
    key("bootstrap.initial-claim.operator", Choice(&words(&OPERATORS)), "equals", &[], "Comparison operator."),
    key("bootstrap.initial-claim.provider", Text, "", &[], "Id of the provider under `authentication.providers` whose tokens the rule matches. Required with several providers."),
    key("bootstrap.mapping-rules[].name", Text, "", &["identity.mapping-rules[].name"], "Name of a mapping rule. Required, unique."),
    key("bootstrap.mapping-rules[].claim-name", Text, "", &["identity.mapping-rules[].claim-name"], "Claim to compare: a name, or a JSONPath query that starts with `$`. Required."),
    key("bootstrap.mapping-rules[].claim-value", Text, "", &["identity.mapping-rules[].claim-value"], "Value to compare with. Required."),
    key("bootstrap.mapping-rules[].operator", Choice(&words(&OPERATORS)), "equals", &["identity.mapping-rules[].operator"], "Comparison operator."),
    key("bootstrap.mapping-rules[].rule-type", Choice(&words(&RULE_KINDS)), "any", &["identity.mapping-rules[].rule-type"], "Kind of targets that the rule may have."),
    key("bootstrap.mapping-rules[].provider", Text, "", &[], "Id of the provider under `authentication.providers` whose tokens the rule matches. Defaults to all providers."),
    key("bootstrap.mapping-rules[].applied-role-names[]", Text, "", &["identity.mapping-rules[].applied-role-names[]"], "Roles that the rule assigns to the caller."),
    key("bootstrap.mapping-rules[].applied-tenant-ids[]", Text, "", &["identity.mapping-rules[].applied-tenant-ids[]"], "Tenants to which the rule grants the caller access."),
    key("bootstrap.mapping-rules[].applied-group-ids[]", Text, "", &["identity.mapping-rules[].applied-group-ids[]"], "Groups to which the rule adds the caller."),
    key("bootstrap.tenants[].tenant-id", Text, "", &["identity.tenants[].tenant-id"], "Id of a tenant. Required, unique."),
    key("bootstrap.tenants[].name", Text, "", &["identity.tenants[].name"], "Name of the tenant. Required."),
    key("bootstrap.tenants[].members[].type", Choice(&words(&MemberKind::WORDS)), "", &["identity.tenants[].members[].type"], "Kind of a member of the tenant. Required. Members are added and never removed."),
    key("bootstrap.tenants[].members[].username", Text, "", &["identity.tenants[].members[].username"], "Username of the member, for users. In Keycloak, the match is exact and requires a realm without self-registration; see `docs/keycloak.md`."),
    key("bootstrap.tenants[].members[].user-id", Text, "", &[], "User id of the member, for users."),
    key("bootstrap.tenants[].members[].group-name", Text, "", &["identity.tenants[].members[].group-name"], "Name of the member, for groups. In Keycloak, a path such as `/division/admins` denotes a subgroup."),
    key("bootstrap.tenants[].members[].application-id", Text, "", &["identity.tenants[].members[].application-id"], "Client id of the member, for applications."),
    key("bootstrap.authorizations[].username", Text, "", &["identity.authorizations[].username"], "Username of the owner of an authorization on a resource, matched as for tenant members. Authorizations are added and never removed."),
    key("bootstrap.authorizations[].user-id", Text, "", &[], "User id of the owner."),
    key("bootstrap.authorizations[].group-name", Text, "", &["identity.authorizations[].group-name"], "Name or path of the owner, for groups."),
    key("bootstrap.authorizations[].application-id", Text, "", &["identity.authorizations[].application-id"], "Client id of the owner, for applications."),
    key("bootstrap.authorizations[].resource-key", Text, "", &["identity.authorizations[].resource-key"], "Key of the resource; `*` matches all resources. Required."),
    key("bootstrap.authorizations[].resource-type", Text, "", &["identity.authorizations[].resource-type"], "Type of the resource, such as `process-definition`. Required."),
    key("bootstrap.authorizations[].permissions[]", Text, "", &["identity.authorizations[].permissions[]"], "Permissions of the authorization. At least one is required."),
    key("bootstrap.users[].username", Text, "", &[], "Username of a built-in user. Required, unique. Only for the profile `builtin`."),
    key("bootstrap.users[].password", SECRET, "", &[], "Initial password of the user. Required. Existing users keep their password."),
    key("bootstrap.users[].name", Text, "", &[], "Display name of the user."),
    key("bootstrap.users[].email", Text, "", &[], "E-mail address of the user."),
    key("bootstrap.users[].roles[]", Text, "", &[], "Roles of the user."),

    initial!("users[].username", Text, "Username of a built-in user. Required, unique. Only for the profile `builtin`."),
    initial!("users[].password", SECRET, "Initial password of the user. Required. Existing users keep their password."),
    initial!("users[].name", Text, "Display name of the user."),
    initial!("users[].email", Text, "E-mail address of the user."),
    initial!("mapping-rules[].mapping-rule-id", Text, "Id and name of a mapping rule. Required, unique."),
    initial!("mapping-rules[].claim-name", Text, "Claim to compare: a name, or a JSONPath query that starts with `$`. Required."),
    initial!("mapping-rules[].claim-value", Text, "Value that must equal the claim, or an element of it. Required."),
    key("initialization.mapping-rules[].provider", Text, "", &[], "Id of the provider under `authentication.providers` whose tokens the rule matches. Defaults to all providers."),
    initial!("groups[].group-id", Text, "Id of a group. Required, unique."),
    initial!("groups[].name", Text, "Name of the group. Required."),
    initial!("groups[].description", Text, "Description of the group."),
    initial!("groups[].users[]", Text, "Users in the group."),
    initial!("groups[].clients[]", Text, "Clients in the group."),
    initial!("groups[].mapping-rules[]", Text, "Mapping rules in the group."),
    initial!("roles[].role-id", Text, "Id of a role. Required, unique. Ids of default roles are rejected."),
    initial!("roles[].name", Text, "Name of the role. Required."),
    initial!("roles[].description", Text, "Description of the role."),
    initial!("roles[].users[]", Text, "Users with the role."),
    initial!("roles[].clients[]", Text, "Clients with the role."),
    initial!("roles[].groups[]", Text, "Groups with the role."),
    initial!("roles[].mapping-rules[]", Text, "Mapping rules with the role."),
    initial!("tenants[].tenant-id", Text, "Id of a tenant. Required, unique. `<default>` adds members to the default tenant."),
    initial!("tenants[].name", Text, "Name of the tenant. Required."),
    initial!("tenants[].description", Text, "Description of the tenant."),
    initial!("tenants[].users[]", Text, "Users in the tenant."),
    initial!("tenants[].clients[]", Text, "Clients in the tenant."),
    initial!("tenants[].groups[]", Text, "Groups in the tenant."),
    initial!("tenants[].roles[]", Text, "Roles in the tenant."),
    initial!("tenants[].mapping-rules[]", Text, "Mapping rules in the tenant."),
    initial!("default-roles.<id>.users[]", Text, "Users with the default role of this id, such as `admin`."),
    initial!("default-roles.<id>.clients[]", Text, "Clients with the default role of this id, such as `admin`."),
    initial!("default-roles.<id>.groups[]", Text, "Groups with the default role of this id, such as `admin`."),
    initial!("default-roles.<id>.mapping-rules[]", Text, "Mapping rules with the default role of this id, such as `admin`."),
    initial!("authorizations[].owner-type", Choice(&words(&OWNER_KINDS)), "Kind of the owner of an authorization. Required."),
    initial!("authorizations[].owner-id", Text, "Id of the owner. Required. Default roles are rejected, because their authorizations are fixed."),
    initial!("authorizations[].resource-type", Text, "Type of the resource. Required."),
    initial!("authorizations[].resource-id", Text, "Id of the resource; `*` matches all resources. Either this or `resource-property-name` is required."),
    initial!("authorizations[].resource-property-name", Text, "Property of the resource that must name the caller, as an alternative to `resource-id`."),
    initial!("authorizations[].permissions[]", Text, "Permissions of the authorization. At least one is required."),
    key("initialization.authorizations[].condition", Text, "", &[], "Additional condition as JSON, for custom resource types only. See `docs/decisions-api.md`."),
    key("initialization.resource-types[].resource-type", Text, "", &[], "Name of a custom resource type. Required, unique. Names of built-in types are rejected."),
    key("initialization.resource-types[].permissions[]", Text, "", &[], "Permissions of the resource type, at most 64. At least one is required."),
    key("initialization.resource-types[].properties[]", Text, "", &[], "Resource properties that conditions may read, at most 64."),

    key("authorizations.enabled", Flag, "true", &[cluster!("authorizations.enabled")], "Whether the Orchestration Cluster API checks permissions. If false, every check passes."),
    key("multi-tenancy.checks-enabled", Flag, "false", &[cluster!("multi-tenancy.checks-enabled")], "Whether the Orchestration Cluster API checks tenants."),
    key("multi-tenancy.api-enabled", Flag, "true", &[cluster!("multi-tenancy.api-enabled")], "Whether tenants can be managed through the Orchestration Cluster API."),
    key("id-validation-pattern", Text, "^[a-zA-Z0-9_~@.+-]+$", &[cluster!("id-validation-pattern")], "Regular expression that the whole id of new users, clients, roles, groups and mapping rules must match."),

    key("access.questions-per-second", Number(0..=1_000_000), "20000", &[], "Rate limit of the decision API in decisions per second, per caller and replica; 0 disables it."),
    key("access.recent-callers", Number(0..=100_000), "1000", &[], "Number of callers whose last token or sign-in is kept in memory for inspection and simulation of changes; 0 disables it."),
    key("access.keep-claims", Choice(&words(&KeepClaims::WORDS)), "used", &[], "Claims whose values are kept after a token or sign-in, encrypted in the store: `none`, `used` (those that mapping rules or conditions read) or `all`. Without them, access by claims can only be decided with a token. `true` is a synonym of `all`, `false` of `none`."),
    key("access.keep-claims-for", Duration(MINUTE..=8760 * HOUR), "168h", &[], "Time for which claim values are kept after the token or sign-in."),

    key("consistency.max-age", DurationOrOff(10..=24 * HOUR), "60s", &[], "Maximum time since the store confirmed the data that decisions use. Beyond it, the server is not ready and answers 503. With `off`, decisions use data of any age, so revoked access may remain effective while the database is unavailable."),

    key("audit.retention.max-age", Duration(HOUR..=876_000 * HOUR), "8760h", &[], "Maximum age of audit log entries. The default is one year."),
    key("audit.retention.max-entries", Number(1000..=1_000_000_000_000), "5000000", &[], "Maximum number of audit log entries. The oldest entries are removed first."),

    key("features.tenants", Flag, "true", &["multitenancy-enabled", "identity.flags.multi-tenancy", "identity.multitenancy-enabled", "identity.multitenancy.enabled"], "Whether tenants other than the default tenant are supported."),
    key("features.resource-authorizations", Flag, "true", &["resource-permissions-enabled", "identity.flags.resource-permissions", "identity.resource-permissions-enabled", "identity.resource-permissions.enabled"], "Whether access to individual resources is checked and managed."),

    key("log.level", Text, "info", &["identity.log.level"], "Log filter: a level, or directives such as `info,identity_core=debug`."),
    key("log.format", Choice(&words(&LogFormat::WORDS)), "text", &[], "Format of the log on standard error."),
];
