//! Members of tenants and authorizations, in the form of the replaced service.

use identity_core::value::{ClientId, Name};

use super::*;

const KEYCLOAK: &str = "
profile: keycloak
keycloak: {url: https://keycloak.example, client-secret: own-s3cret}
";

#[test]
fn reads_members_and_owners_from_legacy_variables() {
    let variables = [
        ("IDENTITY_TENANTS_0_NAME", "A"),
        ("IDENTITY_TENANTS_0_TENANTID", "a"),
        ("IDENTITY_TENANTS_0_MEMBERS_0_TYPE", "USER"),
        ("IDENTITY_TENANTS_0_MEMBERS_0_USERNAME", "ann"),
        ("IDENTITY_TENANTS_0_MEMBERS_1_TYPE", "group"),
        ("IDENTITY_TENANTS_0_MEMBERS_1_GROUPNAME", "/division/admins"),
        ("IDENTITY_TENANTS_0_MEMBERS_2_TYPE", "APPLICATION"),
        ("IDENTITY_TENANTS_0_MEMBERS_2_APPLICATION_ID", "app"),
        ("IDENTITY_AUTHORIZATIONS_0_GROUP_NAME", "g"),
        ("IDENTITY_AUTHORIZATIONS_0_RESOURCE_KEY", "*"),
        ("IDENTITY_AUTHORIZATIONS_0_RESOURCE_TYPE", "process-definition"),
        ("IDENTITY_AUTHORIZATIONS_0_PERMISSIONS_0", "READ"),
    ];
    let config = config(KEYCLOAK, &variables);
    let name = |text: &str| Name::parse(text).unwrap();
    let [tenant] = &config.bootstrap.tenants[..] else { panic!("one tenant") };
    assert_eq!(
        tenant.members,
        [
            PartySeed::User(name("ann")),
            PartySeed::Group(name("/division/admins")),
            PartySeed::Application(ClientId::parse("app").unwrap()),
        ]
    );
    let [authorization] = &config.bootstrap.authorizations[..] else { panic!("one authorization") };
    assert_eq!(authorization.owner, PartySeed::Group(name("g")));
}

#[test]
fn rejects_unnamed_members_and_ambiguous_owners() {
    let yaml = format!(
        "{KEYCLOAK}
bootstrap:
  tenants:
    - {{tenant-id: a, name: A, members: [{{type: GROUP, username: ann}}, {{type: TEAM, username: ann}}]}}
  authorizations:
    - {{username: ann, group-name: g, resource-key: x, resource-type: process-definition, permissions: [READ]}}
    - {{username: ann, resource-key: x, resource-type: ROLE, permissions: [READ]}}
    - {{username: ann, resource-key: x, resource-type: process-definition, permissions: [FLY]}}
"
    );
    let found = problems(&yaml, &[]).join("\n");
    for part in [
        "members[0].group-name",
        "members[1].type",
        "bootstrap.authorizations[0]",
        "bootstrap.authorizations[1].resource-type",
        "bootstrap.authorizations[2].permissions",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
}
