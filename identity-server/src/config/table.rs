//! Every key there is.

use super::key::{Key, Kind};
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
    key("store.postgres.schema", Text, "", &[], "The schema to keep the tables in. The user's first one when not given."),

    key("authentication.providers.<id>.type", Choice(&["keycloak", "generic", "microsoft", "auth0"]), "", &["identity.auth-provider.type", "camunda.identity.type"], "The provider's make. `keycloak` in that profile when not given, else `generic`."),
    key("authentication.providers.<id>.issuer", Text, "", &["identity.auth-provider.issuer-url", "camunda.identity.issuer"], "The issuer, exactly as in its tokens. Required."),
    key("authentication.providers.<id>.backend-url", Text, "", &["identity.auth-provider.backend-url", "camunda.identity.issuer-backend-url"], "Where this server reaches the issuer, when that is not the issuer's own URL."),
    key("authentication.providers.<id>.jwks-url", Text, "", &["camunda.identity.jwks-url"], "Where the issuer's keys are. From discovery when not given."),
    key("authentication.providers.<id>.additional-jwks-urls[]", Text, "", &[], "Where more keys of the issuer are."),
    key("authentication.providers.<id>.user-info-url", Text, "", &[], "Where the issuer's UserInfo is. From discovery when not given."),
    key("authentication.providers.<id>.user-info-augmentation.enabled", Flag, "false", &[], "Whether UserInfo is asked, with the token, for claims that the token lacks. The token's own claims win."),
    key("authentication.providers.<id>.user-info-augmentation.cache-ttl", Duration, "5m", &[], "How long an answer counts, at most an hour; never longer than the token. Answers are remembered with the verified tokens."),
    key("authentication.providers.<id>.user-info-augmentation.negative-cache-ttl", Duration, "5s", &[], "How long a token counts without an answer before UserInfo is asked again; at most 5 minutes."),
    key("authentication.providers.<id>.audiences[]", Text, "", &["camunda.identity.audience"], "The audiences that a token may be for. At least one."),
    key("authentication.providers.<id>.algorithms[]", Choice(&["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]), "RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,EdDSA", &[], "The algorithms that a token may be signed with."),
    key("authentication.providers.<id>.clock-skew", Duration, "60s", &["camunda.identity.clock-skew"], "How far the issuer's clock may be off; at most 10 minutes."),
    key("authentication.providers.<id>.username-claim", Text, "sub", &[], "The claim that names a user: a name, or a JSONPath that begins with `$`."),
    key("authentication.providers.<id>.client-id-claim", Text, "", &[], "The claim that names a client. Without it, every token speaks for a user."),
    key("authentication.providers.<id>.groups-claim", Text, "", &[], "The claim that lists the caller's groups, instead of the stored ones."),
    key("authentication.providers.<id>.prefer-username-claim", Flag, "false", &[], "Whether a token with both claims speaks for the user."),
    key("authentication.providers.<id>.require-at-jwt", Flag, "false", &[], "Whether a token's type must be `at+jwt` (RFC 9068)."),
    key("authentication.providers.<id>.allow-insecure-http", Flag, "false", &[], "Whether the provider's URLs may be `http` on other hosts than this one."),
    key("authentication.token-cache-entries", Number, "10000", &[], "How many verified tokens are remembered; 0 for none."),
    key("authentication.max-token-bytes", Number, "16384", &[], "The longest token that is read."),
    key("authentication.ca-file", Text, "", &[], "A PEM file with more authorities that may sign the providers' certificates."),

    key("bootstrap.initial-claim.name", Text, "oid", &["identity.initial-claim-name"], "The claim that the first administrator's token has."),
    key("bootstrap.initial-claim.value", Text, "", &["identity.initial-claim-value"], "That claim's value. The rule is made, or set right again, at each start."),
    key("bootstrap.initial-claim.operator", OPERATORS, "equals", &[], "How they are compared."),
    key("bootstrap.mapping-rules[].name", Text, "", &["identity.mapping-rules[].name"], "A mapping rule's name. Required, unique."),
    key("bootstrap.mapping-rules[].claim-name", Text, "", &["identity.mapping-rules[].claim-name"], "The claim that it looks at: a name, or a JSONPath that begins with `$`. Required."),
    key("bootstrap.mapping-rules[].claim-value", Text, "", &["identity.mapping-rules[].claim-value"], "What it compares the claim with. Required."),
    key("bootstrap.mapping-rules[].operator", OPERATORS, "equals", &["identity.mapping-rules[].operator"], "How it compares."),
    key("bootstrap.mapping-rules[].rule-type", Choice(&["any", "role", "tenant", "group"]), "any", &["identity.mapping-rules[].rule-type"], "What it may be applied to."),
    key("bootstrap.mapping-rules[].applied-role-names[]", Text, "", &["identity.mapping-rules[].applied-role-names[]"], "The roles that it gives."),
    key("bootstrap.mapping-rules[].applied-tenant-ids[]", Text, "", &["identity.mapping-rules[].applied-tenant-ids[]"], "The tenants that it opens."),
    key("bootstrap.mapping-rules[].applied-group-ids[]", Text, "", &["identity.mapping-rules[].applied-group-ids[]"], "The groups that it puts the caller in."),
    key("bootstrap.tenants[].tenant-id", Text, "", &["identity.tenants[].tenant-id"], "A tenant's id. Required, unique."),
    key("bootstrap.tenants[].name", Text, "", &["identity.tenants[].name"], "Its name. Required."),
    key("bootstrap.users[].username", Text, "", &[], "What a built-in user signs in with. Required, unique. Users are for the profile `builtin` only."),
    key("bootstrap.users[].password", Secret, "", &[], "The user's password. Required."),
    key("bootstrap.users[].name", Text, "", &[], "The user's display name."),
    key("bootstrap.users[].email", Text, "", &[], "The user's e-mail address."),
    key("bootstrap.users[].roles[]", Text, "", &[], "The roles that the user has."),

    key("features.tenants", Flag, "true", &["multitenancy-enabled", "identity.flags.multi-tenancy"], "Whether there are tenants other than the default one."),
    key("features.resource-authorizations", Flag, "true", &["resource-permissions-enabled", "identity.flags.resource-permissions"], "Whether access to single resources is checked and managed."),

    key("log.level", Text, "info", &["identity.log.level"], "What is logged: a level, or directives such as `info,identity_core=debug`."),
    key("log.format", Choice(&["text", "json"]), "text", &[], "How it is written to standard error."),
];

/// Properties of the replaced service that are understood and have no effect, and why. They are named in one line of the
/// log at start.
pub(super) static UNUSED: &[(&str, &str)] = &[
    ("camunda.license-key", "not needed"),
    ("camunda.identity.*", "sign-in is not part of this version"),
    ("identity.client-id", "sign-in is not part of this version"),
    ("identity.client-secret", "sign-in is not part of this version"),
    ("identity.audience", "the provider's audiences are `authentication.providers.<id>.audiences[]`"),
    ("identity.retry.*", "this server starts without its provider and keeps trying"),
    ("identity.tenants[].members.*", "members of tenants are not configured in this version"),
    ("identity.environment.*", "use `IDENTITY_TENANTS_*`"),
    ("identity.authorizations.*", "authorizations are not configured in this version"),
    ("identity.log.pattern", "the log has one text form and one JSON form"),
    ("identity.log.appender", "the log goes to standard error"),
    ("identity.log.file.*", "the log goes to standard error"),
    ("keycloak.*", "realms are not initialised by this version"),
    ("logging.*", "see `log.level`"),
    ("management.*", "health and metrics are always on"),
    ("server.ssl.*", "TLS ends in front of this server"),
    ("spring.*", "this is not a Spring application"),
    ("user-restrictions-enabled", "a feature of older releases"),
];

/// Variables under `IDENTITY_` that are somebody else's: no key, and no mistake.
pub(super) static FOREIGN: &[&str] = &["identity.config", "identity.tests.*"];
