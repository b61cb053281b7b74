//! Typical deployments of the replaced services: charts (`application.yaml`) and compose files (variables).

use super::*;

const ENVIRONMENT: &[(&str, &str)] = &[
    ("HOST", "platform.example"),
    ("ORCHESTRATION_SECRET", "orchestration-secret"),
    ("CONNECTORS_SECRET", "connectors-secret"),
    ("ADMIN_SECRET", "admin-secret"),
    ("IDENTITY_DATABASE_PASSWORD", "hunter2"),
];

fn kept(loaded: &Loaded, parts: &[&str]) {
    for part in parts {
        assert!(loaded.warnings.iter().any(|warning| warning.contains(part)), "{part}: {:#?}", loaded.warnings);
    }
}

#[test]
fn loads_management_identity_with_keycloak() {
    let text = include_str!("samples/identity-keycloak.yaml");
    let loaded = load(text, ENVIRONMENT).unwrap();
    kept(&loaded, &["keycloak.realmJson", "presets.operate.clients[0].secret", "environment.clients[0].secret"]);
    kept(&loaded, &["DANGER: `keycloak.url`", "keycloak.setup.password", "bootstrap.mapping-rules"]);
    let config = loaded.config;
    assert_eq!((config.profile, config.server.address.port()), (Profile::Keycloak, 8084));
    assert_eq!(config.server.base_path, "/identity");
    let keycloak = config.keycloak.unwrap();
    assert_eq!((keycloak.realm.as_str(), keycloak.client_id.as_str()), ("platform", "camunda-identity"));
    assert_eq!(keycloak.own_client_secret, None);
    let KeycloakAccess::Administrator { user, password, .. } = keycloak.access else { panic!("an administrator") };
    assert_eq!((user.as_str(), password.expose()), ("admin", "admin"));
    let keys: Vec<_> = keycloak.components.iter().map(|component| component.key.as_str()).collect();
    assert_eq!(keys, ["connectors", "orchestration", "topologyeu", "webmodeler"]);
    let ids: Vec<_> = keycloak.clients.iter().map(|one| one.client.client_id.as_str()).collect();
    assert_eq!(ids, ["admin", "worker"]);
    assert_eq!(keycloak.clients[0].permissions.len(), 2);
    assert_eq!(keycloak.clients[1].client.redirect_uris.len(), 2);
    let demo = &keycloak.users[0].person;
    assert_eq!(demo.first_name.as_ref().unwrap().as_str(), "Demo");
    let eu = config.components.get("topology-eu").unwrap();
    assert_eq!(eu.roles.as_ref().unwrap()[0].id.as_str(), "EU & Partners");
    let audiences: Vec<_> = config.components.audiences().iter().map(ToString::to_string).collect();
    assert_eq!(audiences, ["camunda-identity-resource-server", "eu-api", "runtime-api"]);
}

#[test]
fn reports_unresolved_placeholders_with_their_line() {
    let text = include_str!("samples/identity-keycloak.yaml");
    let without: Vec<_> = ENVIRONMENT.iter().copied().filter(|(name, _)| *name != "ORCHESTRATION_SECRET").collect();
    let found = load(text, &without).unwrap_err();
    assert_eq!(found.0.len(), 1, "{found}");
    let (line, _) = text.lines().enumerate().find(|(_, line)| line.contains("${ORCHESTRATION_SECRET}")).unwrap();
    let found = found.0[0].to_string();
    let start = format!(
        "identity.yaml:{}: `identity.component-presets.orchestration.applications[0].secret` contains",
        line + 1
    );
    assert!(found.contains(&start) && found.contains("environment variable `ORCHESTRATION_SECRET`"), "{found}");
}

#[test]
fn loads_management_identity_with_another_provider() {
    let loaded = load(include_str!("samples/identity-oidc.yaml"), &[("IDENTITY_SECRET", "hunter22")]).unwrap();
    let config = loaded.config;
    assert_eq!(config.profile, Profile::Oidc);
    let provider = &config.authentication.providers[0];
    assert_eq!(provider.kind, ProviderKind::Microsoft);
    assert_eq!(provider.audiences.iter().map(|one| one.as_str()).collect::<Vec<_>>(), ["11111111-aaaa"]);
    let roles = config.components.roles();
    let permissions = |id: &str| {
        let role = roles.iter().find(|role| role.id.as_str() == id).unwrap();
        let all = role.permissions.iter().map(|one| format!("{}:{}", one.audience, one.definition));
        all.collect::<Vec<_>>()
    };
    // This server's own API has two audiences.
    assert_eq!(
        permissions("ManagementIdentity"),
        [
            "11111111-aaaa:read",
            "11111111-aaaa:write",
            "camunda-identity-resource-server:read",
            "camunda-identity-resource-server:write",
        ]
    );
    assert!(permissions("Optimize").contains(&"33333333-cccc:write:*".to_owned()));
}

#[test]
fn loads_the_orchestration_cluster_with_tokens() {
    let loaded = load(include_str!("samples/orchestration-oidc.yaml"), &[]).unwrap();
    kept(
        &loaded,
        &["zeebe.broker.network.advertisedHost", "camunda.license.key", "server.tomcat.max-http-form-post-size"],
    );
    kept(&loaded, &["camunda.security.something-new.of-theirs", "camunda.identity.audience", "`initialization.users`"]);
    kept(&loaded, &["camunda.database.index.numberOfReplicas", "DANGER: `authentication.providers.default.jwks-url`"]);
    let config = loaded.config;
    assert_eq!((config.profile, config.server.base_path.as_str()), (Profile::Oidc, "/orchestration"));
    let provider = &config.authentication.providers[0];
    assert_eq!(provider.issuer, "http://localhost:18080/auth/realms/platform");
    let audiences: Vec<_> = provider.audiences.iter().map(|one| one.as_str()).collect();
    assert_eq!(audiences, ["orchestration", "orchestration-api"]);
    assert!(config.switches.tenant_checks_enabled);
    assert_eq!(config.initialization.policies.memberships.len(), 4);
    assert_eq!(config.initialization.policies.mapping_rules[0].id.as_str(), "demo-rule");
}

#[test]
fn loads_the_orchestration_cluster_with_passwords_and_protected_api() {
    let loaded = load(include_str!("samples/orchestration-basic.yaml"), &[]).unwrap();
    kept(&loaded, &["the API stays protected"]);
    let config = loaded.config;
    assert_eq!(config.profile, Profile::Builtin);
    assert!(!config.authentication.unprotected_api && !config.switches.authorizations_enabled);
    assert_eq!(config.initialization.policies.memberships.len(), 1);
}

/// Compose files before release 8.8 set neither the profile nor Keycloak's password, and use `http` throughout.
#[test]
fn loads_variables_of_an_old_compose_file() {
    let variables = [
        ("SERVER_PORT", "8084"),
        ("IDENTITY_RETRY_DELAY_SECONDS", "30"),
        ("IDENTITY_URL", "http://platform:8084"),
        ("KEYCLOAK_URL", "http://keycloak:18080/auth"),
        ("IDENTITY_AUTH_PROVIDER_ISSUER_URL", "http://platform:18080/auth/realms/camunda-platform"),
        ("IDENTITY_AUTH_PROVIDER_BACKEND_URL", "http://keycloak:18080/auth/realms/camunda-platform"),
        ("IDENTITY_DATABASE_HOST", "postgres"),
        ("IDENTITY_DATABASE_PORT", "5432"),
        ("IDENTITY_DATABASE_NAME", "keycloak"),
        ("IDENTITY_DATABASE_USERNAME", "keycloak"),
        ("IDENTITY_DATABASE_PASSWORD", "#3]O?4RGj"),
        ("KEYCLOAK_INIT_OPERATE_SECRET", "operate-secret"),
        ("KEYCLOAK_INIT_OPERATE_ROOT_URL", "http://platform:8081"),
        ("KEYCLOAK_INIT_WEBMODELER_ROOT_URL", "http://platform:8070"),
        ("KEYCLOAK_INIT_ZEEBE_NAME", "zeebe"),
        ("KEYCLOAK_USERS_0_USERNAME", "demo"),
        ("KEYCLOAK_USERS_0_PASSWORD", "demo"),
        ("KEYCLOAK_USERS_0_FIRST_NAME", "demo"),
        ("KEYCLOAK_USERS_0_EMAIL", "demo@example.com"),
        ("KEYCLOAK_USERS_0_ROLES_0", "Identity"),
        ("KEYCLOAK_USERS_0_ROLES_1", "Operate"),
        ("KEYCLOAK_CLIENTS_0_NAME", "zeebe"),
        ("KEYCLOAK_CLIENTS_0_ID", "zeebe"),
        ("KEYCLOAK_CLIENTS_0_SECRET", "zecret"),
        ("KEYCLOAK_CLIENTS_0_PERMISSIONS_0_RESOURCE_SERVER_ID", "zeebe-api"),
        ("KEYCLOAK_CLIENTS_0_PERMISSIONS_0_DEFINITION", "write:*"),
        ("MULTITENANCY_ENABLED", "false"),
        ("IDENTITY_RESOURCE_PERMISSIONS_ENABLED", "true"),
        ("management.endpoint.health.probes.enabled", "true"),
    ];
    let loaded = load("", &variables).unwrap();
    kept(&loaded, &["`profile` is not given", "`keycloak.setup.password` is not given", "fewer than 8 characters"]);
    kept(&loaded, &["DANGER: `keycloak.url`", "DANGER: `authentication.providers.default.issuer`"]);
    let config = loaded.config;
    assert_eq!(config.profile, Profile::Keycloak);
    // Before release 8.8, this role was named `Identity`.
    assert_eq!(config.keycloak.unwrap().users[0].roles[0].as_str(), "ManagementIdentity");
    assert!(config.features.resource_authorizations);
}

#[test]
fn derives_the_keycloak_url_from_the_issuer() {
    let loaded = load(
        "",
        &[
            ("IDENTITY_AUTH_PROVIDER_ISSUER_URL", "https://login.example/auth/realms/own"),
            ("IDENTITY_CLIENT_SECRET", "hunter22"),
        ],
    );
    let keycloak = loaded.unwrap().config.keycloak.unwrap();
    assert_eq!((keycloak.url.as_str(), keycloak.realm.as_str()), ("https://login.example/auth", "own"));
}

/// SDK settings describe the services that an application calls. They do not conflict with this server's own settings.
#[test]
fn sdk_settings_cause_no_contradiction() {
    let loaded = load(
        "",
        &[
            ("CAMUNDA_SECURITY_AUTHENTICATION_METHOD", "oidc"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_ISSUERURI", "https://idp.example"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_AUDIENCES_0", "orchestration"),
            ("CAMUNDA_IDENTITY_AUDIENCE", "orchestration-api"),
            ("CAMUNDA_IDENTITY_ISSUERBACKENDURL", "http://keycloak:18080/realms/a"),
        ],
    )
    .unwrap();
    kept(
        &loaded,
        &["CAMUNDA_IDENTITY_AUDIENCE, CAMUNDA_IDENTITY_ISSUERBACKENDURL (a setting of the applications' SDK"],
    );
    let provider = &loaded.config.authentication.providers[0];
    assert_eq!((provider.audiences.len(), provider.backend_url.as_ref()), (1, None));
}

#[test]
fn imports_files_as_spring_does() {
    let files = Files::new();
    let more = files.write("more.yaml", "server: {port: 7, address: 127.0.0.1}");
    let missing = files.0.path().join("missing.yaml");
    let first = format!(
        "profile: builtin\nserver: {{port: 5, workers: 2}}\nspring: {{config: {{import: ['file:{}', \
         'optional:file:{}']}}}}",
        more.display(),
        missing.display(),
    );
    let sources = |first: &str| {
        let last = files.write("last.yaml", "server: {workers: 3}");
        Sources { files: vec![files.write("first.yaml", first), last], ..Sources::default() }
    };
    let server = sources(&first).load().unwrap().config.server;
    assert_eq!((server.address, server.workers.unwrap().get()), ("127.0.0.1:7".parse().unwrap(), 3));
    let found = sources(&first.replace("optional:", "")).load().unwrap_err();
    assert!(found.0[0].to_string().contains("missing.yaml: cannot be read"), "{found}");
}

#[test]
fn appends_the_base_path_to_the_public_url() {
    let ours = |url: &str| format!("{{profile: builtin, server: {{base-path: /identity, public-url: '{url}'}}}}");
    let found = problems(&ours("https://host.example"), &[]);
    assert!(found[0].starts_with("identity.yaml: `server.public-url` must end with `server.base-path`"), "{found:?}");
    assert!(found[0].contains("`https://host.example/identity`"), "{found:?}");
    config(&ours("https://host.example/identity/"), &[]);
    // For properties of the replaced service, the base path is appended.
    let variables = [("IDENTITY_URL", "https://host.example"), ("IDENTITY_BASE_PATH", "/identity")];
    let server = config("profile: builtin", &variables).server;
    assert_eq!(server.public_url.unwrap().as_str(), "https://host.example/identity");
}

#[test]
fn rejects_impossible_issuers() {
    for issuer in
        ["https://login.microsoftonline.com/common/v2.0", "https://idp.example/.well-known/openid-configuration"]
    {
        let found = problems(&OIDC.replace("https://idp.example/realms/a", issuer), &[]);
        assert!(found[0].starts_with("identity.yaml: `authentication.providers.main.issuer` "), "{found:?}");
    }
}
