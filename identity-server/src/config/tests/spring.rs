//! Spring's sources and value formats.

use super::*;

const BUILTIN: &str = "profile: builtin\n";

#[test]
fn json_properties_take_precedence_over_variables() {
    let json = r#"{
  "identity": {
    "url": "https://identity.example",
    "auth-provider": {"type": "GENERIC", "issuer-url": "https://idp.example"},
    "component-presets": {"reports": {
      "apis": [{"name": "Reports", "audience": "reports-api", "permissions": [{"definition": "read:*"}]}],
      "roles": [{"name": "Readers", "permissions": [{"audience": "reports-api", "definition": "read:*"}]}]
    }},
    "mapping-rules": [{
      "name": "admins", "claim-name": "groups", "claim-value": "${ADMINS}", "operator": "CONTAINS", "rule-type": "ROLE",
      "applied-role-names": ["Readers"]
    }]
  },
  "server": {"port": 8084},
  "spring.profiles.active": "oidc"
}"#;
    let variables = [
        ("SPRING_APPLICATION_JSON", json),
        ("ADMINS", "ops"),
        ("SERVER_PORT", "1"),
        ("CAMUNDA_IDENTITY_AUDIENCE", "identity-api"),
        ("IDENTITY_MAPPING_RULES_0_NAME", "replaced"),
        ("IDENTITY_MAPPING_RULES_1_NAME", "replaced as well"),
    ];
    let loaded = load("server: {port: 2, address: 127.0.0.1}", &variables).unwrap();
    let config = loaded.config;
    assert_eq!((config.profile, config.server.address), (Profile::Oidc, "127.0.0.1:8084".parse().unwrap()));
    assert_eq!(config.authentication.providers[0].issuer, "https://idp.example");
    assert_eq!(config.components.roles()[0].id.as_str(), "Readers");
    let [rule] = config.bootstrap.mapping_rules.as_slice() else { panic!("{:?}", config.bootstrap) };
    assert_eq!((rule.name.as_str(), rule.value.as_str()), ("admins", "ops"));
    assert!(
        !loaded.warnings.iter().any(|warning| warning.contains("SPRING_APPLICATION_JSON")),
        "{:?}",
        loaded.warnings
    );
    // Without any file, and with the alternative name of the variable.
    let sources = Sources {
        environment: environment(&[("spring.application.json", json), ("ADMINS", "ops")]),
        ..Sources::default()
    };
    let found = sources.load().unwrap_err().to_string();
    assert!(found.contains("default.audiences"), "{found}");
}

#[test]
fn reports_problems_in_json_with_their_line() {
    let found = |json: &str| problems("server: {port: 1}", &[("SPRING_APPLICATION_JSON", json)]);
    let typo = "{\"profile\": \"builtin\",\n \"camunda\": {\"security\": {\n  \"multi-tenancy\": \
        {\"chekcs-enabled\": true}}}}";
    assert_eq!(
        found(typo),
        ["SPRING_APPLICATION_JSON:3: `camunda.security.multi-tenancy.chekcs-enabled` is not a key; did you mean \
          `camunda.security.multi-tenancy.checks-enabled`?"]
    );
    let unfilled = found(r#"{"server": {"port": "${NOWHERE}"}}"#);
    assert!(
        unfilled[0].starts_with("SPRING_APPLICATION_JSON:1: `server.port` contains the placeholder"),
        "{unfilled:?}"
    );
    for wrong in [r#"{"a": "hunter22"#, r#"{"a": hunter22: }"#] {
        let found = found(wrong);
        assert!(found[0].starts_with("SPRING_APPLICATION_JSON: is not valid JSON: ") && found.len() == 1, "{found:?}");
        assert!(!found[0].contains("hunter22"), "{found:?}");
    }
    assert_eq!(found("[1]"), ["SPRING_APPLICATION_JSON:1: must be a map of keys"]);
    assert_eq!(config(BUILTIN, &[("SPRING_APPLICATION_JSON", "{}")]), config(BUILTIN, &[]));
}

/// The authentication method in JSON is read like any other property.
#[test]
fn the_method_in_json_takes_precedence() {
    let json = r#"{"camunda.security.authentication": {"method": "oidc", "oidc": {"issuer-uri": "https://idp.example", "audiences": ["a"]}}}"#;
    let variables = [("SPRING_APPLICATION_JSON", json), ("CAMUNDA_SECURITY_AUTHENTICATION_METHOD", "basic")];
    assert_eq!(config("", &variables).profile, Profile::Oidc);
}

#[test]
fn imported_files_take_precedence() {
    let files = Files::new();
    let first = files.write("first.yaml", "profile: builtin\nserver: {port: 1, workers: 1}");
    let more = files.write("more.yaml", "server: {port: 2}");
    let missing = files.0.path().join("missing.yaml");
    let sources = |value: String| Sources {
        files: vec![first.clone()],
        environment: environment(&[("SPRING_CONFIG_IMPORT", &value)]),
        ..Sources::default()
    };
    let value = format!("optional:file:{},file:{}", missing.display(), more.display());
    let loaded = sources(value).load().unwrap();
    assert_eq!((loaded.config.server.address.port(), loaded.config.server.workers.unwrap().get()), (2, 1));
    assert_eq!(loaded.warnings, [""; 0]);
    let found = sources(format!("file:{}", missing.display())).load().unwrap_err().to_string();
    assert!(found.contains("missing.yaml: cannot be read"), "{found}");
    let loaded = sources("optional:configtree:/run/secrets/".to_owned()).load().unwrap();
    assert_eq!(
        loaded.warnings,
        ["SPRING_CONFIG_IMPORT: `SPRING_CONFIG_IMPORT` does not name a YAML file and is not read"]
    );
}

#[test]
fn activates_profile_groups() {
    let text = "
spring.profiles: {group: {prod: [eu, 'base'], base: oidc}, active: ['${MODE:prod}']}
server.port: 1
identity: {auth-provider: {issuer-url: https://idp.example}, client-id: c}
---
spring.config.activate.on-profile: eu & base & oidc
server.port: 2
";
    let loaded = load(text, &[]).unwrap();
    assert_eq!((loaded.config.profile, loaded.config.server.address.port()), (Profile::Oidc, 2));
    assert!(!loaded.warnings.iter().any(|warning| warning.contains("spring.profiles")), "{:?}", loaded.warnings);
    let port = |variables: &[(&str, &str)]| config(text, variables).server.address.port();
    assert_eq!(port(&[("SPRING_PROFILES_ACTIVE", "oidc")]), 1);
    assert_eq!(port(&[("MODE", "oidc"), ("SPRING_PROFILES_GROUP_OIDC", "eu,base")]), 2);
    assert_eq!(
        port(&[("MODE", "oidc"), ("SPRING_PROFILES_GROUP_OIDC_0", "eu"), ("SPRING_PROFILES_GROUP_OIDC_1", "base")]),
        2
    );
    let other = text.replace("active: ['${MODE:prod}']", "active: keycloak");
    assert_eq!(config(&other, &[("SPRING_PROFILES_ACTIVE", "prod")]).profile, Profile::Oidc);
    // The expansion of a cyclic group terminates.
    assert_eq!(
        port(&[("MODE", "oidc"), ("SPRING_PROFILES_GROUP_EU", "oidc"), ("SPRING_PROFILES_GROUP_OIDC", "eu")]),
        1
    );
}

#[test]
fn included_and_default_profiles_select_the_storage() {
    let variables = [("IDENTITY_AUTH_PROVIDER_ISSUER_URL", "https://idp.example"), ("IDENTITY_CLIENT_ID", "c")];
    for (name, value) in
        [("SPRING_PROFILES_INCLUDE", "oidc"), ("SPRING_PROFILES_DEFAULT", "oidc"), ("SPRING_PROFILES_ACTIVE_0", "oidc")]
    {
        let loaded = load("", &[variables.as_slice(), &[(name, value)]].concat()).unwrap();
        assert_eq!(loaded.config.profile, Profile::Oidc, "{name}");
        assert!(!loaded.warnings.iter().any(|warning| warning.contains("SPRING_")), "{name}: {:?}", loaded.warnings);
    }
}

const USERS: &str = "
keycloak:
  url: https://keycloak.example
  setup: {password: hunter22}
  users:
    - {username: demo, firstName: Demo, email: demo@example.org, roles: [Console, Optimize]}
    - {username: second}
spring: {profiles: {active: keycloak}}
";

#[test]
fn list_element_variables_replace_the_list_of_a_file() {
    let loaded =
        load(USERS, &[("KEYCLOAK_USERS_0_USERNAME", "ann"), ("KEYCLOAK_USERS_0_ROLES_0", "Optimize")]).unwrap();
    let users = loaded.config.keycloak.unwrap().users;
    let [ann] = users.as_slice() else { panic!("{users:?}") };
    assert_eq!((ann.person.username.as_str(), &ann.person.first_name, &ann.person.email), ("ann", &None, &None));
    assert_eq!(ann.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(), ["Optimize"]);
    let warnings: Vec<_> = loaded.warnings.iter().filter(|warning| warning.contains("keycloak.users")).collect();
    assert_eq!(
        warnings,
        ["KEYCLOAK_USERS_0_ROLES_0: replaces the list `keycloak.users` of earlier sources as a whole"]
    );
    // This server's own variables replace a single element.
    let own = config(USERS, &[("IDENTITY_KEYCLOAK_USERS_0_USERNAME", "ann")]).keycloak.unwrap().users;
    assert_eq!((own.len(), own[0].person.username.as_str(), own[0].roles.len()), (2, "ann", 2));
    let found = problems(USERS, &[("KEYCLOAK_USERS_0_PASSWORD", "hunter22")]);
    assert!(found[0].starts_with("`keycloak.users[0].username` is required"), "{found:?}");
}

#[test]
fn reads_tenants_and_members_from_variables() {
    let text = format!("{OIDC}\nidentity: {{tenants: [{{tenant-id: replaced, name: Replaced}}]}}\n");
    let variables = [
        ("IDENTITY_TENANTS_0_NAME", "Default"),
        ("IDENTITY_TENANTS_0_TENANTID", "<default>"),
        ("IDENTITY_TENANTS_0_MEMBERS_0_TYPE", "USER"),
        ("IDENTITY_TENANTS_0_MEMBERS_0_USERNAME", "demo"),
        ("IDENTITY_TENANTS_1_NAME", "Acme 0123"),
        ("IDENTITY_TENANTS_1_TENANT_ID", "0123"),
        ("IDENTITY_TENANTS_1_MEMBERS_0_TYPE", "group"),
        ("IDENTITY_TENANTS_1_MEMBERS_0_GROUPNAME", "Sales"),
        ("IDENTITY_TENANTS_1_MEMBERS_1_TYPE", "APPLICATION"),
        ("IDENTITY_TENANTS_1_MEMBERS_1_APPLICATION_ID", "zeebe"),
    ];
    let tenants = config(&text, &variables).bootstrap.tenants;
    let shown: Vec<_> = tenants.iter().map(|one| (one.id.as_str(), one.name.as_str(), one.members.len())).collect();
    assert_eq!(shown, [("<default>", "Default", 1), ("0123", "Acme 0123", 2)]);
    let hole = problems(&text, &variables[4..]);
    assert!(hole[0].contains("`bootstrap.tenants` has no element 0"), "{hole:?}");
    let unknown = problems(&text, &[variables.as_slice(), &[("IDENTITY_TENANTS_0_MEMBERS_0_NAME", "x")]].concat());
    assert!(unknown[0].starts_with("IDENTITY_TENANTS_0_MEMBERS_0_NAME: is not a key"), "{unknown:?}");
}

#[test]
fn keeps_unquoted_values_literally() {
    for (written, value) in [
        ("0123", "0123"),
        ("1.10", "1.10"),
        ("1.0", "1.0"),
        ("1e3", "1e3"),
        ("12e45678", "12e45678"),
        ("104857600123456789012", "104857600123456789012"),
        ("9223372036854775808", "9223372036854775808"),
        ("-7", "-7"),
        ("+7", "+7"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-11-29", "2026-11-29"),
        ("2026-11-29T08:00:00Z", "2026-11-29T08:00:00Z"),
        (".5", ".5"),
        ("5.", "5."),
        (".inf", ".inf"),
        ("true", "true"),
        ("TRUE", "true"),
        ("yes", "yes"),
        ("off", "off"),
        ("'0123'", "0123"),
        ("!!str 0123", "0123"),
        ("&anchor 1.10", "1.10"),
    ] {
        let text = format!(
            "
identity:
  auth-provider: {{issuer-url: https://idp.example}}
  client-id: c
  initial-claim-value: {written}
  mapping-rules: [{{name: flow, claim-name: c, claim-value: {written} }}]
spring.profiles.active: oidc # über
"
        );
        let bootstrap = config(&text, &[]).bootstrap;
        assert_eq!(bootstrap.initial_claim.unwrap().value.as_str(), value, "{written}");
        assert_eq!(bootstrap.mapping_rules[0].value.as_str(), value, "{written}");
    }
    let alias = "
identity:
  url: https://ä.example # ü
  auth-provider: {issuer-url: https://idp.example}
  client-id: &number 1.10
  initial-claim-value: *number
spring.profiles.active: oidc
";
    assert_eq!(config(alias, &[]).bootstrap.initial_claim.unwrap().value.as_str(), "1.10");
    let nothing = alias.replace("*number", "~");
    assert_eq!(config(&nothing, &[]).bootstrap.initial_claim, None);
}

#[test]
fn accepts_ports_as_numbers_or_texts() {
    for text in ["server: {port: 0}", "server: {port: '0'}", "server.port: ${PORT:0}", "server: {port: \"${PORT:}\"}"] {
        let expected = if text.ends_with(":}\"}") { 8080 } else { 0 };
        let whole = format!("{text}\ncamunda.security.authentication.method: basic\n");
        assert_eq!(config(&whole, &[]).server.address.port(), expected, "{text}");
    }
    assert_eq!(config(BUILTIN, &[("SERVER_PORT", "0"), ("MANAGEMENT_SERVER_PORT", "0")]).server.management.port(), 0);
    for wrong in ["server.port: -1", "management.server.port: -1", "server.port: 8080.0"] {
        let found = problems(&format!("{wrong}\ncamunda.security.authentication.method: basic\n"), &[]);
        assert!(found[0].contains("must be a whole number from 0 to 65535"), "{wrong}: {found:?}");
    }
}

#[test]
fn legacy_flags_accept_spring_spellings() {
    for (word, expected) in [("on", true), ("YES", true), ("1", true), ("off", false), ("no", false), ("0", false)] {
        assert_eq!(config(BUILTIN, &[("MULTITENANCY_ENABLED", word)]).features.tenants, expected, "{word}");
        let text = format!("profile: builtin\nidentity: {{flags: {{multi-tenancy: {word} }} }}");
        assert_eq!(config(&text, &[]).features.tenants, expected, "{word}");
        assert_eq!(problems(BUILTIN, &[("IDENTITY_FEATURES_TENANTS", word)]).len(), 1, "{word}");
    }
    assert_eq!(problems(BUILTIN, &[("MULTITENANCY_ENABLED", "maybe")]).len(), 1);
}

#[test]
fn warns_if_issuer_and_managed_realm_differ() {
    let of = |variables: &[(&str, &str)]| {
        let base = [("KEYCLOAK_URL", "https://keycloak.example"), ("KEYCLOAK_SETUP_PASSWORD", "hunter22")];
        let warnings = load("", &[base.as_slice(), variables].concat()).unwrap().warnings;
        warnings.into_iter().filter(|warning| warning.contains("another realm")).collect::<Vec<_>>()
    };
    let issuer = ("IDENTITY_AUTH_PROVIDER_ISSUER_URL", "https://keycloak.example/realms/one");
    assert_eq!(
        of(&[issuer, ("KEYCLOAK_REALM", "two")]),
        ["IDENTITY_AUTH_PROVIDER_ISSUER_URL: `authentication.providers.default.issuer` belongs to another realm than \
             `keycloak.realm` (KEYCLOAK_REALM): users, roles and applications are managed in one realm, and tokens \
             are accepted from the other"]
    );
    assert_eq!(of(&[issuer, ("KEYCLOAK_REALM", "one")]), [""; 0]);
    assert_eq!(of(&[issuer]), [""; 0]);
    assert_eq!(
        of(&[("IDENTITY_AUTH_PROVIDER_ISSUER_URL", "https://login.example"), ("KEYCLOAK_REALM", "two")]),
        [""; 0]
    );
    let backend = ("IDENTITY_AUTH_PROVIDER_BACKEND_URL", "http://keycloak/realms/two");
    assert_eq!(of(&[issuer, backend]).len(), 1);
}

#[test]
fn warnings_explain_settings_without_effect() {
    for (variable, why) in [
        ("MANAGEMENT_SERVER_BASE_PATH", "health and metrics are below `/actuator` at the management port"),
        ("MANAGEMENT_ENDPOINTS_WEB_BASEPATH", "health and metrics are below `/actuator` at the management port"),
        ("CAMUNDA_IDENTITY_VERSION", "the version of an image in compose files"),
        ("CAMUNDA_IDENTITY_USERNAMECLAIM", "a setting of Web Modeler"),
        ("CAMUNDA_IDENTITY_SOMETHING", "a setting of the applications' SDK, without relevance to this server"),
        ("SPRING_CONFIG_ADDITIONAL_LOCATION", "files are named by `--config` or IDENTITY_CONFIG"),
        ("SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE", "the database is configured by `store.postgres`"),
        ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_REDIRECTURI", "follows from `server.public-url`"),
    ] {
        let expected = format!("recognized, but without effect: {variable} ({why})");
        assert_eq!(load(BUILTIN, &[(variable, "x")]).unwrap().warnings, [expected]);
    }
}
