//! The commands `export`, `plan` and `apply`, and `/api/policies`.

use std::fs;
use std::path::Path;

use identity_testkit::{Exited, Launch};
use serde_json::{Value, json};

use crate::support::{Local, Store, created, refused, shows};

on_each_store!(an_export_applies_to_an_empty_server_and_is_exported_again);

/// Directory with documents, in which commands run against one server.
struct Desk {
    launch: Launch,
}

impl Desk {
    fn of(local: &Local, user: &str) -> Self {
        let launch = Launch::new(&[])
            .env("IDENTITY_API_URL", local.anonymous().base())
            .env("IDENTITY_API_USER", user)
            .env("IDENTITY_API_PASSWORD", user);
        Self { launch }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory().join(name), text).expect("a writable directory");
    }

    fn directory(&self) -> &Path {
        self.launch.directory()
    }

    /// Runs a command. Returns its exit code and what it printed.
    async fn run(&self, arguments: &[&str]) -> (i32, String) {
        let Exited { status, stdout, stderr } = self.launch.clone().with_arguments(arguments).run().await;
        (status.code().expect("an exit code"), stdout + &stderr)
    }

    async fn succeeds(&self, arguments: &[&str]) -> String {
        let (code, output) = self.run(arguments).await;
        assert_eq!(code, 0, "{arguments:?}: {output}");
        output
    }
}

const POLICIES: &str = r#"# What the sales department may do.
users:
- username: eve
  name: Eve
  password: env:EVE
- {username: max, enabled: false}
resource-types:
- resource-type: invoice
  permissions: [pay]
  properties: [site]
groups:
- {group-id: sales, name: "yes", description: "a: b", users: [eve, max]}
roles:
- role-id: clerk
  name: Clerk
  permissions: [{audience: optimize-api, permission: "write:*"}]
  groups: [sales]
tenants:
- {tenant-id: north, name: North, groups: [sales]}
authorizations:
- owner-type: GROUP
  owner-id: sales
  resource-type: invoice
  resource-id: "*"
  permissions: [pay]
  condition: [{property: resource.site, operator: EQUAL, value: lyon}]
"#;

async fn an_export_applies_to_an_empty_server_and_is_exported_again(store: Store) {
    let local = Local::start(store).await;
    let desk = Desk::of(&local, "demo");
    desk.write("policies.yaml", POLICIES);

    // A plan says what changes and for which people, and changes nothing.
    let (code, plan) = desk.run(&["plan", "policies.yaml"]).await;
    assert_eq!(code, 2, "{plan}");
    for line in
        ["+ user eve in group sales", "pay on invoice all, under a condition", "user eve: role clerk, group sales"]
    {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    assert_eq!(local.admin().get("/v2/groups/sales").await.status, 404);

    // Wider rights must be confirmed, and the password must be there.
    let (code, output) = desk.run(&["apply", "policies.yaml"]).await;
    assert!(code == 1 && output.contains("--yes"), "{output}");
    let (code, output) = desk.run(&["apply", "--yes", "policies.yaml"]).await;
    assert!(code == 1 && output.contains("EVE is not set"), "{output}");
    assert_eq!(local.admin().get("/v2/groups/sales").await.status, 404);

    let with_password = Desk { launch: desk.launch.clone().env("EVE", "horse battery staple") };
    let before = local.audit().await.len();
    with_password.succeeds(&["apply", "--yes", "--source", "commit 7f3a by Ann", "policies.yaml"]).await;
    shows(local.anonymous().basic("eve", "horse battery staple").get("/api/me").await, &json!({"name": "Eve"}));
    let log = local.admin().get("/api/audit-log?entityType=RESOURCE").await.expect_status(200).json();
    assert!(log.to_string().contains("commit 7f3a by Ann"), "{log}");
    assert!(local.audit().await.len() > before + 8);

    // Now the document holds.
    assert!(desk.succeeds(&["plan", "policies.yaml"]).await.contains("No changes"));
    assert!(desk.succeeds(&["apply", "policies.yaml"]).await.contains("No changes"));

    // The export of one server makes another server the same.
    let exported = desk.succeeds(&["export"]).await;
    assert!(!exported.contains("horse") && !exported.contains("password"), "{exported}");
    let other = Local::start(Store::sqlite()).await;
    let there = Desk::of(&other, "demo");
    there.write("export.yaml", &exported);
    there.succeeds(&["apply", "--exactly", "--yes", "export.yaml"]).await;
    assert_eq!(there.succeeds(&["export"]).await, exported);
    let json = there.succeeds(&["export", "--json"]).await;
    there.write("export.json", &json);
    assert!(there.succeeds(&["plan", "--exactly", "export.json"]).await.contains("No changes"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drift_and_a_plan_that_no_longer_holds_are_noticed() {
    let local = Local::start(Store::sqlite()).await;
    let desk = Desk::of(&local, "demo");
    desk.write("groups.yaml", "groups:\n- {group-id: sales, name: Sales}\n- {group-id: ops, name: Operations}\n");
    let (code, _) = desk.run(&["plan", "--out", "plan.json", "groups.yaml"]).await;
    assert_eq!(code, 2);
    // Another change of what the plan touches.
    created(local.admin().post("/v2/groups", &json!({"groupId": "sales", "name": "Vente"})).await);
    let (code, output) = desk.run(&["apply", "--plan", "plan.json"]).await;
    assert!(code == 1 && output.contains("make a new plan"), "{output}");
    assert_eq!(local.admin().get("/v2/groups/ops").await.status, 404);
    // A change of something else does not matter.
    desk.run(&["plan", "--out", "plan.json", "groups.yaml"]).await;
    created(local.admin().post("/v2/groups", &json!({"groupId": "other", "name": "Other"})).await);
    desk.succeeds(&["apply", "--plan", "plan.json"]).await;
    assert_eq!(local.admin().get("/v2/groups/sales").await.json()["name"], "Sales");

    // Drift.
    crate::support::done(local.admin().delete("/v2/groups/ops").await);
    let (code, report) = desk.run(&["plan", "--format", "markdown", "groups.yaml"]).await;
    assert!(code == 2 && report.contains("- ➕ group `ops`"), "{report}");
    let (code, report) = desk.run(&["plan", "--format", "json", "--exactly", "groups.yaml"]).await;
    assert_eq!(code, 1, "the last administrator: {report}");
    assert!(report.contains("last principal"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_faults_of_a_document_are_reported_with_their_places() {
    let local = Local::start(Store::sqlite()).await;
    let desk = Desk::of(&local, "demo");
    desk.write(
        "bad.yaml",
        "groups:\n- group-id: 12\n  nam: x\n- {group-id: 'a b', name: A}\nroles:\n- {role-id: clerk, name: ''}\n",
    );
    let (code, output) = desk.run(&["plan", "bad.yaml"]).await;
    assert_eq!(code, 1);
    for place in
        ["bad.yaml:2:13: `/groups/0/group-id`", "bad.yaml:3:8: `/groups/0/nam`", "bad.yaml:6:26: `/roles/0/name`"]
    {
        assert!(output.contains(place), "{place}: {output}");
    }
    desk.write("dangling.yaml", "groups:\n- {group-id: a, name: A,\n   users: [ghost,\n     phantom]}\n");
    let (code, output) = desk.run(&["apply", "--yes", "dangling.yaml"]).await;
    assert!(code == 1 && output.contains("dangling.yaml:3:12") && output.contains("dangling.yaml:4:6"), "{output}");
    desk.write("large.yaml", &"# x\n".repeat(5 * 1024 * 1024));
    let (code, output) = desk.run(&["plan", "large.yaml"]).await;
    assert!(code == 1 && output.contains("exceeds 16 MiB"), "{output}");
    desk.write("password.yaml", "users:\n- {username: eve, password: hunter2}\n");
    let (code, output) = desk.run(&["plan", "password.yaml"]).await;
    assert!(code == 1 && !output.contains("hunter2") && output.contains("password.yaml:2:29"), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_and_changing_need_their_permissions() {
    let local = Local::start(Store::sqlite()).await;
    let ann = local.user("ann").await;
    let document = json!({"document": {"groups": [{"group-id": "a", "name": "A"}]}});
    refused(&ann.get("/api/policies").await, 403, "forbidden");
    refused(&ann.post("/api/policies/plan", &document).await, 403, "forbidden");
    refused(&ann.post("/api/policies/apply", &document).await, 403, "forbidden");
    // A caller may read what it may not change.
    let reader = json!({"document": {"default-roles": {"readonly-admin": {"users": ["ann"]}}}});
    let done = local.admin().post("/api/policies/apply", &reader).await.expect_status(200).json();
    assert_eq!(done["changes"].as_array().map(Vec::len), Some(1), "{done}");
    let plan: Value = ann.post("/api/policies/plan", &document).await.expect_status(200).json();
    assert_eq!(plan["changes"][0]["entity"], json!({"type": "GROUP", "key": "a"}));
    refused(&ann.post("/api/policies/apply", &document).await, 403, "forbidden");
    refused(&local.admin().post("/api/policies/apply", &json!({"document": []})).await, 400, "invalid");
    let unknown = json!({"document": {}, "plan": "x"});
    refused(&local.admin().post("/api/policies/apply", &unknown).await, 400, "invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_removes_only_what_it_stated_itself() {
    let local = Local::start(Store::sqlite()).await;
    let desk = Desk::of(&local, "demo");
    let groups = |ids: &[&str]| {
        let group = |id: &&str| format!("- {{group-id: {id}, name: {id}, users: [demo]}}\n");
        format!("groups:\n{}", ids.iter().map(group).collect::<String>())
    };
    desk.write("base.yaml", &groups(&["a", "b"]));
    desk.write("team.yaml", &groups(&["c"]));
    desk.succeeds(&["apply", "--yes", "base.yaml"]).await;
    desk.succeeds(&["apply", "--yes", "--name", "team", "team.yaml"]).await;
    created(local.admin().post("/v2/groups", &json!({"groupId": "by-hand", "name": "By hand"})).await);

    // Documents must agree about a group.
    desk.write("team.yaml", "groups:\n- {group-id: a, name: Other}\n");
    let (code, output) = desk.run(&["plan", "--name", "team", "team.yaml"]).await;
    assert!(
        code == 1 && output.contains("team.yaml:2:3: `/groups/0` is defined differently by the document `policies`"),
        "{output}"
    );

    desk.write("base.yaml", &groups(&["a"]));
    assert!(desk.succeeds(&["plan", "base.yaml"]).await.contains("No changes"));
    let (code, plan) = desk.run(&["plan", "--prune", "--out", "plan.json", "base.yaml"]).await;
    assert!(code == 2 && plan.contains("- group b") && !plan.contains("- group c"), "{plan}");
    desk.succeeds(&["apply", "--yes", "--source", "commit 7f3a", "--plan", "plan.json"]).await;
    for (id, status) in [("a", 200), ("b", 404), ("c", 200), ("by-hand", 200)] {
        assert_eq!(local.admin().get(&format!("/v2/groups/{id}")).await.status, status, "{id}");
    }
    let documents = local.admin().get("/api/policies/documents").await.expect_status(200).json();
    let documents: Vec<(&str, Option<&str>)> = documents
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["name"].as_str().expect("a name"), one["source"].as_str()))
        .collect();
    assert_eq!(documents, [("policies", Some("commit 7f3a")), ("team", None)]);
}
