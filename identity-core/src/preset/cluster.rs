//! Default roles of the Orchestration Cluster (docs/reference/orchestration-cluster.md §7). They are protected:
//! administrators can change only their members.

use super::{Grants, IDENTITY_AUDIENCE, Preset, READ, READ_USERS, WRITE};

pub(super) const ROLES: &[Preset] = &[
    Preset {
        id: super::ADMIN_ROLE,
        name: "Admin",
        description: "Full access",
        permissions: &[(IDENTITY_AUDIENCE, &[READ, READ_USERS, WRITE])],
        grants: Grants::Everything,
        in_default_tenant: true,
    },
    Preset {
        id: "readonly-admin",
        name: "Readonly Admin",
        description: "Read-only access to everything",
        permissions: &[(IDENTITY_AUDIENCE, &[READ, READ_USERS])],
        grants: Grants::Looking,
        in_default_tenant: false,
    },
    Preset {
        id: "connectors",
        name: "Connectors",
        description: "Permissions of the connector runtime",
        permissions: &[],
        grants: Grants::OnAll(&[
            (
                "PROCESS_DEFINITION",
                &[
                    "CREATE_PROCESS_INSTANCE",
                    "READ_PROCESS_DEFINITION",
                    "READ_PROCESS_INSTANCE",
                    "UPDATE_PROCESS_INSTANCE",
                ],
            ),
            ("MESSAGE", &["CREATE"]),
            ("DOCUMENT", &["CREATE", "DELETE", "READ"]),
            ("CLUSTER_VARIABLE", &["READ"]),
            ("EXPRESSION", &["EVALUATE"]),
        ]),
        in_default_tenant: true,
    },
    Preset {
        id: "app-integrations",
        name: "App Integrations",
        description: "Permissions of integrations with other applications",
        permissions: &[],
        grants: Grants::OnAll(&[
            (
                "PROCESS_DEFINITION",
                &[
                    "CLAIM_USER_TASK",
                    "COMPLETE_USER_TASK",
                    "CREATE_PROCESS_INSTANCE",
                    "READ_PROCESS_DEFINITION",
                    "READ_PROCESS_INSTANCE",
                    "READ_USER_TASK",
                    "UPDATE_PROCESS_INSTANCE",
                    "UPDATE_USER_TASK",
                ],
            ),
            ("DOCUMENT", &["CREATE"]),
        ]),
        in_default_tenant: true,
    },
    Preset {
        id: "rpa",
        name: "RPA",
        description: "Permissions of RPA workers",
        permissions: &[],
        grants: Grants::OnAll(&[("RESOURCE", &["READ"]), ("PROCESS_DEFINITION", &["UPDATE_PROCESS_INSTANCE"])]),
        in_default_tenant: true,
    },
    Preset {
        id: "task-worker",
        name: "Task Worker",
        description: "Access to user tasks as assignee or candidate",
        permissions: &[],
        grants: Grants::OnProperties(
            "USER_TASK",
            &["assignee", "candidateUsers", "candidateGroups"],
            &["CLAIM", "COMPLETE", "READ"],
        ),
        in_default_tenant: false,
    },
];
