//! Response formats that the job reads. Other members are ignored, as by the job's parser. A text that is absent or
//! null ends the run.

use serde::Deserialize;

use super::normalized;

#[derive(Deserialize)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Permission {
    pub(super) definition: String,
    pub(super) resource_server_audience: String,
}

#[derive(Deserialize)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
}

impl Group {
    /// ID of the group at the target, as tokens contain it.
    pub(super) fn target(&self) -> String {
        if self.name.is_empty() { self.id.clone() } else { normalized(&self.name) }
    }
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) username: String,
    pub(super) email: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) client_id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authorization {
    pub(super) resource_key: String,
    pub(super) resource_type: String,
    pub(super) permissions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tenant {
    pub(super) tenant_id: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MappingRule {
    pub(super) name: String,
    pub(super) claim_name: String,
    pub(super) claim_value: String,
    pub(super) applied_roles: Vec<Role>,
    pub(super) applied_tenants: Vec<Tenant>,
}
