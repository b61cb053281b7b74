//! APIs, roles and clients of each component of the platform (docs/reference/management-api.md §4). This module
//! contains only data.

use identity_core::entity::{ApiPermission, ClientKind, Permission, Role};
use identity_core::value::{Audience, Description, InvalidValue, Name, PermissionName, RoleId};

/// A component of the platform, such as Optimize, with its default APIs, roles and client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Name of the component in the configuration, such as `optimize`.
    pub key: &'static str,
    apis: &'static [ApiRow],
    roles: &'static [RoleRow],
    /// Default client of the component, if it has one.
    pub client: Option<ClientPreset>,
}

/// Default values for the client of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientPreset {
    /// Default client id, such as `web-modeler`.
    pub client_id: &'static str,
    /// Display name, such as `Web Modeler`.
    pub name: &'static str,
    /// Kind of client: public, confidential or machine-to-machine.
    pub kind: ClientKind,
    /// Paths of the redirect URIs below the root URL, such as `/login-callback`.
    pub redirect_paths: &'static [&'static str],
    permissions: &'static [(&'static str, &'static [&'static str])],
}

/// Row of an API: display name, audience, and permissions with their descriptions.
type ApiRow = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
/// Row of a role: name, description, and permissions grouped by audience.
type RoleRow = (&'static str, &'static str, &'static [(&'static str, &'static [&'static str])]);

const IDENTITY: &str = "camunda-identity-resource-server";
const fn client(
    client_id: &'static str,
    name: &'static str,
    kind: ClientKind,
    redirect_paths: &'static [&'static str],
    permissions: &'static [(&'static str, &'static [&'static str])],
) -> Option<ClientPreset> {
    Some(ClientPreset { client_id, name, kind, redirect_paths, permissions })
}

const READ_WRITE: &[(&str, &str)] = &[("read:*", "Read everything"), ("write:*", "Write everything")];

static COMPONENTS: &[Component] = &[
    Component {
        key: "identity",
        apis: &[(
            "Camunda Identity Resource Server",
            IDENTITY,
            &[
                ("read", "Read everything except secrets"),
                ("read:users", "Read users"),
                ("read:secrets", "Read the secrets of applications"),
                ("write", "Write everything"),
            ],
        )],
        roles: &[(
            "ManagementIdentity",
            "Full access to identity management",
            &[(IDENTITY, &["read", "read:secrets", "write"])],
        )],
        client: None,
    },
    Component {
        key: "optimize",
        apis: &[("Optimize API", "optimize-api", &[("write:*", "Full access")])],
        roles: &[(
            "Optimize",
            "Full access to Optimize",
            &[("optimize-api", &["write:*"]), (IDENTITY, &["read:users"])],
        )],
        client: client(
            "optimize",
            "Optimize",
            ClientKind::Confidential,
            &["/api/authentication/callback"],
            &[("optimize-api", &["write:*"])],
        ),
    },
    Component {
        key: "console",
        apis: &[("Console API", "console-api", &[("write:*", "Full access")])],
        roles: &[("Console", "Full access to Console", &[("console-api", &["write:*"])])],
        client: client("console", "Console", ClientKind::Public, &["/"], &[]),
    },
    Component {
        key: "webmodeler",
        apis: &[
            (
                "Web Modeler Internal API",
                "web-modeler-api",
                &[("write:*", "Full access"), ("admin:*", "Elevated access")],
            ),
            (
                "Web Modeler API",
                "web-modeler-public-api",
                &[
                    ("create:*", "Create all resources"),
                    ("read:*", "Read all resources"),
                    ("update:*", "Update all resources"),
                    ("delete:*", "Delete all resources"),
                ],
            ),
        ],
        roles: &[
            (
                "Web Modeler",
                "Full access to Web Modeler",
                &[("web-modeler-api", &["write:*"]), (IDENTITY, &["read:users"])],
            ),
            (
                "Web Modeler Admin",
                "Elevated access to Web Modeler",
                &[("web-modeler-api", &["write:*", "admin:*"]), (IDENTITY, &["read:users"])],
            ),
        ],
        client: client("web-modeler", "Web Modeler", ClientKind::Public, &["/login-callback"], &[]),
    },
    Component {
        key: "orchestration",
        apis: &[("Orchestration API", "orchestration-api", READ_WRITE)],
        roles: &[(
            "Orchestration",
            "Full access to the orchestration cluster",
            &[("orchestration-api", &["read:*", "write:*"])],
        )],
        client: client(
            "orchestration",
            "Orchestration",
            ClientKind::Confidential,
            &["/sso-callback", "/login/oauth2/code/orchestration"],
            &[("orchestration-api", &["write:*"])],
        ),
    },
    Component {
        key: "connectors",
        apis: &[("Orchestration API", "orchestration-api", READ_WRITE)],
        roles: &[],
        client: client(
            "connectors",
            "Connectors",
            ClientKind::MachineToMachine,
            &[],
            &[("orchestration-api", &["read:*"])],
        ),
    },
    Component {
        key: "operate",
        apis: &[("Operate API", "operate-api", READ_WRITE)],
        roles: &[("Operate", "Full access to Operate", &[("operate-api", &["read:*", "write:*"])])],
        client: client(
            "operate",
            "Operate",
            ClientKind::Confidential,
            &["/identity-callback"],
            &[("operate-api", &["read:*", "write:*"])],
        ),
    },
    Component {
        key: "tasklist",
        apis: &[("Tasklist API", "tasklist-api", READ_WRITE)],
        roles: &[("Tasklist", "Full access to Tasklist", &[("tasklist-api", &["read:*", "write:*"])])],
        client: client(
            "tasklist",
            "Tasklist",
            ClientKind::Confidential,
            &["/identity-callback"],
            &[("tasklist-api", &["read:*", "write:*"])],
        ),
    },
    Component {
        key: "zeebe",
        apis: &[("Zeebe API", "zeebe-api", &[("write:*", "Full access")])],
        roles: &[("Zeebe", "Full access to Zeebe", &[("zeebe-api", &["write:*"])])],
        client: client("zeebe", "Zeebe", ClientKind::MachineToMachine, &[], &[("zeebe-api", &["write:*"])]),
    },
];

/// Returns the component with this name in the configuration, such as `webmodeler`; `None` for an unknown name.
#[must_use]
pub fn preset(key: &str) -> Option<&'static Component> {
    COMPONENTS.iter().find(|component| component.key == key)
}

/// The data of a component, as validated values.
#[derive(Clone, Debug)]
pub struct Preset {
    /// APIs, each with audience, display name and permissions.
    pub apis: Vec<(Audience, Name, Vec<ApiPermission>)>,
    /// Roles to create, with their permissions.
    pub roles: Vec<Role>,
    /// Permissions to grant to the service account of the client; empty if there is no client.
    pub client_permissions: Vec<Permission>,
}

impl Component {
    /// Parses the static tables of this component.
    ///
    /// # Errors
    /// When a table contains an invalid value. A test parses all tables.
    pub fn values(&self) -> Result<Preset, InvalidValue> {
        let mut apis = Vec::new();
        for (name, audience, permissions) in self.apis {
            let mut known = Vec::new();
            for (definition, description) in *permissions {
                let definition = PermissionName::parse(definition)?;
                known.push(ApiPermission { definition, description: Description::parse(description)? });
            }
            apis.push((Audience::parse(audience)?, Name::parse(name)?, known));
        }
        let mut roles = Vec::new();
        for (name, description, permissions) in self.roles {
            let id = RoleId::parse(name)?;
            let permissions = held(permissions)?.into_iter().collect();
            let description = Description::parse(description)?;
            roles.push(Role { description, permissions, ..Role::new(id.clone(), Name::from(&id)) });
        }
        let client_permissions = self.client.map_or(Ok(Vec::new()), |client| held(client.permissions))?;
        Ok(Preset { apis, roles, client_permissions })
    }
}

fn held(rows: &[(&str, &[&str])]) -> Result<Vec<Permission>, InvalidValue> {
    let mut permissions = Vec::new();
    for (audience, definitions) in rows {
        for definition in *definitions {
            let (audience, definition) = (Audience::parse(audience)?, PermissionName::parse(definition)?);
            permissions.push(Permission { audience, definition });
        }
    }
    Ok(permissions)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_table_is_readable_and_names_only_permissions_that_an_api_of_it_or_identity_knows() {
        let identity = preset("identity").unwrap().values().unwrap();
        for component in COMPONENTS {
            let values = component.values().unwrap();
            let known: BTreeSet<Permission> = values
                .apis
                .iter()
                .chain(&identity.apis)
                .flat_map(|(audience, _, permissions)| permissions.iter().map(|one| one.of(audience)))
                .collect();
            for role in &values.roles {
                assert!(role.permissions.is_subset(&known), "{}: {}", component.key, role.id);
            }
            assert!(values.client_permissions.iter().all(|one| known.contains(one)), "{}", component.key);
        }
    }
}
