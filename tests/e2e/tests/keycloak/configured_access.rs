//! Tenant members and authorizations from the configuration.

use identity_testkit::Keycloak;
use serde_json::json;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_and_authorizations_of_the_configuration_take_effect() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let realm = keycloak.realm().await;
    let division = realm.create("/groups", &json!({"name": "division"})).await;
    let admins = realm.create(&format!("/groups/{division}/children"), &json!({"name": "admins"})).await;
    let ann = realm.user("ann", "pw").await;
    let launch = creating(keycloak.base(), &realm.name)
        .env("IDENTITY_TENANTS_0_NAME", "A")
        .env("IDENTITY_TENANTS_0_TENANTID", "a")
        .env("IDENTITY_TENANTS_0_MEMBERS_0_TYPE", "USER")
        .env("IDENTITY_TENANTS_0_MEMBERS_0_USERNAME", DEMO.0)
        .env("IDENTITY_TENANTS_0_MEMBERS_1_TYPE", "GROUP")
        .env("IDENTITY_TENANTS_0_MEMBERS_1_GROUPNAME", "/division/admins")
        .env("IDENTITY_TENANTS_0_MEMBERS_2_TYPE", "APPLICATION")
        .env("IDENTITY_TENANTS_0_MEMBERS_2_APPLICATIONID", MACHINE.0)
        .env("IDENTITY_TENANTS_0_MEMBERS_3_TYPE", "USER")
        .env("IDENTITY_TENANTS_0_MEMBERS_3_USERNAME", "ann")
        .env("IDENTITY_TENANTS_0_MEMBERS_4_TYPE", "GROUP")
        .env("IDENTITY_TENANTS_0_MEMBERS_4_GROUPNAME", "admins")
        .env("IDENTITY_TENANTS_1_NAME", "Default")
        .env("IDENTITY_TENANTS_1_TENANTID", "<default>")
        .env("IDENTITY_TENANTS_1_MEMBERS_0_TYPE", "APPLICATION")
        .env("IDENTITY_TENANTS_1_MEMBERS_0_APPLICATIONID", MACHINE.0)
        .env("IDENTITY_AUTHORIZATIONS_0_USERNAME", DEMO.0)
        .env("IDENTITY_AUTHORIZATIONS_0_RESOURCE_KEY", "order")
        .env("IDENTITY_AUTHORIZATIONS_0_RESOURCE_TYPE", "process-definition")
        .env("IDENTITY_AUTHORIZATIONS_0_PERMISSIONS_0", "READ")
        .env("IDENTITY_AUTHORIZATIONS_0_PERMISSIONS_1", "DELETE")
        .env("IDENTITY_AUTHORIZATIONS_1_GROUP_NAME", "Vertrieb / Süd")
        .env("IDENTITY_AUTHORIZATIONS_1_RESOURCE_KEY", "*")
        .env("IDENTITY_AUTHORIZATIONS_1_RESOURCE_TYPE", "decision-definition")
        .env("IDENTITY_AUTHORIZATIONS_1_PERMISSIONS_0", "READ");
    let server = launch.start().await;
    // A missing entity does not block the rest: no top-level group has this name.
    let output = server.says("keycloak.entity.failed").await;
    assert!(output.contains("access of group admins"), "{output}");
    let platform = Platform { realm, launch, server };
    platform.login_client().await;
    let admin = platform.admin().await;
    let users = admin.get("/api/tenants/a/users").await.expect_status(200).json();
    let mut names = texts(&users, "username");
    names.sort();
    assert_eq!(names, ["ann", DEMO.0]);
    let groups = admin.get("/api/tenants/a/groups").await.expect_status(200).json();
    assert_eq!(groups, json!([{"id": admins, "name": "/division/admins"}]));
    let applications = admin.get("/api/tenants/a/applications").await.expect_status(200).json();
    assert_eq!(texts(&applications, "clientId"), [MACHINE.0]);
    let machine = admin.get("/api/tenants/for-token").await.expect_status(200).json();
    assert_eq!(texts(&machine, "tenantId"), ["<default>", "a"]);
    let demo = platform.user(DEMO.0, DEMO.1).await;
    assert_eq!(texts(&demo.get("/api/tenants/for-token").await.json(), "tenantId"), ["a"]);
    let authorizations = demo.get("/api/authorizations/for-token").await.expect_status(200).json();
    assert_eq!(texts(&authorizations, "resourceKey"), ["*", "order"]);

    // A restart creates nothing twice and tolerates manual removals.
    let _ = admin.delete(&format!("/api/tenants/a/users/{ann}")).await.expect_status(204);
    let Platform { realm, launch, server } = platform;
    let _ = server.terminate().await;
    // In a realm with self-registration, a username proves no identity.
    let body = json!({"registrationAllowed": true});
    let _ = realm.api().await.put("", &body).await.expect_status(204);
    let server = launch.start().await;
    let output = server.says("access of user ann").await;
    assert!(
        output.contains("a username does not prove an identity") && !output.contains("access of user demo"),
        "{output}"
    );
    let platform = Platform { realm, launch, server };
    let users = platform.admin().await.get("/api/tenants/a/users").await.expect_status(200).json();
    assert_eq!(texts(&users, "username"), [DEMO.0]);
}
