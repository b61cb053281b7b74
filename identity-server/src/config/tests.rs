//! Tests of complete configurations.

mod cluster;
mod documents;
pub(super) mod every_key;
mod issuers;
mod members;
mod platform;
mod prepared;
mod sdk;
mod spring;

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

/// Temporary files, deleted on drop.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(yaml: &str, variables: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let files = Files::new();
    let sources = Sources {
        files: vec![files.write("identity.yaml", yaml)],
        environment: environment(variables),
        ..Sources::default()
    };
    sources.load()
}

fn config(yaml: &str, variables: &[(&str, &str)]) -> Config {
    load(yaml, variables).unwrap().config
}

/// Problems of a configuration, as messages without the directory of the file and the line.
fn problems(yaml: &str, variables: &[(&str, &str)]) -> Vec<String> {
    load(yaml, variables).unwrap_err().0.iter().map(|problem| without_place(&problem.to_string())).collect()
}

/// Removes the file's directory and the line from a message.
fn without_place(text: &str) -> String {
    let Some((_, rest)) = text.split_once("identity.yaml") else { return text.to_owned() };
    let rest = rest.strip_prefix(':').map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    format!("identity.yaml:{}", rest.strip_prefix(':').unwrap_or(rest))
}

const OIDC: &str = "
profile: oidc
authentication:
  providers:
    main:
      issuer: https://idp.example/realms/a
      audiences: [identity]
";

#[test]
fn requires_the_profile_only() {
    let config = config("profile: builtin", &[]);
    assert_eq!(config.profile, Profile::Builtin);
    assert_eq!(config.server.address, "0.0.0.0:8080".parse().unwrap());
    assert_eq!(config.server.management, "0.0.0.0:8082".parse().unwrap());
    assert_eq!(config.store, Store::Sqlite { data_dir: ".identity".into() });
    assert_eq!(config.features, Features { tenants: true, resource_authorizations: true });
    assert_eq!(config.bootstrap, Bootstrap::default());
    assert_eq!(config.log, Log { level: "info".into(), format: LogFormat::Text });
}

#[test]
fn providers_require_issuer_and_audience() {
    let provider = &config(OIDC, &[]).authentication.providers[0];
    assert_eq!((provider.id.as_str(), provider.issuer.as_str()), ("main", "https://idp.example/realms/a"));
    assert_eq!(provider.kind, ProviderKind::Generic);
    assert_eq!(provider.clock_skew.as_secs(), 60);
    assert_eq!(provider.username_claim.as_str(), "sub");
    assert!(provider.algorithms.contains(&"RS256") && provider.algorithms.contains(&"EdDSA"));

    assert_eq!(
        problems("{profile: oidc, authentication: {providers: {main: {audiences: []}}}}", &[]),
        [
            "`authentication.providers.main.issuer` is required; it can also be set as \
             IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_ISSUER",
            "`authentication.providers.main.audiences` must contain at least one audience; tokens for other \
             audiences are rejected",
        ]
    );
    for nothing in ["profile: oidc", "{profile: oidc, authentication: {providers: {}}}"] {
        let found = problems(nothing, &[]);
        assert_eq!(found, ["`authentication.providers` must contain at least one provider in this profile"]);
    }
}

#[test]
fn provider_kind_defaults_to_keycloak_in_the_profile_keycloak() {
    let keycloak = OIDC.replace("oidc", "keycloak") + "keycloak: {url: 'https://k.example', client-secret: s}\n";
    assert_eq!(config(&keycloak, &[]).authentication.providers[0].kind, ProviderKind::Keycloak);
}

#[test]
fn loads_variables_of_a_deployment_with_keycloak() {
    let variables = [
        ("SPRING_PROFILES_ACTIVE", "keycloak"),
        ("KEYCLOAK_URL", "http://localhost:18080/auth/"),
        ("KEYCLOAK_SETUP_USER", "root"),
        ("KEYCLOAK_SETUP_PASSWORD", "hunter2"),
        ("KEYCLOAK_INIT_WEBMODELER_ROOT_URL", "http://localhost:8070"),
        ("KEYCLOAK_CLIENTS_0_ID", "zeebe"),
        ("KEYCLOAK_CLIENTS_0_TYPE", "M2M"),
        ("KEYCLOAK_CLIENTS_0_PERMISSIONS_1_RESOURCE_SERVER_ID", "b-api"),
        ("KEYCLOAK_CLIENTS_0_PERMISSIONS_1_DEFINITION", "write:*"),
        ("KEYCLOAK_CLIENTS_0_PERMISSIONS_0_RESOURCESERVERID", "a-api"),
        ("KEYCLOAK_CLIENTS_0_PERMISSIONS_0_DEFINITION", "write:*"),
        ("KEYCLOAK_USERS_0_USERNAME", "demo"),
        ("KEYCLOAK_USERS_0_ROLES_0", "Web Modeler"),
        ("KEYCLOAK_GROUPS_0_NAME", "Sales"),
    ];
    let config = config("", &variables);
    let issuer = &config.authentication.providers[0];
    assert_eq!(issuer.issuer, "http://localhost:18080/auth/realms/camunda-platform");
    assert_eq!(issuer.audiences[0].as_str(), "camunda-identity-resource-server");
    let keycloak = config.keycloak.unwrap();
    let KeycloakAccess::Administrator { realm, client_id, user, password } = keycloak.access else { panic!() };
    assert_eq!((realm.as_str(), client_id.as_str(), user.as_str()), ("master", "admin-cli", "root"));
    assert_eq!(password.expose(), "hunter2");
    assert_eq!(keycloak.components[0].key, "webmodeler");
    let audiences: Vec<_> = keycloak.clients[0].permissions.iter().map(|one| one.audience.as_str()).collect();
    assert_eq!(audiences, ["a-api", "b-api"]);
    assert_eq!((keycloak.users.len(), keycloak.groups.len()), (1, 1));
    let found = problems("", &[variables.as_slice(), &[("KEYCLOAK_INIT_OPTIMISE_SECRET", "s")]].concat());
    assert_eq!(
        found,
        ["KEYCLOAK_INIT_OPTIMISE_SECRET: `keycloak.init.optimise` is not a known component; define it under \
             `components`"]
    );
    let ours = problems("{profile: keycloak, keycloak: {url: 'http://keycloak:8080'}}", &[]);
    assert_eq!(ours.len(), 2, "{ours:?}");
    let theirs = load("profile: keycloak", &[("KEYCLOAK_URL", "http://keycloak:8080")]).unwrap();
    assert_eq!(theirs.warnings.len(), 2, "{:?}", theirs.warnings);
}

#[test]
fn reports_all_problems_in_a_fixed_order() {
    let yaml = "
profile: ldap
server: {port: 70000, base-path: identity, request-timeout: 60s5, prot: 1}
store: {postgres: {host: db}}
authentication:
  providers:
    a: {issuer: 'http://idp.example', audiences: [x], algorithms: [HS256]}
    B: {issuer: 'https://idp.example', audiences: [x], clock-skew: 1h}
    c: {issuer: 'https://idp.example', audiences: [x]}
bootstrap:
  tenants: [{tenant-id: a b, name: A}, {tenant-id: t, name: T}, {tenant-id: t, name: U}]
  mapping-rules: [{name: r, claim-name: '$.[', claim-value: v, rule-type: role, applied-tenant-ids: [t]}]
";
    let found = problems(yaml, &[("IDENTITY_LOG_LEVEL", "loud"), ("SERVER_PROT", "1"), ("IDENTITY_SERVR_PORT", "1")]);
    let expected = [
        "identity.yaml: `server.prot` is not a key; did you mean `server.port`?",
        "IDENTITY_SERVR_PORT: is not a key; did you mean `IDENTITY_SERVER_PORT`?",
        "identity.yaml: `profile` must be one of `keycloak`, `oidc`, `builtin`",
        "identity.yaml: `server.port` must be a whole number from 0 to 65535",
        "identity.yaml: `server.base-path` must be a path such as",
        "identity.yaml: `server.request-timeout` must be a duration",
        "`store.postgres.database` is required",
        "`store.postgres.username` is required",
        "`authentication.providers.B` must be an id of lower-case letters, digits and dashes",
        "identity.yaml: `authentication.providers.B.clock-skew` must be from 0s to 10m",
        "identity.yaml: `authentication.providers.a.issuer` must be an `https` URL, unless",
        "identity.yaml: `authentication.providers.a.algorithms[0]` must be one of `RS256`",
        "identity.yaml: `bootstrap.mapping-rules[0].claim-name` claim name must be the name of a claim, or a path of \
         names",
        "`bootstrap.mapping-rules[0].applied-tenant-ids` are not permitted by this rule's `rule-type`",
        "identity.yaml: `bootstrap.tenants[0].tenant-id` tenant id may only contain",
        "identity.yaml: `bootstrap.tenants[2].tenant-id` must be unique in the list",
        "IDENTITY_LOG_LEVEL: `log.level` must be `off`",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        let found = found.strip_prefix("identity.yaml: ").unwrap_or(found);
        let expected = expected.strip_prefix("identity.yaml: ").unwrap_or(expected);
        assert!(found.starts_with(expected), "{found}\nis not\n{expected}");
    }
}

#[test]
fn problems_end_with_the_command_to_validate() {
    let text = load("profile: 1", &[]).unwrap_err().to_string();
    assert!(text.starts_with("the configuration has 1 problem:\n  - "), "{text}");
    assert!(text.lines().last().unwrap().contains("`identity-server check-config`"), "{text}");
}

#[test]
fn rejects_two_providers_with_one_issuer() {
    let twice =
        format!("{OIDC}    other: {{issuer: 'https://idp.example/realms/a', audiences: [x], namespace: other}}\n");
    assert_eq!(
        problems(&twice, &[]),
        [
            "identity.yaml: `authentication.providers.other.issuer` is also the issuer of `authentication.providers.main`"
        ]
    );
}

#[test]
fn userinfo_requires_a_switch_and_a_known_endpoint() {
    let with = |more: &str| format!("{OIDC}      user-info-augmentation: {{enabled: true}}\n{more}");
    assert_eq!(config(OIDC, &[]).authentication.providers[0].user_info_augmentation, None);
    let asked = config(&with(""), &[]).authentication.providers[0].user_info_augmentation.unwrap();
    assert_eq!((asked.cache_ttl.as_secs(), asked.negative_cache_ttl.as_secs()), (300, 5));
    let keys = "      jwks-url: https://idp.example/keys\n";
    assert_eq!(
        problems(&with(keys), &[]),
        ["`authentication.providers.main.user-info-url` is required for `user-info-augmentation` with `jwks-url`, \
             which disables discovery"]
    );
    let both = with(&format!("{keys}      user-info-url: https://idp.example/userinfo\n"));
    let url = config(&both, &[]).authentication.providers[0].user_info_url.clone();
    assert_eq!(url.unwrap().as_str(), "https://idp.example/userinfo");
}

#[test]
fn http_requires_loopback_or_permission() {
    let with = |issuer: &str, more: &str| OIDC.replace("https://idp.example/realms/a", issuer) + more;
    for issuer in ["http://localhost:18080/a", "http://127.0.0.1/a", "http://[::1]/a"] {
        assert_eq!(config(&with(issuer, ""), &[]).authentication.providers[0].issuer, issuer);
    }
    assert_eq!(problems(&with("http://keycloak:8080/a", ""), &[]).len(), 1);
    assert_eq!(problems(&with("https://a.example", "      backend-url: http://keycloak:8080/a\n"), &[]).len(), 1);
    config(&with("http://keycloak:8080/a", "      allow-insecure-http: true\n"), &[]);
}

#[test]
fn later_sources_take_precedence() {
    let files = Files::new();
    let mut sources = Sources {
        assumed: vec![("profile", "builtin".into()), ("server.port", "1".into()), ("server.workers", "1".into())],
        files: vec![
            files.write("a.yaml", "server: {port: 2, public-url: 'https://a.example', max-body-bytes: 2048}"),
            files.write("b.yaml", "server: {port: 3, public-url: 'https://b.example'}"),
        ],
        environment: environment(&[("IDENTITY_SERVER_PORT", "4"), ("IDENTITY_URL", "https://c.example")]),
        flags: vec![Flag { name: "--port", path: "server.port", value: "5".into() }],
        ..Sources::default()
    };
    let server = sources.load().unwrap().config.server;
    assert_eq!(server.address.port(), 5);
    assert_eq!(server.public_url.unwrap().as_str(), "https://c.example/");
    assert_eq!(server.max_body_bytes, 2048);
    assert_eq!(server.workers.unwrap().get(), 1);

    sources.flags[0].value = "x".into();
    let problems = sources.load().unwrap_err();
    assert_eq!(problems.0[0].to_string(), "--port: `server.port` must be a whole number from 0 to 65535");
}

#[test]
fn reports_an_unreadable_file_only_once() {
    let sources = Sources { files: vec!["/nowhere/identity.yaml".into()], ..Sources::default() };
    let problems = sources.load().unwrap_err();
    assert_eq!(problems.0.len(), 1);
    assert_eq!(problems.0[0].to_string(), "/nowhere/identity.yaml: cannot be read: entity not found");
}

#[test]
fn loads_variables_of_the_replaced_service() {
    let loaded = load(
        "{}",
        &[
            ("SPRING_PROFILES_ACTIVE", "oidc,stackdriver"),
            ("IDENTITY_URL", "https://platform.example/identity"),
            ("IDENTITY_BASE_PATH", "/identity"),
            ("SERVER_PORT", "8084"),
            ("IDENTITY_AUTH_PROVIDER_ISSUER_URL", "https://login.example/v2.0"),
            ("IDENTITY_AUTH_PROVIDER_TYPE", "MICROSOFT"),
            ("CAMUNDA_IDENTITY_ISSUER", "https://login.example/v2.0"),
            ("CAMUNDA_IDENTITY_ISSUERBACKENDURL", "https://login.internal/v2.0"),
            ("CAMUNDA_IDENTITY_JWKS_URL", "https://login.internal/keys"),
            ("CAMUNDA_IDENTITY_AUDIENCE", "identity"),
            ("CAMUNDA_IDENTITY_CLOCKSKEW", "30S"),
            ("CAMUNDA_IDENTITY_CLIENTID", "identity"),
            ("IDENTITY_CLIENT_SECRET", "hunter2"),
            ("IDENTITY_INITIAL_CLAIM_VALUE", "0000-1111"),
            ("SPRING_DATASOURCE_URL", "jdbc:postgresql://db:5432/identity?sslmode=require"),
            ("SPRING_DATASOURCE_USERNAME", "identity"),
            ("IDENTITY_DATABASE_PASSWORD", "hunter2"),
            ("MULTITENANCY_ENABLED", "true"),
            ("RESOURCE_PERMISSIONS_ENABLED", "false"),
            ("IDENTITY_TENANTS_0_NAME", "Tenant A"),
            ("IDENTITY_TENANTS_0_TENANTID", "a"),
            ("IDENTITY_MAPPING_RULES_0_NAME", "Ping"),
            ("IDENTITY_MAPPING_RULES_0_CLAIM_NAME", "https://platform.example/azp"),
            ("IDENTITY_MAPPING_RULES_0_CLAIM_VALUE", "hub"),
            ("IDENTITY_MAPPING_RULES_0_OPERATOR", "EQUALS"),
            ("IDENTITY_MAPPING_RULES_0_RULE_TYPE", "ROLE"),
            ("IDENTITY_MAPPING_RULES_0_APPLIED_ROLE_NAMES_0", "Ping Access"),
            ("KEYCLOAK_REALM", "platform"),
            ("IDENTITY_LOG_LEVEL", "INFO"),
        ],
    )
    .unwrap();
    let config = loaded.config;
    assert_eq!(config.profile, Profile::Oidc);
    assert_eq!(config.server.address.port(), 8084);
    assert_eq!(config.server.base_path, "/identity");
    let provider = &config.authentication.providers[0];
    assert_eq!((provider.id.as_str(), provider.kind), ("default", ProviderKind::Microsoft));
    assert_eq!(provider.issuer, "https://login.example/v2.0");
    assert_eq!(provider.backend_url.as_ref().unwrap().as_str(), "https://login.internal/v2.0");
    assert_eq!(provider.clock_skew.as_secs(), 30);
    let client = provider.client.as_ref().unwrap();
    assert_eq!(client.id, "identity");
    assert_eq!(
        client.authentication,
        ClientAuthentication::SecretBasic(identity_core::value::Secret::new("hunter2".to_owned()))
    );
    assert_eq!(provider.audiences[0].as_str(), "identity");
    let Store::Postgres(postgres) = config.store else { panic!("{:?}", config.store) };
    assert_eq!(postgres.tls, Some(PostgresTls::Require));
    let PostgresTarget::Parts { host, port, database, username, password } = postgres.target else { panic!() };
    assert_eq!((host.as_str(), port, database.as_str(), username.as_str()), ("db", 5432, "identity", "identity"));
    assert_eq!(password.unwrap().expose(), "hunter2");
    assert!(config.features.tenants && !config.features.resource_authorizations);
    assert_eq!(config.bootstrap.initial_claim.unwrap().selector.as_str(), "oid");
    assert_eq!(config.bootstrap.tenants[0].id.as_str(), "a");
    assert_eq!(config.bootstrap.mapping_rules[0].roles[0].as_str(), "Ping Access");
    assert_eq!(
        loaded.warnings,
        [
            "SPRING_PROFILES_ACTIVE: profiles that select documents of files or other profiles: stackdriver",
            "`authentication.providers.default`: `client-id` is one of `audiences`, so ID tokens and access tokens \
             have the same audience; tokens without a mark of access tokens are rejected. Use an audience for the API \
             that is not a client id",
        ]
    );
}

#[test]
fn rejects_contradictory_keys() {
    for (yaml, problem) in [
        (
            "{profile: builtin, store: {kind: sqlite, postgres: {host: h}}}",
            "identity.yaml: `store.kind` must not be `sqlite` with values under `store.postgres`",
        ),
        (
            "{profile: builtin, store: {postgres: {url: 'postgres://h/d', host: h}}}",
            "identity.yaml: `store.postgres.host` has no effect with `store.postgres.url`",
        ),
        (
            "{profile: builtin, store: {postgres: {url: 'postgres://h/d?sslmode=disable', tls: require}}}",
            "identity.yaml: `store.postgres.tls` is also set by the `sslmode` of `store.postgres.url`",
        ),
        (
            "{profile: builtin, server: {port: 9, management-port: 9}}",
            "identity.yaml: `server.management-port` must not be the port of the API",
        ),
        (
            &format!("{OIDC}bootstrap: {{users: [{{username: a, password: b}}]}}"),
            "identity.yaml: `bootstrap.users` are supported in the profile `builtin` only; in this profile, the \
             provider manages users",
        ),
    ] {
        assert_eq!(problems(yaml, &[]), [problem]);
    }
    config("{profile: builtin, server: {port: 0, management-port: 0}}", &[]);
}

#[test]
fn debug_output_and_problems_contain_no_secrets() {
    let yaml = "profile: builtin
store: {postgres: {host: h, database: d, username: u, password: hunter2}}
bootstrap: {users: [{username: a, password: hunter2}]}";
    let shown = format!("{:?}", load(yaml, &[]).unwrap());
    assert!(shown.contains("username") && !shown.contains("hunter2"), "{shown}");
    let url = "{profile: builtin, store: {postgres: {url: 'postgres://u:hunter2@h/d'}}}";
    assert!(!format!("{:?}", load(url, &[]).unwrap()).contains("hunter2"));
    for bad in ["mysql://u:hunter2@h/d", "hunter2"] {
        let problems = load(&url.replace("postgres://u:hunter2@h/d", bad), &[]).unwrap_err();
        assert!(!format!("{problems} {problems:?}").contains("hunter2"));
    }
}
