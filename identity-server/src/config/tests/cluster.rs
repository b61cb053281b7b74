//! Configurations of the Orchestration Cluster (docs/reference/orchestration-cluster.md §6).

use identity_core::entity::Party;

use super::*;

#[test]
fn the_switches_have_safe_defaults() {
    let config = config("profile: builtin", &[]);
    assert!(config.switches.authorizations_enabled && config.switches.tenant_api_enabled);
    assert!(!config.switches.tenant_checks_enabled && !config.authentication.unprotected_api);
    assert!(config.switches.id_pattern.allows("a~b@c.d+e-f_0") && !config.switches.id_pattern.allows("a/b"));
    assert_eq!(config.authentication.basic_cache_ttl.as_secs(), 60);
    assert_eq!(config.initialization, Initialization::default());
}

#[test]
fn loads_variables_of_a_cluster_with_basic_authentication() {
    let loaded = load(
        "{}",
        &[
            ("CAMUNDA_SECURITY_AUTHENTICATION_METHOD", "BASIC"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_UNPROTECTEDAPI", "false"),
            ("CAMUNDA_SECURITY_AUTHORIZATIONS_ENABLED", "false"),
            ("CAMUNDA_SECURITY_MULTITENANCY_CHECKSENABLED", "true"),
            ("CAMUNDA_SECURITY_MULTITENANCY_APIENABLED", "false"),
            ("CAMUNDA_SECURITY_IDVALIDATIONPATTERN", "^[a-z]+$"),
            ("CAMUNDA_SECURITY_SESSION_PERSISTENT_ENABLED", "true"),
            ("CAMUNDA_SECURITY_INITIALIZATION_USERS_0_USERNAME", "demo"),
            ("CAMUNDA_SECURITY_INITIALIZATION_USERS_0_PASSWORD", "demo"),
            ("CAMUNDA_SECURITY_INITIALIZATION_USERS_0_NAME", "Demo"),
            ("CAMUNDA_SECURITY_INITIALIZATION_USERS_0_EMAIL", "demo@example.com"),
            ("CAMUNDA_SECURITY_INITIALIZATION_DEFAULTROLES_ADMIN_USERS_0", "demo"),
            ("CAMUNDA_SECURITY_INITIALIZATION_DEFAULT_ROLES_CONNECTORS_CLIENTS", "one, two"),
            ("CAMUNDA_SECURITY_INITIALIZATION_MAPPINGRULES_0_MAPPINGRULEID", "rule"),
            ("CAMUNDA_SECURITY_INITIALIZATION_MAPPINGRULES_0_CLAIMNAME", "c"),
            ("CAMUNDA_SECURITY_INITIALIZATION_MAPPINGRULES_0_CLAIMVALUE", "v"),
            ("CAMUNDA_SECURITY_INITIALIZATION_AUTHORIZATIONS_0_OWNERTYPE", "MAPPING_RULE"),
            ("CAMUNDA_SECURITY_INITIALIZATION_AUTHORIZATIONS_0_OWNERID", "rule"),
            ("CAMUNDA_SECURITY_INITIALIZATION_AUTHORIZATIONS_0_RESOURCETYPE", "DOCUMENT"),
            ("CAMUNDA_SECURITY_INITIALIZATION_AUTHORIZATIONS_0_RESOURCEID", "*"),
            ("CAMUNDA_SECURITY_INITIALIZATION_AUTHORIZATIONS_0_PERMISSIONS", "READ,CREATE"),
        ],
    )
    .unwrap();
    let Config { profile, switches, initialization, .. } = loaded.config;
    assert_eq!(profile, Profile::Builtin);
    assert!(!switches.authorizations_enabled && switches.tenant_checks_enabled && !switches.tenant_api_enabled);
    assert!(switches.id_pattern.allows("a") && !switches.id_pattern.allows("A"));
    assert_eq!(initialization.users[0].password.expose(), "demo");
    let members: Vec<_> = initialization
        .policies
        .memberships
        .iter()
        .map(|one| format!("{} in {}", one.member(), one.container()))
        .collect();
    assert_eq!(
        members,
        ["user `demo` in role `admin`", "client `one` in role `connectors`", "client `two` in role `connectors`"]
    );
    let authorization = &initialization.policies.authorizations[0];
    assert!(matches!(&authorization.owner, Party::MappingRule(id) if id.as_str() == "rule"));
    assert_eq!(authorization.permissions.len(), 2);
    assert_eq!(initialization.policies.mapping_rules[0].name.as_str(), "rule");
    assert_eq!(
        loaded.warnings,
        ["recognized, but without effect: CAMUNDA_SECURITY_SESSION_PERSISTENT_ENABLED (sessions are always kept \
             in the store)"]
    );
}

#[test]
fn loads_variables_of_a_cluster_with_one_provider() {
    let loaded = load(
        "{}",
        &[
            ("CAMUNDA_SECURITY_AUTHENTICATION_METHOD", "oidc"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_ISSUERURI", "https://idp.example"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_JWKSETURI", "https://idp.example/keys"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_ADDITIONAL_JWK_SET_URIS_0", "https://gateway.example/keys"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_AUDIENCES", "a,b"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_USERNAMECLAIM", "preferred_username"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_CLIENTIDCLAIM", "azp"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_GROUPS_CLAIM", "groups"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_PREFERUSERNAMECLAIM", "true"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_CLOCKSKEW", "PT30S"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_CLIENTID", "orchestration"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_CLIENTSECRET", "hunter2"),
            ("CAMUNDA_SECURITY_INITIALIZATION_DEFAULTROLES_READONLYADMIN_GROUPS_0", "/Sales/EU"),
        ],
    );
    // The ID of a default role is user data, not a key: its dash is required.
    let problems = loaded.unwrap_err().to_string();
    assert!(problems.contains("`initialization.default-roles.readonlyadmin` is not a default role"), "{problems}");

    let config = config(
        "initialization: {default-roles: {readonly-admin: {groups: [/Sales/EU]}}}",
        &[
            ("CAMUNDA_SECURITY_AUTHENTICATION_METHOD", "oidc"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_ISSUERURI", "https://idp.example"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_AUDIENCES", "a,b"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_GROUPS_CLAIM", "groups"),
        ],
    );
    let provider = &config.authentication.providers[0];
    assert_eq!((config.profile, provider.id.as_str()), (Profile::Oidc, "default"));
    assert_eq!(provider.issuer, "https://idp.example");
    assert_eq!(provider.audiences.iter().map(|one| one.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    // Groups in token claims need not match the ID pattern.
    assert_eq!(config.initialization.policies.memberships.len(), 1);
}

#[test]
fn loads_variables_of_a_cluster_with_two_providers() {
    let config = config(
        "{profile: keycloak, keycloak: {url: 'https://a.example', client-secret: s}}",
        &[
            ("CAMUNDA_SECURITY_AUTHENTICATION_METHOD", "oidc"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_PROVIDERS_OIDC_MAIN_ISSUERURI", "https://a.example"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_PROVIDERS_OIDC_MAIN_AUDIENCES_0", "a"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_PROVIDERS_OIDC_BACK_UP_ISSUER_URI", "https://b.example"),
            ("CAMUNDA_SECURITY_AUTHENTICATION_PROVIDERS_OIDC_BACK_UP_AUDIENCES", "b"),
            ("IDENTITY_AUTHENTICATION_PROVIDERS_BACK_UP_NAMESPACE", "back-up"),
        ],
    );
    assert_eq!(config.profile, Profile::Keycloak);
    let ids: Vec<_> = config.authentication.providers.iter().map(|provider| provider.id.as_str()).collect();
    assert_eq!(ids, ["back-up", "main"]);
}

#[test]
fn rejects_a_method_that_contradicts_the_profile() {
    let method = |profile: &str, method: &str| {
        problems(profile, &[("CAMUNDA_SECURITY_AUTHENTICATION_METHOD", method)]).remove(0)
    };
    assert_eq!(
        method("profile: builtin", "oidc"),
        "CAMUNDA_SECURITY_AUTHENTICATION_METHOD: `profile` does not support this authentication method"
    );
    assert!(method(OIDC, "basic").contains("does not support this authentication method"));
    assert!(method(OIDC, "ldap").contains("must be one of `basic` and `oidc`"));
}

#[test]
fn rejects_misspelled_switches() {
    assert_eq!(
        problems("profile: builtin", &[("CAMUNDA_SECURITY_MULTITENANCY_CHECKENABLED", "true")]),
        ["CAMUNDA_SECURITY_MULTITENANCY_CHECKENABLED: is not a key; did you mean \
             `CAMUNDA_SECURITY_MULTI_TENANCY_CHECKS_ENABLED`?"]
    );
    assert_eq!(problems("{profile: builtin, id-validation-pattern: '[a-z'}", &[]).len(), 1);
}

#[test]
fn unprotected_api_requires_loopback_or_permission() {
    let yaml = |address: &str, more: &str| {
        format!(
            "{{profile: builtin, server: {{address: '{address}'}}, authentication: {{unprotected-api: true{more}}}}}"
        )
    };
    for (address, more) in [("127.0.0.1", ""), ("::1", ""), ("0.0.0.0", ", unprotected-api-on-network: true")] {
        let loaded = load(&yaml(address, more), &[]).unwrap();
        assert!(loaded.config.authentication.unprotected_api);
        assert!(loaded.warnings[0].starts_with("DANGER: the API is unprotected"), "{:?}", loaded.warnings);
    }
    for address in ["0.0.0.0", "10.0.0.1", "::"] {
        assert!(problems(&yaml(address, ""), &[])[0].contains("every client on the network"));
    }
    assert!(load("profile: builtin", &[]).unwrap().warnings.is_empty());
}

#[test]
fn a_list_variable_replaces_the_list_of_a_file() {
    let yaml = OIDC.replace("[identity]", "[x, y, z]");
    let audiences = |variables: &[(&str, &str)]| {
        let config = config(&yaml, variables);
        config.authentication.providers[0].audiences.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let list = "IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_AUDIENCES";
    assert_eq!(audiences(&[(list, "a, b")]), ["a", "b"]);
    assert_eq!(audiences(&[(&format!("{list}_1"), "b")]), ["x", "b", "z"]);
}

#[test]
fn reports_all_problems_of_initial_data() {
    let yaml = "
profile: builtin
bootstrap:
  users: [{username: u, password: p}]
  tenants: [{tenant-id: t, name: T}]
  mapping-rules: [{name: m, claim-name: c, claim-value: v}]
initialization:
  users: [{username: u, password: p}, {username: a/b, password: p, email: x}]
  mapping-rules: [{mapping-rule-id: m, claim-name: '$.[', claim-value: v}]
  groups: [{group-id: g, name: G, roles: [r]}, {group-id: g, name: H, users: [a b]}]
  roles: [{role-id: admin, name: A}, {role-id: r}]
  tenants: [{tenant-id: t, name: T}]
  default-roles: {admin: {roles: [r]}, boss: {users: [u]}}
  authorizations:
    - {owner-type: UNSPECIFIED, owner-id: u, resource-type: DOCUMENT, resource-id: '*', permissions: [READ]}
    - {owner-type: ROLE, owner-id: admin, resource-type: NOTHING, resource-id: '*', permissions: [READ]}
    - {owner-type: USER, owner-id: u, resource-type: MESSAGE, resource-id: a/b, permissions: [DELETE, CREATE]}
    - {owner-type: USER, owner-id: u, resource-type: DOCUMENT, resource-property-name: assignee, permissions: []}
    - {owner-type: USER, owner-id: u, resource-type: DOCUMENT, permissions: [READ]}
";
    let found = problems(yaml, &[]);
    let expected = [
        "identity.yaml: `initialization.groups[0].roles` is not a key",
        "identity.yaml: `initialization.default-roles.admin.roles` is not a key",
        "identity.yaml: `initialization.users[0].username` is also configured under `bootstrap.users`",
        "identity.yaml: `initialization.users[1].username` must match `id-validation-pattern`",
        "identity.yaml: `initialization.users[1].email` email must be an address",
        "identity.yaml: `initialization.mapping-rules[0].claim-name` claim name must be the name of a claim, or a \
         path of names",
        "identity.yaml: `initialization.mapping-rules[0].mapping-rule-id` is also configured under \
         `bootstrap.mapping-rules`",
        "identity.yaml: `initialization.groups[1].users[0]` must match `id-validation-pattern`",
        "identity.yaml: `initialization.groups[1].group-id` must be unique in the list",
        "identity.yaml: `initialization.roles[0].role-id` is a default role; configure its members under",
        "`initialization.roles[1].name` is required",
        "identity.yaml: `initialization.tenants[0].tenant-id` is also configured under `bootstrap.tenants`",
        "`initialization.default-roles.boss` is not a default role",
        "identity.yaml: `initialization.authorizations[0].owner-type` must be one of `USER`",
        "identity.yaml: `initialization.authorizations[1].owner-id` is a default role, whose authorizations are fixed",
        "identity.yaml: `initialization.authorizations[1].resource-type` must be a resource type",
        "identity.yaml: `initialization.authorizations[2].resource-id` must match `id-validation-pattern`",
        "identity.yaml: `initialization.authorizations[2].permissions[0]` must be supported: `MESSAGE` does not support",
        "identity.yaml: `initialization.authorizations[3].resource-property-name` must be a property of the resource",
        "`initialization.authorizations[3].permissions` must contain at least one permission",
        "`initialization.authorizations[4].resource-id` or `resource-property-name` is required, but not both",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        let found = found.strip_prefix("identity.yaml: ").unwrap_or(found);
        let expected = expected.strip_prefix("identity.yaml: ").unwrap_or(expected);
        assert!(found.starts_with(expected), "{found}\nis not\n{expected}");
    }
    let users = format!("{OIDC}initialization: {{users: [{{username: a, password: b}}]}}");
    assert_eq!(
        problems(&users, &[]),
        ["identity.yaml: `initialization.users` are supported in the profile `builtin` only; in this profile, the \
             provider manages users"]
    );
    let unknown = [("CAMUNDA_SECURITY_INITIALIZATION_DEFAULTROLES_ADMIN_ROBOTS_0", "r")];
    assert_eq!(problems("profile: builtin", &unknown).len(), 1);
}

/// Properties of the Orchestration Cluster in a file.
const IN_A_FILE: &str = "
camunda:
  security:
    authentication:
      method: oidc
      oidc:
        issuer-uri: https://idp.example
        audiences: [a, b]
        usernameClaim: preferred_username
        clock-skew: PT30S
        client-secret: hunter2
    multiTenancy: {checks-enabled: true, api-enabled: 'false'}
    initialization:
      groups:
        - group-id: sales
          name: Sales
          users: ann, bob
      default-roles: {admin: {clients: [operator]}}
";

#[test]
fn loads_a_file_of_the_orchestration_cluster() {
    let loaded = load(IN_A_FILE, &[]).unwrap();
    let variables = [
        ("CAMUNDA_SECURITY_AUTHENTICATION_METHOD", "oidc"),
        ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_ISSUERURI", "https://idp.example"),
        ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_AUDIENCES", "a,b"),
        ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_USERNAMECLAIM", "preferred_username"),
        ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_CLOCKSKEW", "PT30S"),
        ("CAMUNDA_SECURITY_AUTHENTICATION_OIDC_CLIENTSECRET", "hunter2"),
        ("CAMUNDA_SECURITY_MULTITENANCY_CHECKSENABLED", "true"),
        ("CAMUNDA_SECURITY_MULTITENANCY_APIENABLED", "false"),
        ("CAMUNDA_SECURITY_INITIALIZATION_GROUPS_0_GROUPID", "sales"),
        ("CAMUNDA_SECURITY_INITIALIZATION_GROUPS_0_NAME", "Sales"),
        ("CAMUNDA_SECURITY_INITIALIZATION_GROUPS_0_USERS", "ann,bob"),
        ("CAMUNDA_SECURITY_INITIALIZATION_DEFAULTROLES_ADMIN_CLIENTS_0", "operator"),
    ];
    assert_eq!(loaded.config, load("{}", &variables).unwrap().config);
    assert_eq!(loaded.warnings, [""; 0]);
    // Environment variables take precedence, as they do over keys.
    let changed = load(IN_A_FILE, &[("CAMUNDA_SECURITY_MULTITENANCY_APIENABLED", "true")]).unwrap().config;
    assert!(changed.switches.tenant_api_enabled);
}

#[test]
fn loads_a_file_of_management_identity() {
    let text = "
identity:
  url: https://identity.example
  flags: {multi-tenancy: false}
  tenants: [{tenant-id: acme, name: Acme}]
spring: {profiles: {active: oidc}}
keycloak: {realm: r}
authentication: {providers: {main: {issuer: 'https://idp.example', audiences: [identity]}}}
";
    let loaded = load(text, &[]).unwrap();
    assert_eq!(loaded.config.profile, Profile::Oidc);
    assert!(!loaded.config.features.tenants);
    assert_eq!(loaded.config.bootstrap.tenants[0].id.as_str(), "acme");
    assert_eq!(loaded.warnings, [""; 0]);
}

#[test]
fn reports_problems_under_the_name_of_the_legacy_property() {
    let wrong = "
profile: builtin
multi-tenancy: {api-enabled: true}
camunda:
  data: {retention: 1}
  security:
    authorizations: {enabled: maybe}
    multi-tenancy: {api-enabled: false, chekcs-enabled: true}
    id-validation-pattern: ${PATTERN}
    authentication: {method: oidc}
";
    let mut found = problems(wrong, &[]);
    let contradiction = found.remove(0);
    let start = "identity.yaml: `camunda.security.multi-tenancy.api-enabled` sets `multi-tenancy.api-enabled`, which ";
    assert!(contradiction.starts_with(start), "{contradiction}");
    assert!(contradiction.ends_with("identity.yaml:3"), "{contradiction}");
    assert_eq!(
        found,
        [
            "identity.yaml: `camunda.security.multi-tenancy.chekcs-enabled` is not a key; did you mean \
             `camunda.security.multi-tenancy.checks-enabled`?",
            "identity.yaml: `camunda.security.id-validation-pattern` contains the placeholder `${PATTERN}`, which has \
             no value: set the environment variable `PATTERN`, or write a default as in `${PATTERN:default}`",
            "identity.yaml: `profile` does not support this authentication method",
            "identity.yaml: `authorizations.enabled` must be `true` or `false`",
        ]
    );
    // Equal values in a key and a property do not conflict, and a later file takes precedence.
    let same =
        "profile: builtin\nmulti-tenancy: {api-enabled: false}\ncamunda.security.multi-tenancy.api-enabled: false";
    assert!(!config(same, &[]).switches.tenant_api_enabled);
    let files = Files::new();
    let first = files.write("1.yaml", same);
    let second = files.write("2.yaml", "camunda: {security: {multi-tenancy: {api-enabled: true}}}");
    let loaded = Sources { files: vec![first, second], ..Sources::default() }.load().unwrap();
    assert!(loaded.config.switches.tenant_api_enabled);
}
