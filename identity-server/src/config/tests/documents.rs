//! Several documents in one file, and variants of a file for profiles.

use super::*;

const TWO: &str = "
profile: builtin
server: {port: 1}
log: {level: info}
---
spring: {config: {activate: {on-profile: '(prod | staging) & !eu'}}}
server: {port: 2}
---
spring.config.activate.onProfile: [eu, us]
server.port: 3
---
spring:
  config:
    activate:
      on-cloud-platform: kubernetes
log: {level: warn}
";

fn port(yaml: &str, variables: &[(&str, &str)]) -> u16 {
    config(yaml, variables).server.address.port()
}

#[test]
fn applies_documents_in_order_with_active_profiles() {
    for (profiles, expected) in [("", 1), ("prod", 2), ("prod,eu", 3), ("staging, us", 3), ("dev", 1)] {
        assert_eq!(port(TWO, &[("SPRING_PROFILES_ACTIVE", profiles)]), expected, "{profiles}");
    }
    assert_eq!(port(TWO, &[("spring.profiles.active", "prod")]), 2);
    assert_eq!(port(TWO, &[("SPRING_PROFILES_INCLUDE", "eu"), ("SPRING_PROFILES_ACTIVE", "prod")]), 3);
    let default = "profile: builtin\n---\nspring.config.activate.on-profile: default\nserver.port: 5\n";
    assert_eq!(port(default, &[]), 5);
    assert_eq!(port(default, &[("SPRING_PROFILES_ACTIVE", "prod")]), 8080);
}

#[test]
fn environment_overrides_active_profiles_of_a_file() {
    let text = "
spring: {profiles: {active: '${MODE:oidc},eu'}}
server: {port: 1}
identity: {auth-provider: {issuer-url: https://idp.example/realms/a}, client-id: c}
---
spring: {config: {activate: {on-profile: oidc & eu}}}
server: {port: \"2\"}
---
spring: {config: {activate: {on-profile: keycloak}}}
server: {port: 3}
keycloak: {url: https://keycloak.example, setup: {password: admin}}
";
    let found = load(text, &[]).unwrap();
    assert_eq!((found.config.profile, found.config.server.address.port()), (Profile::Oidc, 2));
    let found = config(text, &[("SPRING_PROFILES_ACTIVE", "keycloak")]);
    assert_eq!((found.profile, found.server.address.port()), (Profile::Keycloak, 3));
}

#[test]
fn recognizes_the_cloud_platform() {
    let level = |variables: &[(&str, &str)]| config(TWO, variables).log.level;
    assert_eq!(level(&[]), "info");
    assert_eq!(level(&[("KUBERNETES_SERVICE_HOST", "10.0.0.1")]), "warn");
    let other = |name: &str| TWO.replace("on-cloud-platform: kubernetes", &format!("on-cloud-platform: {name}"));
    assert_eq!(config(&other("none"), &[]).log.level, "warn");
    assert_eq!(config(&other("AZURE_APP_SERVICE"), &[]).log.level, "info");
    let found = problems(&other("mainframe"), &[]);
    assert!(found[0].contains("`spring.config.activate.on-cloud-platform` must be a cloud platform"), "{found:?}");
}

#[test]
fn ignores_active_profiles_of_inactive_documents() {
    let text = "profile: builtin\nspring.profiles.active: a\n---\nspring.config.activate.on-cloud-platform: kubernetes\n\
                spring.profiles.active: b\n---\nspring.config.activate.on-profile: b\nserver.port: 2\n";
    assert_eq!(port(text, &[]), 8080);
    assert_eq!(port(text, &[("KUBERNETES_SERVICE_HOST", "10.0.0.1")]), 2);
}

#[test]
fn reports_lines_of_the_whole_file() {
    let of = |text: &str| load(text, &[("SPRING_PROFILES_ACTIVE", "prod")]).unwrap_err().0[0].to_string();
    let found = of("profile: builtin\n---\n# more\nserver:\n  prot: 1\n");
    assert!(found.contains("identity.yaml:5: `server.prot` is not a key"), "{found}");
    let found = of("profile: builtin\n---\nspring:\n  config.activate.on-profile: a & b | c\n");
    assert!(found.contains("identity.yaml:4: `spring.config.activate.on-profile` mixes"), "{found}");
    let found = of("profile: builtin\n---\nspring.config.activate.on-profile: prod\nspring.profiles.active: x\n");
    assert!(found.contains("identity.yaml:4: `spring.profiles` selects profiles"), "{found}");
    let found = of("profile: builtin\n---\nspring:\n  profiles: prod\n");
    assert!(found.contains("identity.yaml:4: `spring.profiles` is no longer"), "{found}");
    let found = of("profile: builtin\n---\nserver: [\n");
    assert!(found.contains("identity.yaml: is not valid YAML"), "{found}");
    // Documents that do not apply are not validated.
    let text = "profile: builtin\n---\nspring.config.activate.on-profile: dev\nserver: {prot: 1}\n";
    assert_eq!(port(text, &[("SPRING_PROFILES_ACTIVE", "prod")]), 8080);
}

#[test]
fn placeholders_refer_to_the_last_document() {
    let text = "
profile: builtin
server: {port: '${base.port}'}
spring: {custom: {}}
base: {port: 7}
---
spring.config.activate.on-profile: prod
base: {port: 8}
";
    assert_eq!(port(text, &[]), 7);
    assert_eq!(port(text, &[("SPRING_PROFILES_ACTIVE", "prod")]), 8);
}

#[test]
fn reads_profile_variants_of_a_file() {
    let files = Files::new();
    let main = files.write("application.yaml", "profile: builtin\nserver: {port: 1}\nlog: {level: info}\n");
    files
        .write("application-prod.yaml", "server.port: 2\n---\nspring.config.activate.on-profile: eu\nserver.port: 3\n");
    files.write("application-eu.yml", "log: {level: warn}\n");
    files.write("application-dev.yaml", "nonsense");
    let load = |profiles: &str| {
        let environment = environment(&[("SPRING_PROFILES_ACTIVE", profiles)]);
        Sources { files: vec![main.clone()], environment, ..Sources::default() }.load().unwrap()
    };
    let shown = |loaded: &Loaded| (loaded.config.server.address.port(), loaded.config.log.level.clone());
    assert_eq!(shown(&load("")), (1, "info".to_owned()));
    assert_eq!(shown(&load("prod")), (2, "info".to_owned()));
    let both = load("prod,eu");
    assert_eq!(shown(&both), (3, "warn".to_owned()));
    let warnings = both.warnings.iter().filter(|warning| warning.contains("read, as its profile is active")).count();
    assert_eq!(warnings, 2, "{:?}", both.warnings);
    assert_eq!(shown(&load("../prod,prod/")), (1, "info".to_owned()));
}

#[test]
fn applies_imports_before_the_next_document() {
    let files = Files::new();
    let more = files.write("more.yaml", "server.port: 2\nlog: {level: warn}\n");
    let text = format!(
        "profile: builtin\nspring.config.import: 'file:{}'\nserver.port: 1\n---\nserver.port: 3\n",
        more.display()
    );
    let main = files.write("identity.yaml", &text);
    let config = Sources { files: vec![main], ..Sources::default() }.load().unwrap().config;
    assert_eq!((config.server.address.port(), config.log.level.as_str()), (3, "warn"));
}

#[test]
fn rejects_other_databases() {
    assert_eq!(
        problems(OIDC, &[("SPRING_DATASOURCE_URL", "jdbc:oracle:thin:@//db:1521/x")]),
        ["SPRING_DATASOURCE_URL: `store.postgres` requires the JDBC driver `oracle`; only \
            `jdbc:postgresql:` is supported"]
    );
}

#[test]
fn warns_once_about_the_aws_wrapper() {
    let of = |url: &str| {
        load(
            "profile: builtin",
            &[("SPRING_DATASOURCE_URL", url), ("SPRING_DATASOURCE_USERNAME", "u"), ("SPRING_DATASOURCE_PASSWORD", "p")],
        )
    };
    let loaded = of("jdbc:aws-wrapper:postgresql://db/i?wrapperPlugins=failover2&failoverMode=x").unwrap();
    let warnings: Vec<_> = loaded.warnings.iter().filter(|warning| warning.contains("DATASOURCE_URL")).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("`aws-wrapper` have no effect here, nor have the parameters failoverMode"),
        "{warnings:?}"
    );
    assert!(matches!(loaded.config.store, Store::Postgres(_)));
    let refused = of("jdbc:aws-wrapper:postgresql://db/i?wrapperPlugins=iam").unwrap_err();
    let refused: Vec<_> = refused.0.iter().map(ToString::to_string).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("`iam`") && refused[0].contains("SPRING_DATASOURCE_URL"), "{refused:?}");
}

#[test]
fn loads_management_identity_with_external_keycloak() {
    let text = include_str!("samples/identity-keycloak-elsewhere.yaml");
    let loaded = load(text, &[("KEYCLOAK_SETUP", "a-password"), ("KUBERNETES_SERVICE_HOST", "10.0.0.1")]).unwrap();
    for part in [
        "`keycloak.realm` is not given; it follows from",
        "`aws-wrapper`",
        "management.endpoint.health.probes.enabled",
        "environment.clients[0].secret",
    ] {
        assert!(loaded.warnings.iter().any(|warning| warning.contains(part)), "{part}: {:#?}", loaded.warnings);
    }
    let config = loaded.config;
    assert_eq!((config.profile, config.server.address.port()), (Profile::Keycloak, 8085));
    assert_eq!(config.authentication.providers[0].issuer, "https://keycloak.example:8443/auth/realms/platform");
    let keycloak = config.keycloak.unwrap();
    assert_eq!((keycloak.realm.as_str(), keycloak.client_id.as_str()), ("platform", "identity"));
    assert_eq!(keycloak.url.as_str().trim_end_matches('/'), "https://keycloak.example:8443/auth");
    assert!(keycloak.users[0].person.password.is_none());
    let hub = config.components.get("webmodeler").unwrap();
    assert_eq!(hub.roles.as_ref().unwrap()[0].id.as_str(), "DevOps");
}
