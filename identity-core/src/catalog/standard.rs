//! Built-in resource types (docs/reference/orchestration-cluster.md §3, docs/reference/management-api.md §5.5).

use super::{Family, POLICY_DECISION, ResourceCatalog, ResourceType};
use crate::value::{PermissionName, PropertyName, ResourceTypeName};

const CRUD: &[&str] = &["CREATE", "DELETE", "READ", "UPDATE"];

const CLUSTER: &[(&str, &[&str])] = &[
    ("AUDIT_LOG", &["READ"]),
    ("AUTHORIZATION", CRUD),
    ("BACKUP", &["CREATE", "DELETE", "READ", "RESTORE"]),
    (
        "BATCH",
        &[
            "CREATE",
            "CREATE_BATCH_OPERATION_CANCEL_PROCESS_INSTANCE",
            "CREATE_BATCH_OPERATION_DELETE_DECISION_DEFINITION",
            "CREATE_BATCH_OPERATION_DELETE_DECISION_INSTANCE",
            "CREATE_BATCH_OPERATION_DELETE_PROCESS_DEFINITION",
            "CREATE_BATCH_OPERATION_DELETE_PROCESS_INSTANCE",
            "CREATE_BATCH_OPERATION_MIGRATE_PROCESS_INSTANCE",
            "CREATE_BATCH_OPERATION_MODIFY_PROCESS_INSTANCE",
            "CREATE_BATCH_OPERATION_RESOLVE_INCIDENT",
            "CREATE_BATCH_OPERATION_SUSPEND_PROCESS_INSTANCE",
            "CREATE_BATCH_OPERATION_UPDATE_JOB",
            "READ",
            "UPDATE",
        ],
    ),
    ("CLUSTER_VARIABLE", CRUD),
    ("COMPONENT", &["ACCESS"]),
    (
        "DECISION_DEFINITION",
        &["CREATE_DECISION_INSTANCE", "DELETE_DECISION_INSTANCE", "READ_DECISION_DEFINITION", "READ_DECISION_INSTANCE"],
    ),
    ("DECISION_REQUIREMENTS_DEFINITION", &["READ"]),
    ("DOCUMENT", &["CREATE", "DELETE", "READ"]),
    ("EXPORTER", &["PAUSE"]),
    ("EXPRESSION", &["EVALUATE"]),
    (
        "GLOBAL_LISTENER",
        &["CREATE_TASK_LISTENER", "DELETE_TASK_LISTENER", "READ_TASK_LISTENER", "UPDATE_TASK_LISTENER"],
    ),
    ("GROUP", CRUD),
    ("MAPPING_RULE", CRUD),
    ("MESSAGE", &["CREATE", "READ"]),
    (
        "PROCESS_DEFINITION",
        &[
            "CANCEL_PROCESS_INSTANCE",
            "CLAIM_USER_TASK",
            "COMPLETE_USER_TASK",
            "CREATE_PROCESS_INSTANCE",
            "DELETE_PROCESS_INSTANCE",
            "MODIFY_PROCESS_INSTANCE",
            "READ_PROCESS_DEFINITION",
            "READ_PROCESS_INSTANCE",
            "READ_USER_TASK",
            "SUSPEND_PROCESS_INSTANCE",
            "UPDATE_PROCESS_INSTANCE",
            "UPDATE_USER_TASK",
        ],
    ),
    ("RESOURCE", &["CREATE", "DELETE_DRD", "DELETE_FORM", "DELETE_PROCESS", "DELETE_RESOURCE", "READ"]),
    ("ROLE", CRUD),
    ("SECRET", &["READ", "REVEAL"]),
    ("SYSTEM", &["READ", "READ_JOB_METRIC", "READ_USAGE_METRIC", "UPDATE"]),
    ("TENANT", CRUD),
    ("USER", CRUD),
    ("USER_TASK", &["CLAIM", "COMPLETE", "READ", "UPDATE"]),
];

/// Permissions to request decisions from this service. The resource id names the resource type of the decision.
const IDENTITY: &[(&str, &[&str])] = &[(POLICY_DECISION, &["EVALUATE", "EXPLAIN", "INSPECT", "SEARCH", "SIMULATE"])];

const MANAGEMENT: &[(&str, &[&str])] = &[
    ("decision-definition", &["DELETE", "READ"]),
    (
        "process-definition",
        &["DELETE", "DELETE_PROCESS_INSTANCE", "READ", "START_PROCESS_INSTANCE", "UPDATE_PROCESS_INSTANCE"],
    ),
];

/// Properties that authorizations on built-in types can name, by resource type.
const PROPERTIES: &[(&str, &[&str])] = &[("USER_TASK", &["assignee", "candidateGroups", "candidateUsers"])];

pub(super) fn catalog() -> ResourceCatalog {
    let families = [(Family::Cluster, CLUSTER), (Family::Management, MANAGEMENT), (Family::Identity, IDENTITY)];
    let rows = families.into_iter().flat_map(|(family, rows)| rows.iter().map(move |row| (family, row)));
    ResourceCatalog::new(
        rows.filter_map(|(family, (name, permissions))| resource_type(family, name, permissions)).collect(),
    )
}

/// Converts a row of the tables above. Never `None` for them: tests count the types of the catalog.
fn resource_type(family: Family, name: &str, permissions: &[&str]) -> Option<ResourceType> {
    let properties = PROPERTIES.iter().find(|(owner, _)| *owner == name).map_or(&[][..], |(_, properties)| properties);
    Some(ResourceType {
        name: ResourceTypeName::parse(name).ok()?,
        family,
        permissions: permissions.iter().map(|text| PermissionName::parse(text)).collect::<Result<_, _>>().ok()?,
        properties: properties.iter().map(|text| PropertyName::parse(text)).collect::<Result<_, _>>().ok()?,
    })
}
