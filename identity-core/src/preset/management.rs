//! Initial roles of Management Identity (docs/reference/management-api.md §4.2). Unlike the cluster roles, they are not
//! protected and can be changed.

use super::{Grants, IDENTITY_AUDIENCE, Preset, READ, READ_USERS, WRITE};

const NOTHING: Grants = Grants::OnAll(&[]);

const fn role(
    id: &'static str,
    description: &'static str,
    permissions: &'static [(&'static str, &'static [&'static str])],
) -> Preset {
    Preset { id, name: id, description, permissions, grants: NOTHING, in_default_tenant: false }
}

pub(super) const ROLES: &[Preset] = &[
    role("ManagementIdentity", "Full access to identity management", &[(IDENTITY_AUDIENCE, &[READ, WRITE])]),
    role("Optimize", "Full access to Optimize", &[("optimize-api", &["write:*"]), (IDENTITY_AUDIENCE, &[READ_USERS])]),
    role("Console", "Full access to Console", &[("console-api", &["write:*"])]),
    role(
        "Web Modeler",
        "Full access to Web Modeler",
        &[("web-modeler-api", &["write:*"]), (IDENTITY_AUDIENCE, &[READ_USERS])],
    ),
    role(
        "Web Modeler Admin",
        "Elevated access to Web Modeler",
        &[("web-modeler-api", &["admin:*", "write:*"]), (IDENTITY_AUDIENCE, &[READ_USERS])],
    ),
    role("Orchestration", "Full access to the orchestration cluster", &[("orchestration-api", &["read:*", "write:*"])]),
];
