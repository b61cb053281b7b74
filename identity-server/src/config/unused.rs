//! Properties of the replaced services that are understood and have no effect.

/// Properties that are understood and have no effect, and why. They are named in the log at start.
pub(super) static UNUSED: &[(&str, &str)] = &[
    ("camunda.license-key", "not needed"),
    ("camunda.license.*", "not needed"),
    ("camunda.identity.*", "settings of the applications' SDK"),
    ("camunda.security.authentication.authentication-refresh-interval", "changes count at once"),
    ("camunda.security.authentication.basic.*", "see `authentication.unprotected-api`"),
    ("camunda.security.authentication.oidc.*", "has no counterpart"),
    ("camunda.security.authentication.providers.oidc.*", "has no counterpart"),
    ("camunda.security.csrf.*", "always on"),
    ("camunda.security.http-headers.*", "headers are not configured in this version"),
    ("camunda.security.initialization.default-roles.<id>.roles[]", "roles have no roles"),
    ("camunda.security.saas.*", "for the vendor's own cloud"),
    ("camunda.security.session.*", "sessions are always kept in the store"),
    ("camunda.security.transport-layer-security.*", "TLS ends in front of this server"),
    ("identity.audience", "the provider's audiences are `authentication.providers.<id>.audiences[]`"),
    ("identity.clients.*", "see `keycloak.clients[]`"),
    ("identity.environment.*", "use `IDENTITY_TENANTS_*`"),
    ("identity.log.appender", "the log goes to standard error"),
    ("identity.log.file.*", "the log goes to standard error"),
    ("identity.log.pattern", "the log has one text form and one JSON form"),
    ("identity.retry.*", "this server starts without its provider and keeps trying"),
    ("keycloak.environment.*", "this server's own client is `keycloak.client-id`"),
    ("keycloak.presets.*", "see `components`"),
    ("keycloak.realm-json", "realms are made as docs/keycloak.md says"),
    ("logging.*", "see `log.level`"),
    ("management.*", "health and metrics are always on"),
    ("server.compression.*", "left to the proxy in front of this server"),
    ("server.connection-timeout", "see `server.request-timeout`"),
    ("server.error.*", "errors are problem documents"),
    ("server.forward-headers-strategy", "see `server.trusted-proxies`"),
    ("server.http2.*", "left to the proxy in front of this server"),
    ("server.jetty.*", "this is not a Spring application"),
    ("server.max-http-header-size", "this is not a Spring application"),
    ("server.max-http-request-header-size", "this is not a Spring application"),
    ("server.netty.*", "this is not a Spring application"),
    ("server.reactive.*", "this is not a Spring application"),
    ("server.server-header", "this is not a Spring application"),
    ("server.servlet.*", "this is not a Spring application"),
    ("server.shutdown", "see `server.drain-timeout`"),
    ("server.ssl.*", "TLS ends in front of this server"),
    ("server.tomcat.*", "this is not a Spring application"),
    ("server.undertow.*", "this is not a Spring application"),
    ("server.use-forward-headers", "see `server.trusted-proxies`"),
    ("spring.*", "this is not a Spring application"),
    ("user-restrictions-enabled", "a feature of older releases"),
];

/// The same in files alone: whose settings these are. Variables of these names are read by other programs of a container.
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

/// Secrets that the replaced service's charts name by placeholders without a default, also where none is configured.
pub(super) static OPTIONAL_PLACEHOLDERS: &[&str] = &["keycloak.environment.clients[].secret"];

/// Variables under `IDENTITY_` that other programs read: no key, and no mistake.
pub(super) static FOREIGN: &[&str] = &["identity.config", "identity.tests.*"];
