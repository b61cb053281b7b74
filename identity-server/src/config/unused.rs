//! Properties of the replaced services that are recognized but have no effect.

const ACTUATOR: &str = "health and metrics are below `/actuator` at the management port";
const BACKEND: &str = "this server connects to `backend-url`, browsers to the issuer";

/// Recognized properties without effect, and the reason. They are logged at start-up.
pub(super) static UNUSED: &[(&str, &str)] = &[
    ("camunda.license-key", "not needed"),
    ("camunda.license.*", "not needed"),
    ("camunda.identity.base-url", "the URL for applications; the URL for browsers is `server.public-url`"),
    ("camunda.identity.cert-path", "see `authentication.providers.<id>.assertion`"),
    ("camunda.identity.cert-store-password", "see `authentication.providers.<id>.assertion`"),
    ("camunda.identity.max-save-post-size", "see `server.max-body-bytes`"),
    ("camunda.identity.use-backend-auth-url", BACKEND),
    ("camunda.identity.username-claim", "a setting of Web Modeler"),
    ("camunda.identity.version", "the version of an image in compose files"),
    ("camunda.identity.*", "a setting of the applications' SDK, without relevance to this server"),
    ("camunda.security.authentication.authentication-refresh-interval", "changes take effect immediately"),
    ("camunda.security.authentication.basic.*", "see `authentication.unprotected-api`"),
    ("camunda.security.authentication.oidc.redirect-uri", "follows from `server.public-url`"),
    ("camunda.security.authentication.oidc.*", "has no counterpart"),
    ("camunda.security.authentication.providers.oidc.<id>.redirect-uri", "follows from `server.public-url`"),
    ("camunda.security.authentication.providers.oidc.*", "has no counterpart"),
    ("camunda.security.csrf.*", "CSRF protection is always on"),
    ("camunda.security.http-headers.*", "HTTP headers are not configurable in this version"),
    ("camunda.security.initialization.default-roles.<id>.roles[]", "roles cannot be members of roles"),
    ("camunda.security.saas.*", "applies to the vendor's cloud only"),
    ("camunda.security.session.*", "sessions are always kept in the store"),
    ("camunda.security.transport-layer-security.*", "TLS is terminated in front of this server"),
    ("identity.audience", "the provider's audiences are `authentication.providers.<id>.audiences[]`"),
    ("identity.auth-provider.use-backend-auth-url", BACKEND),
    ("identity.clients.*", "see `keycloak.clients[]`"),
    ("identity.environment.*", "use `IDENTITY_TENANTS_*`"),
    ("identity.log.appender", "the log goes to standard error"),
    ("identity.log.file.*", "the log goes to standard error"),
    ("identity.log.pattern", "the log format is `text` or `json`; see `log.format`"),
    ("identity.retry.*", "this server starts without the provider and retries automatically"),
    ("keycloak.environment.*", "this server's own client is `keycloak.client-id`"),
    ("keycloak.presets.*", "see `components`"),
    ("keycloak.realm-json", "realms are created as described in docs/keycloak.md"),
    ("logging.*", "see `log.level`"),
    ("management.endpoints.web.base-path", ACTUATOR),
    ("management.endpoints.web.path-mapping.*", ACTUATOR),
    ("management.server.base-path", ACTUATOR),
    ("management.server.ssl.*", "TLS is terminated in front of this server"),
    ("management.*", "health and metrics are always on"),
    ("server.compression.*", "handled by the proxy in front of this server"),
    ("server.connection-timeout", "see `server.request-timeout`"),
    ("server.error.*", "errors are problem documents"),
    ("server.forward-headers-strategy", "see `server.trusted-proxies`"),
    ("server.http2.*", "handled by the proxy in front of this server"),
    ("server.jetty.*", "this is not a Spring application"),
    ("server.max-http-header-size", "this is not a Spring application"),
    ("server.max-http-request-header-size", "this is not a Spring application"),
    ("server.netty.*", "this is not a Spring application"),
    ("server.reactive.*", "this is not a Spring application"),
    ("server.server-header", "this is not a Spring application"),
    ("server.servlet.session.*", "see `session`"),
    ("server.servlet.*", "this is not a Spring application"),
    ("server.shutdown", "see `server.drain-timeout`"),
    ("server.ssl.*", "TLS is terminated in front of this server"),
    ("server.tomcat.*", "this is not a Spring application"),
    ("server.undertow.*", "this is not a Spring application"),
    ("server.use-forward-headers", "see `server.trusted-proxies`"),
    ("spring.config.*", "files are named by `--config` or IDENTITY_CONFIG"),
    ("spring.datasource.*", "the database is configured by `store.postgres`"),
    ("spring.jpa.*", "the database is configured by `store.postgres`"),
    ("spring.servlet.multipart.*", "see `server.max-body-bytes`"),
    ("spring.*", "this is not a Spring application"),
    ("user-restrictions-enabled", "a feature of older releases"),
];

/// Further properties without effect, which are recognized in files only. Environment variables with these names
/// configure other programs in the same container.
pub(super) static IN_FILES: &[(&str, &str)] = &[
    ("camunda.*", "a setting of other parts of the platform"),
    ("zeebe.*", "a setting of other parts of the platform"),
    ("operate.*", "a setting of other parts of the platform"),
    ("tasklist.*", "a setting of other parts of the platform"),
    ("optimize.*", "a setting of other parts of the platform"),
    ("debug", "see `log.level`"),
    ("trace", "see `log.level`"),
    ("info.*", "this is not a Spring application"),
    ("springdoc.*", "this is not a Spring application"),
    ("otel.*", "metrics are at the management port"),
];

/// Secrets that count as absent if the variable in their placeholder is not set. The charts of the replaced service
/// write these placeholders even if no secret is configured.
pub(super) static OPTIONAL_PLACEHOLDERS: &[&str] = &["keycloak.environment.clients[].secret"];

/// Variables with the prefix `IDENTITY_` that are not keys, such as `IDENTITY_CONFIG`. They are not reported as
/// unknown.
pub(super) static FOREIGN: &[&str] = &["identity.api.*", "identity.config", "identity.tests.*"];
