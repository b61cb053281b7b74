//! Every key there is.

use super::key::{Key, Kind};
pub(super) use super::unused::{FOREIGN, IN_FILES, OPTIONAL_PLACEHOLDERS, UNUSED};
use Kind::{Choice, Duration, Flag, Number, Secret, Text};

const fn key(
    path: &'static str,
    kind: Kind,
    default: &'static str,
    aliases: &'static [&'static str],
    meaning: &'static str,
) -> Key {
    Key { path, kind, default, aliases, meaning }
}

/// A property of the Orchestration Cluster's configuration (orchestration reference §6).
macro_rules! cluster {
    ($name:literal) => {
        concat!("camunda.security.", $name)
    };
}

/// A property of its provider, when there is one.
macro_rules! oidc {
    ($name:literal) => {
        concat!("camunda.security.authentication.oidc.", $name)
    };
}

/// The same of one of its providers.
macro_rules! oidc_of {
    ($name:literal) => {
        concat!("camunda.security.authentication.providers.oidc.<id>.", $name)
    };
}

/// A key of the initial data, which the Orchestration Cluster has too.
macro_rules! initial {
    ($name:literal, $kind:expr, $meaning:literal) => {
        key(
            concat!("initialization.", $name),
            $kind,
            "",
            &[concat!("camunda.security.initialization.", $name)],
            $meaning,
        )
    };
}

/// A key of what a component of the platform has, which Management Identity has too (management reference §4).
macro_rules! preset {
    ($name:literal, $kind:expr, $meaning:literal) => {
        key(
            concat!("components.<id>.", $name),
            $kind,
            "",
            &[concat!("identity.component-presets.<id>.", $name)],
            $meaning,
        )
    };
}

const ALGORITHMS: &[&str] = &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const KINDS: &[&str] = &[
    "keycloak",
    "entra",
    "okta",
    "auth0",
    "cognito",
    "dex",
    "authentik",
    "zitadel",
    "adfs",
    "ping",
    "generic",
    "microsoft",
];
const OPERATORS: Kind = Choice(&["equals", "contains"]);

/// Every key there is, in the order of the documentation.
#[rustfmt::skip]
pub(super) static KEYS: &[Key] = &[
    key("profile", Choice(&["keycloak", "oidc", "builtin"]), "", &[], "Where users and clients live. Required; `dev` assumes `builtin`."),

    key("server.address", Text, "0.0.0.0", &["server.address"], "The IP address to listen on."),
    key("server.port", Number, "8080", &["server.port"], "The port to listen on; 0 takes a free one."),
    key("server.management-address", Text, "", &["management.server.address"], "The IP address of health and metrics. As `server.address` when not given."),
    key("server.management-port", Number, "8082", &["management.server.port"], "The port of health and metrics; 0 takes a free one."),
    key("server.public-url", Text, "", &["identity.url"], "The URL at which browsers reach this server, including the base path."),
    key("server.base-path", Text, "", &["identity.base-path", "server.servlet.context-path"], "The path under which everything is served, such as `/identity`."),
    key("server.workers", Number, "", &[], "Threads that serve requests. As many as there are cores when not given."),
    key("server.max-body-bytes", Number, "1048576", &[], "The largest request body that is read."),
    key("server.body-timeout", Duration, "10s", &[], "How long a request body may take after the head; then the answer is 408."),
    key("server.body-min-bytes-per-second", Number, "4096", &[], "The least average rate of a request body, after 3 seconds; a slower one is answered with 408."),
    key("server.max-buffered-bytes", Number, "67108864", &[], "The most bytes that all requests together hold; beyond, requests with larger bodies are answered with 503. At least `server.max-body-bytes`."),
    key("server.max-buffered-bytes-per-address", Number, "16777216", &[], "Bytes that the requests of one client address (IPv6: one `/64`) may hold together. At least `server.max-body-bytes`."),
    key("server.max-connections", Number, "2048", &[], "The most open connections; beyond, a connection is answered with 503 and closed."),
    key("server.max-connections-per-address", Number, "256", &[], "The most open connections of one address (IPv6: one `/64`) that is no trusted proxy."),
    key("server.local-names-only", Flag, "false", &[], "Whether only requests for names of this machine are answered: `localhost`, loopback addresses and the host of `server.public-url`. Keeps web pages out whose name leads to this machine (DNS rebinding). `dev` insists on it, and so does `authentication.unprotected-api` on this machine."),
    key("server.trusted-proxies[]", Text, "", &[], "IP addresses, or blocks such as `10.0.0.0/8`, of proxies in front of this server: of the clients whose requests they pass on, `X-Forwarded-For` or `Forwarded` says the address. Without, the client is whoever connects."),
    key("server.request-timeout", Duration, "30s", &[], "How long a client may take to send a request's head."),
    key("server.drain-timeout", Duration, "20s", &[], "How long running requests may take to finish after a signal to stop."),

    key("store.kind", Choice(&["sqlite", "postgres"]), "", &[], "Where policy data is kept. `postgres` when anything under `store.postgres` is given, else `sqlite`."),
    key("store.sqlite.data-dir", Text, ".identity", &[], "The directory of the embedded database; made when it is missing."),
    key("store.postgres.url", Secret, "", &[], "`postgres://user:password@host:port/database`, instead of the parts below."),
    key("store.postgres.host", Text, "", &["identity.database.host"], "The database server."),
    key("store.postgres.port", Number, "5432", &["identity.database.port"], "Its port."),
    key("store.postgres.database", Text, "", &["identity.database.name"], "The database's name."),
    key("store.postgres.username", Text, "", &["identity.database.username", "spring.datasource.username"], "The database user."),
    key("store.postgres.password", Secret, "", &["identity.database.password", "spring.datasource.password"], "That user's password."),
    key("store.postgres.tls", Choice(&["disable", "prefer", "require", "verify-ca", "verify-full"]), "", &[], "How the connection is protected. As the URL says when not given, else `prefer`."),
    key("store.postgres.ca-file", Text, "", &[], "A PEM file with the authorities that may sign the database server's certificate."),
    key("store.postgres.max-connections", Number, "10", &[], "The most connections held at once."),
    key("store.postgres.schema", Text, "", &[], "The schema to keep the tables in; made if it is missing. A list with commas is searched in that order. The user's first one when not given."),

    key("authentication.providers.<id>.kind", Choice(KINDS), "", &[], "The provider's make, which sets the habits of its tokens that differ from the standards: see [providers](providers.md). `microsoft` is another word for `entra`. `keycloak` in that profile when not given, else `generic`."),
    key("authentication.providers.<id>.type", Choice(KINDS), "", &["identity.auth-provider.type", "camunda.identity.type"], "Another name of `kind`."),
    key("authentication.providers.<id>.issuer", Text, "", &["identity.auth-provider.issuer-url", "camunda.identity.issuer", oidc!("issuer-uri"), oidc_of!("issuer-uri")], "The issuer, exactly as in its tokens. Required."),
    key("authentication.providers.<id>.backend-url", Text, "", &["identity.auth-provider.backend-url", "camunda.identity.issuer-backend-url"], "Where this server reaches the issuer, when that is not the issuer's own URL."),
    key("authentication.providers.<id>.jwks-url", Text, "", &["camunda.identity.jwks-url", oidc!("jwk-set-uri"), oidc_of!("jwk-set-uri")], "Where the issuer's keys are. From discovery when not given."),
    key("authentication.providers.<id>.additional-jwks-urls[]", Text, "", &[oidc!("additional-jwk-set-uris[]"), oidc_of!("additional-jwk-set-uris[]")], "Where more keys of the issuer are."),
    key("authentication.providers.<id>.audiences[]", Text, "", &["camunda.identity.audience", oidc!("audiences[]"), oidc_of!("audiences[]")], "The audiences that a token may be for. At least one."),
    key("authentication.providers.<id>.algorithms[]", Choice(ALGORITHMS), "RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA", &[], "The algorithms that a token may be signed with."),
    key("authentication.providers.<id>.clock-skew", Duration, "60s", &["camunda.identity.clock-skew", oidc!("clock-skew"), oidc_of!("clock-skew")], "How far the issuer's clock may be off; at most 10 minutes."),
    key("authentication.providers.<id>.username-claim", Text, "sub", &[oidc!("username-claim"), oidc_of!("username-claim")], "The claim that names a user: a name, or a JSONPath that begins with `$`."),
    key("authentication.providers.<id>.username-case", Choice(&["exact", "lower"]), "exact", &[], "How usernames are written here: as in tokens, or in lower case, for a provider that writes one name in several ways. With `lower`, names under which roles and other rights are given must be in lower case."),
    key("authentication.providers.<id>.client-id-claim", Text, "", &[oidc!("client-id-claim"), oidc_of!("client-id-claim")], "The claim that names a client. Without it, every token speaks for a user."),
    key("authentication.providers.<id>.groups-claim", Text, "", &[oidc!("groups-claim"), oidc_of!("groups-claim")], "The claim that lists the caller's groups, instead of the stored ones."),
    key("authentication.providers.<id>.groups-claim-as", Choice(&["list", "split", "json", "keys", "field"]), "", &[], "The form of the groups claim: a text or a `list` of texts; a text to `split`; a `json` list in a text; the `keys` of an object; or a `field` of each object in a list. `keys` for ZITADEL when not given, else `list`."),
    key("authentication.providers.<id>.groups-claim-separator", Text, ",", &[], "What separates the groups of a claim to `split`. White space around a group does not count."),
    key("authentication.providers.<id>.groups-claim-field", Text, "name", &[], "The member of each object that holds the group, for `groups-claim-as: field`."),
    key("authentication.providers.<id>.prefer-username-claim", Flag, "false", &[oidc!("prefer-username-claim"), oidc_of!("prefer-username-claim")], "Whether a token with both claims speaks for the user."),
    key("authentication.providers.<id>.namespace", Text, "", &[], "What the provider's usernames, client ids and groups are prefixed with, followed by `~`: `partner` makes `partner~ann` of `ann`. With several providers, all but one need it: lower-case letters, digits and dashes, at most 32."),
    key("authentication.providers.<id>.shared-namespace", Flag, "false", &[], "Whether a name at this provider means the same as at the other providers that say so, instead of `namespace`. Any of them can then speak for any user, client and group."),
    key("authentication.providers.<id>.user-info-url", Text, "", &[oidc!("user-info-uri"), oidc_of!("user-info-uri")], "Where the issuer's UserInfo is. From discovery when not given."),
    key("authentication.providers.<id>.user-info-augmentation.enabled", Flag, "false", &[oidc!("user-info-augmentation.enabled"), oidc_of!("user-info-augmentation.enabled")], "Whether UserInfo is asked, with the token, for claims that the token lacks. The token's own claims win."),
    key("authentication.providers.<id>.user-info-augmentation.cache-ttl", Duration, "5m", &[oidc!("user-info-augmentation.cache-ttl"), oidc_of!("user-info-augmentation.cache-ttl")], "How long an answer counts, at most an hour; never longer than the token. Answers are remembered with the verified tokens."),
    key("authentication.providers.<id>.user-info-augmentation.negative-cache-ttl", Duration, "5s", &[oidc!("user-info-augmentation.negative-cache-ttl"), oidc_of!("user-info-augmentation.negative-cache-ttl")], "How long a token counts without an answer before UserInfo is asked again; at most 5 minutes."),
    key("authentication.providers.<id>.audience-claim", Text, "", &[], "The claim that is compared with `audiences` where a token has no `aud`. `client_id` for Cognito and Ping when not given."),
    key("authentication.providers.<id>.access-token-types[]", Text, "", &[], "Values of the header's `typ` that mark an access token, beside `at+jwt`. As is usual for the provider's make when not given."),
    key("authentication.providers.<id>.access-token-issuer", Text, "", &[], "The `iss` of access tokens, where that is another than the issuer of ID tokens and discovery. For AD FS, `http://HOST/adfs/services/trust` when not given."),
    key("authentication.providers.<id>.id-token-marks[]", Choice(&["nonce", "at_hash", "c_hash", "s_hash"]), "", &[], "The claims that mark a token as an ID token if nothing marks it as an access token. `c_hash` and `s_hash` for Dex when not given, else all of them. Of tokens for `client-id`, the hashes always do."),
    key("authentication.providers.<id>.require-at-jwt", Flag, "false", &[], "Whether a token's type must be `at+jwt` (RFC 9068)."),
    key("authentication.providers.<id>.accept-id-tokens", Flag, "false", &[], "Whether tokens are accepted that cannot be told from ID tokens, for providers that build access tokens like ID tokens, such as Dex. ID tokens for one of the audiences then open the API."),
    key("authentication.providers.<id>.allow-insecure-http", Flag, "false", &[], "Whether the provider's URLs may be `http` on other hosts than this one."),
    key("authentication.providers.<id>.display-name", Text, "", &[oidc!("client-name"), oidc_of!("client-name")], "What people call the provider, where they choose one. Its id when not given."),
    key("authentication.providers.<id>.client-id", Text, "", &["identity.client-id", oidc!("client-id"), oidc_of!("client-id")], "This server's client id at the provider. With it, people can sign in there with a browser. `camunda-identity` when only `client-secret` is given."),
    key("authentication.providers.<id>.client-secret", Secret, "", &["identity.client-secret", oidc!("client-secret"), oidc_of!("client-secret")], "That client's secret."),
    key("authentication.providers.<id>.client-authentication", Choice(&["none", "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"]), "", &[oidc!("client-authentication-method"), oidc_of!("client-authentication-method")], "How this server proves to be that client. When not given, the one whose means are there."),
    key("authentication.providers.<id>.assertion.key-file", Text, "", &[], "A PEM file with the private key for `private_key_jwt`. Read again when it changes."),
    key("authentication.providers.<id>.assertion.certificate-file", Text, "", &[], "A PEM file with that key's certificate, for thumbprints."),
    key("authentication.providers.<id>.assertion.keystore-file", Text, "", &[oidc!("assertion.keystore.path"), oidc_of!("assertion.keystore.path")], "A PKCS#12 file with key and certificate, instead."),
    key("authentication.providers.<id>.assertion.keystore-password", Secret, "", &[oidc!("assertion.keystore.password"), oidc_of!("assertion.keystore.password")], "That file's password."),
    key("authentication.providers.<id>.assertion.keystore-alias", Text, "", &[oidc!("assertion.keystore.key-alias"), oidc_of!("assertion.keystore.key-alias")], "The entry's name in it. The only one with a key when not given."),
    key("authentication.providers.<id>.assertion.key-id", Text, "", &[], "The assertion's `kid`; `public-key` for the digest of the public key."),
    key("authentication.providers.<id>.assertion.thumbprint", Choice(&["none", "x5t", "x5t#S256"]), "", &[], "How the assertion names its certificate. As is usual for the provider's make when not given."),
    key("authentication.providers.<id>.assertion.algorithm", Choice(ALGORITHMS), "", &[], "The assertion's algorithm. RS256, or what the key's curve demands, when not given."),
    key("authentication.providers.<id>.assertion.audience", Text, "", &[], "Whom the assertion is for: `issuer`, `token-endpoint`, or a text. As is usual for the provider's make when not given."),
    key("authentication.providers.<id>.tls.certificate-file", Text, "", &[], "A PEM file with the certificate for `tls_client_auth` (RFC 8705). Read again when it changes."),
    key("authentication.providers.<id>.tls.key-file", Text, "", &[], "A PEM file with that certificate's private key."),
    key("authentication.providers.<id>.scopes[]", Text, "", &[oidc!("scope[]"), oidc_of!("scope[]")], "What is asked for at sign-in; `openid` must be among it. As is usual for the provider's make when not given."),
    key("authentication.providers.<id>.resources[]", Text, "", &[oidc!("resource"), oidc_of!("resource")], "What access tokens shall be for (RFC 8707), this service first."),
    key("authentication.providers.<id>.authorize-parameters[]", Text, "", &[], "More parameters of authorization requests, each as `name=value`."),
    key("authentication.providers.<id>.prompt", Text, "", &[], "The parameter `prompt` of authorization requests."),
    key("authentication.providers.<id>.id-token-algorithms[]", Choice(ALGORITHMS), "", &[oidc!("id-token-algorithm"), oidc_of!("id-token-algorithm")], "The algorithms that ID tokens and logout tokens may be signed with. As `algorithms` when not given."),
    key("authentication.providers.<id>.authorization-url", Text, "", &[oidc!("authorization-uri"), oidc_of!("authorization-uri")], "Where browsers are sent to sign in. From discovery when not given."),
    key("authentication.providers.<id>.token-url", Text, "", &[oidc!("token-uri"), oidc_of!("token-uri")], "Where codes are redeemed. From discovery when not given."),
    key("authentication.providers.<id>.end-session-url", Text, "", &[oidc!("end-session-endpoint-uri"), oidc_of!("end-session-endpoint-uri")], "Where browsers are sent to sign out. From discovery when not given."),
    key("authentication.providers.<id>.revocation-url", Text, "", &[], "Where refresh tokens are revoked. From discovery when not given."),
    key("authentication.providers.<id>.user-info", Choice(&["off", "optional", "required"]), "optional", &[], "Whether UserInfo is asked when somebody signs in, and whether they sign in without its answer."),
    key("authentication.providers.<id>.prefer-id-token-claims", Flag, "false", &[oidc!("prefer-id-token-claims"), oidc_of!("prefer-id-token-claims")], "Whether claims of the ID token count before those of the access token."),
    key("authentication.providers.<id>.logout-at-provider", Flag, "true", &[oidc!("idp-logout-enabled"), oidc_of!("idp-logout-enabled")], "Whether signing out here means signing out at the provider."),
    key("authentication.providers.<id>.require-logout-token-type", Flag, "false", &[], "Whether a logout token's type must be `logout+jwt`."),
    key("authentication.unprotected-api", Flag, "false", &[cluster!("authentication.unprotected-api")], "Whether requests need no credentials and may do everything. For trials; only on this machine, that is with `server.address` 127.0.0.1 or ::1."),
    key("authentication.unprotected-api-on-network", Flag, "false", &[], "Whether the API may be unprotected on other addresses, too."),
    key("authentication.basic.cache-ttl", Duration, "60s", &[], "How long a verified password of a built-in user is remembered, at most 10 minutes; `0s` for not at all. A changed password counts at once."),
    key("authentication.token-cache-entries", Number, "10000", &[], "How many verified tokens are remembered; 0 for none."),
    key("authentication.max-token-bytes", Number, "65536", &[], "The longest token that is read, at most 1 MiB. A longer token takes the place of one remembered token for each 16 KiB."),
    key("authentication.token-resolution.any-known-api", Flag, "true", &[], "Whether `GET /api/{groups,permissions,tenants,authorizations}/for-token` answer for tokens of every API of this installation, not only for those with one of `audiences`: the platform's APIs, those on which a role holds a permission, and `audiences` below. No other request takes such a token."),
    key("authentication.token-resolution.audiences[]", Text, "", &[], "Audiences of more APIs whose tokens `for-token` answers for."),
    key("authentication.ca-file", Text, "", &[], "A PEM file with more authorities that may sign the providers' certificates."),

    key("session.idle-timeout", Duration, "30m", &[cluster!("session.max-inactive-interval")], "How long a browser stays signed in without activity."),
    key("session.absolute-timeout", Duration, "12h", &[], "How long a browser stays signed in at most."),
    key("session.max-per-user", Number, "50", &[], "How many sessions one user has at most, up to 10000. With one more, the oldest ends."),
    key("session.encryption-key", Secret, "", &[], "What the tokens of sessions are encrypted with: 32 random bytes in base64, the same on all replicas. When not given: derived from the first provider's `client-secret`; without one, the file `session.key` beside the embedded database. Required with `store.postgres` and no `client-secret`."),
    key("session.previous-encryption-key", Secret, "", &[], "The key of before, so that a new one signs nobody out."),

    key("keycloak.url", Text, "", &["keycloak.url"], "Keycloak's base URL, with its relative path if it has one. Required in the profile `keycloak`, and for it only, as all of this section."),
    key("keycloak.realm", Text, "camunda-platform", &["keycloak.realm"], "The realm that is managed."),
    key("keycloak.allow-insecure-http", Flag, "false", &[], "Whether `keycloak.url` may be `http` on another host than this one."),
    key("keycloak.setup.user", Text, "admin", &["keycloak.setup.user"], "An administrator, who makes the realm and manages it. Not used with `keycloak.client-secret`."),
    key("keycloak.setup.password", Secret, "", &["keycloak.setup.password"], "That administrator's password."),
    key("keycloak.setup.realm", Text, "master", &["keycloak.setup.realm"], "The realm that the administrator is in."),
    key("keycloak.setup.client-id", Text, "admin-cli", &["keycloak.setup.client-id"], "The client that the administrator signs in at."),
    key("keycloak.client-id", Text, "", &["keycloak.environment.clients[].id"], "This server's own client in the realm. As the first provider's `client-id` when not given, else `camunda-identity`."),
    key("keycloak.client-secret", Secret, "", &[], "The secret of that client, when an operator made realm and client: it is then what manages the realm, and no administrator is needed. As the first provider's `client-secret` when not given."),
    key("keycloak.own-client-secret", Secret, "", &["keycloak.environment.clients[].secret"], "The secret of that client, when this server makes it, of 8 characters or more. Keycloak makes one when not given."),
    key("keycloak.init.<id>.secret", Secret, "", &["keycloak.init.<id>.secret"], "The secret of the client of a component, of 8 characters or more: `optimize`, `console`, `webmodeler`, `orchestration`, `connectors`, `operate`, `tasklist`, `zeebe`. A component that is mentioned is set up, with its APIs, roles and client."),
    key("keycloak.init.<id>.root-url", Text, "", &["keycloak.init.<id>.root-url"], "Where the component is; its redirect URIs are below."),
    key("keycloak.init.<id>.client-id", Text, "", &["keycloak.init.<id>.client-id"], "The id of its client, instead of the usual one."),
    key("keycloak.init.<id>.name", Text, "", &["keycloak.init.<id>.name"], "Nothing more than a way to mention the component."),
    key("keycloak.clients[].id", Text, "", &["keycloak.clients[].id"], "The client id of one more application. Required, unique."),
    key("keycloak.clients[].name", Text, "", &["keycloak.clients[].name"], "Its name."),
    key("keycloak.clients[].type", Choice(&["CONFIDENTIAL", "M2M", "PUBLIC"]), "", &["keycloak.clients[].type"], "What it can do. `CONFIDENTIAL` when not given."),
    key("keycloak.clients[].secret", Secret, "", &["keycloak.clients[].secret"], "Its secret, of 8 characters or more. Keycloak makes one when not given."),
    key("keycloak.clients[].root-url", Text, "", &["keycloak.clients[].root-url"], "Where it is."),
    key("keycloak.clients[].redirect-uris[]", Text, "", &["keycloak.clients[].redirect-uris[]"], "Where browsers may be sent back to: URLs, or paths below the root URL."),
    key("keycloak.clients[].permissions[].resource-server-id", Text, "", &["keycloak.clients[].permissions[].resource-server-id"], "The audience of an API on which it has a permission. Required."),
    key("keycloak.clients[].permissions[].definition", Text, "", &["keycloak.clients[].permissions[].definition"], "The permission. Required."),
    key("keycloak.groups[].name", Text, "", &["keycloak.groups[].name"], "The name of a group. Required, unique."),
    key("keycloak.users[].username", Text, "", &["keycloak.users[].username"], "The username of a user. Required, unique."),
    key("keycloak.users[].id", Text, "", &[], "The id of the user's account in Keycloak, when it was made by other means than this server: a name alone is no proof."),
    key("keycloak.users[].identity-provider", Text, "", &[], "The alias of an identity provider to which the user's account must be linked, when it was made by other means than this server."),
    key("keycloak.users[].identity-provider-user-id", Text, "", &[], "The user's id at that identity provider."),
    key("keycloak.users[].password", Secret, "", &["keycloak.users[].password"], "The password that the user gets when made, of 4 characters or more. Without one they sign in at another provider behind Keycloak."),
    key("keycloak.users[].email", Text, "", &["keycloak.users[].email"], "The user's e-mail address."),
    key("keycloak.users[].first-name", Text, "", &["keycloak.users[].first-name"], "The user's first name."),
    key("keycloak.users[].last-name", Text, "", &["keycloak.users[].last-name"], "The user's last name."),
    key("keycloak.users[].roles[]", Text, "", &["keycloak.users[].roles[]"], "The roles that the user has."),
    key("keycloak.users[].groups[]", Text, "", &["keycloak.users[].groups[]"], "The groups that the user is in, by name or path."),
    key("keycloak.take-over", Flag, "false", &[], "Whether this installation takes over a realm that another installation marked as its own. For one start, when the other one is gone for good."),
    key("keycloak.orphans.remove", Flag, "false", &[], "Whether memberships of tenants and authorizations are removed when Keycloak no longer has whom they belong to. They are reported in any case."),
    key("keycloak.orphans.interval", Duration, "1h", &[], "How often such are looked for."),

    preset!("applications[].name", Text, "The name of an application of this component, in the profile `keycloak`. Given applications, APIs or roles replace the built-in ones of the component, a list as a whole."),
    preset!("applications[].id", Text, "Its client id. Required."),
    preset!("applications[].type", Choice(&["CONFIDENTIAL", "M2M", "PUBLIC"]), "What it can do. `CONFIDENTIAL` when not given."),
    preset!("applications[].secret", Secret, "Its secret, of 8 characters or more. That of `keycloak.init.<id>.secret` comes first; Keycloak makes one when neither is given."),
    preset!("applications[].root-url", Text, "Where it is, when `keycloak.init.<id>.root-url` does not say so."),
    preset!("applications[].redirect-uris[]", Text, "Where browsers may be sent back to: URLs, or paths below the root URL."),
    preset!("applications[].permissions[].audience", Text, "The audience of an API on which it has a permission. Required."),
    preset!("applications[].permissions[].definition", Text, "The permission. Required."),
    preset!("apis[].name", Text, "The name of an API of this component. In the profile `keycloak`, components are set up that `keycloak.init` mentions, and `identity`; in the others, all."),
    preset!("apis[].audience", Text, "The audience of its tokens. Required."),
    preset!("apis[].permissions[].definition", Text, "A permission that it knows. Required."),
    preset!("apis[].permissions[].description", Text, "What that permission lets do."),
    preset!("roles[].name", Text, "The name of a role, which is its id too. Required. Where roles live here, it is made at each start if it is missing, and missing permissions are added."),
    preset!("roles[].description", Text, "Its description."),
    preset!("roles[].permissions[].audience", Text, "The audience of an API on which it gives a permission. Required."),
    preset!("roles[].permissions[].definition", Text, "The permission. Required."),

    key("bootstrap.initial-claim.name", Text, "oid", &["identity.initial-claim-name"], "The claim that the first administrator's token has."),
    key("bootstrap.initial-claim.value", Text, "", &["identity.initial-claim-value"], "That claim's value. The rule is made, or set right again, at each start."),
    key("bootstrap.initial-claim.operator", OPERATORS, "equals", &[], "How they are compared."),
    key("bootstrap.initial-claim.provider", Text, "", &[], "The provider whose tokens are looked at: its id under `authentication.providers`. Required with several providers."),
    key("bootstrap.mapping-rules[].name", Text, "", &["identity.mapping-rules[].name"], "A mapping rule's name. Required, unique."),
    key("bootstrap.mapping-rules[].claim-name", Text, "", &["identity.mapping-rules[].claim-name"], "The claim that it looks at: a name, or a JSONPath that begins with `$`. Required."),
    key("bootstrap.mapping-rules[].claim-value", Text, "", &["identity.mapping-rules[].claim-value"], "What it compares the claim with. Required."),
    key("bootstrap.mapping-rules[].operator", OPERATORS, "equals", &["identity.mapping-rules[].operator"], "How it compares."),
    key("bootstrap.mapping-rules[].rule-type", Choice(&["any", "role", "tenant", "group"]), "any", &["identity.mapping-rules[].rule-type"], "What it may be applied to."),
    key("bootstrap.mapping-rules[].provider", Text, "", &[], "The provider whose tokens it looks at: its id under `authentication.providers`. Those of all when not given."),
    key("bootstrap.mapping-rules[].applied-role-names[]", Text, "", &["identity.mapping-rules[].applied-role-names[]"], "The roles that it gives."),
    key("bootstrap.mapping-rules[].applied-tenant-ids[]", Text, "", &["identity.mapping-rules[].applied-tenant-ids[]"], "The tenants that it opens."),
    key("bootstrap.mapping-rules[].applied-group-ids[]", Text, "", &["identity.mapping-rules[].applied-group-ids[]"], "The groups that it puts the caller in."),
    key("bootstrap.tenants[].tenant-id", Text, "", &["identity.tenants[].tenant-id"], "A tenant's id. Required, unique."),
    key("bootstrap.tenants[].name", Text, "", &["identity.tenants[].name"], "Its name. Required."),
    key("bootstrap.tenants[].members[].type", Choice(&["USER", "GROUP", "APPLICATION"]), "", &["identity.tenants[].members[].type"], "The kind of a member of the tenant. Required. Members are added and never removed."),
    key("bootstrap.tenants[].members[].username", Text, "", &["identity.tenants[].members[].username"], "The member, a user, by username. In Keycloak exactly that one, if the realm does not let people register themselves; see `docs/keycloak.md`."),
    key("bootstrap.tenants[].members[].user-id", Text, "", &[], "The member, a user, by id."),
    key("bootstrap.tenants[].members[].group-name", Text, "", &["identity.tenants[].members[].group-name"], "The member, a group, by name. In Keycloak a path such as `/division/admins` names a subgroup."),
    key("bootstrap.tenants[].members[].application-id", Text, "", &["identity.tenants[].members[].application-id"], "The member, an application, by client id."),
    key("bootstrap.authorizations[].username", Text, "", &["identity.authorizations[].username"], "The owner of an authorization on a resource, a user, by username; as for members of tenants. Authorizations are added and never removed."),
    key("bootstrap.authorizations[].user-id", Text, "", &[], "The owner, a user, by id."),
    key("bootstrap.authorizations[].group-name", Text, "", &["identity.authorizations[].group-name"], "The owner, a group, by name or path."),
    key("bootstrap.authorizations[].application-id", Text, "", &["identity.authorizations[].application-id"], "The owner, an application, by client id."),
    key("bootstrap.authorizations[].resource-key", Text, "", &["identity.authorizations[].resource-key"], "The resource; `*` for all. Required."),
    key("bootstrap.authorizations[].resource-type", Text, "", &["identity.authorizations[].resource-type"], "The kind of resource, such as `process-definition`. Required."),
    key("bootstrap.authorizations[].permissions[]", Text, "", &["identity.authorizations[].permissions[]"], "The permissions. At least one."),
    key("bootstrap.users[].username", Text, "", &[], "What a built-in user signs in with. Required, unique. Users are for the profile `builtin` only."),
    key("bootstrap.users[].password", Secret, "", &[], "The user's password. Required."),
    key("bootstrap.users[].name", Text, "", &[], "The user's display name."),
    key("bootstrap.users[].email", Text, "", &[], "The user's e-mail address."),
    key("bootstrap.users[].roles[]", Text, "", &[], "The roles that the user has."),

    initial!("users[].username", Text, "What a built-in user signs in with. Required, unique. Users are for the profile `builtin` only."),
    initial!("users[].password", Secret, "The user's password. Required. That of a user who is there already stays."),
    initial!("users[].name", Text, "The user's display name."),
    initial!("users[].email", Text, "The user's e-mail address."),
    initial!("mapping-rules[].mapping-rule-id", Text, "A mapping rule's id and name. Required, unique."),
    initial!("mapping-rules[].claim-name", Text, "The claim that it looks at: a name, or a JSONPath that begins with `$`. Required."),
    initial!("mapping-rules[].claim-value", Text, "The claim's value, or an element of it. Required."),
    key("initialization.mapping-rules[].provider", Text, "", &[], "The provider whose tokens it looks at: its id under `authentication.providers`. Those of all when not given."),
    initial!("groups[].group-id", Text, "A group's id. Required, unique."),
    initial!("groups[].name", Text, "Its name. Required."),
    initial!("groups[].description", Text, "Its description."),
    initial!("groups[].users[]", Text, "The users in it."),
    initial!("groups[].clients[]", Text, "The clients in it."),
    initial!("groups[].mapping-rules[]", Text, "The mapping rules in it."),
    initial!("roles[].role-id", Text, "A role's id. Required, unique. Not that of a default role."),
    initial!("roles[].name", Text, "Its name. Required."),
    initial!("roles[].description", Text, "Its description."),
    initial!("roles[].users[]", Text, "The users in it."),
    initial!("roles[].clients[]", Text, "The clients in it."),
    initial!("roles[].groups[]", Text, "The groups in it."),
    initial!("roles[].mapping-rules[]", Text, "The mapping rules in it."),
    initial!("tenants[].tenant-id", Text, "A tenant's id. Required, unique. `<default>` may be given for the sake of its members."),
    initial!("tenants[].name", Text, "Its name. Required."),
    initial!("tenants[].description", Text, "Its description."),
    initial!("tenants[].users[]", Text, "The users in it."),
    initial!("tenants[].clients[]", Text, "The clients in it."),
    initial!("tenants[].groups[]", Text, "The groups in it."),
    initial!("tenants[].roles[]", Text, "The roles in it."),
    initial!("tenants[].mapping-rules[]", Text, "The mapping rules in it."),
    initial!("default-roles.<id>.users[]", Text, "The users that have the default role of this id, such as `admin`."),
    initial!("default-roles.<id>.clients[]", Text, "The clients that have the default role of this id, such as `admin`."),
    initial!("default-roles.<id>.groups[]", Text, "The groups that have the default role of this id, such as `admin`."),
    initial!("default-roles.<id>.mapping-rules[]", Text, "The mapping rules that have the default role of this id, such as `admin`."),
    initial!("authorizations[].owner-type", Choice(&["USER", "CLIENT", "GROUP", "ROLE", "MAPPING_RULE"]), "Whose authorization it is. Required."),
    initial!("authorizations[].owner-id", Text, "The owner's id; not that of a default role. Required."),
    initial!("authorizations[].resource-type", Text, "The kind of resource. Required."),
    initial!("authorizations[].resource-id", Text, "Which one; `*` for all."),
    initial!("authorizations[].resource-property-name", Text, "Or those whose property names the caller."),
    initial!("authorizations[].permissions[]", Text, "What may be done. At least one."),
    key("initialization.authorizations[].condition", Text, "", &[], "What must hold besides, as JSON; on the operator's own types only. See `docs/decisions-api.md`."),
    key("initialization.resource-types[].resource-type", Text, "", &[], "The name of a resource type of the operator's own. Required, unique. None of the built-in ones."),
    key("initialization.resource-types[].permissions[]", Text, "", &[], "What can be done with its resources. At least one."),
    key("initialization.resource-types[].properties[]", Text, "", &[], "The properties of its resources that conditions may look at."),

    key("authorizations.enabled", Flag, "true", &[cluster!("authorizations.enabled")], "Whether permissions are checked in the Orchestration Cluster's API. Without, every check passes."),
    key("multi-tenancy.checks-enabled", Flag, "false", &[cluster!("multi-tenancy.checks-enabled")], "Whether tenants are checked in the Orchestration Cluster's API."),
    key("multi-tenancy.api-enabled", Flag, "true", &[cluster!("multi-tenancy.api-enabled")], "Whether tenants can be managed in the Orchestration Cluster's API."),
    key("id-validation-pattern", Text, "^[a-zA-Z0-9_~@.+-]+$", &[cluster!("id-validation-pattern")], "A regular expression for the whole id of new users, clients, roles, groups and mapping rules."),

    key("access.questions-per-second", Number, "20000", &[], "How many decisions a caller may ask for in a second, on each replica; 0 for as many as it likes."),
    key("access.recent-callers", Number, "1000", &[], "Of how many callers the last token, or the last sign-in, is remembered, in memory, so that it can be inspected and changes be tried on it."),
    key("access.keep-claims", Flag, "false", &[], "Whether the values of their claims are remembered too, and not only their names."),

    key("consistency.max-age", Text, "60s", &[], "How long ago the store may have confirmed the data that decisions are made in, from 10s to 24h. Beyond it the server is not ready and answers 503. `off` decides however old the data is: a revoked right may then count for as long as the database is away."),

    key("audit.retention.max-age", Duration, "8760h", &[], "How long entries of the audit log are kept: a year by default."),
    key("audit.retention.max-entries", Number, "5000000", &[], "How many entries of the audit log are kept; the oldest are removed first."),

    key("features.tenants", Flag, "true", &["multitenancy-enabled", "identity.flags.multi-tenancy", "identity.multitenancy-enabled", "identity.multitenancy.enabled"], "Whether there are tenants other than the default one."),
    key("features.resource-authorizations", Flag, "true", &["resource-permissions-enabled", "identity.flags.resource-permissions", "identity.resource-permissions-enabled", "identity.resource-permissions.enabled"], "Whether access to single resources is checked and managed."),

    key("log.level", Text, "info", &["identity.log.level"], "What is logged: a level, or directives such as `info,identity_core=debug`."),
    key("log.format", Choice(&["text", "json"]), "text", &[], "How it is written to standard error."),
];
