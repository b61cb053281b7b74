//! Mapping of platform permissions, on APIs and on single resources, to permissions in the cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::Stop;
use super::shapes::{Authorization, Permission};

/// Permissions by resource type and resource.
pub(super) type Grants = BTreeMap<(String, String), BTreeSet<String>>;

const ALL: &str = "CREATE READ UPDATE DELETE";
const ANY: &str = "*";

/// Resource type, resource, and permissions separated by spaces.
type Entry = (&'static str, &'static str, &'static str);

/// Cluster permissions by API audience and permission.
const BY_AUDIENCE: &[(&str, &str, &[Entry])] = &[
    (
        "camunda-identity-resource-server",
        "read",
        &[
            ("AUTHORIZATION", ANY, "READ"),
            ("COMPONENT", "identity", "ACCESS"),
            ("TENANT", ANY, "READ"),
            ("GROUP", ANY, "READ"),
            ("USER", ANY, "READ"),
            ("ROLE", ANY, "READ"),
        ],
    ),
    (
        "camunda-identity-resource-server",
        "read:users",
        &[("COMPONENT", "identity", "ACCESS"), ("USER", ANY, "READ"), ("ROLE", ANY, "READ")],
    ),
    (
        "camunda-identity-resource-server",
        "write",
        &[
            ("AUTHORIZATION", ANY, ALL),
            ("COMPONENT", "identity", "ACCESS"),
            ("TENANT", ANY, ALL),
            ("GROUP", ANY, ALL),
            ("USER", ANY, "READ"),
            ("ROLE", ANY, ALL),
        ],
    ),
    (
        "operate-api",
        "read:*",
        &[
            ("MESSAGE", ANY, "READ"),
            ("BATCH", ANY, "READ"),
            ("COMPONENT", "operate", "ACCESS"),
            ("RESOURCE", ANY, "READ"),
            ("PROCESS_DEFINITION", ANY, "READ_PROCESS_DEFINITION READ_PROCESS_INSTANCE"),
            ("DECISION_REQUIREMENTS_DEFINITION", ANY, "READ"),
            ("DECISION_DEFINITION", ANY, "READ_DECISION_DEFINITION READ_DECISION_INSTANCE"),
        ],
    ),
    (
        "operate-api",
        "write:*",
        &[
            ("MESSAGE", ANY, "READ"),
            ("BATCH", ANY, "READ CREATE UPDATE"),
            ("COMPONENT", "operate", "ACCESS"),
            ("RESOURCE", ANY, "READ"),
            (
                "PROCESS_DEFINITION",
                ANY,
                "READ_PROCESS_DEFINITION READ_PROCESS_INSTANCE UPDATE_PROCESS_INSTANCE DELETE_PROCESS_INSTANCE",
            ),
            ("DECISION_REQUIREMENTS_DEFINITION", ANY, "READ"),
            (
                "DECISION_DEFINITION",
                ANY,
                "READ_DECISION_DEFINITION READ_DECISION_INSTANCE CREATE_DECISION_INSTANCE DELETE_DECISION_INSTANCE",
            ),
        ],
    ),
    (
        "tasklist-api",
        "read:*",
        &[
            ("COMPONENT", "tasklist", "ACCESS"),
            ("RESOURCE", ANY, "READ"),
            ("PROCESS_DEFINITION", ANY, "READ_PROCESS_DEFINITION READ_USER_TASK"),
        ],
    ),
    (
        "tasklist-api",
        "write:*",
        &[
            ("COMPONENT", "tasklist", "ACCESS"),
            ("RESOURCE", ANY, "READ"),
            ("PROCESS_DEFINITION", ANY, "READ_PROCESS_DEFINITION READ_USER_TASK UPDATE_USER_TASK"),
        ],
    ),
    (
        "zeebe-api",
        "write:*",
        &[
            ("MESSAGE", ANY, "CREATE"),
            ("SYSTEM", ANY, "UPDATE READ"),
            ("RESOURCE", ANY, "CREATE DELETE_FORM DELETE_PROCESS DELETE_DRD DELETE_RESOURCE"),
            (
                "PROCESS_DEFINITION",
                ANY,
                "UPDATE_PROCESS_INSTANCE UPDATE_USER_TASK CREATE_PROCESS_INSTANCE DELETE_PROCESS_INSTANCE",
            ),
            ("DECISION_DEFINITION", ANY, "CREATE_DECISION_INSTANCE DELETE_DECISION_INSTANCE"),
        ],
    ),
];

fn put(grants: &mut Grants, kind: &str, resource: &str, permissions: &str) {
    let held = grants.entry((kind.to_owned(), resource.to_owned())).or_default();
    held.extend(permissions.split(' ').filter(|one| !one.is_empty()).map(str::to_owned));
}

/// Maps permissions on APIs to one permission set per resource. Permissions on other APIs have no counterpart.
pub(super) fn granted(permissions: &[Permission]) -> Grants {
    let mut grants = Grants::new();
    for held in permissions {
        for (audience, definition, entries) in BY_AUDIENCE {
            if *audience == held.resource_server_audience && *definition == held.definition {
                entries.iter().for_each(|(kind, resource, permissions)| put(&mut grants, kind, resource, permissions));
            }
        }
    }
    grants
}

/// Maps an authorization on a single resource.
pub(super) fn of_resource(authorization: &Authorization) -> Result<Grants, Stop> {
    let has = |permission: &str| authorization.permissions.iter().any(|held| held == permission);
    let mut grants = Grants::new();
    let (key, kind) = (&authorization.resource_key, &*authorization.resource_type);
    match kind {
        "process-definition" => {
            let mut put = |permissions| put(&mut grants, "PROCESS_DEFINITION", key, permissions);
            put("");
            if has("READ") {
                put("READ_PROCESS_DEFINITION READ_PROCESS_INSTANCE");
            }
            if ["UPDATE_PROCESS_INSTANCE", "DELETE", "DELETE_PROCESS_INSTANCE"].into_iter().any(has) {
                put("UPDATE_PROCESS_INSTANCE");
            }
            if has("START_PROCESS_INSTANCE") {
                put("CREATE_PROCESS_INSTANCE");
            }
        }
        "decision-definition" => {
            let mut put = |permissions| put(&mut grants, "DECISION_DEFINITION", key, permissions);
            put("");
            if has("READ") {
                put("READ_DECISION_DEFINITION READ_DECISION_INSTANCE");
            }
            if has("DELETE") {
                put("DELETE_DECISION_INSTANCE");
            }
        }
        other => return Err(format!("the job knows no resource type `{other}`")),
    }
    Ok(grants)
}
